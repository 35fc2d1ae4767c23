"""Formulas as text, LaTeX and Python."""

from __future__ import annotations

import ast
import time
from importlib import import_module

import numpy as np
import pytest
import sympy

from symnum.errors import LimitError, UsageError
from symnum.formula.latex import latex_label
from symnum.formula.operations import OPERATIONS
from symnum.formula.parse import parse
from symnum.formula.program import Builder, walk
from symnum.formula.symbolic import from_sympy, symbols, to_sympy
from symnum.formula.typeset import latex, python_source, text


def printed(formula: str, printer=text, variables=None) -> str:
    """Print a formula's SymPy expression with its own labels."""
    program, labels = parse([formula], variables)
    return printer(to_sympy(program)[0], labels)


def derivative(formula: str, printer=text) -> str:
    """Print SymPy's derivative with respect to the first variable."""
    program, labels = parse([formula])
    return printer(to_sympy(program)[0].diff(symbols(1)[0]), labels)


TEXTS = [
    ("0.01*t**2 + 0.1*t", "t**2/100 + t/10"),
    ("|x| - max(x, y, 2)", "abs(x) - max(max(x, y), 2)"),
    ("x if x > 0 else -x", "where(x > 0, x, -x)"),
    ("where(0 <= x and not y == 1 or x != y, 1, 0)",
     "where((x >= 0 and (not y == 1)) or x != y, 1, 0)"),
    ("Piecewise((x, x < 0))", "Piecewise((x, x < 0))"),
    ("e**x + pi*x", "pi*x + exp(x)"),
    ("1e-20*x", "1e-20*x"),
    ("-0.30000000000000004*x", "-0.30000000000000004*x"),
    ("x**(1/3) + 1/sqrt(x)", "x**(1/3) + 1/sqrt(x)"),
    ("1e30*x", "1e30*x"),
    ("digamma(1)*x", "-(-digamma(1))*x"),
    ("polygamma(2, 1)*x", "-2*x*(-polygamma(2, 1)/2)"),
    ("digamma(x) + polygamma(2, x)", "digamma(x) + polygamma(2, x)"),
    ("atan2(y, x) + ceil(x)", "atan2(y, x) + ceil(x)"),
    ("x[0]*theta_1", "theta_1*x[0]"),
    ("sqrt(-x**2)", "sqrt(-x**2)"),
    ("(-x**2)**(3/2)", "(-x**2)**(3/2)"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "expected"), TEXTS, ids=[row[0] for row in TEXTS])
def test_text_is_in_our_grammar(formula, expected):
    """The text is what people write, and the parser reads it back as the same expression."""
    assert printed(formula) == expected
    program, labels = parse([formula])
    again, _ = parse([expected], labels)
    before, after = to_sympy(program)[0], to_sympy(again)[0]
    assert before == after or sympy.N(before.subs(dict.fromkeys(symbols(2), 0.7))) == pytest.approx(
        sympy.N(after.subs(dict.fromkeys(symbols(2), 0.7))), rel=1e-12
    )


def test_doubles_print_as_their_shortest_decimal():
    """A user's Float(0.1) reads 0.1, not a fraction of two numbers of sixteen digits."""
    x = sympy.Symbol("x")
    program, labels = from_sympy([sympy.Float(0.1) * x - sympy.Float(0.7)])
    (expr,) = to_sympy(program)
    assert text(expr, labels) == "0.1*x - 0.7"
    assert latex(expr, labels) == "0.1 x - 0.7"


def test_names_that_are_taken_get_a_module_in_front():
    """A variable called e, pi, max or where doesn't swallow the constant or the function."""
    program, labels = from_sympy(
        [
            sympy.Symbol("e")
            + sympy.E
            + sympy.Symbol("pi") * sympy.pi
            + sympy.Max(sympy.Symbol("max"), 2)
            + sympy.Heaviside(sympy.Symbol("where"))
        ]
    )
    shown = text(to_sympy(program)[0], labels)
    for name in ("np.e", "np.pi", "np.max(2, max)", "np.where(where > 0, 1, np.where("):
        assert name in shown
    again, _ = parse([shown], labels)
    assert to_sympy(again)[0].free_symbols == set(symbols(4))


SLOPES = [
    ("abs(x)", "sign(x)", r"\operatorname{sgn}\left(x\right)"),
    ("x**2/100 + x/10", "x/50 + 1/10", r"\frac{x}{50} + \frac{1}{10}"),
    ("where(x > 0, sqrt(x), 0)", "where(x > 0, 1/(2*sqrt(x)), 0)",
     r"\begin{cases} \frac{1}{2 \sqrt{x}} & \text{if}\: x > 0 \\ 0 & \text{otherwise} \end{cases}"),
    ("max(x, 2)", "where(x > 2, 1, where(x < 2, 0, 1/2))",
     r"\begin{cases} 1 & \text{if}\: x > 2 \\ 0 & \text{if}\: x < 2 \\ "
     r"\frac{1}{2} & \text{otherwise} \end{cases}"),
    ("loggamma(x)", "digamma(x)", r"\psi\left(x\right)"),
    ("digamma(x)", "polygamma(1, x)", r"\psi^{\left(1\right)}\left(x\right)"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "plain", "tex"), SLOPES, ids=[row[0] for row in SLOPES])
def test_derivatives_are_readable(formula, plain, tex):
    """The derivatives that people look at most."""
    assert derivative(formula) == plain
    assert derivative(formula, latex) == tex
    parse([plain])


LATEX = [
    ("sqrt(-x**2)", r"\sqrt{- x^{2}}"),
    ("(-x**2)**(3/2)", r"\left(- x^{2}\right)^{\frac{3}{2}}"),
    ("floor(x)**2 + ceil(x) + abs(x)",
     r"\left\lfloor x \right\rfloor^{2} + \left\lceil x \right\rceil + \left| x \right|"),
    ("cbrt(x)**2", r"\left(\sqrt[3]{x}\right)^{2}"),
    ("hypot(x, 2*y)", r"\sqrt{x^{2} + \left(2 y\right)^{2}}"),
    ("log2(x)*expit(y)", r"\operatorname{expit}\left(y\right) \log_{2}\left(x\right)"),
    ("loggamma(x)**2", r"\left(\operatorname{ln\Gamma}\left(x\right)\right)^{2}"),
    ("digamma(x)**2", r"\left(\psi\left(x\right)\right)^{2}"),
    ("1e-20*x", r"1 \cdot 10^{-20} x"),
    ("Piecewise((x, x < 0))", r"\begin{cases} x & \text{if}\: x < 0 \end{cases}"),
    ("where(x > 0 or not y >= 1, x, y)",
     r"\begin{cases} x & \text{if}\: \left(x > 0\right) \vee \left(\neg \left(y \geq 1\right)"
     r"\right) \\ y & \text{otherwise} \end{cases}"),
    ("y*where(x > 0, 1, 2)",
     r"y \left(\begin{cases} 1 & \text{if}\: x > 0 \\ 2 & \text{otherwise} \end{cases}\right)"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "expected"), LATEX, ids=[row[0] for row in LATEX])
def test_latex_is_mathematics(formula, expected):
    """Our own functions have the signs that mathematicians use."""
    assert set(printed(formula, latex).split(" + ")) == set(expected.split(" + "))


LABELS = [
    ("x", "x"),
    ("x0", "x_{0}"),
    ("x_0", "x_{0}"),
    ("x[0]", "x_{0}"),
    ("x12", "x_{12}"),
    ("alpha", r"\alpha"),
    ("Omega_2", r"\Omega_{2}"),
    ("θ", r"\theta"),
    ("rate", r"\mathrm{rate}"),
    ("k_max", r"k_{\mathrm{max}}"),
    ("a_b_c", r"\mathrm{a\_b\_c}"),
    ("w1[3]", r"\mathrm{w1}_{3}"),
    ("_", r"\_"),
    ("__x__", r"\mathrm{\_\_x\_\_}"),
    ("x}\\input{secret}", r"\mathrm{x\}\backslash input\{secret\}}"),
    ("$%&#~^<>", r"\mathrm{\$\%\&\#\sim \hat{}\lt \gt }"),
    ("a\nb", r"\mathrm{a?b}"),
]


@pytest.mark.parametrize(("label", "expected"), LABELS)
def test_names_are_escaped_in_latex(label, expected):
    """Greek letters and subscripts are typeset; whatever else is in a name stays text."""
    assert latex_label(label) == expected


def test_symbols_are_printed_by_their_labels_only():
    """Our own names x0, x1 never show, also when the user has given them to other variables."""
    a, b = symbols(2)
    assert text(a - 2 * b, ["x1", "x0"]) == "x1 - 2*x0"
    assert latex(a**b, ["b", "beta"]) == r"b^{\beta}"


def test_what_is_undefined_everywhere_is_printed_as_such():
    """x/0 and 0/0 have no value: they show that, and LaTeX has its own signs."""
    (x,) = symbols(1)
    assert [text(e, ["x"]) for e in (sympy.nan, sympy.zoo * x, sympy.oo, -sympy.oo)] == [
        "(0/0)",
        "(1/0)*x",
        "(1/0)",
        "(-1/0)",
    ]
    assert latex(sympy.nan, ["x"]) == r"\text{NaN}"


@pytest.mark.parametrize("printer", [text, latex])
@pytest.mark.parametrize("expr", [sympy.I, sympy.Integral(symbols(1)[0])])
def test_what_is_no_formula_is_not_printed(printer, expr):
    """SymPy's derivative may be something that we can't read back: that is an error in words."""
    with pytest.raises(UsageError):
        printer(expr + symbols(1)[0], ["x"])


@pytest.mark.parametrize("printer", [text, latex])
def test_what_is_too_large_to_print_is_refused(printer):
    """Nesting beyond SymPy's recursion, and trees that share parts, end in a LimitError at once."""
    start = time.process_time()
    b = Builder(1)
    deep = b.var(0)
    for _ in range(5_000):
        deep = b.op("sin", deep)
    b2 = Builder(1)
    shared = b2.var(0)
    for _ in range(60):
        shared = b2.op("sin", b2.op("add", shared, b2.op("exp", shared)))
    for builder, line in ((b, deep), (b2, shared)):
        with pytest.raises(LimitError):
            printer(to_sympy(builder.finish([line]))[0], ["x"])
    with pytest.raises(LimitError, match="more than 1,000 digits"):
        printer(sympy.Integer(10) ** 5000 * symbols(1)[0], ["x"])
    assert time.process_time() - start < 20


def test_wide_sums_print_in_no_time():
    """A sum of 2,000 terms prints without SymPy's quadratic sorting."""
    variables = symbols(2_000)
    expr = sympy.Add(*(v**2 for v in variables))
    start = time.process_time()
    assert len(text(expr, [f"x{i}" for i in range(2_000)]).split(" + ")) == 2_000
    assert time.process_time() - start < 5


# --- Python --------------------------------------------------------------------------------------


def run(source: str, *args, name: str = "f"):
    """Run the printed function: these tests are the only place where printed code is executed."""
    tree = ast.parse(source)
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef)
    assert all(isinstance(node, allowed) for node in tree.body)
    namespace: dict[str, object] = {}
    exec(compile(tree, "<printed>", "exec"), namespace)  # noqa: S102 - the test is about it
    with np.errstate(all="ignore"):
        return namespace[name](*args)


def reference(program, *args):
    """Evaluate a program line by line with the NumPy functions of the table."""
    signs = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power}
    args = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in args)) if args else []
    values = {}
    with np.errstate(all="ignore"):
        for index, line in walk(program):
            if line.op == "var":
                values[index] = args[line.value]
            elif line.op in {"pi", "e"}:
                values[index] = getattr(np, line.op)
            elif line.op == "const":
                values[index] = np.float64(float(line.value))
            elif line.op == "neg":
                values[index] = -values[line.args[0]]
            else:
                path = OPERATIONS[line.op].numpy
                module, _, name = path.rpartition(".")
                function = getattr(import_module(module), name) if module else signs[path]
                values[index] = function(*(values[arg] for arg in line.args))
        shape = args[0].shape if len(args) else ()
        outputs = [np.broadcast_to(values[o], shape) for o in program.outputs]
    return outputs[0] if len(outputs) == 1 else np.stack(outputs, axis=-1)


EVERY = [
    *(f"{op}(x)" for op, row in OPERATIONS.items()
      if row.arity == 1 and op not in {"not", "neg"}),
    *(f"{op}(x, y)" for op in ("atan2", "hypot", "logaddexp", "max", "min")),
    *(f"{op}(2, x)" for op in ("polygamma", "besselj", "bessely", "besseli", "besselk")),
    *(f"where(x {sign} y, x, 2)" for sign in ("<", "<=", ">", ">=", "==", "!=")),
    "where(0 < x and not (x > 1 or y < 0), 1, 2)**-1",
    "-x**2 + (-x)**2 - -x", "x**y**2 - (x**y)**2", "x - (y - 1) - (x - y)", "x/(y/x)/(x*y)",
    "2**-x", "(1/3)*x + 2**0.5*y - 10**300*0", "1e-300*1e-300*x", "x*(1 + 2)*(3 - 5)",
    "floor(-2)*x + where(x > 0, 1, 3)/2", "-(-x)", "(x + y)*(x - y)/(x + 2*(y - 1))",
    "pi*x/e + 2*pi",
    "Piecewise((x, x < 0))", "67108865*x + 9007199254740993*y", "max(2, 3)*x + abs(-1)*y",
]  # fmt: skip


@pytest.mark.parametrize("formula", EVERY)
def test_python_evaluates_as_the_formula(formula):
    """The printed function returns, bit for bit, what the program's lines evaluate to."""
    program, labels = parse([formula])
    generator = np.random.default_rng(7)
    args = [generator.uniform(-2, 3, 50) for _ in labels]
    expected = reference(program, *args)
    found = run(python_source(program, labels), *args)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float64


def corpus():
    """Return formulas of many kinds: derivatives, which share lines, of a few hard ones."""
    texts = [
        "exp(-x**2/2)/sqrt(2*pi)*erf(x/y)",
        "log(1 + exp(x*y))*sin(x)**3/cos(y)",
        "max(x, y)**2 + abs(x - y)*sqrt(x**2 + 1)",
        "where(x > y, x**3*exp(y), tanh(x)/(1 + y**2))",
    ]
    for formula in texts:
        program, labels = parse([formula])
        (expr,) = to_sympy(program)
        ours = symbols(len(labels))
        gradient = [expr.diff(v) for v in ours]
        hessian = [g.diff(v) for g in gradient for v in ours]
        yield labels, from_sympy([expr, *gradient, *hessian], ours)[0]


@pytest.mark.parametrize(("labels", "program"), list(corpus()))
def test_python_of_gradients_evaluates_as_the_formula(labels, program):
    """Functions of several outputs with shared temporaries agree to the last bit too."""
    generator = np.random.default_rng(3)
    args = [generator.uniform(0.1, 3, (4, 5)) for _ in labels]
    found = run(python_source(program, labels), *args)
    assert found.shape == (4, 5, len(program.outputs))
    np.testing.assert_array_equal(found, reference(program, *args))


def test_python_of_a_line_is_a_line():
    """What is short stays in one expression, under the user's names."""
    source = python_source(*parse(["0.01*width**2 + 0.1*width"]), name="area")
    assert source.splitlines() == [
        "import numpy as np",
        "",
        "",
        "def area(width):",
        "    width = np.asarray(width, dtype=np.float64)",
        "    return 0.01 * width**2 + 0.1 * width",
    ]


def test_shared_lines_are_computed_once():
    """A subexpression that is read twice gets a name, so that the source can't blow up."""
    b = Builder(1)
    line = b.var(0)
    for _ in range(200):
        line = b.op("sin", b.op("mul", line, line))
    program = b.finish([line])
    source = python_source(program, ["x"])
    assert len(source) < 20_000
    assert run(source, 0.5) == reference(program, 0.5)


@pytest.mark.parametrize("op", ["add", "sin", "neg", "where"])
def test_large_programs_print_as_python_that_python_can_read(op):
    """Deep and wide programs are split into lines of bounded length and nesting."""
    b = Builder(2)
    line = b.var(0)
    for k in range(3_000):
        match op:
            case "add":
                line = b.op("add", line, b.op("mul", b.const(k), b.var(1)))
            case "where":
                line = b.op("where", b.op("lt", b.var(1), b.const(k)), b.var(0), line)
            case _:
                line = b.op(op, line)
    program = b.finish([b.op("add", line, b.var(1))])
    source = python_source(program, ["x", "y"])
    assert max(map(len, source.splitlines())) < 200
    x, y = np.linspace(0, 2, 5), np.linspace(-1, 5_000, 5)
    np.testing.assert_array_equal(run(source, x, y), reference(program, x, y))


def test_a_function_of_a_thousand_variables_prints_and_runs():
    """Its signature is wrapped, and one gradient of a thousand outputs takes no quadratic time."""
    labels = [f"x{i}" for i in range(1_000)]
    b = Builder(1_000)
    program = b.finish([b.op("mul", b.const(2), b.var(i)) for i in range(1_000)])
    start = time.process_time()
    source = python_source(program, labels)
    assert time.process_time() - start < 2
    assert max(map(len, source.splitlines())) < 120
    np.testing.assert_array_equal(run(source, *range(1_000)), 2.0 * np.arange(1_000))


SHAPES = [
    (["2"], ["x"], [(3,)], (3,)),
    (["2"], [], [], ()),
    (["x", "1"], ["x"], [(3,)], (3, 2)),
    (["x", "y"], ["x", "y"], [(3, 1), (4,)], (3, 4, 2)),
    (["x"], ["x", "y"], [(3, 1), (4,)], (3, 4)),
    (["x*y"], ["x", "y"], [(3, 1), (4,)], (3, 4)),
    (["x", "2"], ["x"], [()], (2,)),
    (["2"], ["x"], [()], ()),
]


@pytest.mark.parametrize(("formulas", "variables", "shapes", "expected"), SHAPES)
def test_python_broadcasts(formulas, variables, shapes, expected):
    """Constants and variables have the common shape; outputs stand on the last axis."""
    program, labels = parse(formulas, variables)
    found = run(python_source(program, labels), *(np.ones(shape) for shape in shapes))
    assert np.shape(found) == expected
    assert np.asarray(found).dtype == np.float64


def test_python_promotes_whole_numbers_and_leaves_its_arguments_alone():
    """Integers become float64, and nothing is written into what was passed."""
    source = python_source(*parse(["x**-1 + floor(x/2)"]))
    values = np.array([1, 2, 4])
    assert run(source, values).tolist() == [1.0, 1.5, 2.25]
    assert values.tolist() == [1, 2, 4]
    kept = np.array([1.0, 2.0])
    kept.flags.writeable = False
    run(source, kept)


HOSTILE = ["x[0]", "lambda", "print", "np", "special", "shape", "θ", "f", "__import__", "None",
           "x\nimport os", "a b", '"', "t1"]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_names_that_python_would_misread_are_replaced(label):
    """Keywords, builtins, our own names and code become x0, with the name in a comment."""
    b = Builder(2)
    shared = b.op("sin", b.op("mul", b.var(0), b.var(1)))
    program = b.finish([b.op("mul", shared, b.op("exp", shared))])
    source = python_source(program, [label, "y"])
    head = next(line for line in source.splitlines() if line.startswith("def"))
    if label == "t1":
        assert head == "def f(t1, y):"
    else:
        assert head == "def f(x0, y):"
        assert f"# x0 is {label!a}" in source
    assert run(source, 0.5, 0.25) == reference(program, 0.5, 0.25)


def test_replaced_names_keep_clear_of_the_others():
    """x0 for a strange name gives way to a variable that is called x0."""
    b = Builder(2)
    source = python_source(b.finish([b.op("sub", b.var(0), b.var(1))]), ["if", "x0"])
    assert "def f(x0_, x0):" in source
    assert run(source, 3, 1) == 2


@pytest.mark.parametrize("name", ["", "1f", "lambda", "f()", "a b", "é", "np", "print"])
def test_names_of_functions_are_checked(name):
    """What can't name a function is refused."""
    with pytest.raises(UsageError, match="can't be the name of a function"):
        python_source(*parse(["x"]), name=name)


def test_scipy_is_imported_where_it_is_needed():
    """A formula of NumPy functions doesn't import SciPy."""
    assert "scipy" not in python_source(*parse(["sin(x)"]))
    assert "from scipy import special" in python_source(*parse(["erf(x)"]))
