"""A ladder of one-sided steps: what f does at the edge of its domain."""

from __future__ import annotations

import math

from symnum.differences.estimate import DerivativeStatus, Estimate
from symnum.differences.extrapolation import ONE_SIDED, Candidate, Value, candidates
from symnum.differences.line import ROUNDOFF
from symnum.differences.rungs import Rungs, spread

# One-sided quotients have all powers of h in their error, so more rungs are combined.
_ORDERS = (3, 4, 5)

_START, _STRIDE, _TOP, _ONSET = -32, 6, 40, 8.0


def answer(rungs: Rungs, budget: int, derivative_order: int) -> Estimate:
    """Return the refusal of a point at the edge, with the one-sided derivative where there is."""
    sides = [side for side in (-1, 1) if rungs.one_sided(_START, side) is not None]
    if not sides or len(sides) == 2:
        reason = "f is not finite to either side of the point, however near"
        status = DerivativeStatus.NONFINITE
        return _made(rungs, status, reason, math.nan, math.nan)
    side = sides[0]
    best = slope(rungs, side, budget) if derivative_order == 1 else None
    value = best.t if best is not None and best.error < abs(best.t) / 4 else math.nan
    where = "above" if side > 0 else "below"
    reason = f"the point is at an edge: f is finite only {where} it"
    if best is not None and math.isfinite(value):
        reason += f", where its one-sided derivative is {value:.8g} ± {best.error:.1g}"
    left, right = (value, math.nan) if side < 0 else (math.nan, value)
    return _made(rungs, DerivativeStatus.EDGE, reason, left, right)


def slope(rungs: Rungs, side: int, budget: int) -> Candidate | None:
    """Return the one-sided derivative, from the best window of steps to that side.

    Parameters
    ----------
    rungs : Rungs
        The function.
    side : int
        1: to the right, -1: to the left.
    budget : int
        How many evaluations the line may have had in the end.
    """
    values: dict[int, Value] = {}
    noise = ROUNDOFF * abs(rungs.at_x)
    e = _START
    found: list[float] = []
    while e < _TOP and rungs.line.evaluations + 10 < budget:
        rung = rungs.one_sided(e, side)
        if rung is None:
            e -= _STRIDE
            break
        values[e] = rung
        if e - _STRIDE in values:
            lower = values[e - _STRIDE]
            change = lower.h * abs(rung.q - lower.q)
            if change > _ONSET * spread(found, max(noise, lower.noise)):
                break
            found.append(change)
        e += _STRIDE
    noise = spread(found, noise)
    low = high = e
    best: Candidate | None = None
    poor = 0
    while rungs.line.evaluations < budget and poor < 2:
        for j in range(low, high + 1):
            if j not in values:
                rung = rungs.one_sided(j, side)
                if rung is None:
                    return best
                values[j] = rung
        if high - low < max(_ORDERS):
            low -= 1
            continue
        noisy = {j: Value(v.h, v.q, max(v.noise, noise)) for j, v in values.items()}
        now = min(
            candidates(ONE_SIDED, noisy, low, high, _ORDERS, noise), key=lambda one: one.error
        )
        if best is not None and now.error > 0.7 * best.error:
            poor += 1
        if best is None or now.error < best.error:
            best = now
        if now.tau > now.nu:
            low -= 1
        else:
            high += 1
    return best


def _made(
    rungs: Rungs, status: DerivativeStatus, reason: str, left: float, right: float
) -> Estimate:
    return Estimate(
        math.nan,
        math.inf,
        status,
        reason,
        rungs.line.evaluations,
        math.nan,
        None,
        rungs.all(),
        left,
        right,
    )
