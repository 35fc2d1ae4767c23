"""How far a formula stays smooth to either side of a point, and what ends it there."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from flint import arb

from symnum import Formula
from symnum.differences.crossing import Crossing, Searcher, opposite, roundest

INF = math.inf
NOWHERE = (INF, None)

# formula, x, how far to look, how many derivatives must be continuous, left, right
SIDES = [
    ("abs(x)", 1.0, 2.0, 1, (1.0, "kink"), NOWHERE),
    ("abs(x)", -1.0, 2.0, 1, NOWHERE, (1.0, "kink")),
    ("abs(x)", 1.0, 0.9, 1, NOWHERE, NOWHERE),
    ("abs(x - 3)", 1.0, 5.0, 1, NOWHERE, (2.0, "kink")),
    ("abs(x - 1/3)", 0.0, 5.0, 1, NOWHERE, (1 / 3, "kink")),
    ("abs(x**2 - 2)", 0.0, 5.0, 1, (math.sqrt(2), "kink"), (math.sqrt(2), "kink")),
    ("abs(x - pi)", 3.0, 5.0, 1, NOWHERE, (math.pi - 3, "kink")),
    ("abs(x - 1)*abs(x - 2)", 0.0, 5.0, 1, NOWHERE, (1.0, "kink")),
    ("x*abs(x)", 1.0, 2.0, 1, NOWHERE, NOWHERE),
    ("x*abs(x)", 1.0, 2.0, 2, (1.0, "kink"), NOWHERE),
    ("abs(x)**3", 1.0, 2.0, 2, NOWHERE, NOWHERE),
    ("abs(x)**3", 1.0, 2.0, 3, (1.0, "kink"), NOWHERE),
    ("max(x, 2)", 1.0, 2.0, 1, NOWHERE, (1.0, "kink")),
    ("where(x < 2, 0, 1)", 1.0, 2.0, 1, NOWHERE, (1.0, "jump")),
    ("where(x < 2, x, x)", 1.0, 2.0, 3, NOWHERE, NOWHERE),
    ("where(x < 5, 1, abs(x - 2))", 1.0, 3.0, 1, NOWHERE, NOWHERE),  # that branch isn't taken
    ("floor(x)", 1.25, 2.0, 1, (0.25, "jump"), (0.75, "jump")),
    ("sign(x)", 1.0, 2.0, 1, (1.0, "jump"), NOWHERE),
    ("1/x", 1.0, 2.0, 1, (1.0, "pole"), NOWHERE),
    ("1/(x**2 - 2)", 1.0, 2.0, 1, None, (math.sqrt(2) - 1, "pole")),
    ("tan(x)", 1.0, 2.0, 1, None, (math.pi / 2 - 1, "pole")),
    ("exp(1/x)", 1.0, 2.0, 1, (1.0, "pole"), NOWHERE),
    ("log(x)", 1.0, 2.0, 1, (1.0, "pole"), NOWHERE),
    ("gamma(x)", -0.5, 0.6, 1, (0.5, "pole"), (0.5, "pole")),
    ("sqrt(x)", 1.0, 2.0, 1, (1.0, "edge"), NOWHERE),
    ("sqrt(x)", 1.0, 1.0, 1, (1.0, "edge"), NOWHERE),
    ("sqrt(x**2 - 2)", 2.0, 2.0, 1, (2 - math.sqrt(2), "edge"), NOWHERE),
    ("x**2.5", 1.0, 2.0, 1, (1.0, "edge"), NOWHERE),
    ("asin(x)", 0.0, 2.0, 1, (1.0, "edge"), (1.0, "edge")),
    ("cbrt(x)", 1.0, 2.0, 1, (1.0, "pole"), NOWHERE),
    ("sin(x)/x", 1.0, 2.0, 3, NOWHERE, NOWHERE),
    ("(x**2 - 4)/(x - 2)", 1.0, 3.0, 2, NOWHERE, NOWHERE),
    ("exp(x)*sin(x) - x**5/3", 1.0, 100.0, 9, NOWHERE, NOWHERE),
    ("1/(1 + x**2)", 0.0, 100.0, 3, NOWHERE, NOWHERE),
    # touches 0 at an irrational place without changing sign: nothing is proven there
    ("abs((x**2 - 2)**2)", 1.0, 1.0, 1, NOWHERE, (math.sqrt(2) - 1, "undecided")),
    ("abs(x**2 - 2)/(x + 5)", 1.0, 2.0, 1, NOWHERE, (math.sqrt(2) - 1, "kink")),
    ("sin(x)/x + abs(x + 1)", 0.5, 3.0, 1, (1.5, "kink"), NOWHERE),  # past a removable point
    ("where(x < 0, 2*x, x*2) + abs(x + 1)", 0.5, 3.0, 1, (1.5, "kink"), NOWHERE),
    ("x**-3*y", 1.0, 2.0, 1, (1.0, "pole"), NOWHERE),
    ("(x - 1)**3/y", 1.0, 9.0, 1, NOWHERE, NOWHERE),
]


def near(found: Crossing, wanted: tuple[float, str | None]) -> bool:
    """Say whether a crossing is the wanted one, its distance never beyond the place."""
    distance, status = wanted
    if status is None:
        return found == Crossing(INF, None)
    close = found.distance == pytest.approx(distance, rel=1e-9, abs=0)
    return close and found.distance <= distance * (1 + 1e-15) and found.status == status


@pytest.mark.parametrize(("text", "x", "far", "derivatives", "left", "right"), SIDES)
def test_both_sides(text, x, far, derivatives, left, right):
    """The nearest place on each side, as far as one looks, and what is there."""
    program = Formula(text, ["x", "y"]).program
    searcher = Searcher(program, program.outputs[0], 0)
    found = searcher.search([x, 1.0], [far / 8, far], derivatives)
    for side, wanted in zip(found, (left, right), strict=True):
        assert wanted is None or near(side, wanted), side


def test_opposite_signs():
    """Opposite signs must be proven: a ball across 0 has none, and 0 is not opposite to 1."""
    plus, minus, zero, wide = arb(1), arb(-1), arb(0), arb(0, 2)
    assert opposite(plus, minus)
    assert opposite(minus, plus)
    for a, b in [(plus, plus), (minus, minus), (zero, plus), (minus, zero), (wide, plus)]:
        assert not opposite(a, b)
        assert not opposite(b, a)
    assert opposite(arb(1) / 2, -arb(1) / 2)


@pytest.mark.parametrize("scale", [2.0**-400, 2.0**400])
def test_distances_scale(scale):
    """In other units the distances are the same."""
    program = Formula("abs(x - a)", ["x", "a"]).program
    searcher = Searcher(program, program.outputs[0], 0)
    left, right = searcher.search([3 * scale, scale], [scale, 4 * scale], 1)
    assert near(left, (2 * scale, "kink"))
    assert near(right, NOWHERE)


def test_only_the_moving_variable_counts():
    """What another variable does doesn't end smoothness along this one."""
    program = Formula("abs(y)*x + floor(y)", ["x", "y"]).program
    searcher = Searcher(program, program.outputs[0], 0)
    assert searcher.search([0.0, 0.0], [10.0], 1) == (Crossing(INF, None), Crossing(INF, None))
    along_y = Searcher(program, program.outputs[0], 1)
    assert near(along_y.search([1.0, 0.5], [10.0], 1)[0], (0.5, "jump"))


def test_no_radii():
    """Without a distance to look there is nothing to find."""
    program = Formula("abs(x)", ["x"]).program
    searcher = Searcher(program, program.outputs[0], 0)
    assert searcher.search([1.0], [], 1) == (Crossing(INF, None), Crossing(INF, None))


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (Fraction(-1), Fraction(1), Fraction(0)),
        (Fraction(0), Fraction(1), Fraction(0)),
        (Fraction(1, 3), Fraction(1, 2), Fraction(1, 2)),
        (Fraction(31, 10), Fraction(32, 10), Fraction(16, 5)),
        (Fraction(314159, 10**5), Fraction(31416, 10**4), Fraction(355, 113)),
        (Fraction(-5, 7), Fraction(-2, 3), Fraction(-2, 3)),
        (Fraction(21, 10), Fraction(39, 10), Fraction(3)),
        (Fraction(2), Fraction(5, 2), Fraction(2)),
        (Fraction(9, 10), Fraction(1), Fraction(1)),
        (Fraction(1, 10), Fraction(1, 10), Fraction(1, 10)),
    ],
)
def test_roundest(low, high, wanted):
    """The number with the smallest denominator in an interval."""
    assert roundest(low, high) == wanted
    everything = [
        Fraction(n, d)
        for d in range(1, wanted.denominator)
        for n in range(math.ceil(low * d), math.floor(high * d) + 1)
    ]
    assert everything == []
