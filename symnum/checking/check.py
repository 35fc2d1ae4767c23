"""The check itself: is this the derivative of that function."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from itertools import count
from typing import Any

import numpy as np

from symnum.checking.answers import values_of
from symnum.checking.decide import (
    Evidence,
)
from symnum.checking.guards import (
    shown,
)
from symnum.checking.points import stratified
from symnum.checking.reference import FormulaReference
from symnum.checking.request import Request
from symnum.checking.run import run, run_along_directions
from symnum.checking.verdict import Outcome, Verdict
from symnum.checking.watch import OutOfTime, Watch
from symnum.errors import UsageError, without_insides

# A box under stress grows by so many powers of ten, with so many points each.
_WIDEST = 12
# Under stress an error of this share of the derivative is worth a note.
_NOTED = 2.0**-20
_STRESS_POINTS = 40


@without_insides
def check(
    f: Any,
    derivative: Any,
    *,
    at: Any = None,
    domain: Any = None,
    function: Callable[..., Any] | None = None,
    derivative_order: int = 1,
    n: int | None = None,
    seed: int = 0,
    stress: bool = False,
    timeout: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Check somebody's derivative of a formula against the certified one.

    Parameters
    ----------
    f : Formula, whatever a Formula is made from, or a NumPy function
        The function. A NumPy function is traced.
    derivative : callable or formula
        Somebody's derivative: returns a scalar, (n,) or (m, n). It is called as its signature asks:
        with one float, several, an array, or floats by name.
    at : array_like, optional
        Points: any shape for one variable, (..., n) for several, or a dict of arrays for one,
        which may be nested; for a function of a list of arrays of several shapes, such a list.
    domain : sequence of (low, high), or dict, optional
        The box that is searched besides. Default: ±|x|/2 round each given point (±1 at 0); without
        points [-3, 3].
    function : callable, optional
        The code of f, which is compared with the formula first, at the same points.
    derivative_order : int
        1, or 2 for a Hessian.
    n : int, optional
        How many variables a NumPy function has, where neither `at` nor `domain` says so.
    seed : int
        Of everything random.
    stress : bool
        Whether to widen the domain step by step, and say where the derivative goes wrong.
    timeout : float, optional
        Seconds that the check may take. When they are over the verdict is `undecided`, or `wrong`
        where the points that were judged by then leave no doubt.
    progress : callable, optional
        Is told after every call of their code how many there have been.

    Returns
    -------
    Verdict
        Its `bool` is true for `ok` and `proved`.

    Raises
    ------
    UsageError, DomainError
        The request can't be understood, a point is not one, or the derivative can't be called with
        the variables.

    Examples
    --------
    >>> import symnum as sn
    >>> verdict = sn.check("x**2 + x*y", lambda x, y: (2 * x, x))
    >>> str(verdict.status), verdict.components
    ('wrong', (0,))
    """
    if not isinstance(stress, (bool, np.bool_)):
        msg = f"stress is {stress!r}; True or False is expected"
        raise UsageError(msg)
    if timeout is None:
        over = _told(progress)
        request = Request(f, derivative, at, domain, function, derivative_order, seed, n, over)
        return _checked(request, stress, None)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0:
        msg = f"timeout is {timeout!r}; a number of seconds above 0 is expected, or None"
        raise UsageError(msg)
    # Their code runs in a thread of its own, which is left behind when the time is up.
    watch = Watch(min(float(timeout), threading.TIMEOUT_MAX))
    try:
        over = _told(progress, watch.over)
        request = Request(f, derivative, at, domain, function, derivative_order, seed, n, over)
        if request.formula is not None:
            assert isinstance(request.reference, FormulaReference)
            request.reference = request.reference.within(watch.clock)
        return _checked(request, stress, watch)
    except OutOfTime:
        reason = (
            f"timeout: the check took more than {timeout:g} s; no point had been judged by then, "
            f"after {watch.calls} call{'s' * (watch.calls != 1)} of their code"
        )
        return Verdict(Outcome.UNDECIDED, seed=seed, reason=reason)
    finally:
        watch.stop()


def _told(
    progress: Callable[[int], None] | None,
    over: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda function: function,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what is put over their code: a time limit, and the count of calls."""
    if progress is None:
        return over
    if not callable(progress):
        msg = (
            f"progress is {progress!r}; a callable is expected that is told how many calls there "
            "have been, as in progress=print"
        )
        raise UsageError(msg)
    calls = count(1)

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        limited = over(function)

        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return limited(*arguments, **named)
            finally:
                progress(next(calls))

        return call

    return counted


@without_insides
def assert_derivative(
    f: Any, derivative: Any, *, allow_undecided: bool = False, **options: Any
) -> None:
    """Raise AssertionError with the verdict's text unless a derivative is right.

    Parameters
    ----------
    f, derivative, **options
        As for `check`.
    allow_undecided : bool
        Whether `undecided` passes.

    Raises
    ------
    AssertionError
        The derivative is wrong, inaccurate or (unless allowed) undecided. Its argument is the
        Verdict.

    Examples
    --------
    >>> import numpy as np
    >>> import symnum as sn
    >>> sn.assert_derivative("tanh(x)", lambda x: 1 - np.tanh(x) ** 2)
    """
    __tracebackhide__ = True  # pytest then shows the caller's line, and none of ours
    verdict = check(f, derivative, **options)
    if not passes(verdict, allow_undecided):
        raise AssertionError(verdict)


def passes(verdict: Verdict, allow_undecided: bool) -> bool:
    """Tell whether a test with this verdict passes."""
    return bool(verdict) or (allow_undecided and verdict.status is Outcome.UNDECIDED)


def _checked(request: Request, stress: bool, watch: Watch | None) -> Verdict:
    """Return the verdict on a request."""
    verdict = (
        run_along_directions(request, watch) if request.along_directions else run(request, watch)
    )
    if stress and verdict and not request.along_directions:
        try:
            notes = _stress(request)
        except OutOfTime:
            notes = ("the time was over before the domain had been widened",)
        verdict = replace(verdict, violations=(*verdict.violations, *notes))
    return verdict


def _stress(request: Request) -> tuple[str, ...]:
    """Widen the box tenfold at a time, until the derivative dies where the function lives."""
    reference = request.reference
    middle = request.box.mean(axis=1)
    half = np.maximum((request.box[:, 1] - request.box[:, 0]) / 2, np.abs(middle) / 2)
    for power in range(1, _WIDEST + 1):
        box = np.stack([middle - half * 10.0**power, middle + half * 10.0**power], axis=1)
        count = min(_STRESS_POINTS, reference.most_points)
        truth = reference.at(stratified(box, count, request.rng))
        evidence = Evidence(truth, values_of([request.candidate(p) for p in truth.points], truth))
        lost = evidence.bad & ~(evidence.error <= _NOTED * np.abs(truth.exact))
        if lost.any():
            row = int(np.flatnonzero(lost.any(axis=1))[0])
            where = shown(truth.points[row], request.variables)
            k = int(np.flatnonzero(lost[row])[0])
            return (
                f"in a box 1e{power} times as wide it goes wrong at {where}: it gives "
                f"{float(evidence.given[row, k])!r} for {request.names[k]}, exact is "
                f"{float(reference.certified(truth.points[[row]])[0, k])!r}",
            )
    return ()
