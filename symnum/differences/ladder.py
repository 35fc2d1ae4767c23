"""The ladder: a derivative from real steps, with an error bar that holds, or a reason to refuse.

The step is scanned from below, where nothing can alias; noise is read off the rungs beneath the
onset of truncation; the even part of the same evaluations must predict f(x); and an abrupt end of
smoothness is probed: one jump nearby, or a staircase?
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from symnum.differences import abrupt, one_sided, refuse
from symnum.differences.estimate import DerivativeStatus, Estimate, Rung
from symnum.differences.extrapolation import EVEN, KAPPA, Candidate
from symnum.differences.line import Line
from symnum.differences.rungs import (
    EVEN_SPREAD,
    MANTISSA,
    ODD_SPREAD,
    Rungs,
    pairs_of,
    samples,
    spread,
)
from symnum.differences.search import LOWEST, STRIDE, Climb, climb

# The lowest rung of a scan; at x = 0 there is no scale but 1.
_START, _START_AT_ZERO = -32, -24
_LOWEST_AT_ZERO = -800

# A window wholly below this may be a beat of rounding, which is smooth over some hundred ulps.
_DEEP = -36

# A lowest rung above so many floors holds more than the rounding of a result.
_LOUD = 8.0

# Decay a rung that smooth functions show at least: of the even part, and of the odd part.
_EVEN_DECAY, _ODD_DECAY = 2.0**1.5, 2.0**2

# Noise of so many floors, where the smallest steps have no more than the second, is a ripple.
_RIPPLE, _SILENT = 12.0, 4.0

# The finest step that noise is looked for in, and the evaluations that it takes to resolve what was
# none.
_FINEST, _RESOLVED = _START - 2 * STRIDE, 24

# What part of the noise is silence in the finest steps, and where a wave begins to be heard.
_HUSHED, _HEARD = 16.0, 256.0

# A wave leaves a parabola by 8 or 16 times as much an octave: by less than the first, and by more
# than the second.
_LEAPS, _GROWS = 20.0, 2.5

# What is below so many floors is too weak to show how it grows.
_STRONG = 400.0

# Steps wider than x itself hold other sizes of f, and another rounding.
_WIDE = 1

# Noise doesn't decay by the first, and what decays by the second is none.
_NO_DECAY, _FELL = 6.0, 30.0


def estimate(
    function: Callable[..., object],
    x: np.ndarray,
    v: np.ndarray,
    *,
    is_scalar: bool = False,
    derivative_order: int = 1,
    budget: int = 80,
    seed: int = 0,
) -> Estimate:
    """Return the derivative of a scalar function at x along v, from real steps."""
    return on_line(
        Line(function, x, v, is_scalar), derivative_order=derivative_order, budget=budget, seed=seed
    )


def on_line(
    line: Line,
    output: int = 0,
    coordinate: int | None = None,
    *,
    derivative_order: int = 1,
    budget: int = 80,
    seed: int = 0,
    mantissa: float = MANTISSA,
) -> Estimate:
    """Return the derivative of one output along a line.

    Parameters
    ----------
    line : Line
        The function, with memory.
    output : int
        Which output.
    coordinate : int or None
        The one variable that moves it; found from the direction by default.
    derivative_order : int
        1 or 2.
    budget : int
        Evaluations that may be spent, beyond those of the line so far.
    seed : int
        Where probes of jumps look.
    mantissa : float
        For tests: powers of two alone lose coverage.
    """
    if coordinate is None and np.count_nonzero(line.v) == 1:
        coordinate = int(np.flatnonzero(line.v)[0])
    budget += line.evaluations
    first = line.at(0.0)[output]
    if not math.isfinite(first):
        reason = f"f is {'not a number' if math.isnan(first) else 'infinite'} at the point itself"
        return refused(line, None, DerivativeStatus.NONFINITE, reason)
    rungs = Rungs(line, output, coordinate, mantissa)
    second = line.again()[output]
    is_random = bool(first != second)
    if is_random:
        rungs.least_noise = 0.3 * abs(float(first - second))
    if not is_random and _is_blind(rungs):
        # Beside what f holds, x is as good as 0; its scale says nothing.
        rungs = Rungs(line, output, coordinate, mantissa, at_zero=True)
    start, below = _lowest(rungs)
    if start is None and rungs.at_zero:
        # f ends nearer than any step of scale 1, as log does at 1e-300.
        rungs = Rungs(line, output, coordinate, mantissa, at_zero=False)
        start, below = _lowest(rungs)
    if start is None:
        return one_sided.answer(rungs, budget, derivative_order)
    reading = _from_further_up(rungs, start, climb(rungs, start, below, 0.0, budget), budget)
    if isinstance(reading, Estimate):
        return reading
    found = _held_against_below(rungs, start, reading)
    if found.best is None:
        reason = "f is finite at too few steps to either side"
        return refused(line, rungs, DerivativeStatus.NONFINITE, reason, found.noise)
    refusal = refuse.singular(rungs, found)
    if refusal is not None:
        return refusal
    settled = abrupt.settle(rungs, found, start, budget, np.random.default_rng(seed))
    if isinstance(settled, Estimate):
        return settled
    if settled is found and not is_random:
        structure = _structure(rungs, found, budget)
        if isinstance(structure, Estimate):
            return structure
        settled = structure or _held_against_ripples(rungs, found)
    found = settled
    if derivative_order == 2:
        return _second(rungs, found, start, budget, is_random)
    assert found.best is not None
    refusal = refuse.hopeless(rungs, found, found.best, is_random)
    return refusal or answered(rungs, found, found.best)


def answered(rungs: Rungs, found: Climb, best: Candidate) -> Estimate:
    """Return an answer."""
    reason = "f is random, two calls at the point differ; " if rungs.least_noise > 0 else ""
    reason += (
        f"{best.m + 1} steps from h = {rungs.step(best.k):.2g} to {rungs.step(best.k + best.m):.2g}"
        f" combined; f is noisy at {found.noise:.1g}"
    )
    return Estimate(
        best.t,
        best.error,
        DerivativeStatus.ESTIMATED,
        reason,
        rungs.line.evaluations,
        found.noise,
        (best.k, best.m),
        rungs.all(),
        verified=best.error,
    )


def refused(
    line: Line, rungs: Rungs | None, status: DerivativeStatus, reason: str, noise: float = math.nan
) -> Estimate:
    """Return a refusal."""
    known = rungs.all() if rungs is not None else ()
    return Estimate(math.nan, math.inf, status, reason, line.evaluations, noise, None, known)


def _is_blind(rungs: Rungs) -> bool:
    """Say whether f doesn't move at all, however far x does in units of itself."""
    if rungs.at_zero:
        return False
    tried = (rungs.rung(e) for e in (_START, 4))
    return all(r is not None and r.is_dead for r in tried)


def _lowest(rungs: Rungs) -> tuple[int | None, list[Rung]]:
    """Return where the scan starts, and the lower rungs that hold only noise."""
    tries: tuple[int, ...] = (_START, -38, LOWEST)
    if rungs.at_zero:
        tries = (_START_AT_ZERO, -48, -96, -192, -384, _LOWEST_AT_ZERO)
    start = next((e for e in tries if rungs.rung(e) is not None), None)
    if start is None:
        return None, []
    seen: list[Rung] = []
    e, noisy, fell = start, 0, False
    while True:
        rung = rungs.rung(e)
        if rung is None:
            e = seen[-1].e
            break
        seen.append(rung)
        above = rungs.rung(e + STRIDE)
        quiet = not _is_loud(rung, above)
        if len(seen) > 1 and not quiet:
            higher = seen[-2]
            gap = higher.e - e
            odd, odd_above = _odd(rung, above), _odd(higher, rungs.rung(higher.e + STRIDE))
            even, even_above = abs(rung.even), abs(higher.even)
            smooth = (
                even * _EVEN_DECAY**gap <= even_above or even <= _LOUD * EVEN_SPREAD * rung.floor
            ) and (odd * _ODD_DECAY**gap <= odd_above or odd <= _LOUD * ODD_SPREAD * rung.floor)
            if smooth:
                break  # structure: it was met from above, and ends further down
            # What falls so fast and is still heard is no noise; cells of rounding fall silent.
            fell = _LOUD * EVEN_SPREAD * rung.floor < even <= even_above / _FELL
            if even * _NO_DECAY > even_above or odd * _NO_DECAY > odd_above:
                noisy += 1
                if noisy == 2:
                    return start, sorted(seen[1:], key=lambda r: r.e)
        following = _next_down(rungs, e)
        if quiet or following is None:
            if noisy and not quiet and not fell:
                return start, sorted(seen[1:], key=lambda r: r.e)
            break
        e = following
    return e, []


def _next_down(rungs: Rungs, e: int) -> int | None:
    """Return the next rung to start from; None below the last one."""
    if not rungs.at_zero:
        return e - STRIDE if e - STRIDE >= LOWEST else None
    return e + e // 2 if e + e // 2 >= _LOWEST_AT_ZERO else None


def _odd(rung: Rung, above: Rung | None) -> float:
    """Return by how much the odd part changes to the rung above, in units of f."""
    return rung.h * abs(rung.odd - above.odd) if above is not None else 0.0


def _is_loud(rung: Rung, above: Rung | None) -> bool:
    """Say whether a rung holds more than the rounding of a result."""
    limit = _LOUD * rung.floor
    return abs(rung.even) / EVEN_SPREAD > limit or _odd(rung, above) / ODD_SPREAD > limit


def _from_further_up(rungs: Rungs, start: int, found: Climb, budget: int) -> Climb | Estimate:
    """Return a climb that takes the lowest rungs for noise, where that is the better reading."""
    best = found.best
    if rungs.at_zero or start >= _START or best is None:
        return found
    if best.k > start + 2 and best.k + best.m >= _DEEP:
        return found
    if rungs.rung(_START) is None:
        return found
    below = [r for r in rungs.all() if r.e < _START]
    other = climb(rungs, _START, below, 0.0, budget)
    inside = [rungs.rung(e) for e in range(best.k, best.k + best.m + 1)]
    if other.best is not None and all(r is not None and r.is_dead for r in inside):
        return other  # a dead cell, not a slope of 0
    if other.best is None or other.best.error >= min(best.error, abs(other.best.t) / 4):
        return found
    apart = abs(other.best.t - best.t)
    if apart > max(3 * (other.best.error + best.error), abs(other.best.t) / 128):
        return refuse.two_slopes(rungs, best, other.best, found.noise)
    return other


def _held_against_below(rungs: Rungs, start: int, found: Climb) -> Climb:
    """Return a climb whose bar holds what a still lower rung shows.

    Where f had structure at the usual start, and the answer comes from the lowest rungs of all, no
    rung beneath has tested it: x²·sin(1/x) falls as a smooth function does, and never settles.
    """
    best = found.best
    usual = _START_AT_ZERO if rungs.at_zero else _START
    if best is None or start >= usual or best.k > start + 2:
        return found
    e = _next_down(rungs, start)
    lower = None if e is None else rungs.rung(e)
    if lower is None:
        return found
    noise = KAPPA * ODD_SPREAD * max(lower.floor, rungs.least_noise) / lower.h
    misfit = abs(lower.odd - best.t) - noise - best.error
    if misfit <= 0:
        return found
    return replace(found, best=replace(best, tau=max(best.tau, 2 * (misfit + best.error))))


def _structure(rungs: Rungs, found: Climb, budget: int) -> Climb | Estimate | None:
    """Return the climb or the refusal of a function whose noise is a part of it; None elsewhere.

    Noise is as loud in the finest steps as in any other. What is silent there is a wave too fine
    for the steps of the scan, however plain the slope across it is.
    """
    best = found.best
    if best is None or rungs.at_zero or best.k <= _START:
        return None
    below = [r for r in found.scanned if r.e < min(best.k, _WIDE)]
    noise = spread([s for part in samples(pairs_of(below)) for s in part], 0.0)
    if len(below) < 2 or noise <= _RIPPLE * below[0].floor:
        return None
    is_strong = noise > _STRONG * below[0].floor
    finest = next(
        (e for e in (_FINEST, _FINEST - STRIDE)[: 1 + is_strong] if _is_hushed(rungs, e, noise)),
        None,
    )
    if finest is None:
        return None
    limit = max(noise / _HEARD, _LOUD * below[0].floor)
    onset = _onset(rungs, finest, limit)
    before = rungs.rung(onset - 1) if onset is not None else None
    if onset is None or before is None or not _grows_smoothly(rungs, onset, limit):
        return None
    if not is_strong:
        return _held_against(found, best, before)
    other = climb(rungs, finest, [], 0.0, max(budget, rungs.line.evaluations + _RESOLVED))
    apart = abs(before.odd - best.t)
    if other.best is not None and other.best.error < max(abs(other.best.t), apart) / 4:
        return other
    if apart < 2 * best.error:
        return None
    return refuse.two_slopes(rungs, Candidate(before.e, 0, before.odd, 0.0, 0.0), best, noise)


def _is_hushed(rungs: Rungs, e: int, noise: float) -> bool:
    """Say whether two steps show nothing of a noise."""
    one = rungs.rung(e)
    if one is None or one.is_dead:
        return False
    limit = max(_SILENT * one.floor, noise / _HUSHED)
    if abs(one.even) > limit:
        return False
    above = rungs.rung(e + 1)
    if above is None or above.is_dead:
        return False
    return max(abs(above.even), one.h * abs(one.odd - above.odd)) <= limit


def _onset(rungs: Rungs, finest: int, limit: float) -> int | None:
    """Return the rung from which on f is louder than a limit; None where it is nowhere."""
    high = next((e for e in range(finest, _WIDE, STRIDE) if _off(rungs, e) > limit), None)
    if high is None or high == finest:
        return None
    low = high - STRIDE
    while high - low > 1:
        middle = (low + high) // 2
        if _off(rungs, middle) > limit:
            high = middle
        else:
            low = middle
    return high


def _off(rungs: Rungs, e: int) -> float:
    """Return by how much a rung and the next one differ from those of a parabola."""
    one, above = rungs.rung(e), rungs.rung(e + 1)
    if one is None or above is None:
        return math.inf
    return max(one.h * abs(one.odd - above.odd), abs(one.even - above.even / 4))


def _grows_smoothly(rungs: Rungs, onset: int, limit: float) -> bool:
    """Say whether f grows loud as a wave does, where stairs and other cells jump."""
    before, first, second = (_off(rungs, onset + i) for i in (-1, 0, 1))
    return first <= _LEAPS * max(before, limit) and _GROWS * first <= second < math.inf


def _held_against(found: Climb, best: Candidate, rung: Rung) -> Climb:
    """Return a climb whose bar holds the slope that one rung shows."""
    noise = KAPPA * ODD_SPREAD * rung.floor / rung.h
    misfit = 2 * abs(rung.odd - best.t) + noise
    return replace(found, best=replace(best, tau=max(best.tau, misfit)))


def _held_against_ripples(rungs: Rungs, found: Climb) -> Climb:
    """Return a climb whose bar holds the slopes of a ripple that looks like noise from afar.

    Noise is as loud at the smallest step as at any other; what is silent there and loud further up
    is a part of f, as fine as it may be.
    """
    best = found.best
    below = [] if best is None else [r for r in found.scanned if r.e < best.k]
    if best is None or len(below) < 2 or found.noise <= _RIPPLE * below[0].floor:
        return found
    if not _is_silent(below[0], best.t) or not _is_silent(rungs.rung(below[0].e + 1), best.t):
        return found
    seen = [abs(r.odd - best.t) for r in below if r.h * abs(r.odd - best.t) > _RIPPLE * r.floor]
    return replace(found, best=replace(best, tau=max([best.tau, *(2 * s for s in seen)])))


def _is_silent(rung: Rung | None, slope: float) -> bool:
    """Say whether a rung shows a slope and nothing else but the rounding of f."""
    if rung is None or rung.is_dead:
        return False
    return max(rung.h * abs(rung.odd - slope), abs(rung.even)) <= _SILENT * rung.floor


def _second(rungs: Rungs, first: Climb, start: int, budget: int, is_random: bool) -> Estimate:
    """Return the second derivative, from the even parts of the same rungs."""
    # Noise beyond the rounding of results: that of the largest results says nothing of the others.
    floor = max(r.floor for r in first.scanned)
    noise = first.noise if first.noise > 2 * floor else 0.0
    try:
        found = climb(rungs, start, [], noise, budget + 40, EVEN)
        best = found.best
        if best is None or not math.isfinite(best.t) or not math.isfinite(best.error):
            raise OverflowError
    except ArithmeticError:
        reason = "the second difference leaves the range of doubles"
        return refused(rungs.line, rungs, DerivativeStatus.UNRESOLVED, reason, first.noise)
    return refuse.hopeless(rungs, found, best, is_random) or answered(rungs, found, best)
