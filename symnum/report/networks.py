"""Networks: verdicts as sentences, gradients and sweeps as tables and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symnum.nets.verdict import NetworkVerdict

_WORDS = {
    "ok": "right: no error beyond what rounding explains",
    "inaccurate": "inaccurate",
    "wrong": "wrong",
    "undecided": "undecided",
}


def verdict_text(verdict: NetworkVerdict) -> str:
    """Return a verdict as a sentence and a table of the parameters."""
    lines = [f"The gradient is {_WORDS[verdict.status]}."]
    if verdict.cause is not None:
        lines.append(f"Cause: {verdict.cause_detail} ({verdict.cause}).")
    elif verdict.status == "wrong":
        lines.append("No single slip explains it.")
    if verdict.parameters:
        lines += ["", *_rows(verdict), "", f"Reference: {verdict.reference}."]
    return "\n".join(lines)


def _rows(verdict: NetworkVerdict) -> list[str]:
    head = ("", "entries", "wrong", "median ulps", "largest ulps", "worst", "given", "exact")
    rows = [head]
    rows += [
        (
            report.name,
            f"{report.entries:,}",
            f"{report.wrong:,}",
            f"{report.median_ulps:.3g}",
            f"{report.largest_ulps:.3g}",
            report.worst_name,
            repr(report.given),
            repr(report.exact),
        )
        for report in verdict.parameters
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return [
        "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
