"""What is true of every descent."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import symnum as sn

NUMBERS = st.floats(-100, 100).filter(lambda x: x == 0 or abs(x) > 1e-3)
POSITIVE = st.integers(1, 40).map(lambda k: k / 8)
BOWL = sn.Formula("x**2 + 3*y**2 + x*y")


@given(a=POSITIVE, center=NUMBERS, start=NUMBERS, rate=st.sampled_from([0.01, 0.1, 0.3, 1.0, 7.5]))
def test_exact_path_of_a_quadratic_is_the_closed_form(a, center, start, rate):
    """The certified path of a (x - c)^2 is c + (start - c)(1 - 2 rate a)^k, rounded once."""
    f = sn.Formula("a*(x - c)**2").bind(a=a, c=center)
    run = sn.descend(f, start, rate=rate, steps=30, gradient="certified")
    c, x, factor = Fraction(center), Fraction(start), 1 - 2 * Fraction(rate) * Fraction(a)
    wanted = [float(c + (x - c) * factor**k) for k in range(31)]
    assert run.path[:, 0].tolist() == wanted


@given(
    start=st.tuples(NUMBERS, NUMBERS),
    rate=st.sampled_from([0.01, 0.1, 0.3, 0.5]),
    power=st.integers(-200, 200),
    momentum=st.sampled_from([0.0, 0.5]),
    gradient=st.sampled_from(["exact", "central", "forward", "complex"]),
)
def test_scaling_by_powers_of_two_changes_no_digit(start, rate, power, momentum, gradient):
    """Scaling x by a power of two scales a quadratic's path, and changes no verdict.

    At the origin a scheme without a step of its own has nothing to suit but 1.
    """
    assume(any(start))
    options = {"rate": rate, "steps": 40, "momentum": momentum, "gradient": gradient}
    run = sn.descend(BOWL, start, **options)
    scaled = sn.descend(BOWL, np.ldexp(start, power), **options)
    assert np.array_equal(scaled.path, np.ldexp(run.path, power))
    assert scaled.verdict == run.verdict
    assert scaled.stable_rate == run.stable_rate


@given(start=st.tuples(NUMBERS, NUMBERS), rate=POSITIVE, power=st.integers(-300, 300))
def test_scaling_f_and_rate_against_each_other(start, rate, power):
    """Scaling f by a power of two and the rate by its inverse leaves the path as it is."""
    rate /= 16
    scaled = sn.Formula("s*(x**2 + 3*y**2 + x*y)").bind(s=Fraction(2) ** power)
    a = sn.descend(BOWL, start, rate=rate, steps=25)
    b = sn.descend(scaled, start, rate=float(np.ldexp(rate, -power)), steps=25)
    assert np.array_equal(a.path, b.path)
    assert a.verdict == b.verdict


@settings(max_examples=30)
@given(
    start=st.lists(NUMBERS, min_size=2, max_size=2),
    gradient=st.sampled_from(["exact", "central@1e-4", "certified"]),
)
def test_arguments_stay_as_they_were(start, gradient):
    """Nothing is written into a start, whatever it is followed by."""
    array = np.array(start)
    before = array.copy()
    run = sn.descend(BOWL, array, gradient=gradient, steps=5)
    assert np.array_equal(array, before)
    assert np.array_equal(run.start, before)


@given(rate=st.floats(1e-12, 1e12), start=st.tuples(NUMBERS, NUMBERS))
def test_numbers_that_are_not_finite_are_always_recorded(rate, start):
    """A path with a number that isn't finite says from which step on, and only such a one."""
    run = sn.descend(BOWL, start, rate=rate, steps=60)
    finite = (
        np.isfinite(run.path).all(axis=1)
        & np.isfinite(run.values)
        & np.isfinite(run.gradients).all(axis=1)
    )
    assert run.overflow_at == (None if finite.all() else int(np.argmin(finite)))
    if run.overflow_at is not None:
        assert run.verdict == "diverges"
