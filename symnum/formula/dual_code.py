"""What a few names stand for in code that would otherwise turn ball duals into doubles.

`np.zeros(3)` can hold doubles only, `float(x)` and `math.exp(x)` return one. Where code stops at
these it runs once more as a copy of itself (`tracing/code.py`) in which they know duals. Whether
that is still the user's code is decided as ever: by what the original gives in doubles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import special

from symnum.formula.dual_numbers import Dual, Run
from symnum.formula.dual_ufuncs import DualArray
from symnum.formula.tracing.code import Code

# Names that `math` and NumPy share.
_SHARED = """
    sin cos tan sinh cosh tanh exp expm1 log1p log2 log10 sqrt cbrt fabs hypot fmod copysign
    isfinite isnan isinf degrees radians
"""
_MATH: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in _SHARED.split()},
    "exp2": np.exp2,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "log": lambda a, base=None: np.log(a) if base is None else np.log(a) / np.log(base),
    "pow": lambda a, b: a**b,
    "erf": special.erf,
    "erfc": special.erfc,
    "gamma": special.gamma,
    "lgamma": special.gammaln,
}


class _FloatKind(type):
    """Stands for float: a dual counts as one."""

    def __call__(cls, *args: Any) -> Any:
        """Convert to a double, but leave a dual as it is."""
        if args and isinstance(args[0], np.ndarray) and args[0].dtype == object:
            args = (args[0].item(),)
        return args[0] if args and isinstance(args[0], Dual) else float(*args)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, (float, Dual))


class _Float(metaclass=_FloatKind):
    """What `float` is in the copy."""


def copied(function: Callable[..., Any], run: Run) -> Callable[..., Any]:
    """Return a copy of the user's function in which duals stay duals."""
    made: Callable[..., Any] = Code(run, _table()).callable(function)
    return made


def _table() -> dict[int, Any]:
    """Return the substitutes by the identity of what they stand for."""
    table: dict[int, Any] = {id(float): _Float}
    for name, function in _MATH.items():
        original = getattr(math, name)
        table[id(original)] = _either(original, function)
    table[id(math.fsum)] = _fsum
    for name in ("zeros", "ones", "empty", "full"):
        maker = getattr(np, name)
        table[id(maker)] = _roomy(maker)
    for name in ("array", "asarray", "asanyarray"):
        maker = getattr(np, name)
        table[id(maker)] = _keeping(maker)
    return table


def _either(original: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function for duals, the original for everything else."""

    def call(*args: Any) -> Any:
        duals = any(isinstance(arg, (Dual, np.ndarray, list, tuple)) for arg in args)
        return function(*args) if duals else original(*args)

    return call


def _fsum(terms: Iterable[Any]) -> Any:
    """Return the sum: on balls it needs no care."""
    found = list(terms)
    return sum(found) if any(isinstance(term, Dual) for term in found) else math.fsum(found)


def _is_double(dtype: Any) -> bool:
    return dtype is None or dtype is _Float or np.dtype(dtype) == np.float64


def _roomy(maker: Callable[..., Any]) -> Callable[..., Any]:
    """Return a maker of arrays whose entries may become duals."""

    def make(*args: Any, **options: Any) -> Any:
        if len(args) > (2 if maker is np.full else 1) or not _is_double(options.get("dtype")):
            return maker(*args, **options)
        options.pop("dtype", None)
        found = maker(*args, **options)
        return found.astype(object).view(DualArray) if found.dtype.kind in "fO" else found

    return make


def _keeping(maker: Callable[..., Any]) -> Callable[..., Any]:
    """Return a maker of arrays that leaves duals what they are."""

    def make(value: Any, dtype: Any = None, **options: Any) -> Any:
        if not _is_double(dtype):
            return maker(value, dtype, **options)
        found = maker(value, **options)
        if found.dtype == object:
            return found.view(DualArray)
        return found if dtype is None else found.astype(np.float64)

    return make
