"""What a descent was asked for, put in order: formula, starts, rates, steps, momentum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from symnum.errors import DomainError, SymnumError, UsageError
from symnum.formula.formula import Formula, as_doubles

MOST_STEPS = 10_000_000
"""Steps that one descent takes."""

MOST_NUMBERS = 100_000_000
"""Coordinates that one path holds: steps x starts x variables."""


def read_formula(f: Any) -> Formula:
    """Return the scalar formula that is descended."""
    formula = f if isinstance(f, Formula) else Formula(f)
    if formula.shape:
        msg = f"a formula of shape {formula.shape} has no gradient to descend; give one output"
        raise UsageError(msg)
    if not formula.variables:
        msg = "the formula has no variables: there is nowhere to descend to"
        raise UsageError(msg)
    return formula


def read_start(formula: Formula, start: Any) -> np.ndarray:
    """Return the starts as a new float64 array of shape (..., n).

    Raises
    ------
    UsageError
        Names or shapes don't fit the variables.
    DomainError
        A coordinate is not finite.
    """
    n = len(formula.variables)
    if isinstance(start, Mapping):
        columns, lead = formula._named_columns(start)
        array = np.stack([np.broadcast_to(column, lead) for column in columns], axis=-1)
    else:
        array = np.array(as_doubles(start, "start"))
        if n == 1 and array.shape[-1:] != (1,):
            array = array[..., None]
    if array.shape[-1:] != (n,):
        names = ", ".join(formula.variables[:12])
        msg = (
            f"start has shape {array.shape}; the formula's variables are {names}, so the last "
            f"axis must have length {n}: one start is a list of {n} numbers"
        )
        raise UsageError(msg)
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        place = tuple(bad[0])
        msg = f"start: {formula.variables[place[-1]]} = {array[place]} is not a finite number"
        raise DomainError(msg)
    if not array.size:
        msg = "start is empty: give at least one point"
        raise UsageError(msg)
    return np.array(array, dtype=np.float64)


def read_rate(rate: Any) -> float:
    """Return the learning rate: a finite number above 0."""
    value = _number(rate, "rate")
    if not value > 0:
        msg = f"rate = {value!r}: a rate is above 0, such as 0.1"
        raise DomainError(msg)
    return value


def read_momentum(momentum: Any) -> float:
    """Return the momentum: at least 0 and below 1."""
    value = _number(momentum, "momentum")
    if not 0 <= value < 1:
        msg = f"momentum = {value!r}: it is at least 0 and below 1, such as 0.9"
        raise DomainError(msg)
    return value


def read_tolerance(tolerance: Any) -> float | None:
    """Return the gradient's size at which a descent stops; None for never."""
    if tolerance is None:
        return None
    value = _number(tolerance, "tolerance")
    if value < 0:
        msg = f"tolerance = {value!r}: a descent stops when no partial is larger; give 0 or more"
        raise DomainError(msg)
    return value


def read_step_count(steps: Any, coordinates: int) -> int:
    """Return how many steps to take with so many coordinates in all."""
    whole = isinstance(steps, int | np.integer) and not isinstance(steps, bool)
    if not whole or not 1 <= steps <= MOST_STEPS:
        msg = f"steps = {steps!r}: it is a whole number from 1 to {MOST_STEPS:,}"
        raise UsageError(msg)
    if int(steps) * coordinates > MOST_NUMBERS:
        msg = (
            f"{int(steps):,} steps of {coordinates:,} coordinates are more numbers than one path "
            f"holds ({MOST_NUMBERS:,}): take fewer steps or starts"
        )
        raise UsageError(msg)
    return int(steps)


def _number(value: Any, what: str) -> float:
    try:
        if isinstance(value, str | bytes | bool):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError, SymnumError):
        msg = f"{what} is a number; {type(value).__name__} was given"
        raise UsageError(msg) from None
    if not math.isfinite(number):
        msg = f"{what} = {number!r} is not a finite number"
        raise DomainError(msg)
    return number
