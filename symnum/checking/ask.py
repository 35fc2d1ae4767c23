"""A candidate at many points: one call for all of them where that proves to give the same numbers.

Code written for one point often takes arrays of points as it stands: each coordinate becomes an
array, and so does each component. It is trusted with them only after a sample of single calls
gave the same numbers to the last bit, and every chunk is sampled again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from symnum.checking.claim import WITH_NAMES, Answer, Candidate, Form
from symnum.formula.masked import is_masked

# Single calls that must agree before arrays are trusted, and those that go on watching.
_PROOF = 48
_WATCH = 4
# Below this many points single calls are as quick.
_FEW = 64


class Asker:
    """Asks a candidate at many points, in the quickest way that it has proven to take.

    Parameters
    ----------
    candidate : Candidate
        Somebody's derivative, or the code of f.
    """

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self._proven = False
        self._possible = candidate.form not in WITH_NAMES

    def __call__(self, points: np.ndarray) -> list[Answer]:
        """Return an answer a point; points has shape (P, n)."""
        if self._possible and len(points) >= _FEW:
            together = self._together(points)
            if together is not None:
                return together
            self._possible = False
        return self.singly(points)

    def one_by_one(self) -> None:
        """Ask in single calls from now on: what keeps something may count them."""
        self._possible = False

    def singly(self, points: np.ndarray) -> list[Answer]:
        """Return an answer a point, from a call a point."""
        return [self._candidate(point) for point in points]

    def confirmed(
        self, points: np.ndarray, answers: list[Answer], wrong: np.ndarray
    ) -> list[Answer]:
        """Return answers of which none is accused on the word of an array call alone.

        Parameters
        ----------
        points : float64 array, shape (P, n)
            Where.
        answers : list of Answer
            What came back there.
        wrong : bool array, shape (P,)
            Which answers would be held against the candidate.
        """
        if not self._proven or not self._possible or not wrong.any():
            return answers
        rows = np.flatnonzero(wrong)[:_PROOF]
        if all(_same(answers[row], self._candidate(points[row])) for row in rows):
            return answers
        self._possible = False
        return self.singly(points)

    def _together(self, points: np.ndarray) -> list[Answer] | None:
        """Return the answers of one call, or None where single calls don't agree with it."""
        values = _one_call(self._candidate, points)
        if values is None:
            return None
        count = _WATCH if self._proven else _PROOF
        rows = np.array(sorted({int(row) for row in np.linspace(0, len(points) - 1, count)}))
        alone = {int(row): self._candidate(points[row]) for row in rows}
        if not all(
            answer.value is not None and np.array_equal(answer.value, values[row], equal_nan=True)
            for row, answer in alone.items()
        ):
            return None
        self._proven = True
        pattern = alone[0]
        return [alone.get(row) or replace(pattern, value=value) for row, value in enumerate(values)]


def _same(one: Answer, other: Answer) -> bool:
    return (
        one.value is not None
        and other.value is not None
        and np.array_equal(one.value, other.value, equal_nan=True)
    )


def _one_call(candidate: Candidate, points: np.ndarray) -> np.ndarray | None:
    """Call a candidate once with an array a coordinate; values have shape (P, K)."""
    columns = np.ascontiguousarray(points.T)
    function: Callable[..., object] = candidate.function
    arguments: tuple[np.ndarray, ...] = (
        (columns.copy(),)
        if candidate.form is Form.ARRAY
        else tuple(column.copy() for column in columns)
    )
    try:
        with np.errstate(all="ignore"):
            result = function(*arguments)
            if isinstance(result, (list, tuple)):
                result = np.stack([np.broadcast_to(part, len(points)) for part in result])
            if is_masked(result):
                return None
            array = np.asarray(result)
    except (Exception, SystemExit):  # it takes single points only
        return None
    size = int(np.prod(candidate.shape))
    expected = (*candidate.shape, len(points))
    if array.dtype.kind not in "fiub" or array.size != size * len(points):
        return None
    if array.shape not in {expected, (size, len(points)), (len(points),)}:
        return None
    return np.ascontiguousarray(array.astype(np.float64).reshape(size, len(points)).T)
