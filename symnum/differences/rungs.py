"""The rungs of one output on a line: steps M 2^e, what f does there, and what noise they show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from symnum.differences.estimate import Rung
from symnum.differences.extrapolation import Value
from symnum.differences.line import ROUNDOFF, Line

# Steps are this times a power of two: 14 bits, so that x + h is exact down to h = 2^-38 |x|. With
# powers of two themselves all nodes may carry the same rounding, which then can't be seen.
MANTISSA = 1 + 3277 / 16384

# Nearer to 0 the steps would leave the normal doubles, so that x is as good as 0; nearer than the
# second, x itself would.
_LEAST_SCALE, _LAST_SCALE = 2.0**-960, 2.0**-1021

# Rounding a result to the nearest double: uniform, so its standard deviation is at most 0.58 u.
_ROUNDING = 0.6 * ROUNDOFF

# Below the normal doubles rounding is to multiples of this.
_LEAST = 5e-324

# A random f is asked within so many times |x|, or 1 where that is more.
_REACH = 4.0

# Standard deviations of (a - b)/2 and of (a + b)/2 - c for noise of size 1.
ODD_SPREAD, EVEN_SPREAD = 0.71, 1.22


class Rungs:
    """Evaluates and remembers the rungs of one output.

    Parameters
    ----------
    line : Line
        The function along the line.
    output : int
        Which output.
    coordinate : int or None
        The one variable that moves this output, where it is one.
    mantissa : float
        What the powers of two are multiplied by.
    at_zero : bool, optional
        Take the scale 1, as at x = 0, or that of x, however small; by default as x is.
    """

    def __init__(
        self,
        line: Line,
        output: int,
        coordinate: int | None,
        mantissa: float = MANTISSA,
        *,
        at_zero: bool | None = None,
    ) -> None:
        self.line = line
        self.output = output
        self.coordinate = coordinate
        if coordinate is None:
            scale = line.scale()
        else:
            scale = abs(float(line.x[coordinate] / line.v[coordinate]))
        least = _LEAST_SCALE if at_zero is None else _LAST_SCALE
        self.at_zero = bool(at_zero) or not least < scale < math.inf
        fraction, exponent = math.frexp(1.0 if self.at_zero else scale)
        self.scale = 0.0 if self.at_zero else scale
        self.exponent = exponent if fraction >= math.sqrt(0.5) else exponent - 1
        self._mantissa = mantissa
        self.at_x = float(line.at(0.0)[output])
        self.least_noise = 0.0  # a random f has at least this much
        moves = line.v if coordinate is None else line.v[coordinate]
        self._own_scale = max(scale, float(1 / np.max(np.abs(moves))))
        self.known: dict[int, Rung | None] = {}

    def step(self, e: int) -> float:
        """Return the step of a rung; infinite or 0 where doubles end."""
        try:
            return math.ldexp(self._mantissa, self.exponent + e)
        except OverflowError:
            return math.inf

    def is_beyond(self, e: int) -> bool:
        """Say whether a rung lies beyond all that a random f is asked at.

        From far enough any line is steeper than chance, but what f does at x is not seen there.
        """
        return self.least_noise > 0 and self.step(e) > _REACH * self._own_scale

    def value(self, t: float) -> float:
        """Return f at x + t v."""
        return float(self.line.at(t)[self.output])

    def rung(self, e: int) -> Rung | None:
        """Return a rung; None where f is not finite on both sides."""
        if e not in self.known:
            self.known[e] = self._make(e)
        return self.known[e]

    def one_sided(self, e: int, side: int) -> Value | None:
        """Return the quotient (f(x + h) - f(x))/h to one side; None where f is not finite."""
        h = self.step(e)
        if not 0.0 < h < math.inf:
            return None
        value = self.value(side * h)
        moved = self._moved(side * h)
        if not math.isfinite(value) or moved == 0.0:
            return None
        noise = rounding_of(max(abs(value), abs(self.at_x)))
        quotient = (value - self.at_x) / moved
        return Value(h, quotient, max(noise, self.least_noise) + self._unsteady(h, quotient))

    def all(self) -> tuple[Rung, ...]:
        """Return what is known, in order of h."""
        return tuple(r for _, r in sorted(self.known.items()) if r is not None)

    def _moved(self, t: float) -> float:
        """Return how far x really moves, in units of t."""
        if self.coordinate is None:
            return t
        i = self.coordinate
        with np.errstate(all="ignore"):
            return float((self.line.node(t)[i] - self.line.x[i]) / self.line.v[i])

    def _unsteady(self, h: float, quotient: float) -> float:
        """Return the noise of nodes that are not exactly on the line."""
        if self.coordinate is not None:
            return 0.0
        return 0.3 * ROUNDOFF * (self.scale + h) * abs(quotient)

    def _make(self, e: int) -> Rung | None:
        h = self.step(e)
        if not 0.0 < h < math.inf:
            return None
        up, down = self.value(h), self.value(-h)
        above, under = self._moved(h), -self._moved(-h)
        distance = above + under
        if not (math.isfinite(up) and math.isfinite(down)) or not 0.0 < distance < math.inf:
            return None
        half = up / 2 - down / 2
        odd = half / (distance / 2)
        # Below 2^-38 |x| the nodes are not quite symmetric, which the slope knows to undo.
        even = (up / 2 + down / 2) - self.at_x - odd * ((above - under) / 2)
        size = max(abs(up), abs(down), abs(self.at_x))
        if not math.isfinite(odd) or not math.isfinite(even):
            return None
        floor = max(rounding_of(size), self.least_noise) + self._unsteady(h, odd)
        return Rung(e, distance / 2, odd, even, size, floor)


def rounding_of(size: float) -> float:
    """Return the noise that results of a size have from being rounded to doubles."""
    return max(_ROUNDING * size, _LEAST) if size > 0 else 0.0


def samples(pairs: Iterable[tuple[Rung, Rung]]) -> tuple[list[float], list[float]]:
    """Return the samples of noise in the odd and the even parts of pairs of rungs."""
    odd, even = [], []
    for j, n in pairs:
        odd.append(j.h * abs(j.odd - n.odd) / ODD_SPREAD)
        even.append(abs(j.even - (j.h / n.h) ** 2 * n.even) / EVEN_SPREAD)
    return odd, even


def pairs_of(rungs: Sequence[Rung]) -> list[tuple[Rung, Rung]]:
    """Return each rung with the next one."""
    return list(pairwise(rungs))


def spread(found: Sequence[float], floor: float) -> float:
    """Return the standard deviation that samples of noise show, at least the floor."""
    if not found:
        return floor
    largest = max(found)
    if largest == 0.0:
        return floor
    mean_square = largest * math.sqrt(math.fsum((s / largest) ** 2 for s in found) / len(found))
    return max(floor, mean_square, largest / 2.5)
