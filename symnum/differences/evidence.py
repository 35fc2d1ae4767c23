"""What a finished ladder tells others: the price of cheaper measurements, and where a claim fails.

Steps that were paid for once show what fewer of them would have measured along a similar line, and
how the distance from somebody's claimed derivative changes with h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from symnum.differences.estimate import Estimate
from symnum.differences.extrapolation import KAPPA, ODD, Value, deviation, extrapolate, weights


class Trend(StrEnum):
    """How a claimed derivative's distance from central differences changes with h."""

    FLAT = "is flat in h: the claim is off, by the same at every step"
    FALLS = "falls as h² to nothing: only the truncation of large steps"
    GROWS = "grows as 1/h towards small steps: only noise"
    MIXED = "is neither flat in h, nor falling as h², nor growing as 1/h"


@dataclass(frozen=True)
class Measurement:
    """What the m + 1 rungs from k on measure alone.

    Parameters
    ----------
    k, m : int
        The window: 2 (m + 1) evaluations.
    value : float
        The derivative as it sees it.
    error : float
        Its bar: noise, and four times its distance from the whole ladder's answer.
    steady : float
        The same with 64 times that distance: a bar for lines along which f is less smooth, too.
    """

    k: int
    m: int
    value: float
    error: float
    steady: float

    @property
    def evaluations(self) -> int:
        """How many evaluations it takes, where f(x) is known."""
        return 2 * (self.m + 1)


def measurements(estimate: Estimate, largest: int = 3) -> tuple[Measurement, ...]:
    """Return what every window of adjacent rungs measures, the cheapest and sharpest first."""
    values = {r.e: Value(r.h, r.odd, max(r.floor, estimate.noise), r.even) for r in estimate.rungs}
    found = []
    for m in range(largest + 1):
        windows = [k for k in values if all(k + i in values for i in range(m + 1))]
        off = {k: abs(extrapolate(ODD, values, k, m) - estimate.value) for k in windows}
        for k in windows:
            window = [(w, values[k + i]) for i, w in enumerate(weights(4, m))]
            noise = KAPPA * deviation(ODD, window, estimate.noise)
            # One window may agree by luck; its neighbours then don't, and truncation grows.
            growth = 4.0 ** (m + 1)
            above, below = off.get(k + 1, math.inf) / growth, off.get(k - 1, 0.0)
            truncation = max(off[k], above, min(below, growth * off[k] + noise))
            if truncation < math.inf:
                value = extrapolate(ODD, values, k, m)
                errors = (noise + 4 * truncation, noise + 64 * truncation)
                found.append(Measurement(k, m, value, *errors))
    return tuple(sorted(found, key=lambda one: (one.m, one.error)))


def trend(estimate: Estimate, claimed: float) -> Trend:
    """Say how the distance between central differences and a claimed derivative changes with h.

    Parameters
    ----------
    estimate : Estimate
        An answered ladder of real steps.
    claimed : float
        Somebody's derivative.
    """
    apart = abs(claimed - estimate.value)
    points = [(r.h, abs(r.odd - claimed)) for r in estimate.rungs if r.odd != claimed]
    # Rungs on which neither noise nor truncation hides a difference of this size.
    clear = [
        a
        for r, (_, a) in zip([r for r in estimate.rungs if r.odd != claimed], points, strict=True)
        if KAPPA * max(r.floor, estimate.noise) / r.h < apart / 4
        and abs(r.odd - estimate.value) < apart / 4
    ]
    if apart > estimate.error and len(clear) >= 2:
        return Trend.FLAT
    if len(points) < 3:
        return Trend.MIXED
    least = min(range(len(points)), key=lambda i: points[i][1])
    if _slope(points[least:]) > 1.0:
        return Trend.FALLS
    if _slope(points[: least + 1]) < -0.5:
        return Trend.GROWS
    return Trend.MIXED


def trend_sentence(estimate: Estimate, claimed: float) -> str:
    """Return how a claim's distance from central differences changes, over which steps."""
    low, high = estimate.rungs[0].h, estimate.rungs[-1].h
    return (
        f"its distance from central differences with h from {low:.0e} to {high:.0e} "
        f"{trend(estimate, claimed)}"
    )


def _slope(points: list[tuple[float, float]]) -> float:
    """Return the slope of log distance over log h, by least squares; 0 for fewer than three."""
    if len(points) < 3:
        return 0.0
    x = [math.log2(h) for h, _ in points]
    y = [math.log2(a) for _, a in points]
    middle_x, middle_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    spread = math.fsum((a - middle_x) ** 2 for a in x)
    return math.fsum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / spread
