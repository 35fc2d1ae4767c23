"""The demo's pictures: small ones, which a phone can show without zooming."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from symnum.report.axes import legend_below, our_style, save

Draw = Callable[[Any], object]
"""Draws into axes."""

_SIZE = (4.5, 4.3)  # inches: on a phone a letter of 9 points is then 11 pixels high
_LONGEST = 50  # characters of a line in a legend


def figure(
    path: Path,
    *panels: Draw,
    size: tuple[float, float] = _SIZE,
    columns: int = 1,
    across: bool = False,
    solid: bool = False,
) -> None:
    """Write panels into a file, with one legend below them.

    Parameters
    ----------
    path : Path
        The file.
    panels : callable
        Each is given axes to draw into.
    size : (float, float)
        Width and height in inches.
    columns : int
        Columns of the legend.
    across : bool
        Whether the panels stand beside each other, and not below.
    solid : bool
        Whether axes are three-dimensional.
    """
    from matplotlib.figure import Figure

    with our_style():
        made = Figure(figsize=size, layout="constrained")
        kind = {"projection": "3d"} if solid else {}
        shape = (1, len(panels)) if across else (len(panels), 1)
        axes = made.subplots(*shape, squeeze=False, subplot_kw=kind).ravel()
        for ax, panel in zip(axes, panels, strict=True):
            panel(ax)
            ax.title.set_fontsize(10)
            if ax.get_legend() is not None:
                ax.get_legend().remove()
        legend_below(made, axes, columns, longest=100)
        for legend in made.legends:
            for text in legend.get_texts():
                text.set_text(textwrap.fill(text.get_text(), _LONGEST, break_on_hyphens=False))
        save(made, path)
