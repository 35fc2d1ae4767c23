"""Is an error rounding, or is it a mistake? Decided from how it behaves, without a tolerance.

Rounding scatters when x moves by little; a mistake is as smooth as the derivative itself. Rounding
shrinks in long double; a mistake stays.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from symnum.checking.claim import Candidate, Form
from symnum.checking.reference import Reference
from symnum.formula.bounds import UNIT

# Relative moves 2^-q of the whole point. The error of 1 - cos(x) is a staircase of steps of
# 2^-20 to 2^-27: nudging by single units in the last place would call it smooth.
_SCALES = (48, 40, 32, 24, 18, 12, 7)
_SAMPLES = 9
# A truth that isn't a parabola over the sample says nothing about the error there.
_PARABOLA = 1e-3
# Residual of a parabola through the error, as a share of the error, above which it scatters.
_SCATTER = 0.2
# A value is right to nearly all its digits.
_RIGHT = 64 * UNIT
# Samples of a wrong region repeat their factor to this share, and there are several of them.
_REPEATS = 1e-2
_SEVERAL = 3
# Zeros are followed over these shares of the way, past its end where all of it is 0. Their own end
# is found by so many halvings; beyond it rounding is off by no less than this part of what it was
# off by before.
_WAY = tuple(2.0**q for q in range(-6, 7))
_HALVINGS = 30
_SIMILAR = 64.0
# Long double sheds at least this factor of a rounding error.
_SHED = 32.0


class Nature(StrEnum):
    """What an error looks like."""

    ROUNDING = "rounding"
    WRONG = "wrong"
    UNCLEAR = "unclear"


def nature(
    candidate: Candidate,
    reference: Reference,
    point: np.ndarray,
    component: int,
    error: float,
    rng: np.random.Generator,
    *,
    scale: np.ndarray,
    drop_explained: bool,
) -> Nature:
    """Say what the error of one component at one point looks like.

    Parameters
    ----------
    candidate : Candidate
        Somebody's derivative.
    reference : Reference
        The certified one.
    point : float64 array, shape (n,)
        Where.
    component : int
        Which flat component.
    error : float
        Its error there.
    rng : numpy.random.Generator
        Signs and offsets of the samples.
    scale : float64 array, shape (n,)
        Typical sizes of the variables: what a coordinate that is 0 moves by.
    drop_explained : bool
        Whether samples within the bound are left out: a right value beside the edge of a wrong
        region is no scatter. Where the bound itself is poor, only those that are right to nearly
        all digits.
    """
    signs = rng.choice([-1.0, 1.0], size=len(point))
    smooth = 0
    for q in _SCALES:
        t = np.linspace(-1, 1, _SAMPLES)
        t[1:-1] += rng.uniform(-0.1, 0.1, _SAMPLES - 2)
        t[_SAMPLES // 2] = 0.0
        t *= 2.0**-q
        points = point + t[:, None] * signs * np.where(point == 0, scale, point)
        exact = reference.component(points, component)
        if not np.all(np.isfinite(exact)):
            continue
        given = np.array([_one(candidate, p, component) for p in points])
        if not np.all(np.isfinite(given)):
            continue
        if _residual(t, exact) > _PARABOLA * np.mean(np.abs(exact)):
            continue
        errors = given - exact
        keep = np.abs(errors) > _RIGHT * np.abs(exact)
        if drop_explained:
            keep = np.abs(errors) > reference.at(points).bound[:, component]
        elif reference.iterates:  # from one number of steps to the next it is the truth that jumps
            keep = np.ones(_SAMPLES, dtype=bool)
        if keep.sum() < 5:
            continue
        largest = np.max(np.abs(errors[keep]))
        if largest == 0.0:
            continue
        scaled = errors[keep] / largest
        if _residual(t[keep], scaled) > _SCATTER * np.mean(np.abs(scaled)):
            if _edge_of_region(errors, exact):
                continue
            return Nature.ROUNDING
        smooth += 1
    if _sheds(candidate, reference, point, component, error):
        return Nature.ROUNDING
    return Nature.WRONG if smooth >= 3 else Nature.UNCLEAR


def rounds_to_zero(
    candidate: Candidate, reference: Reference, point: np.ndarray, component: int, way: np.ndarray
) -> bool:
    """Say whether a value of 0 is what rounding leaves, from where the zeros end.

    1 - p is 0 where p rounds to 1, as smooth as a mistake. Followed to where it is no longer 0, it
    is off by about as much on either side, by some part of a unit of p. A derivative that was cut
    off is right beyond the cut.

    Parameters
    ----------
    candidate : Candidate
        Somebody's derivative.
    reference : Reference
        The certified one.
    point : float64 array, shape (n,)
        Where it is 0 and should not be.
    component : int
        Which flat component.
    way : float64 array, shape (n,)
        How to get from there to where the derivative is much larger.
    """

    def value(share: float) -> float:
        return _one(candidate, point + share * way, component)

    end = next((share for share in _WAY if value(share) != 0), None)
    if end is None:
        return False
    start = 0.0 if end == _WAY[0] else end / 2
    for _ in range(_HALVINGS):
        middle = (start + end) / 2
        start, end = (middle, end) if value(middle) == 0 else (start, middle)
    last, first = (point + share * way for share in (start, end))
    missing, exact = reference.component(np.stack([last, first]), component)
    return bool(abs(value(end) - exact) * _SIMILAR >= abs(missing) > 0)


def _edge_of_region(errors: np.ndarray, exact: np.ndarray) -> bool:
    """Say whether the samples are off by one and the same factor, or not at all.

    That is the edge of a region where the derivative is wrong; rounding doesn't repeat itself.
    """
    with np.errstate(all="ignore"):
        ratios = errors / exact
    middle = ratios[_SAMPLES // 2]
    same = np.abs(ratios - middle) <= _REPEATS * abs(middle)
    none = np.abs(ratios) <= _REPEATS * abs(middle)
    return bool(same.sum() >= _SEVERAL and np.all(same | none))


def _one(candidate: Candidate, point: np.ndarray, component: int) -> float:
    value = candidate(point).value
    return float("nan") if value is None else float(value[component])


def _residual(t: np.ndarray, values: np.ndarray) -> float:
    """Return the root mean square of what a parabola leaves over."""
    scale = np.max(np.abs(t))
    size = np.max(np.abs(values))
    if size == 0.0 or not np.isfinite(size):
        return 0.0
    basis = np.vander(t / scale, 3)
    left = values / size - basis @ np.linalg.lstsq(basis, values / size, rcond=None)[0]
    freedom = max(1, len(t) - 3)
    return float(np.sqrt(np.sum(left**2) / freedom) * size)


def _sheds(
    candidate: Candidate, reference: Reference, point: np.ndarray, component: int, error: float
) -> bool:
    """Say whether the error all but vanishes where the candidate computes in long double."""
    if candidate.form not in {Form.ARRAY, Form.FLOAT} or np.finfo(np.longdouble).nmant < 60:
        return False
    wide = point.astype(np.longdouble)
    argument = wide if candidate.form is Form.ARRAY else wide[0]
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(candidate.function(argument)).ravel()[component]
    except Exception:  # it doesn't take long double: no witness
        return False
    if np.asarray(value).dtype != np.longdouble:
        return False
    hi, lo = reference.pairs(point[None])
    truth = np.longdouble(hi[0, component]) + np.longdouble(lo[0, component])
    return bool(abs(value - truth) <= abs(error) / _SHED)
