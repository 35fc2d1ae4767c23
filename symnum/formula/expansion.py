"""One-sided expansions of a Program: what a formula does just right or just left of a point.

Each line becomes a series in s, where the variable is x ± s^R and R (the ramification) is raised
when a root asks for fractional powers. Coefficients are Numbers, so that leading terms are proven
to be nonzero, or proven to vanish, never guessed.

A series may know nothing beyond some power: logarithms of something that vanishes are written as
an unknown remainder O(s^-1) with R >= 4, which holds because a logarithm is smaller than every
negative power; a bounded oscillation such as sin(1/t) is an unknown O(1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import factorial

from flint import arb

from symnum.formula.numbers import Field, Number, Undecided
from symnum.formula.program import Program, walk
from symnum.formula.taylor import taylor

INFINITY = 10**9  # an exponent beyond every other: a series without an unknown remainder


class Outside(Exception):
    """On this side the formula is undefined."""


class Ramify(Exception):
    """The expansion needs powers of the `factor`-th root."""

    def __init__(self, factor: int) -> None:
        super().__init__(factor)
        self.factor = factor


@dataclass(frozen=True, slots=True)
class Series:
    """sum of coefficients[i] s^(low + i), plus an unknown remainder O(s^order).

    Parameters
    ----------
    low : int
        Exponent of the first coefficient.
    coefficients : tuple of Number
        Known coefficients; those after them, below `order`, are 0.
    order : int
        The remainder's exponent; INFINITY where there is none.
    flat : bool
        The remainder is smaller than every power of s (exp(-1/s)), but not known to be 0.
    huge : int
        1 or -1: grows faster than every power (exp(1/s)), and the rest is meaningless; else 0.
    diverges : int
        1 or -1: the unknown remainder tends to ±infinity as a logarithm does.
    """

    low: int
    coefficients: tuple[Number, ...]
    order: int = INFINITY
    flat: bool = False
    huge: int = 0
    diverges: int = 0

    def coefficient(self, field: Field, exponent: int) -> Number:
        """Return the coefficient of s^exponent; raise Undecided beyond the known terms."""
        if self.huge or exponent >= self.order:
            raise Undecided
        index = exponent - self.low
        if 0 <= index < len(self.coefficients):
            return self.coefficients[index]
        return field.rational(0)

    def leading(self) -> tuple[int, Number] | None:
        """Return exponent and coefficient of the first term that is not 0; None for exactly 0."""
        if self.huge:
            raise Undecided
        for index, coefficient in enumerate(self.coefficients):
            if self.low + index >= self.order:
                break
            if not coefficient.is_zero():
                return self.low + index, coefficient
        if self.order < INFINITY or self.flat:
            raise Undecided
        return None

    def sign(self) -> int:
        """Return the sign for small s > 0."""
        if self.huge:
            return self.huge
        if self.diverges:
            return self.diverges
        first = self.leading()
        return 0 if first is None else first[1].sign()


Value = Series | bool


class Expander:
    """Evaluates a Program in one-sided series.

    Parameters
    ----------
    field : Field
        Makes the coefficients.
    ramification : int
        x is the point ± s^ramification.
    terms : int
        How many terms are kept after the first.
    """

    def __init__(self, field: Field, ramification: int, terms: int) -> None:
        self.field = field
        self.ramification = ramification
        self.terms = terms
        self._zero = Series(0, ())

    # --- the program ---------------------------------------------------------------------------

    def run(
        self,
        program: Program,
        lines: Sequence[int],
        point: Sequence[Fraction],
        variable: int,
        side: int,
        still: dict[int, Value | Exception],
    ) -> list[Value | Exception]:
        """Expand the wanted lines; a line that can't be expanded holds the exception that says why.

        Parameters
        ----------
        program : Program
            What to expand.
        lines : sequence of int
            The wanted lines.
        point : sequence of Fraction
            The point, exactly.
        variable : int
            Which variable moves.
        side : int
            1: to the right, -1: to the left, 0: the point itself.
        still : dict
            Lines at the point itself, in the same field; those that the variable doesn't move are
            taken from here, and added.
        """
        moving: set[int] = set()
        values: dict[int, Value | Exception] = {}
        for index, line in walk(program, program.live(lines)):
            if side and (
                line.value == variable if line.op == "var" else not moving.isdisjoint(line.args)
            ):
                moving.add(index)
            elif index in still:
                values[index] = still[index]
                continue
            match line.op:
                case "const":
                    assert isinstance(line.value, Fraction)
                    value: Value | Exception = self.rational(line.value)
                case "pi":
                    value = self.constant(self.field.constant("pi", arb.pi()))
                case "e":
                    value = self.constant(self.field.constant("e", arb.const_e()))
                case "var":
                    start = self.rational(point[int(line.value or 0)])
                    if index in moving:
                        move = Series(self.ramification, (self.field.rational(side),))
                        start = self.trim(self.add(start, move))
                    value = start
                case _:
                    value = self._line(line.op, [values[arg] for arg in line.args])
            values[index] = value
            if index not in moving:
                still[index] = value
        return [values[line] for line in lines]

    def _line(self, op: str, args: list[Value | Exception]) -> Value | Exception:
        if op == "where":
            # Only the branch that is taken needs to exist.
            condition = args[0]
            if isinstance(condition, Exception):
                return condition
            return args[1] if condition else args[2]
        if op in {"and", "or"}:
            decisive = op == "or"
            if any(arg is decisive for arg in args):
                return decisive
        for arg in args:
            if isinstance(arg, Exception):
                return arg
        try:
            return self._apply(op, args)  # type: ignore[arg-type]  # exceptions returned above
        except (Outside, Undecided) as reason:
            return reason

    def _apply(self, op: str, args: list[Series]) -> Value:
        match op:
            case "and" | "or":
                return all(args) if op == "and" else any(args)
            case "not":
                return not args[0]
            case "lt":
                return self.sub(args[0], args[1]).sign() < 0
            case "le":
                return self.sub(args[0], args[1]).sign() <= 0
            case "eq":
                return self.sub(args[0], args[1]).sign() == 0
            case "ne":
                return self.sub(args[0], args[1]).sign() != 0
        result = _RULES[op](self, *args) if op in _RULES else self.function(op, *args)
        return self.trim(result)

    # --- arithmetic ----------------------------------------------------------------------------

    def constant(self, number: Number) -> Series:
        """Return a number as a series."""
        return Series(0, (number,))

    def rational(self, value: Fraction | int) -> Series:
        """Return a rational number as a series."""
        return self.constant(self.field.rational(value))

    def trim(self, a: Series) -> Series:
        """Drop proven leading zeros, and what lies beyond the terms that are kept."""
        kept = len(a.coefficients) <= min(self.terms, a.order - a.low)
        if kept and (not a.coefficients or a.coefficients[0].fraction != 0):
            return a
        coefficients, low = list(a.coefficients), a.low
        while coefficients and coefficients[0].fraction == 0:
            coefficients.pop(0)
            low += 1
        keep = min(self.terms, a.order - low)
        if len(coefficients) > keep:
            if keep < self.terms or any(c.fraction != 0 for c in coefficients[keep:]):
                order = min(a.order, low + max(keep, 0))
            else:
                order = a.order
            coefficients = coefficients[: max(keep, 0)]
            return replace(a, low=low, coefficients=tuple(coefficients), order=order)
        return replace(a, low=low, coefficients=tuple(coefficients))

    def add(self, a: Series, b: Series) -> Series:
        """a + b."""
        if a.huge or b.huge:
            if a.huge and b.huge and a.huge != b.huge:
                raise Undecided
            return Series(0, (), huge=a.huge or b.huge)
        for one, other in ((a, b), (b, a)):
            if not one.coefficients and one.order >= INFINITY and not one.flat:
                return other
        order = min(a.order, b.order)
        known = [part for part in (a, b) if part.coefficients]
        low = min((part.low for part in known), default=0)
        high = min(order, max((part.low + len(part.coefficients) for part in known), default=0))
        coefficients = []
        for exponent in range(low, high):
            i, j = exponent - a.low, exponent - b.low
            left = a.coefficients[i] if 0 <= i < len(a.coefficients) else None
            right = b.coefficients[j] if 0 <= j < len(b.coefficients) else None
            if left is not None and right is not None:
                coefficients.append(left + right)
            else:
                coefficients.append(left or right or self.field.rational(0))
        diverges = a.diverges or b.diverges
        if a.diverges * b.diverges < 0 or any(low + i < 0 for i in range(len(coefficients))):
            diverges = 0  # two logarithms may cancel; a pole outgrows a logarithm
        return Series(low, tuple(coefficients), order, a.flat or b.flat, diverges=diverges)

    def neg(self, a: Series) -> Series:
        """-a."""
        return Series(
            a.low, tuple(-c for c in a.coefficients), a.order, a.flat, -a.huge, -a.diverges
        )

    def sub(self, a: Series, b: Series) -> Series:
        """a - b."""
        return self.add(a, self.neg(b))

    def mul(self, a: Series, b: Series) -> Series:
        """a b."""
        for one, other in ((a, b), (b, a)):
            if self._is_exact_zero(one):
                return self._zero
            if one.huge:
                return Series(0, (), huge=one.huge * (other.huge or other.sign()))
        order = INFINITY
        low_a, low_b = self._bottom(a), self._bottom(b)
        if a.order < INFINITY:
            order = min(order, a.order + low_b)
        if b.order < INFINITY:
            order = min(order, b.order + low_a)
        if (a.flat and not a.coefficients) or (b.flat and not b.coefficients):
            return Series(0, (), order=INFINITY, flat=True)
        length = len(a.coefficients) + len(b.coefficients) - 1
        length = min(max(length, 0), self.terms + 1, max(order - a.low - b.low, 0))
        coefficients = []
        for k in range(length):
            total = self.field.rational(0)
            for i in range(max(0, k - len(b.coefficients) + 1), min(k + 1, len(a.coefficients))):
                total = total + a.coefficients[i] * b.coefficients[k - i]
            coefficients.append(total)
        full = len(a.coefficients) + len(b.coefficients) - 1
        if length < full:
            order = min(order, a.low + b.low + length)
        return Series(
            a.low + b.low,
            tuple(coefficients),
            order,
            a.flat or b.flat,
            diverges=self._divergence(a, b),
        )

    def _divergence(self, a: Series, b: Series) -> int:
        """A logarithm times something that tends to a nonzero number still diverges."""
        for one, other in ((a, b), (b, a)):
            if one.diverges and not other.diverges and other.order > 0:
                first = other.leading()
                if first is not None and first[0] == 0:
                    return one.diverges * first[1].sign()
        return 0

    def _is_exact_zero(self, a: Series) -> bool:
        return (
            not a.huge
            and not a.flat
            and a.order >= INFINITY
            and all(c.fraction == 0 for c in a.coefficients)
        )

    def _bottom(self, a: Series) -> int:
        """Return an exponent that the whole series is O(s^...) of."""
        return min(a.low if a.coefficients else a.order, a.order)

    def inverse(self, a: Series) -> Series:
        """1/a."""
        if a.huge:
            return Series(0, (), flat=True)
        first = a.leading()
        if first is None:
            raise Outside
        exponent, lead = first
        tail = a.coefficients[exponent - a.low :]
        # 1/(lead s^e (1 + w)) by the recurrence sum_j w_j q_(k-j) = 0.
        known = self.terms if a.order >= INFINITY else min(self.terms, a.order - exponent)
        if len(tail) == 1 and a.order >= INFINITY:
            return Series(-exponent, (self.field.rational(1) / lead,), INFINITY, a.flat)
        ratios = [c / lead for c in tail]
        quotient = [self.field.rational(1)]
        for k in range(1, known):
            total = self.field.rational(0)
            for j in range(1, min(k, len(ratios) - 1) + 1):
                total = total + ratios[j] * quotient[k - j]
            quotient.append(-total)
        return Series(-exponent, tuple(q / lead for q in quotient), known - exponent, a.flat)

    def div(self, a: Series, b: Series) -> Series:
        """a / b."""
        inverse = self.inverse(b)
        return self._zero if self._is_exact_zero(a) else self.mul(a, inverse)

    # --- functions -----------------------------------------------------------------------------

    def _center(self, a: Series) -> tuple[Number, Series]:
        """Split a bounded series into its value at s = 0 and a rest that vanishes there."""
        if a.huge or a.order <= 0:
            raise Undecided
        if self._has_pole(a):
            raise Undecided
        center = a.coefficient(self.field, 0)
        return center, self.trim(self.sub(a, self.constant(center)))

    def _has_pole(self, a: Series) -> bool:
        if a.low >= 0:
            return False
        first = a.leading()
        return first is not None and first[0] < 0

    def compose(self, coefficients: list[Number], rest: Series) -> Series:
        """Return sum c_k rest^k for a rest that vanishes at s = 0, by Horner's rule."""
        if self._is_exact_zero(rest):
            return self.constant(coefficients[0])
        bottom = self._bottom(rest)
        unknown = (
            Series(0, (), order=bottom * len(coefficients))
            if bottom < INFINITY
            else (Series(0, (), flat=True))
        )
        result = self.constant(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            result = self.trim(self.add(self.mul(result, rest), self.constant(coefficient)))
        return self.add(result, unknown)

    def function(self, op: str, *args: Series) -> Series:
        """Return g(a) where g is analytic at a's value."""
        numbers = [self._center(arg)[0] for arg in args[:-1]]
        center, rest = self._center(args[-1])
        bottom = max(1, min(self._bottom(rest), self.terms))
        count = self.terms // bottom + 2
        if self._is_exact_zero(rest):
            count = 1
        return self.compose(taylor(self.field, op, [*numbers, center], count), rest)

    def exp(self, a: Series) -> Series:
        """exp(a), also of a pole."""
        if a.huge:
            return Series(0, (), huge=1) if a.huge > 0 else Series(0, (), flat=True)
        if self._has_pole(a):
            return Series(0, (), huge=1) if a.sign() > 0 else Series(0, (), flat=True)
        return self.function("exp", a)

    def log(self, a: Series) -> Series:
        """log(a); a logarithm of something that vanishes is an unknown O(s^-1)."""
        if a.huge:
            raise Undecided if a.huge > 0 else Outside
        first = a.leading()
        if first is None or first[1].sign() < 0:
            raise Outside
        exponent, _ = first
        if exponent == 0:
            return self.function("log", a)
        if self.ramification < 4:
            raise Ramify(4)
        return Series(0, (), order=-1, diverges=-1 if exponent > 0 else 1)

    def power(self, a: Series, exponent: Fraction) -> Series:
        """Return a to a constant rational power."""
        if a.huge:
            if exponent.denominator == 1 and exponent % 2 == 0:
                return (
                    self.power(Series(0, (), huge=1), exponent / 2)
                    if a.huge < 0
                    else (Series(0, (), huge=1) if exponent > 0 else Series(0, (), flat=True))
                )
            if a.huge < 0 and exponent.denominator != 1:
                raise Outside
            return Series(0, (), huge=a.huge) if exponent > 0 else Series(0, (), flat=True)
        if exponent.denominator == 1 and 0 <= exponent <= 64:
            result = self.rational(1)
            for _ in range(int(exponent)):
                result = self.trim(self.mul(result, a))
            return result
        first = a.leading()
        if first is None:
            if exponent > 0:
                return self._zero
            raise Outside
        low, lead = first
        if exponent.denominator != 1 and lead.sign() < 0:
            raise Outside
        moved = low * exponent
        if moved.denominator != 1:
            raise Ramify(moved.denominator)
        unit = self.trim(self.mul(a, Series(-low, (self.field.rational(1) / lead,))))
        rest = self.trim(self.sub(unit, self.rational(1)))
        binomial = [Fraction(1)]
        for k in range(1, self.terms + 2):
            binomial.append(binomial[-1] * (exponent - k + 1) / k)
        series = self.compose([self.field.rational(c) for c in binomial], rest)
        return self.mul(Series(int(moved), (self._number_power(lead, exponent),)), series)

    def _number_power(self, base: Number, exponent: Fraction) -> Number:
        field = self.field
        if exponent == Fraction(1, 2):
            return field.constant("sqrt", base.ball.sqrt(), base)
        other = field.rational(exponent)
        if exponent.denominator == 1:
            value = base.fraction
            if value is not None and abs(exponent) <= 64:
                return field.rational(value ** int(exponent))
            return field.constant("pow", base.ball ** int(exponent), base, other)
        return field.constant("pow", base.ball**other.ball, base, other)

    def general_power(self, a: Series, b: Series) -> Series:
        """a ** b."""
        exponent = self._constant_of(b)
        if exponent is not None:
            if exponent.fraction is not None:
                return self.power(a, exponent.fraction)
            first = a.leading()
            if first is not None and first[0] != 0:
                # An irrational power of s: only its size is known.
                if first[1].sign() < 0:
                    raise Outside
                size = exponent.ball * first[0]
                return Series(0, (), order=math.floor(float(size.lower())))
            if first is None:
                if exponent.sign() > 0:
                    return self._zero
                raise Outside
        if self._is_exact_zero(a) and b.sign() > 0:
            return self._zero
        return self.exp(self.mul(b, self.log(a)))

    def _constant_of(self, a: Series) -> Number | None:
        if a.huge or a.flat or a.order < INFINITY or a.low < 0:
            return None
        moving = [c for i, c in enumerate(a.coefficients) if a.low + i != 0 and c.fraction != 0]
        return None if moving else a.coefficient(self.field, 0)

    def sqrt(self, a: Series) -> Series:
        """sqrt(a)."""
        return self.power(a, Fraction(1, 2))

    def cbrt(self, a: Series) -> Series:
        """Real cube root."""
        third = Fraction(1, 3)
        sign = a.sign()
        return self.power(a, third) if sign >= 0 else self.neg(self.power(self.neg(a), third))

    def saturating(self, op: str, a: Series) -> Series:
        """tanh, erf, erfc, expit: they approach a number faster than every power."""
        if not a.huge and not self._has_pole(a):
            return self.function(op, a)
        low, high = {"tanh": (-1, 1), "erf": (-1, 1), "erfc": (2, 0), "expit": (0, 1)}[op]
        limit = high if a.sign() > 0 else low
        return replace(self.rational(limit), flat=True)

    def softplus(self, a: Series) -> Series:
        """log(1 + exp(a))."""
        if not a.huge and not self._has_pole(a):
            return self.function("softplus", a)
        return replace(a, flat=True) if a.sign() > 0 else Series(0, (), flat=True)

    def atan(self, a: Series) -> Series:
        """atan(a), also of a pole."""
        half_pi = self.constant(self.field.constant("pi", arb.pi()) / self.field.rational(2))
        if a.huge:
            return replace(half_pi if a.huge > 0 else self.neg(half_pi), flat=True)
        if not self._has_pole(a):
            return self.function("atan", a)
        limit = half_pi if a.sign() > 0 else self.neg(half_pi)
        return self.sub(limit, self.function("atan", self.inverse(a)))

    def wave(self, op: str, a: Series) -> Series:
        """sin, cos: bounded and oscillating where the argument blows up."""
        if a.huge or a.order <= 0 or self._has_pole(a):
            return Series(0, (), order=0)
        return self.function(op, a)

    def asin(self, a: Series) -> Series:
        """asin(a), at the ends of its domain through asin(u) = pi/2 - 2 asin(sqrt((1-u)/2))."""
        center, _ = self._center(a)
        end = self._end(center)
        if end == 1:
            return self.sub(self._half_pi(), self._from_end(a))
        if end == -1:
            return self.sub(self._from_end(self.neg(a)), self._half_pi())
        return self.function("asin", a)

    def acos(self, a: Series) -> Series:
        """acos(a)."""
        center, _ = self._center(a)
        end = self._end(center)
        if end == 1:
            return self._from_end(a)
        if end == -1:
            twice = self.mul(self.rational(2), self._half_pi())
            return self.sub(twice, self._from_end(self.neg(a)))
        return self.function("acos", a)

    def _end(self, center: Number) -> int:
        """Return 1 or -1 where a number is that end of [-1, 1], 0 between them; else Outside."""
        one = self.field.rational(1)
        above, below = (center - one).sign(), (center + one).sign()
        if above > 0 or below < 0:
            raise Outside
        return 1 if above == 0 else -1 if below == 0 else 0

    def _half_pi(self) -> Series:
        return self.constant(self.field.constant("pi", arb.pi()) / self.field.rational(2))

    def _from_end(self, a: Series) -> Series:
        half = self.mul(self.sub(self.rational(1), a), self.rational(Fraction(1, 2)))
        return self.mul(self.rational(2), self.function("asin", self.trim(self.sqrt(half))))

    def acosh(self, a: Series) -> Series:
        """acosh(a), at 1 through acosh(u) = 2 asinh(sqrt((u-1)/2))."""
        if self._has_pole(a):
            return self.log_like(a, Outside)
        center, _ = self._center(a)
        one = self.field.rational(1)
        sign = (center - one).sign()
        if sign < 0:
            raise Outside
        if sign > 0:
            return self.function("acosh", a)
        half = self.mul(self.sub(a, self.rational(1)), self.rational(Fraction(1, 2)))
        return self.mul(self.rational(2), self.function("asinh", self.trim(self.sqrt(half))))

    def asinh(self, a: Series) -> Series:
        """asinh(a)."""
        if self._has_pole(a):
            sign = a.sign()
            return (
                Series(0, (), order=-1, diverges=sign) if self.ramification >= 4 else self._ask(4)
            )
        return self.function("asinh", a)

    def log_like(self, a: Series, below: type[Exception]) -> Series:
        """Return a logarithmic divergence to +infinity; raise `below` for a → -infinity."""
        if a.sign() < 0:
            raise below
        return Series(0, (), order=-1, diverges=1) if self.ramification >= 4 else self._ask(4)

    def _ask(self, factor: int) -> Series:
        raise Ramify(factor)

    def atanh(self, a: Series) -> Series:
        """atanh(a) = (log(1+a) - log(1-a))/2 where a tends to an end of the domain."""
        center, _ = self._center(a)
        if self._end(center):
            one = self.rational(1)
            parts = self.sub(self.log(self.add(one, a)), self.log(self.sub(one, a)))
            return self.mul(self.rational(Fraction(1, 2)), parts)
        return self.function("atanh", a)

    def gamma(self, a: Series) -> Series:
        """gamma(a), at its poles through gamma(u) = gamma(u+n+1)/(u(u+1)...(u+n))."""
        steps = self._steps_to_positive(a)
        result = self.function("gamma", self.add(a, self.rational(steps)))
        for k in range(steps):
            result = self.trim(self.div(result, self.add(a, self.rational(k))))
        return result

    def digamma(self, a: Series) -> Series:
        """digamma(a), at its poles through digamma(u) = digamma(u+n) - sum 1/(u+k)."""
        steps = self._steps_to_positive(a)
        result = self.function("digamma", self.add(a, self.rational(steps)))
        for k in range(steps):
            result = self.sub(result, self.inverse(self.add(a, self.rational(k))))
        return result

    def polygamma(self, order: Series, a: Series) -> Series:
        """polygamma(m, a), shifted like digamma."""
        number = self._constant_of(order)
        if number is None or number.fraction is None:
            raise Undecided
        m = int(number.fraction)
        if m == 0:
            return self.digamma(a)
        steps = self._steps_to_positive(a)
        result = self.function("polygamma", order, self.add(a, self.rational(steps)))
        scale = self.rational((-1) ** (m + 1) * factorial(m))
        for k in range(steps):
            shifted = self.power(self.add(a, self.rational(k)), Fraction(-m - 1))
            result = self.add(result, self.mul(scale, shifted))
        return result

    def _steps_to_positive(self, a: Series) -> int:
        center, _ = self._center(a)
        if center.ball > 0:
            return 0
        steps = math.floor(-float(center.ball.lower())) + 1
        if steps > 200:
            raise Undecided
        return steps

    def loggamma(self, a: Series) -> Series:
        """log(gamma(a)) for a > 0."""
        center, _ = self._center(a)
        sign = center.sign()
        if sign < 0:
            raise Outside
        if sign > 0:
            return self.function("loggamma", a)
        return self.sub(self.function("loggamma", self.add(a, self.rational(1))), self.log(a))

    def bessel(self, op: str, order: Series, a: Series) -> Series:
        """Bessel functions away from their singular points; Y and K diverge at 0."""
        center, _ = self._center(a)
        integer = (number := self._constant_of(order)) is not None and (
            number.fraction is not None and number.fraction.denominator == 1
        )
        if op in {"besselj", "besseli"} and integer:
            return self.function(op, order, a)
        sign = center.sign() or a.sign()
        if sign < 0:
            raise Outside
        if center.is_zero():
            raise Undecided
        return self.function(op, order, a)

    # --- choices -------------------------------------------------------------------------------

    def absolute(self, a: Series) -> Series:
        """|a|."""
        return self.neg(a) if a.sign() < 0 else a

    def maximum(self, a: Series, b: Series) -> Series:
        """max(a, b)."""
        return a if self.sub(a, b).sign() >= 0 else b

    def minimum(self, a: Series, b: Series) -> Series:
        """min(a, b)."""
        return b if self.sub(a, b).sign() >= 0 else a

    def step(self, a: Series, b: Series) -> Series:
        """1, 0 or 1/2 as a is above, below or equal to b."""
        return self.rational(Fraction(self.sub(a, b).sign() + 1, 2))

    def floor(self, a: Series) -> Series:
        """Largest integer not above a."""
        center, _ = self._center(a)
        value = center.fraction
        if value is None:
            lower, upper = (
                int(end.floor().unique_fmpz() or 0)
                for end in (center.ball.lower(), center.ball.upper())
            )
            if lower != upper or center.ball.contains_integer():
                raise Undecided
            return self.rational(lower)
        whole = math.floor(value)
        if whole == value and self.sub(a, self.rational(whole)).sign() < 0:
            whole -= 1
        return self.rational(whole)

    def atan2(self, y: Series, x: Series) -> Series:
        """The angle of the point (x, y)."""
        pi = self.constant(self.field.constant("pi", arb.pi()))
        across, up = x.sign(), y.sign()
        if across == 0:
            if up == 0:
                raise Outside
            return self.mul(self.rational(Fraction(up, 2)), pi)
        angle = self.atan(self.trim(self.div(y, x)))
        if across > 0:
            return angle
        return self.add(angle, pi) if up >= 0 else self.sub(angle, pi)

    def hypot(self, a: Series, b: Series) -> Series:
        """sqrt(a² + b²)."""
        return self.sqrt(self.trim(self.add(self.mul(a, a), self.mul(b, b))))

    def logaddexp(self, a: Series, b: Series) -> Series:
        """log(exp(a) + exp(b)) = a + softplus(b - a)."""
        return self.add(a, self.softplus(self.trim(self.sub(b, a))))


_RULES: dict[str, Callable[..., Series]] = {
    "add": Expander.add,
    "sub": Expander.sub,
    "mul": Expander.mul,
    "div": Expander.div,
    "neg": Expander.neg,
    "pow": Expander.general_power,
    "sqrt": Expander.sqrt,
    "cbrt": Expander.cbrt,
    "exp": Expander.exp,
    "expm1": lambda self, a: self.sub(self.exp(a), self.rational(1)),
    "log": Expander.log,
    "log1p": lambda self, a: self.log(self.trim(self.add(self.rational(1), a))),
    "log2": lambda self, a: self.div(
        self.log(a),
        self.constant(self.field.constant("log", arb.const_log2(), self.field.rational(2))),
    ),
    "log10": lambda self, a: self.div(
        self.log(a),
        self.constant(self.field.constant("log", arb.const_log10(), self.field.rational(10))),
    ),
    "sin": lambda self, a: self.wave("sin", a),
    "cos": lambda self, a: self.wave("cos", a),
    "tan": lambda self, a: self.div(self.function("sin", a), self.function("cos", a)),
    "asin": Expander.asin,
    "acos": Expander.acos,
    "atan": Expander.atan,
    "tanh": lambda self, a: self.saturating("tanh", a),
    "sinh": lambda self, a: self.mul(
        self.rational(Fraction(1, 2)), self.sub(self.exp(a), self.exp(self.neg(a)))
    ),
    "cosh": lambda self, a: self.mul(
        self.rational(Fraction(1, 2)), self.add(self.exp(a), self.exp(self.neg(a)))
    ),
    "asinh": Expander.asinh,
    "acosh": Expander.acosh,
    "atanh": Expander.atanh,
    "atan2": Expander.atan2,
    "hypot": Expander.hypot,
    "erf": lambda self, a: self.saturating("erf", a),
    "erfc": lambda self, a: self.saturating("erfc", a),
    "gamma": Expander.gamma,
    "loggamma": Expander.loggamma,
    "digamma": Expander.digamma,
    "polygamma": Expander.polygamma,
    "besselj": lambda self, n, a: self.bessel("besselj", n, a),
    "bessely": lambda self, n, a: self.bessel("bessely", n, a),
    "besseli": lambda self, n, a: self.bessel("besseli", n, a),
    "besselk": lambda self, n, a: self.bessel("besselk", n, a),
    "expit": lambda self, a: self.saturating("expit", a),
    "softplus": Expander.softplus,
    "logaddexp": Expander.logaddexp,
    "abs": Expander.absolute,
    "sign": lambda self, a: self.rational(a.sign()),
    "floor": Expander.floor,
    "ceil": lambda self, a: self.neg(self.floor(self.neg(a))),
    "max": Expander.maximum,
    "min": Expander.minimum,
    "step": Expander.step,
}


def expand(
    program: Program,
    lines: Sequence[int],
    point: Sequence[Fraction],
    variable: int,
    side: int,
    field: Field,
    terms: int,
    still: dict[int, Value | Exception] | None = None,
) -> tuple[int, list[Value | Exception]]:
    """Expand lines of a Program just beside a point, with as much ramification as they need.

    What is `still` of the variable is remembered there, for other variables and the other side.

    Returns
    -------
    tuple
        The ramification R, and a series in s = t^(1/R) a line, or the exception that says why not.
    """
    ramification = 1
    still = {} if still is None else still
    while True:
        expander = Expander(field, ramification, terms * ramification + 1)
        try:
            return ramification, expander.run(program, lines, point, variable, side, still)
        except Ramify as request:
            ramification *= request.factor
            if ramification > 64:
                return ramification, [Undecided() for _ in lines]
