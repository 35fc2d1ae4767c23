"""Dense and Activation: the layers of a network."""

from __future__ import annotations

from dataclasses import dataclass, field

from symnum.errors import UsageError
from symnum.nets.scalars import Scalar, checked

# The names that an Activation may have, and the formula that each stands for. Those are chosen that
# neither overflow nor cancel: erfc keeps the digits of gelu's left tail.
ACTIVATIONS = {
    "sigmoid": "expit(z)",
    "tanh": "tanh(z)",
    "relu": "max(z, 0)",
    "gelu": "z*erfc(-z/sqrt(2))/2",
    "softplus": "softplus(z)",
    "identity": "z",
}

SOFTMAX = "softmax"
# exp(z) / sum(exp(z)) as it is written, which overflows from z = 710 on.
SOFTMAX_UNSHIFTED = "softmax_unshifted"


@dataclass(frozen=True)
class Dense:
    """A dense layer: y = x @ W + b, with W of shape (inputs, outputs).

    Parameters
    ----------
    inputs, outputs : int
        How many numbers go in and come out.
    bias : bool
        Whether there is a b, of shape (outputs,).

    Raises
    ------
    UsageError
        A size is not a positive integer.

    Examples
    --------
    >>> from symnum.nets import Dense
    >>> Dense(784, 50).inputs
    784
    """

    inputs: int
    outputs: int
    bias: bool = True

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs"):
            size = getattr(self, name)
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                msg = f"Dense: {name} is {size!r}; a number of units is an integer from 1 on"
                raise UsageError(msg)
        if not isinstance(self.bias, bool):
            msg = f"Dense: bias is {self.bias!r}; write bias=True or bias=False"
            raise UsageError(msg)


@dataclass(frozen=True)
class Activation:
    """An activation: a formula in z for each unit, or softmax over the units.

    Parameters
    ----------
    formula : str
        sigmoid, tanh, relu, gelu, softplus, identity, softmax, softmax_unshifted, or any formula
        in z. `softmax` takes the largest logit out before exp; `softmax_unshifted` doesn't, and
        overflows from 710 on.

    Raises
    ------
    ParseError, UsageError
        The text is no formula in z.

    Examples
    --------
    >>> from symnum.nets import Activation
    >>> str(Activation("1/(1+exp(-z))").scalar.derivative)
    'exp(-z)/(1 + exp(-z))**2'
    """

    formula: str
    # None for softmax, whose outputs depend on all of its inputs.
    scalar: Scalar | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.formula in (SOFTMAX, SOFTMAX_UNSHIFTED):
            object.__setattr__(self, "scalar", None)
            return
        text = self.formula
        if isinstance(text, str):
            text = ACTIVATIONS.get(text, text)
            if text.isidentifier() and text != "z":
                known = ", ".join([*ACTIVATIONS, SOFTMAX, SOFTMAX_UNSHIFTED])
                msg = (
                    f"there is no activation called {text!r}; the names are {known}, and anything "
                    'else is a formula in z, such as "1/(1+exp(-z))"'
                )
                raise UsageError(msg)
        object.__setattr__(self, "scalar", checked(text, ("z",), "an activation"))
