"""statsmodels: the transforms (generators) of Archimedean copulas."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from statsmodels.distributions.copula import transforms

import symnum as sn
from benchmarks.audited.case import Audited, Case

GROUP = "statsmodels.distributions.copula.transforms"
T = ((0.3, 0.5), (0.02, 0.98))
PHI = ((0.5, 1.0), (0.05, 5.0))

# class, generator in t, its inverse in phi, parameters
TRANSFORMS: tuple[tuple[Any, str, str, tuple[float, ...]], ...] = (
    (
        transforms.TransfFrank,
        "-log((1 - exp(-theta*t))/(1 - exp(-theta)))",
        "-log(1 + exp(-phi)*(exp(-theta) - 1))/theta",
        (1.0, 2.0, 2.5, 4.3),
    ),
    (
        transforms.TransfClayton,
        "t**(-theta) - 1",
        "(1 + phi)**(-1/theta)",
        (1.0, 2.0, 0.7, 2.5),
    ),
    (
        transforms.TransfGumbel,
        "(-log(t))**theta",
        "exp(-phi**(1/theta))",
        (1.0, 2.0, 3.0, 1.5, 2.7),
    ),
    (transforms.TransfIndep, "-log(t)", "exp(-phi)", (1.0,)),
)


def audited() -> Audited:
    """Return the cases of the transforms."""
    warnings.simplefilter("ignore")
    return Audited(
        tuple(_cases()),
        {"_TransfPower": "has no derivatives of its own"},
    )


def _cases() -> Iterator[Case]:
    for kind, generator, inverse, parameters in TRANSFORMS:
        for theta in parameters:
            yield from _one(kind(), generator, inverse, theta)


def _one(transform: Any, generator: str, inverse: str, theta: float) -> Iterator[Case]:
    g, back = _bound(generator, theta), _bound(inverse, theta)
    free = isinstance(transform, transforms.TransfIndep)
    name = type(transform).__name__ + ("" if free else f", theta = {theta}")
    rows = [("deriv", g, "evaluate", T), ("deriv2", g.derivative(), None, T)]
    rows.append(("deriv_inverse", back, "inverse", PHI))
    for k, method in ((2, "deriv2_inverse"), (3, "deriv3_inverse"), (4, "deriv4_inverse")):
        rows.append((method, back.derivative(derivative_order=k - 1), None, PHI))
    for method, formula, function, (at, box) in rows:
        if hasattr(transform, method):
            code = None if function is None else _with(getattr(transform, function), theta)
            theirs = _with(getattr(transform, method), theta)
            yield Case(GROUP, name, method, formula, theirs, code, np.array(at), [box])
    if isinstance(transform, transforms.TransfClayton):
        for k in (1, 2, 3):
            formula = back if k == 1 else back.derivative(derivative_order=k - 1)
            theirs = _kth(transform, k, theta)
            method = f"derivk_inverse({k}, ...)"
            yield Case(GROUP, name, method, formula, theirs, None, np.array(PHI[0]), [PHI[1]])


def _bound(text: str, theta: float) -> sn.Formula:
    formula = sn.Formula(text)
    return formula.bind(theta=theta) if "theta" in formula.variables else formula


def _with(method: Callable[..., Any], theta: float) -> Callable[[float], Any]:
    return lambda x: method(x, theta)


def _kth(transform: Any, k: int, theta: float) -> Callable[[float], Any]:
    return lambda x: transform.derivk_inverse(k, x, theta)
