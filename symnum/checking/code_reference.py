"""What a derivative of code is held against, where the code has no formula.

The code itself, run on ball duals, certifies its derivative; where it can't be run on them, its own
values at well chosen steps give a numerical derivative with an error bar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from symnum.checking.claim import Candidate, Form
from symnum.checking.decide import Evidence
from symnum.checking.neighbours import jumps_beside, may_tie
from symnum.checking.reference import Truth
from symnum.checking.steps_reference import StepsReference
from symnum.formula.bounds import UNIT
from symnum.formula.duals import CodeReference, Kind
from symnum.formula.formula import Formula

# Runs of the user's code on ball duals cost about a millisecond for a few variables.
_POINTS = 1000
_FEWEST = 50

# Steps of differences that see past a narrow branch, as shares of x. They count where they differ
# from each other by less than this share of what they differ from the exact value.
_WIDE = (2.0**-14, 2.0**-18)
_AGREE = 0.1
# And by more than this share of what the candidate differs by.
_TELLING = 0.25
# Beside a tie, derivatives that differ by more than so many bounds are those of several branches.
_TIED = 64.0
# So many points are looked at.
_DOUBTED = 100
# Code that iterates until it is content is right to no more than this, as a rule.
_CONTENT = 2.0**-20

_KINDS = {
    Form.FLOAT: Kind.FLOAT,
    Form.ARRAY: Kind.ARRAY,
    Form.FLOATS: Kind.FLOATS,
    Form.DICT: Kind.DICT,
    Form.NAMED: Kind.DICT,
    Form.BY_NAME: Kind.DICT,
}


def code_reference(
    code: Candidate,
    variables: tuple[str, ...],
    derivative_order: int,
    probes: np.ndarray,
    limits: np.ndarray | None = None,
) -> DualReference | StepsReference:
    """Return the best reference for code: the first that knows its derivative at a probe.

    `limits`, of shape (n, 2), are those of the steps that a measured derivative takes.
    """
    duals = DualReference(code, variables, derivative_order)
    if duals.at(probes).known.any():
        return duals
    return StepsReference(code, variables, derivative_order, duals.reason, limits)


class DualReference:
    """The derivative of code, certified by running it on ball duals.

    Parameters
    ----------
    code : Candidate
        The code of f.
    variables : tuple of str
        The variables' names.
    derivative_order : int
        1, or 2 for a Hessian.
    """

    label = "certified, by running f on balls"

    def __init__(self, code: Candidate, variables: tuple[str, ...], derivative_order: int) -> None:
        self.variables = variables
        self.most_points = max(_FEWEST, _POINTS // len(variables))
        self.shape = code.shape + (len(variables),) * derivative_order
        self.formula: Formula | None = None
        self.derivative: Formula | None = None
        shapes = () if code.layout is None else code.layout.shapes
        self._code = CodeReference(
            plainly(code), len(variables), kind_of(code), shapes, derivative_order
        )

    @property
    def reason(self) -> str:
        """Why the last point that isn't certified is not."""
        return self._code.reason

    @property
    def iterates(self) -> bool:
        """Whether the code iterates until it is content, as far as it was run."""
        return self._code.iterates

    def at(self, points: np.ndarray) -> Truth:
        """Return the truth at points of shape (P, n)."""
        found = self._code.at(points)
        bound = found.bound
        if self.iterates:
            bound = np.fmax(bound, _CONTENT * np.abs(found.exact))
        truth = Truth(points, found.exact.copy(), bound.copy(), found.hull.copy(), found.known)
        for row in np.flatnonzero(may_tie(points) & found.known.any(axis=1)):
            self._widen(truth, int(row))
        return truth

    def _widen(self, truth: Truth, row: int) -> None:
        """Let all values be right that the derivative takes beside a point with a tie."""
        exact, bound, hull = truth.exact[row], truth.bound[row], truth.hull[row]
        low, high = jumps_beside(truth.points[row], self._values, _TIED * bound * ~hull)
        wide = np.isfinite(low) & np.isfinite(exact) & np.isfinite(bound)
        least = np.minimum(low[wide], (exact - bound)[wide])
        greatest = np.maximum(high[wide], (exact + bound)[wide])
        exact[wide] = least / 2 + greatest / 2
        bound[wide] = (greatest / 2 - least / 2) * (1 + _TIED * UNIT)
        hull |= wide

    def _values(self, points: np.ndarray) -> np.ndarray:
        """Return the derivative at points that are no kinks, shape (P, K); NaN where unknown."""
        found = self._code.at(points)
        return np.where(found.known & ~found.hull, found.exact, np.nan)

    def certified(self, points: np.ndarray) -> np.ndarray:
        """Return the nearest doubles of the derivative, shape (P, K); NaN where there is none."""
        return self._code.certified(points)

    def component(self, points: np.ndarray, k: int) -> np.ndarray:
        """Return one component of `certified`, shape (P,)."""
        return self.certified(points)[:, k]

    def pairs(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the derivative as sums of two doubles, each of shape (P, K)."""
        found = self._code.certify(points)
        return np.asarray(found.hi), np.asarray(found.lo)

    def statuses(self, points: np.ndarray) -> np.ndarray:
        """Return what there is at each point, a Status, shape (P, K)."""
        return np.asarray(self._code.certify(points).status)


def believed(code: Candidate, evidence: Evidence) -> Evidence:
    """Return the evidence without points at which the code's derivative is that of a narrow branch.

    A solver that starts at its answer never moves, and its derivative there is 0: true of the code
    as it stands, and of no use to anybody. Where wide differences of f agree with each other and
    not with it, nothing is held against the candidate.
    """
    truth = evidence.truth
    n = truth.points.shape[1]
    doubted = np.zeros(evidence.bad.shape, dtype=bool)
    for row in np.flatnonzero(evidence.bad.any(axis=1))[:_DOUBTED]:
        for j in range(n):
            of_j = np.arange(j, truth.exact.shape[1], n)  # one entry an output
            if not evidence.bad[row, of_j].any():
                continue
            one, other = (_difference(code, truth.points[row], j, share) for share in _WIDE)
            exact = truth.exact[row, of_j]
            nearest = np.fmin(np.abs(one - exact), np.abs(other - exact))
            # What differs by less than the candidate does is rounding, and speaks for nobody.
            tells = nearest > evidence.error[row, of_j] * _TELLING
            doubted[row, of_j] = tells & (np.abs(one - other) < _AGREE * nearest)
    doubted &= evidence.bad
    if not doubted.any():
        return evidence
    return replace(evidence, truth=truth.without(doubted))


def _difference(code: Candidate, point: np.ndarray, j: int, share: float) -> np.ndarray:
    """Return a central difference of every output along one variable, with a wide step."""
    step = share * (abs(point[j]) or 1.0)
    sides = []
    for sign in (1.0, -1.0):
        moved = point.copy()
        moved[j] += sign * step
        value = code(moved).value
        if value is None:
            return np.full(max(1, int(np.prod(code.shape))), np.nan)
        sides.append(value)
    return np.asarray((sides[0] - sides[1]) / (2 * step))


def kind_of(code: Candidate) -> Kind:
    """Return how code takes a point, as ball duals call it."""
    return _KINDS[code.form]


def plainly(code: Candidate) -> Callable[..., Any]:
    """Return the code as a function of one argument where it takes arrays by name."""
    if code.form not in {Form.NAMED, Form.BY_NAME}:
        return code.function
    return lambda arrays: code.function(**arrays)
