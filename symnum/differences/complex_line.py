"""The complex step: Im f(x + ih)/h, believed only where real and imaginary steps confirm it.

J. N. Lyness and C. B. Moler, Numerical differentiation of analytic functions, SIAM Journal on
Numerical Analysis 4 (1967); W. Squire and G. Trapp, SIAM Review 40 (1998).
"""

from __future__ import annotations

import math

import numpy as np

from symnum.differences.estimate import DerivativeStatus, Estimate
from symnum.differences.line import ROUNDOFF, Line
from symnum.differences.rungs import Rungs

# The step is this far below the scale of x: its square is nothing beside anything.
_TINY = -200

# Offsets of neighbours, in ulps. Irregular, since a few ulps apart all may be rounded alike.
_OFFSETS = (-1301.0, -787.0, -331.0, 409.0, 953.0, 1511.0)

# Rungs where real and imaginary steps must confirm the value; two of them must. The ladder, which
# takes over where they don't, passes these rungs too.
_RADII = (-14, -20, -8)

# At most so much wider, since a straight line must still fit.
_WIDEST = 2.0**20

# The bar in standard deviations of what is left, and in its largest value.
_KAPPA, _LARGEST = 3.5, 2.0

# Re f(x + ih) is f(x) but for rounding.
_SAME = 8.0


def complex_step(line: Line, output: int, coordinate: int | None) -> Estimate | None:
    """Return the complex step's derivative; None where f is not for complex numbers, or not sure.

    The error bar holds the rounding of the computation, and holds if f is analytic; `verified` is
    what real differences confirm without that.
    """
    if coordinate is None and np.count_nonzero(line.v) == 1:
        coordinate = int(np.flatnonzero(line.v)[0])
    at_x = float(line.at(0.0)[output])
    if not math.isfinite(at_x):
        return None
    rungs = Rungs(line, output, coordinate)
    h = math.ldexp(1.0, max(rungs.exponent + _TINY, -1000))
    value, real = _imaginary(line, 0.0, h, output)
    if not math.isfinite(value) or abs(real - at_x) > _SAME * ROUNDOFF * abs(at_x):
        return None
    verified = _verify(rungs, line, output, value, at_x)
    if verified is None:
        return None
    unit = math.ldexp(ROUNDOFF, rungs.exponent) * _stretch(line, coordinate)
    offsets = np.array(_OFFSETS)
    around = np.array([_imaginary(line, o * unit, h, output)[0] for o in _OFFSETS])
    if not np.isfinite(around).all():
        return None
    # A straight line through the seven values, itself included: what is left is rounding.
    matrix = np.vander(np.append(offsets, 0.0) / 1511.0, 2)
    values = np.append(around - value, 0.0)
    fitted, *_ = np.linalg.lstsq(matrix, values, rcond=None)
    left = values - matrix @ fitted
    deviation = math.hypot(*left.tolist()) / math.sqrt(left.size - 2)
    own = max(_KAPPA * deviation, _LARGEST * float(np.max(np.abs(left))))
    # Sums over the variables that move are rounded alike at all neighbours.
    moving = 1 if coordinate is not None else int(np.count_nonzero(line.v))
    error = own + 4 * math.sqrt(moving) * ROUNDOFF * abs(value)
    return Estimate(
        value,
        error,
        DerivativeStatus.ESTIMATED,
        f"Im f(x + ih)/h; real steps confirm it to {max(verified, error):.1g}, and its own bar "
        "holds where f is analytic",
        line.evaluations,
        math.nan,
        None,
        rungs.all(),
        reference="complex step",
        verified=max(verified, error),
    )


def unverified(line: Line, output: int = 0) -> float:
    """Return the complex step's derivative, believed as it is: one evaluation.

    For functions whose complex step was verified along another direction at the same point.
    """
    exponent = math.frexp(line.scale() or 1.0)[1]
    return _imaginary(line, 0.0, math.ldexp(1.0, max(exponent + _TINY, -1000)), output)[0]


def _stretch(line: Line, coordinate: int | None) -> float:
    """Return how much wider the neighbours must lie for every variable to move by ulps."""
    if coordinate is not None:
        return 1.0
    moved = line.v != 0
    widest = float(np.max(np.abs(line.x[moved] / line.v[moved])))
    return min(_WIDEST, max(1.0, widest / (line.scale() or 1.0)))


def _imaginary(line: Line, real: float, h: float, output: int) -> tuple[float, float]:
    """Return Im f/h and Re f at real + ih."""
    if not 0.0 < h < math.inf:
        return math.nan, math.nan
    found = line.complex_at(complex(real, h))
    if found is None or output >= found.size:
        return math.nan, math.nan
    return float(found[output].imag) / h, float(found[output].real)


def _verify(rungs: Rungs, line: Line, output: int, value: float, at_x: float) -> float | None:
    """Return to what error real differences confirm the value; None where they don't."""
    confirmed: list[float] = []
    moves = False
    for i, e in enumerate(_RADII):
        if len(confirmed) == 2 or len(confirmed) + len(_RADII) - i < 2:
            break
        r = rungs.step(e)
        imaginary, real = _imaginary(line, 0.0, r, output)
        rung = rungs.rung(e)
        if rung is None or not math.isfinite(imaginary):
            continue
        moves = moves or not rung.is_dead
        noise = max(rung.floor, 0.6 * ROUNDOFF * abs(real))
        apart = rung.odd - imaginary
        largest = max(abs(rung.odd), abs(imaginary))
        allowed = 4 * noise / r + 0.02 * abs(apart)
        allowed += abs(apart) * min(abs(apart) / largest, 0.25) if largest > 0 else 0.0
        middle = abs(rung.odd / 2 + imaginary / 2 - value)
        even = abs(rung.even + real - at_x)
        even_allowed = 8 * noise + 0.1 * abs(rung.even - real + at_x)
        if middle <= allowed and even <= even_allowed:
            confirmed.append(middle + 4 * noise / r)
    return min(confirmed) if len(confirmed) >= 2 and moves else None
