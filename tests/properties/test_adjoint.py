"""The adjoint and SymPy's `diff` are two derivations of the same numbers."""

from __future__ import annotations

import numpy as np
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from symnum import Formula
from symnum.formula.adjoint import adjoint
from symnum.formula.balls import BallProgram, precision
from symnum.formula.program import Builder
from tests.truth import X, Y, formulas, points

TWO = ("x", "y")


def check_overlap(formula: Formula, other: Formula, point: list[float]) -> None:
    """Assert that two formulas' outputs are certified as the same numbers."""
    one, two = formula.certify(np.array([point])), other.certify(np.array([point]))
    for k in range(one.hi.shape[1]):
        assert one.status[0, k] in {"certified", "zero"}
        assert one.hi[0, k] == two.hi[0, k]
        assert abs(one.lo[0, k] - two.lo[0, k]) <= one.radius[0, k] + two.radius[0, k]


def by_diff(written, path) -> Formula:
    """Return a derivative that SymPy took, as a Formula of its own."""
    expression = written.expression
    for symbol in path:
        expression = expression.diff(symbol)
    return Formula(expression, ["x", "y"])


@settings(max_examples=50)
@given(formulas(TWO), points, points)
def test_first_derivatives(written, x, y):
    """First derivatives of both derivations are the same certified numbers."""
    formula = Formula(written.text, TWO)
    for name, symbol in (("x", X), ("y", Y)):
        check_overlap(formula.derivative(name), by_diff(written, [symbol]), [x, y])


@settings(max_examples=25)
@given(formulas(TWO, 4), points, points)
def test_second_derivatives(written, x, y):
    """So are all second derivatives: the adjoint of the adjoint is a Hessian."""
    hessian = Formula(written.text, TWO).hessian()
    found = hessian.exact([x, y])
    for i, first in enumerate((X, Y)):
        for j, second in enumerate((X, Y)):
            other = by_diff(written, [first, second]).exact([x, y])
            assert found.hi[i, j] == other.hi
    assert np.array_equal(found.hi, found.hi.T)


@settings(max_examples=40)
@given(formulas(TWO), formulas(TWO), points, points)
def test_linear(f, g, x, y):
    """The gradient of 2f - g is twice that of f minus that of g."""
    whole = Formula(f"2*({f.text}) - ({g.text})", TWO).gradient()
    parts = Formula([f.text, g.text], TWO).jacobian()
    with precision(200):
        ball = [BallProgram(p.program) for p in (whole, parts)]

        total, separate = (b.run([arb(x), arb(y)]) for b in ball)
        assert total[0].overlaps(2 * separate[0] - separate[2])
        assert total[1].overlaps(2 * separate[1] - separate[3])


@given(formulas(TWO, 8))
def test_linear_in_length(written):
    """The gradient's program is at most a constant times as long as the formula's."""
    program = Formula(written.text, TWO).program
    assert len(adjoint(program, [0, 1])) <= 12 * len(program) + 12


@given(st.integers(1, 400))
def test_cost_does_not_depend_on_the_number_of_variables(n):
    """The gradient of a sum of n products costs a constant a product."""
    builder = Builder(n)
    terms = [
        builder.op("mul", builder.var(i), builder.op("sin", builder.var((i + 1) % n)))
        for i in range(n)
    ]
    program = builder.finish([builder.total(terms)])
    assert len(adjoint(program, range(n))) <= 9 * n + 9
