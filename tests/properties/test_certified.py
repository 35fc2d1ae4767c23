"""Certified values of generated formulas are the correctly rounded truth."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from symnum import Formula
from tests.truth import by_sympy, certified, check_against_mpmath, check_contract, formulas, points

ONE, TWO = ("x",), ("x", "y")


@settings(max_examples=60)
@given(formulas(), points)
def test_value(written, x):
    """f itself is the double that mpmath's 60 digits round to."""
    check_against_mpmath(written, [x], "")


@settings(max_examples=80)
@given(formulas(), points)
def test_derivative(written, x):
    """The derivative is the double that SymPy's `diff` in mpmath's 60 digits rounds to."""
    check_against_mpmath(written, [x], "x")


@settings(max_examples=40)
@given(formulas(size=4), points)
def test_second_derivative(written, x):
    """So is the second derivative."""
    check_against_mpmath(written, [x], "xx")


@settings(max_examples=25)
@given(formulas(TWO, 5), points, points, st.sampled_from(["x", "y", "xy", "yx", "yy"]))
def test_partial_derivatives(written, x, y, path):
    """So are partial and mixed derivatives in two variables."""
    check_against_mpmath(written, [x, y], path, TWO)


@settings(max_examples=20)
@given(formulas(TWO, 5), points, points)
def test_mixed_derivatives_commute(written, x, y):
    """Where f is smooth, the order of differentiation doesn't matter."""
    one = certified(written, [x, y], "xy", TWO)
    other = certified(written, [x, y], "yx", TWO)
    assert (one.hi, one.lo, one.status) == (other.hi, other.lo, other.status)


@settings(max_examples=25)
@given(formulas(size=4), points, st.floats(1e-12, 1e-6))
def test_cancellation(written, x, tiny):
    """f(x + t) - f(x) keeps all its digits for tiny t, where doubles lose most of theirs."""
    shifted = written.text.replace("x", "z").replace("ezp", "exp")
    formula = Formula(f"({shifted.replace('z', '(x + t)')}) - ({written.text})", ["x", "t"])
    found = formula.exact([x, tiny])
    moved = by_sympy_at(written, Fraction(x) + Fraction(tiny)) - by_sympy_at(written, Fraction(x))
    assume(abs(moved) > Fraction(1, 10**40))
    assert found.status == "certified"
    assert found.hi == float(moved)


def by_sympy_at(written, x):
    """Return f at a rational."""
    return by_sympy(written, [x], "") if written.expression.free_symbols else Fraction(0)


@settings(max_examples=60)
@given(st.fractions(max_denominator=10**6), points)
def test_rationals_are_rounded_once(constant, x):
    """A formula of rationals is evaluated exactly and rounded once, ties to even."""
    truth = (Fraction(x) * constant - 3) / 7 + Fraction(x) ** 3
    found = Formula(f"(x*({constant}) - 3)/7 + x**3", ["x"]).exact(x)
    check_contract(found, truth)


@given(
    st.integers(2**52, 2**53 - 1),
    st.integers(-900, 900),
    st.sampled_from([-1, 1]),
    st.booleans(),
)
def test_ties_go_to_even(mantissa, exponent, sign, above):
    """Exactly halfway between two doubles the even one is returned; just off it, the nearer."""
    low = Fraction(mantissa) * Fraction(2) ** exponent
    tie = low + Fraction(2) ** (exponent - 1)
    formula = Formula("x + h", ["x", "h"])
    found = formula.exact([sign * float(low), sign * 2.0 ** (exponent - 1)])
    assert found.hi == sign * (float(low) if mantissa % 2 == 0 else float(low + 2 * (tie - low)))
    assert abs(found.lo) == 2.0 ** (exponent - 1)
    assert found.radius == 0.0
    off = Formula("x + h*(1 + s*exp(-t))", ["x", "h", "s", "t"])
    nearer = off.exact([float(low), 2.0 ** (exponent - 1), 1.0 if above else -1.0, 300.0])
    assert nearer.hi == (float(low + 2 * (tie - low)) if above else float(low))
    assert nearer.status == "certified"
