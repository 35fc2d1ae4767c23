"""Derivatives of code that nobody can look into: measured, and accused far outside of the bars."""

from __future__ import annotations

import array
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize

from symnum import check, differentiate

LABEL = "numerical, with error bars (uncertified)"


def opaque(f):
    """Return f behind a buffer of doubles: neither a trace nor balls pass it."""
    return lambda x: float(f(np.frombuffer(array.array("d", np.atleast_1d(x)))))


def decay(rtol):
    """Return y(1) of y' = -k y, y(0) = 1, by an adaptive solver."""

    def final(k):
        solution = solve_ivp(lambda _, y: -k * y, (0, 1), [1.0], rtol=rtol, atol=1e-12)
        return float(solution.y[0, -1])

    return final


@pytest.mark.parametrize("rtol", [1e-12, 1e-8, 1e-6])
def test_a_solver_s_right_sensitivity_passes(rtol):
    """The exact sensitivity differs from that of the solver's f by its tolerance, and is right."""
    verdict = check(decay(rtol), lambda k: -math.exp(-k), domain=[(0.5, 2.0)])
    assert verdict.status == "ok", str(verdict)
    assert verdict.reference == LABEL
    assert 0 < verdict.evaluations < 3000
    assert verdict.detection_limit[0] < 2e-6


@pytest.mark.parametrize("rtol", [1e-3, 1e-4])
def test_a_loose_solver_accuses_nobody(rtol):
    """What a loose tolerance may explain is left open, and the sentence says what settles it."""
    verdict = check(decay(rtol), lambda k: -math.exp(-k), domain=[(0.5, 2.0)])
    assert verdict.status == "undecided", str(verdict)
    assert "would settle it" in verdict.reason


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (lambda k: math.exp(-k), "sign"),
        (lambda k: -1.01 * math.exp(-k), "factor"),
        (lambda k: -math.exp(-k) if k < 1.5 else -2 * math.exp(-k), "region"),
        (lambda _: 0.0, "zero"),
    ],
)
def test_wrong_sensitivities_are_found(wrong, cause):
    """The planted error is found, its cause named, and the sweep of h stands beside it."""
    verdict = check(decay(1e-9), wrong, domain=[(0.5, 2.0)])
    assert (verdict.status, verdict.cause) == ("wrong", cause), str(verdict)
    assert "flat in h" in verdict.reason
    assert "measured" in str(verdict)


def root(a, b):
    """Return the zero of x**3 + a x - b, by a loop on plain doubles."""
    a, b = (float.fromhex(float(v).hex()) for v in (a, b))
    x = 1.0
    for _ in range(50):
        x -= (x**3 + a * x - b) / (3 * x * x + a)
    return x


def root_gradient(a, b):
    """Return its gradient, by the implicit function theorem."""
    x = root(a, b)
    slope = 3 * x * x + a
    return -x / slope, 1 / slope


BOX = {"a": (0.5, 2.0), "b": (1.0, 3.0)}


def test_two_variables():
    """A right gradient passes, a wrong component is named."""
    assert check(root, root_gradient, domain=BOX).status == "ok"
    verdict = check(root, lambda a, b: (root_gradient(a, b)[0], 2 / b), domain=BOX)
    assert verdict.status == "wrong"
    assert verdict.components == (1,)


@pytest.mark.parametrize("size", [1e-3, 1e-5])
def test_a_small_factor_far_above_the_limit_is_wrong(size):
    """Ten times the stated limit is always caught."""
    right = check(root, root_gradient, domain=BOX)
    assert max(right.detection_limit) * 10 <= size * 10
    verdict = check(root, lambda a, b: np.array(root_gradient(a, b)) * (1 + size), domain=BOX)
    assert verdict.status == "wrong", str(verdict)
    assert verdict.cause == "factor"


def test_hessians():
    """Second derivatives are measured too."""
    f = opaque(lambda x: x[0] ** 2 * x[1] + x[1] ** 3)
    at = np.array([1.5, 2.0])

    def right(x):
        return np.array([[2 * x[1], 2 * x[0]], [2 * x[0], 6 * x[1]]])

    assert check(f, right, at=at, derivative_order=2).status == "ok"
    wrong = check(f, lambda x: right(x) * [[1, 1], [1, 2]], at=at, derivative_order=2)
    assert (wrong.status, wrong.components) == ("wrong", (3,))


def test_several_outputs():
    """A Jacobian's entries are named by output."""

    def f(x):
        x = np.frombuffer(array.array("d", x))
        return np.array([np.sin(x[0]), x[0] * x[1]])

    def right(x):
        return np.array([[np.cos(x[0]), 0.0], [x[1], x[0]]])

    at = np.array([0.7, 1.9])
    assert check(f, right, at=at).status == "ok"
    wrong = check(f, lambda x: right(x) * [[1, 1], [1, -1]], at=at)
    assert wrong.status == "wrong"
    assert [wrong.names[k] for k in wrong.components] == ["output 1, x1"]


def test_a_few_bars_off_is_left_open():
    """Between one error bar and ten nobody is accused and nobody acquitted."""

    def f(x):
        x = float.fromhex(float(x).hex())
        return math.sin(x) + 1e-4 * math.modf(math.sin(x * 1e9) * 43758.5453)[0]

    found = differentiate(f, 1.0)
    assert 1e-4 < found.error < 1e-1
    verdict = check(f, lambda _: found.value + 5 * found.error, at=1.0, domain=[(1.0, 1.0)])
    assert verdict.status == "undecided", str(verdict)
    assert "error bars off" in verdict.reason
    assert "would settle it" in verdict.reason


def test_functions_that_end_somewhere():
    """Where f raises or is NaN nothing is held against its derivative."""

    def f(x):
        if x < 0:
            raise ValueError("negative")
        return math.sqrt(float.fromhex(float(x).hex()))

    verdict = check(f, lambda x: 0.5 / np.sqrt(x), domain=[(-1.0, 3.0)])
    assert verdict.status == "ok", str(verdict)


def test_a_candidate_that_rounds_is_not_wrong():
    """Rounding in the candidate costs digits, and is no mistake."""
    f = opaque(lambda x: -math.cos(x[0]) + 1e-9 * x[0])

    def coarse(x):
        big = 3e6
        return (np.sin(x) + big) - big + 1e-9  # ten digits are left

    assert check(f, coarse, domain=[(0.5, 2.0)]).status in {"ok", "inaccurate"}


N = 10_000
WEIGHTS = np.random.default_rng(1).normal(size=N)
POINT = np.random.default_rng(2).normal(size=N)
MANY = opaque(lambda x: np.sum(np.tanh(x * WEIGHTS)))


def many_gradient(x):
    """Return the gradient of MANY."""
    return WEIGHTS / np.cosh(x * WEIGHTS) ** 2


def test_ten_thousand_right_entries():
    """They pass in a handful of evaluations."""
    verdict = check(MANY, many_gradient, at=POINT)
    assert verdict.status == "ok", str(verdict)
    assert verdict.evaluations <= 60
    assert "uncertified" in verdict.reference


@pytest.mark.parametrize(
    ("change", "cause"), [(0.0, "zero"), (-1.0, "sign"), (1.1, "factor"), (1.01, "factor")]
)
def test_one_wrong_entry_of_ten_thousand(change, cause):
    """It is named, with few evaluations of f."""

    def wrong(x):
        g = many_gradient(x)
        g[4321] *= change
        return g

    verdict = check(MANY, wrong, at=POINT)
    assert (verdict.status, verdict.cause) == ("wrong", cause), str(verdict)
    assert verdict.components == (4321,)
    assert verdict.evaluations <= 140


def test_wrong_entries_of_a_complex_function():
    """Where f takes complex numbers the complex step measures, one evaluation a direction."""

    def f(x):
        if not np.iscomplexobj(x):
            x = np.frombuffer(array.array("d", x))
        return np.sum(np.sin(x) * WEIGHTS)

    def wrong(x):
        g = np.cos(x) * WEIGHTS
        g[77] = 0.0
        return g

    verdict = check(f, wrong, at=POINT)
    assert verdict.components == (77,), str(verdict)
    assert verdict.evaluations <= 80


@pytest.mark.parametrize("size", [1e-7, 1e-9])
def test_a_loose_solver_with_many_parameters(size):
    """All entries a little off, each by another share, are what a tolerance does."""
    biased = np.random.default_rng(3).normal(size=N) * size + 1
    verdict = check(MANY, lambda x: many_gradient(x) * biased, at=POINT)
    assert verdict.status == "ok", str(verdict)
    assert any("solver" in note for note in verdict.violations)


def test_constants_are_no_single_precision():
    """Numbers that fit single precision and never move say nothing about what computed them."""

    def smallest(x):
        return np.linalg.eigvalsh(np.array([[x[0], x[1]], [x[1], 2.0]]))[0]

    verdict = check(smallest, lambda x: np.array([1.0, 0.0]), n=2)  # noqa: ARG005
    assert verdict.status == "wrong"
    assert verdict.cause != "float32"


def oscillator(a, rtol=1e-3):
    """Return an oscillator's place after a while, by a solver with its default tolerance."""
    found = solve_ivp(lambda _, y: [y[1], -a * y[0]], (0, 5), [1.0, 0.0], rtol=rtol)
    return float(found.y[0, -1])


def oscillator_slope(a):
    """Return its derivative in closed form."""
    return -5 * math.sin(5 * math.sqrt(a)) / 2 / math.sqrt(a)


@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-6])
def test_a_claim_that_fits_on_the_whole_is_not_held_to_points(rtol):
    """A solver's slope at a point may be off by any share; its gain over an interval isn't."""
    verdict = check(lambda a: oscillator(a, rtol), oscillator_slope, domain=[(0.5, 5.0)])
    assert verdict.status != "wrong", str(verdict)


@pytest.mark.parametrize("factor", [-1.0, 1.5, 0.0])
def test_a_claim_that_does_not_fit_is_wrong_all_the_same(factor):
    """The looseness of f is no excuse for a wrong derivative."""
    verdict = check(oscillator, lambda a: factor * oscillator_slope(a), domain=[(0.5, 5.0)])
    assert verdict.status == "wrong", str(verdict)


def table(kind, count, wave=1.0):
    """Return a table of sin over three of its waves, and what reads it."""
    nodes = np.linspace(-2.0, 18.0, count)
    values = np.sin(wave * nodes)
    if kind == "linear":
        return opaque(lambda x: np.interp(x[0], nodes, values))
    if kind == "cells":
        return opaque(lambda x: values[np.searchsorted(nodes, x[0]) - 1])
    smooth = PchipInterpolator(nodes, values)
    return opaque(lambda x: smooth(x[0]))


TABLES = [(kind, count) for kind in ("linear", "cells", "cubic") for count in (40, 60, 100, 200)]


@pytest.mark.parametrize("domain", [(0.0, 16.0), (3.3, 5.1)])
@pytest.mark.parametrize(("kind", "count"), TABLES)
def test_a_table_accuses_nobody(kind, count, domain):
    """The slope in a cell of a table is nobody's; its gain over several cells is what is meant."""
    verdict = check(table(kind, count), math.cos, domain=[domain], seed=count)
    assert verdict.status in {"undecided", "ok"}, str(verdict)


@pytest.mark.parametrize("bug", [lambda x: 1.05 * math.cos(x), lambda x: -math.cos(x), math.sin])
@pytest.mark.parametrize(("kind", "count"), [("linear", 100), ("linear", 200), ("cubic", 60)])
def test_a_table_is_no_excuse(kind, count, bug):
    """A derivative that doesn't fit the table over many cells is wrong."""
    verdict = check(table(kind, count), bug, domain=[(0.0, 16.0)])
    assert verdict.status == "wrong", str(verdict)


@pytest.mark.parametrize("seed", range(3))
def test_a_loose_minimisation_accuses_nobody(seed):
    """The derivative of a minimum is that at the minimiser, which is found to a tolerance."""

    def value(z, p):
        return (z[0] - math.sin(p)) ** 2 + (z[1] - p * z[0]) ** 2 / 2 + 0.3 * p * p

    def least(p):
        options = {"xatol": 0.03, "fatol": 0.03}
        return minimize(value, [0.5, 0.5], (p,), "Nelder-Mead", options=options).fun

    f = opaque(lambda p: least(float(p[0])))
    verdict = check(f, lambda p: 0.6 * p, domain=[(0.3, 3.0)], seed=seed)
    assert verdict.status == "undecided", str(verdict)


@pytest.mark.parametrize("term", [lambda x: 0.2 * math.sin(7 * x), lambda x: 0.1 * x])
def test_what_no_slip_explains_is_wrong_where_f_is_smooth(term):
    """f whose slopes tell what it gains is no table, and its slopes are to be believed."""
    f = opaque(lambda x: np.exp(np.sin(x[0])))

    def off(x):
        return math.cos(x) * math.exp(math.sin(x)) + term(x)

    verdict = check(f, off, domain=[(0.0, 5.0)])
    assert verdict.status == "wrong", str(verdict)


def test_a_table_of_two_variables_accuses_nobody():
    """What is coarse along one variable is coarse along the others."""
    nodes = np.linspace(0.0, 10.0, 80)
    values = np.sin(nodes)

    def read(x):
        return np.interp(x[0], nodes, values) * (2 + np.interp(x[1], nodes, values))

    def slopes(x):
        return np.array(
            [np.cos(x[0]) * (2 + np.sin(x[1])), np.sin(x[0]) * np.cos(x[1])],
        )

    verdict = check(opaque(read), slopes, domain=[(0.5, 9.5)] * 2)
    assert verdict.status == "undecided", str(verdict)


@pytest.mark.parametrize("n", [40, 2000])
@pytest.mark.parametrize("count", [30, 150])
def test_a_table_of_many_variables_accuses_nobody(count, n):
    """Where every entry is off, each by another share, its gain over cells is looked at."""
    nodes = np.linspace(-2.0, 18.0, count)
    values = np.sin(nodes)
    rng = np.random.default_rng(count)
    weights, at = rng.normal(size=n), rng.uniform(0.5, 11.0, n)
    f = opaque(lambda x: weights @ np.interp(x, nodes, values))
    verdict = check(f, lambda x: weights * np.cos(x), at=at)
    assert verdict.status == "undecided", str(verdict)
    verdict = check(f, lambda x: -weights * np.cos(x), at=at)
    assert verdict.status == "wrong", str(verdict)


def test_one_point_is_no_region():
    """A small error at a single point is not called a region that is wrong."""

    def f(a):
        found = solve_ivp(lambda _, y: [y[1], -a * y[0]], (0, 1), [1.0, 0.0], rtol=1e-6, atol=1e-9)
        return float(found.y[0, -1])

    verdict = check(f, lambda a: -math.sin(math.sqrt(a)) / 2 / math.sqrt(a), at=1.0)
    assert verdict.status != "wrong", str(verdict)


def test_a_rounded_table():
    """Cells have the slope 0 inside, and nobody means that one."""
    verdict = check(lambda x: round(math.sin(opaque(lambda v: v[0])(x)), 3), math.cos, n=1)
    assert verdict.status != "wrong", str(verdict)


def test_no_value_in_the_middle_of_the_box():
    """A function that raises at 0 is tried elsewhere."""
    f = opaque(lambda x: math.log(x[0]))
    assert check(f, lambda x: 1 / x, n=1).status == "ok"


def test_a_loop_that_grows_does_not_hang():
    """Causes are looked for in time, whatever a derivative looks like written out."""

    def iterate(r):
        x = 0.3
        for _ in range(20):
            x = r * x * (1 - x)
        return x

    def slope(r):
        x, d = 0.3, 0.0
        for _ in range(20):
            x, d = r * x * (1 - x), 0.99 * (x * (1 - x) + r * (1 - 2 * x) * d)
        return d

    assert check(iterate, slope, domain=[(2.5, 3.4)]).status == "wrong"


def test_plain_code_of_many_parameters_goes_along_directions():
    """A trace of a million operations is not waited for."""
    a = np.random.default_rng(0).normal(size=(50, 400)) / 20

    def f(w):
        return np.sum(np.tanh(a @ w - 1) ** 2)

    def wrong(w):
        t = np.tanh(a @ w - 1)
        g = a.T @ (2 * t * (1 - t**2))
        g[7] *= 1.1
        return g

    verdict = check(f, wrong, at=np.random.default_rng(1).normal(size=400))
    assert verdict.components == (7,)
    assert "along directions" in verdict.reference


def test_a_wrong_sign_of_a_solver_s_sensitivity_is_called_so():
    """Measured ratios are -0.9999998; what is meant is -1, or 21/20."""
    model = decay(1e-6)
    assert check(model, lambda k: math.exp(-k), domain=[(0.5, 2.0)]).cause == "sign"
    verdict = check(model, lambda k: -1.05 * math.exp(-k), domain=[(0.5, 2.0)])
    assert verdict.cause_detail == "given/exact = 21/20 everywhere"


def test_f_that_is_0_everywhere_is_a_constant():
    """Its derivative as computed is 0, in one variable and in many; another claim is wrong."""
    zero = opaque(lambda x: 0.0 * x[0])
    assert check(zero, lambda x: 0.0 * x, at=np.ones(2)).status == "ok"
    assert check(zero, lambda x: np.ones(2), at=np.ones(2)).status == "wrong"  # noqa: ARG005
    many = check(zero, lambda x: np.eye(1, 30, 3)[0], at=np.ones(30))  # noqa: ARG005
    assert (many.status, many.components, many.cause) == ("wrong", (3,), "spurious")
    assert "is flat in h" in many.reason
    assert check(zero, lambda x: 0.0 * x, at=np.ones(30)).status == "ok"


@pytest.mark.parametrize(("a", "w"), [(1e-9, 1e9), (1e-10, 2e10), (1e-7, 1e6)])
def test_the_right_derivative_of_a_ripple_is_not_accused(a, w):
    """A ladder of wide steps sees the line under the ripple, and small steps see the claim."""
    f = opaque(lambda x: x[0] + a * math.sin(w * x[0]))
    verdict = check(f, lambda x: 1 + a * w * np.cos(w * x), at=2.0)
    assert verdict.status != "wrong", str(verdict)
    wrong = check(opaque(lambda x: math.sin(x[0])), lambda x: 1.01 * np.cos(x), at=2.0)
    assert wrong.status == "wrong"


@pytest.mark.parametrize("n", [1, 3, 40])
def test_f_is_asked_only_in_its_domain(n):
    """Or a little outside, where a point lies at its edge: steps don't leave it."""
    seen = []

    def f(x):
        seen.append(np.array(x, copy=True))
        return float(np.sum(x**3))

    verdict = check(opaque(f), lambda x: 3 * x**2, at=np.full(n, 0.5), domain=[(0.0, 2.0)] * n)
    assert verdict.status == "ok"
    assert np.min(seen) >= -0.25
    assert np.max(seen) <= 2.25


def _cancelled(x):
    return sum((1 - math.cos(t)) / t**2 for t in x)


@pytest.mark.parametrize(
    ("f", "gradient", "at"),
    [
        (_cancelled, lambda x: -x / 12, 1e-7),
        (_cancelled, lambda x: -x / 12, 3e-8),
        (_cancelled, lambda x: -x / 12, 1e-8),
        (_cancelled, lambda x: -x / 12, 1e-9),
        (_cancelled, lambda x: -x / 12, np.array([1e-7, 2e-7, 3e-7])),
        (lambda x: (x[0] - math.sin(x[0])) / x[0] ** 3, lambda x: -x / 60, 1e-7),
        (lambda x: math.sqrt(x[0] ** 2 + 1) - x[0], lambda x: -1 / (2 * x * x), 1e8),
        (lambda b: (-b[0] + math.sqrt(b[0] ** 2 - 4)) / 2, lambda b: 1 / b**2, 1e8),
        (
            lambda x: sum(math.log(1 + math.exp(-t)) for t in x),
            lambda x: -np.exp(-x),
            np.linspace(40, 45, 40),
        ),
        (lambda x: 1e16 + math.sin(x[0]), np.cos, 0.5),
        (lambda x: round(math.sin(x[0]), 1), np.cos, 0.5),
        (lambda x: math.sin(x[0]), np.cos, 1e11),
    ],
)
def test_what_f_shows_between_two_of_its_stairs_accuses_nobody(f, gradient, at):
    """Digits that cancel leave stairs, smooth in between, whose slope isn't that of the formula."""
    verdict = check(opaque(f), gradient, at=at)
    assert verdict.status in {"ok", "undecided"}, str(verdict)


def test_a_mistake_in_what_cancels_a_little_is_seen():
    """Where the digits are left, the same functions are held to their slopes."""
    verdict = check(opaque(_cancelled), lambda x: -x / 12 + 0.1, at=1e-3)
    assert verdict.status == "wrong", str(verdict)
    root = opaque(lambda x: math.sqrt(x[0] ** 2 + 1) - x[0])
    assert check(root, lambda x: x / np.sqrt(x * x + 1), at=3.0).status == "wrong"
