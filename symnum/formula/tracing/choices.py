"""Choices on traced arrays: where, clip, truth, and orders that follow the path at the point."""

# ruff: noqa: A002, ARG001  # the functions take NumPy's parameters

from __future__ import annotations

from typing import Any

import numpy as np

from symnum.formula.tracing.arrays import TracedArray, as_numbers, decided, lift, xp
from symnum.formula.tracing.handlers import HANDLERS, NO_VALUE, Handler, flag, implements, into
from symnum.formula.tracing.recorder import Recorder
from symnum.formula.tracing.ufuncs import (
    normal_axes,
    reduce,
    where,
)

# the functions take NumPy's parameters, those too that change nothing

# --- choosing ---


@implements(np.where)
def _where(r: Recorder, condition: Any, *branches: Any) -> Any:
    if not branches:
        return np.nonzero(decided(lift(r, condition)))
    return where(r, condition, *branches)


@implements(np.select)
def _select(r: Recorder, conditions: Any, choices: Any, default: Any = 0) -> Any:
    result = lift(r, default)
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        result = where(r, condition, choice, result)
    return result


@implements(np.clip)
def _clip(
    r: Recorder, array: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *,
    min: Any = None, max: Any = None, **_: Any,  # NumPy's names
) -> Any:  # fmt: skip
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    result = lift(r, array)
    if low is not None and low is not NO_VALUE:
        result = np.maximum(result, low)
    if high is not None and high is not NO_VALUE:
        result = np.minimum(result, high)
    if out is not None:
        out[...] = result
        return out
    return result


@implements(np.nonzero, np.flatnonzero, np.argwhere)
def _nonzero(r: Recorder, array: Any) -> Any:
    return np.nonzero(decided(lift(r, array)))


HANDLERS[np.flatnonzero] = lambda r, a: np.flatnonzero(decided(lift(r, a)))
HANDLERS[np.argwhere] = lambda r, a: np.argwhere(decided(lift(r, a)))
HANDLERS[np.count_nonzero] = lambda r, a, axis=None, keepdims=False: np.sum(
    as_numbers(lift(r, a) != 0), axis=axis, keepdims=keepdims
)


def _truth_of_all(ufunc: Any) -> Handler:
    def handler(
        r: Recorder, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **_: Any
    ) -> Any:
        array = lift(r, a)
        condition = array if array.dtype == bool else array != 0
        return reduce(r, ufunc, condition, axis, flag(keepdims))

    return handler


HANDLERS[np.any] = _truth_of_all(np.logical_or)
HANDLERS[np.all] = _truth_of_all(np.logical_and)


@implements(np.isclose)
def _isclose(
    r: Recorder, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    first, second = lift(r, a), lift(r, b)
    return np.abs(first - second) <= atol + rtol * np.abs(second)


HANDLERS[np.allclose] = lambda r, a, b, *args, **options: bool(
    np.all(_isclose(r, a, b, *args, **options))
)
HANDLERS[np.array_equal] = lambda r, a, b, **_: (
    np.shape(a) == np.shape(b) and bool(np.all(lift(r, a) == lift(r, b)))
)


# --- order: the path at the point, with the comparisons as its conditions ---


def _argsorted(r: Recorder, array: TracedArray, axis: int) -> np.ndarray:
    order: np.ndarray = np.argsort(array.values, axis=axis, kind="stable")
    ranked = xp.take_along_axis(array, order, axis)
    ranked = xp.moveaxis(ranked, axis, -1)
    decided(ranked[..., :-1] <= ranked[..., 1:])
    return order


@implements(np.argsort)
def _argsort(r: Recorder, a: Any, axis: Any = -1, **_: Any) -> Any:
    array = lift(r, a)
    if axis is None:
        array, axis = array.reshape(-1), -1
    return _argsorted(r, array, axis)


@implements(np.sort)
def _sort(r: Recorder, a: Any, axis: Any = -1, **_: Any) -> Any:
    array = lift(r, a)
    if axis is None:
        array, axis = array.reshape(-1), -1
    return xp.take_along_axis(array, _argsorted(r, array, axis), axis)


@implements(np.median)
def _median(
    r: Recorder,
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Any:
    array = lift(r, a)
    flat, axis_number = (array.reshape(-1), 0) if axis is None else (array, axis)
    ranked = xp.moveaxis(_sort(r, flat, axis_number), axis_number, 0)
    middle = len(ranked) // 2
    result = ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2.0
    if keepdims:
        axes = normal_axes(axis, array.ndim)
        return np.reshape(result, [1 if k in axes else n for k, n in enumerate(array.shape)])
    return result


HANDLERS[np.nanmedian] = HANDLERS[np.median]


def _quantile(unit: float) -> Handler:
    def handler(
        r: Recorder, a: Any, q: Any, axis: Any = None, out: Any = None,
        overwrite_input: bool = False, method: str = "linear", keepdims: bool = False, **_: Any,
    ) -> Any:  # fmt: skip
        array, share = lift(r, a), lift(r, q)
        if method != "linear":
            raise r.refuse(f"quantiles of method {method} can't be traced; method='linear' can")
        if not share.is_constant:
            raise r.refuse("a quantile whose share depends on the variables can't be traced")
        flat, place = (array.reshape(-1), 0) if axis is None else (array, axis)
        ranked = xp.moveaxis(_sort(r, flat, place), place, 0)
        parts = [_between(ranked, float(s) / unit) for s in share.values.ravel()]
        result = xp.stack(parts).reshape(share.shape + ranked.shape[1:])[()]
        if keepdims:
            axes = normal_axes(axis, array.ndim)
            kept = [1 if k in axes else n for k, n in enumerate(array.shape)]
            result = np.reshape(result, (*share.shape, *kept))
        return into(out, result)

    return handler


def _between(ranked: Any, share: float) -> Any:
    """Interpolate between two neighbours, from the nearer one, as NumPy does."""
    if not 0 <= share <= 1:
        msg = "quantiles lie in the range [0, 1], percentiles in [0, 100]"
        raise ValueError(msg)
    at = share * (len(ranked) - 1)
    below = min(int(at), max(len(ranked) - 2, 0))
    low, high, part = ranked[below], ranked[min(below + 1, len(ranked) - 1)], at - below
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


HANDLERS[np.quantile] = HANDLERS[np.nanquantile] = _quantile(1)
HANDLERS[np.percentile] = HANDLERS[np.nanpercentile] = _quantile(100)


@implements(np.compress)
def _compress(r: Recorder, condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    array = lift(r, a) if axis is not None else lift(r, a).reshape(-1)
    kept = np.flatnonzero(decided(lift(r, condition)))
    return into(out, np.take(array, kept, axis=0 if axis is None else axis))


def _arg(extreme: Any, comparison: Any) -> Handler:
    def handler(
        r: Recorder, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False
    ) -> Any:
        array = lift(r, a)
        if axis is None:
            array, axis = array.reshape(-1), 0
        best = extreme(array.values, axis=axis, keepdims=True)
        others = np.ones(array.shape, dtype=bool)
        np.put_along_axis(others, best, False, axis)
        decided(comparison(array, xp.take_along_axis(array, best, axis))[others])
        return best if flag(keepdims) else np.squeeze(best, axis)[()]

    return handler


HANDLERS[np.argmax] = HANDLERS[np.nanargmax] = _arg(np.argmax, np.less_equal)
HANDLERS[np.argmin] = HANDLERS[np.nanargmin] = _arg(np.argmin, np.greater_equal)
