"""Descents as text, as JSON and as pictures: paths on contours, losses, factors against rates."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.descending.judge import FEWEST
from symnum.errors import UsageError
from symnum.report.axes import (
    HUGE,
    LINE_STYLES,
    TINY,
    cut,
    legend_below,
    our_style,
    picture_path,
    save,
    ticks,
)
from symnum.report.numbers import short, to_json_number
from symnum.report.tables import UNKNOWN, Block, Grid, Heading, plain

if TYPE_CHECKING:
    from symnum.descending.descent import Descent
    from symnum.descending.judge import Judgement
    from symnum.descending.parting import Parting
    from symnum.descending.theory import Theory

Look = dict[str, Any]

WIDTH = UNKNOWN
MOST_LINES = 8
"""Runs that are still told apart in one picture."""

_FEW = 4
_MOST_RUNS = 40
_GRID = 161  # contours are smooth from here on
_TOP = 2.0  # factors above this are shown as such
_ROOM = 1.5  # an axis of rates goes on by this factor
_DENSE = 2001  # rates at which a predicted factor is drawn
_PATHS = "on these paths"
_AWAY = 1.5  # a window is this much larger than the way from the start to the minimum

_TINIEST = 5e-324
_WRONG = 1e-4  # relative: what is farther off than this is no rounding, in float32 neither
_COARSE = 1e-4  # the same, where the Hessian is singular
_TIDY = 1e-12  # of the start's size: a coordinate of a stationary point below this is shown as 0
_SINGULAR = {
    "kink": "f has a kink and no gradient",
    "jump": "f jumps and has no gradient",
    "pole": "f has a pole",
    "edge": "the domain of f ends and f has no gradient",
    "removable": "f is undefined as it is written",
    "undefined": "f has no gradient",
    "unbounded": "the gradient of f is unbounded",
}

# --- sentences ------------------------------------------------------------------------------------


def reason_of(run: Descent, start: int) -> str:
    """Return what one start's run does, where it parts from the exact path, and why."""
    theory = run.theories[start]
    course = _course_sentence(run, run.judgements[start], theory, start)
    return f"{course} {_parting_sentence(run, run.partings[start], start)}".rstrip()


def _course_sentence(run: Descent, judgement: Judgement, theory: Theory, start: int) -> str:
    course = str(judgement.course)
    say = {"diverges": _away, "oscillates": _to_and_fro, "crawls": _slowly, "converges": _closer}
    pieces = [say[course](run, judgement, theory)]
    pieces += [_halt(run, judgement, start), _kind_there(run, theory, judgement)]
    pieces.append(_trouble(run, start))
    if course == "diverges" and theory.where == "minimum" and run.rate > theory.stable_rate:
        stable = short(theory.stable_rate, 3)
        pieces.append(f"the rate {short(run.rate, 3)} is above the largest stable one, {stable}")
    text = "; ".join(piece for piece in pieces if piece)
    return f"{course}: {text}." + _crossing_sentence(run, start) + _aside(run, judgement)


def _away(run: Descent, judgement: Judgement, theory: Theory) -> str:
    del theory
    pace = _pace(judgement.factor) if judgement.factor > 1 else ""
    if pace and judgement.stands_from is not None:
        pace = f"while x moves {pace}"
    if judgement.overflow_at is not None:
        return pace
    return f"{pace}; {_height(run, judgement)}" if pace else _height(run, judgement)


def _to_and_fro(run: Descent, judgement: Judgement, theory: Theory) -> str:
    del run, theory
    return f"it goes to and fro, and {_pace(judgement.factor)}"


def _slowly(run: Descent, judgement: Judgement, theory: Theory) -> str:
    if math.isnan(judgement.factor):
        return "" if judgement.stands_from is not None else _fall(judgement)
    if judgement.fades and theory.where == "end":
        return (
            f"{_pace(judgement.factor)}, but it comes to no end that was found; "
            f"{_fall(judgement)}, {_height(run, judgement)}"
        )
    text = _pace(judgement.factor)
    if "shrink" in text:
        text += f", over {max(run.steps, FEWEST)} steps by less than half"
    return f"{text}; {_height(run, judgement)}"


def _closer(run: Descent, judgement: Judgement, theory: Theory) -> str:
    del run, theory
    if math.isnan(judgement.factor) or judgement.factor >= 1:
        return "" if judgement.stands_from is not None else _fall(judgement)
    return _pace(judgement.factor) + (", to and fro" if judgement.jumps else "")


def _pace(factor: float) -> str:
    if factor == 1 or abs(factor - 1) < 1e-13:
        return "its steps keep their length"
    return (
        f"its steps {'grow' if factor > 1 else 'shrink'} by the factor {_factor(factor)} on average"
    )


def _height(run: Descent, judgement: Judgement) -> str:
    first, last = (short(value, 3) for value in judgement.heights)
    name = "f" if run.function is None else "the function given"
    if first != last:
        return f"{name} goes from {first} to {last}"
    return f"{name} stays {'at' if len(set(judgement.heights)) == 1 else 'near'} {last}"


def _fall(judgement: Judgement) -> str:
    first, last = (short(value, 3) for value in judgement.slopes)
    if first == last:
        return f"the gradient's largest partial derivative is {last} at the start and at the end"
    return f"the gradient's largest partial derivative goes from {first} to {last}"


def _halt(run: Descent, judgement: Judgement, start: int) -> str:
    """Say from which step on x stands still, and by which numbers."""
    k = judgement.stands_from
    if k is None or judgement.overflow_at is not None:
        return ""
    text = "x never moves" if k == 0 else f"from step {k} on x stands still"
    if judgement.slopes[1]:
        return f"{text}: rate times gradient is too small beside x"
    exact = judgement.exact_slope
    if exact == 0:
        tail = ", and so is the exact one" if not run._rule.is_exact else ""
        return f"{text}: the gradient there is 0{tail}"
    if math.isnan(exact):
        singular = _SINGULAR.get(run.statuses[start], "")
        tail = f", though {singular}" if singular else ""
        return f"{text}: the gradient that is followed is 0 there{tail}"
    what = "the formula's gradient in float64" if run._rule.is_exact else "the gradient given"
    if run._rule.scheme is not None:
        what = "the difference"
    size = f"below {short(_TINIEST)}, but not 0" if exact <= _TINIEST else short(exact, 3)
    return f"{text}: {what} is 0 there, while the exact one's largest partial is {size}"


def _kind_there(run: Descent, theory: Theory, judgement: Judgement) -> str:
    kinds = {"saddle": "a saddle", "maximum": "a maximum", "inflection": "an inflection"}
    if theory.where not in kinds or not theory.approached:
        return ""
    place = _place(run, _tidy(run, theory.point, coarse=_is_singular(theory)))
    which = place if judgement.stands_from == 0 else f"what it approaches, {place},"
    return f"{which} is {kinds[theory.where]} and not a minimum"


def _trouble(run: Descent, start: int) -> str:
    """Say why numbers end."""
    trouble = run.troubles[start]
    if trouble is None:
        return ""
    k = trouble.step
    place = _place(run, trouble.point) if np.isfinite(trouble.point).all() else ""
    if trouble.what == "overflow":
        return f"from step {k} on numbers overflow"
    if trouble.what == "unknown":
        return f"from step {k} on the exact path is not certified"
    if trouble.what == "value":
        name = "f in float64" if run.function is None else "the function given"
        return (
            f"at step {k}, {place}, {name} is {short(trouble.given)} where f is exactly "
            f"{short(trouble.exact, 3)}"
        )
    if trouble.what == "followed":
        name = f"the df/d{trouble.variable} that it follows"
        return (
            f"at step {k}, {place}, {name} is {short(trouble.given)} where the exact one is "
            f"{short(trouble.exact, 3)}"
        )
    if trouble.of == "f" and trouble.what == "undefined":
        text = "f is undefined: the path has left its domain" if k else "f is undefined"
        return f"at step {k}, {place}, {text}"
    if trouble.of == "gradient" and trouble.what == "pole":
        return f"at step {k}, {place}, df/d{trouble.variable} is unbounded"
    return f"at step {k}, {place}, {_SINGULAR.get(trouble.what, 'f has no gradient that is known')}"


def _crossing_sentence(run: Descent, start: int) -> str:
    crossing = run.crossings[start]
    trouble = run.troubles[start]
    if crossing is None or (trouble is not None and trouble.step <= crossing.step):
        return ""  # that it left the domain is said already
    what = {"pole": "over a pole of f", "jump": "across a jump of f"}.get(
        crossing.what, "over a gap in the domain of f"
    )
    place = _place(run, _tidy(run, crossing.point))
    return f" From step {crossing.step - 1} to {crossing.step} it steps {what} near {place}."


def _aside(run: Descent, judgement: Judgement) -> str:
    """Say where the gradient that was followed has gone to 0 and the exact one hasn't."""
    exact, given = judgement.exact_slope, judgement.slopes[1]
    if run._rule.is_exact or given == 0 or not exact > 1000 * given:
        return ""
    return (
        f" At the end the largest partial derivative that is followed is {short(given)}, the exact "
        f"one {short(exact)}."
    )


def _parting_sentence(run: Descent, parting: Parting, start: int) -> str:
    steps = len(run.paths[start]) - 1
    if run.gradient == "certified" and run._rule.is_exact:
        return ""
    if parting.known_to < 0:
        return "There is no exact path to hold it against."
    if parting.step is None:
        return _together(run, parting, steps, start)
    text = f"Parts from the exact path at step {parting.step}, "
    text += f"by {short(parting.distance)}: " if math.isfinite(parting.distance) else ""
    if not math.isfinite(parting.distance):
        text += "where its own numbers are no longer finite: "
    text += _why(run, parting)
    k = parting.lost_from
    if k is not None and not run._flat(run.gradients, 1)[start][k:].any():
        end = np.abs(run.paths[start][-1]).max()
        text += (
            f"; from step {k} on x + h == x in every variable, so that the differences are 0 and "
            f"the path ends near {short(end)}"
        )
    elif k is not None:
        text += f"; at step {k} x + h == x in every variable"
    if math.isfinite(parting.final) and parting.final > 10 * parting.distance:
        when = "at the end"
        if parting.final_at != steps:
            when = f"at step {parting.final_at}, the last at which both are known and finite,"
        text += f"; {when} the two are {short(parting.final)} apart"
    return text + "."


def _together(run: Descent, parting: Parting, steps: int, start: int) -> str:
    if parting.final_at is None:
        return ""
    overflow = run.judgements[start].overflow_at
    ended = overflow is not None and parting.final_at >= overflow - 1
    if parting.known_to < steps and not ended:
        if not parting.final_at:
            return "" if run._rule.is_exact else "The exact path is certified at the start only."
        return (
            f"Up to step {parting.final_at} it follows the exact path, which is certified no "
            "further."
        )
    if run._rule.is_exact:
        return ""
    if parting.final == 0 and parting.final_at == steps:
        return "It ends where the exact path ends, to the last digit."
    if not parting.final_at:
        return ""
    when = "At the end" if parting.final_at == steps else f"At step {parting.final_at}"
    return f"{when} it is {short(parting.final)} from the exact path."


def _why(run: Descent, parting: Parting) -> str:
    if parting.reason == "recurrence":
        return (
            "at each point that it came to its gradient is right but for rounding, and rounding "
            "errors grow from step to step"
        )
    if parting.reason == "unknown":
        return "why is not known, since the exact gradient is not certified on the way"
    given, exact = _apart(parting.given, parting.exact)
    name = parting.variable
    text = f"at step {parting.cause_at} its df/d{name} is {given} where the exact one is {exact}"
    if parting.reason == "gradient" and run._rule.code is not None:
        return _own_why(text, parting)
    if parting.reason == "function":
        value, formula = _apart(*parting.values)
        return (
            f"{text}, since the function given is not the formula: there it is {value} where the "
            f"formula is {formula}"
        )
    noise = ", by the rounding of f"
    if run._rule.scheme is None:
        noise = ", by the rounding of the formula in float64"
        if run._rule.code is not None:
            noise = ", which rounding in float64 explains"
    elif run.function is not None:
        noise = ", by the rounding of the function given"
    tail = {
        "truncation": f", the truncation of {run.gradient}",
        "rounding": ", by the rounding of f(x + h) - f(x - h)"
        if run._rule.scheme is not None
        else "",
        "noise": noise,
    }
    return text + tail.get(parting.reason, "")


def _own_why(text: str, parting: Parting) -> str:
    """Say of somebody's gradient that it is wrong, or only more than rounding off."""
    away = abs(parting.given - parting.exact)
    if away <= _WRONG * abs(parting.exact):
        return f"{text}, which is more than rounding in float64 explains"
    text = f"the gradient given is not the derivative: {text}"
    if not parting.exact or not math.isfinite(parting.given):
        return text
    return f"{text}, a ratio of {short(parting.given / parting.exact, 4)}"


def _apart(given: float, exact: float) -> tuple[str, str]:
    """Return two numbers with as many digits as tell them apart."""
    for digits in range(4, 17):
        texts = f"{given:.{digits}g}", f"{exact:.{digits}g}"
        if texts[0] != texts[1] or not math.isfinite(given):
            break
    digits = min(digits + 1, 17)
    return f"{given:.{digits}g}", f"{exact:.{digits}g}"


def _factor(value: float) -> str:
    if math.isnan(value):
        return "-"
    if abs(value - 1) < 1e-13:
        return "1"
    text = short(value, 3)
    return f"1 {'-' if value < 1 else '+'} {_gap(value)}" if text in {"1", "0.999"} else text


def _gap(value: float) -> str:
    return short(abs(value - 1))


# --- text -----------------------------------------------------------------------------------------


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
    place = _place(first, first.paths[0][0]) if starts == 1 else f"{starts} starts"
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
        _factor(theory.factor),
        _factor(judgement.factor),
        "-" if parting.step is None else str(parting.step),
    )


def _end_height(run: Descent, judgement: Judgement, s: int) -> str:
    """Return f at the end: exact where it is known."""
    value = run._flat(run.values)[s][-1]
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
    place = _place(run, _tidy(run, theory.point, coarse=_is_singular(theory)))
    if not theory.where:
        why = _SINGULAR.get(run.statuses[s], "")
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
        f"Hessian {'near' if _is_singular(theory) else 'at'} the minimum {place}."
    )


def _slope_at(run: Descent, s: int) -> str:
    slope = run.judgements[s].exact_slope
    if math.isnan(slope):
        return "not known"
    if math.isinf(slope):
        return "beyond the doubles"
    return f"below {short(_TINIEST)}, but not 0" if 0 < slope <= _TINIEST else short(slope, 3)


def _is_singular(theory: Theory) -> bool:
    """Tell whether a Hessian is all but singular: then the place is known to few digits."""
    size = np.abs(theory.eigenvalues)
    return bool(size.size) and float(size.min()) <= 2.0**-20 * float(size.max())


def _tidy(run: Descent, point: np.ndarray, *, coarse: bool = False) -> np.ndarray:
    """Return a point without what rounding left of its zeros."""
    size = max(float(np.abs(path[0]).max()) for path in run.paths)
    return np.where(np.abs(point) <= (_COARSE if coarse else _TIDY) * size, 0.0, point)


def _place(run: Descent, point: np.ndarray) -> str:
    names = run.formula.variables
    pieces = [f"{n} = {short(v, 4)}" for n, v in zip(names[:_FEW], point, strict=False)]
    return ", ".join(pieces) + (", ..." if len(names) > _FEW else "")


# --- JSON -----------------------------------------------------------------------------------------


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
        "values": [to_json_number(x) for x in run._flat(run.values)[s].tolist()],
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


# --- pictures -------------------------------------------------------------------------------------


def plot_descents(
    runs: Sequence[Descent], path_or_ax: Any = None, looks: Sequence[Look] | None = None
) -> Any:
    """Draw paths on contours (of two variables) and losses against the step.

    Parameters
    ----------
    runs : sequence of Descent
        At most 8 lines in all.
    path_or_ax : str, path, matplotlib.axes.Axes or matplotlib.figure.Figure, optional
        A file, axes or a figure to draw into, or None for a new Figure.
    looks : sequence of dict, optional
        For each line its color, linestyle, marker, linewidth and label, if axes are drawn into.

    Returns
    -------
    Path, Axes or Figure
        What was drawn into.
    """
    entries = _entries(runs)
    two = len(runs[0].formula.variables) == 2
    if hasattr(path_or_ax, "plot") and hasattr(path_or_ax, "set_xscale"):
        (_contours if two else _losses)(path_or_ax, entries, looks)
        path_or_ax.legend(fontsize="small", handlelength=3.2)
        return path_or_ax
    return _finished(path_or_ax, entries, [_contours, _losses] if two else [_losses])


def plot_losses(runs: Sequence[Descent], ax: Any, looks: Sequence[Look] | None = None) -> Any:
    """Draw the losses alone against the step, into axes, and return these."""
    _losses(ax, _entries(runs), looks)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize="small", handlelength=3.2)
    return ax


def plot_rates(runs: Sequence[Descent], path_or_ax: Any = None) -> Any:
    """Draw the factor of a step, predicted and observed, and the last loss against the rate."""
    entries = [(run, s) for run in runs for s in range(len(run.theories))]
    if hasattr(path_or_ax, "plot") and hasattr(path_or_ax, "set_xscale"):
        _factors(path_or_ax, entries)
        path_or_ax.legend(fontsize="small")
        return path_or_ax
    return _finished(path_or_ax, entries, [_factors, _last_losses])


def _entries(runs: Sequence[Descent]) -> list[tuple[Descent, int]]:
    entries = [(run, s) for run in runs for s in range(len(run.paths))]
    if len(entries) > MOST_LINES:
        msg = f"{len(entries)} paths don't fit into one picture: draw at most {MOST_LINES}"
        raise UsageError(msg)
    return entries


def _finished(path: Any, entries: list[tuple[Descent, int]], panels: list[Any]) -> Any:
    """Draw panels beside each other into a file, a figure that is given, or a new one."""
    from matplotlib.figure import Figure

    given = path if hasattr(path, "subplots") and hasattr(path, "suptitle") else None
    target = None if path is None or given is not None else picture_path(path)
    with our_style() if given is None else nullcontext():
        figure = given
        if figure is None:
            figure = Figure(figsize=(5.6 * len(panels) + 0.6, 5.4), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for ax, panel in zip(axes, panels, strict=True):
            panel(ax, entries)
        legend_below(figure, axes)
        run = entries[0][0]
        title = f"Gradient descent of f = {run.formula.texts[0]}"
        figure.suptitle(cut(title, 90), parse_math=False, fontsize=11, fontweight="bold")
        if target is None:
            return figure
        save(figure, target)
    return target


def _looks(entries: list[tuple[Descent, int]]) -> list[Look]:
    """Return how each line looks, and what it is called."""
    return [
        {**style, "linewidth": _width(i, len(entries)), "label": _label(run, s)}
        for i, ((run, s), style) in enumerate(zip(entries, LINE_STYLES, strict=False))
    ]


def _label(run: Descent, s: int) -> str:
    start = f", start {s}" if len(run.paths) > 1 else ""
    return f"rate {short(run.rate, 3)}, {run.gradient}{start}: {course_of(run, s)}"


def course_of(run: Descent, s: int) -> str:
    """Return a verdict as a legend says it; of a path that crawls how far it came."""
    course = str(run.judgements[s].course)
    if course == "crawls":  # on contours it may be too short to be seen
        course += f" ({short(_way(run.paths[s]))} from the start)"
    return course


def _way(path: np.ndarray) -> float:
    """Return how far from its start a path ends."""
    known = path[np.isfinite(path).all(axis=-1)]
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(known[-1] - known[0])) if len(known) else math.nan


def _contours(
    ax: Any, entries: list[tuple[Descent, int]], looks: Sequence[Look] | None = None
) -> None:
    """Draw the paths on the contours of f, in a window round start and minimum."""
    low, high = _window(entries)
    formula = entries[0][0].formula
    axes = [np.linspace(low[i], high[i], _GRID) for i in range(2)]
    grid = np.stack(np.meshgrid(*axes, indexing="xy"), axis=-1)
    heights = np.asarray(formula(grid))
    known = heights[np.isfinite(heights)]
    if known.size and known.max() > known.min():
        # shares of the area, not of the height: even rings round a quadratic's minimum, and a
        # curved valley shows as well
        levels = np.unique(np.quantile(known, np.linspace(0, 0.98, 15)[1:] ** 2))
        shown = np.where(np.isfinite(heights), heights, np.nan)
        ax.contour(*axes, shown, levels=levels, colors="#B5B5B5", linewidths=0.7, zorder=1)
    for (run, s), look in zip(entries, looks or _looks(entries), strict=True):
        path = run.paths[s]
        path = path[np.isfinite(path).all(axis=-1)]
        # a line to 1e128 is drawn to the edge of the window and no further
        inside = ((path >= low) & (path <= high)).all(axis=-1)
        out = np.flatnonzero(~inside)
        end = int(out[0]) if out.size else len(path)
        shown = path[:end]
        if end < len(path):
            shown = np.vstack([shown, _edge(path[end - 1], path[end], low, high)])
        every = max(1, len(shown) // 40)
        ax.plot(
            *shown.T,
            markersize=4,
            markeredgecolor="white",
            markeredgewidth=0.4,
            markevery=every,
            zorder=3,
            **look,
        )
        if end < len(path):
            ax.annotate(
                "",
                shown[-1],
                shown[-2],
                arrowprops={"arrowstyle": "-|>", "color": look["color"], "shrinkB": 0},
                zorder=4,
            )
    first = {tuple(run.paths[s][0]): run.paths[s] for run, s in reversed(entries)}
    for start, path in first.items():
        ax.plot(*start, "o", color="white", markeredgecolor="black", markersize=8, zorder=5)
        move = path[min(1, len(path) - 1)] - path[0]
        length = float(np.abs(move).max())
        side = -np.sign(move) if length > 0 and math.isfinite(length) else np.ones(2)
        ax.annotate(
            "start",
            start,
            (9 * side[0] or 9, 9 * side[1] or 9),  # away from where the path goes
            textcoords="offset points",
            ha="right" if side[0] < 0 else "left",
            va="top" if side[1] < 0 else "bottom",
            zorder=6,
        )
    theory = entries[0][0].theories[entries[0][1]]
    if "minimum" in theory.where:
        ax.plot(
            *theory.point, "*", color="#F0E442", markeredgecolor="black", markersize=14, zorder=5,
            label="minimum", linestyle="none",
        )  # fmt: skip
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ratio = (high[1] - low[1]) / (high[0] - low[0])
    if 0.5 < ratio < 2:
        ax.set_aspect("equal")
    for set_label, name in zip((ax.set_xlabel, ax.set_ylabel), formula.variables, strict=True):
        set_label(name, parse_math=False)
    ax.set_title("paths on the contours of f", loc="left", fontsize=10, pad=16)


def _width(i: int, count: int) -> float:
    """Return a line's width: those drawn first are wider, and seen below the ones that follow."""
    return 1.2 + 3.3 * (count - 1 - i) / max(count - 1, 2)


def _window(entries: list[tuple[Descent, int]]) -> tuple[np.ndarray, np.ndarray]:
    places = [run.paths[s][0] for run, s in entries]
    for run, s in entries:
        theory = run.theories[s]
        if "minimum" in theory.where:
            places.append(theory.point)
            if str(run.judgements[s].course) == "diverges":
                # the start's mirror image: where a rate that is too large goes first
                places.append(2 * theory.point - run.paths[s][0])
        if str(run.judgements[s].course) != "diverges":
            places += list(run.paths[s])
    box = np.array(places)
    low, high = box.min(axis=0), box.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2
    widest = float(half.max()) or max(float(np.abs(middle).max()), 1.0)
    half = np.maximum(half, widest / 4) * 1.15
    if len(places) == len(entries):
        half *= _AWAY
    return middle - half, middle + half


def _edge(inside: np.ndarray, outside: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return where the line from a point inside to one outside leaves the window."""
    with np.errstate(all="ignore"):
        move = outside - inside
        bound = np.where(move > 0, high - inside, low - inside)
        shares = np.where(move != 0, bound / move, np.inf)
    return np.asarray(inside + max(min(float(shares.min()), 1.0), 0.0) * move)


def _losses(
    ax: Any, entries: list[tuple[Descent, int]], looks: Sequence[Look] | None = None
) -> None:
    """Draw the loss, above that of the minimum, against the step."""
    bottom, name = _bottom(entries)
    values = [run._flat(run.values)[s] for run, s in entries]
    losses = [_loss(line, bottom) for line in values]
    _log_axis(ax, np.concatenate(losses))  # first: Matplotlib's own limits may overflow
    _say_why_empty(ax, np.concatenate(losses), np.concatenate(values), _PATHS)
    for (run, s), loss, look in zip(entries, losses, looks or _looks(entries), strict=True):
        ax.plot(
            np.arange(len(loss)),
            loss,
            markersize=4.5,
            markevery=max(1, len(loss) // 12),
            markeredgecolor="white",
            markeredgewidth=0.4,
            **look,
        )
        k = run.judgements[s].overflow_at
        if k is not None and k and math.isfinite(loss[k - 1]):
            ax.plot(k - 1, loss[k - 1], "x", color=look["color"], markersize=11, zorder=5)
            ever_after = not np.isfinite(run._flat(run.values)[s][k:]).any()
            when = f"from step {k} on" if ever_after else f"at step {k}"
            ax.annotate(
                f"not finite\n{when}", (k - 1, loss[k - 1]), (8, -4), va="top",
                textcoords="offset points", fontsize="small",
            )  # fmt: skip
    last = max(len(loss) for loss in losses) - 1
    ax.set_xlim(-0.04 * max(last, 1), 1.04 * max(last, 1))
    ax.set_xlabel("step")
    ax.set_ylabel(name, parse_math=False)
    ax.set_title("loss against step", loc="left", fontsize=10, pad=16)
    ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)


def _loss(values: np.ndarray, bottom: float) -> np.ndarray:
    """Return the values above the bottom, with NaN where a logarithmic axis has no place."""
    with np.errstate(all="ignore"):
        loss = values - bottom
    return np.where(np.isfinite(loss) & (loss > 0), loss, np.nan)


def _bottom(entries: list[tuple[Descent, int]]) -> tuple[float, str]:
    """Return what is taken off the values, so that a logarithmic axis has a place for them."""
    run, s = entries[0]
    theory = run.theories[s]
    if "minimum" in theory.where:
        point = theory.point[0] if len(theory.point) == 1 else theory.point
        bottom = float(run.formula(point))
        # Newton's minimum of a sum of squares is 0 but for rounding
        values = run._flat(run.values)[s]
        if math.isfinite(bottom) and abs(bottom) > 2.0**-60 * abs(float(values[0])):
            return bottom, "f − f at the minimum"
        return 0.0, "f"
    values = np.concatenate([run._flat(run.values)[s] for run, s in entries])
    values = values[np.isfinite(values)]
    if values.size and values.min() <= 0:
        return float(values.min()), "f − its lowest value here"
    return 0.0, "f"


def _log_axis(ax: Any, values: np.ndarray) -> None:
    known = values[np.isfinite(values) & (values > 0)]
    ax.set_yscale("log")
    if not known.size:
        ax.set_ylim(1e-16, 1)
        return
    low, high = float(known.min()), float(known.max())
    room = (high / low) ** 0.05 if high / low < math.inf else 1e10
    room = max(room, 1.5)
    low, high = max(low / room, TINY), min(high * room if high < HUGE / room else HUGE, HUGE)
    ax.set_ylim(low, high)
    ticks(ax.yaxis, low, high)


def _say_why_empty(ax: Any, losses: np.ndarray, values: np.ndarray, where: str) -> None:
    """Say why there is no loss to draw: nothing is finite, or nothing lies above the lowest."""
    if np.isfinite(losses).any():
        return
    finite = np.isfinite(values)
    if not finite.any():
        text = f"f has no finite value {where}"
    elif finite.all():
        text = "f is at its lowest all along" if where == _PATHS else "f ends at its lowest value"
    else:
        text = "f is at its lowest wherever it is finite"
    box = {"facecolor": "white", "edgecolor": "#BBBBBB", "pad": 5}
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", bbox=box)


def _factors(ax: Any, entries: list[tuple[Descent, int]]) -> None:
    """Draw the factor of a step against the rate: predicted as a line, observed as markers."""
    run, s = entries[0]
    theory = run.theories[s]
    low, high = _rates(entries)
    steep = theory.eigenvalues[theory.eigenvalues != 0]
    if steep.size and theory.where != "flat minimum":
        line, factors = _predicted(steep, low, high, run.momentum)
        shown = np.minimum(factors, 2 * _TOP)  # far above the picture
        ax.plot(line, shown, color="#333333", linewidth=1.2, label="predicted by the Hessian")
    for i, (label, style) in enumerate(_by_gradient(entries)):
        group = [(run, s) for run, s in entries if run.gradient == label]
        x = np.array([run.rate for run, _ in group])
        y = np.array([run.judgements[s].factor for run, s in group])
        _markers(ax, x, np.where(y > _TOP, np.nan, y), label, style, i)
        above = y > _TOP
        if above.any():  # at the picture's upper edge
            edge = np.full(int(above.sum()), 0.985 * _TOP)
            _markers(ax, x[above], edge, None, {**style, "marker": "^"}, i)
            if "above the picture" not in ax.get_legend_handles_labels()[1]:
                ax.plot([], [], "^", color="#333333", markersize=9, label="above the picture")
    ax.axhline(1.0, color="#7F7F7F", linewidth=0.8, label="factor 1: no closer, no farther")
    _mark_stable(ax, theory)
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.set_ylim(-0.02 * _TOP, _TOP)
    ax.set_xlabel("rate")
    ax.set_ylabel("factor of a step")
    ax.set_title("what a step multiplies the distance by", loc="left", fontsize=10)


def _rates(entries: list[tuple[Descent, int]]) -> tuple[float, float]:
    """Return the ends of an axis of rates: those asked for and the largest stable one."""
    run, s = entries[0]
    rates = [run.rate for run, _ in entries]
    stable = run.theories[s].stable_rate
    shown = [*rates, stable] if 0 < stable < math.inf else rates
    return max(min(shown) / _ROOM, TINY), min(max(shown) * _ROOM, HUGE)


def _predicted(
    steep: np.ndarray, low: float, high: float, momentum: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return rates, close to each other and with the kinks, and the largest factor at each."""
    from symnum.descending.theory import factor_of

    least, most = float(steep.min()), float(steep.max())
    with np.errstate(all="ignore"):
        # where one eigenvalue's factor is 0, and where two of them are alike
        kinks = np.array([1 / most, 2 / (least + most), (1 + momentum) * 2 / (least + most)])
        kinks = np.append(kinks, (1 + np.array([-1, 1]) * math.sqrt(momentum)) ** 2 / most)
    kinks = kinks[np.isfinite(kinks) & (kinks > low) & (kinks < high)]
    rates = np.unique(np.concatenate([np.geomspace(low, high, _DENSE), kinks]))
    ends = {least, most}
    factors = [max(factor_of(e, float(rate), momentum) for e in ends) for rate in rates]
    return rates, np.array(factors)


def _markers(
    ax: Any, x: np.ndarray, y: np.ndarray, label: str | None, style: dict[str, Any], i: int
) -> None:
    """Draw what was observed; what is drawn first is larger and hollow, and seen round the rest."""
    look = {
        "linestyle": "none",
        "color": style["color"],
        "marker": style["marker"],
        "markersize": max(12.0 - 4.0 * i, 5.0),
        "markerfacecolor": "none" if i == 0 else style["color"],
        "markeredgewidth": 1.8 if i == 0 else 0.8,
    }
    ax.plot(x, y, label=label, zorder=4 + i, **look)


def _last_losses(ax: Any, entries: list[tuple[Descent, int]]) -> None:
    """Draw the loss at the end of each run against its rate."""
    bottom, name = _bottom(entries)
    ends = np.array([run._flat(run.values)[s][-1] for run, s in entries])
    starts = np.array([run._flat(run.values)[s][0] for run, s in entries])
    ax.set_xscale("log")
    ax.set_xlim(*_rates(entries))
    _log_axis(ax, np.concatenate([_loss(ends, bottom), _loss(starts, bottom)]))
    _say_why_empty(ax, _loss(ends, bottom), ends, "at the end of any run")
    for i, (label, style) in enumerate(_by_gradient(entries)):
        group = [(run, s) for run, s in entries if run.gradient == label]
        y = _loss(np.array([run._flat(run.values)[s][-1] for run, s in group]), bottom)
        _markers(ax, np.array([run.rate for run, _ in group]), y, label, style, i)
    run, s = entries[0]
    first = float(run._flat(run.values)[s][0] - bottom)
    if first > 0:
        ax.axhline(first, color="#7F7F7F", linewidth=0.8)
        ax.annotate("at the start", (0.01, first), (0, 3), xycoords=("axes fraction", "data"),
                    textcoords="offset points", fontsize="small", color="#444444")  # fmt: skip
    _mark_stable(ax, run.theories[s])
    ax.set_xlabel("rate")
    ax.set_ylabel(f"{name} at the end", parse_math=False)
    ax.set_title(f"loss after {run.steps} steps", loc="left", fontsize=10)


def _mark_stable(ax: Any, theory: Theory) -> None:
    if math.isfinite(theory.stable_rate):
        name = f"largest stable rate {short(theory.stable_rate, 3)}"
        ax.axvline(
            theory.stable_rate, color="#CC79A7", linestyle=(0, (1, 1.5)), linewidth=1.6, label=name
        )


def _by_gradient(entries: list[tuple[Descent, int]]) -> list[tuple[str, dict[str, Any]]]:
    labels = list(dict.fromkeys(run.gradient for run, _ in entries))
    return [(label, LINE_STYLES[i % len(LINE_STYLES)]) for i, label in enumerate(labels)]
