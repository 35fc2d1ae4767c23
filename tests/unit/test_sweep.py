"""Sweeps: the mission's numbers, known orders, user functions, statuses, shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symnum import DomainError, Formula, StepStatus, Sweep, UsageError, sweep
from symnum.differences.schemes import (
    backward,
    central,
    complex_step,
    forward,
    parse_scheme,
    richardson,
)
from symnum.differences.sweep import default_steps
from tests.truth import PARTS, check_mission, check_sum

INF, NAN = math.inf, math.nan


def statuses(run) -> list[str]:
    """Return the statuses of a run's first row, as words."""
    return [str(status) for status in run.status[0, 0]]


def check_every_sum(run) -> None:
    """Assert that the parts of every certified entry add up to its error."""
    for place in np.argwhere(run.status == StepStatus.CERTIFIED):
        k = tuple(place)
        parts = [float(getattr(run, name)[k]) for name in PARTS]
        check_sum(float(run.error[k]), parts, float(run.radius[k]))


# --- row 1 of the mission ------------------------------------------------------------------------


def test_the_mission():
    """f = 0.01 x² + 0.1 x at 5 and 10, h = 1e-4: the plain script's numbers, and why they err."""
    s = sweep("0.01*x**2 + 0.1*x", at=[5.0, 10.0], h=1e-4)
    assert s.exact.hi.ravel().tolist() == [0.2, 0.3]
    assert np.isnan(s.runs[0].observed_order).all()
    check_mission(s.runs[0])


def test_the_mission_over_all_steps():
    """Over the default steps the truncation stays exactly 0 and the largest steps are the best."""
    run = sweep("0.01*x**2 + 0.1*x", at=5.0).runs[0]
    assert run.h.shape == (1, 1, 61)
    assert set(statuses(run)) == {"certified"}
    assert np.all(run.truncation == 0.0)
    assert run.best_h[0, 0] > 0.1
    assert run.best_error[0, 0] < 1e-15
    check_every_sum(run)


# --- orders --------------------------------------------------------------------------------------

ORDERS = [
    ("central", 2),
    ("central:4", 4),
    ("central:6", 6),
    ("forward", 1),
    ("forward:2", 2),
    ("forward:3", 3),
    ("backward", 1),
    ("backward:2", 2),
    ("complex", 2),
    ("richardson", 6),
    ("richardson:4", 4),
]


@pytest.mark.parametrize("text", ["sin(x)", "exp(x)"])
@pytest.mark.parametrize(("scheme", "accuracy"), ORDERS)
def test_observed_orders(text, scheme, accuracy):
    """The slope of the truncation part is the scheme's accuracy."""
    run = sweep(text, 1.0, scheme).runs[0]
    assert run.observed_order[0, 0] == pytest.approx(accuracy, abs=0.01)
    assert set(statuses(run)) == {"certified"}
    check_every_sum(run)


@pytest.mark.parametrize(
    ("scheme", "accuracy"),
    [
        (central(2, derivative_order=2), 2),
        (central(4, derivative_order=2), 4),
        (forward(1, derivative_order=2), 1),
        (backward(2, derivative_order=2), 2),
        (richardson(4, derivative_order=2), 4),
        (central(2, derivative_order=3), 2),
        (forward(2, derivative_order=3), 2),
    ],
    ids=lambda value: str(value),
)
def test_higher_derivatives(scheme, accuracy):
    """Second and third derivatives are swept like first ones."""
    s = sweep("sin(x)", 1.0, scheme)
    q = scheme.derivative_order
    assert s.derivative_order == q
    assert s.exact.hi[0, 0] == {2: -math.sin(1.0), 3: -math.cos(1.0)}[q]
    run = s.runs[0]
    assert run.observed_order[0, 0] == pytest.approx(accuracy, abs=0.01)
    best = run.predicted_h[0, 0]
    assert 1e-8 < best < 0.5
    assert run.best_h[0, 0] / best < 30
    assert best / run.best_h[0, 0] < 30
    check_every_sum(run)


@pytest.mark.parametrize(("scheme", "accuracy"), ORDERS[:8] + ORDERS[9:])
def test_prediction_and_floor_agree(scheme, accuracy):
    """The predicted best step and error are those that are found, to a small factor."""
    run = sweep("exp(sin(x))", 1.0, scheme).runs[0]
    assert 1 / 30 < run.best_h[0, 0] / run.predicted_h[0, 0] < 30
    assert 1 / 30 < run.best_error[0, 0] / run.predicted_error[0, 0] < 30
    assert 0.1 < run.noise_ulps[0, 0] < 2.0


def test_leading_truncation_constant():
    """For small h the truncation is C f^(q+p) h^p, with the scheme's own C."""
    for scheme in (central(2), central(4), forward(1), backward(2), complex_step(), richardson(4)):
        run = sweep("exp(x)", 0.0, scheme, 2.0**-10).runs[0]
        leading = float(scheme.truncation_constant) * 2.0 ** (-10 * scheme.accuracy)
        assert run.truncation[0, 0, 0] == pytest.approx(leading, rel=5e-3, abs=0)


def test_robust_floor_is_not_the_minimum():
    """`best_error` is a median round the best step; the luckiest error is below it."""
    run = sweep("exp(x)", 1.0).runs[0]
    smallest = np.min(np.abs(run.error))
    assert smallest < run.best_error[0, 0] < 1e-9
    near = np.abs(np.log10(run.h[0, 0] / run.best_h[0, 0])) <= 1 + 1e-9
    assert near.sum() >= 8
    assert run.best_error[0, 0] == np.median(np.abs(run.error[0, 0][near]))


# --- schemes, steps, shapes ----------------------------------------------------------------------


def test_several_schemes_at_once():
    """Each scheme of a list has its run, the same as when it is swept alone."""
    schemes = ["central", "central:4@1e-3", complex_step(), parse_scheme("forward@1e-8")]
    together = sweep("sin(x)", [1.0, 2.0], schemes, [1e-2, 1e-4, 1e-6])
    assert [run.scheme.label for run in together.runs] == [
        "central:2",
        "central:4@0.001",
        "complex",
        "forward:1@1e-08",
    ]
    assert [run.h.shape for run in together.runs] == [(2, 1, 3), (2, 1, 1), (2, 1, 3), (2, 1, 1)]
    for scheme, run in zip(schemes, together.runs, strict=True):
        assert sweep("sin(x)", [1.0, 2.0], scheme, [1e-2, 1e-4, 1e-6]).runs[0] == run


def test_a_scheme_keeps_its_own_step():
    """`central@1e-4` is evaluated at 1e-4, whatever steps are given."""
    run = sweep("0.01*x**2 + 0.1*x", 5.0, "central@1e-4").runs[0]
    assert run.h.tolist() == [[[1e-4]]]
    assert run.approximation[0, 0, 0] == 0.1999999999990898


def test_default_steps():
    """61 logarithmic steps from 1e-15 s to s, s the power of two nearest |x|, 1 at 0."""
    steps = default_steps(np.array([0.0, 1.0, -3.0, 100.0, 1e-300]))
    assert steps.shape == (5, 61)
    assert steps[:, -1].tolist() == [1.0, 1.0, 4.0, 128.0, 2.0**-997]
    assert np.allclose(steps[:, 0] / steps[:, -1], 1e-15)
    ratio = steps[:, 1:] / steps[:, :-1]
    assert np.allclose(ratio, 10**0.25)


def test_components():
    """Components are (output, variable) pairs, outputs outermost; each is its partial."""
    s = sweep(["x*y", "sin(x)", "y**3"], [[1.0, 2.0], [3.0, -1.0]], h=[1e-3, 1e-5])
    names = [(component.output, component.variable) for component in s.components]
    assert names == [(0, "x"), (0, "y"), (1, "x"), (1, "y"), (2, "x"), (2, "y")]
    truth = [[2, 1, math.cos(1), 0, 0, 12], [-1, 3, math.cos(3), 0, 0, 3]]
    assert np.allclose(s.exact.hi, truth, rtol=1e-15, atol=0)
    run = s.runs[0]
    assert run.approximation.shape == (2, 6, 2)
    assert np.allclose(run.approximation, s.exact.hi[..., None], atol=1e-5)
    assert s.exact.status[0, 3] == "zero"
    assert np.all(run.error[:, 3] == run.approximation[:, 3])
    check_every_sum(run)


def test_a_sweep_knows_where_it_came_from():
    """Formula, variables, points and versions stand in the Sweep; equal requests are equal."""
    s = sweep("a*x", {"a": 2.0, "x": [1.0, 3.0]}, h=1e-3)
    assert isinstance(s, Sweep)
    assert s.formula == ("a*x",)
    assert s.variables == ("a", "x")
    assert s.points.tolist() == [[2.0, 1.0], [2.0, 3.0]]
    assert {"python", "sympy", "python-flint"} <= set(s.environment)
    assert s.function is None
    assert s == sweep("a*x", {"a": 2.0, "x": [1.0, 3.0]}, h=1e-3)
    assert s != sweep("a*x", {"a": 2.0, "x": [1.0, 4.0]}, h=1e-3)


def test_points_and_steps_are_not_written_to():
    """Neither the caller's points nor the steps change, and integers are promoted."""
    at, h = np.array([[3, 4]]), np.array([1e-4, 1e-2])
    s = sweep("x**2 + y**2", at, h=h)
    assert at.tolist() == [[3, 4]]
    assert h.tolist() == [1e-4, 1e-2]
    assert np.allclose(s.runs[0].approximation[0, :, 0], [6, 8])
    at[0, 0] = 9
    h[0] = 5.0
    assert s.points[0, 0] == 3.0
    assert s.runs[0].h[0, 0, 0] == 1e-4


@pytest.mark.parametrize("scheme", ["central", "richardson", "complex", "backward:3"])
def test_without_decomposition(scheme):
    """`decompose=False` gives the same approximations bit for bit, and no parts."""
    points = np.linspace(0.1, 3.0, 57)
    full = sweep("exp(sin(x))/x**1.5", points, scheme).runs[0]
    plain = sweep("exp(sin(x))/x**1.5", points, scheme, decompose=False).runs[0]
    assert np.array_equal(full.approximation, plain.approximation, equal_nan=True)
    for name in PARTS:
        assert np.isnan(getattr(plain, name)).all()
    assert np.isnan(plain.predicted_h).all()
    clean = full.status == StepStatus.CERTIFIED
    assert np.allclose(full.error[clean], plain.error[clean], rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize(("x", "h"), [(1.0, 5e-324), (1e308, 1e308), (1e-308, 1e-320)])
def test_extreme_steps(x, h):
    """Steps at the ends of the doubles give numbers or a status, never an exception."""
    run = sweep("x", x, "central", h).runs[0]
    assert statuses(run)[0] in {"certified", "undefined"}
    assert sweep("exp(x)", 1.0, "complex", 5e-324).runs[0].status[0, 0, 0] == "certified"


# --- where f is not smooth -----------------------------------------------------------------------

H = [0.25, 0.4, 0.6, 1.0, 2.0]
CROSSINGS = [
    ("abs(x)", 0.5, "central", "kink", 0.5),
    ("abs(x)", 0.5, "backward", "kink", 0.5),
    ("abs(x)", -0.5, "forward", "kink", 0.5),
    ("abs(x)", 0.5, "forward", "certified", INF),
    ("abs(x)", -0.5, "backward", "certified", INF),
    ("x*abs(x)", 0.5, "central", "kink", 0.5),
    ("max(x, 0)**2", 0.5, "central", "kink", 0.5),
    ("max(x, 0)**3", 0.5, "central", "kink", 0.5),
    ("max(x, 0)**8", 0.5, "central", "certified", INF),  # smoother than the scheme needs
    ("abs(x**2 - 2)", 1.0, "central", "kink", math.sqrt(2) - 1),
    ("1/x", 0.5, "central", "pole", 0.5),
    ("gamma(x)", 0.5, "central", "pole", 0.5),
    ("exp(1/x)", 0.5, "central", "pole", 0.5),
    ("tan(x)", 1.0, "central", "pole", math.pi / 2 - 1),
    ("sqrt(x)", 0.5, "central", "edge", 0.5),
    ("sqrt(x)", 0.5, "forward", "certified", INF),
    ("x**1.5", 0.5, "central", "edge", 0.5),
    ("asin(x)", 0.5, "central", "edge", 0.5),
    ("floor(x)", 0.5, "forward", "jump", 0.5),
    ("sign(x)", 0.5, "central", "jump", 0.5),
    ("where(x < 1, 0, 1)", 0.5, "central", "jump", 0.5),
    ("where(x < 1, x, x)", 0.5, "central", "certified", INF),
    ("sin(x)/x", 0.5, "central", "certified", INF),
    ("exp(x)/(1 + x**2)", 0.5, "central", "certified", INF),
]


@pytest.mark.parametrize(("text", "x", "scheme", "status", "distance"), CROSSINGS)
def test_crossings(text, x, scheme, status, distance):
    """A stencil that reaches past a singular point is flagged from that distance on."""
    run = sweep(text, x, scheme, H).runs[0]
    wanted = [status if h > distance else "certified" for h in H]
    assert statuses(run) == wanted
    assert run.crossing[0, 0] == pytest.approx(distance, rel=1e-9, abs=0)
    check_every_sum(run)


def test_a_wide_scheme_reaches_farther():
    """central:4 uses x ± 2h, and crosses at half the step."""
    run = sweep("abs(x)", 0.5, "central:4", [0.2, 0.3]).runs[0]
    assert statuses(run) == ["certified", "kink"]
    assert run.crossing[0, 0] == pytest.approx(0.5, rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("text", "x", "status", "left", "right"),
    [
        ("abs(x)", 0.0, "kink", -1.0, 1.0),
        ("sign(x)", 0.0, "jump", NAN, NAN),
        ("1/x", 0.0, "pole", NAN, NAN),
        ("x**1.5", 0.0, "edge", NAN, 0.0),
        ("log(-1 - x**2)", 1.0, "undefined", NAN, NAN),
        ("sin(1/x)", 0.0, "undecided", NAN, NAN),
    ],
)
def test_a_singular_point(text, x, status, left, right):
    """Where there is no derivative, every entry says why and no error is claimed."""
    s = sweep(text, x, ["central", "forward", "complex"], H)
    for run in s.runs:
        assert set(statuses(run)) == {status}
        assert np.isnan(run.error).all()
        assert np.isnan(run.best_error).all()
        assert run.crossing[0, 0] == (INF if status in {"undefined", "undecided"} else 0.0)
    found = [s.exact.left[0, 0], s.exact.right[0, 0]]
    assert np.array_equal(found, [left, right], equal_nan=True)


def test_a_removable_point():
    """Where f is undefined as written, its limit is the truth; nodes elsewhere are usual."""
    run = sweep("sin(x)/x", 0.0, "central", [1e-2, 1e-4]).runs[0]
    assert statuses(run) == ["certified", "certified"]
    assert sweep("sin(x)/x", 0.0).exact.status[0, 0] == "removable"
    at_the_hole = sweep("sin(x)/x", 0.5, "central", [0.25, 0.5, 0.75]).runs[0]
    assert statuses(at_the_hole) == ["certified", "undefined", "certified"]


@pytest.mark.parametrize("text", ["abs(x)", "max(x, 0)", "where(x < 0, x, 2*x)", "floor(x)*x"])
def test_the_complex_step_needs_analytic_functions(text):
    """abs, max and where have no analytic continuation: the complex step says `nonanalytic`."""
    run = sweep(text, 0.5, "complex", H).runs[0]
    assert set(statuses(run)) == {"nonanalytic"}
    assert np.isnan(run.truncation).all()
    assert np.isnan(run.observed_order).all()


def test_the_complex_step_past_other_variables():
    """abs of another variable is a constant along this one: there the complex step is right."""
    run = sweep("abs(y)*x**2", [1.0, -2.0], "complex", [1e-8]).runs[0]
    assert run.status[0, :, 0].tolist() == ["certified", "nonanalytic"]
    assert run.approximation[0, 0, 0] == 4.0


# --- somebody's own function ---------------------------------------------------------------------


def test_the_noise_of_float32_shows():
    """A function that computes in float32 inside has its noise, eight digits above float64's."""

    def single(x):
        return np.sin(np.float32(x)).astype(np.float64)

    s = sweep("sin(x)", 1.0, function=single)
    assert s.function.endswith("single")
    double = sweep("sin(x)", 1.0).runs[0]
    run = s.runs[0]
    assert run.noise_ulps[0, 0] > 1e7 * double.noise_ulps[0, 0]
    assert run.predicted_h[0, 0] > 100 * double.predicted_h[0, 0]
    assert run.best_error[0, 0] > 1e4 * double.best_error[0, 0]
    assert np.array_equal(run.truncation, double.truncation)
    check_every_sum(run)


def test_a_wrong_function_shows_in_the_evaluation():
    """A function that is not the formula errs in the evaluation part, at every step alike."""
    run = sweep("sin(x)", 1.0, "central", [1e-2, 1e-4], function=lambda x: 1.01 * np.sin(x)).runs[0]
    assert np.allclose(run.evaluation, 0.01 * math.cos(1.0), rtol=1e-3)
    check_every_sum(run)


@pytest.mark.parametrize(
    "function",
    [
        math.sin,
        np.sin,
        lambda x: float(np.sin(x)),
        lambda x: [np.sin(x)] if np.ndim(x) else np.sin(x),
        lambda x, scale=1.0: scale * np.sin(x),
    ],
)
def test_functions_of_one_variable(function):
    """Scalar-only functions, ufuncs, defaults: all are evaluated as they want to be called."""
    run = sweep("sin(x)", 1.0, function=function).runs[0]
    assert run.best_error[0, 0] < 1e-10
    assert set(statuses(run)) == {"certified"}


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: x * x + math.sin(y),
        lambda x, y: x * x + np.sin(y),
        lambda v: v[0] ** 2 + math.sin(v[1]),
        lambda v: v[..., 0] ** 2 + np.sin(v[..., 1]),
        lambda v: np.square(v[0]) + np.sin(v[1]),
        lambda *v: v[0][0] ** 2 + np.sin(v[0][1]),
    ],
)
def test_functions_of_several_variables(function):
    """n arguments or one array of shape (n,), with or without leading axes."""
    run = sweep("x**2 + sin(y)", [1.0, 2.0], function=function).runs[0]
    assert np.all(run.best_error < 1e-9)


def test_vector_valued_functions():
    """A function of several outputs returns them as a list, an array, or on the last axis."""
    for function in (
        lambda v: [v[0] * v[1], v[0] + v[1]],
        lambda v: np.stack([v[..., 0] * v[..., 1], v[..., 0] + v[..., 1]], axis=-1),
    ):
        run = sweep(["x*y", "x + y"], [1.0, 2.0], h=np.logspace(-6, 0, 9), function=function).runs[
            0
        ]
        assert np.allclose(run.approximation[0, :, -1], [2, 1, 1, 1])


def test_a_function_that_writes_into_its_argument():
    """A function that changes its argument in place harms nothing but itself."""

    def doubling(v):
        v *= 2
        return v[..., 0] / 2 + v[..., 1]

    at = np.array([1.0, 2.0])
    run = sweep("x + 2*y", at, function=doubling).runs[0]
    assert at.tolist() == [1.0, 2.0]
    assert np.allclose(run.approximation[0, 0, -8:], 1.0, rtol=1e-6)
    assert np.allclose(run.approximation[0, 1, -8:], 2.0, rtol=1e-6)


def test_a_function_outside_its_domain():
    """math.log raises where np.log gives NaN: both are `no approximation there`."""
    for function in (math.log, np.log):
        run = sweep("log(x)", 0.05, "central", [0.1, 0.01], function=function).runs[0]
        assert statuses(run)[0] in {"pole", "edge"}
        assert math.isnan(run.approximation[0, 0, 0])
        assert statuses(run)[1] == "certified"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x: [x, x],
            "the function returned an array of shape (2,) and dtype float64 at x = 0.9; "
            "a number is expected",
        ),
        (lambda _: None, "the function returned a NoneType at x = 0.9; a number is expected"),
        (
            lambda _: "a",
            "the function returned an array of shape () and dtype <U1 at x = 0.9; "
            "a number is expected",
        ),
        (lambda x: {}[x], "the function raised KeyError: 0.9 at x = 0.9"),
        (5, "function must be callable; this is a int"),
    ],
)
def test_bad_functions(function, message):
    """A function that raises or returns something else is named with the point."""
    with pytest.raises(UsageError) as caught:
        sweep("x", 1.0, h=0.1, function=function)
    assert str(caught.value).replace("np.float64(0.9)", "0.9") == message


def test_progress():
    """`progress` is told how many points are finished."""
    seen = []
    sweep("sin(x)", np.ones(5), h=1e-3, progress=seen.append)
    assert sum(seen) == 5


def test_refusals():
    """Points that are not there or not finite are refused."""
    with pytest.raises(DomainError, match=r"^there are no points$"):
        sweep("x", [])
    with pytest.raises(DomainError, match="is not a finite number"):
        sweep("x", [1.0, NAN])
    with pytest.raises(UsageError, match="nothing to differentiate by"):
        sweep("5", 1.0)
    with pytest.raises(UsageError, match="derivative orders 1, 2"):
        sweep(Formula("x"), 1.0, [central(), central(2, 2)])
