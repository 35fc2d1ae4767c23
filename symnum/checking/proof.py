"""Proof that two programs compute the same: both as polynomials in the same atoms.

Every line becomes a polynomial with rational coefficients in the variables and in atoms such as
sin(x): ring identities then hold by construction, and nothing has to be simplified, so nothing can
run away. What needs more than that, such as sin² + cos² = 1, is simply not proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb

from symnum.formula.balls import BallProgram, precision
from symnum.formula.compile import operation
from symnum.formula.numbers import Field, Number
from symnum.formula.program import Program, walk

# Longer programs cost more than a proof is worth.
_LONGEST = 2_000
# Higher powers would be written out in full.
_HIGHEST = 12
# What a library's function may be off by, beside one rounding, in either of two computations.
_APART = 4.0
# The last operation of each, rounded.
_LAST = 2.0**-51


@lru_cache(maxsize=64)
def same(one: Program, other: Program) -> bool:
    """Say whether two programs are proven to compute the same, output by output.

    Constants that are doubles are read as the shortest decimals that they print.

    Parameters
    ----------
    one, other : Program
        In the same variables, with as many outputs.
    """
    if len(one.outputs) != len(other.outputs):
        return False
    if max(len(one.live()), len(other.live())) > _LONGEST:
        return False
    field = Field()
    return all(
        a.terms == b.terms for a, b in zip(_normal(field, one), _normal(field, other), strict=True)
    )


def shortest(value: Fraction) -> Fraction:
    """Return the shortest decimal of a rational that is a double; others as they are."""
    try:
        nearest = float(value)
    except OverflowError:
        return value
    return Fraction(repr(nearest)) if Fraction(nearest) == value else value


def _normal(field: Field, program: Program) -> Sequence[Number]:
    """Return the outputs as polynomials in atoms; their balls mean nothing."""
    unknown = arb.nan()
    values: dict[int, Number] = {}
    for index, line in walk(program):
        args = [values[arg] for arg in line.args]
        match line.op:
            case "const":
                assert isinstance(line.value, Fraction)
                values[index] = field.rational(shortest(line.value))
            case "var":
                values[index] = field.constant(f"variable {line.value}", unknown)
            case "add":
                values[index] = args[0] + args[1]
            case "sub":
                values[index] = args[0] - args[1]
            case "neg":
                values[index] = -args[0]
            case "mul":
                values[index] = args[0] * args[1]
            case "div" if args[1].terms:
                values[index] = args[0] / args[1]
            case "pow":
                values[index] = _power(field, args[0], args[1])
            case "sqrt":
                values[index] = _power(field, args[0], field.rational(Fraction(1, 2)))
            case op:
                values[index] = field.constant(op, unknown, *args)
    return [values[output] for output in program.outputs]


def _power(field: Field, base: Number, exponent: Number) -> Number:
    """A whole power is a product; of any other, the whole part is split off."""
    value = exponent.fraction
    if value is None or abs(value) > _HIGHEST or not base.terms:
        return field.constant("pow", arb.nan(), base, exponent)
    whole = value.numerator // value.denominator
    rest = value - whole
    result = field.rational(1)
    for _ in range(abs(whole)):
        result = result * base
    if whole < 0:
        result = field.inverse(result)
    if rest:
        result = result * field.constant("pow", arb.nan(), base, field.rational(rest))
    return result


def reproduces(program: Program, points: np.ndarray, given: np.ndarray) -> bool:
    """Say whether a program gives somebody's answers, up to the rounding of its own operations.

    A trace that does the same operations as the code rounds as the code does. One that took a path
    of its own, because the code saw that it is not run on numbers, may differ by less than the
    derivative's conditioning excuses; it shows here.

    Parameters
    ----------
    program : Program
        The trace.
    points : float64 array, shape (P, n)
        Where the code was asked.
    given : float64 array, shape (P, K)
        What it answered; what isn't finite is not compared.
    """
    with np.errstate(all="ignore"):
        found = _run(program, points)
        apart = ~(np.abs(found - given) <= _LAST * np.abs(given)) & np.isfinite(given)
    rows = np.flatnonzero(apart.any(axis=1))
    if not rows.size:
        return True
    # Long sums are added in another order: only what their roundings can come to is left.
    balls = BallProgram(program)
    with precision(53), np.errstate(all="ignore"):
        for row in rows.tolist():
            ends = balls.run([arb(x) for x in points[row].tolist()])
            radius = np.array([float(ball.rad()) for ball in ends])
            allowed = _APART * radius + _LAST * np.abs(given[row])
            near = np.abs(found[row] - given[row]) <= allowed
            if not np.all(near | ~apart[row]):
                return False
    return True


def _run(program: Program, points: np.ndarray) -> np.ndarray:
    """Return the outputs at points of shape (P, n), as NumPy computes them from code."""
    values: dict[int, Any] = {}
    for index, line in walk(program):
        args = [values[arg] for arg in line.args]
        match line.op:
            case "const":
                assert isinstance(line.value, Fraction)
                values[index] = np.float64(float(line.value))
            case "var":
                values[index] = points[:, int(line.value or 0)]
            case "pi" | "e":
                values[index] = np.float64(np.pi if line.op == "pi" else np.e)
            case "pow" if np.ndim(args[1]) == 0:
                # NumPy squares where the code says **2: a power rounds otherwise.
                values[index] = args[0] ** float(args[1])
            case op:
                values[index] = operation(op)(*args)
    count = len(points)
    return np.stack([np.broadcast_to(values[line], count) for line in program.outputs], axis=1)
