"""Planted: wrong gradients of every kind are found by check and by derivative_property."""

from __future__ import annotations

import warnings
from collections import Counter
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import symnum as sn
from symnum.checking.reference import reference_of
from symnum.errors import SymnumError
from symnum.testing import PlantedBug, derivative_property, formulas, gradients_with_a_bug
from symnum.testing.bugs import KINDS

QUIET = settings(database=None, derandomize=True, deadline=None)
# Every kind of bug has a place in it: z occurs in the last term only, and w nowhere.
FORMULA = sn.Formula("x*exp(y) + sin(x)/3 + y**2*z", ["x", "y", "z", "w"])


def failure(f: Any, gradient: Any, **options: Any) -> sn.Verdict | None:
    """Return the verdict that derivative_property fails with; None where it passes."""
    test = derivative_property(f, gradient, settings=QUIET, **options)
    try:
        test()
    except AssertionError as error:
        verdict = error.args[0]
        assert isinstance(verdict, sn.Verdict)
        assert str(verdict) == str(error)
        return verdict
    return None


def first(kind: str, f: Any = FORMULA) -> PlantedBug:
    """Return the simplest bug of a kind."""
    return find(gradients_with_a_bug(f, [kind]), lambda _: True, settings=QUIET)


@lru_cache
def drawn(count: int) -> list[tuple[sn.Formula, PlantedBug]]:
    """Return formulas with a bug each, always the same, none twice."""
    found: dict[tuple[str, str], tuple[sn.Formula, PlantedBug]] = {}

    @settings(
        QUIET,
        max_examples=count,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def draw(data):
        f = data.draw(formulas())
        try:
            bug = data.draw(gradients_with_a_bug(f))
        except sn.UsageError:  # a function without a derivative anywhere
            return
        found[str(f), bug.description] = (f, bug)

    draw()
    return list(found.values())


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_bug_is_found_and_shrunk(kind):
    """A property finds a bug of each kind, at a point of simple numbers."""
    bug = first(kind)
    verdict = failure(FORMULA, bug.gradient)
    assert verdict is not None, bug
    if kind == "mutates":
        assert verdict.cause is bug.cause
        return
    assert verdict.worst is not None
    assert set(verdict.worst.point) <= {0.0, 1.0, -1.0, 2.0, 0.5}, verdict
    assert sum(x != 0 for x in verdict.worst.point) <= 3


@pytest.mark.parametrize("kind", KINDS)
def test_check_names_the_cause_of_each_kind(kind):
    """The check of the same gradient fails, and calls the simplest bug of each kind by its name."""
    bug = first(kind)
    verdict = sn.check(FORMULA, bug.gradient)
    assert not verdict
    # A product for a sum changes more than one term of this gradient.
    assert verdict.cause is bug.cause or kind == "operator", verdict


def test_bugs_of_random_formulas_are_found():
    """Of bugs in formulas at random none escapes check, nor derivative_property."""
    cases = drawn(50)
    assert len(cases) >= 25
    assert len({bug.kind for _, bug in cases}) >= 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        missed = [(str(f), bug) for f, bug in cases if sn.check(f, bug.gradient)]
        passed = [(str(f), bug) for f, bug in cases if failure(f, bug.gradient) is None]
    assert missed == []
    assert passed == []


def test_right_gradients_of_random_formulas_pass():
    """The derivative as SymPy writes it, another form than symnum's own, is never accused."""
    for f in list(dict.fromkeys(f for f, _ in drawn(50)))[-20:]:
        written = sn.Formula(list(f.gradient().texts), f.variables)
        verdict = failure(f, lambda x, g=written: np.asarray(g(x)))
        if verdict is not None:  # exp(1/x) overflows near 0, where nothing else would
            assert verdict.cause is sn.Cause.NONFINITE, str(f)
            assert not np.all(np.isfinite(written(verdict.worst.point)))


def test_bugs_differ_from_the_exact_gradient():
    """A bug of numbers gives what certified values exclude, somewhere in the box."""
    points = np.random.default_rng(0).uniform(-3, 3, (200, 4))
    for k in range(4):
        points[10 * k : 10 * k + 10, k] = 0.0
    truth = reference_of(FORMULA, 1).at(points)
    for kind in sorted(set(KINDS) - {"stale", "mutates"}):
        for bug in [first(kind), *some(kind)]:
            given_ = np.array([bug.gradient(point) for point in points])
            wrong = ~(np.abs(given_ - truth.exact) <= truth.bound)
            assert wrong.any(), bug


def some(kind: str) -> list[PlantedBug]:
    """Return a few more bugs of a kind."""
    found: list[PlantedBug] = []

    @settings(QUIET, max_examples=15, phases=[Phase.generate])
    @given(gradients_with_a_bug(FORMULA, [kind]))
    def draw(bug):
        found.append(bug)

    draw()
    return found


def test_every_kind_comes_and_the_first_is_the_simplest():
    """Draws are of all kinds; they shrink to a wrong sign; a kind without a place is left out."""
    found: Counter[str] = Counter()

    @settings(QUIET, max_examples=300, phases=[Phase.generate])
    @given(gradients_with_a_bug(FORMULA))
    def draw(bug):
        found[bug.kind] += 1

    draw()
    assert set(found) == set(KINDS)
    bug = find(gradients_with_a_bug(FORMULA), lambda _: True, settings=QUIET)
    assert (bug.kind, bug.description) == ("sign", "the sign of component x is wrong")
    for text in ("2*t", "x + y"):  # nothing to swap; two components that are the same
        with pytest.raises(sn.UsageError, match="no bug of the kinds swapped shows"):
            gradients_with_a_bug(text, ["swapped"])


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_take_floats_arrays_and_many_points(kind):
    """A bug's gradient has the form that check calls: a float of one variable, or (n,) of n."""
    bug = first(kind)
    assert bug.gradient(np.array([0.5, 0.25, 1.0, 2.0])).shape == (4,)
    assert bug.gradient(np.full((4, 7), 0.5)).shape == (4, 7)
    if kind not in {"swapped", "index", "spurious", "mutates"}:
        alone = first(kind, "x*exp(x) + sin(2*x)")
        assert np.ndim(alone.gradient(0.5)) == 0
        assert alone.gradient(np.array([0.5])).shape == (1,)


@pytest.mark.parametrize(
    ("f", "kinds", "says"),
    [
        ("2", ["sign"], "has no variables"),
        (["x", "y"], ["sign"], "shape (2,) has no gradient"),
        ("x", ["sin"], "kinds has 'sin'; the kinds of bug are sign, factor"),
        ("x", [], "kinds has no kind"),
        ("log(-1 - x**2)", ["sign"], "no point was found"),
    ],
)
def test_bad_requests_for_bugs_are_refused(f, kinds, says):
    """What has no gradient to spoil is refused when the strategy is made."""
    with pytest.raises(SymnumError) as caught:
        gradients_with_a_bug(f, kinds)
    assert says in str(caught.value)


# --- the property --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "gradient", "point"),
    [
        ("x**3", lambda x: 3 * x, (-1.0,)),
        ("log(x)", lambda x: 1 / x**2, (2.0,)),
        ("abs(x)", lambda x: 2.0 if x == 0 else np.sign(x), (0.0,)),
        ("exp(x)", lambda x: np.exp(x) if x != 0.25 else 0.0, (0.25,)),
        ("x**2*y", lambda x, y: (2 * x * y, x**2 * (y != -1)), (1.0, -1.0)),
        (["x*y", "y"], lambda x: np.array([[x[1], x[0]], [0, 1 + (x[0] == 1)]]), (1.0, 0.0)),
        (lambda x: np.sum(np.sin(x)), lambda x: np.cos(x) * (x < 2), (0.0, 2.0)),
    ],
)
def test_the_first_simple_point_is_the_one_shown(f, gradient, point):
    """Simple points are tried in order, so the first at which it is wrong is the one shown."""
    options = {"n": 2} if callable(f) else {}
    verdict = failure(f, gradient, **options)
    assert verdict is not None
    assert verdict.worst is not None
    assert verdict.worst.point == point


def test_what_no_simple_point_shows_is_searched_and_shrunk():
    """A narrow region is found by drawing, and shrinks to a number of few digits."""
    verdict = failure("x**3", lambda x: 3 * x**2 * (1 + (1.3 < x < 1.45)))
    assert verdict is not None
    assert verdict.worst is not None
    (x,) = verdict.worst.point
    assert 1.3 < x < 1.45
    assert x * 64 == int(x * 64)
    assert verdict.cause is sn.Cause.REGION


def test_exceptions_and_shapes_are_failures():
    """A derivative that raises, or returns another shape, fails at the first point."""
    for gradient, cause in [
        (lambda x: 1 / 0 if x == 2 else 2 * x, sn.Cause.RAISES),
        (lambda x: [x, x], sn.Cause.SHAPE),
        (lambda _: None, sn.Cause.SHAPE),
    ]:
        verdict = failure("x**2", gradient)
        assert verdict is not None
        assert verdict.cause is cause


@pytest.mark.parametrize(
    ("f", "domain", "x"),
    [
        ("log(x - 1/3) + x", None, 1 / 3),
        ("abs(x - 1/7)", None, 1 / 7),
        ("sqrt(x - 20)", None, 20.0),
    ],
)
def test_bugs_at_edges_and_kinks_are_found(f, domain, x):
    """A gradient that is wrong within 1e-9 of an edge or a kink fails there."""
    right = sn.Formula(f).derivative()
    verdict = failure(
        f, lambda t: float(right(t)) * (2 if 0 < abs(t - x) < 1e-9 else 1), domain=domain
    )
    assert verdict is not None
    assert verdict.worst is not None
    assert abs(verdict.worst.point[0] - x) < 1e-9


@pytest.mark.parametrize(
    ("f", "gradient"),
    [
        ("tanh(x)", lambda x: 1 - np.tanh(x) ** 2),
        ("tanh(x)", lambda x: 1 / np.cosh(x) ** 2),
        ("(1 - cos(x))/x**2", lambda x: (x * np.sin(x) - 2 * (1 - np.cos(x))) / x**3),
        ("sqrt(1 - x**2)", lambda x: -x / np.sqrt(1 - x**2)),
        ("sqrt(1 - x**2)", lambda x: -x / np.sqrt((1 - x) * (1 + x))),
        ("log(1 - x)", lambda x: -1 / (1 - x)),
        ("log(expit(x))", lambda x: 1 / (1 + np.exp(x))),
        ("abs(x)", np.sign),
        ("max(x, 0)", lambda x: float(x >= 0)),
        ("x**2", lambda x: ((x + 1e5) - 1e5) * 2),  # right, with digits lost
        ("cos(x)", lambda x: -np.sin(x + 2 * np.pi)),
        ("log(x - 0.1)", lambda x: 1 / (float(x) - 0.1)),  # which raises at 0.1
        ("log(x - 0.1)", lambda x: np.divide(1.0, x - 0.1)),  # infinite there
        ("log(1 - x)", lambda x: -1 / (1 - x * 3 / 3)),
        ("x*log(x)", lambda x: np.log(x) + 1),
        ("exp(-1/x)", lambda x: np.exp(-1 / x) / x**2),
        ("hypot(x, y)", lambda x, y: (x / np.hypot(x, y), y / np.hypot(x, y))),
        ("floor(x) + x", lambda _: 1.0),
        ("cbrt(x)", lambda x: 1 / (3 * np.cbrt(x) ** 2)),
    ],
)
def test_right_gradients_in_any_form_pass(f, gradient):
    """No form of a right gradient is accused, not at an edge, a kink or a cancellation either."""
    assert failure(f, gradient) is None


def test_defaults_are_quiet():
    """With Hypothesis's own defaults neither a deadline nor a health check is heard of."""
    derivative_property("sqrt(x)*exp(y)/z", lambda x, y, z: slow_gradient(x, y, z))()


def slow_gradient(x, y, z):
    """Return the gradient of sqrt(x)*exp(y)/z, and waste some time."""
    for _ in range(2_000):
        np.exp(y)
    value = np.sqrt(x) * np.exp(y) / z
    return value / (2 * x), value, -value / z


def test_settings_are_the_users():
    """`settings` says how many examples there are; the simple points come besides."""
    calls: list[float] = []

    def gradient(x):
        calls.append(x)
        return 2 * x

    derivative_property("x**2", gradient, settings=settings(QUIET, max_examples=1))()
    few = len(calls)
    calls.clear()
    derivative_property("x**2", gradient, settings=settings(QUIET, max_examples=200))()
    assert len(calls) > 3 * few
    with pytest.raises(sn.UsageError, match=r"settings is a int; hypothesis\.settings"):
        derivative_property("x**2", gradient, settings=10)


@pytest.mark.parametrize(
    ("f", "options", "says"),
    [
        ("x**", {}, "x**"),
        ("2", {}, "no variables"),
        ("x", {"domain": [(1, 0)]}, "empty"),
        ("log(x)", {"domain": [(-2, -1)]}, "no point was found"),
        ("log(-1 - x**2)", {}, "no point was found"),
        (lambda x: x**2 if x > 0 else x, {}, "how many variables"),
    ],
)
def test_bad_requests_for_a_property_are_refused(f, options, says):
    """What can't be tested is refused when the test is made, not when it runs."""
    with pytest.raises(SymnumError) as caught:
        derivative_property(f, lambda x: x, **options)
    assert says in str(caught.value)


def test_a_property_is_a_test_of_pytest(pytester):
    """pytest collects it by its name, shows the verdict, and Hypothesis's note of the point."""
    pytester.makepyfile(
        """
        import numpy as np
        from symnum.testing import derivative_property

        test_right = derivative_property("sin(x)", np.cos)
        test_wrong = derivative_property("sin(x)", np.sin)

        class TestMore:
            test_right = staticmethod(derivative_property("x**2", lambda x: 2 * x))
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:benchmark")
    result.assert_outcomes(failed=1, passed=2)
    assert "worst at (0.0):" in result.stdout.str()
