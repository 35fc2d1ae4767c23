"""A gradient set against what is known of it: reports, rounding, and constant factors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from symnum.formula.exact import Exact
from symnum.nets.verdict import NetworkCause, ParameterReport

Arrays = dict[str, np.ndarray]

# A slip that is carried out in float64 is itself rounded, and may enlarge what it is applied to.
SLIP_ROOM = 64.0


def report(name: str, given: np.ndarray, exact: Exact, bound: np.ndarray) -> ParameterReport:
    """Return what is found of one parameter, entry by entry."""
    with np.errstate(all="ignore"):
        hi = np.asarray(exact.hi)
        known = np.isfinite(hi)
        error = np.abs((given - hi) - exact.lo)
        # An error against 0 has no size in units of the last place.
        counted = known & ((hi != 0.0) | (error == 0.0))
        ulps = np.where(counted, error / np.spacing(np.abs(hi)), 0.0)
        excess = np.where(known, error / np.maximum(bound, np.spacing(np.abs(hi))), 0.0)
        excess = np.where(known & ~np.isfinite(given), np.inf, excess)
        between = (given >= np.minimum(exact.left, exact.right) - bound) & (
            given <= np.maximum(exact.left, exact.right) + bound
        )
        outside = ~known & ~between & np.isfinite(exact.left) & np.isfinite(exact.right)
        # how far outside, so that an entry at a kink can be the worst one
        is_left = np.abs(given - exact.left) <= np.abs(given - exact.right)
        side = np.where(is_left, exact.left, exact.right)
        away = np.abs(given - side)
        smallest = np.spacing(np.maximum(np.abs(exact.left), np.abs(exact.right)))
        excess = np.where(outside, away / np.maximum(bound, smallest), excess)
        excess = np.where(outside & ~np.isfinite(given), np.inf, excess)
        wrong = (excess > 1.0) | outside
        worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), hi.shape))
        limits = (bound / np.abs(hi))[known & (hi != 0.0)]
    return ParameterReport(
        name,
        hi.size,
        int(np.count_nonzero(wrong)),
        float(np.median(ulps[counted])) if counted.any() else float("nan"),
        float(ulps[counted].max()) if counted.any() else float("nan"),
        worst,
        float(hi[worst] if known[worst] else side[worst]),
        float(given[worst]),
        float(np.median(limits)) if limits.size else float("nan"),
        int(np.count_nonzero(~known)),
    )


def fits(given: np.ndarray, exact: Exact, bound: np.ndarray, room: float = 1.0) -> np.ndarray:
    """Say which entries are near the exact ones; those without a derivative are."""
    hi = np.asarray(exact.hi)
    near = np.abs(given - hi) <= room * np.maximum(bound, np.spacing(np.abs(hi)))
    return np.asarray(near | ~np.isfinite(hi))


def within(given: Arrays, exact: Mapping[str, Exact], bounds: Arrays, room: float) -> bool:
    """Say whether every entry that has a derivative is near the exact one."""
    return all(bool(fits(given[name], exact[name], bounds[name], room).all()) for name in given)


def constant_factor(
    given: Arrays, exact: Mapping[str, Exact], bounds: Arrays
) -> tuple[NetworkCause | None, str]:
    """Return the constant by which every wrong parameter is off, if there is one."""
    found = {}
    for name, array in given.items():
        hi = np.nan_to_num(exact[name].hi)
        if within({name: array}, exact, bounds, 1.0):
            continue
        square = float(np.vdot(hi, hi))
        ratio = float(np.vdot(hi, array)) / square if square else float("nan")
        room = SLIP_ROOM * max(1.0, abs(ratio)) * bounds[name] + 4 * np.spacing(np.abs(array))
        # Rounding can't be told from a factor that is as near to 1.
        if not np.all(np.abs(array - ratio * hi) <= room) or np.all(np.abs(array - hi) <= 4 * room):
            return None, ""
        found[name] = ratio
    if not found:
        return None, ""
    words = [
        f"{name}: the sign is turned"
        if np.isclose(r, -1.0, rtol=1e-9)
        else f"{name}: given/exact = {ratio_text(r, 6)}"
        for name, r in found.items()
    ]
    return NetworkCause.FACTOR, "; ".join(words)


def integers(given: Arrays, dtypes: set[np.dtype[Any]], exact: Mapping[str, Exact]) -> str:
    """Say that a gradient of integers is the exact one, cut or rounded; empty where it isn't."""
    if not are_integers(dtypes):
        return ""
    for cut in (np.trunc, np.rint, np.floor):
        if all(
            np.array_equal(array[known], cut(hi[known]))
            for array, hi in ((given[name], np.asarray(exact[name].hi)) for name in given)
            for known in (np.isfinite(hi),)
        ):
            return integers_text(dtypes)
    return ""


def are_integers(dtypes: set[np.dtype[Any]]) -> bool:
    """Say whether all arrays are of integers."""
    return bool(dtypes) and all(dtype.kind in "iu" for dtype in dtypes)


def integers_text(dtypes: set[np.dtype[Any]]) -> str:
    """Say that the entries are cut."""
    named = ", ".join(sorted(str(dtype) for dtype in dtypes))
    return f"the gradient has the dtype {named}: its entries are cut to integers"


def ratio_text(ratio: float, digits: int) -> str:
    """Write a factor with so many digits; one near 1 as its distance from 1, which they'd hide."""
    away = abs(ratio) - 1.0
    if not 0.0 < abs(away) < 1e-3:
        return f"{ratio:.{digits}g}"
    text = f"1 {'+' if away > 0 else '-'} {abs(away):.2g}"
    return text if ratio > 0 else f"-({text})"


def brief(value: float, digits: int) -> str:
    """Write so many digits as formulas are written: 1.1e-6, and not 1.1e-06."""
    return f"{value:.{digits}g}".replace("e-0", "e-")


def kept_digits(given: Arrays, exact: Mapping[str, Exact]) -> str:
    """Say how many digits of each array's largest entry a gradient of low precision keeps."""
    worst = 0.0
    for name, array in given.items():
        hi = np.asarray(exact[name].hi)
        known = np.isfinite(hi)
        largest = float(np.abs(hi[known]).max(initial=0.0))
        if largest > 0.0:
            worst = max(worst, float(np.abs(array - hi)[known].max()) / largest)
    return digits_text(worst)


def digits_text(relative: float) -> str:
    """Say in words how many digits a relative error leaves."""
    if not 0.0 < relative < 1.0:
        return ""
    return f": {-math.log10(relative):.1f} digits of the largest entries are right"
