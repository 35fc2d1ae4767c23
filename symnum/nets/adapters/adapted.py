"""Adapted: somebody's network as functions of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symnum.errors import UsageError


@dataclass(frozen=True, eq=False)
class Adapted:
    """Somebody's network as functions of its parameters: what `check_network` takes.

    Made by `from_torch`, `from_jax` and `from_class`. What it was made from is never changed.

    Parameters
    ----------
    loss : callable
        `loss(params, x, t)`, computed in float64 whatever the network's own precision.
    gradient : callable
        `gradient(params, x, t)`, a dict of arrays: the network's own, in its own precision.
    params : dict of float64 arrays
        The parameters as they were.
    dtype : str
        The network's own precision.

    Examples
    --------
    >>> import numpy as np
    >>> from symnum.nets import check_network, from_class
    >>> class Line:
    ...     def __init__(self):
    ...         self.params = {"a": np.array([2.0]), "b": np.array([1.0])}
    ...     def loss(self, x, t):
    ...         return np.sum((self.params["a"] * x + self.params["b"] - t) ** 2)
    ...     def gradient(self, x, t):
    ...         off = self.params["a"] * x + self.params["b"] - t
    ...         return {"a": np.array([np.sum(2 * off * x)]), "b": np.array([np.sum(off)])}
    >>> line = from_class(Line())
    >>> x, t = np.array([1.0, 2.0]), np.array([0.0, 4.0])
    >>> verdict = check_network(line.loss, line.gradient, line.params, x=x, t=t)
    >>> str(verdict.status), verdict.cause_detail
    ('wrong', 'b: given/exact = 0.5')
    """

    loss: Callable[[Mapping[str, Any], Any, Any], Any]
    gradient: Callable[[Mapping[str, Any], Any, Any], dict[str, np.ndarray]]
    params: dict[str, np.ndarray]
    dtype: str

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self.params.items())
        return f"Adapted({shapes}; {self.dtype})"


def read_precision(precision: Any) -> str | None:
    """Return the precision of a gradient: float32, float64, or None for the network's own.

    Raises
    ------
    UsageError
        It is none of them.
    """
    if precision not in (None, "float32", "float64"):
        msg = f"precision is {precision!r}; it is 'float32', 'float64', or None for the network's"
        raise UsageError(msg)
    return precision  # type: ignore[no-any-return]  # one of three, as was just seen


def library(name: str) -> Any:
    """Import an optional library.

    Raises
    ------
    UsageError
        It isn't installed.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        msg = f"this needs {name}, which isn't installed: pip install symnum-verify[{name}]"
        raise UsageError(msg) from None
