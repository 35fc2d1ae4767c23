"""Gradients with a planted bug at random, for Hypothesis: to test a checker of gradients with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from hypothesis import strategies as st

from symnum.errors import UsageError
from symnum.testing.bugs import KINDS, Plan, PlantedBug, Subject, subject_of
from symnum.testing.terrain import read_formula

# So many bugs of a kind are looked at.
_MOST_PLANS = 60


def gradients_with_a_bug(
    formula: Any, kinds: Sequence[str] = tuple(KINDS)
) -> st.SearchStrategy[PlantedBug]:
    """Draw wrong gradients of a formula: whoever checks gradients should find what is wrong.

    Parameters
    ----------
    formula : Formula, or whatever a Formula is made from
        The function, of one output.
    kinds : sequence of str
        Which kinds of bug; all by default. One that the formula has no place for is left out: with
        one variable nothing can be swapped.

    Returns
    -------
    SearchStrategy of PlantedBug
        `gradient` is wrong, `description` says how. Each bug was seen to change the gradient, by
        more than rounding can, at certified points of the box [-3, 3], or of the formula's domain
        where that lies elsewhere. Shrinks to a wrong sign of the first component.

    Raises
    ------
    UsageError
        The formula has several outputs or no variables, a kind is unknown, no point of its domain
        was found, or no bug of these kinds shows in it.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> import symnum as sn
    >>> from symnum.testing import gradients_with_a_bug
    >>> f = sn.Formula("x*exp(y) - y")
    >>> @settings(max_examples=5, database=None, derandomize=True, deadline=None)
    ... @given(gradients_with_a_bug(f))
    ... def test_my_checker(bug):
    ...     assert not sn.check(f, bug.gradient), bug.description
    >>> test_my_checker()
    """
    found = read_formula(formula)
    if found.shape:
        msg = f"a formula of shape {found.shape} has no gradient; give a formula of one output"
        raise UsageError(msg)
    wanted = _read_kinds(kinds)
    subject = subject_of(found)
    possible = [kind for kind in wanted if _first_shown(subject, _plans(subject, kind), 0)]
    if not possible:
        msg = f"no bug of the kinds {', '.join(wanted)} shows in the gradient of {found}"
        raise UsageError(msg)
    return _bugs(subject, tuple(possible))


def _read_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    wanted = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    unknown = [kind for kind in wanted if kind not in KINDS]
    if unknown or not wanted:
        what = repr(unknown[0]) if unknown else "no kind"
        msg = f"kinds has {what}; the kinds of bug are {', '.join(KINDS)}"
        raise UsageError(msg)
    return wanted


@st.composite
def _bugs(draw: st.DrawFn, subject: Subject, kinds: tuple[str, ...]) -> PlantedBug:
    kind = draw(st.sampled_from(kinds))
    plans = _plans(subject, kind)
    plan = _first_shown(subject, plans, draw(st.integers(0, len(plans) - 1)))
    assert plan is not None  # one shows, or the kind would not be among these
    return PlantedBug(kind, plan.description, KINDS[kind].cause, plan.make())


def _plans(subject: Subject, kind: str) -> list[Plan]:
    return list(islice(KINDS[kind].plans(subject), _MOST_PLANS))


def _first_shown(subject: Subject, plans: Sequence[Plan], start: int) -> Plan | None:
    """Return the first plan from one on, and round again, that changes more than rounding does."""
    for shift in range(len(plans)):
        plan = plans[(start + shift) % len(plans)]
        if subject.shows(plan):
            return plan
    return None
