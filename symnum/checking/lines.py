"""Which lines of a candidate's source no point reached: nothing is known about them."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from functools import update_wrapper
from types import CodeType, FrameType
from typing import Any

from symnum.checking.literals import plain_function

# After this many calls the lines that were not reached are those of rare branches.
_CALLS = 3_000


class Watched:
    """A function that remembers which of its own lines have run.

    Watching costs nothing any more once every line has run, and is left alone where a debugger or a
    coverage tool watches already.

    Parameters
    ----------
    function : callable
        The candidate.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)  # its signature says how it is called
        self._function = function
        plain = plain_function(function)  # theirs, under ours
        self._code: CodeType | None = None if plain is None else plain.__code__
        self._left = set() if self._code is None else _lines(self._code)
        self._calls = 0

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call the function, and watch it while there is something left to see."""
        if not self._left or self._calls >= _CALLS or sys.gettrace() is not None:
            return self._function(*args, **named)
        self._calls += 1
        sys.settrace(self._enter)
        try:
            return self._function(*args, **named)
        finally:
            sys.settrace(None)

    def _enter(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        return self._line if frame.f_code is self._code else None

    def _line(self, frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "line":
            self._left.discard(frame.f_lineno)
        return self._line

    def unreached(self) -> tuple[str, ...]:
        """Return the lines that never ran, with their text; none where nothing was watched."""
        if self._code is None or not self._calls:
            return ()
        found = []
        for line in sorted(self._left):
            text = linecache.getline(self._code.co_filename, line).strip()
            found.append(f"line {line}: {text}" if text else f"line {line}")
        return tuple(found)


def _lines(code: CodeType) -> set[int]:
    """Return the lines of a function's body."""
    found = {line for _, _, line in code.co_lines() if line is not None}
    return found - {code.co_firstlineno} if len(found) > 1 else found
