"""`proved` is said only of code whose trace does what the code does."""

# ruff: noqa: D103  # the functions of the tables are written as users write them

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from scipy import special

from symnum.checking.check import check
from symnum.checking.proof import reproduces
from symnum.formula.trace import trace, trace_with_conditions

# An error that is smaller than the detection limit of 2e-15: only the trace can tell.
BENEATH = 1 + 1e-15


def by_text(x):
    return 2 * x if "traced" in repr(x) else 2 * x * BENEATH


def by_format(x):
    return 2 * x if f"{x}".startswith("<") else 2 * x * BENEATH


def by_bytes(x):
    try:
        pickle.dumps(x)
    except Exception:
        return 2 * x
    return 2 * x * BENEATH


def by_type(x):
    return 2 * x * BENEATH if type(x) in (float, np.float64, np.ndarray) else 2 * x


def by_hash(x):
    try:
        {x: 1}  # noqa: B018  # it hashes
    except Exception:
        return 2 * x
    return 2 * x * BENEATH


def by_attribute(x):
    return 2 * x if hasattr(x, "recorder") else 2 * x * BENEATH


@pytest.mark.parametrize(
    "candidate", [by_text, by_format, by_bytes, by_type, by_hash, by_attribute]
)
def test_code_that_tells_a_trace_from_numbers_is_not_proved(candidate):
    """It agrees with the exact derivative as far as anybody can see, and that is no proof."""
    assert str(check("x**2", candidate, domain=[(1, 1.9)]).status) == "ok"


def test_ok_alone_would_not_do():
    """The trace of such code is the exact derivative, and its answers are explained by rounding."""
    found = trace_with_conditions(by_attribute, shape=())
    assert (str(found.formula), found.conditions) == ("2*x", ())
    points = np.linspace(1, 1.9, 50)
    given = np.array([by_attribute(x) for x in points.tolist()])
    assert not reproduces(found.formula.program, points[:, None], given[:, None])
    assert reproduces(found.formula.program, points[:, None], 2 * points[:, None])


def steps_in_place(x):
    out = np.zeros(2)
    for i in range(2):
        x[i] += 0.5
        above = x[0] ** 2 + x[1] ** 2
        x[i] -= 1.0
        below = x[0] ** 2 + x[1] ** 2
        x[i] += 0.5
        out[i] = above - below
    return out


def test_the_trace_of_steps_in_place_is_right():
    """Each step reads what the steps before have written."""
    found = trace_with_conditions(steps_in_place, 2)
    assert found.writes
    x = np.array([0.3, -1.7])
    np.testing.assert_array_equal(found.formula(x), steps_in_place(x.copy()))


def test_writing_into_the_argument_is_no_proof():
    """Where the last point's bits are put back by luck, other points show that it writes."""
    verdict = check("x0**2 + x1**2", steps_in_place, at=[[1.0, 2.0]])
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "mutates")


def test_code_that_restores_its_argument_may_be_proved():
    """What counts is what is left in the argument."""

    def restores(x):
        kept = x[0]
        x[0] = 2 * kept
        answer = np.array([x[0], 1.0])
        x[0] = kept
        return answer

    assert str(check("x0**2 + x1", restores, at=[[1.0, 2.0]]).status) == "proved"


WEIGHTS = np.random.default_rng(2).normal(size=(20, 3))
TEXT = " + ".join(
    f"({'+'.join(f'({w!r})*x{j}' for j, w in enumerate(row))})**2" for row in WEIGHTS.tolist()
)


@pytest.mark.parametrize(
    ("f", "candidate", "options"),
    [
        ("x**3 + x", lambda x: 3 * x**2 + 1, {}),
        ("exp(x)*sin(x)", lambda x: math.exp(x) * (math.sin(x) + math.cos(x)), {}),
        ("exp(-x**2/2)", lambda x: -x * np.exp(-(x**2) / 2), {}),
        ("sin(x0)*x1", lambda x: np.array([np.cos(x[0]) * x[1], np.sin(x[0])]), {}),
        ("softplus(x)", special.expit, {}),
        (TEXT, lambda x: 2 * (WEIGHTS.T @ (WEIGHTS @ x)), {}),
        ("x0*x1", lambda x0, x1: (x1, x0), {}),
        ("x**2", lambda x: 2 * x[0], {"at": [[0.5]]}),
    ],
)
def test_right_code_is_still_proved(f, candidate, options):
    """A library's functions and the order of long sums round otherwise, and are explained."""
    for seed in range(3):
        assert str(check(f, candidate, seed=seed, **options).status) == "proved"


def test_an_escape_from_nan_is_no_proof():
    """It answers 0 where the exact derivative has no value, and its trace doesn't."""

    def slope(x):
        with np.errstate(all="ignore"):
            value = 1 / x
        return np.where(np.isfinite(value), value, 0.0)

    assert str(check("log(x)", slope, domain=[(1, 2)]).status) == "ok"


def test_the_form_that_is_traced_is_the_form_that_was_judged():
    """A function of one variable is traced with an array where it was asked with arrays."""

    def other_for_floats(x):
        return 2 * x[0] if np.ndim(x) else 2 * x + 0 * np.sin(x)

    verdict = check("x**2", other_for_floats, at=[[0.5]])
    assert (verdict.form, str(verdict.status)) == ("an array of shape (n,)", "proved")


def test_what_is_not_finite_is_not_compared():
    """Where the code raises or answers NaN nothing is known of it, and its trace may be finite."""
    program = trace(lambda x: 2 * x, shape=()).program
    assert reproduces(program, np.array([[1.0], [2.0]]), np.array([[2.0], [np.nan]]))
