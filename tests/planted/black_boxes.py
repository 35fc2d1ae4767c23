"""A zoo of callables without a formula: (function, point) pairs by families, with the truth.

Each function is written once over a module of mathematics: NumPy or `math` make the callable under
test, mpmath makes the truth at 60 digits.
What is random, noisy or solved inside has the truth of what it stands for.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

Generic = Callable[[Any, Any], Any]

# Smooth functions over a module m, which the other families are made from.
SMOOTH: tuple[tuple[str, Generic], ...] = (
    ("sin", lambda m, x: m.sin(x)),
    ("exp", lambda m, x: m.exp(x)),
    ("log", lambda m, x: m.log(3 + x * x)),
    ("tanh", lambda m, x: m.tanh(x)),
    ("rational", lambda _, x: x / (1 + x * x)),
    ("sqrt", lambda m, x: m.sqrt(1 + x * x)),
    ("gauss", lambda m, x: m.exp(-x * x / 2)),
    ("product", lambda m, x: m.exp(m.sin(x)) * m.cos(2 * x)),
    ("logistic", lambda m, x: 1 / (1 + m.exp(-x))),
    ("power", lambda _, x: (2 + x * x) ** 1.5),
    ("runge", lambda _, x: 1 / (1 + 25 * x * x)),
    ("nested", lambda m, x: m.sin(m.exp(x / 2))),
)


@dataclass(frozen=True)
class BlackBox:
    """A callable at a point, with its derivative or the words with which it may be refused."""

    family: str
    name: str
    function: Callable[[Any], Any]
    at: float
    truth: float
    truth_low: float = 0.0
    refusals: frozenset[str] = frozenset()

    def error_of(self, value: float) -> float:
        """Return |value - truth|, beyond the rounding of the truth to a double."""
        return abs((value - self.truth) - self.truth_low)


def truth_of(generic: Generic, x: float, scale: float = 1.0) -> tuple[float, float]:
    """Return the derivative at a double, as the sum of two doubles."""
    with mpmath.workdps(60):
        c, s = mpmath.mpf(x), mpmath.mpf(scale)
        value = mpmath.diff(lambda t: generic(mpmath, c + s * t), 0) / s
        high = float(value)
        return high, float(value - high)


def _case(
    family: str, name: str, function: Any, at: float, truth: Generic, scale: float = 1.0
) -> BlackBox:
    high, low = truth_of(truth, at, scale)
    return BlackBox(family, name, function, at, high, low)


def _numeric(generic: Generic, module: Any) -> Callable[[Any], Any]:
    return lambda x: generic(module, x)


def hash_noise(x: float) -> float:
    """Return noise in [-1, 1] that depends on the point alone."""
    digest = hashlib.blake2b(struct.pack("<d", float(x)), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2**63 - 1.0


def _pick(random: np.random.Generator, i: int) -> tuple[str, Generic, Any, float]:
    """Return a smooth function, where it takes its mathematics from, and a point."""
    name, generic = SMOOTH[int(random.integers(len(SMOOTH)))]
    point = float(random.uniform(0.2, 2.5) * random.choice([-1.0, 1.0]))
    return name, generic, (math, np)[i % 2], point


def _smooth(random: np.random.Generator, i: int) -> BlackBox:
    name, g, m, x = _pick(random, i)
    return _case("smooth", name, _numeric(g, m), x, g)


def _scaled(random: np.random.Generator, i: int) -> BlackBox:
    name, g, m, x = _pick(random, i)
    k = (1e-80, 1e-12, 1e-6, 1e6, 1e12, 1e80)[i % 6]
    c = 10.0 ** float(random.integers(-12, 13))

    def scaled(module: Any, t: Any) -> Any:
        return c * g(module, k * t)

    return _case("scaled", f"{name} of {k}x", _numeric(scaled, m), x / k, scaled, 1 / k)


def _offset(random: np.random.Generator, i: int) -> BlackBox:
    name, g, m, x = _pick(random, i)
    c = (1e4, 1e8, 1e12)[i % 3]
    return _case("offset", f"{c} + {name}", lambda t: c + g(m, t), x, g)


def _tiny(random: np.random.Generator, i: int) -> BlackBox:
    name, g, m, _ = _pick(random, i)
    x = float(random.uniform(1, 9)) * (1e-9, 1e-30, 1e-100, 1e-200)[i % 4]
    if name in {"log", "sqrt", "gauss", "power", "runge"}:  # flat at 0: nothing to measure there

        def tilted(module: Any, t: Any) -> Any:
            return g(module, t) + module.sin(t)

        return _case("tiny", name, _numeric(tilted, m), x, tilted)
    return _case("tiny", name, _numeric(g, m), x, g)


def _narrow(random: np.random.Generator, i: int) -> BlackBox:
    w = 10.0 ** float(random.uniform(-7, -3))
    c = float(random.uniform(0.5, 2))
    x = c + w * float(random.uniform(0.2, 1.5))

    def bump(module: Any, t: Any) -> Any:
        u = (t - c) / w
        return module.exp(-u * u) if i % 2 else 1 / (1 + u * u)

    return _case("narrow", f"width {w:.1g}", _numeric(bump, (math, np)[(i // 2) % 2]), x, bump, w)


def _oscillating(random: np.random.Generator, i: int) -> BlackBox:
    k = 10.0 ** float(random.uniform(3, 6))
    c = (0.0, 1.0)[i % 2]

    def wave(module: Any, t: Any) -> Any:
        return module.sin(k * t) + c * module.exp(t)

    x = float(random.uniform(0.3, 2))
    return _case(
        "oscillating", f"sin({k:.2g} x)", _numeric(wave, (math, np)[(i // 2) % 2]), x, wave, 1 / k
    )


def _noisy(random: np.random.Generator, i: int) -> BlackBox:
    name, g, m, x = _pick(random, i)
    s = 10.0 ** float(random.uniform(-12, -6))
    return _case("noisy", f"{name} ± {s:.1g}", lambda t: g(m, t) + s * hash_noise(t), x, g)


def _single(random: np.random.Generator, i: int) -> BlackBox:
    name, g, _, x = _pick(random, i)
    return _case("float32 inside", name, lambda t: float(g(np, np.float32(t))), x, g)


def _far(random: np.random.Generator, i: int) -> BlackBox:
    x = (1e8, 1e12)[i % 2] * float(random.uniform(1, 2))

    def wave(module: Any, t: Any) -> Any:
        u = (t - a) / w
        return module.sin(u) if i % 3 else module.exp(u / 3)

    a, w = float(np.floor(x)), (1.0, 1e3)[i % 2]
    return _case("x near 1e8", f"x = {x:.2g}", _numeric(wave, (math, np)[(i // 2) % 2]), x, wave)


def _edge(random: np.random.Generator, i: int) -> BlackBox:
    gap = 10.0 ** float(random.uniform(-7, -1))
    c = (0.0, 1.0, 2.0)[i % 3]

    def near(module: Any, t: Any) -> Any:
        u = t - c
        return (module.sqrt(u), module.log(u), u**1.5 + module.sin(t))[(i // 3) % 3]

    return _case("near an edge", f"{gap:.1g} inside", _numeric(near, math), c + gap, near, gap)


def _polynomial(random: np.random.Generator, i: int) -> BlackBox:
    c = [float(v) for v in random.integers(-5, 6, size=2 + i % 5)] + [1.0]

    def polynomial(_: Any, t: Any) -> Any:
        total = t * 0
        for a in reversed(c):
            total = total * t + a
        return total

    x = float(random.uniform(0.2, 3))
    return _case("polynomial", f"degree {len(c) - 1}", _numeric(polynomial, math), x, polynomial)


def _flat(random: np.random.Generator, i: int) -> BlackBox:
    gap = (0.0, 1e-8, 1e-5, 1e-3)[i % 4]
    c = float(random.uniform(0.5, 2))

    def flat(module: Any, t: Any) -> Any:
        return module.cos(t - c) if i % 2 else (t - c) * (t - c) + 1

    return _case(
        "near f' = 0", f"{gap} off", _numeric(flat, (math, np)[(i // 2) % 2]), c + gap, flat
    )


def _kink_near(random: np.random.Generator, i: int) -> BlackBox:
    name, g, m, x = _pick(random, i)
    c = x + 10.0 ** float(random.uniform(-5, -1)) * float(random.choice([-1.0, 1.0]))
    jump = i % 3 == 0

    def broken(t: Any) -> Any:
        return g(m, t) + ((t.real > c) * 1.0 if jump else abs(t - c))

    side = 1 if x > c else -1

    def truth(module: Any, t: Any) -> Any:
        return g(module, t) + (0 if jump else side * (t - c))

    return _case("kink or jump near", name, broken, x, truth)


def _joint(random: np.random.Generator, i: int) -> BlackBox:
    c = float(random.uniform(0.5, 2))
    gap = (0.0, 1e-4, 1e-2, -1e-3)[i % 4]
    p = 2 + i % 2

    def joint(module: Any, t: Any) -> Any:
        return module.sin(t) + ((t - c) ** p if t > c else 0 * t)

    x = c + gap
    slope = math.nan
    with mpmath.workdps(60):
        t = mpmath.mpf(x)
        above = p * (t - mpmath.mpf(c)) ** (p - 1) if x > c else 0
        value = mpmath.cos(t) + above
        slope, low = float(value), float(value - float(value))
    return BlackBox("joint", f"C{p - 1} at {gap}", _numeric(joint, math), x, slope, low)


def _stochastic(random: np.random.Generator, i: int) -> BlackBox:
    name, g, m, x = _pick(random, i)
    s = 10.0 ** float(random.uniform(-8, -3))
    own = np.random.default_rng(int(random.integers(2**32)))
    return _case(
        "stochastic", f"{name} ± {s:.1g}", lambda t: g(m, t) + s * own.standard_normal(), x, g
    )


def _cancelling(random: np.random.Generator, i: int) -> BlackBox:
    x = 10.0 ** float(random.uniform(-4, -1))

    def cancel(module: Any, t: Any) -> Any:
        return (
            (1 - module.cos(t)) / (t * t),
            (module.exp(t) - 1) / t,
            (t - module.sin(t)) / (t * t * t),
            module.sqrt(1 + t) - module.sqrt(1 - t),
        )[i % 4]

    return _case("cancellation", f"x = {x:.1g}", _numeric(cancel, math), x, cancel, x)


def _solver(random: np.random.Generator, i: int) -> BlackBox:
    x = float(random.uniform(0.5, 2.5))
    kind = i % 4

    def newton(t: float) -> float:
        y = 1.0
        for _ in range(60):
            step = (y**3 + y - t) / (3 * y * y + 1)
            y -= step
            if abs(step) < 1e-15 * abs(y):
                break
        return y

    def bisection(t: float) -> float:
        low, high = 0.0, 3.0
        while high - low > 1e-11:
            middle = (low + high) / 2
            low, high = (middle, high) if middle**3 + middle < t else (low, middle)
        return (low + high) / 2

    def euler(t: float) -> float:
        y = 1.0
        for _ in range(50):
            y += 0.02 * t * math.sin(y)
        return y

    def linear(t: float) -> float:
        a = np.array([[2 + t, 1.0, t], [1.0, 3.0, t * t], [0.5, t, 4.0]])
        return float(np.linalg.solve(a, np.array([1.0, 2.0, 3.0]))[0])

    def root(_: Any, t: Any) -> Any:
        return mpmath.findroot(lambda y: y**3 + y - t, mpmath.mpf(newton(float(t))))

    def exact_euler(_: Any, t: Any) -> Any:
        y = mpmath.mpf(1)
        for _i in range(50):
            y += mpmath.mpf(0.02) * t * mpmath.sin(y)
        return y

    def exact_linear(_: Any, t: Any) -> Any:
        a = mpmath.matrix([[2 + t, 1, t], [1, 3, t * t], [mpmath.mpf("0.5"), t, 4]])
        return mpmath.lu_solve(a, mpmath.matrix([1, 2, 3]))[0]

    functions = (newton, bisection, euler, linear)
    truths = (root, root, exact_euler, exact_linear)
    return _case("solver inside", functions[kind].__name__, functions[kind], x, truths[kind])


FAMILIES: tuple[Callable[[np.random.Generator, int], BlackBox], ...] = (
    _smooth,
    _scaled,
    _offset,
    _tiny,
    _narrow,
    _oscillating,
    _noisy,
    _single,
    _far,
    _edge,
    _polynomial,
    _flat,
    _kink_near,
    _joint,
    _stochastic,
    _cancelling,
    _solver,
)


def answerable(seed: int, per_family: int = 14) -> Iterator[BlackBox]:
    """Yield the pairs that have an answer."""
    for number, family in enumerate(FAMILIES):
        random = np.random.default_rng([seed, number])
        for i in range(per_family):
            yield family(random, i)


def _drifting() -> Callable[[float], float]:
    calls = iter(range(10**9))
    return lambda x: math.sin(x) + next(calls) * 0.1


def refusable(seed: int, count: int = 2) -> Iterator[BlackBox]:
    """Yield the pairs that must be refused, with the words that are right for each."""
    random = np.random.default_rng([seed, 1000])
    nan = math.nan
    for _ in range(count):
        c = float(random.uniform(0.4, 2))
        own = np.random.default_rng(int(random.integers(2**32)))

        def make(name: str, f: Callable[[Any], Any], at: float, words: Iterable[str]) -> BlackBox:
            return BlackBox("refusals", name, f, at, nan, 0.0, frozenset(words))

        yield make("|x|", abs, 0.0, {"kink"})
        yield make("|x - c|", lambda x, c=c: abs(x - c) + math.sin(x), c, {"kink"})
        yield make("relu", lambda x, c=c: max(x - c, 0.0) + x, c, {"kink"})
        yield make("|sin|", lambda x: abs(math.sin(x)) + x * x, 0.0, {"kink"})
        yield make("step", lambda x, c=c: float(x >= c) + x, c, {"jump"})
        yield make("sign", np.sign, 0.0, {"jump"})
        yield make("floor", lambda x: math.floor(x) + x / 3, 3.0, {"jump"})
        yield make("cbrt", np.cbrt, 0.0, {"vertical_tangent"})
        yield make("cbrt(x - c)", lambda x, c=c: np.cbrt(x - c), c, {"vertical_tangent"})
        yield make("cusp", lambda x, c=c: math.sqrt(abs(x - c)), c, {"vertical_tangent"})
        yield make("sqrt", math.sqrt, 0.0, {"edge"})
        yield make("x log x", lambda x, c=c: math.sqrt(x - c) ** 3 + x, c, {"edge"})
        yield make("outside", lambda x: math.log(x), -c, {"nonfinite"})
        yield make("a NaN", lambda x: x * math.nan, c, {"nonfinite"})
        yield make("pole", lambda x, c=c: 1 / (x - c), c, {"nonfinite"})
        yield make("drift", _drifting(), c, {"random", "noise", "unresolved"})
        yield make("noise", lambda _, own=own: own.standard_normal(), c, {"random", "noise"})
        yield make("hash", hash_noise, c, {"noise", "unresolved"})
        yield make("zero", lambda x: 0.0 * x, c, {"zero"})
