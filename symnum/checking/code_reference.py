"""What a derivative of code is held against, where the code has no formula.

The code itself, run on ball duals, certifies its derivative; where it can't be run on them, its own
values at well chosen steps give a numerical derivative with an error bar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symnum.checking.claim import Candidate, Form
from symnum.checking.reference import Truth
from symnum.formula.duals import CodeReference, Kind
from symnum.formula.formula import Formula

# Runs of the user's code on ball duals cost about a millisecond for a few variables.
_POINTS = 1000
_FEWEST = 50

_KINDS = {
    Form.FLOAT: Kind.FLOAT,
    Form.ARRAY: Kind.ARRAY,
    Form.FLOATS: Kind.FLOATS,
    Form.DICT: Kind.DICT,
    Form.NAMED: Kind.DICT,
}


def code_reference(
    code: Candidate, variables: tuple[str, ...], derivative_order: int, probes: np.ndarray
) -> DualReference:
    """Return the best reference for code: the first that knows its derivative at a probe."""
    duals = DualReference(code, variables, derivative_order)
    if duals.at(probes).known.any():
        return duals
    return duals


class DualReference:
    """The derivative of code, certified by running it on ball duals.

    Parameters
    ----------
    code : Candidate
        The code of f.
    variables : tuple of str
        The variables' names.
    derivative_order : int
        1, or 2 for a Hessian.
    """

    label = "certified, by running f on balls"

    def __init__(self, code: Candidate, variables: tuple[str, ...], derivative_order: int) -> None:
        self.variables = variables
        self.most_points = max(_FEWEST, _POINTS // len(variables))
        self.shape = code.shape + (len(variables),) * derivative_order
        self.formula: Formula | None = None
        self.derivative: Formula | None = None
        shapes = () if code.layout is None else code.layout.shapes
        self._code = CodeReference(
            _called_plainly(code), len(variables), _KINDS[code.form], shapes, derivative_order
        )

    @property
    def reason(self) -> str:
        """Why the last point that isn't certified is not."""
        return self._code.reason

    def at(self, points: np.ndarray) -> Truth:
        """Return the truth at points of shape (P, n)."""
        found = self._code.at(points)
        return Truth(points, found.exact, found.bound, found.hull, found.known)

    def certified(self, points: np.ndarray) -> np.ndarray:
        """Return the nearest doubles of the derivative, shape (P, K); NaN where there is none."""
        return self._code.certified(points)

    def pairs(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the derivative as sums of two doubles, each of shape (P, K)."""
        found = self._code.certify(points)
        return np.asarray(found.hi), np.asarray(found.lo)

    def statuses(self, points: np.ndarray) -> np.ndarray:
        """Return what there is at each point, a Status, shape (P, K)."""
        return np.asarray(self._code.certify(points).status)


def _called_plainly(code: Candidate) -> Callable[..., Any]:
    """Return the code as a function of one argument where it takes arrays by name."""
    if code.form is not Form.NAMED:
        return code.function
    return lambda arrays: code.function(**arrays)
