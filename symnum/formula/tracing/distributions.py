"""SciPy's continuous distributions in a traced function: densities and probabilities.

The public methods of `scipy.stats.norm` and its kin sort their arguments into plain arrays. Here
they are written as what they compute, out of the distribution's own formula of the standardised
variable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symnum.formula.tracing.arrays import TracedArray, xp
from symnum.formula.tracing.recorder import Recorder

# Method -> (SciPy's own method of the standardised variable, value below, and above the support).
_METHODS = {
    "pdf": ("_pdf", 0.0, 0.0),
    "logpdf": ("_logpdf", -np.inf, -np.inf),
    "cdf": ("_cdf", 0.0, 1.0),
    "logcdf": ("_logcdf", -np.inf, 0.0),
    "sf": ("_sf", 1.0, 0.0),
    "logsf": ("_logsf", 0.0, -np.inf),
}


def is_distribution(value: Any) -> bool:
    """Tell a continuous distribution of scipy.stats, or one with its parameters frozen."""
    if not type(value).__module__.startswith("scipy.stats"):
        return False
    return any(base.__name__ in {"rv_continuous", "rv_frozen"} for base in type(value).__mro__)


class Distribution:
    """A distribution as the traced function sees it.

    Parameters
    ----------
    original : scipy.stats.rv_continuous or a frozen one
        Answers where nothing depends on the variables.
    shadow : scipy.stats.rv_continuous
        A copy of the distribution, whose formulas take traced arrays.
    recorder : Recorder
        The trace.
    parameters : tuple
        The parameters of a distribution that was frozen in the traced function, and its keywords.
    """

    def __init__(
        self, original: Any, shadow: Any, recorder: Recorder, parameters: Any = ((), {})
    ) -> None:
        if hasattr(original, "dist"):  # frozen before
            parameters = (original.args, original.kwds)
            original = original.dist
        self._original = original
        self._shadow = shadow
        self._recorder = recorder
        self._parameters = parameters

    def __call__(self, *args: Any, **options: Any) -> Distribution:
        """Freeze the parameters."""
        return Distribution(self._original, self._shadow, self._recorder, (args, options))

    def __getattr__(self, name: str) -> Any:
        args, options = self._parameters

        def call(*first: Any, **more: Any) -> Any:
            given = (*first, *args), {**options, **more}
            if name in {*_METHODS, "ppf"} and _any_traced(given):
                return self._write(name, *given[0], **given[1])
            if name.startswith("_") and _any_traced(given):
                return getattr(self._shadow, name)(*given[0], **given[1])
            if _any_traced(given):
                method = f"{type(self._original).__name__.removesuffix('_gen')}.{name}"
                raise self._recorder.refuse(f"scipy.stats.{method} can't be traced")
            return getattr(self._original, name)(*given[0], **given[1])

        value = getattr(self._original, name)
        return call if callable(value) else value

    def _write(self, name: str, x: Any, *shapes: Any, **options: Any) -> Any:
        count = self._original.numargs
        scale = options.pop("scale", shapes[count + 1] if len(shapes) > count + 1 else 1)
        loc = options.pop("loc", shapes[count] if len(shapes) > count else 0)
        names = [s.strip() for s in (self._original.shapes or "").split(",") if s.strip()]
        shapes = (*shapes[:count], *(options[n] for n in names[len(shapes) :] if n in options))
        if name == "ppf":
            return self._shadow._ppf(x, *shapes) * scale + loc
        method, below, above = _METHODS[name]
        y = (x - loc) / scale
        value = getattr(self._shadow, method)(y, *shapes)
        if name == "pdf":
            value = value / scale
        elif name == "logpdf":
            value = value - xp.log(scale)
        low, high = self._shadow._get_support(*shapes)
        return xp.where(y < low, below, xp.where(y > high, above, value))[()]


def _any_traced(given: Any) -> bool:
    args, options = given
    return any(isinstance(value, TracedArray) for value in (*args, *options.values()))
