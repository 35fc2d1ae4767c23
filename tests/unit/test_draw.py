"""Pictures of functions: what they show, how it is drawn, and the command `symnum draw`."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from xml.etree import ElementTree as ET

import matplotlib as mpl
import mpmath
import numpy as np
import pytest
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D

from symnum import Formula, central, cli
from symnum.errors import DomainError, SymnumError, UsageError
from symnum.formula.formula import from_program
from symnum.pictures import picture

CURVE = "0.01*x**2 + 0.1*x"
BOWL = "x0**2 + x1**2"


def drawn(text, **options):
    """Return the axes that a formula is drawn into, after a run of the renderer."""
    variables = options.pop("variables", None)
    figure = Figure(layout="constrained")
    Formula(text, variables).plot(figure, **options)
    figure.canvas.draw()
    return figure.axes[0]


def labels(ax):
    """Return the texts of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


# --- data -----------------------------------------------------------------------------------------


def test_tangents_have_the_exact_slope():
    """The tangents of the textbook's curve at 5 and 10 have the slopes 1/5 and 3/10."""
    kind, curve = picture(Formula(CURVE), ranges={"x": (0, 20)}, tangents=[5, 10])
    assert kind == "curve"
    assert [mark.partials for mark in curve.tangents] == [(0.2,), (0.3,)]
    assert [mark.value for mark in curve.tangents] == [0.75, 2.0]
    assert (curve.x[0], curve.x[-1], curve.y[-1]) == (0.0, 20.0, 6.0)
    assert curve.breaks == ()


@pytest.mark.parametrize("h", [5.0, 1.0, -1.0, 0.25])
def test_the_error_of_a_secant_is_what_it_says(h):
    """A secant of a quadratic is off by h/100, to rounding."""
    _, curve = picture(Formula(CURVE), secants=[(5, h)])
    (secant,) = curve.secants
    assert secant.error == pytest.approx(h / 100, rel=1e-12)
    assert secant.slope - 0.2 == pytest.approx(h / 100, rel=1e-12)


def test_a_secant_without_a_second_point_says_so():
    """Where x + h == x in float64 there is no slope to speak of, and no line."""
    ax = drawn("x**2", secants=[(1, 1e-30), (1, -1e-30), (0, 1e-30)])
    assert labels(ax) == [
        "f",
        "secant from x = 1, h = 1e-30: none, for x + h == x in float64 (the quotient is 0)",
        "secant from x = 1, h = -1e-30: none, for x + h == x in float64 (the quotient is 0)",
        "secant from x = 0, h = 1e-30: slope 1e-30, error 1.0e-30",
    ]
    assert len([line for line in ax.get_lines() if hasattr(line, "get_slope")]) == 1


def test_marked_points_have_their_exact_partials():
    """The partial derivatives of the bowl at the textbook's three points."""
    _, surface = picture(Formula(BOWL), at=[(3, 4), (0, 2), (3, 0)])
    assert [mark.partials for mark in surface.marks] == [(6, 8), (0, 4), (6, 0)]
    assert [mark.value for mark in surface.marks] == [25, 4, 9]
    assert surface.z.shape == (len(surface.y), len(surface.x))
    assert surface.z[0, 0] == 18


def test_rows_are_the_second_variable():
    """A surface's rows run along the second variable, so that nothing is transposed."""
    _, surface = picture(Formula("x + 10*y"), ranges={"x": (0, 1, 2), "y": (0, 1, 3)})
    assert surface.z.tolist() == [[0, 1], [5, 6], [10, 11]]


def test_a_field_holds_the_gradient_and_its_error():
    """The textbook's grid has 18 x 18 points; the error is that of the scheme at each."""
    bounds = {"x0": (-2, 2.25, 18), "x1": (-2, 2.25, 18)}
    kind, field = picture(Formula(BOWL), ranges=bounds, scheme="central@1e-4")
    assert (kind, field.scheme) == ("field", "central:2@0.0001")
    assert np.array_equal(field.gradient, 2 * field.points)
    assert len(field.points) == 324
    assert 0 < np.max(field.error) < 1e-10
    k = field.points.tolist().index([2.0, -1.0])
    x = field.points[k]
    h = 1e-4
    by_hand = [
        ((x0 + h) ** 2 + x1**2 - ((x0 - h) ** 2 + x1**2)) / (2 * h) - 2 * x0
        for x0, x1 in (x, x[::-1])
    ]
    assert field.error[k] == pytest.approx(math.hypot(*by_hand), rel=0.5)


def test_truncation_shows_in_the_error_of_a_field():
    """A forward difference of the bowl is off by h in each variable: sqrt(2) h in all."""
    _, field = picture(Formula(BOWL), scheme="forward@0.25")
    assert field.error == pytest.approx(0.25 * math.sqrt(2), rel=1e-12)


def test_where_there_is_no_gradient_there_is_no_error():
    """At a kink neither the gradient nor the error has a value."""
    _, field = picture(
        Formula("abs(x) + y"),
        ranges={"x": (-1, 1, 3), "y": (0, 1, 2)},
        scheme=central(h=0.5),
    )
    at_kink = field.points[:, 0] == 0
    assert np.isnan(field.gradient[at_kink, 0]).all()
    assert np.isnan(field.error[at_kink]).all()
    assert np.isfinite(field.error[~at_kink]).all()


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("1/x", [0]),
        ("1/x**2", [0]),
        ("1/(x - 1/3)", [1 / 3]),
        ("1/(x - 1/3)**2", [1 / 3]),
        ("tan(x)", [-math.pi / 2, math.pi / 2]),
        ("floor(x)", [-2, -1, 0, 1, 2, 3]),
        ("where(x > 1/7, 1, 0)", [1 / 7]),
        ("atan(1/(x - 0.1))", [0.1]),
        ("floor(x) + 1/(x - 1/3)**2", [-2, -1, 0, 1 / 3, 1, 2, 3]),
        ("sin(x)", []),
        ("abs(x)", []),
        ("sqrt(abs(x))", []),
        ("tanh(1e6*x)", []),
        ("exp(20*x)", []),
        ("sin(x)/x", []),
        ("(1 - cos(x))/x**2", []),
        ("x - x + 3", []),
    ],
)
def test_breaks_are_poles_and_jumps(text, places):
    """Poles and jumps are found where they are, and steep, kinked or removable places are none."""
    _, curve = picture(Formula(text))
    assert curve.breaks == pytest.approx(places, rel=1e-12, abs=1e-300)
    assert (np.diff(curve.x) >= 0).all()


@pytest.mark.parametrize("text", ["1/x", "tan(x)", "floor(x)", "1/(x - 1/3)**3", "sign(x - 0.1)"])
def test_no_line_crosses_a_break(text):
    """Between the samples to either side of a break there is a gap."""
    _, curve = picture(Formula(text))
    jumped = np.abs(np.diff(curve.y)) > 0.5
    narrow = np.diff(curve.x) < 1e-12
    assert not (jumped & narrow).any()
    assert np.isnan(curve.y).any()


def poles_of_tan(x):
    """Return the odd multiples of pi/2 from -x to x, with as many digits as mpmath gives."""
    count = int(x / math.pi + 0.5)
    with mpmath.workdps(60):
        return [Fraction(str((k + mpmath.mpf(1) / 2) * mpmath.pi)) for k in range(-count, count)]


@pytest.mark.parametrize(
    ("text", "bounds", "poles"),
    [
        ("tan(x)", (-5, 5), poles_of_tan(5)),
        ("tan(x)", (-50, 50), poles_of_tan(50)),
        ("tan(x)", (-7.7, 6.1), poles_of_tan(6)),
        ("1/x", (-3, 3), [0]),
        ("1/x", (-3.1, 3), [0]),
        ("1/(x - 1/3)", (-3, 3), [Fraction(1, 3)]),
        ("1/(x - 1/3)**2", (-3, 3), [Fraction(1, 3)]),
        ("1/(x - 1/3) - 1/(x - 1/3 - 1/4000)", (-3, 3), [Fraction(1, 3), Fraction(4003, 12000)]),
        ("gamma(x)", (-5, 5), range(-4, 1)),
        ("gamma(x)", (-5.3, 5), range(-5, 1)),
        ("log(abs(x))", (-3, 3.01), [0]),
        ("1/sin(x)", (-10, 10.01), [0]),
        ("tan(1/x)", (-1, 1.003), [1 / pole for pole in poles_of_tan(20)]),
    ],
)
def test_no_line_is_drawn_across_a_pole(text, bounds, poles):
    """No segment that is drawn has a pole within it: not between samples, not beside a gap."""
    ax = drawn(text, ranges={"x": bounds})
    x, y = ax.get_lines()[0].get_data()
    known = np.isfinite(y[:-1]) & np.isfinite(y[1:])
    for pole in poles:
        across = [a < pole < b for a, b in zip(x[:-1].tolist(), x[1:].tolist(), strict=True)]
        assert not (known & across).any(), float(pole)
        sides = np.flatnonzero(np.isfinite(y))
        i = int(np.searchsorted(x[sides], float(pole)))
        near = sides[[j for j in (i - 1, i) if 0 <= j < len(sides)]]
        assert (np.abs(x[near] - float(pole)) < 1e-9).all(), float(pole)
    bottom, top = ax.get_ylim()
    ends = np.sort(np.array([y[:-1], y[1:]]), axis=0)
    assert not (known & (ends[0] < bottom) & (ends[1] > top)).any()


@pytest.mark.parametrize("far", [5, 50, 300])
def test_many_poles_do_not_make_the_picture_taller(far):
    """Values beside poles are no reason for a taller picture, however many poles there are."""
    low, high = drawn("tan(x)", ranges={"x": (-far, far)}).get_ylim()
    assert -30 < low < -3
    assert 3 < high < 30


def test_the_edge_of_the_domain_is_reached():
    """The root's curve starts at 0, not at the next sample, and is a gap to the left."""
    _, curve = picture(Formula("sqrt(x - 0.1)"), ranges={"x": (-1, 1, 7)})
    known = np.isfinite(curve.y)
    assert curve.x[known][0] == pytest.approx(0.1, rel=1e-12)
    assert np.isnan(curve.y[curve.x < 0.1]).all()


# --- drawing --------------------------------------------------------------------------------------


def test_a_curve_is_drawn_with_its_lines():
    """Curve, tangent and secant are lines, and the legend has slope and error."""
    ax = drawn(CURVE, ranges={"x": (0, 20)}, tangents=[5], secants=[(5, 5)], at=[12])
    assert labels(ax) == [
        "f",
        "tangent at x = 5: df/dx = 0.2",
        "secant from x = 5, h = 5: slope 0.25, error 0.050",
        "x = 12: df/dx = 0.34",
    ]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "f(x)")
    slopes = [line.get_slope() for line in ax.get_lines() if hasattr(line, "get_slope")]
    assert slopes == [0.2, 0.25]
    low, high = ax.get_ylim()
    assert -1 < low < 0
    assert 6 < high < 7


def test_a_pole_does_not_flatten_the_rest():
    """The picture of a tangent function ends long before its values do."""
    low, high = drawn("tan(x)").get_ylim()
    assert -50 < low < -3
    assert 3 < high < 50


def test_a_surface_is_drawn_in_three_dimensions():
    """A surface with its marked points, their numbers and exact partial derivatives."""
    ax = drawn(BOWL, at=[(0, 2), (3, 0)])
    assert ax.name == "3d"
    assert type(ax.collections[0]).__name__ == "Poly3DCollection"
    assert labels(ax)[0] == "1:  x0 = 0, x1 = 2: df/dx0 = 0, df/dx1 = 4"
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("x0", "x1", "f")


def test_contours_have_equal_scales():
    """Contours of the bowl are circles."""
    ax = drawn(BOWL, kind="contour", at=[(0, 2)])
    assert ax.get_aspect() == 1
    assert labels(ax) == ["1:  x0 = 0, x1 = 2: df/dx0 = 0, df/dx1 = 4"]


def test_a_surface_has_no_wall_at_a_pole(monkeypatch):
    """No piece of the surface of y tan(x) joins the two sides of a pole; x y is left whole."""
    heights = []

    def keep(_, x, y, z, **options):
        heights.append(z.filled(np.nan))

    monkeypatch.setattr(Axes3D, "plot_surface", keep)
    drawn("tan(x)*y")
    drawn("x*y")
    steps = np.abs(np.diff(heights[0], axis=1))
    assert np.nanmax(steps) < 0.6 * (np.nanmax(heights[0]) - np.nanmin(heights[0]))
    assert np.isfinite(heights[0]).mean() > 0.8
    assert np.isfinite(heights[1]).all()


@pytest.mark.parametrize("low", [-3, -3.1])
def test_contours_are_not_spoiled_by_a_pole(low):
    """Most of x/y lies within the scale of colours, and no contour lies along its pole."""
    ax = drawn("x/y", kind="contour", ranges={"y": (low, 3)})
    bar = ax.figure.axes[1]
    assert 2 < bar.get_ylim()[1] < 20
    lines = [c for c in ax.collections if c.get_zorder() == 2]
    for path in lines[0].get_paths():
        far = np.abs(path.vertices[:, 0]) > 1
        assert not (np.abs(path.vertices[far, 1]) < 0.03).any()


@pytest.mark.parametrize("minus", [False, True])
def test_a_field_is_arrows_with_a_scale_of_errors(minus):
    """Arrows point along the gradient, or against it, and a colour bar names the scheme."""
    ax = drawn(BOWL, scheme="central@1e-3", minus=minus)
    (quiver,) = [c for c in ax.collections if type(c).__name__ == "Quiver"]
    inward = np.sign(quiver.U * quiver.X)
    assert set(inward[np.abs(quiver.X) > 0.1]) == {-1.0 if minus else 1.0}
    assert type(quiver.norm).__name__ == "LogNorm"
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "|numerical − exact gradient|, central:2@0.001"


def test_errors_of_zero_have_a_colour_of_their_own():
    """A logarithmic scale has no place for 0: those arrows are black, and the legend says so."""
    ax = drawn("x + y", scheme="central@0.25")
    assert labels(ax) == ["error exactly 0"]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("3 + 0*x", {}),
        ("1e300*x", {"ranges": {"x": (-1e5, 1e5)}}),
        ("1e-300*x", {"ranges": {"x": (1e-10, 2e-10)}}),
        ("exp(x)", {"ranges": {"x": (-1e300, 1e300)}}),
        ("x", {"ranges": {"x": (-1e300, 1e300)}, "tangents": [1e299], "secants": [(0, 1e307)]}),
        ("1e305*x", {"tangents": [1], "secants": [(1, 1)], "at": [2]}),
        ("1e305*x*y", {"at": [(2, 2)]}),
        ("1e305*x*y", {"scheme": "central@1", "at": [(2, 2)]}),
        ("log(x)", {"ranges": {"x": (-2, -1)}}),
        ("log(x)", {"tangents": [-1, 0], "secants": [(-1, 0.5), (1, -2)], "at": [-2, 2]}),
        ("abs(x)", {"tangents": [0]}),
        ("log(x) + y", {"ranges": {"x": (-2, -1)}}),
        ("log(x) + y", {"ranges": {"x": (-2, -1)}, "kind": "contour", "at": [(-1, 2)]}),
        ("log(x) + y", {"ranges": {"x": (-2, -1)}, "kind": "field", "at": [(-1, 2)]}),
        ("log(x) + y", {"scheme": "central@1", "at": [(-1, 2)]}),
        ("3 + 0*x*y", {}),
        ("3 + 0*x*y", {"kind": "contour"}),
        ("3 + 0*x*y", {"kind": "field"}),
        ("1/(x*y)", {}),
        ("1/(x*y)", {"kind": "contour"}),
        ("1/(x*y)", {"scheme": "central@1e-4", "minus": True}),
        ("exp(200*x) + exp(200*y)", {"kind": "field"}),
        ("floor(x) + abs(y)", {"kind": "field"}),
        ("1e300*(x**2 + y**2)", {"scheme": "central@1e-4"}),
        ("x + y", {"kind": "surface", "ranges": {"x": (0, 1e9), "y": (0, 1e-9)}}),
        ("x + y", {"kind": "contour", "ranges": {"x": (0, 1e9), "y": (0, 1e-9)}}),
        ("x*y", {"kind": "field", "ranges": {"x": (0, 1, 2), "y": (0, 1, 3)}}),
    ],
)
def test_awkward_functions_are_drawn(tmp_path, text, options):
    """Constants, poles, gaps and extreme ranges make a picture and no warning."""
    path = Formula(text).plot(tmp_path / "a.png", **options)
    assert path.stat().st_size > 3_000


@pytest.mark.parametrize(
    ("text", "bounds", "label", "ends"),
    [
        ("1e308*x**2", (-1, 1), "f(x), in units of 1e308", (0, 1)),
        ("1e-300*x**2", (-3, 3), "f(x), in units of 1e-300", (0, 9)),
        ("1e-320*x", (-3, 3), "f(x), in units of 1e-320", (-3, 3)),
        ("1.5e308 + 0*x", (-3, 3), "f(x), in units of 1e308", (1.5, 1.5)),
        ("x", (-1e300, 1e300), "f(x), in units of 1e300", (-1, 1)),
        ("1e260*x", (-1, 1), "f(x), in units of 1e260", (-1, 1)),
        ("1e20*x", (-1, 1), "f(x)", (-1e20, 1e20)),
        ("1e-12*x", (-1, 1), "f(x)", (-1e-12, 1e-12)),
    ],
)
def test_what_axes_have_no_place_for_is_drawn_in_units(text, bounds, label, ends):
    """Values near the ends of the doubles fill the picture, and the axis names their unit."""
    ax = drawn(text, ranges={"x": bounds}, at=[0.5])
    _, y = ax.get_lines()[0].get_data()
    assert ax.get_ylabel() == label
    assert (np.nanmin(y), np.nanmax(y)) == pytest.approx(ends, rel=1e-3)
    low, high = ax.get_ylim()
    assert low <= ends[0]
    assert ends[1] <= high
    assert (high - low) <= 1.2 * max(ends[1] - ends[0], abs(ends[1]))
    assert labels(ax)[1].startswith("x = 0.5: df/dx = ")
    named = [text.get_text() for text in ax.get_yticklabels()]
    assert len(set(named)) == len(named) > 2


def said_in(ax):
    """Return what is written in the middle of a picture."""
    return " ".join(text.get_text() for text in ax.texts)


def test_a_tangent_is_a_tangent_in_units_too():
    """The line that is drawn touches the scaled curve."""
    ax = drawn("1e308*x**2", ranges={"x": (-1, 1)}, tangents=[0.5], secants=[(0.5, 0.25)])
    slopes = [line.get_slope() for line in ax.get_lines() if hasattr(line, "get_slope")]
    assert slopes == pytest.approx([1.0, 1.25])
    ax = drawn("x**3", ranges={"x": (1e-150, 2e-150)}, tangents=[1e-150])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "f(x)")
    ax = drawn("1e300*x", ranges={"x": (1e-270, 2e-270)}, tangents=[1e-270])
    (slope,) = [line.get_slope() for line in ax.get_lines() if hasattr(line, "get_slope")]
    assert ax.get_xlabel() == "x, in units of 1e-270"
    assert slope == pytest.approx(1e30)


@pytest.mark.parametrize("kind", ["curve", "surface", "contour", "field"])
def test_what_has_no_value_is_said_in_the_picture(kind):
    """Where float64 gives infinity, or nothing is finite, the picture says so; else nothing."""
    x = "x**2" if kind == "curve" else "(x**2 + y**2)"
    count = {"curve": "of 1,201", "surface": "of 2,401"}.get(kind, "of 25,921")
    said = said_in(drawn(f"1e308*{x}", kind=kind))
    assert "float64 gives infinity at" in said
    assert count in said
    assert "infinity" not in said_in(drawn(f"1e300*{x}", kind=kind))
    nothing = drawn(f"log(-1 - {x})", kind=kind)
    assert "f has no finite value in this range" in said_in(nothing)
    assert nothing.get_xlim() == pytest.approx((-3, 3), abs=0.5)
    one = drawn(f"3 + 0*{x}", kind=kind)
    assert ("f = 3 everywhere" in said_in(one)) == (kind in {"contour", "field"})
    assert one.get_xlim() == pytest.approx((-3, 3), abs=0.5)
    assert "infinity" not in said_in(drawn("1/x" if kind == "curve" else "1/(x*y)", kind=kind))


def test_what_is_too_fast_for_the_samples_is_said():
    """A wave that turns between samples is not drawn as if it were known; others are."""
    assert said_in(drawn("sin(1e6*x)")) == "f turns between samples: not all of it is seen"
    for text in ("tan(1/x)", "sin(1/(x - 2))"):
        place = "2" if "2" in text else "-?0|-?[0-9.e-]+"
        assert re.fullmatch(rf"near x = ({place}) f turns between .*", said_in(drawn(text)))
    for text in ("sin(50*x)", "x - x + 3", "floor(20*x)", "tan(x)", "1/sin(9*x)"):
        assert said_in(drawn(text)) == ""


TOO_FAST = "between samples: not all of it is seen"


@pytest.mark.parametrize("kind", ["surface", "contour", "field"])
def test_a_grid_too_coarse_for_the_function_is_said(kind):
    """A wave between the samples of a grid is not drawn as a smooth sheet without a word."""
    assert said_in(drawn("sin(x*50)*cos(y*50)", kind=kind)) == f"f turns {TOO_FAST}"
    # all of the samples in one variable have the same phase, whatever the kind
    aliased = "cos(16*pi*x)*y" if kind == "surface" else "cos(160/3*pi*x)*y"
    assert f"f turns {TOO_FAST}" in said_in(drawn(aliased, kind=kind))
    local = "sin(60*exp(-4*(x**2 + y**2)))" if kind == "surface" else "sin(20/(x**2 + y**2))"
    said = said_in(drawn(local, kind=kind))
    assert re.search(rf"near x = -?[0-9.e-]+, y = -?[0-9.e-]+ f turns {TOO_FAST}", said)


@pytest.mark.parametrize("kind", ["surface", "contour", "field"])
@pytest.mark.parametrize(
    "text",
    [
        *("sin(2*x)*cos(2*y)", "x**2 + y**2", "1/(x*y)", "tan(x)*y", "floor(x) + y", "x - x + y"),
        *("exp(10*x*y)", "abs(x) + abs(y)", "log(x**2 + y**2)", "sqrt(1 - x**2 - y**2)"),
        *("sign(x - y)", "(1 - x)**2 + 100*(y - x**2)**2", "0*x*y + 3", "1/(x**2 + y**2)"),
    ],
)
def test_a_grid_that_is_fine_enough_says_nothing(kind, text):
    """Steps, kinks, poles and steep walls are no waves between samples."""
    assert TOO_FAST not in said_in(drawn(text, kind=kind))


def test_a_wave_in_step_with_the_samples_is_said():
    """A curve whose samples all have the same phase is not drawn as a constant."""
    assert said_in(drawn("cos(400*pi*x)")) == f"f turns {TOO_FAST}"
    assert said_in(drawn("cos(400*pi*x)", ranges={"x": (0, 1, 5)})) == f"f turns {TOO_FAST}"


def test_two_notes_on_a_picture_are_one():
    """What float64 has no number for, and what turns between samples, don't lie on each other."""
    ax = drawn("1e308*(1 + x**2 + y**2)*sin(50*x)")
    (note,) = [text.get_text() for text in ax.texts]
    assert note.startswith("float64 gives infinity at ")
    assert note.endswith(f" f turns {TOO_FAST}")
    assert len(note.splitlines()) == 2


def test_a_tangent_that_is_not_there_has_no_line_in_the_legend():
    """Where there is no slope the legend shows the point alone."""
    ax = drawn("abs(x)", tangents=[0, 1])
    lines = {line.get_label(): line.get_linestyle() for line in ax.get_lines()}
    assert lines["tangent at x = 0: df/dx has no value (kink)"] == "None"
    assert lines["tangent at x = 1: df/dx = 1"] == "-"


def test_each_of_twelve_tangents_has_a_look_of_its_own():
    """As many as fit into a legend differ in colour or in marker and line."""
    ax = drawn("sin(x)", tangents=np.linspace(-3, 3, 12))
    lines = [line for line in ax.get_lines() if str(line.get_label()).startswith("tangent")]
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}
    assert len(looks) == len(lines) == 12


def test_long_labels_stay_in_the_picture(tmp_path, monkeypatch):
    """A legend with two long names is folded, and no wider than the picture."""
    kept = []
    monkeypatch.setattr("symnum.report.functions.save", lambda figure, _: kept.append(figure))
    a, b = "the_temperature_of_the_first_vessel", "the_pressure_in_the_second_vessel"
    Formula(f"{a}**2 + {b}**3").plot(tmp_path / "a.png", at=[(1.234567, 2.345678)])
    (figure,) = kept
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width


def test_arrows_are_seen_however_far_their_sizes_are_apart():
    """Gradients over 70 decades are arrows, not dots, and no labels lie in a heap."""
    ax = drawn("exp(10*x*y)", kind="field", scheme="forward@1e-2")
    (quiver,) = [c for c in ax.collections if type(c).__name__ == "Quiver"]
    assert np.median(np.hypot(quiver.U, quiver.V)) >= 0.3
    assert "compressed" in ax.get_title("left")
    assert said_in(ax) == ""
    assert len(drawn("x*y", kind="field").texts) > 3


def test_a_single_point_is_seen():
    """A value between two gaps is no line: it is drawn as a dot."""
    ax = drawn("floor(x)")
    (dots,) = [line for line in ax.get_lines() if line.get_marker() == "."]
    assert [*map(tuple, dots.get_xydata())] == [(3.0, 3.0)]


@pytest.mark.parametrize("kind", ["contour", "field"])
def test_a_point_outside_does_not_move_the_range(kind):
    """Contours keep their range, and the legend says that a point lies outside of it."""
    ax = drawn(BOWL, kind=kind, at=[(100, 100), (1, 2)])
    assert ax.get_xlim() == pytest.approx((-3, 3), abs=0.5)
    assert ax.get_ylim() == pytest.approx((-3, 3), abs=0.5)
    first, second = labels(ax)
    assert first == "1:  x0 = 100, x1 = 100: df/dx0 = 200, df/dx1 = 200 (outside the picture)"
    assert second == "2:  x0 = 1, x1 = 2: df/dx0 = 2, df/dx1 = 4"
    ax.figure.canvas.draw()
    assert ax.get_tightbbox().width < 2 * ax.get_window_extent().width


def test_a_point_far_outside_is_not_drawn_beside_a_curve_or_surface():
    """A point a little beside the range is shown there; one far away is only named."""
    ax = drawn(CURVE, tangents=[5, 100], secants=[(0, 1e6)], at=[-50])
    low, high = ax.get_xlim()
    assert low > -4
    assert 5 < high < 7
    assert [label.endswith(" (outside the picture)") for label in labels(ax)] == [
        *(False, False, True, False, True)
    ]
    assert ax.get_ylim()[1] < 10
    solid = drawn(BOWL, at=[(3, 4), (100, 100)])
    assert solid.get_xlim()[1] < 6
    assert labels(solid)[1].endswith(" (outside the picture)")
    assert not labels(solid)[0].endswith(" (outside the picture)")


@pytest.mark.parametrize("kind", ["curve", "surface", "contour", "field"])
@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]
)
def test_the_name_decides_the_format(tmp_path, kind, suffix, start):
    """Every kind is written as SVG, PNG or PDF, the same each time."""
    formula = Formula(CURVE if kind == "curve" else BOWL)
    files = [formula.plot(tmp_path / f"{k}.{suffix}", kind=kind).read_bytes() for k in range(2)]
    assert files[0].startswith(start)
    assert files[0] == files[1]


@pytest.mark.parametrize("kind", ["curve", "surface", "contour", "field"])
def test_names_are_not_typeset(tmp_path, kind):
    """Dollar signs in a variable's name are text: nothing is read as mathematics."""
    names = ["$x$"] if kind == "curve" else ["$x$", "\\frac{$"]
    formula = Formula(["x0**2", "x0**2 + x1**2"][len(names) - 1])
    shown = from_program(formula.program, names)
    point = [1] if kind == "curve" else [(1, 1)]
    shown.plot(tmp_path / "a.svg", kind=kind, at=point)
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "$x$" in text


def test_axes_and_figures_are_drawn_into():
    """Given axes come back; a given figure gets axes; without either there is a new figure."""
    figure = Figure()
    ax = figure.add_subplot(1, 2, 1)
    assert Formula(CURVE).plot(ax) is ax
    solid = figure.add_subplot(1, 2, 2, projection="3d")
    assert Formula(BOWL).plot(solid, at=[(1, 1)]) is solid
    other = Figure()
    assert Formula(BOWL).plot(other, kind="contour") is other.axes[0]
    assert Formula(CURVE).plot().figure is not figure
    figure.canvas.draw()


@pytest.mark.parametrize("kind", ["curve", "surface", "contour", "field"])
def test_a_picture_is_described_for_those_who_can_not_see_it(tmp_path, kind):
    """An SVG file has the role of an image, a title and a description of what is shown."""
    names = ["a<&b", "c"][: 1 if kind == "curve" else 2]
    shown = from_program(Formula("x0**2" if kind == "curve" else BOWL).program, names)
    path = shown.plot(tmp_path / "a.svg", kind=kind, at=[1] if kind == "curve" else [(1, 1)])
    root = ET.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    named = {element.get("id"): element for element in root if element.get("id")}
    ids = root.get("aria-labelledby").split()
    assert [named[name].tag for name in ids] == [f"{space}title", f"{space}desc"]
    title, description = (named[name].text for name in ids)
    assert title.endswith(("f = a<&b**2", "f = a<&b**2 + c**2"))
    assert "a<&b = 1" in description
    assert "axes a<&b" in description


def test_nothing_is_shown_unless_asked(monkeypatch):
    """plt.show() is called with show=True, and never else."""
    import matplotlib.pyplot as plt

    calls = []
    monkeypatch.setattr(plt, "show", lambda: calls.append(1))
    Formula(CURVE).plot()
    assert (calls, plt.get_fignums()) == ([], [])
    ax = Formula(CURVE).plot(show=True)
    assert calls == [1]
    plt.close(ax.figure)


def test_settings_are_left_alone(tmp_path):
    """Drawing into a file neither uses nor changes the user's Matplotlib settings."""
    with mpl.rc_context({"text.usetex": True, "lines.linewidth": 9}):
        before = dict(mpl.rcParams)
        first = Formula(CURVE).plot(tmp_path / "a.svg").read_bytes()
        assert dict(mpl.rcParams) == before
    assert Formula(CURVE).plot(tmp_path / "b.svg").read_bytes() == first


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("x*y*z", {}, "one variable or two; the formula has 3"),
        (["x", "x**2"], {}, "draw each output alone"),
        ("x", {"kind": "surface"}, "needs two variables"),
        ("x*y", {"kind": "curve"}, "draw a surface, contour or field"),
        ("x", {"kind": "pie"}, "kind is one of curve, surface, contour, field"),
        ("x", {"ranges": {"t": (0, 1)}}, "there is no variable 't'"),
        ("x", {"ranges": (0, 1)}, "by name"),
        ("x", {"ranges": {"x": 3}}, "(first, last)"),
        ("x", {"ranges": {"x": "01"}}, "(first, last)"),
        ("x", {"ranges": {"x": (1, 1)}}, "the first must be below the last"),
        ("x", {"ranges": {"x": (2, 1)}}, "the first must be below the last"),
        ("x", {"ranges": {"x": (1, 1 + 1e-15)}}, "a thousand doubles"),
        ("x", {"ranges": {"x": (0, math.inf)}}, "finite"),
        ("x", {"ranges": {"x": (-1.7e308, 1.7e308)}}, "finite"),
        ("x", {"ranges": {"x": (0, 1, 1)}}, "2 to"),
        ("x", {"ranges": {"x": (0, 1, 2.5)}}, "no whole number"),
        ("x", {"ranges": {"x": (0, 1, 10**9)}}, "2 to"),
        ("x*y", {"tangents": [1]}, "mark the point"),
        ("x*y", {"secants": [(1, 1)]}, "mark the point"),
        ("x", {"scheme": "central@1"}, "shown by a field"),
        ("x*y", {"kind": "contour", "minus": True}, "shown by a field"),
        ("x*y", {"scheme": "central"}, "write central:2@1e-4"),
        ("x*y", {"scheme": central(derivative_order=2, h=0.1)}, "first derivatives"),
        ("x*y", {"scheme": 3}, "Scheme or its text"),
        ("x", {"secants": [1]}, "pairs (x, h)"),
        ("x", {"secants": 5}, "pairs (x, h), such as [(5, 1)]; 5 was given"),
        ("x", {"secants": None}, "pairs (x, h)"),
        ("x", {"secants": {5: 1}}, "pairs (x, h)"),
        ("x", {"secants": [(1, 2), (3,)]}, "pairs (x, h)"),
        ("x", {"secants": [(1, 0)]}, "not 0"),
        ("x", {"secants": [(1, math.nan)]}, "finite"),
        ("x", {"tangents": [math.nan]}, "not a finite number"),
        ("x", {"tangents": range(13)}, "at most 12"),
        ("x*y", {"at": [1, 2, 3]}, "shape"),
    ],
)
def test_what_does_not_fit_is_refused(text, options, message):
    """Whatever can't be drawn is refused with a sentence that says what to do."""
    with pytest.raises(SymnumError) as caught:
        Formula(text).plot(**options)
    assert message in str(caught.value)
    assert isinstance(caught.value, UsageError | DomainError)


def test_axes_of_the_wrong_kind_are_refused():
    """A surface needs axes in three dimensions, and the others flat ones."""
    with pytest.raises(UsageError, match="projection='3d'"):
        Formula(BOWL).plot(Figure().subplots())
    solid = Figure().add_subplot(projection="3d")
    with pytest.raises(UsageError, match="flat axes"):
        Formula(CURVE).plot(solid)
    with pytest.raises(UsageError, match="not into int"):
        Formula(CURVE).plot(3)


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run `symnum draw` in an empty folder; return status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(["draw", *arguments])
        return (ended.value.code, *capsys.readouterr())

    return call


def test_the_command_says_what_it_drew(run, tmp_path):
    """Slopes and errors are printed, and the file is named."""
    lines = ("--tangent", "x=5", "--tangent", "x=10", "--secant", "x=5@5")
    status, out, err = run(CURVE, "--range", "x=0:20", *lines, "--out", "a.svg")
    assert (status, err) == (0, "")
    assert out == (
        "tangent at x = 5: df/dx = 0.2\n"
        "tangent at x = 10: df/dx = 0.3\n"
        "secant from x = 5, h = 5: slope 0.25, error 0.050\n"
        "written: a.svg\n"
    )
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")


def test_the_command_draws_a_field(run, tmp_path):
    """--error makes a field, and its largest error is printed."""
    ranges = ("--range", "x0=-2:2.25:18,x1=-2:2.25:18")
    status, out, _ = run(BOWL, *ranges, "--error", "forward@0.25", "--minus", "--out", "a.png")
    assert status == 0
    assert out == (
        "error of forward:1@0.25 at 324 points: largest 0.35, median 0.35\nwritten: a.png\n"
    )


def test_json_says_what_was_drawn(run, tmp_path):
    """--json prints one document: the kind, ranges, exact slopes, secants and the file."""
    code, out, err = run(
        *(CURVE, "--range", "x=0:20", "--tangent", "x=5", "--secant", "x=5@10"),
        *("--at", "x=10", "--out", "curve.svg", "--json"),
    )
    document = json.loads(out, parse_constant=pytest.fail)
    assert (code, err, (tmp_path / "curve.svg").exists()) == (0, "", True)
    assert (document["kind"], document["picture"]) == ("picture", "curve")
    assert document["ranges"] == {"x": {"low": 0.0, "high": 20.0, "count": 1201}}
    (tangent,), (mark,), (secant,) = (document[k] for k in ("tangents", "marks", "secants"))
    assert tangent["partials"] == {"x": {"hi": 0.2, "status": "certified"}}
    assert mark["partials"]["x"]["hi"] == 0.3
    assert secant["slope"] == pytest.approx(0.3)
    assert secant["error"] == pytest.approx(0.1)
    assert document["file"] == "curve.svg"


def test_json_of_a_field_and_of_a_kink(run):
    """A field's errors stand in the document, and what has no value is a string."""
    grid = ("--range", "x0=-2:2.25:18,x1=-2:2.25:18", "--out", "field.svg")
    code, out, _ = run(BOWL, *grid, "--error", "central@1e-4", "--minus", "--json")
    document = json.loads(out, parse_constant=pytest.fail)
    assert (code, document["picture"], document["minus"]) == (0, "field", True)
    assert len(document["points"]) == len(document["error"]) == len(document["gradient"]) == 324
    assert document["gradient"][0] == [-4.0, -4.0]
    assert 0 < document["median_error"] < document["largest_error"] < 1e-10
    kink = ("abs(x)", "--tangent", "x=0", "--out", "kink.svg", "--json")
    document = json.loads(run(*kink)[1], parse_constant=pytest.fail)
    assert document["tangents"][0]["partials"]["x"] == {"hi": "nan", "status": "kink"}


def test_parameters_and_order_of_variables(run):
    """--bind leaves two variables of three, and --variables says which is the first."""
    options = ("--bind", "a=2", "--variables", "y,x,a", "--at", "x=1,y=3", "--out", "a.pdf")
    status, out, _ = run("a*x*y", *options, "--kind", "contour")
    assert (status, out) == (0, "y = 3, x = 1: df/dy = 2, df/dx = 6\nwritten: a.pdf\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x",), "write --out FILE"),
        (("x", "--out", "a.gif"), ".svg, .png or .pdf"),
        (("x", "--out", "no/a.svg"), "no folder"),
        (("x", "--out", "folder.svg"), "can't write 'folder.svg'"),
        (("x", "--range", "t=0:1", "--out", "a.svg"), "no variable 't'; the formula has x"),
        (("x", "--range", "x=0", "--out", "a.svg"), "FIRST:LAST"),
        (("x", "--range", "x", "--out", "a.svg"), "NAME=VALUE"),
        (("x", "--range", "x=0:1:many", "--out", "a.svg"), "'many' is not a whole number"),
        (("x", "--range", "x=0:inf", "--out", "a.svg"), "not a finite number"),
        (("x", "--range", "x=0:1e999", "--out", "a.svg"), "beyond the largest double"),
        (("x", "--range", "x=1:1", "--out", "a.svg"), "the first must be below the last"),
        (("x", "--range", "x=0:1,x=0:2", "--out", "a.svg"), "given twice"),
        (("x", "--tangent", "t=5", "--out", "a.svg"), "--tangent 't=5': there is no variable"),
        (("x", "--tangent", "5", "--out", "a.svg"), "NAME=VALUE; write x=5"),
        (("x", "--secant", "x=5", "--out", "a.svg"), "write NAME=X@H, such as x=5@1"),
        (("x", "--secant", "t=5@1", "--out", "a.svg"), "no variable 't'"),
        (("x", "--secant", "x=5@no", "--out", "a.svg"), "is not a number"),
        (("x*y", "--at", "x=5", "--out", "a.svg"), "says nothing about y"),
        (("x*y*z", "--out", "a.svg"), "bind the others"),
        (("x", "--kind", "field", "--out", "a.svg"), "needs two variables"),
        (("x*y", "--error", "centrl@1", "--out", "a.svg"), "did you mean central?"),
        (("x*y", "--error", "central", "--out", "a.svg"), "write central:2@1e-4"),
        (("x", "y", "--out", "a.svg"), "y"),
        (("3", "--out", "a.svg"), "no variables"),
        (("x", "--outt", "a.svg"), "did you mean --out?"),
    ],
)
def test_bad_requests_are_sentences(run, tmp_path, arguments, message):
    """What can't be drawn is a sentence on stderr and exit status 2, and nothing is written."""
    (tmp_path / "folder.svg").mkdir()
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("symnum: ")
    assert message in err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]


def test_long_names_leave_room_for_the_picture():
    """A very long name is cut in the picture, and whole on the command line's lines."""
    name = "a" + "b" * 200
    ax = drawn(f"{name}**2", tangents=[1], secants=[(1, -0.5)])
    assert ax.get_xlabel() == "a" + "b" * 19 + " ..."
    assert all(len(label) < 120 for label in labels(ax))
    assert labels(ax)[2].endswith("slope 1.5, error -0.50")
