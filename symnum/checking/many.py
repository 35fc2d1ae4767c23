"""The check of a gradient of many parameters, where f has no formula.

Derivatives along a few directions take the place of one derivative a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from math import floor, fsum, inf, log10, ulp
from typing import Any

import numpy as np

from symnum.checking.blocks import Block, BlockSlip, blocks_of
from symnum.checking.claim import Candidate
from symnum.checking.code_reference import kind_of, plainly
from symnum.checking.diagnose import ratio_text
from symnum.checking.directions import MOST_NAMED, Found, Line, Slope, find_wrong_entries
from symnum.checking.steps_line import StepsLine
from symnum.checking.steps_reference import COARSE, COARSE_SOLVER
from symnum.checking.verdict import Cause, Outcome, Verdict, Worst
from symnum.checking.watch import OutOfTime
from symnum.formula.duals import CodeReference

_UNIT = 2.0**-53
# A limit that is no better than this share of the typical entry leaves the answer open.
_POOR = 1e-2
# Ratios of entries that are one and the same, and pairs that changed places.
_CLOSE = 1e-6
_PAIR = 2
# Entries that a sentence names.
_FEW = 6
# A derivative of so small a share of the claim is 0 as far as anybody can measure.
_NOTHING = 2.0**-30
# So many entries that are off by one factor, or by little, may be off together for one reason.
_SEVERAL = 4
# Of many wrong entries so many are looked into, whether f is made of pieces along them.
_LOOKED_INTO = 3
_MANY_WRONG = (
    "along every random direction it differs by far more than the error bars: so many entries are "
    "wrong that none could be told from the others; check the blocks of parameters one by one"
)
_MANY_MORE = (
    "there are many more: along every random direction without these it differs by far more than "
    "the error bars"
)
# So many digits of a factor are written, at most; with fewer than the second it is no fraction.
_DIGITS, _FEW_DIGITS = 7, 4
# They are off by one factor where they differ by this share of how far it is from 1; and at other
# points, this share of the point away and at random, by the same but for a fraction.
_ALIKE = 1 / 8
_ELSEWHERE, _APART, _FRACTION = (-0.35, 0.35), 0.1, 8.0


class DualLine:
    """Derivatives of code along directions, certified by running it on ball duals.

    Parameters
    ----------
    code : Candidate
        The code of f, which returns a number.
    point : float64 array, shape (n,)
        Where.
    """

    least_error = 0.0

    def __init__(self, code: Candidate, point: np.ndarray) -> None:
        self._code = code
        self._point = point
        self._evaluations = 0

    @property
    def evaluations(self) -> int:
        """How often the code has run."""
        return self._evaluations

    def full(self, direction: np.ndarray) -> Slope:
        """Run the code on duals along the direction."""
        shapes = () if self._code.layout is None else self._code.layout.shapes
        along = CodeReference(
            plainly(self._code),
            len(self._point),
            kind_of(self._code),
            shapes,
            direction=tuple(direction.tolist()),
        )
        found = along.at(self._point[None])
        self._evaluations += 4  # twice with doubles, on exact points, on points known to an ulp
        if not found.known[0, 0] or found.hull[0, 0]:
            return Slope(np.nan, np.inf, along.reason or "f has no derivative along a direction")
        return Slope(float(found.exact[0, 0]), float(found.bound[0, 0]))

    def cheap(self, direction: np.ndarray, bar: float) -> Slope:  # noqa: ARG002  # all cost the same
        """Do the same: there is no cheaper way."""
        return self.full(direction)

    def alone(self, direction: np.ndarray, bar: float) -> tuple[Slope, Slope]:  # noqa: ARG002  # same
        """Do the same: a certified value needs no second opinion."""
        found = self.full(direction)
        return found, found


@dataclass(frozen=True)
class Lines:
    """How derivatives along directions are measured.

    Parameters
    ----------
    at : callable
        Returns a Line at a point.
    reference : str
        What the measured derivatives are.
    """

    at: Callable[[np.ndarray], Line]
    reference: str


def lines_of(
    code: Candidate,
    point: np.ndarray,
    rng: np.random.Generator,
    limits: np.ndarray | None = None,
) -> Lines:
    """Return the best way to measure derivatives of code along directions, tried at a point."""
    signs = rng.choice([-1.0, 1.0], len(point))
    if not DualLine(code, point).full(signs).reason:
        return Lines(
            lambda x: DualLine(code, x), "certified along directions, by running f on balls"
        )
    return Lines(
        lambda x: StepsLine(code, x, limits),
        "numerical along directions, with error bars (uncertified)",
    )


def gradient_verdict(
    candidate: Candidate,
    lines: Lines,
    points: np.ndarray,
    names: tuple[str, ...],
    seed: int,
    form: str,
    seconds: float = inf,
) -> Verdict:
    """Return the verdict on a gradient of many parameters.

    Parameters
    ----------
    candidate : Candidate
        Somebody's gradient.
    lines : Lines
        Measures f's derivatives along directions.
    points : float64 array, shape (P, n)
        Where it is tried.
    names : tuple of str
        The entries' names.
    seed : int
        Of the directions.
    form : str
        How the candidate takes a point, in words.
    seconds : float
        The time limit, to be named when it is over: what was judged by then counts.
    """
    common: dict[str, Any] = {
        "names": names,
        "seed": seed,
        "form": form,
        "reference": lines.reference,
    }
    limits = np.full(len(names), np.inf)
    notes: dict[str, None] = {}
    tried = evaluations = 0
    for number, point in enumerate(points):
        try:
            claim = candidate(point).value
        except OutOfTime:
            return _late(common, seconds, tried, len(points), "nothing was found wrong")
        if claim is None:
            continue
        tried += 1
        line = lines.at(point)
        found = _found(line, candidate, claim, seed + number)
        evaluations += found.evaluations
        common["evaluations"] = evaluations
        if found.late and not found.names_some:
            return _late(common, seconds, tried - 1, len(points), found.late)
        raised = line.raised() if isinstance(line, StepsLine) else ""
        notes |= {note: None for note in (found.note, raised) if note}
        if found.names_some or found.factor is not None:
            verdict = _wrong(found, claim, point, common, tried)
            if found.late:
                note = f"timeout: the check took more than {seconds:g} s, and there may be more"
                verdict = replace(verdict, violations=(*verdict.violations, note))
            if raised:
                verdict = replace(verdict, violations=(*verdict.violations, raised))
            if not verdict.is_certified and _is_solver(
                candidate, lines, found, point, claim, verdict, seed
            ):
                common["reason"] = COARSE_SOLVER
                return Verdict(Outcome.UNDECIDED, points_tried=tried, **common)
            reason = _in_pieces(line, candidate, found, claim, verdict.names, verdict.cause)
            if reason:
                return Verdict(Outcome.UNDECIDED, points_tried=tried, reason=reason, **common)
            return verdict
        if found.is_plain:
            reason = _in_pieces(line, candidate, found, claim, names, None)
            if reason:
                return Verdict(Outcome.UNDECIDED, points_tried=tried, reason=reason, **common)
            return Verdict(
                Outcome.WRONG,
                cause=Cause.UNEXPLAINED,
                cause_detail=_MANY_WRONG,
                points_tried=tried,
                reason=found.trend,
                **common,
            )
        if found.undecided:
            return Verdict(Outcome.UNDECIDED, points_tried=tried, reason=found.undecided, **common)
        size = np.abs(claim)
        typical = float(np.median(size[size > 0])) if np.any(size > 0) else 1.0
        limits = np.fmin(limits, found.limit / np.where(size > 0, size, typical))
        if np.median(found.limit) > _POOR * typical:
            reason = (
                f"{_loud(line)}: an error of {np.median(found.limit):.2g} would not have been "
                f"seen, and the gradient's typical entry is {typical:.2g}"
            )
            return Verdict(Outcome.UNDECIDED, points_tried=tried, reason=reason, **common)
    if not tried:
        reason = "the derivative gave no answer at any point that was tried"
        return Verdict(Outcome.UNDECIDED, reason=reason, **common)
    return Verdict(
        Outcome.OK,
        detection_limit=tuple(limits.tolist()),
        points_tried=tried,
        violations=tuple(notes),
        **common,
    )


def _loud(line: Line) -> str:
    """Say why nothing small is seen of f's derivatives."""
    apart = line.apart() if isinstance(line, StepsLine) else 0.0
    if apart != 0.0:
        return f"f is random (two calls with the same argument differ by {apart:.2g})"
    return "f is too noisy, or its derivatives are of too many sizes"


def _late(common: dict[str, Any], seconds: float, judged: int, count: int, found: str) -> Verdict:
    """Return the verdict when the time is over and nothing is wrong by then."""
    between = " and" if "direction" in found else ", and"
    reason = (
        f"timeout: the check took more than {seconds:g} s; {judged} of {count} "
        f"point{'s' * (count != 1)} had been judged by then{between} {found}"
    )
    return Verdict(Outcome.UNDECIDED, points_tried=judged, reason=reason, **common)


def _blocks(candidate: Candidate) -> tuple[Block, ...]:
    """Return the arrays of a dict."""
    if candidate.layout is None:
        return ()
    return blocks_of(shape for _, shape in candidate.layout.shapes)


def _wrong(
    found: Found, claim: np.ndarray, point: np.ndarray, common: dict[str, Any], tried: int
) -> Verdict:
    names = common["names"]
    if found.factor is not None:
        cause, detail = _factor(found.factor, found.factor_error)
        detail += " (seen along directions, not entry by entry)"
        everything = tuple(range(len(names)))
        return Verdict(
            Outcome.WRONG,
            everything,
            cause=cause,
            cause_detail=detail,
            points_tried=tried,
            reason=found.trend,
            **common,
        )
    cause, detail = _causes(found, claim, names)
    of_blocks = tuple(k for slip in found.slips for k in slip.entries)
    common = {**common, "cause": cause, "cause_detail": detail, "points_tried": tried}
    if not found.wrong:
        return Verdict(
            Outcome.WRONG, of_blocks, violations=_more(found), reason=found.trend, **common
        )
    error = {k: abs(claim[k] - exact) for k, exact in found.wrong.items()}
    ordered = sorted(error, key=lambda k: (not np.isnan(error[k]), -error[k], k))
    k = ordered[0]
    exact, given = float(found.wrong[k]), float(claim[k])
    worst = Worst(
        tuple(point.tolist()), k, exact, given, given - exact, abs(given - exact) / ulp(exact)
    )
    return Verdict(
        Outcome.WRONG,
        (*ordered, *of_blocks),
        worst=worst,
        violations=_more(found),
        reason=found.trend,
        **common,
    )


def _causes(found: Found, claim: np.ndarray, names: tuple[str, ...]) -> tuple[Cause, str]:
    """Say what is wrong with arrays as a whole, and with single entries."""
    causes = [_cause_of_block(slip, names) for slip in found.slips]
    if found.wrong:
        causes.append(_cause(found, claim, names))
    if len(causes) > 1 and found.wrong:
        cause, detail = causes[-1]
        causes[-1] = (cause, f"besides, in {_listed(names, found.wrong)}: {detail}")
    kinds = {cause for cause, _ in causes}
    cause = kinds.pop() if len(kinds) == 1 else Cause.UNEXPLAINED
    return cause, "; ".join(detail for _, detail in causes)


def _cause_of_block(slip: BlockSlip, names: tuple[str, ...]) -> tuple[Cause, str]:
    """Say what is wrong with all entries of an array."""
    name = names[slip.block.start].rpartition("[")[0]
    every = f"{name}: all of its {len(slip.entries):,} entries"
    if slip.factor is None:
        return Cause.TRANSPOSED, f"{name}: it is transposed"
    cause, detail = _factor(slip.factor, slip.error)
    match cause:
        case Cause.ZERO:
            return cause, f"{every} are 0, and the derivative is not"
        case Cause.SIGN:
            return cause, f"{every} have the wrong sign: given/exact = -1"
        case _:
            return cause, f"{every} are off by one factor: {detail}"


def _more(found: Found) -> tuple[str, ...]:
    """Say what is left besides the entries that are named."""
    if found.is_plain:
        return (_MANY_MORE,)
    if found.undecided:
        return (found.undecided,)
    if len(found.wrong) >= MOST_NAMED:
        return (f"there may be more: after {MOST_NAMED} wrong entries no other one was looked for",)
    return ()


def _found(line: Line, candidate: Candidate, claim: np.ndarray, seed: int) -> Found:
    """Return what is found of a gradient's entries at one point."""
    doubt = partial(line.doubt, candidate=candidate) if isinstance(line, StepsLine) else None
    return find_wrong_entries(line, claim, seed, _blocks(candidate), doubt=doubt)


def _is_solver(
    candidate: Candidate,
    lines: Lines,
    found: Found,
    point: np.ndarray,
    claim: np.ndarray,
    verdict: Verdict,
    seed: int,
) -> bool:
    """Say whether a gradient may be right, and f a solver with a loose tolerance or a table."""
    if found.slips:
        return all(
            slip.factor is not None
            and abs(slip.factor - 1) <= COARSE
            and not _is_same_elsewhere(
                candidate, lines, list(slip.entries), point, slip.factor, seed
            )
            for slip in found.slips
        )
    factor = _common_factor(found, claim)
    if factor is None:
        return _is_coarse(found, claim, verdict)
    is_few = found.factor is None and len(found.wrong) < _SEVERAL
    if not abs(factor - 1) <= COARSE or (is_few and verdict.cause is not Cause.UNEXPLAINED):
        return False
    off = list(found.wrong) or list(range(len(point)))
    return not _is_same_elsewhere(candidate, lines, off, point, factor, seed)


def _in_pieces(
    line: Line,
    candidate: Candidate,
    found: Found,
    claim: np.ndarray,
    names: tuple[str, ...],
    cause: Cause | None,
) -> str:
    """Say that f may be made of pieces, whose slopes are nobody's; empty where it isn't.

    It is looked into where most entries are wrong, each by another share, as a table's are, or more
    than could be named.
    """
    most = len(found.wrong) >= min(len(claim), MOST_NAMED) / 2
    is_many = (most and cause is Cause.UNEXPLAINED) or found.undecided or found.is_plain
    if not is_many or not isinstance(line, StepsLine):
        return ""

    def standing_out(k: int) -> float:
        """Return an entry's error, times what share of the entry it is; its size where unknown."""
        exact = found.wrong.get(k)
        size = float(abs(claim[k]))
        return size if exact is None else (claim[k] - exact) ** 2 / max(size, abs(exact))

    entries = found.wrong or range(len(claim))
    looked = sorted(entries, key=standing_out, reverse=True)[:_LOOKED_INTO]
    try:
        if not all(line.fits_between(k, candidate) for k in looked):
            return ""
    except OutOfTime:
        return ""  # what was found by then counts
    return (
        "it differs from the slopes that f has as computed; but along "
        f"{_listed(names, looked)} its integral is what f gains: f is coarse, as a table or a "
        "solver with a loose tolerance is, or the claim is wrong in places too narrow to show; "
        "f's formula, or f with a tighter tolerance, would settle it"
    )


def _is_coarse(found: Found, claim: np.ndarray, verdict: Verdict) -> bool:
    """Say whether several entries are a little off, each by another share, as a solver's are.

    Where many are, a little is so much of the gradient's usual entry: near a zero of the derivative
    a table is off by as much as elsewhere.
    """
    if verdict.cause is not Cause.UNEXPLAINED or not found.wrong:
        return False
    usual = float(np.median(np.abs(claim))) if len(found.wrong) >= _SEVERAL else 0.0
    return all(
        abs(claim[k] - exact) <= COARSE * max(abs(exact), usual) for k, exact in found.wrong.items()
    )


def _common_factor(found: Found, claim: np.ndarray) -> float | None:
    """Return by what the gradient is off as a whole, or each of several entries."""
    if found.factor is not None:
        return found.factor
    if len(found.wrong) < _PAIR:
        return None
    with np.errstate(all="ignore"):
        ratios = np.array([claim[k] / exact for k, exact in found.wrong.items()])
    middle = float(np.median(ratios))
    return middle if np.all(np.abs(ratios - middle) <= _ALIKE * abs(middle - 1)) else None


def _is_same_elsewhere(
    candidate: Candidate, lines: Lines, off: list[int], point: np.ndarray, factor: float, seed: int
) -> bool:
    """Say whether entries of the gradient are off by the same factor at other points too.

    All of the derivatives of a solver's result are off by one factor at a point, and by another one
    at the next; a slip in a gradient is the same everywhere.
    """
    rng = np.random.default_rng([seed, len(point)])
    size = np.where(point == 0, 1.0, np.abs(point))
    for share in _ELSEWHERE:
        other = point * (1 + share) + size * rng.uniform(-_APART, _APART, len(point))
        direction = np.zeros(len(point))
        direction[off] = rng.choice([-1.0, 1.0], len(off)) * rng.uniform(1.0, 2.0, len(off))
        try:
            claim = candidate(other).value
            slope = lines.at(other).full(direction)
        except OutOfTime:
            return False
        if claim is None or slope.reason:
            return False
        given = fsum((direction * claim).tolist())
        apart, bar = given - slope.value, abs(factor - 1) * abs(slope.value) / _FRACTION
        if not abs(apart - (factor - 1) * slope.value) <= bar + 2 * slope.error:
            return False
    return True


def _factor(ratio: float, error: float = 0.0) -> tuple[Cause, str]:
    """Return the cause of a factor, named to the digits that are known of it."""
    if ratio == 0 or abs(ratio) < _CLOSE:
        return Cause.ZERO, "it is 0 where the derivative is not"
    if abs(ratio + 1) < _CLOSE:
        return Cause.SIGN, "its sign is wrong: given/exact = -1"
    share = max(error / abs(ratio), 10.0**-_DIGITS)
    digits = max(2, floor(-log10(share)))
    if digits < _FEW_DIGITS:
        return Cause.FACTOR, f"given/exact = {ratio:.{digits}g}, about"
    return Cause.FACTOR, f"given/exact = {ratio_text(float(f'{ratio:.{digits}g}'))}"


def _cause(found: Found, claim: np.ndarray, names: tuple[str, ...]) -> tuple[Cause, str]:
    """Say what the wrong entries have in common, as far as their values at one point tell."""
    if any(np.isnan(exact) for exact in found.wrong.values()):
        return Cause.NONFINITE, f"it is not finite in {_listed(names, found.wrong)}"
    if len(found.wrong) == _PAIR:
        (a, of_a), (b, of_b) = found.wrong.items()
        if _near(claim[a], of_b) and _near(claim[b], of_a):
            return Cause.SWAPPED, f"{names[a]} and {names[b]} have changed places"
    if all(abs(exact) <= _NOTHING * abs(claim[k]) for k, exact in found.wrong.items()):
        return Cause.SPURIOUS, "it is not 0 where the derivative is, as far as it can be measured"
    with np.errstate(all="ignore"):
        ratios = np.array([claim[k] / exact for k, exact in found.wrong.items()])
    if np.all(np.abs(ratios - ratios[0]) <= _CLOSE * max(1.0, abs(ratios[0]))):
        return _factor(float(ratios[0]))
    return Cause.UNEXPLAINED, "no single slip explains it at this point"


def _listed(names: tuple[str, ...], entries: Iterable[int]) -> str:
    """Name the first of some entries."""
    return ", ".join(names[k] for k in list(entries)[:_FEW])


def _near(given: float, exact: float) -> bool:
    return abs(given - exact) <= _CLOSE * abs(exact)
