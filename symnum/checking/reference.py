"""The exact derivative at many points, and what rounding may do to it there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from symnum.formula.bounds import SMALLEST, UNIT, RoundingBound
from symnum.formula.formula import Formula
from symnum.formula.status import Status

_EXACT = frozenset({Status.CERTIFIED, Status.ZERO})


@dataclass(frozen=True)
class Truth:
    """What is known of the derivative at P points, K components.

    Parameters
    ----------
    points : float64 array, shape (P, n)
        The points.
    exact : float64 array, shape (P, K)
        The exact derivative; the middle of the one-sided ones at a kink.
    bound : float64 array, shape (P, K)
        What rounding can explain; half of what lies between the one-sided ones at a kink, and more.
    hull : bool array, shape (P, K)
        Where the point can't be told from a kink.
    known : bool array, shape (P, K)
        Where there is something to compare with.
    """

    points: np.ndarray
    exact: np.ndarray
    bound: np.ndarray
    hull: np.ndarray
    known: np.ndarray

    def take(self, rows: np.ndarray) -> Truth:
        """Return the truth at some of the points."""
        return Truth(
            self.points[rows], self.exact[rows], self.bound[rows], self.hull[rows], self.known[rows]
        )

    def without(self, entries: np.ndarray) -> Truth:
        """Return the truth with some entries, shape (P, K), counted as unknown."""
        return replace(self, known=self.known & ~entries)

    def join(self, other: Truth) -> Truth:
        """Return both sets of points."""
        return Truth(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("points", "exact", "bound", "hull", "known")
            )
        )


# Numbers that one reference keeps of points that it was asked about.
_KEPT = 2_000_000


class Reference:
    """The certified derivative of a formula.

    It remembers what it found at sets of points: a check with the same seed asks about the same.

    Parameters
    ----------
    formula : Formula
        The function.
    derivative : Formula
        Its derivative, all components.
    """

    def __init__(self, formula: Formula, derivative: Formula) -> None:
        self.formula = formula
        self.derivative = derivative
        self._bound = RoundingBound(
            derivative.program, [entry.root for entry in derivative.entries]
        )
        self._found: dict[tuple[tuple[int, ...], bytes], Truth] = {}
        self._room = _KEPT

    def at(self, points: np.ndarray) -> Truth:
        """Return the truth at points of shape (P, n).

        A value within its bound is as good as certified for the comparison; where the bound proves
        nothing, or the point may be a kink, the point is certified.
        """
        key = (points.shape, points.tobytes())
        known = self._found.get(key)
        if known is None:
            known = self._truth(points)
            self._room -= known.points.size + 4 * known.exact.size
            if self._room > 0:
                self._found[key] = known
        return known

    def _truth(self, points: np.ndarray) -> Truth:
        bound = self._bound.at(points)
        exact, radius, hull = bound.value.copy(), bound.radius.copy(), bound.hull.copy()
        known = np.isfinite(exact) & np.isfinite(radius)
        doubtful = np.flatnonzero((~known | hull).any(axis=1))
        if doubtful.size:
            found = self.derivative.certify(points[doubtful])
            for i, row in enumerate(doubtful):
                for k in range(exact.shape[1]):
                    if known[row, k] and not hull[row, k]:
                        continue
                    status = found.status[i, k]
                    if status in _EXACT:
                        exact[row, k] = found.hi[i, k]
                        if not np.isfinite(radius[row, k]):
                            radius[row, k] = 64 * UNIT * abs(exact[row, k]) + SMALLEST
                        known[row, k] = np.isfinite(exact[row, k])
                        # The function has a kink here, but not along this variable.
                        hull[row, k] = False
                    elif status is Status.KINK:
                        left, right = found.left[i, k], found.right[i, k]
                        half = abs(right - left) / 2 + 16 * UNIT * max(abs(left), abs(right))
                        exact[row, k] = (left + right) / 2
                        inside = radius[row, k] if np.isfinite(radius[row, k]) else 0.0
                        radius[row, k], hull[row, k] = max(half, inside), True
                        known[row, k] = np.isfinite(half)
                    else:
                        known[row, k] = False
        truth = Truth(points.copy(), exact, radius, hull, known)
        for array in (truth.points, exact, radius, hull, known):
            array.flags.writeable = False  # it may be handed out again
        return truth

    def certified(self, points: np.ndarray) -> np.ndarray:
        """Return the nearest doubles of the derivative, shape (P, K); NaN where there is none."""
        return np.asarray(self.derivative.certify(points).hi)


@lru_cache(maxsize=8)
def reference_of(formula: Formula, derivative_order: int) -> Reference:
    """Return the reference for a formula's derivative of an order; the same one if asked again.

    Order 0 is the formula itself: what the code of f is held against.
    """
    match derivative_order:
        case 0:
            return Reference(formula, formula)
        case 1:
            return Reference(formula, formula.jacobian())
    return Reference(formula, formula.hessian())
