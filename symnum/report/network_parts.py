"""The four parts of a numerical gradient's error, of a network: as text, JSON and a picture."""

from __future__ import annotations

import json
import math
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.report.axes import PART_STYLES, our_style, picture_path, save
from symnum.report.json import SCHEMA
from symnum.report.numbers import measured, short, to_json_number
from symnum.report.tables import UNKNOWN, Grid

if TYPE_CHECKING:
    from symnum.nets.parts import EntryParts, ErrorParts

_WORDS = {
    "truncation": "truncation",
    "step_rounding": "step rounding",
    "evaluation": "evaluation",
    "arithmetic": "arithmetic",
}
_COLUMNS = 2


def parts_text(parts: ErrorParts, width: int = UNKNOWN) -> str:
    """Return the parts at each entry's best step as a table."""
    rows = []
    for entry in parts.entries:
        k = entry.best
        if k is None:
            rows.append((entry.name, *["-"] * 6))
            continue
        numbers = [measured(float(getattr(entry, part)[k])) for part in _WORDS]
        rows.append(
            (entry.name, short(float(parts.h[k])), measured(float(entry.error[k])), *numbers)
        )
    heads = ("", "best h", "error", *(word.replace(" ", "\n") for word in _WORDS.values()))
    return "\n".join(Grid(heads, tuple(rows), frozenset({0})).fitted(width))


def parts_objects(parts: ErrorParts) -> list[dict[str, Any]]:
    """Return an object for each entry, as it stands in the JSON document."""
    names = ("approximation", "error", *_WORDS, "radius")
    return [
        {
            "parameter": entry.parameter,
            "entry": list(entry.entry),
            "exact": to_json_number(entry.exact),
            **{
                name: [to_json_number(float(value)) for value in getattr(entry, name)]
                for name in names
            },
        }
        for entry in parts.entries
    ]


def parts_to_json(parts: ErrorParts) -> str:
    """Return the parts as a JSON document of kind "network parts"."""
    document = {
        "kind": "network parts",
        "schema": SCHEMA,
        "h": parts.h.tolist(),
        "entries": parts_objects(parts),
    }
    return json.dumps(document, allow_nan=False, ensure_ascii=True)


def plot_parts(parts: ErrorParts, path: str | PathLike[str]) -> Any:
    """Draw the parts against h, a panel for each entry, into a file; return its path."""
    from matplotlib.figure import Figure

    target = picture_path(path)
    count = len(parts.entries)
    columns = min(count, _COLUMNS)
    rows = math.ceil(count / columns)
    with our_style():
        figure = Figure(figsize=(4.6 * columns, 3.2 * rows + 0.6), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True)
        for ax, entry in zip(panels.flat, parts.entries, strict=False):
            _panel(ax, parts.h, entry)
        for ax in list(panels.flat)[count:]:
            ax.set_axis_off()
        for ax in panels[:, 0]:
            ax.set_ylabel("|error|")
        for ax in panels[-1]:
            ax.set_xlabel("h")
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        save(figure, target)
    return target


def _panel(ax: Any, h: np.ndarray, entry: EntryParts) -> None:
    order = np.argsort(h)
    ax.set_xscale("log")
    ax.set_title(entry.name)
    error = np.abs(entry.error[order])
    ax.plot(h[order], _above_zero(error), color="black", linewidth=2.4, alpha=0.35, label="error")
    # A part far below all others says nothing, and would take the picture's height.
    known = error[np.isfinite(error) & (error > 0)]
    floor = float(known.min()) * 1e-3 if known.size else 0.0
    for part, word in _WORDS.items():
        size = np.abs(getattr(entry, part)[order])
        ax.plot(
            h[order],
            _above_zero(np.where(size < floor, np.nan, size)),
            label=word,
            markersize=3.6,
            **PART_STYLES[part],
        )
    if not np.isfinite(error).any():
        ax.text(0.5, 0.5, "no derivative here", transform=ax.transAxes, ha="center")
        return
    log_or_nothing(ax, bool(known.size))


def log_or_nothing(ax: Any, drawn: bool) -> None:
    """Scale errors by their logarithm, or say that there are none: 0 has no logarithm."""
    if drawn:
        ax.set_yscale("log")
        return
    ax.set_yticks([])
    ax.text(0.5, 0.5, "every error is 0", transform=ax.transAxes, ha="center")


def _above_zero(values: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.where(values > 0.0, values, np.nan)
    return result
