"""Formulas whose float64 derivative overflows inside, though the network's numbers are finite."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from symnum.nets import Dense, Network, check_network

FORMS = {
    "1/(1+exp(-z))": (expit, lambda z: expit(z) * expit(-z)),
    "z/(1+exp(-z))": (lambda z: z * expit(z), lambda z: expit(z) + z * expit(z) * expit(-z)),
}


def case(form, seed):
    """Return loss, gradient, a network and parameters with which exp(-z) overflows."""
    value, slope = FORMS[form]
    network = Network([Dense(4, 5), form, Dense(5, 3)], "squared_error")

    def loss(params, x, t):
        hidden = value(x @ params["W1"] + params["b1"])
        return float(np.sum((hidden @ params["W2"] + params["b2"] - t) ** 2) / 2 / len(x))

    def gradient(params, x, t):
        z = x @ params["W1"] + params["b1"]
        delta = (value(z) @ params["W2"] + params["b2"] - t) / len(x)
        below = delta @ params["W2"].T * slope(z)
        return {
            "W1": x.T @ below,
            "b1": below.sum(axis=0),
            "W2": value(z).T @ delta,
            "b2": delta.sum(axis=0),
        }

    random = np.random.default_rng(seed)
    params = {name: random.standard_normal(shape) for name, shape in network.shapes.items()}
    params["b1"][:2] = -800.0
    return loss, gradient, network, params, random.standard_normal((3, 4)), np.ones((3, 3))


@pytest.mark.parametrize("form", FORMS)
def test_a_right_gradient_of_the_same_function_is_right(form):
    """The loss isn't called another function with two equal numbers, and the bound is known."""
    for seed in range(5):
        loss, gradient, network, params, x, t = case(form, seed)
        verdict = check_network(loss, gradient, params, network, x=x, t=t)
        assert verdict, str(verdict)
        assert all(np.isfinite(report.detection_limit) for report in verdict.parameters)


@pytest.mark.parametrize("form", FORMS)
def test_weights_that_are_all_large_accuse_nobody(form):
    """Planted by nobody: 1000 times the usual weights."""
    for seed in range(5):
        loss, gradient, network, params, x, t = case(form, seed)
        params = {name: 1000.0 * array for name, array in params.items()}
        verdict = check_network(loss, gradient, params, network, x=x, t=t)
        assert verdict.cause is None, str(verdict)
        assert str(verdict.status) != "wrong", str(verdict)


@pytest.mark.parametrize("form", FORMS)
def test_mistakes_there_are_still_found(form):
    """Planted: another loss, and a small factor."""
    loss, gradient, network, params, x, t = case(form, 0)
    verdict = check_network(
        lambda p, x, t: loss(p, x, t) * (1 + 1e-9), gradient, params, network, x=x, t=t
    )
    assert str(verdict.cause) == "wrong_function"

    def off(params, x, t):
        found = gradient(params, x, t)
        return {**found, "W1": found["W1"] * (1 + 1e-9)}

    verdict = check_network(loss, off, params, network, x=x, t=t)
    assert verdict.wrong_parameters == ("W1",), str(verdict)
