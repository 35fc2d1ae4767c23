"""A user's function, called the way it wants to be called."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symnum.differences.adapter import adapt
from symnum.errors import UsageError

X = np.linspace(0.5, 2.0, 24).reshape(2, 12)
Y = np.linspace(-1.0, 1.0, 24).reshape(2, 12)


def test_array_functions_are_called_once():
    """A function that takes arrays is called on all points at once, and tried on five alone."""
    sizes = []

    def f(x):
        sizes.append(np.size(x))
        return np.sin(x)

    (found,) = adapt(f, ("x",), ())([X])
    assert np.array_equal(found, np.sin(X))
    assert sorted(sizes) == [1, 1, 1, 1, 1, 24]


def test_scalar_functions_are_called_point_by_point():
    """A function of one float gives the same numbers, one point at a time."""
    (found,) = adapt(math.exp, ("x",), ())([X])
    assert np.allclose(found, np.exp(X), rtol=1e-15)


def test_functions_that_mean_something_else_on_arrays():
    """A function that sums an array is not trusted with one: each point is evaluated alone."""
    (found,) = adapt(lambda x: np.sum(np.asarray(x) ** 2), ("x",), ())([X])
    assert np.array_equal(found, X**2)
    (found,) = adapt(lambda v: v[0] + 2 * v[1], ("x", "y"), ())([X, Y])
    assert np.array_equal(found, X + 2 * Y)


def test_a_branch_on_an_array_is_no_obstacle():
    """`if x > 1` fails on arrays and works on numbers."""
    (found,) = adapt(lambda x: x if x > 1 else 1.0, ("x",), ())([X])
    assert np.array_equal(found, np.maximum(X, 1.0))


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: x * y,
        lambda x, y, z=1.0: x * y * z,
        lambda v: v[..., 0] * v[..., 1],
        lambda v: v[0] * v[1],
        lambda x, y: math.fsum([x * y]),
    ],
)
def test_signatures(f):
    """n arguments without a default mean n floats; one argument means one array."""
    (found,) = adapt(f, ("x", "y"), ())([X, Y])
    assert np.array_equal(found, X * Y)


def test_columns_broadcast():
    """Columns of different shapes are broadcast against each other."""
    (found,) = adapt(lambda x, y: x + y, ("x", "y"), ())([X[:, :1], Y[0]])
    assert np.array_equal(found, X[:, :1] + Y[0])


def test_outputs():
    """The formula's shape is what the function must return; outputs come one array each."""
    f = adapt(lambda v: np.array([[v[0], v[1]], [1.0, 2.0]]), ("x", "y"), (2, 2))
    found = f([X, Y])
    assert len(found) == 4
    assert np.array_equal(found[0], X)
    assert np.array_equal(found[1], Y)
    assert np.all(found[3] == 2.0)


def test_arguments_are_copies():
    """A function that writes into what it is given does not change the points."""

    def f(x):
        x = np.asarray(x)
        if x.ndim:
            x *= 0
        return x + 1.0

    x = X.copy()
    adapt(f, ("x",), ())([x])
    assert np.array_equal(x, X)


def test_failures_of_arithmetic_are_nan():
    """ZeroDivisionError, OverflowError and ValueError mean: undefined at this point."""
    for f in (lambda x: 1 / float(x - 1), math.log, lambda x: math.exp(1e4 * x)):
        points = np.array([1.0, -1.0, 3.0])
        (found,) = adapt(f, ("x",), ())([points])
        assert np.isnan(found).any()


def test_other_failures_are_named_with_the_point():
    """Whatever else the function raises becomes a sentence with the point in it."""

    def f(x, y):
        raise KeyError("weights")

    with pytest.raises(UsageError, match=r"the function raised KeyError: 'weights' at x = .*y = "):
        adapt(f, ("x", "y"), ())([X, Y])


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (np.ones(3), "an array of shape (3,) and dtype float64"),
        ("one", "an array of shape () and dtype <U3"),
        (None, "a NoneType"),
        (np.array([None, 1]), "an array of objects"),
    ],
)
def test_results_of_another_shape(result, words):
    """A result that is no number, or of the wrong shape, is named."""
    with pytest.raises(UsageError) as caught:
        adapt(lambda _: result, ("x",), ())([X])
    assert words in str(caught.value)
    assert "a number is expected" in str(caught.value)


def test_integer_and_boolean_results_are_numbers():
    """An integer or a truth value is as good as a float."""
    for f in (lambda x: int(x > 1), lambda x: x > 1):
        (found,) = adapt(f, ("x",), ())([X])
        assert np.array_equal(found, X > 1)


def test_builtins_without_a_signature():
    """A callable without a readable signature is given one array."""
    (found,) = adapt(np.hypot.reduce, ("x", "y"), ())([X, Y])
    assert np.allclose(found, np.hypot(X, Y))


def test_floating_point_warnings_are_silent():
    """Division by zero in the user's NumPy code is a NaN or an infinity, not a warning."""
    (found,) = adapt(lambda x: 1 / (x - x), ("x",), ())([X])
    assert np.isinf(found).all()
