"""The evidence judged: status, components, cause, notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symnum.checking.code_reference import DualReference
from symnum.checking.conclude import undecided, worst_of
from symnum.checking.decide import (
    Decision,
    Evidence,
    decide,
    detection_limit,
    float32_inside,
    lost_digits,
    worst_first,
)
from symnum.checking.guards import (
    STATE_POINTS,
    asymmetry,
    findings,
    integers,
    shown,
)
from symnum.checking.order import as_written, is_right_in
from symnum.checking.own_code import OwnCode
from symnum.checking.own_rounding import beside_own_rounding, is_own_rounding
from symnum.checking.reference import Reference
from symnum.checking.request import Request
from symnum.checking.steps_reference import COARSE_SOLVER, StepsReference
from symnum.checking.unjudged import about_given, kink_text, nothing_known
from symnum.checking.verdict import Cause, Outcome, Verdict

# A limit of so much of the derivative itself would not have seen a wrong sign.
_BLIND = 0.5
# Operations whose derivative is that of a piece.
_CHOOSING = frozenset({"where", "floor", "sign"})
# What is said where no slip explains the errors.
_OF_NOTHING = frozenset({Cause.REGION, Cause.UNEXPLAINED})


def judge(request: Request, reference: Reference, evidence: Evidence, own_code: OwnCode) -> Verdict:
    """Return the verdict that the evidence comes to."""
    if not evidence.truth.known.any():
        return undecided(request, len(evidence.given), _nothing_known(request, evidence))
    candidate = request.candidate
    reason = ""
    if isinstance(reference, StepsReference):
        limit = reference.limit(evidence)
        decision, reason = reference.decide(candidate, evidence, request.names)
    else:
        limit = detection_limit(reference, evidence, request.rng)
        evidence, decision = _decide(request, reference, evidence, own_code)
    nonfinite = evidence.truth.known & ~evidence.truth.hull & ~np.isfinite(evidence.given)
    cause: Cause | None = None
    detail = ""
    if decision.wrong or decision.inaccurate:
        cause, detail = _cause(request, reference, evidence, decision, nonfinite)
    if decision.wrong and cause is not None and cause is not Cause.NONFINITE:
        doubt = _excuse(request, evidence, decision, cause)
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
        worst_of(reference, evidence, decision, ordered),
        len(evidence.given),
        request.watched.unreached(),
        request.seed,
        request.form,
        reference.label,
        reason,
        reference.evaluations if isinstance(reference, StepsReference) else 0,
    )


def _excuse(request: Request, evidence: Evidence, decision: Decision, cause: Cause) -> str:
    """Say why a claim is not held to the slopes of f's code at points; empty where it is.

    That the slopes of a table or a solver are certified doesn't make them those of what it stands
    for. Where a formula was given, it is what is meant.
    """
    reference = request.reference
    measured = reference
    if not isinstance(measured, StepsReference):
        # A slip, or a region, is one: pieces are off all along, each in its own way.
        if cause is not Cause.UNEXPLAINED or request.code is None or not request.traced:
            return ""
        if not _has_pieces(reference):
            return ""
        measured = StepsReference(
            request.code, request.variables, request.derivative_order, "", request.limits
        )
    spot = cause is Cause.REGION and measured.is_spot(decision)
    is_explained = not (spot or cause is Cause.UNEXPLAINED)
    doubt = measured.excuse(request.candidate, evidence, decision, request.box, is_explained)
    smooth = measured is not reference and not reference.iterates
    return "" if doubt == COARSE_SOLVER and smooth else doubt


def _has_pieces(reference: Reference) -> bool:
    """Say whether the code of f chooses, so that its slopes may be those of its pieces."""
    formula = reference.formula
    if formula is None:
        return True
    program = formula.program
    return any(program.lines[line].op in _CHOOSING for line in program.live())


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
    request: Request, reference: Reference, evidence: Evidence, own_code: OwnCode
) -> tuple[Evidence, Decision]:
    """Decide, and look into the candidate's code before it is called wrong.

    The evidence that comes back leaves out what is the candidate's own rounding.
    """
    decision = decide(request.candidate, reference, evidence, request.rng)
    if not decision.wrong or request.formula is None:
        return evidence, decision
    # Its own points: what is drawn for the cause doesn't depend on them.
    rng = np.random.default_rng(request.seed)
    if is_own_rounding(
        request.candidate, own_code, reference, evidence, decision, request.box, rng
    ):
        return evidence, lost_digits(evidence, decision.bad, is_proven=True)
    found = own_code.trace
    if found is None:
        return evidence, decision
    return beside_own_rounding(found.formula, evidence, decision)


def _notes(request: Request, reference: Reference, evidence: Evidence) -> tuple[str, ...]:
    """Say what is no mistake and worth knowing: first where it is not finite by a convention."""
    found = findings(reference, evidence, request.variables)
    given = about_given(reference, evidence, request.variables, len(request.points))
    raised = reference.raised() if isinstance(reference, StepsReference) else ""
    return (*found, *given, *([raised] if raised else ()))


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
    rows = np.flatnonzero(decision.bad.any(axis=1))[:STATE_POINTS]
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
    if request.text and request.derivative_order == 1:
        order = as_written(request.text, request.variables)
        if is_right_in(order, request.candidate, evidence, request.variables):
            detail = (
                f"it is right for the variables in the order {', '.join(order)}, as they stand in "
                f"the text; here they are in the order {', '.join(request.variables)}: give f as "
                f"Formula(..., variables={list(order)!r}) if the other one is meant"
            )
            return Cause.SWAPPED, detail
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


# What helps where nothing could be measured.
_SETTLED = "f's formula, or code of f that keeps more digits, would settle it"


def _nothing_known(request: Request, evidence: Evidence) -> str:
    if request.formula is None:
        return (
            f"no derivative of f is known at any of the {len(evidence.given)} points that were "
            f"tried\n  it can't be traced: {request.untraced}\n  "
            f"{_unmeasured(request.reference, evidence.truth.points[0])}"
        )
    return nothing_known(request.reference, evidence.truth.points)


def _unmeasured(reference: Reference, point: np.ndarray) -> str:
    """Say why code has a derivative at none of the points, of which one is looked at."""
    if isinstance(reference, StepsReference):
        why = reference.why_unknown(point) or reference.refused or "no step shows a slope of f"
        return f"{_on_balls(reference.reason)}\n  differences: {why}\n  {_SETTLED}"
    assert isinstance(reference, DualReference)
    return _on_balls(reference.reason)


def _on_balls(reason: str) -> str:
    """Say once that f can't be run on balls."""
    known = "can't be run on balls" in reason
    return f"balls: {reason}" if known else f"it can't be run on balls: {reason}"
