"""What is right at a kink, wherever it lies: all between the one-sided derivatives."""

import numpy as np
import pytest

from symnum import Formula, check
from symnum.checking.claim import Candidate, Form
from symnum.checking.code_reference import DualReference
from symnum.checking.reference import reference_of
from symnum.formula.bounds import RoundingBound

# Formula, kink, and the one-sided derivatives of every component.
KINKS = [
    ("max(x - 1, 0)", (1.0,), [(0, 1)]),
    ("max(x, 2*x - 1)", (1.0,), [(1, 2)]),
    ("max(x**2, 3*x - 2)", (1.0,), [(2, 3)]),
    ("max(x, y)", (1.0, 1.0), [(0, 1), (0, 1)]),
    ("abs(x - y)", (1.0, 1.0), [(-1, 1), (-1, 1)]),
    ("abs(x + y - 2)*z", (1.0, 1.0, 3.0), [(-3, 3), (-3, 3), (0, 0)]),
    ("min(max(x, -1), 1)", (1.0,), [(0, 1)]),
    ("min(max(x, -1), 1)", (-1.0,), [(0, 1)]),
    ("2*max(x - 1, 0) - max(x - 1, 0)", (1.0,), [(0, 1)]),
    ("max(1e8 + x, 1e8 + y)", (1.0, 1.0), [(0, 1), (0, 1)]),
    ("max(2*x + 0.3, x + 0.3)", (0.0,), [(1, 2)]),
    ("abs(x)", (0.0,), [(-1, 1)]),
]


@pytest.mark.parametrize(("f", "point", "sides"), KINKS)
def test_all_between_the_sides_is_right_and_nothing_else(f, point, sides):
    """A ball that straddles a kink is half a jump wider at either end than what is right."""
    truth = reference_of(Formula(f), 1).at(np.array([point]))
    low, high = np.transpose(sides)
    np.testing.assert_allclose(truth.exact[0] - truth.bound[0], low, atol=1e-12)
    np.testing.assert_allclose(truth.exact[0] + truth.bound[0], high, atol=1e-12)
    assert np.all(truth.exact[0] - truth.bound[0] <= low)
    assert np.all(truth.exact[0] + truth.bound[0] >= high)


@pytest.mark.parametrize(
    ("f", "x"),
    [("abs(x - 0.3)", 0.3), ("abs(x - 0.3)", 0.1 + 0.2), ("max(sin(x), cos(x))", np.pi / 4)],
)
def test_what_rounding_takes_for_a_kink_is_one(f, x):
    """3/10 is no double: at 0.3 the derivative is known, and a program may give either side's."""
    truth = reference_of(Formula(f), 1).at(np.array([[x]]))
    slopes = [float(Formula(f).derivative()(x + step)) for step in (-1e-9, 1e-9)]
    assert truth.hull.all()
    ends = truth.exact[0, 0] - truth.bound[0, 0], truth.exact[0, 0] + truth.bound[0, 0]
    np.testing.assert_allclose(ends, slopes, atol=1e-8)


def relu(x):
    """Code with a branch: it has no formula."""
    return x - 1 if x > 1 else 0.0 * x


@pytest.mark.parametrize(("x", "sides"), [(1.0, (0, 1)), (1 + 2.0**-52, (0, 1)), (2.0, (1, 1))])
def test_kinks_of_code(x, sides):
    """Code that branches has the same kinks."""
    truth = DualReference(Candidate(relu, Form.FLOAT, ()), ("x",), 1).at(np.array([[x]]))
    ends = truth.exact[0, 0] - truth.bound[0, 0], truth.exact[0, 0] + truth.bound[0, 0]
    np.testing.assert_allclose(ends, sides, atol=1e-12)


@pytest.mark.parametrize("f", ["max(x - 1, 0)", relu])
@pytest.mark.parametrize(
    ("value", "status"), [(-0.4, "wrong"), (0.0, "ok"), (0.5, "ok"), (1.0, "ok"), (1.4, "wrong")]
)
def test_values_at_a_kink_away_from_0(f, value, status):
    """Half a jump beyond either side is wrong there as it is at 0."""
    verdict = check(f, lambda x: value if x == 1 else float(x > 1), at=1.0)
    assert verdict.status == status
    if verdict:
        (note,) = verdict.violations
        assert note == "at x = 1 f has a kink: any value from 0 to 1 is right there"


def test_nan_next_to_a_kink_is_a_finding():
    """0.3 in doubles: (x - 0.3)/|x - 0.3| is 0/0 there, though 3/10 lies elsewhere."""
    verdict = check("abs(x - 0.3)", lambda x: np.divide(x - 0.3, abs(x - 0.3)), at=0.3)
    assert verdict
    assert verdict.violations == ("it is nan at x = 0.3, which doubles can't tell from a kink",)
    noted = check("abs(x - 0.3)", lambda x: np.sign(x - 0.3), at=0.3)
    assert noted.violations == (
        "at x = 0.3 doubles can't tell a kink of f: any value from -1 to 1 is right there",
    )


def test_a_formula_that_is_at_a_kink_everywhere_is_left_in_peace():
    """max(x + y, y + x) has no side to look at; nobody looks for one at every point."""
    assert check("max(x + y, y + x)", lambda _x, _y: np.ones(2))


def hidden_units(p):
    """Return a loss of two ReLUs without biases at three samples, and what its gradient needs."""
    inputs, targets = np.array([[1.0, -1.0], [0.5, 2.0], [-1.0, 0.25]]), np.array([1.0, 0.0, -1.0])
    before = inputs @ p[:4].reshape(2, 2)
    after = np.maximum(before, 0)
    return inputs, before, after, after @ p[4:6] - targets


@pytest.mark.parametrize("at_zero", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("factor", [1, -2])
def test_relus_at_zero_by_any_convention(at_zero, factor):
    """Both sides along an axis have the slope -2: the branches in between show along none."""

    def gradient(p):
        inputs, before, after, rest = hidden_units(p)
        slope = np.where(before == 0, at_zero, before > 0)
        inner = 2 * rest[:, None] * p[4:6] * slope
        return factor * np.concatenate([(inputs.T @ inner).ravel(), 2 * after.T @ rest])

    point = np.array([0.0, 0, 0, 0, 1, -1])
    box = [(x, x) for x in point]
    verdict = check(lambda p: np.sum(hidden_units(p)[3] ** 2), gradient, at=point, domain=box)
    # Twice nothing is nothing: with relu'(0) = 0 the whole gradient is 0 there.
    assert verdict.status == ("ok" if factor == 1 or at_zero == 0 else "wrong")


def test_no_kink_where_all_sides_agree():
    """What ties might come to doesn't count where they cancel: there is one derivative."""
    truth = reference_of(Formula("max(x, y) + min(x, y)"), 1).at(np.array([[0.0, 0.0], [1.0, 1.0]]))
    np.testing.assert_allclose(truth.exact, 1.0)
    assert np.all(truth.bound < 1e-12)


def test_a_kink_that_a_variable_does_not_move_is_none_of_its_derivatives():
    """Where 435 distances are summed, a tie of two is a kink in two variables and no more."""
    f = Formula("abs(x - y) + abs(x - z) + abs(y - z) + w**2")
    program = reference_of(f, 1).derivative
    roots = [entry.root for entry in program.entries]
    paths = [entry.path for entry in program.entries]
    point = np.array([[2.0, 1.0, 1.0, 3.0]])  # w, x, y, z in the order of their names
    assert f.variables == ("w", "x", "y", "z")
    hull = RoundingBound(program.program, roots, paths).at(point).hull[0]
    assert hull.tolist() == [False, True, True, False]
    assert RoundingBound(program.program, roots).at(point).hull.all()


@pytest.mark.parametrize("f", ["sign(x)*y", "where(x < 0, 2, 1)*y", "floor(x)*y"])
def test_a_jump_that_a_variable_does_not_move_shows_in_its_derivative(f):
    """By y it is 1 or 2, and a computation takes the side that x rounds to."""
    derivative = reference_of(Formula(f), 1).derivative
    bound = RoundingBound(
        derivative.program,
        [entry.root for entry in derivative.entries],
        [entry.path for entry in derivative.entries],
    )
    hull = bound.at(np.array([[0.0, 1.0]]), round_zero=1e-300).hull[0]
    assert hull.all()


def test_only_what_is_asked_for_is_certified():
    """Each kink takes many expansions: 30 components at each tie of two would take seconds."""
    gradient = Formula("abs(x - y) + z").jacobian()
    points = np.array([[1.0, 1.0, 2.0], [1.0, 2.0, 3.0]])
    wanted = np.array([[True, False, True], [True, True, True]])
    found = gradient.certify(points, wanted=wanted)
    assert found.status[0].tolist() == ["kink", "undecided", "certified"]
    assert np.all(found.status[1] == "certified")
