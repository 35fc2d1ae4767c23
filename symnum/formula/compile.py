"""Program -> NumPy callable, through sympy.lambdify.

lambdify prints and compiles what its `cse=` argument returns; we hand it the Program's own lines,
under names that are all ours, so a formula of ten thousand operations compiles in a moment and
evaluates in the order in which it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import sympy
from sympy.core.function import UndefinedFunction

from symnum.formula.operations import OPERATIONS
from symnum.formula.program import Program, walk

Evaluate = Callable[[Sequence[Any]], list[Any]]

_NAMED = {"pi": np.float64(np.pi), "e": np.float64(np.e)}


def compile_program(program: Program, *, complex_step: bool = False) -> Evaluate:
    """Return a function from the variables' arrays to the outputs' arrays.

    Parameters
    ----------
    program : Program
        What to evaluate.
    complex_step : bool
        Whether the arrays will be complex: functions are then the analytic continuations, and
        NumPy's own meaning where there is none.

    Returns
    -------
    callable
        Takes a sequence of float64 (or complex128) arrays that broadcast against each other, one a
        variable; returns a list of arrays, one an output. An output without variables is a scalar.
        Where the formula is undefined the result is NaN or infinite, without warnings.
    """
    compiled = compile_raw(program, complex_step=complex_step)

    def evaluate(values: Sequence[Any]) -> list[Any]:
        with np.errstate(all="ignore"):
            return compiled(*values)

    return evaluate


def compile_raw(program: Program, *, complex_step: bool = False) -> Callable[..., list[Any]]:
    """Return the same function, one argument a variable, which leaves NumPy's warnings as they are.

    For loops that silence them once: that costs as much as a short formula.
    """
    symbols: dict[int, sympy.Symbol] = {}
    assignments: list[tuple[sympy.Symbol, sympy.Expr]] = []
    namespace: dict[str, Any] = {}
    last_use = _last_uses(program)
    free: list[sympy.Symbol] = []
    for index, line in walk(program):
        if line.op == "var":
            symbols[index] = sympy.Symbol(f"x{line.value}")
        elif line.op in _NAMED or line.op == "const":
            # Float64 scalars of the namespace: 1/0 between constants is IEEE's, not Python's.
            symbols[index] = sympy.Symbol(f"c{index}")
            namespace[f"c{index}"] = (
                _NAMED[line.op] if line.op in _NAMED else nearest_double(line.value)
            )
        else:
            args = [symbols[arg] for arg in line.args]
            if line.op == "pow" and program.lines[line.args[1]].op == "const":
                # NumPy squares where the exponent is a Python number, and calls pow for its own.
                args[1] = sympy.Symbol(f"n{line.args[1]}")
                namespace[args[1].name] = float(nearest_double(program.lines[line.args[1]].value))
            # A name whose array is no longer needed is used again: its memory is still in cache.
            free += [
                symbols[arg]
                for arg in dict.fromkeys(line.args)
                if last_use[arg] == index and symbols[arg].name.startswith("t")
            ]
            symbols[index] = free.pop() if free else sympy.Symbol(f"t{index}")
            assignments.append((symbols[index], _expression(line.op, args)))
            row = OPERATIONS[line.op]
            path = (row.complex_numpy or row.numpy) if complex_step else row.numpy
            if "." in path:
                namespace[_function_name(line.op)] = _resolve(path)
    outputs = [symbols[output] for output in program.outputs]
    arguments = [sympy.Symbol(f"x{i}") for i in range(program.n_variables)]
    return sympy.lambdify(  # type: ignore[no-any-return]  # lambdify is untyped
        arguments, outputs, modules=[namespace], cse=lambda _: (assignments, outputs)
    )


def _last_uses(program: Program) -> dict[int, int]:
    """Return for each line the last one that reads it; outputs are needed to the end."""
    last: dict[int, int] = {}
    for index, line in walk(program):
        last[index] = index
        for arg in line.args:
            last[arg] = index
    for output in program.outputs:
        last[output] = len(program)
    return last


def nearest_double(value: Any) -> np.float64:
    """Return an exact rational as a double, infinite beyond them."""
    try:
        return np.float64(float(value))
    except OverflowError:
        return np.float64(np.inf if value > 0 else -np.inf)


@cache
def operation(op: str) -> Callable[..., Any]:
    """Return the function that computes one operation on float64 arrays."""
    path = OPERATIONS[op].numpy
    signs: dict[str, Callable[..., Any]] = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "neg": np.negative,
        "pow": np.power,
    }
    return signs[op] if op in signs else _resolve(path)


def _function_name(op: str) -> str:
    return f"{op}_"


@cache
def _function(op: str) -> UndefinedFunction:
    return sympy.Function(_function_name(op))


def _expression(op: str, args: list[sympy.Symbol]) -> sympy.Expr:
    """Return the line as an expression that prints as one operation."""
    match op:
        case "add":
            return sympy.Add(*args, evaluate=False)
        case "sub":
            return sympy.Add(args[0], sympy.Mul(-1, args[1], evaluate=False), evaluate=False)
        case "mul":
            return sympy.Mul(*args, evaluate=False)
        case "div":
            return sympy.Mul(args[0], sympy.Pow(args[1], -1, evaluate=False), evaluate=False)
        case "neg":
            return sympy.Mul(-1, args[0], evaluate=False)
        case "pow":
            return sympy.Pow(*args, evaluate=False)
    return _function(op)(*args)


def _resolve(path: str) -> Callable[..., Any]:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]
