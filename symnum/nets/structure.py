"""Structure: a network's layers with their parameters' names, as the passes need them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symnum.errors import UsageError
from symnum.formula.formula import as_doubles
from symnum.nets.layers import SOFTMAX_UNSHIFTED, Activation, Dense
from symnum.nets.losses import CROSS_ENTROPY_UNSHIFTED, Loss


@dataclass(frozen=True)
class Structure:
    """A network's layers, loss and parameters.

    Parameters
    ----------
    layers : tuple of Dense or Activation
        From the input to the output; sentences count them from 0, with the activations.
    loss : Loss
        The loss.
    names : tuple of (str, str or None) or None
        For each layer the names of its W and b; None for an activation.
    shapes : dict
        The parameters' names in order, and their shapes.
    """

    layers: tuple[Dense | Activation, ...]
    loss: Loss
    names: tuple[tuple[str, str | None] | None, ...]
    shapes: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, layers: tuple[Dense | Activation, ...], loss: Loss) -> Structure:
        """Name the parameters of the layers."""
        names: list[tuple[str, str | None] | None] = []
        shapes: dict[str, tuple[int, ...]] = {}
        number = 0
        for layer in layers:
            if not isinstance(layer, Dense):
                names.append(None)
                continue
            number += 1
            weights, bias = f"W{number}", f"b{number}" if layer.bias else None
            names.append((weights, bias))
            shapes[weights] = (layer.inputs, layer.outputs)
            if bias is not None:
                shapes[bias] = (layer.outputs,)
        return cls(layers, loss, tuple(names), shapes)

    @cached_property
    def inputs(self) -> int:
        """How many numbers a sample has."""
        first = self.layers[0]
        assert isinstance(first, Dense)
        return first.inputs

    @cached_property
    def outputs(self) -> int:
        """How many numbers the network gives for a sample."""
        return next(x.outputs for x in reversed(self.layers) if isinstance(x, Dense))

    @cached_property
    def unshifted(self) -> bool:
        """Whether a piece overflows on purpose, so that NaN is an answer and not an accident."""
        return self.loss.formula == CROSS_ENTROPY_UNSHIFTED or any(
            isinstance(layer, Activation) and layer.formula == SOFTMAX_UNSHIFTED
            for layer in self.layers
        )

    def check_inputs(self, x: Any) -> tuple[np.ndarray, bool]:
        """Return x as rows (batch, inputs), and whether it was a single sample."""
        array = x
        if type(array) is not np.ndarray or array.dtype.char != "d":
            array = as_doubles(x, "x")
        if array.ndim not in (1, 2) or array.shape[-1] != self.inputs or array.size == 0:
            msg = (
                f"x has shape {array.shape}; the network takes {self.inputs} numbers a sample: "
                f"shape ({self.inputs},) or (batch, {self.inputs})"
            )
            raise UsageError(msg)
        return (array[None, :], True) if array.ndim == 1 else (array, False)
