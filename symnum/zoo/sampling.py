"""Points inside a problem's box and precondition, drawn from a seeded generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from symnum.errors import LimitError, UsageError
from symnum.formula.formula import Formula

if TYPE_CHECKING:
    from symnum.zoo.problem import Problem, Side

_BATCH = 256
_BATCHES = 2_000
# An open side: magnitudes from 2^-30 to 2^30, about 1e-9 to 1e9.
_BITS = 30
# A side that spans this much is drawn logarithmically.
_WIDE = 100.0


def sample(problem: Problem, count: int, seed: int) -> np.ndarray:
    """Return points of a problem; see `Problem.sample`."""
    for name, value in (("count", count), ("seed", seed)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
            msg = f"{name} is {value!r}; it must be an integer from 0 on"
            raise UsageError(msg)
    box = problem.box or {}
    sides = [box.get(variable, (None, None)) for variable in problem.variables]
    formula = problem.formula()
    condition = problem.precondition or "0 == 0"
    inside = Formula(f"where({condition}, 1, 0)", variables=problem.variables)
    generator = np.random.default_rng(seed)
    found: list[np.ndarray] = []
    total = 0
    # Whole batches are drawn and then filtered, so that a longer sample starts like a shorter one.
    for _ in range(_BATCHES):
        if total >= count:
            break
        drawn = [_draw(side, generator) for side in sides]
        points = np.stack(drawn, axis=-1) if len(sides) > 1 else drawn[0]
        with np.errstate(all="ignore"):
            values = np.reshape(formula(points), (_BATCH, -1))
            good = np.isfinite(values).all(axis=1) & (inside(points) == 1)
        found.append(points[good])
        total += int(good.sum())
    if total < count:
        msg = (
            f"{problem.name}: of {_BATCH * _BATCHES} points of the box only {total} satisfy "
            f"the precondition {condition!r}; {count} were asked for"
        )
        raise LimitError(msg)
    shape = () if len(sides) == 1 else (len(sides),)
    return np.concatenate([np.empty((0, *shape)), *found])[:count]


def _draw(side: Side, generator: np.random.Generator) -> np.ndarray:
    """Draw one batch of values of one variable."""
    low, high = side
    if low is not None and high is not None:
        if low > 0 and high / low >= _WIDE:
            logarithms = generator.uniform(np.log(low), np.log(high), _BATCH)
            return _within(np.exp(logarithms), low, high)
        if high < 0 and low / high >= _WIDE:
            return -_draw((-high, -low), generator)
        return _within(generator.uniform(low, high, _BATCH), low, high)
    size = np.exp2(generator.uniform(-_BITS, _BITS, _BATCH))
    if low is not None:
        return low + size
    if high is not None:
        return high - size
    return np.copysign(size, generator.uniform(-1.0, 1.0, _BATCH))


def _within(values: np.ndarray, low: float, high: float) -> np.ndarray:
    # The generator rounds, and so does exp: neither may leave the box.
    inside: np.ndarray = np.minimum(np.maximum(values, low), high)
    return inside
