"""A function as a picture: a curve with tangents and secants, a surface, contours, a field."""

from __future__ import annotations

import math
from contextlib import nullcontext
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.errors import UsageError
from symnum.pictures import LARGEST, Curve, Field, Mark, Secant, Surface, picture
from symnum.report.axes import cut, our_style, picture_path, save
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
_SURFACE = "cividis"  # the same to colour-blind eyes, and lighter upwards in greyscale
_ERRORS = "viridis"
_LONGEST_NAME = 24  # characters of a variable's name that a picture has room for
_TOO_FAR = 8.0  # curve heights: where a pole goes further than this, the picture ends earlier
_OUTSIDE = 10.0  # picture heights that a line towards a pole goes on outside it
_COMPRESSED = 4.0  # arrows that differ by more than this factor are drawn less different
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
    error = "no derivative to compare with"
    if math.isfinite(secant.error):
        error = f"error {'-' if secant.error < 0 else ''}{measured(abs(secant.error))}"
    slope = double(secant.slope) if math.isfinite(secant.slope) else "has no value"
    return f"{name} = {double(secant.x)}, h = {double(secant.h)}: slope {slope}, {error}"


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


# --- a curve --------------------------------------------------------------------------------------


def _curve(ax: Any, curve: Curve) -> None:
    name = cut(curve.axis.name, _LONGEST_NAME)
    ax.grid(color="#E3E3E3", linewidth=0.6)
    ax.set_axisbelow(True)
    lines = curve.tangents or curve.secants or curve.marks
    (line,) = ax.plot(
        curve.x,
        np.where(np.abs(curve.y) <= LARGEST, curve.y, np.nan),
        color="black",
        linewidth=2.2,
        label="f" if lines else None,
        zorder=3,
    )
    _limits(ax, curve)
    line.set_data(*_within(curve, *ax.get_ylim()))
    for k, mark in enumerate(curve.tangents):
        style = {"color": _TANGENTS[k % 4], "linewidth": 1.6}
        label = f"tangent at {mark_text(mark, (name,))}"
        _line(ax, mark.point[0], mark.value, mark.partials[0], label, style)
    for k, secant in enumerate(curve.secants):
        style = {"color": _SECANTS[k % 4], "linewidth": 1.6, "linestyle": _DASHES[k % 4]}
        label = f"secant from {secant_text(secant, name)}"
        _line(ax, secant.x, secant.value, secant.slope, label, style)
        end = secant.value + secant.slope * secant.h
        if abs(end) <= LARGEST:
            x = [secant.x, secant.x + secant.h]
            ax.plot(x, [secant.value, end], "s", zorder=7, **_END, markeredgecolor=style["color"])
    for k, mark in enumerate(curve.marks):
        ax.plot(
            *mark.point,
            mark.value,
            "o",
            color=_TANGENTS[(k + len(curve.tangents)) % 4],
            markeredgecolor="white",
            markersize=9,
            label=mark_text(mark, (name,)),
            zorder=6,
        )
    for k, mark in enumerate(curve.tangents):
        color = _TANGENTS[k % 4]
        ax.plot(
            *mark.point,
            mark.value,
            "o",
            color=color,
            markeredgecolor="white",
            markersize=9,
            zorder=6,
        )
    ax.set_xlabel(name, parse_math=False)
    ax.set_ylabel(f"f({name})", parse_math=False)
    _title(ax, _curve_title(curve), curve.formula)


def _within(curve: Curve, bottom: float, top: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the curve cut off far above and below the picture.

    If it has breaks, there is a gap also where it would cross the whole picture from one sample to
    the next: where poles are closer than samples, as those of tan(1/x), not every one was found.
    """
    room = _OUTSIDE * (top - bottom)
    x, y = curve.x, np.clip(curve.y, bottom - room, top + room)
    if not curve.breaks:
        return x, y
    with np.errstate(invalid="ignore"):
        above, below = y > top, y < bottom
    across = np.flatnonzero((above[:-1] & below[1:]) | (below[:-1] & above[1:])) + 1
    middles = x[across - 1] + (x[across] - x[across - 1]) / 2
    return np.insert(x, across, middles), np.insert(y, across, np.nan)


def _curve_title(curve: Curve) -> str:
    parts = []
    if curve.tangents:
        parts.append("exact tangents" if len(curve.tangents) > 1 else "its exact tangent")
    if curve.secants:
        parts.append("secants" if len(curve.secants) > 1 else "a secant")
    return f"f({curve.axis.name})" + (f" with {' and '.join(parts)}" if parts else "")


def _line(ax: Any, x: float, y: float, slope: float, label: str, style: dict[str, Any]) -> None:
    """Draw a line across the picture without moving its limits; only a label without a slope."""
    if abs(y) <= LARGEST and abs(slope) <= LARGEST:
        ax.axline((x, y), slope=slope, label=label, zorder=4, **style)
    else:
        ax.plot([], [], label=label, **style)


def _limits(ax: Any, curve: Curve) -> None:
    """Show the range and the marked points, and end a pole where it dwarfs the rest."""
    marks = [*curve.tangents, *curve.marks]
    x = [curve.axis.low, curve.axis.high, *(mark.point[0] for mark in marks)]
    x += [end for secant in curve.secants for end in (secant.x, secant.x + secant.h)]
    margin = 0.03 * (max(x) - min(x))
    ax.set_xlim(min(x) - margin, max(x) + margin)
    y = curve.y[np.abs(curve.y) <= LARGEST]
    if not y.size:
        ax.text(
            0.5,
            0.5,
            "f has no finite value in this range",
            transform=ax.transAxes,
            ha="center",
            va="center",
        )
        return
    low, high = float(y.min()), float(y.max())
    # of the even samples alone: those that lead up to a pole lie there as close as can be
    even = y[np.isin(curve.x[np.abs(curve.y) <= LARGEST], curve.axis.samples())]
    inner = np.percentile(even if even.size else y, [4, 96]).tolist()
    tall = inner[1] - inner[0]
    if tall > 0 and high - low > _TOO_FAR * tall and _is_pole(curve):
        low, high = max(low, inner[0] - tall / 4), min(high, inner[1] + tall / 4)
    ends = [mark.value for mark in marks] + [secant.value for secant in curve.secants]
    ends += [secant.value + secant.slope * secant.h for secant in curve.secants]
    ends = [value for value in ends if abs(value) <= LARGEST]
    low, high = min([low, *ends]), max([high, *ends])
    margin = 0.06 * (high - low) or 0.5 * abs(high) or 1.0
    if math.isfinite(margin):
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


def _surface(ax: Any, surface: Surface) -> None:
    x, y = np.meshgrid(surface.x, surface.y)
    z, low, high = _clipped(surface)
    if np.isfinite(z).any():
        ax.plot_surface(
            x,
            y,
            np.ma.masked_invalid(z),
            cmap=_SURFACE,
            vmin=low,
            vmax=high,
            rcount=60,
            ccount=60,
            linewidth=0.25,
            edgecolor="#FFFFFF70",
            alpha=0.82,
            zorder=1,
        )
    ax.computed_zorder = False  # the marks would vanish behind the surface that they lie on
    spans = [axis.high - axis.low for axis in surface.axes]
    for k, mark in enumerate(surface.marks):
        color = _TANGENTS[k % 4]
        if not abs(mark.value) <= LARGEST:
            ax.plot([], [], [], "o", color=color, label=_numbered(k, mark, surface))
            continue
        a, b, c = (*mark.point, mark.value)
        for index, (slope, span) in enumerate(zip(mark.partials, spans, strict=True)):
            if math.isfinite(slope):
                reach = 0.16 * span
                # a steep tangent is as short as fits into the height
                reach = min(reach, 0.25 * (high - low) / abs(slope)) if slope else reach
                ends = np.array([-reach, reach])
                along = (a + ends, [b, b]) if index == 0 else ([a, a], b + ends)
                ax.plot(*along, c + slope * ends, color="black", linewidth=2.2, zorder=5)
        ax.plot([a, a], [b, b], [low, c], ":", color="black", linewidth=0.9, zorder=4)
        ax.plot(
            [a],
            [b],
            [c],
            "o",
            color=color,
            markeredgecolor="white",
            markersize=9,
            label=_numbered(k, mark, surface),
            zorder=6,
        )
        ax.text(
            a, b, c, f"   {k + 1}", fontsize=11, fontweight="bold", path_effects=_halo(), zorder=7
        )
    first, second = _names(surface)
    ax.set_xlabel(first, parse_math=False, labelpad=4)
    ax.set_ylabel(second, parse_math=False, labelpad=4)
    ax.set_zlabel("f", labelpad=4)
    ax.view_init(elev=28, azim=-58)
    ax.set_box_aspect(None, zoom=1.0)
    heading = " and exact partial derivatives" if surface.marks else ""
    _title(ax, f"Surface of f{heading}", surface.formula)


def _numbered(k: int, mark: Mark, surface: Surface) -> str:
    return f"{k + 1}:  {mark_text(mark, _names(surface))}"


def _clipped(surface: Surface) -> tuple[np.ndarray, float, float]:
    """Return the values, cut where a pole dwarfs the rest, and their ends."""
    z = np.where(np.abs(surface.z) <= LARGEST, surface.z, np.nan)
    known = z[np.isfinite(z)]
    if not known.size:
        return z, 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    inner = np.percentile(known, [2, 98])
    tall = float(inner[1] - inner[0])
    if tall > 0 and high - low > 50 * tall:
        low, high = max(low, float(inner[0] - tall)), min(high, float(inner[1] + tall))
        z = np.where((z < low) | (z > high), np.nan, z)
    return z, low, high if high > low else low + (abs(low) or 1.0)


def _contours(ax: Any, surface: Surface, filled: bool) -> None:
    z, low, high = _clipped(surface)
    if not np.isfinite(z).any() or float(np.nanmin(z)) == float(np.nanmax(z)):
        if not np.isfinite(z).any():
            ax.text(
                0.5,
                0.5,
                "f has no finite value in this range",
                transform=ax.transAxes,
                ha="center",
                va="center",
            )
        return
    from matplotlib.ticker import MaxNLocator

    levels = MaxNLocator(11 if filled else 9).tick_values(low, high)
    values = np.ma.masked_invalid(z)
    if filled:
        shades = ax.contourf(surface.x, surface.y, values, levels, cmap=_SURFACE, zorder=1)
        bar = ax.figure.colorbar(shades, ax=ax, pad=0.02)
        bar.set_label("f")
        ax.contour(surface.x, surface.y, values, levels, colors="#FFFFFF", linewidths=0.5, zorder=2)
        return
    lines = ax.contour(
        surface.x, surface.y, values, levels, colors="#9A9A9A", linewidths=0.8, zorder=1
    )
    # above the arrows, with a halo: they would be cut to pieces
    for text in ax.clabel(lines, fontsize=8, fmt=lambda value: short(value, 3), zorder=5):
        text.set_color("#555555")
        text.set_path_effects(_halo())


def _flat(ax: Any, surface: Surface, title: str) -> None:
    first, second = _names(surface)
    for k, mark in enumerate(surface.marks):
        ax.plot(
            *mark.point,
            "o",
            color=_TANGENTS[k % 4],
            markeredgecolor="white",
            markersize=10,
            label=_numbered(k, mark, surface),
            zorder=6,
            clip_on=False,
        )
        ax.annotate(
            f"{k + 1}",
            mark.point,
            (8, 6),
            textcoords="offset points",
            fontsize=11,
            fontweight="bold",
            path_effects=_halo(),
            zorder=7,
        )
    ax.set_xlabel(first, parse_math=False)
    ax.set_ylabel(second, parse_math=False)
    spans = [axis.high - axis.low for axis in surface.axes]
    if 1 / 3 <= spans[0] / spans[1] <= 3:
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
    size = np.where(known, np.hypot(*np.where(known[:, None], gradient, 0.0).T), np.nan)
    moving = known & (size > 0)
    arrows, compressed = _arrow_lengths(gradient, size, moving)
    points = field.points
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
    ax.plot(*points[still].T, "o", color="black", markersize=3.5, zorder=4)
    if not known.all():
        ax.plot(
            *points[~known].T, "x", color="#7F7F7F", markersize=4, label="no gradient", zorder=3
        )
    sign = "Minus the gradient" if field.minus else "Gradient"
    note = "; arrow lengths compressed" if compressed else ""
    _flat(ax, field.backdrop, f"{sign} of f, exact{note}")


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
