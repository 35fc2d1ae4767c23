"""Where the error of an approximation comes from: an exact split into four parts.

The scheme is evaluated four times over balls: on exact nodes and exact values, on rounded nodes and
exact values, on the values as f computed them, and as the machine combined them. Each difference
between neighbours is one part of the error, and they add up, so nothing is modelled or fitted:

    approximation - exact = truncation + step rounding + evaluation + arithmetic
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import acb, arb

from symnum.differences.schemes import Scheme
from symnum.formula.balls import BallProgram, ComplexBallProgram, precision, rational
from symnum.formula.program import Program

# Bits beyond what cancels in the scheme; then doubled where a part is still not known well enough.
_BASE_BITS = 128
_MOST_BITS = 8_192

# A part is known well enough when its ball is narrower than this times the whole error, or itself.
_NARROW = 2.0**-40


@dataclass(frozen=True)
class Parts:
    """The error of one approximation, split; all in float64, signed.

    `vanishes` says that the truncation is exactly 0, and not merely below the doubles.
    `radius` bounds what rounding leaves over: the parts add up to `error` within it, also when they
    are added in float64.
    `noise` is the rounding error of f in ulps, `off` the same in f's own units, one entry a node.
    """

    error: float
    truncation: float
    step_rounding: float
    evaluation: float
    arithmetic: float
    radius: float
    vanishes: bool
    noise: tuple[float, ...]
    off: tuple[float, ...]


@dataclass(frozen=True)
class Line:
    """One output of a formula along one variable, prepared for splitting errors.

    Parameters
    ----------
    function, derivative : BallProgram
        The output, and its derivative along the variable.
    complex_function : ComplexBallProgram or None
        The output at complex arguments; None where it has no analytic continuation.
    degree : int or None
        Its degree as a polynomial in the variable; None where it is no polynomial.
    variable : int
        Which variable moves.
    """

    function: BallProgram
    derivative: BallProgram
    complex_function: ComplexBallProgram | None
    degree: int | None
    variable: int


def prepare(program: Program, line: int, derivative: Program, slope: int, variable: int) -> Line:
    """Return an output and its derivative prepared for `split`."""
    return Line(
        BallProgram(program, [line]),
        BallProgram(derivative, [slope]),
        ComplexBallProgram.of(program, line, variable),
        polynomial_degree(program, line, variable),
        variable,
    )


def polynomial_degree(program: Program, line: int, variable: int) -> int | None:
    """Return a bound on a line's degree as a polynomial in one variable; None if it is none."""
    moving = program.depends_on([variable])
    degrees: dict[int, int | None] = {}
    for index in program.live([line]):
        op, args, _ = program.lines[index]
        below = [degrees[arg] for arg in args]
        degree: int | None = None
        if not moving[index]:
            degree = 0
        elif op == "var":
            degree = 1
        elif op == "div" and not moving[args[1]]:
            degree = below[0]
        elif None not in below:
            degree = _degree(program, op, args, [d for d in below if d is not None])
        degrees[index] = degree
    return degrees[line]


def _degree(program: Program, op: str, args: tuple[int, ...], below: list[int]) -> int | None:
    match op:
        case "add" | "sub":
            return max(below)
        case "mul":
            return sum(below)
        case "neg":
            return below[0]
        case "pow":
            exponent = program.lines[args[1]].value
            if isinstance(exponent, Fraction) and exponent.denominator == 1 and exponent >= 0:
                return below[0] * int(exponent)
    return None


def split(
    line: Line,
    scheme: Scheme,
    point: Sequence[float],
    h: float,
    values: Sequence[float],
    approximation: float,
    exact: arb | None,
) -> Parts | None:
    """Split the error of one approximation.

    Parameters
    ----------
    line : Line
        The output along the variable.
    scheme : Scheme
        The rule.
    point : sequence of float
        All variables.
    h : float
        The nominal step.
    values : sequence of float
        f at the nodes, as it was computed.
    approximation : float
        What the machine made of them.
    exact : arb or None
        The exact derivative where it is known otherwise; None: the derivative's program gives it.

    Returns
    -------
    Parts or None
        None where a node or the approximation is not finite, or nothing can be certified.
    """
    if not (math.isfinite(approximation) and all(map(math.isfinite, values))):
        return None
    scale = max(abs(point[line.variable]), h)
    cancelled = math.log2(scale) - math.log2(h)  # the quotient may overflow
    bits = _BASE_BITS + math.ceil(cancelled * (scheme.derivative_order + scheme.accuracy))
    parts: Parts | None = None
    while bits <= _MOST_BITS:
        with precision(bits):
            parts, good = _attempt(line, scheme, point, h, values, approximation, exact)
        if good:
            return parts
        bits *= 2
    return parts


def _attempt(
    line: Line,
    scheme: Scheme,
    point: Sequence[float],
    h: float,
    values: Sequence[float],
    approximation: float,
    exact: arb | None,
) -> tuple[Parts | None, bool]:
    """Split at the current precision; say whether every part is known well enough."""
    balls = [arb(x) for x in point]
    truth = exact if exact is not None else line.derivative.run(balls)[0]
    step = arb(h)
    scaled = step**scheme.derivative_order
    zero = arb(0)
    truncation_sum, step_sum, evaluation_sum, computed_sum = zero, zero, zero, zero
    noise, offs = [], []
    if scheme.is_complex:
        assert line.complex_function is not None
        ideal = line.complex_function.run(balls, acb(arb(point[line.variable]), step)).imag
        truncation_sum = ideal
        evaluation_sum = arb(values[0]) - ideal
        computed_sum = arb(values[0])
        noise.append(_in_ulps(evaluation_sum, values[0]))
        offs.append(float(evaluation_sum))
    else:
        x, computed = balls[line.variable], point[line.variable]
        for offset, weight, value in zip(scheme.offsets, scheme.weights, values, strict=True):
            c, w = arb(rational(offset)), arb(rational(weight))
            rounded = computed + float(offset) * h
            node = x + c * step
            balls[line.variable] = node
            ideal = line.function.run(balls)[0]
            balls[line.variable] = arb(rounded)
            # The same node twice has the same value: the step rounding is then exactly 0.
            moved = ideal if (node - rounded).is_zero() else line.function.run(balls)[0]
            truncation_sum += w * ideal
            if moved is not ideal:
                step_sum += w * (moved - ideal)
            off = value - moved
            evaluation_sum += w * off
            computed_sum += w * value
            noise.append(_in_ulps(off, value))
            offs.append(float(off))
    truncation = truncation_sum / scaled - truth
    if line.degree is not None and line.degree <= scheme.exact_degree:
        truncation = zero  # by the moment equations, whatever the ball says
    parts = [
        truncation,
        step_sum / scaled,
        evaluation_sum / scaled,
        approximation - computed_sum / scaled,
    ]
    error = approximation - truth
    if not all(part.is_finite() for part in (*parts, error)):
        return None, False
    truncated, stepped, evaluated, rounded_off = doubles = [_middle(part) for part in parts]
    whole = float(error)
    left = error
    for double in doubles:
        left = left - double
    # Whoever adds the four doubles in float64 rounds three times more.
    adding = 2.0**-51 * math.fsum(abs(double) for double in doubles)
    radius = float(left.abs_upper() + (error - whole).abs_upper()) + adding
    good = all(_known(part, whole) for part in parts) and _resolved(truth, error)
    radius = math.nextafter(radius, math.inf)
    found = Parts(
        whole,
        truncated,
        stepped,
        evaluated,
        rounded_off,
        radius,
        bool(truncation.contains(0)),
        tuple(noise),
        tuple(offs),
    )
    return found, good


def _middle(part: arb) -> float:
    """Return the part as a double; 0 where not even its sign is known."""
    return 0.0 if part.contains(0) else float(part)


def _known(part: arb, whole: float) -> bool:
    """Say whether a part's ball is narrow against itself, or exactly 0."""
    if part.is_zero():
        return True
    width = float(part.rad())
    return width <= _NARROW * abs(float(part)) or width <= 2.0**-80 * abs(whole)


def _resolved(truth: arb, error: arb) -> bool:
    """Say whether the truth is known well enough for the error to be more than its own noise."""
    width = float(truth.rad())
    return width <= 2.0**-90 * abs(float(truth)) or width <= 2.0**-60 * abs(float(error))


def _in_ulps(error: arb, value: float) -> float:
    return float(error) / math.ulp(value) if value else (0.0 if error.contains(0) else math.nan)


def as_ball(hi: float, lo: float, radius: float) -> Any:
    """Return a certified value as a ball."""
    with precision(_BASE_BITS):
        return arb(hi) + arb(lo) + arb(0, radius)
