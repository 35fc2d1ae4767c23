"""check and differentiate of code nobody can look into: what they refuse, and what they say."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from symnum import UsageError, check, differentiate, gradient
from tests.unit.test_check_steps import opaque


def failing(error):
    """Return sin, which raises above 2."""

    def f(x):
        if x[0] > 2:
            raise error
        return float(np.sum(np.sin(x)))

    return opaque(f)


@pytest.mark.parametrize("error", [ValueError("no table"), RuntimeError("it does not converge")])
@pytest.mark.parametrize("n", [1, 3, 40])
def test_a_point_that_was_asked_for_and_not_judged_is_no_ok(error, n):
    """Nothing wrong elsewhere doesn't answer what was asked."""
    verdict = check(failing(error), np.cos, at=np.full(n, 3.0))
    assert verdict.status == "undecided"
    assert str(error) in str(verdict)


def test_one_judged_point_is_an_answer_and_the_other_is_named():
    """What was not judged is in the notes."""
    at = np.array([[3.0, 1.0], [1.0, 1.0]])
    verdict = check(failing(ValueError("no table")), np.cos, at=at)
    assert verdict.status == "ok"
    assert "not judged at x0 = 3, x1 = 1: f can't be evaluated" in str(verdict)


def test_a_solver_that_fails_near_by_is_no_end_of_the_check():
    """Where it raises it has no value; at the point itself it is asked for one."""
    f = failing(RuntimeError("it does not converge"))
    found = differentiate(f, 1.9)
    assert abs(found.value - math.cos(1.9)) <= found.error < 1e-9
    assert "it does not converge" in differentiate(f, 2.0).reason
    with pytest.raises(UsageError, match="it does not converge at x = 3"):
        differentiate(f, 3.0)


def test_f_that_takes_no_array_is_told_how_points_are_counted():
    """A list of numbers is one point without a formula: the message says so."""

    def f(x):
        return math.sin(float(x.hex() and x))

    for function in (f, math.sin, lambda x: math.sin(x)):
        with pytest.raises(UsageError, match="pass n=1 if each entry is a point"):
            check(function, np.cos, at=[1.0, -2.0, 1e-9])
        assert check(function, np.cos, at=[1.0, -2.0, 1e-9], n=1).status in {"ok", "proved"}


def test_random_f_of_many_parameters_is_called_random():
    """And not merely noisy."""
    rng = np.random.default_rng(0)
    f = opaque(lambda x: float(np.sum(np.sin(x)) + 1e-3 * rng.normal()))
    assert "f is random" in check(f, np.cos, at=np.ones(1000)).reason


def test_a_factor_is_written_to_the_digits_that_are_known():
    """Beside an offset of 1e12 few are."""
    f = opaque(lambda x: 1e12 + np.sum(np.exp(x)))
    verdict = check(f, lambda x: 1.2345 * np.exp(x), at=np.linspace(0, 1, 50))
    assert verdict.cause == "factor"
    assert "given/exact = 1.2, about" in verdict.cause_detail


def test_parameters_in_nested_dicts_have_paths():
    """As layers of a model keep them."""

    def loss(p):
        return float(np.sum(p["a"]["w"] ** 2) + 3 * p["b"])

    def right(p):
        return {"a": {"w": 2 * p["a"]["w"]}, "b": 3.0}

    def wrong(p):
        return {"a": {"w": p["a"]["w"]}, "b": 3.0}

    at = {"a": {"w": np.ones(2)}, "b": 1.0}
    assert check(loss, right, at=at)
    verdict = check(loss, wrong, at=at)
    assert verdict.cause == "factor"
    assert verdict.names[0] == "a.w[0]"
    with pytest.raises(UsageError, match=r"have the path 'a\.w'"):
        check(loss, right, at={"a": {"w": np.ones(2)}, "a.w": 1.0})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: check(opaque(np.sum), np.ones_like, at=np.ones(3), progress=True), "=print"),
        (lambda: gradient(np.sum, np.ma.array([1.0, 2.0], mask=[0, 1])), "masked array"),
        (lambda: check(np.sum, np.ones_like, at=np.ma.array([1.0, 2.0], mask=[0, 1])), "masked"),
        (lambda: gradient(len, {"w": np.ones(2)}), "np.concatenate"),
        (lambda: check(lambda p: 1.0, lambda p: p, at={}), "empty dict"),  # noqa: ARG005
    ],
)
def test_what_is_no_request_is_refused_with_what_would_be_one(call, words):
    """Each message says what to write instead."""
    with pytest.raises(UsageError, match=words):
        call()


def test_half_of_a_thousand_wrong_entries_is_wrong_though_few_are_named():
    """What every direction shows is no matter of doubt; which entries they are, is."""
    x = np.random.default_rng(1).normal(size=1200)
    factor = np.where(np.arange(1200) < 600, 2, 1)
    verdict = check(
        opaque(lambda p: np.tanh(p).sum()), lambda p: factor * (1 - np.tanh(p) ** 2), at=x
    )
    assert (verdict.status, verdict.cause) == ("wrong", "unexplained")
    assert str(verdict).startswith("wrong: many comp") or "many more" in str(verdict)
    assert all(k < 600 for k in verdict.components)


def test_a_point_is_not_doubted_for_the_rounding_of_differences():
    """Wide differences that agree with the measured slope to 1e-12 speak for it."""
    f = opaque(lambda p: (p[0] ** 2 + p[1] ** 2) * p[2])

    def gradient(p):
        return np.array([2 * p[0] * p[2], 2 * p[1] * p[2], 1.1 * (p[0] ** 2 + p[1] ** 2)])

    verdict = check(f, gradient, at=np.array([1.0, 2.0, 1.5]))
    assert verdict.status == "wrong"
    assert "not judged" not in str(verdict)


@pytest.mark.parametrize("seed", ["a", -1, 1.5, None, True])
def test_a_seed_is_a_whole_number(seed):
    """Refused before NumPy sees it."""
    with pytest.raises(UsageError, match="a whole number from 0 on"):
        differentiate(math.sin, 1.0, seed=seed)
    with pytest.raises(UsageError, match="a whole number from 0 on"):
        gradient(np.sum, np.ones(2), seed=seed)


def test_a_dict_of_lists_of_arrays_is_refused_by_name():
    """NumPy's own words would say nothing of the dict."""
    with pytest.raises(UsageError, match="the entry 'l' of at holds arrays of different shapes"):
        check(opaque(np.sum), np.ones_like, at={"l": [np.ones(2), np.ones(3)]})


def test_a_hessian_that_takes_too_long_is_judged_as_far_as_it_got():
    """Entries that were measured by then count."""

    def f(x):
        time.sleep(0.01)
        return float.fromhex(float(np.sum(np.sin(x) * x[::-1])).hex())

    verdict = check(f, lambda _: np.zeros((5, 5)), at=np.ones(5), derivative_order=2, timeout=1.5)
    assert "of 25 entries had been judged at one point" in verdict.reason, str(verdict)


def test_what_is_said_of_differences_is_never_empty():
    """Nor where a Hessian leaves the range of doubles."""
    for size in (1e154, 1e200, 1e300):

        def f(x, size=size):
            return float.fromhex(float(size * x[0] ** 2 * x[1]).hex())

        for order in (1, 2):
            verdict = check(
                f, lambda _, o=order: np.zeros((2,) * o), at=[1e4, 1.0], derivative_order=order
            )
            assert "differences: \n" not in verdict.reason


def test_a_table_is_no_cancellation():
    """Its pieces are said to be those of a table, too."""
    grid = np.linspace(-6, 6, 4001)

    def f(x):
        return float.fromhex(float(np.interp(x, grid, np.sin(grid))).hex())

    verdict = check(f, math.cos, n=1)
    assert verdict.status == "undecided", str(verdict)
    assert "pieces" in verdict.reason
