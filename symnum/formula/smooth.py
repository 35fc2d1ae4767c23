"""A formula over balls that knows where its function isn't smooth: no proofs, no waiting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb

from symnum.formula.balls import BallProgram, nearest_double, precision
from symnum.formula.certify import Regularity
from symnum.formula.formula import Formula
from symnum.formula.operations import Ball

_BITS = (128, 512, 4096)


class SmoothBalls:
    """Entries of a formula over balls, which know where the function isn't smooth.

    A derivative's lines may have a value where its function has a kink or none at all: the
    derivative of log(x), 1/x, is a number at -1.

    Parameters
    ----------
    formula : Formula
        A function, or a derivative of one.
    """

    def __init__(self, formula: Formula) -> None:
        roots = list(dict.fromkeys((entry.root, bool(entry.path)) for entry in formula.entries))
        program = formula.program
        self._kinds = [Regularity.of(program, root, derivative=path) for root, path in roots]
        lines = [entry.line for entry in formula.entries]
        self._balls = BallProgram(program, [*lines, *(root for root, _ in roots)])
        self._at = [self._balls.position[line] for line in lines]

    def run(self, point: Sequence[arb]) -> list[Ball] | None:
        """Return the entries at a point, at the current precision; None where f isn't smooth.

        None says that nothing is proven: more precision may help.
        """
        values = self._balls.run_all(point)
        if not all(kind.holds(values, self._balls.position) for kind in self._kinds):
            return None
        return [values[position] for position in self._at]

    def doubles(self, point: np.ndarray) -> np.ndarray:
        """Return the nearest doubles of the entries at a point; NaN where nothing is proven."""
        found = np.full(len(self._at), math.nan)
        if not np.isfinite(point).all():
            return found
        for bits in _BITS:
            with precision(bits):
                values = self.run([arb(float(x)) for x in point])
                for i, value in enumerate(values or ()):
                    if value.is_finite() and math.isnan(found[i]):
                        found[i] = double_of(value)
            if not np.isnan(found).any():
                break
        return found


def double_of(ball: Any) -> float:
    """Return the double nearest a finite ball, but never 0 for what isn't; NaN if not proven."""
    double = nearest_double(ball)
    if double is None:
        return math.nan
    hi, _, radius = double
    if hi == 0.0 and radius:  # beyond the smallest double, and not 0
        return math.copysign(math.ulp(0.0), hi)
    return hi


@lru_cache(maxsize=32)
def smooth_balls(formula: Formula) -> SmoothBalls:
    """Return a formula prepared for balls."""
    return SmoothBalls(formula)
