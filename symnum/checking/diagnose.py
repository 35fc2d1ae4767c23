"""Why a derivative is wrong: the one slip of the exact derivative that explains all of it.

Each explanation is a hypothesis about the candidate's values at every point of the evidence. It
counts only if it reproduces all of them to within rounding; where none does, the answer is that no
single slip explains it, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from symnum.checking.claim import Candidate
from symnum.checking.decide import Decision, Evidence
from symnum.checking.machine import Machine
from symnum.checking.points import stratified
from symnum.checking.reference import Reference, Truth
from symnum.checking.verdict import Cause
from symnum.errors import SymnumError
from symnum.formula.formula import Formula
from symnum.formula.program import Line, Program
from symnum.formula.unparse import unparse

# A hypothesis may miss a value by this share of the error it explains, and by a few bounds.
_CLOSE = 1e-6
_BOUNDS = 8.0
# Operations on arrays spent on edits of the derivative's program: a second or two. It isn't a time,
# so that the same check gives the same answer on a busy machine.
_PATIENCE = 200_000
# Operations of a derivative that SymPy writes anew.
_TREE = 2_000
# Lines of more operations have no text that anybody would read.
_WORDS = 60
_ROWS = 80
# An exact value tells something where its bound is less than this share of it.
_TELLING = 0.02
# An error stands above a bound that is at most this share of it.
_SHOWS = 0.5
# A ratio is read where the exact values are known to so many times the best.
_BEST = 4.0
_SEVERAL = 2
# Of so many wrong components each is explained by itself where nothing explains them together.
_FEW = 4

# Functions that people write for each other.
_CONFUSED = {
    "sin": ("cos", "sinh", "tan"),
    "cos": ("sin", "cosh"),
    "tan": ("tanh", "sin"),
    "sinh": ("cosh", "sin"),
    "cosh": ("sinh", "cos"),
    "tanh": ("tan", "expit"),
    "exp": ("expm1",),
    "expm1": ("exp",),
    "log": ("log1p", "log2", "log10"),
    "log1p": ("log",),
    "log2": ("log",),
    "log10": ("log",),
    "sqrt": ("cbrt", "abs"),
    "asin": ("acos", "atan"),
    "acos": ("asin",),
    "atan": ("tanh", "asin"),
    "expit": ("tanh",),
    "erf": ("erfc", "tanh"),
    "erfc": ("erf",),
    "gamma": ("loggamma", "digamma"),
    "digamma": ("loggamma",),
}

# Constants that have no end, how many decimals of them people write, and the powers in which they
# stand before a derivative. A factor comes from one if it is off by as much, to this share.
_CONSTANTS = {"pi": np.pi, "e": np.e}
_DECIMALS = range(1, 10)
_POWERS = (1.0, -1.0, 0.5, -0.5, 2.0, -2.0)
_SAME_OFF = 1e-3

# Digits of the ends of a region: as many as tell it from the next right point.
_FEWEST_DIGITS, _ALL_DIGITS = 4, 17

# A region of a larger share of the points is looked for only where no slip explains them.
_MOST_OF_IT = 0.6

_NAMED_RATIOS = {
    Fraction(-1): "-1",
    Fraction(1, 100): "1/100 (per cent?)",
    Fraction(100): "100 (per cent?)",
    Fraction(1, 365): "1/365 (per day?)",
    Fraction(365): "365 (per year?)",
}


@dataclass(frozen=True)
class _View:
    """The evidence that a diagnosis looks at: points where the exact derivative is well known."""

    points: np.ndarray
    given: np.ndarray
    exact: np.ndarray
    bound: np.ndarray
    bad: np.ndarray
    wrong: tuple[int, ...]

    @property
    def informative(self) -> np.ndarray:
        """Entries whose exact value stands well above its bound."""
        return np.asarray(self.bound < _TELLING * np.abs(self.exact))

    def ratio(self, columns: Sequence[int], rows: np.ndarray) -> float:
        """Return given/exact of some columns, read where the exact values are known best.

        A simple fraction within what is known of it is taken for the ratio: where derivatives are
        measured a wrong sign is -0.9999998.

        Parameters
        ----------
        columns : sequence of int
            Which.
        rows : bool array, shape (P, len(columns))
            The entries that tell something.
        """
        picked = list(columns)
        exact = self.exact[:, picked][rows]
        with np.errstate(all="ignore"):
            ratios = self.given[:, picked][rows] / exact
            share = self.bound[:, picked][rows] / np.abs(exact)
        best = share <= _BEST * share.min()
        return _as_known(float(np.median(ratios[best])), float(np.median(share[best])))

    def explained(self, predicted: np.ndarray, columns: Sequence[int]) -> bool:
        """Say whether predicted values, shape (P, len(columns)), reproduce the candidate's."""
        given, exact, bound = (
            array[:, list(columns)] for array in (self.given, self.exact, self.bound)
        )
        finite = np.isfinite(given)
        with np.errstate(all="ignore"):
            # Where rounding may do as much as the error, everything explains it.
            telling = self.bad[:, list(columns)] & (2 * _BOUNDS * bound < np.abs(given - exact))
            if not telling.any():
                return False
            # Beside what is all but 0, everything small is close: it has to be close to that.
            size = np.minimum(np.abs(given - exact), np.abs(given))
            close = np.abs(given - predicted) <= _CLOSE * size + _BOUNDS * bound
        return bool(np.all(np.isfinite(predicted[finite])) and np.all(close[finite]))


def diagnose(
    candidate: Candidate,
    reference: Reference,
    evidence: Evidence,
    decision: Decision,
    names: Sequence[str],
    rng: np.random.Generator,
) -> tuple[Cause, str]:
    """Return the cause of a wrong derivative, and which factor, term or region it concerns."""
    view = _view(evidence, decision)
    shape = reference.shape
    attempts: tuple[Callable[[], tuple[Cause, str] | None], ...] = (
        lambda: _transposed(view, shape),
        lambda: _one_factor(view, reference),
        lambda: _permuted(view, names),
        lambda: _by_variable(view, reference.variables),
        lambda: _shifted(view, names),
        lambda: _spurious(view),
        lambda: _region(candidate, reference, view, evidence, rng),
        lambda: _edited(reference, view, names),
        lambda: _factor_each(view, names),
        lambda: _copied(view, names),
        # A slip elsewhere may leave most points alone; one that spoils most is asked for first.
        lambda: _region(candidate, reference, view, evidence, rng, most=1.0),
    )
    if view.bad[:, list(decision.wrong)].any(axis=1).sum() < _SEVERAL:
        # Anything explains a single point.
        found = _region(candidate, reference, view, evidence, rng)
        return found or (Cause.UNEXPLAINED, "one wrong point alone doesn't tell a cause")
    for attempt in attempts:
        found = attempt()
        if found is not None:
            return found
    return Cause.UNEXPLAINED, "no single slip of the exact derivative explains it" + _each(
        reference, view, names
    )


def _each(reference: Reference, view: _View, names: Sequence[str]) -> str:
    """Say what explains each wrong component by itself; empty where one has no explanation."""
    if not _SEVERAL <= len(view.wrong) <= _FEW:
        return ""
    found = []
    for k in view.wrong:
        own = replace(view, wrong=(k,))
        slip = (
            _one_factor(own, reference)
            or _shifted(own, names)
            or _edited(reference, own, names)
            or _copied(own, names)
        )
        if slip is None:
            return ""
        said = slip[1]
        found.append(said if said.startswith(f"{names[k]} ") else f"{names[k]}: {said}")
    return "; each component has one of its own: " + "; ".join(found)


def _view(evidence: Evidence, decision: Decision) -> _View:
    truth = evidence.truth
    usable = truth.known.all(axis=1) & ~truth.hull.any(axis=1)
    usable &= np.isfinite(evidence.given).any(axis=1)
    bad = decision.bad.any(axis=1)
    half = np.flatnonzero(usable & bad)[:_ROWS]
    rows = np.concatenate([half, np.flatnonzero(usable & ~bad)[: max(20, _ROWS - len(half))]])
    if not rows.size:
        rows = np.flatnonzero(bad)[:_ROWS]
    rows = rows[np.sort(np.unique(truth.points[rows], axis=0, return_index=True)[1])]
    return _View(
        truth.points[rows],
        evidence.given[rows],
        truth.exact[rows],
        truth.bound[rows],
        decision.bad[rows],
        decision.wrong,
    )


def ratio_text(ratio: float) -> str:
    """Return a constant ratio in words: 2, -1/2, 1/100 (per cent?), or digits."""
    simple = Fraction(ratio).limit_denominator(1000)
    if simple == 1 and ratio != 1:
        return f"1 {'+' if ratio > 1 else '-'} {abs(ratio - 1):.3g}"
    if simple and abs(float(simple) - ratio) <= 1e-9 * abs(ratio):
        return _NAMED_RATIOS.get(simple, str(simple))
    for name, value in (("pi", np.pi), ("log(10)", np.log(10)), ("log(2)", np.log(2))):
        for factor, written in ((value, name), (1 / value, f"1/{name}")):
            if abs(factor - abs(ratio)) <= 1e-9 * abs(ratio):
                return written if ratio > 0 else f"-{written}"
    return f"{ratio:.10g}"


def _as_known(ratio: float, known_to: float) -> float:
    """Return a ratio as what it may be: a simple fraction within what is known of it, or itself."""
    simple = Fraction(ratio).limit_denominator(100) if np.isfinite(ratio) else Fraction(1)
    if simple != 1 and abs(float(simple) - ratio) <= known_to * abs(ratio):
        return float(simple)
    return ratio


# --- the whole derivative ------------------------------------------------------------------------


def _transposed(view: _View, shape: tuple[int, ...]) -> tuple[Cause, str] | None:
    if len(shape) != _SEVERAL or shape[0] != shape[1] or shape[0] < _SEVERAL:
        return None
    size = shape[0]
    turned = view.exact.reshape(-1, size, size).swapaxes(1, 2).reshape(view.exact.shape)
    columns = range(size * size)
    if view.explained(turned, columns):
        return Cause.TRANSPOSED, "it is the transposed Jacobian"
    return None


def _one_factor(view: _View, reference: Reference) -> tuple[Cause, str] | None:
    """c = λ g with one λ in all wrong components, and in no right one that could tell."""
    wrong = list(view.wrong)
    telling = view.informative[:, wrong] & np.isfinite(view.given[:, wrong])
    if telling.sum() < _SEVERAL:
        return None
    ratio = view.ratio(wrong, telling)
    if abs(ratio - 1) < 1e-15 or not view.explained(ratio * view.exact[:, wrong], wrong):
        return None
    return _rounded_factor(reference, ratio) or _factor_cause(ratio)


def _factor_cause(ratio: float) -> tuple[Cause, str]:
    if abs(ratio + 1) < 1e-9:
        return Cause.SIGN, "its sign is wrong: given/exact = -1"
    if abs(ratio) < 1e-12:
        return Cause.ZERO, "it is 0 where the exact derivative is not"
    return Cause.FACTOR, f"given/exact = {ratio_text(ratio)} everywhere"


def _rounded_factor(reference: Reference, ratio: float) -> tuple[Cause, str] | None:
    """Say whether a factor close to 1 comes from a constant of the formula with few digits."""
    if reference.formula is None:
        return None
    program = reference.formula.program
    for name in dict.fromkeys(_named(program.lines[line]) for line in program.live()):
        for literal in _literals(name) if name else ():
            for power in _POWERS:
                off = (float(literal) / _CONSTANTS[name]) ** power - 1
                if abs(ratio - 1 - off) <= _SAME_OFF * abs(off):
                    return Cause.CONSTANT, f"the constant {name} is {literal}"
    return None


def _named(line: Line) -> str:
    """Return the name of a constant that has no end: pi or e; empty where it is none."""
    if line.op in _CONSTANTS:
        return str(line.op)
    if line.op != "const" or not isinstance(line.value, Fraction):
        return ""
    value = float(line.value)  # code holds the nearest double
    return next((name for name, exact in _CONSTANTS.items() if value == exact), "")


def _literals(name: str) -> tuple[str, ...]:
    """Return what people write for a constant: its first digits, rounded or cut off."""
    value = _CONSTANTS[name]
    found = []
    for digits in _DECIMALS:
        cut = np.floor(value * 10.0**digits) / 10.0**digits
        found += [f"{value:.{digits}f}", f"{cut:.{digits}f}"]
    return tuple(dict.fromkeys(found))


def _by_variable(view: _View, variables: Sequence[str]) -> tuple[Cause, str] | None:
    """c_k = x_k g_k, or g_k / x_k: a derivative with respect to a logarithm."""
    n = view.points.shape[1]
    if view.exact.shape[1] % n:
        return None
    wrong = list(view.wrong)
    by = [k % n for k in wrong]
    for power, words in ((1, "{0}: a derivative by log({0})"), (-1, "1/{0}")):
        with np.errstate(all="ignore"):
            predicted = view.exact[:, wrong] * view.points[:, by] ** power
        if view.explained(predicted, wrong):
            named = ", ".join(dict.fromkeys(words.format(variables[j]) for j in by[:4]))
            return Cause.FACTOR, f"given/exact is {named}"
    return None


def _shifted(view: _View, names: Sequence[str]) -> tuple[Cause, str] | None:
    """A constant is added to each wrong component."""
    words = []
    for k in view.wrong:
        # Elsewhere it may be less than rounding.
        rows = view.bad[:, k] & np.isfinite(view.given[:, k])
        if rows.sum() < _SEVERAL:
            return None
        shift = float(np.median((view.given - view.exact)[rows, k]))
        if not view.explained(view.exact[:, [k]] + shift, [k]):
            return None
        size = "large" if shift > 0 else "small"
        words.append(f"component {names[k]} is {abs(shift):.6g} too {size}, everywhere")
    return Cause.TERM, "; ".join(words[:4])


def _permuted(view: _View, names: Sequence[str]) -> tuple[Cause, str] | None:
    """Wrong components that are each other's exact values."""
    sources: dict[int, int] = {}
    for k in view.wrong:
        for other in view.wrong:
            if other != k and view.explained(view.exact[:, [other]], [k]):
                sources[k] = other
                break
    if len(sources) == len(view.wrong) >= _SEVERAL and (
        sorted(sources.values()) == sorted(sources)
    ):
        pairs = ", ".join(f"{names[k]} holds {names[other]}" for k, other in sources.items())
        return Cause.SWAPPED, f"components are swapped: {pairs}"
    return None


def _spurious(view: _View) -> tuple[Cause, str] | None:
    if all(not np.any(view.exact[:, k]) for k in view.wrong):
        return Cause.SPURIOUS, "it is not 0 where the exact derivative is 0 everywhere"
    return None


def _factor_each(view: _View, names: Sequence[str]) -> tuple[Cause, str] | None:
    """One factor a component."""
    found = []
    for k in view.wrong:
        telling = view.informative[:, k] & np.isfinite(view.given[:, k])
        if telling.sum() < _SEVERAL:
            return None
        ratio = view.ratio([k], telling[:, None])
        if not view.explained(ratio * view.exact[:, [k]], [k]):
            return None
        found.append(f"{names[k]}: {ratio_text(ratio)}")
    return Cause.FACTOR, "given/exact is a constant in each component: " + ", ".join(found[:6])


def _copied(view: _View, names: Sequence[str]) -> tuple[Cause, str] | None:
    """A wrong component that is a copy of another one."""
    copies = []
    for k in view.wrong:
        for other in range(view.exact.shape[1]):
            if other != k and view.explained(view.exact[:, [other]], [k]):
                copies.append(f"{names[k]} holds {names[other]}")
                break
        else:
            return None
    return Cause.INDEX, "; ".join(copies)


# --- a region ------------------------------------------------------------------------------------


def _region(
    candidate: Candidate,
    reference: Reference,
    view: _View,
    evidence: Evidence,
    rng: np.random.Generator,
    most: float = _MOST_OF_IT,
) -> tuple[Cause, str] | None:
    """Wrong in one axis-parallel slab, or on one side of one of the formula's own conditions.

    `most` is the largest share of the points that the region may hold.
    """
    wrong = list(view.wrong)
    truth = evidence.truth
    telling = _is_telling(truth)[:, wrong]
    bad = evidence.bad[:, wrong]
    if not telling.any() or (bad & telling).sum() > most * telling.sum():
        return None
    is_bad = np.asarray(bad.any(axis=1))
    is_good = np.asarray((_would_show(evidence, wrong) & ~bad).any(axis=1) & ~is_bad)
    if not is_bad.any():
        return None  # wrong only where the formula cancels and its own bound excuses it
    if is_good.sum() < _SEVERAL:
        return None
    branch = _branch(reference, truth.points, is_bad, is_good)
    if branch is not None:
        return Cause.TERM, branch
    labels = reference.variables
    for j in range(truth.points.shape[1]):
        x = truth.points[:, j]
        low, high = x[is_bad].min(), x[is_bad].max()
        inside = (x >= low) & (x <= high)
        if np.any(is_good & inside) or inside.all():
            continue
        others = x[is_good]
        below = others[others < low].max(initial=-np.inf)
        above = others[others > high].min(initial=np.inf)
        if not _confirmed(candidate, reference, truth.points, j, (low, high), wrong, rng):
            continue
        start = low if np.isfinite(below) else -np.inf
        end = high if np.isfinite(above) else np.inf
        ratio = _ratio_inside(view, wrong)
        if most > _MOST_OF_IT and not ratio:
            return None  # right near one end is what approximations are
        where = _interval(labels[j], (start, low - below), (end, above - high))
        return Cause.REGION, f"only where {where}{ratio}"
    return None


def _is_telling(truth: Truth) -> np.ndarray:
    """Say where the exact derivative stands well above its bound, shape (P, K)."""
    return np.asarray(truth.known & (truth.bound < _TELLING * np.abs(truth.exact)))


def _would_show(evidence: Evidence, wrong: Sequence[int]) -> np.ndarray:
    """Say where errors like those that were seen would be seen, shape (P, len(wrong)).

    As large, or as large a share of the derivative: where neither stands above the bound nothing
    is known to be right.
    """
    columns = list(wrong)
    truth, bad = evidence.truth, evidence.bad[:, columns]
    exact, bound = np.abs(truth.exact[:, columns]), truth.bound[:, columns]
    finite = bad & np.isfinite(evidence.error[:, columns])
    if not finite.any():
        return _is_telling(truth)[:, columns]
    error = np.where(finite, evidence.error[:, columns], np.nan)
    with np.errstate(all="ignore"):
        share = np.where(exact > 0, error / exact, np.nan)
    smallest = np.nan_to_num(np.nanmin(error), nan=0.0)
    least = np.nanmin(share) if np.isfinite(share).any() else np.inf
    seen = (bound < _SHOWS * smallest) & (bound < _SHOWS * least * exact)
    return np.asarray(truth.known[:, columns] & ~truth.hull[:, columns] & seen)


def _interval(name: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    """Say where a region is: from its ends, and how far from each the next right point is."""
    low, high = start[0], end[0]
    if low == high:
        return f"{name} = {low:.6g}"
    if np.isfinite(low) and np.isfinite(high):
        first, last = _rounded(*start), _rounded(*end)
        digits = _FEWEST_DIGITS
        while first == last:  # 1.001 <= x <= 1.001 would say nothing
            digits += 1
            first, last = f"{low:.{digits}g}", f"{high:.{digits}g}"
        return f"{first} <= {name} <= {last}"
    return f"{name} >= {_rounded(*start)}" if np.isfinite(low) else f"{name} <= {_rounded(*end)}"


def _rounded(value: float, room: float) -> str:
    """Return a number as short as its room allows: four digits, or more."""
    texts = (f"{value:.{digits}g}" for digits in range(_FEWEST_DIGITS, _ALL_DIGITS))
    return next((text for text in texts if abs(float(text) - value) <= room), repr(float(value)))


def _ratio_inside(view: _View, wrong: list[int]) -> str:
    rows = view.bad[:, wrong] & view.informative[:, wrong] & np.isfinite(view.given[:, wrong])
    if rows.sum() < _SEVERAL:
        return ""
    with np.errstate(all="ignore"):
        ratios = (view.given[:, wrong] / view.exact[:, wrong])[rows]
    middle = float(np.median(ratios))
    if np.all(np.abs(ratios - middle) <= 1e-6 * abs(middle)):
        middle = view.ratio(wrong, rows)
        return f", given/exact = {ratio_text(middle)} there"
    return ""


def _confirmed(
    candidate: Candidate,
    reference: Reference,
    points: np.ndarray,
    j: int,
    interval: tuple[float, float],
    wrong: list[int],
    rng: np.random.Generator,
) -> bool:
    """Try new points in the slab, the other coordinates anywhere."""
    box = np.stack([points.min(axis=0), points.max(axis=0)], axis=1)
    fresh = stratified(box, 24, rng)
    fresh[:, j] = rng.uniform(*interval, 24)
    truth = reference.at(fresh)
    given = np.array(
        [
            np.full(truth.exact.shape[1], np.nan) if (v := candidate(p).value) is None else v
            for p in fresh
        ]
    )
    found = Evidence(truth, given)
    # Where the exact derivative is 0, or hardly known, a factor in the region shows nothing.
    hits = np.asarray(found.bad[:, wrong].any(axis=1))
    telling = hits | _is_telling(truth)[:, wrong].any(axis=1)
    return bool(hits.any() and hits[telling].mean() >= 0.95)


def _branch(
    reference: Reference, points: np.ndarray, is_bad: np.ndarray, is_good: np.ndarray
) -> str | None:
    """Say which of the formula's own conditions separates wrong points from right ones."""
    if reference.formula is None:
        return None
    program = reference.formula.program
    machine = Machine(program, points)
    for index in machine.live:
        op, args, _ = program.lines[index]
        if op in {"lt", "le"}:
            side = machine.values[index].astype(bool)
        elif op in {"abs", "sign"}:
            side = machine.values[args[0]] > 0
        elif op in {"max", "min"}:
            side = machine.values[args[0]] > machine.values[args[1]]
        else:
            continue
        for wanted in (side, ~side):
            if np.array_equal(wanted[is_bad], np.ones(is_bad.sum(), bool)) and not np.any(
                wanted[is_good]
            ):
                text = unparse(program.with_outputs([args[0]]), reference.variables)[0]
                return f"only in one branch of the formula, the one decided by {text}"
    return None


# --- one edit of the derivative's program --------------------------------------------------------


@dataclass(frozen=True)
class _Edit:
    """One line with other values, and what that would mean."""

    line: int
    values: np.ndarray
    cause: Cause
    words: str


@dataclass
class _Budget:
    """Operations spent on a diagnosis."""

    spent: int = 0


def _edited(reference: Reference, view: _View, names: Sequence[str]) -> tuple[Cause, str] | None:
    """Find one edit of the derivative's own program; of each wrong component's where need be."""
    if reference.derivative is None:
        return None
    programs = [reference.derivative.program, *_from_sympy(reference.derivative)]
    budget = _Budget()
    whole = _search(programs, reference, view, list(view.wrong), budget)
    if whole is not None or len(view.wrong) == 1:
        return whole
    found = []
    for k in view.wrong:
        one = _search(programs, reference, view, [k], budget)
        if one is None:
            return None
        found.append((k, one))
    causes = {cause for _, (cause, _) in found}
    if len(causes) > 1:
        return None
    words = "; ".join(f"{names[k]}: {text}" for k, (_, text) in found[:4])
    return found[0][1][0], words


def _from_sympy(derivative: Formula) -> list[Program]:
    """Return the derivative as SymPy writes it: hand-written code looks more like that."""
    from symnum.formula.symbolic import from_sympy, symbols

    program = derivative.program
    if len(program.outputs) > 40:
        return []
    sizes = _tree_sizes(program)
    if sum(sizes[output] for output in program.outputs) > _TREE:
        return []  # SymPy writes shared lines out again at every use
    try:
        program, _ = from_sympy(list(derivative.expressions), symbols(len(derivative.variables)))
    except (SymnumError, RecursionError):
        return []
    return [program]


def _tree_sizes(program: Program) -> dict[int, int]:
    """Return how many operations each line has with every shared line written out."""
    sizes: dict[int, int] = {}
    for index in program.live():
        sizes[index] = 1 + sum(sizes[arg] for arg in program.lines[index].args)
    return sizes


def _search(
    programs: Sequence[Program],
    reference: Reference,
    view: _View,
    columns: list[int],
    budget: _Budget,
) -> tuple[Cause, str] | None:
    labels = reference.variables
    for program in programs:
        outputs = [program.outputs[k] for k in columns]
        machine = Machine(program.with_outputs(outputs), view.points)
        for edit in _edits(machine, view, columns, labels):
            if view.explained(machine.changed(edit.line, edit.values, outputs), columns):
                return edit.cause, edit.words
            if budget.spent + machine.work > _PATIENCE:
                return None
        budget.spent += machine.work
    return None


def _edits(
    machine: Machine, view: _View, columns: list[int], labels: Sequence[str]
) -> Iterator[_Edit]:
    """Yield edits, the likeliest kinds first, from the outputs inward."""
    program, values = machine.program, machine.values
    backwards = machine.live[::-1]

    sizes = _tree_sizes(program)

    def text(line: int) -> str:
        if sizes[line] > _WORDS:
            return "..."
        try:
            found = unparse(program.with_outputs([line]), labels)[0]
        except SymnumError:
            return "..."
        return found if len(found) <= 60 else found[:57] + "..."

    for line in backwards:
        op, args, _ = program.lines[line]
        if op in {"add", "sub"}:
            a, b = (values[arg] for arg in args)
            yield _Edit(line, a, Cause.TERM, f"the term {text(args[1])} is missing")
            other = -b if op == "sub" else b
            yield _Edit(line, other, Cause.TERM, f"the term {text(args[0])} is missing")
            swapped = a - b if op == "add" else a + b
            yield _Edit(line, swapped, Cause.OPERATOR, f"the sign before {text(args[1])} is wrong")
            if op == "add":
                yield _Edit(
                    line, b - a, Cause.OPERATOR, f"the sign before {text(args[0])} is wrong"
                )
        elif op in {"mul", "div"}:
            a, b = (values[arg] for arg in args)
            yield _Edit(line, a, Cause.FACTOR, f"the factor {text(args[1])} is missing")
            if op == "mul":
                yield _Edit(line, b, Cause.FACTOR, f"the factor {text(args[0])} is missing")
            with np.errstate(all="ignore"):
                swapped = a / b if op == "mul" else a * b
            yield _Edit(
                line, swapped, Cause.OPERATOR, f"* and / are confused before {text(args[1])}"
            )
        elif op == "neg":
            yield _Edit(
                line, values[args[0]], Cause.SIGN, f"the minus before {text(args[0])} is missing"
            )
        elif op == "pow":
            yield from _powers(machine, line, text(args[0]))
        elif op in _CONFUSED:
            for other_op in _CONFUSED[op]:
                changed = machine.apply(other_op, [values[args[0]]])
                yield _Edit(
                    line,
                    changed,
                    Cause.FUNCTION,
                    f"{other_op} stands for {op} in {text(line)}",
                )
    yield from _variables(machine, labels)
    yield from _constants(machine)
    yield from _rounded_constants(machine)
    yield from _scaled(machine, view, columns, text)


def _powers(machine: Machine, line: int, base: str) -> Iterator[_Edit]:
    _, args, _ = machine.program.lines[line]
    a, b = (machine.values[arg] for arg in args)
    yield _Edit(line, a, Cause.CONSTANT, f"the exponent of {base} is missing")
    for shift in (-1, 1):
        with np.errstate(all="ignore"):
            changed = a ** (b + shift)
        yield _Edit(line, changed, Cause.CONSTANT, f"the exponent of {base} is off by {shift:+d}")


def _variables(machine: Machine, labels: Sequence[str]) -> Iterator[_Edit]:
    """A variable in place of another, at one use or everywhere."""
    program = machine.program
    variables = {
        i: int(program.lines[i].value or 0) for i in machine.live if program.lines[i].op == "var"
    }
    for line, index in variables.items():
        for other, other_index in variables.items():
            if other != line:
                yield _Edit(
                    line,
                    machine.values[other],
                    Cause.INDEX,
                    f"{labels[other_index]} stands for {labels[index]}",
                )
    for line in machine.live[::-1]:
        op, args, _ = program.lines[line]
        for place, arg in enumerate(args):
            if arg not in variables:
                continue
            for other, other_index in variables.items():
                if other == arg:
                    continue
                changed = [machine.values[a] for a in args]
                changed[place] = machine.values[other]
                yield _Edit(
                    line,
                    machine.apply(op, changed),
                    Cause.INDEX,
                    f"{labels[other_index]} stands for {labels[variables[arg]]} at one place",
                )


def _constants(machine: Machine) -> Iterator[_Edit]:
    for line in machine.live:
        op, _, value = machine.program.lines[line]
        if op != "const" or not isinstance(value, Fraction):
            continue
        c = float(value)
        for other in (c + 1, c - 1, 2 * c, c / 2, 1.1 * c, -c):
            if other != c:
                yield _Edit(
                    line,
                    np.full(len(machine.values[line]), other),
                    Cause.CONSTANT,
                    f"the constant {_number(c)} is {_number(other)}",
                )


def _rounded_constants(machine: Machine) -> Iterator[_Edit]:
    """A constant without end, with few digits: at every use, or at one."""
    program = machine.program
    for line in machine.live:
        name = _named(program.lines[line])
        for literal in _literals(name) if name else ():
            values = np.full(len(machine.values[line]), float(literal))
            words = f"the constant {name} is {literal}"
            yield _Edit(line, values, Cause.CONSTANT, words)
            for use in machine.live:
                op, args, _ = program.lines[use]
                if line in args:
                    changed = [values if arg == line else machine.values[arg] for arg in args]
                    once = f"{words} at one place"
                    yield _Edit(use, machine.apply(op, changed), Cause.CONSTANT, once)


def _number(value: float) -> str:
    return f"{value:.6g}"


def _scaled(machine: Machine, view: _View, columns: list[int], text: object) -> Iterator[_Edit]:
    """Any line times a factor, fitted where the outputs are linear in it."""
    outputs = list(machine.program.outputs)
    given, exact = view.given[:, columns], view.exact[:, columns]
    for line in machine.live[::-1]:
        op, _, value = machine.program.lines[line]
        base = machine.values[line]
        if np.asarray(base).dtype == bool or op == "var":
            continue
        doubled = machine.changed(line, 2 * base, outputs)
        with np.errstate(all="ignore"):
            factors = 1 + (given - exact) / (doubled - exact)
        usable = np.isfinite(factors) & (np.abs(doubled - exact) > 1e3 * view.bound[:, columns])
        if usable.sum() < _SEVERAL:
            continue
        factor = float(np.median(factors[usable]))
        spread = np.abs(factors[usable] - factor)
        if np.median(spread) > 1e-3 * max(1.0, abs(factor)) or abs(factor - 1) < 1e-14:
            continue
        assert callable(text)
        if op == "const" and isinstance(value, Fraction):
            c = float(value)
            words = f"the constant {_number(c)} is {_number(c * factor)}"
            yield _Edit(line, factor * base, Cause.CONSTANT, words)
        elif abs(factor) < 1e-9:
            yield _Edit(line, 0 * base, Cause.TERM, f"the term {text(line)} is missing")
        elif abs(factor + 1) < 1e-9:
            yield _Edit(line, -base, Cause.OPERATOR, f"the sign of {text(line)} is wrong")
        else:
            words = f"{text(line)} is multiplied by {ratio_text(factor)}"
            yield _Edit(line, factor * base, Cause.FACTOR, words)
