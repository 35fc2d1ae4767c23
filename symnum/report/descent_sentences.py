"""What a descent does and why it parts from the exact path, in sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from symnum.descending.judge import FEWEST
from symnum.report.numbers import short

if TYPE_CHECKING:
    from symnum.descending.descent import Descent
    from symnum.descending.judge import Judgement
    from symnum.descending.parting import Parting
    from symnum.descending.theory import Theory

_FEW = 4
TINIEST = 5e-324
_WRONG = 1e-4  # relative: what is farther off than this is no rounding, in float32 neither
_COARSE = 1e-4  # the same, where the Hessian is singular
_TIDY = 1e-12  # of the start's size: a coordinate of a stationary point below this is shown as 0
SINGULAR = {
    "kink": "f has a kink and no gradient",
    "jump": "f jumps and has no gradient",
    "pole": "f has a pole",
    "edge": "the domain of f ends and f has no gradient",
    "removable": "f is undefined as it is written",
    "undefined": "f has no gradient",
    "unbounded": "the gradient of f is unbounded",
}


def reason_of(run: Descent, start: int) -> str:
    """Return what one start's run does, where it parts from the exact path, and why."""
    theory = run.theories[start]
    course = _course_sentence(run, run.judgements[start], theory, start)
    return f"{course} {_parting_sentence(run, run.partings[start], start)}".rstrip()


def _course_sentence(run: Descent, judgement: Judgement, theory: Theory, start: int) -> str:
    course = str(judgement.course)
    say = {
        "accelerates": _faster,
        "converges": _closer,
        "crawls": _slowly,
        "diverges": _away,
        "fails": _nothing,
        "oscillates": _to_and_fro,
    }
    pieces = [say[course](run, judgement, theory)]
    pieces += [_halt(run, judgement, start), _kind_there(run, theory, judgement)]
    pieces.append(_trouble(run, start))
    pieces.append(_above_the_stable_rate(run, judgement, theory))
    text = "; ".join(piece for piece in pieces if piece)
    return f"{course}: {text}." + _crossing_sentence(run, start) + _aside(run, judgement)


def _above_the_stable_rate(run: Descent, judgement: Judgement, theory: Theory) -> str:
    if theory.where != "minimum" or not run.rate > theory.stable_rate:
        return ""
    rate, stable = short(run.rate, 3), short(theory.stable_rate, 3)
    if rate == stable:
        rate, stable = _apart(run.rate, theory.stable_rate)
    text = f"the rate {rate} is above the largest stable one, {stable}"
    if str(judgement.course) == "diverges":
        return text
    return f"{text}: it won't stay near the minimum, where errors along the steepest direction grow"


def _faster(run: Descent, judgement: Judgement, theory: Theory) -> str:
    text = f"{_pace(judgement.factor)}; {_height(run, judgement)}"
    if theory.approached and "minimum" in theory.where:
        place = place_of(run, tidy(run, theory.point, coarse=is_singular(theory)))
        text += f"; it is on its way to the minimum {place}"
    return text


def _nothing(run: Descent, judgement: Judgement, theory: Theory) -> str:
    del run, judgement, theory
    return ""  # why it takes no step is said of every path whose numbers end


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
    change = "grow" if factor > 1 else "shrink"
    return f"its steps {change} by the factor {factor_text(factor)} on average"


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
        tail = ", and so is the exact one" if not run.rule.is_exact else ""
        return f"{text}: the gradient there is 0{tail}"
    if math.isnan(exact):
        singular = SINGULAR.get(run.statuses[start], "")
        tail = f", though {singular}" if singular else ""
        return f"{text}: the gradient that is followed is 0 there{tail}"
    what = "the formula's gradient in float64" if run.rule.is_exact else "the gradient given"
    if run.rule.scheme is not None:
        what = "the difference"
    size = f"below {short(TINIEST)}, but not 0" if exact <= TINIEST else short(exact, 3)
    return f"{text}: {what} is 0 there, while the exact one's largest partial is {size}"


def _kind_there(run: Descent, theory: Theory, judgement: Judgement) -> str:
    kinds = {"saddle": "a saddle", "maximum": "a maximum", "inflection": "an inflection"}
    if theory.where not in kinds or not theory.approached:
        return ""
    place = place_of(run, tidy(run, theory.point, coarse=is_singular(theory)))
    which = place if judgement.stands_from == 0 else f"what it approaches, {place},"
    return f"{which} is {kinds[theory.where]} and not a minimum"


def _trouble(run: Descent, start: int) -> str:
    """Say why numbers end."""
    trouble = run.troubles[start]
    if trouble is None:
        return ""
    k = trouble.step
    place = place_of(run, trouble.point) if np.isfinite(trouble.point).all() else ""
    if trouble.what == "overflow" and not k:
        return f"at the start, {place}, f or its gradient is beyond the doubles"
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
    return f"at step {k}, {place}, {SINGULAR.get(trouble.what, 'f has no gradient that is known')}"


def _crossing_sentence(run: Descent, start: int) -> str:
    crossing = run.crossings[start]
    trouble = run.troubles[start]
    if crossing is None or (trouble is not None and trouble.step <= crossing.step):
        return ""  # that it left the domain is said already
    what = {"pole": "over a pole of f", "jump": "across a jump of f"}.get(
        crossing.what, "over a gap in the domain of f"
    )
    place = place_of(run, tidy(run, crossing.point))
    return f" From step {crossing.step - 1} to {crossing.step} it steps {what} near {place}."


def _aside(run: Descent, judgement: Judgement) -> str:
    """Say where the gradient that was followed has gone to 0 and the exact one hasn't."""
    exact, given = judgement.exact_slope, judgement.slopes[1]
    if run.rule.is_exact or given == 0 or not exact > 1000 * given:
        return ""
    return (
        f" At the end the largest partial derivative that is followed is {short(given)}, the exact "
        f"one {short(exact)}."
    )


def _parting_sentence(run: Descent, parting: Parting, start: int) -> str:
    steps = len(run.paths[start]) - 1
    if run.gradient == "certified" and run.rule.is_exact:
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
    if k is not None and not run.by_start(run.gradients, 1)[start][k:].any():
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
            return "" if run.rule.is_exact else "The exact path is certified at the start only."
        return (
            f"Up to step {parting.final_at} it follows the exact path, which is certified no "
            "further."
        )
    if run.rule.is_exact:
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
    if math.isinf(parting.exact):
        return f"at step {parting.cause_at} df/d{name} itself is beyond the doubles"
    if parting.reason == "gradient" and run.rule.code is not None:
        return _own_why(text, parting)
    if parting.reason == "function":
        value, formula = _apart(*parting.values)
        return (
            f"{text}, since the function given is not the formula: there it is {value} where the "
            f"formula is {formula}"
        )
    noise = ", by the rounding of f"
    if run.rule.scheme is None:
        noise = ", by the rounding of the formula in float64"
        if run.rule.code is not None:
            noise = ", which rounding in float64 explains"
    elif run.function is not None:
        noise = ", by the rounding of the function given"
    tail = {
        "truncation": f", the truncation of {run.gradient}",
        "rounding": ", by the rounding of x + h and of the differences of f"
        if run.rule.scheme is not None
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


def factor_text(value: float) -> str:
    """Return a factor of convergence; beside 1 its distance from 1."""
    if math.isnan(value):
        return "-"
    if abs(value - 1) < 1e-13:
        return "1"
    text = short(value, 3)
    return f"1 {'-' if value < 1 else '+'} {_gap(value)}" if text in {"1", "0.999"} else text


def _gap(value: float) -> str:
    return short(abs(value - 1))


def is_singular(theory: Theory) -> bool:
    """Tell whether a Hessian is all but singular: then the place is known to few digits."""
    size = np.abs(theory.eigenvalues)
    return bool(size.size) and float(size.min()) <= 2.0**-20 * float(size.max())


def tidy(run: Descent, point: np.ndarray, *, coarse: bool = False) -> np.ndarray:
    """Return a point without what rounding left of its zeros."""
    size = max(float(np.abs(path[0]).max()) for path in run.paths)
    return np.where(np.abs(point) <= (_COARSE if coarse else _TIDY) * size, 0.0, point)


def place_of(run: Descent, point: np.ndarray) -> str:
    """Return a point with its names, the first few of many."""
    names = run.formula.variables
    pieces = [f"{n} = {short(v, 4)}" for n, v in zip(names[:_FEW], point, strict=False)]
    return ", ".join(pieces) + (", ..." if len(names) > _FEW else "")
