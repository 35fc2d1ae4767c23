"""Where a formula is defined, and where it is worth looking at: its edges, kinks, cancellations.

Each operation of a Program that isn't smooth everywhere has an expression that is 0 where something
happens: the argument of a logarithm, the difference of what `max` compares. Such a zero is found
along a line through a point of the domain, by bisection, and what lies a few ulps beside it on the
inside is a point that rounding finds hard.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from flint import arb

from symnum.checking.machine import Machine
from symnum.errors import DomainError, UsageError
from symnum.formula.balls import START_BITS, BallProgram, precision
from symnum.formula.certify import Regularity, rational_constants
from symnum.formula.formula import Formula, as_doubles
from symnum.formula.program import Builder, Program
from symnum.formula.status import Status

# In the order of what a person finds simple.
SIMPLE = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 10.0, -10.0, 100.0, 0.25, 0.1)
# So many simple points are looked at, and so many coordinates of them one at a time.
_MOST_SIMPLE = 200
_COORDINATES = 20
# Points at random that a domain is looked for at: in the box, or at all sizes where there is none.
_RANDOM = 256
_SIZES = (-3.0, 3.0)

_MORE_BITS = 1024
_NARROW = 2.0**-20
_EXACT = frozenset({Status.CERTIFIED, Status.ZERO})

# A line is scanned at so many places, and each bracket is cut into so many parts at a time.
_SCAN = 65
_CUT = 33
_ROUNDS = 16
_FAR = 10.0
_MOST_PLACES = 64
# Ulps are those of numbers of this size at the least: at 0 they would lead to 5e-324.
_SMALLEST_SIZE = 2.0**-52


class Kind(StrEnum):
    """What happens where an expression is 0."""

    EDGE = "edge"
    KINK = "kink"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True)
class Place:
    """Something that happens where a line of the extended Program is 0."""

    kind: Kind
    line: int


# Operations that end the domain where they aren't smooth, and those at which the value may jump.
# At the others that aren't smooth, such as abs, the function goes on.
_ENDING = frozenset({"sqrt", "asin", "acos", "acosh", "pow", "besselj", "besseli"})
_JUMPING = frozenset({"sign", "floor", "ceil", "step", "lt", "le", "eq", "ne", "atan2"})

_Write = Callable[[Builder, Sequence[int]], list[int]]


def _argument(position: int) -> _Write:
    return lambda _, args: [args[position]]


def _minus(*values: int) -> _Write:
    return lambda b, args: [b.op("sub", args[0], b.const(value)) for value in values]


def _difference(b: Builder, args: Sequence[int]) -> list[int]:
    return [b.op("sub", args[0], args[1])]


def _integers(b: Builder, args: Sequence[int]) -> list[int]:
    return [b.op("sin", b.op("mul", b.constant("pi"), args[0]))]


def _poles(b: Builder, args: Sequence[int]) -> list[int]:
    return [b.op("cos", args[0])]


_FIRST, _SECOND = _argument(0), _argument(1)
_PLACES: dict[str, list[tuple[Kind, _Write]]] = {
    "div": [(Kind.EDGE, _SECOND)],
    "sqrt": [(Kind.EDGE, _FIRST)],
    **{name: [(Kind.EDGE, _FIRST), (Kind.CANCELLATION, _minus(1))] for name in
       ("log", "log2", "log10")},
    "log1p": [(Kind.EDGE, _minus(-1)), (Kind.CANCELLATION, _FIRST)],
    **{name: [(Kind.EDGE, _minus(1, -1))] for name in ("asin", "acos", "atanh")},
    "acosh": [(Kind.EDGE, _minus(1))],
    "pow": [(Kind.EDGE, _FIRST)],
    "tan": [(Kind.EDGE, _poles)],
    **{name: [(Kind.EDGE, _FIRST)] for name in ("gamma", "loggamma", "digamma", "atan2")},
    **{name: [(Kind.EDGE, _SECOND)] for name in ("polygamma", "bessely", "besselk")},
    **{name: [(Kind.KINK, _FIRST)] for name in ("abs", "sign", "cbrt")},
    **{name: [(Kind.KINK, _difference)] for name in ("max", "min", "lt", "le", "eq", "ne", "step")},
    "hypot": [(Kind.KINK, _FIRST), (Kind.KINK, _SECOND)],
    **{name: [(Kind.KINK, _integers)] for name in ("floor", "ceil")},
    "expm1": [(Kind.CANCELLATION, _FIRST)],
    "cos": [(Kind.CANCELLATION, _FIRST)],
}  # fmt: skip


def _places(formula: Formula) -> tuple[Program, tuple[Place, ...]]:
    """Return the Program extended by the expressions whose zeros are worth a look."""
    program = formula.program
    builder = Builder(program.n_variables, program)
    moving = program.depends_on(range(program.n_variables))
    constants = rational_constants(program)
    found: dict[Place, None] = {}
    for index in program.live():
        op, args, _ = program.lines[index]
        if not moving[index] or (op == "pow" and constants.get(args[1], Fraction(1, 2)) >= 1):
            continue
        if op in {"add", "sub"}:
            found[Place(Kind.CANCELLATION, index)] = None
        for kind, write in _PLACES.get(op, []):
            for line in write(builder, args):
                found[Place(kind, line)] = None
    for output in program.outputs:
        if moving[output]:
            found[Place(Kind.CANCELLATION, output)] = None
    extended = builder.finish(program.outputs)
    moving = extended.depends_on(range(program.n_variables))
    return extended, tuple(place for place in found if moving[place.line])[:_MOST_PLACES]


def simple_points(box: np.ndarray | None, n: int) -> np.ndarray:
    """Return points of few digits in a box of n variables, or anywhere; the simplest first."""
    values = [_simple_numbers(box, i) for i in range(min(n, _COORDINATES))]
    if n <= 4:
        each = [v[: int(_MOST_SIMPLE ** (1 / n))] for v in values]
        ranked = sorted(product(*[range(len(v)) for v in each]), key=lambda r: (sum(r), r))
        return np.array([[each[i][k] for i, k in enumerate(rank)] for rank in ranked])
    # All coordinates alike, and then one of them different.
    points = []
    for value in SIMPLE[:5]:
        same = np.full(n, value)
        points.append(same)
        for i in range(len(values)):
            for other in values[i][:3]:
                points.append(same.copy())
                points[-1][i] = other
    found = np.array(points)
    return found if box is None else np.clip(found, box[:, 0], box[:, 1])


def _simple_numbers(box: np.ndarray | None, axis: int) -> list[float]:
    if box is None:
        return list(SIMPLE)
    low, high = box[axis].tolist()
    inside = [x for x in SIMPLE if low <= x <= high]
    whole = float(math.ceil(low))
    return inside or [whole if whole <= high else (low + high) / 2]


class Terrain:
    """A formula's domain within a box, or everywhere, and the places in it.

    Parameters
    ----------
    formula : Formula
        One output or several; a point belongs to the domain where all are defined.
    box : float64 array, shape (n, 2), or None
        Where to look.
    """

    def __init__(self, formula: Formula, box: np.ndarray | None) -> None:
        self.formula = formula
        self.box = box
        self.n = len(formula.variables)
        self._extended, self.places = _places(formula)
        program = formula.program
        roots = list(dict.fromkeys(program.outputs))
        self._balls = BallProgram(program, roots)
        regular = [Regularity.of(program, root, derivative=True) for root in roots]
        self._ends = [_only(program, one, _ENDING) for one in regular]
        self._jumps = [_only(program, one, _JUMPING) for one in regular]
        self._known: dict[bytes, bool] = {}
        simple = simple_points(box, self.n)
        # Certified one by one, when asked for.
        self._candidates = simple[self._looks_defined(simple)]
        if not self.simplest(1):
            wide = self._at_random()
            self._candidates = wide[self._looks_defined(wide)]

    # --- the domain ----------------------------------------------------------------------------

    def contains(self, point: np.ndarray) -> bool:
        """Say whether f is proven to be defined at a point, and on either side of it."""
        if self.box is not None and not _within(point, self.box):
            return False
        key = point.tobytes()
        if key not in self._known:
            self._known[key] = self._is_inside(point)
        return self._known[key]

    def _is_inside(self, point: np.ndarray) -> bool:
        for bits in (START_BITS, _MORE_BITS):
            with precision(bits):
                values = self._balls.run_all([arb(x) for x in point.tolist()])
                finite = all(_is_number(values[at]) for at in self._balls.wanted)
                position = self._balls.position
                if finite and all(one.holds(values, position) for one in self._ends):
                    if all(one.holds(values, position) for one in self._jumps):
                        return True
                    break
        else:
            return False
        # A comparison of equals: the two branches may meet.
        found = np.ravel(self.formula.certify(point[None]).status)
        return all(status in _EXACT for status in found)

    def _looks_defined(self, points: np.ndarray) -> np.ndarray:
        """Say where f is finite in doubles, shape (P,): a first guess for many points at once."""
        program = self.formula.program
        machine = Machine(program, points)
        good = np.ones(len(points), dtype=bool)
        for output in program.outputs:
            good &= np.isfinite(np.broadcast_to(machine.values[output], len(points)))
        return good

    # --- points to start from ------------------------------------------------------------------

    def start(self, number: int) -> np.ndarray:
        """Return a point of the domain: the simplest for 0, others for other numbers.

        Raises
        ------
        UsageError
            No point was found.
        """
        count = len(self._candidates)
        for shift in range(count):
            point = self._candidates[(number + shift) % count]
            if self.contains(point):
                return np.array(point)
        where = "in the domain given" if self.box is not None else "at any size of the variables"
        msg = (
            f"no point was found where {_short(self.formula)} is defined {where}; "
            "give domain= a box in which it is"
        )
        raise UsageError(msg)

    def simplest(self, most: int) -> list[np.ndarray]:
        """Return the simplest points of the domain, at most so many."""
        found: list[np.ndarray] = []
        for point in self._candidates:
            if len(found) == most:
                break
            if self.contains(point):
                found.append(np.array(point))
        return found

    def spread(self, count: int) -> np.ndarray:
        """Return points of the domain, the simple ones and others at random, shape (P, n)."""
        wide = self._at_random()
        wide = wide[self._looks_defined(wide)]
        points = [*self.simplest(count // 2)]
        points += [p for p in wide[:count] if self.contains(p)][: count - len(points)]
        return np.array(points).reshape(-1, self.n)

    def _at_random(self) -> np.ndarray:
        rng = np.random.default_rng(self.n)
        unit = rng.random((_RANDOM, self.n))
        if self.box is not None:
            return np.asarray(self.box[:, 0] * (1 - unit) + self.box[:, 1] * unit)
        size = 10.0 ** rng.uniform(*_SIZES, (_RANDOM, self.n))
        return np.asarray(np.where(unit < 0.5, -size, size))

    # --- movement ------------------------------------------------------------------------------

    def pulled_in(self, point: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Return a point, or where the way to it from a point of the domain first leaves that."""
        if self.contains(point):
            return point
        low, high = 0.0, 1.0
        found = start
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            tried = start * (1 - middle) + point * middle
            if self.contains(tried):
                low, found = middle, tried
            else:
                high = middle
        return found

    def beside(
        self, place: Place, start: np.ndarray, axis: int, number: int, ulps: int
    ) -> np.ndarray | None:
        """Return the point so many ulps inside a place on a line through a point of the domain.

        Parameters
        ----------
        place : Place
            What to look for.
        start : float64 array, shape (n,)
            A point of the line.
        axis : int
            Which coordinate moves.
        number : int
            Which of the zeros on the line, counted from the one nearest 0, and round and round.
        ulps : int
            How far off, to the right where that is inside.

        Returns
        -------
        float64 array, shape (n,), or None
            None where there is no zero on the line, or nothing of the domain beside it.
        """
        zeros = self._zeros(place.line, start, axis)
        if not zeros:
            return None
        zero = zeros[number % len(zeros)]
        size = max(abs(zero), 1.0 if zero == 0 else _SMALLEST_SIZE)
        step = math.ulp(size) if zero == 0 else math.ulp(zero)
        for side in (1, -1):
            point = start.copy()
            point[axis] = zero + side * ulps * step
            if self.contains(point):
                return point
        return None

    def _zeros(self, line: int, start: np.ndarray, axis: int) -> list[float]:
        """Return where a line of the Program is 0 along an axis, nearest 0 first."""
        grid = self._grid(start, axis)
        values = self._along(line, start, axis, grid)
        zeros = grid[values == 0].tolist()
        signs = np.sign(values)
        for k in np.flatnonzero(signs[:-1] * signs[1:] < 0).tolist():
            zeros.append(self._refined(line, start, axis, float(grid[k]), float(grid[k + 1])))
        return sorted(set(zeros), key=lambda z: (abs(z), z < 0))

    def _refined(self, line: int, start: np.ndarray, axis: int, low: float, high: float) -> float:
        for _ in range(_ROUNDS):
            grid = np.linspace(low, high, _CUT)
            values = self._along(line, start, axis, grid)
            if np.any(values == 0):
                return float(grid[np.flatnonzero(values == 0)[0]])
            signs = np.sign(values)
            change = np.flatnonzero(signs[:-1] * signs[1:] < 0)
            if not change.size:
                break
            low, high = float(grid[change[0]]), float(grid[change[0] + 1])
            if np.nextafter(low, high) >= high:
                break
        return low if abs(low) >= abs(high) else high

    def _along(self, line: int, start: np.ndarray, axis: int, grid: np.ndarray) -> np.ndarray:
        points = np.tile(start, (len(grid), 1))
        points[:, axis] = grid
        machine = Machine(self._extended.with_outputs([line]), points)
        return np.broadcast_to(np.asarray(machine.values[line], dtype=np.float64), len(grid))

    def _grid(self, start: np.ndarray, axis: int) -> np.ndarray:
        if self.box is not None:
            ends = self.box[axis]
            grid = np.linspace(ends[0], ends[1], _SCAN)
        else:
            far = _FAR * np.array([1.0, 10.0, 1e3, 1e6])
            grid = np.concatenate([np.linspace(-_FAR, _FAR, _SCAN), far, -far])
            ends = np.array([grid.min(), grid.max()])
        more = np.array([*SIMPLE, start[axis]])
        return np.unique(np.concatenate([grid, more[(ends[0] <= more) & (more <= ends[1])]]))


def _only(program: Program, regular: Regularity, operations: frozenset[str]) -> Regularity:
    """Return the same question about some operations only."""
    tests = tuple(t for t in regular.tests if program.lines[t.line].op in operations)
    return replace(regular, tests=tests)


def _is_number(ball: Any) -> bool:
    """Say whether a ball is narrow, and a double is near it."""
    return bool(
        ball.is_finite()
        and math.isfinite(float(ball))
        and ball.rad() <= _NARROW * (1 + ball.abs_upper())
    )


def _within(point: np.ndarray, box: np.ndarray) -> bool:
    return bool(np.all((box[:, 0] <= point) & (point <= box[:, 1])))


def _short(formula: Formula) -> str:
    text = str(formula)
    return text if len(text) <= 60 else text[:60] + "..."


@lru_cache(maxsize=64)
def _cached(formula: Formula, box: tuple[tuple[float, float], ...] | None) -> Terrain:
    return Terrain(formula, None if box is None else np.array(box))


def terrain_of(formula: Formula, box: np.ndarray | None) -> Terrain:
    """Return the terrain of a formula in a box; the same one if asked again."""
    pairs = None if box is None else tuple((float(low), float(high)) for low, high in box)
    return _cached(formula, pairs)


def read_formula(formula: Any) -> Formula:
    """Return what was given as a Formula that has variables."""
    found = formula if isinstance(formula, Formula) else Formula(formula)
    if not found.variables:
        msg = "the formula has no variables, so it has no points: give variables= to Formula"
        raise UsageError(msg)
    return found


def read_box(domain: Any, variables: Sequence[str]) -> np.ndarray | None:
    """Return a domain as an array of shape (n, 2); None without one.

    Parameters
    ----------
    domain : sequence of (low, high), dict of them by name, or None
        What was given.
    variables : sequence of str
        The names.
    """
    if domain is None:
        return None
    if isinstance(domain, Mapping):
        for name in domain:
            if name not in variables:
                msg = f"domain names {name!r}; the variables are {', '.join(variables)}"
                raise UsageError(msg)
        missing = [name for name in variables if name not in domain]
        if missing:
            msg = f"domain says nothing about {missing[0]}; give every variable a (low, high)"
            raise UsageError(msg)
        domain = [domain[name] for name in variables]
    box = as_doubles(domain, "domain")
    if len(variables) == 1 and box.shape == (2,):
        box = box[None]
    if box.shape != (len(variables), 2):
        msg = (
            f"domain has shape {box.shape}; ({len(variables)}, 2) is expected: "
            "a (low, high) a variable"
        )
        raise UsageError(msg)
    for name, (low, high) in zip(variables, box.tolist(), strict=True):
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            msg = f"the domain of {name} is empty or not finite: ({low}, {high})"
            raise DomainError(msg)
    return box
