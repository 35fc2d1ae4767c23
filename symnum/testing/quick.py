"""The exact derivative at many points without long proofs: what is not known quickly is left out.

`certify` settles every point, and may take seconds where a derivative is all but 0. A test that can
go elsewhere has no need of that: balls of one precision know nearly all of a smooth function.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from symnum.checking.points import STRATA
from symnum.checking.reference import Truth, reference_of
from symnum.formula.balls import nearest_double, precision
from symnum.formula.bounds import SMALLEST, UNIT, RoundingBound
from symnum.formula.formula import Formula
from symnum.formula.smooth import SmoothBalls

_BITS = 1024


class QuickReference:
    """The first derivative of a formula; a Reference of `checking`.

    Parameters
    ----------
    formula : Formula
        The function.
    """

    label = "certified"
    most_points = STRATA
    iterates = False

    def __init__(self, formula: Formula) -> None:
        self._full = reference_of(formula, 1)
        self.formula = formula
        self.derivative = self._full.derivative
        self.variables = formula.variables
        self.shape = self._full.shape
        program = self.derivative.program
        roots = [entry.root for entry in self.derivative.entries]
        self._bound = RoundingBound(program, roots)
        self._balls = SmoothBalls(self.derivative)
        self._count = len(program.outputs)

    def at(self, points: np.ndarray) -> Truth:
        """Return the truth at points of shape (P, n).

        Where f is smooth, balls have the value or it is unknown. At a kink the long way is taken,
        and along several variables only components that have a kink themselves are known: those of
        another convention than ours are no mistakes.
        """
        bound = self._bound.at(points)
        exact, radius, hull = bound.value.copy(), bound.radius.copy(), bound.hull.copy()
        known = np.isfinite(exact) & np.isfinite(radius)
        for row in np.flatnonzero((~known | hull).any(axis=1)):
            values, smooth = self._value(points[row])
            if smooth:
                rest = ~known[row] | hull[row]
                exact[row, rest] = values[rest]
                wide = rest & ~np.isfinite(radius[row])
                radius[row, wide] = 64 * UNIT * np.abs(values[wide]) + SMALLEST
                known[row], hull[row] = np.isfinite(exact[row]), False
                continue
            full = self._full.at(points[[row]])
            exact[row], radius[row] = full.exact[0], full.bound[0]
            hull[row], known[row] = full.hull[0], full.known[0]
            if len(self.variables) > 1:
                known[row] &= hull[row]
        return Truth(points, exact, radius, hull, known)

    def certified(self, points: np.ndarray) -> np.ndarray:
        """Return the nearest doubles of the derivative, shape (P, K); NaN where none is known."""
        found = [self._value(point)[0] for point in points]
        return np.array(found).reshape(len(points), self._count)

    def component(self, points: np.ndarray, k: int) -> np.ndarray:
        """Return one component of `certified`, shape (P,)."""
        return self.certified(points)[:, k]

    def pairs(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the derivative as sums of two doubles, each of shape (P, K)."""
        return self._full.pairs(points)

    def statuses(self, points: np.ndarray) -> np.ndarray:
        """Return what there is at each point, a Status, shape (P, K)."""
        return self._full.statuses(points)

    def in_doubles(self, point: np.ndarray) -> np.ndarray:
        """Return what the derivative's own program gives in doubles, shape (K,)."""
        values = self.derivative.compiled()(list(point[:, None]))
        return np.array([np.ravel(value)[0] for value in values], dtype=np.float64)

    def _value(self, point: np.ndarray) -> tuple[np.ndarray, bool]:
        """Return the nearest doubles at a point, and whether f is proven smooth there."""
        with precision(_BITS):
            balls = self._balls.run([arb(x) for x in point.tolist()])
            if balls is None:
                return np.full(self._count, np.nan), False
            return np.array([_double(ball) for ball in balls]), True


def _double(ball: arb) -> float:
    if not ball.is_finite():
        return float("nan")
    if ball.is_zero():
        return 0.0
    nearest = None if ball.contains(0) else nearest_double(ball)
    return float("nan") if nearest is None else nearest[0]
