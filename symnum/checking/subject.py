"""What is known of the function whose derivative is checked: its formula, or only its code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from symnum.checking.claim import (
    Candidate,
    Form,
    Layout,
    leading_parameters,
    parameters,
    required_parameters,
    takes,
    takes_any_number,
)
from symnum.errors import TraceError, UsageError
from symnum.formula.formula import Formula
from symnum.formula.program import Program
from symnum.formula.trace import trace_with_conditions
from symnum.formula.tracing.recorder import MOST_LINES

# Above so many parameters code that has no short formula is measured along directions.
MANY = 24
_LONG = 6_000
# Of choices inside each other a derivative holds each inside all that are round it.
_DEEPEST = 300


@dataclass(frozen=True)
class Subject:
    """A function, with its formula where there is one.

    Parameters
    ----------
    variables : tuple of str
        The variables' names.
    formula : Formula or None
        The mathematics; of code, its trace.
    code : callable or None
        The user's code.
    untraced : str
        Why code has no formula.
    """

    variables: tuple[str, ...]
    formula: Formula | None
    code: Callable[..., Any] | None = None
    untraced: str = ""


def subject_of(
    f: Any,
    at: Any,
    domain: Any,
    n: int | None,
    layout: Layout | None,
    over: Callable[[Callable[..., Any]], Callable[..., Any]],
    order: Sequence[str] = (),
) -> Subject:
    """Return what is known of `f`: text, a Formula, SymPy, or code, which is traced if it can be.

    `over` puts a time limit over code: it is called once before it is traced. Text without points
    that depend on it takes its variables in the `order` of the derivative's parameters.

    Raises
    ------
    UsageError
        Nothing says how many variables a function has, or `n` doesn't fit a formula, or a formula
        is that of one path of a traced function.
    """
    if not callable(f) or isinstance(f, Formula):
        formula = _formula(f)
        if formula.conditions:
            msg = (
                f"this formula is that of one path of a traced function, where "
                f"{'; '.join(formula.conditions[:3])}; check the function itself, or "
                "Formula(str(f)) with a domain in which that path is taken"
            )
            raise UsageError(msg)
        if not isinstance(f, Formula) and sorted(order) == sorted(formula.variables):
            formula = _formula(f, tuple(order))
        if n is not None and n != len(formula.variables):
            msg = f"n is {n!r}; the formula has the variables {', '.join(formula.variables)}"
            raise UsageError(msg)
        return Subject(formula.variables, formula)
    count = prod_of(layout) if layout is not None else _count(f, at, domain, n)
    form = form_of(f, count, layout)
    Candidate(over(f), form, (), (), layout).raw(np.full(count, 0.5))
    shapes = dict(layout.shapes) if layout is not None else None
    try:
        most = MOST_LINES if count <= MANY else _LONG
        found = trace_with_conditions(f, n=None if shapes else count, shape=shapes, most=most)
    except TraceError as error:
        return Subject(_names(f, count, layout), None, f, error.sentence)
    except SystemExit:
        return Subject(_names(f, count, layout), None, f, "it calls sys.exit")
    if found.conditions:
        conditions = "; ".join(found.conditions[:3])
        reason = f"it branches on its data ({conditions}), so no one formula holds everywhere"
        return Subject(found.formula.variables, None, f, reason)
    if _depth(found.formula.program) > _DEEPEST:
        reason = f"it chooses among more than {_DEEPEST} branches, one inside the other"
        return Subject(found.formula.variables, None, f, reason)
    return Subject(found.formula.variables, found.formula, f)


def _depth(program: Program) -> int:
    """Return how many choices lie inside each other at most."""
    depth = [0] * len(program)
    for index, line in enumerate(program.lines):
        inner = max((depth[arg] for arg in line.args), default=0)
        depth[index] = inner + (line.op == "where")
    return max(depth, default=0)


def prod_of(layout: Layout) -> int:
    """Return how many numbers a dict of arrays holds."""
    return sum(prod(shape) for _, shape in layout.shapes)


def form_of(function: Callable[..., Any], n: int, layout: Layout | None) -> Form:
    """Return how a function takes a point, as far as its signature says."""
    if layout is not None and parameters(function) == [name for name, _ in layout.shapes]:
        if any(shape for _, shape in layout.shapes):
            return Form.NAMED
        return Form.FLOATS if n > 1 else Form.FLOAT
    # What only hands its arguments on may want an array too: several floats are tried first.
    several = required_parameters(function) == n or takes_any_number(function)
    scalars = layout is not None and not any(shape for _, shape in layout.shapes)
    if layout is not None and not (scalars and several and n > 1):
        return Form.DICT
    if n > 1:
        return Form.FLOATS if several else Form.ARRAY
    return Form.FLOAT


def forms_of(
    function: Callable[..., Any], names: Sequence[str], layout: Layout | None
) -> list[Form]:
    """Return the forms that a function's signature allows, the likeliest first.

    Parameters
    ----------
    function : callable
        Somebody's.
    names : sequence of str
        The variables.
    layout : Layout or None
        For a dict of arrays.
    """
    n = len(names)
    scalars = layout is None or not any(shape for _, shape in layout.shapes)
    written = list(names) if layout is None else [name for name, _ in layout.shapes]
    forms = [form_of(function, n, layout)]
    if scalars and n > 1:
        # Those that have their names, and defaults as well, are the variables.
        forms.insert(0 if leading_parameters(function, n) == written else 1, Form.FLOATS)
        forms.append(Form.ARRAY if layout is None else Form.DICT)
    found = [form for form in dict.fromkeys(forms) if takes(function, form, written)]
    by_name = Form.BY_NAME if scalars else Form.NAMED
    return found or [form for form in (by_name,) if takes(function, form, written)]


def code_of(
    function: Callable[..., Any],
    n: int,
    layout: Layout | None,
    points: np.ndarray,
    array: bool,
    *,
    is_given: bool = True,
) -> Candidate:
    """Return the code of f with the way that it is called and the shape that it returns.

    Parameters
    ----------
    function : callable
        The code.
    n : int
        How many variables it has.
    layout : Layout or None
        For a dict of arrays.
    points : float64 array, shape (P, n)
        Where it is tried, until it answers: f needn't be defined everywhere.
    array : bool
        Whether one variable goes as an array of shape (1,) rather than as a float.
    is_given : bool
        Whether points were given, whose shape may have been meant otherwise.

    Raises
    ------
    UsageError
        It can't be called there, or returns something else than numbers.
    """
    form = form_of(function, n, layout)
    if form is Form.FLOAT and array:
        form = Form.ARRAY
    forms = [form]
    if layout is None:
        forms += [other for other in (Form.ARRAY, Form.FLOAT) if other is not form]
        forms = [other for other in forms if n == 1 or other is not Form.FLOAT]
    first = ""
    for tried in forms:
        for point in points:
            found = Candidate(function, tried, (), (), layout).raw(point)
            if isinstance(found, np.ndarray):
                shape = () if n == 1 and tried is Form.ARRAY and found.size == 1 else found.shape
                accepted = ((1,),) if not shape else ()
                return Candidate(function, tried, shape, accepted, layout)
            first = first or found
    where = ", ".join(f"{x:.6g}" for x in points[0][:6].tolist())
    hint = one_point_hint(n) if is_given else ""
    msg = f"f can't be evaluated at ({where}{', ...' if n > 6 else ''}): {first}{hint}"
    raise UsageError(msg)


def one_point_hint(n: int) -> str:
    """Say how points are counted, where code of several variables can't be called at all."""
    if n == 1:
        return ""
    return (
        f"; it was called with {n} variables, since without a formula a 1-d array is one point: "
        "pass n=1 if each entry is a point of one variable"
    )


def _names(f: Callable[..., Any], count: int, layout: Layout | None) -> tuple[str, ...]:
    """Return the variables' names as a trace calls them: `a`, `x0`, `theta[3]`."""
    if layout is not None:
        return layout.labels()
    named = parameters(f) or []
    if len(named) == count:
        return tuple(named)
    array = named[0] if len(named) == 1 else "x"
    return tuple(f"x{i}" if array == "x" else f"{array}[{i}]" for i in range(count))


def _count(f: Callable[..., Any], at: Any, domain: Any, n: int | None) -> int:
    """Return how many variables a function without a formula has: a 1-d array is one point."""
    if n is not None:
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
            msg = f"n is {n!r}; the number of variables is expected, from 1 on"
            raise UsageError(msg)
        return int(n)
    if at is not None:
        first = at[0] if isinstance(at, (list, tuple)) and at and np.ndim(at[0]) else at
        count = 1 if np.ndim(first) == 0 else int(np.shape(first)[-1])
    elif isinstance(domain, Mapping):
        names = parameters(f) or []
        count = len(names) if set(domain) <= set(names) else 0
    elif domain is not None:
        count = len(domain)
    else:
        count = 0
    if count < 1:
        msg = "a function without a formula needs points (at), a domain, or n, how many variables"
        if isinstance(at, (list, tuple, np.ndarray)) and not len(at):
            msg = "at holds no point; at least one is expected"
        raise UsageError(msg)
    return count


def _formula(f: Any, variables: tuple[str, ...] | None = None) -> Formula:
    """Return what f is as a Formula; the same text, asked about again, is not read again."""
    if isinstance(f, Formula):
        return f
    if isinstance(f, list) and f and all(isinstance(text, str) for text in f):
        return _read(tuple(f), variables)
    return _read(f, variables) if isinstance(f, str) else _of_sympy(f, variables)


@lru_cache(maxsize=32)
def _read(text: str | tuple[str, ...], variables: tuple[str, ...] | None) -> Formula:
    return Formula(text, variables)


def _of_sympy(f: Any, variables: tuple[str, ...] | None) -> Formula:
    formula = Formula(f)
    if variables is None or variables == formula.variables:
        return formula
    symbols = {str(symbol): symbol for entry in np.ravel(f) for symbol in entry.free_symbols}
    return Formula(f, [symbols[name] for name in variables])


def layout_of(at: Any) -> Layout | None:
    """Return how a dict of arrays is packed; None for other points."""
    if not isinstance(at, Mapping):
        return None
    return Layout(tuple((str(name), _shape(name, value)) for name, value in at.items()))


def _shape(name: Any, value: Any) -> tuple[int, ...]:
    """Return the shape of an entry of a dict."""
    try:
        return np.shape(value)
    except ValueError:
        msg = (
            f"the entry {name!r} of at holds arrays of different shapes; in a dict each entry is "
            "a number, an array or a dict of them: give each array a name of its own"
        )
        raise UsageError(msg) from None
