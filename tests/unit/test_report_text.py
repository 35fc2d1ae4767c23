"""The error report as text."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from symnum.cli import main
from symnum.differences.schemes import central
from symnum.differences.sweep import StepStatus
from symnum.formula.exact import Exact
from symnum.formula.status import Status
from symnum.report import why
from symnum.report.tables import Grid, plain, render
from symnum.report.text import render_sweep, sweep_text
from tests.unit.report_samples import (
    crossing_sweep,
    cubic_sweep,
    kink_sweep,
    many_sweep,
    quadratic_sweep,
    several_sweep,
)

SAMPLES = [
    cubic_sweep(),
    cubic_sweep(steps=[1e-4]),
    quadratic_sweep(),
    crossing_sweep(),
    kink_sweep(),
    several_sweep(),
    many_sweep(),
]


@pytest.mark.parametrize("sweep", SAMPLES)
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_text_fits_the_width(sweep, width):
    """No line is wider than the screen, down to 60 columns."""
    assert max(map(len, sweep_text(sweep, width).splitlines())) <= width


@pytest.mark.parametrize("sweep", SAMPLES)
def test_text_is_plain(sweep):
    """The text has no control characters and no letters outside ASCII."""
    text = sweep_text(sweep)
    assert text.isascii()
    assert all(c.isprintable() or c == "\n" for c in text)
    assert str(sweep) == text


def test_heading_and_exact_value():
    """The first lines say what was differentiated, where, and the certified answer."""
    lines = sweep_text(quadratic_sweep()).splitlines()
    assert lines[0] == "f(x) = 0.01*x**2 + 0.1*x at x = 5"
    assert lines[2] == "df/dx = 0.2 (certified: the double nearest the exact value)."


def test_a_quadratic_has_no_truncation():
    """Where the truncation part is 0 the text says so, why, and what to do."""
    text = " ".join(sweep_text(quadratic_sweep()).split())
    assert "0 at every step, as it is for every polynomial of degree 2 or less" in text
    assert "All of the error is rounding: take h as large as you can." in text
    assert "best h predicted the largest" in text


def test_both_regimes_are_explained():
    """Truncation rules above the best step, rounding below it, each with its law."""
    sweep = cubic_sweep()
    sentence = why.explanation(sweep, sweep.runs[0], 0, 0)
    assert sentence == (
        "Above h = 6e-6 most of the error is truncation, which grows like h^2; "
        "below it, step rounding, which grows like 1/h as h falls."
    )


def test_a_crossing_is_flagged_with_its_step():
    """The kink's distance and the first step that crosses it are named."""
    sweep = crossing_sweep()
    sentence = why.crossing_sentence(sweep.runs[0], 0, 0)
    assert sentence == "f has a kink at distance 1 from the point: steps from h = 1 on cross it."
    assert "kink" in sweep_text(sweep)


def test_a_crossing_out_of_reach_is_mentioned():
    """A kink that no step reaches is mentioned, not flagged."""
    run = replace(crossing_sweep().runs[0], status=cubic_sweep().runs[0].status)
    assert "no step used here reaches that far" in why.crossing_sentence(run, 0, 0)


def test_the_complex_step_is_flagged():
    """Steps at which the complex step is not valid are counted."""
    run = cubic_sweep().runs[0]
    run = replace(run, status=np.full(run.h.shape, StepStatus.NONANALYTIC, dtype=object))
    assert "not valid at any of these steps" in why.crossing_sentence(run, 0, 0)


def test_a_kink_has_no_error():
    """Without a derivative the one-sided ones are shown, and no error."""
    text = sweep_text(kink_sweep())
    assert "its derivative is -1 from the left and 1 from the right." in text
    assert "|error|" not in text
    assert "nan" not in text


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_sentence(status):
    """Each of the nine statuses is a sentence of its own."""
    sweep = cubic_sweep()
    number = np.full((1, 1), 2.0)
    exact = Exact(number, number * 0, number * 0, np.full((1, 1), status, object), number, number)
    sentence = why.exact_sentence(replace(sweep, exact=exact), 0, 0)
    assert sentence.startswith("df/dx ")
    assert sentence.endswith(".")


def test_steps_are_thinned_to_decades():
    """61 steps become about one row a decade; 20 are all shown."""
    rows = [line for line in sweep_text(cubic_sweep()).splitlines() if "e-" in line[:12]]
    assert 14 <= len(rows) <= 18
    few = sweep_text(cubic_sweep(steps=np.logspace(-10, -1, 20)))
    assert "more steps not shown" not in few


def test_the_largest_part_is_marked():
    """One part of each row bears a star, and the best step an arrow."""
    text = sweep_text(cubic_sweep())
    row = next(line for line in text.splitlines() if line.startswith(">"))
    assert row.count("*") == 1
    assert "*0.010" in text


def test_many_entries_are_summed_up():
    """More than four points x components get one row each."""
    text = sweep_text(many_sweep())
    assert "3 points x 4 components, one row each." in " ".join(text.split())
    assert "The approximations evaluate my_gradient" in text
    assert text.count("df[1]/dy") == 3


def test_schemes_stand_side_by_side():
    """The best steps of several schemes are one table."""
    text = sweep_text(several_sweep())
    assert "central:2      forward:1        complex" in text


def test_a_second_derivative_is_named():
    """The derivative order is in the name."""
    sweep = replace(
        cubic_sweep(), derivative_order=2, runs=(replace_scheme(cubic_sweep().runs[0]),)
    )
    assert "d2f/dx2 = " in sweep_text(sweep)
    assert "1/h^2 as h falls" in sweep_text(sweep)


def replace_scheme(run):
    """Return a run under the second difference."""
    return replace(run, scheme=central(2, 2))


def test_a_terminal_gets_colour():
    """On a terminal the report has colour; the words are the same."""
    stream = io.StringIO()
    render_sweep(cubic_sweep(), Console(file=stream, force_terminal=True, width=100))
    assert "\x1b[" in stream.getvalue()
    assert "best h found" in stream.getvalue()


def test_a_pipe_gets_plain_text():
    """Elsewhere there is never an escape sequence."""
    stream = io.StringIO()
    render_sweep(cubic_sweep(), Console(file=stream, width=100))
    assert stream.getvalue() == sweep_text(cubic_sweep(), 100) + "\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_brackets_are_not_markup(terminal):
    """A formula or variable with brackets is printed as it is."""
    sweep = replace(cubic_sweep(), formula=("x[0] + [red]",), variables=("x[i]",))
    stream = io.StringIO()
    render_sweep(sweep, Console(file=stream, force_terminal=terminal, width=100, no_color=True))
    assert "f(x[i]) = x[0] + [red]" in stream.getvalue()


def test_grids_line_up():
    """Columns are as wide as their widest cell; headings may take two lines."""
    grid = Grid(("a", "long\nhead"), (("1", "2"), ("333", "4")))
    assert grid.lines() == ["     long", "  a  head", "---  ----", "  1     2", "333     4"]
    assert plain([grid], 80) == "\n".join(grid.lines())


def test_long_grids_take_linear_time():
    """A table of 100,000 rows is laid out in well under a second for each 10,000."""
    grid = Grid(("a", "b"), (("1", "22"),) * 100_000)
    start = time.process_time()
    assert len(grid.lines()) == 100_002
    assert time.process_time() - start < 10


def test_steps_that_underflow_are_reported():
    """A sweep whose smallest steps have underflown to 0 is still a table and a picture's data."""
    sweep = cubic_sweep()
    h = np.where(sweep.runs[0].h < 1e-10, 0.0, sweep.runs[0].h)
    text = sweep_text(replace(sweep, runs=(replace(sweep.runs[0], h=h),)))
    assert "more steps not shown" in text


# --- narrow screens -------------------------------------------------------------------------------

NARROW = {
    "diff": ("x**2*y", "--at", "x=1,y=2", "--at", "x=0.1,y=3"),
    "sweep": ("exp(x)*y", "--at", "x=1,y=3", "--scheme", "central", "--scheme", "forward:1@1e-5"),
    "descend": ("x0**2 + x1**2", "--start", "x0=-3,x1=4", "--rate", "0.1", "--rate", "10"),
    "net": ("4,3,2",),
    "check": ("x**2", "theirs.py:g", "--at", "x=3"),
    "draw": ("x**2*y", "--at", "x=0.1,y=0.3333333333333333", "--kind", "contour", "--out", "a.png"),
}


@pytest.mark.parametrize("verb", NARROW)
def test_nothing_is_wider_than_a_narrow_screen(verb, capsys, monkeypatch, tmp_path):
    """At 40 columns no line is wider, and each number stands there as it does at 96."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs.py").write_text("def g(x): return 2*x + 1e-3\n")
    texts = {}
    for width in ("40", "96"):
        monkeypatch.setenv("COLUMNS", width)
        with pytest.raises(SystemExit):
            main([verb, *NARROW[verb]])
        texts[width] = capsys.readouterr().out
    assert max(map(len, texts["40"].splitlines())) <= 40
    assert "…" not in texts["40"]
    whole, narrow = (
        set(re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", texts[width])) for width in ("96", "40")
    )
    assert narrow <= whole
    if verb not in {"diff", "sweep"}:  # these leave columns out
        assert narrow == whole


def test_a_grid_that_is_too_wide_is_stacked_on_a_terminal():
    """Rich would cut the cells of a table that doesn't fit; stacked they are whole."""
    grid = Grid(("rate", "where it\nends", ""), (("0.1", "(-6.11e-10, 8.15e-10)", "x" * 9),) * 2)
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=24, color_system=None)
    render([grid], console)
    printed = screen.getvalue()
    assert printed.count("(-6.11e-10, 8.15e-10)") == 2
    assert max(map(len, printed.splitlines())) <= 24
    assert "where it ends" in printed
    wide = io.StringIO()
    render([grid], Console(file=wide, force_terminal=True, width=90, color_system=None))
    assert "rate" in wide.getvalue().splitlines()[1]
