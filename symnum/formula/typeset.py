"""SymPy expressions as text in our own grammar, under the user's names.

`latex` and `python_source` stand beside `text` here: the three ways to print a formula.
"""

# ruff: noqa: N802 - SymPy's printers call methods that are named after classes

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy import S
from sympy.core.relational import Relational
from sympy.printing.str import StrPrinter

from symnum.formula.latex import latex
from symnum.formula.printing import COMPARISONS, Expr, Labelled, comparison, is_undefined, printed
from symnum.formula.python_source import python_source

__all__ = ["latex", "python_source", "text"]


def text(expr: Expr, labels: Sequence[str]) -> str:
    """Return an expression as text that `parse` reads back.

    Parameters
    ----------
    expr : sympy.Expr
        In `symbols(len(labels))`, with SymPy's functions or ours.
    labels : sequence of str
        The variables' names.

    Returns
    -------
    str
        For example ``x/50 + 1/10``.

    Raises
    ------
    LimitError
        The text would be too long, or the expression is nested too deeply.
    UsageError
        The expression isn't a formula in real variables.

    Examples
    --------
    >>> from symnum.formula.symbolic import symbols
    >>> (x,) = symbols(1)
    >>> text(x / 50 + 1, ["width"])
    'width/50 + 1'
    """
    return printed(_TextPrinter(labels), expr)


_RELATIONS = {
    sympy.StrictLessThan: "<",
    sympy.LessThan: "<=",
    sympy.StrictGreaterThan: ">",
    sympy.GreaterThan: ">=",
    sympy.Equality: "==",
    sympy.Unequality: "!=",
}


class _TextPrinter(Labelled, StrPrinter):  # type: ignore[misc]  # SymPy is untyped
    """Prints our grammar."""

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__()
        self.labels = labels
        self.decimals = {}
        self.taken = frozenset(labels)

    def _name(self, name: str) -> str:
        # A variable may bear the name of a function; the module in front keeps them apart.
        return f"np.{name}" if name in self.taken else name

    def _call(self, name: str, args: Sequence[Expr]) -> str:
        return f"{self._name(name)}({', '.join(self._print(arg) for arg in args)})"

    # SymPy finds the methods below by the names of its classes.

    def _print_Symbol(self, expr: Expr) -> str:
        return self._label(expr)

    def _print_Dummy(self, expr: Expr) -> str:
        return self.decimals[expr]

    def _print_NaN(self, _: Expr) -> str:
        return "(0/0)"

    def _print_ComplexInfinity(self, _: Expr) -> str:
        return "(1/0)"

    _print_Infinity = _print_ComplexInfinity  # noqa: N815

    def _print_NegativeInfinity(self, _: Expr) -> str:
        return "(-1/0)"

    def _print_Function(self, expr: Expr) -> str:
        return self._call(_NAMES.get(type(expr).__name__, type(expr).__name__), expr.args)

    def _print_HeadBase(self, expr: Expr) -> str:
        return self._operation(expr.op, expr.args)

    def _operation(self, op: str, args: Sequence[Expr]) -> str:
        if op in COMPARISONS:
            left, sign, right = comparison(op, args)
            return f"{self._print(left)} {sign} {self._print(right)}"
        if op in {"and", "or"}:
            return f" {op} ".join(self._bracketed(arg) for arg in args)
        if op == "not":
            return f"not {self._bracketed(args[0])}"
        if op == "pow":
            base, exponent = (self._print(arg) for arg in args)
            return f"({base})**({exponent})"
        if op == "step":
            a, b = (self._print(arg) for arg in args)
            where = self._name("where")
            return f"{where}({a} > {b}, 1, {where}({a} < {b}, 0, 1/2))"
        if is_undefined(op, args):
            value, condition = self._print(args[1]), self._print(args[0])
            return f"{self._name('Piecewise')}(({value}, {condition}))"
        return self._call(op, args)

    def _bracketed(self, condition: Expr) -> str:
        shown = self._print(condition)
        op = getattr(condition, "op", "")
        plain = op in COMPARISONS or isinstance(condition, Relational)
        return shown if plain else f"({shown})"

    def _print_Relational(self, expr: Expr) -> str:
        return f"{self._print(expr.lhs)} {_RELATIONS[type(expr)]} {self._print(expr.rhs)}"

    def _print_And(self, expr: Expr) -> str:
        return self._operation("and", expr.args)

    def _print_Or(self, expr: Expr) -> str:
        return self._operation("or", expr.args)

    def _print_Not(self, expr: Expr) -> str:
        return self._operation("not", expr.args)

    def _print_BooleanTrue(self, _: Expr) -> str:
        return "True"

    def _print_BooleanFalse(self, _: Expr) -> str:
        return "False"

    def _print_ITE(self, expr: Expr) -> str:
        return str(self._print(expr.to_nnf()))

    def _print_Piecewise(self, expr: Expr) -> str:
        pieces = [f"({self._print(value)}, {self._print(c)})" for value, c in expr.args]
        return f"{self._name('Piecewise')}({', '.join(pieces)})"

    def _print_Heaviside(self, expr: Expr) -> str:
        return self._operation("step", (expr.args[0], S.Zero))

    def _print_polygamma(self, expr: Expr) -> str:
        if expr.args[0] == 0:
            return self._call("digamma", expr.args[1:])
        return self._call("polygamma", expr.args)

    def _print_zeta(self, expr: Expr) -> str:
        degree = int(expr.args[0]) - 1
        at = expr.args[1] if len(expr.args) > 1 else S.One
        sign = "" if degree % 2 else "-"
        return f"({sign}{self._call('polygamma', (degree, at))}/{sympy.factorial(degree)})"

    def _print_Exp1(self, _: Expr) -> str:
        return self._name("e")

    def _print_Pi(self, _: Expr) -> str:
        return self._name("pi")

    def _print_EulerGamma(self, _: Expr) -> str:
        return f"(-{self._name('digamma')}(1))"

    def _print_GoldenRatio(self, _: Expr) -> str:
        return f"((1 + {self._name('sqrt')}(5))/2)"

    def _print_Catalan(self, _: Expr) -> str:
        pi, polygamma = self._name("pi"), self._name("polygamma")
        return f"(({polygamma}(1, 1/4) - {pi}**2)/8)"

    def _print_Max(self, expr: Expr) -> str:
        return self._call("max", expr.args)

    def _print_Min(self, expr: Expr) -> str:
        return self._call("min", expr.args)


# SymPy's class name -> ours, where they differ.
_NAMES = {
    "Abs": "abs",
    "ceiling": "ceil",
    "Sqrt": "sqrt",
    "Cbrt": "cbrt",
}
