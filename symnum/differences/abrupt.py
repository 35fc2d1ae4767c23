"""Tells one jump or kink nearby from the first step of a staircase, where smoothness ends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from symnum.differences import refuse
from symnum.differences.estimate import Estimate, Rung
from symnum.differences.jumps import height_of_stairs
from symnum.differences.rungs import ODD_SPREAD, Rungs
from symnum.differences.search import Climb, climb

# A misfit that grows by more than this an octave is no smooth function's, which has at most 2^7.
_ABRUPT, _ABRUPT_DEEP, _DEEP = 128.0, 8.0, -20

# What grows by more than this in the octave that follows has met no jump or kink.
_GROWS_ON = 4.0

# Quotients of a smooth function leave a slope by so many times more an octave; by more than the
# second beyond that, they have met a jump or a kink.
_SMOOTH, _LATE = 4.0, 6.0

# A step as wide as x itself, nearly: what f does on its own scale shows there.
_AFAR = -3

# Evaluations that a late jump may take to be found.
_PROBE = 24

# Below so many times the noise nothing is seen of truncation yet.
_QUIET = 512.0

# Nodes of a probe, between twice and ten times the step, jittered: equal spacing aliases.
_NODES, _NEAR, _FAR = 9, 2.0, 10.0

# A flat cell that no probe could tell from a constant would be a false answer: so many more.
_OVER = 8

# How much wider each probe is than the first.
_WIDTHS = (1.0, 16.0, 256.0, 4096.0)

# Stairs of this part of x, in octaves, are no rounding to float16 or finer: nobody means the slope
# across them. Narrower than the second ones they may be the rounding of x to float32; in between
# they are rounding only where the values are those of a float format.
_WIDE, _NARROW = -10, -22

# Digits of bfloat16, float16 and float32.
_FORMATS = (8, 11, 24)

# A residual below this part of the jump leaves it alone.
_ALONE = 16.0


def settle(
    rungs: Rungs, found: Climb, start: int, budget: int, random: np.random.Generator
) -> Climb | Estimate:
    """Return the climb to believe, or a refusal, once an abrupt end of smoothness is probed."""
    end = _abrupt_end(rungs, found, start)
    if end is None:
        late = _late_end(rungs, found, budget)
        if late is None:
            return found
        stairs = _stairs(rungs, found, late, False, random)
        if stairs > 0.0 and late >= _NARROW and found.best is not None:
            return refuse.saw_teeth(rungs, found.best.t, rungs.step(late), stairs, found.noise)
        return _beyond_stairs(rungs, found, start, late, stairs, False, budget)
    e, jump, is_dead = end
    # What is still again beyond its first move flickers.
    stairs = jump if is_dead and any(r.is_dead for r in rungs.all() if r.e > e) else 0.0
    h = rungs.step(e)
    # A flat cell may be wide, so that its stairs are looked for further away.
    # A flat cell that ends on the left goes on to the right.
    side = -1.0 if is_dead and rungs.value(h) == rungs.at_x else 1.0
    for width in _WIDTHS if stairs == 0.0 else ():
        reach = _FAR * width * h
        if width > 1 and not rungs.at_zero and reach > rungs.scale / (2 if is_dead else 64):
            stairs = _stairs(rungs, found, e, is_dead, random)
            break
        if rungs.line.evaluations + _NODES > budget + _OVER:
            break
        residual = _residual(rungs, side * width * h, random)
        if residual is None:
            break
        if residual > jump / _ALONE:
            stairs = max(residual, jump / 2)
            break
    return _beyond_stairs(rungs, found, start, e, stairs, is_dead, budget)


def _beyond_stairs(
    rungs: Rungs, found: Climb, start: int, e: int, stairs: float, is_dead: bool, budget: int
) -> Climb | Estimate:
    """Return the climb to believe, or a refusal, where f moves in stairs from an octave on."""
    if stairs == 0.0:
        return found
    # At x = 0 there is no scale to tell wide from narrow.
    is_wide = e >= _NARROW and not rungs.at_zero and not is_rounded(_values(rungs))
    if is_dead and (e >= _WIDE or is_wide):
        return refuse.wide_stairs(rungs, rungs.step(e) / 2, stairs)
    above = max(e, start)
    if rungs.rung(above) is None:
        return found
    coarse = climb(rungs, above, [], stairs, max(budget, rungs.line.evaluations + 16))
    fine = found.best
    if coarse.best is None or fine is None:
        return found
    apart = abs(coarse.best.t - fine.t)
    bars = coarse.best.error + fine.error
    if apart <= 3 * bars:
        inside = [rungs.rung(j) for j in range(fine.k, fine.k + fine.m + 1)]
        if is_dead and all(r is not None and r.is_dead for r in inside):
            return refuse.staircase(rungs, coarse.best, stairs)
        return found
    if (apart <= 10 * bars or is_wide) and not is_dead:
        return refuse.two_slopes(rungs, fine, coarse.best, stairs)
    return coarse


def is_rounded(values: np.ndarray) -> bool:
    """Say whether values are those of a float format with fewer digits, down to the last of them.

    Parameters
    ----------
    values : float64 array
        What f gave at several points.
    """
    for digits in _FORMATS:
        multiples = np.ldexp(values, digits - np.frexp(values)[1])
        if np.all(multiples % 1 == 0):
            return bool(np.any(multiples % 2 == 1))
    return False


def _values(rungs: Rungs) -> np.ndarray:
    """Return what f gave at all the points that were asked so far, where it is finite."""
    values = np.array([found[rungs.output] for found in rungs.line.seen()])
    return np.asarray(values[np.isfinite(values)])


def _abrupt_end(rungs: Rungs, found: Climb, start: int) -> tuple[int, float, bool] | None:
    """Return the octave where smoothness ends, the size of the jump, and if f was dead below."""
    known = [r for r in rungs.all() if r.e >= start]
    dead = [r for r in known if r.is_dead]
    alive = [r for r in known if not r.is_dead]
    if dead and alive and dead[0].e == known[0].e and alive[0].e > dead[0].e:
        low = max(r.e for r in dead if r.e < alive[0].e)
        high = alive[0].e
        while high - low > 1:
            middle = (low + high) // 2
            rung = rungs.rung(middle)
            if rung is None or not rung.is_dead:
                high = middle
            else:
                low = middle
        moved = rungs.rung(high)
        # What moves by the rounding of a result was not dead, only still.
        if moved is not None and abs(moved.odd) * moved.h + abs(moved.even) > 8 * moved.floor:
            return high, abs(moved.odd) * moved.h + abs(moved.even), True
    best = found.best
    if best is None:
        return None
    top = best.k + best.m
    if found.abrupt_at is not None and top < found.abrupt_at:
        # The window ends below what the scan met: find its octave.
        low, high = top, found.abrupt_at
        while high - low > 1:
            middle = (low + high) // 2
            rung, lower = rungs.rung(middle), rungs.rung(low)
            if rung is None or lower is None or _is_abrupt(rungs, found, best.t, lower, rung):
                high = middle
            else:
                low = middle
    known = [r for r in rungs.all() if r.e >= start]
    for lower, upper in pairwise(known):
        if upper.e != lower.e + 1:
            continue
        if _misfit(lower, best.t) >= lower.h * abs(best.t) / 4 and best.t != 0:
            break
        if _is_abrupt(rungs, found, best.t, lower, upper) and not _goes_on(rungs, best.t, upper):
            return upper.e, _misfit(upper, best.t) * ODD_SPREAD, False
    return None


def _stairs(
    rungs: Rungs, found: Climb, e: int, is_dead: bool, random: np.random.Generator
) -> float:
    """Return how high the stairs are that begin within an octave; 0 where there are none."""
    slope = found.best.t if found.best is not None and not is_dead else 0.0
    return height_of_stairs(rungs, rungs.step(e), slope, is_dead, random)


def _late_end(rungs: Rungs, found: Climb, budget: int) -> int | None:
    """Return the octave where f abruptly leaves a slope that fitted it well into truncation.

    Between two jumps a cancelling function is smooth, and its truncation hides the jump.
    """
    best = found.best
    if best is None or best.t == 0.0 or rungs.at_zero:
        return None
    if rungs.line.evaluations + _PROBE > budget:
        return None
    low = best.k + best.m
    above = (r.e for r in rungs.all() if low < r.e <= 0 and _has_left(rungs, best.t, r.e))
    high = next(above, _AFAR)
    if high <= low or not _has_left(rungs, best.t, high):
        return None
    while _leaves_abruptly(rungs, best.t, low, high):
        if high - low == 1:
            return high
        middle = (low + high) // 2
        if _has_left(rungs, best.t, middle):
            high = middle
        else:
            low = middle
    return None


def _leaves_abruptly(rungs: Rungs, slope: float, low: int, high: int) -> bool:
    """Say whether quotients leave a slope between two octaves as no smooth function's do."""
    inside, outside = rungs.rung(low), rungs.rung(high)
    if inside is None or outside is None:
        return False
    grown = _LATE * _SMOOTH ** (high - low)
    return abs(outside.odd - slope) > grown * abs(inside.odd - slope)


def _has_left(rungs: Rungs, slope: float, e: int) -> bool:
    """Say whether a rung shows another slope."""
    rung = rungs.rung(e)
    return rung is not None and abs(rung.odd - slope) > abs(slope) / 4


def _misfit(rung: Rung, slope: float) -> float:
    """Return how far a rung is from a slope, in units of f."""
    return rung.h * abs(rung.odd - slope) / ODD_SPREAD


def _is_abrupt(rungs: Rungs, found: Climb, slope: float, lower: Rung, upper: Rung) -> bool:
    """Say whether the misfit grows from one rung to another as no smooth function's does."""
    noise = max(found.noise, lower.floor)
    least = max(_misfit(lower, slope), 8 * noise)
    if least > _QUIET * noise:
        return False  # truncation was on its way
    deep = not rungs.at_zero and upper.e < _DEEP
    return _misfit(upper, slope) > (_ABRUPT_DEEP if deep else _ABRUPT) * least


def _goes_on(rungs: Rungs, slope: float, rung: Rung) -> bool:
    """Say whether the misfit grows on, as that of a fine wave does: by 8 where truncation sets in.

    Beyond a first jump there is no more than a jump here and there, beyond a kink it grows as h.
    """
    further = rungs.rung(rung.e + 1)
    return further is not None and _misfit(further, slope) > _GROWS_ON * _misfit(rung, slope)


def _residual(rungs: Rungs, h: float, random: np.random.Generator) -> float | None:
    """Return how far f is from a quartic on one side, in an interval of this scale.

    Where f is not finite on the side of h it is the other one.
    """
    spots = np.linspace(_NEAR, _FAR, _NODES) + random.uniform(-0.4, 0.4, _NODES)
    values = np.array([rungs.value(t) for t in spots * h])
    if not np.isfinite(values).all():
        values = np.array([rungs.value(-t) for t in spots * h])
        if not np.isfinite(values).all():
            return None
    matrix = np.vander((spots - 6.0) / 4.0, 5)
    fitted, *_ = np.linalg.lstsq(matrix, values - values[0], rcond=None)
    return float(np.max(np.abs(values - values[0] - matrix @ fitted)))
