"""The ladder of real steps: rungs, weights, noise, windows and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symnum.differences.estimate import DerivativeStatus
from symnum.differences.evidence import Trend, measurements, trend
from symnum.differences.extrapolation import ODD, Value, extrapolate, weights
from symnum.differences.ladder import estimate, on_line
from symnum.differences.line import Line
from symnum.differences.rungs import MANTISSA, Rungs, spread


def at(function, x, **options):
    """Return the ladder's estimate for a function of one float."""
    return estimate(function, np.array([x]), np.ones(1), is_scalar=True, **options)


@pytest.mark.parametrize("base", [2, 4])
@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_weights_remove_error_terms(base, m):
    """The weights sum to 1 and remove the m leading powers of the step."""
    w = weights(base, m)
    assert math.isclose(sum(w), 1.0, rel_tol=1e-12)
    for p in range(1, m + 1):
        assert abs(sum(c * base ** (p * i) for i, c in enumerate(w))) < 1e-9 * base ** (p * m)


def test_extrapolation_of_a_polynomial_is_exact():
    """Three rungs see through errors in h² and h⁴."""
    values = {e: Value(2.0**e, 3 + 5 * 4.0**e - 7 * 16.0**e, 0.0) for e in range(-4, 0)}
    assert extrapolate(ODD, values, -4, 2) == pytest.approx(3.0, abs=1e-13)


def test_steps_are_exact_and_not_dyadic():
    """At every rung from 2^-38 |x| on, x + h is exact, and h is no power of two."""
    x = 1.2345678901234567
    rungs = Rungs(Line(math.sin, np.array([x]), np.ones(1), True), 0, 0)
    for e in range(-38, -1):
        h = rungs.step(e)
        assert (x + h) - x == h
        assert math.frexp(h)[0] != 0.5
    assert int(MANTISSA * 2**14) == MANTISSA * 2**14


def test_the_spread_of_samples_is_guarded_against_heavy_tails():
    """One large sample among many small ones counts with its size over 2.5."""
    assert spread([1e-9] * 99 + [1.0], 0.0) == pytest.approx(0.4)
    assert spread([], 0.5) == 0.5


def test_evaluations_are_remembered_and_counted():
    """A node is evaluated once, and f(x) twice, to see whether it is random."""
    calls = []
    found = at(lambda x: (calls.append(x), math.sin(x))[1], 1.3)
    assert found.evaluations == len(calls)
    assert sorted(calls) == sorted([*set(calls), 1.3])


def test_the_noise_of_f_is_estimated():
    """Noise of a known size is found within a factor of three."""
    random = np.random.default_rng(0)
    found = at(lambda x: math.sin(x) + 1e-6 * random.standard_normal(), 1.3)
    assert 3e-7 < found.noise < 3e-6


def test_the_ladder_is_handed_over():
    """The rungs, in order of h, and the window are there for further use."""
    found = at(math.exp, 1.0)
    assert [r.h for r in found.rungs] == sorted(r.h for r in found.rungs)
    k, m = found.window
    known = {r.e: r for r in found.rungs}
    values = {e: Value(known[e].h, known[e].odd, 0.0) for e in range(k, k + m + 1)}
    assert extrapolate(ODD, values, k, m) == found.value


@pytest.mark.parametrize(
    ("function", "x", "left", "right"),
    [
        (abs, 0.0, -1, 1),
        (lambda x: abs(x - 1.5) + x, 1.5, 0, 2),
        (lambda x: max(3 * x, x), 0.0, 1, 3),
    ],
)
def test_a_kink_has_both_slopes(function, x, left, right):
    """At a kink both one-sided derivatives are told."""
    found = at(function, x)
    assert found.status == DerivativeStatus.KINK
    assert math.isnan(found.value)
    assert (found.left, found.right) == pytest.approx((left, right), abs=1e-4)


@pytest.mark.parametrize(
    ("function", "x", "side", "slope"),
    [
        (lambda x: 0 * math.sqrt(x - 1) + math.sin(x), 1.0, "right", math.cos(1.0)),
        (lambda x: math.exp(x) + 0 * math.sqrt(2 - x), 2.0, "left", math.exp(2.0)),
    ],
)
def test_an_edge_has_the_slope_of_its_side(function, x, side, slope):
    """At an edge of the domain the one-sided derivative is told, and no value."""
    found = at(function, x)
    assert found.status == DerivativeStatus.EDGE
    assert getattr(found, side) == pytest.approx(slope, rel=1e-5)
    assert math.isnan(found.value)


def test_a_step_inside_floats_is_no_answer_of_zero():
    """Where f is computed in single precision, still cells are not taken for a slope of 0."""
    found = at(lambda x: float(np.sin(np.float32(x))), 1.3)
    assert abs(found.value - math.cos(1.3)) <= found.error < 1e-5


def test_a_jump_nearby_is_kept_out():
    """A jump at a distance of 1e-4 does no harm to the answer."""
    found = at(lambda x: math.sin(x) + (x > 1.3001), 1.3)
    assert abs(found.value - math.cos(1.3)) <= found.error < 1e-9


def test_steps_that_are_powers_of_two_hide_rounding():
    """With dyadic steps the rounding of k x is the same at all nodes, and coverage is lost."""
    random = np.random.default_rng(3)
    covered = {1.0: 0, MANTISSA: 0}
    for _ in range(60):
        k = float(random.integers(1, 1000) * 10 ** random.integers(2, 4))
        x = float(random.uniform(0.3, 2))
        # The exact derivative at the double x: k x = a + b exactly, so no digit is lost.
        a = k * x
        b = float(int_part(k, x, a))
        exact = k * (math.cos(a) - b * math.sin(a))
        for mantissa in covered:
            line = Line(lambda t, k=k: math.sin(k * t), np.array([x]), np.ones(1), True)
            found = on_line(line, mantissa=mantissa)
            covered[mantissa] += abs(found.value - exact) <= found.error
    assert covered[MANTISSA] >= 57
    assert covered[1.0] <= 45


def int_part(k: float, x: float, product: float) -> float:
    """Return k x - fl(k x), which is a double."""
    from fractions import Fraction

    return float(Fraction(k) * Fraction(x) - Fraction(product))


def test_cheaper_measurements_hold_their_bars():
    """Every window of a ladder is within its own bar of the exact derivative, which is priced."""
    found = at(math.exp, 1.0)
    windows = measurements(found)
    assert windows[0].evaluations == 2
    assert all(abs(one.value - math.e) <= one.error + found.error for one in windows)
    assert min(one.error for one in windows if one.m == 3) < windows[0].error


@pytest.mark.parametrize(
    ("claimed", "says"),
    [(1.01 * math.e, Trend.FLAT), (math.e * (1 + 1e-6), Trend.FLAT), (math.e, Trend.FALLS)],
)
def test_the_trend_of_a_claim(claimed, says):
    """A wrong derivative is off by the same at every step; a right one by the truncation alone."""
    assert trend(at(math.exp, 1.0), claimed) == says
