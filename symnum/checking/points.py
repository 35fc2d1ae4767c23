"""Where a claim is tried: at random in its box, in every slab of it, and at simple numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# Every slab of 1/1000 of each coordinate holds a point of its own.
STRATA = 1000
CHUNK = 250
# A tenth of so many points run down towards 0 in logarithms, to this share of the box's side.
_TOWARDS_0, _FEWEST, _NEAREST = 10, 20, 1e-12
# In how many coordinates, one at a time, the simple numbers are tried.
_COORDINATES = 64
# Coordinates of all points together: thousands of variables get fewer points.
_MOST = 300_000


def box_round(points: np.ndarray) -> np.ndarray:
    """Return the default domain, shape (n, 2): ±|x|/2 round the points, ±1 at 0."""
    half = np.where(points == 0, 1.0, np.abs(points) / 2)
    return np.stack([(points - half).min(axis=0), (points + half).max(axis=0)], axis=1)


def uniform(box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a point at random in the box, shape (n,)."""
    unit = rng.random(len(box))
    # low (1 - u) + high u can't overflow where high - low does.
    return np.asarray(np.clip(box[:, 0] * (1 - unit) + box[:, 1] * unit, box[:, 0], box[:, 1]))


def simple_points(box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return points with coordinates 0, 1 and -1 that lie in the box, shape (P, n)."""
    low, high = box[:, 0], box[:, 1]
    coordinates = np.arange(len(box))
    count = min(_COORDINATES, max(8, _MOST // 4 // len(box)))
    if len(box) > count:
        coordinates = np.sort(rng.choice(coordinates, count, replace=False))
    found = []
    for value in (0.0, 1.0, -1.0):
        if np.all((low <= value) & (value <= high)):
            found.append(np.full(len(box), value))
        for j in coordinates:
            if low[j] <= value <= high[j]:
                for _ in range(2 if value == 0.0 else 1):
                    point = uniform(box, rng)
                    point[j] = value
                    found.append(point)
    if found:
        # A constant is right at 0 as often as not, and then looks like an answer kept for ever.
        if len(box) == 1:
            found[0] = uniform(box, rng)  # 0 is there once more
        else:
            found.append(found.pop(0))
    return np.array(found).reshape(-1, len(box))


def is_point(box: np.ndarray) -> bool:
    """Say whether a box is a single point."""
    return bool(np.all(box[:, 0] == box[:, 1]))


def stratified(box: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return a Latin hypercube: each of `count` slabs of each coordinate holds one point."""
    n = len(box)
    strata = np.stack([rng.permutation(count) for _ in range(n)], axis=1)
    unit = (strata + rng.random((count, n))) / count
    # low (1 - u) + high u can't overflow where high - low does.
    return np.asarray(box[:, 0] * (1 - unit) + box[:, 1] * unit)


def logarithmic(box: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray | None:
    """Return a Latin hypercube in the logarithms of wide positive coordinates; None without any."""
    wide = (box[:, 0] > 0) & (box[:, 1] > 4 * box[:, 0])
    if not wide.any():
        return None
    logs = box.copy()
    logs[wide] = np.log(box[wide])
    points = stratified(logs, count, rng)
    points[:, wide] = np.exp(points[:, wide])
    return np.asarray(np.clip(points, box[:, 0], box[:, 1]))


def towards_zero(box: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray | None:
    """Return points whose coordinates run down to 0 in logarithms; None where the box has no 0.

    Of several variables about half run down to 0 at each point, and the others are anywhere.
    """
    low, high = box[:, 0], box[:, 1]
    zero = (low <= 0) & (high >= 0) & (low < high)
    if not zero.any():
        return None
    n = len(box)
    decades = stratified(np.tile([np.log(_NEAREST), 0.0], (n, 1)), count, rng)
    positive = np.where(low == 0, True, np.where(high == 0, False, rng.random((count, n)) < 0.5))
    near = np.where(positive, high, low) * np.exp(decades)
    chosen = zero & ((rng.random((count, n)) < 0.5) | (zero.sum() == 1))
    return np.where(chosen, near, stratified(box, count, rng))


def own_points(
    box: np.ndarray, rng: np.random.Generator, strata: int = STRATA
) -> Iterator[np.ndarray]:
    """Yield the points that a check makes itself, in chunks.

    The simple numbers come first; then the stratified points, shuffled, so that a chunk is a sample
    of the whole box; then those in logarithms.
    """
    if is_point(box):
        yield box[None, :, 0]
        return
    strata = min(strata, max(100, _MOST // len(box)))
    simple = simple_points(box, rng)
    if len(simple):
        yield simple
    few = max(_FEWEST, strata // _TOWARDS_0)
    for points in (
        stratified(box, strata, rng),
        logarithmic(box, strata, rng),
        towards_zero(box, few, rng),
    ):
        if points is not None:
            for start in range(0, len(points), CHUNK):
                yield points[start : start + CHUNK]
