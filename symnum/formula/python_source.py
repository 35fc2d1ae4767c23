"""Program -> the source of a NumPy function that a person can read and keep.

The function needs NumPy (and SciPy for its special functions) but not symnum. Each operation of the
Program is one operation of the source, in the same order, so both round in the same way. What is
used several times, or would make a line too long, gets a name of its own.
"""

from __future__ import annotations

import builtins
import keyword
import textwrap
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from itertools import count
from typing import NamedTuple

from symnum.errors import UsageError
from symnum.formula.operations import OPERATIONS
from symnum.formula.program import Program, walk

# A longer expression is split, and one that is nested deeper.
_LINE = 76
_NESTED = 12

# How tightly each piece binds; a looser operand needs brackets.
_COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(6)

# Operation -> (sign, its own binding, what the left and the right operand need).
_INFIX = {
    "add": (" + ", _SUM, _SUM, _PRODUCT),
    "sub": (" - ", _SUM, _SUM, _PRODUCT),
    "mul": (" * ", _PRODUCT, _PRODUCT, _SIGN),
    "div": (" / ", _PRODUCT, _PRODUCT, _SIGN),
    "pow": ("**", _POWER, _ATOM, _SIGN),
    "lt": (" < ", _COMPARE, _SUM, _SUM),
    "le": (" <= ", _COMPARE, _SUM, _SUM),
    "gt": (" > ", _COMPARE, _SUM, _SUM),
    "ge": (" >= ", _COMPARE, _SUM, _SUM),
    "eq": (" == ", _COMPARE, _SUM, _SUM),
    "ne": (" != ", _COMPARE, _SUM, _SUM),
}

# People write x > 0, not 0 < x.
_MIRRORED = {"lt": "gt", "le": "ge"}

# What symnum computes with functions of its own, written out.
_WRITTEN_OUT = {
    "step": "np.heaviside({0} - {1}, 0.5)",
    "softplus": "np.logaddexp(0.0, {0})",
    "polygamma": "special.polygamma({0}, {1})",
}

_TAKEN = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "np", "special", "shape"})


def python_source(program: Program, labels: Sequence[str], name: str = "f") -> str:
    """Return the source of a self-contained NumPy function.

    Parameters
    ----------
    program : Program
        One or many outputs.
    labels : sequence of str
        The variables' names. Those that are plain ASCII identifiers and nothing else in Python
        become the arguments' names; the others become x0, x1, ... with a comment.
    name : str
        What to call the function.

    Returns
    -------
    str
        It takes one argument a variable, arrays that broadcast against each other; it returns an
        array of their common shape, with the outputs on an axis at the end if there are several.

    Raises
    ------
    UsageError
        `name` can't name a function.

    Examples
    --------
    >>> from symnum.formula.parse import parse
    >>> print(python_source(*parse(["0.01*x**2 + 0.1*x"])))
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def f(x):
        x = np.asarray(x, dtype=np.float64)
        return 0.01 * x**2 + 0.1 * x
    <BLANKLINE>
    """
    if not (name.isidentifier() and name.isascii()) or name in _TAKEN:
        msg = f"{name[:60]!a} can't be the name of a function; write for example f"
        raise UsageError(msg)
    return _Source(program, labels, name).text()


class _Piece(NamedTuple):
    """The text of a line: how tightly it binds, and how many brackets deep it is."""

    text: str
    binds: int = _ATOM
    depth: int = 0
    plain: bool = False  # a number of Python's, not of NumPy's


class _Source:
    """Writes one function."""

    def __init__(self, program: Program, labels: Sequence[str], name: str) -> None:
        self.program = program
        self.labels = labels
        self.name = name
        self.live = program.live()
        self.arguments = self._arguments()
        self.varies = program.depends_on(range(program.n_variables))
        self.body: list[str] = []
        self.pieces: dict[int, _Piece] = {}
        self.readers = [0] * len(program)
        for index in self.live:
            for arg in program.lines[index].args:
                self.readers[arg] += 1
        for output in program.outputs:
            self.readers[output] += 1
        taken = {*self.arguments, self.name}
        self.names = (f"t{k}" for k in count(1) if f"t{k}" not in taken)

    def _arguments(self) -> list[str]:
        n = self.program.n_variables
        safe = {
            label
            for label in self.labels[:n]
            if label.isascii()
            and label.isidentifier()
            and not label.startswith("__")
            and label not in _TAKEN
            and label != self.name
        }
        found = []
        for i in range(n):
            label = self.labels[i]
            if label not in safe:
                label = f"x{i}"
                while label in safe:
                    label += "_"
                safe.add(label)
            found.append(label)
        return found

    def text(self) -> str:
        for index in self.live:
            self._line(index)
        returned = self._returned()
        special = any("special." in line for line in [*self.body, returned])
        imports = ["import numpy as np", *(["from scipy import special"] if special else [])]
        head = [*imports, "", "", *_wrapped(f"def {self.name}(", self.arguments, "):")]
        return "\n".join([*head, *self._prologue(), *self.body, returned, ""])

    def _prologue(self) -> list[str]:
        lines = [
            f"    # {argument} is {label!a}"
            for argument, label in zip(self.arguments, self.labels, strict=False)
            if argument != label
        ]
        lines += [f"    {a} = np.asarray({a}, dtype=np.float64)" for a in self.arguments]
        if len(self.arguments) > 1 and not all(map(self._is_full, self.program.outputs)):
            shapes = [f"{a}.shape" for a in self.arguments]
            lines += _wrapped("    shape = np.broadcast_shapes(", shapes, ")")
        return lines

    # --- one line at a time ------------------------------------------------------------------

    def _line(self, index: int) -> None:
        op, args, value = self.program.lines[index]
        if op == "var":
            assert isinstance(value, int)
            self.pieces[index] = _Piece(self.arguments[value])
            return
        if op == "const":
            assert isinstance(value, Fraction)
            shown = _constant(value)
            self.pieces[index] = _Piece(shown, _SIGN if shown[0] == "-" else _ATOM, plain=True)
            return
        if op in {"pi", "e"}:
            self.pieces[index] = _Piece(f"np.{op}", plain=True)
            return
        piece = self._operation(op, args)
        # Give names to the longest operands until what is left is short.
        for arg in sorted(set(args), key=lambda a: -len(self.pieces[a].text)):
            if len(piece.text) <= _LINE and piece.depth <= _NESTED:
                break
            self._assign(arg)
            piece = self._operation(op, args)
        self.pieces[index] = piece
        if self.readers[index] > 1:
            self._assign(index)

    def _assign(self, index: int) -> None:
        piece = self.pieces[index]
        if piece.depth > 0:  # not a name or a number already
            name = next(self.names)
            self.body.append(f"    {name} = {piece.text}")
            self.pieces[index] = _Piece(name, plain=piece.plain)

    def _operation(self, op: str, args: Sequence[int]) -> _Piece:
        depth = 1 + max(self.pieces[arg].depth for arg in args)
        plain = all(self.pieces[arg].plain for arg in args)
        if op in _MIRRORED and self.program.lines[args[0]].op == "const":
            op, args = _MIRRORED[op], args[::-1]
        if op in _INFIX:
            sign, binds, left, right = _INFIX[op]
            first = self._operand(args[0], left)
            if plain and not self._is_harmless(op, args):
                # Between numbers of its own Python raises where NumPy returns inf or nan, and
                # computes with whole numbers of any length.
                first, plain = f"np.float64({self.pieces[args[0]].text})", False
            return _Piece(f"{first}{sign}{self._operand(args[1], right)}", binds, depth, plain)
        if op == "neg":
            return _Piece(f"-{self._operand(args[0], _SIGN)}", _SIGN, depth, plain)
        if op == "step":
            shown = [self._operand(args[0], _SUM), self._operand(args[1], _PRODUCT)]
        else:
            shown = [self._argument(arg) for arg in args]
        if op == "polygamma":
            # SciPy wants the degree as a whole number.
            degree = self.program.lines[args[0]].value
            whole = isinstance(degree, Fraction) and degree.denominator == 1
            shown[0] = str(degree) if whole else f"np.int64({shown[0]})"
        if op in _WRITTEN_OUT:
            return _Piece(_WRITTEN_OUT[op].format(*shown), _ATOM, depth)
        path = OPERATIONS[op].numpy
        path = path.replace("scipy.special.", "special.").replace("numpy.", "np.")
        return _Piece(f"{path}({', '.join(shown)})", _ATOM, depth)

    def _is_harmless(self, op: str, args: Sequence[int]) -> bool:
        """Whether Python computes on two constants as written what NumPy does."""
        if op == "pow":
            return False
        values = [self.program.lines[arg].value for arg in args]
        if not all(isinstance(value, Fraction) and abs(value) <= _SMALL for value in values):
            return False
        return op != "div" or values[1] != 0

    def _operand(self, index: int, needed: int) -> str:
        piece = self.pieces[index]
        return f"({piece.text})" if piece.binds < needed else piece.text

    def _argument(self, index: int) -> str:
        """Return the text of a function's argument; whole numbers would stay whole in NumPy."""
        piece = self.pieces[index]
        if not piece.plain:
            return piece.text
        value = self.program.lines[index].value
        return _double(Fraction(value)) if value is not None else f"np.float64({piece.text})"

    # --- the result ----------------------------------------------------------------------------

    @cached_property
    def _reads(self) -> dict[int, int]:
        """The variables that each line reads, as the bits of a number."""
        reads: dict[int, int] = {}
        for index, (op, args, value) in walk(self.program):
            reads[index] = 0
            if op == "var":
                assert isinstance(value, int)
                reads[index] = 1 << value
            for arg in args:
                reads[index] |= reads[arg]
        return reads

    def _is_full(self, output: int) -> bool:
        """Whether the output reads every variable, and so has the common shape by itself."""
        return self._reads[output].bit_count() == self.program.n_variables

    def _returned(self) -> str:
        shape = "shape" if len(self.arguments) != 1 else f"{self.arguments[0]}.shape"
        values = []
        for output in self.program.outputs:
            shown = self.pieces[output].text
            if not self.arguments:
                shown = f"np.float64({shown})"
            elif not self._is_full(output):
                shown = f"np.full({shape}, {shown}, dtype=np.float64)"
            values.append(shown)
        if len(values) == 1:
            (shown,) = values
            return f"    return {shown}{'[()]' if shown.startswith('np.full') else ''}"
        rows = "".join(f"        {value},\n" for value in values)
        return f"    return np.stack([\n{rows}    ], axis=-1)"


def _wrapped(before: str, items: Sequence[str], after: str) -> list[str]:
    """Return a bracketed list on one line or, if that is too long, on several."""
    line = f"{before}{', '.join(items)}{after}"
    if len(line) <= _LINE + 20:
        return [line]
    indent = " " * (len(before) - len(before.lstrip()) + 8)
    body = textwrap.wrap(
        ", ".join(items) + ",",
        _LINE + 12,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [before, *body, f"{indent[8:]}{after}"]


# Beyond this, sums and products of whole numbers might not be exact as doubles.
_SMALL = 2**26


def _constant(value: Fraction) -> str:
    if value.denominator == 1 and abs(value) <= _SMALL:
        return str(value.numerator)
    return _double(value)


def _double(value: Fraction) -> str:
    try:
        return repr(float(value))
    except OverflowError:
        return "np.inf" if value > 0 else "-np.inf"
