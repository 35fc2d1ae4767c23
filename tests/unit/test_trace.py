"""Tracing: ordinary NumPy code becomes the Formula that it computes, or we say why not."""

# ruff: noqa: ARG005, D102, D103, N803  # the functions of the tables are written as users write them

from __future__ import annotations

import functools
import io
import math
import operator
import pickle
import statistics
import threading
import time
from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg as sla
from numpy import exp, linspace, zeros
from scipy import special, stats
from scipy.special import expit, logsumexp, xlogy

from symnum.checking.check import check
from symnum.errors import SymnumError, TraceError, UsageError
from symnum.formula.formula import Formula
from symnum.formula.trace import Trace, trace, trace_with_conditions

RNG = np.random.default_rng(3)
# Its name changed in NumPy 2.
trapezoid = getattr(np, "trapezoid", None) or getattr(np, "trapz")  # noqa: B009
A3 = RNG.normal(size=(3, 3))
A43 = RNG.normal(size=(4, 3))
SPD = A3 @ A3.T + 3 * np.eye(3)
Y4 = np.array([1.0, 0.0, 1.0, 1.0])
CENTRES = RNG.normal(size=(3, 4))
EPS = np.finfo(float).eps


# --- code as people write it ---------------------------------------------------------------------


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


def rosenbrock_gradient(x):
    xm = x[1:-1]
    xm_m1 = x[:-2]
    xm_p1 = x[2:]
    der = np.zeros_like(x)
    der[1:-1] = 200 * (xm - xm_m1**2) - 400 * (xm_p1 - xm**2) * xm - 2 * (1 - xm)
    der[0] = -400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0])
    der[-1] = 200 * (x[-1] - x[-2] ** 2)
    return der


def rastrigin(x):
    return 10 * len(x) + np.sum(x**2 - 10 * np.cos(2 * np.pi * x))


def ackley(x, a=20, b=0.2, c=2 * np.pi):
    d = x.size
    return (
        -a * np.exp(-b * np.sqrt(np.sum(x**2) / d)) - np.exp(np.sum(np.cos(c * x)) / d) + a + np.e
    )


def griewank(x):
    i = np.arange(1, len(x) + 1)
    return np.sum(x**2) / 4000 - np.prod(np.cos(x / np.sqrt(i))) + 1


def styblinski(x):
    return 0.5 * sum(xi**4 - 16 * xi**2 + 5 * xi for xi in x)


def logistic_loss(w):
    z = A43 @ w
    return -np.mean(Y4 * np.log(expit(z)) + (1 - Y4) * np.log(1 - expit(z)))


def logistic_gradient(w):
    p = 1.0 / (1.0 + np.exp(-A43.dot(w)))
    return A43.T.dot(p - Y4) / len(Y4)


def softmax_cross_entropy(z):
    z = z - np.max(z)
    p = np.exp(z) / np.sum(np.exp(z))
    return -np.log(p[1])


def softmax_jacobian(z):
    s = special.softmax(z)
    return np.diag(s) - np.outer(s, s)


def mixture(x):
    log_w = np.log([0.2, 0.3, 0.5])
    d = x[None, :] - CENTRES[:, :3]
    return -logsumexp(log_w - 0.5 * np.sum(d**2, axis=1))


def pairwise(x):
    p = x.reshape(-1, 2)
    d = p[:, None, :] - p[None, :, :]
    r = np.sqrt((d**2).sum(-1) + 1e-3)
    return np.triu(1 / r, 1).sum()


def lennard_jones(x):
    p = x.reshape(3, -1)
    e = 0.0
    for i in range(len(p)):
        for j in range(i):
            r2 = np.dot(p[i] - p[j], p[i] - p[j])
            e += 4 * (r2**-6 - r2**-3)
    return e


def mlp(theta):
    w1 = theta[:6].reshape(2, 3)
    b1 = theta[6:8]
    w2 = theta[8:10]
    h = np.tanh(w1 @ np.array([0.1, -0.4, 2.0]) + b1)
    return np.square(w2 @ h + theta[10] - 0.3)


def rbf_kernel(x):
    return np.exp(-0.5 * np.subtract.outer(x, x) ** 2 / 0.7**2)


def normal_pdf(x):
    return np.exp(-(x**2) / 2.0) / np.sqrt(2 * np.pi)


def student_logpdf(x, df=4.5):
    lp = special.gammaln((df + 1) / 2) - special.gammaln(df / 2)
    return lp - 0.5 * np.log(df * np.pi) - (df + 1) / 2 * np.log1p(x**2 / df)


def logit_link(p):
    p = np.clip(p, EPS, 1.0 - EPS)
    return np.log(p / (1.0 - p))


def cloglog_link(p):
    p = np.asarray(p, dtype=float)
    return np.log(-np.log(1 - p))


def fills_zeros(x):
    g = np.zeros(3)
    g[0] = 2 * x[0] * x[1]
    g[1] = x[0] ** 2
    g[2] += math.exp(x[2])
    return g


def fills_from_import(x):
    g = zeros(len(x))
    for i in range(len(x)):
        g[i] = exp(x[i]) * i
    return g


def fills_matrix(x):
    h = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            h[i, j] = x[i] * x[j] if i != j else 2.0
    return h


def writes_through_a_view(x):
    out = np.ones((2, 3))
    row = out[1]
    row[:] = x
    row *= 2
    out.T[0] += 1
    return out


def imports_inside(x):
    import math as m

    import numpy  # noqa: ICN001  # some do
    from scipy.special import erf

    return m.sqrt(x[0]) + numpy.zeros(1)[0] + erf(x[1])


def uses_accumulator(x):
    total = 0
    for k, v in enumerate(x):
        total = total + v**k
    return total


def mutates(x):
    x[0] = x[1] * 2
    x += 1
    return x.sum()


def number_is_not_changed(x):
    s = x[0]
    t = s
    t += 1
    return s * t * x[0]


def helper_chain(x):
    return _helper(x, lambda y: np.asarray(y, float) ** 2)


def _helper(x, g):
    out = np.empty_like(x)
    out[:] = g(x)
    return functools.reduce(operator.add, out)


@functools.cache
def cached(a, b):
    return a * b + a


def masked_assignment(x):
    out = x.copy()
    out[x < 0.8] = 0.0
    return out


def safe_divide(x):
    return np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)


def polynomial(x):
    return np.polyval([1.0, -2.0, 0.5, 3.0], x)


def horner(x):
    r = 0.0
    for c in (0.1, -0.7, 0.3):
        r = r * x + c
    return r


def haversine(x):
    lat1, lon1, lat2 = np.radians(x)
    a = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin(lon1 / 2) ** 2
    return 2 * np.arcsin(np.sqrt(a))


def scatter_add(x):
    g = np.zeros(2)
    np.add.at(g, [0, 1, 0], x)
    return g


def newton_step(x):
    j = np.array([[2 * x[0], 1.0], [1.0, x[1]]])
    return np.linalg.solve(j, np.array([x[2], 1.0]))


def huber(x, delta=0.9):
    a = np.abs(x)
    return np.where(a <= delta, 0.5 * x**2, delta * (a - 0.5 * delta)).sum()


def selects(x):
    return np.select([x < 0.5, x < 1.0], [x**2, np.sin(x)], default=1.0)


def checks_its_input(x):
    if isinstance(x, np.ndarray) and x.ndim == 1 and x.dtype == float:
        x = np.atleast_1d(x)
    if not np.all(np.isfinite(x)):
        raise ValueError
    assert x.shape == (3,)
    return float(np.sum(x))


def matrix_of_scalars(x):
    c, s = np.cos(x[0]), np.sin(x[0])
    rotation = np.array([[c, -s], [s, c]])
    return rotation @ x[1:]


def blocks(x):
    return np.block([[np.eye(2), x[:2, None]], [x[None, 1:], np.ones((1, 1))]])


FROZEN = stats.norm(0.25, 2.0)
ACTIVATIONS = {"tanh": np.tanh, "relu": lambda v: np.asarray(v, float) * (v > 0)}


def black_scholes(x):
    s, k, t = x
    d1 = (np.log(s / k) + (0.03 + 0.02) * t) / (0.2 * np.sqrt(t))
    return s * stats.norm.cdf(d1) - k * np.exp(-0.03 * t) * stats.norm.cdf(d1 - 0.2 * np.sqrt(t))


def functions_in_a_table(x, layers=("tanh", "relu")):
    for name in layers:
        x = ACTIVATIONS[name](x)
    return x


class Model:
    """A model with parameters, a helper and state of its own."""

    def __init__(self, scale):
        self.scale = scale
        self.calls = 0

    def _prior(self, x):
        out = np.zeros(3)
        out[:] = x * self.scale
        return out

    def __call__(self, x):
        self.calls += 1
        return np.sum(self._prior(x) ** 2)

    def loss(self, x):
        return self(x) + math.cos(x[0])


MODEL = Model(0.3)

CODE = [
    # whole functions
    rosenbrock, rosenbrock_gradient, rastrigin, ackley, griewank, styblinski, logistic_loss,
    logistic_gradient, softmax_cross_entropy, softmax_jacobian, mixture, normal_pdf, student_logpdf,
    cloglog_link, fills_zeros, fills_from_import, fills_matrix, writes_through_a_view,
    imports_inside, uses_accumulator, number_is_not_changed, helper_chain, masked_assignment,
    safe_divide, polynomial, horner, haversine, scatter_add, newton_step, huber, selects,
    checks_its_input, matrix_of_scalars, blocks, rbf_kernel, MODEL, MODEL.loss,
    functools.partial(ackley, b=0.5), np.vectorize(lambda v: v**2 + 1), np.sum, np.sin,
    black_scholes, functions_in_a_table,
    lambda x: MODEL.loss(x) + [MODEL][0]._prior(x)[0],
    lambda x: FROZEN.pdf(x) + stats.norm(x, 2).logpdf(1.0) + stats.norm.logcdf(x) + FROZEN.sf(x),
    lambda x: stats.gamma.logpdf(x, 2.3, scale=2.0) + stats.beta.pdf(x / 2, 2.0, 3.0),
    lambda x: stats.expon.cdf(x - 1, loc=-0.2) + stats.norm.pdf([1.0, 2.0, 3.0]) * x,
    # arithmetic
    lambda x: +x - -x * 2 / 3,
    lambda x: 1 - x,
    lambda x: 2**x + x**2 + x**-1.5 + x**0,
    lambda x: x // 0.4 + x % 0.4,
    lambda x: 3 // x + 3 % x,
    lambda x: divmod(x, 0.3)[0] + np.divmod(x, 0.3)[1],
    lambda x: abs(-x) + np.fmod(x, 0.3) + np.trunc(-3 * x) + np.fix(3 * x),
    lambda x: np.float64(2.5) * x[0] + np.float32(0.1) * x,
    lambda x: [1, 2, 3] * x + np.arange(3),
    lambda x: x @ x + x.dot(x) - np.vdot(x, x) * np.inner(x, x),
    lambda x: (x[:, None] * x).ravel(),
    lambda x: round(2.7) * x,
    lambda x: ((x > 0.5) * (x < 1)) * x + (x > 1.2) + ((x > 0.6) + (x < 0.3)) * 1.0,
    lambda x: (x > 1).max() + (x > 1).min() + np.sum((x > 0.5) & True),
    lambda x: (x > 0.7) * x + (x < 0.9).astype(float) + np.sum(x > 0.5),
    lambda x: np.where((x > 0.5) & ~(x > 1.0) | (x < 0.1), x, 0.0),
    lambda x: np.where(np.logical_xor(x > 0.5, x > 0.9), 1.0, x),
    lambda x: np.where(True, x, 0) + np.where([True, False, True], x, 2.0),
    lambda x: np.where(x > 0, np.log(x), -np.inf),
    # ufuncs
    lambda x: np.exp(x) + np.exp2(x) + np.expm1(x),
    lambda x: np.log(x) + np.log2(x) + np.log10(x) + np.log1p(x),
    lambda x: np.sqrt(x) + np.cbrt(x) + np.square(x) + np.reciprocal(x) + np.positive(x),
    lambda x: np.sin(x) + np.cos(x) * np.tan(x) - np.arctan(x),
    lambda x: np.arcsin(x / 2) + np.arccos(x / 2) + np.arctan2(x, 0.3) + np.hypot(x, 2),
    lambda x: np.sinh(x) + np.cosh(x) + np.tanh(x),
    lambda x: np.arcsinh(x) + np.arccosh(x + 1) + np.arctanh(x / 2),
    lambda x: np.logaddexp(x, 0.2) + np.logaddexp2(x, 1),
    lambda x: np.maximum(x, 0.7) + np.minimum(x, 0.7) + np.fmax(x, 0.1) - np.fmin(x, 0.1),
    lambda x: np.abs(x) + np.fabs(x - 1) + np.sign(x - 1) + np.floor(3 * x) + np.ceil(3 * x),
    lambda x: np.deg2rad(x) + np.rad2deg(x) + np.degrees(x) + np.radians(x),
    lambda x: np.heaviside(x - 0.7, 0.5) + np.copysign(2.0, x - 1) + np.sinc(x),
    lambda x: np.power(x, 3) + np.float_power(x, 0.5) + np.negative(x),
    lambda x: np.clip(x, 0.5, 1.0) + x.clip(0.6) + np.clip(x, None, 0.9) + np.clip(x, 0, np.inf),
    lambda x: np.multiply.outer(x, x) + np.add.reduce(x) + np.multiply.accumulate(x),
    lambda x: np.maximum.reduce(x) - np.minimum.reduce(np.array([x[0], x[1] * 2])),
    # scipy
    lambda x: special.expit(x) + special.logit(x / 2) + special.log_expit(x),
    lambda x: special.erf(x) + special.erfc(x) + special.ndtr(x) + special.log_ndtr(x),
    lambda x: special.gamma(x) + special.gammaln(x) + special.loggamma(x) + special.beta(x, 2),
    lambda x: special.psi(x) + special.digamma(x) + special.polygamma(1, x) + special.betaln(x, 2),
    lambda x: special.jv(1.5, x) + special.yv(1, x) + special.iv(0.5, x) + special.kv(2, x),
    lambda x: special.j0(x) + special.j1(x) + special.i0(x) + special.k1(x) + special.i0e(x),
    lambda x: xlogy(x, x + 1) + special.xlog1py(2, x) + special.entr(x) + special.rel_entr(x, 0.3),
    lambda x: special.softmax(x) * special.log_softmax(x),
    lambda x: special.logsumexp(x, b=[1, 2, 3]) + special.logsumexp(A3 * x, axis=1),
    lambda x: special.boxcox(x, 0.5) + special.boxcox(x, 0) + special.exprel(x) + special.cosm1(x),
    # math
    lambda x: math.sin(x[0]) * math.log(x[1]) + math.log(x[2], 3) + math.pi,
    lambda x: math.pow(x[0], 2) + math.hypot(x[0], x[1]) + math.erf(x[2]) + math.lgamma(x[1]),
    lambda x: math.fsum(x) + math.prod(x) + math.sqrt(4) + math.atan2(x[0], x[1]),
    # reductions
    lambda x: x.sum() + x.mean() * x.prod() - x.var() + x.std(ddof=1),
    lambda x: x.max() * x.min() + np.ptp(x) + np.amax(x) + max(0, 1),
    lambda x: (A43 * x).sum(axis=0) + (A43 * x).mean(0) - np.prod(A43 * x, axis=0),
    lambda x: np.sum(A43 * x, axis=(0, 1), keepdims=True) + np.max(A43 * x, axis=1, keepdims=True),
    lambda x: np.cumsum(x) + np.cumprod(x) + np.cumsum(A3 * x, axis=1)[0],
    lambda x: np.diff(x, prepend=0) + np.ediff1d(x, to_end=0),
    lambda x: np.var(A43 * x, axis=1, ddof=1) + np.std(A43 * x, axis=1),
    lambda x: np.average(x, weights=[1, 2, 3]) + np.average(A3 * x, axis=0, weights=x),
    lambda x: np.linalg.norm(x) + np.linalg.norm(x, 1) + np.linalg.norm(x, 3),
    lambda x: np.linalg.norm(x, np.inf) + np.linalg.norm(x, -np.inf),
    lambda x: np.linalg.norm(A43 * x, axis=1) + np.linalg.norm(A3 * x) + np.linalg.norm(A3 * x, 1),
    lambda x: np.sum(x, where=[True, False, True]) + np.sum(x, initial=2.0) + sum(x) + sum(x, 1.5),
    lambda x: trapezoid(x, dx=0.1),
    lambda x: np.cov(A3 * x)[0, 1] + np.corrcoef(A3 * x)[0, 1],
    lambda x: np.nansum(x) + np.nanmean(x) + np.nanmax(x),
    # products
    lambda x: x @ A3 @ x + np.dot(A3, x) @ np.ones(3) + np.matmul(A43, x).sum(),
    lambda x: np.einsum("i,ij,j", x, A3, x) + np.einsum("ij,j->i", A43, x).sum(),
    lambda x: np.einsum("ii->i", np.outer(x, x)) + np.einsum("...i,i", A3, x),
    lambda x: np.tensordot(A43, x, axes=1).sum(),
    lambda x: np.tensordot(A3, np.outer(x, x), ([0, 1], [0, 1])),
    lambda x: np.trace(np.outer(x, x)) + np.outer(x, x).trace() + np.kron(x, [1.0, 2])[1],
    lambda x: np.cross(x, [1.0, 2, 3]) + np.convolve(x, [1, 2.0], "same"),
    lambda x: np.stack([A3 * x, A3]) @ x,
    lambda x: np.linalg.multi_dot([x, A3, x]) + np.linalg.matrix_power(A3 * x, 2)[0, 0],
    # linear algebra
    lambda x: np.linalg.det(A3 * x) + np.linalg.slogdet(SPD * np.outer(x, x))[1],
    lambda x: np.linalg.inv(SPD + np.diag(x)),
    lambda x: np.linalg.solve(SPD, x) + sla.solve(SPD + np.diag(x), x) + sla.norm(x),
    lambda x: x @ np.linalg.inv(SPD) @ x + np.linalg.det(SPD) * x[0],
    # shapes
    lambda x: np.concatenate([x, [1.0], x[::-1]]) * 2,
    lambda x: np.hstack([x, x[:1]]) + np.r_[x, 0.0] + np.append(x, 3),
    lambda x: np.vstack([x, x + 1]).T @ np.column_stack([x, x])[:2],
    lambda x: np.c_[x, x**2].reshape(-1)[[0, 3, -1]] + x[[2, 0, 1]],
    lambda x: np.roll(x, 1) - np.flip(x) + np.tile(x, 2)[1:4] + np.repeat(x, 2)[::2],
    lambda x: np.swapaxes(A43 * x, 0, 1) @ np.moveaxis(A43 * x, 0, 0),
    lambda x: np.expand_dims(x, 0).squeeze() + np.broadcast_to(x, (2, 3))[1] + x[None][0],
    lambda x: np.take(x, [0, 0, 2]) + x.take([1, 1, 1]),
    lambda x: np.take_along_axis(x, np.array([2, 1, 0]), 0),
    lambda x: np.diag(x) + np.tril(np.outer(x, x)) - np.triu(np.outer(x, x), 1) + np.eye(3) * x,
    lambda x: np.diagonal(np.outer(x, x)) + np.pad(x, 1)[1:4] + x[np.array([True, True, True])],
    lambda x: np.split(x, 3)[1] + np.array_split(x, 2)[0].sum() + x[..., 0] + x[-1:],
    lambda x: np.array([x, 2 * x]).sum(0) + np.asarray([x[0], 1, x[1]]) + np.full(3, x[2]),
    lambda x: np.meshgrid(x, [1.0, 2])[0] + np.atleast_2d(x) + np.reshape(x, (1, 3)),
    lambda x: np.insert(x, 1, 5.0) + np.zeros((2, 4)) + np.ones_like(x, shape=4),
    lambda x: np.array(x.tolist()) + np.array(list(x)) + np.copy(x) + x.flatten() + x.flat[1],
    lambda x: linspace(0, 1, 3) * x + np.fromiter([1.0, 2.0, 3.0], float),
    lambda x: np.apply_along_axis(np.sum, 1, A3 * x),
    lambda x: np.apply_along_axis(lambda v: v[::-1] * 2, 0, A43 * x),
    lambda x: np.polyval(x, 0.3) + np.vander(x, 3)[0] + np.gradient(x),
    # results
    lambda x: (x[0], x[1] * 2),
    lambda x: [[x[0], 1], (x[1], x[2])],
    lambda x: {"a": x, "b": x[0]} and np.append(x, x[0]),
    lambda x: 3.25,
    lambda x: np.zeros(2),
    lambda x: x > 0.5,
]  # fmt: skip


def expected(function, x):
    """Return what the function gives, called on a copy and without warnings."""
    with np.errstate(all="ignore"):
        return np.asarray(function(x.copy()), dtype=float)


def close(given, wanted):
    """Compare up to a few ulps, sums being rounded in another order."""
    np.testing.assert_allclose(given, wanted, rtol=2e-14, atol=2e-15)


@pytest.mark.parametrize("place", range(len(CODE)))
def test_code_becomes_the_formula_that_it_computes(place):
    """The formula of a table of ordinary code has the code's shape and values at random points."""
    function = CODE[place]
    result = trace_with_conditions(function, 3)
    assert result.conditions == ()
    assert result.formula.variables == ("x0", "x1", "x2") or function is not CODE[0]
    for x in RNG.uniform(0.35, 1.6, (3, 3)):
        wanted = expected(function, x)
        assert result.formula.shape == wanted.shape
        close(result.formula(x), wanted)


@pytest.mark.parametrize(
    ("function", "n"),
    [(pairwise, 6), (lennard_jones, 6), (mlp, 11), (rosenbrock, 12), (lambda x: x[0] / x[1], 2)],
)
def test_code_with_other_numbers_of_variables(function, n):
    """n says how long the array is."""
    x = RNG.uniform(0.4, 1.5, n)
    close(trace(function, n)(x), expected(function, x))


def test_table_is_long():
    """There are more than a hundred pieces of code in the table."""
    assert len(CODE) > 110


# --- constants -----------------------------------------------------------------------------------


def test_constants_are_the_doubles_of_the_code():
    """0.1 in code is a double, taken exactly and printed as its shortest decimal."""
    f = trace(lambda x: 0.1 * x + 1 / 3, 1)
    values = {line.value for line in f.program.lines if line.op == "const"}
    assert values == {Fraction(0.1), Fraction(1 / 3)}
    assert str(f) == "0.1*x + 0.3333333333333333"


def test_code_without_variables_computes_its_constants():
    """What the code computes of constants is computed by NumPy, rounded as ever."""
    scale = np.array([0.1, 0.2, 0.3])
    f = trace(lambda x: np.sum(scale) * x, 1)
    assert str(f) == f"{float(np.sum(scale))!r}*x"


def test_integers_are_exact():
    """Integers stay what they are, beyond 2**53 too."""
    assert str(trace(lambda x: x + 2**60 + np.int64(7), 1)) == "x + 1152921504606846976 + 7"


def test_adding_zero_and_multiplying_by_one_write_nothing():
    """The zeros that loops start from don't stand in the formula."""
    assert str(trace(lambda x: sum(x) * 1.0 - 0, 2)) == "x0 + x1"


def test_nothing_else_is_simplified():
    """The formula is undefined where the code is."""
    assert str(trace(lambda x: 0 * x + x / x, 1)) == "0*x + x/x"


def test_infinite_bounds_write_nothing():
    """Clipping at infinity is no clipping, and comparing with it is decided."""
    f = trace(lambda x: np.clip(x, -np.inf, 3.0) + (x if x < np.inf else 0), 1)
    assert str(f) == "min(x, 3) + x"


def test_sums_are_added_from_left_to_right():
    """A long sum is one chain, in the order of the elements."""
    assert str(trace(lambda x: np.sum(x), 4)) == "x0 + x1 + x2 + x3"


# --- forms of arguments and labels ---------------------------------------------------------------


def test_several_scalars_are_named_as_the_parameters():
    """Without n, the parameters without a default are the variables."""
    f = trace(lambda t, omega=2.0: np.sin(omega * t))
    assert (str(f), f.variables) == ("sin(2*t)", ("t",))
    g = trace(lambda a, b: a**b, 2)
    assert (str(g), g.variables) == ("a**b", ("a", "b"))


def test_an_array_called_x_has_labels_with_digits_only():
    """x0, x1 for an array x; theta[0] for any other."""
    assert trace(lambda x: x[0] + x[1], 2).variables == ("x0", "x1")
    assert trace(lambda theta: theta[0] + theta[1], 2).variables == ("theta[0]", "theta[1]")


def test_a_matrix_has_labels_with_two_indices():
    """shape makes an array of any shape."""
    f = trace(lambda W: (W @ W.T).sum(), shape=(2, 3))
    assert f.variables[:2] == ("W[0,0]", "W[0,1]")
    assert len(f.variables) == 6


def test_a_dict_of_arrays():
    """A function of one dict takes its arrays under their keys."""

    def loss(p):
        return np.sum(np.tanh(p["W1"] @ np.array([1.0, 2.0]) + p["b"])) * p["s"]

    f = trace(loss, shape={"W1": (3, 2), "b": (3,), "s": ()})
    assert f.variables[0] == "W1[0,0]"
    assert f.variables[-2:] == ("b[2]", "s")
    p = {"W1": RNG.normal(size=(3, 2)), "b": RNG.normal(size=3), "s": 2.0}
    flat = np.concatenate([np.ravel(value) for value in p.values()])
    close(f(flat), loss(p))
    assert trace(loss, at=p).variables == f.variables


def test_several_arrays_are_given_by_the_names_of_the_parameters():
    """A dict of shapes names the parameters of a function of several arrays."""
    f = trace(lambda a, W: W @ a, shape={"a": (2,), "W": (3, 2)})
    assert f.shape == (3,)
    assert f.variables[:3] == ("a[0]", "a[1]", "W[0,0]")


def test_a_gradient_as_a_dict_is_joined_in_the_order_of_the_arguments():
    """Values of a dict are flattened and joined, in the order of the argument's keys."""

    def gradient(p):
        return {"b": p["b"] * 2, "w": p["w"] * 3}

    f = trace(gradient, shape={"w": (2, 2), "b": (1,)})
    assert str(f) == "[w[0,0]*3, w[0,1]*3, w[1,0]*3, w[1,1]*3, b[0]*2]"


def test_one_variable_is_a_scalar_where_that_works():
    """With n = 1 the function gets a number, or an array of one if it wants that."""
    assert trace(lambda x: x**2, 1).shape == ()
    assert trace(lambda x: x[0] ** 2, 1).variables == ("x0",)
    assert trace(lambda x: x**2, at=[0.5]).shape == (1,)
    assert trace(lambda x: x**2, at=0.5).shape == ()


def test_names_replace_the_labels():
    """Other labels can be given."""
    assert str(trace(lambda x: x[0] * x[1], 2, names=["u", "v"])) == "u*v"


def test_the_argument_is_not_changed():
    """A function that writes into its argument writes into the trace's own copy."""
    at = np.array([0.5, 1.5])
    f = trace(mutates, at=at)
    assert at.tolist() == [0.5, 1.5]
    assert str(f) == "x1*2 + 1 + (x1 + 1)"


def test_users_objects_are_not_changed():
    """An object's attributes are the copy's: the user's own counter stays."""
    before = MODEL.calls
    trace(MODEL.loss, 3)
    assert MODEL.calls == before


def test_caches_are_not_filled():
    """A cached function is run, not its cache: no symbol is left behind in it."""
    assert str(trace(lambda a, b: cached(a, b))) == "a*b + a"
    assert cached.cache_info().currsize == 0


def test_modules_are_as_before():
    """Nothing in NumPy or math is replaced, not even while a function is traced."""
    seen = []

    def watch(x):
        done = threading.Thread(target=lambda: seen.append(type(np_zeros(2))))
        done.start()
        done.join()
        return x**2

    np_zeros = zeros.__call__
    originals = np.zeros, np.asarray, math.exp
    trace(watch, 2)
    assert seen == [np.ndarray]
    assert originals == (np.zeros, np.asarray, math.exp)


# --- branches ------------------------------------------------------------------------------------


def test_a_branch_follows_the_point_and_is_recorded():
    """A branch on data gives the formula of one path, and its condition."""

    def f(x):
        if x[0] > 1.0:
            return x[0] ** 2
        return x[1]

    right = trace_with_conditions(f, at=[2.0, 0.5])
    assert (str(right.formula), right.conditions) == ("x0**2", ("x0 > 1",))
    left = trace_with_conditions(f, at=[0.5, 0.5])
    assert (str(left.formula), left.conditions) == ("x1", ("x0 <= 1",))
    assert left.at.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("function", "text", "conditions"),
    [
        (lambda x: x[0] if x[0] > 1 and x[1] > 1 else x[1], "x0", ("x0 > 1", "x1 > 1")),
        (lambda x: max(x[0], x[1]), "x0", ("x0 >= x1",)),
        (lambda x: min(x), "x1", ("x1 < x0",)),
        (lambda x: x[0] if np.all(x > 1) else 0, "x0", ("x0 > 1 and x1 > 1",)),
        (lambda x: x[x > 1.7].sum(), "x0", ("x0 > 1.7", "x1 <= 1.7")),
        (lambda x: np.sort(x)[0], "x1", ("x0 >= x1",)),
        (lambda x: x[np.argmax(x)] * 2, "x0*2", ("x1 <= x0",)),
        (lambda x: np.median(x), "(x1 + x0)/2", ("x0 >= x1",)),
        (lambda x: x[0] if x[0] else x[1], "x0", ("x0 != 0",)),
        (lambda x: x[0] if not np.isclose(x[0], x[1]) else 0, "x0", None),
        (lambda x: sorted(x)[1], "x0", ("x1 < x0",)),
        (lambda x: x[0] if x[0] != x[1] else 0, "x0", ("x0 != x1",)),
    ],
)
def test_what_counts_as_a_branch(function, text, conditions):
    """Comparisons whose truth is asked for are conditions of the path, at (2, 1.5) here."""
    result = trace_with_conditions(function, at=[2.0, 1.5])
    assert str(result.formula) == text
    if conditions is None:
        assert len(result.conditions) == 1
    elif "x0 >= x1" in conditions:
        assert result.conditions in {("x0 >= x1",), ("x1 <= x0",)}
    else:
        assert len(result.conditions) == len(conditions)


def test_a_loop_until_it_converges_is_unrolled():
    """A while loop on data runs as often as it does at the point."""

    def root(a):
        x = 1.0
        while abs(x * x - a) > 1e-12:
            x = 0.5 * (x + a / x)
        return x

    result = trace_with_conditions(root, at=2.0)
    assert len(result.conditions) == 6
    close(result.formula(2.0), math.sqrt(2))


def test_branches_on_shapes_are_no_conditions():
    """What depends on shapes and types only is the same at every point."""

    def f(x):
        if x.ndim == 1 and len(x) > 1 and x.size and x.dtype == np.float64:
            return x[0]
        return 0.0

    assert trace_with_conditions(f, 2).conditions == ()


def test_where_and_maximum_are_no_branches():
    """Elementwise choices stay in the formula, with both their sides."""
    result = trace_with_conditions(lambda x: np.where(x > 0, np.maximum(x, 2), -x), 1)
    assert (str(result.formula), result.conditions) == ("where(x > 0, max(x, 2), -x)", ())


def test_the_point_without_at_is_always_the_same():
    """Without `at` the point is generic, and fixed."""
    first, second = (trace_with_conditions(np.sum, 3).at for _ in range(2))
    assert first.tolist() == second.tolist()
    assert np.all((first > 0.3) & (first < 1.7))


# --- what is refused -----------------------------------------------------------------------------

KEPT = []


def keeps(x):
    KEPT.append(x)
    return x.sum()


def raises(x):
    raise KeyError("no such thing")


def swallows(x):
    try:
        return np.unique(x)
    except SymnumError:
        return x


def pickles(x):
    try:
        return 2 * pickle.loads(pickle.dumps(x))  # its own bytes
    except Exception:
        return x


REFUSED = [
    (lambda x: x.astype(np.float32), "float32 inside"),
    (lambda x: np.sum(x, dtype=np.float32), "float32 inside"),
    (lambda x: np.float32(x[0]), "a plain number is asked for"),
    (lambda x: x.astype(int), "it would cut off their fraction"),
    (lambda x: int(x[0]), "int() of a value that depends on the variables"),
    (lambda x: x * 1j, "complex numbers inside: formulas are real"),
    (lambda x: np.interp(1.0, np.cumsum(x), [0, 1, 2]), "its table's places are variables"),
    (lambda x: np.interp(x, [0, 1], [0, 1], period=2), "write np.mod"),
    (lambda x: np.nan_to_num(np.log(x)), "a value that isn't finite everywhere (log)"),
    (lambda x: np.nan_to_num(1 / x), "a value that isn't finite everywhere (div)"),
    (lambda x: np.piecewise(x, [x < 1], [lambda v: v.sum(), 0.0]), "its piece together"),
    (lambda x: np.vectorize(np.sum, signature="(n)->()")(x), "np.vectorize with a signature"),
    (lambda x: np.frompyfunc(lambda v: v**2, 1, 1)(x), "write np.vectorize, or a loop"),
    (lambda x: special.eval_legendre(x, 0.5), "the order a whole number from 0 to 60"),
    (lambda x: special.airy(x)[0], "no formula in symnum's functions is known for it"),
    (lambda x: np.geomspace(x[0], x[1], 3), "write np.exp(np.linspace"),
    (lambda x: np.linalg.qr(np.outer(x, x))[1], "write np.linalg.cholesky or np.linalg.solve"),
    (lambda x: x[int(x[0] > 0) : x[1]], "an index or a count depends on the variables"),
    (lambda x: np.arange(3)[x[0]], "an index or a count depends on the variables"),
    (lambda x: x[x], "an index depends on the variables"),
    (lambda x: range(x[0]), "an index or a count depends on the variables"),
    (lambda x: {x[0]: 1}, "can't be looked up in a dictionary, a set or a cache"),
    (lambda x: np.linalg.eigvalsh(np.outer(x, x)), "eigenvalues can't be traced"),
    (lambda x: np.linalg.norm(np.outer(x, x), 2), "singular values can't be traced"),
    (lambda x: np.linalg.inv(np.eye(5) * x[0]), "a 5 × 5 matrix of variables is too large"),
    (lambda x: np.partition(x, 1)[0], "can't be traced: write np.sort"),
    (lambda x: x[x.argpartition(1)], "can't be traced: write np.argsort"),
    (lambda x: np.choose(x > 1, [x, 2 * x]), "write np.where or np.select"),
    (lambda x: x[np.lexsort((x,))], "write np.argsort"),
    (lambda x: np.putmask(x, x > 1, 2.0), "write a[mask] = value"),
    (lambda x: np.percentile(x, 30, method="lower"), "quantiles of method lower"),
    (lambda x: np.quantile(x, x[0] / 2), "a quantile whose share depends on the variables"),
    (lambda x: np.fft.fft(x), "numpy.fft.fft can't be traced"),
    (lambda x: special.zeta(x), "the function zeta can't be traced"),
    (lambda x: np.linspace(0, 1, 3).__iadd__(x), "the array on the left holds plain numbers"),
    (lambda x: (np.arange(3.0).__setitem__(0, x[0]), x)[1], "plain number"),
    (lambda x: np.add.reduceat(x, [0, 1]), "numpy.add.reduceat can't be traced"),
    (lambda x: stats.norm.ppf(x / 2), "the function ndtri can't be traced"),
    (lambda x: stats.gamma.fit(x), "scipy.stats.gamma.fit can't be traced"),
    (lambda x: np.frexp(x)[0], "the bits of a number can't be traced"),
    (lambda x: x if repr(x)[0] == "a" else 2 * x, "the text of a value"),
    (lambda x: x if str(x[0])[0] == "1" else 2 * x, "by str: code that looks at it"),
    (lambda x: x if f"{x[0]}"[0] == "1" else 2 * x, "by format: code that looks at it"),
    (lambda x: x if "%s" % x else 2 * x, "by str: code that looks at it"),  # noqa: UP031
    (lambda x: x if "nan" in str(list(x)) else 2 * x, "by repr: code that looks at it"),
    (lambda x: x if hash(x[0]) % 2 else 2 * x, "can't be looked up in a dictionary"),
    (pickles, "the bytes of a value"),
    (lambda x: None, "the function returns None"),
    (lambda x: "text", "the function returns what is no number"),
    (lambda x: (x, x[0]), "shapes that can't be stacked"),
    (lambda x: x[:0], "the function returns an empty array, of shape (0,)"),
    (lambda x: x.tobytes(), "the array's tobytes can't be traced"),
    (lambda x: f"{x.nothing}", "the function raised AttributeError"),
    (lambda x: x @ np.ones(4), "the function raised ValueError: shapes (3,) and (4,) not aligned"),
    (lambda x: x[5], "the function raised IndexError"),
    (raises, "the function raised KeyError: 'no such thing'"),
    (swallows, "numpy.unique compares all values"),
    (lambda x: 1 / 0, "the function raised ZeroDivisionError: division by zero"),
]


@pytest.mark.parametrize("place", range(len(REFUSED)))
def test_refusals_name_the_line_and_the_reason(place):
    """What can't be traced is refused with the user's file, line and text, and why."""
    function, reason = REFUSED[place]
    with pytest.raises(TraceError) as caught:
        trace(function, 3)
    message = str(caught.value)
    assert reason in message
    assert caught.value.filename == __file__
    assert message.startswith(f"{__file__}:{caught.value.line}: ")
    first = function.__code__.co_firstlineno
    assert first <= caught.value.line <= first + 4
    assert caught.value.source


def test_a_traced_array_kept_from_another_call_is_refused():
    """Two traces don't mix, and nothing is left over from the first."""
    trace(keeps, 2)
    with pytest.raises(TraceError, match="two traces are mixed"):
        trace(lambda x: x + KEPT[-1], 2)


def test_writing_into_a_captured_array_is_refused():
    """An array of the user's own is never written to."""
    buffer = np.zeros(3)

    def f(x):
        buffer[0] = x[0]
        return x

    with pytest.raises(TraceError, match="an array of plain numbers can't hold a traced value"):
        trace(f, 3)
    assert buffer.tolist() == [0, 0, 0]


def test_math_in_code_that_is_run_as_it_is():
    """Where math can't be replaced, in the standard library for one, it is named."""
    with pytest.raises(TraceError, match="a plain number is asked for, by float"):
        trace(lambda x: statistics.fmean([x, 2.0]), 1)


def test_constants_have_their_own_texts_and_bytes():
    """What doesn't depend on the variables looks as it does untraced."""

    def f(x):
        c = np.array([1.0, 2.5])
        assert (repr(c[1]), str(c), f"{c[1]:.2f}") == (repr(np.float64(2.5)), "[1.  2.5]", "2.50")
        return x * pickle.loads(pickle.dumps(c))  # its own bytes

    assert str(trace(f, 2)) == "[x0, x1*2.5]"


@pytest.mark.parametrize(
    "same",
    [
        lambda x: type(x) is np.ndarray,
        lambda x: type(x) == np.ndarray,  # noqa: E721
        lambda x: type(x) in (list, np.ndarray),
        lambda x: type(x[0]) is np.float64,
        lambda x: type(x > 1) is np.ndarray,
        lambda x: type(np.zeros(2)) is np.ndarray,
        lambda x: type(len(x)) is int and isinstance(int, type) and type("A", (), {}) is not None,
        lambda x: issubclass(type(x), np.ndarray) and type(x) is type(x[1:]),
        lambda x: type(np.array(list(x))) is type(x),
    ],
)
def test_types_are_those_of_numbers(same):
    """Code that asks for a type goes the way it goes untraced."""
    assert same(np.ones(3))
    assert str(trace(lambda x: x if same(x) else 2 * x, 3)) == "[x0, x1, x2]"


def test_a_scalar_argument_is_a_float():
    """Where the function takes numbers, and gets floats."""
    assert str(trace(lambda x: x if type(x) is float else 2 * x, shape=())) == "x"
    assert str(trace(lambda x: x if type(x) in (int, float) else 2 * x, shape=())) == "x"


def test_printing_is_no_look(capsys):
    """A print for debugging goes on; into the code's own buffer, it is a look."""

    def prints(x):
        print("at", x, x[0], 3)
        return x.sum()

    def reads(x):
        buffer = io.StringIO()
        print(x, file=buffer)
        return x if "traced" in buffer.getvalue() else 2 * x

    assert str(trace(prints, 2)) == "x0 + x1"
    assert capsys.readouterr().out == "at <a traced array> <a traced value> 3\n"
    with pytest.raises(TraceError, match="the text of a value"):
        trace(reads, 2)


def test_the_users_own_error_is_the_cause():
    """The user's traceback hangs on ours."""
    with pytest.raises(TraceError) as caught:
        trace(raises, 3)
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_endless_loop_stops():
    """A trace has a largest length."""

    def endless(x):
        while True:
            x = np.sin(x)

    with pytest.raises(TraceError, match="more than 1,000 operations"):
        trace_with_conditions(endless, 2, most=1_000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3,), "trace takes a function; this is a int"),
        ((lambda *x: x,), "say how many variables the function has"),
        ((lambda x, y, z: x, 2), "the function has 3 parameters without a default, x, y, z"),
        ((lambda x: x, 2.5), "n is 2.5; it must be the number of variables"),
        ((lambda x: x, True), "n is True"),
        ((lambda x: x, None, (2, -1)), "it must be a tuple of lengths"),
        ((lambda x: x, 3, None, [1.0, 2.0]), "at has 2 coordinates; n is 3"),
        ((lambda x: x, None, (2,), [1.0]), "at has shape (1,); shape is (2,)"),
        ((lambda x: x, 2, None, [np.nan, 1]), "at must be finite real numbers"),
        ((lambda x: x, 2, None, "here"), "at must be finite real numbers"),
        ((lambda x: x, 2, None, None, ["a"]), "names must be 2 texts"),
        ((lambda x: x, 2, None, None, ["a", "a"]), "two variables have the same name"),
        ((lambda a, b: a, None, {"a": (2,)}), "no shape or value was given for the function's b"),
        ((lambda p: p, None, {"a": 2}, {"b": 1.0}), "at has the keys ['b']; shape has ['a']"),
        ((lambda a, b: a, None, (2, 3)), "give shape={name: shape, ...} for several arrays"),
    ],
)
def test_bad_requests(arguments, message):
    """A request that can't be understood says what is expected."""
    with pytest.raises(UsageError) as caught:
        trace(*arguments)
    assert message in str(caught.value)


# --- what comes out ------------------------------------------------------------------------------


def test_the_result_is_a_formula_like_any_other():
    """A traced formula has a gradient, certified values and a text."""
    f = trace(rosenbrock, 2)
    assert f.gradient().shape == (2,)
    exact = f.gradient().exact([1.0, 1.0])
    assert exact.hi.tolist() == [0.0, 0.0]
    close(f.gradient()([0.3, 0.7]), rosenbrock_gradient(np.array([0.3, 0.7])))


def test_a_trace_is_a_plain_record():
    """Formula, conditions and point stand in a frozen record."""
    result = trace_with_conditions(np.sum, 2)
    assert isinstance(result, Trace)
    with pytest.raises(AttributeError):
        result.conditions = ()


def test_a_large_quadratic_form_is_quick():
    """A quadratic form in 200 variables is traced in about a second."""
    matrix = np.random.default_rng(1).normal(size=(200, 200))
    start = time.process_time()
    f = trace(lambda x: x @ matrix @ x, 200)
    assert time.process_time() - start < 6
    assert len(f.program) > 80_000


# --- conditions of the formula -------------------------------------------------------------------


def test_a_formula_says_where_it_is_the_functions():
    """Conditions survive derivatives, binding and pickling, and tell formulas apart."""

    def f(x):
        return x[0] ** 2 if x[1] > 1.0 else x[0]

    left, right = trace(f, at=[1.0, 0.5]), trace(f, at=[1.0, 1.5])
    assert (left.conditions, right.conditions) == (("x1 <= 1",), ("x1 > 1",))
    assert right.gradient().conditions == right.hessian().conditions == ("x1 > 1",)
    assert right.bind(x1=2).conditions == right.gradient().bind(x1=2).conditions == ("x1 > 1",)
    assert pickle.loads(pickle.dumps(right)) == right
    assert right != trace(lambda x: x[0] ** 2, 2)
    assert trace(np.sum, 2).conditions == Formula("x").conditions == ()
    assert repr(right) == "<Formula x0**2 in the variables x0, x1, where x1 > 1>"


def test_what_is_finite_at_the_point_is_a_condition():
    """Unless it is finite everywhere, or infinite nowhere but where numbers end."""

    def guarded(x):
        slope = np.log(x)
        return np.where(np.isnan(slope), 0.0, slope)

    found = trace_with_conditions(guarded, shape=())
    assert (str(found.formula), found.conditions) == ("log(x)", ())
    assert found.formula.conditions == ("not isnan(log(x))",)
    checked = trace(lambda x: np.exp(x) + x / 3 if np.isfinite(np.exp(x) + x / 3) else 0, shape=())
    assert checked.conditions == ()


BRANCHING = [
    lambda x: x[x.argmax()] * 2,
    lambda x: x[np.argmin(x)],
    lambda x: x[np.argsort(x)],
    lambda x: np.sort(x)[::-1],
    lambda x: np.median(x),
    lambda x: np.nanmedian(x),
    lambda x: np.percentile(x, 30),
    lambda x: np.quantile(x, [0.0, 0.35, 0.8, 1.0]),
    lambda x: x[x > 1].sum(),
    lambda x: np.extract(x > 1, x).sum(),
    lambda x: np.compress(x > 1, x).sum(),
    lambda x: x[np.where(x > 1)].sum(),
    lambda x: x[(x > 1).nonzero()].sum(),
    lambda x: np.delete(x, np.argmax(x)),
    lambda x: np.take(x, np.argmax(x)),
    lambda x: np.take_along_axis(x, np.argsort(x), 0),
    lambda x: sorted(x, key=lambda v: -v)[0],
    lambda x: max(range(3), key=lambda i: x[i]) * x[0],
    lambda x: x * int(x[0] > 1),
    lambda x: x * bool(x[0] > 1),
]


@pytest.mark.parametrize("place", range(len(BRANCHING)))
def test_every_choice_by_value_is_a_condition(place):
    """Where the conditions hold the formula is the function; elsewhere one of them fails."""
    function = BRANCHING[place]
    formula = trace(function, at=[0.7, 1.6, 1.1])
    assert formula.conditions
    elsewhere = 0
    for x in np.random.default_rng(5).uniform(0.3, 1.9, (40, 3)):
        holds = [
            bool(Formula(f"where({text}, 1, 0)", ("x0", "x1", "x2"))(x) == 1)
            for text in formula.conditions
        ]
        if all(holds):
            close(formula(x), expected(function, x))
        else:
            elsewhere += 1
    assert elsewhere


def test_a_formula_of_one_path_is_no_subject_of_a_check():
    """Outside its conditions it would accuse a right derivative."""
    largest = trace(lambda x: np.max(x) if x[0] > 1 else x[1], at=[2.0, 1.0])
    with pytest.raises(UsageError, match="one path of a traced function, where x0 > 1"):
        check(largest, lambda x: x)


def test_a_branching_function_is_checked_on_balls():
    """The function itself is held against every path that its points take."""

    def slope(x):
        out = np.zeros(2)
        out[np.argmax(x)] = 2 * np.max(x)
        return out

    verdict = check(lambda x: x[np.argmax(x)] ** 2, slope, at=[[1.0, 2.0], [3.0, 1.0]])
    assert (str(verdict.status), verdict.reference) != ("proved", "certified")
    assert verdict
