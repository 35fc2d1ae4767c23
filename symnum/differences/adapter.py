"""A user's own NumPy function, called the way it wants to be called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from symnum.differences.approximate import Evaluate
from symnum.errors import UsageError

# How many points are evaluated both at once and one by one before arrays are trusted.
_TRIED = 5

# A function that gives the same numbers on arrays may still round differently there.
_SAME = 1e-9


def adapt(
    function: Callable[..., Any],
    variables: Sequence[str],
    shape: tuple[int, ...],
    *,
    what: str = "the function",
    has_domain: bool = True,
) -> Evaluate:
    """Return the function as one from an array a variable to an array an output.

    Parameters
    ----------
    function : callable
        Takes one float (one variable), one array of shape (n,), or n floats, as its signature says.
        It is given arrays of many points at once where it proves to give the same numbers.
    variables : sequence of str
        The formula's variables.
    shape : tuple of int
        The formula's shape, which the function's result must have.
    what : str
        What it is called in messages.
    has_domain : bool
        Whether an arithmetic error or a ValueError means that a point lies outside the function's
        domain, where it is NaN; otherwise they are errors like any other.

    Raises
    ------
    UsageError
        The returned callable raises it where the function raises, or returns another shape.
    """
    separate = len(variables) > 1 and _takes_separately(function, len(variables))

    def one(point: Sequence[Any]) -> np.ndarray:
        arguments = (
            list(point) if separate else [point[0] if len(variables) == 1 else np.array(point)]
        )
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(function(*arguments))
        except Exception as error:
            if has_domain and isinstance(error, ArithmeticError | ValueError):
                return np.full(shape, np.nan)  # outside the function's domain
            msg = f"{what} raised {type(error).__name__}: {error} at {_shown(variables, point)}"
            raise UsageError(msg) from error
        if result.size != prod(shape) or result.dtype.kind not in "fiubc":
            msg = (
                f"{what} returned {_kind(result)} at {_shown(variables, point)}; "
                f"{'a number' if not shape else f'an array of shape {shape}'} is expected"
            )
            raise UsageError(msg)
        return result.reshape(shape)

    def many(columns: Sequence[np.ndarray]) -> np.ndarray | None:
        stacked = [column.copy() for column in columns]
        arguments = (
            stacked
            if separate
            else [stacked[0] if len(variables) == 1 else np.stack(stacked, axis=-1)]
        )
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(function(*arguments))
        except Exception:  # any failure on arrays only means: one point at a time
            return None
        fits = result.shape == (*columns[0].shape, *shape) and result.dtype.kind in "fiubc"
        return result if fits else None

    def evaluate(columns: Sequence[Any]) -> list[Any]:
        columns = [np.asarray(c) for c in np.broadcast_arrays(*columns)]
        lead = columns[0].shape
        flat = [column.reshape(-1) for column in columns]
        count = flat[0].size
        tried = np.unique(np.linspace(0, count - 1, min(_TRIED, count)).astype(int))
        single = np.array([one([column[i] for column in flat]) for i in tried])
        result = many(flat) if count > _TRIED else None
        if result is None or not np.allclose(
            result[tried], single, rtol=_SAME, atol=0.0, equal_nan=True
        ):
            result = np.array([one([column[i] for column in flat]) for i in range(count)])
        if np.iscomplexobj(result) and not any(np.iscomplexobj(column) for column in columns):
            msg = f"{what} returned complex numbers at real points; real ones are expected"
            raise UsageError(msg)
        outputs = result.reshape(count, -1)
        return [outputs[:, k].reshape(lead) for k in range(outputs.shape[1])]

    return evaluate


def _takes_separately(function: Callable[..., Any], n: int) -> bool:
    """Say whether the function's signature asks for n arguments rather than one array."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [
        p
        for p in parameters
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]
    return len(positional) == n


def _shown(variables: Sequence[str], point: Sequence[Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in zip(variables, point, strict=True))


def _kind(result: np.ndarray) -> str:
    if result.dtype.kind == "O":
        return f"a {type(result[()]).__name__}" if result.ndim == 0 else "an array of objects"
    return f"an array of shape {result.shape} and dtype {result.dtype}"
