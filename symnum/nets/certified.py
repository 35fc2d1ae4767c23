"""The certified gradient: backpropagation over balls.

Each matrix product is one of Arb's (`arb_mat`). The bias is a row of the weights, and its input a
column of ones, so that one product gives a layer's whole gradient. What doesn't round to one double
is computed again with the precision doubled, and only those entries are rounded again. Where a
piece is not smooth, the entries that its unit reaches are found by one more backward pass from
that unit alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from flint import arb, arb_mat

from symnum.formula.balls import nearest_double, precision
from symnum.formula.exact import Exact
from symnum.formula.status import Status
from symnum.nets.data import Batch
from symnum.nets.layers import Activation, Dense
from symnum.nets.structure import Structure

Arrays = dict[str, np.ndarray]

# The products lose a few bits to cancellation; with 192 nearly every entry keeps the 105 that
# `hi + lo` promises.
_START_BITS = 192
# An entry that is not settled here contains 0 and can't be proven to be 0.
_CAP_BITS = 6144
# One-sided derivatives cost a backward pass a unit; beyond this many units only the status is told.
_MOST_KINKS = 256


@dataclass(frozen=True)
class Singular:
    """One unit of one sample where a piece is proven not to be smooth.

    Parameters
    ----------
    layer : int
        Index of the activation; the number of layers for the loss.
    sample, unit : int
        Where.
    status : Status
        kink, jump, ...
    left, right : float
        The piece's one-sided derivatives.
    """

    layer: int
    sample: int
    unit: int
    status: Status
    left: float
    right: float


@dataclass
class _Pass:
    """One pass at one precision: matrices of balls, and the places that aren't smooth."""

    structure: Structure
    weights: list[arb_mat | None]
    inputs: list[arb_mat | None] = field(default_factory=list)
    slopes: list[arb_mat | None] = field(default_factory=list)
    singular: list[Singular] = field(default_factory=list)
    # Gradients by a piece's output at the singular places.
    incoming: list[arb] = field(default_factory=list)
    unproven: bool = False


def exact_gradient(structure: Structure, params: Arrays, batch: Batch) -> dict[str, Exact]:
    """Return the certified gradient of the mean loss: an `Exact` for each parameter."""
    results = {name: _Result(shape) for name, shape in structure.shapes.items()}
    bits = _START_BITS
    while bits <= _CAP_BITS:
        with precision(bits):
            done = _attempt(structure, params, batch, results, last=bits * 2 > _CAP_BITS)
        if done:
            break
        bits *= 2
    return {name: result.exact() for name, result in results.items()}


class _Result:
    """The arrays of one parameter, filled in as entries are settled."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        size = math.prod(shape)
        self.shape = shape
        self.hi = np.full(size, np.nan)
        self.lo = np.full(size, np.nan)
        self.radius = np.full(size, np.inf)
        self.left = np.full(size, np.nan)
        self.right = np.full(size, np.nan)
        self.status = np.full(size, Status.UNDECIDED, dtype=object)
        self.open: list[int] = list(range(size))

    def settle(self, balls: list[arb], kinks: dict[int, _OneSided]) -> None:
        """Round the entries that are still open; those that don't round stay open."""
        still = []
        hi, lo, radius, status = self.hi, self.lo, self.radius, self.status
        for index in self.open:
            ball = balls[index]
            if kinks and index in kinks:
                if not self._settle_kink(index, ball, kinks[index]):
                    still.append(index)
                continue
            rounded = nearest_double(ball) if ball.is_finite() else None
            if rounded is None:
                still.append(index)
                continue
            hi[index], lo[index], radius[index] = rounded
            status[index] = Status.ZERO if ball.is_zero() else Status.CERTIFIED
        self.open = still

    def _settle_kink(self, index: int, ball: arb, sides: _OneSided) -> bool:
        if sides.left is None or sides.right is None:
            self.status[index] = sides.status
            return sides.known
        left, right = nearest_double(ball + sides.left), nearest_double(ball + sides.right)
        if left is None or right is None:
            return False
        self.status[index] = sides.status
        self.left[index], self.right[index] = left[0], right[0]
        return True

    def exact(self) -> Exact:
        """Return the arrays in the parameter's shape."""
        fields = (self.hi, self.lo, self.radius, self.status, self.left, self.right)
        return Exact(*(values.reshape(self.shape) for values in fields))


@dataclass
class _OneSided:
    """What the singular units add to one entry when its parameter moves down, and up."""

    status: Status
    left: arb | None
    right: arb | None
    # False where it isn't even known whether the parameter reaches the unit.
    known: bool = True


def _attempt(
    structure: Structure,
    params: Arrays,
    batch: Batch,
    results: dict[str, _Result],
    *,
    last: bool,
) -> bool:
    """Run both passes at the current precision; say whether every entry is settled."""
    state = _Pass(structure, [_augmented(params, names) for names in structure.names])
    delta = _forward(state, batch)
    if state.unproven and not last:
        return False
    gradients = dict(_backward(state, len(structure.layers) - 1, delta))
    kinks = _one_sided(state)
    for index, names in enumerate(structure.names):
        if names is None:
            continue
        balls = gradients[index].entries()
        count = structure.shapes[names[0]][0] * structure.shapes[names[0]][1]
        found = kinks.get(index, {})
        results[names[0]].settle(balls[:count], {k: v for k, v in found.items() if k < count})
        if names[1] is not None:
            shifted = {k - count: v for k, v in found.items() if k >= count}
            results[names[1]].settle(balls[count:], shifted)
    return not any(result.open for result in results.values())


def _augmented(params: Arrays, names: tuple[str, str | None] | None) -> arb_mat | None:
    if names is None:
        return None
    weights = params[names[0]]
    if names[1] is not None:
        weights = np.vstack([weights, params[names[1]]])
    return _matrix(weights)


def _matrix(array: np.ndarray) -> arb_mat:
    rows, columns = array.shape
    return arb_mat(rows, columns, array.ravel().tolist())


def _forward(state: _Pass, batch: Batch) -> arb_mat:
    """Run the layers and the loss; return the gradient by the outputs."""
    structure = state.structure
    values = _matrix(batch.x)
    for index, layer in enumerate(structure.layers):
        if isinstance(layer, Dense):
            if layer.bias:
                values = _with_ones(values)
            state.inputs.append(values)
            state.slopes.append(None)
            weights = state.weights[index]
            assert weights is not None
            values = values * weights
            continue
        state.inputs.append(None)
        if layer.scalar is None:
            values = _softmax(values)
            state.slopes.append(values)
        else:
            values, slopes = _elementwise(state, index, layer, values)
            state.slopes.append(slopes)
    return _loss_gradient(state, values, batch.t)


def _with_ones(values: arb_mat) -> arb_mat:
    rows = values.tolist()
    for row in rows:
        row.append(arb(1))
    return arb_mat(rows)


def _softmax(logits: arb_mat) -> arb_mat:
    rows: list[list[arb]] = []
    for row in logits.tolist():
        # Any number near the largest logit will do: it cancels.
        shift = max(float(z) for z in row)
        powers = [(z - shift).exp() for z in row] if math.isfinite(shift) else row
        total = sum(powers[1:], powers[0])
        rows.append([power / total for power in powers])
    return arb_mat(rows)


def _elementwise(
    state: _Pass, index: int, layer: Activation, values: arb_mat
) -> tuple[arb_mat, arb_mat]:
    scalar = layer.scalar
    assert scalar is not None
    rows, columns = values.nrows(), values.ncols()
    out: list[arb] = []
    slopes: list[arb] = []
    for place, ball in enumerate(values.entries()):
        value, slope, smooth = scalar.enclose(ball)
        if not smooth:
            where = (index, place // columns, place % columns)
            slope = _singular_slope(state, where, scalar.at_point(ball))
        out.append(value)
        slopes.append(slope)
    return arb_mat(rows, columns, out), arb_mat(rows, columns, slopes)


def _singular_slope(state: _Pass, where: tuple[int, int, int], exact: Exact | None) -> arb:
    """Note a place that isn't smooth; return the slope to go on with there."""
    if exact is None:
        state.unproven = True
        return arb.nan()
    status = exact.status.item()
    if status in (Status.CERTIFIED, Status.ZERO, Status.REMOVABLE):
        # Smooth after all, as a closer look has found; the nearest double and what it leaves over.
        ball = arb(exact.hi.item()) + arb(exact.lo.item())
        return ball + arb(0, exact.radius.item())
    if status is Status.UNDECIDED:
        state.unproven = True
        return arb.nan()
    state.singular.append(Singular(*where, status, exact.left.item(), exact.right.item()))
    return arb(0)


def _loss_gradient(state: _Pass, values: arb_mat, t: np.ndarray) -> arb_mat:
    scalar = state.structure.loss.scalar
    size, count = t.shape
    if scalar is None:
        rows = [
            _cross_entropy_slopes(y, [arb(target) for target in targets])
            for y, targets in zip(_softmax(values).tolist(), t.tolist(), strict=True)
        ]
        by_rows: arb_mat = arb_mat(rows) / size
        return by_rows
    slopes = []
    for place, (ball, target) in enumerate(zip(values.entries(), t.ravel().tolist(), strict=True)):
        goal = arb(target)
        _, slope, smooth = scalar.enclose(ball, goal)
        if not smooth:
            where = (len(state.structure.layers), place // count, place % count)
            slope = _singular_slope(state, where, scalar.at_point(ball, goal))
        slopes.append(slope)
    mean: arb_mat = arb_mat(size, count, slopes) / size
    return mean


def _cross_entropy_slopes(y: list[arb], t: list[arb]) -> list[arb]:
    # y_j sum(t) - t_j, written without the cancellation between y_j and 1: sum(y) is 1.
    total_t = sum(t[1:], t[0])
    result = []
    for j, (y_j, t_j) in enumerate(zip(y, t, strict=True)):
        if t_j.is_zero():
            result.append(y_j * total_t)
            continue
        others = [y_k for k, y_k in enumerate(y) if k != j]
        rest = sum(others[1:], others[0]) if others else arb(0)
        result.append(y_j * (total_t - t_j) - t_j * rest)
    return result


def _backward(state: _Pass, start: int, delta: arb_mat) -> Iterator[tuple[int, arb_mat]]:
    """Yield (layer, gradient) of each dense layer from `start` down."""
    state.incoming = [arb(0)] * len(state.singular)
    yield from _descend(state, start, delta, None)


def _descend(
    state: _Pass, start: int, delta: arb_mat, sample: int | None
) -> Iterator[tuple[int, arb_mat]]:
    """Go down from the output of layer `start`; with `sample`, for that row of the batch alone."""
    top = len(state.structure.layers)
    if sample is None:
        for k, place in enumerate(state.singular):
            if place.layer == top:
                # The loss's own slope is 1/batch per unit of its one-sided derivative.
                state.incoming[k] = arb(1) / delta.nrows()
    for index in range(start, -1, -1):
        layer = state.structure.layers[index]
        if isinstance(layer, Dense):
            inputs, weights = state.inputs[index], state.weights[index]
            assert inputs is not None
            assert weights is not None
            used = inputs if sample is None else _row(inputs, sample)
            yield index, used.transpose() * delta
            if index:
                plain = _without_last_row(weights) if layer.bias else weights
                delta = delta * plain.transpose()
            continue
        slopes = state.slopes[index]
        assert slopes is not None
        if sample is not None:
            slopes = _row(slopes, sample)
        else:
            for k, place in enumerate(state.singular):
                if place.layer == index:
                    state.incoming[k] = delta[place.sample, place.unit]
        if layer.scalar is not None:
            products = [a * b for a, b in zip(delta.entries(), slopes.entries(), strict=True)]
            delta = arb_mat(delta.nrows(), delta.ncols(), products)
        else:
            delta = _softmax_backward(slopes, delta)


def _softmax_backward(y: arb_mat, delta: arb_mat) -> arb_mat:
    rows: list[list[arb]] = []
    for outputs, incoming in zip(y.tolist(), delta.tolist(), strict=True):
        products = [a * b for a, b in zip(outputs, incoming, strict=True)]
        mean = sum(products[1:], products[0])
        rows.append([a * (b - mean) for a, b in zip(outputs, incoming, strict=True)])
    return arb_mat(rows)


def _row(matrix: arb_mat, index: int) -> arb_mat:
    return arb_mat([[matrix[index, j] for j in range(matrix.ncols())]])


def _without_last_row(matrix: arb_mat) -> arb_mat:
    rows, columns = matrix.nrows() - 1, matrix.ncols()
    return arb_mat(rows, columns, matrix.entries()[: rows * columns])


def _one_sided(state: _Pass) -> dict[int, dict[int, _OneSided]]:
    """Return for each dense layer the entries that singular units reach, and what they add."""
    found: dict[int, dict[int, _OneSided]] = {}
    layers = {place.layer for place in state.singular}
    sides_known = len(layers) == 1 and len(state.singular) <= _MOST_KINKS
    for place, incoming in zip(state.singular, state.incoming, strict=True):
        # A unit that the loss doesn't depend on has no kink to show.
        if incoming.is_zero() and sides_known:
            continue
        columns = _width(state, place.layer)
        seed = arb_mat(1, columns, [arb(int(j == place.unit)) for j in range(columns)])
        for index, gradient in _descend(state, place.layer - 1, seed, place.sample):
            entries = found.setdefault(index, {})
            for k, slope in enumerate(gradient.entries()):
                if slope.is_zero():
                    continue
                known = slope > 0 or slope < 0
                sided = sides_known and known and place.status is Status.KINK
                before = entries.get(k, _OneSided(place.status, arb(0), arb(0)))
                if not sided or before.left is None or before.right is None:
                    entries[k] = _OneSided(place.status, None, None, known and before.known)
                    continue
                down, up = (place.left, place.right) if slope > 0 else (place.right, place.left)
                push = incoming * slope
                entries[k] = _OneSided(
                    place.status, before.left + push * down, before.right + push * up
                )
    return found


def _width(state: _Pass, layer: int) -> int:
    return next(x.outputs for x in reversed(state.structure.layers[:layer]) if isinstance(x, Dense))
