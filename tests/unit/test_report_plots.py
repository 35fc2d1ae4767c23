"""Pictures of sweeps."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from symnum.errors import UsageError
from symnum.report.plots import plot_sweep
from tests.unit.report_samples import (
    crossing_sweep,
    cubic_sweep,
    kink_sweep,
    many_sweep,
    quadratic_sweep,
    several_sweep,
)


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".svg", b"<?xml"),
        (".png", b"\x89PNG"),
        (".pdf", b"%PDF"),
        (".PNG", b"\x89PNG"),
    ],
)
def test_the_name_decides_the_format(tmp_path, suffix, start):
    """SVG, PNG or PDF, by the file's name."""
    path = plot_sweep(cubic_sweep(), tmp_path / f"a{suffix}")
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_pictures_are_reproducible(tmp_path, suffix):
    """The same sweep makes the same file, byte for byte."""
    files = [plot_sweep(several_sweep(), tmp_path / f"{i}{suffix}") for i in range(2)]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    "sweep",
    [
        quadratic_sweep(),
        crossing_sweep(),
        kink_sweep(),
        several_sweep(),
        many_sweep(),
        cubic_sweep(steps=[1e-4]),
        cubic_sweep((1e-300,), np.geomspace(1e-315, 1e-300, 20)),
        cubic_sweep((1e100,), np.geomspace(1e-300, 1e102, 20)),
    ],
)
def test_awkward_sweeps_are_drawn(tmp_path, sweep):
    """Zero parts, missing errors, single steps and many panels make no warning and a picture."""
    assert plot_sweep(sweep, tmp_path / "a.svg").stat().st_size > 5_000


def test_what_cannot_be_drawn_is_a_gap(tmp_path):
    """Zeros, NaN and infinities leave gaps; all of them at once leave a sentence."""
    run = cubic_sweep().runs[0]
    for value in (0.0, np.nan, np.inf, 5e-324, 1e308):
        parts = ("error", "truncation", "step_rounding", "evaluation", "arithmetic")
        same = dict.fromkeys(parts, np.full(run.h.shape, value))
        plot_sweep(replace(cubic_sweep(), runs=(replace(run, **same),)), tmp_path / "a.svg")


def test_axes_are_drawn_into():
    """Given axes get the lines, and come back."""
    ax = Figure().subplots()
    assert plot_sweep(cubic_sweep(), ax) is ax
    assert ax.get_xlabel() == "step h"
    assert ax.get_ylabel() == "|approximation − exact|"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [
        "error",
        "truncation",
        "step rounding",
        "evaluation",
        "arithmetic",
        "truncation in theory",
        "rounding in theory",
        "best h predicted",
        "best h found",
    ]


def test_several_schemes_share_axes():
    """In given axes the errors of several schemes lie over each other, under their names."""
    ax = plot_sweep(several_sweep(), Figure().subplots())
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["central:2", "forward:1", "complex", "best h found"]


def test_parts_differ_without_colour():
    """Every line has a marker, line style or width of its own: greyscale is enough."""
    ax = plot_sweep(cubic_sweep(), Figure().subplots())
    looks = [
        (line.get_linestyle(), line.get_marker(), line.get_linewidth())
        for line in ax.get_lines()[:5]
    ]
    assert len(set(looks)) == 5


def test_the_theory_meets_at_the_predicted_step():
    """The lines of theory add up to the predicted error at the predicted step, the least there."""
    ax = plot_sweep(cubic_sweep(), Figure().subplots())
    lines = {line.get_label(): line for line in ax.get_lines()}
    laws = []
    for name in ("truncation in theory", "rounding in theory"):
        x, y = lines[name].get_data()
        power = np.log(y[-1] / y[0]) / np.log(x[-1] / x[0])
        laws.append((y[0] / x[0] ** power, power))

    def total(h):
        return sum(scale * h**power for scale, power in laws)

    assert total(6e-6) == pytest.approx(5e-11)
    assert total(6e-6) < min(total(5e-6), total(7e-6))


def test_the_crossing_is_shaded():
    """Steps whose stencil crosses a kink are shaded, and the legend says so."""
    ax = plot_sweep(crossing_sweep(), Figure().subplots())
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[-1] == "stencil crosses a kink"


def test_settings_are_left_alone(tmp_path):
    """Drawing neither uses nor changes the user's Matplotlib settings."""
    with mpl.rc_context({"text.usetex": True, "lines.linewidth": 9}):
        before = dict(mpl.rcParams)
        first = plot_sweep(cubic_sweep(), tmp_path / "a.svg").read_bytes()
        assert dict(mpl.rcParams) == before
    assert plot_sweep(cubic_sweep(), tmp_path / "b.svg").read_bytes() == first


def test_names_are_not_typeset(tmp_path):
    """Dollar signs, backslashes and letters the font lacks are only ever text."""
    sweep = replace(cubic_sweep(), formula=("$\\frac{x$ 变",), variables=("变$",))
    plot_sweep(sweep, tmp_path / "a.svg")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.gif", r"ends in .svg, .png or .pdf; 'a.gif' was given"),
        ("a", "ends in .svg, .png or .pdf"),
        ("no/such/a.svg", "there is no folder 'no/such'"),
        ("a\0b/a.svg", "can't write"),
        (3, "not into int"),
    ],
)
def test_bad_names_are_refused(name, message):
    """A name that can't be a picture is refused before anything is drawn."""
    with pytest.raises(UsageError, match=message):
        plot_sweep(cubic_sweep(), name)


def test_a_folder_is_not_a_picture(tmp_path):
    """A folder with a picture's name is refused."""
    (tmp_path / "a.png").mkdir()
    with pytest.raises(UsageError, match="can't write"):
        plot_sweep(cubic_sweep(), tmp_path / "a.png")


def test_too_much_is_refused(tmp_path):
    """More panels or lines than are legible are refused with the numbers."""
    many = cubic_sweep(tuple(float(x) for x in range(1, 14)), [1e-3])
    with pytest.raises(UsageError, match="13 points x components and 1 schemes"):
        plot_sweep(many, tmp_path / "a.svg")
    with pytest.raises(UsageError, match="12 lines"):
        plot_sweep(many_sweep(), Figure().subplots())
    with pytest.raises(UsageError, match="empty"):
        plot_sweep(replace(cubic_sweep(), runs=()), tmp_path / "a.svg")


def test_many_schemes_lie_over_each_other(tmp_path):
    """Where a panel for each scheme is too much, each entry's schemes share one."""
    sweep = cubic_sweep((1.0, 2.0, 3.0, 4.0, 5.0))
    sweep = replace(sweep, runs=sweep.runs * 3)
    assert plot_sweep(sweep, tmp_path / "a.svg").exists()
