"""Finite-difference schemes at random, for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from symnum.differences.limits import read_accuracy, read_derivative_order
from symnum.differences.schemes import (
    Scheme,
    backward,
    central,
    complex_step,
    forward,
    richardson,
)

_STEPS = (None, *(10.0**-k for k in range(1, 16)))
_EVEN = 2


def schemes(derivative_order: int = 1, max_accuracy: int = 8) -> st.SearchStrategy[Scheme]:
    """Draw finite-difference schemes, with a fixed step or without one.

    Parameters
    ----------
    derivative_order : int
        Which derivative they approximate; at most 20. The complex step belongs to the first.
    max_accuracy : int
        The largest exponent of their truncation error; from 1 to 40.

    Returns
    -------
    SearchStrategy of Scheme
        Shrinks to `central:2`, without a step. Steps are powers of ten.

    Raises
    ------
    UsageError
        The derivative order or the accuracy is out of range.

    Examples
    --------
    >>> from hypothesis import find, settings
    >>> from symnum.testing import schemes
    >>> quiet = settings(database=None, derandomize=True)
    >>> print(find(schemes(), lambda scheme: scheme.accuracy > 4, settings=quiet))
    central:6
    """
    order = read_derivative_order(derivative_order)
    largest = read_accuracy(max_accuracy)
    families: tuple[str, ...] = ("central", "forward", "backward", "richardson", "complex")
    if largest < _EVEN:
        families = ("forward", "backward")
    elif order > 1:
        families = families[:-1]
    # Every scheme takes three choices, so that the simplest is not the one that takes the fewest.
    return st.builds(
        lambda family, accuracy, h: _scheme(family, accuracy, largest, order, h),
        st.sampled_from(families),
        st.integers(1, largest),
        st.sampled_from(_STEPS),
    )


def _scheme(family: str, accuracy: int, largest: int, order: int, h: float | None) -> Scheme:
    """Return the scheme of a family; an accuracy that must be even is the next one up, or down."""
    even = accuracy + accuracy % _EVEN
    if even > largest:
        even -= _EVEN
    match family:
        case "central":
            return central(even, order, h=h)
        case "forward":
            return forward(accuracy, order, h=h)
        case "backward":
            return backward(accuracy, order, h=h)
        case "richardson":
            return richardson(even, order, h=h)
    return complex_step(h=h)
