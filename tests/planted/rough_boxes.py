"""Black boxes that show little of the function they stand for: an answer may be refused.

What is computed is in stairs, jumps, or hidden by noise or rounding; the derivative that is meant
is the exact function's, from mpmath.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np

from tests.planted.black_boxes import BlackBox, Generic, hash_noise, truth_of

# Name, function, and powers of ten between which the point lies.
_CANCELLED: tuple[tuple[str, Generic, float, float], ...] = (
    ("(1 - cos x)/x^2", lambda m, x: (1 - m.cos(x)) / (x * x), -9, -4),
    ("(x - sin x)/x^3", lambda m, x: (x - m.sin(x)) / (x * x * x), -7, -3),
    ("(exp x - 1)/x", lambda m, x: (m.exp(x) - 1) / x, -15, -4),
    ("log(1 + x)/x", lambda m, x: m.log(1 + x) / x, -15, -4),
    ("sqrt(1 + x) - sqrt(1 - x)", lambda m, x: m.sqrt(1 + x) - m.sqrt(1 - x), -16, -4),
)
_SWALLOWED: tuple[tuple[str, Generic, float, float], ...] = (
    ("sqrt(x^2 + 1) - x", lambda m, x: m.sqrt(x * x + 1) - x, 2, 9),
    ("(sqrt(x^2 - 4) - x)/2", lambda m, x: (m.sqrt(x * x - 4) - x) / 2, 2, 9),
    ("log(1 + exp(-x))", lambda m, x: m.log(1 + m.exp(-x)), 0.5, 1.7),
    ("atan(x + 1) - atan x", lambda m, x: m.atan(x + 1) - m.atan(x), 1, 9),
    ("1/x - 1/(x + 1)", lambda _, x: 1 / x - 1 / (x + 1), 1, 9),
)


def _sine(module: Any, x: Any) -> Any:
    return module.sin(x)


def _from(
    family: str, table: tuple[tuple[str, Generic, float, float], ...]
) -> Callable[[np.random.Generator, int], BlackBox]:
    def make(random: np.random.Generator, i: int) -> BlackBox:
        name, generic, low, high = table[i % len(table)]
        x = 10.0 ** float(random.uniform(low, high))
        return _box(family, name, lambda t: generic(math, t), x, generic)

    return make


def _box(
    family: str, name: str, function: Callable[[float], float], x: float, truth: Generic
) -> BlackBox:
    def opaque(t: float) -> float:
        return function(float.fromhex(float(t).hex()))  # no complex step

    return BlackBox(family, f"{name} at {x:.3g}", opaque, x, *truth_of(truth, x))


def _rounded(random: np.random.Generator, i: int) -> BlackBox:
    digits = i % 4
    x = 10.0 ** float(random.uniform(-1, 1))
    return _box("rounded", f"{digits} digits", lambda t: round(math.sin(t), digits), x, _sine)


def _half(random: np.random.Generator, i: int) -> BlackBox:
    x = 10.0 ** float(random.uniform(-1, 1))
    if i % 2:
        return _box("float16 inside", "sin", lambda t: float(np.float16(math.sin(t))), x, _sine)
    return _box("float16 inside", "x^2", lambda t: float(np.float16(t) ** 2), x, lambda _, t: t * t)


def _swamped(random: np.random.Generator, i: int) -> BlackBox:
    offset = (1e14, 1e15, 1e16)[i % 3]
    x = 10.0 ** float(random.uniform(-1, 1))
    return _box("beneath rounding", f"{offset} + sin", lambda t: offset + math.sin(t), x, _sine)


def _loud(random: np.random.Generator, i: int) -> BlackBox:
    share = (0.01, 0.1, 0.5, 1.0)[i % 4]
    x = 10.0 ** float(random.uniform(-1, 1))
    return _box("loud noise", f"{share}", lambda t: math.sin(t) + share * hash_noise(t), x, _sine)


def _far_wave(random: np.random.Generator, _: int) -> BlackBox:
    x = 10.0 ** float(random.uniform(8, 14))
    return _box("wave far from 0", "sin", math.sin, x, _sine)


def _subnormal(random: np.random.Generator, i: int) -> BlackBox:
    x = 10.0 ** float(random.uniform(-1, 1))
    # Of a product in doubles that is rounded to few digits, the exact one is still what is meant.
    if i % 2:
        least = mpmath.mpf(1e-310)
        return _box(
            "subnormal", "exp", lambda t: math.exp(t) * 1e-310, x, lambda m, t: m.exp(t) * least
        )
    return _box("subnormal", "line", lambda t: t * 1e-310, x, lambda _, t: t * mpmath.mpf(1e-310))


FAMILIES: tuple[Callable[[np.random.Generator, int], BlackBox], ...] = (
    _from("cancelled digits", _CANCELLED),
    _from("swallowed", _SWALLOWED),
    _rounded,
    _half,
    _swamped,
    _loud,
    _far_wave,
    _subnormal,
)


def rough(seed: int, per_family: int) -> Iterator[BlackBox]:
    """Yield the pairs; any of them may be refused."""
    for number, family in enumerate(FAMILIES):
        random = np.random.default_rng([seed, 2000 + number])
        for i in range(per_family):
            yield family(random, i)
