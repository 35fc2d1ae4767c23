"""Run a check over every right gradient and every planted bug, and count.

A check is a function `check(problem, candidate, seed)` that returns an object with `status` (`ok`,
`proved`, `inaccurate`, `wrong`, `undecided`), `components` (flat indices, may be empty), `cause`
(a word, or None) and `detection_limit` (a number a component, or None).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tests.planted.gradients.bugs import KINDS, changed, live, planted
from tests.planted.gradients.candidate import Candidate
from tests.planted.gradients.problem import Problem
from tests.planted.gradients.problems import problems
from tests.planted.gradients.right import right_gradients
from tests.planted.gradients.truth import UNIT, evaluate, scanned

Check = Callable[[Problem, Candidate, int], Any]

# How many times the stated limit is planted.
MULTIPLES = (0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Outcome:
    """What a check says when it isn't a Verdict of ours."""

    status: str
    components: tuple[int, ...] = ()
    cause: str | None = None
    detection_limit: Any = None


@dataclass(frozen=True)
class Result:
    """One case, and what the check said about it.

    Parameters
    ----------
    problem, kind, detail : str
        The case. `kind` is the form of a right gradient, or the kind of bug.
    right, degraded, lost, soft, slip : bool
        As in Candidate.
    status, cause : str
        The answer. `crash` is a status too: the check raised, and `cause` says what.
    caught : bool
        A bug that was called wrong (or inaccurate, where that is as good an answer).
    components : tuple of int
        The components named.
    components_exact : bool or None
        Whether the components named are those that are wrong; None where there is nothing to name.
    cause_strict, cause_accepted, unexplained : bool
        Whether the cause has the bug's own name, a name of the same numbers, or none. Only what is
        called wrong needs a cause.
    digits_lost : float
        Of a right gradient: decimal digits by which its worst error exceeds a rounding.
    seconds : float
        What the check took.
    """

    problem: str
    kind: str
    detail: str
    right: bool
    degraded: bool
    lost: bool
    soft: bool
    slip: bool
    status: str
    cause: str
    caught: bool
    components: tuple[int, ...]
    components_exact: bool | None
    cause_strict: bool
    cause_accepted: bool
    unexplained: bool
    digits_lost: float
    seconds: float


def cases(
    split: str = "all",
    seed: int = 0,
    *,
    per_slip: int = 2,
    limit: int | None = None,
    kinds: Iterable[str] | None = None,
) -> Iterator[Candidate]:
    """Yield every case of a split, problem by problem: right gradients, then bugs.

    Parameters
    ----------
    split : str
        `dev`, `held` or `all`.
    seed : int
        Chooses the components, places and slabs of the bugs.
    per_slip : int
        How many slips of the pen of each kind.
    limit : int, optional
        Only so many problems.
    kinds : iterable of str, optional
        Only these kinds of bug, and these forms of right gradients.
    """
    wanted = None if kinds is None else set(kinds)
    for problem in problems(split)[:limit]:
        for candidate in (*right_gradients(problem), *planted(problem, seed, per_slip)):
            if wanted is None or candidate.kind in wanted:
                yield candidate


def run(
    check: Check,
    split: str = "all",
    seed: int = 0,
    *,
    per_slip: int = 2,
    limit: int | None = None,
    kinds: Iterable[str] | None = None,
    progress: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Run a check over the cases of a split; the arguments are those of `cases`."""
    results = []
    for candidate in cases(split, seed, per_slip=per_slip, limit=limit, kinds=kinds):
        result = judge(check, candidate, seed)
        results.append(result)
        if progress is not None:
            progress(result)
    return results


def judge(check: Check, candidate: Candidate, seed: int) -> Result:
    """Run a check on one case, and hold the answer against what is known."""
    start = time.perf_counter()
    try:
        answer = check(candidate.problem, candidate, seed)
        status, cause = str(answer.status), str(answer.cause or "")
        components = frozenset(int(k) for k in answer.components)
    except Exception as error:  # whatever it is, it is counted
        status, cause, components = "crash", f"{type(error).__name__}: {error}", frozenset()
    seconds = time.perf_counter() - start
    wrong = not candidate.right
    caught = wrong and (status == "wrong" or (candidate.soft and status == "inaccurate"))
    blamed = wrong and status == "wrong"
    exact = None
    # What raises has no numbers to blame.
    raised = cause == "raises" and cause in candidate.accepted
    if wrong and candidate.expected is not None and not raised:
        exact = caught and candidate.expected <= components <= candidate.allowed
    return Result(
        problem=candidate.problem.name,
        kind=candidate.kind,
        detail=candidate.detail,
        right=candidate.right,
        degraded=candidate.degraded,
        lost=candidate.lost,
        soft=candidate.soft,
        slip=candidate.slip,
        status=status,
        cause=cause,
        caught=caught,
        components=tuple(sorted(components)),
        components_exact=exact,
        cause_strict=blamed and cause == candidate.strict,
        cause_accepted=blamed and cause in candidate.accepted,
        unexplained=blamed and candidate.slip and cause == "unexplained",
        digits_lost=digits_lost(candidate) if candidate.right else 0.0,
        seconds=seconds,
    )


def digits_lost(candidate: Candidate) -> float:
    """Return the decimal digits that a right gradient loses at its worst scanned point."""
    truth = scanned(candidate.problem)
    derivative, _ = candidate.build()
    with np.errstate(all="ignore"):
        error = np.abs(evaluate(candidate.problem, derivative, truth.points) - truth.exact)
        relative = np.where(truth.known & (truth.exact != 0), error / np.abs(truth.exact), 0)
        return float(
            np.log10(max(1.0, min(1 / UNIT, np.max(np.nan_to_num(relative, nan=1)) / UNIT)))
        )


# --- the stated detection limit -----------------------------------------------------------------


@dataclass(frozen=True)
class Planted:
    """A relative error planted at a multiple of the stated limit."""

    problem: str
    component: int
    limit: float
    multiple: float
    status: str

    @property
    def seen(self) -> bool:
        """Whether the check says that something is off."""
        return self.status in {"wrong", "inaccurate"}


def plant_at_limit(
    check: Check, split: str = "all", seed: int = 0, *, limit: int | None = None
) -> list[Planted]:
    """Plant relative errors, both signs, in two components, at multiples of the stated limit."""
    found = []
    for problem in problems(split)[:limit]:
        # Without rounding of its own: only what is planted should decide.
        best = problem.better or problem.g
        base = replace(problem, g=best)
        right = Candidate(problem, "best", "", True, lambda best=best: (best, None))
        stated = check(problem, right, seed).detection_limit
        if stated is None:
            continue
        limits = np.broadcast_to(np.ravel(stated), scanned(problem).exact.shape[1])
        rng = np.random.default_rng(seed)
        components = rng.permutation([k for k in live(problem) if 0 < limits[k] < 0.01])
        for k in components[:2].tolist():
            for multiple in MULTIPLES:
                for sign in (1, -1):
                    error = 1 + sign * multiple * limits[k]

                    def change(_x: np.ndarray, c: np.ndarray, k: int = k, e: float = error) -> None:
                        c[k] = e * c[k]

                    wrong = changed(base, change)
                    case = Candidate(problem, "limit", "", False, lambda w=wrong: (w, None))
                    status = str(check(problem, case, seed).status)
                    found.append(Planted(problem.name, k, float(limits[k]), multiple, status))
    return found


# --- tables -------------------------------------------------------------------------------------


def percent(part: int, whole: int) -> str:
    """Return a share as text."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def useful(results: Sequence[Result]) -> list[Result]:
    """Return the bugs caught on problems whose hand-written right gradient is not accused."""
    accused = {r.problem for r in results if r.kind == "hand" and r.status == "wrong"}
    return [r for r in results if r.caught and r.problem not in accused]


def accused(results: Sequence[Result]) -> list[Result]:
    """Return the right gradients that were called wrong, those that keep no digit left out."""
    return [r for r in results if r.right and not r.lost and r.status == "wrong"]


def summary(results: Sequence[Result]) -> str:
    """Return the totals as text."""
    bugs = [r for r in results if not r.right]
    right = [r for r in results if r.right and not r.degraded and not r.lost]
    degraded = [r for r in results if r.degraded and not r.lost]
    lost = [r for r in results if r.lost]
    caught = [r for r in bugs if r.caught]
    named = [r for r in caught if r.components_exact is not None]
    blamed = [r for r in bugs if r.status == "wrong"]
    slips = [r for r in blamed if r.slip]
    seconds = sorted(r.seconds for r in results) or [0.0]
    rows = [
        ("bugs", str(len(bugs))),
        ("  caught", f"{len(caught)} = {percent(len(caught), len(bugs))}"),
        ("  caught, right one not accused", percent(len(useful(results)), len(bugs))),
        ("  components exact", percent(sum(bool(r.components_exact) for r in named), len(named))),
        ("  cause, own name", percent(sum(r.cause_strict for r in blamed), len(blamed))),
        ("  cause, accepted name", percent(sum(r.cause_accepted for r in blamed), len(blamed))),
        (
            "  cause, accepted or honestly unexplained",
            percent(sum(r.cause_accepted or r.unexplained for r in blamed), len(blamed)),
        ),
        ("  slips left unexplained", percent(sum(r.unexplained for r in slips), len(slips))),
        ("right gradients", str(len(right))),
        *_statuses(right),
        ("degraded right gradients", str(len(degraded))),
        *_statuses(degraded),
        ("right algebra without a digit left", str(len(lost))),
        *_statuses(lost),
        ("crashes", str(sum(r.status == "crash" for r in results))),
        ("seconds a case: median, 90 %, worst", _quantiles(seconds)),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _statuses(results: Sequence[Result]) -> list[tuple[str, str]]:
    order = ("proved", "ok", "inaccurate", "wrong", "undecided", "crash")
    counts = {status: sum(r.status == status for r in results) for status in order}
    return [(f"  {status}", str(count)) for status, count in counts.items() if count]


def _quantiles(values: Sequence[float]) -> str:
    last = len(values) - 1
    return f"{statistics.median(values):.3g}, {values[int(0.9 * last)]:.3g}, {values[last]:.3g}"


def table(results: Sequence[Result]) -> str:
    """Return a line a kind of bug, then a line a form of right gradients."""
    lines = [
        f"{'bug':<20}{'n':>5}{'caught':>9}{'comp.':>9}{'strict':>9}{'accept':>9}{'unexpl':>9}"
        "  causes"
    ]
    for kind in KINDS:
        rows = [r for r in results if r.kind == kind and not r.right]
        caught = [r for r in rows if r.caught]
        named = [r for r in caught if r.components_exact is not None]
        blamed = [r for r in caught if r.status == "wrong"]
        if rows:
            lines.append(
                f"{kind:<20}{len(rows):>5}{percent(len(caught), len(rows)):>9}"
                f"{percent(sum(bool(r.components_exact) for r in named), len(named)):>9}"
                f"{percent(sum(r.cause_strict for r in blamed), len(blamed)):>9}"
                f"{percent(sum(r.cause_accepted for r in blamed), len(blamed)):>9}"
                f"{sum(r.unexplained for r in caught):>9}  {_counts(r.cause for r in blamed)}"
            )
    lines += ["", f"{'right gradient':<20}{'n':>5}{'accused':>9}{'inacc.':>9}{'digits lost':>13}"]
    for form in dict.fromkeys(r.kind for r in results if r.right):
        rows = [r for r in results if r.kind == form and r.right and not r.lost]
        blunt = [r for r in rows if r.status == "inaccurate"]
        digits = f"{max(r.digits_lost for r in blunt):.1f}" if blunt else "-"
        lines.append(
            f"{form:<20}{len(rows):>5}{sum(r.status == 'wrong' for r in rows):>9}"
            f"{len(blunt):>9}{digits:>13}"
        )
    return "\n".join(lines)


def _counts(words: Iterable[str]) -> str:
    found: dict[str, int] = {}
    for word in words:
        found[word or "-"] = found.get(word or "-", 0) + 1
    return ", ".join(f"{w} {c}" for w, c in sorted(found.items(), key=lambda item: -item[1])[:5])


def limit_table(found: Sequence[Planted]) -> str:
    """Return how often an error at each multiple of the stated limit was seen."""
    limits = sorted({(p.problem, p.component): p.limit for p in found}.values())
    lines = [f"stated limits: median, 90 %, worst  {_quantiles(limits)}" if limits else "no limits"]
    for multiple in MULTIPLES:
        rows = [p for p in found if p.multiple == multiple]
        if rows:
            seen = sum(p.seen for p in rows)
            lines.append(
                f"{multiple:>5} times the limit: {percent(seen, len(rows))} of {len(rows)}"
            )
    return "\n".join(lines)


def failures(results: Sequence[Result]) -> str:
    """Return a line for everything that is not as it should be."""
    lines = []
    for r in results:
        what = None
        if r.status == "crash":
            what = "crash"
        elif r.right and not r.lost and r.status == "wrong":
            what = "accused"
        elif r.right and not r.lost and r.status == "undecided":
            what = "undecided"
        elif not r.right and not r.caught:
            what = f"missed ({r.status})"
        elif not r.right and r.components_exact is False:
            what = "components"
        elif r.status == "wrong" and not (r.right or r.cause_accepted or r.unexplained):
            what = "cause"
        if what:
            said = f"{r.cause} {list(r.components)}"
            lines.append(f"{what:<18} {r.problem} | {r.kind} | {r.detail} | {said}")
    return "\n".join(sorted(lines))


def symnum_check(problem: Problem, candidate: Candidate, seed: int) -> Any:
    """Check with symnum, as a user would: the formula, the points and the box."""
    from symnum.checking.check import check

    derivative, function = candidate.build()
    return check(
        problem.function,
        derivative,
        at=problem.at,
        domain=list(problem.domain),
        function=function,
        seed=seed,
    )
