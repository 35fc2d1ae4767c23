"""A candidate's own code as a formula: what it computes, and how it rounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import prod
from typing import Any

from symnum.checking.claim import WITH_NAMES, Candidate, Form
from symnum.errors import SymnumError
from symnum.formula.trace import Trace, trace_with_conditions

# Code with more operations, such as a solver, is not traced to find out how it rounds.
_MOST_LINES = 5_000


class OwnCode:
    """Somebody's derivative, traced once, when it is first asked for, in the form that was judged.

    Parameters
    ----------
    derivative : callable
        The code as it was given.
    candidate : Candidate
        How it is called, and what it must return.
    n : int
        How many variables it has.
    """

    def __init__(self, derivative: Callable[..., Any], candidate: Candidate, n: int) -> None:
        self._derivative = derivative
        self._candidate = candidate
        self._n = n

    @cached_property
    def path(self) -> Trace | None:
        """Its trace along one path; None where it can't be traced."""
        candidate = self._candidate
        shape: Any = {Form.ARRAY: (self._n,), Form.FLOAT: ()}.get(candidate.form)
        if candidate.form in WITH_NAMES:
            assert candidate.layout is not None
            shape = dict(candidate.layout.shapes)
        try:
            return trace_with_conditions(self._derivative, n=self._n, shape=shape, most=_MOST_LINES)
        except (SymnumError, SystemExit):
            return None

    @cached_property
    def trace(self) -> Trace | None:
        """Its trace; None where one path of several was followed, or other values returned."""
        found, size = self.path, prod(self._candidate.shape)
        if found is None or found.formula.conditions:
            return None
        return found if len(found.formula.program.outputs) == size else None
