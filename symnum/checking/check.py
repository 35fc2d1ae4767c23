"""The check itself: is this the derivative of that function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from symnum.checking.claim import Answer, Candidate, Form
from symnum.checking.decide import (
    Decision,
    Evidence,
    decide,
    detection_limit,
    float32_inside,
    worst_first,
)
from symnum.checking.guards import Broken, first_answers, integers, remembered, shown, state
from symnum.checking.points import CHUNK, own_points
from symnum.checking.proof import same
from symnum.checking.reference import Reference, Truth
from symnum.checking.request import Request
from symnum.checking.verdict import Cause, Outcome, Verdict, Worst
from symnum.errors import SymnumError, TraceError
from symnum.formula.trace import trace_with_conditions

# Points of its own that a check adds once something is wrong already: evidence for the cause.
_EVIDENCE = 60
# Given points at which the rules about state are tried.
_STATE_POINTS = 12


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
) -> Verdict:
    """Check somebody's derivative of a formula against the certified one.

    Parameters
    ----------
    f : Formula, whatever a Formula is made from, or a NumPy function
        The function. A NumPy function is traced.
    derivative : callable or formula
        Somebody's derivative: returns a scalar, (n,) or (m, n).
    at : array_like, optional
        Points: any shape for one variable, (..., n) for several, or a dict of arrays for one.
    domain : sequence of (low, high), or dict, optional
        The box that is searched besides. Default: ±|x|/2 round each given point (±1 at 0); without
        points [-3, 3].
    function : callable, optional
        The code of f, which is compared with the formula first.
    derivative_order : int
        1, or 2 for a Hessian.
    n : int, optional
        How many variables a NumPy function has, where neither `at` nor `domain` says so.
    seed : int
        Of everything random.

    Returns
    -------
    Verdict
        Its `bool` is true for `ok` and `proved`.

    Raises
    ------
    UsageError, DomainError
        The request can't be understood, or a point is not one.

    Examples
    --------
    >>> import symnum as sn
    >>> verdict = sn.check("x**2 + x*y", lambda x, y: (2 * x, x))
    >>> str(verdict.status), verdict.components
    ('wrong', (0,))
    """
    try:
        request = Request(f, derivative, at, domain, function, derivative_order, seed, n)
    except TraceError as error:
        return Verdict(Outcome.UNDECIDED, seed=seed, reason=f"f can't be traced: {error}")
    verdict = _run(request)
    if verdict.status is Outcome.OK and _proven(request):
        return replace(
            verdict, status=Outcome.PROVED, reason="traced, and identical to the exact derivative"
        )
    return verdict


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
        The derivative is wrong, inaccurate or (unless allowed) undecided.

    Examples
    --------
    >>> import numpy as np
    >>> import symnum as sn
    >>> sn.assert_derivative("tanh(x)", lambda x: 1 - np.tanh(x) ** 2)
    """
    verdict = check(f, derivative, **options)
    if verdict or (allow_undecided and verdict.status is Outcome.UNDECIDED):
        return
    raise AssertionError(str(verdict))


def _proven(request: Request) -> bool:
    """Trace the candidate, and say whether it is identically the exact derivative."""
    form = request.candidate.form
    if form is Form.DICT:
        return False
    try:
        found = trace_with_conditions(request.candidate.function, n=request.n)
    except SymnumError:
        return False
    if found.conditions:
        return False
    return same(found.formula.program, request.exact.program)


def _run(request: Request) -> Verdict:
    reference = Reference(request.formula, request.exact)
    candidate = request.candidate
    mismatch = _function_mismatch(request)
    if mismatch is not None:
        return mismatch
    chunks = own_points(request.box, request.rng)
    first = request.points if len(request.points) else next(chunks)
    truth = reference.at(first)
    answers = [candidate(point) for point in truth.points]
    broken = first_answers(answers, truth, candidate.shape, request.formula.variables)
    if broken is not None:
        return _broken(request, broken, truth)
    sample = truth.take(np.arange(min(len(first), _STATE_POINTS)))
    broken = state(
        candidate,
        _code_of_f(request),
        answers[: len(sample.points)],
        sample,
        request.formula.variables,
    )
    if broken is not None:
        return _broken(request, broken, truth)
    broken = remembered(candidate, reference, request.box, request.formula.variables, request.rng)
    if broken is not None:
        return _broken(request, broken, truth)
    evidence = Evidence(truth, _values(answers, truth))
    given = len(first) if len(request.points) else 0
    for points in chunks:
        if evidence.bad.any() and len(evidence.given) - given >= _EVIDENCE:
            break
        more = reference.at(points)
        found = [candidate(point) for point in more.points]
        raised = _raises(found, more, request)
        if raised is not None:
            return _broken(request, raised, evidence.truth)
        evidence = evidence.join(Evidence(more, _values(found, more)))
    return _judge(request, reference, evidence)


def _code_of_f(request: Request) -> Candidate | None:
    """Return the code of f, called as the derivative is."""
    if request.function is None:
        return None
    shape = request.formula.shape
    accepted = ((1,),) if not shape else ()
    return replace(request.candidate, function=request.function, shape=shape, accepted=accepted)


def _function_mismatch(request: Request) -> Verdict | None:
    """Compare the code of f with its formula first: many an accused derivative is right."""
    if request.function is None:
        return None
    code = _code_of_f(request)
    assert code is not None
    reference = Reference(request.formula, request.formula)
    truth = reference.at(next(own_points(request.box, request.rng, strata=CHUNK)))
    if len(request.points):
        truth = reference.at(request.points).join(truth)
    answers = [code(point) for point in truth.points]
    for answer in answers:
        if answer.problem:
            return _broken(request, Broken(Cause.SHAPE, f"the function: {answer.problem}"), truth)
    evidence = Evidence(truth, _values(answers, truth))
    # Where the code refuses or overflows there is nothing to compare.
    evidence.truth.known[~np.isfinite(evidence.given)] = False
    decision = decide(code, reference, evidence, request.rng)
    if not decision.wrong:
        return None
    if request.traced:
        return Verdict(
            Outcome.UNDECIDED,
            names=request.names,
            points_tried=len(evidence.given),
            seed=request.seed,
            form=str(request.candidate.form),
            reason="the trace of f does not reproduce f, so there is nothing to hold against",
        )
    worst = _worst(reference, evidence, decision, decision.wrong)
    assert worst is not None
    where = shown(np.array(worst.point), request.formula.variables)
    sentence = (
        f"the function is not the formula: at {where} it gives {worst.given!r}, "
        f"the formula {worst.exact!r}; the derivative was not judged"
    )
    return replace(_broken(request, Broken(Cause.WRONG_FUNCTION, sentence), truth), worst=worst)


def _values(answers: Sequence[Answer], truth: Truth) -> np.ndarray:
    missing = np.full(truth.exact.shape[1], np.nan)
    return np.array([missing if a.value is None else a.value for a in answers]).reshape(
        truth.exact.shape
    )


def _raises(answers: Sequence[Answer], truth: Truth, request: Request) -> Broken | None:
    for answer, point, known in zip(answers, truth.points, truth.known, strict=True):
        if answer.error and known.all():
            where = shown(point, request.formula.variables)
            return Broken(Cause.RAISES, f"it raises {answer.error} at {where}")
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
        form=str(request.candidate.form),
        reference="certified",
    )


def _judge(request: Request, reference: Reference, evidence: Evidence) -> Verdict:
    if not evidence.truth.known.any():
        return Verdict(
            Outcome.UNDECIDED,
            names=request.names,
            points_tried=len(evidence.given),
            seed=request.seed,
            form=str(request.candidate.form),
            reference="certified",
            reason="f has no derivative at any point that was tried; give `at` or `domain`",
        )
    candidate = request.candidate
    nonfinite = evidence.truth.known & ~evidence.truth.hull & ~np.isfinite(evidence.given)
    decision = decide(candidate, reference, evidence, request.rng)
    cause: Cause | None = None
    detail = ""
    if decision.wrong or decision.inaccurate:
        cause, detail = _cause(request, reference, evidence, decision, nonfinite)
    outcome = (
        Outcome.WRONG
        if decision.wrong
        else Outcome.INACCURATE
        if decision.inaccurate
        else Outcome.OK
    )
    components = decision.wrong or decision.inaccurate
    ordered = tuple(worst_first(evidence, decision.bad, components))
    return Verdict(
        outcome,
        ordered,
        request.names,
        cause,
        detail,
        (),
        detection_limit(reference, evidence, request.rng),
        _worst(reference, evidence, decision, ordered),
        len(evidence.given),
        (),
        request.seed,
        str(candidate.form),
        "certified",
        decision.lost,
    )


def _cause(
    request: Request,
    reference: Reference,
    evidence: Evidence,
    decision: Decision,
    nonfinite: np.ndarray,
) -> tuple[Cause | None, str]:
    from symnum.checking.diagnose import diagnose

    if float32_inside(request.candidate, evidence, decision.bad):
        return Cause.FLOAT32, "its errors are those of single precision"
    if not decision.wrong:
        return None, ""
    rows = np.flatnonzero(decision.bad.any(axis=1))[:_STATE_POINTS]
    seen = [request.candidate(point) for point in evidence.truth.points[rows]]
    cut = integers(seen, evidence.truth.take(rows))
    if cut is not None:
        return cut.cause, cut.sentence
    if nonfinite.any() and nonfinite.sum() >= (decision.bad & ~nonfinite).sum():
        row = int(np.flatnonzero(nonfinite.any(axis=1))[0])
        where = shown(evidence.truth.points[row], request.formula.variables)
        return Cause.NONFINITE, f"it is not finite at {where}, where the exact derivative is"
    return diagnose(request.candidate, reference, evidence, decision, request.names, request.rng)


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
    exact = float(reference.certified(point[None])[0, k])
    if math.isnan(exact):
        exact = float(evidence.truth.exact[row, k])
    given = float(evidence.given[row, k])
    error = given - exact
    return Worst(tuple(point.tolist()), k, exact, given, error, abs(error) / math.ulp(exact))
