"""Points on both sides of the thresholds in a candidate's own code: there its rare branches begin.

A branch that holds a millionth of the box is missed by any number of points at random, and its code
says where it is. Traced code holds what it compares: along a line through the box each comparison
changes its value somewhere, and that place is found by halving. Of code that can't be traced, or
that goes one way of several, the numbers that it holds are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from symnum.checking.machine import Machine
from symnum.checking.points import CHUNK, stratified, uniform
from symnum.formula.program import Program

# Comparisons, coordinates and thresholds on a line that are looked at; of more, some.
_COMPARISONS, _COORDINATES, _ON_A_LINE = 8, 8, 8
# Numbers in the code that are tried in each coordinate.
_LITERALS = 24
# Where a line for a comparison starts: at that one of so many points where it is nearest to a tie.
_STARTS = 64
# So many steps along a line, and halvings of each in which a comparison changes.
_STEPS, _HALVINGS = 64, 100
# Points between two thresholds, and how far beside each one more is tried, as a share of it.
_BETWEEN, _BESIDE = 2, 2.0**-40
# Points of which all coordinates are at numbers of the code at once.
_TOGETHER, _PAIR = 192, 2
# What has an argument that is compared with 0.
_WITH_0 = frozenset({"abs", "sign"})
_WITH_EACH_OTHER = frozenset({"lt", "le", "eq", "ne", "max", "min"})


def threshold_points(
    program: Program | None, numbers: Sequence[float], box: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return points beside a candidate's own thresholds, and between them, shape (P, n).

    Parameters
    ----------
    program : Program or None
        What it computes and compares, as far as that is known.
    numbers : sequence of float
        Numbers that may be thresholds besides.
    box : float64 array, shape (n, 2)
        Where they may lie.
    rng : numpy.random.Generator
        The coordinates that a threshold leaves open.
    """
    lines: list[np.ndarray] = []
    if program is not None:
        lines += _along_comparisons(program, box, rng)
    lines += _along_literals(numbers, box, rng)
    found = np.concatenate([np.empty((0, len(box))), *lines])
    found = found[((box[:, 0] <= found) & (found <= box[:, 1])).all(axis=1)]
    # Without the index, which nobody needs, `numpy.ma` is loaded, and that takes long.
    found, _ = np.unique(found, axis=0, return_index=True)
    if len(found) > CHUNK:
        found = found[np.sort(rng.choice(len(found), CHUNK, replace=False))]
    return np.concatenate([found, _together(_numbers(program, numbers), box, rng)])


def _numbers(program: Program | None, literals: Sequence[float]) -> list[float]:
    """Return the numbers of a candidate's code, traced or not."""
    return sorted({*literals, *(() if program is None else _constants(program))})


def _constants(program: Program) -> list[float]:
    """Return the constants of a program."""
    values = [program.lines[index].value for index in program.live()]
    return [float(value) for value in values if isinstance(value, Fraction)]


def _together(values: Sequence[float], box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return points of which two coordinates are next to numbers of the code, and all between two.

    A corner that two conditions cut off is missed by lines along one coordinate. No more than two
    are next to numbers: where all are next to the same one, everything is tied with everything.
    """
    n = len(box)
    inside = [[x for x in values if low < x < high] for low, high in box.tolist()]
    if n < 2 or sum(bool(numbers) for numbers in inside) < 2:
        return np.empty((0, n))
    count, every = np.arange(_TOGETHER), 1
    points = np.empty((_TOGETHER, n))
    ranks = rng.random((_TOGETHER, n)).argsort(axis=1).argsort(axis=1)
    next_to = (ranks < _PAIR) & (count % 2 == 0)[:, None]
    for j in rng.permutation(n).tolist():
        low, high = box[j].tolist()
        some = np.array(_some(inside[j], _LITERALS, rng))
        ends = np.concatenate([[low], some, [high]])
        # Counted like digits, so that of few numbers all pairs come up; at random beyond.
        gaps = len(ends) - 1
        gap = rng.integers(0, gaps, _TOGETHER)
        if every * gaps <= _TOGETHER // 2:
            gap = count // 2 // every % gaps
            every *= gaps
        share = rng.random(_TOGETHER)
        column = ends[gap] * (1 - share) + ends[gap + 1] * share
        if some.size:
            near = rng.choice(some, _TOGETHER)
            beside = near + rng.choice([-1.0, 1.0], _TOGETHER) * _step(near, box[j])
            column = np.where(next_to[:, j], beside, column)
        points[:, j] = np.clip(column, low, high)
    return points


def _along_literals(
    values: Sequence[float], box: np.ndarray, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield points whose coordinates, one at a time, are numbers of the code."""
    for j in _some(range(len(box)), _COORDINATES, rng):
        inside = sorted(x for x in values if box[j, 0] <= x <= box[j, 1])
        if inside:
            start = uniform(box, rng)
            yield _on_line(start, j, np.array(_some(inside, _LITERALS, rng)), box, rng)


def _along_comparisons(
    program: Program, box: np.ndarray, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield points on lines along a coordinate on which comparisons change their values."""
    differences = _Differences(program, rng)
    if not differences.count:
        return
    sample = np.concatenate([stratified(box, _STARTS, rng), box.T])
    at_sample = np.nan_to_num(np.abs(differences.at(sample)), nan=np.inf)
    # At a corner whose coordinates are all equal everything may be tied with everything: points
    # on a line from there are kinks of many sides, of which each takes long to certify.
    at_sample[at_sample == 0.0] = np.inf
    for c in range(differences.count):
        nearest = at_sample[:, c].argmin()
        start = sample[nearest].copy()
        for j in _some(differences.variables(c), _COORDINATES, rng):
            ties, closest = differences.ties(start, j, box[j])
            if ties[c].size:
                every = np.unique(np.concatenate(ties))
                near = np.argsort(np.abs(every - ties[c][0]), kind="stable")[:_ON_A_LINE]
                yield _on_line(start, j, np.sort(every[near]), box, rng)
                break
            start[j] = closest[c]  # no tie on this line: one is nearer along the others


class _Differences:
    """What a program compares, as differences that are 0 where a comparison is a tie."""

    def __init__(self, program: Program, rng: np.random.Generator) -> None:
        live = program.live()
        compared: dict[tuple[int, ...], None] = {}
        for index in live:
            op, args, _ = program.lines[index]
            if op in _WITH_0 or op in _WITH_EACH_OTHER:
                compared[args] = None
        variables = {
            pair: [
                int(line.value or 0)
                for line in (program.lines[index] for index in program.live(pair))
                if line.op == "var"
            ]
            for pair in _some(list(compared), _COMPARISONS, rng)
        }
        self._variables = {pair: found for pair, found in variables.items() if found}
        self._pairs = list(self._variables)
        self._program = program.with_outputs([line for pair in self._pairs for line in pair])
        # Ties of |x - 1.5| and 1e-6 lie so close together that no step falls between them.
        self._constants = np.array(_constants(program))

    @property
    def count(self) -> int:
        """How many comparisons there are."""
        return len(self._pairs)

    def variables(self, c: int) -> Sequence[int]:
        """Return the variables that a comparison depends on."""
        return self._variables[self._pairs[c]]

    def at(self, points: np.ndarray) -> np.ndarray:
        """Return the differences at points of shape (P, n), shape (P, count)."""
        values = Machine(self._program, points).values
        found = np.empty((len(points), self.count))
        with np.errstate(all="ignore"):
            for c, (line, *other) in enumerate(self._pairs):
                found[:, c] = values[line] - values[other[0]] if other else values[line]
        return found

    def ties(
        self, start: np.ndarray, j: int, limits: np.ndarray
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return where each comparison ties as one coordinate moves, and where it is closest to it.

        Those that are found first divide the line for a second look: the middle of a narrow band
        lies between its ends.
        """
        low, high = limits
        share = np.linspace(0.0, 1.0, _STEPS + 1)
        grid = np.clip(low * (1 - share) + high * share, low, high)
        inside = (low <= self._constants) & (self._constants <= high)
        grid = np.unique(np.concatenate([grid, self._constants[inside]]))
        found: list[np.ndarray] = []
        for _ in range(2):
            found = self._changes(start, j, grid)
            grid = np.unique(np.concatenate([grid, *found]))
        closest = np.nan_to_num(np.abs(self._on_line(start, j, grid)), nan=np.inf).argmin(axis=0)
        return found, grid[closest]

    def _on_line(self, start: np.ndarray, j: int, x: np.ndarray) -> np.ndarray:
        points = np.tile(start, (len(x), 1))
        points[:, j] = x
        return self.at(points)

    def _changes(self, start: np.ndarray, j: int, grid: np.ndarray) -> list[np.ndarray]:
        """Return the grid's exact ties, and both doubles round each change of sign between two."""
        signs = np.sign(self._on_line(start, j, grid))
        steps, columns = np.nonzero(signs[1:] * signs[:-1] < 0)
        low, high = grid[steps], grid[steps + 1]
        before = signs[steps, columns]
        for _ in range(_HALVINGS):
            middle = low / 2 + high / 2
            left = (low < middle) & (middle < high)
            if not left.any():
                break
            here = np.sign(self._on_line(start, j, middle)[np.arange(len(middle)), columns])
            same = here == before
            low, high = np.where(left & same, middle, low), np.where(left & ~same, middle, high)
        ends = np.stack([low, high], axis=1)
        return [
            np.unique(np.concatenate([grid[signs[:, c] == 0], ends[columns == c].ravel()]))
            for c in range(self.count)
        ]


def _on_line(
    start: np.ndarray, j: int, thresholds: np.ndarray, box: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return points at thresholds of one coordinate, beside them, and between each and the next."""
    step = _step(thresholds, box[j])
    found = [thresholds, thresholds - step, thresholds + step]
    for low, high in pairwise([box[j, 0], *thresholds, box[j, 1]]):
        share = rng.random(_BETWEEN)
        found.append(low * (1 - share) + high * share)
    x = np.concatenate(found)
    points = np.tile(start, (len(x), 1))
    points[:, j] = x
    return points


def _step(thresholds: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return how far beside each threshold of a coordinate another point lies."""
    half = limits[1] / 2 - limits[0] / 2
    return np.asarray(_BESIDE * np.where(thresholds == 0, half, np.abs(thresholds)))


def _some(values: Sequence[Any], most: int, rng: np.random.Generator) -> list[Any]:
    """Return the values, or so many of them, in their order."""
    if len(values) <= most:
        return list(values)
    return [values[i] for i in np.sort(rng.choice(len(values), most, replace=False)).tolist()]
