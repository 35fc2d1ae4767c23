"""Certified doubles against mpmath: another library, and differences at 100 digits and more."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy

from symnum import Formula, Status, zoo

PROBLEMS = zoo.problems()
COUNT = 3
# mpmath has no error bounds: a value is believed when it stays the same at more digits.
DIGITS = (100, 200, 500)
SAME = mpmath.mpf("1e-40")


def to_fraction(value: mpmath.mpf) -> Fraction:
    """Return exactly what an mpmath number holds."""
    sign, mantissa, exponent, _ = value._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def nearest_double(value: mpmath.mpf) -> float:
    """Return the double nearest to an mpmath number."""
    try:
        return float(to_fraction(value))
    except OverflowError:
        return math.copysign(math.inf, value)


def settled(compute) -> mpmath.mpf | None:
    """Compute at more and more digits until two results agree; None where they never do."""
    before = None
    for digits in DIGITS:
        with mpmath.workdps(digits):
            value = mpmath.mpf(compute())
            if before is not None and abs(value - before) <= SAME * abs(value):
                return value
            before = value
    return None


def by_differences(formula: Formula, point: list[float], index: int) -> mpmath.mpf | None:
    """Return a partial derivative by mpmath's differences of the formula."""
    symbols = [sympy.Symbol(f"x{i}", real=True) for i in range(len(point))]
    function = sympy.lambdify(symbols, formula.sympy(), modules="mpmath")
    order = tuple(int(i == index) for i in range(len(point)))
    if len(point) == 1:
        return settled(lambda: mpmath.diff(function, mpmath.mpf(point[0])))
    return settled(lambda: mpmath.diff(function, tuple(map(mpmath.mpf, point)), order))


def by_sympy(formula: Formula, point: list[float], index: int) -> mpmath.mpf | None:
    """Return a partial derivative by evaluating SymPy's own derivative in mpmath."""
    symbols = [sympy.Symbol(f"x{i}", real=True) for i in range(len(point))]
    slope = sympy.diff(formula.sympy(), symbols[index])
    function = sympy.lambdify(symbols, slope, modules="mpmath")
    return settled(lambda: function(*map(mpmath.mpf, point)))


def check(problem: zoo.Problem, points: np.ndarray, reference) -> float:
    """Compare all partial derivatives at some points; return which part of them mpmath settled."""
    formula = problem.formula()
    slopes = formula.jacobian()
    asked, told = 0, 0
    for point in points.reshape(-1, len(problem.variables)).tolist():
        exact = slopes.exact(dict(zip(problem.variables, point, strict=True)))
        for index in range(len(point)):
            hi, lo = float(exact.hi[index]), float(exact.lo[index])
            if exact.status[index] not in {Status.CERTIFIED, Status.ZERO}:
                continue
            asked += 1
            value = reference(formula, point, index)
            if value is None:
                continue
            told += 1
            assert hi == nearest_double(value), (point, index)
            if math.isfinite(hi) and abs(hi) > 1e-250:
                rest = to_fraction(value) - Fraction(hi)
                assert abs(rest - Fraction(lo)) <= abs(Fraction(hi)) / 2**100
    return told / asked


SCALAR = [problem for problem in PROBLEMS if isinstance(problem.text, str)]

# Where mpmath's digits don't suffice at most of the points.
UNSETTLED: frozenset[str] = frozenset()


@pytest.mark.parametrize("problem", SCALAR, ids=lambda p: p.name)
def test_certified_double_equals_mpmaths_difference(problem):
    """`hi` is the double nearest to mpmath's derivative by differences, and `lo` what is left."""
    part = check(problem, problem.sample(COUNT, seed=11), by_differences)
    assert (part >= 0.6) is (problem.name not in UNSETTLED)


@pytest.mark.parametrize("problem", SCALAR[::4], ids=lambda p: p.name)
def test_certified_double_equals_sympys_derivative_in_mpmath(problem):
    """`hi` is the double nearest to SymPy's derivative as mpmath evaluates it."""
    assert check(problem, problem.sample(COUNT, seed=12), by_sympy) >= 0.6


CERTIFIED = [
    (problem, point)
    for problem in SCALAR
    for point in problem.points
    if set(point.status) == {"certified"}
]


@pytest.mark.parametrize(
    ("problem", "point"), CERTIFIED, ids=[f"{problem.name}: {p.why}" for problem, p in CERTIFIED]
)
def test_awkward_cancellation_equals_mpmath(problem, point):
    """Where digits cancel most, `hi` is the double nearest to mpmath's derivative too."""
    at = np.array([point.at[variable] for variable in problem.variables])
    assert check(problem, at, by_sympy) == 1.0
