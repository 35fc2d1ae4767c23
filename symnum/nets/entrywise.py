"""Gradients held against a reference entry by entry, where the network has no description."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from symnum.checking.verdict import Outcome
from symnum.formula.exact import Exact
from symnum.formula.status import Status
from symnum.nets.asked import Asked, ask, read_parameters
from symnum.nets.compare import constant_factor, fits, kept_digits, ratio_text, report, within
from symnum.nets.verdict import NetworkCause, NetworkVerdict

Arrays = dict[str, np.ndarray]
Call = Callable[..., Any]

# Ratios along three directions that agree to this much are one factor.
CLOSE = 1e-4
# Entries of this share of the largest one are small, and these are float64's digits of it.
_SMALL, _DIGITS = 2.0**-4, 2.0**-40


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
    bounds, start = {}, 0
    room = right.room() + (asked.room() if asked.single else 0.0)
    for name, array in right.given.items():
        bounds[name] = room[start : start + array.size].reshape(array.shape)
        start += array.size
    exact = {name: _plain(array) for name, array in right.given.items()}
    return entry_by_entry(asked, exact, bounds, words)


def _plain(values: np.ndarray) -> Exact:
    nothing = np.full(values.shape, np.nan)
    status = np.full(values.shape, Status.UNDECIDED, dtype=object)
    return Exact(values, np.zeros(values.shape), nothing, status, nothing, nothing)


def entry_by_entry(
    asked: Asked, exact: Mapping[str, Exact], bounds: Arrays, words: str
) -> NetworkVerdict:
    """Return the verdict on every entry, and the slip where one explains all of them."""
    given = asked.given
    reports = tuple(report(name, given[name], exact[name], bounds[name]) for name in given)
    if not any(each.wrong for each in reports):
        if not asked.single:
            zeros = [name for name in given if _is_nothing(given[name], exact[name], bounds[name])]
            return NetworkVerdict(Outcome.OK, reports, reference=words, reason=nothing(zeros))
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
            detail = all_by(ratios, asked.samples) or detail
    if cause is None:
        lost = _lost(given, exact, bounds)
        if lost:
            reports = tuple(replace(r, wrong=0) if r.name in lost else r for r in reports)
            if not any(each.wrong for each in reports):
                return NetworkVerdict(
                    Outcome.UNDECIDED, reports, reference=words, reason=_lost_text(lost)
                )
    return NetworkVerdict(Outcome.WRONG, reports, cause, detail, words)


def nothing(names: Sequence[str]) -> str:
    """Say of which arrays nothing is decided because their gradient is 0; empty for none."""
    if not names:
        return ""
    return f"{', '.join(names)}: its gradient is 0 but for rounding, which decides nothing about it"


def _is_nothing(given: np.ndarray, exact: Exact, bound: np.ndarray) -> bool:
    """Say whether an array of the gradient is 0 as far as rounding lets anybody see."""
    hi = np.asarray(exact.hi)
    return bool(np.any(given != 0.0) and np.all(np.abs(hi) <= bound))


def _lost(given: Arrays, exact: Mapping[str, Exact], bounds: Arrays) -> dict[str, float]:
    """Return the arrays whose errors are such as float64 makes of small entries, with the largest.

    1 - a**2 is right to the last digit of 1, and what is made of it is right to so much of the
    gradient's large entries.
    """
    largest = max(float(np.nanmax(np.abs(np.asarray(exact[name].hi)), initial=0)) for name in given)
    found = {}
    for name, array in given.items():
        hi = np.asarray(exact[name].hi)
        error = np.abs(array - hi)
        wrong = ~fits(array, exact[name], bounds[name])
        small = (np.abs(hi) <= _SMALL * largest) & (error <= _DIGITS * largest)
        if wrong.any() and np.all(small[wrong]):
            found[name] = float(error[wrong].max() / largest)
    return found


def _lost_text(lost: Mapping[str, float]) -> str:
    worst = max(lost.values())
    return (
        f"{', '.join(lost)}: entries are off by up to {worst:.1g} of the gradient's largest entry. "
        "They are so small beside it that their digits may be lost in float64, as those of "
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
