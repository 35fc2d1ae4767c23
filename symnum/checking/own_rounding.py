"""Whether a candidate that looks wrong is right on paper, and lost its digits to its own rounding.

-sin(x + 2*pi) is the derivative of cos(x). Near 0 the sum swallows x, and what is left is as
smooth as a mistake, in every precision, since 2*pi in doubles is off too. Its code says what it is:
traced, its own rounding bound explains the errors, and in exact arithmetic it is the derivative.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from symnum.checking.claim import Candidate
from symnum.checking.decide import Decision, Evidence
from symnum.checking.own_code import OwnCode
from symnum.checking.points import stratified
from symnum.checking.reference import Reference
from symnum.formula.balls import BallProgram, precision
from symnum.formula.bounds import RoundingBound
from symnum.formula.certify import guards
from symnum.formula.formula import Formula
from symnum.formula.program import Line, Program

# The boxes that it is compared in are so many times as wide; so many points in each, and more in
# the first: in wider ones, what saturates does nothing else.
_WIDER = (1.0, 1e4, 1e8, 1e12, 1e16, 1e20)
_EACH, _FEW = 8, 2
_FIRST = 4
_FAR = 2.0**1000
_ABOUT = 2.0**-10
# Points whose errors are held against the candidate's own bound.
_ROWS = 64
# The comparison says something where it would see this share of the derivative; so often it must.
_SHARP = 2.0**-40
_ENOUGH = 8
# 1 - tanh(x)**2 on paper: what is left of it beside 1 may be as small as doubles get.
_BITS = 1280
# A certified value is a sum of two doubles, which leaves this share of it open, and what is smaller
# than every double.
_EXACT = 2.0**-100
_SUBNORMAL = 2.0**-1073
_TINIEST = 2.0**-1074
# Doubles with all their digits, and bits that are enough to tell what isn't among them.
_LARGEST, _SMALLEST, _START_BITS = 2.0**1023 * (2 - 2.0**-52), 2.0**-1022, 128
# A constant of so few bits is exact: nobody rounds a number to a double and gets it.
_FEW_BITS = 24
_TINY, _HUGE = Fraction(1, 2**1000), Fraction(2**1000)
# Code with branches is compared at every point at which it was off: so many operations at most.
_MOST_WORK = 100_000
# Longer code is not run over balls at all the points: it takes longer than a cause is worth.
_MOST_LINES = 500


def is_own_rounding(
    candidate: Candidate,
    own_code: OwnCode,
    reference: Reference,
    evidence: Evidence,
    decision: Decision,
    box: np.ndarray,
    rng: np.random.Generator,
) -> bool:
    """Say whether a candidate's errors are its rounding, and it is right on paper.

    Parameters
    ----------
    candidate : Candidate
        Somebody's derivative.
    own_code : OwnCode
        Its code.
    reference : Reference
        The certified derivative.
    evidence : Evidence
        What was seen.
    decision : Decision
        What is held against it.
    box : float64 array, shape (n, 2)
        Where it was looked at.
    rng : numpy.random.Generator
        Where it is compared on paper.
    """
    rows = np.flatnonzero(decision.bad.any(axis=1))
    bad, error = decision.bad[rows[:_ROWS]], evidence.error[rows[:_ROWS]]
    if not np.all(np.isfinite(error[bad])):
        return False
    paths = own_code.paths(evidence.truth.points[rows])
    if paths is None:
        return False
    wrong = np.flatnonzero(bad.any(axis=0))
    ordinary = stratified(box / np.max(np.abs(box), initial=_TINIEST), _FEW, rng)
    near_and_far = np.concatenate([_wider(box, rng, _FEW), ordinary])
    if not _agrees_somewhere(candidate, reference, wrong, near_and_far):
        return False
    return all(
        _is_right(_loosened(formula), reference, evidence, decision.bad, rows[taken], box, rng)
        for formula, taken in paths
    )


def _is_right(
    loosened: tuple[Program, np.ndarray],
    reference: Reference,
    evidence: Evidence,
    bad: np.ndarray,
    rows: np.ndarray,
    box: np.ndarray,
    rng: np.random.Generator,
) -> bool:
    """Say whether the errors in some rows are a program's rounding, and it is right on paper.

    Where its constants are no matter at these points, they say it all: that is the only way where
    the program branches, since what holds elsewhere says nothing about the branch taken here.
    """
    program, constants = loosened
    if not _is_explained(program, constants, evidence, bad, rows[:_ROWS]):
        return False
    branches = any(guards(program, output, derivative=False) for output in program.outputs)
    if not branches:
        points = _wider(box, rng, _EACH)
        found = _on_paper(program, constants, reference, points)
        if found is not None and np.all(found.sum(axis=0) >= _ENOUGH):
            return True
    if len(program) * len(rows) > _MOST_WORK:
        return False
    points = evidence.truth.points[rows]
    found = _on_paper(program, constants, reference, points)
    return found is not None and bool(np.all(found | ~bad[rows]))


def _is_explained(
    program: Program, constants: np.ndarray, evidence: Evidence, bad: np.ndarray, rows: np.ndarray
) -> bool:
    """Say whether a program's own rounding explains the errors in some rows."""
    bound = RoundingBound(program, list(program.outputs))
    for row in rows:  # nearly always the first says no
        here, off = bad[row], evidence.error[row]
        point = np.concatenate([evidence.truth.points[row], constants])
        own = bound.at(point[None])
        explained = not own.hull[0, here].any() and np.all(off[here] <= own.radius[0, here])
        if not explained and not _leaves_doubles(program, point):
            return False
    return True


def beside_own_rounding(
    code: Formula, evidence: Evidence, decision: Decision
) -> tuple[Evidence, Decision]:
    """Take what a wrong candidate's own rounding may do out of what is held against it.

    p*(1 - p) with a wrong factor has that factor where p isn't near 1; near it no digit is left,
    and those points would speak for another cause, or for a region.

    Parameters
    ----------
    code : Formula
        The candidate's code, traced.
    evidence : Evidence
        What was seen.
    decision : Decision
        What is held against it.

    Returns
    -------
    Evidence, Decision
        With bounds that hold its rounding too; the same ones in components where nothing would be
        left.
    """
    if len(code.program.lines) > _MOST_LINES:
        return evidence, decision
    truth = evidence.truth
    program, constants = _loosened(code)
    known = np.broadcast_to(constants, (len(truth.points), len(constants)))
    own = RoundingBound(program, list(program.outputs)).at(np.hstack([truth.points, known]))
    usable = np.isfinite(own.radius) & ~own.hull & ~truth.hull
    bound = np.where(usable, np.fmax(truth.bound, own.radius), truth.bound)
    left = decision.bad & ~(usable & (evidence.error <= bound))
    kept = left.any(axis=0)
    bound = np.where(kept, bound, truth.bound)
    bad = np.where(kept, left, decision.bad)
    return Evidence(replace(truth, bound=bound), evidence.given), replace(decision, bad=bad)


def _wider(box: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """Return points in ever wider boxes, so many in each but the first."""
    middle = box.mean(axis=1)
    half = np.maximum((box[:, 1] - box[:, 0]) / 2, np.abs(middle) / 2)
    boxes = [np.stack([middle - half * w, middle + half * w], axis=1) for w in _WIDER]
    counts = [_FIRST * count] + [count] * (len(boxes) - 1)
    pairs = zip(boxes, counts, strict=True)
    return np.concatenate([stratified(np.clip(b, -_FAR, _FAR), each, rng) for b, each in pairs])


def _agrees_somewhere(
    candidate: Candidate, reference: Reference, wrong: np.ndarray, points: np.ndarray
) -> bool:
    """Say whether every wrong component is about right somewhere: that is cheap to ask first."""
    truth = reference.at(points)
    values = [candidate(point).value for point in points]
    missing = np.full(truth.exact.shape[1], np.nan)
    given = np.array([missing if value is None else value for value in values])
    close = truth.known & (np.abs(given - truth.exact) <= _ABOUT * np.abs(truth.exact))
    return bool(close[:, wrong].any(axis=0).all())


def _loosened(formula: Formula) -> tuple[Program, np.ndarray]:
    """Return a program with its rounded constants as more variables, and their values."""
    program = formula.program
    lines: list[Line] = []
    constants: list[float] = []
    for line in program.lines:
        if line.op == "const" and isinstance(line.value, Fraction) and _is_rounded(line.value):
            index = program.n_variables + len(constants)
            constants.append(float(line.value))
            lines.append(Line("var", (), index))
        else:
            lines.append(line)
    count = program.n_variables + len(constants)
    return Program(tuple(lines), program.outputs, count), np.array(constants)


def _is_rounded(value: Fraction) -> bool:
    """Say whether a constant may stand for a number that is no double: 0.1, but not 0.75."""
    dyadic = value.denominator & (value.denominator - 1) == 0
    odd = value.numerator // (value.numerator & -value.numerator) if value else 0
    return _TINY < abs(value) < _HUGE and not (dyadic and odd.bit_length() <= _FEW_BITS)


def _leaves_doubles(program: Program, point: np.ndarray) -> bool:
    """Say whether a number inside is too large for a double, or too small for all its digits.

    x/sqrt(x**2 + y**2) is 0 at 1e200: that is no rounding, and no mistake in the formula.
    """
    live = program.live()
    balls = BallProgram(program, live)
    with precision(_START_BITS):
        values = balls.run_all([arb(x) for x in point.tolist()])
        numbers = [values[balls.position[line]] for line in live]
        found = [abs(number) for number in numbers if isinstance(number, arb)]
    return any(size > _LARGEST or 0 < size < _SMALLEST for size in found if size.is_finite())


def _on_paper(
    program: Program, constants: np.ndarray, reference: Reference, points: np.ndarray
) -> np.ndarray | None:
    """Compare a program in exact arithmetic, its constants known to an ulp, with the derivative.

    Parameters
    ----------
    program : Program
        The code.
    constants : float64 array
        The values of the variables that stand for its constants.
    reference : Reference
        The derivative.
    points : float64 array, shape (P, n)
        Where.

    Returns
    -------
    bool array, shape (P, K), or None
        Where they agree to so many digits that it says something; None where they differ.
    """
    balls = BallProgram(program)
    at = [balls.position[line] for line in program.outputs]
    known = [arb(value, np.spacing(abs(value))) for value in constants.tolist()]
    sharp = np.zeros((len(points), len(at)), dtype=bool)
    hi, lo = reference.pairs(points)
    for row, (point, *exact) in enumerate(zip(points.tolist(), hi, lo, strict=True)):
        with precision(_BITS):
            values = balls.run_all([*map(arb, point), *known])
            for k, (high, low) in enumerate(zip(*exact, strict=True)):
                value = values[at[k]]
                if not (np.isfinite(high) and value.is_finite()):
                    continue
                size = abs(arb(high))
                difference = value - arb(high) - arb(low)
                if abs(difference) > size * _EXACT + _SUBNORMAL:
                    return None
                sharp[row, k] = bool(difference.rad() < size * _SHARP)
    return sharp
