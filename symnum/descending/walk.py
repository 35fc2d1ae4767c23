"""The recurrence itself, in float64 and in balls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb

from symnum.descending.slopes import Slope
from symnum.errors import UsageError
from symnum.formula.balls import nearest_double, precision
from symnum.formula.formula import Formula
from symnum.formula.rolled import Rolled, Workspace
from symnum.formula.smooth import SmoothBalls, smooth_balls

START_BITS = 192
CAP_BITS = 12_288
"""Precision at which a certified path is given up."""

_MOST_TRIES = 3  # precisions in a row that find no gradient at a known point: there is none


def walk(
    slope: Slope,
    start: np.ndarray,
    rate: float,
    steps: int,
    momentum: float,
    tolerance: float | None,
    progress: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Take the steps x - rate g, or with momentum x + v, v = momentum v - rate g.

    Parameters
    ----------
    slope : callable
        The gradient, from one array a variable to one a partial derivative.
    start : float64 array, shape (*starts, n)
        Where from.
    rate, momentum : float
        Of the method.
    steps : int
        How many steps, at most.
    tolerance : float, optional
        Stop where no partial derivative is larger in modulus.
    progress : callable, optional
        Called with the number of steps taken since the last call.

    Returns
    -------
    path, gradients : float64 arrays, shape (steps + 1, *starts, n)
        Where each step came to, the start first, and the gradient there.

    Raises
    ------
    UsageError
        Somebody's gradient or function raises, or returns what is no gradient.
    """
    # inside, variables come first: a gradient is called with one row a variable
    first = np.moveaxis(start, -1, 0)
    path = np.empty((steps + 1, *first.shape))
    gradients = np.empty_like(path)
    workspace = _workspace(slope, first.shape)
    x, g, evaluation = workspace
    path[0] = x[...] = first
    taken = steps
    velocity: Any = None
    step = np.empty_like(x)
    # a row of rates costs less than turning a number into an array at each step
    rates: Any = np.full(x.shape, rate) if x.ndim == 1 else rate
    k = 0
    try:
        with np.errstate(all="ignore"):
            for k in range(steps):
                for function, arguments in evaluation:
                    function(*arguments)
                gradients[k] = g
                if tolerance is not None and not (np.abs(g) > tolerance).any() and _known(g):
                    taken = k
                    break
                if momentum:
                    velocity = -(rate * g) if velocity is None else momentum * velocity - rate * g
                    np.add(x, velocity, x)
                else:
                    np.subtract(x, np.multiply(g, rates, step), x)
                path[k + 1] = x
                if progress is not None:
                    progress(1)
            else:
                k = steps
                workspace.run()
                gradients[steps] = g
    except UsageError as error:  # somebody's code raised: at which step only this loop knows
        msg = f"at step {k} of the descent {error}"
        raise UsageError(msg) from error
    path, gradients = path[: taken + 1], gradients[: taken + 1]
    return np.moveaxis(path, 1, -1), np.moveaxis(gradients, 1, -1)


def _workspace(slope: Slope, shape: tuple[int, ...]) -> Workspace:
    """Return arrays for the point and the gradient there, and what fills in the second."""
    if isinstance(slope, Rolled):
        return slope.bound(shape[1:])
    x, g = np.empty(shape), np.empty(shape)

    def evaluate() -> None:
        for i, partial in enumerate(slope(*x)):
            g[i] = partial

    return Workspace(x, g, [(evaluate, ())])


def _known(g: np.ndarray) -> bool:
    return bool(np.isfinite(g).all())


def certified_walk(
    formula: Formula, start: np.ndarray, rate: float, steps: int, momentum: float
) -> tuple[np.ndarray, np.ndarray]:
    """Take the steps without any rounding: in balls, precision doubled until one double is left.

    Parameters
    ----------
    formula : Formula
        What is descended.
    start : float64 array, shape (n,)
        Where from, taken exactly; so are rate and momentum.
    rate, momentum : float
        Of the method.
    steps : int
        How many.

    Returns
    -------
    path, gradients : float64 arrays, shape (steps + 1, n)
        The doubles nearest the exact path and the exact gradients along it; infinite beyond the
        doubles. NaN from the first step on that isn't certified, or where f has no gradient: at a
        kink, outside its domain. The point itself is known there.
    """
    balls = smooth_balls(formula.gradient())
    path = np.full((steps + 1, start.size), np.nan)
    gradients = np.full_like(path, np.nan)
    done, bits, tries = 0, START_BITS, 0
    while bits <= CAP_BITS:
        before = done
        with precision(bits):
            done = _certify(balls, start, rate, momentum, path, gradients, done)
        tries = tries + 1 if done == before else 1
        known = done <= steps and not np.isnan(path[done]).any()
        if done > steps or (known and tries == _MOST_TRIES):
            break
        bits *= 2
    return path, gradients


def _certify(
    balls: SmoothBalls,
    start: np.ndarray,
    rate: float,
    momentum: float,
    path: np.ndarray,
    gradients: np.ndarray,
    known: int,
) -> int:
    """Fill in the rows from `known` on that this precision suffices for; return their end."""
    x: list[Any] = [arb(float(value)) for value in start]
    alpha, beta = arb(rate), arb(momentum)
    velocity: list[Any] = [arb(0)] * len(x)
    for k in range(len(path)):
        g = balls.run(x)
        if k >= known:
            point, slopes = _rounded(x), _rounded(g)
            if point is not None:
                path[k] = point
            if point is None or slopes is None:
                return k
            gradients[k] = slopes
        if g is None:
            return k
        velocity = [beta * v - alpha * slope for v, slope in zip(velocity, g, strict=True)]
        x = [value + v for value, v in zip(x, velocity, strict=True)]
    return len(path)


def _rounded(values: Sequence[Any] | None) -> list[float] | None:
    if values is None:
        return None
    found = []
    for value in values:
        double = nearest_double(value) if value.is_finite() else None
        if double is None:
            return None
        found.append(double[0])
    return found
