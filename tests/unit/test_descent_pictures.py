"""Pictures of descents: what a logarithmic axis has a place for, minima, windows, ticks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from matplotlib.figure import Figure

import symnum as sn
from symnum.report.axes import round_numbers

TWO_VALLEYS = "(x**2 - 1)**2 + 0.3*x"
VALLEY = "(3.75*x0 + 4.75*x1)**2"  # level along its bottom; rounding makes the 0 an eigenvalue


def written_in(ax):
    """Return all that is written inside axes."""
    return " ".join(text.get_text() for text in ax.texts)


def line_named(ax, label):
    """Return the one line with this label."""
    (line,) = [line for line in ax.get_lines() if line.get_label() == label]
    return line


@pytest.mark.parametrize("starts", [[1.0, -0.5], [-0.5, 1.0]])
def test_losses_are_measured_from_the_lowest_minimum(starts):
    """Two starts in two valleys are drawn whole, whichever comes first."""
    run = sn.descend(TWO_VALLEYS, starts, rate=0.02)
    ax = run.plot(Figure().subplots())
    lines = [line for line in ax.get_lines() if len(line.get_ydata()) == 101]
    assert [np.isfinite(line.get_ydata()).sum() for line in lines] == [101, 101]
    assert ax.get_ylabel() == "f − f at the lowest minimum"
    high = lines[starts.index(1.0)].get_ydata()
    assert high[-1] == pytest.approx(0.6, abs=0.02)


def test_a_path_below_every_known_minimum_is_drawn_whole():
    """A path that goes lower than the minimum that the Hessian tells of is not left out."""
    runs = sn.compare("x**4 - x**2 + 0.1*x", [1.0], rates=[0.1, 0.5])
    ax = runs.plot(Figure().subplots())
    assert ax.get_ylabel() == "f − its lowest value here"
    lines = [line for line in ax.get_lines() if len(line.get_ydata()) == 101]
    assert sum(np.isnan(line.get_ydata()).sum() for line in lines) == 1
    assert "not drawn: 1 of 202 values" in written_in(ax)


def test_values_at_the_minimum_are_named_where_they_are_left_out():
    """What isn't above 0 has no place on the axis, and the picture says how much that is."""
    ax = sn.descend("(x - 1)**2 + 1", 3.0, rate=0.4, steps=60).plot(Figure().subplots())
    (line,) = [line for line in ax.get_lines() if len(line.get_ydata()) == 61]
    lost = int(np.isnan(line.get_ydata()).sum())
    assert lost > 10
    assert f"not drawn: {lost} of 61 values" in written_in(ax)
    assert "not drawn" not in written_in(sn.descend("x**2", 3.0).plot(Figure().subplots()))


def test_every_minimum_has_its_star():
    """Paths into two valleys end at two stars; two starts of one valley at one."""
    run = sn.descend(f"{TWO_VALLEYS} + y**2", [[1.0, 0.5], [-0.5, 0.5]], rate=0.02)
    stars = line_named(run.plot(Figure().subplots()), "minima").get_xdata()
    assert sorted(stars) == pytest.approx([-1.036, 0.96], abs=1e-2)
    run = sn.descend("x**2 + y**2/3", [[1.0, 0.5], [-0.5, 0.3]])
    assert len(line_named(run.plot(Figure().subplots()), "minimum").get_xdata()) == 1


def test_a_factor_is_predicted_where_there_is_a_minimum():
    """What the numbers don't predict is not drawn as predicted."""
    for f, start in (("x0**2 - x1**2", [1, 1e-3]), ("x0**4 + x1**4", [1, 2])):
        runs = sn.compare(f, start, rates=[0.005])
        predicted = runs.runs[0].factor_predicted
        ax = runs.plot_rates(Figure().subplots())
        assert math.isnan(predicted) or predicted == 1
        assert "predicted by the Hessian" not in ax.get_legend_handles_labels()[1]
    runs = sn.compare(VALLEY, [1, 2], rates=[0.005])
    ax = runs.plot_rates(Figure().subplots())
    assert "predicted by the Hessian" in ax.get_legend_handles_labels()[1]


def test_the_predicted_factor_is_the_number():
    """The line that is drawn goes through the factor that is printed, in a flat valley too."""
    runs = sn.compare("x0**2 + 1e-18*x1**2", [1.0, 1.0], rates=[0.125, 0.25])
    ax = runs.plot_rates(Figure().subplots())
    if "predicted by the Hessian" in ax.get_legend_handles_labels()[1]:
        x, y = line_named(ax, "predicted by the Hessian").get_data()
        for run in runs:
            found = np.interp(run.rate, x, y)
            assert found == pytest.approx(run.factor_predicted, abs=1e-3)


def test_each_rate_has_a_mark_in_the_panel_of_losses():
    """Runs that end at the lowest value or overflow are marked at the edge, and named."""
    runs = sn.compare("x**4 - x**2 + 0.1*x", [1.0], rates=[0.1, 0.5, 2])
    figure = runs.plot_rates()
    right = figure.axes[1]
    marked = {float(x) for line in right.get_lines() for x in line.get_xdata()[:3]}
    assert {0.1, 0.5, 2.0} <= marked
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "not finite" in names
    figure = sn.compare("x**2", 1.0, rates=[0.1, 0.5]).plot_rates()
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "not above 0: at the lowest value" in names


def test_labels_of_a_short_axis_do_not_collide():
    """Rates within a decade have ticks of one digit that stand apart."""
    figure = sn.compare(
        "(1 - x)**2 + 100*(y - x**2)**2", [-1.2, 1.0], rates=[1e-3, 2e-3, 4e-3]
    ).plot_rates()
    figure.canvas.draw()
    for ax in figure.axes:
        texts = [t for t in (*ax.get_xticklabels(), *ax.get_xminorticklabels()) if t.get_text()]
        boxes = sorted((t.get_window_extent() for t in texts), key=lambda box: box.x0)
        assert len(boxes) >= 3
        assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


@pytest.mark.parametrize(("low", "high"), [(1e-3, 6e-3), (0.9, 1.1), (3e-200, 2e-199), (0.2, 15)])
def test_round_numbers_lie_between_the_ends(low, high):
    """A few numbers of one digit, never beyond the ends."""
    found = round_numbers(low, high)
    assert found
    assert all(low <= place <= high for place in found)


def test_a_path_away_from_a_saddle_is_seen():
    """The window shows where a path to nowhere turns, and an arrow where it leaves."""
    run = sn.descend("x**2 - y**2", [1, 1e-3])
    ax = run.plot(Figure().subplots())
    (low, high), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert low < 0 < 1 < high
    inside = ((run.path >= (low, bottom)) & (run.path <= (high, top))).all(axis=1)
    assert inside.sum() > 30
    assert any(getattr(text, "arrow_patch", None) is not None for text in ax.texts)
