"""In which precision a gradient was computed: seen from its dtypes, or from how it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from symnum.nets.verdict import NetworkCause

Arrays = dict[str, np.ndarray]

_DOUBLE = 2.0**-53
# A move of the parameters that single precision sees.
_SEEN = 2.0**-10


@dataclass(frozen=True)
class Precision:
    """A floating-point precision.

    Parameters
    ----------
    unit : float
        Half the distance from 1 to the next number.
    words : str
        What is said of a gradient in it.
    cause : NetworkCause or None
        What it is the cause of; None for double.
    least : float
        Half the smallest number above 0, which is lost of entries that underflow.
    """

    unit: float
    words: str = ""
    cause: NetworkCause | None = None
    least: float = 0.0

    @property
    def factor(self) -> float:
        """How many times as coarsely it rounds as double precision."""
        return self.unit / _DOUBLE


DOUBLE = Precision(_DOUBLE)
SINGLE = Precision(2.0**-24, "the gradient has the dtype float32", NetworkCause.FLOAT32, 2.0**-150)
HALF = Precision(2.0**-11, "the gradient has the dtype float16", NetworkCause.FLOAT16, 2.0**-25)
SINGLE_INSIDE = Precision(
    2.0**-24,
    "it is computed in single precision and returned as float64",
    NetworkCause.FLOAT32,
    2.0**-150,
)


def of_dtypes(dtypes: Iterable[np.dtype[Any]]) -> Precision:
    """Return the lowest precision among the dtypes of a gradient's arrays."""
    found = set(dtypes)
    if np.dtype(np.float16) in found:
        return HALF
    return SINGLE if np.dtype(np.float32) in found else DOUBLE


def is_single_inside(at: Callable[[Arrays], Arrays], params: Arrays, given: Arrays) -> bool:
    """Say whether a float64 gradient was computed in single precision.

    All of its numbers are those of float32; or its answer stays the same to the last digit when the
    parameters are rounded to float32, and not when they move by more.

    Parameters
    ----------
    at : callable
        Asks for the gradient at other parameters.
    params, given : dict of arrays
        The parameters, and the gradient there.
    """
    if not any(array.any() for array in given.values()):
        return False
    with np.errstate(all="ignore"):
        if all(np.array_equal(_rounded(array), array) for array in given.values()):
            return True
        rounded = {name: _rounded(array) for name, array in params.items()}
        if _same(rounded, params) or not _same(at(rounded), given):
            return False
        return not _same(at({k: v * (1.0 + _SEEN) for k, v in params.items()}), given)


def _rounded(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32).astype(np.float64)


def _same(one: Arrays, other: Arrays) -> bool:
    return all(name in one and np.array_equal(one[name], other[name]) for name in other)
