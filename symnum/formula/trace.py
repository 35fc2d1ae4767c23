"""NumPy function -> Formula: the function is run once, on symbolic arrays.

Loops and branches on shapes run as ever. A branch on data follows the path at one concrete point,
and the conditions of that path are recorded: the formula is the function's where they hold. Sums
are added from left to right, as Python adds them; NumPy adds long sums in another order, which
rounds otherwise.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from symnum.errors import LimitError, SymnumError, TraceError, UsageError
from symnum.formula.formula import Formula, from_program
from symnum.formula.program import Line, Program
from symnum.formula.tracing.arrays import TracedArray, TracedNumber, as_numbers, lift, xp
from symnum.formula.tracing.recorder import MOST_LINES, Recorder, is_library, place_of
from symnum.formula.unparse import unparse


@dataclass(frozen=True)
class Trace:
    """A traced function.

    Parameters
    ----------
    formula : Formula
        What it computes.
    conditions : tuple of str
        What the path that was followed depends on: the formula is the function's where all of them
        hold. Empty where the function has no branch on data. The formula's own conditions say
        besides what isfinite, isnan and isinf were at the point.
    at : float64 array
        The point at which the branches were taken, flattened, one entry a variable.
    writes : bool
        Whether the function leaves other values in its argument than it was given.
    whole : Program
        The formula's lines and those of the conditions, all of them outputs.
    """

    formula: Formula
    conditions: tuple[str, ...]
    at: np.ndarray
    writes: bool
    whole: Program


def trace(
    function: Callable[..., Any],
    n: int | tuple[int, ...] | None = None,
    shape: Any = None,
    at: Any = None,
    names: Sequence[str] | None = None,
) -> Formula:
    """Return the Formula of an ordinary NumPy function.

    Parameters
    ----------
    function : callable
        Takes one array, several scalars, or a dict of arrays. It is run once.
    n : int or tuple of int, optional
        How many variables there are: one array of shape (n,), or n scalars where the function has n
        parameters. A tuple is the `shape`. Without `n`, `shape` and `at`: the parameters without
        a default are scalars.
    shape : tuple of int, or dict of them, optional
        The shape of the array; or the shapes of several, by the names of the parameters or by the
        keys of the dict that the function takes.
    at : array_like, or dict of them, optional
        The point whose path is followed where the function branches on data, in the form in which
        the function takes it. Without it: a fixed point with coordinates between 0.3 and 1.7.
    names : sequence of str, optional
        The variables' labels. Without it: the names of scalar parameters; `x0`, `x1`, ... for an
        array x; `theta[3]`, `W1[5,2]` for arrays with other names.

    Returns
    -------
    Formula
        Its constants are the doubles in the code. Its shape is that of the result: tuples and lists
        are stacked, the values of a dict are joined, flattened. Its `conditions` say where it is
        the function's: argmax, sorting, masks and comparisons whose truth is asked for follow the
        path at the point, and isfinite, isnan and isinf are taken to be what they are there.

    Raises
    ------
    TraceError
        A line of the function can't be traced, or it raised an error itself.
    UsageError
        The form of the function's arguments can't be told.

    Examples
    --------
    >>> import numpy as np
    >>> from symnum.formula.trace import trace
    >>> def f(x):
    ...     return np.sum(x[1:] * np.exp(-x[:-1]))
    >>> print(trace(f, n=3))
    x1*exp(-x0) + x2*exp(-x1)
    >>> largest = trace(lambda x: x[np.argmax(x)], at=[1.0, 3.0])
    >>> str(largest), largest.conditions
    ('x1', ('x0 <= x1',))
    """
    if isinstance(n, (tuple, list)):
        return trace_with_conditions(function, None, tuple(n), at, names).formula
    return trace_with_conditions(function, n, shape, at, names).formula


def trace_with_conditions(
    function: Callable[..., Any],
    n: int | None = None,
    shape: Any = None,
    at: Any = None,
    names: Sequence[str] | None = None,
    most: int = MOST_LINES,
) -> Trace:
    """Return the Formula and the conditions of the path that was followed; arguments as `trace`.

    `most` is how many operations the function may have.
    """
    if not callable(function):
        msg = f"trace takes a function; this is a {type(function).__name__}"
        raise UsageError(msg)
    forms = _forms(function, n, shape, at)
    first: SymnumError | None = None
    for form in forms:
        try:
            return _run(function, form, names, most)
        except TraceError as error:
            # Why a line can't be traced says more than what the other form made the function raise.
            if first is None or (first.__cause__ is not None and error.__cause__ is None):
                first = error
    assert first is not None
    raise first


# --- the form of the arguments -------------------------------------------------------------------


@dataclass(frozen=True)
class _Argument:
    """One array of variables: what it is called, its shape, and its values at the point."""

    name: str
    values: np.ndarray
    is_scalar: bool = False


@dataclass(frozen=True)
class _Form:
    """How the function is called: with each argument in turn, by name, or with one dict."""

    arguments: tuple[_Argument, ...]
    call: str = "positional"

    @property
    def at(self) -> np.ndarray:
        return np.concatenate([a.values.ravel() for a in self.arguments] or [np.zeros(0)])


def _forms(function: Callable[..., Any], n: Any, shape: Any, at: Any) -> list[_Form]:
    """Return the forms in which the function may take its arguments, the likeliest first."""
    parameters = _parameters(function)
    if isinstance(at, Mapping) or isinstance(shape, Mapping):
        return [_form_of_dict(parameters, shape, at)]
    values = None if at is None else _point(at)
    if shape is not None:
        return [_one_array(parameters, _shape(shape), values)]
    if n is not None and (isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0):
        msg = f"n is {n!r}; it must be the number of variables"
        raise UsageError(msg)
    if n is None and values is not None:
        if values.ndim != 1:
            return [_one_array(parameters, values.shape, values)]
        n = len(values)
        if len(parameters) < 2:
            return [_one_array(parameters, (n,), values)]
    if values is not None and values.size != n:
        msg = f"at has {values.size} coordinates; n is {n}"
        raise UsageError(msg)
    if n is None:
        if not parameters:
            msg = "say how many variables the function has: n=3, or shape=(2, 3)"
            raise UsageError(msg)
        return [_scalars(parameters, _generic((len(parameters),)))]
    flat = _generic((int(n),)) if values is None else values.ravel()
    if len(parameters) > 1 and len(parameters) == n:
        return [_scalars(parameters, flat)]
    if len(parameters) > 1:
        msg = (
            f"the function has {len(parameters)} parameters without a default, "
            f"{', '.join(parameters)}; with n = {n} it must have one, or {n}"
        )
        raise UsageError(msg)
    array = _one_array(parameters, (int(n),), flat)
    if n != 1:
        return [array]
    one = _scalars(parameters or ["x"], flat)
    return [array, one] if values is not None and np.ndim(at) else [one, array]


def _parameters(function: Callable[..., Any]) -> list[str]:
    """Return the positional parameters without a default; none where they can't be known."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [p for p in signature.parameters.values() if p.kind in kinds]
    required = [p.name for p in parameters if p.default is inspect.Parameter.empty]
    return required or [p.name for p in parameters[:1]]


def _one_array(parameters: list[str], shape: tuple[int, ...], values: Any) -> _Form:
    if len(parameters) > 1:
        msg = (
            f"the function has {len(parameters)} parameters without a default, "
            f"{', '.join(parameters)}; give shape={{name: shape, ...}} for several arrays"
        )
        raise UsageError(msg)
    if values is not None and values.shape != shape:
        msg = f"at has shape {values.shape}; shape is {shape}"
        raise UsageError(msg)
    point = _generic(shape) if values is None else values
    return _Form((_Argument((parameters or ["x"])[0], point, not shape),))


def _scalars(parameters: list[str], values: np.ndarray) -> _Form:
    pairs = zip(parameters, values, strict=True)
    return _Form(tuple(_Argument(name, np.array(v), is_scalar=True) for name, v in pairs))


def _form_of_dict(parameters: list[str], shape: Any, at: Any) -> _Form:
    point = {} if at is None else dict(at)
    shapes = (
        dict(shape) if isinstance(shape, Mapping) else {k: np.shape(v) for k, v in point.items()}
    )
    if point and list(point) != list(shapes) and set(point) != set(shapes):
        msg = f"at has the keys {list(point)}; shape has {list(shapes)}"
        raise UsageError(msg)
    arguments = []
    for seed, (name, given) in enumerate(shapes.items()):
        if not isinstance(name, str):
            msg = f"the names of arrays are texts, not {type(name).__name__}"
            raise UsageError(msg)
        size = _shape(given)
        values = _point(point[name]) if name in point else _generic(size, seed)
        if values.shape != size:
            msg = f"at has shape {values.shape} for {name}; shape is {size}"
            raise UsageError(msg)
        arguments.append(_Argument(name, values, not size))
    by_name = len(parameters) > 1 or (len(shapes) == 1 and parameters == list(shapes))
    if by_name and set(parameters) - set(shapes):
        missing = ", ".join(p for p in parameters if p not in shapes)
        msg = f"no shape or value was given for the function's {missing}"
        raise UsageError(msg)
    return _Form(tuple(arguments), "by name" if by_name else "one dict")


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
    if not all(
        isinstance(s, (int, np.integer)) and not isinstance(s, bool) and s >= 0 for s in sizes
    ):
        msg = f"shape is {shape!r}; it must be a tuple of lengths, such as (2, 3)"
        raise UsageError(msg)
    return tuple(int(size) for size in sizes)


def _point(at: Any) -> np.ndarray:
    try:
        values = np.array(at, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if not np.isfinite(values).all():
        msg = "at must be finite real numbers, in the form in which the function takes them"
        raise UsageError(msg)
    return values


def _generic(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Return the same point every time, one with nothing special about it."""
    return np.random.default_rng([1867, seed]).uniform(0.3, 1.7, shape)


def labels_of(arguments: Sequence[_Argument]) -> list[str]:
    """Return the variables' labels: `a`, `x0`, `theta[3]`, `W1[5,2]`."""
    labels: list[str] = []
    for argument in arguments:
        shape, name = argument.values.shape, argument.name
        if not shape:
            labels.append(name)
        elif name == "x" and len(shape) == 1:
            labels += [f"x{i}" for i in range(shape[0])]
        else:
            labels += [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(shape)]
    return labels


# --- running it ----------------------------------------------------------------------------------


def _run(
    function: Callable[..., Any], form: _Form, names: Sequence[str] | None, most: int
) -> Trace:
    at = form.at
    labels = labels_of(form.arguments) if names is None else list(names)
    if len(labels) != len(at) or not all(isinstance(label, str) for label in labels):
        msg = f"names must be {len(at)} texts, one a variable"
        raise UsageError(msg)
    if len(set(labels)) < len(labels):
        raise UsageError("two variables have the same name; give other names=")
    recorder = Recorder(len(at), most)
    arguments: dict[str, TracedArray] = {}
    start = 0
    for argument in form.arguments:
        stop = start + argument.values.size
        lines = [recorder.builder.var(i) for i in range(start, stop)]
        kind = TracedNumber if argument.is_scalar else TracedArray
        shaped = np.array(lines, dtype=np.int64).reshape(argument.values.shape)
        made = kind(recorder, shaped, argument.values.copy())
        if isinstance(made, TracedNumber):
            made.is_argument = True
        arguments[argument.name] = made
        start = stop
    given = {name: array.lines.copy() for name, array in arguments.items()}
    result = _call(function, form.call, arguments, recorder)
    writes = any(not np.array_equal(arguments[name].lines, given[name]) for name in given)
    array = _stacked(recorder, result, function, list(arguments))
    outputs = array.lines.ravel().tolist()
    whole = recorder.builder.finish(outputs)
    decided = list(recorder.conditions)
    conditions = _texts(whole.with_outputs(decided), labels)
    assumed = tuple(
        f"{'' if truth else 'not '}{name}({text})"
        for (name, line), truth in recorder.assumed.items()
        for text in _texts(whole.with_outputs([line]), labels)
    )
    formula = from_program(_live(whole), labels, array.shape, (*conditions, *assumed))
    return Trace(formula, conditions, at, writes, whole.with_outputs([*outputs, *decided]))


def _live(program: Program) -> Program:
    """Return the program without the lines that its outputs don't need."""
    number: dict[int, int] = {}
    lines: list[Line] = []
    for index in program.live():
        op, args, value = program.lines[index]
        number[index] = len(lines)
        lines.append(Line(op, tuple(number[arg] for arg in args), value))
    outputs = tuple(number[output] for output in program.outputs)
    return Program(tuple(lines), outputs, program.n_variables)


def _texts(program: Program, labels: Sequence[str]) -> tuple[str, ...]:
    texts = []
    for output in program.outputs:
        try:
            texts += unparse(program.with_outputs([output]), labels)
        except LimitError:
            texts.append("(too long to print)")
    return tuple(dict.fromkeys(texts))


def _call(
    function: Callable[..., Any], call: str, arguments: dict[str, Any], recorder: Recorder
) -> Any:
    from symnum.formula.tracing.code import Code

    code = Code(recorder)
    recorder.translate = code.copy
    copied = code.callable(function)
    try:
        with np.errstate(all="ignore"):
            if call == "by name":
                result = copied(**arguments)
            elif call == "one dict":
                result = copied(dict(arguments))
            else:
                result = copied(*arguments.values())
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:  # the user's code may raise anything
        if recorder.refusal is not None:
            raise recorder.refusal from None
        raise _raised(error) from error
    if recorder.refusal is not None:
        # The function caught our refusal and went another way than it goes untraced.
        raise recorder.refusal
    return result


def _raised(error: BaseException) -> TraceError:
    """Return the error that says where the function raised one of its own."""
    place: tuple[str, int, str] = ("", 0, "")
    step: TracebackType | None = error.__traceback__
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        if not is_library(filename) or not place[0]:
            place = place_of(filename, step.tb_lineno)
        step = step.tb_next
    text = str(error).partition("\n")[0]
    return TraceError(f"the function raised {type(error).__name__}: {text}", *place)


# --- what it returned ----------------------------------------------------------------------------


def _stacked(
    recorder: Recorder, result: Any, function: Callable[..., Any], keys: list[str]
) -> TracedArray:
    """Return whatever the function returned as one array with a line for each element."""
    place = _place(function)
    if result is None:
        raise TraceError("the function returns None: it must return a number or an array", *place)
    try:
        array = as_numbers(_joined(recorder, result, keys))
    except TraceError as error:
        msg = f"the function returns what is no number and no array of numbers: {error.reason}"
        raise TraceError(msg, *place) from None
    except (ValueError, TypeError):
        msg = "the arrays that the function returns have shapes that can't be stacked"
        raise TraceError(msg, *place) from None
    if not array.size:
        raise TraceError(f"the function returns an empty array, of shape {array.shape}", *place)
    lines = [
        line if line >= 0 else recorder.const(value)
        for line, value in zip(
            array.lines.ravel().tolist(), array.values.ravel().tolist(), strict=True
        )
    ]
    return TracedArray(recorder, np.array(lines, dtype=np.int64).reshape(array.shape), array.values)


def _joined(recorder: Recorder, result: Any, keys: list[str]) -> TracedArray:
    if isinstance(result, Mapping):
        order = keys if set(keys) == set(result) else list(result)
        parts = [_joined(recorder, result[key], keys).reshape(-1) for key in order]
        return lift(recorder, xp.concatenate(parts))
    if isinstance(result, (list, tuple)) and result:
        parts = [_joined(recorder, part, keys) for part in result]
        return lift(recorder, xp.stack(parts))
    return lift(recorder, result)


def _place(function: Any) -> tuple[str, int, str]:
    code = getattr(inspect.unwrap(function), "__code__", None)
    code = code or getattr(getattr(function, "__func__", None), "__code__", None)
    return place_of(code.co_filename, code.co_firstlineno) if code is not None else ("", 0, "")
