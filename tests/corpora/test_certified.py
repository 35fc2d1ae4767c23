"""Every problem of the zoo is certified where it has a derivative, and named where it has none."""

from __future__ import annotations

import numpy as np
import pytest

from symnum import Status, zoo

COUNT = 20
PROBLEMS = zoo.problems()
POINTS = [(problem, point) for problem in PROBLEMS for point in problem.points]

ANSWERED = {Status.CERTIFIED, Status.ZERO}
NAMED = {Status.KINK, Status.JUMP, Status.POLE, Status.EDGE, Status.REMOVABLE, Status.UNDEFINED}

# Points that can't be certified: of which problem, which points, and why.
UNDECIDED = {
    "Probabilities in a clustering algorithm": (
        lambda at: max(at["s"], at["t"]) > 14_000,
        "1 - 1/(1 + exp(-s)) cancels s/log(2) bits: above 14,000 more than the 20,480 bits that "
        "symnum goes to",
    ),
}

# Awkward points at which not everything that is true is proven, and why.
UNPROVEN = {
    ("reciprocal sine", "no limit from either side"): "an essential singularity has no series",
    ("self power", "the edge: the derivative is unbounded"): "x*log(x) has no power series at 0",
    ("Complex square root", "the negative axis"): (
        "along the axis the root is of something that is 0 there and nowhere else"
    ),
}


def statuses(problem: zoo.Problem, at: object) -> np.ndarray:
    """Return the statuses of all first partial derivatives at a point or an array of points."""
    return np.asarray(problem.formula().jacobian().exact(at).status)


def is_hard(problem: zoo.Problem, point: list[float]) -> bool:
    """Tell whether the table excuses a point."""
    if problem.name not in UNDECIDED:
        return False
    return bool(UNDECIDED[problem.name][0](dict(zip(problem.variables, point, strict=True))))


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_sampled_points_are_certified(problem):
    """All partial derivatives are certified at 20 sampled points that the table doesn't excuse."""
    n = len(problem.variables)
    sample = problem.sample(4 * COUNT).reshape(-1, n).tolist()
    points = np.array([point for point in sample if not is_hard(problem, point)][:COUNT])
    assert len(points) == COUNT
    found = statuses(problem, points if n > 1 else points[:, 0])
    assert set(found.ravel()) <= ANSWERED


@pytest.mark.parametrize("name", UNDECIDED)
def test_excused_points_are_undecided(name):
    """Where the table says that nothing can be proven, symnum says so and doesn't guess."""
    problem = zoo.get(name)
    sample = problem.sample(4 * COUNT).reshape(-1, len(problem.variables)).tolist()
    hard = next(point for point in sample if is_hard(problem, point))
    found = statuses(problem, hard)
    assert Status.UNDECIDED in found
    assert set(found) <= ANSWERED | {Status.UNDECIDED}


@pytest.mark.parametrize(
    ("problem", "point"), POINTS, ids=[f"{problem.name}: {point.why}" for problem, point in POINTS]
)
def test_awkward_points_have_their_status(problem, point):
    """What is claimed of an awkward point comes out, and every awkward point has a named status."""
    found = statuses(problem, point.at).reshape(-1, len(problem.variables))
    if (problem.name, point.why) in UNPROVEN:
        assert Status.UNDECIDED in found
        proven = [status is not Status.UNDECIDED for status in found[0]]
        assert all(a == b for a, b, p in zip(found[0], point.status, proven, strict=True) if p)
    elif point.status:
        assert [str(status) for status in found[0]] == list(point.status)
    else:
        assert set(found.ravel()) <= ANSWERED | NAMED


def test_every_named_status_occurs():
    """The zoo has awkward points of every kind."""
    claimed = {status for _, point in POINTS for status in point.status}
    assert claimed >= {"certified", "zero", "kink", "jump", "pole", "edge", "removable"}


def test_the_tables_are_needed():
    """No exception names a problem or a point that isn't there."""
    assert set(UNDECIDED) <= set(zoo.names())
    assert set(UNPROVEN) <= {(problem.name, point.why) for problem, point in POINTS}
