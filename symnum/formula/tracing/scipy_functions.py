"""What stands for SciPy's functions in a traced function's copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg, special

from symnum.formula.tracing.arrays import TracedArray, TracedNumber, is_traced, lift
from symnum.formula.tracing.linalg import cholesky, det, inv, norm, solve
from symnum.formula.tracing.recorder import Recorder
from symnum.formula.tracing.ufuncs import elementwise


def scipy_substitutes(recorder: Recorder) -> dict[Any, Any]:
    """Return what stands for which of SciPy's functions."""
    table: dict[Any, Any] = {
        special.logsumexp: _logsumexp(recorder),
        special.softmax: _softmax(recorder),
        special.log_softmax: _log_softmax(recorder),
        special.polygamma: _polygamma(recorder),
        special.multigammaln: _multigammaln(recorder),
        linalg.cholesky: _if_traced(recorder, linalg.cholesky, _cholesky),
        linalg.cho_factor: _if_traced(recorder, linalg.cho_factor, _cho_factor),
        linalg.cho_solve: _if_traced(recorder, linalg.cho_solve, _cho_solve),
        linalg.solve_triangular: _if_traced(recorder, linalg.solve_triangular, _solve_triangular),
        linalg.norm: _if_traced(recorder, linalg.norm, norm),
        linalg.det: _if_traced(recorder, linalg.det, det),
        linalg.inv: _if_traced(recorder, linalg.inv, inv),
        linalg.solve: _if_traced(recorder, linalg.solve, solve),
    }
    if hasattr(special, "softplus"):
        table[special.softplus] = lambda x, **_: np.logaddexp(0.0, lift(recorder, x))
    return table


def _if_traced(recorder: Recorder, original: Any, handler: Any) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        if is_traced(args):
            return handler(recorder, *args, **options)
        return original(*args, **options)

    return call


def _log_sum_exp(array: Any, axis: Any) -> Any:
    # One operation a term: no overflow, and no kink where two terms are equal.
    return np.logaddexp.reduce(array, axis=axis, keepdims=True)


def _logsumexp(recorder: Recorder) -> Callable[..., Any]:
    def logsumexp(
        a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
    ) -> Any:
        if not is_traced((a, b)):
            return special.logsumexp(a, axis, b, keepdims, return_sign)
        array = lift(recorder, a)
        if return_sign:
            raise recorder.refuse("scipy.special.logsumexp with return_sign can't be traced")
        if b is None:
            result = _log_sum_exp(array, axis)
        else:
            weights = lift(recorder, b)
            if weights.is_constant and (weights.values > 0).all():
                result = _log_sum_exp(array + np.log(weights), axis)
            else:
                result = np.log(np.sum(weights * np.exp(array), axis=axis, keepdims=True))
        return result if keepdims else np.squeeze(result, axis=axis)[()]

    return logsumexp


def _softmax(recorder: Recorder) -> Callable[..., Any]:
    def softmax(x: Any, axis: Any = None) -> Any:
        if not is_traced(x):
            return special.softmax(x, axis)
        array = lift(recorder, x)
        return np.exp(array - _log_sum_exp(array, axis))

    return softmax


def _log_softmax(recorder: Recorder) -> Callable[..., Any]:
    def log_softmax(x: Any, axis: Any = None) -> Any:
        if not is_traced(x):
            return special.log_softmax(x, axis)
        array = lift(recorder, x)
        return array - _log_sum_exp(array, axis)

    return log_softmax


def _polygamma(recorder: Recorder) -> Callable[..., Any]:
    def polygamma(n: Any, x: Any) -> Any:
        if not is_traced((n, x)):
            return special.polygamma(n, x)
        order, array = lift(recorder, n), lift(recorder, x)
        if not order.is_constant:
            raise recorder.refuse("the order of polygamma depends on the variables")
        values = special.polygamma(order.values, array.values)
        if (order.values == 0).all():
            return special.psi(array)

        def write(r: Recorder, degree: int, line: int) -> int:
            return r.op("polygamma", degree, line)

        lines = elementwise(recorder, write, [order, array], np.shape(values))
        kind = TracedArray if np.ndim(values) else TracedNumber
        return kind(recorder, lines, np.asarray(values))

    return polygamma


def _multigammaln(recorder: Recorder) -> Callable[..., Any]:
    def multigammaln(a: Any, d: Any) -> Any:
        if not is_traced(a):
            return special.multigammaln(a, d)
        array = lift(recorder, a)
        result: Any = d * (d - 1) * 0.25 * np.log(np.pi)
        for j in range(int(d)):
            result = result + special.gammaln(array - j / 2)
        return result

    return multigammaln


# --- triangular systems ---


def _cholesky(r: Recorder, a: Any, lower: bool = False, **_: Any) -> Any:
    # SciPy reads the upper triangle unless it is asked for the lower one.
    matrix = lift(r, a)
    factor = cholesky(r, matrix if lower else matrix.T)
    return factor if lower else factor.T


def _cho_factor(r: Recorder, a: Any, lower: bool = False, **_: Any) -> Any:
    return _cholesky(r, a, lower), lower


def _cho_solve(r: Recorder, factored: Any, b: Any, **_: Any) -> Any:
    factor, lower = factored
    below = lift(r, factor) if lower else lift(r, factor).T
    return _substitute(below.T, _substitute(below, lift(r, b), lower=True), lower=False)


def _solve_triangular(
    r: Recorder, a: Any, b: Any, trans: Any = 0, lower: bool = False,
    unit_diagonal: bool = False, **_: Any,
) -> Any:  # fmt: skip
    matrix = lift(r, a)
    if trans not in (0, "N"):
        matrix, lower = matrix.T, not lower
    if unit_diagonal:
        matrix = matrix - np.diag(np.diagonal(matrix)) + np.eye(len(matrix))
    return _substitute(matrix, lift(r, b), lower)


def _substitute(matrix: Any, right: Any, lower: bool) -> Any:
    """Solve a triangular system, row after row."""
    n = len(matrix)
    rows: dict[int, Any] = {}
    for i in range(n) if lower else reversed(range(n)):
        left = right[i]
        for j, solved in rows.items():
            left = left - matrix[i, j] * solved
        rows[i] = left / matrix[i, i]
    return np.stack([rows[i] for i in range(n)])
