"""Proof that two programs compute the same: both as polynomials in the same atoms.

Every line becomes a polynomial with rational coefficients in the variables and in atoms such as
sin(x): ring identities then hold by construction, and nothing has to be simplified, so nothing can
run away. What needs more than that, such as sin² + cos² = 1, is simply not proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from flint import arb

from symnum.formula.numbers import Field, Number
from symnum.formula.program import Program, walk

# Longer programs cost more than a proof is worth.
_LONGEST = 2_000
# Higher powers would be written out in full.
_HIGHEST = 12


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
