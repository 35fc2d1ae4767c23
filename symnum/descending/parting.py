"""Where a path parts from the exact one, by how much, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from symnum.descending.slopes import Rule, exact_slope, step_at
from symnum.differences.schemes import Scheme
from symnum.differences.sweep import sweep
from symnum.errors import SymnumError
from symnum.formula.formula import Formula

PARTED = 2.0**-26
"""Paths have parted where half the digits of a double are gone: of x, or of the way so far."""

_EPSILON = 2.0**-52
_PARTS = ("truncation", "step_rounding", "evaluation", "arithmetic")
_NOISE = 64  # ulps: a gradient that is no farther off than this is as good as doubles make it


@dataclass(frozen=True)
class Parting:
    """How one path stands to the exact one.

    Parameters
    ----------
    step : int or None
        The first step at which they have parted; None where they never do.
    distance : float
        How far apart they are there; at the end where they never part.
    final : float
        How far apart they are at the last step that both have.
    reason : str
        A word: `rounding` (x + h == x, the step is lost), `truncation`, `noise` (f is rounded),
        `recurrence` (x - rate g is rounded), `gradient` (it is another one); empty where they
        don't part.
    cause_at : int or None
        The step whose gradient is to blame.
    exact, given : float
        The exact partial derivative there, and the one that was followed.
    variable : str
        By which variable.
    lost_from : int or None
        The first step at which x + h == x in every variable.
    h : float
        The scheme's step there; NaN without a scheme.

    Examples
    --------
    >>> import symnum as sn
    >>> parting = sn.compare("x**2", 1.0, ["forward@1e-2"]).partings[0]
    >>> parting.step, parting.reason, parting.exact, round(parting.given, 9)
    (1, 'truncation', 2.0, 2.01)
    """

    step: int | None
    distance: float
    final: float
    reason: str = ""
    cause_at: int | None = None
    exact: float = np.nan
    given: float = np.nan
    variable: str = ""
    lost_from: int | None = None
    h: float = np.nan


def part(
    formula: Formula,
    rule: Rule,
    function: Callable[..., Any] | None,
    path: np.ndarray,
    gradients: np.ndarray,
    reference: np.ndarray,
) -> Parting:
    """Hold one path, shape (steps + 1, n), against the exact one."""
    length = min(len(path), len(reference))
    there, exact = path[:length], reference[:length]
    with np.errstate(all="ignore"):
        known = np.isfinite(exact).all(axis=-1)
        gap = np.where(known, np.abs(there - exact).max(axis=-1), 0.0)
        way = np.maximum.accumulate(np.where(known, np.abs(exact - exact[0]).max(axis=-1), 0.0))
        scale = np.maximum(way, np.where(known, np.abs(exact).max(axis=-1), 0.0))
        # written so that a NaN of the path, where the exact one has a number, is a parting
        parted = known & ~(gap <= PARTED * scale)
        both = np.flatnonzero(known & np.isfinite(gap))
    final = float(gap[both[-1]]) if both.size else np.nan
    lost = _lost(rule.scheme, there)
    if not parted.any():
        return Parting(None, final, final, lost_from=lost)
    step = int(np.argmax(parted))
    found = _blame(formula, there[:step], gradients[:step], scale[:step])
    if found is None:
        return Parting(step, float(gap[step]), final, "recurrence", lost_from=lost)
    k, variable, wanted, given = found
    h = np.nan
    reason = "gradient"
    if rule.scheme is not None:
        h = float(step_at(rule.scheme, there[k]))
        reason = _largest_part(formula, function, rule.scheme, there[k], variable, h)
        if lost is not None and reason == "noise":
            reason = "rounding"  # it begins in f, and ends with x + h == x
    elif rule.is_exact:
        reason = "noise"
    name = formula.variables[variable]
    return Parting(step, float(gap[step]), final, reason, k, wanted, given, name, lost, h)


def _blame(
    formula: Formula, path: np.ndarray, gradients: np.ndarray, scale: np.ndarray
) -> tuple[int, int, float, float] | None:
    """Return the step and variable of the worst gradient, the exact partial and the one given."""
    slope = exact_slope(formula)
    with np.errstate(all="ignore"):
        exact = np.empty_like(path)
        for i, partial in enumerate(slope(*path.T)):
            exact[:, i] = partial
        error = np.abs(gradients - exact)
        worth = error / np.where(scale > 0, scale, 1.0)[:, None]
    worth = np.where(np.isfinite(exact), np.where(np.isnan(worth), np.inf, worth), 0.0)
    k, variable = np.unravel_index(int(np.argmax(worth)), worth.shape)
    wanted, given = float(exact[k, variable]), float(gradients[k, variable])
    if abs(given - wanted) <= _NOISE * _EPSILON * float(np.abs(exact[k]).max()):
        return None
    return int(k), int(variable), wanted, given


def _largest_part(
    formula: Formula,
    function: Callable[..., Any] | None,
    scheme: Scheme,
    point: np.ndarray,
    variable: int,
    h: float,
) -> str:
    """Return which part of a scheme's error is largest at a point, as the reason's word."""
    at = point[0] if len(point) == 1 else point
    try:
        run = sweep(formula, at, scheme, [h], function=function).runs[0]
    except SymnumError:
        return "gradient"
    sizes = {name: abs(float(getattr(run, name)[0, variable, 0])) for name in _PARTS}
    known = {name: size for name, size in sizes.items() if np.isfinite(size)}
    if not known:
        return "gradient"
    largest = max(known, key=lambda name: known[name])
    words = {"truncation": "truncation", "evaluation": "noise"}
    return words.get(largest, "rounding")


def _lost(scheme: Scheme | None, path: np.ndarray) -> int | None:
    """Return the first step at which x + h == x and x - h == x in every variable."""
    if scheme is None or scheme.is_complex:
        return None
    with np.errstate(all="ignore"):
        h = step_at(scheme, path.T)[:, None] * float(scheme.reach)
        lost = ((path + h == path) & (path - h == path) & np.isfinite(path)).all(axis=-1)
    return int(np.argmax(lost)) if lost.any() else None
