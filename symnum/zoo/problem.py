"""Problem and Point: what the zoo holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from symnum.formula.formula import Formula

# A side that is None is open: the variable may be as large as it likes.
Side = tuple[float | None, float | None]


@dataclass(frozen=True)
class Point:
    """An awkward point of a problem.

    Parameters
    ----------
    at : mapping of str to float
        The variables' values: what a Formula takes as a point.
    why : str
        What is awkward there.
    status : tuple of str
        The certain status of each partial derivative, one entry a variable; empty where none is
        claimed.

    Examples
    --------
    >>> import symnum as sn
    >>> sn.zoo.get("absolute value").points[0]
    Point(at={'x': 0.0}, why='the kink', status=('kink',))
    """

    at: Mapping[str, float] = field(hash=False)
    why: str
    status: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A named formula, where to look at it, and where it came from.

    Parameters
    ----------
    name : str
        Its name, unique in the zoo.
    collection : str
        Which collection it belongs to.
    text : str or tuple of str
        The formula in symnum's own grammar; a tuple where there are several outputs.
    variables : tuple of str
        The variables in order.
    box : mapping of str to (low, high), or None
        Where each variable lies; a side that is None is open. None: every side is open.
    precondition : str or None
        A condition that the points satisfy, in the same grammar.
    points : tuple of Point
        Awkward points: kinks, edges, poles, cancellation, starts and minimizers.
    parameters : mapping of str to float
        Values of those variables that are parameters of a model; for `Formula.bind`.
    source, licence, note : str
        Where it comes from, under which licence, and what to know about it.

    Examples
    --------
    >>> import symnum as sn
    >>> problem = sn.zoo.get("Misra1a")
    >>> problem.text, problem.variables
    ('b1*(1 - exp(-b2*x))', ('x', 'b1', 'b2'))
    >>> print(problem.formula().bind(**problem.parameters).variables)
    ('x',)
    """

    name: str
    collection: str
    text: str | tuple[str, ...]
    variables: tuple[str, ...]
    box: Mapping[str, Side] | None = field(default=None, hash=False)
    precondition: str | None = None
    points: tuple[Point, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict, hash=False)
    source: str = ""
    licence: str = ""
    note: str = ""

    def formula(self) -> Formula:
        """Return the Formula, of shape () or one entry an output.

        Examples
        --------
        >>> import symnum as sn
        >>> sn.zoo.get("Rosenbrock residuals").formula().shape
        (2,)
        """
        from symnum.formula.formula import Formula

        text = self.text if isinstance(self.text, str) else list(self.text)
        return Formula(text, variables=self.variables)

    def sample(self, count: int = 20, seed: int = 0) -> np.ndarray:
        """Draw points from the box at which the precondition holds and the formula is finite.

        Parameters
        ----------
        count : int
            How many points.
        seed : int
            Seed of the generator. A longer sample starts with the shorter one of the same seed.

        Returns
        -------
        float64 array, shape (count,) for one variable and (count, n) for several
            Uniform over a side; logarithmic where the side is open or spans two decades.

        Raises
        ------
        UsageError
            `count` or `seed` is not a number from 0 on.
        LimitError
            Hardly any point of the box satisfies the precondition.

        Examples
        --------
        >>> import symnum as sn
        >>> points = sn.zoo.get("exp1x").sample(3, seed=1)
        >>> points.shape, bool((points >= 0.01).all())
        ((3,), True)
        """
        from symnum.zoo.sampling import sample

        return sample(self, count, seed)
