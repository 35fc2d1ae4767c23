"""Descent with the exact gradient against a hand-written loop with a hand-written gradient.

    python benchmarks/descent.py

Both take the same steps and keep the same path, timed in turn; the ratio is a median. The loop's
gradient is written twice: on arrays, as a person writes for many variables, and with one number a
partial derivative, as a person writes for two.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symnum import Formula, descend

TARGET = 2.0


@dataclass(frozen=True)
class Case:
    """One function, its gradient by hand, and where the descent starts."""

    name: str
    formula: Formula
    gradient: Callable[[np.ndarray], np.ndarray]
    start: np.ndarray
    rate: float
    steps: int


def by_hand(case: Case) -> np.ndarray:
    """Descend with a plain loop that keeps its path."""
    x = case.start.copy()
    path = np.empty((case.steps + 1, *x.shape))
    path[0] = x
    for k in range(case.steps):
        x -= case.rate * case.gradient(x)
        path[k + 1] = x
    return path


def cases() -> list[Case]:
    """Return the cases: two variables, ten, a hundred, and a thousand starts at once."""

    def valley(x: np.ndarray) -> np.ndarray:
        a = x[1] - x[0] * x[0]
        return np.array([-2 * (1 - x[0]) - 400 * x[0] * a, 200 * a])

    def wave(x: np.ndarray) -> np.ndarray:
        return np.array([np.exp(x[0]) - 1, np.sinh(x[1])])

    def valleys(x: np.ndarray) -> np.ndarray:
        a = x[..., 1] - x[..., 0] ** 2
        return np.stack([-2 * (1 - x[..., 0]) - 400 * x[..., 0] * a, 200 * a], axis=-1)

    rosenbrock = Formula("(1 - x)**2 + 100*(y - x*x)**2")
    starts = np.random.default_rng(0).uniform(-1, 1, (1000, 2))
    found = [
        Case("x0^2 + x1^2, g = 2 x", Formula("x0**2 + x1**2"), lambda x: 2 * x,
             np.array([-3.0, 4.0]), 0.1, 2000),
        Case("x0^2 + x1^2, g = array([2 x0, 2 x1])", Formula("x0**2 + x1**2"),
             lambda x: np.array([2 * x[0], 2 * x[1]]), np.array([-3.0, 4.0]), 0.1, 2000),
        Case("Rosenbrock", rosenbrock, valley, np.array([-1.2, 1.0]), 1e-3, 2000),
        Case("exp(x) - x + cosh(y)", Formula("exp(x) - x + cosh(y)"), wave,
             np.array([0.3, 0.2]), 0.05, 2000),
        Case("Rosenbrock, 1,000 starts", rosenbrock, valleys, starts, 1e-3, 500),
    ]  # fmt: skip
    for n in (10, 100):
        text = " + ".join(f"{k + 1}*x{k}**2" for k in range(n))
        scale = 2.0 * np.arange(1, n + 1)
        found.append(
            Case(f"sum of k x_k^2, n = {n}", Formula(text), lambda x, scale=scale: scale * x,
                 np.ones(n), 0.5 / n, 500)
        )  # fmt: skip
    return found


def main() -> None:
    """Print the table."""
    print(table())


def table() -> str:
    """Measure every case, and return the table."""
    lines = [f"{'case':40} {'symnum':>10} {'by hand':>10} {'ratio':>6}  (a step, in µs)"]
    for case in cases():

        def ours(case: Case = case) -> np.ndarray:
            run = descend(case.formula, case.start, rate=case.rate, steps=case.steps)
            return run.path

        assert np.allclose(ours(), by_hand(case), rtol=1e-6)
        ratios, times = [], []
        for _ in range(9):
            start = time.perf_counter()
            ours()
            middle = time.perf_counter()
            by_hand(case)
            end = time.perf_counter()
            ratios.append((middle - start) / (end - middle))
            times.append((middle - start, end - middle))
        a, b = (statistics.median(pair[i] for pair in times) / case.steps * 1e6 for i in (0, 1))
        ratio = statistics.median(ratios)
        mark = "" if ratio <= TARGET else "  above the target"
        lines.append(f"{case.name:40} {a:10.2f} {b:10.2f} {ratio:6.2f}{mark}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
