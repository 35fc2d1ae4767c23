"""Bugs to plant: wrong derivatives of every kind, with what is wrong about them by certified truth.

A bug that changes no number anywhere, or none that the problem's conditioning shows, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tests.planted.gradients.candidate import Candidate, Derivative
from tests.planted.gradients.problem import Problem
from tests.planted.gradients.slips import make_slip, places_of
from tests.planted.gradients.truth import (
    Truth,
    evaluate,
    inside,
    scanned,
    seed_of,
    truth_at,
)

# Takes the variables, shape (n, ...), and the right components, (k, ...); changes the latter.
Change = Callable[[np.ndarray, np.ndarray], None]
Build = Callable[[], tuple[Derivative, Derivative | None]]


@dataclass(frozen=True, eq=False)
class Plan:
    """A bug that was made for a problem; whether it can be seen is not known yet.

    Parameters
    ----------
    detail : str
        What was changed.
    build : callable
        As in Candidate.
    probes : float64 array, shape (P, n), or None
        Where it shows, when it shows in few places.
    """

    detail: str
    build: Build
    probes: np.ndarray | None = None


Make = Callable[[Problem, np.random.Generator], Plan | None]


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of bug.

    Parameters
    ----------
    make : callable
        Makes one for a problem; None where the problem has no place for it.
    strict : str
        The cause by its own name.
    also : frozenset of str
        Other names for the same slip; those that follow from the numbers are added case by case.
    judged : bool
        Whether wrong numbers, and components, are what is wrong with it.
    soft : bool
        Whether `inaccurate` is as good an answer as `wrong`.
    slip : bool
        Whether it is nothing that an engine must be able to explain: `unexplained` is honest.
    named : bool
        Whether components have to be named, where numbers are what is wrong.
    """

    make: Make
    strict: str
    also: frozenset[str] = field(default_factory=frozenset)
    judged: bool = True
    soft: bool = False
    slip: bool = False
    named: bool = True


# --- bugs made by changing what a right gradient returns ----------------------------------------


def changed(problem: Problem, change: Change) -> Derivative:
    """Return the right gradient with a change made to its components."""

    def derivative(x: Any) -> Any:
        given = np.asarray(x, dtype=np.float64)
        right = np.array(problem.g(x), dtype=np.float64)
        if problem.scalar:
            components = right[None].copy()
            change(given[None], components)
            return components[0][()]
        components = right.ravel()
        with np.errstate(all="ignore"):
            change(given, components)
        return components.reshape(right.shape)

    return derivative


def _always(derivative: Derivative, function: Derivative | None = None) -> Build:
    return lambda: (derivative, function)


def _value(problem: Problem, detail: str, change: Change, probes: Any = None) -> Plan:
    return Plan(detail, _always(changed(problem, change)), probes)


def live(problem: Problem) -> list[int]:
    """Return the components that are not zero everywhere."""
    truth = scanned(problem)
    shows = truth.known & (np.abs(np.nan_to_num(truth.exact)) > truth.floor)
    return np.flatnonzero(np.any(shows, axis=0)).tolist()


def _some(problem: Problem, rng: np.random.Generator, count: int = 1) -> list[int] | None:
    components = live(problem)
    if len(components) < count:
        return None
    return [int(k) for k in rng.choice(components, count, replace=False)]


def _scaled(factor: float, *, everywhere: bool = False) -> Make:
    def make(problem: Problem, rng: np.random.Generator) -> Plan | None:
        components = live(problem)
        if everywhere:
            picked: list[int] | None = components
        else:
            # With a single component this is the same bug as `everywhere`.
            picked = _some(problem, rng) if len(components) > 1 or factor > 0 else None
        if not picked:
            return None

        def change(_x: np.ndarray, c: np.ndarray) -> None:
            c[picked] = factor * c[picked]

        return _value(problem, f"components {picked} times {factor!r}", change)

    return make


def _unit_factor(problem: Problem, rng: np.random.Generator) -> Plan | None:
    names = {"1/100": 0.01, "1/365": 1 / 365, "180/pi": 180 / np.pi, "60": 60.0}
    if problem.n > 1:
        names["1/n"] = 1 / problem.n
    name = str(rng.choice(list(names)))

    def change(_x: np.ndarray, c: np.ndarray) -> None:
        c *= names[name]

    return _value(problem, f"everything times {name}", change)


def _log_parameter(problem: Problem, rng: np.random.Generator) -> Plan | None:
    picked = _some(problem, rng)
    if picked is None:
        return None
    k = picked[0]

    def change(x: np.ndarray, c: np.ndarray) -> None:
        c[k] = c[k] * x[k % problem.n]

    return _value(problem, f"component {k}: by the logarithm of its variable", change)


def _constant_added(problem: Problem, rng: np.random.Generator) -> Plan | None:
    picked = _some(problem, rng)
    if picked is None:
        return None
    k = picked[0]
    typical = 0.3 * float(np.nanmedian(np.abs(scanned(problem).exact[:, k])))

    def change(_x: np.ndarray, c: np.ndarray) -> None:
        c[k] = c[k] + typical

    return _value(problem, f"component {k} plus {typical!r}", change) if typical else None


def _rearranged(kind: str) -> Make:
    def make(problem: Problem, rng: np.random.Generator) -> Plan | None:
        picked = _some(problem, rng, 3 if kind == "rolled" else 2)
        if picked is None:
            return None
        sources = {
            "swapped": picked[::-1],
            "rolled": picked[1:] + picked[:1],
            "copied": [picked[1], picked[1]],
        }[kind]

        def change(_x: np.ndarray, c: np.ndarray) -> None:
            c[picked] = c[sources]

        return _value(problem, f"components {picked} hold those of {sources}", change)

    return make


def _transposed(problem: Problem, _rng: np.random.Generator) -> Plan | None:
    if problem.m is None:
        return None
    return Plan("transposed", _always(lambda x: problem.g(x).T))


def _zeroed(problem: Problem, rng: np.random.Generator) -> Plan | None:
    picked = _some(problem, rng)
    if picked is None:
        return None

    def change(_x: np.ndarray, c: np.ndarray) -> None:
        c[picked] = 0.0

    return _value(problem, f"component {picked[0]} is never filled", change)


def _spurious(problem: Problem, rng: np.random.Generator) -> Plan | None:
    components = live(problem)
    empty = sorted(set(range(scanned(problem).exact.shape[1])) - set(components))
    if not empty:
        return None
    k, source = int(rng.choice(empty)), int(rng.choice(components))

    def change(_x: np.ndarray, c: np.ndarray) -> None:
        c[k] = 0.5 * c[source]

    return _value(problem, f"component {k} is not zero", change)


def _slab(width: float) -> Make:
    def make(problem: Problem, rng: np.random.Generator) -> Plan | None:
        picked = _some(problem, rng)
        if picked is None:
            return None
        k, j = picked[0], int(rng.integers(problem.n))
        low, high = problem.domain[j]
        start = low + (high - low) * rng.uniform(0.02, 0.98 - width)
        end = start + width * (high - low)
        factor = float(rng.choice([-1.0, 0.0, 1.5, 2.0]))
        probes = inside(problem, 12, rng)
        probes[:, j] = rng.uniform(start, end, 12)

        def change(x: np.ndarray, c: np.ndarray) -> None:
            c[k] = np.where((start < x[j]) & (x[j] < end), factor * c[k], c[k])

        name = problem.variables[j]
        detail = f"component {k} times {factor} where {start!r} < {name} < {end!r}"
        return _value(problem, detail, change, probes)

    return make


def _nan_at_zero(problem: Problem, rng: np.random.Generator) -> Plan | None:
    holding = [j for j, (low, high) in enumerate(problem.domain) if low < 0 < high]
    picked = _some(problem, rng)
    if not holding or picked is None:
        return None
    k, j = picked[0], int(rng.choice(holding))
    probes = inside(problem, 6, rng)
    probes[:, j] = 0.0

    def change(x: np.ndarray, c: np.ndarray) -> None:
        with np.errstate(all="ignore"):
            c[k] = c[k] * (x[j] / x[j])

    return _value(problem, f"component {k}: 0/0 at {problem.variables[j]} = 0", change, probes)


def _overflow(problem: Problem, rng: np.random.Generator) -> Plan | None:
    picked = _some(problem, rng)
    if picked is None:
        return None
    k, j = picked[0], int(rng.integers(problem.n))
    low, high = problem.domain[j]

    def change(x: np.ndarray, c: np.ndarray) -> None:
        with np.errstate(all="ignore"):
            grown = np.exp(900 * ((x[j] - low) / (high - low)))
            c[k] = c[k] * grown / grown

    probes = inside(problem, 12, rng)
    probes[:, j] = low + (high - low) * rng.uniform(0.85, 1, 12)
    return _value(
        problem, f"component {k} overflows at large {problem.variables[j]}", change, probes
    )


def _float32(problem: Problem, rng: np.random.Generator) -> Plan | None:
    g = problem.g

    def narrow(x: Any) -> Any:
        return np.asarray(x, dtype=np.float32).astype(np.float64)[()]

    ways: dict[str, Derivative] = {
        "x is made float32": lambda x: g(narrow(x)),
        "the result was float32": lambda x: narrow(g(x)),
        "the result is float32": lambda x: np.asarray(g(x), dtype=np.float32)[()],
        "x and the result were float32": lambda x: narrow(g(narrow(x))),
    }
    way = str(rng.choice(list(ways)))

    def derivative(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return ways[way](x)

    return Plan(way, _always(derivative))


def _wrong_formula(problem: Problem, _rng: np.random.Generator) -> Plan | None:
    def function(x: Any) -> Any:
        return 1.1 * problem.f(x)

    def derivative(x: Any) -> Any:
        return 1.1 * problem.g(x)

    return Plan("function and derivative are both 1.1 times it", _always(derivative, function))


# --- bugs of behaviour: the numbers of a first call may be right --------------------------------


def _copy(answer: Any) -> Any:
    return np.array(answer, dtype=np.float64)[()]


def _stale_previous(problem: Problem, _rng: np.random.Generator) -> Plan | None:
    def build() -> tuple[Derivative, None]:
        held: list[Any] = []

        def derivative(x: Any) -> Any:
            held.append(_copy(problem.g(x)))
            return _copy(held[-2] if len(held) > 1 else held[-1])

        return derivative, None

    return Plan("returns the answer of the call before", build)


def _stale_first(problem: Problem, _rng: np.random.Generator) -> Plan | None:
    def build() -> tuple[Derivative, None]:
        held: list[Any] = []

        def derivative(x: Any) -> Any:
            if not held:
                held.append(_copy(problem.g(x)))
            return _copy(held[0])

        return derivative, None

    return Plan("returns the answer of the first call for ever", build)


def _stale_function(problem: Problem, _rng: np.random.Generator) -> Plan | None:
    def build() -> tuple[Derivative, Derivative]:
        held: dict[str, Any] = {}

        def function(x: Any) -> Any:
            held["x"] = _copy(x)
            return problem.f(x)

        def derivative(x: Any) -> Any:
            return problem.g(_copy(held.get("x", x)))

        return derivative, function

    return Plan("is the derivative at the point where f was called last", build)


def _stale_key(problem: Problem, rng: np.random.Generator) -> Plan | None:
    if problem.n < 2:
        return None
    j = int(rng.integers(problem.n))

    def build() -> tuple[Derivative, None]:
        held: dict[float, Any] = {}

        def derivative(x: Any) -> Any:
            key = float(x[j])
            if key not in held:
                held[key] = _copy(problem.g(x))
            return _copy(held[key])

        return derivative, None

    return Plan(f"remembers answers by {problem.variables[j]} alone", build)


def _accumulates(problem: Problem, _rng: np.random.Generator) -> Plan | None:
    def build() -> tuple[Derivative, None]:
        total = np.zeros(problem.shape)

        def derivative(x: Any) -> Any:
            np.add(total, problem.g(x), out=total)
            return _copy(total)

        return derivative, None

    return Plan("adds to the answer of the call before", build)


def _mutates(problem: Problem, rng: np.random.Generator) -> Plan | None:
    if problem.scalar:
        return None
    ways: dict[str, Callable[[np.ndarray], None]] = {
        "doubles x": lambda x: np.multiply(x, 2, out=x),
        "adds 1 to the last entry of x": lambda x: np.add(x[-1:], 1, out=x[-1:]),
        "negates x": lambda x: np.negative(x, out=x),
    }
    way = str(rng.choice(list(ways)))

    def derivative(x: Any) -> Any:
        answer = _copy(problem.g(x))
        ways[way](x)
        return answer

    return Plan(way, _always(derivative))


def _integer(problem: Problem, _rng: np.random.Generator) -> Plan | None:
    if np.nanmax(np.abs(scanned(problem).exact)) > 1e15:
        return None

    def derivative(x: Any) -> Any:
        answer = np.asarray(problem.g(x)).astype(np.int64)
        return int(answer) if answer.ndim == 0 else answer

    return Plan("the result is an array of integers", _always(derivative))


def _shape(problem: Problem, rng: np.random.Generator) -> Plan | None:
    ways: dict[str, Derivative] = {"two copies": lambda x: np.array([problem.g(x)] * 2)}
    if not problem.scalar and problem.n > 1:
        ways["the last column is missing"] = lambda x: problem.g(x)[..., :-1]
        ways["the sum over the variables"] = lambda x: np.sum(problem.g(x), axis=-1)
        ways["an axis too many"] = lambda x: problem.g(x)[..., None]
    if problem.m is not None:
        ways["flat"] = lambda x: problem.g(x).ravel()
    way = str(rng.choice(list(ways)))
    return Plan(way, _always(ways[way]))


def _raises(problem: Problem, rng: np.random.Generator) -> Plan | None:
    j = int(rng.integers(problem.n))
    middle = float(np.median(problem.points[:, j]))

    def derivative(x: Any) -> Any:
        if np.any((np.asarray(x)[None] if problem.scalar else x)[j] >= middle):
            msg = "not implemented for large values"
            raise ValueError(msg)
        return problem.g(x)

    return Plan(f"raises where {problem.variables[j]} >= {middle!r}", _always(derivative))


def _random(problem: Problem, rng: np.random.Generator) -> Plan | None:
    seed = int(rng.integers(2**32))

    def build() -> tuple[Derivative, None]:
        noise = np.random.default_rng(seed)
        return lambda x: problem.g(x) * (1 + 1e-3 * noise.standard_normal()), None

    return Plan("every call is up to some thousandths off", build)


# --- bugs made by editing the source ------------------------------------------------------------


def _slipped(kind: str) -> Make:
    def make(problem: Problem, rng: np.random.Generator) -> Plan | None:
        places = places_of(problem.g, kind)
        truth = scanned(problem)
        right = evaluate(problem, problem.g, truth.points)
        for choice in rng.permutation(len(places))[:12]:
            slip = make_slip(problem.g, kind, *places[choice])
            found = evaluate(problem, slip.function, truth.points)
            if not _runs(problem, slip.function) or not np.any(np.isfinite(found)):
                continue
            if np.any(_wrong(truth, found, right)):
                return Plan(slip.detail, _always(slip.function))
        return None

    return make


def _runs(problem: Problem, function: Derivative) -> bool:
    """Return whether an edited gradient still gives the right shape and leaves x alone."""
    argument = problem.argument(problem.points[0])
    before = np.array(argument)
    try:
        with np.errstate(all="ignore"):
            answer = np.asarray(function(argument))
    except (ArithmeticError, ValueError, TypeError, IndexError, NameError):
        return False
    return answer.shape == problem.shape and np.array_equal(before, argument)


# One slip can often be told in several ways that give the same numbers: a factor that is missing is
# a constant that is 1, a term that is missing is a constant that is 0, or an operator that is gone.
SOURCE = frozenset({"term", "factor", "operator", "constant"})

KINDS: dict[str, Kind] = {
    "sign of one": Kind(_scaled(-1.0), "sign"),
    "sign of all": Kind(_scaled(-1.0, everywhere=True), "sign"),
    "factor 2": Kind(_scaled(2.0), "factor"),
    "factor 1/2": Kind(_scaled(0.5), "factor"),
    "factor of a unit": Kind(_unit_factor, "factor"),
    "relative 1e-2": Kind(_scaled(1 + 1e-2), "factor"),
    "relative 1e-4": Kind(_scaled(1 + 1e-4), "factor"),
    "relative 1e-6": Kind(_scaled(1 + 1e-6), "factor"),
    "relative 1e-8": Kind(_scaled(1 + 1e-8), "factor"),
    "relative 1e-12": Kind(_scaled(1 + 1e-12), "factor", soft=True),
    "derivative by log": Kind(_log_parameter, "factor"),
    "constant added": Kind(_constant_added, "term", frozenset({"constant"}), slip=True),
    "swapped": Kind(_rearranged("swapped"), "swapped"),
    "rolled": Kind(_rearranged("rolled"), "swapped", frozenset({"index"})),
    "copied": Kind(_rearranged("copied"), "index", frozenset({"swapped"})),
    "transposed": Kind(_transposed, "transposed", judged=False),
    "zero entry": Kind(_zeroed, "zero"),
    "spurious entry": Kind(_spurious, "spurious"),
    "wrong in 10 %": Kind(_slab(0.1), "region"),
    "wrong in 1 %": Kind(_slab(0.01), "region"),
    "NaN at 0": Kind(_nan_at_zero, "nonfinite"),
    "overflow": Kind(_overflow, "nonfinite"),
    "float32": Kind(_float32, "float32", soft=True),
    "wrong formula": Kind(_wrong_formula, "wrong_function", judged=False),
    "stale: call before": Kind(_stale_previous, "stale", judged=False),
    "stale: first call": Kind(_stale_first, "stale", judged=False),
    "stale: f's point": Kind(_stale_function, "stale", judged=False),
    "stale: wrong key": Kind(_stale_key, "stale", judged=False),
    "accumulates": Kind(_accumulates, "stale", frozenset({"random"}), judged=False),
    "writes into x": Kind(_mutates, "mutates", judged=False),
    "integer result": Kind(_integer, "dtype", named=False),
    "wrong shape": Kind(_shape, "shape", judged=False),
    "raises": Kind(_raises, "raises", judged=False),
    "random": Kind(_random, "random", frozenset({"stale"}), judged=False),
    "dropped term": Kind(_slipped("dropped term"), "term", SOURCE, slip=True),
    "missing factor": Kind(_slipped("missing factor"), "factor", SOURCE | {"function"}, slip=True),
    "wrong operator": Kind(_slipped("wrong operator"), "operator", SOURCE | {"sign"}, slip=True),
    "wrong function": Kind(_slipped("wrong function"), "function", SOURCE, slip=True),
    "wrong literal": Kind(_slipped("wrong literal"), "constant", SOURCE, slip=True),
    "off by one": Kind(_slipped("off by one"), "index", SOURCE | {"swapped"}, slip=True),
    "wrong variable": Kind(
        _slipped("wrong variable"), "index", SOURCE | {"swapped", "function"}, slip=True
    ),
    "wrong comparison": Kind(
        _slipped("wrong comparison"), "operator", SOURCE | {"region", "sign", "zero"}, slip=True
    ),
}


# --- what is wrong with a bug, by certified truth -----------------------------------------------


def plant(problem: Problem, kind: str, seed: int, number: int = 0) -> Candidate | None:
    """Plant one bug; None where the problem has no place for it, or where it would not show.

    Parameters
    ----------
    problem : Problem
        Where.
    kind : str
        One of `KINDS`.
    seed, number : int
        Choose among the places; the same ones always give the same bug.
    """
    row = KINDS[kind]
    for attempt in range(3):
        rng = np.random.default_rng(seed_of(problem.name, kind, seed, number, attempt))
        plan = row.make(problem, rng)
        if plan is None:
            return None
        candidate = Candidate(
            problem=problem,
            kind=kind,
            detail=plan.detail,
            right=False,
            build=plan.build,
            strict=row.strict,
            accepted=frozenset({row.strict}) | row.also,
            slip=row.slip,
            soft=row.soft,
        )
        found = _judged(candidate, plan) if row.judged else _unjudged(candidate)
        if found is not None:
            return found if row.named else replace(found, expected=None)
    return None


def planted(problem: Problem, seed: int, per_slip: int = 2) -> Iterator[Candidate]:
    """Yield the problem's bugs: one a kind, `per_slip` different ones of each slip of the pen."""
    for kind, row in KINDS.items():
        details: set[str] = set()
        for number in range(per_slip if row.slip else 1):
            candidate = plant(problem, kind, seed, number)
            if candidate is not None and candidate.detail not in details:
                details.add(candidate.detail)
                yield candidate


def _unjudged(candidate: Candidate) -> Candidate | None:
    """Leave a transposed Jacobian out where it is symmetric; name the ambiguous ones."""
    problem = candidate.problem
    truth = scanned(problem)
    if candidate.kind == "transposed":
        exact = truth.exact.reshape(-1, *problem.shape)
        if problem.m != problem.n:
            return replace(candidate, accepted=candidate.accepted | {"shape"})
        wrong = np.any(exact != np.swapaxes(exact, 1, 2), axis=0).ravel()
        expected = frozenset(np.flatnonzero(wrong).tolist())
        also = {"swapped"} if len(expected) == 2 else set()
        return (
            replace(
                candidate,
                expected=expected,
                allowed=expected,
                accepted=candidate.accepted | also,
            )
            if expected
            else None
        )
    if candidate.kind.startswith(("stale", "accumulates")):
        given = truth.exact[: len(problem.points)]
        # A gradient that is the same at all given points can't go stale there.
        moves = np.any(np.abs(given - given[0]) > 2 * truth.floor[: len(given)])
        return candidate if moves or candidate.kind == "accumulates" else None
    return candidate


def _judged(candidate: Candidate, plan: Plan) -> Candidate | None:
    problem = candidate.problem
    truth = scanned(problem)
    derivative, _ = candidate.build()
    if plan.probes is not None:
        at_probes = truth_at(problem, plan.probes)
        right = evaluate(problem, problem.g, plan.probes)
        hits = _wrong(at_probes, evaluate(problem, derivative, plan.probes), right)
        if np.mean(np.any(hits, axis=1)) < 0.5:
            return None
        truth = _joined(truth, at_probes)
    right = evaluate(problem, problem.g, truth.points)
    found = evaluate(problem, derivative, truth.points)
    wrong = _wrong(truth, found, right)
    expected = frozenset(np.flatnonzero(np.any(wrong, axis=0)).tolist())
    if not expected:
        return None
    differs = np.any((found != right) & ~(np.isnan(found) & np.isnan(right)), axis=0)
    with np.errstate(all="ignore"):
        relative = np.abs(found - truth.exact) / np.abs(truth.exact)
        largest = np.max(np.where(wrong, np.nan_to_num(relative, nan=np.inf), 0))
    return replace(
        candidate,
        expected=expected,
        allowed=expected | frozenset(np.flatnonzero(differs).tolist()),
        accepted=candidate.accepted | names_by_numbers(problem, truth, found, wrong),
        soft=candidate.soft or bool(largest < 1e-11),
    )


def _joined(a: Truth, b: Truth) -> Truth:
    parts = zip(vars(a).values(), vars(b).values(), strict=True)
    return Truth(*(np.concatenate(pair) for pair in parts))


def _wrong(truth: Truth, found: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return where an answer is wrong beyond what rounding, and the right code's own, explain."""
    with np.errstate(all="ignore"):
        own = np.nan_to_num(np.abs(right - truth.exact), nan=0.0)
        fine = np.abs(found - truth.exact) <= 8 * own + truth.floor
    return truth.known & ~fine


def names_by_numbers(
    problem: Problem, truth: Truth, found: np.ndarray, wrong: np.ndarray
) -> frozenset[str]:
    """Return the causes that describe the same numbers: nobody could tell them apart."""
    names: set[str] = set()
    columns = np.flatnonzero(np.any(wrong, axis=0))
    if np.any(~np.isfinite(found) & truth.known):
        names |= {"nonfinite", "raises", "dtype"}
    informative = truth.known & (np.abs(truth.exact) > 1e3 * truth.floor) & np.isfinite(found)
    ratios = []
    for k in columns:
        rows = informative[:, k]
        if not np.any(rows) or np.any(~np.isfinite(found[:, k]) & truth.known[:, k]):
            break
        quotient = found[rows, k] / truth.exact[rows, k]
        if np.ptp(quotient) > 1e-9 * np.max(np.abs(quotient)):
            break
        ratios.append(float(quotient[0]))
    else:
        if all(ratio == 0 for ratio in ratios):
            names.add("zero")
        else:
            names.add("sign" if all(abs(ratio + 1) < 1e-9 for ratio in ratios) else "factor")
    exact = truth.exact
    if len(columns) and np.all((exact[:, columns] == 0) | ~truth.known[:, columns]):
        names.add("spurious")
    for k in columns:
        others = [j for j in range(exact.shape[1]) if j != k]
        if any(_same(found[:, k], exact[:, j], truth.known[:, j]) for j in others):
            names |= {"index", "swapped"}
        with np.errstate(all="ignore"):
            tiny = np.abs(found[:, k]) <= 1e-9 * np.abs(exact[:, k])
        if np.all(tiny | ~truth.known[:, k]):
            names.add("zero")
    if problem.m is not None and problem.m == problem.n:
        cube = exact.reshape(-1, *problem.shape)
        if _same(found, np.swapaxes(cube, 1, 2).reshape(found.shape), truth.known):
            names.add("transposed")
    told, hits = np.sum(informative[:, columns]), np.sum((informative & wrong)[:, columns])
    return frozenset(names | ({"region"} if hits < 0.8 * told else set()))


def _same(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.all((np.abs(a - b) <= 1e-9 * np.abs(b)) | ~where))
