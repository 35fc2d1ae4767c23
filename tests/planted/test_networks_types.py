"""What a candidate's arrays are made of: types, precisions and names."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest

import symnum as sn
from symnum.nets import check_network
from tests.planted.test_networks import backpropagation, case
from tests.planted.test_networks_undescribed import CASES

NAMES = ("described", *CASES)


def checked(name, change, *, before=lambda *arguments: arguments):
    """Check backpropagation whose arrays, or arguments, are changed."""

    def candidate(params, x, t):
        found = backpropagation(*before(params, x, t))
        return {k: change(v) for k, v in found.items()}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if name == "described":
            network, params, x, t = case(seed=1)
            return check_network(network.loss, candidate, params, network, x=x, t=t)
        loss, params, x, t = CASES[name](1)
        return check_network(loss, candidate, params, x=x, t=t)


@pytest.mark.parametrize("name", NAMES)
def test_imaginary_parts_are_not_dropped(name):
    """Planted: an imaginary part. Without one, complex numbers are real."""
    verdict = checked(name, lambda v: v + 1j)
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "dtype"), str(verdict)
    assert "imaginary parts up to 1" in verdict.cause_detail
    assert checked(name, lambda v: v.astype(complex))


@pytest.mark.parametrize("name", NAMES)
def test_objects_that_are_numbers_are_numbers(name):
    """And texts are none."""
    assert checked(name, lambda v: v.astype(object))
    assert checked(name, lambda v: np.vectorize(Fraction, otypes=[object])(v))
    for change in (lambda v: v.astype(str), lambda v: v.astype(str).astype(object)):
        with pytest.raises(sn.UsageError, match="arrays of real numbers"):
            checked(name, change)


@pytest.mark.parametrize("name", NAMES)
def test_integers_are_named(name):
    """Planted: entries below 1, written into arrays of integers."""
    verdict = checked(name, lambda v: v.astype(int))
    assert (str(verdict.status), str(verdict.cause)) == ("wrong", "dtype"), str(verdict)
    assert "int64" in verdict.cause_detail


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_is_inaccurate(name):
    """With the digits that it keeps."""
    verdict = checked(name, lambda v: v.astype(np.float16))
    assert (str(verdict.status), str(verdict.cause)) == ("inaccurate", "float16"), str(verdict)
    assert "digits of the largest entries are right" in verdict.cause_detail


def all_single(params, x, t):
    """Return arguments in single precision."""
    return {k: v.astype(np.float32) for k, v in params.items()}, np.float32(x), np.float32(t)


def single_parameters(params, x, t):
    """Return parameters in single precision, and the rest as it is."""
    return all_single(params, x, t)[0], x, t


@pytest.mark.parametrize("before", [all_single, single_parameters])
@pytest.mark.parametrize("name", NAMES)
def test_single_precision_inside_is_inaccurate(name, before):
    """Planted: float32 inside, and float64 returned."""
    verdict = checked(name, lambda v: v.astype(float), before=before)
    assert (str(verdict.status), str(verdict.cause)) == ("inaccurate", "float32"), str(verdict)
    assert "computed in single precision and returned as float64" in verdict.cause_detail


@pytest.mark.parametrize("name", NAMES)
def test_single_precision_excuses_no_mistake(name):
    """Planted: a sign, in each precision."""
    for dtype in (np.float16, np.float32):
        verdict = checked(name, lambda v, dtype=dtype: -v.astype(dtype))
        assert str(verdict.status) == "wrong", str(verdict)
    verdict = checked(name, lambda v: -v.astype(float), before=all_single)
    assert str(verdict.status) == "wrong", str(verdict)
    assert str(checked(name, lambda v: v * (1 + 1e-6)).status) == "wrong"


@pytest.mark.parametrize("described", [True, False])
def test_an_array_that_is_no_parameters_is_said(described):
    """Once, and the answer on the others stands."""
    network, params, x, t = case()

    def more(params, x, t):
        return {**backpropagation(params, x, t), "W9": np.ones(3)}

    loss, given = (None, (network,)) if described else (CASES["entries"](0)[0], ())
    verdict = check_network(loss, more, params, *given, x=x, t=t)
    assert verdict, str(verdict)
    assert verdict.note == "it also returns W9, which is no parameter"
    assert str(verdict).count("W9") == 1
    assert check_network(loss, backpropagation, params, *given, x=x, t=t).note == ""


def test_a_candidate_that_refuses_large_logits_is_right():
    """What it does far away is asked for once all entries are right, and no error leaks."""
    network, params, x, t = case()

    def refuses(params, x, t):
        if np.abs(params["b2"]).max() > 500.0:
            msg = "too large"
            raise RuntimeError(msg)
        return backpropagation(params, x, t)

    assert check_network(None, refuses, params, network, x=x, t=t)
    assert check_network(CASES["entries"](0)[0], refuses, params, x=x, t=t)
