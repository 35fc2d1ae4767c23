"""Many parameters without a formula: which entries of a gradient are wrong, in few evaluations.

One derivative along a direction of random signs sees an error in any entry. Weighting the entries
then says where it sits, up to 32 parts at a time; what is found is confirmed alone, and a last
direction that leaves it out says whether there is more. No entry is accused on a group's evidence;
an array is, or the gradient, where two directions show the same slip of all of its entries.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Protocol

import numpy as np

from symnum.checking.blocks import Block, BlockSlip
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
# So many directions without a difference are enough; one is, after wrong entries were named. Along
# one, entries that are ten limits off cancel each other with a probability of 1/18 at most: their
# error bar spans 7 of the 128 values that the first one's entry takes.
_QUIET = 4
# So many more, measured in full, show that too much is wrong to be told apart.
_PLAINLY = 2
# Wrong entries that are looked for; beyond them "and more" is the answer.
MOST_NAMED = 200
# What differs by more than this share of the gradient along a direction is no solver's tolerance.
_PLAIN = 2.0**-5
# And it is so many error bars off.
_FAR = 100.0
# Evaluations after which a search by halves is given up: at first, and more for each found entry.
_PATIENCE, _PER_ENTRY = 150, 40
# So many parts that come to nothing end a search by halves.
_FAILED = 4
# What is left of a part beside an entry that was found is worth a search from so many bars on.
_REST = 4.0
# Parts of more entries than this are measured so sharply that as many can be told apart at a time.
_READ = 8
# How often a part that shows more than one wrong entry is halved on one side before it is asked
# again: two entries that are anywhere stay together as often in one case of eight.
_WHOLE = 3
# An entry alone is measured in full where few steps leave this share of its difference open.
_VAGUE = 4.0
# An entry of a solver's gradient that is off by so many times its tolerance is named.
_NAMED = 2.0
# What is this much smaller than a direction's difference is left to the next one, which leaves out
# the entries that were named and is measured more sharply.
_NOTICED = 256
_STRETCH = 16.0
# A difference is measured coarsely to this share of another one.
_COARSELY = _TOLD * _PARTS
# A factor that is known to this share of its distance from 1 is the same twice for a reason.
_BY_CHANCE = 2.0**-8
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
    slips : tuple of BlockSlip
        Arrays that are wrong as a whole; their entries are not among `wrong`.
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
    slips: tuple[BlockSlip, ...] = ()

    @property
    def names_some(self) -> bool:
        """Whether entries or arrays were named."""
        return bool(self.wrong or self.slips)


_Difference = tuple[np.ndarray, float, float]
"""A direction, the difference along it, and its error bar."""


@dataclass
class _Search:
    """One search: the line, the claim, and what has come of it."""

    line: Line
    claim: np.ndarray
    rng: np.random.Generator
    blocks: Sequence[Block]
    progress: Callable[[int], None] | None
    doubt: Callable[[np.ndarray, Slope], str] | None = None
    wrong: dict[int, float] = field(default_factory=dict)
    slips: list[BlockSlip] = field(default_factory=list)
    # Of each part that came to nothing in the last search by halves: whether a solver's tolerance
    # is as large as what it showed.
    is_small: list[bool] = field(default_factory=list)
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
        for slip in self.slips:
            direction[slip.block.start : slip.block.stop] = 0.0
        return direction

    @property
    def named(self) -> int:
        """How many entries and arrays have been named."""
        return len(self.wrong) + len(self.slips)

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
        if self.named:
            return f"{count}, and {self.named} wrong entries or arrays were named"
        if abs(residual) > theta:
            return (
                f"{count}, and along one it differs by {abs(residual):.3g}, "
                f"{abs(residual) / theta:.3g} times what its error bar explains: which entries "
                "are wrong, if any, takes more time"
            )
        return f"{count}, and nothing was found wrong"

    def doubted(self, direction: np.ndarray, slope: Slope) -> str:
        """Say why the claim is not held to a slope that it differs from; empty where it is."""
        return "" if self.doubt is None else self.doubt(direction, slope)

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

    def along(self, direction: np.ndarray, bar: float) -> _Difference:
        """Return a direction with what `cheap` measures along it."""
        return (direction, *self.cheap(direction, bar))


def _dot(products: np.ndarray) -> float:
    return math.fsum(products.tolist())


def find_wrong_entries(
    line: Line,
    claim: np.ndarray,
    seed: int,
    blocks: Sequence[Block] = (),
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
    blocks : sequence of Block, optional
        The arrays of parameters, one after the other: they are told apart first.
    progress : callable, optional
        Is told how many evaluations there were.
    doubt : callable, optional
        Of a direction and its full measurement: why the claim is not held to it; empty where it is.

    Returns
    -------
    Found
        Wrong entries, each confirmed alone, and how small an error would have been seen.
    """
    search = _Search(line, claim, np.random.default_rng(seed), tuple(blocks), progress, doubt)
    broken = np.flatnonzero(~np.isfinite(claim))
    if broken.size:
        wrong = {int(k): math.nan for k in broken}
        return Found(wrong, np.zeros(len(claim)), evaluations=line.evaluations)
    limit = np.full(len(claim), np.inf)
    try:
        return _find(search, limit)
    except OutOfTime:
        return _found(search, limit, search.seen, late=search.late())


def _find(search: _Search, limit: np.ndarray) -> Found:
    """Find the wrong entries of a finite claim; `limit` is filled in as directions are quiet."""
    line = search.line
    quiet = failed = 0
    usual = math.inf  # what rounding and truncation explained along the first direction
    residual = theta = 0.0
    while len(search.wrong) < MOST_NAMED and quiet < _QUIET:
        direction = search.direction()
        if not direction.any():
            break
        is_cheap = usual < math.inf
        # Once something is wrong, what the last direction shows need not be as sharp as can be.
        like, bar = (_LAST, _LAST / 2 * usual) if search.named else (_LIKE, 0.0)
        slope = line.cheap(direction, bar) if is_cheap else line.full(direction)
        residual, theta = search.residual(slope, direction)
        doubtful = slope.reason or theta > like * usual
        if search.note:
            theta = max(theta, search.least(direction))
        # A cheap measurement accuses nobody.
        if is_cheap and (doubtful or (abs(residual) > theta and not search.named)):
            is_cheap = False
            slope = line.full(direction)
            residual, theta = search.residual(slope, direction)
            if search.note:
                theta = max(theta, search.least(direction))
        if slope.reason:
            failed += 1
            if failed > 1:
                return _open(search, limit, slope.reason)
            continue
        usual = min(usual, theta)
        search.seen = (residual, theta)
        if abs(residual) > theta:
            reason = "" if search.named else search.doubted(direction, slope)
            if reason:
                return _open(search, limit, f"along a random direction {reason}", (residual, theta))
            search.remember_trend(slope, direction)
            if not search.named and _is_flat(search, slope, direction, theta):
                break
            factor = None if search.named else _factor(search, direction, residual, theta)
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
            # Few steps may cross a kink that those of the first direction didn't, or curve more.
            is_clear = not is_cheap or (
                abs(residual) > max(_REST * theta, search.least(direction))
                and _is_steady(search, direction, residual)
            )
            if is_clear and _explain(search, direction, residual, theta):
                quiet = 0
                continue
            if is_cheap:  # its step was safe along another direction, which is not this one
                slope = line.full(direction)
                if slope.reason:
                    return _open(search, limit, slope.reason)
                residual, theta = search.residual(slope, direction)
                if abs(residual) > theta and _explain(search, direction, residual, theta):
                    quiet = 0
                    continue
        if abs(residual) > theta:
            if not _is_tolerance(search, direction, residual):
                reason = (
                    f"a random direction shows a difference of {residual:.3g}, "
                    f"{abs(residual) / theta:.3g} times what its error bar explains, but no entry "
                    "alone could be confirmed"
                )
                is_plain = _is_far_off(search, direction, residual, theta) and _is_plain(search)
                return _open(search, limit, reason, (residual, theta), is_plain=is_plain)
            search.note = (
                f"along a random direction it differs from f by {abs(residual):.2g}, "
                f"{abs(residual) / theta:.2g} error bars: as much as all entries together may "
                "be off where f is a solver with a tolerance"
            )
            theta = search.least(direction)
        seen = _limit(search, direction, theta)
        limit[:] = np.where(direction == 0, limit, np.fmax(seen, limit if quiet else 0.0))
        quiet += _QUIET if search.named else 1
    return _found(search, limit, (residual, theta))


def _is_steady(search: _Search, direction: np.ndarray, residual: float) -> bool:
    """Say whether two sets of steps show the same difference."""
    one, two = search.line.alone(direction, abs(residual) / _APART)
    apart = abs(one.value - two.value)
    return not (one.reason or two.reason) and apart <= abs(residual) / _REST


def _is_tolerance(search: _Search, direction: np.ndarray, residual: float) -> bool:
    """Say whether a difference is one of all entries a little, as where f has a tolerance.

    Then no entry is far off that was measured alone, and no part in which the search ended.
    """
    small = abs(residual) <= search.least(direction)
    return small and bool(search.is_small) and all(search.is_small)


def _limit(search: _Search, direction: np.ndarray, theta: float) -> np.ndarray:
    """Return the smallest error of each entry that shows along a direction, if it is the only one.

    It stands out from theta once it has been measured to within theta, and is named where it is
    more than a solver's tolerance.
    """
    with np.errstate(divide="ignore"):
        seen = 4 * theta / np.abs(direction)
    return np.asarray(np.fmax(seen, _NAMED * search.line.least_error * np.abs(search.claim)))


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
        slips=tuple(search.slips),
    )


def _is_plain(search: _Search) -> bool:
    """Say whether two other directions, measured in full, show that much is wrong, too."""
    for _ in range(_PLAINLY):
        direction = search.direction()
        slope = search.line.full(direction)
        if slope.reason or not _is_far_off(search, direction, *search.residual(slope, direction)):
            return False
        if search.doubted(direction, slope):
            return False
    return True


def _is_far_off(search: _Search, direction: np.ndarray, residual: float, theta: float) -> bool:
    """Say whether a difference is far more than its error bar, and no solver's tolerance."""
    size = math.hypot(*(direction * search.claim).tolist())
    return abs(residual) > max(_FAR * theta, _PLAIN * size)


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
        slips=tuple(search.slips),
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
    if abs(residual + product) <= theta:
        return None  # f doesn't move along it
    first, other = (direction, residual, theta), search.direction()
    # A coarse measurement tells most gradients from one that is off by a factor.
    if _one_factor(search, first, search.along(other, abs(residual) / _COARSELY)) is None:
        return None
    found = _one_factor(search, first, search.along(other, theta))
    if found is None or found[1] <= _BY_CHANCE * abs(found[0] - 1):
        return found
    # So vague a factor may be the same along two directions by chance, but not along four.
    more = [_one_factor(search, first, search.along(search.direction(), theta)) for _ in range(2)]
    return None if None in more else found


def _one_factor(
    search: _Search, first: _Difference, second: _Difference
) -> tuple[float, float] | None:
    """Return given/exact and its error, where the same one explains two differences."""
    (direction, residual, theta), (other, again, bar) = first, second
    product, of_other = _dot(direction * search.claim), _dot(other * search.claim)
    if abs(product) <= theta or abs(of_other) <= bar or abs(again) <= bar:
        return None  # g is 0 along it
    one, two = residual / product, again / of_other
    if abs(one) <= search.line.least_error:
        return None
    allowed = theta / abs(product) + bar / abs(of_other)
    if abs(one - two) > allowed or abs(one) <= 4 * allowed or one == -1:
        return None
    factor = 1 / (1 + one)
    return factor, min(theta / abs(product), allowed) * factor**2


# --- what explains a difference: an array as a whole, or single entries ---------------------------


@dataclass(frozen=True)
class _Part:
    """Entries among which something is wrong, with the difference that they show together.

    `whole` is how many times they may be halved before it is asked again whether it is one entry;
    `is_alone` says that nothing was seen beside them, as where many are a little off.
    """

    entries: np.ndarray
    residual: float
    bar: float
    whole: int = 0
    is_alone: bool = False


def _explain(search: _Search, direction: np.ndarray, residual: float, theta: float) -> bool:
    """Name what a difference comes from, the largest part first; False where nothing is named.

    Of a part whose difference comes from one entry the index is read; any other one is halved, and
    what one half shows is not measured again in the other.
    """
    queue: list[tuple[float, int, _Part]] = []
    number = count()
    # Of what all entries may be off by together, a few that are off by more are looked for.
    is_little = abs(residual) <= search.least(direction)

    def push(part: _Part) -> None:
        size = abs(part.residual)
        if is_little:
            size /= search.least(_along(direction, part.entries)) or 1.0
        heapq.heappush(queue, (-size, next(number), part))

    push(_Part(np.flatnonzero(direction), residual, theta, is_alone=True))
    start, known = search.line.evaluations, search.named
    least, failed = abs(residual) / _NOTICED, 0
    search.is_small = []
    while queue and len(search.wrong) < MOST_NAMED and failed < _FAILED:
        spent = search.line.evaluations - start
        if spent > _PATIENCE + _PER_ENTRY * (search.named - known):
            break  # a new direction does better than the rest of this one
        part = heapq.heappop(queue)[2]
        if abs(part.residual) <= least or not part.entries.size:
            continue
        index = None
        if not part.whole and (part.is_alone or not is_little or len(part.entries) == 1):
            index, part = _read(search, direction, part)
        if index is not None:
            alone = _confirm(search, direction, index, part.residual)
            if alone is not None:
                push(_without(part, index, *alone, least))
                continue
            if len(part.entries) == 1:
                failed += 1
                if not search.is_small[-1]:  # so large are differences that come to nothing
                    least = max(least, 2 * abs(part.residual))
                continue
        if _is_block_slip(search, direction, part):
            continue
        for half in _halves(search, direction, part, least):
            push(half)
    return search.named > known


def _without(part: _Part, index: int, off: float, error: float, least: float) -> _Part:
    """Return a part without the entry that was found, which was off by so much along it."""
    rest, bar = part.residual - off, part.bar + error
    # Two measurements of few steps differ by some of their bars; a new direction sees more sharply.
    nothing = abs(rest) <= max(_REST * bar, least)
    return _Part(part.entries[part.entries != index], 0.0 if nothing else rest, bar)


def _halves(search: _Search, direction: np.ndarray, part: _Part, least: float) -> list[_Part]:
    """Return the halves of a part that show a difference."""
    left, right = _cut(part.entries, search.blocks)
    of_left, bar_left = search.cheap(_along(direction, left), abs(part.residual) / _APART)
    of_right, bar_right = part.residual - of_left, part.bar + bar_left
    if abs(of_right) <= 4 * bar_right and abs(of_right) > bar_right / 4:
        of_right, bar_right = search.cheap(_along(direction, right), bar_left)
    sides = (_Part(left, of_left, bar_left), _Part(right, of_right, bar_right))
    halves = [side for side in sides if abs(side.residual) > max(side.bar, least)]
    if not halves:
        search.is_small.append(
            all(side.bar <= search.least(_along(direction, side.entries)) for side in sides)
        )
    if len(halves) == 1 and len(halves[0].entries) > 1:  # whatever was in the part is all in there
        return [replace(halves[0], whole=max(0, part.whole - 1), is_alone=True)]
    return halves


def _along(direction: np.ndarray, entries: np.ndarray) -> np.ndarray:
    """Return a direction that moves these entries alone."""
    found = np.zeros(len(direction))
    found[entries] = direction[entries]
    return found


def _cut(entries: np.ndarray, blocks: Sequence[Block]) -> tuple[np.ndarray, np.ndarray]:
    """Cut entries in two: between two arrays where they are of several, else in the middle."""
    starts = np.searchsorted(entries, [block.start for block in blocks])
    starts = np.unique(starts[(starts > 0) & (starts < len(entries))])
    at = int(starts[len(starts) // 2]) if starts.size else (len(entries) + 1) // 2
    return entries[:at], entries[at:]


def _read(search: _Search, direction: np.ndarray, part: _Part) -> tuple[int | None, _Part]:
    """Read the index of the only wrong entry of a part; None where it isn't the only one.

    Returned with it is the part as it is known then.
    """
    if len(part.entries) > _READ and _count(part.residual, part.bar, _PARTS) < _READ:
        # A sharper look at the part pays: many entries are told apart at a time then.
        inside = _along(direction, part.entries)
        residual, bar = search.cheap(inside, abs(part.residual) / _COARSELY)
        part = _Part(part.entries, residual, bar)
    suspects, residual, bar = part.entries, part.residual, part.bar
    first = True
    while len(suspects) > 1:
        parts = _parts(suspects, _count(residual, bar, len(suspects)), search.blocks, first)
        if len(parts) < 2:
            return None, part
        first = False
        weighted = np.zeros(len(direction))
        for a, piece in enumerate(parts, start=1):
            weighted[piece] = direction[piece] * (a / len(parts))
        seen, bar = search.cheap(weighted, abs(residual) / (_TOLD * len(parts)))
        place = seen / residual * len(parts)
        a = round(place) if math.isfinite(place) else 0
        # A bar that holds along one direction may be short of another's truncation by some times.
        allowed = min(_STRETCH * (bar + part.bar), abs(residual) / (8 * len(parts)))
        is_one = 1 <= a <= len(parts) and abs(seen - residual * a / len(parts)) <= allowed
        if not is_one:
            return None, replace(part, whole=_WHOLE)
        suspects = parts[a - 1]
    return int(suspects[0]), part


def _count(residual: float, bar: float, size: int) -> int:
    return max(0, min(_PARTS, int(abs(residual) / (_TOLD * bar)) if bar else _PARTS, size))


def _parts(
    suspects: np.ndarray, count: int, blocks: Sequence[Block], first: bool
) -> list[np.ndarray]:
    """Split the suspects into so many parts; along the blocks the first time."""
    if first and 1 < len(blocks) <= count:
        cut = np.searchsorted(suspects, [block.start for block in blocks[1:]])
        found = [part for part in np.split(suspects, cut) if part.size]
        if len(found) > 1:
            return found
    return [part for part in np.array_split(suspects, count) if part.size] if count else []


def _confirm(
    search: _Search, direction: np.ndarray, index: int, residual: float
) -> tuple[float, float] | None:
    """Measure one entry alone, at two steps that must agree and both exclude the claim.

    `residual` is what it is suspected to be off by, along the direction. Returned is what it is off
    by, with an error bar; None where the claim isn't excluded.
    """
    single = _along(direction, np.array([index]))
    one, two = search.line.alone(single, abs(residual) / _APART)
    doubtful = one.reason or two.reason or abs(one.value - two.value) > one.error + two.error
    vague = max(one.error, two.error) > abs(residual) / _VAGUE
    excludes = not doubtful and _both_exclude(search, single, one, two)
    if doubtful or (vague and not excludes):
        one = two = search.line.full(single)
        excludes = _both_exclude(search, single, one, two)
    best = one if one.error <= two.error else two
    left, bar = search.residual(best, single)
    if not excludes or search.doubted(single, best):
        least = search.least(single)
        search.is_small.append(not best.reason and bar <= least and abs(left) <= least)
        return None
    search.wrong[index] = best.value / direction[index]
    return left, bar


def _both_exclude(search: _Search, single: np.ndarray, one: Slope, two: Slope) -> bool:
    """Say whether two measurements of an entry alone both exclude the claim."""
    for slope in (one, two):
        left, bar = search.residual(slope, single)
        if slope.reason or not abs(left) > max(bar, search.least(single)):
            return False
    return True


# --- arrays that are wrong as a whole -------------------------------------------------------------


def _is_block_slip(search: _Search, direction: np.ndarray, part: _Part) -> bool:
    """Say whether one slip of a whole array explains a part along two directions, and note it."""
    block = next((b for b in search.blocks if b.is_all(part.entries)), None)
    if block is None:
        return False
    first = (_along(direction, part.entries), part.residual, part.bar)
    other = _along(search.direction(), part.entries)
    # A coarse measurement tells most arrays from one with a slip; two as sharp as can be prove it.
    again = search.along(other, abs(part.residual) / _COARSELY)
    if _block_slip(search, block, first, again) is None:
        return False
    first = search.along(first[0], 0.0)
    slip = _block_slip(search, block, first, search.along(other, 0.0))
    if slip is None:
        return False
    if slip.error > _BY_CHANCE * abs((slip.factor or 0.0) - 1):
        third = _along(search.direction(), part.entries)
        slip = _block_slip(search, block, first, search.along(third, 0.0))
        if slip is None:
            return False
    search.slips.append(slip)
    return True


def _block_slip(
    search: _Search, block: Block, first: _Difference, second: _Difference
) -> BlockSlip | None:
    """Return what explains the differences of a whole array along two directions."""
    if not search.claim[block.start : block.stop].any():
        both = all(abs(residual) > 2 * bar for _, residual, bar in (first, second))
        return BlockSlip(block, 0.0) if both else None
    found = _one_factor(search, first, second)
    if found is not None:
        return BlockSlip(block, *found)
    transposed = block.transposed(search.claim)
    if transposed is None:
        return None
    moved = np.zeros(len(search.claim))
    moved[block.start : block.stop] = transposed - search.claim[block.start : block.stop]
    for along, residual, bar in (first, second):
        expected, allowed = _dot(along * moved), bar + search.least(along)
        if not abs(residual - expected) <= allowed < abs(expected) / _REST:
            return None
    return BlockSlip(block, None)
