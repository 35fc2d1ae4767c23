"""Program -> SymPy: the expression that people do algebra with.

SymPy simplifies it as it is built, so it no longer knows where the formula is undefined. Nothing
here recurses, and the time is linear in the length of the program, however deep or wide it is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy
from sympy import S

from symnum.errors import LimitError
from symnum.formula.heads import HEADS
from symnum.formula.operations import OPERATIONS
from symnum.formula.program import Program

Expr = Any  # sympy.Basic: SymPy ships no type information


def symbols(n: int) -> list[Expr]:
    """Return the symbols x0 ... of n real variables: our own names, never the user's."""
    return [sympy.Symbol(f"x{i}", real=True) for i in range(n)]


_SUMS = frozenset({"add", "sub", "neg"})
_PRODUCTS = frozenset({"mul", "div"})
# SymPy's own classes for these take any number of arguments.
_CHAINS = frozenset({"max", "min", "and", "or"})

# Deeper than this, expressions are built without evaluation: SymPy's assumptions recurse.
_DEPTH = 60
# So are expressions that share parts and are that many times larger as trees than as programs:
# SymPy walks trees.
_SHARING = 20
# Relations and the like reason about their arguments; on larger ones they are not let to.
_SMALL = 30
# A sum of more terms that is used several times stays a sum of its own: copying its terms into
# every sum that reads it would be quadratic.
_WIDE = 16
# Powers beyond these would write numbers of millions of digits.
_MAX_EXPONENT = 10_000
_MAX_BITS = 1_000_000
# Gamma functions of larger rationals are left alone: SymPy would multiply out the factorial.
_MAX_FACTORIAL = 200

_FACTORIALS = frozenset({"gamma", "loggamma", "digamma", "polygamma"})


def to_sympy(program: Program, public: bool = False) -> list[Expr]:
    """Return the outputs as SymPy expressions in `symbols(program.n_variables)`.

    Parameters
    ----------
    program : Program
        Any length and depth.
    public : bool
        Whether to use SymPy's own classes throughout (`Abs`, `Max`, `Piecewise`, ...) instead of
        our opaque ones (`heads.py`): for showing to SymPy's users, not for further work.

    Returns
    -------
    list of sympy.Expr
        One an output.

    Raises
    ------
    LimitError
        A constant power has millions of digits.

    Examples
    --------
    >>> from symnum.formula.program import Builder
    >>> b = Builder(1)
    >>> program = b.finish([b.op("div", b.var(0), b.const(50))])
    >>> to_sympy(program)
    [x0/50]
    """
    return _Writer(program, public).outputs()


class _Writer:
    """Builds one expression a line, bottom up."""

    def __init__(self, program: Program, public: bool) -> None:
        self.program = program
        self.public = public
        self.live = program.live()
        self.symbols = symbols(program.n_variables)
        self.exprs: dict[int, Expr] = {}
        self.depth: dict[int, int] = {}
        self.size: dict[int, float] = {}
        self.readers = [0] * len(program)
        self.absorbed = bytearray(len(program))
        self.largest = 1000 + _SHARING * len(self.live)
        self._count()

    def _count(self) -> None:
        lines = self.program.lines
        for output in self.program.outputs:
            self.readers[output] += 2  # an output needs an expression of its own
        for index in self.live:
            for arg in lines[index].args:
                self.readers[arg] += 1
        for index in self.live:
            op, args, _ = lines[index]
            for place, arg in enumerate(args):
                if self.readers[arg] == 1:
                    inner = lines[arg].op
                    self.absorbed[arg] = (
                        (op in _SUMS and inner in _SUMS)
                        or (op in _PRODUCTS and inner in _PRODUCTS)
                        or (self.public and op == inner and op in _CHAINS)
                        or (self.public and op == inner == "where" and place == 2)
                    )

    def outputs(self) -> list[Expr]:
        for index in self.live:
            if not self.absorbed[index]:
                self._line(index)
        return [self.exprs[output] for output in self.program.outputs]

    def _line(self, index: int) -> None:
        op, args, value = self.program.lines[index]
        leaves: list[tuple[int, int]]
        match op:
            case "const":
                assert isinstance(value, Fraction)
                expr, leaves = sympy.Rational(value.numerator, value.denominator), []
            case "var":
                assert isinstance(value, int)
                expr, leaves = self.symbols[value], []
            case "pi":
                expr, leaves = S.Pi, []
            case "e":
                expr, leaves = S.Exp1, []
            case _:
                leaves = self._leaves(index, op, args)
                self.depth[index] = 1 + max((self.depth[leaf] for leaf, _ in leaves), default=0)
                self.size[index] = 1 + sum(self.size[leaf] for leaf, _ in leaves)
                if self.public and op == "cbrt":  # becomes sign(a)*Abs(a)**(1/3)
                    self.size[index] *= 2
                expr = self._evaluated(index, op, leaves)
        self.depth.setdefault(index, 0)
        self.size.setdefault(index, 1.0)
        hash(expr)  # kept by SymPy: hashing the parent then goes one level deep
        self.exprs[index] = expr

    def _leaves(self, root: int, op: str, args: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return (line, sign) of what the line reads, looking through absorbed lines."""
        chained = self.public and op in _CHAINS
        if op not in _SUMS and op not in _PRODUCTS and not chained:
            if op != "where" or not self.public:
                return [(arg, 1) for arg in args]
            branches = []
            while True:
                branches += [(arg, 1) for arg in args[:2]]
                if not self.absorbed[args[2]]:
                    return [*branches, (args[2], 1)]
                args = self.program.lines[args[2]].args
        leaves = []
        stack = [(root, 1)]
        while stack:
            index, sign = stack.pop()
            if index != root and not self.absorbed[index]:
                leaves.append((index, sign))
                continue
            op, args, _ = self.program.lines[index]
            if op == "neg":
                stack.append((args[0], -sign))
            else:
                stack.append((args[1], -sign if op in {"sub", "div"} else sign))
                stack.append((args[0], sign))
        return leaves

    def _evaluated(self, index: int, op: str, leaves: list[tuple[int, int]]) -> Expr:
        if self.depth[index] <= _DEPTH and self.size[index] <= self.largest:
            try:
                return self._build(op, leaves, True)
            except RecursionError:
                pass
        return self._build(op, leaves, False)

    def _build(self, op: str, leaves: list[tuple[int, int]], evaluate: bool) -> Expr:
        args = [self.exprs[leaf] for leaf, _ in leaves]
        if op in _SUMS:
            wide = [
                e.is_Add and len(e.args) > _WIDE and self.readers[i] > 1
                for e, (i, _) in zip(args, leaves, strict=True)
            ]
            terms = [
                e if sign > 0 else sympy.Mul(-1, e, evaluate=evaluate and not w)
                for e, (_, sign), w in zip(args, leaves, wide, strict=True)
            ]
            return sympy.Add(*terms, evaluate=evaluate and not any(wide))
        if op in _PRODUCTS:
            factors = [
                e if sign > 0 else sympy.Pow(e, -1, evaluate=evaluate)
                for e, (_, sign) in zip(args, leaves, strict=True)
            ]
            # A number times a sum is multiplied out by SymPy; see _WIDE.
            wide_product = len(factors) == 2 and any(
                e.is_Add and len(e.args) > _WIDE and self.readers[i] > 1
                for e, (i, _) in zip(args, leaves, strict=True)
            )
            return sympy.Mul(*factors, evaluate=evaluate and not wide_product)
        if op == "pow":
            _check_power(*args)
        if op in {"pow", "sqrt"}:
            found = sympy.Pow(args[0], args[1] if op == "pow" else S.Half, evaluate=evaluate)
            # sqrt(-x**2) has no real value but at 0, and must not become I*Abs(x).
            imaginary = found.is_Mul and S.ImaginaryUnit in found.args
            return HEADS[op](*args) if imaginary and not self.public else found
        if op in HEADS:
            if self.public:
                small = sum(self.size[leaf] for leaf, _ in leaves) <= _SMALL
                try:
                    return _public(op, args, evaluate, evaluate and small)
                except RecursionError:
                    if evaluate:
                        raise
                    # SymPy sorts some arguments, and can't when they are very deep.
                    return HEADS[op](*args, evaluate=False)
            return HEADS[op](*args, evaluate=evaluate)
        if op == "exp":
            _check_exponential(args[0])
        if op in _FACTORIALS and all(arg.is_Rational for arg in args):
            evaluate = evaluate and all(abs(arg) <= _MAX_FACTORIAL for arg in args)
        if op == "digamma":
            return sympy.polygamma(0, *args, evaluate=evaluate)
        return getattr(sympy, OPERATIONS[op].sympy)(*args, evaluate=evaluate)


def _check_power(base: Expr, exponent: Expr) -> None:
    if not exponent.is_Rational or base.is_Symbol or base in (0, 1, -1):
        return
    coefficient = base.as_coeff_Mul()[0]
    bits = coefficient.p.bit_length() + coefficient.q.bit_length() if coefficient.is_Rational else 0
    if abs(exponent) > _MAX_EXPONENT or abs(exponent) * bits > _MAX_BITS:
        msg = (
            f"the exponent {_short(exponent)} is too large for anything but a variable; "
            f"exponents go up to {_MAX_EXPONENT}"
        )
        raise LimitError(msg)


def _check_exponential(argument: Expr) -> None:
    # exp(c*log(b)) becomes b**c as it is built.
    for term in sympy.Add.make_args(argument):
        coefficient, rest = term.as_coeff_Mul()
        if coefficient.is_Rational and abs(coefficient) > _MAX_EXPONENT:
            factors = sympy.Mul.make_args(rest)
            if any(isinstance(factor, sympy.log) for factor in factors):
                msg = f"exp({_short(coefficient)}*log(...)) is a power too large to write down"
                raise LimitError(msg)


def _short(number: Expr) -> str:
    text = str(number)
    return text if len(text) <= 24 else f"{text[:20]}..."


def _public(op: str, args: list[Expr], evaluate: bool, reason: bool) -> Expr:
    """Return the operation in SymPy's own classes; `reason` lets them think about the arguments."""
    a = args[0]

    def add(*terms: Expr) -> Expr:
        return sympy.Add(*terms, evaluate=evaluate)

    def mul(*factors: Expr) -> Expr:
        return sympy.Mul(*factors, evaluate=evaluate)

    def power(base: Expr, exponent: Expr) -> Expr:
        return sympy.Pow(base, exponent, evaluate=evaluate)

    negative = mul(-1, args[-1]) if op in _ARITHMETIC_HEADS else None
    match op:
        case "abs" | "sign" | "floor" | "ceil" | "max" | "min" | "atan2":
            return _SYMPY_NAMES[op](*args, evaluate=reason)
        case "step":
            return sympy.Heaviside(add(a, negative), S.Half, evaluate=reason)
        case "lt" | "le" if a.is_Number and not args[1].is_Number:
            # People write x > 0.
            greater = sympy.StrictGreaterThan if op == "lt" else sympy.GreaterThan
            return greater(args[1], a, evaluate=reason)
        case "lt" | "le" | "eq" | "ne" | "and" | "or" | "not":
            return _SYMPY_NAMES[op](*args, evaluate=reason)
        case "where":
            return _piecewise(args)
        case "cbrt":
            size = power(sympy.Abs(a, evaluate=reason), sympy.Rational(1, 3))
            return mul(sympy.sign(a, evaluate=reason), size)
        case "hypot":
            return power(add(*(power(arg, 2) for arg in args)), S.Half)
        case "expm1":
            return add(sympy.exp(a, evaluate=evaluate), -1)
        case "log1p":
            return sympy.log(add(1, a), evaluate=evaluate)
        case "log2" | "log10":
            base = sympy.log(2 if op == "log2" else 10)
            return mul(sympy.log(a, evaluate=evaluate), power(base, -1))
        case "expit":
            return power(add(1, sympy.exp(negative, evaluate=evaluate)), -1)
        case "softplus":
            return sympy.log(add(1, sympy.exp(a, evaluate=evaluate)), evaluate=evaluate)
        case "logaddexp":
            terms = [sympy.exp(arg, evaluate=evaluate) for arg in args]
            return sympy.log(add(*terms), evaluate=evaluate)
    raise AssertionError(op)


_ARITHMETIC_HEADS = frozenset({"step", "expit"})
_SYMPY_NAMES: dict[str, Any] = {
    "abs": sympy.Abs,
    "sign": sympy.sign,
    "floor": sympy.floor,
    "ceil": sympy.ceiling,
    "max": sympy.Max,
    "min": sympy.Min,
    "atan2": sympy.atan2,
    "lt": sympy.StrictLessThan,
    "le": sympy.LessThan,
    "eq": sympy.Equality,
    "ne": sympy.Unequality,
    "and": sympy.And,
    "or": sympy.Or,
    "not": sympy.Not,
}


def _piecewise(args: list[Expr]) -> Expr:
    """Return condition, value, condition, value, ..., value as one Piecewise."""
    pairs = []
    otherwise = args[-1]
    for condition, value in zip(args[:-1:2], args[1::2], strict=True):
        if condition == False:  # noqa: E712  # SymPy's false
            continue
        if condition == True:  # noqa: E712
            otherwise = value
            break
        pairs.append((value, condition))
    if not pairs:
        return otherwise
    if otherwise is not S.NaN:
        pairs.append((otherwise, True))
    return sympy.Piecewise(*pairs, evaluate=False)
