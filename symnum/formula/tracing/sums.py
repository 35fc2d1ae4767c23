"""Sums, products, extrema and moments of traced arrays along their axes."""

# ruff: noqa: ARG001, ARG005  # the functions take NumPy's parameters

from __future__ import annotations

from typing import Any

import numpy as np

from symnum.formula.tracing.arrays import TracedArray, as_numbers, lift, scalar_or_array, xp
from symnum.formula.tracing.elementary import sinc
from symnum.formula.tracing.handlers import HANDLERS, NO_VALUE, Handler, flag, implements, into
from symnum.formula.tracing.recorder import Recorder
from symnum.formula.tracing.ufuncs import accumulate, check_dtype, elementwise, normal_axes

# the functions take NumPy's parameters, those too that change nothing


def _reduction(ufunc: Any) -> Handler:
    def handler(
        r: Recorder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None,
        keepdims: Any = False, initial: Any = None, where: Any = True,
    ) -> Any:  # fmt: skip
        check_dtype(r, dtype)
        options: dict[str, Any] = {"axis": axis, "keepdims": flag(keepdims)}
        if initial is not None and initial is not NO_VALUE:
            options["initial"] = initial
        if where is not True and where is not NO_VALUE:
            options["where"] = where
        if out is not None:
            options["out"] = out
        return ufunc.reduce(lift(r, a), **options)

    return handler


HANDLERS[np.sum] = HANDLERS[np.nansum] = _reduction(np.add)
HANDLERS[np.prod] = HANDLERS[np.nanprod] = _reduction(np.multiply)


def _extremum(ufunc: Any) -> Handler:
    def handler(
        r: Recorder,
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        return _reduction(ufunc)(r, a, axis, None, out, keepdims, initial, where)

    return handler


HANDLERS[np.amax] = HANDLERS[np.max] = HANDLERS[np.nanmax] = _extremum(np.maximum)
HANDLERS[np.amin] = HANDLERS[np.min] = HANDLERS[np.nanmin] = _extremum(np.minimum)
HANDLERS[np.ptp] = lambda r, a, axis=None, out=None, keepdims=False: (
    np.max(a, axis=axis, keepdims=flag(keepdims)) - np.min(a, axis=axis, keepdims=flag(keepdims))
)


def _count(array: TracedArray, axis: Any) -> int:
    return int(np.prod([array.shape[k] for k in normal_axes(axis, array.ndim)], dtype=int))


@implements(np.mean, np.nanmean)
def _mean(
    r: Recorder,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    where: Any = True,
) -> Any:
    check_dtype(r, dtype)
    array = lift(r, a)
    if where is not True and where is not NO_VALUE:
        kept = np.broadcast_to(as_numbers(lift(r, where)) * 1.0, array.shape)
        count = np.sum(kept, axis=axis, keepdims=flag(keepdims))
        return into(out, np.sum(array, axis=axis, keepdims=flag(keepdims), where=where) / count)
    total = xp.add.reduce(array, axis=axis, keepdims=flag(keepdims))
    return into(out, total / _count(array, axis))


@implements(np.var, np.nanvar)
def _var(
    r: Recorder,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    check_dtype(r, dtype)
    if where is not True and where is not NO_VALUE:
        raise r.refuse("numpy.var with where= can't be traced")
    array = lift(r, a)
    freedom = ddof if correction is None or correction is NO_VALUE else correction
    centre = _mean(r, array, axis, keepdims=True) if mean is None or mean is NO_VALUE else mean
    deviation = array - centre
    squares = np.multiply(deviation, deviation)  # as NumPy does: not a power
    total = xp.add.reduce(squares, axis=axis, keepdims=flag(keepdims))
    return into(out, total / max(_count(array, axis) - freedom, 0))


HANDLERS[np.std] = HANDLERS[np.nanstd] = lambda r, *args, **options: np.sqrt(
    _var(r, *args, **options)
)


@implements(np.average)
def _average(
    r: Recorder,
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = False,
) -> Any:
    array = lift(r, a)
    if weights is None:
        result = _mean(r, array, axis, keepdims=keepdims)
        count = np.full(np.shape(result), float(_count(array, axis)))
        return (result, count) if returned else result
    given = lift(r, weights)
    if given.shape != array.shape:
        (place,) = normal_axes(axis, array.ndim)
        given = given.reshape([-1 if k == place else 1 for k in range(array.ndim)])
    scale = np.sum(
        np.broadcast_to(given, array.shape) if axis is None else given,
        axis=axis,
        keepdims=flag(keepdims),
    )
    result = np.sum(array * given, axis=axis, keepdims=flag(keepdims)) / scale
    return (result, np.broadcast_to(scale, np.shape(result))) if returned else result


def _running(ufunc: Any) -> Handler:
    def handler(
        r: Recorder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, **_: Any
    ) -> Any:
        check_dtype(r, dtype)
        array = lift(r, a)
        if axis is None:
            array, axis = array.reshape(-1), 0
        return into(out, accumulate(r, ufunc, array, axis))

    return handler


HANDLERS[np.cumsum] = HANDLERS[np.nancumsum] = _running(np.add)
HANDLERS[np.cumprod] = HANDLERS[np.nancumprod] = _running(np.multiply)
if hasattr(np, "cumulative_sum"):
    HANDLERS[np.cumulative_sum] = lambda r, a, *, axis=None, **_: _running(np.add)(r, a, axis)
    HANDLERS[np.cumulative_prod] = lambda r, a, *, axis=None, **_: _running(np.multiply)(r, a, axis)


@implements(np.ediff1d)
def _ediff1d(r: Recorder, ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    flat = lift(r, ary).reshape(-1)
    parts = [to_begin, flat[1:] - flat[:-1], to_end]
    return xp.concatenate([xp.ravel(lift(r, part)) for part in parts if part is not None])


@implements(np.trace)
def _trace(
    r: Recorder,
    a: Any,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    check_dtype(r, dtype)
    return into(out, xp.sum(np.diagonal(a, offset, axis1, axis2), axis=-1))


@implements(np.real, np.real_if_close)
def _itself(r: Recorder, a: Any, *_: Any, **__: Any) -> Any:
    return lift(r, a)


@implements(np.isreal)
def _is_real(r: Recorder, a: Any) -> Any:
    return np.ones(np.shape(a), dtype=bool)


@implements(np.iscomplexobj)
def _is_complex(_: Recorder, a: Any) -> bool:
    return False


@implements(np.imag)
def _imag(_: Recorder, a: Any) -> Any:
    return np.zeros(np.shape(a))


@implements(np.fix)
def _fix(r: Recorder, a: Any, *_: Any) -> Any:
    return np.trunc(lift(r, a))


@implements(np.sinc)
def _sinc(r: Recorder, a: Any) -> Any:
    array = as_numbers(lift(r, a))
    values = np.sinc(array.values)
    return scalar_or_array(r, elementwise(r, sinc, [array], np.shape(values)), values)


@implements(np.polyval)
def _polyval(r: Recorder, coefficients: Any, x: Any) -> Any:
    # NumPy starts from 0 as well: Horner's rule.
    at = lift(r, x)
    result: Any = np.zeros_like(at)
    for coefficient in lift(r, coefficients):
        result = result * at + coefficient
    return result
