"""Tracing generated programs: the formula is what the code computes, whatever the code does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from symnum.formula.formula import Formula
from symnum.formula.trace import trace, trace_with_conditions

SHAPE = (2, 3)
WEIGHTS = np.array([[0.5, -1.25, 2.0], [0.1, 0.7, -0.3], [1.0, 0.25, -2.0]])

# Steps keep the shape (2, 3) and the values moderate, so that two roundings of a sum stay close.
UNARY: list[Callable] = [
    np.sin,
    np.tanh,
    np.arctan,
    np.abs,
    lambda a: np.exp(-(a**2)),
    lambda a: np.sqrt(1 + a * a),
    lambda a: 1 / (2 + np.cos(a)),
    lambda a: np.log1p(np.abs(a)),
    lambda a: a[::-1],
    lambda a: np.roll(a, 1, axis=1),
    lambda a: a.T.copy().T,
    lambda a: a.reshape(3, 2).ravel().reshape(2, 3),
    lambda a: a - a.mean(axis=0),
    lambda a: a / (1 + np.linalg.norm(a)),
    lambda a: np.cumsum(a, axis=1),
    lambda a: a.max(axis=1, keepdims=True) - a,
    lambda a: a @ WEIGHTS / 3,
    lambda a: np.einsum("ij,kj->ki", WEIGHTS[:2, :2], a.T).T[:, [0, 2, 1]] / 3,
    lambda a: np.vstack([a[1], a[0] * 2]),
    lambda a: np.concatenate([a[:, 1:], a[:, :1]], axis=1),
    lambda a: np.clip(a, -0.75, 0.8),
    lambda a: np.where(a > 0.25, a, 0.5 * a - 1),
    lambda a: a * (a > 0),
    lambda a: np.outer(a[:, 0], a[0]) / (1 + np.sum(a * a)),
    lambda a: np.array([[a[0, 0], 1.0, a[1, 2]], list(a[1])]),
]
BINARY: list[Callable] = [
    np.add,
    np.subtract,
    np.multiply,
    np.maximum,
    np.minimum,
    np.hypot,
    np.arctan2,
    np.logaddexp,
    lambda a, b: a / (1.5 + np.sin(b)),
    lambda a, b: np.where(a < b, a, 2 * b),
    lambda a, b: np.stack([a, b]).sum(axis=0),
]


def fill(a, b):
    """Write one array into another, row by row and in place."""
    out = np.zeros((2, 3))
    for i in range(2):
        out[i] = a[i]
    out[:, 1] *= b[:, 2]
    out += 0.25
    return out


BINARY.append(fill)


@st.composite
def programs(draw: st.DrawFn) -> Callable:
    """Return a function of one (2, 3) array, written as a sequence of steps."""
    steps = []
    for count in range(1, draw(st.integers(2, 8)) + 1):
        places = st.integers(0, count - 1)
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(UNARY)), (draw(places),)))
        else:
            steps.append((draw(st.sampled_from(BINARY)), (draw(places), draw(places))))

    def program(x):
        arrays = [x]
        for step, places in steps:
            arrays.append(step(*(arrays[place] for place in places)))
        return arrays[-1]

    return program


points = hnp.arrays(np.float64, SHAPE, elements=st.floats(-1.5, 1.5, allow_subnormal=False))


@settings(max_examples=80)
@given(programs(), points)
def test_formula_of_a_program_has_its_values(program, x):
    """A traced program and the program itself agree, up to the order of sums."""
    result = trace_with_conditions(program, shape=SHAPE)
    assert result.conditions == ()
    assert result.formula.shape == SHAPE
    with np.errstate(all="ignore"):
        wanted = program(x.copy())
    given_values = result.formula(x.ravel())
    # A comparison may fall the other way where two sides are equal up to rounding.
    near = np.isclose(given_values, wanted, rtol=1e-10, atol=1e-10)
    if not near.all():
        moved = program(x * (1 + 1e-12))
        assert np.all(near | ~np.isclose(moved, wanted, rtol=1e-8, atol=1e-8))


@settings(max_examples=30)
@given(programs(), points)
def test_trace_does_not_depend_on_the_point_without_branches(program, x):
    """Without a branch on data, every point gives the same formula, text and all."""
    assert trace(program, at=x) == trace(program, shape=SHAPE)


@settings(max_examples=30)
@given(programs(), points, st.floats(-0.5, 0.5))
def test_conditions_hold_at_the_point(program, x, limit):
    """The conditions of a path hold where it was followed, and the values there are the code's."""

    def branching(a):
        total = program(a).sum()
        if total > limit:
            return np.sort(a[0])[1] * 2
        return max(a[0, 0], a[1, 1], 0.1)

    result = trace_with_conditions(branching, at=x, names=[f"v{i}" for i in range(6)])
    assert result.conditions
    np.testing.assert_allclose(result.formula(x.ravel()), branching(x.copy()), rtol=1e-12)
    for text in result.conditions:
        holds = Formula(f"where({text}, 1, 0)", result.formula.variables)(x.ravel())
        total_is_at_the_limit = abs(float(program(x.copy()).sum()) - limit) < 1e-9
        assert holds == 1 or total_is_at_the_limit


@given(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3), st.data())
def test_indexing_is_numpys(shape, data):
    """Any basic index picks the elements that it picks of an array of numbers."""
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    numbers = np.arange(np.prod(shape)).reshape(shape)
    picked = numbers[key]
    if not np.size(picked):
        return
    f = trace(lambda a: a[key], shape=shape)
    assert f.shape == np.shape(picked)
    lines = [f.program.lines[line].value for line in f.program.outputs]
    assert lines == np.ravel(picked).tolist()


@given(hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=3), st.data())
def test_writing_is_numpys(shape, data):
    """Any basic index is written to as NumPy writes to it, and the rest stays."""
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=False, allow_ellipsis=True))

    def write(a):
        out = np.zeros(a.shape)
        out[...] = 7
        out[key] = a[key] * 2
        out[key] += 1
        return out

    x = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_array_equal(trace(write, shape=shape)(x.ravel()), write(x))


@given(st.data())
def test_einsum_is_numpys(data):
    """Any contraction of two arrays, with diagonals and sums, has NumPy's values."""
    letters = st.text("ijk", min_size=1, max_size=3)
    first, second = data.draw(letters), data.draw(letters)
    known = "".join(sorted(set(first + second)))
    result = "".join(data.draw(st.lists(st.sampled_from(known), unique=True)))
    text = f"{first},{second}->{result}"
    sizes = {"i": 2, "j": 3, "k": 2}
    rng = np.random.default_rng(1)
    x = rng.normal(size=[sizes[c] for c in first])
    constant = rng.normal(size=[sizes[c] for c in second])
    f = trace(lambda a: np.einsum(text, a, constant), shape=x.shape)
    wanted = np.einsum(text, x, constant)
    assert f.shape == wanted.shape
    np.testing.assert_allclose(f(x.ravel()), wanted, rtol=1e-12, atol=1e-12)
