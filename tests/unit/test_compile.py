"""Compiled programs: NumPy evaluates the lines as they are written, and nothing else."""

from __future__ import annotations

import math
import time
import warnings

import numpy as np
import pytest

from symnum import Formula
from symnum.formula.compile import compile_program
from symnum.formula.program import Builder


def test_the_order_of_operations_is_kept():
    """(a + b) - a rounds as it is written; nothing is simplified."""
    f = Formula("(x + y) - x", ["x", "y"])
    assert f([1e16, 1.0]) == (1e16 + 1.0) - 1e16
    assert Formula("x/3*3", ["x"])(0.1) == 0.1 / 3 * 3
    assert Formula("x*x*x", ["x"])(0.1) == 0.1 * 0.1 * 0.1
    assert Formula("exp(log(x))", ["x"])(3.0) == np.exp(np.log(3.0))


def test_a_difference_is_one_subtraction():
    """a - b is a subtraction, not a + (-1)*b; a/b one division, not a*(1/b)."""
    x = np.random.default_rng(1).normal(size=1000)
    y = np.random.default_rng(2).normal(size=1000)
    points = np.stack([x, y], axis=-1)
    assert np.array_equal(Formula("x - y")(points), x - y)
    assert np.array_equal(Formula("x/y")(points), x / y)
    assert np.array_equal(Formula("-x + y")(points), -x + y)
    assert np.array_equal(Formula("x**3 - y**2", ["x", "y"])(points), x**3.0 - y**2.0)
    assert np.array_equal(Formula("2**x", ["x"])(x), np.power(2.0, x))


def test_inputs_are_not_written_to():
    """Names are reused for arrays that are no longer needed, never the caller's."""
    x = np.linspace(0.5, 1.5, 20_000)
    before = x.copy()
    found = Formula("sin(x)*cos(x) + exp(-x)*x/(1 + x*x)", ["x"])(x)
    assert np.array_equal(x, before)
    assert np.array_equal(found, np.sin(x) * np.cos(x) + np.exp(-x) * x / (1 + x * x))
    x.flags.writeable = False
    assert np.array_equal(Formula("x", ["x"])(x), before)
    result = Formula("x", ["x"])(x)
    result[0] = 7.0
    assert x[0] == before[0]


@pytest.mark.parametrize("text", ["1/x", "log(x)", "sqrt(x - 1)", "x/x", "tan(1/x)", "gamma(x)"])
def test_no_warnings(text):
    """Where a formula is undefined the result is NaN or infinite, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Formula(text, ["x"])(np.array([0.0, 2.0]))
    assert not np.isfinite(found[0])
    assert np.isfinite(found[1])


def test_constants_between_constants():
    """1/3 is the double nearest 1/3; big rationals don't overflow on the way."""
    assert Formula("x + 1/3", ["x"])(0.0) == 1 / 3
    builder = Builder(1)
    huge = builder.const(10**400)
    line = builder.op("div", huge, builder.const(10**400))
    (found,) = compile_program(builder.finish([line]))([np.ones(2)])
    assert np.isnan(found)  # inf/inf: what doubles make of it


def test_several_outputs():
    """Outputs come in their order; the same line may be two of them."""
    builder = Builder(2)
    x, y = builder.var(0), builder.var(1)
    total = builder.op("add", x, y)
    program = builder.finish([y, total, total, builder.const(5), x])
    found = compile_program(program)([np.array([1.0, 2.0]), np.array([10.0, 20.0])])
    assert [np.asarray(f).tolist() for f in found] == [[10, 20], [11, 22], [11, 22], 5.0, [1, 2]]


def test_reused_names_keep_every_output():
    """In a long program whose lines are all outputs, each output is its own line's value."""
    builder = Builder(1)
    lines = [builder.var(0)]
    for k in range(60):
        args = (lines[-1], lines[max(0, k - 7)])
        lines.append(builder.op("add" if k % 3 else "sin", *(args if k % 3 else args[:1])))
    program = builder.finish(lines)
    x = np.linspace(-1, 1, 5)
    found = compile_program(program)([x])
    again = [x]
    for k in range(60):
        again.append(again[-1] + again[max(0, k - 7)] if k % 3 else np.sin(again[-1]))
    for one, other in zip(found, again, strict=True):
        assert np.array_equal(one, other)


def test_compile_time_is_linear():
    """10,000 lines compile in a few seconds, and evaluate."""
    builder = Builder(1)
    x = line = builder.var(0)
    for _ in range(5_000):
        line = builder.op("add", builder.op("sin", line), x)
    started = time.process_time()
    (found,) = compile_program(builder.finish([line]))([np.array([0.1])])
    assert time.process_time() - started < 20
    value = 0.1
    for _ in range(5_000):
        value = math.sin(value) + 0.1
    assert found[0] == pytest.approx(value, rel=1e-12, abs=0)


def test_complex_arrays():
    """Complex evaluation is the analytic continuation."""
    f = Formula("x**3 + exp(x)*y", ["x", "y"]).compiled(complex_step=True)
    z = np.array([1 + 2j, 0.5 - 1j])
    (found,) = f([z, np.array([2.0, 3.0])])
    assert np.allclose(found, z**3 + np.exp(z) * [2, 3], rtol=1e-15)
