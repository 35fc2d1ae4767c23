"""A candidate's own code says where its rare branches begin, and points lie on both sides."""

# ruff: noqa: D103  # the functions of the tables are written as users write them

from __future__ import annotations

import math

import numpy as np
import pytest

from symnum import Formula
from symnum.checking.check import check
from symnum.checking.thresholds import threshold_points

LIMIT = 2.5 - 1e-7


def opaque(x):
    """What it returns can't be traced."""
    return float(repr(float(x)))


def narrow(x):
    if abs(x - 1.234567) < 1e-6:
        return 0.0
    return 2 * x


def one_value(x):
    return 0.0 if x == 1.2345 else 2 * x


def untraced(x):
    return 0.0 if 1.2 < opaque(x) < 1.200001 else 2 * x


def second_branch(x):
    if x > 100:
        return 0.0 if x < 100.001 else 2 * x
    return 2 * x


def by_name(x):
    return 3 * opaque(x) if x > LIMIT else 2 * x


def beyond(limit):
    def derivative(x):
        return 3 * opaque(x) if x > limit else 2 * x

    return derivative


class Table:
    """A derivative as an object."""

    def __call__(self, x):  # noqa: D102
        return 0.0 if abs(opaque(x) - 0.7654321) < 1e-7 else 2 * x


RARE = {
    "at the end": (lambda x: np.where(x > 2.9999, 0, 2 * x), (-3, 3)),
    "a narrow band": (narrow, (-3000, 3000)),
    "a band of a square": (lambda x: np.where((x - 0.3) ** 2 < 1e-14, 0, 2 * x), (-3, 3)),
    "one value": (one_value, (-3, 3)),
    "what can't be traced": (untraced, (-3, 3)),
    "a branch of a branch": (second_branch, (-1e4, 1e4)),
    "a named limit": (by_name, (-2.5, 2.5)),
    "a closure": (beyond(2.9999), (-3, 3)),
    "an object": (Table(), (-3, 3)),
    "clipped": (lambda x: np.minimum(2 * x, 5.9999), (-3, 3)),
    "a step": (lambda x: 2 * x + 1e-3 * (1 + np.sign(x - 2.9999)), (-3, 3)),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", RARE)
def test_a_rare_branch_is_tried(name, seed):
    candidate, box = RARE[name]
    assert str(check("x**2", candidate, domain=[box], seed=seed).status) == "wrong"


def test_where_a_rare_branch_is_wrong_is_said():
    verdict = check("x**2", RARE["at the end"][0], domain=[(-3, 3)])
    assert (str(verdict.cause), verdict.cause_detail[:29]) == (
        "region",
        "only where x >= 2.9999, given",
    )


def corner(x, y):
    return (0.0 if x + y > 5.9 else y), x


def thin(x, y):
    return np.where(np.abs(x + 2 * y - 1) < 1e-6, 0, y), x


def one_coordinate(x, y):
    if y < -2.9999:
        return y, 0.0
    return y, x


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("candidate", [corner, thin, one_coordinate])
def test_a_rare_branch_in_two_variables_is_tried(candidate, seed):
    assert str(check("x*y", candidate, domain=[(-3, 3)] * 2, seed=seed).status) == "wrong"


@pytest.mark.parametrize("power", [-40, 60])
def test_the_units_change_nothing(power):
    unit = 2.0**power

    def derivative(x):
        return np.where(np.abs(x - 1.234567 * unit) < 1e-6 * unit, 0, 2 * x)

    assert str(check("x**2", derivative, domain=[(-3 * unit, 3 * unit)]).status) == "wrong"


def series(x):
    if abs(x) < 1e-4:
        return -x / 3 + x**3 / 30
    return (x * math.cos(x) - math.sin(x)) / x**2


def limits(x):
    if abs(x) > 20:
        return math.copysign(1.0, x)
    return 1 - 2 / (1 + math.exp(2 * x)) if x > 2.25 else math.tanh(x)


RIGHT = {
    "abs(x - 1.5)": lambda x: np.where(x > 1.5, 1.0, -1.0),
    "max(x, 1.25)**2": lambda x: np.where(x >= 1.25, 2 * x, 0.0),
    "log(cosh(x))": limits,
    "where(x < 0.1, x**2, x**2 + 0.1*(x - 0.1)**2)": (lambda x: 2 * x + 0.2 * max(x - 0.1, 0.0)),
}


@pytest.mark.parametrize("formula", RIGHT)
def test_right_branches_stay_right(formula):
    box = (-30, 30) if "cosh" in formula else (-3, 3)
    assert str(check(formula, RIGHT[formula], domain=[box]).status) in {"ok", "proved"}


def test_a_series_beside_its_threshold():
    """It loses digits there, and says so; it isn't wrong."""
    verdict = check("sin(x)/x", series, domain=[(-3, 3)])
    assert str(verdict.status) in {"ok", "inaccurate"}


def test_a_formula_has_thresholds_too():
    verdict = check("x**2", "where(x > 2.9999, 0, 2*x)", domain=[(-3, 3)])
    assert str(verdict.status) == "wrong"


def test_no_line_starts_at_a_corner_where_all_is_tied():
    """At (-3, -3, ...) all are the largest: every point of a line from there is a kink of 29."""
    n = 30
    formula = Formula(f"max({', '.join(f'x{i}' for i in range(n))})")
    box = np.tile([-3.0, 3.0], (n, 1))
    points = threshold_points(formula.program, [], box, np.random.default_rng(0))
    assert len(points)
    largest = points == points.max(axis=1, keepdims=True)
    assert largest.sum(axis=1).max() == 2


def corner(p):
    return np.zeros(2) if p[0] > 2.9 and p[1] < -2.9 else 2 * p


def corner_of_arrays(p):
    return np.where((p[0] > 2.99) & (p[1] > 2.99), 0.0, 2 * p)


def patch(x, y):
    wrong = 0.50001 < x < 0.50002 and 0.3 < y < 0.30001
    return (0.0, 0.0) if wrong else (2 * x, 2 * y)


def in_the_corner(p):
    return p[0] > 2.9 and p[1] < -2.9


def by_a_helper(p):
    return np.zeros(2) if in_the_corner(p) else 2 * p


@pytest.mark.parametrize("derivative", [corner, corner_of_arrays, patch, by_a_helper])
def test_what_two_conditions_cut_off_is_found(derivative):
    for seed in range(5):
        assert check("x**2 + y**2", derivative, seed=seed).status == "wrong"


def test_numbers_of_code_of_many_variables():
    """All their combinations are more than any integer of the machine holds."""
    n = 80
    formula = Formula(" + ".join(f"0.5*x{i}*sin(1.5*x{i}) + 2.5" for i in range(n)))
    box = np.tile([-3.0, 3.0], (n, 1))
    points = threshold_points(formula.program, [0.125], box, np.random.default_rng(0))
    assert len(points)
    assert np.all((box[:, 0] <= points) & (points <= box[:, 1]))


def test_no_more_than_two_coordinates_are_next_to_a_number_at_once():
    """Where all of thirty are, the largest of them is a kink of thirty sides at every point."""
    formula = Formula(" + ".join(f"x{i}" for i in range(30)))
    box = np.tile([-3.0, 3.0], (30, 1))
    points = threshold_points(formula.program, [1.0], box, np.random.default_rng(0))
    close = np.abs(points - 1.0) < 1e-9
    assert close.sum(axis=1).max() == 2
