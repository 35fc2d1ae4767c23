"""What a derivative may not do, whatever its numbers: each rule has a sentence of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from symnum.checking.claim import Answer, Candidate
from symnum.checking.decide import Evidence
from symnum.checking.points import uniform
from symnum.checking.reference import Reference, Truth, status_at
from symnum.checking.theirs import their_traceback
from symnum.checking.verdict import Cause
from symnum.formula.status import Status

# Two calls may differ by this share of the answer before it counts as another answer.
_SAME = 2.0**-30
_SEVERAL = 2
_CALLS = 4
# What adds up moves by the same from call to call, to this share of it and to rounding, and by more
# than so many roundings: noise doesn't.
_STEADY, _ROUNDING, _MOVES = 1e-6, 2.0**-50, 16.0
# In how many coordinates answers under a wrong key are looked for.
_COORDINATES = 12
# Given points at which the rules about state are tried.
STATE_POINTS = 12
# How often calls are repeated, to tell memory from chance.
_ROUNDS = 32
# How often a neighbour is drawn again because the derivative is the same there.
_TRIES = 4
# How far beside a point, as shares of the box, a fresh answer is asked for.
_BESIDE = (1e-4, 1e-2)
# Points without a finite answer that are looked at, and those that are named.
_LOOKED_AT = 24
_REPORTED = 3

_CONVENTIONS = {
    Status.KINK: "a kink, where any value between the one-sided derivatives is right",
    Status.REMOVABLE: "where the derivative is undefined as written but has a limit",
}
_NEAR_A_KINK = "which doubles can't tell from a kink"


@dataclass(frozen=True)
class Broken:
    """A rule that was broken.

    Parameters
    ----------
    cause : Cause
        Which rule.
    sentence : str
        What happened, and where.
    component : int or None
        The component concerned, where it is one.
    traceback : str
        That of their code, where it raised.
    """

    cause: Cause
    sentence: str
    component: int | None = None
    traceback: str = ""


def shown(point: np.ndarray, names: Sequence[str]) -> str:
    """Return a point as text."""
    pairs = [f"{name} = {x:.6g}" for name, x in zip(names, point.tolist(), strict=True)]
    if len(pairs) > 6:
        pairs = [*pairs[:5], f"... ({len(pairs)} variables)"]
    return ", ".join(pairs)


def first_answers(
    answers: Sequence[Answer], truth: Truth, expected: tuple[int, ...], names: Sequence[str]
) -> Broken | None:
    """Look at the answers at the first points: exceptions, kinds, shapes, integers, writing."""
    raised = raises(answers, truth, names)
    if raised is not None:
        return raised
    for answer, known in zip(answers, truth.known, strict=True):
        # Where f has no derivative, what its formula comes to in code is anything: x**-0.5 of a
        # negative float is complex.
        if answer.problem and (known.any() or not truth.known.any()):
            return _kind(answer, expected)
    cut = integers(answers, truth)
    if cut is not None:
        return cut
    for answer, point in zip(answers, truth.points, strict=True):
        if answer.wrote:
            where = shown(point, names)
            return Broken(Cause.MUTATES, f"it writes into its argument (seen at {where})")
    return None


def raises(answers: Sequence[Answer], truth: Truth, names: Sequence[str]) -> Broken | None:
    """Look for an exception where the derivative is known, and isn't that of a kink."""
    for answer, point, known, hull in zip(
        answers, truth.points, truth.known, truth.hull, strict=True
    ):
        if answer.error and known.all() and not hull.any():
            count = sum(bool(other.error) for other in answers)
            share = f"{count} of the {len(answers)} points tried" if count > 1 else "only there"
            often = "" if count == len(answers) else f" ({share})"
            sentence = f"it raises {answer.error} at {shown(point, names)}{often}"
            return Broken(Cause.RAISES, sentence, traceback=their_traceback(answer.raised))
    return None


def _kind(answer: Answer, expected: tuple[int, ...]) -> Broken:
    if "complex" in answer.problem:
        return Broken(Cause.DTYPE, answer.problem)
    if len(expected) == 2 and answer.shape == expected[::-1]:
        return Broken(
            Cause.TRANSPOSED,
            f"{answer.problem}: the Jacobian is transposed",
        )
    hint = ""
    if len(expected) == 2 and answer.shape == expected[:1] == expected[1:]:
        hint = "; without a formula a 1-d array is one point: pass n=1 if each entry is a point"
    return Broken(Cause.SHAPE, answer.problem + hint)


def integers(answers: Sequence[Answer], truth: Truth) -> Broken | None:
    """An integer result is a fault where it cut off what the truth has behind the point."""
    cut = False
    lost: float | None = None
    for answer, exact, bound, known in zip(
        answers, truth.exact, truth.bound, truth.known, strict=True
    ):
        if answer.value is None or np.dtype(answer.dtype).kind not in "iub":
            continue
        error = np.abs(answer.value - exact)
        wrong = known & (error > bound)
        beyond = wrong & ~_holds(np.dtype(answer.dtype), exact)
        if np.any(wrong & ~beyond & (error > 1)):
            return None
        cut = cut or bool(wrong.any())
        if beyond.any():
            lost = float(exact[beyond][0])
    if not cut:
        return None
    if lost is not None:
        sentence = f"its result has an integer dtype, which can't hold {lost:.6g}"
        return Broken(Cause.DTYPE, sentence)
    return Broken(Cause.DTYPE, "its result has an integer dtype, which cuts off the fraction")


def _holds(dtype: np.dtype[Any], values: np.ndarray) -> np.ndarray:
    """Say which numbers an integer dtype, or bool, can hold but for their fraction."""
    if dtype.kind == "b":
        return np.ones(values.shape, dtype=bool)
    limits = np.iinfo(dtype)
    return np.asarray((values > float(limits.min) - 1) & (values < float(limits.max) + 1))


def findings(reference: Reference, evidence: Evidence, names: Sequence[str]) -> tuple[str, ...]:
    """Say where the candidate is not finite at a kink, or where f is undefined but has a limit.

    Conventions differ there: it is worth knowing, and no mistake.
    """
    rows = np.flatnonzero((~np.isfinite(evidence.given)).any(axis=1))[:_LOOKED_AT]
    if not rows.size:
        return ()
    found: list[str] = []
    for row in rows:
        point = evidence.truth.points[row]
        raised = evidence.raised_at(int(row))
        for k in np.flatnonzero(~np.isfinite(evidence.given[row])).tolist():
            known = evidence.truth.known[row, k] and evidence.truth.hull[row, k]
            near = _NEAR_A_KINK if known else None
            what = _CONVENTIONS.get(status_at(reference, point, k), near)
            if what is not None:
                does = f"raises {raised}" if raised else f"is {evidence.given[row, k]}"
                found.append(f"it {does} at {shown(point, names)}, {what}")
                break
    return tuple(dict.fromkeys(found))[:_REPORTED]


def asymmetry(evidence: Evidence, wrong: Sequence[int], names: Sequence[str]) -> tuple[str, ...]:
    """Say where a Hessian that is wrong is not symmetric: one of two equal entries is then right.

    Parameters
    ----------
    evidence : Evidence
        Second derivatives, n² components an output.
    wrong : sequence of int
        The components that are wrong.
    names : sequence of str
        The variables.
    """
    n = len(names)
    for k in wrong:
        output, entry = divmod(k, n * n)
        i, j = divmod(entry, n)
        other = output * n * n + j * n + i
        if i == j or other in wrong:
            continue
        rows = np.flatnonzero(evidence.bad[:, k])
        if not rows.size:
            continue
        row = rows[0]
        one, two = float(evidence.given[row, k]), float(evidence.given[row, other])
        where = shown(evidence.truth.points[row], names)
        return (
            f"it is not symmetric: at {where} it gives {one!r} for {names[i]},{names[j]} and "
            f"{two!r} for {names[j]},{names[i]}",
        )
    return ()


def state(
    candidate: Candidate,
    function: Candidate | None,
    answers: Sequence[Answer],
    truth: Truth,
    names: Sequence[str],
) -> Broken | None:
    """Call the candidate again: twice at a point, and after f was called at another.

    A right answer may depend on nothing but the point. All given points are tried, because a
    function that saturates gives the same answer at many of them.
    """
    frozen = _frozen(answers, truth)
    if frozen is not None:
        return frozen
    count = len(answers)
    for i in range(count):
        point, first = truth.points[i], answers[i]
        if first.value is None:
            continue
        again, once_more = candidate(point), candidate(point)
        for second in (again, once_more):
            if second.value is not None and differ(first.value, second.value, truth.bound[i]):
                where = shown(point, names)
                if _adds_up(candidate, point):
                    return Broken(Cause.STALE, f"its answers add up from call to call, at {where}")
                if _differ_again(candidate, point, truth.bound[i]):
                    return Broken(
                        Cause.RANDOM, f"two calls with the same argument differ, at {where}"
                    )
                before = truth.points[i - 1]
                if not _follows_the_call_before(candidate, before, point, truth.bound[i]):
                    return Broken(Cause.RANDOM, f"calls with the same argument differ, at {where}")
                return Broken(
                    Cause.STALE, f"its answer depends on the call before (seen at {where})"
                )
        if function is not None:
            function(truth.points[i - 1])
            after = candidate(point)
            if after.value is not None and differ(first.value, after.value, truth.bound[i]):
                where = shown(point, names)
                return Broken(
                    Cause.STALE,
                    f"its answer depends on where f was called last (seen at {where})",
                )
    return None


def _frozen(answers: Sequence[Answer], truth: Truth) -> Broken | None:
    """Right at the first point, and the same answer ever after."""
    values = [answer.value for answer in answers if answer.value is not None]
    if len(answers) < _SEVERAL or len(values) < len(answers) or truth.hull[0].all():
        return None  # at a kink many constants are right
    first = values[0]
    if any(not np.array_equal(first, value) for value in values[1:]):
        return None
    with np.errstate(all="ignore"):
        wrong = truth.known & (np.abs(first - truth.exact) > truth.bound)
    others = np.any(truth.points != truth.points[0], axis=1)
    if wrong[0].any() or not others.any() or not wrong[others].any(axis=1).all():
        return None  # what is right elsewhere too is a constant, or a branch
    return Broken(Cause.STALE, "it returns the answer of the first call for ever")


def remembered(
    candidate: Candidate,
    reference: Reference,
    box: np.ndarray,
    names: Sequence[str],
    rng: np.random.Generator,
) -> Broken | None:
    """Look for answers that are remembered under the wrong key.

    A fresh point is followed by its neighbours that differ in one coordinate, or in all of them a
    little: an answer that stays although the derivative moved was not computed.
    """
    low, high = box[:, 0], box[:, 1]
    for j in [*range(min(len(box), _COORDINATES)), None]:
        for _ in range(_TRIES):
            start = uniform(box, rng)
            other = start.copy()
            if j is None:
                other = np.clip(start * (1 + 1e-5) + (1e-5 * high - 1e-5 * low), low, high)
            else:
                other[j] = uniform(box, rng)[j]
            truth = reference.at(np.array([start, other]))
            apart = np.abs(truth.exact[1] - truth.exact[0]) > truth.bound.sum(axis=0)
            if np.any(apart & truth.known.all(axis=0)):
                break
        before, after = candidate(start).value, candidate(other).value
        if before is None or after is None or not np.array_equal(before, after):
            continue
        with np.errstate(all="ignore"):
            wrong = truth.known & (np.abs(before - truth.exact) > truth.bound)
        if wrong[1].any() and not wrong[0].any():
            if not _computes(candidate, reference, other, before, box, rng):
                continue
            what = "by little" if j is None else f"in {names[j]} only"
            return Broken(
                Cause.STALE, f"it returns the answer for another point, one that differs {what}"
            )
    return None


def changed(
    candidate: Candidate, answers: Sequence[Answer], evidence: Evidence, names: Sequence[str]
) -> Broken | None:
    """Ask again where it was asked first, after all other calls: a right answer is the same.

    Parameters
    ----------
    candidate : Candidate
        Somebody's derivative.
    answers : sequence of Answer
        The first answers.
    evidence : Evidence
        What is known at their points, and what was answered at all others since.
    names : sequence of str
        The variables.
    """
    first = evidence.truth.take(np.arange(len(answers)))
    for answer, point, bound in zip(answers, first.points, first.bound, strict=True):
        later = [candidate(point).value for _ in range(_CALLS)]
        if answer.value is None or any(value is None for value in later):
            continue
        differs = [differ(answer.value, value, bound) for value in later if value is not None]
        where = shown(point, names)
        if all(differs):
            calls = len(evidence.given)
            sentence = f"its answer at {where} has changed after about {calls} calls"
            return Broken(Cause.STALE, sentence)
        if differs[0] and not any(differs[1:]):
            with np.errstate(all="ignore"):
                others = np.flatnonzero((evidence.given != answer.value).any(axis=1))
            before = evidence.truth.points[others[-1] if others.size else -1]
            if _follows_the_call_before(candidate, before, point, bound):
                sentence = f"its answer depends on the call before (seen at {where})"
                return Broken(Cause.STALE, sentence)
        if any(differs):
            return Broken(Cause.RANDOM, f"calls with the same argument differ, at {where}")
    return None


def _computes(
    candidate: Candidate,
    reference: Reference,
    point: np.ndarray,
    kept: np.ndarray,
    box: np.ndarray,
    rng: np.random.Generator,
) -> bool:
    """Say whether another answer, and a right one, comes next to a point, at a key of its own.

    What answers there as at the point has a constant, or a branch, and no memory.
    """
    low, high = box[:, 0], box[:, 1]
    for share in _BESIDE:
        step = share * rng.uniform(0.5, 1.0, len(box)) * rng.choice([-1.0, 1.0], len(box))
        beside = np.clip(point + step * high - step * low, low, high)
        value = candidate(beside).value
        if value is None or np.array_equal(value, kept):
            continue
        truth = reference.at(beside[None])
        with np.errstate(all="ignore"):
            if not np.any(truth.known & (np.abs(value - truth.exact) > truth.bound)):
                return True
    return False


def _adds_up(candidate: Candidate, point: np.ndarray) -> bool:
    """Say whether repeated calls at one point differ by the same amount every time."""
    found = [value for _ in range(_CALLS) if (value := candidate(point).value) is not None]
    if len(found) < _CALLS:
        return False
    with np.errstate(all="ignore"):
        moves = np.diff(np.array(found), axis=0)
        rounding = _ROUNDING * np.max(np.abs(found), axis=0)
        close = np.abs(moves - moves[0]) <= _STEADY * np.abs(moves[0]) + rounding
    return bool(np.any(np.abs(moves[0]) > _MOVES * rounding) and np.all(close))


def _differ_again(candidate: Candidate, point: np.ndarray, bound: np.ndarray) -> bool:
    """Say whether repeated calls at one point keep changing: then it is chance, not memory."""
    found = [candidate(point).value for _ in range(4)]
    return any(
        a is not None and b is not None and differ(a, b, bound) for a, b in pairwise(found[1:])
    )


def _follows_the_call_before(
    candidate: Candidate, before: np.ndarray, point: np.ndarray, bound: np.ndarray
) -> bool:
    """Say whether the same calls in the same order give the same answers, again and again.

    Memory does that; chance does now and then, if it seldom strikes.
    """
    rounds = [[candidate(p).value for p in (before, point, point, point)] for _ in range(_ROUNDS)]
    first = rounds[0]
    return not any(
        a is not None and b is not None and differ(a, b, bound)
        for other in rounds[1:]
        for a, b in zip(first[1:], other[1:], strict=True)
    )


def differ(a: np.ndarray, b: np.ndarray, bound: np.ndarray) -> bool:
    """Say whether two answers at one point differ by more than rounding may do."""
    if a.shape != b.shape:
        return True
    allowed = np.minimum(2 * np.nan_to_num(bound, posinf=0.0), _SAME * np.abs(a))
    with np.errstate(all="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= allowed)
    return not bool(np.all(same))
