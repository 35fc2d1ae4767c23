"""The suite of planted bugs itself: right gradients are right, bugs are wrong, and it counts."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from tests.planted.gradients import suite
from tests.planted.gradients.bugs import KINDS, plant, planted
from tests.planted.gradients.candidate import Candidate
from tests.planted.gradients.problem import Problem
from tests.planted.gradients.problems import PROBLEMS, problems
from tests.planted.gradients.right import right_gradients
from tests.planted.gradients.slips import make_slip, places_of
from tests.planted.gradients.truth import UNIT, evaluate, scanned, truth_at

# Causes a Verdict may name.
CAUSES = {
    "sign", "factor", "term", "swapped", "transposed", "index", "constant", "function", "operator",
    "zero", "spurious", "region", "float32", "stale", "mutates", "dtype", "shape", "nonfinite",
    "raises", "random", "wrong_function", "unexplained",
}  # fmt: skip

each_problem = pytest.mark.parametrize("problem", problems(), ids=lambda p: p.name)


@cache
def bugs_of(problem: Problem) -> tuple[Candidate, ...]:
    """Plant a problem's bugs once for all tests."""
    return tuple(planted(problem, seed=0, per_slip=1))


def relative_errors(problem: Problem, candidate: Candidate) -> np.ndarray:
    """Return errors relative to the truth, or to what its conditioning allows if that is more."""
    truth = scanned(problem)
    found = evaluate(problem, candidate.build()[0], truth.points)
    with np.errstate(all="ignore"):
        return np.where(truth.known, np.abs(found - truth.exact) / truth.floor * 256 * UNIT, 0.0)


def test_there_are_enough_of_everything():
    """At least 48 problems, 12 of them cancelling, 1 to 30 variables, and 25 kinds of bug."""
    tags = Counter(tag for problem in problems() for tag in problem.tags)
    assert len(PROBLEMS) >= 48
    assert tags["cancelling"] >= 12
    assert tags["jacobian"] >= 5
    assert min(tags[tag] for tag in ("kinked", "offset", "tiny", "overflowing", "scaled")) >= 2
    assert {1, 2, 3, 10, 30} <= {problem.n for problem in problems()}
    assert len(KINDS) >= 25


def test_the_halves_are_halves():
    """Each half holds at least 40 % of the problems and of the cancelling ones, none in both."""
    for tag in (set(), {"cancelling"}):
        dev, held = ([p for p in problems(split) if tag <= p.tags] for split in ("dev", "held"))
        assert not set(dev) & set(held)
        assert min(len(dev), len(held)) >= 0.4 * len(dev + held)


def test_causes_are_words_of_the_verdict():
    """Every kind's cause, and every name accepted for it, is one that a Verdict can give."""
    assert {row.strict for row in KINDS.values()} | {w for r in KINDS.values() for w in r.also} <= (
        CAUSES
    )


@each_problem
def test_points_lie_in_the_box_and_have_a_derivative(problem):
    """The given points lie in the box, three at least, and most have a certified derivative."""
    low, high = np.array(problem.domain).T
    assert len(problem.points) >= 3
    assert np.all((problem.points >= low) & (problem.points <= high))
    assert np.mean(scanned(problem).known[: len(problem.points)]) > 0.5


@each_problem
def test_code_and_formula_are_the_same_function(problem):
    """The hand-written function agrees with the formula, as far as it doesn't cancel."""
    values = problem.function.exact(problem.at).hi.reshape(len(problem.points), -1)
    digits = 1e-2 if "cancelling" in problem.tags else 1e-9
    for point, value in zip(problem.points, values, strict=True):
        assert np.ravel(problem.f(problem.argument(point))) == pytest.approx(value, rel=digits)


@each_problem
def test_right_gradients_are_right(problem):
    """Every right form is near the truth: all but the cancelling ones to ten digits."""
    forms = {c.kind: c for c in right_gradients(problem)}
    assert {"hand", "hand ±4 ulps", "adjoint", "forward", "sympy"} <= set(forms)
    for kind, candidate in forms.items():
        if candidate.lost or candidate.degraded:
            continue
        errors = relative_errors(problem, candidate)
        cancels = "cancelling" in problem.tags and kind != "better"
        assert np.median(errors) < (1e-3 if cancels else 1e-12), kind
        assert cancels or np.max(errors) < 1e-10, kind


@each_problem
def test_hand_written_gradient_has_the_stated_form(problem):
    """g returns the problem's shape in float64 and leaves its argument alone."""
    argument = problem.argument(problem.points[0])
    before = np.array(argument)
    answer = np.asarray(problem.g(argument))
    assert answer.shape == problem.shape
    assert answer.dtype == np.float64
    assert np.array_equal(before, argument)


def test_degraded_gradients_lose_digits_and_keep_some():
    """The degraded forms lose digits in most problems, and those not marked lost keep some."""
    lost = [
        suite.digits_lost(candidate)
        for problem in problems()[::4]
        for candidate in right_gradients(problem)
        if candidate.degraded and not candidate.lost
    ]
    assert np.median(lost) > 5
    assert max(lost) < 16


@each_problem
def test_planted_bugs_differ_from_the_truth(problem):
    """Every bug is certainly wrong in the components that it is expected in."""
    truth = scanned(problem)
    for bug in bugs_of(problem):
        assert bug.accepted <= CAUSES
        assert bug.strict in bug.accepted
        if not bug.expected:
            continue
        assert bug.expected <= bug.allowed <= set(range(truth.exact.shape[1]))
        found = evaluate(problem, bug.build()[0], truth.points)
        right = evaluate(problem, problem.g, truth.points)
        differs = np.any(truth.known & (found != right), axis=0)
        assert set(np.flatnonzero(differs).tolist()) <= bug.allowed
        # Those in a part of the box, and at a single value, were certified at points of their own.
        if KINDS[bug.kind].strict not in {"region", "nonfinite"}:
            assert bug.expected <= set(np.flatnonzero(differs).tolist())


def test_every_kind_is_planted_somewhere():
    """No kind of bug is empty, and most problems have most kinds."""
    counts = Counter(bug.kind for problem in problems() for bug in bugs_of(problem))
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 5
    assert sum(counts.values()) > 25 * len(problems())


def test_bugs_of_behaviour_behave_badly():
    """Stale, accumulating, writing, random, raising and misshapen bugs do what they say."""
    problem = PROBLEMS["rosenbrock2"]
    bugs = {bug.kind: bug for bug in bugs_of(problem)}
    first, second = (problem.argument(point) for point in problem.points[:2])
    right = problem.g(second)

    for kind in ("stale: call before", "stale: first call"):
        derivative, _ = bugs[kind].build()
        derivative(first)
        assert not np.array_equal(derivative(second), right), kind
    derivative, function = bugs["stale: f's point"].build()
    assert np.array_equal(derivative(second), right)
    function(first)
    assert not np.array_equal(derivative(second), right)
    derivative, _ = bugs["accumulates"].build()
    assert np.array_equal(derivative(second), right)
    assert np.array_equal(derivative(second), 2 * right)
    derivative, _ = bugs["random"].build()
    assert not np.array_equal(derivative(second), derivative(second))
    derivative, _ = bugs["writes into x"].build()
    x = second.copy()
    assert np.array_equal(derivative(x), right)
    assert not np.array_equal(x, second)
    derivative, _ = bugs["wrong shape"].build()
    assert np.shape(derivative(second)) != problem.shape
    derivative, _ = bugs["raises"].build()
    with pytest.raises(ValueError, match="not implemented"):
        derivative(np.array([2.0, 2.0]))


def test_slabs_are_wrong_inside_and_right_outside():
    """A bug in 1 % of the box changes about 1 % of random points, one in 10 % about 10 %."""
    problem = PROBLEMS["himmelblau"]
    points = np.random.default_rng(0).uniform(-5, 5, (4000, 2))
    right = evaluate(problem, problem.g, points)
    for kind, share in (("wrong in 10 %", 0.1), ("wrong in 1 %", 0.01)):
        (bug,) = (b for b in bugs_of(problem) if b.kind == kind)
        hit = np.any(evaluate(problem, bug.build()[0], points) != right, axis=1)
        assert 0.5 * share < np.mean(hit) < 1.5 * share


def test_the_same_seed_plants_the_same_bugs():
    """Bugs depend on the seed alone, and another seed gives others."""
    problem = PROBLEMS["beale"]
    details = [[b.detail for b in planted(problem, seed)] for seed in (0, 0, 1)]
    assert details[0] == details[1] != details[2]


def test_a_slip_is_one_edit_of_the_source():
    """A dropped term of x**3 - 2x + 5's derivative is one of the two terms, negated or not."""
    problem = PROBLEMS["cubic"]
    values = {
        make_slip(problem.g, "dropped term", *place).function(3.0)
        for place in places_of(problem.g, "dropped term")
    }
    assert values == {27.0, -2}


def test_a_slip_that_changes_nothing_is_left_out():
    """Planted: a wrong literal whose term is far below the last digit is never planted."""
    problem = PROBLEMS["thermodynamic"]
    places = places_of(problem.g, "wrong literal")
    every = {make_slip(problem.g, "wrong literal", *place).detail for place in places}
    seeds = range(12)
    shown = {b.detail for seed in seeds for n in range(3) if (b := literal(problem, seed, n))}
    assert "3e-21 -> 6e-21" in every - shown
    assert "200000.0 -> 400000.0" in shown


def literal(problem: Problem, seed: int, number: int) -> Candidate | None:
    """Plant a wrong literal."""
    return plant(problem, "wrong literal", seed, number)


def test_truth_knows_kinks():
    """At a kink no component is known that has two one-sided derivatives."""
    truth = truth_at(PROBLEMS["absolute_sum"], np.array([[0.0, 1.5], [1.0, 1.5]]))
    assert truth.known.tolist() == [[False, True], [True, True]]


def answering(status: str, *, cause: str | None = None, all_components: bool = False):
    """Return a check that always gives one answer."""

    def check(problem: Problem, _candidate: Candidate, _seed: int) -> suite.Outcome:
        size = int(np.prod(problem.shape))
        return suite.Outcome(status, tuple(range(size)) if all_components else (), cause)

    return check


def test_a_check_that_always_agrees_catches_nothing():
    """Planted: a check that says ok to everything catches no bug and accuses nobody."""
    results = suite.run(answering("ok"), limit=4, per_slip=1)
    assert not any(r.caught for r in results)
    assert not suite.accused(results)


def test_a_check_that_always_accuses_is_not_useful():
    """Planted: a check that calls everything wrong catches all, accuses all, and is of no use."""
    results = suite.run(answering("wrong", cause="sign", all_components=True), limit=4, per_slip=1)
    bugs = [r for r in results if not r.right]
    assert all(r.caught for r in bugs)
    assert suite.useful(results) == []
    assert len(suite.accused(results)) == sum(r.right and not r.lost for r in results)
    assert {r.kind for r in bugs if r.cause_strict} == {"sign of one", "sign of all"}
    assert "accused" in suite.failures(results)


def test_a_check_that_raises_is_a_crash():
    """Planted: an exception of the check is counted, not passed on."""

    def check(_problem: Problem, _candidate: Candidate, _seed: int) -> suite.Outcome:
        raise RuntimeError

    results = suite.run(check, limit=1, per_slip=1)
    assert {r.status for r in results} == {"crash"}
    assert "crashes" in suite.summary(results)


def test_a_check_that_knows_the_answer_is_perfect():
    """A check that is told the answer gets every figure right, and the tables say so."""

    def check(_problem: Problem, candidate: Candidate, _seed: int) -> suite.Outcome:
        if candidate.right:
            return suite.Outcome("ok")
        return suite.Outcome("wrong", tuple(candidate.expected or ()), candidate.strict)

    results = suite.run(check, limit=6, per_slip=1)
    bugs = [r for r in results if not r.right]
    assert all(r.caught and r.cause_strict and r.components_exact in {True, None} for r in bugs)
    assert suite.failures(results) == ""
    assert "100.0 %" in suite.table(results)


def test_the_stated_limit_is_measured():
    """A check whose limit is true sees nothing below it and everything above it."""

    def check(problem: Problem, candidate: Candidate, _seed: int) -> suite.Outcome:
        truth = scanned(problem)
        found = evaluate(problem, candidate.build()[0], truth.points)
        with np.errstate(all="ignore"):
            errors = np.abs(found - truth.exact) / np.abs(truth.exact)
        largest = np.max(np.where(truth.known & (truth.exact != 0), errors, 0))
        return suite.Outcome("wrong" if largest > 1e-6 else "ok", detection_limit=1e-6)

    found = suite.plant_at_limit(check, limit=3)
    assert {p.seen for p in found if p.multiple < 1} == {False}
    assert {p.seen for p in found if p.multiple > 1} == {True}
    assert "3.0 times the limit: 100.0 %" in suite.limit_table(found)


def test_an_error_at_the_limit_where_the_formula_cancels(monkeypatch):
    """What is wrong only where the formula's own bound is poor is judged, and nothing breaks."""
    cancelling = [p for p in suite.problems("all") if p.name == "quadratic_root"]
    monkeypatch.setattr(suite, "problems", lambda _split: cancelling)
    planted = suite.plant_at_limit(suite.symnum_check)
    assert len(planted) >= 6
    assert all(p.status != "ok" for p in planted if p.multiple >= 3)
