"""Program <-> SymPy: what is read, what is refused, and that nothing recurses."""

from __future__ import annotations

import pickle
import time
from fractions import Fraction as F
from functools import partial

import pytest
import sympy
from sympy.codegen import cfunctions
from sympy.codegen.numpy_nodes import logaddexp

from symnum.errors import LimitError, SymnumError, UsageError
from symnum.formula.heads import HEADS
from symnum.formula.parse import parse
from symnum.formula.program import Builder, Program
from symnum.formula.symbolic import from_sympy, symbols, to_sympy
from symnum.formula.unparse import unparse

x, y, z = sympy.symbols("x y z")
R = sympy.Rational


def read(*exprs, variables=None, **options):
    """Return the Program of expressions as text, one an output."""
    return unparse(*from_sympy(exprs, variables, **options))


def built(n: int, *writers) -> Program:
    """Return a program in n variables with an output for each function of the builder."""
    b = Builder(n)
    return b.finish([write(b) for write in writers])


def written(text: str, public: bool = False) -> str:
    """Return how SymPy prints a formula, with our symbols."""
    return str(to_sympy(parse([text])[0], public)[0])


READ = [
    # sums and products
    (x + y, "x + y"),
    (x - y, "x - y"),
    (y - x, "y - x"),
    (-x - y, "-x - y"),
    (x - 1, "x - 1"),
    (1 - x, "1 - x"),
    (-x - 1, "-1 - x"),
    (x / 50 + R(1, 10), "0.1 + x/50"),
    (-x / 3, "-x/3"),
    (-2 * x * y / 3, "-2*x*y/3"),
    (x**-2 / y, "1/(x**2*y)"),
    (-1 / x, "-1/x"),
    (3 * x / (7 * y**2), "3*x/(7*y**2)"),
    # powers
    (x**2, "x**2"),
    (sympy.sqrt(x), "sqrt(x)"),
    (1 / sympy.sqrt(x), "1/sqrt(x)"),
    (x ** R(1, 3), "x**Rational(1, 3)"),
    (x ** R(-3, 2), "1/x**1.5"),
    (x**y, "x**y"),
    (2**x, "2**x"),
    (sympy.exp(x), "exp(x)"),
    (sympy.Pow(sympy.E, x, evaluate=False), "exp(x)"),
    # numbers
    (sympy.pi * sympy.E, "e*pi"),
    (sympy.Float(0.5) * x, "0.5*x"),
    (sympy.GoldenRatio, "(1 + sqrt(5))/2"),
    (sympy.EulerGamma, "-digamma(1)"),
    (sympy.Integer(10) ** 30, "1e30"),
    # functions
    (sympy.log(x), "log(x)"),
    (sympy.Abs(x), "abs(x)"),
    (sympy.sign(x), "sign(x)"),
    (sympy.floor(x), "floor(x)"),
    (sympy.ceiling(x), "ceil(x)"),
    (sympy.Max(x, y, 1), "max(max(1, x), y)"),
    (sympy.Min(x, y), "min(x, y)"),
    (sympy.Heaviside(x), "where(x > 0, 1, where(x < 0, 0, 1/2))"),
    (sympy.Heaviside(x, 0), "where(x > 0, 1, where(x < 0, 0, 1/2))"),
    (sympy.atan2(y, x), "atan2(y, x)"),
    (sympy.sec(x), "1/cos(x)"),
    (sympy.csc(x), "1/sin(x)"),
    (sympy.cot(x), "cos(x)/sin(x)"),
    (sympy.sech(x), "1/cosh(x)"),
    (sympy.csch(x), "1/sinh(x)"),
    (sympy.coth(x), "1/tanh(x)"),
    (sympy.asec(x), "acos(1/x)"),
    (sympy.acsc(x), "asin(1/x)"),
    (sympy.acot(x), "atan(1/x)"),
    (sympy.asech(x), "acosh(1/x)"),
    (sympy.acsch(x), "asinh(1/x)"),
    (sympy.acoth(x), "atanh(1/x)"),
    (sympy.erf(x) + sympy.erfc(x), "erf(x) + erfc(x)"),
    (sympy.gamma(x), "gamma(x)"),
    (sympy.factorial(x), "gamma(x + 1)"),
    (sympy.loggamma(x), "loggamma(x)"),
    (sympy.digamma(x), "digamma(x)"),
    (sympy.polygamma(2, x), "polygamma(2, x)"),
    (sympy.zeta(2, x), "1*polygamma(1, x)"),
    (sympy.besselj(0, x), "besselj(0, x)"),
    (sympy.bessely(1, x), "bessely(1, x)"),
    (sympy.besseli(2, x), "besseli(2, x)"),
    (sympy.besselk(R(1, 2), x), "besselk(0.5, x)"),
    (sympy.Mod(x, 3), "x - 3*floor(x/3)"),
    (sympy.frac(x), "x - floor(x)"),
    (sympy.sinc(x), "where(x == 0, 1, sin(x)/x)"),
    (cfunctions.log1p(x), "log1p(x)"),
    (cfunctions.expm1(x), "expm1(x)"),
    (cfunctions.log2(x), "log2(x)"),
    (cfunctions.log10(x), "log10(x)"),
    (cfunctions.Cbrt(x), "cbrt(x)"),
    (cfunctions.Sqrt(x), "sqrt(x)"),
    (cfunctions.exp2(x), "2**x"),
    (cfunctions.hypot(x, y), "hypot(x, y)"),
    (logaddexp(x, y), "logaddexp(x, y)"),
    # conditions
    (sympy.Piecewise((x, x < 0), (y, True)), "where(x < 0, x, y)"),
    (sympy.Piecewise((x, x < 0), (x**2, x >= 0)), "where(x < 0, x, x**2)"),
    (sympy.Piecewise((x, x < 0)), "Piecewise((x, x < 0))"),
    (sympy.Piecewise((x, x < 0), (sympy.nan, True)), "Piecewise((x, x < 0))"),
    (
        sympy.Piecewise((1, (x > 0) & (y >= 0)), (2, sympy.Eq(x, y) | (x <= y)), (3, True)),
        "where(y >= 0 and x > 0, 1, where(x == y or y >= x, 2, 3))",
    ),
    (
        sympy.Piecewise((1, sympy.ITE(x > 0, y > 0, y < 0)), (0, True)),
        "where(x > 0 and y > 0 or not x > 0 and y < 0, 1, 0)",
    ),
    # left unevaluated
    (sympy.Mul(x, sympy.Pow(x, -1, evaluate=False), evaluate=False), "x/x"),
    (sympy.Add(x, x, evaluate=False), "x + x"),
]


@pytest.mark.parametrize(("expr", "text"), READ, ids=[text for _, text in READ])
def test_expressions_are_read_as_they_are_printed(expr, text):
    """Each supported class becomes the program that our own text names."""
    assert read(expr) == [text]


@pytest.mark.parametrize("op", sorted(HEADS.keys() - {"sqrt", "pow"}))
def test_every_head_is_read_back_as_its_operation(op):
    """An expression made of our own functions becomes the operations again."""
    program = built(3, lambda b: b.op(op, *(b.var(i) for i in range(len(HEADS[op].slopes)))))
    (expr,) = to_sympy(program)
    outer = (
        HEADS["where"](expr, 1, 0) if op in {"lt", "le", "eq", "ne", "and", "or", "not"} else expr
    )
    again, _ = from_sympy([outer], symbols(3))
    assert op in [line.op for line in again.lines]
    assert pickle.loads(pickle.dumps(expr)) == expr


REFUSED = [
    (sympy.LambertW(x), "LambertW is not a function that symnum knows; it knows Abs"),
    (sympy.Si(x), "Si is not a function that symnum knows"),
    (sympy.re(x), "re is not a function"),
    (sympy.Function("f")(x), "f is an undefined function; replace it by a formula"),
    (sympy.I * x, "the expression holds I, which is not a real number"),
    (sympy.oo, "the expression holds oo, which is not a real number"),
    (sympy.zoo, "the expression holds zoo"),
    (sympy.nan, "the expression holds nan"),
    (sympy.Integral(sympy.sin(x**2), x), "an unevaluated Integral; call .doit() on it first"),
    (sympy.Derivative(x**2, x), "an unevaluated Derivative; call .doit() on it first"),
    (sympy.Sum(x, (x, 1, y)), "an unevaluated Sum; call .doit() on it first"),
    (sympy.DiracDelta(x), "DiracDelta is no function of a real variable"),
    (x > 0, "a condition is not a number; write Piecewise"),
    (sympy.Piecewise((1, sympy.Xor(x > 0, y > 0)), (0, True)), "Xor is not a function"),
    (sympy.zeta(x), "zeta is supported for integers from 2 on"),
    (sympy.Matrix([x]), "a SymPy expression is expected, MutableDenseMatrix was given"),
    (sympy.ImmutableMatrix([x]), "one expression is expected, a ImmutableDenseMatrix was given"),
    (sympy.Tuple(x), "one expression is expected, a Tuple was given"),
    ("x", "a SymPy expression is expected, str was given"),
    (True, "a SymPy expression is expected, bool was given"),
    (float("inf"), "inf is not a real number"),
    (sympy.Symbol("x", real=True) + x, "two different symbols are called x"),
    (sympy.Symbol("x_{1}"), "'x_{1}' is not the name of a variable"),
    (sympy.Symbol("__import__('os').system('true')"), "is not the name of a variable"),
    (sympy.Symbol(""), "is not the name of a variable"),
    (sympy.Symbol("a b"), "rename the symbol, for example with expr.subs"),
    (sympy.Symbol("if"), "is a word of the grammar"),
    (sympy.IndexedBase("a")[x], "an indexed symbol needs one integer as its index"),
]


@pytest.mark.parametrize(("expr", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_is_no_formula_is_refused_in_words(expr, message):
    """The error names what was found and says what to do."""
    with pytest.raises(UsageError) as caught:
        from_sympy([expr])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "expr",
    [
        sympy.Float("1e400"),
        sympy.Integer(10) ** 400,
        sympy.Float(2) ** 10**9,
        x * sympy.Float(2) ** -(10**9),
    ],
    ids=["float", "integer", "huge", "tiny"],
)
def test_numbers_beyond_the_doubles_are_refused(expr):
    """A limit, not a crash, and at once."""
    with pytest.raises(LimitError, match="beyond the range of doubles"):
        from_sympy([expr])


def test_floats_are_the_binary_numbers_that_they_hold():
    """A Float of 15 or of 50 digits is read exactly, never through its printed digits."""
    for value in (sympy.Float(0.1), sympy.Float("0.1", 50), sympy.Float(-1e-300)):
        program, _ = from_sympy([value])
        exact = program.lines[program.outputs[0]].value
        sign, mantissa, exponent, _ = value._mpf_
        assert exact == (-1) ** sign * int(mantissa) * F(2) ** int(exponent)
    assert from_sympy([sympy.Float(0.1)])[0].lines[0].value == F(0.1)


def test_python_numbers_are_constants():
    """A list may mix expressions with plain numbers."""
    assert read(1, 0.5, F(1, 4), x) == ["1", "0.5", "0.25", "x"]


def test_variables_come_in_natural_order():
    """x2 stands before x10, whatever SymPy sorts them by."""
    many = sum(sympy.Symbol(f"x{i}") for i in range(12))
    assert from_sympy([many])[1] == tuple(f"x{i}" for i in range(12))


def test_variables_may_be_declared_as_names_or_symbols():
    """The order given counts, and variables that don't appear are kept."""
    for variables in (["y", "x", "z"], [y, x, z], [sympy.Symbol("y", real=True), x, "z"]):
        program, labels = from_sympy([x - y], variables)
        assert (labels, program.n_variables) == (("y", "x", "z"), 3)
        assert str(to_sympy(program)[0]) == "-x0 + x1"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (["y"], "x is in the expression but not among the variables"),
        (["x", "x"], "the variable x is declared twice"),
        ([x, x], "the variable x is declared twice"),
        (["x", "1x"], "'1x' is not the name of a variable"),
        ([x, 3], "the name of a variable is text, not int"),
    ],
)
def test_wrong_declarations_are_named(variables, message):
    """The error says which variable is meant."""
    with pytest.raises(UsageError) as caught:
        from_sympy([x], variables)
    assert message in str(caught.value)


def test_indexed_symbols_are_variables():
    """IndexedBase('a')[0] is the variable a[0]."""
    a = sympy.IndexedBase("a")
    assert from_sympy([a[1] * a[0]])[1] == ("a[0]", "a[1]")


def test_deltas_may_be_ignored():
    """A flag reads DiracDelta as 0, since jumps are treated elsewhere."""
    assert read(sympy.diff(sympy.Heaviside(x) * x, x), ignore_deltas=True) == [
        "x*0 + where(x > 0, 1, where(x < 0, 0, 1/2))"
    ]


WRITTEN = [
    ("0.01*x**2 + 0.1*x", "x0**2/100 + x0/10", "x0**2/100 + x0/10"),
    ("x/50 + 1/10", "x0/50 + 1/10", "x0/50 + 1/10"),
    ("x*x/x", "x0", "x0"),
    ("a - (b - (c - a))", "-x1 + x2", "-x1 + x2"),
    ("abs(x)", "abs_(x0)", "Abs(x0)"),
    ("sign(-3)", "-1", "-1"),
    ("floor(-7/2) + ceil(-7/2) + max(1, 2)", "-5", "-5"),
    ("max(x, y, 1)", "max_(max_(x0, x1), 1)", "Max(1, x0, x1)"),
    ("where(x > 0, x, -x)", "where_(lt_(0, x0), x0, -x0)", "Piecewise((x0, x0 > 0), (-x0, True))"),
    ("Piecewise((x, x < 0))", "where_(lt_(x0, 0), x0, nan)", "Piecewise((x0, x0 < 0))"),
    ("expit(x)", "expit_(x0)", "1/(1 + exp(-x0))"),
    ("softplus(x)", "softplus_(x0)", "log(exp(x0) + 1)"),
    ("logaddexp(x, y)", "logaddexp_(x0, x1)", "log(exp(x0) + exp(x1))"),
    ("hypot(x, y)", "hypot_(x0, x1)", "sqrt(x0**2 + x1**2)"),
    ("cbrt(x)", "cbrt_(x0)", "Abs(x0)**(1/3)*sign(x0)"),
    ("log1p(x) + expm1(x)", "expm1_(x0) + log1p_(x0)", "exp(x0) + log(x0 + 1) - 1"),
    ("log2(x) + log10(x)", "log10_(x0) + log2_(x0)", "log(x0)/log(10) + log(x0)/log(2)"),
    ("digamma(x)", "polygamma(0, x0)", "polygamma(0, x0)"),
    ("atan2(y, x)", "atan2_(x1, x0)", "atan2(x1, x0)"),
]


@pytest.mark.parametrize(("text", "ours", "public"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_programs_are_written_with_our_heads_or_with_sympys(text, ours, public):
    """Inside we use opaque functions; what SymPy's users see is SymPy's own."""
    assert written(text) == ours
    assert written(text, public=True) == public


DERIVED = [
    ("abs(x)", "sign_(x0)"),
    ("max(x, 2)", "step_(x0, 2)"),
    ("where(x > 0, sqrt(x), 0)", "where_(lt_(0, x0), 1/(2*sqrt(x0)), 0)"),
    ("Piecewise((x**2, x < 0))", "where_(lt_(x0, 0), 2*x0, nan)"),
    ("floor(x) + sign(x)", "0"),
    ("expit(x)", "expit_(-x0)*expit_(x0)"),
    ("softplus(x**2)", "2*x0*expit_(x0**2)"),
    ("cbrt(x)", "1/(3*cbrt_(x0)**2)"),
]


@pytest.mark.parametrize(("text", "derivative"), DERIVED)
def test_sympy_differentiates_our_heads(text, derivative):
    """SymPy's diff goes through our functions, and knows no Dirac deltas."""
    (expr,) = to_sympy(parse([text])[0])
    assert str(expr.diff(symbols(1)[0])) == derivative


@pytest.mark.parametrize(
    ("text", "ours", "slope"),
    [
        ("sqrt(-x**2)", "sqrt_(-x0**2)", "-x0/sqrt_(-x0**2)"),
        ("(-x**2)**(3/2)", "pow_(-x0**2, 3/2)", "-3*x0*pow_(-x0**2, 1/2)"),
    ],
)
def test_roots_never_become_imaginary(text, ours, slope):
    """What has no real value stays as it was written, and so does its derivative."""
    (expr,) = to_sympy(parse([text])[0])
    derivative = expr.diff(symbols(1)[0])
    assert [str(expr), str(derivative)] == [ours, slope]
    again, _ = from_sympy([expr, derivative], symbols(1))
    assert [str(found) for found in to_sympy(again)] == [ours, slope]
    assert str(to_sympy(parse(["sqrt(-x**2)"])[0], public=True)[0]) == "I*Abs(x0)"


def test_heads_refuse_partials_that_they_do_not_have():
    """An argument index out of range raises SymPy's own error."""
    with pytest.raises(sympy.core.function.ArgumentIndexError):
        HEADS["abs"](x).fdiff(2)


# --- size ----------------------------------------------------------------------------------------


def chain(op: str, n: int) -> Program:
    """Return op applied n times."""
    b = Builder(1)
    line = b.var(0)
    for _ in range(n):
        line = b.op(op, line)
    return b.finish([line])


def horner(n: int) -> Program:
    """Return a polynomial of degree n in Horner's form."""
    b = Builder(1)
    line = b.const(1)
    for i in range(n):
        line = b.op("add", b.op("mul", line, b.var(0)), b.const(i))
    return b.finish([line])


def logistic(n: int) -> Program:
    """Return a recurrence that reads its last value twice: a tree of 2**n nodes."""
    b = Builder(1)
    line = b.var(0)
    for _ in range(n):
        line = b.op("mul", b.op("mul", b.const(3), line), b.op("sub", b.const(1), line))
    return b.finish([line])


def wide(op: str, n: int) -> Program:
    """Return op folded over n variables."""
    b = Builder(n)
    line = b.var(0)
    for i in range(1, n):
        line = b.op(op, line, b.var(i))
    return b.finish([line])


def variance(n: int) -> Program:
    """Return a sum of squares of differences from a mean: n sums read a sum of n terms."""
    b = Builder(n)
    variables = [b.var(i) for i in range(n)]
    mean = b.op("div", b.total(variables), b.const(n))
    squares = [b.op("pow", b.op("sub", v, mean), b.const(2)) for v in variables]
    return b.finish([b.total(squares)])


def switches(place: int, n: int) -> Program:
    """Return nested where's: in the branch taken (1) or in the other (2)."""
    b = Builder(1)
    line = b.var(0)
    for i in range(n):
        args = [b.op("lt", b.var(0), b.const(i)), b.var(0), b.var(0)]
        args[place] = line
        line = b.op("where", *args)
    return b.finish([line])


LARGE = {
    **{op: partial(chain, op) for op in ("sin", "sqrt", "abs", "cbrt", "neg", "gamma")},
    **{f"wide {op}": partial(wide, op) for op in ("add", "sub", "mul", "div", "max", "pow")},
    "horner": horner,
    "logistic": logistic,
    "variance": variance,
    "where 1": partial(switches, 1),
    "where 2": partial(switches, 2),
}
TEN_THOUSAND = ("sin", "wide add", "wide mul", "horner", "logistic")


@pytest.mark.parametrize(
    ("name", "n", "public"),
    [(name, 10_000, False) for name in TEN_THOUSAND]
    + [(name, 2_000, public) for name in LARGE for public in (False, True)],
)
def test_large_programs_go_to_sympy_and_back(name, n, public):
    """Deep, wide and sharing programs convert both ways without recursion, in linear time."""
    program = LARGE[name](n)
    start = time.process_time()
    exprs = to_sympy(program, public)
    again, _ = from_sympy(exprs, symbols(program.n_variables))
    assert time.process_time() - start < 0.003 * n
    assert len(again) < 6 * len(program) + 100


def test_a_pyramid_of_shared_sums_is_not_multiplied_out():
    """A sum of 1,000 terms that 1,000 others read is not copied into them."""
    (expr,) = to_sympy(variance(1_000))
    nodes = sum(len(term.base.args) for term in expr.args)
    assert nodes < 5_000


BOMBS = [
    lambda b: b.op("pow", b.const(9), b.op("pow", b.const(9), b.const(9))),
    lambda b: b.op("pow", b.const(2), b.const(10**9)),
    lambda b: b.op("pow", b.op("mul", b.const(3), b.var(0)), b.const(10**9)),
    lambda b: b.op("pow", b.const(F(3, 2)), b.const(F(10**9, 3))),
    lambda b: b.op("exp", b.op("mul", b.const(10**9), b.op("log", b.const(2)))),
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_before_sympy_multiplies_them_out(bomb):
    """A power of millions of digits is a LimitError at once."""
    start = time.process_time()
    with pytest.raises(LimitError):
        to_sympy(built(1, bomb))
    assert time.process_time() - start < 1


@pytest.mark.parametrize("op", ["gamma", "loggamma", "digamma"])
def test_factorials_are_left_alone(op):
    """Gamma functions of a billion are not multiplied out either; they keep their value unsaid."""
    start = time.process_time()
    (expr,) = to_sympy(built(0, lambda b: b.op(op, b.const(10**9))))
    assert not expr.is_Number
    assert time.process_time() - start < 1


def test_large_exponents_of_variables_are_fine():
    """A bare variable may carry any exponent."""
    (expr,) = to_sympy(built(1, lambda b: b.op("pow", b.var(0), b.const(10**12))))
    assert str(expr) == "x0**1000000000000"


def test_errors_are_all_ours():
    """Whatever is passed, nothing but symnum's own errors comes out."""
    for value in (
        None,
        object(),
        [x],
        {x: 1},
        b"x",
        1j,
        sympy.S.true,
        sympy.Interval(0, 1),
        sympy.O(x),
    ):
        with pytest.raises(SymnumError):
            from_sympy([value])
