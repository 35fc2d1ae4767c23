"""Balls: the step to doubles, the precision that is put back, and programs over balls."""

from __future__ import annotations

import math
from fractions import Fraction
from threading import Thread

import flint
import pytest
from flint import acb, arb

from symnum import Formula
from symnum.formula.balls import (
    START_BITS,
    BallProgram,
    ComplexBallProgram,
    exact_fraction,
    from_fmpq,
    nearest_double,
    nearest_of_fraction,
    precision,
    rational,
)

TINY = math.ulp(0.0)
LARGEST = Fraction(2) ** 1024 - Fraction(2) ** 970

# An exact rational, and the nearest double.
EXACT = [
    (Fraction(1, 3), 1 / 3),
    (Fraction(0), 0.0),
    (1 + Fraction(1, 2**53), 1.0),
    (1 + Fraction(3, 2**53), 1 + 2**-51),
    (1 - Fraction(1, 2**54), 1.0),
    (1 - Fraction(3, 2**54), 1 - 2**-52),
    (-1 - Fraction(1, 2**53), -1.0),
    (Fraction(1, 2**1074), TINY),
    (Fraction(1, 2**1075), 0.0),
    (Fraction(3, 2**1075), 2 * TINY),
    (Fraction(1, 2**1080), 0.0),
    (Fraction(-5, 2**1076), -TINY),
    (LARGEST - 1, math.nextafter(math.inf, 0)),
    (LARGEST, math.inf),
    (-LARGEST, -math.inf),
    (Fraction(10) ** 400, math.inf),
]

TIES = {
    1 + Fraction(1, 2**53),
    1 + Fraction(3, 2**53),
    1 - Fraction(1, 2**54),
    1 - Fraction(3, 2**54),
    -1 - Fraction(1, 2**53),
    Fraction(1, 2**1075),
    Fraction(3, 2**1075),
    LARGEST,
    -LARGEST,
}


@pytest.mark.parametrize(("value", "wanted"), EXACT)
def test_rationals_round_to_nearest(value, wanted):
    """An exact rational rounds to the nearest double, ties to even, and the rest is bounded."""
    hi, lo, radius = nearest_of_fraction(value)
    assert hi == wanted
    if math.isinf(hi):
        assert (lo, radius) == (0.0, math.inf)
    else:
        assert abs(value - Fraction(hi) - Fraction(lo)) <= Fraction(radius)


@pytest.mark.parametrize(("value", "wanted"), EXACT)
def test_narrow_balls_round_to_nearest(value, wanted):
    """A narrow ball rounds like its middle, except exactly at a tie, which it can't prove."""
    with precision(2400):
        middle = arb(rational(value))
        exact = nearest_double(middle)
        narrow = nearest_double(middle + arb(0, 1) * arb(2) ** -2300)
    assert exact is not None
    assert exact[0] == wanted
    if value in TIES:
        assert narrow is None
    else:
        assert narrow is not None
        assert narrow[0] == wanted


@pytest.mark.parametrize("base", [1.0, -1.0, 2.0**-900, 2.0**-1000, 1.5, 2.0**1000])
@pytest.mark.parametrize("ulps", [0.24, 0.26, 0.45, 0.4999999, -0.24, -0.26, -0.4999999])
def test_all_of_the_gap_is_used(base, ulps):
    """Round a double, also a power of two, everything up to half a gap rounds to it."""
    gap = math.ulp(base)
    inward = math.copysign(1, ulps) != math.copysign(1, base)
    gap = abs(base) - math.nextafter(abs(base), 0.0) if inward else gap
    with precision(300):
        ball = arb(base) + arb(ulps) * arb(gap) + arb(0, 1) * arb(2) ** -1200
        found = nearest_double(ball)
    assert found is not None
    assert found[0] == base


def test_a_tie_is_never_guessed():
    """A ball across a tie is not rounded, however small it is beside the smallest double."""
    for bits in (120, 900, 1200, 4000):
        with precision(2 * bits):
            tie = arb(1) + arb(2) ** -53
            around = tie + arb(0, 1) * arb(2) ** -bits
            just_above = tie + arb(2) ** -bits * (2 + arb(0, 1))
            assert nearest_double(around) is None
            found = nearest_double(just_above)
        assert found is not None
        assert found[0] == 1 + 2.0**-52


def test_the_end_of_a_ball_may_not_be_a_tie():
    """A ball that ends exactly at a tie holds the tie: it is not rounded."""
    with precision(300):
        tie, radius = arb(2) ** -53, arb(2) ** -110
        for side in (1, -1):
            ends_there = 3 + side * (2 * tie - radius) + arb(0, 2.0**-110)
            assert nearest_double(ends_there) is None
            inside = 3 + side * (2 * tie - 3 * radius) + arb(0, 2.0**-111)
            found = nearest_double(inside)
            assert found is not None
            assert found[0] == 3.0


@pytest.mark.parametrize("sign", [1, -1])
def test_beyond_the_doubles(sign):
    """A narrow ball beyond the largest double rounds to infinity, on either side."""
    with precision(200):
        ball = sign * (arb(2) ** 1025 + arb(0, 1))
        assert nearest_double(ball) == (sign * math.inf, 0.0, math.inf)


def test_wide_balls_are_not_rounded():
    """A ball that hi + lo can't carry to 105 bits is refused, although it rounds to one double."""
    with precision(300):
        assert nearest_double(arb(1) + arb(0, 1) * arb(2) ** -100) is None
        assert nearest_double(arb(1) / 3 + arb(0, 1) * arb(2) ** -103) is None
        assert nearest_double(arb(1) / 3 + arb(0, 1) * arb(2) ** -115) is not None
        assert nearest_double(arb(0, 1)) is None
        assert nearest_double(arb(2) ** 1024 + arb(0, 1) * arb(2) ** 900) is not None
        assert nearest_double(arb(2) ** 1024 - arb(2) ** 970 + arb(0, 1)) is None
        assert nearest_double(arb.nan()) is None
        assert nearest_double(arb.pos_inf() - arb.pos_inf()) is None


def test_tiny_balls_round_to_zero():
    """A ball round 0 that is narrower than half the smallest double is the double 0."""
    with precision(100):
        assert nearest_double(arb(0, 1) * arb(2) ** -1080) == (0.0, 0.0, TINY)
        assert nearest_double(arb(0, 1) * arb(2) ** -1074) is None


def test_rationals_survive_flint():
    """Fractions go to flint and back unchanged; a ball's middle is read exactly."""
    value = Fraction(-(10**40), 3**50)
    assert from_fmpq(rational(value)) == value
    assert exact_fraction(arb(5) / 8) == Fraction(5, 8)


def test_precision_is_put_back():
    """The process's precision is as before, also after an exception."""
    before = flint.ctx.prec
    with precision(777):
        assert flint.ctx.prec == 777
        with precision(99):
            assert flint.ctx.prec == 99
        assert flint.ctx.prec == 777
    with pytest.raises(ZeroDivisionError), precision(500):
        raise ZeroDivisionError
    assert flint.ctx.prec == before


def test_threads_wait_for_each_other():
    """Two threads with different precisions never see each other's."""
    seen = []

    def work(bits):
        for _ in range(200):
            with precision(bits):
                seen.append(flint.ctx.prec == bits and (arb(1) / 3).rel_accuracy_bits() > bits - 5)

    threads = [Thread(target=work, args=(bits,)) for bits in (60, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(seen)


def test_programs_run_over_balls():
    """Every wanted line is enclosed, at the precision of the call, with its own constants."""
    program = Formula("sin(x)*pi + e/3").program
    balls = BallProgram(program)
    for bits in (60, 200, 1000):
        with precision(bits):
            (found,) = balls.run([arb(2)])
            assert found.overlaps(arb(2).sin() * arb.pi() + arb.const_e() / 3)
            assert found.rel_accuracy_bits() > bits - 8
    first = program.live()[0]
    assert balls.position[program.outputs[0]] == balls.size - 1
    assert first in balls.position


def test_complex_programs():
    """A program runs at complex points where it is analytic, and says so where it isn't."""
    program = Formula("x**2*y + exp(x)", ["x", "y"]).program
    line = ComplexBallProgram.of(program, program.outputs[0], 0)
    assert line is not None
    with precision(START_BITS):
        z = acb(1, 2)
        assert line.run([arb(1), arb(3)], z).overlaps(z * z * 3 + z.exp())
    for text in ("abs(x)", "max(x, 1)", "where(x < 1, x, 2)", "floor(x)", "x*sign(x)"):
        program = Formula(text, ["x"]).program
        assert ComplexBallProgram.of(program, program.outputs[0], 0) is None
    constant = Formula("y**2", ["x", "y"]).program
    fixed = ComplexBallProgram.of(constant, constant.outputs[0], 0)
    assert fixed is not None
    with precision(START_BITS):
        assert fixed.run([arb(1), arb(3)], z).imag.is_zero()
    other = Formula("abs(y)*x + where(y > 0, x, x**2)", ["x", "y"]).program
    still = ComplexBallProgram.of(other, other.outputs[0], 0)
    assert still is not None
    with precision(START_BITS):
        assert still.run([arb(1), arb(-2)], z).overlaps(2 * z + z * z)
        assert still.run([arb(1), arb(2)], z).overlaps(3 * z)
