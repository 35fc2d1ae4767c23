"""The foundation's targets, measured: one table, every comparison a ratio within this run.

    python benchmarks/targets.py              prints the table, and those of nets.py and descent.py
    python benchmarks/targets.py --write      also writes it into docs/explanation-benchmarks.md

Times are medians over several repetitions on one thread; a ratio compares two things that were
timed in turn, so that a machine's mood cancels.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import nets  # first: it sets the number of threads, which NumPy reads once

# isort: split
import descent
import numpy as np

DOCUMENT = Path(__file__).parent.parent / "docs" / "explanation-benchmarks.md"


@dataclass(frozen=True)
class Row:
    """One target: what it says, what was measured, and whether it holds."""

    name: str
    target: str
    measured: str
    reached: bool


def seconds(action: Callable[[], object], repeat: int = 5) -> float:
    """Return the median time of an action."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def ratio(a: Callable[[], object], b: Callable[[], object], repeat: int = 9) -> float:
    """Return the median of a's time over b's, the two timed in turn."""
    a()
    b()
    return statistics.median(seconds(a, 1) / seconds(b, 1) for _ in range(repeat))


# --- gradients ------------------------------------------------------------------------------------


def rosenbrock(n: int) -> tuple[list[object], object]:
    """Return the symbols and the SymPy expression of the n-variable Rosenbrock function."""
    import sympy

    x = sympy.symbols(f"x0:{n}", real=True)
    terms = [100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(n - 1)]
    return list(x), sympy.Add(*terms)


def exact_gradient(n: int) -> Callable[[], object]:
    """Return the work from SymPy expression to NumPy callable of the gradient."""
    from symnum import Formula

    x, expression = rosenbrock(n)
    return lambda: Formula(expression, x).gradient().compiled()


def gradient_rows() -> list[Row]:
    """Gradients of the Rosenbrock function and of a network's loss."""
    import sympy

    from symnum import Formula

    exact_gradient(50)()
    growth = seconds(exact_gradient(1000), 3) / seconds(exact_gradient(100), 5)
    rows = [
        Row(
            "Rosenbrock gradient, expression to callable: n = 1000 against n = 100",
            "at most 13 times",
            f"{growth:.1f} times",
            growth <= 13,
        )
    ]
    x, expression = rosenbrock(200)

    def plain() -> object:
        return sympy.lambdify(x, [sympy.diff(expression, v) for v in x], "numpy", cse=True)

    faster = seconds(plain, 1) / seconds(exact_gradient(200), 3)
    rows.append(
        Row(
            "the same, n = 200, against diff by each variable + lambdify(cse=True)",
            "at least 10 times faster",
            f"{faster:.0f} times faster",
            faster >= 10,
        )
    )
    text, names = network_loss(inputs=40, hidden=45, outputs=5)
    start = time.perf_counter()
    Formula(text, names).gradient().compiled()
    spent = time.perf_counter() - start
    rows.append(
        Row(
            f"gradient of a 2-layer network's loss, one formula of {len(names):,} parameters",
            "under 5 s",
            f"{spent:.1f} s",
            spent < 5,
        )
    )
    return rows


def network_loss(inputs: int, hidden: int, outputs: int) -> tuple[str, list[str]]:
    """Return a two-layer network's squared error written out as text, and its parameters."""
    first = [[f"a{i}_{j}" for j in range(inputs)] for i in range(hidden)]
    second = [[f"b{i}_{j}" for j in range(hidden)] for i in range(outputs)]
    bias = [f"c{i}" for i in range(hidden)]
    inner = [
        "tanh(" + " + ".join(f"{w}*{0.1 + 0.01 * j:.2f}" for j, w in enumerate(row)) + f" + {c})"
        for row, c in zip(first, bias, strict=True)
    ]
    outer = [
        "(" + " + ".join(f"{w}*{h}" for w, h in zip(row, inner, strict=True)) + " - 0.5)**2"
        for row in second
    ]
    names = [name for row in (*first, *second) for name in row] + bias
    return " + ".join(outer), names


def cheap_gradient_rows() -> list[Row]:
    """Value and gradient together against the value alone."""
    import numpy as np

    from symnum import Formula
    from symnum.formula.compile import compile_program

    rows = []
    rng = np.random.default_rng(0)
    for n in (10, 100, 1000):
        x, expression = rosenbrock(n)
        f = Formula(expression, x)
        gradient = f.gradient()
        both = compile_program(
            gradient.program.with_outputs([*f.program.outputs, *gradient.program.outputs])
        )
        alone = f.compiled()
        point = [rng.uniform(-2, 2, 1000) for _ in range(n)]
        found = ratio(lambda both=both, p=point: both(p), lambda alone=alone, p=point: alone(p))
        rows.append(
            Row(
                f"value and gradient against value, Rosenbrock n = {n}, 1,000 points",
                "at most 4 times",
                f"{found:.2f} times",
                found <= 4,
            )
        )
    return rows


# --- certified values -----------------------------------------------------------------------------


def throughput_formulas() -> list[tuple[str, int]]:
    """Return formulas of 10 to 300 operations with their operation counts."""
    from symnum import Formula

    texts = [
        "exp(x)*sin(x)/(1 + x**2) + log(x)",
        "sqrt(1 + x**2)*atan(x) - x/(1 + exp(-x))",
        " + ".join(f"{k}/{k + 1}*x**{k}" for k in range(1, 16)),
        " + ".join(f"sin({k}*x)/{k}" for k in range(1, 21)),
        " + ".join(f"exp(-{k}*x)*cos(x/{k})" for k in range(1, 21)),
        "*".join(f"(x - {k}/7)" for k in range(1, 61)),
        " + ".join(f"log(1 + x**2/{k})*sqrt(x + {k})" for k in range(1, 31)),
    ]
    return [(text, sum(bool(line.args) for line in Formula(text).program.lines)) for text in texts]


def certified_rows() -> list[Row]:
    """Certified values against mpmath at 30 digits, and a grid of points."""
    import mpmath
    import numpy as np
    import sympy

    from symnum import Formula

    points = np.linspace(0.3, 2.7, 200)
    found = []
    for text, _ in throughput_formulas():
        f = Formula(text)
        function = sympy.lambdify(list(f.sympy().free_symbols), f.sympy(), modules="mpmath")

        def slow(function: Callable[..., object] = function) -> None:
            with mpmath.workdps(30):
                for x in points.tolist():
                    function(mpmath.mpf(x))

        f.exact(points[:3])
        found.append(ratio(slow, lambda f=f: f.exact(points), 5))
    median = statistics.median(found)
    operations = [count for _, count in throughput_formulas()]
    rows = [
        Row(
            f"certified values against mpmath at 30 digits, {len(found)} formulas of "
            f"{min(operations)} to {max(operations)} operations",
            "at least 5 times the throughput",
            f"{median:.1f} times (median; {min(found):.1f} to {max(found):.1f})",
            median >= 5,
        )
    ]
    derivative = Formula("exp(x)*sin(x)").derivative()
    grid = np.linspace(-3, 3, 100_000)
    derivative.exact(grid[:10])
    spent = seconds(lambda: derivative.exact(grid), 3)
    rows.append(
        Row(
            "certified derivative of exp(x)*sin(x) on a grid of 100,000 points",
            "at most 2 s",
            f"{spent:.2f} s",
            spent <= 2,
        )
    )
    return rows


# --- sweeps ---------------------------------------------------------------------------------------


def sweep_rows() -> list[Row]:
    """Sweeps against plain NumPy, and the full decomposition."""
    import numpy as np

    from symnum import Formula, central, sweep
    from symnum.differences.approximate import approximate

    f = Formula("exp(x)*sin(x)/(1 + x**2) + log(x)")
    points = np.linspace(0.5, 4.0, 2000)
    steps = np.broadcast_to(np.logspace(-12, -1, 60), (2000, 60))
    numbers = np.concatenate([(points[:, None] + steps).ravel(), (points[:, None] - steps).ravel()])

    def plain(x: np.ndarray) -> np.ndarray:
        return np.exp(x) * np.sin(x) / (1 + x**2) + np.log(x)

    scheme = central()
    compiled = f.compiled()
    found = ratio(
        lambda: approximate(compiled, 1, points[:, None], 0, scheme, steps),
        lambda: plain(numbers),
        25,
    )
    rows = [
        Row(
            "float64 part of a sweep, 2,000 points × 60 steps, against plain NumPy on its 240,000 "
            "numbers",
            "at most 1.0 times",
            f"{found:.2f} times",
            found <= 1.0,
        )
    ]
    ten = Formula("exp(x)*sin(x)/(1 + x**2) + log(x)")
    sweep(ten, at=1.3)
    spent = 1000 * seconds(lambda: sweep(ten, at=1.3), 15)
    rows.append(
        Row(
            "sweep with the certified decomposition, 10 operations, 1 point × 61 steps",
            "at most 20 ms",
            f"{spent:.1f} ms",
            spent <= 20,
        )
    )
    return rows


_MEMORY = """
import resource, json, numpy as np, symnum as sn
f = sn.Formula("exp(x)*sin(x)/(1 + x**2) + log(x)")
sn.sweep(f, at=1.3, decompose=False)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
s = sn.sweep(f, at=np.linspace(0.5, 4.0, 40000), decompose=False)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
size = sum(v.nbytes for r in s.runs for v in vars(r).values() if isinstance(v, np.ndarray))
print(json.dumps({"grown": (after - before) * 1024, "size": size}))
"""


def memory_rows() -> list[Row]:
    """Peak memory of a sweep against the size of its result."""
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    allowed = 2 * found["size"] + 100e6
    return [
        Row(
            "peak memory of a sweep of 40,000 points × 61 steps",
            f"at most 2 times its arrays + 100 MB = {allowed / 1e6:.0f} MB",
            f"{found['grown'] / 1e6:.0f} MB",
            found["grown"] <= allowed,
        )
    ]


# --- starting -------------------------------------------------------------------------------------


def process(arguments: list[str], repeat: int = 7) -> float:
    """Return the median time of a whole Python process."""

    def once() -> None:
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)

    once()
    return seconds(once, repeat)


def start_rows() -> list[Row]:
    """Import and command line."""
    imported = 1000 * statistics.median(
        process(["-c", "import symnum"], 1) - process(["-c", "pass"], 1) for _ in range(9)
    )
    heavy = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, symnum; print([m for m in "
            "('sympy', 'scipy', 'matplotlib', 'flint', 'rich') if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    helped = process(["-m", "symnum", "--help"])
    swept = process(["-m", "symnum", "sweep", "0.01*x**2+0.1*x", "--at", "x=5"])
    return [
        Row("import symnum over bare Python", "at most 30 ms", f"{imported:.0f} ms", imported < 30),
        Row("heavy modules that import symnum loads", "[]", heavy, heavy == "[]"),
        Row("symnum --help", "under 0.3 s", f"{helped:.2f} s", helped < 0.3),
        Row('symnum sweep "0.01*x**2+0.1*x" --at x=5', "under 2 s", f"{swept:.2f} s", swept < 2),
    ]


# --- checks ---------------------------------------------------------------------------------------


def rosenbrock_gradient(x: np.ndarray) -> np.ndarray:
    """Return the gradient as people write it."""
    result = 0 * x
    result[:-1] += -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    result[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return result


def check_rows() -> list[Row]:
    """A check of 30 variables, the first time and the second; 10,000 points; many variables."""
    import symnum

    def once(text: str, derivative: Callable[..., object], **options: object) -> float:
        start = time.perf_counter()
        verdict = symnum.check(text, derivative, **options)
        assert verdict, verdict
        return time.perf_counter() - start

    def terms(n: int, number: str = "1") -> str:
        parts = [f"100*(x{i + 1} - x{i}**2)**2 + ({number} - x{i})**2" for i in range(n - 1)]
        return " + ".join(parts)

    once(terms(4), rosenbrock_gradient)
    # The texts differ, so that nothing is remembered of the ones before.
    first = statistics.median(once(terms(30, f"{k}/{k}"), rosenbrock_gradient) for k in range(2, 7))
    again = statistics.median(once(terms(30, "2/2"), rosenbrock_gradient) for _ in range(5))
    script = "import symnum; assert symnum.check('tanh(x)', lambda x: 1 / symnum_cosh(x)**2)"
    script = f"import numpy; symnum_cosh = numpy.cosh; {script}"
    fresh = process(["-c", script], 5) - process(["-c", ""], 5)

    def slope(x: float) -> float:
        bump = np.exp(-(x**2) / 2)
        return np.cos(x) * bump - x * np.sin(x) * bump + 3 * x**2

    points = np.linspace(-3, 3, 10_000)
    many = min(once("sin(x)*exp(-x**2/2) + x**3", slope, at=points + shift) for shift in (0, 1e-3))
    large = once(terms(300), rosenbrock_gradient)
    return [
        Row("check, 30 variables, the first time", "under 0.5 s", f"{first:.2f} s", first < 0.5),
        Row(
            "the same once more",
            "under 30 ms",
            f"{1000 * again:.0f} ms",
            again < 0.03,
        ),
        Row(
            "the first check of a process, with all that it imports (SymPy alone is 0.3 s)",
            "under 0.5 s",
            f"{fresh:.2f} s",
            fresh < 0.5,
        ),
        Row(
            "check at 10,000 points, 10 operations",
            "under 0.5 s",
            f"{many:.2f} s",
            many < 0.5,
        ),
        Row("check, 300 variables, the first time", "", f"{large:.1f} s", True),
    ]


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | target | measured | |", "| --- | --- | --- | --- |"]
    for row in rows:
        said = "reached" if row.reached else "**not reached**"
        lines.append(f"| {row.name} | {row.target} | {row.measured} | {said} |")
    return "\n".join(lines)


def environment() -> str:
    """Say what was measured with."""
    packages = ("numpy", "scipy", "sympy", "python-flint", "mpmath")
    found = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"Python {platform.python_version()} on {platform.machine()}; {found}."


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/")
    options = parser.parse_args()
    rows: list[Row] = []
    for measure in (
        start_rows,
        gradient_rows,
        cheap_gradient_rows,
        certified_rows,
        sweep_rows,
        memory_rows,
        check_rows,
    ):
        rows += measure()
        print(f"... {measure.__name__}", file=sys.stderr, flush=True)
    text = table(rows)
    print(text)
    print(environment())
    print(f"\nNetworks:\n\n{nets.tables()}\n\nDescents:\n\n{descent.table()}")
    if options.write:
        begin, end = "<!-- table -->", "<!-- end of table -->"
        document = DOCUMENT.read_text(encoding="utf-8")
        head, _, rest = document.partition(begin)
        _, _, tail = rest.partition(end)
        DOCUMENT.write_text(
            f"{head}{begin}\n\n{text}\n\n{environment()}\n\n{end}{tail}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
