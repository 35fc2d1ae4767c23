"""Digits that a right gradient loses to its own rounding, and what rounding leaves undecided."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from symnum.checking.verdict import Outcome
from symnum.formula.exact import Exact
from symnum.nets.bounds import rounding_bounds
from symnum.nets.data import Batch
from symnum.nets.structure import Structure

Arrays = dict[str, np.ndarray]

# Half of a double's digits: with fewer left, they were lost to more than the last few operations.
_HALF = 2.0**-26
# An array in which errors of the first share of its largest entry pass unseen decides nothing. One
# that is of the second share beside the other arrays is not called inaccurate.
_POOR, _NOTHING = 1e-2, 1e-9


def lost_digits(
    structure: Structure,
    params: Arrays,
    batch: Batch,
    given: Arrays,
    exact: Mapping[str, Exact],
    bounds: Arrays,
) -> tuple[Outcome, str]:
    """Return how good a gradient is whose errors are all explained by rounding, and why.

    `inaccurate` where it keeps less than half of the digits and other forms of the activations and
    the loss would keep more; `undecided` where rounding explains so much that a wrong gradient
    would pass too.
    """
    off = {name: _off(given[name], exact[name]) for name in given}
    top = max(largest for _, largest in off.values())
    poor = [name for name, (error, largest) in off.items() if error > _HALF * largest]
    if not poor:
        return Outcome.OK, ""
    unknown = [name for name in poor if not np.isfinite(bounds[name]).all()]
    if unknown:
        return Outcome.UNDECIDED, (
            f"{unknown[0]}: rounding explains any error at these numbers: the loss's or an "
            "activation's own derivative leaves the doubles"
        )
    least = rounding_bounds(structure, params, batch, pieces=0.0).gradient
    lost = [
        f"{name}: {_digits(off[name][0] / off[name][1])} right"
        for name in poor
        # An array that is nothing but rounding beside the others has no digits to lose.
        if max(off[name]) > _NOTHING * top
        and (np.abs(given[name] - exact[name].hi) > 2.0 * least[name]).any()
    ]
    if lost:
        return Outcome.INACCURATE, (
            f"Rounding explains its errors, but digits are lost: {'; '.join(lost)}. Differences of "
            "nearly equal numbers lose them, such as y - t where y is nearly t, or 1 - a**2 where "
            "a is nearly 1"
        )
    for name in poor:
        room, largest = float(bounds[name].max()), off[name][1]
        if room > _POOR * largest:
            return Outcome.UNDECIDED, (
                f"{name}: rounding explains errors up to {room:.2g} at these numbers, and the "
                f"largest exact entry is {largest:.2g}: a wrong gradient would pass too"
            )
    return Outcome.OK, ""


def _off(given: np.ndarray, exact: Exact) -> tuple[float, float]:
    """Return the largest error and the largest exact entry, of the entries that have one."""
    known = np.isfinite(exact.hi)
    if not known.any():
        return 0.0, 0.0
    error = float(np.abs(given - exact.hi)[known].max())
    largest = float(np.abs(exact.hi[known]).max())
    # Below the normal doubles everything loses digits.
    return (error, largest) if largest > np.finfo(float).tiny else (0.0, largest)


def _digits(relative: float) -> str:
    if relative >= 1.0:
        return "none of the largest entry's digits are"
    return f"{-math.log10(relative):.1f} of the largest entry's digits are"
