"""The climb: scan the step from below, find noise and the onset of truncation, choose a window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from symnum.differences.estimate import Rung
from symnum.differences.extrapolation import EVEN, ODD, Candidate, Quotient, Value, candidates
from symnum.differences.line import ROUNDOFF
from symnum.differences.rungs import EVEN_SPREAD, ODD_SPREAD, Rungs, pairs_of, samples, spread
from symnum.differences.witness import Witness

# Octaves a stride: 5 to 7 do equally well, 8 loses coverage.
STRIDE = 6

# An odd part that changes by so many standard deviations has met truncation.
_ONSET = 8.0

# From so many samples on, one of so many times the largest has met truncation, too.
_MANY, _SWOLLEN = 8, 3.0

# Above it by this much, it has met something abrupt: a smooth one grows 2^18 in a stride.
_ABRUPT = 8.0 * 2.0**18

# Below this many, and with few rungs known, one rung further decides: smooth onsets grow.
_YOUNG, _FEW, _GROWN = 512.0, 5, 16.0

# Below 2^-46 |x| a step is no more than the distance of doubles.
LOWEST = -46

# Where strides start to double: x is tiny beside the scale of f.
_FAR = 40

# The first and the highest exponents that make sense in doubles.
_TOP = 2100

# The square of this is still a double.
_HUGE = 2.0**500

# Noise of a share of f between these is that of a format with fewer digits, float32 to bfloat16.
_FINEST, _COARSEST = 2.0**-27, 2.0**-8

# The standard deviation of an argument that is rounded inside f, in units of x's own rounding.
_ARGUMENT = 0.5

# Extrapolations: 3 and 4 rungs. Wider ones gain nothing.
ORDERS = (2, 3)


@dataclass
class Climb:
    """What a climb has found.

    Parameters
    ----------
    best : Candidate or None
        The answer; None where f is finite at too few rungs.
    noise, odd_noise : float
        The noise of f from both parts, and from the odd part alone.
    size : float
        The largest |f| where it was heard.
    low, high : int
        The adjacent rungs that were combined.
    scanned : list of Rung
        The rungs of the scan, upward.
    at_edge : bool
        Whether the scan ended where f ends.
    abrupt_at : int or None
        The rung at which the scan met something abrupt.
    """

    best: Candidate | None = None
    noise: float = 0.0
    odd_noise: float = 0.0
    size: float = 1.0
    low: int = 0
    high: int = 0
    scanned: list[Rung] = field(default_factory=list)
    at_edge: bool = False
    abrupt_at: int | None = None


def climb(
    rungs: Rungs, start: int, below: Sequence[Rung], noise: float, budget: int, kind: Quotient = ODD
) -> Climb:
    """Scan upward from a rung and combine the best window.

    Parameters
    ----------
    rungs : Rungs
        The function.
    start : int
        The lowest rung of the scan, where f is finite.
    below : sequence of Rung
        Lower rungs that hold nothing but noise.
    noise : float
        Noise that is known already.
    budget : int
        How many evaluations the line may have had in the end.
    kind : Quotient
        Which derivative is wanted.
    """
    result = Climb()
    top = _scan(rungs, start, below, noise, budget, result, kind)
    result.noise = max(result.noise, noise)
    result.odd_noise = max(result.odd_noise, noise)
    witness = Witness(rungs, [r.e for r in (*below, *result.scanned[:-1])])
    _fine(rungs, top, start, budget, result, kind, witness)
    return result


def _scan(
    rungs: Rungs,
    start: int,
    below: Sequence[Rung],
    noise: float,
    budget: int,
    result: Climb,
    kind: Quotient,
) -> int:
    """Climb until truncation, or the edge, or nothing is left to gain; return the highest rung."""
    first = rungs.rung(start)
    assert first is not None
    scanned = result.scanned
    scanned.append(first)
    stride = STRIDE
    least = math.inf
    while True:
        current = scanned[-1]
        e = current.e
        noises = [*below, *scanned[:-1]]
        odd, even = samples(pairs_of(noises))
        floor = max(current.floor, noise)
        result.size = max(one.size for one in noises or scanned)
        sigma = result.noise = spread([*odd, *even], floor)
        result.odd_noise = spread(odd, floor)
        harm = sigma / current.h
        if kind is ODD and e >= 3 and harm > least / 2:
            return e  # f grows as fast as h, and its rounding with it
        least = min(least, harm)
        if kind is EVEN and rungs.step(e + stride) > _HUGE:
            return e
        if kind is ODD and not current.is_dead and 4 * harm <= ROUNDOFF * abs(current.odd) / 2:
            return e
        # Constant, or even about x.
        if e >= 0 and all(r.odd == 0.0 for r in scanned):
            return e
        if rungs.line.evaluations + 8 > budget or e + stride > _TOP or rungs.is_beyond(e + stride):
            return e
        following = rungs.rung(e + stride)
        if following is None:
            top = _edge(rungs, e, e + stride)
            result.at_edge = True
            return top
        # The even part's onset comes later, unless f is even about x.
        ratio = (current.h / following.h) ** 2
        onset = max(
            current.h * abs(following.odd - current.odd) / ODD_SPREAD,
            abs(current.even - ratio * following.even) / EVEN_SPREAD,
        )
        if onset > _onset_limit([*odd, *even], sigma, floor):
            is_young = onset < _YOUNG * sigma and len(scanned) + len(below) < _FEW
            if is_young and not rungs.is_beyond(e + 2 * stride):
                further = rungs.rung(e + 2 * stride)
                if further is not None:
                    grown = following.h * abs(further.odd - following.odd) / ODD_SPREAD
                    if grown < _GROWN * onset:
                        scanned.append(following)
                        continue
            if stride > STRIDE:
                stride = max(STRIDE, stride // 2)
                continue
            # Truncation that was below the noise a stride ago can't have grown by more than this.
            if onset <= _ABRUPT * sigma:
                return following.e
            result.abrupt_at = following.e
            return e
        even_now, even_next = abs(current.even), abs(following.even)
        if (
            even_next > 1000 * sigma
            and even_next > 0.05 * following.size
            and even_next * ratio < even_now / 4
        ):
            return following.e
        scanned.append(following)
        if following.e > _FAR:
            stride *= 2


def _onset_limit(samples: Sequence[float], sigma: float, floor: float) -> float:
    """Return what a sample exceeds only where it is more than noise."""
    limit = _ONSET * sigma
    if len(samples) >= _MANY:
        # Noise that is heard in many steps does not swell in the next one.
        limit = min(limit, _SWOLLEN * max(*samples, floor))
    return limit


def _edge(rungs: Rungs, low: int, high: int) -> int:
    """Return the highest rung below `high` where f is finite on both sides."""
    while high - low > 1:
        middle = (low + high) // 2
        if rungs.rung(middle) is None:
            high = middle
        else:
            low = middle
    return low


def _values(rungs: Rungs, start: int, low: int, result: Climb, kind: Quotient) -> dict[int, Value]:
    """Return the quotients of the rungs that are known.

    Parameters
    ----------
    rungs : Rungs
        The function.
    start, low : int
        The first rung that is wanted, and the lowest one that is combined.
    result : Climb
        What was heard of noise.
    kind : Quotient
        Which derivative is wanted.
    """
    found = {}
    unsteady = _unsteady(rungs, low, result.noise) if kind is ODD else 0.0
    for e, rung in rungs.known.items():
        if rung is not None and e >= start:
            q = rung.odd if kind is ODD else 2 * rung.even / rung.h**2
            noise = max(_noise_of(rungs, rung, result), rung.floor)
            noise += unsteady * 2 * abs(rung.even) / rung.h
            found[e] = Value(rung.h, q, noise, rung.even)
    return found


def _noise_of(rungs: Rungs, rung: Rung, result: Climb) -> float:
    """Return the noise of a rung: where f is computed in few digits it grows with f."""
    share = result.noise / result.size if result.size > 0 else 0.0
    if rungs.least_noise > 0 or not _FINEST <= share <= _COARSEST:
        return result.noise
    return result.noise * max(1.0, rung.size / result.size)


def _unsteady(rungs: Rungs, low: int, noise: float) -> float:
    """Return how far off x may be inside f, as in cos(x^3), whose argument is rounded.

    It is noise of that times the slope at each node, which isn't heard where f is flat: at x the
    slope may be 0, and at x + h it is larger by 2 S/h, where S is the even part. What is heard at x
    bounds it.
    """
    rung = rungs.rung(low)
    if rung is None:
        return 0.0
    most = _ARGUMENT * ROUNDOFF * rungs.scale
    return min(most, noise / abs(rung.odd)) if rung.odd != 0.0 else most


def _fine(
    rungs: Rungs,
    top: int,
    start: int,
    budget: int,
    result: Climb,
    kind: Quotient,
    witness: Witness,
) -> None:
    """Combine adjacent rungs, one more at a time at whichever end promises more."""
    low = high = top
    bottom = -_TOP if rungs.at_zero else LOWEST
    while high - low < 3 and low > bottom and rungs.rung(low - 1) is not None:
        low -= 1
    while high - low < 3 and not rungs.is_beyond(high + 1) and rungs.rung(high + 1) is not None:
        high += 1
    if high - low < 2:
        return
    poor, least = 0, math.inf
    lowest = min(start, low)
    while True:
        sigma = result.noise
        values = _values(rungs, lowest, low, result, kind)
        noise_at_x = max(sigma, ROUNDOFF * 0.6 * abs(rungs.at_x))
        if kind is EVEN:
            # Rungs far below say nothing of a second derivative, and would overflow.
            values = {e: v for e, v in values.items() if e >= low - 12}
        found = [
            replace(one, nu=one.nu + witness.unheard(kind, one, sigma))
            for one in candidates(kind, values, low, high, ORDERS, noise_at_x)
        ]
        best = min(found, key=lambda c: c.error)
        settled = best.nu >= best.tau or best.error < abs(best.t) / 4
        if settled and best.error > 0.7 * least:
            poor += 1
        least = min(least, best.error)
        # Each round knows more rungs that a window has to agree with, so the last one counts.
        result.best = best
        result.low, result.high = low, high
        if (
            poor >= 2
            or all(r.is_dead for j in range(low, high + 1) if (r := rungs.rung(j)) is not None)
            or best.error <= 16 * ROUNDOFF * abs(best.t)
            or rungs.line.evaluations + 2 > budget
        ):
            return
        wants_below = best.tau > best.nu
        # A rung more only helps a window at that end, or gives it the credit of one beyond.
        vague = best.error >= abs(best.t) / 4
        if (
            wants_below
            and (vague or best.k == low)
            and low > bottom
            and rungs.rung(low - 1) is not None
        ):
            low -= 1
            lowest = min(lowest, low)
        elif (
            not wants_below
            and (vague or best.k + best.m >= high - 1)
            and high < _TOP
            and not rungs.is_beyond(high + 1)
            and rungs.rung(high + 1) is not None
        ):
            high += 1
        else:
            return
