"""Sweep: approximations and their errors at every step, as data; and `sweep()`, which makes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.differences.schemes import Scheme, central
from symnum.formula.exact import Exact

if TYPE_CHECKING:
    from symnum.formula.formula import Formula


class StepStatus(StrEnum):
    """What is known about one approximation; each equals its lower-case word."""

    CERTIFIED = "certified"
    """f is smooth across the stencil, and all four parts of the error are certified."""
    KINK = "kink"
    """The stencil reaches across a kink of f."""
    JUMP = "jump"
    """The stencil reaches across a jump of f."""
    POLE = "pole"
    """The stencil reaches across a point where f is unbounded."""
    EDGE = "edge"
    """The stencil leaves the domain of f."""
    UNDEFINED = "undefined"
    """There is no exact derivative at the point, or no approximation to compare with it."""
    UNDECIDED = "undecided"
    """Nothing was proven about f across the stencil."""
    NONANALYTIC = "nonanalytic"
    """The complex step meets an operation without an analytic continuation (abs, max, where)."""


@dataclass(frozen=True)
class Component:
    """One partial derivative: which output with respect to which variable."""

    output: int
    variable: str


@dataclass(frozen=True, eq=False)
class Run:
    """One scheme's approximations over points (P), components (C) and steps (H).

    Parameters
    ----------
    scheme : Scheme
        The finite-difference rule.
    h, approximation, error : float64 array, shape (P, C, H)
        Steps, approximations, and `approximation - exact`, signed.
    truncation, step_rounding, evaluation, arithmetic : float64 array, shape (P, C, H)
        The four parts of the error, signed. NaN where the exact value doesn't exist or the sweep
        was made with `decompose=False`.
    radius : float64 array, shape (P, C, H)
        The parts add up to the error within this.
    status : object array of StepStatus, shape (P, C, H)
        What is known about each entry.
    crossing : float64 array, shape (P, C)
        Distance from the point at which f stops being smooth; infinite if no stencil gets there.
    observed_order, noise_ulps : float64 array, shape (P, C)
        Slope of the truncation part against h; rounding noise of f in units in the last place.
    best_h, best_error, predicted_h, predicted_error : float64 array, shape (P, C)
        The best step found with its robust floor, and the best step that theory predicts.
    """

    scheme: Scheme
    h: np.ndarray
    approximation: np.ndarray
    error: np.ndarray
    truncation: np.ndarray
    step_rounding: np.ndarray
    evaluation: np.ndarray
    arithmetic: np.ndarray
    radius: np.ndarray
    status: np.ndarray
    crossing: np.ndarray
    observed_order: np.ndarray
    noise_ulps: np.ndarray
    best_h: np.ndarray
    best_error: np.ndarray
    predicted_h: np.ndarray
    predicted_error: np.ndarray

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run):
            return NotImplemented
        return self.scheme == other.scheme and all(
            _same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)[1:]
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equality without a hash


@dataclass(frozen=True, eq=False)
class Sweep:
    """The errors of finite differences over step sizes, points and components: data, no opinions.

    Parameters
    ----------
    formula : tuple of str
        The formula's text, one entry an output.
    variables : tuple of str
        The variables' names, in order.
    points : float64 array, shape (P, n)
        The points.
    components : tuple of Component
        The partial derivatives, C of them.
    exact : Exact
        Certified derivatives, arrays of shape (P, C).
    runs : tuple of Run
        One entry a scheme.
    derivative_order : int
        Which derivative.
    function : str or None
        Name of the user's function, where one was evaluated in place of the compiled formula.
    environment : dict
        Versions of what computed it.
    """

    formula: tuple[str, ...]
    variables: tuple[str, ...]
    points: np.ndarray
    components: tuple[Component, ...]
    exact: Exact
    runs: tuple[Run, ...]
    derivative_order: int = 1
    function: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sweep):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equality without a hash

    def __str__(self) -> str:
        from symnum.report.text import sweep_text

        return sweep_text(self)

    def to_json(self) -> str:
        """Return the sweep as a JSON document (see the reference for its schema)."""
        from symnum.report.json import sweep_to_json

        return sweep_to_json(self)

    @classmethod
    def from_json(cls, text: str) -> Sweep:
        """Return the Sweep that a JSON document of `to_json` holds."""
        from symnum.report.json import sweep_from_json

        return sweep_from_json(text)

    def to_csv(self, path: str | PathLike[str] | None = None) -> str:
        """Return the sweep as CSV text, one row a step; write it to `path` where one is given."""
        from symnum.report.csv import sweep_to_csv

        return sweep_to_csv(self, path)

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame, one row a step."""
        from symnum.report.csv import sweep_to_dataframe

        return sweep_to_dataframe(self)

    def plot(self, path_or_ax: Any) -> Any:
        """Draw error against h into a file (SVG, PNG, PDF by its name) or into Matplotlib axes."""
        from symnum.report.plots import plot_sweep

        return plot_sweep(self, path_or_ax)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return bool(a == b)
