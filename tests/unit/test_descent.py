"""Gradient descent: the known numbers, what each rate does, and where paths part."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import symnum as sn
from symnum.cli import main
from symnum.descending.request import MOST_STEPS
from symnum.descending.theory import factor_of

BOWL = "x0**2 + x1**2"
START = [-3, 4]
ROSENBROCK = "(1 - x)**2 + 100*(y - x*x)**2"


# --- the numbers of the plain script --------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        (20, (-0.0346, 0.0461)),
        (100, (-6.1e-10, 8.1e-10)),
    ],
)
@pytest.mark.parametrize("gradient", ["exact", "certified", "central@1e-4"])
def test_rate_a_tenth(steps, end, gradient):
    """At rate 0.1 the path comes to the origin, by any of the gradients."""
    run = sn.descend(BOWL, START, rate=0.1, steps=steps, gradient=gradient)
    assert np.allclose(run.end, end, rtol=1e-2)
    assert run.verdict == "converges"
    assert run.path.shape == (steps + 1, 2)
    assert run.factor_observed == pytest.approx(0.8)
    assert run.factor_predicted == 0.8


def test_rate_ten_by_differences_ends_where_the_plain_script_ends():
    """At rate 10 the central difference of 1e-4 ends at the plain script's numbers, to the digit.

    The plain loop, written out here, takes the same path in every double.
    """

    def f(x):
        return x[0] ** 2 + x[1] ** 2

    x = np.array([-3.0, 4.0])
    for _ in range(100):
        g = np.zeros(2)
        for i in range(2):
            kept = x[i]
            x[i] = kept + 1e-4
            above = f(x)
            x[i] = kept - 1e-4
            g[i] = (above - f(x)) / (2 * 1e-4)
            x[i] = kept
        x -= 10.0 * g
    run = sn.descend(BOWL, START, rate=10, gradient="central@1e-4")
    assert run.end.tolist() == x.tolist()
    assert [f"{value:.8e}" for value in run.end] == ["-2.58983747e+13", "-1.29524862e+12"]


def test_rate_ten_exactly():
    """The certified path at rate 10 is (-3, 4)(-19)^k, each coordinate the nearest double."""
    run = sn.descend(BOWL, START, rate=10, gradient="certified")
    wanted = [[float(a * (-19) ** k) for a in (-3, 4)] for k in range(101)]
    assert run.path.tolist() == wanted
    assert 1e128 < np.abs(run.end).max() < 1e129
    assert run.verdict == "diverges"
    assert run.stable_rate == 1.0
    assert run.factor_predicted == 19.0


def test_float64_path_of_the_exact_gradient_stays_near():
    """The exact gradient in float64 takes the exact path to thirteen digits at rate 10."""
    fast = sn.descend(BOWL, START, rate=10).path
    exact = sn.descend(BOWL, START, rate=10, gradient="certified").path
    assert np.allclose(fast, exact, rtol=1e-13, atol=0)


def test_rate_next_to_nothing_crawls():
    """At rate 1e-10 hardly anything moves, and the verdict says so."""
    run = sn.descend(BOWL, START, rate=1e-10)
    assert np.allclose(run.end, START, rtol=1e-7)
    assert run.verdict == "crawls"


def test_comparison_says_why():
    """At rate 10 the paths part early, and the sentence says that x + h == x."""
    c = sn.compare(BOWL, START, ["exact", "central@1e-4"], rates=[0.1, 10])
    assert [str(run.verdict) for run in c] == ["converges", "converges", "diverges", "diverges"]
    assert [parting.step for parting in c.partings] == [None, None, None, 5]
    last = c.partings[-1]
    assert last.reason == "rounding"
    assert last.lost_from == 10
    assert "x + h == x" in c.reasons[-1]
    assert last.final == pytest.approx(4 * 19.0**100)
    path = c.runs[-1].path
    assert (path[last.lost_from] + 1e-4 == path[last.lost_from]).all()
    assert (c.runs[-1].gradients[last.lost_from :] == 0).all()


# --- what a rate does -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "start", "rate", "verdict"),
    [
        (BOWL, START, 0.9, "converges"),  # to and fro, and closer
        (BOWL, START, 0.5, "converges"),  # in one step
        (BOWL, START, 1.0, "oscillates"),
        (BOWL, START, 1.001, "diverges"),
        (BOWL, START, 1e-20, "crawls"),
        (BOWL, [0, 0], 0.1, "converges"),  # nothing to do
        ("-x**2", 1.0, 0.1, "diverges"),  # down for ever, faster and faster
        ("x", 1.0, 0.1, "crawls"),
        ("x**4 - x**2", 0.1, 0.1, "converges"),
        (ROSENBROCK, [-1.2, 1], 1e-3, "crawls"),
        (ROSENBROCK, [-1.2, 1], 1e-2, "diverges"),
        ("log(x)", 1.0, 0.9, "diverges"),  # out of the domain
        ("abs(x)", 1.05, 0.1, "oscillates"),
    ],
)
def test_verdicts(f, start, rate, verdict):
    """Each rate is named for what it does."""
    assert sn.descend(f, start, rate=rate).verdict == verdict


def test_stable_rate_divides_what_comes_from_what_goes():
    """Just below the largest stable rate a path converges, just above it diverges."""
    stable = sn.descend("3*x**2 + y**2/5", [1, 1]).stable_rate
    assert stable == pytest.approx(1 / 3)
    below = sn.descend("3*x**2 + y**2/5", [1, 1], rate=0.97 * stable)
    above = sn.descend("3*x**2 + y**2/5", [1, 1], rate=1.03 * stable)
    assert (below.verdict, above.verdict) == ("converges", "diverges")


def test_stable_rate_is_that_of_the_minimum():
    """For a function that is no quadratic the Hessian is that of the minimum, found from the path.

    A path that diverges from a bad rate still knows it.
    """
    for rate in (1e-3, 1e-2):
        theory = sn.descend(ROSENBROCK, [-1.2, 1], rate=rate).theories[0]
        assert theory.where == "minimum"
        assert np.allclose(theory.point, [1, 1])
        assert theory.stable_rate == pytest.approx(2 / 1001.6006)


def test_no_minimum_is_said():
    """Where there is no minimum the Hessian is that of the path's end, and the text says so."""
    run = sn.descend("x**3 + 3*x**2", [-3.0], rate=0.1, steps=5)
    assert run.theories[0].where == "end"
    assert "no minimum was found" in " ".join(str(run).split())


def test_flat_minimum_sets_no_rate():
    """Where the Hessian vanishes at the minimum there is no largest stable rate."""
    run = sn.descend("x**4", 1.0)
    assert run.theories[0].where == "flat minimum"
    assert run.stable_rate == np.inf
    assert "vanishes" in str(run)


def test_overflow_is_recorded():
    """The first step at which a number isn't finite is recorded, and said."""
    run = sn.descend(BOWL, START, rate=10, steps=400)
    assert run.overflow_at == 120
    assert np.isfinite(run.path[:120]).all()
    assert not np.isfinite(run.values[120])
    assert "from step 120 on numbers overflow" in " ".join(str(run).split())
    assert sn.descend("log(x)", 1.0, rate=0.9).overflow_at == 2


def test_momentum_follows_its_theory():
    """With momentum the observed factor is the larger root, and the stable rate 2(1+m)/L."""
    run = sn.descend("x**2", 1.0, rate=0.01, momentum=0.5, steps=200)
    assert run.stable_rate == pytest.approx(1.5)
    assert run.factor_observed == pytest.approx(run.factor_predicted, rel=1e-6)
    above = sn.descend("x**2", 1.0, rate=1.55, momentum=0.5)
    below = sn.descend("x**2", 1.0, rate=1.45, momentum=0.5)
    assert (below.verdict, above.verdict) == ("converges", "diverges")


def test_momentum_is_the_heavy_ball():
    """The recurrence with momentum is v = m v - rate g, x = x + v, in exact rationals."""
    x, v = Fraction(1), Fraction(0)
    for _ in range(12):
        v = Fraction(1, 2) * v - Fraction(1, 4) * 2 * x
        x += v
    run = sn.descend("x**2", 1, rate=0.25, momentum=0.5, steps=12, gradient="certified")
    assert run.end[0] == float(x)


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9])
def test_factor_is_the_spectral_radius(momentum):
    """The factor is the spectral radius of the step's matrix."""
    for product in (0.1, 0.7, 1.0, 2.0, 3.9, 10.0):
        matrix = np.array([[1 + momentum - product, -momentum], [1, 0]])
        radius = np.abs(np.linalg.eigvals(matrix)).max()
        assert factor_of(product, 1.0, momentum) == pytest.approx(radius, rel=1e-7)


# --- starts, tolerance, gradients -----------------------------------------------------------------


def test_several_starts_at_once():
    """Several starts take the paths that each takes alone."""
    starts = np.array([[[-3, 4], [1, 1]], [[0.5, 2], [5, -1]]])
    run = sn.descend(ROSENBROCK, starts, rate=1e-4, steps=30)
    assert run.path.shape == (31, 2, 2, 2)
    assert run.values.shape == (31, 2, 2)
    assert run.verdict.shape == (2, 2)
    assert run.stable_rate.shape == (2, 2)
    for place in np.ndindex(2, 2):
        alone = sn.descend(ROSENBROCK, starts[place], rate=1e-4, steps=30)
        assert np.array_equal(run.path[(slice(None), *place)], alone.path)


@pytest.mark.parametrize("gradient", ["exact", "central", "certified", lambda x: 2 * x])
def test_integer_start_is_not_cut_off_and_not_changed(gradient):
    """An integer start is promoted, and stays as it was."""
    start = np.array([-3, 4])
    run = sn.descend(BOWL, start, rate=0.1, steps=3, gradient=gradient)
    assert start.tolist() == [-3, 4]
    assert start.dtype.kind == "i"
    assert np.allclose(run.end, [-1.536, 2.048])


def test_float_start_is_not_changed():
    """A float64 start isn't written into, and the path doesn't share its memory."""
    start = np.array([-3.0, 4.0])
    run = sn.descend(BOWL, start, steps=3)
    assert start.tolist() == [-3.0, 4.0]
    assert not np.shares_memory(start, run.path)


def test_start_by_name():
    """A start may be given by name."""
    run = sn.descend(BOWL, {"x1": 4, "x0": -3}, steps=1)
    assert run.start.tolist() == [-3, 4]


def test_one_variable_takes_a_number():
    """One variable's start is a number, and the path has an axis for it all the same."""
    assert sn.descend("x**2", 1.0, steps=3).path.shape == (4, 1)
    assert sn.descend("x**2", [1.0], steps=3).path.shape == (4, 1)


def test_tolerance_stops():
    """With a tolerance the path ends at the first point whose partials are that small."""
    run = sn.descend(BOWL, START, rate=0.1, steps=1000, tolerance=1e-3)
    assert np.abs(run.gradients[-1]).max() <= 1e-3
    assert np.abs(run.gradients[-2]).max() > 1e-3
    assert len(run.path) == len(run.values) == len(run.gradients) == run.steps + 1
    certified = sn.descend(BOWL, START, rate=0.1, steps=100, tolerance=1e-3, gradient="certified")
    assert certified.steps == run.steps


def test_gradient_that_writes_into_its_argument_does_no_harm():
    """Somebody's gradient gets a copy: writing into it leaves the path alone."""

    def gradient(x):
        x *= 2
        return x

    run = sn.descend(BOWL, START, rate=0.1, gradient=gradient)
    assert np.array_equal(run.path, sn.descend(BOWL, START, rate=0.1).path)


def test_wrong_gradient_is_named():
    """A path of somebody's wrong gradient parts at once, and the sentence shows both numbers."""
    c = sn.compare(BOWL, START, [lambda x: 2.002 * x], rates=[0.1])
    assert c.partings[0].step == 1
    assert c.partings[0].reason == "gradient"
    assert "8.008 where the exact one is 8" in c.reasons[0]


def test_truncation_is_named():
    """A forward difference's path parts by truncation, and settles at -h/2."""
    c = sn.compare(BOWL, START, ["forward@1e-2"], rates=[0.1], steps=200)
    assert c.partings[0].reason == "truncation"
    assert np.allclose(c.runs[0].end, -0.005, rtol=1e-6)


def test_noise_of_a_function_is_named():
    """A function in float32 in place of the formula is noise."""

    def rough(x):
        return float(np.float32(x[0]) ** 2 + np.float32(x[1]) ** 2)

    c = sn.compare(BOWL, START, ["central@1e-3"], rates=[0.1], function=rough)
    assert c.partings[0].reason == "noise"


def test_gradient_without_step_suits_the_size_of_x():
    """A scheme without a step of its own takes one in proportion to x."""
    for scale in (2.0**-300, 1.0, 2.0**300):
        run = sn.descend(BOWL, np.array(START) * scale, rate=0.1, gradient="central")
        assert np.allclose(run.end / scale, [-6.11e-10, 8.15e-10], rtol=1e-2)


def test_path_that_cannot_be_certified_ends():
    """A certified path across a kink's very point has no numbers from there on, and says so."""
    run = sn.descend("abs(x)", 0.25, rate=0.25, steps=4, gradient="certified")
    assert run.path[0, 0] == 0.25
    assert run.overflow_at is None or run.overflow_at >= 1


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": [1, 2, 3]}, "last axis must have length 2"),
        ({"start": 1.0}, "last axis must have length 2"),
        ({"start": [1, np.nan]}, "x1 = nan is not a finite number"),
        ({"start": []}, "start"),
        ({"start": np.empty((0, 2))}, "start is empty"),
        ({"start": "x"}, "start must be real numbers"),
        ({"start": {"x0": 1}}, "no value was given for the variable x1"),
        ({"start": {"x0": 1, "x1": 1, "y": 2}}, "there is no variable 'y'"),
        ({"rate": np.nan}, "rate = nan is not a finite number"),
        ({"rate": np.inf}, "rate = inf is not a finite number"),
        ({"rate": -0.1}, "a rate is above 0"),
        ({"rate": 0}, "a rate is above 0"),
        ({"rate": "0.1"}, "rate is a number; str was given"),
        ({"rate": [0.1, 1]}, "rate is a number; list was given"),
        ({"steps": 0}, "whole number from 1"),
        ({"steps": 2.5}, "whole number from 1"),
        ({"steps": True}, "whole number from 1"),
        ({"steps": MOST_STEPS + 1}, "whole number from 1"),
        ({"steps": MOST_STEPS, "start": np.ones((100, 2))}, "fewer steps or starts"),
        ({"momentum": 1}, "at least 0 and below 1"),
        ({"momentum": -0.5}, "at least 0 and below 1"),
        ({"momentum": np.nan}, "not a finite number"),
        ({"tolerance": -1}, "give 0 or more"),
        ({"gradient": "centrl"}, "did you mean central?"),
        ({"gradient": "exactly"}, "did you mean exact?"),
        ({"gradient": "central@0"}, "step"),
        ({"gradient": 3}, "a callable; int was given"),
        ({"gradient": sn.central(2, 2)}, "derivative order 2"),
        ({"gradient": lambda x: x[0]}, "an array of shape (2,) is expected"),
        ({"gradient": lambda x: [*x, None]}, "an array of shape (2,) is expected"),
        ({"gradient": lambda x: x * 1j}, "complex"),
        ({"gradient": lambda x: x[7]}, "raised IndexError"),
        ({"function": 3}, "function must be callable"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(options, words):
    """Bad input is refused, and the sentence says what is wrong with it."""
    call = {"start": START, **options}
    with pytest.raises(sn.SymnumError) as caught:
        sn.descend(BOWL, call.pop("start"), **call)
    assert words in str(caught.value)


def test_several_outputs_are_refused():
    """There is no descending of several outputs, or of a constant."""
    with pytest.raises(sn.UsageError, match="one output"):
        sn.descend(["x", "x**2"], 1.0)
    with pytest.raises(sn.UsageError, match="nowhere to descend"):
        sn.descend("3", [])


def test_comparison_refuses_what_it_cannot_take():
    """No gradients, no rates and several starts are refused."""
    with pytest.raises(sn.UsageError, match="gradients is empty"):
        sn.compare(BOWL, START, [])
    with pytest.raises(sn.UsageError, match="rates is empty"):
        sn.compare(BOWL, START, rates=[])
    with pytest.raises(sn.UsageError, match="one start"):
        sn.compare(BOWL, [START, START])
    with pytest.raises(sn.UsageError, match="more than one comparison takes"):
        sn.compare(BOWL, START, rates=np.full(2000, 0.1))


def test_gradient_that_gives_nan_is_recorded():
    """A gradient that gives NaN stops being followed silently: the step is recorded."""
    run = sn.descend(BOWL, START, gradient=lambda x: x * (np.nan if x[1] < 3.5 else 2))
    assert run.overflow_at == 1
    assert run.verdict == "diverges"


# --- text, JSON, pictures -------------------------------------------------------------------------


def test_json_has_the_shape_that_is_documented():
    """The document is strict JSON with every key, numbers beyond the doubles as words."""
    c = sn.compare(BOWL, START, ["exact", "central@1e-4"], rates=[0.1, 10], steps=400)
    document = json.loads(c.to_json(), parse_constant=pytest.fail)
    assert document["kind"] == "descent"
    assert document["formula"] == BOWL
    assert document["variables"] == ["x0", "x1"]
    assert len(document["runs"]) == 4
    for run in document["runs"]:
        assert len(run["path"]) == len(run["values"]) == 401
        assert {
            "gradient", "rate", "verdict", "stable_rate", "factor_predicted", "factor_observed",
            "parts_from_exact_at", "reason",
        } <= set(run)  # fmt: skip
    assert document["runs"][0]["parts_from_exact_at"] is None
    assert document["runs"][2]["path"][-1] == ["nan", "nan"]
    assert document["runs"][3]["parts_from_exact_at"] == 5
    assert json.loads(c.runs[0].to_json())["runs"] == document["runs"][:1]


@pytest.mark.parametrize(
    ("f", "start"), [("x**2", 2.0), (BOWL, START), ("a**2 + b**2 + c**4", [1, 2, 3])]
)
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_pictures_are_written(tmp_path, f, start, suffix):
    """Paths, losses and rates are drawn for any number of variables, into any kind of file."""
    c = sn.compare(f, start, ["exact", "forward@1e-2"], rates=[1e-3, 0.1, 10], steps=400)
    for draw, name in ((c.plot, "paths"), (c.plot_rates, "rates")):
        path = tmp_path / f"{name}{suffix}"
        assert draw(path) == path
        assert path.stat().st_size > 1000


def test_figures_and_axes():
    """Without a file a Figure comes back; given axes are drawn into and come back."""
    run = sn.descend(BOWL, START)
    assert hasattr(run.plot(), "savefig")
    _, ax = plt.subplots()
    assert run.plot(ax) is ax
    assert sn.compare(BOWL, START).plot_rates(ax) is ax
    plt.close("all")


def test_picture_of_too_many_paths_is_refused():
    """More paths than colours are refused before anything is drawn."""
    with pytest.raises(sn.UsageError, match="at most 8"):
        sn.descend(BOWL, np.ones((9, 2))).plot()


@pytest.mark.parametrize("f", ["0*x + y*0", "x + y", "1/(x*y)", "x**2*y", "log(x) + log(y)"])
def test_odd_functions_have_texts_and_pictures(f):
    """Functions without a minimum, with poles and with edges are told and drawn like others."""
    run = sn.descend(f, [1.0, 2.0], rate=0.5, steps=20)
    assert str(run.verdict) in str(run)
    json.loads(run.to_json())
    assert hasattr(run.plot(), "savefig")


def line_named(ax, label):
    """Return the one line with this label."""
    (line,) = [line for line in ax.get_lines() if line.get_label() == label]
    return line


def written_in(ax):
    """Return all that is written inside axes."""
    return " ".join(text.get_text() for text in ax.texts)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("rates", [[0.1], [0.1, 10.0], [1e-3, 1.3]])
def test_the_predicted_factor_is_drawn_densely(rates, momentum):
    """Between neighbouring points the straight line is the curve, in spite of few rates."""
    c = sn.compare("x0**2/20 + x1**2", [-7, 2], rates=rates, momentum=momentum)
    _, ax = plt.subplots()
    c.plot_rates(ax)
    x, y = line_named(ax, "predicted by the Hessian").get_data()
    assert x[0] < min(rates)
    assert x[-1] > max([*rates, 1 + momentum])
    middle = np.sqrt(x[1:] * x[:-1])
    curve = np.array([max(factor_of(e, r, momentum) for e in (0.1, 2.0)) for r in middle])
    inside = curve < 2
    apart = np.abs((y[1:] + y[:-1]) / 2 - curve)
    assert apart[inside].max() < 0.02
    plt.close("all")


def test_the_kinks_of_the_predicted_factor_are_points_of_it():
    """The curve of one eigenvalue touches 0 at 1/lambda; that of two has its kink between."""
    _, ax = plt.subplots()
    sn.compare("x**2", 1.0, rates=[0.1, 0.9]).plot_rates(ax)
    x, y = line_named(ax, "predicted by the Hessian").get_data()
    assert y[x == 0.5] == [0.0]
    _, ax = plt.subplots()
    sn.compare("x0**2/20 + x1**2", [-7, 2], rates=[0.1, 0.9]).plot_rates(ax)
    x, y = line_named(ax, "predicted by the Hessian").get_data()
    assert x[np.argmin(y)] == pytest.approx(2 / 2.1)
    plt.close("all")


def test_observed_factors_and_losses_are_markers():
    """What was observed at a few rates is not joined by lines; each mark stands in the legend."""
    c = sn.compare(BOWL, START, ["exact", "central@1e-4"], rates=[0.1, 0.5, 1.0, 10.0])
    figure = c.plot_rates()
    left, right = figure.axes
    observed = line_named(left, "exact")
    assert (
        observed.get_linestyle() == line_named(left, "central:2@0.0001").get_linestyle() == "None"
    )
    assert observed.get_xdata().tolist() == [0.1, 0.5, 1.0, 10.0]
    assert observed.get_ydata()[:3] == pytest.approx([0.8, 0.0, 1.0])
    assert all(
        line.get_linestyle() == "None" for line in right.get_lines() if line.get_marker() != "None"
    )
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "above the picture" in names
    assert left.get_xlim() == right.get_xlim()
    colours = {line.get_color() for line in left.get_lines() if line.get_label() in names}
    assert len(names) == len(set(names))
    assert len(colours) >= 4


def test_given_figures_are_drawn_into():
    """A Figure is filled with both panels and comes back; other things are refused by name."""
    c = sn.compare(BOWL, START, rates=[0.1, 1.0])
    for draw in (c.plot, c.plot_rates):
        figure = Figure()
        assert draw(figure) is figure
        assert len(figure.axes) == 2
    run = sn.descend("x**2", 1.0)
    figure = Figure()
    assert run.plot(figure) is figure
    with pytest.raises(sn.UsageError, match="Matplotlib figure, not into int"):
        c.plot_rates(3)


@pytest.mark.parametrize(
    ("f", "start", "options", "words"),
    [
        ("x**2", 0.0, {}, "f is at its lowest all along"),
        (
            "x**2",
            0.0,
            {"gradient": lambda x: x * np.nan},
            "f is at its lowest wherever it is finite",
        ),
        ("log(-1 - x**2)", 1.0, {}, "f has no finite value on these paths"),
    ],
)
def test_an_empty_picture_of_losses_says_why(f, start, options, words):
    """Values that are not numbers are no minimum, and the picture doesn't say so."""
    figure = sn.descend(f, start, rate=0.1, steps=5, **options).plot()
    assert words in written_in(figure.axes[-1])
    if "lowest all" not in words:
        assert "all along" not in written_in(figure.axes[-1])


def test_a_step_that_is_not_finite_is_no_end():
    """The words "from step k on" are said only where nothing finite follows."""
    figure = sn.compare("log(x)", 0.1, rates=[0.1, 1.0], steps=100).plot()
    assert "not finite\nat step 1" in written_in(figure.axes[0])
    figure = sn.descend("sqrt(x - 1)", 1.5, rate=1.0, steps=20).plot()
    assert "not finite\nfrom step 1 on" in written_in(figure.axes[0])


def test_a_path_too_short_to_be_seen_is_named():
    """A run that crawls says how far it came: on the contours it is a point."""
    figure = sn.compare(BOWL, START, rates=[0.1, 1e-10]).plot()
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "rate 1e-10, exact: crawls (1e-7 from the start)" in names
    assert names[0] == "rate 0.1, exact: converges"


def test_a_step_that_reaches_the_minimum_has_the_factor_0():
    """One step to a gradient of exactly 0: it multiplies the distance by 0."""
    run = sn.descend(BOWL, START, rate=0.5)
    assert (str(run.verdict), run.factor_observed, run.factor_predicted) == ("converges", 0, 0)
    assert math.isnan(sn.descend(BOWL, START, rate=1e-30).factor_observed)


# --- the command line -----------------------------------------------------------------------------


def command(capsys, *arguments):
    """Run the command and return its status, output and errors."""
    with pytest.raises(SystemExit) as caught:
        main(["descend", *arguments])
    out = capsys.readouterr()
    return caught.value.code, out.out, out.err


def test_command(capsys, tmp_path):
    """The command takes every gradient at every rate, and ends with 1 where a run diverges."""
    picture = tmp_path / "paths.png"
    status, out, err = command(
        capsys, BOWL, "--start", "x0=-3,x1=4", "--rate", "0.1", "--rate", "10", "--gradient",
        "exact", "--gradient", "central@1e-4", "--plot", str(picture),
    )  # fmt: skip
    assert (status, err) == (1, "")
    assert "x + h == x" in out
    assert picture.exists()
    status, out, _ = command(capsys, BOWL, "--start", "x0=-3,x1=4", "--momentum", "0.5", "--json")
    assert status == 0
    assert json.loads(out)["runs"][0]["momentum"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "a descent needs a start: write --start x0=1,x1=1"),
        (["--start", "x0=1"], "--start 'x0=1' says nothing about x1"),
        (["--start", "x0=1,x1=0:1:5"], "--start is one point"),
        (["--start", "x0=1,x1=1", "--rate", "fast"], "--rate: 'fast' is not a number"),
        (["--start", "x0=1,x1=1", "--rate", "-1"], "a rate is above 0"),
        (["--start", "x0=1,x1=1", "--steps", "0"], "--steps is a whole number"),
        (["--start", "x0=1,x1=1", "--steps", "999999999"], "whole number from 1 to"),
        (["--start", "x0=1,x1=1", "--gradient", "os:system"], "there is no gradient"),
        (["--start", "x0=1,x1=1", "--momentum", "2"], "below 1"),
        (["--start", "x0=1,x1=1", "--plot", "a.gif"], "ends in .svg, .png or .pdf"),
        (["--start", "x0=1,x1=1", "--start", "x0=nan,x1=1"], "not a finite number"),
    ],
)
def test_command_refuses_in_a_sentence(capsys, arguments, words):
    """A request that can't be understood ends with 2 and a sentence."""
    status, out, err = command(capsys, BOWL, *arguments)
    assert (status, out) == (2, "")
    assert words in err


def test_gradients_of_one_name_are_told_apart():
    """Two lambdas have the same name: they are numbered, in tables and in pictures."""
    gradients = [lambda x: 2 * x, lambda x: 2.2 * x, "exact"]
    found = sn.compare("x**2", 1.0, gradients, rates=[0.1], steps=5)
    assert [run.gradient for run in found.runs] == ["<lambda> 1", "<lambda> 2", "exact"]


def test_a_start_may_be_any_mapping():
    """What is documented as a mapping need not be a dict."""
    start = MappingProxyType({"y": 2.0, "x": 1.0})
    assert sn.descend("x**2 + y**2", start, steps=3).start.tolist() == [1.0, 2.0]


def test_progress_of_certified_paths():
    """The slow paths are told of too, each start its share of the steps."""
    told = []
    starts = [[1.0], [2.0], [3.0]]
    sn.descend("x**2", starts, steps=10, gradient="certified", progress=told.append)
    assert (len(told), sum(told)) == (3, 10)
