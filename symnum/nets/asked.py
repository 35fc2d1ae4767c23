"""A gradient of a network that nobody has described, asked for: what came, and how it rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symnum.checking.verdict import Outcome
from symnum.errors import DomainError, UsageError
from symnum.formula.formula import as_doubles
from symnum.nets.candidate import ask_gradient, broken_manners
from symnum.nets.data import check_finite
from symnum.nets.precision import (
    DOUBLE,
    SINGLE_INSIDE,
    Precision,
    is_single_inside,
    of_dtypes,
)
from symnum.nets.verdict import NetworkCause, NetworkVerdict

Arrays = dict[str, np.ndarray]
Call = Callable[..., Any]

# Neighbours an ulp away at which a gradient is asked for again: how it moves is how it rounds.
_SHAKES = 4
_SHAKEN = 16.0
# A candidate that moves more than so many units of rounding of its largest entry is not shaken by
# rounding. An entry that is 0 but for rounding moves by far more than its own units.
_MOST_SHAKEN = 2.0**23
# Entries of this share of the largest one are small; saturated units may make errors of that share
# of the largest in them, and of so many units times the largest input in the others.
SMALL, DIGITS, _ULPS = 2.0**-2, 2.0**-40, 4.0


@dataclass(frozen=True)
class Asked:
    """What was asked: the loss or a reference, the candidate's answer, and where.

    Parameters
    ----------
    params : dict of arrays
        The parameters.
    given : dict of arrays
        The candidate's gradient.
    precision : Precision
        In which it was computed, as far as its dtypes tell.
    dtypes : set of dtype
        Of its arrays.
    shaken : float64 array, shape (shakes, n)
        How the candidate's answer moves with the parameters' last digits.
    """

    gradient: Call
    params: Arrays
    x: Any
    t: Any
    given: Arrays
    precision: Precision
    dtypes: set[np.dtype[Any]]
    shaken: np.ndarray

    def at(self, moved: Arrays) -> Arrays:
        """Return the gradient at other parameters; nothing where its kind is wrong there."""
        shapes = {name: array.shape for name, array in self.params.items()}
        return ask_gradient(shapes, self.gradient, moved, self.x, self.t)[0]

    @property
    def samples(self) -> int:
        """How many samples there are; 1 where nobody can tell."""
        return len(self.x) if np.ndim(self.x) > 1 else 1

    @property
    def inputs(self) -> float:
        """The size of the largest input, from 1 on; 1 where nobody can tell."""
        return max(1.0, float(np.abs(self.x).max())) if _is_numbers(self.x) else 1.0

    @property
    def unit(self) -> float:
        """Half the distance from 1 to the next number of the candidate's precision."""
        return self.precision.unit

    def room(self) -> np.ndarray:
        """Return what rounding may do to each entry of the gradient, flat."""
        size = np.concatenate([np.abs(array).ravel() for array in self.given.values()])
        moves = np.abs(self.shaken).max(axis=0)
        starts = np.cumsum([array.size for array in self.given.values()])[:-1]
        # Four neighbours may miss how one entry moves, but not how most of its array does.
        usual = [np.maximum(part, np.median(part)) for part in np.split(moves, starts)]
        moved: np.ndarray = np.minimum(_SHAKEN * np.concatenate(usual), self._most)
        return moved + 16 * self.unit * size + self.precision.least

    @property
    def _most(self) -> float:
        """The most that rounding is believed to do to an entry."""
        largest = max(float(np.abs(array).max()) for array in self.given.values())
        return _MOST_SHAKEN * self.unit * largest

    def room_along(self, direction: np.ndarray, claim: np.ndarray, place: slice) -> float:
        """Return what rounding may do to a part of the gradient, times a direction."""
        parts = float(np.linalg.norm(direction * claim))
        moved = float(np.abs(self.shaken[:, place] @ direction).max())
        least = self.precision.least * float(np.abs(direction).sum())
        return (
            8 * self.unit * parts
            + least
            + min(_SHAKEN * moved, self._most * float(np.linalg.norm(direction)))
        )


def _is_numbers(x: Any) -> bool:
    return isinstance(x, np.ndarray | list | tuple) and np.asarray(x).dtype.kind in "fiu"


def saturation_room(asked: Asked, size: np.ndarray | float, largest: float) -> np.ndarray:
    """Return what saturated units may cost the digits of entries of this size.

    1 - a**2 is right to an ulp of 1 where a is near 1, and backpropagation multiplies that by
    inputs, weights and the slopes above. In entries that are small beside the gradient's largest
    nothing else is looked for; in the others, no more than what large inputs make of it.
    """
    moved = _ULPS * DOUBLE.unit * asked.inputs * largest
    return np.where(np.asarray(size) <= SMALL * largest, max(DIGITS * largest, moved), moved)


def read_parameters(params: Mapping[str, Any], x: Any, t: Any) -> Arrays:
    """Return the parameters as float64 arrays.

    Raises
    ------
    UsageError
        They are no dict of arrays by name.
    DomainError
        A number among them, x or t is not finite.
    """
    if not isinstance(params, Mapping) or not params:
        msg = f"the parameters are a dict of arrays by name; this is a {type(params).__name__}"
        raise UsageError(msg)
    arrays = {}
    for name, values in params.items():
        if not isinstance(name, str):
            msg = f"a parameter's name is a text; {name!r} is a {type(name).__name__}"
            raise UsageError(msg)
        arrays[name] = np.array(as_doubles(values, name))
        if not arrays[name].size:
            msg = f"{name} has no entries"
            raise UsageError(msg)
    check_finite(arrays, np.zeros(0))
    for name, values in (("x", x), ("t", t)):
        array = np.asarray(values) if isinstance(values, np.ndarray | list | tuple) else None
        if array is not None and array.dtype.kind == "f" and not np.isfinite(array).all():
            place = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
            msg = f"{name}{place} is {array[tuple(place)]}; finite numbers are expected"
            raise DomainError(msg)
    return arrays


def ask(
    gradient: Call, params: Arrays, x: Any, t: Any, seed: int
) -> tuple[Asked | None, NetworkVerdict | None]:
    """Ask for the gradient, and again near by; return what came, or a verdict on its kind."""
    shapes = {name: array.shape for name, array in params.items()}
    given, dtypes, problem = ask_gradient(shapes, gradient, params, x, t)
    if problem is not None:
        return None, problem
    bad = [name for name, array in given.items() if not np.isfinite(array).all()]
    if bad:
        detail = f"{', '.join(bad)}: not finite"
        return None, NetworkVerdict(
            Outcome.WRONG, cause=NetworkCause.NONFINITE, cause_detail=detail, reference="itself"
        )
    problem = broken_manners(shapes, gradient, params, x, t, given)
    if problem is not None:
        return None, problem
    precision = of_dtypes(dtypes)
    shaken = _shaken(gradient, params, x, t, given, precision, seed)
    return Asked(gradient, params, x, t, given, precision, dtypes, shaken), None


def single_inside(asked: Asked, seed: int) -> Asked | None:
    """Return what was asked as one in single precision, if its code computes in that."""
    if asked.precision is not DOUBLE or not is_single_inside(asked.at, asked.params, asked.given):
        return None
    return replace(
        asked,
        precision=SINGLE_INSIDE,
        shaken=_shaken(
            asked.gradient, asked.params, asked.x, asked.t, asked.given, SINGLE_INSIDE, seed
        ),
    )


def _shaken(
    gradient: Call, params: Arrays, x: Any, t: Any, given: Arrays, precision: Precision, seed: int
) -> np.ndarray:
    """Return how a gradient moves when every parameter moves by an ulp of its precision."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(_SHAKES):
        ulp = 2 * precision.unit
        moved = {
            name: array * (1.0 + ulp * random.choice([-1.0, 1.0], array.shape))
            for name, array in params.items()
        }
        shapes = {name: array.shape for name, array in params.items()}
        answer, _, problem = ask_gradient(shapes, gradient, moved, x, t)
        if problem is None:
            rows.append(np.concatenate([np.ravel(answer[n] - given[n]) for n in given]))
    size = sum(array.size for array in given.values())
    moves: np.ndarray = np.nan_to_num(np.array(rows).reshape(len(rows), size))
    return moves if rows else np.zeros((1, size))


def open_verdict(reason: str) -> NetworkVerdict:
    """Return the verdict that nothing can be decided."""
    return NetworkVerdict(Outcome.UNDECIDED, reference="the loss", reason=reason)
