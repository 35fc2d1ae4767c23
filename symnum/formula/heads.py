"""Our own SymPy functions, one for each operation that SymPy has no harmless class for.

SymPy's `Abs`, `Max`, `Piecewise` and relations reason about their arguments when they are built:
that is slow or endless on long ones, and decides things that only balls may decide. These classes
reason about nothing but exact rationals. Each knows its derivative; jumps have the derivative 0
here, since where a function jumps is found elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import sympy
from sympy.core.function import ArgumentIndexError, FunctionClass

Expr = Any  # sympy.Expr: SymPy ships no type information


class HeadBase(sympy.Function):  # type: ignore[misc]  # SymPy is untyped
    """Base of our functions: opaque, and real where the arguments are.

    SymPy's printers look up a base class by its name if that ends in Base.

    Parameters
    ----------
    *args : sympy.Expr
        As many as the operation in `operations.py` takes.
    """

    op: ClassVar[str] = ""
    slopes: ClassVar[tuple[Callable[..., Expr] | None, ...]] = ()
    fold: ClassVar[Callable[..., Any] | None] = None
    always_real: ClassVar[bool] = True

    @classmethod
    def eval(cls, *args: Expr) -> Expr | None:
        """Evaluate on exact rationals only."""
        if cls.fold is not None and all(arg.is_Rational for arg in args):
            return cls.fold(*args)
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the partial derivative with respect to one argument, counted from 1."""
        if not 1 <= argindex <= len(self.slopes):
            raise ArgumentIndexError(self, argindex)
        slope = self.slopes[argindex - 1]
        return sympy.S.Zero if slope is None else slope(*self.args)

    def _eval_is_extended_real(self) -> bool | None:
        if self.always_real and all(arg.is_extended_real for arg in self.args):
            return True
        return None


class _Where(HeadBase):
    # The chain rule would write where(c, 1, 0)*a' + where(c, 0, 1)*b', which is undefined where the
    # branch not taken is; the branches are differentiated in place instead.
    def _eval_derivative(self, symbol: Expr) -> Expr:
        condition, a, b = self.args
        # A branch that is undefined stays so.
        slope_a, slope_b = (e if e is sympy.S.NaN else e.diff(symbol) for e in (a, b))
        if slope_a == 0 and slope_b == 0:
            return sympy.S.Zero
        return self.func(condition, slope_a, slope_b)


HEADS: dict[str, type[HeadBase]] = {}


def _head(
    op: str,
    *slopes: Callable[..., Expr] | None,
    fold: Callable[..., Any] | None = None,
    always_real: bool = True,
    base: type[HeadBase] = HeadBase,
) -> None:
    # The trailing underscore keeps the printers of SymPy from taking the name for one of theirs.
    name = f"{op}_"
    body = {
        "op": op,
        "slopes": slopes,
        "nargs": len(slopes),
        "fold": None if fold is None else staticmethod(fold),
        "always_real": always_real,
        "__module__": __name__,
        "__doc__": f"The operation `{op}` of a Program.",
    }
    HEADS[op] = FunctionClass(name, (base,), body)
    globals()[name] = HEADS[op]  # pickle looks a class up by its module and name


def _h(op: str, *args: Expr) -> Expr:
    return HEADS[op](*args)


_head("abs", lambda a: _h("sign", a), fold=abs)
_head("sign", None, fold=sympy.sign)
_head("floor", None, fold=lambda a: sympy.Integer(a.p // a.q))
_head("ceil", None, fold=lambda a: sympy.Integer(-(-a.p // a.q)))
_head("max", lambda a, b: _h("step", a, b), lambda a, b: _h("step", b, a), fold=max)
_head("min", lambda a, b: _h("step", b, a), lambda a, b: _h("step", a, b), fold=min)
_head("step", None, None)
# SymPy has these two; ours stand where its own would turn into I*Abs(x).
_head("sqrt", lambda a: 1 / (2 * _h("sqrt", a)), always_real=False)
_head(
    "pow",
    lambda a, b: b * _h("pow", a, b - 1),
    lambda a, b: sympy.log(a) * _h("pow", a, b),
    always_real=False,
)
_head("cbrt", lambda a: 1 / (3 * _h("cbrt", a) ** 2))
_head("hypot", lambda a, b: a / _h("hypot", a, b), lambda a, b: b / _h("hypot", a, b))
_head("atan2", lambda a, b: b / (b**2 + a**2), lambda a, b: -a / (b**2 + a**2))
_head("expm1", lambda a: sympy.exp(a))
_head("log1p", lambda a: 1 / (1 + a), always_real=False)
_head("log2", lambda a: 1 / (a * sympy.log(2)), always_real=False)
_head("log10", lambda a: 1 / (a * sympy.log(10)), always_real=False)
_head("expit", lambda a: _h("expit", a) * _h("expit", -a))
_head("softplus", lambda a: _h("expit", a))
_head("logaddexp", lambda a, b: _h("expit", a - b), lambda a, b: _h("expit", b - a))
for _name in ("lt", "le", "eq", "ne", "and", "or"):
    _head(_name, None, None)
_head("not", None)
_head(
    "where",
    None,
    lambda c, _a, _b: _h("where", c, sympy.S.One, sympy.S.Zero),
    lambda c, _a, _b: _h("where", c, sympy.S.Zero, sympy.S.One),
    base=_Where,
)
