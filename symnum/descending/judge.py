"""What a run does, from its path: whether it converges, crawls, oscillates, or goes away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

FEWEST = 100
"""Steps that a run is given to halve what is left, though it be shorter, before it crawls."""

_EPSILON = 2.0**-52
_TINY = 2.0**-1000
_FAR = 2.0**26
_GROWTH = 0.125  # in powers of two, over a run: with less its steps keep their length
_HALF_THE_DIGITS = 2.0**-26
_STANDING = 4 * _EPSILON  # a step of fewer ulps of x than this is rounding's


class Course(StrEnum):
    """What a descent does; each equals its lower-case word.

    Examples
    --------
    >>> import symnum as sn
    >>> [str(sn.descend("x**2", 1.0, rate=rate).verdict) for rate in (0.1, 1e-10, 1.0, 10.0)]
    ['converges', 'crawls', 'oscillates', 'diverges']
    """

    CONVERGES = "converges"
    """Comes closer: at its factor such a run, or one of 100 steps, halves what is left."""
    CRAWLS = "crawls"
    """Moves so slowly that neither a run of this length nor 100 steps halve what is left."""
    OSCILLATES = "oscillates"
    """Jumps to and fro without coming closer."""
    ACCELERATES = "accelerates"
    """Goes down with steps that grow: it leaves a maximum, a saddle or a plateau."""
    DIVERGES = "diverges"
    """Goes away, up or down without end, or ends in numbers that are no longer finite."""
    FAILS = "fails"
    """Takes no step: f or its gradient has no finite number at the start."""


@dataclass(frozen=True)
class Judgement:
    """The course of one path, and what it was read from.

    Parameters
    ----------
    course : Course
        The verdict.
    factor : float
        What one step multiplies the next by, fitted to the later half of the steps that move;
        0 where the first one reaches a gradient of exactly 0, NaN where else fewer than two move.
    overflow_at : int or None
        The first step at which a number is not finite. That f is too large for a double where the
        path begins doesn't count, as long as x and the gradient are finite.
    stands_from : int or None
        The first step from which on x no longer moves; None where it moves to the end.
    jumps : bool
        Whether the steps go to and fro.
    exact_slope : float
        The largest exact partial derivative at the last finite point, in modulus; NaN where it
        isn't known.
    slopes : tuple of float
        The largest partial derivative that was followed, at the first and the last finite step.
    heights : tuple of float
        f at the first and the last finite step: exact where that is known.
    fades : bool
        Whether the steps shrink no faster than k^-1.5, so that only the Hessian can tell a path
        that comes to an end from one that goes on for ever.
    goes_away : bool
        Whether the steps grow, and the last is no shorter than the first: only the Hessian can tell
        a path that is on its way to a minimum from one that goes down for ever.
    """

    course: Course
    factor: float
    overflow_at: int | None
    stands_from: int | None
    jumps: bool
    exact_slope: float = math.nan
    slopes: tuple[float, float] = (math.nan, math.nan)
    heights: tuple[float, float] = (math.nan, math.nan)
    fades: bool = False
    goes_away: bool = False


@dataclass(frozen=True, eq=False)
class Ends:
    """What is exact at the first and the last point of a path; NaN where it isn't known.

    Parameters
    ----------
    gradients : float64 array, shape (2, n)
        The exact gradients, whatever was followed.
    values : float64 array, shape (2,)
        The exact values of f; NaN where another function took its place.
    """

    gradients: np.ndarray
    values: np.ndarray


def ends_at(path: np.ndarray, values: np.ndarray, gradients: np.ndarray) -> int | None:
    """Return the first step at which a number is not finite; None where all are finite.

    From far out, where f itself is beyond the doubles, a path may well come down.
    """
    beyond = np.logical_and.accumulate(np.isinf(values))
    finite = np.isfinite(path).all(axis=-1) & (np.isfinite(values) | beyond)
    finite &= np.isfinite(gradients).all(axis=-1)
    return None if finite.all() else int(np.argmin(finite))


def judge(path: np.ndarray, values: np.ndarray, gradients: np.ndarray, ends: Ends) -> Judgement:
    """Return the course of a path of shape (steps + 1, n)."""
    overflow = ends_at(path, values, gradients)
    # what follows the first number that isn't finite says nothing
    end = len(path) if overflow is None else overflow
    path, values, gradients = path[:end], values[:end].copy(), gradients[:end]
    if end and np.isfinite(ends.values).all():
        values[[0, -1]] = ends.values  # in float64 a formula that cancels is worth nothing
    slope = float(np.abs(ends.gradients[-1]).max())
    if end == 0:
        return Judgement(Course.FAILS, math.nan, overflow, None, False, slope)
    with np.errstate(all="ignore"):
        moves = np.diff(path, axis=0)
        lengths = _lengths(moves)
        size = np.abs(path).max(axis=-1, initial=0.0)
        moving = lengths > _STANDING * np.maximum(size[:-1], size[1:])
        stands = np.flatnonzero(moves.any(axis=-1))
        count = int(stands[-1]) + 1 if stands.size else 0
        stands_from = None if count == len(moves) else count
        factor = _factor(lengths, moving)
        arrived = not gradients[1:].any() and not ends.gradients[-1].any()
        if int(moving.sum()) == 1 and moving[0] and arrived and len(moves) > 1:
            factor = 0.0
        jumps = _jumps(moves, lengths, moving)
        chaotic = jumps and _scatter(lengths, moving, factor)
        pace = 1.0 if chaotic else factor
        grows, longer = _grows(lengths, pace), bool(lengths.size and lengths[-1] >= lengths[0])
        swings_out = grows and jumps and longer
        if overflow is not None or swings_out or _rises(values, lengths, pace, size[0]):
            course = Course.DIVERGES
        elif grows and not jumps and not _still(gradients, ends, _HALF_THE_DIGITS):
            course = Course.ACCELERATES
        else:
            course = _course(gradients, moving, factor, jumps, ends, chaotic)
    goes_away = course == Course.ACCELERATES and longer
    fades = course == Course.CONVERGES and _fades(lengths, moving)
    sizes = (float(np.abs(gradients[0]).max()), float(np.abs(gradients[-1]).max()))
    heights = (float(values[0]), float(values[-1]))
    return Judgement(
        course, factor, overflow, stands_from, jumps, slope, sizes, heights, fades, goes_away
    )


def _lengths(moves: np.ndarray) -> np.ndarray:
    """Return Euclidean lengths without overflow of the squares."""
    if not moves.size:
        return np.zeros(len(moves))
    size = np.abs(moves).max(axis=-1)
    scaled = np.divide(moves, size[:, None], out=np.zeros_like(moves), where=size[:, None] > 0)
    return np.asarray(size * np.sqrt((scaled * scaled).sum(axis=-1)))


def _later(moving: np.ndarray) -> np.ndarray:
    """Return the later half of the steps that move, at least two where there are."""
    found = np.flatnonzero(moving)
    return found[min(len(found) // 2, max(len(found) - 2, 0)) :]


def _factor(lengths: np.ndarray, moving: np.ndarray) -> float:
    later = _later(moving)
    if len(later) < 2:
        return math.nan
    logs = np.log(lengths[later])
    k = later - later.mean()
    return float(np.exp((k @ (logs - logs.mean())) / (k @ k)))


def _scatter(lengths: np.ndarray, moving: np.ndarray, factor: float) -> bool:
    """Tell whether the later steps scatter so much that their factor means nothing.

    Those of a heavy ball that rings down scatter as well, but their largest ones shrink.
    """
    later = _later(moving)
    logs = np.log(lengths[later])
    trend = math.log(factor) * (later - later.mean())
    half = len(later) // 2
    lasts = lengths[later[half:]].max() > 0.75 * lengths[later[:half]].max()
    return bool(lasts and np.ptp(trend) < 4 * np.std(logs - logs.mean() - trend))


def _fades(lengths: np.ndarray, moving: np.ndarray) -> bool:
    """Tell whether the later steps shrink like a power k^-p with p below 1.5, or more slowly."""
    later = _later(moving)
    if len(later) < 2:
        return False
    log_k, logs = np.log(later + 1.0), np.log(lengths[later])
    k = log_k - log_k.mean()
    return bool(-(k @ (logs - logs.mean())) < 1.5 * (k @ k))


def _jumps(moves: np.ndarray, lengths: np.ndarray, moving: np.ndarray) -> bool:
    later = _later(moving)
    if len(later) < 2:
        return False
    unit = moves[later] / lengths[later][:, None]
    if np.mean((unit[1:] * unit[:-1]).sum(axis=-1) < 0) > 0.5:
        return True
    # less regular, but no less in vain: most of the way is taken back
    scaled = moves[later] / lengths[later].max()
    return bool(2 * _lengths(scaled.sum(axis=0)[None])[0] < _lengths(scaled).sum())


def _rises(values: np.ndarray, lengths: np.ndarray, factor: float, size: float) -> bool:
    """Tell whether the path goes up and its steps grow, or did before rounding stopped it."""
    if len(values) < 2:
        return False
    up = values[-1] - values[0] > _HALF_THE_DIGITS * max(abs(values[0]), abs(values[-1]))
    if len(values) == 2 or math.isnan(factor):
        return bool(up)
    growth = len(lengths) * math.log2(max(factor, 1.0))
    # or they grew before rounding stopped them: a step far out of where it began
    thrown = lengths.max() > _FAR * max(size, lengths[0])
    return bool(up and (growth > _GROWTH or thrown))


def _grows(lengths: np.ndarray, factor: float) -> bool:
    """Tell whether at its factor the steps of a run double."""
    return len(lengths) > 1 and factor > 1 and len(lengths) * math.log2(factor) > 1


def _course(
    gradients: np.ndarray,
    moving: np.ndarray,
    factor: float,
    jumps: bool,
    ends: Ends,
    chaotic: bool,
) -> Course:
    if _still(gradients, ends, _HALF_THE_DIGITS):
        return Course.CONVERGES  # also where the start is stationary
    if math.isnan(factor):
        # one step, or none that moves x: only the gradient tells, if not rounding stopped it
        fell = moving.any() and len(moving) == 1 and _still(gradients, ends, 0.5)
        return Course.CONVERGES if fell else Course.CRAWLS
    if max(len(moving), FEWEST) * math.log2(max(factor, _TINY)) <= -1 and not chaotic:
        return Course.CONVERGES
    return Course.OSCILLATES if jumps else Course.CRAWLS


def _still(gradients: np.ndarray, ends: Ends, share: float) -> bool:
    """Tell whether the gradient fell to a share of the first: the one given, and the exact one."""
    if not _shrank(gradients, share):
        return False
    return bool(np.isnan(ends.gradients).any()) or _shrank(ends.gradients, share)


def _shrank(gradients: np.ndarray, share: float) -> bool:
    first, last = (float(np.abs(gradients[k]).max()) for k in (0, -1))
    return last <= share * first
