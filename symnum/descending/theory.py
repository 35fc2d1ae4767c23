"""What a rate will do, from the exact Hessian: the largest stable rate, the factor of a step.

Near a minimum gradient descent is linear: along an eigenvector of the Hessian with eigenvalue L
one step multiplies the distance by 1 - rate L. With momentum m it is the larger root, in modulus,
of z^2 - (1 + m - rate L) z + m = 0, and the stable rates end at 2 (1 + m) / L (Polyak 1964).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from symnum.descending.slopes import exact_hessian, exact_slope
from symnum.formula.formula import Formula

MOST_VARIABLES = 200
"""Variables up to which Hessians are made: they have the square of it entries."""

_NEWTON_STEPS = 60
_HALVINGS = 40
_STATIONARY = 2.0**-40  # of the gradient's first size; Newton's method then has all but converged
_FLAT = 2.0**-46  # of the largest eigenvalue: rounding makes as much of an eigenvalue 0


_VANISHING = 2.0**-40  # of the curvature at the start: a minimum is flat, but for rounding


@dataclass(frozen=True, eq=False)
class Theory:
    """The Hessian's word on one start.

    Parameters
    ----------
    where : str
        `minimum`; `flat minimum` where the Hessian vanishes at one, as that of x**4 does; `end`
        where none was found: the last point of the path that is known; empty without a Hessian.
    point : float64 array, shape (n,)
        The place.
    eigenvalues : float64 array, shape (n,)
        Of the exact Hessian there, ascending; empty where there is none.
    stable_rate : float
        The largest stable rate; infinite where no curvature is positive, NaN without a Hessian.
    factor : float
        What one step multiplies the distance by, in the slowest direction; NaN without a Hessian.
    """

    where: str
    point: np.ndarray
    eigenvalues: np.ndarray
    stable_rate: float
    factor: float


def theory_of(
    formula: Formula, path: np.ndarray, values: np.ndarray, rate: float, momentum: float
) -> Theory:
    """Return what the Hessian predicts for a path of shape (steps + 1, n)."""
    nothing = np.empty(0)
    known = np.isfinite(path).all(axis=-1) & np.isfinite(values)
    if path.shape[-1] > MOST_VARIABLES or not known.any():
        return Theory("", path[0], nothing, math.nan, math.nan)
    # from the lowest point of the path: a diverging one ends far from any minimum
    lowest = int(np.nanargmin(np.where(known, values, np.inf)))
    minimum = _minimum(formula, path[lowest])
    last = int(np.flatnonzero(known)[-1])
    where, point = ("end", path[last]) if minimum is None else ("minimum", minimum)
    hessian = np.asarray(exact_hessian(formula).exact(_at(formula, point)).hi)
    hessian = hessian.reshape(path.shape[-1], path.shape[-1])
    if not np.isfinite(hessian).all():
        return Theory("", point, nothing, math.nan, math.nan)
    eigenvalues = np.linalg.eigvalsh(hessian)
    if where == "minimum" and _vanishes(formula, path[0], eigenvalues):
        # second derivatives set no limit here, and no factor: higher ones decide
        return Theory("flat minimum", point, eigenvalues, math.inf, 1.0)
    largest = float(eigenvalues[-1])
    stable = 2 * (1 + momentum) / largest if largest > 0 else math.inf
    factors = [factor_of(float(value), rate, momentum) for value in _steep(eigenvalues)]
    return Theory(where, point, eigenvalues, stable, max(factors, default=1.0))


def _vanishes(formula: Formula, start: np.ndarray, eigenvalues: np.ndarray) -> bool:
    """Tell whether the curvature at a minimum is next to nothing beside that at the start."""
    if eigenvalues[-1] <= 0:
        return True
    with np.errstate(all="ignore"):
        there = np.asarray(exact_hessian(formula)(_at(formula, start)))
    size = float(np.abs(there).max())
    return math.isfinite(size) and float(np.abs(eigenvalues).max()) < _VANISHING * size


def factor_of(eigenvalue: float, rate: float, momentum: float) -> float:
    """Return what one step multiplies the distance along one eigenvector by.

    Examples
    --------
    >>> factor_of(2.0, 10.0, 0.0)
    19.0
    """
    if not momentum:
        return abs(1 - rate * eigenvalue)
    half = (1 + momentum - rate * eigenvalue) / 2
    inside = half * half - momentum
    # complex roots have the product m, so each has the modulus sqrt(m)
    return math.sqrt(momentum) if inside < 0 else abs(half) + math.sqrt(inside)


def _steep(eigenvalues: np.ndarray) -> np.ndarray:
    """Return the eigenvalues that are not 0: along the others nothing moves."""
    size = np.abs(eigenvalues)
    kept: np.ndarray = eigenvalues[size > _FLAT * size.max()] if size.size else eigenvalues
    return kept


def _at(formula: Formula, point: np.ndarray) -> np.ndarray:
    return point[0] if len(formula.variables) == 1 else point


def _minimum(formula: Formula, start: np.ndarray) -> np.ndarray | None:
    """Return a minimum near the start by Newton's method, damped; None where it finds none."""
    slope, hessian = exact_slope(formula), exact_hessian(formula)
    n = len(start)

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.array([float(partial) for partial in slope(*x)])

    with np.errstate(all="ignore"):
        x = start.copy()
        g, value = gradient(x), float(formula(_at(formula, x)))
        first = float(np.abs(g).max())
        for _ in range(_NEWTON_STEPS):
            matrix = np.asarray(hessian(_at(formula, x))).reshape(n, n)
            if not (np.isfinite(matrix).all() and np.isfinite(g).all()):
                return None
            eigenvalues, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
            size = float(np.abs(eigenvalues).max())
            if not g.any() or (size == 0 and first == 0):
                break
            if size == 0:
                return None
            curvature = np.maximum(np.abs(eigenvalues), _FLAT * size)
            move = -(vectors @ ((vectors.T @ g) / curvature))
            share = 1.0
            for _ in range(_HALVINGS):
                there = x + share * move
                height = float(formula(_at(formula, there)))
                slope_there = gradient(there)
                lower = height < value or (
                    height <= value and np.abs(slope_there).max() < np.abs(g).max()
                )
                if lower and np.isfinite(slope_there).all():
                    break
                share /= 2
            else:
                break  # no lower point: rounding decides from here on
            x, value, g = there, height, slope_there
        # a gradient's rounding is that of its terms, whose size the curvature tells
        eigenvalues = np.linalg.eigvalsh(np.asarray(hessian(_at(formula, x))).reshape(n, n))
        size = float(np.abs(eigenvalues).max())
        rounding = size * max(float(np.abs(x).max()), float(np.abs(start - x).max())) * _STATIONARY
        still = float(np.abs(g).max()) <= max(first * _STATIONARY, rounding)
        if still and eigenvalues[0] >= -_FLAT * size and (size > 0 or first == 0):
            return x
        return None
