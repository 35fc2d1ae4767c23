"""Sentences about a point and a component of a Sweep: what is exact, and why the error is so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from symnum.formula.status import Status
from symnum.report.derivatives import derivative_name
from symnum.report.numbers import double, short

if TYPE_CHECKING:
    from symnum.differences.sweep import Run, Sweep

PARTS = ("truncation", "step_rounding", "evaluation", "arithmetic")
"""The parts of the error, in the order in which they are shown."""

CROSSINGS = ("kink", "jump", "pole", "edge")

_LONGEST = 160


def name_of(sweep: Sweep, component: int) -> str:
    """Return "df/dx", "d2f/dx2", or "df[1]/dx" for the second of several outputs."""
    part = sweep.components[component]
    output = part.output if len(sweep.formula) > 1 else None
    return derivative_name((part.variable,) * sweep.derivative_order, output)


def place(sweep: Sweep, point: int) -> str:
    """Return the point as text, such as "x = 5, y = 1"."""
    pairs = zip(sweep.variables, sweep.points[point], strict=True)
    return clip(", ".join(f"{name} = {double(value)}" for name, value in pairs))


def clip(text: str) -> str:
    """Shorten a long text so that it stays a line or two."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + " ..."


def exact_sentence(sweep: Sweep, point: int, component: int) -> str:
    """Say what the exact derivative is, or why there is none."""
    exact = sweep.exact
    at = (point, component)
    name = name_of(sweep, component)
    hi, left, right = (float(a[at]) for a in (exact.hi, exact.left, exact.right))
    sides = f"{double(left)} from the left and {double(right)} from the right"
    one = f"{double(right)} from the right" if math.isnan(left) else f"{double(left)} from the left"
    match str(exact.status[at]):
        case Status.CERTIFIED if not exact.lo[at] and not exact.radius[at]:
            return f"{name} = {double(hi)}, exactly (certified)."
        case Status.CERTIFIED:
            return f"{name} = {double(hi)} (certified: the double nearest the exact value)."
        case Status.ZERO:
            return f"{name} = 0, exactly (proven)."
        case Status.KINK:
            return f"{name} doesn't exist here: f has a kink, its derivative is {sides}."
        case Status.JUMP:
            return f"{name} doesn't exist here: f jumps."
        case Status.POLE:
            return f"{name} doesn't exist here: f or its derivative is unbounded (a pole)."
        case Status.EDGE if not (math.isnan(left) and math.isnan(right)):
            return f"{name} has one side only, at the edge of f's domain: {one}."
        case Status.EDGE:
            return f"{name} doesn't exist here: this is the edge of f's domain."
        case Status.REMOVABLE:
            return f"{name} = {double(hi)} as a limit: f is undefined here as it is written."
        case Status.UNDEFINED:
            return f"{name} doesn't exist here: f is undefined."
        case _:
            return f"{name} is undecided: nothing was proven about it within symnum's limits."


def magnitudes(run: Run, point: int, component: int) -> np.ndarray:
    """Return the moduli of the four parts, shape (4, H)."""
    return np.abs([getattr(run, part)[point, component] for part in PARTS])


def largest_part(parts: np.ndarray) -> str:
    """Return the name of the part that is the largest at most of the steps of `parts` (4, H)."""
    known = parts[:, np.isfinite(parts).all(axis=0) & (parts.max(axis=0, initial=0) > 0)]
    if not known.size:
        return ""
    wins = np.bincount(known.argmax(axis=0), minlength=len(PARTS))
    return PARTS[int(wins.argmax())].replace("_", " ")


def border(run: Run, point: int, component: int) -> float:
    """Return the step at which truncation takes over: the best one predicted, or else found."""
    h, predicted = run.h[point, component], float(run.predicted_h[point, component])
    if h.size and h.min() < predicted < h.max():
        return predicted
    return float(run.best_h[point, component])


def regimes(run: Run, point: int, component: int) -> tuple[str, str]:
    """Return the largest part below the best step and above it ("" where unknown)."""
    parts, h = magnitudes(run, point, component), run.h[point, component]
    best = border(run, point, component)
    return largest_part(parts[:, h < best]), largest_part(parts[:, h > best])


def explanation(sweep: Sweep, run: Run, point: int, component: int) -> str:
    """Say in one sentence why this scheme's error is what it is."""
    parts, h = magnitudes(run, point, component), run.h[point, component]
    known = np.isfinite(parts).all(axis=0)
    if not known.any():
        nowhere = not np.isfinite(run.approximation[point, component]).any()
        return "The approximation is not a finite number at any of these steps." if nowhere else ""
    truncation, rounding = parts[0, known], parts[1:, known].max(axis=0)
    if not truncation.any() and not rounding.any():
        steps = " at every step" if h.size > 1 else ""
        return f"The approximation is exact{steps}: all four parts of the error are 0."
    if not truncation.any():
        advice = "" if run.scheme.is_complex else ": take h as large as you can"
        return (
            f"The truncation part is 0 at every step, as it is for every polynomial of degree "
            f"{run.scheme.exact_degree} or less. All of the error is rounding{advice}."
        )
    if known.sum() == 1:
        share, step = largest_part(parts), short(h[known][0], 3)
        return f"At h = {step} most of the error is {share}." if share else ""
    best = border(run, point, component)
    if not rounding.any():
        return "All of the error is truncation: take h as small as you can."
    if math.isnan(best):
        return ""
    below, above = regimes(run, point, component)
    sentences = []
    if below == above == "truncation":
        return f"Most of the error is truncation{_growth(run, point, component)}, at every step."
    if below and below == above:
        return f"Most of the error is {below}, below the best step and above it."
    if above:
        law = _growth(run, point, component) if above == "truncation" else ""
        sentences.append(f"Above h = {short(best, 3)} most of the error is {above}{law}")
    if below:
        law = "" if below == "truncation" else _rounding_law(sweep, run)
        sentences.append(
            f"below it, {below}{law}" if above else f"Most of the error is {below}{law}"
        )
    return "; ".join(sentences) + "." if sentences else ""


def _growth(run: Run, point: int, component: int) -> str:
    growth = run.observed_order[point, component]
    if not growth > 0:
        return ""
    power = short(growth, 3)
    return ", which grows like h" + ("" if power == "1" else f"^{power}")


def _rounding_law(sweep: Sweep, run: Run) -> str:
    if run.scheme.is_complex:
        return ", which doesn't grow as h falls: any smaller step is as good"
    q = sweep.derivative_order
    return f", which grows like 1/h{'' if q == 1 else f'^{q}'} as h falls"


def crossing_sentence(run: Run, point: int, component: int) -> str:
    """Say from which step on the stencil crosses a kink, jump, pole or edge ("" if it doesn't)."""
    status, h = run.status[point, component], run.h[point, component]
    if (status == "nonanalytic").any():
        count = int((status == "nonanalytic").sum())
        return (
            f"The complex step is not valid at {_steps(count, h.size)}: f uses an operation "
            "without an analytic continuation (abs, min, max, where)."
        )
    distance = float(run.crossing[point, component])
    crossed = [(str(s), float(step)) for s, step in zip(status, h, strict=True) if s in CROSSINGS]
    if not crossed and not math.isfinite(distance):
        return ""
    if not crossed:
        return (
            f"f stops being smooth {short(distance, 3)} away from the point; no step used here "
            "reaches that far."
        )
    kind, first = min(crossed, key=lambda pair: pair[1])
    what = {
        "kink": "f has a kink",
        "jump": "f jumps",
        "pole": "f has a pole",
        "edge": "f's domain ends",
    }[kind]
    if distance == 0:
        return ""  # the exact value's sentence has said it
    if not math.isfinite(distance):
        return f"{what} within reach: steps from h = {short(first, 3)} on cross it."
    return (
        f"{what} at distance {short(distance, 3)} from the point: steps from h = {short(first, 3)} "
        "on cross it."
    )


def _steps(count: int, total: int) -> str:
    return "any of these steps" if count == total else f"{count} of {total} steps"
