"""The exact loss of a network while one entry of its parameters moves, in balls.

An entry moves one unit of its layer. What lies before it, and the other units' numbers, are
computed once for each precision; a move changes one column of them, and the layers above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flint
import numpy as np
from flint import arb, arb_mat

from symnum.nets.data import Batch
from symnum.nets.layers import Activation, Dense
from symnum.nets.structure import Structure

Arrays = dict[str, np.ndarray]
Rows = list[list[arb]]


@dataclass
class _Kept:
    """One precision's numbers: each layer's inputs and outputs, and the weights as balls."""

    before: list[Rows]
    after: list[Rows]
    weights: dict[str, Rows]


@dataclass
class BallForward:
    """The forward pass in balls, kept for each precision that it is asked for at.

    Parameters
    ----------
    structure : Structure
        The network's.
    params : dict of arrays
        The parameters.
    batch : Batch
        Samples and targets.
    """

    structure: Structure
    params: Arrays
    batch: Batch
    _kept: dict[int, _Kept] = field(default_factory=dict)

    def at_precision(self) -> _Kept:
        """Return the pass at the precision of the moment."""
        bits = flint.ctx.prec
        if bits not in self._kept:
            self._kept[bits] = self._run()
        return self._kept[bits]

    def _run(self) -> _Kept:
        weights = {
            name: _balls(array if array.ndim == 2 else array[None, :])
            for name, array in self.params.items()
        }
        kept = _Kept([], [], weights)
        values = _balls(self.batch.x)
        for layer, names in zip(self.structure.layers, self.structure.names, strict=True):
            kept.before.append(values)
            values = _through(layer, names, values, weights)
            kept.after.append(values)
        return kept

    def loss(self, layer: int, unit: int, moves: Sequence[arb]) -> arb:
        """Return the loss with a unit of a dense layer moved, by one number a sample."""
        kept = self.at_precision()
        values = [list(row) for row in kept.after[layer]]
        for row, move in zip(values, moves, strict=True):
            row[unit] = row[unit] + move
        structure = self.structure
        for index in range(layer + 1, len(structure.layers)):
            above = structure.layers[index]
            if index == layer + 1 and isinstance(above, Activation) and above.scalar is not None:
                # The other units' numbers are those that were kept.
                changed = [[row[unit]] for row in values]
                after = [list(row) for row in kept.after[index]]
                for row, (value,) in zip(after, _activated(above, changed), strict=True):
                    row[unit] = value
                values = after
            else:
                values = _through(above, structure.names[index], values, kept.weights)
        return self._mean(values)

    def _mean(self, values: Rows) -> arb:
        scalar = self.structure.loss.scalar
        total = arb(0)
        for row, targets in zip(values, self.batch.t.tolist(), strict=True):
            if scalar is not None:
                for y, target in zip(row, targets, strict=True):
                    total += scalar.enclose(y, arb(target))[0]
                continue
            shift = _largest(row)
            powers = [(y - shift).exp() for y in row]
            log = sum(powers[1:], powers[0]).log() + shift
            for y, target in zip(row, targets, strict=True):
                if target:
                    total += target * (log - y)
        return total / self.batch.size


@dataclass(frozen=True)
class LossAlong:
    """The exact loss as a function of one entry; what a Line of the error's split calls.

    Parameters
    ----------
    forward : BallForward
        The network.
    layer : int
        The dense layer that the entry belongs to.
    entry : tuple of int
        Its indices: (input, unit) of a weight, (unit,) of a bias.
    here : float
        Its value.
    """

    forward: BallForward
    layer: int
    entry: tuple[int, ...]
    here: float

    def run(self, point: Sequence[arb]) -> list[arb]:
        """Return the loss where the entry is another number."""
        move = point[0] - self.here
        unit = self.entry[-1]
        if len(self.entry) == 1:
            moves = [move] * self.forward.batch.size
        else:
            rows = self.forward.at_precision().before[self.layer]
            moves = [row[self.entry[0]] * move for row in rows]
        return [self.forward.loss(self.layer, unit, moves)]


def _balls(array: np.ndarray) -> Rows:
    return [[arb(value) for value in row] for row in array.tolist()]


def _through(
    layer: Any, names: tuple[str, str | None] | None, values: Rows, weights: dict[str, Rows]
) -> Rows:
    """Return a layer's outputs."""
    if isinstance(layer, Dense):
        assert names is not None
        product: Rows = (arb_mat(values) * arb_mat(weights[names[0]])).tolist()
        if names[1] is not None:
            (bias,) = weights[names[1]]
            product = [[y + b for y, b in zip(row, bias, strict=True)] for row in product]
        return product
    return _activated(layer, values)


def _activated(layer: Activation, values: Rows) -> Rows:
    if layer.scalar is not None:
        return [[layer.scalar.enclose(z)[0] for z in row] for row in values]
    found = []
    for row in values:
        shift = _largest(row)
        powers = [(z - shift).exp() for z in row]
        total = sum(powers[1:], powers[0])
        found.append([power / total for power in powers])
    return found


def _largest(row: list[arb]) -> float:
    """Return a number near the largest; any will do, for it cancels."""
    largest = max(float(z) for z in row)
    return largest if np.isfinite(largest) else 0.0
