"""Claims about code without a formula, tried at one point at a time by `check`.

A point costs some 35 evaluations of f a variable, and what is measured there is no proof. So what
one point shows is accused only where a check of the whole box, that point first, accuses it too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from symnum.checking.check import check
from symnum.checking.request import Request
from symnum.checking.verdict import Cause, Outcome, Verdict
from symnum.errors import UsageError
from symnum.testing.terrain import SIMPLE, simple_points

# Whole checks take their time. A claim that none of so many accuses is not accused.
_MOST_ASKED = 8
# Of more variables than these, few are drawn at a time.
_MANY = 16
_MOVED = 4


class MeasuredTrial:
    """A claim about code without a formula, tried at one point at a time.

    Parameters
    ----------
    request : Request
        The code, its derivative and the box to look in.
    f, candidate : callable
        The code and its derivative, as they were given.
    """

    def __init__(self, request: Request, f: Any, candidate: Any) -> None:
        self.name = getattr(f, "__name__", "f")
        self._given = (f, candidate)
        self._n = request.n
        self._box = request.box
        self._accused: Verdict | None = None
        self._asked = 0
        self._known: dict[bytes, Verdict | None] = {}

    def simplest(self, most: int) -> list[np.ndarray]:
        """Return the simplest points of the box, at most so many."""
        return list(simple_points(self._box, self._n)[:most])

    def points(self) -> st.SearchStrategy[np.ndarray]:
        """Return a strategy of points in the box, simple ones first."""
        return _points(self._box)

    def verdict_at(self, point: np.ndarray) -> Verdict | None:
        """Return the verdict on the derivative at a point; None where nothing is wrong with it."""
        key = point.tobytes()
        if key not in self._known:
            self._known[key] = self._judged(point)
        return self._known[key]

    def _judged(self, point: np.ndarray) -> Verdict | None:
        here = self._check(point, np.stack([point, point], axis=1))
        if here is None or not _accuses(here):
            return None
        if self._accused is None and self._asked < _MOST_ASKED:
            self._asked += 1
            found = self._check(point, self._box)
            self._accused = found if found is not None and _accuses(found) else None
        if self._accused is None:
            return None
        if here.worst is None:
            return self._accused
        return replace(self._accused, components=here.components, worst=here.worst)

    def _check(self, point: np.ndarray, box: np.ndarray) -> Verdict | None:
        """Check at a point, in a box; None where f can't be evaluated at it."""
        at = float(point[0]) if self._n == 1 else point
        try:
            return check(*self._given, at=at, domain=box.tolist(), n=self._n)
        except UsageError:  # what can't be understood at all was refused when the test was made
            return None


def _accuses(verdict: Verdict) -> bool:
    return verdict.status is Outcome.WRONG or verdict.cause in {Cause.FLOAT32, Cause.DTYPE}


@st.composite
def _points(draw: st.DrawFn, box: np.ndarray) -> np.ndarray:
    """Draw points of a box: simple numbers, or any."""
    simple = simple_points(box, len(box))
    point = simple[draw(st.integers(0, len(simple) - 1))].copy()
    axes = list(range(len(box)))
    if len(box) > _MANY:  # thousands are more than Hypothesis takes
        axes = draw(st.lists(st.integers(0, len(box) - 1), max_size=_MOVED, unique=True))
    if draw(st.booleans()):
        for axis in axes:
            low, high = box[axis].tolist()
            inside = [x for x in SIMPLE if low <= x <= high]
            anywhere = st.floats(low, high)
            point[axis] = draw(st.sampled_from(inside) | anywhere if inside else anywhere)
    return np.asarray(point + 0.0)
