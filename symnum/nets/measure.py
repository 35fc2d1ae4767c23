"""Derivatives of somebody's loss along directions in its parameters: certified where that can be.

The code of the loss is run on ball duals. Where it can't be, or would take too long, real steps
measure the derivative with an error bar.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan

import numpy as np

from symnum.checking.claim import Candidate, Form, Layout
from symnum.checking.directions import Line, Slope
from symnum.checking.many import DualLine
from symnum.differences.differentiate import differentiate
from symnum.formula.duals import CodeReference, Kind
from symnum.formula.exact import Exact

BALLS = "certified derivatives of the loss along directions, by running it on balls"
ENTRIES = "certified derivatives of the loss, by running it on balls"
STEPS = "derivatives of the loss along directions by real steps, not certified"

# Duals cost some microseconds for each parameter and sample: beyond this many, seconds a direction.
_MOST_ON_BALLS = 20_000
# Up to so many parameters each has a derivative of its own.
_MOST_ENTRIES = 100

# Distances, as powers of two against the point, at which a loss that is flat is the same.
_FLAT = (-10, -8, -6, -4, -2)
_FLAT_ULPS = 16.0

Loss = Callable[[dict[str, np.ndarray]], float]


class Spent(Exception):
    """As many derivatives were measured as were allowed."""


class StepLine:
    """Derivatives along directions by real steps, with error bars.

    Parameters
    ----------
    function : callable
        From a flat point to the loss.
    point : float64 array, shape (n,)
        Where.
    seed : int
        Of `differentiate`.
    """

    def __init__(
        self, function: Callable[[np.ndarray], float], point: np.ndarray, seed: int
    ) -> None:
        self._function = function
        self._point = point
        self._seed = seed
        self.evaluations = 0

    def full(self, direction: np.ndarray) -> Slope:
        """Measure the derivative along a direction."""
        found = differentiate(self._function, self._point, direction, seed=self._seed)
        self.evaluations += found.evaluations
        if not found:
            return self._flat(direction) or Slope(nan, inf, found.reason)
        return Slope(found.value, found.error)

    def _flat(self, direction: np.ndarray) -> Slope | None:
        """Return a slope of 0 where the loss doesn't move beyond its rounding, near and far."""
        size = float(np.abs(self._point[direction != 0]).max()) / float(np.abs(direction).max())
        size = size or 1.0
        values = [self._function(self._point)]
        steps = [sign * 2.0**power * size for power in _FLAT for sign in (-1.0, 1.0)]
        values += [self._function(self._point + step * direction) for step in steps]
        self.evaluations += len(values)
        spread = max(values) - min(values)
        if not spread <= _FLAT_ULPS * float(np.spacing(max(map(abs, values)))):
            return None
        return Slope(0.0, max(spread, 5e-324) / (2.0 ** min(_FLAT) * size))

    def cheap(self, direction: np.ndarray, bar: float) -> Slope:  # noqa: ARG002  # as for balls
        """Do the same: the loss of a network is cheap beside what is made of it."""
        return self.full(direction)

    def alone(self, direction: np.ndarray) -> tuple[Slope, Slope]:
        """Measure twice, with other steps the second time."""
        once, other = self.full(direction), self.full(3.0 * direction)
        return once, Slope(other.value / 3.0, other.error / 3.0, other.reason)


class Within:
    """A line that moves the entries of one array only, and is measured so often at most.

    Parameters
    ----------
    line : Line
        Of all parameters.
    part : slice
        The array's place among them.
    n : int
        How many parameters there are.
    most : int
        How often it may be measured.
    """

    def __init__(self, line: Line, part: slice, n: int, most: int) -> None:
        self._line = line
        self._part = part
        self._n = n
        self._left = most
        self.evaluations = 0
        self.alone_at: dict[int, Slope] = {}
        """What was measured of single entries."""

    def _whole(self, direction: np.ndarray) -> np.ndarray:
        if self._left <= 0:
            raise Spent
        self._left -= 1
        whole = np.zeros(self._n)
        whole[self._part] = direction
        return whole

    def full(self, direction: np.ndarray) -> Slope:
        """Measure along a direction within the array."""
        return self._line.full(self._whole(direction))

    def cheap(self, direction: np.ndarray, bar: float) -> Slope:
        """Measure along a direction within the array."""
        found = self._line.cheap(self._whole(direction), bar)
        if found.reason:
            raise Spent
        return found

    def alone(self, direction: np.ndarray) -> tuple[Slope, Slope]:
        """Measure a single entry, and remember it."""
        one, two = self._line.alone(self._whole(direction))
        index = int(np.flatnonzero(direction)[0])
        size = float(direction[index])
        if not one.reason and abs(one.value - two.value) <= one.error + two.error:
            self.alone_at[index] = Slope(one.value / size, one.error / abs(size))
        return one, two


def on_balls(size: int, samples: int) -> bool:
    """Say whether a loss of so many parameters and samples is run on balls."""
    return size * max(samples, 1) <= _MOST_ON_BALLS


def line_of(
    loss: Loss, layout: Layout, point: np.ndarray, probe: np.ndarray, samples: int, seed: int
) -> tuple[Line, str]:
    """Return the best way to measure derivatives at a point, tried along a probe; and its words."""
    if on_balls(len(point), samples):
        code = Candidate(loss, Form.DICT, (), ((1,),), layout)
        line = DualLine(code, point)
        if not line.full(probe).reason:
            return line, BALLS
    return StepLine(lambda flat: loss(layout.pack(flat)), point, seed), STEPS


def every_entry(
    loss: Loss, layout: Layout, point: np.ndarray, samples: int
) -> tuple[Exact, np.ndarray] | None:
    """Return the certified gradient with what rounding explains; None where it can't be had."""
    if len(point) > _MOST_ENTRIES or not on_balls(len(point), samples):
        return None
    code = CodeReference(loss, len(point), Kind.DICT, layout.shapes)
    known = code.at(point[None])
    if not known.known.all():
        return None
    exact = code.certify(point[None])
    if exact.hi.shape != (1, len(point)):
        return None
    return exact.reshape(len(point)), known.bound.reshape(len(point))
