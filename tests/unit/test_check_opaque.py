"""Checks of code that nothing can look into: flat functions, answers that are no numbers."""

import struct
from decimal import Decimal

import numpy as np
import pytest

from symnum import UsageError, check
from symnum.checking.verdict import Cause, Outcome


def opaque(x):
    """The same numbers by way of their bytes: neither a trace nor balls come through."""
    array = np.asarray(x, dtype=float)
    found = np.array([struct.unpack("d", struct.pack("d", v))[0] for v in array.ravel()])
    return found.reshape(array.shape) if array.ndim else float(found[0])


FLAT = {
    "0 everywhere": (lambda x: 0.0 * opaque(x), lambda x: 0.0 * x, 1.0),
    "a constant": (lambda x: 3.0 + 0.0 * opaque(x), lambda x: 0.0 * x, 1.0),
    "0 in two variables": (lambda x: 0.0 * opaque(x).sum(), np.zeros_like, [[1.0, 2.0]]),
    "flat in one of two": (
        lambda x: opaque(x)[0] ** 2,
        lambda x: np.array([2 * x[0], 0.0]),
        [[1.0, 2.0]],
    ),
    "0 in thirty variables": (lambda x: 0.0 * opaque(x).sum(), np.zeros_like, np.ones(30)),
    "a minimum of thirty": (lambda x: (opaque(x) ** 2).sum(), lambda x: 2 * x, np.zeros(30)),
}


@pytest.mark.parametrize("name", FLAT)
def test_a_right_derivative_of_0_is_ok_with_a_finite_limit(name):
    """What is said to be right comes with a limit that is a number."""
    f, derivative, at = FLAT[name]
    verdict = check(f, derivative, at=at)
    assert verdict.status is Outcome.OK
    assert verdict.detection_limit
    assert all(0 <= x < 0.5 for x in verdict.detection_limit)
    assert "would have been seen" in str(verdict)


def test_a_limit_that_no_derivative_sets_is_said_to_be_absolute():
    """Beside 0 there is no relative error."""
    f, derivative, at = FLAT["0 everywhere"]
    assert "an absolute error" in str(check(f, derivative, at=at))


@pytest.mark.parametrize("name", FLAT)
def test_a_flat_function_with_a_derivative_is_wrong(name):
    """An error of a thousandth is found wherever the derivative is 0."""
    f, derivative, at = FLAT[name]
    verdict = check(f, lambda x: derivative(x) + 1e-3, at=at)
    assert verdict.status is Outcome.WRONG


def test_a_flat_function_of_many_variables_names_every_entry_that_is_not_0():
    """f doesn't move along any direction: what the claim says is spurious."""
    claim = np.zeros(40)
    claim[[3, 7]] = 1.0, -2.0
    verdict = check(lambda x: 5.0 + 0.0 * opaque(x).sum(), lambda x: claim + 0 * x, at=np.ones(40))
    assert verdict.cause is Cause.SPURIOUS
    assert sorted(verdict.components) == [3, 7]


def _text(x):
    return str(opaque(x) ** 2)


@pytest.mark.parametrize(
    ("f", "word"),
    [
        (_text, "text"),
        (lambda x: np.array(_text(x), dtype=object), "text"),
        (lambda x: np.array([_text(x)], dtype=object), "text"),
        (lambda x: _text(x).encode(), "text"),
        (lambda x: None if opaque(x) else 0.0, "None"),
        (lambda x: np.array([None, 1.0]) * 1 if opaque(x) < 0 else [None, 1.0], "None"),
    ],
)
def test_what_is_no_number_is_refused_as_a_function(f, word):
    """Digits in quotes are a mistake, and not a number."""
    with pytest.raises(UsageError, match=rf"it returned {word}"):
        check(f, lambda x: 2 * x, at=1.0)


@pytest.mark.parametrize(
    ("derivative", "word"),
    [
        (lambda x: str(2 * x), "text"),
        (lambda x: np.array(str(2 * x), dtype=object), "text"),
        (lambda x: np.array(None if x else 0.0), "None"),
    ],
)
def test_what_is_no_number_is_no_derivative(derivative, word):
    """The dtype guard sees it, also inside an object array."""
    verdict = check("x**2", derivative, at=1.0)
    assert verdict.status is Outcome.WRONG
    assert f"it returned {word}" in verdict.cause_detail


def test_a_decimal_is_a_number():
    """It counts as the double that it is nearest to."""
    assert check(lambda x: Decimal(opaque(x)) ** 2, lambda x: Decimal(2 * x), at=1.0)
