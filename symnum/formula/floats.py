"""Float64 and complex functions that NumPy and SciPy do not offer as one ufunc."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any  # float64 or complex128, scalar or array: every function is elementwise


def step(a: Array, b: Array) -> Array:
    """Return 1 where a > b, 0 where a < b, 1/2 at a tie, NaN where either is NaN."""
    return np.heaviside(np.real(a) - np.real(b), 0.5)


def softplus(a: Array) -> Array:
    """Return log(1 + exp(a)) without overflow."""
    return np.logaddexp(0.0, a)


def polygamma(order: Array, a: Array) -> Array:
    """Return the polygamma function; SciPy wants the order as an integer."""
    from scipy import special

    return special.polygamma(np.asarray(order).astype(np.int64), a)


def complex_cbrt(a: Array) -> Array:
    """Return the cube root that continues the real one."""
    side = np.where(np.real(a) < 0, -1.0, 1.0)
    return side * (side * a) ** (1.0 / 3.0)


def complex_hypot(a: Array, b: Array) -> Array:
    """Return sqrt(a² + b²)."""
    return np.sqrt(a * a + b * b)


def complex_polygamma(order: Array, a: Array) -> Array:
    """Return NaN: SciPy has no polygamma function of complex numbers."""
    return np.full(np.broadcast_shapes(np.shape(order), np.shape(a)), complex(np.nan, np.nan))[()]


def complex_atan2(a: Array, b: Array) -> Array:
    """Return the angle of the point (b, a) continued to complex a and b."""
    y, x = np.real(a), np.real(b)
    flat: Array = np.abs(x) >= np.abs(y)
    over: Array = np.where(flat, a, b)
    under: Array = np.where(flat, b, a)
    quotient = over / under
    # From the axis that is nearer: the logarithm's formula would cancel next to the real line.
    steep = np.where(y < 0, -0.5 * np.pi, 0.5 * np.pi) - np.arctan(quotient)
    side = np.where(x < 0, np.where(y < 0, -np.pi, np.pi), 0.0)
    return np.where(flat, np.arctan(quotient) + side, steep)[()]


def complex_floor(a: Array) -> Array:
    """Return the floor of the real part."""
    return np.floor(np.real(a))


def complex_ceil(a: Array) -> Array:
    """Return the ceiling of the real part."""
    return np.ceil(np.real(a))


def complex_expit(a: Array) -> Array:
    """Return 1 / (1 + exp(-a)) without overflow."""
    left: Array = np.real(a) < 0
    small = np.exp(np.where(left, a, -a))
    return np.where(left, small, 1.0) / (1.0 + small)


def complex_softplus(a: Array) -> Array:
    """Return log(1 + exp(a)) without overflow."""
    return complex_logaddexp(0.0, a)


def complex_logaddexp(a: Array, b: Array) -> Array:
    """Return log(exp(a) + exp(b)) with the larger real part taken out."""
    first = np.real(a) > np.real(b)
    larger: Array = np.where(first, a, b)
    smaller: Array = np.where(first, b, a)
    return larger + np.log1p(np.exp(smaller - larger))


def complex_less(a: Array, b: Array) -> Array:
    """Compare the real parts."""
    return np.less(np.real(a), np.real(b))


def complex_less_equal(a: Array, b: Array) -> Array:
    """Compare the real parts."""
    return np.less_equal(np.real(a), np.real(b))


def _complex_bessel(name: str, order: Array, a: Array) -> Array:
    from scipy import special

    return getattr(special, name)(np.real(order), a)


def complex_jv(order: Array, a: Array) -> Array:
    """Return the Bessel function J of real order."""
    return _complex_bessel("jv", order, a)


def complex_iv(order: Array, a: Array) -> Array:
    """Return the Bessel function I of real order."""
    return _complex_bessel("iv", order, a)


def complex_yv(order: Array, a: Array) -> Array:
    """Return the Bessel function Y of real order."""
    return _complex_bessel("yv", order, a)


def complex_kv(order: Array, a: Array) -> Array:
    """Return the Bessel function K of real order."""
    return _complex_bessel("kv", order, a)
