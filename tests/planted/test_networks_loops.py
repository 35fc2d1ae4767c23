"""Bugs that a loop over the layers makes in each of them: a slip that is repeated is one slip."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from symnum.nets import Dense, Network, check_network
from tests.planted.test_networks_undescribed import CASES

ACTIVATIONS = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0) * 1.0),
}


def loop(activation, sizes, bug=None):
    """Return a network and its backpropagation in a loop, with one bug in each layer."""
    value, slope = ACTIVATIONS[activation]
    count = len(sizes) - 1
    layers = []
    for n, m in pairwise(sizes):
        layers += [Dense(n, m), activation]
    network = Network(layers[:-1], "softmax_cross_entropy")

    def gradient(params, x, t):
        values = [x]
        for k in range(1, count + 1):
            z = values[-1] @ params[f"W{k}"] + params[f"b{k}"]
            values.append(value(z) if k < count else z)
        powers = np.exp(z - z.max(axis=1, keepdims=True))
        delta = (powers / powers.sum(axis=1, keepdims=True) - np.eye(sizes[-1])[t]) / len(x)
        found = {}
        for k in range(count, 0, -1):
            found[f"W{k}"] = values[k - 1].T @ delta
            found[f"b{k}"] = delta.mean(axis=0) if bug == "mean" else delta.sum(axis=0)
            if bug == "transposed":
                found[f"W{k}"] = found[f"W{k}"].T
            weights = params[f"W{k}"]
            delta = delta @ (weights if bug == "turned back" else weights.T)
            if k > 1 and bug != "missing":
                at = value(values[k - 1]) if bug == "output" else values[k - 1]
                delta = delta * slope(at)
        return found

    return network, gradient


def checked(activation, sizes, bug, seed=0):
    """Return the verdict at random parameters, samples and labels."""
    network, gradient = loop(activation, sizes, bug)
    random = np.random.default_rng(seed)
    params = {name: random.standard_normal(shape) for name, shape in network.shapes.items()}
    x, t = random.standard_normal((5, sizes[0])), random.integers(0, sizes[-1], 5)
    return check_network(network.loss, gradient, params, network, x=x, t=t)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_without_a_bug_the_loop_is_right(activation):
    """And no cause is named."""
    assert checked(activation, (4, 6, 5, 3), None)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_derivative_is_missing_in_every_layer(activation, seed):
    """Planted: the activation's derivative is forgotten in the loop."""
    verdict = checked(activation, (4, 6, 5, 3), "missing", seed)
    assert str(verdict.cause) == "activation_derivative", str(verdict)
    assert verdict.cause_detail == (
        f"the derivative of each of layers 1 ({activation}), 3 ({activation}) is missing"
    )


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_the_derivative_is_taken_at_every_output(activation):
    """Planted: what is kept of each layer is a, and goes in for z."""
    verdict = checked(activation, (4, 6, 5, 3), "output")
    assert str(verdict.cause) == "activation_derivative", str(verdict)
    assert f"of each of layers 1 ({activation}), 3 ({activation}) is taken at" in str(verdict)


@pytest.mark.parametrize(
    ("bug", "cause", "detail"),
    [
        ("transposed", "transposed", "W1, W2, W3: the gradient is transposed"),
        ("turned back", "transposed", "W2, W3 themselves are transposed on the way back"),
        ("mean", "bias", "b1, b2, b3: the gradient is the mean over the batch"),
    ],
)
def test_every_square_weight(bug, cause, detail):
    """Planted: the same transpose, or mean, in each layer."""
    verdict = checked("tanh", (4, 4, 4, 4), bug)
    assert str(verdict.cause) == cause, str(verdict)
    assert verdict.cause_detail.startswith(detail)


def test_all_zeros_are_named():
    """Planted: no bias has a gradient."""
    network, gradient = loop("tanh", (4, 6, 5, 3))

    def no_biases(params, x, t):
        found = gradient(params, x, t)
        return {k: v * (k[0] == "W") for k, v in found.items()}

    random = np.random.default_rng(0)
    params = {name: random.standard_normal(shape) for name, shape in network.shapes.items()}
    x, t = random.standard_normal((5, 4)), random.integers(0, 3, 5)
    verdict = check_network(network.loss, no_biases, params, network, x=x, t=t)
    assert verdict.cause_detail == "b1, b2, b3: the gradient was left at 0"


def test_a_gradient_of_zeros_without_a_description():
    """Planted: every array is 0, which is no factor."""
    small, params, x, t = CASES["entries"](0)
    verdict = check_network(small, lambda p, *_: {k: 0 * v for k, v in p.items()}, params, x=x, t=t)
    assert verdict.cause_detail == "W1, b1, W2, b2: the gradient was left at 0"
