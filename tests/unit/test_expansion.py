"""One-sided series: Taylor coefficients, singular expansions, and what is not known."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb

from symnum import Formula
from symnum.formula.balls import exact_fraction, precision
from symnum.formula.expansion import INFINITY, Expander, Outside, Ramify, Series, expand
from symnum.formula.numbers import Field, Undecided
from symnum.formula.operations import OPERATIONS
from symnum.formula.taylor import taylor
from tests.truth import fraction

TAYLOR = [
    ("sqrt", (), 2.25, mpmath.sqrt),
    ("exp", (), -0.5, mpmath.exp),
    ("expm1", (), 0.5, mpmath.expm1),
    ("log", (), 0.5, mpmath.log),
    ("log1p", (), 0.5, mpmath.log1p),
    ("log2", (), 0.5, lambda x: mpmath.log(x, 2)),
    ("log10", (), 0.5, mpmath.log10),
    ("sin", (), 0.5, mpmath.sin),
    ("cos", (), 0.5, mpmath.cos),
    ("tan", (), 0.5, mpmath.tan),
    ("asin", (), 0.5, mpmath.asin),
    ("acos", (), 0.5, mpmath.acos),
    ("atan", (), 0.5, mpmath.atan),
    ("sinh", (), 0.5, mpmath.sinh),
    ("cosh", (), 0.5, mpmath.cosh),
    ("tanh", (), 0.5, mpmath.tanh),
    ("asinh", (), 0.5, mpmath.asinh),
    ("acosh", (), 1.5, mpmath.acosh),
    ("atanh", (), 0.5, mpmath.atanh),
    ("erf", (), 0.5, mpmath.erf),
    ("erfc", (), 0.5, mpmath.erfc),
    ("gamma", (), 1.5, mpmath.gamma),
    ("loggamma", (), 1.5, mpmath.loggamma),
    ("digamma", (), 1.5, mpmath.digamma),
    ("polygamma", (2,), 1.5, lambda x: mpmath.polygamma(2, x)),
    ("besselj", (0,), 0.5, lambda x: mpmath.besselj(0, x)),
    ("besselj", (2,), 0.5, lambda x: mpmath.besselj(2, x)),
    ("bessely", (1,), 0.5, lambda x: mpmath.bessely(1, x)),
    ("besseli", (1,), 0.5, lambda x: mpmath.besseli(1, x)),
    ("besselk", (0,), 0.5, lambda x: mpmath.besselk(0, x)),
    ("expit", (), 0.5, lambda x: 1 / (1 + mpmath.exp(-x))),
    ("softplus", (), 0.5, lambda x: mpmath.log(1 + mpmath.exp(x))),
]


def check_taylor(op, order, center, truth, terms=6):
    """Assert that an operation's Taylor coefficients are those of mpmath."""
    with mpmath.workdps(60):
        x = mpmath.mpf(center)
        if op == "bessely":  # mpmath's own differences need seconds
            values = [mpmath.bessely(*order, x, k) / math.factorial(k) for k in range(terms)]
        else:
            values = mpmath.taylor(truth, x, terms - 1)
        wanted = [fraction(value.real) for value in values]
    with precision(256):
        field = Field(None)
        args = [field.rational(Fraction(x)) for x in (*order, center)]
        found = taylor(field, op, args, terms)
        assert len(found) == terms
        for number, value in zip(found, wanted, strict=True):
            assert abs(exact_fraction(number.ball) - value) <= (abs(value) + 1) * Fraction(
                1, 10**20
            )


@pytest.mark.parametrize(
    ("op", "order", "center", "truth"), TAYLOR, ids=[f"{row[0]}{row[1]}" for row in TAYLOR]
)
def test_taylor_coefficients(op, order, center, truth):
    """The first Taylor coefficients of every elementary function are mpmath's."""
    check_taylor(op, order, center, truth, 3 if op == "besselk" else 6)


def test_every_smooth_function_has_coefficients():
    """No row of the table of operations is left out: here, or by rules of their own."""
    arithmetic = {"add", "sub", "mul", "div", "neg", "pow", "cbrt", "atan2", "hypot", "logaddexp"}
    choices = {"abs", "sign", "floor", "ceil", "max", "min", "step", "where"}
    named = {row[0] for row in TAYLOR} | arithmetic | choices
    assert {name for name, row in OPERATIONS.items() if not row.boolean} == named


def test_values_at_multiples_of_pi_are_rational():
    """sin and cos at whole and half multiples of pi are 0, 1 or -1, proven."""
    with precision(128):
        field = Field(None)
        pi = field.constant("pi", arb.pi())
        for k in range(-5, 6):
            place = pi * field.rational(Fraction(k, 2))
            sine, slope = (number.fraction for number in taylor(field, "sin", [place], 2))
            assert sine == (0, 1, 0, -1)[k % 4]
            assert slope == (1, 0, -1, 0)[k % 4]
            assert taylor(field, "cos", [place], 1)[0].fraction == (1, 0, -1, 0)[k % 4]
        third = taylor(field, "sin", [pi * field.rational(Fraction(1, 3))], 1)[0]
        assert third.fraction is None


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("digamma", (-1,)),
        ("polygamma", (1, 0)),
        ("polygamma", (Fraction(1, 2), 1)),
        ("bessely", (0, 0)),
        ("besselk", (1, -1)),
        ("besselj", (Fraction(1, 2), 0)),
        ("log", (0,)),
        ("gamma", (-2,)),
    ],
)
def test_no_coefficients_at_singular_points(op, args):
    """Where a function is not analytic, no coefficient is given."""
    with precision(128):
        field = Field(None)
        with pytest.raises(Undecided):
            taylor(field, op, [field.rational(Fraction(a)) for a in args], 3)


def series(text, side=1, terms=6, point=0.0):
    """Expand a formula of x beside a point; return the ramification and the series."""
    program = Formula(text, ["x"]).program
    field = Field(None)
    ramification, (value,) = expand(
        program, program.outputs, [Fraction(point)], 0, side, field, terms
    )
    if isinstance(value, Exception):
        raise value
    return ramification, value


def coefficients(text, count, side=1, point=0.0, first=0):
    """Return some coefficients of powers of t = |x - point| as floats."""
    with precision(256):
        ramification, value = series(text, side, max(6, count), point)
        field = Field(None)
        return [
            float(value.coefficient(field, k * ramification).ball)
            for k in range(first, first + count)
        ]


EULER = 0.5772156649015329

# formula, side, first exponent, coefficients
EXPANSIONS = [
    ("sin(x)/x", 1, -1, [0, 1, 0, -1 / 6, 0, 1 / 120]),
    ("1/x + x", 1, -1, [1, 0, 1]),
    ("1/x + x", -1, -1, [-1, 0, -1]),
    ("1/x**3", -1, -4, [0, -1, 0]),
    ("abs(x)*(2 + x)", -1, 0, [0, 2, -1]),
    ("abs(x)*(2 + x)", 1, 0, [0, 2, 1]),
    ("exp(x)*cos(x)", 1, 0, [1, 1, 0, -1 / 3, -1 / 6]),
    ("1/(1 - x)", 1, 0, [1, 1, 1, 1, 1]),
    ("sqrt(1 + x)", -1, 0, [1, -0.5, -0.125, -0.0625]),
    ("cbrt(8 + x)", 1, 0, [2, 1 / 12, -1 / 288]),
    ("cbrt(-8 - x)", 1, 0, [-2, -1 / 12, 1 / 288]),
    ("(1 + x)**-2", 1, 0, [1, -2, 3, -4]),
    ("(1 + x)**100", 1, 0, [1, 100, 4950]),
    ("x**2.5/x**1.5", 1, 0, [0, 1, 0]),
    ("tan(x)", 1, 0, [0, 1, 0, 1 / 3, 0, 2 / 15]),
    ("1/tan(x)", 1, -1, [1, 0, -1 / 3, 0, -1 / 45]),
    ("log(1 + x)/x", 1, 0, [1, -1 / 2, 1 / 3]),
    ("log1p(x) - log(1 + x)", 1, 0, [0, 0, 0]),
    ("gamma(x)", 1, -1, [1, -EULER]),
    ("gamma(x - 1)", 1, -1, [-1, EULER - 1]),
    ("digamma(x)", 1, -1, [-1, -EULER, math.pi**2 / 6]),
    ("polygamma(1, x)", 1, -2, [1, 0, math.pi**2 / 6]),
    ("loggamma(1 + x)", 1, 0, [0, -EULER, math.pi**2 / 12]),
    ("asin(x)", 1, 0, [0, 1, 0, 1 / 6]),
    ("acos(1 - x**2)", 1, 0, [0, math.sqrt(2), 0]),
    ("asin(1 - x**2)", 1, 0, [math.pi / 2, -math.sqrt(2), 0]),
    ("acos(x**2 - 1)", 1, 0, [math.pi, -math.sqrt(2), 0]),
    ("asin(x**2 - 1)", 1, 0, [-math.pi / 2, math.sqrt(2), 0]),
    ("acosh(1 + x**2)", 1, 0, [0, math.sqrt(2), 0]),
    ("atan(1/x)", 1, 0, [math.pi / 2, -1, 0, 1 / 3]),
    ("atan(1/x)", -1, 0, [-math.pi / 2, 1, 0, -1 / 3]),
    ("tanh(1/x)", -1, 0, [-1, 0, 0]),
    ("erf(1/x)", 1, 0, [1, 0, 0]),
    ("erfc(1/x)", -1, 0, [2, 0, 0]),
    ("expit(1/x)", 1, 0, [1, 0, 0]),
    ("expit(1/x)", -1, 0, [0, 0, 0]),
    ("softplus(1/x)", 1, -1, [1, 0, 0]),
    ("softplus(1/x)", -1, -1, [0, 0, 0]),
    ("logaddexp(x, -x)", 1, 0, [math.log(2), 0, 0.5]),
    ("exp(-1/x)", 1, 0, [0, 0, 0]),
    ("exp(-1/x**2) + 2*x", 1, 0, [0, 2, 0]),
    ("sinh(x)/x", 1, 0, [1, 0, 1 / 6]),
    ("cosh(x)", 1, 0, [1, 0, 1 / 2]),
    ("expm1(x)", 1, 0, [0, 1, 1 / 2]),
    ("hypot(x, 2*x)", -1, 0, [0, math.sqrt(5), 0]),
    ("atan2(x, x)", 1, 0, [math.pi / 4, 0, 0]),
    ("atan2(x, x)", -1, 0, [-3 * math.pi / 4, 0, 0]),
    ("atan2(x, -x)", 1, 0, [3 * math.pi / 4, 0, 0]),
    ("atan2(x, 0)", -1, 0, [-math.pi / 2, 0, 0]),
    ("atan2(0*x, -x)", 1, 0, [math.pi, 0, 0]),
    ("max(x, x**2)", 1, 0, [0, 1, 0]),
    ("max(x, x**2)", -1, 0, [0, 0, 1]),
    ("min(x, x**2)", 1, 0, [0, 0, 1]),
    ("floor(x)", -1, 0, [-1, 0, 0]),
    ("floor(x)", 1, 0, [0, 0, 0]),
    ("ceil(x)", 1, 0, [1, 0, 0]),
    ("floor(pi + x)", -1, 0, [3, 0, 0]),
    ("sign(x**3)", -1, 0, [-1, 0, 0]),
    ("where(x < 0, 1, 2)", -1, 0, [1, 0, 0]),
    ("where(x <= 0, 1, 2)", 1, 0, [2, 0, 0]),
    ("where(x == 0, 1, 2)", 1, 0, [2, 0, 0]),
    ("where(x != 0 and not x < 0, 1, 2)", 1, 0, [1, 0, 0]),
    ("where(x < 0 or x > 1, 1, 2)", 1, 0, [2, 0, 0]),
    ("where(x > 0 or x > 1, 1, 2)", 1, 0, [1, 0, 0]),
    ("where(x > 0 and x > 1, 1, 2)", 1, 0, [2, 0, 0]),
    ("asinh(x)", 1, 0, [0, 1, 0, -1 / 6]),
    ("x*asinh(1/x)", -1, 0, [0]),
    ("x*acosh(1/x)", 1, 0, [0]),
    ("log2(2 + x)", 1, 0, [1, 0.5 / math.log(2)]),
    ("log10(10 + x)", 1, 0, [1, 0.1 / math.log(10)]),
    ("besselj(1, x)/x", -1, 0, [-0.5 * -1, 0, -1 / 16]),
]


@pytest.mark.parametrize(("text", "side", "first", "wanted"), EXPANSIONS)
def test_expansions(text, side, first, wanted):
    """Coefficients of t^k, t being the distance from 0 on the given side."""
    found = coefficients(text, len(wanted), side, 0.0, first)
    assert found == pytest.approx(wanted, rel=1e-14, abs=1e-30)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("log(x)", -1),
        ("sqrt(x)", -1),
        ("x**0.5", -1),
        ("x**pi", -1),
        ("asin(1 + x)", 1),
        ("acos(1 + x)", 1),
        ("acosh(1 + x)", -1),
        ("acosh(0.5 + x)", 1),
        ("asin(1.5 + x)", -1),
        ("acos(-1.5 + x)", 1),
        ("atanh(1 + x)", 1),
        ("atanh(2 + x)", 1),
        ("loggamma(x - 1)", 1),
        ("sqrt(-1 - x)", 1),
        ("1/(x - x)", 1),
        ("atan2(x - x, x - x)", 1),
        ("log(-exp(1/x))", 1),
        ("sqrt(-exp(1/x))", 1),
        ("(-exp(1/x))**0.3", 1),
    ],
)
def test_outside_the_domain(text, side):
    """On a side where the formula is undefined, the expansion says so."""
    with precision(256), pytest.raises(Outside):
        series(text, side)


@pytest.mark.parametrize("text", ["sin(1/x)", "log(x)", "exp(1/x) - exp(2/x)", "gamma(1/x)"])
def test_unknown_coefficients_are_not_given(text):
    """A coefficient that isn't proven is `Undecided`, never a number."""
    with precision(256):
        try:
            _, value = series(text)
        except Undecided:
            return
        with pytest.raises(Undecided):
            value.coefficient(Field(None), 0)


def test_a_vanishing_oscillation():
    """x² sin(1/x) is O(t²): its value and slope are 0, its second coefficient unknown."""
    with precision(256):
        ramification, value = series("x**2*sin(1/x)")
        field = Field(None)
        assert value.coefficient(field, 0).fraction == 0
        assert value.coefficient(field, ramification).fraction == 0
        with pytest.raises(Undecided):
            value.coefficient(field, 2 * ramification)


def test_ramification():
    """Roots ask for fractional powers: x^(1/2) x^(1/3) needs sixths."""
    with precision(256):
        ramification, value = series("x**0.5*cbrt(x)")
        first = value.leading()
    assert ramification % 6 == 0
    assert first is not None
    assert Fraction(first[0], ramification) == Fraction(5, 6)
    assert first[1].fraction == 1
    assert Ramify(6).factor == 6


def test_too_much_ramification_is_undecided():
    """Beyond 64th roots nothing is claimed."""
    with precision(128), pytest.raises(Undecided):
        series("x**0.0078125")


def test_growth_beyond_powers():
    """exp(1/x) outgrows every power, exp(-1/x) vanishes faster: no product is guessed."""
    with precision(128):
        _, grown = series("exp(1/x)*x**9")
        assert grown.huge == 1
        _, negative = series("-exp(1/x)/x**9")
        assert negative.huge == -1
        for given in (grown, negative):
            with pytest.raises(Undecided):
                given.leading()
            with pytest.raises(Undecided):
                given.coefficient(Field(None), 0)
            assert given.sign() == given.huge
        _, cubed = series("(-exp(1/x))**3")
        assert cubed.huge == -1
        _, squared = series("(-exp(1/x))**2")
        assert squared.huge == 1
        _, inverted = series("(-exp(1/x))**-2")
        assert inverted.flat
        _, small = series("exp(-1/x)/x**9")
        assert small.flat
        _, product = series("0*exp(1/x)")
        assert product.leading() is None


def test_logarithms_diverge_slower_than_powers():
    """x log x tends to 0, log x to -infinity, log x / x is unbounded."""
    with precision(128):
        ramification, value = series("x*log(x)")
        assert value.coefficient(Field(None), 0).fraction == 0
        _, power = series("x**x")
        assert power.coefficient(Field(None), 0).fraction == 1
        _, diverging = series("3*log(x) + 5")
        assert diverging.diverges == -1
        _, with_pole = series("1/x + x + x**2 + log(x)")
        assert with_pole.diverges == 0
        _, without = series("x + x**2 + x**3 + log(x)")
        assert without.diverges == -1
        for text, sign in (("acosh(1/x)", 1), ("asinh(-1/x)", -1), ("-acosh(1/x)", -1)):
            assert series(text)[1].diverges == sign
        _, other = series("-log(x)")
        assert other.diverges == 1
        _, doubtful = series("log(x) - log(2*x)")
        assert doubtful.diverges == 0
    assert ramification >= 4


def test_series_arithmetic():
    """Sums, products and quotients of known series keep track of what is unknown."""
    with precision(128):
        field = Field(None)
        expander = Expander(field, 1, 6)
        one = expander.rational(1)
        t = Series(1, (field.rational(1),))
        unknown = Series(0, (), order=3)
        total = expander.add(expander.add(one, t), unknown)
        assert total.order == 3
        assert [c.fraction for c in total.coefficients] == [1, 1]
        product = expander.mul(total, t)
        assert product.order == 4
        assert product.low == 1
        quotient = expander.inverse(total)
        assert [c.fraction for c in quotient.coefficients] == [1, -1, 1]
        assert quotient.order == 3
        beside = expander.inverse(Series(1, (field.rational(2), field.rational(4)), order=4))
        assert beside.low == -1
        assert [c.fraction for c in beside.coefficients] == [Fraction(1, 2), -1, 2]
        assert beside.order == 2
        difference = expander.trim(expander.sub(total, total))
        assert difference.order == 3
        with pytest.raises(Undecided):
            difference.leading()
        assert expander.mul(expander.rational(0), unknown).order == INFINITY
        squared = expander.power(expander.add(one, t), Fraction(-1, 2))
        assert [c.fraction for c in squared.coefficients[:3]] == [
            1,
            Fraction(-1, 2),
            Fraction(3, 8),
        ]


def test_lines_that_stand_still_are_expanded_once(monkeypatch):
    """At a point where all variables meet, each direction expands the lines that it moves."""
    n = 8
    names = [f"x{i}" for i in range(n)]
    pairs = [f"abs({a} - {b})" for i, a in enumerate(names) for b in names[:i]]
    gradient = Formula(" + ".join(pairs), names).gradient()
    applied = []
    apply = Expander._apply
    monkeypatch.setattr(
        Expander, "_apply", lambda self, op, args: applied.append(op) or apply(self, op, args)
    )
    exact = gradient.exact(np.ones(n))
    assert set(exact.status.tolist()) == {"kink"}
    np.testing.assert_array_equal(exact.right, np.full(n, n - 1.0))
    np.testing.assert_array_equal(exact.left, np.full(n, 1.0 - n))
    # Once each at the point; then on two sides the n - 1 pairs of each variable, and sums of them.
    assert applied.count("abs") == len(pairs) + 2 * n * (n - 1)
