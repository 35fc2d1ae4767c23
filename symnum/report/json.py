"""Sweeps, derivatives and errors as JSON, and a Sweep read back from it.

Every document is strict JSON: NaN and the infinities stand in it as "nan", "inf" and "-inf".
The schema is written down in docs/reference-json.md.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from symnum.differences.schemes import Scheme
from symnum.differences.sweep import Component, Run, StepStatus, Sweep
from symnum.errors import ParseError, SymnumError, UsageError
from symnum.formula.exact import Exact
from symnum.formula.status import Status
from symnum.report.numbers import certified_digits, from_json_number, to_json_number

if TYPE_CHECKING:
    from symnum.formula.formula import Formula

AnyStatus = TypeVar("AnyStatus", Status, StepStatus)

SCHEMA = 1
"""Version of the documents; a reader refuses a newer one."""

_ALONG_STEPS = (
    "h",
    "approximation",
    "error",
    "truncation",
    "step_rounding",
    "evaluation",
    "arithmetic",
    "radius",
)
_PER_ENTRY = (
    "crossing",
    "observed_order",
    "noise_ulps",
    "best_h",
    "best_error",
    "predicted_h",
    "predicted_error",
)
_EXACT = ("hi", "lo", "radius", "left", "right")
_FRACTION = re.compile(r"-?[0-9]{1,400}(?:/[0-9]{1,400})?", re.ASCII)


def sweep_to_json(sweep: Sweep) -> str:
    """Return a sweep as a JSON document that `sweep_from_json` reads back into an equal one.

    Parameters
    ----------
    sweep : Sweep
        What `symnum.sweep` returned.

    Returns
    -------
    str
        `{"kind": "sweep", ...}`; points x components are flattened, the point outermost.

    Examples
    --------
    >>> import symnum
    >>> sweep = symnum.sweep("x**2", 1.0, h=[0.5])
    >>> symnum.Sweep.from_json(sweep.to_json()) == sweep
    True
    """
    entries = np.ndindex(len(sweep.points), len(sweep.components))
    document = {
        "kind": "sweep",
        "schema": SCHEMA,
        "formula": _texts(sweep.formula),
        "variables": list(sweep.variables),
        "derivative_order": sweep.derivative_order,
        "function": sweep.function,
        "environment": dict(sweep.environment),
        "point_count": len(sweep.points),
        "components": [_component(component) for component in sweep.components],
        "schemes": [_scheme(run) for run in sweep.runs],
        "points": [
            {
                "at": _at(sweep.variables, sweep.points[p]),
                "exact": _exact_entry(sweep.exact, (p, c)),
                "component": _component(sweep.components[c]),
                "schemes": [_run(run, p, c) for run in sweep.runs],
            }
            for p, c in entries
        ],
    }
    return _dumps(document)


def derivative_to_json(
    formula: Formula, derivative: Formula, at: Any = None, exact: Exact | None = None
) -> str:
    """Return a derivative, and its certified values where there are points, as a JSON document.

    Parameters
    ----------
    formula : Formula
        What was differentiated.
    derivative : Formula
        Its derivative.
    at : float64 array, shape (P, n), optional
        The points, n of them the formula's variables.
    exact : Exact, optional
        The derivative's certified values there.

    Returns
    -------
    str
        `{"kind": "derivative", ...}`. Lists are nested like the formula's shape and then by
        variable; a derivative by a single variable has a list of one there.

    Examples
    --------
    >>> import json
    >>> import symnum
    >>> from symnum.report.json import derivative_to_json
    >>> f = symnum.Formula("x*y")
    >>> json.loads(derivative_to_json(f, f.derivative()))["derivative"]
    ['y', 'x']
    """
    shape = derivative.shape
    if shape == formula.shape:
        shape = (*shape, 1)
    document: dict[str, Any] = {
        "kind": "derivative",
        "schema": SCHEMA,
        "formula": _nested(formula.texts, formula.shape),
        "variables": list(formula.variables),
        "derivative": _nested(derivative.texts, shape),
    }
    if at is not None and exact is not None:
        size = len(derivative.texts)
        flat = exact.reshape(len(at), size)
        document["points"] = [
            {
                "at": _at(formula.variables, point),
                "values": _nested([_exact_entry(flat, (p, i)) for i in range(size)], shape),
            }
            for p, point in enumerate(np.asarray(at))
        ]
    return _dumps(document)


def error_to_json(error: SymnumError) -> str:
    """Return an error as a JSON document.

    Parameters
    ----------
    error : SymnumError
        What was raised.

    Returns
    -------
    str
        `{"kind": "error", "error": "parse" | "limit" | "domain" | "usage", "message", "column"}`;
        the column counts from 0 and is null where the error is not in a formula's text.

    Examples
    --------
    >>> from symnum.errors import UsageError
    >>> from symnum.report.json import error_to_json
    >>> print(error_to_json(UsageError("no such scheme")))
    {"kind": "error", "error": "usage", "message": "no such scheme", "column": null}
    """
    message, column = str(error), None
    if isinstance(error, ParseError):  # without the lines with the caret
        message, column = _sentence(error), error.column if error.text else None
    document = {"kind": "error", "error": error.kind, "message": message, "column": column}
    return _dumps(document)


def sweep_from_json(text: str) -> Sweep:
    """Return the Sweep that a JSON document of `sweep_to_json` holds.

    Parameters
    ----------
    text : str
        The document.

    Raises
    ------
    UsageError
        If it isn't JSON, or isn't a sweep; the message names the place.
    """
    try:
        document = json.loads(
            _typed(text, str, "the JSON of a sweep"), parse_constant=_refuse_constant
        )
    except RecursionError:
        msg = "this JSON is nested too deeply to be a sweep"
        raise UsageError(msg) from None
    except ValueError as error:
        msg = f"this is not JSON: {error}"
        raise UsageError(msg) from None
    return _Reader(document).sweep()


def _refuse_constant(name: str) -> float:
    msg = f'{name} is not JSON; write "nan", "inf" or "-inf" in quotes'
    raise ValueError(msg)


class _Reader:
    """Reads a document, and names the place of what is wrong with it."""

    def __init__(self, document: object) -> None:
        self.document = _typed(document, dict, "the document")
        kind = self.document.get("kind")
        if kind != "sweep":
            msg = f'the document\'s "kind" is {_shown(kind)}; a sweep has "sweep"'
            raise UsageError(msg)
        schema = self.document.get("schema")
        if schema != SCHEMA:
            msg = f'the document\'s "schema" is {_shown(schema)}; this version reads {SCHEMA}'
            raise UsageError(msg)

    def sweep(self) -> Sweep:
        document = self.document
        texts = document.get("formula")
        formula = [texts] if isinstance(texts, str) else _words(document, "formula", "")
        variables = _words(document, "variables", "")
        components = tuple(
            _read_component(item, f"components[{i}]")
            for i, item in enumerate(_get(document, "components", list, ""))
        )
        schemes = [
            _read_scheme(item, f"schemes[{i}]")
            for i, item in enumerate(_get(document, "schemes", list, ""))
        ]
        for component in components:
            if not 0 <= component.output < len(formula) or component.variable not in variables:
                msg = f"component {_shown(component)} is not one of this formula's"
                raise UsageError(msg)
        count = _get(document, "point_count", int, "")
        entries = _get(document, "points", list, "")
        if len(entries) != count * len(components) or count < 0:
            msg = (
                f'"points" has {len(entries)} entries; {_shown(count)} points of {len(components)} '
                "components were announced"
            )
            raise UsageError(msg)
        environment = _get(document, "environment", dict, "")
        for key, value in environment.items():
            _typed(value, str, f"environment[{_shown(key)}]")
        function = document.get("function")
        if function is not None:
            _typed(function, str, '"function"')
        derivative_order = _get(document, "derivative_order", int, "")
        if derivative_order < 1:
            msg = f'"derivative_order" is {_shown(derivative_order)}; it counts from 1'
            raise UsageError(msg)
        self.shape = (count, len(components))
        points = self._points(entries, variables)
        return Sweep(
            formula=tuple(formula),
            variables=tuple(variables),
            points=points,
            components=components,
            exact=self._exact(entries),
            runs=tuple(self._run(entries, i, *scheme) for i, scheme in enumerate(schemes)),
            derivative_order=derivative_order,
            function=function,
            environment=environment,
        )

    def _points(self, entries: list[Any], variables: Sequence[str]) -> np.ndarray:
        count, width = self.shape
        points = np.zeros((count, len(variables)))
        for p in range(count if width else 0):
            where = f"points[{p * width}]"
            at = _get(_typed(entries[p * width], dict, where), "at", dict, where)
            for i, name in enumerate(variables):
                points[p, i] = _number(at.get(name), f"{where}.at[{_shown(name)}]")
        return points

    def _exact(self, entries: list[Any]) -> Exact:
        columns: dict[str, list[float]] = {name: [] for name in _EXACT}
        status = []
        for i, entry in enumerate(entries):
            where = f"points[{i}].exact"
            value = _get(_typed(entry, dict, f"points[{i}]"), "exact", dict, f"points[{i}]")
            for name, column in columns.items():
                column.append(_number(value.get(name), f"{where}.{name}"))
            status.append(_status(Status, value.get("status"), where))
        hi, lo, radius, left, right = (_doubles(columns[name], self.shape) for name in _EXACT)
        return Exact(hi, lo, radius, _objects(status, self.shape), left, right)

    def _run(self, entries: list[Any], index: int, scheme: Scheme, steps: int) -> Run:
        # Lists first: arrays are made only once every size has proven to be what was announced.
        along: dict[str, list[list[float]]] = {name: [] for name in _ALONG_STEPS}
        single: dict[str, list[float]] = {name: [] for name in _PER_ENTRY}
        status: list[StepStatus] = []
        for i, entry in enumerate(entries):
            where = f"points[{i}].schemes[{index}]"
            runs = _get(entry, "schemes", list, f"points[{i}]")
            if len(runs) <= index:
                msg = f"{where} is missing"
                raise UsageError(msg)
            run = _typed(runs[index], dict, where)
            for name, rows in along.items():
                rows.append(_numbers(run, name, steps, where))
            for name, values in single.items():
                values.append(_number(run.get(name), f"{where}.{name}"))
            words = _sized(_get(run, "status", list, where), steps, f"{where}.status")
            status += [_status(StepStatus, word, where) for word in words]
        shape = (*self.shape, steps)
        return Run(
            scheme=scheme,
            **{name: _doubles(rows, shape) for name, rows in along.items()},
            status=_objects(status, shape),
            **{name: _doubles(values, self.shape) for name, values in single.items()},
        )


def _doubles(values: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    return np.array(values, dtype=np.float64).reshape(shape)


def _objects(values: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)


def _dumps(document: object) -> str:
    return json.dumps(document, allow_nan=False, ensure_ascii=True)


def _texts(texts: Sequence[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else list(texts)


def _sentence(error: ParseError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message


def _at(variables: Sequence[str], point: np.ndarray) -> dict[str, float | str]:
    return {
        name: to_json_number(value) for name, value in zip(variables, point.tolist(), strict=True)
    }


def _component(component: Component) -> dict[str, Any]:
    return {"output": component.output, "variable": component.variable}


def _exact_entry(exact: Exact, index: tuple[int, ...]) -> dict[str, Any]:
    values = {name: float(np.asarray(getattr(exact, name))[index]) for name in _EXACT}
    return {
        "status": str(np.asarray(exact.status)[index]),
        "hi": to_json_number(values["hi"]),
        "lo": to_json_number(values["lo"]),
        "digits": certified_digits(values["hi"], values["lo"], values["radius"]),
        "radius": to_json_number(values["radius"]),
        "left": to_json_number(values["left"]),
        "right": to_json_number(values["right"]),
    }


def _scheme(run: Run) -> dict[str, Any]:
    scheme = run.scheme
    return {
        "scheme": scheme.label,
        "name": scheme.name,
        "derivative_order": scheme.derivative_order,
        "accuracy": scheme.accuracy,
        "offsets": [str(offset) for offset in scheme.offsets],
        "weights": [str(weight) for weight in scheme.weights],
        "fixed_h": scheme.h,
        "complex": scheme.is_complex,
        "steps": run.h.shape[2],
    }


def _run(run: Run, p: int, c: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"scheme": run.scheme.label, "accuracy": run.scheme.accuracy}
    for name in _ALONG_STEPS:
        entry[name] = _number_list(getattr(run, name)[p, c])
    entry["status"] = [str(status) for status in run.status[p, c]]
    for name in _PER_ENTRY:
        entry[name] = to_json_number(getattr(run, name)[p, c])
    return entry


def _number_list(values: np.ndarray) -> list[Any]:
    numbers = values.tolist()
    if np.isfinite(values).all():
        return list(numbers)
    return [to_json_number(value) for value in numbers]


def _nested(items: Sequence[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return items[0]
    size = math.prod(shape[1:])
    return [_nested(items[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]


def _read_component(item: object, where: str) -> Component:
    entry = _typed(item, dict, where)
    return Component(_get(entry, "output", int, where), _get(entry, "variable", str, where))


def _read_scheme(item: object, where: str) -> tuple[Scheme, int]:
    entry = _typed(item, dict, where)
    steps = _get(entry, "steps", int, where)
    if not 0 <= steps <= 10**9:
        msg = f"{where}.steps is {_shown(steps)}, which is not a number of steps"
        raise UsageError(msg)
    fixed = entry.get("fixed_h")
    try:
        scheme = Scheme(
            _get(entry, "name", str, where),
            _get(entry, "derivative_order", int, where),
            _get(entry, "accuracy", int, where),
            _fractions(entry, "offsets", where),
            _fractions(entry, "weights", where),
            None if fixed is None else _number(fixed, f"{where}.fixed_h"),
            is_complex=_get(entry, "complex", bool, where),
        )
    except UsageError as error:
        if str(error).startswith(where):
            raise
        msg = f"{where}: {error}"
        raise UsageError(msg) from None
    return scheme, steps


def _fractions(entry: dict[str, Any], key: str, where: str) -> tuple[Fraction, ...]:
    numbers = []
    for text in _words(entry, key, where)[:200]:
        if not _FRACTION.fullmatch(text) or re.search("/0*$", text):
            msg = f"{where}.{key} holds {_shown(text)}, which is not a fraction"
            raise UsageError(msg)
        numbers.append(Fraction(text))
    return tuple(numbers)


def _status(kind: type[AnyStatus], value: Any, where: str) -> AnyStatus:
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(kind)
        msg = f"{where}: {_shown(value)} is not a status ({words})"
        raise UsageError(msg) from None


def _number(value: object, where: str) -> float:
    try:
        return from_json_number(value)
    except ValueError:
        msg = f"{where} is {_shown(value)}, which is not a number"
        raise UsageError(msg) from None


def _numbers(entry: dict[str, Any], key: str, size: int, where: str) -> list[float]:
    values = _sized(_get(entry, key, list, where), size, f"{where}.{key}")
    return [_number(value, f"{where}.{key}[{i}]") for i, value in enumerate(values)]


def _sized(values: list[Any], size: int, where: str) -> list[Any]:
    if len(values) != size:
        msg = f"{where} has {len(values)} entries; {size} steps were announced"
        raise UsageError(msg)
    return values


def _words(entry: dict[str, Any], key: str, where: str) -> list[str]:
    values: list[str] = _get(entry, key, list, where)
    for i, value in enumerate(values):
        _typed(value, str, f"{where}{'.' if where else ''}{key}[{i}]")
    return values


def _get(entry: dict[str, Any], key: str, kind: type, where: str) -> Any:
    name = f"{where}.{key}" if where else f'"{key}"'
    if key not in entry:
        msg = f"{name} is missing"
        raise UsageError(msg)
    return _typed(entry[key], kind, name)


def _typed(value: object, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        names = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}
        expected = names.get(kind, "true or false")
        msg = f"{where} is {_shown(value)}; it must be {expected}"
        raise UsageError(msg)
    return value


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number of more than 60 digits"
    text = ascii(value)
    return text if len(text) <= 60 else text[:60] + "..."
