"""How far a formula stays smooth to either side of a point, along one variable.

A stencil that reaches across a kink, a jump, a pole or the edge of the domain measures something
else than the derivative. Wide balls prove the formula smooth over whole intervals; where they fail,
the interval is halved until the place is found, and `local.py` says what is there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from symnum.formula.balls import BallProgram, precision, rational
from symnum.formula.certify import Regularity
from symnum.formula.local import analyse
from symnum.formula.program import Program
from symnum.formula.status import Status

_BITS = 128
# What is left of an interval is looked at once more with as many bits: it may merely cancel.
_CLOSER_BITS = 2048
# How many places to a side are looked into before the answer is that nothing is proven.
_PLACES = 6
# An interval is halved this often before what is left counts as the place.
_DEPTH = 40
# How many pieces one interval may be cut into.
_PIECES = 400
# Nobody sees a jump in a higher derivative than this.
_MOST_DERIVATIVES = 8

_SMOOTH = frozenset({Status.CERTIFIED, Status.ZERO, Status.REMOVABLE})

# Operations that are finite everywhere and smooth: a formula of these alone needs no search.
_ENTIRE = frozenset(
    {
        "const",
        "var",
        "pi",
        "e",
        "add",
        "sub",
        "mul",
        "neg",
        "exp",
        "expm1",
        "sin",
        "cos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "erf",
        "erfc",
        "expit",
        "softplus",
        "logaddexp",
    }
)


@dataclass(frozen=True)
class Crossing:
    """Where smoothness ends on one side (infinite: nowhere in reach), and what is there."""

    distance: float
    status: Status | None


class Searcher:
    """Finds crossings of one output along one variable.

    Parameters
    ----------
    program : Program
        Holds the output.
    line : int
        The output.
    variable : int
        Which variable moves.
    """

    def __init__(self, program: Program, line: int, variable: int) -> None:
        self._program = program
        self._line = line
        self._variable = variable
        moving = program.depends_on([variable])
        regularity = Regularity.of(program, line, derivative=True)
        # Only what moves along the variable can change on the way.
        self._tests = [test for test in regularity.tests if any(moving[arg] for arg in test.args)]
        # Where a denominator changes sign there is a pole, unless the numerator vanishes as well.
        self._quotients = [
            program.lines[index]
            for index in program.live([line])
            if program.lines[index].op in {"div", "tan"} and moving[program.lines[index].args[-1]]
        ]
        self._along = replace(regularity, tests=tuple(self._tests))
        self._balls = BallProgram(program, [line])
        self._entire = not self._tests and all(
            program.lines[i].op in _ENTIRE or not moving[i] or self._polynomial(i)
            for i in program.live([line])
        )

    def _polynomial(self, index: int) -> bool:
        """Say whether a line is a division or a power that can't be singular on the way."""
        op, args, _ = self._program.lines[index]
        if op == "div":
            return not self._program.depends_on([self._variable])[args[1]]
        exponent = self._program.lines[args[1]].value if op == "pow" else None
        return isinstance(exponent, Fraction) and exponent.denominator == 1 and exponent >= 0

    def search(
        self, point: Sequence[float], radii: Sequence[float], derivatives: int
    ) -> tuple[Crossing, Crossing]:
        """Return the first crossing to the left and to the right.

        Parameters
        ----------
        point : sequence of float
            All variables.
        radii : sequence of float
            Distances that matter, ascending; the last one is how far to look.
        derivatives : int
            How many derivatives must be continuous: a scheme's theory needs those it is exact for
            and one more.
        """
        if self._entire or not radii:
            return Crossing(math.inf, None), Crossing(math.inf, None)
        with precision(_BITS):
            derivatives = min(derivatives, _MOST_DERIVATIVES)
            left, right = (self._side(point, radii, side, derivatives) for side in (-1, 1))
            return left, right

    def _side(
        self, point: Sequence[float], radii: Sequence[float], side: int, derivatives: int
    ) -> Crossing:
        near = 0.0
        for far in radii:
            found = self._interval(point, near, far, side, derivatives)
            if found is not None:
                return found
            near = far
        return Crossing(math.inf, None)

    def _interval(
        self, point: Sequence[float], near: float, far: float, side: int, derivatives: int
    ) -> Crossing | None:
        """Search x + side [near, far], the nearest part first."""
        stack = [(near, far, 0)]
        pieces = places = 0
        while stack:
            a, b, depth = stack.pop()
            pieces += 1
            if self._smooth(point, a, b, side):
                continue
            middle = (a + b) / 2
            if depth < _DEPTH and pieces < _PIECES and a < middle < b:
                stack += [(middle, b, depth + 1), (a, middle, depth + 1)]
                continue
            with precision(_CLOSER_BITS):
                if self._smooth(point, a, b, side):
                    continue
            places += 1
            if places > _PLACES:
                return Crossing(a, Status.UNDECIDED)
            status = self._classify(point, a, b, side, derivatives)
            if status not in _SMOOTH:
                return Crossing(a, status)
        return None

    def _smooth(self, point: Sequence[float], a: float, b: float, side: int) -> bool:
        """Say whether the formula is proven finite and smooth over x + side [a, b]."""
        balls = [arb(x) for x in point]
        x = balls[self._variable]
        balls[self._variable] = (x + side * arb(a)).union(x + side * arb(b))
        return self._regular(balls)

    def _regular(self, balls: list[arb]) -> bool:
        """Say whether the formula is proven finite and smooth over the balls."""
        values = self._balls.run_all(balls)
        return self._along.holds(values, self._balls.position)

    def _classify(
        self, point: Sequence[float], a: float, b: float, side: int, derivatives: int
    ) -> Status:
        """Say what is in a tiny interval, from the roundest number that it holds."""
        x = Fraction(point[self._variable])
        ends = sorted((x + side * Fraction(a), x + side * Fraction(b)))
        exact = [Fraction(value) for value in point]
        exact[self._variable] = roundest(*ends)
        if self._regular([arb(rational(value)) for value in exact]):
            # The round number is harmless, the interval round it is not: the place is not round.
            return self._by_ends(point, a, b, side)
        status = analyse(
            self._program, self._line, None, exact, self._variable, derivatives, None, attempts=1
        ).status
        # The place may be b itself, which is then still in the domain.
        if status is Status.POLE and self._leaves_domain(point, exact, b + (b - a), side):
            return Status.EDGE
        return status

    def _leaves_domain(
        self, point: Sequence[float], place: Sequence[Fraction], beyond: float, side: int
    ) -> bool:
        """Say whether f is finite at a place and undefined beyond it, like sqrt(x) at 0."""
        here = self._balls.run([arb(rational(value)) for value in place])
        balls = [arb(value) for value in point]
        balls[self._variable] += side * arb(beyond)
        there = self._balls.run(balls)
        return bool(here[0].is_finite() and not there[0].is_finite())

    def _by_ends(self, point: Sequence[float], a: float, b: float, side: int) -> Status:
        """Say what a crossing without a round number is, from f at both ends of its interval."""
        values = []
        for distance in (a, b):
            balls = [arb(value) for value in point]
            balls[self._variable] += side * arb(distance)
            enclosed = self._balls.run_all(balls)
            values.append({i: enclosed[k] for i, k in self._balls.position.items()})
        if self._has_pole(*values):
            return Status.POLE
        if not values[1][self._line].is_finite():
            return Status.EDGE
        for test in self._tests:
            at_a, at_b = ([found[arg] for arg in test.args] for found in values)
            if all(test.smooth(*args) for args in (at_a, at_b)) and _changes_sign(at_a, at_b):
                return Status.KINK
        return Status.UNDECIDED

    def _has_pole(self, a: Mapping[int, arb], b: Mapping[int, arb]) -> bool:
        """Say whether a denominator changes sign between two places and its numerator does not."""
        for line in self._quotients:
            over, under = line.args[0], line.args[-1]
            if line.op == "tan":  # the quotient of sine and cosine
                tops, bottoms = (a[over].sin(), b[over].sin()), (a[over].cos(), b[over].cos())
            else:
                tops, bottoms = (a[over], b[over]), (a[under], b[under])
            if opposite(*bottoms) and tops[0] * tops[1] > 0:
                return True
        return False


def opposite(a: arb, b: arb) -> bool:
    """Say whether two numbers are proven to have opposite signs."""
    return bool((a > 0 and b < 0) or (a < 0 and b > 0))


def _changes_sign(a: list[arb], b: list[arb]) -> bool:
    """Say whether what a test compares changes sign between two places."""
    first, second = (args[0] if len(args) == 1 else args[0] - args[1] for args in (a, b))
    return opposite(first, second)


def roundest(low: Fraction, high: Fraction) -> Fraction:
    """Return the number with the smallest denominator in [low, high].

    By the Stern-Brocot tree, in the form of continued fractions.
    """
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -roundest(-high, -low)
    whole = math.floor(low)
    if whole == low or whole + 1 <= high:
        return Fraction(whole if whole == low else whole + 1)
    return whole + 1 / roundest(1 / (high - whole), 1 / (low - whole))
