"""How far off a float64 gradient may be, entry by entry, from rounding alone.

First-order error analysis of the forward and the backward pass (Higham 2002, chapter 3): a sum of n
products is off by at most n units of rounding of the sum of their moduli, and every error goes on
through the layers above it by the moduli of their derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symnum.nets.backward import loss_slope, sample_losses, softmax
from symnum.nets.data import Batch
from symnum.nets.layers import SOFTMAX, Activation, Dense
from symnum.nets.structure import Structure

Arrays = dict[str, np.ndarray]

_UNIT = 2.0**-53
# Elementary functions and the few operations round a scalar formula: somebody's own code may write
# it in another way, with a few more of them.
_SCALAR = 16.0


@dataclass(frozen=True, eq=False)
class Bounds:
    """What rounding explains.

    Parameters
    ----------
    gradient : dict of arrays
        For each parameter's entries.
    loss : float
        For the loss.
    """

    gradient: Arrays
    loss: float


def rounding_bounds(structure: Structure, params: Arrays, batch: Batch) -> Bounds:
    """Return what rounding explains of a gradient in float64."""
    with np.errstate(all="ignore"):
        return _bounds(structure, params, batch)


def _bounds(structure: Structure, params: Arrays, batch: Batch) -> Bounds:
    values = batch.x
    error = np.zeros(values.shape)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    for layer, names in zip(structure.layers, structure.names, strict=True):
        if names is not None:
            kept.append((values, error))
            weights = params[names[0]]
            bias = params[names[1]] if names[1] is not None else np.zeros(weights.shape[1])
            size = np.abs(values) @ np.abs(weights) + np.abs(bias)
            error = (len(weights) + 1) * _UNIT * size + error @ np.abs(weights)
            values = values @ weights + bias
            continue
        assert isinstance(layer, Activation)
        if layer.scalar is None:
            values, error = _softmax_error(softmax(values, SOFTMAX), error)
            kept.append((values, error))
            continue
        curvature = np.abs(layer.scalar.curvature(values))
        result, slope = layer.scalar.value_and_slope(values)
        kept.append((slope, curvature * error + _SCALAR * _UNIT * (1.0 + np.abs(slope))))
        error = np.abs(slope) * error + _SCALAR * _UNIT * (np.abs(values) + np.abs(result))
        values = result
    delta = loss_slope(structure, values, batch)
    slope_error, loss = _loss_error(structure, values, error, batch, delta)
    return Bounds(_backward(structure, params, kept, delta / batch.size, slope_error), loss)


def _softmax_error(y: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    worst = error.max(axis=1, keepdims=True)
    return y, y * (2.0 * worst + (_SCALAR + y.shape[1]) * _UNIT)


def _loss_error(
    structure: Structure, values: np.ndarray, error: np.ndarray, batch: Batch, delta: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return what rounding explains of the gradient by the outputs, and of the loss."""
    size, t = batch.size, batch.t
    scalar = structure.loss.scalar
    moved = (np.abs(delta) * error).sum() / size
    terms = np.abs(sample_losses(structure, values, t)).sum() / size
    if scalar is None:
        y, y_error = _softmax_error(softmax(values, SOFTMAX), error)
        total = np.abs(t).sum(axis=1, keepdims=True)
        slope = y_error * total + _SCALAR * _UNIT * (y * total + np.abs(t))
        terms += (np.abs(values).max(axis=1) * total[:, 0]).sum() / size
    else:
        curvature = np.abs(scalar.curvature(values, t))
        slope = curvature * (error + _SCALAR * _UNIT * (np.abs(values) + np.abs(t)))
        slope += _SCALAR * _UNIT * np.abs(delta)
        terms += (np.abs(delta) * np.abs(values)).sum() / size
    return slope / size, float(moved + (_SCALAR + t.size) * _UNIT * terms)


def _backward(
    structure: Structure,
    params: Arrays,
    kept: list[tuple[np.ndarray, np.ndarray]],
    delta: np.ndarray,
    error: np.ndarray,
) -> Arrays:
    found: Arrays = {}
    count = len(delta)
    for index in range(len(structure.layers) - 1, -1, -1):
        layer, names, (saved, saved_error) = (
            structure.layers[index],
            structure.names[index],
            kept[index],
        )
        size = np.abs(delta)
        if isinstance(layer, Dense):
            assert names is not None
            products = np.abs(saved).T @ (error + (count + 4) * _UNIT * size)
            found[names[0]] = products + saved_error.T @ size
            if names[1] is not None:
                found[names[1]] = (error + (count + 4) * _UNIT * size).sum(axis=0)
            weights = np.abs(params[names[0]])
            error = error @ weights.T + (layer.outputs + 1) * _UNIT * (size @ weights.T)
            delta = delta @ params[names[0]].T
            continue
        assert isinstance(layer, Activation)
        if layer.scalar is None:
            y = saved
            inner = (size * y).sum(axis=1, keepdims=True)
            inner_error = (error * y + size * (saved_error + y.shape[1] * _UNIT * y)).sum(
                axis=1, keepdims=True
            )
            error = y * (error + inner_error + 4 * _UNIT * (size + inner))
            error += saved_error * (size + inner)
            delta = y * (delta - (delta * y).sum(axis=1, keepdims=True))
        else:
            error = error * np.abs(saved) + size * (saved_error + _UNIT * np.abs(saved))
            delta = delta * saved
    return found
