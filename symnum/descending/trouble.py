"""What a path ran into: the end of the doubles, the edge of the domain, a kink, a pole."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from symnum.differences.crossing import Searcher
from symnum.formula.formula import Formula
from symnum.formula.status import Status

_MOST_STEPS = 1_000
"""Steps of a path that are searched for poles."""

_PLACE = 2.0**-38  # of a step: a pole's place is known to that

_FINE = frozenset({Status.CERTIFIED, Status.ZERO})
_BARRIERS = frozenset({Status.POLE, Status.JUMP, Status.UNDEFINED})


@dataclass(frozen=True, eq=False)
class Trouble:
    """Why numbers end at a step, or what was jumped over on the way to it.

    Parameters
    ----------
    step : int
        The step.
    what : str
        `overflow` (x, f or its exact gradient is beyond the doubles), `followed` (the gradient that
        was followed isn't finite, the exact one is), `value` (f as computed isn't finite, f is),
        `unknown`; or the status of f or of its gradient there: `kink`, `jump`, `pole`, `edge`,
        `undefined`, `removable`.
    point : float64 array, shape (n,)
        Where.
    of : str
        `f`, or `gradient`: whose status it is.
    given, exact : float
        What was computed, and what is exact; NaN where there is no such number.
    variable : str
        By which variable, for a gradient.
    """

    step: int
    what: str
    point: np.ndarray
    of: str = "f"
    given: float = math.nan
    exact: float = math.nan
    variable: str = ""


def trouble_at(
    formula: Formula,
    path: np.ndarray,
    values: np.ndarray,
    gradients: np.ndarray,
    step: int | None,
) -> Trouble | None:
    """Return what is the matter at the first step with a number that isn't finite."""
    if step is None:
        return None
    point = path[step]
    if np.isnan(point).any():
        return Trouble(step, "unknown", point)
    if not np.isfinite(point).all():
        return Trouble(step, "overflow", point)
    f = formula.certify(point[None])
    if f.status[0, 0] not in _FINE:
        return Trouble(step, str(f.status[0, 0]), point)
    slope = formula.gradient().certify(point[None])
    singular = [i for i, status in enumerate(slope.status[0]) if status not in _FINE]
    if singular:
        i = singular[0]
        return Trouble(
            step, str(slope.status[0, i]), point, "gradient", variable=formula.variables[i]
        )
    if np.isinf(f.hi[0, 0]) or np.isinf(slope.hi[0]).any():
        return Trouble(step, "overflow", point)
    lost = np.flatnonzero(~np.isfinite(gradients[step]))
    if lost.size:
        i = int(lost[0])
        given, exact = float(gradients[step, i]), float(slope.hi[0, i])
        name = formula.variables[i]
        return Trouble(step, "followed", point, "gradient", given, exact, name)
    return Trouble(step, "value", point, "f", float(values[step]), float(f.hi[0, 0]))


def status_at(formula: Formula, point: np.ndarray) -> str:
    """Return what keeps f from having a gradient at a point, in a word; empty where it has one.

    `unbounded` is a gradient without bounds where f has a value, as that of sqrt(x) at 0.
    """
    if not np.isfinite(point).all():
        return ""
    status = formula.certify(point[None]).status[0, 0]
    if status not in _FINE:
        return str(status)
    found = formula.gradient().certify(point[None]).status[0]
    word = next((str(status) for status in found if status not in _FINE), "")
    return "unbounded" if word == "pole" else word


def crossed(formula: Formula, path: np.ndarray) -> Trouble | None:
    """Return the first pole, jump or gap that a path of one variable jumped over."""
    if path.shape[-1] != 1:
        return None
    searcher = Searcher(formula.program, formula.entries[0].line, 0)
    for k, (a, b) in enumerate(zip(path[:-1, 0], path[1:, 0], strict=True)):
        if k == _MOST_STEPS or not (math.isfinite(a) and math.isfinite(b)):
            return None
        if a == b:
            continue
        side = searcher.search([float(a)], [abs(float(b) - float(a))], 1)[int(b > a)]
        if side.status in _BARRIERS:
            place = roundest(a + math.copysign(side.distance, b - a), abs(b - a) * _PLACE)
            return Trouble(k + 1, str(side.status), np.array([place]))
    return None


def roundest(place: float, within: float) -> float:
    """Return the number of fewest digits near a place: it is known to so much only."""
    if abs(place) <= within:
        return 0.0
    rounded = (float(f"{place:.{digits}g}") for digits in range(1, 17))
    return next((number for number in rounded if abs(number - place) <= within), place)
