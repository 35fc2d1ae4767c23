"""A function of two variables: a surface, contours, the field of its gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symnum.pictures import Field, Mark, Surface
from symnum.report.axes import cut, in_units, unit_of
from symnum.report.canvas import (
    BESIDE,
    LONGEST_NAME,
    MANY,
    SMALL,
    TANGENTS,
    TOO_FAR,
    Units,
    halo,
    is_near,
    outside_text,
    say,
    say_what_is_missing,
    unit_of_axis,
    where_too_fast,
    write_title,
)
from symnum.report.function_lines import mark_text
from symnum.report.numbers import double, short

_SURFACE = "cividis"  # the same to colour-blind eyes, and lighter upwards in greyscale
_ERRORS = "viridis"
_MANY_INFINITE = 0.05  # of the samples on a grid: fewer are poles
_ALL_BUT_FLAT = 1e6  # heights above the typical f: contours of even levels are in a corner
_COMPRESSED = 4.0  # arrows that differ by more than this factor are drawn less different
_SEEN = 0.35  # of the longest arrow: a median below this would be lost in the grid
_STEEP = 1.5  # |f| rises by more than this from sample to sample towards a pole
_SMALLEST = 1e-320  # the end of a logarithmic colour scale, inside the doubles


def _names(surface: Surface) -> tuple[str, str]:
    first, second = surface.axes
    return cut(first.name, LONGEST_NAME), cut(second.name, LONGEST_NAME)


def _units_of(surface: Surface, low: float, high: float) -> Units:
    return Units(tuple(unit_of_axis(axis) for axis in surface.axes), unit_of(low, high))


def draw_surface(ax: Any, surface: Surface) -> None:
    """Draw a surface in three dimensions, with its marked points."""
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
    write_title(ax, f"Surface of f{heading}", surface.formula)
    _say_what_a_grid_lacks(ax, surface)


def _solid_point(
    ax: Any, surface: Surface, units: Units, heights: tuple[float, float], k: int, mark: Mark
) -> None:
    """Mark a point on a surface, with short lines whose slopes are its partial derivatives."""
    color, label = TANGENTS[k % len(TANGENTS)], _numbered(k, mark, surface)
    shown = _are_near(mark, surface)
    if not (shown and math.isfinite(mark.value)):
        ax.plot([], [], [], "o", color=color, label=outside_text(label, shown))
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
    ax.text(a, b, c, f"   {k + 1}", fontsize=11, fontweight="bold", path_effects=halo(), zorder=7)


def _are_near(mark: Mark, surface: Surface, beside: float = BESIDE) -> bool:
    pairs = zip(mark.point, surface.axes, strict=True)
    return all(is_near(x, axis, beside) for x, axis in pairs)


def _say_what_a_grid_lacks(ax: Any, surface: Surface) -> None:
    many = surface.infinite > _MANY_INFINITE * surface.z.size
    fast = where_too_fast(surface.missed, surface.axes)
    say_what_is_missing(ax, surface.z, surface.infinite if many else 0, surface.z.size, fast)


def _numbered(k: int, mark: Mark, surface: Surface) -> str:
    return f"{k + 1}:  {mark_text(mark, _names(surface))}"


def _heights(surface: Surface, room: float = 1.0) -> tuple[float, float]:
    """Return the lowest and highest value to show; a pole ends where it dwarfs the rest.

    `room` is what a pole takes above and below most values, in heights of these.
    """
    known = surface.z[np.isfinite(surface.z)] * SMALL
    if not known.size:
        return 0.0, 0.0
    low, high = float(known.min()), float(known.max())
    is_pole = known.size < surface.z.size or _walls(surface.z * SMALL, low / 8, high / 8).any()
    inner = np.percentile(known, [6, 94] if is_pole and room < 1 else [2, 98])
    tall = float(inner[1] - inner[0])
    if tall > 0 and high - low > (TOO_FAR if is_pole and room < 1 else 50) * tall:
        low = max(low, float(inner[0] - room * tall))
        high = min(high, float(inner[1] + room * tall))
    largest = np.finfo(float).max * SMALL
    return max(low, -largest) / SMALL, min(high, largest) / SMALL


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
        say(ax, f"f = {double(float(surface.z[np.isfinite(surface.z)][0]))} everywhere", empty=True)
        return
    from matplotlib.ticker import MaxNLocator

    # where f turns between samples all over, lines and their labels would be a heap of dashes
    is_noise = surface.missed is not None and surface.missed.mean() > MANY
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
        if not is_noise:
            ax.contour(*at, values, levels, colors="#FFFFFF", linewidths=0.5, zorder=2)
        return
    if is_noise:
        return
    lines = ax.contour(*at, values, levels, colors="#9A9A9A", linewidths=0.8, zorder=1)
    if (high - low) > _ALL_BUT_FLAT * float(np.median(np.abs(known))):
        return  # all lines are at one end, and their labels a heap
    # above the arrows, with a halo: they would be cut to pieces
    texts = ax.clabel(lines, fontsize=8, fmt=lambda z: _level(z, units.f), zorder=5)
    for text in texts:
        text.set_color("#555555")
        text.set_path_effects(halo())


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
        style = {"color": TANGENTS[k % len(TANGENTS)], "markeredgecolor": "white", "markersize": 10}
        point = [x / unit for x, unit in zip(mark.point, units, strict=True)]
        at = [[x] for x in point] if shown else [[], []]
        label = outside_text(_numbered(k, mark, surface), shown)
        ax.plot(*at, "o", label=label, zorder=6, clip_on=False, **style)
        if shown:
            ax.annotate(
                f"{k + 1}",
                point,
                (8, 6),
                textcoords="offset points",
                fontsize=11,
                fontweight="bold",
                path_effects=halo(),
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
    write_title(ax, title, surface.formula)


def draw_contour(ax: Any, surface: Surface) -> None:
    """Draw filled contours, with the marked points."""
    _contours(ax, surface, filled=True)
    heading = " and exact partial derivatives" if surface.marks else ""
    _flat(ax, surface, f"Contours of f{heading}")


def draw_field(ax: Any, field: Field) -> None:
    """Draw the gradient field over contours, coloured by a numerical gradient's error."""
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
        # as much as it takes for most of them to be seen, however far the sizes are apart
        typical = float(np.median(part))
        power = math.log(_SEEN) / math.log(typical) if typical > 0 else 0.0
        part = part ** min(0.25, power)
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
