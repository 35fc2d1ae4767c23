"""The numbers that a function's code holds or names: some of them are thresholds."""

from __future__ import annotations

import dis
import functools
import math
from collections import deque
from collections.abc import Callable, Iterator
from inspect import unwrap
from types import CodeType, FunctionType
from typing import Any

from symnum.checking.memory import is_theirs

# A function's own helpers are looked into as well: so many of them.
_MOST_FUNCTIONS = 24


def literals(function: Callable[..., Any]) -> list[float]:
    """Return the finite numbers in a function's code, and those that it reaches by a name.

    Nothing is run: the code is looked at.

    Parameters
    ----------
    function : callable
        A function, a method, a partial of one, or an object that can be called.

    Examples
    --------
    >>> from symnum.checking.literals import literals
    >>> literals(lambda x: 2.5 if x < 0.125 else x)
    [0.125, 2.5]
    """
    left, seen = deque([plain_function(function)]), set[int]()
    numbers: set[float] = set()
    while left and len(seen) < _MOST_FUNCTIONS:
        plain = left.popleft()
        if plain is None or id(plain) in seen or (seen and not is_theirs(plain)):
            continue
        seen.add(id(plain))
        for value in _held(plain):
            if isinstance(value, FunctionType):
                left.append(plain_function(value))
            elif isinstance(value, (int, float)) and not isinstance(value, bool) and _fits(value):
                numbers.add(float(value))
    return sorted(numbers)


def _held(plain: FunctionType) -> Iterator[Any]:
    """Yield what a function's code loads, and what its parameters have by default."""
    names = {**plain.__globals__}
    for name, cell in zip(plain.__code__.co_freevars, plain.__closure__ or (), strict=True):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # it has no value yet
            names.pop(name, None)
    yield from plain.__defaults__ or ()
    yield from (plain.__kwdefaults__ or {}).values()
    yield from _loaded(plain.__code__, names)


def plain_function(function: Callable[..., Any]) -> FunctionType | None:
    """Return the Python function behind a callable; None where there is none.

    Parameters
    ----------
    function : callable
        Anything that can be called.
    """
    inner: Any = unwrap(function)
    while isinstance(inner, functools.partial):
        inner = unwrap(inner.func)
    inner = getattr(inner, "__func__", inner)
    if not isinstance(inner, FunctionType):
        inner = unwrap(vars(type(inner)).get("__call__", inner))
    return inner if isinstance(inner, FunctionType) else None


def _fits(value: float) -> bool:
    """Say whether a number is a finite double."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _loaded(code: CodeType, names: dict[str, Any]) -> Iterator[Any]:
    """Yield what code loads: its constants, and the values of its names; of code inside it too."""
    for instruction in dis.get_instructions(code):
        value = instruction.argval
        if isinstance(value, CodeType):
            yield from _loaded(value, names)
        elif isinstance(value, (tuple, frozenset)):
            yield from value
        elif isinstance(value, str):
            yield names.get(value)
        elif instruction.opname.startswith("LOAD"):
            yield value
