"""Scaling f, x and h by powers of two, short of overflow, scales every number."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from symnum import Formula, sweep
from symnum.differences.schemes import backward, central, forward
from tests.truth import formulas, points

exponents = st.integers(-150, 150)
SCHEMES = [central(2), central(4), forward(1), backward(2), central(2, 2)]

# Singular at 0: their statuses must not depend on the units either.
SINGULAR = [
    "abs(x)",
    "x*abs(x)",
    "max(x, 0)",
    "1/x",
    "sqrt(x)",
    "x**1.5",
    "log(x)",
    "sign(x)",
    "sin(x)/x",
    "cbrt(x)",
    "where(x < 0, -x, 2*x)",
    "log(-1 - x**2)",
    "x**2",
]


def scaled(text: str, a: int, b: int) -> Formula:
    """Return 2^a f(2^-b x)."""
    moved = re.sub(r"\bx\b", f"(x*{_power(-b)})", text)
    return Formula(f"{_power(a)}*({moved})", ["x"])


def _power(exponent: int) -> str:
    return f"2**{exponent}" if exponent >= 0 else f"2**({exponent})"


@settings(max_examples=50)
@given(formulas(), points, exponents, exponents, st.sampled_from(["", "x", "xx"]))
def test_certified_values(written, x, a, b, path):
    """hi, lo, radius and the status of value and derivatives."""
    plain, other = Formula(written.text, ["x"]), scaled(written.text, a, b)
    for name in path:
        plain, other = plain.derivative(name), other.derivative(name)
    factor = 2.0 ** (a - b * len(path))
    one, two = plain.exact(x), other.exact(x * 2.0**b)
    assert one.status == two.status
    assert two.hi == one.hi * factor
    assert abs(two.lo - one.lo * factor) <= two.radius + one.radius * factor


@settings(max_examples=60)
@given(st.sampled_from(SINGULAR), exponents, exponents, st.sampled_from(["", "x", "xx"]))
def test_singular_points(text, a, b, path):
    """Status and one-sided derivatives at singular points."""
    plain, other = Formula(text, ["x"]), scaled(text, a, b)
    for name in path:
        plain, other = plain.derivative(name), other.derivative(name)
    factor = 2.0 ** (a - b * len(path))
    one, two = plain.exact(0.0), other.exact(0.0)
    assert one.status == two.status
    for name in ("hi", "left", "right"):
        assert np.array_equal(getattr(two, name), getattr(one, name) * factor, equal_nan=True)


@settings(max_examples=40)
@given(
    formulas(),
    points,
    exponents,
    exponents,
    st.lists(st.floats(-30, 0).map(lambda e: 2.0**e), min_size=1, max_size=4),
    st.sampled_from(SCHEMES),
)
def test_sweeps(written, x, a, b, h, scheme):
    """Approximations, errors, their parts, best and predicted steps, and every status."""
    q = scheme.derivative_order
    one = sweep(Formula(written.text, ["x"]), x, scheme, h).runs[0]
    two = sweep(scaled(written.text, a, b), x * 2.0**b, scheme, [2.0**b * s for s in h]).runs[0]
    factor = 2.0 ** (a - b * q)
    assert np.array_equal(one.status, two.status)
    for name in ("approximation", "error", "truncation", "step_rounding", "evaluation"):
        assert_scaled(getattr(one, name), getattr(two, name), factor)
    for name, by in (
        ("arithmetic", factor),
        ("best_error", factor),
        ("predicted_error", factor),
        ("best_h", 2.0**b),
        ("predicted_h", 2.0**b),
        ("observed_order", 1.0),
        ("noise_ulps", 1.0),
    ):
        assert_scaled(getattr(one, name), getattr(two, name), by)


def assert_scaled(one, two, factor):
    """Equal up to the last bits: the balls differ, and a fit takes logarithms."""
    one, two = one.ravel() * factor, two.ravel()
    finite = np.isfinite(one)
    assert np.array_equal(one[~finite], two[~finite], equal_nan=True)
    scale = np.max(np.abs(one[finite]), initial=0.0)
    assert np.all(np.abs(two[finite] - one[finite]) <= np.abs(one[finite]) * 1e-8 + scale * 1e-20)
