"""All problems, in two halves: `dev` to tune an engine on, `held` to judge it."""

from __future__ import annotations

from tests.planted.gradients import awkward, cancelling, models, smooth
from tests.planted.gradients.problem import PROBLEMS, Problem

__all__ = ["FAMILIES", "PROBLEMS", "problems"]

FAMILIES = (cancelling, smooth, awkward, models)


def problems(split: str = "all") -> list[Problem]:
    """Return the problems of a split: `dev`, `held` or `all`."""
    if split not in {"dev", "held", "all"}:
        msg = f"split is {split!r}; it must be dev, held or all"
        raise ValueError(msg)
    return [p for p in PROBLEMS.values() if split in {"all", p.split}]
