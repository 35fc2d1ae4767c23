"""A gradient of a network that nobody has described, held against the network's own loss.

Each array of parameters is tried along random directions of its own, which tells the wrong layer.
What a few directions can decide is named: a sign, a factor, a transpose, a gradient left at 0. What
they can't is not guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from symnum.checking.claim import Layout
from symnum.checking.directions import Line, Slope, find_wrong_entries
from symnum.checking.verdict import Outcome
from symnum.errors import DomainError
from symnum.formula.exact import Exact
from symnum.nets.asked import Asked, ask, open_verdict, read_parameters, saturation_room
from symnum.nets.candidate import ask_loss, copy, not_finite_far_away
from symnum.nets.compare import are_integers, digits_text, integers_text, ratio_text
from symnum.nets.entrywise import (
    CLOSE,
    all_by,
    entry_by_entry,
    in_its_precision,
    largest_entry,
    lost_text,
    nothing,
)
from symnum.nets.measure import ENTRIES, STEPS, Spent, Within, every_entry, line_of
from symnum.nets.stale import stale_along
from symnum.nets.verdict import NetworkCause, NetworkVerdict, ParameterReport

Arrays = dict[str, np.ndarray]
Call = Callable[..., Any]

_UNIT = 2.0**-53
_DIRECTIONS = 3
_MAGNITUDES = 64
# Derivatives that a wrong array may cost until single entries of it are named.
_MOST_MEASURED = 60
# Entries at random that are tried alone before it is searched for.
_LIKELY = 2
# A limit that is no better than this share of the typical entry leaves the answer open.
_POOR = 1e-2
_NOTHING = 1e-9
# No loss that takes softmax of its outputs changes when all of them are moved; exp overflows.
_NUDGE, _SHIFT = 1.0, 1000.0


@dataclass(frozen=True)
class _Part:
    """What is found of one array."""

    report: ParameterReport
    cause: NetworkCause | None = None
    detail: str = ""
    ratio: float | None = None
    reason: str = ""
    # The largest share by which a direction's derivative is off.
    off: float = 0.0
    # Whether it is 0 as far as rounding lets anybody see.
    nothing: bool = False
    # By how much a direction is off, where saturated units may have cost that.
    lost: float = 0.0
    # Whether every direction is as near as it is where each entry is off by less than 1.
    cut: bool = False


def check_along(
    loss: Call, gradient: Call, params: Mapping[str, Any], x: Any, t: Any, seed: int
) -> NetworkVerdict:
    """Hold a gradient against its own loss; see `check_network`."""
    arrays = read_parameters(params, x, t)
    first, dtype = ask_loss(loss, arrays, x, t)
    if not math.isfinite(first):
        msg = f"the loss is {first} at these parameters; a finite number is expected"
        raise DomainError(msg)
    if ask_loss(loss, arrays, x, t)[0] != first:
        return open_verdict("two calls of loss with the same arguments differ")
    asked, problem = ask(gradient, arrays, x, t, seed)
    if asked is None:
        assert problem is not None
        return problem
    layout = Layout(tuple((name, array.shape) for name, array in arrays.items()))
    point = layout.flatten(arrays)

    def at(moved: dict[str, Any]) -> Any:
        return loss(moved, copy(x), copy(t))

    every = None if dtype == np.float32 else every_entry(at, layout, point, asked.samples)

    def judged(one: Asked) -> NetworkVerdict:
        if every is not None:
            return entry_by_entry(one, *_unpacked(*every, one, layout), ENTRIES)
        return _along(one, at, layout, point, seed)

    verdict = in_its_precision(asked, seed, judged)
    if verdict.status is Outcome.OK:
        overflow = _overflows(loss, asked)
        if overflow:
            return NetworkVerdict(
                Outcome.INACCURATE,
                verdict.parameters,
                NetworkCause.MAX_SHIFT,
                overflow,
                verdict.reference,
            )

        def slopes(there: np.ndarray, probe: np.ndarray) -> Callable[[np.ndarray], Slope]:
            return line_of(at, layout, there, probe, asked.samples)[0].full

        return stale_along(verdict, asked.at, slopes, arrays, asked.given)
    return verdict


def _along(
    asked: Asked, loss: Call, layout: Layout, point: np.ndarray, seed: int
) -> NetworkVerdict:
    """Try each array along directions of its own, and say what the wrong ones have in common."""
    random = np.random.default_rng(seed)
    line, words = line_of(loss, layout, point, _direction(random, len(point)), asked.samples)
    parts, start = [], 0
    for name, shape in layout.shapes:
        place = slice(start, start + math.prod(shape))
        parts.append(_part(asked, line, place, name, random, certified=words != STEPS))
        start = place.stop
    reports = tuple(part.report for part in parts)
    wrong = [part for part in parts if part.report.wrong]
    if asked.precision.cause is not None and not wrong:
        off = max(part.off for part in parts)
        detail = f"{asked.precision.words}{digits_text(off)}"
        return NetworkVerdict(Outcome.INACCURATE, reports, asked.precision.cause, detail, words)
    if wrong and are_integers(asked.dtypes) and all(part.cut for part in parts):
        said = integers_text(asked.dtypes)
        return NetworkVerdict(Outcome.WRONG, reports, NetworkCause.DTYPE, said, words)
    if wrong:
        return NetworkVerdict(Outcome.WRONG, reports, *_common(parts, asked.samples), words)
    reason = next((f"{p.report.name}: {p.reason}" for p in parts if p.reason), "")
    if reason:
        return NetworkVerdict(Outcome.UNDECIDED, reports, reference=words, reason=reason)
    # An array of zeros but for rounding is held against the largest entry of all.
    largest = max(float(np.abs(array).max()) for array in asked.given.values())
    poor = [
        each
        for each in reports
        if each.detection_limit > _POOR
        and each.detection_limit * np.abs(asked.given[each.name]).max() > _NOTHING * largest
    ]
    if poor:
        name, limit = poor[0].name, poor[0].detection_limit
        if limit > 1.0:
            unseen = limit * float(np.abs(asked.given[name]).max())
            reason = (
                f"{name}: its gradient is 0 as far as anything can be seen: up to {unseen:.2g} "
                "would have passed too"
            )
        else:
            reason = (
                f"{name}: the loss is too noisy: an error of {limit:.2g} of the largest entry "
                "would not have been seen"
            )
        return NetworkVerdict(Outcome.UNDECIDED, reports, reference=words, reason=reason)
    lost = [part for part in parts if part.lost]
    if lost:
        reason = lost_text([p.report.name for p in lost], max(p.lost for p in lost) / largest)
        return NetworkVerdict(Outcome.UNDECIDED, reports, reference=words, reason=reason)
    zeros = [part.report.name for part in parts if part.nothing]
    return NetworkVerdict(Outcome.OK, reports, reference=words, reason=nothing(zeros))


def _common(parts: list[_Part], samples: int) -> tuple[NetworkCause | None, str]:
    wrong = [part for part in parts if part.report.wrong]
    if any(part.cause is None for part in wrong):
        return None, ""
    if len(wrong) == len(parts):
        ratios = [part.ratio for part in wrong if part.ratio is not None]
        together = all_by(ratios, samples) if len(ratios) == len(wrong) else ""
        if together:
            return NetworkCause.FACTOR, together
    causes = {part.cause for part in wrong}
    if len(causes) > 1:
        return None, "; ".join(part.detail for part in wrong)
    return causes.pop(), "; ".join(part.detail for part in wrong)


def _direction(random: np.random.Generator, n: int) -> np.ndarray:
    """Return random signs with random magnitudes between 1 and 2."""
    signs = random.choice([-1.0, 1.0], n)
    return np.asarray(signs * (1 + random.integers(0, _MAGNITUDES, n) / _MAGNITUDES))


@dataclass(frozen=True)
class _Tried:
    """One direction within one array: what was measured, claimed, and what rounding explains."""

    direction: np.ndarray
    slope: Slope
    claimed: float
    theta: float

    @property
    def wrong(self) -> bool:
        """Whether the claim is off by more than is explained."""
        return abs(self.slope.value - self.claimed) > self.theta

    def agrees(self, claim: np.ndarray) -> bool:
        """Say whether another claim would have been right."""
        return abs(self.slope.value - float(self.direction @ claim)) <= self.theta


def _part(
    asked: Asked,
    line: Line,
    place: slice,
    name: str,
    random: np.random.Generator,
    *,
    certified: bool,
) -> _Part:
    """Try one array along random directions; where it is wrong, look for what is wrong in it."""
    claim = asked.given[name].ravel()
    n, size = asked.shaken.shape[1], len(claim)
    inner = Within(line, place, n, _DIRECTIONS + _MOST_MEASURED)
    tried: list[_Tried] = []
    reason = ""
    for _ in range(_DIRECTIONS):
        direction = _direction(random, size)
        slope = inner.full(direction)
        if slope.reason:
            reason = slope.reason
            continue
        theta = slope.error + asked.room_along(direction, claim, place)
        tried.append(_Tried(direction, slope, math.fsum((direction * claim).tolist()), theta))
    norm = float(np.linalg.norm(claim))
    off = max((abs(t.slope.value - t.claimed) / max(norm, 1e-300) for t in tried), default=0.0)
    largest = float(np.abs(claim).max())
    limit = 2.0 * max((t.theta for t in tried), default=math.inf)
    whole = largest_entry(asked.given.values())
    # Errors that saturated units may have made are not accused.
    limit = max(limit, 2.0 * float(saturation_room(asked, largest, whole)))
    limit = limit / largest if largest else (0.0 if limit == 0.0 else math.nan)
    no_place: tuple[int, ...] = ()
    empty = ParameterReport(name, size, 0, math.nan, math.nan, no_place, math.nan, math.nan, limit)
    if len(tried) < min(2, _DIRECTIONS):
        return _Part(empty, reason=reason)
    cut = all(abs(t.slope.value - t.claimed) <= float(np.abs(t.direction).sum()) for t in tried)
    if not any(t.wrong for t in tried):
        unseen = claim.any() and all(
            max(abs(t.claimed), abs(t.slope.value)) <= 2 * t.theta for t in tried
        )
        return _Part(empty, off=off, nothing=bool(unseen), cut=cut)
    shape = asked.given[name].shape
    cause, detail, ratio = _slip(name, asked.given[name], tried)
    lost = 0.0 if ratio == -1.0 else _lost(asked, inner, claim, tried, random)
    if lost:
        return _Part(empty, off=off, lost=lost)
    found: dict[int, Slope]
    if cause is None:
        found = _entries(inner, claim, asked.unit, random)
    else:
        found = _measured(inner, claim, int(np.argmax(np.abs(claim))))
    worst = max(found, key=lambda k: abs(found[k].value - claim[k]), default=None)
    wrong = max(1, len(found)) if cause is None else size
    ulps = math.nan
    if certified and found:
        ulps = max(abs(s.value - claim[k]) / np.spacing(abs(s.value)) for k, s in found.items())
    made = ParameterReport(
        name,
        size,
        wrong,
        math.nan,
        float(ulps),
        no_place if worst is None else tuple(int(i) for i in np.unravel_index(worst, shape)),
        math.nan if worst is None else found[worst].value,
        math.nan if worst is None else float(claim[worst]),
        limit,
    )
    return _Part(made, cause, detail, ratio, off=off, cut=cut)


def _lost(
    asked: Asked,
    line: Within,
    claim: np.ndarray,
    tried: list[_Tried],
    random: np.random.Generator,
) -> float:
    """Return by how much entries are off, where saturated units may have cost that; 0 elsewhere."""
    largest = largest_entry(asked.given.values())
    away = [abs(t.slope.value - t.claimed) / float(np.abs(t.direction).sum()) for t in tried]
    if max(away) > saturation_room(asked, 0.0, largest):
        return 0.0
    found = _entries(line, claim, asked.unit, random)
    errors = np.array([abs(slope.value - claim[k]) for k, slope in found.items()])
    size = np.array([abs(slope.value) for slope in found.values()])
    if np.any(errors > saturation_room(asked, size, largest)):
        return 0.0
    return float(max(*away, *errors))


def _slip(
    name: str, claim: np.ndarray, tried: list[_Tried]
) -> tuple[NetworkCause | None, str, float | None]:
    """Name what the directions can decide."""
    if not claim.any():
        return NetworkCause.ZERO, f"{name}: the gradient was left at 0", 0.0
    if claim.ndim == 2 and claim.shape[0] == claim.shape[1]:
        turned = claim.T.ravel()
        if all(t.agrees(turned) for t in tried):
            return NetworkCause.TRANSPOSED, f"{name}: the gradient is transposed", None
    ratios, allowed = [], []
    for t in tried:
        if abs(t.slope.value) <= 4 * t.theta or abs(t.claimed) <= 4 * t.theta:
            return None, "", None
        ratios.append(t.claimed / t.slope.value)
        allowed.append((1 + abs(ratios[-1])) * t.theta / abs(t.slope.value))
        if abs(ratios[-1] - 1.0) <= 4 * allowed[-1]:
            return None, "", None
    if len(ratios) < 2 or claim.size < 2 or max(allowed) > CLOSE * abs(ratios[0]):
        # A single number is any multiple of another.
        if claim.size == 1:
            return NetworkCause.FACTOR, *_by(name, ratios[0])
        return None, "", None
    if max(ratios) - min(ratios) > max(allowed) * 2:
        return None, "", None
    return NetworkCause.FACTOR, *_by(name, ratios[int(np.argmin(allowed))])


def _by(name: str, ratio: float) -> tuple[str, float]:
    if abs(ratio + 1.0) < CLOSE:
        return f"{name}: the sign is turned", -1.0
    return f"{name}: given/exact = {ratio_text(ratio, 4)}", ratio


def _measured(line: Within, claim: np.ndarray, index: int) -> dict[int, Slope]:
    single = np.zeros(len(claim))
    single[index] = 1.0
    try:
        slope, _ = line.alone(single, 0.0)
    except Spent:
        return {}
    return {} if slope.reason else {index: slope}


def _entries(
    line: Within, claim: np.ndarray, unit: float, random: np.random.Generator
) -> dict[int, Slope]:
    """Return wrong entries: a few that were tried, or those that bisection names."""
    likely = [int(np.argmax(np.abs(claim))), *random.integers(0, len(claim), _LIKELY).tolist()]
    for index in likely:
        _measured(line, claim, index)
    # Where those are wrong, most are: there is no need to search.
    if len(_off(line, claim, unit)) < 2:
        with suppress(Spent):
            find_wrong_entries(line, claim, int(random.integers(1 << 31)))
    return _off(line, claim, unit)


def _off(line: Within, claim: np.ndarray, unit: float) -> dict[int, Slope]:
    """Return the entries that were measured alone and exclude the claim."""
    room = 16 * unit
    return {
        k: slope
        for k, slope in line.alone_at.items()
        if abs(slope.value - claim[k]) > slope.error + room * abs(claim[k])
    }


def _unpacked(
    exact: Exact, bound: np.ndarray, asked: Asked, layout: Layout
) -> tuple[dict[str, Exact], Arrays]:
    """Return flat results by the parameters' names, with room for how the candidate rounds."""
    room = bound * (asked.precision.factor) + asked.room()
    found, bounds, start = {}, {}, 0
    for name, shape in layout.shapes:
        part = slice(start, start + math.prod(shape))
        found[name] = Exact(*(np.asarray(field)[part].reshape(shape) for field in exact.fields()))
        bounds[name] = room[part].reshape(shape)
        start = part.stop
    return found, bounds


# --- softmax without the largest logit taken out --------------------------------------------------


def _overflows(loss: Call, asked: Asked) -> str:
    """Say what happens where an array is moved that only shifts what softmax is taken of.

    That moving it changes nothing is seen from the loss, and not assumed.
    """
    here, _ = ask_loss(loss, asked.params, asked.x, asked.t)
    shapes = {name: array.shape for name, array in asked.params.items()}
    for name, array in asked.params.items():
        if array.ndim != 1:
            continue
        near, far = ({**asked.params, name: array + distance} for distance in (_NUDGE, _SHIFT))
        with np.errstate(all="ignore"):
            same, _ = ask_loss(loss, near, asked.x, asked.t)
            # logits and the loss that is made of them are pure numbers: 1 is a size among them
            if not abs(same - here) <= 64 * _UNIT * max(1.0, abs(here)):
                continue
            there, _ = ask_loss(loss, far, asked.x, asked.t)
            if math.isfinite(there) and abs(there - here) > CLOSE * max(1.0, abs(here)):
                continue
        bad = not_finite_far_away(shapes, asked.gradient, far, asked.x, asked.t)
        if bad:
            return (
                f"right here, and not finite ({', '.join(bad)}) where every entry of {name} is "
                f"{_SHIFT:g} larger, though the loss stays the same when they are {_NUDGE:g} "
                "larger: take the largest logit of each sample out before exp"
            )
    return ""
