"""Programs at random: SymPy and back, text, Python and partial derivatives keep the value."""

from __future__ import annotations

import flint
import numpy as np
from flint import arb
from hypothesis import assume, given
from hypothesis import strategies as st

from symnum.errors import LimitError, SymnumError
from symnum.formula.operations import OPERATIONS
from symnum.formula.parse import parse
from symnum.formula.partials import partials
from symnum.formula.program import Builder, Program, walk
from symnum.formula.symbolic import from_sympy, symbols, to_sympy
from symnum.formula.typeset import latex, python_source, text

N = 3
CONDITIONS = [name for name, row in OPERATIONS.items() if row.boolean]
COMPARISONS = ["lt", "le", "eq", "ne"]
# Degrees must be whole numbers, and gamma functions of what is large overflow everything.
SMOOTH = [
    name
    for name in OPERATIONS
    if name not in CONDITIONS and not name.startswith("bessel") and "gamma" not in name
    and name not in {"where", "step"}
]  # fmt: skip
CONSTANTS = st.fractions(min_value=-3, max_value=3, max_denominator=8)
POINTS = st.lists(st.floats(0.25, 3.0), min_size=N, max_size=N)


@st.composite
def programs(draw, longest=14):
    """Draw a program in three variables, with shared lines, as a formula could be written."""
    b = Builder(N)
    numbers = [b.var(i) for i in range(N)]
    for _ in range(draw(st.integers(1, longest))):
        kind = draw(st.sampled_from(["constant", "operation", "operation", "operation", "where"]))
        if kind == "constant":
            numbers.append(b.const(draw(CONSTANTS)))
        elif kind == "operation":
            name = draw(st.sampled_from(SMOOTH))
            args = [draw(st.sampled_from(numbers)) for _ in range(OPERATIONS[name].arity)]
            numbers.append(b.op(name, *args))
        else:
            comparison = draw(st.sampled_from(COMPARISONS))
            condition = b.op(comparison, *(draw(st.sampled_from(numbers)) for _ in range(2)))
            if draw(st.booleans()):
                condition = b.op("not", condition)
            branches = [draw(st.sampled_from(numbers)) for _ in range(2)]
            numbers.append(b.op("where", condition, *branches))
    return b.finish([numbers[-1]])


def enclose(program: Program, point: list[float]) -> arb | None:
    """Return a ball round the value; None where nothing useful is proven."""
    values = {}
    for index, line in walk(program):
        if line.op == "var":
            values[index] = arb(point[line.value])
        elif line.op == "const":
            values[index] = arb(flint.fmpq(line.value.numerator, line.value.denominator))
        elif line.op in {"pi", "e"}:
            values[index] = arb.pi() if line.op == "pi" else arb.const_e()
        else:
            values[index] = OPERATIONS[line.op].ball(*(values[arg] for arg in line.args))
    ball = values[program.outputs[0]]
    useful = ball.is_finite() and abs(ball) < 1e100 and ball.rad() < 1e-20
    return ball if useful else None


def sympy_of(program: Program, public: bool):
    """Convert, leaving out the programs whose constant powers are too large to write."""
    try:
        return to_sympy(program, public)[0]
    except LimitError:
        assume(False)


def read_back(expr) -> Program:
    """Convert back, leaving out what SymPy has made complex or infinite of it."""
    try:
        return from_sympy([expr], symbols(N))[0]
    except SymnumError:
        assume(False)
        raise


@given(programs(), POINTS, st.booleans())
def test_sympy_and_back_keep_the_value(program, point, public):
    """Wherever the program has a value, the expression made from it has the same."""
    with flint.ctx.workprec(200):
        before = enclose(program, point)
        assume(before is not None)
        after = enclose(read_back(sympy_of(program, public)), point)
        assert after is None or after.overlaps(before)


@given(programs())
def test_a_second_trip_changes_nothing(program):
    """The program of an expression makes that expression again."""
    expr = sympy_of(program, False)
    assert to_sympy(read_back(expr))[0] == expr


@given(programs(), POINTS)
def test_text_reads_back_as_the_same_value(program, point):
    """What we print, our parser reads, and it has the same value."""
    expr = sympy_of(program, False)
    read_back(expr)
    try:
        again, _ = parse([text(expr, ["x", "y", "z"])], ["x", "y", "z"])
    except SymnumError as error:
        # Constant parts that SymPy has put together may be too large for the parser.
        assume("constant" not in str(error))
        raise
    with flint.ctx.workprec(200):
        before, after = enclose(program, point), enclose(again, point)
        assert before is None or after is None or after.overlaps(before)


@given(programs())
def test_latex_is_balanced(program):
    """Braces, brackets and environments are closed in the order in which they were opened."""
    expr = sympy_of(program, False)
    read_back(expr)
    shown = latex(expr, ["alpha", "x_1", "rate"])
    assert shown.count("{") == shown.count("}")
    assert shown.count(r"\left") == shown.count(r"\right") - shown.count(r"\rightarrow")
    assert shown.count(r"\begin{cases}") == shown.count(r"\end{cases}")


@given(programs(), POINTS)
def test_python_agrees_with_the_balls(program, point):
    """The printed function gives the value to a double's accuracy, or the formula is unstable."""
    with flint.ctx.workprec(53):
        narrow = enclose_loosely(program, point)
    assume(narrow is not None)
    namespace: dict[str, object] = {}
    exec(python_source(program, ["x", "y", "z"]), namespace)  # noqa: S102 - the test is about it
    with np.errstate(all="ignore"):
        found = float(namespace["f"](*point))
    # The ball at 53 bits bounds the rounding of each line; functions may be off by a few ulps more.
    spread = 64 * float(narrow.rad()) + 1e-12 * (1 + abs(float(narrow.mid())))
    assert abs(found - float(narrow.mid())) <= spread


def enclose_loosely(program: Program, point: list[float]) -> arb | None:
    """Return a ball at the current precision where every line is finite and narrow."""
    values = {}
    for index, line in walk(program):
        if line.op == "var":
            values[index] = arb(point[line.value])
        elif line.op == "const":
            values[index] = arb(flint.fmpq(line.value.numerator, line.value.denominator))
        else:
            row = OPERATIONS[line.op]
            args = [values[arg] for arg in line.args]
            values[index] = row.ball(*args)
            if row.smooth is not None and not row.smooth(*args):
                return None
        ball = values[index]
        if ball is None or (isinstance(ball, arb) and not (ball.is_finite() and ball.rad() < 1e-9)):
            return None
    return values[program.outputs[0]]


@given(st.sampled_from(SMOOTH), POINTS)
def test_partials_follow_the_function(name, point):
    """A difference quotient in 300 bits approximates every elementary partial derivative."""
    row = OPERATIONS[name]
    b = Builder(N)
    line = b.op(name, *(b.var(i) for i in range(row.arity)))
    slopes = partials(b, line)
    function = b.finish([line])
    with flint.ctx.workprec(300):
        at = [arb(x) for x in point]
        if row.smooth is not None:
            assume(row.smooth(*at[: row.arity]))
        h = arb(2) ** -100
        for argument, slope in enumerate(slopes):
            moved = [x + (h if i == argument else 0) for i, x in enumerate(at)]
            value, higher = enclose_at(function, at), enclose_at(function, moved)
            assume(value.is_finite() and higher.is_finite())
            quotient = (higher - value) / h
            exact = arb(0) if slope is None else enclose_at(b.finish([slope]), at)
            assume(exact.is_finite())
            assert abs(quotient - exact) < arb(2) ** -60 * (1 + abs(exact)) ** 3


def enclose_at(program: Program, point: list[arb]) -> arb:
    """Evaluate at balls."""
    values = {}
    for index, line in walk(program):
        if line.op == "var":
            values[index] = point[line.value]
        elif line.op == "const":
            values[index] = arb(flint.fmpq(line.value.numerator, line.value.denominator))
        elif line.op == "pi":
            values[index] = arb.pi()
        else:
            values[index] = OPERATIONS[line.op].ball(*(values[arg] for arg in line.args))
    return values[program.outputs[0]]
