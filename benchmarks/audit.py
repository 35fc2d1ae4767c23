"""Audit hand-written derivatives of three libraries with symnum.check.

    pip install statsmodels astropy          what isn't installed is left out, with the reason
    python benchmarks/audit.py               prints the verdicts
    python benchmarks/audit.py --write       writes them into docs/explanation-audit.md

The formulas are those of the libraries' documentation; they stand in `benchmarks/audited`. Where
the library has code for the function too, it is compared with the formula before its derivative is
judged, so that a wrong formula of ours can't accuse anybody.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import symnum as sn  # noqa: E402
from benchmarks.audited.case import Audited, Case  # noqa: E402

DOCUMENT = ROOT / "docs" / "explanation-audit.md"
START, END = "<!-- verdicts -->", "<!-- end of verdicts -->"
MODULES = {
    "links": "statsmodels",
    "copulas": "statsmodels",
    "astropy_models": "astropy",
    "scipy_functions": "scipy",
}
ORDER = ("proved", "ok", "inaccurate", "wrong", "undecided", "refused")


@dataclass(frozen=True)
class Row:
    """A case and what came of it; `status` is `refused` where symnum could not be asked."""

    case: Case
    status: str
    text: str
    points: int = 0
    limit: float = float("nan")
    cause: str = ""


def judge(case: Case) -> Row:
    """Check one derivative."""
    try:
        verdict = sn.check(
            case.formula,
            case.derivative,
            at=case.at,
            domain=case.domain,
            function=case.function,
            derivative_order=case.order,
        )
    except sn.SymnumError as error:
        return Row(case, "refused", str(error))
    finite = [x for x in verdict.detection_limit if np.isfinite(x)]
    limit = max(finite, default=float("nan"))
    cause = "" if verdict.cause is None else str(verdict.cause)
    text = str(verdict) + second_opinion(case, verdict)
    return Row(case, str(verdict.status), text, verdict.points_tried, limit, cause)


def second_opinion(case: Case, verdict: sn.Verdict) -> str:
    """Return what a difference of the library's own function says where its derivative is wrong.

    No formula of ours has a part in it, and no certified value.
    """
    worst = verdict.worst
    if case.function is None or worst is None or verdict.status != "wrong":
        return ""
    point = np.array(worst.point)
    output, variable = divmod(worst.component, len(point))
    h = np.cbrt(np.finfo(float).eps) * max(1.0, abs(point[variable]))
    values = []
    for sign in (1, -1):
        x = point.copy()
        x[variable] += sign * h
        answer = case.function(float(x[0])) if np.ndim(case.at) == 1 else case.function(x)
        values.append(np.ravel(answer)[output])
    difference = (values[0] - values[1]) / (2 * h)
    return f"\n  a central difference of the library's own function there: {difference:.8g}"


def load() -> tuple[list[Audited], list[str]]:
    """Return what is installed, and a sentence for what isn't."""
    found, missing = [], []
    for module, package in MODULES.items():
        try:
            version(package)
        except PackageNotFoundError:
            missing.append(f"{package} is not installed: {module} was left out.")
            continue
        found.append(importlib.import_module(f"benchmarks.audited.{module}").audited())
    return found, missing


def report(rows: list[Row], libraries: list[Audited], missing: list[str]) -> str:
    """Return the document's tables."""
    packages = sorted({*MODULES.values(), "numpy"})
    versions = ", ".join(f"{p} {version(p)}" for p in packages if _installed(p))
    counts = {
        group: Counter(row.status for row in rows if row.case.group == group)
        for group in dict.fromkeys(row.case.group for row in rows)
    }
    used = [s for s in ORDER if any(s in c for c in counts.values())]
    lines = [
        f"Audited: {versions}; Python {platform.python_version()}, {platform.machine()}, seed 0.",
        *missing,
        "",
        "| library | checks | " + " | ".join(used) + " |",
        "|---|" + "--:|" * (len(used) + 1),
    ]
    for group, count in counts.items():
        cells = " | ".join(str(count[s]) for s in used)
        lines.append(f"| `{group}` | {sum(count.values())} | {cells} |")
    lines += ["", "## Everything that is not ok", ""]
    for row in rows:
        if row.status not in {"ok", "proved"}:
            lines += [
                f"`{row.case.item}`, {_method(row.case)}:",
                "",
                "```text",
                row.text,
                "```",
                "",
            ]
    lines += ["## All of it", "", "| item | derivative | verdict | points | detection limit |"]
    lines.append("|---|---|---|--:|--:|")
    for row in rows:
        cause = f", {row.cause}" if row.cause else ""
        limit = f"{row.limit:.1e}" if np.isfinite(row.limit) else ""
        lines.append(
            f"| `{row.case.item}` | {_method(row.case)} | {row.status}{cause} | {row.points} "
            f"| {limit} |"
        )
    lines += ["", "## Left out", ""]
    lines += [f"- {name}: {why}." for lib in libraries for name, why in lib.left_out.items()]
    return "\n".join(lines)


def _method(case: Case) -> str:
    return f"`{case.method}`" + (f" ({case.box} box)" if case.box else "")


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def write(text: str) -> None:
    """Put the verdicts between the document's markers."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Audit, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write docs/{DOCUMENT.name}")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    libraries, missing = load()
    start = time.perf_counter()
    rows = []
    with np.errstate(all="ignore"):
        for library in libraries:
            rows += [judge(case) for case in library.cases]
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    text = report(rows, libraries, missing)
    print(text)
    if arguments.write:
        if missing:
            parser.error("not written: " + " ".join(missing))
        write(text)


if __name__ == "__main__":
    main()
