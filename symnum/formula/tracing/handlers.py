"""The table of NumPy's functions that traced arrays answer, and what its rows share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Handler = Callable[..., Any]

HANDLERS: dict[Any, Handler] = {}
"""Function of NumPy's -> what does the same, given the recorder and then the arguments."""

NO_VALUE: Any = np._NoValue


def implements(*functions: Any) -> Callable[[Handler], Handler]:
    """Enter what follows into the table."""

    def register(handler: Handler) -> Handler:
        for function in functions:
            HANDLERS[function] = handler
        return handler

    return register


def flag(value: Any) -> bool:
    """Return a flag that may have been left out."""
    return bool(value) and value is not NO_VALUE


def into(out: Any, result: Any) -> Any:
    """Return the result, written into `out=` where there is one."""
    if out is None or out is NO_VALUE:
        return result
    out[...] = result
    return out
