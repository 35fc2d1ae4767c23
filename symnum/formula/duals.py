"""The user's own code, certified without a formula: it is run on ball duals.

Code that can't be traced but runs on object arrays is called with numbers that carry a ball and the
balls of its derivatives (`dual_numbers.py`). What comes out encloses the derivative of the branch
taken. It is believed only where the code, called with doubles, lands in the enclosure that 53-bit
balls predict for it. Where the code compares equal numbers, it is run again for the limit from
either side.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from symnum.errors import DomainError, UsageError
from symnum.formula.balls import nearest_double, precision
from symnum.formula.bounds import SMALLEST, UNIT
from symnum.formula.dual_numbers import Dual, OutOfTime, Place, Refused, Run, Stop, Unclear, ball_of
from symnum.formula.dual_ufuncs import DualArray
from symnum.formula.exact import Exact
from symnum.formula.status import Status
from symnum.formula.tracing.recorder import is_library, place_of

# Precisions at which the code is run, until everything is decided.
_BITS = (128, 256, 1024, 4096)
# Doubles have so many; see `bounds.py` for the two factors.
_DOUBLE = 53
_LIBRARY = 2.0
_OUTPUT = 16 * UNIT
# So many comparisons that doubles might decide otherwise are tried the other way round.
_MOST_FLIPS = 8
# Relative distance over which f must move as its derivative says where comparisons may steer it.
_NUDGE = 2.0**-24
# Share of the expected movement by which it may miss it, besides rounding and curvature.
_MISS = 2.0**-12

NAN = math.nan


class Kind(StrEnum):
    """How the code takes a point."""

    FLOAT = "a float"
    ARRAY = "an array of shape (n,)"
    FLOATS = "n floats"
    DICT = "a dict of arrays"


@dataclass(frozen=True)
class Code:
    """The user's function, and how to call it.

    Parameters
    ----------
    function : callable
        Theirs.
    kind : str
        One of `Kind`: how it takes a point.
    shapes : tuple of (name, shape)
        The arrays of a dict, in order; for an array, its own shape under any name where it isn't
        (n,).
    """

    function: Callable[..., Any]
    kind: str = Kind.ARRAY
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def arguments(self, numbers: Sequence[Any]) -> tuple[Any, ...]:
        """Return fresh arguments that hold the given numbers: floats or duals."""
        match Kind(str(self.kind)):
            case Kind.FLOAT:
                return (numbers[0],)
            case Kind.FLOATS:
                return tuple(numbers)
            case Kind.DICT:
                packed: dict[str, Any] = {}
                start = 0
                for name, shape in self.shapes:
                    size = math.prod(shape)
                    piece = numbers[start : start + size]
                    packed[name] = _array(piece).reshape(shape) if shape else piece[0]
                    start += size
                return (packed,)
        array = _array(numbers)
        return (array.reshape(self.shapes[0][1]) if self.shapes else array,)


def _array(numbers: Sequence[Any]) -> np.ndarray:
    kind = object if any(type(number) is Dual for number in numbers) else np.float64
    array = np.empty(len(numbers), dtype=kind)
    for index, number in enumerate(numbers):
        array[index] = number
    return array.view(DualArray) if kind is object else array


@dataclass(frozen=True, eq=False)
class DualResult:
    """A derivative that the code itself gave on ball duals.

    The shape of all arrays is that of the output, followed by (n,) for all variables, or (n, n) for
    all second derivatives; nothing follows for a float or along one direction.

    Parameters
    ----------
    hi, lo, radius : float64 array
        As of `Exact`: the nearest double, what it leaves over, and a bound on the rest.
    status : object array of Status
        What is known, entry by entry; `undecided` also where the code is refused.
    left, right : float64 array
        One-sided derivatives at a kink.
    reason : str
        Why an entry isn't certified; empty where all are.
    bound : float64 array
        What rounding in doubles may do to a right derivative; infinite where nothing is proven.
    rough : float64 array
        The value that `bound` was taken round.
    hull : bool array
        Where doubles can't tell the point from one where the code branches, and the branches have
        different derivatives.
    value : float64 array
        The function itself.
    """

    hi: Any
    lo: Any
    radius: Any
    status: Any
    left: Any
    right: Any
    reason: str
    bound: Any
    rough: Any
    hull: Any
    value: Any


@dataclass(frozen=True)
class Known:
    """What is known of the derivative at P points, K components.

    Parameters
    ----------
    points : float64 array, shape (P, n)
        The points.
    exact : float64 array, shape (P, K)
        The derivative; the middle of the one-sided ones at a kink.
    bound : float64 array, shape (P, K)
        What rounding can explain; half of what lies between the one-sided ones at a kink, and more.
    hull : bool array, shape (P, K)
        Where the point can't be told from a kink.
    known : bool array, shape (P, K)
        Where there is something to compare with.
    """

    points: np.ndarray
    exact: np.ndarray
    bound: np.ndarray
    hull: np.ndarray
    known: np.ndarray

    def take(self, rows: np.ndarray) -> Known:
        """Return what is known at some of the points."""
        return Known(
            self.points[rows], self.exact[rows], self.bound[rows], self.hull[rows], self.known[rows]
        )

    def join(self, other: Known) -> Known:
        """Return both sets of points."""
        return Known(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("points", "exact", "bound", "hull", "known")
            )
        )


class _Output(NamedTuple):
    """What one run of the code came to: numbers, flattened, and the shape they had."""

    numbers: list[Dual]
    plain: list[int]
    shape: tuple[int, ...]
    run: Run


@dataclass
class _Entry:
    """What is found out about one component."""

    hi: float = NAN
    lo: float = NAN
    radius: float = math.inf
    status: Status = Status.UNDECIDED
    left: float = NAN
    right: float = NAN
    rough: float = NAN
    bound: float = math.inf
    rounding: float = 0.0
    hull: bool = False
    reason: str = ""


@dataclass
class _Point:
    """All components at one point, outputs × directions."""

    entries: list[_Entry]
    shape: tuple[int, ...]
    values: np.ndarray
    reason: str = ""
    spread: list[float] = field(default_factory=list)
    comparisons: int = 0


@dataclass(frozen=True)
class _Question:
    """What is asked of the code: which derivatives.

    Parameters
    ----------
    code : Code
        The function.
    n : int
        Number of variables.
    order : int
        1 or 2: the derivative order.
    direction : tuple of float, optional
        The only direction; all variables without it.
    copied : bool
        Whether a copy of the code is run, in which `float()`, `math` and `np.zeros` know duals.
    """

    code: Code
    n: int
    order: int
    direction: tuple[float, ...] | None = None
    copied: bool = False
    keys: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        count = 1 if self.direction is not None else self.n
        keys: Sequence[Any] = range(count)
        if self.order == 2:
            keys = list(combinations_with_replacement(range(count), 2))
        object.__setattr__(self, "keys", tuple(keys))

    def numbers(self, run: Run, point: Sequence[float], only: int | None, ulp: bool) -> list[Dual]:
        """Return the point as duals, moving along all directions or only one."""
        found = []
        for index, x in enumerate(point):
            ball = arb(x, math.ulp(x)) if ulp and x else arb(x)
            if self.direction is None:
                key = index if only is None else 0
                moves = only is None or only == index
                first = {key: arb(1)} if moves else {}
            else:
                slope = self.direction[index]
                first = {0: arb(slope)} if slope else {}
            found.append(Dual(run, ball, first if run.order else {}))
        return found

    def call(
        self, run: Run, point: Sequence[float], *, only: int | None = None, ulp: bool = False
    ) -> _Output:
        """Run the code on duals at the current precision."""
        numbers = self.numbers(run, point, only, ulp)
        function = self.code.function
        if self.copied:
            from symnum.formula.dual_code import copied

            function = copied(function, run)
        result = _called(function, self.code.arguments(numbers), run)
        array = np.asarray(result, dtype=object) if not isinstance(result, np.ndarray) else result
        found: list[Dual] = []
        plain = []
        for index, item in enumerate(array.ravel().tolist()):
            if type(item) is Dual and item.run is run:
                found.append(item)
                continue
            if type(item) is Dual:
                raise Stop("the code keeps numbers of an earlier call")
            ball = ball_of(item)
            if ball is None:
                raise Stop(f"the code returns a {type(item).__name__}, not a number")
            plain.append(index)
            found.append(Dual(run, ball))
        return _Output(found, plain, array.shape, run)

    def ball(self, number: Dual, key: Any) -> arb:
        """Return the enclosure of one component."""
        return (number.first if self.order == 1 else number.second).get(key, arb(0))


def _called(function: Callable[..., Any], arguments: tuple[Any, ...], run: Run) -> Any:
    """Call the user's code; whatever it raises ends the run with a sentence."""
    try:
        with np.errstate(all="ignore"):
            result = function(*arguments)
    except Stop:
        raise
    except (Exception, SystemExit) as error:
        raise _raised(error, run) from error
    if run.stopped is not None:  # the user's code caught it
        raise run.stopped
    return result


def _raised(error: BaseException, run: Run) -> Stop:
    """Return the stop that says what the user's code raised, and in which line."""
    if run.stopped is not None:
        return run.stopped
    place: Place = ("", 0, "")
    lapack = False
    for frame in traceback.extract_tb(error.__traceback__):
        if not is_library(frame.filename):
            place = place_of(frame.filename, frame.lineno or 0)
        elif "linalg" in frame.filename:
            lapack = True
    why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if lapack:
        why += "; LAPACK works on doubles only"
    return run.stop(Refused(f"can't be run on balls: it raises {why}", place))


def _doubles(code: Code, point: Sequence[float]) -> np.ndarray:
    """Call the code with doubles; flattened values with the shape they had."""
    run = Run()
    result = _called(code.function, code.arguments([float(x) for x in point]), run)
    try:
        array = np.asarray(result)
        if array.dtype.kind in "fiubO":
            return array.astype(np.float64)
    except (TypeError, ValueError):
        pass
    name = type(result).__name__
    raise Stop(f"the code returns a {name} that is no array of real numbers")


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=True)


# --- one point ------------------------------------------------------------------------------------


def _certify(question: _Question, point: Sequence[float], deadline: float | None) -> _Point:
    """Find out all components at one point."""
    try:
        values = _doubles(question.code, point)
        if not _same(values, _doubles(question.code, point)):
            raise Stop("the code gives another answer when it is called again")
    except Stop as stop:
        return _Point([], (), np.array(NAN), str(stop))
    count = values.size * len(question.keys)
    found = _Point([_Entry() for _ in range(count)], values.shape, values)
    try:
        exact = _enclose(question, point, deadline, found)
    except Refused as refusal:
        question = replace(question, copied=True)
        try:
            exact = _enclose(question, point, deadline, found)
        except Stop as stop:
            # The first refusal says more about the user's own code than a second one.
            found.reason = str(stop if isinstance(stop, OutOfTime) else refusal)
            return found
    except Stop as stop:
        found.reason = str(stop)
        return found
    found.comparisons = len(exact.run.signs)
    try:
        _round(question, point, deadline, found, exact)
    except Stop as stop:
        return _unbelieved(found, f"not believed, the rounding of doubles is not bounded: {stop}")
    if exact.run.signs and not found.reason:
        try:
            steered = _steered(question, point, found, exact)
        except Stop:
            steered = False  # the edge of the domain is near: nothing is learnt
        if steered:
            return _unbelieved(
                found,
                "not believed: in doubles the result moves otherwise than its derivative says: "
                "comparisons steer it, as in a bisection",
            )
    if exact.run.ties and not found.reason:
        _sides(question, point, deadline, found, exact)
    return found


def _enclose(
    question: _Question, point: Sequence[float], deadline: float | None, found: _Point
) -> _Output:
    """Run the code on exact points, with more and more bits, until every component is settled."""
    output: _Output | None = None
    stopped: Stop | None = None
    for bits in _BITS:
        run = Run(question.order, deadline=deadline)
        with precision(bits):
            try:
                output = question.call(run, point)
            except (Unclear, OutOfTime) as stop:
                stopped = stop
                if isinstance(stop, OutOfTime):
                    break
                continue
            stopped = None
            _fits(found, output)
            if _settle(question, found, output):
                break
    if stopped is not None and (output is None or isinstance(stopped, Unclear)):
        raise stopped
    assert output is not None
    return output


def _fits(found: _Point, output: _Output) -> None:
    """Refuse an output that isn't the double one's, or that has lost its duals on the way."""
    if output.shape != found.shape:
        msg = f"the code returns shape {output.shape} on balls and {found.shape} on doubles"
        raise Stop(msg)
    if len(output.plain) == len(output.numbers) and not output.run.signs:
        raise Stop("the code returns plain numbers: they don't depend on its argument")


def _settle(question: _Question, found: _Point, output: _Output) -> bool:
    """Write down what the enclosures prove; say whether every component is settled."""
    settled = True
    width = len(question.keys)
    for index, number in enumerate(output.numbers):
        for column, key in enumerate(question.keys):
            entry = found.entries[index * width + column]
            ball = question.ball(number, key)
            if not number.value.is_finite() or not ball.is_finite():
                entry.reason = "the value or its derivative is not finite"
                settled = False
                continue
            if ball.is_zero():
                entry.hi, entry.lo, entry.radius, entry.status = 0.0, 0.0, 0.0, Status.ZERO
                continue
            nearest = nearest_double(ball)
            if nearest is None or ball.contains(0):
                entry.reason = "may be 0, which balls can't prove"
                settled = False
                continue
            entry.hi, entry.lo, entry.radius = nearest
            entry.status = Status.CERTIFIED
            entry.reason = ""
    return settled


def _round(
    question: _Question,
    point: Sequence[float],
    deadline: float | None,
    found: _Point,
    exact: _Output,
) -> None:
    """Bound the rounding of doubles, and believe the balls only if the double run lies within."""
    with precision(_DOUBLE):
        follow = exact.run.signs
        main = Run(question.order, follow=follow, deadline=deadline)
        outputs = [question.call(main, point, ulp=True)]
        complete = len(main.doubtful) <= _MOST_FLIPS
        for index in main.doubtful[:_MOST_FLIPS]:
            for sign in {-1, 1} - {follow[index]}:
                run = Run(question.order, follow=follow, flipped=(index, sign), deadline=deadline)
                try:
                    outputs.append(question.call(run, point, ulp=True))
                except Stop as stop:
                    if isinstance(stop, OutOfTime):
                        raise
                    complete = False
        hull = bool(main.doubtful)
        sizes = {len(output.numbers) for output in outputs}
        if len(sizes) > 1:
            outputs, complete = outputs[:1], False
        _widths(question, found, outputs, hull, complete)
        given = found.values.ravel()
        for index in range(given.size):
            value, radius = _widened([output.numbers[index].value for output in outputs])
            if not complete:
                # Another branch than the ones tried may be the double run's.
                radius *= 2.0
            if math.isnan(value):
                _unbelieved(found, "not believed: balls of 53 bits don't bound what doubles give")
                return
            if not abs(given[index] - value) <= radius:
                _unbelieved(
                    found,
                    f"not believed: in doubles the code gives {given[index]:.17g}, which is not "
                    f"the {value:.17g} ± {radius:.2g} that rounding allows (float32 inside, or "
                    "another path)",
                )
                return
            found.spread.append(radius)


def _steered(question: _Question, point: Sequence[float], found: _Point, exact: _Output) -> bool:
    """Say whether the result moves otherwise in doubles than the derivative says.

    Code that halves an interval until it is short returns a number that no dual has reached: its
    derivative along the path is 0, and nobody means that.
    """
    ties = exact.run.ties
    if question.direction is not None:
        if ties:
            return False
        longest = max(abs(v) for v in question.direction)
        size = _NUDGE * (max(abs(x) for x in point) or 1.0) / longest
        steps = [size * v for v in question.direction]
        along = {0: size}
    else:
        # Unequal steps: two entries that swap their parts don't hide it.
        steps = [
            0.0 if k in ties else _NUDGE * (abs(x) or 1.0) * (1 + k % 8 / 16) * (-1) ** (k // 8)
            for k, x in enumerate(point)
        ]
        along = dict(enumerate(steps))
    ends = []
    for side in (-1, 1):
        moved = [x + side * step for x, step in zip(point, steps, strict=True)]
        ends.append(_doubles(question.code, moved).ravel())
        if question.direction is None:
            # The step that was really made, after rounding.
            along = {k: side * (m - x) for k, (m, x) in enumerate(zip(moved, point, strict=True))}
    here = found.values.ravel()
    if any(end.size != here.size for end in ends):
        return True
    for index, number in enumerate(exact.numbers):
        parts = [float(slope) * along[key] for key, slope in number.first.items() if key in along]
        below, above = ends[0][index], ends[1][index]
        bend = abs(above - 2 * here[index] + below)
        allowed = 4 * found.spread[index] + bend + _MISS * math.fsum(abs(part) for part in parts)
        miss = abs((above - below) / 2 - math.fsum(parts))
        if math.isfinite(miss) and miss > allowed:
            return True
    return False


def _widths(
    question: _Question, found: _Point, outputs: list[_Output], hull: bool, complete: bool
) -> None:
    """Write down the running-error bound of every component."""
    width = len(question.keys)
    pieces = [
        _sides_of([question.ball(output.numbers[index], key) for output in outputs])
        for index in range(len(outputs[0].numbers))
        for key in question.keys
    ]
    sizes = [abs(sides.middle) for sides in pieces]
    largest = max((size for size in sizes if not math.isnan(size)), default=0.0)
    for entry, sides in zip(found.entries, pieces, strict=True):
        entry.rough = sides.middle
        entry.rounding = sides.rounding + SMALLEST * largest if complete else 0.0
        entry.bound = sides.half + entry.rounding if complete else math.inf
        entry.hull = hull and (sides.jumps or not complete)
    assert len(found.entries) == width * len(outputs[0].numbers)


class _SidesOf(NamedTuple):
    """What a derivative comes to on the sides that doubles can't tell apart."""

    middle: float
    half: float
    rounding: float
    jumps: bool


def _sides_of(balls: list[arb]) -> _SidesOf:
    """Return middle and half of all sides together, and what rounding adds to either.

    Their distance is no rounding, and does not count twice.
    """
    if not all(ball.is_finite() for ball in balls):
        return _SidesOf(NAN, math.inf, math.inf, False)
    # The radius of a ball round them all would be rounded up, to 30 bits.
    low = min(float(ball.lower()) for ball in balls)
    high = max(float(ball.upper()) for ball in balls)
    widest = max(float(ball.rad()) for ball in balls)
    rounding = (_LIBRARY - 1) * widest + _OUTPUT * max(abs(low), abs(high)) + SMALLEST
    jumps = any(not ball.overlaps(balls[0]) for ball in balls[1:])
    return _SidesOf(low / 2 + high / 2, high / 2 - low / 2, rounding, jumps)


def _widened(balls: list[arb]) -> tuple[float, float]:
    """Return middle and radius of what doubles may make of a number."""
    union = balls[0]
    for ball in balls[1:]:
        union = union.union(ball)
    if not union.is_finite():
        return NAN, math.inf
    value, radius = float(union.mid()), float(union.rad())
    return value, _LIBRARY * radius + _OUTPUT * abs(value) + SMALLEST


def _unbelieved(found: _Point, reason: str) -> _Point:
    """Take everything back: what runs in doubles is not what ran on balls."""
    found.entries = [_Entry(reason=reason) for _ in found.entries]
    found.reason = reason
    return found


# --- where the code compares equal numbers -------------------------------------------------------


def _sides(
    question: _Question,
    point: Sequence[float],
    deadline: float | None,
    found: _Point,
    exact: _Output,
) -> None:
    """Decide the components along which the code may branch at the point itself."""
    width = len(question.keys)
    where = str(Stop("the code compares equal numbers", exact.run.tie_place))
    for column, key in enumerate(question.keys):
        i, j = key if isinstance(key, tuple) else (key, key)
        if not exact.run.ties & {i, j}:
            continue
        entries = found.entries[column::width]
        sides = _both(question, point, deadline, i) if i == j else where
        for index, entry in enumerate(entries):
            entry.hi = entry.lo = NAN
            entry.radius, entry.status, entry.hull = math.inf, Status.UNDECIDED, True
            if isinstance(sides, str):
                entry.reason = f"{where}; {sides}" if sides != where else where
                continue
            left, right = (output.numbers[index] for output in sides)
            _judge(question, entry, exact.numbers[index].value, left, right, where)


def _both(
    question: _Question, point: Sequence[float], deadline: float | None, key: int
) -> list[_Output] | str:
    """Run the code for the limits from the left and from the right; or say why that fails."""
    only = key if question.direction is None else None
    outputs = []
    for side in (-1, 1):
        for bits in _BITS:
            # Second derivatives decide where numbers touch.
            run = Run(2, side=side, deadline=deadline)
            with precision(bits):
                try:
                    outputs.append(question.call(run, point, only=only))
                    break
                except Unclear as stop:
                    reason = str(stop)
                except Stop as stop:
                    return str(stop)
        else:
            return reason
    if len({output.shape for output in outputs}) > 1:
        return "its shape differs on both sides"
    return outputs


def _judge(
    question: _Question, entry: _Entry, here: arb, left: Dual, right: Dual, where: str
) -> None:
    """Compare the limits from both sides."""
    with precision(_BITS[-1]):
        if not (left.value.overlaps(right.value) and left.value.overlaps(here)):
            jumps = left.value.is_finite() and right.value.is_finite() and here.is_finite()
            entry.status = Status.JUMP if jumps else Status.UNDECIDED
            entry.reason = f"{where}, and jumps there" if jumps else where
            return
        slopes = [(n.first.get(0, arb(0)), n.second.get((0, 0), arb(0))) for n in (left, right)]
        pairs = list(zip(*slopes, strict=True))[: question.order]
        ends = [float(slope[question.order - 1]) for slope in slopes]
        if not all(math.isfinite(end) for end in ends):
            entry.reason = where
            return
        entry.left, entry.right = ends
        last = _OUTPUT * max(abs(end) for end in ends)
        entry.rough = (ends[0] + ends[1]) / 2
        entry.bound = abs(ends[1] - ends[0]) / 2 + max(entry.rounding, last)
        proven = [left.value, right.value, here, *(ball for pair in pairs for ball in pair)]
        if any(not a.overlaps(b) for a, b in pairs):
            entry.status, entry.reason = Status.KINK, f"{where}: a kink"
        elif all(ball.is_exact() for ball in proven):
            # Both sides meet exactly, in value and in slope: there is no kink.
            nearest = nearest_double(pairs[-1][0])
            assert nearest is not None  # it is exact
            entry.hi, entry.lo, entry.radius = nearest
            entry.status = Status.CERTIFIED if entry.hi else Status.ZERO
            entry.left = entry.right = NAN
            entry.reason = ""
            entry.hull = False
        else:
            entry.reason = f"{where}; both sides seem to meet, which balls can't prove"


# --- what others call ----------------------------------------------------------------------------


def certify_code(
    f: Callable[..., Any],
    at: Any,
    direction: Any = None,
    derivative_order: int = 1,
    *,
    timeout: float | None = None,
) -> DualResult:
    """Certify the derivative of code by running it on ball duals.

    Parameters
    ----------
    f : callable
        Takes a float, an array, several floats or a dict of arrays, and returns numbers.
    at : float, array_like, tuple of floats, or dict of arrays
        The point, in the form that `f` takes it: a tuple is several floats.
    direction : like `at`, optional
        The direction of the derivative; all variables without it.
    derivative_order : int
        1 or 2.
    timeout : float, optional
        Seconds that the runs on balls may take.

    Returns
    -------
    DualResult
        Certified for the branch that the code takes; otherwise with the reason why not.

    Raises
    ------
    UsageError, DomainError
        The request can't be understood, or the point is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from symnum.formula.duals import certify_code
    >>> def root(a):
    ...     y = 1.0
    ...     while abs(y * y - a) > 1e-12:
    ...         y = (y + a / y) / 2
    ...     return y
    >>> found = certify_code(root, 4.0)
    >>> float(found.hi), str(found.status)
    (0.25000000000001177, 'certified')
    """
    if derivative_order not in (1, 2):
        msg = f"derivative_order is {derivative_order!r}; 1 or 2 is expected"
        raise UsageError(msg)
    kind, shapes, point = _form(at, "at")
    vector = None
    if direction is not None:
        _, _, along = _form(direction, "direction")
        if len(along) != len(point):
            msg = f"direction has {len(along)} numbers; the point has {len(point)}"
            raise UsageError(msg)
        if not any(along):
            msg = "direction is zero; a direction with an entry other than 0 is expected"
            raise UsageError(msg)
        vector = tuple(along)
    question = _Question(Code(f, kind, shapes), len(point), derivative_order, vector)
    found = _certify(question, point, _deadline(timeout))
    single = kind is Kind.FLOAT or vector is not None
    inner = () if single else (len(point),) * derivative_order
    return _result(question, found, inner)


def _deadline(timeout: float | None) -> float | None:
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0:
        msg = f"timeout is {timeout!r}; a number of seconds above 0 is expected, or None"
        raise UsageError(msg)
    return time.monotonic() + timeout


def _form(at: Any, name: str) -> tuple[Kind, tuple[tuple[str, tuple[int, ...]], ...], list[float]]:
    """Return how a point is given, the shapes of its arrays, and its numbers."""
    if isinstance(at, Mapping):
        if not at:
            msg = f"{name} is an empty dict; at least one array is expected"
            raise UsageError(msg)
        arrays = {str(key): _numbers(value, f"{name}[{key!r}]") for key, value in at.items()}
        shapes = tuple((key, value.shape) for key, value in arrays.items())
        flat = [x for value in arrays.values() for x in value.ravel().tolist()]
        return Kind.DICT, shapes, flat
    array = _numbers(at, name)
    if array.ndim == 0:
        return Kind.FLOAT, (), [float(array)]
    if array.size == 0:
        msg = f"{name} is empty; at least one number is expected"
        raise UsageError(msg)
    if isinstance(at, tuple):
        return Kind.FLOATS, (), array.ravel().tolist()
    return Kind.ARRAY, (("x", array.shape),), array.ravel().tolist()


def _numbers(value: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        msg = f"{name} is {value!r:.60}; real numbers are expected"
        raise UsageError(msg) from None
    if not np.all(np.isfinite(array)):
        msg = f"{name} holds a number that is not finite; ball duals need finite points"
        raise DomainError(msg)
    return array


def _result(question: _Question, found: _Point, inner: tuple[int, ...]) -> DualResult:
    """Put the components into arrays of the derivative's shape."""
    entries = found.entries or [_Entry(reason=found.reason) for _ in question.keys]
    shape = (*found.shape, *inner)
    order = _order(question, len(inner), len(entries) // len(question.keys))

    def column(name: str, dtype: Any) -> Any:
        array = np.empty(len(order), dtype=dtype)
        array[:] = [getattr(entries[k], name) for k in order]
        return array.reshape(shape)[()]

    doubles = {
        name: column(name, np.float64)
        for name in ("hi", "lo", "radius", "left", "right", "bound", "rough")
    }
    reason = found.reason or next((e.reason for e in entries if e.reason), "")
    return DualResult(
        **doubles,
        status=column("status", object),
        hull=column("hull", bool),
        reason=reason,
        value=found.values[()],
    )


def _order(question: _Question, axes: int, outputs: int) -> list[int]:
    """Return the component that stands at each place of the answer: a Hessian has each twice."""
    width = len(question.keys)
    if axes < 2:
        return list(range(outputs * width))
    number = {key: index for index, key in enumerate(question.keys)}
    return [
        output * width + number[min(i, j), max(i, j)]
        for output in range(outputs)
        for i in range(question.n)
        for j in range(question.n)
    ]


class CodeReference:
    """The derivative of code at many points, as ball duals certify it.

    Parameters
    ----------
    function : callable
        The code of f.
    n : int
        How many numbers a point has.
    kind : str
        How the code takes a point: one of `Kind`.
    shapes : tuple of (name, shape)
        For a dict of arrays.
    derivative_order : int
        1, or 2 for a Hessian.
    timeout : float, optional
        Seconds that each call of `at` or `certify` may take.
    direction : tuple of float, optional
        The only direction of the derivative; all variables without it.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        n: int,
        kind: str = Kind.ARRAY,
        shapes: tuple[tuple[str, tuple[int, ...]], ...] = (),
        derivative_order: int = 1,
        timeout: float | None = None,
        direction: tuple[float, ...] | None = None,
    ) -> None:
        self._question = _Question(Code(function, kind, shapes), n, derivative_order, direction)
        self.comparisons: set[int] = set()
        """How many comparisons of its numbers the code made, at the points so far."""
        single = str(kind) == str(Kind.FLOAT) or direction is not None
        self._axes = 0 if single else derivative_order
        self._timeout = timeout
        self._shape: tuple[int, ...] | None = None
        self.reason = ""
        """Why the last point that isn't certified is not."""

    @property
    def derivative(self) -> CodeReference:
        """What can be asked to `certify`: itself."""
        return self

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The derivative's shape at one point; None before the first one."""
        return self._shape

    @property
    def iterates(self) -> bool:
        """Whether the code compares its numbers more often at one point than at another."""
        return len(self.comparisons - {0}) > 1

    def _found(self, points: np.ndarray) -> list[DualResult]:
        deadline = _deadline(self._timeout)
        inner = (self._question.n,) * self._axes
        results = []
        for point in np.asarray(points, dtype=np.float64).tolist():
            found_here = _certify(self._question, point, deadline)
            self.comparisons.add(found_here.comparisons)
            results.append(_result(self._question, found_here, inner))
        for result in results:
            self.reason = result.reason or self.reason
        # A point where the code can't be run at all has no shape of its own.
        found = [np.shape(result.hi) for result in results]
        self._shape = max([*found, self._shape or inner], key=math.prod)
        return [_stretched(result, self._shape) for result in results]

    def certify(self, points: np.ndarray) -> Exact:
        """Return certified values, shape (P, K)."""
        results = self._found(points)
        rows = (len(results), math.prod(self._shape or ()))
        return Exact(
            *(
                np.array([_flat(getattr(result, name)) for result in results]).reshape(rows)
                for name in ("hi", "lo", "radius", "status", "left", "right")
            )
        )

    def certified(self, points: np.ndarray) -> np.ndarray:
        """Return the nearest doubles of the derivative, shape (P, K); NaN where there is none."""
        return np.asarray(self.certify(points).hi)

    def at(self, points: np.ndarray) -> Known:
        """Return what is known at points of shape (P, n)."""
        rows = [_known(result) for result in self._found(points)]
        shape = (len(rows), math.prod(self._shape or ()))
        exact, bound, hull, known = (
            np.array([row[k] for row in rows], dtype=kind).reshape(shape)
            for k, kind in enumerate((np.float64, np.float64, bool, bool))
        )
        return Known(points, exact, bound, hull, known)


def _flat(values: Any) -> np.ndarray:
    """Return an array, or a single entry, flat; a Status stays one."""
    return np.asarray(values, dtype=object if isinstance(values, Status) else None).ravel()


def _stretched(result: DualResult, shape: tuple[int, ...]) -> DualResult:
    """Return an answer in the shape of the others."""
    if np.shape(result.hi) == shape:
        return result
    nothing = np.full(shape, NAN)
    status = np.full(shape, Status.UNDECIDED, dtype=object)
    infinite, hull = np.full(shape, np.inf), np.zeros(shape, dtype=bool)
    return DualResult(
        nothing,
        nothing,
        infinite,
        status,
        nothing,
        nothing,
        result.reason,
        infinite,
        nothing,
        hull,
        result.value,
    )


def _known(result: DualResult) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return value, bound, hull and whether it is known, component by component."""
    exact, bound, status = (_flat(a).copy() for a in (result.hi, result.bound, result.status))
    rough, left, right = (np.ravel(a) for a in (result.rough, result.left, result.right))
    hull = np.ravel(result.hull).copy()
    known = np.zeros(exact.size, dtype=bool)
    for k in range(exact.size):
        if status[k] in {Status.CERTIFIED, Status.ZERO}:
            known[k] = np.isfinite(exact[k])
            if not np.isfinite(bound[k]):
                bound[k], hull[k] = 64 * UNIT * abs(exact[k]) + SMALLEST, False
            elif hull[k]:
                exact[k] = rough[k]  # both sides are right
            else:
                # The bound was taken round another value than the exact one.
                bound[k] += abs(rough[k] - exact[k])
        elif np.isfinite(left[k]) and np.isfinite(right[k]):
            exact[k] = rough[k]
            known[k] = hull[k] = True
        elif status[k] is Status.UNDECIDED and not hull[k]:
            exact[k] = rough[k]
            known[k] = np.isfinite(rough[k]) and np.isfinite(bound[k])
    return exact, bound, hull, known
