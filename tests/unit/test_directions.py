"""Wrong entries of a gradient, found from derivatives along directions."""

from __future__ import annotations

import numpy as np
import pytest

from symnum.checking.blocks import blocks_of
from symnum.checking.directions import Slope, find_wrong_entries


class Ideal:
    """Derivatives of a linear function, with an error of known size and a price."""

    def __init__(self, gradient, noise=1e-13, seed=0, least_error=0.0):
        self.gradient = gradient
        self.noise = noise
        self.rng = np.random.default_rng(seed)
        self.evaluations = 0
        self.least_error = least_error

    def _measure(self, direction, price):
        self.evaluations += price
        size = self.noise * np.linalg.norm(self.gradient)
        value = float(direction @ self.gradient) + size * self.rng.uniform(-0.5, 0.5)
        return Slope(value, size)

    def full(self, direction):
        """Find everything out: 30 evaluations."""
        return self._measure(direction, 30)

    def cheap(self, direction, bar):
        """Use what is known: 8 evaluations, or 2 where little will do."""
        return self._measure(direction, 2 if bar else 8)

    def alone(self, direction, bar):  # noqa: ARG002  # both cost the same here
        """Use two steps."""
        return self._measure(direction, 2), self._measure(direction, 2)


def found(n, wrong, seed=0, blocks=(), noise=1e-13):
    """Return what is found where some entries are off, and what was paid."""
    gradient = np.random.default_rng(seed).normal(size=n)
    claim = gradient.copy()
    for index, change in wrong.items():
        claim[index] = change(claim[index])
    return find_wrong_entries(Ideal(gradient, noise), claim, seed, blocks)


@pytest.mark.parametrize("n", [1, 2, 10, 1000, 10_000])
def test_a_right_gradient_is_quiet(n):
    """Nothing is accused, and every entry has a limit."""
    for seed in range(20):
        answer = found(n, {}, seed)
        assert not answer.wrong
        assert not answer.undecided
        assert np.all(np.isfinite(answer.limit))
        assert answer.evaluations <= 30 + 3 * 8


@pytest.mark.parametrize(
    "change", [lambda _: 0.0, lambda x: -x, lambda x: 1.1 * x, lambda x: x * (1 + 1e-4)]
)
@pytest.mark.parametrize("n", [2, 10, 1000, 10_000])
def test_one_wrong_entry_is_named(n, change):
    """One wrong entry of many is named, in about 50 evaluations."""
    prices = []
    for seed in range(20):
        index = seed * 7919 % n
        answer = found(n, {index: change}, seed)
        assert set(answer.wrong) == {index}
        prices.append(answer.evaluations)
    assert np.median(prices) <= 55
    assert max(prices) <= 140


def test_several_wrong_entries_are_named():
    """Several wrong entries are all named, and no right one."""
    for seed in range(10):
        where = {int(k): (lambda x: 1.5 * x + 0.1) for k in range(17 * seed + 3, 10_000, 1999)}
        answer = found(10_000, where, seed)
        assert set(answer.wrong) == set(where)
        assert answer.evaluations <= 60 + 30 * len(where)


def test_a_swapped_pair_is_found():
    """Two entries that change places don't hide behind equal magnitudes."""
    for seed in range(10):
        gradient = np.random.default_rng(seed).normal(size=1000)
        claim = gradient.copy()
        claim[[3, 500]] = claim[[500, 3]]
        assert set(find_wrong_entries(Ideal(gradient), claim, seed).wrong) == {3, 500}


def test_one_factor_is_not_a_thousand_wrong_entries():
    """A gradient that is off by a factor throughout is told from the first two directions."""
    gradient = np.random.default_rng(0).normal(size=1000)
    for factor in (-1.0, 0.5, 2.0, 0.0):
        answer = find_wrong_entries(Ideal(gradient), factor * gradient, 0)
        assert answer.factor == pytest.approx(factor, abs=1e-9)


def test_blocks_are_told_apart_first():
    """Known blocks are the first parts; they need not be of one size."""
    answer = found(1000, {999: lambda x: -x}, blocks=blocks_of([(990,), (2, 4), (2,)]))
    assert set(answer.wrong) == {999}


def test_what_is_not_finite_is_named_for_nothing():
    """NaN and infinity in the claim cost no evaluation."""
    answer = found(100, {7: lambda _: np.nan, 9: lambda _: np.inf})
    assert (set(answer.wrong), answer.evaluations) == ({7, 9}, 0)


def test_the_limit_is_what_is_seen():
    """An error of the stated limit is always seen; of a hundredth of it, never named."""
    for seed in range(20):
        limit = found(100, {}, seed, noise=1e-9).limit[50]

        def off(by, seed=seed, limit=limit):
            return found(100, {50: lambda x: x + by * limit}, seed, noise=1e-9)

        assert off(1).wrong or off(1).undecided
        assert off(2).wrong or off(2).undecided
        assert not off(0.01).wrong


PATTERNS = {
    "the usual limit in every entry": lambda limit, _: np.full(len(limit), np.median(limit)),
    "the largest limit in every entry": lambda limit, _: np.full(len(limit), limit.max()),
    "each entry's own": lambda limit, rng: limit * rng.choice([-1.0, 1.0], len(limit)),
    "one entry": lambda limit, rng: limit * (np.arange(len(limit)) == rng.integers(len(limit))),
    "a pair of one size": lambda limit, rng: pair(limit, rng, 1.0),
    "a pair of opposite signs": lambda limit, rng: pair(limit, rng, -1.0),
    "a tenth": lambda limit, _: np.where(np.arange(len(limit)) % 10 == 3, np.median(limit), 0.0),
    "a sine": lambda limit, _: np.median(limit) * np.sin(1 + np.arange(len(limit))),
    "alternating signs": lambda limit, _: np.median(limit) * (-1.0) ** np.arange(len(limit)),
}


def pair(limit, rng, sign):
    """Return the same error in two entries."""
    error = np.zeros(len(limit))
    one, other = rng.choice(len(limit), 2, replace=False)
    error[one] = max(limit[one], limit[other])
    error[other] = sign * error[one]
    return error


@pytest.mark.parametrize("n", [30, 100, 1000, 10_000])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("least_error", [0.0, 2.0**-20])
def test_ten_limits_are_seen_whatever_their_pattern(least_error, pattern, n):
    """Errors of ten limits in some entries never pass, nor as what a solver may be off by."""
    for seed in range(6 if n < 10_000 else 2):
        rng = np.random.default_rng([seed, n])
        gradient = rng.normal(size=n)
        right = find_wrong_entries(Ideal(gradient, least_error=least_error), gradient, seed)
        claim = gradient + 10 * PATTERNS[pattern](right.limit, rng)
        answer = find_wrong_entries(Ideal(gradient, least_error=least_error), claim, seed)
        assert answer.names_some or answer.undecided or answer.factor, (seed, answer)


def test_what_a_solver_may_be_off_by_passes():
    """A little in every entry, each by another share, is held against nobody, and said."""
    for n in (30, 1000, 10_000):
        for seed in range(6):
            rng = np.random.default_rng([seed, n])
            gradient = rng.normal(size=n)
            claim = gradient * (1 + rng.normal(size=n) * 10.0 ** -(7 + seed % 3))
            answer = find_wrong_entries(Ideal(gradient, least_error=2.0**-20), claim, seed)
            assert not answer.names_some
            assert not answer.undecided
            assert "solver" in answer.note


def test_a_function_without_a_derivative_is_left_open():
    """Where two directions have no derivative the answer is open, with the reason."""

    class Kinked(Ideal):
        def full(self, direction):
            """Find a kink."""
            self.evaluations += 30 * len(direction) // len(direction)
            return Slope(np.nan, np.inf, "a kink")

    answer = find_wrong_entries(Kinked(np.ones(5)), np.ones(5), 0)
    assert answer.undecided == "a kink"
    assert not answer.wrong
