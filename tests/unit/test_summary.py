"""What a row of errors amounts to: floor, order, leading term, prediction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symnum.differences.schemes import central, complex_step, forward
from symnum.differences.summary import leading_term, predict, robust_floor, summarise

NAN, INF = math.nan, math.inf
STEPS = np.logspace(-8, 0, 33)  # four a decade


def test_the_floor_is_a_median():
    """One lucky error changes nothing: the floor is the median over a decade to each side."""
    error = STEPS**2 + 1e-12 / STEPS
    h, floor = robust_floor(STEPS, error)
    lucky = error.copy()
    lucky[5] = 0.0
    assert robust_floor(STEPS, lucky) == (h, floor)
    near = np.abs(np.log10(STEPS / h)) <= 1 + 1e-9
    assert near.sum() == 9
    assert floor == np.median(error[near])
    assert 1e-5 < h < 1e-3


def test_the_floor_takes_a_decade_of_dense_steps():
    """With many steps a decade, all within a decade count, not only nine."""
    steps = np.logspace(-4, 0, 401)
    h, floor = robust_floor(steps, steps)
    assert floor == pytest.approx(np.median(steps[steps <= 1e-3 * (1 + 1e-9)]), rel=1e-6, abs=0)
    assert h == steps[0]


def test_the_floor_takes_nine_sparse_steps():
    """With few steps a decade, the nearest nine count, or all there are."""
    steps = 10.0 ** np.arange(-14, 1, 2)
    error = np.abs(np.log10(steps) + 6) + 1
    h, floor = robust_floor(steps, error)
    assert floor == np.median(error)
    assert h == 1e-6
    many = 10.0 ** np.arange(-40, 1, 2)
    error = np.abs(np.log10(many) + 20) + 1
    h, floor = robust_floor(many, error)
    assert h == 1e-20
    assert floor == np.median(np.sort(error)[:9])


def test_the_floor_leaves_out_what_is_not_finite():
    """Signs don't matter, NaN and infinity are left out, no order is needed."""
    error = -(STEPS**2 + 1e-12 / STEPS)
    broken = error.copy()
    broken[-1], broken[-2] = NAN, INF
    assert robust_floor(STEPS[::-1], error[::-1]) == robust_floor(STEPS, -error)
    assert robust_floor(STEPS, broken) == robust_floor(STEPS[:-2], error[:-2])
    assert np.isnan(robust_floor(STEPS, np.full(33, NAN))).all()
    assert robust_floor(np.array([0.5]), np.array([-3.0])) == (0.5, 3.0)


def test_leading_term():
    """Order, constant and exponent of K h^r are read off exactly."""
    usable = np.ones(33, dtype=bool)
    order, constant, exponent = leading_term(STEPS, -7.0 * STEPS**4, usable, 4)
    assert (order, constant, exponent) == (
        pytest.approx(4.0, rel=1e-6, abs=0),
        pytest.approx(7.0, rel=1e-6, abs=0),
        4.0,
    )


def test_leading_term_of_few_steps():
    """One step has no slope; none has nothing; a truncation of 0 has the constant 0."""
    one = np.array([True])
    order, constant, exponent = leading_term(np.array([0.1]), np.array([3e-3]), one, 2)
    assert math.isnan(order)
    assert (constant, exponent) == (pytest.approx(0.3, rel=1e-6, abs=0), 2.0)
    order, constant, _ = leading_term(STEPS, np.zeros(33), np.ones(33, dtype=bool), 2)
    assert math.isnan(order)
    assert constant == 0.0
    _, constant, _ = leading_term(STEPS, np.zeros(33), np.zeros(33, dtype=bool), 2)
    assert math.isnan(constant)


def test_unusable_steps_do_not_count():
    """Steps whose stencil crosses something are left out of the slope."""
    truncation = 5.0 * STEPS**2
    truncation[-8:] = 1e6
    usable = np.arange(33) < 25
    order, constant, exponent = leading_term(STEPS, truncation, usable, 2)
    assert (order, constant, exponent) == (
        pytest.approx(2.0, rel=1e-6, abs=0),
        pytest.approx(5.0, rel=1e-6, abs=0),
        2.0,
    )


def test_the_same_step_twice():
    """Repeated steps have no slope between them."""
    h = np.array([1e-3, 1e-3, 1e-2, 1e-2])
    order, _, _ = leading_term(h, h**2, np.ones(4, dtype=bool), 2)
    assert order == pytest.approx(2.0, rel=1e-6, abs=0)


@pytest.mark.parametrize("scheme", [central(2), central(4), forward(1), central(2, 2)])
def test_the_prediction_is_the_minimum(scheme):
    """K h^r + G s / h^q is smallest at the predicted step, and that small."""
    constant, noise = 0.3, 1e-17
    r, q = float(scheme.accuracy), scheme.derivative_order
    h, error = predict(scheme, constant, r, noise, 0.0)

    def total(step):
        return constant * step**r + scheme.noise_gain_2 * noise / step**q

    assert error == pytest.approx(total(h), rel=1e-12, abs=0)
    assert total(h) <= total(1.01 * h)
    assert total(h) <= total(h / 1.01)
    _, with_rounding = predict(scheme, constant, r, noise, 4.0)
    assert with_rounding == pytest.approx(error + 4.0 * 2.0**-53, rel=1e-6, abs=0)


def test_predictions_without_a_minimum():
    """No truncation: the larger the better; complex: down to the rounding; unknown: unknown."""
    assert predict(central(), 0.0, NAN, 1e-17, 0.5) == (INF, 0.5 * 2.0**-53)
    assert np.isnan(predict(central(), NAN, NAN, 1e-17, 1.0)).all()
    assert np.isnan(predict(central(), 1.0, 2.0, NAN, 1.0)).all()
    assert np.isnan(predict(central(), 1.0, 2.0, 0.0, 1.0)).all()
    h, error = predict(complex_step(), 0.5, 2.0, 1e-17, 1.0)
    assert 0.5 * h**2 == pytest.approx(2.0**-53, rel=1e-6, abs=0)
    assert error == 2.0**-53


def summary(noise_ulps=0.3, noise=(1e-17,), value=0.5, usable=True, **changes):
    """Summarise a row with an error of h² + 1e-17/h."""
    h = STEPS
    row = {
        "error": h**2 + 1e-17 / h,
        "truncation": h**2,
        "step_rounding": np.zeros(33),
        "usable": np.full(33, usable),
    } | changes
    return summarise(
        central(), h, row["error"], row["truncation"], row["step_rounding"], row["usable"],
        noise_ulps, np.array(noise), value, 1.0,
    )  # fmt: skip


def test_summarise():
    """A row with known truncation and noise is summarised by them."""
    found = summary()
    assert found.observed_order == pytest.approx(2.0, rel=1e-6, abs=0)
    assert found.noise_ulps == 0.3
    gain = math.sqrt(0.5) * 0.3 * math.ulp(0.5)
    wanted = (gain / 2) ** (1 / 3)
    assert found.predicted_h == pytest.approx(wanted, rel=0.05, abs=0)


def test_noise_is_at_least_half_an_ulp():
    """Where f happened to be exact at every node, half an ulp is still expected."""
    none = summary(noise_ulps=0.0, noise=(0.0,))
    assert none.predicted_h == pytest.approx(
        summary(1 / math.sqrt(12), (1e-16,)).predicted_h, rel=1e-6, abs=0
    )
    assert none.noise_ulps == 0.0


def test_noise_where_f_cancels_or_is_0():
    """Ulps of a value that is 0 or cancels say nothing: the largest error in f's units bounds."""
    huge = summary(noise_ulps=1e13, noise=(1e-16, 2e-17))
    wanted = (math.sqrt(0.5) * 1e-16 / 2) ** (1 / 3)
    assert huge.predicted_h == pytest.approx(wanted, rel=0.05, abs=0)
    at_zero = summary(noise_ulps=1e13, noise=(1e-16, 2e-17), value=0.0)
    assert at_zero.predicted_h == pytest.approx(wanted, rel=0.05, abs=0)
    assert math.isnan(summary(noise_ulps=NAN, noise=()).predicted_h)


def test_step_rounding_counts_as_noise():
    """Rounded nodes move f by its slope: that noise enters the prediction."""
    moved = 1e-12
    found = summary(step_rounding=moved / STEPS)
    gain = moved  # the scheme's gain is already in the step rounding part
    assert found.predicted_h == pytest.approx((gain / 2) ** (1 / 3), rel=0.05, abs=0)


def test_without_usable_steps():
    """With no certified entry the best step is still found among the finite errors."""
    found = summary(usable=False)
    assert math.isfinite(found.best_h)
    assert math.isnan(found.observed_order)
    assert math.isnan(found.predicted_h)


def test_a_truncation_below_the_doubles_is_unknown():
    """A truncation that is 0 by theorem has the prediction infinity; one that underflows, none."""
    zero = np.zeros(33)
    assert summary(truncation=zero).predicted_h == INF


def test_no_prediction_beyond_where_f_is_smooth():
    """The predicted step is no larger than the step at which the stencil meets a kink."""
    found = summarise(
        central(), STEPS, STEPS**2, STEPS**2, np.zeros(33), np.full(33, True), 0.3,
        np.array([1e-17]), 0.5, 1.0, True, 1e-9,
    )  # fmt: skip
    assert found.predicted_h == 1e-9
    underflown = summarise(
        central(), STEPS, STEPS**2, np.zeros(33), np.zeros(33), np.full(33, True), 0.3,
        np.array([1e-17]), 0.5, 1.0, False,
    )  # fmt: skip
    assert math.isnan(underflown.predicted_h)
