"""check() on a part of the planted suite, with fixed thresholds; benchmarks/ runs all of it."""

from __future__ import annotations

import warnings

import pytest

from tests.planted.gradients import suite
from tests.planted.gradients.suite import Result

PROBLEMS = 8


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Return what came of the first problems of either half: right gradients and bugs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the planted code's own
        return [
            result
            for split in ("dev", "held")
            for result in suite.run(suite.symnum_check, split, per_slip=1, limit=PROBLEMS // 2)
        ]


def share(values: list[bool]) -> float:
    """Return the share of a list that is true."""
    assert values
    return sum(values) / len(values)


def test_there_is_enough_to_judge(results):
    """The part holds hundreds of bugs and dozens of right gradients."""
    assert sum(not r.right for r in results) >= 200
    assert sum(r.right and not r.lost for r in results) >= 35


def test_nothing_crashes(results):
    """Whatever a derivative does, check answers."""
    assert [r for r in results if r.status == "crash"] == []


def test_no_right_gradient_is_accused(results):
    """No right gradient is called wrong, nor left undecided."""
    right = [r for r in results if r.right and not r.lost]
    assert [r for r in right if r.status not in {"ok", "proved", "inaccurate"}] == []


def test_bugs_are_caught(results):
    """At least 98 % of the bugs are caught."""
    assert share([r.caught for r in results if not r.right]) >= 0.98, suite.failures(results)


def test_components_are_right(results):
    """Where there is something to name, at least 97 % name exactly the wrong components."""
    named = [r for r in results if r.caught and r.components_exact is not None]
    assert share([bool(r.components_exact) for r in named]) >= 0.97, suite.failures(results)


def test_causes_are_right(results):
    """At least 90 % of the causes are right, under a name of the same numbers."""
    blamed = [r for r in results if not r.right and r.status == "wrong"]
    assert share([r.cause_accepted for r in blamed]) >= 0.90, suite.failures(results)
