"""Typical sizes: medians of what counts, without `numpy.ma`, which takes long to load."""

from __future__ import annotations

import numpy as np


def typical_size(size: np.ndarray, counts: np.ndarray, axis: int) -> np.ndarray:
    """Return the median of the entries that count along an axis; 0 where none does.

    Parameters
    ----------
    size : float64 array
        Sizes, whatever they are where they don't count.
    counts : bool array of the same shape
        Which of them count.
    axis : int
        The axis, which stays with length 1.

    Examples
    --------
    >>> import numpy as np
    >>> from symnum.checking.typical import typical_size
    >>> size = np.array([[1.0, np.nan], [5.0, np.nan], [7.0, np.nan]])
    >>> typical_size(size, ~np.isnan(size), axis=0)
    array([[5., 0.]])
    """
    count = counts.sum(axis=axis, keepdims=True)
    ordered = np.sort(np.where(counts, size, np.inf), axis=axis)
    if not ordered.shape[axis]:
        return np.zeros(count.shape)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=axis)
    high = np.take_along_axis(ordered, np.minimum(count // 2, ordered.shape[axis] - 1), axis=axis)
    middle = np.where(low == high, low, low / 2 + high / 2)  # halves of the smallest are 0
    return np.asarray(np.where(count > 0, middle, 0.0))
