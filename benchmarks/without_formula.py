"""Check gradients of functions that nothing certifies: no formula, no trace, no balls.

    python benchmarks/without_formula.py           # prints the tables
    python benchmarks/without_formula.py --write   # and puts them into the document

Every function passes its argument through a buffer of doubles, so that it can't be looked into:
all that is left is to evaluate it. Right gradients must never be called wrong, planted errors must
be found and named, and evaluations are counted.
"""

from __future__ import annotations

import argparse
import array
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import symnum as sn

PAGE = Path(__file__).parents[1] / "docs" / "explanation-without-a-formula.md"


@dataclass(frozen=True)
class Problem:
    """A function with its right gradient at a point."""

    name: str
    f: Callable[[np.ndarray], float]
    gradient: Callable[[np.ndarray], np.ndarray]
    at: np.ndarray


class Opaque:
    """A function of plain doubles, whose calls are counted."""

    def __init__(self, f: Callable[[np.ndarray], float]) -> None:
        self._f = f
        self.calls = 0

    def __call__(self, x: np.ndarray) -> float:
        """Call it with plain doubles."""
        self.calls += 1
        return float(self._f(np.frombuffer(array.array("d", x))))


def separable(n: int, rng: np.random.Generator) -> Problem:
    """Return a sum of sines and squares."""
    a = rng.normal(size=n)
    return Problem(
        "separable",
        lambda x: np.sum(np.sin(a * x) + x**2 / 4),
        lambda x: a * np.cos(a * x) + x / 2,
        rng.normal(size=n),
    )


def offset(n: int, rng: np.random.Generator) -> Problem:
    """Return the same beside 1e8."""
    a = rng.normal(size=n)
    return Problem(
        "1e8 + separable",
        lambda x: 1e8 + np.sum(np.sin(a * x)),
        lambda x: a * np.cos(a * x),
        rng.normal(size=n),
    )


def rosenbrock(n: int, rng: np.random.Generator) -> Problem:
    """Return Rosenbrock's function."""

    def gradient(x: np.ndarray) -> np.ndarray:
        g = np.zeros(n)
        d = x[1:] - x[:-1] ** 2
        g[1:] += 200 * d
        g[:-1] += -400 * d * x[:-1] - 2 * (1 - x[:-1])
        return g

    return Problem(
        "Rosenbrock",
        lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
        gradient,
        rng.normal(size=n),
    )


def logistic(n: int, rng: np.random.Generator) -> Problem:
    """Return the loss of a logistic regression."""
    a = rng.normal(size=(50, n)) / math.sqrt(n)
    t = np.sign(rng.normal(size=50))
    return Problem(
        "logistic regression",
        lambda x: np.sum(np.logaddexp(0, -t * (a @ x))),
        lambda x: a.T @ (-t / (1 + np.exp(t * (a @ x)))),
        rng.normal(size=n),
    )


def _net(n: int, rng: np.random.Generator, kind: str) -> Problem:
    units = max(1, min(20, n // 5))
    inputs = max(1, n // units)
    data = rng.normal(size=(8, inputs)) / math.sqrt(inputs)
    up = rng.normal(size=units)

    def f(x: np.ndarray) -> float:
        z = data @ x[: units * inputs].reshape(inputs, units)
        y = np.tanh(z) if kind == "tanh" else np.maximum(z, 0)
        return float(np.sum((y @ up) ** 2) + np.sum(x[units * inputs :] ** 2))

    def gradient(x: np.ndarray) -> np.ndarray:
        z = data @ x[: units * inputs].reshape(inputs, units)
        y = np.tanh(z) if kind == "tanh" else np.maximum(z, 0)
        slope = 1 - y**2 if kind == "tanh" else (z > 0).astype(float)
        back = 2 * (y @ up)[:, None] * up * slope
        return np.concatenate([(data.T @ back).ravel(), 2 * x[units * inputs :]])

    return Problem(f"{kind} network", f, gradient, rng.normal(size=n))


def tanh_net(n: int, rng: np.random.Generator) -> Problem:
    """Return a smooth network."""
    return _net(n, rng, "tanh")


def relu_net(n: int, rng: np.random.Generator) -> Problem:
    """Return a network with kinks."""
    return _net(n, rng, "relu")


def low_rank(n: int, rng: np.random.Generator) -> Problem:
    """Return exponentials of three combinations."""
    a = rng.normal(size=(3, n)) / math.sqrt(n)
    return Problem(
        "low rank",
        lambda x: np.sum(np.exp(a @ x)),
        lambda x: a.T @ np.exp(a @ x),
        rng.normal(size=n),
    )


def hash_noise(n: int, rng: np.random.Generator) -> Problem:
    """Return a function with noise that is no randomness."""
    inner = separable(n, rng)

    def noisy(x: np.ndarray) -> float:
        value = inner.f(x)
        return value + 1e-9 * (math.modf(math.sin(value * 1e12) * 43758.5453)[0])

    return Problem("noise of 1e-9", noisy, inner.gradient, inner.at)


def decades(n: int, rng: np.random.Generator) -> Problem:
    """Return derivatives of very different sizes."""
    scale = 10.0 ** rng.uniform(-6, 6, n)
    return Problem(
        "12 decades",
        lambda x: np.sum(scale * np.tanh(x)),
        lambda x: scale / np.cosh(x) ** 2,
        rng.normal(size=n),
    )


def lasso(n: int, rng: np.random.Generator) -> Problem:
    """Return kinks in every variable."""
    inner = separable(n, rng)
    return Problem(
        "L1 term",
        lambda x: inner.f(x) + 0.1 * np.sum(np.abs(x)),
        lambda x: inner.gradient(x) + 0.1 * np.sign(x),
        inner.at,
    )


def single(n: int, rng: np.random.Generator) -> Problem:
    """Return a function in single precision."""
    inner = separable(n, rng)
    return Problem(
        "float32 inside",
        lambda x: float(np.float32(inner.f(x.astype(np.float32)))),
        inner.gradient,
        inner.at,
    )


def stochastic(n: int, rng: np.random.Generator) -> Problem:
    """Return a random function."""
    inner = separable(n, rng)
    noise = np.random.default_rng(rng.integers(2**32))
    return Problem(
        "random, 1e-6",
        lambda x: inner.f(x) + 1e-6 * float(noise.normal()),
        inner.gradient,
        inner.at,
    )


def newton(n: int, rng: np.random.Generator) -> Problem:
    """Return a function with a solver inside."""
    a = rng.uniform(0.5, 2, n)

    def root(x: np.ndarray) -> float:
        t = float(a @ x**2) / n + 1
        y = 1.0
        for _ in range(60):
            step = (y**3 + y - t) / (3 * y**2 + 1)
            y -= step
            if abs(step) < 1e-12 * abs(y):
                break
        return y

    return Problem(
        "Newton inside",
        root,
        lambda x: (2 * a * x / n) / (3 * root(x) ** 2 + 1),
        rng.normal(size=n),
    )


FAMILIES = (
    separable,
    offset,
    rosenbrock,
    logistic,
    tanh_net,
    relu_net,
    low_rank,
    hash_noise,
    decades,
    lasso,
    single,
    stochastic,
    newton,
)
# Families whose noise and kinks leave a planted error its chance.
PLAIN = ("zeroed", "sign", "10 %")
CLEAN = (separable, rosenbrock, logistic, tanh_net, relu_net, low_rank, offset, hash_noise, decades)


def right_gradients(seeds: int, sizes: tuple[int, ...]) -> Iterator[str]:
    """Yield a table of what becomes of right gradients."""
    yield "| right gradients of f | checks | ok | undecided | called wrong | evaluations, median |"
    yield "|---|---:|---:|---:|---:|---:|"
    total = np.zeros(4, dtype=int)
    for family in FAMILIES:
        counts = {"ok": 0, "undecided": 0, "wrong": 0, "inaccurate": 0}
        calls = []
        for n in sizes:
            for seed in range(seeds):
                problem = family(n, np.random.default_rng([seed, n]))
                f = Opaque(problem.f)
                verdict = sn.check(f, problem.gradient, at=problem.at, n=n, seed=seed)
                counts[str(verdict.status)] += 1
                calls.append(f.calls)
                if verdict.status in {"wrong", "inaccurate"}:
                    print(f"{problem.name} n={n} seed={seed}: {verdict}", file=sys.stderr)
        wrong = counts["wrong"] + counts["inaccurate"]
        row = (len(calls), counts["ok"], counts["undecided"], wrong)
        total += row
        yield f"| {problem.name} | {' | '.join(map(str, row))} | {np.median(calls):.0f} |"
    yield f"| all | {' | '.join(map(str, total))} | |"


def planted(seeds: int, sizes: tuple[int, ...]) -> Iterator[str]:
    """Yield a table of how wrong entries are found, and with how many evaluations."""
    changes: dict[str, Callable[[float], float]] = {
        "zeroed": lambda g: 0 * g,
        "sign": lambda g: -g,
        "10 %": lambda g: 1.1 * g,
        "1 %": lambda g: 1.01 * g,
        "1e-4": lambda g: 1.0001 * g,
    }
    yield "| n | wrong entries | cases | named exactly | below the limit | median | 90 % | most |"
    yield "|---:|---|---:|---:|---:|---:|---:|---:|"
    for n in sizes:
        plain: list[int] = []
        for name, change in changes.items():
            for k in (1, 2, 5):
                calls, named, below = [], 0, 0
                for family in CLEAN:
                    for seed in range(seeds if k == 1 else 1):
                        rng = np.random.default_rng([seed, n, k])
                        problem = family(n, rng)
                        right = problem.gradient(problem.at)
                        usual = np.flatnonzero(np.abs(right) > np.median(np.abs(right)) / 10)
                        chosen = rng.choice(usual, k, replace=False)
                        first = sn.check(
                            Opaque(problem.f), problem.gradient, at=problem.at, n=n, seed=seed
                        )
                        limit = first.detection_limit or (math.inf,) * n
                        if max(limit[i] for i in chosen) > abs(change(1.0) - 1) / 2:
                            below += 1
                            continue
                        f = Opaque(problem.f)

                        def wrong(x, problem=problem, chosen=chosen, change=change):
                            g = problem.gradient(x)
                            for i in chosen:
                                g[i] = change(g[i])
                            return g

                        verdict = sn.check(f, wrong, at=problem.at, n=n, seed=seed)
                        calls.append(verdict.evaluations)
                        found = set(verdict.components) == set(chosen.tolist())
                        named += found
                        if not found:
                            what = f"{problem.name} n={n} k={k} seed={seed} {name}"
                            print(f"{what}: {verdict}", file=sys.stderr)
                if k == 1 and name in PLAIN:
                    plain += calls
                if not calls:
                    yield f"| {n:,} | {k}, {name} | 0 | | {below} | | | |"
                    continue
                yield (
                    f"| {n:,} | {k}, {name} | {len(calls)} | {named} | {below} | "
                    f"{np.median(calls):.0f} | {np.quantile(calls, 0.9):.0f} | {max(calls)} |"
                )
        yield (
            f"| {n:,} | 1, {', '.join(PLAIN)} | {len(plain)} | | | {np.median(plain):.0f} | "
            f"{np.quantile(plain, 0.9):.0f} | {max(plain)} |"
        )


def limits(seeds: int, sizes: tuple[int, ...]) -> Iterator[str]:
    """Yield a table of whether an error of so many times the stated detection limit is seen."""
    yield "| error, in detection limits | n | cases | not ok | called wrong |"
    yield "|---:|---:|---:|---:|---:|"
    for n in sizes:
        for times in (1, 3, 10):
            cases = seen = called = 0
            for family in (*CLEAN, lasso, newton):
                for seed in range(seeds):
                    rng = np.random.default_rng([seed, n, 7])
                    problem = family(n, rng)
                    first = sn.check(
                        Opaque(problem.f), problem.gradient, at=problem.at, n=n, seed=seed
                    )
                    if first.status != "ok":
                        continue
                    i = int(rng.integers(n))
                    if not first.detection_limit[i] * times < 0.5:
                        continue
                    factor = 1 + times * first.detection_limit[i]

                    def wrong(x, problem=problem, i=i, factor=factor):
                        g = problem.gradient(x)
                        g[i] *= factor
                        return g

                    verdict = sn.check(Opaque(problem.f), wrong, at=problem.at, n=n, seed=seed)
                    cases += 1
                    seen += verdict.status != "ok"
                    called += verdict.status in {"wrong", "inaccurate"}
            yield f"| {times} | {n:,} | {cases} | {seen} | {called} |"


def show(part: str, rows: Iterator[str], keep: bool) -> None:
    """Print a table row by row; put it into the document if asked to."""
    found = []
    for row in rows:
        print(row, flush=True)
        found.append(row)
    print()
    if keep:
        start, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
        text = PAGE.read_text(encoding="utf-8")
        before, after = text.split(start)[0], text.split(end)[1]
        table = "\n".join(found)
        PAGE.write_text(f"{before}{start}\n\n{table}\n\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--sizes", type=int, nargs="*", default=(100, 1_000, 10_000))
    parser.add_argument("--only", choices=("right", "planted", "limits"))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    seeds, sizes, only = arguments.seeds, tuple(arguments.sizes), arguments.only
    few = max(1, seeds // 3)
    if only in {None, "right"}:
        show("right", right_gradients(seeds, (2, 5, 10, 30, *sizes)), arguments.write)
    if only in {None, "planted"}:
        show("planted", planted(few, sizes), arguments.write)
    if only in {None, "limits"}:
        show("limits", limits(few, (2, 5, *sizes)), arguments.write)


if __name__ == "__main__":
    main()
