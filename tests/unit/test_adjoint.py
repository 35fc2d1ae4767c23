"""The adjoint as a Program: what it writes, term by term, and what it leaves out."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from flint import arb

from symnum import Formula
from symnum.formula.adjoint import adjoint
from symnum.formula.balls import BallProgram, precision
from symnum.formula.program import Builder

# formula of x, y, z, point, the gradient as SymPy text or numbers
GRADIENTS = [
    ("x + y", (1.0, 2.0, 3.0), (1, 1, 0)),
    ("x - y", (1.0, 2.0, 3.0), (1, -1, 0)),
    ("x - x*y", (1.0, 2.0, 3.0), (-1, -1, 0)),
    ("-x", (1.0, 2.0, 3.0), (-1, 0, 0)),
    ("-(-x)", (1.0, 2.0, 3.0), (1, 0, 0)),
    ("x*y*z", (1.0, 2.0, 3.0), (6, 3, 2)),
    ("x*x", (5.0, 2.0, 3.0), (10, 0, 0)),
    ("x/y", (1.0, 2.0, 3.0), (Fraction(1, 2), Fraction(-1, 4), 0)),
    ("1/y", (1.0, 2.0, 3.0), (0, Fraction(-1, 4), 0)),
    ("x**3", (2.0, 0.0, 0.0), (12, 0, 0)),
    ("x**-2", (2.0, 0.0, 0.0), (Fraction(-1, 4), 0, 0)),
    ("x**0", (2.0, 0.0, 0.0), (0, 0, 0)),
    ("x**1", (2.0, 0.0, 0.0), (1, 0, 0)),
    ("5*x", (2.0, 0.0, 0.0), (5, 0, 0)),
    ("0*x", (2.0, 0.0, 0.0), (0, 0, 0)),
    ("x*0 + x", (2.0, 0.0, 0.0), (1, 0, 0)),
    ("x + x*0", (2.0, 0.0, 0.0), (1, 0, 0)),
    ("sin(x - 1)*(y*0) + (x - 1)*(0*y)", (1.0, 2.0, 3.0), (0, 0, 0)),
    ("where(x < y, x*z, y*z)", (1.0, 2.0, 3.0), (3, 0, 1)),
    ("where(x > y, x*z, y*z)", (1.0, 2.0, 3.0), (0, 3, 2)),
    ("max(x, y)", (1.0, 2.0, 3.0), (0, 1, 0)),
    ("min(x, y)", (1.0, 2.0, 3.0), (1, 0, 0)),
    ("abs(x - y)", (1.0, 2.0, 3.0), (-1, 1, 0)),
    ("floor(x)*y", (1.5, 2.0, 3.0), (0, 1, 0)),
    ("(x + y)*(x + y)", (1.0, 2.0, 3.0), (6, 6, 0)),
    ("hypot(x, y)", (3.0, 4.0, 0.0), (Fraction(3, 5), Fraction(4, 5), 0)),
    ("atan2(x, y)", (1.0, 2.0, 0.0), (Fraction(2, 5), Fraction(-1, 5), 0)),
]


def values(program, point):
    """Return a program's outputs as balls."""
    with precision(200):
        return BallProgram(program).run([arb(x) for x in point])


def check_gradient(text: str, point: tuple[float, ...], wanted: tuple[object, ...]) -> None:
    """Assert that a formula's adjoint at a point encloses known numbers, narrowly."""
    program = Formula(text, ["x", "y", "z"]).program
    found = values(adjoint(program, [0, 1, 2]), point)
    for ball, number in zip(found, wanted, strict=True):
        exact = Fraction(number)
        with precision(200):
            assert ball.contains(arb(exact.numerator) / exact.denominator), (text, found)
            assert ball.rad() < arb(2) ** -150


@pytest.mark.parametrize(("text", "point", "wanted"), GRADIENTS)
def test_gradients(text, point, wanted):
    """Each operation's partial derivatives are those of the textbook."""
    check_gradient(text, point, wanted)


def test_the_program_stays_as_it_was():
    """The derivative is written behind the formula's own lines, which keep their numbers."""
    program = Formula("sin(x)*y + x/x", ["x", "y"]).program
    derivative = adjoint(program, [1, 0])
    assert derivative.lines[: len(program)] == program.lines
    assert len(derivative.outputs) == 2
    assert derivative.n_variables == 2


def test_outputs_are_ordered():
    """One output's partial derivatives after another's, in the order of the variables."""
    program = Formula(["2*x + 3*y", "5*x + 7*y"], ["x", "y"]).program
    assert [float(v) for v in values(adjoint(program, [1, 0]), [1.0, 1.0])] == [3, 2, 7, 5]


def test_what_does_not_occur_is_zero():
    """The derivative by a variable that doesn't occur is the constant 0."""
    program = Formula("x", ["x", "y"]).program
    derivative = adjoint(program, [1])
    (output,) = derivative.outputs
    assert derivative.lines[output].value == 0


def test_only_the_derivatives_own_arithmetic_is_folded():
    """x*1 stays as written in the formula; the derivative has no multiplication by 1 or 0."""
    builder = Builder(1)
    x = builder.var(0)
    line = builder.op("mul", builder.op("add", x, builder.const(0)), builder.const(1))
    program = builder.finish([line])
    derivative = adjoint(program, [0])
    assert derivative.lines[: len(program)] == program.lines
    assert derivative.lines[derivative.outputs[0]].value == 1
    for text in ("x + 3", "3 - x", "-x", "x/2", "-(-(-x))"):
        program = Formula(text, ["x"]).program
        derivative = adjoint(program, [0])
        added = derivative.lines[len(program) :]
        assert all(line.op == "const" or text == "x/2" for line in added), text


def test_negations_become_subtractions():
    """A sum with a negated term is written as a difference, and -(-a) as a."""
    derivative = adjoint(Formula("-(x*y) + x*z", ["x", "y", "z"]).program, [0])
    assert derivative.lines[derivative.outputs[0]].op == "sub"
    assert "neg" not in [derivative.lines[i].op for i in derivative.live()]
    twice = adjoint(Formula("-(-(x*y))", ["x", "y"]).program, [0])
    assert twice.lines[twice.outputs[0]].op == "var"


def test_repeated_lines_are_written_once():
    """Common parts of derivatives are one line: the program is hash-consed."""
    program = adjoint(Formula("exp(x*y)*exp(x*y)", ["x", "y"]).program, [0, 1])
    assert len(set(program.lines)) == len(program.lines)
    assert [line.op for line in program.lines].count("exp") == 1


def test_no_recursion_in_deep_programs():
    """A chain of 20,000 lines differentiates; its derivative by the first variable is right."""
    builder = Builder(1)
    line = builder.var(0)
    for _ in range(20_000):
        line = builder.op("mul", line, builder.const(1 + Fraction(1, 2**20)))
    program = adjoint(builder.finish([line]), [0])
    (slope,) = values(program, [1.0])
    assert float(slope) == pytest.approx(math.exp(20_000 / 2**20), rel=1e-6, abs=0)


def test_the_adjoint_of_the_adjoint():
    """Second derivatives: the adjoint's own program differentiates like any other."""
    program = Formula("x**3*y + sin(x)", ["x", "y"]).program
    second = adjoint(adjoint(program, [0]), [0, 1])
    xx, xy = values(second, [2.0, 3.0])
    with precision(100):
        assert xx.overlaps(36 - arb(2).sin())
        assert xy.overlaps(arb(12))
