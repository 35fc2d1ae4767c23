"""The numerical gradient of every parameter by central differences: fast, and as the plain loop.

A weight changes one unit of its layer, and nothing else before it. So the fast way keeps the
layer's pre-activations, moves one column of them by ±h times the input, and runs only the layers
above, many weights at a time. The plain way runs the whole network twice a weight.

The two round differently. The plain loop sums x @ W anew, with all of its rounding; the fast way
adds h·x to a sum that was rounded once, so that the rounding of that sum is the same on both sides
of the difference and cancels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.errors import UsageError
from symnum.nets.backward import float_loss, outputs, sample_losses, softmax
from symnum.nets.data import Batch, check_batch, check_finite, check_parameters, read_count
from symnum.nets.layers import Activation, Dense
from symnum.nets.structure import Structure

if TYPE_CHECKING:
    from symnum.nets.network import Network

# About as many numbers as stay in the processor's cache while the layers above are run.
_BLOCK = 1 << 16

Arrays = dict[str, np.ndarray]


def numerical_gradient(
    network: Network, params: Mapping[str, Any], x: Any, t: Any, *, h: float = 1e-4
) -> Arrays:
    """Return the central differences of the loss by every parameter, unit by unit.

    Parameters
    ----------
    network : Network
        The network.
    params, x, t
        As for `Network.loss`.
    h : float
        The step.

    Raises
    ------
    UsageError
        `h` is not a positive number, or the rest doesn't fit the network.
    DomainError
        A parameter or an input is not finite.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, numerical_gradient
    >>> network = Network([Dense(1, 1)], "squared_error")
    >>> found = numerical_gradient(network, {"W1": [[2]], "b1": [1]}, [3], [5], h=0.5)
    >>> found["W1"].tolist()
    [[6.0]]
    """
    structure = network.structure
    arrays, batch = check_parameters(structure, params), check_batch(structure, x, t)
    check_finite(arrays, batch.x)
    step = check_step(h)
    found: Arrays = {}
    values = batch.x
    with np.errstate(all="ignore"):
        for index, (layer, names) in enumerate(zip(structure.layers, structure.names, strict=True)):
            if names is None:
                values = _activate(layer, values)
                continue
            assert isinstance(layer, Dense)
            before = values
            values = before @ arrays[names[0]]
            if names[1] is not None:
                values = values + arrays[names[1]]
            found[names[0]] = _by_units(
                structure, arrays, batch, index, values, before, arrays[names[0]], step
            )
            if names[1] is not None:
                ones = np.ones((batch.size, 1))
                bias = arrays[names[1]][None, :]
                found[names[1]] = _by_units(
                    structure, arrays, batch, index, values, ones, bias, step
                )[0]
    return {name: found[name] for name in structure.shapes}


def plain_numerical_gradient(
    network: Network,
    params: Mapping[str, Any],
    x: Any,
    t: Any,
    *,
    h: float = 1e-4,
    every: int = 1,
) -> Arrays:
    """Return the central differences by the plain loop: the whole network twice a parameter.

    Parameters
    ----------
    network : Network
        The network.
    params, x, t
        As for `Network.loss`.
    h : float
        The step.
    every : int
        Only every so many entries of each parameter; the others are NaN.

    Raises
    ------
    UsageError
        `h` is not a positive number, `every` no whole number from 1 on, or the rest doesn't fit
        the network.
    DomainError
        A parameter or an input is not finite.

    Examples
    --------
    >>> from symnum.nets import Dense, Network
    >>> from symnum.nets import plain_numerical_gradient
    >>> network = Network([Dense(1, 1)], "squared_error")
    >>> found = plain_numerical_gradient(network, {"W1": [[2]], "b1": [1]}, [3], [5], h=0.5)
    >>> found["W1"].tolist()
    [[6.0]]
    """
    structure = network.structure
    arrays = {k: v.copy() for k, v in check_parameters(structure, params).items()}
    batch, step = check_batch(structure, x, t), check_step(h)
    check_finite(arrays, batch.x)
    read_count(every, "every")
    found: Arrays = {}
    for name, array in arrays.items():
        flat, slopes = array.reshape(-1), np.full(array.size, np.nan)
        for k in range(0, array.size, every):
            kept = flat[k]
            flat[k] = kept + step
            above = float_loss(structure, arrays, batch)
            flat[k] = kept - step
            below = float_loss(structure, arrays, batch)
            flat[k] = kept
            slopes[k] = (above - below) / (2 * step)
        found[name] = slopes.reshape(array.shape)
    return found


def check_step(h: Any) -> float:
    """Return the step as a float.

    Raises
    ------
    UsageError
        It is not a positive finite number.
    """
    if isinstance(h, bool) or not isinstance(h, int | float | np.number):
        msg = f"h is {h!r}; a step is a positive number"
        raise UsageError(msg)
    step = float(h)
    if not (np.isfinite(step) and step > 0.0):
        msg = f"h is {h!r}; a step is a positive finite number"
        raise UsageError(msg)
    return step


def _activate(layer: Any, values: np.ndarray) -> np.ndarray:
    assert isinstance(layer, Activation)
    return layer.scalar.value(values) if layer.scalar else softmax(values, layer.formula)


def _above(
    structure: Structure, arrays: Arrays, index: int, values: np.ndarray, t: np.ndarray
) -> np.ndarray:
    """Return the losses of rows of pre-activations of layer `index`."""
    rest = Structure(
        structure.layers[index + 1 :], structure.loss, structure.names[index + 1 :], {}
    )
    return sample_losses(rest, outputs(rest, arrays, values), t)


def _by_units(
    structure: Structure,
    arrays: Arrays,
    batch: Batch,
    index: int,
    values: np.ndarray,
    inputs: np.ndarray,
    weights: np.ndarray,
    step: float,
) -> np.ndarray:
    """Return the differences by the weights of one layer.

    The step that a weight takes is the one between the doubles w + h and w - h; the quotient is by
    the nominal 2h, as in the plain loop.
    """
    rows, columns = weights.shape
    size = batch.size
    up, down = (weights + step) - weights, (weights - step) - weights
    result = np.empty(weights.shape)
    block = max(1, _BLOCK // (size * columns))
    for start in range(0, rows, block):
        part = slice(start, min(start + block, rows))
        count = part.stop - part.start
        targets = np.tile(batch.t, (count, 1))
        for unit in range(columns):
            losses = []
            for move in (up, down):
                moved = np.tile(values, (count, 1)).reshape(count, size, columns)
                moved[:, :, unit] += inputs[:, part].T * move[part, unit, None]
                flat = moved.reshape(count * size, columns)
                each = _above(structure, arrays, index, flat, targets)
                losses.append(each.reshape(count, size).sum(axis=1) / size)
            result[part, unit] = (losses[0] - losses[1]) / (2 * step)
    return result
