"""The zoo of black boxes: error bars hold, refusals are right, scaling changes nothing."""

from __future__ import annotations

import math
from statistics import median

import pytest

import symnum as sn
from tests.planted.black_boxes import answerable, refusable
from tests.planted.rough_boxes import rough

# Not one that the algorithm was tuned on.
SEED = 777_001

# One miss is allowed in a family of so few.
PER_FAMILY = 20


@pytest.fixture(scope="module")
def answers():
    """Return each black box of a fresh seed with what differentiate says of it."""
    return [(b, sn.differentiate(b.function, b.at)) for b in answerable(SEED, PER_FAMILY)]


def test_error_bars_hold(answers):
    """At least 99 % of the answers are within their bar, and 95 % in every family."""
    families = {b.family for b, _ in answers}
    misses = dict.fromkeys(families, 0)
    for box, found in answers:
        misses[box.family] += bool(found) and not box.error_of(found.value) <= found.error
    assert len(answers) >= 200
    assert sum(misses.values()) <= len(answers) / 100, misses
    assert max(misses.values()) <= PER_FAMILY / 20, misses


def test_most_are_answered(answers):
    """At least 97 % are answered."""
    assert sum(bool(found) for _, found in answers) >= 0.97 * len(answers)


def test_error_bars_are_sharp_and_cheap(answers):
    """The bar is within a factor of 30 of the error in the median, in 31 evaluations on average."""
    ratios = []
    for box, found in answers:
        if found:
            least = abs(box.truth) * 2.0**-54 or math.ulp(0.0)
            ratios.append(found.error / max(box.error_of(found.value), least))
    assert median(ratios) <= 30
    assert sum(found.evaluations for _, found in answers) / len(answers) <= 31


@pytest.mark.parametrize("box", list(refusable(SEED)), ids=lambda box: box.name)
def test_refusals_are_right(box):
    """What has no derivative is refused, for the right reason."""
    found = sn.differentiate(box.function, box.at)
    assert not found
    assert found.status in box.refusals, found.reason


@pytest.mark.parametrize(("k", "j"), [(3, -5), (-40, 20), (100, 60)])
def test_powers_of_two_change_nothing(k, j):
    """Scaling x and f by powers of two scales the answer, with the same evaluations."""
    # At "tiny" points f does not see x, so the scale is 1; random f differ between two calls.
    skipped = {"tiny", "stochastic", "noisy", "float32 inside", "scaled"}
    for box in answerable(SEED, 3):
        if box.family in skipped:
            continue

        def scaled(x, box=box):
            return 2.0**j * box.function(x * 2.0**k)

        plain, other = (
            sn.differentiate(box.function, box.at),
            sn.differentiate(scaled, box.at * 2.0**-k),
        )
        assert (plain.status, plain.evaluations) == (other.status, other.evaluations)
        if plain:
            assert other.value == plain.value * 2.0 ** (k + j)
            assert other.error == plain.error * 2.0 ** (k + j)


def test_second_derivatives_hold():
    """The bars of second derivatives hold on smooth functions of every scale."""
    boxes = [
        (lambda x: math.sin(x), lambda x: -math.sin(x)),
        (lambda x: math.exp(x), math.exp),
        (lambda x: 1 / (1 + x * x), lambda x: (6 * x * x - 2) / (1 + x * x) ** 3),
        (lambda x: math.log(x), lambda x: -1 / x**2),
    ]
    for function, exact in boxes:
        for x in (0.3, 1.0, 1.7, 2.9, 11.0):
            found = sn.differentiate(function, x, derivative_order=2)
            assert abs(found.value - exact(x)) <= found.error, (x, found)


def test_error_bars_hold_where_f_shows_little():
    """Stairs of cancelled digits, waves beneath noise, far from 0: refused, or within the bar."""
    boxes = list(rough(SEED, PER_FAMILY))
    misses = dict.fromkeys((b.family for b in boxes), 0)
    answered = dict(misses)
    for box in boxes:
        found = sn.differentiate(box.function, box.at)
        answered[box.family] += bool(found)
        misses[box.family] += bool(found) and not box.error_of(found.value) <= found.error
    assert max(misses.values()) <= PER_FAMILY / 20, misses
    assert sum(answered.values()) >= len(boxes) / 2, answered
