"""Derivatives of code along directions, measured with steps that its noise and curvature allow."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from symnum.checking.claim import Candidate
from symnum.checking.counted import Counted
from symnum.checking.directions import Slope
from symnum.checking.doubts import doubt, fits_finely
from symnum.checking.integral import PARTS, fits, gain
from symnum.differences import complex_line
from symnum.differences.differentiate import first_reference
from symnum.differences.estimate import DerivativeStatus, Estimate
from symnum.differences.evidence import Measurement, measurements
from symnum.differences.extrapolation import weights
from symnum.differences.line import Line

_BUDGET = 80
# Two steps of a difference are of different kind from this ratio on, in octaves.
_OCTAVES = 2
_SEVERAL = 2
# Points of an interval at which slopes are measured; a claim's integral fits where it is off by
# less than this share of what its error at the points predicts; the intervals that are tried, as
# shares of half of x.
_ON_A_LINE, _HALF, _REACHES = 8, 0.5, (1.0, 0.25, 0.0625)
# What is measured coarsely is measured so many times more sharply, where that costs nothing: what
# is left of a sum is known well then, too.
_SHARPER = 16.0
# The widest step of a variable alone that other variables' steps may be, as a share of its size.
_OWN = 0.25
# A claim that is off by less than so many times what it moves by with the last digit of x says
# nothing; it is moved so often, by so many last digits, of which so many count as one.
_JITTER, _SHIFTS, _ULPS = 8.0, 4, ((1.0, 1.0), (2.0**10, 2.0**5))
_ILL_CONDITIONED = (
    "it differs from f by no more than it moves by itself when x moves by its last digit: it is "
    "beneath the rounding of x, as where a residual is 0; a point further from there would tell"
)
# Below the smallest double with all digits f may be anything, and 0 is what is seen of it.
_TINY = 2.0**-1022


def measured(line: Line, output: int, coordinate: int | None) -> Estimate:
    """Return the derivative of code along a line; 0 where f is 0 at every step."""
    found = first_reference(line, output, coordinate, 1, _BUDGET, 0)
    return zero_is_flat(found)


def zero_is_flat(found: Estimate) -> Estimate:
    """Take f that is 0 to the last bit at every step for what it is as computed: constant.

    A derivative asked for by itself is refused there, since f may have underflowed.
    """
    if found.status is not DerivativeStatus.ZERO or not found.rungs:
        return found
    bar = _TINY / found.rungs[0].h
    return replace(
        found, value=0.0, error=bar, verified=bar, status=DerivativeStatus.ESTIMATED, reason=""
    )


def _single(direction: np.ndarray) -> int | None:
    """Return the one variable that moves along a direction; None where several do."""
    moved = np.flatnonzero(direction)
    return int(moved[0]) if len(moved) == 1 else None


class StepsLine:
    """Derivatives of code along directions, by the complex step or from a ladder of real steps.

    The first direction is measured in full: it shows the noise of f and where truncation begins.
    Later ones cost as many evaluations as the error bar that is asked for takes.

    Parameters
    ----------
    code : Candidate
        The code of f, which returns a number.
    point : float64 array, shape (n,)
        Where.
    limits : float64 array, shape (n, 2), optional
        The code is not called outside of these.
    """

    # Code that nobody can look into may be a solver, which is right to its tolerance at best.
    least_error = 2.0**-20

    def __init__(
        self, code: Candidate, point: np.ndarray, limits: np.ndarray | None = None
    ) -> None:
        self._code = code
        self._function = Counted(code, limits)
        self._point = point
        self._known: Estimate | None = None
        self._measurements: tuple[Measurement, ...] = ()
        self._moved: dict[float, list[np.ndarray]] = {}  # of the one candidate that is asked about

    @property
    def evaluations(self) -> int:
        """How often the code has been called."""
        return self._function.calls

    def raised(self) -> str:
        """Say how often the code raised near the point; empty where it never did."""
        return self._function.raised()

    def apart(self) -> float:
        """Return by how much two calls with the same argument differ."""
        one, two = (np.ravel(self._function(self._point.copy())) for _ in range(2))
        return float(np.max(np.abs(one - two)))

    def full(self, direction: np.ndarray) -> Slope:
        """Measure with noise, truncation and error bar found out for this direction."""
        found = measured(self._line(direction), 0, None)
        if not found.is_answered:
            return Slope(math.nan, math.inf, self._reason(found))
        # The steps of a single variable are those of its own size, which others may not have.
        known = self._known
        if known is None or (_single(direction) is None and found.verified < known.verified):
            self._known = found
            self._measurements = measurements(found) if found.window else ()
        return Slope(found.value, found.verified, ladder=found)

    def cheap(self, direction: np.ndarray, bar: float) -> Slope:
        """Measure in few evaluations, as the full measurement found it safe."""
        if self._known is None:
            return self.full(direction)
        if not self._measurements:
            value = complex_line.unverified(self._line(direction))
            if not math.isfinite(value):
                return self.full(direction)
            return Slope(value, self._known.verified)
        # Along another direction truncation may be larger than it was along the first.
        enough = [one for one in self._measurements if one.steady <= bar]
        if not enough:
            sharpest = min(self._measurements, key=lambda one: one.error)
            return self._measure(direction, sharpest)
        # Or f may have a kink nearer by: the smaller the steps, the safer they are.
        fine = [one for one in enough if one.m == enough[0].m and one.steady <= bar / _SHARPER]
        how = min(fine, key=lambda one: one.k, default=enough[0])
        return replace(self._measure(direction, how), error=how.steady)

    def alone(self, direction: np.ndarray, bar: float) -> tuple[Slope, Slope]:
        """Measure with two sets of steps, of which each has an error bar of its own."""
        enough = [one for one in self._measurements if one.error <= bar]
        sharpest = sorted(self._measurements, key=lambda one: one.error)
        good = enough if len(enough) >= _SEVERAL else sharpest
        if len(good) < _SEVERAL:
            found = self.full(direction)
            return found, found
        first, *others = good
        other = next((o for o in others if abs(o.k - first.k) >= _OCTAVES), others[0])
        pair = self._measure(direction, first), self._measure(direction, other)
        if self._is_unfit(direction, max(first.k + first.m, other.k + other.m)):
            own = self.full(direction)
            # Stairs may show nothing in steps of its own, which then speak against nothing.
            if any(abs(own.value - one.value) > own.error + one.error for one in pair):
                return own, own
        return pair

    def _is_unfit(self, direction: np.ndarray, e: int) -> bool:
        """Say whether a variable alone is to be measured with steps of its own, up to a rung.

        The steps of a random direction are those of the largest variable. A small one may cross
        many periods of f in them.
        """
        k = _single(direction)
        if k is None or self._known is None:
            return False
        widest = max((rung.h for rung in self._known.rungs if rung.e <= e), default=0.0)
        size = abs(float(self._point[k])) or 1.0  # 0 has none: it is scanned as if it were 1
        return widest * abs(float(direction[k])) > _OWN * size

    def _reason(self, found: Estimate) -> str:
        """Say why there is no slope, or that f raises at the point itself."""
        raised = self._code.raw(self._point) if found.status is DerivativeStatus.NONFINITE else ""
        return (
            f"f can't be evaluated: {raised}"
            if isinstance(raised, str) and raised
            else found.reason
        )

    def doubt(self, direction: np.ndarray, slope: Slope, candidate: Candidate) -> str:
        """Say why a gradient is not held to a slope that it differs from; empty where it is.

        Parameters
        ----------
        direction : float64 array, shape (n,)
            The direction.
        slope : Slope
            What was found along it; only a full measurement's steps can be looked into.
        candidate : Candidate
            The gradient.
        """
        gradient = candidate(self._point).value
        if gradient is None:
            return ""
        given = math.fsum((direction * gradient).tolist())
        apart = abs(given - slope.value)
        if apart > self.least_error * math.hypot(*(direction * gradient).tolist()) and (
            apart <= _JITTER * self._jitter(direction, gradient, candidate)
        ):
            return _ILL_CONDITIONED
        if slope.ladder is None:
            return ""

        def claim(t: float) -> float | None:
            value = candidate(self._point + t * direction).value
            return None if value is None else math.fsum((direction * value).tolist())

        line = self._line(direction)
        return fits_finely(line, 0, slope.ladder, gradient) or doubt(
            line, 0, slope.ladder, given, claim
        )

    def _jitter(self, direction: np.ndarray, gradient: np.ndarray, candidate: Candidate) -> float:
        """Return how far a gradient moves along a direction when x moves by its last digit."""
        if not self._moved:
            rng = np.random.default_rng(len(gradient))
            for stretch, _ in _ULPS:
                self._moved[stretch] = []
                for _ in range(_SHIFTS):
                    shift = stretch * rng.choice([-1.0, 1.0], len(gradient))
                    value = candidate(self._point + shift * np.spacing(self._point)).value
                    if value is not None and np.isfinite(value).all():
                        self._moved[stretch].append(value - gradient)
        # What doesn't grow with the shift is digits that the gradient loses, and f need not lose.
        return min(
            max((abs(math.fsum((direction * by).tolist())) for by in moved), default=0.0) / share
            for moved, share in ((self._moved[stretch], share) for stretch, share in _ULPS)
        )

    def fits_between(self, k: int, candidate: Candidate) -> bool:
        """Say whether a gradient's entry fits f over an interval, whatever it does at points.

        Parameters
        ----------
        k : int
            The variable.
        candidate : Candidate
            The gradient.
        """
        x = float(self._point[k])
        reach = max(abs(x), float(np.median(np.abs(self._point)))) / 2 or 1.0
        # How wide f's pieces are nobody knows, nor where a table ends.
        return any(
            self._fits_over(k, candidate, x - share * reach, x + share * reach)
            for share in _REACHES
        )

    def _fits_over(self, k: int, candidate: Candidate, low: float, high: float) -> bool:
        """Say whether a gradient's entry fits f over an interval of its variable."""
        axis = np.zeros(len(self._point))
        axis[k] = 1.0
        exact, given = [], []
        for share in (np.arange(_ON_A_LINE) + 0.5) / _ON_A_LINE:
            point = self._point.copy()
            point[k] = low + (high - low) * share
            slope = measured(Line(self._function, point, axis, False), 0, k).value
            claim = candidate(point).value
            if claim is not None and math.isfinite(slope):
                exact.append(slope)
                given.append(float(claim[k]))
        over = gain(self._function, candidate, self._point, k, low, high)
        return over is not None and fits(over, np.array(exact), np.array(given), _HALF, PARTS)

    def _line(self, direction: np.ndarray) -> Line:
        return Line(self._function, self._point, direction, False)

    def _measure(self, direction: np.ndarray, how: Measurement) -> Slope:
        """Return the difference quotients of a window of steps, combined."""
        assert self._known is not None
        steps = {rung.e: rung.h for rung in self._known.rungs}
        line = self._line(direction)
        quotients = []
        for i in range(how.m + 1):
            h = steps[how.k + i]
            up, down = float(line.at(h)[0]), float(line.at(-h)[0])
            quotients.append((up / 2 - down / 2) / h)
        value = math.fsum(w * q for w, q in zip(weights(4, how.m), quotients, strict=True))
        if not math.isfinite(value):
            return Slope(math.nan, math.inf, "f is not finite near the point, along a direction")
        return Slope(value, how.error)
