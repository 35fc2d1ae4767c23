"""What stands for a function or a type in a traced function's copy, where no protocol reaches.

Each substitute does what the original does, and knows traced arrays.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symnum.formula.tracing.arrays import (
    TracedArray,
    TracedNumber,
    cast,
    constants,
    is_traced,
    lift,
    xp,
)
from symnum.formula.tracing.functions import call_function
from symnum.formula.tracing.linalg import norm
from symnum.formula.tracing.recorder import Recorder

# --- types that are called as functions ----------------------------------------------------------


class _Kind(type):
    """Stands for a type such as float: traced arrays count as its instances."""

    original: type
    counts: type
    recorder: Recorder

    def __call__(cls, *args: Any, **options: Any) -> Any:
        if args and isinstance(args[0], TracedArray) and cls.original is not np.ndarray:
            if cls.original is float and args[0].ndim:
                if args[0].size != 1:
                    raise TypeError("only length-1 arrays can be converted to Python scalars")
                return cast(args[0].reshape(()), np.float64)[()]
            return cast(args[0], np.float64)[()]
        return cls.original(*args, **options)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, cls.original) or (
            isinstance(value, cls.counts)
            and (cls.counts is TracedArray or _is_double(value))
            and not (cls.original is np.ndarray and isinstance(value, TracedNumber))
        )

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind.original if isinstance(kind, _Kind) else kind, cls.original)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.original

    def __hash__(cls) -> int:
        return hash(cls.original)

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.original, name)


class _KindOfType(_Kind):
    """Stands for `type`: a traced array is of the kind that stands for NumPy's arrays."""

    kinds: Mapping[type, Any]

    def __call__(cls, *args: Any, **options: Any) -> Any:
        if len(args) != 1 or not isinstance(args[0], TracedArray):
            return type(*args, **options)
        value = args[0]
        if not isinstance(value, TracedNumber):
            return cls.kinds[np.ndarray]
        if value.dtype != np.float64:
            return value.dtype.type
        return cls.kinds[float if value.is_argument else np.float64]


def _is_double(value: Any) -> bool:
    return bool(value.dtype == np.float64)


def _kind(original: type, counts: type, dtype: Any = None) -> type:
    body: dict[str, Any] = {"original": original, "counts": counts}
    if dtype is not None:
        body["dtype"] = np.dtype(dtype)  # so that it still names the type of an array
    return _Kind(original.__name__, (), body)


# --- functions without a traced argument ---------------------------------------------------------


def substitutes(recorder: Recorder, vectorize: Callable[..., Any]) -> dict[int, Any]:
    """Return what stands for what, by the identity of the original."""
    table: dict[Any, Any] = {
        np.array: _converter(recorder, copies=True),
        np.asarray: _converter(recorder),
        np.asanyarray: _converter(recorder),
        np.ascontiguousarray: _converter(recorder),
        np.asfortranarray: _converter(recorder),
        np.asarray_chkfinite: _converter(recorder),
        np.vectorize: vectorize,
        math.fsum: lambda terms: np.sum(lift(recorder, list(terms))),
        math.prod: lambda terms, start=1: np.prod(lift(recorder, list(terms))) * start,
        math.dist: lambda p, q: norm(recorder, np.subtract(lift(recorder, p), lift(recorder, q))),
    }
    # Code that never imported SciPy can't call it, and need not wait for its import.
    if "scipy.special" in sys.modules:
        from symnum.formula.tracing.scipy_functions import scipy_substitutes

        table.update(scipy_substitutes(recorder))
    for maker in (np.zeros, np.ones, np.empty, np.full, np.eye, np.identity):
        table[maker] = _maker(recorder, maker)
    for like in (np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.copy):
        table[like] = _on_lifted(recorder, like)
    for name, function in _MATH.items():
        original = getattr(math, name, None)
        if original is not None:
            table[original] = _mathematical(original, function)
    found = {id(original): substitute for original, substitute in table.items()}
    found[id(np.r_)] = _Rows(recorder)
    found[id(np.c_)] = _Columns(recorder)
    kinds = {
        float: _kind(float, TracedNumber, np.float64),
        np.float64: _kind(np.float64, TracedNumber, np.float64),
        np.ndarray: _kind(np.ndarray, TracedArray),
    }
    kinds[type] = _KindOfType("type", (), {"original": type, "counts": (), "kinds": kinds})
    found.update({id(original): kind for original, kind in kinds.items()})
    return found


def _wrapped(recorder: Recorder, value: Any) -> Any:
    """Return arrays of doubles as arrays into which traced elements can be written."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return constants(recorder, value)
    return value


def _maker(recorder: Recorder, maker: Callable[..., Any]) -> Callable[..., Any]:
    def make(*args: Any, **options: Any) -> Any:
        if maker is np.full and len(args) > 1 and is_traced(args[1]):
            made = constants(recorder, np.zeros(args[0]))
            made[...] = args[1]
            return made
        return _wrapped(recorder, maker(*args, **options))

    return make


def _on_lifted(recorder: Recorder, function: Any) -> Callable[..., Any]:
    def call(array: Any, *args: Any, **options: Any) -> Any:
        if not is_traced((array, args)):
            return _wrapped(recorder, function(array, *args, **options))
        return call_function(recorder, function, (lift(recorder, array), *args), options)

    return call


def _converter(recorder: Recorder, copies: bool = False) -> Callable[..., Any]:
    """Return np.array (copies) or np.asarray for traced and plain values."""
    plain = np.array if copies else np.asarray

    def convert(value: Any, dtype: Any = None, *args: Any, **options: Any) -> Any:
        if not is_traced(value):
            made = plain(value, dtype, *args, **options)
            return _wrapped(recorder, made) if copies or not isinstance(value, np.ndarray) else made
        if isinstance(value, (list, tuple)) and all(isinstance(v, TracedArray) for v in value):
            array: Any = xp.stack(value)
        else:
            array = lift(recorder, value)
        if dtype is not None:
            array = cast(array, dtype)
        if isinstance(array, TracedNumber):
            array = TracedArray(recorder, array.lines, array.values)
        # NumPy 2 has modes of copying that are no truths.
        if copies and options.get("copy", True) in {True, np._CopyMode.ALWAYS}:
            array = array.copy()
        missing = options.get("ndmin", 0) - array.ndim
        return array.reshape((1,) * missing + array.shape) if missing > 0 else array

    return convert


def shown(*values: Any, **options: Any) -> None:
    """Print as print does: what the code can't read again may be any text."""
    if options.get("file") in (None, sys.stdout, sys.stderr):
        values = tuple(_placeholder(value) for value in values)
    print(*values, **options)  # noqa: T201  # what the traced code prints


def _placeholder(value: Any) -> Any:
    if not is_traced(value):
        return value
    kind = "a traced array" if isinstance(value, TracedArray) and value.ndim else "a traced value"
    return f"<{kind}>"


class _Rows:
    """np.r_ for arrays and numbers."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not is_traced(parts):
            return np.r_[key]
        return np.concatenate([self._part(part) for part in parts])

    def _part(self, part: Any) -> Any:
        if isinstance(part, slice):
            return np.r_[part]
        if isinstance(part, str):
            raise self.recorder.refuse("np.r_ with a text can't be traced: write np.concatenate")
        return np.atleast_1d(lift(self.recorder, part))


class _Columns:
    """np.c_ for arrays."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not is_traced(parts):
            return np.c_[key]
        return np.column_stack([lift(self.recorder, part) for part in parts])


# --- math ----------------------------------------------------------------------------------------


def _log(x: Any, base: Any = None) -> Any:
    return np.log(x) if base is None else np.log(x) / np.log(base)


def _special(name: str) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        from scipy import special

        return getattr(special, name)(x)

    return call


_SAME_NAMES = [
    "exp", "exp2", "expm1", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "sinh",
    "cosh", "tanh", "fabs", "floor", "ceil", "trunc", "degrees", "radians", "copysign", "fmod",
    "isnan", "isinf", "isfinite", "isclose",
]  # fmt: skip

_MATH: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in _SAME_NAMES},
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "pow": np.power, "erf": _special("erf"), "erfc": _special("erfc"),
    "gamma": _special("gamma"), "lgamma": _special("gammaln"),
    "log": _log,
    "hypot": lambda *sides: functools.reduce(np.hypot, sides),
}  # fmt: skip


def _mathematical(original: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        if any(isinstance(arg, TracedArray) and not arg.is_constant for arg in args):
            return function(*args, **options)
        return original(*args, **options)

    return call
