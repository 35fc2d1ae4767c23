"""The float64 side of a sweep: a scheme as the machine computes it, in cache-sized blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symnum.differences.schemes import Scheme

# Values a block: its temporaries stay in the processor's cache.
_BLOCK = 8_192

# From one array a variable to one array an output.
Evaluate = Callable[[Sequence[Any]], list[Any]]


def approximate(
    evaluate: Evaluate,
    outputs: int,
    points: np.ndarray,
    variable: int,
    scheme: Scheme,
    steps: np.ndarray,
) -> np.ndarray:
    """Evaluate a scheme at every point and step.

    Parameters
    ----------
    evaluate : callable
        The function on arrays.
    outputs : int
        How many outputs it has.
    points : float64 array, shape (P, n)
        The points.
    variable : int
        Which variable moves.
    scheme : Scheme
        The rule.
    steps : float64 array, shape (P, H)
        The steps of each point.

    Returns
    -------
    float64 array, shape (P, outputs, H)
        What the scheme gives.
    """
    count, n = points.shape
    length = steps.shape[1]
    result = np.empty((count, outputs, length))
    rows = max(1, _BLOCK // length)
    for start in range(0, count, rows):
        block = slice(start, start + rows)
        h = steps[block]
        columns = [points[block, i, None] for i in range(n)]
        values = node_values(evaluate, outputs, columns, variable, scheme, h)
        result[block] = combine(scheme, values, h).swapaxes(0, 1)
    return result


def nodes(scheme: Scheme, x: np.ndarray, h: np.ndarray) -> list[np.ndarray]:
    """Return x + c h as float64 computes it, one array an offset."""
    with np.errstate(over="ignore"):  # beyond the largest double f is not finite either
        # A product with ±1 is exact, so it is not worth a pass over the array.
        return [x + h if c == 1 else x - h if c == -1 else x + float(c) * h for c in scheme.offsets]


def node_values(
    evaluate: Evaluate,
    outputs: int,
    columns: Sequence[np.ndarray],
    variable: int,
    scheme: Scheme,
    h: np.ndarray,
) -> np.ndarray:
    """Return f at the nodes, shape (outputs, K, *h.shape); imaginary parts for the complex step.

    The columns, one a variable, broadcast against h.
    """
    columns = list(columns)
    values = np.empty((outputs, len(scheme.offsets), *h.shape))
    x = columns[variable]
    moved = [x + 1j * h] if scheme.is_complex else nodes(scheme, x, h)
    for k, node in enumerate(moved):
        columns[variable] = node
        for output, value in enumerate(evaluate(columns)):
            values[output, k] = np.imag(value) if scheme.is_complex else value
    return values


def combine(scheme: Scheme, values: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return the scheme's weighted sum over its nodes, divided by its denominator and h^q.

    Parameters
    ----------
    scheme : Scheme
        The rule.
    values : float64 array, shape (outputs, K, *h.shape)
        f at the nodes.
    h : float64 array
        The nominal steps.
    """
    with np.errstate(all="ignore"):
        if scheme.is_complex:
            return np.asarray(values[:, 0] / h)
        # Integer weights and one division: (f(x+h) - f(x-h)) / (2h), as people write it.
        total: Any = None
        negative: Any = None
        for k, weight in enumerate(scheme.numerators):
            term = values[:, k] if abs(weight) == 1 else float(abs(weight)) * values[:, k]
            if total is None and negative is None:
                total, negative = (term, None) if weight > 0 else (None, term)
            elif total is None:
                # -a + b and b - a round alike; the second is one pass over the array.
                total = term - negative if weight > 0 else -negative - term
            else:
                total = total + term if weight > 0 else total - term
        if total is None:
            total = -negative
        power = h if scheme.derivative_order == 1 else h**scheme.derivative_order
        return np.asarray(total / (float(scheme.denominator) * power))
