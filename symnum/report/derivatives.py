"""Certified values of a derivative as a document: a row for each point and component."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from symnum.report.numbers import certified_digits, double, short
from symnum.report.tables import Block, Grid

if TYPE_CHECKING:
    from symnum.formula.exact import Exact


def derivative_name(path: Sequence[str], output: int | None = None) -> str:
    """Return "df/dx", "d2f/dx2", "d2f/dxdy"; with an output's number "df[1]/dx"."""
    f = "f" if output is None else f"f[{output}]"
    runs = [(name, len(list(group))) for name, group in groupby(path)]
    below = "".join(f"d{name}{count if count > 1 else ''}" for name, count in runs)
    return f"d{len(path) if len(path) > 1 else ''}{f}/{below}"


def values_document(
    variables: Sequence[str], points: np.ndarray, names: Sequence[str], exact: Exact, width: int
) -> list[Block]:
    """Return a table of certified values.

    Parameters
    ----------
    variables : sequence of str
        The variables.
    points : float64 array, shape (P, n)
        The points.
    names : sequence of str
        The derivatives, such as "df/dx".
    exact : Exact
        Their values, arrays of P x len(names) entries.
    width : int
        Columns of the reader's screen; the widest form of the table that fits is taken.
    """
    exact = exact.reshape(len(points), len(names))
    for grid in _layouts(variables, points, names, exact):
        if grid.width <= width:
            break
    return [grid]


def _layouts(
    variables: Sequence[str], points: np.ndarray, names: Sequence[str], exact: Exact
) -> Iterator[Grid]:
    entries = [(p, i) for p in range(len(points)) for i in range(len(names))]
    columns: dict[str, list[str]] = {
        name: [double(points[p, k]) for p, _ in entries] for k, name in enumerate(variables)
    }
    place = {", ".join(variables): [", ".join(short(v, 6) for v in points[p]) for p, _ in entries]}
    which = {"derivative": [names[i] for _, i in entries]} if len(names) > 1 else {}
    value = {"value": [_value(exact.hi[e]) for e in entries]}
    digits = {
        "digits": [certified_digits(exact.hi[e], exact.lo[e], exact.radius[e]) for e in entries]
    }
    status = {"status": [str(exact.status[e]) for e in entries]}
    sides: dict[str, list[str]] = {}
    if any(not math.isnan(exact.left[e]) or not math.isnan(exact.right[e]) for e in entries):
        sides = {
            side: [_value(getattr(exact, side)[e]) for e in entries] for side in ("left", "right")
        }
    yield _grid(columns | which | value | digits | status | sides)
    yield _grid(columns | which | value | status | sides)
    yield _grid(place | which | value | status | sides)


def _grid(columns: dict[str, list[str]]) -> Grid:
    left = frozenset(
        i for i, name in enumerate(columns) if name in ("derivative", "status", "digits")
    )
    rows = tuple(zip(*columns.values(), strict=True))
    return Grid(tuple(columns), rows, left)


def _value(value: float) -> str:
    return "-" if math.isnan(value) else double(value)
