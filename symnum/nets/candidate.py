"""Somebody's loss and gradient, called with copies, and what is wrong with their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from symnum.checking.verdict import Outcome
from symnum.errors import SymnumError, UsageError
from symnum.nets.verdict import NetworkCause, NetworkVerdict

Arrays = dict[str, np.ndarray]
Shapes = Mapping[str, tuple[int, ...]]


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


def _call(what: str, function: Callable[..., Any], params: Arrays, x: Any, t: Any) -> Any:
    try:
        with np.errstate(all="ignore"):  # what overflows is seen from the answer
            return function(copies(params), copy(x), copy(t))
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
    answer = _call("loss", loss, params, x, t)
    try:
        array = np.asarray(answer)
        number = float(array.astype(np.float64).reshape(()))
    except (TypeError, ValueError) as error:
        msg = f"loss(params, x, t) must return one number: {error}"
        raise UsageError(msg) from None
    return number, array.dtype


def ask_gradient(
    shapes: Shapes, gradient: Callable[..., Any], params: Arrays, x: Any, t: Any
) -> tuple[Arrays, set[Any], NetworkVerdict | None]:
    """Return the candidate's arrays in the parameters' order, or a verdict on their shapes.

    Raises
    ------
    UsageError
        It returned no dict of arrays of real numbers.
    """
    answer = _call("gradient", gradient, params, x, t)
    if not isinstance(answer, Mapping):
        msg = (
            f"gradient(params, x, t) must return a dict of arrays named "
            f"{', '.join(shapes)}; it returned a {type(answer).__name__}"
        )
        raise UsageError(msg)
    given: Arrays = {}
    dtypes = set()
    for name, shape in shapes.items():
        if name not in answer:
            detail = f"{name}: no gradient was returned"
            is_bias = name.startswith("b") or name.endswith("bias")
            cause = NetworkCause.BIAS if is_bias else NetworkCause.SHAPE
            return {}, set(), NetworkVerdict(Outcome.WRONG, cause=cause, cause_detail=detail)
        try:
            array = np.asarray(answer[name])
            numbers = array.astype(np.float64)
        except (TypeError, ValueError):
            msg = f"gradient(params, x, t) must return arrays of real numbers; {name} is none"
            raise UsageError(msg) from None
        if array.shape != shape:
            turned = array.shape == shape[::-1]
            detail = f"{name}: the gradient has shape {array.shape}, and {name} has {shape}"
            cause = NetworkCause.TRANSPOSED if turned else NetworkCause.SHAPE
            return {}, set(), NetworkVerdict(Outcome.WRONG, cause=cause, cause_detail=detail)
        dtypes.add(array.dtype)
        given[name] = numbers
    return given, dtypes, None
