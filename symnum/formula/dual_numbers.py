"""Ball duals: numbers that carry an enclosure of a value and of its derivatives.

NumPy calls the method of the same name on every element of an object array, so ordinary code runs
on these numbers unchanged. They follow the branch that the code takes at the point, and note every
comparison between equal numbers: there the branch may change as soon as the point moves.

Derivatives are carried for several directions at once (forward mode; A. Griewank and A. Walther,
*Evaluating Derivatives*, 2nd ed., SIAM 2008, ch. 3 and 13), as dicts: a direction that isn't in the
dict can't reach the number at all.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpz

from symnum.formula.balls import exact_fraction, rational
from symnum.formula.operations import OPERATIONS
from symnum.formula.tracing.recorder import is_library, place_of

# Operations of the longest run: a loop that never ends stops here where no time was set.
MOST_OPERATIONS = 3_000_000
# How many operations pass between two looks at the clock.
_CLOCK = 64

Place = tuple[str, int, str]
First = Mapping[int, arb]
Second = Mapping[tuple[int, int], arb]
_NONE: dict[Any, arb] = {}
# So much of the user's line is repeated in a message.
_LONG_LINE = 60


class Stop(BaseException):
    """Ends a run of the user's code; not an Exception, so that their `except` lets it through.

    Parameters
    ----------
    reason : str
        What happened, in words.
    place : tuple
        File, number and text of the user's line.
    """

    def __init__(self, reason: str, place: Place = ("", 0, "")) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place

    def __str__(self) -> str:
        _, number, text = self.place
        text = text if len(text) <= _LONG_LINE else text[:_LONG_LINE] + "..."
        if not number:
            return self.reason
        return f"line {number}: {self.reason}" + (f" ({text})" if text else "")


class Refused(Stop):
    """The code asks for something that balls can't do."""


class Unclear(Stop):
    """A comparison that isn't decided at this precision."""


class OutOfTime(Stop):
    """The time, or the number of operations, is used up."""


class Run:
    """One run of the user's code: which branches it takes, and what stops it.

    Parameters
    ----------
    order : int
        The highest derivative that is carried: 0, 1 or 2.
    side : int
        0 at the point itself; +1 or -1 for the limit from one side along the only direction.
    follow : list of int, optional
        Signs of the comparisons of another run, taken over where this one can't decide them.
    flipped : tuple (index, sign), optional
        One comparison whose sign is another than in `follow`.
    deadline : float, optional
        When to stop, in the clock of `time.monotonic`.
    """

    def __init__(
        self,
        order: int = 1,
        *,
        side: int = 0,
        follow: list[int] | None = None,
        flipped: tuple[int, int] | None = None,
        deadline: float | None = None,
    ) -> None:
        self.order = order
        self.side = side
        self.follow = follow
        self.flipped = flipped
        self.deadline = deadline
        self.signs: list[int] = []
        self.doubtful: list[int] = []
        self.ties: set[int] = set()
        self.tie_place: Place = ("", 0, "")
        self.stopped: Stop | None = None
        self._count = 0

    def tick(self) -> None:
        """Count an operation; raise where the run has to end."""
        if self.stopped is not None:  # the user's code caught it, and went on
            raise self.stopped
        self._count += 1
        if self._count % _CLOCK == 0:
            if self.deadline is not None and time.monotonic() > self.deadline:
                raise self.stop(OutOfTime("the time is up"))
            if self._count > MOST_OPERATIONS:
                msg = f"the code needs more than {MOST_OPERATIONS:,} operations"
                raise self.stop(OutOfTime(msg))

    def stop(self, stop: Stop) -> Stop:
        """Remember what ends the run; the first one stays."""
        if not stop.place[1]:
            stop.place = user_line()
        self.stopped = self.stopped or stop
        return self.stopped

    def refuse(self, reason: str) -> Stop:
        """Return the exception that says why the user's line can't be run on balls."""
        return self.stop(Refused(f"can't be run on balls: {reason}"))

    def sign(self, a: Dual, b: Dual) -> int:
        """Return the sign of a - b as the code sees it, and note what hangs by a hair."""
        self.tick()
        index = len(self.signs)
        difference = a.value - b.value
        if difference > 0:
            sign = 1
        elif difference < 0:
            sign = -1
        elif a is b or difference.is_zero():
            sign = 0 if a is b else self._tie(a, b)
        elif self.follow is not None:
            sign = self._followed(index, difference)
        else:
            what = "is not finite" if not difference.is_finite() else "is as good as equal"
            msg = f"can't be decided on balls: what is compared {what}"
            raise self.stop(Unclear(msg))
        self.signs.append(sign)
        return sign

    def _tie(self, a: Dual, b: Dual) -> int:
        """Return the sign of a difference that is exactly 0 at the point."""
        keys = a.first.keys() | b.first.keys()
        if not keys:
            return 0
        if not self.side:
            if not self.ties:
                self.tie_place = user_line()
            self.ties |= keys
            return 0
        (key,) = keys
        slopes = [self.side * (a.first.get(key, arb(0)) - b.first.get(key, arb(0)))]
        if self.order > 1:
            pair = (key, key)
            slopes.append(a.second.get(pair, arb(0)) - b.second.get(pair, arb(0)))
        for slope in slopes:
            if slope > 0:
                return 1
            if slope < 0:
                return -1
            if not slope.is_zero():
                break
        raise self.stop(Unclear("compares equal numbers, whose order beside the point is unclear"))

    def _followed(self, index: int, difference: arb) -> int:
        """Return the sign that another run found, or the other one where that is to be tried."""
        assert self.follow is not None
        if self.flipped is not None:
            if index == self.flipped[0]:
                return self.flipped[1]
            if index > self.flipped[0]:
                return 1 if difference.mid() > 0 else -1
        self.doubtful.append(index)
        if index >= len(self.follow):
            raise self.stop(Unclear("can't be decided in doubles"))
        return self.follow[index]


def user_line() -> Place:
    """Return file, number and text of the user's line that is running."""
    frame = sys._getframe(1)
    while frame.f_back is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return place_of(frame.f_code.co_filename, frame.f_lineno)


def ball_of(value: Any) -> arb | None:
    """Return a real number exactly; None for what is none."""
    if isinstance(value, (float, int)):  # bool and np.float64 among them
        return arb(value)
    if isinstance(value, (np.integer, np.bool_)):
        return arb(int(value))
    if isinstance(value, np.floating):
        if not np.isfinite(value):
            return arb(float(value))
        return arb(rational(Fraction(*value.as_integer_ratio())))
    if isinstance(value, Fraction):
        return arb(rational(value))
    if isinstance(value, arb):
        return value
    return None


# --- elementary functions: value, first and second derivative ------------------------------------


def _sin(a: arb) -> tuple[arb, ...]:
    sine, cosine = a.sin_cos()
    return sine, cosine, -sine


def _cos(a: arb) -> tuple[arb, ...]:
    sine, cosine = a.sin_cos()
    return cosine, -sine, -cosine


def _tan(a: arb) -> tuple[arb, ...]:
    tangent, secant = a.tan(), a.sec()
    square = secant * secant
    return tangent, square, 2 * tangent * square


def _exp(a: arb) -> tuple[arb, ...]:
    value = a.exp()
    return value, value, value


def _expm1(a: arb) -> tuple[arb, ...]:
    slope = a.exp()
    return a.expm1(), slope, slope


def _exp2(a: arb) -> tuple[arb, ...]:
    rate = arb.const_log2()
    value = (a * rate).exp() if not a.is_integer() else arb(2) ** a
    return value, rate * value, rate * rate * value


def _logarithm(value: arb, a: arb, scale: arb) -> tuple[arb, ...]:
    slope = 1 / (a * scale)
    return value, slope, -slope / a


def _sqrt(a: arb) -> tuple[arb, ...]:
    root = a.sqrt()
    slope = 1 / (2 * root)
    return root, slope, -slope / (2 * a)


def _cbrt(a: arb) -> tuple[arb, ...]:
    root = OPERATIONS["cbrt"].ball(a)
    slope = 1 / (3 * root * root)
    return root, slope, -2 * slope / (3 * a)


def _tanh(a: arb) -> tuple[arb, ...]:
    value, secant = a.tanh(), a.sech()
    square = secant * secant
    return value, square, -2 * value * square


def _sinh(a: arb) -> tuple[arb, ...]:
    sine, cosine = a.sinh_cosh()
    return sine, cosine, sine


def _cosh(a: arb) -> tuple[arb, ...]:
    sine, cosine = a.sinh_cosh()
    return cosine, sine, cosine


def _arcsinh(a: arb) -> tuple[arb, ...]:
    square = 1 + a * a
    slope = square.rsqrt()
    return a.asinh(), slope, -a * slope / square


def _arccosh(a: arb) -> tuple[arb, ...]:
    square = (a - 1) * (a + 1)
    slope = square.rsqrt()
    return a.acosh(), slope, -a * slope / square


def _arctanh(a: arb) -> tuple[arb, ...]:
    slope = 1 / ((1 - a) * (1 + a))
    return a.atanh(), slope, 2 * a * slope * slope


def _arctan(a: arb) -> tuple[arb, ...]:
    slope = 1 / (1 + a * a)
    return a.atan(), slope, -2 * a * slope * slope


def _arcsin(a: arb) -> tuple[arb, ...]:
    square = (1 - a) * (1 + a)
    slope = square.rsqrt()
    return a.asin(), slope, a * slope / square


def _arccos(a: arb) -> tuple[arb, ...]:
    _, slope, bend = _arcsin(a)
    return a.acos(), -slope, -bend


RULES: dict[str, Callable[[arb], tuple[arb, ...]]] = {
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "exp": _exp,
    "expm1": _expm1,
    "exp2": _exp2,
    "log": lambda a: _logarithm(a.log(), a, arb(1)),
    "log1p": lambda a: _logarithm(a.log1p(), 1 + a, arb(1)),
    "log2": lambda a: _logarithm(OPERATIONS["log2"].ball(a), a, arb.const_log2()),
    "log10": lambda a: _logarithm(OPERATIONS["log10"].ball(a), a, arb.const_log10()),
    "sqrt": _sqrt,
    "cbrt": _cbrt,
    "tanh": _tanh,
    "sinh": _sinh,
    "cosh": _cosh,
    "arcsinh": _arcsinh,
    "arccosh": _arccosh,
    "arctanh": _arctanh,
    "arctan": _arctan,
    "arcsin": _arcsin,
    "arccos": _arccos,
}
"""NumPy's name of each elementary function -> value, first and second derivative over a ball."""


def _pair(i: int, j: int) -> tuple[int, int]:
    return (i, j) if i <= j else (j, i)


def _sum(a: Mapping[Any, arb], b: Mapping[Any, arb]) -> Mapping[Any, arb]:
    if not b:
        return a
    if not a:
        return b
    total = dict(a)
    for key, value in b.items():
        total[key] = total[key] + value if key in total else value
    return total


class Dual:
    """A ball with the balls of its derivatives.

    Parameters
    ----------
    run : Run
        The run that it belongs to.
    value : arb
        Encloses the value.
    first : mapping from direction to arb
        Encloses the derivative along each direction that can reach this number.
    second : mapping from pairs of directions to arb
        Encloses the second derivatives; the smaller direction comes first.
    """

    __slots__ = ("first", "run", "second", "value")

    def __init__(self, run: Run, value: arb, first: First = _NONE, second: Second = _NONE) -> None:
        self.run = run
        self.value = value
        self.first = first
        self.second = second

    # --- plumbing

    def lift(self, other: Any) -> Any:
        """Return the other operand as a Dual; NotImplemented for arrays and strangers."""
        if isinstance(other, np.ndarray) and other.ndim == 0:
            other = other.item()
        if type(other) is Dual:
            if other.run is not self.run:
                raise self.run.stop(Stop("the code keeps numbers of an earlier call"))
            return other
        ball = ball_of(other)
        if ball is not None:
            return Dual(self.run, ball)
        if isinstance(other, (complex, np.complexfloating)):
            raise self.run.refuse("complex numbers")
        return NotImplemented

    def chain(self, u: arb, slope: arb, bend: arb) -> Dual:
        """Return g(self), given g and its derivatives at the value."""
        self.run.tick()
        first = {k: slope * d for k, d in self.first.items()}
        if self.run.order < 2:
            return Dual(self.run, u, first)
        second = {k: slope * d for k, d in self.second.items()}
        items = list(self.first.items())
        for p, (i, a) in enumerate(items):
            bent = bend * a
            for j, b in items[p:]:
                key = _pair(i, j)
                term = bent * b
                second[key] = second[key] + term if key in second else term
        return Dual(self.run, u, first, second)

    def _apply(self, name: str) -> Dual:
        return self.chain(*RULES[name](self.value))

    def join(self, other: Dual, u: arb, partials: tuple[arb, ...]) -> Dual:
        """Return g(self, other), given g, g_a, g_b, g_aa, g_ab, g_bb."""
        a = self.chain(u, partials[0], partials[2])
        b = other.chain(u, partials[1], partials[4])
        first = _sum(a.first, b.first)
        second = _sum(a.second, b.second)
        if self.run.order > 1:
            second = _sum(second, _cross(self.first, other.first, partials[3]))
        return Dual(self.run, u, first, second)

    # --- arithmetic

    def __add__(self, other: Any) -> Any:
        other = self.lift(other)
        if other is NotImplemented:
            return NotImplemented
        self.run.tick()
        return Dual(
            self.run,
            self.value + other.value,
            _sum(self.first, other.first),
            _sum(self.second, other.second),
        )

    __radd__ = __add__

    def __neg__(self) -> Dual:
        self.run.tick()
        return Dual(
            self.run,
            -self.value,
            {k: -d for k, d in self.first.items()},
            {k: -d for k, d in self.second.items()},
        )

    def __pos__(self) -> Dual:
        return self

    def __sub__(self, other: Any) -> Any:
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else self + (-other)

    def __rsub__(self, other: Any) -> Any:
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else other + (-self)

    def __mul__(self, other: Any) -> Any:
        other = self.lift(other)
        if other is NotImplemented:
            return NotImplemented
        self.run.tick()
        a, b = self.value, other.value
        first = _sum(
            {k: b * d for k, d in self.first.items()}, {k: a * d for k, d in other.first.items()}
        )
        if self.run.order < 2:
            return Dual(self.run, a * b, first)
        second = _sum(
            {k: b * d for k, d in self.second.items()}, {k: a * d for k, d in other.second.items()}
        )
        second = _sum(second, _cross(self.first, other.first, arb(1)))
        return Dual(self.run, a * b, first, second)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        other = self.lift(other)
        if other is NotImplemented:
            return NotImplemented
        self.run.tick()
        b = other.value
        quotient = self.value / b
        first = {
            k: d / b
            for k, d in _sum(self.first, {k: -quotient * d for k, d in other.first.items()}).items()
        }
        if self.run.order < 2:
            return Dual(self.run, quotient, first)
        second = _sum(self.second, {k: -quotient * d for k, d in other.second.items()})
        second = _sum(second, _cross(first, other.first, arb(-1)))
        return Dual(self.run, quotient, first, {k: d / b for k, d in second.items()})

    def __rtruediv__(self, other: Any) -> Any:
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else other / self

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        other = self.lift(other)
        if other is NotImplemented or modulus is not None:
            return NotImplemented
        power, a, p = OPERATIONS["pow"].ball, self.value, other.value
        if not other.first:
            if p.is_integer() and p.is_exact():
                slope = p * power(a, p - 1) if not p.is_zero() else arb(0)
                bend = p * (p - 1) * power(a, p - 2) if not (p * (p - 1)).is_zero() else arb(0)
            else:
                slope = p * power(a, p - 1) if a > 0 else arb.nan()
                bend = p * (p - 1) * power(a, p - 2) if a > 0 else arb.nan()
            return self.chain(power(a, p), slope, bend)
        u = power(a, p) if a > 0 else arb.nan()
        log = a.log()
        if not self.first:
            return other.chain(u, u * log, u * log * log)
        below = u / a
        partials = (
            p * below,
            u * log,
            p * (p - 1) * below / a,
            below * (1 + p * log),
            u * log * log,
        )
        return self.join(other, u, partials)

    def __rpow__(self, other: Any) -> Any:
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else other**self

    def __floordiv__(self, other: Any) -> Any:
        quotient = self / other
        return NotImplemented if quotient is NotImplemented else quotient.floor()

    def __rfloordiv__(self, other: Any) -> Any:
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else other // self

    def __mod__(self, other: Any) -> Any:
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else self - other * (self // other)

    def __rmod__(self, other: Any) -> Any:
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else other % self

    def __divmod__(self, other: Any) -> Any:
        quotient = self // other
        return NotImplemented if quotient is NotImplemented else (quotient, self % other)

    def __rdivmod__(self, other: Any) -> Any:
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else divmod(other, self)

    def __abs__(self) -> Dual:
        return -self if self._sign() < 0 else self

    def _sign(self) -> int:
        return self.run.sign(self, Dual(self.run, arb(0)))

    # --- comparisons

    def _compare(self, other: Any, holds: Callable[[int], bool]) -> Any:
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else holds(self.run.sign(self, other))

    def __lt__(self, other: Any) -> Any:
        return self._compare(other, lambda sign: sign < 0)

    def __le__(self, other: Any) -> Any:
        return self._compare(other, lambda sign: sign <= 0)

    def __gt__(self, other: Any) -> Any:
        return self._compare(other, lambda sign: sign > 0)

    def __ge__(self, other: Any) -> Any:
        return self._compare(other, lambda sign: sign >= 0)

    def __eq__(self, other: object) -> Any:
        return self._compare(other, lambda sign: sign == 0)

    def __ne__(self, other: object) -> Any:
        return self._compare(other, lambda sign: sign != 0)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self._sign() != 0

    # --- integers beside it

    def _near(self) -> int:
        """Return an integer within 1 of the value."""
        if not self.value.is_finite():
            raise self.run.stop(Unclear("rounds a number that is not finite"))
        middle = exact_fraction(self.value)
        return math.floor(middle + Fraction(1, 2))

    def floor(self) -> Dual:
        """Return the largest integer below: a constant between the integers."""
        near = self._near()
        return Dual(self.run, arb(fmpz(near if self >= near else near - 1)))

    def ceil(self) -> Dual:
        """Return the smallest integer above."""
        return -((-self).floor())

    def trunc(self) -> Dual:
        """Return the integer part."""
        return self.ceil() if self._sign() < 0 else self.floor()

    def rint(self) -> Dual:
        """Return the nearest integer, the even one at a half."""
        low: Dual = (self - Fraction(1, 2)).ceil()
        high: Dual = (self + Fraction(1, 2)).floor()
        return low if _integer(low) % 2 == 0 else high

    def __floor__(self) -> Dual:
        return self.floor()

    def __ceil__(self) -> Dual:
        return self.ceil()

    def __trunc__(self) -> Dual:
        return self.trunc()

    def __round__(self, digits: int | None = None) -> Dual:
        if digits:
            raise self.run.refuse("rounding to decimals")
        return self.rint()

    def __int__(self) -> int:
        return _integer(self.trunc())

    def __float__(self) -> float:
        raise self.run.refuse(
            "a cast to float32, an array of doubles or a call of compiled code wants one double"
        )

    def __complex__(self) -> complex:
        raise self.run.refuse("complex numbers")

    # --- what NumPy calls by name

    def conjugate(self) -> Dual:
        """Return the number itself: it is real."""
        return self

    @property
    def real(self) -> Dual:
        """The number itself."""
        return self

    @property
    def imag(self) -> float:
        """0: the number is real."""
        return 0.0

    def item(self) -> Dual:
        """Return the number itself, as a NumPy scalar does."""
        return self

    def fabs(self) -> Dual:
        """Return the modulus."""
        return abs(self)

    def deg2rad(self) -> Dual:
        """Return degrees as radians."""
        radians: Dual = self * Dual(self.run, arb.pi() / 180)
        return radians

    radians = deg2rad

    def rad2deg(self) -> Dual:
        """Return radians as degrees."""
        degrees: Dual = self * Dual(self.run, 180 / arb.pi())
        return degrees

    degrees = rad2deg

    def hypot(self, other: Any) -> Any:
        """Return sqrt(self² + other²)."""
        other = self.lift(other)
        return NotImplemented if other is NotImplemented else (self * self + other * other).sqrt()

    def fmod(self, other: Any) -> Any:
        """Return the remainder with the sign of self."""
        other = self.lift(other)
        if other is NotImplemented:
            return NotImplemented
        return self - other * (self / other).trunc()

    def arctan2(self, other: Any) -> Any:
        """Return the angle of the point (other, self)."""
        other = self.lift(other)
        if other is NotImplemented:
            return NotImplemented
        y, x = self.value, other.value
        angle = OPERATIONS["atan2"].ball(y, x)
        if not x > 0 and y.contains(0):
            # On the cut the angle jumps by a whole turn: which side is the code's on?
            angle = abs(angle) if self._sign() >= 0 else -abs(angle)
        square = x * x + y * y
        fourth = square * square
        mixed = (y * y - x * x) / fourth
        twice = 2 * x * y / fourth
        return self.join(other, angle, (x / square, -y / square, -twice, mixed, twice))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        from symnum.formula.dual_ufuncs import apply_ufunc

        return apply_ufunc(ufunc, method, inputs, named)

    # --- copies and text

    def __copy__(self) -> Dual:
        return self

    def __deepcopy__(self, memo: Any) -> Dual:
        return self

    def __repr__(self) -> str:
        return f"Dual({self.value.str(8)})"

    def __format__(self, spec: str) -> str:
        return repr(self)  # for progress messages; nobody can read it back as a number


def _integer(number: Dual) -> int:
    """Return the only integer in the ball."""
    found = number.value.unique_fmpz()
    if found is None:
        raise number.run.stop(Unclear("the integer isn't decided"))
    return int(found)


def _cross(a: First, b: First, weight: arb) -> Second:
    """Return weight (a_i b_j + a_j b_i): what both contribute to a second derivative."""
    found: dict[tuple[int, int], arb] = {}
    for i, x in a.items():
        scaled = weight * x
        for j, y in b.items():
            key = _pair(i, j)
            term = scaled * y * (2 if i == j else 1)
            found[key] = found[key] + term if key in found else term
    return found


def _method(name: str) -> Callable[[Dual], Dual]:
    def method(self: Dual) -> Dual:
        return self._apply(name)

    method.__name__ = name
    method.__doc__ = f"Return NumPy's `{name}` of the number."
    return method


for _name in RULES:
    setattr(Dual, _name, _method(_name))
