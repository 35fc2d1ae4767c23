"""differentiate(): the derivative of any callable, with an error bar or the reason why not."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any, SupportsIndex

import numpy as np

from symnum.differences import complex_line, ladder
from symnum.differences.estimate import DerivativeStatus, Estimate
from symnum.differences.limits import read_derivative_order, shown
from symnum.differences.line import Line, OutOfTime, read_direction, read_point
from symnum.errors import UsageError

# The least budget with which a step can be scanned at all, and one that no one needs.
_LEAST_BUDGET = 16


@dataclass(frozen=True)
class Derivative:
    """A derivative without a formula: a value with an error bar, or the reason why not.

    Parameters
    ----------
    value : float
        The derivative; NaN unless answered.
    error : float
        Bounds |value - exact|; infinite unless answered.
    status : DerivativeStatus
        `certified`, `estimated`, or the reason why not.
    evaluations : int
        How often the function was called.
    reference : str
        What the value comes from: `complex step` or `real steps`.
    reason : str
        How it was found, or why not, in a sentence.
    verified : float
        An error that real differences confirm, without the assumption of a complex step that the
        function is analytic; never less than `error`.
    left, right : float
        The one-sided derivatives where they were found at a kink or an edge; else NaN.
    noise : float
        The noise of f as estimated, one standard deviation; NaN where it was not.

    Examples
    --------
    >>> import math
    >>> import symnum as sn
    >>> d = sn.differentiate(math.exp, 0.0)
    >>> str(d.status), abs(d.value - 1) <= d.error
    ('estimated', True)
    """

    value: float
    error: float
    status: DerivativeStatus
    evaluations: int
    reference: str
    reason: str
    verified: float = math.inf
    left: float = math.nan
    right: float = math.nan
    noise: float = math.nan

    def __bool__(self) -> bool:
        return math.isfinite(self.value)

    def __str__(self) -> str:
        if not self:
            return f"{self.status}: {self.reason} ({self.evaluations} evaluations)"
        return (
            f"{self.value!r} ± {self.error:.2g} "
            f"({self.reference}, {self.status}, {self.evaluations} evaluations)"
        )


def differentiate(
    f: Callable[..., Any],
    at: Any,
    direction: Any = None,
    derivative_order: SupportsIndex = 1,
    *,
    timeout: float | None = None,
    budget: int = 80,
    seed: int = 0,
) -> Derivative:
    """Differentiate a callable at a point, with an error bar that holds.

    The complex step is tried first, and believed where real and imaginary steps confirm it. Else a
    ladder of real steps estimates the noise of f and finds where truncation begins. Kinks, jumps,
    edges of the domain, random functions and hopeless noise are said, not guessed.

    Parameters
    ----------
    f : callable
        Takes a float, or an array of shape (n,) that it may write into, and returns a number.
        Where it raises, or is not finite, it has no value; at the point itself it may only raise
        an ArithmeticError or a ValueError.
    at : float or array of shape (n,)
        The point.
    direction : array of shape (n,), optional
        Along which to differentiate; not normalized. Needed where n > 1.
    derivative_order : int
        1 or 2.
    timeout : float, optional
        Seconds after which no further call is made.
    budget : int
        About how many evaluations each reference may take; at least 16. Most answers take 15 to 35.
    seed : int
        Where probes of jumps look.

    Returns
    -------
    Derivative
        With `value`, `error`, `status`, `evaluations`, `reference` and `reason`.

    Raises
    ------
    UsageError
        Where an argument doesn't fit, f raises at the point, or returns what is no real number.
    DomainError
        Where the point is not finite.

    Notes
    -----
    The complex step is due to J. N. Lyness and C. B. Moler (SIAM J. Numer. Anal. 4, 1967),
    extrapolation to L. F. Richardson (1911); the choice of a window follows O. V. Lepskii (1991).

    Examples
    --------
    >>> import numpy as np
    >>> import symnum as sn
    >>> d = sn.differentiate(np.sin, 1.0)
    >>> abs(d.value - np.cos(1.0)) <= d.error <= 1e-14
    True
    >>> print(sn.differentiate(abs, 0.0).reason)
    f has a kink: the slope is -1 ± 2e-15 to the left and 1 ± 2e-15 to the right
    """
    order = read_order(derivative_order)
    x, is_scalar = read_point(at)
    if direction is None and x.size > 1:
        msg = (
            f"at has {x.size} variables, so a direction is needed; "
            "for all partial derivatives use symnum.gradient"
        )
        raise UsageError(msg)
    v = np.ones(1) if direction is None else read_direction(direction, x.size)
    deadline = read_timeout(timeout)
    budget, seed = read_budget(budget), read_seed(seed)
    check_callable(f)
    line = Line(f, x, v, is_scalar, deadline)
    try:
        line.at(0.0)
        if line.shape is not None and math.prod(line.shape) != 1:
            msg = (
                f"the function returned an array of shape {line.shape}; a number is expected: "
                "for arrays use symnum.jacobian"
            )
            raise UsageError(msg)
        found = first_reference(line, 0, None, order, budget, seed)
    except OutOfTime:
        return Derivative(*_out_of_time(line, timeout))
    return _answer(found, line)


def first_reference(
    line: Line, output: int, coordinate: int | None, order: int, budget: int, seed: int
) -> Estimate:
    """Return the answer of the best reference that has one: complex step, then real steps."""
    try:
        with np.errstate(all="ignore"):
            if order == 1:
                found = complex_line.complex_step(line, output, coordinate)
                if found is not None and math.isfinite(found.error):
                    return found
            return ladder.on_line(
                line, output, coordinate, derivative_order=order, budget=budget, seed=seed
            )
    except (ArithmeticError, ValueError):  # of our own arithmetic: f's are caught at the call
        reason = "steps or differences leave the range of doubles here"
        return ladder.refused(line, None, DerivativeStatus.UNRESOLVED, reason)


def read_order(derivative_order: SupportsIndex) -> int:
    """Return 1 or 2."""
    order = read_derivative_order(derivative_order)
    if order > 2:
        msg = (
            f"differentiate knows derivative orders 1 and 2, {order} was given: differentiate the "
            "derivative, or use a Formula"
        )
        raise UsageError(msg)
    return order


def read_timeout(timeout: float | None) -> float:
    """Return the time at which to stop."""
    if timeout is None:
        return math.inf
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        msg = f"a timeout is a positive number of seconds, {shown(timeout)} was given"
        raise UsageError(msg)
    return time.monotonic() + timeout


def read_budget(budget: int) -> int:
    """Return the budget."""
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < _LEAST_BUDGET:
        msg = (
            f"a budget is a whole number of evaluations, at least {_LEAST_BUDGET}, "
            f"{shown(budget)} was given"
        )
        raise UsageError(msg)
    return budget


def read_seed(seed: int) -> int:
    """Return the seed."""
    if isinstance(seed, bool) or not isinstance(seed, SupportsIndex) or index(seed) < 0:
        msg = f"seed is {shown(seed)}; a whole number from 0 on is expected"
        raise UsageError(msg)
    return index(seed)


def check_callable(f: object) -> None:
    """Refuse what can't be called."""
    if not callable(f):
        msg = f"a callable is expected, {shown(f)} was given; for a text use symnum.Formula"
        raise UsageError(msg)


def time_over(line: Line) -> str:
    """Return the sentence of an answer that came too late."""
    return f"the time was over after {line.evaluations} evaluations; allow more, or a cheaper f"


def _out_of_time(
    line: Line, timeout: float | None
) -> tuple[float, float, DerivativeStatus, int, str, str]:
    reason = time_over(line).replace("the time", f"the time of {timeout} s")
    return math.nan, math.inf, DerivativeStatus.TIMEOUT, line.evaluations, "none", reason


def _answer(found: Estimate, line: Line) -> Derivative:
    reason = found.reason
    if line.raised and not found.is_answered:
        reason = f"{reason}; {line.raised}"
    return Derivative(
        found.value,
        found.error,
        found.status,
        line.evaluations,
        found.reference,
        reason,
        found.verified,
        found.left,
        found.right,
        found.noise,
    )
