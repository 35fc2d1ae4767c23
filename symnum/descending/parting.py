"""Where a path parts from the exact one, by how much, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symnum.descending.slopes import Rule, step_at
from symnum.descending.truth import exact_gradients, exact_values, rounding_bounds
from symnum.differences.adapter import adapt
from symnum.differences.schemes import Scheme
from symnum.differences.sweep import sweep
from symnum.errors import SymnumError
from symnum.formula.formula import Formula

PARTED = 2.0**-26
"""Paths have parted where half the digits of a double are gone: of x, or of the way so far."""

_EPSILON = 2.0**-52
_PARTS = ("truncation", "step_rounding", "evaluation", "arithmetic")
_OTHER = 2.0**-20  # relative: a function that is farther off the formula isn't its float32 form
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
        How far apart they are at the last step at which both are finite.
    reason : str
        A word: `rounding` (of x + h and of the differences of f, in the end x + h == x),
        `truncation`, `noise` (f is rounded), `recurrence` (x - rate g is rounded), `gradient` (the
        one given is off by more than rounding explains), `function` (the one given is not the
        formula), `unknown` (no exact gradient on the way); empty where they don't part.
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
    final_at : int or None
        The step of `final`.
    known_to : int
        The last step at which the exact path is certified; -1 where none is.
    values : tuple of float
        Where the reason is `function`: what it returned at that step, and what the formula is.

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
    final_at: int | None = None
    known_to: int = -1
    values: tuple[float, float] = (np.nan, np.nan)


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
    final_at = int(both[-1]) if both.size else None
    final = float(gap[final_at]) if final_at is not None else np.nan
    certified = np.flatnonzero(~np.isnan(reference).any(axis=-1))
    known_to = int(certified[-1]) if certified.size else -1
    found = Parting(
        None,
        final,
        final,
        lost_from=_lost(rule.scheme, there),
        final_at=final_at,
        known_to=known_to,
    )
    if not parted.any():
        return found
    step = int(np.argmax(parted))
    found = replace(found, step=step, distance=float(gap[step]))
    blamed = _blame(formula, there[:step], gradients[:step], scale[:step])
    if isinstance(blamed, str):
        return replace(found, reason=blamed)
    k, variable, wanted, given = blamed
    found = replace(
        found, cause_at=k, exact=wanted, given=given, variable=formula.variables[variable]
    )
    if rule.scheme is None:
        reason = "noise" if rule.is_exact else _own_reason(formula, there[k], variable, found)
        return replace(found, reason=reason)
    h = float(step_at(rule.scheme, there[k]))
    reason, values = _scheme_reason(formula, function, rule.scheme, there[k], variable, h)
    if found.lost_from is not None and reason == "noise":
        reason = "rounding"  # it begins in f, and ends with x + h == x
    return replace(found, reason=reason, h=h, values=values)


def _blame(
    formula: Formula, path: np.ndarray, gradients: np.ndarray, scale: np.ndarray
) -> tuple[int, int, float, float] | str:
    """Return the step and variable of the worst gradient, the exact partial and the one given.

    Where all are right to rounding, or none is known, it is the reason's word.
    """
    exact = exact_gradients(formula, path)
    if np.isnan(exact).all():
        return "unknown"
    with np.errstate(all="ignore"):
        error = np.abs(gradients - exact)
        worth = error / np.where(scale > 0, scale, 1.0)[:, None]
    worth = np.where(np.isfinite(exact), np.where(np.isnan(worth), np.inf, worth), 0.0)
    k, variable = np.unravel_index(int(np.argmax(worth)), worth.shape)
    wanted, given = float(exact[k, variable]), float(gradients[k, variable])
    if abs(given - wanted) <= _NOISE * _EPSILON * float(np.nanmax(np.abs(exact[k]))):
        return "unknown" if np.isnan(exact).any() else "recurrence"
    return int(k), int(variable), wanted, given


def _own_reason(formula: Formula, point: np.ndarray, variable: int, found: Parting) -> str:
    """Return `noise` where rounding of the formula in float64 explains somebody's gradient."""
    bound = rounding_bounds(formula, point[None])[0, variable]
    return "noise" if abs(found.given - found.exact) <= bound else "gradient"


def _scheme_reason(
    formula: Formula,
    function: Callable[..., Any] | None,
    scheme: Scheme,
    point: np.ndarray,
    variable: int,
    h: float,
) -> tuple[str, tuple[float, float]]:
    """Return why a scheme is off, and the values of a function that isn't the formula."""
    nothing = (np.nan, np.nan)
    reason = _largest_part(formula, function, scheme, point, variable, h)
    if reason != "noise" or function is None:
        return reason, nothing
    given = float(adapt(function, formula.variables, ())(list(point[:, None]))[0][0])
    exact = float(exact_values(formula, point[None])[0])
    rounding = float(rounding_bounds(formula, point[None], value=True)[0, 0])
    size = max(abs(exact), abs(given)) if np.isfinite(given) else np.inf
    # neither the rounding of float32 nor that of the formula as it is written makes as much
    is_other = abs(given - exact) > max(_OTHER * size, rounding * 2.0**30)
    return ("function", (given, exact)) if is_other else ("noise", nothing)


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
