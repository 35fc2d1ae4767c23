"""Where the error of a network's numerical gradient comes from: its four parts, entry by entry.

The loss is evaluated over balls at the exact and at the rounded nodes of the central difference, so
that the error splits exactly, as that of a formula does (`differences/budget.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from symnum.differences.budget import Line, as_ball, split
from symnum.differences.schemes import central
from symnum.nets.backward import float_loss
from symnum.nets.data import Batch, check_batch, check_finite, check_parameters
from symnum.nets.loss_along import BallForward, LossAlong
from symnum.nets.steps import chosen_entries, read_h
from symnum.nets.structure import Structure

if TYPE_CHECKING:
    from os import PathLike

    from symnum.nets.network import Network

Arrays = dict[str, np.ndarray]

PARTS = ("truncation", "step_rounding", "evaluation", "arithmetic")


@dataclass(frozen=True, eq=False)
class EntryParts:
    """The error of the central differences by one entry, split; all arrays have shape (steps,).

    Parameters
    ----------
    parameter : str
        The parameter.
    entry : tuple of int
        Which entry of it.
    exact : float
        The exact derivative; NaN where there is none, and then no part is known.
    approximation : float64 array
        The central differences.
    error : float64 array
        approximation − exact.
    truncation : float64 array
        The central difference in exact arithmetic, minus the exact derivative.
    step_rounding : float64 array
        What w ± h not being doubles adds.
    evaluation : float64 array
        What the rounding of the loss adds.
    arithmetic : float64 array
        What the subtraction and the division add.
    radius : float64 array
        The parts add up to `error` within this, also when they are added in float64.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, error_parts
    >>> network = Network([Dense(1, 1)], "squared_error")
    >>> parts = error_parts(network, {"W1": [[2]], "b1": [1]}, [3], [5], h=[0.5])
    >>> parts.entries[0].name, parts.entries[0].truncation.tolist()
    ('W1[0,0]', [0.0])
    """

    parameter: str
    entry: tuple[int, ...]
    exact: float
    approximation: np.ndarray
    error: np.ndarray
    truncation: np.ndarray
    step_rounding: np.ndarray
    evaluation: np.ndarray
    arithmetic: np.ndarray
    radius: np.ndarray

    @property
    def name(self) -> str:
        """The entry's name, such as W1[5,2]."""
        return f"{self.parameter}[{','.join(map(str, self.entry))}]"

    @property
    def best(self) -> int | None:
        """The index of the step with the smallest error; None where no error is known."""
        size = np.abs(self.error)
        return None if np.isnan(size).all() else int(np.nanargmin(size))


@dataclass(frozen=True, eq=False)
class ErrorParts:
    """The error of a network's numerical gradient against h, split into its four parts.

    Parameters
    ----------
    h : float64 array
        The steps.
    entries : tuple of EntryParts
        In the order of the parameters.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, error_parts
    >>> network = Network([Dense(1, 1)], "squared_error")
    >>> error_parts(network, {"W1": [[2]], "b1": [1]}, [3], [5], h=[0.5, 0.25]).h.tolist()
    [0.5, 0.25]
    """

    h: np.ndarray
    entries: tuple[EntryParts, ...]

    def plot(self, path: str | PathLike[str]) -> Any:
        """Draw the parts against h into a file, a panel for each entry."""
        from symnum.report.network_parts import plot_parts

        return plot_parts(self, path)

    def __str__(self) -> str:
        from symnum.report.network_parts import parts_text

        return parts_text(self)

    def to_json(self) -> str:
        """Return the parts as a JSON document."""
        from symnum.report.network_parts import parts_to_json

        return parts_to_json(self)


def error_parts(
    network: Network,
    params: Mapping[str, Any],
    x: Any,
    t: Any,
    *,
    h: Any = None,
    entries: Mapping[str, Sequence[Any]] | None = None,
    count: int = 1,
    seed: int = 0,
) -> ErrorParts:
    """Split the error of central differences of a network's loss, at several steps.

    Parameters
    ----------
    network : Network
        The network.
    params, x, t
        As for `Network.loss`.
    h : float or sequence of float, optional
        The steps; without it 25, logarithmic, from 1e-12 to 1.
    entries : dict of sequences of tuples of int, optional
        Which entries of which parameter; without it `count` random ones of each.
    count : int
        How many random entries of a parameter.
    seed : int
        Of the random entries.

    Returns
    -------
    ErrorParts
        For each entry the error and its four parts, which add up to it.

    Raises
    ------
    UsageError, DomainError
        The arguments don't fit the network, or something isn't finite.

    Notes
    -----
    approximation − exact = truncation + step rounding + evaluation + arithmetic, as for a formula:
    the scheme is evaluated in balls on exact and on rounded nodes, then on the values as the loss
    computed them, then as the machine combined them.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, error_parts
    >>> network = Network([Dense(2, 3), "tanh", Dense(3, 2)], "softmax_cross_entropy")
    >>> parts = error_parts(network, network.init(), [0.6, 0.9], 1, h=[1e-2, 1e-9])
    >>> coarse, fine = parts.entries[0].truncation / parts.entries[0].error
    >>> bool(coarse > 0.99), bool(abs(fine) < 0.01)
    (True, True)
    """
    structure = network.structure
    arrays, batch = check_parameters(structure, params), check_batch(structure, x, t)
    check_finite(arrays, batch.x)
    steps = read_h(h)
    chosen = chosen_entries(structure, entries, count, seed)
    exact = network.exact_gradient(arrays, batch.x, batch.t)
    forward = BallForward(structure, arrays, batch)
    made = []
    for name, places in chosen.items():
        layer = next(i for i, names in enumerate(structure.names) if names and name in names)
        found = exact[name]
        for place in places:
            truth = tuple(float(field[place]) for field in (found.hi, found.lo, found.radius))
            along = LossAlong(forward, layer, place, float(arrays[name][place]))
            made.append(_split(structure, arrays, batch, name, along, steps, truth))
    return ErrorParts(steps, tuple(made))


def _split(
    structure: Structure,
    arrays: Arrays,
    batch: Batch,
    name: str,
    along: LossAlong,
    steps: np.ndarray,
    truth: tuple[float, ...],
) -> EntryParts:
    """Split the errors by one entry at all steps."""
    known = bool(np.isfinite(truth).all())
    exact = as_ball(*truth) if known else None
    line = Line(cast(Any, along), cast(Any, None), None, None, 0)
    moved = {**arrays, name: arrays[name].copy()}
    here = along.here
    scheme = central()
    rows = np.full((len(PARTS) + 3, len(steps)), np.nan)
    for k, step in enumerate(steps.tolist()):
        values = []
        # As the scheme's offsets are ordered: above the point, and below it.
        for offset in scheme.offsets:
            moved[name][along.entry] = here + float(offset) * step
            values.append(float_loss(structure, moved, batch))
        down, up = values if scheme.offsets[0] < 0 else values[::-1]
        rows[0, k] = (up - down) / (2.0 * step)
        if not known:
            continue
        found = split(line, scheme, [here], step, values, float(rows[0, k]), exact)
        if found is not None:
            parts = [getattr(found, part) for part in PARTS]
            rows[1:, k] = [found.error, *parts, found.radius]
    return EntryParts(name, along.entry, truth[0], *rows)
