"""The code of f against its formula: many an accused derivative is that of another function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from symnum.checking.answers import values_of
from symnum.checking.ask import Asker
from symnum.checking.claim import Answer, Candidate
from symnum.checking.conclude import broken_verdict, undecided, worst_of
from symnum.checking.decide import Decision, Evidence, decide
from symnum.checking.guards import (
    STATE_POINTS,
    Broken,
    shown,
)
from symnum.checking.own_code import OwnCode
from symnum.checking.own_rounding import is_own_rounding
from symnum.checking.points import CHUNK
from symnum.checking.reference import Reference, Truth, reference_of
from symnum.checking.request import Request
from symnum.checking.subject import one_point_hint
from symnum.checking.theirs import their_traceback
from symnum.checking.verdict import Cause, Verdict
from symnum.checking.watch import Watch
from symnum.errors import UsageError
from symnum.formula.formula import Formula


class Compared(NamedTuple):
    """What comparing the code of f with its formula came to.

    Parameters
    ----------
    mismatch : Verdict or None
        The verdict that the code is another function.
    note : str
        What is worth knowing of the code otherwise; may be empty.
    """

    mismatch: Verdict | None
    note: str = ""


def compared(request: Request, own: Sequence[np.ndarray], watch: Watch | None) -> Compared:
    """Compare the code of f with its formula first: many an accused derivative is right.

    They are compared wherever the derivative will be: it may be another one in a narrow branch.
    """
    if request.code is None or request.formula is None:
        return Compared(None)
    return _compared(request, request.code, request.formula, own, watch)


def _compared(
    request: Request,
    code: Candidate,
    formula: Formula,
    own: Sequence[np.ndarray],
    watch: Watch | None,
) -> Compared:
    reference = reference_of(formula, 0)
    if watch is not None:
        reference = reference.within(watch.clock)
    points = np.concatenate([request.points, *own])
    truth = reference.at(points)
    answers = _asked(code, truth, watch)
    for answer in answers:
        if answer.problem:
            sentence = f"the function: {answer.problem}; the derivative was not judged"
            return Compared(broken_verdict(request, Broken(Cause.WRONG_FUNCTION, sentence), truth))
    again = [code(point) for point in truth.points[:STATE_POINTS]]
    if any(
        one.value is not None
        and other.value is not None
        and not np.array_equal(one.value, other.value, equal_nan=True)
        for one, other in zip(answers, again, strict=False)
    ):
        where = shown(truth.points[0], request.variables)
        detail = f"two calls of f with the same argument differ (first tried at {where})"
        reason = "f is random, or depends on the call before"
        return Compared(undecided(request, len(answers), reason, Cause.RANDOM, detail))
    if all(answer.error for answer in answers):
        if request.traced:
            msg = (
                f"f raises {answers[0].error} at all of the {len(answers)} points that were tried"
                f"{one_point_hint(request.n) if request.has_points else ''}"
            )
            raise UsageError(msg)
        sentence = f"the function raises {answers[0].error}; the derivative was not judged"
        theirs = their_traceback(answers[0].raised)
        broken = Broken(Cause.WRONG_FUNCTION, sentence, traceback=theirs)
        return Compared(broken_verdict(request, broken, truth))
    values = values_of(answers, truth)
    # Where the code refuses or overflows there is nothing to compare.
    evidence = Evidence(truth.without(~np.isfinite(values)), values)
    decision = decide(code, reference, evidence, request.rng)
    if not decision.wrong:
        return Compared(None, _lost(request, reference, evidence, decision))
    if request.traced:
        reason = (
            "the trace of f does not reproduce f to within rounding, so there is nothing to hold "
            "against; give f's formula, or points where f is better conditioned"
        )
        return Compared(undecided(request, len(evidence.given), reason))
    worst = worst_of(reference, evidence, decision, decision.wrong)
    assert worst is not None
    where = shown(np.array(worst.point), request.variables)
    assert request.function is not None
    own_code = OwnCode(request.function, code, request.n)
    rng = np.random.default_rng(request.seed)
    if is_own_rounding(code, own_code, reference, evidence, decision, request.box, rng):
        return Compared(None, _lost(request, reference, evidence, decision))
    sentence = (
        f"the function is not the formula: at {where} it gives {worst.given!r}, "
        f"the formula {worst.exact!r}; the derivative was not judged"
    )
    verdict = broken_verdict(request, Broken(Cause.WRONG_FUNCTION, sentence), truth)
    return Compared(replace(verdict, worst=worst))


def _lost(request: Request, reference: Reference, evidence: Evidence, decision: Decision) -> str:
    """Say where the code of f loses digits that its formula has; empty where it doesn't."""
    worst = worst_of(reference, evidence, decision, decision.wrong or decision.inaccurate)
    if worst is None or request.traced:
        return ""
    where = shown(np.array(worst.point), request.variables)
    return (
        f"the function is the formula, but loses digits: at {where} it gives {worst.given!r}, the "
        f"formula {worst.exact!r}"
    )


def _asked(code: Candidate, truth: Truth, watch: Watch | None) -> list[Answer]:
    """Return what code answers at points, in chunks."""
    ask = Asker(code)
    found: list[Answer] = []
    for start in range(0, len(truth.points), CHUNK):
        if watch is not None:
            watch.clock.look()
        some = truth.take(np.arange(start, min(start + CHUNK, len(truth.points))))
        answers = ask(some.points)
        wrong = Evidence(some, values_of(answers, some)).bad.any(axis=1)
        found += ask.confirmed(some.points, answers, np.asarray(wrong))
    return found
