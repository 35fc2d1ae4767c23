"""Ball duals: the user's own code, certified without a formula, or refused with a reason."""

from __future__ import annotations

import math
import time

import flint
import numpy as np
import pytest
from flint import arb
from mpmath import mp
from scipy import special

from symnum import Formula
from symnum.errors import DomainError, SymnumError, UsageError
from symnum.formula import dual_numbers, dual_ufuncs
from symnum.formula.duals import CodeReference, DualResult, Kind, certify_code
from symnum.formula.status import Status
from symnum.formula.trace import trace_with_conditions
from tests.planted.gradients.problems import problems
from tests.unit.dual_callables import REFUSED, RUNS, V

SETTLED = {Status.CERTIFIED, Status.ZERO}


def statuses(result: DualResult) -> list[Status]:
    """Return the statuses of all components."""
    return np.asarray(result.status, dtype=object).ravel().tolist()


def is_certified(result: DualResult) -> bool:
    """Say whether every component is."""
    return all(status in SETTLED for status in statuses(result))


# --- what runs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "f", "at"), RUNS, ids=[row[0] for row in RUNS])
def test_callables_are_certified(name, f, at):
    """Ordinary code runs unchanged, and every component is certified."""
    result = certify_code(f, at)
    assert is_certified(result), result.reason
    assert result.reason == ""
    assert np.all(np.isfinite(result.bound))


def by_trace(f, at):
    """Return the certified derivative of the code's trace; None where it can't be traced."""
    try:
        formula = trace_with_conditions(f, at=at).formula
    except SymnumError:
        return None
    values = at.values() if isinstance(at, dict) else [at]
    flat = np.concatenate([np.ravel(np.asarray(value, dtype=float)) for value in values])
    if formula.shape and len(flat) > 1:
        return formula.jacobian().exact(flat).hi
    if len(flat) > 1:
        return formula.gradient().exact(flat).hi
    return formula.derivative().exact(flat[0]).hi


def test_they_agree_with_the_trace():
    """Where the code can be traced, the trace has the same derivative to the last bit."""
    compared = 0
    for name, f, at in RUNS:
        wanted = by_trace(f, at)
        if wanted is None:
            continue
        found = np.ravel(certify_code(f, at).hi)
        assert np.array_equal(found, np.ravel(wanted)), name
        compared += 1
    assert compared >= 80


def test_they_agree_with_differences():
    """All others agree with a central difference, as far as it goes."""
    for name, f, at in RUNS:
        if by_trace(f, at) is not None or isinstance(at, (dict, tuple)):
            continue
        result = certify_code(f, at)
        point = np.atleast_1d(np.asarray(at, dtype=float))
        for k in range(len(point)):
            h = 1e-5
            ends = []
            for side in (-1, 1):
                moved = point.copy()
                moved[k] += side * h
                ends.append(np.asarray(f(float(moved[0]) if np.ndim(at) == 0 else moved)))
            difference = (ends[1] - ends[0]) / (2 * h)
            exact = result.hi[..., k] if np.ndim(at) else result.hi
            assert np.allclose(exact, difference, rtol=1e-6, atol=1e-6), name


def test_the_problems_of_the_planted_suite():
    """All 90 problems' own code is certified but at kinks, and within the bound of the formula."""
    kinked = []
    for problem in problems():
        for point in problem.points:
            result = certify_code(problem.f, problem.argument(point))
            if not is_certified(result):
                assert Status.KINK in statuses(result), (problem.name, result.reason)
                kinked.append(problem.name)
                continue
            wanted = np.ravel(problem.derivative.exact(point).hi)
            # Code rounds its constants otherwise than text does: 1/3 is no double.
            error = np.abs(np.ravel(result.hi) - wanted)
            assert np.all(error <= np.ravel(result.bound)), problem.name
    assert set(kinked) == {"absolute_sum"}


def test_directional_and_second_derivatives():
    """One direction gives one number, and the Hessian's diagonal is the second derivative."""

    def f(x):
        return x[0] ** 3 * x[1] + np.sin(x[0] * x[1])

    at = np.array([0.7, 1.3])
    formula = Formula("x**3*y + sin(x*y)", ["x", "y"])
    hessian = certify_code(f, at, derivative_order=2)
    assert np.array_equal(hessian.hi, formula.hessian().exact(at).hi)
    along = certify_code(f, at, [2.0, -1.0])
    assert along.hi.shape == ()
    slope = Formula("(x+2*t)**3*(y-t) + sin((x+2*t)*(y-t))", ["t", "x", "y"])
    assert along.hi == slope.derivative("t").exact([0.0, *at]).hi
    twice = certify_code(f, at, [2.0, -1.0], derivative_order=2)
    assert twice.hi == slope.derivative("t", derivative_order=2).exact([0.0, *at]).hi


def test_cancellation_is_no_trouble():
    """The derivative is exact where doubles have lost every digit of f."""
    result = certify_code(lambda x: (1 - np.cos(x)) / x**2, 1e-8)
    assert result.value == 0.0
    assert result.hi == Formula("(1 - cos(x))/x**2").derivative().exact(1e-8).hi


def test_the_bound_holds_for_differentiated_code():
    """A hand-written derivative in doubles lies within the rounding bound."""
    result = certify_code(lambda x: np.exp(np.sin(x)) * x, 1.3)
    by_hand = math.exp(math.sin(1.3)) * (1 + 1.3 * math.cos(1.3))
    assert abs(by_hand - result.hi) <= result.bound <= 1e-14 * abs(result.hi)


def test_precision_is_put_back():
    """Whatever happens, the global precision is what it was."""
    before = flint.ctx.prec
    certify_code(np.sin, 1.0)
    certify_code(lambda x: x[0], 1.0)
    assert flint.ctx.prec == before


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "f", "at", "word"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals_say_why(name, f, at, word):
    """What balls can't run is undecided, with a reason, and without a value."""
    result = certify_code(f, at)
    assert set(statuses(result)) == {Status.UNDECIDED}
    assert word in result.reason
    assert np.all(np.isnan(result.hi))


def test_a_refusal_names_the_line():
    """The reason quotes the user's own line."""

    def f(x):
        return np.float32(x) ** 2

    result = certify_code(f, 1.0)
    assert "return np.float32(x) ** 2" in result.reason
    assert f"line {f.__code__.co_firstlineno + 1}" in result.reason


def test_a_caught_refusal_is_a_refusal():
    """Code that catches everything does not slip past."""

    def f(x):
        try:
            return np.float32(x) * x
        except BaseException:
            return x

    assert "float32" in certify_code(f, 1.0).reason


def test_random_code_is_refused():
    """Code that answers otherwise when called again is not believed."""
    rng = np.random.default_rng(0)
    assert "another answer" in certify_code(lambda x: x + rng.normal(), 1.0).reason


def test_other_code_for_doubles_is_refused():
    """Code that does something else for doubles is not believed."""

    def f(x):
        return x**2 if type(x) is float else x**3

    assert "not believed" in certify_code(f, 2.0).reason


def test_numbers_of_an_earlier_call_are_refused():
    """Code that keeps numbers from one call to the next is not believed."""
    for use in (lambda kept, _: kept[0], lambda kept, x: kept[0] + x - x):
        kept = []

        def f(x, use=use, kept=kept):
            if type(x) is not float:
                kept.append(x)
                return use(kept, x)
            return x

        assert "earlier call" in certify_code(f, 1.0).reason


def test_endless_loops_end():
    """A loop that never ends on balls ends when the time is up."""

    def f(x):
        if type(x) is not float:
            y = x
            while True:
                y = y + x
        return x

    start = time.monotonic()
    assert "time is up" in certify_code(f, 1.0, timeout=0.2).reason
    assert time.monotonic() - start < 5


# --- kinks, jumps, ties --------------------------------------------------------------------------

# Code, point, status, left, right.
BRANCHES = [
    ("abs", lambda x: abs(x), 0.0, Status.KINK, -1.0, 1.0),
    ("relu", lambda x: np.maximum(x, 0.0), 0.0, Status.KINK, 0.0, 1.0),
    ("relu by if", lambda x: x if x > 0 else 0.0, 0.0, Status.KINK, 0.0, 1.0),
    ("relu by where", lambda x: np.where(x > 0, x, 0.0), 0.0, Status.KINK, 0.0, 1.0),
    ("a step", lambda x: 1.0 if x > 0 else 0.0, 0.0, Status.JUMP, math.nan, math.nan),
    ("a jump", lambda x: x + 1 if x >= 1 else x, 1.0, Status.JUMP, math.nan, math.nan),
    ("floor", lambda x: np.floor(x) + x, 2.0, Status.JUMP, math.nan, math.nan),
    ("sawtooth", lambda x: abs(x - np.rint(x)), 1.5, Status.KINK, 1.0, -1.0),
    ("one point", lambda x: 5.0 if x == 1 else x, 1.0, Status.JUMP, math.nan, math.nan),
    ("sign", lambda x: np.sign(x), 0.0, Status.JUMP, math.nan, math.nan),
    ("smooth joint", lambda x: x * x if x > 0 else -x * x, 0.0, Status.ZERO, math.nan, math.nan),
    ("x abs x", lambda x: x * abs(x), 0.0, Status.ZERO, math.nan, math.nan),
    ("touching", lambda x: x if x * x > 0 else 0.0, 0.0, Status.CERTIFIED, math.nan, math.nan),
    ("clip", lambda x: np.clip(x, 0.0, 1.0), 1.0, Status.KINK, 1.0, 0.0),
    ("root", lambda x: np.sqrt(x), 0.0, Status.UNDECIDED, math.nan, math.nan),
    (
        "flat to second order",
        lambda x: x if x**3 > 0 else 0.0,
        0.0,
        Status.UNDECIDED,
        *[math.nan] * 2,
    ),
    (
        "irrational",
        lambda x: abs(np.sin(x) ** 2 + np.cos(x) ** 2 - 1),
        1.0,
        Status.UNDECIDED,
        *[math.nan] * 2,
    ),
]


@pytest.mark.parametrize(
    ("name", "f", "at", "status", "left", "right"), BRANCHES, ids=[row[0] for row in BRANCHES]
)
def test_branch_points(name, f, at, status, left, right):
    """A branch at the point itself is never certified for the branch taken."""
    result = certify_code(f, at)
    assert result.status is status, result.reason
    assert np.array_equal([result.left, result.right], [left, right], equal_nan=True)
    if status not in SETTLED:
        assert result.reason
        assert math.isnan(result.hi)


def test_a_tie_concerns_its_own_variables():
    """At a tie of two entries the third one's derivative is certified."""
    result = certify_code(lambda x: np.max(x[:2]) + x[2] ** 2, np.array([1.0, 1.0, 3.0]))
    assert statuses(result) == [Status.KINK, Status.KINK, Status.CERTIFIED]
    assert result.hi[2] == 6.0


def test_a_tie_along_the_direction_only():
    """Moving both entries of a tie alike never leaves it, which balls can't know, and say."""
    at = np.array([1.0, 1.0])
    assert not is_certified(certify_code(lambda x: np.max(x), at, [1.0, 1.0]))
    assert certify_code(lambda x: np.max(x), at, [1.0, 0.0]).status is Status.KINK


def test_second_derivative_at_a_joint():
    """A joint that is smooth once is no kink for the slope, and one for the second derivative."""

    def huber(x):
        return x * x / 2 if abs(x) <= 1 else abs(x) - 0.5

    assert certify_code(huber, 1.0).hi == 1.0
    second = certify_code(huber, 1.0, derivative_order=2)
    assert (second.status, second.left, second.right) == (Status.KINK, 1.0, 0.0)


def test_points_beside_a_kink():
    """Within an ulp of a kink it is certified, and doubles are allowed either side's value."""
    result = certify_code(lambda x: abs(x - 1) * 2, math.nextafter(1.0, 2.0))
    assert (result.hi, result.status) == (2.0, Status.CERTIFIED)
    assert result.hull
    assert result.bound >= 2.0


# --- the reference -------------------------------------------------------------------------------


def test_reference_at_many_points():
    """The reference has the shape of a gradient at many points, with kinks as hulls."""

    def f(x):
        return abs(x[0]) + x[1] ** 2

    reference = CodeReference(f, 2)
    points = np.array([[1.0, 2.0], [0.0, 3.0], [-1.0, 0.5]])
    known = reference.at(points)
    assert known.known.all()
    assert known.exact.tolist() == [[1.0, 4.0], [0.0, 6.0], [-1.0, 1.0]]
    assert known.hull.tolist() == [[False, False], [True, False], [False, False]]
    assert known.bound[1, 0] >= 1.0
    assert np.all(known.bound[:, 1] < 1e-13)
    certified = reference.certified(points)
    assert np.isnan(certified[1, 0])
    assert certified[0].tolist() == [1.0, 4.0]
    assert reference.at(points[:0]).exact.shape == reference.certified(points[:0]).shape == (0, 2)
    assert reference.shape == (2,)
    assert known.take(np.array([0])).join(known).points.shape == (4, 2)


@pytest.mark.parametrize(
    ("f", "kind", "shapes"),
    [
        (lambda x: x * np.sin(x), Kind.FLOAT, ()),
        (lambda x: np.sum(x * np.sin(x)), Kind.ARRAY, ()),
        (lambda x: x * np.sin(x), Kind.FLOATS, ()),
        (lambda p: np.sum(p["x"] * np.sin(p["x"])), Kind.DICT, (("x", (1,)),)),
    ],
)
def test_reference_takes_every_form(f, kind, shapes):
    """A float, an array, several floats and a dict of arrays give the same derivative."""
    reference = CodeReference(f, 1, kind, shapes)
    found = reference.at(np.array([[0.5], [1.5]]))
    assert (
        found.exact.ravel().tolist()
        == Formula("x*sin(x)").derivative().exact([0.5, 1.5]).hi.tolist()
    )
    assert reference.derivative.certify(np.array([[0.5]])).status[0, 0] is Status.CERTIFIED


def test_reference_of_code_that_does_not_run():
    """Code that can't be run on balls is known nowhere, and the reason is kept."""
    reference = CodeReference(lambda x: np.linalg.det(np.outer(x, x)), 2)
    known = reference.at(np.array([[1.0, 2.0]]))
    assert known.exact.shape == (1, 2)
    assert not known.known.any()
    assert "LAPACK" in reference.reason


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "options", "error"),
    [
        ("one", {}, UsageError),
        (1j, {}, UsageError),
        (math.nan, {}, DomainError),
        ([1.0, math.inf], {}, DomainError),
        ([], {}, UsageError),
        ({}, {}, UsageError),
        ([1.0, 2.0], {"direction": [0.0, 0.0]}, UsageError),
        ([1.0, 2.0], {"direction": [1.0]}, UsageError),
        (1.0, {"derivative_order": 3}, UsageError),
        (1.0, {"timeout": 0}, UsageError),
    ],
)
def test_bad_input(at, options, error):
    """Requests that can't be understood are refused with a sentence."""
    with pytest.raises(error, match=r"expected|finite|numbers"):
        certify_code(lambda x: V[0] * x, at, **options)


# --- planted defects -----------------------------------------------------------------------------

INVERSES = {
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "arctan": "atan", "arcsin": "asin",
    "arccos": "acos", "exp2": "2**", "gammaln": "loggamma", "psi": "digamma",
    "ndtr": "erfc(-sqrt(1/2)*", "erf": "erf", "erfc": "erfc",
}  # fmt: skip
TABLES = [(dual_numbers.RULES, name) for name in dual_numbers.RULES] + [
    (dual_ufuncs.ELEMENTARY, name)
    for name in dual_ufuncs.ELEMENTARY
    if name not in {"dawsn", "ndtri", "erfinv", "erfcinv", "log_ndtr"}
]


def wrong_rules(name):
    """Return which derivatives of an elementary function differ from the formula's."""
    from scipy import special

    head = INVERSES.get(name, name)
    text = f"{head}(x)" + (")/2" if name == "ndtr" else "")
    formula = Formula(text, ["x"])
    function = getattr(np, name, None) or getattr(special, name)
    wrong = []
    for at in (0.3, 0.8, 1.7):
        for order in (1, 2):
            wanted = formula.derivative(derivative_order=order).exact(at)
            found = certify_code(lambda x: function(x), at, derivative_order=order)
            if wanted.status in SETTLED and (found.hi, found.lo) != (wanted.hi, wanted.lo):
                wrong.append(order)
    return set(wrong)


@pytest.mark.parametrize(("table", "name"), TABLES, ids=[name for _, name in TABLES])
def test_every_rule_and_its_planted_defects(table, name, monkeypatch):
    """Every rule is right to the last bit, and a rule that is off by 1e-20 is found."""
    assert wrong_rules(name) == set()
    rule = table[name]
    for place in (1, 2):

        def planted(a, place=place):
            values = list(rule(a))
            values[place] = values[place] * (1 + flint.arb(10) ** -20)
            return tuple(values)

        monkeypatch.setitem(table, name, planted)
        assert place in wrong_rules(name)
    monkeypatch.setitem(table, name, rule)


# Code of two variables, its formula, and the method that holds its rule.
BINARY = [
    ("__add__", lambda a, b: a + b, "x + y"),
    ("__sub__", lambda a, b: a - b, "x - y"),
    ("__mul__", lambda a, b: a * b, "x*y"),
    ("__truediv__", lambda a, b: a / b, "x/y"),
    ("__pow__", lambda a, b: a**b, "x**y"),
    ("__pow__", lambda a, b: a**3 + b**-2, "x**3 + y**-2"),
    ("__pow__", lambda a, b: a**2.5 + b**-0.5, "x**2.5 + y**-0.5"),
    ("__rpow__", lambda a, b: 3**a + 0.5**b, "3**x + 0.5**y"),
    ("__rtruediv__", lambda a, b: 3 / a + 2 / b, "3/x + 2/y"),
    ("__abs__", lambda a, b: np.abs(a) + abs(b), "abs(x) + abs(y)"),
    ("__neg__", lambda a, b: -a * b, "-x*y"),
    ("arctan2", np.arctan2, "atan2(x, y)"),
    ("hypot", np.hypot, "hypot(x, y)"),
    ("__mul__", lambda a, b: np.square(a) * b, "x**2*y"),
    ("__truediv__", lambda a, b: np.reciprocal(a) * b, "y/x"),
    ("join", np.logaddexp, "logaddexp(x, y)"),
]


def wrong_in_two(f, text):
    """Return which derivatives of code of two variables differ from the formula's."""
    formula = Formula(text, ["x", "y"])
    wrong = set()
    for at in ((0.7, 1.3), (2.25, 0.5), (1.1, 3.7)):
        for order, derivative in ((1, formula.gradient()), (2, formula.hessian())):
            wanted = derivative.exact(list(at))
            found = certify_code(f, at, derivative_order=order)
            if not np.array_equal(found.hi, wanted.hi) or not np.array_equal(found.lo, wanted.lo):
                wrong.add(order)
    return wrong


@pytest.mark.parametrize(("name", "f", "text"), BINARY, ids=[row[2] for row in BINARY])
def test_every_operation_and_its_planted_defects(name, f, text, monkeypatch):
    """Arithmetic is right to the last bit in both orders; off by 1e-20, it is found."""
    assert wrong_in_two(f, text) == set()
    right = getattr(dual_numbers.Dual, name)

    def planted(*args):
        made = right(*args)
        off = 1 + flint.arb(10) ** -20
        first = {key: slope * off for key, slope in made.first.items()}
        return dual_numbers.Dual(made.run, made.value, first, made.second)

    monkeypatch.setattr(dual_numbers.Dual, name, planted)
    assert 1 in wrong_in_two(f, text)


# Steps of a staircase, as Python and NumPy compute them.
STAIRS = [
    np.floor, np.ceil, np.trunc, np.rint, round, int, math.floor, math.ceil, np.sign,
    lambda x: x // 2, lambda x: x % 2, lambda x: x % -3, lambda x: 7 % x, lambda x: 7 // x,
    lambda x: np.fmod(x, 2), lambda x: np.remainder(x, 1.5), lambda x: divmod(x, 2)[1],
    lambda x: divmod(7, x)[0],
]  # fmt: skip


@pytest.mark.parametrize("stair", STAIRS)
def test_stairs_have_the_values_of_doubles(stair):
    """Rounding to integers and remainders give what doubles give, halves and negatives included."""
    for x in (-3.5, -2.5, -2.0, -1.25, -0.5, 0.25, 0.5, 1.0, 1.5, 2.5, 3.75, 1e15 + 0.5):
        run = dual_numbers.Run()
        with np.errstate(all="ignore"):
            wanted = float(stair(x))
        found = stair(dual_numbers.Dual(run, flint.arb(x), {0: flint.arb(1)}))
        number = float(found.value) if isinstance(found, dual_numbers.Dual) else float(found)
        assert number == wanted, x


def _dawsn(x):
    return mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)


SPECIAL = {
    "dawsn": (special.dawsn, _dawsn, (-3.0, 0.25, 1.5)),
    "ndtri": (special.ndtri, lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1), (0.01, 0.25, 0.75)),
    "erfinv": (special.erfinv, mp.erfinv, (-0.5, 0.25, 0.875)),
    "erfcinv": (special.erfcinv, lambda x: mp.erfinv(1 - x), (0.125, 0.75, 1.5)),
    "log_ndtr": (special.log_ndtr, lambda x: mp.log(mp.ncdf(x)), (-20.0, -1.0, 0.5)),
    "betainc": (
        lambda x: special.betainc(2.5, 0.75, x),
        lambda x: mp.betainc(2.5, 0.75, 0, x, regularized=True),
        (0.125, 0.5, 0.875),
    ),
}


def _special_is_right(name):
    """Say whether both derivatives of a function are those of mpmath at all of its points."""
    function, truth, points = SPECIAL[name]
    with mp.workdps(60):
        for at in points:
            for order in (1, 2):
                found = certify_code(lambda x: function(x), at, derivative_order=order)
                assert found.status == "certified"
                if float(mp.diff(truth, mp.mpf(at), order)) != found.hi:
                    return False
    return True


@pytest.mark.parametrize("name", SPECIAL)
def test_special_functions_without_a_formula(name, monkeypatch):
    """Their derivatives are those of mpmath; a rule with a mistake is found."""
    assert _special_is_right(name)
    if name == "betainc":
        rule = dual_ufuncs._betainc_ball
        monkeypatch.setattr(
            dual_ufuncs, "_betainc_ball", lambda *args: (rule(*args)[0], -rule(*args)[1], arb(0))
        )
    else:
        value = dual_ufuncs.ELEMENTARY[name]
        monkeypatch.setitem(
            dual_ufuncs.ELEMENTARY, name, lambda a: (value(a)[0], value(a)[1] * 2, value(a)[2])
        )
    assert not _special_is_right(name)


def test_betainc_by_its_parameters():
    """No derivative is known, which is said."""
    found = certify_code(lambda a: special.betainc(a, 2.0, 0.5), 1.5)
    assert found.status == "undecided"
    assert "parameters" in found.reason
