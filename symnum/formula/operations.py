"""The table of elementary operations: the one place where a function is added.

A row says what the operation is called in a Program, how balls and NumPy evaluate it, which SymPy
class it is, and where it is *not* smooth although its value is finite (a kink, a jump, the edge of
its domain). Singular points where the value itself is not finite need no mention: balls find them.

Ball comparisons answer True, False, or None where the balls overlap and nothing is proven.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import acb, arb

Ball = Any  # flint.arb, or a truth value (True, False, None): python-flint ships no type stubs


@dataclass(frozen=True, slots=True)
class Operation:
    """One elementary operation.

    Parameters
    ----------
    name : str
        Its name in a Program.
    arity : int
        How many lines it reads.
    ball : callable
        Encloses the value, given enclosures of the arguments. NaN where it is undefined.
    numpy : str
        Dotted path of the function that computes it on float64 arrays, or an operator's sign.
    complex_numpy : str
        The same on complex arrays; empty where the operation has no analytic continuation.
    acb : callable or None
        Encloses the value at complex arguments; None where there is no analytic continuation.
    sympy : str
        Name of the class in SymPy's top level; empty where `symbolic.py` has one of ours.
    smooth : callable or None
        True where the operation is proven smooth on the argument balls, granted that its value is
        finite there. None: wherever it is finite, it is smooth.
    boolean : bool
        Whether the result is a truth value.
    """

    name: str
    arity: int
    ball: Callable[..., Ball]
    numpy: str
    complex_numpy: str = ""
    acb: Callable[..., Any] | None = None
    sympy: str = ""
    smooth: Callable[..., bool] | None = None
    boolean: bool = False


NAN = arb.nan()


# --- enclosures that python-flint does not offer under one name ---------------------------------


def _power(base: arb, exponent: arb) -> arb:
    # arb_pow knows integer exponents; 0 to a positive power that is no integer is 0, not NaN.
    if exponent.is_integer() and exponent.is_exact():
        if base.is_zero() and exponent < 0:
            return NAN
        if exponent > 0 and base.contains(0):
            return _power_across_zero(base, exponent)
        return base**exponent
    if base.is_zero():
        return arb(0) if exponent > 0 else NAN
    if base >= 0:
        return base**exponent
    return NAN


def _power_across_zero(base: arb, exponent: arb) -> arb:
    # Arb takes a logarithm and gives up; integer powers are monotone on either side of 0.
    if not base.is_finite():
        return NAN
    if (exponent / 2).is_integer():
        return arb(0).union(base.abs_upper() ** exponent)
    ends = []
    for end in (base.lower(), base.upper()):
        power = abs(end) ** exponent if not end.is_zero() else arb(0)
        ends.append(power if end > 0 else -power)
    return ends[0].union(ends[1])


def _cbrt(a: arb) -> arb:
    if a >= 0:
        return a.root(3)
    if a <= 0:
        return -((-a).root(3))
    # The ball straddles 0: the cube root is increasing, so the ends bound it.
    return (-((-a.lower()).root(3))).union(a.upper().root(3))


def _log2(a: arb) -> arb:
    return a.log() / arb.const_log2()


def _log10(a: arb) -> arb:
    return a.log() / arb.const_log10()


def _expit(a: arb) -> arb:
    if a < 0:
        grown = a.exp()
        return grown / (1 + grown)
    return 1 / (1 + (-a).exp())


def _softplus(a: arb) -> arb:
    if a > 0:
        return a + (-a).exp().log1p()
    return a.exp().log1p()


def _logaddexp(a: arb, b: arb) -> arb:
    larger = a.max(b)
    return larger + (-abs(a - b)).exp().log1p()


def _hypot(a: arb, b: arb) -> arb:
    squares = a * a + b * b
    # The sum of squares is never negative, whatever its ball says.
    return squares.nonnegative_part().sqrt()


def _gamma(a: arb) -> arb:
    if a.contains_integer() and not a > 0:
        return NAN
    return a.gamma()


def _loggamma(a: arb) -> arb:
    return a.lgamma() if a > 0 else NAN


def _polygamma(order: arb, a: arb) -> arb:
    # Far to the left Arb needs minutes for one value; nobody needs the value.
    if (a.contains_integer() and not a > 0) or a < -1_000_000:
        return NAN
    return acb(a).polygamma(acb(order)).real


def _digamma(a: arb) -> arb:
    if a.contains_integer() and not a > 0:
        return NAN
    return a.digamma()


def _bessel_regular(method: str) -> Callable[[arb, arb], arb]:
    def ball(order: arb, a: arb) -> arb:
        if order.is_integer():
            # Integer orders are entire, but Arb wants complex arithmetic left of the origin.
            return arb(getattr(acb(a), method)(acb(order)).real)
        return getattr(a, method)(order) if a >= 0 else NAN

    return ball


def _bessel_singular(method: str) -> Callable[[arb, arb], arb]:
    def ball(order: arb, a: arb) -> arb:
        return getattr(a, method)(order) if a > 0 else NAN

    return ball


def _sign(a: arb) -> arb:
    return NAN if a.is_nan() else a.sgn()


def _step(a: arb, b: arb) -> arb:
    if a > b:
        return arb(1)
    if a < b:
        return arb(0)
    difference = a - b
    if difference.is_zero():
        return arb(1) / 2
    return NAN if difference.is_nan() else arb(0).union(arb(1))


def _atan2(a: arb, b: arb) -> arb:
    if a.is_zero() and b.is_zero():
        return NAN
    return arb.atan2(a, b)


def _complex_atan2(a: Any, b: Any) -> Any:
    """Return the angle of the point (b, a); its arguments are real but for tiny parts."""
    a, b = acb(a), acb(b)
    if abs(b.real) > abs(a.real):
        angle = (a / b).atan()
        if b.real > 0:
            return angle
        return angle + arb.pi() if a.real >= 0 else angle - arb.pi() if a.real < 0 else acb("nan")
    half_pi = arb.pi() / 2
    if a.real > 0:
        return half_pi - (b / a).atan()
    return -half_pi - (b / a).atan() if a.real < 0 else acb("nan")


# --- truth values --------------------------------------------------------------------------------


def _less(a: arb, b: arb) -> bool | None:
    return True if a < b else False if a >= b else None


def _less_equal(a: arb, b: arb) -> bool | None:
    return True if a <= b else False if a > b else None


def _equal(a: arb, b: arb) -> bool | None:
    if a < b or a > b:
        return False
    return True if (a - b).is_zero() else None


def _not_equal(a: arb, b: arb) -> bool | None:
    return _not(_equal(a, b))


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


def _not(a: bool | None) -> bool | None:
    return None if a is None else not a


def _where(condition: bool | None, a: Ball, b: Ball) -> Ball:
    if condition is None:
        return a.union(b)
    return a if condition else b


# --- where an operation is smooth ----------------------------------------------------------------


def _nonzero(a: arb) -> bool:
    return bool(a > 0 or a < 0)


def _positive(a: arb) -> bool:
    return bool(a > 0)


def _differ(a: arb, b: arb) -> bool:
    return bool(a > b or a < b)


def _between_integers(a: arb) -> bool:
    return not a.contains_integer()


def _inside_unit(a: arb) -> bool:
    return bool(a > -1 and a < 1)


def _above_one(a: arb) -> bool:
    return bool(a > 1)


def _power_smooth(base: arb, _exponent: arb) -> bool:
    return bool(base > 0)


def _off_the_cut(a: arb, b: arb) -> bool:
    return bool(b > 0 or a > 0 or a < 0)


def _off_the_origin(a: arb, b: arb) -> bool:
    return bool(a > 0 or a < 0 or b > 0 or b < 0)


def _bessel_smooth(order: arb, a: arb) -> bool:
    return bool(order.is_integer() or a > 0)


_FLOATS = "symnum.formula.floats"
_S = "scipy.special"

_ROWS = [
    # arithmetic
    Operation("add", 2, operator.add, "+", "+", operator.add),
    Operation("sub", 2, operator.sub, "-", "-", operator.sub),
    Operation("mul", 2, operator.mul, "*", "*", operator.mul),
    Operation("div", 2, operator.truediv, "/", "/", operator.truediv),
    Operation("neg", 1, operator.neg, "-", "-", operator.neg),
    Operation("pow", 2, _power, "**", "**", operator.pow, smooth=_power_smooth),
    # roots, exponentials, logarithms
    Operation("sqrt", 1, arb.sqrt, "numpy.sqrt", "numpy.sqrt", acb.sqrt, "", _positive),
    Operation(
        "cbrt",
        1,
        _cbrt,
        "numpy.cbrt",
        f"{_FLOATS}.complex_cbrt",
        lambda a: a.root(3) if a.real > 0 else -((-a).root(3)),
        "",
        _nonzero,
    ),
    Operation("exp", 1, arb.exp, "numpy.exp", "numpy.exp", acb.exp, "exp"),
    Operation("expm1", 1, arb.expm1, "numpy.expm1", "numpy.expm1", acb.expm1),
    Operation("log", 1, arb.log, "numpy.log", "numpy.log", acb.log, "log"),
    Operation("log1p", 1, arb.log1p, "numpy.log1p", "numpy.log1p", acb.log1p),
    Operation("log2", 1, _log2, "numpy.log2", "numpy.log2", lambda a: a.log() / arb.const_log2()),
    Operation(
        "log10", 1, _log10, "numpy.log10", "numpy.log10", lambda a: a.log() / arb.const_log10()
    ),
    # trigonometric and hyperbolic
    Operation("sin", 1, arb.sin, "numpy.sin", "numpy.sin", acb.sin, "sin"),
    Operation("cos", 1, arb.cos, "numpy.cos", "numpy.cos", acb.cos, "cos"),
    Operation("tan", 1, arb.tan, "numpy.tan", "numpy.tan", acb.tan, "tan"),
    Operation("asin", 1, arb.asin, "numpy.arcsin", "numpy.arcsin", acb.asin, "asin", _inside_unit),
    Operation("acos", 1, arb.acos, "numpy.arccos", "numpy.arccos", acb.acos, "acos", _inside_unit),
    Operation("atan", 1, arb.atan, "numpy.arctan", "numpy.arctan", acb.atan, "atan"),
    Operation("sinh", 1, arb.sinh, "numpy.sinh", "numpy.sinh", acb.sinh, "sinh"),
    Operation("cosh", 1, arb.cosh, "numpy.cosh", "numpy.cosh", acb.cosh, "cosh"),
    Operation("tanh", 1, arb.tanh, "numpy.tanh", "numpy.tanh", acb.tanh, "tanh"),
    Operation("asinh", 1, arb.asinh, "numpy.arcsinh", "numpy.arcsinh", acb.asinh, "asinh"),
    Operation(
        "acosh", 1, arb.acosh, "numpy.arccosh", "numpy.arccosh", acb.acosh, "acosh", _above_one
    ),
    Operation("atanh", 1, arb.atanh, "numpy.arctanh", "numpy.arctanh", acb.atanh, "atanh"),
    Operation(
        "atan2",
        2,
        _atan2,
        "numpy.arctan2",
        f"{_FLOATS}.complex_atan2",
        _complex_atan2,
        "atan2",
        _off_the_cut,
    ),
    Operation(
        "hypot",
        2,
        _hypot,
        "numpy.hypot",
        f"{_FLOATS}.complex_hypot",
        lambda a, b: (a * a + b * b).sqrt(),
        "",
        _off_the_origin,
    ),
    # special functions
    Operation("erf", 1, arb.erf, f"{_S}.erf", f"{_S}.erf", acb.erf, "erf"),
    Operation("erfc", 1, arb.erfc, f"{_S}.erfc", f"{_S}.erfc", acb.erfc, "erfc"),
    Operation("gamma", 1, _gamma, f"{_S}.gamma", f"{_S}.gamma", acb.gamma, "gamma"),
    Operation("loggamma", 1, _loggamma, f"{_S}.loggamma", f"{_S}.loggamma", acb.lgamma, "loggamma"),
    Operation("digamma", 1, _digamma, f"{_S}.psi", f"{_S}.psi", acb.digamma, "digamma"),
    Operation(
        "polygamma",
        2,
        _polygamma,
        f"{_FLOATS}.polygamma",
        f"{_FLOATS}.complex_polygamma",
        lambda order, a: a.polygamma(acb(order)),
        "polygamma",
    ),
    Operation(
        "besselj",
        2,
        _bessel_regular("bessel_j"),
        f"{_S}.jv",
        f"{_FLOATS}.complex_jv",
        lambda order, a: a.bessel_j(acb(order)),
        "besselj",
        _bessel_smooth,
    ),
    Operation(
        "besseli",
        2,
        _bessel_regular("bessel_i"),
        f"{_S}.iv",
        f"{_FLOATS}.complex_iv",
        lambda order, a: a.bessel_i(acb(order)),
        "besseli",
        _bessel_smooth,
    ),
    Operation(
        "bessely",
        2,
        _bessel_singular("bessel_y"),
        f"{_S}.yv",
        f"{_FLOATS}.complex_yv",
        lambda order, a: a.bessel_y(acb(order)),
        "bessely",
    ),
    Operation(
        "besselk",
        2,
        _bessel_singular("bessel_k"),
        f"{_S}.kv",
        f"{_FLOATS}.complex_kv",
        lambda order, a: a.bessel_k(acb(order)),
        "besselk",
    ),
    Operation(
        "expit",
        1,
        _expit,
        f"{_S}.expit",
        f"{_FLOATS}.complex_expit",
        lambda a: 1 / (1 + (-a).exp()),
    ),
    Operation(
        "softplus",
        1,
        _softplus,
        f"{_FLOATS}.softplus",
        f"{_FLOATS}.complex_softplus",
        lambda a: a.exp().log1p(),
    ),
    Operation(
        "logaddexp",
        2,
        _logaddexp,
        "numpy.logaddexp",
        f"{_FLOATS}.complex_logaddexp",
        lambda a, b: (a.exp() + b.exp()).log(),
    ),
    # not smooth everywhere, and without an analytic continuation
    Operation("abs", 1, abs, "numpy.abs", "numpy.abs", smooth=_nonzero),
    Operation("sign", 1, _sign, "numpy.sign", "numpy.sign", smooth=_nonzero),
    Operation(
        "floor",
        1,
        arb.floor,
        "numpy.floor",
        f"{_FLOATS}.complex_floor",
        smooth=_between_integers,
    ),
    Operation(
        "ceil", 1, arb.ceil, "numpy.ceil", f"{_FLOATS}.complex_ceil", smooth=_between_integers
    ),
    Operation("max", 2, lambda a, b: a.max(b), "numpy.maximum", "numpy.maximum", smooth=_differ),
    Operation("min", 2, lambda a, b: a.min(b), "numpy.minimum", "numpy.minimum", smooth=_differ),
    # step(a, b) is 1 where a > b, 0 where a < b, and 1/2 at a tie: the derivative of max
    Operation("step", 2, _step, f"{_FLOATS}.step", f"{_FLOATS}.step", smooth=_differ),
    # conditions
    Operation(
        "lt", 2, _less, "numpy.less", f"{_FLOATS}.complex_less", smooth=_differ, boolean=True
    ),
    Operation(
        "le",
        2,
        _less_equal,
        "numpy.less_equal",
        f"{_FLOATS}.complex_less_equal",
        smooth=_differ,
        boolean=True,
    ),
    Operation("eq", 2, _equal, "numpy.equal", "numpy.equal", smooth=_differ, boolean=True),
    Operation(
        "ne", 2, _not_equal, "numpy.not_equal", "numpy.not_equal", smooth=_differ, boolean=True
    ),
    Operation("and", 2, _and, "numpy.logical_and", "numpy.logical_and", boolean=True),
    Operation("or", 2, _or, "numpy.logical_or", "numpy.logical_or", boolean=True),
    Operation("not", 1, _not, "numpy.logical_not", "numpy.logical_not", boolean=True),
    Operation("where", 3, _where, "numpy.where", "numpy.where"),
]

OPERATIONS: dict[str, Operation] = {row.name: row for row in _ROWS}

# Operations whose value or slope can jump: the complex step is not valid through them.
NONANALYTIC = frozenset(
    row.name
    for row in _ROWS
    if row.acb is None and row.name != "where" and row.name not in {"and", "or", "not", "polygamma"}
) | {"where"}

# The ways to write a comparison that the table spells differently: name -> (name, swap arguments).
MIRRORED = {"gt": ("lt", True), "ge": ("le", True)}
