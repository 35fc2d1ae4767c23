"""The four parts of an error: each is what rational arithmetic says, and they add up."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from symnum import Formula, Scheme, sweep
from symnum.differences.approximate import node_values
from symnum.differences.schemes import backward, central, complex_step, forward, richardson
from tests.truth import PARTS, check_parts, check_sum, exact_parts, formulas, points

SCHEMES = [
    central(2),
    central(4),
    central(6),
    forward(1),
    forward(2),
    backward(1),
    backward(3),
    richardson(6),
    central(2, 2),
    central(4, 2),
    forward(1, 2),
    central(2, 3),
]
steps = st.floats(-40, 1).map(lambda e: 2.0**e) | st.sampled_from([2.0**-k for k in range(40)])


def numbers(run, k):
    """Return one entry of a run by name."""
    return {name: float(getattr(run, name)[0, 0, k]) for name in ("error", *PARTS, "radius")}


@settings(max_examples=60)
@given(formulas(), points, st.lists(steps, min_size=1, max_size=4), st.sampled_from(SCHEMES))
def test_parts_add_up(written, x, h, scheme):
    """On a smooth formula the parts sum to the error within `radius`, exactly and in float64."""
    run = sweep(Formula(written.text, ["x"]), x, scheme, h).runs[0]
    for k in range(len(h)):
        found = numbers(run, k)
        assert run.status[0, 0, k] == "certified"
        check_sum(found["error"], [found[name] for name in PARTS], found["radius"])


@settings(max_examples=40)
@given(formulas(size=4), points, steps, st.sampled_from(SCHEMES))
def test_each_part_is_right(written, x, h, scheme):
    """Each part is what mpmath's 100 digits and exact rationals say that it is."""
    formula = Formula(written.text, ["x"])
    run = sweep(formula, x, scheme, h).runs[0]
    columns = [np.array([x])]
    values = node_values(formula.compiled(), 1, columns, 0, scheme, np.array([h]))[0, :, 0]
    approximation = float(run.approximation[0, 0, 0])
    truth = exact_parts(written, x, h, scheme, values.tolist(), approximation)
    assert sum(truth[name] for name in PARTS) == truth["error"]
    check_parts(numbers(run, 0), truth)


@settings(max_examples=40)
@given(formulas(), points, st.lists(steps, min_size=1, max_size=4))
def test_parts_of_the_complex_step_add_up(written, x, h):
    """The complex step's error splits in the same way; its nodes are never rounded."""
    run = sweep(Formula(written.text, ["x"]), x, complex_step(), h).runs[0]
    for k in range(len(h)):
        found = numbers(run, k)
        if not math.isfinite(run.approximation[0, 0, k]):  # a singularity off the real line
            continue
        assert found["step_rounding"] == 0.0
        check_sum(found["error"], [found[name] for name in PARTS], found["radius"])


@settings(max_examples=40)
@given(
    st.lists(st.fractions(-5, 5, max_denominator=9), min_size=1, max_size=7),
    points,
    steps,
    st.sampled_from(SCHEMES),
)
def test_polynomials_below_the_degree_have_no_truncation(coefficients, x, h, scheme: Scheme):
    """The truncation of a polynomial that the scheme is exact for is 0, not small."""
    kept = coefficients[: scheme.exact_degree + 1]
    text = " + ".join(f"({c})*x**{k}" for k, c in enumerate(kept))
    run = sweep(Formula(text, ["x"]), x, scheme, h).runs[0]
    assert run.truncation[0, 0, 0] == 0.0
    assert math.isnan(run.observed_order[0, 0])
    assert run.predicted_h[0, 0] == math.inf
    beyond = Formula(f"x**{scheme.exact_degree + 1}", ["x"])
    off = sweep(beyond, 0.0, scheme, 0.5).runs[0]
    leading = scheme.truncation_constant * math.factorial(scheme.exact_degree + 1)
    assert Fraction(float(off.truncation[0, 0, 0])) == leading * Fraction(1, 2**scheme.accuracy)


@settings(max_examples=30)
@given(formulas(), points, st.lists(steps, min_size=1, max_size=3), st.sampled_from(SCHEMES))
def test_without_decomposition_the_same_numbers(written, x, h, scheme):
    """`decompose=False` leaves the parts out and changes no approximation by a bit."""
    formula = Formula(written.text, ["x"])
    full = sweep(formula, x, scheme, h).runs[0]
    plain = sweep(formula, x, scheme, h, decompose=False).runs[0]
    assert np.array_equal(full.approximation, plain.approximation, equal_nan=True)
    assert np.isnan(plain.truncation).all()
