"""statsmodels: the link functions of generalised linear models."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from statsmodels.genmod.families import links

import symnum as sn
from benchmarks.audited.case import Audited, Case

GROUP = "statsmodels.genmod.families.links"
P = ((0.3, 0.5), (0.05, 0.95))
WIDE_P = ((1e-9, 0.3, 0.999999), (1e-10, 1 - 1e-10))
Z = ((-1.5, 0.0, 1.0), (-3.0, 3.0))
WIDE_Z = ((-20.0, 20.0), (-30.0, 30.0))
POSITIVE = ((0.7, 1.0, 2.0), (0.1, 5.0))
WIDE_POSITIVE = ((1e-6, 1e4), (1e-8, 1e6))
NEGATIVE = ((-1.5, -1.0), (-3.0, -0.05))
WIDE_NEGATIVE = ((-20.0, -1e-4), (-30.0, -1e-6))

Boxes = tuple[Any, Any]
UNIT: Boxes = (P, WIDE_P)
LINE: Boxes = (Z, WIDE_Z)
RAY: Boxes = (POSITIVE, WIDE_POSITIVE)

# name, link, g(p) and where p lies, its inverse and where z lies; all from the classes' notes.
LINKS: tuple[tuple[str, Any, str, Boxes, str, Boxes], ...] = (
    ("Logit()", links.Logit(), "log(p/(1 - p))", UNIT, "exp(z)/(1 + exp(z))", LINE),
    ("Log()", links.Log(), "log(p)", RAY, "exp(z)", LINE),
    ("LogC()", links.LogC(), "log(1 - p)", UNIT, "1 - exp(z)", (NEGATIVE, WIDE_NEGATIVE)),
    ("Cauchy()", links.Cauchy(), "tan(pi*(p - 1/2))", UNIT, "1/2 + atan(z)/pi", LINE),
    ("CLogLog()", links.CLogLog(), "log(-log(1 - p))", UNIT, "1 - exp(-exp(z))", (Z, Z)),
    ("LogLog()", links.LogLog(), "-log(-log(p))", UNIT, "exp(-exp(-z))", (Z, Z)),
    *(
        (
            f"Power({power:.4g})",
            links.Power(power),
            f"p**({text})",
            RAY,
            f"z**(1/({text}))",
            RAY,
        )
        for power, text in (
            (1.0, "1"),
            (2.0, "2"),
            (3.0, "3"),
            (-1.0, "-1"),
            (-2.0, "-2"),
            (0.5, "1/2"),
            (1.5, "3/2"),
            (-0.25, "-1/4"),
        )
    ),
    *(
        (
            f"NegativeBinomial({alpha:.4g})",
            links.NegativeBinomial(alpha),
            f"log(p/(p + 1/{alpha}))",
            RAY,
            f"-1/({alpha}*(1 - exp(-z)))",
            (NEGATIVE, WIDE_NEGATIVE),
        )
        for alpha in (1.0, 0.5, 2.5)
    ),
)


def audited() -> Audited:
    """Return the cases of the link functions."""
    warnings.simplefilter("ignore")
    return Audited(tuple(_cases()), _left_out())


def _cases() -> Iterator[Case]:
    for name, link, g, p_boxes, inverse, z_boxes in LINKS:
        yield from _four(name, link, sn.Formula(g), p_boxes, sn.Formula(inverse), z_boxes)
    probit = links.Probit()
    below = sn.Formula("(1 + erf(z/sqrt(2)))/2")
    for (at, box), size in zip(LINE, ("ordinary", "wide"), strict=True):
        yield Case(
            GROUP,
            "Probit()",
            "inverse_deriv",
            below,
            probit.inverse_deriv,
            probit.inverse,
            np.array(at),
            [box],
            size,
        )
        yield Case(
            GROUP,
            "Probit()",
            "inverse_deriv2",
            below.derivative(),
            probit.inverse_deriv2,
            None,
            np.array(at),
            [box],
            size,
        )
    # The inverse of the normal distribution has no formula: g' is checked through g's inverse.
    at, box = (-1.5, 0.0, 1.0), (-2.0, 2.0)
    yield Case(
        GROUP,
        "Probit()",
        "deriv, as 1/g'(F(z))",
        below,
        _through(probit),
        None,
        np.array(at),
        [box],
        "ordinary",
    )
    yield Case(
        GROUP,
        "Probit()",
        "deriv2, as -g''(F(z))/g'(F(z))**3",
        below.derivative(),
        _through_twice(probit),
        None,
        np.array(at),
        [box],
        "ordinary",
    )


def _four(
    name: str, link: Any, g: sn.Formula, p_boxes: Boxes, inverse: sn.Formula, z_boxes: Boxes
) -> Iterator[Case]:
    rows: tuple[tuple[str, sn.Formula, Callable[..., Any] | None, Boxes], ...] = (
        ("deriv", g, link.__call__, p_boxes),
        ("deriv2", g.derivative(), None, p_boxes),
        ("inverse_deriv", inverse, link.inverse, z_boxes),
        ("inverse_deriv2", inverse.derivative(), None, z_boxes),
    )
    for method, formula, function, boxes in rows:
        if _numerical(link, method):
            continue
        pairs = list(dict.fromkeys(boxes))
        for (at, box), size in zip(pairs, ("ordinary", "wide"), strict=False):
            yield Case(
                GROUP,
                name,
                method,
                formula,
                getattr(link, method),
                function,
                np.array(at),
                [box],
                size,
            )


def _numerical(link: Any, method: str) -> bool:
    """Say whether the method is the base class's, which takes differences."""
    return method == "deriv2" and type(link).deriv2 is links.Link.deriv2


def _left_out() -> dict[str, str]:
    found = {
        f"{name}.deriv2": "the base class's complex step, not written by hand"
        for name, link, *_ in LINKS
        if _numerical(link, "deriv2")
    }
    found["CDFLink.deriv2, .inverse_deriv2"] = "differences, not written by hand"
    return found


def _through(link: Any) -> Callable[[float], Any]:
    return lambda z: 1 / link.deriv(link.inverse(z))


def _through_twice(link: Any) -> Callable[[float], Any]:
    def second(z: float) -> Any:
        p = link.inverse(z)
        return -link.deriv2(p) / link.deriv(p) ** 3

    return second
