"""Candidate: one derivative under test, with what is known about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.planted.gradients.problem import Problem

Derivative = Callable[[Any], Any]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A right or wrong derivative of a problem.

    Parameters
    ----------
    problem : Problem
        Whose derivative.
    kind : str
        The form of a right derivative, or the kind of bug.
    detail : str
        What was changed.
    right : bool
        Whether it is right.
    build : callable
        Returns a fresh derivative, and the function that belongs to it: None for the problem's own.
    degraded : bool
        Right algebra that loses digits: `inaccurate` is the answer.
    lost : bool
        A right form that keeps no digit somewhere in the box: any answer will do.
    expected : frozenset of int or None
        The flat components that are wrong for certain; None where the bug is not one of components.
    allowed : frozenset of int
        Those and the ones whose numbers differ a little: naming them is not an error.
    strict : str
        The cause by its own name.
    accepted : frozenset of str
        Every name that describes the same numbers.
    slip : bool
        Nothing that an engine must be able to explain: `unexplained` is an honest answer.
    soft : bool
        So small, or so plainly of few digits, that `inaccurate` is as good an answer as `wrong`.
    """

    problem: Problem
    kind: str
    detail: str
    right: bool
    build: Callable[[], tuple[Derivative, Derivative | None]]
    degraded: bool = False
    lost: bool = False
    expected: frozenset[int] | None = None
    allowed: frozenset[int] = frozenset()
    strict: str = ""
    accepted: frozenset[str] = frozenset()
    slip: bool = False
    soft: bool = False
