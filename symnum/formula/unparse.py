"""Program -> text in our own grammar, with as few brackets as it needs.

Reading the text back gives the same lines. Two things are lost: a constant that is exactly a
double with a long binary expansion prints as its shortest decimal, and `step`, which only
derivatives contain, prints as the `where` that it means.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import inf

from symnum.errors import LimitError, UsageError
from symnum.formula.program import Line, Program

MAX_LENGTH = 200_000
_MAX_TOTAL = 10_000_000
_MAX_BITS = 3_300  # not quite 1,000 digits, the longest number that the parser takes
_SHORT = 17
_LONG = 60

# How tightly a piece of text binds; an operand that binds looser than its place needs brackets.
_ANY, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)

# Operation -> (its sign, how tightly it binds, what its left and its right operand need).
_INFIX = {
    "or": (" or ", _OR, _OR, _AND),
    "and": (" and ", _AND, _AND, _NOT),
    "lt": (" < ", _COMPARE, _SUM, _SUM),
    "le": (" <= ", _COMPARE, _SUM, _SUM),
    "eq": (" == ", _COMPARE, _SUM, _SUM),
    "ne": (" != ", _COMPARE, _SUM, _SUM),
    "add": (" + ", _SUM, _SUM, _PRODUCT),
    "sub": (" - ", _SUM, _SUM, _PRODUCT),
    "mul": ("*", _PRODUCT, _PRODUCT, _SIGN),
    "div": ("/", _PRODUCT, _PRODUCT, _SIGN),
    "pow": ("**", _POWER, _ATOM, _SIGN),
}
_MIRRORED = {"lt": " > ", "le": " >= "}

_Job = str | tuple[int, int]  # text to print, or (line, how tightly it must bind)


def unparse(program: Program, variables: Sequence[str]) -> list[str]:
    """Print each output of a Program as a formula that `parse` reads back.

    Parameters
    ----------
    program : Program
        What to print.
    variables : sequence of str
        The variables' labels, in order.

    Returns
    -------
    list of str
        One text an output.

    Raises
    ------
    LimitError
        Where a text would be longer than 200,000 characters: a Program shares lines, text can't.
    UsageError
        Where there are fewer labels than variables.

    Examples
    --------
    >>> from symnum.formula.parse import parse
    >>> unparse(*parse(["-x^2 + (x+1)/(2x)"]))
    ['-x**2 + (x + 1)/(2*x)']
    """
    if len(variables) < program.n_variables:
        msg = f"{program.n_variables} variables need a name each, {len(variables)} were given"
        raise UsageError(msg)
    printer = _Printer(program, variables)
    texts: list[str] = []
    for output in program.outputs:
        texts.append(printer.text(output))
        printer.left -= len(texts[-1])
    return texts


def number(value: Fraction) -> str:
    """Return the text of an exact rational: digits, a short decimal, or `Rational(p, q)`.

    Raises
    ------
    LimitError
        Where it has more digits than a formula may have.

    Examples
    --------
    >>> number(Fraction(1, 100)), number(Fraction(-1, 3)), number(Fraction(10) ** 30)
    ('0.01', 'Rational(-1, 3)', '1e30')
    """
    if value.numerator.bit_length() > _MAX_BITS or value.denominator.bit_length() > _MAX_BITS:
        found = _as_double(value)
        if found is None:
            raise LimitError("a constant has more than 1,000 digits and can't be printed")
        return found
    decimal = _as_decimal(value)
    if decimal is not None and len(decimal[0]) <= _SHORT:
        return _place_point(value < 0, *decimal)
    if value.denominator == 1:
        return str(value.numerator)
    double = _as_double(value)
    if double is not None:
        return double
    if decimal is not None and len(decimal[0]) <= _LONG:
        return _place_point(value < 0, *decimal)
    return f"Rational({value.numerator}, {value.denominator})"


def _as_decimal(value: Fraction) -> tuple[str, int] | None:
    """Return (digits, exponent) with value = ± digits * 10**exponent; None without an end."""
    bottom, twos, fives = value.denominator, 0, 0
    while bottom % 2 == 0:
        bottom, twos = bottom // 2, twos + 1
    while bottom % 5 == 0:
        bottom, fives = bottom // 5, fives + 1
    if bottom != 1:
        return None
    places = max(twos, fives)
    if places > 1_000:
        return None
    digits = str(abs(value.numerator) * 2 ** (places - twos) * 5 ** (places - fives))
    short = digits.rstrip("0") or "0"
    return short, len(digits) - len(short) - places


def _place_point(negative: bool, digits: str, exponent: int) -> str:
    sign = "-" if negative else ""
    point = len(digits) + exponent  # where the decimal point stands
    if exponent >= 0 and point <= _SHORT:
        return sign + digits + "0" * exponent
    if -4 < point <= _SHORT:
        if point > 0:
            return f"{sign}{digits[:point]}.{digits[point:]}"
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1}"


def _as_double(value: Fraction) -> str | None:
    try:
        double = float(value)
    except OverflowError:
        return None
    if abs(double) == inf or Fraction(double) != value:
        return None
    return repr(double)


class _Printer:
    """Prints lines of one Program, with a stack of its own."""

    def __init__(self, program: Program, variables: Sequence[str]) -> None:
        self.lines = program.lines
        self.variables = variables
        self.taken = frozenset(variables)
        self.left = _MAX_TOTAL

    def text(self, output: int) -> str:
        pieces: list[str] = []
        length = 0
        stack: list[_Job] = [(output, _ANY)]
        while stack:
            job = stack.pop()
            if isinstance(job, str):
                pieces.append(job)
                length += len(job)
                if length > min(MAX_LENGTH, self.left):
                    msg = f"the formula would print as more than {MAX_LENGTH:,} characters"
                    raise LimitError(msg)
            else:
                stack.extend(reversed(self._expand(*job)))
        return "".join(pieces)

    def _expand(self, index: int, needed: int) -> list[_Job]:
        """Return the jobs that print a line where something that binds tightly is needed."""
        line = self.lines[index]
        binds, jobs = self._jobs(line)
        return ["(", *jobs, ")"] if binds < needed else jobs

    def _jobs(self, line: Line) -> tuple[int, list[_Job]]:
        op, args = line.op, line.args
        if op == "var":
            assert isinstance(line.value, int)
            return _ATOM, [self.variables[line.value]]
        if op == "const":
            return self._constant(line)
        if op in {"pi", "e"}:
            return _ATOM, [self._name(op)]
        if op in _INFIX:
            sign, binds, left, right = _INFIX[op]
            if op in _MIRRORED and self._reads_better_mirrored(*args):
                return binds, [(args[1], right), _MIRRORED[op], (args[0], left)]
            return binds, [(args[0], left), sign, (args[1], right)]
        if op == "neg":
            # A sign before digits is part of the number: the negation of a number has brackets.
            plain = self._is_unsigned(args[0])
            return _SIGN, ["-(", (args[0], _ANY), ")"] if plain else ["-", (args[0], _SIGN)]
        if op == "not":
            return _NOT, ["not ", (args[0], _NOT)]
        if op == "step":
            a, b = (args[0], _SUM), (args[1], _SUM)
            where = self._name("where")
            return _ATOM, [f"{where}(", a, " > ", b, f", 1, {where}(", a, " < ", b, ", 0, 1/2))"]
        if op == "where" and self._is_undefined(args[2]):
            name = self._name("Piecewise")
            return _ATOM, [f"{name}((", (args[1], _ANY), ", ", (args[0], _ANY), "))"]
        jobs: list[_Job] = [f"{self._name(op)}("]
        for position, arg in enumerate(args):
            jobs += [", ", (arg, _ANY)] if position else [(arg, _ANY)]
        return _ATOM, [*jobs, ")"]

    def _constant(self, line: Line) -> tuple[int, list[_Job]]:
        assert isinstance(line.value, Fraction)
        text = number(line.value)
        if text.startswith("Rational"):
            return _ATOM, [self._name("Rational") + text.removeprefix("Rational")]
        return _SIGN if text[0] == "-" else _ATOM, [text]

    def _name(self, name: str) -> str:
        """Return a function's or constant's name; a module's stands before it if it is taken."""
        return f"np.{name}" if name in self.taken else name

    def _reads_better_mirrored(self, left: int, right: int) -> bool:
        # `gt` is written as `lt` with its arguments swapped: x > 0, not 0 < x.
        constants = self.lines[left].op == "const", self.lines[right].op == "const"
        return left > right if constants[0] is constants[1] else constants[0]

    def _is_unsigned(self, index: int) -> bool:
        value = self.lines[index].value
        return self.lines[index].op == "const" and value is not None and value >= 0

    def _is_undefined(self, index: int) -> bool:
        """Whether a line is 0/0: how Piecewise says that it ends without a default."""
        line = self.lines[index]
        return line.op == "div" and all(
            self.lines[arg].op == "const" and self.lines[arg].value == 0 for arg in line.args
        )
