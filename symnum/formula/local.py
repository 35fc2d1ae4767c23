"""What happens at one point: smooth, kink, jump, pole, edge of the domain, removable, undefined.

Where a plain enclosure proves nothing, the formula as written is expanded in one-sided series along
the variable in question, and the two sides are compared with each other and with the value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import factorial
from typing import NamedTuple

from symnum.formula.balls import precision
from symnum.formula.expansion import INFINITY, Outside, Series, Value, expand
from symnum.formula.numbers import Field, Number, ProveZero, Undecided
from symnum.formula.program import Program
from symnum.formula.status import Status

# Each attempt has more bits and more terms than the one before.
_ATTEMPTS = ((256, 4), (512, 8), (2048, 16))


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at a point: a status, the value, and both sides' values where they differ."""

    status: Status
    value: Number | None = None
    left: Number | None = None
    right: Number | None = None


Still = dict[int, Value | Exception]


class Known:
    """What is known at one point of a program: for each precision a field, and the lines' values.

    The entries of a gradient share it: a variable moves some of the lines only.

    Parameters
    ----------
    prove : callable, optional
        Asked for proofs that a constant expression is 0.
    is_late : callable, optional
        Says whether the time is over; what isn't known by then is undecided.
    """

    def __init__(
        self, prove: ProveZero | None = None, is_late: Callable[[], bool] | None = None
    ) -> None:
        self._prove = prove
        self._is_late = is_late
        self._at: dict[int, tuple[Field, Still]] = {}

    def at(self, bits: int) -> tuple[Field, Still]:
        """Return the field of a precision, and in it the lines' values as far as they are known."""
        if bits not in self._at:
            self._at[bits] = Field(self._prove, self._is_late), {}
        return self._at[bits]


class Below(NamedTuple):
    """What a line is the derivative of: a function's line, the variable, and which derivative."""

    line: int
    variable: int
    derivative_order: int


@dataclass(frozen=True, slots=True)
class _Side:
    """f and its first k one-sided derivatives; None stands for an unbounded one."""

    derivatives: tuple[Number | None, ...]

    @property
    def bounded(self) -> bool:
        return self.derivatives[0] is not None


_UNDECIDED = Finding(Status.UNDECIDED)


def analyse(
    program: Program,
    line: int,
    derivative_line: int | None,
    point: Sequence[Fraction],
    variable: int,
    derivative_order: int,
    known: Known | None = None,
    attempts: int = len(_ATTEMPTS),
    below: Below | None = None,
) -> Finding:
    """Find what a partial derivative of a formula is at a point, and whether it exists.

    Parameters
    ----------
    program : Program
        Holds the function and its derivative.
    line : int
        The function f, as written.
    derivative_line : int or None
        Its derivative of the given order along the variable, where the program holds it.
    point : sequence of Fraction
        The point, exactly.
    variable : int
        Which variable moves.
    derivative_order : int
        0 for f itself.
    known : Known, optional
        What other entries have found at this point.
    attempts : int
        How many times to try with more bits and terms.
    below : Below, optional
        Where `line` is itself a derivative: what it is the derivative of, so that its value at the
        point is known although its own program is undefined there.

    Returns
    -------
    Finding
        Its numbers are balls at the precision of the last attempt.
    """
    known = Known() if known is None else known
    for bits, terms in _ATTEMPTS[:attempts]:
        with precision(bits):
            field, still = known.at(bits)
            search = _Search(
                program,
                line,
                derivative_line,
                point,
                variable,
                derivative_order,
                field,
                still,
                terms + derivative_order,
                below,
            )
            try:
                finding = search.judge_value() if derivative_order == 0 else search.judge()
            except Undecided:
                continue
            return finding
    return _UNDECIDED


@dataclass(frozen=True, slots=True)
class _Search:
    """One attempt at one point."""

    program: Program
    line: int
    derivative_line: int | None
    point: Sequence[Fraction]
    variable: int
    derivative_order: int
    field: Field
    still: Still
    terms: int
    below: Below | None = None

    def _expand(self, line: int, side: int, terms: int) -> tuple[int, Value | Exception]:
        """Return the ramification and one line's series on a side; 0 is the point itself."""
        ramification, (value,) = expand(
            self.program, [line], self.point, self.variable, side, self.field, terms, self.still
        )
        return ramification, value

    def here(self) -> Number | None:
        """Return f's value at the point as written; None where it is undefined."""
        _, value = self._expand(self.line, 0, 1)
        if isinstance(value, Outside):
            return None if self.below is None else self._from_below(*self.below)
        if isinstance(value, Exception):
            raise value
        assert isinstance(value, Series)
        return value.coefficient(self.field, 0)

    def _from_below(self, line: int, variable: int, derivative_order: int) -> Number | None:
        """Return the line's value at the point as the derivative that it is."""
        found = replace(
            self,
            line=line,
            derivative_line=None,
            variable=variable,
            derivative_order=derivative_order,
            below=None,
        ).judge()
        return found.value if found.status in {Status.CERTIFIED, Status.ZERO} else None

    def side(self, side: int) -> _Side | None:
        """Return f and its derivatives on one side; None where f is undefined there."""
        ramification, function = self._expand(self.line, side, self.terms)
        if isinstance(function, Outside):
            return None
        if isinstance(function, Exception):
            raise function
        assert isinstance(function, Series)
        derivatives: list[Number | None] = []
        for order in range(self.derivative_order + 1):
            try:
                derivatives.append(self._derivative(function, ramification, order, side))
            except Undecided:
                if order < self.derivative_order or self.derivative_line is None or order == 0:
                    raise
                _, derivative = self._expand(self.derivative_line, side, self.terms)
                derivatives.append(self._limit(derivative))
            if derivatives[-1] is None:
                derivatives += [None] * (self.derivative_order - order)
                break
        return _Side(tuple(derivatives))

    def _derivative(
        self, series: Series, ramification: int, order: int, side: int
    ) -> Number | None:
        """Return the one-sided derivative of the given order; None where it is unbounded."""
        if series.huge or (series.diverges and order == 0):
            return None
        if series.low < 0 and (first := series.leading()) is not None and first[0] < 0:
            return None
        exponent = order * ramification
        if series.order <= exponent and not (series.flat and series.order >= INFINITY):
            raise Undecided
        for below in range(max(0, series.low), exponent):
            if below % ramification and not series.coefficient(self.field, below).is_zero():
                return None
        coefficient = series.coefficient(self.field, exponent)
        return coefficient * self.field.rational(side**order * factorial(order))

    def _limit(self, derivative: object) -> Number | None:
        """Return the limit of the derivative's own program, which the mean value theorem allows."""
        if not isinstance(derivative, Series):
            raise Undecided
        if derivative.order <= 0 and not derivative.diverges:
            raise Undecided
        return self._derivative(derivative, 1, 0, 1)

    def judge_value(self) -> Finding:
        """Say what f itself is at the point."""
        here = self.here()
        try:
            left, right = self.side(-1), self.side(1)
        except Undecided:
            if here is None:
                raise
            return _found(here)
        sides = [side for side in (left, right) if side is not None]
        if any(not side.bounded for side in sides):
            return Finding(Status.POLE)
        limits = [side.derivatives[0] for side in (left, right) if side is not None]
        if here is not None:
            if all(_same(limit, here) for limit in limits):
                return _found(here)
            return Finding(Status.JUMP, here, _last(left), _last(right))
        if left is None or right is None:
            return Finding(Status.UNDEFINED)
        if _same(limits[0], limits[1]):
            return Finding(Status.REMOVABLE, _plain(limits[0]))
        return Finding(Status.JUMP, None, _last(left), _last(right))

    def judge(self) -> Finding:
        """Say what the derivative is at the point."""
        here = self.here()
        left, right = self.side(-1), self.side(1)
        if left is None and right is None:
            return Finding(Status.UNDEFINED)
        sides = [side for side in (left, right) if side is not None]
        if any(not side.bounded for side in sides):
            return Finding(Status.POLE)
        if left is None or right is None:
            return self._judge_edge(here, left, right)
        if not _same(left.derivatives[0], right.derivatives[0]):
            return Finding(Status.JUMP)
        if here is not None and not _same(here, left.derivatives[0]):
            return Finding(Status.JUMP)
        for one, other in zip(left.derivatives[1:], right.derivatives[1:], strict=True):
            if one is None or other is None:
                return Finding(Status.POLE)
            if not _same(one, other):
                if _last(left) is None or _last(right) is None:
                    return Finding(Status.POLE)
                return Finding(Status.KINK, None, _last(left), _last(right))
        value = _last(left)
        assert value is not None
        return _found(value) if here is not None else Finding(Status.REMOVABLE, _plain(value))

    def _judge_edge(self, here: Number | None, left: _Side | None, right: _Side | None) -> Finding:
        inside = left if left is not None else right
        assert inside is not None
        if here is None:
            return Finding(Status.UNDEFINED)
        if not _same(here, inside.derivatives[0]):
            return Finding(Status.JUMP)
        if _last(inside) is None:
            return Finding(Status.POLE)
        return Finding(Status.EDGE, None, _last(left), _last(right))


def _last(side: _Side | None) -> Number | None:
    return None if side is None else side.derivatives[-1]


def _same(a: Number | None, b: Number | None) -> bool:
    return a is not None and b is not None and (a - b).is_zero()


def _plain(value: Number | None) -> Number | None:
    """Return 0 itself for a number that is proven to be 0."""
    try:
        return value.field.rational(0) if value is not None and value.is_zero() else value
    except Undecided:
        return value


def _found(value: Number) -> Finding:
    plain = _plain(value)
    zero = plain is not None and plain.fraction == 0
    return Finding(Status.ZERO if zero else Status.CERTIFIED, plain)
