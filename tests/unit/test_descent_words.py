"""What is said of a descent is true of its numbers, and rests on certified ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

import symnum as sn

BOWL = "x0**2 + x1**2"
START = [-3, 4]
ROSENBROCK = "(1 - x)**2 + 100*(y - x*x)**2"


def said(runs):
    """Return a text without its line breaks."""
    return " ".join(str(runs).split())


def below_two(answer):
    """Return a gradient of the bowl that does something else as soon as |x0| < 2: at step 2."""

    def gradient(x):
        return answer(x) if abs(x[0]) < 2 else 2 * x

    return gradient


# --- somebody's gradient that raises, or returns no gradient --------------------------------------


def _raise(error):
    raise error


@pytest.mark.parametrize(
    "error",
    [ValueError("math domain error"), ZeroDivisionError("division by zero"), KeyError("x"),
     OverflowError("too large"), FloatingPointError("underflow"), np.linalg.LinAlgError()],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_gradient_that_raises_is_an_error_and_no_divergence(error):
    """Whatever somebody's gradient raises is said, with the step and the point."""
    with pytest.raises(sn.UsageError) as caught:
        sn.descend(BOWL, START, gradient=below_two(lambda _: _raise(error)))
    words = str(caught.value)
    assert f"your gradient raised {type(error).__name__}" in words
    assert "at step 2 of the descent" in words
    assert "x0 = -1.92" in words
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "answer", [lambda _: None, lambda x: x[0], lambda x: [*x, 1.0], lambda _: "up"]
)
def test_gradient_of_another_shape_is_an_error(answer):
    """What is no gradient is refused, with the step, the point and what is expected."""
    with pytest.raises(sn.UsageError) as caught:
        sn.descend(BOWL, START, gradient=below_two(answer))
    words = str(caught.value)
    assert "at step 2 of the descent your gradient returned" in words
    assert "an array of shape (2,) is expected" in words


def test_gradient_that_raises_in_one_variable_and_at_several_starts():
    """One variable and several starts are no exceptions."""
    for start in (1.0, [1.0, 2.0, 3.0]):
        with pytest.raises(
            sn.UsageError, match=r"at step 0 of the descent your gradient raised ValueError"
        ):
            sn.descend("x**2", start, gradient=lambda x: math.log(-x))
