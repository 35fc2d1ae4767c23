"""Where a derivative can't be judged, in words: undefined here, a kink here, or nothing known.

These are different answers. Where f is undefined there is no derivative to compare with; at a kink
there are two, and every value between them is right; and where nothing was proven there may be one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symnum.checking.decide import Evidence
from symnum.checking.guards import shown
from symnum.checking.reference import Reference, Truth
from symnum.checking.steps_reference import StepsReference
from symnum.formula.status import Status

# Points whose status is asked for, and those that are named.
_LOOKED_AT = 8
_REPORTED = 3

_WORDS = {
    Status.UNDEFINED: "f is undefined",
    Status.REMOVABLE: "f is undefined as written, though it has a limit",
    Status.POLE: "f or its derivative is infinite",
    Status.JUMP: "f jumps",
    Status.EDGE: "f is defined on one side only",
    Status.KINK: "f has a kink",
}
_UNPROVEN = "nothing was proven, one way or the other"


def nothing_known(reference: Reference, points: np.ndarray) -> str:
    """Say why there is nothing to judge at any point.

    Parameters
    ----------
    reference : Reference
        What knows the derivative, if anything does.
    points : float64 array, shape (P, n)
        What was tried.
    """
    found = set(reference.statuses(points[:_LOOKED_AT]).ravel().tolist())
    words = [sentence for status, sentence in _WORDS.items() if status in found]
    tried = f"any of the {len(points)} points that were tried"
    if not words:
        return (
            f"no derivative of f is known at {tried}: {_UNPROVEN}; give `at` or `domain` "
            "elsewhere, or f in another form"
        )
    if Status.UNDECIDED in found:
        words.append(_UNPROVEN)
    return (
        f"f has no derivative at {tried}: {', or '.join(words)}; give `at` or `domain` "
        "where it has one"
    )


def about_given(
    reference: Reference, evidence: Evidence, names: Sequence[str], count: int
) -> tuple[str, ...]:
    """Say at which given points nothing was judged and why, and where a kink leaves a choice.

    Parameters
    ----------
    reference : Reference
        What knows the derivative.
    evidence : Evidence
        What was seen; the given points come first.
    names : sequence of str
        The variables' names.
    count : int
        How many points were given.
    """
    truth = evidence.truth
    rows = np.flatnonzero((~truth.known | truth.hull).any(axis=1)[:count])[:_LOOKED_AT]
    if not rows.size:
        return ()
    status = reference.statuses(truth.points[rows])
    found = []
    for i, row in enumerate(rows.tolist()):
        where = shown(truth.points[row], names)
        unknown = np.flatnonzero(~truth.known[row])
        if unknown.size:
            what = _WORDS.get(status[i, unknown[0]])
            why = _why_unknown(reference, truth.points[row]) if what is None else f"{what} there"
            found.append(f"not judged at {where}: {why}")
            continue
        k = int(np.flatnonzero(truth.hull[row])[0])
        fine = np.isfinite(evidence.given[row]).all() and not evidence.bad[row].any()
        if fine:  # else that is said already
            found.append(f"at {where} {kink_text(truth, row, k, status[i, k])}")
    return tuple(dict.fromkeys(found))[:_REPORTED]


def nothing_given_judged(
    reference: Reference, evidence: Evidence, names: Sequence[str], count: int
) -> str:
    """Say that no point that was asked for could be judged; empty where one was, or has no slope.

    Parameters
    ----------
    reference, evidence, names, count
        As for `about_given`.
    """
    truth = evidence.truth
    if not count or truth.known[:count].any():
        return ""
    status = reference.statuses(truth.points[:1])[0]
    if not np.all(status == Status.UNDECIDED):
        return ""  # that f has no derivative there is an answer
    where = shown(truth.points[0], names)
    others = f" nor at the {count - 1} other points" if count > 1 else ""
    return (
        f"nothing could be judged at {where}{others}, as was asked for; at the "
        f"{len(truth.points) - count} points elsewhere that were tried nothing was found wrong"
    )


def _why_unknown(reference: Reference, point: np.ndarray) -> str:
    """Say why no derivative is known at a point."""
    why = reference.why_unknown(point) if isinstance(reference, StepsReference) else ""
    return why or "no derivative is known there"


def kink_text(truth: Truth, row: int, k: int, status: Status = Status.KINK) -> str:
    """Say what is right at a kink, or at a point that rounding takes for one."""
    middle, half = truth.exact[row, k], truth.bound[row, k]
    low, high = (round((middle + side) / half, 9) * half + 0.0 for side in (-half, half))
    what = "f has a kink" if status is Status.KINK else "doubles can't tell a kink of f"
    return f"{what}: any value from {low:.6g} to {high:.6g} is right there"
