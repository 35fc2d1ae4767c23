"""Undefined here, a kink here, nothing known: three answers that no verdict mixes up."""

# ruff: noqa: ARG005 - derivatives take arguments that they have no use for

import math

import numpy as np
import pytest

import symnum as sn

# Whether x + c is 0 at 0 rests on an identity that nothing here proves.
UNPROVEN = "abs(x + atan(1/2) + atan(1/3) - pi/4)"


def reciprocal(x):
    """Return log's derivative, which is undefined from 0 down."""
    return 1 / x if x > 0 else math.nan


@pytest.mark.parametrize(
    ("f", "point", "says"),
    [
        (
            "log(x)",
            -1.0,
            "f has no derivative at any of the * points that were tried: f is undefin",
        ),
        ("floor(x)", 1.0, "f has no derivative at any of the * points that were tried: f jumps;"),
        ("1/x", 0.0, "f or its derivative is infinite"),
        ("sin(x)/x", 0.0, "f is undefined as written, though it has a limit"),
        (UNPROVEN, 0.0, "no derivative of f is known at any of the * points that were tried: noth"),
    ],
)
def test_nothing_to_judge_at_all(f, point, says):
    """Where no point can be judged the reason says what is there instead."""
    verdict = sn.check(f, lambda x: 1.0, at=point, domain=[(point, point)])
    assert verdict.status == "undecided"
    text = verdict.reason.replace(f"the {verdict.points_tried} points", "the * points")
    assert says in text


def test_given_points_that_are_not_judged_are_named():
    """An ok says at which of the given points it says nothing, and what is there."""
    verdict = sn.check("log(x)", reciprocal, at=[-1.0, 0.0, 1.0])
    assert verdict.status == "ok"
    assert verdict.violations == (
        "not judged at x = -1: f is undefined there",
        "not judged at x = 0: f or its derivative is infinite there",
    )


def test_nothing_known_is_another_answer_than_undefined():
    """Where nothing was proven f may well have a derivative."""
    verdict = sn.check(UNPROVEN, lambda x: np.sign(x), at=[0.0, 1.0])
    assert verdict.violations == ("not judged at x = 0: no derivative is known there",)


def test_a_kink_at_a_given_point_leaves_a_choice():
    """A kink is judged, and the verdict says what is right there."""
    verdict = sn.check("abs(x)", np.sign, at=[0.0, 1.0])
    assert verdict.violations == ("at x = 0 f has a kink: any value from -1 to 1 is right there",)
    wrong = sn.check("abs(x)", lambda x: 5.0 if x == 0 else np.sign(x), at=[0.0, 1.0])
    assert (wrong.status, wrong.violations) == ("wrong", ())
    assert "f has a kink: any value from -1 to 1" in wrong.cause_detail
    silent = sn.check("abs(x)", lambda x: np.sign(x) if x else math.nan, at=[0.0, 1.0])
    assert [text.count("kink") for text in silent.violations] == [1]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_error_in_ulps(value):
    """NaN is no number of ulps off: the verdict says that it is not finite."""
    text = str(sn.check("x**2", lambda x: 2 * x if abs(x) < 1 else value))
    assert f"given {value}   not finite\n" in text
    assert "ulps" not in text


def test_errors_that_no_ulps_measure():
    """Beside an exact 0, and beyond the doubles, ulps say nothing."""
    beside_zero = str(sn.check("3 + 0*x", lambda x: 5.0))
    assert "error 5\n" in beside_zero
    beyond = str(sn.check("1e308*x", lambda x: -1e308))
    assert "error beyond the largest double\n" in beyond
