"""Reasons not to answer: f is 0, has a kink, a jump or a vertical tangent, or only noise."""

from __future__ import annotations

import math

from symnum.differences import one_sided
from symnum.differences.estimate import DerivativeStatus, Estimate, Rung
from symnum.differences.extrapolation import Candidate
from symnum.differences.rungs import Rungs
from symnum.differences.search import Climb

# An even part is seen above so many times the noise of the odd part.
_SEEN = 10.0

# Growth of |S| in octaves an octave: a jump below the first, a cusp below the second, a kink below
# the third; |x|^1.5 is differentiable.
_JUMP, _CUSP, _KINK = 0.2, 0.9, 1.15
# Above this it is no plain kink, whose slopes could be measured.
_BEND = 1.04

# The bar of a derivative that is all but 0 is this part of the slopes around it, or less.
_SMALL = 2.0**-20

# Evaluations that the slope to one side of a kink may take.
_ONE_SIDED = 24

# A window so far up would not be there if f were anything but noise, or very plain.
_FAR = 60
# Such steps are wider than four times x itself.
_BEYOND = 2

# How much of f a single value must be off to be no noise, and how steady a growth must be.
_ALONE, _STEADY = 1e-3, 0.25


def singular(rungs: Rungs, found: Climb) -> Estimate | None:
    """Return a refusal where f is not differentiable at x; None where nothing says so."""
    known = rungs.all()
    if all(r.is_dead for r in known) and rungs.at_x == 0.0:
        reason = "f is 0 to the last bit at every step, so there is nothing to measure"
        return _refusal(rungs, DerivativeStatus.ZERO, reason, found.noise)
    jump = _jump(known)
    if jump > 0.0:
        reason = f"f jumps at the point, by about {jump:.3g}"
        return _refusal(rungs, DerivativeStatus.JUMP, reason, found.noise)
    noise = 10 * found.noise if rungs.least_noise > 0 else found.odd_noise
    even = [(r, abs(r.even)) for r in known]
    slope, at = _growth(even, noise)
    if at is not None and slope < _KINK:
        if slope < _JUMP:
            if abs(at.even) < _ALONE * at.size:
                return None  # the noise of f(x) itself, which all rungs share
            reason = f"f(x) is {abs(at.even):.3g} off from what is around it"
            return _refusal(rungs, DerivativeStatus.JUMP, reason, found.noise)
        if slope < _CUSP:
            reason = f"f has a cusp or a vertical tangent: it moves as h^{slope:.2g} near the point"
            return _refusal(rungs, DerivativeStatus.VERTICAL_TANGENT, reason, found.noise)
        return _kink(rungs, slope, found.noise)
    # A jump or a vertical tangent that is odd about the point leaves S at 0.
    odd = [(r, abs(r.odd * r.h)) for r in known]
    slope, at = _growth(odd, noise)
    if at is not None and slope < _CUSP and not _scatters([r.odd for r in known], 0.0):
        if slope < _JUMP:
            reason = f"f jumps at the point, by about {2 * abs(at.odd * at.h):.3g}"
            return _refusal(rungs, DerivativeStatus.JUMP, reason, found.noise)
        reason = f"f has a vertical tangent: it moves as h^{slope:.2g} near the point"
        return _refusal(rungs, DerivativeStatus.VERTICAL_TANGENT, reason, found.noise)
    return None


def _kink(rungs: Rungs, growth: float, noise: float) -> Estimate:
    """Return the refusal of a kink, with the slope to either side as far as it can be measured."""
    if growth > _BEND:
        reason = f"f moves as h^{growth:.2g} near the point: a kink, or all but one"
        return _refusal(rungs, DerivativeStatus.KINK, reason, noise)
    slopes, words = [], []
    for side, where in ((-1, "left"), (1, "right")):
        best = one_sided.slope(rungs, side, rungs.line.evaluations + _ONE_SIDED)
        known = best is not None and best.error < max(abs(best.t), noise) / 4
        slopes.append(best.t if best is not None and known else math.nan)
        if best is not None and known:
            words.append(f"{best.t:.8g} ± {best.error:.1g} to the {where}")
    reason = "f has a kink" + (f": the slope is {' and '.join(words)}" if words else "")
    return _refusal(rungs, DerivativeStatus.KINK, reason, noise, slopes[0], slopes[1])


def hopeless(rungs: Rungs, found: Climb, best: Candidate, is_random: bool) -> Estimate | None:
    """Return a refusal where the error bar or the noise is as large as what is measured."""
    value, error = abs(best.t), best.error
    if not math.isfinite(best.t) or not math.isfinite(error):
        reason = "the differences leave the range of doubles"
        return _refusal(rungs, DerivativeStatus.UNRESOLVED, reason, found.noise)
    if is_random and error > value / 2:
        reason = f"f is random and the error bar {error:.2g} hides the derivative {best.t:.2g}"
        return _refusal(rungs, DerivativeStatus.RANDOM, reason, found.noise)
    values = [s for r in rungs.all() for s in (r.even + r.odd * r.h, r.even - r.odd * r.h)]
    extent = max(*values, 0.0) - min(*values, 0.0)
    if found.noise > extent / _share(rungs, best.k) and extent > 0:
        reason = f"the noise of f, {found.noise:.2g}, is as large as all that f moves by"
        status = DerivativeStatus.RANDOM if is_random else DerivativeStatus.NOISE
        return _refusal(rungs, status, reason, found.noise)
    if best.tau > best.nu and error > value / 4 and not _turns(rungs, best):
        reason = f"no step shows how f behaves: the best answer is {best.t:.3g} ± {error:.2g}"
        return _refusal(rungs, DerivativeStatus.UNRESOLVED, reason, found.noise)
    return None


def _share(rungs: Rungs, k: int) -> float:
    """Return which part of all that f moves by its noise may be, for a window from a rung on."""
    if k >= _FAR:
        return 16
    # Steps far beyond x itself average over waves that noise may hide.
    return 64 if k >= _BEYOND and not rungs.at_zero else 4


def _turns(rungs: Rungs, best: Candidate) -> bool:
    """Say whether f has a minimum or maximum here: the bar is small beside the slopes around it."""
    around = max(abs(rung.even) / rung.h for rung in rungs.all())
    return best.error <= around * _SMALL


def two_slopes(rungs: Rungs, fine: Candidate, coarse: Candidate, noise: float) -> Estimate:
    """Return the refusal of a function with one slope in small steps and another in large ones."""
    reason = (
        f"f has two slopes: {fine.t:.9g} at steps near {rungs.step(fine.k):.1g} and "
        f"{coarse.t:.9g} near {rungs.step(coarse.k):.1g}"
    )
    return _refusal(rungs, DerivativeStatus.TWO_SLOPES, reason, noise)


def wide_stairs(rungs: Rungs, width: float, noise: float) -> Estimate:
    """Return the refusal of a function that is flat for a good part of x to either side."""
    reason = (
        f"f is flat within {width:.2g} of the point and moves in stairs beyond it: its slope is 0 "
        "on each, and across many it is another"
    )
    return _refusal(rungs, DerivativeStatus.STAIRCASE, reason, noise)


def saw_teeth(rungs: Rungs, slope: float, width: float, height: float, noise: float) -> Estimate:
    """Return the refusal of a function that jumps again and again, and is smooth in between."""
    reason = (
        f"f jumps by about {height:.2g} again and again, first within {width:.2g} of the point, as "
        f"cancelled digits make it: the slope between two jumps, {slope:.6g}, is not that across "
        "many"
    )
    return _refusal(rungs, DerivativeStatus.STAIRCASE, reason, noise)


def staircase(rungs: Rungs, coarse: Candidate, noise: float) -> Estimate:
    """Return the refusal of a function that moves in steps too coarse for an answer."""
    reason = f"f moves in stairs too coarse to tell its slope ({coarse.t:.2g} ± {coarse.error:.1g})"
    return _refusal(rungs, DerivativeStatus.STAIRCASE, reason, noise)


def _jump(known: tuple[Rung, ...]) -> float:
    """Return the size of a jump that the lowest rungs all show alike; 0 where they don't."""
    lowest = known[:4]
    if len(lowest) < 4:
        return 0.0
    part = [r.odd * r.h for r in lowest]
    least, most = min(part), max(part)
    size = min(abs(least), abs(most))
    if size > 100 * max(r.floor for r in lowest) and most - least <= size / 20:
        return 2 * size
    return 0.0


def _growth(sizes: list[tuple[Rung, float]], noise: float) -> tuple[float, Rung | None]:
    """Return how fast a part of f grows in the lowest rungs where it is seen, and where.

    Lower rungs must be consistent with it; else there is no such rung.
    """
    limit = [_SEEN * max(noise, r.floor) for r, _ in sizes]
    a = next((i for i, (_, s) in enumerate(sizes) if s > limit[i]), None)
    if a is None:
        return 2.0, None
    low, size = sizes[a]
    b = next((i for i in range(a + 1, len(sizes)) if sizes[i][0].e >= low.e + 2), None)
    if b is None or sizes[b][1] == 0.0:
        return 2.0, None
    slope = (math.log2(sizes[b][1]) - math.log2(size)) / (sizes[b][0].e - low.e)
    c = next((i for i in range(b + 1, len(sizes)) if sizes[i][0].e >= sizes[b][0].e + 2), None)
    if c is not None:
        further = sizes[c][1]
        gap = sizes[c][0].e - sizes[b][0].e
        if (
            further == 0.0
            or abs((math.log2(further) - math.log2(sizes[b][1])) / gap - slope) > _STEADY
        ):
            return 2.0, None
    for i in range(a):
        rung, s = sizes[i]
        expected = size * 2.0 ** min(0.0, slope * (rung.e - low.e))
        if abs(s - expected) > max(limit[i], expected / 4):
            return 2.0, None
    return slope, low


def _scatters(values: list[float], noise: float) -> bool:
    """Say whether values change sign, as noise does and a jump does not."""
    seen = [v for v in values if abs(v) > noise]
    return any(v > 0 for v in seen) and any(v < 0 for v in seen)


def _refusal(
    rungs: Rungs,
    status: DerivativeStatus,
    reason: str,
    noise: float,
    left: float = math.nan,
    right: float = math.nan,
) -> Estimate:
    return Estimate(
        math.nan,
        math.inf,
        status,
        reason,
        rungs.line.evaluations,
        noise,
        None,
        rungs.all(),
        left,
        right,
    )
