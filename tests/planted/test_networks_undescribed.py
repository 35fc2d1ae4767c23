"""Bugs of network gradients that nobody has described: the wrong layer is found, and named."""

from __future__ import annotations

import numpy as np
import pytest

import symnum as sn
from symnum.nets import NetworkCause, check_network
from tests.planted.test_networks import backpropagation, case, chapter


def loss(params, x, t):
    """Return the loss of a two-layer sigmoid network as a person writes it."""
    hidden = 1 / (1 + np.exp(-(x @ params["W1"] + params["b1"])))
    logits = hidden @ params["W2"] + params["b2"]
    logits = logits - logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -(t * logs).sum() / len(x)


def stepped(params, x, t):
    """Return the same by code that can't be run on balls."""
    return loss({k: np.asarray(v, dtype=np.float64) for k, v in params.items()}, x, t)


def many(seed):
    """Return more parameters and samples than are run on balls."""
    random = np.random.default_rng([9, seed])
    shapes = {"W1": (30, 10), "b1": (10,), "W2": (10, 4), "b2": (4,)}
    params = {name: random.standard_normal(shape) for name, shape in shapes.items()}
    return params, random.standard_normal((70, 30)), np.eye(4)[random.integers(0, 4, 70)]


def on_balls(sizes, seed):
    """Return a small case: every entry has a certified derivative."""
    _, params, x, t = case(sizes, seed=seed)
    return loss, params, x, t


CASES = {
    "entries": lambda seed: on_balls("wide", seed),
    "square": lambda seed: on_balls("square", seed),
    "steps": lambda seed: (stepped, *case("wide", seed=seed)[1:]),
    "square steps": lambda seed: (stepped, *case("square", seed=seed)[1:]),
    "many": lambda seed: (loss, *many(seed)),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", CASES)
def test_right_backpropagation_is_right(name, seed):
    """Backpropagation without a bug is right against its own loss, however that is measured."""
    f, params, x, t = CASES[name](seed)
    verdict = check_network(f, backpropagation, params, x=x, t=t, seed=seed)
    assert verdict, str(verdict)
    assert verdict.cause is None
    assert verdict.wrong_parameters == ()
    certified = name in ("entries", "square")
    assert ("not certified" in verdict.reference) != certified


def test_the_chapters_network():
    """784-50-10: backpropagation is right against its loss, and a wrong layer is named."""
    _, params, x, t = chapter()
    assert check_network(loss, backpropagation, params, x=x, t=t)
    verdict = check_network(
        loss, lambda p, x, t: backpropagation(p, x, t, "no derivative"), params, x=x, t=t
    )
    assert verdict.wrong_parameters == ("W1", "b1")


EVERY = ("W1", "b1", "W2", "b2")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("bug", "wrong", "cause", "detail"),
    [
        ("no batch", EVERY, "factor", "which is the number of samples"),
        ("no derivative", ("W1", "b1"), None, ""),
        ("derivative of the output", ("W1", "b1"), None, ""),
        ("forward bias", None, None, ""),
        ("no bias", ("b1",), "bias", "b1: no gradient was returned"),
        ("mean bias", ("b2",), "factor", "b2: given/exact = 0."),
        ("pre-activations", ("W2",), None, ""),
        ("zero", ("W1",), "zero", "W1: the gradient was left at 0"),
        ("sign", ("W2",), "factor", "W2: the sign is turned"),
    ],
)
def test_wrong_layer_is_named_and_no_cause_is_guessed(name, bug, wrong, cause, detail):
    """Without a description the wrong parameters are named; a cause only where it is decided."""
    f, params, x, t = CASES[name](1)
    if bug == "forward bias":
        params["b1"] = params["b1"] + 0.5
        wrong = EVERY
    verdict = check_network(f, lambda p, x, t: backpropagation(p, x, t, bug), params, x=x, t=t)
    assert str(verdict.status) == "wrong", str(verdict)
    assert verdict.wrong_parameters == wrong
    assert verdict.cause == cause, str(verdict)
    assert detail in verdict.cause_detail
    for each in wrong:
        assert each in str(verdict)


@pytest.mark.parametrize("name", CASES)
def test_transposed(name):
    """A transposed gradient has a wrong shape, or where the weights are square is recognised."""
    f, params, x, t = CASES[name](2)
    verdict = check_network(
        f, lambda p, x, t: backpropagation(p, x, t, "transposed"), params, x=x, t=t
    )
    assert verdict.cause is NetworkCause.TRANSPOSED
    square = "square" in name
    assert verdict.wrong_parameters == (("W1",) if square else ())
    assert ("is transposed" if square else "has shape") in verdict.cause_detail


@pytest.mark.parametrize("name", CASES)
def test_missing_max_shift_is_right_until_it_overflows(name):
    """Softmax without the largest logit taken out: inaccurate, and where it overflows is said."""
    f, params, x, t = CASES[name](3)
    verdict = check_network(
        f, lambda p, x, t: backpropagation(p, x, t, "no shift"), params, x=x, t=t
    )
    assert (str(verdict.status), verdict.cause) == ("inaccurate", "max_shift")
    assert "every entry of b2 is 1000 larger" in verdict.cause_detail


@pytest.mark.parametrize("name", CASES)
def test_one_wrong_entry_is_named(name):
    """One wrong entry of one array is confirmed alone, under its name."""
    f, params, x, t = CASES[name](4)

    def candidate(params, x, t):
        found = backpropagation(params, x, t)
        found["W1"][3, 2] *= 1.001
        return found

    verdict = check_network(f, candidate, params, x=x, t=t)
    (report,) = (r for r in verdict.parameters if r.wrong)
    assert (report.worst_name, report.wrong, verdict.cause) == ("W1[3,2]", 1, None)
    assert abs(report.given / report.exact - 1.001) < 1e-6
    assert "W1[3,2]" in str(verdict)


@pytest.mark.parametrize("name", CASES)
def test_small_errors_are_seen(name):
    """An error of 1e-7 in one array is found: rounding is not given more room than it takes."""
    f, params, x, t = CASES[name](6)

    def candidate(params, x, t):
        found = backpropagation(params, x, t)
        return {**found, "W1": found["W1"] * (1 + 1e-7)}

    verdict = check_network(f, candidate, params, x=x, t=t)
    assert verdict.wrong_parameters == ("W1",), str(verdict)
    right = check_network(f, backpropagation, params, x=x, t=t)
    assert all(report.detection_limit < 1e-7 for report in right.parameters)


def test_another_gradient_as_the_reference():
    """A gradient is held against another one entry by entry, without a tolerance."""
    _, params, x, t = chapter()
    right = {"reference": backpropagation, "x": x, "t": t}

    def other(params, x, t):  # the same, summed in another order
        turned = backpropagation(params, x[::-1], t[::-1])
        return {k: v * 3 / 3 for k, v in turned.items()}

    verdict = check_network(None, other, params, **right)
    assert verdict, str(verdict)
    assert "not certified" in verdict.reference

    def slip(params, x, t):
        found = other(params, x, t)
        found["W2"][7, 1] *= 1 + 1e-10
        return found

    verdict = check_network(None, slip, params, **right)
    assert [r.worst_name for r in verdict.parameters if r.wrong] == ["W2[7,1]"]
    verdict = check_network(
        None, lambda p, x, t: backpropagation(p, x, t, "no batch"), params, **right
    )
    assert verdict.cause_detail == (
        "every parameter: given/exact = 3, which is the number of samples"
    )


@pytest.mark.parametrize("name", CASES)
def test_single_precision_is_inaccurate(name):
    """A gradient in float32 is inaccurate, with the digits that it keeps, and never accused."""
    f, params, x, t = CASES[name](5)

    def single(params, x, t):
        return {k: v.astype(np.float32) for k, v in backpropagation(params, x, t).items()}

    verdict = check_network(f, single, params, x=x, t=t)
    assert (str(verdict.status), verdict.cause) == ("inaccurate", "float32"), str(verdict)
    assert "digits of the largest entries are right" in verdict.cause_detail


def test_random_loss_and_gradient_are_undecided():
    """Code that gives another answer at the second call decides nothing."""
    _, params, x, t = case()
    random = np.random.default_rng(0)
    verdict = check_network(
        lambda p, x, t: loss(p, x, t) + random.normal(), backpropagation, params, x=x, t=t
    )
    assert (str(verdict.status), "two calls of loss" in verdict.reason) == ("undecided", True)
    verdict = check_network(
        loss,
        lambda p, x, t: {k: v + random.normal() for k, v in backpropagation(p, x, t).items()},
        params,
        x=x,
        t=t,
    )
    assert (str(verdict.status), "two calls of gradient" in verdict.reason) == ("undecided", True)


def test_noise_is_undecided():
    """A loss rounded to four digits can't tell a right gradient from a wrong one."""
    _, params, x, t = case()
    verdict = check_network(
        lambda p, x, t: np.round(stepped(p, x, t), 4), backpropagation, params, x=x, t=t
    )
    assert str(verdict.status) == "undecided"
    assert verdict.reason


def test_labels_integers_and_a_batch_of_one():
    """Integer parameters and labels go to the code as what it takes, and nothing is written."""

    def labelled(params, x, t):
        return loss(params, x, np.eye(3)[np.asarray(t, dtype=int)])

    def slope(params, x, t):
        params["W1"] += 0
        x += 0.0
        return backpropagation(params, x, np.eye(3)[np.asarray(t, dtype=int)])

    params = {"W1": [[1, -2], [3, 1]], "b1": [0, 1], "W2": [[1, 0, 2], [0, 1, 1]], "b2": [0, 0, 1]}
    for x, t in (([[0.5, 1.5]], [2]), (np.array([[0.5, 1.5], [1.0, -1.0]]), [2, 0])):
        verdict = check_network(labelled, slope, params, x=x, t=t)
        assert verdict, str(verdict)
    assert params["W1"] == [[1, -2], [3, 1]]


@pytest.mark.parametrize("size", [1000.0, -1000.0])
def test_large_logits(size):
    """At logits of ±1000 the right gradient is right, and one without the shift is not finite."""
    params = {"W1": np.array([[size, 0.0]]), "b1": np.zeros(2)}

    def f(params, x, t):
        z = x @ params["W1"] + params["b1"]
        z = z - z.max(axis=1, keepdims=True)
        return -(t * (z - np.log(np.exp(z).sum(axis=1, keepdims=True)))).sum() / len(x)

    def slope(params, x, t, shift=1.0):
        z = x @ params["W1"] + params["b1"]
        e = np.exp(z - shift * z.max(axis=1, keepdims=True))
        delta = (e / e.sum(axis=1, keepdims=True) - t) / len(x)
        return {"W1": x.T @ delta, "b1": delta.sum(axis=0)}

    x, t = [[1.0]], [[0.0, 1.0]]
    assert check_network(f, slope, params, x=x, t=t)
    verdict = check_network(f, lambda p, x, t: slope(p, x, t, 0.0), params, x=x, t=t)
    assert not verdict
    assert verdict.cause in (NetworkCause.NONFINITE, NetworkCause.MAX_SHIFT)


def test_saturated_sigmoids():
    """A layer that is saturated to 0 has gradients of exactly 0, and that is right."""
    _, params, x, t = case()
    params["b1"] = np.full(5, 900.0)
    verdict = check_network(loss, backpropagation, params, x=x, t=t)
    assert verdict, str(verdict)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"params": [1.0]}, sn.UsageError, "a dict of arrays by name; this is a list"),
        ({"params": {}}, sn.UsageError, "a dict of arrays by name"),
        ({"params": {1: [1.0]}}, sn.UsageError, "a parameter's name is a text"),
        ({"params": {"W": [np.nan]}}, sn.DomainError, r"W\[0\] is nan"),
        ({"params": {"W": []}}, sn.UsageError, "W has no entries"),
        ({"x": [[np.nan] * 6]}, sn.DomainError, r"x\[0, 0\] is nan"),
        ({"t": [[np.inf, 0, 0]]}, sn.DomainError, r"t\[0, 0\] is inf"),
        ({"loss": None}, sn.UsageError, "give loss, network= or reference="),
        ({"h": 1e-4}, sn.UsageError, "network= with it"),
        ({"loss": lambda *_: np.nan}, sn.DomainError, "the loss is nan"),
        ({"loss": lambda *_: [1.0, 2.0]}, sn.UsageError, "must return one number"),
        ({"gradient": None}, sn.UsageError, "gradient is a NoneType"),
        ({"gradient": lambda *_: 1.0}, sn.UsageError, "must return a dict of arrays"),
        ({"gradient": lambda p, *_: dict.fromkeys(p, "a")}, sn.UsageError, "real numbers"),
    ],
)
def test_bad_input_is_refused(change, error, says):
    """What can't be used is refused in a sentence."""
    _, params, x, t = case()
    given = {"loss": loss, "gradient": backpropagation, "params": params, "x": x, "t": t, **change}
    with pytest.raises(error, match=says):
        check_network(given.pop("loss"), given.pop("gradient"), given.pop("params"), **given)


def test_nan_in_the_gradient_is_wrong():
    """A gradient with a NaN is wrong, and its array is named."""
    _, params, x, t = case()

    def candidate(params, x, t):
        found = backpropagation(params, x, t)
        found["b1"][1] = np.nan
        return found

    verdict = check_network(loss, candidate, params, x=x, t=t)
    assert verdict.cause is NetworkCause.NONFINITE
    assert verdict.cause_detail.startswith("b1: not finite")
