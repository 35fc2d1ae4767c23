"""A function as a picture: a curve with tangents and secants, a surface, contours, a field."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.errors import UsageError
from symnum.pictures import Axis, Curve, Field, Mark, Secant, Surface, picture
from symnum.report.axes import cut, in_units, our_style, picture_path, save, unit_of
from symnum.report.derivatives import derivative_name
from symnum.report.numbers import double, measured, short

if TYPE_CHECKING:
    from pathlib import Path

    from symnum.differences.schemes import Scheme
    from symnum.formula.formula import Formula

# Okabe and Ito's colours differ for colour-blind eyes; line styles and numbers differ in greyscale.
_TANGENTS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7")
_SECANTS = ("#E69F00", "#56B4E9", "#7F7F7F", "#CC79A7")
_DASHES = ("--", "-.", ":", (0, (6, 1.5, 1, 1.5, 1, 1.5)))
_END = {"markersize": 8.5, "markerfacecolor": "none", "markeredgewidth": 1.8}
_TOUCHES = {"marker": "o", "markersize": 9, "markeredgecolor": "white"}
_SURFACE = "cividis"  # the same to colour-blind eyes, and lighter upwards in greyscale
_ERRORS = "viridis"
_LONGEST_NAME = 24  # characters of a variable's name that a picture has room for
_TOO_FAR = 8.0  # curve heights: where a pole goes further than this, the picture ends earlier
_OUTSIDE = 10.0  # picture heights that a line towards a pole goes on outside it
_BESIDE = 0.5  # range widths: a point that is no further away is shown beside curve and surface
_SMALL = 2.0**-8  # times this, sums of doubles stay among the doubles
_MANY_TURNS = 0.2  # of the samples: so often turns a function that is too fast for them
_WINDOW = 12  # samples: where f turns at more than half of them it is too fast
_MANY_INFINITE = 0.05  # of the samples on a grid: fewer are poles
_COMPRESSED = 4.0  # arrows that differ by more than this factor are drawn less different
_DOT = 1e-3  # parts of the picture's width and height: what is smaller is drawn as a dot
_STEEP = 1.5  # |f| rises by more than this from sample to sample towards a pole
_STEEPEST = 1e200  # a steeper line can't be told from an upright one, and overflows
_SMALLEST = 1e-320  # the end of a logarithmic colour scale, inside the doubles


def plot_formula(
    formula: Formula,
    path_or_ax: Any = None,
    *,
    kind: str | None = None,
    ranges: Any = None,
    tangents: Any = (),
    secants: Any = (),
    at: Any = (),
    scheme: Scheme | str | None = None,
    minus: bool = False,
    show: bool = False,
) -> Any:
    """Draw a formula; the parameters are those of `Formula.plot`."""
    path, target = _target(path_or_ax)
    kind, shown = picture(formula, kind, ranges, tangents, secants, at, scheme, minus)
    ax = draw(kind, shown, target, path, window=show)
    if show:
        import matplotlib.pyplot as plt

        plt.show()
    return ax if path is None else path


def draw(
    kind: str,
    shown: Curve | Surface | Field,
    target: Any = None,
    path: Path | None = None,
    *,
    window: bool = False,
) -> Any:
    """Draw finished data into axes, a figure, or a new figure, and into a file if one is given.

    Parameters
    ----------
    kind : str
        One of `symnum.pictures.KINDS`.
    shown : Curve, Surface or Field
        What to draw.
    target : matplotlib.axes.Axes or matplotlib.figure.Figure, optional
        Where; a new figure without it.
    path : Path, optional
        A file to write the figure into.
    window : bool
        Whether a new figure is one that pyplot can show.

    Returns
    -------
    Axes
        Those that were drawn into.
    """
    with our_style() if target is None else nullcontext():
        ax = _axes(kind, target, window)
        if isinstance(shown, Curve):
            _curve(ax, shown)
        elif isinstance(shown, Field):
            _field(ax, shown)
        elif kind == "contour":
            _contour(ax, shown)
        else:
            _surface(ax, shown)
        _legend(ax, own=target is None)
        if path is not None:
            save(ax.figure, path)
    return ax


def lines_of(shown: Curve | Surface | Field) -> list[str]:
    """Return what the picture says in words: one line a tangent, secant or marked point."""
    lines = []
    if isinstance(shown, Curve):
        names = (shown.axis.name,)
        lines += [f"tangent at {mark_text(mark, names)}" for mark in shown.tangents]
        lines += [f"secant from {secant_text(secant, names[0])}" for secant in shown.secants]
        lines += [mark_text(mark, names) for mark in shown.marks]
        return lines
    backdrop = shown.backdrop if isinstance(shown, Field) else shown
    first, second = (axis.name for axis in backdrop.axes)
    lines += [mark_text(mark, (first, second)) for mark in backdrop.marks]
    if isinstance(shown, Field) and shown.error is not None:
        known = shown.error[np.isfinite(shown.error)]
        if known.size:
            lines.append(
                f"error of {shown.scheme} at {known.size} points: largest {measured(known.max())}, "
                f"median {measured(np.median(known))}"
            )
    return lines


def mark_text(mark: Mark, names: tuple[str, ...]) -> str:
    """Return a point with its exact partial derivatives, such as "x = 5: df/dx = 0.2"."""
    where = ", ".join(f"{n} = {double(x)}" for n, x in zip(names, mark.point, strict=True))
    slopes = ", ".join(
        f"{derivative_name((name,), None)} "
        + (f"= {double(value)}" if math.isfinite(value) else f"has no value ({status})")
        for name, value, status in zip(names, mark.partials, mark.statuses, strict=True)
    )
    return f"{where}: {slopes}"


def secant_text(secant: Secant, name: str) -> str:
    """Return a secant with its error, such as "x = 5, h = 1: slope 0.21, error 0.01"."""
    where = f"{name} = {double(secant.x)}, h = {double(secant.h)}"
    if secant.x + secant.h == secant.x:
        slope = double(secant.slope)
        return f"{where}: none, for {name} + h == {name} in float64 (the quotient is {slope})"
    error = "no derivative to compare with"
    if math.isfinite(secant.error):
        error = f"error {'-' if secant.error < 0 else ''}{measured(abs(secant.error))}"
    slope = double(secant.slope) if math.isfinite(secant.slope) else "has no value"
    return f"{where}: slope {slope}, {error}"


# --- where to draw --------------------------------------------------------------------------------


def _target(path_or_ax: Any) -> tuple[Path | None, Any]:
    if path_or_ax is None:
        return None, None
    if isinstance(path_or_ax, str | PathLike):
        return picture_path(path_or_ax), None
    if hasattr(path_or_ax, "add_subplot") or hasattr(path_or_ax, "set_xscale"):
        return None, path_or_ax
    msg = (
        "plot draws into a file, Matplotlib axes or a Matplotlib figure, not into "
        f"{type(path_or_ax).__name__}"
    )
    raise UsageError(msg)


def _axes(kind: str, target: Any, window: bool) -> Any:
    projection = "3d" if kind == "surface" else None
    if target is None or hasattr(target, "add_subplot"):
        figure = target
        if figure is None:
            size = (7.6, 6.4) if kind != "curve" else (8.0, 5.8)
            # axes of equal scales leave room beside them, which "compressed" takes away
            layout: Any = "compressed" if kind in {"contour", "field"} else "constrained"
            if window:
                import matplotlib.pyplot as plt

                figure = plt.figure(figsize=size, layout=layout)
            else:
                from matplotlib.figure import Figure

                figure = Figure(figsize=size, layout=layout)
        return figure.add_subplot(projection=projection)
    is_solid = hasattr(target, "plot_surface")
    if is_solid != (kind == "surface"):
        msg = (
            "a surface needs axes in three dimensions: figure.add_subplot(projection='3d')"
            if kind == "surface"
            else f"a {kind} needs flat axes; these are in three dimensions"
        )
        raise UsageError(msg)
    return target


def _title(ax: Any, title: str, formula: str) -> None:
    """Write what it is, and the formula below it; names are text and never typeset."""
    ax.set_title(
        f"{cut(title, 90)}\n{cut(f'f = {formula}', 90)}",
        loc="left",
        fontsize=11,
        parse_math=False,
    )


def _legend(ax: Any, own: bool) -> None:
    """Write the legend below a picture of our own, and inside axes that are the user's."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    if own:
        legend = ax.figure.legend(
            handles, labels, loc="outside lower center", fontsize=9.5, handlelength=2.6
        )
    else:
        legend = ax.legend(handles, labels, fontsize="small")
        legend.set_in_layout(False)  # it takes no room away from the user's other axes
    for text in legend.get_texts():
        text.set_parse_math(False)


def _halo() -> list[Any]:
    """Return what keeps text readable on whatever lies behind it."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=3, foreground="white")]


# --- units and room -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Units:
    """What is 1 on the axes of a picture: of the variables, and of f."""

    variables: tuple[float, ...]
    f: float

    def slope(self, slope: float, variable: int = 0) -> float:
        """Return a slope as it is drawn."""
        if not math.isfinite(slope):
            return slope
        drawn = Fraction(slope) * Fraction(self.variables[variable]) / Fraction(self.f)
        try:
            return float(drawn)
        except OverflowError:
            return math.inf


def _unit_of_axis(axis: Axis) -> float:
    return unit_of(axis.low, axis.high)


def _is_near(x: float, axis: Axis, beside: float = _BESIDE) -> bool:
    """Tell whether a point of an axis is shown: within the range, or not far beside it."""
    room = beside * (axis.high * _SMALL - axis.low * _SMALL)
    return bool(axis.low * _SMALL - room <= x * _SMALL <= axis.high * _SMALL + room)


def _outside(label: str, shown: bool) -> str:
    return label if shown else f"{label} (outside the picture)"


def _say(ax: Any, text: str, *, empty: bool) -> None:
    """Write into the middle of an empty picture, and at the top of one that isn't."""
    write = ax.text2D if hasattr(ax, "text2D") else ax.text
    write(
        0.5,
        0.5 if empty else 0.99,
        text,
        transform=ax.transAxes,
        ha="center",
        va="center" if empty else "top",
        bbox={"facecolor": "white", "edgecolor": "#BBBBBB", "pad": 5},
        zorder=9,
        parse_math=False,
    )


def _say_what_is_missing(ax: Any, values: np.ndarray, infinite: int, samples: int) -> None:
    """Say that f has no finite value at all, or that float64 gives infinity at many samples."""
    if not np.isfinite(values).any():
        text = "f has no finite value in this range"
        if infinite:
            text += f":\nfloat64 gives infinity at {infinite:,} of {samples:,} samples"
        _say(ax, text, empty=True)
    elif infinite:
        _say(ax, f"float64 gives infinity at {infinite:,} of {samples:,} samples", empty=False)


# --- a curve --------------------------------------------------------------------------------------


def _curve(ax: Any, curve: Curve) -> None:
    name = cut(curve.axis.name, _LONGEST_NAME)
    ax.grid(color="#E3E3E3", linewidth=0.6)
    ax.set_axisbelow(True)
    low, high = _height(curve)
    units = _Units((_unit_of_axis(curve.axis),), unit_of(low, high))
    _limits(ax, curve, units, low / units.f, high / units.f)
    lines = curve.tangents or curve.secants or curve.marks
    x, y = _within(curve, units, *ax.get_ylim())
    label = "f" if lines else None
    ax.plot(x, y, color="black", linewidth=2.2, label=label, zorder=3, scaley=False, scalex=False)
    _dots(ax, x, y)
    for k, mark in enumerate(curve.tangents):
        style = {"color": _TANGENTS[k % 4], "linewidth": 1.6, **_TOUCHES}
        label = f"tangent at {mark_text(mark, (name,))}"
        _line(ax, curve, units, (mark.point[0], mark.value), mark.partials[0], label, style)
    for k, secant in enumerate(curve.secants):
        _secant(ax, curve, units, secant, k, name)
    for k, mark in enumerate([*curve.tangents, *curve.marks]):
        is_tangent = k < len(curve.tangents)
        color = _TANGENTS[k % 4]
        label = None if is_tangent else mark_text(mark, (name,))
        _point(ax, curve, units, mark, color, label)
    ax.set_xlabel(in_units(name, units.variables[0]), parse_math=False)
    ax.set_ylabel(in_units(f"f({name})", units.f), parse_math=False)
    _title(ax, _curve_title(curve), curve.formula)
    _say_what_is_missing(ax, curve.y, curve.infinite, curve.axis.count)
    _say_what_is_too_fast(ax, curve, name, gaps=len(x) > len(curve.x))


def _within(
    curve: Curve, units: _Units, bottom: float, top: float
) -> tuple[np.ndarray, np.ndarray]:
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


def _say_what_is_too_fast(ax: Any, curve: Curve, name: str, *, gaps: bool) -> None:
    """Say where f goes up and down from sample to sample, so that the line is not all of f."""
    known = np.isin(curve.x, curve.axis.samples())
    x, y = curve.x[known], curve.y[known] * _SMALL
    steps = np.sign(np.diff(y))
    turns = steps[1:] * steps[:-1] < 0
    if turns.sum() > _MANY_TURNS * len(x):
        where = "f turns"
    elif len(turns) > _WINDOW:
        near = np.convolve(turns, np.ones(_WINDOW), "valid")
        densest = int(near.argmax())
        if near[densest] <= _WINDOW / 2:
            where = "f jumps" if gaps else ""
        else:
            middle = short(float(x[densest + _WINDOW // 2 + 1]), 2)
            where = f"near {name} = {middle} f turns"
    else:
        where = ""
    if where:
        _say(ax, f"{where} between samples: not all of it is seen", empty=False)


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


def _secant(ax: Any, curve: Curve, units: _Units, secant: Secant, k: int, name: str) -> None:
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
        if _is_near(x, curve.axis) and math.isfinite(value)
    ]
    if ends:
        ax.plot(*zip(*ends, strict=True), "s", zorder=7, **_END, markeredgecolor=color)


def _line(
    ax: Any,
    curve: Curve,
    units: _Units,
    start: tuple[float, float],
    slope: float,
    label: str,
    style: dict[str, Any],
) -> None:
    """Draw a line across the picture without moving its limits; only a label without a slope.

    The label shows the line with the marker that stands on it.
    """
    x, y = start
    shown = _is_near(x, curve.axis)
    if math.isfinite(y) and math.isfinite(slope):
        label = _outside(label, shown)
        drawn = units.slope(slope)
        if shown and abs(drawn) < _STEEPEST:
            point = (x / units.variables[0], y / units.f)
            look = {key: value for key, value in style.items() if not key.startswith("marker")}
            ax.axline(point, slope=drawn, zorder=4, **look)
            ax.plot([], [], label=label, **style)
            return
    ax.plot([], [], label=label, **{**style, "linestyle": "none"})


def _point(ax: Any, curve: Curve, units: _Units, mark: Mark, color: str, label: str | None) -> None:
    (x,), y = mark.point, mark.value
    shown = _is_near(x, curve.axis)
    style = {"color": color, "markeredgecolor": "white", "markersize": 9, "zorder": 6}
    at: tuple[Any, Any] = ([], [])
    if shown and math.isfinite(y):
        at = ([x / units.variables[0]], [y / units.f])
    label = None if label is None else _outside(label, shown)
    ax.plot(*at, "o", label=label, **style)


def _height(curve: Curve) -> tuple[float, float]:
    """Return the lowest and highest value to show; a pole ends where it dwarfs the rest."""
    known = np.isfinite(curve.y)
    if not known.any():
        return 0.0, 0.0
    y = curve.y[known] * _SMALL
    low, high = float(y.min()), float(y.max())
    # of the even samples alone: those that lead up to a pole lie there as close as can be
    even = y[np.isin(curve.x[known], curve.axis.samples())]
    inner = np.percentile(even if even.size else y, [4, 96]).tolist()
    tall = inner[1] - inner[0]
    if tall > 0 and high - low > _TOO_FAR * tall and _is_pole(curve):
        low, high = max(low, inner[0] - tall / 4), min(high, inner[1] + tall / 4)
    marks = [*curve.tangents, *curve.marks]
    ends = [(mark.point[0], mark.value * _SMALL) for mark in marks]
    for secant in curve.secants:
        end = secant.value * _SMALL + secant.slope * (secant.h * _SMALL)
        ends += [(secant.x, secant.value * _SMALL), (secant.x + secant.h, end)]
    shown = [y for x, y in ends if math.isfinite(y) and _is_near(x, curve.axis)]
    low, high = min([low, *shown]), max([high, *shown])
    largest = np.finfo(float).max * _SMALL
    return max(low, -largest) / _SMALL, min(high, largest) / _SMALL


def _limits(ax: Any, curve: Curve, units: _Units, low: float, high: float) -> None:
    """Show the range, and points that are not far beside it."""
    x = [curve.axis.low, curve.axis.high]
    x += [mark.point[0] for mark in [*curve.tangents, *curve.marks]]
    x += [end for secant in curve.secants for end in (secant.x, secant.x + secant.h)]
    shown = [end / units.variables[0] for end in x if _is_near(end, curve.axis)]
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


# --- two variables --------------------------------------------------------------------------------


def _names(surface: Surface) -> tuple[str, str]:
    first, second = surface.axes
    return cut(first.name, _LONGEST_NAME), cut(second.name, _LONGEST_NAME)


def _units_of(surface: Surface, low: float, high: float) -> _Units:
    return _Units(tuple(_unit_of_axis(axis) for axis in surface.axes), unit_of(low, high))


def _surface(ax: Any, surface: Surface) -> None:
    low, high = _heights(surface)
    units = _units_of(surface, low, high)
    z = surface.z / units.f
    low, high = low / units.f, high / units.f
    # where a pole dwarfs the rest, the surface ends, and no wall joins its two sides
    z = np.where((z < low) | (z > high) | _sides_of_poles(z), np.nan, z)
    known = z[np.isfinite(z)]
    low, high = (float(known.min()), float(known.max())) if known.size else (low, high)
    first, second = (
        at / unit for at, unit in zip((surface.x, surface.y), units.variables, strict=True)
    )
    if np.isfinite(z).any():
        ax.plot_surface(
            *np.meshgrid(first, second),
            np.ma.masked_invalid(z),
            cmap=_SURFACE,
            vmin=low,
            vmax=high if high > low else low + 1.0,
            rcount=60,
            ccount=60,
            linewidth=0.25,
            edgecolor="#FFFFFF70",
            alpha=0.82,
            zorder=1,
        )
    else:
        ax.set_xlim(first[0], first[-1])
        ax.set_ylim(second[0], second[-1])
    ax.computed_zorder = False  # the marks would vanish behind the surface that they lie on
    for k, mark in enumerate(surface.marks):
        _solid_point(ax, surface, units, (low, high), k, mark)
    if any(_are_near(mark, surface) for mark in surface.marks):
        black = {"color": "black"}
        ax.plot([], [], [], linewidth=2.2, label="slopes: exact partial derivatives", **black)
        ax.plot([], [], [], ":", linewidth=0.9, label="straight down to the lowest f", **black)
    names = zip(_names(surface), units.variables, strict=True)
    first_name, second_name = (in_units(name, unit) for name, unit in names)
    ax.set_xlabel(first_name, parse_math=False, labelpad=4)
    ax.set_ylabel(second_name, parse_math=False, labelpad=4)
    ax.set_zlabel(in_units("f", units.f), labelpad=4)
    ax.view_init(elev=28, azim=-58)
    ax.set_box_aspect(None, zoom=1.0)
    heading = " and exact partial derivatives" if surface.marks else ""
    _title(ax, f"Surface of f{heading}", surface.formula)
    _say_what_a_grid_lacks(ax, surface)


def _solid_point(
    ax: Any, surface: Surface, units: _Units, heights: tuple[float, float], k: int, mark: Mark
) -> None:
    """Mark a point on a surface, with short lines whose slopes are its partial derivatives."""
    color, label = _TANGENTS[k % 4], _numbered(k, mark, surface)
    shown = _are_near(mark, surface)
    if not (shown and math.isfinite(mark.value)):
        ax.plot([], [], [], "o", color=color, label=_outside(label, shown))
        return
    low, high = heights
    a, b = (x / unit for x, unit in zip(mark.point, units.variables, strict=True))
    c = mark.value / units.f
    for index, (slope, axis) in enumerate(zip(mark.partials, surface.axes, strict=True)):
        drawn = units.slope(slope, index)
        if math.isfinite(drawn):
            unit = units.variables[index]
            reach = 0.16 * (axis.high / unit - axis.low / unit)
            # a steep tangent is as short as fits into the height
            reach = min(reach, 0.25 * (high - low) / abs(drawn)) if drawn else reach
            ends = np.array([-reach, reach])
            along = (a + ends, [b, b]) if index == 0 else ([a, a], b + ends)
            ax.plot(*along, c + drawn * ends, color="black", linewidth=2.2, zorder=5)
    ax.plot([a, a], [b, b], [low, c], ":", color="black", linewidth=0.9, zorder=4)
    style = {"color": color, "markeredgecolor": "white", "markersize": 9, "zorder": 6}
    ax.plot([a], [b], [c], "o", label=label, **style)
    ax.text(a, b, c, f"   {k + 1}", fontsize=11, fontweight="bold", path_effects=_halo(), zorder=7)


def _are_near(mark: Mark, surface: Surface, beside: float = _BESIDE) -> bool:
    pairs = zip(mark.point, surface.axes, strict=True)
    return all(_is_near(x, axis, beside) for x, axis in pairs)


def _say_what_a_grid_lacks(ax: Any, surface: Surface) -> None:
    many = surface.infinite > _MANY_INFINITE * surface.z.size
    _say_what_is_missing(ax, surface.z, surface.infinite if many else 0, surface.z.size)


def _numbered(k: int, mark: Mark, surface: Surface) -> str:
    return f"{k + 1}:  {mark_text(mark, _names(surface))}"


def _heights(surface: Surface, room: float = 1.0) -> tuple[float, float]:
    """Return the lowest and highest value to show; a pole ends where it dwarfs the rest.

    `room` is what a pole takes above and below most values, in heights of these.
    """
    known = surface.z[np.isfinite(surface.z)] * _SMALL
    if not known.size:
        return 0.0, 0.0
    low, high = float(known.min()), float(known.max())
    is_pole = known.size < surface.z.size or _walls(surface.z * _SMALL, low / 8, high / 8).any()
    inner = np.percentile(known, [6, 94] if is_pole and room < 1 else [2, 98])
    tall = float(inner[1] - inner[0])
    if tall > 0 and high - low > (_TOO_FAR if is_pole and room < 1 else 50) * tall:
        low = max(low, float(inner[0] - room * tall))
        high = min(high, float(inner[1] + room * tall))
    largest = np.finfo(float).max * _SMALL
    return max(low, -largest) / _SMALL, min(high, largest) / _SMALL


def _sides_of_poles(z: np.ndarray) -> np.ndarray:
    """Return where the sign changes between samples to which |f| rises steeply from both sides."""
    found = np.zeros(z.shape, dtype=bool)
    for rows, sides in ((z, found), (z.T, found.T)):
        size = np.abs(rows)
        with np.errstate(invalid="ignore"):
            rises = size[1:] > _STEEP * size[:-1]
            falls = size[:-1] > _STEEP * size[1:]
            opposite = rows[1:-2] * rows[2:-1] < 0
        pole = rises[:-2] & falls[2:] & opposite
        sides[1:-2] |= pole
        sides[2:-1] |= pole
    return found


def _contours(ax: Any, surface: Surface, filled: bool) -> None:
    low, high = _heights(surface, 0.25)
    units = _units_of(surface, low, high)
    z, low, high = surface.z / units.f, low / units.f, high / units.f
    known = z[np.isfinite(z)]
    _say_what_a_grid_lacks(ax, surface)
    if not known.size:
        return
    if low == high:
        _say(
            ax, f"f = {double(float(surface.z[np.isfinite(surface.z)][0]))} everywhere", empty=True
        )
        return
    from matplotlib.ticker import MaxNLocator

    levels = MaxNLocator(11 if filled else 9).tick_values(low, high)
    at = tuple(
        samples / unit
        for samples, unit in zip((surface.x, surface.y), units.variables, strict=True)
    )
    walls = _walls(z, float(levels[0]), float(levels[-1]))
    values = np.ma.masked_invalid(np.where(walls, np.nan, z))
    if filled:
        ends = (bool(known.min() < levels[0]), bool(known.max() > levels[-1]))
        extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}
        beyond = extend.get(ends, "both")
        shades = ax.contourf(*at, values, levels, cmap=_SURFACE, extend=beyond, zorder=1)
        bar = ax.figure.colorbar(shades, ax=ax, pad=0.02)
        bar.set_label(in_units("f", units.f))
        ax.contour(*at, values, levels, colors="#FFFFFF", linewidths=0.5, zorder=2)
        return
    lines = ax.contour(*at, values, levels, colors="#9A9A9A", linewidths=0.8, zorder=1)
    # above the arrows, with a halo: they would be cut to pieces
    texts = ax.clabel(lines, fontsize=8, fmt=lambda z: _level(z, units.f), zorder=5)
    for text in texts:
        text.set_color("#555555")
        text.set_path_effects(_halo())


def _level(value: float, unit: float) -> str:
    """Return the f of a contour."""
    return short(value, 3) if unit == 1 else f"{short(value, 3)}·{double(unit)}"


def _walls(z: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return where values go from above the scale to below it in one step, as at a pole."""
    with np.errstate(invalid="ignore"):
        side = np.where(z > high, 1, np.where(z < low, -1, 0))
    wall = np.zeros(z.shape, dtype=bool)
    for axis in (0, 1):
        one, other = (np.delete(side, end, axis=axis) for end in (-1, 0))
        opposite = one * other < 0
        for k, end in enumerate((-1, 0)):
            pad = np.zeros_like(np.take(side, [end], axis=axis), dtype=bool)
            wall |= np.concatenate([opposite, pad] if k == 0 else [pad, opposite], axis=axis)
    return wall


def _flat(ax: Any, surface: Surface, title: str, beside: float = 0.0) -> None:
    """Finish flat axes: marked points, names, limits and scales.

    `beside` is the room round the range, in range widths, that arrows need.
    """
    units = _units_of(surface, 0.0, 0.0).variables
    for k, mark in enumerate(surface.marks):
        shown = _are_near(mark, surface, beside)
        style = {"color": _TANGENTS[k % 4], "markeredgecolor": "white", "markersize": 10}
        point = [x / unit for x, unit in zip(mark.point, units, strict=True)]
        at = [[x] for x in point] if shown else [[], []]
        label = _outside(_numbered(k, mark, surface), shown)
        ax.plot(*at, "o", label=label, zorder=6, clip_on=False, **style)
        if shown:
            ax.annotate(
                f"{k + 1}",
                point,
                (8, 6),
                textcoords="offset points",
                fontsize=11,
                fontweight="bold",
                path_effects=_halo(),
                zorder=7,
            )
    first, second = (
        in_units(name, unit) for name, unit in zip(_names(surface), units, strict=True)
    )
    ax.set_xlabel(first, parse_math=False)
    ax.set_ylabel(second, parse_math=False)
    ends = [
        (axis.low / unit, axis.high / unit) for axis, unit in zip(surface.axes, units, strict=True)
    ]
    for (low, high), limit in zip(ends, (ax.set_xlim, ax.set_ylim), strict=True):
        limit(low - beside * (high - low), high + beside * (high - low))
    wide, tall = (high - low for low, high in ends)
    if 1 / 3 <= wide / tall <= 3 and units[0] == units[1]:
        ax.set_aspect("equal")  # so that a gradient stands upright on its contour
    _title(ax, title, surface.formula)


def _contour(ax: Any, surface: Surface) -> None:
    _contours(ax, surface, filled=True)
    heading = " and exact partial derivatives" if surface.marks else ""
    _flat(ax, surface, f"Contours of f{heading}")


def _field(ax: Any, field: Field) -> None:
    _contours(ax, field.backdrop, filled=False)
    gradient = -field.gradient if field.minus else field.gradient
    known = np.isfinite(gradient).all(axis=1)
    largest = float(np.abs(gradient[known]).max(initial=0.0)) or 1.0
    gradient = gradient / largest  # only lengths held against each other are drawn
    size = np.where(known, np.hypot(*np.where(known[:, None], gradient, 0.0).T), np.nan)
    moving = known & (size > 0)
    arrows, compressed = _arrow_lengths(gradient, size, moving)
    variables = _units_of(field.backdrop, 0.0, 0.0).variables
    points = field.points / variables
    if field.error is None:
        _quiver(ax, field, points[moving], arrows[moving], color="#0072B2")
    else:
        error = field.error
        coloured = moving & np.isfinite(error) & (error > 0)
        if coloured.any():
            from matplotlib.colors import LogNorm

            least, most = float(error[coloured].min()), float(error[coloured].max())
            norm = LogNorm(max(least, _SMALLEST), max(most, least * 10.0, _SMALLEST))
            quiver = _quiver(
                ax,
                field,
                points[coloured],
                arrows[coloured],
                error[coloured],
                cmap=_dark_enough(_ERRORS),
                norm=norm,
            )
            bar = ax.figure.colorbar(quiver, ax=ax, pad=0.02)
            bar.set_label(f"|numerical − exact gradient|, {field.scheme}")
        _rest(ax, field, points, arrows, moving & (error == 0), moving & ~np.isfinite(error))
    still = known & (size == 0)
    if still.any():
        dots = points[still].T
        ax.plot(*dots, "o", color="black", markersize=3.5, zorder=4, label="gradient 0")
    if not known.all():
        ax.plot(
            *points[~known].T, "x", color="#7F7F7F", markersize=4, label="no gradient", zorder=3
        )
    sign = "Minus the gradient" if field.minus else "Gradient"
    note = "; arrow lengths compressed" if compressed else ""
    count = min(axis.count for axis in field.backdrop.axes)
    _flat(ax, field.backdrop, f"{sign} of f, exact{note}", beside=0.6 / max(count - 1, 2))


def _dark_enough(name: str) -> Any:
    """Return a colour map without its lightest part, which can't be seen on white paper."""
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap

    return ListedColormap(mpl.colormaps[name](np.linspace(0.0, 0.88, 256)), name)


def _rest(
    ax: Any,
    field: Field,
    points: np.ndarray,
    arrows: np.ndarray,
    exact: np.ndarray,
    failed: np.ndarray,
) -> None:
    """Draw the arrows that have no place on a logarithmic scale of colours."""
    for which, color, label in (
        (exact, "black", "error exactly 0"),
        (failed, "#D55E00", "the numerical gradient isn't finite"),
    ):
        if which.any():
            _quiver(ax, field, points[which], arrows[which], color=color)
            ax.plot([], [], color=color, linewidth=3, label=label)


def _arrow_lengths(
    gradient: np.ndarray, size: np.ndarray, moving: np.ndarray
) -> tuple[np.ndarray, bool]:
    """Return arrows with lengths up to 1, less different where most would be too short to see."""
    arrows = np.zeros_like(gradient)
    if not moving.any():
        return arrows, False
    with np.errstate(all="ignore"):
        part = size[moving] / size[moving].max()
        unit = gradient[moving] / size[moving, None]
    compressed = bool(np.median(part) < 1 / _COMPRESSED)
    if compressed:
        part = part**0.25
    arrows[moving] = unit * part[:, None]
    return arrows, compressed


def _quiver(
    ax: Any, field: Field, points: np.ndarray, arrows: np.ndarray, *colours: Any, **options: Any
) -> Any:
    first, second = field.backdrop.axes
    count = max(first.count, second.count)
    return ax.quiver(
        *points.T,
        *arrows.T,
        *colours,
        scale=0.62 * count,  # the longest arrow is a little longer than a cell of the grid
        scale_units="width",
        units="width",
        width=0.045 / count + 0.0012,
        headwidth=4,
        headlength=4.5,
        headaxislength=4,
        zorder=3,
        **options,
    )
