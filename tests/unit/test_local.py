"""What a derivative is at a point: one table of formulas, points and the mathematical truth."""

from __future__ import annotations

import math

import pytest

from symnum import Formula
from symnum.formula.exact import Exact

NAN = math.nan
PI = math.pi
HALF_PI = math.pi / 2
SQRT_HALF = math.sqrt(0.5)
EULER = 0.5772156649015329
LN2 = math.log(2)

# formula, point, derivative order, status, hi, left, right. Order 0 is the formula's own value.
ONE_VARIABLE = [
    # kinks
    ("abs(x)", 0, 1, "kink", NAN, -1, 1),
    ("abs(x)", 0, 2, "kink", NAN, 0, 0),
    ("abs(x)", 0, 0, "zero", 0, NAN, NAN),
    ("abs(x)", 1, 1, "certified", 1, NAN, NAN),
    ("abs(x)", -1, 1, "certified", -1, NAN, NAN),
    ("abs(x)", 5e-324, 1, "certified", 1, NAN, NAN),
    ("x*abs(x)", 0, 1, "zero", 0, NAN, NAN),
    ("x*abs(x)", 0, 2, "kink", NAN, -2, 2),
    ("x*abs(x)", 0, 3, "kink", NAN, 0, 0),
    ("abs(x)**2", 0, 1, "zero", 0, NAN, NAN),
    ("abs(x)**2", 0, 2, "certified", 2, NAN, NAN),
    ("abs(x)**3", 0, 1, "zero", 0, NAN, NAN),
    ("abs(x)**3", 0, 2, "zero", 0, NAN, NAN),
    ("abs(x)**3", 0, 3, "kink", NAN, -6, 6),
    ("max(x, 0)", 0, 1, "kink", NAN, 0, 1),
    ("max(x, 0)**2", 0, 1, "zero", 0, NAN, NAN),
    ("max(x, 0)**2", 0, 2, "kink", NAN, 0, 2),
    ("max(x**2, 0)", 0, 1, "zero", 0, NAN, NAN),
    ("max(x, x)", 1, 1, "certified", 1, NAN, NAN),
    ("max(x, -x, 0)", 0, 1, "kink", NAN, -1, 1),
    ("max(exp(x), 1 + x)", 0, 1, "certified", 1, NAN, NAN),
    ("max(sin(x), x)", 0, 2, "zero", 0, NAN, NAN),
    ("max(sin(x), x)", 0, 3, "kink", NAN, -1, 0),
    ("min(x, x**2)", 0, 1, "kink", NAN, 1, 0),
    ("min(x, x**2)", 1, 1, "kink", NAN, 2, 1),
    ("min(max(x, 0), 1)", 1, 1, "kink", NAN, 1, 0),
    ("where(x < 0, -x, x)", 0, 1, "kink", NAN, -1, 1),
    ("where(x < 0, x, 2*x)", 0, 1, "kink", NAN, 1, 2),
    ("where(x > 0, x**2, 0)", 0, 1, "zero", 0, NAN, NAN),
    ("where(x > 0, x**2, 0)", 0, 2, "kink", NAN, 0, 2),
    ("where(x < 1, x, abs(x - 2))", 2, 1, "kink", NAN, -1, 1),
    ("where(x < 3, abs(x - 2), x)", 2, 1, "kink", NAN, -1, 1),
    ("where(x > 5, abs(x - 2), x)", 2, 1, "certified", 1, NAN, NAN),
    ("where(abs(x) < 1, 1, 1)*x", 0, 1, "certified", 1, NAN, NAN),
    ("abs(sin(x))", 0, 1, "kink", NAN, -1, 1),
    ("abs(sin(pi*x))", 1, 1, "kink", NAN, -PI, PI),
    ("abs(sin(x))", PI, 1, "certified", -1, NAN, NAN),  # the double below pi
    ("abs(cos(x) - 1)", 0, 1, "zero", 0, NAN, NAN),
    ("abs(log(x))", 1, 1, "kink", NAN, -1, 1),
    ("abs(exp(x) - e)", 1, 1, "kink", NAN, -math.e, math.e),
    ("abs(x - 1) + abs(x + 1)", 1, 1, "kink", NAN, 0, 2),
    ("abs(abs(x) - 1)", -1, 1, "kink", NAN, -1, 1),
    ("sqrt(x**2)", 0, 1, "kink", NAN, -1, 1),
    ("sqrt(x**4)", 0, 2, "certified", 2, NAN, NAN),
    ("sqrt(x**6)", 0, 3, "kink", NAN, -6, 6),
    ("sqrt(1 - cos(x))", 0, 1, "kink", NAN, -SQRT_HALF, SQRT_HALF),
    ("cos(sqrt(abs(x)))", 0, 1, "kink", NAN, 0.5, -0.5),
    ("acos(cos(x))", 0, 1, "kink", NAN, -1, 1),
    ("acos(cos(pi*x))", 1, 1, "kink", NAN, PI, -PI),
    ("asin(sin(pi*x))", 0.5, 1, "kink", NAN, PI, -PI),
    ("x*sign(x)", 0, 1, "kink", NAN, -1, 1),
    ("x*floor(x)", 0, 1, "kink", NAN, -1, 0),
    ("x*expit(1/x)", 0, 1, "kink", NAN, 0, 1),
    ("x/(1 + exp(1/x))", 0, 1, "kink", NAN, 1, 0),
    # jumps
    ("sign(x)", 0, 1, "jump", NAN, NAN, NAN),
    ("sign(x)", 0, 0, "jump", 0, -1, 1),
    ("sign(x)", 2, 1, "zero", 0, NAN, NAN),
    ("sign(sin(pi*x))", 1, 0, "jump", 0, 1, -1),
    ("x**2*sign(x)", 0, 1, "zero", 0, NAN, NAN),
    ("x**2*sign(x)", 0, 2, "kink", NAN, -2, 2),
    ("floor(x)", 1, 1, "jump", NAN, NAN, NAN),
    ("floor(x)", 1, 0, "jump", 1, 0, 1),
    ("floor(x)", 1.5, 1, "zero", 0, NAN, NAN),
    ("floor(cos(x))", 0, 0, "jump", 1, 0, 0),
    ("floor(x**2)", 0, 1, "zero", 0, NAN, NAN),
    ("floor(-x**2)", 0, 1, "jump", NAN, NAN, NAN),
    ("floor(x) + ceil(-x)", 1, 1, "zero", 0, NAN, NAN),
    ("ceil(x)", 2, 1, "jump", NAN, NAN, NAN),
    ("ceil(x)", 2, 0, "jump", 2, 2, 3),
    ("where(x < 0, 0, 1)", 0, 1, "jump", NAN, NAN, NAN),
    ("where(x < 0, 0, 1)", 0, 0, "jump", 1, 0, 1),
    ("where(x == 0, 1, 0)", 0, 0, "jump", 1, 0, 0),
    ("where(x == 0, 2, sin(x)/x)", 0, 1, "jump", NAN, NAN, NAN),
    ("atan(1/x)", 0, 1, "jump", NAN, NAN, NAN),
    ("atan(1/x)", 0, 0, "jump", NAN, -HALF_PI, HALF_PI),
    ("erf(1/x)", 0, 0, "jump", NAN, -1, 1),
    ("expit(1/x)", 0, 0, "jump", NAN, 0, 1),
    ("1/(1 + exp(1/x))", 0, 1, "jump", NAN, NAN, NAN),
    ("abs(x)/x", 0, 0, "jump", NAN, -1, 1),
    # poles
    ("1/x", 0, 0, "pole", NAN, NAN, NAN),
    ("1/x", 0, 1, "pole", NAN, NAN, NAN),
    ("x**-2", 0, 1, "pole", NAN, NAN, NAN),
    ("where(x < 0, 1/x, x)", 0, 1, "pole", NAN, NAN, NAN),
    ("log(x)", 0, 1, "pole", NAN, NAN, NAN),
    ("log(abs(x))", 0, 1, "pole", NAN, NAN, NAN),
    ("log1p(x)", -1, 1, "pole", NAN, NAN, NAN),
    ("1/log(x)", 1, 1, "pole", NAN, NAN, NAN),
    ("tan(pi*x)", 0.5, 1, "pole", NAN, NAN, NAN),
    ("tan(x)", HALF_PI, 1, "certified", 2.667093788113571e32, NAN, NAN),  # no double is a pole
    ("1/sin(x)", 0, 1, "pole", NAN, NAN, NAN),
    ("exp(1/x)", 0, 1, "pole", NAN, NAN, NAN),
    ("gamma(x)", -1, 1, "pole", NAN, NAN, NAN),
    ("gamma(x)", 0, 0, "pole", NAN, NAN, NAN),
    ("digamma(x)", -2, 1, "pole", NAN, NAN, NAN),
    ("loggamma(x)", 0, 1, "pole", NAN, NAN, NAN),
    ("sqrt(x)", 0, 1, "pole", NAN, NAN, NAN),
    ("sqrt(x)", 0, 0, "zero", 0, NAN, NAN),
    ("sqrt(abs(x))", 0, 1, "pole", NAN, NAN, NAN),
    ("exp(sqrt(x))", 0, 1, "pole", NAN, NAN, NAN),
    ("x**0.5", 0, 1, "pole", NAN, NAN, NAN),
    ("x**(1/3)", 0, 1, "pole", NAN, NAN, NAN),
    ("cbrt(x)", 0, 1, "pole", NAN, NAN, NAN),
    ("cbrt(x)**2", 0, 1, "pole", NAN, NAN, NAN),
    ("cbrt(x)**4", 0, 1, "zero", 0, NAN, NAN),
    ("cbrt(x)**4", 0, 2, "pole", NAN, NAN, NAN),
    ("asin(x)", 1, 1, "pole", NAN, NAN, NAN),
    ("asin(x)", -1, 0, "certified", -HALF_PI, NAN, NAN),
    ("acos(x)", -1, 1, "pole", NAN, NAN, NAN),
    ("acosh(x)", 1, 1, "pole", NAN, NAN, NAN),
    ("atanh(x)", 1, 1, "pole", NAN, NAN, NAN),
    ("sqrt(1 - x**2)", 1, 1, "pole", NAN, NAN, NAN),
    # edges of the domain
    ("x**1.5", 0, 1, "edge", NAN, NAN, 0),
    ("x**1.5", 0, 2, "pole", NAN, NAN, NAN),
    ("x**2.5", 0, 2, "edge", NAN, NAN, 0),
    ("x**2.5", 0, 3, "pole", NAN, NAN, NAN),
    ("x**pi", 0, 1, "edge", NAN, NAN, 0),
    ("sqrt(x)**2", 0, 1, "edge", NAN, NAN, 1),
    ("sqrt(x)**3", 0, 1, "edge", NAN, NAN, 0),
    ("sqrt(x)**4", 0, 2, "edge", NAN, NAN, 2),
    ("sqrt(x**3)", 0, 1, "edge", NAN, NAN, 0),
    ("x*sqrt(x)", 0, 1, "edge", NAN, NAN, 0),
    ("cos(sqrt(x))", 0, 1, "edge", NAN, NAN, -0.5),
    ("(1 - x**2)**1.5", 1, 1, "edge", NAN, 0, NAN),
    ("(1 - x**2)**1.5", -1, 1, "edge", NAN, NAN, 0),
    ("(1 - x**2)**1.5", 1, 2, "pole", NAN, NAN, NAN),
    ("(1 - x)*asin(x)", 1, 1, "edge", NAN, -HALF_PI, NAN),
    ("asin(x) + acos(x)", 1, 1, "edge", NAN, 0, NAN),
    ("sqrt(x - sin(x))", 0, 1, "edge", NAN, NAN, 0),
    # removable
    ("sin(x)/x", 0, 0, "removable", 1, NAN, NAN),
    ("sin(x)/x", 0, 1, "removable", 0, NAN, NAN),
    ("sin(x)/x", 0, 2, "removable", -1 / 3, NAN, NAN),
    ("(1 - cos(x))/x**2", 0, 0, "removable", 0.5, NAN, NAN),
    ("(1 - cos(x))/x**2", 0, 1, "removable", 0, NAN, NAN),
    ("(1 - cos(x))/x**2", 0, 2, "removable", -1 / 12, NAN, NAN),
    ("(exp(x) - 1)/x", 0, 1, "removable", 0.5, NAN, NAN),
    ("(x**2 - 4)/(x - 2)", 2, 0, "removable", 4, NAN, NAN),
    ("(x**2 - 4)/(x - 2)", 2, 1, "removable", 1, NAN, NAN),
    ("x/x", 0, 1, "removable", 0, NAN, NAN),
    ("log(1 + x)/x", 0, 1, "removable", -0.5, NAN, NAN),
    ("x/log(1 + x)", 0, 1, "removable", 0.5, NAN, NAN),
    ("log(cos(x))/x**2", 0, 1, "removable", 0, NAN, NAN),
    ("erf(x)/x", 0, 0, "removable", 2 / math.sqrt(math.pi), NAN, NAN),
    ("besselj(1, x)/x", 0, 0, "removable", 0.5, NAN, NAN),
    ("gamma(x)*x", 0, 1, "removable", -EULER, NAN, NAN),
    ("gamma(x)/gamma(2*x)", 0, 0, "removable", 2, NAN, NAN),
    ("1/gamma(x)", 0, 1, "removable", 1, NAN, NAN),
    ("digamma(x) + 1/x", 0, 0, "removable", -EULER, NAN, NAN),
    ("exp(-1/x**2)", 0, 1, "removable", 0, NAN, NAN),
    ("x**2*sin(1/x)", 0, 1, "removable", 0, NAN, NAN),
    # undefined
    ("log(x)", -1, 1, "undefined", NAN, NAN, NAN),
    ("log(x)", -1, 0, "undefined", NAN, NAN, NAN),
    ("sqrt(x)", -1, 1, "undefined", NAN, NAN, NAN),
    ("sqrt(-x**2)", 0, 1, "undefined", NAN, NAN, NAN),
    ("asin(x)", 2, 1, "undefined", NAN, NAN, NAN),
    ("acosh(x)", 0, 1, "undefined", NAN, NAN, NAN),
    ("loggamma(x)", -0.5, 1, "undefined", NAN, NAN, NAN),
    ("log(sin(x) - 2)", 1, 1, "undefined", NAN, NAN, NAN),
    ("x**0.5", -1, 1, "undefined", NAN, NAN, NAN),
    ("x*log(x)", 0, 0, "undefined", NAN, NAN, NAN),
    ("x*log(x)", 0, 1, "undefined", NAN, NAN, NAN),
    ("sin(sqrt(x))/sqrt(x)", 0, 1, "undefined", NAN, NAN, NAN),
    # zero
    ("5", 0, 1, "zero", 0, NAN, NAN),
    ("x**2", 0, 1, "zero", 0, NAN, NAN),
    ("x**0", 0, 1, "zero", 0, NAN, NAN),
    ("x - x", 1, 1, "zero", 0, NAN, NAN),
    ("0*abs(x)", 0, 1, "zero", 0, NAN, NAN),
    ("exp(x) - exp(x)", 1, 0, "zero", 0, NAN, NAN),
    ("log(exp(x)) - x", 1, 1, "zero", 0, NAN, NAN),
    ("(x + 1)**2 - x**2 - 2*x - 1", 0.3, 0, "zero", 0, NAN, NAN),
    ("sin(x)**2 + cos(x)**2", 1, 1, "zero", 0, NAN, NAN),
    ("sin(x)**2 + cos(x)**2 - 1", 1, 0, "zero", 0, NAN, NAN),  # by SymPy's proof
    ("where(x == 0, 0, exp(-1/x**2))", 0, 1, "zero", 0, NAN, NAN),
    ("where(x > 0, exp(-1/x), 0)", 0, 2, "zero", 0, NAN, NAN),
    ("where(x == 0, 0, x**2*sin(1/x))", 0, 1, "zero", 0, NAN, NAN),
    ("where(x == 0, 1, sin(x)/x)", 0, 1, "zero", 0, NAN, NAN),
    # smooth although an operation in it is not
    ("where(x == 0, 1, sin(x)/x)", 0, 2, "certified", -1 / 3, NAN, NAN),
    ("where(x != 0, x, 0)", 0, 1, "certified", 1, NAN, NAN),
    ("where(x == 1, sqrt(x), x)", 0, 1, "certified", 1, NAN, NAN),
    ("where(x < 1, x, sqrt(x - 2))", 0, 1, "certified", 1, NAN, NAN),
    ("cbrt(x)**3", 0, 1, "certified", 1, NAN, NAN),
    ("cbrt(x - sin(x))", 0, 1, "certified", 6 ** (-1 / 3), NAN, NAN),
    ("besselj(0, x)", 0, 2, "certified", -0.5, NAN, NAN),
    ("gamma(x)", 1, 1, "certified", -EULER, NAN, NAN),
]

# Peano's function, whose mixed derivatives differ
PEANO = "where(x**2 + y**2 == 0, 0, x*y*(x**2 - y**2)/(x**2 + y**2))"

# formula of x and y, point, variables of the derivative in order, status, hi, left, right
TWO_VARIABLES = [
    ("max(x, y)", (1, 1), "x", "kink", NAN, 0, 1),
    ("max(x, y)", (1, 1), "y", "kink", NAN, 0, 1),
    ("max(x, y)", (1, 1), "", "certified", 1, NAN, NAN),
    ("max(x, y)", (1, 2), "x", "zero", 0, NAN, NAN),
    ("max(x, y)", (1, 1), "xy", "kink", NAN, NAN, NAN),
    ("min(x, y) + max(x, y)", (1, 1), "x", "certified", 1, NAN, NAN),
    ("where(x < y, x, y)", (1, 1), "x", "kink", NAN, 1, 0),
    ("abs(x - y)", (1, 1), "x", "kink", NAN, -1, 1),
    ("abs(x - y)**3", (1, 1), "xy", "zero", 0, NAN, NAN),
    ("abs(x - y)**3", (1, 1), "xxy", "kink", NAN, -6, 6),
    ("abs(x)*y", (0, 1), "x", "kink", NAN, -1, 1),
    ("abs(x)*y", (0, 1), "y", "zero", 0, NAN, NAN),
    ("abs(x)*y", (0, 1), "yx", "kink", NAN, -1, 1),
    ("abs(x)*y", (0, 1), "xy", "kink", NAN, NAN, NAN),
    ("abs(x)*y", (0, 0), "x", "zero", 0, NAN, NAN),
    ("abs(x)*y", (0, 0), "xy", "kink", NAN, NAN, NAN),  # d/dx exists nowhere else on x = 0
    ("abs(x)**3*y", (0, 1), "xxy", "zero", 0, NAN, NAN),
    ("max(x, 0)*y**2", (0, 0), "xyy", "kink", NAN, NAN, NAN),
    ("where(x == 0, y, x)", (0, 0), "xy", "jump", NAN, NAN, NAN),
    ("where(x > 0, x**2*y, 0)", (0, 1), "xyx", "kink", NAN, 0, 2),
    ("hypot(x, y)", (0, 0), "", "zero", 0, NAN, NAN),
    ("hypot(x, y)", (0, 0), "x", "kink", NAN, -1, 1),
    ("sqrt(x**2 + y**2)", (0, 0), "y", "kink", NAN, -1, 1),
    ("hypot(x, y)**3", (0, 0), "xy", "zero", 0, NAN, NAN),
    ("hypot(x, y)**3 + x*y", (0, 0), "xy", "certified", 1, NAN, NAN),
    ("hypot(x, y)**3 + 2*x", (0, 0), "xy", "zero", 0, NAN, NAN),
    ("x*y/(x**2 + y**2)", (0, 0), "", "undefined", NAN, NAN, NAN),
    (PEANO, (0, 0), "xy", "certified", -1, NAN, NAN),
    (PEANO, (0, 0), "yx", "certified", 1, NAN, NAN),
    ("atan2(y, x)", (-1, 0), "y", "jump", NAN, NAN, NAN),
    ("atan2(y, x)", (-1, 0), "", "jump", math.pi, NAN, NAN),
    ("atan2(y, x)", (-1, 0), "x", "zero", 0, NAN, NAN),
    ("atan2(y, x)", (1, 0), "y", "certified", 1, NAN, NAN),
    ("sqrt(x*y)", (0, 1), "x", "pole", NAN, NAN, NAN),
    ("sqrt(x*y)", (0, 1), "y", "zero", 0, NAN, NAN),
    ("x*sqrt(y)", (0, 0), "y", "edge", NAN, NAN, 0),
    ("x*sqrt(y)", (1, 0), "xy", "pole", NAN, NAN, NAN),
    ("x*y**1.5", (1, 0), "xy", "edge", NAN, NAN, 0),
    ("x/y", (1, 0), "", "pole", NAN, NAN, NAN),
    ("x/y", (1, 0), "y", "pole", NAN, NAN, NAN),
    ("log(x + y)", (1, -1), "x", "pole", NAN, NAN, NAN),
    ("x**y", (0, 2), "x", "zero", 0, NAN, NAN),
    ("x**y", (0, 0.5), "x", "pole", NAN, NAN, NAN),
    ("x**y", (0, 1.5), "x", "edge", NAN, NAN, 0),
    ("x**y", (-1, 1), "x", "certified", 1, NAN, NAN),
    ("x**y", (-2, 2), "y", "undefined", NAN, NAN, NAN),
    ("x**y", (2, 0), "y", "certified", LN2, NAN, NAN),
    ("(x**2 - y**2)/(x - y)", (1, 1), "x", "removable", 1, NAN, NAN),
    ("floor(x)*y", (1, 0.5), "y", "certified", 1, NAN, NAN),
    ("floor(x)*y", (1, 0.5), "", "jump", 0.5, NAN, NAN),
    ("x + abs(y)", (1, 0), "x", "certified", 1, NAN, NAN),
    ("x + abs(y)", (1, 0), "y", "kink", NAN, -1, 1),
    ("logaddexp(x, y)", (1, 1), "x", "certified", 0.5, NAN, NAN),
]

# Nothing is claimed where the truth has no name among the nine, or where the series don't reach.
HONEST = [
    ("sin(1/x)", 0, 0),
    ("x*sin(1/x)", 0, 1),
    ("where(x == 0, 0, x*sin(1/x))", 0, 1),
    ("x**x", 0, 1),
    ("exp(log(x))", 0, 1),
    ("log(x)**2", 0, 1),
    ("besselk(1, x)", 0, 1),
]


def at(text: str, point: object, path: str, variables: list[str]) -> Exact:
    """Return the certified derivative of a formula by the variables of `path`, in that order."""
    formula = Formula(text, variables)
    for variable in path:
        formula = formula.derivative(variable)
    return formula.exact(point)


def check(found: Exact, status: str, hi: float, left: float, right: float) -> None:
    """Hold an answer against the truth; the typed-in values are right to a few ulps."""
    assert found.status == status
    for name, wanted in (("hi", hi), ("left", left), ("right", right)):
        value = float(getattr(found, name))
        assert value == pytest.approx(wanted, rel=1e-15, abs=0, nan_ok=True), name
    if status == "zero":
        assert (found.lo, found.radius) == (0.0, 0.0)
    if not math.isnan(found.hi):
        assert abs(found.lo) <= math.ulp(found.hi) / 2


@pytest.mark.parametrize(
    ("text", "point", "order", "status", "hi", "left", "right"),
    ONE_VARIABLE,
    ids=[f"{row[0]} at {row[1]} order {row[2]}" for row in ONE_VARIABLE],
)
def test_one_variable(text, point, order, status, hi, left, right):
    """At a point of one variable, status, value and one-sided derivatives are the mathematics."""
    check(at(text, point, "x" * order, ["x"]), status, hi, left, right)


@pytest.mark.parametrize(
    ("text", "point", "path", "status", "hi", "left", "right"),
    TWO_VARIABLES,
    ids=[f"{row[0]} at {row[1]} by {row[2] or 'nothing'}" for row in TWO_VARIABLES],
)
def test_two_variables(text, point, path, status, hi, left, right):
    """At a point of two variables, partial derivatives speak of f along their own lines."""
    check(at(text, point, path, ["x", "y"]), status, hi, left, right)


@pytest.mark.parametrize(("text", "point", "order"), HONEST)
def test_undecided_where_nothing_is_proven(text, point, order):
    """Where no proof reaches, the answer is `undecided` and holds no number."""
    check(at(text, point, "x" * order, ["x"]), "undecided", NAN, NAN, NAN)


@pytest.mark.parametrize(
    ("text", "point", "path", "truth"),
    [
        ("where(x == 0, 0, sin(x))*y", (0, 1), "xy", 1.0),
        ("where(x == 0, 0, x*y*(x**2 - y**2)/(x**2 + y**2))", (0, 0), "xy", -1.0),
        ("where(x == 0, 1, sin(x)/x)*y", (0, 1), "xy", 0.0),
        ("cbrt(x)**4*y", (0, 1), "xy", 0.0),
        ("hypot(x, y)**4", (0, 0), "xyx", 0.0),
    ],
)
def test_mixed_derivatives_are_right_or_not_claimed(text, point, path, truth):
    """Where a lower derivative's program isn't the derivative, no other number is claimed."""
    found = at(text, point, path, ["x", "y"])
    assert found.status == "undecided" or float(found.hi) == truth


def test_left_and_right_are_mirrored_by_minus_x():
    """Swapping the sides of x swaps `left` and `right` and their signs."""
    f = Formula("where(x < 0, sin(3*x), exp(2*x) - 1)").derivative().exact(0.0)
    g = Formula("where(-x < 0, sin(-3*x), exp(-2*x) - 1)").derivative().exact(0.0)
    assert (f.left, f.right) == (3.0, 2.0)
    assert (g.left, g.right) == (-2.0, -3.0)


@pytest.mark.parametrize("scale", [2.0**-300, 1.0, 2.0**300])
def test_status_does_not_depend_on_the_scale(scale):
    """A kink stays a kink, and a pole a pole, when x is measured in other units."""
    f = Formula("abs(x - a)", ["x", "a"]).bind(a=scale).derivative()
    assert f.exact(scale).status == "kink"
    assert f.exact(2 * scale).status == "certified"
    assert Formula("1/(x - a)", ["x", "a"]).bind(a=scale).derivative().exact(scale).status == "pole"


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("log", ["log({})", "log1p({} - 1)"])
def test_the_largest_plus_the_logarithm_of_a_sum_is_smooth_where_all_tie(n, log):
    """Its slopes from either side are 1/n, as rational numbers, and so the same."""
    names = [f"x{k}" for k in range(n)]
    top = f"max({', '.join(names)})"
    total = " + ".join(f"exp({name} - {top})" for name in names)
    found = Formula(f"{top} + {log.format(total)}").gradient().exact([1.0] * n)
    assert found.status.tolist() == ["certified"] * n
    assert found.hi.tolist() == [1 / n] * n
