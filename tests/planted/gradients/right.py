"""Right gradients in forms that round differently: none of them may be accused."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import sympy

from symnum.formula.compile import compile_program
from symnum.formula.operations import NONANALYTIC
from symnum.formula.partials import partials
from symnum.formula.program import Builder, Program, walk
from tests.planted.gradients.candidate import Candidate, Derivative
from tests.planted.gradients.problem import Problem
from tests.planted.gradients.truth import evaluate, scanned

# A form is sure when it is the formula's own algebra; the others are looked at before they are
# called right, because they may overflow, or keep no digit at all, somewhere in the box.
SURE = {"hand", "hand ±4 ulps", "better", "adjoint", "forward"}


def right_gradients(problem: Problem) -> Iterator[Candidate]:
    """Yield the problem's right gradients.

    The class of a candidate is its `kind`; `lost` says that it keeps no digit somewhere in the box,
    so that nobody can blame who calls it wrong.
    """
    for form, derivative in _forms(problem):
        yield Candidate(
            problem=problem,
            kind=form,
            detail="",
            right=True,
            build=_constant(derivative),
            degraded=form.startswith("degraded"),
            lost=form not in SURE and loses_everything(problem, derivative),
        )


def _constant(derivative: Derivative) -> Callable[[], tuple[Derivative, None]]:
    return lambda: (derivative, None)


def _forms(problem: Problem) -> Iterator[tuple[str, Derivative]]:
    yield "hand", problem.g
    yield "hand ±4 ulps", shaken(problem)
    if problem.better is not None:
        yield "better", problem.better
    yield "adjoint", packed(problem, problem.derivative.compiled())
    yield "forward", packed(problem, compile_program(forward(problem.function.program)))
    if not any(line.op in NONANALYTIC for _, line in walk(problem.function.program)):
        yield "complex step", complex_step(problem)
    yield "sympy", printed_by_sympy(problem, digits=None)
    if any(_is_inexact(number) for number in _numbers(problem)):
        yield "sympy-15", printed_by_sympy(problem, digits=15)
    for name, derivative in problem.degraded.items():
        yield f"degraded {name}", derivative
    # A constant that has lost digits is a wrong constant: nothing tells the two apart.
    if len(np.unique(evaluate(problem, problem.g, scanned(problem).points), axis=0)) > 12:
        yield "degraded products", blurred(problem)


def loses_everything(problem: Problem, derivative: Derivative) -> bool:
    """Return whether a form is not finite, or more than half wrong, at some scanned point."""
    truth = scanned(problem)
    answers = evaluate(problem, derivative, truth.points)
    with np.errstate(all="ignore"):
        error = np.abs(answers - truth.exact)
        kept = error <= 0.25 * np.abs(truth.exact) + 2 * truth.floor
    return not bool(np.all(kept | ~truth.known))


def shaken(problem: Problem) -> Derivative:
    """Return the hand-written gradient moved by up to four ulps; the same at the same x always."""

    def derivative(x: Any) -> Any:
        answer = np.asarray(problem.g(x), dtype=np.float64)
        key = zlib.crc32(np.asarray(x, dtype=np.float64).tobytes())
        steps = (key >> np.arange(answer.size) % 24) % 9 - 4
        return (answer + steps.reshape(answer.shape) * np.spacing(np.abs(answer)))[()]

    return derivative


def blurred(problem: Problem) -> Derivative:
    """Return the hand-written gradient as the difference of two products: 24 bits are lost."""
    return lambda x: 16777217.0 * problem.g(x) - 16777216.0 * problem.g(x)


def packed(problem: Problem, outputs: Callable[[Any], list[Any]]) -> Derivative:
    """Return a derivative in the problem's shape from a compiled program."""
    if problem.scalar:
        return lambda x: outputs([x])[0] + 0.0 * x

    def derivative(x: Any) -> Any:
        return np.array(outputs(list(x)), dtype=np.float64).reshape(problem.shape)

    return derivative


def forward(program: Program) -> Program:
    """Return the program's Jacobian in forward mode: the tangents of every line, in order."""
    builder = Builder(program.n_variables, program)
    zero, one = builder.const(0), builder.const(1)
    tangents: dict[int, list[int]] = {}
    for index, line in walk(program):
        if line.op == "var":
            tangents[index] = [one if i == line.value else zero for i in range(program.n_variables)]
            continue
        if line.op == "where":
            pairs = zip(tangents[line.args[1]], tangents[line.args[2]], strict=True)
            tangents[index] = [builder.op("where", line.args[0], a, b) for a, b in pairs]
            continue
        moving = [any(t != zero for t in tangents[arg]) for arg in line.args]
        slopes = partials(builder, index) if any(moving) else ()
        tangents[index] = []
        for i in range(program.n_variables):
            terms = [
                builder.op("mul", slope, tangents[arg][i])
                for arg, slope in zip(line.args, slopes, strict=False)
                if slope is not None and tangents[arg][i] != zero
            ]
            tangents[index].append(builder.total(terms))
    return builder.finish([t for output in program.outputs for t in tangents[output]])


def complex_step(problem: Problem) -> Derivative:
    """Return Im f(x + ih)/h of the formula, with an h far below the last digit of x."""
    outputs = problem.function.compiled(complex_step=True)

    def derivative(x: Any) -> Any:
        point = np.atleast_1d(np.asarray(x, dtype=np.float64))
        columns = []
        for i in range(problem.n):
            h = 2.0**-200 * (abs(point[i]) or 1.0)
            moved = [complex(value) for value in point]
            moved[i] += 1j * h
            columns.append(np.array([np.imag(y) / h for y in outputs(moved)]))
        answer = np.stack(columns, axis=-1)
        return float(answer[0, 0]) if problem.scalar else answer.reshape(problem.shape)

    return derivative


@cache
def _expressions(problem: Problem) -> tuple[sympy.Expr, ...]:
    found = problem.function.sympy()
    return tuple(found) if isinstance(found, list) else (found,)


def _numbers(problem: Problem) -> set[sympy.Rational]:
    return set().union(*(e.atoms(sympy.Rational) for e in _expressions(problem)))


def _is_inexact(number: sympy.Rational) -> bool:
    return bool(number.q & (number.q - 1))


def printed_by_sympy(problem: Problem, digits: int | None) -> Derivative:
    """Return SymPy's derivative, lambdified.

    Constants are printed as quotients of integers, or, with `digits=15`, as the decimals of 15
    digits that SymPy's own Floats are printed as: those are wrong in the last digit.
    """
    variables = sympy.symbols(f"x0:{problem.n}", real=True)
    expressions = list(_expressions(problem))
    if digits is not None:
        expressions = [
            e.xreplace(
                {r: sympy.Float(r, digits) for r in e.atoms(sympy.Rational) if _is_inexact(r)}
            )
            for e in expressions
        ]
    slopes = [sympy.diff(e, variable) for e in expressions for variable in variables]
    compiled = sympy.lambdify(variables, slopes, modules=["scipy", "numpy"])

    def derivative(x: Any) -> Any:
        with np.errstate(all="ignore"):
            values = compiled(x) if problem.scalar else compiled(*x)
        if problem.scalar:
            return values[0] + 0.0 * x
        return np.array(values, dtype=np.float64).reshape(problem.shape)

    return derivative
