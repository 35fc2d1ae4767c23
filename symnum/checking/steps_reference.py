"""A derivative of code that nothing certifies: numerical, with an error bar for every entry.

The bars are estimates. They are never used as if they were proofs: a claim is wrong only far
outside of them, where a second ladder on other steps excludes it too; between one bar and that it
is left open.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from symnum.checking.claim import Candidate
from symnum.checking.counted import Counted
from symnum.checking.decide import (
    Decision,
    Evidence,
    float32_inside,
    limit_beside_others,
    lost_digits,
)
from symnum.checking.doubts import beneath, fits_closely, grid_of, noise_of
from symnum.checking.integral import PARTS, Pieces, fits, gain, pieces
from symnum.checking.points import is_point, stratified
from symnum.checking.reference import Truth
from symnum.checking.steps_line import measured, zero_is_flat
from symnum.checking.typical import typical_size
from symnum.checking.watch import OutOfTime
from symnum.differences import ladder
from symnum.differences.estimate import DerivativeStatus, Estimate
from symnum.differences.evidence import Trend, trend, trend_sentence
from symnum.differences.line import ROUNDOFF, Line
from symnum.differences.line import OutOfTime as StopMeasuring
from symnum.differences.multivariate import hessian
from symnum.differences.rungs import Rungs
from symnum.formula.formula import Formula
from symnum.formula.status import Status

# A claim is wrong where it lies so many error bars off.
FAR = 10.0
# A second ladder must exclude it by so many bars of its own.
_AGAIN = 3.0
# Its steps: another number between 1 and 2 whose multiples are rounded otherwise.
_OTHER_MANTISSA = 1 + 2741 / 8192
# Rungs that are so fine that a ladder may have taken what they show for noise, in octaves of x, and
# how many in a row must agree with a claim.
_CLOSE_BY, _AGREE = range(-44, -8), 2
# Entries of a component that are measured twice.
_CONFIRMED = 3
# Evaluations of f that a check may take, about, and what one derivative along a variable takes.
_EVALUATIONS = 3000
_EACH = 30
_FEWEST, _MOST = 4, 40
# An error of so many times what the candidate jumps by between neighbouring points is rounding.
_JITTER = 8.0
_OFFSETS = np.array([-1301.0, -787.0, -331.0, 409.0, 953.0, 1511.0])
_ROUNDING = 8 * ROUNDOFF
# Code that nobody can look into may be a solver, which is right to its tolerance and no further:
# an error of this share of the derivative is nobody's in particular.
_CONTENT = 2.0**-20
# Up to this share an error that no slip explains may be that of a coarse solver.
COARSE = 2.0**-5
COARSE_SOLVER = (
    "it differs by less than 3 % from the derivative of f as computed, and no single slip explains "
    "that: either it is a little off, or f is, as a solver with a loose tolerance is; f with a "
    "tighter one would settle it"
)
# An interval round the wrong points is this share of the box wider at either end.
_MARGIN = 1 / 64
# Points at which it is looked at whether f is rounded to decimals.
_LOOKED_AT = 40
# Why a slope is refused where f moves in stairs; what is measured between two of them says nothing.
_ROUGH = frozenset({DerivativeStatus.STAIRCASE, DerivativeStatus.TWO_SLOPES})
# Why nothing can be held against a slope that was measured.
_NO_BAR = "what was measured has no error bar within the range of doubles"
# So many wrong points make a region; fewer are spots.
_REGION = 3
# A claim fits f on the whole where its integral is off by less than this share of what its error at
# points predicts: where a slip explains the error, and where none does.
_MUCH, _HALF = 0.125, 0.5
# By what share of what a claim differs by f's slopes miss its gains: where f is no smooth function,
# but a table may be; where pieces that end in few places may be all that the claim differs by, as a
# solver's steps; and where many may.
_BENDS, _PIECES, _ALL_PIECES = 2.0**-10, 2.0**-5, 2.0**-3
# A claim that differs by so much of what f gains is no derivative of anything like it.
_GROSS = 0.75
# Where f is made of pieces along one variable, along the others a claim may differ by so many times
# as much; after so many variables without any piece no more is looked for.
_AS_COARSE, _TRIED = 2.0, 3
# Points of a line whose slopes are compared with what f gains between them, closer than this share
# of the interval they are one.
_ON_A_LINE, _ONE = 16, 2.0**-20


class _Measured(NamedTuple):
    """What was measured at a point, a component each.

    Parameters
    ----------
    value, bar : float64 array, shape (K,)
        The derivative and its error bar; NaN and infinite where there is none.
    rough : bool array, shape (K,)
        Where f moves in stairs.
    reason : str
        Why the first component that could not be measured was not; empty where all were.
    """

    value: np.ndarray
    bar: np.ndarray
    rough: np.ndarray
    reason: str = ""


class StepsReference:
    """The derivative of code, measured with steps that are chosen from its noise and curvature.

    Parameters
    ----------
    code : Candidate
        The code of f.
    variables : tuple of str
        The variables' names.
    derivative_order : int
        1, or 2 for a Hessian.
    reason : str
        Why nothing better is at hand.
    limits : float64 array, shape (n, 2), optional
        The code is not called outside of these.

    Attributes
    ----------
    refused : str
        Why the last entry that could not be measured was not.
    is_late : bool
        Whether the time was over before all entries of the last point had been measured.
    """

    label = "numerical, with error bars (uncertified)"
    iterates = False  # whatever it does, its bars know

    def __init__(
        self,
        code: Candidate,
        variables: tuple[str, ...],
        derivative_order: int,
        reason: str,
        limits: np.ndarray | None = None,
    ) -> None:
        self.variables = variables
        self.shape = code.shape + (len(variables),) * derivative_order
        self.formula: Formula | None = None
        self.derivative: Formula | None = None
        self.reason = reason
        ladders = len(variables) ** derivative_order
        fewest = _FEWEST if derivative_order == 1 else 1
        self.most_points = min(_MOST, max(fewest, _EVALUATIONS // (_EACH * ladders)))
        self._outputs = prod(code.shape)
        self._order = derivative_order
        self._code = code
        self._function = Counted(code, limits)
        self.refused = ""
        self.is_late = False
        self._found: dict[bytes, _Measured] = {}

    @property
    def evaluations(self) -> int:
        """How often the code has been called."""
        return self._function.calls

    def raised(self) -> str:
        """Say how often the code raised beside the points; empty where it never did."""
        return self._function.raised()

    def own_points(self, box: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield the points that a check makes itself: few, since each costs many evaluations."""
        yield stratified(box, 1 if is_point(box) else self.most_points, rng)

    def at(self, points: np.ndarray) -> Truth:
        """Return what was measured at points of shape (P, n); `bound` is where a claim is wrong."""
        for point in points:
            if point.tobytes() not in self._found:
                measured = self._first if self._order == 1 else self._second
                self._found[point.tobytes()] = measured(point)
        found = [self._found[point.tobytes()] for point in points]
        exact = np.array([one.value for one in found])
        bar = np.array([one.bar for one in found])
        known = np.isfinite(exact) & np.isfinite(bar)
        bound = np.fmax(FAR * bar, _CONTENT * np.abs(exact))
        return Truth(points, exact, bound, np.zeros_like(known), known)

    def sharply(self, evidence: Evidence) -> Evidence:
        """Return the evidence with error bars alone for bounds, whatever a solver may do."""
        truth = self.at(evidence.truth.points)
        bar = np.array([self._found[point.tobytes()].bar for point in truth.points])
        return replace(evidence, truth=replace(evidence.truth, bound=FAR * bar))

    def why_unknown(self, point: np.ndarray) -> str:
        """Say why nothing was measured at a point; empty where that isn't known."""
        value = self._code.raw(point)
        if isinstance(value, str):
            return f"f can't be evaluated: {value}"
        known = self._found.get(point.tobytes())
        return "" if known is None else known.reason

    def certified(self, points: np.ndarray) -> np.ndarray:
        """Return what was measured, shape (P, K); nothing better is to be had."""
        return self.at(points).exact

    def component(self, points: np.ndarray, k: int) -> np.ndarray:
        """Return one component of `certified`, shape (P,)."""
        return self.certified(points)[:, k]

    def pairs(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what was measured as sums of two doubles, of which the second is 0."""
        exact = self.certified(points)
        return exact, np.zeros_like(exact)

    def statuses(self, points: np.ndarray) -> np.ndarray:
        """Return `undecided` everywhere, shape (P, K): measuring proves no kind of point."""
        return np.full(self.at(points).exact.shape, Status.UNDECIDED, dtype=object)

    def decide(
        self, candidate: Candidate, evidence: Evidence, names: tuple[str, ...]
    ) -> tuple[Decision, str]:
        """Return the decision, and what is left open and would settle it; empty if nothing is."""
        confirmed = np.zeros_like(evidence.bad)
        # Near a zero of the derivative a solver's tolerance is large beside it.
        content = _CONTENT * np.fmax(np.abs(evidence.truth.exact), _typical(evidence))
        least = np.fmax(evidence.truth.bound / FAR, content)
        unclear = evidence.truth.known & (evidence.error > least)
        far = evidence.bad & (evidence.error > content)
        rough = self._mostly_rough(evidence)
        close = self._rough_sentence(evidence, far & rough)
        far &= ~rough
        for k in np.flatnonzero(far.any(axis=0)).tolist():
            rows = np.flatnonzero(far[:, k])
            with np.errstate(all="ignore"):
                excess = evidence.error[rows, k] / evidence.truth.bound[rows, k]
            for row in rows[np.argsort(-excess)][:_CONFIRMED]:
                given = float(evidence.given[row, k])
                point = evidence.truth.points[row]
                if self._excluded(point, k, given):
                    exact = float(evidence.truth.exact[row, k])
                    doubted = self._fits_closely(point, k, given, exact)
                    doubted = doubted or self._beneath(candidate, evidence, point, k, given)
                    close = close or doubted
                    confirmed[row, k] = not doubted
        wrong = tuple(np.flatnonzero(confirmed.any(axis=0)).tolist())
        if wrong:
            bad = far & confirmed.any(axis=0)
            if not float32_inside(candidate, evidence, bad) and self._is_rounding(
                candidate, evidence, confirmed
            ):
                return lost_digits(evidence, bad), ""
            return Decision(wrong, (), self._trend(evidence, confirmed), bad), ""
        nothing = Decision((), (), "", np.zeros_like(evidence.bad))
        if close:
            return nothing, f"in {close}"
        if not unclear.any():
            return nothing, ""
        return nothing, self._open(evidence, unclear, names)

    def limit(self, evidence: Evidence) -> tuple[float, ...]:
        """Return for each component the smallest relative error that would have been called wrong.

        It holds for an error proportional to the component everywhere; where the derivative can't
        be told from 0 at any point it is that of `limit_beside_others`.
        """
        truth = evidence.truth
        zero = truth.known & (np.abs(truth.exact) <= truth.bound / FAR)
        with np.errstate(all="ignore"):
            wide = (1 + 1 / FAR) * truth.bound
            share = np.where(truth.known & ~zero, wide / np.abs(truth.exact), np.inf)
        limits = share.min(axis=0, initial=np.inf)
        return limit_beside_others(replace(truth, bound=wide), zero, limits)

    def excuse(
        self,
        candidate: Candidate,
        evidence: Evidence,
        decision: Decision,
        box: np.ndarray,
        is_explained: bool,
    ) -> str:
        """Say why a claim that is wrong at points is not held to them; empty where it is.

        f may be made of pieces, steps of a solver with a loose tolerance or cells of a table, whose
        slopes are not f's. A claim that no slip explains needs to fit less well than one that looks
        like a slip.

        Parameters
        ----------
        candidate, evidence, decision
            The claim, what was seen of it, and what that comes to.
        box : float64 array, shape (n, 2)
            The box that is searched.
        is_explained : bool
            Whether a slip explains the error.
        """
        if self._order == 2:
            return ""
        if is_explained:
            said = [
                self._fits_on_the_whole(candidate, evidence, decision, box, k, _MUCH)
                for k in decision.wrong
            ]
            return said[0] if all(said) else ""
        sentence, coarsest, smooth = "", 0.0, 0.0
        for number, k in enumerate(decision.wrong):
            found = self._pieces(candidate, evidence, decision, box, k)
            said_of_one = ""
            if found is not None and found.are_rough(_BENDS):
                said_of_one = self._fits_on_the_whole(candidate, evidence, decision, box, k, _HALF)
                least = _PIECES if found.are_few else _ALL_PIECES
                is_near = not found.is_factor and found.share <= _GROSS
                if not said_of_one and is_near and found.are_rough(least):
                    said_of_one = self._in_pieces(evidence, decision, k, found)
            if said_of_one:
                assert found is not None
                coarsest = max(coarsest, found.share)
            elif _is_coarse(evidence, decision, k):
                said_of_one = COARSE_SOLVER
            else:
                # f is as smooth along this variable as it looks; what a solver is off by along
                # others it may be off by here.
                smooth = max(smooth, math.inf if found is None else found.share)
            sentence = sentence or said_of_one
            if smooth > _GROSS or (not coarsest and smooth and number + 1 >= _TRIED):
                return ""
        return sentence if smooth <= _AS_COARSE * coarsest else ""

    def _fits_on_the_whole(
        self,
        candidate: Candidate,
        evidence: Evidence,
        decision: Decision,
        box: np.ndarray,
        k: int,
        share: float,
    ) -> str:
        """Say that a claim which is wrong at points fits f between them; empty where it doesn't."""
        j = k % len(self.variables)
        point = evidence.truth.points[self._worst(evidence, decision, k)]
        low, high = self._interval(evidence, decision, box, k)
        if not low < high:
            return ""
        found = gain(self._function, candidate, point, k, low, high)
        x = evidence.truth.points[:, j]
        inside = evidence.truth.known[:, k] & (low <= x) & (x <= high)
        inside &= np.isfinite(evidence.given[:, k])
        exact, given = evidence.truth.exact[inside, k], evidence.given[inside, k]
        parts = PARTS[:1] if share == _MUCH else PARTS
        if found is None or not fits(found, exact, given, share, parts):
            return ""
        return (
            f"{self._at(evidence, decision, k)}; but from {self.variables[j]} = {low:.6g} to "
            f"{high:.6g} f gains {found.gained.sum():.6g}, from which the claim's integral differs "
            f"by only {abs(found.claimed.sum() - found.gained.sum()):.2g}: f is coarse or noisy, "
            "as a table or a solver with a loose tolerance is, or the claim is wrong in places too "
            "narrow to show; f's formula, or f with a tighter tolerance, would settle it"
        )

    def _pieces(
        self,
        candidate: Candidate,
        evidence: Evidence,
        decision: Decision,
        box: np.ndarray,
        k: int,
    ) -> Pieces | None:
        """Compare f's slopes along a variable with what f gains between the points."""
        i, j = divmod(k, len(self.variables))
        base = evidence.truth.points[self._worst(evidence, decision, k)]

        def moved(t: float) -> np.ndarray:
            point: np.ndarray = base.copy()
            point[j] = t
            return point

        def claim(t: float) -> float | None:
            value = candidate(moved(t)).value
            return None if value is None else float(value[k])

        if len(self.variables) == 1:
            known = evidence.truth.known[:, k]
            t, slopes = evidence.truth.points[known, j], evidence.truth.exact[known, k]
            where = decision.bad[known, k]
        else:
            low, high = self._interval(evidence, decision, box, k)
            t = low + (high - low) * (np.arange(_ON_A_LINE) + 0.5) / _ON_A_LINE
            found = [self._along(moved(s), j)[i] for s in t.tolist()]
            known = np.array([one.is_answered for one in found])
            t, slopes = t[known], np.array([one.value for one in found])[known]
            where = np.ones(len(t), dtype=bool)
        order = np.argsort(t)
        t, slopes, where = t[order], slopes[order], where[order]
        if len(t) < 2:
            return None
        alone = np.append(True, np.diff(t) > _ONE * (t[-1] - t[0]))
        return pieces(
            lambda s: float(np.ravel(self._function(moved(s)))[i]),
            claim,
            t[alone],
            slopes[alone],
            where[alone],
        )

    def _in_pieces(self, evidence: Evidence, decision: Decision, k: int, found: Pieces) -> str:
        """Say that f's slopes at points are not those that it has between them."""
        return (
            f"{self._at(evidence, decision, k)}; but between the points f gains {found.missed:.2g} "
            f"of {found.gained:.3g} that its own slopes there don't show: f jumps or bends in "
            "between, as a table does, or a solver with a loose tolerance, and no single slip "
            "explains the differences; f's formula, or f with a tighter tolerance, would settle it"
        )

    def _at(self, evidence: Evidence, decision: Decision, k: int) -> str:
        """Say what f and a claim are where they differ most."""
        row, j = self._worst(evidence, decision, k), k % len(self.variables)
        name, x = self.variables[j], evidence.truth.points[row, j]
        exact, given = evidence.truth.exact[row, k], evidence.given[row, k]
        return (
            f"at {name} = {x:.6g} f as computed has the slope {exact:.6g}, from which the claim "
            f"differs by {abs(given - exact):.2g}"
        )

    def _interval(
        self, evidence: Evidence, decision: Decision, box: np.ndarray, k: int
    ) -> tuple[float, float]:
        """Return where component k is wrong, along its variable, and a little around it."""
        j = k % len(self.variables)
        margin = (box[j, 1] - box[j, 0]) * _MARGIN
        bad = evidence.truth.points[decision.bad[:, k], j]
        return float(max(bad.min() - margin, box[j, 0])), float(min(bad.max() + margin, box[j, 1]))

    @staticmethod
    def _worst(evidence: Evidence, decision: Decision, k: int) -> int:
        """Return the row where component k is most wrong."""
        return int(np.argmax(np.where(decision.bad[:, k], evidence.error[:, k], -1.0)))

    @staticmethod
    def is_spot(decision: Decision) -> bool:
        """Say whether so few points are wrong that they make no region."""
        return bool(decision.bad.any(axis=1).sum() < _REGION)

    def _first(self, point: np.ndarray) -> _Measured:
        n = len(point)
        value = np.full((self._outputs, n), np.nan)
        bar = np.full((self._outputs, n), np.inf)
        rough = np.zeros((self._outputs, n), dtype=bool)
        reason = ""
        for j in range(n):
            try:
                found = self._along(point, j)
            except OutOfTime:
                if j == 0:
                    raise
                self.is_late = True
                break
            for i, one in enumerate(found):
                value[i, j] = one.value
                self.refused = self.refused if one.is_answered else one.reason
                if not one.is_answered:
                    reason = reason or one.reason
                elif not np.isfinite(one.verified):
                    reason = reason or _NO_BAR
                rough[i, j] = one.status in _ROUGH
                bar[i, j] = one.verified + _ROUNDING * abs(one.value)
        return _Measured(value.ravel(), bar.ravel(), rough.ravel(), reason)

    def _mostly_rough(self, evidence: Evidence) -> np.ndarray:
        """Say in which components f moves in stairs at half of the points or more, shape (K,)."""
        rough = np.array([self._found[p.tobytes()].rough for p in evidence.truth.points])
        return np.asarray(rough.sum(axis=0) >= np.fmax(evidence.truth.known.sum(axis=0), 1))

    def _rough_sentence(self, evidence: Evidence, far: np.ndarray) -> str:
        """Say that a claim is not held to what f does between two of its stairs."""
        if not far.any():
            return ""
        row, k = np.argwhere(far)[0]
        name = self.variables[k % len(self.variables)]
        return (
            f"{name} it gives {float(evidence.given[row, k]):.6g} where f as computed has the "
            f"slope {evidence.truth.exact[row, k]:.6g}; but at most points f moves in stairs, or "
            "is made of pieces, as cancelled digits, rounding or a table make it, and a slope "
            "within one of them is not that of what f stands for: f's formula, or f without them, "
            "would settle it"
        )

    def _along(self, point: np.ndarray, j: int) -> list[Estimate]:
        """Return the derivatives of all outputs along one variable."""
        line = self._line(point, j)
        return [measured(line, i, j) for i in range(self._outputs)]

    def _second(self, point: np.ndarray) -> _Measured:
        late: list[OutOfTime] = []

        def function(x: np.ndarray) -> Any:
            try:
                return self._function(x)
            except OutOfTime as error:  # what is measured by then counts
                late.append(error)
                raise StopMeasuring from None

        found = hessian(function, point)
        if late and not np.isfinite(found.value).any():
            raise late[0]
        self.is_late = self.is_late or bool(late)
        bar = (found.error + _ROUNDING * np.abs(found.value)).ravel()
        missing = found.reason[~np.isfinite(found.value)]
        if missing.size:
            self.refused = missing[0]
        reason = missing[0] if missing.size else "" if np.isfinite(bar).all() else _NO_BAR
        return _Measured(found.value.ravel(), bar, np.zeros(bar.shape, dtype=bool), reason)

    def _line(self, point: np.ndarray, j: int) -> Line:
        direction = np.zeros(len(point))
        direction[j] = 1.0
        return Line(self._function, point, direction, False)

    def _ladder(self, point: np.ndarray, k: int, mantissa: float) -> Estimate:
        """Return component k from real steps alone."""
        i, j = divmod(k, len(point))
        return zero_is_flat(ladder.on_line(self._line(point, j), i, j, mantissa=mantissa))

    def _excluded(self, point: np.ndarray, k: int, given: float) -> bool:
        """Say whether a ladder on other steps excludes a claim too."""
        if self._order == 2:
            return True  # two diagonals, four ladders: they have agreed already
        found = self._ladder(point, k, _OTHER_MANTISSA)
        if not found.is_answered:
            return False
        return not abs(given - found.value) <= _AGAIN * found.error + _ROUNDING * abs(found.value)

    def _fits_closely(self, point: np.ndarray, k: int, given: float, exact: float) -> str:
        """Say that a claim is the slope in small steps, where f has another one in large steps.

        A ripple on f that is finer than the steps which a ladder combines looks like noise to it.
        """
        if self._order == 2 or not np.isfinite(given):
            return ""
        i, j = divmod(k, len(point))
        rungs = Rungs(self._line(point, j), i, j, _OTHER_MANTISSA)
        fits: list[float] = []
        for e in _CLOSE_BY:
            rung = rungs.rung(e)
            if rung is None:
                return ""
            is_fit = fits_closely(rung, noise_of(rung), given, exact)
            fits = [*fits, rung.h] if is_fit else []
            if len(fits) == _AGREE:
                return (
                    f"{self.variables[j]} f has two slopes: near h = {fits[0]:.1g} differences "
                    f"come to {rung.odd:.6g}, as it gives, and in larger steps to {exact:.6g}: "
                    "f has a ripple, noise or pieces of that size; f's formula would settle it"
                )
        return ""

    def _beneath(
        self, candidate: Candidate, evidence: Evidence, point: np.ndarray, k: int, given: float
    ) -> str:
        """Say that f shows too little of what it does to hold a claim against it."""
        if self._order == 2 or not np.isfinite(given):
            return ""
        i, j = divmod(k, len(point))

        def claim(t: float) -> float | None:
            moved = point.copy()
            moved[j] += t
            value = candidate(moved).value
            return None if value is None else float(value[k])

        found = self._ladder(point, k, _OTHER_MANTISSA)
        points = evidence.truth.points[:_LOOKED_AT]
        grid = grid_of(np.array([np.ravel(self._function(other))[i] for other in points]))
        said = beneath(self._line(point, j), i, found, given, claim, grid)
        return f"{self.variables[j]} {said}" if said else ""

    def _is_rounding(self, candidate: Candidate, evidence: Evidence, confirmed: np.ndarray) -> bool:
        """Say whether the candidate jumps by as much between neighbouring points."""
        for row, k in np.argwhere(confirmed):
            jump = jitter(candidate, evidence.truth.points[row], k)
            if not evidence.error[row, k] <= _JITTER * jump:
                return False
        return True

    def _trend(self, evidence: Evidence, confirmed: np.ndarray) -> str:
        """Say how the distance of the worst claim from central differences changes with h."""
        if self._order == 2:
            return ""
        with np.errstate(all="ignore"):
            excess = np.where(confirmed, evidence.error / evidence.truth.bound, -1.0)
        row, k = np.unravel_index(int(np.argmax(excess)), excess.shape)
        found = self._ladder(evidence.truth.points[row], int(k), _OTHER_MANTISSA)
        given = float(evidence.given[row, k])
        if not found.is_answered or not np.isfinite(given) or not found.rungs:
            return ""
        return trend_sentence(found, given)

    def _open(self, evidence: Evidence, unclear: np.ndarray, names: tuple[str, ...]) -> str:
        with np.errstate(all="ignore"):
            excess = np.where(unclear, FAR * evidence.error / evidence.truth.bound, -1.0)
        row, k = np.unravel_index(int(np.argmax(excess)), excess.shape)
        exact, bar = evidence.truth.exact[row, k], evidence.truth.bound[row, k] / FAR
        given = float(evidence.given[row, k])
        measured = f"differences measure {exact:.12g} ± {bar:.1e}"
        again = None
        if self._order == 1:
            again = self._ladder(evidence.truth.points[row], int(k), _OTHER_MANTISSA)
        if again is not None and excess[row, k] > FAR:
            other = (
                f"they measure {again.value:.12g} ± {again.error:.1e}"
                if again.is_answered
                else f"with them {again.reason}"
            )
            return (
                f"in {names[k]} it gives {given!r} where {measured}, which excludes it, but other "
                f"steps don't: {other}; f has a ripple, stairs or noise that error bars don't "
                "hold; f's formula would settle it"
            )
        sentence = (
            f"in {names[k]} it gives {given!r} where {measured}: {excess[row, k]:.1f} error bars "
            "off, too few to accuse it and too many to pass it"
        )
        if again is not None and again.is_answered and again.rungs:
            how = trend(again, given)
            if how is not Trend.FLAT:  # which would say that it is off
                sentence += f"; its distance from central differences {how}"
        return sentence + "; f's formula, or points where f is less noisy, would settle it"


def _is_coarse(evidence: Evidence, decision: Decision, k: int) -> bool:
    """Say whether errors that no slip explains are small enough to be those of a solver.

    Near a zero of the derivative they are as large as elsewhere.
    """
    bad = decision.bad[:, k]
    error, exact = evidence.error[bad, k], np.abs(evidence.truth.exact[bad, k])
    return bool(error.sum() <= COARSE * exact.sum())


def _typical(evidence: Evidence) -> np.ndarray:
    """Return the usual size of each component, shape (K,)."""
    return np.asarray(typical_size(np.abs(evidence.truth.exact), evidence.truth.known, axis=0)[0])


def jitter(candidate: Candidate, point: np.ndarray, k: int) -> float:
    """Return by how much component k jumps between neighbours, beyond a straight line."""
    largest = 0.0
    for stretch in (1.0, 2.0**10):
        values = []
        for offset in _OFFSETS:
            found = candidate(point + offset * stretch * np.spacing(point)).value
            if found is None:
                return 0.0
            values.append(found[k])
        matrix = np.vander(_OFFSETS / 1511.0, 2)
        fitted, *_ = np.linalg.lstsq(matrix, np.array(values), rcond=None)
        largest = max(largest, float(np.max(np.abs(values - matrix @ fitted))))
    return largest
