"""gradient(), jacobian() and hessian() of callables, an error bar for every entry."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from symnum.differences.differentiate import (
    check_callable,
    first_reference,
    read_budget,
    read_seed,
    read_timeout,
    time_over,
)
from symnum.differences.estimate import DerivativeStatus, Estimate
from symnum.differences.line import ROUNDOFF, Line, OutOfTime, read_point
from symnum.errors import UsageError


@dataclass(frozen=True)
class Derivatives:
    """Derivatives without a formula, as arrays: each entry has its own error bar and status.

    Parameters
    ----------
    value : float64 array
        The derivatives; NaN where not answered.
    error : float64 array
        Bounds |value - exact|; infinite where not answered.
    status : array of str
        The words of `DerivativeStatus`.
    reason : array of str
        How each was found, or why not.
    evaluations : int
        How often the function was called, for all entries together.
    reference : array of str
        What each comes from: `complex step`, `real steps`, `pattern` for a declared 0, or `none`.

    Examples
    --------
    >>> import symnum as sn
    >>> g = sn.gradient(lambda x: x[0] * x[1], [2.0, 3.0])
    >>> g.value.round(12).tolist(), bool((abs(g.value - [3, 2]) <= g.error).all())
    ([3.0, 2.0], True)
    """

    value: np.ndarray
    error: np.ndarray
    status: np.ndarray
    reason: np.ndarray
    evaluations: int
    reference: np.ndarray

    def __str__(self) -> str:
        lines = []
        for index in np.ndindex(self.value.shape):
            name = "[" + ", ".join(map(str, index)) + "]"
            if math.isfinite(self.value[index]):
                lines.append(f"{name} {float(self.value[index])!r} ± {self.error[index]:.2g}")
            else:
                lines.append(f"{name} {self.status[index]}: {self.reason[index]}")
        return "\n".join([*lines, f"{self.evaluations} evaluations"])


class _Table:
    """Collects entries until the arrays are made."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.value = np.full(shape, np.nan)
        self.error = np.full(shape, np.inf)
        self.status = np.full(shape, str(DerivativeStatus.TIMEOUT), dtype=object)
        self.reason = np.full(shape, "", dtype=object)
        self.reference = np.full(shape, "none", dtype=object)

    def put(self, index: Any, found: Estimate, scale: float = 1.0) -> None:
        """Store an estimate, divided by a power of two."""
        self.value[index] = found.value / scale
        self.error[index] = found.error / abs(scale)
        self.status[index] = str(found.status)
        self.reason[index] = found.reason
        self.reference[index] = found.reference

    def refuse(self, index: Any, status: DerivativeStatus, reason: str) -> None:
        """Take an answer back."""
        self.value[index] = np.nan
        self.error[index] = np.inf
        self.status[index] = str(status)
        self.reason[index] = reason
        self.reference[index] = "none"

    def made(self, evaluations: int, shape: tuple[int, ...]) -> Derivatives:
        """Return the arrays, read-only."""
        arrays = [
            array.reshape(shape)
            for array in (self.value, self.error, self.status, self.reason, self.reference)
        ]
        for array in arrays:
            array.flags.writeable = False
        value, error, status, reason, reference = arrays
        return Derivatives(value, error, status, reason, evaluations, reference)


def gradient(
    f: Callable[..., Any],
    at: Any,
    *,
    timeout: float | None = None,
    budget: int = 80,
    seed: int = 0,
) -> Derivatives:
    """Differentiate a callable by each of its variables, with error bars.

    Parameters
    ----------
    f : callable
        Takes a float or an array of shape (n,), and returns a number.
    at : float or array of shape (n,)
        The point.
    timeout : float, optional
        Seconds after which no further call is made; what is not done has the status `timeout`.
    budget : int
        About how many evaluations each entry may take.
    seed : int
        Where probes of jumps look.

    Returns
    -------
    Derivatives
        Arrays of shape (n,).

    Raises
    ------
    UsageError, DomainError
        As `differentiate` does.

    Examples
    --------
    >>> import numpy as np
    >>> import symnum as sn
    >>> g = sn.gradient(lambda x: np.sum(x**3), [1.0, 2.0])
    >>> bool((abs(g.value - [3, 12]) <= g.error).all()), g.status.tolist()
    (True, ['estimated', 'estimated'])
    """
    x, _ = read_point(at)
    found, shape = _columns(f, at, None, timeout, budget, seed)
    if math.prod(shape) != 1:
        msg = (
            f"the function returned an array of shape {shape}; a number is expected: "
            "for arrays use symnum.jacobian"
        )
        raise UsageError(msg)
    return Derivatives(
        found.value.reshape(x.size),
        found.error.reshape(x.size),
        found.status.reshape(x.size),
        found.reason.reshape(x.size),
        found.evaluations,
        found.reference.reshape(x.size),
    )


def jacobian(
    f: Callable[..., Any],
    at: Any,
    pattern: Any = None,
    *,
    timeout: float | None = None,
    budget: int = 80,
    seed: int = 0,
) -> Derivatives:
    """Differentiate a callable with several outputs by each variable, with error bars.

    All outputs share their evaluations. With a pattern, variables that no output shares are moved
    together, and one more direction at random looks for entries outside of the pattern: an output
    that has one gets the status `outside_pattern`.

    Parameters
    ----------
    f : callable
        Takes a float or an array of shape (n,), and returns an array.
    at : float or array of shape (n,)
        The point.
    pattern : array of bool, shape (m, n), optional
        Which entries may differ from 0; the outputs are counted flat.
    timeout : float, optional
        Seconds after which no further call is made; what is not done has the status `timeout`.
    budget : int
        About how many evaluations each entry may take.
    seed : int
        Where probes look.

    Returns
    -------
    Derivatives
        Arrays of the outputs' shape followed by (n,).

    Raises
    ------
    UsageError, DomainError
        As `differentiate` does, and where the pattern has another shape.

    Notes
    -----
    Columns are coloured greedily, as A. R. Curtis, M. J. D. Powell and J. K. Reid do (On the
    estimation of sparse Jacobian matrices, IMA Journal of Applied Mathematics 13, 1974).

    Examples
    --------
    >>> import numpy as np
    >>> import symnum as sn
    >>> j = sn.jacobian(lambda x: x**2, [1.0, 2.0, 3.0], pattern=np.eye(3))
    >>> bool((abs(j.value - np.diag([2, 4, 6])) <= j.error).all())
    True
    """
    found, shape = _columns(f, at, pattern, timeout, budget, seed)
    x, is_scalar = read_point(at)
    full = shape if is_scalar else (*shape, x.size)
    return Derivatives(
        found.value.reshape(full),
        found.error.reshape(full),
        found.status.reshape(full),
        found.reason.reshape(full),
        found.evaluations,
        found.reference.reshape(full),
    )


def hessian(
    f: Callable[..., Any],
    at: Any,
    *,
    timeout: float | None = None,
    budget: int = 80,
    seed: int = 0,
) -> Derivatives:
    """Differentiate a callable twice by each pair of variables, with error bars.

    An entry off the diagonal is a quarter of the difference of the second derivatives along the
    two diagonals of its plane, so n variables take n² ladders: some 35 n² evaluations.

    Parameters
    ----------
    f : callable
        Takes a float or an array of shape (n,), and returns a number.
    at : float or array of shape (n,)
        The point.
    timeout : float, optional
        Seconds after which no further call is made; what is not done has the status `timeout`.
    budget : int
        About how many evaluations each ladder may take.
    seed : int
        Where probes of jumps look.

    Returns
    -------
    Derivatives
        Arrays of shape (n, n).

    Raises
    ------
    UsageError, DomainError
        As `differentiate` does.

    Examples
    --------
    >>> import symnum as sn
    >>> h = sn.hessian(lambda x: x[0] ** 2 * x[1], [1.0, 2.0])
    >>> bool((abs(h.value - [[4, 2], [2, 0]]) <= h.error).all())
    True
    """
    x, is_scalar = read_point(at)
    check_callable(f)
    deadline, budget = read_timeout(timeout), read_budget(budget)
    seed = read_seed(seed)
    n = x.size
    table = _Table((n, n))
    scales = _scales(x)
    spent = 0
    line: Line | None = None
    try:
        for i in range(n):
            for j in range(i, n):
                found = []
                for sign in (1.0,) if i == j else (1.0, -1.0):
                    v = np.zeros(n)
                    v[i] = scales[i]
                    v[j] = sign * scales[j] if i != j else scales[i]
                    line = Line(f, x, v, is_scalar, deadline)
                    line.at(0.0)
                    _check_number(line)
                    found.append(first_reference(line, 0, None, 2, budget, seed))
                    spent += line.evaluations
                    line = None
                entry = found[0] if i == j else _quarter(*found)
                for index in ((i, j), (j, i)):
                    table.put(index, entry, float(scales[i] * scales[j]))
    except OutOfTime:
        assert line is not None
        spent += line.evaluations
        _late(table, line)
    return table.made(spent, (n, n))


def _columns(
    f: Callable[..., Any],
    at: Any,
    pattern: Any,
    timeout: float | None,
    budget: int,
    seed: int,
) -> tuple[Derivatives, tuple[int, ...]]:
    """Return the table of all outputs by all variables, and the shape of the outputs."""
    x, is_scalar = read_point(at)
    check_callable(f)
    deadline, budget = read_timeout(timeout), read_budget(budget)
    seed = read_seed(seed)
    n = x.size
    scales = _scales(x)
    first = Line(f, x, np.eye(n)[0], is_scalar, deadline)
    try:
        first.at(0.0)
    except OutOfTime:
        table = _Table((1, n))
        _late(table, first)
        return table.made(first.evaluations, (1, n)), ()
    shape = first.shape if first.shape is not None else ()
    outputs = math.prod(shape)
    if outputs == 0:
        msg = f"the function returned an array of shape {shape}, which holds nothing"
        raise UsageError(msg)
    allowed = _read_pattern(pattern, outputs, n)
    table = _Table((outputs, n))
    spent = first.evaluations
    line = first
    try:
        for group in _colours(allowed):
            v = np.zeros(n)
            v[group] = scales[group]
            line = Line(f, x, v, is_scalar, deadline)
            line.shape = first.shape
            for i in range(outputs):
                own = [j for j in group if allowed[i, j]]
                if own:
                    found = first_reference(line, i, own[0], 1, budget, seed)
                    table.put((i, own[0]), found, float(scales[own[0]]))
            spent += line.evaluations
        for i, j in np.argwhere(~allowed):
            table.value[i, j] = table.error[i, j] = 0.0
            table.status[i, j] = str(DerivativeStatus.ESTIMATED)
            table.reference[i, j] = "pattern"
            table.reason[i, j] = "declared to be 0, and one direction at random agrees"
        if not allowed.all():
            random = np.random.default_rng(seed)
            factors = random.choice([-1.0, 1.0], n) * (1 + random.integers(0, 64, n) / 64)
            line = Line(f, x, scales * factors, is_scalar, deadline)
            line.shape = first.shape
            _probe(table, line, budget, seed)
            spent += line.evaluations
    except OutOfTime:
        spent += line.evaluations
        _late(table, line)
    return table.made(spent, (outputs, n)), shape


def _probe(table: _Table, line: Line, budget: int, seed: int) -> None:
    """Take back the rows whose derivative along a direction is not what their entries say."""
    for i in range(len(table.value)):
        found = first_reference(line, i, None, 1, budget, seed)
        terms = table.value[i] * line.v
        if not found.is_answered or not np.isfinite(terms).all():
            continue  # the row itself says why it has no answer
        bar = found.verified + float(np.sum(table.error[i] * np.abs(line.v)))
        bar += 8 * ROUNDOFF * float(np.sum(np.abs(terms)))
        apart = abs(math.fsum(terms) - found.value)
        if apart > 2 * bar:
            reason = (
                f"along a direction at random the output moves by {found.value:.6g}, its entries "
                f"within the pattern by {math.fsum(terms):.6g}: it has entries outside of it"
            )
            for j in range(table.value.shape[1]):
                table.refuse((i, j), DerivativeStatus.OUTSIDE_PATTERN, reason)


def _scales(x: np.ndarray) -> np.ndarray:
    """Return the power of two nearest each |x|, 1 at 0, so that moving together is fair."""
    fraction, exponent = np.frexp(np.where(x == 0, 1.0, np.abs(x)))
    exponent = exponent - (fraction < math.sqrt(0.5))
    return np.asarray(np.ldexp(1.0, np.clip(exponent, -500, 500)))


def _colours(allowed: np.ndarray) -> list[list[int]]:
    """Return groups of columns that have no row in common, greedily."""
    groups: list[list[int]] = []
    rows: list[np.ndarray] = []
    for j in np.argsort(-allowed.sum(axis=0), kind="stable"):
        column = allowed[:, j]
        if not column.any():
            continue
        for group, taken in zip(groups, rows, strict=True):
            if not (taken & column).any():
                group.append(int(j))
                taken |= column
                break
        else:
            groups.append([int(j)])
            rows.append(column.copy())
    return groups


def _read_pattern(pattern: Any, outputs: int, n: int) -> np.ndarray:
    """Return a pattern as an array of bool, all true where there is none."""
    if pattern is None:
        return np.ones((outputs, n), dtype=bool)
    given = np.asarray(pattern)
    if given.dtype.kind not in "biuf" or given.shape != (outputs, n):
        msg = (
            f"a pattern is an array of bool of shape ({outputs}, {n}), a row an output, and an "
            f"array of shape {given.shape} and dtype {given.dtype} was given"
        )
        raise UsageError(msg)
    return np.asarray(given != 0)


def _check_number(line: Line) -> None:
    """Refuse a function with several outputs."""
    if line.shape is not None and math.prod(line.shape) != 1:
        msg = f"the function returned an array of shape {line.shape}; a number is expected"
        raise UsageError(msg)


def _quarter(plus: Estimate, minus: Estimate) -> Estimate:
    """Return the mixed derivative from the second ones along two diagonals."""
    for one in (plus, minus):
        if not one.is_answered:
            return one
    value = (plus.value - minus.value) / 4
    error = (plus.error + minus.error) / 4 + 2 * ROUNDOFF * abs(value)
    return Estimate(value, error, plus.status, plus.reason, 0, plus.noise, verified=error)


def _late(table: _Table, line: Line) -> None:
    """Say of what is not done that the time was over."""
    late = table.status == str(DerivativeStatus.TIMEOUT)
    table.reason[late] = time_over(line)
