"""Candidates that take arrays of points, and those that only seem to."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from symnum import check
from symnum.checking.ask import Asker
from symnum.checking.claim import Candidate, Form

POINTS = np.random.default_rng(0).uniform(-1, 1, (200, 2))


def counted(function):
    """Return the function, and the list of how many points each of its calls held."""
    calls = []

    def call(x):
        calls.append(np.size(x) // 2)
        return function(x)

    return call, calls


def asked(function):
    """Return the answers' values and the sizes of the calls."""
    call, calls = counted(function)
    answers = Asker(Candidate(call, Form.ARRAY, (2,)))(POINTS)
    return np.array([answer.value for answer in answers]), calls


def test_an_array_of_points_is_one_call():
    """A candidate that gives the same numbers for arrays is called with all points at once."""
    values, calls = asked(lambda x: 3 * x)
    assert max(calls) == 200
    assert sum(size == 1 for size in calls) < 60
    assert np.array_equal(values, 3 * POINTS)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * x.mean(),  # of all points
        lambda x: x if x[0] > 0 else -x,  # one condition
        lambda x: np.array([float(x[0]), 1.0]),
        lambda x: np.sort(x, axis=-1),
        lambda x: x + 1e-16 * x.size * np.abs(x).max(),  # a last bit
    ],
)
def test_single_points_where_arrays_mean_something_else(function):
    """What differs in one bit for arrays is called point by point."""
    values, calls = asked(function)
    assert sum(size == 1 for size in calls) >= 200
    assert np.array_equal(values, [function(point) for point in POINTS])


def test_nobody_is_accused_on_the_word_of_an_array_call():
    """An array call that goes wrong where no sample looked is taken back."""

    def gradient(x):
        result = 2 * x
        if x.ndim == 2:
            result = result + (np.abs(x[0] - 0.3141) < 4e-3)
        return result

    assert check("x0**2 + x1**2", gradient, domain=[(-1, 1), (-1, 1)])


def test_floats_may_be_arrays_too():
    """Several floats become several arrays, and constant components are spread over the points."""
    # A module is nobody's memory: code that kept them itself would get single calls.
    seen = ModuleType("seen")
    seen.largest = 0

    def gradient(x, y):
        seen.largest = max(seen.largest, np.size(x))
        return 2 * x + 3, 3.0

    assert check("x**2 + 3*x + 3*y", gradient, domain=[(-1, 1)] * 2)
    assert seen.largest > 200
