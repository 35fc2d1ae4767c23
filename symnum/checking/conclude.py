"""Verdicts on a request, and what they show."""

from __future__ import annotations

import math

import numpy as np

from symnum.checking.decide import (
    Decision,
    Evidence,
)
from symnum.checking.guards import (
    Broken,
)
from symnum.checking.reference import Reference, Truth
from symnum.checking.request import Request
from symnum.checking.verdict import Cause, Outcome, Verdict, Worst
from symnum.checking.watch import OutOfTime


def undecided(
    request: Request, count: int, reason: str, cause: Cause | None = None, detail: str = ""
) -> Verdict:
    """Return the verdict that nothing can be said, for a reason, after so many points."""
    return Verdict(
        Outcome.UNDECIDED,
        names=request.names,
        cause=cause,
        cause_detail=detail,
        points_tried=count,
        seed=request.seed,
        form=request.form,
        reference=request.held_against,
        reason=reason,
    )


def broken_verdict(request: Request, broken: Broken, truth: Truth) -> Verdict:
    """Return the verdict on a derivative that breaks a rule."""
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


def worst_of(
    reference: Reference, evidence: Evidence, decision: Decision, ordered: tuple[int, ...]
) -> Worst | None:
    """Return the worst point of the worst component; None where no component is blamed."""
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
