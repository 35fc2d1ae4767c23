"""The constant parts of a formula: what they are worth, before anything huge is built.

Every constant line gets a ball and, while it stays small, its exact rational. So a part that is
undefined, complex or beyond the range of doubles is found where it is written, and a tower of
powers is refused from the size of its parts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, fmpq

from symnum.formula.operations import OPERATIONS

PRECISION = 96
MAX_EXPONENT = 10_000
MAX_ORDER = 1_000
MAX_EXACT_BITS = 8_192
_MAX_POWER_BITS = 1_000_000
_LARGEST = Fraction(2) ** 1024 - Fraction(2) ** 970  # from here on, rounds to infinity
_SMALLEST = Fraction(1, 10**1000)

_WHY_UNDEFINED = {
    "div": ("a division by zero", ""),
    "log": ("the logarithm of a number that isn't positive", ""),
    "log2": ("the logarithm of a number that isn't positive", ""),
    "log10": ("the logarithm of a number that isn't positive", ""),
    "log1p": ("the logarithm of a number that isn't positive", ""),
    "sqrt": ("the square root of a negative number isn't real", ""),
    "asin": ("asin is real only from -1 to 1", ""),
    "acos": ("acos is real only from -1 to 1", ""),
    "acosh": ("acosh is real only from 1 on", ""),
    "atanh": ("atanh is real only between -1 and 1", ""),
    "pow": ("a power that isn't real", "the real cube root is cbrt(x)"),
    "gamma": ("gamma has a pole here", ""),
    "loggamma": ("loggamma is real only for positive numbers", ""),
    "digamma": ("digamma has a pole here", ""),
    "polygamma": ("polygamma has a pole here", ""),
    "atan2": ("atan2(0, 0) is undefined", ""),
}
# Where Arb answers "infinite" it may only have stopped early; of these it is the truth.
_GROWING = frozenset({"exp", "expm1", "sinh", "cosh", "gamma", "pow", "mul", "add", "sub"})
_SPECIAL = frozenset(
    {
        "gamma",
        "loggamma",
        "digamma",
        "polygamma",
        "besselj",
        "bessely",
        "besseli",
        "besselk",
        "erf",
        "erfc",
    }
)


class BadConstantError(Exception):
    """A constant part is refused; parse.py knows the place."""

    def __init__(self, message: str, hint: str = "", is_limit: bool = False) -> None:
        super().__init__(message)
        self.message, self.hint, self.is_limit = message, hint, is_limit


@dataclass(frozen=True, slots=True)
class Constant:
    """What is known of a constant line.

    Parameters
    ----------
    ball : arb, or a truth value
        An enclosure of it; True, False or None (undecided) for a condition.
    exact : fmpq or None
        The exact rational, while it is small.
    bits : float
        How many bits its exact form could need: powers multiply it.
    """

    ball: Any
    exact: Any
    bits: float


def of_number(value: Fraction) -> Constant:
    """Return the constant that a literal is.

    Raises
    ------
    BadConstantError
        Where it is beyond the range of doubles.
    """
    if abs(value) >= _LARGEST:
        raise BadConstantError("this number is beyond the range of doubles, 1.8e308", "", True)
    exact = fmpq(value.numerator, value.denominator)
    bits = value.numerator.bit_length() + value.denominator.bit_length()
    return Constant(arb(exact), exact if bits <= MAX_EXACT_BITS else None, bits)


def of_name(name: str) -> Constant:
    """Return the constant `pi` or `e`."""
    return Constant(arb.pi() if name == "pi" else arb.const_e(), None, 64.0)


def check_power(base: Constant | None, exponent: Constant, base_is_variable: bool) -> None:
    """Refuse a constant exponent beyond the limits, before the power is built.

    Raises
    ------
    BadConstantError
        Always a limit.
    """
    size = abs(exponent.ball)
    if size > MAX_EXPONENT and not base_is_variable:
        msg = f"an exponent beyond ±{MAX_EXPONENT:,}"
        raise BadConstantError(msg, "only a bare variable may carry a larger one", True)
    if base is not None and size > 1 and base.bits * float(size.upper()) > _MAX_POWER_BITS:
        raise BadConstantError("a power with more digits than we are willing to write", "", True)


def combine(op: str, args: Sequence[Constant]) -> Constant | None:
    """Return the constant that an operation makes of constants, None where nothing is proven.

    Raises
    ------
    BadConstantError
        Where the result is undefined, complex, or beyond the range of doubles.
    """
    row = OPERATIONS[op]
    bits = sum(arg.bits for arg in args)
    if op == "pow":
        bits *= max(1.0, float(abs(args[1].ball).upper()))
    elif row.arity == 1 and op not in {"neg", "abs"}:
        bits = 64.0
    exact = _exact(op, [arg.exact for arg in args], bits)
    if exact is not None:
        ball = arb(exact)
    else:
        ball = row.ball(*(arg.ball for arg in args))
        if row.boolean:
            return Constant(ball, None, 1.0)
        if not ball.is_finite():
            return _not_finite(op, args, ball)
    size = abs(ball)
    if size >= arb(fmpq(_LARGEST.numerator)):
        raise BadConstantError(
            "this constant part is beyond the range of doubles, 1.8e308", "", True
        )
    if size < arb(fmpq(_SMALLEST.numerator, _SMALLEST.denominator)) and size > 0:
        raise BadConstantError("this constant part is closer to 0 than 1e-1000", "", True)
    return Constant(ball, exact, bits)


def _exact(op: str, args: list[Any], bits: float) -> Any:
    """Return the exact rational result, None where it isn't rational, defined, or small."""
    if bits > MAX_EXACT_BITS or any(arg is None for arg in args):
        return None
    if op == "add":
        return args[0] + args[1]
    if op == "sub":
        return args[0] - args[1]
    if op == "mul":
        return args[0] * args[1]
    if op == "div":
        return args[0] / args[1] if args[1] else None
    if op == "neg":
        return -args[0]
    if op == "abs":
        return abs(args[0])
    if op in {"max", "min"}:
        return (max if op == "max" else min)(args)
    if op == "pow" and args[1].q == 1 and (args[0] or args[1] >= 0):
        return args[0] ** int(args[1].p)
    return None


def _not_finite(op: str, args: Sequence[Constant], ball: Any) -> Constant | None:
    """Decide between "undefined", "too large" and "not proven" where no finite ball came out."""
    too_large = op in _GROWING and not ball.is_nan()
    if not too_large:
        if op in _SPECIAL and any(abs(arg.ball) > 1_000_000 for arg in args):
            return None
        # A set of bad arguments without gaps: if every corner of the balls is bad, all of it is.
        row = OPERATIONS[op]
        ends = [
            [arg.ball]
            if isinstance(arg.ball, bool) or arg.ball is None or arg.ball.is_exact()
            else [arg.ball.lower(), arg.ball.upper()]
            for arg in args
        ]
        if any(row.ball(*corner).is_finite() for corner in itertools.product(*ends)):
            return None
        if op == "div" and args[1].exact is None and not args[1].ball.is_zero():
            return None
    if too_large:
        if not all(arg.exact is not None or arg.ball.rad() < 1 for arg in args):
            return None
        raise BadConstantError(
            "this constant part is beyond the range of doubles, 1.8e308", "", True
        )
    why, hint = _WHY_UNDEFINED.get(op, (f"{op} is undefined here", ""))
    if op == "pow" and args[0].ball.is_zero():
        why, hint = "0 to a negative power", ""
    raise BadConstantError(f"this constant part is undefined: {why}", hint)
