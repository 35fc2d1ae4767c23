"""SciPy: the Rosenbrock function's derivatives, and the models of `scipy.odr`."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import optimize

import symnum as sn
from benchmarks.audited.case import Audited, Case

PLACES = (-1.5, 0.0, 0.5, 2.0)


def audited() -> Audited:
    """Return the cases of SciPy."""
    warnings.simplefilter("ignore")
    try:
        from scipy import odr
    except ImportError:
        return Audited(tuple(_rosenbrock()), {"scipy.odr": "no longer part of this version"})
    return Audited((*_rosenbrock(), *_regression(odr)), {})


def _rosenbrock() -> Iterator[Case]:
    group = "scipy.optimize"
    for n in (2, 3, 5):
        names = [f"x{i}" for i in range(n)]
        text = " + ".join(
            f"100*({names[i + 1]} - {names[i]}**2)**2 + (1 - {names[i]})**2" for i in range(n - 1)
        )
        formula = sn.Formula(text, names)
        at = [np.ones(n), np.linspace(-1.3, 1.7, n)]
        box = [(-2.0, 2.0)] * n
        item = f"rosen, n = {n}"
        yield Case(group, item, "rosen_der", formula, optimize.rosen_der, optimize.rosen, at, box)
        yield Case(
            group,
            item,
            "rosen_hess",
            formula,
            optimize.rosen_hess,
            optimize.rosen,
            at,
            box,
            order=2,
        )
        direction = np.array([1.0, -0.5, 2.0, 0.25, -3.0])[:n]
        slopes = " + ".join(
            f"({d!r})*({formula.derivative(v)})"
            for d, v in zip(direction.tolist(), names, strict=True)
        )
        yield Case(
            group,
            item,
            "rosen_hess_prod",
            sn.Formula(slopes, names),
            _product(direction),
            None,
            at,
            box,
        )


def _product(direction: np.ndarray) -> Any:
    return lambda x: optimize.rosen_hess_prod(x, direction)


def _regression(odr: Any) -> Iterator[Case]:
    """Yield both derivatives, by the parameters and by x, of each model."""
    rows = (
        ("exponential", odr.exponential, "a + exp(b*x)", "ab"),
        ("unilinear", odr.unilinear, "a*x + b", "ab"),
        ("quadratic", odr.quadratic, "a*x**2 + b*x + c", "abc"),
        ("polynomial(3)", odr.polynomial(3), "a + b*x + c*x**2 + d*x**3", "abcd"),
        ("multilinear", odr.multilinear, "a + b*x", "ab"),
    )
    for name, model, text, letters in rows:
        for label, case in _both(name, model, text, letters):
            yield Case("scipy.odr", name, label, *case)


def _both(name: str, model: Any, text: str, letters: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    x = np.array(PLACES)
    column = x[None] if name in {"polynomial(3)", "multilinear"} else x
    extra = model.extra_args or ()
    formula = [re.sub(r"\bx\b", f"({p!r})", text) for p in PLACES]
    points = [(0.7, -0.3, 1.4, 0.6)[: len(letters)], (1.0, 2.0, -1.0, 3.0)[: len(letters)]]
    yield (
        "fjacb",
        (
            sn.Formula(formula, list(letters)),
            lambda b: np.reshape(model.fjacb(b, column, *extra), (len(letters), -1)).T,
            lambda b: np.ravel(model.fcn(b, column, *extra)),
            points,
            [(-3.0, 3.0)] * len(letters),
        ),
    )
    values = dict(zip(letters, points[0], strict=True))
    parameters = np.array(points[0])
    by_x = sn.Formula(text, ["x", *letters]).bind(**values)

    def wrapped(t: float) -> np.ndarray:
        return np.array([[t]]) if column.ndim == 2 else np.array([t])

    yield (
        "fjacd",
        (
            by_x,
            lambda t: np.ravel(model.fjacd(parameters, wrapped(t), *extra))[0],
            lambda t: np.ravel(model.fcn(parameters, wrapped(t), *extra))[0],
            np.array([0.5, 1.0]),
            [(-2.0, 2.0)],
        ),
    )
