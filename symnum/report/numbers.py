"""Numbers as text: short ones for people, thirty certified digits, and doubles for JSON."""

from __future__ import annotations

import math
from contextlib import suppress
from decimal import Context, Decimal
from fractions import Fraction

DIGITS = 30
"""Significant digits of a certified value written as text: about what `hi + lo` holds."""

_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def word(value: float) -> str:
    """Return "nan", "inf" or "-inf" for a double that is not finite."""
    return "nan" if value != value else "inf" if value > 0 else "-inf"


def double(value: float) -> str:
    """Return the shortest decimal that reads back as the same double, without a bare `.0`."""
    value = float(value)
    return _tidy(repr(value)) if math.isfinite(value) else word(value)


def short(value: float, digits: int = 2) -> str:
    """Return a few significant digits, such as `9.1e-13`, `0.25`, `4`."""
    value = float(value)
    if not math.isfinite(value):
        return word(value)
    if value and not 1e-2 <= abs(value) < 1e4:
        return _tidy(f"{value:.{digits - 1}e}")
    return _tidy(f"{value:.{max(digits, 4 if abs(value) >= 100 else digits)}g}")


def measured(value: float) -> str:
    """Return two significant digits, zeros included, such as `3.0e-16`, `0.80`, `12`."""
    value = float(value)
    if not math.isfinite(value) or value == 0:
        return short(value)
    if 1e-2 <= abs(value) < 1e4:
        return f"{value:#.2g}".rstrip(".") if abs(value) < 99.5 else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def certified_digits(hi: float, lo: float, radius: float) -> str:
    """Return `hi + lo` with 30 significant digits, fewer where the radius doesn't vouch for 30.

    The last digit shown is off by at most one unit; one digit is always shown.
    """
    hi, lo, radius = float(hi), float(lo), float(radius)
    if not math.isfinite(hi):
        return word(hi)
    value = Fraction(hi) + (Fraction(lo) if math.isfinite(lo) else 0)
    if not value:
        return "0"
    exponent = _significant(value, DIGITS).adjusted()
    count = DIGITS
    if not math.isfinite(radius):
        count = 1
    elif radius > 0:
        # rounding costs half a unit of the last digit, so the radius may use the other half
        while count > 1 and 2 * Fraction(radius) > Fraction(10) ** (exponent - count + 1):
            count -= 1
    return _positional(_significant(value, count), count)


def to_json_number(value: float) -> float | str:
    """Return a double as strict JSON holds it: itself, or "nan", "inf", "-inf"."""
    value = float(value)
    return value if math.isfinite(value) else word(value)


def from_json_number(value: object) -> float:
    """Return the double that `to_json_number` wrote; ValueError for anything else."""
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):  # an integer beyond the doubles
            return float(value)
    msg = "this is not a number"
    raise ValueError(msg)


def _significant(value: Fraction, digits: int) -> Decimal:
    context = Context(prec=digits, Emin=-999_999, Emax=999_999)
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))


def _positional(value: Decimal, digits: int) -> str:
    sign, figures, _ = value.as_tuple()
    text = "".join(map(str, figures)).ljust(digits, "0")  # an exact quotient is short
    return ("-" if sign else "") + _place(text, value.adjusted())


def _place(figures: str, exponent: int) -> str:
    if -5 < exponent < 0:
        return "0." + "0" * (-exponent - 1) + figures
    if 0 <= exponent < len(figures):
        whole, rest = figures[: exponent + 1], figures[exponent + 1 :]
        return f"{whole}.{rest}" if rest else whole
    mantissa = figures[0] + ("." + figures[1:] if figures[1:] else "")
    return f"{mantissa}e{exponent:+d}"


def _tidy(text: str) -> str:
    """Take the padding out of Python's number text: `5.0` -> `5`, `1.0e-05` -> `1e-5`."""
    mantissa, e, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}" if e else mantissa
