"""What the engine's tests hold it against: SymPy's own derivative, evaluated by mpmath.

Nothing of symnum computes here. The checks are functions, so that tests/planted/ can run them on an
engine that was broken on purpose, and see them fail.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import mpmath
import sympy
from hypothesis import strategies as st

from symnum.differences.schemes import Scheme
from symnum.formula.exact import Exact
from symnum.formula.formula import Formula

X, Y = sympy.symbols("x y", real=True)
SYMBOLS = {"x": X, "y": Y}


class Written(NamedTuple):
    """A formula as text, and the same as a SymPy expression that SymPy built."""

    text: str
    expression: sympy.Expr


def _join(template: str, make: Any) -> Any:
    """Return a function that writes one operation in text and in SymPy."""

    def write(*parts: Written) -> Written:
        text = template.format(*(part.text for part in parts))
        return Written(text, make(*(part.expression for part in parts)))

    return write


# Smooth wherever they are real, and of a moderate size: what is generated is certified everywhere.
_ONE = [
    _join("sin({})", sympy.sin),
    _join("cos({})", sympy.cos),
    _join("atan({})", sympy.atan),
    _join("tanh({})", sympy.tanh),
    _join("asinh({})", sympy.asinh),
    _join("erf({})", sympy.erf),
    _join("exp(sin({}))", lambda u: sympy.exp(sympy.sin(u))),
    _join("log(1 + ({})**2)", lambda u: sympy.log(1 + u**2)),
    _join("sqrt(1 + ({})**2)", lambda u: sympy.sqrt(1 + u**2)),
    _join("-({})", lambda u: -u),
    _join("({})**2", lambda u: u**2),
    _join("({})**3", lambda u: u**3),
    _join("1/(2 + cos({}))", lambda u: 1 / (2 + sympy.cos(u))),
    _join("(3 + sin({}))**1.5", lambda u: (3 + sympy.sin(u)) ** sympy.Rational(3, 2)),
]
_TWO = [
    _join("({}) + ({})", lambda u, v: u + v),
    _join("({}) - ({})", lambda u, v: u - v),
    _join("({})*({})", lambda u, v: u * v),
    _join("({})/(1 + ({})**2)", lambda u, v: u / (1 + v**2)),
]


def _leaves(variables: Sequence[str]) -> st.SearchStrategy[Written]:
    names = [Written(name, SYMBOLS[name]) for name in variables]
    numbers = st.fractions(-3, 3, max_denominator=8).map(
        lambda q: Written(f"({q})", sympy.Rational(q.numerator, q.denominator))
    )
    return st.sampled_from(names) | numbers


def formulas(variables: Sequence[str] = ("x",), size: int = 6) -> st.SearchStrategy[Written]:
    """Formulas that are smooth at every point."""
    return st.recursive(
        _leaves(variables),
        lambda inner: (
            st.builds(lambda f, u: f(u), st.sampled_from(_ONE), inner)
            | st.builds(lambda f, u, v: f(u, v), st.sampled_from(_TWO), inner, inner)
        ),
        max_leaves=size,
    )


points = st.floats(-4, 4, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-30)


# --- the truth -----------------------------------------------------------------------------------


def fraction(value: mpmath.mpf) -> Fraction:
    """Return an mpf as the exact rational it is."""
    sign, mantissa, exponent, _ = value._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def evaluate(expression: sympy.Expr, point: Sequence[Any], digits: int = 60) -> Fraction:
    """Return an expression's value to `digits` digits, or to 10^-(4 digits) where it vanishes.

    The precision is doubled until two values agree.
    """
    function = sympy.lambdify([X, Y], expression, modules="mpmath")
    before = None
    for working in (2 * digits, 4 * digits, 8 * digits):
        with mpmath.workdps(working):
            arguments = [_mpf(x) for x in (*point, 0)[:2]]
            value = fraction(mpmath.mpf(function(*arguments)))
        if before is not None:
            close = abs(value - before) <= abs(value) * Fraction(1, 10**digits)
            if close or max(abs(value), abs(before)) < Fraction(1, 10 ** (4 * digits - 60)):
                return value
        before = value
    raise AssertionError(f"{expression} at {point}: no {digits} digits")


def _mpf(x: Any) -> mpmath.mpf:
    return mpmath.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mpmath.mpf(x)


def by_sympy(written: Written, point: Sequence[float], path: Iterable[str]) -> Fraction:
    """Return a derivative of a generated formula, by SymPy and mpmath."""
    expression = written.expression
    for name in path:
        expression = sympy.diff(expression, SYMBOLS[name])
    return evaluate(expression, point)


def nearest(value: Fraction) -> float:
    """Return the nearest double: Python divides integers with one rounding."""
    return float(value)


# --- checks --------------------------------------------------------------------------------------


def certified(
    written: Written, point: Sequence[float], path: str, variables: Sequence[str]
) -> Exact:
    """Return what the engine certifies for a generated formula."""
    formula = Formula(written.text, list(variables))
    for name in path:
        formula = formula.derivative(name)
    return formula.exact(point[0] if len(variables) == 1 else list(point))


def check_against_mpmath(
    written: Written, point: Sequence[float], path: str, variables: Sequence[str] = ("x",)
) -> None:
    """Assert that a certified value is the correctly rounded truth, within its own contract."""
    exact = certified(written, point, path, variables)
    truth = by_sympy(written, point, path)
    assert exact.status in {"certified", "zero"}, exact
    check_contract(exact, truth)


def check_contract(exact: Exact, truth: Fraction) -> None:
    """Assert that `hi` is the nearest double, `lo` what it leaves over, `radius` the rest."""
    slack = abs(truth) * Fraction(1, 10**55)  # the reference has 60 digits
    if exact.status == "zero":
        assert (exact.hi, exact.lo, exact.radius) == (0.0, 0.0, 0.0)
        assert abs(truth) < Fraction(1, 10**100)
        return
    assert exact.hi == nearest(truth)
    assert abs(exact.lo) <= math.ulp(exact.hi) / 2
    rest = truth - Fraction(float(exact.hi)) - Fraction(float(exact.lo))
    assert abs(rest) <= Fraction(float(exact.radius)) + slack
    assert exact.radius <= max(abs(exact.hi) * 2.0**-100, math.ulp(0.0))


def exact_parts(
    written: Written,
    x: float,
    h: float,
    scheme: Scheme,
    values: Sequence[float],
    approximation: float,
) -> dict[str, Fraction]:
    """Return the error of an approximation and its four parts, in rationals, without symnum."""
    q = scheme.derivative_order
    step = Fraction(h)
    slope = evaluate(sympy.diff(written.expression, X, q), [x])
    on_exact, on_rounded, computed = Fraction(0), Fraction(0), Fraction(0)
    for c, w, value in zip(scheme.offsets, scheme.weights, values, strict=True):
        on_exact += w * evaluate(written.expression, [Fraction(x) + c * step], 100)
        on_rounded += w * evaluate(written.expression, [x + float(c) * h], 100)
        computed += w * Fraction(value)
    scale = step**q
    return {
        "error": Fraction(approximation) - slope,
        "truncation": on_exact / scale - slope,
        "step_rounding": (on_rounded - on_exact) / scale,
        "evaluation": (computed - on_rounded) / scale,
        "arithmetic": Fraction(approximation) - computed / scale,
    }


PARTS = ("truncation", "step_rounding", "evaluation", "arithmetic")


def check_sum(error: float, parts: Sequence[float], radius: float) -> None:
    """Assert that the parts add up to the error within the radius, exactly and in float64."""
    total = sum((Fraction(part) for part in parts), Fraction(0))
    assert abs(total - Fraction(error)) <= Fraction(radius)
    added = parts[0] + parts[1] + parts[2] + parts[3]
    assert abs(Fraction(added) - Fraction(error)) <= Fraction(radius)
    largest = max(abs(error), *map(abs, parts))
    assert radius <= max(largest * 2.0**-38, 2.0**-1060)


def check_parts(found: dict[str, float], truth: dict[str, Fraction]) -> None:
    """Assert that each part of an error is what rational arithmetic says it is."""
    scale = max(abs(truth[name]) for name in ("error", *PARTS))
    for name in ("error", *PARTS):
        off = abs(Fraction(found[name]) - truth[name])
        bound = abs(truth[name]) * Fraction(1, 2**35) + scale * Fraction(1, 2**60)
        assert off <= bound + Fraction(1, 2**1074), name


def check_mission(run: Any) -> None:
    """Assert row 1 of the mission: 0.01 x² + 0.1 x at 5 and 10, central differences, h = 1e-4."""
    assert run.approximation.ravel().tolist() == [0.1999999999990898, 0.2999999999986347]
    assert run.truncation.ravel().tolist() == [0.0, 0.0]
    assert run.predicted_h.ravel().tolist() == [math.inf, math.inf]
    for p, exact in enumerate((Fraction(1, 5), Fraction(3, 10))):
        error = Fraction(float(run.approximation[p, 0, 0])) - exact
        assert run.error[p, 0, 0] == float(error)
        parts = [float(getattr(run, name)[p, 0, 0]) for name in PARTS]
        check_sum(float(run.error[p, 0, 0]), parts, float(run.radius[p, 0, 0]))
