"""Gradients that keep numbers of an earlier call: right where they were asked first alone.

A gradient that is right is asked for once more, where all parameters are moved a little. What it
should be there comes from another gradient, or from the loss along directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from symnum.checking.claim import Layout
from symnum.checking.directions import Slope
from symnum.checking.verdict import Outcome
from symnum.errors import SymnumError
from symnum.nets.verdict import NetworkCause, NetworkVerdict

Arrays = dict[str, np.ndarray]

# By what share of its array's size an entry is moved.
_MOVED = 2.0**-7
# What is right there follows the derivative's own change to this share, but for rounding.
_FOLLOWS, _ROUNDED = 1e-2, 1e-9
_ALIKE = 4.0


def moved_parameters(params: Arrays, seed: int = 0) -> Arrays:
    """Return parameters near by, each entry moved up or down by a share of its own."""
    random = np.random.default_rng(seed)
    found = {}
    for name, array in params.items():
        size = float(np.abs(array).mean()) or 1.0
        # Not by the same: a bias that is moved as a whole may change nothing, as softmax's does.
        moves = random.choice([-1.0, 1.0], array.shape) * random.uniform(0.5, 1.0, array.shape)
        found[name] = array + _MOVED * size * moves
    return found


def stale_against(
    verdict: NetworkVerdict,
    candidate: Callable[[Arrays], Arrays],
    reference: Callable[[Arrays], Arrays],
    room: Callable[[Arrays], Arrays],
    params: Arrays,
    given: Arrays,
) -> NetworkVerdict:
    """Return the verdict on a gradient that is right here, held against another one near by.

    Parameters
    ----------
    verdict : NetworkVerdict
        The answer at `params`: kept where nothing is found.
    candidate, reference : callable
        Gradients of parameters alone.
    room : callable
        What rounding explains at parameters.
    params, given : dict of arrays
        Where the candidate was asked, and its answer.
    """
    there = moved_parameters(params)
    with suppress(SymnumError):  # near by it may refuse, or overflow
        answer, right, here = candidate(there), reference(there), reference(params)
        if not _is_alike(answer, given):
            return verdict
        explained, largest = room(there), _largest(right)
        off = [
            name
            for name in answer
            if np.abs(answer[name] - right[name]).max()
            > _FOLLOWS * np.abs(right[name] - here[name]).max()
            + _ROUNDED * largest
            + 2.0 * np.max(explained[name])
        ]
        return _said(verdict, off, answer, given)
    return verdict


def stale_along(
    verdict: NetworkVerdict,
    candidate: Callable[[Arrays], Arrays],
    slopes: Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], Slope]],
    params: Arrays,
    given: Arrays,
) -> NetworkVerdict:
    """Return the verdict on a gradient that is right here, held against the loss near by.

    Parameters
    ----------
    slopes : callable
        Of a flat point and a probe: returns what measures the loss's derivative along directions.
    verdict, candidate, params, given
        As for `stale_against`.
    """
    there = moved_parameters(params)
    layout = Layout(tuple((name, array.shape) for name, array in params.items()))
    with suppress(SymnumError):
        answer = candidate(there)
        if not _is_alike(answer, given):
            return verdict
        point, now, before = (layout.flatten(each) for each in (there, answer, given))
        # The way to the other parameters: along it the derivative changes, if it does at all.
        way = point - layout.flatten(params)
        measure = slopes(point, way)

        def is_off(direction: np.ndarray) -> bool:
            slope = measure(direction)
            follows = _FOLLOWS * abs(slope.value - float(before @ direction))
            rounded = _ROUNDED * float(np.abs(now).max() * np.abs(direction).sum())
            away = abs(slope.value - float(now @ direction))
            return not slope.reason and away > slope.error + follows + rounded

        if not is_off(way):
            return verdict
        ends = np.cumsum([array.size for array in params.values()])
        places = dict(zip(params, zip([0, *ends[:-1]], ends, strict=True), strict=True))
        index = np.arange(len(way))
        off = [
            name
            for name, (start, end) in places.items()
            if is_off(np.where((index >= start) & (index < end), way, 0.0))
        ]
        return _said(verdict, off, answer, given)
    return verdict


def _largest(arrays: Arrays) -> float:
    return max(float(np.abs(array).max()) for array in arrays.values())


def _is_alike(answer: Arrays, given: Arrays) -> bool:
    """Say whether two gradients are of one size, which those of units that saturate are not.

    The digits of these may be lost in one place and not in the other.
    """
    if not answer:
        return False
    one, other = _largest(answer), _largest(given)
    return bool(other / _ALIKE <= one <= other * _ALIKE)


def _said(
    verdict: NetworkVerdict, off: Sequence[str], answer: Arrays, given: Arrays
) -> NetworkVerdict:
    """Return the verdict that names the arrays that are off near by; as it was where none is."""
    off = [name for name in off if np.isfinite(answer[name]).all()]
    if not off:
        return verdict
    kept = [name for name in off if np.array_equal(answer[name], given[name])]
    if kept:
        detail = (
            f"{', '.join(kept)}: the same at other parameters, where the derivative is another: it "
            "is kept from an earlier call"
        )
    else:
        detail = (
            f"{', '.join(off)}: right at these parameters, and wrong at others near by, as it is "
            "with numbers that are kept from an earlier call"
        )
    return replace(
        verdict,
        status=Outcome.WRONG,
        cause=NetworkCause.STALE,
        cause_detail=detail,
        reason="",
    )
