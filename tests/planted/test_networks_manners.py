"""What a gradient of a network does besides answering, and where it has no one answer."""

from __future__ import annotations

import numpy as np
import pytest

from symnum.nets import Activation, Dense, Network, check_network

NETWORK = Network([Dense(3, 4), Activation("relu"), Dense(4, 2)], "softmax_cross_entropy")
RANDOM = np.random.default_rng(0)
PARAMS = {name: RANDOM.normal(size=array.shape) for name, array in NETWORK.init(0).items()}
X, T = RANDOM.normal(size=(5, 3)), np.array([0, 1, 0, 1, 1])


def loss(params, x, t):
    """Return the loss as a script computes it."""
    hidden = np.maximum(x @ params["W1"] + params["b1"], 0)
    logits = hidden @ params["W2"] + params["b2"]
    logits = logits - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(t)), t]))


def gradient(params, x, t, at_kink=0.0, shift=1.0):
    """Return the gradient as a script computes it, with relu'(0) as it is told."""
    z = x @ params["W1"] + params["b1"]
    hidden = np.maximum(z, 0)
    logits = hidden @ params["W2"] + params["b2"]
    powers = np.exp(logits - shift * logits.max(axis=1, keepdims=True))
    delta = (powers / powers.sum(axis=1, keepdims=True) - np.eye(2)[t]) / len(x)
    below = (delta @ params["W2"].T) * np.where(z > 0, 1.0, np.where(z == 0, at_kink, 0.0))
    return {
        "W1": x.T @ below,
        "b1": below.sum(axis=0),
        "W2": hidden.T @ delta,
        "b2": delta.sum(axis=0),
    }


def described(candidate, params=PARAMS):
    """Return the verdict with a description."""
    return check_network(None, candidate, params, NETWORK, x=X, t=T)


def undescribed(candidate, params=PARAMS):
    """Return the verdict from the loss alone."""
    return check_network(loss, candidate, params, x=X, t=T)


BOTH = pytest.mark.parametrize("check", [described, undescribed])


@pytest.mark.parametrize("at_kink", [0.0, 0.5, 1.0])
def test_any_derivative_at_a_kink_is_right(at_kink):
    """relu'(0) is 0 in one library and 1/2 in another; which unit stands there is said."""
    params = {name: array.copy() for name, array in PARAMS.items()}
    params["W1"][:, 1] = params["b1"][1] = 0.0
    verdict = described(lambda p, x, t: gradient(p, x, t, at_kink), params)
    assert verdict, str(verdict)
    assert "unit 1 of layer 1 in 5 samples: at a kink" in verdict.reason


def test_no_derivative_at_a_kink_is_outside_of_both_sides():
    """Planted: 3 lies not between 0 and 1, and no other cause is made up."""
    params = {name: array.copy() for name, array in PARAMS.items()}
    params["W1"][:, 1] = params["b1"][1] = 0.0
    verdict = described(lambda p, x, t: gradient(p, x, t, 3.0), params)
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "kink")
    assert "outside of both sides' derivatives: unit 1 of layer 1" in verdict.cause_detail


def test_what_is_not_finite_overflowed_only_where_it_did():
    """Planted: one NaN entry. Nothing overflowed, so nothing is said of exp."""

    def one_nan(params, x, t):
        found = gradient(params, x, t)
        found["W2"][1, 0] = np.nan
        return found

    verdict = described(one_nan)
    assert str(verdict.cause) == "nonfinite"
    assert "W2[1,0]" in verdict.cause_detail
    assert "exp" not in verdict.cause_detail
    far = {**PARAMS, "b2": PARAMS["b2"] + 1000.0}
    unshifted = described(lambda p, x, t: gradient(p, x, t, shift=0.0), far)
    assert "exp overflows" in unshifted.cause_detail


@BOTH
def test_every_missing_array_is_named(check):
    """Planted: a gradient of the first layer's weights alone, and one under another name."""
    verdict = check(lambda p, x, t: {"W1": gradient(p, x, t)["W1"]})
    assert verdict.wrong_parameters == ("b1", "W2", "b2")
    assert str(verdict.cause) == "shape"

    def misspelt(params, x, t):
        found = gradient(params, x, t)
        found["bias1"] = found.pop("b1")
        return found

    verdict = check(misspelt)
    assert verdict.wrong_parameters == ("b1",)
    assert "but one named bias1" in verdict.cause_detail


@BOTH
@pytest.mark.parametrize("what", ["params", "x", "t"])
def test_writing_into_arguments(check, what):
    """Planted: an update in place, within the gradient."""

    def writes(params, x, t):
        found = gradient(params, x, t)
        {"params": params["W1"], "x": x, "t": t}[what][0] += 1
        return found

    verdict = check(writes)
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "mutates")
    assert f"writes into {'W1' if what == 'params' else what}" in verdict.cause_detail


@BOTH
def test_answers_that_add_up(check):
    """Planted: gradients that are added to those of the call before, as torch's .grad is."""
    total = {}

    def adds(params, x, t):
        for name, array in gradient(params, x, t).items():
            total[name] = total.get(name, 0) + array
        return {name: array.copy() for name, array in total.items()}

    verdict = check(adds)
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "stale")
    assert "add up from call to call" in verdict.cause_detail


@BOTH
def test_a_random_gradient_is_undecided(check):
    """Dropout: two calls differ, and nothing is held against it."""
    random = np.random.default_rng(0)

    def drops(params, x, t):
        return {k: v * random.random(v.shape) for k, v in gradient(params, x, t).items()}

    verdict = check(drops)
    assert str(verdict.status) == "undecided"
    assert "two calls of gradient with the same arguments differ" in verdict.reason


@BOTH
def test_a_right_gradient_has_manners(check):
    """And passes."""
    assert check(gradient)


def all_at_kinks():
    """Return parameters at which no entry of W1 and b1 has a derivative."""
    return {**PARAMS, "W1": np.zeros((3, 4)), "b1": np.zeros(4)}


def test_single_precision_where_no_entry_of_an_array_has_a_derivative():
    """Its digits are counted in the other arrays, without a warning."""
    verdict = described(
        lambda p, x, t: {k: v.astype(np.float32) for k, v in gradient(p, x, t).items()},
        all_at_kinks(),
    )
    assert (str(verdict.status), str(verdict.cause)) == ("inaccurate", "float32")
    assert "digits of the largest entries are right" in verdict.cause_detail


@pytest.mark.parametrize("h", [None, 1e-5])
def test_a_turned_sign_where_no_entry_of_an_array_has_a_derivative(h):
    """Planted: the sign is turned, with and without a step to look for kinks within."""
    verdict = check_network(
        None,
        lambda p, x, t: {k: -v for k, v in gradient(p, x, t).items()},
        all_at_kinks(),
        NETWORK,
        x=X,
        t=T,
        h=h,
    )
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "factor")
    assert verdict.wrong_parameters == ("b2",)


@pytest.mark.parametrize("cut", [np.trunc, np.rint, np.floor])
def test_a_gradient_cut_to_integers(cut):
    """Planted: the gradient is written into arrays of integers."""
    verdict = check_network(
        None,
        lambda p, x, t: {k: cut(v).astype(int) for k, v in gradient(p, x, t).items()},
        PARAMS,
        NETWORK,
        x=100 * X,
        t=T,
    )
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "dtype")
    assert "cut to integers" in verdict.cause_detail


def test_integers_that_are_not_the_gradient_cut():
    """Planted: a wrong gradient in integers; their dtype doesn't explain it."""
    verdict = check_network(
        None,
        lambda p, x, t: {k: (3 * v + 2).astype(int) for k, v in gradient(p, x, t).items()},
        PARAMS,
        NETWORK,
        x=100 * X,
        t=T,
    )
    assert str(verdict.status) == "wrong"
    assert str(verdict.cause) != "dtype"
