"""A class with methods `loss` and `gradient`, as a function of its parameters.

Each call works on a deep copy in which the parameters' arrays are replaced wherever they are held:
layers that share an array with the network's dict still do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from symnum.errors import UsageError
from symnum.nets.adapters.adapted import Adapted


def from_class(
    model: Any,
    params: Sequence[str] | None = None,
    *,
    loss: str = "loss",
    gradient: str = "gradient",
) -> Adapted:
    """Return an object with methods `loss(x, t)` and `gradient(x, t)` as functions of parameters.

    Parameters
    ----------
    model : object
        Somebody's network. It is not changed: every call works on a deep copy.
    params : sequence of str, optional
        Names of the attributes that hold the arrays; without it the dict `model.params`.
    loss, gradient : str
        The methods' names. The gradient is a dict of arrays by name, or a list in the parameters'
        order.

    Returns
    -------
    Adapted
        Its `loss` holds the parameters as float64 arrays, its `gradient` as arrays of their own
        dtype, where that is float32.

    Raises
    ------
    UsageError
        The object has no such methods or arrays, or can't be copied.

    Examples
    --------
    >>> import numpy as np
    >>> from symnum.nets import from_class
    >>> class Square:
    ...     w = np.array([3.0])
    ...     def loss(self, x, t):
    ...         return float(((self.w * x - t) ** 2).sum())
    ...     def gradient(self, x, t):
    ...         return [2 * (self.w * x - t) * x]
    >>> adapted = from_class(Square(), ["w"])
    >>> adapted.loss({"w": [1.0]}, np.array([2.0]), 0.0)
    4.0
    >>> adapted.gradient(adapted.params, np.array([2.0]), 0.0)["w"].tolist()
    [24.0]
    """
    for name in (loss, gradient):
        if not callable(getattr(model, name, None)):
            msg = f"the {type(model).__name__} has no method {name}(x, t)"
            raise UsageError(msg)
    held = _held(model, params)
    single = all(np.asarray(array).dtype == np.float32 for array in held.values())
    dtype = "float32" if single else "float64"

    def placed(values: Mapping[str, Any], kind: str) -> Any:
        """Return a copy of the model that holds other parameters."""
        memo: dict[int, Any] = {}
        for name, old in held.items():
            new = np.asarray(values[name])
            memo[id(old)] = np.array(new, dtype=kind if new.dtype.kind in "fiub" else new.dtype)
        if params is None:
            memo[id(model.params)] = {name: memo[id(old)] for name, old in held.items()}
        try:
            copied = deepcopy(model, memo)
        except Exception as error:
            msg = f"the {type(model).__name__} can't be copied: {type(error).__name__}: {error}"
            raise UsageError(msg) from None
        for name in params or ():
            setattr(copied, name, memo[id(held[name])])  # also where the class held it
        return copied

    def loss_of(values: Mapping[str, Any], x: Any, t: Any) -> Any:
        return getattr(placed(values, "float64"), loss)(x, t)

    def gradient_of(values: Mapping[str, Any], x: Any, t: Any) -> dict[str, np.ndarray]:
        answer = getattr(placed(values, dtype), gradient)(x, t)
        if isinstance(answer, Mapping):
            return {name: np.asarray(array) for name, array in answer.items()}
        if isinstance(answer, list | tuple) and len(answer) == len(held):
            return {name: np.asarray(array) for name, array in zip(held, answer, strict=True)}
        msg = (
            f"{gradient}(x, t) must return a dict of arrays, or a list of {len(held)} in the order "
            f"{', '.join(held)}; it returned a {type(answer).__name__}"
        )
        raise UsageError(msg)

    values = {name: np.array(array, dtype=np.float64) for name, array in held.items()}
    return Adapted(loss_of, gradient_of, values, dtype)


def _held(model: Any, params: Sequence[str] | None) -> dict[str, Any]:
    """Return the arrays that the model holds, by name."""
    if params is None:
        held = getattr(model, "params", None)
        if not isinstance(held, Mapping) or not held:
            msg = (
                f"the {type(model).__name__} has no dict of arrays called params: give the names "
                'of the attributes that hold them, such as params=["W", "b"]'
            )
            raise UsageError(msg)
        found = dict(held)
    else:
        if isinstance(params, str):
            params = [params]
        missing = [name for name in params if not hasattr(model, name)]
        if missing or not params:
            msg = f"the {type(model).__name__} has no attribute {missing[0] if missing else ''!r}"
            raise UsageError(msg)
        found = {name: getattr(model, name) for name in params}
    for name, array in found.items():
        if not isinstance(name, str):
            msg = f"a parameter's name is a text; {name!r} is a {type(name).__name__}"
            raise UsageError(msg)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
            msg = f"{name} is a {type(array).__name__}; an array of real numbers is expected"
            raise UsageError(msg)
    return found
