"""The check itself: is this the derivative of that function."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from itertools import count
from typing import Any

import numpy as np

from symnum.checking.ask import Asker
from symnum.checking.claim import Answer, Candidate
from symnum.checking.code_reference import DualReference, believed
from symnum.checking.decide import (
    Decision,
    Evidence,
    beside_largest,
    decide,
    detection_limit,
    float32_inside,
    lost_digits,
    worst_first,
)
from symnum.checking.guards import (
    Broken,
    asymmetry,
    findings,
    first_answers,
    integers,
    raises,
    remembered,
    shown,
    state,
)
from symnum.checking.many import gradient_verdict, lines_of
from symnum.checking.own_code import own_code
from symnum.checking.own_rounding import beside_own_rounding, is_own_rounding
from symnum.checking.points import CHUNK, is_point, own_points, stratified, uniform
from symnum.checking.proof import reproduces, same
from symnum.checking.reference import FormulaReference, Reference, Truth, reference_of
from symnum.checking.request import Request
from symnum.checking.steps_reference import COARSE_SOLVER, StepsReference
from symnum.checking.theirs import their_traceback
from symnum.checking.unjudged import about_given, kink_text, nothing_known
from symnum.checking.verdict import Cause, Outcome, Verdict, Worst
from symnum.checking.watch import Clock, OutOfTime, Watch
from symnum.errors import UsageError, without_insides

# Points of its own that a check adds once something is wrong already: evidence for the cause.
_EVIDENCE = 60
# So many wrong points show where a derivative is wrong; fewer may be those of an edge.
_SEVERAL_WRONG, _SLIGHTLY = 8, 2.0**-30
# Given points at which the rules about state are tried.
_STATE_POINTS = 12
# A box under stress grows by so many powers of ten, with so many points each.
_WIDEST = 12
# A limit of so much of the derivative itself would not have seen a wrong sign.
_BLIND = 0.5
# Under stress an error of this share of the derivative is worth a note.
_NOTED = 2.0**-20
# Given points at which a gradient of many parameters is tried along directions.
_DIRECTED_POINTS = 3
_STRESS_POINTS = 40
# Seconds for what is still asked of the reference when the time is over.
_GRACE = 1.0
# When the time is over, an error is called wrong that is so many bounds large, and so large a share
# of the derivative.
_FAR_OFF, _LARGE = 2.0**10, 2.0**-5
# What is said where no slip explains the errors.
_OF_NOTHING = frozenset({Cause.REGION, Cause.UNEXPLAINED})
# A claim whose integral is off by less than this share of what its error at points predicts is not
# held to those points: where a slip explains it, and where none does.
_MUCH, _HALF = 0.125, 0.5


@without_insides
def check(
    f: Any,
    derivative: Any,
    *,
    at: Any = None,
    domain: Any = None,
    function: Callable[..., Any] | None = None,
    derivative_order: int = 1,
    n: int | None = None,
    seed: int = 0,
    stress: bool = False,
    timeout: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Check somebody's derivative of a formula against the certified one.

    Parameters
    ----------
    f : Formula, whatever a Formula is made from, or a NumPy function
        The function. A NumPy function is traced.
    derivative : callable or formula
        Somebody's derivative: returns a scalar, (n,) or (m, n). It is called as its signature asks:
        with one float, several, an array, or floats by name.
    at : array_like, optional
        Points: any shape for one variable, (..., n) for several, or a dict of arrays for one; for
        a function of a list of arrays of several shapes, such a list.
    domain : sequence of (low, high), or dict, optional
        The box that is searched besides. Default: ±|x|/2 round each given point (±1 at 0); without
        points [-3, 3].
    function : callable, optional
        The code of f, which is compared with the formula first, at the same points.
    derivative_order : int
        1, or 2 for a Hessian.
    n : int, optional
        How many variables a NumPy function has, where neither `at` nor `domain` says so.
    seed : int
        Of everything random.
    stress : bool
        Whether to widen the domain step by step, and say where the derivative goes wrong.
    timeout : float, optional
        Seconds that the check may take. When they are over the verdict is `undecided`, or `wrong`
        where the points that were judged by then leave no doubt.
    progress : callable, optional
        Is told after every call of their code how many there have been.

    Returns
    -------
    Verdict
        Its `bool` is true for `ok` and `proved`.

    Raises
    ------
    UsageError, DomainError
        The request can't be understood, a point is not one, or the derivative can't be called with
        the variables.

    Examples
    --------
    >>> import symnum as sn
    >>> verdict = sn.check("x**2 + x*y", lambda x, y: (2 * x, x))
    >>> str(verdict.status), verdict.components
    ('wrong', (0,))
    """
    if timeout is None:
        over = _told(progress)
        request = Request(f, derivative, at, domain, function, derivative_order, seed, n, over)
        return _checked(request, stress, None)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0:
        msg = f"timeout is {timeout!r}; a number of seconds above 0 is expected, or None"
        raise UsageError(msg)
    # Their code runs in a thread of its own, which is left behind when the time is up.
    watch = Watch(min(float(timeout), threading.TIMEOUT_MAX))
    try:
        over = _told(progress, watch.over)
        request = Request(f, derivative, at, domain, function, derivative_order, seed, n, over)
        if request.formula is not None:
            assert isinstance(request.reference, FormulaReference)
            request.reference = request.reference.within(watch.clock)
        return _checked(request, stress, watch)
    except OutOfTime:
        reason = (
            f"timeout: the check took more than {timeout:g} s; no point had been judged by then, "
            f"after {watch.calls} call{'s' * (watch.calls != 1)} of their code"
        )
        return Verdict(Outcome.UNDECIDED, seed=seed, reason=reason)
    finally:
        watch.stop()


def _told(
    progress: Callable[[int], None] | None,
    over: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda function: function,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what is put over their code: a time limit, and the count of calls."""
    if progress is None:
        return over
    calls = count(1)

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        limited = over(function)

        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return limited(*arguments, **named)
            finally:
                progress(next(calls))

        return call

    return counted


@without_insides
def assert_derivative(
    f: Any, derivative: Any, *, allow_undecided: bool = False, **options: Any
) -> None:
    """Raise AssertionError with the verdict's text unless a derivative is right.

    Parameters
    ----------
    f, derivative, **options
        As for `check`.
    allow_undecided : bool
        Whether `undecided` passes.

    Raises
    ------
    AssertionError
        The derivative is wrong, inaccurate or (unless allowed) undecided. Its argument is the
        Verdict.

    Examples
    --------
    >>> import numpy as np
    >>> import symnum as sn
    >>> sn.assert_derivative("tanh(x)", lambda x: 1 - np.tanh(x) ** 2)
    """
    __tracebackhide__ = True  # pytest then shows the caller's line, and none of ours
    verdict = check(f, derivative, **options)
    if not passes(verdict, allow_undecided):
        raise AssertionError(verdict)


def passes(verdict: Verdict, allow_undecided: bool) -> bool:
    """Tell whether a test with this verdict passes."""
    return bool(verdict) or (allow_undecided and verdict.status is Outcome.UNDECIDED)


def _checked(request: Request, stress: bool, watch: Watch | None) -> Verdict:
    """Return the verdict on a request."""
    verdict = _run_many(request, watch) if request.along_directions else _run(request, watch)
    if stress and verdict and not request.along_directions:
        try:
            notes = _stress(request)
        except OutOfTime:
            notes = ("the time was over before the domain had been widened",)
        verdict = replace(verdict, violations=(*verdict.violations, *notes))
    return verdict


def _stress(request: Request) -> tuple[str, ...]:
    """Widen the box tenfold at a time, until the derivative dies where the function lives."""
    reference = request.reference
    middle = request.box.mean(axis=1)
    half = np.maximum((request.box[:, 1] - request.box[:, 0]) / 2, np.abs(middle) / 2)
    for power in range(1, _WIDEST + 1):
        box = np.stack([middle - half * 10.0**power, middle + half * 10.0**power], axis=1)
        count = min(_STRESS_POINTS, reference.most_points)
        truth = reference.at(stratified(box, count, request.rng))
        evidence = Evidence(truth, _values([request.candidate(p) for p in truth.points], truth))
        lost = evidence.bad & ~(evidence.error <= _NOTED * np.abs(truth.exact))
        if lost.any():
            row = int(np.flatnonzero(lost.any(axis=1))[0])
            where = shown(truth.points[row], request.variables)
            k = int(np.flatnonzero(lost[row])[0])
            return (
                f"in a box 1e{power} times as wide it goes wrong at {where}: it gives "
                f"{float(evidence.given[row, k])!r} for {request.names[k]}, exact is "
                f"{float(reference.certified(truth.points[[row]])[0, k])!r}",
            )
    return ()


def _proven(request: Request, evidence: Evidence) -> bool:
    """Trace the candidate, and say whether it is identically the exact derivative.

    The trace must be of the form that was judged, leave its argument alone as the code has to, and
    reproduce the code's own answers: code can tell a traced array from numbers.
    """
    if request.formula is None:
        return False
    exact = request.reference.derivative
    assert exact is not None
    if request.written is not None:
        written = request.written
        return written.variables == request.variables and same(written.program, exact.program)
    found = own_code(request.derivative, request.candidate, request.n)
    if found is None or found.writes:
        return False
    program = found.formula.program
    return same(program, exact.program) and reproduces(
        program, evidence.truth.points, evidence.given
    )


@np.errstate(all="ignore")  # what isn't finite is looked at, and no reason to warn
def _run(request: Request, watch: Watch | None) -> Verdict:
    reference = request.reference
    candidate = request.candidate
    ask = Asker(candidate)
    measured = isinstance(reference, StepsReference)
    own = list(
        reference.own_points(request.box, request.rng)
        if isinstance(reference, StepsReference)
        else own_points(request.box, request.rng, reference.most_points)
    )
    if len(request.points) and is_point(request.box):
        own = []  # it is given already
    mismatch = _function_mismatch(request, own, watch)
    if mismatch is not None:
        return mismatch
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
        chunks = chunks if watch is None else _growing(chunks)
    broken = first_answers(answers, truth, candidate.shape, request.variables)
    if broken is not None:
        return _broken(request, broken, truth)
    try:
        broken = _bad_manners(request, answers, truth)
        if broken is not None:
            return _broken(request, broken, truth)
        evidence = _evidence(request, answers, truth)
    except OutOfTime:
        # Whether code that was run on balls is in a narrow branch isn't known yet.
        if watch is None or isinstance(reference, DualReference):
            raise
        return _late(request, Evidence(truth, _values(answers, truth)), watch.seconds)
    given = len(request.points)
    try:
        _look(watch, reference, evidence)
        for points in chunks:
            if _is_enough(evidence) and len(evidence.given) - given >= _EVIDENCE:
                break
            _look(watch, reference, evidence)
            more = reference.at(points)
            found = ask(more.points)
            seen = _evidence(request, found, more)
            confirmed = ask.confirmed(more.points, found, np.asarray(seen.bad.any(axis=1)))
            if confirmed is not found:
                found, seen = confirmed, _evidence(request, confirmed, more)
            broken = raises(found, more, request.variables) or _wrote(found, more, request)
            if broken is not None:
                return _broken(request, broken, evidence.truth)
            evidence = evidence.join(seen)
        _look(watch, reference, evidence)
        verdict = _judge(request, reference, evidence)
    except OutOfTime:
        assert watch is not None
        return _late(request, evidence, watch.seconds)
    if verdict.status is Outcome.OK and _proven(request, evidence):
        return replace(
            verdict, status=Outcome.PROVED, reason="traced, and identical to the exact derivative"
        )
    return verdict


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
    sample = truth.take(np.arange(min(len(truth.points), _STATE_POINTS)))
    broken = state(
        candidate,
        request.code,
        answers[: len(sample.points)],
        sample,
        request.variables,
    )
    if broken is None and not isinstance(reference, StepsReference):  # it takes hundreds of points
        return remembered(candidate, reference, request.box, request.variables, request.rng)
    return broken


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


def _late(request: Request, evidence: Evidence, seconds: float) -> Verdict:
    """Return the verdict when the time is over: nothing of theirs can be called any more.

    What rounding, float32 or a solver's tolerance does can't be told apart by then; an error of a
    large share of the derivative is none of these.
    """
    count = len(evidence.given)
    with np.errstate(all="ignore"):
        size = np.fmax(np.abs(evidence.truth.exact), np.abs(evidence.given))
        far = evidence.error > np.fmax(_FAR_OFF * evidence.truth.bound, size * _LARGE)
    late = np.zeros(count, dtype=bool)
    reference = request.reference
    if isinstance(reference, FormulaReference):
        late = reference.late(evidence.truth.points)
        reference = reference.within(Clock(_GRACE))  # for the one number that a verdict shows
    bad = evidence.bad & far & ~evidence.truth.hull
    wrong = tuple(np.flatnonzero(bad.any(axis=0)).tolist())
    off = int(evidence.bad.any(axis=1).sum())
    over = f"the check took more than {seconds:g} s"
    judged = f"{count} point{'s' * (count != 1)} had been judged by then"
    known = int(evidence.truth.known.sum())
    if isinstance(request.reference, StepsReference) and request.reference.is_late and count == 1:
        judged = f"{known} of {len(request.names)} entries had been judged at one point by then"
    if late.any():
        over = f"{seconds:g} s are not enough for the exact derivative at every point"
        judged = f"{count - int(late.sum())} of {count} points were judged"
    reason = f"timeout: {over}; {judged}, " + (
        f"and at {off} the derivative differs by more than its error bound"
        if off
        else "and nothing was found wrong"
    )
    common: dict[str, Any] = {
        "names": request.names,
        "points_tried": count,
        "seed": request.seed,
        "form": request.form,
        "reference": reference.label,
        "reason": reason,
    }
    if not wrong:
        return Verdict(Outcome.UNDECIDED, **common)
    ordered = tuple(worst_first(evidence, bad, wrong))
    decision = Decision(wrong, (), "", bad)
    detail = "the time was over before a cause was looked for"
    worst = _worst(reference, evidence, decision, ordered)
    return Verdict(
        Outcome.WRONG,
        ordered,
        cause=Cause.UNEXPLAINED,
        cause_detail=detail,
        worst=worst,
        **common,
    )


def _function_mismatch(
    request: Request, own: Sequence[np.ndarray], watch: Watch | None
) -> Verdict | None:
    """Compare the code of f with its formula first: many an accused derivative is right.

    They are compared wherever the derivative will be: it may be another one in a narrow branch.
    """
    code = request.code
    if code is None or request.formula is None:
        return None
    reference = reference_of(request.formula, 0)
    if watch is not None:
        reference = reference.within(watch.clock)
    points = np.concatenate([request.points, *own])
    truth = reference.at(points)
    answers = _asked(code, truth, watch)
    for answer in answers:
        if answer.problem:
            return _broken(request, Broken(Cause.SHAPE, f"the function: {answer.problem}"), truth)
    again = [code(point) for point in truth.points[:_STATE_POINTS]]
    if any(
        one.value is not None
        and other.value is not None
        and not np.array_equal(one.value, other.value, equal_nan=True)
        for one, other in zip(answers, again, strict=False)
    ):
        where = shown(truth.points[0], request.variables)
        return Verdict(
            Outcome.UNDECIDED,
            names=request.names,
            points_tried=len(answers),
            seed=request.seed,
            cause=Cause.RANDOM,
            cause_detail=f"two calls of f with the same argument differ (first tried at {where})",
            reason="f is random, or depends on the call before",
        )
    if all(answer.error for answer in answers):
        sentence = f"the function raises {answers[0].error}; the derivative was not judged"
        theirs = their_traceback(answers[0].raised)
        return _broken(request, Broken(Cause.WRONG_FUNCTION, sentence, traceback=theirs), truth)
    values = _values(answers, truth)
    # Where the code refuses or overflows there is nothing to compare.
    evidence = Evidence(truth.without(~np.isfinite(values)), values)
    decision = decide(code, reference, evidence, request.rng)
    if not decision.wrong:
        return None
    if request.traced:
        return Verdict(
            Outcome.UNDECIDED,
            names=request.names,
            points_tried=len(evidence.given),
            seed=request.seed,
            form=request.form,
            reason=(
                "the trace of f does not reproduce f to within rounding, so there is nothing to "
                "hold against; give f's formula, or points where f is better conditioned"
            ),
        )
    worst = _worst(reference, evidence, decision, decision.wrong)
    assert worst is not None
    where = shown(np.array(worst.point), request.variables)
    sentence = (
        f"the function is not the formula: at {where} it gives {worst.given!r}, "
        f"the formula {worst.exact!r}; the derivative was not judged"
    )
    return replace(_broken(request, Broken(Cause.WRONG_FUNCTION, sentence), truth), worst=worst)


def _asked(code: Candidate, truth: Truth, watch: Watch | None) -> list[Answer]:
    """Return what code answers at points, in chunks."""
    ask = Asker(code)
    found: list[Answer] = []
    for start in range(0, len(truth.points), CHUNK):
        if watch is not None:
            watch.clock.look()
        some = truth.take(np.arange(start, min(start + CHUNK, len(truth.points))))
        answers = ask(some.points)
        wrong = Evidence(some, _values(answers, some)).bad.any(axis=1)
        found += ask.confirmed(some.points, answers, np.asarray(wrong))
    return found


@np.errstate(all="ignore")
def _run_many(request: Request, watch: Watch | None) -> Verdict:
    """Check a gradient of many parameters without a formula: guards, then directions."""
    points = request.points[:_DIRECTED_POINTS]
    if not len(points):
        points = np.array([uniform(request.box, request.rng) for _ in range(2)])
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
        return _broken(request, broken, truth)
    assert request.code is not None
    lines = lines_of(request.code, points[0], request.rng, request.limits)
    seconds = math.inf if watch is None else watch.seconds
    return gradient_verdict(
        candidate, lines, points, request.names, request.seed, request.form, seconds
    )


def _evidence(request: Request, answers: Sequence[Answer], truth: Truth) -> Evidence:
    # Code that raises where f has no derivative, or a kink, may do so.
    raised = np.array([bool(answer.error) for answer in answers])
    if raised.any():
        truth = truth.without(raised[:, None] & np.ones_like(truth.known))
    said = tuple(answer.error for answer in answers) if raised.any() else ()
    evidence = Evidence(truth, _values(answers, truth), said)
    if request.formula is None and request.derivative_order == 1 and request.code is not None:
        return believed(request.code, evidence)
    return evidence


def _values(answers: Sequence[Answer], truth: Truth) -> np.ndarray:
    missing = np.full(truth.exact.shape[1], np.nan)
    return np.array([missing if a.value is None else a.value for a in answers]).reshape(
        truth.exact.shape
    )


def _wrote(answers: Sequence[Answer], truth: Truth, request: Request) -> Broken | None:
    """Look for writing into the argument: what is put back may be another double somewhere."""
    for answer, point in zip(answers, truth.points, strict=True):
        if answer.wrote:
            where = shown(point, request.variables)
            return Broken(Cause.MUTATES, f"it writes into its argument (seen at {where})")
    return None


def _broken(request: Request, broken: Broken, truth: Truth) -> Verdict:
    return Verdict(
        Outcome.WRONG,
        names=request.names,
        cause=broken.cause,
        cause_detail=broken.sentence,
        violations=(broken.sentence,),
        points_tried=len(truth.points),
        seed=request.seed,
        form=request.form,
        reference=request.held_against,
        traceback=broken.traceback,
    )


def _nothing_known(request: Request, evidence: Evidence) -> str:
    if request.formula is None:
        return (
            f"no derivative of f is known at any of the {len(evidence.given)} points that were "
            f"tried\n  it can't be traced: {request.untraced}\n  {_unmeasured(request.reference)}"
        )
    return nothing_known(request.reference, evidence.truth.points)


def _unmeasured(reference: Reference) -> str:
    """Say why code has a derivative at none of the points."""
    if isinstance(reference, StepsReference):
        return f"{_on_balls(reference.reason)}\n  differences: {reference.refused}"
    assert isinstance(reference, DualReference)
    return _on_balls(reference.reason)


def _on_balls(reason: str) -> str:
    """Say once that f can't be run on balls."""
    known = "can't be run on balls" in reason
    return f"balls: {reason}" if known else f"it can't be run on balls: {reason}"


def _judge(request: Request, reference: Reference, evidence: Evidence) -> Verdict:
    if not evidence.truth.known.any():
        return Verdict(
            Outcome.UNDECIDED,
            names=request.names,
            points_tried=len(evidence.given),
            seed=request.seed,
            form=request.form,
            reference=request.held_against,
            reason=_nothing_known(request, evidence),
        )
    candidate = request.candidate
    reason = ""
    if isinstance(reference, StepsReference):
        limit = reference.limit(evidence)
        decision, reason = reference.decide(candidate, evidence, request.names)
    else:
        limit = detection_limit(reference, evidence, request.rng)
        evidence, decision = _decide(request, reference, evidence)
    nonfinite = evidence.truth.known & ~evidence.truth.hull & ~np.isfinite(evidence.given)
    cause: Cause | None = None
    detail = ""
    if decision.wrong or decision.inaccurate:
        cause, detail = _cause(request, reference, evidence, decision, nonfinite)
    if isinstance(reference, StepsReference) and decision.wrong and cause is not Cause.NONFINITE:
        spot = cause is Cause.REGION and reference.is_spot(decision)
        share = _HALF if spot or cause is Cause.UNEXPLAINED else _MUCH
        doubt = reference.fits_on_the_whole(candidate, evidence, decision, request.box, share)
        if not doubt and share == _HALF and reference.is_coarse(evidence, decision):
            doubt = COARSE_SOLVER
        if doubt:
            cause, detail, reason = None, "", doubt
            decision = Decision((), (), "", decision.bad)
    outcome = (
        Outcome.WRONG
        if decision.wrong or cause is Cause.DTYPE
        else Outcome.INACCURATE
        if decision.inaccurate
        else Outcome.UNDECIDED
        if reason
        else Outcome.OK
    )
    reason = reason or ("" if cause is Cause.DTYPE else decision.lost)
    if outcome is Outcome.OK:
        reason = _blind(request, evidence, limit)
        outcome = Outcome.UNDECIDED if reason else Outcome.OK
    notes = _notes(request, reference, evidence)
    if outcome is Outcome.OK and not evidence.truth.exact[evidence.truth.known].any():
        flat = "the derivative is 0 wherever it was tried: the limit is that of an absolute error"
        notes = (*notes, flat)
    if request.derivative_order == 2:
        notes = (*asymmetry(evidence, decision.wrong, request.variables), *notes)
    components = decision.wrong or decision.inaccurate
    ordered = tuple(worst_first(evidence, decision.bad, components))
    return Verdict(
        outcome,
        ordered,
        request.names,
        cause,
        detail,
        notes,
        limit,
        _worst(reference, evidence, decision, ordered),
        len(evidence.given),
        request.watched.unreached(),
        request.seed,
        request.form,
        reference.label,
        reason,
        reference.evaluations if isinstance(reference, StepsReference) else 0,
    )


def _blind(request: Request, evidence: Evidence, limit: Sequence[float]) -> str:
    """Say in which component any error would have passed; empty where there is none."""
    for k, (name, least) in enumerate(zip(request.names, limit, strict=True)):
        known = evidence.truth.known[:, k]
        if not known.any():
            return (
                f"in {name} no derivative of f is known at any of the {len(known)} points that "
                "were tried, so nothing was judged there"
            )
        if least >= _BLIND and not evidence.truth.hull[known, k].all():
            return (
                f"in {name} an error as large as the derivative itself would not have been seen: "
                "f is badly conditioned there, or below the smallest numbers with all digits"
            )
    return ""


def _decide(
    request: Request, reference: Reference, evidence: Evidence
) -> tuple[Evidence, Decision]:
    """Decide, and look into the candidate's code before it is called wrong.

    The evidence that comes back leaves out what is the candidate's own rounding.
    """
    decision = decide(request.candidate, reference, evidence, request.rng)
    if not decision.wrong or request.formula is None:
        return evidence, decision
    found = own_code(request.derivative, request.candidate, request.n)
    if found is None:
        return evidence, beside_largest(evidence, decision)
    # Its own points: what is drawn for the cause doesn't depend on them.
    code, box, rng = found.formula, request.box, np.random.default_rng(request.seed)
    if is_own_rounding(request.candidate, code, reference, evidence, decision, box, rng):
        return evidence, lost_digits(evidence, decision.bad)
    return beside_own_rounding(code, evidence, decision)


def _notes(request: Request, reference: Reference, evidence: Evidence) -> tuple[str, ...]:
    """Say what is no mistake and worth knowing: first where it is not finite by a convention."""
    found = findings(reference, evidence, request.variables)
    given = about_given(reference, evidence, request.variables, len(request.points))
    return (*found, *given)


def _cause(
    request: Request,
    reference: Reference,
    evidence: Evidence,
    decision: Decision,
    nonfinite: np.ndarray,
) -> tuple[Cause | None, str]:
    from symnum.checking.diagnose import diagnose

    at_kinks = bool(evidence.truth.hull[decision.bad].all())
    if not at_kinks and float32_inside(request.candidate, evidence, decision.bad):
        return Cause.FLOAT32, "its errors are those of single precision"
    rows = np.flatnonzero(decision.bad.any(axis=1))[:_STATE_POINTS]
    seen = [request.candidate(point) for point in evidence.truth.points[rows]]
    cut = integers(seen, evidence.truth.take(rows))
    if cut is not None:
        return cut.cause, cut.sentence
    if not decision.wrong:
        return None, ""
    wrong = np.array(decision.wrong, dtype=int)
    blamed = np.flatnonzero(decision.bad[:, wrong].any(axis=1))
    if evidence.truth.hull[np.ix_(blamed, wrong)][decision.bad[np.ix_(blamed, wrong)]].all():
        where = shown(evidence.truth.points[blamed[0]], request.variables)
        k = int(wrong[int(np.argmax(decision.bad[blamed[0], wrong]))])
        return Cause.REGION, f"only at {where}, where {kink_text(evidence.truth, blamed[0], k)}"
    not_finite = (Cause.NONFINITE, "")
    if nonfinite.any():
        row = int(np.flatnonzero(nonfinite.any(axis=1))[0])
        where = shown(evidence.truth.points[row], request.variables)
        words = f"it is not finite at {where}, where the exact derivative is"
        not_finite = Cause.NONFINITE, words
        if nonfinite.sum() >= (decision.bad & ~nonfinite).sum():
            return not_finite
    found = diagnose(request.candidate, reference, evidence, decision, request.names, request.rng)
    if found[0] is Cause.UNEXPLAINED and isinstance(reference, StepsReference):
        # A small factor is seen only where nothing is left to a solver's tolerance.
        evidence = reference.sharply(evidence)
        found = diagnose(
            request.candidate, reference, evidence, decision, request.names, request.rng
        )
    if nonfinite.any() and found[0] in _OF_NOTHING:
        # What overflows somewhere is off before it does: that is no other mistake.
        return not_finite
    return found


def _worst(
    reference: Reference, evidence: Evidence, decision: Decision, ordered: tuple[int, ...]
) -> Worst | None:
    if not ordered:
        return None
    k = ordered[0]
    with np.errstate(all="ignore"):
        excess = evidence.error[:, k] / evidence.truth.bound[:, k]
    rows = decision.bad[:, k]
    excess = np.where(rows if rows.any() else evidence.truth.known[:, k], excess, -1.0)
    row = int(np.argmax(np.nan_to_num(excess, posinf=1e308)))
    point = evidence.truth.points[row]
    try:
        exact = float(reference.component(point[None], k)[0])
    except OutOfTime:  # what is within its bound is shown then
        exact = math.nan
    if math.isnan(exact):
        exact = float(evidence.truth.exact[row, k])
    given = float(evidence.given[row, k])
    error = given - exact
    return Worst(tuple(point.tolist()), k, exact, given, error, abs(error) / math.ulp(exact))
