"""Derivatives of somebody's loss along directions in its parameters: certified where that can be.

The code of the loss is run on ball duals. Where it can't be, or would take too long, real steps
measure the derivative with an error bar.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from symnum.checking.claim import Candidate, Form, Layout
from symnum.checking.counted import Counted
from symnum.checking.directions import Line, Slope
from symnum.checking.many import DualLine
from symnum.checking.steps_line import StepsLine
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
    """Derivatives along directions by the complex step or by real steps, with error bars.

    Where no step shows a slope because the loss doesn't move at all, the slope is 0.

    Parameters
    ----------
    code : Candidate
        The loss.
    point : float64 array, shape (n,)
        Where.
    """

    # A loss is no solver that stops when it is content.
    least_error = 0.0

    def __init__(self, code: Candidate, point: np.ndarray) -> None:
        self._function = Counted(code)
        self._steps = StepsLine(code, point)
        self._point = point

    @property
    def evaluations(self) -> int:
        """How often the loss has been called."""
        return self._steps.evaluations + self._function.calls

    def full(self, direction: np.ndarray) -> Slope:
        """Measure the derivative along a direction."""
        found = self._steps.full(direction)
        return (self._flat(direction) or found) if found.reason else found

    def _flat(self, direction: np.ndarray) -> Slope | None:
        """Return a slope of 0 where the loss doesn't move beyond its rounding, near and far."""
        size = float(np.abs(self._point[direction != 0]).max()) / float(np.abs(direction).max())
        size = size or 1.0
        steps = [sign * 2.0**power * size for power in _FLAT for sign in (-1.0, 1.0)]
        points = [self._point, *(self._point + step * direction for step in steps)]
        values = np.array([float(self._function(point)) for point in points])
        spread = float(values.max() - values.min())
        if not spread <= _FLAT_ULPS * float(np.spacing(np.abs(values).max())):
            return None
        return Slope(0.0, max(spread, 5e-324) / (2.0 ** min(_FLAT) * size))

    def cheap(self, direction: np.ndarray, bar: float) -> Slope:
        """Measure in few evaluations, as the full measurements found it safe."""
        return self._steps.cheap(direction, bar)

    def alone(self, direction: np.ndarray, bar: float) -> tuple[Slope, Slope]:
        """Measure twice, with other steps the second time where real steps do."""
        return self._steps.alone(direction, bar)


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
        self.alone_at: dict[int, Slope] = {}
        """What was measured of single entries."""

    @property
    def evaluations(self) -> int:
        """How often the loss has been called."""
        return self._line.evaluations

    @property
    def least_error(self) -> float:
        """The share of an entry that it may be off by and yet be right."""
        return self._line.least_error

    def _whole(self, direction: np.ndarray) -> np.ndarray:
        if self._left <= 0:
            raise Spent
        self._left -= 1
        whole = np.zeros(self._n)
        whole[self._part] = direction
        return whole

    def full(self, direction: np.ndarray) -> Slope:
        """Measure along a direction within the array."""
        found = self._line.full(self._whole(direction))
        self._remember(direction, found)
        return found

    def cheap(self, direction: np.ndarray, bar: float) -> Slope:
        """Measure along a direction within the array."""
        found = self._line.cheap(self._whole(direction), bar)
        if found.reason:
            raise Spent
        return found

    def alone(self, direction: np.ndarray, bar: float) -> tuple[Slope, Slope]:
        """Measure a single entry, and remember it."""
        one, two = self._line.alone(self._whole(direction), bar)
        if not two.reason and abs(one.value - two.value) <= one.error + two.error:
            self._remember(direction, one if one.error <= two.error else two)
        return one, two

    def _remember(self, direction: np.ndarray, found: Slope) -> None:
        places = np.flatnonzero(direction)
        if len(places) != 1 or found.reason:
            return
        size = float(direction[places[0]])
        self.alone_at[int(places[0])] = Slope(found.value / size, found.error / abs(size))


def on_balls(size: int, samples: int) -> bool:
    """Say whether a loss of so many parameters and samples is run on balls."""
    return size * max(samples, 1) <= _MOST_ON_BALLS


def line_of(
    loss: Loss, layout: Layout, point: np.ndarray, probe: np.ndarray, samples: int
) -> tuple[Line, str]:
    """Return the best way to measure derivatives at a point, tried along a probe; and its words."""
    code = Candidate(loss, Form.DICT, (), ((1,),), layout)
    if on_balls(len(point), samples):
        line = DualLine(code, point)
        if not line.full(probe).reason:
            return line, BALLS
    return StepLine(code, point), STEPS


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
