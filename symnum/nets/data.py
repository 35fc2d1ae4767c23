"""Parameters, samples and targets, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symnum.errors import DomainError, UsageError
from symnum.formula.formula import as_doubles
from symnum.nets.structure import Structure


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples and their targets.

    Parameters
    ----------
    x : float64 array (batch, inputs)
        The samples.
    t : float64 array (batch, outputs)
        The targets; labels are one-hot here.
    """

    x: np.ndarray
    t: np.ndarray

    @property
    def size(self) -> int:
        """How many samples there are."""
        return len(self.x)


def check_parameters(structure: Structure, params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the parameters as finite float64 arrays, in the network's order.

    Raises
    ------
    UsageError
        A name is missing or unknown, or a shape doesn't fit.
    DomainError
        An entry is not finite.
    """
    if not isinstance(params, Mapping):
        msg = (
            f"the parameters are a dict of arrays named {', '.join(structure.shapes)}; this is a "
            f"{type(params).__name__}"
        )
        raise UsageError(msg)
    unknown = [name for name in params if name not in structure.shapes]
    missing = [name for name in structure.shapes if name not in params]
    if unknown or missing:
        what = f"there is no parameter {unknown[0]!r}" if unknown else f"{missing[0]!r} is missing"
        msg = f"{what}; the network's parameters are {', '.join(structure.shapes)}"
        raise UsageError(msg)
    arrays = {}
    for name, shape in structure.shapes.items():
        array = as_doubles(params[name], name)
        if array.shape != shape:
            turned = "; it looks transposed" if array.shape == shape[::-1] else ""
            msg = f"{name} has shape {array.shape}, and the network's has {shape}{turned}"
            raise UsageError(msg)
        if not np.isfinite(array).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            msg = f"{name}{list(place)} is {array[place]}; every parameter must be a finite number"
            raise DomainError(msg)
        arrays[name] = array
    return arrays


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
        return Batch(rows, _one_hot(given.reshape(size), count))
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
    return Batch(rows, array)


def _one_hot(labels: np.ndarray, count: int) -> np.ndarray:
    bad = np.flatnonzero((labels < 0) | (labels >= count))
    if bad.size:
        msg = (
            f"the label of sample {bad[0]} is {labels[bad[0]]}; the network has {count} outputs, "
            f"so labels are 0 to {count - 1}"
        )
        raise UsageError(msg)
    rows = np.zeros((len(labels), count))
    rows[np.arange(len(labels)), labels] = 1.0
    return rows
