"""Program: straight-line code, one elementary operation a line.

A Program is the formula as it was written. It is hash-consed (the same operation on the same lines
is one line) and never simplified, so it is undefined where the formula is undefined and it rounds
as the formula rounds. Everything else in symnum is an interpretation of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from symnum.formula.operations import OPERATIONS

# Operations without arguments. A `const` line holds its exact rational, a `var` line its index.
LEAVES = frozenset({"const", "var", "pi", "e"})


class Line(NamedTuple):
    """One elementary operation: its name, the lines it reads, and a leaf's value."""

    op: str
    args: tuple[int, ...] = ()
    value: Fraction | int | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """Straight-line code in `n_variables` real variables.

    Parameters
    ----------
    lines : tuple of Line
        Each line reads only lines before it.
    outputs : tuple of int
        The lines that hold the results.
    n_variables : int
        How many variables there are; `Line("var", (), i)` is the i-th.
    """

    lines: tuple[Line, ...]
    outputs: tuple[int, ...]
    n_variables: int

    def __len__(self) -> int:
        return len(self.lines)

    def live(self, outputs: Iterable[int] | None = None) -> list[int]:
        """Return, in order, the lines that the outputs need."""
        needed = bytearray(len(self.lines))
        for output in self.outputs if outputs is None else outputs:
            needed[output] = 1
        for index in range(len(self.lines) - 1, -1, -1):
            if needed[index]:
                for arg in self.lines[index].args:
                    needed[arg] = 1
        return [index for index, flag in enumerate(needed) if flag]

    def depends_on(self, variables: Iterable[int]) -> bytearray:
        """Return a flag a line: 1 where the line's value moves with any of the variables."""
        moving = bytearray(len(self.lines))
        wanted = frozenset(variables)
        for index, line in enumerate(self.lines):
            if line.op == "var":
                moving[index] = line.value in wanted
            else:
                moving[index] = any(moving[arg] for arg in line.args)
        return moving

    def with_outputs(self, outputs: Sequence[int]) -> Program:
        """Return the same lines with other results."""
        return Program(self.lines, tuple(outputs), self.n_variables)


class Builder:
    """Writes a Program line by line; the same operation on the same lines is written once.

    Parameters
    ----------
    n_variables : int
        How many variables the finished program has.
    start : Program, optional
        A program to go on from: its lines keep their numbers.
    """

    def __init__(self, n_variables: int, start: Program | None = None) -> None:
        self.n_variables = n_variables
        self.lines: list[Line] = list(start.lines) if start is not None else []
        self._index: dict[Line, int] = {line: i for i, line in enumerate(self.lines)}

    def _append(self, line: Line) -> int:
        found = self._index.get(line)
        if found is not None:
            return found
        self.lines.append(line)
        self._index[line] = len(self.lines) - 1
        return len(self.lines) - 1

    def const(self, value: Fraction | int) -> int:
        """Write an exact rational constant."""
        return self._append(Line("const", (), Fraction(value)))

    def var(self, index: int) -> int:
        """Write the `index`-th variable."""
        if not 0 <= index < self.n_variables:
            msg = f"variable {index} of a program in {self.n_variables} variables"
            raise IndexError(msg)
        return self._append(Line("var", (), index))

    def constant(self, name: str) -> int:
        """Write a named irrational constant: `pi` or `e`."""
        return self._append(Line(name))

    def op(self, name: str, *args: int) -> int:
        """Write one operation of the table in `operations.py`."""
        if len(args) != OPERATIONS[name].arity:
            msg = f"{name} takes {OPERATIONS[name].arity} arguments, {len(args)} were given"
            raise ValueError(msg)
        return self._append(Line(name, args))

    def total(self, terms: Sequence[int]) -> int:
        """Write the sum of the terms from left to right, as Python adds them; 0 without terms."""
        if not terms:
            return self.const(0)
        result = terms[0]
        for term in terms[1:]:
            result = self.op("add", result, term)
        return result

    def value_of(self, line: int) -> Fraction | None:
        """Return the exact rational that a `const` line holds, or None."""
        found = self.lines[line]
        return found.value if isinstance(found.value, Fraction) else None

    def inline(self, program: Program, arguments: Sequence[int]) -> list[int]:
        """Copy another program's lines with its variables replaced by lines of this one."""
        mapped: dict[int, int] = {}
        for index in program.live():
            line = program.lines[index]
            if line.op == "var":
                assert isinstance(line.value, int)
                mapped[index] = arguments[line.value]
            else:
                args = tuple(mapped[arg] for arg in line.args)
                mapped[index] = self._append(Line(line.op, args, line.value))
        return [mapped[output] for output in program.outputs]

    def finish(self, outputs: Sequence[int]) -> Program:
        """Return the finished Program with the given results."""
        return Program(tuple(self.lines), tuple(outputs), self.n_variables)


def walk(program: Program, lines: Iterable[int] | None = None) -> Iterator[tuple[int, Line]]:
    """Yield (number, line) of the lines that the outputs need, or of those given."""
    for index in program.live() if lines is None else lines:
        yield index, program.lines[index]
