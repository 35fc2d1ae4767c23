"""derivative_property of code without a formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import settings
from scipy.integrate import solve_ivp

from symnum.testing import derivative_property
from tests.unit.test_check_steps import opaque

FEW = settings(max_examples=20, deadline=None, database=None, derandomize=True)


def decay(k):
    """Return what is left of 1 after a time of 1."""
    found = solve_ivp(lambda _, y: -k * y, (0, 1), [1.0], rtol=1e-8, atol=1e-10)
    return float(found.y[0, -1])


def log(x):
    """Return a logarithm, which raises from 0 down."""
    return math.log(float.fromhex(float(x).hex()))


RIGHT = {
    "a solver": (decay, lambda k: -math.exp(-k), {"n": 1, "domain": [(-2.0, 2.0)]}),
    "a branch": (
        lambda x: x**2 if x > 0 else 0.0,
        lambda x: 2 * x if x > 0 else 0.0,
        {"n": 1},
    ),
    "a domain that ends": (log, lambda x: 1 / x if x > 0 else math.nan, {"n": 1}),
    "kinks": (
        opaque(lambda x: np.sum(np.abs(x))),
        np.sign,
        {"n": 3},
    ),
    "many variables": (opaque(lambda x: np.sum(np.sin(x))), np.cos, {"n": 40}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_derivative_of_code_passes(name):
    """Nothing is accused at any point."""
    f, derivative, options = RIGHT[name]
    derivative_property(f, derivative, settings=FEW, **options)()


def failure(test):
    """Return the verdict that a test fails with."""
    with pytest.raises(AssertionError) as caught:
        test()
    return caught.value.args[0]


def test_a_wrong_derivative_of_code_fails_at_the_simplest_point():
    """The first of 0, 1, -1, ... where it is wrong."""
    f = opaque(lambda x: x[0] ** 2 * x[1])

    def wrong(x):
        return np.array([2 * x[0] * x[1], x[0] ** 2 + (0.5 if x[0] > 1 else 0.0)])

    verdict = failure(derivative_property(f, wrong, n=2, settings=FEW))
    assert verdict.status == "wrong"
    assert verdict.worst.point == (2.0, 0.0)
    assert [verdict.names[k] for k in verdict.components] == ["x1"]


def test_a_wrong_sign_of_a_solver_s_slope():
    """A solver's tolerance is no excuse."""
    verdict = failure(derivative_property(decay, lambda k: math.exp(-k), n=1, settings=FEW))
    assert (verdict.status, verdict.cause) == ("wrong", "sign")
    assert verdict.worst.point == (0.0,)


def test_a_wrong_entry_of_many():
    """Above 24 variables, too."""

    def wrong(x):
        return np.where(np.arange(40) == 7, 2.0, 1.0) * np.cos(x)

    f = opaque(lambda x: np.sum(np.sin(x)))
    verdict = failure(derivative_property(f, wrong, n=40, settings=FEW))
    assert [verdict.names[k] for k in verdict.components] == ["x7"]
