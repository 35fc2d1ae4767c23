"""What pictures of functions share: units of the axes, room beside them, words on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from symnum.pictures import Axis
from symnum.report.axes import cut, unit_of
from symnum.report.numbers import short

# Okabe and Ito's colours differ for colour-blind eyes; line styles and numbers differ in greyscale.
TANGENTS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s")
_LINES = ("-", (0, (5, 2)))
LONGEST_NAME = 24  # characters of a variable's name that a picture has room for
TOO_FAR = 8.0  # curve heights: where a pole goes further than this, the picture ends earlier
BESIDE = 0.5  # range widths: a point that is no further away is shown beside curve and surface
SMALL = 2.0**-8  # times this, sums of doubles stay among the doubles
MANY = 0.2  # of the samples: where so many turn or are missed, f is too fast for all of them
WINDOW = 12  # samples: where f turns at more than half of them it is too fast
SQUARE = 6  # the same on a grid, in each variable: a step or a pole alone fills less of it


def look_of(k: int) -> tuple[str, str, Any]:
    """Return color, marker and line style of a point: those of 12 points all differ."""
    kind = k // len(TANGENTS) % len(_MARKERS)
    return TANGENTS[k % len(TANGENTS)], _MARKERS[kind], _LINES[kind]


def write_title(ax: Any, title: str, formula: str) -> None:
    """Write what it is, and the formula below it; names are text and never typeset."""
    ax.set_title(
        f"{cut(title, 90)}\n{cut(f'f = {formula}', 90)}",
        loc="left",
        fontsize=11,
        parse_math=False,
    )


def halo() -> list[Any]:
    """Return what keeps text readable on whatever lies behind it."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=3, foreground="white")]


@dataclass(frozen=True)
class Units:
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


def unit_of_axis(axis: Axis) -> float:
    """Return what is 1 on an axis."""
    return unit_of(axis.low, axis.high)


def is_near(x: float, axis: Axis, beside: float = BESIDE) -> bool:
    """Tell whether a point of an axis is shown: within the range, or not far beside it."""
    room = beside * (axis.high * SMALL - axis.low * SMALL)
    return bool(axis.low * SMALL - room <= x * SMALL <= axis.high * SMALL + room)


def outside_text(label: str, shown: bool) -> str:
    """Return a label, which says so where its point isn't shown."""
    return label if shown else f"{label} (outside the picture)"


def say(ax: Any, text: str, *, empty: bool) -> None:
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


def say_what_is_missing(
    ax: Any, values: np.ndarray, infinite: int, samples: int, fast: str = ""
) -> None:
    """Say that f has no finite value at all, or what of it the picture doesn't show.

    Parameters
    ----------
    ax : Axes
        The picture.
    values : float64 array
        What is drawn.
    infinite, samples : int
        At how many of how many samples float64 gives infinity, if that is worth a word.
    fast : str
        Where f is too fast for the samples, from `where_too_fast`; empty where it isn't.
    """
    lost = f"float64 gives infinity at {infinite:,} of {samples:,} samples" if infinite else ""
    if not np.isfinite(values).any():
        text = "f has no finite value in this range"
        say(ax, f"{text}:\n{lost}" if lost else text, empty=True)
        return
    missed = f"{fast} between samples: not all of it is seen" if fast else ""
    if lost or missed:
        say(ax, "\n".join(text for text in (lost, missed) if text), empty=False)


def where_too_fast(missed: np.ndarray | None, axes: Sequence[Axis]) -> str:
    """Say where f is far from what the samples say, in the words before "between samples".

    Parameters
    ----------
    missed : bool array, optional
        Cells that miss f; the last axis is the first variable's.
    axes : sequence of Axis
        The variables.

    Returns
    -------
    str
        Empty where nothing is missed, or so little that the picture shows it as steep.
    """
    if missed is None:
        return ""
    if missed.mean() > MANY:
        return "f turns"
    size = WINDOW if missed.ndim == 1 else SQUARE
    if min(missed.shape) < size:
        return ""
    windows = np.lib.stride_tricks.sliding_window_view(missed, (size,) * missed.ndim)
    near = windows.mean(axis=tuple(range(missed.ndim, 2 * missed.ndim)))
    if near.max() <= 1 / 2:
        return ""
    densest = np.unravel_index(int(near.argmax()), near.shape)[::-1]
    places: list[str] = []
    for axis, k in zip(axes, densest, strict=True):
        samples = axis.samples(missed.shape[-1 - len(places)] + 1)
        middle = short(float(samples[k + size // 2]), 2)
        places.append(f"{cut(axis.name, LONGEST_NAME)} = {middle}")
    return f"near {', '.join(places)} f turns"
