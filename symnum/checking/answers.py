"""What was answered, as evidence: numbers beside the truth at the same points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symnum.checking.claim import Answer
from symnum.checking.code_reference import believed
from symnum.checking.decide import (
    Evidence,
)
from symnum.checking.reference import Truth
from symnum.checking.request import Request


def values_of(answers: Sequence[Answer], truth: Truth) -> np.ndarray:
    """Return the answers as an array of shape (P, K); NaN where there is none."""
    missing = np.full(truth.exact.shape[1], np.nan)
    return np.array([missing if a.value is None else a.value for a in answers]).reshape(
        truth.exact.shape
    )


def evidence_of(request: Request, answers: Sequence[Answer], truth: Truth) -> Evidence:
    """Return the answers beside the truth, without what a request may not be judged by."""
    # Code that raises where f has no derivative, or a kink, may do so.
    raised = np.array([bool(answer.error) for answer in answers])
    if raised.any():
        truth = truth.without(raised[:, None] & np.ones_like(truth.known))
    said = tuple(answer.error for answer in answers) if raised.any() else ()
    evidence = Evidence(truth, values_of(answers, truth), said)
    if request.formula is None and request.derivative_order == 1 and request.code is not None:
        return believed(request.code, evidence)
    return evidence
