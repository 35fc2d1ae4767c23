"""Points of a formula's domain at random, for Hypothesis: simple ones first, and awkward ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from symnum.testing.terrain import SIMPLE, Kind, Terrain, read_box, read_formula, terrain_of

# How far from an edge, a kink or a cancellation, in ulps.
_ULPS = (1, 2, 3, 8, 2**10, 2**20, 2**30, 2**40)
# Without a box, what lies anywhere, and the powers of ten of what is huge or tiny.
_ANYWHERE = 100.0
_POWERS = (3, 6, 9, 12, 15, 30, 100, 150, 200, 300)
_SMALL_POWERS = (3, 6, 9, 12, 15)
# Closer to 0 than this share of the box there is no telling it from 0.
_NOTHING = 2.0**-52
# How often each way is taken; the simplest first, which is what shrinking leads to.
_WAYS = (
    *["simple"] * 3,
    *["anywhere"] * 4,
    *["kink", "edge", "cancellation"] * 2,
    "tiny",
    "huge",
)
# Of more variables than these, few are drawn at a time.
_MANY = 16
_MOVED = 4
_WAY = st.sampled_from(_WAYS)
_RANKS = st.integers(0, len(SIMPLE) - 1)


def points(formula: Any, domain: Any = None) -> st.SearchStrategy[np.ndarray]:
    """Draw points inside a formula's domain: simple numbers, edges, kinks, cancellation, extremes.

    Parameters
    ----------
    formula : Formula, or whatever a Formula is made from
        The function.
    domain : sequence of (low, high), or dict by name, optional
        A box to stay in. Without one points lie anywhere, as large as 1e300 and as small as 1e-300;
        in a box, none is closer to 0 than an ulp of 1 unless it is 0.

    Returns
    -------
    SearchStrategy of float64 array, shape (n,)
        The formula is proven to be defined at each, and on either side of it: `exact` gives it the
        status `certified` or `zero`. Shrinks to 0 where that is in the domain, then 1, -1, 2, ...

    Raises
    ------
    UsageError, DomainError
        The formula has no variables, the domain is not a box, or no point of it was found.

    Notes
    -----
    An edge is found where the argument of a logarithm, a root or a division becomes 0, a kink where
    that of `abs` does or what `max` compares is equal, and so on for every operation of the
    formula's Program: bisection along a line through a point of the domain, and then a few ulps to
    the inside.

    Examples
    --------
    >>> from hypothesis import find, settings
    >>> from symnum.testing import points
    >>> quiet = settings(database=None, derandomize=True)
    >>> find(points("log(x)"), lambda point: True, settings=quiet).tolist()
    [1.0]
    >>> near_the_edge = find(points("log(x - 2)"), lambda p: p[0] < 2.0001, settings=quiet)
    >>> bool(near_the_edge[0] > 2)
    True
    """
    found = read_formula(formula)
    terrain = terrain_of(found, read_box(domain, found.variables))
    terrain.start(0)  # or say that there is none
    return points_of(terrain)


@st.composite
def points_of(draw: st.DrawFn, terrain: Terrain) -> np.ndarray:
    """Draw points of a terrain."""
    # Each way ends at a point that the terrain contains. Adding 0.0 makes -0.0 the simpler 0.0.
    return np.asarray(_DRAWN[draw(_WAY)](draw, terrain) + 0.0)


def _simple(draw: st.DrawFn, terrain: Terrain) -> np.ndarray:
    if terrain.n > _MANY:
        return _few_moved(draw, terrain, _RANKS.map(lambda rank: SIMPLE[rank]))
    ranks = [draw(_RANKS) for _ in range(terrain.n)]
    point = np.array([SIMPLE[rank] for rank in ranks])
    return point if terrain.contains(point) else terrain.start(sum(ranks))


def _anywhere(draw: st.DrawFn, terrain: Terrain) -> np.ndarray:
    box = terrain.box
    if box is None:
        box = np.tile([-_ANYWHERE, _ANYWHERE], (terrain.n, 1))
    if terrain.n > _MANY:
        return _few_moved(draw, terrain, _floats(float(box[:, 0].min()), float(box[:, 1].max())))
    point = np.array([draw(_floats(low, high)) for low, high in box.tolist()])
    return terrain.pulled_in(point, terrain.start(0))


def _few_moved(draw: st.DrawFn, terrain: Terrain, values: st.SearchStrategy[float]) -> np.ndarray:
    """Draw a point of which few coordinates are drawn: thousands are more than Hypothesis takes."""
    start = terrain.start(draw(st.integers(0, 30)))
    point = start.copy()
    for axis in draw(st.lists(st.integers(0, terrain.n - 1), max_size=_MOVED, unique=True)):
        point[axis] = draw(values)
    return terrain.pulled_in(point, start)


def _floats(low: float, high: float) -> st.SearchStrategy[float]:
    least = _NOTHING * min(1.0, high - low)
    drawn = st.floats(low, high)
    return drawn.map(lambda x: 0.0 if abs(x) < least and low <= 0 <= high else x)


def _beside(kind: Kind) -> Callable[[st.DrawFn, Terrain], np.ndarray]:
    def drawn(draw: st.DrawFn, terrain: Terrain) -> np.ndarray:
        start = terrain.start(draw(st.integers(0, 30)))
        places = [place for place in terrain.places if place.kind is kind]
        if not places:
            return start
        place = places[draw(st.integers(0, len(places) - 1))]
        axis = draw(st.integers(0, terrain.n - 1))
        number = draw(st.integers(0, 3))
        ulps = draw(st.sampled_from(_ULPS if kind is Kind.EDGE else (0, *_ULPS)))
        for shift in range(terrain.n):  # the expression may not move with the axis that was drawn
            found = terrain.beside(place, start, (axis + shift) % terrain.n, number, ulps)
            if found is not None:
                return found
        return start

    return drawn


def _sized(sign: int) -> Callable[[st.DrawFn, Terrain], np.ndarray]:
    def drawn(draw: st.DrawFn, terrain: Terrain) -> np.ndarray:
        start = terrain.start(draw(st.integers(0, 10)))
        axis = draw(st.integers(0, terrain.n - 1))
        box = terrain.box
        power = draw(st.sampled_from(_POWERS if box is None else _SMALL_POWERS))
        side = draw(st.sampled_from([1.0, -1.0]))
        point = start.copy()
        if box is None:
            point[axis] = side * 10.0 ** (sign * power)
        elif sign < 0:
            point[axis] = side * 10.0**-power
        else:
            point[axis] = box[axis, 1 if side > 0 else 0]  # the box's own ends are its extremes
        if terrain.contains(point):
            return point
        point[axis] = -point[axis]
        return terrain.pulled_in(point, start)

    return drawn


_DRAWN: dict[str, Callable[[st.DrawFn, Terrain], np.ndarray]] = {
    "simple": _simple,
    "anywhere": _anywhere,
    "kink": _beside(Kind.KINK),
    "edge": _beside(Kind.EDGE),
    "cancellation": _beside(Kind.CANCELLATION),
    "tiny": _sized(-1),
    "huge": _sized(1),
}
