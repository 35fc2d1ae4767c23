"""What code can keep from one call to the next: the values that it reaches and may write to.

Code with a counter inside can be right a hundred times and wrong ever after. What it keeps is seen
by looking at its variables between calls: closures, defaults, attributes, globals that it names.
Nothing of theirs is run.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import sys
from collections import deque
from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

import numpy as np

# So many values are looked at, the nearest first, and arrays up to so many numbers.
_MOST_VALUES, _LARGEST = 4_000, 1_000_000
# Functions of these keep what they keep to themselves.
_LEFT_ALONE = frozenset(sys.stdlib_module_names) | {"numpy", "scipy", "symnum"}
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_SEQUENCES = (list, tuple, deque)
# What is as far as it got: its text says how far that is.
_COUNTING = (itertools.count, itertools.repeat, range)


def kept(function: Callable[..., Any]) -> tuple[Any, ...]:
    """Return all that a function can keep, to be compared with what that is later.

    Parameters
    ----------
    function : callable
        Somebody's.

    Examples
    --------
    >>> from symnum.checking.memory import kept
    >>> def counting(x, calls=[0]):
    ...     calls[0] += 1
    ...     return x
    >>> before = kept(counting)
    >>> kept(counting) == before, counting(2), kept(counting) == before
    (True, 2, False)
    """
    return tuple(itertools.islice(_values(function), _MOST_VALUES))


def _values(start: Any) -> Iterator[Any]:
    """Yield plain values, one after the other, of everything that can be reached."""
    seen: set[int] = set()
    left = deque([start])
    while left:
        value = left.popleft()
        if isinstance(value, _PLAIN):
            yield repr(value)  # NaN is what it was, too
            continue
        yield type(value).__name__
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, np.ndarray) and value.dtype.kind != "O":
            yield _digest(value)
        elif isinstance(value, _COUNTING):
            yield repr(value)
        else:
            inner = _parts(value)
            yield len(inner)
            left += inner


def _digest(array: np.ndarray) -> tuple[Any, ...]:
    if array.size > _LARGEST:
        return array.shape, str(array.dtype)
    digest = hashlib.blake2b(np.ascontiguousarray(array).tobytes()).digest()
    return array.shape, str(array.dtype), digest


def _parts(value: Any) -> list[Any]:
    """Return what a value is made of, or reaches."""
    match value:
        case FunctionType():
            return _of_function(value)
        case MethodType():
            return [value.__self__, value.__func__]
        case functools.partial():
            return [value.func, value.args, value.keywords]
        case CellType():
            return [] if _is_empty(value) else [value.cell_contents]
        case GeneratorType():
            return [-1 if value.gi_frame is None else value.gi_frame.f_lasti]
        case np.random.Generator():
            return [value.bit_generator.state]
        case np.ndarray():
            return list(value.flat) if value.size <= _LARGEST else []
        case dict():
            return [*value.keys(), *value.values()]
        case set() | frozenset():
            return sorted(repr(item) for item in value if isinstance(item, _PLAIN))
        case ModuleType():
            return []
        case type():
            return _of_class(value)
    if isinstance(value, _SEQUENCES):
        return list(value)
    return [getattr(value, "__dict__", None), type(value)]


def _is_empty(cell: CellType) -> bool:
    try:
        return cell.cell_contents is None
    except ValueError:  # it has no value yet
        return True


def _of_function(function: FunctionType) -> list[Any]:
    found = [*(function.__closure__ or ()), function.__defaults__, function.__kwdefaults__]
    found.append(function.__dict__)
    if is_theirs(function):
        names = dict.fromkeys(_names(function.__code__))
        found += [function.__globals__[name] for name in names if name in function.__globals__]
    return found


def _of_class(kind: type) -> list[Any]:
    if not is_theirs(kind):
        return []
    return [value for name, value in vars(kind).items() if not name.startswith("__")]


def is_theirs(value: Any) -> bool:
    """Say whether a function or a class is none of Python's, NumPy's, SciPy's or ours."""
    module = getattr(value, "__module__", None) or ""
    return isinstance(module, str) and module.partition(".")[0] not in _LEFT_ALONE


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that code looks up, with those of the code inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
