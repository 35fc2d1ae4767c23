"""Certified truth at a problem's points, and how well its conditioning lets anybody know it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from symnum.formula.formula import Formula
from symnum.formula.program import Program
from symnum.formula.status import Status
from tests.planted.gradients.problem import Problem

UNIT = 2.0**-53
SCANNED = 40


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known at P points of a problem, for its k flattened components.

    Parameters
    ----------
    points : float64 array, shape (P, n)
        Where.
    exact : float64 array, shape (P, k)
        The doubles nearest the derivative; NaN where there is none.
    known : bool array, shape (P, k)
        Where a derivative exists and is a finite double.
    conditioning : float64 array, shape (P, k)
        How far the derivative itself moves when x moves by an ulp, or when the decimal literals
        become doubles: no program in doubles is asked for more.
    """

    points: np.ndarray
    exact: np.ndarray
    known: np.ndarray
    conditioning: np.ndarray

    @property
    def floor(self) -> np.ndarray:
        """The error that nobody has to answer for, shape (P, k)."""
        largest = np.max(np.abs(np.nan_to_num(self.exact)), axis=1, keepdims=True)
        underflow = 2.0**-1000 * (1 + largest)
        # Where the truth is 0 its terms still round.
        typical = np.median(np.abs(np.nan_to_num(self.exact)), axis=0)
        scale = np.where(self.exact == 0, typical, np.abs(self.exact))
        return 256 * UNIT * scale + 32 * self.conditioning + underflow


def seed_of(*words: object) -> int:
    """Return a number that depends on the words alone, the same in every process."""
    return zlib.crc32("/".join(map(str, words)).encode())


def inside(problem: Problem, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return points of the box: half of them in logarithms where that suits a variable."""
    columns = []
    for low, high in problem.domain:
        even = rng.uniform(low, high, count)
        if low > 0 and high > 4 * low:
            logs = np.exp(rng.uniform(np.log(low), np.log(high), count))
            even = np.where(np.arange(count) % 2, np.clip(logs, low, high), even)
        columns.append(even)
    return np.stack(columns, axis=1)


@cache
def scanned(problem: Problem) -> Truth:
    """Return the truth at the given points, then at others of the box: the same ones always.

    The others are random ones, and the simple numbers that lie in the box: many slips divide by 0
    there.
    """
    rng = np.random.default_rng(seed_of("scan", problem.name))
    low, high = np.array(problem.domain).T
    simple = np.array([[value] * problem.n for value in (0.0, 1.0, -1.0)])
    simple = simple[np.all((simple >= low) & (simple <= high), axis=1)]
    return truth_at(problem, np.vstack([problem.points, inside(problem, SCANNED, rng), simple]))


def truth_at(problem: Problem, points: np.ndarray) -> Truth:
    """Return the certified derivative at points of shape (P, n)."""
    count = len(points)
    found = problem.derivative.exact(points)
    exact = np.reshape(found.hi, (count, -1))
    status = np.reshape(found.status, (count, -1))
    known = np.isfinite(exact) & np.isin(status, [Status.CERTIFIED, Status.ZERO])
    rng = np.random.default_rng(seed_of("nudge", problem.name))
    moved = [np.reshape(_with_double_literals(problem).exact(points).hi, (count, -1))]
    for _ in range(3):
        signs = rng.choice([-1.0, 1.0], points.shape)
        nudged = points + signs * np.spacing(np.abs(points))
        moved.append(np.reshape(problem.derivative.exact(nudged).hi, (count, -1)))
    with np.errstate(all="ignore"):
        distances = np.abs(np.array(moved) - exact)
    conditioning = np.max(np.nan_to_num(distances, nan=0.0, posinf=0.0), axis=0)
    return Truth(points, exact, known, conditioning)


@cache
def _with_double_literals(problem: Problem) -> Formula:
    """Return the derivative of the formula whose literals are the doubles that code holds."""
    old = problem.function.program
    lines = tuple(
        line._replace(value=Fraction(float(line.value))) if line.op == "const" else line
        for line in old.lines
    )
    base = problem.function
    program = Program(lines, old.outputs, old.n_variables)
    made = Formula._made(base.variables, base.shape, program, base.entries, {}, None, ())
    return made.gradient() if problem.m is None else made.jacobian()


def evaluate(problem: Problem, derivative: object, points: np.ndarray) -> np.ndarray:
    """Return a derivative's answers as floats of shape (P, k).

    A row is NaN where it raises, or where the answer is complex or of another size.
    """
    size = int(np.prod(problem.shape))
    rows = np.full((len(points), size), np.nan)
    with np.errstate(all="ignore"):
        for row, point in zip(rows, points, strict=True):
            try:
                answer = np.asarray(derivative(problem.argument(point)))
            except (ArithmeticError, ValueError, TypeError, IndexError, NameError):
                continue
            if answer.size == size and answer.dtype.kind in "fiub":
                row[:] = answer.ravel()
    return rows
