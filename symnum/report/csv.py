"""A Sweep as a table with one row a step: CSV text, and a pandas DataFrame."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.errors import UsageError
from symnum.report.why import PARTS

if TYPE_CHECKING:
    from symnum.differences.sweep import Run, Sweep

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def sweep_to_csv(sweep: Sweep, path: str | PathLike[str] | None = None) -> str:
    """Return a sweep as CSV, one row a step; write it as UTF-8 where a path is given.

    Doubles are written so that they read back the same; NaN and infinities as `nan`, `inf`, `-inf`.

    Parameters
    ----------
    sweep : Sweep
        What `symnum.sweep` returned.
    path : str or path, optional
        The file to write.

    Returns
    -------
    str
        Columns `output`, one a variable (the point), `component`, `scheme`, `h`, `approximation`,
        `exact_hi`, `exact_lo`, `error`, the four parts, `status`.

    Raises
    ------
    UsageError
        If the file can't be written.

    Examples
    --------
    >>> import symnum
    >>> text = symnum.sweep("x**2", 1.0, h=[0.5]).to_csv()
    >>> text.splitlines()[0]
    'output,x,component,scheme,h,approximation,exact_hi,exact_lo,error,truncation,step_rounding,evaluation,arithmetic,status'
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_safe(name) for name in _columns(sweep))
    for block in _blocks(sweep):
        writer.writerows(zip(*(_cells(column) for column in block), strict=True))
    text = buffer.getvalue()
    if path is not None:
        try:
            Path(path).write_text(text, encoding="utf-8", newline="")
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            reason = getattr(error, "strerror", None) or "not a file name"
            msg = f"can't write the CSV file {str(path)!a}: {reason}"
            raise UsageError(msg) from None
    return text


def sweep_to_dataframe(sweep: Sweep) -> Any:
    """Return a sweep as a pandas DataFrame, one row a step, with the columns of `sweep_to_csv`.

    Parameters
    ----------
    sweep : Sweep
        What `symnum.sweep` returned.

    Raises
    ------
    UsageError
        If pandas is not installed.

    Examples
    --------
    >>> import symnum
    >>> symnum.sweep("x**2", 1.0, h=[0.25, 0.5]).to_dataframe().h.tolist()
    [0.25, 0.5]
    """
    try:
        import pandas as pd
    except ImportError:
        msg = "to_dataframe needs pandas: install it with `pip install pandas`, or use to_csv"
        raise UsageError(msg) from None
    names = _columns(sweep)
    blocks = list(_blocks(sweep))
    columns = [np.concatenate(pieces) for pieces in zip(*blocks, strict=True)]
    # A variable may bear the name of another column: so columns are numbered first, then named.
    frame = pd.DataFrame(dict(enumerate(columns or [np.empty(0)] * len(names))))
    frame.columns = names
    return frame


def _columns(sweep: Sweep) -> list[str]:
    head = ["output", *sweep.variables, "component", "scheme", "h", "approximation"]
    return [*head, "exact_hi", "exact_lo", "error", *PARTS, "status"]


def _blocks(sweep: Sweep) -> Iterator[list[np.ndarray]]:
    """Yield the columns of each point x component x scheme, in that order."""
    for p, point in enumerate(sweep.points):
        for c, component in enumerate(sweep.components):
            for run in sweep.runs:
                yield _block(sweep, run, point, (p, c), component.output, component.variable)


def _block(
    sweep: Sweep, run: Run, point: np.ndarray, at: tuple[int, int], output: int, variable: str
) -> list[np.ndarray]:
    size = run.h.shape[2]

    def constant(value: object, dtype: Any = None) -> np.ndarray:
        return np.full(size, value, dtype=dtype)

    return [
        constant(output),
        *(constant(value) for value in point),
        constant(variable, object),
        constant(run.scheme.label, object),
        run.h[at],
        run.approximation[at],
        constant(sweep.exact.hi[at]),
        constant(sweep.exact.lo[at]),
        run.error[at],
        *(getattr(run, part)[at] for part in PARTS),
        np.array([str(status) for status in run.status[at]], dtype=object),
    ]


def _cells(column: np.ndarray) -> list[Any]:
    values = column.tolist()
    return [_safe(v) for v in values] if column.dtype == object else values


def _safe(text: str) -> str:
    """Keep a spreadsheet from running a text as a formula."""
    return "'" + text if text.startswith(_STARTS_A_FORMULA) else text
