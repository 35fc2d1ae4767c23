"""Taylor coefficients of the elementary functions at an interior point of their domain."""

from __future__ import annotations

from collections.abc import Callable
from math import comb, factorial
from typing import Any

import flint
from flint import acb, arb, arb_series

from symnum.formula.numbers import Field, Number, Undecided

_X = Callable[[Any], Any]

# arb_series methods, or formulas over them, as functions of a series with a nonzero linear term.
_SERIES: dict[str, _X] = {
    "sqrt": lambda u: u.sqrt(),
    "exp": lambda u: u.exp(),
    "expm1": lambda u: u.exp() - 1,
    "log2": lambda u: u.log() / arb.const_log2(),
    "log10": lambda u: u.log() / arb.const_log10(),
    "sin": lambda u: u.sin(),
    "cos": lambda u: u.cos(),
    "tan": lambda u: u.tan(),
    "asin": lambda u: u.asin(),
    "acos": lambda u: u.acos(),
    "atan": lambda u: u.atan(),
    "sinh": lambda u: (u.exp() - (-u).exp()) / 2,
    "cosh": lambda u: (u.exp() + (-u).exp()) / 2,
    "tanh": lambda u: 1 - 2 / ((2 * u).exp() + 1),
    "asinh": lambda u: (u + (u * u + 1).sqrt()).log(),
    "acosh": lambda u: (u + (u * u - 1).sqrt()).log(),
    "atanh": lambda u: ((1 + u) / (1 - u)).log() / 2,
    "erf": lambda u: u.erf(),
    "erfc": lambda u: u.erfc(),
    "gamma": lambda u: u.gamma(),
    "loggamma": lambda u: u.lgamma(),
    "expit": lambda u: 1 / (1 + (-u).exp()),
    "softplus": lambda u: (1 + u.exp()).log(),
}


def taylor(field: Field, op: str, args: list[Number], terms: int) -> list[Number]:
    """Return g(c), g'(c), g''(c)/2!, ... for the elementary function `op` at c = args[-1].

    Parameters
    ----------
    field : Field
        Where the numbers live.
    op : str
        A function of one argument, or of an order and an argument (Bessel functions, polygamma).
    args : list of Number
        The point, after the order where there is one.
    terms : int
        How many coefficients.

    Raises
    ------
    Undecided
        The function is not known to be analytic there.
    """
    center = args[-1].ball
    if op in {"exp", "sin", "cos"}:
        return _cyclic(field, op, args[-1], terms)
    if op in {"log", "log1p"}:
        return _logarithm(field, op, args[-1], terms)
    if op in {"digamma", "polygamma"}:
        balls = _polygamma(0 if op == "digamma" else _integer(args[0]), center, terms)
    elif op.startswith("bessel"):
        balls = _bessel(op, args[0].ball, center, terms)
    else:
        before = flint.ctx.cap
        flint.ctx.cap = terms
        try:
            series = _SERIES[op](arb_series([center, 1]))
            coefficients = series.coeffs()
        except ValueError:  # divided by what may be 0: exp(e^2000) is no finite ball
            raise Undecided from None
        finally:
            flint.ctx.cap = before
        balls = (coefficients + [arb(0)] * terms)[:terms]
    if not all(ball.is_finite() for ball in balls):
        raise Undecided
    first = field.constant(op, balls[0], *args)
    return [first] + [
        field.constant(f"{op}:{k}", ball, *args) for k, ball in enumerate(balls[1:], start=1)
    ]


def _integer(number: Number) -> int:
    value = number.fraction
    if value is None or value.denominator != 1:
        raise Undecided
    return int(value)


def _cyclic(field: Field, op: str, center: Number, terms: int) -> list[Number]:
    """exp, sin and cos are their own derivatives: a proof may use that."""
    if op == "exp":
        value = field.constant("exp", center.ball.exp(), center)
        cycle = [value]
    else:
        turns = field.turns(center)
        if turns is not None and (2 * turns).denominator == 1:
            quarter = int(2 * turns) % 4
            sine, cosine = (field.rational((0, 1, 0, -1)[k % 4]) for k in (quarter, quarter + 1))
        else:
            sine = field.constant("sin", center.ball.sin(), center)
            cosine = field.constant("cos", center.ball.cos(), center)
        cycle = [sine, cosine, -sine, -cosine] if op == "sin" else [cosine, -sine, -cosine, sine]
    return [cycle[k % len(cycle)] / field.rational(factorial(k)) for k in range(terms)]


def _logarithm(field: Field, op: str, center: Number, terms: int) -> list[Number]:
    """All coefficients but the first are rational in c: the slope of log at 3 is 1/3 on both sides.

    The largest of several numbers that tie, plus the logarithm of a sum, is smooth because of it.
    """
    base = center if op == "log" else center + field.rational(1)
    if not base.ball > 0:
        raise Undecided
    step = field.rational(-1) / base
    found = [field.constant(op, base.ball.log() if op == "log" else center.ball.log1p(), center)]
    power = field.rational(-1)
    for k in range(1, terms):
        power = power * step
        found.append(power / field.rational(k))
    return found


def _polygamma(order: int, center: arb, terms: int) -> list[arb]:
    if center.contains_integer() and not center > 0:
        raise Undecided
    return [acb(center).polygamma(acb(order + k)).real / factorial(k) for k in range(terms)]


def _bessel(op: str, order: arb, center: arb, terms: int) -> list[arb]:
    """Derivatives of Bessel functions by their recurrences (DLMF 10.6.7 and 10.29.5)."""
    if not center > 0 and not (order.is_integer() and op in {"besselj", "besseli"}):
        raise Undecided
    method = f"bessel_{op[-1]}"
    signs = {"besselj": (-1, 1), "bessely": (-1, 1), "besseli": (1, 1), "besselk": (1, -1)}[op]
    values = {
        shift: getattr(acb(center), method)(acb(order + shift)).real
        for shift in range(-terms, terms + 1)
    }
    return [
        sum(
            (comb(k, j) * signs[0] ** j * values[2 * j - k] for j in range(k + 1)),
            start=arb(0),
        )
        * signs[1] ** k
        / (2**k * factorial(k))
        for k in range(terms)
    ]
