"""Likelihoods, kernels, fits and small networks, as statisticians and engineers write them."""
# ruff: noqa: D101, D102, N805
# A class body is a problem; its functions are the user's code, planted with bugs from their source.

from __future__ import annotations

import numpy as np
from scipy import special

from tests.planted.gradients.problem import problem
from tests.planted.gradients.smooth import spread

X = np.array([[1, 0.5, -1.2], [1, -0.3, 0.4], [1, 1.7, 0.9], [1, -1.1, -0.6], [1, 0.2, 1.5]])
LABELS = np.array([1, 0, 1, 0, 1])
COUNTS = np.array([3, 0, 5, 1, 2])
T = np.array([0.2, 0.7, 1.1, 1.9, 2.6])
Y = np.array([2.9, 2.1, 1.6, 0.9, 0.4])
LIFETIMES = np.array([0.6, 1.3, 2.2, 3.1])


def linear(row):
    """Return the text of one row's linear predictor in b0, b1, b2."""
    return f"(b0 + ({row[1]})*b1 + ({row[2]})*b2)"


def total(terms):
    """Return the text of a sum of terms."""
    return " + ".join(terms)


BETAS = [[0.3, -0.8, 0.5], [-1.2, 0.6, 1.4], [0.9, 1.1, -0.2]]


@problem(
    total(
        f"softplus({linear(row)}) - {label}*{linear(row)}"
        for row, label in zip(X, LABELS, strict=True)
    ),
    (-3, 3),
    BETAS,
    variables="b0 b1 b2",
    tags="likelihood",
)
class LogisticRegression:
    def f(b):
        eta = X @ b
        return np.sum(np.logaddexp(0, eta) - LABELS * eta)

    def g(b):
        p = 1 / (1 + np.exp(-(X @ b)))
        return X.T @ (p - LABELS)


@problem(
    total(f"exp({linear(row)}) - {y}*{linear(row)}" for row, y in zip(X, COUNTS, strict=True)),
    (-2, 2),
    BETAS,
    variables="b0 b1 b2",
    tags="likelihood",
)
class PoissonRegression:
    def f(b):
        eta = X @ b
        return np.sum(np.exp(eta) - COUNTS * eta)

    def g(b):
        out = np.zeros(3)
        for row, y in zip(X, COUNTS, strict=True):
            out += (np.exp(row @ b) - y) * row
        return out


@problem(
    total(f"((({y}) - mu)^2/(2*exp(2*s)) + s)" for y in Y),
    [(-2, 4), (-1.5, 1.5)],
    [[1.5, -0.2], [0.4, 0.9], [3.1, -1.1]],
    variables="mu s",
    tags="likelihood",
)
class GaussianLikelihood:
    def f(v):
        mu, s = v
        return np.sum((Y - mu) ** 2 / (2 * np.exp(2 * s)) + s)

    def g(v):
        mu, s = v
        scaled = (Y - mu) / np.exp(s)
        return np.array([-np.sum(scaled) / np.exp(s), np.sum(1 - scaled**2)])


@problem(
    total(
        f"(loggamma(1/a) - loggamma({y} + 1/a) - {y}*log(a*mu) + ({y} + 1/a)*log(1 + a*mu))"
        for y in (0, 2, 3, 7)
    ),
    [(0.5, 8), (0.1, 3)],
    [[2.5, 0.6], [6.1, 0.2], [0.9, 2.3]],
    variables="mu a",
    tags="likelihood special",
)
class NegativeBinomial:
    def f(v):
        mu, a = v
        y, k = np.array([0, 2, 3, 7]), 1 / a
        logs = special.gammaln(k) - special.gammaln(y + k)
        return np.sum(logs - y * np.log(a * mu) + (y + k) * np.log(1 + a * mu))

    def g(v):
        mu, a = v
        y = np.array([0, 2, 3, 7])
        k = 1 / a
        dmu = -y / mu + (y + k) * a / (1 + a * mu)
        dk = special.digamma(k) - special.digamma(y + k) + np.log(1 + a * mu)
        da = -(k**2) * dk - y / a + (y + k) * mu / (1 + a * mu)
        return np.array([np.sum(dmu), np.sum(da)])


@problem(
    total(f"(({t}/s)^k - log(k/s) - (k - 1)*log({t}/s))" for t in LIFETIMES),
    (0.4, 4),
    [[1.4, 2.0], [0.7, 1.1], [3.3, 2.8]],
    variables="k s",
    tags="likelihood",
)
class Weibull:
    def f(v):
        k, s = v
        r = LIFETIMES / s
        return np.sum(r**k - np.log(k / s) - (k - 1) * np.log(r))

    def g(v):
        k, s = v
        r = LIFETIMES / s
        dk = np.sum(r**k * np.log(r) - 1 / k - np.log(r))
        ds = np.sum(-k * r**k / s + k / s)
        return np.array([dk, ds])


@problem(
    "s^2*exp(-((x - 0.3)^2 + (y + 0.8)^2)/(2*l^2))",
    [(-2, 2), (-2, 2), (0.3, 3), (0.2, 2)],
    [[0.5, 0.4, 1.2, 0.9], [-1.1, 1.3, 0.5, 1.6], [1.8, -0.9, 2.4, 0.3]],
    variables="x y l s",
    tags="kernel",
)
class RbfKernel:
    def f(v):
        x, y, scale, s = v
        return s**2 * np.exp(-((x - 0.3) ** 2 + (y + 0.8) ** 2) / (2 * scale**2))

    def g(v):
        x, y, scale, s = v
        square = (x - 0.3) ** 2 + (y + 0.8) ** 2
        k = s**2 * np.exp(-square / (2 * scale**2))
        return np.array(
            [
                -k * (x - 0.3) / scale**2,
                -k * (y + 0.8) / scale**2,
                k * square / scale**3,
                2 * k / s,
            ]
        )


@problem(
    "s^2*(1 + sqrt(5)*r/l + 5*r^2/(3*l^2))*exp(-sqrt(5)*r/l)",
    [(0.05, 4), (0.2, 3), (0.2, 2)],
    [[0.7, 1.1, 0.8], [2.3, 0.5, 1.4], [3.6, 2.7, 0.4]],
    variables="r l s",
    tags="kernel",
)
class Matern:
    def f(v):
        r, scale, s = v
        a = np.sqrt(5) * r / scale
        return s**2 * (1 + a + a**2 / 3) * np.exp(-a)

    def g(v):
        r, scale, s = v
        a = np.sqrt(5) * r / scale
        slope = -(s**2) * a * (1 + a) / 3 * np.exp(-a)
        return np.array(
            [
                slope * np.sqrt(5) / scale,
                -slope * a / scale,
                2 * s * (1 + a + a**2 / 3) * np.exp(-a),
            ]
        )


HIDDEN = 3


def unit(j):
    """Return the text of a hidden unit of the network with one input and one output."""
    return f"tanh(w{j}*({{t}}) + c{j})"


def network_text():
    """Return the text of half the sum of squares of a network's errors on T, Y."""
    terms = []
    for t, y in zip(T[:3], Y[:3], strict=True):
        out = total(f"v{j}*" + unit(j).format(t=t) for j in range(HIDDEN))
        terms.append(f"({out} + d - {y})^2/2")
    return total(terms)


@problem(
    network_text(),
    (-1.5, 1.5),
    spread(10, -1.5, 1.5),
    variables="w0 w1 w2 c0 c1 c2 v0 v1 v2 d",
    tags="network",
)
class Network:
    def f(p):
        w, c, v, d = p[:3], p[3:6], p[6:9], p[9]
        hidden = np.tanh(np.outer(T[:3], w) + c)
        return np.sum((hidden @ v + d - Y[:3]) ** 2) / 2

    def g(p):
        w, c, v, d = p[:3], p[3:6], p[6:9], p[9]
        hidden = np.tanh(np.outer(T[:3], w) + c)
        error = hidden @ v + d - Y[:3]
        back = np.outer(error, v) * (1 - hidden**2)
        return np.concatenate([T[:3] @ back, np.sum(back, axis=0), error @ hidden, [np.sum(error)]])


@problem(
    total(
        f"(log(exp(a0 + b0*{t}) + exp(a1 + b1*{t}) + exp(a2 + b2*{t})) - (a{k} + b{k}*{t}))"
        for t, k in ((0.4, 0), (1.3, 2), (-0.8, 1))
    ),
    (-3, 3),
    [
        [0.2, -0.5, 1.1, 0.7, -1.4, 0.3],
        [2.1, 0.4, -1.7, 1.9, 0.8, -0.6],
        [-1, 1.5, 0.1, -2, 0.9, 2],
    ],
    variables="a0 a1 a2 b0 b1 b2",
    tags="likelihood",
)
class SoftmaxRegression:
    def f(p):
        loss = 0.0
        for t, k in ((0.4, 0), (1.3, 2), (-0.8, 1)):
            logits = p[:3] + p[3:] * t
            loss += np.log(np.sum(np.exp(logits))) - logits[k]
        return loss

    def g(p):
        out = np.zeros(6)
        for t, k in ((0.4, 0), (1.3, 2), (-0.8, 1)):
            e = np.exp(p[:3] + p[3:] * t)
            delta = e / np.sum(e)
            delta[k] -= 1
            out[:3] += delta
            out[3:] += delta * t
        return out


@problem(
    total(f"(vmax*{t}/(km + {t}) - {y})^2" for t, y in zip(T, Y, strict=True)),
    [(0.5, 5), (0.1, 3)],
    [[2.2, 0.7], [4.1, 1.9], [1.3, 0.2]],
    variables="vmax km",
    tags="fit",
)
class MichaelisMenten:
    def f(v):
        return np.sum((v[0] * T / (v[1] + T) - Y) ** 2)

    def g(v):
        residual = v[0] * T / (v[1] + T) - Y
        dv = 2 * np.sum(residual * T / (v[1] + T))
        dk = -2 * np.sum(residual * v[0] * T / (v[1] + T) ** 2)
        return np.array([dv, dk])


@problem(
    [f"a*exp(-k*{t}) + c - {y}" for t, y in zip(T, Y, strict=True)],
    [(0.5, 5), (0.1, 3), (-1, 1)],
    [[3, 0.9, 0.1], [1.4, 2.2, -0.6], [4.5, 0.3, 0.8]],
    variables="a k c",
    tags="fit jacobian",
)
class DecayResiduals:
    def f(p):
        return p[0] * np.exp(-p[1] * T) + p[2] - Y

    def g(p):
        decay = np.exp(-p[1] * T)
        return np.stack([decay, -p[0] * T * decay, np.ones(len(T))], axis=1)


@problem(
    "a*exp(-e/(8.314*t))",
    [(1e8, 1e11), (3e4, 9e4), (280, 500)],
    [[1e9, 5e4, 300], [6e10, 8e4, 450], [3e8, 3.5e4, 390]],
    variables="a e t",
    tags="scaled",
)
class Arrhenius:
    def f(v):
        a, e, t = v
        return a * np.exp(-e / (8.314 * t))

    def g(v):
        a, e, t = v
        k = np.exp(-e / (8.314 * t))
        return np.array([k, -a * k / (8.314 * t), a * k * e / (8.314 * t**2)])


D1 = "((log(s/k) + (r + v^2/2)*t)/(v*sqrt(t)))"
D2 = f"({D1} - v*sqrt(t))"


@problem(
    f"s*erfc(-{D1}/sqrt(2))/2 - k*exp(-r*t)*erfc(-{D2}/sqrt(2))/2",
    [(60, 140), (60, 140), (0.005, 0.1), (0.1, 0.6), (0.1, 3)],
    [[100, 95, 0.03, 0.2, 1], [80, 110, 0.01, 0.45, 2.5], [130, 100, 0.08, 0.3, 0.4]],
    variables="s k r v t",
    tags="model special",
)
class BlackScholes:
    def f(p):
        s, k, r, v, t = p
        d1 = (np.log(s / k) + (r + v**2 / 2) * t) / (v * np.sqrt(t))
        return s * special.ndtr(d1) - k * np.exp(-r * t) * special.ndtr(d1 - v * np.sqrt(t))

    def g(p):
        s, k, r, v, t = p
        d1 = (np.log(s / k) + (r + v**2 / 2) * t) / (v * np.sqrt(t))
        d2 = d1 - v * np.sqrt(t)
        density = np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi)
        discounted = k * np.exp(-r * t) * special.ndtr(d2)
        return np.array(
            [
                special.ndtr(d1),
                -np.exp(-r * t) * special.ndtr(d2),
                t * discounted,
                s * density * np.sqrt(t),
                s * density * v / (2 * np.sqrt(t)) + r * discounted,
            ]
        )


@problem(
    "-log(0.3*exp(-(x - a)^2/2) + 0.7*exp(-(x - b)^2/(2*c^2))/c)",
    [(-3, 3), (-2, 2), (-2, 2), (0.4, 2)],
    [[0.5, -0.6, 1.1, 0.8], [-2.1, 0.3, -1.4, 1.5], [1.9, 1.7, -0.2, 0.5]],
    variables="x a b c",
    tags="likelihood",
)
class MixtureLikelihood:
    def f(v):
        x, a, b, c = v
        return -np.log(
            0.3 * np.exp(-((x - a) ** 2) / 2) + 0.7 * np.exp(-((x - b) ** 2) / (2 * c**2)) / c
        )

    def g(v):
        x, a, b, c = v
        p = 0.3 * np.exp(-((x - a) ** 2) / 2)
        q = 0.7 * np.exp(-((x - b) ** 2) / (2 * c**2)) / c
        total = p + q
        da = -p * (x - a) / total
        db = -q * (x - b) / (c**2 * total)
        dc = -q * ((x - b) ** 2 / c**3 - 1 / c) / total
        return np.array([-da - db, da, db, dc])


@problem("log(p/(1 - p))", (0.001, 0.999), [0.2, 0.5, 0.97], variables="p", array=True, tags="link")
class LogitLink:
    def f(p):
        return np.log(p[0] / (1 - p[0]))

    def g(p):
        return 1 / (p * (1 - p))


@problem("log(-log(1 - p))", (0.01, 0.99), [0.1, 0.6, 0.95], variables="p", tags="link")
class CLogLogLink:
    def f(p):
        return np.log(-np.log(1 - p))

    def g(p):
        return 1 / ((p - 1) * np.log(1 - p))
