"""A candidate's own code as a formula: what it computes, and how it rounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from symnum.checking.claim import WITH_NAMES, Candidate, Form
from symnum.checking.machine import Machine
from symnum.errors import SymnumError
from symnum.formula.formula import Formula
from symnum.formula.trace import Trace, trace_with_conditions

# Code with more operations, such as a solver, is not traced to find out how it rounds.
_MOST_LINES = 5_000
# Of code that branches on data so many paths are followed.
_MOST_PATHS = 8


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
    written : Formula, optional
        What was given instead of code, in the same variables.
    """

    def __init__(
        self,
        derivative: Callable[..., Any],
        candidate: Candidate,
        n: int,
        written: Formula | None = None,
    ) -> None:
        self._derivative = derivative
        self._candidate = candidate
        self._n = n
        self._written = written

    @cached_property
    def path(self) -> Trace | None:
        """Its trace along one path; None where it can't be traced."""
        return self._traced(None)

    def paths(self, points: np.ndarray) -> list[tuple[Formula, np.ndarray]] | None:
        """Return its formula on each path that it takes at some points, and at which of them.

        Parameters
        ----------
        points : float64 array, shape (P, n)
            Where.

        Returns
        -------
        list of (Formula, bool array of shape (P,)), or None
            None where it can't be traced at one of them, or takes too many paths.
        """
        if self.trace is not None:
            return [(self.trace.formula, np.ones(len(points), dtype=bool))]
        found: list[tuple[Formula, np.ndarray]] = []
        left = np.ones(len(points), dtype=bool)
        while left.any():
            point = points[np.argmax(left)]
            path = None if len(found) == _MOST_PATHS or self.path is None else self._traced(point)
            size = prod(self._candidate.shape)
            if path is None or len(path.formula.program.outputs) != size:
                return None
            if len(path.conditions) < len(path.formula.conditions):
                return None  # it asks what is finite: nobody knows where it goes on from there
            held = Machine(path.whole, points).outputs()[:, size:]
            taken = left & np.asarray(held == 1.0).all(axis=1)
            if not taken[np.argmax(left)]:
                return None
            found.append((path.formula, taken))
            left &= ~taken
        return found

    def _traced(self, point: np.ndarray | None) -> Trace | None:
        """Return its trace along the path that it takes at a point, or at any."""
        if self._written is not None:
            program = self._written.program
            return Trace(self._written, (), np.zeros(self._n), False, program)
        candidate = self._candidate
        shape: Any = {Form.ARRAY: (self._n,), Form.FLOAT: ()}.get(candidate.form)
        at: Any = point
        if candidate.form is Form.FLOAT and point is not None:
            at = float(point[0])
        if candidate.form in WITH_NAMES:
            assert candidate.layout is not None
            shape = dict(candidate.layout.shapes)
            at = None if point is None else candidate.layout.pack(point)
        try:
            return trace_with_conditions(
                self._derivative, n=self._n, shape=shape, at=at, most=_MOST_LINES
            )
        except (SymnumError, SystemExit):
            return None

    @cached_property
    def trace(self) -> Trace | None:
        """Its trace; None where one path of several was followed, or other values returned."""
        found, size = self.path, prod(self._candidate.shape)
        if found is None or found.formula.conditions:
            return None
        return found if len(found.formula.program.outputs) == size else None
