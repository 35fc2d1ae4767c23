"""What is right where a function branches: at kinks, and at ties of several variables.

Along one variable all between the two one-sided derivatives is right. In several variables a kink
need not show along any axis: the median of three equal numbers stays where it is when one of them
moves, and yet 1 at the entry in the middle is its usual subgradient. So there the right values of a
component are all between its least and its greatest value on the branches that meet at the point:
its one-sided derivatives along the axis, its derivatives in a neighbourhood, and what comes out
when every tie is decided one way, the other way, or by the rule of whoever wrote the code: argmax's
first entry, a half each, relu'(0) = 0. If the derivative is the same on all sides, there is no kink
along the variable, whatever the ties: |x| - |x| has the derivative 0 and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from symnum.formula.compile import nearest_double, operation
from symnum.formula.program import Program, walk

# Besides all ties one way and the other: so many times each is decided by lot.
_BY_LOT = 6
_COMPARISONS = frozenset({"lt", "le", "eq", "ne"})


def all_between(
    sides: Iterable[float], ties: Iterable[float], apart: float
) -> tuple[float, float] | None:
    """Return the least and the greatest right value of a component; None where there is no kink.

    Parameters
    ----------
    sides : iterable of float
        Its derivatives on the sides of the point.
    ties : iterable of float
        What comes out when ties are decided one way or the other.
    apart : float
        Sides that differ by no more than this are the same.
    """
    seen = [value for value in sides if np.isfinite(value)]
    if not seen or max(seen) - min(seen) <= apart:
        return None
    seen += [value for value in ties if np.isfinite(value)]
    return min(seen), max(seen)


def decided(program: Program, point: np.ndarray) -> np.ndarray:
    """Return a program's outputs at a point with its ties decided, shape (ways, outputs).

    Parameters
    ----------
    program : Program
        A derivative.
    point : float64 array, shape (n,)
        The point. What is equal there in doubles is a tie.
    """
    rng = np.random.default_rng(0)
    ways: list[Callable[[], bool]] = [lambda: True, lambda: False]
    ways += [lambda: bool(rng.integers(2))] * _BY_LOT
    with np.errstate(all="ignore"):
        return np.array([_run(program, point, is_above) for is_above in ways])


def _run(program: Program, point: np.ndarray, is_above: Callable[[], bool]) -> list[float]:
    """Return the outputs in doubles; `is_above` decides which of two equal numbers is larger."""
    values: dict[int, Any] = {}
    for index, (op, args, value) in walk(program):
        given = [values[arg] for arg in args]
        if op == "var":
            values[index] = point[int(value or 0)]
        elif op == "const":
            values[index] = nearest_double(value)
        elif op in {"pi", "e"}:
            values[index] = np.float64(np.pi if op == "pi" else np.e)
        elif op == "sign" and given[0] == 0:
            values[index] = np.float64(1.0 if is_above() else -1.0)
        elif op == "step" and given[0] == given[1]:
            values[index] = np.float64(is_above())
        elif op in _COMPARISONS and given[0] == given[1]:
            values[index] = np.bool_(is_above())
        else:
            values[index] = operation(op)(*given)
    return [float(values[line]) for line in program.outputs]
