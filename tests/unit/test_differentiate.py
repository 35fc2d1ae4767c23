"""differentiate, gradient, jacobian and hessian: answers, refusals, and bad input."""

from __future__ import annotations

import math
import re
import time
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import symnum as sn


@pytest.mark.parametrize(
    ("function", "x", "exact"),
    [
        (np.sin, 1.0, math.cos(1.0)),
        (math.sin, 1.0, math.cos(1.0)),
        (lambda x: x**3, 2, 12.0),
        (lambda x: x, np.float32(1.5), 1.0),
        (lambda x: [x * x], 3.0, 6.0),
        (lambda x: np.array([x * x]), 3.0, 6.0),
        (lambda _: 5, 1.0, 0.0),
    ],
)
def test_the_error_bar_holds(function, x, exact):
    """The value is within its bar of the exact derivative, and the bar is small."""
    found = sn.differentiate(function, x)
    assert found.status == "estimated"
    assert abs(found.value - exact) <= found.error < 1e-10
    assert found.verified >= found.error


def test_the_reference_is_named():
    """What takes complex numbers is answered by the complex step, all else by real steps."""
    assert sn.differentiate(np.sin, 1.0).reference == "complex step"
    assert sn.differentiate(math.sin, 1.0).reference == "real steps"
    assert sn.differentiate(lambda x: abs(x) ** 3, 1.0).reference == "real steps"


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.real(x) * 2 + 1j * 0 + x * 0,
        lambda x: np.conj(x) ** 2,
        lambda x: x * x if np.imag(x) == 0 else x * x * 1.5,
    ],
)
def test_what_is_not_analytic_is_not_believed(function):
    """A complex step that real steps contradict is dropped."""
    found = sn.differentiate(lambda x: function(x) if isinstance(x, complex) else x * x, 1.0)
    assert found.reference == "real steps"
    assert abs(found.value - 2) <= found.error


def test_the_second_derivative():
    """The second derivative is within its bar."""
    found = sn.differentiate(math.sin, 1.0, derivative_order=2)
    assert abs(found.value + math.sin(1.0)) <= found.error < 1e-9


def test_a_direction_is_not_normalized():
    """The derivative along 2 v is twice that along v."""
    found = [
        sn.differentiate(lambda x: float(x[0]) * math.exp(x[1]), [1.0, 0.5], v)
        for v in ([1.0, 2.0], [2.0, 4.0])
    ]
    assert found[1].value == pytest.approx(2 * found[0].value, rel=1e-9)
    assert abs(found[0].value - 3 * math.exp(0.5)) <= found[0].error


@pytest.mark.parametrize(
    ("function", "x", "status"),
    [
        (abs, 0.0, "kink"),
        (np.sign, 0.0, "jump"),
        (np.cbrt, 0.0, "vertical_tangent"),
        (math.sqrt, 0.0, "edge"),
        (math.log, -1.0, "nonfinite"),
        (lambda x: x * math.nan, 1.0, "nonfinite"),
        (lambda x: 0.0 * x, 1.0, "zero"),
    ],
)
def test_a_refusal_says_why(function, x, status):
    """Where there is no derivative there is a status, a sentence, and no value."""
    found = sn.differentiate(function, x)
    assert found.status == status
    assert math.isnan(found.value)
    assert found.error == math.inf
    assert len(found.reason) > 20
    assert not found
    assert str(found).startswith(status)


def test_pure_noise_is_refused():
    """A function that is nothing but noise is not differentiated."""
    random = np.random.default_rng(1)
    assert sn.differentiate(lambda _: random.standard_normal(), 1.0).status in {"random", "noise"}


def test_writing_into_the_argument_does_no_harm():
    """Every call gets a fresh copy of the point."""

    def writes(x):
        x *= 2
        return float(np.sum(x**2).real)

    at = np.array([1.0, 2.0])
    found = sn.gradient(writes, at)
    assert (abs(found.value - [8, 16]) <= found.error).all()
    assert at.tolist() == [1.0, 2.0]


def test_a_timeout_says_how_many_evaluations_were_made():
    """A slow function is given up between two calls, with the number of evaluations."""
    found = sn.differentiate(lambda x: time.sleep(0.02) or math.sin(x), 1.0, timeout=0.1)
    assert found.status == "timeout"
    assert 1 <= found.evaluations <= 7
    assert f"{found.evaluations} evaluations" in found.reason
    gradient = sn.gradient(lambda x: time.sleep(0.02) or float(x[0]), [1.0, 2.0], timeout=0.1)
    assert "timeout" in gradient.status.tolist()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((math.sin, math.nan), "not finite"),
        ((math.sin, "1"), "at is a number or an array"),
        ((math.sin, []), "at is a number or an array"),
        ((math.sin, [[1.0]]), "at is a number or an array"),
        ((np.sum, [1.0, 2.0]), "a direction is needed"),
        ((np.sum, [1.0, 2.0], [0.0, 0.0]), "zero length"),
        ((np.sum, [1.0, 2.0], [1.0]), r"array of shape \(2,\)"),
        ((np.sum, [1.0, 2.0], [1.0, math.inf]), "entries are finite"),
        ((math.sin, 1.0, None, 3), "derivative orders 1 and 2"),
        ((math.sin, 1.0, None, 0), "whole number"),
        (("sin(x)", 1.0), "a callable is expected"),
        ((lambda _: "one", 1.0), "a number or an array of numbers"),
        ((lambda _: None, 1.0), "returned a NoneType"),
        ((lambda x: np.array([x, x]), 1.0), "symnum.jacobian"),
        ((lambda x: x + 1j, 1.0), "complex numbers at the real point"),
        ((lambda x: x["a"], 1.0), "the function raised TypeError"),
        ((lambda x: np.ones(1 + (x > 1)), 1.0), "always the same is expected"),
    ],
)
def test_bad_input_is_refused(arguments, says):
    """Bad input raises a SymnumError whose sentence says what is expected."""
    with pytest.raises(sn.SymnumError, match=says):
        sn.differentiate(*arguments)


@pytest.mark.parametrize("timeout", [0, -1.0, "1", True])
def test_a_bad_timeout_is_refused(timeout):
    """A timeout is a positive number of seconds."""
    with pytest.raises(sn.UsageError, match="timeout"):
        sn.differentiate(math.sin, 1.0, timeout=timeout)


@pytest.mark.parametrize("budget", [0, 15, 20.0, True])
def test_a_bad_budget_is_refused(budget):
    """A budget is a whole number of evaluations with which a step can be scanned."""
    with pytest.raises(sn.UsageError, match="budget"):
        sn.differentiate(math.sin, 1.0, budget=budget)


def test_a_function_that_raises_in_part_of_its_domain():
    """A function that raises beyond x is answered from the steps within."""

    def partial(x):
        if x > 1.001:
            raise ValueError(x)
        return math.exp(x)

    found = sn.differentiate(partial, 1.0)
    assert abs(found.value - math.e) <= found.error < 1e-9


def test_the_gradient():
    """A gradient has a bar for every entry, and a status where one can't be answered."""
    found = sn.gradient(lambda x: np.abs(x[0]) + x[1] ** 2, [0.0, 3.0])
    assert found.status.tolist() == ["kink", "estimated"]
    assert math.isnan(found.value[0])
    assert abs(found.value[1] - 6) <= found.error[1]


def test_the_jacobian_shares_evaluations():
    """Ten outputs take no ten times the evaluations of one."""
    one = sn.jacobian(lambda x: np.sin(x[:1] * np.arange(1, 2)), [0.5])
    ten = sn.jacobian(lambda x: np.sin(x[0] * np.arange(1, 11)), [0.5])
    exact = np.arange(1, 11) * np.cos(0.5 * np.arange(1, 11))
    assert (abs(ten.value[:, 0] - exact) <= ten.error[:, 0]).all()
    assert ten.evaluations < 10 * one.evaluations


def banded(x):
    """Return outputs that depend on two neighbours each."""
    return x**2 + np.append(np.sin(x[1:]), 0)


def test_a_pattern_saves_evaluations_and_holds():
    """With the pattern of a band, its columns are moved together, to the same derivatives."""
    x = np.arange(12) + 0.5
    pattern = np.eye(12) + np.eye(12, k=1)
    exact = np.diag(2 * x) + np.diag(np.cos(x[1:]), 1)
    full, sparse = sn.jacobian(banded, x), sn.jacobian(banded, x, pattern)
    for found in (full, sparse):
        assert (abs(found.value - exact) <= found.error).all()
    assert sparse.evaluations < full.evaluations / 2


@pytest.mark.parametrize("row", [0, 5, 10])
def test_an_entry_outside_of_the_pattern_is_found(row):
    """A row with an entry that was not declared has no answers, and its status says so."""
    pattern = np.eye(12) + np.eye(12, k=1)
    pattern[row, row + 1] = 0
    found = sn.jacobian(banded, np.arange(12) + 0.5, pattern)
    assert set(found.status[row]) == {"outside_pattern"}
    assert np.isnan(found.value[row]).all()
    others = np.delete(found.status, row, axis=0)
    assert set(others.flat) == {"estimated"}


def test_a_pattern_of_another_shape_is_refused():
    """A pattern has a row an output and a column a variable."""
    with pytest.raises(sn.UsageError, match=r"shape \(12, 12\)"):
        sn.jacobian(banded, np.arange(12.0), np.eye(3))


def test_the_hessian():
    """A Hessian is symmetric and within its bars."""
    found = sn.hessian(lambda x: np.exp(x[0] * x[1]) + x[2] ** 2 * x[0], [1.0, 0.5, 2.0])
    e = math.exp(0.5)
    exact = np.array([[e / 4, 1.5 * e, 4], [1.5 * e, e, 0], [4, 0, 2]])
    assert (abs(found.value - exact) <= found.error).all()
    assert (found.value == found.value.T).all()


def test_the_same_seed_gives_the_same_answer():
    """Nothing is random but what the seed says."""
    one, two = (sn.differentiate(lambda x: np.float32(x) ** 2, 1.3, seed=7) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    "function",
    [
        math.exp,
        np.sin,
        lambda x: 1 / x,
        lambda x: x**3,
        lambda x: 1e308 * np.sin(x),
        lambda x: 1e-320 * x,
        lambda x: max(x, 0.0),
        lambda x: np.float16(x),
        lambda _: math.inf,
    ],
)
def test_the_ends_of_the_doubles_are_answered_or_refused(function, order):
    """From the smallest to the largest doubles there is a finite bar or a status, no traceback."""
    for x in (0.0, -0.0, 5e-324, 1e-310, 1e-160, 1.0, -2.0, 709.0, 1e16, 1e155, 1.7e308, -1e308):
        found = sn.differentiate(lambda t: float(function(t)), x, derivative_order=order)
        assert bool(found) == (found.status == "estimated")
        assert bool(found) == math.isfinite(found.error)


@pytest.mark.parametrize(
    ("stairs", "x"),
    [
        (math.floor, 1.5),
        (round, 1.3),
        (int, 1.5),
        (lambda x: x // 0.1, 1.55),
        (math.floor, 100.5),
        (math.floor, 272.3),
        (math.floor, 5000.4),
        (math.floor, 100_000.4),
        (lambda x: math.floor(x * 100) / 100, 1.5051),
        (lambda x: math.floor(x * 1e3) * 1e-3, 1.50512),
        (lambda x: round(x, 4), 1.505123),
        (lambda x: round(x, 5), 1.505123),
        (lambda x: round(math.sin(x), 3), 0.7),
    ],
)
def test_wide_stairs_have_no_slope_across_them(stairs, x):
    """The slope of floor is 0 on a stair; that of a line through many stairs is none of it."""
    found = sn.differentiate(stairs, x)
    assert found.status == "staircase"
    assert "its slope is 0" in found.reason
    assert found.evaluations < 50


@pytest.mark.parametrize(
    ("stairs", "width", "x"),
    [(math.floor, 1.0, 1.5), (math.floor, 1.0, 300.3), (lambda x: round(x, 4), 1e-4, 1.505123)],
)
def test_a_slope_with_stairs_is_not_that_across_them(stairs, width, x):
    """The derivative of x + floor(x) is 1, and the line through it rises by 2."""
    found = sn.differentiate(lambda t: t + stairs(t), x)
    assert found.status == "two_slopes"
    assert not found
    # Much steeper than its stairs it may be answered, on the stair where the point is.
    steep = sn.differentiate(lambda t: math.sin(t) + stairs(t) / width * 1e-12, x)
    assert not steep or abs(steep.value - math.cos(x)) <= steep.error


@pytest.mark.parametrize("x", [0.3, 1.0, 1.4, 1.55])
@pytest.mark.parametrize("cut", [np.float16, np.float32])
def test_narrow_stairs_are_rounding(cut, x):
    """A result cut to fewer digits has stairs too, and the slope that is meant is across them.

    Where they are too wide for that they are said to be stairs.
    """
    found = sn.differentiate(lambda t: float(cut(math.sin(t))), x)
    assert found.status == "staircase" or abs(found.value - math.cos(x)) <= found.error
    assert bool(found) or (cut is np.float16 and x > 1)


@pytest.mark.parametrize("x", [1e-290, 1e-300, 1e-307])
@pytest.mark.parametrize("f", [math.log, np.log, math.sqrt])
def test_a_point_near_0_is_no_edge(f, x):
    """However small x is, f is finite on both sides of it."""
    found = sn.differentiate(f, x)
    exact = 0.5 / math.sqrt(x) if f is math.sqrt else 1 / x
    assert abs(found.value - exact) <= found.error <= exact / 1e6


@pytest.mark.parametrize("power", [2, 3, 4])
@pytest.mark.parametrize("wave", [math.sin, math.cos])
def test_oscillations_without_end_have_bars_that_hold(wave, power):
    """x² sin(1/x) falls as a smooth function does at every step, and settles at none."""
    found = sn.differentiate(lambda x: x**power * wave(1 / x) if x else 0.0, 0.0)
    assert not found or abs(found.value) <= found.error


@pytest.mark.parametrize(
    ("f", "x", "left", "right"),
    [
        (lambda x: max(math.sin(x), math.cos(x)), math.pi / 4, -math.sqrt(0.5), math.sqrt(0.5)),
        (lambda x: abs(x - 1) + x**2, 1.0, 1.0, 3.0),
        (lambda x: max(x**3, 2 - x), 1.0, -1.0, 3.0),
        (lambda x: abs(math.log(x)) + 1e6, 1.0, -1.0, 1.0),
    ],
)
def test_slopes_at_a_kink_have_bars_that_hold(f, x, left, right):
    """Each side has its own bar, in the reason."""
    found = sn.differentiate(f, x)
    assert found.status == "kink"
    bars = [float(bar) for bar in re.findall(r"± (\S+) to the", found.reason)]
    assert len(bars) == 2
    assert abs(found.left - left) <= 2 * bars[0]  # one digit of it is printed
    assert abs(found.right - right) <= 2 * bars[1]
    assert max(bars) < 1e-3


def test_a_bend_is_no_plain_kink():
    """|x|^1.1 has the slope 0 at 0, which no step shows: no numbers are given."""
    found = sn.differentiate(lambda x: abs(x) ** 1.1, 0.0)
    assert found.status == "kink"
    assert math.isnan(found.left)
    assert "h^1.1" in found.reason


def test_a_minimum_of_many_variables_has_the_slope_0():
    """The bar is small beside the slopes to either side, which is all that can be had."""

    def rosenbrock(x):
        return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))

    direction = np.random.default_rng(0).choice([-1.0, 1.0], 30)
    found = sn.differentiate(rosenbrock, np.ones(30), direction=direction)
    assert found.status == "estimated"
    assert abs(found.value) <= found.error < 1e-9


@pytest.mark.parametrize("as_real", [True, False])
def test_a_sparse_jacobian_costs_colours_and_not_outputs(as_real):
    """A tridiagonal one has three colours, and takes about the same for 10 and for 100 rows."""

    def f(x):
        x = np.asarray(x, dtype=float) if as_real else x
        y = np.sin(x)
        y[1:] += x[:-1] ** 2
        y[:-1] += x[1:] * x[:-1]
        return y

    spent = []
    for n in (10, 100):
        near = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 1
        x = np.linspace(0.1, 1, n)
        found = sn.jacobian(f, x, pattern=near)
        exact = np.diag(np.cos(x)) + np.diag(2 * x[:-1], -1) + np.diag(x[:-1], 1)
        exact[np.arange(n - 1), np.arange(n - 1)] += x[1:]
        assert (np.abs(found.value - exact) <= found.error).all()
        spent.append(found.evaluations)
    assert spent[1] < (300 if as_real else 60)
    assert spent[1] < 1.5 * spent[0]


@pytest.mark.parametrize(
    "result",
    [
        lambda x: str(x),
        lambda x: np.str_(x),
        lambda x: str(x).encode(),
        lambda x: np.array(str(x), dtype=object),
        lambda x: np.timedelta64(int(x * 1000), "s"),
    ],
)
def test_what_reads_as_a_number_is_none(result):
    """Text with a number in it, and a time, are refused like other things that are no numbers."""
    with pytest.raises(sn.UsageError, match="a number or an array of numbers is expected"):
        sn.differentiate(result, 1.5)


def test_numbers_of_other_kinds_are_numbers():
    """Fractions and decimals are read as the doubles nearest to them."""
    found = sn.differentiate(lambda x: Fraction(x) ** 2, 1.5)
    assert abs(found.value - 3.0) <= found.error
    found = sn.differentiate(lambda x: Decimal(x) ** 2, 1.5)
    assert abs(found.value - 3.0) <= found.error


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.ma.array(x**2, mask=True),
        lambda x: np.ma.masked if x > 0 else x,
        lambda x: np.ma.array(float(x), mask=x > 1.001),
    ],
)
def test_what_is_missing_is_no_number(f):
    """A masked array keeps a number under its mask, which nobody meant."""
    with pytest.raises(sn.UsageError, match="masked array, in which entries are missing"):
        sn.differentiate(f, 1.0)
    with pytest.raises(sn.UsageError, match="masked array"):
        sn.jacobian(lambda x: np.ma.array(x, mask=[True, False]), np.ones(2))
    assert sn.differentiate(lambda x: np.ma.array(x**2, mask=False), 1.0).value == 2.0


@pytest.mark.parametrize(("roundings", "share"), [(1e2, 0.75), (1e3, 0.9), (1e4, 0.9), (1e5, 0.95)])
def test_bars_hold_beside_ripples(roundings, share):
    """Of a ripple as fine as rounding nothing is seen; of larger ones the bar knows."""
    rng = np.random.default_rng(3)
    size, covered = roundings * 2.0**-53, []
    for _ in range(60):
        x, w, p = rng.uniform(0.3, 2), 10 ** rng.uniform(3, 9), rng.uniform(0, 6)

        def f(t, w=w, p=p):
            return math.exp(t) + size * math.sin(w * t + p)

        found = sn.differentiate(f, x)
        exact = math.exp(x) + size * w * math.cos(w * x + p)
        covered += [abs(found.value - exact) <= found.error] if found else []
    assert len(covered) >= 55
    assert np.mean(covered) >= share


def single_polynomials(count):
    """Yield polynomials computed in single precision, points, and their exact derivatives."""
    for seed in range(count):
        rng = np.random.default_rng([seed, 32])
        x = 10 ** float(rng.uniform(-1, 1))
        degree = int(rng.integers(2, 7))
        c = (rng.normal(size=degree + 1) * 10 ** rng.uniform(-1, 1, degree + 1)).astype(np.float32)
        at = Fraction(x)
        exact = sum(i * Fraction(float(a)) * at ** (i - 1) for i, a in enumerate(c) if i)

        def powers(t, c=c):
            single = np.float32(t)
            return float(sum((a * single**i for i, a in enumerate(c)), np.float32(0)))

        yield powers, x, float(exact)


def test_single_precision_is_as_noisy_as_f_is_large():
    """Where f grows with the step its rounding does, and the bar holds that."""
    missed = []
    for f, x, exact in single_polynomials(300):
        found = sn.differentiate(f, x)
        if found and not abs(found.value - exact) <= found.error:
            missed.append((x, exact, found.value, found.error))
    assert len(missed) <= 1, missed


def chirps_where_they_are_flat(count):
    """Yield cos(x^p) near its extrema, with p, points, and derivatives to more digits."""
    for seed in range(count):
        rng = np.random.default_rng([seed, 37])
        p = 2 + seed % 2
        turns = int(rng.integers(3, 2500))
        off = 10 ** float(rng.uniform(-6, -0.5))
        x = (math.pi * turns + off) ** (1 / p)
        with mpmath.workdps(40):
            t = mpmath.mpf(x)
            exact = float(-p * t ** (p - 1) * mpmath.sin(t**p))
        yield p, x, exact


def test_a_rounded_argument_is_noise_where_f_slopes():
    """At an extremum of cos(x^3) the rounding of x^3 isn't heard, and beside it it is."""
    missed = []
    for p, x, exact in chirps_where_they_are_flat(200):
        found = sn.differentiate(lambda t, p=p: math.cos(t**p), x)
        if found and not abs(found.value - exact) <= found.error:
            missed.append((p, x, exact, found.value, found.error))
    assert len(missed) <= 1, missed


@pytest.mark.parametrize("x", [0.13, 0.63, 1.42, 6.58])
@pytest.mark.parametrize("frequency", [3e7, 1e8, 1e9])
@pytest.mark.parametrize("amplitude", [1e-11, 1e-10, 1e-9])
def test_a_fine_wave_is_a_part_of_f(amplitude, frequency, x):
    """A wave that grows as a smooth function does is no noise, however fine it is."""
    found = sn.differentiate(lambda t: math.sin(t) + amplitude * math.sin(frequency * t), x)
    with mpmath.workdps(40):
        slope = mpmath.cos(x) + mpmath.mpf(amplitude) * frequency * mpmath.cos(
            frequency * mpmath.mpf(x)
        )
    assert found
    assert abs(found.value - float(slope)) <= 2 * found.error


def edges_beside_simple_numbers(count):
    """Yield functions that end at a simple number, points beside it, and their two derivatives."""
    forms = (
        (-1, lambda m, x, d: m.sqrt(d * d - x * x)),
        (1, lambda m, x, d: m.log(x / d + m.sqrt(x * x / d / d - 1))),
        (1, lambda m, x, d: m.sqrt(x * x - d * d) ** 3),
        (1, lambda m, x, d: m.sqrt(x * x * x - d * d * d)),
        (1, lambda _, x, d: 1 / (x * x - d * d)),
        (1, lambda _, x, d: x * x - 3 * d * x + 2 * d * d),
    )
    for seed in range(count):
        rng = np.random.default_rng([seed, 59])
        side, form = forms[seed % len(forms)]
        d = float(rng.choice([1.0, 2.0, 1.75, 10.0]))
        x = d * (1 + side * 10 ** float(-rng.uniform(4, 9)))

        def opaque(t, form=form, d=d):
            return form(math, float.fromhex(float(t).hex()), d)

        with mpmath.workdps(120):
            at, step = mpmath.mpf(x), mpmath.mpf(10) ** -40
            exact = [
                mpmath.diff(lambda t, form=form, d=d: form(mpmath, t, mpmath.mpf(d)), at, k, h=step)
                for k in (1, 2)
            ]
        yield opaque, x, exact


def test_rounding_that_no_node_shows_is_in_the_bar():
    """Beside an edge at a simple number x² is rounded alike at all nodes of a window."""
    missed, widths = [], []
    for f, x, exact in edges_beside_simple_numbers(300):
        for order in (1, 2):
            found = sn.differentiate(f, x, derivative_order=order)
            if not found:
                continue
            off = abs(float(found.value - exact[order - 1]))
            widths.append(found.error / max(off, 2.0**-54 * abs(found.value)))
            if off > found.error:
                missed.append((x, order, found.value, found.error, off))
    assert len(widths) > 500
    assert len(missed) <= 10, missed  # of some 580
    assert np.median(widths) < 20


def test_what_moves_its_argument_exactly_keeps_its_bar():
    """At simple numbers nothing is rounded alike and off; the bars there stay as they are."""
    found = sn.differentiate(lambda t: float.fromhex(float(t).hex()) ** 3, 2.0)
    assert abs(found.value - 12) <= found.error < 1e-11


def waves_on_a_line(count):
    """Yield fine waves on a line, points, and slopes to more digits."""
    for seed in range(count):
        rng = np.random.default_rng([seed, 61])
        frequency = 10 ** float(rng.uniform(6, 10))
        amplitude = 10 ** float(rng.uniform(-8, 0))
        x = 10 ** float(rng.uniform(-1, 2.5))
        with mpmath.workdps(40):
            slope = 1 + mpmath.mpf(amplitude) * frequency * mpmath.cos(mpmath.mpf(x) * frequency)

        def opaque(t, a=amplitude, w=frequency):
            t = float.fromhex(float(t).hex())
            return a * math.sin(w * t) + t

        # The argument of the sine is a double: so far off is the slope of what is computed.
        yield opaque, x, float(slope), 2.0**-52 * x * amplitude * frequency**2


def test_the_slope_across_a_fine_wave_is_not_that_of_f():
    """However far the steps that average over a wave, the finest ones show that it is no noise."""
    missed, answers = [], 0
    for f, x, slope, rounding in waves_on_a_line(300):
        found = sn.differentiate(f, x)
        answers += bool(found)
        if found and abs(found.value - slope) > found.error + rounding:
            missed.append((x, slope, found.value, found.error))
    assert answers > 260
    assert len(missed) <= 6, missed
    assert not [one for one in missed if abs(one[1] - one[2]) > 0.1 * abs(one[1])]


@pytest.mark.parametrize(("frequency", "x"), [(1e7, 14.219548974429646), (7.82e9, 783.4927788)])
def test_a_claim_of_the_slope_across_a_wave_is_not_ok(frequency, x):
    """What a check measures of a fine wave is not the slope of the line that it rides on."""

    def opaque(t):
        t = float.fromhex(float(t).hex())
        return math.sin(frequency * t) + t

    found = sn.differentiate(opaque, x)
    assert not found or abs(found.value) > 1e5
    assert sn.check(opaque, lambda _: 1.0, at=x, n=1).status != "ok"


RANDOM = {
    "x + rand()": (lambda x, draw, _: x + draw(), lambda _: 1.0),
    "x² + rand()": (lambda x, draw, _: x**2 + draw(), lambda x: 2 * x),
    "float(x) + rand()": (lambda x, draw, _: float(x) + draw(), lambda _: 1.0),
    "x + 1e-6 rand()": (lambda x, draw, _: float(x) + 1e-6 * draw(), lambda _: 1.0),
    "x + calls": (lambda x, _, count: x + next(count), lambda _: 1.0),
    "sin(x) + 1e-6 calls": (lambda x, _, count: math.sin(x) + 1e-6 * next(count), math.cos),
}


@pytest.mark.parametrize("x", [0.0, 1.3, -7.0, 1e4])
@pytest.mark.parametrize("name", RANDOM)
def test_a_random_function_is_said_to_be_random(name, x):
    """Where two calls at the point differ the answer says so, and rests on no far steps."""
    f, slope = RANDOM[name]
    draw, count = np.random.default_rng(67).random, iter(range(10**9))
    found = sn.differentiate(lambda t: f(t, draw, count), x)
    if found:
        assert found.reason.startswith("f is random")
        assert abs(found.value - slope(x)) <= found.error
        assert found.error > 1e-12
    else:
        assert found.status == "random"
