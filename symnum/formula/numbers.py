"""Number: a real number known as a ball and as the expression that made it.

A ball alone can never prove that a number is 0 unless it is exact. A Number also remembers its
expression, hash-consed and with rational arithmetic done exactly, so that the same number computed
twice is seen to be the same, and so that SymPy can be asked for a proof where that fails.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import arb

from symnum.formula.balls import exact_fraction, rational
from symnum.formula.operations import OPERATIONS
from symnum.formula.program import LEAVES, Builder, Program, walk

# Asks for a proof that a constant Program is 0. True: proven. False: not proven.
ProveZero = Callable[[Program], bool]

# Beyond this size an exact rational costs more than it is worth: only the ball is kept.
_MAX_BITS = 4096


class Undecided(Exception):
    """Something could not be proven at this precision and with this many terms."""


class Number:
    """A real number: an enclosure, and the line of `Field` that says how it was made."""

    __slots__ = ("ball", "field", "line")

    def __init__(self, field: Field, ball: arb, line: int) -> None:
        self.field = field
        self.ball = ball
        self.line = line

    @property
    def fraction(self) -> Fraction | None:
        """The number as an exact rational, where it is known as one."""
        return self.field.builder.value_of(self.line)

    def __add__(self, other: Number) -> Number:
        if other.fraction == 0:
            return self
        if self.fraction == 0:
            return other
        return self.field.make("add", self.ball + other.ball, self, other)

    def __sub__(self, other: Number) -> Number:
        if self.line == other.line:
            return self.field.rational(0)
        return self + (-other)

    def __mul__(self, other: Number) -> Number:
        for one, another in ((self, other), (other, self)):
            if one.fraction == 0:
                return one
            if one.fraction == 1:
                return another
        return self.field.make("mul", self.ball * other.ball, self, other)

    def __truediv__(self, other: Number) -> Number:
        if other.fraction == 1 or self.fraction == 0:
            return self
        return self.field.make("div", self.ball / other.ball, self, other)

    def __neg__(self) -> Number:
        if self.fraction is not None:
            return self.field.rational(-self.fraction)
        line = self.field.builder.lines[self.line]
        if line.op == "neg":
            return Number(self.field, -self.ball, line.args[0])
        return Number(self.field, -self.ball, self.field.builder.op("neg", self.line))

    def is_zero(self) -> bool:
        """Decide whether the number is 0; raise Undecided where nothing proves it."""
        value = self.fraction
        if value is not None:
            return value == 0
        if not self.ball.is_finite():
            raise Undecided
        if not self.ball.contains(0):
            return False
        if self.field.prove_zero(self.line):
            return True
        raise Undecided

    def sign(self) -> int:
        """Return -1, 0 or 1; raise Undecided where nothing proves it."""
        if self.is_zero():
            return 0
        return 1 if self.ball > 0 else -1


class Field:
    """Makes Numbers and keeps their expressions."""

    def __init__(self, prove: ProveZero | None = None) -> None:
        self.builder = Builder(0)
        self._prove = prove
        self._proven: dict[int, bool] = {}

    def rational(self, value: Fraction | int) -> Number:
        """Return an exact rational."""
        value = Fraction(value)
        return Number(self, arb(rational(value)), self.builder.const(value))

    def make(self, op: str, ball: arb, *args: Number) -> Number:
        """Return the result of an operation whose enclosure is already known."""
        values = [arg.fraction for arg in args]
        if op in _EXACT and all(value is not None for value in values):
            exact = _EXACT[op](*values)  # type: ignore[arg-type]
            if exact is not None and _bits(exact) <= _MAX_BITS:
                return self.rational(exact)
        if ball.is_exact() and ball.is_finite():
            # An exact ball is a rational whatever function it came out of: sqrt(4), log(1), cos(0).
            exact = exact_fraction(ball)
            if _bits(exact) <= _MAX_BITS:
                return self.rational(exact)
        lines = [arg.line for arg in args]
        if op in {"add", "mul"}:
            lines.sort()
        return Number(self, ball, self.builder.op(op, *lines))

    def constant(self, name: str, ball: arb) -> Number:
        """Return pi or e."""
        return Number(self, ball, self.builder.constant(name))

    def atom(self, name: str, ball: arb, *args: Number) -> Number:
        """Return a number that has no expression in the table of operations, only a name."""
        if ball.is_exact() and ball.is_finite():
            return self.rational(exact_fraction(ball))
        return Number(self, ball, self.builder.opaque(name, *(arg.line for arg in args)))

    def prove_zero(self, line: int) -> bool:
        """Say whether SymPy proves that the expression is 0."""
        if self._prove is None:
            return False
        if line not in self._proven:
            program = self.builder.finish([line])
            known = all(found.op in OPERATIONS or found.op in LEAVES for _, found in walk(program))
            self._proven[line] = known and self._prove(program)
        return self._proven[line]


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


_EXACT: dict[str, Callable[[Fraction, Fraction], Fraction | None]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b if b else None,
}
