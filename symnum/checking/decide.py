"""Right, inaccurate or wrong: the decision, from certified values and rounding bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symnum.checking.claim import Candidate
from symnum.checking.reference import Reference, Truth
from symnum.checking.rounding import Nature, nature, rounds_to_zero
from symnum.checking.typical import typical_size
from symnum.formula.bounds import UNIT

# Above this share of the derivative its own bound excuses too much: the formula cancels there.
POOR = 2.0**-30
# An answer that agrees to fewer bits than this has lost digits worth speaking of.
_LOST = 2.0**-36
# A smooth error of no more bounds than this is one of a few digits, not of the formula.
_SLIGHT = 64.0
# The share of errors that must be slight beside the derivative itself; the others are near a zero.
_MOSTLY = 0.9
# Rows that are looked at closely where the bound is poor: those that are farthest off, and others
# that are spread over the rest; and how many of them are asked for their nature.
_LOOKED_AT, _SPREAD, _ASKED = 24, 400, 3
# At a poor point, errors up to 64 units and 8 times what moving x by an ulp does are in order.
_UNITS = 64 * UNIT
_CONDITION = 8.0
_SMALLEST = 2.0**-1000

# An error of this share of the derivative's largest value is no rounding where it is smooth.
_FAR_OFF = 2.0**-36
# What is left of a value that lost digits to something of the usual size; so much closer to 0 than
# the other points nothing need be left.
_FEW_DIGITS = 2.0**-7
_CLOSE_TO_0 = 2.0**-20
# What is off by so many units of the derivative's largest value, and so many of them itself, has
# lost its digits; the numbers that it is made of may be so many powers of 2 smaller.
_FINER = 4
_ROUNDINGS = 64.0

# A small constant beside large values is no rounding, and nothing but its size can be seen.
_UNPROVEN = "its errors are like rounding, or no larger than that of its usual values"

# Errors of shares that differ by no more than this factor, of values that differ by more than that.
_ALIKE, _VARIES = 2.0, 8.0

# So many errors that are the same share of the derivative, to this share of it, are no accident.
_REPEATED = 8
_REPEATS = 1e-3

_FLOAT32 = 2.0**29
# So few values are those of a constant or a step, and show no precision.
_STEPS = 2


@dataclass(frozen=True)
class Evidence:
    """Everything that was seen: the truth and the candidate's values at all points so far."""

    truth: Truth
    given: np.ndarray
    # What was raised at each point, in one line; empty where nothing was.
    raised: tuple[str, ...] = ()

    def raised_at(self, row: int) -> str:
        """Return what was raised at a point, in one line; empty where nothing was."""
        return self.raised[row] if self.raised else ""

    @cached_property
    def error(self) -> np.ndarray:
        """|given - exact|; infinite where the candidate isn't finite and the truth is."""
        with np.errstate(all="ignore"):
            error = np.abs(self.given - self.truth.exact)
        return np.asarray(np.where(np.isnan(error), np.inf, error))

    @cached_property
    def bad(self) -> np.ndarray:
        """Where the error is more than rounding explains."""
        # At a kink NaN is a convention of its own: a finding, not a wrong value.
        convention = self.truth.hull & ~np.isfinite(self.given)
        beyond = (self.error > self.truth.bound) & (self.error > self.residue)
        return np.asarray(self.truth.known & beyond & ~convention)

    @cached_property
    def residue(self) -> np.ndarray:
        """Return what may be left over where the exact derivative is 0, shape (P, K).

        sin(pi) in doubles is 1e-16, and a step of 1e-60 into the complex plane leaves 1e-120:
        beyond any rounding of 0, and nothing beside the derivative's size elsewhere.
        """
        zero = self.truth.known & (self.truth.exact == 0)
        if not zero.any():
            return np.zeros(zero.shape)
        typical = typical_size(np.abs(self.truth.exact), self.truth.known & ~zero, axis=0)
        return np.asarray(np.where(zero, _UNITS * typical, 0.0))

    @cached_property
    def poor(self) -> np.ndarray:
        """Where the bound is too wide to say much."""
        wide = self.truth.bound > POOR * np.abs(self.truth.exact)
        return np.asarray(self.truth.known & wide & ~self.truth.hull)

    def largest(self, k: int) -> float:
        """Return the largest size of a component, where it is known."""
        known = self.truth.known[:, k]
        return float(np.max(np.abs(self.truth.exact[known, k]), initial=0.0))

    @cached_property
    def scale(self) -> np.ndarray:
        """Typical sizes of the variables, shape (n,)."""
        points = np.abs(self.truth.points)
        size = typical_size(points, np.ones(points.shape, bool), axis=0)[0]
        return np.asarray(np.where(size > 0, size, 1.0))

    def join(self, other: Evidence) -> Evidence:
        """Return both."""
        given = np.concatenate([self.given, other.given])
        raised: tuple[str, ...] = ()
        if self.raised or other.raised:
            none = ("",)
            raised = (self.raised or none * len(self.given)) + (
                other.raised or none * len(other.given)
            )
        return Evidence(self.truth.join(other.truth), given, raised)


@dataclass(frozen=True)
class Decision:
    """What the evidence comes to.

    Parameters
    ----------
    wrong : tuple of int
        Components that are wrong.
    inaccurate : tuple of int
        Components that lost digits.
    lost : str
        What was lost, in words.
    bad : bool array, shape (P, K)
        The entries that count as wrong.
    """

    wrong: tuple[int, ...]
    inaccurate: tuple[int, ...]
    lost: str
    bad: np.ndarray


def decide(
    candidate: Candidate, reference: Reference, evidence: Evidence, rng: np.random.Generator
) -> Decision:
    """Decide from the evidence which components are wrong and which have lost digits."""
    bad, confirmed = _confirm_poor(candidate, reference, evidence, rng)
    wrong: list[int] = []
    rounded: list[int] = []
    for k in np.flatnonzero(bad.any(axis=0)).tolist():
        if k in confirmed or not np.all(np.isfinite(evidence.given[bad[:, k], k])):
            wrong.append(k)
        elif _is_rounding(candidate, reference, evidence, bad[:, k], k, rng):
            rounded.append(k)
        else:
            wrong.append(k)
    slight = [k for k in wrong if _slight(evidence, bad[:, k], k)]
    if len(slight) == len(wrong) and wrong:
        error = evidence.error[:, wrong][bad[:, wrong]]
        scale = np.abs(evidence.truth.exact[:, wrong][bad[:, wrong]])
        digits = float(np.median(error / np.where(scale == 0, 1, scale)))
        lost = (
            f"an error of {digits:.1e} of itself: more than rounding explains, and too small for a "
            "wrong formula"
        )
        return Decision((), tuple(wrong), lost, bad)
    if wrong:
        return Decision(tuple(wrong), tuple(rounded), "", bad)
    return lost_digits(evidence, bad)


def _is_rounding(
    candidate: Candidate,
    reference: Reference,
    evidence: Evidence,
    bad: np.ndarray,
    k: int,
    rng: np.random.Generator,
) -> bool:
    """Ask for the error's nature at its worst, its middle and its least; the majority decides."""
    rows = np.flatnonzero(bad)
    known = evidence.truth.known[:, k]
    largest = evidence.largest(k)
    # p*(1 - p) is 0 where p rounds to 1: as smooth as a mistake. How it rounds is seen before that.
    gone = _is_left_over(evidence.given[rows, k], largest) & (
        evidence.error[rows, k] <= _ROUNDINGS * UNIT * largest
    )
    if gone.all():
        return True
    rows = rows[~gone]
    # What is 0 is all off by the same share of itself; whether rounding left it is asked below.
    if _one_factor(evidence, rows[evidence.given[rows, k] != 0], k):
        return False
    typical = float(np.median(np.abs(evidence.truth.exact[known, k])))
    error, exact = evidence.error[rows, k], np.abs(evidence.truth.exact[rows, k])
    points = np.abs(evidence.truth.points[rows])
    close = np.any((points > 0) & (points < _CLOSE_TO_0 * evidence.scale), axis=1)
    few = (error <= UNIT * typical) & (close | (error <= _FEW_DIGITS * exact))
    if np.all(few) and not _is_share(error, exact):
        return True  # less than one rounding of the usual size: sin(pi) is no 0
    with np.errstate(all="ignore"):
        excess = evidence.error[rows, k] / evidence.truth.bound[rows, k]
    order = rows[np.argsort(excess)]
    farthest = int(rows[np.argmax(evidence.error[rows, k])])
    chosen = dict.fromkeys([int(order[-1]), int(order[len(order) // 2]), int(order[0])])
    found = {
        row: _nature_at(
            candidate, reference, evidence, (row, k), float(evidence.error[row, k]), rng
        )
        for row in (*chosen, farthest)
    }
    # What is less than a few roundings of the largest value is one, if it scatters anywhere: with
    # a factor y before it 1 - p is smooth between two of its units, and no multiple of any.
    if np.all(error <= _ROUNDINGS * UNIT * largest):
        return Nature.ROUNDING in found.values()
    # A mistake in one region doesn't hide behind the digits that are lost in another.
    if found[farthest] is Nature.WRONG and evidence.error[farthest, k] > _FAR_OFF * largest:
        return False
    asked = [found[row] for row in chosen]
    return asked.count(Nature.ROUNDING) > len(asked) / 2


def _nature_at(
    candidate: Candidate,
    reference: Reference,
    evidence: Evidence,
    entry: tuple[int, int],
    error: float,
    rng: np.random.Generator,
) -> Nature:
    """Return what the error of one entry looks like; a 0 looks like nothing where it stands."""
    row, k = entry
    truth = evidence.truth
    found = nature(
        candidate,
        reference,
        truth.points[row],
        k,
        error,
        rng,
        scale=evidence.scale,
        drop_explained=not evidence.poor[row, k],
    )
    if found is Nature.ROUNDING or evidence.given[row, k] != 0:
        return found
    rows = np.flatnonzero(truth.known[:, k])
    ordered = rows[np.argsort(np.abs(truth.exact[rows, k]), kind="stable")]
    least, largest = ordered[0], ordered[-1]
    way = truth.points[largest] - truth.points[least if row == largest else row]
    left_over = rounds_to_zero(candidate, reference, truth.points[row], k, way)
    return Nature.ROUNDING if left_over else found


def _is_share(error: np.ndarray, exact: np.ndarray) -> bool:
    """Say whether errors grow with the values: they are a share of them, and no rounding beside."""
    seen = exact > 0
    if seen.sum() < _REPEATED:
        return False
    share = error[seen] / exact[seen]
    varies = exact[seen].max() > _VARIES * exact[seen].min()
    return bool(varies and share.max() <= _ALIKE * share.min())


def _is_left_over(given: np.ndarray, largest: float) -> np.ndarray:
    """Say which values are 0 or a few of the last units of a larger one: what 1 - p leaves."""
    if not largest:
        return np.asarray(given == 0)
    unit = UNIT * 2.0 ** (math.frexp(largest)[1] - _FINER)
    with np.errstate(all="ignore"):
        units = np.round(given / unit)
        on_grid = (units != 0) & (np.abs(given - units * unit) <= _LOST * np.abs(given))
    few = np.abs(given) <= _ROUNDINGS * UNIT * largest
    return np.asarray((given == 0) | (on_grid & few))


def _one_factor(evidence: Evidence, rows: np.ndarray, k: int) -> bool:
    """Say whether most of the errors are one and the same share: rounding doesn't repeat itself."""
    exact = evidence.truth.exact[rows, k]
    with np.errstate(all="ignore"):
        share = (evidence.given[rows, k] - exact) / exact
    share = share[np.isfinite(share)]
    if len(share) < _REPEATED:
        return False
    middle = np.median(share)
    return bool(np.mean(np.abs(share - middle) <= _REPEATS * abs(middle)) > 0.5)


def _slight(evidence: Evidence, bad: np.ndarray, k: int) -> bool:
    """Say whether smooth errors are so small that only digits are missing, not a formula."""
    truth = evidence.truth
    if truth.hull[bad, k].any():  # a kink's bound is the gap between its two slopes
        return False
    error, bound, size = evidence.error[bad, k], truth.bound[bad, k], np.abs(truth.exact[bad, k])
    known = truth.known[:, k]
    typical = float(np.median(np.abs(truth.exact[known, k]))) if known.any() else 0.0
    few = (error <= _SLIGHT * bound) & (error <= POOR * np.fmax(size, typical))
    close = error <= _LOST * size
    near_zero = error <= _LOST * typical
    return bool(np.all(few | close | near_zero) and np.mean(few | close) >= _MOSTLY)


def _confirm_poor(
    candidate: Candidate, reference: Reference, evidence: Evidence, rng: np.random.Generator
) -> tuple[np.ndarray, set[int]]:
    """Look closer where the formula's own program cancels and its bound excuses too much.

    There the yardstick is the conditioning, from certified values only: what moving x by one unit
    in the last place does to the derivative. What exceeds it is suspicious, and its nature decides.
    """
    bad = evidence.bad.copy()
    confirmed: set[int] = set()
    truth = evidence.truth
    doubtful = evidence.poor & (evidence.error > _UNITS * np.abs(truth.exact))
    columns = np.flatnonzero(doubtful.any(axis=0)).tolist()
    for k in columns:
        # Where the bound is poor, the error beside the reference's own double says little.
        off = _certified_errors(reference, evidence, np.flatnonzero(doubtful[:, k]), k, rng)
        for rows, few in _apart(evidence, off, k):
            found = [
                _nature_at(candidate, reference, evidence, (row, k), off[row][0], rng)
                for row in _asked(truth, rows, off, k, few)
            ]
            rounding = found.count(Nature.ROUNDING)
            if found.count(Nature.WRONG) > rounding and not (few and rounding):
                bad[rows, k] = True
                confirmed.add(k)
    return bad, confirmed


def _certified_errors(
    reference: Reference,
    evidence: Evidence,
    rows: np.ndarray,
    k: int,
    rng: np.random.Generator,
) -> dict[int, tuple[float, float]]:
    """Return the certified error and its share of the derivative, of rows that are off.

    Those are off that exceed what moving x by one unit in the last place does to the derivative.
    """
    truth = evidence.truth
    rows = rows[np.argsort(-evidence.error[rows, k] / _scale(truth, rows, k))]
    # A mistake in a part of the box may be small beside the bound: not only the largest are asked.
    rest = rows[_LOOKED_AT:]
    rows = np.concatenate([rows[:_LOOKED_AT], rest[:: max(1, len(rest) // _SPREAD)]])
    exact = reference.component(truth.points[rows], k)
    error = np.abs(evidence.given[rows, k] - exact)
    with np.errstate(all="ignore"):
        share = error / np.maximum(np.abs(exact), _SMALLEST)
    off = np.isfinite(exact) & ~(error <= _UNITS * np.abs(exact) + _SMALLEST)
    rows, exact, error, share = rows[off], exact[off], error[off], share[off]
    largest = np.argsort(-error / _scale(truth, rows, k), kind="stable")[:_LOOKED_AT]
    picked = np.unique(np.concatenate([largest, np.argsort(-share, kind="stable")[:_LOOKED_AT]]))
    rows, exact, error, share = rows[picked], exact[picked], error[picked], share[picked]
    if not rows.size:
        return {}
    moved = condition(reference, truth.points[rows], k, rng)
    allowed = _UNITS * np.abs(exact) + _CONDITION * moved + _SMALLEST
    off = ~(error <= np.fmax(allowed, evidence.residue[rows, k]))
    pairs = zip(error[off].tolist(), share[off].tolist(), strict=True)
    return dict(zip(rows[off].tolist(), pairs, strict=True))


def _apart(
    evidence: Evidence, off: dict[int, tuple[float, float]], k: int
) -> list[tuple[list[int], bool]]:
    """Return the rows that are off by more than a few roundings of the largest value, and others.

    The others are those of lost digits where any of them scatters; what 1 - p leaves over is none.
    """
    rows = np.array(list(off), dtype=int)
    largest = evidence.largest(k)
    few = np.array([off[row][0] <= _ROUNDINGS * UNIT * largest for row in off], dtype=bool)
    left_over = _is_left_over(evidence.given[rows, k], largest)
    return [(rows[~few].tolist(), False), (rows[few & ~left_over].tolist(), True)]


def _asked(
    truth: Truth, rows: list[int], off: dict[int, tuple[float, float]], k: int, few: bool
) -> list[int]:
    """Return rows whose nature decides: the worst by bound and by share.

    Where errors are few roundings, and any that scatters says that all are, some between them too.
    """
    if not rows:
        return []
    bound = _scale(truth, np.array(rows), k)
    by_bound = [rows[i] for i in np.argsort([-off[row][0] for row in rows] / bound)]
    by_share = sorted(rows, key=lambda row: -off[row][1])
    parts = min(len(rows), _ASKED) if few else 0
    between = [by_share[(2 * i + 1) * len(rows) // (2 * parts)] for i in range(parts)]
    return list(dict.fromkeys([*by_bound[:_ASKED], *by_share[:_ASKED], *between]))


def _scale(truth: Truth, rows: np.ndarray, k: int) -> np.ndarray:
    least = 1e-12 * np.abs(truth.exact[rows, k])
    return np.asarray(np.maximum(truth.bound[rows, k], least) + _SMALLEST)


def condition(
    reference: Reference, points: np.ndarray, k: int, rng: np.random.Generator
) -> np.ndarray:
    """Return how far the derivative moves when every coordinate moves by one ulp, either way."""
    here = reference.component(points, k)
    largest = np.zeros(len(points))
    for _ in range(3):
        signs = rng.choice([-1.0, 1.0], size=points.shape)
        moved = reference.component(points + signs * np.spacing(points), k)
        largest = np.fmax(largest, np.abs(moved - here))
    return largest


def lost_digits(evidence: Evidence, bad: np.ndarray, *, is_proven: bool = False) -> Decision:
    """Every error is rounding: say whether it cost digits worth speaking of.

    Parameters
    ----------
    evidence : Evidence
        What was seen.
    bad : bool array, shape (P, K)
        The entries that are off by more than the reference's rounding.
    is_proven : bool
        Whether the candidate's code was found right on paper; otherwise its errors look like it.
    """
    truth = evidence.truth
    error = np.where(truth.known & ~truth.hull, evidence.error, 0.0)
    size = np.abs(truth.exact)
    typical = typical_size(size, truth.known, axis=1)
    lost = error > _LOST * np.fmax(size, np.nan_to_num(typical))
    lost &= (error > np.fmax(truth.bound, evidence.residue)) & (error > _SMALLEST)
    gone = (error > size / 2) & (truth.bound < POOR * size) & truth.known & ~truth.hull
    if gone.any():
        lost_all = tuple(np.flatnonzero(gone.any(axis=0)).tolist())
        words = (
            "right on paper, but somewhere no digit is left: it cancels, overflows or underflows "
            "inside"
            if is_proven
            else f"somewhere no digit is left: {_UNPROVEN}; does it cancel, overflow or underflow "
            "inside?"
        )
        return Decision((), lost_all, words, gone)
    components = tuple(np.flatnonzero(lost.any(axis=0)).tolist())
    if not components:
        return Decision((), (), "", bad)
    with np.errstate(all="ignore"):
        digits = np.where(lost, error / np.where(size == 0, 1.0, size), 0.0)
    row, k = np.unravel_index(np.argmax(digits), digits.shape)
    kept = max(0.0, -float(np.log10(max(digits[row, k], 1e-17))))
    words = f"only about {kept:.0f} of 16 digits are left in the worst case"
    words = f"right, but {words}" if is_proven else f"{words}: {_UNPROVEN}"
    return Decision((), components, words, bad)


def float32_inside(candidate: Candidate, evidence: Evidence, bad: np.ndarray) -> bool:
    """Say whether the errors are those of single precision somewhere inside."""
    truth, error = evidence.truth, evidence.error
    seen = (bad | evidence.poor) & (error > _UNITS * np.abs(truth.exact)) & truth.known
    for k in np.flatnonzero(seen.any(axis=0)).tolist():
        # 0, or a few units of something larger, is a single whatever it was computed in.
        seen[:, k] &= ~_is_left_over(evidence.given[:, k], evidence.largest(k))
    if seen.any(axis=1).sum() < 3:
        return False
    ceiling = 2.0**-120 * (1 + np.max(np.abs(truth.exact), axis=1, keepdims=True, initial=0.0))
    if np.any(seen & (error > _FLOAT32 * truth.bound + ceiling)):
        return False
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    # A constant, or a step, is no single more than a double.
    moves = len(np.unique(evidence.given[np.ix_(rows, columns)], axis=0)) > _STEPS
    rows = rows[:12]
    given = evidence.given[np.ix_(rows, columns)]
    is_single = given == given.astype(np.float32)
    rounded = [
        candidate(evidence.truth.points[r].astype(np.float32).astype(np.float64)) for r in rows
    ]
    same = all(
        answer.value is not None and np.array_equal(answer.value[columns], given[i])
        for i, answer in enumerate(rounded)
    )
    varied = len({tuple(row) for row in given.tolist()}) == len(rows)
    if same and moves and (is_single.all() or varied):
        return True
    # A double rounded to a single, of which the smallest lie 2^-149 apart.
    cast = error[seen] <= 1.01 * (2.0**-24 * np.abs(truth.exact[seen]) + 2.0**-150)
    return bool(is_single.all() and cast.all() and given.any())


def detection_limit(
    reference: Reference, evidence: Evidence, rng: np.random.Generator
) -> tuple[float, ...]:
    """Return for each component the smallest relative error that would have been seen.

    It holds for an error proportional to the component everywhere. Where the exact derivative is 0
    at every point it is that of `limit_beside_others`.
    """
    truth = evidence.truth
    usable = truth.known & ~truth.hull & (truth.exact != 0)
    with np.errstate(all="ignore"):
        share = np.where(usable, truth.bound / np.abs(truth.exact), np.inf)
    limits = share.min(axis=0, initial=np.inf)
    for k in np.flatnonzero((limits > POOR) & np.isfinite(limits)).tolist():
        rows = np.flatnonzero(usable[:, k])
        rows = rows[:: max(1, len(rows) // 40)][:40]
        moved = condition(reference, truth.points[rows], k, rng)
        exact = reference.component(truth.points[rows], k)
        error = np.abs(evidence.given[rows, k] - exact)
        with np.errstate(all="ignore"):
            each = np.fmax(_UNITS + _CONDITION * moved / np.abs(exact), 8 * error / np.abs(exact))
        limits[k] = min(limits[k], float(np.median(each)))
    zero = truth.known & ~truth.hull & (truth.exact == 0)
    return limit_beside_others(truth, zero, limits)


def limit_beside_others(truth: Truth, zero: np.ndarray, limits: np.ndarray) -> tuple[float, ...]:
    """Return the limits, with one for components whose derivative is 0 wherever it is known.

    Beside 0 there is no relative error. There the limit is a share of the other components' usual
    size, and an absolute error where all of them are 0.

    Parameters
    ----------
    truth : Truth
        What is known.
    zero : bool array, shape (P, K)
        Where the derivative is 0.
    limits : float64 array, shape (K,)
        Those of the other components; infinite where there is none.
    """
    size = np.abs(truth.exact[truth.known & ~truth.hull & ~zero])
    typical = float(typical_size(size, np.ones(size.shape, bool), 0)[0]) if size.size else 1.0
    seen = np.where(zero, truth.bound, np.inf).min(axis=0, initial=np.inf)
    return tuple(np.where(np.isinf(limits), seen / typical, limits).tolist())


def worst_first(evidence: Evidence, bad: np.ndarray, components: Sequence[int]) -> list[int]:
    """Order components by their largest error in units of its bound."""
    with np.errstate(all="ignore"):
        excess = np.where(bad, evidence.error / evidence.truth.bound, 0.0)
    peaks = excess.max(axis=0)
    return sorted(components, key=lambda k: (-peaks[k], k))
