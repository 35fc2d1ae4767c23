"""Program -> how far off a computation in doubles may be.

The program is run in balls of 53 bits round points that are known to one unit in the last place.
Each operation's rounding and its effect on everything after it are enclosed: the radius is a
running error bound in the sense of Wilkinson. What lies within it, rounding can explain, and nobody
has to pick a tolerance. At a kink that doubles can't tell from the point, the balls straddle it and
hold every value between the one-sided derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb

from symnum.formula.balls import BallProgram, precision
from symnum.formula.certify import Regularity
from symnum.formula.program import Program

_BITS = 53
UNIT = 2.0**-53

# Arb rounds a function once; NumPy promises no better than four units in the last place.
_LIBRARY = 2.0
# What any program may add by its last few operations: twice four units in the last place.
_OUTPUT = 16 * UNIT
# A ball that is so narrow holds no jump that anybody could tell from rounding.
_NARROW = 2.0**-40
# Intermediate results that underflow.
SMALLEST = 2.0**-1000


@dataclass(frozen=True)
class Bound:
    """Values of a derivative, and how far off a right computation may be.

    Parameters
    ----------
    value : float64 array, shape (P, outputs)
        Approximate values, exact to within `radius`.
    radius : float64 array, shape (P, outputs)
        Bound on the rounding of the program, and on the distance of `value` from the truth;
        infinite where the program proves nothing.
    hull : bool array, shape (P, outputs)
        Where the point can't be told from a kink, a jump or the edge of the domain.
    half : float64 array, shape (P, outputs)
        The radius of the balls themselves: at a kink half of what lies between its sides, and more.
    """

    value: np.ndarray
    radius: np.ndarray
    hull: np.ndarray
    half: np.ndarray


class RoundingBound:
    """Bounds the rounding of a derivative's own program.

    Parameters
    ----------
    program : Program
        Holds the function and, as its outputs, the derivative.
    roots : sequence of int
        The function's line for each output.
    paths : sequence of tuple of int, optional
        The variables that each output is a derivative by. A kink that none of them moves is none
        of that output's, as long as its ball is narrow.
    """

    def __init__(
        self,
        program: Program,
        roots: list[int],
        paths: Sequence[tuple[int, ...]] | None = None,
    ) -> None:
        self._program = program
        self._paths = paths
        self._moved: dict[tuple[int, ...], bytearray] = {}
        kinds = list(dict.fromkeys(roots))
        self._kind_of = [kinds.index(root) for root in roots]
        self._kinds = [Regularity.of(program, root, derivative=True) for root in kinds]
        self._balls = BallProgram(program, [*program.outputs, *kinds])
        self._at = [self._balls.position[line] for line in program.outputs]

    @property
    def size(self) -> int:
        """How many outputs there are."""
        return len(self._at)

    def at(self, points: np.ndarray, round_zero: float = 0.0) -> Bound:
        """Bound every output at points of shape (P, n).

        Parameters
        ----------
        points : float64 array, shape (P, n)
            The points.
        round_zero : float
            How far off a coordinate may be that is 0, which has no last place. Only what is wider
            than 0 shows both sides of a tie of zeros.
        """
        shape = (len(points), len(self._at))
        value, radius = np.full(shape, np.nan), np.full(shape, np.inf)
        hull = np.zeros(shape, dtype=bool)
        with precision(_BITS):
            for row, point in enumerate(points.tolist()):
                balls = [arb(x, math.ulp(x) if x else round_zero) for x in point]
                found = self._balls.run_all(balls)
                unproven = [kind.unproven(found, self._balls.position) for kind in self._kinds]
                ends = [found[self._balls.position[kind.root]].is_finite() for kind in self._kinds]
                for column, position in enumerate(self._at):
                    ball = found[position]
                    kind = self._kind_of[column]
                    hull[row, column] = not ends[kind] or (
                        bool(unproven[kind]) and self._concerns(column, unproven[kind], ball)
                    )
                    if ball.is_finite():
                        value[row, column] = float(ball)
                        radius[row, column] = float(ball.rad())
        largest = np.max(np.abs(value), axis=1, keepdims=True, initial=0.0, where=~np.isnan(value))
        wide = _LIBRARY * radius + _OUTPUT * np.abs(np.nan_to_num(value))
        return Bound(value, wide + SMALLEST * (1.0 + largest), hull, radius)

    def _concerns(self, column: int, unproven: Sequence[int], ball: arb) -> bool:
        """Say whether lines that may not be smooth are to be feared for an output.

        A line that none of its variables moves is a constant to the derivative, which exists; what
        it is on the line's other side matters where that shows in the ball.
        """
        if self._paths is None or not ball.is_finite() or ball.rad() > _NARROW * abs(ball.mid()):
            return True
        path = self._paths[column]
        if path not in self._moved:
            self._moved[path] = self._program.depends_on(path)
        return any(self._moved[path][line] for line in unproven)
