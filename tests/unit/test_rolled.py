"""Programs whose lines are computed together: the same numbers as line by line."""

from __future__ import annotations

import numpy as np
import pytest

import symnum as sn
from symnum.descending.slopes import exact_slope
from symnum.descending.walk import walk
from symnum.formula.compile import compile_raw
from symnum.formula.rolled import Rolled, roll

N = 24
TEXTS = {
    "squares": " + ".join(f"{k + 1}*x{k}**2" for k in range(N)),
    "chain": " + ".join(f"100*(x{k + 1} - x{k}**2)**2 + (1 - x{k})**2" for k in range(N - 1)),
    "far pairs": " + ".join(f"x{k}*x{(7 * k + 3) % N}/(3 + x{(5 * k) % N}**2)" for k in range(N)),
    "linear": " + ".join(f"{k}*x{k}/7" for k in range(N)),
    "sums": " + ".join(f"x0*x{k}*(3*x{k} + x{k}**3)/(1 + x{k}**2)**2" for k in range(1, N)),
    "roots": " + ".join(f"sqrt(1 + x{k}**4)*pi" for k in range(N)),
}


@pytest.mark.parametrize("shape", [(), (3,), (2, 5)])
@pytest.mark.parametrize("name", TEXTS)
def test_rolled_gradient_is_the_compiled_one(name, shape):
    """Each entry is the same double as line by line, for one point and for many."""
    program = sn.Formula(TEXTS[name], [f"x{k}" for k in range(N)]).gradient().program
    rolled = roll(program)
    assert isinstance(rolled, Rolled)
    x = np.random.default_rng(1).standard_normal((N, *shape))
    compiled = compile_raw(program)
    # arrays, for NumPy squares those exactly and calls pow for single numbers
    expected = compiled(*(x if shape else x[:, None]))
    for _ in range(2):
        for given, wanted in zip(rolled(*x), expected, strict=True):
            wanted = np.broadcast_to(wanted, shape or (1,)).reshape(shape)
            assert np.array_equal(given, wanted)


def test_workspaces_are_apart():
    """Two workspaces of one program don't share their rows."""
    program = sn.Formula(TEXTS["squares"]).gradient().program
    rolled = roll(program)
    one, two = rolled.bound(()), rolled.bound(())
    one.x[...], two.x[...] = 1.0, 2.0
    one.run()
    two.run()
    assert one.out.tolist() == [2.0 * (k + 1) for k in range(N)]
    assert two.out.tolist() == [4.0 * (k + 1) for k in range(N)]


@pytest.mark.parametrize(
    "text",
    ["x**2 + y**2", "x*y", "exp(x) + max(x, y)", "+".join(f"max(x{k}, 0)" for k in range(N))],
)
def test_short_or_odd_programs_are_left_alone(text):
    """What isn't faster together, or can't be computed together, isn't."""
    assert roll(sn.Formula(text).gradient().program) is None


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("tolerance", [None, 1.0])
def test_descent_takes_the_same_path(momentum, tolerance):
    """A descent with the rolled gradient takes the path of the compiled one."""
    formula = sn.Formula(TEXTS["squares"])
    start = np.random.default_rng(2).standard_normal(N)
    rolled = exact_slope(formula)
    assert isinstance(rolled, Rolled)
    compiled = compile_raw(formula.gradient().program)
    one = walk(rolled, start, 0.01, 50, momentum, tolerance)
    two = walk(compiled, start, 0.01, 50, momentum, tolerance)
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])
    several = walk(rolled, np.stack([start, 2 * start]), 0.01, 50, momentum, None)
    alone = walk(rolled, 2 * start, 0.01, 50, momentum, None)
    assert np.array_equal(several[0][:, 1], alone[0])


def test_values_in_blocks_are_the_formula():
    """The values along many paths at once are those of the formula at each point."""
    starts = np.random.default_rng(3).uniform(-1, 1, (300, 2))
    run = sn.descend("(1 - x)**2 + 100*(y - x*x)**2", starts, rate=1e-3, steps=90)
    expected = run.formula(run.path)
    assert np.array_equal(run.values, expected)
