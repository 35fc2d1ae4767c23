"""Masked arrays, in which entries are missing, recognized without loading `numpy.ma`."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def is_masked(value: Any) -> bool:
    """Say whether entries of somebody's array are masked: none is where nobody loaded `numpy.ma`.

    Parameters
    ----------
    value : object
        What their code returned.
    """
    return "numpy.ma" in sys.modules and bool(np.ma.is_masked(value))
