"""Descents as text and as JSON: the stable rate, a table, a sentence for each run."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symnum.report.axes import cut
from symnum.report.descent_sentences import (
    SINGULAR,
    TINIEST,
    factor_text,
    is_singular,
    place_of,
    reason_of,
    tidy,
)
from symnum.report.numbers import short, to_json_number
from symnum.report.tables import UNKNOWN, Block, Grid, Heading, plain

if TYPE_CHECKING:
    from symnum.descending.descent import Descent
    from symnum.descending.judge import Judgement

WIDTH = UNKNOWN
_FEW = 4
_MOST_RUNS = 40


def descents_text(runs: Sequence[Descent], width: int = WIDTH) -> str:
    """Return descents as a table and sentences."""
    return plain(descents_document(runs, width), width)


def descents_document(runs: Sequence[Descent], width: int) -> list[Block]:
    """Return descents as blocks: what, the stable rate, a table, a sentence for each run."""
    del width  # sentences are wrapped when they are printed
    entries = [(run, s) for run in runs for s in range(len(run.theories))]
    first = runs[0]
    names = ", ".join(first.formula.variables[:_FEW])
    more = ", ..." if len(first.formula.variables) > _FEW else ""
    text = cut(first.formula.texts[0], 200)
    starts = len(first.theories)
    place = place_of(first, first.paths[0][0]) if starts == 1 else f"{starts} starts"
    momentum = f", momentum {short(first.momentum, 3)}" if first.momentum else ""
    blocks: list[Block] = [
        Heading(f"f({names}{more}) = {text} from {place}{momentum}"),
        _theory_sentences(entries[:_MOST_RUNS]),
    ]
    columns = ["rate", "gradient", "steps", "end", "f there", "verdict"]
    columns += ["factor\npredicted", "factor\nobserved", "parts\nat step"]
    rows = tuple(_row(run, s) for run, s in entries[:_MOST_RUNS])
    blocks.append(Grid(tuple(columns), rows, left=frozenset({1, 3, 5})))
    labels = [f"Rate {short(run.rate, 3)}, {run.gradient}" for run, _ in entries]
    sentences = [
        f"{label} {reason_of(run, s)}" if starts == 1 else f"{label}, start {s} {reason_of(run, s)}"
        for label, (run, s) in list(zip(labels, entries, strict=True))[:_MOST_RUNS]
    ]
    blocks.append("\n".join(sentences))
    if len(entries) > _MOST_RUNS:
        blocks.append(f"({len(entries) - _MOST_RUNS} more runs are not shown)")
    return blocks


def _row(run: Descent, s: int) -> tuple[str, ...]:
    judgement, theory, parting = run.judgements[s], run.theories[s], run.partings[s]
    end = run.paths[s][-1]
    shown = [short(value, 3) for value in end[:_FEW]]
    return (
        short(run.rate, 3),
        cut(run.gradient, 30),
        str(run.steps),
        "(" + ", ".join([*shown, *(["..."] if len(end) > _FEW else [])]) + ")",
        _end_height(run, judgement, s),
        str(judgement.course),
        factor_text(theory.factor),
        factor_text(judgement.factor),
        "-" if parting.step is None else str(parting.step),
    )


def _end_height(run: Descent, judgement: Judgement, s: int) -> str:
    """Return f at the end: exact where it is known."""
    value = run.by_start(run.values)[s][-1]
    if judgement.overflow_at is None:
        value = judgement.heights[1]
    return short(value + 0.0, 3)  # no -0


def _theory_sentences(entries: Sequence[tuple[Descent, int]]) -> str:
    """Return what the Hessian says of each run, said once where it is the same."""
    said: dict[str, list[str]] = {}
    for run, s in entries:
        label = f"rate {short(run.rate, 3)}, {run.gradient}" + (f", start {s}" if s else "")
        said.setdefault(_theory_sentence(run, s), []).append(label)
    if len(said) == 1:
        return next(iter(said))
    lines = []
    for text, labels in said.items():
        more = f"; and {len(labels) - 2} more" if len(labels) > 2 else ""
        lines.append(f"For {'; '.join(labels[:2])}{more}: {text}")
    return "\n".join(lines)


def _theory_sentence(run: Descent, s: int) -> str:
    theory = run.theories[s]
    place = place_of(run, tidy(run, theory.point, coarse=is_singular(theory)))
    if not theory.where:
        why = SINGULAR.get(run.statuses[s], "")
        if why:
            return f"At {place} {why}: there is no largest stable rate."
        return "Nothing is known of the Hessian here, so there is no largest stable rate."
    if theory.where == "flat minimum":
        return f"The Hessian vanishes at the minimum near {place}: it sets no largest stable rate."
    if theory.where == "end":
        return (
            f"Near the path no minimum was found where f is smooth: there is no largest stable "
            f"rate. At {place}, its last finite point, the exact gradient's largest partial "
            f"derivative is {_slope_at(run, s)}."
        )
    if theory.where == "level":
        return f"f is constant near {place}: there is no largest stable rate."
    if theory.where != "minimum":
        kind = {"saddle": "a saddle", "maximum": "a maximum"}.get(theory.where, "an inflection")
        who = "The path comes" if theory.approached else "Small steps from the start come"
        return f"{who} to {kind} of f, {place}: there is no largest stable rate."
    largest = short(float(theory.eigenvalues[-1]), 4)
    top = "2" if not run.momentum else f"2 (1 + {short(run.momentum, 3)})"
    stable = short(theory.stable_rate, 4)
    return (
        f"Largest stable rate: {stable} = {top} / {largest}, the largest eigenvalue of the exact "
        f"Hessian {'near' if is_singular(theory) else 'at'} the minimum {place}."
    )


def _slope_at(run: Descent, s: int) -> str:
    slope = run.judgements[s].exact_slope
    if math.isnan(slope):
        return "not known"
    if math.isinf(slope):
        return "beyond the doubles"
    return f"below {short(TINIEST)}, but not 0" if 0 < slope <= TINIEST else short(slope, 3)


def descents_to_json(runs: Sequence[Descent]) -> str:
    """Return descents as one JSON document of kind `descent`, a run for each start."""
    first = runs[0]
    return json.dumps(
        {
            "kind": "descent",
            "schema": 1,
            "formula": first.formula.texts[0],
            "variables": list(first.formula.variables),
            "runs": [_run_json(run, s) for run in runs for s in range(len(run.theories))],
        },
        allow_nan=False,
    )


def _run_json(run: Descent, s: int) -> dict[str, Any]:
    judgement, theory, parting = run.judgements[s], run.theories[s], run.partings[s]
    return {
        "gradient": run.gradient,
        "rate": run.rate,
        "momentum": run.momentum,
        "path": [[to_json_number(x) for x in row] for row in run.paths[s].tolist()],
        "values": [to_json_number(x) for x in run.by_start(run.values)[s].tolist()],
        "verdict": str(judgement.course),
        "stable_rate": to_json_number(theory.stable_rate),
        "hessian_at": theory.where,
        "factor_predicted": to_json_number(theory.factor),
        "factor_observed": to_json_number(judgement.factor),
        "overflow_at": judgement.overflow_at,
        "parts_from_exact_at": parting.step,
        "distance": to_json_number(parting.distance),
        "reason": reason_of(run, s),
    }
