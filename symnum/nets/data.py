"""Parameters, samples and targets, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from symnum.errors import DomainError, UsageError
from symnum.formula.formula import as_doubles
from symnum.nets.structure import Structure

_FEW = 16


class Batch(NamedTuple):
    """Samples and their targets.

    Parameters
    ----------
    x : float64 array (batch, inputs)
        The samples.
    t : float64 array (batch, outputs)
        The targets; labels are one-hot here.
    labels : integer array (batch,) or None
        Where each row of t has its only 1, if all else in it is 0.
    """

    x: np.ndarray
    t: np.ndarray
    labels: np.ndarray | None = None

    @property
    def size(self) -> int:
        """How many samples there are."""
        return len(self.x)


def check_parameters(structure: Structure, params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the parameters as float64 arrays, in the network's order.

    That they are finite is seen from the layers' outputs: see `check_finite`.

    Raises
    ------
    UsageError
        A name is missing or unknown, or a shape doesn't fit.
    """
    if type(params) is not dict and not isinstance(params, Mapping):
        msg = (
            f"the parameters are a dict of arrays named {', '.join(structure.shapes)}; this is a "
            f"{type(params).__name__}"
        )
        raise UsageError(msg)
    if params.keys() != structure.shapes.keys():
        unknown = [name for name in params if name not in structure.shapes]
        missing = [name for name in structure.shapes if name not in params]
        what = f"there is no parameter {unknown[0]!r}" if unknown else f"{missing[0]!r} is missing"
        msg = f"{what}; the network's parameters are {', '.join(structure.shapes)}"
        raise UsageError(msg)
    arrays = {}
    for name, shape in structure.shapes.items():
        array = params[name]
        if type(array) is not np.ndarray or array.dtype.char != "d":
            array = as_doubles(array, name)
        if array.shape != shape:
            turned = "; it looks transposed" if array.shape == shape[::-1] else ""
            msg = f"{name} has shape {array.shape}, and the network's has {shape}{turned}"
            raise UsageError(msg)
        arrays[name] = array
    return arrays


def read_count(count: Any, name: str) -> None:
    """Refuse what is no whole number from 1 on.

    Raises
    ------
    UsageError
        It isn't.
    """
    whole = isinstance(count, int | np.integer) and not isinstance(count, bool)
    if not whole or count < 1:
        msg = f"{name} is {count!r}; a whole number from 1 on is expected"
        raise UsageError(msg)


def check_finite(params: Mapping[str, np.ndarray], x: np.ndarray) -> None:
    """Refuse parameters and samples that are not finite.

    Raises
    ------
    DomainError
        Which entry isn't.
    """
    for name, array in {**params, "x": x}.items():
        if not np.isfinite(array).all():
            place = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
            what = "input" if name == "x" else "parameter"
            msg = f"{name}{place} is {array[tuple(place)]}; every {what} must be a finite number"
            raise DomainError(msg)


def check_batch(structure: Structure, x: Any, t: Any) -> Batch:
    """Return the samples as rows with their targets; labels become one-hot rows.

    Raises
    ------
    UsageError
        Shapes don't fit, or a label is not one of the outputs.
    DomainError
        An entry is not finite.
    """
    rows, single = structure.check_inputs(x)
    size, count = len(rows), structure.outputs
    try:
        given = np.asarray(t)
    except ValueError:
        msg = "t has rows of different lengths"
        raise UsageError(msg) from None
    if given.dtype.kind in "iu" and given.shape == (() if single else (size,)) and count > 1:
        labels = given.reshape(size)
        return Batch(rows, _one_hot(labels, count), labels)
    array = as_doubles(t, "t")
    if array.shape == (() if single else (size,)) and count == 1:
        array = array.reshape(size, 1)
    elif single and array.shape == (count,):
        array = array[None, :]
    if array.shape != (size, count):
        expected = (
            f"({count},), or one integer label"
            if single
            else f"({size}, {count}), or ({size},) of integer labels"
        )
        msg = f"t has shape {array.shape} and dtype {given.dtype}; expected is shape {expected}"
        raise UsageError(msg)
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        msg = f"the target of sample {place[0]}, output {place[1]} is {array[place]}, not finite"
        raise DomainError(msg)
    ones = array == 1.0
    if (np.add.reduce(ones, axis=1) == 1).all() and np.count_nonzero(array) == size:
        return Batch(rows, array, np.nonzero(ones)[1])
    return Batch(rows, array)


def _one_hot(labels: np.ndarray, count: int) -> np.ndarray:
    if len(labels) <= _FEW:  # lists of a few numbers are faster than arrays
        listed = labels.tolist()
        fits = min(listed) >= 0 and max(listed) < count
    else:  # unsigned, a negative label is a very large one
        fits = bool(np.maximum.reduce(labels.astype(np.uint64, copy=False)) < count)
    if not fits:
        bad = np.flatnonzero((labels < 0) | (labels >= count))
        msg = (
            f"the label of sample {bad[0]} is {labels[bad[0]]}; the network has {count} outputs, "
            f"so labels are 0 to {count - 1}"
        )
        raise UsageError(msg)
    return _identity(count).take(labels, axis=0)


@cache
def _identity(count: int) -> np.ndarray:
    return np.identity(count)
