"""The exact derivative at many points, and what rounding may do to it there."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import numpy as np

from symnum.checking.kinks import Right, Sides
from symnum.checking.machine import Machine
from symnum.checking.points import STRATA
from symnum.checking.watch import Clock
from symnum.formula.bounds import RoundingBound
from symnum.formula.exact import Exact
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


class Reference(Protocol):
    """What a derivative is held against: a formula's derivative, or one found from code.

    Attributes
    ----------
    variables : tuple of str
        The variables' names.
    shape : tuple of int
        The derivative's shape.
    label : str
        What it is, for the verdict.
    most_points : int
        How many points of its own a check may ask for.
    iterates : bool
        Whether it is that of code that iterates until it is content.
    formula, derivative : Formula or None
        The mathematics, where it is known.
    """

    @property
    def variables(self) -> tuple[str, ...]: ...  # noqa: D102  # above
    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def most_points(self) -> int: ...  # noqa: D102
    @property
    def iterates(self) -> bool: ...  # noqa: D102
    @property
    def formula(self) -> Formula | None: ...  # noqa: D102
    @property
    def derivative(self) -> Formula | None: ...  # noqa: D102

    def at(self, points: np.ndarray) -> Truth:
        """Return the truth at points of shape (P, n)."""

    def certified(self, points: np.ndarray) -> np.ndarray:
        """Return the nearest doubles of the derivative, shape (P, K); NaN where there is none."""

    def component(self, points: np.ndarray, k: int) -> np.ndarray:
        """Return the nearest doubles of one component, shape (P,); NaN where there is none."""

    def pairs(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the derivative as sums of two doubles, each of shape (P, K)."""

    def statuses(self, points: np.ndarray) -> np.ndarray:
        """Return what there is at each point, a Status, shape (P, K)."""


# The truth at a set of points may take this share of the time that is left.
_MOST_OF_IT = 0.75
# Numbers that one reference keeps of points that it was asked about.
_KEPT = 2_000_000


class _Memory:
    """The truth at sets of points that were asked about, up to a size."""

    def __init__(self) -> None:
        self._found: dict[tuple[tuple[int, ...], bytes], Truth] = {}
        self._room = _KEPT

    def get(self, points: np.ndarray) -> Truth | None:
        """Return what was kept of a set of points; None where nothing was."""
        return self._found.get((points.shape, points.tobytes()))

    def keep(self, points: np.ndarray, truth: Truth) -> None:
        """Keep the truth at a set of points, where there is room."""
        self._room -= truth.points.size + 4 * truth.exact.size
        if self._room > 0:
            self._found[points.shape, points.tobytes()] = truth


class FormulaReference:
    """The certified derivative of a formula.

    It remembers what it found at sets of points: a check with the same seed asks about the same.

    Parameters
    ----------
    formula : Formula
        The function.
    derivative : Formula
        Its derivative, all components.
    """

    label = "certified"
    most_points = STRATA
    iterates = False

    def __init__(self, formula: Formula, derivative: Formula) -> None:
        self.formula = formula
        self.derivative = derivative
        self.variables = formula.variables
        self.shape = derivative.shape
        self._bound = RoundingBound(
            derivative.program,
            [entry.root for entry in derivative.entries],
            [entry.path for entry in derivative.entries],
        )
        self._memory = _Memory()
        self._statuses: dict[tuple[bytes, int], Status] = {}
        self._clock: Clock | None = None
        self._late: set[bytes] = set()

    def within(self, clock: Clock) -> FormulaReference:
        """Return the same reference, with the same memory, for a check whose time is limited.

        Points whose truth isn't known when most of the time that is left is over are unknown, so
        that the others can still be judged; what else can't be had in time raises OutOfTime.
        """
        limited = copy(self)
        limited._clock, limited._late = clock, set()
        return limited

    def late(self, points: np.ndarray) -> np.ndarray:
        """Say of which points, shape (P, n), the truth was not known in time; shape (P,)."""
        return np.array([point.tobytes() in self._late for point in points], dtype=bool)

    def at(self, points: np.ndarray) -> Truth:
        """Return the truth at points of shape (P, n).

        A value within its bound is as good as certified for the comparison; where the bound proves
        nothing, or the point may be a kink, the point is certified.
        """
        known = self._memory.get(points)
        if known is None:
            known = self._truth(points)
            if not self._late:
                self._memory.keep(points, known)
        return known

    def _truth(self, points: np.ndarray) -> Truth:
        bound = self._bound.at(points)
        exact, radius, hull = bound.value.copy(), bound.radius.copy(), bound.hull.copy()
        known = np.isfinite(exact) & np.isfinite(radius)
        outside = self._outside(points, ~known | hull)
        known[outside] = False
        doubtful = np.flatnonzero((~known | hull).any(axis=1) & ~outside)
        if doubtful.size:
            clock = None if self._clock is None else self._clock.part(_MOST_OF_IT)
            wanted = (~known | hull)[doubtful]
            found = self.derivative.certify(
                points[doubtful], zeros=False, clock=clock, wanted=wanted
            )
            if clock is not None and clock.left() <= 0.0:
                unknown = (wanted & (found.status == Status.UNDECIDED)).any(axis=1)
                self._late |= {point.tobytes() for point in points[doubtful[unknown]]}
            sides = Sides(self.derivative.program, self._bound, points, bound)
            for i, row in enumerate(doubtful.tolist()):
                for k in np.flatnonzero(~known[row] | hull[row]).tolist():
                    right: Right | None = None
                    if found.status[i, k] in _EXACT:
                        right = sides.near_kink(row, k, found.hi[i, k])
                    elif found.status[i, k] is Status.KINK:
                        right = sides.at_kink(row, k, found.left[i, k], found.right[i, k])
                    known[row, k] = right is not None and right.is_finite
                    if right is not None:
                        exact[row, k], radius[row, k] = right.middle, right.radius
                        hull[row, k] = right.jumps
        truth = Truth(points.copy(), exact, radius, hull, known)
        for array in (truth.points, exact, radius, hull, known):
            array.flags.writeable = False  # it may be handed out again
        return truth

    def _outside(self, points: np.ndarray, doubtful: np.ndarray) -> np.ndarray:
        """Say at which points f is not even a number, shape (P,): nothing is to be found there."""
        nothing = np.asarray(doubtful.all(axis=1))
        if nothing.any():
            values = Machine(self.formula.program, points[nothing]).outputs()
            nothing[nothing] = np.isnan(values).all(axis=1)
        return nothing

    def certified(self, points: np.ndarray) -> np.ndarray:
        """Return the nearest doubles of the derivative, shape (P, K); NaN where there is none."""
        return np.asarray(self._exactly(points).hi)

    def component(self, points: np.ndarray, k: int) -> np.ndarray:
        """Return the nearest doubles of one component, shape (P,); NaN where there is none."""
        return np.asarray(self._exactly(points, k).hi[:, 0])

    def pairs(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the derivative as sums of two doubles, each of shape (P, K)."""
        found = self._exactly(points)
        return np.asarray(found.hi), np.asarray(found.lo)

    def statuses(self, points: np.ndarray) -> np.ndarray:
        """Return what there is at each point, a Status, shape (P, K)."""
        return np.asarray(self._exactly(points).status)

    def status(self, point: np.ndarray, k: int) -> Status:
        """Return what there is of one component at a point of shape (n,), and remember it."""
        key = (point.tobytes(), k)
        if key not in self._statuses:
            self._statuses[key] = self._exactly(point[None], k).status[0, 0]
        return self._statuses[key]

    def _exactly(self, points: np.ndarray, k: int | None = None) -> Exact:
        """Certify points, in one component or all; what rounds to 0 is 0 for all who ask."""
        found = self.derivative.certify(points, zeros=False, clock=self._clock, output=k)
        if self._clock is not None:
            self._clock.look()
        return found


def status_at(reference: Reference, point: np.ndarray, k: int) -> Status:
    """Return what there is of one component at a point of shape (n,)."""
    if isinstance(reference, FormulaReference):
        return reference.status(point, k)
    found: Status = reference.statuses(point[None])[0, k]
    return found


@lru_cache(maxsize=8)
def reference_of(formula: Formula, derivative_order: int) -> FormulaReference:
    """Return the reference for a formula's derivative of an order; the same one if asked again.

    Order 0 is the formula itself: what the code of f is held against.
    """
    match derivative_order:
        case 0:
            return FormulaReference(formula, formula)
        case 1:
            return FormulaReference(formula, formula.jacobian())
    return FormulaReference(formula, formula.hessian())
