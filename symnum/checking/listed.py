"""Parameters as a list of arrays, the way frameworks hand them out: seen as a dict by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import Parameter, Signature
from typing import Any

import numpy as np

TAKES_ONE = Signature([Parameter("arrays", Parameter.POSITIONAL_OR_KEYWORD)])


def is_blocks(at: Any, derivative: Callable[..., Any]) -> bool:
    """Say whether points are one list of arrays of their own shapes, rather than many points.

    Where all are vectors of one length, the derivative's own answer says which it is.
    """
    if not isinstance(at, (list, tuple)) or not at:
        return False
    if not all(isinstance(block, np.ndarray) for block in at):
        return False
    if len({block.shape for block in at}) > 1 or any(block.ndim > 1 for block in at):
        return True
    return at[0].ndim == 1 and _shapes(derivative, [b.copy() for b in at]) == [b.shape for b in at]


def _shapes(derivative: Callable[..., Any], argument: list[np.ndarray]) -> list[Any]:
    """Return the shapes of the arrays in a derivative's answer; none where it isn't a list."""
    try:
        with np.errstate(all="ignore"):
            found = derivative(argument)
    except (Exception, SystemExit):  # then it takes something else
        return []
    return [np.shape(one) for one in found] if isinstance(found, (list, tuple)) else []


def by_number(blocks: Sequence[Any]) -> dict[str, Any]:
    """Return a list as a dict: `[0]`, `[1]`, ... are its names."""
    return {f"[{i}]": block for i, block in enumerate(blocks)}


def of_dict(function: Callable[..., Any]) -> Callable[[dict[str, Any]], Any]:
    """Return a function of a list of arrays as one of a dict, with answers of either kind."""

    @wraps(function)
    def called(arrays: dict[str, Any]) -> Any:
        found = function(list(arrays.values()))
        if isinstance(found, (list, tuple)) and len(found) == len(arrays):
            return by_number(found)
        return found

    called.__signature__ = TAKES_ONE  # type: ignore[attr-defined]  # not that of the list
    return called
