"""Comparison: descents side by side, and compare(), which takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symnum.descending.descent import Descent, descend
from symnum.descending.request import read_formula, read_start, read_step_count
from symnum.descending.slopes import Rule, read_gradient
from symnum.errors import UsageError
from symnum.formula.formula import Formula

_MOST_RUNS = 1_000


@dataclass(frozen=True, eq=False)
class Comparison:
    """Descents of one formula from one start, by several gradients and at several rates.

    Parameters
    ----------
    runs : tuple of Descent
        Rates outermost, gradients in the order given.

    Examples
    --------
    >>> import symnum as sn
    >>> c = sn.compare("x0**2 + x1**2", [-3, 4], ["exact", "central@1e-4"], rates=[10])
    >>> [parting.step for parting in c.partings], c.partings[1].lost_from
    ([None, 5], 10)
    >>> print(c.reasons[1])  # doctest: +ELLIPSIS
    diverges: ... x + h == x ...
    """

    runs: tuple[Descent, ...]

    def __iter__(self) -> Iterator[Descent]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def partings(self) -> list[Any]:
        """For each run how it parts from the exact path: a `Parting`, with its `reason`."""
        return [run.partings[0] for run in self.runs]

    @property
    def reasons(self) -> list[str]:
        """For each run a sentence: what it does, where it parts from the exact path, and why."""
        from symnum.report.descent_sentences import reason_of

        return [reason_of(run, 0) for run in self.runs]

    def __str__(self) -> str:
        from symnum.report.descents import descents_text

        return descents_text(self.runs)

    def to_json(self) -> str:
        """Return the comparison as a JSON document."""
        from symnum.report.descents import descents_to_json

        return descents_to_json(self.runs)

    def plot(self, path_or_ax: Any = None) -> Any:
        """Draw paths on contours and losses against the step, into a file or axes.

        Parameters
        ----------
        path_or_ax : str, path, matplotlib.axes.Axes or matplotlib.figure.Figure, optional
            A file whose name ends in .svg, .png or .pdf; axes, which get the paths (the losses
            where f has not two variables); a figure, which gets both; without it a new one is
            returned.
        """
        from symnum.report.descent_plots import plot_descents

        return plot_descents(self.runs, path_or_ax)

    def plot_rates(self, path_or_ax: Any = None) -> Any:
        """Draw the factor of a step, and the loss at the end, against the rate.

        Parameters
        ----------
        path_or_ax : str, path, matplotlib.axes.Axes or matplotlib.figure.Figure, optional
            As for `plot`; axes get the factors.
        """
        from symnum.report.descent_plots import plot_rates

        return plot_rates(self.runs, path_or_ax)


def compare(
    f: Formula | Any,
    start: Any,
    gradients: Sequence[Any] = ("exact",),
    rates: Sequence[float] = (0.1,),
    *,
    steps: int = 100,
    momentum: float = 0.0,
    tolerance: float | None = None,
    function: Callable[..., Any] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Comparison:
    """Descend by several gradients and at several rates, and say where the paths part, and why.

    Parameters
    ----------
    f : Formula, or whatever a Formula is made from
        The function, with one output.
    start : array_like or mapping
        One start, shape (n,), or numbers by name.
    gradients : sequence
        Each as `descend` takes it.
    rates : sequence of float
        Learning rates, each above 0.
    steps, momentum, tolerance, function, progress
        As `descend` takes them.

    Returns
    -------
    Comparison
        The runs, rates outermost.

    Raises
    ------
    UsageError
        As `descend` does; or there are several starts, no gradient, or no rate.
    DomainError
        A number is not finite, or a rate is not above 0.

    Notes
    -----
    The exact path is the recurrence without any rounding, in balls; each point of it is the
    nearest double. It is certified for at most a thousand steps, and as far as f has a gradient;
    beyond that nothing is said of it. Paths have parted where half the digits of a double are
    gone; how far apart they are is the largest difference of a coordinate. The gradient that is to
    blame is held against the certified one at the same point.

    Examples
    --------
    >>> import symnum as sn
    >>> c = sn.compare("x**2", 1.0, ["exact", "forward@1e-2"], rates=[0.1])
    >>> [(parting.step, parting.reason) for parting in c.partings]
    [(None, ''), (1, 'truncation')]
    """
    formula = read_formula(f)
    first = read_start(formula, start)
    if first.ndim > 1:
        first = first.reshape(-1, first.shape[-1])
        if len(first) > 1:
            msg = f"compare takes one start, {len(first)} were given; descend takes several"
            raise UsageError(msg)
        first = first[0]
    chosen = _told_apart([read_gradient(gradient) for gradient in _listed(gradients, "gradients")])
    speeds = _listed(rates, "rates")
    if len(chosen) * len(speeds) > _MOST_RUNS:
        count = len(chosen) * len(speeds)
        msg = f"{count:,} runs are more than one comparison takes ({_MOST_RUNS:,})"
        raise UsageError(msg)
    read_step_count(steps, first.size * len(chosen) * len(speeds))
    common: dict[str, Any] = {
        "steps": steps,
        "momentum": momentum,
        "tolerance": tolerance,
        "function": function,
        "progress": progress,
    }
    runs = tuple(
        descend(formula, first, rate=rate, gradient=gradient, **common)
        for rate in speeds
        for gradient in chosen
    )
    return Comparison(runs)


def _told_apart(rules: list[Rule]) -> list[Rule]:
    """Return rules with numbers behind names that several callables share, such as `<lambda>`."""
    labels = Counter(rule.label for rule in rules if rule.code is not None)
    met: Counter[str] = Counter()
    found = []
    for rule in rules:
        if rule.code is not None and labels[rule.label] > 1:
            met[rule.label] += 1
            rule = replace(rule, label=f"{rule.label} {met[rule.label]}")
        found.append(rule)
    return found


def _listed(given: Any, what: str) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, list | tuple | np.ndarray | range):
        given = [given]
    items = list(given)
    if not items:
        msg = f"{what} is empty: give at least one"
        raise UsageError(msg)
    return items
