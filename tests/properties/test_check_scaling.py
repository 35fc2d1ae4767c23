"""A verdict depends neither on the units of f and x nor on the seed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symnum import check

exponents = st.integers(-100, 100)

# Formula, its derivative by x and y, and the box.
PROBLEMS = [
    (
        "x**3*y + sin(x)",
        lambda x, y: np.array([3 * x**2 * y + np.cos(x), x**3]),
        np.array([(0.5, 3.0), (-2.0, 2.0)]),
    ),
    (
        "exp(x*y)/(1 + y**2)",
        lambda x, y: np.exp(x * y) / (1 + y**2) * np.array([y, x - 2 * y / (1 + y**2)]),
        np.array([(-1.0, 2.0), (-2.0, 1.0)]),
    ),
    (
        "abs(x) + y**2",
        lambda x, y: np.array([np.sign(x), 2 * y]),
        np.array([(-1.0, 1.0), (-1.0, 1.0)]),
    ),
]
BUGS = {
    "right": lambda _x, _y, g: g,
    "sign": lambda _x, _y, g: g * [1, -1],
    "small": lambda _x, _y, g: g * [1 + 1e-9, 1],
    "zero": lambda _x, _y, g: g * [0, 1],
    "single": lambda _x, _y, g: g.astype(np.float32).astype(np.float64),
}


def power(exponent: int) -> str:
    """Return 2^exponent as text."""
    return f"2**({exponent})"


@settings(max_examples=12)
@given(st.sampled_from(PROBLEMS), st.sampled_from(sorted(BUGS)), exponents, exponents)
def test_units_change_no_verdict(problem, bug, a, b):
    """2^a f(2^-b x), its derivative and its box get the same status, components and limits."""
    text, gradient, box = problem

    def given_(x, y):
        return BUGS[bug](x, y, gradient(x, y))

    def scaled(x, y):
        # What is single precision here has to be single precision there.
        return given_(x * 2.0**-b, y * 2.0**-b) * 2.0 ** (a - b)

    moved = re.sub(r"\b([xy])\b", rf"(\1*{power(-b)})", text)
    point = box.mean(axis=1) + 0.125
    plain = check(text, given_, at=point, domain=box)
    other = check(f"{power(a)}*({moved})", scaled, at=point * 2.0**b, domain=box * 2.0**b)
    # A proof is of the code as it is written; a scaled code is another one.
    assert "proved" in {plain.status, other.status} or other.status == plain.status
    assert bool(other) == bool(plain)
    # Which of two is the worse by a little depends on the simple numbers, which aren't scaled.
    assert set(other.components) == set(plain.components)
    assert bool(plain) is (bug == "right")


@pytest.mark.parametrize("seed", range(20))
def test_seeds_accuse_nobody_and_miss_nothing(seed):
    """With any seed right gradients pass, and a bug in a slab of 1 % of the box is caught."""
    text, gradient, box = PROBLEMS[seed % 2]
    rng = np.random.default_rng(seed)
    j = int(rng.integers(2))
    width = 0.01 * (box[j, 1] - box[j, 0])
    start = rng.uniform(box[j, 0], box[j, 1] - width)

    def slab(x, y):
        inside = start <= (x, y)[j] < start + width
        return gradient(x, y) * (1.5 if inside else 1.0)

    assert check(text, gradient, domain=box, seed=seed)
    assert check(text, slab, domain=box, seed=seed).status == "wrong"
