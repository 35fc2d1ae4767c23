"""Claim: a function's formula together with somebody's derivative of it, guilty until checked.

Somebody's derivative is called the way its owner calls it: with a float, an array, several floats
or a dict of arrays, always on fresh copies, and all that it does besides answering is noted.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from symnum.differences.line import no_number
from symnum.errors import one_line
from symnum.formula.masked import is_masked


class Form(StrEnum):
    """How a candidate takes a point."""

    FLOAT = "a float"
    ARRAY = "an array of shape (n,)"
    FLOATS = "n floats"
    DICT = "a dict of arrays"
    NAMED = "arrays by name"
    BY_NAME = "floats by name"


# How the sentence on an exception of theirs starts.
RAISES = "it raises "
# Forms in which a point goes by the names of its parts.
WITH_NAMES = frozenset({Form.DICT, Form.NAMED, Form.BY_NAME})
_MASKED = "a masked array, in which entries are missing"
_KEYWORDS = frozenset({Form.NAMED, Form.BY_NAME})
_POSITIONAL = frozenset(
    {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
)


@dataclass(frozen=True)
class Layout:
    """How the variables of a formula are packed for a dict of arrays: name -> shape, in order."""

    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    def pack(self, point: np.ndarray) -> dict[str, Any]:
        """Return the dict of arrays that holds a flat point."""
        packed: dict[str, Any] = {}
        start = 0
        for name, shape in self.shapes:
            size = prod(shape)
            piece = point[start : start + size].copy()
            packed[name] = piece.reshape(shape) if shape else piece[0].item()
            start += size
        return packed

    def flatten(self, values: Mapping[str, Any]) -> np.ndarray:
        """Return a dict of arrays as one flat array, in this order."""
        return np.concatenate([np.ravel(np.asarray(values[name])) for name, _ in self.shapes])

    def labels(self) -> tuple[str, ...]:
        """Return a name an entry: `W1[5,2]`, or the plain name of a scalar."""
        found: list[str] = []
        for name, shape in self.shapes:
            if not shape:
                found.append(name)
            found += [
                f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape) if shape
            ]
        return tuple(found)


@dataclass(frozen=True)
class Answer:
    """What one call of a candidate came to.

    Parameters
    ----------
    value : float64 array of the expected size, or None
        The answer, flattened; None where it can't be compared.
    shape : tuple of int or None
        The shape that was returned.
    dtype : str
        Its dtype, or the type of what was returned.
    error : str
        The exception, where one was raised: its type and text.
    wrote : bool
        Whether the call changed its argument.
    problem : str
        What is wrong with the answer's kind, in words; empty where nothing is.
    raised : exception or None
        The exception itself.
    """

    value: np.ndarray | None
    shape: tuple[int, ...] | None
    dtype: str
    error: str = ""
    wrote: bool = False
    problem: str = ""
    raised: BaseException | None = None


@dataclass(frozen=True)
class Candidate:
    """Somebody's derivative and how to call it.

    Parameters
    ----------
    function : callable
        Theirs.
    form : Form
        How it takes a point.
    shape : tuple of int
        The shape its answer must have.
    accepted : tuple of shapes
        Other shapes that hold the same numbers in the same order.
    layout : Layout or None
        For arrays, or floats, by name.
    strict : bool
        Whether complex numbers count as a fault where their imaginary parts are 0 too.
    """

    function: Callable[..., Any]
    form: Form
    shape: tuple[int, ...]
    accepted: tuple[tuple[int, ...], ...] = ()
    layout: Layout | None = None
    strict: bool = False

    @property
    def size(self) -> int:
        """How many numbers its answer has."""
        return prod(self.shape)

    def arguments(self, point: np.ndarray) -> tuple[Any, ...]:
        """Return fresh arguments for a point."""
        match self.form:
            case Form.FLOAT:
                return (float(point[0]),)
            case Form.FLOATS:
                return tuple(float(x) for x in point)
            case Form.DICT | Form.NAMED | Form.BY_NAME:
                assert self.layout is not None
                return (self.layout.pack(point),)
        return (point.copy(),)

    def _call(self, arguments: tuple[Any, ...]) -> Any:
        if self.form in _KEYWORDS:
            return self.function(**arguments[0])
        return self.function(*arguments)

    def __call__(self, point: np.ndarray) -> Answer:
        """Call the candidate at one point and note what it does."""
        arguments = self.arguments(point)
        try:
            with np.errstate(all="ignore"):
                result = self._call(arguments)
        except (Exception, SystemExit) as error:  # sys.exit() in their code doesn't end ours
            return Answer(None, None, "", error=exception_text(error), raised=error)
        _never_awaited(result)
        wrote = not _unchanged(arguments, self.arguments(point))
        return self._read(result, wrote)

    def of(self, argument: Any) -> Answer:
        """Return what it answers to one argument as it stands, where it takes one number."""
        try:
            with np.errstate(all="ignore"):
                return self._read(self.function(argument), False)
        except (Exception, SystemExit) as error:
            return Answer(None, None, "", error=exception_text(error), raised=error)

    def numbers(self, argument: np.ndarray) -> np.ndarray | None:
        """Return what it makes of an array of numbers; None where that is no array of numbers."""
        try:
            with np.errstate(all="ignore"):
                found = self.function(argument)
            array = np.asarray(found)
        except (Exception, SystemExit):
            return None
        return None if is_masked(found) or array.dtype.kind not in "fiub" else array

    def complex(self, point: np.ndarray) -> Any:
        """Call it at a complex point, as it stands; it may raise whatever it likes."""
        match self.form:
            case Form.FLOAT:
                return self.function(complex(point[0]))
            case Form.FLOATS:
                return self.function(*(complex(x) for x in point))
            case Form.DICT | Form.NAMED | Form.BY_NAME:
                assert self.layout is not None
                return self._call((self.layout.pack(point),))
        return self.function(point.copy())

    def raw(self, point: np.ndarray) -> np.ndarray | str:
        """Call it at one point; return its numbers in whatever shape, or why there are none."""
        try:
            with np.errstate(all="ignore"):
                found = self._call(self.arguments(point))
                _never_awaited(found)
                array = np.asarray(found)
        except SystemExit:
            return "it ends the program (SystemExit)"
        except Exception as error:
            return f"{RAISES}{exception_text(error)}"
        if is_masked(found):
            return f"it returned {_MASKED}"
        if array.dtype.kind == "c" and not np.any(array.imag):
            array = array.real
        other = no_number(array)
        if other:
            return f"it returned {other}, not real numbers"
        if array.dtype.kind == "O":
            with contextlib.suppress(Exception):  # their __float__ may raise anything
                array = array.astype(np.float64)
        if array.dtype.kind not in "fiub":
            kind = str(array.dtype) if array.ndim else f"a {type(found).__name__}"
            return f"it returned {kind}, not real numbers"
        return array.astype(np.float64)

    def _missing(self, result: Mapping[Any, Any]) -> str:
        """Say which names of arrays a dict lacks."""
        expected = () if self.layout is None else [name for name, _ in self.layout.shapes]
        lacking = [name for name in expected if name not in result]
        return f", without {one_line(', '.join(lacking))}" if lacking else ""

    def _read(self, result: Any, wrote: bool) -> Answer:
        if result is None:
            return Answer(None, None, "None", wrote=wrote, problem="it returned None")
        if isinstance(result, Mapping):
            if self.layout is None or set(result) != {name for name, _ in self.layout.shapes}:
                names = one_line(", ".join(map(str, result)))
                problem = f"it returned a dict with the keys {names}{self._missing(result)}"
                return Answer(None, None, "dict", wrote=wrote, problem=problem)
            for name, shape in self.layout.shapes:
                if np.shape(result[name]) != shape:
                    problem = f"its {name} has shape {np.shape(result[name])}, not {shape}"
                    return Answer(None, None, "dict", wrote=wrote, problem=problem)
            masked = any(is_masked(value) for value in result.values())
            result = np.ma.masked if masked else self.layout.flatten(result)
        if is_masked(result):
            problem = f"it returned {_MASKED}"
            return Answer(None, np.shape(result), "masked", wrote=wrote, problem=problem)
        try:
            array = np.asarray(result)
        except ValueError:
            return Answer(None, None, "ragged", wrote=wrote, problem="it returned a ragged list")
        except Exception as error:  # a tensor that wants to be detached first, say
            kind = type(result).__name__
            problem = f"it returned a {kind}, which is no array: {exception_text(error)}"
            return Answer(None, None, kind, wrote=wrote, problem=problem)
        other = no_number(array)
        if other:
            problem = f"it returned {other}, not real numbers"
            return Answer(None, array.shape, other, wrote=wrote, problem=problem)
        if array.dtype.kind == "O":
            try:
                array = array.astype(np.float64)
            except Exception as error:  # their __float__ may raise anything
                kind = type(result).__name__
                why = f": {exception_text(error)}" if isinstance(error, OverflowError) else ""
                problem = f"it returned a {kind}{why}"
                return Answer(None, array.shape, kind, wrote=wrote, problem=problem)
        dtype = _named(array.dtype)
        if array.dtype.kind == "c":
            if np.any(array.imag != 0):
                problem = "it returned complex numbers"
                return Answer(None, array.shape, dtype, wrote=wrote, problem=problem)
            if self.strict:  # an optimiser refuses them, or goes on in complex numbers
                problem = f"it returned complex numbers, {dtype} with imaginary parts of 0"
                return Answer(None, array.shape, dtype, wrote=wrote, problem=problem)
            array = array.real
        if array.dtype.kind not in "fiub":
            problem = f"it returned an array of dtype {dtype}"
            return Answer(None, array.shape, dtype, wrote=wrote, problem=problem)
        if array.size != prod(self.shape):
            problem = f"it returned shape {array.shape}; {self.shape} is expected"
            return Answer(None, array.shape, dtype, wrote=wrote, problem=problem)
        problem = ""
        if array.shape != self.shape and array.shape not in self.accepted:
            problem = f"it returned shape {array.shape}; {self.shape} is expected"
        value = array.astype(np.float64).ravel()
        return Answer(value, array.shape, dtype, wrote=wrote, problem=problem)


def _never_awaited(result: Any) -> None:
    """Close a coroutine that was returned: Python would warn of it, on a line of ours."""
    if inspect.iscoroutine(result):
        result.close()


def exception_text(error: BaseException) -> str:
    """Return somebody's exception in one line: its type, and what it says if it can be shown."""
    name = type(error).__name__
    try:
        said = one_line(str(error))
    except Exception:  # its __str__ is theirs too
        said = ""
    return f"{name}: {said}" if said else name


@lru_cache(maxsize=64)
def _named(dtype: np.dtype[Any]) -> str:
    """Return a dtype's name, which NumPy puts together anew each time."""
    return str(dtype)


def _unchanged(arguments: Sequence[Any], fresh: Sequence[Any]) -> bool:
    for given, original in zip(arguments, fresh, strict=True):
        if given is original:
            continue
        if isinstance(original, dict):
            if set(given) != set(original) or not _unchanged(
                [given[k] for k in original], list(original.values())
            ):
                return False
        elif _same_bytes(given, original):
            continue  # it is nearly always so, and said in no time
        elif not np.array_equal(np.asarray(given), np.asarray(original), equal_nan=True):
            return False
    return True


def _same_bytes(given: Any, original: Any) -> bool:
    return (
        isinstance(given, np.ndarray)
        and isinstance(original, np.ndarray)
        and given.shape == original.shape
        and given.dtype == original.dtype
        and given.tobytes() == original.tobytes()
    )


def parameters(function: Callable[..., Any]) -> list[str] | None:
    """Return the positional parameters a function insists on; None where nobody can tell."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [p.name for p in found if p.kind in _POSITIONAL and p.default is p.empty]


def leading_parameters(function: Callable[..., Any], count: int) -> list[str]:
    """Return the first positional parameters of a function, with those that have a default."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in found if p.kind in _POSITIONAL][:count]


def keywords(function: Callable[..., Any]) -> list[str]:
    """Return the parameters that a function insists on having by name."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in found if p.kind is p.KEYWORD_ONLY and p.default is p.empty]


def required_parameters(function: Callable[..., Any]) -> int | None:
    """Return how many positional arguments a function insists on; None where nobody can tell."""
    found = parameters(function)
    return None if found is None else len(found)


def takes_any_number(function: Callable[..., Any]) -> bool:
    """Say whether all positional parameters of a function are `*args`."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = {parameter.kind for parameter in found}
    return inspect.Parameter.VAR_POSITIONAL in kinds and not kinds & _POSITIONAL


def takes(function: Callable[..., Any], form: Form, names: Sequence[str]) -> bool:
    """Say whether a function's signature lets it be called in a form; true where nobody can tell.

    Parameters
    ----------
    function : callable
        Somebody's.
    form : Form
        The form.
    names : sequence of str
        What the numbers are called, or the arrays where they go by name.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        if form in _KEYWORDS:
            signature.bind(**dict.fromkeys(names))
        else:
            signature.bind(*(names if form is Form.FLOATS else names[:1]))
    except TypeError:
        return False
    return True


def signature_text(function: Callable[..., Any]) -> str:
    """Return a function's parameters as they were written: `(x, y, scale=1)`."""
    return one_line(str(inspect.signature(function)))
