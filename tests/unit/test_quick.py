"""The quick reference: the same truth as the full one, but for what takes a long proof."""

from __future__ import annotations

import time

import numpy as np
import pytest

import symnum as sn
from symnum.checking.reference import reference_of
from symnum.testing.quick import QuickReference


@pytest.mark.parametrize("text", ["x*exp(x) + sin(x)/3", "abs(x)*x + abs(x - 1)", "sqrt(x + 3)*x"])
def test_it_agrees_with_the_full_reference(text):
    """Values, bounds, kinks and what is known are those of the full reference, in one variable."""
    f = sn.Formula(text)
    points = np.concatenate([np.linspace(-2.9, 3, 60), [0.0, 1.0, -1.0]])[:, None]
    full, quick = reference_of(f, 1).at(points), QuickReference(f).at(points)
    assert np.array_equal(full.known, quick.known)
    assert np.array_equal(full.hull, quick.hull)
    assert np.all(np.abs(full.exact - quick.exact)[full.known] <= full.bound[full.known])
    assert np.allclose(full.bound, quick.bound, rtol=1e-12)
    assert np.array_equal(
        reference_of(f, 1).certified(points[:9]), QuickReference(f).certified(points[:9])
    )


def test_where_doubles_cancel_it_still_knows():
    """The derivative of (1-cos(x))/x**2 is known near 0, where its program in doubles is lost."""
    f = sn.Formula("(1 - cos(x))/x**2")
    reference = QuickReference(f)
    point = np.array([1e-9])
    exact = f.derivative().exact(1e-9).hi
    assert reference.certified(point[None])[0, 0] == exact
    truth = reference.at(point[None])
    assert np.abs(truth.exact[0, 0] - exact) <= truth.bound[0, 0]
    assert not abs(reference.in_doubles(point)[0] - exact) <= abs(exact)


def test_what_takes_a_long_proof_is_left_out():
    """Where a derivative is all but 0, no value is known, at once: certify asks for seconds."""
    reference = QuickReference(sn.Formula("tanh(exp(exp(x)))"))
    start = time.perf_counter()
    assert np.isnan(reference.certified(np.array([[7.0]]))).all()
    assert time.perf_counter() - start < 2.0
    assert np.isfinite(reference.certified(np.array([[0.125]]))).all()


def test_along_several_variables_only_kinks_of_their_own_are_known():
    """At the corner of max(x, y) both components have a kink; of abs(x)*y one is left out."""
    corner = QuickReference(sn.Formula("max(x, y)")).at(np.array([[1.0, 1.0]]))
    assert corner.known.all()
    assert corner.hull.all()
    half = QuickReference(sn.Formula("abs(x)*y")).at(np.array([[0.0, 1.0]]))
    assert half.known.tolist() == [[True, False]]
