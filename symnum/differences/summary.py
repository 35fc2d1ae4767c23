"""What errors over steps amount to: best step, robust floor, observed order, prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from symnum.differences.schemes import Scheme

# The floor is the median over this many decades to each side of the best step...
_DECADES = 1.0
# ... and over at least this many steps.
_LEAST = 9

# Root mean square of a rounding error that is uniform over half an ulp to each side, in ulps.
_UNIFORM = 1.0 / math.sqrt(12.0)
_UNIT = 2.0**-53
# How far apart the logarithms of two steps must be to count as two.
_DISTINCT = 1e-3


@dataclass(frozen=True)
class Summary:
    """One row of a run; NaN where there is nothing to say."""

    observed_order: float
    noise_ulps: float
    best_h: float
    best_error: float
    predicted_h: float
    predicted_error: float


def robust_floor(h: np.ndarray, error: np.ndarray) -> tuple[float, float]:
    """Return the best step and the error to be expected there.

    The smallest error of a sweep is luck, typically by a factor of 100. The floor is the median
    over a step and its neighbours, a decade to each side and at least nine steps; the best step is
    the one with the lowest floor.

    Parameters
    ----------
    h, error : float64 array, shape (H,)
        Steps, and errors of either sign; what is not finite is left out.
    """
    size = np.abs(error)
    keep = np.isfinite(size)
    if not keep.any():
        return math.nan, math.nan
    order = np.argsort(h[keep])
    h, size = h[keep][order], size[keep][order]
    position = np.log10(h)
    floors = np.empty(len(h))
    for i, center in enumerate(position):
        near = np.abs(position - center) <= _DECADES * (1 + 1e-9)
        if near.sum() < min(_LEAST, len(h)):
            nearest = np.argsort(np.abs(position - center), kind="stable")[:_LEAST]
            near = np.zeros(len(h), dtype=bool)
            near[nearest] = True
        floors[i] = np.median(size[near])
    # Where several steps share the lowest floor, the one that itself errs least stands for them.
    lowest = np.flatnonzero(floors == floors.min())
    best = lowest[np.argmin(size[lowest])]
    return float(h[best]), float(floors[best])


def leading_term(
    h: np.ndarray, truncation: np.ndarray, usable: np.ndarray, accuracy: int
) -> tuple[float, float, float]:
    """Return the observed order, and K and r of the leading truncation term K h^r.

    Parameters
    ----------
    h, truncation : float64 array, shape (H,)
        Steps, and the truncation part there.
    usable : bool array, shape (H,)
        Where the stencil lies in a smooth region and the part is certified.
    accuracy : int
        The scheme's: the exponent to assume where one step alone can't show one.

    Returns
    -------
    order : float
        The slope of the truncation part, median over neighbouring steps: the part is exact, so no
        window has to be hunted. NaN where it is 0 or there is one step only.
    constant, exponent : float
        The leading term, read off at the smallest steps; constant 0 where the truncation is 0.
    """
    size = np.abs(truncation)
    keep = usable & np.isfinite(size) & (size > 0)
    if not keep.any():
        return math.nan, (0.0 if usable.any() else math.nan), math.nan
    order = np.argsort(h[keep])
    x, y = np.log(h[keep][order]), np.log(size[keep][order])
    # Steps that are as good as equal have no slope between them that is not rounding.
    distinct = np.concatenate([[True], np.diff(x) > _DISTINCT])
    x, y = x[distinct], y[distinct]
    if len(x) == 1:
        return math.nan, float(np.exp(y[0] - accuracy * x[0])), float(accuracy)
    slopes = np.diff(y) / np.diff(x)
    observed = float(np.median(slopes))
    exponent = float(max(1, round(float(np.median(slopes[: max(3, len(slopes) // 2)])))))
    with np.errstate(over="ignore"):
        return observed, float(np.exp(y[0] - exponent * x[0])), exponent


def predict(
    scheme: Scheme,
    constant: float,
    exponent: float,
    noise: float,
    exact: float,
    farthest: float = math.inf,
) -> tuple[float, float]:
    """Return the step that theory calls best, and the error there.

    The error K h^r + G s / h^q is least at h = (q G s / (r K))^(1/(r+q)), with G the scheme's noise
    gain for independent errors of size s in f. The complex step subtracts nothing: any h is good
    whose truncation stays below the rounding of the result, and the largest such h is given.

    Parameters
    ----------
    scheme : Scheme
        Its derivative order q and noise gain G.
    constant, exponent : float
        K and r of the leading truncation term.
    noise : float
        Size s of the errors in f, in f's units.
    exact : float
        The exact derivative.
    farthest : float
        The largest step whose stencil stays where f is smooth.
    """
    rounding = _UNIT * abs(exact)
    if math.isnan(constant) or math.isnan(noise):
        return math.nan, math.nan
    q = scheme.derivative_order
    gain = scheme.noise_gain_2 * noise
    if scheme.is_complex:
        return (
            (math.inf, rounding)
            if constant == 0.0
            else ((rounding / constant) ** (1.0 / exponent), rounding)
        )
    h = (
        math.inf
        if constant == 0.0
        else (q * gain / (exponent * constant)) ** (1.0 / (exponent + q))
    )
    h = min(h, farthest)
    if math.isinf(h):
        return h, rounding
    if h == 0.0:
        return math.nan, math.nan
    truncation = constant * h**exponent if constant else 0.0
    return h, truncation + gain / h**q + rounding


def summarise(
    scheme: Scheme,
    h: np.ndarray,
    error: np.ndarray,
    truncation: np.ndarray,
    step_rounding: np.ndarray,
    usable: np.ndarray,
    noise_ulps: float,
    noise: np.ndarray,
    value: float,
    exact: float,
    vanishes: bool = True,
    farthest: float = math.inf,
) -> Summary:
    """Summarise one row of a run.

    Parameters
    ----------
    scheme : Scheme
        The rule.
    h, error, truncation, step_rounding : float64 array, shape (H,)
        The row.
    usable : bool array, shape (H,)
        Which entries are certified; the others count only where there is nothing better.
    noise_ulps : float
        Root mean square rounding error of f, in ulps; NaN where it is unknown.
    noise : float64 array
        Rounding errors of f at the nodes, in f's units.
    value, exact : float
        f and its exact derivative at the point.
    vanishes : bool
        Whether the truncation is exactly 0, and not merely below the doubles.
    farthest : float
        The largest step whose stencil stays where f is smooth: no better one is predicted.
    """
    candidates = usable if usable.any() else np.isfinite(error)
    best_h, best_error = robust_floor(h[candidates], error[candidates])
    observed, constant, exponent = leading_term(h, truncation, usable, scheme.accuracy)
    if constant == 0.0 and not vanishes:
        constant = math.nan
    # Where f was computed without any error in this run, half an ulp is still what it can promise;
    # where it cancels at some nodes, its error in ulps there says nothing about f elsewhere.
    ulps = max(noise_ulps, _UNIFORM) if not math.isnan(noise_ulps) else math.nan
    largest = float(np.max(np.abs(noise))) if noise.size else math.nan
    evaluation = largest
    if value != 0.0 and math.isfinite(value):
        evaluation = min(ulps, max(largest / math.ulp(value), _UNIFORM)) * math.ulp(value)
    # x ± h is off by up to half an ulp as well, which moves f by its slope.
    moved = np.abs(step_rounding[usable]) * h[usable] ** scheme.derivative_order
    stepping = float(np.median(moved)) / scheme.noise_gain_2 if moved.size else 0.0
    predicted_h, predicted_error = predict(
        scheme, constant, exponent, math.hypot(evaluation, stepping), exact, farthest
    )
    return Summary(observed, noise_ulps, best_h, best_error, predicted_h, predicted_error)
