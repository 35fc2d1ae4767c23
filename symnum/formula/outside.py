"""Where a formula is undefined, proven by balls alone: the logarithm of a number that is negative.

The one-sided series of `local.py` find the same, and much more, but for nested functions they cost
seconds a point; a sampled box has many points outside the domain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb

from symnum.formula.balls import BallProgram, branches_of
from symnum.formula.program import Program

# How far around a point, relative to it, the formula must be undefined: on both sides of the point
# along every variable, but closer than any double.
_AROUND = arb(2) ** -900

# What each operation's argument may not be. At the ends themselves the series decide.
_OUTSIDE: Mapping[str, Callable[[Any], bool]] = {
    "log": lambda a: a < 0,
    "log2": lambda a: a < 0,
    "log10": lambda a: a < 0,
    "log1p": lambda a: a < -1,
    "sqrt": lambda a: a < 0,
    "loggamma": lambda a: a < 0,
    "asin": lambda a: a < -1 or a > 1,
    "acos": lambda a: a < -1 or a > 1,
    "atanh": lambda a: a < -1 or a > 1,
    "acosh": lambda a: a < 1,
}

# Operations on conditions. One that can't be evaluated need not matter to the others beside it.
_LOGIC = frozenset({"lt", "le", "eq", "ne", "and", "or", "not"})


def is_outside(
    program: Program,
    root: int,
    balls: BallProgram,
    point: Sequence[float],
    constants: Mapping[int, Fraction],
) -> bool:
    """Say whether a line is proven undefined at a point and everywhere close to it.

    Parameters
    ----------
    program : Program
        Holds the line.
    root : int
        The line.
    balls : BallProgram
        The program, prepared for that line.
    point : sequence of float
        The point.
    constants : mapping
        The value of each line that combines rational constants only.

    Returns
    -------
    bool
        False where nothing is proven. At the current precision.
    """
    around = [arb(x, abs(arb(x)) * _AROUND if x else _AROUND) for x in point]
    values = balls.run_all(around)
    undefined: dict[int, bool] = {}
    for index in balls.position:
        op, args, _ = program.lines[index]
        if op == "where":
            branches = branches_of(args, values[balls.position[args[0]]])
            undefined[index] = all(undefined[arg] for arg in branches)
        elif op in _LOGIC:
            undefined[index] = False
        else:
            undefined[index] = any(undefined[arg] for arg in args) or _leaves(
                op, [values[balls.position[arg]] for arg in args], [constants.get(a) for a in args]
            )
    return undefined[root]


def _leaves(op: str, values: Sequence[Any], constants: Sequence[Fraction | None]) -> bool:
    """Say whether an operation's arguments are proven to lie outside its domain."""
    if op == "pow":
        exponent = constants[1]
        return exponent is not None and exponent.denominator != 1 and bool(values[0] < 0)
    return op in _OUTSIDE and bool(_OUTSIDE[op](values[0]))
