"""A property test of somebody's derivative: Hypothesis looks for the simplest point where it fails.

A point is quick to judge: one certified value, and what rounding may do to it. Whatever looks wrong
there is looked at again with the rules of `check`, and is accused only if `check` accuses it: the
verdict that a failure shows is its verdict, with the simplest point that was found.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from symnum.checking.check import check
from symnum.checking.claim import Answer, Candidate
from symnum.checking.decide import Evidence, condition, float32_inside
from symnum.checking.guards import Broken, first_answers, state
from symnum.checking.reference import Truth
from symnum.checking.request import Request
from symnum.checking.rounding import Nature, nature
from symnum.checking.typical import typical_size
from symnum.checking.verdict import Cause, Outcome, Verdict, Worst
from symnum.errors import UsageError
from symnum.formula.bounds import SMALLEST, UNIT
from symnum.formula.formula import Formula
from symnum.testing.measured import MeasuredTrial
from symnum.testing.quick import QuickReference
from symnum.testing.strategies.points import points_of
from symnum.testing.terrain import Terrain, terrain_of

# Simple points that are tried first, in order; points that show the derivative's usual size; points
# near one that looks wrong.
_SIMPLEST = 30
_USUAL = 24
_NEAR = 12
# A check takes its time. One that finds nothing so often will find nothing.
_MOST_ASKED = 8
# The default box grows by so many powers of ten, where it holds nothing of the domain.
_WIDEST = 6
# What a derivative in any reasonable form may lose: units, and what moving x by an ulp does.
_UNITS = 64 * UNIT
_CONDITION = 8.0
# So many times the error of the derivative's own program is no mistake of another one.
_WITNESS = 64.0


def derivative_property(
    formula: Any,
    candidate: Callable[..., Any],
    *,
    domain: Any = None,
    n: int | None = None,
    settings: Any = None,
) -> Callable[[], None]:
    """Make a Hypothesis test that looks for the simplest point where a derivative is wrong.

    Parameters
    ----------
    formula : Formula, whatever a Formula is made from, or a function
        The function. Where it can be traced it has a formula; else each point is measured, with
        some 35 evaluations a variable.
    candidate : callable
        Somebody's first derivative: returns a scalar, (n,) or (m, n), as for `check`.
    domain : sequence of (low, high), or dict by name, optional
        The box to look in. By default [-3, 3] in every variable, or ten times as wide and so on,
        until f is defined somewhere in it.
    n : int, optional
        How many variables a function has, where its domain doesn't say so.
    settings : hypothesis.settings, optional
        By default those of the profile that is active, without a deadline.

    Returns
    -------
    callable
        The test, without arguments. Under a name that starts with `test` pytest collects it; in a
        class it goes into `staticmethod`. It raises AssertionError with the Verdict, whose `worst`
        is the point: the first of 0, 1, -1, 2, ... where the derivative is wrong, or else what
        Hypothesis shrinks to. Digits lost to rounding pass; float32 inside doesn't.

    Raises
    ------
    UsageError, DomainError
        Nothing says how many variables a function has, the domain is not a box, or f is nowhere
        defined in it.

    Examples
    --------
    >>> import numpy as np
    >>> from symnum.testing import derivative_property
    >>> test_right = derivative_property("tanh(x)", lambda x: 1 - np.tanh(x) ** 2)
    >>> test_right()
    >>> test_wrong = derivative_property("x**3", lambda x: 3 * x)
    >>> try:
    ...     test_wrong()
    ... except AssertionError as error:
    ...     print(error.args[0].worst.point)
    (-1.0,)
    """
    trial = _trial_of(formula, candidate, domain, n)

    def derivative_at(point: np.ndarray) -> None:
        __tracebackhide__ = True
        verdict = trial.verdict_at(point)
        if verdict is not None:
            raise AssertionError(verdict)

    derivative_at.__doc__ = f"The derivative of {trial.name} is right at every point."
    test = given(point=trial.points())(derivative_at)
    # The one that is applied last runs first.
    for point in reversed(trial.simplest(_SIMPLEST)):
        test = example(point=point)(test)
    if settings is None:
        settings = hypothesis_settings(deadline=None)
    elif not isinstance(settings, hypothesis_settings):
        msg = f"settings is a {type(settings).__name__}; hypothesis.settings(...) is expected"
        raise UsageError(msg)
    # The simplest failure is wanted, not all of them.
    made: Callable[[], None] = hypothesis_settings(settings, report_multiple_bugs=False)(test)
    return made


def _trial_of(formula: Any, candidate: Any, domain: Any, n: int | None) -> Trial | MeasuredTrial:
    request = Request(formula, candidate, None, domain, None, 1, 0, n)
    if request.formula is None:
        return MeasuredTrial(request, formula, candidate)
    return Trial(request, request.formula, (formula, candidate), domain is not None)


class Trial:
    """A claim about a formula, tried at one point at a time.

    Parameters
    ----------
    request : Request
        What was asked for.
    formula : Formula
        Its formula.
    given : tuple
        The function and its derivative as they were given.
    has_domain : bool
        Whether a domain was given.
    """

    def __init__(
        self, request: Request, formula: Formula, given: tuple[Any, Any], has_domain: bool
    ) -> None:
        self._given = given
        self._request = request
        self.terrain = _terrain(formula, request.box, has_domain)
        self.name = str(formula)
        # Called at many points one by one: which lines it reaches is of no interest.
        self._candidate: Candidate = replace(request.candidate, function=request.derivative)
        self._reference = QuickReference(formula)
        self._usual: Truth = self._reference.at(self.terrain.spread(_USUAL))
        self._typical = typical_size(np.abs(self._usual.exact), self._usual.known, axis=0)[0]
        self._accused: Verdict | None = None
        self._asked = 0
        self._known: dict[bytes, Verdict | None] = {}

    def simplest(self, most: int) -> list[np.ndarray]:
        """Return the simplest points of the domain, at most so many."""
        return self.terrain.simplest(most)

    def points(self) -> st.SearchStrategy[np.ndarray]:
        """Return a strategy of points in the domain, simple and awkward ones."""
        return points_of(self.terrain)

    def verdict_at(self, point: np.ndarray) -> Verdict | None:
        """Return the verdict on the derivative at a point; None where nothing is wrong with it."""
        key = point.tobytes()
        if key not in self._known:
            with np.errstate(all="ignore"):
                self._known[key] = self._judged(point)
        return self._known[key]

    def _judged(self, point: np.ndarray) -> Verdict | None:
        truth = self._reference.at(point[None])
        if not truth.known.any():
            return None  # no derivative here, or none that is known quickly
        # What was asked before must not matter: make it another point, always the same.
        self._candidate(self._usual.points[-1])
        answer = self._candidate(point)
        if answer.error and not np.all(np.isfinite(self._reference.in_doubles(point))):
            return None  # 1/(x - 0.1) at 0.1: the formula's own derivative is lost as well
        broken = self._broken(answer, truth)
        if broken is not None:
            return self._rule(broken)
        if answer.value is None:
            return None  # it raises at a kink, which is a convention of its own
        wrong = self._wrong(answer.value, truth)
        if not wrong:
            return None
        accused = self._confirmed(point)
        if accused is None:
            return None
        return replace(accused, components=wrong, worst=self._worst(point, truth, answer, wrong[0]))

    def _broken(self, answer: Answer, truth: Truth) -> Broken | None:
        names = self._request.variables
        broken = first_answers([answer], truth, self._candidate.shape, names)
        return broken or state(self._candidate, None, [answer], truth, names)

    def _rule(self, broken: Broken) -> Verdict:
        return Verdict(
            Outcome.WRONG,
            names=self._request.names,
            cause=broken.cause,
            cause_detail=broken.sentence,
            violations=(broken.sentence,),
            points_tried=1,
            form=str(self._candidate.form),
            reference=self._request.held_against,
        )

    def _wrong(self, given: np.ndarray, truth: Truth) -> tuple[int, ...]:
        """Return the components that are wrong at a point, the worst first."""
        here = Evidence(truth, given[None])
        suspects = np.flatnonzero(here.bad[0])
        if not suspects.size:
            return ()
        # What is left over where the truth is 0 is judged beside the derivative's usual size.
        among = Evidence(truth.join(self._usual), np.vstack([given, self._usual.exact]))
        found = [k for k in suspects.tolist() if among.bad[0, k] and self._is_wrong(among, k)]
        if not found and self._single(truth.points[0], suspects):
            found = suspects.tolist()
        excess = here.error[0] / np.maximum(truth.bound[0], SMALLEST)
        return tuple(sorted(found, key=lambda k: (-excess[k], k)))

    def _is_wrong(self, evidence: Evidence, k: int) -> bool:
        """Say whether an error in row 0 of the evidence is more than any rounding."""
        truth = evidence.truth
        if truth.hull[0, k]:
            return True
        point, error = truth.points[:1], float(evidence.error[0, k])
        own = float(np.abs(self._reference.in_doubles(point[0])[k] - truth.exact[0, k]))
        if not error > _WITNESS * own:
            return False  # the formula's own derivative fares no better here
        if not np.isfinite(error):
            return True
        if error <= _UNITS * self._typical[k]:
            return False  # less than a few roundings of the derivative's usual size
        reference, rng = self._reference, np.random.default_rng(0)
        moved = float(condition(reference, point, k, rng)[0])
        if error <= _UNITS * abs(truth.exact[0, k]) + _CONDITION * moved + SMALLEST:
            return False
        kind = nature(
            self._candidate,
            reference,
            point[0],
            k,
            error,
            rng,
            scale=evidence.scale,
            drop_explained=not evidence.poor[0, k],
        )
        return kind is not Nature.ROUNDING

    def _single(self, point: np.ndarray, suspects: np.ndarray) -> bool:
        """Say whether errors that look like rounding are those of single precision."""
        points = np.vstack([self._usual.points, self._near(point)])
        answers = [self._candidate(other).value for other in points]
        nothing = np.full(self._usual.exact.shape[1], np.nan)
        given = np.array([nothing if value is None else value for value in answers])
        evidence = Evidence(self._reference.at(points), given)
        return bool(
            evidence.bad[:, suspects].any()
            and float32_inside(self._candidate, evidence, evidence.bad)
        )

    def _near(self, point: np.ndarray) -> np.ndarray:
        """Return points of the domain near one, shape (P, n), always the same."""
        rng = np.random.default_rng(0)
        size = np.where(point == 0, 1.0, np.abs(point)) / 8
        moved = point + rng.uniform(-1.0, 1.0, (_NEAR, len(point))) * size
        return np.array([p for p in moved if self.terrain.contains(p)]).reshape(-1, len(point))

    def _confirmed(self, point: np.ndarray) -> Verdict | None:
        """Return what `check` says, once it accuses the derivative; None where it doesn't."""
        if self._accused is None and self._asked < _MOST_ASKED:
            self._asked += 1
            at = float(point[0]) if self._request.n == 1 else point
            assert self.terrain.box is not None
            verdict = check(*self._given, at=at, domain=self.terrain.box.tolist())
            if verdict.status is Outcome.WRONG or verdict.cause in {Cause.FLOAT32, Cause.DTYPE}:
                self._accused = verdict
        return self._accused

    def _worst(self, point: np.ndarray, truth: Truth, answer: Answer, k: int) -> Worst:
        assert answer.value is not None
        exact = float(self._reference.certified(point[None])[0, k])
        if math.isnan(exact):
            exact = float(truth.exact[0, k])
        given = float(answer.value[k])
        error = given - exact
        return Worst(tuple(point.tolist()), k, exact, given, error, abs(error) / math.ulp(exact))


def _terrain(formula: Formula, box: np.ndarray, is_given: bool) -> Terrain:
    """Return the terrain in a box; in a wider one where the default box holds nothing."""
    found = terrain_of(formula, box)
    for power in range(1, _WIDEST + 1):
        if is_given or found.simplest(1):
            break
        found = terrain_of(formula, box * 10.0**power)
    found.start(0)  # or say that there is none
    return found
