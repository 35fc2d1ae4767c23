"""What is known about an exact value."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The nine answers to "what is the exact value here?"; each equals its lower-case word.

    A derivative remembers the function f that it came from, and its status speaks of f.

    Examples
    --------
    >>> import symnum
    >>> str(symnum.Formula("abs(x)").derivative().exact(0.0).status)
    'kink'
    """

    CERTIFIED = "certified"
    """`hi` is the double nearest the truth, proven."""
    ZERO = "zero"
    """The truth is exactly 0, proven."""
    KINK = "kink"
    """f is continuous, its one-sided derivatives differ: they stand in `left` and `right`."""
    JUMP = "jump"
    """f jumps; one-sided limits of a formula's own value stand in `left` and `right`."""
    POLE = "pole"
    """f or its derivative is unbounded (a vertical tangent too)."""
    EDGE = "edge"
    """Only one side is in the domain; that side's derivative stands in `left` or `right`."""
    REMOVABLE = "removable"
    """Undefined as written, both limits agree: `hi` holds the limit."""
    UNDEFINED = "undefined"
    """f has no value here, and no limit from both sides."""
    UNDECIDED = "undecided"
    """Nothing was proven within the precision and time that symnum spends."""
