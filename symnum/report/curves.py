"""A curve with its tangents, secants and marked points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symnum.pictures import Curve, Mark, Secant
from symnum.report.axes import cut, in_units, unit_of
from symnum.report.canvas import (
    LONGEST_NAME,
    MANY,
    SMALL,
    TOO_FAR,
    WINDOW,
    Units,
    is_near,
    look_of,
    outside_text,
    say_what_is_missing,
    unit_of_axis,
    where_too_fast,
    write_title,
)
from symnum.report.function_lines import mark_text, secant_text
from symnum.report.numbers import short

_SECANTS = ("#E69F00", "#56B4E9", "#7F7F7F", "#CC79A7")
_DASHES = ("--", "-.", ":", (0, (6, 1.5, 1, 1.5, 1, 1.5)))
_END = {"markersize": 8.5, "markerfacecolor": "none", "markeredgewidth": 1.8}
_TOUCHES = {"marker": "o", "markersize": 9, "markeredgecolor": "white"}
_OUTSIDE = 10.0  # picture heights that a line towards a pole goes on outside it
_DOT = 1e-3  # parts of the picture's width and height: what is smaller is drawn as a dot
_STEEPEST = 1e200  # a steeper line can't be told from an upright one, and overflows


def draw_curve(ax: Any, curve: Curve) -> None:
    """Draw a curve with its tangents, secants and marked points."""
    name = cut(curve.axis.name, LONGEST_NAME)
    ax.grid(color="#E3E3E3", linewidth=0.6)
    ax.set_axisbelow(True)
    low, high = _height(curve)
    units = Units((unit_of_axis(curve.axis),), unit_of(low, high))
    _limits(ax, curve, units, low / units.f, high / units.f)
    lines = curve.tangents or curve.secants or curve.marks
    x, y = _within(curve, units, *ax.get_ylim())
    label = "f" if lines else None
    ax.plot(x, y, color="black", linewidth=2.2, label=label, zorder=3, scaley=False, scalex=False)
    _dots(ax, x, y)
    for k, mark in enumerate(curve.tangents):
        color, marker, line = look_of(k)
        style = {**_TOUCHES, "color": color, "linewidth": 1.6, "linestyle": line, "marker": marker}
        label = f"tangent at {mark_text(mark, (name,))}"
        _line(ax, curve, units, (mark.point[0], mark.value), mark.partials[0], label, style)
    for k, secant in enumerate(curve.secants):
        _secant(ax, curve, units, secant, k, name)
    for k, mark in enumerate([*curve.tangents, *curve.marks]):
        is_tangent = k < len(curve.tangents)
        color, marker, _ = look_of(k)
        label = None if is_tangent else mark_text(mark, (name,))
        _point(ax, curve, units, mark, (color, marker), label)
    ax.set_xlabel(in_units(name, units.variables[0]), parse_math=False)
    ax.set_ylabel(in_units(f"f({name})", units.f), parse_math=False)
    write_title(ax, _curve_title(curve), curve.formula)
    fast = _where_it_turns(curve, name, gaps=len(x) > len(curve.x))
    fast = fast or where_too_fast(curve.missed, (curve.axis,))
    say_what_is_missing(ax, curve.y, curve.infinite, curve.axis.count, fast)


def _within(curve: Curve, units: Units, bottom: float, top: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the curve as it is drawn, cut off far above and below the picture.

    If it has breaks, there is a gap also where it would cross the whole picture from one sample to
    the next: where poles are closer than samples, as those of tan(1/x), not every one was found.
    """
    room = _OUTSIDE * (top - bottom)
    with np.errstate(over="ignore"):
        x, y = curve.x / units.variables[0], np.clip(curve.y / units.f, bottom - room, top + room)
    if not curve.breaks:
        return x, y
    with np.errstate(invalid="ignore"):
        above, below = y > top, y < bottom
    across = np.flatnonzero((above[:-1] & below[1:]) | (below[:-1] & above[1:])) + 1
    middles = x[across - 1] + (x[across] - x[across - 1]) / 2
    return np.insert(x, across, middles), np.insert(y, across, np.nan)


def _where_it_turns(curve: Curve, name: str, *, gaps: bool) -> str:
    """Return where f goes up and down from sample to sample; empty where it doesn't."""
    known = np.isin(curve.x, curve.axis.samples())
    x, y = curve.x[known], curve.y[known] * SMALL
    steps = np.sign(np.diff(y))
    turns = steps[1:] * steps[:-1] < 0
    if turns.sum() > MANY * len(x):
        return "f turns"
    if len(turns) <= WINDOW:
        return ""
    near = np.convolve(turns, np.ones(WINDOW), "valid")
    densest = int(near.argmax())
    if near[densest] <= WINDOW / 2:
        return "f jumps" if gaps else ""
    middle = short(float(x[densest + WINDOW // 2 + 1]), 2)
    return f"near {name} = {middle} f turns"


def _dots(ax: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Draw values that stand alone between gaps as dots: lines so short aren't seen."""
    known = np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(int), [0]])))
    first, last = edges[::2], edges[1::2] - 1
    wide, tall = (high - low for low, high in (ax.get_xlim(), ax.get_ylim()))
    small = (np.abs(x[last] - x[first]) < _DOT * wide) & (np.abs(y[last] - y[first]) < _DOT * tall)
    if small.any():
        ax.plot(x[first[small]], y[first[small]], ".", color="black", markersize=5, zorder=3)


def _curve_title(curve: Curve) -> str:
    parts = []
    if curve.tangents:
        parts.append("exact tangents" if len(curve.tangents) > 1 else "its exact tangent")
    if curve.secants:
        parts.append("secants" if len(curve.secants) > 1 else "a secant")
    return f"f({curve.axis.name})" + (f" with {' and '.join(parts)}" if parts else "")


def _secant(ax: Any, curve: Curve, units: Units, secant: Secant, k: int, name: str) -> None:
    """Draw a secant with its two points; only a label where there is no second one."""
    color = _SECANTS[k % 4]
    style = {"color": color, "linewidth": 1.6, "linestyle": _DASHES[k % 4], "marker": "s"}
    style |= {**_END, "markeredgecolor": color}
    label = f"secant from {secant_text(secant, name)}"
    if secant.x + secant.h == secant.x:
        ax.plot([], [], label=label, color="none")
        return
    _line(ax, curve, units, (secant.x, secant.value), secant.slope, label, style)
    y = secant.value / units.f
    end = y + units.slope(secant.slope) * (secant.h / units.variables[0])
    ends = [
        (x / units.variables[0], value)
        for x, value in ((secant.x, y), (secant.x + secant.h, end))
        if is_near(x, curve.axis) and math.isfinite(value)
    ]
    if ends:
        ax.plot(*zip(*ends, strict=True), "s", zorder=7, **_END, markeredgecolor=color)


def _line(
    ax: Any,
    curve: Curve,
    units: Units,
    start: tuple[float, float],
    slope: float,
    label: str,
    style: dict[str, Any],
) -> None:
    """Draw a line across the picture without moving its limits; only a label without a slope.

    The label shows the line with the marker that stands on it.
    """
    x, y = start
    shown = is_near(x, curve.axis)
    if math.isfinite(y) and math.isfinite(slope):
        label = outside_text(label, shown)
        drawn = units.slope(slope)
        if shown and abs(drawn) < _STEEPEST:
            point = (x / units.variables[0], y / units.f)
            look = {key: value for key, value in style.items() if not key.startswith("marker")}
            ax.axline(point, slope=drawn, zorder=4, **look)
            ax.plot([], [], label=label, **style)
            return
    ax.plot([], [], label=label, **{**style, "linestyle": "none"})


def _point(
    ax: Any, curve: Curve, units: Units, mark: Mark, look: tuple[str, str], label: str | None
) -> None:
    color, marker = look
    (x,), y = mark.point, mark.value
    shown = is_near(x, curve.axis)
    style = {"color": color, "markeredgecolor": "white", "markersize": 9, "zorder": 6}
    at: tuple[Any, Any] = ([], [])
    if shown and math.isfinite(y):
        at = ([x / units.variables[0]], [y / units.f])
    label = None if label is None else outside_text(label, shown)
    ax.plot(*at, marker, label=label, **style)


def _height(curve: Curve) -> tuple[float, float]:
    """Return the lowest and highest value to show; a pole ends where it dwarfs the rest."""
    known = np.isfinite(curve.y)
    if not known.any():
        return 0.0, 0.0
    y = curve.y[known] * SMALL
    low, high = float(y.min()), float(y.max())
    # of the even samples alone: those that lead up to a pole lie there as close as can be
    even = y[np.isin(curve.x[known], curve.axis.samples())]
    inner = np.percentile(even if even.size else y, [4, 96]).tolist()
    tall = inner[1] - inner[0]
    if tall > 0 and high - low > TOO_FAR * tall and _is_pole(curve):
        low, high = max(low, inner[0] - tall / 4), min(high, inner[1] + tall / 4)
    marks = [*curve.tangents, *curve.marks]
    ends = [(mark.point[0], mark.value * SMALL) for mark in marks]
    for secant in curve.secants:
        end = secant.value * SMALL + secant.slope * (secant.h * SMALL)
        ends += [(secant.x, secant.value * SMALL), (secant.x + secant.h, end)]
    shown = [y for x, y in ends if math.isfinite(y) and is_near(x, curve.axis)]
    low, high = min([low, *shown]), max([high, *shown])
    largest = np.finfo(float).max * SMALL
    return max(low, -largest) / SMALL, min(high, largest) / SMALL


def _limits(ax: Any, curve: Curve, units: Units, low: float, high: float) -> None:
    """Show the range, and points that are not far beside it."""
    x = [curve.axis.low, curve.axis.high]
    x += [mark.point[0] for mark in [*curve.tangents, *curve.marks]]
    x += [end for secant in curve.secants for end in (secant.x, secant.x + secant.h)]
    shown = [end / units.variables[0] for end in x if is_near(end, curve.axis)]
    margin = 0.03 * (max(shown) - min(shown))
    ax.set_xlim(min(shown) - margin, max(shown) + margin)
    margin = 0.06 * (high - low) or 0.5 * abs(high) or 1.0
    ax.set_ylim(low - margin, high + margin)


def _is_pole(curve: Curve) -> bool:
    """Tell whether the largest values stand next to a gap, as at a pole, and not at an end."""
    size = np.where(np.isfinite(curve.y), np.abs(curve.y), -1.0)
    spacing = (curve.axis.high - curve.axis.low) / (curve.axis.count - 1)
    near = np.abs(curve.x - curve.x[int(size.argmax())]) <= spacing
    return bool(np.isnan(curve.y[near]).any())
