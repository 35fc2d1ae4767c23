"""What a derivative without a formula comes to: the answer's words, and the ladder's evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class DerivativeStatus(StrEnum):
    """Whether `differentiate` answered, or the reason why not.

    `certified` and `estimated` come with a value and an error bar, and nothing else does.
    Each equals its lower-case word.

    Examples
    --------
    >>> import symnum as sn
    >>> sn.differentiate(abs, 0.0).status == "kink"
    True
    """

    CERTIFIED = "certified"
    ESTIMATED = "estimated"
    KINK = "kink"
    JUMP = "jump"
    VERTICAL_TANGENT = "vertical_tangent"
    EDGE = "edge"
    NONFINITE = "nonfinite"
    RANDOM = "random"
    NOISE = "noise"
    STAIRCASE = "staircase"
    TWO_SLOPES = "two_slopes"
    ZERO = "zero"
    UNRESOLVED = "unresolved"
    TIMEOUT = "timeout"
    OUTSIDE_PATTERN = "outside_pattern"


ANSWERED = frozenset({DerivativeStatus.CERTIFIED, DerivativeStatus.ESTIMATED})


@dataclass(frozen=True)
class Rung:
    """The function at x - h, x and x + h.

    Parameters
    ----------
    e : int
        The step's exponent: h is proportional to 2^e.
    h : float
        The step, in units of t.
    odd : float
        (f(x + h) - f(x - h)) over the distance really stepped: a central difference.
    even : float
        (f(x + h) + f(x - h))/2 - f(x).
    size : float
        The largest of the three |f|.
    floor : float
        The least noise that such values have.
    """

    e: int
    h: float
    odd: float
    even: float
    size: float
    floor: float

    @property
    def is_dead(self) -> bool:
        """Whether f did not move at all."""
        return self.odd == 0.0 and self.even == 0.0


@dataclass(frozen=True)
class Estimate:
    """One derivative along a line, with its error bar and what it rests on.

    Parameters
    ----------
    value : float
        The derivative; NaN unless answered.
    error : float
        Bounds |value - exact|; infinite unless answered.
    status : DerivativeStatus
        `estimated`, or why not.
    reason : str
        The same in a sentence.
    evaluations : int
        Calls of f so far on this line.
    noise : float
        The noise of f as estimated, one standard deviation.
    window : (int, int) or None
        (k, m): the answer extrapolates the m + 1 rungs from k on.
    rungs : tuple of Rung
        All that was evaluated, in order of h.
    left, right : float
        One-sided derivatives at a kink or an edge; else NaN.
    reference : str
        How it was found.
    verified : float
        What real differences confirm of a complex step; else the error.
    """

    value: float
    error: float
    status: DerivativeStatus
    reason: str
    evaluations: int
    noise: float
    window: tuple[int, int] | None = None
    rungs: tuple[Rung, ...] = ()
    left: float = math.nan
    right: float = math.nan
    reference: str = "real steps"
    verified: float = math.inf

    @property
    def is_answered(self) -> bool:
        """Whether there is a value."""
        return self.status in ANSWERED
