"""What a picture of a function shows, as data: curves, surfaces, gradient fields, exact slopes.

Everything is computed here, and nothing is drawn: `report/functions.py` draws it. Curves, surfaces
and contours are float64 values; every slope, partial derivative and error comes from the certified
derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symnum.differences.schemes import Scheme, backward, forward, parse_scheme
from symnum.differences.sweep import sweep
from symnum.errors import DomainError, UsageError
from symnum.formula.formula import Formula, as_doubles
from symnum.formula.ranges import DEFAULT_RANGE
from symnum.formula.status import Status

KINDS = ("curve", "surface", "contour", "field")
"""What can be drawn."""

LARGEST = 1e300
"""What is drawn lies within plus and minus this, so that margins stay inside the doubles."""

# Samples in each variable: enough that a curve is smooth in print, that a surface's wires can be
# told apart, that contours have no corners, and that arrows don't overlap.
_SAMPLES = {"curve": 1201, "surface": 49, "contour": 161, "field": 18}
_MOST_SAMPLES = {"curve": 100_000, "surface": 400, "contour": 2_000, "field": 100}
_BACKDROP = 161  # samples in each variable of the contours behind a field
_MOST_MARKS = 12  # that a legend has room for
# A curve's step counts as a break only if halving its interval down to neighbouring doubles leaves
# at least this part of it; a continuous one is left with next to nothing.
_LEFT_OF_A_JUMP = 0.3
# Steps above this part of the curve's height are seen, so it is asked whether they are jumps.
_VISIBLE = 1e-3
# Where |f| has a pole it grows by at least this part as much from one distance to the next, a
# logarithm's all the time by as much; towards a cusp it grows by less and less.
_STILL_GROWING = 0.9
_ULPS_FROM_A_POLE = 8  # nearer to it the distance itself is rounded
# Towards a pole each step of |f| is larger than the one before by more than this.
_STEEPER = 1.2
# An interval with a break may hold more of them: it is sampled again, so often, unless so many
# intervals have one that nobody could tell them apart.
_SAMPLED_AGAIN = 41
_MOST_AGAIN = 250
_HALVINGS = 1100  # from the largest double down to neighbours: never more
# Between samples f is asked once more, at places that no wave keeps step with: what differs from
# the line through the samples by this part of the height is missed.
_MISSED = 0.1
_MOST_OF_IT = (2, 98)  # percentiles between which the height is measured: a pole is no height
_SMALL = 2.0**-8  # times this, sums of doubles stay among the doubles
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, eq=False)
class Axis:
    """A variable and where it runs.

    Parameters
    ----------
    name : str
        The variable, as the user calls it.
    low, high : float
        The ends.
    count : int
        How many samples, both ends included.
    """

    name: str
    low: float
    high: float
    count: int

    def samples(self, count: int | None = None) -> np.ndarray:
        """Return evenly spaced values, both ends included."""
        return np.linspace(self.low, self.high, self.count if count is None else count)


@dataclass(frozen=True, eq=False)
class Mark:
    """A marked point with the exact partial derivatives there.

    Parameters
    ----------
    point : tuple of float
        One value a variable.
    value : float
        The certified f there; NaN where it has none.
    partials : tuple of float
        The doubles nearest the exact partial derivatives; NaN where there is none.
    statuses : tuple of Status
        What is known about each partial derivative.
    """

    point: tuple[float, ...]
    value: float
    partials: tuple[float, ...]
    statuses: tuple[Status, ...]


@dataclass(frozen=True, eq=False)
class Secant:
    """The line through (x, f(x)) and (x + h, f(x + h)), with the slope that float64 gives.

    Parameters
    ----------
    x, h : float
        Where it starts and how far it reaches; h is negative to the left.
    value : float
        The certified f(x).
    slope : float
        (f(x + h) - f(x)) / h in float64.
    error : float
        The slope minus the exact derivative at x, signed; NaN where there is none.
    """

    x: float
    h: float
    value: float
    slope: float
    error: float


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of one variable over a range.

    Parameters
    ----------
    formula : str
        Its text.
    axis : Axis
        The variable.
    x, y : float64 array
        The curve in order of x; y is NaN in gaps: where f is undefined, and at poles and jumps.
    breaks : tuple of float
        Where it jumps or has a pole.
    tangents, marks : tuple of Mark
        Where the exact tangent is drawn, and where only a point.
    secants : tuple of Secant
        The secants.
    infinite : int
        At how many of the axis's samples float64 gives infinity, poles between finite values aside.
    missed : bool array, shape (axis.count - 1,), optional
        Between which of the axis's samples f is far from the line through them.
    """

    formula: str
    axis: Axis
    x: np.ndarray
    y: np.ndarray
    breaks: tuple[float, ...]
    tangents: tuple[Mark, ...] = ()
    secants: tuple[Secant, ...] = ()
    marks: tuple[Mark, ...] = ()
    infinite: int = 0
    missed: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Surface:
    """A function of two variables over a rectangle.

    Parameters
    ----------
    formula : str
        Its text.
    axes : (Axis, Axis)
        The variables.
    x, y : float64 array
        Samples of the first and the second variable.
    z : float64 array, shape (len(y), len(x))
        Values; NaN where f has no finite one.
    marks : tuple of Mark
        Marked points.
    infinite : int
        At how many samples float64 gives infinity.
    missed : bool array, shape (len(y) - 1, len(x) - 1), optional
        In which cells of the grid f is far from what the samples at the corners say.
    """

    formula: str
    axes: tuple[Axis, Axis]
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    marks: tuple[Mark, ...] = ()
    infinite: int = 0
    missed: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Field:
    """The exact gradient on a grid, and the error of a numerical one.

    Parameters
    ----------
    backdrop : Surface
        Values for the contours behind the arrows, with the marked points.
    points : float64 array, shape (P, 2)
        Where the arrows start.
    gradient : float64 array, shape (P, 2)
        The doubles nearest the exact gradient; NaN where there is none.
    minus : bool
        Whether the arrows shall point along minus the gradient.
    scheme : str or None
        Label of the numerical gradient's scheme.
    error : float64 array, shape (P,), or None
        Length of the difference of the numerical and the exact gradient.
    """

    backdrop: Surface
    points: np.ndarray
    gradient: np.ndarray
    minus: bool = False
    scheme: str | None = None
    error: np.ndarray | None = None


def picture(
    formula: Formula,
    kind: str | None = None,
    ranges: Any = None,
    tangents: Any = (),
    secants: Any = (),
    at: Any = (),
    scheme: Scheme | str | None = None,
    minus: bool = False,
) -> tuple[str, Curve | Surface | Field]:
    """Return the kind of a picture and what it shows; the parameters are `Formula.plot`'s."""
    kind = _kind_of(formula, kind, scheme)
    axes = _axes(formula.variables, ranges, kind)
    if kind != "curve":
        for name, given in (("a tangent", tangents), ("a secant", secants)):
            if np.size(np.asarray(given, dtype=object)):
                msg = (
                    f"{name} is drawn on a curve, in one variable; mark the point (at) to see its "
                    f"exact partial derivatives"
                )
                raise UsageError(msg)
    if kind != "field" and (scheme is not None or minus):
        what = "the error of a scheme" if scheme is not None else "minus the gradient"
        msg = f"{what} is shown by a field, in two variables; the kind is {kind}"
        raise UsageError(msg)
    if kind == "curve":
        return kind, curve(formula, axes[0], tangents, secants, at)
    if kind == "field":
        return kind, field(formula, (axes[0], axes[1]), at, scheme, minus)
    return kind, surface(formula, (axes[0], axes[1]), at)


def curve(
    formula: Formula, axis: Axis, tangents: Any = (), secants: Any = (), at: Any = ()
) -> Curve:
    """Sample a function of one variable, with gaps where it is undefined, jumps or has a pole."""
    samples = axis.samples()
    with np.errstate(all="ignore"):
        values = np.asarray(formula(samples))
    infinite = np.isinf(values)
    values = np.where(np.isfinite(values), values, np.nan)
    x, y, breaks = _sampled_twice(formula, samples, values)
    lines = _secants(formula, secants)
    marks = (marks_at(formula, tangents), marks_at(formula, at))
    _check_number(len(lines) + len(marks[0]) + len(marks[1]))
    beside = np.append(infinite[1:], False) | np.append(False, infinite[:-1])
    count = int((infinite & beside).sum())
    missed = _missed_on_curve(formula, samples, values)
    return Curve(formula.texts[0], axis, x, y, breaks, marks[0], lines, marks[1], count, missed)


def surface(formula: Formula, axes: tuple[Axis, Axis], at: Any = ()) -> Surface:
    """Sample a function of two variables on a grid."""
    return _surface(formula, axes, axes[0].samples(), axes[1].samples(), at)


def field(
    formula: Formula,
    axes: tuple[Axis, Axis],
    at: Any = (),
    scheme: Scheme | str | None = None,
    minus: bool = False,
) -> Field:
    """Certify the gradient on a grid, and measure the error of a numerical one."""
    rule = None if scheme is None else _one_step(scheme)
    fine = [axis.samples(max(_BACKDROP, axis.count)) for axis in axes]
    backdrop = _surface(formula, axes, fine[0], fine[1], at)
    columns = np.meshgrid(axes[0].samples(), axes[1].samples(), indexing="ij")
    points = np.column_stack([column.ravel() for column in columns])
    if rule is None:
        gradient = np.asarray(formula.gradient().exact(points).hi)
        return Field(backdrop, points, gradient, minus)
    measured = sweep(formula, points, rule, decompose=False)
    with np.errstate(all="ignore"):
        error = np.hypot(*(measured.runs[0].error[:, c, 0] for c in range(2)))
    exact = np.asarray(measured.exact.hi)
    error = np.where(np.isfinite(exact).all(axis=-1), error, np.nan)
    return Field(backdrop, points, exact, minus, rule.label, error)


def marks_at(formula: Formula, at: Any) -> tuple[Mark, ...]:
    """Return points with their exact partial derivatives.

    Parameters
    ----------
    formula : Formula
        One output.
    at : array_like or mapping
        Points, in any of the ways that a Formula is called; an empty sequence for none.
    """
    if not isinstance(at, Mapping) and not np.size(np.asarray(at, dtype=object)):
        return ()
    points = formula.points(at)
    _check_number(len(points))
    values = formula.certify(points)
    slopes = formula.jacobian().certify(points)
    return tuple(
        Mark(
            tuple(point.tolist()),
            float(values.hi[p, 0]),
            tuple(slopes.hi[p].tolist()),
            tuple(slopes.status[p]),
        )
        for p, point in enumerate(points)
    )


# --- what was asked for ---------------------------------------------------------------------------


def _kind_of(formula: Formula, kind: str | None, scheme: object) -> str:
    count = len(formula.variables)
    if formula.shape:
        msg = (
            f"a picture shows one output; this formula has the shape {formula.shape}: draw each "
            "output alone"
        )
        raise UsageError(msg)
    if kind is not None and kind not in KINDS:
        msg = f"kind is one of {', '.join(KINDS)}; {kind!a} was given"
        raise UsageError(msg)
    if count not in {1, 2}:
        names = f" ({', '.join(formula.variables[:6])})" if count else ""
        advice = "; bind the others to constants" if count else ""
        msg = f"a picture shows one variable or two; the formula has {count}{names}{advice}"
        raise UsageError(msg)
    if kind is None:
        return "curve" if count == 1 else "surface" if scheme is None else "field"
    needed = 1 if kind == "curve" else 2
    if count != needed:
        fitting = "curve" if count == 1 else "surface, contour or field"
        msg = (
            f"a {kind} needs {'one variable' if needed == 1 else 'two variables'}; the formula "
            f"has {' and '.join(formula.variables)}: draw a {fitting}"
        )
        raise UsageError(msg)
    return kind


def _axes(variables: Sequence[str], ranges: Any, kind: str) -> list[Axis]:
    given = _by_name(variables, ranges)
    return [_axis(name, given.get(name, DEFAULT_RANGE), kind) for name in variables]


def _by_name(variables: Sequence[str], ranges: Any) -> dict[str, Any]:
    if ranges is None:
        return {}
    if not isinstance(ranges, Mapping):
        example = ", ".join(f"{name!r}: (0, 1)" for name in variables)
        msg = f"ranges are given by name, such as {{{example}}}; this is a {type(ranges).__name__}"
        raise UsageError(msg)
    for name in ranges:
        if name not in variables:
            msg = f"ranges: there is no variable {name!a}; the formula has {', '.join(variables)}"
            raise UsageError(msg)
    return dict(ranges)


def _axis(name: str, bounds: Any, kind: str) -> Axis:
    where = f"the range of {name}"
    try:
        size = len(bounds)
    except TypeError:
        size = 0
    if isinstance(bounds, str) or size not in {2, 3}:
        msg = f"{where} is (first, last) or (first, last, count); {bounds!a} was given"
        raise UsageError(msg)
    low, high = (float(value) for value in as_doubles(list(bounds[:2]), where))
    if not (abs(low) <= LARGEST and abs(high) <= LARGEST):
        msg = f"{where} runs from {low} to {high}; the ends must be finite, within ±{LARGEST:g}"
        raise DomainError(msg)
    if not low < high or low + (high - low) / 1000 == low:
        msg = (
            f"{where} runs from {low!r} to {high!r}; the first must be below the last, with a "
            "thousand doubles between them"
        )
        raise UsageError(msg)
    count = bounds[2] if size == 3 else _SAMPLES[kind]
    if isinstance(count, bool) or not isinstance(count, int | np.integer):
        msg = f"{where} has a count that is no whole number: {count!a}"
        raise UsageError(msg)
    if not 2 <= count <= _MOST_SAMPLES[kind]:
        msg = (
            f"{where} has a count of {count:,}; a {kind} takes 2 to {_MOST_SAMPLES[kind]:,} samples"
        )
        raise UsageError(msg)
    return Axis(name, low, high, int(count))


def _one_step(scheme: Scheme | str) -> Scheme:
    rule = parse_scheme(scheme) if isinstance(scheme, str) else scheme
    if not isinstance(rule, Scheme):
        msg = f"a scheme is a Scheme or its text; this is a {type(rule).__name__}"
        raise UsageError(msg)
    if rule.derivative_order != 1:
        msg = f"a gradient has first derivatives; {rule.label} is for {rule.derivative_order}"
        raise UsageError(msg)
    if rule.h is None:
        msg = f"a field shows one step: write {rule.label}@1e-4"
        raise UsageError(msg)
    return rule


def _check_number(marks: int) -> None:
    if marks > _MOST_MARKS:
        msg = f"{marks} points and lines don't fit into a legend; mark at most {_MOST_MARKS}"
        raise UsageError(msg)


def _secants(formula: Formula, secants: Any) -> tuple[Secant, ...]:
    try:
        given = list(secants)
    except TypeError:
        msg = f"secants are pairs (x, h), such as [(5, 1)]; {secants!a} was given"
        raise UsageError(msg) from None
    pairs = as_doubles(given, "secants, pairs (x, h),")
    if not pairs.size:
        return ()
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        msg = f"secants are pairs (x, h), such as [(5, 1)]; their shape is {pairs.shape}"
        raise UsageError(msg)
    _check_number(len(pairs))
    found = []
    for x, h in pairs.tolist():
        if not math.isfinite(h) or h == 0:
            msg = f"a secant's h is finite and not 0; {h} was given"
            raise UsageError(msg)
        rule = forward(h=h) if h > 0 else backward(h=-h)
        measured = sweep(formula, x, rule, decompose=False)
        run = measured.runs[0]
        found.append(
            Secant(
                x,
                h,
                float(formula.exact(x).hi),
                float(run.approximation[0, 0, 0]),
                float(run.error[0, 0, 0]),
            )
        )
    return tuple(found)


# --- values ---------------------------------------------------------------------------------------


def _surface(
    formula: Formula, axes: tuple[Axis, Axis], x: np.ndarray, y: np.ndarray, at: Any
) -> Surface:
    columns = np.meshgrid(x, y)
    with np.errstate(all="ignore"):
        z = np.asarray(formula(np.stack(columns, axis=-1)))
    infinite = int(np.isinf(z).sum())
    z = np.where(np.isfinite(z), z, np.nan)
    missed = _missed_on_grid(formula, x, y, z)
    return Surface(formula.texts[0], axes, x, y, z, marks_at(formula, at), infinite, missed)


def _shares(count: int) -> np.ndarray:
    """Return how far into each interval f is asked: nowhere near its ends, and never in step."""
    return 0.2 + 0.6 * (np.arange(1, count + 1) * _GOLDEN % 1)


def _missed_on_curve(formula: Formula, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return between which samples f is far from the line through them."""
    part = _shares(len(x) - 1)
    inside = _values(formula, x[:-1] + part * np.diff(x))
    return _far_apart(y, inside, lambda y: y[:-1] + part * np.diff(y))


def _missed_on_grid(formula: Formula, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return in which cells f is far from what the samples at their corners say."""
    across, up = _shares(len(x) - 1), _shares(len(y) - 1)[:, None]
    columns = np.meshgrid(x[:-1] + across * np.diff(x), y[:-1] + up[:, 0] * np.diff(y))
    inside = _values(formula, np.stack(columns, axis=-1))

    def between(z: np.ndarray) -> np.ndarray:
        rows = z[:, :-1] + across * np.diff(z, axis=1)
        return np.asarray(rows[:-1] + up * np.diff(rows, axis=0))

    return _far_apart(z, inside, between)


def _far_apart(
    samples: np.ndarray, inside: np.ndarray, between: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return where values inside cells are far from what lies between the samples round them.

    What a pole or a steep wall adds to the height is cut off: it is not what a picture shows.
    """
    samples, inside = samples * _SMALL, inside * _SMALL
    known = np.concatenate([array[np.isfinite(array)] for array in (samples, inside)])
    if not known.size:
        return np.zeros(inside.shape, dtype=bool)
    low, high = np.percentile(known, _MOST_OF_IT)
    apart = np.abs(np.clip(inside, low, high) - between(np.clip(samples, low, high)))
    return np.asarray(apart > _MISSED * (high - low))


def _sampled_twice(
    formula: Formula, samples: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    """Return what `_sampled` does, with intervals that hold a break sampled once more."""
    x, y, breaks = _sampled(formula, samples, values)
    inside = np.array([place for place in breaks if place not in samples])
    broken = np.unique(np.searchsorted(samples, inside) - 1)
    if not 0 < broken.size <= _MOST_AGAIN:
        return x, y, breaks
    found = set(breaks)
    for k in broken.tolist():
        low, high = float(samples[k]), float(samples[k + 1])
        fine = np.linspace(low, high, _SAMPLED_AGAIN)
        if (np.diff(fine) <= 4 * np.spacing(np.abs(fine[1:]))).any():
            continue  # doubles are too far apart here
        again_x, again_y, again = _sampled(formula, fine, _values(formula, fine))
        if len(again) <= len([place for place in breaks if low < place < high]):
            continue
        found = {place for place in found if not low < place < high} | set(again)
        left, right = np.searchsorted(x, low, "left"), np.searchsorted(x, high, "right")
        x = np.concatenate([x[:left], again_x, x[right:]])
        y = np.concatenate([y[:left], again_y, y[right:]])
    return x, y, tuple(sorted(found))


def _sampled(
    formula: Formula, x: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    """Return the samples, those that lead up to each gap, and where the gaps inside f are."""
    y = values.copy()
    alone = _fill_removable(formula, x, y)
    left, right, y_left, y_right = x[:-1].copy(), x[1:].copy(), y[:-1].copy(), y[1:].copy()
    known = np.isfinite(y)
    edge = known[:-1] != known[1:]
    height = float(np.ptp(y[known])) if known.any() else 0.0
    step = np.abs(y_right - y_left)
    # a jump stands out from the steps beside it, or from the picture
    beside = np.maximum(np.append(0.0, step[:-1]), np.append(step[1:], 0.0))
    looked_into = edge | (step > 2.0 * np.nan_to_num(beside)) | (step > _VISIBLE * height)
    # a pole of even order between two samples shows no jump, but both sides rise towards it
    extra, breaks = _even_poles(formula, x, y)
    done = np.searchsorted(x, breaks, side="right") - 1
    looked_into[done] = False
    pairs = np.flatnonzero(looked_into)
    ends = _halved(formula, left[pairs], right[pairs], y_left[pairs], y_right[pairs])
    for k, (a, b, f_a, f_b) in zip(pairs.tolist(), zip(*ends, strict=True), strict=True):
        if math.isfinite(f_a) and math.isfinite(f_b):
            if not _jumps(formula, a, b, f_a, f_b, float(step[k])):
                continue
            # the doubles beside the jump become the gap: f may have a value of its own there
            beside_it = [math.nextafter(a, -math.inf), math.nextafter(b, math.inf)]
            f_left, f_right = _values(formula, np.array(beside_it)).tolist()
            extra += [(beside_it[0], f_left), (a, math.nan), (b, math.nan)]
            extra.append((beside_it[1], f_right))
        else:
            extra += [(a, f_a), (b, f_b)]
            if known[k] and known[k + 1]:
                extra += _far_side(formula, (a, f_a), (b, f_b), (x[k], y[k]), (x[k + 1], y[k + 1]))
        if known[k] and known[k + 1]:
            breaks.append(_simpler(a, b))
    if not extra:
        return x, y, tuple(alone)
    new_x, new_y = np.array(extra).T
    # what leads up to a gap, and the gap, come before the sample at which it ends
    all_x, all_y = np.concatenate([new_x, x]), np.concatenate([new_y, y])
    order = np.argsort(all_x, kind="stable")
    return all_x[order], all_y[order], tuple(sorted({*breaks, *alone}))


def _far_side(
    formula: Formula,
    a: tuple[float, float],
    b: tuple[float, float],
    first: tuple[float, float],
    last: tuple[float, float],
) -> list[tuple[float, float]]:
    """Return what leads up to a gap from its other side, (x, f) each: halving came from one."""
    low, high = (b, last) if math.isfinite(a[1]) else (first, a)
    ends = _halved(formula, *np.array([low[0], high[0], low[1], high[1]])[:, None])
    return [(ends[0][0], ends[2][0]), (ends[1][0], ends[3][0])]


def _even_poles(
    formula: Formula, x: np.ndarray, y: np.ndarray
) -> tuple[list[tuple[float, float]], list[float]]:
    """Return extra samples at the peaks of |f|, with a gap where it is a pole, and those poles."""
    with np.errstate(all="ignore"):
        rise = np.diff(np.abs(y))
        # both sides rise towards the step in between, and ever faster
        is_peak = (rise[1:-3] > _STEEPER * np.abs(rise[:-4])) & (
            -rise[3:-1] > _STEEPER * np.abs(rise[4:])
        )
        # where the sign changes there is an odd pole: halving finds it
        is_peak &= np.sign(y[2:-3]) == np.sign(y[3:-2])
    peaks = np.flatnonzero(is_peak) + 2
    low, high = x[peaks], x[peaks + 1]
    for _ in range(_HALVINGS):
        third = (high - low) / 3
        left, right = low + third, high - third
        if not ((left > low) & (right < high) & (left < right)).any():
            break
        with np.errstate(all="ignore"):
            go_left = ~(np.abs(_values(formula, left)) < np.abs(_values(formula, right)))
        low, high = np.where(go_left, low, left), np.where(go_left, right, high)
    extra: list[tuple[float, float]] = []
    breaks: list[float] = []
    for k, a, b in zip(peaks.tolist(), low.tolist(), high.tolist(), strict=True):
        middle = a + (b - a) / 2
        if _is_unbounded(formula, a, b, float(x[k + 1] - x[k])):
            # rounding may have led the search a few doubles away from the pole
            beside = 4.0 * float(np.spacing(abs(middle)))
            a, b = max(float(x[k]), a - beside), min(float(x[k + 1]), b + beside)
            extra.append((middle, math.nan))
            breaks.append(_simpler(a, b))
        sides = _values(formula, np.array([a, b])).tolist()
        extra += [(a, sides[0]), (b, sides[1])]
    return extra, breaks


def _is_unbounded(formula: Formula, a: float, b: float, spacing: float) -> bool:
    """Tell a pole of |f| within (a, b) from a finite peak: whether |f| grows to the last."""
    nearest = max(b - a, _ULPS_FROM_A_POLE * float(np.spacing(max(abs(a), abs(b)))))
    distances = spacing * (nearest / spacing) ** np.array([1 / 3, 2 / 3, 1.0])
    for end, away in ((a, -1.0), (b, 1.0)):
        values = np.abs(_values(formula, np.append(end, end + away * distances)))
        if not np.isfinite(values).all():
            return True
        before, last = np.diff(values[1:]).tolist()
        if not 0 < _STILL_GROWING * before <= last:
            return False
    return True


def _halved(
    formula: Formula,
    a: np.ndarray,
    b: np.ndarray,
    f_a: np.ndarray,
    f_b: np.ndarray,
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Halve every interval down to neighbouring doubles, towards the larger step or the gap."""
    for _ in range(_HALVINGS):
        middle = a + (b - a) / 2
        moving = (middle > a) & (middle < b) & (np.isfinite(f_a) | np.isfinite(f_b))
        if not moving.any():
            break
        value = _values(formula, middle)
        with np.errstate(all="ignore"):
            to_left = np.abs(value - f_a) >= np.abs(f_b - value)
        known_a, known, known_b = np.isfinite(f_a), np.isfinite(value), np.isfinite(f_b)
        # the boundary between where f is known and where it isn't
        to_left = np.where(known_a & known_b & known, to_left, known != known_a)
        left, right = moving & to_left, moving & ~to_left
        b, f_b = np.where(left, middle, b), np.where(left, value, f_b)
        a, f_a = np.where(right, middle, a), np.where(right, value, f_a)
    return a.tolist(), b.tolist(), f_a.tolist(), f_b.tolist()


def _jumps(formula: Formula, a: float, b: float, f_a: float, f_b: float, step: float) -> bool:
    """Tell a jump or a pole from a steep place, and from the noise of float64."""
    floor = _LEFT_OF_A_JUMP * step
    if not abs(f_b - f_a) >= floor or f_a == f_b:
        return False
    exact = formula.certify(np.array([[a], [b]]))
    hi = exact.hi[:, 0]
    return not np.isfinite(hi).all() or bool(abs(hi[1] - hi[0]) >= floor)


def _fill_removable(formula: Formula, x: np.ndarray, y: np.ndarray) -> list[float]:
    """Put the limit where a formula is undefined at a single sample, such as sin(x)/x at 0.

    The samples without a limit are returned.
    """
    known = np.isfinite(y)
    alone = np.flatnonzero(~known[1:-1] & known[:-2] & known[2:]) + 1
    if not alone.size:
        return []
    exact = formula.certify(x[alone][:, None])
    removable = exact.status[:, 0] == Status.REMOVABLE
    y[alone[removable]] = exact.hi[removable, 0]
    return [float(value) for value in x[alone[~removable]]]


def _simpler(a: float, b: float) -> float:
    """Return the one of two neighbouring doubles that is shorter to write; 0 between them."""
    if a < 0 < b:
        return 0.0
    return min(a, b, key=lambda value: len(repr(value)))


def _values(formula: Formula, x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        y = np.asarray(formula(x))
    return np.where(np.isfinite(y), y, np.nan)
