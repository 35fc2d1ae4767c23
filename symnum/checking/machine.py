"""A Program on arrays, line by line, so that one line can be changed and its effect followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from symnum.formula.compile import operation
from symnum.formula.program import Program

# So many lines are passed over in the time that one is computed in.
_LOOKS = 8


class Machine:
    """Holds every line's values at some points.

    Parameters
    ----------
    program : Program
        The code.
    points : float64 array, shape (P, n)
        The points.

    Attributes
    ----------
    work : int
        Operations on arrays so far, for those who ration them.
    """

    def __init__(self, program: Program, points: np.ndarray) -> None:
        self.program = program
        self.live = program.live()
        self.values: dict[int, Any] = {}
        self.work = 0
        self._points = points
        with np.errstate(all="ignore"):
            for index in self.live:
                line = program.lines[index]
                self.values[index] = self._leaf(line.op, line.value)
                if self.values[index] is None:
                    args = [self.values[arg] for arg in line.args]
                    self.values[index] = self.apply(line.op, args)

    def _leaf(self, op: str, value: Fraction | int | None) -> Any:
        count = len(self._points)
        match op:
            case "var":
                return self._points[:, int(value or 0)]
            case "const":
                return np.full(count, float(value or 0))
            case "pi" | "e":
                return np.full(count, np.pi if op == "pi" else np.e)
        return None

    def apply(self, op: str, args: Sequence[Any]) -> Any:
        """Return one operation's values."""
        function: Callable[..., Any] = operation(op)
        with np.errstate(all="ignore"):
            return function(*args)

    def outputs(self) -> np.ndarray:
        """Return the outputs, shape (P, outputs)."""
        return np.stack([self.values[o] + self._zero for o in self.program.outputs], axis=1)

    def changed(self, index: int, values: Any, outputs: Sequence[int]) -> np.ndarray:
        """Return the outputs, shape (P, len(outputs)), if one line had other values."""
        new = {index: values}
        with np.errstate(all="ignore"):
            for later in self.live:
                if later <= index:
                    continue
                line = self.program.lines[later]
                if any(arg in new for arg in line.args):
                    args = [new.get(arg, self.values[arg]) for arg in line.args]
                    new[later] = operation(line.op)(*args)
        self.work += len(new) + len(self.live) // _LOOKS
        return np.stack([new.get(o, self.values[o]) + self._zero for o in outputs], axis=1)

    @property
    def _zero(self) -> np.ndarray:
        return np.zeros(len(self._points))
