"""Somebody's loss and gradient, called with copies, and what is wrong with their answers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from symnum.checking.verdict import Outcome
from symnum.errors import SymnumError, UsageError
from symnum.nets.verdict import NetworkCause, NetworkVerdict, ParameterReport

# So many unknown names are said; two calls agree to this, since sums of threads may not be ordered.
_NAMED, _SAME = 6, 1e-6

# What biases are called: b, b1, bias, hidden.bias; but a block_weight is none.
_BIAS = re.compile(r"b\d*|(.*[._])?bias\d*")

Arrays = dict[str, np.ndarray]
Shapes = Mapping[str, tuple[int, ...]]


class Watched:
    """A gradient that remembers which arrays it returned that are no parameter's.

    Parameters
    ----------
    gradient : callable
        Somebody's.
    names : mapping
        The parameters, by name.
    """

    def __init__(self, gradient: Callable[..., Any], names: Any) -> None:
        self._gradient = gradient
        self._names = names
        self._unknown: dict[str, None] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Ask for the gradient."""
        answer = self._gradient(*arguments)
        if isinstance(answer, Mapping):
            self._unknown |= {str(name): None for name in answer if name not in self._names}
        return answer

    def note(self, said: str) -> str:
        """Say which arrays they are, but for those that were said already; empty for none."""
        new = [name for name in self._unknown if name not in said][:_NAMED]
        if not new:
            return ""
        kind = "which is no parameter" if len(new) == 1 else "which are no parameters"
        return f"it also returns {', '.join(new)}, {kind}"


def copies(params: Arrays) -> Arrays:
    """Return the parameters for somebody who may write into them."""
    return {name: array.copy() for name, array in params.items()}


def copy(values: Any) -> Any:
    """Return samples or targets for somebody who may write into them: arrays, where they can be."""
    if isinstance(values, np.ndarray | list | tuple | int | float | np.number):
        try:
            return np.array(values)
        except ValueError:  # rows of different lengths, which may be what the network takes
            return deepcopy(values)
    return deepcopy(values)


def _call(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        with np.errstate(all="ignore"):  # what overflows is seen from the answer
            return function(*arguments)
    except SymnumError:
        raise
    except Exception as error:
        msg = f"{what}(params, x, t) raises {type(error).__name__}: {error}"
        raise UsageError(msg) from error


def ask_loss(
    loss: Callable[..., Any], params: Arrays, x: Any, t: Any
) -> tuple[float, np.dtype[Any]]:
    """Return the loss, and the dtype that it was given in.

    Raises
    ------
    UsageError
        It is not one number.
    """
    answer = _call("loss", loss, copies(params), copy(x), copy(t))
    try:
        array = np.asarray(answer)
        number = float(array.astype(np.float64).reshape(()))
    except (TypeError, ValueError) as error:
        msg = f"loss(params, x, t) must return one number: {error}"
        raise UsageError(msg) from None
    return number, array.dtype


def _missing(shapes: Shapes, missing: list[str], unknown: list[str]) -> NetworkVerdict:
    """Return the verdict on a gradient that lacks arrays, and may have others in their place."""
    biases = [name for name in missing if _BIAS.fullmatch(name)]
    said = f"{', '.join(missing)}: no gradient was returned"
    if unknown:
        said += f", but one named {', '.join(unknown[:_NAMED])}"
    nothing = float("nan")
    reports = tuple(
        ParameterReport(
            name,
            math.prod(shapes[name]),
            math.prod(shapes[name]),
            nothing,
            nothing,
            (),
            nothing,
            nothing,
            nothing,
        )
        for name in missing
    )
    cause = NetworkCause.BIAS if len(biases) == len(missing) else NetworkCause.SHAPE
    return NetworkVerdict(Outcome.WRONG, reports, cause, said, reference="the parameters' names")


def broken_manners(
    shapes: Shapes, gradient: Callable[..., Any], params: Arrays, x: Any, t: Any, given: Arrays
) -> NetworkVerdict | None:
    """Return the verdict on a gradient that writes into its arguments or keeps what it has done.

    Parameters
    ----------
    shapes, gradient, params, x, t
        As for `ask_gradient`.
    given : dict of arrays
        What it answered the first time.
    """
    own, samples, targets = copies(params), copy(x), copy(t)
    second, _, problem = _read(shapes, _call("gradient", gradient, own, samples, targets))
    if problem is not None:
        return problem
    written = [name for name in shapes if not np.array_equal(own[name], params[name])]
    written += [
        word
        for word, now, before in (("x", samples, x), ("t", targets, t))
        if isinstance(now, np.ndarray) and not np.array_equal(now, copy(before))
    ]
    if written:
        detail = f"it writes into {', '.join(written)}"
        return NetworkVerdict(
            Outcome.WRONG, cause=NetworkCause.MUTATES, cause_detail=detail, reference="itself"
        )
    differ = [name for name in shapes if not _alike(second[name], given[name])]
    if not differ:
        return None
    detail = f"two calls of gradient with the same arguments differ, in {', '.join(differ)}"
    if not all(_alike(second[name], 2.0 * given[name]) for name in differ):
        return NetworkVerdict(Outcome.UNDECIDED, reference="itself", reason=detail)
    detail += ": its answers add up from call to call"
    return NetworkVerdict(
        Outcome.WRONG, cause=NetworkCause.STALE, cause_detail=detail, reference="itself"
    )


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Say whether two answers are the same but for rounding."""
    return bool(np.all(np.abs(one - other) <= _SAME * np.abs(other).max()))


def ask_gradient(
    shapes: Shapes, gradient: Callable[..., Any], params: Arrays, x: Any, t: Any
) -> tuple[Arrays, set[Any], NetworkVerdict | None]:
    """Return the candidate's arrays in the parameters' order, or a verdict on their shapes.

    Raises
    ------
    UsageError
        It returned no dict of arrays of real numbers.
    """
    return _read(shapes, _call("gradient", gradient, copies(params), copy(x), copy(t)))


def _numbers(name: str, values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return an array as it was given, and as doubles: the real parts of complex numbers.

    Raises
    ------
    UsageError
        It is not made of numbers: texts that read as numbers are none.
    """
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufcO" or any(
            isinstance(each, str | bytes) for each in array.flat if array.dtype.kind == "O"
        ):
            raise TypeError
        real = array.real if array.dtype.kind == "c" else array
        return array, real.astype(np.float64)
    except (TypeError, ValueError):
        msg = f"gradient(params, x, t) must return arrays of real numbers; {name} is none"
        raise UsageError(msg) from None


def not_finite_far_away(
    shapes: Shapes, gradient: Callable[..., Any], params: Arrays, x: Any, t: Any
) -> list[str]:
    """Return which arrays are not finite at far parameters; none where it refuses these."""
    try:
        given, _, _ = ask_gradient(shapes, gradient, params, x, t)
    except SymnumError:
        return []
    return [name for name in shapes if name in given and not np.isfinite(given[name]).all()]


def _read(shapes: Shapes, answer: Any) -> tuple[Arrays, set[Any], NetworkVerdict | None]:
    """Return the arrays of a gradient's answer, as `ask_gradient` does."""
    if not isinstance(answer, Mapping):
        msg = (
            f"gradient(params, x, t) must return a dict of arrays named "
            f"{', '.join(shapes)}; it returned a {type(answer).__name__}"
        )
        raise UsageError(msg)
    given: Arrays = {}
    dtypes = set()
    missing = [name for name in shapes if name not in answer]
    if missing:
        unknown = [str(name) for name in answer if name not in shapes]
        return {}, set(), _missing(shapes, missing, unknown)
    for name, shape in shapes.items():
        array, numbers = _numbers(name, answer[name])
        if array.shape != shape:
            turned = array.shape == shape[::-1]
            detail = f"{name}: the gradient has shape {array.shape}, and {name} has {shape}"
            cause = NetworkCause.TRANSPOSED if turned else NetworkCause.SHAPE
            return {}, set(), NetworkVerdict(Outcome.WRONG, cause=cause, cause_detail=detail)
        if array.dtype.kind == "c" and array.imag.any():
            largest = float(np.abs(array.imag).max())
            detail = (
                f"{name}: the gradient has the dtype {array.dtype}, and imaginary parts up to "
                f"{largest:.3g}"
            )
            return (
                {},
                set(),
                NetworkVerdict(Outcome.WRONG, cause=NetworkCause.DTYPE, cause_detail=detail),
            )
        dtypes.add(array.dtype)
        given[name] = numbers
    return given, dtypes, None
