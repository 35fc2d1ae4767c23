"""The losses: named ones, and formulas in one output y and its target t."""

from __future__ import annotations

from dataclasses import dataclass, field

from symnum.errors import UsageError
from symnum.nets.scalars import Scalar, checked

# Sums over the outputs of a formula in the output y and the target t. `logistic` takes logits: it
# is the cross-entropy of the sigmoid of y, written so that nothing overflows.
LOSSES = {
    "squared_error": "(y - t)**2/2",
    "logistic": "softplus(y) - t*y",
}

# Of softmax of the outputs: they are logits.
CROSS_ENTROPY = "softmax_cross_entropy"
CROSS_ENTROPY_UNSHIFTED = "softmax_cross_entropy_unshifted"


@dataclass(frozen=True)
class Loss:
    """A loss: of one sample a sum over the outputs, of a batch the mean over the samples.

    Parameters
    ----------
    formula : str
        softmax_cross_entropy (the outputs are logits), softmax_cross_entropy_unshifted (which
        overflows from 710 on), squared_error ((y - t)²/2), logistic (the outputs are logits), or a
        formula in `y` and `t`.

    Raises
    ------
    ParseError, UsageError
        The text is no formula in y and t.

    Examples
    --------
    >>> from symnum.nets import Loss
    >>> str(Loss("-t*log(y + 1e-7)").scalar.derivative)
    '-t/(y + 1/10000000)'
    """

    formula: str
    # None for cross-entropy of softmax, which depends on all outputs at once.
    scalar: Scalar | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.formula in (CROSS_ENTROPY, CROSS_ENTROPY_UNSHIFTED):
            object.__setattr__(self, "scalar", None)
            return
        text = self.formula
        if isinstance(text, str):
            text = LOSSES.get(text, text)
            if text.isidentifier() and text not in ("y", "t"):
                known = ", ".join([CROSS_ENTROPY, CROSS_ENTROPY_UNSHIFTED, *LOSSES])
                msg = (
                    f"there is no loss called {text!r}; the names are {known}, and anything else "
                    'is a formula in y and t, such as "(y - t)**2"'
                )
                raise UsageError(msg)
        object.__setattr__(self, "scalar", checked(text, ("y", "t"), "a loss"))
