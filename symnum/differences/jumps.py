"""Finds jumps of f to one side of the point: a second one tells stairs from a single jump."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from symnum.differences.rungs import Rungs

# Halvings after which a jump is as high as before, and all else has shrunk by as many octaves.
_HALVINGS = 7

# Where a second jump is looked for beyond the first, in units of the octave's upper end. The stairs
# that follow a flat piece may be far narrower than it is; those round the point are as wide.
_NEAR_FLAT, _NEAR, _FAR, _FURTHEST = 0.003, 0.4, 16.0, 256.0

# Further away than so many times x itself f may be anything.
_SCALES = 4.0

# By how much each such place is further away than the one before.
_GROWTH_FLAT, _GROWTH = 1.4, 1.6

# A second jump has at least this part of the first one's height.
_SHARE = 0.1

# So many intervals are halved in search of it.
_TRIES = 8


def height_of_stairs(
    rungs: Rungs, h: float, slope: float, is_flat: bool, random: np.random.Generator
) -> float:
    """Return how high the stairs are that begin within an octave below h; 0 where there are none.

    Parameters
    ----------
    rungs : Rungs
        The function.
    h : float
        Where f has left the line through f(x).
    slope : float
        That line's slope.
    is_flat : bool
        Whether f does not move at all below h/2.
    random : numpy.random.Generator
        Jitters where a second jump is looked for: equal spacing aliases with the stairs.

    Returns
    -------
    float
        The height of the first jump. A kink, a narrow feature or a single jump has no second one.
    """

    def gained(start: float, stop: float) -> float:
        return abs(rungs.value(stop) - rungs.value(start) - slope * (stop - start))

    up, down = gained(0.0, h), gained(0.0, -h)
    side = -1.0 if not up >= down else 1.0
    if is_flat:
        # f may go on to anything beyond, so that the end of the flat piece is wanted.
        side = -1.0 if up == 0.0 else 1.0
        near, far = _flat_end(rungs, side * h / 2, side * h)
        first, end = _jump(gained, near, far)
    else:
        first, end = _jump(gained, side * h / 2, side * h)
    if first == 0.0:
        return 0.0
    tries = 0
    spots = _spots(max(_FAR, min(_FURTHEST, _SCALES * rungs.step(0) / h)), is_flat, random)
    for near, far in pairwise([end, *(end + side * h * spots).tolist()]):
        apart = gained(near, far)
        if not math.isfinite(apart):
            return 0.0
        if apart < _SHARE * first:
            continue
        if _jump(gained, near, far)[0] >= _SHARE * first:
            return first
        tries += 1
        if tries == _TRIES:
            return 0.0
    return 0.0


def _spots(furthest: float, is_flat: bool, random: np.random.Generator) -> np.ndarray:
    """Return how far beyond a first jump a second one is looked for."""
    nearest, growth = (_NEAR_FLAT, _GROWTH_FLAT) if is_flat else (_NEAR, _GROWTH)
    spots = nearest * growth ** np.arange(math.ceil(math.log(furthest / nearest, growth)) + 1)
    return np.asarray(spots * random.uniform(0.9, 1.1, len(spots)))


def _flat_end(rungs: Rungs, near: float, far: float) -> tuple[float, float]:
    """Return an interval that holds the end of the flat piece round the point."""
    for _ in range(_HALVINGS):
        middle = near + (far - near) / 2
        if rungs.value(middle) == rungs.at_x:
            near = middle
        else:
            far = middle
    return near, far


def _jump(gained: Callable[[float, float], float], near: float, far: float) -> tuple[float, float]:
    """Return the height of a jump between two places and a place just beyond it; 0 without one."""
    whole = left = gained(near, far)
    for _ in range(_HALVINGS):
        middle = near + (far - near) / 2
        if gained(near, middle) >= gained(middle, far):
            far = middle
        else:
            near = middle
        left = gained(near, far)
        if not left >= whole / 2:
            return 0.0, far
    return left, far
