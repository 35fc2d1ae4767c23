"""What pictures of functions share: units of the axes, room beside them, words on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from symnum.pictures import Axis
from symnum.report.axes import cut, unit_of

# Okabe and Ito's colours differ for colour-blind eyes; line styles and numbers differ in greyscale.
TANGENTS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7")
LONGEST_NAME = 24  # characters of a variable's name that a picture has room for
TOO_FAR = 8.0  # curve heights: where a pole goes further than this, the picture ends earlier
BESIDE = 0.5  # range widths: a point that is no further away is shown beside curve and surface
SMALL = 2.0**-8  # times this, sums of doubles stay among the doubles


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


def say_what_is_missing(ax: Any, values: np.ndarray, infinite: int, samples: int) -> None:
    """Say that f has no finite value at all, or that float64 gives infinity at many samples."""
    if not np.isfinite(values).any():
        text = "f has no finite value in this range"
        if infinite:
            text += f":\nfloat64 gives infinity at {infinite:,} of {samples:,} samples"
        say(ax, text, empty=True)
    elif infinite:
        say(ax, f"float64 gives infinity at {infinite:,} of {samples:,} samples", empty=False)
