"""check(): what it says about right and wrong derivatives, in every form that they come in."""

# ruff: noqa: ARG005 - derivatives take arguments that they have no use for

from __future__ import annotations

import json

import numpy as np
import pytest

from symnum import Cause, Formula, Outcome, Verdict, assert_derivative, check
from tests.planted.gradients import suite

CUBE = "x**2 + y**3 + z**4"


def cube(x, y, z):
    """Return the gradient of CUBE."""
    return np.array([2 * x, 3 * y**2, 4 * z**3])


# --- forms --------------------------------------------------------------------------------------

FORMS = [
    ("x**2", lambda x: 2.0 * x, {}, "a float"),
    ("x**2", lambda x: np.array([2.0 * x[0]]), {}, "an array of shape (n,)"),
    ("x**2", lambda x: 2.0 * x, {"at": 1.5}, "a float"),
    ("x**2", lambda x: 2.0 * x, {"at": [1.5, 2.5]}, "a float"),
    ("x**2", lambda x: 2.0 * x, {"at": [[1.5, 2.5], [0.5, 3.5]]}, "a float"),
    ("x**2", lambda x: [2.0 * x[0]], {"at": [[1.5], [2.5]]}, "an array of shape (n,)"),
    ("x*y", lambda x, y: (y, x), {}, "n floats"),
    ("x*y", lambda x, y=None: x[::-1].copy(), {}, "an array of shape (n,)"),
    ("x*y", lambda p: [p[1], p[0]], {"at": [1.0, 2.0]}, "an array of shape (n,)"),
    ("x*y", lambda p: [p[1], p[0]], {"at": np.ones((2, 3, 2))}, "an array of shape (n,)"),
    ("x*y", lambda p: [p[1], p[0]], {"at": [np.ones(2), np.zeros(2)]}, "an array of shape (n,)"),
    ("x*y", lambda x, y: (y, x), {"at": {"x": 1.0, "y": 2.0}}, "n floats"),
]


@pytest.mark.parametrize(("f", "derivative", "options", "form"), FORMS)
def test_forms(f, derivative, options, form):
    """A float, an array, n floats: the verdict is good and names the form that was used."""
    verdict = check(f, derivative, **options)
    assert bool(verdict), str(verdict)
    assert verdict.form == form


def test_a_dict_of_arrays_keeps_its_names():
    """Parameters of a model come as a dict of arrays, and an entry is named as it is indexed."""
    f = Formula(" + ".join(f"{k + 1}*w{k}**2" for k in range(6)))
    weights = 2.0 * np.arange(1, 7).reshape(2, 3)

    def gradient(p):
        return {"W1": weights * p["W1"] * np.array([[1, 1, 1], [1, 1, -1]])}

    verdict = check(f, gradient, at={"W1": np.ones((2, 3))})
    assert (verdict.status, verdict.cause, verdict.form) == ("wrong", "sign", "a dict of arrays")
    assert [verdict.names[k] for k in verdict.components] == ["W1[1,2]"]


@pytest.mark.parametrize(
    "domain", [[(0, 1), (2, 3)], {"x": (0, 1), "y": (2, 3)}, np.array([[0, 1], [2, 3]])]
)
def test_domains(domain):
    """A domain is a pair a variable, in a list, an array or a dict; nothing outside is tried."""
    seen = []

    def gradient(x, y):
        seen.extend(np.stack(np.broadcast_arrays(x, y), axis=-1).reshape(-1, 2).tolist())
        return y, x

    assert check("x*y", gradient, domain=domain)
    inside = [pair for pair in seen if type(pair[0]) is float]  # the others are traced
    assert len(inside) > 1000
    assert np.all((np.array(inside) >= [0, 2]) & (np.array(inside) <= [1, 3]))


def test_a_domain_by_name_may_leave_variables_out():
    """What a dict doesn't name has the default."""
    assert check("x*y", lambda x, y: (y, x), domain={"y": (2, 3)})


def test_a_hessian_that_is_not_symmetric_is_shown_as_such():
    """One entry of two equal ones is wrong: the other says so."""
    verdict = check("x**2 * y", lambda p: [[2 * p[1], 2 * p[0]], [p[0], 0]], derivative_order=2)
    assert verdict.components == (2,)
    assert "it is not symmetric: at x = " in str(verdict)
    both = check("x**2 * y", lambda p: [[2 * p[1], p[0]], [p[0], 0]], derivative_order=2)
    assert both.components == (1, 2)
    assert "symmetric" not in str(both)


def test_hessians():
    """Order 2 is the Hessian, whose entries are named by both variables."""
    f = "x**2*y + y**3"
    assert check(f, lambda x, y: [[2 * y, 2 * x], [2 * x, 6 * y]], derivative_order=2)
    verdict = check(f, lambda x, y: [[2 * y, 2 * x], [x, 6 * y]], derivative_order=2)
    assert verdict.status == Outcome.WRONG
    assert [verdict.names[k] for k in verdict.components] == ["y,x"]


def test_vectors():
    """A list is a vector-valued function, and its derivative a Jacobian (m, n)."""
    f = ["x*y", "x + y", "x**2"]
    assert check(f, lambda x, y: [[y, x], [1, 1], [2 * x, 0]])
    verdict = check(f, lambda x, y: [[y, x], [1, 1], [2 * x, 1]])
    assert [verdict.names[k] for k in verdict.components] == ["output 2, y"]


@pytest.mark.parametrize(
    ("derivative", "status"),
    [("2*x", True), ("x + x", True), ("3*x", False), (Formula("x"), False)],
)
def test_a_formula_as_the_derivative(derivative, status):
    """Somebody's derivative may be a formula itself."""
    assert bool(check("x**2", derivative)) is status


# --- the verdict --------------------------------------------------------------------------------


def test_the_verdict_of_a_wrong_gradient():
    """It names the component, the cause, the worst point with its numbers, and the seed."""
    verdict = check("x**2 + x*y", lambda x, y: (2 * x, x), seed=3)
    assert isinstance(verdict, Verdict)
    assert not verdict
    assert (verdict.status, verdict.components, verdict.names) == ("wrong", (0,), ("x", "y"))
    assert (verdict.cause, verdict.seed) == (Cause.TERM, 3)
    x, y = verdict.worst.point
    assert verdict.worst.component == 0
    assert verdict.worst.exact == pytest.approx(2 * x + y, rel=1e-15)
    assert verdict.worst.given == 2 * x
    assert verdict.worst.error == verdict.worst.given - verdict.worst.exact
    assert str(verdict).startswith("wrong: component x\n  cause: term: ")


def test_the_worst_component_comes_first():
    """Of two wrong components the one that is more wrong is named first."""
    verdict = check(CUBE, lambda x, y, z: cube(x, y, z) * [1.001, 1, 3])
    assert verdict.components == (2, 0)


def test_a_right_gradient_states_its_limit():
    """An ok says how small an error it would have seen, a component each."""
    verdict = check("exp(x)*y", lambda x, y: (np.exp(x) * y, np.exp(x)), at=[1.0, 2.0])
    assert verdict
    assert len(verdict.detection_limit) == 2
    assert max(verdict.detection_limit) < 1e-13
    assert verdict.points_tried > 1000


def test_a_verdict_is_reproducible():
    """The same seed gives the same verdict, to the last digit."""

    def wrong(x, y, z):
        return cube(x, y, z) * [1, 1 + 1e-9, 1]

    first, second = (check(CUBE, wrong, seed=7) for _ in range(2))
    assert first == second
    assert check(CUBE, wrong, seed=8).status == first.status


def test_json_is_strict_and_complete():
    """The document holds every field, and no NaN or infinity as a bare word."""

    def refuse(word):
        raise AssertionError(word)

    for verdict in (
        check("x**2", lambda x: -2 * x),
        check("x**2", lambda x: 2 * x),
        check("x**2", lambda x: np.nan),
        check("x + 0*y", lambda x, y: (1.0, 0.0)),
        check("log(-1 - x**2)", lambda x: x),
    ):
        document = json.loads(verdict.to_json(), parse_constant=refuse)
        assert (document["kind"], document["schema"]) == ("verdict", 1)
        assert document["status"] == verdict.status
        assert document["names"] == [verdict.names[k] for k in verdict.components]
        assert set(document) >= {
            "components", "cause", "cause_detail", "violations", "detection_limit", "worst",
            "points_tried", "unreached_lines", "seed", "form", "reference", "reason",
        }  # fmt: skip


def test_assert_derivative():
    """It is silent for a right derivative, and raises the verdict's text for any other."""
    assert_derivative("sin(x)", np.cos)
    for f, wrong in [("x**2", lambda x: -2 * x), ("x**2", lambda x: np.float32(2 * x))]:
        with pytest.raises(AssertionError) as raised:
            assert_derivative(f, wrong)
        assert str(raised.value) == str(check(f, wrong))


def test_assert_derivative_of_what_is_undecided():
    """Undecided is a failure unless it is allowed."""
    assert check("log(-1 - x**2)", lambda x: x).status == Outcome.UNDECIDED
    with pytest.raises(AssertionError, match="undecided"):
        assert_derivative("log(-1 - x**2)", lambda x: x)
    assert_derivative("log(-1 - x**2)", lambda x: x, allow_undecided=True)


# --- f before f' --------------------------------------------------------------------------------


def test_a_wrong_function_is_a_verdict_of_its_own():
    """A right derivative of a formula whose code is wrong: the code is named."""
    verdict = check("x**2", lambda x: 2 * x, function=lambda x: x**2 + 1)
    assert (verdict.status, verdict.cause) == ("wrong", "wrong_function")
    assert "the derivative was not judged" in str(verdict)
    assert check("x**2", lambda x: 2 * x, function=lambda x: x**2)
    assert check("x*y", lambda x, y: (y, x), function=lambda x, y: x * y)


@pytest.mark.parametrize("seed", range(5))
def test_a_function_that_is_wrong_in_1_percent_of_the_box(seed):
    """The code of f is compared wherever its derivative is."""

    def narrow(x, y):
        return x * y * (1.01 if 0.3 < y < 0.36 else 1.0)

    verdict = check("x*y", lambda x, y: (y, x), function=narrow, seed=seed)
    assert verdict.cause == "wrong_function"


def test_a_function_that_raises():
    """Code of f that raises everywhere is a verdict too, not a traceback."""
    verdict = check("x**2", lambda x: 2 * x, function=lambda x: 1 / 0)
    assert verdict.cause == "wrong_function"
    assert "ZeroDivisionError" in str(verdict)


# --- guards, each with its offender -------------------------------------------------------------


def _writes(x):
    x *= 2
    return x


def _first_for_ever():
    kept = []

    def gradient(x):
        kept.append(2 * x)
        return kept[0]

    return gradient


def _call_before():
    kept = [0.0]

    def gradient(x):
        kept.append(2 * x)
        return kept[-2]

    return gradient


def _adds_up():
    total = np.zeros(1)

    def gradient(x):
        total[0] += 2 * x
        return total.copy()

    return gradient


def _random():
    rng = np.random.default_rng(0)
    return lambda x: 2 * x * (1 + 1e-3 * rng.random())


def _raises_beyond_two(x):
    if x > 2:
        raise ValueError("not implemented")
    return 2 * x


OFFENDERS = {
    "mutates": (lambda: _writes, {"at": [[1.5], [2.5]]}),
    "shape": (lambda: lambda x: np.eye(2), {}),
    "dtype": (lambda: lambda x: int(2 * x), {}),
    "nonfinite": (lambda: lambda x: 2 * x if x else np.nan, {}),
    "raises": (lambda: _raises_beyond_two, {}),
    "float32": (lambda: lambda x: np.float32(2) * np.float32(x), {}),
    "random": (_random, {"at": [1.5, 2.5]}),
}


@pytest.mark.parametrize("cause", OFFENDERS)
def test_each_rule_has_its_offender(cause):
    """Planted: one derivative for each rule, which is named."""
    build, options = OFFENDERS[cause]
    verdict = check("x**2", build(), **options)
    assert (verdict.cause, bool(verdict)) == (cause, False)
    assert verdict.cause_detail


@pytest.mark.parametrize("build", [_first_for_ever, _call_before, _adds_up])
def test_stale_answers(build):
    """Planted: answers that depend on the calls before."""
    verdict = check("x**2", build(), at=[1.5, 2.5, -0.5])
    assert (verdict.status, verdict.cause) == ("wrong", "stale")


def test_a_transposed_jacobian():
    """Planted: a Jacobian (n, m) instead of (m, n)."""
    verdict = check(["x*y", "x", "y"], lambda x, y: np.array([[y, x], [1, 0], [0, 1]]).T)
    assert verdict.cause == "transposed"


# --- kinks and removable points -----------------------------------------------------------------


@pytest.mark.parametrize("value", [-1.0, -0.5, 0.0, 1 / 3, 1.0])
def test_any_value_between_is_right_at_a_kink(value):
    """At a kink whatever lies between the one-sided derivatives is right."""
    assert check("abs(x)", lambda x: np.sign(x) if x else value, at=[0.0, 1.0])


@pytest.mark.parametrize("value", [-1.001, 1.5, 2.0, 100.0])
def test_a_value_beyond_is_wrong_at_a_kink(value):
    """At a kink what lies outside is wrong."""
    verdict = check("abs(x)", lambda x: np.sign(x) if x else value, at=[0.0, 1.0])
    assert verdict.status == "wrong"


def test_nan_at_a_kink_is_a_finding():
    """NaN at a kink is noted, and accuses nobody."""
    verdict = check("abs(x)", lambda x: np.sign(x) if x else np.nan, at=[0.0, 1.0])
    assert verdict
    (note,) = verdict.violations
    assert "a kink" in note
    assert f"note: {note}" in str(verdict)


def test_nan_at_a_removable_point_is_a_finding():
    """So is NaN where the formula is 0/0 and has a limit."""
    verdict = check(
        "sin(x)/x", lambda x: np.cos(x) / x - np.sin(x) / x**2, at=[0.0, 1.0], domain=[(-3, 3)]
    )
    assert verdict.status != "wrong"
    assert any("has a limit" in note for note in verdict.violations)


# --- causes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "name"),
    [
        (-1, "-1"),
        (1 / 2, "1/2"),
        (2, "2"),
        (1 / 3, "1/3"),
        (1 / 100, "1/100"),
        (1 / 365, "1/365"),
        (np.pi, "pi"),
    ],
)
def test_a_constant_ratio_is_named(ratio, name):
    """-1, 1/2, 2, 1/n, units and pi are named as such: they may be a convention."""
    verdict = check(CUBE, lambda x, y, z: ratio * cube(x, y, z))
    assert verdict.cause == ("sign" if ratio == -1 else "factor")
    assert f" {name} " in f"{verdict.cause_detail} "


def test_a_derivative_by_the_logarithm_is_named():
    """given/exact = x is a derivative by log(x)."""
    assert "a derivative by log(x)" in check("x**3", lambda x: 3 * x**3).cause_detail


CAUSES = {
    "sign": lambda x, y, z: cube(x, y, z) * [1, -1, 1],
    "factor": lambda x, y, z: cube(x, y, z) * [1, 1.5, 1],
    "zero": lambda x, y, z: cube(x, y, z) * [1, 0, 1],
    "swapped": lambda x, y, z: cube(x, y, z)[[1, 0, 2]],
    "index": lambda x, y, z: cube(x, y, z)[[0, 0, 2]],
    "region": lambda x, y, z: cube(x, y, z) * (1.5 if 1 < z < 1.06 else 1),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_causes(cause):
    """Planted: a slip of each kind is named."""
    assert check(CUBE, CAUSES[cause]).cause == cause


@pytest.mark.parametrize("edge", [-2.0, -1.0, 1.0, 2.0])
def test_a_region_may_be_most_of_the_box(edge):
    """A factor on one side of a value is named on whichever side most points lie."""
    verdict = check(
        "sin(x) + x**2",
        lambda x: (np.cos(x) + 2 * x) * (2 if x > edge else 1),
        domain=[(-3, 3)],
    )
    assert verdict.cause == "region"
    assert "given/exact = 2 there" in verdict.cause_detail
    assert "x >= " in verdict.cause_detail


def test_an_approximation_is_no_region():
    """What is right near one end only, as a series is, is not right in a region."""
    series = check("exp(sin(x))", lambda x: 1 + x - x**3 / 2 + x**5 / 10, domain=[(0, 3)])
    assert series.cause != "region"


def test_a_cause_is_never_guessed():
    """What no single slip explains is called unexplained."""
    verdict = check("x**2", lambda x: np.sin(7 * x) + x**5)
    assert (verdict.status, verdict.cause) == ("wrong", "unexplained")


@pytest.mark.parametrize("relative", [1e-4, 1e-8, 1e-12])
def test_small_errors_are_caught(relative):
    """An error of 1e-12 is caught where the conditioning allows it."""
    assert not check(CUBE, lambda x, y, z: cube(x, y, z) * [1, 1 + relative, 1])


def test_a_huge_offset_accuses_nobody():
    """1e8 + sin(x) has a right derivative, which finite differences can't see."""
    assert check("1e8 + sin(x)", np.cos)


# --- the stated limit ---------------------------------------------------------------------------


def test_errors_above_the_limit_are_always_caught():
    """On a dozen problems, an error of three times the stated limit or more is always seen."""
    found = suite.plant_at_limit(suite.symnum_check, limit=12)
    above = [p for p in found if p.multiple >= 3]
    assert len(above) >= 40
    assert [p for p in above if not p.seen] == []
    below = [p for p in found if p.multiple < 1]
    assert sum(p.seen for p in below) < 0.25 * len(below)


# --- down towards 0 -----------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("f", "gradient", "box"),
    [
        ("log(x)", lambda x: [1 / x], [(0, 10)]),
        ("sqrt(-x)", lambda x: [-0.5 / np.sqrt(-x)], [(-10, 0)]),
        ("x**3 + x", lambda x: [3 * x**2 + 1], [(-3, 3)]),
        ("log(x)*y + z", lambda x, y, z: [y / x, np.log(x), 1.0], [(0, 10), (1, 2), (-1, 1)]),
    ],
)
def test_what_is_wrong_only_near_0_is_seen(f, gradient, box, cut, seed):
    """Magnitudes below a slab's width hold points too, of each variable."""
    assert check(f, gradient, domain=box, seed=seed)
    n = len(box)

    def without(*x):
        found = np.array(gradient(*x), dtype=float)
        found[0] *= abs(x[0]) > cut
        return found if n > 1 else found[0]

    assert check(f, without, domain=box, seed=seed).status == "wrong"


def test_at_a_multiple_root_small_errors_are_seen_and_the_limit_says_so():
    """The reference in doubles has no digit there; the certified one has all, and is the yardstick.

    The error beside the reference's own double had made every other error look like rounding.
    """
    expanded = "x**7 - 7*x**6 + 21*x**5 - 35*x**4 + 35*x**3 - 21*x**2 + 7*x - 1"
    domain = [(0.99, 1.01)]

    def off_by(share):
        return check(expanded, lambda x: 7 * (x - 1) ** 6 * (1 + share), domain=domain)

    right = off_by(0.0)
    assert right
    (limit,) = right.detection_limit
    assert limit < 1e-10
    assert not off_by(3 * limit)
    assert off_by(limit / 30)
