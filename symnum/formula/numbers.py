"""Number: a real number known as a ball and as a polynomial in named constants.

A ball alone can never prove that a number is 0 unless it is exact. A Number is also written as a
polynomial with rational coefficients in atoms such as exp(1) or sqrt(2), so that the same number
computed in two ways is seen to be the same; where that fails, SymPy can be asked for a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import arb

from symnum.formula.balls import exact_fraction, rational
from symnum.formula.operations import OPERATIONS
from symnum.formula.program import Builder, Program

# Asks for a proof that a constant Program is 0. True: proven. False: not proven.
ProveZero = Callable[[Program], bool]

# Atoms with their exponents, in the order of the atoms; () is the monomial 1.
Monomial = tuple[tuple[int, int], ...]
Terms = dict[Monomial, Fraction]

# Beyond these sizes exact arithmetic costs more than it is worth: an atom of its own stands for it.
_MAX_TERMS = 64
_MAX_BITS = 4096


class Undecided(Exception):
    """Something could not be proven at this precision and with this many terms."""


class Number:
    """A real number: an enclosure, and the polynomial that says how it was made."""

    __slots__ = ("ball", "field", "terms")

    def __init__(self, field: Field, ball: arb, terms: Terms) -> None:
        self.field = field
        self.ball = ball
        self.terms = terms

    @property
    def fraction(self) -> Fraction | None:
        """The number as an exact rational, where it is known as one."""
        if not self.terms:
            return Fraction(0)
        return self.terms.get(()) if len(self.terms) == 1 else None

    def __add__(self, other: Number) -> Number:
        terms = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            total = terms.get(monomial, Fraction(0)) + coefficient
            if total:
                terms[monomial] = total
            else:
                del terms[monomial]
        return self.field.number(self.ball + other.ball, terms)

    def __neg__(self) -> Number:
        return Number(self.field, -self.ball, {m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Number) -> Number:
        return self + (-other)

    def __mul__(self, other: Number) -> Number:
        terms: Terms = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                monomial = _product(left, right)
                terms[monomial] = terms.get(monomial, Fraction(0)) + a * b
        return self.field.number(self.ball * other.ball, {m: c for m, c in terms.items() if c})

    def __truediv__(self, other: Number) -> Number:
        return self * self.field.inverse(other)

    def is_zero(self) -> bool:
        """Decide whether the number is 0; raise Undecided where nothing proves it."""
        value = self.fraction
        if value is not None:
            return value == 0
        if not self.ball.is_finite():
            raise Undecided
        if not self.ball.contains(0):
            return False
        if self.field.prove_zero(self):
            return True
        raise Undecided

    def sign(self) -> int:
        """Return -1, 0 or 1; raise Undecided where nothing proves it."""
        if self.is_zero():
            return 0
        return 1 if self.ball > 0 else -1


class Field:
    """Makes Numbers, and remembers what their atoms are.

    Parameters
    ----------
    prove : callable, optional
        Asked for proofs that a number is 0.
    is_late : callable, optional
        Where it says that the time is over, what needs another number is undecided.
    """

    def __init__(
        self, prove: ProveZero | None = None, is_late: Callable[[], bool] | None = None
    ) -> None:
        self._prove = prove
        self._is_late = is_late
        self._atoms: list[tuple[str, tuple[Number, ...]]] = []
        self._index: dict[tuple[str, tuple[frozenset[tuple[Monomial, Fraction]], ...]], int] = {}
        self._proven: dict[frozenset[tuple[Monomial, Fraction]], bool] = {}

    def rational(self, value: Fraction | int) -> Number:
        """Return an exact rational."""
        value = Fraction(value)
        return Number(self, arb(rational(value)), {(): value} if value else {})

    def number(self, ball: arb, terms: Terms) -> Number:
        """Return a number, with an exact ball's value written out and large polynomials folded."""
        if self._is_late is not None and self._is_late():
            raise Undecided
        result = Number(self, ball, terms)
        if result.fraction is not None:
            # The polynomial knows the rational exactly; its own ball may be narrower.
            return self.rational(result.fraction) if _size(terms) <= _MAX_BITS else result
        if len(terms) > _MAX_TERMS or _size(terms) > _MAX_BITS:
            return self._atom("sum", ball, (result,))
        return result

    def constant(self, name: str, ball: arb, *args: Number) -> Number:
        """Return a named constant: pi, e, a function's value, or one that has only a name."""
        if ball.is_exact() and ball.is_finite():
            # An exact ball is a rational whatever function it came from: sqrt(4), log(1), cos(0).
            exact = exact_fraction(ball)
            if _bits(exact) <= _MAX_BITS:
                return self.rational(exact)
        return self._atom(name, ball, args)

    def turns(self, number: Number) -> Fraction | None:
        """Return q where the number is q pi, else None."""
        if not number.terms:
            return Fraction(0)
        if len(number.terms) == 1:
            ((monomial, coefficient),) = number.terms.items()
            if len(monomial) == 1 and monomial[0][1] == 1:
                return coefficient if self._atoms[monomial[0][0]] == ("pi", ()) else None
        return None

    def inverse(self, number: Number) -> Number:
        """Return 1/x for a number that is not 0."""
        value = number.fraction
        if value:
            return self.rational(1 / value)
        ball = 1 / number.ball
        if len(number.terms) == 1:
            ((monomial, coefficient),) = number.terms.items()
            return self.number(ball, {tuple((a, -e) for a, e in monomial): 1 / coefficient})
        return self._atom("inverse", ball, (number,))

    def _atom(self, name: str, ball: arb, args: tuple[Number, ...]) -> Number:
        key = (name, tuple(frozenset(arg.terms.items()) for arg in args))
        index = self._index.get(key)
        if index is None:
            index = self._index[key] = len(self._atoms)
            self._atoms.append((name, args))
        return Number(self, ball, {((index, 1),): Fraction(1)})

    def prove_zero(self, number: Number) -> bool:
        """Say whether a proof is found that the number is 0."""
        if self._prove is None:
            return False
        key = frozenset(number.terms.items())
        if key not in self._proven:
            program = self.program(number)
            self._proven[key] = program is not None and self._prove(program)
        return self._proven[key]

    def program(self, number: Number) -> Program | None:
        """Return the number as a Program without variables; None where an atom has only a name."""
        builder = Builder(0)
        lines: dict[int, int | None] = {}
        for index, (name, args) in enumerate(self._atoms):
            arguments = [self._write(builder, arg, lines) for arg in args]
            if any(argument is None for argument in arguments):
                lines[index] = None
                continue
            written = [argument for argument in arguments if argument is not None]
            if name in {"pi", "e"}:
                lines[index] = builder.constant(name)
            elif name == "sum":
                lines[index] = written[0]
            elif name == "inverse":
                lines[index] = builder.op("div", builder.const(1), written[0])
            else:
                lines[index] = builder.op(name, *written) if name in OPERATIONS else None
        line = self._write(builder, number, lines)
        return None if line is None else builder.finish([line])

    def _write(self, builder: Builder, number: Number, lines: dict[int, int | None]) -> int | None:
        """Write a polynomial in atoms that are already written."""
        terms = []
        for monomial, coefficient in number.terms.items():
            factor = builder.const(coefficient)
            for atom, exponent in monomial:
                base = lines[atom]
                if base is None:
                    return None
                factor = builder.op("mul", factor, builder.op("pow", base, builder.const(exponent)))
            terms.append(factor)
        return builder.total(terms)


def _product(a: Monomial, b: Monomial) -> Monomial:
    if not a or not b:
        return a or b
    exponents = dict(a)
    for atom, exponent in b:
        exponents[atom] = exponents.get(atom, 0) + exponent
    return tuple(sorted((atom, exponent) for atom, exponent in exponents.items() if exponent))


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _size(terms: Terms) -> int:
    return max(map(_bits, terms.values()), default=0)
