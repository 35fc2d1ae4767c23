"""Check every right gradient and every planted bug of the suite, and print what came of it.

    python benchmarks/check_suite.py                       everything, seed 0
    python benchmarks/check_suite.py --split dev --seed 3  one half, other bugs
    python benchmarks/check_suite.py --problems 10 --kinds "dropped term" hand
    python benchmarks/check_suite.py --failures            also a line for each failure
    python benchmarks/check_suite.py --limit --write       into docs/explanation-check-suite.md

`dev` is for tuning, `held` for judging: look at its failures only when it is too late to tune.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.planted.gradients import suite

DOCUMENT = Path(__file__).parents[1] / "docs" / "explanation-check-suite.md"


def write(part: str, text: str) -> None:
    """Put text between the document's markers of one part."""
    start, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--split", choices=("dev", "held", "all"), default="all")
    parser.add_argument("--seed", type=int, default=0, nargs="+")
    parser.add_argument("--problems", type=int, help="only the first so many")
    parser.add_argument("--per-slip", type=int, default=2, help="slips of the pen of each kind")
    parser.add_argument("--kinds", nargs="+", help="only these kinds and forms")
    parser.add_argument("--limit", action="store_true", help="also plant at the detection limit")
    parser.add_argument("--failures", action="store_true", help="a line for each failure")
    parser.add_argument("--write", action="store_true", help=f"write docs/{DOCUMENT.name}")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    results: list[suite.Result] = []
    for seed in [given.seed] if isinstance(given.seed, int) else given.seed:
        start = time.perf_counter()
        results += suite.run(
            suite.symnum_check,
            given.split,
            seed,
            per_slip=given.per_slip,
            limit=given.problems,
            kinds=given.kinds,
            progress=_tick,
        )
        spent = time.perf_counter() - start
        print(f"\rsplit {given.split}, seed {seed}: {spent:.0f} s" + " " * 20)
    text = suite.table(results) + "\n\n" + suite.summary(results)
    if given.limit:
        seed = given.seed if isinstance(given.seed, int) else given.seed[0]
        planted = suite.plant_at_limit(suite.symnum_check, given.split, seed, limit=given.problems)
        text += "\n\n" + suite.limit_table(planted)
    print("\n" + text)
    if given.write:
        # Seconds on somebody's busy machine say nothing; docs/explanation-benchmarks.md has times.
        kept = "\n".join(x for x in text.split("\n") if not x.startswith("seconds a case"))
        write("suite", f"{_conditions(given)}\n\n```text\n{kept}\n```")
    if given.failures:
        print("\n" + suite.failures(results))


def _conditions(given: argparse.Namespace) -> str:
    seeds = " ".join(map(str, [given.seed] if isinstance(given.seed, int) else given.seed))
    versions = ", ".join(f"{p} {version(p)}" for p in ("numpy", "sympy", "python-flint"))
    python = f"Python {platform.python_version()}, {platform.machine()}"
    some = f", the first {given.problems} problems" if given.problems else ""
    return f"Split {given.split}{some}, seed {seeds}; {versions}; {python}."


def _tick(result: suite.Result) -> None:
    if sys.stderr.isatty():
        print(f"\r{result.problem:<30}", end="", file=sys.stderr)


if __name__ == "__main__":
    main()
