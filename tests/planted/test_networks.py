"""Bugs of network gradients, put in on purpose: each must be found and named."""

from __future__ import annotations

import numpy as np
import pytest

from symnum.checking.verdict import Outcome
from symnum.nets import (
    Dense,
    Network,
    NetworkCause,
    check_network,
    kinks_near,
    numerical_gradient,
    step_errors,
)

SIZES = {"wide": (6, 5, 3), "square": (4, 4, 4)}


def softmax(z, *, shift=True):
    """Return softmax of each row."""
    with np.errstate(all="ignore"):
        powers = np.exp(z - z.max(axis=1, keepdims=True) if shift else z)
        return powers / powers.sum(axis=1, keepdims=True)


def backpropagation(params, x, t, bug=None):
    """Return a two-layer sigmoid network's gradient as a person writes it, with one bug."""
    b1 = 0 if bug == "forward bias" else params["b1"]
    z = x @ params["W1"] + b1
    hidden = 1 / (1 + np.exp(-z))
    y = softmax(hidden @ params["W2"] + params["b2"], shift=bug != "no shift")
    delta = (y - t) if bug == "no batch" else (y - t) / len(x)
    down = delta @ (params["W2"] if bug == "turned back" else params["W2"].T)
    below = down if bug == "no derivative" else down * hidden * (1 - hidden)
    if bug == "derivative of the output":
        inner = 1 / (1 + np.exp(-hidden))
        below = down * inner * (1 - inner)
    found = {
        "W1": x.T @ below,
        "b1": below.sum(axis=0),
        "W2": (z if bug == "pre-activations" else hidden).T @ delta,
        "b2": delta.sum(axis=0),
    }
    if bug == "mean bias":
        found["b2"] = delta.mean(axis=0)
    elif bug == "transposed":
        found["W1"] = found["W1"].T
    elif bug == "samples":
        found["W2"] = x.T @ delta
    elif bug == "zero":
        found["W1"] = np.zeros_like(found["W1"])
    elif bug == "sign":
        found["W2"] = -found["W2"]
    elif bug == "no bias":
        del found["b1"]
    return found


def case(sizes="wide", batch=4, seed=0):
    """Return a network with parameters, samples and one-hot targets."""
    n, m, k = SIZES[sizes]
    network = Network([Dense(n, m), "sigmoid", Dense(m, k)], "softmax_cross_entropy")
    random = np.random.default_rng(seed)
    params = {name: random.standard_normal(shape) for name, shape in network.shapes.items()}
    x, t = random.standard_normal((batch, n)), np.eye(k)[random.integers(0, k, batch)]
    return network, params, x, t


def checked(bug, sizes="wide", seed=0):
    """Check backpropagation with a bug."""
    network, params, x, t = case(sizes, seed=seed)
    return check_network(
        network.loss,
        lambda p, x, t: backpropagation(p, x, t, bug),
        params,
        x=x,
        t=t,
        network=network,
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("sizes", SIZES)
def test_right_backpropagation_is_right(sizes, seed):
    """Backpropagation without a bug is right, and no cause is named."""
    verdict = checked(None, sizes, seed)
    assert verdict, str(verdict)
    assert verdict.cause is None
    assert verdict.wrong_parameters == ()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("bug", "sizes", "cause", "detail"),
    [
        ("transposed", "wide", "transposed", "W1: the gradient has shape (5, 6)"),
        ("transposed", "square", "transposed", "W1: the gradient is transposed"),
        ("turned back", "square", "transposed", "W2 itself is transposed on the way back"),
        ("no batch", "wide", "batch", "1/batch is missing: 4 times too large"),
        ("no derivative", "wide", "activation_derivative", "of layer 1 (sigmoid) is missing"),
        (
            "derivative of the output",
            "wide",
            "activation_derivative",
            "at the activation's output, not at its input",
        ),
        ("forward bias", "wide", "bias", "b1 is forgotten in the forward pass"),
        ("no bias", "wide", "bias", "b1: no gradient was returned"),
        ("mean bias", "wide", "bias", "b2: the gradient is the mean over the batch"),
        ("pre-activations", "wide", "activations", "W2: made with the outputs of layer 0"),
        ("samples", "square", "activations", "W2: made with the samples x"),
        ("no shift", "wide", "max_shift", "not finite"),
        ("zero", "wide", "zero", "W1: the gradient was left at 0"),
        ("sign", "wide", "factor", "W2: the sign is turned"),
    ],
)
def test_planted_bug_is_found_and_named(bug, sizes, cause, detail, seed):
    """Each planted bug is found, and its cause and layer are named."""
    verdict = checked(bug, sizes, seed)
    assert not verdict
    assert verdict.cause == cause, str(verdict)
    assert detail in verdict.cause_detail
    expected = Outcome.INACCURATE if cause == "max_shift" else Outcome.WRONG
    assert verdict.status is expected


def test_wrong_parameters_are_named_and_right_ones_are_not():
    """Only the parameters with wrong entries are named."""
    assert checked("sign").wrong_parameters == ("W2",)
    assert checked("no derivative").wrong_parameters == ("W1", "b1")
    assert checked("mean bias").wrong_parameters == ("b2",)


def test_one_wrong_entry_is_named():
    """One wrong entry of one parameter is the worst, under its name."""
    network, params, x, t = case()

    def candidate(params, x, t):
        found = backpropagation(params, x, t)
        found["W1"][5, 2] *= 1 + 1e-9
        return found

    verdict = check_network(None, candidate, params, x=x, t=t, network=network)
    (report,) = (r for r in verdict.parameters if r.wrong)
    assert (report.worst_name, report.wrong, verdict.cause) == ("W1[5,2]", 1, None)
    assert "W1[5,2]" in str(verdict)
    assert "No single slip" in str(verdict)


def test_other_loss_is_named():
    """A loss that isn't the network's is reported before any gradient."""
    network, params, x, t = case()
    verdict = check_network(
        lambda p, x, t: len(x) * network.loss(p, x, t),
        network.gradient,
        params,
        x=x,
        t=t,
        network=network,
    )
    assert verdict.cause is NetworkCause.WRONG_FUNCTION
    assert "the sum over the batch" in verdict.cause_detail


def chapter(batch=3, activation="sigmoid", loss="-t*log(y + 1e-7)"):
    """Return the chapter's network 784-50-10, 0.01 times normal weights, zero biases."""
    network = Network([Dense(784, 50), activation, Dense(50, 10), "softmax"], loss)
    random = np.random.default_rng(1)
    x, t = random.random((batch, 784)), np.eye(10)[random.integers(0, 10, batch)]
    return network, network.init(seed=0), x, t


def test_the_missing_factor_is_named():
    """The loss -log(y + 1e-7) with the gradient (y - t)/n: the missing factor is named."""
    network, params, x, t = chapter()
    verdict = check_network(network.loss, backpropagation, params, x=x, t=t, network=network)
    assert verdict.cause is NetworkCause.LOSS_FACTOR
    assert "the factor y/(y + 1e-7) is missing" in verdict.cause_detail
    assert verdict.wrong_parameters == ("W1", "b1", "W2", "b2")


def test_the_difference_is_flat_in_h():
    """That difference is about 1.4e-7 in b2 and the same at every h from 1e-3 to 1e-8."""
    network, params, x, t = chapter()
    steps = step_errors(
        network,
        params,
        x,
        t,
        h=[1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8],
        entries={"b2": [(i,) for i in range(10)]},
        count=1,
        gradient=backpropagation(params, x, t),
    )
    b2 = steps.parameters[3]
    assert b2.flat
    assert ((b2.mean_error > 1e-7) & (b2.mean_error < 2e-7)).all()
    assert "b2 is the same at every h" in str(steps)
    right = step_errors(network, params, x, t, h=steps.h, count=4)
    assert not right.parameters[3].flat
    assert right.parameters[3].best_error < 1e-9


def test_relu_kink_is_attributed_to_its_unit_and_sample():
    """Where a pre-activation lies within h of relu's kink, its unit and sample are named."""
    network, params, x, t = chapter(activation="relu")
    z = x @ params["W1"]
    params["b1"][17] = 3e-5 - z[2, 17]
    numerical = numerical_gradient(network, params, x, t, h=1e-4)
    exact = network.exact_gradient(params, x, t)
    error = np.abs(numerical["b1"] - exact["b1"].hi)
    assert int(np.argmax(error)) == 17
    assert error[17] > 1e-5
    (kink,) = kinks_near(network, params, x, "b1", (17,), h=1e-4)
    assert (kink.unit, kink.sample, kink.layer) == (17, 2, 1)
    assert "over the kink: layer 1, unit 17, sample 2" in str(kink)
    verdict = check_network(
        None,
        lambda p, x, t: numerical_gradient(network, p, x, t, h=1e-4),
        params,
        x=x,
        t=t,
        network=network,
        h=1e-4,
    )
    assert verdict.cause is NetworkCause.KINK
    assert "unit 17, sample 2" in verdict.cause_detail


def test_single_precision_is_inaccurate():
    """A gradient in float32 is inaccurate, not wrong."""
    network, params, x, t = case()

    def single(params, x, t):
        return {k: v.astype(np.float32) for k, v in backpropagation(params, x, t).items()}

    verdict = check_network(None, single, params, x=x, t=t, network=network)
    assert (verdict.status, verdict.cause) == ("inaccurate", "float32")


def test_nan_is_not_finite():
    """A gradient with a NaN is wrong, and the parameter is named."""
    network, params, x, t = case()

    def candidate(params, x, t):
        found = backpropagation(params, x, t)
        found["b1"][1] = np.nan
        return found

    verdict = check_network(None, candidate, params, x=x, t=t, network=network)
    assert verdict.cause is NetworkCause.NONFINITE
    assert verdict.cause_detail.startswith("b1: not finite")


def test_candidates_get_copies():
    """A candidate that writes into its arguments changes nothing of the caller's, and is told."""
    network, params, x, t = case()
    before = {k: v.copy() for k, v in params.items()}

    def writes(params, x, t):
        found = backpropagation(params, x, t)
        params["W1"] += 1
        x[:] = 0
        return found

    verdict = check_network(None, writes, params, x=x, t=t, network=network)
    assert verdict.cause_detail == "it writes into W1, x"
    assert all((params[k] == before[k]).all() for k in params)
    assert x.any()


def test_text_names_wrong_parameters_only_where_the_gradient_is_wrong():
    """A float32 gradient has errors in every entry, and none of its parameters is called wrong."""
    network, params, x, t = case()
    verdict = check_network(
        None,
        lambda p, x, t: {k: v.astype(np.float32) for k, v in backpropagation(p, x, t).items()},
        params,
        network,
        x=x,
        t=t,
    )
    assert "Wrong:" not in str(verdict)
    assert "digits of the largest entries are right" in str(verdict)
    assert "Wrong: W2." in str(checked("sign"))
