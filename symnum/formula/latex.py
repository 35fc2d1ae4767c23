"""SymPy expressions as LaTeX, under the user's names, which are escaped."""

# ruff: noqa: N802 - SymPy's printers call methods that are named after classes

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from sympy.printing.latex import LatexPrinter

from symnum.formula.printing import COMPARISONS, Expr, Labelled, comparison, is_undefined, printed


def latex(expr: Expr, labels: Sequence[str]) -> str:
    r"""Return an expression as LaTeX, without dollar signs.

    Parameters
    ----------
    expr : sympy.Expr
        In `symbols(len(labels))`, with SymPy's functions or ours.
    labels : sequence of str
        The variables' names, in any letters: they are escaped.

    Returns
    -------
    str
        For example ``\frac{x}{50}``.

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
    >>> print(latex(x / 50, ["alpha_1"]))
    \frac{\alpha_{1}}{50}
    """
    return printed(_LatexPrinter(labels), expr)


_GREEK_LETTERS = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu",
    "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi",
    "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta",
    "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi",
    "Ω": "Omega",
}  # fmt: skip
_GREEK = frozenset(_GREEK_LETTERS.values())
_ESCAPED = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\hat{}", "~": r"\sim ", "<": r"\lt ", ">": r"\gt ",
}  # fmt: skip


@lru_cache(maxsize=10_000)
def latex_label(label: str) -> str:
    r"""Return a variable's name as LaTeX: Greek letters, subscripts, and nothing that executes.

    Examples
    --------
    >>> [latex_label(label) for label in ("x", "x10", "x_0", "x[0]", "theta", "rate")]
    ['x', 'x_{10}', 'x_{0}', 'x_{0}', '\\theta', '\\mathrm{rate}']
    """
    found = re.fullmatch(r"(.*?[^\W\d_])_?([0-9]+)|(.+)\[([0-9]+)\]|([^\W_]+)_([^\W_]+)", label)
    if not found:
        return _latex_word(label)
    stem = next(part for part in found.group(1, 3, 5) if part)
    index = next(part for part in found.group(2, 4, 6) if part)
    return f"{_latex_word(stem)}_{{{index if index.isdigit() else _latex_word(index)}}}"


def _latex_word(word: str) -> str:
    word = _GREEK_LETTERS.get(word, word)
    if word in _GREEK:
        return f"\\{word}"
    escaped = "".join(_ESCAPED.get(c, c if c.isprintable() else "?") for c in word)
    return escaped if len(word) == 1 else f"\\mathrm{{{escaped}}}"


_LATEX_SIGNS = {"<": "<", "<=": r"\leq", "==": "=", "!=": r"\neq", ">": ">", ">=": r"\geq"}
_LATEX_BRACKETS = {
    "abs": (r"\left|", r"\right|"),
    "floor": (r"\left\lfloor", r"\right\rfloor"),
    "ceil": (r"\left\lceil", r"\right\rceil"),
}
_CASES = frozenset({"where", "step"})
_LATEX_NAMES = {
    "max": r"\max",
    "min": r"\min",
    "sign": r"\operatorname{sgn}",
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
}


def _cases(rows: Sequence[str]) -> str:
    return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"


class _LatexPrinter(Labelled, LatexPrinter):  # type: ignore[misc]  # SymPy is untyped
    """Prints LaTeX; what SymPy's own printer can't know are our functions."""

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__()
        self.labels = labels
        self.decimals = {}

    # SymPy finds the methods below by the names of its classes.

    def _print_Symbol(self, expr: Expr, style: str = "plain") -> str:
        del style  # SymPy's printer passes it
        return latex_label(self._label(expr))

    def _print_Dummy(self, expr: Expr) -> str:
        mantissa, _, exponent = self.decimals[expr].partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa

    def _needs_mul_brackets(self, expr: Expr, first: bool = False, last: bool = False) -> bool:
        cases = getattr(expr, "op", "") in _CASES
        return cases or bool(super()._needs_mul_brackets(expr, first, last))

    def _print_polygamma(self, expr: Expr, exp: str | None = None) -> str:
        order, at = (self._print(arg) for arg in expr.args)
        name = r"\psi" if expr.args[0] == 0 else rf"\psi^{{\left({order}\right)}}"
        shown = rf"{name}\left({at}\right)"
        return shown if exp is None else rf"\left({shown}\right)^{{{exp}}}"

    def _print_loggamma(self, expr: Expr, exp: str | None = None) -> str:
        shown = rf"\operatorname{{ln\Gamma}}\left({self._print(expr.args[0])}\right)"
        return shown if exp is None else rf"\left({shown}\right)^{{{exp}}}"

    def _print_HeadBase(self, expr: Expr, exp: str | None = None) -> str:
        shown = self._operation(expr.op, [self._print(arg) for arg in expr.args], expr.args)
        if exp is None:
            return shown
        inner = shown if expr.op in _LATEX_BRACKETS else rf"\left({shown}\right)"
        return f"{inner}^{{{exp}}}"

    def _operation(self, op: str, shown: list[str], args: Sequence[Expr]) -> str:
        if op in COMPARISONS:
            left, sign, right = comparison(op, args)
            return f"{self._print(left)} {_LATEX_SIGNS[sign]} {self._print(right)}"
        if op in {"and", "or"}:
            sign = r"\wedge" if op == "and" else r"\vee"
            return f" {sign} ".join(rf"\left({arg}\right)" for arg in shown)
        if op == "not":
            return rf"\neg \left({shown[0]}\right)"
        if op == "where":
            rows = [rf"{shown[1]} & \text{{if}}\: {shown[0]}"]
            if not is_undefined(op, args):
                rows.append(rf"{shown[2]} & \text{{otherwise}}")
            return _cases(rows)
        if op == "step":
            a, b = shown
            rows = [rf"1 & \text{{if}}\: {a} > {b}", rf"0 & \text{{if}}\: {a} < {b}"]
            rows.append(r"\frac{1}{2} & \text{otherwise}")
            return _cases(rows)
        if op == "sqrt":
            return rf"\sqrt{{{shown[0]}}}"
        if op == "pow":
            return rf"\left({shown[0]}\right)^{{{shown[1]}}}"
        if op == "cbrt":
            return rf"\sqrt[3]{{{shown[0]}}}"
        if op == "hypot":
            a, b = (
                plain if arg.is_Symbol else rf"\left({plain}\right)"
                for plain, arg in zip(shown, args, strict=True)
            )
            return rf"\sqrt{{{a}^{{2}} + {b}^{{2}}}}"
        if op in _LATEX_BRACKETS:
            opening, closing = _LATEX_BRACKETS[op]
            return f"{opening} {shown[0]} {closing}"
        name = _LATEX_NAMES.get(op, rf"\operatorname{{{op}}}")
        return rf"{name}\left({', '.join(shown)}\right)"
