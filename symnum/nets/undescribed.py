"""A gradient of a network that nobody has described: its loss is the reference, or a gradient is.

Each array of parameters is tried along random directions of its own, which tells the wrong layer.
What two directions can decide is named: a sign, a factor, a transpose, a gradient left at 0. What
they can't is not guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from symnum.checking.claim import Layout
from symnum.checking.directions import Line, Slope, find_wrong_entries
from symnum.checking.verdict import Outcome
from symnum.errors import DomainError, UsageError
from symnum.formula.exact import Exact
from symnum.formula.formula import as_doubles
from symnum.formula.status import Status
from symnum.nets.candidate import ask_gradient, ask_loss, copies, copy
from symnum.nets.compare import SINGLE, constant_factor, digits_text, kept_digits, report, within
from symnum.nets.data import check_finite
from symnum.nets.measure import ENTRIES, STEPS, Spent, Within, every_entry, line_of
from symnum.nets.verdict import NetworkCause, NetworkVerdict, ParameterReport

Arrays = dict[str, np.ndarray]
Call = Callable[..., Any]

_UNIT = 2.0**-53
_DIRECTIONS = 3
_MAGNITUDES = 64
# Derivatives that a wrong array may cost until single entries of it are named.
_MOST_MEASURED = 60
# Neighbours an ulp away at which a gradient is asked for again: how it moves is how it rounds.
_SHAKES = 4
_SHAKEN = 16.0
# A candidate that moves more than so much of itself is not shaken by rounding.
_MOST_SHAKEN = 2.0**-30
# Ratios along three directions that agree to this much are one factor.
_CLOSE = 1e-4
# A limit that is no better than this share of the typical entry leaves the answer open.
_POOR = 1e-2
# No loss that takes softmax of its outputs changes when all of them are moved; exp overflows.
_NUDGE, _SHIFT = 1.0, 1000.0


@dataclass(frozen=True)
class _Asked:
    """What was asked: the loss or a reference, the candidate's answer, and where.

    Parameters
    ----------
    params : dict of arrays
        The parameters.
    given : dict of arrays
        The candidate's gradient.
    single : bool
        Whether an array of it has the dtype float32.
    shaken : float64 array, shape (shakes, n)
        How the candidate's answer moves with the parameters' last digits.
    """

    gradient: Call
    params: Arrays
    x: Any
    t: Any
    given: Arrays
    single: bool
    shaken: np.ndarray

    @property
    def samples(self) -> int:
        """How many samples there are; 1 where nobody can tell."""
        return len(self.x) if np.ndim(self.x) > 1 else 1


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


# --- reading --------------------------------------------------------------------------------------


def _read(params: Mapping[str, Any], x: Any, t: Any) -> Arrays:
    if not isinstance(params, Mapping) or not params:
        msg = f"the parameters are a dict of arrays by name; this is a {type(params).__name__}"
        raise UsageError(msg)
    arrays = {}
    for name, values in params.items():
        if not isinstance(name, str):
            msg = f"a parameter's name is a text; {name!r} is a {type(name).__name__}"
            raise UsageError(msg)
        arrays[name] = np.array(as_doubles(values, name))
        if not arrays[name].size:
            msg = f"{name} has no entries"
            raise UsageError(msg)
    check_finite(arrays, np.zeros(0))
    for name, values in (("x", x), ("t", t)):
        array = np.asarray(values) if isinstance(values, np.ndarray | list | tuple) else None
        if array is not None and array.dtype.kind == "f" and not np.isfinite(array).all():
            place = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
            msg = f"{name}{place} is {array[tuple(place)]}; finite numbers are expected"
            raise DomainError(msg)
    return arrays


def _asked(
    gradient: Call, params: Arrays, x: Any, t: Any, seed: int
) -> tuple[_Asked | None, NetworkVerdict | None]:
    """Ask for the gradient, and again near by; return what came, or a verdict on its kind."""
    shapes = {name: array.shape for name, array in params.items()}
    given, dtypes, problem = ask_gradient(shapes, gradient, params, x, t)
    if problem is not None:
        return None, problem
    bad = [name for name, array in given.items() if not np.isfinite(array).all()]
    if bad:
        detail = f"{', '.join(bad)}: not finite"
        return None, NetworkVerdict(
            Outcome.WRONG, cause=NetworkCause.NONFINITE, cause_detail=detail, reference="itself"
        )
    again, _, problem = ask_gradient(shapes, gradient, params, x, t)
    if problem is not None:
        return None, problem
    for name, array in given.items():
        if not np.array_equal(array, again[name]):
            return None, _open(f"two calls of gradient with the same arguments differ, in {name}")
    shaken = _shaken(gradient, params, x, t, given, seed)
    single = np.dtype(np.float32) in dtypes
    return _Asked(gradient, params, x, t, given, single, shaken), None


def _shaken(gradient: Call, params: Arrays, x: Any, t: Any, given: Arrays, seed: int) -> np.ndarray:
    """Return how a gradient moves when every parameter moves by an ulp, up or down."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(_SHAKES):
        moved = {
            name: np.nextafter(array, random.choice([-np.inf, np.inf], array.shape))
            for name, array in params.items()
        }
        answer = gradient(moved, copy(x), copy(t))
        rows.append(
            np.concatenate(
                [np.ravel(np.asarray(answer[n], dtype=np.float64) - given[n]) for n in given]
            )
        )
    moves: np.ndarray = np.nan_to_num(np.array(rows))
    return moves


def _open(reason: str, reports: tuple[ParameterReport, ...] = ()) -> NetworkVerdict:
    return NetworkVerdict(Outcome.UNDECIDED, reports, reference="the loss", reason=reason)


# --- against another gradient ---------------------------------------------------------------------


def check_against(
    reference: Call, gradient: Call, params: Mapping[str, Any], x: Any, t: Any, seed: int
) -> NetworkVerdict:
    """Hold a gradient against another one, entry by entry; see `check_network`."""
    arrays = _read(params, x, t)
    words = "the gradient given as reference, not certified"
    right, problem = _asked(reference, arrays, x, t, seed)
    if right is None:
        said = "" if problem is None else problem.cause_detail or problem.reason
        return NetworkVerdict(
            Outcome.UNDECIDED, reference=words, reason=f"the reference is no gradient: {said}"
        )
    asked, problem = _asked(gradient, arrays, x, t, seed)
    if asked is None:
        assert problem is not None
        return problem
    bounds, start = {}, 0
    for name, array in right.given.items():
        moves = np.abs(right.shaken[:, start : start + array.size]).max(axis=0)
        moves = np.maximum(moves, np.median(moves)).reshape(array.shape)
        bounds[name] = _SHAKEN * moves + 8 * np.spacing(np.abs(array))
        bounds[name] *= SINGLE if right.single else 1.0
        start += array.size
    exact = {name: _plain(array) for name, array in right.given.items()}
    return _entry_by_entry(asked, exact, bounds, words)


def _plain(values: np.ndarray) -> Exact:
    nothing = np.full(values.shape, np.nan)
    status = np.full(values.shape, Status.UNDECIDED, dtype=object)
    return Exact(values, np.zeros(values.shape), nothing, status, nothing, nothing)


def _entry_by_entry(
    asked: _Asked, exact: Mapping[str, Exact], bounds: Arrays, words: str
) -> NetworkVerdict:
    given = asked.given
    reports = tuple(report(name, given[name], exact[name], bounds[name]) for name in given)
    if not any(each.wrong for each in reports):
        return NetworkVerdict(Outcome.OK, reports, reference=words)
    if asked.single and within(given, exact, bounds, SINGLE):
        detail = f"the gradient has the dtype float32{kept_digits(given, exact)}"
        return NetworkVerdict(Outcome.INACCURATE, reports, NetworkCause.FLOAT32, detail, words)
    wrong = {each.name: each for each in reports if each.wrong}
    cause, detail = _turned(given, exact, bounds, tuple(wrong))
    if cause is None:
        for name in wrong:
            if not given[name].any():
                more = ", and others are wrong too" if len(wrong) > 1 else ""
                cause, detail = NetworkCause.ZERO, f"{name}: the gradient was left at 0{more}"
                break
    if cause is None:
        cause, detail = constant_factor(given, exact, bounds)
        if cause is not None and len(wrong) == len(given):
            ratios = [each.given / each.exact for each in wrong.values() if each.exact]
            detail = _all_by(ratios, asked.samples) or detail
    return NetworkVerdict(Outcome.WRONG, reports, cause, detail, words)


def _turned(
    given: Arrays, exact: Mapping[str, Exact], bounds: Arrays, wrong: tuple[str, ...]
) -> tuple[NetworkCause | None, str]:
    """Say whether each wrong array is the transpose of the right one."""
    for name in wrong:
        array = given[name]
        if array.ndim != 2 or array.shape[0] != array.shape[1] or np.array_equal(array, array.T):
            return None, ""
        if not within({name: array.T}, exact, bounds, 1.0):
            return None, ""
    return NetworkCause.TRANSPOSED, f"{', '.join(wrong)}: the gradient is transposed"


def _all_by(ratios: list[float], samples: int) -> str:
    """Return a sentence where everything is off by one factor; empty where it isn't."""
    if not ratios or any(abs(a - b) > _CLOSE * abs(a) for a, b in pairwise(ratios)):
        return ""
    ratio = ratios[0]
    if abs(ratio + 1.0) < _CLOSE:
        return "every parameter: the sign is turned"
    words = f"every parameter: given/exact = {ratio:.4g}"
    if samples > 1 and abs(ratio / samples - 1.0) < _CLOSE:
        return f"{words}, which is the number of samples"
    if samples > 1 and abs(ratio * samples - 1.0) < _CLOSE:
        return f"{words}, which is 1 by the number of samples"
    return words


# --- along directions -----------------------------------------------------------------------------


def check_along(
    loss: Call, gradient: Call, params: Mapping[str, Any], x: Any, t: Any, seed: int
) -> NetworkVerdict:
    """Hold a gradient against its own loss; see `check_network`."""
    arrays = _read(params, x, t)
    first, dtype = ask_loss(loss, arrays, x, t)
    if not math.isfinite(first):
        msg = f"the loss is {first} at these parameters; a finite number is expected"
        raise DomainError(msg)
    if ask_loss(loss, arrays, x, t)[0] != first:
        return _open("two calls of loss with the same arguments differ")
    asked, problem = _asked(gradient, arrays, x, t, seed)
    if asked is None:
        assert problem is not None
        return problem
    layout = Layout(tuple((name, array.shape) for name, array in arrays.items()))
    point = layout.flatten(arrays)

    def at(moved: dict[str, Any]) -> Any:
        return loss(moved, copy(x), copy(t))

    every = None if dtype == np.float32 else every_entry(at, layout, point, asked.samples)
    if every is not None:
        verdict = _entry_by_entry(asked, *_unpacked(*every, asked, layout), ENTRIES)
    else:
        verdict = _along(asked, at, layout, point, seed)
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
    return verdict


def _unpacked(
    exact: Exact, bound: np.ndarray, asked: _Asked, layout: Layout
) -> tuple[dict[str, Exact], Arrays]:
    """Return flat results by the parameters' names, with room for how the candidate rounds."""
    moves = np.abs(asked.shaken).max(axis=0)
    size = np.abs(layout.flatten(asked.given))
    room = bound + np.minimum(_SHAKEN * moves, _MOST_SHAKEN * size) + 8 * np.spacing(size)
    found, bounds, start = {}, {}, 0
    for name, shape in layout.shapes:
        part = slice(start, start + math.prod(shape))
        found[name] = Exact(*(np.asarray(field)[part].reshape(shape) for field in exact.fields()))
        bounds[name] = room[part].reshape(shape)
        start = part.stop
    return found, bounds


def _along(
    asked: _Asked, loss: Call, layout: Layout, point: np.ndarray, seed: int
) -> NetworkVerdict:
    """Try each array along directions of its own, and say what the wrong ones have in common."""
    random = np.random.default_rng(seed)
    line, words = line_of(loss, layout, point, _direction(random, len(point)), asked.samples, seed)
    parts, start = [], 0
    for name, shape in layout.shapes:
        place = slice(start, start + math.prod(shape))
        parts.append(_part(asked, line, place, name, random, certified=words != STEPS))
        start = place.stop
    reports = tuple(part.report for part in parts)
    wrong = [part for part in parts if part.report.wrong]
    if asked.single:
        off = max(part.off for part in parts)
        if not wrong or off < SINGLE * _UNIT * _SHAKEN:
            detail = f"the gradient has the dtype float32{digits_text(off)}"
            return NetworkVerdict(Outcome.INACCURATE, reports, NetworkCause.FLOAT32, detail, words)
    if wrong:
        return NetworkVerdict(Outcome.WRONG, reports, *_common(parts, asked.samples), words)
    reason = next((f"{p.report.name}: {p.reason}" for p in parts if p.reason), "")
    if reason:
        return NetworkVerdict(Outcome.UNDECIDED, reports, reference=words, reason=reason)
    poor = [each for each in reports if each.detection_limit > _POOR]
    if poor:
        reason = (
            f"{poor[0].name}: the loss is too noisy: an error of {poor[0].detection_limit:.2g} of "
            "the largest entry would not have been seen"
        )
        return NetworkVerdict(Outcome.UNDECIDED, reports, reference=words, reason=reason)
    return NetworkVerdict(Outcome.OK, reports, reference=words)


def _common(parts: list[_Part], samples: int) -> tuple[NetworkCause | None, str]:
    wrong = [part for part in parts if part.report.wrong]
    if any(part.cause is None for part in wrong):
        return None, ""
    if len(wrong) == len(parts):
        ratios = [part.ratio for part in wrong if part.ratio is not None]
        together = _all_by(ratios, samples) if len(ratios) == len(wrong) else ""
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
    asked: _Asked,
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
        theta = slope.error + _rounding(direction, claim, asked.shaken[:, place])
        tried.append(_Tried(direction, slope, math.fsum((direction * claim).tolist()), theta))
    norm = float(np.linalg.norm(claim))
    off = max((abs(t.slope.value - t.claimed) / max(norm, 1e-300) for t in tried), default=0.0)
    largest = float(np.abs(claim).max())
    limit = 2.0 * max((t.theta for t in tried), default=math.inf)
    limit = limit / largest if largest else (0.0 if limit == 0.0 else math.nan)
    nothing: tuple[int, ...] = ()
    empty = ParameterReport(name, size, 0, math.nan, math.nan, nothing, math.nan, math.nan, limit)
    if len(tried) < min(2, _DIRECTIONS):
        return _Part(empty, reason=reason)
    if not any(t.wrong for t in tried):
        return _Part(empty, off=off)
    shape = asked.given[name].shape
    cause, detail, ratio = _slip(name, asked.given[name], tried)
    if asked.single and off < SINGLE * _UNIT * _SHAKEN:
        found: dict[int, Slope] = {}  # single entries are off as the whole is
    elif cause is None:
        found = _entries(inner, claim, random)
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
        nothing if worst is None else tuple(int(i) for i in np.unravel_index(worst, shape)),
        math.nan if worst is None else found[worst].value,
        math.nan if worst is None else float(claim[worst]),
        limit,
    )
    return _Part(made, cause, detail, ratio, off=off)


def _rounding(direction: np.ndarray, claim: np.ndarray, shaken: np.ndarray) -> float:
    """Return what rounding explains of a right gradient's product with a direction."""
    parts = float(np.linalg.norm(direction * claim))
    moved = float(np.abs(shaken @ direction).max()) if len(shaken) else 0.0
    return 8 * _UNIT * parts + min(_SHAKEN * moved, _MOST_SHAKEN * parts)


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
    if len(ratios) < 2 or claim.size < 2 or max(allowed) > _CLOSE * abs(ratios[0]):
        # A single number is any multiple of another.
        if claim.size == 1:
            return NetworkCause.FACTOR, *_by(name, ratios[0])
        return None, "", None
    if max(ratios) - min(ratios) > max(allowed) * 2:
        return None, "", None
    return NetworkCause.FACTOR, *_by(name, ratios[int(np.argmin(allowed))])


def _by(name: str, ratio: float) -> tuple[str, float]:
    if abs(ratio + 1.0) < _CLOSE:
        return f"{name}: the sign is turned", -1.0
    return f"{name}: given/exact = {ratio:.4g}", ratio


def _measured(line: Within, claim: np.ndarray, index: int) -> dict[int, Slope]:
    single = np.zeros(len(claim))
    single[index] = 1.0
    try:
        slope, _ = line.alone(single)
    except Spent:
        return {}
    return {} if slope.reason else {index: slope}


def _entries(line: Within, claim: np.ndarray, random: np.random.Generator) -> dict[int, Slope]:
    """Return the wrong entries that bisection names, as far as it comes."""
    with suppress(Spent):
        find_wrong_entries(line, claim, int(random.integers(1 << 31)))
    room = 8 * _UNIT
    return {
        k: slope
        for k, slope in line.alone_at.items()
        if abs(slope.value - claim[k]) > slope.error + room * abs(claim[k])
    }


# --- softmax without the largest logit taken out --------------------------------------------------


def _overflows(loss: Call, asked: _Asked) -> str:
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
            if not abs(same - here) <= 64 * _UNIT * max(1.0, abs(here)):
                continue
            there, _ = ask_loss(loss, far, asked.x, asked.t)
            if math.isfinite(there) and abs(there - here) > _CLOSE * max(1.0, abs(here)):
                continue
            answer = asked.gradient(copies(far), copy(asked.x), copy(asked.t))
        bad = [k for k in shapes if not np.isfinite(np.asarray(answer[k], dtype=float)).all()]
        if bad:
            return (
                f"right here, and not finite ({', '.join(bad)}) where every entry of {name} is "
                f"{_SHIFT:g} larger, though the loss stays the same when they are {_NUDGE:g} "
                "larger: take the largest logit of each sample out before exp"
            )
    return ""
