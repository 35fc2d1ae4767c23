"""Program -> NumPy callable that computes lines of one shape together, as array operations.

A gradient by a hundred variables has the same few lines a hundred times. Written out one by one,
each costs an operation on numbers; lines of the same operation whose arguments are ready at the
same time are one operation on an array here. Each entry is computed by the same operations in the
same order, so sums, products and quotients round as they did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from symnum.formula.compile import nearest_double, operation
from symnum.formula.program import Program

# What may be computed together; anything else is left to the compiled program.
_TOGETHER = frozenset({"add", "sub", "mul", "div", "neg", "sqrt", "exp", "log", "sin", "cos"})
_COMMUTE = frozenset({"add", "mul"})
_NAMED = {"pi": np.float64(np.pi), "e": np.float64(np.e)}
# An operation on a short array costs about as much as so many on numbers.
_COST = 3
_SQUARE = 2.0


@dataclass(frozen=True)
class _Group:
    """Lines that are computed together.

    Parameters
    ----------
    function : callable
        A ufunc.
    operands : tuple of (rows or constants)
        For each argument the rows that it is read from, or the numbers that it is.
    exponent : float or None
        A second argument that is one number.
    first, last : int
        The rows that are written.
    """

    function: Callable[..., Any]
    operands: tuple[tuple[int, ...] | np.ndarray, ...]
    exponent: float | None
    first: int
    last: int


class Workspace(NamedTuple):
    """Where a program is evaluated again and again.

    Parameters
    ----------
    x : float64 array, shape (variables, *shape)
        To be filled with the point.
    out : float64 array, shape (outputs, *shape)
        The results, once every step was taken.
    steps : list of (function, arguments)
        What to call, in order, to evaluate the program.
    """

    x: np.ndarray
    out: np.ndarray
    steps: list[tuple[Callable[..., Any], tuple[Any, ...]]]

    def run(self) -> None:
        """Evaluate the program."""
        for function, arguments in self.steps:
            function(*arguments)


@dataclass(frozen=True)
class Rolled:
    """A program whose lines are computed together.

    Made by `roll`.

    Parameters
    ----------
    variables, outputs, rows : int
        How many there are of each. The rows of the workspace begin with the variables, and then
        come the outputs.
    groups : tuple of _Group
        In order.
    copies : tuple of (row to, row from, how many)
        Outputs that are rows of something else.
    constants : tuple of (row, number)
        Outputs that are numbers.
    """

    variables: int
    outputs: int
    rows: int
    groups: tuple[_Group, ...]
    copies: tuple[tuple[int, int, int], ...]
    constants: tuple[tuple[int, np.float64], ...]

    def bound(self, shape: tuple[int, ...]) -> Workspace:
        """Return a workspace for points (variables, *shape); NumPy's warnings are left on."""
        space = np.empty((self.rows, *shape))
        steps: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        for group in self.groups:
            arguments: list[Any] = [_operand(space, each, steps) for each in group.operands]
            if group.exponent is not None:
                arguments.append(group.exponent)
            steps.append((group.function, (*arguments, space[group.first : group.last])))
        for to, source, count in self.copies:
            steps.append((np.copyto, (space[to : to + count], space[source : source + count])))
        for row, number in self.constants:
            space[row] = number
        results = space[self.variables : self.variables + self.outputs]
        return Workspace(space[: self.variables], results, steps)

    def __call__(self, *columns: Any) -> list[Any]:
        """Return the outputs, one array each, given one a variable."""
        x = np.array(np.broadcast_arrays(*columns), dtype=np.float64)
        space = self.bound(x.shape[1:])
        space.x[...] = x
        space.run()
        return list(space.out)


def _operand(
    space: np.ndarray,
    operand: tuple[int, ...] | np.ndarray,
    steps: list[tuple[Callable[..., Any], tuple[Any, ...]]],
) -> np.ndarray:
    """Return an argument as a view of the workspace, or an array that a step before fills."""
    if isinstance(operand, np.ndarray):
        return operand.reshape((-1,) + (1,) * (space.ndim - 1))
    rows = np.array(operand)
    strides = np.diff(rows)
    if not strides.any():
        return space[rows[0] : rows[0] + 1]
    if strides[0] > 0 and (strides == strides[0]).all():
        return space[rows[0] : rows[-1] + 1 : strides[0]]
    gathered = np.empty((len(rows), *space.shape[1:]))
    steps.append((space.take, (rows, 0, gathered, "clip")))
    return gathered


def roll(program: Program) -> Rolled | None:
    """Return the program with its lines computed together; None where that isn't faster.

    Parameters
    ----------
    program : Program
        What to evaluate.
    """
    found = _Layout(program).rolled()
    if found is None:
        return None
    count = sum(len(line.args) > 0 for line in (program.lines[i] for i in program.live()))
    gathers = sum(_is_gathered(each) for group in found.groups for each in group.operands)
    steps = len(found.groups) + len(found.copies) + gathers
    return found if _COST * (steps + 2) <= count else None


def _is_gathered(operand: tuple[int, ...] | np.ndarray) -> bool:
    if isinstance(operand, np.ndarray):
        return False
    strides = np.diff(operand)
    return bool(strides.any()) and not (strides[0] > 0 and (strides == strides[0]).all())


class _Layout:
    """Where each line of a program goes in the workspace."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.row: dict[int, int] = {}
        self.number: dict[int, np.float64] = {}
        self.live = program.live()
        self.position = self._positions()
        self.next = program.n_variables + len(program.outputs)

    def _positions(self) -> dict[int, int]:
        """Return for each output its place, and for lines that only one output comes from, too.

        Those are overwritten by what is made of them, so that a row needs no copy in the end.
        """
        found: dict[int, int] = {}
        for position, line in enumerate(self.program.outputs):
            found.setdefault(line, position)
        uses = Counter(arg for index in self.live for arg in self.program.lines[index].args)
        for index in reversed(self.live):
            if index not in found:
                continue
            for arg in self.program.lines[index].args:
                if uses[arg] == 1 and arg not in found and self.program.lines[arg].args:
                    found[arg] = found[index]
                    break
        return found

    def rolled(self) -> Rolled | None:
        """Return the program in groups; None where an operation can't be computed together."""
        waiting: dict[tuple[Any, ...], list[tuple[int, tuple[int, ...]]]] = {}
        level: dict[int, int] = {}
        program = self.program
        for index in self.live:
            op, args, value = program.lines[index]
            if op == "var":
                assert isinstance(value, int)
                self.row[index], level[index] = value, 0
            elif op == "const" or op in _NAMED:
                self.number[index] = _NAMED[op] if op in _NAMED else nearest_double(value)
            elif not self._may(op, args):
                return None
            elif all(arg in self.number for arg in args):
                with np.errstate(all="ignore"):
                    numbers = (self.number[arg] for arg in args)
                    self.number[index] = np.float64(operation(op)(*numbers))
            else:
                level[index] = 1 + max(level.get(arg, 0) for arg in args)
                exponent = float(self.number[args[1]]) if op == "pow" else None
                read = args[:1] if op == "pow" else args
                if op in _COMMUTE and read[0] in self.number:
                    read = read[::-1]
                kinds = tuple(arg in self.number for arg in read)
                waiting.setdefault((level[index], op, exponent, kinds), []).append((index, read))
        groups = [
            self._group(op, exponent, waiting[level, op, exponent, kinds])
            for level, op, exponent, kinds in sorted(waiting, key=lambda key: key[0])
        ]
        copies: list[tuple[int, int, int]] = []
        constants = []
        for position, line in enumerate(program.outputs):
            to = program.n_variables + position
            if line in self.number:
                constants.append((to, self.number[line]))
            elif self.row[line] != to:
                source, (last_to, last_source, count) = self.row[line], (copies or [(0, 0, 0)])[-1]
                if copies and (last_to + count, last_source + count) == (to, source):
                    copies[-1] = (last_to, last_source, count + 1)
                else:
                    copies.append((to, source, 1))
        return Rolled(
            program.n_variables,
            len(program.outputs),
            self.next,
            tuple(groups),
            tuple(copies),
            tuple(constants),
        )

    def _may(self, op: str, args: Sequence[int]) -> bool:
        return op in _TOGETHER or (op == "pow" and args[1] in self.number)

    def _group(
        self, op: str, exponent: float | None, lines: list[tuple[int, tuple[int, ...]]]
    ) -> _Group:
        """Give the lines rows next to each other: those of the outputs where they are outputs."""
        places = sorted(self.position.get(index, -1) for index, _ in lines)
        if places[0] >= 0 and places == list(range(places[0], places[0] + len(lines))):
            lines = sorted(lines, key=lambda line: self.position[line[0]])
            first = self.program.n_variables + places[0]
        else:
            lines = sorted(lines, key=lambda line: [self.row.get(arg, -1) for arg in line[1]])
            first = self.next
            self.next += len(lines)
        operands: list[tuple[int, ...] | np.ndarray] = []
        for each in zip(*(read for _, read in lines), strict=True):
            if each[0] in self.number:
                operands.append(np.array([self.number[arg] for arg in each]))
            else:
                operands.append(tuple(self.row[arg] for arg in each))
        for row, (index, _) in enumerate(lines, start=first):
            self.row[index] = row
        function = operation(op)
        if op == "pow" and exponent == _SQUARE:  # as `x**2` is computed
            function, exponent = np.square, None
        return _Group(function, tuple(operands), exponent, first, first + len(lines))
