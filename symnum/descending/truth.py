"""Certified gradients and values at the points of a path, by balls alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from symnum.formula.bounds import RoundingBound
from symnum.formula.formula import Formula
from symnum.formula.smooth import smooth_balls


@lru_cache(maxsize=32)
def _bound(formula: Formula) -> RoundingBound:
    return RoundingBound(formula.program, [entry.root for entry in formula.entries])


def exact_gradients(formula: Formula, points: np.ndarray) -> np.ndarray:
    """Return the exact gradient at points of shape (P, n), each partial the nearest double.

    NaN where balls don't prove it: at kinks, at edges, outside the domain. A partial derivative
    that isn't 0 but smaller than every double is the smallest one.

    Examples
    --------
    >>> import numpy as np
    >>> import symnum as sn
    >>> exact_gradients(sn.Formula("(1 - cos(x))/x**2"), np.array([[1e-9], [0.0]])).tolist()
    [[-8.333333333333334e-11], [nan]]
    """
    balls = smooth_balls(formula.gradient())
    return np.array([balls.doubles(point) for point in points]).reshape(points.shape)


def exact_values(formula: Formula, points: np.ndarray) -> np.ndarray:
    """Return f at points of shape (P, n), each the nearest double; NaN where it isn't proven."""
    balls = smooth_balls(formula)
    return np.array([balls.doubles(point)[0] for point in points])


def rounding_bounds(formula: Formula, points: np.ndarray, *, value: bool = False) -> np.ndarray:
    """Return how far off a gradient computed in float64 may be, or f itself.

    Parameters
    ----------
    formula : Formula
        The function.
    points : float64 array, shape (P, n)
        The points.
    value : bool
        Whether f itself is meant.

    Returns
    -------
    float64 array, shape (P, n), or (P, 1) of f itself
        Infinite where nothing is proven.
    """
    bound = _bound(formula if value else formula.gradient()).at(points)
    return np.asarray(bound.radius)
