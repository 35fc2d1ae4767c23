"""The error of a numerical gradient against h, parameter by parameter, and the kinks in its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb

from symnum.errors import UsageError
from symnum.nets.backward import float_loss, softmax
from symnum.nets.compare import brief
from symnum.nets.data import check_batch, check_finite, check_parameters, read_count
from symnum.nets.layers import Activation
from symnum.nets.numerical import check_step
from symnum.nets.structure import Structure

if TYPE_CHECKING:
    from os import PathLike

    from matplotlib.axes import Axes

    from symnum.nets.network import Network

Arrays = dict[str, np.ndarray]

# An error that changes by less than this factor over all steps doesn't come from the step.
_FLAT = 1.5

EXACT_REFERENCE = "the exact gradient"
"""What errors are held against where no gradient is given."""


@dataclass(frozen=True)
class KinkNear:
    """A unit that a step carries over a point where its activation isn't smooth.

    Parameters
    ----------
    parameter : str
        The entry that was moved, such as b1[17].
    h : float
        By how much.
    layer, unit, sample : int
        Where the kink is; layers count from 0, with the activations.
    z : float
        The pre-activation there.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, kinks_near
    >>> network = Network([Dense(1, 1), "relu"], "squared_error")
    >>> params = {"W1": [[1.0]], "b1": [1e-5]}
    >>> str(kinks_near(network, params, [0.0], "b1", (0,), h=1e-4)[0])
    'b1[0]: a step of h carries 1e-5 over the kink: layer 1, unit 0, sample 0'
    """

    parameter: str
    h: float
    layer: int
    unit: int
    sample: int
    z: float

    def __str__(self) -> str:
        return (
            f"{self.parameter}: a step of h carries {brief(self.z, 3)} over the kink: "
            f"layer {self.layer}, unit {self.unit}, sample {self.sample}"
        )


@dataclass(frozen=True, eq=False)
class ParameterSteps:
    """Errors of the numerical derivatives by some entries of one parameter.

    Parameters
    ----------
    name : str
        The parameter.
    entries : tuple of tuple of int
        Which entries.
    approximation : float64 array (steps, entries)
        The central differences.
    exact : float64 array (entries,)
        What they are held against; NaN at a kink.
    error : float64 array (steps, entries)
        approximation − exact.
    best_h, best_error : float
        The step with the smallest mean error, and that error.
    kinks : tuple of KinkNear
        The kinks that the best step would carry a unit over.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, step_errors
    >>> network = Network([Dense(1, 1)], "squared_error")
    >>> steps = step_errors(network, {"W1": [[2]], "b1": [1]}, [3], [5], h=[0.5, 0.25])
    >>> steps.parameters[0].approximation.tolist()
    [[6.0], [6.0]]
    """

    name: str
    entries: tuple[tuple[int, ...], ...]
    approximation: np.ndarray
    exact: np.ndarray
    error: np.ndarray
    best_h: float
    best_error: float
    kinks: tuple[KinkNear, ...]

    @property
    def mean_error(self) -> np.ndarray:
        """The mean modulus of the error at each step, over the entries that have a derivative."""
        known = np.isfinite(self.exact)
        if not known.any():
            return np.full(len(self.error), np.nan)
        result: np.ndarray = np.abs(self.error[:, known]).mean(axis=1)
        return result

    @property
    def flat(self) -> bool:
        """Whether the mean error is the same at every step: the mark of a wrong formula."""
        mean = self.mean_error
        return bool(len(mean) > 1 and mean.min() > 0.0 and mean.max() <= _FLAT * mean.min())


@dataclass(frozen=True, eq=False)
class StepErrors:
    """The error of a network's numerical gradient against h.

    Parameters
    ----------
    h : float64 array
        The steps.
    parameters : tuple of ParameterSteps
        In the network's order.
    reference : str
        What the differences are held against.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, step_errors
    >>> network = Network([Dense(1, 1)], "squared_error")
    >>> step_errors(network, {"W1": [[2]], "b1": [1]}, [3], [5], h=[0.5]).parameters[1].best_error
    0.0
    """

    h: np.ndarray
    parameters: tuple[ParameterSteps, ...]
    reference: str

    def plot(self, path_or_ax: str | PathLike[str] | Axes) -> Any:
        """Draw the mean errors against h into a file or into Matplotlib axes."""
        from symnum.report.networks import plot_steps

        return plot_steps(self, path_or_ax)

    def __str__(self) -> str:
        from symnum.report.networks import steps_text

        return steps_text(self)


def step_errors(
    network: Network,
    params: Mapping[str, Any],
    x: Any,
    t: Any,
    *,
    h: Any = None,
    entries: Mapping[str, Sequence[Any]] | None = None,
    count: int = 8,
    seed: int = 0,
    gradient: Mapping[str, Any] | None = None,
) -> StepErrors:
    """Measure the error of central differences of a network's loss at several steps.

    Parameters
    ----------
    network : Network
        The network.
    params, x, t
        As for `Network.loss`.
    h : array_like, optional
        Steps; 25 from 1e-12 to 1 without it.
    entries : dict, optional
        For a parameter the indices of its entries, such as `{"W1": [(5, 2)]}`.
    count : int
        How many random entries of the other parameters.
    seed : int
        Of these.
    gradient : dict of array_like, optional
        Somebody's gradient to hold the differences against, in place of the exact one.

    Returns
    -------
    StepErrors
        The errors, the best step of each parameter, and the kinks near it.

    Raises
    ------
    UsageError
        A step is not positive, an entry isn't there, or the rest doesn't fit the network.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, step_errors
    >>> network = Network([Dense(2, 3), "tanh", Dense(3, 2)], "softmax_cross_entropy")
    >>> steps = step_errors(network, network.init(), [0.6, 0.9], 1)
    >>> [p.name for p in steps.parameters if 1e-8 < p.best_h < 1e-2]
    ['W1', 'b1', 'b2']
    >>> steps.parameters[2].best_h > 0.01  # the loss is nearly linear in W2 here
    True
    """
    structure = network.structure
    arrays, batch = check_parameters(structure, params), check_batch(structure, x, t)
    check_finite(arrays, batch.x)
    steps = read_h(h)
    read_count(count, "count")
    if gradient is None:
        reference = {k: e.hi for k, e in network.exact_gradient(arrays, batch.x, batch.t).items()}
    else:
        reference = check_parameters(structure, gradient)
    made = [
        _measured(structure, arrays, batch, name, chosen, steps, reference[name])
        for name, chosen in chosen_entries(structure, entries, count, seed).items()
    ]
    words = EXACT_REFERENCE if gradient is None else "the gradient given"
    return StepErrors(steps, tuple(made), words)


def read_h(h: Any) -> np.ndarray:
    """Return the steps as an array; 25 of them where none are given.

    Raises
    ------
    UsageError
        They are not positive finite numbers.
    """
    steps = np.geomspace(1e-12, 1.0, 25) if h is None else np.atleast_1d(np.asarray(h))
    if steps.ndim != 1 or not steps.size:
        msg = "h is a step or a list of steps"
        raise UsageError(msg)
    return np.array([check_step(step) for step in steps.tolist()])


def chosen_entries(
    structure: Structure,
    entries: Mapping[str, Sequence[Any]] | None,
    count: int,
    seed: int,
) -> dict[str, tuple[tuple[int, ...], ...]]:
    """Return entries of each parameter: those given, or random ones where none are.

    Raises
    ------
    UsageError
        There is no such parameter or entry.
    """
    random = np.random.default_rng(seed)
    for name in entries or ():
        if name not in structure.shapes:
            msg = f"there is no parameter {name!r}; there are {', '.join(structure.shapes)}"
            raise UsageError(msg)
    return {
        name: _chosen(name, shape, None if entries is None else entries.get(name), count, random)
        for name, shape in structure.shapes.items()
    }


def _chosen(
    name: str,
    shape: tuple[int, ...],
    given: Sequence[Any] | None,
    count: int,
    random: np.random.Generator,
) -> tuple[tuple[int, ...], ...]:
    if given is None:
        size = int(np.prod(shape))
        flat = np.sort(random.choice(size, size=min(count, size), replace=False))
        return tuple(tuple(int(i) for i in np.unravel_index(k, shape)) for k in flat)
    found = tuple(tuple(int(i) for i in np.atleast_1d(entry)) for entry in given)
    for entry in found:
        inside = len(entry) == len(shape) and all(
            0 <= i < n for i, n in zip(entry, shape, strict=True)
        )
        if not inside:
            msg = f"{name} has shape {shape}, and no entry {entry}"
            raise UsageError(msg)
    return found


def _measured(
    structure: Structure,
    arrays: Arrays,
    batch: Any,
    name: str,
    chosen: tuple[tuple[int, ...], ...],
    steps: np.ndarray,
    reference: np.ndarray,
) -> ParameterSteps:
    moved = {**arrays, name: arrays[name].copy()}
    array = moved[name]
    approximation = np.empty((len(steps), len(chosen)))
    for column, entry in enumerate(chosen):
        kept = array[entry]
        for row, step in enumerate(steps):
            array[entry] = kept + step
            above = float_loss(structure, moved, batch)
            array[entry] = kept - step
            below = float_loss(structure, moved, batch)
            approximation[row, column] = (above - below) / (2.0 * step)
        array[entry] = kept
    exact = np.array([reference[entry] for entry in chosen])
    error = approximation - exact
    known = np.isfinite(exact)
    best_h = best_error = float("nan")
    if known.any():
        mean = np.abs(error[:, known]).mean(axis=1)
        best = int(np.argmin(mean))
        best_h, best_error = float(steps[best]), float(mean[best])
    kinks = [
        kink
        for entry in chosen
        for kink in _kinks(structure, arrays, batch.x, name, entry, best_h)
        if np.isfinite(best_h)
    ]
    return ParameterSteps(
        name, chosen, approximation, exact, error, best_h, best_error, tuple(kinks)
    )


def kinks_near(
    network: Network,
    params: Mapping[str, Any],
    x: Any,
    name: str,
    entry: tuple[int, ...],
    *,
    h: float,
) -> tuple[KinkNear, ...]:
    """Return the units that a step of ±h of one parameter may carry over a kink.

    Parameters
    ----------
    network : Network
        The network.
    params, x
        As for `Network.loss`.
    name : str
        The parameter.
    entry : tuple of int
        Which entry of it.
    h : float
        The step.

    Raises
    ------
    UsageError
        There is no such entry, or the rest doesn't fit the network.

    Notes
    -----
    A unit is found when its activation isn't proven smooth over the interval between its
    pre-activations at both ends of the step.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, kinks_near
    >>> network = Network([Dense(1, 1), "relu"], "squared_error")
    >>> kinks_near(network, {"W1": [[1.0]], "b1": [1.0]}, [0.0], "b1", (0,), h=1e-4)
    ()
    """
    structure = network.structure
    arrays = check_parameters(structure, params)
    rows, _ = structure.check_inputs(x)
    check_finite(arrays, rows)
    if name not in structure.shapes:
        msg = f"there is no parameter {name!r}; there are {', '.join(structure.shapes)}"
        raise UsageError(msg)
    (chosen,) = _chosen(name, structure.shapes[name], [entry], 1, np.random.default_rng(0))
    return tuple(_kinks(structure, arrays, rows, name, chosen, check_step(h)))


def _kinks(
    structure: Structure,
    arrays: Arrays,
    x: np.ndarray,
    name: str,
    entry: tuple[int, ...],
    h: float,
) -> list[KinkNear]:
    if not np.isfinite(h) or not any(
        isinstance(layer, Activation) and layer.scalar is not None and layer.scalar.has_kinks
        for layer in structure.layers
    ):
        return []
    ends = []
    for move in (h, -h):
        moved = {**arrays, name: arrays[name].copy()}
        moved[name][entry] += move
        ends.append(_pre_activations(structure, moved, x))
    here = _pre_activations(structure, arrays, x)
    found = []
    label = f"{name}[{','.join(map(str, entry))}]"
    for index, (above, below) in enumerate(zip(*ends, strict=True)):
        layer = structure.layers[index]
        if not isinstance(layer, Activation) or layer.scalar is None or not layer.scalar.has_kinks:
            continue
        for sample, unit in np.argwhere(above != below):
            low, high = sorted((float(above[sample, unit]), float(below[sample, unit])))
            if not layer.scalar.enclose(arb(low).union(arb(high)))[2]:
                z = float(here[index][sample, unit])
                found.append(KinkNear(label, h, index, int(unit), int(sample), z))
    return found


def _pre_activations(structure: Structure, arrays: Arrays, x: np.ndarray) -> list[np.ndarray]:
    """Return the input of each layer."""
    values, found = x, []
    with np.errstate(all="ignore"):
        for layer, names in zip(structure.layers, structure.names, strict=True):
            found.append(values)
            if names is not None:
                values = values @ arrays[names[0]]
                if names[1] is not None:
                    values = values + arrays[names[1]]
            else:
                assert isinstance(layer, Activation)
                values = layer.scalar.value(values) if layer.scalar else softmax(values)
    return found
