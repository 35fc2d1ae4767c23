"""Certified values where doubles fail: range, cancellation, ties, size, threads, identities."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest

from symnum import DomainError, Formula, SymnumError, UsageError, sweep
from symnum.formula.certify import Certifier, Entry, guards, rational_constants
from symnum.formula.parse import parse
from symnum.formula.program import Builder
from symnum.formula.prove import Prover
from tests.truth import check_contract, fraction

INF, TINY = math.inf, math.ulp(0.0)

# formula of x, point, derivative order, the same in mpmath (None: the number in the last column)
AGAINST_MPMATH = [
    ("sin(x)", 1e300, 0, mpmath.sin),
    ("sin(x)", 1e300, 1, mpmath.cos),
    ("cos(x)", 1.7976931348623157e308, 0, mpmath.cos),
    ("tan(x)", 1.5707963267948966, 0, mpmath.tan),
    ("exp(x)", 709.0, 1, mpmath.exp),
    ("exp(x)", -745.0, 0, mpmath.exp),
    ("exp(x)", -708.0, 0, mpmath.exp),
    ("exp(exp(x))", 6.5, 0, lambda x: mpmath.exp(mpmath.exp(x))),
    ("exp(exp(exp(x)))", 1.8, 0, lambda x: mpmath.exp(mpmath.exp(mpmath.exp(x)))),
    ("(1-cos(x))/x**2", 1e-9, 0, lambda x: (1 - mpmath.cos(x)) / x**2),
    (
        "(1-cos(x))/x**2",
        1e-9,
        1,
        lambda x: mpmath.sin(x) / x**2 - 2 * (1 - mpmath.cos(x)) / x**3,
    ),
    (
        "(1-cos(x))/x**2",
        1e-150,
        1,
        lambda x: mpmath.sin(x) / x**2 - 2 * (1 - mpmath.cos(x)) / x**3,
    ),
    ("1e8 + sin(x)", 1.0, 0, lambda x: 10**8 + mpmath.sin(x)),
    ("1e8 + sin(x)", 1.0, 1, mpmath.cos),
    ("1 + exp(x)", -37.2, 0, lambda x: 1 + mpmath.exp(x)),
    ("1 - exp(x)", -38.0, 0, lambda x: 1 - mpmath.exp(x)),
    ("-1 - exp(x)", -37.2, 0, lambda x: -1 - mpmath.exp(x)),
    ("x**1000", 1.5, 0, lambda x: x**1000),
    ("x**1000", 0.5, 1, lambda x: 1000 * x**999),
    ("(x + 1)**10000", 1e-8, 1, lambda x: 10000 * (x + 1) ** 9999),
    ("x**0.1", 1e300, 0, lambda x: x ** (mpmath.mpf(1) / 10)),
    ("sqrt(x**2 + 1) - x", 1e15, 0, lambda x: mpmath.sqrt(x**2 + 1) - x),
    ("sqrt(x + 1) - sqrt(x)", 1e300, 0, lambda x: mpmath.sqrt(x + 1) - mpmath.sqrt(x)),
    ("log(1 + x) - x", 1e-20, 0, lambda x: mpmath.log(1 + x) - x),
    ("sin(x) - x", 1e-100, 0, lambda x: mpmath.sin(x) - x),
    ("gamma(x)", 170.0, 0, mpmath.gamma),
    ("gamma(x)", -170.5, 0, mpmath.gamma),
    ("loggamma(x)", 1e300, 0, mpmath.loggamma),
    ("erfc(x)", 27.0, 0, mpmath.erfc),
    ("besselj(0, x)", 1e10, 0, lambda x: mpmath.besselj(0, x)),
    ("digamma(x)", -999999.5, 0, mpmath.digamma),
    ("tanh(x)", 400.0, 1, lambda x: mpmath.sech(x) ** 2),
    ("tanh(x)", 20.0, 1, lambda x: mpmath.sech(x) ** 2),
    ("acosh(x)", 1.0000000000000002, 1, lambda x: 1 / mpmath.sqrt(x**2 - 1)),
    ("asin(x)", 0.9999999999999999, 1, lambda x: 1 / mpmath.sqrt(1 - x**2)),
    ("cosh(x) - sinh(x)", 50.0, 0, lambda x: mpmath.exp(-x)),
    ("log(x)", TINY, 0, mpmath.log),
    ("sqrt(x)", TINY, 0, mpmath.sqrt),
    ("x**2*exp(-x)", 1e-160, 0, lambda x: x**2 * mpmath.exp(-x)),
]


@pytest.mark.parametrize(
    ("text", "point", "order", "truth"),
    AGAINST_MPMATH,
    ids=[str(row[:3]) for row in AGAINST_MPMATH],
)
def test_extreme_values(text, point, order, truth):
    """At extreme arguments and under total cancellation, the value is mpmath's 700 digits'."""
    formula = Formula(text, ["x"])
    if order:
        formula = formula.derivative("x", order)
    with mpmath.workdps(700):
        check_contract(formula.exact(point), fraction(mpmath.mpf(truth(mpmath.mpf(point)))))


# formula of x, point, derivative order, the double
DOUBLES = [
    ("exp(x)", 800.0, 0, INF),
    ("exp(x)", 800.0, 1, INF),
    ("-exp(x)", 800.0, 0, -INF),
    ("exp(x)", 709.7827128933841, 0, INF),  # 1.797693134862346e308
    ("exp(x)", -745.5, 0, 0.0),
    ("exp(-exp(x))", 10.0, 1, 0.0),
    ("exp(exp(exp(exp(x))))", 1.8, 0, INF),
    ("exp(-exp(exp(exp(x))))", 3.0, 0, 0.0),
    ("x*x", 1e200, 0, INF),
    ("-x*x", 1e200, 0, -INF),
    ("x*x", 1e-200, 0, 0.0),
    ("x/2", TINY, 0, 0.0),  # a tie
    ("x*3/2", TINY, 0, 2 * TINY),  # a tie
    ("x*3/4", TINY, 0, TINY),
    ("x**10000", 2.0, 0, INF),
    ("1/x", TINY, 1, -INF),
    ("log(x)", TINY, 1, INF),
    ("atan(x)", 1e308, 1, 0.0),
    ("gamma(x)", 172.0, 0, INF),
    ("sin(x)/x", TINY, 1, 0.0),
    ("x/3", 1.0, 0, 1 / 3),
    ("x + 1/9007199254740992", 1.0, 0, 1.0),  # 1 + 2^-53, a tie
    ("x + 3/9007199254740992", 1.0, 0, 1 + 2.0**-51),
    ("x + 1/9007199254740992 + 1e-300", 1.0, 0, 1 + 2.0**-52),
    ("x + 1/9007199254740992 - 1e-300", 1.0, 0, 1.0),
    ("x + 1/9007199254740992 + exp(-300*x)", 1.0, 0, 1 + 2.0**-52),
    ("x + 1/9007199254740992 + exp(-3000*x)", 1.0, 0, 1 + 2.0**-52),
    ("x + 1/9007199254740992 - exp(-3000*x)", 1.0, 0, 1.0),
    ("exp(x)*1.7976931348623157e308", 1e-17, 0, 1.7976931348623157e308),
    ("exp(x)*1.7976931348623157e308", 1e-16, 0, INF),
]


@pytest.mark.parametrize(("text", "point", "order", "value"), DOUBLES)
def test_the_ends_of_the_doubles_and_ties(text, point, order, value):
    """Overflow, underflow, subnormals and ties come out as the correctly rounded double."""
    formula = Formula(text, ["x"])
    found = formula.derivative("x", order).exact(point) if order else formula.exact(point)
    assert found.status == "certified"
    assert found.hi == value
    assert abs(found.lo) <= math.ulp(value) / 2 or math.isinf(value)
    if math.isinf(value):
        assert found.radius == INF
    else:
        assert found.radius <= max(abs(value) * 2.0**-105, TINY)


def test_a_tie_out_of_reach_is_undecided():
    """A tie that 20,000 bits don't decide is not guessed."""
    found = Formula("x + 1/9007199254740992 + exp(-20000*x)").exact(1.0)
    assert found.status == "undecided"
    assert math.isnan(found.hi)


def test_rump():
    """Rump's example, where doubles give -1.18e21, is -0.8273960599468214 as an exact rational."""
    text = "333.75*y**6 + x**2*(11*x**2*y**2 - y**6 - 121*y**4 - 2) + 5.5*y**8 + x/(2*y)"
    x, y = Fraction(77617), Fraction(33096)
    truth = (
        Fraction(1335, 4) * y**6
        + x**2 * (11 * x**2 * y**2 - y**6 - 121 * y**4 - 2)
        + Fraction(11, 2) * y**8
        + x / (2 * y)
    )
    formula = Formula(text, ["x", "y"])
    check_contract(formula.exact([77617.0, 33096.0]), truth)
    assert truth == Fraction(-54767, 66192)
    assert abs(formula([77617.0, 33096.0]) / float(truth)) > 1e10


@pytest.mark.parametrize(
    "text",
    [
        "exp(log(x)) - x",
        "sqrt(x)**2 - x",
        "sin(2*x) - 2*sin(x)*cos(x)",
        "cosh(x)**2 - sinh(x)**2 - 1",
    ],
)
def test_identities_are_proven(text):
    """Where an enclosure keeps containing 0, SymPy's proof makes it `zero`."""
    assert Formula(text, ["x"]).exact(2.0).status == "zero"


@pytest.mark.parametrize("text", ["(x - x)*asinh(sin(x))", "(x - x)*sqrt(1 + sin(x))"])
def test_what_can_not_be_written_as_a_number_is_proven_too(text):
    """The backward pass of a product with 0 is 0 everywhere; sqrt(1 + sin(1)) is no number here."""
    found = Formula(text).derivative().exact([1.0, 2.0])
    assert found.status.tolist() == ["zero", "zero"]
    assert not found.radius.any()


def test_one_constant_is_a_proof_at_one_point():
    """A formula that vanishes at one point only is zero there and certified beside it."""
    formula = Formula("sqrt(2)*sqrt(x) - 2", ["x"])
    assert formula.exact(2.0).status == "zero"
    assert formula.exact(2.0000000000000004).status == "certified"
    waves = Formula("sin(pi*x)", ["x"])
    assert waves.exact([1.0, 1e10, 2.0**60]).status.tolist() == ["zero"] * 3
    assert waves.exact(1e10).hi == 0.0
    assert waves.derivative().exact([0.5, -1.5, 1e10 + 0.5]).status.tolist() == ["zero"] * 3
    assert waves.derivative().exact(1e10).hi == math.pi


def test_without_a_proof_nothing_is_zero():
    """An identity that SymPy doesn't prove gives the double 0 with a radius, never `zero`."""
    with Prover(patience=0.0) as prover:
        program, _ = parse(["sin(x)**2 + cos(x)**2 - 1"])
        certifier = Certifier(program, [Entry(program.outputs[0], program.outputs[0], ())], {})
        (found,) = certifier.at([1.0], prover, [True])
    assert found.status == "certified"
    assert (found.hi, found.radius) == (0.0, TINY)


def test_what_is_extremely_near_0_is_as_smooth_as_any(monkeypatch):
    """Where more bits decide, nothing is expanded: 1 + erf(-45/sqrt(2)) is 1e-442."""

    def never(*_args, **_named):
        raise AssertionError

    monkeypatch.setattr("symnum.formula.certify.analyse", never)
    formula = Formula("log((1 + erf(x/sqrt(2)))/2)").derivative()
    found = formula.exact([-30.0, -45.0, -100.0])
    assert found.status.tolist() == ["certified"] * 3
    with mpmath.workdps(60):
        for x, value in zip((30, 45, 100), found.hi.tolist(), strict=True):
            ratio = mpmath.npdf(x) / (mpmath.erfc(x / mpmath.sqrt(2)) / 2)
            assert value == float(ratio)


def test_a_kink_at_exact_numbers_gets_no_more_bits():
    """There nothing changes with more of them, and they would cost more than the answer."""
    formula = Formula("abs(x)*gamma(x + 3)").derivative()
    certifier = formula._certifier
    seen = []
    values = certifier._values
    certifier._values = lambda point: seen.append(flint.ctx.prec) or values(point)
    assert formula.exact(0.0).status == "kink"
    assert max(seen) == 1024


def test_no_identity_is_no_question_to_sympy(monkeypatch):
    """What isn't 0 somewhere is not 0 everywhere; and 0 is good enough for some."""
    asked = []
    monkeypatch.setattr(Prover, "is_zero", lambda _self, program, _at=None: asked.append(program))
    formula = Formula("(tanh(x)**2 - 1)*(2 + cos(x))")
    point = np.array([[1e5]])
    assert formula.certify(point).status[0, 0] == "certified"
    assert not any(program.n_variables for program in asked)
    asked.clear()
    found = formula.certify(point, zeros=False)
    assert (found.status[0, 0], found.hi[0, 0]) == ("certified", 0.0)
    assert not asked


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("1 - tanh(x)**2", 6000.0),
        ("1 - tanh(x)**2", 8001.0),
        ("2 - erfc(-x)", 1e3),
        ("erf(x)*erf(-x) + 1", -1e30),
        ("1 - 1/(1 + exp(-x))", 1e5),
        ("expit(x) - 1", 1e5),
    ],
)
def test_what_no_precision_can_tell_from_0_is_no_question_to_sympy(monkeypatch, text, point):
    """It rounds to 0, which is certified at once; nobody could prove that it is 0."""

    def never(*_args, **_named):
        raise AssertionError

    monkeypatch.setattr(Prover, "is_zero", never)
    found = Formula(text, ["x"]).exact(point)
    assert (found.status, found.hi, found.radius) == ("certified", 0.0, TINY)


def test_what_no_precision_tells_from_0_is_not_expanded(monkeypatch):
    """No series knows the sign of 1 - tanh(1e5) either; a kink beside it is found all the same."""
    formula = Formula("log(1 - tanh(x))", ["x"])
    kink = Formula("abs(x/10 - 1) + log(2 - tanh(1000*x))", ["x"]).derivative()
    assert kink.exact(10.0).status == "kink"

    def never(*_args, **_named):
        raise AssertionError

    monkeypatch.setattr("symnum.formula.certify.analyse", never)
    for f in (formula, formula.derivative()):
        assert f.exact([100.0, 1e5]).status.tolist() == ["certified", "undecided"]


class _Over:
    """A clock without time."""

    def left(self):
        return 0.0


def test_what_is_not_known_in_time_is_undecided():
    """A clock ends the work between its pieces, and what wasn't done is no value."""
    found = Formula("sin(x)").certify(np.ones((3, 1)), clock=_Over())
    assert found.status[:, 0].tolist() == ["undecided"] * 3
    assert np.isnan(found.hi).all()


# --- size ----------------------------------------------------------------------------------------


def chain(n: int) -> Formula:
    """Return a formula whose program has 2n lines in one chain, x -> sin(x) + x -> ..."""
    builder = Builder(1)
    x = line = builder.var(0)
    for _ in range(n):
        line = builder.op("add", builder.op("sin", line), x)
    return _of(builder, line, ("x",))


def wide(n: int) -> Formula:
    """Return a sum of n products of neighbouring variables."""
    builder = Builder(n)
    terms = [builder.op("mul", builder.var(i), builder.var((i + 1) % n)) for i in range(n)]
    return _of(builder, builder.total(terms), tuple(f"x{i}" for i in range(n)))


def _of(builder: Builder, line: int, labels: tuple[str, ...]) -> Formula:
    program = builder.finish([line])
    return Formula._made(labels, (), program, (Entry(line, line, ()),), {}, None, ())


def test_deep_programs():
    """A program of 10,000 lines in one chain differentiates, compiles and certifies."""
    formula = chain(5_000)
    slope = formula.derivative()
    assert slope.exact(0.5).status == "certified"
    assert formula.exact(0.5).hi == pytest.approx(formula(0.5), rel=1e-9, abs=0)
    assert math.isfinite(slope(0.5))


def test_wide_programs():
    """The gradient of a sum of 5,000 products is certified in every entry."""
    n = 5_000
    formula = wide(n)
    point = np.arange(n) / 7.0
    found = formula.gradient().exact(point)
    assert set(found.status) <= {"certified", "zero"}
    truth = np.roll(point, 1) + np.roll(point, -1)
    assert np.allclose(found.hi, truth, rtol=1e-15, atol=0)


def test_time_is_linear_in_length():
    """Ten times as many lines take at most about ten times as long, not a hundred."""

    def seconds(n):
        best = INF
        for _ in range(3):
            started = time.process_time()
            chain(n).derivative().exact(0.5)
            wide(n).gradient().exact(np.ones(n))
            best = min(best, time.process_time() - started)
        return best

    seconds(10)
    small, large = seconds(200), seconds(2_000)
    assert large <= 35 * small


# --- threads, precision, inputs ---------------------------------------------------------------


def calls():
    """Return one call of each public way to compute, some of which raise."""
    formula = Formula("abs(x)*exp(x) + sin(x)", ["x"])

    def refused():
        with pytest.raises(DomainError):
            formula.exact(math.nan)

    return [
        lambda: formula.exact(0.0),
        lambda: formula.derivative().exact([0.0, 1.0, 1e300]),
        lambda: Formula("(1-cos(x))/x**2").derivative().exact(1e-150),
        lambda: sweep(formula, 1.0, "complex"),
        lambda: sweep("sin(x)", 1.0, "central", [1e-3, 1e-300]),
        lambda: sweep("1/x", 1.0, "central", [0.5, 2.0]),
        lambda: str(formula),
        refused,
    ]


@pytest.mark.parametrize("k", range(8))
def test_the_precision_of_the_process_is_left_alone(k):
    """flint's precision and series length are what they were, after every call and exception."""
    before = flint.ctx.prec, flint.ctx.cap
    calls()[k]()
    assert (flint.ctx.prec, flint.ctx.cap) == before


def test_threads_compute_the_same():
    """Threads that certify and sweep at once get what one thread gets."""
    texts = ["sin(x)/x", "exp(x)*abs(x - 1)", "(1-cos(x))/x**2", "x**1.5", "tanh(x)*gamma(x)"]
    points = np.array([0.0, 1e-9, 1e-4, 1.0, 2.5, 30.0])

    def work(text):
        formula = Formula(text, ["x"])
        return formula.derivative().exact(points), sweep(formula, 1.5, "central:4", [1e-3, 1e-8])

    alone = [work(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(work, texts * 2))
    for (exact, swept), (other, again) in zip(alone * 2, together, strict=True):
        assert exact == other
        assert swept == again


def test_bad_points():
    """A point that is not finite is refused with its row and variable."""
    formula = Formula("x*y")
    with pytest.raises(DomainError, match=r"^point 1: y = inf is not a finite number$"):
        formula.exact([[1.0, 2.0], [1.0, INF]])
    with pytest.raises(SymnumError, match="real numbers"):
        formula.exact([[1j, 2.0]])
    with pytest.raises(UsageError):
        formula.exact([1.0, 2.0, 3.0])


def test_progress_counts_points():
    """`progress` is told of every point once."""
    seen = []
    Formula("sin(x)").certify(np.ones((7, 1)), seen.append)
    assert sum(seen) == 7


# --- the pieces ----------------------------------------------------------------------------------


def test_guards_name_what_may_not_be_smooth():
    """A guard stands for each operation that has a kink or a jump, and for no other."""
    program, _ = parse(["abs(x) + sqrt(y) + x**2 + x**y + floor(x) + sin(x) + abs(2) + x**2.5"])
    root = program.outputs[0]
    ops = [program.lines[guard.line].op for guard in guards(program, root, derivative=True)]
    assert sorted(ops) == ["abs", "floor", "pow", "pow", "sqrt"]
    ops = [program.lines[guard.line].op for guard in guards(program, root, derivative=False)]
    assert ops == ["floor"]


def test_rational_constants():
    """Lines that combine rational constants are known exactly; division by zero is not."""
    builder = Builder(0)
    two, three = builder.const(2), builder.const(3)
    third = builder.op("div", two, three)
    total = builder.op("neg", builder.op("sub", builder.op("mul", third, two), three))
    zero = builder.op("sub", two, two)
    bad = builder.op("div", two, zero)
    root = builder.op("sqrt", two)
    found = rational_constants(builder.finish([total, bad, root]))
    assert found[third] == Fraction(2, 3)
    assert found[total] == Fraction(5, 3)
    assert bad not in found
    assert root not in found


def test_enclosures_too_wide_to_divide_by_are_no_crash():
    """tanh of e^1096 has a series with a division by an infinite ball; the bits have the value."""
    exact = Formula("tanh(exp(exp(x)))").derivative().exact(7.0)
    assert str(exact.status) == "certified"
    assert abs(float(exact.hi)) == 0.0
