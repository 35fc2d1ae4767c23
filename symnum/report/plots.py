"""A Sweep as a picture: the error and its four parts against the step, on logarithmic axes."""

from __future__ import annotations

import math
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.errors import UsageError
from symnum.report import why
from symnum.report.axes import (
    HUGE,
    LINE_STYLES,
    PART_STYLES,
    TINY,
    cut,
    is_axes,
    legend_below,
    our_style,
    picture_path,
    save,
    ticks,
)
from symnum.report.numbers import measured, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from symnum.differences.sweep import Run, Sweep

MOST_PANELS = 12
"""Panels that are still legible on one page."""

_MOST_LINES = 8
_MARKERS_A_LINE = 16


def plot_sweep(sweep: Sweep, path_or_ax: str | PathLike[str] | Axes) -> Any:
    """Draw a sweep into a file or into Matplotlib axes.

    A file gets one panel for each point x component x scheme; where that is more than 12, one for
    each point x component, with the schemes' errors over each other. Axes get the error with its
    parts where there is one line to draw, and otherwise the errors over each other.

    Parameters
    ----------
    sweep : Sweep
        What `symnum.sweep` returned.
    path_or_ax : str, path or matplotlib.axes.Axes
        A file whose name ends in .svg, .png or .pdf, or the axes to draw into.

    Returns
    -------
    Path or Axes
        The file that was written, or the axes.

    Raises
    ------
    UsageError
        If the file's name has another ending, it can't be written, or there is too much to draw.

    Examples
    --------
    >>> import symnum
    >>> sweep = symnum.sweep("exp(x)", 1.0)
    >>> sweep.plot("error.gif")
    Traceback (most recent call last):
    ...
    symnum.errors.UsageError: a picture's name ends in .svg, .png or .pdf; 'error.gif' was given
    """
    if is_axes(path_or_ax):
        return _draw_into(sweep, path_or_ax)
    path = picture_path(path_or_ax)
    with our_style():
        save(_figure(sweep), path)
    return path


def _figure(sweep: Sweep) -> Figure:
    from matplotlib.figure import Figure

    entries = _entries(sweep)
    apart = len(entries) * len(sweep.runs) <= MOST_PANELS
    if not apart and (len(entries) > MOST_PANELS or len(sweep.runs) > _MOST_LINES):
        msg = (
            f"{len(entries)} points x components and {len(sweep.runs)} schemes don't fit on one "
            f"picture: sweep at most {MOST_PANELS} and {_MOST_LINES}, or draw into axes of your own"
        )
        raise UsageError(msg)
    groups = [
        (p, c, runs)
        for p, c in entries
        for runs in ([(run,) for run in sweep.runs] if apart else [sweep.runs])
    ]
    a_point = len(groups) // len(sweep.points)
    columns = a_point if 1 < a_point <= 4 else math.ceil(math.sqrt(len(groups)))
    rows = math.ceil(len(groups) / max(columns, 1))
    size = (8.0, 5.6) if len(groups) == 1 else (5.0 * columns, 3.7 * rows + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for ax in grid.flat[len(groups) :]:
        ax.remove()
    for ax, (p, c, runs) in zip(grid.flat, groups, strict=False):
        if apart:
            _panel(ax, sweep, runs[0], p, c)
        else:
            _overlay(ax, sweep, [(run.scheme.label, run, p, c) for run in runs])
        name = runs[0].scheme.label if apart else ""
        _title(ax, sweep, p, c, name, alone=len(groups) == 1)
    if len(groups) > 1 and len(sweep.formula) == 1:
        figure.suptitle(cut(f"f = {sweep.formula[0]}", 110), parse_math=False, fontsize=11)
    columns = max(2, min(5, int(figure.get_figwidth() / 1.75)))
    legend_below(figure, grid.flat[: len(groups)], columns)
    return figure


def _draw_into(sweep: Sweep, ax: Any) -> Any:
    entries = _entries(sweep)
    if len(entries) * len(sweep.runs) == 1:
        _panel(ax, sweep, sweep.runs[0], *entries[0])
        _title(ax, sweep, *entries[0], sweep.runs[0].scheme.label, alone=False)
    else:
        lines = [
            (_line_name(sweep, run, p, c), run, p, c) for p, c in entries for run in sweep.runs
        ]
        if len(lines) > _MOST_LINES:
            msg = (
                f"{len(lines)} lines (points x components x schemes) don't fit into one pair of "
                f"axes: sweep at most {_MOST_LINES}"
            )
            raise UsageError(msg)
        _overlay(ax, sweep, lines)
    ax.legend(fontsize="small", handlelength=3.2)
    return ax


def _line_name(sweep: Sweep, run: Run, p: int, c: int) -> str:
    names = []
    if len(sweep.runs) > 1:
        names.append(run.scheme.label)
    if len(sweep.components) > 1:
        names.append(why.name_of(sweep, c))
    if len(sweep.points) > 1:
        names.append(cut(why.place(sweep, p), 30))
    return ", ".join(names)


def _entries(sweep: Sweep) -> list[tuple[int, int]]:
    entries = [(p, c) for p in range(len(sweep.points)) for c in range(len(sweep.components))]
    if not entries or not sweep.runs:
        msg = "this sweep is empty: there is nothing to draw"
        raise UsageError(msg)
    return entries


def _title(ax: Any, sweep: Sweep, p: int, c: int, scheme: str, *, alone: bool) -> None:
    output = sweep.components[c].output
    name = why.name_of(sweep, c)
    at = cut(why.place(sweep, p), 44)
    if alone:
        ax.set_title(
            cut(f"Error of {scheme or 'finite differences'} for {name} at {at}", 90),
            loc="left",
            fontsize=12,
            fontweight="bold",
            pad=22,
            parse_math=False,
        )
        text = cut(f"f = {sweep.formula[output]}", 110)
        ax.annotate(
            text,
            (0, 1),
            (0, 8),
            xycoords="axes fraction",
            textcoords="offset points",
            color="#444444",
            parse_math=False,
        )
    else:
        many = f"{name} at {at}" if at else name
        title = f"{scheme}: {many}" if scheme else many
        ax.set_title(cut(title, 52), loc="left", fontsize=10, fontweight="bold", parse_math=False)


def _panel(ax: Any, sweep: Sweep, run: Run, p: int, c: int) -> None:
    """Draw one scheme's error with its parts, the theory and the best steps."""
    h, order = _sorted_steps(run, p, c)
    error = _positive(run.error[p, c][order])
    parts = {part: _positive(getattr(run, part)[p, c][order]) for part in why.PARTS}
    _axes(ax, h, np.append(error, _positive(run.best_error[p, c])), parts)
    if not np.isfinite(error).any():
        _say_why_empty(ax, sweep, run, p, c)
        return
    ax.plot(
        h,
        error,
        color="black",
        linewidth=3.0,
        marker="o" if np.isfinite(error).sum() < 3 else "",
        solid_joinstyle="round",
        label="error",
        zorder=3,
    )
    smooth, noisy = (max(1, math.ceil(h.size / count)) for count in (_MARKERS_A_LINE, 80))
    bottom = ax.get_ylim()[0]
    for part, values in parts.items():
        name = part.replace("_", " ")
        if np.isfinite(values).any():
            # noise that dives below the picture is a gap: lines down to it would hide the rest
            seen = values if part == "truncation" else np.where(values < bottom, np.nan, values)
            ax.plot(
                h,
                seen,
                markersize=4.8 if part == "truncation" else 4.0,
                markeredgecolor="white",
                markeredgewidth=0.4,
                markevery=smooth if part == "truncation" else noisy,
                label=name,
                zorder=4,
                **PART_STYLES[part],
            )
    _theory(ax, sweep, run, p, c, h)
    _best(ax, run, p, c)
    _crossing(ax, run, p, c)
    _say_numbers(ax, run, p, c)


def _overlay(ax: Any, sweep: Sweep, lines: list[tuple[str, Run, int, int]]) -> None:
    """Draw the errors of several schemes, points or components over each other."""
    drawn = []
    for (label, run, p, c), style in zip(lines, LINE_STYLES, strict=False):
        h, order = _sorted_steps(run, p, c)
        drawn.append((label, run, p, c, h, _positive(run.error[p, c][order]), style))
    steps = np.concatenate([line[4] for line in drawn])
    _axes(ax, steps, np.concatenate([line[5] for line in drawn]), {})
    for label, run, p, c, h, error, style in drawn:
        every = max(1, math.ceil(h.size / _MARKERS_A_LINE))
        ax.plot(h, error, linewidth=1.6, markersize=4.5, markevery=every, label=label, **style)
        best = run.best_h[p, c], run.best_error[p, c]
        if all(math.isfinite(value) and value > 0 for value in best):
            star = {"color": style["color"], "markersize": 13, "markeredgecolor": "white"}
            ax.plot(*best, "*", zorder=5, **star)
    if len(ax.get_lines()) > len(drawn):
        star = {"linestyle": "none", "marker": "*", "markersize": 13, "color": "#333333"}
        ax.plot([], [], label="best h found", markeredgecolor="white", **star)
    if not any(np.isfinite(line[5]).any() for line in drawn):
        _say_why_empty(ax, sweep, *lines[0][1:])


def _axes(ax: Any, h: np.ndarray, error: np.ndarray, parts: dict[str, np.ndarray]) -> None:
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("step h")
    ax.set_ylabel("|approximation − exact|")
    ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    if h.size:
        left = max(float(h.min()) / 1.5, TINY)
        right = min(max(float(h.max()) * 1.5, 10 * TINY), HUGE)
        ax.set_xlim(left, right)
        ticks(ax.xaxis, left, right)
    known = error[np.isfinite(error)]
    if not known.size:
        ax.set_ylim(1e-16, 1)
        return
    # A part may lie 20 decades below the error; a few are enough to see that it doesn't matter.
    known_parts = [part[np.isfinite(part)] for part in parts.values()]
    typical = [float(np.median(part)) for part in known_parts if part.size]
    least = float(known.min())
    low = max(least / 1e7, min([least, *typical]))
    high = max(float(part.max()) for part in [known, *known_parts] if part.size)
    low, high = max(low / 5, TINY), min(max(high * 5, 10 * TINY), HUGE)
    ax.set_ylim(low, high)
    ticks(ax.yaxis, low, high)


def _say_why_empty(ax: Any, sweep: Sweep, run: Run, p: int, c: int) -> None:
    error = run.error[p, c]
    text = why.exact_sentence(sweep, p, c)
    if np.isfinite(error).any():
        text = "The error is 0 at every step shown."
    elif np.isfinite(sweep.exact.hi[p, c]):
        text = "There is no finite approximation to show."
    ax.text(
        0.5,
        0.5,
        "\n".join(_wrapped(text, 44)),
        transform=ax.transAxes,
        ha="center",
        va="center",
        bbox={"facecolor": "white", "edgecolor": "#BBBBBB", "pad": 8},
        parse_math=False,
    )


def _theory(ax: Any, sweep: Sweep, run: Run, p: int, c: int, h: np.ndarray) -> None:
    """Draw the two lines of theory: truncation A h^a and rounding B / h^b."""
    truncation, rounding = _laws(run, float(sweep.exact.hi[p, c]), p, c)
    x = np.geomspace(h.min(), h.max(), 60)
    for law, name, dashes in (
        (truncation, "truncation in theory", (5, 5)),
        (rounding, "rounding in theory", (2, 2)),
    ):
        if law:
            with np.errstate(all="ignore"):  # beyond the doubles there is nothing to draw
                y = _positive(law[0] * x ** law[1])
            ax.plot(x, y, color="#333333", linewidth=1.0, dashes=dashes, label=name, zorder=5)


def _laws(
    run: Run, exact: float, p: int, c: int
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Return (scale, power) of truncation and rounding, None where there is none."""
    best, error = float(run.predicted_h[p, c]), float(run.predicted_error[p, c])
    q = float(run.scheme.derivative_order)
    a = float(run.observed_order[p, c])
    a = float(run.scheme.accuracy) if math.isnan(a) else max(1.0, float(round(a)))
    if 0 < best < math.inf and 0 < error < math.inf:
        if run.scheme.is_complex:
            return (error / best**a, a), (error, 0.0)
        if math.isfinite(exact):  # its own rounding, half an ulp, depends on no step
            error = max(error - 2.0**-53 * abs(exact), error / 2)
        # at the best step the sum A h^a + B / h^q is smallest: a A h^a = q B h^-q
        rounding = error / (1 + q / a)
        return (rounding * q / a / best**a, a), (rounding * best**q, -q)
    # no best step: the level of what isn't truncation
    power = 0.0 if run.scheme.is_complex else q
    with np.errstate(all="ignore"):
        left = np.abs(run.error[p, c] - run.truncation[p, c]) * run.h[p, c] ** power
    left = left[np.isfinite(left) & (left > 0)]
    return None, (float(np.median(left)), -power) if left.size else None


def _best(ax: Any, run: Run, p: int, c: int) -> None:
    best, error = float(run.best_h[p, c]), float(run.best_error[p, c])
    predicted = float(run.predicted_h[p, c])
    low, high = ax.get_xlim()
    if math.isfinite(predicted) and low <= predicted <= high:
        ax.axvline(
            predicted,
            color="#CC79A7",
            linewidth=1.6,
            linestyle=(0, (1, 1.5)),
            label="best h predicted",
            zorder=2,
        )
    bottom, top = ax.get_ylim()
    if low <= best <= high and bottom <= error <= top:
        ax.plot(
            best,
            error,
            linestyle="none",
            marker="*",
            markersize=17,
            color="#F0E442",
            markeredgecolor="black",
            markeredgewidth=1.1,
            label="best h found",
            clip_on=False,
            zorder=6,
        )


def _say_numbers(ax: Any, run: Run, p: int, c: int) -> None:
    """Write the best steps where such curves leave room: at the top, in the middle."""
    lines = []
    for name, h, error in (
        ("best h found", run.best_h, run.best_error),
        ("best h predicted", run.predicted_h, run.predicted_error),
    ):
        step, at = float(h[p, c]), float(error[p, c])
        if math.isinf(step):
            lines.append("best h predicted: the largest")
        elif not math.isnan(step):
            lines.append(f"{name}: {short(step, 3)}, error {measured(abs(at))}")
    if not run.truncation[p, c].any():
        lines.append("truncation: 0 at every step")
    ax.text(
        0.5,
        0.985,
        "\n".join(lines),
        transform=ax.transAxes,
        ha="center",
        va="top",
        fontsize="small",
        linespacing=1.35,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
        zorder=7,
    )


def _crossing(ax: Any, run: Run, p: int, c: int) -> None:
    status = run.status[p, c]
    crossed = np.array([str(s) in why.CROSSINGS for s in status])
    if not crossed.any():
        return
    first = float(run.h[p, c][crossed].min())
    distance = float(run.crossing[p, c]) / float(run.scheme.reach)
    start = distance if math.isfinite(distance) and 0 < distance <= first else first
    kind = str(status[crossed][0])
    what = {"edge": "leaves the domain"}.get(kind, f"crosses a {kind}")
    right = ax.get_xlim()[1]
    ax.axvspan(
        start,
        right,
        facecolor="#EEEEEE",
        edgecolor="#BBBBBB",
        hatch="//",
        linewidth=0,
        label=f"stencil {what}",
        zorder=0,
    )


def _sorted_steps(run: Run, p: int, c: int) -> tuple[np.ndarray, np.ndarray]:
    h = run.h[p, c]
    order = np.argsort(h, kind="stable")
    order = order[(h[order] > 0) & np.isfinite(h[order])]  # what has a place on the axis
    return h[order], order


def _positive(values: np.ndarray) -> np.ndarray:
    """Return moduli with NaN, a gap in the line, where a logarithmic axis has no place."""
    moduli = np.abs(values)
    return np.where(np.isfinite(moduli) & (moduli > 0), moduli, np.nan)


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)
