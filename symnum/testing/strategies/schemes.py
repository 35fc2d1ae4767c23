"""Finite-difference schemes at random, for Hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

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
    >>> print(find(schemes(), lambda scheme: not scheme.is_complex, settings=quiet))
    central:2
    >>> print(find(schemes(), lambda scheme: scheme.accuracy > 4, settings=quiet))
    central:6
    """
    order = read_derivative_order(derivative_order)
    largest = read_accuracy(max_accuracy)
    steps = st.sampled_from(_STEPS)
    families: list[st.SearchStrategy[Scheme]] = []
    if largest >= 2:
        even = st.sampled_from(range(2, largest + 1, 2))
        families.append(_drawn(central, even, order, steps))
    every = st.integers(1, largest)
    families += [_drawn(forward, every, order, steps), _drawn(backward, every, order, steps)]
    if order == 1 and largest >= 2:
        families.append(steps.map(lambda h: complex_step(h=h)))
    if largest >= 2:
        families.append(_drawn(richardson, even, order, steps))
    return st.one_of(families)


def _drawn(
    make: Callable[..., Scheme],
    accuracies: st.SearchStrategy[int],
    order: int,
    steps: st.SearchStrategy[float | None],
) -> st.SearchStrategy[Scheme]:
    return st.builds(partial(make, derivative_order=order), accuracies, h=steps)
