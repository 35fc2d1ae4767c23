"""Bad scales, huge offsets, tiny outputs, overflow, kinks, branches."""
# ruff: noqa: D101, D102, N805
# A class body is a problem; its functions are the user's code, planted with bugs from their source.

from __future__ import annotations

import numpy as np

from tests.planted.gradients.problem import problem


@problem("1e8 + sin(x)", (-3, 3), [0.5, -1.9, 2.8], tags="offset")
class HugeOffset:
    def f(x):
        return 1e8 + np.sin(x)

    def g(x):
        return np.cos(x)


@problem(
    "1e12 + x*y^2 - y",
    (-2, 2),
    [[0.5, 1.5], [-1.4, 0.3], [1.8, -1.1]],
    variables="x y",
    tags="offset",
)
class HugerOffset:
    def f(v):
        return 1e12 + v[0] * v[1] ** 2 - v[1]

    def g(v):
        return np.array([v[1] ** 2, 2 * v[0] * v[1] - 1])


@problem("1e-12*exp(x0)*cos(x1)", (-2, 2), [[0.3, 0.8], [-1.2, 1.9], [1.7, -0.4]], tags="tiny")
class TinyOutput:
    def f(x):
        return 1e-12 * np.exp(x[0]) * np.cos(x[1])

    def g(x):
        return np.array([1e-12 * np.exp(x[0]) * np.cos(x[1]), -1e-12 * np.exp(x[0]) * np.sin(x[1])])


@problem("1e-150*x^3 + 1e-150*x", (-5, 5), [0.4, -2.2, 4.7], tags="tiny")
class TinierOutput:
    def f(x):
        return 1e-150 * x**3 + 1e-150 * x

    def g(x):
        return 3e-150 * x**2 + 1e-150


@problem("softplus(x)", (-600, 600), [-500.0, 0.7, 420.0], tags="overflowing")
class WideSoftplus:
    def f(x):
        return np.logaddexp(0, x)

    def g(x):
        e = np.exp(-np.abs(x))
        return np.where(x >= 0, 1 / (1 + e), e / (1 + e))[()]


@problem(
    "hypot(x, y)",
    (1e199, 9e200),
    [[3e199, 4e199], [8e200, 2e199], [1.5e199, 7e200]],
    variables="x y",
    tags="overflowing scaled",
)
class HugeHypot:
    def f(v):
        return np.hypot(v[0], v[1])

    def g(v):
        r = np.hypot(v[0], v[1])
        return np.array([v[0] / r, v[1] / r])


@problem(
    "log(exp(x0 - 500) + exp(x1) + exp(x2 + 500)) + 500",
    [(480, 520), (-20, 20), (-520, -480)],
    [[500, 0.5, -501], [503, -2, -498], [497.5, 1.5, -499.2]],
    tags="overflowing scaled",
)
class ShiftedLogSumExp:
    def f(x):
        return np.log(np.exp(x[0] - 500) + np.exp(x[1]) + np.exp(x[2] + 500)) + 500

    def g(x):
        e = np.exp(np.array([x[0] - 500, x[1], x[2] + 500]))
        return e / np.sum(e)


@problem(
    "(x0 - 1e6)^2 + (x1 - 2e-6)^2 + (x0*x1 - 2)^2",
    [(0.5, 2e6), (1e-7, 1e-5)],
    [[1, 1e-6], [3e5, 4e-6], [1.5e6, 8e-6]],
    tags="scaled",
)
class BrownBadlyScaled:
    def f(x):
        return (x[0] - 1e6) ** 2 + (x[1] - 2e-6) ** 2 + (x[0] * x[1] - 2) ** 2

    def g(x):
        return np.array(
            [
                2 * (x[0] - 1e6) + 2 * x[1] * (x[0] * x[1] - 2),
                2 * (x[1] - 2e-6) + 2 * x[0] * (x[0] * x[1] - 2),
            ]
        )


@problem(
    "p*v - 3e-21*log(p) + 1e5*v^2/p",
    [(1e4, 1e6), (1e-6, 1e-2)],
    [[1e5, 1e-3], [4e4, 7e-3], [8e5, 2e-5]],
    variables="p v",
    tags="scaled",
)
class Thermodynamic:
    def f(x):
        p, v = x
        return p * v - 3e-21 * np.log(p) + 1e5 * v**2 / p

    def g(x):
        p, v = x
        return np.array([v - 3e-21 / p - 1e5 * v**2 / p**2, p + 2e5 * v / p])


@problem(
    "abs(x0) + 2*abs(x1 - x0)",
    (-2, 2),
    [[0.5, 1.1], [-1.3, 0.4], [0, 1.5], [0.7, 0.7]],
    tags="kinked",
)
class AbsoluteSum:
    def f(x):
        return np.abs(x[0]) + 2 * np.abs(x[1] - x[0])

    def g(x):
        s = 2 * np.sign(x[1] - x[0])
        return np.array([np.sign(x[0]) - s, s])


@problem(
    "max(x0^2, 2*x1 - 1, x0 - x1)", (-3, 3), [[0.5, 2.2], [1.9, -1.4], [-2.6, 0.1]], tags="kinked"
)
class LargestOfThree:
    def f(x):
        return np.max([x[0] ** 2, 2 * x[1] - 1, x[0] - x[1]])

    def g(x):
        k = np.argmax([x[0] ** 2, 2 * x[1] - 1, x[0] - x[1]])
        return np.array([[2 * x[0], 0.0], [0.0, 2.0], [1.0, -1.0]])[k]


@problem(
    "1.5*max(0, 0.8*x0 - 0.5*x1 + 0.1) - 0.7*max(0, 0.3*x0 + x1) + 0.4*max(0, 0.2 - x0)",
    (-2, 2),
    [[0.9, 0.4], [-1.1, -0.6], [0.1, 1.7]],
    tags="kinked network",
)
class ReluNetwork:
    def f(x):
        w = np.array([[0.8, -0.5], [0.3, 1.0], [-1.0, 0.0]])
        hidden = np.maximum(0, w @ x + np.array([0.1, 0.0, 0.2]))
        return np.array([1.5, -0.7, 0.4]) @ hidden

    def g(x):
        w = np.array([[0.8, -0.5], [0.3, 1.0], [-1.0, 0.0]])
        active = w @ x + np.array([0.1, 0.0, 0.2]) > 0
        return (np.array([1.5, -0.7, 0.4]) * active) @ w


@problem(
    "x*clip(x, -1, 2) + y*clip(x*y, 0, 1)",
    (-3, 3),
    [[0.5, 0.8], [2.6, -1.2], [-1.9, 1.4]],
    variables="x y",
    tags="kinked",
)
class Clipped:
    def f(v):
        return v[0] * np.clip(v[0], -1, 2) + v[1] * np.clip(v[0] * v[1], 0, 1)

    def g(v):
        x, y = v
        first = 1.0 if -1 < x < 2 else 0.0
        second = 1.0 if 0 < x * y < 1 else 0.0
        return np.array(
            [
                np.clip(x, -1, 2) + x * first + y**2 * second,
                np.clip(x * y, 0, 1) + x * y * second,
            ]
        )


@problem(
    " + ".join(f"where(abs(x{i}) <= 1, x{i}^2/2, abs(x{i}) - 1/2)" for i in range(5)),
    (-3, 3),
    [[0.4, -0.7, 1.8, -2.2, 0.1], [2.5, 0.9, -0.3, 1.2, -1.6], [-0.05, 0.6, 2.9, -0.8, 1.1]],
    tags="kinked piecewise",
)
class Huber:
    def f(x):
        return np.sum(np.where(np.abs(x) <= 1, x**2 / 2, np.abs(x) - 0.5))

    def g(x):
        return np.where(np.abs(x) <= 1, x, np.sign(x))


@problem(
    "max(0, 1 - (w0*1.2 - w1*0.4)) + max(0, 1 + (w0*0.3 + w1*0.9)) + 0.05*(w0^2 + w1^2)",
    (-2, 2),
    [[0.6, -0.9], [1.7, 0.8], [-1.3, -1.5]],
    variables="w0 w1",
    tags="kinked",
)
class HingeLoss:
    def f(w):
        x = np.array([[1.2, -0.4], [0.3, 0.9]])
        y = np.array([1, -1])
        return np.sum(np.maximum(0, 1 - y * (x @ w))) + 0.05 * (w @ w)

    def g(w):
        x = np.array([[1.2, -0.4], [0.3, 0.9]])
        y = np.array([1, -1])
        active = 1 - y * (x @ w) > 0
        return -(y * active) @ x + 0.1 * w


@problem(
    "where(x < 1, x^3 - x, where(x < 2, 2*(x - 1)^2 + 2*(x - 1), 6*x - 8 + (x - 2)^2/2))",
    (-1, 4),
    [0.3, 1.6, 3.1],
    tags="piecewise",
)
class Spline:
    def f(x):
        if x < 1:
            return x**3 - x
        if x < 2:
            return 2 * (x - 1) ** 2 + 2 * (x - 1)
        return 6 * x - 8 + (x - 2) ** 2 / 2

    def g(x):
        if x < 1:
            return 3 * x**2 - 1
        if x < 2:
            return 4 * (x - 1) + 2
        return x - 2 + 6.0


@problem(
    "-log(1 - x0 - x1) - log(x0) - log(x1)",
    [(0.01, 0.48), (0.01, 0.48)],
    [[0.2, 0.3], [0.47, 0.45], [0.02, 0.4]],
    tags="barrier",
)
class LogBarrier:
    def f(x):
        return -np.log(1 - x[0] - x[1]) - np.log(x[0]) - np.log(x[1])

    def g(x):
        slack = 1 - x[0] - x[1]
        return np.array([1 / slack - 1 / x[0], 1 / slack - 1 / x[1]])


@problem("exp(-1/x)/x", (0.002, 4), [0.05, 0.6, 2.5], tags="flat")
class FlatAtZero:
    def f(x):
        return np.exp(-1 / x) / x

    def g(x):
        return np.exp(-1 / x) * (1 - x) / x**3


@problem("1/(1 + 25*x^2)", (-1000, 1000), [0.1, -3.0, 700.0], tags="scaled")
class WideRunge:
    def f(x):
        return 1 / (1 + 25 * x**2)

    def g(x):
        return -50 * x / (1 + 25 * x**2) ** 2
