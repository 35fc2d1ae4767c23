"""A function as a picture: a curve with tangents and secants, a surface, contours, a field."""

from __future__ import annotations

import textwrap
from contextlib import nullcontext
from os import PathLike
from typing import TYPE_CHECKING, Any

from symnum.errors import UsageError
from symnum.pictures import Curve, Field, Surface, picture
from symnum.report.axes import is_axes, is_figure, our_style, picture_path, save
from symnum.report.curves import draw_curve
from symnum.report.surfaces import draw_contour, draw_field, draw_surface

if TYPE_CHECKING:
    from pathlib import Path

    from symnum.differences.schemes import Scheme
    from symnum.formula.formula import Formula

_LONGEST = 84  # characters of a line in a legend: as many as the picture is wide


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
            draw_curve(ax, shown)
        elif isinstance(shown, Field):
            draw_field(ax, shown)
        elif kind == "contour":
            draw_contour(ax, shown)
        else:
            draw_surface(ax, shown)
        _legend(ax, own=target is None)
        if path is not None:
            save(ax.figure, path)
    return ax


def _target(path_or_ax: Any) -> tuple[Path | None, Any]:
    if path_or_ax is None:
        return None, None
    if isinstance(path_or_ax, str | PathLike):
        return picture_path(path_or_ax), None
    if is_figure(path_or_ax) or is_axes(path_or_ax):
        return None, path_or_ax
    msg = (
        "plot draws into a file, Matplotlib axes or a Matplotlib figure, not into "
        f"{type(path_or_ax).__name__}"
    )
    raise UsageError(msg)


def _axes(kind: str, target: Any, window: bool) -> Any:
    projection = "3d" if kind == "surface" else None
    if target is None or is_figure(target):
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


def _legend(ax: Any, own: bool) -> None:
    """Write the legend below a picture of our own, and inside axes that are the user's."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    if own:
        labels = [textwrap.fill(label, _LONGEST, break_on_hyphens=False) for label in labels]
        legend = ax.figure.legend(
            handles, labels, loc="outside lower center", fontsize=9.5, handlelength=2.6
        )
    else:
        legend = ax.legend(handles, labels, fontsize="small")
        legend.set_in_layout(False)  # it takes no room away from the user's other axes
    for text in legend.get_texts():
        text.set_parse_math(False)
