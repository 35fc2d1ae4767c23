"""What is said of a descent is true of its numbers, and rests on certified ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

import symnum as sn

BOWL = "x0**2 + x1**2"
START = [-3, 4]
ROSENBROCK = "(1 - x)**2 + 100*(y - x*x)**2"


def said(runs):
    """Return a text without its line breaks."""
    return " ".join(str(runs).split())


def below_two(answer):
    """Return a gradient of the bowl that does something else as soon as |x0| < 2: at step 2."""

    def gradient(x):
        return answer(x) if abs(x[0]) < 2 else 2 * x

    return gradient


# --- somebody's gradient that raises, or returns no gradient --------------------------------------


def _raise(error):
    raise error


@pytest.mark.parametrize(
    "error",
    [ValueError("math domain error"), ZeroDivisionError("division by zero"), KeyError("x"),
     OverflowError("too large"), FloatingPointError("underflow"), np.linalg.LinAlgError()],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_gradient_that_raises_is_an_error_and_no_divergence(error):
    """Whatever somebody's gradient raises is said, with the step and the point."""
    with pytest.raises(sn.UsageError) as caught:
        sn.descend(BOWL, START, gradient=below_two(lambda _: _raise(error)))
    words = str(caught.value)
    assert f"your gradient raised {type(error).__name__}" in words
    assert "at step 2 of the descent" in words
    assert "x0 = -1.92" in words
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "answer", [lambda _: None, lambda x: x[0], lambda x: [*x, 1.0], lambda _: "up"]
)
def test_gradient_of_another_shape_is_an_error(answer):
    """What is no gradient is refused, with the step, the point and what is expected."""
    with pytest.raises(sn.UsageError) as caught:
        sn.descend(BOWL, START, gradient=below_two(answer))
    words = str(caught.value)
    assert "at step 2 of the descent your gradient returned" in words
    assert "an array of shape (2,) is expected" in words


def test_gradient_that_raises_in_one_variable_and_at_several_starts():
    """One variable and several starts are no exceptions."""
    for start in (1.0, [1.0, 2.0, 3.0]):
        with pytest.raises(
            sn.UsageError, match=r"at step 0 of the descent your gradient raised ValueError"
        ):
            sn.descend("x**2", start, gradient=lambda x: math.log(-x))


# --- certified numbers decide, not the formula in float64 -----------------------------------------

CANCELS = "(1 - cos(x))/x**2"


@pytest.mark.parametrize("start", [1e-9, 1e-6, 1e-4])
def test_formula_that_cancels_is_held_against_the_certified_gradient(start):
    """Where the formula's own gradient cancels its path parts; the sentence has both numbers."""
    c = sn.compare(CANCELS, start, ["exact", "certified"], rates=[0.1], steps=20)
    parting = c.partings[0]
    certified = float(sn.Formula(CANCELS).gradient().exact([start]).hi[0, 0])
    assert parting.step == 1
    assert parting.reason == "noise"
    assert parting.exact == certified
    assert "by the rounding of the formula in float64" in c.reasons[0]
    assert c.partings[1].step is None


def test_a_good_scheme_is_not_blamed_for_a_formula_that_cancels():
    """A gradient that is right parts from no exact path, though the formula in float64 is wrong."""

    def right(x):
        return 2 * np.sin(x / 2) * (x * np.cos(x / 2) - 2 * np.sin(x / 2)) / x**3

    c = sn.compare(CANCELS, 0.5, [right], rates=[0.1], steps=20)
    assert c.partings[0].step is None
    c = sn.compare(CANCELS, 1e-9, [lambda x: -x / 12], rates=[0.1], steps=20)
    assert c.partings[0].step is None
    assert c.partings[0].final < 1e-24


def test_f_is_exact_where_the_formula_has_no_digit_left():
    """At 1e-9 the formula is 0 in float64; the table shows the exact value, 1/2."""
    run = sn.descend(CANCELS, 1e-9, gradient="certified", steps=5)
    assert run.values[-1] == 0
    assert run.judgements[0].heights == (0.5, 0.5)
    assert "f stays at 0.5" in said(run)


def test_exact_path_ends_where_f_has_no_gradient():
    """The certified path doesn't walk on beyond a kink or the edge of the domain."""
    out = sn.descend("log(x)", 1.0, rate=0.9, gradient="certified", steps=5)
    assert out.path[2, 0] == pytest.approx(-8.9)
    assert np.isnan(out.path[3:]).all()
    assert np.isnan(out.gradients[2:]).all()
    kink = sn.descend("abs(x)", 0.25, rate=0.25, gradient="certified", steps=4)
    assert kink.path[:2, 0].tolist() == [0.25, 0.0]
    assert np.isnan(kink.gradients[1:]).all()
    assert "f has a kink and no gradient" in said(kink)


def test_long_path_is_said_to_be_certified_no_further():
    """Beyond a thousand steps nothing is claimed of the exact path."""
    c = sn.compare(BOWL, START, ["exact", "complex"], rates=[1e-3], steps=1500)
    assert [parting.known_to for parting in c.partings] == [1000, 1000]
    assert "Up to step 1000 it follows the exact path" in c.reasons[1]


# --- gradients and functions that are wrong -------------------------------------------------------


@pytest.mark.parametrize("ratio", [-1, 2, 0.5, 1.01])
def test_wrong_gradient_is_no_rounding(ratio):
    """Planted: a sign or a factor. The gradient is said not to be the derivative; the ratio too."""
    c = sn.compare(BOWL, START, [lambda x: ratio * 2 * x], rates=[0.1])
    assert c.partings[0].reason == "gradient"
    assert "the gradient given is not the derivative: at step 0" in c.reasons[0]
    assert f"a ratio of {ratio:g}" in c.reasons[0]
    assert "rounding" not in c.reasons[0]


def test_wrong_from_some_step_on_only():
    """Planted: a gradient that is wrong in a region only is blamed at a step in that region."""
    c = sn.compare(BOWL, START, [lambda x: 2 * x * (1 if x[1] > 1 else 3)], rates=[0.1])
    parting = c.partings[0]
    assert parting.reason == "gradient"
    assert parting.cause_at == 7
    assert "a ratio of 3" in c.reasons[0]


def test_gradient_in_single_precision_is_not_called_another_function():
    """A gradient in float32 is more than rounding in float64 explains, and no wrong derivative."""

    def single(x):
        return (np.float32(2) * (x + 0.1).astype(np.float32) - np.float32(0.2)).astype(float)

    c = sn.compare(BOWL, START, [single], rates=[0.1])
    assert c.partings[0].step is not None
    assert "more than rounding in float64 explains" in c.reasons[0]
    assert "not the derivative" not in c.reasons[0]


@pytest.mark.parametrize("ratio", [-1, 2])
def test_wrong_function_is_no_rounding(ratio):
    """Planted: a function that isn't the formula is said to be another one, with both values."""

    def wrong(x):
        return ratio * (x[0] ** 2 + x[1] ** 2)

    c = sn.compare(BOWL, START, ["central@1e-4"], rates=[0.1], function=wrong)
    assert c.partings[0].reason == "function"
    assert f"there it is {ratio * 25} where the formula is 25" in c.reasons[0]
    assert "rounding" not in c.reasons[0]


def test_gradient_that_is_zero_does_not_converge():
    """Planted: a gradient that returns 0 everywhere. The exact one isn't, and that is said."""
    run = sn.descend(BOWL, START, gradient=np.zeros_like)
    assert run.verdict == "crawls"
    assert "x never moves: the gradient given is 0 there, while the exact one's" in said(run)
    assert "converges" not in said(run)
    stops = sn.descend(BOWL, START, gradient=lambda x: 2 * x if x[1] > 3.9 else 0 * x)
    assert stops.verdict == "crawls"
    assert "from step 1 on x stands still: the gradient given is 0 there" in said(stops)
    # differences far out are 0 as well
    far = sn.descend(BOWL, [1e13, 1e13], gradient="central@1e-4")
    assert far.verdict == "crawls"
    assert "the difference is 0 there, while the exact one's largest partial is 2e13" in said(far)


# --- what is there --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "start", "where", "words"),
    [
        ("x**3", 1.0, "inflection", "x = 0, is an inflection and not a minimum"),
        ("x**3", 0.0, "inflection", "an inflection"),
        ("-x**4", 0.0, "maximum", "x = 0 is a maximum and not a minimum"),
        ("cos(x)", 0.0, "maximum", "a maximum"),
        ("x**2 - y**2", [1.0, 0.0], "saddle", "a saddle and not a minimum"),
        ("x**2 + y**3", [1.0, 0.0], "saddle", "a saddle"),
        ("x**3", -1.0, "end", "numbers overflow"),
        ("exp(-x)", 0.0, "end", "but it comes to no end that was found"),
        ("1/x", 0.1, "end", "no minimum was found"),
        ("exp(-x**2)", 30.0, "end", "below 4.9e-324, but not 0"),
        ("-exp(-x**2)", 30.0, "end", "below 4.9e-324, but not 0"),
        ("x**2 - y**2", [1.0, 1.0], "end", "no minimum was found"),
        ("0*x", 1.0, "level", "f is constant"),
    ],
)
def test_what_is_no_minimum_is_not_called_one(f, start, where, words):
    """Inflections, maxima, saddles and tails get their own words, and no stable rate."""
    run = sn.descend(f, start)
    assert run.theories[0].where == where
    assert math.isnan(run.stable_rate)
    assert math.isnan(run.factor_predicted)
    assert words in said(run)
    assert "at the minimum" not in said(run)
    assert "Largest stable rate" not in said(run)


def test_tails_do_not_converge():
    """A path along a tail, whose steps shrink for ever without an end, doesn't converge."""
    for f, start, rate in (("exp(-x)", 0.0, 0.1), ("1/x", 0.1, 1e-3), ("-exp(-x**2)", 30.0, 0.1)):
        assert sn.descend(f, start, rate=rate).verdict == "crawls"
    for f in ("x**4", "x**6"):  # as slow, but to a minimum
        run = sn.descend(f, 1.0)
        assert run.verdict == "converges"
        assert run.theories[0].where == "flat minimum"


@pytest.mark.parametrize(
    ("f", "start", "rate", "point"),
    [
        ("x**2*y", [1.0, 1.0], 0.1, (0.0, 0.68506)),
        ("(x*y - 1)**2", [3.0, 1.0], 0.01, (2.84357, 0.35167)),
        ("x**4 - x**2 + x/10", 0.5, 0.1, (0.68064,)),
        ("x**4 - x**2 + x/10", -0.5, 0.1, (-0.73084,)),
        ("sin(x)", 1.0, 0.1, (-math.pi / 2,)),
        ("sin(x)", 2.0, 0.1, (3 * math.pi / 2,)),
    ],
)
def test_theory_is_that_of_the_limit_of_the_path(f, start, rate, point):
    """With several minima the Hessian is that of the one which the path comes to."""
    run = sn.descend(f, start, rate=rate, steps=100)
    assert np.allclose(run.theories[0].point, point, rtol=1e-4, atol=1e-9)
    assert np.allclose(run.end, point, rtol=1e-3, atol=1e-3)
    assert run.factor_predicted == pytest.approx(run.factor_observed, rel=1e-2)


def test_the_minimum_of_each_run_is_said():
    """Runs that come to different minima are told apart."""
    c = sn.compare("x**4 - x**2 + x/10", 0.5, rates=[0.1, 0.9], steps=200)
    points = [run.theories[0].point[0] for run in c]
    assert ("For rate 0.1, exact:" in said(c)) == (abs(points[0] - points[1]) > 0.1)


# --- kinks, poles, edges --------------------------------------------------------------------------


def test_start_at_a_kink():
    """At a kink there is no gradient, whatever the formula says in float64."""
    run = sn.descend("abs(x)", 0.0)
    assert "At x = 0 f has a kink and no gradient" in said(run)
    assert "next to 0" not in said(run)
    lands = sn.descend("abs(x)", 0.25, rate=0.25, steps=4)
    assert "At x = 0 f has a kink and no gradient" in said(lands)
    assert "At x = 0 the gradient of f is unbounded" in said(sn.descend("sqrt(x)", 0.0))


def test_jump_over_a_pole_is_said():
    """A step over a pole is called that, not an overflow."""
    run = sn.descend("1/x", -0.1)
    assert "From step 0 to 1 it steps over a pole of f near x = 0." in said(run)
    assert "overflow" not in said(run)
    assert "pole" not in said(sn.descend("1/x", 0.1))
    assert "near x = 1." in said(sn.descend("1/(x - 1)", 0.9))


@pytest.mark.parametrize(("f", "rate", "step"), [("log(x)", 0.9, 2), ("sqrt(x)", 0.1, 15)])
def test_leaving_the_domain_is_said(f, rate, step):
    """A path that leaves the domain says where, and its last finite point is inside."""
    run = sn.descend(f, 1.0, rate=rate)
    assert run.overflow_at == step
    assert f"at step {step}, x = {run.path[step, 0]:.4g}, f is undefined" in said(run)
    assert "the path has left its domain" in said(run)
    assert "overflow" not in said(run)
    assert run.theories[0].point[0] > 0


# --- numbers in sentences -------------------------------------------------------------------------


def test_a_path_that_stands_still_is_not_said_to_grow():
    """Where x stands still that is said, and from which step on."""
    c = sn.compare(BOWL, START, ["central@1e-4"], rates=[10])
    assert "while x moves its steps grow by the factor 18.3 on average" in c.reasons[0]
    assert "from step 10 on x stands still" in c.reasons[0]
    run = sn.descend(ROSENBROCK, [-1.2, 1], rate=1e-2, gradient="central@1e-4")
    k = run.judgements[0].stands_from
    assert k is not None
    assert f"from step {k} on x stands still" in said(run)


def test_distance_at_the_end_is_that_of_the_end():
    """Where a path ends in numbers that aren't finite the last finite step is named."""
    c = sn.compare(ROSENBROCK, [-1.2, 1], ["forward@1e-2"], rates=[1e-2])
    parting = c.partings[0]
    assert parting.final_at < c.runs[0].steps
    assert (
        f"at step {parting.final_at}, the last at which both are known and finite" in c.reasons[0]
    )
    assert "at the end the two" not in c.reasons[0]


def test_factor_next_to_one_has_its_digits():
    """A factor that isn't 1 isn't shown as 1, and nothing is said to halve."""
    run = sn.descend(BOWL, START, rate=1e-10)
    assert "halve" not in said(run)
    assert "its steps keep their length" in said(run)
    grows = sn.descend(ROSENBROCK, [-1.2, 1], rate=1e-3, gradient="forward@1e-2")
    assert "by the factor 1 each" not in said(grows)
    assert "by the factor 1 on" not in said(grows)


def test_factors_beyond_the_doubles_are_no_crash():
    """Steps that grow by 2e8 each, 45 times, are more than a double holds, and no error."""
    run = sn.descend("x**2", 1e-250, rate=1e8, steps=45)
    assert run.verdict == "diverges"
    assert run.overflow_at is None
    assert run.factor_observed == pytest.approx(2e8, rel=1e-6)


def test_a_heavy_ball_that_rings_down_converges():
    """With momentum the steps swing, and shrink all the same."""
    run = sn.descend(BOWL, START, rate=0.1, momentum=0.9)
    assert run.verdict == "converges"
    assert run.factor_observed == pytest.approx(run.factor_predicted, rel=1e-2)


def test_a_step_that_is_longer_than_a_tiny_one_is_no_divergence():
    """Next to a kink a difference may be tiny by luck; the steps after it have not diverged."""
    run = sn.descend("abs(x)", 0.25, rate=0.25, steps=4, gradient="central@1e-4")
    assert run.verdict != "diverges"


def test_a_gradient_that_is_not_a_number_is_not_called_rounding():
    """NaN is not within anything that rounding explains."""
    c = sn.compare(BOWL, START, [lambda x: x * (np.nan if x[1] < 3.5 else 2)])
    assert "the gradient given is not the derivative: at step 1 its df/dx0 is nan" in c.reasons[0]
    assert "rounding" not in c.reasons[0]


def test_a_path_that_is_thrown_over_a_pole_and_settles_has_not_diverged():
    """f is higher at the end, in another branch, and yet the path comes to a minimum."""
    run = sn.descend("1/(x + 1) - 1/x", 0.2, rate=0.055, steps=60)
    assert run.verdict == "converges"
    assert run.theories[0].where == "minimum"
    assert run.theories[0].point[0] == pytest.approx(-0.5)


def test_a_pole_is_no_stationary_point():
    """Newton's moves halve on the way to a pole as they do to a flat minimum."""
    for rate in (1.5, 44.0):
        run = sn.descend("(1 - cos(x))/sin(x)", 0.5, rate=rate, steps=60)
        assert run.theories[0].where == "end"


def test_a_chaotic_path_does_not_converge():
    """Steps that scatter have no factor: to and fro without an end is what such a path does."""
    for f, start, rate in (
        ("(1 - cos(x))/(x*x)", 0.7, 120.0),
        ("sin(x + d) - sin(x)", [0.7, 0.7], 9.1),
        ("cos(x)", 0.7, 9.1),
        ("cos(x)", 0.7, 20.0),
    ):
        for gradient in ("exact", "central@1e-4"):
            run = sn.descend(f, start, rate=rate, steps=60, gradient=gradient)
            assert run.verdict == "oscillates"


# --- where the Hessian doesn't tell, or isn't there ----------------------------------------------


@pytest.mark.parametrize("start", [(1.0, 1.0), (2.0, 2.0), (1e-3, 1e-3)])
def test_a_hessian_that_vanishes_on_the_way_sets_no_rate(start):
    """Newton's method stops beside the point that a path to (0, 0) comes to."""
    run = sn.descend("x**2*y**2", start)
    assert run.theories[0].where == "flat minimum"
    assert (run.stable_rate, run.factor_predicted) == (math.inf, 1.0)
    beside = sn.descend("x**2*y**2", [1.0, 0.5])  # to a minimum beside it, with a curvature
    assert beside.theories[0].where == "minimum"
    assert beside.factor_predicted == pytest.approx(beside.factor_observed, rel=1e-4)


@pytest.mark.parametrize(
    ("f", "start", "point"),
    [
        ("where(x>0, x**2, x**2 + 1)", 2.0, [0.0]),
        ("where(x>3, (x-3)**2, (x-3)**2 + 1)", 5.0, [3.0]),
        ("where(x+y>3, (x-1)**2+(y-2)**2, (x-1)**2+(y-2)**2+1)", [5.0, 3.0], [1.0, 2.0]),
    ],
)
def test_a_jump_is_no_minimum(f, start, point):
    """Where f jumps there is no Hessian, though there is one as near as can be."""
    run = sn.descend(f, start, rate=0.2)
    assert run.theories[0].where == ""
    assert run.theories[0].point.tolist() == point
    assert math.isnan(run.stable_rate)
    assert "f jumps and has no gradient: there is no largest stable rate" in said(run)


@pytest.mark.parametrize(
    ("f", "start", "steps", "minimum"),
    [
        ("x**4 - x**2", 1e-9, 60, math.sqrt(0.5)),
        ("cos(x)", 1e-6, 100, math.pi),
        ("x**2 - y**2", [1.0, 1e-9], 100, None),
    ],
)
def test_leaving_a_maximum_downhill_is_no_divergence(f, start, steps, minimum):
    """Steps that grow on the way down are said to, with the minimum that they lead to."""
    run = sn.descend(f, start, steps=steps)
    assert run.verdict == "accelerates"
    if minimum is not None:
        assert run.theories[0].point == pytest.approx([minimum])
        assert "on its way to the minimum" in said(run)
    # down for ever is away, also where small steps would have come to a minimum
    assert sn.descend("x**3 - 3*x", 10.0, rate=0.3, steps=3).verdict == "diverges"


@pytest.mark.parametrize("gradient", ["exact", "certified"])
def test_a_path_from_where_f_overflows_may_come_down(gradient):
    """f beyond the doubles is no end of a path whose x and gradients are finite."""
    run = sn.descend("x**2", 1e200, gradient=gradient, steps=900)
    assert run.values[0] == math.inf
    assert (run.verdict, run.overflow_at) == ("converges", None)
    assert sn.descend("x**2", 1e200, rate=10, steps=200).verdict == "diverges"


def test_a_direction_without_curvature_is_the_slowest():
    """A factor of 1 is predicted along x of x^4 + y^2, and none along a valley that bends."""
    for start, steps in (([1, 0.5], 100), ([1, 1], 20), ([1, 1], 10_000)):
        run = sn.descend("x**4 + y**2", start, steps=steps)
        assert run.verdict == "converges"
        assert (run.stable_rate, run.factor_predicted) == (1.0, 1.0)
    valley = sn.descend("(x*y - 1)**2", [3, 1], rate=0.01)
    assert valley.factor_predicted == pytest.approx(0.8358, rel=1e-3)


def test_a_rate_above_the_stable_one_is_said():
    """A path that comes closer for a while at such a rate won't stay."""
    run = sn.descend(ROSENBROCK, [-1.2, 1], rate=0.002, steps=5000)
    assert run.verdict == "converges"
    assert "the rate 0.002 is above the largest stable one, 0.0019968: it won't stay" in said(run)
    below = sn.descend(ROSENBROCK, [-1.2, 1], rate=0.0019, steps=5000)
    assert "won't stay" not in said(below)


def test_a_gradient_beyond_the_doubles_is_no_rounding():
    """Infinity where the exact gradient is beyond the doubles isn't blamed on rounding."""
    text = said(sn.descend("x**2", 1e308))
    assert "df/dx itself is beyond the doubles" in text
    assert "rounding" not in text


def test_a_start_outside_the_domain_fails():
    """A path that can't begin doesn't diverge."""
    run = sn.descend("log(x)", -1.0)
    assert (run.verdict, run.overflow_at) == ("fails", 0)
    assert "fails: at step 0, x = -1, f is undefined" in said(run)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("n", [2, 3])
def test_the_square_of_a_line_has_a_valley_and_no_saddle(n, seed):
    """Along the valley the curvature is rounding, of either sign, and says nothing."""
    rng = np.random.default_rng(seed)
    weights = [round(float(w), 2) for w in rng.uniform(-5, 5, n)]
    text = " + ".join(f"({w})*x{i}" for i, w in enumerate(weights))
    start = np.round(rng.uniform(-5, 5, n), 2)
    (theory,) = sn.descend(f"({text})**2", start, rate=0.001, steps=50).theories
    assert theory.where == "minimum"
    assert theory.stable_rate == pytest.approx(1 / sum(w * w for w in weights))
