"""Code that keeps something from call to call: it is not proved, and late mistakes are seen."""

# ruff: noqa: D102, D103  # the functions of the tables are written as users write them

from __future__ import annotations

import itertools

import numpy as np
import pytest

from symnum.checking.check import check
from symnum.checking.memory import kept

COUNT = {"calls": 0}


def with_nonlocal(limit):
    calls = 0

    def derivative(x):
        nonlocal calls
        calls += 1
        return 2 * x if calls <= limit else 3 * x

    return derivative


def with_attribute(limit):
    def derivative(x):
        derivative.calls += 1
        return 2 * x if derivative.calls <= limit else 3 * x

    derivative.calls = 0
    return derivative


def with_global(limit):
    COUNT["calls"] = 0

    def derivative(x):
        COUNT["calls"] += 1
        return 2 * x if COUNT["calls"] <= limit else 3 * x

    return derivative


def with_iterator(limit):
    calls = itertools.count()
    return lambda x: 2 * x if next(calls) < limit else 3 * x


class Counting:
    """A derivative that counts its calls."""

    def __init__(self, limit):
        self.limit, self.calls = limit, 0

    def __call__(self, x):
        self.calls += 1
        return 2 * x if self.calls <= self.limit else 3 * x

    def method(self, x):
        return self(x)


KINDS = {
    "nonlocal": with_nonlocal,
    "attribute": with_attribute,
    "global": with_global,
    "iterator": with_iterator,
    "object": Counting,
    "method": lambda limit: Counting(limit).method,
}


@pytest.mark.parametrize("limit", [60, 100, 200, 500, 1000])
@pytest.mark.parametrize("kind", KINDS)
def test_code_that_goes_wrong_late_is_stale(kind, limit):
    verdict = check("x**2", KINDS[kind](limit))
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "stale")
    assert "calls" in verdict.cause_detail


@pytest.mark.parametrize("kind", KINDS)
def test_what_keeps_something_is_not_proved(kind):
    verdict = check("x**2", KINDS[kind](100_000))
    assert str(verdict.status) == "ok"
    assert "not proved" in verdict.reason


DATA = np.linspace(0, 1, 5)
TABLE = {"two": 2.0}


def lazy():
    found = {}

    def derivative(x):
        if "two" not in found:
            found["two"] = 2.0
        return found["two"] * x

    return derivative


@pytest.mark.parametrize(
    "candidate",
    [
        lambda x: TABLE["two"] * x,
        lambda x: 2 * x + 0 * DATA[0],
        lazy(),
    ],
)
def test_what_is_only_read_or_set_up_once_may_be_proved(candidate):
    assert str(check("x**2", candidate).status) == "proved"


def test_what_is_kept_is_seen_and_nothing_is_run():
    class Loud:
        def __repr__(self):
            raise AssertionError

        def __eq__(self, other):
            raise AssertionError

        __hash__ = None

    loud, log, state = Loud(), [], np.zeros(3)
    generator = np.random.default_rng(0)

    def function(x):
        return loud, log, state, generator, TABLE, x

    before = kept(function)
    assert kept(function) == before
    log.append(1)
    assert kept(function) != before
    log.clear()
    assert kept(function) == before
    state[1] = 2.0
    assert kept(function) != before
    state[1] = 0.0
    generator.random()
    assert kept(function) != before


def test_circles_end():
    chain = []
    chain.append(chain)

    def function(x):
        return function, chain, x

    assert kept(function) == kept(function)
