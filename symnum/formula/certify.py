"""Program -> certified values: the nearest double of the truth, proven, or a named reason why not.

Every entry is first enclosed in a ball. Where the enclosure is narrow and the formula is proven
smooth there, that is the answer. Otherwise the precision is raised; where the formula is singular,
`local.py` expands it on both sides of the point; where an enclosure keeps containing 0, exact
rational arithmetic and then SymPy are asked for a proof. What none of them settles is `undecided`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from symnum.formula.balls import (
    CAP_BITS,
    START_BITS,
    BallProgram,
    branches_of,
    nearest_double,
    nearest_of_fraction,
    precision,
)
from symnum.formula.exact import Exact
from symnum.formula.expansion import Series, expand
from symnum.formula.local import Below, Finding, Known, analyse
from symnum.formula.numbers import Field, Number, Undecided
from symnum.formula.operations import OPERATIONS, Ball
from symnum.formula.outside import is_outside
from symnum.formula.program import Program
from symnum.formula.prove import Clock, Prover
from symnum.formula.status import Status

# Operations at which a formula's own value can jump; at the others only its derivative can.
_JUMPING = frozenset({"sign", "floor", "ceil", "step", "lt", "le", "eq", "ne", "atan2"})

# Precisions at which a failed enclosure is tried again before the point is taken for singular.
_RETRY_BITS = (256, 1024)
# What still looks singular is tried at these before it is expanded, unless it fails at exact
# numbers: 1 + erf(x) at -25 is 1e-273, and its logarithm is as smooth as any.
_NEAR_BITS = (4096, 16_384)

# Of the balls beside exact arithmetic at a regular point.
_FIELD_BITS = 256

# What functions come near to and never reach.
_ENDS: Mapping[str, tuple[int, ...]] = {
    "tanh": (-1, 1),
    "erf": (-1, 1),
    "erfc": (0, 2),
    "expit": (0, 1),
}

# Numbers at which what is no identity is hardly ever 0.
_SOMEWHERE = (0.30078125, 1.81640625, -0.57421875)

# Enough for the numbers of any attempt in `local.py` to be taken apart without further rounding.
_FINDING_BITS = 4096

NAN = math.nan


class Entry(NamedTuple):
    """One certified value that is asked for.

    Parameters
    ----------
    line : int
        The line that holds it.
    root : int
        The line of the function, as written, that it is a derivative of; `line` itself for a value.
    path : tuple of int
        The variables it was differentiated by, in order; empty for the function's own value.
    """

    line: int
    root: int
    path: tuple[int, ...]


class Value(NamedTuple):
    """The answer for one entry at one point."""

    hi: float
    lo: float
    radius: float
    status: Status
    left: float = NAN
    right: float = NAN


@dataclass(frozen=True)
class Guard:
    """One operation that must be proven smooth: its line, its test, and the lines it reads."""

    line: int
    smooth: Callable[..., bool]
    args: tuple[int, ...]


def rational_constants(program: Program) -> dict[int, Fraction]:
    """Return the exact value of each line that only combines rational constants."""
    found: dict[int, Fraction] = {}
    for index, line in enumerate(program.lines):
        if line.op == "const":
            assert isinstance(line.value, Fraction)
            found[index] = line.value
        elif line.op in _RATIONAL and all(arg in found for arg in line.args):
            value = _RATIONAL[line.op](*(found[arg] for arg in line.args))
            if value is not None:
                found[index] = value
    return found


_RATIONAL: dict[str, Callable[..., Fraction | None]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b if b else None,
    "neg": lambda a: -a,
}


def guards(program: Program, root: int, *, derivative: bool) -> list[Guard]:
    """Return what must be proven for the function to be smooth (or, for a value, not to jump).

    Parameters
    ----------
    program : Program
        Holds the function.
    root : int
        The function's line.
    derivative : bool
        Whether smoothness is needed; otherwise only the operations that jump count.
    """
    constants = rational_constants(program)
    moving = program.depends_on(range(program.n_variables))
    found = []
    for index in program.live([root]):
        op, args, _ = program.lines[index]
        if op not in OPERATIONS:
            continue
        smooth = OPERATIONS[op].smooth
        if smooth is None or not any(moving[arg] for arg in args):
            continue
        if not derivative and op not in _JUMPING:
            continue
        if op == "pow" and constants.get(args[1], Fraction(1, 2)).denominator == 1:
            continue
        found.append(Guard(index, smooth, args))
    return found


@dataclass(frozen=True)
class Regularity:
    """Decides whether a function is finite and smooth where its lines have been enclosed.

    Parameters
    ----------
    program : Program
        Holds the function.
    root : int
        The function's line.
    tests : tuple of Guard
        What must be smooth.
    branches : bool
        Whether the function has a `where`: a guard in a branch that isn't taken doesn't count.
    """

    program: Program
    root: int
    tests: tuple[Guard, ...]
    branches: bool

    @classmethod
    def of(cls, program: Program, root: int, *, derivative: bool) -> Regularity:
        """Prepare a function."""
        branches = any(program.lines[i].op == "where" for i in program.live([root]))
        return cls(program, root, tuple(guards(program, root, derivative=derivative)), branches)

    def holds(self, values: Sequence[Ball], position: Mapping[int, int]) -> bool:
        """Say whether it is proven finite and smooth.

        Parameters
        ----------
        values : sequence of balls
            Enclosures of the lines.
        position : mapping
            Where in `values` each line stands.
        """
        return not (self.unproven(values, position) or not values[position[self.root]].is_finite())

    def unproven(self, values: Sequence[Ball], position: Mapping[int, int]) -> list[int]:
        """Return the lines that its value depends on and that are not proven smooth.

        Parameters
        ----------
        values, position
            As for `holds`.
        """
        failed = [
            test.line
            for test in self.tests
            if not test.smooth(*[values[position[arg]] for arg in test.args])
        ]
        if not failed or not self.branches:
            return failed
        taken = self._taken(values, position)
        return [line for line in failed if line in taken]

    def failing(self, values: Sequence[Ball], position: Mapping[int, int]) -> list[int]:
        """Return the lines that first have no finite value, or can't be proven smooth.

        Parameters
        ----------
        values, position
            As for `holds`.
        """
        tests = {test.line: test.smooth for test in self.tests}
        found = []
        for index in self._taken(values, position):
            op, args, _ = self.program.lines[index]
            balls = [values[position[arg]] for arg in args]
            if op not in OPERATIONS or not all(map(_is_known, balls)):
                continue
            is_smooth = index not in tests or tests[index](*balls)
            if not is_smooth or not _is_known(values[position[index]]):
                found.append(index)
        return found

    def _taken(self, values: Sequence[Ball], position: Mapping[int, int]) -> set[int]:
        """Return the lines that the function's value depends on, given the branches it takes."""
        taken: set[int] = set()
        stack = [self.root]
        while stack:
            index = stack.pop()
            if index in taken:
                continue
            taken.add(index)
            op, args, _ = self.program.lines[index]
            if op == "where":
                stack += [args[0], *branches_of(args, values[position[args[0]]])]
            else:
                stack += args
        return taken


def _is_known(ball: Ball) -> bool:
    """Say whether a number is enclosed, or the truth of a condition known."""
    return bool(ball.is_finite()) if isinstance(ball, arb) else ball is not None


def _is_exact(ball: Ball) -> bool:
    """Say whether a number, or the truth of a condition, is known exactly."""
    return bool(ball.is_exact()) if isinstance(ball, arb) else ball is not None


class Certifier:
    """Certifies entries of one program at many points.

    Parameters
    ----------
    program : Program
        Holds the functions and their derivatives.
    entries : sequence of Entry
        What is asked for, in the order of the answer.
    lines : dict
        The line of each derivative that the program holds, by root and path.
    """

    def __init__(
        self,
        program: Program,
        entries: Sequence[Entry],
        lines: dict[tuple[int, tuple[int, ...]], int],
    ) -> None:
        self.program = program
        self.entries = list(entries)
        self._lines = lines
        # Entries of one function share the question whether it is smooth: it is asked once a point.
        kinds = list(dict.fromkeys((entry.root, bool(entry.path)) for entry in self.entries))
        self._kind_of = [kinds.index((entry.root, bool(entry.path))) for entry in self.entries]
        self._kinds = [
            Regularity.of(program, root, derivative=derivative) for root, derivative in kinds
        ]
        wanted = [entry.line for entry in self.entries] + [root for root, _ in kinds]
        self._balls = BallProgram(program, wanted)
        self._at = [self._balls.position[entry.line] for entry in self.entries]
        self._constants = rational_constants(program)
        self._functions: dict[int, BallProgram] = {}
        self._identically_zero: dict[int, bool] = {}

    def run(
        self,
        points: np.ndarray,
        progress: Callable[[int], None] | None = None,
        *,
        zeros: bool = True,
        clock: Clock | None = None,
        wanted: np.ndarray | None = None,
    ) -> Exact:
        """Certify every entry at every point.

        Parameters
        ----------
        points : float64 array, shape (P, n)
            Finite points; each is the double it is, exactly.
        progress : callable, optional
            Called with the number of points finished since the last call.
        zeros : bool
            Whether what rounds to 0 is to be told from 0, for which proofs are looked for.
        clock : Clock, optional
            What isn't known when its time is over is undecided.
        wanted : bool array, shape (P, entries), optional
            Which answers are asked for; any other may be left undecided.

        Returns
        -------
        Exact
            Arrays of shape (P, entries).
        """
        rows: list[Value] = []
        if wanted is None:
            wanted = np.ones((len(points), len(self.entries)), dtype=bool)
        with Prover(clock=clock) as prover:
            for point, some in zip(points.tolist(), wanted.tolist(), strict=True):
                rows += self.at(point, prover, some, zeros=zeros)
                if progress is not None:
                    progress(1)
        shape = (len(points), len(self.entries))
        status = np.empty(len(rows), dtype=object)
        status[:] = [row[3] for row in rows]
        columns = [np.array([row[k] for row in rows], dtype=np.float64) for k in (0, 1, 2, 4, 5)]
        hi, lo, radius, left, right = (column.reshape(shape) for column in columns)
        return Exact(hi, lo, radius, status.reshape(shape), left, right)

    def at(
        self, point: Sequence[float], prover: Prover, wanted: Sequence[bool], *, zeros: bool = True
    ) -> list[Value]:
        """Certify the wanted entries at one point; see `run`."""
        if prover.is_late():
            return [_UNDECIDED] * len(self.entries)
        answers: list[Value | None] = [None if asked else _UNDECIDED for asked in wanted]
        for bits in (START_BITS, *_RETRY_BITS):
            with precision(bits):
                values, regular = self._values(point)
                answers = self._answered(answers, values, regular)
            if None not in answers:
                return answers  # type: ignore[return-value]  # no None left
        singular = self._singular(answers, values, regular)
        outside = {root for root in self._roots(singular) if self._is_outside(root, point)}
        for index in list(singular):
            if self.entries[index].root in outside:
                answers[index] = _UNDEFINED
                singular.discard(index)
        for bits in _NEAR_BITS:
            if prover.is_late() or self._fail_exactly(singular, values):
                break
            with precision(bits):
                values, regular = self._values(point)
                answers = self._answered(answers, values, regular)
            singular = self._singular(answers, values, regular)
        else:
            for index in self._hopeless(singular, values):
                answers[index] = _UNDECIDED
        known = Known(prover.is_zero, prover.is_late)
        return [
            self._settle(index, point, prover, known, index in singular, zeros)
            if answer is None
            else answer
            for index, answer in enumerate(answers)
        ]

    def _roots(self, indices: Iterable[int]) -> set[int]:
        """Return the functions of some entries."""
        return {self.entries[index].root for index in indices}

    def _is_outside(self, root: int, point: Sequence[float]) -> bool:
        """Say whether a function is proven undefined around a point."""
        if root not in self._functions:
            self._functions[root] = BallProgram(self.program, [root])
        with precision(_RETRY_BITS[-1]):
            return is_outside(self.program, root, self._functions[root], point, self._constants)

    def _values(self, point: Sequence[float]) -> tuple[list[Ball], list[bool]]:
        """Enclose all lines at the current precision; say which kinds are proven regular."""
        values = self._balls.run_all([arb(x) for x in point])
        return values, [kind.holds(values, self._balls.position) for kind in self._kinds]

    def _answered(
        self, answers: Sequence[Value | None], values: Sequence[Ball], regular: Sequence[bool]
    ) -> list[Value | None]:
        """Add what plain enclosures prove at the current precision to earlier answers."""
        return [
            self._answer(values[self._at[index]], regular[self._kind_of[index]])
            if answer is None
            else answer
            for index, answer in enumerate(answers)
        ]

    def _answer(self, ball: arb, is_regular: bool) -> Value | None:
        """Answer what an enclosure proves."""
        if not is_regular or not ball.is_finite():
            return None
        if ball.is_zero():
            return _ZERO
        if ball.contains(0):
            return None
        nearest = nearest_double(ball)
        return None if nearest is None else Value(*nearest, Status.CERTIFIED)

    def _singular(
        self, answers: Sequence[Value | None], values: Sequence[Ball], regular: Sequence[bool]
    ) -> set[int]:
        """Return the unanswered entries whose function is not proven regular."""
        return {
            index
            for index, answer in enumerate(answers)
            if answer is None
            and not (regular[self._kind_of[index]] and values[self._at[index]].is_finite())
        }

    def _fail_exactly(self, singular: Iterable[int], values: Sequence[Ball]) -> bool:
        """Say whether all functions fail at exact numbers, so that more bits change nothing."""
        position = self._balls.position
        for kind in {self._kind_of[index] for index in singular}:
            failing = self._kinds[kind].failing(values, position)
            if not any(
                all(_is_exact(values[position[arg]]) for arg in self.program.lines[line].args)
                for line in failing
            ):
                return False
        return True

    def _hopeless(self, singular: Iterable[int], values: Sequence[Ball]) -> set[int]:
        """Return the entries whose function fails at what no precision tells from 0.

        No series can tell either: log(1 - tanh(1e5)) asks for the sign of its argument.
        """
        found = {}
        for kind in {self._kind_of[index] for index in singular}:
            failing = self._kinds[kind].failing(values, self._balls.position)
            found[kind] = bool(failing) and all(self._is_absorbed(i, values) for i in failing)
        return {index for index in singular if found[self._kind_of[index]]}

    def _settle(
        self,
        index: int,
        point: Sequence[float],
        prover: Prover,
        known: Known,
        is_singular: bool,
        zeros: bool,
    ) -> Value:
        """Answer an entry that plain enclosures did not settle."""
        values: Sequence[Ball] = ()
        if not zeros and not is_singular:
            # Where 0 is good enough, balls say so in a fraction of what arithmetic takes.
            with precision(_RETRY_BITS[-1] * 2):
                values, regular = self._values(point)
            small = _tiny(values[self._at[index]], regular[self._kind_of[index]])
            if small is not None:
                return small
        exact_point = [Fraction(x) for x in point]
        number: Number | None = None
        if is_singular:
            value = self._local(self.entries[index], exact_point, prover, known)
            if value.status is not Status.UNDECIDED:
                return value
        else:
            found = self._by_arithmetic(index, exact_point)
            if isinstance(found, Value):
                return found
            number = found
        bits = _RETRY_BITS[-1] * 2
        tiny: Value | None = None
        while bits <= CAP_BITS and not prover.is_late():
            with precision(bits):
                values, regular = self._values(point)
                ball, is_regular = values[self._at[index]], regular[self._kind_of[index]]
                answer = self._answer(ball, is_regular)
                if answer is not None:
                    return answer
                tiny = _tiny(ball, is_regular)
            if tiny is not None and not zeros:
                return tiny
            bits *= 2
        # Bits are cheap, SymPy is not: it is asked last, about what may well be 0.
        if (
            not is_singular
            and not prover.is_late()
            and self._prove_zero(index, values, number, prover)
        ):
            return _ZERO
        return tiny or _UNDECIDED

    def _by_arithmetic(self, index: int, point: list[Fraction]) -> Value | Number | None:
        """Answer an entry at a regular point by exact arithmetic.

        Otherwise return the number that it is, where that may be 0; None where it merely needs
        more bits, or can't be written as a number.
        """
        with precision(_FIELD_BITS):
            field = Field(None)
            line = self.entries[index].line
            _, (value,) = expand(self.program, [line], point, 0, 0, field, 1)
            if not isinstance(value, Series):
                return None
            try:
                number = value.coefficient(field, 0)
            except Undecided:
                return None
            if number.fraction is not None:
                return _from_number(number, Status.CERTIFIED)
            return number if number.ball.contains(0) else None

    def _prove_zero(
        self, index: int, values: Sequence[Ball], number: Number | None, prover: Prover
    ) -> bool:
        """Say whether SymPy proves that an entry is 0: everywhere, or at this point as a number."""
        if index not in self._identically_zero:
            program = self.program.with_outputs([self.entries[index].line])
            found = self._may_be_zero(index) and prover.is_zero(program)
            if prover.is_late():
                return found
            self._identically_zero[index] = found
        if (
            self._identically_zero[index]
            or number is None
            or self._is_absorbed(self.entries[index].line, values)
        ):
            return self._identically_zero[index]
        constant = number.field.program(number)
        return constant is not None and prover.is_zero(constant)

    def _is_absorbed(self, root: int, values: Sequence[Ball]) -> bool:
        """Say whether a line looks like 0 because something was too small for any precision.

        What is left of 1 - tanh(8000)**2 is no 0, and nobody proves that 1 + exp(-8000) is 1.
        """
        least = arb(2) ** -_NEAR_BITS[-1]
        for line in self.program.live([root]):
            ball = values[self._balls.position[line]]
            if not isinstance(ball, arb) or not ball.is_finite():
                continue
            if abs(ball) < least and not ball.contains(0):
                return True
            if any(ball.contains(end) for end in _ENDS.get(self.program.lines[line].op, ())):
                return True
        return False

    def _may_be_zero(self, index: int) -> bool:
        """Say whether an entry may be 0 everywhere: it is not where a plain enclosure says so."""
        with precision(_RETRY_BITS[-1]):
            for x in _SOMEWHERE:
                apart = [arb(x + j / 64) for j in range(self.program.n_variables)]
                values = self._balls.run_all(apart)
                ball = values[self._at[index]]
                if ball.is_finite() and not ball.contains(0):
                    return False
        return True

    def _local(self, entry: Entry, point: list[Fraction], prover: Prover, known: Known) -> Value:
        """Answer an entry at a point where its function is singular."""
        if not entry.path:
            return self._local_value(entry, point, known)
        variable = entry.path[-1]
        order = 1
        while order < len(entry.path) and entry.path[-order - 1] == variable:
            order += 1
        before = entry.path[:-order]
        if not before:
            return _from_finding(
                analyse(self.program, entry.root, entry.line, point, variable, order, known)
            )
        # A mixed derivative needs the derivative before it at the point and along the variable.
        lower = Entry(self._lines[entry.root, before], entry.root, before)
        problem = self._problem_below(lower, point, variable, prover)
        if problem is not None:
            return Value(NAN, NAN, NAN, problem)
        alone = len(set(before)) == 1
        below = Below(entry.root, before[0], len(before)) if alone else None
        finding = analyse(
            self.program, lower.line, entry.line, point, variable, order, known, below=below
        )
        # The function has a value and the derivative before this one as well: nothing is removable.
        return _UNDECIDED if finding.status is Status.REMOVABLE else _from_finding(finding)

    def _problem_below(
        self, lower: Entry, point: list[Fraction], variable: int, prover: Prover
    ) -> Status | None:
        """Say why a derivative's program can't be differentiated further along the variable.

        None where it can: beside the point the function is smooth, or the program gives what the
        derivative was found to be there. `where(x == 0, 0, ...)` differentiated by x does not: on
        the whole line x = 0 its program is the derivative of the constant.
        """
        here = [float(x) for x in point]
        balls = BallProgram(self.program, [lower.line, lower.root])
        regularity = Regularity.of(self.program, lower.root, derivative=True)
        certifier = Certifier(self.program, [lower], self._lines)
        for shift in (-1, 1, 0):
            beside = here.copy()
            beside[variable] += shift * _beside(here[variable])
            with precision(_RETRY_BITS[-1]):
                values = balls.run_all([arb(x) for x in beside])
                program = values[balls.position[lower.line]]
                if shift and not values[balls.position[lower.root]].is_finite():
                    continue  # outside the domain, or the expansion will say
                if regularity.holds(values, balls.position):
                    continue
            (found,) = certifier.at(beside, prover, [True])
            if found.status not in {Status.CERTIFIED, Status.ZERO}:
                return found.status
            with precision(_RETRY_BITS[-1]):
                truth = arb(found.hi) + arb(found.lo) + arb(0, found.radius)
                # At the point itself `Below` knows the value where the program is undefined.
                fits = program.overlaps(truth) if program.is_finite() else shift == 0
            if not fits:
                return Status.UNDECIDED
        return None

    def _local_value(self, entry: Entry, point: list[Fraction], known: Known) -> Value:
        """Answer a formula's own value where it may jump or is undefined as written."""
        findings = [
            analyse(self.program, entry.line, None, point, variable, 0, known)
            for variable in range(max(1, self.program.n_variables))
        ]
        if len(findings) == 1:
            return _from_finding(findings[0])
        # Along one axis of several a limit proves nothing about the point; a jump or a pole does.
        for status in (Status.POLE, Status.JUMP):
            for finding in findings:
                if finding.status is status:
                    return _from_finding(Finding(status, finding.value))
        defined = [f for f in findings if f.status in {Status.CERTIFIED, Status.ZERO}]
        if defined:
            return _from_finding(defined[0])
        if all(f.status in {Status.UNDEFINED, Status.REMOVABLE} for f in findings):
            return _UNDEFINED
        return _UNDECIDED


_ZERO = Value(0.0, 0.0, 0.0, Status.ZERO)
_UNDECIDED = Value(NAN, NAN, NAN, Status.UNDECIDED)
_UNDEFINED = Value(NAN, NAN, NAN, Status.UNDEFINED)


def _tiny(ball: arb, is_regular: bool) -> Value | None:
    """Answer an enclosure that contains 0 but rounds to one double, where that is proven."""
    if not ball.is_finite() or not is_regular:
        return None
    nearest = nearest_double(ball)
    return None if nearest is None else Value(*nearest, Status.CERTIFIED)


def _beside(x: float) -> float:
    """Return a distance so small that nothing else is expected to happen within it."""
    return 3 * math.ulp(x) if x else 3 * 2.0**-30


def _from_finding(finding: Finding) -> Value:
    with precision(_FINDING_BITS):
        left, right = _double(finding.left), _double(finding.right)
        if finding.value is None:
            return Value(NAN, NAN, NAN, finding.status, left, right)
        return _from_number(finding.value, finding.status)._replace(left=left, right=right)


def _from_number(number: Number, status: Status) -> Value:
    fraction = number.fraction
    if fraction is not None:
        if fraction == 0 and status is Status.CERTIFIED:
            return _ZERO
        return Value(*nearest_of_fraction(fraction), status)
    nearest = nearest_double(number.ball)
    return _UNDECIDED if nearest is None else Value(*nearest, status)


def _double(number: Number | None) -> float:
    if number is None:
        return NAN
    if number.fraction is not None:
        return nearest_of_fraction(number.fraction)[0]
    nearest = nearest_double(number.ball)
    return NAN if nearest is None else nearest[0]


def certify(
    program: Program,
    entries: Sequence[Entry],
    lines: dict[tuple[int, tuple[int, ...]], int],
    points: Any,
    progress: Callable[[int], None] | None = None,
) -> Exact:
    """Certify entries of a program at points of shape (P, n); see `Certifier`."""
    return Certifier(program, entries, lines).run(points, progress)
