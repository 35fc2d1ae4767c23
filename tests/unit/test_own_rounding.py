"""A right derivative that loses all its digits to rounding is inaccurate, and a bug is wrong."""

# ruff: noqa: ARG005, D103  # derivatives take arguments that they have no use for; names say it

import math

import numpy as np
import pytest
from scipy.special import expit

import symnum as sn

TINY = [
    {"at": 1e-15},
    {"domain": [(-1e-14, 1e-14)]},
    {"at": 1e-15, "domain": [(-1e-14, 1e-14)], "seed": 3},
    {"at": 2.0**-60},
]


@pytest.mark.parametrize("where", TINY)
def test_right_on_paper_is_not_wrong(where):
    """x + 2 pi swallows a small x: smooth in every precision, and rounding all the same."""
    verdict = sn.check("cos(x)", lambda x: -np.sin(x + 2 * np.pi), **where)
    assert verdict.status == "inaccurate"
    assert "no digit is left" in verdict.reason


def test_far_out_in_a_tail_no_proof_is_asked_for(monkeypatch):
    """tanh' at 1e10 rounds to 0; whether it is 0 makes no difference to a derivative in doubles."""

    def never(_self):
        raise AssertionError

    monkeypatch.setattr("symnum.formula.prove.Prover._start", never)
    verdict = sn.check("tanh(x)", lambda x: 1 - math.tanh(x) ** 2, domain=[(-100, 100)])
    assert verdict.status == "proved"


@pytest.mark.parametrize("power", [-60, 60])
def test_the_units_change_nothing(power):
    """Scaled by a power of two it is as inaccurate as before."""
    scale = 2.0**power
    verdict = sn.check(
        f"cos(x*2**{-power})",
        lambda x: -np.sin(x / scale + 2 * np.pi) / scale,
        at=1e-15 * scale,
    )
    assert verdict.status == "inaccurate"


@pytest.mark.parametrize("where", TINY)
@pytest.mark.parametrize(
    "bug",
    [
        lambda x: np.sin(x + 2 * np.pi),
        lambda x: -2 * np.sin(x + 2 * np.pi),
        lambda x: -(1 + 1e-12) * np.sin(x + 2 * np.pi),
        lambda x: -np.sin(x + 2 * 3.14159265358979),
        lambda x: -np.sin(x + 2 * np.pi) + 1e-9 * x,
        lambda x: -np.sin(2 * x + 2 * np.pi),
        lambda x: -np.tan(x + 2 * np.pi),
        lambda x: 2e-16,
        lambda x: np.where(np.abs(x) < 1e-9, 1, -1) * np.sin(x + 2 * np.pi),
        lambda x: -np.sin(x + 2 * np.pi) * (x == x / 2),
    ],
)
def test_bugs_that_hide_in_the_rounding_stay_wrong(bug, where):
    """Near 0 their errors are those of the right one; on paper they are not the derivative."""
    assert sn.check("cos(x)", bug, **where).status == "wrong"


def test_several_variables():
    """Each component is its own case: the other one's bug is found."""

    def gradient(x, y):
        return -np.sin(x + 2 * np.pi) * y, np.cos(x)

    def wrong(x, y):
        return -np.sin(x + 2 * np.pi) * y, np.cos(x) * 1.01

    box = [(-1e-15, 1e-15), (1, 2)]
    assert sn.check("cos(x)*y", gradient, domain=box).status == "inaccurate"
    verdict = sn.check("cos(x)*y", wrong, domain=box)
    assert (verdict.status, 1 in verdict.components) == ("wrong", True)


def sigmoid(x):
    """Return the logistic function; all that follow lose their digits where it is nearly 1."""
    return 1 / (1 + np.exp(-x))


def by_math(x):
    """Return its derivative, at a float."""
    s = 1 / (1 + math.exp(-x))
    return s * (1 - s)


def opaque(x):
    """Return the same from code that can't be traced."""
    return float(repr(by_math(x)))


def softmax(x, y):
    """Return the gradient of the first of two probabilities."""
    p = np.exp(x) / (np.exp(x) + np.exp(y))
    return p * (1 - p), -p * (1 - p)


def weibull(x):
    """Return a density as books have it: by its distribution."""
    cumulative = 1 - np.exp(-((x / 2) ** 1.5))
    return 0.75 * (x / 2) ** 0.5 * (1 - cumulative)


SIGMOID = "1/(1+exp(-x))"
SATURATED = {
    "sigmoid": (SIGMOID, lambda x: sigmoid(x) * (1 - sigmoid(x)), [(-100, 100)]),
    "far out": (SIGMOID, lambda x: sigmoid(x) * (1 - sigmoid(x)), [(40, 60)]),
    "beyond the doubles": (SIGMOID, lambda x: sigmoid(x) * (1 - sigmoid(x)), [(-700, 2000)]),
    "expit": (SIGMOID, lambda x: expit(x) * (1 - expit(x)), [(-100, 100)]),
    "math": (SIGMOID, by_math, [(-40, 40)]),
    "opaque": (SIGMOID, opaque, [(-40, 40)]),
    "softmax": ("exp(x)/(exp(x)+exp(y))", softmax, [(-20, 20), (-20, 20)]),
    "Weibull": ("1-exp(-(x/2)**1.5)", weibull, [(0.01, 100)]),
}


@pytest.mark.parametrize("name", SATURATED)
def test_saturation_is_not_a_mistake(name):
    """p (1 - p) is 0 once p rounds to 1: no digit is left, and it is right on paper."""
    formula, derivative, domain = SATURATED[name]
    verdict = sn.check(formula, derivative, domain=domain)
    assert (verdict.status, verdict.cause) == ("inaccurate", None)


def test_saturation_in_a_dict_of_arrays():
    """The layers of a network saturate, in whatever form they are handed over."""

    def loss(p):
        return np.sum(np.tanh(np.tanh(p["W"] @ np.array([12.0, -7.0])) * p["v"]))

    def gradient(p):
        x = np.array([12.0, -7.0])
        h = np.tanh(p["W"] @ x)
        out = np.tanh(h * p["v"])
        delta = 1 - out * out
        return {"W": np.outer(delta * p["v"] * (1 - h * h), x), "v": delta * h}

    def transposed(p):
        right = gradient(p)
        return {"W": right["W"].T, "v": right["v"]}

    at = {"W": np.array([[0.5, -1.5], [1.0, 1.2]]) * 2, "v": np.array([4.0, 2.0])}
    assert sn.check(loss, gradient, at=at).status in {"ok", "proved", "inaccurate"}
    assert sn.check(loss, transposed, at=at).status == "wrong"


MISTAKES = {
    "factor": (lambda x: 1.01 * sigmoid(x) * (1 - sigmoid(x)), "factor", "101/100 everywhere"),
    "tail cut off": (
        lambda x: np.where(x > 20, 0.0, sigmoid(x) * (1 - sigmoid(x))),
        "region",
        "x >= 20",
    ),
    "factor left out in the tail": (
        lambda x: sigmoid(x) * (1 - sigmoid(x) * (x < 20)),
        "region",
        "x >= 20",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_seen_beside_saturation(name):
    """Its own rounding is taken out of what is held against it: the cause is that of the rest."""
    derivative, cause, words = MISTAKES[name]
    verdict = sn.check(SIGMOID, derivative, domain=[(-100, 100)])
    assert (verdict.status, verdict.cause) == ("wrong", cause)
    assert words in verdict.cause_detail


def norm_gradient(x, y):
    """Return the gradient of a length as books have it: its squares overflow."""
    r = np.sqrt(x * x + y * y)
    return x / r, y / r


@pytest.mark.parametrize(("share", "status"), [(1.0, "inaccurate"), (1.01, "wrong")])
@pytest.mark.parametrize("box", [(1e199, 1e200), (1e-161, 1e-160)])
def test_overflow_inside_is_no_mistake_in_the_formula(box, share, status):
    """Its answer is 0, or has few digits: right on paper. A factor on top of that is a mistake."""

    def derivative(x, y):
        return tuple(share * part for part in norm_gradient(x, y))

    verdict = sn.check("hypot(x, y)", derivative, domain=[box, box])
    assert verdict.status == status


def stable_sigmoid(x):
    p = 1 / (1 + np.exp(-x)) if x >= 0 else np.exp(x) / (1 + np.exp(x))
    return p * (1 - p)


def flipped_sigmoid(x):
    p = 1 / (1 + np.exp(-x)) if x >= 0 else np.exp(x) / (1 + np.exp(x))
    return p * (1 - p) if x < 20 else -p * (1 - p)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("where", [{"at": 40.0}, {"domain": [(-700, 700)]}])
def test_of_code_that_branches_each_path_is_right_on_paper(where, seed):
    """p*(1 - p) has no digit left where p rounds to 1, on the one path and on the other."""
    verdict = sn.check("1/(1 + exp(-x))", stable_sigmoid, seed=seed, **where)
    assert verdict.status == "inaccurate"


@pytest.mark.parametrize("seed", range(3))
def test_a_path_that_is_wrong_on_paper_stays_wrong(seed):
    """It has the other sign only where hardly a digit is left."""
    verdict = sn.check("1/(1 + exp(-x))", flipped_sigmoid, domain=[(-36, 36)], seed=seed)
    assert verdict.status == "wrong"


@pytest.mark.parametrize(
    ("f", "derivative", "where"),
    [
        ("tanh(x)", "1 - tanh(x)**2", {"at": 20.0}),
        ("tanh(x)", "1 - tanh(x)**2", {"domain": [(-100, 100)]}),
        ("sin(x)/x", "(x*cos(x) - sin(x))/x**2", {"domain": [(1e-8, 10)]}),
        ("1/(1 + exp(-x))", "(1/(1 + exp(-x)))*(1 - 1/(1 + exp(-x)))", {"domain": [(30, 60)]}),
        ("exp(-x)", "sinh(x) - cosh(x)", {"domain": [(20, 60)]}),
    ],
)
def test_a_derivative_given_as_text_is_looked_into_too(f, derivative, where):
    assert sn.check(f, derivative, **where).status in {"proved", "inaccurate"}


LOSING = [
    ("1 - tanh(x)", lambda x: np.tanh(x) ** 2 - 1, lambda x: 1 - np.tanh(x), {"domain": [(0, 60)]}),
    ("log(1 + exp(x))", expit, lambda x: math.log(1 + math.exp(x)), {"domain": [(-40, -20)]}),
    ("log(1 - exp(-x))", lambda x: 1 / np.expm1(x), lambda x: np.log(1 - np.exp(-x)), {"at": 50.0}),
]


@pytest.mark.parametrize("timeout", [None, 60])
@pytest.mark.parametrize(("f", "slope", "code", "where"), LOSING)
def test_code_of_f_that_loses_its_digits_is_no_other_function(f, slope, code, where, timeout):
    verdict = sn.check(f, slope, function=code, timeout=timeout, **where)
    assert verdict.status in {"ok", "proved"}


def test_code_of_f_that_keeps_fewer_digits_than_its_formula_is_said():
    verdict = sn.check("expm1(x)", np.exp, function=lambda x: np.exp(x) - 1, domain=[(0, 1e-9)])
    assert verdict.status == "proved"
    assert "the function is the formula, but loses digits" in verdict.violations[0]


@pytest.mark.parametrize(
    "code", [lambda x: 1 - 1.01 * np.tanh(x), lambda x: 1 - np.tanh(x + 1e-9), lambda x: np.tanh(x)]
)
def test_code_of_another_function_does_not_hide_behind_lost_digits(code):
    verdict = sn.check(
        "1 - tanh(x)", lambda x: np.tanh(x) ** 2 - 1, function=code, domain=[(0, 60)]
    )
    assert verdict.cause == "wrong_function"


def in_a_slab(derivative, low, high, value):
    """Return a derivative that is another number between two points."""
    return lambda x: np.where((x > low) & (x < high), value, derivative(x))


def upper(x):
    """Return the derivative of a sigmoid, which is accurate above 0."""
    return sigmoid(x) * sigmoid(-x)


# What is returned in a slab of 1 % of the box is as small as the derivative there, and not it.
SLABS = {
    "of tanh": ("tanh(x)", in_a_slab(lambda x: np.cosh(x) ** -2.0, 24, 25, 1e-20)),
    "of a sigmoid": ("1/(1 + exp(-x))", in_a_slab(upper, 44, 45, 1e-20)),
    "nearer": ("tanh(x)", in_a_slab(lambda x: 1 - np.tanh(x) ** 2, 10, 11, 1e-20)),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SLABS)
def test_a_slab_is_seen_where_the_derivative_saturates(name, seed):
    """It is no lost digit beside values that are right to the last one."""
    formula, candidate = SLABS[name]
    verdict = sn.check(formula, candidate, domain=[(-50, 50)], seed=seed)
    assert (str(verdict.status), str(verdict.cause)) in {
        ("wrong", "region"),
        ("wrong", "unexplained"),
    }


def opaque_pair(derivative):
    """Return it as code that can't be traced."""
    return lambda x, y: [float(repr(float(part))) for part in derivative(x, y)]


PAIRS = {
    "y/(1 + exp(-x))": lambda x, y: (y * sigmoid(x) * (1 - sigmoid(x)), sigmoid(x)),
    "y**3*tanh(x)": lambda x, y: (y**3 * (1 - np.tanh(x) ** 2), 3 * y * y * np.tanh(x)),
    "tanh(x)*tanh(y)": lambda x, y: (
        (1 - np.tanh(x) ** 2) * np.tanh(y),
        np.tanh(x) * (1 - np.tanh(y) ** 2),
    ),
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("formula", PAIRS)
def test_what_a_factor_hides_of_lost_digits_is_no_mistake(formula, seed):
    """Between two units of 1 - p, y (1 - p) is as smooth as a mistake, and no multiple of any."""
    box = [(-60, 60), (-3, 3)]
    verdict = sn.check(formula, opaque_pair(PAIRS[formula]), domain=box, seed=seed)
    assert str(verdict.status) in {"ok", "inaccurate"}
