"""How each ufunc of NumPy and SciPy is written in operations of a Program, element by element.

Adding 0 and multiplying by 1 write nothing: neither changes a value, a rounding or the domain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symnum.formula.tracing.recorder import Recorder

Write = Callable[..., int]


@dataclass(frozen=True, slots=True)
class Elementwise:
    """How one ufunc is written: from lines that are numbers, or that are conditions."""

    write: Write
    of_conditions: bool = False


# --- arithmetic ----------------------------------------------------------------------------------


def _add(r: Recorder, a: int, b: int) -> int:
    return b if a == r.zero else a if b == r.zero else r.op("add", a, b)


def _sub(r: Recorder, a: int, b: int) -> int:
    return a if b == r.zero else r.op("sub", a, b)


def _mul(r: Recorder, a: int, b: int) -> int:
    return b if a == r.one else a if b == r.one else r.op("mul", a, b)


def _div(r: Recorder, a: int, b: int) -> int:
    return a if b == r.one else r.op("div", a, b)


def _pow(r: Recorder, a: int, b: int) -> int:
    return a if b == r.one else r.op("pow", a, b)


def _floor_div(r: Recorder, a: int, b: int) -> int:
    return r.op("floor", _div(r, a, b))


def _mod(r: Recorder, a: int, b: int) -> int:
    return r.op("sub", a, _mul(r, b, _floor_div(r, a, b)))


def _trunc(r: Recorder, a: int) -> int:
    return r.op("where", r.op("lt", a, r.zero), r.op("ceil", a), r.op("floor", a))


def _fmod(r: Recorder, a: int, b: int) -> int:
    return r.op("sub", a, _mul(r, b, _trunc(r, _div(r, a, b))))


def _larger(r: Recorder, a: int, b: int) -> int:
    if r.infinities.get(a) == -1 or r.infinities.get(b) == 1:
        return b
    if r.infinities.get(b) == -1 or r.infinities.get(a) == 1:
        return a
    return r.op("max", a, b)


def _smaller(r: Recorder, a: int, b: int) -> int:
    if r.infinities.get(a) == 1 or r.infinities.get(b) == -1:
        return b
    if r.infinities.get(b) == 1 or r.infinities.get(a) == -1:
        return a
    return r.op("min", a, b)


def _reciprocal(r: Recorder, a: int) -> int:
    return r.op("div", r.one, a)


def _direct(op: str) -> Write:
    return lambda r, *lines: r.op(op, *lines)


def _same(_: Recorder, a: int) -> int:
    return a


# --- conditions ----------------------------------------------------------------------------------


def _compare(op: str, swap: bool = False) -> Write:
    def write(r: Recorder, a: int, b: int) -> int:
        # Every number lies between the infinities.
        sides = r.infinities.get(a), r.infinities.get(b)
        if sides != (None, None) and sides[0] != sides[1]:
            below = sides[0] == -1 or sides[1] == 1
            if op in {"eq", "ne"}:
                return r.true if op == "ne" else r.false
            return r.true if below is not swap else r.false
        return r.op(op, b, a) if swap else r.op(op, a, b)

    return write


def _and(r: Recorder, a: int, b: int) -> int:
    if r.false in (a, b):
        return r.false
    return b if a == r.true else a if b == r.true else r.op("and", a, b)


def _or(r: Recorder, a: int, b: int) -> int:
    if r.true in (a, b):
        return r.true
    return b if a == r.false else a if b == r.false else r.op("or", a, b)


def _not(r: Recorder, a: int) -> int:
    return r.negated(a)


def _xor(r: Recorder, a: int, b: int) -> int:
    return _or(r, _and(r, a, _not(r, b)), _and(r, _not(r, a), b))


def choose(r: Recorder, condition: int, a: int, b: int) -> int:
    """Write `where`, or the one branch that is possible."""
    if condition == r.true or a == b:
        return a
    return b if condition == r.false else r.op("where", condition, a, b)


# --- functions that are written with several operations ------------------------------------------


def _exp2(r: Recorder, a: int) -> int:
    return r.op("pow", r.const(2), a)


def _logaddexp2(r: Recorder, a: int, b: int) -> int:
    ln2 = r.op("log", r.const(2))
    return r.op("div", r.op("logaddexp", r.op("mul", a, ln2), r.op("mul", b, ln2)), ln2)


def _radians(r: Recorder, a: int) -> int:
    return r.op("mul", a, r.op("div", r.builder.constant("pi"), r.const(180)))


def _degrees(r: Recorder, a: int) -> int:
    return r.op("mul", a, r.op("div", r.const(180), r.builder.constant("pi")))


def _heaviside(r: Recorder, a: int, at_zero: int) -> int:
    above = choose(r, r.op("eq", a, r.zero), at_zero, r.one)
    return r.op("where", r.op("lt", a, r.zero), r.zero, above)


def _copysign(r: Recorder, a: int, b: int) -> int:
    size = r.op("abs", a)
    return r.op("where", r.op("lt", b, r.zero), r.op("neg", size), size)


def _logit(r: Recorder, a: int) -> int:
    return r.op("log", r.op("div", a, r.op("sub", r.one, a)))


def _log_expit(r: Recorder, a: int) -> int:
    return r.op("neg", r.op("softplus", r.op("neg", a)))


def log_times(r: Recorder, a: int, log: int) -> int:
    """Write a · log, which is 0 where a is: what the x of xlogy is for."""
    product = _mul(r, a, log)
    if r.builder.value_of(a) is not None:
        return r.zero if a == r.zero else product
    return r.op("where", r.op("eq", a, r.zero), r.zero, product)


def _xlogy(r: Recorder, a: int, b: int) -> int:
    return log_times(r, a, r.op("log", b))


def _xlog1py(r: Recorder, a: int, b: int) -> int:
    return log_times(r, a, r.op("log1p", b))


def _betaln(r: Recorder, a: int, b: int) -> int:
    logs = r.op("add", r.op("loggamma", a), r.op("loggamma", b))
    return r.op("sub", logs, r.op("loggamma", r.op("add", a, b)))


def _beta(r: Recorder, a: int, b: int) -> int:
    product = r.op("mul", r.op("gamma", a), r.op("gamma", b))
    return r.op("div", product, r.op("gamma", r.op("add", a, b)))


def _ndtr(r: Recorder, a: int) -> int:
    scaled = r.op("div", r.op("neg", a), r.op("sqrt", r.const(2)))
    return r.op("div", r.op("erfc", scaled), r.const(2))


def _log_ndtr(r: Recorder, a: int) -> int:
    return r.op("log", _ndtr(r, a))


def _boxcox(r: Recorder, x: int, lam: int) -> int:
    log = r.op("log", x)
    power = r.op("div", r.op("expm1", r.op("mul", lam, log)), lam)
    value = r.builder.value_of(lam)
    if value is not None:
        return log if value == 0 else power
    return r.op("where", r.op("eq", lam, r.zero), log, power)


def _exprel(r: Recorder, a: int) -> int:
    ratio = r.op("div", r.op("expm1", a), a)
    return r.op("where", r.op("eq", a, r.zero), r.one, ratio)


def _cosm1(r: Recorder, a: int) -> int:
    half = r.op("sin", r.op("div", a, r.const(2)))
    return r.op("mul", r.const(-2), r.op("pow", half, r.const(2)))


def _cauchy_ppf(r: Recorder, p: int, loc: int, scale: int) -> int:
    angle = r.op("mul", r.builder.constant("pi"), r.op("sub", p, r.const(Fraction(1, 2))))
    return _add(r, loc, _mul(r, scale, r.op("tan", angle)))


def sinc(r: Recorder, a: int) -> int:
    """Write sin(πa)/(πa), which is 1 at 0."""
    angle = r.op("mul", r.builder.constant("pi"), a)
    ratio = r.op("div", r.op("sin", angle), angle)
    return r.op("where", r.op("eq", a, r.zero), r.one, ratio)


def _of_order(op: str, order: int) -> Write:
    return lambda r, a: r.op(op, r.const(order), a)


def _scaled_bessel(op: str, sign: int, order: int | None = None) -> Write:
    def write(r: Recorder, *lines: int) -> int:
        v, a = lines if order is None else (r.const(order), *lines)
        exponent = r.op("neg", r.op("abs", a)) if sign < 0 else a
        return r.op("mul", r.op("exp", exponent), r.op(op, v, a))

    return write


def _beta_pdf(r: Recorder, x: int, a: int, b: int) -> int:
    left = r.op("pow", x, r.op("sub", a, r.one))
    right = r.op("pow", r.op("sub", r.one, x), r.op("sub", b, r.one))
    return r.op("div", r.op("mul", left, right), _beta(r, a, b))


def _number(write: Write) -> Elementwise:
    return Elementwise(write)


def _condition(write: Write) -> Elementwise:
    return Elementwise(write, of_conditions=True)


_SAME_NAME = (
    "sqrt cbrt exp expm1 log log1p log2 log10 sin cos tan sinh cosh tanh hypot logaddexp sign "
    "floor ceil erf erfc gamma expit"
)
_OTHER_NAME = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "negative": "neg", "absolute": "abs", "fabs": "abs",
    "gammaln": "loggamma", "loggamma": "loggamma", "psi": "digamma", "digamma": "digamma",
    "jv": "besselj", "yv": "bessely", "iv": "besseli", "kv": "besselk",
    "jn": "besselj", "yn": "bessely", "kn": "besselk",
}  # fmt: skip

UFUNCS: dict[str, Elementwise] = {
    **{name: _number(_direct(name)) for name in _SAME_NAME.split()},
    **{name: _number(_direct(op)) for name, op in _OTHER_NAME.items()},
    "add": _number(_add),
    "subtract": _number(_sub),
    "multiply": _number(_mul),
    "divide": _number(_div),
    "true_divide": _number(_div),
    "power": _number(_pow),
    "float_power": _number(_pow),
    "pow": _number(_pow),
    "floor_divide": _number(_floor_div),
    "remainder": _number(_mod),
    "mod": _number(_mod),
    "fmod": _number(_fmod),
    "trunc": _number(_trunc),
    "positive": _number(_same),
    "conjugate": _number(_same),
    "square": _number(lambda r, a: r.op("pow", a, r.const(2))),
    "reciprocal": _number(_reciprocal),
    "exp2": _number(_exp2),
    "exp10": _number(lambda r, a: r.op("pow", r.const(10), a)),
    "logaddexp2": _number(_logaddexp2),
    "deg2rad": _number(_radians),
    "radians": _number(_radians),
    "rad2deg": _number(_degrees),
    "degrees": _number(_degrees),
    "maximum": _number(_larger),
    "minimum": _number(_smaller),
    "fmax": _number(_larger),
    "fmin": _number(_smaller),
    "clip": _number(lambda r, a, low, high: _smaller(r, _larger(r, a, low), high)),
    "heaviside": _number(_heaviside),
    "copysign": _number(_copysign),
    # conditions
    "less": _number(_compare("lt")),
    "less_equal": _number(_compare("le")),
    "greater": _number(_compare("lt", swap=True)),
    "greater_equal": _number(_compare("le", swap=True)),
    "equal": _number(_compare("eq")),
    "not_equal": _number(_compare("ne")),
    "signbit": _number(lambda r, a: r.op("lt", a, r.zero)),
    "logical_and": _condition(_and),
    "logical_or": _condition(_or),
    "logical_not": _condition(_not),
    "logical_xor": _condition(_xor),
    "bitwise_and": _condition(_and),
    "bitwise_or": _condition(_or),
    "bitwise_xor": _condition(_xor),
    "invert": _condition(_not),
    # SciPy's
    "logit": _number(_logit),
    "log_expit": _number(_log_expit),
    "xlogy": _number(_xlogy),
    "xlog1py": _number(_xlog1py),
    "beta": _number(_beta),
    "betaln": _number(_betaln),
    "rgamma": _number(lambda r, a: r.op("div", r.one, r.op("gamma", a))),
    "ndtr": _number(_ndtr),
    "log_ndtr": _number(_log_ndtr),
    "boxcox": _number(_boxcox),
    "exprel": _number(_exprel),
    "cosm1": _number(_cosm1),
    "_beta_pdf": _number(_beta_pdf),  # of scipy.stats.beta
    "_cauchy_ppf": _number(_cauchy_ppf),  # of scipy.stats.cauchy
    **{f"{c}{n}": _number(_of_order(f"bessel{c}", n)) for c in "jyik" for n in (0, 1)},
    **{f"i{n}e": _number(_scaled_bessel("besseli", -1, n)) for n in (0, 1)},
    **{f"k{n}e": _number(_scaled_bessel("besselk", 1, n)) for n in (0, 1)},
    "ive": _number(_scaled_bessel("besseli", -1)),
    "kve": _number(_scaled_bessel("besselk", 1)),
}
