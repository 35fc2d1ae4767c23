"""Variables in another order: a derivative that takes them as the formula's text names them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from symnum.checking.claim import Candidate, Form
from symnum.checking.decide import Evidence

# Points at which the other order is tried.
_TRIED = 16
_SEVERAL = 3


def as_written(text: str, variables: Sequence[str]) -> tuple[str, ...]:
    """Return a text's variables in the order in which they first stand in it.

    Examples
    --------
    >>> from symnum.checking.order import as_written
    >>> as_written("w*0.5 + b**2", ["b", "w"])
    ('w', 'b')
    """
    names = re.findall(r"\w+", text)
    place = {name: names.index(name) if name in names else len(names) for name in variables}
    return tuple(sorted(variables, key=lambda name: place[name]))


def is_right_in(
    order: Sequence[str], candidate: Candidate, evidence: Evidence, variables: Sequence[str]
) -> bool:
    """Say whether a derivative is right once its variables are taken in another order.

    Parameters
    ----------
    order : sequence of str
        All variables.
    candidate : Candidate
        Somebody's derivative.
    evidence : Evidence
        What was seen in the order of the formula.
    variables : sequence of str
        That order.
    """
    if candidate.form not in {Form.ARRAY, Form.FLOATS} or tuple(order) == tuple(variables):
        return False
    n = len(variables)
    truth = evidence.truth
    if truth.exact.shape[1] % n:
        return False
    rows = np.flatnonzero(truth.known.all(axis=1) & ~truth.hull.any(axis=1))[:_TRIED]
    if len(rows) < _SEVERAL:
        return False
    moved = [list(variables).index(name) for name in order]
    for row in rows:
        value = candidate(truth.points[row][moved]).value
        if value is None or not np.isfinite(value).all():
            return False
        exact = truth.exact[row].reshape(-1, n)[:, moved]
        bound = truth.bound[row].reshape(-1, n)[:, moved]
        if np.any(np.abs(value.reshape(-1, n) - exact) > bound):
            return False
    return True
