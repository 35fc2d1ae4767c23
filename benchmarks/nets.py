"""Time a network's gradients against hand-written and automatic ones, and print one table.

    python benchmarks/nets.py            print the table
    python benchmarks/nets.py --write    also into docs/explanation-networks.md

The network is 784-50-10 with sigmoid, softmax and cross-entropy: 39,760 parameters. Everything is
a ratio within one run. PyTorch, where it is installed, computes in float64 on as many threads as
NumPy is given (`OMP_NUM_THREADS`, 1 without it).
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(THREADS))

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np  # noqa: E402  # it reads the number of threads once

from symnum.nets import (  # noqa: E402
    Dense,
    Network,
    numerical_gradient,
    plain_numerical_gradient,
)

DOCUMENT = Path(__file__).parents[1] / "docs" / "explanation-networks.md"
START, END = "<!-- benchmark -->", "<!-- end of benchmark -->"
BATCHES = (3, 100)
# Calls of one function before the next one's turn: the first finds the other's data in the cache.
IN_A_ROW = 20


def by_hand(params: dict[str, np.ndarray], x: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
    """Return the gradient as a person writes it in NumPy."""
    hidden = 1 / (1 + np.exp(-(x @ params["W1"] + params["b1"])))
    logits = hidden @ params["W2"] + params["b2"]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    delta = (powers / powers.sum(axis=1, keepdims=True) - t) / len(x)
    below = (delta @ params["W2"].T) * hidden * (1 - hidden)
    return {
        "W1": x.T @ below,
        "b1": below.sum(axis=0),
        "W2": hidden.T @ delta,
        "b2": delta.sum(axis=0),
    }


def torch_gradient(params: dict[str, np.ndarray], x: np.ndarray, labels: np.ndarray) -> Any:
    """Return a function that computes the gradient with PyTorch; None where there is none."""
    if find_spec("torch") is None:
        return None
    import torch

    torch.set_num_threads(THREADS)
    tensors = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    inputs, targets = torch.tensor(x), torch.tensor(labels)

    def run() -> Any:
        hidden = torch.sigmoid(inputs @ tensors["W1"] + tensors["b1"])
        logits = hidden @ tensors["W2"] + tensors["b2"]
        loss = torch.nn.functional.cross_entropy(logits, targets)
        return torch.autograd.grad(loss, list(tensors.values()))

    return run


def together(functions: list[Callable[[], Any]], seconds: float) -> list[float]:
    """Return the best time of each; they run in turn, so that a busy machine is busy for all."""
    best = [float("inf")] * len(functions)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for index, function in enumerate(functions):
            for _ in range(IN_A_ROW):
                start = time.perf_counter()
                function()
                best[index] = min(best[index], time.perf_counter() - start)
    return best


def once(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return the time of one call, and its result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def ulps(given: np.ndarray, exact: Any) -> np.ndarray:
    """Return each entry's error in ulps of the exact value."""
    return np.abs(((given - exact.hi) - exact.lo) / np.spacing(np.abs(exact.hi)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--write", action="store_true", help=f"write docs/{DOCUMENT.name}")
    given = parser.parse_args()
    text = tables()
    print(text)
    if given.write:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(START)
        after = rest.partition(END)[2]
        DOCUMENT.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def tables() -> str:
    """Measure everything, and return the conditions and both tables."""
    network = Network([Dense(784, 50), "sigmoid", Dense(50, 10)], "softmax_cross_entropy")
    params = network.init(seed=0)
    times = ["| batch | what | time | ratio |", "|---|---|---|---|"]
    errors = [
        "| batch | parameter | entries | median | 90 % | 99 % | largest |",
        "|---|---|---|---|---|---|---|",
    ]
    for size in BATCHES:
        random = np.random.default_rng(size)
        x, labels = random.random((size, 784)), random.integers(0, 10, size)
        one_hot = np.eye(10)[labels]
        functions = [
            lambda: network.gradient(params, x, labels),  # noqa: B023  # called at once
            lambda: by_hand(params, x, one_hot),  # noqa: B023
        ]
        peer = torch_gradient(params, x, labels)
        ours, hand, *torch_time = together(functions + ([peer] if peer else []), 5.0)
        times.append(f"| {size} | `gradient` | {ours * 1e6:,.0f} µs | |")
        times.append(
            f"| {size} | NumPy by hand | {hand * 1e6:,.0f} µs | `gradient` takes "
            f"{ours / hand:.2f} of it |"
        )
        if torch_time:
            times.append(
                f"| {size} | PyTorch, float64 | {torch_time[0] * 1e6:,.0f} µs | `gradient` takes "
                f"{ours / torch_time[0]:.2f} of it |"
            )
        spent, exact = once(lambda: network.exact_gradient(params, x, labels))  # noqa: B023
        times.append(f"| {size} | `exact_gradient`, 39,760 entries | {spent:.2f} s | |")
        if size == BATCHES[0]:
            fast, _ = once(lambda: numerical_gradient(network, params, x, labels, h=1e-4))  # noqa: B023
            every = 40  # the plain loop takes minutes: a part of the entries, evenly spread
            plain, _ = once(
                lambda: plain_numerical_gradient(network, params, x, labels, h=1e-4, every=every)  # noqa: B023
            )
            plain *= every
            times.append(f"| {size} | numerical gradient, one unit at a time | {fast:.2f} s | |")
            times.append(
                f"| {size} | numerical gradient, plain loop (from 1 entry in {every}) | "
                f"{plain:.1f} s | {plain / fast:.0f} times as long |"
            )
        gradient = network.gradient(params, x, labels)
        for name, values in gradient.items():
            found = ulps(values, exact[name])
            quantiles = " | ".join(f"{q:,.3g}" for q in np.quantile(found, [0.5, 0.9, 0.99, 1.0]))
            errors.append(f"| {size} | {name} | {found.size:,} | {quantiles} |")
    return "\n".join([conditions(), "", *times, "", "Errors of `gradient` in ulps:", "", *errors])


def conditions() -> str:
    """Return what the numbers were measured with."""
    names = ["numpy", "scipy", "sympy", "python-flint"]
    names += ["torch"] if find_spec("torch") else []
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    python = f"Python {platform.python_version()}, {platform.machine()}"
    return f"{versions}; {python}, {THREADS} thread."


if __name__ == "__main__":
    main()
