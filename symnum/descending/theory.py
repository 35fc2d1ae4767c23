"""What a rate will do, from the exact Hessian: the largest stable rate, the factor of a step.

Near a minimum gradient descent is linear: along an eigenvector of the Hessian with eigenvalue L
one step multiplies the distance by 1 - rate L. With momentum m it is the larger root, in modulus,
of z^2 - (1 + m - rate L) z + m = 0, and the stable rates end at 2 (1 + m) / L (Polyak 1964).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from symnum.descending.slopes import exact_hessian, exact_slope
from symnum.descending.trouble import roundest, status_at
from symnum.descending.truth import exact_gradients
from symnum.descending.walk import walk
from symnum.formula.balls import precision
from symnum.formula.formula import Formula
from symnum.formula.smooth import smooth_balls

MOST_VARIABLES = 200
"""Variables up to which Hessians are made: they have the square of it entries."""

_NEWTON_STEPS = 200
_HALVINGS = 40
_STATIONARY = 2.0**-40  # of the gradient's first size; Newton's method then has all but converged
_FLAT = 2.0**-46  # of the largest eigenvalue: rounding makes as much of an eigenvalue 0
_TURNED = 2.0**-92  # of the same: what an eigenvector's rounding makes of it along itself
_DOUBTFUL = 2.0**-20  # of the largest curvature: what is less may be none at all
_CONTRACTED = 2.0**-20  # Newton's moves beside the way: in the tail of exp(-x) they don't shrink
_FURTHER = (500, 2_000, 8_000)  # steps that a path is followed on, to see what it approaches
_LEAST = 0.2  # rate times curvature: with less, thousands of steps may tell nothing
_PROBE_BITS = 512
_PROBES = (2.0**-20, 2.0**-10)  # of the way: where f is looked at beside a flat point
_CLOSE = (2.0**-30,)  # of the way: there f is looked at beside a point that isn't flat
_VANISHING = 4.0  # times the curvature at a point, on a path that is near: it goes to 0 on the way
_STRAIGHT = 0.999  # cosine between the way gone and the way left, where a path heads for a point
_ROUGH = "rough"  # a kind that is no word for a user: f isn't smooth there


@dataclass(frozen=True, eq=False)
class Theory:
    """The Hessian's word on one start.

    Parameters
    ----------
    where : str
        What the path approaches: `minimum`; `flat minimum` where the Hessian vanishes at one, as
        that of x**4 does; `saddle`, `maximum`, `inflection`; `level` where f is constant round
        the point. Where the path approaches nothing, what small steps from the start lead to.
        `end` where no such point was found; empty where f has no Hessian.
    point : float64 array, shape (n,)
        The place; the last known point of the path where none was found.
    eigenvalues : float64 array, shape (n,)
        Of the exact Hessian there, ascending; empty where there is none.
    stable_rate : float
        The largest stable rate; infinite at a flat minimum, which sets none; NaN where there is no
        minimum.
    factor : float
        What one step multiplies the distance by, in the slowest direction; 1 where the Hessian
        vanishes along a direction in which f rises all the same; NaN without a minimum.
    approached : bool
        Whether the path itself approaches the point.
    is_slow : bool
        Whether the Hessian vanishes along a direction in which f rises: the factor is 1 then.
    """

    where: str
    point: np.ndarray
    eigenvalues: np.ndarray
    stable_rate: float
    factor: float
    approached: bool = False
    is_slow: bool = False


def theory_of(
    formula: Formula, path: np.ndarray, rate: float, momentum: float, *, approaches: bool
) -> Theory:
    """Return what the Hessian predicts for a path of shape (steps + 1, n).

    Parameters
    ----------
    formula : Formula
        The function.
    path : float64 array, shape (steps + 1, n)
        The path.
    rate, momentum : float
        Of the method.
    approaches : bool
        Whether the path comes closer to something: then that is looked for, from its end;
        otherwise what small steps from the start lead to.
    """
    nothing = np.empty(0)
    known = np.flatnonzero(np.isfinite(path).all(axis=-1))
    if path.shape[-1] > MOST_VARIABLES or not known.size:
        return Theory("", path[0], nothing, math.nan, math.nan)
    seed = path[known[-1]] if approaches else path[0]
    span = max(float(np.abs(path[0] - seed).max()), float(np.abs(seed).max()))
    hessian = _hessian(formula, seed)
    if hessian is None:
        return Theory("", seed, nothing, math.nan, math.nan)
    found = _limit(formula, seed, span, rate, momentum, approaches)
    kind, slow = ("", False) if found is None else _kind(formula, path[0], found, span)
    if found is not None and kind == _ROUGH:
        return Theory("", _singular(formula, found.point, span), nothing, math.nan, math.nan)
    point = None if found is None else found.point
    if point is None or not kind or (kind == "maximum" and (point != seed).any()):
        # nobody descends to a maximum
        return Theory("end", path[known[-1]], nothing, math.nan, math.nan)
    matrix = _hessian(formula, point)
    assert matrix is not None  # its kind was read from it
    eigenvalues = np.linalg.eigvalsh(matrix)
    if kind == "flat minimum":
        # second derivatives set no limit here, and no factor: higher ones decide
        return Theory(kind, point, eigenvalues, math.inf, 1.0, approaches)
    if kind != "minimum":
        return Theory(kind, point, eigenvalues, math.nan, math.nan, approaches)
    stable = 2 * (1 + momentum) / float(eigenvalues[-1])
    factors = [factor_of(float(value), rate, momentum) for value in steep(eigenvalues)]
    factors += [1.0] if slow else []
    return Theory(kind, point, eigenvalues, stable, max(factors), approaches, slow)


def _hessian(formula: Formula, point: np.ndarray) -> np.ndarray | None:
    """Return the exact Hessian at a point, shape (n, n); None where there is none."""
    found = np.asarray(exact_hessian(formula).exact(_at(formula, point)).hi)
    found = found.reshape(len(point), len(point))
    return found if np.isfinite(found).all() else None


# --- what a path approaches -----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Found:
    """A stationary point, and how far a path was followed on to it."""

    point: np.ndarray
    near: np.ndarray


def _limit(
    formula: Formula,
    seed: np.ndarray,
    span: float,
    rate: float,
    momentum: float,
    approaches: bool,
) -> _Found | None:
    """Return the stationary point that descent from the seed comes to; None where it finds none.

    Newton's method proposes it. It may have left for another valley, so descent itself is asked.
    """
    point = _stationary(formula, seed, span)
    if point is None and not approaches:
        return None
    if point is not None:
        distance = _farthest(seed, point)
        if distance <= _CONTRACTED * _CONTRACTED * span:
            return _Found(point, seed)
        rate = _telling_rate(formula, seed, point, rate, approaches)
    x, slope = seed, exact_slope(formula)
    for count in _FURTHER:
        x = walk(slope, x, rate, count, momentum if approaches else 0.0, None)[0][-1]
        if not np.isfinite(x).all():
            return None
        if point is not None and _farthest(x, point) <= distance / 2:
            return _Found(point, x)
    if point is not None and _heads_for(seed, x, point):
        return _Found(point, x)
    point = _stationary(formula, x, span)
    if point is None or _farthest(x, point) > 2.0**-10 * span:
        return None
    return _Found(point, x)


def _farthest(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max())


def _heads_for(seed: np.ndarray, x: np.ndarray, point: np.ndarray) -> bool:
    """Tell whether a path that fades has come an eighth of the way to a point straight ahead."""
    gone, left = x - seed, point - x
    sizes = float(np.linalg.norm(gone)) * float(np.linalg.norm(left))
    nearer = _farthest(x, point) <= 7 / 8 * _farthest(seed, point)
    return nearer and bool(gone @ left >= _STRAIGHT * sizes)


def _telling_rate(
    formula: Formula, seed: np.ndarray, point: np.ndarray, rate: float, approaches: bool
) -> float:
    """Return a rate that shows what is approached: the path's own, or one that is neither too
    large to come closer nor so small that nothing moves.
    """
    largest = max(_curvature(formula, seed), _curvature(formula, point))
    if approaches and (largest == 0 or _LEAST < rate * largest < 2):
        return rate
    return 0.5 / largest if largest > 0 else rate


def _stationary(formula: Formula, start: np.ndarray, span: float) -> np.ndarray | None:
    """Return a stationary point downhill by Newton's method, damped; None where it finds none."""
    slope, hessian = exact_slope(formula), exact_hessian(formula)
    n = len(start)

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.array([float(partial) for partial in slope(*x)])

    with np.errstate(all="ignore"):
        x = start.copy()
        g, value = gradient(x), float(formula(_at(formula, x)))
        first = float(np.abs(g).max())
        size, last, before = 0.0, 0.0, math.nan
        for _ in range(_NEWTON_STEPS):
            matrix = np.asarray(hessian(_at(formula, x))).reshape(n, n)
            if not (np.isfinite(matrix).all() and np.isfinite(g).all()):
                return None
            eigenvalues, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
            size = float(np.abs(eigenvalues).max())
            before = size if math.isnan(before) else before
            if not g.any():
                break
            if size == 0:
                return None
            # along a direction without curvature nothing is known of where to go
            bent = np.abs(eigenvalues) > _FLAT * size
            shares = np.where(bent, (vectors.T @ g) / np.where(bent, np.abs(eigenvalues), 1.0), 0.0)
            move = -(vectors @ shares)
            share = 1.0
            for _ in range(_HALVINGS):
                there = x + share * move
                height = float(formula(_at(formula, there)))
                slope_there = gradient(there)
                lower = height < value or (
                    height <= value and np.abs(slope_there).max() < np.abs(g).max()
                )
                if lower and np.isfinite(slope_there).all():
                    break
                share /= 2
            else:
                break  # no lower point: rounding decides from here on
            last = float(np.abs(there - x).max())
            x, value, g = there, height, slope_there
        way = max(float(np.abs(x).max()), float(np.abs(start - x).max()), span)
        # a gradient's rounding is that of its terms, whose size the curvature tells
        left = float(np.abs(g).max())
        still = left <= max(first, size * way) * _STATIONARY
        still &= left <= max(first, before * way) * _CONTRACTED  # at a pole it grows
    if g.any():
        return x if still and last <= _CONTRACTED * way else None
    # in float64 the gradient is 0: it may have underflowed, in a tail that goes on for ever
    exact = float(np.abs(exact_gradients(formula, x[None])[0]).max())
    contracted = 0 < last <= _CONTRACTED * way
    return x if contracted or exact <= size * way * _STATIONARY else None


# --- what is there --------------------------------------------------------------------------------


def _kind(formula: Formula, start: np.ndarray, found: _Found, span: float) -> tuple[str, bool]:
    """Return what a stationary point is, in a word, and whether f is flat along some direction.

    The word is empty where it isn't known.
    """
    point = found.point
    hessian = _hessian(formula, point)
    if hessian is None:
        return "", False
    eigenvalues, vectors = np.linalg.eigh(hessian)
    size = float(np.abs(eigenvalues).max())
    doubtful = max(size, _curvature(formula, start)) * _DOUBTFUL
    on_the_way = np.abs(_eigenvalues_in_float64(formula, found.near))
    signs = []
    for k, (value, vector) in enumerate(zip(eigenvalues, vectors.T, strict=True)):
        is_doubtful = abs(value) <= doubtful
        probes = _PROBES if is_doubtful else _CLOSE
        sign = _beside(formula, point, vector, float(value), size * _TURNED, span, probes)
        bend = "up" if value > 0 else "down"
        if not is_doubtful and sign not in {"", bend}:
            return _ROUGH, False
        if not is_doubtful:
            sign = bend
        elif sign == bend and on_the_way[k] > _VANISHING * abs(value):
            # Newton's method took another way, to a point beside the one that the path comes to
            sign = f"flat {sign}"
        elif sign == "flat up":
            sign = _along_the_valley(formula, point, k, eigenvalues, vectors, span, doubtful)
        signs.append(sign)
    return _word(signs), any(sign.startswith("flat") for sign in signs)


def _word(signs: list[str]) -> str:
    """Return what a point is, from how f goes along each eigenvector of its Hessian."""
    ways = {sign.removeprefix("flat ") for sign in signs} - {"level"}
    if "" in ways:
        return ""
    if "over" in ways:
        return "inflection" if len(signs) == 1 else "saddle"
    if ways == {"up", "down"}:
        return "saddle"
    if not ways:
        return "level"
    if ways == {"down"}:
        return "maximum"
    return "minimum" if "up" in signs else "flat minimum"


def _eigenvalues_in_float64(formula: Formula, point: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of the Hessian as float64 has it; NaN where it isn't finite."""
    with np.errstate(all="ignore"):
        matrix = np.asarray(exact_hessian(formula)(_at(formula, point)))
    matrix = matrix.reshape(len(point), len(point))
    if not np.isfinite(matrix).all():
        return np.full(len(point), math.nan)
    return np.linalg.eigvalsh((matrix + matrix.T) / 2)


def _singular(formula: Formula, point: np.ndarray, span: float) -> np.ndarray:
    """Return the place within rounding of a point where f has no gradient; else the point."""
    room = _STATIONARY * (max(span, float(np.abs(point).max())) or 1.0)
    place = np.array([roundest(float(x), room) for x in point])
    return place if status_at(formula, place) else point


def _curvature(formula: Formula, point: np.ndarray) -> float:
    """Return the largest second derivative at a point, in modulus; 0 where it isn't known."""
    with np.errstate(all="ignore"):
        there = np.asarray(exact_hessian(formula)(_at(formula, point)))
    size = float(np.abs(there).max())
    return size if math.isfinite(size) else 0.0


def _beside(
    formula: Formula,
    point: np.ndarray,
    vector: np.ndarray,
    curvature: float,
    noise: float,
    span: float,
    probes: tuple[float, ...],
) -> str:
    """Return how f goes along an eigenvector of its Hessian, seen from a stationary point.

    f less its tangent is looked at on both sides, in balls. `up` and `down` are what the curvature
    says where it explains f; else `flat up`, `flat down`, `over` (an inflection) or `level`. An
    empty word says that nothing is proven.
    """
    value, gradient = smooth_balls(formula), smooth_balls(formula.gradient())
    reach = max(span, float(np.abs(point).max())) or 1.0
    with precision(_PROBE_BITS):
        x, v = ([arb(float(c)) for c in row] for row in (point, vector))
        middle, slopes = value.run(x), gradient.run(x)
        if middle is None or slopes is None:
            return ""
        tilt = sum((g * c for g, c in zip(slopes, v, strict=True)), arb(0))
        words = []
        for share in probes:
            t = arb(reach * share)
            rises = []
            for side in (1, -1):
                there = value.run([a + side * t * c for a, c in zip(x, v, strict=True)])
                if there is None:
                    return ""
                rises.append(there[0] - middle[0] - side * t * tilt)
            words.append(_shape(rises[0], rises[1], arb(curvature) * t * t, arb(noise) * t * t))
    # nearest first; a point that isn't stationary to the last digit needs a little room
    return next((word for word in words if word), "")


def _along_the_valley(
    formula: Formula,
    point: np.ndarray,
    flat: int,
    eigenvalues: np.ndarray,
    vectors: np.ndarray,
    span: float,
    doubtful: float,
) -> str:
    """Return how f goes along a flat direction, at its lowest in the steep ones.

    A valley that bends, as that of (x y - 1)^2 does, rises along its tangent and yet is level:
    from each point beside, f falls by the squares of its slopes over twice the curvatures.
    """
    value, gradient = smooth_balls(formula), smooth_balls(formula.gradient())
    reach = max(span, float(np.abs(point).max())) or 1.0
    steep = [k for k in range(len(point)) if eigenvalues[k] > doubtful]
    with precision(_PROBE_BITS):
        x = [arb(float(c)) for c in point]
        axes = [[arb(float(c)) for c in row] for row in vectors.T]
        middle, slopes = value.run(x), gradient.run(x)
        assert middle is not None  # f was looked at along this direction before
        assert slopes is not None
        rise, fall = arb(0), arb(0)
        for side in (1, -1):
            move = [side * reach * _PROBES[-1] * c for c in axes[flat]]
            there = [a + b for a, b in zip(x, move, strict=True)]
            height, around = value.run(there), gradient.run(there)
            if height is None or around is None:
                return ""
            tilt = sum((a * b for a, b in zip(slopes, move, strict=True)), arb(0))
            rise += height[0] - middle[0] - tilt
            change = [a - b for a, b in zip(around, slopes, strict=True)]
            for k in steep:
                slope = sum((a * b for a, b in zip(change, axes[k], strict=True)), arb(0))
                fall += slope * slope / (2 * arb(float(eigenvalues[k])))
        left = rise - fall
        if not 8 * abs(left) > abs(rise):
            return "level"
        return "flat up" if left > 0 else "flat down"


def _shape(right: Any, left: Any, bend: Any, noise: Any) -> str:
    """Return the word for two rises, where the curvature alone would have both make `bend`.

    The curvature of a direction in which f is level is rounding, and may have either sign: it is
    believed where the rises are its own. Rises below `noise` are those of the direction's rounding.
    """
    even, odd = right + left, right - left
    if abs(even) + abs(odd) <= noise:
        return "level"
    if 8 * abs(bend) > abs(odd) and 2 * abs(even - bend) < abs(bend):
        return "up" if bend > 0 else "down"
    if abs(odd) > 4 * abs(even):
        return "over"
    return "flat up" if even > 0 else "flat down" if even < 0 else ""


def factor_of(eigenvalue: float, rate: float, momentum: float) -> float:
    """Return what one step multiplies the distance along one eigenvector by.

    Examples
    --------
    >>> factor_of(2.0, 10.0, 0.0)
    19.0
    """
    if not momentum:
        return abs(1 - rate * eigenvalue)
    half = (1 + momentum - rate * eigenvalue) / 2
    inside = half * half - momentum
    # complex roots have the product m, so each has the modulus sqrt(m)
    return math.sqrt(momentum) if inside < 0 else abs(half) + math.sqrt(inside)


def steep(eigenvalues: np.ndarray) -> np.ndarray:
    """Return the eigenvalues that rounding doesn't explain: along the others nothing moves.

    Examples
    --------
    >>> steep(np.array([-3.6e-15, 73.25])).tolist()
    [73.25]
    """
    size = np.abs(eigenvalues)
    kept: np.ndarray = eigenvalues[size > _FLAT * size.max()] if size.size else eigenvalues
    return kept


def _at(formula: Formula, point: np.ndarray) -> np.ndarray:
    return point[0] if len(formula.variables) == 1 else point
