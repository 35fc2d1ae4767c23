"""The scalar pieces of a network: a formula in one or two variables, with its derivative beside it.

The derivative is the formula's own (from SymPy's partial derivatives); value and derivative are one
straight-line program, so that what they share is computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb

from symnum.errors import UsageError
from symnum.formula.balls import BallProgram
from symnum.formula.certify import Regularity
from symnum.formula.compile import compile_program
from symnum.formula.exact import Exact
from symnum.formula.formula import Formula
from symnum.formula.program import Program

# Functions that books write with exp: what they add to 1 keeps no digits of its own.
_NEAR_ONE = frozenset(
    ("exp", "expm1", "sinh", "cosh", "tanh", "expit", "softplus", "logaddexp", "erf", "erfc")
)


@dataclass(frozen=True)
class Scalar:
    """A formula and its derivative by its first variable.

    Parameters
    ----------
    text : str
        The formula.
    variables : tuple of str
        Its variables in order; the first is the one that is differentiated by.
    """

    text: str
    variables: tuple[str, ...]

    @cached_property
    def formula(self) -> Formula:
        """The formula."""
        formula = Formula(self.text, self.variables)
        if formula.shape:
            msg = f"a scalar formula is expected; {self.text!r} has shape {formula.shape}"
            raise UsageError(msg)
        return formula

    @cached_property
    def derivative(self) -> Formula:
        """Its derivative by the first variable."""
        return self.formula.derivative(self.variables[0])

    @cached_property
    def _program(self) -> Program:
        entry = self.derivative.entries[0]
        return self.derivative.program.with_outputs((entry.root, entry.line))

    @cached_property
    def _both(self) -> Any:
        return compile_program(self._program)

    @cached_property
    def _value(self) -> Any:
        return compile_program(self.formula.program)

    def value(self, *arrays: np.ndarray) -> np.ndarray:
        """Return the formula's value in float64, in the shape of the first array."""
        return _shaped(self._value(arrays)[0], arrays[0])

    def value_and_slope(self, *arrays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return value and derivative in float64, in the shape of the first array."""
        value, slope = self._both(arrays)
        return _shaped(value, arrays[0]), _shaped(slope, arrays[0])

    def known_slope(self, *arrays: np.ndarray) -> np.ndarray:
        """Return the derivative; the exact one where float64 overflows inside: exp(-z) at -800."""
        return _filled(self.value_and_slope(*arrays)[1], self.derivative, arrays)

    @cached_property
    def _second(self) -> Formula:
        return self.formula.derivative(self.variables[0], 2)

    @cached_property
    def _curvature(self) -> Any:
        return compile_program(self._second.program)

    def known_curvature(self, *arrays: np.ndarray) -> np.ndarray:
        """Return the second derivative; the exact one where float64 overflows inside."""
        return _filled(_shaped(self._curvature(arrays)[0], arrays[0]), self._second, arrays)

    @cached_property
    def near_one(self) -> bool:
        """Whether right code for the formula may compute with numbers near 1: 1/(1 + exp(-z))."""
        program = self.formula.program
        return any(program.lines[line].op in _NEAR_ONE for line in program.live())

    @cached_property
    def _lines(self) -> tuple[list[int], Any]:
        live = self._program.live(self._program.outputs[1:])
        return live, compile_program(self._program.with_outputs(live))

    def slope_terms(self, *arrays: np.ndarray) -> np.ndarray:
        """Return the derivative with every sum in it replaced by the sum of its terms' moduli.

        A sum is rounded in proportion to that, however much of it cancels.
        """
        live, compiled = self._lines
        values = dict(zip(live, compiled(arrays), strict=True))
        size: dict[int, np.ndarray] = {}
        for line, value in values.items():
            op, args, _ = self._program.lines[line]
            if op in ("add", "sub"):
                size[line] = size[args[0]] + size[args[1]]
            elif op == "mul":
                size[line] = size[args[0]] * size[args[1]]
            elif op == "div":
                size[line] = size[args[0]] * np.abs(1.0 / values[args[1]])
            elif op == "neg":
                size[line] = size[args[0]]
            else:
                size[line] = np.abs(value)
        return _shaped(size[live[-1]], arrays[0])

    @cached_property
    def _balls(self) -> tuple[BallProgram, Regularity]:
        entry = self.derivative.entries[0]
        program = self.derivative.program
        prepared = BallProgram(program, [entry.root, entry.line])
        return prepared, Regularity.of(program, entry.root, derivative=True)

    @cached_property
    def has_kinks(self) -> bool:
        """Whether there may be points at which the formula is not smooth."""
        return bool(self._balls[1].tests)

    def slopes_beside(
        self, values: np.ndarray, *more: np.ndarray, away: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """Return the derivatives below and above each value, shape (2, ...).

        At the doubles next to it, or next to what is so far `away` from it.
        """
        moved = [np.nextafter(values + side * away, side * np.inf) for side in (-1.0, 1.0)]
        return np.array([self.value_and_slope(there, *more)[1] for there in moved])

    def enclose(self, *balls: arb) -> tuple[arb, arb, bool]:
        """Return enclosures of value and derivative, and whether smoothness there is proven."""
        prepared, regularity = self._balls
        values = prepared.run_all(balls)
        value, slope = (values[position] for position in prepared.wanted)
        smooth = regularity.holds(values, prepared.position) and slope.is_finite()
        return value, slope, smooth

    def at_point(self, *balls: arb) -> Exact | None:
        """Certify the derivative where every ball is one double; None where one isn't."""
        point = [float(ball) for ball in balls]
        if not all(
            np.isfinite(number) and (ball - number).is_zero()
            for ball, number in zip(balls, point, strict=True)
        ):
            return None
        return self.derivative.certify(np.array([point]))


def _filled(values: np.ndarray, formula: Formula, arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return a formula's values with the certified ones where they are NaN."""
    bad = np.isnan(values)
    if not bad.any():
        return values
    filled = np.array(values)
    points = np.stack([array[bad] for array in arrays], axis=-1)
    filled[bad] = np.ravel(formula.certify(points).hi)
    return filled


def _shaped(values: Any, like: np.ndarray) -> np.ndarray:
    """Return values as an array of the same shape: a constant formula's is a scalar."""
    if isinstance(values, np.ndarray) and values.shape == like.shape:
        return values
    return np.broadcast_to(values, like.shape)


def checked(text: Any, variables: Sequence[str], what: str) -> Scalar:
    """Return the Scalar of a user's formula; its variables may only be those given.

    Raises
    ------
    ParseError, UsageError
        The text is no formula in these variables.
    """
    if not isinstance(text, str):
        msg = f"{what} is a name or a formula's text; this is a {type(text).__name__}"
        raise UsageError(msg)
    scalar = Scalar(text, tuple(variables))
    _ = scalar.formula
    return scalar
