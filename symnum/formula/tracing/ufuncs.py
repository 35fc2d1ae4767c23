"""NumPy's and SciPy's ufuncs on traced arrays: calls, reductions, and where the results go.

Operands that don't depend on the variables are left to NumPy. Reductions run from left to right
(NumPy adds long sums in pairs: that is the same sum, rounded elsewhere).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symnum.formula.tracing.arrays import (
    TracedArray,
    as_conditions,
    as_numbers,
    cast,
    constants,
    lift,
    scalar_or_array,
    xp,
)
from symnum.formula.tracing.elementary import UFUNCS, Write, choose
from symnum.formula.tracing.recorder import Recorder
from symnum.formula.tracing.special import SPECIAL
from symnum.formula.tracing.total import may_fail

# What these do with conditions alone, as NumPy does.
_OF_TRUTHS = {
    "add": np.logical_or,
    "multiply": np.logical_and,
    "maximum": np.logical_or,
    "minimum": np.logical_and,
    "fmax": np.logical_or,
    "fmin": np.logical_and,
}

# Their values at the point are NumPy's; what they say is taken for granted of the variables.
_OF_THE_POINT = {"isfinite", "isnan", "isinf", "isnat"}

_WHY_NOT = {
    "nextafter": "neighbouring doubles can't be traced",
    "spacing": "neighbouring doubles can't be traced",
    "frexp": "the bits of a number can't be traced",
    "ldexp": "the bits of a number can't be traced; multiply by a power of 2",
}


# --- calling -------------------------------------------------------------------------------------


def call_ufunc(
    r: Recorder, ufunc: Any, method: str, inputs: Sequence[Any], options: dict[str, Any]
) -> Any:
    """Do what `ufunc.method(*inputs, **options)` does, on traced arrays."""
    options = {k: value for k, value in options.items() if value is not None or k == "axis"}
    outputs = options.pop("out", ())
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    if any(target is ... for target in outputs):  # return an array where a scalar would be returned
        result = lift(r, call_ufunc(r, ufunc, method, inputs, options))
        return TracedArray(r, result.lines, result.values)
    mask = options.pop("where", True)
    for name in ("casting", "order", "subok", "signature", "extobj"):
        options.pop(name, None)
    check_dtype(r, options.pop("dtype", None))
    if method == "at":
        return _at(ufunc, *inputs)
    arrays = [lift(r, value) for value in inputs]
    if method == "reduce" or method == "accumulate":
        if mask is not True:
            arrays[0] = _masked(r, ufunc, arrays[0], mask)
        combine: Any = reduce if method == "reduce" else accumulate
        result = combine(r, ufunc, *arrays, **options)
        return _store(r, result, outputs, True)
    if method == "outer":
        first, second = arrays
        spread = first.reshape(first.shape + (1,) * second.ndim)
        return _store(r, apply(r, ufunc, [spread, second]), outputs, mask)
    if method != "__call__":
        raise r.refuse(f"numpy.{ufunc.__name__}.{method} can't be traced")
    return _store(r, apply(r, ufunc, arrays, options), outputs, mask)


def check_dtype(r: Recorder, dtype: Any) -> None:
    """Refuse to compute in anything but float64."""
    if dtype is not None and np.dtype(dtype) not in (np.dtype(np.float64), np.dtype(object)):
        kind = np.dtype(dtype)
        if kind.kind not in "iub":
            raise r.refuse(f"{kind} inside: traced functions compute in float64")


def apply(
    r: Recorder, ufunc: Any, arrays: Sequence[TracedArray], options: dict[str, Any] | None = None
) -> Any:
    """Call a ufunc elementwise."""
    from symnum.formula.tracing.products import PRODUCTS

    name = ufunc.__name__
    if all(array.is_constant for array in arrays):
        with np.errstate(all="ignore"):
            result = ufunc(*(array.values for array in arrays), **(options or {}))
        if isinstance(result, tuple):
            return tuple(_constant(r, part) for part in result)
        return _constant(r, result)
    if name in PRODUCTS:
        return PRODUCTS[name](*arrays, **(options or {}))
    if name in _OF_TRUTHS and all(array.dtype == bool for array in arrays):
        of_truths: Any = _OF_TRUTHS[name]
        return of_truths(*arrays)
    if name in _OF_THE_POINT:
        return _taken_for_granted(r, ufunc, arrays[0])
    if name == "divmod":
        return xp.floor_divide(*arrays), xp.remainder(*arrays)
    if name == "modf":
        whole = xp.trunc(arrays[0])
        return arrays[0] - whole, whole
    if name == "rint":
        return xp.round(arrays[0])
    row = UFUNCS.get(name) or SPECIAL.get(name)
    if row is None or options:
        raise r.refuse(_WHY_NOT.get(name) or _unknown(name))
    if row.of_conditions:
        arrays = [array if array.dtype == bool else _truths(r, name, array) for array in arrays]
    with np.errstate(all="ignore"):
        values = ufunc(*(array.values for array in arrays))
    if not row.of_conditions:
        arrays = [as_numbers(array) for array in arrays]
    return scalar_or_array(r, elementwise(r, row.write, arrays, np.shape(values)), values)


def _taken_for_granted(r: Recorder, ufunc: Any, array: TracedArray) -> Any:
    truths = ufunc(array.values)
    written = [line for line in array.lines.ravel().tolist() if line >= 0]
    if not may_fail(r.builder, written):
        return truths
    for line, truth in zip(array.lines.ravel().tolist(), np.ravel(truths).tolist(), strict=True):
        if line >= 0 and may_fail(r.builder, [line]):
            r.assumed[ufunc.__name__, line] = truth
    return truths


def _unknown(name: str) -> str:
    if name.endswith("(vectorized)"):
        return f"the function {name} can't be traced: write np.vectorize, or a loop"
    return (
        f"the function {name} can't be traced: no formula in symnum's functions is known for it; "
        "code that calls it can still be differentiated and checked without a formula"
    )


def _truths(r: Recorder, name: str, array: TracedArray) -> TracedArray:
    if name.startswith("logical"):
        return as_conditions(array)
    raise r.refuse("the bits of a number can't be traced")


def _constant(r: Recorder, values: Any) -> Any:
    # What the code computes without the variables stays able to hold traced elements.
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return constants(r, values)
    return values


def elementwise(
    r: Recorder, write: Write, arrays: Sequence[TracedArray], shape: tuple[int, ...]
) -> np.ndarray:
    """Write one operation an element of arrays that broadcast to a shape; return the lines."""
    columns = [_column(array.lines, shape) for array in arrays]
    constant: list[Any] = [
        None if array.lines.size and array.lines.min() >= 0 else _column(array.values, shape)
        for array in arrays
    ]
    is_truth = [array.dtype == bool for array in arrays]
    if all(column is None for column in constant):
        written = [write(r, *lines) for lines in zip(*columns, strict=True)]
    else:
        written = []
        for place, lines in enumerate(zip(*columns, strict=True)):
            if max(lines) < 0:
                written.append(-1)
                continue
            args = list(lines)
            for k, line in enumerate(lines):
                if line < 0:
                    value = constant[k][place]
                    args[k] = (r.true if value else r.false) if is_truth[k] else r.const(value)
            written.append(write(r, *args))
    return np.array(written, dtype=np.int64).reshape(shape)


def _column(array: np.ndarray, shape: tuple[int, ...]) -> list[Any]:
    if array.shape != shape:
        array = np.broadcast_to(array, shape)
    return array.ravel().tolist()


def where(r: Recorder, condition: Any, a: Any, b: Any) -> TracedArray:
    """Choose elementwise between two arrays."""
    picks = as_conditions(lift(r, condition))
    first, second = lift(r, a), lift(r, b)
    if first.dtype != second.dtype or first.dtype == bool:
        first, second = as_numbers(first), as_numbers(second)
    values = np.where(picks.values, first.values, second.values)
    # Branches that don't depend on the variables still do where the condition does.
    lines = elementwise(r, choose, [picks, first, second], values.shape)
    if (picks.lines < 0).any():
        # A plain condition picks constants as they are.
        shape = values.shape
        chosen = np.where(picks.values, *(np.broadcast_to(x.lines, shape) for x in (first, second)))
        lines = np.where(np.broadcast_to(picks.lines, shape) < 0, chosen, lines)
    return TracedArray(r, lines, values)


# --- reductions ----------------------------------------------------------------------------------


def _last(array: TracedArray, axes: tuple[int, ...]) -> TracedArray:
    """Return the array with these axes made into one, the last."""
    moved: TracedArray = xp.moveaxis(array, axes, range(array.ndim - len(axes), array.ndim))
    kept = moved.shape[: array.ndim - len(axes)]
    count = int(np.prod([array.shape[axis] for axis in axes], dtype=int))
    return moved.reshape((*kept, count))


def normal_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes as a sorted tuple of numbers from 0 on; None means all."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(int(a) + ndim if int(a) < 0 else int(a) for a in given)
    for a, wanted in zip(axes, given, strict=True):
        if not 0 <= a < ndim:
            raise np.exceptions.AxisError(int(wanted), ndim)
    return tuple(sorted(axes))


def reduce(
    r: Recorder,
    ufunc: Any,
    array: TracedArray,
    axis: Any = 0,
    keepdims: bool = False,
    initial: Any = None,
) -> Any:
    """Combine the elements along axes, from left to right."""
    if array.dtype == bool and "imum" in ufunc.__name__:
        ufunc = _OF_TRUTHS[ufunc.__name__]
    elif array.dtype == bool and not ufunc.__name__.startswith(("logical", "bitwise")):
        array = as_numbers(array)
    axes = normal_axes(axis, array.ndim)
    flat = _last(array, axes)
    count = flat.shape[-1]
    identity = ufunc.identity if initial is None or initial is np._NoValue else initial
    if count == 0 and identity is None:
        name = ufunc.__name__
        msg = f"zero-size array to reduction operation {name} which has no identity"
        raise ValueError(msg)
    if count == 0 or (initial is not None and initial is not np._NoValue):
        result = lift(r, np.full(flat.shape[:-1], identity))
        start = 0
    else:
        result, start = flat[..., 0], 1
    for place in range(start, count):
        result = ufunc(result, flat[..., place])
    result = lift(r, result)
    if ufunc.__name__.startswith("logical"):
        result = as_conditions(result)
    if keepdims:
        result = result.reshape([1 if k in axes else n for k, n in enumerate(array.shape)])
    elif result.ndim == 0:
        return scalar_or_array(r, result.lines, result.values)
    elif result.lines.base is not None:
        result = result.copy()
    return result


def accumulate(_: Recorder, ufunc: Any, array: TracedArray, axis: int = 0) -> Any:
    """Combine the elements along an axis, keeping every partial result."""
    array = as_numbers(array)
    (place,) = normal_axes(axis, array.ndim)
    moved = xp.moveaxis(array, place, 0)
    parts = [moved[k] for k in range(min(1, len(moved)))]
    for k in range(1, len(moved)):
        parts.append(ufunc(parts[-1], moved[k]))
    if not parts:
        return array
    return xp.stack(parts, axis=place)


def _masked(r: Recorder, ufunc: Any, array: TracedArray, mask: Any) -> TracedArray:
    if ufunc.identity is None:
        raise r.refuse(f"numpy.{ufunc.__name__}.reduce with where= can't be traced")
    return where(r, mask, array, ufunc.identity)


# --- results -------------------------------------------------------------------------------------


def _store(r: Recorder, result: Any, outputs: Sequence[Any], mask: Any) -> Any:
    """Write the result into `out=`, where there is one."""
    if not outputs:
        if mask is not True:
            raise r.refuse("where= without out= leaves the other elements undefined")
        return result
    results = result if isinstance(result, tuple) else (result,)
    for target, value in zip(outputs, results, strict=True):
        if target is None:
            continue
        lifted = lift(r, value)
        if not isinstance(target, TracedArray):
            if not lifted.is_constant or (isinstance(mask, TracedArray) and not mask.is_constant):
                msg = (
                    "the array on the left holds plain numbers and can't be changed in place: make "
                    "it with np.zeros_like(x) or .copy() of a traced array, or write a = a + b"
                )
                raise r.refuse(msg)
            np.copyto(target, lifted.values, where=np.asarray(mask), casting="unsafe")
        elif mask is True:
            if target.dtype.kind in "iub" and lifted.dtype.kind == "f":
                names = f"from dtype('{lifted.dtype}') to dtype('{target.dtype}')"
                msg = f"Cannot cast ufunc output {names} with casting rule 'same_kind'"
                raise TypeError(msg)
            target[...] = lifted
        else:
            target[...] = where(r, mask, cast(lifted, target.dtype), target)
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _at(ufunc: Any, target: TracedArray, places: Any, *values: Any) -> None:
    """Do what `ufunc.at` does: in place, once for each index, repeated ones too."""
    indices = np.arange(target.size).reshape(target.shape)[target._key(places)]
    flat = target.reshape(-1) if isinstance(target, TracedArray) else None
    if flat is None or not np.shares_memory(flat.values, target.values):
        raise target.recorder.refuse(f"numpy.{ufunc.__name__}.at needs a contiguous traced array")
    spread = [np.broadcast_to(value, np.shape(indices)) for value in values]
    for place in np.ndindex(np.shape(indices)):
        flat[indices[place]] = ufunc(flat[indices[place]], *(value[place] for value in spread))
