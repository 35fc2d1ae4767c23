"""Properties of every scheme: moments, exactness on polynomials, error theory, text form."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from math import factorial

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from symnum.differences.schemes import (
    SCHEMES,
    Scheme,
    backward,
    central,
    complex_step,
    forward,
    parse_scheme,
    richardson,
)
from symnum.errors import UsageError

rationals = st.fractions(min_value=-8, max_value=8, max_denominator=16)
steps = st.floats(min_value=5e-324, allow_infinity=False, allow_nan=False)


@st.composite
def real_schemes(draw: st.DrawFn) -> Scheme:
    """Any scheme on real offsets, not too wide."""
    make = draw(st.sampled_from([central, forward, backward, richardson]))
    accuracy = draw(st.integers(1, 6))
    if make in (central, richardson):
        accuracy *= 2
    return make(accuracy, draw(st.integers(1, 6)), h=draw(st.none() | steps))


def derivative(polynomial: list[Fraction], derivative_order: int) -> list[Fraction]:
    """Return the coefficients of a derivative, lowest degree first."""
    for _ in range(derivative_order):
        polynomial = [k * a for k, a in enumerate(polynomial)][1:]
    return polynomial


def value(polynomial: list[Fraction], x: Fraction) -> Fraction:
    """Evaluate a polynomial exactly."""
    return sum((a * x**k for k, a in enumerate(polynomial)), Fraction(0))


def apply(scheme: Scheme, polynomial: list[Fraction], x: Fraction, h: Fraction) -> Fraction:
    """Apply a scheme to a polynomial in exact arithmetic."""
    pairs = zip(scheme.offsets, scheme.weights, strict=True)
    return sum(w * value(polynomial, x + c * h) for c, w in pairs) / h**scheme.derivative_order


@given(real_schemes())
def test_moment_equations_hold_exactly(scheme):
    """Every moment below derivative order + accuracy is q! or 0; the next one is not 0."""
    q, p = scheme.derivative_order, scheme.accuracy
    pairs = list(zip(scheme.offsets, scheme.weights, strict=True))
    moments = [sum(w * c**k for c, w in pairs) for k in range(q + p + 1)]
    assert moments[:-1] == [factorial(q) if k == q else 0 for k in range(q + p)]
    assert moments[-1] != 0


@given(real_schemes(), st.data())
def test_exact_on_polynomials_of_its_degree(scheme, data):
    """A scheme differentiates a polynomial up to its exact degree without any error."""
    size = scheme.exact_degree + 1
    polynomial = data.draw(st.lists(rationals, min_size=size, max_size=size))
    x, h = data.draw(rationals), data.draw(rationals.filter(lambda h: h > 0))
    exact = value(derivative(polynomial, scheme.derivative_order), x)
    assert apply(scheme, polynomial, x, h) == exact


@given(real_schemes(), st.integers(0, 5), rationals.filter(lambda h: h > 0))
def test_truncation_coefficients_are_those_of_monomials(scheme, extra, h):
    """On t^(q+m) at 0, all a scheme gives is its coefficient times (q+m)! h^m."""
    m = scheme.accuracy + extra
    degree = scheme.derivative_order + m
    monomial = [Fraction(0)] * degree + [Fraction(1)]
    expected = scheme.truncation_coefficient(m) * factorial(degree) * h**m
    assert apply(scheme, monomial, Fraction(0), h) == expected
    if extra == 0:
        assert scheme.truncation_constant == scheme.truncation_coefficient(m)


@given(st.lists(rationals, min_size=1, max_size=9), rationals, rationals.filter(lambda h: h > 0))
def test_complex_step_coefficients_are_those_of_polynomials(polynomial, x, h):
    """Im p(x + ih) / h is the sum of the complex step's coefficients times p^(1+m)(x) h^m."""
    real, imaginary = Fraction(0), Fraction(0)
    for a in reversed(polynomial):  # Horner's rule in exact complex arithmetic
        real, imaginary = real * x - imaginary * h + a, real * h + imaginary * x
    scheme = complex_step()
    expected = sum(
        scheme.truncation_coefficient(m) * value(derivative(polynomial, 1 + m), x) * h**m
        for m in range(len(polynomial))
    )
    assert imaginary / h == expected


@given(real_schemes())
def test_integer_weights_are_the_weights(scheme):
    """Numerators over the denominator are the weights, and nothing divides them all."""
    expected = tuple(Fraction(n, scheme.denominator) for n in scheme.numerators)
    assert scheme.weights == expected
    squares = sum(w * w for w in scheme.weights)
    assert scheme.noise_gain**2 >= squares
    assert math.isclose(scheme.noise_gain_2**2, squares, rel_tol=1e-15)
    assert scheme.reach == max(-scheme.offsets[0], scheme.offsets[-1])


@given(real_schemes())
def test_symmetric_stencils_have_symmetric_weights(scheme):
    """Central and Richardson weights mirror with the sign of the derivative order's parity."""
    assume(scheme.name in ("central", "richardson"))
    sign = (-1) ** scheme.derivative_order
    assert scheme.weights == tuple(sign * w for w in reversed(scheme.weights))


@given(real_schemes(), st.data())
def test_a_perturbed_weight_is_found(scheme, data):
    """Planted: change one weight by any rational and the scheme can't be built."""
    index = data.draw(st.integers(0, len(scheme.weights) - 1))
    change = data.draw(rationals.filter(bool))
    weights = list(scheme.weights)
    weights[index] += change
    with pytest.raises(UsageError):
        dataclasses.replace(scheme, weights=tuple(weights))


@given(real_schemes() | steps.map(lambda h: complex_step(h=h)))
def test_label_round_trip(scheme):
    """A scheme's label reads back as the same scheme."""
    assert parse_scheme(scheme.label, scheme.derivative_order) == scheme


@given(
    st.text()
    | st.tuples(st.sampled_from(SCHEMES), st.sampled_from(":@"), st.text()).map("".join)
    | st.from_regex(r"(central|forward|complex)(:[0-9.e+-]*)?(@[0-9.e+-]*)?", fullmatch=True)
)
def test_text_gives_a_scheme_or_a_usage_error(text):
    """Any text at all is a scheme or a UsageError that can be printed."""
    try:
        scheme = parse_scheme(text)
    except UsageError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 400
    else:
        assert parse_scheme(scheme.label) == scheme
