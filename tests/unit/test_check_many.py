"""Gradients of thousands of parameters of code without a formula."""

from __future__ import annotations

import numpy as np
import pytest

from symnum import check

N = 2000
WEIGHTS = np.random.default_rng(1).normal(size=N)
POINT = np.random.default_rng(2).normal(size=N)


def f(x):
    """Return a sum that a branch on the data keeps from being traced."""
    total = np.sum(np.tanh(x * WEIGHTS))
    return total if x[0] < 1e9 else -total


def gradient(x):
    """Return its gradient."""
    return WEIGHTS / np.cosh(x * WEIGHTS) ** 2


def changed(change):
    """Return the gradient with a change made to it."""

    def wrong(x):
        result = gradient(x)
        change(result)
        return result

    return wrong


def test_a_right_gradient_passes():
    """A right gradient of 2,000 parameters is ok, and the limit is stated for each."""
    verdict = check(f, gradient, at=POINT)
    assert bool(verdict), str(verdict)
    assert len(verdict.detection_limit) == N
    assert np.median(verdict.detection_limit) < 1e-9


def zero(g):
    """One entry is 0."""
    g[777] = 0.0


def flip(g):
    """One entry has the wrong sign."""
    g[777] *= -1


def swap(g):
    """Two entries change places."""
    g[[5, 900]] = g[[900, 5]]


def double(g):
    """Three entries are doubled."""
    g[[1, 77, 1999]] *= 2


@pytest.mark.parametrize(
    ("change", "components", "cause"),
    [
        (zero, {777}, "zero"),
        (flip, {777}, "sign"),
        (swap, {5, 900}, "swapped"),
        (double, {1, 77, 1999}, "factor"),
    ],
)
def test_wrong_entries_are_named(change, components, cause):
    """The wrong entries, and what they have in common."""
    verdict = check(f, changed(change), at=POINT)
    assert (verdict.status, verdict.cause) == ("wrong", cause), str(verdict)
    assert set(verdict.components) == components


@pytest.mark.parametrize(("factor", "cause"), [(-1.0, "sign"), (0.5, "factor"), (0.0, "zero")])
def test_a_factor_of_the_whole_gradient(factor, cause):
    """A factor throughout is said to be one."""
    verdict = check(f, lambda x: factor * gradient(x), at=POINT)
    assert (verdict.status, verdict.cause) == ("wrong", cause)
    assert len(verdict.components) == N


def test_arrays_of_a_model_keep_their_names():
    """A wrong entry of a dict of arrays is named as it is indexed."""
    inputs = np.random.default_rng(3).normal(size=(5, 20))

    def loss(p):
        hidden = np.tanh(inputs @ p["W1"] + p["b1"])
        total = np.sum(hidden**2)
        return total if total > -1 else -total

    def slopes(p):
        hidden = np.tanh(inputs @ p["W1"] + p["b1"])
        back = 2 * hidden * (1 - hidden**2)
        dw = inputs.T @ back
        dw[5, 2] *= 1.1
        return {"W1": dw, "b1": back.sum(axis=0)}

    at = {"W1": np.random.default_rng(4).normal(size=(20, 3)), "b1": np.zeros(3)}
    verdict = check(loss, slopes, at=at)
    assert verdict.status == "wrong", str(verdict)
    assert [verdict.names[k] for k in verdict.components] == ["W1[5,2]"]
    assert verdict.cause_detail == "given/exact = 11/10"


def test_guards_come_first():
    """A gradient that writes into its argument is told so."""

    def writes(x):
        result = gradient(x)
        x[0] = 7.0
        return result

    assert check(f, writes, at=POINT).cause == "mutates"
