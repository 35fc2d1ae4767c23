"""Why a claim that differs from a measured slope is held against nobody, all the same.

f may have two slopes, of which the claim is the one in small steps; or what the claim says of f is
less than f shows, beneath its rounding or inside one of its stairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from symnum.differences.abrupt import is_rounded
from symnum.differences.estimate import Estimate, Rung
from symnum.differences.extrapolation import KAPPA
from symnum.differences.line import ROUNDOFF, Line
from symnum.differences.rungs import ODD_SPREAD

# A second step beside one that fits a claim, which has to fit it too.
_BESIDE = 1.37
# Where a cast to single precision shows: shares of the scale of x.
_CASTS = tuple((-1) ** i * (i + 1) * 2.0 ** (-5 - i) for i in range(20))
# The integral of a claim: so many panels, of so many nodes each, over this share of x to each side.
_PANELS, _NODES, _REACH = 8, 8, 0.5
# A difference of so many times what f may hide is in plain sight.
_PLAIN = 2.0**10
# Noise of so many units of rounding is more than sums of rounded terms make.
_LOUD = 2.0**8
# Steps that show what looks like noise: each is smaller by so much, so many in a row fit a claim,
# and the claim's distance from the slope is so many times what rounding hides.
_STRIDE, _AGREE, _FINE = 2.0**6, 2, 8.0
# Standard deviations of noise that two values of f may differ by.
_NOISE = 8.0
# Of so many different values it can be said that they are rounded to decimals, and to how many.
_DISTINCT, _DECIMALS = 2, 9
# Where the end of a flat piece of f is looked for, and how often an interval is halved.
_SPOTS, _HALVINGS = 32, 60


def fits_closely(rung: Rung, noise: float, given: float, exact: float) -> bool:
    """Say whether a step of f shows a claim and excludes what wider steps show.

    Parameters
    ----------
    rung : Rung
        The step.
    noise : float
        What noise may do to its quotient.
    given, exact : float
        The claim, and the slope in wider steps.
    """
    apart = abs(given - exact)
    return (
        abs(rung.odd - given) <= max(noise, apart / 4) and abs(rung.odd - exact) > noise + apart / 2
    )


def noise_of(rung: Rung) -> float:
    """Return what the rounding of f may do to a rung's quotient."""
    return KAPPA * ODD_SPREAD * rung.floor / rung.h


def is_loud(found: Estimate) -> bool:
    """Say whether f is noisier along a line than the rounding of its values makes it."""
    return bool(found.rungs) and found.noise > _LOUD * ROUNDOFF * found.rungs[0].size


def fits_finely(line: Line, output: int, found: Estimate, gradient: np.ndarray) -> str:
    """Say that what looks like noise is a part of f, which a gradient fits in steps that show it.

    Parameters
    ----------
    line : Line
        f along the line.
    output : int
        Which output of f.
    found : Estimate
        The slope that was measured.
    gradient : float64 array, shape (n,)
        The claimed gradient at x.
    """
    if found.window is None or not is_loud(found):
        return ""
    apart = abs(found.value - math.fsum((line.v * gradient).tolist()))
    h = found.rungs[0].h
    hidden = _NOISE * ROUNDOFF * found.rungs[0].size
    fits: list[float] = []
    while 2 * h * apart > _FINE * hidden and len(fits) < _AGREE:
        up, down = line.node(h), line.node(-h)
        gained = float(line.at(h)[output] - line.at(-h)[output])
        # Of the nodes as they are: large variables don't move, or by more, in so small a step.
        claimed = math.fsum(((up - down) * gradient).tolist())
        is_fit = gained != 0 and abs(gained - claimed) <= h * apart / 2
        fits = [*fits, h] if is_fit else []
        h /= _STRIDE
    if len(fits) < _AGREE:
        return ""
    return (
        f"f moves by {found.noise:.2g} in steps that look like noise, and is a part of f: in steps "
        f"near h = {fits[-1]:.1g} f moves as the claim says, and in larger ones by "
        f"{found.value:.3g} h, the slope of what they average over; f's formula, or variables of "
        "one size, would settle it"
    )


def doubt(
    line: Line,
    output: int,
    found: Estimate,
    given: float,
    claim: Callable[[float], float | None],
) -> str:
    """Return why a claim is not held to a measured slope; empty where nothing speaks for it.

    Parameters
    ----------
    line : Line
        f along the line.
    output : int
        Which output of f.
    found : Estimate
        The slope that was measured.
    given : float
        The claimed slope.
    claim : callable
        The claimed slope at x + t v; None where there is none.
    """
    if found.reference == "complex step" or not found.rungs or not math.isfinite(given):
        return ""
    return _two_slopes(line, output, found, given) or beneath(line, output, found, given, claim)


def _two_slopes(line: Line, output: int, found: Estimate, given: float) -> str:
    """Say that a claim is the slope of f in small steps, where it has another in large ones."""
    if found.window is None:
        return ""
    for rung in found.rungs:
        if rung.e >= found.window[0]:
            return ""  # what larger steps show is truncation
        if not fits_closely(rung, noise_of(rung), given, found.value):
            continue
        beside = _quotient(line, output, rung, _BESIDE * rung.h)
        if not fits_closely(beside, noise_of(beside), given, found.value):
            continue
        if rung.is_dead and _is_single(line, output):
            return ""  # every function has dead cells in single precision
        return (
            f"f has two slopes: near h = {rung.h:.1g} differences come to {rung.odd:.6g}, as the "
            f"claim does, and in larger steps to {found.value:.6g}: f has a ripple, stairs or "
            "noise of that size; f's formula would settle it"
        )
    return ""


def _quotient(line: Line, output: int, rung: Rung, h: float) -> Rung:
    """Return another step, of the noise that a rung has."""
    up, down = float(line.at(h)[output]), float(line.at(-h)[output])
    return Rung(rung.e, h, (up / 2 - down / 2) / h, 0.0, rung.size, rung.floor)


def _is_single(line: Line, output: int) -> bool:
    """Say whether f is computed in single precision: of x cut to it, or with such results."""
    scale = line.scale() or 1.0
    values = np.array([float(line.at(share * scale)[output]) for share in _CASTS])
    if is_rounded(values):
        return True
    for share, value in zip(_CASTS, values, strict=True):
        with np.errstate(all="ignore"):
            cut = line.node(share * scale).astype(np.float32).astype(np.float64)
        if float(line.beside(cut)[output]) != value:
            return False
    return True


def beneath(
    line: Line,
    output: int,
    found: Estimate,
    given: float,
    claim: Callable[[float], float | None],
    grid: float = 0.0,
) -> str:
    """Say that the claim's integral is what f gains, as far as f shows what it does.

    Parameters
    ----------
    line, output, found, given, claim
        As for `doubt`.
    grid : float
        What all of f's values are multiples of, as far as is known.
    """
    reach = _REACH * (line.scale() or 1.0)
    at_x = found.rungs[0].size
    noise = max(0.6 * ROUNDOFF * at_x, found.noise if math.isfinite(found.noise) else 0.0)
    stair = _stair(line, output, reach) if found.value == 0 else 0.0
    step = max(math.ulp(at_x), stair, grid)
    hidden = step + _NOISE * noise
    if not abs(given - found.value) * reach < _PLAIN * hidden:
        return ""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    edges = np.linspace(-reach, reach, _PANELS + 1)
    apart = [0.0]
    for start, end in pairwise(edges.tolist()):
        half = (end - start) / 2
        values = [claim((start + end) / 2 + half * node) for node in nodes.tolist()]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return ""
        gained = float(line.at(end)[output] - line.at(start)[output])
        apart.append(apart[-1] + gained - half * float(np.dot(weights, known)))
    # NaN where either is not finite, which says nothing.
    if not max(apart) - min(apart) <= hidden:
        return ""
    return (
        f"f shows too little of what it does: within {reach:.2g} of the point the claim's integral "
        f"is what f gains, to within the {hidden:.2g} that f is coarse or noisy by; f's formula, "
        "or f with more digits, would settle it"
    )


def grid_of(values: np.ndarray) -> float:
    """Return the power of ten that values are multiples of, as rounded ones are; 0 without one.

    Parameters
    ----------
    values : float64 array
        What f gave at several points.
    """
    several = np.unique(values[np.isfinite(values)])
    if len(several) < _DISTINCT:
        return 0.0  # a constant is a multiple of anything
    top = math.floor(math.log10(float(np.max(np.abs(several)))))
    for power in range(top, top - _DECIMALS, -1):
        grid = 10.0**power
        multiples = np.round(several / grid)
        if np.all(np.abs(several - multiples * grid) <= 4 * ROUNDOFF * np.abs(several)):
            return grid
    return 0.0


def _stair(line: Line, output: int, reach: float) -> float:
    """Return how high the stair is at the nearer end of a flat piece of f; 0 where none ends."""
    highest = 0.0
    at_x = float(line.at(0.0)[output])
    for side in (-1.0, 1.0):
        spots = [side * reach * i / _SPOTS for i in range(_SPOTS + 1)]
        ends = (i for i, t in enumerate(spots) if float(line.at(t)[output]) != at_x)
        end = next(ends, None)
        if not end:
            continue
        flat, moved = spots[end - 1], spots[end]
        for _ in range(_HALVINGS):
            middle = (flat + moved) / 2
            if float(line.at(middle)[output]) == at_x:
                flat = middle
            else:
                moved = middle
        highest = max(highest, abs(float(line.at(moved)[output]) - at_x))
    return highest
