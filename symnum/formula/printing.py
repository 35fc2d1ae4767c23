"""What printing text and printing LaTeX have in common.

Inside, a variable is x0, x1, ... whatever the user calls it; the names come back only where an
expression is printed, as labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy import S

from symnum.errors import LimitError
from symnum.formula.from_sympy import variable_names
from symnum.formula.unparse import number

Expr = Any  # sympy.Basic: SymPy ships no type information

# SymPy's printers recurse and print shared parts once for every place: both must end.
_LARGEST = 50_000
_LONGEST = 200_000
# Sorting the terms of a longer sum for reading takes SymPy quadratic time.
_SORTED = 60
# Fractions of larger numbers are printed as decimals if they are short ones: 1e-20.
_LONG_NUMBER = 10**9


def printed(printer: Any, expr: Expr) -> str:
    """Print an expression, or say why not.

    Raises
    ------
    LimitError
        The text would be too long, or the expression is nested too deeply.
    UsageError
        The expression isn't a formula in real variables.
    """
    variable_names([expr], allow_undefined=True)  # refuses what is no formula
    if _tree_size(expr) > _LARGEST:
        msg = f"the formula would print as more than {_LARGEST:,} operations"
        raise LimitError(msg)
    try:
        found = str(printer.doprint(_with_decimals(expr, printer)))
    except RecursionError:
        msg = "the formula is nested too deeply to be printed"
        raise LimitError(msg) from None
    if len(found) > _LONGEST:
        msg = f"the formula would print as more than {_LONGEST:,} characters"
        raise LimitError(msg)
    return found


def _tree_size(root: Expr) -> int:
    """Return how many nodes the expression has as a tree, where shared parts count each time."""
    sizes: dict[int, int] = {}
    stack = [root]
    while stack:
        expr = stack[-1]
        if id(expr) in sizes:
            stack.pop()
            continue
        missing = [arg for arg in expr.args if id(arg) not in sizes]
        if missing:
            stack.extend(missing)
            continue
        sizes[id(expr)] = 1 + sum(sizes[id(arg)] for arg in expr.args)
    return sizes[id(root)]


def _with_decimals(root: Expr, printer: Any) -> Expr:
    """Replace numbers that are long as fractions by symbols that print as short decimals."""
    found: dict[Expr, Expr] = {}
    seen: set[int] = set()
    stack = [root]
    while stack:
        expr = stack.pop()
        if id(expr) in seen:
            continue
        seen.add(id(expr))
        stack.extend(expr.args)
        if expr.is_Rational and max(abs(expr.p), expr.q) > _LONG_NUMBER:
            size = abs(expr)
            shown = number(Fraction(int(size.p), int(size.q)))
            if not shown.startswith("Rational"):
                symbol = sympy.Dummy(f"decimal{len(found)}", positive=True)
                printer.decimals[symbol] = shown
                found[expr] = symbol if expr > 0 else -symbol
    return root.xreplace(found) if found else root


def is_undefined(op: str, args: Sequence[Expr]) -> bool:
    """Whether a `where` has no value in its other branch."""
    return op == "where" and args[2] is S.NaN


COMPARISONS = {"lt": "<", "le": "<=", "eq": "==", "ne": "!="}
_MIRRORED = {"<": ">", "<=": ">="}


class Labelled:
    """What both printers share: the user's names, and sums that are too long to be sorted."""

    labels: Sequence[str]
    decimals: dict[Expr, str]

    def _label(self, expr: Expr) -> str:
        """Return the user's name for one of our symbols: x3 is the fourth variable."""
        return self.labels[int(expr.name[1:])]

    def _as_ordered_terms(self, expr: Expr, order: Any = None) -> list[Expr]:
        if len(expr.args) > _SORTED:
            return list(expr.args)
        return list(expr.as_ordered_terms(order))


def comparison(op: str, args: Sequence[Expr]) -> tuple[Expr, str, Expr]:
    """Return left, sign, right as people write it: x > 0, not 0 < x."""
    sign = COMPARISONS[op]
    if sign in _MIRRORED and args[0].is_number and not args[1].is_number:
        return args[1], _MIRRORED[sign], args[0]
    return args[0], sign, args[1]
