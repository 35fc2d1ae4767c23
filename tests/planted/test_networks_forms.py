"""Right gradients in their textbook forms: rounding may cost them digits, and none is accused."""

from __future__ import annotations

import numpy as np
import pytest

from symnum import nets
from symnum.nets import Dense, Network, check_network
from tests.planted.two_layers import backward

BCE = "-t*log(y) - (1 - t)*log(1 - y)"


def expit(z):
    """Return the sigmoid as it is written in books."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def half_tanh(z):
    """Return the sigmoid by tanh, which keeps no digits of small values."""
    return 0.5 * (1 + np.tanh(z / 2))


def by_quotient(z):
    """Return tanh as a quotient of exponentials, or of one of them where both would overflow."""
    small = np.exp(-2 * np.abs(z))
    return np.sign(z) * (1 - small) / (1 + small)


def softmax(z):
    """Return softmax with the largest logit taken out."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def by_logs(z):
    """Return softmax as exp of its logarithm."""
    z = z - z.max(axis=1, keepdims=True)
    return np.exp(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))


# Value and derivative, by the value where a book does.
ACTIVATIONS = {
    "sigmoid": {
        "a(1-a)": (expit, lambda _z, a: a * (1 - a)),
        "a-a²": (expit, lambda _z, a: a - a**2),
        "by tanh": (half_tanh, lambda _z, a: a * (1 - a)),
        "quotient": (expit, lambda z, _a: 1 / (2 + np.exp(np.minimum(z, 700)) + np.exp(-z))),
    },
    "tanh": {
        "1-a²": (np.tanh, lambda _z, a: 1 - a**2),
        "(1-a)(1+a)": (np.tanh, lambda _z, a: (1 - a) * (1 + a)),
        "quotient": (by_quotient, lambda _z, a: 1 - a * a),
        "by sigmoid": (lambda z: 2 * expit(2 * z) - 1, lambda _z, a: 1 - a**2),
        "cosh": (np.tanh, lambda z, _a: 1 / np.cosh(np.clip(z, -700, 700)) ** 2),
    },
    "softplus": {
        "log1p": (lambda z: np.logaddexp(0, z), lambda z, _a: expit(z)),
        "log": (
            lambda z: np.where(z > 500, z, np.log(1 + np.exp(np.minimum(z, 500)))),
            lambda z, _a: half_tanh(z),
        ),
    },
    "relu": {
        "z>0": (lambda z: np.maximum(z, 0), lambda z, _a: (z > 0) * 1.0),
        "z>=0": (lambda z: np.maximum(z, 0), lambda z, _a: (z >= 0) * 1.0),
    },
}
# The gradient by the last dense layer's outputs.
LOSSES = {
    ("softmax_cross_entropy", None): {
        "softmax-t": lambda z, t: softmax(z) - t,
        "exp(log)-t": lambda z, t: by_logs(z) - t,
    },
    ("logistic", None): {
        "sigmoid-t": lambda z, t: expit(z) - t,
        "by tanh": lambda z, t: half_tanh(z) - t,
        "two terms": lambda z, t: (1 - t) * expit(z) - t * expit(-z),
    },
    (BCE, "sigmoid"): {"sigmoid-t": lambda z, t: expit(z) - t},
    ("squared_error", None): {"y-t": lambda z, t: z - t},
    ("squared_error", "sigmoid"): {
        "a(1-a)": lambda z, t: (expit(z) - t) * expit(z) * (1 - expit(z)),
        "by tanh": lambda z, t: (half_tanh(z) - t) * half_tanh(z) * (1 - half_tanh(z)),
    },
    ("squared_error", "tanh"): {"1-a²": lambda z, t: (np.tanh(z) - t) * (1 - np.tanh(z) ** 2)},
}


def case(activation, loss, top, size, seed):
    """Return a network with logits near ±size, its samples and targets of 0 and 1."""
    layers = [Dense(3, 4), activation, Dense(4, 2), *([top] if top else [])]
    network = Network(layers, loss)
    random = np.random.default_rng([seed, int(size)])
    params = {k: random.standard_normal(s) for k, s in network.shapes.items()}
    x = random.standard_normal((5, 3))
    hidden = network.structure.layers[1].scalar.value(x @ params["W1"] + params["b1"])
    logits = hidden @ params["W2"]
    params["W2"] *= size / np.abs(logits).max()
    params["b2"] *= size / 10
    labels = random.integers(0, 2, 5)
    if seed:  # what a trained network does: right, and sure of it
        labels = (hidden @ params["W2"] + params["b2"]).argmax(axis=1)
    return network, params, x, np.eye(2)[labels]


FORMS = [
    (activation, form, *loss, top)
    for activation, forms in ACTIVATIONS.items()
    for form in forms
    for loss, tops in LOSSES.items()
    for top in tops
]


@pytest.mark.parametrize("size", [1.0, 5.0, 12.0, 25.0, 40.0, 1000.0])
@pytest.mark.parametrize(("activation", "form", "loss", "last", "top"), FORMS)
def test_no_textbook_form_is_wrong(activation, form, loss, last, top, size):
    """Right on paper is right, or inaccurate where digits are lost; no cause is made up."""
    for seed in range(3):
        network, params, x, t = case(activation, loss, last, size, seed)
        gradient = backward(*ACTIVATIONS[activation][form], LOSSES[loss, last][top])
        verdict = check_network(None, gradient, params, network, x=x, t=t)
        # Where y is 1 in float64, log(1 - y) has no derivative: nothing bounds rounding there.
        open_too = {"undecided"} if loss == BCE and size == 1000.0 else set()
        assert str(verdict.status) in {"ok", "inaccurate"} | open_too, str(verdict)
        assert verdict.cause is None, str(verdict)
        assert verdict.wrong_parameters == ()
        if size == 1.0:
            assert verdict, str(verdict)


@pytest.mark.parametrize("factor", [1e-2, 1.0, 30.0])
@pytest.mark.parametrize(
    ("activation", "form"), [(a, f) for a, fs in ACTIVATIONS.items() for f in fs]
)
def test_textbook_derivatives_where_units_saturate(activation, form, factor):
    """Hidden units that saturate, or hardly move, are no ground for an accusation either."""
    for seed in range(3):
        network, params, x, t = case(activation, "squared_error", None, 1.0, seed)
        params["W1"] *= factor
        params["b1"] *= factor
        gradient = backward(*ACTIVATIONS[activation][form], lambda z, t: z - t)
        verdict = check_network(None, gradient, params, network, x=x, t=t)
        assert str(verdict.status) in ("ok", "inaccurate"), str(verdict)
        assert verdict.cause is None


@pytest.mark.parametrize(("logit", "digits"), [(5.0, None), (25.0, "5."), (40.0, "none")])
def test_lost_digits_are_counted(logit, digits):
    """sigmoid(l) - 1 at l = 40 is 0 in float64: inaccurate, and the digits left are counted."""
    network = Network([Dense(1, 1)], "logistic")
    params = {"W1": np.array([[logit]]), "b1": np.zeros(1)}

    def gradient(params, x, t):
        delta = expit(x @ params["W1"] + params["b1"]) - t
        return {"W1": x.T @ delta, "b1": delta.sum(axis=0)}

    verdict = check_network(None, gradient, params, network, x=[[1.0]], t=[[1.0]])
    assert verdict.cause is None
    if digits is None:
        assert verdict, str(verdict)
        return
    assert str(verdict.status) == "inaccurate", str(verdict)
    assert "W1" in verdict.reason
    assert digits in verdict.reason
    assert verdict.reason in str(verdict)


@pytest.mark.parametrize("logit", [5.0, 12.0])
def test_bugs_at_large_logits_are_still_found(logit):
    """The room for cancellation hides no bug: a factor of 1 + 1e-6 is found where digits are."""
    network, params, x, t = case("sigmoid", "logistic", None, logit, 0)
    right = backward(*ACTIVATIONS["sigmoid"]["a(1-a)"], LOSSES["logistic", None]["sigmoid-t"])

    def gradient(params, x, t):
        found = right(params, x, t)
        return {**found, "W1": found["W1"] * (1 + 1e-6)}

    verdict = check_network(None, gradient, params, network, x=x, t=t)
    assert (str(verdict.status), verdict.wrong_parameters) == ("wrong", ("W1",))


def test_logits_behind_an_activation_are_not_moved_by_a_bias():
    """Softmax of exp(z): a bias 1000 larger overflows in every right gradient: that is no fault."""
    net = nets.Network([nets.Dense(2, 2), nets.Activation("exp(z)")], "softmax_cross_entropy")
    params = net.init(0)
    x, t = np.array([[0.3, -0.4], [0.2, 0.9]]), np.eye(2)

    def gradient(p, x, t):
        a = np.exp(x @ p["W1"] + p["b1"])
        e = np.exp(a - a.max(axis=1, keepdims=True))
        delta = (e / e.sum(axis=1, keepdims=True) - t) / len(x) * a
        return {"W1": x.T @ delta, "b1": delta.sum(axis=0)}

    verdict = nets.check_network(net.loss, gradient, params, network=net, x=x, t=t)
    assert (verdict.status, verdict.cause) == ("ok", None)


def test_the_worst_entry_at_a_kink_is_the_one_that_is_wrong():
    """Beside right entries, one outside both sides' derivatives is named, with the nearer side."""
    net = nets.Network([nets.Dense(2, 2, bias=False), "relu"], "squared_error")
    params = {"W1": np.array([[1.0, 1.0], [2.0, -1.0]])}
    x, t = np.array([[1.0, 1.0]]), np.array([[0.5, -0.5]])
    right = net.gradient(params, x, t)["W1"]

    def gradient(p, x, t):
        found = right.copy()
        found[1, 1] = 7.0
        return {"W1": found}

    (report,) = nets.check_network(net.loss, gradient, params, network=net, x=x, t=t).parameters
    assert (report.wrong, report.worst, report.given) == (1, (1, 1), 7.0)
    assert np.isfinite(report.exact)


@pytest.mark.parametrize(("name", "cause"), [("block_weight", None), ("hidden.bias", "bias")])
def test_only_what_is_called_a_bias_is_one(name, cause):
    """A name that begins with b is no bias."""

    def loss(p, x, t):
        return float(np.sum(p["W"] ** 2) + np.sum(p[name] ** 2))

    params = {"W": np.ones(2), name: np.ones(2)}
    data = {"x": np.ones((1, 1)), "t": np.ones((1, 1))}
    verdict = nets.check_network(loss, lambda p, _x, _t: {"W": 2 * p["W"]}, params, **data)
    assert verdict.status == "wrong"
    assert (verdict.cause == "bias") == (cause == "bias")
