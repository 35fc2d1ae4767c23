"""Causes that the numbers don't show: a slip that does nothing here is not the reason."""

from __future__ import annotations

import numpy as np
import pytest

from symnum.nets import Dense, Network, check_network
from tests.planted.test_networks import backpropagation, case, chapter
from tests.planted.test_networks_undescribed import CASES


def changed(gradient, name, factor):
    """Return a gradient with one array times a factor."""

    def candidate(params, x, t):
        found = gradient(params, x, t)
        return {**found, name: found[name] * factor}

    return candidate


@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2"])
@pytest.mark.parametrize("factor", [1 + 1e-12, 1 - 3e-12, 1 + 1e-9, 1 + 1e-6])
def test_zero_biases_are_not_forgotten(name, factor):
    """With biases of 0 a forgotten bias changes nothing: it explains no error."""
    network, params, x, t = chapter(loss="-t*log(y)")
    verdict = check_network(None, changed(backpropagation, name, factor), params, network, x=x, t=t)
    assert "forgotten" not in str(verdict)
    assert "given/exact = 1\n" not in f"{verdict.cause_detail}\n"
    assert "given/exact = 1;" not in verdict.cause_detail
    assert verdict.cause in (None, "factor"), str(verdict)
    if verdict.status == "wrong":
        assert verdict.wrong_parameters == (name,)


@pytest.mark.parametrize("sizes", ["wide", "square"])
@pytest.mark.parametrize("entry", [1e-12, 1e-11, 1e-10])
def test_one_entry_off_by_little_has_no_cause(sizes, entry):
    """One entry that is off by a little is no transpose, no factor and no forgotten bias."""
    for seed in range(5):
        network, params, x, t = case(sizes, seed=seed)
        params["b1"][:] = params["b2"][:] = 0.0

        def candidate(params, x, t):
            found = backpropagation(params, x, t)
            found["W1"][1, 2] *= 1 + entry
            return found

        verdict = check_network(None, candidate, params, network, x=x, t=t)
        assert verdict.cause is None, str(verdict)


def test_a_symmetric_gradient_is_not_transposed():
    """Where the gradient is its own transpose, transposing it explains nothing."""
    network, params, x, t = case("square")
    x[:] = 1.0
    params["W1"][:] = params["b1"][:] = 0.3
    params["W2"][:] = 0.5
    verdict = check_network(
        None, changed(backpropagation, "W1", 1 + 1e-11), params, network, x=x, t=t
    )
    assert verdict.cause in (None, "factor"), str(verdict)


@pytest.mark.parametrize("factor", [1 + 1e-7, 1 - 1e-6, 1.00001])
@pytest.mark.parametrize("name", CASES)
def test_factors_near_one_are_written_out(name, factor):
    """Without a description too: a factor is never said to be 1."""
    f, params, x, t = CASES[name](0)
    verdict = check_network(f, changed(backpropagation, "W2", factor), params, x=x, t=t)
    assert verdict.status == "wrong"
    assert not verdict.cause_detail.endswith("given/exact = 1"), str(verdict)
    if verdict.cause is not None:
        assert "given/exact = 1 " in verdict.cause_detail


def test_a_slip_beside_another_error_is_not_the_cause():
    """A forgotten factor in one array doesn't explain a small error in another."""
    network, params, x, t = case()

    def candidate(params, x, t):
        found = backpropagation(params, x, t, "mean bias")
        found["W1"][1, 2] *= 1 + 1e-12
        return found

    verdict = check_network(None, candidate, params, network, x=x, t=t)
    assert verdict.wrong_parameters == ("W1", "b2"), str(verdict)
    assert verdict.cause is None, str(verdict)


COINCIDE = [
    (2, 3, 2.0, ["1/batch is missing", "a factor of 1/2 is"]),
    (2, 3, 0.5, ["1/batch is taken twice", "a factor of 2 is missing"]),
    (3, 3, 1 / 3, ["1/batch is taken twice", "the mean over the outputs"]),
    (2, 2, 0.5, ["1/batch is taken twice", "a factor of 2 is", "the mean over the outputs"]),
]


@pytest.mark.parametrize(("batch", "outputs", "factor", "readings"), COINCIDE)
def test_two_readings_of_one_number_are_both_said(batch, outputs, factor, readings):
    """2 is the batch and the 2 of a square: neither is the cause as a fact."""
    network = Network([Dense(3, 4), "tanh", Dense(4, outputs)], "squared_error")
    random = np.random.default_rng(0)
    params = {name: random.standard_normal(shape) for name, shape in network.shapes.items()}
    x, t = random.standard_normal((batch, 3)), random.standard_normal((batch, outputs))

    def candidate(params, x, t):
        return {name: factor * array for name, array in network.gradient(params, x, t).items()}

    verdict = check_network(network.loss, candidate, params, network, x=x, t=t)
    assert str(verdict.cause) == "factor", str(verdict)
    for each in readings:
        assert each in verdict.cause_detail
    other = np.concatenate([x, x + 1.0, x - 1.0]), np.concatenate([t, t, t])
    size = len(other[0])
    verdict = check_network(
        None,
        lambda p, x, t: {k: size * v for k, v in network.gradient(p, x, t).items()},
        params,
        network,
        x=other[0],
        t=other[1],
    )
    assert (str(verdict.cause), " or " in verdict.cause_detail) == ("batch", False)
