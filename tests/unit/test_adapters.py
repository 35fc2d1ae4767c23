"""Adapters: PyTorch modules, JAX functions and classes as loss, gradient and parameters."""

from __future__ import annotations

import numpy as np
import pytest

import symnum as sn
from symnum.nets import (
    Dense,
    Network,
    NetworkCause,
    check_network,
    from_class,
    from_jax,
    from_torch,
)
from symnum.nets.bounds import rounding_bounds
from symnum.nets.data import check_batch, check_parameters

NEEDS_TORCH = "PyTorch isn't installed: pip install symnum-verify[torch]"
NEEDS_JAX = "JAX isn't installed: pip install symnum-verify[jax]"


def within_rounding(network, params, x, t, given):
    """Hold a float64 gradient against the certified one, with what rounding explains."""
    exact = network.exact_gradient(params, x, t)
    structure = network.structure
    arrays, batch = check_parameters(structure, params), check_batch(structure, x, t)
    bounds = rounding_bounds(structure, arrays, batch).gradient
    for name, array in given.items():
        error = np.abs((array - exact[name].hi) - exact[name].lo)
        room = np.maximum(bounds[name], np.spacing(np.abs(exact[name].hi)))
        assert (error <= room).all(), name


# --- classes --------------------------------------------------------------------------------------


class Affine:
    """A layer that shares its arrays with the network."""

    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        """Return x w + b."""
        self.x = x
        return x @ self.w + self.b


class TwoLayers:
    """A network as books write it: a dict of arrays, and layers that share them."""

    def __init__(self, dtype=np.float64, bug=""):
        random = np.random.default_rng(3)
        shapes = {"W1": (4, 5), "b1": (5,), "W2": (5, 3), "b2": (3,)}
        self.params = {k: random.standard_normal(s).astype(dtype) for k, s in shapes.items()}
        self.layers = [
            Affine(self.params["W1"], self.params["b1"]),
            Affine(self.params["W2"], self.params["b2"]),
        ]
        self.calls = 0
        self.bug = bug

    def forward(self, x):
        """Return the softmax of the last layer's outputs."""
        self.calls += 1
        hidden = np.tanh(self.layers[0].forward(x))
        z = self.layers[1].forward(hidden)
        powers = np.exp(z - z.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        """Return the mean cross-entropy."""
        return -np.log(self.forward(x)[np.arange(len(x)), t]).mean()

    def gradient(self, x, t):
        """Return backpropagation's gradient."""
        delta = self.forward(x)
        delta[np.arange(len(x)), t] -= 1
        delta /= len(x)
        hidden = self.layers[1].x
        below = delta @ self.layers[1].w.T
        if self.bug != "no derivative":
            below = below * (1 - hidden**2)
        return {
            "W1": x.T @ below, "b1": below.sum(axis=0), "W2": hidden.T @ delta,
            "b2": delta.sum(axis=0),
        }  # fmt: skip


DESCRIBED = Network([Dense(4, 5), "tanh", Dense(5, 3)], "softmax_cross_entropy")


def samples(dtype=np.float64):
    """Return five samples with labels."""
    random = np.random.default_rng(8)
    return random.standard_normal((5, 4)).astype(dtype), random.integers(0, 3, 5)


def test_class_is_right_with_and_without_a_description():
    """A class is checked with its layers' shared arrays, and is not changed."""
    model = TwoLayers()
    before = {k: v.copy() for k, v in model.params.items()}
    adapted, (x, t) = from_class(model), samples()
    for network in (None, DESCRIBED):
        verdict = check_network(adapted.loss, adapted.gradient, adapted.params, network, x=x, t=t)
        assert verdict, str(verdict)
    assert model.calls == 0
    assert not hasattr(model.layers[0], "x")
    assert all((model.params[k] == before[k]).all() for k in before)
    assert model.layers[0].w is model.params["W1"]
    within_rounding(DESCRIBED, adapted.params, x, t, adapted.gradient(adapted.params, x, t))


def test_wrong_layer_of_a_class_is_named():
    """The wrong layer is named, with the cause where the network is described."""
    adapted, (x, t) = from_class(TwoLayers(bug="no derivative")), samples()
    verdict = check_network(adapted.loss, adapted.gradient, adapted.params, x=x, t=t)
    assert (verdict.wrong_parameters, verdict.cause) == (("W1", "b1"), None)
    verdict = check_network(adapted.loss, adapted.gradient, adapted.params, DESCRIBED, x=x, t=t)
    assert verdict.cause is NetworkCause.ACTIVATION_DERIVATIVE


def test_class_in_single_precision_is_inaccurate():
    """A class in float32 is held against its own loss in float64: digits are said."""
    adapted, (x, t) = from_class(TwoLayers(np.float32)), samples(np.float32)
    assert adapted.dtype == "float32"
    assert adapted.params["W1"].dtype == np.float64
    for network in (None, DESCRIBED):
        verdict = check_network(adapted.loss, adapted.gradient, adapted.params, network, x=x, t=t)
        assert (str(verdict.status), verdict.cause) == ("inaccurate", "float32"), str(verdict)
        assert "digits of the largest entries are right" in verdict.cause_detail


class OneLayer:
    """A network with one integer array as an attribute, and a list of gradients."""

    def __init__(self):
        self.W = np.array([[1, -2, 0], [2, 1, 1]])

    def loss(self, x, t):
        """Return a sum of squares."""
        return float(((x @ self.W - t) ** 2).sum())

    def grad(self, x, t):
        """Return its gradient."""
        return [2 * np.outer(x, x @ self.W - t)]


def test_integer_arrays_and_attributes_by_name():
    """Attributes are named, integers become doubles, and a list is in the parameters' order."""
    model = OneLayer()
    adapted = from_class(model, ["W"], gradient="grad")
    x, t = np.array([0.5, 1.0]), np.array([0.0, 1.0, 0.0])
    assert check_network(adapted.loss, adapted.gradient, adapted.params, x=x, t=t)
    assert adapted.loss({"W": np.full((2, 3), 0.5)}, x, t) == ((0.75 - t) ** 2).sum()
    assert model.W.dtype.kind == "i"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: from_class(object()), r"no method loss\(x, t\)"),
        (lambda: from_class(OneLayer()), r"no method gradient\(x, t\)"),
        (lambda: from_class(OneLayer(), gradient="grad"), "no dict of arrays called params"),
        (lambda: from_class(OneLayer(), ["V"], gradient="grad"), "no attribute 'V'"),
        (lambda: from_class(OneLayer(), ["loss"], gradient="grad"), "loss is a method"),
    ],
)
def test_classes_that_do_not_fit_are_refused(make, says):
    """What is missing is said."""
    with pytest.raises(sn.UsageError, match=says):
        make()


def test_class_that_returns_something_else():
    """An answer that is no dict and no list is refused in a sentence."""
    model = OneLayer()
    model.grad = lambda *_: 1.0
    adapted = from_class(model, ["W"], gradient="grad")
    with pytest.raises(sn.UsageError, match=r"grad\(x, t\) must return a dict of arrays"):
        adapted.gradient(adapted.params, np.ones(2), np.ones(3))


def test_code_that_raises_is_named():
    """What somebody's code raises is said in a sentence, and is no traceback of ours."""
    adapted = from_class(OneLayer(), ["W"], gradient="grad")
    with pytest.raises(sn.UsageError, match=r"loss\(params, x, t\) raises ValueError"):
        check_network(adapted.loss, adapted.gradient, adapted.params, x=np.ones(5), t=0.0)


# --- PyTorch --------------------------------------------------------------------------------------


def torch_module(torch, dtype="float64"):
    """Return a module of two layers with tanh between them."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3))
    return module.to(getattr(torch, dtype))


@pytest.mark.parametrize("described", [True, False])
def test_torch_module_is_right(described):
    """A float64 module's automatic gradient is right, and the module stays as it was."""
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    module = torch_module(torch)
    before = {k: v.clone() for k, v in module.state_dict().items()}
    network = DESCRIBED if described else None
    adapted = from_torch(module, torch.nn.functional.cross_entropy, network)
    assert adapted.dtype == "float64"
    assert list(adapted.params) == (
        ["W1", "b1", "W2", "b2"] if described else ["0.weight", "0.bias", "2.weight", "2.bias"]
    )
    x, t = samples()
    verdict = check_network(adapted.loss, adapted.gradient, adapted.params, network, x=x, t=t)
    assert verdict, str(verdict)
    assert all(p.grad is None for p in module.parameters())
    assert all((v == before[k]).all() for k, v in module.state_dict().items())


def test_torch_gradient_is_the_reference():
    """A gradient by hand is held against the automatic one."""
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    adapted = from_torch(torch_module(torch), torch.nn.functional.cross_entropy, DESCRIBED)
    x, t = samples()
    right = {"reference": adapted.gradient, "x": x, "t": t}
    assert check_network(None, DESCRIBED.gradient, adapted.params, **right)

    def slip(params, x, t):
        found = DESCRIBED.gradient(params, x, t)
        return {**found, "W2": -found["W2"]}

    verdict = check_network(None, slip, adapted.params, **right)
    assert verdict.wrong_parameters == ("W2",)
    assert verdict.cause_detail == "W2: the sign is turned"


@pytest.mark.parametrize("described", [True, False])
def test_torch_module_in_single_precision_is_inaccurate(described):
    """A float32 module is not accused: it is inaccurate, and its digits are said."""
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    network = DESCRIBED if described else None
    module = torch_module(torch, "float32")
    adapted = from_torch(module, torch.nn.functional.cross_entropy, network)
    assert adapted.dtype == "float32"
    x, t = samples(np.float32)
    verdict = check_network(adapted.loss, adapted.gradient, adapted.params, network, x=x, t=t)
    assert (str(verdict.status), verdict.cause) == ("inaccurate", "float32"), str(verdict)
    assert "digits of the largest entries are right" in verdict.cause_detail
    doubled = from_torch(module, torch.nn.functional.cross_entropy, network, precision="float64")
    assert check_network(doubled.loss, doubled.gradient, doubled.params, network, x=x, t=t)
    assert next(module.parameters()).dtype == torch.float32


def test_wrong_custom_gradient_of_torch_is_named():
    """A custom backward pass with a slip is found in the layers below it."""
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            y = torch.tanh(z)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, slope):
            (y,) = ctx.saved_tensors
            return slope * (1 - y)

    class Layer(torch.nn.Module):
        def forward(self, z):
            return Wrong.apply(z)

    module = torch_module(torch)
    module[1] = Layer()
    adapted = from_torch(module, torch.nn.functional.cross_entropy)
    x, t = samples()
    verdict = check_network(adapted.loss, adapted.gradient, adapted.params, x=x, t=t)
    assert verdict.wrong_parameters == ("0.weight", "0.bias")
    described = from_torch(module, torch.nn.functional.cross_entropy, DESCRIBED)
    verdict = check_network(
        described.loss, described.gradient, described.params, DESCRIBED, x=x, t=t
    )
    assert verdict.wrong_parameters == ("W1", "b1")


def test_dropout_and_batch_norm_in_training_mode():
    """Dropout keeps its mask over all calls, and running statistics stay as they were."""
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    torch.manual_seed(1)
    module = torch.nn.Sequential(
        torch.nn.Linear(4, 6), torch.nn.BatchNorm1d(6), torch.nn.Dropout(0.5), torch.nn.Linear(6, 3)
    ).double()
    mean = module[1].running_mean.clone()
    state = torch.random.get_rng_state()
    adapted = from_torch(module, torch.nn.functional.cross_entropy)
    x, t = samples()
    assert adapted.loss(adapted.params, x, t) == adapted.loss(adapted.params, x, t)
    verdict = check_network(adapted.loss, adapted.gradient, adapted.params, x=x, t=t)
    assert verdict, str(verdict)
    assert module.training
    assert (module[1].running_mean == mean).all()
    assert (torch.random.get_rng_state() == state).all()


def test_torch_is_refused_where_it_does_not_fit():
    """What can't be adapted is refused in a sentence."""
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    loss = torch.nn.functional.cross_entropy
    for make, says in (
        (lambda: from_torch(1, loss), "torch.nn.Module is expected"),
        (lambda: from_torch(torch_module(torch), None), "loss_function is a NoneType"),
        (lambda: from_torch(torch.nn.Tanh(), loss), "no parameters that require a gradient"),
        (lambda: from_torch(torch_module(torch), loss, precision="half"), "precision is 'half'"),
        (
            lambda: from_torch(
                torch_module(torch), loss, Network([Dense(4, 3)], "softmax_cross_entropy")
            ),
            "the module has 4 parameters",
        ),
        (
            lambda: from_torch(
                torch_module(torch), loss,
                Network([Dense(5, 4), "tanh", Dense(4, 3)], "softmax_cross_entropy"),
            ),
            "0.weight has shape",
        ),
    ):  # fmt: skip
        with pytest.raises(sn.UsageError, match=says):
            make()


# --- JAX ------------------------------------------------------------------------------------------


def jax_loss(params, x, t):
    """Return the mean cross-entropy of two layers with tanh between them."""
    import jax

    z = jax.numpy.tanh(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]
    logs = jax.nn.log_softmax(z, axis=1)
    return -jax.numpy.take_along_axis(logs, t[:, None], axis=1).mean()


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_jax_function(dtype, described):
    """JAX's automatic gradient is right in float64, and inaccurate in float32."""
    jax = pytest.importorskip("jax", reason=NEEDS_JAX)
    before = jax.numpy.ones(1).dtype
    params = {k: v.astype(dtype) for k, v in TwoLayers(np.float32).params.items()}
    adapted = from_jax(jax_loss, params)
    network = DESCRIBED if described else None
    x, t = samples(np.float32)
    verdict = check_network(adapted.loss, adapted.gradient, adapted.params, network, x=x, t=t)
    if dtype is np.float64:
        assert verdict, str(verdict)
    else:
        assert (str(verdict.status), verdict.cause) == ("inaccurate", "float32"), str(verdict)
    assert jax.numpy.ones(1).dtype == before  # the precision of everybody else stays


def test_jax_parameters_may_be_nested():
    """Arrays in lists and dicts are named by their path."""
    pytest.importorskip("jax", reason=NEEDS_JAX)
    params = {"layers": [{"W": np.ones((2, 3))}, {"W": np.ones((3, 1)), "b": np.zeros(1)}]}

    def loss(params, x, t):
        for layer in params["layers"]:
            x = x @ layer["W"]
        return ((x + params["layers"][1]["b"] - t) ** 2).sum()

    adapted = from_jax(loss, params)
    names = ["layers[0]['W']", "layers[1]['W']", "layers[1]['b']"]
    assert list(adapted.params) == names
    x, t = np.array([[0.5, 1.0]]), np.array([[2.0]])
    assert check_network(adapted.loss, adapted.gradient, adapted.params, x=x, t=t)


def test_jax_is_refused_where_it_does_not_fit():
    """What can't be adapted is refused in a sentence."""
    pytest.importorskip("jax", reason=NEEDS_JAX)
    with pytest.raises(sn.UsageError, match="params holds no arrays"):
        from_jax(jax_loss, {})
    with pytest.raises(sn.UsageError, match="dtype <U1"):
        from_jax(jax_loss, {"W": np.array("a")})
    with pytest.raises(sn.UsageError, match="loss_function is a int"):
        from_jax(1, {"W": np.ones(2)})


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_a_library_that_is_missing_is_named(name, monkeypatch):
    """Without the library the sentence says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, name, None)
    make = from_torch if name == "torch" else from_jax
    with pytest.raises(sn.UsageError, match=rf"pip install symnum-verify\[{name}\]"):
        make(None, None)


# --- every activation and loss against both -------------------------------------------------------

ACTIVATIONS = ["sigmoid", "tanh", "relu", "gelu", "softplus", "identity", "softmax"]
LOSSES = ["softmax_cross_entropy", "squared_error", "logistic", "-t*log(y + 1e-7)"]
LARGE = {"plain": 1.0, "saturated": 40.0, "logits of 1000": 1000.0}


def described(activation, loss):
    """Return a network with that activation, and softmax at the end where the loss wants it."""
    layers = [Dense(3, 4), activation, Dense(4, 3)]
    return Network(layers + (["softmax"] if loss.startswith("-t") else []), loss)


def drawn(network, size):
    """Return parameters, samples and one-hot targets: saturated units, or logits of that size."""
    random = np.random.default_rng(5)
    params = {k: random.standard_normal(s) for k, s in network.shapes.items()}
    params["W1" if size == 40.0 else "W2"] *= size
    return params, random.standard_normal((3, 3)), np.eye(3)[[2, 0, 1]]


def torch_loss(torch, loss):
    """Return the same loss in PyTorch."""
    functional = torch.nn.functional
    return {
        "softmax_cross_entropy": functional.cross_entropy,
        "squared_error": lambda y, t: functional.mse_loss(y, t, reduction="sum") / 2 / len(t),
        "logistic": lambda y, t: (
            functional.binary_cross_entropy_with_logits(y, t, reduction="sum") / len(t)
        ),
        "-t*log(y + 1e-7)": lambda y, t: -(t * torch.log(y + 1e-7)).sum() / len(t),
    }[loss]


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_loss_against_torch(activation, loss, size):
    """Values and gradients agree with PyTorch's, and both with the certified gradient."""
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    network = described(activation, loss)
    params, x, t = drawn(network, LARGE[size])
    layers = {
        "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU,
        "gelu": torch.nn.GELU, "softplus": lambda: torch.nn.Softplus(threshold=1e9),
        "identity": torch.nn.Identity, "softmax": lambda: torch.nn.Softmax(dim=1),
    }  # fmt: skip
    parts = [torch.nn.Linear(3, 4), layers[activation](), torch.nn.Linear(4, 3)]
    if loss.startswith("-t"):
        parts.append(torch.nn.Softmax(dim=1))
    adapted = from_torch(
        torch.nn.Sequential(*parts), torch_loss(torch, loss), network, precision="float64"
    )
    agree(network, adapted, params, x, t)


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_loss_against_jax(activation, loss, size):
    """Values and gradients agree with JAX's, and both with the certified gradient."""
    jax = pytest.importorskip("jax", reason=NEEDS_JAX)
    network = described(activation, loss)
    params, x, t = drawn(network, LARGE[size])
    middle = {
        "sigmoid": jax.nn.sigmoid, "tanh": jax.numpy.tanh, "relu": jax.nn.relu,
        "gelu": lambda z: jax.nn.gelu(z, approximate=False), "softplus": jax.nn.softplus,
        "identity": lambda z: z, "softmax": lambda z: jax.nn.softmax(z, axis=1),
    }[activation]  # fmt: skip
    last = {
        "softmax_cross_entropy": lambda y, t: -(t * jax.nn.log_softmax(y, axis=1)),
        "squared_error": lambda y, t: (y - t) ** 2 / 2,
        "logistic": lambda y, t: jax.nn.softplus(y) - t * y,
        "-t*log(y + 1e-7)": lambda y, t: -t * jax.numpy.log(jax.nn.softmax(y, axis=1) + 1e-7),
    }[loss]

    def loss_function(params, x, t):
        y = middle(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]
        return last(y, t).sum() / len(x)

    agree(network, from_jax(loss_function, params), params, x, t)


def agree(network, adapted, params, x, t):
    """Hold values and gradients of both against each other, and against certified ones."""
    ours, theirs = network.loss(params, x, t), float(adapted.loss(params, x, t))
    np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-12)
    within_rounding(network, params, x, t, network.gradient(params, x, t))
    within_rounding(network, params, x, t, adapted.gradient(params, x, t))
