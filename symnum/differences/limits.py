"""What a scheme is asked for: whole numbers within limits, steps, rationals; or a clear refusal."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from fractions import Fraction
from math import inf
from numbers import Rational, Real
from typing import SupportsIndex

from symnum.errors import UsageError

ACCURACY_LIMIT = 40
DERIVATIVE_ORDER_LIMIT = 20


def read_derivative_order(number: SupportsIndex) -> int:
    """Return which derivative is asked for."""
    return _whole_number(number, "derivative order", DERIVATIVE_ORDER_LIMIT)


def read_accuracy(number: SupportsIndex) -> int:
    """Return the accuracy that is asked for."""
    return _whole_number(number, "accuracy", ACCURACY_LIMIT)


def read_even_accuracy(number: SupportsIndex, name: str) -> int:
    """Return the accuracy that is asked of a scheme which has even ones only."""
    value = read_accuracy(number)
    if value % 2:
        choice = f"{value + 1}" if value == 1 else f"{value - 1} or {value + 1}"
        msg = (
            f"the accuracy of a {name} scheme is even, {value} was given: its odd error terms "
            f"cancel; write {choice}"
        )
        raise UsageError(msg)
    return value


def read_step(h: object) -> float:
    """Return a step as the double it is."""
    value = None
    if isinstance(h, Real) and not isinstance(h, bool):
        try:
            value = float(h)
        except OverflowError:
            value = inf
    if value is None or not 0.0 < value < inf:
        msg = f"a step h is a finite positive number, {shown(h)} was given"
        raise UsageError(msg)
    return value


def read_rationals(numbers: Sequence[Fraction], what: str) -> tuple[Fraction, ...]:
    """Return offsets or weights as Fractions."""
    numbers = tuple(numbers)
    if not all(isinstance(number, Rational) for number in numbers):
        msg = f"a scheme's {what} are integers and Fractions: floats have been rounded already"
        raise UsageError(msg)
    return tuple(map(Fraction, numbers))


def shown(given: object) -> str:
    """Return what was given as a message shows it.

    It may be a megabyte long, or hold characters that steer a terminal.
    """
    if isinstance(given, int) and given.bit_length() > 200:
        return "a number of more than 60 digits"
    text = ascii(given)
    return text if len(text) <= 60 else text[:60] + "..."


def _whole_number(number: SupportsIndex, what: str, limit: int) -> int:
    try:
        value = 0 if isinstance(number, bool) else operator.index(number)
    except TypeError:
        value = 0
    if value < 1:
        msg = f"{what} is a whole number from 1 to {limit}, {shown(number)} was given"
        raise UsageError(msg)
    if value > limit:
        msg = (
            f"{what} {shown(value)} is above the limit of {limit}: so wide a scheme gains nothing "
            f"in doubles; write {limit} or less"
        )
        raise UsageError(msg)
    return value
