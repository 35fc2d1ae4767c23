"""The four parts of the error of a network's numerical gradient."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

import symnum as sn
from symnum.nets import Dense, Network, error_parts, step_errors

STEPS = [1e-1, 1e-4, 1e-7, 1e-10]
PARTS = ("truncation", "step_rounding", "evaluation", "arithmetic")


def drawn(network, batch=3):
    """Return parameters, samples and targets."""
    random = np.random.default_rng(6)
    params = {k: random.standard_normal(s) for k, s in network.shapes.items()}
    outputs = network.structure.outputs
    return (
        params,
        random.standard_normal((batch, network.structure.inputs)),
        np.eye(outputs)[random.integers(0, outputs, batch)],
    )


def assert_adds_up(found):
    """Hold the sum of the parts against the error, as rationals."""
    for entry in found.entries:
        for k in range(len(found.h)):
            total = sum(Fraction(float(getattr(entry, part)[k])) for part in PARTS)
            left = abs(total - Fraction(float(entry.error[k])))
            assert left <= Fraction(float(entry.radius[k])), (entry.name, k)
            assert (
                entry.radius[k] <= 1e-11 * np.abs([getattr(entry, part)[k] for part in PARTS]).max()
            )


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "squared_error", "logistic"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "gelu", "softmax", "sin(z)"])
def test_parts_add_up(activation, loss):
    """The four parts add up to the error, which is that of the central differences."""
    network = Network([Dense(3, 4), activation, Dense(4, 3, bias=False)], loss)
    params, x, t = drawn(network)
    places = {"W1": [(2, 1)], "b1": [(3,)], "W2": [(0, 2), (3, 0)]}
    found = error_parts(network, params, x, t, h=STEPS, entries=places)
    assert [e.name for e in found.entries] == ["W1[2,1]", "b1[3]", "W2[0,2]", "W2[3,0]"]
    assert_adds_up(found)
    measured = step_errors(network, params, x, t, h=STEPS, entries=places)
    flat = [error for part in measured.parameters for error in part.error.T]
    for entry, error in zip(found.entries, flat, strict=True):
        np.testing.assert_allclose(entry.error, error, rtol=1e-6, atol=1e-16)


def test_parts_are_those_of_the_formula():
    """Truncation and step rounding are those of the network written as one formula."""
    network = Network([Dense(1, 1), "tanh", Dense(1, 1)], "squared_error")
    params = {"W1": [[0.7]], "b1": [0.3], "W2": [[-1.3]], "b2": [0.1]}
    found = error_parts(network, params, [0.625], [0.25], h=STEPS)
    formula = sn.Formula("(W2*tanh(0.625*W1 + b1) + b2 - 0.25)**2/2", ["W1", "b1", "W2", "b2"])
    run = sn.sweep(formula, [0.7, 0.3, -1.3, 0.1], "central", STEPS).runs[0]
    for number, entry in enumerate(found.entries):
        assert run.h[0, number].tolist() == STEPS
        for part in ("truncation", "step_rounding"):
            expected = getattr(run, part)[0, number]
            np.testing.assert_allclose(getattr(entry, part), expected, rtol=1e-12)


def test_truncation_of_a_quadratic_is_zero():
    """A quadratic loss of a linear network has no truncation, and dyadic steps no rounding."""
    network = Network([Dense(1, 1)], "squared_error")
    found = error_parts(network, {"W1": [[2]], "b1": [1]}, [3], [5], h=[0.5, 2.0**-20])
    for entry in found.entries:
        for part in PARTS:
            assert getattr(entry, part).tolist() == [0.0, 0.0]


def test_each_part_is_the_error_somewhere():
    """At large h the error is truncation, at small h the rounding of the loss."""
    network = Network([Dense(6, 5), "sigmoid", Dense(5, 3)], "softmax_cross_entropy")
    params, x, t = drawn(network)
    found = error_parts(network, params, x, t, h=[1e-2, 1e-10])
    for entry in found.entries:
        coarse, fine = (np.abs(entry.error)).tolist()
        assert abs(entry.truncation[0]) > 0.99 * coarse
        assert abs(entry.evaluation[1]) > 0.9 * fine
        assert abs(entry.truncation[1]) < 1e-6 * fine


def test_kink_has_no_parts():
    """Where there is no derivative the quotient stands alone."""
    network = Network([Dense(1, 1), "relu"], "squared_error")
    found = error_parts(network, {"W1": [[1.0]], "b1": [0.0]}, [0.0], [1.0], h=[0.5])
    weight, bias = found.entries
    assert np.isnan(bias.error).all()
    assert np.isfinite(bias.approximation).all()
    assert bias.best is None
    assert (weight.exact, weight.error.tolist()) == (0.0, [0.0])
    assert "-" in str(found)


def test_large_network_in_seconds(tmp_path):
    """784-50-10 at a batch of 3: one entry of each layer at 25 steps; text, JSON and picture."""
    network = Network([Dense(784, 50), "sigmoid", Dense(50, 10)], "softmax_cross_entropy")
    random = np.random.default_rng(1)
    found = error_parts(
        network, network.init(seed=0), random.random((3, 784)), random.integers(0, 10, 3)
    )
    assert_adds_up(found)
    best = {entry.parameter: found.h[entry.best] for entry in found.entries}
    assert best["W1"] > 2 * best["b2"]  # one h does not fit all layers
    document = json.loads(found.to_json())
    assert document["kind"] == "network parts"
    assert document["entries"][0]["truncation"] == found.entries[0].truncation.tolist()
    path = found.plot(tmp_path / "parts.svg")
    text = path.read_text(encoding="utf-8")
    assert all(entry.name in text for entry in found.entries)
    assert "step\nrounding" not in str(found)
    assert "truncation" in str(found)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"h": 0.0}, "h is"),
        ({"h": [[1e-3]]}, "h is a step or a list of steps"),
        ({"entries": {"W9": [(0,)]}}, "no parameter 'W9'"),
        ({"entries": {"W1": [(0, 7)]}}, r"no entry \(0, 7\)"),
    ],
)
def test_bad_input_is_refused(change, says):
    """What doesn't fit is named."""
    network = Network([Dense(2, 2)], "squared_error")
    with pytest.raises(sn.UsageError, match=says):
        error_parts(network, network.init(), [1.0, 2.0], [0.0, 1.0], **change)
