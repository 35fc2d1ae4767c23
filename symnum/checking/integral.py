"""Whether a claimed derivative, integrated over an interval, gives what f really gains there.

A slope of f as computed, at a point, can be that of a single step of an adaptive solver, or of one
cell of a table: another than the slope that f has on the whole. The integral of the claim knows
nothing of such steps, and has no truncation: only the two ends of f enter.

Whether f is made of such pieces shows without any claim: its slopes at points then don't tell what
it gains between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from symnum.checking.claim import Candidate

_PANELS = 8
_NODES = 8
# Into how many parts an interval is cut; the cells of a table may be as wide as an eighth.
PARTS = (8, 4, 2)
# Nodes of an integral between neighbouring points.
_FEW_NODES = 4
# Slopes that are interpolated at once; the integral between two of them is exact to third degree.
_STENCIL = 4
# Of what slopes say of f's gains and f doesn't show, so much more is f's own than is the rule's.
_BEYOND = 4.0
# Pieces that end in about so many places are few.
_PLACES = 4.0
# An interval of so many times the usual width is a gap.
_GAP = 4.0
# A claim that fits so much better by one factor is off by that factor.
_FACTOR = 3.0


@dataclass(frozen=True)
class Gain:
    """What f gains along one variable, and what a claimed derivative says it does.

    Parameters
    ----------
    low, high : float
        The interval of the variable.
    gained : float64 array, shape (8,)
        f at the end minus f at the beginning of each eighth of the interval.
    claimed : float64 array, shape (8,)
        The integral of the claim over each.
    """

    low: float
    high: float
    gained: np.ndarray
    claimed: np.ndarray

    def fits(self, error: float, share: float, *, in_parts: int = _PANELS) -> bool:
        """Say whether the claim is off by less than a share of what its relative error predicts.

        Parameters
        ----------
        error : float
            The claim's relative error at points.
        share : float
            How much of it the integral may be off by.
        in_parts : int
            Into how many parts the interval is cut: 8, 4 or 2. Pieces of f that are as wide as the
            parts are no longer even in them.
        """
        gained = self.gained.reshape(in_parts, -1).sum(axis=1)
        claimed = self.claimed.reshape(in_parts, -1).sum(axis=1)
        apart = np.abs(gained - claimed).sum()
        size = max(np.abs(gained).sum(), np.abs(claimed).sum())
        return bool(apart <= share * error * size)


def fits(
    over: Gain, exact: np.ndarray, given: np.ndarray, share: float, parts: tuple[int, ...]
) -> bool:
    """Say whether a claim fits f over an interval better than at points of it.

    Parameters
    ----------
    over : Gain
        The interval.
    exact, given : float64 arrays, shape (P,)
        f's slopes at the points and the claim there.
    share : float
        Less than this share of what the claim's error at the points predicts is a fit.
    parts : tuple of int
        The cuts of the interval, of which one must show it.
    """
    size = np.fmax(np.abs(exact), np.abs(given)).sum()
    error = float(np.abs(given - exact).sum() / size) if size > 0 else 0.0
    return any(over.fits(error, share, in_parts=n) for n in parts)


def gain(
    f: Callable[[np.ndarray], Any],
    candidate: Candidate,
    point: np.ndarray,
    component: int,
    low: float,
    high: float,
) -> Gain | None:
    """Integrate component k of a claim along its variable; None where something isn't finite.

    Parameters
    ----------
    f : callable
        The function, of an array of shape (n,).
    candidate : Candidate
        Somebody's derivative.
    point : float64 array, shape (n,)
        Where the other variables stay.
    component : int
        Which entry of the derivative, flat; its variable is the last index.
    low, high : float
        The interval.
    """
    output, j = divmod(component, len(point))

    def moved(t: float) -> np.ndarray:
        there = point.copy()
        there[j] = t
        return there

    def claim(t: float) -> float | None:
        value = candidate(moved(t)).value
        return None if value is None else float(value[component])

    edges = np.linspace(low, high, _PANELS + 1).tolist()
    with np.errstate(all="ignore"):
        claimed = np.array([_integral(claim, *panel, _NODES) for panel in pairwise(edges)])
        gained = np.diff([float(np.ravel(f(moved(edge)))[output]) for edge in edges])
    if not (np.isfinite(gained).all() and np.isfinite(claimed).all()):
        return None
    return Gain(low, high, gained, claimed)


@dataclass(frozen=True)
class Pieces:
    """What f gains between neighbouring points of a line, and what slopes at these points say.

    Parameters
    ----------
    missed : float
        By how much the integrals of f's own slopes miss its gains, in all.
    blurred : float
        By how much the same rule misses the integrals of the claim, of which more is known.
    apart : float
        The integral of |claim - f's slope|.
    gained : float
        What f gains and loses, in all.
    largest : float
        The largest part of `missed` between two points.
    is_factor : bool
        Whether the claim times one factor fits the gains far better.
    """

    missed: float
    blurred: float
    apart: float
    gained: float
    largest: float
    is_factor: bool

    @property
    def share(self) -> float:
        """What the claim differs by, as a share of what f gains and loses."""
        return self.apart / self.gained if self.gained > 0 else np.inf

    def are_rough(self, share: float) -> bool:
        """Say whether f's own slopes miss its gains by this share of what a claim differs by.

        They miss them between points that are too far apart, too, but then a claim's values don't
        tell its integral any better.
        """
        return self.missed >= max(share * self.apart, _BEYOND * self.blurred)

    @property
    def are_few(self) -> bool:
        """Whether f's pieces end in few places, as a solver's steps do, and not all along."""
        return self.largest >= self.missed / _PLACES


def pieces(
    f: Callable[[float], float],
    claim: Callable[[float], float | None],
    t: np.ndarray,
    slopes: np.ndarray,
    where: np.ndarray,
) -> Pieces | None:
    """Compare slopes at points of a line with what f gains between them.

    Parameters
    ----------
    f, claim : callable
        The function and somebody's derivative along the line.
    t, slopes : float64 arrays, shape (P,)
        The points, increasing, and the slope of f that was measured at each.
    where : bool array, shape (P,)
        The points that matter: intervals with one of them at an end are looked at.

    Returns
    -------
    Pieces or None
        None where there are too few points, or something isn't finite.
    """
    if len(t) < _STENCIL:
        return None
    widths = np.diff(t)
    widest = _GAP * np.median(widths)  # where points are missing in between, slopes tell little
    looked = [i for i in np.flatnonzero(widths <= widest).tolist() if where[i] or where[i + 1]]
    values = np.array([f(s) for s in t.tolist()])
    given = np.array([np.nan if (v := claim(s)) is None else v for s in t.tolist()])
    error = np.abs(given - slopes)
    rows = []
    for i in looked:
        start, end = float(t[i]), float(t[i + 1])
        near = slice(first := min(max(i - 1, 0), len(t) - _STENCIL), first + _STENCIL)
        rows.append(
            (
                values[i + 1] - values[i],
                _integral(claim, start, end, _FEW_NODES),
                _interpolated(t[near], slopes[near], start, end),
                _interpolated(t[near], given[near], start, end),
                (end - start) * (error[i] + error[i + 1]) / 2,
            )
        )
    table = np.array(rows).reshape(-1, 5)
    if not np.isfinite(table).all():
        return None
    gained, claimed, own, of_claim, apart = table.T
    factor = float(np.dot(gained, claimed)) / (float(np.dot(claimed, claimed)) or 1.0)
    missed = np.abs(gained - own)
    off, fitted = np.abs(gained - claimed).sum(), np.abs(gained - factor * claimed).sum()
    return Pieces(
        float(missed.sum()),
        float(np.abs(claimed - of_claim).sum()),
        float(apart.sum()),
        float(np.abs(gained).sum()),
        float(missed.max(initial=0.0)),
        bool(_FACTOR * fitted < off),
    )


def _integral(
    claim: Callable[[float], float | None], start: float, end: float, count: int
) -> float:
    """Integrate a claim by Gauss and Legendre's rule; NaN where it has no value."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    half = (end - start) / 2
    values = [claim((start + end) / 2 + half * node) for node in nodes.tolist()]
    known = [np.nan if value is None else value for value in values]
    return half * float(np.dot(weights, known))


def _interpolated(t: np.ndarray, values: np.ndarray, start: float, end: float) -> float:
    """Integrate the polynomial through four points between two of them."""
    width = end - start
    if not width > 0 or not np.isfinite(values).all():
        return np.nan
    u = (t - start) / width
    try:
        coefficients = np.linalg.solve(np.vander(u, increasing=True), values)
    except np.linalg.LinAlgError:  # two of the points are one
        return np.nan
    return width * float(np.dot(coefficients, 1 / np.arange(1, len(t) + 1)))
