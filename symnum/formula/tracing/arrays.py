"""Symbolic arrays: what a traced function is run on.

A traced array holds, for each element, the number of a line of one Program that is being written,
and the value of that line at one concrete point. Elements that don't depend on the variables have
no line (-1), only their value: NumPy computes with them as ever, and they are written as constants,
the doubles that they are, where they first meet a variable. NumPy hands its functions over to the
arrays (NEP 13 and NEP 18), so ordinary code runs unchanged.
"""

from __future__ import annotations

import numbers
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from symnum.formula.tracing.recorder import Recorder, user_line

# --- arrays --------------------------------------------------------------------------------------

xp: Any = np
"""NumPy, called with traced arrays: its annotations know only its own."""


class TracedArray(NDArrayOperatorsMixin):
    """An array of lines of a Program, with their values at one point.

    Parameters
    ----------
    recorder : Recorder
        Writes the Program.
    lines : int64 array
        The number of each element's line; -1 for a constant.
    values : float64, int64 or bool array
        The value of each element at the point, of the same shape.
    """

    __array_priority__ = 1000.0
    __hash__: Any = None  # as NumPy's arrays

    def __init__(self, recorder: Recorder, lines: np.ndarray, values: np.ndarray) -> None:
        self.recorder = recorder
        self.lines = lines
        self.values = values

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        from symnum.formula.tracing.ufuncs import call_ufunc

        return call_ufunc(self.recorder, ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        from symnum.formula.tracing.functions import call_function

        return call_function(self.recorder, function, args, options)

    @property
    def __array__(self) -> Any:
        """Only constants are given away as plain doubles; the rest looks like a sequence."""
        if not self.is_constant:
            raise AttributeError("__array__")
        values = self.values

        def convert(dtype: Any = None, copy: Any = None) -> Any:  # noqa: ARG001  # asked for by name
            return np.array(values, dtype=dtype)

        return convert

    # what it looks like

    @property
    def is_constant(self) -> bool:
        """Whether no element depends on the variables."""
        return bool(self.lines.size == 0 or self.lines.max() < 0)

    @property
    def shape(self) -> tuple[int, ...]:
        """As of a NumPy array; it can be set where the array allows it."""
        return self.values.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        self.lines, self.values = self.lines.reshape(shape), self.values.reshape(shape)

    @property
    def ndim(self) -> int:
        """As of a NumPy array."""
        return int(self.values.ndim)

    @property
    def size(self) -> int:
        """As of a NumPy array."""
        return int(self.values.size)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type that the array has where the code runs untraced."""
        return self.values.dtype

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[index] for index in range(self.shape[0]))

    # Code that reads a value's text or bits sees what no number looks like, and may go another way.

    def __repr__(self) -> str:
        if self.is_constant:
            return repr(self.values[()])
        raise self.recorder.refuse(_looked_at("text", "repr"))

    def __str__(self) -> str:
        if self.is_constant:
            return str(self.values[()])
        raise self.recorder.refuse(_looked_at("text", "str"))

    def __format__(self, spec: str) -> str:
        if self.is_constant:
            return format(self.values[()], spec)
        raise self.recorder.refuse(_looked_at("text", "format"))

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.is_constant:
            return self.values[()].__reduce_ex__(protocol)
        raise self.recorder.refuse(_looked_at("bytes", "pickle"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in _METHODS:
            function = _method_function(name)
            return lambda *args, **options: function(self, *args, **options)
        if name in _ELEMENT_METHODS:
            return lambda: getattr(np, name)(self)
        if hasattr(np.ndarray, name):
            if self.is_constant:
                return getattr(self.values, name)
            raise self.recorder.refuse(f"the array's {name} can't be traced")
        msg = f"'numpy.ndarray' object has no attribute {name!r}"
        raise AttributeError(msg)

    # a value is asked for

    def __bool__(self) -> bool:
        if self.size != 1:
            return bool(self.values)  # raises as NumPy does
        return bool(decided(self).item())

    def _plain(self, what: str) -> Any:
        if self.size == 1 and self.is_constant:
            return self.values.item()
        raise self.recorder.refuse(_sentence_for_plain_number(what))

    def __float__(self) -> float:
        return float(self._plain("float"))

    def __int__(self) -> int:
        if self.size == 1 and self.dtype == bool:
            return int(bool(self))  # a branch, as `if` is
        return int(self._plain("int"))

    def __complex__(self) -> complex:
        return complex(self._plain("complex"))

    def __index__(self) -> int:
        if self.is_constant and self.dtype.kind in "iu":
            return int(self.values)
        if not self.is_constant:
            msg = "an index or a count depends on the variables: it can't be traced"
            raise self.recorder.refuse(msg)
        raise TypeError("only integer scalar arrays can be converted to a scalar index")

    def __round__(self, digits: int | None = None) -> Any:
        if self.is_constant:
            return round(self.values.item(), digits)
        return np.round(self, digits or 0)

    def __floor__(self) -> Any:
        return np.floor(self)

    def __ceil__(self) -> Any:
        return np.ceil(self)

    def __trunc__(self) -> int:
        return int(self)

    # indexing

    def _key(self, key: Any) -> Any:
        if isinstance(key, tuple):
            return tuple(self._key(part) for part in key)
        if isinstance(key, list) and any(isinstance(part, TracedArray) for part in key):
            key = lift(self.recorder, key)
        if isinstance(key, TracedArray):
            if key.dtype == bool:
                return decided(key)
            if key.is_constant:
                return key.values[()]
            raise self.recorder.refuse("an index depends on the variables: it can't be traced")
        return key

    def __getitem__(self, key: Any) -> Any:
        key = self._key(key)
        values = self.values[key]
        lines = self.lines[key]
        if isinstance(values, np.ndarray):
            return TracedArray(self.recorder, lines, values)
        return TracedNumber(self.recorder, np.array(lines), np.array(values))

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, TracedArray) and key.dtype == bool and not key.is_constant:
            new = lift(self.recorder, value)
            if new.ndim == 0:
                self[...] = np.where(_spread(key, self.ndim), new, self)
                return
        key = self._key(key)
        new = cast(lift(self.recorder, value), self.dtype)
        values, lines = new.values, new.lines
        self.values[key] = values
        self.lines[key] = lines

    # methods that are not functions of NumPy

    @property
    def T(self) -> TracedArray:  # noqa: N802  # NumPy's name
        """The transpose, a view."""
        return TracedArray(self.recorder, self.lines.T, self.values.T)

    @property
    def mT(self) -> TracedArray:  # noqa: N802  # NumPy's name
        """The transpose of the last two axes, a view."""
        return TracedArray(self.recorder, self.lines.swapaxes(-1, -2), self.values.swapaxes(-1, -2))

    @property
    def real(self) -> TracedArray:
        """The array itself: variables are real."""
        return self

    @property
    def imag(self) -> Any:
        """Zeros: variables are real."""
        return np.zeros(self.shape)

    @property
    def flat(self) -> TracedArray:
        """The elements in order; writing to them writes to the array where NumPy's view can."""
        return TracedArray(self.recorder, self.lines.reshape(-1), self.values.reshape(-1))

    def copy(self, *_: Any, **__: Any) -> TracedArray:
        """Return a copy, as NumPy does."""
        return type(self)(self.recorder, self.lines.copy(), self.values.copy())

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def flatten(self, *_: Any) -> Any:
        """Return a copy with one axis."""
        return TracedArray(self.recorder, self.lines.flatten(), self.values.flatten())

    def reshape(self, *shape: Any, **_: Any) -> TracedArray:
        """Return the elements in another shape, a view where NumPy's is one."""
        return TracedArray(self.recorder, self.lines.reshape(*shape), self.values.reshape(*shape))

    def transpose(self, *axes: Any) -> Any:
        """Return a view with the axes in another order."""
        lines, values = self.lines.transpose(*axes), self.values.transpose(*axes)
        return TracedArray(self.recorder, lines, values)

    def view(self, *types: Any) -> Any:
        """Return the same elements; they can't be looked at as another type."""
        if types and not _is_double(types[0]):
            raise self.recorder.refuse("the bits of a traced array can't be read as another type")
        return TracedArray(self.recorder, self.lines, self.values)

    def astype(self, dtype: Any, *_: Any, **options: Any) -> Any:
        """Return a copy of another type; only float64, or a condition as a number."""
        return cast(self, dtype, options.get("copy", True))

    def tolist(self) -> Any:
        """Return nested lists of traced numbers."""
        return self.item() if not self.ndim else [part.tolist() for part in self]

    def item(self, *index: Any) -> Any:
        """Return one element as a traced number."""
        if not index:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            index = (0,)
        return self.flat[index[0]] if len(index) == 1 and self.ndim != 1 else self[index]

    def fill(self, value: Any) -> None:
        """Set every element."""
        self[...] = value

    def sort(self, axis: int = -1, **_: Any) -> None:
        """Sort in place, on the order that the elements have at the point."""
        self[...] = np.sort(self, axis=axis)

    def clip(self, min: Any = None, max: Any = None, **_: Any) -> Any:  # noqa: A002  # NumPy's
        """Return the elements, moved to the nearer of two bounds where they lie outside."""
        return xp.clip(self, min, max)

    def dot(self, other: Any) -> Any:
        """Return the product, as NumPy does."""
        return np.dot(self, other)


class TracedNumber(TracedArray):
    """One element of a traced array, which like a number can't be changed.

    Attributes
    ----------
    is_argument : bool
        Whether it stands for a float that the function is called with.
    """

    is_argument = False

    __iadd__ = NDArrayOperatorsMixin.__add__
    __isub__ = NDArrayOperatorsMixin.__sub__
    __imul__ = NDArrayOperatorsMixin.__mul__
    __itruediv__ = NDArrayOperatorsMixin.__truediv__
    __ifloordiv__ = NDArrayOperatorsMixin.__floordiv__
    __imod__ = NDArrayOperatorsMixin.__mod__
    __ipow__ = NDArrayOperatorsMixin.__pow__
    __iand__ = NDArrayOperatorsMixin.__and__
    __ior__ = NDArrayOperatorsMixin.__or__
    __ixor__ = NDArrayOperatorsMixin.__xor__

    def __hash__(self) -> int:  # a number has one
        if self.is_constant:
            return hash(self.values.item())
        msg = "a traced number can't be looked up in a dictionary, a set or a cache"
        raise self.recorder.refuse(msg)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("'numpy.float64' object does not support item assignment")

    def is_integer(self) -> bool:
        """Decide at the point, as a condition of the path."""
        return bool(np.floor(self) == self)


# What NumPy itself takes for a number: np.isscalar, isinstance(x, numbers.Real).
numbers.Real.register(TracedNumber)

# Methods of an array that are functions of NumPy with the array as first argument.
_METHODS = {
    "sum", "prod", "mean", "var", "std", "max", "min", "argmax", "argmin", "argsort", "cumsum",
    "cumprod", "ravel", "swapaxes", "squeeze", "trace", "diagonal", "take", "repeat",
    "round", "any", "all", "conj", "conjugate", "nonzero", "searchsorted", "compress", "choose",
    "put", "resize", "partition", "argpartition", "ptp",
}  # fmt: skip

# NumPy calls these methods of the elements of an array of objects.
_ELEMENT_METHODS = {
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square", "sin", "cos",
    "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
    "fabs", "sign", "floor", "ceil", "trunc", "rint", "degrees", "radians", "deg2rad", "rad2deg",
    "reciprocal", "isfinite", "isnan", "isinf", "logical_not", "arctan2", "hypot", "logaddexp",
}  # fmt: skip


def _method_function(name: str) -> Any:
    return getattr(np, {"max": "amax", "min": "amin"}.get(name, name))


def _spread(mask: TracedArray, ndim: int) -> TracedArray:
    """Return a mask of the first axes with an axis of length 1 for each of the others."""
    return mask.reshape(mask.shape + (1,) * (ndim - mask.ndim))


def _is_double(dtype: Any) -> bool:
    return bool(np.dtype(dtype) == np.float64)


# --- making and converting them ------------------------------------------------------------------


def scalar_or_array(recorder: Recorder, lines: Any, values: Any) -> Any:
    """Return a traced array, or a traced number where NumPy would return a scalar."""
    kind = TracedArray if np.ndim(values) else TracedNumber
    return kind(recorder, np.asarray(lines), np.asarray(values))


def constants(recorder: Recorder, values: np.ndarray) -> TracedArray:
    """Return an array without variables, into which traced elements can be written."""
    return TracedArray(recorder, np.full(values.shape, -1, dtype=np.int64), values)


def lift(recorder: Recorder, value: Any) -> TracedArray:
    """Return anything array-like as a traced array of this trace.

    Raises
    ------
    TraceError
        It is of another trace, complex, or no array of numbers.
    """
    if isinstance(value, TracedArray):
        if value.recorder is not recorder:
            raise recorder.refuse("two traces are mixed: a traced array was kept from another call")
        return value
    array = np.asarray(value)
    kind = array.dtype.kind
    if array.dtype == np.longdouble and kind == "f" and array.dtype != np.float64:
        raise recorder.refuse("longdouble inside: traced functions compute in float64")
    if kind in "fiub":
        if kind == "f":
            array = array.astype(np.float64, copy=False)
        return constants(recorder, array)
    if kind == "O":
        return _lift_objects(recorder, array)
    if kind == "c":
        raise recorder.refuse("complex numbers inside: formulas are real")
    msg = f"{type(value).__name__} is not a number or an array of numbers"
    raise recorder.refuse(msg)


def _lift_objects(recorder: Recorder, array: np.ndarray) -> TracedArray:
    """Return an array of objects, some of them traced, as a traced array."""
    lines, values = [], []
    for element in array.ravel().tolist():
        if isinstance(element, TracedArray) and element.ndim == 0:
            lifted = lift(recorder, element)
            lines.append(lifted.lines.item())
            values.append(lifted.values.item())
        elif isinstance(element, numbers.Real) and not isinstance(element, TracedArray):
            lines.append(-1)
            values.append(float(element))
        else:
            msg = f"an array can't be made of {type(element).__name__} objects"
            raise recorder.refuse(msg)
    if not values:
        return constants(recorder, np.zeros(array.shape))
    truths = all(isinstance(value, bool) for value in values)
    dtype = bool if truths else np.float64
    number = [
        recorder.number(line)
        if dtype is not bool and line >= 0 and isinstance(value, bool)
        else line
        for line, value in zip(lines, values, strict=True)
    ]
    return TracedArray(
        recorder,
        np.array(number, dtype=np.int64).reshape(array.shape),
        np.array(values, dtype=dtype).reshape(array.shape),
    )


def as_numbers(array: TracedArray) -> TracedArray:
    """Return conditions as the numbers 1 and 0; numbers as they are."""
    if array.dtype != bool:
        return array
    recorder = array.recorder
    lines = [recorder.number(x) if x >= 0 else -1 for x in array.lines.ravel().tolist()]
    made = np.array(lines, dtype=np.int64).reshape(array.shape)
    return type(array)(recorder, made, array.values.astype(np.int64))


def as_conditions(array: TracedArray) -> TracedArray:
    """Return numbers as the conditions that they aren't 0; conditions as they are."""
    result: TracedArray = array if array.dtype == bool else array != 0
    return result


def cast(array: TracedArray, dtype: Any, always_copy: bool = False) -> TracedArray:
    """Return the array as another type.

    Raises
    ------
    TraceError
        The type doesn't hold what float64 holds.
    """
    recorder = array.recorder
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        wanted = np.dtype(object)
    if wanted == array.dtype or wanted.kind == "O":
        return array.copy() if always_copy else array
    if array.is_constant:
        return type(array)(recorder, array.lines.copy(), array.values.astype(wanted))
    if wanted.kind == "f" and wanted.itemsize < 8:
        raise recorder.refuse(f"{wanted} inside: the digits that it drops can't be traced")
    if wanted.kind == "f" and wanted != np.float64:
        raise recorder.refuse("longdouble inside: traced functions compute in float64")
    if wanted.kind == "c":
        raise recorder.refuse("complex numbers inside: formulas are real")
    if array.dtype == bool or array.dtype.kind in "iu":
        if wanted.kind in "iuf":
            numeric = as_numbers(array)
            return type(array)(recorder, numeric.lines.copy(), numeric.values.astype(wanted))
    elif wanted.kind == "b":
        return as_conditions(array)
    msg = (
        f"numbers that depend on the variables don't fit into {wanted}: it would cut off their "
        "fraction"
        if wanted.kind in "iu"
        else f"numbers that depend on the variables can't become {wanted}"
    )
    raise recorder.refuse(msg)


def decided(array: TracedArray) -> np.ndarray:
    """Return the truth of each element at the point, and record what the path depends on."""
    condition = as_conditions(array)
    recorder = array.recorder
    lines = condition.lines.ravel().tolist()
    for line, holds in zip(lines, condition.values.ravel().tolist(), strict=True):
        if line >= 0 and line not in {recorder.true, recorder.false}:
            recorder.decide(line, holds)
    return condition.values.copy()


def _sentence_for_plain_number(what: str) -> str:
    """Return why a traced value can't be a plain number, judging by what the line does."""
    source = user_line()[2]
    if re.search(r"\bmath\.\w", source):
        return "functions of math take plain numbers only: write np. for math."
    if re.search(r"\]\s*([-+*/@]|\*\*|//)?=[^=]", source):
        return (
            "an array of plain numbers can't hold a traced value: make it with "
            "np.zeros_like(x), or with np.array([...]) of its elements"
        )
    if what == "int":
        return "int() of a value that depends on the variables can't be traced; np.floor can"
    return f"a plain number is asked for, by {what}() or a conversion to float"


def _looked_at(what: str, how: str) -> str:
    return (
        f"the {what} of a value that depends on the variables is asked for, by {how}: code that "
        "looks at it may go another way than it goes with numbers; compute with the value itself"
    )


def is_traced(value: Any) -> bool:
    """Say whether a value is a traced array or holds one."""
    if isinstance(value, (list, tuple)):
        return any(is_traced(part) for part in value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return any(is_traced(part) for part in value.ravel())
    return isinstance(value, TracedArray)
