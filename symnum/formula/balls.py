"""A Program over balls, and the step from a ball to doubles.

`flint.ctx.prec` is global to the process, so every computation here runs under one lock, at a
precision that `precision()` sets and puts back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from threading import RLock
from typing import Any

import flint
from flint import acb, arb, fmpq, fmpz

from symnum.formula.operations import OPERATIONS, Ball
from symnum.formula.program import Program

_LOCK = RLock()

# hi + lo carries about 106 bits; 30 significant digits need 100.
ACCURACY = 105
START_BITS = 128
CAP_BITS = 20_480


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Compute with `bits` bits inside the block; other threads wait outside."""
    with _LOCK:
        before = flint.ctx.prec
        flint.ctx.prec = bits
        try:
            yield
        finally:
            flint.ctx.prec = before


def rational(value: Fraction) -> fmpq:
    """Return the same rational as a flint number."""
    return fmpq(fmpz(value.numerator), fmpz(value.denominator))


def from_fmpq(value: fmpq) -> Fraction:
    """Return the same rational as a Python number."""
    return Fraction(int(value.p), int(value.q))


def exact_fraction(ball: arb) -> Fraction:
    """Return the exact dyadic rational in the middle of a finite ball."""
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


class BallProgram:
    """A Program prepared for evaluation over balls (or exact rationals).

    Parameters
    ----------
    program : Program
        What to evaluate.
    lines : sequence of int, optional
        The lines whose values are wanted; the outputs without it.
    """

    def __init__(self, program: Program, lines: Sequence[int] | None = None) -> None:
        wanted = tuple(program.outputs if lines is None else lines)
        live = program.live(wanted)
        number = {index: position for position, index in enumerate(live)}
        self.position = number
        self.size = len(live)
        self.wanted = [number[index] for index in wanted]
        self._variables: list[tuple[int, int]] = []
        self._constants: list[tuple[int, Any]] = []
        self._plan: list[tuple[int, Any, int, int, int]] = []
        for position, index in enumerate(live):
            line = program.lines[index]
            if line.op == "var":
                self._variables.append((position, int(line.value)))  # type: ignore[arg-type]
            elif line.op in {"const", "pi", "e"}:
                value = rational(line.value) if isinstance(line.value, Fraction) else line.op
                self._constants.append((position, value))
            else:
                a, b, c, *_ = [*(number[arg] for arg in line.args), -1, -1]
                self._plan.append((position, OPERATIONS[line.op].ball, a, b, c))
        self._by_precision: dict[int, list[Any]] = {}

    def _template(self) -> list[Any]:
        """Return a list of values with the constants filled in, at the current precision."""
        bits = flint.ctx.prec
        template = self._by_precision.get(bits)
        if template is None:
            template = [None] * self.size
            for position, value in self._constants:
                if value == "pi":
                    template[position] = arb.pi()
                elif value == "e":
                    template[position] = arb.const_e()
                else:
                    template[position] = arb(value)
            self._by_precision[bits] = template
        return template.copy()

    def run(self, point: Sequence[arb]) -> list[Ball]:
        """Return enclosures of the wanted lines at a point, at the current precision."""
        values = self.run_all(point)
        return [values[position] for position in self.wanted]

    def run_all(self, point: Sequence[arb]) -> list[Ball]:
        """Return enclosures of all lines that are needed, each at its `position`."""
        values = self._template()
        for position, variable in self._variables:
            values[position] = point[variable]
        for position, function, a, b, c in self._plan:
            if b < 0:
                values[position] = function(values[a])
            elif c < 0:
                values[position] = function(values[a], values[b])
            else:
                values[position] = function(values[a], values[b], values[c])
        return values


def branches_of(args: Sequence[int], condition: bool | None) -> Sequence[int]:
    """Return the branches that a `where` may take; None is a condition that isn't decided."""
    return args[1:] if condition is None else args[1:2] if condition else args[2:]


def nearest_double(ball: arb) -> tuple[float, float, float] | None:
    """Round a ball to `hi`, `lo` and a bound on what they leave over.

    Returns None where the ball is too wide to prove which double is nearest to the truth, or to
    carry the accuracy that `hi + lo` promises.
    """
    hi = float(ball)
    if math.isinf(hi) or math.isnan(hi):
        return _beyond_doubles(ball)
    rest = ball - hi
    lo = float(rest)
    left = rest - lo
    radius = float(left.abs_upper())
    if radius > 0.0:
        radius = math.nextafter(radius, math.inf)
    elif not left.is_zero():
        radius = math.ulp(0.0)  # what is left over is not 0, but below the smallest double
    if ball.is_exact():
        return hi, lo, radius
    magnitude = abs(hi)
    # Doubles near the subnormal ones are too coarse for `lo` to promise relative accuracy.
    if radius > magnitude * 2.0**-ACCURACY and magnitude > 2.0**-900:
        return None
    # A quarter of an ulp is half a gap also below a power of two, where the doubles lie closer.
    if abs(lo) + radius < math.ulp(hi) * 0.25 or _between_ties(rest, hi):
        return hi, lo, radius
    return None


def _between_ties(rest: arb, hi: float) -> bool:
    """Say whether what `hi` leaves over lies between the midpoints to the neighbouring doubles."""
    size = abs(hi)
    outward = arb(math.ulp(hi)) / 2
    inward = arb(size - math.nextafter(size, 0.0)) / 2 if size else outward
    below, above = (inward, outward) if hi >= 0.0 else (outward, inward)
    return bool(rest > -below and rest < above)


def _beyond_doubles(ball: arb) -> tuple[float, float, float] | None:
    """Round a ball that lies beyond the largest double to infinity."""
    largest = arb(2) ** 1024 - arb(2) ** 970
    if ball >= largest:
        return math.inf, 0.0, math.inf
    if ball <= -largest:
        return -math.inf, 0.0, math.inf
    return None


def nearest_of_fraction(value: Fraction) -> tuple[float, float, float]:
    """Round an exact rational to `hi`, `lo` and a bound on what they leave over."""
    try:
        hi = float(value)
    except OverflowError:
        return (math.inf if value > 0 else -math.inf), 0.0, math.inf
    rest = value - Fraction(hi)
    lo = float(rest)
    left = abs(rest - Fraction(lo))
    return hi, lo, 0.0 if left == 0 else math.nextafter(float(left), math.inf)


class ComplexBallProgram:
    """One output of a Program with one variable complex: the complex step, in balls.

    What does not move with the variable is evaluated over real balls.
    """

    def __init__(self, program: Program, line: int, variable: int) -> None:
        moving = program.depends_on([variable])
        self._variable = variable
        self._live = program.live([line])
        self._program = program
        self._moving = moving
        self._line = line

    @classmethod
    def of(cls, program: Program, line: int, variable: int) -> ComplexBallProgram | None:
        """Prepare a line; None where the variable meets an operation that isn't analytic."""
        prepared = cls(program, line, variable)
        for index in prepared._live:
            found = program.lines[index]
            if not prepared._moving[index] or found.op == "var":
                continue
            if found.op == "where":
                if prepared._moving[found.args[0]]:
                    return None
            elif OPERATIONS[found.op].acb is None:
                return None
        return prepared

    def run(self, point: Sequence[arb], moved: acb) -> acb:
        """Return an enclosure of the output, the moving variable being complex."""
        values: dict[int, Any] = {}
        for index in self._live:
            op, args, value = self._program.lines[index]
            arguments = [values[arg] for arg in args]
            if op == "const":
                values[index] = arb(rational(value))  # type: ignore[arg-type]
            elif op == "pi":
                values[index] = arb.pi()
            elif op == "e":
                values[index] = arb.const_e()
            elif op == "var":
                position = int(value)  # type: ignore[arg-type]
                values[index] = moved if position == self._variable else point[position]
            elif op == "where" and self._moving[index]:
                condition, a, b = arguments
                values[index] = acb("nan") if condition is None else a if condition else b
            elif self._moving[index]:
                function = OPERATIONS[op].acb
                assert function is not None
                values[index] = function(*arguments)
            else:
                values[index] = OPERATIONS[op].ball(*arguments)
        result = values[self._line]
        return result if isinstance(result, acb) else acb(result)
