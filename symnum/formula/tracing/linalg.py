"""Linear algebra on traced arrays: norms, and small determinants, inverses and systems."""

# ruff: noqa: A002, A006, ARG001, ARG005  # the functions take NumPy's parameters

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from symnum.formula.tracing.arrays import TracedArray, as_numbers, constants, lift, xp
from symnum.formula.tracing.handlers import HANDLERS, implements, into
from symnum.formula.tracing.recorder import Recorder
from symnum.formula.tracing.ufuncs import (
    normal_axes,
)


@implements(np.linalg.norm)
def norm(
    r: Recorder, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False
) -> Any:  # NumPy's name
    """Write a norm that is a formula: of vectors all, of matrices those without singular values."""
    array = lift(r, x)
    if axis is None and ord is None:
        flat = array.reshape(-1)
        result = np.sqrt(np.sum(flat * flat))
        return np.reshape(result, (1,) * array.ndim) if keepdims else result
    axes = normal_axes(axis, array.ndim)
    if len(axes) == 2:
        return _matrix_norm(r, array, ord, axis or (0, 1), keepdims)
    if ord in (None, 2):
        return np.sqrt(np.sum(array * array, axis=axes, keepdims=keepdims))
    size = np.abs(array)
    if ord == np.inf:
        return np.max(size, axis=axes, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(size, axis=axes, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axes, keepdims=keepdims)
    if ord == 0:
        return np.sum(array != 0, axis=axes, keepdims=keepdims)
    return np.sum(size**ord, axis=axes, keepdims=keepdims) ** (1 / ord)


def _matrix_norm(r: Recorder, array: TracedArray, kind: Any, axis: Any, keepdims: bool) -> Any:
    if kind in (None, "fro", "f"):
        return np.sqrt(np.sum(array * array, axis=tuple(axis), keepdims=keepdims))
    if kind not in (1, -1, np.inf, -np.inf):
        raise r.refuse("matrix norms with singular values can't be traced")
    rows, columns = axis
    first, second = (rows, columns) if abs(kind) == 1 else (columns, rows)
    sums = np.sum(np.abs(array), axis=first, keepdims=True)
    pick = np.max if kind > 0 else np.min
    result = pick(sums, axis=second, keepdims=True)
    return result if keepdims else np.squeeze(result, tuple(axis))


# Larger determinants in the variables are no formula that anybody wants to see.
_LARGEST_MATRIX = 4
# The exact inverse of a larger constant matrix has numbers of a thousand digits.
_LARGEST_SYSTEM = 30


def _square(r: Recorder, a: Any) -> TracedArray:
    matrix = as_numbers(lift(r, a))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise r.refuse("only one square matrix at a time can be traced in numpy.linalg")
    if not matrix.is_constant and matrix.shape[0] > _LARGEST_MATRIX:
        n = matrix.shape[0]
        msg = f"a {n} × {n} matrix of variables is too large: determinants are traced up to 4 × 4"
        raise r.refuse(msg)
    return matrix


def _determinant(matrix: TracedArray, rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
    """Expand along the first row; minors that stand twice are written once."""
    if not rows:
        return 1.0
    total: Any = None
    for k, column in enumerate(columns):
        minor = _determinant(matrix, rows[1:], columns[:k] + columns[k + 1 :])
        term = matrix[rows[0], column] * minor
        total = term if total is None else total - term if k % 2 else total + term
    return total


def _each(function: Callable[..., Any], r: Recorder, *stacks: TracedArray) -> Any:
    """Do for each matrix of a stack what is done for one."""
    lead = np.broadcast_shapes(*(stack.shape[:-2] for stack in stacks))
    spread = [np.broadcast_to(stack, (*lead, *stack.shape[-2:])) for stack in stacks]
    made = xp.stack([function(r, *(stack[i] for stack in spread)) for i in np.ndindex(lead)])
    return made.reshape(lead + made.shape[1:])


@implements(np.linalg.det)
def det(r: Recorder, a: Any) -> Any:
    """Write a determinant by expansion."""
    if np.ndim(a) > 2:
        return _each(det, r, lift(r, a))
    matrix = _square(r, a)
    if matrix.is_constant:
        return np.linalg.det(matrix.values)
    every = tuple(range(len(matrix)))
    return _determinant(matrix, every, every)


class SlogdetResult(NamedTuple):
    """What numpy.linalg.slogdet returns."""

    sign: Any
    logabsdet: Any


@implements(np.linalg.slogdet)
def _slogdet(r: Recorder, a: Any) -> Any:
    value = det(r, a)
    return SlogdetResult(np.sign(value), np.log(np.abs(value)))


@implements(np.linalg.inv)
def inv(r: Recorder, a: Any) -> Any:
    """Write an inverse by Cramer's rule."""
    if np.ndim(a) > 2:
        return _each(inv, r, lift(r, a))
    matrix = _square(r, a)
    if matrix.is_constant:
        return constants(r, np.linalg.inv(matrix.values))
    n = len(matrix)
    every = tuple(range(n))
    whole = _determinant(matrix, every, every)
    result = np.zeros_like(matrix)
    for i in every:
        for j in every:
            minor = _determinant(matrix, every[:j] + every[j + 1 :], every[:i] + every[i + 1 :])
            result[i, j] = (minor if (i + j) % 2 == 0 else -minor) / whole
    return result


@implements(np.linalg.solve)
def solve(r: Recorder, a: Any, b: Any) -> Any:
    """Write the solution of a linear system: small, or with constant coefficients."""
    if np.ndim(a) > 2:
        if np.ndim(b) < 2:
            raise r.refuse("numpy.linalg.solve of a stack can't be traced with one right side")
        return _each(solve, r, lift(r, a), lift(r, b))
    matrix, right = _square(r, a), lift(r, b)
    if matrix.is_constant and right.is_constant:
        return constants(r, np.linalg.solve(matrix.values, right.values))
    if not matrix.is_constant:
        return inv(r, matrix) @ right
    return _eliminate(matrix, right)


def _eliminate(matrix: TracedArray, right: TracedArray) -> Any:
    """Solve with constant coefficients by elimination in exact numbers."""
    r = matrix.recorder
    n = len(matrix)
    if n > _LARGEST_SYSTEM:
        raise r.refuse(f"a linear system of {n} equations is too large to be traced exactly")
    rows = [[Fraction(value) for value in row] for row in matrix.values.tolist()]
    inverse = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        if rows[pivot][k] == 0:
            raise np.linalg.LinAlgError("Singular matrix")
        for part in (rows, inverse):
            part[k], part[pivot] = part[pivot], part[k]
        scale = rows[k][k]
        rows[k] = [value / scale for value in rows[k]]
        inverse[k] = [value / scale for value in inverse[k]]
        for i in range(n):
            factor = rows[i][k]
            if i != k and factor:
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
                inverse[i] = [x - factor * y for x, y in zip(inverse[i], inverse[k], strict=True)]
    lines = np.array([[r.builder.const(value) for value in row] for row in inverse], dtype=np.int64)
    values = np.array([[float(value) for value in row] for row in inverse])
    return TracedArray(r, lines, values) @ right


@implements(np.linalg.cholesky)
def cholesky(r: Recorder, a: Any, /, *, upper: bool = False) -> Any:
    """Write a Cholesky factor column by column, from the triangle that NumPy reads."""
    if np.ndim(a) > 2:
        return _each(lambda r, one: cholesky(r, one, upper=upper), r, lift(r, a))
    matrix = as_numbers(lift(r, a))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    if matrix.is_constant:
        return constants(r, np.linalg.cholesky(matrix.values))
    n = len(matrix)
    if n > _LARGEST_SYSTEM:
        raise r.refuse(f"a Cholesky factor of {n} rows is too large to be traced")
    given = matrix.T if upper else matrix
    factor: Any = np.zeros_like(matrix, dtype=float)
    for j in range(n):
        row = factor[j, :j]
        factor[j, j] = np.sqrt(given[j, j] - np.dot(row, row) if j else given[j, j])
        for i in range(j + 1, n):
            left = given[i, j] - np.dot(factor[i, :j], row) if j else given[i, j]
            factor[i, j] = left / factor[j, j]
    return factor.T if upper else factor


@implements(np.linalg.matrix_power)
def _matrix_power(r: Recorder, a: Any, n: int) -> Any:
    matrix = lift(r, a)
    if n < 0:
        matrix, n = inv(r, matrix), -n
    if n == 0:
        return np.eye(matrix.shape[-1])
    result = matrix
    for _ in range(n - 1):
        result = result @ matrix
    return result


@implements(np.linalg.multi_dot)
def _multi_dot(r: Recorder, arrays: Any, *, out: Any = None) -> Any:
    result = arrays[0]
    for array in arrays[1:]:
        result = xp.dot(result, array)
    return into(out, result)


if hasattr(np.linalg, "vector_norm"):
    HANDLERS[np.linalg.vector_norm] = lambda r, x, /, *, axis=None, keepdims=False, ord=2: norm(
        r, x if axis is not None else np.ravel(x), ord, axis, keepdims
    )
    for _name in ("outer", "trace", "tensordot", "cross", "diagonal"):
        _inner_function = getattr(np, _name)
        HANDLERS[getattr(np.linalg, _name)] = lambda r, *args, _f=_inner_function, **options: _f(
            *args, **options
        )
    HANDLERS[np.linalg.trace] = lambda r, x, /, *, offset=0, dtype=None: np.trace(
        x, offset, -2, -1, dtype
    )
    HANDLERS[np.linalg.diagonal] = lambda r, x, /, *, offset=0: np.diagonal(x, offset, -2, -1)
