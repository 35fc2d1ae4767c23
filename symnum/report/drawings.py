"""What a picture of a function shows, as JSON: ranges, tangents, secants, marked points, errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.pictures import Axis, Curve, Field, Mark, Secant, Surface
from symnum.report.json import SCHEMA
from symnum.report.numbers import to_json_number

if TYPE_CHECKING:
    from pathlib import Path


def picture_to_json(kind: str, shown: Curve | Surface | Field, path: Path | None = None) -> str:
    """Return what a picture shows as a JSON document.

    Parameters
    ----------
    kind : str
        One of `symnum.pictures.KINDS`.
    shown : Curve, Surface or Field
        What `symnum.pictures.picture` returned with it.
    path : Path, optional
        The file that was written.

    Returns
    -------
    str
        `{"kind": "picture", ...}`; the keys are in docs/reference-json.md.

    Examples
    --------
    >>> import json
    >>> import symnum
    >>> from symnum.pictures import picture
    >>> from symnum.report.drawings import picture_to_json
    >>> document = json.loads(picture_to_json(*picture(symnum.Formula("x**2"), at=[3.0])))
    >>> document["picture"], document["marks"][0]["partials"]["x"]["hi"]
    ('curve', 6.0)
    """
    if isinstance(shown, Curve):
        axes: tuple[Axis, ...] = (shown.axis,)
        formula, marks = shown.formula, shown.marks
    else:
        backdrop = shown.backdrop if isinstance(shown, Field) else shown
        formula, axes, marks = backdrop.formula, backdrop.axes, backdrop.marks
    names = [axis.name for axis in axes]
    document: dict[str, Any] = {
        "kind": "picture",
        "schema": SCHEMA,
        "picture": kind,
        "formula": formula,
        "variables": names,
        "ranges": {
            axis.name: {"low": axis.low, "high": axis.high, "count": axis.count} for axis in axes
        },
        "marks": [_mark(mark, names) for mark in marks],
    }
    if isinstance(shown, Curve):
        document["tangents"] = [_mark(mark, names) for mark in shown.tangents]
        document["secants"] = [_secant(secant) for secant in shown.secants]
        document["breaks"] = list(shown.breaks)
    if isinstance(shown, Field):
        document |= _field(shown)
    document["file"] = None if path is None else str(path)
    return json.dumps(document, allow_nan=False, ensure_ascii=True)


def _mark(mark: Mark, names: Sequence[str]) -> dict[str, Any]:
    partials = zip(names, mark.partials, mark.statuses, strict=True)
    return {
        "at": dict(zip(names, mark.point, strict=True)),
        "value": to_json_number(mark.value),
        "partials": {
            name: {"hi": to_json_number(slope), "status": str(status)}
            for name, slope, status in partials
        },
    }


def _secant(secant: Secant) -> dict[str, Any]:
    numbers = {"x": secant.x, "h": secant.h, "value": secant.value, "slope": secant.slope}
    numbers["error"] = secant.error
    return {name: to_json_number(value) for name, value in numbers.items()}


def _field(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {
        "minus": field.minus,
        "points": field.points.tolist(),
        "gradient": [[to_json_number(v) for v in row] for row in field.gradient.tolist()],
        "scheme": field.scheme,
    }
    if field.error is None:
        return {**found, "error": None, "largest_error": None, "median_error": None}
    known = field.error[np.isfinite(field.error)]
    ends = (known.max(), np.median(known)) if known.size else (np.nan, np.nan)
    found["error"] = [to_json_number(value) for value in field.error.tolist()]
    found["largest_error"], found["median_error"] = (to_json_number(value) for value in ends)
    return found
