"""What is right at a kink, and at a point that doubles can't tell from one.

A ball round such a point holds the derivatives of all sides: its radius is half of the jump, and
says nothing about rounding. That is read off beside the point, where the kink has been left. Which
values are right is said in `formula/ties.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from symnum.checking.neighbours import sizes
from symnum.formula.bounds import SMALLEST, UNIT, Bound, RoundingBound
from symnum.formula.program import Program
from symnum.formula.ties import all_between, decided

# Distances as shares of the point: from a few units in the last place on, until a kink is left.
_BESIDE = tuple(2.0**-q for q in range(49, 7, -3))
# 0 says nothing about the size of what lies beside it.
_BESIDE_0 = tuple(2.0**-q for q in range(249, 7, -16))
# Directions that are tried, forth and back. All coordinates move, each by another distance: none
# of the directions lies within a kink.
_DIRECTIONS = 8
# Two values are those of two sides where they are so many roundings apart.
_APART = 64.0
# A ball that straddles a kink spans its jump, which is twice its radius, or nearly so.
_SPANNED = 2.5
# A formula such as max(x + y, y + x) is at a kink everywhere: after so many points nobody looks.
_PATIENCE = 8


@dataclass(frozen=True)
class Right:
    """The values that are right: all that are within a radius of a middle.

    Parameters
    ----------
    middle, radius : float
        The values.
    jumps : bool
        Whether they are those of several sides, which differ by more than rounding.
    """

    middle: float
    radius: float
    jumps: bool

    @property
    def is_finite(self) -> bool:
        """Whether anything is left to be wrong."""
        return math.isfinite(self.middle) and math.isfinite(self.radius)


class Sides:
    """What a derivative is at points that balls of 53 bits don't settle, and beside them.

    Parameters
    ----------
    program : Program
        The derivative.
    bound : RoundingBound
        What rounding may do to it.
    points : float64 array, shape (P, n)
        Where.
    found : Bound
        What it came to there.
    """

    def __init__(
        self, program: Program, bound: RoundingBound, points: np.ndarray, found: Bound
    ) -> None:
        self._program = program
        self._bound = bound
        self._points = points
        self._found = found
        self._beside: dict[int, _Beside] = {}
        self._straddling: dict[int, Bound] = {}
        self._decided: dict[int, np.ndarray] = {}

    def at_kink(self, row: int, k: int, left: float, right: float) -> Right:
        """Return what is right where component k has two one-sided derivatives.

        Parameters
        ----------
        row, k : int
            The point and the component.
        left, right : float
            The one-sided derivatives.
        """
        widest = self._found.radius[row, k]
        rounding = self._rounding(row, k)
        low, high = min(left, right), max(left, right)
        if rounding is None:
            rounding = widest - (high - low) / 2 if np.isfinite(widest) else 0.0
        elif self._points.shape[1] > 1:
            sides = [low, high, *self._beside[row].values(k)]
            low, high = all_between(sides, self._ties(row, k), 0.0) or (low, high)
        last = 16 * UNIT * max(abs(low), abs(high))
        return Right((low + high) / 2, (high - low) / 2 + max(last, rounding), True)

    def near_kink(self, row: int, k: int, exact: float) -> Right:
        """Return what is right where component k has a derivative, and a kink may lie next to it.

        Parameters
        ----------
        row, k : int
            The point and the component.
        exact : float
            Its value.
        """
        radius = self._found.radius[row, k]
        if not np.isfinite(radius):
            return Right(exact, 64 * UNIT * abs(exact) + SMALLEST, False)
        rounding = self._rounding(row, k) if self._found.hull[row, k] else None
        if rounding is None:
            return Right(exact, radius, False)
        values = np.sort(np.append(self._beside[row].values(k), exact))
        gaps = np.diff(values)
        # A jump is one at the point itself too; what only grows with the distance is none.
        middle, half = self._straddled(row, k)
        jumps = (gaps > _APART * rounding) & (gaps <= _SPANNED * half)
        match jumps.sum():
            case 0:  # the kink is none along this variable
                apart = max(values[-1] - exact, exact - values[0])
                return Right(exact, min(radius, float(apart) + rounding), False)
            case 1:
                ties = self._ties(row, k) if self._points.shape[1] > 1 else ()
                low, high = all_between(values, ties, 0.0) or (exact, exact)
                return Right(low / 2 + high / 2, high / 2 - low / 2 + rounding, True)
        # Several kinks at once: of each a computation may take the side that it rounds to.
        return Right(middle, half + rounding, True)

    def _straddled(self, row: int, k: int) -> tuple[float, float]:
        """Return middle and half of a ball that holds all sides, of ties of zeros too."""
        if self._points[row].all():
            return self._found.value[row, k], self._found.half[row, k]
        if row not in self._straddling:
            self._straddling[row] = self._bound.at(self._points[[row]], round_zero=SMALLEST)
        wide = self._straddling[row]
        if not np.isfinite(wide.half[0, k]):  # at the edge of the domain
            return self._found.value[row, k], self._found.half[row, k]
        return wide.value[0, k], wide.half[0, k]

    def _ties(self, row: int, k: int) -> np.ndarray:
        """Return what a component comes to when ties are decided."""
        if row not in self._decided:
            self._decided[row] = decided(self._program, self._points[row])
        return np.asarray(self._decided[row][:, k])

    def _rounding(self, row: int, k: int) -> float | None:
        """Return what rounding does to a component beside a point; None where nobody knows."""
        if row not in self._beside:
            if len(self._beside) >= _PATIENCE and not any(
                beside.is_known for beside in self._beside.values()
            ):
                return None
            self._beside[row] = _Beside.of(self._bound, self._points[row])
        return self._beside[row].rounding(k)


@dataclass(frozen=True)
class _Beside:
    """A derivative in some directions from a point, each where it has left the kink.

    Parameters
    ----------
    value, radius : float64 array, shape (directions, K)
        Its values and how they round; NaN where the kink goes on.
    """

    value: np.ndarray
    radius: np.ndarray

    @classmethod
    def of(cls, bound: RoundingBound, point: np.ndarray) -> _Beside:
        moves = _moves(point)
        value, radius = (np.full((len(moves), bound.size), np.nan) for _ in range(2))
        for share in _BESIDE if point.any() else _BESIDE_0:
            waiting = np.isnan(radius)
            rows = np.flatnonzero(waiting.any(axis=1))
            if not rows.size:
                break
            found = bound.at(point + share * moves[rows])
            left = waiting[rows] & ~found.hull & np.isfinite(found.radius)
            value[rows] = np.where(left, found.value, value[rows])
            radius[rows] = np.where(left, found.radius, radius[rows])
        return cls(value, radius)

    @property
    def is_known(self) -> bool:
        return not np.isnan(self.radius).all()

    def values(self, k: int) -> np.ndarray:
        return np.asarray(self.value[~np.isnan(self.value[:, k]), k])

    def rounding(self, k: int) -> float | None:
        known = self.radius[~np.isnan(self.radius[:, k]), k]
        return float(known.max()) if known.size else None


def _moves(point: np.ndarray) -> np.ndarray:
    """Return what a point is moved by, shape (2 * directions, n), for a share of 1."""
    rng = np.random.default_rng(0)
    shape = (_DIRECTIONS, len(point))
    moves = rng.uniform(0.5, 1.0, shape) * rng.choice([-1.0, 1.0], shape)
    moves *= sizes(point)
    return np.concatenate([moves, -moves])
