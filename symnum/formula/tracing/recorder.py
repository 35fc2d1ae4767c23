"""The Program of one trace as it is being written, and which line of the user's code writes it."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from fractions import Fraction
from math import isinf, isnan
from pathlib import Path
from typing import Any

import numpy as np

from symnum.errors import TraceError
from symnum.formula.program import Builder

# Code in these folders is not the user's: a refusal names the line that called it.
_OURS = str(Path(__file__).parents[2])
_ENTRANCE = f"{_OURS}/formula/trace.py"
_LIBRARIES = (_OURS, str(Path(np.__file__).parent), f"{Path(np.__file__).parents[1]}/scipy/")

MOST_LINES = 3_000_000
"""Operations of the longest trace; a loop that never ends stops here."""

_NEGATED = {"lt": ("le", True), "le": ("lt", True), "eq": ("ne", False), "ne": ("eq", False)}


class Recorder:
    """Writes the Program of one trace, and the conditions that its path depends on.

    Parameters
    ----------
    n_variables : int
        How many variables the traced function has.
    most : int
        How many operations it may have.
    """

    def __init__(self, n_variables: int, most: int = MOST_LINES) -> None:
        self._most = most
        self.builder = Builder(n_variables)
        self.zero = self.builder.const(0)
        self.one = self.builder.const(1)
        self.true = self.op("le", self.zero, self.zero)
        self.false = self.op("lt", self.zero, self.zero)
        self.infinities = {
            self.op("div", self.one, self.zero): 1,
            self.op("div", self.builder.const(-1), self.zero): -1,
        }
        self.conditions: dict[int, None] = {}  # lines that are true on this path, in order
        # What was said at the point of lines that may not be finite elsewhere.
        self.assumed: dict[tuple[str, int], bool] = {}
        self.refusal: TraceError | None = None
        # How code outside of the user's function is made to run on traced arrays.
        self.translate: Callable[[Any], Any] = lambda value: value
        self._constants: dict[Any, int] = {}

    def op(self, name: str, *lines: int) -> int:
        """Write one operation."""
        if len(self.builder.lines) >= self._most:
            msg = (
                f"the function has more than {self._most:,} operations; "
                "trace it with smaller arrays or fewer iterations"
            )
            raise self.refuse(msg)
        return self.builder.op(name, *lines)

    def const(self, value: Any) -> int:
        """Write a number exactly as the code holds it; infinity is 1/0 and NaN is 0/0."""
        if isinstance(value, float):
            if isnan(value):
                return self.op("div", self.zero, self.zero)
            if isinf(value):
                top = self.one if value > 0 else self.builder.const(-1)
                return self.op("div", top, self.zero)
        found = self._constants.get(value)
        if found is None:
            found = self._constants[value] = self.builder.const(Fraction(value))
        return found

    def number(self, condition: int) -> int:
        """Write a condition as the number that NumPy takes it for."""
        return self.op("where", condition, self.one, self.zero)

    def negated(self, condition: int) -> int:
        """Write that a condition doesn't hold."""
        if condition == self.true:
            return self.false
        if condition == self.false:
            return self.true
        line = self.builder.lines[condition]
        if line.op == "not":
            return line.args[0]
        if line.op in _NEGATED:
            name, swap = _NEGATED[line.op]
            return self.op(name, *(reversed(line.args) if swap else line.args))
        return self.op("not", condition)

    def decide(self, condition: int, holds: bool) -> None:
        """Record that the path taken depends on a condition, and what it was at the point."""
        self.conditions[condition if holds else self.negated(condition)] = None

    def refuse(self, reason: str) -> TraceError:
        """Return the error that says why the user's line can't be traced; the first one stays."""
        error = TraceError(reason, *user_line())
        self.refusal = self.refusal or error
        return error


def user_line() -> tuple[str, int, str]:
    """Return file, line number and text of the line of the user's code that is running."""
    frame = sys._getframe(1)
    # A function of a library may be what is traced: then the line is the library's.
    nearest = frame
    while frame.f_back is not None and is_library(frame.f_code.co_filename):
        if frame.f_code.co_filename == _ENTRANCE:
            return place_of(nearest.f_code.co_filename, nearest.f_lineno)
        if not frame.f_code.co_filename.startswith(_OURS):
            nearest = frame
        frame = frame.f_back
    return place_of(frame.f_code.co_filename, frame.f_lineno)


def is_library(filename: str) -> bool:
    """Tell symnum's, NumPy's and SciPy's files from the user's."""
    return filename.startswith(_LIBRARIES) or filename.startswith("<__array_function__")


def place_of(filename: str, number: int) -> tuple[str, int, str]:
    """Return file, line number and the text of that line."""
    return filename, number, linecache.getline(filename, number).strip()
