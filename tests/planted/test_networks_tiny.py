"""Gradients that are 0 or tiny, without a description: nobody is accused from noise."""

from __future__ import annotations

import numpy as np
import pytest

from symnum.nets import check_network
from tests.planted.two_layers import backward


def expit(z):
    """Return the sigmoid as it is written in books."""
    return 1 / (1 + np.exp(-z))


def normalised(params, x, t):
    """Return the loss of a network with batch normalisation after the first layer."""
    z = x @ params["W1"] + params["b1"]
    away = z - z.mean(axis=0)
    n = away / np.sqrt((away**2).mean(axis=0) + 1e-5)
    y = np.tanh(n * params["g"] + params["c"]) @ params["W2"]
    return ((y - t) ** 2).sum() / len(x) / 2


def normalised_gradient(params, x, t, sign=1.0):
    """Return its gradient; that of b1 is 0, because the mean is taken out."""
    count = len(x)
    z = x @ params["W1"] + params["b1"]
    away = z - z.mean(axis=0)
    scale = 1 / np.sqrt((away**2).mean(axis=0) + 1e-5)
    n = away * scale
    hidden = np.tanh(n * params["g"] + params["c"])
    delta = (hidden @ params["W2"] - t) / count
    below = delta @ params["W2"].T * (1 - hidden**2)
    down = below * params["g"]
    dz = scale / count * (count * down - down.sum(axis=0) - n * (down * n).sum(axis=0))
    return {
        "W1": sign * x.T @ dz,
        "b1": dz.sum(axis=0),
        "g": (below * n).sum(axis=0),
        "c": below.sum(axis=0),
        "W2": hidden.T @ delta,
    }


def plain(loss):
    """Return a loss that can't be run on balls."""
    return lambda params, x, t: loss(
        {k: np.asarray(v, dtype=float) for k, v in params.items()}, x, t
    )


SIZES = {"entries": (3, 4, 2, 6), "along": (8, 16, 3, 20), "many": (30, 10, 3, 70)}


@pytest.mark.parametrize("as_is", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_a_bias_before_normalisation(size, as_is):
    """A gradient of 0 but for rounding is not wrong, and that it decides nothing is said."""
    n, m, k, count = SIZES[size]
    loss = normalised if as_is else plain(normalised)
    for seed in range(3):
        random = np.random.default_rng(seed)
        params = {
            "W1": random.standard_normal((n, m)),
            "b1": random.standard_normal(m),
            "g": 1 + 0.1 * random.standard_normal(m),
            "c": 0.1 * random.standard_normal(m),
            "W2": random.standard_normal((m, k)),
        }
        x, t = random.standard_normal((count, n)), random.standard_normal((count, k))
        verdict = check_network(loss, normalised_gradient, params, x=x, t=t)
        assert verdict, str(verdict)
        assert "b1: its gradient is 0 but for rounding" in verdict.reason, str(verdict)
        assert "e+30" not in str(verdict)
        verdict = check_network(
            loss, lambda p, x, t: normalised_gradient(p, x, t, -1.0), params, x=x, t=t
        )
        assert verdict.wrong_parameters == ("W1",), str(verdict)


ACTIVATIONS = {
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z, _a: expit(z)),
    "sigmoid": (expit, lambda _z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda _z, a: 1 - a**2),
}


def network(activation, scale, size, seed):
    """Return loss, gradient, parameters, samples and targets of a two-layer network."""
    value, slope = ACTIVATIONS[activation]
    n, m, k, count = SIZES[size]

    def loss(params, x, t):
        hidden = value(x @ params["W1"] + params["b1"])
        return ((hidden @ params["W2"] + params["b2"] - t) ** 2).sum() / 2 / len(x)

    gradient = backward(value, slope, lambda y, t: y - t)
    random = np.random.default_rng(seed)
    params = {
        "W1": random.standard_normal((n, m)),
        "b1": random.standard_normal(m),
        "W2": random.standard_normal((m, k)),
        "b2": random.standard_normal(k),
    }
    x, t = scale * random.standard_normal((count, n)), random.standard_normal((count, k))
    return loss, gradient, params, x, t


@pytest.mark.parametrize("as_is", [True, False])
@pytest.mark.parametrize("scale", [1.0, 30.0, 100.0])
@pytest.mark.parametrize("size", ["entries", "along"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_saturated_units_are_no_bug(activation, size, scale, as_is):
    """Large samples saturate the units: their gradients lose their digits and are not wrong."""
    for seed in range(4):
        loss, gradient, params, x, t = network(activation, scale, size, seed)
        with np.errstate(over="ignore"):
            if not np.isfinite(loss(params, x, t)):
                continue  # log(1 + exp(z)) itself overflows here
        verdict = check_network(loss if as_is else plain(loss), gradient, params, x=x, t=t)
        assert str(verdict.status) in ("ok", "undecided"), str(verdict)
        assert verdict or verdict.reason
        assert verdict.cause is None
        assert verdict.wrong_parameters == ()


@pytest.mark.parametrize("as_is", [True, False])
def test_a_turned_sign_in_a_small_layer_is_wrong(as_is):
    """A layer whose gradient is small but keeps its digits is not excused: its sign is seen."""
    loss, gradient, params, x, t = network("tanh", 1.0, "entries", 0)
    params["W2"] *= 1e-14

    def turned(params, x, t):
        found = gradient(params, x, t)
        return {**found, "W1": -found["W1"]}

    verdict = check_network(loss if as_is else plain(loss), turned, params, x=x, t=t)
    if as_is:  # real steps see nothing that small
        assert verdict.wrong_parameters == ("W1",), str(verdict)
        assert "W1: the sign is turned" in verdict.cause_detail
    assert not verdict or verdict.reason


def test_what_was_measured_is_not_called_exact():
    """The table's head says what the gradient is held against."""
    loss, gradient, params, x, t = network("tanh", 1.0, "entries", 0)
    given = {"x": x, "t": t}
    assert " exact " in str(check_network(loss, gradient, params, **given))
    measured = str(check_network(plain(loss), gradient, params, **given))
    assert " measured " in measured
    assert " exact " not in measured
    other = str(check_network(None, gradient, params, reference=gradient, **given))
    assert " reference " in other
    assert " exact " not in other
