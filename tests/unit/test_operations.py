"""The table of operations: balls, doubles, complex numbers and SymPy mean the same functions."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import acb, arb

from symnum import Formula
from symnum.formula.balls import exact_fraction, precision
from symnum.formula.compile import compile_program
from symnum.formula.operations import NONANALYTIC, OPERATIONS
from symnum.formula.program import Builder
from symnum.formula.status import Status
from tests.truth import fraction

NAN = math.nan

# operation, arguments, the same in mpmath
REAL = [
    ("add", (1.5, -0.3), lambda a, b: a + b),
    ("sub", (1.5, -0.3), lambda a, b: a - b),
    ("mul", (1.5, -0.3), lambda a, b: a * b),
    ("div", (1.5, -0.3), lambda a, b: a / b),
    ("neg", (1.5,), lambda a: -a),
    ("pow", (1.5, -0.3), lambda a, b: a**b),
    ("pow", (-1.5, 3.0), lambda a, b: a**b),
    ("pow", (-1.5, -2.0), lambda a, b: a**b),
    ("pow", (0.0, 2.5), lambda *_: mpmath.mpf(0)),
    ("pow", (0.0, 0.0), lambda *_: mpmath.mpf(1)),
    ("sqrt", (0.7,), mpmath.sqrt),
    ("cbrt", (0.7,), mpmath.cbrt),
    ("cbrt", (-0.7,), lambda a: -mpmath.cbrt(-a)),
    ("exp", (0.7,), mpmath.exp),
    ("expm1", (1e-9,), mpmath.expm1),
    ("log", (0.7,), mpmath.log),
    ("log1p", (1e-9,), mpmath.log1p),
    ("log2", (0.7,), lambda a: mpmath.log(a) / mpmath.log(2)),
    ("log10", (0.7,), mpmath.log10),
    ("sin", (0.7,), mpmath.sin),
    ("cos", (0.7,), mpmath.cos),
    ("tan", (0.7,), mpmath.tan),
    ("asin", (0.7,), mpmath.asin),
    ("acos", (0.7,), mpmath.acos),
    ("atan", (0.7,), mpmath.atan),
    ("sinh", (0.7,), mpmath.sinh),
    ("cosh", (0.7,), mpmath.cosh),
    ("tanh", (0.7,), mpmath.tanh),
    ("asinh", (0.7,), mpmath.asinh),
    ("acosh", (1.7,), mpmath.acosh),
    ("atanh", (0.7,), mpmath.atanh),
    ("atan2", (0.7, -0.3), mpmath.atan2),
    ("atan2", (-0.7, -0.3), mpmath.atan2),
    ("atan2", (0.0, -0.3), mpmath.atan2),
    ("hypot", (0.7, -0.3), mpmath.hypot),
    ("hypot", (0.0, 0.0), mpmath.hypot),
    ("erf", (0.7,), mpmath.erf),
    ("erfc", (7.0,), mpmath.erfc),
    ("gamma", (-0.7,), mpmath.gamma),
    ("loggamma", (0.7,), mpmath.loggamma),
    ("digamma", (-0.7,), mpmath.digamma),
    ("polygamma", (2.0, 0.7), mpmath.polygamma),
    ("besselj", (0.0, -0.7), mpmath.besselj),
    ("besselj", (0.5, 0.7), mpmath.besselj),
    ("besseli", (1.0, -0.7), mpmath.besseli),
    ("bessely", (1.0, 0.7), mpmath.bessely),
    ("besselk", (0.5, 0.7), mpmath.besselk),
    ("expit", (0.7,), lambda a: 1 / (1 + mpmath.exp(-a))),
    ("expit", (-700.0,), lambda a: 1 / (1 + mpmath.exp(-a))),
    ("expit", (800.0,), lambda a: 1 / (1 + mpmath.exp(-a))),
    ("softplus", (0.7,), lambda a: mpmath.log(1 + mpmath.exp(a))),
    ("softplus", (800.0,), lambda a: a + mpmath.log1p(mpmath.exp(-a))),
    ("softplus", (-40.0,), lambda a: mpmath.log1p(mpmath.exp(a))),
    ("logaddexp", (0.7, -0.3), lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b))),
    ("logaddexp", (800.0, 801.0), lambda a, b: b + mpmath.log1p(mpmath.exp(a - b))),
    ("abs", (-0.7,), abs),
    ("sign", (-0.7,), mpmath.sign),
    ("sign", (0.0,), mpmath.sign),
    ("floor", (-0.7,), mpmath.floor),
    ("ceil", (-0.7,), mpmath.ceil),
    ("max", (0.7, -0.3), max),
    ("min", (0.7, -0.3), min),
    ("step", (0.7, -0.3), lambda *_: mpmath.mpf(1)),
    ("step", (-0.3, 0.7), lambda *_: mpmath.mpf(0)),
    ("step", (0.7, 0.7), lambda *_: mpmath.mpf(1) / 2),
]

# operation, arguments at which it is not real or has no value
UNDEFINED = [
    ("div", (1.0, 0.0)),
    ("div", (0.0, 0.0)),
    ("pow", (-1.5, 0.5)),
    ("pow", (0.0, -1.0)),
    ("pow", (0.0, -0.5)),
    ("sqrt", (-1.0,)),
    ("log", (-1.0,)),
    ("log", (0.0,)),
    ("log1p", (-2.0,)),
    ("log2", (0.0,)),
    ("log10", (-1.0,)),
    ("asin", (2.0,)),
    ("acos", (-2.0,)),
    ("acosh", (0.5,)),
    ("atanh", (1.0,)),
    ("atan2", (0.0, 0.0)),
    ("gamma", (0.0,)),
    ("gamma", (-3.0,)),
    ("loggamma", (-0.5,)),
    ("loggamma", (0.0,)),
    ("digamma", (-1.0,)),
    ("polygamma", (1.0, -2.0)),
    ("besselj", (0.5, -1.0)),
    ("bessely", (0.0, 0.0)),
    ("besselk", (1.0, -1.0)),
]

# operation, arguments at a kink, a jump, a cut or the edge of the domain
ROUGH = [
    ("pow", (0.0, 0.5)),
    ("sqrt", (0.0,)),
    ("cbrt", (0.0,)),
    ("asin", (1.0,)),
    ("acos", (-1.0,)),
    ("acosh", (1.0,)),
    ("atan2", (0.0, -1.0)),
    ("hypot", (0.0, 0.0)),
    ("besselj", (0.5, 0.0)),
    ("abs", (0.0,)),
    ("sign", (0.0,)),
    ("floor", (2.0,)),
    ("ceil", (-1.0,)),
    ("max", (2.0, 2.0)),
    ("min", (2.0, 2.0)),
    ("step", (2.0, 2.0)),
    ("lt", (2.0, 2.0)),
    ("le", (2.0, 2.0)),
    ("eq", (2.0, 2.0)),
    ("ne", (2.0, 2.0)),
]


def ids(rows):
    """Name rows by their operation and arguments."""
    return [f"{row[0]}{row[1]}" for row in rows]


@pytest.mark.parametrize(("op", "args", "truth"), REAL, ids=ids(REAL))
def test_balls_hold_the_truth(op, args, truth):
    """The enclosure at exact arguments is narrow and holds mpmath's value."""
    with mpmath.workdps(120):
        wanted = fraction(mpmath.mpf(truth(*map(mpmath.mpf, args))))
    with precision(300):
        ball = OPERATIONS[op].ball(*map(arb, args))
        assert ball.is_finite()
        off = abs(exact_fraction(ball) - wanted)
    assert off <= max(abs(wanted), Fraction(1)) * Fraction(1, 10**80)


@pytest.mark.parametrize(("op", "args", "truth"), REAL, ids=ids(REAL))
def test_wide_balls_hold_the_truth(op, args, truth):
    """The enclosure over an interval holds the values inside it, or admits that it knows none."""
    with precision(80):
        wide = [arb(a, 1e-3) for a in args]
        if op in {"besselj", "besseli", "bessely", "besselk", "polygamma", "pow"}:
            wide = [arb(args[0]), wide[-1]] if op != "pow" else [wide[0], arb(args[1])]
        ball = OPERATIONS[op].ball(*wide)
        exact = OPERATIONS[op].ball(*map(arb, args))
        assert not ball.is_finite() or ball.overlaps(exact)
        inside = [arb(a) + arb(5) / 10_000 for a in args]
        if wide[0].is_exact():
            inside[0] = arb(args[0])
        if op == "pow":
            inside[1] = arb(args[1])
        value = OPERATIONS[op].ball(*inside)
        assert not ball.is_finite() or not value.is_finite() or ball.overlaps(value)


@pytest.mark.parametrize(("op", "args", "truth"), REAL, ids=ids(REAL))
def test_doubles_are_the_same_function(op, args, truth):
    """NumPy's function gives the same number to a few ulps, also on arrays."""
    builder = Builder(len(args))
    line = builder.op(op, *(builder.var(i) for i in range(len(args))))
    program = builder.finish([line])
    value = float(truth(*map(mpmath.mpf, args)))
    (one,) = compile_program(program)(list(map(np.float64, args)))
    (many,) = compile_program(program)([np.full((2, 3), a) for a in args])
    assert one == pytest.approx(value, rel=4e-15, abs=0)
    assert np.shape(many) == (2, 3)
    assert np.all(many == many[0, 0])


@pytest.mark.parametrize(("op", "args"), UNDEFINED, ids=ids(UNDEFINED))
def test_undefined_is_not_finite(op, args):
    """Where the function has no real value, its ball isn't finite, and a Formula names it."""
    with precision(100):
        assert not OPERATIONS[op].ball(*map(arb, args)).is_finite()


@pytest.mark.parametrize(("op", "args"), ROUGH, ids=ids(ROUGH))
def test_rough_places_are_not_smooth(op, args):
    """At kinks, jumps, cuts and edges the operation's own test denies smoothness, near them too."""
    smooth = OPERATIONS[op].smooth
    assert smooth is not None
    with precision(100):
        assert not smooth(*map(arb, args))
        assert not smooth(*(arb(a, 1e-9) for a in args))


@pytest.mark.parametrize(("op", "args", "truth"), REAL, ids=ids(REAL))
def test_regular_places_are_smooth(op, args, truth):
    """Away from those the test proves smoothness."""
    smooth = OPERATIONS[op].smooth
    if smooth is None or (op, args) in ROUGH or 0.0 in args or args == (0.7, 0.7):
        return
    if op == "pow" and args[0] < 0:
        return  # whole exponents need no test, see certify.guards
    with precision(100):
        assert smooth(*map(arb, args))


def test_truth_values():
    """Comparisons and their combinations are three-valued: True, False, or not proven."""
    one, two, about = arb(1), arb(2), arb(1, 0.5)
    table = [
        ("lt", (one, two), True), ("lt", (two, one), False), ("lt", (one, one), False),
        ("lt", (one, about), None), ("le", (one, one), True), ("le", (two, one), False),
        ("le", (one, about), None), ("eq", (one, one), True), ("eq", (one, two), False),
        ("eq", (one, about), None), ("eq", (about, about), None), ("ne", (one, one), False),
        ("ne", (one, two), True), ("ne", (one, about), None), ("not", (True,), False),
        ("not", (False,), True), ("not", (None,), None), ("and", (True, True), True),
        ("and", (False, None), False), ("and", (None, False), False), ("and", (True, None), None),
        ("and", (None, True), None), ("or", (False, False), False), ("or", (True, None), True),
        ("or", (None, True), True), ("or", (False, None), None), ("or", (None, False), None),
    ]  # fmt: skip
    for op, args, wanted in table:
        assert OPERATIONS[op].ball(*args) is wanted, (op, args)
        assert OPERATIONS[op].boolean


def test_where_holds_both_branches():
    """A condition that isn't proven gives the hull of both branches."""
    ball = OPERATIONS["where"].ball
    assert ball(True, arb(1), arb(5)) == 1
    assert ball(False, arb(1), arb(5)) == 5
    hull = ball(None, arb(1), arb(5))
    assert hull.contains(1)
    assert hull.contains(5)


def test_step_holds_both_sides():
    """A tie that isn't proven gives everything from 0 to 1."""
    hull = OPERATIONS["step"].ball(arb(1, 0.5), arb(1))
    assert hull.contains(0)
    assert hull.contains(1)
    assert not OPERATIONS["step"].ball(arb.nan(), arb(1)).is_finite()
    assert not OPERATIONS["sign"].ball(arb.nan()).is_finite()


COMPLEX = [row for row in REAL if OPERATIONS[row[0]].acb is not None and 0.0 not in row[1]]


@pytest.mark.parametrize(("op", "args", "truth"), COMPLEX, ids=ids(COMPLEX))
def test_the_continuation_continues(op, args, truth):
    """At real arguments, and next to them, the complex function is the real one."""
    with precision(300):
        real = OPERATIONS[op].ball(*map(arb, args))
        lifted = list(args[:-1])
        if op in {"besselj", "besseli", "bessely", "besselk", "polygamma"}:
            moved = [arb(a) for a in lifted] + [acb(args[-1], 0)]
        else:
            moved = [acb(a, 0) for a in args]
        assert OPERATIONS[op].acb(*moved).real.overlaps(real)


@pytest.mark.parametrize(("op", "args", "truth"), COMPLEX, ids=ids(COMPLEX))
def test_complex_doubles(op, args, truth):
    """The complex NumPy function has the derivative in its imaginary part, like the balls."""
    if op == "polygamma":
        return  # SciPy has none: NaN
    builder = Builder(len(args))
    line = builder.op(op, *(builder.var(i) for i in range(len(args))))
    compiled = compile_program(builder.finish([line]), complex_step=True)
    h = 2.0**-30
    last = len(args) - 1
    values = [np.float64(a) for a in args[:last]] + [np.complex128(complex(args[last], h))]
    (found,) = compiled(values)
    with precision(300):
        moved = [arb(a) for a in args[:last]] + [acb(args[last], h)]
        ball = OPERATIONS[op].acb(*moved)
        slope = float(ball.imag) / h
    assert np.isfinite(found)
    assert np.imag(found) / h == pytest.approx(slope, rel=1e-5, abs=1e-13)
    assert np.real(found) == pytest.approx(float(ball.real), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("y", [-2.0, -1.0, 0.5, 2.0])
@pytest.mark.parametrize("x", [-1.5, 1.5, -0.25, 0.25])
def test_atan2_next_to_the_real_line(x, y):
    """In every quadrant both continuations of atan2 keep all digits of the slope."""
    found = Formula("atan2(y, x)", ["y", "x"])
    slope = found.gradient().exact([y, x]).hi
    h = 1e-100
    compiled = found.compiled(complex_step=True)
    for place, point in enumerate(([complex(y, h), x], [y, complex(x, h)])):
        (value,) = compiled([np.asarray(p) for p in point])
        assert np.imag(value) / h == pytest.approx(slope[place], rel=1e-15, abs=0)
        assert np.real(value) == pytest.approx(math.atan2(y, x), rel=1e-15, abs=0)
        with precision(600):
            ball = OPERATIONS["atan2"].acb(*(acb(np.real(p), np.imag(p)) for p in point))
            assert float(ball.imag) / h == pytest.approx(slope[place], rel=1e-15, abs=0)
            assert float(ball.real) == pytest.approx(math.atan2(y, x), rel=1e-15, abs=0)


def test_nonanalytic_operations():
    """The complex step is not valid through kinks, jumps and choices, and through nothing else."""
    wanted = {"abs", "sign", "floor", "ceil", "max", "min", "step", "where", "lt", "le", "eq", "ne"}
    assert wanted == NONANALYTIC


def test_the_table():
    """Rows are complete: a name, an arity, a ball, and a place in NumPy or SciPy."""
    for name, row in OPERATIONS.items():
        assert row.name == name
        assert row.arity in {1, 2, 3}
        assert row.numpy
        assert callable(row.ball)
    assert [str(status) for status in Status] == [
        "certified", "zero", "kink", "jump", "pole", "edge", "removable", "undefined", "undecided"
    ]  # fmt: skip
