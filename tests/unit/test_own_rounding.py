"""A right derivative that loses all its digits to rounding is inaccurate, and a bug is wrong."""

# ruff: noqa: ARG005 - derivatives take arguments that they have no use for

import math

import numpy as np
import pytest

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
    assert verdict.status != "undecided"


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
