"""Pictures of descents: paths on contours, losses, factors against rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.errors import UsageError
from symnum.report.axes import (
    HUGE,
    LINE_STYLES,
    TINY,
    cut,
    is_axes,
    is_figure,
    legend_below,
    our_style,
    picture_path,
    save,
    ticks,
)
from symnum.report.numbers import short

if TYPE_CHECKING:
    from symnum.descending.descent import Descent
    from symnum.descending.theory import Theory

Look = dict[str, Any]

MOST_LINES = 8
"""Runs that are still told apart in one picture."""


_GRID = 161  # contours are smooth from here on
_TOP = 2.0  # factors above this are shown as such
_ROOM = 1.5  # an axis of rates goes on by this factor
_DENSE = 2001  # rates at which a predicted factor is drawn
_AWAY = 1.5  # a window is this much larger than the way from the start to the minimum
_FIRST_STEPS = 10.0  # so many times as far as its first step goes, a path to nowhere is shown
_ONE_PLACE = 2.0**-20  # of the window: minima that lie closer are one, found twice
_LOWER = 2.0**-40  # of the heights: values that lie so much below a minimum show a lower one


def plot_descents(
    runs: Sequence[Descent], path_or_ax: Any = None, looks: Sequence[Look] | None = None
) -> Any:
    """Draw paths on contours (of two variables) and losses against the step.

    Parameters
    ----------
    runs : sequence of Descent
        At most 8 lines in all.
    path_or_ax : str, path, matplotlib.axes.Axes or matplotlib.figure.Figure, optional
        A file, axes or a figure to draw into, or None for a new Figure.
    looks : sequence of dict, optional
        For each line its color, linestyle, marker, linewidth and label, if axes are drawn into.

    Returns
    -------
    Path, Axes or Figure
        What was drawn into.
    """
    entries = _entries(runs)
    two = len(runs[0].formula.variables) == 2
    if is_axes(path_or_ax):
        (_contours if two else _losses)(path_or_ax, entries, looks)
        path_or_ax.legend(fontsize="small", handlelength=3.2)
        return path_or_ax
    return _finished(path_or_ax, entries, [_contours, _losses] if two else [_losses])


def plot_losses(runs: Sequence[Descent], ax: Any, looks: Sequence[Look] | None = None) -> Any:
    """Draw the losses alone against the step, into axes, and return these."""
    _losses(ax, _entries(runs), looks)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize="small", handlelength=3.2)
    return ax


def plot_rates(runs: Sequence[Descent], path_or_ax: Any = None) -> Any:
    """Draw the factor of a step, predicted and observed, and the last loss against the rate."""
    entries = [(run, s) for run in runs for s in range(len(run.theories))]
    if is_axes(path_or_ax):
        _factors(path_or_ax, entries)
        path_or_ax.legend(fontsize="small")
        return path_or_ax
    return _finished(path_or_ax, entries, [_factors, _last_losses])


def _entries(runs: Sequence[Descent]) -> list[tuple[Descent, int]]:
    entries = [(run, s) for run in runs for s in range(len(run.paths))]
    if len(entries) > MOST_LINES:
        msg = f"{len(entries)} paths don't fit into one picture: draw at most {MOST_LINES}"
        raise UsageError(msg)
    return entries


def _finished(path: Any, entries: list[tuple[Descent, int]], panels: list[Any]) -> Any:
    """Draw panels beside each other into a file, a figure that is given, or a new one."""
    from matplotlib.figure import Figure

    given = path if is_figure(path) else None
    target = None if path is None or given is not None else picture_path(path)
    with our_style() if given is None else nullcontext():
        figure = given
        if figure is None:
            figure = Figure(figsize=(5.6 * len(panels) + 0.6, 5.4), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for ax, panel in zip(axes, panels, strict=True):
            panel(ax, entries)
        legend_below(figure, axes)
        run = entries[0][0]
        title = f"Gradient descent of f = {run.formula.texts[0]}"
        figure.suptitle(cut(title, 90), parse_math=False, fontsize=11, fontweight="bold")
        if target is None:
            return figure
        save(figure, target)
    return target


def _looks(entries: list[tuple[Descent, int]]) -> list[Look]:
    """Return how each line looks, and what it is called."""
    return [
        {**style, "linewidth": _width(i, len(entries)), "label": _label(run, s)}
        for i, ((run, s), style) in enumerate(zip(entries, LINE_STYLES, strict=False))
    ]


def _label(run: Descent, s: int) -> str:
    start = f", start {s}" if len(run.paths) > 1 else ""
    return f"rate {short(run.rate, 3)}, {run.gradient}{start}: {course_of(run, s)}"


def course_of(run: Descent, s: int) -> str:
    """Return a verdict as a legend says it; of a path that crawls how far it came."""
    course = str(run.judgements[s].course)
    if course == "crawls":  # on contours it may be too short to be seen
        course += f" ({short(_way(run.paths[s]))} from the start)"
    return course


def _way(path: np.ndarray) -> float:
    """Return how far from its start a path ends."""
    known = path[np.isfinite(path).all(axis=-1)]
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(known[-1] - known[0])) if len(known) else math.nan


def _contours(
    ax: Any, entries: list[tuple[Descent, int]], looks: Sequence[Look] | None = None
) -> None:
    """Draw the paths on the contours of f, in a window round start and minimum."""
    low, high = _window(entries)
    formula = entries[0][0].formula
    axes = [np.linspace(low[i], high[i], _GRID) for i in range(2)]
    grid = np.stack(np.meshgrid(*axes, indexing="xy"), axis=-1)
    heights = np.asarray(formula(grid))
    known = heights[np.isfinite(heights)]
    if known.size and known.max() > known.min():
        # shares of the area, not of the height: even rings round a quadratic's minimum, and a
        # curved valley shows as well
        levels = np.unique(np.quantile(known, np.linspace(0, 0.98, 15)[1:] ** 2))
        shown = np.where(np.isfinite(heights), heights, np.nan)
        ax.contour(*axes, shown, levels=levels, colors="#B5B5B5", linewidths=0.7, zorder=1)
    for (run, s), look in zip(entries, looks or _looks(entries), strict=True):
        path = run.paths[s]
        path = path[np.isfinite(path).all(axis=-1)]
        # a line to 1e128 is drawn to the edge of the window and no further
        inside = ((path >= low) & (path <= high)).all(axis=-1)
        out = np.flatnonzero(~inside)
        end = int(out[0]) if out.size else len(path)
        shown = path[:end]
        if end < len(path):
            shown = np.vstack([shown, _edge(path[end - 1], path[end], low, high)])
        every = max(1, len(shown) // 40)
        ax.plot(
            *shown.T,
            markersize=4,
            markeredgecolor="white",
            markeredgewidth=0.4,
            markevery=every,
            zorder=3,
            **look,
        )
        if end < len(path):
            ax.annotate(
                "",
                shown[-1],
                shown[-2],
                arrowprops={"arrowstyle": "-|>", "color": look["color"], "shrinkB": 0},
                zorder=4,
            )
    first = {tuple(run.paths[s][0]): run.paths[s] for run, s in reversed(entries)}
    for start, path in first.items():
        ax.plot(*start, "o", color="white", markeredgecolor="black", markersize=8, zorder=5)
        move = path[min(1, len(path) - 1)] - path[0]
        length = float(np.abs(move).max())
        side = -np.sign(move) if length > 0 and math.isfinite(length) else np.ones(2)
        ax.annotate(
            "start",
            start,
            (9 * side[0] or 9, 9 * side[1] or 9),  # away from where the path goes
            textcoords="offset points",
            ha="right" if side[0] < 0 else "left",
            va="top" if side[1] < 0 else "bottom",
            zorder=6,
        )
    places = _minima(entries, _ONE_PLACE * float((high - low).max()))
    if places:
        star = {"color": "#F0E442", "markeredgecolor": "black", "markersize": 14}
        label = "minimum" if len(places) == 1 else "minima"
        ax.plot(*np.array(places).T, "*", zorder=5, label=label, linestyle="none", **star)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ratio = (high[1] - low[1]) / (high[0] - low[0])
    if 0.5 < ratio < 2:
        ax.set_aspect("equal")
    for set_label, name in zip((ax.set_xlabel, ax.set_ylabel), formula.variables, strict=True):
        set_label(name, parse_math=False)
    ax.set_title("paths on the contours of f", loc="left", fontsize=10, pad=16)


def _width(i: int, count: int) -> float:
    """Return a line's width: those drawn first are wider, and seen below the ones that follow."""
    return 1.2 + 3.3 * (count - 1 - i) / max(count - 1, 2)


def _window(entries: list[tuple[Descent, int]]) -> tuple[np.ndarray, np.ndarray]:
    places = [run.paths[s][0] for run, s in entries]
    for run, s in entries:
        theory = run.theories[s]
        if "minimum" in theory.where:
            places.append(theory.point)
            if str(run.judgements[s].course) == "diverges":
                # the start's mirror image: where a rate that is too large goes first
                places.append(2 * theory.point - run.paths[s][0])
        if str(run.judgements[s].course) != "diverges":
            places += list(run.paths[s])
        elif "minimum" not in theory.where:
            places += _beginning(run.paths[s])
    box = np.array(places)
    low, high = box.min(axis=0), box.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2
    widest = float(half.max()) or max(float(np.abs(middle).max()), 1.0)
    half = np.maximum(half, widest / 4) * 1.15
    if len(places) == len(entries):
        half *= _AWAY
    return middle - half, middle + half


def _beginning(path: np.ndarray) -> list[np.ndarray]:
    """Return the points of a path that goes for ever, as far as its first steps tell where to."""
    with np.errstate(all="ignore"):
        way = np.abs(path - path[0]).max(axis=-1)
        moved = way[np.isfinite(way) & (way > 0)]
        near = way <= _FIRST_STEPS * moved[0] if moved.size else way <= 0
    # not those after it has left: it may come back in a leap
    return list(path[: int(np.argmin(near)) or len(path)] if not near.all() else path)


def _minima(entries: list[tuple[Descent, int]], apart: float = 0.0) -> list[np.ndarray]:
    """Return the minima that the Hessians know of, those farther from each other than `apart`."""
    found: list[np.ndarray] = []
    for run, s in entries:
        theory = run.theories[s]
        is_new = all(np.abs(theory.point - other).max() > apart for other in found)
        if "minimum" in theory.where and is_new:
            found.append(theory.point)
    return found


def _edge(inside: np.ndarray, outside: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return where the line from a point inside to one outside leaves the window."""
    with np.errstate(all="ignore"):
        move = outside - inside
        bound = np.where(move > 0, high - inside, low - inside)
        shares = np.where(move != 0, bound / move, np.inf)
    return np.asarray(inside + max(min(float(shares.min()), 1.0), 0.0) * move)


def _losses(
    ax: Any, entries: list[tuple[Descent, int]], looks: Sequence[Look] | None = None
) -> None:
    """Draw the loss, above that of the minimum, against the step."""
    bottom, name = _bottom(entries)
    values = [run.by_start(run.values)[s] for run, s in entries]
    losses = [_loss(line, bottom) for line in values]
    _log_axis(ax, np.concatenate(losses))  # first: Matplotlib's own limits may overflow
    _say_what_is_left_out(
        ax, np.concatenate(losses), np.concatenate(values),
        where="on these paths", lowest="f is at its lowest all along",
    )  # fmt: skip
    for (run, s), loss, look in zip(entries, losses, looks or _looks(entries), strict=True):
        ax.plot(
            np.arange(len(loss)),
            loss,
            markersize=4.5,
            markevery=max(1, len(loss) // 12),
            markeredgecolor="white",
            markeredgewidth=0.4,
            **look,
        )
        k = run.judgements[s].overflow_at
        if k is not None and k and math.isfinite(loss[k - 1]):
            ax.plot(k - 1, loss[k - 1], "x", color=look["color"], markersize=11, zorder=5)
            ever_after = not np.isfinite(run.by_start(run.values)[s][k:]).any()
            when = f"from step {k} on" if ever_after else f"at step {k}"
            ax.annotate(
                f"not finite\n{when}", (k - 1, loss[k - 1]), (8, -4), va="top",
                textcoords="offset points", fontsize="small",
            )  # fmt: skip
    last = max(len(loss) for loss in losses) - 1
    ax.set_xlim(-0.04 * max(last, 1), 1.04 * max(last, 1))
    ax.set_xlabel("step")
    ax.set_ylabel(name, parse_math=False)
    ax.set_title("loss against step", loc="left", fontsize=10, pad=16)
    ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)


def _loss(values: np.ndarray, bottom: float) -> np.ndarray:
    """Return the values above the bottom, with NaN where a logarithmic axis has no place."""
    with np.errstate(all="ignore"):
        loss = values - bottom
    return np.where(np.isfinite(loss) & (loss > 0), loss, np.nan)


def _bottom(entries: list[tuple[Descent, int]]) -> tuple[float, str]:
    """Return what is taken off all values, so that a logarithmic axis has a place for them.

    It is the lowest minimum that is known; where a path goes lower, the lowest value of any.
    """
    formula = entries[0][0].formula
    values = np.concatenate([run.by_start(run.values)[s] for run, s in entries])
    values = values[np.isfinite(values)]
    starts = [abs(float(run.by_start(run.values)[s][0])) for run, s in entries]
    height = max((start for start in starts if math.isfinite(start)), default=0.0)
    points = [point[0] if len(point) == 1 else point for point in _minima(entries)]
    heights = [float(formula(point)) for point in points]
    heights = [value for value in heights if math.isfinite(value)]
    if heights:
        lowest = min(heights)
        if not values.size or values.min() >= lowest - _LOWER * max(height, abs(lowest)):
            # Newton's minimum of a sum of squares is 0 but for rounding
            if abs(lowest) <= 2.0**-60 * height:
                return 0.0, "f"
            is_one = max(heights) - lowest <= _LOWER * max(height, abs(lowest))
            return lowest, f"f − f at the {'' if is_one else 'lowest '}minimum"
    if heights or (values.size and values.min() <= 0):
        return float(values.min()), "f − its lowest value here"
    return 0.0, "f"


def _log_axis(ax: Any, values: np.ndarray) -> None:
    known = values[np.isfinite(values) & (values > 0)]
    ax.set_yscale("log")
    if not known.size:
        ax.set_ylim(1e-16, 1)
        return
    low, high = float(known.min()), float(known.max())
    room = (high / low) ** 0.05 if high / low < math.inf else 1e10
    room = max(room, 1.5)
    low, high = max(low / room, TINY), min(high * room if high < HUGE / room else HUGE, HUGE)
    ax.set_ylim(low, high)
    ticks(ax.yaxis, low, high)


def _say_what_is_left_out(
    ax: Any, losses: np.ndarray, values: np.ndarray, *, where: str, lowest: str
) -> None:
    """Say how many values a logarithmic axis has no place for, and why if it is all of them.

    Parameters
    ----------
    ax : Axes
        The panel.
    losses, values : float64 array
        What is drawn, NaN where it isn't, and the f that it is made from.
    where, lowest : str
        What is said where f is finite nowhere, and where it is nowhere above the bottom.
    """
    finite = np.isfinite(values)
    if np.isfinite(losses).any():
        count = int((finite & ~np.isfinite(losses)).sum())
        if count:
            text = f"not drawn: {count:,} of {len(values):,} values, not above 0 here"
            ax.text(1, 1.01, text, transform=ax.transAxes, ha="right", va="bottom", fontsize=8)
        return
    if not finite.any():
        text = f"f has no finite value {where}"
    elif finite.all():
        text = lowest
    else:
        text = "f is at its lowest wherever it is finite"
    box = {"facecolor": "white", "edgecolor": "#BBBBBB", "pad": 5}
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", bbox=box)


def _factors(ax: Any, entries: list[tuple[Descent, int]]) -> None:
    """Draw the factor of a step against the rate: predicted as a line, observed as markers."""
    run, s = entries[0]
    theory = run.theories[s]
    low, high = _rates(entries)
    if theory.where == "minimum":
        from symnum.descending.theory import steep

        line, factors = _predicted(steep(theory.eigenvalues), low, high, run.momentum)
        factors = np.maximum(factors, 1.0) if theory.is_slow else factors
        shown = np.minimum(factors, 2 * _TOP)  # far above the picture
        ax.plot(line, shown, color="#333333", linewidth=1.2, label="predicted by the Hessian")
    for i, (label, style) in enumerate(_by_gradient(entries)):
        group = [(run, s) for run, s in entries if run.gradient == label]
        x = np.array([run.rate for run, _ in group])
        y = np.array([run.judgements[s].factor for run, s in group])
        _markers(ax, x, np.where(y > _TOP, np.nan, y), label, style, i)
        above = y > _TOP
        if above.any():  # at the picture's upper edge
            edge = np.full(int(above.sum()), 0.985 * _TOP)
            _markers(ax, x[above], edge, None, {**style, "marker": "^"}, i)
            if "above the picture" not in ax.get_legend_handles_labels()[1]:
                ax.plot([], [], "^", color="#333333", markersize=9, label="above the picture")
    ax.axhline(1.0, color="#7F7F7F", linewidth=0.8, label="factor 1: no closer, no farther")
    _mark_stable(ax, theory)
    _rate_axis(ax, low, high)
    ax.set_ylim(-0.02 * _TOP, _TOP)
    ax.set_xlabel("rate")
    ax.set_ylabel("factor of a step")
    ax.set_title("what a step multiplies the distance by", loc="left", fontsize=10)


def _rate_axis(ax: Any, low: float, high: float) -> None:
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ticks(ax.xaxis, low, high)


def _rates(entries: list[tuple[Descent, int]]) -> tuple[float, float]:
    """Return the ends of an axis of rates: those asked for and the largest stable one."""
    run, s = entries[0]
    rates = [run.rate for run, _ in entries]
    stable = run.theories[s].stable_rate
    shown = [*rates, stable] if 0 < stable < math.inf else rates
    return max(min(shown) / _ROOM, TINY), min(max(shown) * _ROOM, HUGE)


def _predicted(
    eigenvalues: np.ndarray, low: float, high: float, momentum: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return rates, close to each other and with the kinks, and the largest factor at each."""
    from symnum.descending.theory import factor_of

    least, most = float(eigenvalues.min()), float(eigenvalues.max())
    with np.errstate(all="ignore"):
        # where one eigenvalue's factor is 0, and where two of them are alike
        kinks = np.array([1 / most, 2 / (least + most), (1 + momentum) * 2 / (least + most)])
        kinks = np.append(kinks, (1 + np.array([-1, 1]) * math.sqrt(momentum)) ** 2 / most)
    kinks = kinks[np.isfinite(kinks) & (kinks > low) & (kinks < high)]
    rates = np.unique(np.concatenate([np.geomspace(low, high, _DENSE), kinks]))
    ends = {least, most}
    factors = [max(factor_of(e, float(rate), momentum) for e in ends) for rate in rates]
    return rates, np.array(factors)


def _markers(
    ax: Any,
    x: np.ndarray,
    y: np.ndarray,
    label: str | None,
    style: dict[str, Any],
    i: int,
    **options: Any,
) -> None:
    """Draw what was observed; what is drawn first is larger and hollow, and seen round the rest."""
    look = {
        "linestyle": "none",
        "color": style["color"],
        "marker": style["marker"],
        "markersize": max(12.0 - 4.0 * i, 5.0),
        "markerfacecolor": "none" if i == 0 else style["color"],
        "markeredgewidth": 1.8 if i == 0 else 0.8,
    }
    ax.plot(x, y, label=label, zorder=4 + i, **look, **options)


def _last_losses(ax: Any, entries: list[tuple[Descent, int]]) -> None:
    """Draw the loss at the end of each run against its rate."""
    bottom, name = _bottom(entries)
    ends = np.array([run.by_start(run.values)[s][-1] for run, s in entries])
    starts = np.array([run.by_start(run.values)[s][0] for run, s in entries])
    _rate_axis(ax, *_rates(entries))
    _log_axis(ax, np.concatenate([_loss(ends, bottom), _loss(starts, bottom)]))
    if not np.isfinite(_loss(ends, bottom)).any():
        _say_what_is_left_out(
            ax, _loss(ends, bottom), ends,
            where="at the end of any run", lowest="f ends at its lowest value",
        )  # fmt: skip
    for i, (label, style) in enumerate(_by_gradient(entries)):
        group = [(run, s) for run, s in entries if run.gradient == label]
        values = np.array([run.by_start(run.values)[s][-1] for run, s in group])
        x = np.array([run.rate for run, _ in group])
        _markers(ax, x, _loss(values, bottom), label, style, i)
        # what the axis has no place for stands at its edges
        for there, y, marker, name_of_it in (
            (~np.isfinite(values), 0.97, "x", "not finite"),
            (
                np.isfinite(values) & (values <= bottom),
                0.03,
                "v",
                "not above 0: at the lowest value",
            ),
        ):
            if there.any():
                edge = np.full(int(there.sum()), y)
                look = {**style, "marker": marker}
                _markers(ax, x[there], edge, None, look, i, transform=ax.get_xaxis_transform())
                if name_of_it not in ax.get_legend_handles_labels()[1]:
                    ax.plot([], [], marker, color="#333333", markersize=9, label=name_of_it)
    run, s = entries[0]
    first = float(run.by_start(run.values)[s][0] - bottom)
    if first > 0:
        ax.axhline(first, color="#7F7F7F", linewidth=0.8)
        ax.annotate("at the start", (0.01, first), (0, 3), xycoords=("axes fraction", "data"),
                    textcoords="offset points", fontsize="small", color="#444444")  # fmt: skip
    _mark_stable(ax, run.theories[s])
    ax.set_xlabel("rate")
    ax.set_ylabel(f"{name} at the end", parse_math=False)
    ax.set_title(f"loss after {run.steps} steps", loc="left", fontsize=10)


def _mark_stable(ax: Any, theory: Theory) -> None:
    if math.isfinite(theory.stable_rate):
        name = f"largest stable rate {short(theory.stable_rate, 3)}"
        ax.axvline(
            theory.stable_rate, color="#CC79A7", linestyle=(0, (1, 1.5)), linewidth=1.6, label=name
        )


def _by_gradient(entries: list[tuple[Descent, int]]) -> list[tuple[str, dict[str, Any]]]:
    labels = list(dict.fromkeys(run.gradient for run, _ in entries))
    return [(label, LINE_STYLES[i % len(LINE_STYLES)]) for i, label in enumerate(labels)]
