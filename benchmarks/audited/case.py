"""Case: one hand-written derivative of a library, and the formula that its documentation gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """One derivative under audit.

    Parameters
    ----------
    group : str
        The part of the library.
    item : str
        The object, with its parameters.
    method : str
        The derivative's name.
    formula : object
        The function, as `symnum.check` takes it, from the library's documentation.
    derivative : callable
        Theirs.
    function : callable or None
        Their code of the function, which is compared with the formula first.
    at : object
        Points.
    domain : sequence of (low, high)
        The box.
    box : str
        A name for the box, where an object is audited in several.
    order : int
        The derivative order.
    """

    group: str
    item: str
    method: str
    formula: Any
    derivative: Callable[..., Any]
    function: Callable[..., Any] | None
    at: Any
    domain: Any
    box: str = ""
    order: int = 1


@dataclass(frozen=True)
class Audited:
    """What a library's module returns: its cases, and what was left out with the reasons."""

    cases: tuple[Case, ...]
    left_out: Mapping[str, str]
