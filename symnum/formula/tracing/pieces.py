"""Functions in pieces on traced arrays: interpolation, piecewise, rounding, what isn't finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from symnum.formula.tracing.arrays import TracedArray, as_numbers, lift, scalar_or_array
from symnum.formula.tracing.handlers import HANDLERS, implements, into
from symnum.formula.tracing.recorder import Recorder
from symnum.formula.tracing.total import may_fail
from symnum.formula.tracing.ufuncs import elementwise, where


@implements(np.interp)
def _interp(
    r: Recorder, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:  # NumPy's names
    at, nodes, heights = lift(r, x), lift(r, xp), lift(r, fp)
    if period is not None:
        raise r.refuse("numpy.interp with a period can't be traced: write np.mod")
    if not nodes.is_constant:
        raise r.refuse("numpy.interp can't be traced where its table's places are variables")
    if nodes.ndim != 1 or nodes.shape != heights.shape or not nodes.size:
        raise ValueError("fp and xp are not of the same length")
    places = nodes.values
    slopes = (heights[1:] - heights[:-1]) / (places[1:] - places[:-1])

    def between(first: int, last: int) -> Any:
        """Write the pieces from one place to another: halved, so that none lies deep inside."""
        if first == last:
            return heights[first]
        if last - first == 1:
            return slopes[first] * (at - places[first]) + heights[first]
        middle = (first + last) // 2
        lower, upper = between(first, middle), between(middle, last)
        return where(r, at < places[middle], lower, upper)

    result = where(r, at < places[-1], between(0, len(places) - 1), heights[-1])
    result = where(r, at < places[0], heights[0] if left is None else left, result)
    if right is not None:
        result = where(r, at > places[-1], right, result)
    return result[()]


@implements(np.piecewise)
def _piecewise(r: Recorder, x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    array = lift(r, x)
    one = np.ndim(condlist) == 0 or (np.ndim(condlist[0]) == 0 and array.ndim)
    conditions = [lift(r, c) for c in ([condlist] if one else condlist)]
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        result: Any = _piece(r, functions.pop(), array, args, kw)
    elif len(functions) == len(conditions):
        result = 0.0
    else:
        count = len(conditions)
        msg = f"with {count} condition(s), either {count} or {count + 1} functions are expected"
        raise ValueError(msg)
    for condition, function in zip(conditions, functions, strict=True):
        result = where(r, condition, _piece(r, function, array, args, kw), result)
    return np.broadcast_to(result, array.shape).copy() if array.ndim else result


def _piece(r: Recorder, function: Any, array: TracedArray, args: Any, kw: Any) -> Any:
    """Return one piece everywhere: NumPy calls its function on the elements in the piece alone."""
    if not callable(function):
        return function
    flat = array.reshape(-1)
    together: Any = np.broadcast_to(as_numbers(lift(r, function(flat, *args, **kw))), flat.shape)
    for k in range(flat.size):
        alone = as_numbers(lift(r, function(flat[k : k + 1], *args, **kw))).reshape(-1)
        same = alone.lines[0] == together.lines[k] and alone.values[0] == together.values[k]
        if not same:
            raise r.refuse(
                "numpy.piecewise can't be traced with a function that takes the elements of its "
                "piece together: write np.where"
            )
    return together.reshape(array.shape)


# --- rounding ---


def rint(r: Recorder, a: int) -> int:
    """Write the nearest integer; of two that are equally near, the even one."""
    up = r.op("floor", r.op("add", a, r.op("div", r.one, r.const(2))))
    half = r.op("div", up, r.const(2))
    odd = r.op("ne", half, r.op("floor", half))
    tie = r.op("eq", r.op("sub", up, a), r.op("div", r.one, r.const(2)))
    return r.op("where", r.op("and", tie, odd), r.op("sub", up, r.one), up)


def rounded(r: Recorder, array: TracedArray, decimals: Any = 0) -> Any:
    """Write rounding to decimals, of ties to even."""
    if decimals is None:
        decimals = 0
    if not isinstance(decimals, (int, np.integer)):
        raise r.refuse("a number of decimals that isn't a plain integer can't be traced")
    numeric = as_numbers(array)
    scale = 10.0 ** abs(int(decimals))
    moved = lift(r, numeric * scale if decimals > 0 else numeric / scale)
    lines = elementwise(r, rint, [moved], moved.shape)
    whole = scalar_or_array(r, lines, np.rint(moved.values))
    return whole / scale if decimals > 0 else whole * scale


def _round(r: Recorder, a: Any, decimals: Any = 0, out: Any = None) -> Any:
    return into(out, rounded(r, lift(r, a), decimals))


HANDLERS[np.round] = HANDLERS[np.around] = _round


# --- what isn't finite ---


@implements(np.nan_to_num)
def _nan_to_num(r: Recorder, x: Any, *settings: Any, **options: Any) -> Any:
    array = lift(r, x)
    if array.is_constant:
        return np.nan_to_num(array.values, *settings, **options)
    lines = [line for line in array.lines.ravel().tolist() if line >= 0]
    operation = may_fail(r.builder, lines)
    if operation:
        raise r.refuse(
            f"numpy.nan_to_num of a value that isn't finite everywhere ({operation}) can't be "
            "traced: write np.where with the condition under which it is"
        )
    return array
