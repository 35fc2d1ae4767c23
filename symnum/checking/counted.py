"""Code as a function of a flat array, whose calls are counted."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from symnum.checking.claim import RAISES, Candidate


class Counted:
    """Code as a function of a flat array, real or complex; NaN where it raises.

    Parameters
    ----------
    code : Candidate
        The code.
    limits : float64 array, shape (n, 2), optional
        It is not called outside of these, and NaN there.
    """

    def __init__(self, code: Candidate, limits: np.ndarray | None = None) -> None:
        self._code = code
        self._limits = limits
        self.calls = 0
        self._raised = 0
        self._exception = ""

    def __call__(self, x: np.ndarray) -> Any:
        """Call the code. At a complex point whatever it raises is passed on."""
        if self._limits is not None and self._leaves(np.real(x), self._limits):
            return np.full(self._code.shape, np.nan)
        self.calls += 1
        if np.iscomplexobj(x):
            return self._code.complex(x)
        found = self._code.raw(x)
        shape = self._code.shape
        if isinstance(found, str) and found.startswith(RAISES):
            self._raised += 1
            self._exception = self._exception or found
        if isinstance(found, str) or found.size != prod(shape):
            return np.full(shape, np.nan)
        return found.reshape(shape)

    def raised(self) -> str:
        """Say how often the code raised, where it was called; empty where it never did."""
        if not self._raised:
            return ""
        times = f"in {self._raised} of {self.calls} calls beside the points"
        return f"f could not be evaluated {times}, which were left out: {self._exception}"

    @staticmethod
    def _leaves(x: np.ndarray, limits: np.ndarray) -> bool:
        return bool(np.any(x < limits[:, 0]) or np.any(x > limits[:, 1]))
