"""Derivatives of code without a formula."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from symnum import UsageError, check


def branching(x):
    """Loop and branch on data: no one formula holds everywhere."""
    y = x[0]
    for _ in range(3):
        y = np.sqrt(y) * x[1] if y > 1 else y * y + x[1]
    return y


def slopes(x):
    """Differentiate the loop by hand."""
    y, dy = x[0], np.array([1.0, 0.0])
    for _ in range(3):
        if y > 1:
            root = np.sqrt(y)
            y, dy = root * x[1], dy / (2 * root) * x[1] + np.array([0.0, root])
        else:
            y, dy = y * y + x[1], 2 * y * dy + np.array([0.0, 1.0])
    return dy


BOX = [(0.2, 3.0), (0.2, 3.0)]


def test_code_with_branches_is_certified():
    """A right gradient of code that branches on its data passes, held against certified values."""
    verdict = check(branching, slopes, domain=BOX)
    assert bool(verdict), str(verdict)
    assert verdict.reference == "certified, by running f on balls"
    assert max(verdict.detection_limit) < 1e-12


@pytest.mark.parametrize(
    ("bug", "cause"),
    [
        (lambda g: -g, "sign"),
        (lambda g: 2 * g, "factor"),
        (lambda g: g[::-1], "swapped"),
        (lambda g: g * np.array([1.0, 1 + 1e-8]), "factor"),
        (lambda g: g * np.array([0.0, 1.0]), "zero"),
        (lambda g: g.astype(np.float32).astype(float), "float32"),
    ],
)
def test_bugs_in_a_derivative_of_code(bug, cause):
    """What needs no formula is diagnosed without one."""
    verdict = check(branching, lambda x: bug(slopes(x)), domain=BOX)
    status = "inaccurate" if cause == "float32" else "wrong"
    assert (verdict.status, verdict.cause) == (status, cause), str(verdict)


def test_a_region_is_found_without_a_formula():
    """Wrong in a slab of 2 % of the box."""
    verdict = check(branching, lambda x: slopes(x) * (1 + (np.abs(x[1] - 1.5) < 0.03)), domain=BOX)
    assert (verdict.status, verdict.cause) == ("wrong", "region"), str(verdict)


def test_parameters_of_a_model_by_name():
    """A dict of arrays goes to f and its derivative as they take it."""

    def loss(w, b):
        return np.sum(w**2) * b if b > 0 else b

    at = {"w": np.array([1.0, 2.0]), "b": 0.5}
    good = check(loss, lambda w, b: {"w": 2 * w * b, "b": float(np.sum(w**2))}, at=at)
    bad = check(loss, lambda w, b: {"w": -2 * w * b, "b": float(np.sum(w**2))}, at=at)
    assert bool(good), str(good)
    assert bad.status == "wrong"
    assert [bad.names[k] for k in sorted(bad.components)] == ["w[0]", "w[1]"]


def newton(a):
    """Return a square root, from 1 on."""
    y = 1.0
    while abs(y * y - a) > 1e-12:
        y = (y + a / y) / 2
    return y


def test_a_solver_that_starts_at_its_answer():
    """A solver that never moves has derivative 0 there; nobody's right derivative is accused."""
    assert check(newton, lambda a: 0.5 / np.sqrt(a), domain=[(0.5, 4)])
    verdict = check(newton, lambda a: 1 / np.sqrt(a), domain=[(0.5, 4)])
    assert (verdict.status, verdict.cause) == ("wrong", "factor"), str(verdict)


def test_what_has_no_reference_is_undecided():
    """Code that can't be traced, run on balls or differenced leaves it open, and says why."""
    rng = np.random.default_rng(0)

    def f(x):
        return float(np.sin(np.float32(x[0]))) + 10 * rng.normal()

    verdict = check(f, np.cos, n=1)
    assert verdict.status == "undecided"
    assert "traced" in verdict.reason
    assert "balls" in verdict.reason
    assert "differences" in verdict.reason


def test_how_many_variables():
    """Without points, a box or n there is nothing to try."""
    with pytest.raises(UsageError, match="how many variables"):
        check(branching, slopes)
    with pytest.raises(UsageError, match="can't be evaluated"):
        check(branching, slopes, n=1)


INPUTS = np.random.default_rng(0).normal(size=(6, 4))
TARGETS = np.random.default_rng(1).normal(size=6)
BLOCKS = [
    np.random.default_rng(2).normal(size=(4, 3)),
    np.random.default_rng(3).normal(size=3),
    np.random.default_rng(4).normal(size=3),
]


def network_loss(parameters):
    """Return the loss of a network whose parameters are a list of arrays."""
    w, b, v = parameters
    return np.sum((np.tanh(INPUTS @ w + b) @ v - TARGETS) ** 2)


def network_gradient(parameters, factor=1):
    """Return its gradient, a list too."""
    w, b, v = parameters
    h = np.tanh(INPUTS @ w + b)
    r = 2 * (h @ v - TARGETS)
    back = np.outer(r, v) * (1 - h * h)
    return [INPUTS.T @ back, factor * back.sum(axis=0), h.T @ r]


def test_a_list_of_arrays():
    """Parameters may come as a list; their entries are named by its index and their own."""
    right = check(network_loss, network_gradient, at=BLOCKS)
    assert right.status == "proved", str(right)
    assert right.form == "a list of arrays"
    assert right.unreached_lines == ()
    wrong = check(network_loss, lambda p: network_gradient(p, 2), at=BLOCKS)
    assert {wrong.names[k] for k in wrong.components} == {"[1][0]", "[1][1]", "[1][2]"}
    assert wrong.cause == "factor"


def test_progress():
    """Every call of their code is told."""
    told = []
    check("x**2", lambda x: 2 * x, progress=told.append)
    assert told == list(range(1, len(told) + 1))
    assert len(told) > 50


def test_a_list_of_vectors_of_one_length():
    """The derivative's answer says whether they are points or parameters."""
    blocks = [np.full(3, 2.0), np.full(3, 3.0)]
    right = check(lambda p: np.sum(p[0] * p[1]), lambda p: [p[1], p[0]], at=blocks)
    assert right.status in {"ok", "proved"}, str(right)
    assert right.form == "a list of arrays"
    points = check(lambda p: np.sum(p**2), lambda p: 2 * p, at=blocks)
    assert points.form == "an array of shape (n,)"
    assert bool(points)


def test_a_column_of_points_of_one_variable():
    """Code that takes a float gets one where it can't take an array."""
    assert check(lambda x: x**2, lambda x: 2 * float(np.float64(x)), at=np.array([[0.3], [1.0]]))


def test_choices_deep_inside_each_other_are_not_written_out():
    """A derivative of a thousand of them would be as long as the square, and as deep."""

    def steps(x):
        return np.select([x < k / 100 for k in range(400)], [np.sin(x) + k for k in range(400)], x)

    verdict = check(steps, np.cos, at=3.304, domain=[(3.303, 3.306)], seed=1)
    assert verdict.status == "ok"
    assert "balls" in verdict.reference


def fixed_point(tolerance):
    """Return a loop that ends where it is content, and the derivative of what it looks for."""

    def f(a, tolerance=tolerance):
        y, before = 0.0, 1.0
        while abs(y - before) >= tolerance:
            y, before = 0.5 * math.cos(y) + a / 4, y
        return y

    return f, lambda a: 0.25 / (1 + 0.5 * math.sin(f(a, 1e-15)))


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4, 1e-6, 1e-8])
def test_a_loop_that_stops_early_is_no_evidence_against_its_limit(tolerance):
    """That its slope is certified makes it no other function's."""
    f, slope = fixed_point(tolerance)
    for seed in range(2):
        assert check(f, slope, at=[0.5, 1.0], n=1, seed=seed).status != "wrong"
    assert check(f, lambda a: -slope(a), at=[0.5, 1.0], n=1).status == "wrong"


@pytest.mark.parametrize("count", [30, 101])
def test_a_table_in_code_stands_for_what_is_in_it(count):
    """Traced, its slopes are exact, and those of its cells."""
    nodes = np.linspace(0, 10, count)
    heights = np.sin(nodes)

    def table(x):
        return np.interp(x, nodes, heights)

    verdict = check(table, math.cos, at=3.3)
    assert verdict.status == "undecided"
    assert "as a table" in verdict.reason
    assert check(table, lambda x: -math.cos(x), at=3.3, domain=[(0, 10)]).status == "wrong"
    exact = np.diff(heights) / np.diff(nodes)
    slopes = check(table, lambda x: exact[min(int(x / 10 * (count - 1)), count - 2)], at=3.3)
    assert slopes.status == "ok"


@pytest.mark.parametrize(
    "derivative",
    [
        lambda x: np.where(x > 0, 2 * x, 3 * x**2 + 0.01 * np.sin(5 * x)),
        lambda x: np.where(x > 0.1, 2 * x, 3 * x**2),
    ],
)
def test_code_that_chooses_is_not_excused(derivative):
    """Two smooth branches are no pieces of something smoother."""
    verdict = check(lambda x: np.where(x > 0, x**2, x**3), derivative, domain=[(-3, 3)])
    assert verdict.status == "wrong"


def test_when_the_time_is_over_a_place_where_f_stands_still_accuses_nobody():
    """Whether it is one of many steps isn't known by then."""

    def f(x):
        time.sleep(0.02)
        return math.floor(float.fromhex(float(x).hex()) * 8) / 8

    verdict = check(f, lambda _: 1.0, at=[0.55, 3.1], n=1, timeout=1.5)
    assert verdict.status == "undecided"
