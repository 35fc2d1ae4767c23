"""Bugs to plant in the gradient of a formula: wrong on purpose, with what is wrong in words.

Each is a change to the exact gradient's Program, to its numbers, or to how it behaves when called.
One that rounding would hide, or that changes nothing where it is looked for, is not planted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from symnum.checking.reference import Truth
from symnum.checking.verdict import Cause
from symnum.formula.compile import operation
from symnum.formula.formula import Formula
from symnum.formula.operations import OPERATIONS
from symnum.formula.program import Builder, Line, Program, walk
from symnum.formula.ranges import DEFAULT_RANGE
from symnum.formula.unparse import number
from symnum.testing.quick import QuickReference
from symnum.testing.terrain import terrain_of

# Where a planted bug has to show: points of the box that a check searches by default.
_SAMPLES = 40
# By so many times what rounding may do, and by so much beside the derivative's size.
_CLEARLY = 16.0
_LEAST = 1e-12

_FACTORS = (2.0, 0.5, 3.0, 10.0, 1.1)
_SMALL = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
_THRESHOLDS = (0.0, 1.0, -1.0, 2.0)
_FUNCTIONS = {
    "sin": "cos", "cos": "sin", "tan": "tanh", "exp": "expm1", "expm1": "exp", "log": "log1p",
    "log1p": "log", "sqrt": "cbrt", "cbrt": "sqrt", "tanh": "atan", "atan": "tanh",
    "sinh": "cosh", "cosh": "sinh", "max": "min", "min": "max", "asin": "acos", "acos": "asin",
    "step": "max", "sign": "abs", "abs": "neg", "erf": "tanh", "expit": "tanh",
}  # fmt: skip
_OPERATORS = {"add": "sub", "sub": "add", "mul": "add", "div": "mul"}
_WORDS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "neg": "-"}
_FLOAT32 = "it is computed in float32"

Gradient = Callable[[Any], Any]
# From an array a variable to an array a component, all of one shape.
_Components = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


@dataclass(frozen=True)
class PlantedBug:
    """A wrong gradient, and what is wrong with it.

    Parameters
    ----------
    kind : str
        Which kind of bug: one of `symnum.testing.bugs.KINDS`.
    description : str
        What is wrong, in one sentence.
    cause : Cause
        What `check` calls such a slip. The same numbers may have another name as well: in a product
        of two, a missing factor 2 is a wrong constant too.
    gradient : callable
        Takes a float (one variable) or an array of shape (n,), and returns the same kind.

    Examples
    --------
    >>> from hypothesis import find, settings
    >>> from symnum.testing import gradients_with_a_bug
    >>> quiet = settings(database=None, derandomize=True)
    >>> bug = find(gradients_with_a_bug("x**2"), lambda bug: True, settings=quiet)
    >>> bug.description, float(bug.gradient(3.0))
    ('the sign of component x is wrong', -6.0)
    """

    kind: str
    description: str
    cause: Cause
    gradient: Gradient = field(repr=False, compare=False)


@dataclass(frozen=True)
class Plan:
    """A bug that may be planted: its words, and how to make the gradient.

    Parameters
    ----------
    description : str
        What is wrong.
    make : callable
        Makes the gradient anew, with a memory of its own where it has one.
    behaves : bool
        Whether it is how it behaves that is wrong, and its first numbers may be right.
    """

    description: str
    make: Callable[[], Gradient]
    behaves: bool = False


class Subject:
    """A formula whose gradient gets a bug, with the truth at a few points.

    Parameters
    ----------
    formula : Formula
        Scalar, with variables.
    """

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.n = len(formula.variables)
        self.program = formula.gradient().program
        self.first_own = len(formula.program.lines)
        terrain = terrain_of(formula, np.tile(np.array(DEFAULT_RANGE), (self.n, 1)))
        if not len(terrain.simplest(1)):
            terrain = terrain_of(formula, None)
        terrain.start(0)  # or say that there is none
        self.truth: Truth = QuickReference(formula).at(terrain.spread(_SAMPLES))
        self.moving = self.program.depends_on(range(self.n))

    @property
    def columns(self) -> list[np.ndarray]:
        """The coordinates of the points."""
        return list(self.truth.points.T)

    @property
    def components(self) -> list[int]:
        """The components that are not 0 everywhere."""
        known = self.truth.known & (np.abs(self.truth.exact) > self.truth.bound)
        return np.flatnonzero(known.any(axis=0)).tolist()

    def shows(self, plan: Plan) -> bool:
        """Say whether a bug changes what rounding can't."""
        truth = self.truth
        usable = truth.known & ~truth.hull
        if plan.behaves:
            # Right numbers for one point are wrong at another only if the gradient changes.
            spread = [np.ptp(truth.exact[usable[:, k], k]) if usable[:, k].any() else 0.0
                      for k in range(self.n)]  # fmt: skip
            return any(spread[k] > _LEAST * np.max(np.abs(truth.exact[usable[:, k], k]))
                       for k in range(self.n) if spread[k])  # fmt: skip
        with np.errstate(all="ignore"):
            points = truth.points[:, 0] if self.n == 1 else truth.points.T
            given = np.asarray(plan.make()(points)).reshape(self.n, -1).T
            error = np.abs(given - truth.exact)
            least = np.maximum(_CLEARLY * truth.bound, _LEAST * np.abs(truth.exact))
            return bool(np.any(usable & ~(error <= least)))


@lru_cache(maxsize=32)
def subject_of(formula: Formula) -> Subject:
    """Return the subject of a formula; the same one if asked again."""
    return Subject(formula)


# --- gradients -----------------------------------------------------------------------------------


def _gradient(n: int, components: _Components) -> Gradient:
    """Return the gradient of the components: of a float, of an array (n,), or of many points."""

    def gradient(x: Any) -> Any:
        given = np.asarray(x, dtype=np.float64)
        columns = [given] if n == 1 else [given[i] for i in range(n)]
        with np.errstate(all="ignore"):
            values = [
                np.broadcast_to(np.asarray(value, dtype=np.float64), columns[0].shape)
                for value in components(columns)
            ]
        return np.array(values[0])[()] if n == 1 else np.stack(values)

    return gradient


def _run(program: Program, dtype: Any = np.float64) -> _Components:
    """Return a Program as a function of arrays, computed in a precision."""

    def components(columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        values: dict[int, Any] = {}
        for index, (op, args, value) in walk(program):
            if op == "var":
                values[index] = columns[int(value or 0)].astype(dtype)
            elif op in {"const", "pi", "e"}:
                constant = {"pi": np.pi, "e": np.e}.get(op, float(value or 0))
                values[index] = np.asarray(constant, dtype=dtype)
            else:
                values[index] = operation(op)(*(values[arg] for arg in args))
        return [values[output] for output in program.outputs]

    return components


def _changed(subject: Subject, change: Callable[[list[Any], Sequence[np.ndarray]], None]) -> Plan:
    """Return the plan of changing the right components."""
    right = _run(subject.program)

    def components(columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        found = list(right(columns))
        change(found, columns)
        return found

    return Plan("", lambda: _gradient(subject.n, components))


def _rewritten(subject: Subject, index: int, write: Callable[[Builder, list[int]], int]) -> Plan:
    """Return the plan of writing one line of the gradient's Program differently."""
    program = subject.program
    builder = Builder(program.n_variables)
    mapped: dict[int, int] = {}
    for here, line in walk(program):
        args = [mapped[arg] for arg in line.args]
        mapped[here] = write(builder, args) if here == index else _copied(builder, line, args)
    changed = builder.finish([mapped[output] for output in program.outputs])
    return Plan("", lambda: _gradient(subject.n, _run(changed)))


def _copied(builder: Builder, line: Line, args: Sequence[int]) -> int:
    match line.op:
        case "var":
            return builder.var(int(line.value or 0))
        case "const":
            return builder.const(line.value or 0)
        case "pi" | "e":
            return builder.constant(line.op)
    return builder.op(line.op, *args)


def _said(plan: Plan, description: str) -> Plan:
    return replace(plan, description=description)


# --- kinds of bug: each lists what it could do to a gradient, the simplest first ------------------


def _sign(s: Subject) -> Iterator[Plan]:
    for k in s.components:
        yield _said(_scaled(s, k, -1.0), f"the sign of component {_name(s, k)} is wrong")


def _factor(s: Subject) -> Iterator[Plan]:
    for factor in _FACTORS:
        for k in s.components:
            sentence = f"component {_name(s, k)} is multiplied by {factor:g}"
            yield _said(_scaled(s, k, factor), sentence)


def _relative(s: Subject) -> Iterator[Plan]:
    for share in _SMALL:
        for k in s.components:
            sentence = f"component {_name(s, k)} is too large by a relative {share:g}"
            yield _said(_scaled(s, k, 1.0 + share), sentence)


def _scaled(s: Subject, k: int, factor: float) -> Plan:
    def change(found: list[Any], _: Sequence[np.ndarray]) -> None:
        found[k] = factor * found[k]

    return _changed(s, change)


def _zero(s: Subject) -> Iterator[Plan]:
    for k in s.components:
        yield _said(_scaled(s, k, 0.0), f"component {_name(s, k)} is 0")


def _term(s: Subject) -> Iterator[Plan]:
    for index, line in _own_lines(s, {"add", "sub"}):
        for kept in (0, 1):
            sign = line.op == "sub" and kept == 1

            def write(b: Builder, args: list[int], kept: int = kept, sign: bool = sign) -> int:
                return b.op("neg", args[kept]) if sign else args[kept]

            which = "second" if kept == 0 else "first"
            what = "a sum" if line.op == "add" else "a difference"
            yield _said(_rewritten(s, index, write), f"the {which} term of {what} is missing")


def _missing_factor(s: Subject) -> Iterator[Plan]:
    for index, line in _own_lines(s, {"mul", "div"}):
        for kept in (0, 1) if line.op == "mul" else (0,):

            def write(_: Builder, args: list[int], kept: int = kept) -> int:
                return args[kept]

            which = "second" if kept == 0 else "first"
            what = f"the {which} factor of a product" if line.op == "mul" else "a divisor"
            yield _said(_rewritten(s, index, write), f"{what} is missing")


def _literal(s: Subject) -> Iterator[Plan]:
    for index, line in _own_lines(s, {"const"}):
        value = Fraction(line.value or 0)
        for other in (value + 1, value * 2, -value, value * Fraction(101, 100)):
            if other == value:
                continue

            def write(b: Builder, _: list[int], other: Fraction = other) -> int:
                return b.const(other)

            sentence = f"the constant {number(value)} is {number(other)}"
            yield _said(_rewritten(s, index, write), sentence)


def _function(s: Subject) -> Iterator[Plan]:
    yield from _exchanged(s, _FUNCTIONS)


def _operator(s: Subject) -> Iterator[Plan]:
    yield from _exchanged(s, _OPERATORS)


def _exchanged(s: Subject, others: dict[str, str]) -> Iterator[Plan]:
    for index, line in _own_lines(s, set(others)):
        other = others[line.op]
        if OPERATIONS[other].arity != len(line.args):
            continue

        def write(b: Builder, args: list[int], other: str = other) -> int:
            return b.op(other, *args)

        right, wrong = _WORDS.get(line.op, line.op), _WORDS.get(other, other)
        yield _said(_rewritten(s, index, write), f"{wrong} stands in place of {right}")


def _own_lines(s: Subject, operations: set[str]) -> Iterator[tuple[int, Line]]:
    """Yield the lines of some operations that the gradient needs, those of its own first."""
    lines = [(i, line) for i, line in walk(s.program) if line.op in operations]
    yield from (pair for pair in lines if pair[0] >= s.first_own)
    yield from (pair for pair in lines if pair[0] < s.first_own)


def _swapped(s: Subject) -> Iterator[Plan]:
    for i in range(s.n):
        for j in range(i + 1, s.n):

            def change(f: list[Any], _: Sequence[np.ndarray], i: int = i, j: int = j) -> None:
                f[i], f[j] = f[j], f[i]

            sentence = f"components {_name(s, i)} and {_name(s, j)} are swapped"
            yield _said(_changed(s, change), sentence)


def _index(s: Subject) -> Iterator[Plan]:
    for k in range(s.n - 1):

        def change(f: list[Any], _: Sequence[np.ndarray], k: int = k) -> None:
            f[k] = f[k + 1]

        sentence = f"component {_name(s, k)} is that of {_name(s, k + 1)}: its index is off by one"
        yield _said(_changed(s, change), sentence)


def _spurious(s: Subject) -> Iterator[Plan]:
    for k in sorted(set(range(s.n)) - set(s.components)):
        name = _name(s, k)

        def change(f: list[Any], x: Sequence[np.ndarray], k: int = k) -> None:
            f[k] = f[k] + x[k] + 1.0

        sentence = f"component {name} is {name} + 1, and the function doesn't depend on {name}"
        yield _said(_changed(s, change), sentence)


def _region(s: Subject) -> Iterator[Plan]:
    for threshold in _THRESHOLDS:
        for k in s.components:

            def change(
                f: list[Any], x: Sequence[np.ndarray], k: int = k, threshold: float = threshold
            ) -> None:
                f[k] = np.where(x[k] > threshold, 2.0 * f[k], f[k])

            name = _name(s, k)
            sentence = f"component {name} is doubled where {name} > {threshold:g}"
            yield _said(_changed(s, change), sentence)


def _nonfinite(s: Subject) -> Iterator[Plan]:
    for k in s.components:

        def change(f: list[Any], x: Sequence[np.ndarray], k: int = k) -> None:
            f[k] = f[k] * x[k] / x[k]

        name = _name(s, k)
        yield _said(_changed(s, change), f"component {name} is NaN at {name} = 0")


def _float32(s: Subject) -> Iterator[Plan]:
    yield Plan(_FLOAT32, lambda: _gradient(s.n, _run(s.program, np.float32)))


def _stale(s: Subject) -> Iterator[Plan]:
    right = _gradient(s.n, _run(s.program))

    def frozen() -> Gradient:
        held: list[Any] = []

        def gradient(x: Any) -> Any:
            if not held or np.shape(held[0]) != np.shape(x):
                held[:] = [right(x)]
            return np.array(held[0])[()]

        return gradient

    def late() -> Gradient:
        held: list[Any] = []

        def gradient(x: Any) -> Any:
            held.append(right(x))
            answer = held[-2] if len(held) > 1 else held[-1]
            del held[:-1]
            return np.array(answer if np.shape(answer) == np.shape(x) else held[-1])[()]

        return gradient

    yield Plan("it returns its first answer ever after", frozen, behaves=True)
    yield Plan("it returns the answer of the call before", late, behaves=True)


def _mutates(s: Subject) -> Iterator[Plan]:
    if s.n == 1:
        return  # a float can't be written to
    right = _gradient(s.n, _run(s.program))

    def gradient(x: Any) -> Any:
        answer = right(x)
        if isinstance(x, np.ndarray):
            x[0] += 1.0
        return answer

    yield Plan("it adds 1 to the first entry of its argument", lambda: gradient, behaves=True)


def _name(s: Subject, k: int) -> str:
    return s.formula.variables[k]


@dataclass(frozen=True)
class Kind:
    """A kind of bug: what it could do to a gradient, and what `check` calls it."""

    plans: Callable[[Subject], Iterator[Plan]]
    cause: Cause


# The simplest first.
KINDS: dict[str, Kind] = {
    "sign": Kind(_sign, Cause.SIGN),
    "factor": Kind(_factor, Cause.FACTOR),
    "zero": Kind(_zero, Cause.ZERO),
    "term": Kind(_term, Cause.TERM),
    "missing factor": Kind(_missing_factor, Cause.FACTOR),
    "literal": Kind(_literal, Cause.CONSTANT),
    "function": Kind(_function, Cause.FUNCTION),
    "operator": Kind(_operator, Cause.OPERATOR),
    "swapped": Kind(_swapped, Cause.SWAPPED),
    "index": Kind(_index, Cause.INDEX),
    "spurious": Kind(_spurious, Cause.SPURIOUS),
    "relative": Kind(_relative, Cause.FACTOR),
    "region": Kind(_region, Cause.REGION),
    "nonfinite": Kind(_nonfinite, Cause.NONFINITE),
    "float32": Kind(_float32, Cause.FLOAT32),
    "stale": Kind(_stale, Cause.STALE),
    "mutates": Kind(_mutates, Cause.MUTATES),
}
