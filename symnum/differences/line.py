"""A callable along a line, phi(t) = f(x + t v): every evaluation is remembered and counted."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symnum.differences.limits import shown
from symnum.errors import DomainError, UsageError
from symnum.formula.masked import is_masked

# Half the distance from 1 to the next double: what rounding does to a number of size 1.
ROUNDOFF = 2.0**-53


class OutOfTime(Exception):
    """The time that was given is over before the answer is there."""


class Line:
    """Evaluates f on the line through x along v, with memory.

    Parameters
    ----------
    function : callable
        Takes a float or an array of shape (n,), a fresh one at every call.
    x : float64 array, shape (n,)
        The point.
    v : float64 array, shape (n,)
        The direction.
    is_scalar : bool
        Whether the function takes a float.
    deadline : float
        When `time.monotonic()` passes it, no further call is made.

    Attributes
    ----------
    raised : str
        What the function raised, first, where that is more than a number out of its domain.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        x: np.ndarray,
        v: np.ndarray,
        is_scalar: bool,
        deadline: float = math.inf,
    ) -> None:
        self.x, self.v = x, v
        self.evaluations = 0
        self.raised = ""
        self.shape: tuple[int, ...] | None = None
        self._function = function
        self._is_scalar = is_scalar
        self._deadline = deadline
        self._known: dict[float, np.ndarray] = {}
        self._known_complex: dict[complex, np.ndarray | None] = {}
        self._second: np.ndarray | None = None

    def scale(self) -> float:
        """Return how far the point is from 0, measured in t; 0 where it is at 0."""
        moved = self.v != 0
        return float(np.max(np.abs(self.x[moved])) / np.max(np.abs(self.v[moved])))

    def node(self, t: float) -> np.ndarray:
        """Return x + t v as the machine computes it."""
        with np.errstate(all="ignore"):
            return self.x + t * self.v

    def at(self, t: float) -> np.ndarray:
        """Return f's outputs, flat, at x + t v; NaN where f has no value."""
        found = self._known.get(t)
        if found is None:
            found = self._known[t] = self._evaluate(self.node(t))
        return found

    def seen(self) -> tuple[np.ndarray, ...]:
        """Return f's outputs at all real points that were asked so far."""
        return tuple(self._known.values())

    def beside(self, point: np.ndarray) -> np.ndarray:
        """Return f's outputs, flat, at a point that need not lie on the line."""
        return self._evaluate(point)

    def again(self) -> np.ndarray:
        """Return f at x from a second call, which all outputs share."""
        if self._second is None:
            self._second = self._evaluate(self.x.copy())
        return self._second

    def complex_at(self, t: complex) -> np.ndarray | None:
        """Return f at x + t v for a complex t; None where f doesn't take complex numbers."""
        if t not in self._known_complex:
            self._known_complex[t] = self._evaluate_complex(t)
        return self._known_complex[t]

    def _evaluate_complex(self, t: complex) -> np.ndarray | None:
        with np.errstate(all="ignore"):
            # The real part moves as a real node does; i t v is added to it exactly.
            point = self.node(t.real) + 1j * (t.imag * self.v)
        self._count()
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                # An imaginary part that is cut off is a refusal, not a warning.
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                raw = self._function(complex(point[0]) if self._is_scalar else point)
                result = np.asarray(raw)
        except Exception:  # whatever it is, this code is not for complex numbers
            return None
        if is_masked(raw):
            return None
        if result.dtype.kind != "c" or (self.shape is not None and result.shape != self.shape):
            return None
        return result.reshape(-1).astype(np.complex128)

    def _count(self) -> None:
        if time.monotonic() > self._deadline:
            raise OutOfTime
        self.evaluations += 1

    def _evaluate(self, point: np.ndarray) -> np.ndarray:
        self._count()
        if not np.isfinite(point).all():
            return self._nothing()
        try:
            with np.errstate(all="ignore"):
                raw = self._function(float(point[0]) if self._is_scalar else point)
                result = np.asarray(raw)
        except (ArithmeticError, ValueError):
            return self._nothing()  # outside the function's domain
        except OutOfTime:
            raise
        except Exception as error:
            msg = f"the function raised {type(error).__name__}: {error} at {self._shown(point)}"
            if not self._known:
                raise UsageError(msg) from error
            # It answered before: a solver that does not converge has no value there.
            self.raised = self.raised or msg
            return self._nothing()
        if is_masked(raw):
            msg = (
                f"the function returned a masked array, in which entries are missing, at "
                f"{self._shown(point)}; a number or an array of numbers is expected: "
                "return .filled(np.nan) where it has no value"
            )
            raise UsageError(msg)
        values = self._read(result, point)
        if self.shape is None:
            self.shape = result.shape
        elif result.shape != self.shape:
            if result.size == 1 and math.prod(self.shape) == 1:
                return values
            msg = (
                f"the function returned an array of shape {result.shape} at {self._shown(point)}, "
                f"and one of shape {self.shape} at another point; always the same is expected"
            )
            raise UsageError(msg)
        return values

    def _read(self, result: np.ndarray, point: np.ndarray) -> np.ndarray:
        """Return a result as flat doubles."""
        if result.dtype.kind == "c":
            msg = (
                f"the function returned complex numbers at the real point {self._shown(point)}; "
                "real ones are expected: return the real part, or differentiate the parts alone"
            )
            raise UsageError(msg)
        if result.dtype.kind in "fiub":
            return result.reshape(-1).astype(np.float64)
        try:
            if not result.size or result.dtype.kind in "mM" or no_number(result):
                raise TypeError
            return np.array([float(item) for item in result.reshape(-1)])
        except (TypeError, ValueError, OverflowError):
            kind = (
                f"a {type(result[()]).__name__}"
                if result.ndim == 0
                else f"an array of dtype {result.dtype}"
            )
            msg = (
                f"the function returned {kind} at {self._shown(point)}; "
                "a number or an array of numbers is expected"
            )
            raise UsageError(msg) from None

    def _nothing(self) -> np.ndarray:
        return np.full(1 if self.shape is None else math.prod(self.shape), np.nan)

    def _shown(self, point: np.ndarray) -> str:
        return f"x = {shown(point[0].item() if self._is_scalar else point.tolist())}"


def no_number(array: np.ndarray) -> str:
    """Say what there is in place of numbers that could be read as some; empty where there isn't.

    float() reads "1.5" as 1.5, and NumPy None as NaN.
    """
    if array.dtype.kind in "SU":
        return f"text ({array.dtype})"
    if array.dtype.kind == "O":
        for entry in array.flat:
            if entry is None:
                return "None"
            if isinstance(entry, (str, bytes, bytearray)):
                return f"text (a {type(entry).__name__})"
    return ""


def read_point(at: object) -> tuple[np.ndarray, bool]:
    """Return a point as an array of shape (n,), and whether it was given as a number."""
    if is_masked(at):
        msg = f"at is a masked array, in which entries are missing: {shown(at)}; give them numbers"
        raise UsageError(msg)
    if isinstance(at, Mapping):
        msg = (
            f"at is a dict, {shown(at)}; a number or an array of shape (n,) is expected: put its "
            "arrays one after the other with np.concatenate, and take them apart again in f"
        )
        raise UsageError(msg)
    try:
        point = np.array(at)
    except (TypeError, ValueError):
        point = np.array(None)
    if point.dtype.kind not in "iufb" or point.ndim > 1 or point.size == 0:
        msg = (
            f"at is a number or an array of shape (n,), {shown(at)} was given; "
            "several points: call once for each"
        )
        raise UsageError(msg)
    point = point.astype(np.float64)
    if not np.isfinite(point).all():
        msg = f"at holds numbers that are not finite: {shown(at)}; a finite point is expected"
        raise DomainError(msg)
    return point.reshape(-1), point.ndim == 0


def read_direction(direction: object, n: int) -> np.ndarray:
    """Return a direction as an array of shape (n,) that is not zero."""
    try:
        v = np.array(direction)
    except (TypeError, ValueError):
        v = np.array(None)
    if v.dtype.kind not in "iufb" or v.reshape(-1).shape != (n,):
        msg = f"a direction is an array of shape ({n},), {shown(direction)} was given"
        raise UsageError(msg)
    v = v.reshape(-1).astype(np.float64)
    if not np.isfinite(v).all():
        msg = f"a direction's entries are finite, {shown(direction)} was given"
        raise UsageError(msg)
    if not v.any():
        msg = "the direction has zero length, so nothing moves along it; give one that isn't 0"
        raise UsageError(msg)
    return v
