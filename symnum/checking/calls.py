"""Code called otherwise than it was judged: for the first time, with NumPy's numbers, arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symnum.checking.answers import values_of
from symnum.checking.claim import Answer, Candidate, Form
from symnum.checking.decide import Evidence
from symnum.checking.guards import Broken, differ, shown
from symnum.checking.reference import Reference, Truth
from symnum.checking.verdict import Cause

# An answer is another one where it is off by this share of the derivative there, and by this share
# of its largest value: NumPy's loops over arrays round otherwise than its scalars.
_OTHER, _OF_LARGEST = 2.0**-30, 2.0**-40
# So many wrong answers are asked for again.
_ASKED_AGAIN = 8


def first_calls(
    candidate: Candidate,
    probed: Sequence[tuple[np.ndarray, Answer]],
    reference: Reference,
    names: Sequence[str],
) -> Broken | None:
    """Ask once more where it was asked first of all: a fresh object answers as a used one does.

    Parameters
    ----------
    candidate : Candidate
        Somebody's derivative.
    probed : sequence of (point, Answer)
        Its first calls.
    reference : Reference
        What rounding may do.
    names : sequence of str
        The variables.
    """
    for point, first in probed:
        if first.value is None:
            continue
        again = candidate(point).value
        if again is None or again.shape != first.value.shape:
            continue
        if np.array_equal(again, first.value, equal_nan=True):
            continue
        if differ(first.value, again, reference.at(point[None]).bound[0]):
            where = shown(point, names)
            sentence = f"its first call has another answer than later ones, at {where}"
            return Broken(Cause.STALE, sentence)
    return None


def asked_again(candidate: Candidate, evidence: Evidence, names: Sequence[str]) -> Broken | None:
    """Ask again where an answer was wrong: one that is right then was a matter of chance.

    Or of the count of calls: what is wrong every hundredth time would look like lost digits.

    Parameters
    ----------
    candidate : Candidate
        Somebody's derivative.
    evidence : Evidence
        What was seen.
    names : sequence of str
        The variables.
    """
    rows = np.flatnonzero(evidence.bad.any(axis=1))
    truth = evidence.truth
    for row in rows[np.linspace(0, len(rows) - 1, min(len(rows), _ASKED_AGAIN)).astype(int)]:
        point, given = truth.points[row], evidence.given[row]
        again = candidate(point).value
        if again is None or not np.isfinite(given).all():
            continue
        with np.errstate(all="ignore"):
            right = np.abs(again - truth.exact[row]) <= truth.bound[row]
        if np.all(right | ~truth.known[row]) and differ(given, again, truth.bound[row]):
            sentence = (
                f"calls with the same argument differ, at {shown(point, names)}: {_plain(given)}, "
                f"and {_plain(again)} when it was asked again"
            )
            return Broken(Cause.RANDOM, sentence)
    return None


def with_numpy_numbers(
    candidate: Candidate, answers: Sequence[Answer], truth: Truth, names: Sequence[str]
) -> Broken | None:
    """Call code of one number with that number as NumPy has it: a scalar, and a 0-d array.

    That is what a loop over an array hands out, and what `np.asarray` makes of a float. What raises
    says so by itself, and is no wrong answer.
    """
    if candidate.form is not Form.FLOAT:
        return None
    right = _right(answers, truth)
    for i in np.flatnonzero(right.any(axis=1)).tolist():
        x = truth.points[i, 0]
        for argument, what in ((np.float64(x), "a numpy.float64"), (np.array(x), "a 0-d array")):
            value, other = answers[i].value, candidate.of(argument).value
            if value is None or other is None or other.shape != value.shape:
                continue
            if np.any(right[i] & _off(other, truth, i)):
                given, instead = _plain(value), _plain(other)
                where = shown(truth.points[i], names)
                sentence = f"at {where} it gives {given} for a float, and {instead} for {what}"
                return Broken(Cause.DTYPE, sentence)
    return None


def with_an_array(
    candidate: Candidate, answers: Sequence[Answer], truth: Truth, names: Sequence[str]
) -> Broken | None:
    """Call code of one number with an array of points, and hold it to its answers one by one.

    What raises, or returns another shape, was not made for arrays.
    """
    points = truth.points[:, 0]
    argument = points.copy()
    together = candidate.numbers(argument)
    if together is None or together.shape != points.shape or candidate.size != 1:
        return None
    if not np.array_equal(argument, points):
        return Broken(Cause.MUTATES, "it writes into its argument, where that is an array")
    right = _right(answers, truth)
    for i in np.flatnonzero(right.any(axis=1)).tolist():
        value = answers[i].value
        if value is not None and _off(together[[i]].astype(np.float64), truth, i).any():
            sentence = (
                f"at {shown(truth.points[i], names)} it gives {_plain(value)}, and "
                f"{together[i].item()!r} where that is one of an array of {len(points)} points"
            )
            return Broken(Cause.SHAPE, sentence)
    return None


def takes_arrays(candidate: Candidate, points: np.ndarray) -> bool:
    """Say whether code of one number makes an array of as many of an array, shape (P,)."""
    found = candidate.numbers(points.copy())
    return found is not None and found.shape == points.shape


def _right(answers: Sequence[Answer], truth: Truth) -> np.ndarray:
    """Say which answers are within rounding of a derivative that is known, shape (P, K)."""
    error = Evidence(truth, values_of(answers, truth)).error
    return np.asarray((error <= truth.bound) & truth.known & ~truth.hull)


def _off(other: np.ndarray, truth: Truth, row: int) -> np.ndarray:
    """Say in which components another answer at a point is no longer right, shape (K,)."""
    exact = np.abs(truth.exact)
    largest = np.max(np.where(truth.known, exact, 0.0), axis=0)
    least = np.maximum(_OTHER * exact[row], _OF_LARGEST * largest)
    with np.errstate(all="ignore"):
        error = np.abs(other - truth.exact[row])
    return np.asarray(~(error <= np.maximum(truth.bound[row], least)))


def _plain(value: np.ndarray) -> str:
    """Return an answer as Python writes it."""
    numbers = value.tolist()
    return repr(numbers[0] if len(numbers) == 1 else numbers)
