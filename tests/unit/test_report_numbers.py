"""Numbers as text: short ones for people, certified digits, and doubles in JSON."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from symnum.report.numbers import (
    certified_digits,
    double,
    from_json_number,
    measured,
    short,
    to_json_number,
)


def split(value: Fraction) -> tuple[float, float, float]:
    """Return a rational as hi, lo and radius."""
    hi = float(value)
    lo = float(value - Fraction(hi))
    return hi, lo, float(abs(value - Fraction(hi) - Fraction(lo)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(1, 5), "0.200000000000000000000000000000"),
        (Fraction(-1, 3), "-0.333333333333333333333333333333"),
        (Fraction(2, 3), "0.666666666666666666666666666667"),
        (Fraction(1, 2), "0.500000000000000000000000000000"),
        (Fraction(1234), "1234.00000000000000000000000000"),
        (Fraction(10) ** 29, "100000000000000000000000000000"),
        (Fraction(10) ** 30, "1.00000000000000000000000000000e+30"),
        (Fraction(1, 10**7), "1.00000000000000000000000000000e-7"),
        (Fraction(0), "0"),
    ],
)
def test_thirty_digits(value, expected):
    """hi + lo is written with 30 significant digits, correctly rounded."""
    assert certified_digits(*split(value)) == expected


def test_digits_stop_where_the_radius_does():
    """No digit is shown that the radius doesn't vouch for."""
    assert certified_digits(1.0, 0.0, 1e-10) == "1.000000000"
    assert certified_digits(1.0, 0.0, math.inf) == "1"
    assert certified_digits(5e-324, 0.0, 2.5e-324) == "5e-324"


def test_the_last_digit_is_off_by_less_than_one_unit():
    """Whatever the radius, the digits shown lie within one unit of the last of them."""
    value = Fraction(2, 3)
    for k in range(2, 31):
        radius = Fraction(3, 10**k)
        moved = value + radius  # what may be true as well
        hi, lo, _ = split(value)
        text = certified_digits(hi, lo, float(radius))
        unit = Fraction(1, 10 ** len(text.partition(".")[2]))
        assert abs(Fraction(text) - moved) <= unit


def test_digits_of_what_is_not_a_number():
    """NaN and infinities are words."""
    nothing = certified_digits(math.nan, math.nan, math.nan)
    assert (nothing, certified_digits(math.inf, 0, 0)) == ("nan", "inf")
    assert certified_digits(-math.inf, math.nan, math.inf) == "-inf"


def test_short_numbers():
    """A person reads two digits, without Python's padding."""
    given = [0.0, 9.123e-13, 1e-5, 0.25, 4.0, 1234.5, 123456.0, 150.0, -0.00012, 0.012]
    expected = ["0", "9.1e-13", "1e-5", "0.25", "4", "1234", "1.2e5", "150", "-1.2e-4", "0.012"]
    assert [short(value) for value in given] == expected
    assert [short(value) for value in (math.nan, math.inf, -math.inf)] == ["nan", "inf", "-inf"]


def test_measured_numbers():
    """A measured number always shows two digits, also where the second is 0."""
    given = [0.0, 3e-16, 9.96e-13, 0.8, 0.0561, 1.0, 12.3, 99.6, 1234.4, 123456.0, -2e-5]
    expected = ["0", "3.0e-16", "1.0e-12", "0.80", "0.056", "1.0", "12", "100", "1234", "1.2e5"]
    assert [measured(value) for value in given] == [*expected, "-2.0e-5"]


@pytest.mark.parametrize("value", [0.1, 5.0, -1e-300, 1e22, 123456789.0, 5e-324, 2**60 + 0.0])
def test_doubles_read_back_the_same(value):
    """The shortest text of a double reads back as that double."""
    assert float(double(value)) == value


def test_json_numbers_read_back():
    """NaN and infinities go through JSON as words, and come back."""
    values = [0.0, -0.0, 1.5, math.inf, -math.inf]
    assert [from_json_number(to_json_number(v)) for v in values] == values
    assert math.isnan(from_json_number(to_json_number(math.nan)))


@pytest.mark.parametrize("value", ["NaN", "1", None, True, [], 10**400])
def test_json_numbers_refused(value):
    """Nothing else is a number: no other spelling, no boolean, no integer beyond the doubles."""
    with pytest.raises(ValueError, match="not a number"):
        from_json_number(value)
