"""The float64 passes: forward, and backpropagation."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from symnum.errors import DomainError
from symnum.formula.status import Status
from symnum.nets.data import Batch, check_finite
from symnum.nets.layers import SOFTMAX, Activation, Dense
from symnum.nets.losses import CROSS_ENTROPY
from symnum.nets.structure import Structure

Arrays = dict[str, np.ndarray]

_NOTHING = np.zeros(0)
# Up to here y - 1 loses no more than one bit of y.
_NEAR_ONE = 0.5
_EXISTS = (Status.CERTIFIED, Status.ZERO)


def outputs(structure: Structure, params: Arrays, x: np.ndarray) -> np.ndarray:
    """Return what the last layer gives for rows x; call it with NumPy's warnings silenced."""
    values = x
    for layer, names in zip(structure.layers, structure.names, strict=True):
        values = one_layer(layer, names, params, values)
    return values


def one_layer(
    layer: Dense | Activation,
    names: tuple[str, str | None] | None,
    params: Arrays,
    values: np.ndarray,
) -> np.ndarray:
    """Return what a layer gives for rows of its inputs."""
    if names is not None:
        return _dense(values, params, names)
    assert isinstance(layer, Activation)
    return layer.scalar.value(values) if layer.scalar else softmax(values, layer.formula)


def _dense(values: np.ndarray, params: Arrays, names: tuple[str, str | None]) -> np.ndarray:
    result: np.ndarray = values @ params[names[0]]
    if names[1] is not None:
        result += params[names[1]]
    return result


def softmax(logits: np.ndarray, kind: str = SOFTMAX) -> np.ndarray:
    """Return softmax of each row, with the largest logit taken out unless `kind` says otherwise."""
    # The ufuncs' own `reduce` is what .max() and .sum() call after some detours.
    if kind == SOFTMAX:
        logits = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    powers: np.ndarray = np.exp(logits)
    powers /= np.add.reduce(powers, axis=1, keepdims=True)
    return powers


def sample_losses(structure: Structure, values: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return the loss of each sample, given the last layer's outputs."""
    scalar = structure.loss.scalar
    result: np.ndarray
    if scalar is not None:
        result = scalar.value(values, t).sum(axis=1)
    elif structure.loss.formula == CROSS_ENTROPY:
        shifted = values - values.max(axis=1, keepdims=True)
        logs = np.log(np.exp(shifted).sum(axis=1))
        result = logs * t.sum(axis=1) - (t * shifted).sum(axis=1)
    else:
        with np.errstate(all="ignore"):
            logs = np.log(softmax(values, "unshifted"))
            result = -(t * logs).sum(axis=1)
    return result


def float_loss(structure: Structure, params: Arrays, batch: Batch) -> float:
    """Return the mean loss of a batch.

    Raises
    ------
    DomainError
        It is not finite in float64, though nothing was asked to overflow.
    """
    with np.errstate(all="ignore"):
        values = outputs(structure, params, batch.x)
        losses = sample_losses(structure, values, batch.t)
        loss = float(losses.sum() / batch.size)
        if not np.isfinite(loss) or not np.isfinite(values).all():
            check_finite(params, batch.x)
    if not np.isfinite(loss) and not structure.unshifted:
        _explain(structure, params, batch, f"the loss is {loss} in float64")
    return loss


def float_gradient(structure: Structure, params: Arrays, batch: Batch) -> Arrays:
    """Return the gradient of the mean loss of a batch by backpropagation.

    Raises
    ------
    DomainError
        An entry is not finite in float64, though nothing was asked to overflow.
    """
    finite = True
    with np.errstate(all="ignore"):
        kept, delta = _forward(structure, params, batch)
        gradient: Arrays = dict.fromkeys(structure.shapes, _NOTHING)  # in the network's order
        for index in range(len(structure.layers) - 1, -1, -1):
            names, saved = structure.names[index], kept[index]
            if names is not None:
                gradient[names[0]] = saved.T @ delta
                # No entry of the product is larger than the product of the two norms.
                if not isfinite(np.vdot(saved, saved) * np.vdot(delta, delta)):
                    finite = False
                if names[1] is not None:
                    gradient[names[1]] = np.add.reduce(delta, axis=0)
                if index:
                    delta = delta @ params[names[0]].T
            elif structure.layers[index].scalar is not None:  # type: ignore[union-attr]  # no Dense
                delta = delta * saved
            else:
                weighted = np.add.reduce(delta * saved, axis=1, keepdims=True)
                delta = saved * (delta - weighted)
    if not finite and not structure.unshifted:
        check_finite(params, batch.x)
        if not all(np.isfinite(values).all() for values in gradient.values()):
            _explain(structure, params, batch, "the gradient is not finite in float64")
    return gradient


def _forward(structure: Structure, params: Arrays, batch: Batch) -> tuple[list[Any], np.ndarray]:
    """Return for each layer what its backward step needs, and dL/d(output)."""
    kept: list[Any] = []
    values = batch.x
    for layer, names in zip(structure.layers, structure.names, strict=True):
        if names is not None:
            kept.append(values)
            values = _dense(values, params, names)
            # A parameter or an input that isn't finite shows here: inf·0 is NaN, not 0. (The sum of
            # squares takes half the time of a sum.)
            if not isfinite(np.vdot(values, values)):
                check_finite(params, batch.x)
            continue
        assert isinstance(layer, Activation)
        if layer.scalar is not None:
            values, slope = layer.scalar.value_and_slope(values)
            kept.append(slope)
        else:
            values = softmax(values, layer.formula)
            kept.append(values)
    slopes = loss_slope(structure, values, batch)
    slopes /= batch.size
    return kept, slopes


def loss_slope(structure: Structure, values: np.ndarray, batch: Batch) -> np.ndarray:
    """Return the derivative of each sample's loss by the outputs, as an array of its own."""
    scalar = structure.loss.scalar
    if scalar is not None:
        return np.array(scalar.value_and_slope(values, batch.t)[1])
    stable = structure.loss.formula == CROSS_ENTROPY
    y = softmax(values, SOFTMAX if stable else "unshifted")
    if batch.labels is None or not stable:
        result: np.ndarray = y * np.add.reduce(batch.t, axis=1, keepdims=True) - batch.t
        return result
    if np.maximum.reduce(y, axis=None) < _NEAR_ONE:
        y -= batch.t
        return y
    # y - 1 loses its digits as y comes near 1; minus the sum of the others is the same number.
    rows = np.arange(len(y))
    y[rows, batch.labels] = 0.0
    y[rows, batch.labels] = -np.add.reduce(y, axis=1)
    return y


def _overflows(layer: Dense | Activation, z: float) -> bool:
    """Say whether an activation has an exact value and derivative where float64 has none."""
    if isinstance(layer, Dense) or layer.scalar is None:
        return False
    scalar = layer.scalar
    known = scalar.formula.certify(np.array([[z]])), scalar.derivative.certify(np.array([[z]]))
    return all(each.status.ravel()[0] in _EXISTS for each in known)


def _explain(structure: Structure, params: Arrays, batch: Batch, what: str) -> None:
    """Say at which layer, sample and unit the numbers leave the doubles."""
    values = batch.x
    with np.errstate(all="ignore"):
        for index, layer in enumerate(structure.layers):
            names = structure.names[index]
            before = values
            if isinstance(layer, Dense):
                assert names is not None
                values = _dense(values, params, names)
                pieces = [("output", values)]
            elif layer.scalar is None:
                values = softmax(values, layer.formula)
                pieces = [("output", values)]
            else:
                values, slope = layer.scalar.value_and_slope(values)
                pieces = [("value", values), ("derivative", slope)]
            for word, array in pieces:
                bad = np.argwhere(~np.isfinite(array))
                if not bad.size:
                    continue
                sample, unit = (int(i) for i in bad[0])
                hint = ""
                if isinstance(layer, Activation) and layer.scalar is not None:
                    hint = f" of {layer.formula} at z = {before[sample, unit]:g}"
                number = array[sample, unit]
                # NaN of a number outside of the domain is no overflow: log(z) at -1.
                more = (
                    "; named activations are written so that they don't overflow"
                    if hint and _overflows(layer, before[sample, unit])
                    else ""
                )
                msg = (
                    f"{what}: the {word}{hint} is {number} in layer {index}, "
                    f"sample {sample}, unit {unit}{more}"
                )
                raise DomainError(msg)
        slopes = loss_slope(structure, values, batch)
        losses = sample_losses(structure, values, batch.t)
    sample = int(np.argmax(~(np.isfinite(losses) & np.isfinite(slopes).all(axis=1))))
    msg = (
        f"{what}: the loss {structure.loss.formula} of sample {sample}, with the outputs "
        f"{np.array2string(values[sample], threshold=6, precision=4)}, leaves the doubles"
    )
    raise DomainError(msg)
