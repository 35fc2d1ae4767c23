"""Exact: certified values as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Exact:
    """Certified values of a formula at one or many points.

    The truth lies within `radius` of `hi + lo`, added without rounding. All arrays have the shape
    of the points followed by that of the formula; one point of a scalar formula gives scalars.

    Parameters
    ----------
    hi : float64 array
        The double nearest the truth; NaN where there is no value.
    lo : float64 array
        What `hi` leaves over, to within `radius`.
    radius : float64 array
        Bound on what `hi + lo` leaves over; infinite where the truth is beyond the doubles.
    status : object array of Status
        What is known, entry by entry.
    left, right : float64 array
        One-sided derivatives (of a formula's own value: one-sided limits) where the status is
        `kink`, `jump` or `edge`; NaN elsewhere.

    Examples
    --------
    >>> import symnum
    >>> exact = symnum.Formula("x**2").derivative().exact([1.0, 3.0])
    >>> exact.hi.tolist()
    [2.0, 6.0]
    """

    hi: Any
    lo: Any
    radius: Any
    status: Any
    left: Any
    right: Any

    def reshape(self, *shape: int) -> Exact:
        """Return the same values in another shape."""
        return Exact(*(np.reshape(np.asarray(field), shape) for field in self.fields()))

    def fields(self) -> tuple[Any, ...]:
        """Return `hi, lo, radius, status, left, right`."""
        return (self.hi, self.lo, self.radius, self.status, self.left, self.right)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Exact):
            return NotImplemented
        return all(_same(a, b) for a, b in zip(self.fields(), other.fields(), strict=True))

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equality without a hash


def _same(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
