"""A JAX loss as functions of its parameters, with JAX's automatic gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symnum.errors import UsageError
from symnum.nets.adapters.adapted import Adapted, library, read_precision


def from_jax(
    loss_function: Callable[..., Any], params: Any, *, precision: str | None = None
) -> Adapted:
    """Return a JAX function as loss and automatic gradient.

    Parameters
    ----------
    loss_function : callable
        `loss_function(params, x, t)`, a scalar.
    params : pytree of arrays
        A dict of arrays, or any nesting of dicts and lists; nested arrays are named by their path,
        such as `layers[0]['W']`.
    precision : {"float32", "float64"}, optional
        Of the gradient; without it that of the arrays.

    Returns
    -------
    Adapted
        Its `loss` runs in float64, with `jax.enable_x64` for the time of the call only.

    Raises
    ------
    UsageError
        JAX isn't installed, or params holds no arrays of real numbers.

    Notes
    -----
    A function that casts to float32 inside does so here too: its loss is then noisy, and a check
    along directions says so.
    """
    jax = library("jax")
    kind = read_precision(precision)
    if not callable(loss_function):
        msg = f"loss_function is a {type(loss_function).__name__}; a function is expected"
        raise UsageError(msg)
    leaves, tree = jax.tree_util.tree_flatten_with_path(params)
    names = [_name(jax, path) for path, _ in leaves]
    arrays = [np.asarray(leaf) for _, leaf in leaves]
    for name, array in zip(names, arrays, strict=True):
        if array.dtype.kind not in "fiu" and str(array.dtype) != "bfloat16":
            msg = f"{name} has dtype {array.dtype}; arrays of real numbers are expected"
            raise UsageError(msg)
    if not names:
        msg = "params holds no arrays"
        raise UsageError(msg)
    if kind is None:
        kind = "float64" if all(array.dtype == np.float64 for array in arrays) else "float32"
    slope = jax.grad(loss_function)

    def packed(values: Mapping[str, Any], dtype: str) -> Any:
        made = [jax.numpy.asarray(_real(values[name], name), dtype=dtype) for name in names]
        return jax.tree_util.tree_unflatten(tree, made)

    def loss(values: Mapping[str, Any], x: Any, t: Any) -> Any:
        with jax.enable_x64(True):
            result = loss_function(packed(values, "float64"), *_given(jax, x, t, "float64"))
            return np.asarray(result)

    def gradient(values: Mapping[str, Any], x: Any, t: Any) -> dict[str, np.ndarray]:
        with jax.enable_x64(kind == "float64"):
            found = slope(packed(values, kind), *_given(jax, x, t, kind))
            flat = jax.tree_util.tree_leaves(found)
            return {name: np.array(leaf) for name, leaf in zip(names, flat, strict=True)}

    doubles = {n: array.astype(np.float64) for n, array in zip(names, arrays, strict=True)}
    return Adapted(loss, gradient, doubles, kind)


def _name(jax: Any, path: Any) -> str:
    """Return a path as a name: `W`, or `layers[0]['W']`."""
    first, rest = path[0] if path else None, path[1:]
    head = str(getattr(first, "key", getattr(first, "name", "params")))
    if not path or not (hasattr(first, "key") or hasattr(first, "name")):
        return "params" + str(jax.tree_util.keystr(path))
    return head + str(jax.tree_util.keystr(rest))


def _real(values: Any, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        msg = f"{name}: JAX takes real numbers here, not {array.dtype}"
        raise TypeError(msg)
    return array


def _given(jax: Any, x: Any, t: Any, kind: str) -> tuple[Any, Any]:
    """Return samples and targets as JAX arrays: real numbers in the precision, labels as they are.

    What is no array (a dict of inputs) goes through as it is.
    """

    def one(values: Any) -> Any:
        if not isinstance(values, np.ndarray | list | tuple | int | float | np.number):
            return values
        array = np.asarray(values)
        return jax.numpy.asarray(array, dtype=kind if array.dtype.kind == "f" else None)

    return one(x), one(t)
