"""Points beside one where variables are equal, or 0: there code may branch and show no kink.

The median of three equal numbers stays where it is when one of them moves, so that all of its
partial derivatives are 0; and yet 1 at the entry in the middle is its usual subgradient. The values
that a derivative takes beside such a point, and all between them, are right at the point
(F. H. Clarke, Optimization and Nonsmooth Analysis, 1983).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Directions that are tried, forth and back, at most.
_DIRECTIONS = 12
# How far apart their coordinates are, as shares of them: what is less near by shrinks with the
# distance. Code on balls is tried 2^-24 beside each point, and no tie may lie in between.
_SHARES = (2.0**-15, 2.0**-21)
# A spread that shrinks by less than this from the one to the other is a jump.
_SHRUNK = 4.0


def may_tie(points: np.ndarray) -> np.ndarray:
    """Say which points, shape (P, n), have two coordinates of one size, or one that is 0."""
    if points.shape[1] < 2:
        return np.zeros(len(points), dtype=bool)
    sizes = np.sort(np.abs(points), axis=1)
    return np.asarray((sizes[:, 0] == 0) | (np.diff(sizes, axis=1) == 0).any(axis=1))


def sizes(point: np.ndarray) -> np.ndarray:
    """Return the size of each coordinate; of those that are 0 the largest, and 1 where all are."""
    return np.where(point == 0, np.max(np.abs(point)) or 1.0, np.abs(point))


def beside(point: np.ndarray, share: float) -> np.ndarray:
    """Return points beside one, shape (2 * directions, n), none of them with a tie.

    From one direction to the next each coordinate takes the next place in their order: each is
    the largest once, and each is the one in the middle.
    """
    n = len(point)
    rng = np.random.default_rng(0)
    shifts = np.arange(n) if n <= _DIRECTIONS else rng.choice(n, _DIRECTIONS, replace=False)
    places = (rng.permutation(n) + shifts[:, None]) % n
    moves = share * (places + 0.75 - n / 2) * rng.uniform(0.95, 1.0, places.shape)
    moves *= sizes(point)
    return np.concatenate([point + moves, point - moves])


def jumps_beside(
    point: np.ndarray, values_at: Callable[[np.ndarray], np.ndarray], rounding: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest value that each component takes beside a point.

    Parameters
    ----------
    point : float64 array, shape (n,)
        Where.
    values_at : callable
        Returns the derivative at points of shape (P, n), shape (P, K); NaN where it isn't known.
    rounding : float64 array, shape (K,)
        What may be nothing but rounding.

    Returns
    -------
    low, high : float64 array, shape (K,)
        NaN where a component doesn't jump at the point, or isn't known beside it.
    """
    coarse, fine = (values_at(beside(point, share)) for share in _SHARES)
    with np.errstate(all="ignore"):
        wide, narrow = (_greatest(v) - _least(v) for v in (coarse, fine))
        jumps = (narrow > rounding) & (narrow > wide / _SHRUNK)
    return np.where(jumps, _least(fine), np.nan), np.where(jumps, _greatest(fine), np.nan)


def _least(values: np.ndarray) -> np.ndarray:
    """Return the least known value of each component; infinite where none is."""
    return np.asarray(np.min(values, axis=0, initial=np.inf, where=~np.isnan(values)))


def _greatest(values: np.ndarray) -> np.ndarray:
    return -_least(-values)
