"""Gradients held against a reference entry by entry, where the network has no description."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from symnum.checking.verdict import Outcome
from symnum.formula.exact import Exact
from symnum.formula.status import Status
from symnum.nets.asked import Asked, ask, read_parameters, saturation_room, single_inside
from symnum.nets.compare import (
    constant_factor,
    fits,
    integers,
    kept_digits,
    ratio_text,
    report,
    within,
)
from symnum.nets.stale import stale_against
from symnum.nets.verdict import NetworkCause, NetworkVerdict, ParameterReport

Arrays = dict[str, np.ndarray]
Call = Callable[..., Any]

# Ratios along three directions that agree to this much are one factor.
CLOSE = 1e-4


def check_against(
    reference: Call, gradient: Call, params: Mapping[str, Any], x: Any, t: Any, seed: int
) -> NetworkVerdict:
    """Hold a gradient against another one, entry by entry; see `check_network`."""
    arrays = read_parameters(params, x, t)
    words = "the gradient given as reference, not certified"
    right, problem = ask(reference, arrays, x, t, seed)
    if right is None:
        said = "" if problem is None else problem.cause_detail or problem.reason
        return NetworkVerdict(
            Outcome.UNDECIDED, reference=words, reason=f"the reference is no gradient: {said}"
        )
    asked, problem = ask(gradient, arrays, x, t, seed)
    if asked is None:
        assert problem is not None
        return problem

    def bounds(one: Asked) -> Arrays:
        room = right.room() + (one.room() if one.precision.cause is not None else 0.0)
        ends = np.cumsum([array.size for array in right.given.values()])
        return {
            name: room[end - array.size : end].reshape(array.shape)
            for (name, array), end in zip(right.given.items(), ends, strict=True)
        }

    exact = {name: _plain(array) for name, array in right.given.items()}
    verdict = in_its_precision(
        asked, seed, lambda one: entry_by_entry(one, exact, bounds(one), words)
    )
    if not verdict:
        return verdict
    rounding = bounds(asked)
    return stale_against(verdict, asked.at, right.at, lambda _: rounding, arrays, asked.given)


def in_its_precision(
    asked: Asked, seed: int, judge: Callable[[Asked], NetworkVerdict]
) -> NetworkVerdict:
    """Judge a gradient in double precision; where it is wrong there, in what its code computes."""
    verdict = judge(asked)
    if verdict.status is not Outcome.WRONG:
        return verdict
    single = single_inside(asked, seed)
    again = verdict if single is None else judge(single)
    return again if again.status is Outcome.INACCURATE else verdict


def _plain(values: np.ndarray) -> Exact:
    nothing = np.full(values.shape, np.nan)
    status = np.full(values.shape, Status.UNDECIDED, dtype=object)
    return Exact(values, np.zeros(values.shape), nothing, status, nothing, nothing)


def entry_by_entry(
    asked: Asked, exact: Mapping[str, Exact], bounds: Arrays, words: str
) -> NetworkVerdict:
    """Return the verdict on every entry, and the slip where one explains all of them."""
    given = asked.given
    reports = _reports(given, exact, bounds)
    lost = _lost(asked, exact, bounds)
    wider = {name: bounds[name] + lost.get(name, 0.0) for name in given}
    widely = _reports(given, exact, wider)
    if not any(each.wrong for each in reports):
        reports = tuple(
            replace(each, detection_limit=wide.detection_limit)
            for each, wide in zip(reports, widely, strict=True)
        )
        if asked.precision.cause is None:
            zeros = [name for name in given if _is_nothing(given[name], exact[name], bounds[name])]
            return NetworkVerdict(Outcome.OK, reports, reference=words, reason=nothing(zeros))
        detail = f"{asked.precision.words}{kept_digits(given, exact)}"
        low = asked.precision.cause
        return NetworkVerdict(Outcome.INACCURATE, reports, low, detail, words)
    whole = integers(given, asked.dtypes, exact)
    if whole:
        return NetworkVerdict(Outcome.WRONG, reports, NetworkCause.DTYPE, whole, words)
    every = _every_by(asked, exact, bounds) if all(each.wrong for each in reports) else ""
    if every:
        return NetworkVerdict(Outcome.WRONG, reports, NetworkCause.FACTOR, every, words)
    if not any(each.wrong for each in widely):
        off = [each.name for each in reports if each.wrong]
        said = _lost_text(given, exact, off)
        return NetworkVerdict(Outcome.UNDECIDED, widely, reference=words, reason=said)
    wrong = tuple(each.name for each in widely if each.wrong)
    cause, detail = _slip(given, exact, wider, wrong)
    return NetworkVerdict(Outcome.WRONG, widely, cause, detail, words)


def _reports(
    given: Arrays, exact: Mapping[str, Exact], bounds: Arrays
) -> tuple[ParameterReport, ...]:
    return tuple(report(name, given[name], exact[name], bounds[name]) for name in given)


def _every_by(asked: Asked, exact: Mapping[str, Exact], bounds: Arrays) -> str:
    """Say that all of the gradient is off by one factor; empty where it isn't."""
    zero = any(not array.any() for array in asked.given.values())  # 0 is said to be 0
    if zero or constant_factor(asked.given, exact, bounds)[0] is None:
        return ""
    ratios = [
        float(np.vdot(hi, array) / np.vdot(hi, hi))
        for array, hi in ((array, np.nan_to_num(exact[k].hi)) for k, array in asked.given.items())
        if np.vdot(hi, hi) > 0.0
    ]
    return all_by(ratios, asked.samples)


def _slip(
    given: Arrays, exact: Mapping[str, Exact], bounds: Arrays, wrong: tuple[str, ...]
) -> tuple[NetworkCause | None, str]:
    """Return what the numbers of the wrong arrays have in common, if they decide it."""
    cause, detail = _turned(given, exact, bounds, wrong)
    if cause is not None:
        return cause, detail
    zeros = [name for name in wrong if not given[name].any()]
    if zeros:
        more = ", and others are wrong too" if len(wrong) > len(zeros) else ""
        return NetworkCause.ZERO, f"{', '.join(zeros)}: the gradient was left at 0{more}"
    return constant_factor(given, exact, bounds)


def nothing(names: Sequence[str]) -> str:
    """Say of which arrays nothing is decided because their gradient is 0; empty for none."""
    if not names:
        return ""
    return f"{', '.join(names)}: its gradient is 0 but for rounding, which decides nothing about it"


def _is_nothing(given: np.ndarray, exact: Exact, bound: np.ndarray) -> bool:
    """Say whether an array of the gradient is 0 as far as rounding lets anybody see."""
    hi = np.asarray(exact.hi)
    return bool(np.any(given != 0.0) and np.all(np.abs(hi) <= bound))


def largest_entry(arrays: Iterable[np.ndarray]) -> float:
    """Return the largest modulus in all arrays, of the entries that are numbers."""
    return max((float(np.nanmax(np.abs(array), initial=0.0)) for array in arrays), default=0.0)


def _lost(asked: Asked, exact: Mapping[str, Exact], bounds: Arrays) -> Arrays:
    """Return what saturated units may cost each array's digits.

    An array that is the exact one with its sign turned has kept them, and has no entry here.
    """
    given = asked.given
    size = {name: np.abs(np.asarray(exact[name].hi)) for name in given}
    largest = largest_entry(size.values())
    found = {}
    for name, array in given.items():
        if not _is_turned_sign(array, exact[name], bounds[name]):
            found[name] = saturation_room(asked, size[name], largest)
    return found


def _is_turned_sign(array: np.ndarray, exact: Exact, bound: np.ndarray) -> bool:
    """Say whether an array is the exact one with its sign turned, in all its digits."""
    seen = np.count_nonzero(np.abs(np.asarray(exact.hi)) > 4 * bound)
    return bool(seen > 1 and fits(-array, exact, bound).all())


def _lost_text(given: Arrays, exact: Mapping[str, Exact], names: Sequence[str]) -> str:
    largest = largest_entry(np.asarray(each.hi) for each in exact.values())
    error = largest_entry(given[name] - np.asarray(exact[name].hi) for name in names)
    return lost_text(names, error / largest)


def lost_text(names: Sequence[str], share: float) -> str:
    """Say that errors of this share of the largest entry may be digits that saturation costs."""
    return (
        f"{', '.join(names)}: entries are off by up to {share:.1g} of the gradient's largest "
        "entry. They are so small beside it that their digits may be lost in float64, as those of "
        "1 - a**2 are where a is near 1, and that can't be told from a mistake; with network= "
        "it can"
    )


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


def all_by(ratios: list[float], samples: int) -> str:
    """Return a sentence where everything is off by one factor; empty where it isn't."""
    if not ratios or any(abs(a - b) > CLOSE * abs(a) for a, b in pairwise(ratios)):
        return ""
    ratio = ratios[0]
    if abs(ratio + 1.0) < CLOSE:
        return "every parameter: the sign is turned"
    if abs(ratio - 1.0) < CLOSE:
        return ""
    words = f"every parameter: given/exact = {ratio_text(ratio, 4)}"
    if samples > 1 and abs(ratio / samples - 1.0) < CLOSE:
        return f"{words}, which is the number of samples"
    if samples > 1 and abs(ratio * samples - 1.0) < CLOSE:
        return f"{words}, which is 1 by the number of samples"
    return words
