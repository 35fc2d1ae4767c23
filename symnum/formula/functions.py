"""The functions and constants that a formula's text may name, under every spelling we know.

A function without an operation of its own is written out in operations that exist: its row says
how.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Protocol


class Writer(Protocol):
    """What writing a function out needs: the two verbs of a Builder."""

    def op(self, name: str, *args: int) -> int:
        """Write one operation."""

    def const(self, value: Fraction | int) -> int:
        """Write an exact rational constant."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that text may call.

    Parameters
    ----------
    name : str
        The spelling that we print.
    takes : str
        One letter an argument: `n` for a number, `c` for a condition. A final `*` lets the last
        argument repeat, a final `?` lets it be left out.
    write : callable
        Writes the function of the argument lines, returns the line of the result.
    gives_condition : bool
        Whether the result is a condition.
    """

    name: str
    takes: str
    write: Callable[[Writer, Sequence[int]], int]
    gives_condition: bool = False

    @property
    def least(self) -> int:
        """The smallest number of arguments."""
        return len(self._letters) - self.takes.endswith("?")

    @property
    def most(self) -> int | None:
        """The largest number of arguments; None without a limit."""
        return None if self.takes.endswith("*") else len(self._letters)

    def kind(self, position: int) -> str:
        """Return the letter of the argument at a position: `n` or `c`."""
        return self._letters[min(position, len(self._letters) - 1)]

    @property
    def _letters(self) -> str:
        return self.takes.rstrip("*?")


def _direct(op: str) -> Callable[[Writer, Sequence[int]], int]:
    return lambda w, args: w.op(op, *args)


def _fold(op: str) -> Callable[[Writer, Sequence[int]], int]:
    return lambda w, args: reduce(lambda a, b: w.op(op, a, b), args)


def _swapped(op: str) -> Callable[[Writer, Sequence[int]], int]:
    return lambda w, args: w.op(op, args[1], args[0])


def _one_over(op: str) -> Callable[[Writer, Sequence[int]], int]:
    return lambda w, args: w.op("div", w.const(1), w.op(op, args[0]))


def _of_reciprocal(op: str) -> Callable[[Writer, Sequence[int]], int]:
    return lambda w, args: w.op(op, w.op("div", w.const(1), args[0]))


def _quotient(top: str, bottom: str) -> Callable[[Writer, Sequence[int]], int]:
    return lambda w, args: w.op("div", w.op(top, args[0]), w.op(bottom, args[0]))


def _log(w: Writer, args: Sequence[int]) -> int:
    if len(args) == 1:
        return w.op("log", args[0])
    return w.op("div", w.op("log", args[0]), w.op("log", args[1]))


def _clip(w: Writer, args: Sequence[int]) -> int:
    return w.op("min", w.op("max", args[0], args[1]), args[2])


def _logit(w: Writer, args: Sequence[int]) -> int:
    return w.op("log", w.op("div", args[0], w.op("sub", w.const(1), args[0])))


_ONE = [
    "sqrt",
    "cbrt",
    "exp",
    "expm1",
    "log1p",
    "log2",
    "log10",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "erf",
    "erfc",
    "gamma",
    "loggamma",
    "digamma",
    "expit",
    "softplus",
    "abs",
    "sign",
    "floor",
    "ceil",
]
_TWO = ["atan2", "polygamma", "besselj", "bessely", "besseli", "besselk"]

_ROWS = [
    *(Function(name, "n", _direct(name)) for name in _ONE),
    *(Function(name, "nn", _direct(name)) for name in _TWO),
    *(Function(name, "nn*", _fold(name)) for name in ("max", "min", "hypot", "logaddexp")),
    Function("log", "nn?", _log),
    Function("sec", "n", _one_over("cos")),
    Function("csc", "n", _one_over("sin")),
    Function("cot", "n", _quotient("cos", "sin")),
    Function("asec", "n", _of_reciprocal("acos")),
    Function("acsc", "n", _of_reciprocal("asin")),
    Function("acot", "n", _of_reciprocal("atan")),
    Function("sech", "n", _one_over("cosh")),
    Function("csch", "n", _one_over("sinh")),
    Function("coth", "n", _quotient("cosh", "sinh")),
    Function("asech", "n", _of_reciprocal("acosh")),
    Function("acsch", "n", _of_reciprocal("asinh")),
    Function("acoth", "n", _of_reciprocal("atanh")),
    Function("power", "nn", _direct("pow")),
    Function("square", "n", lambda w, args: w.op("pow", args[0], w.const(2))),
    Function("exp2", "n", lambda w, args: w.op("pow", w.const(2), args[0])),
    Function("logit", "n", _logit),
    Function("clip", "nnn", _clip),
    Function("where", "cnn", _direct("where")),
    Function("And", "c*", _fold("and"), gives_condition=True),
    Function("Or", "c*", _fold("or"), gives_condition=True),
    Function("Not", "c", _direct("not"), gives_condition=True),
    Function("Eq", "nn", _direct("eq"), gives_condition=True),
    Function("Ne", "nn", _direct("ne"), gives_condition=True),
    Function("Lt", "nn", _direct("lt"), gives_condition=True),
    Function("Le", "nn", _direct("le"), gives_condition=True),
    Function("Gt", "nn", _swapped("lt"), gives_condition=True),
    Function("Ge", "nn", _swapped("le"), gives_condition=True),
    # parse.py reads the arguments of these two itself: literals, and pairs
    Function("Rational", "nn", _direct("div")),
    Function("Piecewise", "n*", _direct("where")),
]

_ALIASES = {
    "log": "ln",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
    "asec": "arcsec", "acsc": "arccsc", "acot": "arccot",
    "asech": "arcsech", "acsch": "arccsch", "acoth": "arccoth",
    "atan2": "arctan2",
    "abs": "Abs fabs absolute",
    "sign": "sgn", "ceil": "ceiling",
    "max": "Max maximum amax fmax", "min": "Min minimum amin fmin",
    "power": "pow Pow float_power",
    "gamma": "tgamma", "loggamma": "gammaln lgamma",
    "digamma": "psi",
    "besselj": "jv", "bessely": "yv", "besseli": "iv", "besselk": "kv",
    "expit": "sigmoid logistic", "logaddexp": "logsumexp",
    "And": "logical_and", "Or": "logical_or", "Not": "logical_not",
    "Eq": "equal", "Ne": "not_equal", "Lt": "less", "Le": "less_equal",
    "Gt": "greater", "Ge": "greater_equal",
}  # fmt: skip

FUNCTIONS: dict[str, Function] = {row.name: row for row in _ROWS}
for _name, _spellings in _ALIASES.items():
    for _spelling in _spellings.split():
        FUNCTIONS[_spelling] = FUNCTIONS[_name]

CONSTANTS: dict[str, str] = {"pi": "pi", "π": "pi", "e": "e"}

# A module's name may stand before a function or constant: `np.sin`.
PREFIXES = frozenset({"np", "numpy", "math", "scipy.special", "special", "sp", "sympy"})

# The words of the grammar: never the name of a variable.
KEYWORDS = {"if": "IF", "else": "ELSE", "and": "AND", "or": "OR", "not": "NOT"}
TRUTHS = frozenset({"True", "False"})
