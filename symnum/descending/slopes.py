"""Gradients that a descent may follow: exact, of a scheme, or somebody's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from symnum.differences.adapter import adapt
from symnum.differences.approximate import combine, node_values
from symnum.differences.schemes import SCHEMES, Scheme, parse_scheme
from symnum.errors import UsageError
from symnum.formula.compile import compile_raw
from symnum.formula.formula import Formula
from symnum.formula.rolled import roll

Slope = Callable[..., Sequence[Any]]
"""From one array a variable, (n, *starts), to one array a partial derivative."""

EXACT = "exact"
CERTIFIED = "certified"

# Where a scheme has no step of its own: truncation h^p and rounding 2^-52/h balance here.
_EPSILON = 2.0**-52
_COMPLEX_STEP = 2.0**-100  # nothing is subtracted: the smaller the better, short of underflow
_LEAST_EXPONENT = -800


@dataclass(frozen=True)
class Rule:
    """How a gradient is had: its label, its scheme if it is one, and the user's code if it is that.

    Parameters
    ----------
    label : str
        `exact`, `certified`, a scheme's text, or the name of a callable.
    scheme : Scheme or None
        The finite-difference rule.
    code : callable or None
        The user's gradient.
    """

    label: str
    scheme: Scheme | None = None
    code: Callable[..., Any] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether it is the exact gradient, as the formula's derivative in float64."""
        return self.label in {EXACT, CERTIFIED} and self.scheme is None and self.code is None


def read_gradient(gradient: Any) -> Rule:
    """Return the rule that a word, a scheme or a callable stands for; a rule as it is.

    Raises
    ------
    UsageError
        It is none of them.
    """
    if isinstance(gradient, Rule):
        return gradient
    if isinstance(gradient, str):
        if gradient in {EXACT, CERTIFIED}:
            return Rule(gradient)
        name = gradient.strip().partition("@")[0].partition(":")[0]
        if name not in SCHEMES:
            from difflib import get_close_matches

            known = (EXACT, CERTIFIED, *SCHEMES)
            close = get_close_matches(name[:40].lower(), known, n=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            given = ascii(gradient if len(gradient) <= 60 else gradient[:60] + "...")
            msg = f"there is no gradient {given}{meant} (there are {', '.join(known)})"
            raise UsageError(msg)
        gradient = parse_scheme(gradient)
    if isinstance(gradient, Scheme):
        if gradient.derivative_order != 1:
            msg = (
                f"the scheme {gradient.label} has derivative order {gradient.derivative_order}; "
                "a gradient is made of first derivatives"
            )
            raise UsageError(msg)
        return Rule(gradient.label, scheme=gradient)
    if callable(gradient):
        name = getattr(gradient, "__qualname__", type(gradient).__name__)
        return Rule(str(name).rpartition("<locals>.")[2], code=gradient)
    msg = (
        f"gradient is 'exact', 'certified', a scheme such as 'central@1e-4', or a callable; "
        f"{type(gradient).__name__} was given"
    )
    raise UsageError(msg)


@lru_cache(maxsize=32)  # a descent is short beside the compiling of its gradient
def exact_slope(formula: Formula) -> Slope:
    """Return the exact gradient's program for float64, without NumPy's silence.

    Lines of one shape are computed together where that is faster, as they are for many variables.
    """
    program = formula.gradient().program
    return roll(program) or compile_raw(program)


@lru_cache(maxsize=32)
def exact_hessian(formula: Formula) -> Formula:
    """Return the Hessian as a Formula."""
    return formula.hessian()


def slope_of(rule: Rule, formula: Formula, function: Callable[..., Any] | None) -> Slope:
    """Return the function that a descent calls at each step."""
    if rule.code is not None:
        return _own(rule.code, formula)
    if rule.scheme is not None:
        return _differences(rule.scheme, formula, function)
    return exact_slope(formula)


def step_at(scheme: Scheme, x: np.ndarray) -> np.ndarray:
    """Return a scheme's step at points (n, *points): its own, or one that suits the size of x.

    The size is that of the largest coordinate: a step in proportion to a single one would drown in
    the rounding of f wherever a path crosses 0.
    """
    size = np.abs(x).max(axis=0)
    if scheme.h is not None:
        return np.full(size.shape, scheme.h)
    relative = _COMPLEX_STEP if scheme.is_complex else _EPSILON ** (1 / (scheme.accuracy + 1))
    known = np.isfinite(size) & (size > 0)
    # a power of two, so that scaling x by one scales h and changes no digit of the path
    exponent = np.frexp(np.where(known, size, 1.0))[1] - 1
    shift = round(math.log2(relative))
    return np.asarray(np.ldexp(1.0, np.maximum(exponent, _LEAST_EXPONENT) + shift))


def _differences(scheme: Scheme, formula: Formula, function: Callable[..., Any] | None) -> Slope:
    if function is not None:
        evaluate = adapt(function, formula.variables, ())
    else:
        raw = compile_raw(formula.program, complex_step=scheme.is_complex)

        def evaluate(values: Sequence[Any]) -> list[Any]:
            return raw(*values)

    def slope(*columns: Any) -> list[Any]:
        lead = np.shape(columns[0])
        # NumPy squares arrays, exactly rounded, and calls the C library's pow for numbers, which
        # isn't: scaling x by a power of two would change digits
        x = [np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in columns]
        found = []
        h = step_at(scheme, np.stack(x))
        for variable in range(len(x)):
            values = node_values(evaluate, 1, x, variable, scheme, h)
            found.append(combine(scheme, values, h)[0].reshape(lead))
        return found

    return slope


def _own(code: Callable[..., Any], formula: Formula) -> Slope:
    adapted = adapt(
        code,
        formula.variables,
        (len(formula.variables),),
        what="your gradient",
        has_domain=False,  # a path that ends in NaN would look as if it diverged
    )

    def slope(*columns: Any) -> list[Any]:
        x = np.array(columns, dtype=np.float64)
        if not np.isfinite(x).all():  # nobody's code is asked about points that aren't numbers
            result = np.full(x.shape, np.nan)
            good = np.isfinite(x).all(axis=0)
            if x.ndim > 1 and good.any():
                result[:, good] = adapted(list(x[:, good]))
            return list(result)
        return adapted(list(x))

    return slope
