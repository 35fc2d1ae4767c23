"""Gradients that keep numbers of an earlier call: right where they were asked first alone."""

from __future__ import annotations

import numpy as np
import pytest

from symnum.nets import check_network, from_class
from tests.planted.test_networks import backpropagation, case
from tests.planted.test_networks_undescribed import CASES

NAMES = ("described", "reference", *CASES)


def checked(name, candidate):
    """Return the verdict on a candidate."""
    if name in ("described", "reference"):
        network, params, x, t = case(seed=1)
        if name == "described":
            return check_network(network.loss, candidate, params, network, x=x, t=t)
        return check_network(None, candidate, params, x=x, t=t, reference=backpropagation)
    loss, params, x, t = CASES[name](1)
    return check_network(loss, candidate, params, x=x, t=t)


@pytest.mark.parametrize("names", [("W1", "b1", "W2", "b2"), ("b2",)])
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_is_kept_forever(name, names):
    """Planted: the first answer is kept, of all arrays and of one."""
    kept = {}

    def candidate(params, x, t):
        found = backpropagation(params, x, t)
        kept.update({k: found[k] for k in names if k not in kept})
        return {k: kept.get(k, v).copy() for k, v in found.items()}

    verdict = checked(name, candidate)
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "stale"), str(verdict)
    assert f"{', '.join(names)}: the same at other parameters" in verdict.cause_detail
    assert checked(name, backpropagation), "without a bug"


class Model:
    """A two-layer network whose gradient uses what the last loss left."""

    def __init__(self, params):
        self.params = params

    def loss(self, x, t):
        """Return the loss, and keep the hidden units and the outputs."""
        p = self.params
        self.hidden = 1 / (1 + np.exp(-(x @ p["W1"] + p["b1"])))
        z = self.hidden @ p["W2"] + p["b2"]
        self.z = z - z.max(axis=1, keepdims=True)
        logs = self.z - np.log(np.exp(self.z).sum(axis=1, keepdims=True))
        return -(t * logs).sum() / len(x)

    def gradient(self, x, t):
        """Return the gradient from what was kept."""
        powers = np.exp(self.z)
        delta = (powers / powers.sum(axis=1, keepdims=True) - t) / len(x)
        below = delta @ self.params["W2"].T * self.hidden * (1 - self.hidden)
        return {
            "W1": x.T @ below,
            "b1": below.sum(axis=0),
            "W2": self.hidden.T @ delta,
            "b2": delta.sum(axis=0),
        }


@pytest.mark.parametrize("described", [True, False])
def test_activations_of_an_earlier_loss(described):
    """Planted: right after loss at the same parameters, and only then."""
    network, params, x, t = case(seed=1)
    model = Model(params)
    model.loss(x, t)
    adapted = from_class(model)
    verdict = check_network(
        adapted.loss, adapted.gradient, params, network if described else None, x=x, t=t
    )
    assert str(verdict.status) == "wrong", str(verdict)
    assert str(verdict.cause) == "stale", str(verdict)
    assert "kept from an earlier call" in verdict.cause_detail


def test_a_constant_gradient_is_not_stale():
    """A linear loss has one gradient everywhere."""

    def loss(params, x, t):
        return ((x @ params["W"]) * t).sum()

    def gradient(params, x, t):
        return {"W": x.T @ t}

    x, t = np.random.default_rng(0).standard_normal((2, 5, 3))
    for size in (3, 200):
        params = {"W": np.ones((3, 3))}
        if size > 3:
            x, t = np.ones((4, 20)), np.ones((4, 8))
            params = {"W": np.ones((20, 8))}
        assert check_network(loss, gradient, params, x=x, t=t)
