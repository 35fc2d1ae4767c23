"""What is true of the parser for every text, and for every Program it could have read."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from symnum.errors import LimitError, ParseError, UsageError
from symnum.formula.operations import OPERATIONS
from symnum.formula.parse import parse
from symnum.formula.program import Builder, Line, Program
from symnum.formula.unparse import unparse

# --- any text -----------------------------------------------------------------------------------

_PIECES = """x y x0 x[0] 1 2 0.5 1e300 1e-300 0 ( ) + - * / ** ^ , | || & ~ < <= > >= == != =
    sin( cos( log( max( where( Piecewise(( Rational( '1/3' True False and or not if else pi e i π ²
    ³ ⁻¹ 2x sqrt( gamma( besselj( polygamma( np.sin( np. . .5 5. abs( tan( exp( é 1_0 ! ; ' [ ] _
    lambda nan __import__ erf( floor( atanh( 10 1000 : # @ {"""
_WORDS = [*_PIECES.split(), "\x00", "\ud800", "\u200b", "\n"]

soup = st.builds(
    lambda glue, pieces, close: glue.join(pieces) + ")" * close,
    st.sampled_from(["", " "]),
    st.lists(st.sampled_from(_WORDS), max_size=14),
    st.integers(0, 3),
)


@settings(deadline=None, max_examples=400)
@given(st.text() | soup, st.sampled_from([None, [], ["x"], ["x", "y", "x[0]", "e", "é", "np"]]))
def test_no_text_raises_anything_but_a_parse_error(text: str, variables: Any) -> None:
    """Whatever the text, it is read and reads back, or refused with a place inside it."""
    before = flint.ctx.prec
    try:
        program, labels = parse([text], variables)
    except ParseError as error:
        assert 0 <= error.column <= len(text)
        assert error.text == text
        assert "\n" not in str(error).split("\n  ")[0]
    else:
        assert program.n_variables == len(labels)
        again, _ = parse(unparse(program, labels), labels)
        assert canonical(again) == canonical(program)
    assert flint.ctx.prec == before


@given(st.lists(st.text(max_size=8) | st.sampled_from(["x", "x[0]", "θ", "if", "__x"]), max_size=4))
def test_any_labels_are_taken_or_refused(variables: list[str]) -> None:
    """A declared label stands as it is in the result, or the list is refused."""
    try:
        _, labels = parse(["1"], variables)
    except UsageError:
        return
    assert labels == tuple(variables)
    assert len(set(labels)) == len(labels)


# --- the same number as SymPy ---------------------------------------------------------------------

_SYMBOLS = sympy.symbols("x y", real=True)
Pair = tuple[str, Any]  # a text, and the SymPy expression that it means


def _leaf() -> st.SearchStrategy[Pair]:
    whole = st.integers(0, 30).map(lambda n: (str(n), sympy.Integer(n)))
    decimal = st.integers(0, 999).map(
        lambda n: (f"{n // 100}.{n % 100:02}", sympy.Rational(n, 100))
    )
    ratio = st.tuples(st.integers(-9, 9), st.integers(1, 9)).map(
        lambda pq: (f"Rational({pq[0]}, {pq[1]})", sympy.Rational(*pq))
    )
    names = st.sampled_from(
        [("x", _SYMBOLS[0]), ("y", _SYMBOLS[1]), ("pi", sympy.pi), ("e", sympy.E), ("π", sympy.pi)]
    )
    return names | names | whole | decimal | ratio


_CALLS: list[tuple[str, Callable[..., Any]]] = [
    ("sin({})", sympy.sin),
    ("cos^2({})", lambda a: sympy.cos(a) ** 2),
    ("np.arctan({})", sympy.atan),
    ("exp(-({})²)", lambda a: sympy.exp(-(a**2))),
    ("tanh({})", sympy.tanh),
    ("|{}|", abs),
    ("-{}", lambda a: -a),
    ("({})^3", lambda a: a**3),
    ("({})**2", lambda a: a**2),
    ("2({})", lambda a: 2 * a),
    ("sqrt(1 + ({})^2)", lambda a: sympy.sqrt(1 + a**2)),
    ("log(1 + |{}|)", lambda a: sympy.log(1 + abs(a))),
    ("erf({})", sympy.erf),
    ("arcsinh({})", sympy.asinh),
]
_JOINS: list[tuple[str, Callable[..., Any]]] = [
    ("({} + {})", lambda a, b: a + b),
    ("({} - ({}))", lambda a, b: a - b),
    ("({})*({})", lambda a, b: a * b),
    ("({})({})", lambda a, b: a * b),
    ("({})/(1 + ({})²)", lambda a, b: a / (1 + b**2)),
    ("max({}, {})", sympy.Max),
    ("({} if {} > 0 else 1)", lambda a, b: sympy.Piecewise((a, b > 0), (sympy.Integer(1), True))),
]


def _grow(parts: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    call = st.tuples(st.sampled_from(_CALLS), parts).map(
        lambda t: (t[0][0].format(f"({t[1][0]})"), t[0][1](t[1][1]))
    )
    join = st.tuples(st.sampled_from(_JOINS), parts, parts).map(
        lambda t: (t[0][0].format(f"({t[1][0]})", f"({t[2][0]})"), t[0][1](t[1][1], t[2][1]))
    )
    return call | join


formulas = st.recursive(_leaf(), _grow, max_leaves=8)


@settings(deadline=None, max_examples=60)
@given(formulas, st.tuples(st.integers(-40, 40), st.integers(-40, 40)))
def test_a_formula_means_what_sympy_means(pair: Pair, point: tuple[int, int]) -> None:
    """The Program of a text encloses SymPy's value of the expression built beside it."""
    text, expression = pair
    at = [sympy.Rational(p, 8) for p in point]
    try:
        program, _ = parse([text], ["x", "y"])
    except LimitError:
        assume(False)
    expected = sympy.N(expression.subs(dict(zip(_SYMBOLS, at, strict=True))), 30)
    assume(expected.is_real and expected.is_finite)
    with flint.ctx.workprec(200):
        ball = enclose(program, [Fraction(p, 8) for p in point])
        assume(ball.is_finite() and ball.rad() < 1e-20)
        assert abs(ball - flint.arb(str(expected))) < 1e-18 * (1 + abs(ball))


def enclose(program: Program, at: list[Fraction]) -> Any:
    """Evaluate a Program in balls."""
    balls: list[Any] = []
    for line in program.lines:
        if line.op in {"var", "const"}:
            value = at[int(line.value or 0)] if line.op == "var" else line.value
            assert isinstance(value, Fraction)
            balls.append(flint.arb(flint.fmpq(value.numerator, value.denominator)))
        elif line.op in {"pi", "e"}:
            balls.append(flint.arb.pi() if line.op == "pi" else flint.arb.const_e())
        else:
            balls.append(OPERATIONS[line.op].ball(*(balls[arg] for arg in line.args)))
    return balls[program.outputs[0]]


# --- any Program ----------------------------------------------------------------------------------

_NUMBERS = ["add", "sub", "mul", "div", "pow", "neg", "sin", "log", "abs", "max", "atan2", "expit",
            "logaddexp", "hypot", "erf"]  # fmt: skip
_COMPARISONS = ["lt", "le", "eq", "ne"]
_JUNCTIONS = ["and", "or", "not"]

constants = st.one_of(
    st.integers(-1000, 1000).map(Fraction),
    st.integers(-(10**25), 10**25).map(Fraction),
    st.decimals(-1000, 1000, places=6).map(Fraction),
    st.fractions(max_denominator=999),
)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a Program in x, e and sin: names that stand for something else undeclared."""
    builder = Builder(3)
    numbers = [builder.var(i) for i in range(3)] + [builder.constant("pi"), builder.constant("e")]
    conditions: list[int] = []
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["const", "number", "number", "compare", "join", "where"]))
        pick = st.sampled_from(numbers)
        if kind == "const":
            numbers.append(builder.const(draw(constants)))
        elif kind == "number":
            op = draw(st.sampled_from(_NUMBERS))
            numbers.append(builder.op(op, *(draw(pick) for _ in range(OPERATIONS[op].arity))))
        elif kind == "compare":
            conditions.append(
                builder.op(draw(st.sampled_from(_COMPARISONS)), draw(pick), draw(pick))
            )
        elif conditions:
            condition = st.sampled_from(conditions)
            if kind == "where":
                numbers.append(builder.op("where", draw(condition), draw(pick), draw(pick)))
            else:
                op = draw(st.sampled_from(_JUNCTIONS))
                arity = OPERATIONS[op].arity
                conditions.append(builder.op(op, *(draw(condition) for _ in range(arity))))
    return builder.finish([numbers[-1], draw(st.sampled_from(numbers))])


@settings(deadline=None, max_examples=200)
@given(programs())
def test_a_program_prints_and_reads_back(program: Program) -> None:
    """Any Program without absurd constant parts survives printing and reading, line for line."""
    labels = ["x", "e", "sin"]
    texts = unparse(program, labels)
    try:
        again, read = parse(texts, labels)
    except ParseError as error:
        constant = "this constant part", "an exponent beyond", "a power with more digits"
        if not error.message.startswith(constant):
            raise
        assume(False)
    assert read == ("x", "e", "sin")
    assert canonical(again) == canonical(program)


def canonical(program: Program) -> tuple[list[Line], list[int]]:
    """Renumber the live lines in the order in which the outputs need them."""
    new: dict[int, int] = {}
    lines: list[Line] = []

    def visit(index: int) -> int:
        if index not in new:
            line = program.lines[index]
            args = tuple(visit(arg) for arg in line.args)
            new[index] = len(lines)
            lines.append(Line(line.op, args, line.value))
        return new[index]

    return lines, [visit(output) for output in program.outputs]


@pytest.mark.parametrize("scale", [10, 40])
def test_reading_does_not_recurse(scale: int) -> None:
    """A long formula is read and printed however little stack there is."""
    text = "+".join(["x"] * scale * 100) + "**x" * scale * 100
    program, labels = parse([text])
    assert parse(unparse(program, labels), labels)[0] == program
