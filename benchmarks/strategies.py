"""How long Hypothesis takes to draw formulas with points, and bugs; and what check makes of those.

    .venv/bin/python benchmarks/strategies.py [FORMULAS] [BUGS]

The time includes all of Hypothesis, and what is imported on the first use of a formula.
"""

from __future__ import annotations

import platform
import sys
import time
from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import symnum as sn
from symnum.testing import PlantedBug, derivative_property, formulas, gradients_with_a_bug, points

TARGET = 10.0  # seconds for 1,000 formulas
QUIET = settings(database=None, derandomize=True, deadline=None)


def seconds(run: Callable[[], None]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def drawing(count: int) -> tuple[Callable[[], None], Counter[str]]:
    """Return a run that draws formulas with a point each, and the statuses of what it draws."""
    statuses: Counter[str] = Counter()

    @settings(QUIET, max_examples=count, phases=[Phase.generate])
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        f = data.draw(formulas())
        statuses[str(f.exact(data.draw(points(f))).status)] += 1

    return draw, statuses


def bugs(count: int) -> list[tuple[sn.Formula, PlantedBug]]:
    """Return formulas with a wrong gradient each, none twice."""
    found: dict[tuple[str, str], tuple[sn.Formula, PlantedBug]] = {}

    @settings(
        QUIET, max_examples=count, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        f = data.draw(formulas())
        try:
            bug = data.draw(gradients_with_a_bug(f))
        except sn.UsageError:  # a function without a derivative anywhere
            return
        found[str(f), bug.description] = (f, bug)

    draw()
    return list(found.values())


def fails(f: sn.Formula, bug: PlantedBug) -> bool:
    """Say whether a property of a wrong gradient fails."""
    try:
        derivative_property(f, bug.gradient, settings=QUIET)()
    except AssertionError:
        return True
    return False


def main() -> int:
    """Measure, print, and tell whether the target is met."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    planted = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    print(f"Python {platform.python_version()}, symnum {sn.__version__}")
    draw, statuses = drawing(count)
    took = seconds(draw)
    met = took <= TARGET * count / 1_000
    said = ", ".join(f"{number} {status}" for status, number in statuses.most_common())
    print(
        f"{count} formulas with points: {took:.2f} s (target {TARGET * count / 1_000:g} s); {said}"
    )
    cases = bugs(planted)
    caught: Counter[str] = Counter()
    named: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    total = Counter(bug.kind for _, bug in cases)
    for f, bug in cases:
        verdict = sn.check(f, bug.gradient)
        caught[bug.kind] += verdict.status in {sn.Outcome.WRONG, sn.Outcome.INACCURATE}
        named[bug.kind] += verdict.cause is bug.cause
        failed[bug.kind] += fails(f, bug)
    print(f"{len(cases)} planted bugs")
    print(f"{'kind':16}{'planted':>8}{'check':>8}{'named so':>10}{'property':>10}")
    for kind, number in total.most_common():
        print(f"{kind:16}{number:8}{caught[kind]:8}{named[kind]:10}{failed[kind]:10}")
    print(f"{'all':16}{total.total():8}{caught.total():8}{named.total():10}{failed.total():10}")
    return 0 if met and all(status in {"certified", "zero"} for status in statuses) else 1


if __name__ == "__main__":
    sys.exit(main())
