"""Descent: a path of gradient descent, and descend(), which takes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from symnum.descending.judge import Course, Ends, Judgement, ends_at, judge
from symnum.descending.parting import Parting, part
from symnum.descending.request import (
    read_formula,
    read_momentum,
    read_rate,
    read_start,
    read_step_count,
    read_tolerance,
)
from symnum.descending.slopes import CERTIFIED, Rule, read_gradient, slope_of
from symnum.descending.theory import Theory, theory_of
from symnum.descending.trouble import Trouble, crossed, status_at, trouble_at
from symnum.descending.truth import exact_gradients, exact_values
from symnum.descending.walk import certified_walk, walk
from symnum.differences.adapter import adapt
from symnum.differences.schemes import Scheme
from symnum.errors import UsageError
from symnum.formula.formula import Formula

MOST_CERTIFIED = 1_000
"""Steps up to which the exact path is certified for a comparison: its digits grow with each."""

# So many points are evaluated at once: their arrays stay in the processor's cache.
_BLOCK = 1 << 13
_MOST_CERTIFIED_WORK = 2_000_000  # steps x lines of the gradient's program
_COMES_TO_SOMETHING = frozenset({Course.CONVERGES, Course.CRAWLS, Course.ACCELERATES})


@dataclass(frozen=True, eq=False)
class Descent:
    """A gradient descent: its path, and what its rate does.

    Made by `descend`. One start has arrays of shape (steps + 1, n) and (steps + 1,); several
    starts, of shape (..., n), have theirs after the steps' axis, and their verdicts, rates and
    factors are arrays.

    Parameters
    ----------
    formula : Formula
        What was descended.
    gradient : str
        What was followed: `exact`, `certified`, a scheme's text, or the name of a callable.
    rate, momentum : float
        Of the method.
    path : float64 array
        Where each step came to; the start first.
    gradients : float64 array
        The gradient that was followed, at each point of the path.
    tolerance : float or None
        Where it would have stopped.
    function : callable or None
        What was evaluated in place of the formula.
    rule : Rule
        How the gradient was made.

    Examples
    --------
    >>> import symnum as sn
    >>> run = sn.descend("x0**2 + x1**2", [-3, 4], rate=0.1, steps=20)
    >>> run.path[-1].round(4).tolist(), str(run.verdict), run.stable_rate
    ([-0.0346, 0.0461], 'converges', 1.0)
    """

    formula: Formula
    gradient: str
    rate: float
    momentum: float
    path: np.ndarray
    gradients: np.ndarray
    tolerance: float | None = None
    function: Callable[..., Any] | None = None
    rule: Rule = field(default=Rule("exact"), repr=False)
    _values: np.ndarray | None = field(default=None, repr=False)

    @cached_property
    def values(self) -> np.ndarray:
        """The formula along the path, in float64; the function's where one was given."""
        # Somebody's function was called when the path was made: it may raise, and may be slow.
        values = self._values
        if values is None:
            values = _values_of(self.formula, self.path)
        values.flags.writeable = False
        return values

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.path) - 1

    @property
    def start(self) -> np.ndarray:
        """Where it started: shape (n,) or (..., n)."""
        return np.array(self.path[0])

    @property
    def end(self) -> np.ndarray:
        """Where it ended: shape (n,) or (..., n)."""
        return np.array(self.path[-1])

    @property
    def verdict(self) -> Any:
        """A `Course`, such as converges or diverges; an array for several starts."""
        return self._each([judgement.course for judgement in self.judgements], object)

    @property
    def overflow_at(self) -> Any:
        """The first step at which a number is not finite, or None."""
        return self._each([judgement.overflow_at for judgement in self.judgements], object)

    @property
    def stable_rate(self) -> Any:
        """The largest stable rate, 2 (1 + momentum) / the largest eigenvalue of the Hessian.

        NaN where no minimum is known, infinite at one where the Hessian vanishes.
        """
        return self._each([theory.stable_rate for theory in self.theories], float)

    @property
    def factor_predicted(self) -> Any:
        """What one step multiplies the distance by, in the slowest direction, by the Hessian.

        NaN where no minimum is known.
        """
        return self._each([theory.factor for theory in self.theories], float)

    @property
    def factor_observed(self) -> Any:
        """How many times as long as the one before a step is, in the later half of the path."""
        return self._each([judgement.factor for judgement in self.judgements], float)

    @cached_property
    def judgements(self) -> tuple[Judgement, ...]:
        """The course of each start, and what it was read from."""
        found = self._first_judgements
        if not any(judgement.fades or judgement.goes_away for judgement in found):
            return found
        return tuple(
            replace(judgement, course=_course_by(judgement, theory))
            for judgement, theory in zip(found, self.theories, strict=True)
        )

    @cached_property
    def _first_judgements(self) -> tuple[Judgement, ...]:
        rows = zip(
            self.paths, self.by_start(self.values), self.by_start(self.gradients, 1), strict=True
        )
        return tuple(judge(*row, self._exact_ends(*row)) for row in rows)

    def _exact_ends(self, path: np.ndarray, values: np.ndarray, gradients: np.ndarray) -> Ends:
        """Return what is exact at a path's first point, and at the last before numbers end."""
        end = ends_at(path, values, gradients)
        last = len(path) if end is None else end
        points = path[[0, max(last - 1, 0)]]
        exact = np.full(2, math.nan)
        if self.function is None:
            exact = exact_values(self.formula, points)
        return Ends(exact_gradients(self.formula, points), exact)

    @cached_property
    def theories(self) -> tuple[Theory, ...]:
        """What the exact Hessian says of each start."""
        pairs = zip(self.paths, self._first_judgements, strict=True)
        return tuple(self._theory(path, judgement) for path, judgement in pairs)

    def _theory(self, path: np.ndarray, judgement: Judgement) -> Theory:
        path = path[: judgement.overflow_at or None]
        given = (self.formula, path, self.rate, self.momentum)
        theory = theory_of(*given, approaches=judgement.course in _COMES_TO_SOMETHING)
        if judgement.goes_away and not _leads_to_a_minimum(theory):
            return theory_of(*given, approaches=False)
        return theory

    @cached_property
    def troubles(self) -> tuple[Trouble | None, ...]:
        """For each start why its numbers end, or None where they are finite to the end."""
        rows = zip(
            self.paths, self.by_start(self.values), self.by_start(self.gradients, 1), strict=True
        )
        return tuple(
            trouble_at(self.formula, *row, judgement.overflow_at)
            for row, judgement in zip(rows, self._first_judgements, strict=True)
        )

    @cached_property
    def crossings(self) -> tuple[Trouble | None, ...]:
        """For each start the first pole, jump or gap of f that its path jumps over."""
        return tuple(crossed(self.formula, path) for path in self.paths)

    @cached_property
    def statuses(self) -> tuple[str, ...]:
        """For each start what is the matter where its Hessian is not known, such as `kink`."""
        return tuple(
            "" if theory.where else status_at(self.formula, theory.point)
            for theory in self.theories
        )

    @cached_property
    def partings(self) -> tuple[Parting, ...]:
        """How each start's path parts from the exact one."""
        found = []
        for path, gradients in zip(self.paths, self.by_start(self.gradients, 1), strict=True):
            start = tuple(path[0].tolist())
            exact = _exact_path(self.formula, start, self.rate, self.steps, self.momentum)
            found.append(part(self.formula, self.rule, self.function, path, gradients, exact))
        return tuple(found)

    @property
    def paths(self) -> list[np.ndarray]:
        """The path of each start, shape (steps + 1, n)."""
        return self.by_start(self.path, 1)

    def by_start(self, array: np.ndarray, tail: int = 0) -> list[np.ndarray]:
        """Return an array of the descent for each start: the first axis is that of the steps.

        Parameters
        ----------
        array : array, shape (steps + 1, ..., *tail)
            The path, its values or its gradients.
        tail : int
            How many axes one step of one start has: 1 for a path, 0 for values.
        """
        flat = array.reshape(len(array), -1, *array.shape[array.ndim - tail :])
        return [flat[:, s] for s in range(flat.shape[1])]

    def _each(self, items: list[Any], kind: type) -> Any:
        lead = self.path.shape[1:-1]
        if not lead:
            return items[0]
        result: np.ndarray = np.empty(len(items), dtype=kind)
        result[:] = items
        return result.reshape(lead)

    def __str__(self) -> str:
        from symnum.report.descents import descents_text

        return descents_text([self])

    def to_json(self) -> str:
        """Return the descent as a JSON document, one run for each start."""
        from symnum.report.descents import descents_to_json

        return descents_to_json([self])

    def plot(self, path_or_ax: Any = None) -> Any:
        """Draw the path on contours and the loss against the step, into a file or axes.

        Parameters
        ----------
        path_or_ax : str, path, matplotlib.axes.Axes or matplotlib.figure.Figure, optional
            A file whose name ends in .svg, .png or .pdf; axes, which get the path (the loss where
            f has not two variables); a figure, which gets both; without it a new one is returned.
        """
        from symnum.report.descent_plots import plot_descents

        return plot_descents([self], path_or_ax)


def descend(
    f: Formula | Any,
    start: Any,
    *,
    rate: float = 0.1,
    steps: int = 100,
    gradient: str | Scheme | Callable[..., Any] | Rule = "exact",
    momentum: float = 0.0,
    tolerance: float | None = None,
    function: Callable[..., Any] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Descent:
    """Take steps against a gradient, and say what the rate does.

    Parameters
    ----------
    f : Formula, or whatever a Formula is made from
        The function, with one output.
    start : array_like or mapping
        Where from: shape (n,), or (..., n) for several starts at once, or arrays by name. It is
        not changed.
    rate : float
        The learning rate, above 0.
    steps : int
        How many steps.
    gradient : str, Scheme, callable or Rule
        `exact`: the exact derivative, evaluated in float64. `certified`: the path of exact
        arithmetic, in balls, each point the nearest double; slow. A scheme or its text, such as
        `central@1e-4`; without a step of its own it takes one that suits the size of x. Or
        somebody's gradient, called with an array of shape (n,), or n floats, as its signature says.
        Or the `rule` of another descent.
    momentum : float
        Polyak's, from 0 up to below 1: v = momentum v - rate g, x = x + v.
    tolerance : float, optional
        Stop where no partial derivative is larger in modulus; otherwise all steps are taken.
    function : callable, optional
        Evaluated in place of the compiled formula, by schemes and for `values`.
    progress : callable, optional
        Called with the number of steps taken since the last call.

    Returns
    -------
    Descent
        The path, its values and gradients, and what was made of them.

    Raises
    ------
    UsageError
        Shapes, names or the gradient don't fit, or somebody's code raises.
    DomainError
        A number is not finite, or the rate is not above 0.

    Notes
    -----
    Momentum is the heavy ball of Polyak (1964), "Some methods of speeding up the convergence of
    iteration methods", USSR Computational Mathematics and Mathematical Physics 4(5).

    Examples
    --------
    >>> import symnum as sn
    >>> run = sn.descend("x0**2 + x1**2", [-3, 4], rate=10, gradient="central@1e-4")
    >>> run.end.tolist(), str(run.verdict)
    ([-25898374737328.363, -1295248616896.5398], 'diverges')
    """
    formula = read_formula(f)
    rule = read_gradient(gradient)
    first = read_start(formula, start)
    rate, momentum = read_rate(rate), read_momentum(momentum)
    count, stop = read_step_count(steps, first.size), read_tolerance(tolerance)
    if function is not None and not callable(function):
        msg = f"function must be callable; this is a {type(function).__name__}"
        raise UsageError(msg)
    if rule.label == CERTIFIED and rule.code is None:
        path, gradients = _certified(formula, first, rate, count, momentum, stop, progress)
    else:
        slope = slope_of(rule, formula, function)
        path, gradients = walk(slope, first, rate, count, momentum, stop, progress)
    for array in (path, gradients):
        array.flags.writeable = False
    values = None if function is None else _values_of_function(formula, path, function)
    return Descent(
        formula, rule.label, rate, momentum, path, gradients, stop, function, rule, values
    )


def _leads_to_a_minimum(theory: Theory) -> bool:
    return theory.approached and "minimum" in theory.where


def _course_by(judgement: Judgement, theory: Theory) -> Course:
    """Return the course, where the path alone doesn't tell it."""
    if judgement.fades and theory.where == "end":
        return Course.CRAWLS  # the steps of exp(-x) shrink as those of x**4 do, but to no end
    if judgement.goes_away and not _leads_to_a_minimum(theory):
        return Course.DIVERGES  # down for ever is away too
    return judgement.course


def _certified(
    formula: Formula,
    start: np.ndarray,
    rate: float,
    steps: int,
    momentum: float,
    tolerance: float | None,
    progress: Callable[[int], None] | None,
) -> tuple[np.ndarray, np.ndarray]:
    found = []
    rows = start.reshape(-1, start.shape[-1])
    for done, row in enumerate(rows, 1):
        found.append(certified_walk(formula, row, rate, steps, momentum))
        if progress is not None:
            # a path is known as a whole; of several starts each is a share of the steps
            progress(steps * done // len(rows) - steps * (done - 1) // len(rows))
    shape = (steps + 1, *start.shape)
    path = np.stack([one[0] for one in found], axis=1).reshape(shape)
    gradients = np.stack([one[1] for one in found], axis=1).reshape(shape)
    if tolerance is not None:
        small = (np.abs(gradients) <= tolerance).reshape(steps + 1, -1).all(axis=1)
        last = int(np.argmax(small)) if small.any() else steps
        path, gradients = path[: last + 1].copy(), gradients[: last + 1].copy()
    return path, gradients


def _values_of(formula: Formula, path: np.ndarray) -> np.ndarray:
    """Return a formula along a path, in float64."""
    evaluate = formula.compiled()
    values = np.empty(path.shape[:-1])
    rows = max(1, _BLOCK // max(1, math.prod(path.shape[1:-1])))
    with np.errstate(all="ignore"):
        for start in range(0, len(path), rows):
            part = path[start : start + rows]
            columns = [part[..., i] for i in range(path.shape[-1])]
            values[start : start + rows] = evaluate(columns)[0]
    return values


def _values_of_function(
    formula: Formula, path: np.ndarray, function: Callable[..., Any]
) -> np.ndarray:
    """Return somebody's function along a path; NaN where the path isn't finite."""
    columns = [path[..., i] for i in range(path.shape[-1])]
    known = np.isfinite(path).all(axis=-1)
    values = np.full(path.shape[:-1], math.nan)
    if known.any():
        evaluate = adapt(function, formula.variables, ())
        values[known] = evaluate([column[known] for column in columns])[0]
    return values


@lru_cache(maxsize=64)  # the runs of a comparison share their exact path
def _exact_path(
    formula: Formula, start: tuple[float, ...], rate: float, steps: int, momentum: float
) -> np.ndarray:
    """Return the path of exact arithmetic, NaN from the first step on that isn't certified."""
    first = np.array(start)
    lines = len(formula.gradient().program)
    count = min(steps, MOST_CERTIFIED, max(1, _MOST_CERTIFIED_WORK // lines))
    path = np.full((steps + 1, first.size), math.nan)
    path[: count + 1], _ = certified_walk(formula, first, rate, count, momentum)
    return path
