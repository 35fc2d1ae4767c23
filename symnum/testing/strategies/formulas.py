"""Formulas at random, for Hypothesis: defined somewhere by construction, small when shrunk.

A formula is a list of steps, each of which applies an operation to values that are there already.
Leaving a step out leaves a smaller formula, which is how Hypothesis gets to the smallest one. A
step after which nothing would be defined is skipped: no formula is drawn in vain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from hypothesis import strategies as st

from symnum.errors import UsageError
from symnum.formula.compile import operation
from symnum.formula.formula import Formula, from_program
from symnum.formula.functions import FUNCTIONS, Function
from symnum.formula.program import Builder
from symnum.testing.terrain import terrain_of

DEFAULT_FUNCTIONS = (
    "exp", "log", "sin", "cos", "sqrt", "abs", "tanh", "atan", "max", "min", "log1p", "expm1",
    "tan", "where",
)  # fmt: skip
DEFAULT_VARIABLES = ("x", "y")

_OPERATORS = ("add", "sub", "mul", "div", "pow")
# The first argument of these is an order: a small whole number.
_WITH_ORDER = frozenset({"polygamma", "besselj", "bessely", "besseli", "besselk"})
_CONSTANTS = (
    *map(Fraction, (1, 2, 3, -1, 10, 5, 100)),
    *(Fraction(1, q) for q in (2, 3, 10, 100)),
    Fraction(10) ** 6,
    Fraction(1, 10**6),
)
_EXPONENTS = (*map(Fraction, (2, 3, -1, 4, -2)), Fraction(1, 2), Fraction(3, 2))
_ORDERS = 3
_EARLIER = 4

_SAMPLES = 64
# So many samples at which a formula has to be a number of no more than this size.
_LEAST_DEFINED = 8
_LARGEST = 1e60
# A sum of so little beside its terms may be 0 but for rounding.
_NOTHING = 1e-12

# How an argument is chosen: ("earlier", k), ("var", i) or ("const", i) of one of the lists above.
_Choice = tuple[str, int]


@dataclass(frozen=True)
class _Step:
    """One operation, and how each of its arguments is chosen."""

    name: str
    choices: tuple[_Choice, ...]


def formulas(
    variables: Sequence[str] = DEFAULT_VARIABLES,
    functions: Sequence[str] = DEFAULT_FUNCTIONS,
    max_size: int = 8,
) -> st.SearchStrategy[Formula]:
    """Draw formulas of one output that are defined on some part of the box [-3, 3].

    Parameters
    ----------
    variables : sequence of str
        The variables in order. A formula need not contain them all.
    functions : sequence of str
        Which functions it may contain, in the spellings of the grammar; the simplest first. The
        four arithmetic operations and powers always belong to it. `where` means
        `where(a < b, c, d)`.
    max_size : int
        The largest number of these operations.

    Returns
    -------
    SearchStrategy of Formula
        Shrinks to few operations on the first variable: at last to `x`.

    Raises
    ------
    UsageError
        A function is unknown or not one of numbers, `variables` are none, or `max_size` is not a
        whole number from 0 on.

    Examples
    --------
    >>> from hypothesis import find, settings
    >>> from symnum.testing import formulas
    >>> quiet = settings(database=None, derandomize=True)
    >>> print(find(formulas(), lambda f: "sin" in str(f), settings=quiet))
    sin(x)
    """
    names = _read_variables(variables)
    if isinstance(max_size, bool) or not isinstance(max_size, int) or max_size < 0:
        msg = f"max_size is {max_size!r}; the largest number of operations is expected, from 0 on"
        raise UsageError(msg)
    known = _read_functions(functions)
    start = st.integers(0, len(names) - 1)
    steps = st.lists(_steps(_choices(len(names), known)), max_size=max_size)
    return st.builds(lambda first, drawn: _formula(first, drawn, names), start, steps)


def _read_variables(variables: Sequence[str]) -> tuple[str, ...]:
    if isinstance(variables, str) or not isinstance(variables, Sequence) or not variables:
        msg = f"variables is {variables!r}; a list of names is expected, such as ['x', 'y']"
        raise UsageError(msg)
    return Formula("0", variables).variables  # which says what is wrong with a name


def _read_functions(functions: Sequence[str]) -> tuple[str, ...]:
    if isinstance(functions, str) or not isinstance(functions, Sequence):
        msg = f"functions is {functions!r}; a list of names is expected, such as ['sin', 'exp']"
        raise UsageError(msg)
    for name in functions:
        found = FUNCTIONS.get(name) if isinstance(name, str) else None
        if found is None:
            msg = (
                f"there is no function {name!r} in symnum's grammar; see docs/reference-grammar.md"
            )
            raise UsageError(msg)
        if found.name in {"Rational", "Piecewise"} or (
            "c" in found.takes + "c" * found.gives_condition and found.name != "where"
        ):
            msg = f"{name!r} is no function of numbers; leave it out (where(a < b, c, d) is one)"
            raise UsageError(msg)
    return tuple(FUNCTIONS[name].name for name in functions)


@dataclass(frozen=True)
class _Choices:
    """What may stand at each kind of place of a step."""

    names: st.SearchStrategy[str]
    arguments: Mapping[str, st.SearchStrategy[_Choice]]


def _choices(n: int, functions: tuple[str, ...]) -> _Choices:
    """Return the choices of formulas in n variables."""
    variables: list[_Choice] = [("var", i) for i in range(n)]
    constants: list[_Choice] = [("const", i) for i in range(len(_CONSTANTS))]
    earlier: list[_Choice] = [("earlier", k) for k in range(_EARLIER)]
    # What stands first is simplest, and what stands there often is drawn often.
    places: dict[str, list[_Choice]] = {
        "first": earlier[:1] * 20 + variables * _often(n) + constants,
        "other": variables * _often(n) + constants + earlier * 3,
        "exponent": [("exponent", i) for i in range(len(_EXPONENTS))],
        "order": [("order", i) for i in range(_ORDERS)],
    }
    return _Choices(
        st.sampled_from(_OPERATORS + functions),
        {kind: st.sampled_from(place) for kind, place in places.items()},
    )


@st.composite
def _steps(draw: st.DrawFn, choices: _Choices) -> _Step:
    """Draw a step of any operation."""
    name = draw(choices.names)
    return _Step(name, tuple(draw(choices.arguments[kind]) for kind in _arguments(name)))


def _often(n: int) -> int:
    """Return how often each variable stands in a list of choices."""
    return max(1, 10 // n)


def _arguments(name: str) -> tuple[str, ...]:
    """Say what kind of argument an operation takes at each place."""
    if name == "pow":
        return ("first", "exponent")
    if name in _OPERATORS:
        return ("first", "other")
    if name == "where":
        return ("other", "other", "first", "other")
    if name in _WITH_ORDER:
        return ("order", "first")
    return ("first", *["other"] * (FUNCTIONS[name].least - 1))


@lru_cache(maxsize=32)
def _samples(n: int) -> np.ndarray:
    """Return points of the box [-3, 3] that a formula is tried at, shape (n, P)."""
    return np.random.default_rng(n).uniform(-3.0, 3.0, (n, _SAMPLES))


class _Writer:
    """Writes a program and keeps each line's values at the samples."""

    def __init__(self, n: int) -> None:
        self.builder = Builder(n)
        self.values: dict[int, np.ndarray] = {}
        self._samples = _samples(n)

    def var(self, index: int) -> int:
        """Write a variable."""
        line = self.builder.var(index)
        self.values[line] = self._samples[index]
        return line

    def const(self, value: Fraction | int) -> int:
        """Write a constant."""
        line = self.builder.const(value)
        self.values[line] = np.full(_SAMPLES, float(value))
        return line

    def op(self, name: str, *args: int) -> int:
        """Write one operation."""
        line = self.builder.op(name, *args)
        given = [self.values[arg] for arg in args]
        result = operation(name)(*given)
        if name in {"add", "sub"}:
            size = np.maximum(np.abs(given[0]), np.abs(given[1]))
            result = np.where(np.abs(result) <= _NOTHING * size, 0.0, result)
        self.values[line] = result
        return line

    def is_defined(self, line: int) -> bool:
        """Say whether enough is left of the formula that a line holds."""
        found = self.values[line]
        return bool(np.count_nonzero(np.abs(found) <= _LARGEST) >= _LEAST_DEFINED)

    def is_constant(self, line: int) -> bool:
        """Say whether a line has one value wherever it has any, but for rounding."""
        found = self.values[line]
        found = found[np.isfinite(found)]
        return not found.size or bool(np.ptp(found) <= _NOTHING * np.max(np.abs(found)))


@np.errstate(all="ignore")  # values that aren't numbers are what is looked for
def _formula(first: int, steps: Sequence[_Step], variables: tuple[str, ...]) -> Formula:
    """Return the formula that the steps lead to from one of the variables."""
    n = len(variables)
    writer = _Writer(n)
    earlier = [writer.var(first)]
    constant: set[int] = set()
    for step in steps:
        args = [_chosen(writer, choice, earlier) for choice in step.choices]
        constant |= {
            a for a, (kind, _) in zip(args, step.choices, strict=True) if kind not in _MOVING
        }
        if constant.issuperset(args):
            continue  # a constant part: it may be 0 in disguise
        if step.name in _CHOOSING and _is_decided(args, constant):
            continue
        line = _apply(writer, step.name, args)
        if writer.is_defined(line):
            earlier.append(line)
        if writer.is_constant(line):
            constant.add(line)  # x/x and its like: acosh of it is on the edge everywhere
    found = (_of_line(writer.builder, line, variables) for line in reversed(earlier))
    # A domain of single points, such as that of acosh(x/x), is none. A variable has one.
    return next(f for f in found if terrain_of(f, None).simplest(1))


def _of_line(builder: Builder, line: int, variables: tuple[str, ...]) -> Formula:
    """Return the formula that a line holds, with the lines that it needs and no others."""
    final = Builder(len(variables))
    arguments = [final.var(i) for i in range(len(variables))]
    outputs = final.inline(builder.finish([line]), arguments)
    return from_program(final.finish(outputs), variables)


_CHOOSING = frozenset({"where", "max", "min"})
_MOVING = frozenset({"earlier", "var"})


def _is_decided(args: Sequence[int], constant: set[int]) -> bool:
    """Say whether there is nothing to choose from: the first two are compared."""
    return args[0] == args[1] or constant.issuperset(args[:2]) or args[-1] == args[-2]


def _chosen(writer: _Writer, choice: _Choice, earlier: Sequence[int]) -> int:
    kind, index = choice
    match kind:
        case "earlier":
            return earlier[max(-1 - index, -len(earlier))]
        case "var":
            return writer.var(index)
        case "exponent":
            return writer.const(_EXPONENTS[index])
        case "order":
            return writer.const(index)
    return writer.const(_CONSTANTS[index])


def _apply(writer: _Writer, name: str, args: Sequence[int]) -> int:
    if name in _OPERATORS:
        return writer.op(name, *args)
    if name == "where":
        return writer.op("where", writer.op("lt", args[0], args[1]), args[2], args[3])
    function: Function = FUNCTIONS[name]
    write: Callable[[_Writer, Sequence[int]], int] = function.write
    return write(writer, args)
