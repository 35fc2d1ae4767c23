"""One check, from the points to the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from symnum.checking.answers import evidence_of, values_of
from symnum.checking.ask import Asker
from symnum.checking.calls import (
    asked_again,
    first_calls,
    takes_arrays,
    with_an_array,
    with_numpy_numbers,
)
from symnum.checking.claim import Answer, Form
from symnum.checking.code_reference import DualReference
from symnum.checking.conclude import broken_verdict
from symnum.checking.decide import (
    Evidence,
)
from symnum.checking.function_first import compared
from symnum.checking.guards import (
    STATE_POINTS,
    Broken,
    changed,
    first_answers,
    raises,
    remembered,
    shown,
    state,
)
from symnum.checking.judge import judge
from symnum.checking.late import late_verdict
from symnum.checking.literals import literals
from symnum.checking.many import gradient_verdict, lines_of
from symnum.checking.memory import kept
from symnum.checking.own_code import OwnCode
from symnum.checking.points import is_point, own_points, uniform
from symnum.checking.proof import reproduces, same
from symnum.checking.reference import FormulaReference, Reference, Truth
from symnum.checking.request import Request
from symnum.checking.steps_reference import StepsReference
from symnum.checking.thresholds import threshold_points
from symnum.checking.unjudged import nothing_given_judged
from symnum.checking.verdict import Cause, Outcome, Verdict
from symnum.checking.watch import OutOfTime, Watch
from symnum.formula.program import Program

# Points of its own that a check adds once something is wrong already: evidence for the cause.
_EVIDENCE = 60
# So many wrong points show where a derivative is wrong; fewer may be those of an edge.
_SEVERAL_WRONG, _SLIGHTLY = 8, 2.0**-30
# So many calls show whether it keeps something.
_SEVERAL = 2
# First points at which it is asked again in the end.
_ASKED_AGAIN = 4
_KEEPS = (
    "traced, and identical to the exact derivative, but not proved: its code changes what it keeps "
    "from call to call, and may answer otherwise later"
)
_POINT_BY_POINT = "it was called point by point: it makes no array of an array of points"
# Given points at which a gradient of many parameters is tried along directions, and own ones.
DIRECTED_POINTS, OWN_DIRECTED_POINTS = 3, 2


@np.errstate(all="ignore")  # what isn't finite is looked at, and no reason to warn
def run(request: Request, watch: Watch | None) -> Verdict:
    """Check a request: f's code first, then rules about state, then values, point by point.

    Parameters
    ----------
    request : Request
        What was asked for.
    watch : Watch or None
        Its time limit.
    """
    own = _own_points(request)
    mismatch, note = compared(request, own, watch)
    if mismatch is not None:
        return mismatch
    verdict = _judged(request, own, watch)
    notes = [note] * bool(note)
    is_right = verdict.status in {Outcome.OK, Outcome.PROVED}
    of_one = request.candidate.form is Form.FLOAT and request.candidate.size == 1
    if is_right and request.formula is not None and of_one:
        broken, said = _on_arrays(request, own)
        if broken is not None:
            return broken_verdict(request, broken, request.reference.at(request.points))
        notes += [said] * bool(said)
    return replace(verdict, violations=(*verdict.violations, *notes)) if notes else verdict


def _on_arrays(request: Request, own: Sequence[np.ndarray]) -> tuple[Broken | None, str]:
    """Call code of one number with an array: return what is wrong, or else what is worth knowing.

    Nobody said that it takes arrays where the points are not given as one.
    """
    points = np.concatenate([request.points, *own[:1]])[:STATE_POINTS]
    if _keeps_something(request, points):
        return None, ""  # an array might be kept, and spoil what it answers to numbers
    candidate = request.candidate
    answers = [candidate(point) for point in points]
    broken = with_an_array(candidate, answers, request.reference.at(points), request.variables)
    if broken is not None:
        return (broken, "") if request.array_of_points else (None, broken.sentence)
    if request.array_of_points and not takes_arrays(candidate, request.points[:, 0]):
        return None, _POINT_BY_POINT
    return None, ""


def _keeps_something(request: Request, points: np.ndarray) -> bool:
    """Say whether what a candidate reaches changes from one call to the next."""
    states = [kept(request.derivative)]
    for point in points[:_SEVERAL]:
        request.candidate(point)
        states.append(kept(request.derivative))
    return any(later != states[0] for later in states)


def _own_points(request: Request) -> list[np.ndarray]:
    """Return the points that the check makes itself, in chunks."""
    if len(request.points) and is_point(request.box):
        return []  # it is given already
    reference = request.reference
    return list(
        reference.own_points(request.box, request.rng)
        if isinstance(reference, StepsReference)
        else own_points(request.box, request.rng, reference.most_points)
    )


def _judged(request: Request, own: Sequence[np.ndarray], watch: Watch | None) -> Verdict:
    """Judge the derivative: rules about state first, then values, at given points and its own."""
    reference = request.reference
    candidate = request.candidate
    ask = Asker(candidate)
    own_code = OwnCode(request.derivative, candidate, request.n, request.own_formula)
    measured = isinstance(reference, StepsReference)
    chunks = iter(own)
    first = request.points if len(request.points) else next(chunks)
    if measured and watch is not None:  # each point may take long: judged one by one
        chunks = _one_by_one([first[1:], *chunks])
        first = first[:1]
        answers = ask(first)  # before what takes long
        truth = reference.at(first)
    else:
        truth = reference.at(first)
        answers = ask(truth.points)
        if not measured:  # where each point takes hundreds of calls
            chunks = chain(chunks, _at_thresholds(request, own_code))
        chunks = chunks if watch is None else _growing(chunks)
    broken = first_answers(answers, truth, candidate.shape, request.variables)
    if broken is not None:
        return broken_verdict(request, broken, truth)
    try:
        before = kept(request.derivative)  # what is set up in the first call is there by now
        broken = _bad_manners(request, answers, truth)
        if broken is not None:
            return broken_verdict(request, broken, truth)
        if kept(request.derivative) != before:
            ask.one_by_one()
        evidence = evidence_of(request, answers, truth)
    except OutOfTime:
        # Whether code that was run on balls is in a narrow branch isn't known yet.
        if watch is None or isinstance(reference, DualReference):
            raise
        return late_verdict(request, Evidence(truth, values_of(answers, truth)), watch.seconds)
    given = len(request.points)
    try:
        _look(watch, reference, evidence)
        for points in chunks:
            if _is_enough(evidence) and len(evidence.given) - given >= _EVIDENCE:
                break
            _look(watch, reference, evidence)
            more = reference.at(points)
            found = ask(more.points)
            seen = evidence_of(request, found, more)
            confirmed = ask.confirmed(more.points, found, np.asarray(seen.bad.any(axis=1)))
            if confirmed is not found:
                found, seen = confirmed, evidence_of(request, confirmed, more)
            broken = raises(found, more, request.variables) or _wrote(found, more, request)
            if broken is not None:
                return broken_verdict(request, broken, evidence.truth)
            evidence = evidence.join(seen)
        _look(watch, reference, evidence)
        broken = changed(candidate, answers[:_ASKED_AGAIN], evidence, request.variables)
        if broken is None and not measured:
            broken = asked_again(candidate, evidence, request.variables)
        if broken is not None:
            return broken_verdict(request, broken, evidence.truth)
        verdict = judge(request, reference, evidence, own_code)
    except OutOfTime:
        assert watch is not None
        return late_verdict(request, evidence, watch.seconds)
    if verdict.status is Outcome.OK and _proven(request, evidence, own_code):
        if kept(request.derivative) != before:
            return replace(verdict, reason=_KEEPS)
        return replace(
            verdict, status=Outcome.PROVED, reason="traced, and identical to the exact derivative"
        )
    if verdict.status is Outcome.OK:
        reason = nothing_given_judged(reference, evidence, request.variables, given)
        return replace(verdict, status=Outcome.UNDECIDED, reason=reason) if reason else verdict
    return verdict


@np.errstate(all="ignore")
def run_along_directions(request: Request, watch: Watch | None) -> Verdict:
    """Check a gradient of many parameters without a formula: guards, then directions."""
    points = request.points[:DIRECTED_POINTS]
    if not len(points):
        own = [uniform(request.box, request.rng) for _ in range(OWN_DIRECTED_POINTS)]
        points = np.array(own)
    shape = (len(points), request.n)
    # Nothing is known yet, but that f and its derivative can be asked for.
    truth = Truth(
        points, np.zeros(shape), np.full(shape, np.inf), np.zeros(shape, bool), np.ones(shape, bool)
    )
    candidate = request.candidate
    answers = [candidate(point) for point in points]
    broken = first_answers(answers, truth, candidate.shape, request.variables)
    if broken is None:
        broken = state(candidate, request.code, answers, truth, request.variables)
    if broken is not None:
        return broken_verdict(request, broken, truth)
    assert request.code is not None
    lines = lines_of(request.code, points[0], request.rng, request.limits)
    seconds = math.inf if watch is None else watch.seconds
    return gradient_verdict(
        candidate, lines, points, request.names, request.seed, request.form, seconds
    )


def _look(watch: Watch | None, reference: Reference, evidence: Evidence) -> None:
    """Raise OutOfTime where the time is over, or was over before the truth was known somewhere."""
    if watch is None:
        return
    watch.clock.look()
    if isinstance(reference, FormulaReference) and reference.late(evidence.truth.points).any():
        raise OutOfTime


def _is_enough(evidence: Evidence) -> bool:
    """Say whether so much is wrong that more points would show nothing new.

    What may be lost digits is looked at everywhere: they are lost where it is worst.
    """
    with np.errstate(all="ignore"):
        large = evidence.bad & ~(evidence.error <= _SLIGHTLY * np.abs(evidence.truth.exact))
    return int(large.any(axis=1).sum()) >= _SEVERAL_WRONG


def _bad_manners(request: Request, answers: Sequence[Answer], truth: Truth) -> Broken | None:
    """Return the rule about state that a candidate breaks; None where it breaks none."""
    reference, candidate = request.reference, request.candidate
    sample = truth.take(np.arange(min(len(truth.points), STATE_POINTS)))
    broken = state(
        candidate,
        request.code,
        answers[: len(sample.points)],
        sample,
        request.variables,
    )
    if broken is None:
        broken = first_calls(candidate, request.probed, reference, request.variables)
    of_one = candidate.form is Form.FLOAT
    if broken is None and of_one and not _keeps_something(request, sample.points):
        seen = answers[: len(sample.points)]
        broken = with_numpy_numbers(candidate, seen, sample, request.variables)
    if broken is None and not isinstance(reference, StepsReference):  # it takes hundreds of points
        return remembered(candidate, reference, request.box, request.variables, request.rng)
    return broken


def _at_thresholds(request: Request, own_code: OwnCode) -> Iterator[np.ndarray]:
    """Yield the points at the thresholds in a candidate's code, once all others were tried."""
    if is_point(request.box):
        return
    program: Program | None = None
    numbers: list[float] = []
    path = own_code.path
    if path is not None:
        program = path.whole
    if request.written is None and (path is None or path.formula.conditions):
        numbers = literals(request.derivative)
    # A generator of its own: what is drawn for a cause doesn't depend on them.
    rng = np.random.default_rng(request.seed)
    points = threshold_points(program, numbers, request.box, rng)
    if len(points):
        yield points


def _growing(chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield chunks in pieces of 1, 2, 4, ... points: slow code is judged as far as it got."""
    size = 1
    for points in chunks:
        start = 0
        while start < len(points):
            yield points[start : start + size]
            start += size
            size *= 2


def _one_by_one(chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the points of chunks singly, each of shape (1, n)."""
    for points in chunks:
        yield from points[:, None]


def _proven(request: Request, evidence: Evidence, own_code: OwnCode) -> bool:
    """Trace the candidate, and say whether it is identically the exact derivative.

    The trace must be of the form that was judged, leave its argument alone as the code has to, and
    reproduce the code's own answers: code can tell a traced array from numbers.
    """
    if request.formula is None:
        return False
    exact = request.reference.derivative
    assert exact is not None
    if request.written is not None:
        written = request.own_formula
        return written is not None and same(written.program, exact.program)
    found = own_code.trace
    if found is None or found.writes:
        return False
    program = found.formula.program
    return same(program, exact.program) and reproduces(
        program, evidence.truth.points, evidence.given
    )


def _wrote(answers: Sequence[Answer], truth: Truth, request: Request) -> Broken | None:
    """Look for writing into the argument: what is put back may be another double somewhere."""
    for answer, point in zip(answers, truth.points, strict=True):
        if answer.wrote:
            where = shown(point, request.variables)
            return Broken(Cause.MUTATES, f"it writes into its argument (seen at {where})")
    return None
