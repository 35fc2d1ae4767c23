"""Networks: gradients against certified values, and bad input."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import symnum as sn
from symnum.nets import (
    Activation,
    Dense,
    Loss,
    Network,
    numerical_gradient,
    plain_numerical_gradient,
    step_errors,
)
from symnum.nets.bounds import rounding_bounds
from symnum.nets.data import check_batch, check_parameters

ACTIVATIONS = [
    "sigmoid",
    "tanh",
    "relu",
    "gelu",
    "softplus",
    "softmax",
    "softmax_unshifted",
    "identity",
    "1/(1+exp(-z))",
    "z/(1+z**2)",
    "sin(z)",
]
LOSSES = [
    "softmax_cross_entropy",
    "softmax_cross_entropy_unshifted",
    "squared_error",
    "logistic",
    "abs(y - t)**3 + y*t",
]


def draw(network, batch=3, seed=0, scale=0.7):
    """Return parameters, samples and real targets; x and t are decimals of few digits, exactly."""
    random = np.random.default_rng(seed)
    params = {k: scale * random.standard_normal(s) for k, s in network.shapes.items()}
    x = random.integers(-2048, 2048, (batch, network.structure.inputs)) / 1024
    return params, x, random.integers(0, 64, (batch, network.structure.outputs)) / 64


def by_formula(network, params, x, t):
    """Return the certified gradient from one formula of all parameters, written out as text."""
    names = [
        f"{k}_{'_'.join(map(str, i))}" for k, s in network.shapes.items() for i in np.ndindex(s)
    ]
    terms = []
    for row, targets in zip(x, t, strict=True):
        values = [repr(float(v)) for v in row]
        number = 0
        for layer in network.layers:
            if isinstance(layer, Dense):
                number += 1
                values = [
                    " + ".join(
                        [f"({v})*W{number}_{i}_{j}" for i, v in enumerate(values)]
                        + ([f"b{number}_{j}"] if layer.bias else [])
                    )
                    for j in range(layer.outputs)
                ]
            elif layer.scalar is None:
                powers = [f"exp({v})" for v in values]
                values = [f"{p}/({' + '.join(powers)})" for p in powers]
            else:
                values = [substituted(layer.scalar.text, {"z": v}) for v in values]
        if network.loss_function.scalar is None:
            total = "log(" + " + ".join(f"exp({v})" for v in values) + ")"
            each = [f"{float(g)!r}*({total} - ({v}))" for v, g in zip(values, targets, strict=True)]
        else:
            text = network.loss_function.scalar.text
            each = [
                substituted(text, {"y": v, "t": repr(float(g))})
                for v, g in zip(values, targets, strict=True)
            ]
        terms.append("(" + " + ".join(f"({e})" for e in each) + ")")
    formula = sn.Formula(f"({' + '.join(terms)})/{len(x)}", names)
    point = np.concatenate([np.asarray(params[k]).ravel() for k in network.shapes])
    exact = formula.gradient().exact(point)
    found, start = {}, 0
    for name, shape in network.shapes.items():
        size = int(np.prod(shape))
        found[name] = exact.hi[start : start + size].reshape(shape)
        start += size
    return found


def substituted(text, values):
    """Put bracketed texts in place of one-letter names that stand alone."""
    import re

    return re.sub(r"\b(" + "|".join(values) + r")\b", lambda found: f"({values[found[1]]})", text)


def assert_within_rounding(network, params, x, t, exact):
    """Hold the float64 gradient against what rounding explains."""
    structure = network.structure
    batch = check_batch(structure, x, t)
    bounds = rounding_bounds(structure, check_parameters(structure, params), batch).gradient
    for name, given in network.gradient(params, x, t).items():
        error = np.abs((given - exact[name].hi) - exact[name].lo)
        assert (error <= np.maximum(bounds[name], np.spacing(np.abs(exact[name].hi)))).all(), name


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", ["squared_error", "softmax_cross_entropy"])
def test_exact_gradient_is_that_of_the_formula(activation, loss):
    """The certified gradient is that of the network written as one formula."""
    network = Network([Dense(2, 3), activation, Dense(3, 2)], loss)
    params, x, t = draw(network, batch=2)
    exact = network.exact_gradient(params, x, t)
    expected = by_formula(network, params, x, t)
    for name, values in expected.items():
        assert set(exact[name].status.ravel()) <= {"certified", "zero"}
        assert exact[name].hi.tolist() == values.tolist()
    assert_within_rounding(network, params, x, t, exact)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_that_of_the_formula(loss):
    """With every loss the certified gradient is that of the network written as one formula."""
    network = Network([Dense(2, 2), "tanh", Dense(2, 3, bias=False)], loss)
    params, x, t = draw(network, batch=3, seed=4)
    exact = network.exact_gradient(params, x, t)
    expected = by_formula(network, params, x, t)
    assert list(exact) == ["W1", "b1", "W2"]
    for name, values in expected.items():
        assert exact[name].hi.tolist() == values.tolist()
    assert_within_rounding(network, params, x, t, exact)


def test_softmax_output_with_the_formula_loss():
    """The chapter's loss on softmax's outputs is certified, and float64 stays within rounding."""
    network = Network([Dense(3, 4), "sigmoid", Dense(4, 3), "softmax"], "-t*log(y + 1e-7)")
    params, x, _ = draw(network)
    t = np.eye(3)[[2, 0, 1]]
    exact = network.exact_gradient(params, x, t)
    expected = by_formula(network, params, x, t)
    for name, values in expected.items():
        assert exact[name].hi.tolist() == values.tolist()
    assert_within_rounding(network, params, x, t, exact)


def test_every_entry_of_the_large_network_is_certified():
    """All 39,760 entries of 784-50-10 are known to the last digit."""
    network = Network([Dense(784, 50), "sigmoid", Dense(50, 10)], "softmax_cross_entropy")
    params, random = network.init(seed=0), np.random.default_rng(1)
    x, t = random.random((3, 784)), [3, 1, 4]
    exact = network.exact_gradient(params, x, t)
    assert sum(e.hi.size for e in exact.values()) == 39_760
    for e in exact.values():
        assert (e.status == "certified").all()
        assert (e.radius <= np.abs(e.hi) * 2.0**-105).all()
    assert_within_rounding(network, params, x, t, exact)


def test_one_layer_case():
    """One layer W (2, 3) with softmax and cross-entropy: dW is x times (y - t), label (0, 0, 1)."""
    network = Network([Dense(2, 3, bias=False)], "softmax_cross_entropy")
    random = np.random.default_rng(0)
    params, x = {"W1": random.standard_normal((2, 3))}, random.random(2)
    exact = network.exact_gradient(params, x, [0, 0, 1])
    powers = np.exp(x @ params["W1"])
    expected = np.outer(x, powers / powers.sum() - [0, 0, 1])
    np.testing.assert_allclose(exact["W1"].hi, expected, rtol=1e-14)
    assert network.gradient(params, x, 2)["W1"].shape == (2, 3)


def test_labels_and_one_hot_and_single_samples_agree():
    """Labels, one-hot rows, a batch of one and a single sample give the same numbers."""
    network = Network([Dense(3, 4), "tanh", Dense(4, 3)], "softmax_cross_entropy")
    params, x, _ = draw(network)
    labels, one_hot = [2, 0, 1], np.eye(3)[[2, 0, 1]]
    for t in (one_hot, one_hot.astype(int), np.array(labels, dtype=np.uint8)):
        assert network.loss(params, x, t) == network.loss(params, x, labels)
        for name, array in network.gradient(params, x, t).items():
            assert array.tolist() == network.gradient(params, x, labels)[name].tolist()
    single = network.gradient(params, x[0], 2)
    for t, rows in (([2], x[:1]), ([[0, 0, 1]], x[:1]), ([0, 0, 1], x[0])):
        assert all((network.gradient(params, rows, t)[k] == single[k]).all() for k in single)


def test_integers_are_promoted_and_arguments_stay():
    """Integer parameters and samples are doubles, and nothing is written into them."""
    network = Network([Dense(2, 2), "relu", Dense(2, 1)], "squared_error")
    params = {"W1": [[1, -2], [3, 4]], "b1": [1, 1], "W2": [[2], [-1]], "b2": [0]}
    x, t = np.array([[1, 2], [3, -1]]), np.array([[1], [2]])
    exact = network.exact_gradient(params, x, t)
    gradient = network.gradient(params, x, t)
    slopes = numerical_gradient(network, params, x, t, h=0.25)
    for name in gradient:
        assert gradient[name].dtype == np.float64
        assert gradient[name].tolist() == exact[name].hi.tolist()
        assert np.isfinite(slopes[name]).all()
    assert x.tolist() == [[1, 2], [3, -1]]
    assert params["W1"] == [[1, -2], [3, 4]]


@pytest.mark.parametrize("size", [1000.0, -1000.0])
def test_large_logits(size):
    """At logits of ±1000 loss and gradients are right, and the unshifted softmax is NaN."""
    layers = [Dense(1, 2)]
    params = {"W1": [[size, 0.0]], "b1": [0.0, 0.0]}
    network = Network(layers, "softmax_cross_entropy")
    right, wrong = (0, 1) if size > 0 else (1, 0)
    assert network.loss(params, [1.0], wrong) == 1000.0
    assert network.loss(params, [1.0], right) == 0.0
    assert np.abs(network.gradient(params, [1.0], wrong)["b1"]).tolist() == [1.0, 1.0]
    exact = network.exact_gradient(params, [1.0], right)
    assert exact["b1"].status.tolist() == ["certified", "certified"]
    assert exact["b1"].hi.tolist() == [0.0, 0.0]
    unshifted = Network(layers, "softmax_cross_entropy_unshifted")
    assert np.isnan(unshifted.gradient(params, [1.0], 0)["b1"]).any() == (size > 0)
    np.testing.assert_array_equal(
        unshifted.exact_gradient(params, [1.0], wrong)["b1"].hi,
        network.exact_gradient(params, [1.0], wrong)["b1"].hi,
    )


def test_saturated_softmax_keeps_the_digits():
    """Where y is 1 in float64, the gradient by the label's logit keeps its digits."""
    network = Network([Dense(1, 2)], "softmax_cross_entropy")
    params = {"W1": [[40.0, 0.0]], "b1": [0.0, 0.0]}
    exact = network.exact_gradient(params, [1.0], 0)["b1"].hi
    np.testing.assert_allclose(network.gradient(params, [1.0], 0)["b1"], exact, rtol=1e-14)
    assert 0 < -exact[0] < 1e-17


@pytest.mark.parametrize("z", [-800.0, -40.0, 40.0, 800.0])
def test_saturated_sigmoids(z):
    """Saturated sigmoids have the right derivative by name; as a quotient they are an error."""
    params = {"W1": [[z]], "b1": [0.0]}
    network = Network([Dense(1, 1), "sigmoid"], "squared_error")
    exact = network.exact_gradient(params, [1.0], [0.5])["b1"]
    np.testing.assert_allclose(
        network.gradient(params, [1.0], [0.5])["b1"], exact.hi, rtol=1e-15, atol=5e-324
    )
    assert exact.status.tolist() == ["certified"]
    written = Network([Dense(1, 1), "1/(1+exp(-z))"], "squared_error")
    assert written.exact_gradient(params, [1.0], [0.5])["b1"].hi.tolist() == exact.hi.tolist()
    if z == -800.0:
        with pytest.raises(sn.DomainError, match=r"derivative of 1/\(1\+exp\(-z\)\) at z = -800"):
            written.gradient(params, [1.0], [0.5])


def test_kink_is_a_status_with_both_sides():
    """At a pre-activation of exactly 0 the entries that move it have a kink, and no others."""
    network = Network([Dense(2, 2), "relu", Dense(2, 1)], "squared_error")
    params = {"W1": [[1, 2], [1, -1]], "b1": [0, 0], "W2": [[1], [2]], "b2": [0]}
    exact = network.exact_gradient(params, [[1, -1], [1, 1]], [1.0, 2.0])
    assert exact["W1"].status.tolist() == [["kink", "certified"], ["kink", "certified"]]
    assert (exact["W1"].left[0, 0], exact["W1"].right[0, 0]) == (1.0, 3.5)
    assert (exact["W1"].left[1, 0], exact["W1"].right[1, 0]) == (-1.5, 1.0)
    assert exact["b1"].status.tolist() == ["kink", "certified"]
    assert exact["W2"].hi.ravel().tolist() == [2.0, 8.5]


def test_kink_below_another_layer():
    """A kink reaches the parameters of the layers below it."""
    network = Network([Dense(1, 1), "identity", Dense(1, 1), "relu"], "squared_error")
    params = {"W1": [[2.0]], "b1": [0.0], "W2": [[3.0]], "b2": [-6.0]}
    exact = network.exact_gradient(params, [1.0], [-1.0])
    assert [e.status.ravel()[0] for e in exact.values()] == ["kink"] * 4
    assert (exact["W1"].left[0, 0], exact["W1"].right[0, 0]) == (0.0, 3.0)


def test_no_kink_where_the_input_is_zero():
    """A weight whose input is 0 doesn't move the unit: its derivative is 0, without a kink."""
    network = Network([Dense(2, 1), "relu"], "squared_error")
    exact = network.exact_gradient({"W1": [[1.0], [1.0]], "b1": [-1.0]}, [1.0, 0.0], [5.0])
    assert exact["W1"].status.ravel().tolist() == ["kink", "zero"]


def test_numerical_gradients_agree():
    """The fast numerical gradient and the plain loop agree to within their rounding."""
    network = Network([Dense(5, 4), "gelu", Dense(4, 3), "softmax"], "-t*log(y + 1e-7)")
    params, x, t = draw(network, batch=4)
    fast = numerical_gradient(network, params, x, t, h=2.0**-12)
    plain = plain_numerical_gradient(network, params, x, t, h=2.0**-12)
    exact = network.exact_gradient(params, x, t)
    for name in fast:
        np.testing.assert_allclose(fast[name], plain[name], atol=2e-11)
        np.testing.assert_allclose(fast[name], exact[name].hi, atol=2e-6)


def good():
    """Return a network with arguments that fit it."""
    network = Network([Dense(2, 3), "tanh", Dense(3, 2)], "softmax_cross_entropy")
    return network, network.init(), [[0.1, 0.2], [0.3, 0.4]], [0, 1]


@pytest.mark.parametrize("method", ["loss", "gradient", "exact_gradient"])
@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"x": [[1, 2, 3]]}, sn.UsageError, r"x has shape \(1, 3\).*\(2,\) or \(batch, 2\)"),
        ({"x": [["a", "b"]]}, sn.UsageError, "x must be real numbers"),
        ({"x": [[1.0, np.nan], [0, 0]]}, sn.DomainError, r"x\[0, 1\] is nan"),
        ({"x": [[1.0, np.inf], [0, 0]]}, sn.DomainError, r"x\[0, 1\] is inf"),
        ({"t": [0, 2]}, sn.UsageError, "the label of sample 1 is 2.*0 to 1"),
        ({"t": [0, -1]}, sn.UsageError, "the label of sample 1 is -1"),
        ({"t": [0.0, 1.0]}, sn.UsageError, r"t has shape \(2,\) and dtype float64"),
        ({"t": [0, 1, 1]}, sn.UsageError, r"t has shape \(3,\)"),
        ({"t": [[0, np.nan], [1, 0]]}, sn.DomainError, "target of sample 0, output 1 is nan"),
        ({"params": [1, 2]}, sn.UsageError, "dict of arrays named W1, b1, W2, b2"),
        ({"params": {"W1": 0}}, sn.UsageError, "'b1' is missing"),
        ({"W3": [1.0]}, sn.UsageError, "no parameter 'W3'"),
        ({"W1": np.ones((3, 2))}, sn.UsageError, r"W1 has shape \(3, 2\).*transposed"),
        ({"W1": np.full((2, 3), np.nan)}, sn.DomainError, r"W1\[0, 0\] is nan"),
        ({"W1": [[np.inf, 0, 0], [0, 0, 0]]}, sn.DomainError, r"W1\[0, 0\] is inf"),
        ({"b2": [0.0, -np.inf]}, sn.DomainError, r"b2\[1\] is -inf"),
    ],
)
def test_bad_input_is_refused(method, change, error, says):
    """Whatever doesn't fit the network is named, where it is and what is expected."""
    network, params, x, t = good()
    params = {**params, **{k: v for k, v in change.items() if k[0] in "Wb"}}
    call = {"params": params, "x": x, "t": t}
    call |= {k: v for k, v in change.items() if k in call}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error, match=says):
            getattr(network, method)(**call)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Dense(0, 2), "inputs is 0"),
        (lambda: Dense(2, 1.5), "outputs is 1.5"),
        (lambda: Dense(2, 2, bias=1), "bias is 1"),
        (lambda: Activation("sigmod"), "no activation called 'sigmod'.*sigmoid"),
        (lambda: Activation(3), "this is a int"),
        (lambda: Loss("mse"), "no loss called 'mse'.*squared_error"),
        (lambda: Network([], "logistic"), "starts with a Dense"),
        (lambda: Network(["tanh", Dense(2, 2)], "logistic"), "starts with a Dense"),
        (lambda: Network(Dense(2, 2), "logistic"), "takes a list of layers"),
        (lambda: Network([Dense(2, 3), 5], "logistic"), "layer 1 is a int"),
        (lambda: Network([Dense(2, 3), Dense(2, 1)], "logistic"), r"write Dense\(3, 1\)"),
        (
            lambda: Network([Dense(2, 3), "softmax"], "softmax_cross_entropy"),
            "applies softmax itself",
        ),
        (lambda: Network([Dense(2, 3)], "logistic").init(seed=-1), "seed is -1"),
        (lambda: Network([Dense(2, 3)], "logistic").init(scale=np.inf), "scale is inf"),
    ],
)
def test_bad_networks_are_refused(make, says):
    """A network that can't be is refused with what to write instead."""
    with pytest.raises(sn.UsageError, match=says):
        make()


def test_bad_formula_is_refused():
    """A formula with other variables than z, or than y and t, is refused."""
    with pytest.raises(sn.ParseError):
        Activation("z*w")
    with pytest.raises(sn.ParseError):
        Loss("(y - t)**2 + z")


@pytest.mark.parametrize("h", [0, -1e-4, np.nan, "1e-4", True])
def test_bad_steps_are_refused(h):
    """A step is a positive number."""
    network, params, x, t = good()
    with pytest.raises(sn.UsageError, match="h is"):
        numerical_gradient(network, params, x, t, h=h)


def test_infinite_loss_is_an_error():
    """A loss that leaves the doubles is an error that says which sample."""
    network = Network([Dense(1, 2), "softmax"], "-t*log(y)")
    params = {"W1": [[1000.0, 0.0]], "b1": [0.0, 0.0]}
    with pytest.raises(sn.DomainError, match="sample 0"):
        network.loss(params, [1.0], 1)


def test_init_is_seeded():
    """Parameters are 0.01 times standard normal weights, zero biases, the same for a seed."""
    network = Network([Dense(20, 30), "tanh", Dense(30, 2)], "softmax_cross_entropy")
    a, b = network.init(3), network.init(3)
    assert all((a[k] == b[k]).all() for k in a)
    assert a["W1"].tolist() == (0.01 * np.random.default_rng(3).standard_normal((20, 30))).tolist()
    assert not a["b1"].any()
    assert np.std(network.init(0, scale=2.0)["W1"]) > 1.8


def test_numbers_that_are_none_are_refused():
    """Weights that are not finite have no differences, and counts are whole numbers from 1 on."""
    network = Network([Dense(1, 1)], "squared_error")
    nothing = {"W1": [[np.nan]], "b1": [1.0]}
    for numerical in (numerical_gradient, plain_numerical_gradient):
        with pytest.raises(sn.DomainError, match="W1"):
            numerical(network, nothing, [3], [5])
    params = {"W1": [[2.0]], "b1": [1.0]}
    with pytest.raises(sn.UsageError, match="every is 0"):
        plain_numerical_gradient(network, params, [3], [5], every=0)
    with pytest.raises(sn.UsageError, match="count is -1"):
        step_errors(network, params, [3], [5], count=-1)
