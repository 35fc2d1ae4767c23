"""NumPy's and SciPy's functions, traced: their own values, and exact derivatives."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.linalg as sla
from scipy import special

from symnum.errors import TraceError
from symnum.formula.formula import Formula
from symnum.formula.status import Status
from symnum.formula.trace import trace, trace_with_conditions

A3 = np.random.default_rng(3).normal(size=(3, 3))
SPD = A3 @ A3.T + 3 * np.eye(3)
NODES, HEIGHTS = np.array([-1.0, 0.0, 0.5, 2.0]), np.array([1.0, -1.0, 3.0, 0.5])


def kernel(x):
    """Return a positive definite matrix."""
    return SPD + np.diag(x**2)


def solve_with_factor(x):
    """Solve with a Cholesky factor, as Gaussian processes do."""
    return sla.cho_solve(sla.cho_factor(kernel(x), lower=True), x)


# Function of an array of 3, the ends of the box.
ARRAYS = [
    # SciPy
    (lambda x: special.entr(x) + 0 * x, -1, 1),
    (lambda x: special.rel_entr(x, 0.5), -1, 1),
    (lambda x: special.rel_entr(0.5, x), -1, 1),
    (lambda x: special.kl_div(x, x[::-1]), -1, 1),
    (lambda x: special.kl_div(x * 0, x), -1, 1),
    (lambda x: special.rel_entr(0, x) + special.xlogy(0, x) + special.xlog1py(0, x), -0.9, 1),
    (lambda x: special.xlogy(x - x, x) + special.xlog1py(x - x, x), 0.1, 1),
    (lambda x: special.logit(x), -0.5, 1.5),
    (lambda x: special.huber(0.9, x) + special.pseudo_huber(0.9, x), -2, 2),
    (lambda x: special.huber(x, x[::-1]), -2, 2),
    (lambda x: special.pseudo_huber(x, 1 - x), -2, 2),
    (lambda x: special.pseudo_huber(0, x) + special.huber(0, x), -2, 2),
    (lambda x: special.huber(-1, x) + x, -2, 2),
    (lambda x: special.boxcox(x, 0) + special.boxcox1p(x, 0.3) + special.boxcox(x, x), 0.1, 2),
    (lambda x: special.inv_boxcox(x, 0.3) + special.inv_boxcox(x, 0), 0.1, 2),
    (lambda x: special.inv_boxcox(x, x[::-1]) + special.inv_boxcox1p(x, -0.4), 0.1, 2),
    (lambda x: special.inv_boxcox(x, -3.0), 0.1, 2),
    (lambda x: special.powm1(x, 2.5) + special.exprel(x) + special.exprel(0 * x), 0.1, 2),
    (lambda x: special.erfcx(x), -2, 3),
    (lambda x: special.binom(x, 3) + special.binom(5, x) + special.binom(x + 3, x), 0.1, 2),
    (lambda x: special.binom(x, 0) + special.poch(x, 0) + special.poch(x, 4), -2, 2),
    (lambda x: special.poch(x, 0.5) + special.poch(2.5, x), 0.1, 2),
    (lambda x: special.multigammaln(x + 2, 3) + special.multigammaln(x[0] + 2, 1), 0.1, 2),
    (lambda x: special.eval_legendre(5, x) + special.eval_sh_legendre(4, x), -1, 1),
    (lambda x: special.eval_chebyt(4, x) + special.eval_chebyu(3, x), -1, 1),
    (lambda x: special.eval_sh_chebyt(3, x) + special.eval_sh_chebyu(3, x), 0, 1),
    (lambda x: special.eval_hermite(4, x) + special.eval_hermitenorm(5, x), -1, 1),
    (lambda x: special.eval_laguerre(4, x) + special.eval_genlaguerre(3, 0.5, x), -1, 1),
    (lambda x: special.eval_gegenbauer(4, 0.7, x) + special.eval_legendre(0, x), -1, 1),
    (lambda x: special.eval_legendre([0, 1, 2], x), -1, 1),
    (lambda x: special.sindg(x) + special.cosdg(x) + special.tandg(x) + special.cotdg(x), 1, 80),
    # linear algebra
    (lambda x: np.linalg.cholesky(kernel(x)), -1, 1),
    (lambda x: np.linalg.cholesky(np.stack([kernel(x), kernel(2 * x)])), -1, 1),
    (lambda x: np.linalg.cholesky(np.triu(kernel(x)) * 7 - 6 * np.diag(np.diag(kernel(x)))), 0, 1),
    (lambda x: sla.cholesky(kernel(x)) + sla.cholesky(kernel(x), lower=True), -1, 1),
    (solve_with_factor, -1, 1),
    (lambda x: sla.cho_solve(sla.cho_factor(kernel(x)), np.outer(x, x)), -1, 1),
    (lambda x: sla.solve_triangular(kernel(x), x) + x, -1, 1),
    (lambda x: sla.solve_triangular(kernel(x), x, lower=True, trans=1), -1, 1),
    (lambda x: sla.solve_triangular(kernel(x), x, lower=True, unit_diagonal=True), -1, 1),
    (lambda x: np.linalg.slogdet(kernel(x)).logabsdet + np.linalg.slogdet(-kernel(x)).sign, -1, 1),
    (lambda x: np.linalg.det(np.stack([kernel(x), A3 * x])), 0.3, 1),
    (lambda x: np.linalg.inv(np.stack([kernel(x), kernel(-x)])), 0.3, 1),
    (lambda x: np.linalg.solve(np.stack([kernel(x), SPD]), np.stack([A3 * x, A3])), 0.3, 1),
    # pieces
    (lambda x: np.interp(x, NODES, HEIGHTS), -2, 3),
    (lambda x: np.interp(x, NODES, HEIGHTS, left=-7, right=9), -2, 3),
    (lambda x: np.interp(x[0], NODES, HEIGHTS), -2, 3),
    (lambda x: np.interp([0.2, 5.0], [0, 1, 2], x), -2, 3),
    (lambda x: np.interp(x, [0, 1, 2], x[::-1]), -2, 3),
    (lambda x: np.piecewise(x, [x < 0, x >= 0.5], [lambda v: v**2, lambda v: v + 1]), -1, 1),
    (lambda x: np.piecewise(x, [x < 0.7, x < 0], [np.sin, lambda v: v * 2, 4.0]), -1, 1),
    (lambda x: np.piecewise(x, x < 0, [1.5, np.exp]), -1, 1),
    (lambda x: np.piecewise(x, [x < 0], [lambda v, a: v * a, lambda v, a: v - a], 3.0), -1, 1),
    (lambda x: np.round(x) + np.rint(x) * x + x.round() + np.around(x, 1), -3, 3),
    (lambda x: round(x[0]) + round(x[1], 2), -3, 3),
    (lambda x: np.rint(np.array([0.5, 1.5, 2.5, -0.5]) + 0 * x[0]), -3, 3),
    (lambda x: np.round(100 * x, -1), -3, 3),
    (lambda x: np.nan_to_num(x**2 + np.exp(x) / 3), -3, 3),
    # arrays
    (lambda x: np.linspace(x[0], x[1], 4) + np.linspace(x[0], 1, 4, endpoint=False), -1, 1),
    (lambda x: np.linspace(x, 2.0, 3) + np.logspace(x[0], 1, 3), -1, 1),
    (lambda x: np.mean(x, where=[True, True, False]) + np.mean(x, where=x < 5), -1, 1),
    (lambda x: np.percentile(np.sort(A3 * 0 + [1, 2, 3], axis=1), 30) * x, -1, 1),
    (lambda x: np.vectorize(lambda v: (v, v**2))(x)[1], -1, 1),
    (lambda x: np.vectorize(lambda v, p: v**p, excluded=["p"])(x, p=2), -1, 1),
    (lambda x: np.vectorize(lambda v, w: v * w, otypes=[float])(x, w=2.0), -1, 1),
    (lambda x: np.cumsum(np.outer(x, x), axis=1) + np.cumprod(x), -1, 1),
    (lambda x: np.diff(np.outer(x, x), n=2, axis=0) + np.trace(np.outer(x, x), 1), -1, 1),
    (lambda x: np.kron(np.outer(x, x), x) * np.tile(np.repeat(x, 3), 1), -1, 1),
    (lambda x: np.tril(np.outer(x, x), -1) + np.triu(np.outer(x, x), 1), -1, 1),
    (lambda x: np.convolve(x, x[:2], "full") + np.roll(np.append(x, 1.0), -1), -1, 1),
    (lambda x: np.heaviside(x - x, 0.5) + np.sinc(x - x) + np.sign(x), -1, 1),
    (lambda x: np.meshgrid(x, x**2, indexing="ij")[1] + np.median([1.0, 2.0]), -1, 1),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(ARRAYS)))
def test_values_are_the_functions_own(place):
    """At random points, those outside of the domain too; a slope is that of the formula."""
    function, low, high = ARRAYS[place]
    result = trace_with_conditions(function, 3)
    assert result.conditions == ()
    for x in np.random.default_rng(place).uniform(low, high, (6, 3)):
        with np.errstate(all="ignore"):
            wanted, given = np.asarray(function(x.copy()), dtype=float), result.formula(x)
        assert given.shape == wanted.shape
        np.testing.assert_allclose(given, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("place", range(len(ARRAYS)))
def test_certified_derivatives_agree_with_differences(place):
    """Where the function is smooth; central differences of its own values have seven digits."""
    function, low, high = ARRAYS[place]
    jacobian = trace(function, 3).jacobian()
    x = np.random.default_rng(100 + place).uniform(low, high, 3)
    exact = jacobian.exact(x)
    h = 1e-5
    for j in range(3):
        step = h * np.eye(3)[j]
        with np.errstate(all="ignore"):
            ends = [np.asarray(function(x + s * step), dtype=float) for s in (-2, -1, 1, 2)]
            slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * h)
        known = np.isin(exact.status[..., j], [Status.CERTIFIED, Status.ZERO])
        assert np.all(known | ~np.isfinite(slope))
        scale = 1 + np.abs(ends[1][known])
        error = np.abs(exact.hi[..., j][known] - slope[known])
        assert np.all(error <= 1e-7 * (scale + np.abs(slope[known])))


# Function of one number, the same in mpmath, and places.
SCALARS = [
    (lambda x: special.erfcx(x), lambda x: mp.exp(x**2) * mp.erfc(x), [-1.2, 0.3, 2.0, 20.0]),
    (lambda x: special.log_ndtr(x), lambda x: mp.log(mp.ncdf(x)), [-30.0, -3.0, 0.4, 5.0]),
    (lambda x: special.entr(x), lambda x: -x * mp.log(x), [0.2, 3.0]),
    (lambda x: special.rel_entr(x, 0.3), lambda x: x * mp.log(x / mp.mpf(0.3)), [0.2, 3.0]),
    (lambda x: special.kl_div(0.3, x), lambda x: mp.mpf(0.3) * mp.log(0.3 / x) + x, [0.2, 3.0]),
    (lambda x: special.pseudo_huber(2.0, x), lambda x: 4 * mp.sqrt(1 + x**2 / 4), [-1.0, 1e-9]),
    (lambda x: special.huber(2.0, x), lambda x: x**2 / 2, [-1.0, 1e-9, 1.9]),
    (lambda x: special.boxcox1p(x, 2.5), lambda x: (1 + x) ** 2.5 / 2.5, [1e-9, 0.7]),
    (lambda x: special.inv_boxcox(x, 2.5), lambda x: (1 + 2.5 * x) ** (1 / mp.mpf(2.5)), [0.7]),
    (lambda x: special.binom(7.5, x), lambda x: mp.binomial(7.5, x), [0.7, 3.0]),
    (lambda x: special.binom(x, 3), lambda x: mp.binomial(x, 3), [0.7, 3.0]),
    (lambda x: special.poch(x, 1.5), lambda x: mp.rf(x, 1.5), [0.7, 3.0]),
    (lambda x: special.eval_legendre(6, x), lambda x: mp.legendre(6, x), [-0.7, 0.3]),
    (lambda x: special.eval_chebyt(6, x), lambda x: mp.chebyt(6, x), [-0.7, 0.3]),
    (lambda x: special.eval_hermite(6, x), lambda x: mp.hermite(6, x), [-0.7, 0.3]),
    (lambda x: special.eval_genlaguerre(4, 0.5, x), lambda x: mp.laguerre(4, 0.5, x), [0.3]),
    (lambda x: special.eval_gegenbauer(4, 0.5, x), lambda x: mp.gegenbauer(4, 0.5, x), [0.3]),
    (lambda x: special.exprel(x), lambda x: mp.expm1(x) / x, [1e-6, 0.7]),
    (lambda x: special.log_expit(x), lambda x: -mp.log(1 + mp.exp(-x)), [-700.0, 0.7]),
    (
        lambda x: special.multigammaln(x, 3),
        lambda x: sum(mp.loggamma(x - mp.mpf(j) / 2) for j in range(3)),
        [1.7, 9.0],
    ),
]


@pytest.mark.parametrize("place", range(len(SCALARS)))
def test_derivatives_are_those_of_mpmath(place):
    """The certified derivative of the trace is mpmath's, at 50 digits, to the last double."""
    function, wanted, places = SCALARS[place]
    slope = trace(function, shape=()).derivative()
    for x in places:
        with mp.workdps(60):
            expected = float(mp.diff(wanted, mp.mpf(x), h=mp.mpf(10) ** -25))
        exact = slope.exact(x)
        assert exact.status == Status.CERTIFIED
        assert abs(float(exact.hi) - expected) <= 4e-16 * abs(expected)


def test_interpolation_has_its_kinks_at_the_nodes():
    """Between the nodes the slope is that of the table; beyond its ends it is 0."""
    slope = trace(lambda x: np.interp(x, NODES, HEIGHTS), shape=()).derivative()
    exact = slope.exact([-3.0, -0.5, 0.25, 0.5, 1.0, 5.0])
    assert exact.hi[[0, 1, 2, 5]].tolist() == [0.0, -2.0, 8.0, 0.0]
    assert exact.status[3] == Status.KINK
    assert (exact.left[3], exact.right[3]) == (8.0, -2.5 / 1.5)


def test_rounding_jumps_between_the_integers():
    """A tie goes to the even neighbour, and the slope beside it is 0."""
    f = trace(lambda x: np.rint(x), shape=())
    assert f.exact([0.5, 1.5, -0.5, -2.5]).hi.tolist() == [0.0, 2.0, 0.0, -2.0]
    exact = f.derivative().exact([0.3, 0.5])
    assert (exact.hi[0], exact.status[1]) == (0.0, Status.JUMP)


def test_orders_out_of_reach_are_refused():
    """No polynomial of a million terms is written, and no order that is a variable."""
    for order in (10**6, 2.5, -1):
        with pytest.raises(TraceError, match="the order a whole number"):
            trace(lambda x, order=order: special.eval_legendre(order, x), shape=())


def test_zero_times_log_is_zero():
    """x log x is 0 at 0, for the certified value too."""
    for f in (
        trace(lambda x: special.xlogy(x, x), shape=()),
        trace(lambda x: -special.entr(x), shape=()),
        trace(lambda x: special.rel_entr(x, 0.5), shape=()),
    ):
        assert float(f.exact(0.0).hi) == 0.0
        assert isinstance(f, Formula)


def test_a_long_table_lies_no_deeper_than_its_halvings():
    """A derivative holds each choice inside all that are round it: in a row they make a square."""
    nodes = np.linspace(0.0, 10.0, 501)
    heights = np.sin(nodes)
    table = trace(lambda x: np.interp(x, nodes, heights), n=1)
    slope = table.derivative()
    assert len(slope.program) < 40 * len(nodes)
    x = np.array([-1.0, 0.0, 0.01, 3.3, 9.99, 10.0, 11.0])
    np.testing.assert_allclose(table(x), np.interp(x, nodes, heights), rtol=1e-14)
