"""Points where variables are equal, or 0: the usual subgradients are right there, others aren't."""

from __future__ import annotations

import numpy as np
import pytest

from symnum import check
from symnum.checking.neighbours import beside, jumps_beside, may_tie


def _one(x, i):
    """Return 1 at one entry."""
    return (np.arange(len(x)) == i) * 1.0


def _second(x):
    return np.argsort(x, kind="stable")[1]


def _trimmed(x):
    order = np.argsort(x, kind="stable")[1:-1]
    return sum(_one(x, i) for i in order) / len(order)


CASES = {
    "median": (np.median, lambda x: _one(x, _second(x))),
    "median, shared": (np.median, lambda x: (x == np.median(x)) / np.sum(x == np.median(x))),
    "second": (lambda x: np.sort(x)[1], lambda x: _one(x, _second(x))),
    "trimmed mean": (lambda x: np.mean(np.sort(x)[1:-1]), _trimmed),
    "max": (np.max, lambda x: _one(x, np.argmax(x))),
    "median as a formula": ("max(min(a,b),min(max(a,b),c))", lambda x: _one(x, _second(x))),
    "shared, as a formula": (
        "max(min(a,b),min(max(a,b),c))",
        lambda x: (x == np.median(x)) / np.sum(x == np.median(x)),
    ),
    "pairs": (
        lambda x: np.sum(np.abs(x[:, None] - x[None, :])),
        lambda x: 2 * np.sum(np.sign(x[:, None] - x[None, :]), axis=1),
    ),
}
POINTS = ([1.0, 1.0, 1.0], [1.0, 1.0, 2.0], [0.0, 0.0, 0.0], [0.3, 0.7, 0.3])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_the_usual_subgradient_is_right_at_a_tie(name, point):
    """Also where no partial derivative shows a kink, as in the middle of three equal numbers."""
    f, gradient = CASES[name]
    verdict = check(f, gradient, at=np.array(point))
    assert verdict.status in {"ok", "proved"}, str(verdict)


@pytest.mark.parametrize("n", [8, 12])
def test_many_equal_numbers(n):
    """Points beside them are far enough apart to be believed."""
    verdict = check(lambda x: np.mean(np.sort(x)[1:-1]), _trimmed, at=np.ones(n))
    assert verdict.status in {"ok", "proved"}, str(verdict)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("slip", [-1.0, 2.0])
def test_a_tie_hides_no_mistake(name, slip):
    """What lies between the branches is right, and nothing else."""
    f, gradient = CASES[name]
    point = np.array([1.0, 1.0, 2.0])
    verdict = check(f, lambda x: slip * gradient(x), at=point)
    assert verdict.status == "wrong", str(verdict)


def test_points_beside_a_tie_have_every_coordinate_in_every_place():
    """So that each of several equal numbers is the one in the middle once."""
    near = beside(np.ones(5), 2.0**-20)
    assert {int(np.argsort(x)[2]) for x in near} == set(range(5))
    assert not may_tie(near).any()
    assert may_tie(np.array([[1.0, -1.0], [0.0, 2.0], [1.0, 2.0]])).tolist() == [True, True, False]


def test_what_shrinks_with_the_distance_is_no_jump():
    """A smooth derivative differs beside the point as well, by less the nearer it is asked."""
    point, rounding = np.ones(2), np.full(2, 1e-15)
    low, high = jumps_beside(point, lambda x: x**2, rounding)
    assert np.isnan(low).all()
    assert np.isnan(high).all()
    low, high = jumps_beside(point, lambda x: np.sign(x - 1), rounding)
    assert low.tolist() == [-1.0, -1.0]
    assert high.tolist() == [1.0, 1.0]
