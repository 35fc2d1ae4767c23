"""Verdicts as sentences and as JSON."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from symnum.report.numbers import to_json_number

if TYPE_CHECKING:
    from rich.text import Text

    from symnum.checking.verdict import Verdict

_FEW = 6
_COLOURS = {
    "ok": "bold green",
    "proved": "bold green",
    "inaccurate": "bold yellow",
    "wrong": "bold red",
    "undecided": "bold magenta",
}


def verdict_text(verdict: Verdict) -> str:
    """Return a verdict as a person reads it: what, where, the numbers, and how small was looked."""
    lines = [_headline(verdict)]
    if verdict.cause is not None:
        lines.append(f"  cause: {verdict.cause}: {verdict.cause_detail}")
    if verdict.reason and verdict.status != "undecided":
        lines.append(f"  {verdict.reason}")
    if verdict.worst is not None:
        lines += _worst(verdict)
    if verdict.violations and verdict.violations != (verdict.cause_detail,):
        lines += [f"  note: {sentence}" for sentence in verdict.violations]
    limit = max((x for x in verdict.detection_limit if math.isfinite(x)), default=math.nan)
    if verdict.status in {"ok", "inaccurate"} and math.isfinite(limit):
        lines.append(f"  an error of {limit:.1e} relative in any component would have been seen")
    if verdict.unreached_lines:
        lines.append("  lines that no point reached: " + ", ".join(verdict.unreached_lines))
    facts = [f"{verdict.points_tried} points, seed {verdict.seed}"]
    if verdict.form:
        facts.append(f"called with {verdict.form}")
    if verdict.reference:
        facts.append(f"reference: {verdict.reference}")
    lines.append("  " + "; ".join(facts))
    return "\n".join(lines)


def verdict_rich(verdict: Verdict) -> Text:
    """Return a verdict for a terminal: its text, with the status in colour."""
    from rich.text import Text

    text = Text(verdict_text(verdict))
    text.stylize(_COLOURS[str(verdict.status)], 0, len(verdict.status))
    return text


def _headline(verdict: Verdict) -> str:
    status = str(verdict.status)
    if verdict.status in {"ok", "proved", "undecided"}:
        return status if verdict.status != "undecided" else f"{status}: {verdict.reason}"
    if not verdict.components:
        return f"{status}: the derivative breaks a rule"
    named = [verdict.names[k] for k in verdict.components[:_FEW]]
    rest = len(verdict.components) - len(named)
    more = f" and {rest} more" if rest > 0 else ""
    what = "component" if len(verdict.components) == 1 else "components"
    return f"{status}: {what} {', '.join(named)}{more}"


def _worst(verdict: Verdict) -> list[str]:
    worst = verdict.worst
    assert worst is not None
    point = ", ".join(f"{x!r}" for x in worst.point[:_FEW])
    if len(worst.point) > _FEW:
        point += ", ..."
    return [
        f"  worst at ({point}):",
        f"    exact {worst.exact!r}",
        f"    given {worst.given!r}   error {worst.error:.3g} ({worst.ulps:.3g} ulps)",
    ]


def verdict_to_json(verdict: Verdict) -> str:
    """Return a verdict as a JSON document of kind `verdict`."""
    worst: dict[str, Any] | None = None
    if verdict.worst is not None:
        worst = {
            "point": [to_json_number(x) for x in verdict.worst.point],
            "component": verdict.worst.component,
            "name": verdict.names[verdict.worst.component],
            "exact": to_json_number(verdict.worst.exact),
            "given": to_json_number(verdict.worst.given),
            "error": to_json_number(verdict.worst.error),
            "ulps": to_json_number(verdict.worst.ulps),
        }
    return json.dumps(
        {
            "kind": "verdict",
            "schema": 1,
            "status": str(verdict.status),
            "components": list(verdict.components),
            "names": [verdict.names[k] for k in verdict.components],
            "cause": None if verdict.cause is None else str(verdict.cause),
            "cause_detail": verdict.cause_detail,
            "violations": list(verdict.violations),
            "detection_limit": [to_json_number(x) for x in verdict.detection_limit],
            "worst": worst,
            "points_tried": verdict.points_tried,
            "unreached_lines": list(verdict.unreached_lines),
            "seed": verdict.seed,
            "form": verdict.form,
            "reference": verdict.reference,
            "reason": verdict.reason,
        },
        allow_nan=False,
    )
