"""Code as a function of a flat array, whose calls are counted."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from symnum.checking.claim import Candidate


class Counted:
    """Code as a function of a flat array, real or complex; NaN where it raises.

    Parameters
    ----------
    code : Candidate
        The code.
    """

    def __init__(self, code: Candidate) -> None:
        self._code = code
        self.calls = 0

    def __call__(self, x: np.ndarray) -> Any:
        """Call the code. At a complex point whatever it raises is passed on."""
        self.calls += 1
        if np.iscomplexobj(x):
            return self._code.complex(x)
        found = self._code.raw(x)
        shape = self._code.shape
        if isinstance(found, str) or found.size != prod(shape):
            return np.full(shape, np.nan)
        return found.reshape(shape)
