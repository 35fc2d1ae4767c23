"""Partial derivatives of the elementary operations.

They come from SymPy (`fdiff` of the operation's class at plain symbols), are turned into a few
lines of a Program once, and are copied to wherever an adjoint needs them. Arithmetic, powers and
the square root are written directly, because what suits them best depends on their arguments.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import sympy
from sympy.core.function import ArgumentIndexError

from symnum.formula.heads import HEADS
from symnum.formula.operations import OPERATIONS
from symnum.formula.program import Builder, Program
from symnum.formula.symbolic import from_sympy, symbols

# The first argument of these is a parameter: nothing is differentiated with respect to it.
ORDERED = frozenset({"polygamma", "besselj", "bessely", "besseli", "besselk"})


def partials(builder: Builder, line: int) -> tuple[int | None, ...]:
    """Write the partial derivatives of one line with respect to each of its arguments.

    Parameters
    ----------
    builder : Builder
        Holds the line; what is missing is added to it.
    line : int
        An operation of the builder.

    Returns
    -------
    tuple of int or None
        One an argument: the line that holds the partial derivative; None where it is 0 everywhere
        but at jumps, or where the argument is a condition, a parameter (the degree of a Bessel
        function), or a constant next to which a power is differentiated.

    Examples
    --------
    >>> from symnum.formula.program import Builder
    >>> b = Builder(1)
    >>> y = b.op("sin", b.var(0))
    >>> [b.lines[p].op for p in partials(b, y)]
    ['cos']
    """
    op, args, _ = builder.lines[line]
    match op:
        case "const" | "var" | "pi" | "e":
            return ()
        case "add":
            return builder.const(1), builder.const(1)
        case "sub":
            return builder.const(1), builder.const(-1)
        case "neg":
            return (builder.const(-1),)
        case "mul":
            return args[1], args[0]
        case "div":
            slope = builder.op("neg", builder.op("div", line, args[1]))
            return builder.op("div", builder.const(1), args[1]), slope
        case "sqrt":
            return (builder.op("div", builder.const(1), _times(builder, Fraction(2), line)),)
        case "pow":
            return _power(builder, line, *args)
    degree = builder.value_of(args[0]) if op in ORDERED else None
    fragment, places = _fragment(op, degree)
    written = builder.inline(fragment, args)
    return tuple(None if place is None else written[place] for place in places)


def _power(b: Builder, line: int, base: int, exponent: int) -> tuple[int | None, int | None]:
    constants = {"const", "pi", "e"}
    to_base: int | None = None
    to_exponent: int | None = None
    if b.lines[base].op not in constants:
        n = b.value_of(exponent)
        if n is None:
            lower = b.op("pow", base, b.op("sub", exponent, b.const(1)))
            to_base = b.op("mul", exponent, lower)
        elif n != 0:
            to_base = _times(b, n, _constant_power(b, base, n - 1))
    if b.lines[exponent].op not in constants:
        if b.lines[base].op == "e":
            to_exponent = line
        else:
            to_exponent = b.op("mul", b.op("log", base), line)
    return to_base, to_exponent


def _constant_power(b: Builder, base: int, exponent: Fraction) -> int:
    if exponent == 0:
        return b.const(1)
    return base if exponent == 1 else b.op("pow", base, b.const(exponent))


def _times(b: Builder, factor: Fraction, line: int) -> int:
    value = b.value_of(line)
    if value is not None:
        return b.const(factor * value)
    return line if factor == 1 else b.op("mul", b.const(factor), line)


@lru_cache(maxsize=1000)
def _fragment(op: str, degree: Fraction | None) -> tuple[Program, tuple[int | None, ...]]:
    """Return a program of the partial derivatives that are not 0, and where each one stands."""
    row = OPERATIONS[op]
    variables = symbols(row.arity)
    arguments = list(variables)
    if degree is not None:
        # SymPy then knows what is special: the derivative of J0 is -J1.
        arguments[0] = sympy.Rational(degree.numerator, degree.denominator)
    if op == "digamma":
        # SymPy knows it under another name only.
        slopes = [sympy.polygamma(1, *arguments)]
    else:
        cls = HEADS[op] if op in HEADS else getattr(sympy, row.sympy)
        applied = cls(*arguments, evaluate=False)
        slopes = [_slope(applied, i) for i in range(row.arity)]
    if op in ORDERED:
        slopes[0] = sympy.S.Zero
    kept = [i for i, slope in enumerate(slopes) if slope != 0]
    program, _ = from_sympy([slopes[i] for i in kept], variables)
    places = tuple(kept.index(i) if i in kept else None for i in range(row.arity))
    return program, places


def _slope(applied: sympy.Function, position: int) -> sympy.Expr:
    try:
        return applied.fdiff(position + 1)
    except ArgumentIndexError:
        return sympy.S.Zero
