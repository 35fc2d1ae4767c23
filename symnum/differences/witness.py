"""Noise that no node shows: the rounding of x², which is known, tells where that may be.

Beside a number of few digits, as at 1 - 1e-7, the products that f makes of its argument may be
rounded alike at all the nodes of a window: (x + h)² comes out as fl(x²) + 2h, not as x² + 2xh. What
f gives is smooth then and has no noise to hear, but its slope is off. The slope of x² on the same
nodes is off as well, and by how much is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from symnum.differences.extrapolation import EVEN, Candidate, Quotient, weights
from symnum.differences.line import ROUNDOFF
from symnum.differences.rungs import Rungs

# Below this part of the rounding of x² a sample of its noise is as good as none.
_UNHEARD = 1 / 16

# So many steps below a window are looked at, too, of which so many pairs show nothing. One does now
# and then.
_BELOW, _SILENT = 2, 2

# Higher powers, made one product at a time, are off by some times as much as the square.
_POWERS = 4.0

# Digits of a double, and some for nodes that are smaller than x.
_DIGITS = 53 + 10

# Noise of this part of what a rounded argument makes has been heard.
_HEARD = 0.3


class Witness:
    """What rounding does to the square of the argument, on the steps of a ladder.

    Parameters
    ----------
    rungs : Rungs
        The function, and where its nodes are.
    heard_at : sequence of int
        The rungs that the noise of f was read off.
    """

    def __init__(self, rungs: Rungs, heard_at: Sequence[int]) -> None:
        self._rungs = rungs
        # Steps wider than x are rounded as x is no more.
        self._heard_at = [e for e in heard_at if e <= 0]
        self._known: dict[int, tuple[float, float]] = {}
        x = self._coordinate(0.0)
        _, self._exponent = math.frexp(x)
        self._size = math.ldexp(x, _DIGITS - self._exponent) ** 2
        self._at_x = self._rounding(0.0)

    def unheard(self, kind: Quotient, one: Candidate, noise: float) -> float:
        """Return by how much rounding that no node shows may put a window's answer off.

        Parameters
        ----------
        kind : Quotient
            Which derivative is wanted.
        one : Candidate
            The window and its answer.
        noise : float
            The noise of f that was heard.
        """
        scale = self._rungs.scale
        lowest = self._rungs.known.get(one.k)
        if self._rungs.coordinate is None or scale == 0.0 or lowest is None or one.k + one.m > 0:
            return 0.0
        if noise >= _HEARD * ROUNDOFF * scale * abs(lowest.odd):
            return 0.0
        around = range(one.k - _BELOW, one.k + one.m + 1)
        if sum(self._is_silent(a, b) for a, b in pairwise(around)) < _SILENT:
            return 0.0
        if not all(self._is_silent(a, b) for a, b in pairwise(self._heard_at)):
            return 0.0  # so would have been what f makes of it
        # Both relative to x², and the steps to x: the slope of the square is 2, and so its bend.
        slope = bend = 0.0
        for i, (c, (odd, even)) in enumerate(
            zip(weights(kind.base, one.m), map(self._parts, around[_BELOW:]), strict=True)
        ):
            share = self._rungs.step(one.k + i) / scale
            slope += c * odd / share / 2
            bend += c * even / share / share
        off = abs(slope * one.t)
        if kind is EVEN:
            off = 2 * off + abs(bend * lowest.odd) / scale
        return _POWERS * off

    def _is_silent(self, low: int, high: int) -> bool:
        """Say whether two rungs show no noise, as `rungs.samples` hears it."""
        share = 2.0 ** (low - high)
        (odd, even), (odd_above, even_above) = self._parts(low), self._parts(high)
        heard = max(abs(odd - share * odd_above), abs(even - share * share * even_above))
        return heard <= _UNHEARD * ROUNDOFF

    def _parts(self, e: int) -> tuple[float, float]:
        """Return the odd and the even part of the rounding at a rung."""
        if e not in self._known:
            h = self._rungs.step(e)
            up, down = self._rounding(h), self._rounding(-h)
            self._known[e] = (up - down) / 2, (up + down) / 2 - self._at_x
        return self._known[e]

    def _rounding(self, t: float) -> float:
        # A whole number has the same digits, and its square is exact in Python's integers.
        node = int(math.ldexp(self._coordinate(t), _DIGITS - self._exponent))
        square = node * node
        return (int(float(square)) - square) / self._size if square else 0.0

    def _coordinate(self, t: float) -> float:
        """Return the variable that moves, or 0 where there are several."""
        i = self._rungs.coordinate
        return 0.0 if i is None else float(self._rungs.line.node(t)[i])
