"""NumPy's and SciPy's functions that have no loop over objects: what they are on ball duals.

Most ufuncs call a method of their name on every element of an object array. The few that don't are
met on the way: an array of duals, and a dual itself, are asked first (`__array_ufunc__`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import acb, arb

from symnum.formula.dual_numbers import RULES, Dual, Unclear
from symnum.formula.operations import OPERATIONS


def _erf(a: arb) -> tuple[arb, ...]:
    slope = 2 * (-a * a).exp() / arb.const_sqrt_pi()
    return a.erf(), slope, -2 * a * slope


def _erfc(a: arb) -> tuple[arb, ...]:
    _, slope, bend = _erf(a)
    return a.erfc(), -slope, -bend


def _ndtr(a: arb) -> tuple[arb, ...]:
    slope = (-a * a / 2).exp() / (2 * arb.pi()).sqrt()
    return (-a / arb(2).sqrt()).erfc() / 2, slope, -a * slope


def _log_ndtr(a: arb) -> tuple[arb, ...]:
    value, density, _ = _ndtr(a)
    slope = density / value
    return value.log(), slope, -slope * (a + slope)


def _ndtri(a: arb) -> tuple[arb, ...]:
    value = -arb(2).sqrt() * (2 * a).erfcinv()
    slope = (2 * arb.pi()).sqrt() * (value * value / 2).exp()
    return value, slope, value * slope * slope


def _erfinv(a: arb) -> tuple[arb, ...]:
    value = a.erfinv()
    slope = arb.const_sqrt_pi() / 2 * (value * value).exp()
    return value, slope, 2 * value * slope * slope


def _erfcinv(a: arb) -> tuple[arb, ...]:
    value = a.erfcinv()
    slope = -arb.const_sqrt_pi() / 2 * (value * value).exp()
    return value, slope, 2 * value * slope * slope


def _dawsn(a: arb) -> tuple[arb, ...]:
    """Dawson's integral, which solves y' = 1 - 2 x y."""
    value = arb.const_sqrt_pi() / 2 * (-a * a).exp() * a.erfi()
    slope = 1 - 2 * a * value
    return value, slope, -2 * (value + a * slope)


def _polygamma(order: int, a: arb) -> arb:
    value: arb = OPERATIONS["polygamma"].ball(arb(order), a)
    return value


def _gamma(a: arb) -> tuple[arb, ...]:
    value, psi = OPERATIONS["gamma"].ball(a), _polygamma(0, a)
    return value, value * psi, value * (psi * psi + _polygamma(1, a))


def _gammaln(a: arb) -> tuple[arb, ...]:
    return OPERATIONS["loggamma"].ball(a), _polygamma(0, a), _polygamma(1, a)


def _psi(a: arb) -> tuple[arb, ...]:
    return _polygamma(0, a), _polygamma(1, a), _polygamma(2, a)


def _expit(a: arb) -> tuple[arb, ...]:
    ball = OPERATIONS["expit"].ball
    high, low = ball(a), ball(-a)
    return high, high * low, high * low * (low - high)


ELEMENTARY: dict[str, Callable[[arb], tuple[arb, ...]]] = {
    "erf": _erf,
    "erfc": _erfc,
    "erfinv": _erfinv,
    "erfcinv": _erfcinv,
    "dawsn": _dawsn,
    "ndtr": _ndtr,
    "log_ndtr": _log_ndtr,
    "ndtri": _ndtri,
    "gamma": _gamma,
    "gammaln": _gammaln,
    "loggamma": _gammaln,
    "psi": _psi,
    "expit": _expit,
}
"""Name of each ufunc of one argument -> value, first and second derivative over a ball."""


def _logaddexp(a: Any, b: Any) -> Any:
    a, b = _both(a, b)
    high = OPERATIONS["expit"].ball(a.value - b.value)
    low = OPERATIONS["expit"].ball(b.value - a.value)
    bend = high * low
    value = OPERATIONS["logaddexp"].ball(a.value, b.value)
    return a.join(b, value, (high, low, bend, -bend, bend))


def _bessel(order: Any, a: Any) -> Any:
    """J of a whole order, by its recurrence (DLMF 10.6.1)."""
    if isinstance(order, Dual) or order != int(order):
        dual = order if isinstance(order, Dual) else a
        raise dual.run.refuse("a Bessel function whose order is no whole number")
    n = int(order)

    def at(k: int) -> arb:
        return acb(a.value).bessel_j(acb(k)).real

    slope = (at(n - 1) - at(n + 1)) / 2
    return a.chain(at(n), slope, (at(n - 2) - 2 * at(n) + at(n + 2)) / 4)


def _betainc(a: Any, b: Any, x: Any) -> Any:
    """Return the regularized incomplete beta function: its derivative by x alone is known."""
    for parameter in (a, b):
        if isinstance(parameter, Dual):
            raise parameter.run.refuse("betainc by its parameters, where no derivative is known")
    if not isinstance(x, Dual):  # a plain number among duals
        from scipy import special

        return special.betainc(a, b, x)
    return x.chain(*_betainc_ball(arb(float(a)), arb(float(b)), x.value))


def _betainc_ball(a: arb, b: arb, x: arb) -> tuple[arb, ...]:
    whole = a.gamma() * b.gamma() / (a + b).gamma()
    slope = x ** (a - 1) * (1 - x) ** (b - 1) / whole
    bend = slope * ((a - 1) / x - (b - 1) / (1 - x))
    return x.beta_lower(a, b, True), slope, bend


def _xlogy(a: Any, b: Any) -> Any:
    a, b = _both(a, b)
    if not a.first and a.value.is_zero():
        return 0.0 * b
    return a * b.log()


def _copysign(a: Any, b: Any) -> Any:
    a, b = _both(a, b)
    return -abs(a) if b < 0 else abs(a)


def _heaviside(a: Any, b: Any) -> Any:
    a, b = _both(a, b)
    return 1.0 if a > 0 else 0.0 if a < 0 else b


def _both(a: Any, b: Any) -> tuple[Dual, Dual]:
    dual = a if isinstance(a, Dual) else b
    found = dual.lift(a), dual.lift(b)
    if any(item is NotImplemented for item in found):
        raise dual.run.refuse("something that is no real number")
    return found


def _finite(a: Any) -> bool:
    if not isinstance(a, Dual):
        return bool(np.isfinite(a))
    if not a.value.is_finite():
        raise a.run.stop(Unclear("asks whether a number is finite, which its ball doesn't tell"))
    return True


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "logaddexp": _logaddexp,
    "betainc": _betainc,
    "jv": _bessel,
    "j0": lambda a: _bessel(0, a),
    "j1": lambda a: _bessel(1, a),
    "xlogy": _xlogy,
    "copysign": _copysign,
    "heaviside": _heaviside,
    "float_power": lambda a, b: a**b,
    "isfinite": _finite,
    "isnan": lambda a: not _finite(a),
    "isinf": lambda a: not _finite(a),
    "signbit": lambda a: a < 0,
}
METHODS = frozenset({*RULES, "arctan2", "hypot", "fmod", "rint", "fabs", "deg2rad", "rad2deg"}) | {
    "radians",
    "degrees",
    "conjugate",
    "trunc",
}
"""Ufuncs that call a method of their name: plain numbers among the duals don't have it."""
_PREDICATES = frozenset({"isfinite", "isnan", "isinf", "signbit"})


def _elementary(name: str) -> Callable[[Any], Any]:
    """Return a function of ELEMENTARY on one element: a dual or, in a mixed array, a number."""
    from scipy import special

    def apply(a: Any) -> Any:
        if isinstance(a, Dual):
            return a.chain(*ELEMENTARY[name](a.value))
        return getattr(special, name)(a)

    return apply


def _method(ufunc: Any) -> Callable[..., Any]:
    """Return a ufunc on one element, also where an array holds plain numbers among its duals."""
    name = ufunc.__name__

    def apply(first: Any, *others: Any) -> Any:
        if isinstance(first, Dual):
            return getattr(first, name)(*others)
        if others and isinstance(others[0], Dual):
            return getattr(others[0].lift(first), name)(*others)
        return ufunc(first, *others)

    return apply


def _plain(value: Any) -> Any:
    """Return an operand as a plain array of objects, or as the number that it is."""
    if isinstance(value, Dual):
        box = np.empty((), dtype=object)
        box[()] = value
        return box
    return value.view(np.ndarray) if isinstance(value, DualArray) else value


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Apply a ufunc to operands some of which are duals or arrays of them."""
    outs = named.pop("out", ())
    name = ufunc.__name__
    operands = [_plain(value) for value in inputs]
    function = _FUNCTIONS.get(name)
    if name in ELEMENTARY:
        function = _elementary(name)
    elif name in METHODS:
        function = _method(ufunc)
    if function is not None and method == "__call__" and not outs and set(named) <= {"where"}:
        result = np.frompyfunc(function, len(operands), 1)(*operands, **named)
        if name in _PREDICATES and isinstance(result, np.ndarray):
            return result.astype(bool)
    else:
        if outs:
            named["out"] = tuple(_plain(out) for out in outs)
        result = getattr(ufunc, method)(*operands, **named)
        if outs:
            return outs[0] if len(outs) == 1 else outs
    return _dressed(result)


def _dressed(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(_dressed(item) for item in result)
    if isinstance(result, np.ndarray) and result.dtype == object:
        return result.view(DualArray) if result.ndim else result[()]
    return result


class DualArray(np.ndarray):
    """An array of duals, which knows the functions that have no loop over objects."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        """Apply a ufunc element by element."""
        return apply_ufunc(ufunc, method, inputs, named)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Apply any other function of NumPy's; what it returns is an array of duals again."""
        return _dressed(super().__array_function__(func, types, args, kwargs))
