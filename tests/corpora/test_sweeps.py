"""Every FPBench formula is swept, and the four parts of each error add up to it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from symnum import StepStatus, central, complex_step, sweep, zoo

PARTS = ("truncation", "step_rounding", "evaluation", "arithmetic")
STEPS = [1e-9, 1e-6, 1e-3]

# By which variables the complex step has no meaning: they decide which branch is taken.
BRANCHING = {
    "smartRoot": {"c"},
    "cav10": {"x"},
    "squareRoot3": {"x"},
    "squareRoot3Invalid": {"x"},
    "triangleSorted": {"a", "b"},
}

# Of most of this one's domain nothing can be certified: test_certified.py says why.
POINTS = {"Probabilities in a clustering algorithm": [[1.0, 2.0, 0.5, -0.5]]}


@pytest.mark.parametrize("problem", zoo.problems("fpbench"), ids=lambda p: p.name)
def test_parts_of_the_error_add_up(problem):
    """Truncation, step rounding, evaluation and arithmetic sum to the error, within the radius."""
    point = np.array(POINTS.get(problem.name, problem.sample(1, seed=21))).reshape(1, -1)
    at = point if point.shape[1] > 1 else point[:, 0]
    scale = max(1e-6, float(np.abs(point).max()))
    swept = sweep(problem.formula(), at, [central(), complex_step()], np.array(STEPS) * scale)
    told = 0
    for run in swept.runs:
        nonanalytic = (run.status == StepStatus.NONANALYTIC).all(axis=(0, 2))
        found = {v for v, flag in zip(problem.variables, nonanalytic, strict=True) if flag}
        assert found == (BRANCHING.get(problem.name, set()) if run.scheme.is_complex else set())
        for index in zip(*np.nonzero(run.status == StepStatus.CERTIFIED), strict=True):
            parts = [Fraction(float(getattr(run, name)[index])) for name in PARTS]
            rest = sum(parts) - Fraction(float(run.error[index]))
            assert abs(rest) <= Fraction(float(run.radius[index]))
            told += 1
    assert told > 0
