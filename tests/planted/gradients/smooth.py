"""Smooth formulas: test functions of optimization, oscillation, Jacobians, special functions."""
# ruff: noqa: D101, D102, N805
# A class body is a problem; its functions are the user's code, planted with bugs from their source.

from __future__ import annotations

import numpy as np
from scipy import special

from tests.planted.gradients.problem import problem


def chained_rosenbrock(n):
    """Return the text of the chained Rosenbrock function."""
    return " + ".join(f"100*(x{i + 1} - x{i}^2)^2 + (1 - x{i})^2" for i in range(n - 1))


def rosenbrock(x):
    """Evaluate the chained Rosenbrock function."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def spread(n, low, high):
    """Return three points that fill an interval without repeating a value."""
    steps = np.arange(1, 3 * n + 1).reshape(3, n) * 0.6180339887498949 % 1
    return np.round(low + (high - low) * steps, 3)


@problem("sin(x)", (-6, 6), [0.5, -2.0, 4.4])
class Sine:
    def f(x):
        return np.sin(x)

    def g(x):
        return np.cos(x)


@problem("x^3 - 2*x + 5", (-3, 3), [0.7, -1.1, 2.5])
class Cubic:
    def f(x):
        return x**3 - 2 * x + 5

    def g(x):
        return 3 * x**2 - 2


@problem("100*(x1 - x0^2)^2 + (1 - x0)^2", (-2, 2), [[-1.2, 1], [0.5, 0.3], [1.7, -0.8]])
class Rosenbrock2:
    def f(x):
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    def g(x):
        return np.array(
            [
                -400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]),
                200 * (x[1] - x[0] ** 2),
            ]
        )


@problem(chained_rosenbrock(10), (-2, 2), spread(10, -2, 2))
class Rosenbrock10:
    def f(x):
        return rosenbrock(x)

    def g(x):
        out = np.zeros_like(x)
        gap = x[1:] - x[:-1] ** 2
        out[:-1] = -400 * x[:-1] * gap - 2 * (1 - x[:-1])
        out[1:] += 200 * gap
        return out


@problem(chained_rosenbrock(30), (-2, 2), spread(30, -2, 2))
class Rosenbrock30:
    def f(x):
        return rosenbrock(x)

    def g(x):
        out = np.zeros(30)
        for i in range(29):
            gap = x[i + 1] - x[i] ** 2
            out[i] += -400 * x[i] * gap - 2 * (1 - x[i])
            out[i + 1] += 200 * gap
        return out


@problem(
    "50 + " + " + ".join(f"(x{i}^2 - 10*cos(2*pi*x{i}))" for i in range(5)),
    (-5.12, 5.12),
    [[0.3, -1.2, 2.4, 0.05, -4.1], [1e-3, 0.995, -1.99, 3.2, 0.5], [4.5, 2.2, -0.7, 1.3, -3.6]],
    tags="oscillating zero",
)
class Rastrigin:
    def f(x):
        return 10 * len(x) + np.sum(x**2 - 10 * np.cos(2 * np.pi * x))

    def g(x):
        return 2 * x + 20 * np.pi * np.sin(2 * np.pi * x)


@problem(
    "20 + exp(1) - 20*exp(-0.2*sqrt((x0^2 + x1^2 + x2^2)/3))"
    " - exp((cos(2*pi*x0) + cos(2*pi*x1) + cos(2*pi*x2))/3)",
    (-4, 4),
    [[0.6, -1.3, 2.2], [1e-3, -2e-3, 5e-4], [3.1, 0.9, -2.7]],
    tags="oscillating zero",
)
class Ackley:
    def f(x):
        bowl = np.exp(-0.2 * np.sqrt(np.mean(x**2)))
        return 20 + np.e - 20 * bowl - np.exp(np.mean(np.cos(2 * np.pi * x)))

    def g(x):
        n = len(x)
        r = np.sqrt(np.mean(x**2))
        waves = np.exp(np.mean(np.cos(2 * np.pi * x)))
        return 4 * np.exp(-0.2 * r) * x / (n * r) + waves * 2 * np.pi * np.sin(2 * np.pi * x) / n


@problem(
    "-0.5*exp(-((x0 - 1)^2 + x1^2)) - 0.5*exp(-((x0 + 1)^2 + (x1 - 0.5)^2)/0.5)",
    (-2.5, 2.5),
    [[0.99, 0.01], [-1.001, 0.499], [0.2, 1.4]],
    tags="zero",
)
class GaussianMixture:
    def f(x):
        a = np.exp(-((x[0] - 1) ** 2 + x[1] ** 2))
        b = np.exp(-((x[0] + 1) ** 2 + (x[1] - 0.5) ** 2) / 0.5)
        return -0.5 * a - 0.5 * b

    def g(x):
        a = np.exp(-((x[0] - 1) ** 2 + x[1] ** 2))
        b = np.exp(-((x[0] + 1) ** 2 + (x[1] - 0.5) ** 2) / 0.5)
        return np.array(
            [
                a * (x[0] - 1) + 2 * b * (x[0] + 1),
                a * x[1] + 2 * b * (x[1] - 0.5),
            ]
        )


@problem(
    "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
    (-5, 5),
    [[1, 2], [-3.2, 0.4], [4.1, -2.3]],
    variables="x y",
)
class Himmelblau:
    def f(v):
        x, y = v
        return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2

    def g(v):
        x, y = v
        p, q = x**2 + y - 11, x + y**2 - 7
        return np.array([4 * x * p + 2 * q, 2 * p + 4 * y * q])


@problem("sin(1000*x)", (-1, 1), [0.01, -0.37, 0.803], tags="oscillating")
class FastSine:
    def f(x):
        return np.sin(1000 * x)

    def g(x):
        return 1000 * np.cos(1000 * x)


@problem("exp(-x)*sin(20*x^2)", (-1, 3), [0.2, 1.3, 2.9], tags="oscillating")
class Chirp:
    def f(x):
        return np.exp(-x) * np.sin(20 * x**2)

    def g(x):
        return np.exp(-x) * (40 * x * np.cos(20 * x**2) - np.sin(20 * x**2))


@problem("tanh(3*x - 1)", (-2, 2), [0.1, -0.9, 1.2], array=True)
class Tanh:
    def f(x):
        return np.tanh(3 * x[0] - 1)

    def g(x):
        return 3 / np.cosh(3 * x - 1) ** 2

    def degraded_square(x):
        return 3 * (1 - np.tanh(3 * x - 1) ** 2)


@problem(
    "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
    (-4, 4),
    [[1, 1.5], [-2.4, 0.6], [3.2, -1.7]],
    variables="x y",
)
class Beale:
    def f(v):
        x, y = v
        return sum((c - x + x * y**k) ** 2 for k, c in ((1, 1.5), (2, 2.25), (3, 2.625)))

    def g(v):
        x, y = v
        a = 1.5 - x + x * y
        b = 2.25 - x + x * y**2
        c = 2.625 - x + x * y**3
        dx = 2 * a * (y - 1) + 2 * b * (y**2 - 1) + 2 * c * (y**3 - 1)
        dy = 2 * a * x + 4 * b * x * y + 6 * c * x * y**2
        return np.array([dx, dy])


@problem(
    "(" + " + ".join(f"x{i}^4 - 16*x{i}^2 + 5*x{i}" for i in range(6)) + ")/2",
    (-5, 5),
    spread(6, -5, 5),
)
class StyblinskiTang:
    def f(x):
        return np.sum(x**4 - 16 * x**2 + 5 * x) / 2

    def g(x):
        return 2 * x**3 - 16 * x + 2.5


@problem(
    ["r*cos(t)", "r*sin(t)"],
    [(0.1, 5), (-3, 3)],
    [[1.5, 0.4], [0.3, -2.1], [4.2, 2.7]],
    variables="r t",
    tags="jacobian",
)
class Polar:
    def f(v):
        r, t = v
        return np.array([r * np.cos(t), r * np.sin(t)])

    def g(v):
        r, t = v
        return np.array([[np.cos(t), -r * np.sin(t)], [np.sin(t), r * np.cos(t)]])


@problem(
    ["r*sin(t)*cos(p)", "r*sin(t)*sin(p)", "r*cos(t)"],
    [(0.2, 3), (0.1, 3), (-3, 3)],
    [[1.1, 0.8, 0.5], [2.4, 1.9, -1.3], [0.6, 2.7, 2.2]],
    variables="r t p",
    tags="jacobian",
)
class Spherical:
    def f(v):
        r, t, p = v
        return r * np.array([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)])

    def g(v):
        r, t, p = v
        st, ct, sp, cp = np.sin(t), np.cos(t), np.sin(p), np.cos(p)
        return np.array(
            [
                [st * cp, r * ct * cp, -r * st * sp],
                [st * sp, r * ct * sp, r * st * cp],
                [ct, -r * st, 0.0],
            ]
        )


@problem(
    [
        "(3 - 2*x0)*x0 - 2*x1 + 1",
        *(f"(3 - 2*x{i})*x{i} - x{i - 1} - 2*x{i + 1} + 1" for i in range(1, 6)),
        "(3 - 2*x6)*x6 - x5 + 1",
    ],
    (-2, 2),
    spread(7, -2, 2),
    tags="jacobian sparse",
)
class BroydenTridiagonal:
    def f(x):
        left = np.concatenate([[0.0], x[:-1]])
        right = np.concatenate([x[1:], [0.0]])
        return (3 - 2 * x) * x - left - 2 * right + 1

    def g(x):
        n = len(x)
        out = np.zeros((n, n))
        for i in range(n):
            out[i, i] = 3 - 4 * x[i]
            if i > 0:
                out[i, i - 1] = -1
            if i < n - 1:
                out[i, i + 1] = -2
        return out


@problem(
    ["1.1*u - 0.4*u*v", "0.1*u*v - 0.4*v"],
    (0.1, 10),
    [[2, 3], [0.5, 7.5], [9, 0.8]],
    variables="u v",
    tags="jacobian",
)
class LotkaVolterra:
    def f(x):
        return np.array([1.1 * x[0] - 0.4 * x[0] * x[1], 0.1 * x[0] * x[1] - 0.4 * x[1]])

    def g(x):
        u, v = x
        return np.array([[1.1 - 0.4 * v, -0.4 * u], [0.1 * v, 0.1 * u - 0.4]])


@problem(
    [
        "1.2*cos(a) + 0.9*cos(a + b) + 0.4*cos(a + b + c)",
        "1.2*sin(a) + 0.9*sin(a + b) + 0.4*sin(a + b + c)",
    ],
    (-3, 3),
    [[0.4, 1.1, -0.6], [-2.1, 0.3, 1.7], [1.5, -2.4, 2.8]],
    variables="a b c",
    tags="jacobian",
)
class RobotArm:
    def f(q):
        angle = np.cumsum(q)
        links = np.array([1.2, 0.9, 0.4])
        return np.array([links @ np.cos(angle), links @ np.sin(angle)])

    def g(q):
        angle = np.cumsum(q)
        links = np.array([1.2, 0.9, 0.4])
        down = -links * np.sin(angle)
        across = links * np.cos(angle)
        return np.array(
            [
                [np.sum(down), np.sum(down[1:]), down[2]],
                [np.sum(across), np.sum(across[1:]), across[2]],
            ]
        )


@problem(
    [f"x{i}*exp(-x{i}^2/{i + 2})" for i in range(4)],
    (-2, 2),
    spread(4, -2, 2),
    tags="jacobian sparse",
)
class ElementwiseMap:
    def f(x):
        return x * np.exp(-(x**2) / np.arange(2, 6))

    def g(x):
        k = np.arange(2, 6)
        return np.diag((1 - 2 * x**2 / k) * np.exp(-(x**2) / k))


@problem(
    ["p*q + sin(p)", "q^2 - r", "log(r)*0.5 + s", "p*s"],
    (0.2, 3),
    [[0.5, 1.2, 2.1, 0.7], [2.4, 0.6, 0.9, 1.8], [1.1, 2.7, 0.4, 2.9]],
    variables="p q r s",
    tags="jacobian sparse",
)
class SparseSystem:
    def f(v):
        p, q, r, s = v
        return np.array([p * q + np.sin(p), q**2 - r, np.log(r) * 0.5 + s, p * s])

    def g(v):
        p, q, r, s = v
        return np.array(
            [
                [q + np.cos(p), p, 0, 0],
                [0, 2 * q, -1, 0],
                [0, 0, 0.5 / r, 1],
                [s, 0, 0, p],
            ]
        )


@problem(
    "x0*exp(x1) + 0*x2",
    (-2, 2),
    [[1.3, 0.4, 0.5], [-0.7, -1.5, 1.1], [0.2, 1.9, -1.8]],
    tags="sparse",
)
class UnusedVariable:
    def f(x):
        return x[0] * np.exp(x[1])

    def g(x):
        return np.array([np.exp(x[1]), x[0] * np.exp(x[1]), 0.0])


@problem(
    " + ".join(f"{0.5 * (i + 1)}*x{i}^2" for i in range(12))
    + " - "
    + " - ".join(f"0.3*x{i}*x{i + 1}" for i in range(11)),
    (-3, 3),
    spread(12, -3, 3),
)
class QuadraticForm:
    def f(x):
        return np.sum(0.5 * np.arange(1, 13) * x**2) - 0.3 * np.sum(x[:-1] * x[1:])

    def g(x):
        out = np.arange(1, 13) * x
        out[:-1] -= 0.3 * x[1:]
        out[1:] -= 0.3 * x[:-1]
        return out


@problem(
    "(x0 + 10*x1)^2 + 5*(x2 - x3)^2 + (x1 - 2*x2)^4 + 10*(x0 - x3)^4",
    (-4, 4),
    [[3, -1, 0.5, 1], [0.2, 0.7, -1.4, 2.2], [-2.5, 1.1, 3.3, -0.4]],
)
class PowellSingular:
    def f(x):
        a, b, c, d = x
        return (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4

    def g(x):
        a, b, c, d = x
        return np.array(
            [
                2 * (a + 10 * b) + 40 * (a - d) ** 3,
                20 * (a + 10 * b) + 4 * (b - 2 * c) ** 3,
                10 * (c - d) - 8 * (b - 2 * c) ** 3,
                -10 * (c - d) - 40 * (a - d) ** 3,
            ]
        )


@problem("x^y", [(0.2, 4), (-2, 3)], [[1.5, 2.5], [0.4, -1.2], [3.3, 0.7]], variables="x y")
class Power:
    def f(v):
        return v[0] ** v[1]

    def g(v):
        x, y = v
        return np.array([y * x ** (y - 1), x**y * np.log(x)])


@problem(
    "loggamma(a) + loggamma(b) - loggamma(a + b)",
    (0.3, 12),
    [[2, 3.5], [0.5, 7.2], [9, 0.9]],
    variables="a b",
    tags="special",
)
class LogBeta:
    def f(v):
        a, b = v
        return special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b)

    def g(v):
        a, b = v
        common = special.digamma(a + b)
        return np.array([special.digamma(a) - common, special.digamma(b) - common])


@problem("gamma(x)", (0.2, 8), [0.5, 2.3, 6.1], tags="special")
class Gamma:
    def f(x):
        return special.gamma(x)

    def g(x):
        return special.gamma(x) * special.digamma(x)


@problem("besselj(0, x) + x*besselj(1, x)", (0.1, 15), [0.8, 4.6, 13.0], tags="special")
class Bessel:
    def f(x):
        return special.jv(0, x) + x * special.jv(1, x)

    def g(x):
        return -special.jv(1, x) + x * special.jv(0, x)


@problem("erf(x/sqrt(2)) * exp(-x/4)", (-3, 4), [0.3, -1.6, 3.2], tags="special")
class DampedErf:
    def f(x):
        return special.erf(x / np.sqrt(2)) * np.exp(-x / 4)

    def g(x):
        density = np.sqrt(2 / np.pi) * np.exp(-(x**2) / 2)
        return density * np.exp(-x / 4) - special.erf(x / np.sqrt(2)) * np.exp(-x / 4) / 4


@problem("sin(exp(cos(x*y)))", (-1.5, 1.5), [[0.5, 1.2], [-1.1, 0.9], [1.4, -0.3]], variables="x y")
class Nested:
    def f(v):
        return np.sin(np.exp(np.cos(v[0] * v[1])))

    def g(v):
        inner = np.cos(v[0] * v[1])
        outer = -np.cos(np.exp(inner)) * np.exp(inner) * np.sin(v[0] * v[1])
        return np.array([outer * v[1], outer * v[0]])


@problem(
    " + ".join(f"sin({i + 1}*x{i})/{i + 1}" for i in range(20)),
    (-3, 3),
    spread(20, -3, 3),
    tags="oscillating",
)
class SeparableWaves:
    def f(x):
        k = np.arange(1, 21)
        return np.sum(np.sin(k * x) / k)

    def g(x):
        k = np.arange(1, 21)
        return np.cos(k * x)
