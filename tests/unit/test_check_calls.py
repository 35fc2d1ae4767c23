"""How somebody's code is called, as far as its signature says; and requests that can't be met."""

# ruff: noqa: D102, D103  # candidates are written as users write them, and names of tests say it

import math
from functools import wraps

import numpy as np
import pytest

from symnum import Formula, UsageError, check
from symnum.checking.claim import Form


def wrapper(*args, **named):
    """A decorator's function: what it hands on wants one array."""
    return _of_array(*args, **named)


def _of_array(x, scale=1.0):
    return scale * np.array([x[1], x[0]])


FORMS = {
    "several": (lambda *a: np.array([a[1], a[0]]), Form.FLOATS),
    "one and others": (lambda x, *rest: np.array([rest[0], x]), Form.FLOATS),
    "an array handed on": (wrapper, Form.ARRAY),
    "an array and a default": (_of_array, Form.ARRAY),
    "defaults": (lambda x=1.0, y=1.0: np.array([y, x]), Form.FLOATS),
    "a default": (lambda x, y=1.0: np.array([y, x]), Form.FLOATS),
    "by name": (lambda **named: np.array([named["y"], named["x"]]), Form.BY_NAME),
    "by name only": (lambda *, x, y: np.array([y, x]), Form.BY_NAME),
    "one by name": (lambda x, *, y: np.array([y, x]), Form.BY_NAME),
    "a dict by name": (lambda **named: {"x": named["y"], "y": named["x"]}, Form.BY_NAME),
}


@pytest.mark.parametrize("what", FORMS)
@pytest.mark.parametrize("options", [{}, {"at": [1.0, 2.0]}, {"domain": [(0, 1), (0, 1)]}])
def test_what_a_signature_allows(what, options):
    """Every signature that can take the variables is called with them."""
    gradient, form = FORMS[what]
    verdict = check("x*y", gradient, **options)
    assert verdict
    assert verdict.form == form
    twice = check("x*y + x", gradient, **options)
    assert (twice.status, twice.components) == ("wrong", (0,))


def test_one_variable():
    """So is that of one variable."""
    assert check("x**2", lambda *a: 2 * a[0])
    assert check("x**2", lambda **named: 2 * named["x"]).form == Form.BY_NAME


def test_arrays_by_name():
    """Arrays go by their names into what takes any name."""
    at = {"a": np.array([1.0, 2.0]), "b": 3.0}

    def gradient(**named):
        return {"a": named["b"] * np.ones(2), "b": named["a"].sum()}

    verdict = check(lambda p: p["b"] * p["a"].sum(), gradient, at=at)
    assert verdict
    assert verdict.form == Form.NAMED


def test_code_of_f_that_takes_any_number():
    """The code of f has the same forms."""
    assert check(lambda *a: a[0] * a[1], lambda *a: (a[1], a[0]), n=2)
    for function in (lambda *a: a[0] * a[1], lambda **named: named["x"] * named["y"]):
        assert check("x*y", lambda x, y: (y, x), function=function)


REQUESTS = {
    "too many": (
        "x*y",
        lambda x, y, z: (y, x * z),
        "takes (x, y, z), and is called with 2 numbers (x, y), or with one array of them",
    ),
    "too few": (
        "x*y*z",
        lambda x, y: (y, x),
        "takes (x, y), and is called with 3 numbers (x, y, z), or with one array of them",
    ),
    "two for one": ("x**2", lambda x, y: x * y, "takes (x, y), and is called with one number (x)"),
    "none": ("x**2", lambda: 2.0, "takes (), and is called with one number (x)"),
    "another by name": ("x**2", lambda x, *, scale: scale * x, "takes (x, *, scale)"),
    "a constant": ("a*e", lambda a, e: (e, a), "e is a number in the formula"),
    "a constant in a list": (["a*e", "e"], lambda a, e: ((e, a), (1, 0)), "e is a number"),
    "code": (lambda x: x[0] * x[1], lambda x, y, z: (y, x * z), "takes (x, y, z)"),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_what_cannot_be_called_is_no_wrong_derivative(what):
    """Who can't be called with the variables isn't accused: the request is at fault."""
    f, derivative, says = REQUESTS[what]
    with pytest.raises(UsageError) as raised:
        check(f, derivative, n=2 if callable(f) else None)
    assert str(raised.value).startswith("the derivative ")
    assert says in str(raised.value)


def test_the_code_of_f_that_cannot_be_called():
    """Nor is the code of f."""
    with pytest.raises(UsageError, match="the function takes \\(x, y, z\\)"):
        check("x*y", lambda x, y: (y, x), function=lambda x, y, z: x * y * z)


def test_a_signature_that_lies():
    """What a signature forbids and a call allows is called."""

    @wraps(_of_three)
    def gradient(x):
        return _of_three(x[0], x[1], 1.0)

    assert check("x*y", gradient)


def _of_three(x, y, scale):
    return scale * np.array([y, x])


def test_a_declared_e():
    """A variable that is declared wins, in lists as in one formula."""
    assert check(Formula("a*e", variables=["a", "e"]), lambda a, e: (e, a))
    assert check(Formula(["a*e"], variables=["a", "e"]), lambda a, e: [(e, a)])


def doubled_in_place(x):
    x *= 2
    return x


def single_precision_for_arrays(x):
    return np.cos(np.asarray(x, np.float32)).astype(float) if np.ndim(x) else np.cos(x)


@pytest.mark.parametrize(
    ("f", "derivative", "cause"),
    [
        ("x**2", doubled_in_place, "mutates"),
        ("sin(x)", single_precision_for_arrays, "shape"),
        ("sin(x)", lambda x: -np.cos(x) if np.ndim(x) else np.cos(x), "shape"),
    ],
)
def test_an_array_of_points_is_tried_as_an_array(f, derivative, cause):
    at = np.array([1.0, 2.0])
    verdict = check(f, derivative, at=at)
    assert (verdict.status, verdict.cause) == ("wrong", cause)
    # Nobody said that single numbers stand for arrays: worth knowing, and no mistake.
    single = check(f, derivative)
    assert single.status in {"ok", "proved"}
    assert len(single.violations) == 1


@pytest.mark.parametrize("derivative", [math.cos, lambda x: np.sum(np.cos(x))])
def test_what_takes_no_arrays_is_right_point_by_point(derivative):
    verdict = check("sin(x)", derivative, at=np.array([1.0, 2.0]))
    assert verdict.status == "proved"
    assert "point by point" in verdict.violations[0]
    assert not check("sin(x)", derivative, at=1.0).violations


@pytest.mark.parametrize("kind", [np.float64, np.ndarray])
def test_a_number_of_numpys_is_the_same_number(kind):
    verdict = check("sin(x)", lambda x: -np.cos(x) if isinstance(x, kind) else np.cos(x))
    assert (verdict.status, verdict.cause) == ("wrong", "dtype")


def test_rounding_in_arrays_is_none_of_a_scalar_code_s_mistakes():
    """1 - tanh(x)**2 has other last digits where NumPy's loops over arrays round otherwise."""
    at = np.linspace(1, 22, 40)
    assert check("tanh(x)", lambda x: 1 - np.tanh(x) ** 2, at=at).status == "proved"


class Lazy:
    """Answers something else in its first call."""

    def __init__(self):
        self.factor = None

    def __call__(self, x):
        if self.factor is None:
            self.factor = 2.0
            return 7.0
        return self.factor * x


@pytest.mark.parametrize("where", [{}, {"at": 1.5}, {"at": np.array([1.5, 2.0])}])
def test_the_first_call_of_all_counts(where):
    verdict = check("x**2", Lazy(), **where)
    assert (verdict.status, verdict.cause) == ("wrong", "stale")


def test_a_number_in_a_dict_is_written_into_as_well():
    def gradient(q):
        found = {"w": 2 * q["w"], "b": 2 * q["b"]}
        q["b"] = 0.0
        return found

    verdict = check(Formula("w0**2 + b**2", ["w0", "b"]), gradient, at={"w": np.ones(1), "b": 1.0})
    assert verdict.cause == "mutates"


class Warm:
    """Newton's method from where it ended last: an array would stay inside."""

    def __init__(self):
        self.root = 1.0

    def __call__(self, x):
        for _ in range(60):
            self.root = 0.5 * (self.root + x / self.root)
        return 0.5 / self.root


@pytest.mark.parametrize("where", [{"domain": [(0.5, 4)]}, {"at": np.array([1.0, 2.0])}])
def test_what_keeps_something_is_left_as_it_was_found(where):
    derivative = Warm()
    for _ in range(2):
        assert check("sqrt(x)", derivative, **where).status == "ok"
    assert np.ndim(derivative.root) == 0
