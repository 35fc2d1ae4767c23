"""Saturated units: lost digits are no mistake, a mistake that can't be seen is not called right."""

from __future__ import annotations

import numpy as np
import pytest

from symnum.nets import Dense, Network, check_network
from tests.planted.test_networks_tiny import ACTIVATIONS


def pixels(activation, seed, sizes=(20, 5, 3), count=3):
    """Return loss, gradient, parameters and samples of a network without biases on raw pixels."""
    value, slope = ACTIVATIONS[activation]
    n, m, k = sizes
    random = np.random.default_rng(seed)
    params = {
        "W1": 0.1 * random.standard_normal((n, m)),
        "W2": random.standard_normal((m, k)),
    }
    x = random.integers(0, 256, (count, n)).astype(float)
    t = random.standard_normal((count, k))

    def loss(params, x, t):
        return np.sum((value(x @ params["W1"]) @ params["W2"] - t) ** 2) / 2 / len(x)

    def gradient(params, x, t):
        z = x @ params["W1"]
        hidden = value(z)
        delta = (hidden @ params["W2"] - t) / len(x)
        return {"W1": x.T @ (delta @ params["W2"].T * slope(z, hidden)), "W2": hidden.T @ delta}

    return loss, gradient, params, x, t


@pytest.mark.parametrize("sizes", [(20, 5, 3), (3, 4, 2)])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_pixels_that_saturate_the_units_are_no_bug(activation, sizes):
    """A right gradient whose units are saturated is right or undecided, never wrong."""
    for seed in range(20):
        loss, gradient, params, x, t = pixels(activation, seed, sizes)
        verdict = check_network(loss, gradient, params, x=x, t=t)
        assert str(verdict.status) in ("ok", "undecided"), f"{seed} {verdict}"
        assert verdict.cause is None
        assert verdict or verdict.reason


def test_a_derivative_that_rounds_to_zero_was_not_left_at_zero():
    """1 - tanh(z)**2 is 0 in float64 where the exact one is 1e-89."""
    random = np.random.default_rng(0)
    params = {"W1": random.standard_normal((3, 4)), "W2": random.standard_normal((4, 2))}
    x, t = random.integers(100, 256, (5, 3)).astype(float), random.standard_normal((5, 2))
    _, gradient, *_ = pixels("tanh", 0)

    def loss(params, x, t):
        return np.sum((np.tanh(x @ params["W1"]) @ params["W2"] - t) ** 2) / 2 / len(x)

    verdict = check_network(loss, gradient, params, x=x, t=t)
    assert (str(verdict.status), verdict.cause) == ("undecided", None), str(verdict)


@pytest.mark.parametrize("scale", [30.0, 100.0, 300.0])
def test_large_weights_are_no_bug(scale):
    """Hidden units and softmax are saturated together: no cause is made up."""
    network = Network([Dense(4, 5), "tanh", Dense(5, 3)], "softmax_cross_entropy")

    def forward(params, x):
        hidden = np.tanh(x @ params["W1"] + params["b1"])
        return hidden, hidden @ params["W2"] + params["b2"]

    def loss(params, x, t):
        _, z = forward(params, x)
        top = z.max(axis=1, keepdims=True)
        logs = top + np.log(np.exp(z - top).sum(axis=1, keepdims=True))
        return np.sum(np.eye(3)[t] * (logs - z)) / len(x)

    def gradient(params, x, t):
        hidden, z = forward(params, x)
        powers = np.exp(z - z.max(axis=1, keepdims=True))
        delta = (powers / powers.sum(axis=1, keepdims=True) - np.eye(3)[t]) / len(x)
        below = delta @ params["W2"].T * (1 - hidden**2)
        return {
            "W1": x.T @ below,
            "b1": below.sum(axis=0),
            "W2": hidden.T @ delta,
            "b2": delta.sum(axis=0),
        }

    for seed in range(25):
        random = np.random.default_rng(seed)
        params = {k: scale * random.standard_normal(s) for k, s in network.shapes.items()}
        x, t = random.standard_normal((4, 4)), random.integers(0, 3, 4)
        verdict = check_network(loss, gradient, params, x=x, t=t)
        assert str(verdict.status) in ("ok", "undecided"), f"{seed} {verdict}"
        assert verdict.cause is None


@pytest.mark.parametrize("seed", [0, 3, 4, 10])
@pytest.mark.parametrize("name", ["W1", "W2"])
def test_errors_of_ten_times_the_limit_are_still_found(name, seed):
    """Planted in saturated and in other seeds: what a verdict says is seen is seen."""
    loss, gradient, params, x, t = pixels("tanh", seed)
    (limit,) = (
        r.detection_limit
        for r in check_network(loss, gradient, params, x=x, t=t).parameters
        if r.name == name
    )

    def off(params, x, t):
        found = gradient(params, x, t)
        worst = np.unravel_index(np.abs(found[name]).argmax(), found[name].shape)
        found[name][worst] *= 1 + 10 * max(limit, 1e-11)
        return found

    verdict = check_network(loss, off, params, x=x, t=t)
    assert name in verdict.wrong_parameters, str(verdict)


@pytest.mark.parametrize("seed", [3, 4, 10])
def test_a_mistake_beside_lost_digits_keeps_its_cause(seed):
    """Planted: the sign of W2, where W1 has lost digits."""
    loss, gradient, params, x, t = pixels("tanh", seed)

    def turned(params, x, t):
        found = gradient(params, x, t)
        return {**found, "W2": -found["W2"]}

    verdict = check_network(loss, turned, params, x=x, t=t)
    assert verdict.wrong_parameters == ("W2",), str(verdict)
    assert verdict.cause_detail == "W2: the sign is turned"


@pytest.mark.parametrize("factor", [-1.0, 2.0, 0.0, 7.0])
@pytest.mark.parametrize("bias", [38.0, 60.0, 200.0])
def test_what_rounding_hides_is_undecided_and_not_right(bias, factor):
    """Planted in an array that is nothing but rounding beside the others."""
    network = Network([Dense(4, 3), "sigmoid", Dense(3, 2)], "squared_error")
    params = network.init(0, scale=1.0)
    params["b1"][:] = bias

    def planted(params, x, t):
        found = network.gradient(params, x, t)
        return {**found, "W1": factor * found["W1"]}

    verdict = check_network(
        network.loss, planted, params, network, x=np.ones((2, 4)), t=np.ones((2, 2))
    )
    assert str(verdict.status) == "undecided", str(verdict)
    assert "a wrong gradient would pass too" in verdict.reason
