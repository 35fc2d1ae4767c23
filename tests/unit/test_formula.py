"""Formula: calls, shapes, names, parameters, derivatives, and what it keeps when pickled."""

from __future__ import annotations

import copy
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy

from symnum import Formula
from symnum.formula.exact import Exact

TWO = ["x*y", "x + y**2"]


# --- calls and shapes ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (0,), (5,), (2, 3), (2, 0, 3), (1, 1, 1, 1)])
def test_one_variable_is_elementwise(shape):
    """A formula of one variable takes any shape and returns it."""
    x = np.full(shape, 2.0)
    f = Formula("x**2")
    assert np.shape(f(x)) == shape
    assert np.array_equal(f(x), x**2)
    vector = Formula(["x**2", "x", "1"], ["x"])
    assert vector(x).shape == (*shape, 3)
    assert np.array_equal(vector(x), np.stack([x**2, x, np.ones(shape)], axis=-1))


@pytest.mark.parametrize("shape", [(), (1,), (0,), (5,), (2, 3), (2, 0, 3)])
def test_several_variables_stand_on_the_last_axis(shape):
    """A formula of n variables takes (..., n); its outputs stand on the axes after."""
    points = np.arange(2 * int(np.prod(shape)), dtype=float).reshape(*shape, 2)
    x, y = points[..., 0], points[..., 1]
    assert np.array_equal(Formula("x*y")(points), x * y)
    f = Formula(TWO)
    assert np.array_equal(f(points), np.stack([x * y, x + y**2], axis=-1))
    jacobian = f.jacobian()
    assert jacobian.shape == (2, 2)
    assert jacobian(points).shape == (*shape, 2, 2)
    assert np.array_equal(jacobian(points)[..., 0, 1], x)
    assert np.array_equal(jacobian(points)[..., 1, 1], 2 * y)
    assert f.hessian()(points).shape == (*shape, 2, 2, 2)
    exact = jacobian.exact(points)
    assert exact.hi.shape == (*shape, 2, 2)
    assert np.array_equal(exact.hi, jacobian(points))


def test_one_point_gives_scalars():
    """One point of a scalar formula gives NumPy scalars, of a call and of `exact` alike."""
    f = Formula("x**2")
    assert isinstance(f(3), np.float64)
    exact = f.derivative().exact(3)
    assert isinstance(exact, Exact)
    assert isinstance(exact.hi, np.float64)
    assert exact.status == "certified"
    assert exact.fields()[0] == 6.0
    both = f.exact([3.0, 4.0])
    assert both.hi.tolist() == [9.0, 16.0]
    assert both.reshape(2, 1).status.shape == (2, 1)


def test_shapes_of_derivatives():
    """Gradient (n,), Jacobian (m, n), Hessian (n, n); a single variable adds no axis."""
    f, v, g = Formula("x*y*z"), Formula(TWO), Formula("sin(x)")
    assert (f.shape, v.shape, g.shape) == ((), (2,), ())
    assert f.gradient().shape == (3,)
    assert f.hessian().shape == (3, 3)
    assert f.derivative("x").shape == ()
    assert f.derivative().shape == (3,)
    assert f.derivative(derivative_order=2).shape == (3, 3)
    assert v.jacobian().shape == (2, 2)
    assert v.hessian().shape == (2, 2, 2)
    assert v.derivative("y", 2).shape == (2,)
    assert g.derivative().shape == ()
    assert g.derivative(derivative_order=4).shape == ()
    assert g.gradient().shape == (1,)
    assert f.gradient().jacobian().shape == (3, 3)
    assert Formula(sympy.Matrix([[1, 2], [3, 4]])).shape == (2, 2)
    assert Formula(["x"]).shape == (1,)


def test_values_of_derivatives():
    """Gradient, Jacobian and Hessian are the partial derivatives in the order of variables."""
    f = Formula("x**2*y + z**3")
    at = [2.0, 3.0, 5.0]
    assert f.gradient()(at).tolist() == [12, 4, 75]
    assert f.hessian()(at).tolist() == [[6, 4, 0], [4, 0, 0], [0, 0, 30]]
    assert f.derivative("x", 2)(at) == 6.0
    assert f.derivative("z", 3)(at) == 6.0
    assert f.derivative("x").derivative("y")(at) == 4.0
    reordered = Formula("x**2*y + z**3", ["z", "y", "x"])
    assert reordered.gradient()([5.0, 3.0, 2.0]).tolist() == [75, 4, 12]
    assert Formula("sin(x)").derivative(derivative_order=4)(0.7) == pytest.approx(
        math.sin(0.7), rel=1e-6, abs=0
    )


def test_keywords():
    """Points by name, broadcast against each other, in any order; a mapping will do."""
    f = Formula("x - 2*y")
    assert f(y=1.0, x=5.0) == 3.0
    assert f(x=[1, 2, 3], y=[[0], [1]]).shape == (2, 3)
    assert f({"y": [1.0, 2.0], "x": 5.0}).tolist() == [3.0, 1.0]
    exact = f.gradient().exact(x=[1.0, 2.0], y=0.0)
    assert exact.hi.tolist() == [[1, -2], [1, -2]]
    assert Formula(TWO)(x=[1.0, 2.0], y=3.0).tolist() == [[3, 10], [6, 11]]


def test_constants_broadcast():
    """A constant, or a constant derivative, has the shape of the points."""
    points = np.zeros((4, 2))
    assert Formula("5", ["x"])(np.zeros(3)).tolist() == [5, 5, 5]
    assert Formula("3*x + y").derivative("x")(points).tolist() == [3, 3, 3, 3]
    assert Formula("3*x + y").gradient()(points).shape == (4, 2)
    assert Formula("3*x").derivative()(1) == 3.0


def test_formulas_without_variables():
    """A formula without variables is a number: call it without points."""
    f = Formula("pi/4 + 1")
    assert f.variables == ()
    assert f() == math.pi / 4 + 1
    assert f.exact().hi == math.pi / 4 + 1
    assert f.exact().status == "certified"
    assert Formula(["1", "pi"])().tolist() == [1.0, math.pi]
    assert f.gradient().shape == (0,)
    assert Formula("sqrt(2)**2 - 2").exact().status == "zero"


def test_no_points():
    """No points give no values, of the right shape."""
    f = Formula("x*y")
    assert f(np.empty((0, 2))).shape == (0,)
    exact = f.gradient().exact(np.empty((0, 2)))
    assert exact.hi.shape == (0, 2)
    assert exact.status.shape == (0, 2)
    assert Formula("x").exact(np.empty((0,))).hi.shape == (0,)


@pytest.mark.parametrize(
    "points",
    [
        [3, 4],
        (3, 4),
        np.array([3, 4]),
        np.array([3, 4], dtype=np.int8),
        np.array([3.0, 4.0], dtype=np.float32),
        [Fraction(3), Fraction(4)],
        [True, 4],
    ],
)
def test_integers_are_promoted(points):
    """Integer, single and rational input is promoted to float64 before anything is computed."""
    f = Formula("x**2 + y**2")
    found = f(points)
    assert found.dtype == np.float64
    x, y = (float(v) for v in points)
    assert found == x * x + y * y
    assert f.gradient().exact(points).hi.tolist() == [2 * x, 2 * y]


def test_inputs_are_not_written_to():
    """Neither a call nor `exact` changes the caller's arrays; results are new arrays."""
    points = np.arange(6.0).reshape(3, 2)
    before = points.copy()
    f = Formula(["x", "x*y"], ["x", "y"])
    found = f(points)
    f.exact(points)
    f.jacobian()(points)
    assert np.array_equal(points, before)
    found[...] = 99
    assert np.array_equal(points, before)
    x = np.arange(3.0)
    assert not np.shares_memory(Formula("x")(x), x)


# --- variables and parameters --------------------------------------------------------------------


def test_natural_order():
    """Undeclared variables stand in natural order; declared ones as declared, used or not."""
    assert Formula("x10 + x2 + x1").variables == ("x1", "x2", "x10")
    assert Formula("b*a", ["c", "b", "a"]).variables == ("c", "b", "a")
    assert Formula("b*a", ["c", "b", "a"])([9.0, 2.0, 3.0]) == 6.0


def test_bind():
    """Parameters are replaced by exact constants; variables that are left keep their order."""
    f = Formula("a*x**2 + b*y", ["a", "x", "b", "y"])
    g = f.bind(a=2, b=Fraction(1, 3))
    assert g.variables == ("x", "y")
    assert g([3.0, 3.0]) == 19.0
    assert g.exact([3.0, 1.0]).lo == float(18 + Fraction(1, 3) - Fraction(18 + 1 / 3))
    assert f.variables == ("a", "x", "b", "y")
    everything = f.bind(a=1, x=2, b=3, y=4)
    assert everything.variables == ()
    assert everything() == 16.0
    assert str(f.bind()) == str(f)


def test_bind_takes_floats_exactly():
    """A bound float is the double it is: 0.1 is not 1/10."""
    f = Formula("a*x", ["a", "x"]).bind(a=0.1)
    assert f.exact(10.0).hi == 1.0
    assert f.exact(10.0).lo == float(10 * Fraction(0.1) - 1)
    assert abs(Formula("0.1*x").exact(10.0).lo) < 1e-32
    assert Formula("a*x", ["a", "x"]).bind(a=np.float32(0.1)).exact(1.0).hi == float(
        np.float32(0.1)
    )


def test_bind_before_and_after_differentiating():
    """A derivative can be bound as well: the same as binding first."""
    f = Formula("a*x**3*y", ["a", "x", "y"])
    one = f.derivative("x", 2).bind(a=2)
    other = f.bind(a=2).derivative("x", 2)
    assert one.variables == other.variables == ("x", "y")
    assert one([3.0, 5.0]) == other([3.0, 5.0]) == 180.0
    assert f.bind(a=2).derivative("y")([1.0, 1.0]) == 2.0
    vector = Formula(["a*x", "x*y"], ["a", "x", "y"]).bind(a=3)
    assert vector.shape == (2,)
    assert vector.jacobian()([1.0, 2.0]).tolist() == [[3, 0], [2, 1]]
    gradient = f.gradient().bind(a=1)
    assert gradient.shape == (2,)


def test_a_kink_survives_binding():
    """The bound formula is still the formula as written."""
    f = Formula("abs(x - a)", ["x", "a"]).bind(a=2)
    assert f.derivative().exact([1.0, 2.0, 3.0]).status.tolist() == [
        "certified",
        "kink",
        "certified",
    ]


# --- identity ------------------------------------------------------------------------------------


def test_formulas_are_values():
    """Equal source, equal Formula; frozen, hashable, copyable."""
    f = Formula("x*y + 1")
    assert f == Formula("x*y + 1")
    assert f != Formula("x*y + 2")
    assert f != Formula("x*y + 1", ["y", "x"])
    assert f.derivative("x") == f.derivative("x")
    assert len({f, Formula("x*y + 1")}) == 1
    assert copy.deepcopy(f) == f
    with pytest.raises(AttributeError):
        f.variables = ("a",)


@pytest.mark.parametrize("make", [
    lambda: Formula("abs(x)*y"),
    lambda: Formula(TWO).jacobian(),
    lambda: Formula("a*x", ["a", "x"]).bind(a=0.1).derivative(),
    lambda: Formula(sympy.Symbol("t") ** 2),
])  # fmt: skip
def test_pickling(make):
    """A Formula survives pickling, also after it has computed; its derivatives stay derivatives."""
    f = make()
    point = [0.0] * len(f.variables) if len(f.variables) > 1 else 0.0
    f(point)
    f.exact(point)
    again = pickle.loads(pickle.dumps(f))
    assert again == f
    assert str(again) == str(f)
    assert np.array_equal(again(point), f(point))
    assert again.exact(point) == f.exact(point)
    assert again.gradient() == f.gradient() if not f.shape else True


def test_results_are_values():
    """Exact values compare by their arrays, NaN being equal to NaN."""
    f = Formula("abs(x)").derivative()
    assert f.exact([0.0, 1.0]) == f.exact([0.0, 1.0])
    assert f.exact([0.0, 1.0]) != f.exact([0.0, -1.0])
    assert f.exact(0.0) != f.exact([0.0])
    assert f.exact(0.0) != "kink"


def test_a_derivative_remembers_its_function():
    """abs has a kink at 0; sign, typed as a formula, jumps."""
    assert Formula("abs(x)").derivative().exact(0.0).status == "kink"
    assert Formula("sign(x)").exact(0.0).status == "jump"
    assert Formula("x/x").derivative().exact(0.0).status == "removable"
    assert Formula("exp(log(x))").derivative().exact(-1.0).status == "undefined"


def test_from_sympy():
    """SymPy expressions, lists and matrices become Formulas with their symbols' names."""
    s, t = sympy.symbols("s t")
    f = Formula(sympy.sin(s) * t)
    assert f.variables == ("s", "t")
    assert f([math.pi / 2, 3.0]) == 3.0
    assert Formula([s, s * t]).shape == (2,)
    assert Formula(sympy.Matrix([s, t])).shape == (2, 1)
    assert Formula(sympy.Abs(s)).derivative().exact(0.0).status == "kink"
    assert Formula(s + t, ["t", "s"]).variables == ("t", "s")


def test_named_results():
    """The demo of the issue: 15 right digits where lambdified mathematics is off by 1e19."""
    slope = Formula("(1-cos(x))/x**2").derivative()
    exact = slope.exact(1e-9)
    assert float(exact.hi) == pytest.approx(-1e-9 / 12, rel=1e-15, abs=0)
    x = sympy.Symbol("x")
    lambdified = sympy.lambdify(x, sympy.diff((1 - sympy.cos(x)) / x**2, x), "numpy")
    assert abs(lambdified(1e-9) / exact.hi - 1) > 1e15


def test_one_output_is_certified_alone():
    """It is the column of all of them, and what the others need is not computed."""
    gradient = Formula("exp(x)*y + z**2").gradient()
    points = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
    every = gradient.certify(points)
    for k in range(3):
        alone = gradient.certify(points, output=k)
        assert alone.hi.tolist() == every.hi[:, [k]].tolist()
        assert alone.status.tolist() == every.status[:, [k]].tolist()
