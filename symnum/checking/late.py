"""What can be said when the time is over."""

from __future__ import annotations

from typing import Any

import numpy as np

from symnum.checking.conclude import worst_of
from symnum.checking.decide import (
    Decision,
    Evidence,
    worst_first,
)
from symnum.checking.reference import FormulaReference
from symnum.checking.request import Request
from symnum.checking.steps_reference import StepsReference
from symnum.checking.verdict import Cause, Outcome, Verdict
from symnum.checking.watch import Clock

# Seconds for what is still asked of the reference when the time is over.
_GRACE = 1.0
# When the time is over, an error is called wrong that is so many bounds large, and so large a share
# of the derivative.
_FAR_OFF, _LARGE = 2.0**10, 2.0**-5
# Beside what was measured it must be so large: the slope of a solver's or a table's single piece,
# 0 where it stands still, is off by as much as the derivative itself.
_OPPOSITE = 1.5


def late_verdict(request: Request, evidence: Evidence, seconds: float) -> Verdict:
    """Return the verdict when the time is over: nothing of theirs can be called any more.

    What rounding, float32 or a solver's tolerance does can't be told apart by then; an error of a
    large share of the derivative is none of these, and beside a measured one another sign.
    """
    count = len(evidence.given)
    with np.errstate(all="ignore"):
        size = np.fmax(np.abs(evidence.truth.exact), np.abs(evidence.given))
        share = _OPPOSITE if isinstance(request.reference, StepsReference) else _LARGE
        far = evidence.error > np.fmax(_FAR_OFF * evidence.truth.bound, size * share)
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
    worst = worst_of(reference, evidence, decision, ordered)
    return Verdict(
        Outcome.WRONG,
        ordered,
        cause=Cause.UNEXPLAINED,
        cause_detail=detail,
        worst=worst,
        **common,
    )
