"""Sweep: approximations and their errors at every step, as data; and `sweep()`, which makes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from os import PathLike
from typing import Any

import numpy as np

from symnum.differences.adapter import adapt
from symnum.differences.approximate import Evaluate, approximate, combine, node_values
from symnum.differences.budget import Line, as_ball, prepare, split
from symnum.differences.crossing import Crossing, Searcher
from symnum.differences.schemes import Scheme, central, parse_scheme
from symnum.differences.summary import summarise
from symnum.errors import DomainError, UsageError
from symnum.formula.certify import NAN
from symnum.formula.exact import Exact
from symnum.formula.formula import Formula, as_doubles
from symnum.formula.status import Status
from symnum.version import environment


class StepStatus(StrEnum):
    """What is known about one approximation; each equals its lower-case word.

    Examples
    --------
    >>> import symnum as sn
    >>> run = sn.sweep("abs(x)", at=1.0, h=[0.5, 2.0]).runs[0]
    >>> [str(status) for status in run.status[0, 0]]
    ['certified', 'kink']
    """

    CERTIFIED = "certified"
    """f is smooth across the stencil, and all four parts of the error are certified."""
    KINK = "kink"
    """The stencil reaches across a kink of f."""
    JUMP = "jump"
    """The stencil reaches across a jump of f."""
    POLE = "pole"
    """The stencil reaches across a point where f or its derivative is unbounded."""
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
    """One partial derivative.

    Parameters
    ----------
    output : int
        Which output, counted from 0.
    variable : str
        The variable it is differentiated by.

    Examples
    --------
    >>> import symnum as sn
    >>> sn.sweep("x*y", at=[1.0, 2.0], h=0.1).components[1]
    Component(output=0, variable='y')
    """

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

    Examples
    --------
    >>> import symnum as sn
    >>> run = sn.sweep("sin(x)", at=1.0).runs[0]
    >>> run.scheme.label, run.error.shape, round(float(run.observed_order[0, 0]))
    ('central:2', (1, 1, 61), 2)
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

    Examples
    --------
    >>> import symnum as sn
    >>> s = sn.sweep("0.01*x**2 + 0.1*x", at=[5.0, 10.0])
    >>> s.exact.hi.ravel().tolist()
    [0.2, 0.3]
    >>> sn.Sweep.from_json(s.to_json()) == s
    True
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


# --- making a sweep ------------------------------------------------------------------------------

_DEFAULT_STEPS = 61
_LEAST_SCALE = 2.0**-1000
_PARTS = ("error", "truncation", "step_rounding", "evaluation", "arithmetic", "radius")
_SUMMARY = (
    "observed_order",
    "noise_ulps",
    "best_h",
    "best_error",
    "predicted_h",
    "predicted_error",
)
_SMOOTH = frozenset({Status.CERTIFIED, Status.ZERO, Status.REMOVABLE})


def sweep(
    f: Formula | Any,
    at: Any,
    scheme: Scheme | str | Sequence[Scheme | str] = central(),  # noqa: B008 - frozen
    h: Any = None,
    function: Callable[..., Any] | None = None,
    decompose: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Sweep:
    """Measure the error of finite differences at every step size, and split it into its parts.

    Parameters
    ----------
    f : Formula, or whatever a Formula is made from
        The function.
    at : array_like or mapping
        Points: any shape for one variable, (..., n) for several, or arrays by name.
    scheme : Scheme, str, or a list of them
        What to measure. All must approximate the same derivative order.
    h : array_like, optional
        Steps, positive. Default: 61, logarithmic, from 1e-15 s to s, where s is the power of two
        nearest |x| (1 at 0). A scheme with a step of its own keeps it.
    function : callable, optional
        Evaluated in place of the compiled formula: its noise is then what shows.
    decompose : bool
        Whether to split the errors; without it only the float64 part is computed.
    progress : callable, optional
        Called with the number of points finished since the last call.

    Returns
    -------
    Sweep
        Arrays of shape (points, components, steps).

    Raises
    ------
    UsageError
        Shapes, names, steps or schemes don't fit.
    DomainError
        A point is not finite.

    Notes
    -----
    The same scheme is evaluated in float64 and in balls, on rounded and on exact nodes, so
    approximation - exact = truncation + step rounding + evaluation + arithmetic holds exactly.

    Examples
    --------
    >>> import symnum as sn
    >>> s = sn.sweep("0.01*x**2 + 0.1*x", at=5.0, h=1e-4)
    >>> float(s.runs[0].approximation[0, 0, 0])
    0.1999999999990898
    >>> float(s.runs[0].truncation[0, 0, 0])
    0.0
    """
    if function is not None and not callable(function):
        msg = f"function must be callable; this is a {type(function).__name__}"
        raise UsageError(msg)
    formula = f if isinstance(f, Formula) else Formula(f)
    schemes = _read_schemes(scheme)
    points = _read_points(formula, at)
    steps = _read_steps(h)
    order = schemes[0].derivative_order
    engine = _Engine(formula, points, order, function, decompose)
    exact = engine.exact(progress)
    runs = tuple(engine.run(one, steps, exact) for one in schemes)
    name = None if function is None else getattr(function, "__qualname__", type(function).__name__)
    components = tuple(
        Component(output, variable)
        for output in range(len(formula.program.outputs))
        for variable in formula.variables
    )
    return Sweep(
        formula.texts,
        formula.variables,
        points,
        components,
        exact,
        runs,
        order,
        name,
        environment(),
    )


def default_steps(x: np.ndarray) -> np.ndarray:
    """Return the default steps for each x, on a new last axis of length 61."""
    scale = np.ones_like(x)
    nonzero = x != 0
    scale[nonzero] = np.exp2(np.minimum(np.round(np.log2(np.abs(x[nonzero]))), 1023))
    # Short of underflow: the smallest step must not be 0.
    scale = np.maximum(scale, _LEAST_SCALE)
    return np.asarray(scale[..., None] * np.logspace(-15, 0, _DEFAULT_STEPS))


class _Engine:
    """One formula at one set of points: what all runs of a sweep share."""

    def __init__(
        self,
        formula: Formula,
        points: np.ndarray,
        derivative_order: int,
        function: Callable[..., Any] | None,
        decompose: bool,
    ) -> None:
        self.formula = formula
        self.points = points
        self.order = derivative_order
        self.user = function is not None
        self.decompose = decompose
        self.outputs = len(formula.program.outputs)
        self.evaluate: Evaluate = (
            formula.compiled()
            if function is None
            else adapt(function, formula.variables, formula.shape)
        )
        self.complex_evaluate: Evaluate = (
            formula.compiled(complex_step=True) if function is None else self.evaluate
        )
        self.slopes = [formula.derivative(v, derivative_order) for v in formula.variables]
        self._lines: dict[tuple[int, int], Line] = {}
        self._searchers: dict[tuple[int, int], Searcher] = {}

    def exact(self, progress: Callable[[int], None] | None) -> Exact:
        """Certify the derivatives, arrays of shape (P, C)."""
        found = [slope.certify(self.points) for slope in self.slopes]
        fields = [
            np.stack([np.asarray(e.fields()[k]) for e in found], axis=-1).reshape(
                len(self.points), -1
            )
            for k in range(6)
        ]
        if progress is not None:
            progress(len(self.points))
        return Exact(*fields)

    def run(self, scheme: Scheme, steps: np.ndarray | None, exact: Exact) -> Run:
        """Run one scheme over all points, components and steps."""
        count, n = self.points.shape
        if scheme.h is not None:
            h = np.full((count, n, 1), scheme.h)
        elif steps is not None:
            h = np.broadcast_to(steps, (count, n, len(steps)))
        else:
            h = default_steps(self.points)
        length = h.shape[-1]
        shape = (count, self.outputs * n, length)
        arrays = {name: np.full(shape, NAN) for name in ("approximation", *_PARTS)}
        summaries = {name: np.full(shape[:2], NAN) for name in _SUMMARY}
        status = np.full(shape, StepStatus.UNDECIDED, dtype=object)
        crossing = np.full(shape[:2], math.inf)
        full_h = np.ascontiguousarray(np.tile(h, (1, self.outputs, 1)))
        for variable in range(n):
            places = np.arange(self.outputs) * n + variable
            arrays["approximation"][:, places] = approximate(
                self.complex_evaluate if scheme.is_complex else self.evaluate,
                self.outputs,
                self.points,
                variable,
                scheme,
                h[:, variable],
            )
        with np.errstate(invalid="ignore", over="ignore"):  # an approximation may be infinite
            arrays["error"][:] = arrays["approximation"] - exact.hi[..., None]
            arrays["error"] -= np.where(np.isfinite(exact.lo), exact.lo, 0.0)[..., None]
        for p in range(count):
            for variable in range(n):
                for output in range(self.outputs):
                    c = output * n + variable
                    row = {name: array[p, c] for name, array in arrays.items()}
                    one = _Row(self, scheme, p, output, variable, h[p, variable], row, exact)
                    crossing[p, c] = one.mark(status[p, c])
                    for name, value in one.fill(status[p, c], crossing[p, c]).items():
                        summaries[name][p, c] = value
        return Run(scheme, full_h, status=status, crossing=crossing, **arrays, **summaries)

    def line(self, output: int, variable: int) -> Line:
        """Return an output along a variable, prepared for splitting."""
        key = (output, variable)
        if key not in self._lines:
            slope = self.slopes[variable]
            program = self.formula.program
            self._lines[key] = prepare(
                program,
                program.outputs[output],
                slope.program,
                slope.program.outputs[output],
                variable,
            )
        return self._lines[key]

    def crossings(
        self,
        output: int,
        variable: int,
        point: Sequence[float],
        radii: Sequence[float],
        derivatives: int,
    ) -> tuple[Crossing, Crossing]:
        """Return how far an output stays smooth to the left and to the right."""
        key = (output, variable)
        if key not in self._searchers:
            program = self.formula.program
            self._searchers[key] = Searcher(program, program.outputs[output], variable)
        return self._searchers[key].search(point, radii, derivatives)


@dataclass(frozen=True)
class _Row:
    """One point and component of one run."""

    engine: _Engine
    scheme: Scheme
    point: int
    output: int
    variable: int
    h: np.ndarray
    arrays: dict[str, np.ndarray]
    exact: Exact

    @property
    def component(self) -> int:
        return self.output * len(self.engine.formula.variables) + self.variable

    def mark(self, status: np.ndarray) -> float:
        """Set each entry's status from the point and the stencil's surroundings."""
        here = self.exact.status[self.point, self.component]
        finite = np.isfinite(self.arrays["approximation"])
        if here not in _SMOOTH:
            same = StepStatus.__members__.get(here.name, StepStatus.UNDECIDED)
            status[:] = same
            return 0.0 if here in {Status.KINK, Status.JUMP, Status.POLE, Status.EDGE} else math.inf
        status[finite] = StepStatus.CERTIFIED
        status[~finite] = StepStatus.UNDEFINED
        if self.scheme.is_complex:
            line = self.engine.line(self.output, self.variable)
            if line.complex_function is None:
                status[:] = StepStatus.NONANALYTIC
            return math.inf
        if not self.engine.decompose:
            return math.inf
        offsets = [float(offset) for offset in self.scheme.offsets]
        reaches = (max(0.0, -offsets[0]) * self.h, max(0.0, offsets[-1]) * self.h)
        radii = sorted(
            {float(r) for reach in reaches for r in reach if r > 0.0 and math.isfinite(r)}
        )
        point = self.engine.points[self.point].tolist()
        smooth = self.scheme.exact_degree + 1
        sides = self.engine.crossings(self.output, self.variable, point, radii, smooth)
        nearest = math.inf
        for reach, side in zip(reaches, sides, strict=True):
            if side.status is None or not reach.any():
                continue
            crossed = StepStatus.__members__.get(side.status.name, StepStatus.UNDECIDED)
            status[reach > side.distance] = crossed
            nearest = min(nearest, side.distance)
        return nearest

    def fill(self, status: np.ndarray, crossing: float) -> dict[str, float]:
        """Split the errors of the row, and return its summary."""
        engine, scheme, c = self.engine, self.scheme, self.component
        here = self.exact.status[self.point, c]
        row = self.arrays
        noise: list[float] = []
        offs: list[float] = []
        vanishes = True
        values = np.full((1,), NAN)
        if engine.decompose and here in _SMOOTH and StepStatus.NONANALYTIC not in status:
            line = engine.line(self.output, self.variable)
            point = engine.points[self.point].tolist()
            columns = [np.array([x]) for x in point]
            evaluate = engine.complex_evaluate if scheme.is_complex else engine.evaluate
            all_values = node_values(
                evaluate, engine.outputs, columns, self.variable, scheme, self.h
            )
            row["approximation"][:] = combine(scheme, all_values, self.h)[self.output]
            values = all_values[self.output]
            truth = (
                None
                if here is Status.CERTIFIED
                else as_ball(*(float(field[self.point, c]) for field in self.exact.fields()[:3]))
            )
            for k, h in enumerate(self.h.tolist()):
                parts = split(
                    line,
                    scheme,
                    point,
                    h,
                    values[:, k].tolist(),
                    float(row["approximation"][k]),
                    truth,
                )
                if parts is None:
                    if status[k] is StepStatus.CERTIFIED:
                        status[k] = StepStatus.UNDECIDED
                    continue
                for name in _PARTS:
                    row[name][k] = getattr(parts, name)
                if status[k] is StepStatus.CERTIFIED:
                    vanishes = vanishes and parts.vanishes
                noise += parts.noise
                offs += parts.off
        elif here not in _SMOOTH:
            row["error"][:] = NAN
        usable = status == StepStatus.CERTIFIED
        known = [n for n in noise if math.isfinite(n)]
        ulps = math.sqrt(sum(n * n for n in known) / len(known)) if known else NAN
        middle = np.abs(values[np.isfinite(values)])
        summary = summarise(
            scheme,
            self.h,
            row["error"],
            row["truncation"],
            row["step_rounding"],
            usable,
            ulps,
            np.array(offs),
            float(np.median(middle)) if middle.size else NAN,
            float(self.exact.hi[self.point, c]),
            vanishes,
            crossing / float(scheme.reach),
        )
        return {name: getattr(summary, name) for name in _SUMMARY}


def _read_schemes(scheme: Any) -> list[Scheme]:
    many = list(scheme) if isinstance(scheme, (list, tuple)) else [scheme]
    schemes = [parse_scheme(one) if isinstance(one, str) else one for one in many]
    if not schemes:
        msg = "no scheme was given; give one, such as 'central:4'"
        raise UsageError(msg)
    wrong = [one for one in schemes if not isinstance(one, Scheme)]
    if wrong:
        msg = f"a scheme is a Scheme or its text; this is a {type(wrong[0]).__name__}"
        raise UsageError(msg)
    orders = {one.derivative_order for one in schemes}
    if len(orders) > 1:
        found = ", ".join(map(str, sorted(orders)))
        msg = f"the schemes approximate derivative orders {found}; sweep each order alone"
        raise UsageError(msg)
    return schemes


def _read_points(formula: Formula, at: Any) -> np.ndarray:
    if not formula.variables:
        msg = "the formula has no variables, so there is nothing to differentiate by"
        raise UsageError(msg)
    points = formula.points(at)
    if not len(points):
        msg = "there are no points"
        raise DomainError(msg)
    return points


def _read_steps(h: Any) -> np.ndarray | None:
    if h is None:
        return None
    steps = as_doubles(h, "h").reshape(-1)
    bad = steps[~(np.isfinite(steps) & (steps > 0))]
    if bad.size or not steps.size:
        given = f"{bad[0]} was given" if bad.size else "none was given"
        msg = f"steps must be finite and positive; {given}"
        raise UsageError(msg)
    return steps
