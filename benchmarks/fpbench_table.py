"""What lambdify and finite differences reach on FPBench, against certified derivatives.

    python benchmarks/fpbench_table.py            prints the document
    python benchmarks/fpbench_table.py --write    writes it to docs/explanation-fpbench.md

Every problem of the zoo's FPBench collection is swept at 20 of its points. The document holds no
number that this script didn't measure.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import warnings
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import symnum as sn

COUNT = 20
SEED = 0
LIMIT = 1e-8
DOCUMENT = Path(__file__).parents[1] / "docs" / "explanation-fpbench.md"

LAMBDIFY, CENTRAL, COMPLEX, RICHARDSON = "lambdify", "central", "complex", "richardson"
WAYS = (LAMBDIFY, CENTRAL, COMPLEX, RICHARDSON)

# Below this a double has fewer digits, and no relative error says anything about a method.
SMALLEST_NORMAL = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Row:
    """One problem: relative errors of shape (points, variables), one array a way.

    NaN where there is nothing to compare with, or the way does not apply; infinite where it gives
    no finite number. The complex step does not apply to the variables in `branching`.
    """

    name: str
    variables: tuple[str, ...]
    points: np.ndarray
    status: np.ndarray
    errors: dict[str, np.ndarray]
    branching: tuple[str, ...]
    seconds: float


def measure(name: str) -> Row:
    """Sweep one problem."""
    start = time.perf_counter()
    problem = sn.zoo.get(name)
    formula = problem.formula()
    points = problem.sample(COUNT, SEED).reshape(COUNT, -1)
    at = points if points.shape[1] > 1 else points[:, 0]
    swept = sn.sweep(formula, at, [CENTRAL, COMPLEX, RICHARDSON], decompose=False)
    hi, lo = swept.exact.hi, swept.exact.lo
    comparable = np.isfinite(hi) & (np.abs(hi) >= SMALLEST_NORMAL)
    errors = {LAMBDIFY: np.abs((lambdified(formula, points) - hi) - lo)}
    for run in swept.runs:
        nonanalytic = (run.status == sn.StepStatus.NONANALYTIC).all(axis=2)
        found = np.where(np.isnan(run.best_error), np.inf, run.best_error)
        errors[run.scheme.name] = np.where(nonanalytic, np.nan, found)
        if run.scheme.name == COMPLEX:
            branching = nonanalytic.all(axis=0)
    relative = {
        way: np.where(comparable, error / np.where(comparable, np.abs(hi), 1.0), np.nan)
        for way, error in errors.items()
    }
    return Row(
        name,
        problem.variables,
        points,
        swept.exact.status,
        relative,
        tuple(v for v, flag in zip(problem.variables, branching, strict=True) if flag),
        time.perf_counter() - start,
    )


def lambdified(formula: sn.Formula, points: np.ndarray) -> np.ndarray:
    """Return SymPy's derivatives, printed by plain `lambdify` and run in float64, (P, n)."""
    import sympy

    expression = formula.sympy()
    symbols = [sympy.Symbol(f"x{i}", real=True) for i in range(points.shape[1])]
    values = np.empty(points.shape)
    for index, symbol in enumerate(symbols):
        function = sympy.lambdify(symbols, sympy.diff(expression, symbol), modules="numpy")
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            values[:, index] = function(*points.T)
    return np.where(np.isfinite(values), values, np.inf)


# --- the document --------------------------------------------------------------------------------


def number(value: float) -> str:
    """Write a relative error with two digits."""
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "no number"
    return "0" if value == 0 else f"{value:.1e}"


def median_and_worst(errors: np.ndarray) -> tuple[str, str]:
    """Write median and maximum of what can be compared."""
    known = errors[~np.isnan(errors)]
    if not known.size:
        return "–", "–"
    # Of an even number of errors the lower middle: a mean with "no number" would be none.
    middle = np.sort(known)[(known.size - 1) // 2]
    return number(float(middle)), number(float(known.max()))


def table(rows: Iterable[Row]) -> list[str]:
    """Write the table of all problems."""
    lines = [
        "| problem | n | lambdify | | best central difference | | complex step | | Richardson | |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        "| | | median | worst | median | worst | median | worst | median | worst |",
    ]
    for row in rows:
        cells = [c for way in WAYS for c in median_and_worst(row.errors[way])]
        lines.append(f"| {row.name} | {len(row.variables)} | {' | '.join(cells)} |")
    return lines


def wrong(row: Row, way: str) -> list[tuple[str, np.ndarray]]:
    """Return the variables whose partial derivative is off by more than the limit somewhere."""
    return [
        (variable, row.errors[way][:, index])
        for index, variable in enumerate(row.variables)
        if np.nanmax(np.append(row.errors[way][:, index], 0.0)) > LIMIT
    ]


def named(rows: Iterable[Row]) -> list[str]:
    """Write the table of partial derivatives at which plain lambdify fails."""
    lines = [
        "| problem | derivative by | formula | points | worst relative error | there |",
        "|---|---|---|--:|--:|---|",
    ]
    for row in rows:
        text = sn.zoo.get(row.name).text
        for variable, errors in wrong(row, LAMBDIFY):
            worst = int(np.argmax(np.where(np.isnan(errors), -1.0, errors)))
            place = ", ".join(
                f"{v} = {x:.3g}" for v, x in zip(row.variables, row.points[worst], strict=True)
            )
            bad = int((errors > LIMIT).sum())
            shown = f"`{text}`" if len(text) <= 60 else f"`{text[:56]} ...`"
            lines.append(
                f"| {row.name} | {variable} | {shown} | {bad} of {(~np.isnan(errors)).sum()} "
                f"| {number(float(errors[worst]))} | {place} |"
            )
    return lines


@dataclass(frozen=True)
class Facts:
    """What the sentences of the document count; dictionaries have one entry a way."""

    partials: int
    values: int
    certified: int
    zero: int
    undecided: int
    undecided_in: list[str]
    beyond: int
    compared: int
    nonanalytic: list[str]
    median: dict[str, str]
    known: dict[str, int]
    bad_values: dict[str, int]
    bad_partials: dict[str, int]
    bad_closed: int


def facts(rows: list[Row]) -> Facts:
    """Count."""
    errors = {way: np.concatenate([row.errors[way].ravel() for row in rows]) for way in WAYS}
    status = np.concatenate([row.status.ravel() for row in rows])
    counts = {kind: int((status == kind).sum()) for kind in sn.Status}
    compared = int((~np.isnan(errors[LAMBDIFY])).sum())
    answered = counts[sn.Status.CERTIFIED] + counts[sn.Status.ZERO]
    return Facts(
        partials=sum(len(row.variables) for row in rows),
        values=status.size,
        certified=counts[sn.Status.CERTIFIED],
        zero=counts[sn.Status.ZERO],
        undecided=status.size - answered,
        undecided_in=[row.name for row in rows if sn.Status.UNDECIDED in row.status],
        beyond=answered - counts[sn.Status.ZERO] - compared,
        compared=compared,
        nonanalytic=[
            f"{row.name} (by {' and '.join(row.branching)})" for row in rows if row.branching
        ],
        median={way: median_and_worst(errors[way])[0] for way in WAYS},
        known={way: int((~np.isnan(errors[way])).sum()) for way in WAYS},
        bad_values={way: int((errors[way] > LIMIT).sum()) for way in WAYS},
        bad_partials={way: sum(len(wrong(row, way)) for row in rows) for way in WAYS},
        bad_closed=sum(len(wrong(row, LAMBDIFY)) for row in rows if is_closed(row.name)),
    )


def is_closed(name: str) -> bool:
    """Tell whether FPBench bounds all sides of a problem's domain."""
    box = sn.zoo.get(name).box
    return box is not None and all(None not in side for side in box.values())


def document(rows: list[Row]) -> str:
    """Write the document."""
    f = facts(rows)
    undecided = f" ({', '.join(f.undecided_in)})" if f.undecided_in else ""
    return "\n".join(
        [
            "# FPBench: what each way to a derivative reaches",
            "",
            "The numbers on this page were measured by "
            "`python benchmarks/fpbench_table.py --write`, which writes the page. The formulas are "
            "those of [FPBench](https://fpbench.org); they "
            "are in `symnum.zoo`.",
            "",
            f"Each of the {len(rows)} formulas is differentiated by each of its variables: "
            f"{f.partials} partial derivatives, at {COUNT} points of the domain "
            f"(`Problem.sample({COUNT}, seed={SEED})`; where FPBench leaves a side of the domain "
            "open, it is sampled over 18 decades). "
            f"Of these {f.values} values symnum certifies {f.certified}, proves {f.zero} to be "
            f"exactly 0, and leaves {f.undecided} undecided{undecided}. "
            f"{f.beyond} are too large or too small for a normal double. "
            f"The other {f.compared} are what four ways to a derivative are held against:",
            "",
            '- **lambdify**: SymPy\'s `diff`, then `sympy.lambdify(..., modules="numpy")`, run in '
            "float64;",
            "- **best central difference**: accuracy 2, the best of 61 steps;",
            "- **complex step**: the best of 61 steps;",
            "- **Richardson**: central differences combined to accuracy 6, the best of 61 steps.",
            "",
            "“The best” is the robust floor of a sweep (the median over the best step and its "
            "neighbours). It takes the exact value to find it: nobody who has differences alone "
            "can choose so well. All errors are relative; median and worst are over points and "
            "variables.",
            "",
            "| | lambdify | best central difference | complex step | Richardson |",
            "|---|--:|--:|--:|--:|",
            "| median error | " + " | ".join(f.median[way] for way in WAYS) + " |",
            f"| partial derivatives off by more than {LIMIT:.0e} somewhere | "
            + " | ".join(str(f.bad_partials[way]) for way in WAYS)
            + " |",
            f"| values off by more than {LIMIT:.0e} | "
            + " | ".join(f"{f.bad_values[way]} of {f.known[way]}" for way in WAYS)
            + " |",
            "",
            f"## Where plain lambdify is off by more than {LIMIT:.0e}",
            "",
            f"In {100 * f.bad_values[LAMBDIFY] / f.compared:.1f} % of the values, in "
            f"{f.bad_partials[LAMBDIFY]} of the {f.partials} partial derivatives; of these, "
            f"{f.bad_closed} belong to formulas that FPBench confines to a box. SymPy's derivative "
            "is right every time: it is the rounding of the printed formula that does it. “Points” "
            "counts those that are off, of those with something to compare.",
            "",
            *named(rows),
            "",
            "## Where the complex step does not apply",
            "",
            f"{', '.join(f.nonanalytic)}: which branch is taken depends on a condition on the "
            "variable, and such a condition has no meaning for complex numbers.",
            "",
            "## All of them",
            "",
            "n is the number of variables. “no number”: the derivative is finite, and NaN or "
            "infinity is what came out, at every step.",
            "",
            *table(rows),
            "",
        ]
    )


def main() -> int:
    """Measure, and write the document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write docs/{DOCUMENT.name}")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    arguments = parser.parse_args()
    names = sn.zoo.names("fpbench")
    start = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, mp_context=context) as pool:
        rows = list(pool.map(measure, names))
    took = time.perf_counter() - start
    slowest = sorted(rows, key=lambda row: -row.seconds)[:5]
    named_times = ", ".join(f"{row.name} {row.seconds:.1f} s" for row in slowest)
    print(f"{took:.0f} s; the slowest: {named_times}", file=sys.stderr)
    text = document(rows)
    if arguments.write:
        DOCUMENT.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
