"""Whether a claimed derivative, integrated over an interval, gives what f really gains there.

A slope of f as computed, at a point, can be that of a single step of an adaptive solver, or of one
cell of a rounded table: another than the slope that f has on the whole. The integral of the claim
knows nothing of such steps, and has no truncation: only the two ends of f enter.
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

    def fits(self, error: float, share: float) -> bool:
        """Say whether the claim is off by less than a share of what its relative error predicts."""
        apart = np.abs(self.gained - self.claimed).sum()
        size = max(np.abs(self.gained).sum(), np.abs(self.claimed).sum())
        return bool(apart <= share * error * size)


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
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    edges = np.linspace(low, high, _PANELS + 1)
    claimed = np.zeros(_PANELS)
    with np.errstate(all="ignore"):
        for panel, (start, end) in enumerate(pairwise(edges)):
            for node, weight in zip(nodes, weights, strict=True):
                moved = point.copy()
                moved[j] = (start + end) / 2 + (end - start) / 2 * node
                value = candidate(moved).value
                if value is None:
                    return None
                claimed[panel] += weight * (end - start) / 2 * float(value[component])
        at_edges = []
        for edge in edges:
            moved = point.copy()
            moved[j] = edge
            at_edges.append(float(np.ravel(f(moved))[output]))
        gained = np.diff(at_edges)
    if not (np.isfinite(gained).all() and np.isfinite(claimed).all()):
        return None
    return Gain(low, high, gained, claimed)
