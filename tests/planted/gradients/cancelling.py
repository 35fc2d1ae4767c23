"""Formulas that lose digits as they are written: most accusations of right gradients start here."""
# ruff: noqa: D101, D102, N805
# A class body is a problem; its functions are the user's code, planted with bugs from their source.

from __future__ import annotations

import numpy as np

from tests.planted.gradients.problem import problem

TAG = "cancelling"


@problem("(1 - cos(x))/x^2", (0.002, 3), [0.01, 0.3, 2.0], tags=TAG)
class VersineQuotient:
    def f(x):
        return (1 - np.cos(x)) / x**2

    def g(x):
        return np.sin(x) / x**2 - 2 * (1 - np.cos(x)) / x**3

    def better(x):
        series = -x / 12 * (1 - x**2 / 15 * (1 - x**2 * 3 / 112 * (1 - x**2 * 2 / 135)))
        direct = (x * np.sin(x) - 4 * np.sin(x / 2) ** 2) / x**3
        return np.where(np.abs(x) < 0.05, series, direct)[()]


@problem("sqrt(x + 1) - sqrt(x)", (1, 1e10), [2.0, 1e4, 1e9], tags=TAG)
class SqrtDifference:
    def f(x):
        return np.sqrt(x + 1) - np.sqrt(x)

    def g(x):
        return 0.5 / np.sqrt(x + 1) - 0.5 / np.sqrt(x)

    def better(x):
        a, b = np.sqrt(x + 1), np.sqrt(x)
        return -0.5 / (a * b * (a + b))


@problem("log(1 + exp(x))", (-40, 40), [-30.0, 0.4, 21.0], tags=TAG)
class NaiveSoftplus:
    def f(x):
        return np.log(1 + np.exp(x))

    def g(x):
        return np.exp(x) / (1 + np.exp(x))

    def better(x):
        return 1 / (1 + np.exp(-x))

    def degraded_complement(x):
        return 1 - 1 / (1 + np.exp(x))


@problem(
    "(x0^2 + x1^2 + x2^2 + x3^2)/4 - ((x0 + x1 + x2 + x3)/4)^2",
    (9999, 10001),
    [[1e4, 10000.5, 9999.75, 10000.25], [9999.1, 9999.9, 10000.6, 10000.1], [1e4, 1e4, 10001, 1e4]],
    tags=TAG,
)
class Variance:
    def f(x):
        return np.mean(x**2) - np.mean(x) ** 2

    def g(x):
        return 2 * x / 4 - 2 * np.mean(x) / 4

    def better(x):
        d = x - x[0]
        return (d - np.mean(d)) / 2


@problem(
    "(-b + sqrt(b^2 - 4*a*c))/(2*a)",
    [(0.1, 1), (10, 2000), (0.1, 1)],
    [[0.5, 20, 0.3], [0.2, 500, 0.9], [0.9, 1500, 0.4]],
    variables="a b c",
    tags=TAG,
)
class QuadraticRoot:
    def f(p):
        a, b, c = p
        return (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)

    def g(p):
        a, b, c = p
        root = np.sqrt(b**2 - 4 * a * c)
        da = -c / (a * root) - (-b + root) / (2 * a**2)
        db = (-1 + b / root) / (2 * a)
        dc = -1 / root
        return np.array([da, db, dc])

    def better(p):
        a, b, c = p
        root = np.sqrt(b**2 - 4 * a * c)
        x = -2 * c / (b + root)
        return np.array([-x * x / root, -x / root, -1 / root])


@problem("(exp(x) - 1)/x", (0.0005, 3), [0.001, 0.1, 1.7], tags=TAG)
class GrowthQuotient:
    def f(x):
        return (np.exp(x) - 1) / x

    def g(x):
        return np.exp(x) / x - (np.exp(x) - 1) / x**2

    def better(x):
        series = 1 / 2 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x * (1 / 144 + x / 840))))
        return np.where(x < 0.002, series, (x * np.exp(x) - np.expm1(x)) / x**2)[()]


@problem("x - sin(x)", (-2, 2), [0.003, -0.4, 1.9], tags=TAG)
class XMinusSine:
    def f(x):
        return x - np.sin(x)

    def g(x):
        return 1 - np.cos(x)

    def better(x):
        return 2 * np.sin(x / 2) ** 2


@problem(
    "logsumexp(x0, x1, x2, x3, x4) - x2",
    (-60, 60),
    [[1.2, -0.3, 0.7, 2.0, 0.1], [-5, 12, 40, 3.5, -22], [33, 31, -8, 29, 30.5]],
    tags=TAG,
)
class CrossEntropy:
    def f(x):
        top = np.max(x)
        return top + np.log(np.sum(np.exp(x - top))) - x[2]

    def g(x):
        e = np.exp(x - np.max(x))
        out = e / np.sum(e)
        out[2] -= 1
        return out

    def better(x):
        e = np.exp(x - np.max(x))
        out = e / np.sum(e)
        out[2] = -(out[0] + out[1] + out[3] + out[4])
        return out

    def degraded_logs(x):
        top = np.max(x)
        out = np.exp(x - (top + np.log(np.sum(np.exp(x - top)))))
        out[2] = np.expm1(np.log(out[2] + 1e-320))
        return out


@problem("1/x - 1/(x + 1)", (1, 1e5), [1.5, 120.0, 7e4], tags=TAG)
class ReciprocalDifference:
    def f(x):
        return 1 / x - 1 / (x + 1)

    def g(x):
        return -1 / x**2 + 1 / (x + 1) ** 2

    def better(x):
        return -(2 * x + 1) / (x * (x + 1)) ** 2


@problem("(cosh(x) - 1)/x", (0.001, 4), [0.02, 0.9, 3.3], tags=TAG)
class CoshQuotient:
    def f(x):
        return (np.cosh(x) - 1) / x

    def g(x):
        return np.sinh(x) / x - (np.cosh(x) - 1) / x**2

    def better(x):
        return np.sinh(x) / x - 2 * (np.sinh(x / 2) / x) ** 2


@problem("atan(x + 1) - atan(x)", (1, 2e4), [3.0, 250.0, 9000.0], tags=TAG)
class AtanDifference:
    def f(x):
        return np.arctan(x + 1) - np.arctan(x)

    def g(x):
        return 1 / (1 + (x + 1) ** 2) - 1 / (1 + x**2)

    def better(x):
        return -(2 * x + 1) / ((1 + (x + 1) ** 2) * (1 + x**2))


@problem(
    "sin(x + d) - sin(x)",
    [(-3, 3), (1e-5, 0.01)],
    [[0.7, 0.001], [-2.2, 3e-5], [1.4, 0.008]],
    variables="x d",
    tags=TAG,
)
class SineDifference:
    def f(v):
        return np.sin(v[0] + v[1]) - np.sin(v[0])

    def g(v):
        return np.array([np.cos(v[0] + v[1]) - np.cos(v[0]), np.cos(v[0] + v[1])])

    def better(v):
        x, d = v
        return np.array([-2 * np.sin(x + d / 2) * np.sin(d / 2), np.cos(x + d)])


@problem("log(x + 1) - log(x)", (1, 1e7), [2.0, 3000.0, 5e6], tags=TAG)
class LogRatio:
    def f(x):
        return np.log(x + 1) - np.log(x)

    def g(x):
        return 1 / (x + 1) - 1 / x

    def better(x):
        return -1 / (x * (x + 1))


@problem("tan(x) - sin(x)", (-1.2, 1.2), [0.01, -0.5, 1.1], array=True, tags=TAG)
class TanMinusSin:
    def f(x):
        return np.tan(x[0]) - np.sin(x[0])

    def g(x):
        return np.array([1 / np.cos(x[0]) ** 2 - np.cos(x[0])])

    def better(x):
        c = np.cos(x)
        return 2 * np.sin(x / 2) ** 2 * (1 + c + c**2) / c**2


@problem(
    "sqrt((a+b+c)/2 * ((a+b+c)/2 - a) * ((a+b+c)/2 - b) * ((a+b+c)/2 - c))",
    [(8.9, 9), (4.51, 4.6), (4.51, 4.6)],
    [[8.99, 4.52, 4.53], [8.95, 4.58, 4.51], [9.0, 4.511, 4.512]],
    variables="a b c",
    tags=TAG,
)
class NeedleTriangle:
    def f(x):
        s = np.sum(x) / 2
        return np.sqrt(s * (s - x[0]) * (s - x[1]) * (s - x[2]))

    def g(x):
        a, b, c = x
        s = (a + b + c) / 2
        area = np.sqrt(s * (s - a) * (s - b) * (s - c))
        return np.array(
            [
                a * (b**2 + c**2 - a**2) / (8 * area),
                b * (a**2 + c**2 - b**2) / (8 * area),
                c * (a**2 + b**2 - c**2) / (8 * area),
            ]
        )


@problem(
    "((1 + r)^k - 1)/r",
    [(1e-5, 0.1), (1, 60)],
    [[0.03, 30], [2e-4, 12], [0.08, 55.5]],
    variables="r k",
    tags=TAG,
)
class Annuity:
    def f(v):
        r, k = v
        return ((1 + r) ** k - 1) / r

    def g(v):
        r, k = v
        grown = (1 + r) ** k
        dr = k * (1 + r) ** (k - 1) / r - (grown - 1) / r**2
        dk = grown * np.log(1 + r) / r
        return np.array([dr, dk])

    def better(v):
        r, k = v
        rate = np.log1p(r)
        gained = np.expm1(k * rate)
        dr = (k * r * np.exp((k - 1) * rate) - gained) / r**2
        return np.array([dr, (1 + gained) * rate / r])


@problem(
    "x^7 - 7*x^6 + 21*x^5 - 35*x^4 + 35*x^3 - 21*x^2 + 7*x - 1",
    (1.05, 2),
    [1.1, 1.4, 1.9],
    tags=TAG,
)
class SeventhPower:
    def f(x):
        return x**7 - 7 * x**6 + 21 * x**5 - 35 * x**4 + 35 * x**3 - 21 * x**2 + 7 * x - 1

    def g(x):
        return 7 * x**6 - 42 * x**5 + 105 * x**4 - 140 * x**3 + 105 * x**2 - 42 * x + 7

    def better(x):
        return 7 * (x - 1) ** 6


@problem(
    "E - e*sin(E)",
    [(0.001, 1.5), (0.9, 0.99999)],
    [[0.01, 0.9999], [0.5, 0.95], [1.2, 0.999]],
    variables="E e",
    tags=TAG,
)
class Kepler:
    def f(v):
        return v[0] - v[1] * np.sin(v[0])

    def g(v):
        return np.array([1 - v[1] * np.cos(v[0]), -np.sin(v[0])])

    def better(v):
        half = np.sin(v[0] / 2)
        return np.array([(1 - v[1]) + 2 * v[1] * half**2, -np.sin(v[0])])


@problem("1 - 1/(1 + exp(-x))", (-5, 30), [0.5, 12.0, 25.0], tags=TAG)
class UpperTail:
    def f(x):
        return 1 - 1 / (1 + np.exp(-x))

    def g(x):
        p = 1 / (1 + np.exp(-x))
        return -p * (1 - p)

    def better(x):
        e = np.exp(-x)
        return -e / (1 + e) ** 2


@problem(
    "1 - (a*c + b*d)/(sqrt(a^2 + b^2)*sqrt(c^2 + d^2))",
    [(1, 1.01), (2, 2.01), (1.5, 1.51), (3, 3.01)],
    [[1, 2.005, 1.501, 3.002], [1.009, 2.001, 1.505, 3.009], [1.004, 2, 1.5, 3.006]],
    variables="a b c d",
    tags=TAG,
)
class CosineDistance:
    def f(x):
        u, v = x[:2], x[2:]
        return 1 - u @ v / (np.sqrt(u @ u) * np.sqrt(v @ v))

    def g(x):
        u, v = x[:2], x[2:]
        p, q = np.sqrt(u @ u), np.sqrt(v @ v)
        cosine = u @ v / (p * q)
        du = -v / (p * q) + cosine * u / p**2
        dv = -u / (p * q) + cosine * v / q**2
        return np.concatenate([du, dv])

    def better(x):
        a, b, c, d = x
        p, q = np.hypot(a, b), np.hypot(c, d)
        cross = a * d - b * c
        du = np.array([-b, a]) * cross / (p**3 * q)
        dv = np.array([d, -c]) * cross / (p * q**3)
        return -np.concatenate([du, dv])


@problem("x^-12 - 2*x^-6", (0.9, 1.5), [0.95, 1.0001, 1.3], tags=TAG + " zero")
class LennardJones:
    def f(x):
        return x**-12.0 - 2 * x**-6.0

    def g(x):
        return -12 * x**-13.0 + 12 * x**-7.0

    def better(x):
        return 12 * np.expm1(6 * np.log(x)) * x**-13.0


@problem(
    "log(exp(x) - exp(y))",
    [(1, 6), (-6, 0.99)],
    [[1.5, 0.9], [3, -2], [5.5, 0.5]],
    variables="x y",
    tags=TAG,
)
class LogDiffExp:
    def f(v):
        return np.log(np.exp(v[0]) - np.exp(v[1]))

    def g(v):
        a, b = np.exp(v[0]), np.exp(v[1])
        return np.array([a / (a - b), -b / (a - b)])

    def better(v):
        gap = v[0] - v[1]
        return np.array([-1 / np.expm1(-gap), -1 / np.expm1(gap)])


@problem("exp(x) - 2*cos(x) - sin(x) + 1", (0.0005, 2), [0.002, 0.2, 1.6], tags=TAG)
class ThreeWayCancellation:
    def f(x):
        return np.exp(x) - 2 * np.cos(x) - np.sin(x) + 1

    def g(x):
        return np.exp(x) + 2 * np.sin(x) - np.cos(x)

    def better(x):
        return np.expm1(x) + 2 * np.sin(x) + 2 * np.sin(x / 2) ** 2


@problem(
    "sqrt(x^2 + y^2) - x",
    [(1, 1000), (0.01, 1)],
    [[2, 0.5], [80, 0.02], [900, 0.9]],
    variables="x y",
    tags=TAG,
)
class RadiusExcess:
    def f(v):
        return np.sqrt(v[0] ** 2 + v[1] ** 2) - v[0]

    def g(v):
        r = np.sqrt(v[0] ** 2 + v[1] ** 2)
        return np.array([v[0] / r - 1, v[1] / r])

    def better(v):
        r = np.hypot(v[0], v[1])
        return np.array([-(v[1] ** 2) / (r * (r + v[0])), v[1] / r])
