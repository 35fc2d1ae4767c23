"""A hundred callables as people write them: what each is run at, and whether it runs on balls."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

V = np.array([0.7, 1.9, -1.3])
P = np.array([0.7, 1.9, 1.3])
A = np.array([[2.0, 0.5, -1.0], [0.25, 1.5, 0.75], [-0.5, 0.125, 3.0]])


def newton_root(a):
    """Newton's iteration for a square root, to a tolerance."""
    y = 1.0
    while abs(y * y - a) > 1e-12:
        y = (y + a / y) / 2
    return y


def newton_kepler(e):
    """Kepler's equation by Newton's method, with a fixed number of steps."""
    mean = 0.8
    found = mean
    for _ in range(8):
        found = found - (found - e * np.sin(found) - mean) / (1 - e * np.cos(found))
    return found


def euler(rate):
    """Euler's method for a logistic equation."""
    y, h = 0.1, 0.01
    for _ in range(100):
        y = y + h * rate * y * (1 - y)
    return y


def runge_kutta(x):
    """The classical Runge-Kutta method for the Lotka-Volterra equations."""

    def slope(state):
        prey, hunters = state
        return np.array([x[0] * prey - prey * hunters, x[1] * prey * hunters - hunters])

    state, h = np.array([x[2], 0.5]), 0.05
    for _ in range(20):
        a = slope(state)
        b = slope(state + h / 2 * a)
        c = slope(state + h / 2 * b)
        d = slope(state + h * c)
        state = state + h / 6 * (a + 2 * b + 2 * c + d)
    return state


def simpson(a):
    """Simpson's rule."""
    t = np.linspace(0, 1, 21)
    w = np.ones(21)
    w[1:-1:2], w[2:-1:2] = 4, 2
    return np.sum(w * np.exp(-a * t**2)) / 60


def series(x):
    """A power series, summed until its terms are small."""
    total, term, k = 1.0, 1.0, 0
    while abs(term) > 1e-18:
        k += 1
        term = term * x / k
        total = total + term
    return total


def network(w):
    """A small network."""
    hidden = np.tanh(np.outer(w, w) @ np.array([1.0, -2.0, 0.5]) + 0.1)
    return np.log1p(np.exp(hidden @ w))


def relu_network(w):
    """A small network of rectifiers."""
    hidden = np.maximum(A @ w, 0)
    return np.sum(hidden**2) + np.max(hidden)


def huber(x):
    """A branch a number."""
    total = 0.0
    for r in x:
        total += r * r / 2 if abs(r) < 1 else abs(r) - 0.5
    return total


def softmax(x):
    """A stable softmax."""
    e = np.exp(x - np.max(x))
    return e / e.sum()


def logsumexp(x):
    """A stable log-sum-exp."""
    top = x.max()
    return top + np.log(np.sum(np.exp(x - top)))


def filled(x):
    """An array made like its argument, and filled."""
    out = np.empty_like(x)
    for k in range(len(x)):
        out[k] = x[k] ** 2 + (out[k - 1] if k else 0)
    return out


def filled_floats(x):
    """An array of floats, which can't hold anything else."""
    out = np.zeros(len(x))
    for k in range(len(x)):
        out[k] = x[k] ** 2
    return out.sum()


def bisection(a):
    """The answer is steered by comparisons alone."""
    low, high = 0.0, 10.0
    while high - low > 1e-13:
        middle = (low + high) / 2
        if middle * middle > a:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def gauss(x):
    """Elimination by hand, with pivots."""
    m = A * x[:, None] + np.eye(3)
    b = np.array([x[0], 1.0, 2.0], dtype=object)
    m = m.copy()
    for k in range(3):
        pivot = k + int(np.argmax(np.abs(m[k:, k])))
        m[[k, pivot]] = m[[pivot, k]]
        b[[k, pivot]] = b[[pivot, k]]
        for i in range(k + 1, 3):
            factor = m[i, k] / m[k, k]
            m[i] = m[i] - factor * m[k]
            b[i] = b[i] - factor * b[k]
    y = np.empty(3, dtype=object)
    for k in (2, 1, 0):
        y[k] = (b[k] - np.dot(m[k, k + 1 :], y[k + 1 :])) / m[k, k]
    return np.sum(y**2)


def secant(a):
    """The secant method."""
    p, q = 1.0, 2.0
    f, g = p**3 - a, q**3 - a
    while abs(g) > 1e-13:
        p, q, f = q, q - g * (q - p) / (g - f), g
        g = q**3 - a
    return q


def agm(x):
    """The arithmetic-geometric mean."""
    a, b = 1.0, x
    for _ in range(6):
        a, b = (a + b) / 2, np.sqrt(a * b)
    return a


def nested(x):
    """A function that calls functions."""
    inner = lambda t: np.sin(t) * t  # noqa: E731
    return inner(inner(x)) + inner(x + 1)


def recursion(x, depth=6):
    """A recursion."""
    return x if depth == 0 else recursion(x, depth - 1) ** 2 / 4 + x


def table(x):
    """A piecewise linear table, looked up by hand."""
    knots, values = [0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 4.0, 9.0]
    for k in range(3):
        if knots[k] <= x <= knots[k + 1]:
            return values[k] + (values[k + 1] - values[k]) * (x - knots[k])
    return 0.0


# A name, the code, and where. All of these run.
RUNS: list[tuple[str, Callable[..., Any], Any]] = [
    ("polynomial", lambda x: 3 * x**3 - x + 1, 1.3),
    ("rational", lambda x: (x + 1) / (x * x + 2), 0.4),
    ("integer powers", lambda x: x**-2 + x**5, 1.5),
    ("square root", lambda x: x**0.5, 2.0),
    ("a power of a number", lambda x: 2**x + 10.0**-x, 0.7),
    ("x to the x", lambda x: x**x, 1.4),
    ("sin exp", lambda x: np.sin(x) * np.exp(-x), 0.9),
    ("cancellation", lambda x: (1 - np.cos(x)) / x**2, 1e-8),
    ("expm1", lambda x: np.expm1(x) / x, 1e-9),
    ("log1p", lambda x: np.log1p(x) - x, 1e-7),
    ("logarithms", lambda x: np.log2(x) + np.log10(x) + np.log(x), 3.7),
    ("exp2", np.exp2, 0.3),
    ("cbrt", np.cbrt, -2.7),
    ("hyperbolic", lambda x: np.tanh(x) + np.sinh(x) / np.cosh(2 * x), 0.6),
    ("inverse", lambda x: np.arcsin(x) + np.arccos(x / 2) + np.arctan(x), 0.4),
    ("inverse hyperbolic", lambda x: np.arcsinh(x) + np.arctanh(x / 3) + np.arccosh(x + 2), 0.8),
    ("tan", np.tan, 1.2),
    ("square, reciprocal", lambda x: np.square(x) + np.reciprocal(x), 1.7),
    ("sign", lambda x: np.sign(x) * x**2, -1.2),
    ("abs", lambda x: np.abs(x - 1) + abs(x + 1), 0.3),
    ("fabs", lambda x: np.fabs(x) ** 1.5, -0.8),
    ("degrees", lambda x: np.sin(np.deg2rad(x)) + np.rad2deg(x) / 100, 30.0),
    ("floor", lambda x: (x - np.floor(x)) ** 2, 2.7),
    ("ceil", lambda x: np.ceil(x) * x, 2.7),
    ("trunc, rint", lambda x: np.trunc(x) * x + np.rint(x) * x**2, -2.7),
    ("modulo", lambda x: (x % 2) ** 2, 5.3),
    ("floor division", lambda x: (x // 2) * x, 5.3),
    ("round", lambda x: round(x) * x, 5.3),
    ("int", lambda x: int(x) * x, 5.3),
    ("if", lambda x: x**2 if x > 0 else -x, 1.5),
    ("clip by comparison", lambda x: min(max(x, -1.0), 1.0) * x, 0.3),
    ("relu off its kink", lambda x: np.maximum(x, 0.0), -1.0),
    ("heaviside by hand", lambda x: x if x >= 2 else 0.0, 1.0),
    ("Newton", newton_root, 3.0),
    ("beside a kink", lambda x: abs(x - 1) + abs(x - 1 - 1e-9), 1 + 1e-10),
    ("Kepler", newton_kepler, 0.3),
    ("Euler", euler, 2.5),
    ("Simpson", simpson, 1.7),
    ("series", series, 1.1),
    ("secant", secant, 5.0),
    ("agm", agm, 0.3),
    ("nested", nested, 0.6),
    ("recursion", recursion, 0.5),
    ("table", table, 1.5),
    ("where scalar", lambda x: np.where(x > 1, x**2, x), 2.0),
    ("float64 constant", lambda x: np.float64(0.3) * x + x * np.float64(2.5), 1.1),
    ("numpy integers", lambda x: np.int64(3) * x ** np.int32(2), 1.1),
    ("conjugate", lambda x: (np.conjugate(x) * x).real, 1.1),
    ("offset", lambda x: 1e8 + np.sin(x), 1.0),
    ("large cancellation", lambda x: (x + 1e8) - 1e8 + x, 0.1),
    ("truth of a number", lambda x: x**2 if x else 1.0, 2.0),
    ("sum", lambda x: np.sum(x**2), V),
    ("method sum", lambda x: (x * x).sum(), V),
    ("builtin sum", lambda x: sum(x * x), V),
    ("mean", lambda x: np.mean(x) * x[0], V),
    ("variance", lambda x: np.var(x), V),
    ("standard deviation", lambda x: np.std(x), V),
    ("product", lambda x: np.prod(x), V),
    ("cumulative", lambda x: np.cumsum(x)[1:] * np.cumprod(x)[:-1], V),
    ("differences", lambda x: np.diff(x) ** 2, V),
    ("dot", lambda x: np.dot(x, x) / 2, V),
    ("quadratic form", lambda x: x @ A @ x, V),
    ("matrix product", lambda x: A @ x, V),
    ("product on the right", lambda x: x @ A, V),
    ("inner", lambda x: np.inner(x, P), V),
    ("outer", lambda x: np.outer(x, x).trace(), V),
    ("einsum", lambda x: np.einsum("i,ij,j->", x, A, x), V),
    ("norm", np.linalg.norm, V),
    ("norm by hand", lambda x: np.sqrt(np.sum(x**2)), V),
    ("maximum", np.max, V),
    ("method max", lambda x: x.max() - x.min(), V),
    ("builtin max", lambda x: max(x) * min(x), V),
    ("clip", lambda x: np.clip(x, -1, 1) * x, V),
    ("where", lambda x: np.where(x > 0, x**2, -(x**3)), V),
    ("masks", lambda x: np.sum(x[x > 0] ** 2), V),
    ("sort", lambda x: np.sort(x) * np.arange(3), V),
    ("argmax", lambda x: x[np.argmax(x)] ** 2, V),
    ("absolute sum", lambda x: np.abs(x).sum(), V),
    ("log sum exp", logsumexp, V),
    ("softmax", softmax, V),
    ("network", network, V),
    ("relu network", relu_network, V),
    ("Huber", huber, V),
    ("Runge-Kutta", runge_kutta, P),
    ("filled", filled, V),
    ("gauss", gauss, P),
    ("Rosenbrock", lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), V),
    ("reshape", lambda x: (x.reshape(3, 1) * x.reshape(1, 3)).sum(axis=0), V),
    ("concatenate", lambda x: np.concatenate([x, x**2]), V),
    ("stack", lambda x: np.stack([x, 2 * x]).T @ np.ones(2), V),
    ("array of entries", lambda x: np.array([x[0] * x[1], np.sin(x[2])]), V),
    ("list of entries", lambda x: [x[0] * x[1], x[2] ** 2], V),
    ("one constant", lambda x: np.array([x[0] ** 2, 1.0]), V),
    ("in place", lambda x: _in_place(x), V),
    ("trapezoid", lambda x: np.trapezoid(x**2, dx=0.5), V),
    ("polyval", lambda x: np.polyval(x, 1.5), V),
    ("convolution", lambda x: np.convolve(x, x), V),
    ("arctan2", lambda x: np.arctan2(x[0], x[2]), V),
    ("hypot", lambda x: np.hypot(x[0], x[2]), V),
    ("roll", lambda x: x * np.roll(x, 1), V),
    ("median", np.median, V),
    ("tile", lambda x: np.tile(x, 2) @ np.arange(6), V),
    ("power array", lambda x: P**x, V),
    ("unpacking", lambda x: x[0] * np.exp(x[1]) / x[2], V),
    ("log add exp", lambda x: np.logaddexp(0, x), 30.0),
    ("erf", lambda x: special.erf(x) + special.gammaln(x), 0.5),
    ("log add exp of arrays", lambda x: np.logaddexp(x, A @ x), V),
    ("expit", lambda x: special.expit(A @ x) @ x, V),
    ("guard", lambda x: x**2 if np.isfinite(x).all() else 0 * x, V),
    ("copysign", lambda x: np.copysign(x**2, x), V),
    ("heaviside", lambda x: np.heaviside(x, 0.5) * x**3, V),
    ("math", lambda x: math.sin(x) * math.log(x, 2) + math.atan2(x, 2) + math.pow(x, 3), 1.2),
    ("math and loops", lambda x: math.fsum(math.exp(t) for t in x), V),
    ("float()", lambda x: float(x) ** 2, 1.1),
    ("array of floats", filled_floats, V),
    ("arrays as floats", lambda x: np.asarray(x, dtype=float) @ x.astype(float), V),
    ("is it a float", lambda x: x**2 if isinstance(x, float) else x[0], 1.1),
    ("vectorize", lambda x: np.vectorize(lambda t: math.sin(t))(x), V),
    ("constants among duals", lambda x: np.sin(np.where(x > 0, x, 0.0)) + np.hypot(2.0, x), V),
    ("several floats", lambda x, y: x * np.sin(y) - y**2, (0.5, 1.5)),
    ("dict", lambda p: np.sum(np.tanh(p["W"] @ p["x"] + p["b"])), {"W": A, "x": V, "b": 0.5}),
]


def _in_place(x):
    x *= 2
    x[0] += x[1] ** 2
    return x


# A name, the code, where, and a word of the reason.
REFUSED: list[tuple[str, Callable[..., Any], Any, str]] = [
    ("float32 cast", lambda x: (x.astype(np.float32) ** 2).sum(), V, "float32"),
    ("np.float32()", lambda x: np.float32(x) ** 2, 1.1, "float32"),
    ("float32 constant", lambda x: x * np.float32(0.1), 1.1, "float32"),
    ("array of float32", lambda x: np.array(x, dtype=np.float32).sum(), V, "float32"),
    ("solve", lambda x: np.linalg.solve(A + np.diag(x), x), V, "LAPACK"),
    ("determinant", lambda x: np.linalg.det(A + np.diag(x)), V, "LAPACK"),
    ("scipy.special", lambda x: special.ellipk(x), 0.5, "ellipk"),
    ("bisection", bisection, 2.0, "comparisons steer it"),
    ("bisection times x", lambda x: x * bisection(x), 2.0, "comparisons steer it"),
    ("bisection beside others", lambda x: 1e3 * x[0] ** 2 + bisection(x[1]), P, "comparisons"),
    ("staircase", lambda x: np.floor(x * 1e9) / 1e9, 0.3, "comparisons steer it"),
    ("a constant", lambda _: 3.0, 1.0, "plain number"),
    ("complex", lambda x: abs(x * 1j), 1.0, "complex"),
    ("rounding to decimals", lambda x: round(x, 2), 1.0, "decimals"),
    ("interpolation", lambda x: np.interp(x, [0.0, 1.0], [0.0, 2.0]), 0.5, "compiled code"),
    ("text", lambda x: f"{x}", 1.0, "no array of real numbers"),
    ("none", lambda _: None, 1.0, "NoneType"),
    ("an exception", lambda x: x[0], 1.0, "raises"),
]
