"""Verdict: the answer on somebody's derivative, and its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What a check can come to; each equals its lower-case word.

    Examples
    --------
    >>> import symnum as sn
    >>> str(sn.check("x**2", lambda x: -2 * x).status)
    'wrong'
    """

    OK = "ok"
    """No error beyond what rounding explains; the detection limit says how small one may be."""
    PROVED = "proved"
    """The candidate was traced, and differs from the exact derivative by nothing."""
    INACCURATE = "inaccurate"
    """The right derivative, with digits lost."""
    WRONG = "wrong"
    """Not the derivative of this function."""
    UNDECIDED = "undecided"
    """Nothing could be decided, and the reason is given."""


class Cause(StrEnum):
    """Why a derivative is wrong; each equals its lower-case word.

    Examples
    --------
    >>> import symnum as sn
    >>> str(sn.check("x**2", lambda x: -2 * x).cause)
    'sign'
    """

    SIGN = "sign"
    FACTOR = "factor"
    TERM = "term"
    SWAPPED = "swapped"
    TRANSPOSED = "transposed"
    INDEX = "index"
    CONSTANT = "constant"
    FUNCTION = "function"
    OPERATOR = "operator"
    ZERO = "zero"
    SPURIOUS = "spurious"
    REGION = "region"
    FLOAT32 = "float32"
    STALE = "stale"
    MUTATES = "mutates"
    DTYPE = "dtype"
    SHAPE = "shape"
    NONFINITE = "nonfinite"
    RAISES = "raises"
    RANDOM = "random"
    WRONG_FUNCTION = "wrong_function"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Worst:
    """The worst disagreement that was found.

    Parameters
    ----------
    point : tuple of float
        Where.
    component : int
        Which flat component.
    exact, given : float
        The exact derivative there, and what the candidate gave.
    error : float
        given - exact.
    ulps : float
        The error in units in the last place of the exact value.

    Examples
    --------
    >>> import symnum as sn
    >>> worst = sn.check("x**2", lambda x: 3 * x, at=1.0, domain=[(1, 1)]).worst
    >>> worst.exact, worst.given, worst.error
    (2.0, 3.0, 1.0)
    """

    point: tuple[float, ...]
    component: int
    exact: float
    given: float
    error: float
    ulps: float


@dataclass(frozen=True)
class Verdict:
    """The answer on a claim; its `str` is the sentence a person reads.

    Parameters
    ----------
    status : Outcome
        ok, proved, inaccurate, wrong or undecided.
    components : tuple of int
        Flat indices of the components that are wrong, worst first.
    names : tuple of str
        Every component's name.
    cause : Cause or None
        Why, where a single slip explains it.
    cause_detail : str
        Which factor, which term, which region.
    violations : tuple of str
        Rules broken besides: writing into the argument, a wrong shape, a NaN.
    detection_limit : tuple of float
        For each component the smallest relative error that would have been seen. Where a derivative
        is 0 at every point: as a share of the others' usual size, or absolute where all are 0.
    worst : Worst or None
        The worst disagreement.
    points_tried : int
        How many points were compared.
    unreached_lines : tuple of str
        Lines of the candidate's source that no point reached.
    seed : int
        Of everything random.
    form : str
        How the candidate was called.
    reference : str
        What it was held against.
    reason : str
        Why nothing could be decided, or what was lost.
    evaluations : int
        Calls of f that measuring its derivative took; 0 where it is certified from a formula.
    traceback : str
        That of their code, where an exception decided; in no JSON, and no part of equality.

    Examples
    --------
    >>> import symnum as sn
    >>> verdict = sn.check("x**2", lambda x: 2 * x)
    >>> bool(verdict), str(verdict.status)
    (True, 'proved')
    """

    status: Outcome
    components: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    cause: Cause | None = None
    cause_detail: str = ""
    violations: tuple[str, ...] = ()
    detection_limit: tuple[float, ...] = ()
    worst: Worst | None = None
    points_tried: int = 0
    unreached_lines: tuple[str, ...] = ()
    seed: int = 0
    form: str = ""
    reference: str = ""
    reason: str = ""
    evaluations: int = 0
    traceback: str = field(default="", compare=False, repr=False)

    def __bool__(self) -> bool:
        return self.status in {Outcome.OK, Outcome.PROVED}

    @property
    def is_certified(self) -> bool:
        """Whether what it was held against is proven, and not measured."""
        return "uncertified" not in self.reference

    def __str__(self) -> str:
        from symnum.report.verdicts import verdict_text

        return verdict_text(self)

    def to_json(self) -> str:
        """Return the verdict as a JSON document."""
        from symnum.report.verdicts import verdict_to_json

        return verdict_to_json(self)
