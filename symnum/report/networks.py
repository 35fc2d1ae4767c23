"""Networks: verdicts, steps and gradients as text, JSON and pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.report.axes import LINE_STYLES, is_axes, our_style, picture_path, save
from symnum.report.json import SCHEMA
from symnum.report.network_parts import log_or_nothing, parts_objects, parts_text
from symnum.report.numbers import measured, short, to_json_number
from symnum.report.tables import UNKNOWN, Grid, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from symnum.formula.exact import Exact
    from symnum.nets.network import Network
    from symnum.nets.parts import ErrorParts
    from symnum.nets.steps import ParameterSteps, StepErrors
    from symnum.nets.verdict import NetworkVerdict

_WORDS = {
    "ok": "right: no error beyond what rounding explains",
    "inaccurate": "inaccurate",
    "wrong": "wrong",
    "undecided": "undecided",
}
_COLOURS = tuple(style["color"] for style in LINE_STYLES)
_MOST_KINKS = 5  # sentences about kinks; more of them say nothing new


def verdict_text(verdict: NetworkVerdict) -> str:
    """Return a verdict as a sentence and a table of the parameters."""
    lines = [f"The gradient is {_WORDS[verdict.status]}."]
    if verdict.cause is not None:
        lines.append(f"Cause: {verdict.cause}: {verdict.cause_detail}.")
    elif verdict.status == "wrong":
        lines.append("No single slip explains it.")
        if verdict.cause_detail:
            lines.append(f"{verdict.cause_detail}.")
    if verdict.reason:
        lines.append(f"{verdict.reason}.")
    if verdict.note:
        lines.append(f"{verdict.note[0].upper()}{verdict.note[1:]}.")
    if verdict.status == "wrong" and verdict.wrong_parameters:
        lines.append(f"Wrong: {', '.join(verdict.wrong_parameters)}.")
    if verdict.parameters:
        rows = tuple(
            (
                report.name,
                f"{report.entries:,}",
                f"{report.wrong:,}",
                _known(f"{report.median_ulps:.3g}"),
                _known(f"{report.largest_ulps:.3g}"),
                report.worst_name if report.worst else "-",
                _known(repr(report.given)),
                _known(repr(report.exact)),
                _known(f"{report.detection_limit:.0e}"),
            )
            for report in verdict.parameters
        )
        heads = (
            *("", "entries", "wrong", "median\nulps", "largest\nulps"),
            *("worst", "given", _held_against(verdict), "detection\nlimit"),
        )
        lines += ["", *Grid(heads, rows, frozenset({0})).lines(), ""]
        lines.append(f"Held against: {verdict.reference}.")
    return "\n".join(lines)


def _held_against(verdict: NetworkVerdict) -> str:
    """Return the head of the column of what the gradient is held against."""
    if verdict.reference.startswith("certified"):
        return "exact"
    return "reference" if "given as reference" in verdict.reference else "measured"


def _known(number: str) -> str:
    return "-" if number == "nan" else number


def steps_text(steps: StepErrors, width: int = UNKNOWN) -> str:
    """Return the best step of each parameter as a table, and sentences about kinks."""
    rows = tuple(
        (
            part.name,
            str(len(part.entries)),
            "-" if np.isnan(part.best_h) else short(part.best_h),
            "-" if np.isnan(part.best_error) else measured(part.best_error),
            "yes" if part.flat else "no",
        )
        for part in steps.parameters
    )
    heads = ("", "entries", "best h", "mean error\nthere", "the same at\nevery h")
    lines = Grid(heads, rows, frozenset({0})).fitted(width)
    kinks = [kink for part in steps.parameters for kink in part.kinks]
    if kinks:
        lines += ["", *(wrapped(str(kink), width) for kink in kinks[:_MOST_KINKS])]
        if len(kinks) > _MOST_KINKS:
            lines.append(f"... and {len(kinks) - _MOST_KINKS} more")
    flat = [part.name for part in steps.parameters if part.flat and len(steps.h) > 1]
    if flat:
        lines += [
            "",
            wrapped(
                f"The error of {', '.join(flat)} is the same at every h: the mark of a wrong "
                "formula, not of a wrong step.",
                width,
            ),
        ]
    return "\n".join(lines)


def gradient_errors(
    gradient: Mapping[str, np.ndarray], exact: Mapping[str, Exact]
) -> dict[str, np.ndarray]:
    """Return each entry's error in ulps of the exact one; NaN where that has no value."""
    found = {}
    with np.errstate(all="ignore"):
        for name, given in gradient.items():
            hi = np.asarray(exact[name].hi)
            found[name] = np.abs(((given - hi) - exact[name].lo) / np.spacing(np.abs(hi)))
    return found


def network_text(
    network: Network,
    loss: float,
    gradient: Mapping[str, np.ndarray],
    exact: Mapping[str, Exact],
    steps: StepErrors,
    parts: ErrorParts,
    width: int = UNKNOWN,
) -> str:
    """Return a network's gradient as a table: errors of backpropagation, and the best steps."""
    count = sum(array.size for array in gradient.values())
    lines = [wrapped(f"{_described(network)}: {count:,} parameters, loss {loss!r}", width), ""]
    rows = []
    for name, ulps in gradient_errors(gradient, exact).items():
        known = ulps[np.isfinite(ulps)]
        quantiles = (
            [f"{q:.3g}" for q in np.quantile(known, [0.5, 0.99, 1.0])] if known.size else ["-"] * 3
        )
        shape = "×".join(map(str, ulps.shape))
        rows.append((name, shape, _statuses(exact[name]), *quantiles))
    heads = ("", "shape", "exact gradient", "median\nulps", "99 %", "largest\nulps")
    lines += Grid(heads, tuple(rows), frozenset({0})).fitted(width)
    below = "Central differences of the loss, error against the exact gradient:"
    lines += ["", wrapped(below, width), "", steps_text(steps, width)]
    below = "The parts of that error for one entry of each, at the entry's best h:"
    lines += ["", wrapped(below, width), "", parts_text(parts, width)]
    return "\n".join(lines)


def network_to_json(
    network: Network,
    loss: float,
    gradient: Mapping[str, np.ndarray],
    exact: Mapping[str, Exact],
    steps: StepErrors,
    parts: ErrorParts,
) -> str:
    """Return the same as a JSON document of kind "network"."""
    errors = gradient_errors(gradient, exact)
    parameters = []
    for part in steps.parameters:
        ulps = errors[part.name]
        known = ulps[np.isfinite(ulps)]
        names, counts = np.unique(exact[part.name].status.astype(str), return_counts=True)
        quantiles = np.quantile(known, [0.5, 0.99, 1.0]) if known.size else [np.nan] * 3
        parameters.append(
            {
                "name": part.name,
                "shape": list(ulps.shape),
                "status": dict(zip(names.tolist(), counts.tolist(), strict=True)),
                "median_ulps": to_json_number(float(quantiles[0])),
                "ulps_99": to_json_number(float(quantiles[1])),
                "largest_ulps": to_json_number(float(quantiles[2])),
                "entries": [list(entry) for entry in part.entries],
                "mean_error": [to_json_number(float(e)) for e in part.mean_error],
                "best_h": to_json_number(part.best_h),
                "best_error": to_json_number(part.best_error),
                "kinks": [
                    {"layer": k.layer, "unit": k.unit, "sample": k.sample, "z": k.z}
                    for k in part.kinks
                ],
            }
        )
    document = {
        "kind": "network",
        "schema": SCHEMA,
        "network": _described(network),
        "loss": to_json_number(loss),
        "h": steps.h.tolist(),
        "parameters": parameters,
        "parts": parts_objects(parts),
    }
    return json.dumps(document, allow_nan=False, ensure_ascii=True)


def _described(network: Network) -> str:
    from symnum.nets.layers import Dense

    parts = [
        f"{layer.inputs}-{layer.outputs}" if isinstance(layer, Dense) else layer.formula
        for layer in network.layers
    ]
    return f"{', '.join(parts)}; {network.loss_function.formula}"


def _statuses(exact: Exact) -> str:
    names, counts = np.unique(exact.status.astype(str), return_counts=True)
    if len(names) == 1:
        return f"all {names[0]}"
    return ", ".join(f"{count:,} {name}" for name, count in zip(names, counts, strict=True))


def plot_steps(steps: StepErrors, path_or_ax: str | PathLike[str] | Axes) -> Any:
    """Draw the mean error of each parameter against h, with the best step marked.

    Returns
    -------
    Path or Axes
        The file that was written, or the axes.
    """
    if is_axes(path_or_ax):
        given: Any = path_or_ax
        _draw(steps, given)
        given.legend()
        return given
    from matplotlib.figure import Figure

    path = picture_path(path_or_ax)
    with our_style():
        figure = Figure(figsize=(9.2, 4.6), layout="constrained")
        ax = figure.subplots()
        _draw(steps, ax)
        # A legend of many curves would lie over them.
        figure.legend(*ax.get_legend_handles_labels(), loc="outside right upper")
        save(figure, path)
    return path


def curve_style(number: int) -> dict[str, Any]:
    """Return the look of a curve: from the ninth on the colours meet other dashes and markers."""
    count = len(LINE_STYLES)
    return {**LINE_STYLES[(number + number // count) % count], "color": _COLOURS[number % count]}


def _draw(steps: StepErrors, ax: Any) -> None:
    from symnum.nets.steps import EXACT_REFERENCE

    order = np.argsort(steps.h)
    star: dict[str, Any] = {"linestyle": "none", "marker": "*", "markersize": 14}
    star |= {"markeredgecolor": "white", "zorder": 6}
    # where a given gradient is nearest says nothing about h: it may be the one that is wrong
    has_best, is_exact = False, steps.reference == EXACT_REFERENCE
    for number, part in enumerate(steps.parameters):
        style = curve_style(number)
        mean = part.mean_error[order]
        mean = np.where(mean > 0.0, mean, np.nan)
        name = _curve_name(part, is_exact)
        ax.plot(steps.h[order], mean, label=name, markersize=4, linewidth=1.1, **style)
        # on a flat curve no step is better than another
        is_best = is_exact and np.isfinite(part.best_error) and not part.flat
        if is_best and part.best_error > 0.0:
            ax.plot([part.best_h], [part.best_error], color=style["color"], **star)
            has_best = True
    if has_best:
        ax.plot([], [], color="#333333", label="best h", **star)
    ax.set_xscale("log")
    log_or_nothing(ax, any((part.mean_error > 0.0).any() for part in steps.parameters))
    ax.set_xlabel("h")
    ax.set_ylabel("mean |error|")
    ax.set_title(f"Central differences of the loss,\nheld against {steps.reference}", loc="left")


def _curve_name(part: ParameterSteps, is_exact: bool) -> str:
    if part.flat:
        return f"{part.name}: the same at every h"
    if not is_exact:
        return part.name
    if np.isnan(part.best_h):
        return f"{part.name}: no best h"
    return f"{part.name}: best h {short(part.best_h)}"
