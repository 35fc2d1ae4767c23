"""A candidate's own code as a formula: what it computes, and how it rounds."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from symnum.checking.claim import WITH_NAMES, Candidate, Form
from symnum.errors import SymnumError
from symnum.formula.trace import Trace, trace_with_conditions

# Code with more operations, such as a solver, is not traced to find out how it rounds.
_MOST_LINES = 5_000


def own_code(derivative: Callable[..., Any], candidate: Candidate, n: int) -> Trace | None:
    """Trace somebody's derivative in the form in which it was judged.

    Parameters
    ----------
    derivative : callable
        The code as it was given.
    candidate : Candidate
        How it is called, and what it must return.
    n : int
        How many variables it has.

    Returns
    -------
    Trace or None
        None where it can't be traced, follows one path of several, or returns another number of
        values.
    """
    shape: Any = {Form.ARRAY: (n,), Form.FLOAT: ()}.get(candidate.form)
    if candidate.form in WITH_NAMES:
        assert candidate.layout is not None
        shape = dict(candidate.layout.shapes)
    try:
        found = trace_with_conditions(derivative, n=n, shape=shape, most=_MOST_LINES)
    except (SymnumError, SystemExit):
        return None
    if found.formula.conditions or len(found.formula.program.outputs) != prod(candidate.shape):
        return None
    return found
