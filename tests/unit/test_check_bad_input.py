"""Bad input to check(): a Verdict or a sentence that a person can act on, never our traceback."""

# ruff: noqa: ARG005 - derivatives take arguments that they have no use for

from __future__ import annotations

import functools
import gc
import math
import re
import threading
import time
import warnings

import numpy as np
import pytest

from symnum import DomainError, ParseError, SymnumError, UsageError, check
from symnum.checking.watch import OutOfTime, Watch


def _exits(_x):
    raise SystemExit(3)


def _recurses(x):
    return _recurses(x)


CANDIDATES = {
    "raises": (lambda x: 1 / 0, "raises", "ZeroDivisionError"),
    "exits": (_exits, "raises", "SystemExit"),
    "recurses": (_recurses, "raises", "RecursionError"),
    "None": (lambda x: None, "shape", "None"),
    "ragged": (lambda x: [[1], [1, 2]], "shape", "ragged"),
    "a list too long": (lambda x: [2 * x, 0.0], "shape", "(2,)"),
    "a matrix": (lambda x: np.eye(3), "shape", "(3, 3)"),
    "empty": (lambda x: [], "shape", "(0,)"),
    "text": (lambda x: "2*x", "shape", "<U3"),
    "an object": (lambda x: object(), "shape", "object"),
    "beyond the doubles": (lambda x: 10**400, "shape", "too large to convert"),
    "a generator": (lambda x: (2 * x for _ in range(1)), "shape", "generator"),
    "masked": (lambda x: np.ma.masked_array([2 * x], mask=[True]), "shape", "masked array"),
    "complex": (lambda x: 2 * x + 1j, "dtype", "complex"),
    "complex without an imaginary part": (lambda x: 2 * x + 0j, "dtype", "imaginary parts of 0"),
    "NaN everywhere": (lambda x: np.nan, "nonfinite", "not finite"),
    "infinite everywhere": (lambda x: -np.inf, "nonfinite", "not finite"),
}


@pytest.mark.parametrize("what", CANDIDATES)
def test_bad_derivatives(what):
    """A derivative that returns something else, or nothing, is wrong, and the sentence says why."""
    derivative, cause, says = CANDIDATES[what]
    verdict = check("x**2", derivative)
    assert (verdict.status, verdict.cause) == ("wrong", cause)
    assert says in verdict.cause_detail
    assert says in str(verdict)


def test_a_list_is_as_good_as_an_array():
    """A list of numbers and a 0-d array are right."""
    for right in (lambda x: [2 * x], lambda x: np.array(2 * x)):
        assert check("x**2", right)


REQUESTS = {
    "too many coordinates": ({"at": [1.0, 2.0, 3.0]}, DomainError, "last axis must have length 2"),
    "a point too short": ({"at": [[1, 2], [1]]}, DomainError, "point 1 has 1 coordinates"),
    "NaN": ({"at": [[1, 1], [np.nan, 1]]}, DomainError, "point 1: x = nan is not a finite number"),
    "infinite": ({"at": [1, np.inf]}, DomainError, "point 0: y = inf is not a finite number"),
    "outside": (
        {"at": [5, 0.5], "domain": [(0, 1), (0, 1)]},
        DomainError,
        "point 0: x = 5.0 lies outside its domain, 0.0 to 1.0",
    ),
    "text": ({"at": "x"}, UsageError, "at must be real numbers"),
    "objects": ({"at": [object(), 1]}, UsageError, "at must be real numbers"),
    "complex points": ({"at": [1j, 2.0]}, UsageError, "at must be real numbers"),
    "a name short": ({"at": {"x": 1.0}}, UsageError, "no value was given for the variable y"),
    "no names": ({"at": {}}, UsageError, "x, y"),
    "an empty domain": ({"domain": [(1, 0), (0, 1)]}, DomainError, "the domain of x is empty"),
    "a NaN domain": ({"domain": [(0, 1), (0, np.nan)]}, DomainError, "domain of y"),
    "a domain too short": ({"domain": [(0, 1)]}, UsageError, "(2, 2) is expected"),
    "a domain of text": ({"domain": "ab"}, UsageError, "domain must be real numbers"),
    "a number as domain": ({"domain": 3}, UsageError, "a list of (low, high) is expected"),
    "an unknown name": ({"domain": {"q": (0, 1)}}, UsageError, "'q'; the variables are x, y"),
    "no pair": ({"domain": {"x": 1}}, UsageError, "domain must be real numbers"),
    "order 3": ({"derivative_order": 3}, UsageError, "1 and 2 can be checked"),
    "an order of text": ({"derivative_order": "1"}, UsageError, "1 and 2 can be checked"),
    "a seed of text": ({"seed": "a"}, UsageError, "seed is 'a'"),
    "a negative seed": ({"seed": -1}, UsageError, "seed is -1"),
    "half a seed": ({"seed": 0.5}, UsageError, "seed is 0.5"),
    "a seed of True": ({"seed": True}, UsageError, "seed is True"),
    "no function": ({"function": 3}, UsageError, "function is 3 (int)"),
    "no time": ({"timeout": 0}, UsageError, "timeout is 0"),
    "a time of text": ({"timeout": "soon"}, UsageError, "timeout is 'soon'"),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_bad_requests(what):
    """Which argument, which point, and what is expected."""
    options, error, says = REQUESTS[what]
    with pytest.raises(error) as raised:
        check("x**2 + y", lambda x, y: (2 * x, 1.0), **options)
    assert says in str(raised.value)


@pytest.mark.parametrize("f", [None, 3j, object(), "x +", "3"])
def test_bad_functions(f):
    """What isn't a function, or has no variables, is refused."""
    with pytest.raises(SymnumError):
        check(f, lambda x: x)


@pytest.mark.parametrize(
    ("derivative", "says"),
    [
        (None, "the derivative is None;"),
        (5, "the derivative is 5 (int);"),
        (np.float64(2.5), "(float64);"),
        (np.array([1.0, 2.0]), "the derivative is array([1., 2.]) (ndarray);"),
        ([1, 2], "the derivative is [1, 2] (list);"),
        (object(), "(object);"),
    ],
)
def test_what_is_no_derivative(derivative, says):
    """What can neither be called nor read as a formula is refused: what it is, and an example."""
    with pytest.raises(UsageError) as raised:
        check("x**2", derivative)
    assert says in str(raised.value)
    assert "such as lambda x: 2 * x, or a formula, such as '2*x'" in str(raised.value)


def test_a_derivative_that_is_no_formula():
    """Text is read as a formula."""
    with pytest.raises(ParseError):
        check("x**2", "2 *")


@pytest.mark.parametrize("f", [None, 5, np.ones(2), {}])
def test_what_is_no_function(f):
    """The function is refused in the same way, with an example of its own."""
    with pytest.raises(UsageError) as raised:
        check(f, lambda x: 2 * x)
    assert str(raised.value).startswith("f is ")
    assert "such as 'x**2', or code, such as lambda x: x**2" in str(raised.value)


async def _awaited(x):
    return 2 * x


async def _yielding(x):
    yield 2 * x


class _Awaited:
    async def __call__(self, x):
        return 2 * x


@pytest.mark.parametrize(
    "code",
    [_awaited, _yielding, _Awaited(), functools.partial(_awaited)],
    ids=["async def", "async generator", "__call__", "partial"],
)
def test_coroutines_are_refused(code):
    """They return no numbers when they are called; nothing of ours warns that nobody awaited."""
    for f, derivative, options in (
        ("x**2", code, {}),
        (code, lambda x: 2 * x, {"n": 1}),
        ("x**2", lambda x: 2 * x, {"function": code}),
    ):
        with pytest.raises(UsageError, match="async def") as raised:
            check(f, derivative, **options)
        assert "asyncio.run(" in str(raised.value)


def test_a_coroutine_that_is_returned():
    """It is no number; nothing of ours warns that nobody awaited it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = check("x**2", lambda x: _awaited(x))
        gc.collect()
    assert verdict.status == "wrong"
    assert "it returned a coroutine" in verdict.cause_detail
    with pytest.raises(UsageError, match="it returned a coroutine, not"):
        check(lambda x: _awaited(x), lambda x: 2 * x, n=1)


def test_a_callable_without_points():
    """A function without a formula needs points, a domain or n."""
    with pytest.raises(UsageError, match="needs points"):
        check(lambda x: x**2, lambda x: 2 * x)


@pytest.mark.parametrize("box", [(-1e308, 1e308), (0, 0), (5e-324, 1e-323), (1e300, 1e307)])
def test_extreme_boxes(box):
    """A box as wide as the doubles, or one point, is no reason to stumble."""
    assert check("2*x + 1", lambda x: 2.0, domain=[box]).status in {"ok", "proved"}


def test_nothing_to_check():
    """A function that is defined nowhere is undecided, with the reason."""
    verdict = check("log(-1 - x**2)", lambda x: x)
    assert (verdict.status, bool(verdict)) == ("undecided", False)
    assert "no derivative at any of the" in str(verdict)


def test_a_random_function():
    """Code of f that is random decides nothing, and is said to be random."""
    rng = np.random.default_rng(0)
    verdict = check("x**2", lambda x: 2 * x, function=lambda x: x**2 + rng.random())
    assert (verdict.status, verdict.cause) == ("undecided", "random")


def test_a_derivative_that_never_returns():
    """With a timeout it is undecided, soon, and the verdict says why."""
    leave = threading.Event()

    def waits(_x):
        leave.wait()
        return 0.0

    start = time.monotonic()
    verdict = check("x**2", waits, timeout=0.2)
    leave.set()
    assert time.monotonic() - start < 20
    assert (verdict.status, bool(verdict)) == ("undecided", False)
    assert "timeout: the check took more than 0.2 s" in str(verdict)


def test_a_timeout_changes_no_verdict():
    """A derivative that is quick enough is judged the same with a timeout as without."""
    for derivative in (lambda x: 3 * x, lambda x: 2 * x, lambda x: 1 / 0):
        assert check("x**2", derivative, timeout=60).status == check("x**2", derivative).status


def test_hundreds_of_variables():
    """Three hundred variables are checked, and one wrong entry is named."""
    f = " + ".join(f"x{i}**2" for i in range(300))

    def gradient(x):
        found = 2 * x
        found[123] = -found[123]
        return found

    verdict = check(f, gradient)
    assert [verdict.names[k] for k in verdict.components] == ["x123"]


def _slow(function, seconds):
    """Return the function, which now takes its time and can't be traced or run on balls."""

    def slowly(x):
        time.sleep(seconds)
        return float(str(float(function(float(x)))))

    return slowly


def test_what_was_judged_before_the_time_was_over_counts():
    """A slow f: a wrong sign is called wrong, a right derivative is undecided with the points."""
    started = time.perf_counter()
    wrong = check(_slow(math.sin, 0.002), lambda x: -math.cos(x), at=1.0, timeout=1.0)
    right = check(_slow(math.sin, 0.002), math.cos, at=1.0, timeout=1.0)
    assert time.perf_counter() - started < 4.0
    assert wrong.status == "wrong"
    assert wrong.worst is not None
    assert "timeout" in str(wrong)
    assert right.status == "undecided"
    assert 0 < right.points_tried < 41
    assert f"{right.points_tried} points had been judged" in str(right)
    assert "nothing was found wrong" in str(right)


def test_a_slow_derivative_of_a_formula_is_judged_as_far_as_it_got():
    """Thousands of points can't be asked for in time; those that were are not dropped."""
    verdict = check("sin(x)", _slow(lambda x: 1.5 * math.cos(x), 0.01), timeout=1.0)
    assert verdict.status == "wrong"
    assert verdict.points_tried > 0


# Above 10 each point takes about a second: whether the sign jumps there can't be proven.
_SLOW = "x**2 + where(x > 10, sign(sin(x)**2 + cos(x)**2 - 1), 0)"


def test_the_time_is_kept_while_the_exact_derivative_is_computed():
    """Points whose truth isn't known in time are counted; a wrong sign at the others is wrong."""
    points = [1.0, 2.0, *np.linspace(20, 30, 60)]
    for sign, status in ((1.0, "undecided"), (-1.0, "wrong")):
        started = time.perf_counter()
        verdict = check(_SLOW, lambda x, s=sign: 2 * s * x, at=points, timeout=1)
        assert time.perf_counter() - started < 3.0
        assert verdict.status == status
        found = re.search(r"(\d+) of 62 points were judged", str(verdict))
        assert found is not None
        assert 2 <= int(found[1]) < 62


def test_the_time_is_kept_while_the_function_is_compared():
    """The code of f is compared with its formula first, which takes as long."""
    started = time.perf_counter()
    verdict = check(_SLOW, lambda x: 2 * x, function=lambda x: x * x, domain=[(20, 30)], timeout=1)
    assert time.perf_counter() - started < 3.0
    assert verdict.status == "undecided"
    assert "timeout" in str(verdict)


class _Stalling:
    """A sum of sines that can't be looked into, and that never returns after so many calls."""

    def __init__(self, calls):
        self.left = calls
        self.leave = threading.Event()

    def __call__(self, x):
        self.left -= 1
        if self.left < 0:
            self.leave.wait()
        return float(str(float(np.sum(np.sin(x)))))

    def check(self, derivative, at):
        """Return the verdict on a derivative, when it stalls."""
        verdict = check(self, derivative, at=at, n=np.shape(at)[-1], timeout=1.0)
        self.leave.set()
        return verdict


def _wrong_sum(x):
    found = np.cos(x)
    found[1] = -found[1]
    return found


def test_entries_of_one_point_count_when_the_time_is_over():
    """Ten variables take hundreds of calls; those that were measured by then are judged."""
    point = np.linspace(0.1, 1.0, 10)
    wrong = _Stalling(200).check(_wrong_sum, point)
    right = _Stalling(200).check(np.cos, point)
    assert (wrong.status, wrong.components) == ("wrong", (1,))
    assert right.status == "undecided"
    assert re.search(r"[2-9] of 10 entries had been judged at one point", right.reason)
    assert "nothing was found wrong" in right.reason


@pytest.mark.parametrize(
    ("calls", "derivative", "says"),
    [
        (
            100,
            np.cos,
            r"[12] of 3 points had been judged by then and \d directions? at the next one",
        ),
        (
            64,
            lambda x: np.cos(x) + 1,
            r"0 of 3 points .* \d+ directions? at the .* along one it differs",
        ),
        (30, np.cos, "0 of 3 points .* 0 directions"),
        (5, np.cos, r"after \d+ calls of their code"),
    ],
)
def test_directions_count_when_the_time_is_over(calls, derivative, says):
    """The reason says how many points and directions were judged, and what they showed."""
    points = np.random.default_rng(0).normal(size=(3, 30))
    verdict = _Stalling(calls).check(derivative, points)
    assert verdict.status == "undecided"
    assert re.search(says, verdict.reason), verdict.reason


def test_wrong_entries_that_were_named_in_time_count():
    """A search that is cut short accuses those entries that it has confirmed."""
    point = np.random.default_rng(0).normal(size=(1, 100))

    def derivative(x):
        found = np.cos(x)
        found[4::5] *= 2 + np.arange(20)
        return found

    cut = _Stalling(150).check(derivative, point)
    assert cut.status == "wrong"
    assert 0 < len(cut.components) < 20
    assert all(k % 5 == 4 for k in cut.components)
    assert "timeout" in str(cut)


def test_our_own_work_counts_as_time_too():
    """What is done between calls of their code asks whether the time is over."""
    watch = Watch(0.01)
    watch.clock.look()
    time.sleep(0.02)
    with pytest.raises(OutOfTime):
        watch.clock.look()
    watch.stop()


def test_a_function_with_missing_entries_is_refused():
    """What is masked is no number, in f as in its derivative, alone and in a dict."""

    def masked(x):
        return np.ma.masked_array(np.sin(x), mask=[True] * len(x)).sum()

    verdict = check(masked, np.cos, at=[0.5, 1.0])
    assert verdict.cause == "wrong_function"
    assert "masked array" in str(verdict)

    def opaque(x):
        return np.ma.masked_array([float(str(v)) for v in x], mask=[True] * len(x))

    with pytest.raises(UsageError, match="masked array"):
        check(opaque, np.cos, at=[0.5, 1.0])
    hole = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    verdict = check(lambda p: np.sum(p["w"]), lambda p: {"w": hole}, at={"w": np.ones(2)})
    assert verdict.status == "wrong"
    assert "masked array" in str(verdict)


def test_lines_are_watched_in_whatever_wraps_a_function():
    """A partial of a method has lines of its own, and so has an object that can be called."""

    class Model:
        def __call__(self, x, rare=1e9):
            if x > rare:
                return 0.0
            return 2 * x

    for derivative in (Model(), functools.partial(Model(), rare=1e8)):
        verdict = check("x**2", derivative)
        assert any("return 0.0" in line for line in verdict.unreached_lines), verdict


def test_the_time_limit_holds_where_code_is_run_on_balls():
    """Each call of f counts, on whatever numbers; what doesn't return is left behind."""

    def slow(x):
        y = x[0]
        if np.asarray(x).dtype == object:
            time.sleep(0.3)
        for _ in range(3):  # it branches on its data, so it has no formula
            y = np.sqrt(y) * x[1] if y > 1 else y * y + x[1]
        return y

    start = time.monotonic()
    verdict = check(slow, lambda x: x, domain=[(0.2, 3)] * 2, timeout=1)
    assert time.monotonic() - start < 4
    assert verdict.status == "undecided"
    assert "timeout" in verdict.reason


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"at": [None]}, "holds None"),
        ({"derivative_order": True}, "derivative_order is True"),
        ({"stress": "yes"}, "stress is 'yes'"),
    ],
)
def test_what_is_no_number_or_no_answer_is_named(options, said):
    """None read as NaN, and True as 1, were taken for what somebody meant."""
    with pytest.raises(UsageError, match=said):
        check("x**2", lambda x: 2 * x, **options)


def test_no_points_and_lacking_keys_are_named():
    """What is missing says more than what came."""
    with pytest.raises(UsageError, match="no point"):
        check(lambda x: (x**2).sum(), lambda x: 2 * x, at=[])
    at = {"a": np.ones(2), "b": 1.0}
    verdict = check(lambda p: (p["a"] ** 2).sum() + p["b"], lambda p: {"a": 2 * p["a"]}, at=at)
    assert "without b" in verdict.cause_detail
