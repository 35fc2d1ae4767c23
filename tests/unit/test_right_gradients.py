"""Right gradients of code that shows little of what it does: coarse, stepped, rippled or offset.

None may be called wrong, and errors in plain sight must be, all the same.
"""

from __future__ import annotations

import array

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from symnum import check


def opaque(f):
    """Return a function of plain doubles, which nothing looks into."""
    return lambda x: float(f(np.frombuffer(array.array("d", np.asarray(x, dtype=float).ravel()))))


def wave(n):
    """Return a sum of sines, its gradient and a point."""
    a, x = np.random.default_rng([n, 0]).normal(size=(2, n))
    return (lambda x: float(np.sum(np.sin(a * x)))), (lambda x: a * np.cos(a * x)), x


def decay(x, rtol):
    """Return what is left of 1 after a time of 1, from an adaptive solver."""
    rate = float(x @ x) / len(x)
    return solve_ivp(lambda _, y: -rate * y, (0, 1), [1.0], rtol=rtol, atol=rtol / 1000).y[0, -1]


GRID = np.linspace(-6, 6, 4001)

# What a function and a gradient are made of a sum of sines and its gradient.
ROUNDED = {
    "beneath the rounding of 1e16": (lambda f: lambda x: 1e16 + f(x), lambda g: g),
    "beneath the rounding of 1e8": (
        lambda f: lambda x: 1e8 + 1e-9 * f(x),
        lambda g: lambda x: 1e-9 * g(x),
    ),
    "to four decimals": (lambda f: lambda x: round(f(x), 4), lambda g: g),
    "to one decimal": (lambda f: lambda x: round(f(x), 1), lambda g: g),
    "to whole numbers": (lambda f: lambda x: round(f(x), 0), lambda g: g),
    "to single precision": (lambda f: lambda x: np.float32(f(x)), lambda g: g),
    "of single precision": (lambda f: lambda x: f(x.astype(np.float32).astype(float)), lambda g: g),
    "a ripple of a thousand roundings": (
        lambda f: lambda x: f(x) + 3e-12 * np.sin(1e8 * x[0]),
        lambda g: lambda x: g(x) + 3e-4 * np.cos(1e8 * x[0]) * np.eye(1, len(x))[0],
    ),
}

# A function and its gradient.
WHOLE = {
    "stairs": (lambda x: np.sum(np.floor(20 * x)), np.zeros_like),
    "fine stairs": (lambda x: np.sum(np.floor(1e6 * x)) / 1e6, np.zeros_like),
    "a slope with stairs": (lambda x: np.sum(x + np.floor(1e3 * x) / 1e3), np.ones_like),
    "a slope with fine stairs": (lambda x: np.sum(x + np.floor(1e6 * x) / 1e6), np.ones_like),
    "a table": (lambda x: np.sum(np.interp(x, GRID, np.sin(GRID))), np.cos),
    "a solver": (lambda x: decay(x, 1e-6), lambda x: -2 * x / len(x) * np.exp(-(x @ x) / len(x))),
    "a coarse solver": (
        lambda x: decay(x, 1e-3),
        lambda x: -2 * x / len(x) * np.exp(-(x @ x) / len(x)),
    ),
    "an offset of 1e250": (lambda x: 1e250 * np.sum(np.sin(x)), lambda x: 1e250 * np.cos(x)),
}


@pytest.mark.parametrize("n", [30, 1000])
@pytest.mark.parametrize("name", ROUNDED)
def test_what_f_hides_is_held_against_nobody(name, n):
    """Along directions, where f shows little or nothing of what the gradient says."""
    f, gradient, x = wave(n)
    of_f, of_gradient = ROUNDED[name]
    verdict = check(opaque(of_f(f)), of_gradient(gradient), at=x, n=n)
    assert verdict.status in {"ok", "undecided"}, str(verdict)


@pytest.mark.parametrize("name", ROUNDED)
def test_what_f_hides_is_held_against_nobody_entry_by_entry(name):
    """In three variables."""
    f, gradient, x = wave(3)
    of_f, of_gradient = ROUNDED[name]
    verdict = check(opaque(of_f(f)), of_gradient(gradient), at=x, n=3)
    assert verdict.status in {"ok", "undecided"}, str(verdict)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("n", [30, 1000])
@pytest.mark.parametrize("name", WHOLE)
def test_the_gradient_of_coarse_code_is_right(name, n, seed):
    """Stairs have a slope of 0, tables and solvers are a little off."""
    f, gradient = WHOLE[name]
    x = np.random.default_rng([n, seed]).normal(size=n)
    verdict = check(opaque(f), gradient, at=x, n=n, seed=seed)
    assert verdict.status in {"ok", "undecided"}, str(verdict)


@pytest.mark.parametrize(
    ("name", "n"),
    [("to single precision", 30), ("to single precision", 1000), ("of single precision", 30)],
)
@pytest.mark.parametrize("factor", [0.0, -1.0, 1.5])
def test_single_precision_hides_no_slip(name, n, factor):
    """Its cells are flat, and a gradient of 0 is wrong all the same."""
    f, gradient, x = wave(n)
    verdict = check(opaque(ROUNDED[name][0](f)), lambda x: factor * gradient(x), at=x, n=n)
    assert verdict.status == "wrong"


@pytest.mark.parametrize("n", [30, 1000])
@pytest.mark.parametrize("factor", [1.01, 1.0001, 0.98])
def test_a_small_factor_is_the_same_everywhere(n, factor):
    """Unlike the errors of a solver, it is at every point: which tells one from the other."""
    f, gradient, x = wave(n)
    verdict = check(opaque(f), lambda x: factor * gradient(x), at=x, n=n)
    assert (verdict.status, verdict.cause) == ("wrong", "factor")


@pytest.mark.parametrize("n", [3, 30])
@pytest.mark.parametrize("size", [1e-9, 1e-3])
def test_a_constant_hides_nothing(n, size):
    """What a claim says of it is far above the rounding of the constant."""
    verdict = check(opaque(lambda _: 2.5), lambda x: np.full(len(x), size), at=np.ones(n), n=n)
    assert verdict.status == "wrong"


def test_what_is_said_of_hidden_functions():
    """What it would take to settle it."""
    f, gradient, x = wave(3)
    verdict = check(opaque(lambda x: round(f(x), 1)), gradient, at=x, n=3)
    assert "moves in stairs" in verdict.reason
    assert "would settle it" in verdict.reason
    stairs, slope = WHOLE["a slope with fine stairs"]
    verdict = check(opaque(stairs), slope, at=wave(30)[2], n=30)
    assert "the slope of what they average over" in verdict.reason


def test_one_wrong_entry_of_a_hundred_takes_few_evaluations():
    """The last direction, which asks whether there is more, is not measured in full."""
    evaluations = []
    for seed in range(9):
        a, x = np.random.default_rng([100, seed]).normal(size=(2, 100))
        f = opaque(lambda x, a=a: np.sum(np.logaddexp(0, a * x)))

        def gradient(x, a=a):
            found = a / (1 + np.exp(-a * x))
            found[17] = 0.0
            return found

        verdict = check(f, gradient, at=x, n=100, seed=seed)
        assert verdict.components == (17,)
        evaluations.append(verdict.evaluations)
    assert np.median(evaluations) <= 50
    assert max(evaluations) <= 70
