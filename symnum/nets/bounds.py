"""How far off a float64 gradient may be, entry by entry, from rounding alone.

First-order error analysis of the forward and the backward pass (Higham 2002, chapter 3): a sum of n
products is off by at most n units of rounding of the sum of their moduli, and every error goes on
through the layers above it by the moduli of their derivatives. The textbook forms count as right:
sigmoid(z) - t, 1 - tanh(z)**2 and a(1 - a) round numbers near 1, however small their result is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symnum.nets.backward import loss_slope, sample_losses, softmax
from symnum.nets.data import Batch
from symnum.nets.layers import SOFTMAX, Activation, Dense
from symnum.nets.scalars import Scalar
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


def rounding_bounds(
    structure: Structure, params: Arrays, batch: Batch, pieces: float = _SCALAR
) -> Bounds:
    """Return what rounding explains of a gradient in float64.

    `pieces` is how many units of rounding an activation or a loss may add; with 0 they are exact,
    and what is left is what no way of writing them can avoid.
    """
    with np.errstate(all="ignore"):
        return _bounds(structure, params, batch, pieces * _UNIT)


def _bounds(structure: Structure, params: Arrays, batch: Batch, room: float) -> Bounds:
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
            values, error = _softmax_error(softmax(values, SOFTMAX), error, room)
            kept.append((values, error))
            continue
        curvature = np.abs(layer.scalar.known_curvature(values))
        result, slope = layer.scalar.value(values), layer.scalar.known_slope(values)
        moved = curvature * error + _jumps(layer.scalar, values, error)
        kept.append((slope, moved + room * (1.0 + np.abs(slope))))
        size = np.abs(values) + np.abs(result) + float(layer.scalar.near_one)
        error = (np.abs(slope) + moved) * error + room * size
        values = result
    loss_scalar = structure.loss.scalar
    delta = (
        loss_slope(structure, values, batch)
        if loss_scalar is None
        else loss_scalar.known_slope(values, batch.t)
    )
    slope_error, loss = _loss_error(structure, values, error, batch, delta, room)
    found = _backward(structure, params, kept, delta / batch.size, slope_error)
    # inf·0 and inf - inf: nothing is known there.
    return Bounds({k: np.where(np.isnan(v), np.inf, v) for k, v in found.items()}, loss)


def _jumps(scalar: Scalar, values: np.ndarray, error: np.ndarray, *more: np.ndarray) -> np.ndarray:
    """Return how far off a slope may be beside a kink that rounding may cross, or at one."""
    if not scalar.has_kinks:
        return np.zeros(values.shape)
    here = scalar.value_and_slope(values, *more)[1]
    apart: np.ndarray = np.abs(scalar.slopes_beside(values, *more, away=error) - here).max(axis=0)
    return apart


def _softmax_error(y: np.ndarray, error: np.ndarray, room: float) -> tuple[np.ndarray, np.ndarray]:
    """Return softmax's values and how far off they are, given that of the logits."""
    return y, _softmax_moved(y, error) + (1.0 + y.shape[1] / _SCALAR) * room * y


def _softmax_moved(y: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Return by how much softmax moves with its logits: y_j itself moves as 1 - y_j does."""
    others = 1.0 - np.identity(y.shape[1])
    moved: np.ndarray = y * ((y @ others) * error + (y * error) @ others)
    return moved


def _loss_error(
    structure: Structure,
    values: np.ndarray,
    error: np.ndarray,
    batch: Batch,
    delta: np.ndarray,
    room: float,
) -> tuple[np.ndarray, float]:
    """Return what rounding explains of the gradient by the outputs, and of the loss."""
    size, t = batch.size, batch.t
    scalar = structure.loss.scalar
    moved = (np.abs(delta) * error).sum() / size
    rounded = np.abs(sample_losses(structure, values, t)).sum() / size
    if scalar is None:
        y, y_error = _softmax_error(softmax(values, SOFTMAX), error, room)
        total = np.abs(t).sum(axis=1, keepdims=True)
        slope = y_error * total + room * (y * total + np.abs(t))
        rounded += (np.abs(values).max(axis=1) * total[:, 0]).sum() / size
    else:
        curvature = np.abs(scalar.known_curvature(values, t))
        slope = curvature * (error + room * (np.abs(values) + np.abs(t)))
        terms = scalar.slope_terms(values, t)
        terms = np.where(np.isnan(terms), np.abs(delta), terms) + float(scalar.near_one)
        slope += _jumps(scalar, values, error, t) + room * terms
        rounded += (np.abs(delta) * np.abs(values)).sum() / size
    loss = float(moved + (_SCALAR + t.size) * _UNIT * rounded)
    return slope / size, loss if np.isfinite(loss) else np.inf


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
            found[names[0]] = products + saved_error.T @ (size + error)
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
            error = error * (np.abs(saved) + saved_error) + size * (
                saved_error + _UNIT * np.abs(saved)
            )
            delta = delta * saved
    return found
