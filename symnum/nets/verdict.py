"""NetworkVerdict: the answer on somebody's gradient of a network."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from symnum.checking.verdict import Outcome


class NetworkCause(StrEnum):
    """Why a network's gradient is wrong; each equals its lower-case word.

    Examples
    --------
    >>> from symnum.nets import NetworkCause
    >>> NetworkCause("batch").value
    'batch'
    """

    TRANSPOSED = "transposed"
    """A layer's gradient is the transpose of the right one."""
    BATCH = "batch"
    """The mean over the batch was left out, or taken twice."""
    ACTIVATION_DERIVATIVE = "activation_derivative"
    """An activation's derivative was left out, or taken at the wrong place."""
    BIAS = "bias"
    """A bias was forgotten in the forward pass, or its gradient isn't summed over the batch."""
    ACTIVATIONS = "activations"
    """A weight's gradient is made with another layer's numbers."""
    MAX_SHIFT = "max_shift"
    """Right until exp overflows: softmax without taking the largest logit out."""
    LOSS_FACTOR = "loss_factor"
    """The gradient is that of another loss, which differs by a factor that is named."""
    ZERO = "zero"
    """A parameter's gradient was left at 0."""
    FACTOR = "factor"
    """Right but for a constant factor; -1 is a sign."""
    KINK = "kink"
    """A step carries a unit over a kink, or entries lie outside of the slopes on a kink's sides."""
    FLOAT32 = "float32"
    """Computed in single precision."""
    FLOAT16 = "float16"
    """Computed in half precision."""
    DTYPE = "dtype"
    """Cut to integers, or with imaginary parts."""
    SHAPE = "shape"
    """A gradient is missing, or has another shape."""
    NONFINITE = "nonfinite"
    """A gradient has entries that aren't finite."""
    MUTATES = "mutates"
    """It writes into its arguments."""
    STALE = "stale"
    """Its answer depends on the call before, or is kept from an earlier one."""
    WRONG_FUNCTION = "wrong_function"
    """The loss is not the network's."""


@dataclass(frozen=True)
class ParameterReport:
    """What a check found for one parameter.

    Parameters
    ----------
    name : str
        The parameter.
    entries : int
        How many entries it has.
    wrong : int
        How many of them are off by more than rounding explains. Along directions: how many were
        confirmed alone, at least 1; all of them where one slip explains the whole array.
    median_ulps, largest_ulps : float
        Errors in units in the last place of the exact entry, over all entries that have one; NaN
        where the check went along directions and not entry by entry.
    worst : tuple of int
        The entry with the largest error against what rounding explains; along directions, the
        worst of those that were measured alone, and empty where none was.
    exact, given : float
        The derivative that is held against it there, and the candidate's.
    detection_limit : float
        The largest relative error that rounding explains at the median entry; along directions,
        the smallest error that would have been seen, against the largest entry.
    kinks : int
        Entries without a derivative: they are not compared.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, check_network
    >>> network = Network([Dense(1, 1)], "squared_error")
    >>> params = {"W1": [[2.0]], "b1": [1.0]}
    >>> verdict = check_network(None, network.gradient, params, x=[3.0], t=[5.0], network=network)
    >>> verdict.parameters[0].worst_name
    'W1[0,0]'
    """

    name: str
    entries: int
    wrong: int
    median_ulps: float
    largest_ulps: float
    worst: tuple[int, ...]
    exact: float
    given: float
    detection_limit: float
    kinks: int = 0

    @property
    def worst_name(self) -> str:
        """The worst entry's name, such as W1[5,2]."""
        return f"{self.name}[{','.join(map(str, self.worst))}]" if self.worst else self.name


@dataclass(frozen=True)
class NetworkVerdict:
    """The answer on a network's gradient; its `str` is the sentence a person reads.

    Parameters
    ----------
    status : Outcome
        ok, inaccurate, wrong or undecided.
    parameters : tuple of ParameterReport
        In the network's order.
    cause : NetworkCause or None
        Why, where a single slip explains every entry.
    cause_detail : str
        Where, in words.
    reference : str
        What it was held against.
    reason : str
        Why nothing could be decided, or where digits are lost that rounding explains; empty
        otherwise.
    note : str
        What else was seen and changes nothing: arrays that are no parameter's.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, check_network
    >>> network = Network([Dense(1, 1)], "squared_error")
    >>> params = {"W1": [[2.0]], "b1": [1.0]}
    >>> verdict = check_network(None, network.gradient, params, x=[3.0], t=[5.0], network=network)
    >>> bool(verdict), str(verdict.status)
    (True, 'ok')
    """

    status: Outcome
    parameters: tuple[ParameterReport, ...] = ()
    cause: NetworkCause | None = None
    cause_detail: str = ""
    reference: str = "certified gradient of the described network"
    reason: str = ""
    note: str = ""

    @property
    def wrong_parameters(self) -> tuple[str, ...]:
        """The names of the parameters with entries that rounding doesn't explain."""
        return tuple(report.name for report in self.parameters if report.wrong)

    def __bool__(self) -> bool:
        return self.status is Outcome.OK

    def __str__(self) -> str:
        from symnum.report.networks import verdict_text

        return verdict_text(self)
