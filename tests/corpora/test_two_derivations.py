"""SymPy's `diff` and the adjoint are two derivations: their enclosures overlap on every problem."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from flint import arb

from symnum import zoo
from symnum.formula.balls import BallProgram, precision, rational
from symnum.formula.program import Program
from symnum.formula.symbolic import from_sympy, symbols

PROBLEMS = zoo.problems()
COUNT = 5
BITS = (400, 4_000, 40_000)
# An enclosure narrower than this, relative to its middle, can tell a wrong derivative.
NARROW = Fraction(1, 2**100)


def enclose(program: Program, point: Sequence[float], bits: int) -> list[arb]:
    """Return enclosures of a Program's outputs."""
    with precision(bits):
        return BallProgram(program).run([arb(rational(Fraction(x))) for x in point])


def is_narrow(ball: arb) -> bool:
    """Tell whether a ball is narrow, or holds nothing but tiny numbers."""
    if not ball.is_finite():
        return False
    with precision(100):
        return bool(ball.rad() <= abs(ball.mid()) * arb(rational(NARROW))) or bool(
            ball.abs_upper() < arb(2) ** -300
        )


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_sympy_and_adjoint_overlap(problem):
    """At five points, every partial derivative by SymPy and by the adjoint is the same number."""
    jacobian = problem.formula().jacobian()
    n = len(problem.variables)
    by_sympy, _ = from_sympy(list(jacobian.expressions), symbols(n), ignore_deltas=True)
    told = 0
    for point in problem.sample(COUNT, seed=5).reshape(COUNT, n).tolist():
        for bits in BITS:
            pairs = list(
                zip(
                    enclose(jacobian.program, point, bits),
                    enclose(by_sympy, point, bits),
                    strict=True,
                )
            )
            narrow = all(is_narrow(one) and is_narrow(other) for one, other in pairs)
            if narrow:
                break
        assert all(one.overlaps(other) for one, other in pairs), point
        told += narrow
    assert told >= COUNT - 1


def test_a_wrong_derivative_is_seen():
    """Planted: twice the derivative doesn't overlap with the derivative."""
    jacobian = zoo.get("versine quotient").formula().jacobian()
    wrong, _ = from_sympy([2 * jacobian.expressions[0]], symbols(1))
    (one,), (other,) = enclose(jacobian.program, [0.1], 400), enclose(wrong, [0.1], 400)
    assert is_narrow(one)
    assert is_narrow(other)
    assert not one.overlaps(other)
