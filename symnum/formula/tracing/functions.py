"""NumPy's array functions on traced arrays: who answers, and all that only moves elements.

A function that only moves elements is done by NumPy itself, on the numbers of the elements. One
that stands in no table here is run as NumPy wrote it, where it is written in Python.
"""

# ruff: noqa: ARG001  # the functions take NumPy's parameters

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType
from typing import Any

import numpy as np

# These enter their functions into the table.
from symnum.formula.tracing import choices, linalg, pieces, products, sums  # noqa: F401
from symnum.formula.tracing.arrays import TracedArray, as_numbers, constants, lift, xp
from symnum.formula.tracing.handlers import HANDLERS, Handler, implements
from symnum.formula.tracing.recorder import Recorder
from symnum.formula.tracing.ufuncs import check_dtype


def call_function(r: Recorder, function: Any, args: Any, options: dict[str, Any]) -> Any:
    """Do what `function(*args, **options)` does, on traced arrays."""
    if function in HANDLERS:
        return HANDLERS[function](r, *args, **options)
    name = function.__name__
    if name in _WHY_NOT:
        if _all_constant((args, options)):
            return _wrap(r, function(*_plain(args), **_plain(options)))
        raise r.refuse(_WHY_NOT[name])
    if name in _MOVES:
        return _move(r, function, args, options)
    if _all_constant((args, options)):
        return _wrap(r, function(*_plain(args), **_plain(options)))
    body = getattr(function, "_implementation", None)
    if isinstance(body, FunctionType) and not function.__module__.startswith("numpy.linalg"):
        return r.translate(body)(*args, **options)
    module = "numpy.linalg" if function.__module__.startswith("numpy.linalg") else "numpy"
    raise r.refuse(f"{module}.{name} can't be traced")


_WHY_NOT = {
    "searchsorted": "numpy.searchsorted looks values up in a table: it can't be traced",
    "digitize": "numpy.digitize looks values up in a table: it can't be traced",
    "histogram": "numpy.histogram counts values: it can't be traced",
    "bincount": "numpy.bincount counts values: it can't be traced",
    "partition": "the order of numpy.partition can't be traced: write np.sort",
    "argpartition": "the order of numpy.argpartition can't be traced: write np.argsort",
    "choose": "numpy.choose can't be traced: write np.where or np.select",
    "put": "numpy.put can't be traced: write a[index] = value",
    "place": "numpy.place can't be traced: write a[mask] = value",
    "putmask": "numpy.putmask can't be traced: write a[mask] = value",
    "lexsort": "numpy.lexsort can't be traced: write np.argsort",
    "unique": "numpy.unique compares all values: it can't be traced",
    "eig": "eigenvalues can't be traced",
    "eigh": "eigenvalues can't be traced",
    "eigvals": "eigenvalues can't be traced",
    "eigvalsh": "eigenvalues can't be traced",
    "pinv": "numpy.linalg.pinv can't be traced: write np.linalg.inv or np.linalg.solve",
    "lstsq": "numpy.linalg.lstsq can't be traced: write np.linalg.solve(a.T @ a, a.T @ b)",
    "qr": "numpy.linalg.qr can't be traced: write np.linalg.cholesky or np.linalg.solve",
    "cond": "singular values can't be traced",
    "svd": "singular values can't be traced",
    "geomspace": "numpy.geomspace can't be traced: write np.exp(np.linspace(np.log(a), np.log(b)))",
}


def _visit(value: Any, found: list[TracedArray]) -> None:
    if isinstance(value, TracedArray):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _visit(part, found)
    elif isinstance(value, dict):
        for part in value.values():
            _visit(part, found)
    elif isinstance(value, np.ndarray) and value.dtype == object:
        for part in value.ravel():
            _visit(part, found)


def _all_constant(value: Any) -> bool:
    found: list[TracedArray] = []
    _visit(value, found)
    return all(array.is_constant for array in found)


def _plain(value: Any) -> Any:
    """Return arguments with their constant arrays as NumPy's own."""
    if isinstance(value, TracedArray):
        return value.values[()] if value.ndim == 0 else value.values
    if isinstance(value, (list, tuple)):
        parts = [_plain(part) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value


def _wrap(r: Recorder, value: Any) -> Any:
    """Return constant results as arrays into which traced elements can be written."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return constants(r, value)
    if isinstance(value, (list, tuple)) and type(value) in {list, tuple}:
        return type(value)(_wrap(r, part) for part in value)
    return value


# --- moving elements ---

# The first argument holds the elements: an array, or a sequence of arrays.
_MOVES = {
    "reshape", "ravel", "transpose", "swapaxes", "moveaxis", "rollaxis", "squeeze", "expand_dims",
    "broadcast_to", "tile", "repeat", "roll", "flip", "fliplr", "flipud", "rot90", "take",
    "take_along_axis", "delete", "resize", "split", "array_split", "hsplit", "vsplit", "dsplit",
    "stack", "concatenate", "vstack", "hstack", "dstack", "column_stack", "row_stack", "block",
    "diagonal", "copy", "matrix_transpose", "permute_dims", "unstack", "concat", "pad",
    "sliding_window_view", "diag", "diagflat", "tril", "triu",
}  # fmt: skip

# These put zeros between the elements.
_FILLS = frozenset({"diag", "diagflat", "tril", "triu", "pad"})


def _move(r: Recorder, function: Any, args: Any, options: dict[str, Any]) -> Any:
    name = function.__name__
    check_dtype(r, options.get("dtype"))
    if not args:
        options = dict(options)
        first = next(
            key
            for key in ("a", "m", "arr", "ary", "array", "arrays", "v", "x", "tup", "arys")
            if key in options
        )
        args = (options.pop(first),)
    data, *rest = args
    rest = [_index(r, value) for value in rest]
    options = {key: _index(r, value) for key, value in options.items()}
    if name == "pad" and (
        (rest[1:] or [options.get("mode", "constant")])[0]
        not in {"constant", "edge", "wrap", "reflect"}
        or options.get("constant_values", 0) != 0
    ):
        raise r.refuse("numpy.pad can be traced with zeros, edge, wrap and reflect only")
    if isinstance(data, TracedArray):
        shift = 1 if name in _FILLS else 0
        values = function(data.values, *rest, **options)
        lines = function(data.lines + 1 if shift else data.lines, *rest, **options)
        if shift:
            lines = lines - 1
        return _both(r, lines, values)
    return _gather(r, function, data, rest, options)


def _index(r: Recorder, value: Any) -> Any:
    """Return an argument that isn't data: an axis, a shape, indices."""
    if isinstance(value, TracedArray):
        if value.is_constant:
            return value.values
        return value._key(value)
    return value


def _both(r: Recorder, lines: Any, values: Any) -> Any:
    if isinstance(values, (list, tuple)):
        return type(values)(_both(r, x, y) for x, y in zip(lines, values, strict=True))
    return TracedArray(r, lines, values)


def _gather(
    r: Recorder, function: Any, data: Any, rest: Sequence[Any], options: dict[str, Any]
) -> Any:
    """Move the elements of several arrays: NumPy moves their places in one long array."""
    pool: list[TracedArray] = []
    count = 0

    def places(value: Any) -> Any:
        nonlocal count
        if isinstance(value, (list, tuple)) and _nested(value):
            return [places(part) for part in value]
        array = lift(r, value)
        pool.append(array)
        found = np.arange(count, count + array.size).reshape(array.shape)
        count += array.size
        return found

    parts = [places(part) for part in data]
    moved = function(
        parts, *rest, **{k: v for k, v in options.items() if k not in {"dtype", "casting"}}
    )
    if all(array.dtype == bool for array in pool):
        flat = pool
    else:
        flat = [as_numbers(array) for array in pool]
    lines = np.concatenate([array.lines.ravel() for array in flat] or [np.zeros(0, np.int64)])
    values = np.concatenate([array.values.ravel() for array in flat] or [np.zeros(0)])

    def taken(found: Any) -> Any:
        if isinstance(found, (list, tuple)):
            return type(found)(taken(part) for part in found)
        return TracedArray(r, lines[found], values[found])

    result = taken(moved)
    out = options.get("out")
    if out is not None:
        out[...] = result
        return out
    return result


def _nested(value: Any) -> bool:
    """Tell nested blocks from a list of numbers, which is one array."""
    return any(isinstance(part, (list, tuple)) or np.ndim(part) for part in value)


def _at_least_axes(function: Any) -> Handler:
    def handler(r: Recorder, *arrays: Any) -> Any:
        made = []
        for value in arrays:
            array = lift(r, value)
            made.append(TracedArray(r, function(array.lines), function(array.values)))
        return made[0] if len(made) == 1 else tuple(made)

    return handler


for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    HANDLERS[_function] = _at_least_axes(_function)


@implements(np.broadcast_arrays)
def _broadcast_arrays(r: Recorder, *arrays: Any, **_: Any) -> Any:
    lifted = [lift(r, value) for value in arrays]
    shape = np.broadcast_shapes(*(array.shape for array in lifted))
    return tuple(np.broadcast_to(array, shape) for array in lifted)


@implements(np.meshgrid)
def _meshgrid(r: Recorder, *arrays: Any, indexing: str = "xy", **options: Any) -> Any:
    lifted = [lift(r, value) for value in arrays]
    lines = xp.meshgrid(*(array.lines for array in lifted), indexing=indexing, **options)
    values = xp.meshgrid(*(array.values for array in lifted), indexing=indexing, **options)
    return tuple(TracedArray(r, x, y) for x, y in zip(lines, values, strict=True))


@implements(np.apply_along_axis)
def _apply_along_axis(
    r: Recorder, func1d: Any, axis: int, arr: Any, *args: Any, **options: Any
) -> Any:
    moved = xp.moveaxis(lift(r, arr), axis, -1)
    kept = moved.shape[:-1]
    made = xp.stack([func1d(moved[i], *args, **options) for i in np.ndindex(kept)])
    made = made.reshape(kept + made.shape[1:])
    place = axis % moved.ndim
    own = range(len(kept), made.ndim)
    return xp.moveaxis(made, own, range(place, place + len(own)))


@implements(np.append)
def _append(r: Recorder, array: Any, values: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.concatenate([np.ravel(lift(r, array)), np.ravel(lift(r, values))])
    return np.concatenate([lift(r, array), lift(r, values)], axis=axis)


@implements(np.insert)
def _insert(r: Recorder, array: Any, places: Any, values: Any, axis: Any = None) -> Any:
    first, new = lift(r, array), lift(r, values)
    lines = np.insert(first.lines, places, new.lines, axis=axis)
    return TracedArray(
        r, lines, np.insert(as_numbers(first).values.astype(float), places, new.values, axis=axis)
    )


@implements(np.copyto)
def _copyto(r: Recorder, target: Any, source: Any, casting: Any = None, where: Any = True) -> None:
    if not isinstance(target, TracedArray):
        raise r.refuse("np.copyto into an array of plain numbers: make it with np.zeros_like(x)")
    target[...] = source if where is True else xp.where(where, source, target)


@implements(np.fill_diagonal)
def _fill_diagonal(r: Recorder, target: Any, value: Any, wrap: bool = False) -> None:
    if not isinstance(target, TracedArray):
        raise r.refuse(
            "np.fill_diagonal of an array of plain numbers: make it with np.zeros_like(x)"
        )
    index = np.arange(min(target.shape))
    target[(index,) * target.ndim] = value


@implements(np.shape)
def _shape(_: Recorder, array: Any) -> Any:
    return array.shape


@implements(np.ndim)
def _ndim(_: Recorder, array: Any) -> Any:
    return array.ndim


@implements(np.size)
def _size(_: Recorder, array: Any, axis: Any = None) -> Any:
    return array.size if axis is None else array.shape[axis]


# --- new arrays ---


def _filled_like(value: Any) -> Handler:
    def handler(
        r: Recorder, array: Any, dtype: Any = None, order: Any = None, subok: Any = True,
        shape: Any = None, **_: Any,
    ) -> Any:  # fmt: skip
        check_dtype(r, dtype)
        kind = array.dtype if dtype is None else np.dtype(dtype)
        kind = np.dtype(np.float64) if kind.kind == "O" else kind
        return constants(r, np.full(array.shape if shape is None else shape, value, dtype=kind))

    return handler


HANDLERS[np.zeros_like] = HANDLERS[np.empty_like] = _filled_like(0)
HANDLERS[np.ones_like] = _filled_like(1)


@implements(np.linspace)
def _linspace(
    r: Recorder, start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, **_: Any,
) -> Any:  # fmt: skip
    check_dtype(r, dtype)
    if axis != 0 or retstep:
        raise r.refuse("numpy.linspace can't be traced with axis or retstep")
    first, last = lift(r, start) * 1.0, lift(r, stop) * 1.0
    step = (last - first) / max(num - 1 if endpoint else num, 1)
    parts = [first + step * float(k) for k in range(num)]
    if endpoint and num > 1:
        parts[-1] = xp.broadcast_to(last, parts[-1].shape)
    return xp.stack(parts)


@implements(np.logspace)
def _logspace(
    r: Recorder, start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0,
    dtype: Any = None, axis: int = 0,
) -> Any:  # fmt: skip
    return np.power(base, _linspace(r, start, stop, num, endpoint, dtype=dtype, axis=axis))


@implements(np.full_like)
def _full_like(
    r: Recorder, array: Any, fill_value: Any, dtype: Any = None, order: Any = None,
    subok: Any = True, shape: Any = None, **_: Any,
) -> Any:  # fmt: skip
    like = lift(r, array)
    made = _filled_like(0)(r, like, dtype, shape=shape)
    made[...] = fill_value
    return made
