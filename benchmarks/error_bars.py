"""Error bars of derivatives without a formula: coverage, sharpness, error and cost, with peers.

Run `python benchmarks/error_bars.py` for the tables, and with `--write` to put them into
docs/explanation-error-bars.md.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from symnum.differences.differentiate import differentiate
from symnum.differences.ladder import on_line
from symnum.differences.line import Line
from tests.planted.black_boxes import BlackBox, answerable, refusable
from tests.planted.rough_boxes import rough

DOCUMENT = Path(__file__).parents[1] / "docs" / "explanation-error-bars.md"


@dataclass(frozen=True)
class Row:
    """What one method said of one black box."""

    box: BlackBox
    value: float
    error: float
    evaluations: int

    @property
    def is_answer(self) -> bool:
        """Whether there is a value with a bar."""
        return math.isfinite(self.value) and math.isfinite(self.error)

    @property
    def miss(self) -> float:
        """The true error."""
        return self.box.error_of(self.value)

    @property
    def relative(self) -> float:
        """The true error over the derivative, no less than half an ulp."""
        size = abs(self.box.truth)
        return max(self.miss / size, 2.0**-54) if size else self.miss


class Counted:
    """A black box that counts its evaluations and takes arrays, for the peers."""

    def __init__(self, function: Callable[[float], float]) -> None:
        self.calls = 0
        self._function = function

    def __call__(self, x: object) -> object:
        """Return the values at a point or an array of points."""
        points = np.asarray(x, dtype=float)
        values = np.array([self._one(float(t)) for t in points.reshape(-1)])
        return values.reshape(points.shape) if points.ndim else float(values[0])

    def _one(self, x: float) -> float:
        self.calls += 1
        try:
            return float(self._function(x))
        except (ArithmeticError, ValueError):
            return math.nan


def ours(box: BlackBox) -> Row:
    """Return symnum.differentiate's answer."""
    found = differentiate(box.function, box.at)
    return Row(box, found.value, found.error, found.evaluations)


def ladder(box: BlackBox) -> Row:
    """Return the answer of the real ladder alone, without the complex step."""
    found = on_line(Line(box.function, np.array([box.at]), np.ones(1), is_scalar=True))
    return Row(box, found.value, found.error, found.evaluations)


def numdifftools(box: BlackBox) -> Row:
    """Return numdifftools' answer with its error estimate."""
    import numdifftools

    f = Counted(box.function)
    try:
        found = numdifftools.Derivative(f, full_output=True)(box.at)
        return Row(box, float(found.estimate), float(found.error_estimate), f.calls)
    except Exception:  # a failure is no answer
        return Row(box, math.nan, math.nan, f.calls)


def scipy(box: BlackBox) -> Row:
    """Return scipy.differentiate's answer, where it says that it succeeded."""
    from scipy.differentiate import derivative

    f = Counted(box.function)
    try:
        found = derivative(f, box.at)
        value = float(found.df) if found.success else math.nan
        return Row(box, value, float(found.error), f.calls)
    except Exception:  # a failure is no answer
        return Row(box, math.nan, math.nan, f.calls)


def central(box: BlackBox) -> Row:
    """Return a central difference at h = eps^(1/3) max(1, |x|), and what is taken for its error."""
    f = Counted(box.function)
    h = 2.0 ** (-52 / 3) * max(1.0, abs(box.at))
    value = (f(box.at + h) - f(box.at - h)) / (2 * h)
    return Row(box, value, 2.0 ** (-104 / 3) * max(1.0, abs(value)), f.calls)


METHODS: dict[str, Callable[[BlackBox], Row]] = {
    "symnum": ours,
    "symnum, real steps": ladder,
    "numdifftools": numdifftools,
    "scipy.differentiate": scipy,
    "central, eps^(1/3)": central,
}


def line(name: str, rows: Iterable[Row]) -> str:
    """Return a row of the table."""
    rows = list(rows)
    answers = [r for r in rows if r.is_answer]
    if not answers:
        return f"| {name} | {len(rows)} | 0 | | | | {mean(r.evaluations for r in rows):.1f} |"
    covered = mean(r.miss <= r.error for r in answers)
    ratios = [r.error / max(r.miss, abs(r.box.truth) * 2.0**-54 or math.ulp(0.0)) for r in answers]
    return (
        f"| {name} | {len(rows)} | {len(answers)} | {100 * covered:.1f} | {median(ratios):.2g} | "
        f"{median(r.relative for r in answers):.1e} | {mean(r.evaluations for r in rows):.1f} |"
    )


def coverage(head: str, results: dict[str, list[Row]], *, with_answers: bool = False) -> str:
    """Return a table of how many answers are covered, by families and methods."""
    table = [f"| {head} | " + " | ".join(results) + " |", "|---|" + "---:|" * len(results)]
    families: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for name, rows in results.items():
        for row in rows:
            families[row.box.family][name].append(row)
    for family, by_method in families.items():
        cells = []
        for name in results:
            answers = [r for r in by_method[name] if r.is_answer]
            share = 100 * mean(r.miss <= r.error for r in answers) if answers else math.nan
            cell = f"{share:.0f}" if answers else "no answer"
            cells.append(f"{len(answers)}, {cell}" if with_answers and answers else cell)
        table.append(f"| {family} | " + " | ".join(cells) + " |")
    return "\n".join(table)


def write(part: str, text: str) -> None:
    """Put text between the document's markers of one part."""
    start, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[900, 901])
    parser.add_argument("--per-family", type=int, default=20)
    parser.add_argument("--write", action="store_true", help=f"write docs/{DOCUMENT.name}")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    head = (
        "| | pairs | answered | covered, % | bar / error | relative error | evaluations |\n"
        "|---|---:|---:|---:|---:|---:|---:|"
    )
    results: dict[str, list[Row]] = {}
    refused: dict[str, str] = {}
    for name, method in METHODS.items():
        start = time.perf_counter()
        # Made anew for each method: what is random starts from the same state.
        boxes = [b for s in given.seed for b in answerable(s, given.per_family)]
        results[name] = [method(box) for box in boxes]
        bad = [b for s in given.seed for b in refusable(s)]
        answered = sum(method(box).is_answer for box in bad)
        refused[name] = f"{len(bad) - answered} of {len(bad)}"
        print(f"{name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    families: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for name, rows in results.items():
        for row in rows:
            families[name][row.box.family].append(row)
    peers = [
        head.replace("| evaluations |", "| evaluations | refused |").replace(
            "|---:|\n", "|---:|---:|\n"
        )
        + "---:|"
    ]
    peers += [f"{line(name, rows)} {refused[name]} |" for name, rows in results.items()]
    own = [head, *(line(family, rows) for family, rows in families["symnum"].items())]
    rough_results = {
        name: [method(b) for seed in given.seed for b in rough(seed, given.per_family)]
        for name, method in METHODS.items()
    }
    packages = ", ".join(f"{p} {version(p)}" for p in ("numpy", "scipy", "numdifftools"))
    said = (
        f"Seeds {' '.join(map(str, given.seed))}; {packages}; Python {platform.python_version()}."
    )
    parts = {
        "peers": said + "\n\n" + "\n".join(peers),
        "families": "\n".join(own),
        "coverage": coverage("covered, % of answers", results),
        "rough": coverage("answered, % covered of them", rough_results, with_answers=True),
    }
    for part, text in parts.items():
        print(f"\n{text}")
        if given.write:
            write(part, text)


if __name__ == "__main__":
    main()
