"""The split of one error, seen alone: degrees, precision, what can't be split."""

from __future__ import annotations

import math

import pytest
from flint import arb

from symnum import Formula
from symnum.differences.budget import Parts, as_ball, polynomial_degree, prepare, split
from symnum.differences.schemes import central, complex_step, forward
from symnum.formula.balls import precision
from tests.truth import PARTS, check_sum


def line_of(text: str, variable: str = "x", names: tuple[str, ...] = ("x",), order: int = 1):
    """Prepare a formula along one of its variables."""
    formula = Formula(text, names)
    slope = formula.derivative(variable, order)
    return prepare(
        formula.program,
        formula.program.outputs[0],
        slope.program,
        slope.program.outputs[0],
        names.index(variable),
    )


@pytest.mark.parametrize(
    ("text", "degree"),
    [
        ("5", 0),
        ("x", 1),
        ("-x*x + 2", 2),
        ("(x + 1)**3*x/7", 4),
        ("x*y**9*sin(y)", 1),
        ("(x - y)**2*(x/pi)", 3),
        ("x**0", 0),
        ("x - x", 1),  # a bound on the degree, as written
        ("sin(x)", None),
        ("x/x", None),
        ("x**-1", None),
        ("x**0.5", None),
        ("x**y", None),
        ("2**x", None),
        ("abs(x)", None),
        ("where(y > 0, x, x**2)", None),
    ],
)
def test_polynomial_degree(text, degree):
    """The degree in one variable is bounded as written; what is no polynomial has none."""
    program = Formula(text, ["x", "y"]).program
    assert polynomial_degree(program, program.outputs[0], 0) == degree


def test_a_known_split():
    """(4 - 0)/2 of x³ at 1 with h = 1: 4 is 3 + 1, and nothing is rounded."""
    parts = split(line_of("x**3"), central(), [1.0], 1.0, [0.0, 8.0], 4.0, None)
    assert isinstance(parts, Parts)
    assert [getattr(parts, name) for name in ("error", *PARTS)] == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert parts.noise == (0.0, 0.0)
    assert parts.off == (0.0, 0.0)


def test_each_part_stands_alone():
    """A value off by 2^-40, and an approximation off by 2^-30, show in their own parts only."""
    values = [0.0, 8.0 + 2.0**-40]
    parts = split(line_of("x**3"), central(), [1.0], 1.0, values, 4.0 + 2.0**-30, None)
    assert parts is not None
    assert parts.truncation == 1.0
    assert parts.step_rounding == 0.0
    assert parts.evaluation == 2.0**-41
    assert parts.arithmetic == 2.0**-30 - 2.0**-41
    assert parts.error == 1.0 + 2.0**-30
    assert parts.noise == (0.0, 2.0**-40 / math.ulp(8.0))
    assert parts.off == (0.0, 2.0**-40)


def test_step_rounding_stands_alone():
    """x + h that is no double moves f by its slope: 1 + 2^-53 is 1, so all of h is lost."""
    h = 2.0**-53
    parts = split(line_of("x"), forward(), [1.0], h, [1.0, 1.0], 0.0, None)
    assert parts is not None
    assert [getattr(parts, name) for name in ("error", *PARTS)] == [-1.0, 0.0, -1.0, 0.0, 0.0]


def test_derivative_orders_divide_by_their_power_of_h():
    """For the second derivative the sums are divided by h²."""
    scheme = central(2, 2)
    values = [0.0, 1.0, 8.0 + 2.0**-40]
    line = line_of("x**3", order=2)
    parts = split(line, scheme, [1.0], 0.5, [0.125, 1.0, 3.375 + 2.0**-40], 6.0, None)
    assert parts is not None
    assert parts.truncation == 0.0
    assert parts.evaluation == 2.0**-38
    assert parts.error == 0.0
    assert parts.arithmetic == -(2.0**-38)
    assert split(line, scheme, [1.0], 1.0, values, 6.0, None).evaluation == 2.0**-40


@pytest.mark.parametrize("approximation", [math.nan, math.inf])
def test_what_is_not_finite_is_not_split(approximation):
    """An approximation or a value that isn't finite has no parts."""
    line = line_of("x**3")
    assert split(line, central(), [1.0], 1.0, [0.0, 8.0], approximation, None) is None
    assert split(line, central(), [1.0], 1.0, [0.0, approximation], 4.0, None) is None


def test_a_node_outside_the_domain_is_not_split():
    """Where f has no value at a node, although the function returned one, there are no parts."""
    assert split(line_of("log(x)"), central(), [0.5], 1.0, [0.0, 0.4], 0.2, None) is None


@pytest.mark.parametrize("h", [1e-300, 1e-30, 5e-324])
def test_total_cancellation(h):
    """With h far below an ulp the precision is raised until every part is known."""
    line = line_of("exp(x)")
    parts = split(line, central(4), [1.0], h, [math.e] * 4, 0.0, None)
    assert parts is not None
    assert parts.error == -math.e
    check_sum(parts.error, [getattr(parts, name) for name in PARTS], parts.radius)
    if h > 1e-70:
        truth = -(h**4) / 30 * math.e
        assert parts.truncation == pytest.approx(truth, rel=1e-9, abs=0)


def test_the_truth_is_resolved_before_the_error_is_measured():
    """tanh at 4³: the truth is 48/cosh(64)², 5e-54, although the parts are of size 1e-24."""
    line = line_of("tanh(x**3)")
    values = [math.tanh(27.0), math.tanh(125.0)]
    parts = split(line, central(), [4.0], 1.0, values, 0.0, None)
    assert parts is not None
    assert parts.error == pytest.approx(-48 / math.cosh(64.0) ** 2, rel=1e-12, abs=0)
    assert parts.truncation + parts.evaluation == pytest.approx(0.0, abs=1e-35)


def test_a_given_truth_is_used():
    """Where the derivative's program has no value, the certified limit stands in for it."""
    line = line_of("sin(x)/x")
    given = split(
        line, central(), [0.0], 0.5, [math.sin(0.5) / 0.5] * 2, 0.0, as_ball(0.0, 0.0, 0.0)
    )
    assert given is not None
    assert given.error == 0.0
    assert split(line, central(), [0.0], 0.5, [math.sin(0.5) / 0.5] * 2, 0.0, None) is None


def test_the_complex_step():
    """Im f(x + ih)/h of x³ is 3x² - h²; only evaluation and division are rounded."""
    line = line_of("x**3")
    parts = split(line, complex_step(), [1.0], 0.5, [1.375], 2.75, None)
    assert parts is not None
    assert [getattr(parts, name) for name in ("error", *PARTS)] == [-0.25, -0.25, 0.0, 0.0, 0.0]
    off = split(line, complex_step(), [1.0], 0.5, [1.375 + 2.0**-40], 2.75, None)
    assert off is not None
    assert off.evaluation == 2.0**-39
    assert off.arithmetic == -(2.0**-39)
    assert off.off == (2.0**-40,)
    assert off.noise == (2.0**-40 / math.ulp(1.375),)


def test_noise_of_a_value_that_is_0():
    """A computed 0 has no ulp: right, its noise is 0; wrong, it is unknown."""
    line = line_of("x**3")
    right = split(line, central(), [1.0], 1.0, [0.0, 8.0], 4.0, None)
    wrong = split(line, central(), [2.0], 1.0, [0.0, 27.0], 13.5, None)
    assert right is not None
    assert wrong is not None
    assert right.noise[0] == 0.0
    assert math.isnan(wrong.noise[0])
    assert wrong.off[0] == -1.0


def test_as_ball():
    """hi + lo ± radius as a ball holds all of it."""
    ball = as_ball(1.0, 2.0**-60, 2.0**-120)
    with precision(300):
        assert ball.contains(arb(1) + arb(2) ** -60 + arb(2) ** -120)
        assert not ball.contains(1)
