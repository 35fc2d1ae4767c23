"""A Sweep as a text that a person reads at a glance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from symnum.report import why
from symnum.report.numbers import double, measured, short
from symnum.report.tables import UNKNOWN, Block, Grid, Heading, plain, render

if TYPE_CHECKING:
    from rich.console import Console

    from symnum.differences.sweep import Run, Sweep

WIDTH = UNKNOWN
"""Columns of a text whose reader's screen is unknown."""

_IN_FULL = 4  # this many points x components are shown with all their steps
_ALL_STEPS = 20
_MOST_ROWS = 60
_MOST_CHANGES = 6  # of status, that get a row of their own


def sweep_text(sweep: Sweep, width: int = WIDTH) -> str:
    """Return a sweep as plain text, never wider than `width` where the numbers allow it.

    Parameters
    ----------
    sweep : Sweep
        What `symnum.sweep` returned.
    width : int
        Columns; 60 is readable.

    Returns
    -------
    str
        For up to four points x components the exact value, each scheme's best step and the error at
        about one step a decade; for more, one row each.

    Examples
    --------
    >>> import symnum
    >>> from symnum.report.text import sweep_text
    >>> text = sweep_text(symnum.sweep("x**2", 1.0, h=[0.5]))
    >>> text.splitlines()[0]
    'f(x) = x**2 at x = 1'
    """
    return plain(sweep_document(sweep, width), width)


def render_sweep(sweep: Sweep, console: Console) -> None:
    """Print a sweep on a rich console, in colour where it is a terminal.

    Parameters
    ----------
    sweep : Sweep
        What `symnum.sweep` returned.
    console : rich.console.Console
        Where to; its width decides what is shown.
    """
    render(sweep_document(sweep, console.width), console)


def sweep_document(sweep: Sweep, width: int) -> list[Block]:
    """Return a sweep as headings, sentences and tables that fit `width` columns."""
    entries = [(p, c) for p in range(len(sweep.points)) for c in range(len(sweep.components))]
    if len(entries) <= _IN_FULL:
        return [block for p, c in entries for block in _in_full(sweep, p, c, width)]
    return list(_in_short(sweep, entries, width))


def _f(sweep: Sweep, output: int) -> str:
    arguments = why.clip(", ".join(sweep.variables))
    name = f"f[{output}]" if len(sweep.formula) > 1 else "f"
    return f"{name}({arguments}) = {why.clip(sweep.formula[output])}"


def _in_full(sweep: Sweep, p: int, c: int, width: int) -> Iterator[Block]:
    at = why.place(sweep, p)
    yield Heading(f"{_f(sweep, sweep.components[c].output)}" + (f" at {at}" if at else ""))
    sentence = why.exact_sentence(sweep, p, c)
    if sweep.function:
        sentence += f" The approximations evaluate {sweep.function} in place of the formula."
    yield sentence
    yield from _summary(sweep, p, c, width)
    for run in sweep.runs:
        notes = [why.explanation(sweep, run, p, c), why.crossing_sentence(run, p, c)]
        text = " ".join(note for note in notes if note)
        if len(sweep.runs) > 1:
            yield Heading(run.scheme.label)
        if text:
            yield text
        yield from _steps(run, p, c, width)


def _summary(sweep: Sweep, p: int, c: int, width: int) -> Iterator[Grid]:
    rows = [("", *_SUMMARY)] + [(run.scheme.label, *_facts(run, p, c)) for run in sweep.runs]
    told = [i for i in range(1, len(rows[0])) if any(row[i] != "-" for row in rows[1:])]
    rows = [(row[0], *(row[i] for i in told)) for row in rows]
    start = 1 if told else len(rows)
    while start < len(rows):  # as many schemes side by side as fit
        end = start + 1
        while end < len(rows) and _summary_grid([rows[0], *rows[start : end + 1]]).width <= width:
            end += 1
        yield _summary_grid([rows[0], *rows[start:end]])
        start = end


_SUMMARY = (
    "best h found",
    "error there",
    "best h predicted",
    "error predicted",
    "observed order",
    "noise of f in ulps",
    "largest part below",
    "largest part above",
)


def _facts(run: Run, p: int, c: int) -> tuple[str, ...]:
    def number(name: str) -> str:
        value = float(getattr(run, name)[p, c])
        if math.isnan(value):
            return "-"
        return short(value, 3) if name.endswith("_h") else measured(abs(value))

    predicted_h = number("predicted_h")
    if predicted_h == "inf":
        predicted_h = "the largest"
    below, above = why.regimes(run, p, c)
    order = float(run.observed_order[p, c])
    one = run.h.shape[2] < 2  # the only step is no finding
    return (
        "-" if one else number("best_h"),
        "-" if one else number("best_error"),
        predicted_h,
        number("predicted_error"),
        "-" if math.isnan(order) else short(order, 3),
        number("noise_ulps"),
        below or "-",
        above or "-",
    )


def _summary_grid(columns: list[tuple[str, ...]]) -> Grid:
    heads, *cells = zip(*columns, strict=True)
    return Grid(heads, tuple(cells), left=frozenset({0}))


def _steps(run: Run, p: int, c: int, width: int) -> Iterator[Block]:
    keep = _rows(run, p, c)
    for grid in _layouts(run, p, c, keep):
        if grid.width <= width:
            break
    yield grid
    legend = ["* largest part"] if any("*" in cell for row in grid.rows for cell in row) else []
    if any(row[0].startswith(">") for row in grid.rows):
        legend.append("> best step found")
    if "status" not in grid.headings:
        legend.append("every row certified")
    if left_out := run.h.shape[2] - len(keep):
        legend.append(f"{left_out} more steps not shown")
    if legend:
        yield "(" + "; ".join(legend) + ")"


def _rows(run: Run, p: int, c: int) -> list[int]:
    """Return the steps to show: all of a few, else about one a decade and the best one."""
    h = run.h[p, c]
    if h.size <= _ALL_STEPS:
        return list(range(h.size))
    kept = set[int]()
    if (h > 0).all() and np.isfinite(h).all():
        decades = np.log10(h.max()) - np.log10(h)
        kept = {int(np.abs(decades - k).argmin()) for k in range(int(decades.max()) + 1)}
    if not 5 <= len(kept) <= _MOST_ROWS:
        kept = set(np.linspace(0, h.size - 1, 16).round().astype(int).tolist())
    status = run.status[p, c]
    kept |= set((np.flatnonzero(status[1:] != status[:-1]) + 1)[:_MOST_CHANGES].tolist())
    return sorted(kept | {i for i in [_best(run, p, c)] if i is not None})


def _best(run: Run, p: int, c: int) -> int | None:
    best = float(run.best_h[p, c])
    if math.isnan(best) or run.h.shape[2] < 2:
        return None
    return int(np.abs(run.h[p, c] - best).argmin())


def _layouts(run: Run, p: int, c: int, keep: list[int]) -> Iterator[Grid]:
    """Yield the table of steps in ever narrower forms."""
    h, best = run.h[p, c], _best(run, p, c)
    parts = why.magnitudes(run, p, c)
    status = [str(s) for s in run.status[p, c][keep]]
    told = bool(np.isfinite(parts[:, keep]).any())
    steps = [("> " if i == best else "") + short(h[i], 3) for i in keep]
    errors = [_modulus(run.error[p, c, i]) for i in keep]
    shown = {i: _marked(parts[:, i]) for i in keep}
    names = tuple(part.replace("_", "\n") for part in why.PARTS)
    strong = frozenset({keep.index(best)} if best in keep else ())
    certified = all(s == "certified" for s in status)

    def grid(digits: int, with_parts: bool) -> Grid:
        columns: list[tuple[str, list[str]]] = [("h", steps)]
        if digits:
            values = [_approximation(run.approximation[p, c, i], digits) for i in keep]
            columns.append(("approximation", values))
        if any(error != "-" for error in errors):
            columns.append(("|error|", errors))
        if told and with_parts:
            columns += [(name, [shown[i][k] for i in keep]) for k, name in enumerate(names)]
        elif told:
            largest = [why.largest_part(parts[:, [i]]) or "-" for i in keep]
            columns.append(("largest part", largest))
        left = {len(columns) - 1} if told and not with_parts else set()
        if not certified:
            left.add(len(columns))
            columns.append(("status", status))
        heads, cells = zip(*columns, strict=True)
        return Grid(heads, tuple(zip(*cells, strict=True)), frozenset(left), strong)

    for digits in (17, 13, 10):
        yield grid(digits, with_parts=True)
    for digits in (12, 8, 0):
        yield grid(digits, with_parts=False)


def _modulus(value: float) -> str:
    return "-" if math.isnan(value) else measured(abs(float(value)))


def _approximation(value: float, digits: int) -> str:
    return double(value) if digits >= 17 else short(value, digits)


def _marked(parts: np.ndarray) -> list[str]:
    cells = [_modulus(part) for part in parts]
    if np.isfinite(parts).all() and parts.any():
        largest = int(parts.argmax())
        cells[largest] = "*" + cells[largest]
    return cells


def _in_short(sweep: Sweep, entries: list[tuple[int, int]], width: int) -> Iterator[Block]:
    for output in range(len(sweep.formula))[:8]:
        yield Heading(_f(sweep, output))
    text = f"{len(sweep.points)} points x {len(sweep.components)} components, one row each."
    if sweep.function:
        text += f" The approximations evaluate {sweep.function} in place of the formula."
    yield text
    rest = len(entries) - _MOST_ROWS
    for run in sweep.runs:
        if len(sweep.runs) > 1:
            yield Heading(run.scheme.label)
        for grid in _short_layouts(sweep, run, entries[:_MOST_ROWS]):
            if grid.width <= width:
                break
        yield grid
    if rest > 0:
        yield f"{rest} more rows are not shown; JSON and CSV hold them all."


def _short_layouts(sweep: Sweep, run: Run, entries: list[tuple[int, int]]) -> Iterator[Grid]:
    rows = []
    for p, c in entries:
        facts = _facts(run, p, c)
        hi = float(sweep.exact.hi[p, c])
        status = str(sweep.exact.status[p, c])
        rows.append(
            {
                "at": ", ".join(short(v, 6) for v in sweep.points[p]) or "-",
                "derivative": why.name_of(sweep, c),
                "exact": status if math.isnan(hi) else short(hi, 8),
                "best h": facts[0],
                "its error": facts[1],
                "predicted h": facts[2],
                "order": facts[4],
                "noise": facts[5],
                "flag": _flag(run, p, c),
            }
        )
    kept = [key for key in rows[0] if key != "derivative" or len(sweep.components) > 1]
    if not any(row["flag"] for row in rows):
        kept.remove("flag")
    at = ", ".join(sweep.variables)
    for drop in ((), ("noise", "order"), ("noise", "order", "predicted h")):
        keys = [key for key in kept if key not in drop]
        heads = tuple(at if key == "at" else key for key in keys)
        cells = tuple(tuple(row[key] for key in keys) for row in rows)
        left = frozenset(i for i, key in enumerate(keys) if key in ("derivative", "flag"))
        yield Grid(heads, cells, left)
    narrow = tuple((r["at"][:20], r["derivative"][:16], r["exact"], r["its error"]) for r in rows)
    yield Grid((at[:20], "derivative", "exact", "best error"), narrow, frozenset({1}))


def _flag(run: Run, p: int, c: int) -> str:
    seen = [(float(h), str(s)) for h, s in zip(run.h[p, c], run.status[p, c], strict=True)]
    flagged = [(h, s) for h, s in seen if s in why.CROSSINGS]
    if flagged:
        h, s = min(flagged)
        return f"{s} from h={short(h)}"
    odd = sorted({s for _, s in seen if s != "certified"})
    return odd[0] if odd else ""
