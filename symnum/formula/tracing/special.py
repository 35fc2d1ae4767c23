"""How SciPy's special functions are written in operations of a Program, with SciPy's conventions.

Where a function has a value by convention (x log x is 0 at 0, infinite below), the formula has it
too. Functions of an order are polynomials where the order is a constant whole number.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf

from symnum.formula.tracing.elementary import UFUNCS, Elementwise, Write, choose, log_times
from symnum.formula.tracing.recorder import Recorder

# Longer products and recurrences are no formula that anybody wants to see.
_LONGEST = 60


def _half(r: Recorder, a: int) -> int:
    return r.op("div", a, r.const(2))


def _square(r: Recorder, a: int) -> int:
    return r.op("pow", a, r.const(2))


def _whole(r: Recorder, line: int) -> int | None:
    """Return the value of a line that is a constant whole number from 0 on, and not too large."""
    value = r.builder.value_of(line)
    if value is None or value.denominator != 1 or not 0 <= value <= _LONGEST:
        return None
    return int(value)


# --- entropies ---


def _entr(r: Recorder, x: int) -> int:
    inside = r.op("neg", log_times(r, x, r.op("log", x)))
    return choose(r, _is_below(r, x), r.const(-inf), inside)


def _rel_entr(r: Recorder, x: int, y: int) -> int:
    inside = log_times(r, x, r.op("log", r.op("div", x, y)))
    return _where_defined(r, x, y, inside)


def _kl_div(r: Recorder, x: int, y: int) -> int:
    product = log_times(r, x, r.op("log", r.op("div", x, y)))
    return _where_defined(r, x, y, r.op("add", r.op("sub", product, x), y))


def _where_defined(r: Recorder, x: int, y: int, inside: int) -> int:
    """Both arguments are positive, or the first is 0 and the second isn't negative."""
    no_y = _or(r, _is_below(r, y), _and(r, _is_zero(r, y), _not(r, _is_zero(r, x))))
    return choose(r, _or(r, _is_below(r, x), no_y), r.const(inf), inside)


_or, _and, _not = (UFUNCS[f"logical_{name}"].write for name in ("or", "and", "not"))


def _is_below(r: Recorder, a: int) -> int:
    value = r.builder.value_of(a)
    if value is None:
        return r.op("lt", a, r.zero)
    return r.true if value < 0 else r.false


def _is_zero(r: Recorder, a: int) -> int:
    value = r.builder.value_of(a)
    if value is None:
        return r.op("eq", a, r.zero)
    return r.true if value == 0 else r.false


# --- losses ---


def _huber(r: Recorder, delta: int, x: int) -> int:
    size = r.op("abs", x)
    outside = r.op("mul", delta, r.op("sub", size, _half(r, delta)))
    inside = _half(r, _square(r, x))
    value = choose(r, r.op("le", size, delta), inside, outside)
    return choose(r, _is_below(r, delta), r.const(inf), value)


def _pseudo_huber(r: Recorder, delta: int, x: int) -> int:
    root = r.op("sqrt", r.op("add", r.one, _square(r, r.op("div", x, delta))))
    value = r.op("mul", _square(r, delta), r.op("sub", root, r.one))
    return choose(r, _is_below(r, delta), r.const(inf), _unless_zero(r, delta, r.zero, value))


def _unless_zero(r: Recorder, a: int, at_zero: int, elsewhere: int) -> int:
    return choose(r, _is_zero(r, a), at_zero, elsewhere)


# --- powers ---


def _boxcox1p(r: Recorder, x: int, lam: int) -> int:
    log = r.op("log1p", x)
    return _unless_zero(r, lam, log, r.op("div", r.op("expm1", r.op("mul", lam, log)), lam))


def _exponent(r: Recorder, y: int, lam: int) -> int:
    return _unless_zero(r, lam, y, r.op("div", r.op("log1p", r.op("mul", lam, y)), lam))


def _degrees(op: str) -> Write:
    def write(r: Recorder, a: int) -> int:
        angle = r.op("mul", a, r.op("div", r.builder.constant("pi"), r.const(180)))
        value = r.op("tan", angle) if op == "cot" else r.op(op, angle)
        return r.op("div", r.one, value) if op == "cot" else value

    return write


# --- gamma ---


def _binom(r: Recorder, n: int, k: int) -> int:
    count = _whole(r, k)
    if count is None:
        below = r.op("mul", _factorial(r, k), _factorial(r, r.op("sub", n, k)))
        return r.op("div", _factorial(r, n), below)
    return r.op("div", _rising(r, n, range(1 - count, 1)), _rising(r, r.zero, range(1, count + 1)))


def _factorial(r: Recorder, a: int) -> int:
    return r.op("gamma", r.op("add", a, r.one))


def _poch(r: Recorder, z: int, m: int) -> int:
    count = _whole(r, m)
    if count is None:
        return r.op("div", r.op("gamma", r.op("add", z, m)), r.op("gamma", z))
    return _rising(r, z, range(count))


def _rising(r: Recorder, start: int, steps: range) -> int:
    """Write the product of start + step over all steps."""
    product = r.one
    for step in steps:
        factor = start if step == 0 else r.op("add", start, r.const(step))
        product = factor if product == r.one else r.op("mul", product, factor)
    return product


def _erfcx(r: Recorder, a: int) -> int:
    return r.op("mul", r.op("exp", _square(r, a)), r.op("erfc", a))


# --- orthogonal polynomials ---

# Degree k -> a, b, c of p[k+1] = (a x + b) p[k] - c p[k-1]; the parameters are exact numbers.
Recurrence = Callable[..., tuple[Fraction, Fraction, Fraction]]


def _over(k: int, *terms: Fraction | int) -> tuple[Fraction, Fraction, Fraction]:
    a, b, c = (Fraction(term) / (k + 1) for term in terms)
    return a, b, c


_RECURRENCES: dict[str, Recurrence] = {
    "legendre": lambda k: _over(k, 2 * k + 1, 0, k),
    "chebyt": lambda k: (Fraction(2 if k else 1), Fraction(0), Fraction(1)),
    "chebyu": lambda _: (Fraction(2), Fraction(0), Fraction(1)),
    "hermite": lambda k: (Fraction(2), Fraction(0), Fraction(2 * k)),
    "hermitenorm": lambda k: (Fraction(1), Fraction(0), Fraction(k)),
    "laguerre": lambda k: _over(k, -1, 2 * k + 1, k),
    "genlaguerre": lambda k, alpha: _over(k, -1, 2 * k + 1 + alpha, k + alpha),
    "gegenbauer": lambda k, alpha: _over(k, 2 * (k + alpha), 0, k + 2 * alpha - 1),
}


def _polynomial(name: str, recurrence: Recurrence, shifted: bool = False) -> Write:
    def write(r: Recorder, order: int, *lines: int) -> int:
        degree = _whole(r, order)
        *given, x = lines
        parameters = [r.builder.value_of(line) for line in given]
        if degree is None or None in parameters:
            msg = (
                f"eval_{name} can't be traced but with constants for all but its last argument, "
                f"the order a whole number from 0 to {_LONGEST}"
            )
            raise r.refuse(msg)
        if shifted:
            x = r.op("sub", r.op("mul", r.const(2), x), r.one)
        return _recur(r, [recurrence(k, *parameters) for k in range(degree)], x)

    return write


def _recur(r: Recorder, steps: list[tuple[Fraction, Fraction, Fraction]], x: int) -> int:
    before, now = r.zero, r.one
    for a, b, c in steps:
        factor = x if a == 1 else r.op("mul", r.builder.const(a), x)
        if b:
            factor = r.op("add", factor, r.builder.const(b))
        product = factor if now == r.one else r.op("mul", factor, now)
        last = before if c == 1 else r.op("mul", r.builder.const(c), before)
        before, now = now, product if before == r.zero else r.op("sub", product, last)
    return now


SPECIAL: dict[str, Elementwise] = {
    "entr": Elementwise(_entr),
    "rel_entr": Elementwise(_rel_entr),
    "kl_div": Elementwise(_kl_div),
    "huber": Elementwise(_huber),
    "pseudo_huber": Elementwise(_pseudo_huber),
    "boxcox1p": Elementwise(_boxcox1p),
    "inv_boxcox": Elementwise(lambda r, y, lam: r.op("exp", _exponent(r, y, lam))),
    "inv_boxcox1p": Elementwise(lambda r, y, lam: r.op("expm1", _exponent(r, y, lam))),
    "powm1": Elementwise(lambda r, x, y: r.op("sub", r.op("pow", x, y), r.one)),
    "binom": Elementwise(_binom),
    "poch": Elementwise(_poch),
    "erfcx": Elementwise(_erfcx),
    **{f"{op}dg": Elementwise(_degrees(op)) for op in ("sin", "cos", "tan", "cot")},
    **{
        f"eval_{name}": Elementwise(_polynomial(name, recurrence))
        for name, recurrence in _RECURRENCES.items()
    },
    **{
        f"eval_sh_{name}": Elementwise(_polynomial(f"sh_{name}", _RECURRENCES[name], shifted=True))
        for name in ("legendre", "chebyt", "chebyu")
    },
}  # fmt: skip
