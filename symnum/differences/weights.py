"""The moment equations, solved in rationals."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import factorial


@lru_cache(maxsize=512)
def weights_on(offsets: tuple[Fraction, ...], derivative_order: int) -> tuple[Fraction, ...]:
    """Return the weights on distinct offsets of which every moment equation holds.

    There are as many equations as offsets. Their solution at c_i is the q-th derivative at 0 of
    Lagrange's l_i, the polynomial that is 1 at c_i and 0 at the other offsets.
    """
    product = [Fraction(1)]  # of (t - c) over all offsets c; the coefficient of t^k stands at k
    for c in offsets:
        product = [low - c * high for low, high in pairwise([Fraction(0), *product, Fraction(0)])]
    weights = []
    for c in offsets:
        # Divide (t - c) out by Horner's rule, from the top; what is left over is 0.
        quotient = [product[-1]]
        for coefficient in product[-2:0:-1]:
            quotient.append(coefficient + c * quotient[-1])
        value = Fraction(0)
        for coefficient in quotient:
            value = value * c + coefficient
        weights.append(factorial(derivative_order) * quotient[-1 - derivative_order] / value)
    return tuple(weights)
