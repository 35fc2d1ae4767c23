"""Points outside a formula's domain, proven by balls."""

import time

import pytest

from symnum.formula.balls import BallProgram, precision
from symnum.formula.certify import rational_constants
from symnum.formula.formula import Formula
from symnum.formula.outside import is_outside
from symnum.formula.status import Status


def _outside(text: str, point: float) -> bool:
    program = Formula(text, ["x"]).program
    with precision(256):
        (root,) = program.outputs
        balls = BallProgram(program, [root])
        return is_outside(program, root, balls, [point], rational_constants(program))


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("log(-exp(x))", 1.0),
        ("log2(x)", -1.0),
        ("log10(x)", -1.0),
        ("log1p(x)", -2.0),
        ("sqrt(x)", -5e-324),
        ("asin(x)", 1.0000000000000002),
        ("acos(x)", -2.0),
        ("atanh(x)", 3.0),
        ("acosh(x)", 0.5),
        ("loggamma(x)", -1.5),
        ("(x-2)**(1/3)", 1.0),
        ("0*log(x)", -1.0),
        ("where(x < 0, log(x), 0)", -1.0),
    ],
)
def test_what_is_undefined_around_a_point_is_proven(text, point):
    """Both the formula and its derivative are undefined there."""
    assert _outside(text, point)
    formula = Formula(text, ["x"])
    assert formula.exact(point).status == Status.UNDEFINED
    assert formula.derivative().exact(point).status == Status.UNDEFINED


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("log(x)", 0.0),
        ("log(x)", 1.0),
        ("sqrt(x)", 0.0),
        ("asin(x)", 1.0),
        ("acosh(x)", 1.0),
        ("where(x > 0, log(x), 0)", -1.0),
        ("where(x > 0, log(x), 0)", 0.0),
        ("(x-2)**3", 1.0),
        ("(x-2)**(-2)", 1.0),
        ("1/x", 0.0),
    ],
)
def test_nothing_is_claimed_at_the_end_of_a_domain_or_inside(text, point):
    """The series decide these."""
    assert not _outside(text, point)


def test_a_nested_function_is_undefined_without_series():
    """A sampled box has many points outside the domain."""
    # One-sided series of four nested functions take seconds; this many points took a minute.
    formula = Formula("log(expm1(sin(expm1(exp(x-y)))))", ["x", "y"]).gradient()
    points = [[0.7 + k / 64, 0.1] for k in range(40)]
    started = time.perf_counter()
    exact = formula.exact(points)
    assert time.perf_counter() - started < 5
    assert (exact.status == Status.UNDEFINED).any()
    assert (exact.status == Status.CERTIFIED).any()
