"""Defects planted in the engine: each is seen by the check that the real tests use."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from flint import arb

from symnum import UsageError, sweep
from symnum.differences import approximate, budget, schemes, summary
from symnum.differences.schemes import central
from symnum.formula import adjoint, balls, certify, expansion, local, partials, taylor
from symnum.formula.balls import nearest_double, precision
from symnum.formula.formula import Formula
from symnum.formula.operations import OPERATIONS
from symnum.formula.status import Status
from tests.truth import PARTS, Written, X, check_against_mpmath, check_mission, check_sum
from tests.unit.test_adjoint import check_gradient
from tests.unit.test_expansion import check_taylor
from tests.unit.test_local import at, check

NAN = math.nan
POINT = (1.0, 2.0, 3.0)


def must_fail(check_it: Callable[..., None], *args: Any) -> None:
    """Assert that a check, which passes on the engine as it is, fails on the broken one."""
    with pytest.raises(AssertionError):
        check_it(*args)


def written(text: str) -> Written:
    """Return a formula of x with the SymPy expression that SymPy's own classes give."""
    import sympy

    known = {
        "sin(x)": sympy.sin(X),
        "tanh(x)": sympy.tanh(X),
        "x*x": X**2,
        "1/(2 + cos(x))": 1 / (2 + sympy.cos(X)),
    }
    return Written(text, known[text])


def check_status(text: str, point: float, path: str, status: str, hi: float) -> None:
    """Assert status and value of a derivative."""
    found = at(text, point, path, ["x"])
    check(found, status, hi, float(found.left), float(found.right))


def mission() -> None:
    """Assert row 1 of the mission on a new sweep."""
    check_mission(sweep("0.01*x**2 + 0.1*x", [5.0, 10.0], h=1e-4).runs[0])


def smooth_sum() -> None:
    """Assert that the parts of an error of exp at 1 add up."""
    run = sweep("exp(x)", 1.0, h=1e-3).runs[0]
    check_sum(
        float(run.error[0, 0, 0]),
        [float(getattr(run, name)[0, 0, 0]) for name in PARTS],
        float(run.radius[0, 0, 0]),
    )


# --- weights -------------------------------------------------------------------------------------


def test_a_wrong_weight_is_refused(monkeypatch):
    """A scheme whose weights don't satisfy the moment equations can't be made."""
    central(2)
    monkeypatch.setattr(schemes, "weights_on", lambda *_: (Fraction(-1, 2), 0, Fraction(1)))
    with pytest.raises(UsageError, match="moment of degree 0"):
        central(2)


def test_a_wrong_combination_is_seen(monkeypatch):
    """Weights that are applied in the wrong order change the mission's numbers."""
    mission()
    right = approximate.combine
    monkeypatch.setattr(
        "symnum.differences.sweep.combine", lambda s, values, h: right(s, values[:, ::-1], h)
    )
    must_fail(mission)


# --- the adjoint ---------------------------------------------------------------------------------


def test_a_missing_sign(monkeypatch):
    """The second argument of a difference without its minus."""
    check_gradient("x - x*y", POINT, (-1, -1, 0))
    monkeypatch.setattr(adjoint, "_negative", lambda _, a: a)
    must_fail(check_gradient, "x - x*y", POINT, (-1, -1, 0))


def test_swapped_branches(monkeypatch):
    """where's adjoint with its branches swapped."""
    row = ("where(x < y, x*z, y*z)", POINT, (3, 0, 1))
    check_gradient(*row)
    right = adjoint._contributions

    def swapped(builder, index, weight):
        found = right(builder, index, weight)
        if builder.lines[index].op == "where":
            (a, first), (b, second) = found
            return [(a, second), (b, first)]
        return found

    monkeypatch.setattr(adjoint, "_contributions", swapped)
    must_fail(check_gradient, *row)


@pytest.mark.parametrize("op", ["mul", "div", "sin", "pow"])
def test_a_missing_term(monkeypatch, op):
    """An adjoint that forgets the last argument of an operation."""
    texts = {
        "mul": ("x*y*z", (6, 3, 2)),
        "div": ("x/y", (Fraction(1, 2), Fraction(-1, 4), 0)),
        "sin": ("sin(x - 1)", (1, 0, 0)),
        "pow": ("x**3", (3, 0, 0)),
    }
    text, gradient = texts[op]
    check_gradient(text, POINT, gradient)
    right = adjoint._contributions

    def forgetful(builder, index, weight):
        found = right(builder, index, weight)
        return found[:-1] if builder.lines[index].op == op else found

    monkeypatch.setattr(adjoint, "_contributions", forgetful)
    must_fail(check_gradient, text, POINT, gradient)


def test_weights_that_overwrite_each_other(monkeypatch):
    """A line that is read twice gets both contributions, not the last."""
    check_gradient("(x + y)*(x + y)", POINT, (6, 6, 0))
    monkeypatch.setattr(adjoint, "_sum", lambda _, __, b: b)
    must_fail(check_gradient, "(x + y)*(x + y)", POINT, (6, 6, 0))


def test_a_wrong_partial_derivative(monkeypatch):
    """sin differentiated to sin is seen by SymPy's diff in mpmath."""
    check_against_mpmath(written("sin(x)"), [0.7], "x")
    right = partials.partials

    def wrong(builder, line):
        return (line,) if builder.lines[line].op == "sin" else right(builder, line)

    monkeypatch.setattr(adjoint, "partials", wrong)
    must_fail(check_against_mpmath, written("sin(x)"), [0.7], "x")


# --- what is smooth ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "row"),
    [
        ("abs", ("abs(x)", 0.0, "x", "kink", NAN)),
        ("sign", ("x*sign(x)", 0.0, "x", "kink", NAN)),
        ("floor", ("floor(x)", 1.0, "x", "jump", NAN)),
        ("max", ("max(x, 0)", 0.0, "x", "kink", NAN)),
        ("lt", ("where(x < 0, 0, 1)", 0.0, "", "jump", 1.0)),
        ("pow", ("x**2.5", 0.0, "x", "edge", NAN)),
    ],
)
def test_a_wrong_guard(monkeypatch, op, row):
    """An operation that is declared smooth everywhere."""
    check_status(*row)
    monkeypatch.setitem(OPERATIONS, op, replace(OPERATIONS[op], smooth=None))
    must_fail(check_status, *row)


def test_guards_that_always_pass(monkeypatch):
    """A test for smoothness that says yes to everything."""
    check_status("x*abs(x)", 0.0, "xx", "kink", NAN)
    monkeypatch.setattr(certify.Regularity, "holds", lambda *_: True)
    must_fail(check_status, "x*abs(x)", 0.0, "xx", "kink", NAN)


def test_sides_that_are_not_compared(monkeypatch):
    """One-sided derivatives that always count as equal."""
    check_status("abs(x)", 0.0, "x", "kink", NAN)
    monkeypatch.setattr(local, "_same", lambda *_: True)
    must_fail(check_status, "abs(x)", 0.0, "x", "kink", NAN)


def test_one_side_only(monkeypatch):
    """An expansion that looks to the right both times."""

    def check_sides():
        check(at("max(x, 0)", 0.0, "x", ["x"]), "kink", NAN, 0.0, 1.0)

    check_sides()
    right = expansion.expand
    monkeypatch.setattr(
        local,
        "expand",
        lambda p, lines, at, v, side, *rest: right(p, lines, at, v, abs(side), *rest),
    )
    must_fail(check_sides)


def test_a_lower_derivative_that_is_believed(monkeypatch):
    """Mixed derivatives that trust any lower derivative's program."""

    def check_mixed():
        found = at("where(x == 0, 0, sin(x))*y", (0, 1), "xy", ["x", "y"])
        assert found.status == "undecided" or float(found.hi) == 1.0

    check_mixed()
    monkeypatch.setattr(certify.Certifier, "_problem_below", lambda *_: None)
    must_fail(check_mixed)


def test_a_wrong_taylor_coefficient(monkeypatch):
    """A series of atan that is off in one coefficient."""
    import mpmath

    check_taylor("atan", (), 0.5, mpmath.atan)
    monkeypatch.setitem(taylor._SERIES, "atan", lambda u: u.atan() + u * u * u / 1000)
    must_fail(check_taylor, "atan", (), 0.5, mpmath.atan)


# --- rounding ------------------------------------------------------------------------------------


def check_ties() -> None:
    """Assert that a ball across a tie is not rounded."""
    with precision(300):
        across = arb(1) + arb(2) ** -53 + arb(0, 1) * arb(2) ** -200
        assert nearest_double(across) is None


def test_ties_that_are_guessed(monkeypatch):
    """A step from balls to doubles that accepts what lies across a tie."""
    check_ties()
    monkeypatch.setattr(balls, "_between_ties", lambda *_: True)
    must_fail(check_ties)


def test_balls_that_are_too_wide(monkeypatch):
    """A step that accepts wide balls: `lo` is then not what `hi` leaves over."""
    row = (written("1/(2 + cos(x))"), [0.7], "x")
    check_against_mpmath(*row)
    monkeypatch.setattr(balls, "ACCURACY", 60)
    monkeypatch.setattr(certify, "START_BITS", 70)
    must_fail(check_against_mpmath, *row)


def test_values_that_are_not_enclosed(monkeypatch):
    """A certifier that takes doubles for the truth: tanh' at 20 has no digit left."""
    check_against_mpmath(written("tanh(x)"), [20.0], "x")

    def guess(ball):
        return float(ball.mid()), 0.0, 0.0

    monkeypatch.setattr(certify, "nearest_double", guess)
    monkeypatch.setattr(certify, "START_BITS", 53)
    must_fail(check_against_mpmath, written("tanh(x)"), [20.0], "x")


# --- the parts of an error -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["truncation", "evaluation", "arithmetic"])
def test_a_part_that_is_left_out(monkeypatch, name):
    """A split that forgets one of the parts doesn't add up."""
    smooth_sum()
    right = budget.split

    def without(*args):
        parts = right(*args)
        return None if parts is None else replace(parts, **{name: 0.0})

    monkeypatch.setattr("symnum.differences.sweep.split", without)
    must_fail(smooth_sum)


def test_a_radius_of_zero(monkeypatch):
    """A radius that ignores the rounding of the parts themselves."""
    smooth_sum()
    right = budget.split
    monkeypatch.setattr(
        "symnum.differences.sweep.split", lambda *args: replace(right(*args), radius=0.0)
    )
    must_fail(smooth_sum)


def test_a_truncation_that_is_measured(monkeypatch):
    """Without the theorem, the truncation of a quadratic is a tiny number instead of 0."""
    mission()
    monkeypatch.setattr(budget, "polynomial_degree", lambda *_: None)
    right = budget._middle
    monkeypatch.setattr(budget, "_middle", lambda part: right(part) or float(part.mid()) or 1e-40)
    must_fail(mission)


def test_a_minimum_instead_of_a_floor(monkeypatch):
    """Reporting the luckiest error as the best one."""

    def check_floor():
        run = sweep("exp(x)", 1.0).runs[0]
        assert run.best_error[0, 0] > abs(run.error).min()

    check_floor()
    monkeypatch.setattr(summary, "_DECADES", 0.0)
    monkeypatch.setattr(summary, "_LEAST", 1)
    must_fail(check_floor)


def test_a_crossing_that_is_not_flagged(monkeypatch):
    """A search that finds nothing leaves a stencil across a kink certified."""

    def check_kink():
        run = sweep("abs(x)", 0.5, h=[0.25, 1.0]).runs[0]
        assert [str(status) for status in run.status[0, 0]] == ["certified", "kink"]

    check_kink()
    monkeypatch.setattr("symnum.differences.crossing.Searcher._classify", lambda *_: Status.ZERO)
    must_fail(check_kink)


def test_the_engine_is_whole_again():
    """After all that, the engine passes: nothing planted is left behind."""
    mission()
    smooth_sum()
    assert Formula("abs(x)").derivative().exact(0.0).status == "kink"
