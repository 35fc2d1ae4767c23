"""What every picture shares: where it may be written, how it looks, the ends of its axes."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from symnum.errors import UsageError
from symnum.report.numbers import double, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".svg", ".png", ".pdf")
"""What a picture's file name may end with."""

SMALLEST, LARGEST = 1e-250, 1e250
"""Linear axes with smaller or larger ends are drawn in units: Matplotlib's own arithmetic fails."""

TINY, HUGE = 1e-322, 1.5e308  # the ends of logarithmic axes, inside the doubles

_ROUND = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # decades from tick to tick
_MOST_TICKS = 7
_FEW_DECADES = 100.0  # between an axis's ends: Matplotlib labels a power of ten or two, or too much
_ROUNDEST = (1, 5, 2, 3, 4, 6, 7, 8, 9)

# Okabe and Ito's colours differ for colour-blind eyes; marker and line style differ in greyscale.
LINE_STYLES = (
    {"color": "#000000", "linestyle": "-", "marker": "o"},
    {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    {"color": "#0072B2", "linestyle": "-.", "marker": "^"},
    {"color": "#009E73", "linestyle": ":", "marker": "D"},
    {"color": "#CC79A7", "linestyle": "-", "marker": "v"},
    {"color": "#E69F00", "linestyle": "--", "marker": "P"},
    {"color": "#56B4E9", "linestyle": "-.", "marker": "X"},
    {"color": "#7F7F7F", "linestyle": ":", "marker": "*"},
)

# The four parts of an error look the same in every picture. Rounding is noise: its markers carry
# the picture, the lines between them are only a hint.
PART_STYLES: dict[str, dict[str, Any]] = {
    "truncation": {"color": "#0072B2", "linestyle": "-", "marker": "o", "linewidth": 1.5},
    "step_rounding": {"color": "#E69F00", "linestyle": "--", "marker": "s", "linewidth": 0.8},
    "evaluation": {"color": "#D55E00", "linestyle": "-.", "marker": "^", "linewidth": 0.8},
    "arithmetic": {"color": "#009E73", "linestyle": ":", "marker": "D", "linewidth": 0.9},
}


def picture_path(name: object) -> Path:
    """Return the path of a picture that can be written; UsageError where it can't."""
    if not isinstance(name, str | PathLike):
        msg = (
            "plot draws into a file, Matplotlib axes or, where there are several panels, a "
            f"Matplotlib figure, not into {type(name).__name__}"
        )
        raise UsageError(msg)
    path = Path(name)
    if path.suffix.lower() not in FORMATS:
        msg = f"a picture's name ends in .svg, .png or .pdf; {str(name)!a} was given"
        raise UsageError(msg)
    try:
        is_there = path.parent.is_dir()
    except ValueError:  # a NUL in the name
        is_there = False
    if not is_there:
        msg = f"can't write {str(name)!a}: there is no folder {str(path.parent)!a}"
        raise UsageError(msg)
    return path


@contextmanager
def our_style() -> Iterator[None]:
    """Draw alike whatever the user's Matplotlib settings are, and leave those as they were."""
    import matplotlib as mpl

    settings: Any = {
        "svg.hashsalt": "symnum",  # the same sweep makes the same file
        "text.usetex": False,
        "font.family": "sans-serif",
        "font.size": 9.5,
        "axes.unicode_minus": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a variable's name
        yield


def save(figure: Figure, path: Path) -> None:
    """Write a figure without a date: the same picture makes the same file.

    An SVG file gets a title and a description, which a screen reader reads out.
    """
    kind = path.suffix.lower()[1:]
    title, description = said(figure)
    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Title": title},
        "pdf": {"CreationDate": None, "Title": title, "Subject": description},
        "png": {"Software": None, "Title": title, "Description": description},
    }
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=160, metadata=metadata[kind])
    written = buffer.getvalue()
    if kind == "svg":
        written = _described(written.decode("utf-8"), description).encode("utf-8")
    try:
        path.write_bytes(written)
    except OSError as error:
        msg = f"can't write {str(path)!a}: {error.strerror or error}"
        raise UsageError(msg) from None


def said(figure: Figure) -> tuple[str, str]:
    """Return what a picture shows in words: a title, and its axes with what the legend names."""
    titles = [ax.get_title(loc) for ax in figure.axes for loc in ("left", "center")]
    heads = [text for text in [figure.get_suptitle(), *titles] if text.strip()]
    title = _plain(heads[0]) if heads else "a picture by symnum"
    pieces = []
    for ax in figure.axes:
        names = [ax.get_xlabel(), ax.get_ylabel(), getattr(ax, "get_zlabel", str)()]
        axes = ", ".join(_plain(name) for name in names if name)
        name = _plain(ax.get_title("left") or ax.get_title("center"))
        notes = [_plain(text.get_text()) for text in ax.texts]
        notes = [note for note in notes if any(c.isalpha() for c in note)]  # levels say nothing
        parts = [part for part in (name, f"axes {axes}" if axes else "", "; ".join(notes)) if part]
        pieces.append(": ".join(parts))
    shown = [
        legend for legend in [*figure.legends, *(ax.get_legend() for ax in figure.axes)] if legend
    ]
    labels = [_plain(text.get_text()) for legend in shown for text in legend.get_texts()]
    if labels:
        pieces.append(f"Shown are: {'; '.join(labels)}")
    return title, ". ".join(piece for piece in pieces if piece) + "."


def _plain(text: str) -> str:
    """Return a text in one line, without what XML and PDF have no place for."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _described(svg: str, description: str) -> str:
    """Return an SVG picture that names itself to those who can't see it."""
    svg = svg.replace("<svg ", '<svg role="img" aria-labelledby="title desc" ', 1)
    svg = svg.replace("<title>", '<title id="title">', 1)
    start = svg.index("</title>") + len("</title>")
    return f'{svg[:start]}\n <desc id="desc">{escape(description)}</desc>{svg[start:]}'


def is_axes(target: Any) -> bool:
    """Tell Matplotlib axes, without importing Matplotlib."""
    return hasattr(target, "plot") and hasattr(target, "set_xscale")


def is_figure(target: Any) -> bool:
    """Tell a Matplotlib figure, or a part of one, without importing Matplotlib."""
    return hasattr(target, "add_subplot") and hasattr(target, "subplots")


def ticks(axis: Any, low: float, high: float) -> None:
    """Place the ticks of a logarithmic axis where Matplotlib's own overflow or collide.

    Parameters
    ----------
    axis : Axis
        The x or y axis of axes.
    low, high : float
        Its ends.
    """
    if high / low <= _FEW_DECADES:
        from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

        places = round_numbers(low, high)
        axis.set_major_locator(FixedLocator(places))
        axis.set_major_formatter(FixedFormatter([short(place) for place in places]))
        axis.set_minor_locator(NullLocator())
    if low < 1e-100 or high > 1e100:
        from matplotlib.ticker import FixedLocator, NullLocator

        first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
        step = next(step for step in _ROUND if (last - first) / step <= _MOST_TICKS)
        exponents = [k for k in range(first, last + 1) if k % step == 0]
        axis.set_major_locator(FixedLocator([10.0**k for k in exponents]))
        axis.set_minor_locator(NullLocator())


def round_numbers(low: float, high: float) -> list[float]:
    """Return numbers of one digit from low to high that stand apart on a logarithmic axis.

    Examples
    --------
    >>> round_numbers(1e-3, 6e-3)
    [0.001, 0.002, 0.003, 0.005]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    apart = (high / low) ** (1 / _MOST_TICKS)
    kept: list[float] = []
    for digit in _ROUNDEST:
        for place in (float(f"{digit}e{k}") for k in decades):
            if low <= place <= high and all(max(a / place, place / a) >= apart for a in kept):
                kept.append(place)
    return sorted(kept)


def unit_of(*ends: float) -> float:
    """Return what values of this size are drawn in: 1, or a power of ten where axes can't go.

    Parameters
    ----------
    *ends : float
        The largest moduli decide; those that aren't finite don't count.

    Examples
    --------
    >>> unit_of(0.0, 300.0), unit_of(0.0, -2e-300), unit_of(1.7e308)
    (1.0, 1e-300, 1e+308)
    """
    size = max((abs(float(end)) for end in ends if math.isfinite(end)), default=0.0)
    if size == 0 or SMALLEST <= size <= LARGEST:
        return 1.0
    return float(f"1e{max(math.floor(math.log10(size)), -323)}")


def in_units(name: str, unit: float) -> str:
    """Return an axis's name with the unit that its numbers are in."""
    return name if unit == 1 else f"{name}, in units of {double(unit)}"


def cut(text: str, length: int) -> str:
    """Return a text that is at most so long, with an ellipsis where it was cut."""
    return text if len(text) <= length else text[: length - 4] + " ..."


def legend_below(figure: Figure, axes: Iterable[Any], columns: int = 2, longest: int = 60) -> None:
    """Write one legend below a figure for all of its axes; names are text and never typeset."""
    handles: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if not handles:
        return
    legend = figure.legend(
        list(handles.values()),
        [cut(label, longest) for label in handles],
        loc="outside lower center",
        ncols=columns,
        fontsize=9,
        handlelength=3.2,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
