"""Many parameters without a formula: which entries of a gradient are wrong, in few evaluations.

One derivative along a direction of random signs sees an error in any entry. Weighting the entries
then says where it sits, up to 32 parts at a time; what is found is confirmed alone, and a last
direction that leaves it out says whether there is more. Nothing is accused on a group's evidence.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from symnum.checking.watch import OutOfTime
from symnum.differences.estimate import Estimate
from symnum.differences.evidence import trend_sentence

# Magnitudes of a direction's entries: plain signs cancel half of all swapped pairs.
_MAGNITUDES = 64
# A measurement names one of so many parts.
_PARTS = 32
# A part is told from its neighbour where the difference is so many error bars.
_APART = 12.0
# The fewest error bars between two parts with which one can be told from the other.
_TOLD = 6.0
# Two directions whose errors differ by more are not of one scale: the second is measured in full.
_LIKE = 1.5
# The same for the direction that asks whether there is more, after wrong entries were named.
_LAST = 8.0
# So many directions without a difference are enough; one is, after wrong entries were named.
_QUIET = 2
# Wrong entries that are looked for; beyond them "and more" is the answer.
MOST_NAMED = 200
# What differs by more than this share of the gradient along a direction is no solver's tolerance.
_PLAIN = 2.0**-5
# And it is so many error bars off.
_FAR = 100.0
# Evaluations after which a search by halves is given up: at first, and more for each found entry.
_PATIENCE, _PER_ENTRY = 150, 40
# What is this much smaller than a direction's difference is left to the next one, which leaves out
# the entries that were named and is measured more sharply.
_NOTICED = 256
_STRETCH = 16.0
_UNIT = 2.0**-53


@dataclass(frozen=True)
class Slope:
    """A derivative along a direction, measured.

    Parameters
    ----------
    value : float
        The derivative; NaN where there is none.
    error : float
        Its error bar.
    reason : str
        Why there is none; empty otherwise.
    ladder : Estimate, optional
        The steps that it was measured with, where there are any.
    """

    value: float
    error: float
    reason: str = ""
    ladder: Estimate | None = None


class Line(Protocol):
    """Derivatives of a function at a point, along directions.

    Attributes
    ----------
    evaluations : int
        How many evaluations of f it has taken so far.
    least_error : float
        The share of an entry that it may be off by and yet be right, beyond rounding.
    """

    @property
    def evaluations(self) -> int: ...  # noqa: D102  # above
    @property
    def least_error(self) -> float: ...  # noqa: D102

    def full(self, direction: np.ndarray) -> Slope:
        """Measure with noise, truncation and error bar found out for this direction."""

    def cheap(self, direction: np.ndarray, bar: float) -> Slope:
        """Measure in few evaluations, as a full one found it safe; `bar` is what will do."""

    def alone(self, direction: np.ndarray, bar: float) -> tuple[Slope, Slope]:
        """Measure with two sets of steps, each with an error bar of its own; `bar` will do."""


@dataclass(frozen=True)
class Found:
    """What was found of a gradient at one point.

    Parameters
    ----------
    wrong : dict of int to float
        Entries that are wrong, with their measured derivatives.
    limit : float64 array, shape (n,)
        For each entry, the smallest absolute error that would have been seen.
    factor : float or None
        Where the whole gradient is off by one factor: given/exact.
    factor_error : float
        How far that may be off.
    undecided : str
        Why something is left open; empty where nothing is.
    evaluations : int
        Evaluations of f.
    seen : tuple of float
        What the last direction showed, and what rounding and truncation explain there.
    note : str
        A difference that was seen and is held against nobody; empty where there is none.
    trend : str
        How the distance of the claim from central differences changes with h, along the first
        direction that shows one; empty where none does.
    late : str
        What had been found when the time was over; empty where it was not.
    is_plain : bool
        Whether what is undecided is only which entries are wrong: that many are is not.
    """

    wrong: dict[int, float] = field(default_factory=dict)
    limit: np.ndarray = field(default_factory=lambda: np.zeros(0))
    factor: float | None = None
    factor_error: float = 0.0
    undecided: str = ""
    evaluations: int = 0
    seen: tuple[float, float] = (0.0, 0.0)
    note: str = ""
    trend: str = ""
    late: str = ""
    is_plain: bool = False


@dataclass
class _Search:
    """One search: the line, the claim, and what has come of it."""

    line: Line
    claim: np.ndarray
    rng: np.random.Generator
    blocks: Sequence[int]
    progress: Callable[[int], None] | None
    wrong: dict[int, float] = field(default_factory=dict)
    note: str = ""
    trend: str = ""
    measured: int = 0
    seen: tuple[float, float] = (0.0, 0.0)

    def direction(self) -> np.ndarray:
        """Return random signs with random magnitudes between 1 and 2; 0 where found wrong."""
        n = len(self.claim)
        signs = self.rng.choice([-1.0, 1.0], n)
        magnitudes = 1 + self.rng.integers(0, _MAGNITUDES, n) / _MAGNITUDES
        direction = np.asarray(signs * magnitudes)
        direction[list(self.wrong)] = 0.0
        return direction

    def rounding(self, direction: np.ndarray) -> float:
        """Return what rounding explains of a right gradient's product with a direction."""
        parts = direction * self.claim
        return 8 * _UNIT * math.hypot(*parts.tolist()) + 4 * _UNIT * abs(_dot(parts))

    def least(self, direction: np.ndarray) -> float:
        """Return what a right gradient may be off along a direction, where f itself is."""
        return self.line.least_error * math.hypot(*(direction * self.claim).tolist())

    def residual(self, slope: Slope, direction: np.ndarray) -> tuple[float, float]:
        """Return how far a measured slope is from the claim's, and what explains as much."""
        self.measured += not slope.reason
        return (
            slope.value - _dot(direction * self.claim),
            slope.error + self.rounding(direction),
        )

    def late(self) -> str:
        """Say what had been found when the time was over."""
        count = f"{self.measured} direction{'s' * (self.measured != 1)} at the next one"
        residual, theta = self.seen
        if self.wrong:
            return f"{count}, and {len(self.wrong)} wrong entries were named"
        if abs(residual) > theta:
            return (
                f"{count}, and along one it differs by {abs(residual):.3g}, "
                f"{abs(residual) / theta:.3g} times what its error bar explains: which entries "
                "are wrong, if any, takes more time"
            )
        return f"{count}, and nothing was found wrong"

    def remember_trend(self, slope: Slope, direction: np.ndarray) -> None:
        """Keep how the first difference that is seen changes with h."""
        if not self.trend and slope.ladder is not None and slope.ladder.rungs:
            sentence = trend_sentence(slope.ladder, _dot(direction * self.claim))
            self.trend = f"along a random direction {sentence}"

    def cheap(self, direction: np.ndarray, bar: float) -> tuple[float, float]:
        """Measure the residual along a direction in few evaluations."""
        if self.progress is not None:
            self.progress(self.line.evaluations)
        return self.residual(self.line.cheap(direction, bar), direction)


def _dot(products: np.ndarray) -> float:
    return math.fsum(products.tolist())


def find_wrong_entries(
    line: Line,
    claim: np.ndarray,
    seed: int,
    blocks: Sequence[int] = (),
    progress: Callable[[int], None] | None = None,
    doubt: Callable[[np.ndarray, Slope], str] | None = None,
) -> Found:
    """Find which entries of a claimed gradient are wrong.

    Parameters
    ----------
    line : Line
        Measures derivatives of f along directions.
    claim : float64 array, shape (n,)
        Somebody's gradient.
    seed : int
        Of the directions.
    blocks : sequence of int, optional
        Where the blocks of parameters (layers, arrays) end: they are told apart first.
    progress : callable, optional
        Is told how many evaluations there were.
    doubt : callable, optional
        Of a direction and its full measurement: why the claim is not held to it; empty where it is.

    Returns
    -------
    Found
        Wrong entries, each confirmed alone, and how small an error would have been seen.
    """
    search = _Search(line, claim, np.random.default_rng(seed), tuple(blocks), progress)
    broken = np.flatnonzero(~np.isfinite(claim))
    if broken.size:
        wrong = {int(k): math.nan for k in broken}
        return Found(wrong, np.zeros(len(claim)), evaluations=line.evaluations)
    limit = np.full(len(claim), np.inf)
    try:
        return _find(search, limit, doubt)
    except OutOfTime:
        return _found(search, limit, search.seen, late=search.late())


def _find(
    search: _Search, limit: np.ndarray, doubt: Callable[[np.ndarray, Slope], str] | None
) -> Found:
    """Find the wrong entries of a finite claim; `limit` is filled in as directions are quiet."""
    line, claim = search.line, search.claim
    quiet = failed = 0
    usual = math.inf  # what rounding and truncation explained along the first direction
    residual = theta = 0.0
    while len(search.wrong) < MOST_NAMED and quiet < _QUIET:
        direction = search.direction()
        if not direction.any():
            break
        is_cheap = usual < math.inf
        # Once something is wrong, what the last direction shows need not be as sharp as can be.
        like, bar = (_LAST, _LAST / 2 * usual) if search.wrong else (_LIKE, 0.0)
        slope = line.cheap(direction, bar) if is_cheap else line.full(direction)
        residual, theta = search.residual(slope, direction)
        doubtful = slope.reason or theta > like * usual
        # A cheap measurement accuses nobody.
        if is_cheap and (doubtful or (abs(residual) > theta and not search.wrong)):
            is_cheap = False
            slope = line.full(direction)
            residual, theta = search.residual(slope, direction)
        if slope.reason:
            failed += 1
            if failed > 1:
                return _open(search, limit, slope.reason)
            continue
        usual = min(usual, theta)
        search.seen = (residual, theta)
        named = len(search.wrong)
        if abs(residual) > theta:
            reason = "" if doubt is None or search.wrong else doubt(direction, slope)
            if reason:
                return _open(search, limit, f"along a random direction {reason}", (residual, theta))
            search.remember_trend(slope, direction)
            if not search.wrong and _is_flat(search, slope, direction, theta):
                break
            factor = None if search.wrong else _factor(search, direction, residual, theta)
            if factor is not None:
                return Found(
                    {},
                    limit,
                    factor[0],
                    factor[1],
                    evaluations=line.evaluations,
                    seen=(residual, theta),
                    trend=search.trend,
                )
            if _name_one(search, direction, residual, theta):
                quiet = 0
                continue
            if is_cheap:  # its step was safe along another direction, which is not this one
                slope = line.full(direction)
                if slope.reason:
                    return _open(search, limit, slope.reason)
                residual, theta = search.residual(slope, direction)
            # All entries a little off, as where f is, are not accused one by one.
            if theta < abs(residual) <= search.least(direction):
                search.note = (
                    f"along a random direction it differs from f by {abs(residual):.2g}, "
                    f"{abs(residual) / theta:.2g} error bars: as much as all entries together may "
                    "be off where f is a solver with a tolerance"
                )
                theta = search.least(direction)
        if abs(residual) <= theta:
            with np.errstate(divide="ignore"):
                seen = (4 if line.least_error else 2) * theta / np.abs(direction)
            seen = np.fmax(seen, line.least_error * np.abs(claim))
            limit[:] = np.where(direction == 0, limit, np.fmax(seen, limit if quiet else 0.0))
            quiet += 2 if search.wrong else 1
            continue
        quiet = 0
        _split(search, direction, residual, theta)
        if len(search.wrong) == named:
            reason = (
                f"a random direction shows a difference of {residual:.3g}, "
                f"{abs(residual) / theta:.3g} times what its error bar explains, but no entry "
                "alone could be confirmed"
            )
            return _open(search, limit, reason, (residual, theta), is_plain=_is_plain(search))
    return _found(search, limit, (residual, theta))


def _found(search: _Search, limit: np.ndarray, seen: tuple[float, float], late: str = "") -> Found:
    """Return what a search has come to."""
    return Found(
        search.wrong,
        limit,
        evaluations=search.line.evaluations,
        seen=seen,
        note=search.note,
        trend=search.trend,
        late=late,
    )


def _is_plain(search: _Search) -> bool:
    """Say whether two other directions, measured in full, show that much is wrong, too."""
    if search.wrong:
        return False
    for _ in range(_QUIET):
        direction = search.direction()
        slope = search.line.full(direction)
        residual, theta = search.residual(slope, direction)
        size = math.hypot(*(direction * search.claim).tolist())
        if slope.reason or not abs(residual) > max(_FAR * theta, _PLAIN * size):
            return False
    return True


def _open(
    search: _Search,
    limit: np.ndarray,
    reason: str,
    seen: tuple[float, float] = (0.0, 0.0),
    *,
    is_plain: bool = False,
) -> Found:
    return Found(
        search.wrong,
        limit,
        undecided=reason,
        evaluations=search.line.evaluations,
        seen=seen,
        trend=search.trend,
        is_plain=is_plain,
    )


def _is_flat(search: _Search, slope: Slope, direction: np.ndarray, theta: float) -> bool:
    """Say whether f moves along no direction at all: then every entry but 0 is wrong.

    Entries of random signs and sizes don't cancel along two directions.
    """
    if abs(slope.value) > slope.error:
        return False
    second = search.line.full(search.direction())
    if second.reason or abs(second.value) > second.error:
        return False
    told = np.abs(search.claim * direction) > _APART * max(theta, slope.error, second.error)
    search.wrong |= {int(k): 0.0 for k in np.flatnonzero(told)[:MOST_NAMED]}
    return bool(told.any())


def _factor(
    search: _Search, direction: np.ndarray, residual: float, theta: float
) -> tuple[float, float] | None:
    """Return given/exact and its error, where two directions say that all is off by one factor."""
    if not search.claim.any():
        return 0.0, 0.0
    product = _dot(direction * search.claim)
    if abs(residual + product) <= theta or abs(product) <= theta:
        return None  # f doesn't move, or g is 0 along it
    one = residual / product
    if abs(one) <= search.line.least_error:
        return None
    other = search.direction()
    second = _dot(other * search.claim)
    # A coarse measurement tells most gradients from one that is off by a factor.
    for wanted in (abs(residual) / (_TOLD * _PARTS), theta):
        again, bar = search.cheap(other, wanted)
        if abs(second) <= bar or abs(again) <= bar:
            return None
        two = again / second
        allowed = theta / abs(product) + bar / abs(second)
        if abs(one - two) > allowed or abs(one) <= 4 * allowed:
            return None
    factor = 1 / (1 + one)
    return factor, min(theta / abs(product), allowed) * factor**2


# --- one wrong entry: its index is read -----------------------------------------------------------


def _name_one(search: _Search, direction: np.ndarray, residual: float, theta: float) -> bool:
    """Read the index of the only wrong entry, part by part; False where it isn't the only one."""
    suspects = np.flatnonzero(direction)
    first = True
    bar = theta
    while len(suspects) > 1:
        parts = _parts(suspects, _count(residual, bar, len(suspects)), search.blocks, first)
        first = False
        if len(parts) < 2:
            return False
        weighted = np.zeros(len(direction))
        for a, part in enumerate(parts, start=1):
            weighted[part] = direction[part] * (a / len(parts))
        seen, bar = search.cheap(weighted, abs(residual) / (_TOLD * len(parts)))
        place = seen / residual * len(parts)
        a = round(place)
        if not 1 <= a <= len(parts) or abs(place - a) > 0.25:
            return False
        # A bar that holds along one direction may be short of another's truncation by some times.
        allowed = min(_STRETCH * (bar + theta), abs(residual) / (8 * len(parts)))
        if abs(seen - residual * a / len(parts)) > allowed:
            return False
        suspects = parts[a - 1]
    return _confirm(search, direction, int(suspects[0]), residual)


def _count(residual: float, bar: float, size: int) -> int:
    return max(0, min(_PARTS, int(abs(residual) / (_TOLD * bar)) if bar else _PARTS, size))


def _parts(
    suspects: np.ndarray, count: int, blocks: Sequence[int], first: bool
) -> list[np.ndarray]:
    """Split the suspects into so many parts; along the blocks the first time."""
    if first and 1 < len(blocks) <= count:
        cut = np.searchsorted(suspects, np.asarray(blocks[:-1]))
        found = [part for part in np.split(suspects, cut) if part.size]
        if len(found) > 1:
            return found
    return [part for part in np.array_split(suspects, count) if part.size] if count else []


def _confirm(search: _Search, direction: np.ndarray, index: int, residual: float) -> bool:
    """Measure one entry alone, at two steps that must agree and both exclude the claim.

    `residual` is what it is suspected to be off by, along the direction.
    """
    single = np.zeros(len(direction))
    single[index] = direction[index]
    one, two = search.line.alone(single, abs(residual) / _APART)
    doubtful = one.reason or two.reason or abs(one.value - two.value) > one.error + two.error
    if doubtful or not _both_exclude(search, single, one, two):
        one = two = search.line.full(single)
        if not _both_exclude(search, single, one, two):
            return False
    best = one if one.error <= two.error else two
    search.wrong[index] = best.value / direction[index]
    return True  # where it is not alone, the next direction looks for the rest


def _both_exclude(search: _Search, single: np.ndarray, one: Slope, two: Slope) -> bool:
    """Say whether two measurements of an entry alone both exclude the claim."""
    for slope in (one, two):
        left, bar = search.residual(slope, single)
        if slope.reason or not abs(left) > max(bar, search.least(single)):
            return False
    return True


# --- several wrong entries: binary splitting ------------------------------------------------------


def _split(search: _Search, direction: np.ndarray, residual: float, theta: float) -> None:
    """Halve the suspects, the part with the largest residual first, down to single entries."""
    suspects = np.flatnonzero(direction)
    queue: list[tuple[float, int, np.ndarray, float, float]] = []
    number = 0
    heapq.heappush(queue, (-abs(residual), number, suspects, residual, theta))
    start, known = search.line.evaluations, len(search.wrong)
    least = abs(residual) / _NOTICED
    while queue and len(search.wrong) < MOST_NAMED:
        spent = search.line.evaluations - start
        if spent > _PATIENCE + _PER_ENTRY * (len(search.wrong) - known):
            return  # a new direction does better than the rest of this one
        _, _, part, seen, bar = heapq.heappop(queue)
        if abs(seen) <= least:
            return
        if len(part) == 1:
            if not _confirm(search, direction, int(part[0]), seen):
                least = 2 * abs(seen)  # so large are differences that come to nothing
            continue
        half = np.zeros(len(direction))
        left, right = np.array_split(part, 2)
        half[left] = direction[left]
        of_left, bar_left = search.cheap(half, abs(seen) / _APART)
        of_right, bar_right = seen - of_left, bar + bar_left
        if abs(of_right) <= 4 * bar_right and abs(of_right) > bar_right / 4:
            other = np.zeros(len(direction))
            other[right] = direction[right]
            of_right, bar_right = search.cheap(other, bar_left)
        for side, value, allowed in ((left, of_left, bar_left), (right, of_right, bar_right)):
            if abs(value) > max(allowed, least):
                number += 1
                heapq.heappush(queue, (-abs(value), number, side, value, allowed))
