"""Gradients with one slip in them: what a candidate is compared with to find the cause.

Each slip is carried out on the described network in float64. One that gives the candidate's
numbers, to within what rounding explains, is the cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from symnum.nets.backward import loss_slope, softmax
from symnum.nets.compare import brief
from symnum.nets.data import Batch
from symnum.nets.layers import SOFTMAX, Activation, Dense
from symnum.nets.structure import Structure
from symnum.nets.verdict import NetworkCause

Arrays = dict[str, np.ndarray]


class Slip(NamedTuple):
    """One slip: what it is called, in words where it is, and the gradient that it gives."""

    cause: NetworkCause
    detail: str
    gradient: Arrays


class _Forward(NamedTuple):
    """What a forward pass leaves: inputs and outputs of each layer, and the outputs' slope."""

    before: list[np.ndarray]
    after: list[np.ndarray]
    delta: np.ndarray


def slips(structure: Structure, params: Arrays, batch: Batch) -> Iterator[Slip]:
    """Yield the gradients that the usual slips give, the likeliest first."""
    with np.errstate(all="ignore"):
        found = list(_slips(structure, params, batch))
    yield from found


def _slips(structure: Structure, params: Arrays, batch: Batch) -> Iterator[Slip]:
    run = _forward(structure, params, batch)
    right = _backward(structure, params, run)
    size = batch.size
    yield from _loss_slips(structure, params, batch, run)
    yield from _activation_slips(structure, params, run)
    yield from _repeated(structure, params, run, right)
    for index, names in enumerate(structure.names):
        if names is None:
            continue
        weights, bias = names
        if bias is not None:
            yield from _bias_slips(structure, params, batch, run, index, bias, right)
        for other, array in _arrays(run):
            if array.shape != run.before[index].shape or array is run.before[index]:
                continue
            yield Slip(
                NetworkCause.ACTIVATIONS,
                f"{weights}: made with {other} in place of the inputs of layer {index}",
                {**right, weights: array.T @ _delta(structure, params, run, index)},
            )
        if right[weights].shape[0] == right[weights].shape[1]:
            yield Slip(
                NetworkCause.TRANSPOSED,
                f"{weights}: the gradient is transposed",
                {**right, weights: right[weights].T},
            )
        if index:
            square = params[weights].shape[0] == params[weights].shape[1]
            if square:
                yield Slip(
                    NetworkCause.TRANSPOSED,
                    f"{weights} itself is transposed on the way back: the layers below "
                    f"need delta @ {weights}.T",
                    _backward(structure, params, run, turned=frozenset((index,))),
                )
    if size > 1:
        for factor, reading, much in (
            (float(size), "1/batch is missing", f"{size} times too large"),
            (1.0 / size, "1/batch is taken twice", f"{size} times too small"),
        ):
            what = f"{reading}: {much}"
            others = _other_readings(structure, size, factor)
            yield Slip(
                NetworkCause.FACTOR if others else NetworkCause.BATCH,
                f"{much}: {' or '.join([reading, *others])}" if others else what,
                {k: v * factor for k, v in right.items()},
            )
            for name in right:
                yield Slip(
                    NetworkCause.BATCH, f"{name}: {what}", {**right, name: right[name] * factor}
                )


def _other_readings(structure: Structure, size: int, factor: float) -> list[str]:
    """Return what else a factor may be that is the batch's size, or 1 by it.

    Of losses that are a sum over the outputs, such as (y - t)**2/2: cross-entropy has no such
    factors.
    """
    if structure.loss.scalar is None:
        return []
    found = []
    if size == 2:
        half = factor > 1.0
        found.append(
            "a factor of 1/2 is, as in (y - t)**2 for (y - t)**2/2"
            if half
            else "a factor of 2 is missing, as in y - t for the derivative of (y - t)**2"
        )
    if size == structure.outputs and factor < 1.0:
        found.append("the mean over the outputs is taken in place of their sum")
    return found


def _activation_slips(structure: Structure, params: Arrays, run: _Forward) -> Iterator[Slip]:
    """Yield gradients without an activation's derivative, or with it at the wrong place.

    Of one layer, and of all hidden ones: in a loop over the layers a slip is made in each.
    """
    missing: dict[int, np.ndarray] = {}
    at_output: dict[int, np.ndarray] = {}
    for index, layer in enumerate(structure.layers):
        if not isinstance(layer, Activation):
            continue
        missing[index] = np.ones(run.after[index].shape)
        if layer.scalar is not None:
            at_output[index] = layer.scalar.value_and_slope(run.after[index])[1]
    last = len(structure.layers) - 1
    for slopes, what in (
        (missing, "is missing"),
        (at_output, "is taken at the activation's output, not at its input z"),
    ):
        hidden = tuple(index for index in slopes if index != last)
        layers = dict.fromkeys([*((index,) for index in slopes), hidden, tuple(slopes)])
        for each in filter(None, layers):
            yield Slip(
                NetworkCause.ACTIVATION_DERIVATIVE,
                f"the derivative {_layers_text(structure, each)} {what}",
                _backward(structure, params, run, slopes={k: slopes[k] for k in each}),
            )


def _layers_text(structure: Structure, indices: tuple[int, ...]) -> str:
    """Return "of layer 1 (sigmoid)", or "of each of layers 1 (sigmoid), 3 (tanh)"."""
    named = [f"{k} ({structure.layers[k].formula})" for k in indices]  # type: ignore[union-attr]
    return f"of layer {named[0]}" if len(named) == 1 else f"of each of layers {', '.join(named)}"


def _repeated(structure: Structure, params: Arrays, run: _Forward, right: Arrays) -> Iterator[Slip]:
    """Yield gradients with the same slip in several weights, as a loop over the layers makes it."""
    square = [
        (index, names[0])
        for index, names in enumerate(structure.names)
        if names is not None and len(set(params[names[0]].shape)) == 1
    ]
    if len(square) > 1:
        listed = ", ".join(name for _, name in square)
        turned = {name: right[name].T for _, name in square}
        yield Slip(
            NetworkCause.TRANSPOSED,
            f"{listed}: the gradient is transposed",
            {**right, **turned},
        )
    inner = [(index, name) for index, name in square if index]
    if len(inner) > 1:
        listed = ", ".join(name for _, name in inner)
        yield Slip(
            NetworkCause.TRANSPOSED,
            f"{listed} themselves are transposed on the way back: the layers below need "
            "delta @ W.T",
            _backward(structure, params, run, turned=frozenset(index for index, _ in inner)),
        )
    biases = [names[1] for names in structure.names if names is not None and names[1] is not None]
    size = len(run.delta)
    if len(biases) > 1 and size > 1:
        yield Slip(
            NetworkCause.BIAS,
            f"{', '.join(biases)}: the gradient is the mean over the batch of what should be "
            "summed",
            {**right, **{name: right[name] / size for name in biases}},
        )


def _arrays(run: _Forward) -> Iterator[tuple[str, np.ndarray]]:
    """Yield every array of the forward pass with words for it."""
    yield "the samples x", run.before[0]
    for index, array in enumerate(run.after):
        yield f"the outputs of layer {index}", array


def _bias_slips(
    structure: Structure,
    params: Arrays,
    batch: Batch,
    run: _Forward,
    index: int,
    bias: str,
    right: Arrays,
) -> Iterator[Slip]:
    without = {**params, bias: np.zeros_like(params[bias])}
    yield Slip(
        NetworkCause.BIAS,
        f"{bias} is forgotten in the forward pass",
        _backward(structure, without, _forward(structure, without, batch)),
    )
    delta = _delta(structure, params, run, index)
    for what, array in (
        ("is the mean over the batch of what should be summed", delta.mean(axis=0)),
        ("is that of the first sample alone", delta[0]),
        ("is that of the last sample alone", delta[-1]),
    ):
        if batch.size > 1:
            yield Slip(NetworkCause.BIAS, f"{bias}: the gradient {what}", {**right, bias: array})


def _loss_slips(
    structure: Structure, params: Arrays, batch: Batch, run: _Forward
) -> Iterator[Slip]:
    """Yield gradients that leave softmax's or the loss's own derivative out."""
    last = len(structure.layers) - 1
    top = structure.layers[last]
    y, t = run.after[last], batch.t
    plain = (y - t) / batch.size
    text = structure.loss.formula
    is_activation = isinstance(top, Activation)
    if is_activation and structure.loss.scalar is not None:
        # (y - t)/n is the gradient by the logits of softmax with -t log(y), of sigmoid with
        # cross-entropy: shorter than the chain rule, and right for that loss alone.
        ratio = _named_factor(structure, batch, y)
        yield Slip(
            NetworkCause.LOSS_FACTOR,
            f"(y - t)/n is the gradient of -t*log(y), and the loss is {text}: {ratio}",
            _backward(structure, params, run, start=last - 1, delta=plain),
        )
    if structure.loss.scalar is not None or not is_activation:
        yield Slip(
            NetworkCause.LOSS_FACTOR,
            "the outputs' gradient is (y - t)/n, which is not this loss's",
            _backward(structure, params, run, delta=plain),
        )


def _named_factor(structure: Structure, batch: Batch, y: np.ndarray) -> str:
    """Say which factor turns the gradient of -t log(y) into that of the loss."""
    import sympy

    from symnum.formula.symbolic import symbols

    scalar = structure.loss.scalar
    assert scalar is not None
    slope = scalar.derivative.expressions[0]
    ours = symbols(2)
    factor = sympy.cancel(sympy.together(-slope * ours[0] / ours[1]))
    if factor == 1:
        return "the same"
    size = ""
    if factor.free_symbols == {ours[0]}:
        values = y[batch.t != 0]
        both = [float(factor.subs(ours[0], value)) for value in (values.min(), values.max())]
        away = max(abs(1.0 - both[0]), abs(1.0 - both[1]))
        size = f" (up to {brief(away, 2)} away from 1 here)"
    return f"the factor {_factor_text(factor, ours[0])} is missing{size}"


def _factor_text(factor: Any, y: Any) -> str:
    """Write y/(y + c) with a decimal c, and anything else as it is."""
    import sympy

    from symnum.formula.typeset import text
    from symnum.formula.unparse import number

    numerator, denominator = sympy.fraction(factor)
    if denominator.is_polynomial(y) and sympy.degree(denominator, y) == 1:
        lead = denominator.coeff(y, 1)
        rest = denominator.coeff(y, 0) / lead
        if sympy.expand(numerator / lead - y) == 0 and rest.is_Rational:
            return f"y/(y + {number(Fraction(int(rest.p), int(rest.q)))})"
    return text(factor, ("y", "t"))


def _forward(structure: Structure, params: Arrays, batch: Batch) -> _Forward:
    before, after = [], []
    values = batch.x
    for layer, names in zip(structure.layers, structure.names, strict=True):
        before.append(values)
        if names is not None:
            values = values @ params[names[0]]
            if names[1] is not None:
                values = values + params[names[1]]
        else:
            assert isinstance(layer, Activation)
            values = layer.scalar.value(values) if layer.scalar else softmax(values, SOFTMAX)
        after.append(values)
    return _Forward(before, after, loss_slope(structure, values, batch) / batch.size)


def _steps(
    structure: Structure,
    params: Arrays,
    run: _Forward,
    *,
    slopes: dict[int, np.ndarray] | None = None,
    turned: frozenset[int] = frozenset(),
    start: int | None = None,
    delta: np.ndarray | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each dense layer with the gradient by its outputs, with the given slips."""
    given = slopes or {}
    delta = run.delta if delta is None else delta
    top = len(structure.layers) - 1 if start is None else start
    for index in range(top, -1, -1):
        layer, names = structure.layers[index], structure.names[index]
        if isinstance(layer, Dense):
            assert names is not None
            yield index, delta
            weights = params[names[0]]
            delta = delta @ (weights if index in turned else weights.T)
            continue
        assert isinstance(layer, Activation)
        if index in given:
            delta = delta * given[index]
        elif layer.scalar is not None:
            delta = delta * layer.scalar.value_and_slope(run.before[index])[1]
        else:
            y = run.after[index]
            delta = y * (delta - (delta * y).sum(axis=1, keepdims=True))


def _backward(
    structure: Structure,
    params: Arrays,
    run: _Forward,
    *,
    slopes: dict[int, np.ndarray] | None = None,
    turned: frozenset[int] = frozenset(),
    start: int | None = None,
    delta: np.ndarray | None = None,
) -> Arrays:
    found: Arrays = {}
    steps = _steps(structure, params, run, slopes=slopes, turned=turned, start=start, delta=delta)
    for index, each in steps:
        names = structure.names[index]
        assert names is not None
        found[names[0]] = run.before[index].T @ each
        if names[1] is not None:
            found[names[1]] = each.sum(axis=0)
    return found


def _delta(structure: Structure, params: Arrays, run: _Forward, wanted: int) -> np.ndarray:
    """Return the gradient by the outputs of one dense layer."""
    return dict(_steps(structure, params, run))[wanted]
