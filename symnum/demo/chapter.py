"""The plain scripts that the demo holds against the exact answers, with their defects.

They are written as a chapter that teaches numerical differentiation writes them: one fixed h, a
loop that moves each entry of the caller's own array, a descent that walks on the caller's start.
Nothing else in symnum may use them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

H = 1e-4
"""The scripts' step, whatever the scale."""

INSIDE_THE_LOG = 1e-7
"""What keeps the loss away from log(0), and what backpropagation forgets."""

Arrays = dict[str, np.ndarray]


def slope(f: Callable[[Any], Any], x: float) -> float:
    """Return the central difference of a function of one variable."""
    return float((f(x + H) - f(x - H)) / (2 * H))


def tangent(f: Callable[[Any], Any], x: float) -> tuple[float, float]:
    """Return slope and intercept of the line that the script draws as the tangent."""
    m = slope(f, x)
    return m, float(f(x) - m * x)


def gradient(f: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """Return the gradient, moving each entry of x itself; of an integer array the step is cut."""
    found = np.zeros_like(x)
    for i in range(x.size):
        kept = x[i]
        x[i] = kept + H
        above = f(x)
        x[i] = kept - H
        below = f(x)
        found[i] = (above - below) / (2 * H)
        x[i] = kept
    return found


def field(f: Callable[[np.ndarray], Any], columns: np.ndarray) -> np.ndarray:
    """Return the gradients on a grid, walking rows of coordinates as if each were a point."""
    return np.array([gradient(f, row) for row in columns])


def descent(
    f: Callable[[np.ndarray], Any], start: np.ndarray, rate: float, steps: int
) -> np.ndarray:
    """Return where descent ends; the caller's start is where it walks."""
    x = start
    for _ in range(steps):
        x -= rate * gradient(f, x)
    return x


def gradient_by_rows(f: Callable[[], float], weights: np.ndarray) -> np.ndarray:
    """Return what the loop for vectors makes of a matrix: W[i] is a row, and a view of it.

    The step moves the whole row, and the value that was kept with it. The printed loop runs to
    weights.size and ends in an IndexError after the last row; this one stops there.
    """
    found = np.zeros_like(weights)
    for i in range(len(weights)):
        kept = weights[i]
        weights[i] = kept + H
        above = f()
        weights[i] = kept - H
        below = f()
        found[i] = (above - below) / (2 * H)
        weights[i] = kept
    return found


# --- the network ----------------------------------------------------------------------------------


def softmax(z: np.ndarray) -> np.ndarray:
    """Return softmax along the last axis."""
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def cross_entropy(y: np.ndarray, t: np.ndarray, inside: float = INSIDE_THE_LOG) -> float:
    """Return the mean cross-entropy of rows, with a small number inside the logarithm."""
    return float(-np.sum(t * np.log(y + inside)) / len(y))


def predict(params: Mapping[str, np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the hidden units and the outputs of two layers with a sigmoid between them."""
    hidden = 1 / (1 + np.exp(-(x @ params["W1"] + params["b1"])))
    return hidden, softmax(hidden @ params["W2"] + params["b2"])


def loss(
    params: Mapping[str, np.ndarray],
    x: np.ndarray,
    t: np.ndarray,
    inside: float = INSIDE_THE_LOG,
) -> float:
    """Return the loss of the two layers."""
    return cross_entropy(predict(params, x)[1], t, inside)


def backpropagation(params: Mapping[str, np.ndarray], x: np.ndarray, t: np.ndarray) -> Arrays:
    """Return the gradient by (y - t)/n, which is that of -log(y), whatever the loss."""
    hidden, y = predict(params, x)
    delta = (y - t) / len(x)
    below = delta @ params["W2"].T * hidden * (1 - hidden)
    return {
        "W1": x.T @ below,
        "b1": below.sum(axis=0),
        "W2": hidden.T @ delta,
        "b2": delta.sum(axis=0),
    }


def numerical(f: Callable[[], float], array: np.ndarray) -> np.ndarray:
    """Return the central differences by every entry of one parameter."""
    found = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = float(array[index])
        array[index] = kept + H
        above = f()
        array[index] = kept - H
        below = f()
        found[index] = (above - below) / (2 * H)
        array[index] = kept
    return found
