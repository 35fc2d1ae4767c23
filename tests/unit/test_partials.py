"""Elementary partial derivatives, each held against SymPy's diff and against power series."""

from __future__ import annotations

import random
from fractions import Fraction as F

import flint
import mpmath
import pytest
import sympy
from flint import arb, arb_series

from symnum.formula.operations import OPERATIONS
from symnum.formula.partials import ORDERED, partials
from symnum.formula.program import Builder, Program, walk
from symnum.formula.symbolic import symbols, to_sympy

# Where each operation is smooth: the interval of every argument. Elsewhere the default.
DEFAULT = (F(1, 4), F(3, 4))
INTERVALS = {
    "acosh": ((F(5, 4), F(3)),),
    "log": ((F(1, 8), F(5)),),
    "max": ((F(-3), F(3)), (F(-3), F(3))),
    "min": ((F(-3), F(3)), (F(-3), F(3))),
    "abs": ((F(-3), F(3)),),
    "cbrt": ((F(-3), F(3)),),
    "expit": ((F(-9), F(9)),),
    "softplus": ((F(-9), F(9)),),
    "logaddexp": ((F(-9), F(9)), (F(-9), F(9))),
    "hypot": ((F(-3), F(3)), (F(-3), F(3))),
    "atan2": ((F(-3), F(3)), (F(-3), F(3))),
    "gamma": ((F(1, 4), F(5)),),
    "sub": ((F(-3), F(3)), (F(-3), F(3))),
    "pow": ((F(1, 8), F(5)), (F(-3), F(3))),
}
FLAT = {"sign", "floor", "ceil", "step", "lt", "le", "eq", "ne", "and", "or", "not"}
DEGREES = [F(0), F(1), F(2), F(5)]
CURVED = [name for name in OPERATIONS if name not in FLAT | {"where"} | ORDERED]


def enclose(program: Program, point: list[F]) -> list[arb]:
    """Evaluate a program in balls at exact rationals."""
    constants = {"pi": arb.pi, "e": arb.const_e}
    values = {}
    for index, line in walk(program):
        if line.op in constants:
            values[index] = constants[line.op]()
        elif line.op in {"const", "var"}:
            value = line.value if line.op == "const" else point[line.value]
            values[index] = arb(flint.fmpq(value.numerator, value.denominator))
        else:
            args = [values[arg] for arg in line.args]
            values[index] = OPERATIONS[line.op].ball(*args)
    return [values[output] for output in program.outputs]


def lines_of_partials(op: str, degree: F | None = None) -> tuple[Program, Program, list[int]]:
    """Return the operation, its partial derivatives, and the arguments that they belong to."""
    b = Builder(OPERATIONS[op].arity)
    args = [b.var(i) for i in range(b.n_variables)]
    if degree is not None:
        args[0] = b.const(degree)
    line = b.op(op, *args)
    slopes = partials(b, line)
    kept = [i for i, slope in enumerate(slopes) if slope is not None]
    program = b.finish([slopes[i] for i in kept])
    return program.with_outputs([line]), program, kept


def points(op: str, count: int = 4) -> list[list[F]]:
    """Return points at random where the operation is smooth, always the same ones."""
    intervals = INTERVALS.get(op, (DEFAULT,) * OPERATIONS[op].arity)
    generator = random.Random(op)
    return [
        [low + (high - low) * F(generator.randrange(1, 1000), 1000) for low, high in intervals]
        for _ in range(count)
    ]


@pytest.fixture(autouse=True)
def _precision():
    """Balls carry 60 digits."""
    before, flint.ctx.prec = flint.ctx.prec, 200
    yield
    flint.ctx.prec = before


def agree(ball: arb, value: mpmath.mpf) -> bool:
    """Say whether a ball and a number of 50 digits are the same to 45 digits."""
    found = mpmath.mpf(ball.mid().str(55, radius=False))
    return abs(found - value) <= mpmath.mpf(10) ** -45 * (1 + abs(value))


CASES = [(op, None) for op in CURVED] + [(op, n) for op in sorted(ORDERED) for n in DEGREES]


@pytest.mark.parametrize(("op", "degree"), CASES)
def test_partials_are_sympys_diff_of_the_public_expression(op, degree):
    """Every partial derivative equals SymPy's diff to 45 digits at points at random."""
    function, slopes, kept = lines_of_partials(op, degree)
    variables = symbols(function.n_variables)
    (expression,) = to_sympy(function, public=True)
    assert kept == ([1] if op in ORDERED else list(range(OPERATIONS[op].arity)))
    for point in points(op):
        balls = enclose(slopes, point)
        at = {
            v: sympy.Rational(p.numerator, p.denominator)
            for v, p in zip(variables, point, strict=True)
        }
        for ball, argument in zip(balls, kept, strict=True):
            with mpmath.workdps(60):
                derivative = expression.diff(variables[argument])
                value = sympy.N(derivative.subs(at).doit(), 55)
                assert agree(ball, mpmath.mpf(str(value))), (op, point, ball, value)


def series_of(op: str):
    """Return arb_series' own method for an operation of one argument, or None."""
    names = {"log": "log", "digamma": "digamma", "loggamma": "lgamma", "gamma": "gamma"}
    return getattr(arb_series, names.get(op, op), None)


def test_most_functions_have_a_power_series_to_be_checked_against():
    """The table of the next test isn't empty by accident."""
    assert {"exp", "log", "sin", "tan", "atan", "erf", "gamma", "sqrt"} <= set(SERIES)


SERIES = [op for op in CURVED if OPERATIONS[op].arity == 1 and series_of(op) and op != "neg"]


@pytest.mark.parametrize("op", SERIES)
def test_partials_are_the_second_coefficient_of_the_power_series(op):
    """Every partial derivative is enclosed where Arb's own power series says it is."""
    _, slopes, _ = lines_of_partials(op)
    for (at,) in points(op):
        series = series_of(op)(arb_series([flint.fmpq(at.numerator, at.denominator), 1], prec=3))
        (ball,) = enclose(slopes, [at])
        assert ball.overlaps(series[1]), (op, at)
        assert ball.rel_accuracy_bits() > 150


@pytest.mark.parametrize("op", sorted(FLAT))
def test_operations_that_jump_have_no_partials(op):
    """Steps, roundings and conditions are flat; where they jump is decided elsewhere."""
    assert lines_of_partials(op)[2] == []


def test_where_passes_its_derivative_through_the_branches():
    """The condition has no partial derivative; each branch has 1 where it is taken."""
    b = Builder(2)
    line = b.op("where", b.op("lt", b.var(0), b.const(0)), b.var(0), b.var(1))
    condition, first, second = partials(b, line)
    assert condition is None
    program = b.finish([first, second])
    assert enclose(program, [F(-1), F(0)]) == [1, 0]
    assert enclose(program, [F(1), F(0)]) == [0, 1]


@pytest.mark.parametrize("exponent", [F(2), F(3), F(-1), F(1, 2), F(-3, 2)])
def test_powers_with_a_known_exponent_are_written_without_logarithms(exponent):
    """They are n*a**(n-1), and right to the left of 0 too."""
    b = Builder(1)
    slope, nothing = partials(b, b.op("pow", b.var(0), b.const(exponent)))
    assert nothing is None
    assert "log" not in {line.op for line in b.lines}
    (ball,) = enclose(b.finish([slope]), [F(4)])
    assert ball.contains(
        flint.fmpq(exponent.numerator, exponent.denominator)
        * arb(4) ** arb(flint.fmpq(*(exponent - 1).as_integer_ratio()))
    )


def test_squares_have_a_plain_product_as_slope():
    """The slope of a**2 is 2*a: no power is left."""
    b = Builder(1)
    slope, _ = partials(b, b.op("pow", b.var(0), b.const(2)))
    assert b.lines[slope].op == "mul"
    assert b.var(0) in b.lines[slope].args


def test_first_and_zeroth_powers_have_constant_partials():
    """x**1 has slope 1, x**0 has none."""
    b = Builder(1)
    first = partials(b, b.op("pow", b.var(0), b.const(1)))
    assert [b.value_of(first[0]), first[1]] == [1, None]
    assert partials(b, b.op("pow", b.var(0), b.const(0))) == (None, None)


def test_exponentials_are_reused():
    """The derivatives of exp, of e**x and of the square root read lines that are there already."""
    b = Builder(1)
    grown = b.op("exp", b.var(0))
    assert partials(b, grown) == (grown,)
    power = b.op("pow", b.constant("e"), b.var(0))
    assert partials(b, power) == (None, power)
    root = b.op("sqrt", b.var(0))
    (slope,) = partials(b, root)
    (denominator,) = (arg for arg in b.lines[slope].args if b.lines[arg].op == "mul")
    assert root in b.lines[denominator].args


def test_the_derivative_of_j0_is_minus_j1():
    """A known degree is used: no Bessel function of degree -1 is written."""
    b = Builder(1)
    (_, slope) = partials(b, b.op("besselj", b.const(0), b.var(0)))
    degrees = {b.value_of(line.args[0]) for line in b.lines if line.op == "besselj"}
    assert degrees == {0, 1}
    assert b.lines[slope].op == "neg"


def test_leaves_have_no_partials():
    """Constants and variables are not operations of arguments."""
    b = Builder(1)
    assert [partials(b, line) for line in (b.const(2), b.var(0), b.constant("pi"))] == [(), (), ()]
