"""Verdicts as sentences and as JSON."""

from __future__ import annotations

import json
import math
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

from symnum.errors import UsageError, printable
from symnum.report.numbers import from_json_number, to_json_number

if TYPE_CHECKING:
    from rich.text import Text

    from symnum.checking.verdict import Verdict, Worst

_FEW = 6
# An error of this share of a component is as good as a wrong component.
_LARGE = 0.01
# So a reference starts that tells nothing of other points: no box is searched then.
_ALONG = "along directions"
# What is wrong where no component is.
_BROKEN = {
    "unexplained": "many components, of which none could be told from the others",
    "raises": "the derivative raises an exception",
    "wrong_function": "the function, which was compared first",
}
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
    if verdict.status in {"ok", "inaccurate"}:
        lines += _limit(verdict)
    if verdict.unreached_lines:
        lines.append("  lines that no point reached: " + ", ".join(verdict.unreached_lines))
    count = verdict.points_tried
    facts = [f"{count} point{'s' * (count != 1)}, seed {verdict.seed}"]
    if verdict.form:
        facts.append(f"called with {verdict.form}")
    if verdict.reference:
        facts.append(f"reference: {verdict.reference}")
    if verdict.evaluations:
        facts.append(f"{verdict.evaluations:,} evaluations of f")
    lines.append("  " + "; ".join(facts))
    return printable("\n".join(lines))


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
        return f"{status}: {_BROKEN.get(str(verdict.cause), 'the derivative breaks a rule')}"
    arrays, single = _arrays(verdict)
    named = [verdict.names[k] for k in single[:_FEW]]
    rest = len(single) - len(named)
    more = f" and {rest} more" if rest > 0 else ""
    what = "component" if len(single) == 1 else "components"
    parts = [f"all {count:,} components of {name}" for name, count in arrays.items()]
    parts += [f"{what} {', '.join(named)}{more}"] if named else []
    return f"{status}: {'; '.join(parts)}"


def _arrays(verdict: Verdict) -> tuple[dict[str, int], list[int]]:
    """Return the arrays that are wrong throughout, with their sizes, and the other components."""
    found = (name.rpartition("[")[0] for name in verdict.names)
    of = ["" if "," in name else name for name in found]  # of pairs, in a Hessian, there is none
    size, wrong = Counter(of), Counter(of[k] for k in verdict.components)
    # The entries of a vector with one name are all that there is: that is said by the components.
    arrays = {
        name: count for name, count in wrong.items() if name and 1 < count == size[name] < len(of)
    }
    return arrays, [k for k in verdict.components if of[k] not in arrays]


def _limit(verdict: Verdict) -> list[str]:
    """Say how small an error would have been seen, and where."""
    known = [x for x in verdict.detection_limit if math.isfinite(x)]
    if not known:
        return []
    any_one, where = "any", ""
    if _ALONG in verdict.reference:
        count = verdict.points_tried
        where = " at this point; no other was tried"
        where = where if count == 1 else f" at these {count} points; no other was tried"
        any_one = "any one"
    if max(known) <= _LARGE:
        limit, which = max(known), f"{any_one} component"
    else:  # of thousands of components some are next to nothing, and hide any error
        limit, which = median(known), "a typical component"
    return [f"  an error of {limit:.1e} relative in {which} would have been seen{where}"]


def _worst(verdict: Verdict) -> list[str]:
    worst = verdict.worst
    assert worst is not None
    point = ", ".join(f"{x!r}" for x in worst.point[:_FEW])
    if len(worst.point) > _FEW:
        point += ", ..."
    exact = "exact" if verdict.is_certified else "measured"
    return [
        f"  worst at ({point}):",
        f"    {exact} {worst.exact!r}",
        f"    {'given':{len(exact)}} {worst.given!r}   {_error(worst)}",
    ]


def _error(worst: Worst) -> str:
    """Say how far off a value is; what isn't finite has no error that a number could tell."""
    if not math.isfinite(worst.given):
        return "not finite"
    if not math.isfinite(worst.error):
        return "error beyond the largest double"
    ulps = f" ({worst.ulps:.3g} ulps)" if math.isfinite(worst.ulps) else ""
    return f"error {worst.error:.3g}{ulps}"


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
            "all_names": list(verdict.names),
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
            "evaluations": verdict.evaluations,
        },
        allow_nan=False,
    )


def verdict_from_json(text: str) -> Verdict:
    """Return the Verdict that a JSON document of `verdict_to_json` holds.

    Parameters
    ----------
    text : str
        The document.

    Raises
    ------
    UsageError
        If it isn't JSON, or isn't a verdict; the message names the place.

    Examples
    --------
    >>> import symnum
    >>> from symnum.report.verdicts import verdict_from_json
    >>> verdict = symnum.check("x**2", lambda x: 3 * x)
    >>> verdict_from_json(verdict.to_json()) == verdict
    True
    """
    return read_verdict(read_document(text, "verdict"), "the verdict")


def read_document(text: str, kind: str) -> dict[str, Any]:
    """Return the JSON object in a text, once it has proven to be of this kind."""
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        msg = f"this JSON is nested too deeply to be a {kind}"
        raise UsageError(msg) from None
    except (TypeError, ValueError) as error:
        msg = f"this is not JSON: {error}"
        raise UsageError(msg) from None
    if not isinstance(document, dict) or document.get("kind") != kind:
        found = document.get("kind") if isinstance(document, dict) else document
        msg = f'a {kind} has "kind": "{kind}"; this document has {ascii(found)[:60]}'
        raise UsageError(msg)
    if document.get("schema") != 1:
        msg = (
            f'this version reads "schema" 1; this document has {ascii(document.get("schema"))[:60]}'
        )
        raise UsageError(msg)
    return document


def _refuse_constant(name: str) -> float:
    msg = f'{name} is not JSON; write "nan", "inf" or "-inf" in quotes'
    raise ValueError(msg)


def read_verdict(document: object, where: str) -> Verdict:
    """Return the Verdict in an object read from JSON."""
    from symnum.checking.verdict import Cause, Outcome, Verdict, Worst

    if not isinstance(document, dict):
        msg = f"{where} is {ascii(document)[:60]}; an object is expected"
        raise UsageError(msg)
    try:
        worst = document["worst"]
        return Verdict(
            status=Outcome(document["status"]),
            components=tuple(map(_whole, document["components"])),
            names=tuple(map(_text, document["all_names"])),
            cause=None if document["cause"] is None else Cause(document["cause"]),
            cause_detail=_text(document["cause_detail"]),
            violations=tuple(map(_text, document["violations"])),
            detection_limit=tuple(map(from_json_number, document["detection_limit"])),
            worst=None
            if worst is None
            else Worst(
                point=tuple(map(from_json_number, worst["point"])),
                component=_whole(worst["component"]),
                **{k: from_json_number(worst[k]) for k in ("exact", "given", "error", "ulps")},
            ),
            points_tried=_whole(document["points_tried"]),
            unreached_lines=tuple(map(_text, document["unreached_lines"])),
            seed=_whole(document["seed"]),
            form=_text(document["form"]),
            reference=_text(document["reference"]),
            reason=_text(document["reason"]),
            evaluations=_whole(document["evaluations"]),
        )
    except KeyError as error:
        msg = f"{where} has no {error}"
        raise UsageError(msg) from None
    except (TypeError, ValueError) as error:
        msg = f"{where} is not a verdict's: {error}"
        raise UsageError(msg) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        msg = f"{ascii(value)[:60]} is not a text"
        raise TypeError(msg)
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        msg = f"{ascii(value)[:60]} is not a whole number"
        raise TypeError(msg)
    return value
