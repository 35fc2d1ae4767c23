"""The adjoint of a Program: reverse-mode differentiation from source to source.

One backward pass writes the partial derivatives of one output with respect to every variable, at a
cost linear in the length of the program, whatever the number of variables (Baur and Strassen 1983).
The program's own lines stay where they are, so a derivative still knows the function it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

from symnum.formula.partials import partials
from symnum.formula.program import Builder, Program


def adjoint(program: Program, variables: Sequence[int]) -> Program:
    """Return the program extended by its partial derivatives.

    Parameters
    ----------
    program : Program
        One or many outputs.
    variables : sequence of int
        The variables to differentiate with respect to.

    Returns
    -------
    Program
        The lines of `program`, then those of the derivative. Its outputs are the partial
        derivatives, one output's after another's, in the order of `variables`.
    """
    builder = Builder(program.n_variables, program)
    moving = program.depends_on(variables)
    positions = {line.value: i for i, line in enumerate(program.lines) if line.op == "var"}
    results: list[int] = []
    for output in program.outputs:
        weights = _backward(builder, output, moving)
        for variable in variables:
            line = weights.get(positions.get(variable, -1))
            results.append(builder.const(0) if line is None else line)
    return builder.finish(results)


def _backward(builder: Builder, output: int, moving: bytearray) -> dict[int, int]:
    """Write the derivative of `output` by each line it needs; return their numbers."""
    weights: dict[int, int] = {output: builder.const(1)}
    # A line is read only by later ones, so its weight is complete when the walk down reaches it.
    pending = bytearray(output + 1)
    pending[output] = 1
    for index in range(output, -1, -1):
        if not pending[index] or not moving[index]:
            continue
        weight = weights[index]
        for arg, contribution in _contributions(builder, index, weight):
            if not moving[arg]:
                continue
            pending[arg] = 1
            weights[arg] = (
                _sum(builder, weights[arg], contribution) if arg in weights else contribution
            )
    return weights


def _contributions(builder: Builder, index: int, weight: int) -> list[tuple[int, int]]:
    """Write weight × partial derivative for each argument of the line; leave zeros out."""
    op, args, _ = builder.lines[index]
    match op:
        case "const" | "var" | "pi" | "e":
            return []
        case "add":
            return [(args[0], weight), (args[1], weight)]
        case "sub":
            return [(args[0], weight), (args[1], _negative(builder, weight))]
        case "neg":
            return [(args[0], _negative(builder, weight))]
        case "mul":
            return [
                (args[0], _product(builder, weight, args[1])),
                (args[1], _product(builder, weight, args[0])),
            ]
        case "div":
            share = _quotient(builder, weight, args[1])
            return [
                (args[0], share),
                (args[1], _negative(builder, _product(builder, share, index))),
            ]
        case "where":
            zero = builder.const(0)
            return [
                (args[1], builder.op("where", args[0], weight, zero)),
                (args[2], builder.op("where", args[0], zero, weight)),
            ]
    slopes = partials(builder, index)
    return [
        (arg, _product(builder, weight, slope))
        for arg, slope in zip(args, slopes, strict=True)
        if slope is not None
    ]


# The derivative's own arithmetic folds 0, 1, -1 and double negation; the formula's lines never do.


def _negative(builder: Builder, a: int) -> int:
    value = builder.value_of(a)
    if value is not None:
        return builder.const(-value)
    if builder.lines[a].op == "neg":
        return builder.lines[a].args[0]
    return builder.op("neg", a)


def _product(builder: Builder, a: int, b: int) -> int:
    for one, other in ((a, b), (b, a)):
        value = builder.value_of(one)
        if value == 1:
            return other
        if value == -1:
            return _negative(builder, other)
        if value == 0:
            return builder.const(Fraction(0))
        if _is_gated(builder, one):
            return _gate(builder, one, partial(_product, builder, other))
    return builder.op("mul", a, b)


def _quotient(builder: Builder, a: int, b: int) -> int:
    if _is_gated(builder, a):
        return _gate(builder, a, lambda inner: _quotient(builder, inner, b))
    return builder.op("div", a, b)


def _is_gated(builder: Builder, a: int) -> bool:
    """Say whether a weight is 0 by decision: where(condition, weight, 0) or the other way round."""
    line = builder.lines[a]
    return line.op == "where" and 0 in {builder.value_of(arg) for arg in line.args[1:]}


def _gate(builder: Builder, a: int, change: Callable[[int], int]) -> int:
    """Change what a gated weight lets through, and keep the gate outermost.

    In the branch that isn't taken the slope may be NaN, and 0 times NaN would be NaN.
    """
    condition, first, second = builder.lines[a].args
    if builder.value_of(second) == 0:
        return builder.op("where", condition, change(first), second)
    return builder.op("where", condition, first, change(second))


def _sum(builder: Builder, a: int, b: int) -> int:
    if builder.value_of(a) == 0:
        return b
    if builder.value_of(b) == 0:
        return a
    if builder.lines[b].op == "neg":
        return builder.op("sub", a, builder.lines[b].args[0])
    return builder.op("add", a, b)
