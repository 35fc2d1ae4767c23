"""What a formula may look like, and the Program that it becomes."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import flint
import pytest
from scipy import special

from symnum.errors import LimitError, SymnumError, UsageError
from symnum.formula.parse import natural_order, parse
from symnum.formula.program import Builder, Line, Program
from symnum.formula.unparse import MAX_LENGTH, number, unparse

_FLOATS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": lambda a, b: a / b if b else math.nan,
    "neg": operator.neg,
    "pow": operator.pow,
    "abs": abs,
    "sign": lambda a: math.copysign(1.0, a) if a else 0.0,
    "max": max,
    "min": min,
    "loggamma": math.lgamma,
    "digamma": special.digamma,
    "polygamma": lambda n, a: float(special.polygamma(int(n), a)),
    "besselj": special.jv,
    "bessely": special.yv,
    "besseli": special.iv,
    "besselk": special.kv,
    "expit": special.expit,
    "softplus": lambda a: math.log1p(math.exp(a)),
    "logaddexp": lambda a, b: math.log(math.exp(a) + math.exp(b)),
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": operator.not_,
    "where": lambda c, a, b: a if c else b,
}


def run(program: Program, values: list[float]) -> list[float]:
    """Evaluate a Program in floats, one line after the other."""
    results: list[Any] = []
    for line in program.lines:
        if line.op == "var":
            assert isinstance(line.value, int)
            results.append(values[line.value])
        elif line.op == "const":
            assert isinstance(line.value, Fraction)
            results.append(float(line.value))
        elif line.op in {"pi", "e"}:
            results.append(getattr(math, line.op))
        else:
            function = _FLOATS.get(line.op) or getattr(math, line.op)
            results.append(function(*(results[arg] for arg in line.args)))
    return [results[output] for output in program.outputs]


def value(text: str, at: Mapping[str, float], variables: list[str] | None = None) -> float:
    """Evaluate a text at named values."""
    program, labels = parse([text], variables)
    return run(program, [at[label] for label in labels])[0]


def canonical(program: Program) -> tuple[list[Line], list[int]]:
    """Renumber the live lines in the order in which the outputs need them."""
    new: dict[int, int] = {}
    lines: list[Line] = []
    for output in program.outputs:
        stack = [output]
        while stack:
            index = stack[-1]
            line = program.lines[index]
            missing = [arg for arg in reversed(line.args) if arg not in new]
            if index in new or not missing:
                stack.pop()
                if index not in new:
                    new[index] = len(lines)
                    args = tuple(new[arg] for arg in line.args)
                    lines.append(Line(line.op, args, line.value))
            else:
                stack.extend(missing)
    return lines, [new[output] for output in program.outputs]


X, Y, Z = 1.25, -0.75, 2.5
AT = {"x": X, "y": Y, "z": Z, "x0": 0.5, "x_0": 3.0, "x[0]": 7.0, "x10": 11.0, "r": 2.0}

ARITHMETIC = [
    ("0.01*x**2 + 0.1*x", 0.01 * X**2 + 0.1 * X),
    ("2x", 2 * X),
    ("2 x", 2 * X),
    ("2x^2", 2 * X**2),
    ("2x**-1", 2 / X),
    ("-2x", -2 * X),
    ("2x/3", 2 * X / 3),
    ("x/3*2z", X / 3 * 2 * Z),
    ("2(x+1)", 2 * (X + 1)),
    ("(x+1)(x-1)", (X + 1) * (X - 1)),
    ("(x+1) (x-1)z", (X + 1) * (X - 1) * Z),
    ("2sin(x)cos(x)", math.sin(2 * X)),
    ("2πr", 4 * math.pi),
    ("π r", 2 * math.pi),
    ("x²", X**2),
    ("x⁻¹²", X**-12),
    ("x²y", X**2 * Y),
    ("2**3**2", 512),
    ("-x**2", -(X**2)),
    ("(-x)**2", X**2),
    ("2**-x", 2**-X),
    ("e^(-x)cos(x)", math.exp(-X) * math.cos(X)),
    ("x^(2)y", X**2 * Y),
    ("a - b - c".replace("a", "x").replace("b", "y").replace("c", "z"), X - Y - Z),
    ("x/y/z", X / Y / Z),
    ("x*-y", X * -Y),
    ("- - -x", -X),
    ("+x", X),
    ("x·y × z ÷ 2 − 1", X * Y * Z / 2 - 1),
    ("x\n +\t y", X + Y),
    (".5x + 5. + 1e-4 + 1_000 + 1e3x", 0.5 * X + 5 + 1e-4 + 1000 + 1000 * X),
    ("1.5E+2", 150.0),
    ("x0 + x_0*x[0] - x[ 0 ]/x10", 0.5 + 21.0 - 7.0 / 11.0),
    ("e*pi*π", math.e * math.pi**2),
    ("np.pi + math.e + sp.pi", 2 * math.pi + math.e),
    ("Rational(1, 3) + Rational('0.1') + Rational(\"-1/7\")", 1 / 3 + 0.1 - 1 / 7),
    ("Rational(-1, 3)", -1 / 3),
    ("Rational(1,10**6)", 1e-6),
    ("|x|", X),
    ("|x - 2z|", abs(X - 2 * Z)),
    ("||x| - |y||", abs(abs(X) - abs(Y))),
    ("|x||y|", abs(X * Y)),
    ("2|y|", 2 * abs(Y)),
    ("(x)|y|", X * abs(Y)),
    ("|y|^2/|x|", Y**2 / abs(X)),
    ("|(x-z)(y-z)|", abs((X - Z) * (Y - Z))),
]

FUNCTIONS = [
    ("sin^2(x) + cos**2(x)", 1.0),
    ("sin²(x)", math.sin(X) ** 2),
    ("sin (x)", math.sin(X)),
    ("ln(x) + log(x)", 2 * math.log(X)),
    ("log(z, x)", math.log(Z, X)),
    ("log10(x) + log2(x) + log1p(x)", math.log10(X) + math.log2(X) + math.log1p(X)),
    ("expm1(x) + exp(x) + exp2(x)", math.expm1(X) + math.exp(X) + 2**X),
    ("sqrt(x) + cbrt(y)", math.sqrt(X) + math.cbrt(Y)),
    ("tan(x) + sec(x) + csc(x) + cot(x)",
     math.tan(X) + 1 / math.cos(X) + 1 / math.sin(X) + 1 / math.tan(X)),
    ("asin(y) + arccos(y) + arctan(x)", math.asin(Y) + math.acos(Y) + math.atan(X)),
    ("asec(x) + acsc(x) + acot(x)", math.acos(1 / X) + math.asin(1 / X) + math.atan(1 / X)),
    ("sinh(x) + cosh(x) + tanh(x)", math.sinh(X) + math.cosh(X) + math.tanh(X)),
    ("sech(x) + csch(x) + coth(x)", 1 / math.cosh(X) + 1 / math.sinh(X) + 1 / math.tanh(X)),
    ("asinh(x) + arccosh(x) + atanh(y)", math.asinh(X) + math.acosh(X) + math.atanh(Y)),
    ("asech(x0) + acsch(x) + acoth(x)", math.acosh(2) + math.asinh(1 / X) + math.atanh(1 / X)),
    ("atan2(y, x) + np.arctan2(x, y)", math.atan2(Y, X) + math.atan2(X, Y)),
    ("hypot(x, y, z)", math.hypot(X, Y, Z)),
    ("min(x, y, z) + Max(x, y) + np.maximum(x, z)", Y + X + Z),
    ("abs(y) + Abs(y) + np.absolute(y) + fabs(y)", 4 * abs(Y)),
    ("floor(y) + ceil(x) + sign(y)", -1 + 2 - 1),
    ("erf(x) + erfc(x)", 1.0),
    ("gamma(x) + loggamma(x) + gammaln(x) + math.lgamma(x)", math.gamma(X) + 3 * math.lgamma(X)),
    ("digamma(x) + psi(x) + polygamma(1, x)",
     2 * special.digamma(X) + float(special.polygamma(1, X))),
    ("besselj(0, x) + scipy.special.jv(1/2, x)", special.jv(0, X) + special.jv(0.5, X)),
    ("bessely(1, x) + besseli(-2, x) + kv(3, x)",
     special.yv(1, X) + special.iv(-2, X) + special.kv(3, X)),
    ("expit(x) + sigmoid(x)", 2 / (1 + math.exp(-X))),
    ("softplus(x)", math.log1p(math.exp(X))),
    ("logsumexp(x, y, z) - np.logaddexp(x, y)",
     math.log(math.exp(X) + math.exp(Y) + math.exp(Z)) - math.log(math.exp(X) + math.exp(Y))),
    ("power(x, 3) + square(y) + pow(z, 2)", X**3 + Y**2 + Z**2),
    ("clip(z, 0, 1) + np.clip(y, 0, 1)", 1.0),
    ("logit(x0)", 0.0),
]  # fmt: skip

CONDITIONS = [
    ("where(x > 0, y, z)", Y),
    ("where(0 < x < 1, y, z)", Z),
    ("np.where((x > 0) & (y > 0), 1, 2)", 2),
    ("where((x > 0) | (y > 0) & (z < 0), 1, 2)", 1),
    ("where(x >= 1 and not y >= 0 or z == 0, 1, 2)", 1),
    ("where(~(x > 0), 1, 2)", 2),
    ("where(x ≤ 1, 1, where(x ≥ 1, 2, 3))", 2),
    ("where(x != 1.25, 1, 2)", 2),
    ("y if x > 2 else z if x > 3 else x", X),
    ("1 + (y if x > 0 else z)", 1 + Y),
    ("Piecewise((x, y > 0), (z, True))", Z),
    ("Piecewise((x, y > 0), (2, (z > 0) | False), (z, True))", 2),
    ("Piecewise((x, Eq(x, 0)), (y, Ne(x, 0)))", Y),
    ("where(And(x > 0, y < 0, Not(z < 0)), 1, 2)", 1),
    ("where(Or(Lt(x, 0), Ge(y, 0)), 1, 2)", 2),
    ("where(np.logical_and(x > 0, np.greater(x, y)), 1, 2)", 1),
    ("where(True, 1, 2) + where(False, 1, 2)", 3),
    ("where(|x| > 2|y|, 1, 2)", 2),
]


@pytest.mark.parametrize(("text", "expected"), ARITHMETIC + FUNCTIONS + CONDITIONS)
def test_a_formula_is_worth_what_it_says(text: str, expected: float) -> None:
    """Every accepted spelling evaluates to the number that it means."""
    assert value(text, AT) == pytest.approx(expected, rel=1e-13, abs=1e-13)


@pytest.mark.parametrize(("text", "_"), ARITHMETIC + FUNCTIONS + CONDITIONS)
def test_a_printed_formula_reads_back_as_the_same_lines(text: str, _: float) -> None:
    """Printing a Program and reading it again gives its live lines back."""
    program, labels = parse([text])
    again, _labels = parse(unparse(program, labels), labels)
    assert canonical(again) == canonical(program)


CORPUS = [
    ("(1-exp(-b2*x))*b1", ["b1", "b2", "x"]),
    ("b1 * (b2+x)**(-1/b3)", ["b1", "b2", "b3", "x"]),
    ("b1 - b2*x - atan(b3/(x-b4))/pi", ["b1", "b2", "b3", "b4", "x"]),
    ("b1 * (1-(1+2*b2*x)**(-.5))", ["b1", "b2", "x"]),
    ("b2*cos( 2*pi*x/12 ) + b5*cos( 2*pi*x/b4 )", ["b2", "b4", "b5", "x"]),
    ("(x1-10**6)**2+(x2-2*Rational(1,10**6))**2+(x1*x2-2)**2", ["x1", "x2"]),
    ("(10**4*x1*x2-1)**2+(exp(-x1)+exp(-x2)-Rational('1.0001'))**2", ["x1", "x2"]),
    ("x1*exp(-x2*(Rational(-1,2)-x3)**2/2)-Rational('0.3521')", ["x1", "x2", "x3"]),
    ("((atan((y / x))) * (180.0 / (3.14159265359)))", ["x", "y"]),
    ("Piecewise(((x / 10), (((x * x) - x) >= 0)), (((x * x) + 2), True))", ["x"]),
    ("Piecewise(((1 + (0.5 * x)), (x < 1e-5)), (sqrt((1 + x)), True))", ["x"]),
    ("(((((a * e) * i) + ((b * f) * g)) + ((c * d) * h)))", list("abcdefghi")),
    ("where(((((-10) <= a) & (a <= 10)) & (Ne(a, 0))), 1, 0)", ["a"]),
]


@pytest.mark.parametrize(("text", "variables"), CORPUS)
def test_published_formulas_parse_unchanged(text: str, variables: list[str]) -> None:
    """Formulas in the spellings of public collections are read as they stand."""
    program, labels = parse([text], variables)
    assert labels == tuple(variables)
    again, _ = parse(unparse(program, labels), labels)
    assert canonical(again) == canonical(program)


# --- the lines ----------------------------------------------------------------------------------


def lines(text: str, variables: list[str] | None = None) -> list[Any]:
    """Return the live lines, nested as one expression."""
    program, _ = parse([text], variables)
    built: list[Any] = []
    for line in program.lines:
        leaf = line.value if line.op in {"const", "var"} else None
        built.append((line.op, leaf) if leaf is not None
                     else (line.op, *(built[arg] for arg in line.args)))  # fmt: skip
    return [built[output] for output in program.outputs]


V = ("var", 0)


def const(top: int, bottom: int = 1) -> tuple[str, Fraction]:
    """Return the line of an exact constant."""
    return ("const", Fraction(top, bottom))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.01", const(1, 100)),
        ("-5", const(-5)),
        ("-(5)", ("neg", const(5))),
        ("x**-2", ("pow", V, const(-2))),
        ("-5**2", ("neg", ("pow", const(5), const(2)))),
        ("-2x", ("neg", ("mul", const(2), V))),
        ("-2*x", ("mul", const(-2), V)),
        ("x+1+x", ("add", ("add", V, const(1)), V)),
        ("x/x", ("div", V, V)),
        ("exp(log(x))", ("exp", ("log", V))),
        ("sqrt(x)**2", ("pow", ("sqrt", V), const(2))),
        ("1/3", ("div", const(1), const(3))),
        ("log(x, 2)", ("div", ("log", V), ("log", const(2)))),
        ("sec(x)", ("div", const(1), ("cos", V))),
        ("cot(x)", ("div", ("cos", V), ("sin", V))),
        ("acot(x)", ("atan", ("div", const(1), V))),
        ("max(x, 1, 2)", ("max", ("max", V, const(1)), const(2))),
        ("where(x > 1, 1, 2)", ("where", ("lt", const(1), V), const(1), const(2))),
        ("where(0 < x < 1, 0, 1)",
         ("where", ("and", ("lt", const(0), V), ("lt", V, const(1))), const(0), const(1))),
        ("Piecewise((x, x >= 0))",
         ("where", ("le", const(0), V), V, ("div", const(0), const(0)))),
    ],
)  # fmt: skip
def test_a_program_is_the_formula_as_written(text: str, expected: Any) -> None:
    """Nothing is simplified, reordered or rounded on the way to the Program."""
    assert lines(text) == [expected]


def test_a_decimal_is_the_rational_that_it_spells() -> None:
    """A literal of many digits is kept exactly."""
    program, _ = parse(["3.14159265358979323846264338327950288"])
    assert program.lines[0].value == Fraction(314159265358979323846264338327950288, 10**35)


def test_outputs_share_one_table_of_variables() -> None:
    """Several texts become one Program whose equal parts are written once."""
    program, labels = parse(["sin(x)*y", "sin(x)+z"])
    assert labels == ("x", "y", "z")
    assert [line.op for line in program.lines].count("sin") == 1
    assert run(program, [1.0, 2.0, 3.0]) == [2 * math.sin(1.0), math.sin(1.0) + 3.0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x10 + x2 + x1", ("x1", "x2", "x10")),
        ("x[10] + x[2] + a", ("a", "x[2]", "x[10]")),
        ("b + a10 + a9b + B", ("B", "a9b", "a10", "b")),
        ("x01 + x1", ("x01", "x1")),
        ("3 + pi", ()),
    ],
)
def test_undeclared_variables_stand_in_natural_order(text: str, expected: tuple[str, ...]) -> None:
    """Digits count as numbers when the labels are sorted."""
    assert parse([text])[1] == expected
    assert sorted(set(expected), key=natural_order) == list(expected)


def test_declared_variables_keep_their_order_and_need_not_appear() -> None:
    """The declared order is the order of the Program's variables."""
    program, labels = parse(["x"], ["z", "x", "y"])
    assert labels == ("z", "x", "y")
    assert program.n_variables == 3
    assert run(program, [1.0, 2.0, 3.0]) == [2.0]


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("e*i + j", ["e", "i", "j"], 2.0 * 3.0 + 4.0),
        ("2gamma + sin", ["gamma", "sin"], 4.0 + 3.0),
        ("np.sin(sin) + np.e*e", ["sin", "e"], math.sin(2.0) + math.e * 3.0),
        ("θ² + é", ["θ", "é"], 7.0),
        ("2π + πr", ["π", "πr"], 7.0),
        ("lambda*x[3]", ["lambda", "x[3]"], 6.0),
        ("xy - x*y", ["x", "y", "xy"], -2.0),
        ("x²y", ["x", "y"], 12.0),
        ("E + I", ["E", "I"], 5.0),
    ],
)
def test_a_declared_variable_wins_over_everything_else(
    text: str, variables: list[str], expected: float
) -> None:
    """A declared label is a variable even where the name means something undeclared."""
    program, labels = parse([text], variables)
    assert run(program, [2.0, 3.0, 4.0])[0] == expected
    again, _ = parse(unparse(program, labels), labels)
    assert canonical(again) == canonical(program)


# --- limits that are kept -------------------------------------------------------------------------


def test_two_hundred_brackets_are_read() -> None:
    """The deepest allowed nesting of brackets, and of signs, is read."""
    assert parse(["(" * 200 + "x" + ")" * 200])[0].lines[0].op == "var"
    assert len(parse(["-" * 200 + "x"])[0]) == 201


@pytest.mark.parametrize(
    "text",
    [
        "+".join(["x*y"] * 30_000),
        "x" + "**x" * 30_000,
        "x if x > 0 else " * 5_000 + "x",
        "max(" + ",".join(["x"] * 30_000) + ")",
        "(x)" * 30_000,
        "*".join(["1.0001"] * 15_000),
    ],
    ids=["sum", "tower", "choices", "arguments", "products", "constants"],
)
def test_long_formulas_take_linear_time(text: str) -> None:
    """Tens of thousands of terms neither recurse nor take quadratic time."""
    start = time.process_time()
    parse([text])
    assert time.process_time() - start < 15.0


@pytest.mark.parametrize(
    "text",
    [
        "9" * 308,
        "0." + "1" * 999,
        "1e-400*x",
        "x**20000",
        "x**1e300",
        "(x+1)**10000",
        "exp(700)",
        "exp(-1000)",
        "tan(pi/2)",
        "1/sin(pi)",
        "sqrt(sin(pi))",
        "gamma(-1/2)",
        "besseli(0, 1e300) + besselj(1000, 1e5)",
        "0**0 + x/0",
    ],
)
def test_large_and_undecided_numbers_within_the_limits_are_read(text: str) -> None:
    """What stays within the limits is read, and what isn't proven undefined is left alone."""
    parse([text])


def test_reading_leaves_the_precision_of_balls_alone() -> None:
    """The global precision is the same after reading, and after refusing."""
    before = flint.ctx.prec
    parse(["sin(1)"])
    with pytest.raises(SymnumError):
        parse(["log(-1)"])
    assert flint.ctx.prec == before


# --- printing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("((x)+(1))-(z-x)", "x + 1 - (z - x)"),
        ("x/(y*z)*(x/z)", "x/(y*z)*(x/z)"),
        ("-(x^2)", "-x**2"),
        ("(-x)^2", "(-x)**2"),
        ("-(x*y)", "-(x*y)"),
        ("(x^y)^z", "(x**y)**z"),
        ("x^(y^z)", "x**y**z"),
        ("x^(-y)", "x**-y"),
        ("2x", "2*x"),
        ("-(5)", "-(5)"),
        ("0.0100*x", "0.01*x"),
        ("1_000_000", "1000000"),
        ("1e30", "1e30"),
        ("0.00001", "1e-5"),
        ("Rational(1, 3)*x", "Rational(1, 3)*x"),
        ("Rational(1, 4)*x", "0.25*x"),
        ("1/3", "1/3"),
        ("x[ 0 ]**2", "x[0]**2"),
        ("ln(x)", "log(x)"),
        ("arcsin(x)", "asin(x)"),
        ("|x|", "abs(x)"),
        ("1 if x > 0 else 2", "where(x > 0, 1, 2)"),
        ("where(0 < x < 1, 1, 2)", "where(x > 0 and x < 1, 1, 2)"),
        ("where((x > 0 or y > 0) and not z == x, 1, 2)",
         "where((x > 0 or y > 0) and not z == x, 1, 2)"),
        ("Piecewise((x, x > 0))", "Piecewise((x, x > 0))"),
        ("Piecewise((x, x > 0), (z, True))", "where(x > 0, x, z)"),
    ],
)  # fmt: skip
def test_a_program_prints_with_few_brackets(text: str, expected: str) -> None:
    """The printed formula is the one that a person would write."""
    assert unparse(*parse([text])) == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(0), "0"),
        (Fraction(-7), "-7"),
        (Fraction(1, 100), "0.01"),
        (Fraction(-1, 3), "Rational(-1, 3)"),
        (Fraction(2) ** 70, "1180591620717411303424"),
        (Fraction(10) ** 17, "1e17"),
        (Fraction(10) ** 16, "10000000000000000"),
        (Fraction("1.3806503e-23"), "1.3806503e-23"),
        (Fraction(0.1), "0.1"),
        (Fraction(5e-324), "5e-324"),
        (Fraction("3.14159265358979323846"), "3.14159265358979323846"),
        (Fraction("123456.789"), "123456.789"),
    ],
)
def test_numbers_print_as_short_as_they_are(value: Fraction, expected: str) -> None:
    """An exact rational prints as digits, a decimal, a double's shortest decimal, or p and q."""
    assert number(value) == expected


def test_a_number_that_no_formula_may_hold_is_not_printed() -> None:
    """A constant of more than 1,000 digits is refused."""
    with pytest.raises(LimitError, match=r"more than 1,000 digits"):
        number(Fraction(3) ** 5_000)


def test_step_prints_as_the_where_that_it_means() -> None:
    """The operation that only derivatives contain is printed in functions that people write."""
    builder = Builder(2)
    program = builder.finish([builder.op("step", builder.var(0), builder.var(1))])
    text = unparse(program, ["x", "y"])
    assert text == ["where(x > y, 1, where(x < y, 0, 1/2))"]
    assert [value(text[0], {"x": a, "y": 1.0}) for a in (0.0, 1.0, 2.0)] == [0.0, 0.5, 1.0]


def test_printing_is_linear_in_the_text() -> None:
    """A sum of ten thousand terms prints at once; no prefix is copied over and over."""
    program, labels = parse(["+".join(["x"] * 10_000)])
    start = time.process_time()
    assert len(unparse(program, labels)[0]) == 39_997
    assert time.process_time() - start < 2.0


def test_a_shared_program_that_would_print_endlessly_is_refused() -> None:
    """Squaring a line sixty times is short as a Program and endless as text."""
    builder = Builder(1)
    line = builder.var(0)
    for _ in range(60):
        line = builder.op("mul", line, line)
    with pytest.raises(LimitError, match=f"more than {MAX_LENGTH:,} characters"):
        unparse(builder.finish([line]), ["x"])


def test_every_variable_needs_a_name_to_be_printed() -> None:
    """Too few labels are refused."""
    builder = Builder(2)
    program = builder.finish([builder.var(1)])
    with pytest.raises(UsageError, match="2 variables need a name each, 1 were given"):
        unparse(program, ["x"])
