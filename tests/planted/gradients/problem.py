"""Problem: a formula, and somebody's function and gradient of it in ordinary NumPy code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symnum.formula.formula import Formula

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Problem:
    """A formula with its function and its right gradient.

    Parameters
    ----------
    name : str
        Lower-case words joined by underscores.
    formula : str or list of str
        In symnum's grammar; a list for a vector-valued function.
    variables : tuple of str
        In the order of the entries of x.
    domain : tuple of (low, high)
        The box; f is defined inside.
    points : float64 array, shape (P, n)
        What a user would give.
    f, g : callable
        Take a float where `scalar`, else an (n,) array. g returns a float, (n,) or (m, n).
    scalar : bool
        Whether f and g take a float and not an array of length 1.
    better : callable or None
        A gradient that loses fewer digits than g.
    degraded : dict
        Right algebra that loses many digits, by what loses them.
    tags : frozenset of str
        What is awkward about it: cancelling, kinked, scaled, offset, tiny, overflowing, ...
    """

    name: str
    formula: str | list[str]
    variables: tuple[str, ...]
    domain: tuple[Interval, ...]
    points: np.ndarray
    f: Callable[[Any], Any]
    g: Callable[[Any], Any]
    scalar: bool
    better: Callable[[Any], Any] | None
    degraded: dict[str, Callable[[Any], Any]]
    tags: frozenset[str]

    @property
    def n(self) -> int:
        """How many variables there are."""
        return len(self.variables)

    @property
    def m(self) -> int | None:
        """How many outputs a vector-valued formula has; None for a scalar one."""
        return None if isinstance(self.formula, str) else len(self.formula)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that g returns."""
        if self.scalar:
            return ()
        return (self.n,) if self.m is None else (self.m, self.n)

    @property
    def split(self) -> str:
        """`dev` for tuning on, `held` for judging: by the name alone, so it never changes."""
        return ("dev", "held")[hashlib.sha256(self.name.encode()).digest()[0] % 2]

    @property
    def at(self) -> np.ndarray:
        """The given points in the form that f takes: shape (P,) where `scalar`, else (P, n)."""
        return self.points[:, 0] if self.scalar else self.points

    def argument(self, point: np.ndarray) -> Any:
        """Return one point, a row of `points`, in the form that f takes."""
        return float(point[0]) if self.scalar else np.array(point, dtype=np.float64)

    @cached_property
    def function(self) -> Formula:
        """The formula."""
        return Formula(self.formula, list(self.variables))

    @cached_property
    def derivative(self) -> Formula:
        """Its gradient or Jacobian, of shape (n,) or (m, n) also where `scalar`."""
        return self.function.gradient() if self.m is None else self.function.jacobian()


PROBLEMS: dict[str, Problem] = {}


def problem(
    formula: str | list[str],
    domain: Interval | Sequence[Interval],
    at: Sequence[Any],
    *,
    variables: str | None = None,
    array: bool = False,
    tags: str = "",
) -> Callable[[type], Problem]:
    """Make a Problem of a class body that holds `f`, `g` and perhaps `better` and `degraded_...`.

    Parameters
    ----------
    formula : str or list of str
        The mathematics.
    domain : (low, high), or a list of n of them
        The box.
    at : sequence of P numbers, or of P sequences of n
        The given points.
    variables : str, optional
        Names between blanks; without it `x`, or `x0`, `x1`, ...
    array : bool
        With one variable: whether the functions take an array of length 1.
    tags : str
        Words between blanks.
    """
    points = np.atleast_2d(np.array(at, dtype=np.float64))
    if np.ndim(at) == 1:
        points = points.T
    n = points.shape[1]
    names = tuple(variables.split()) if variables else tuple(f"x{i}" for i in range(n))
    if n == 1 and not variables:
        names = ("x",)
    box = [domain] * n if np.ndim(domain) == 1 else list(domain)

    def make(body: type) -> Problem:
        held = vars(body)
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?=[A-Z][a-z])\B", "_", body.__name__).lower()
        made = Problem(
            name=name,
            formula=formula,
            variables=names,
            domain=tuple((float(low), float(high)) for low, high in box),
            points=points,
            f=held["f"],
            g=held["g"],
            scalar=n == 1 and not array,
            better=held.get("better"),
            degraded={k[9:]: v for k, v in held.items() if k.startswith("degraded_")},
            tags=frozenset(tags.split()),
        )
        if name in PROBLEMS or len(names) != n or len(box) != n:
            msg = f"problem {name}: taken, or names, box and points don't fit"
            raise ValueError(msg)
        PROBLEMS[name] = made
        return made

    return make
