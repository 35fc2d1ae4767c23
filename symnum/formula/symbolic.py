"""Program <-> SymPy.

`to_sympy` makes the expression that people do algebra with; SymPy simplifies it as it is built, so it
no longer knows where the formula is undefined. `from_sympy` makes the Program of an expression that a
user passes. Neither recurses, and both are linear in the size of what they read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy import S
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from symnum.errors import LimitError, UsageError
from symnum.formula.heads import HEADS, Head
from symnum.formula.operations import OPERATIONS
from symnum.formula.program import Builder, Program

Expr = Any  # sympy.Basic: SymPy ships no type information


def symbols(n: int) -> list[Expr]:
    """Return the symbols x0 ... of n real variables: our own names, never the user's."""
    return [sympy.Symbol(f"x{i}", real=True) for i in range(n)]


# --- Program -> SymPy ----------------------------------------------------------------------------

_SUMS = frozenset({"add", "sub", "neg"})
_PRODUCTS = frozenset({"mul", "div"})
# SymPy's own classes for these take any number of arguments.
_CHAINS = frozenset({"max", "min", "and", "or"})

# Deeper than this, expressions are built without evaluation: SymPy's assumptions recurse.
_DEPTH = 60
# So are expressions that share parts and are that many times larger as trees than as programs: SymPy
# walks trees.
_SHARING = 20
# Relations and the like reason about their arguments; on larger ones they are not let to.
_SMALL = 30
# A sum of more terms that is used several times stays a sum of its own: copying its terms into every
# sum that reads it would be quadratic.
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
        Whether to use SymPy's own classes throughout (`Abs`, `Max`, `Piecewise`, ...) instead of our
        opaque ones (`heads.py`): for showing to SymPy's users, not for further work.

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
            wide = [e.is_Add and len(e.args) > _WIDE and self.readers[i] > 1
                    for e, (i, _) in zip(args, leaves, strict=True)]
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
            return sympy.Pow(*args, evaluate=evaluate)
        if op == "sqrt":
            return sympy.Pow(args[0], S.Half, evaluate=evaluate)
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
    b = args[1] if len(args) > 1 else None
    add, mul, power = (
        lambda *e: sympy.Add(*e, evaluate=evaluate),
        lambda *e: sympy.Mul(*e, evaluate=evaluate),
        lambda *e: sympy.Pow(*e, evaluate=evaluate),
    )
    negative = mul(-1, args[-1]) if op in _ARITHMETIC_HEADS else None
    match op:
        case "abs" | "sign" | "floor" | "ceil" | "max" | "min" | "atan2":
            return _SYMPY_NAMES[op](*args, evaluate=reason)
        case "step":
            return sympy.Heaviside(add(a, negative), S.Half, evaluate=reason)
        case "lt" | "le" | "eq" | "ne" | "and" | "or" | "not":
            return _SYMPY_NAMES[op](*args, evaluate=reason)
        case "where":
            return _piecewise(args)
        case "cbrt":
            size = power(sympy.Abs(a, evaluate=reason), sympy.Rational(1, 3))
            return mul(sympy.sign(a, evaluate=reason), size)
        case "hypot":
            return power(add(power(a, 2), power(b, 2)), S.Half)
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
    return sympy.Piecewise(*pairs, (otherwise, True), evaluate=False)


# --- SymPy -> Program ----------------------------------------------------------------------------

# Reads the lines of the children and writes the line of the parent.
Emit = Callable[[Builder, list[int]], int]
# A child, and whether its negative leading coefficient is to be left out.
Key = tuple[Expr, bool]


def from_sympy(
    exprs: Sequence[Any],
    variables: Sequence[Any] | None = None,
    *,
    ignore_deltas: bool = False,
) -> tuple[Program, tuple[str, ...]]:
    """Return the Program of SymPy expressions, and the variables' labels.

    Sums and products are folded from left to right in the order of their arguments; a negative
    leading coefficient becomes a subtraction, and negative powers become one division, as they are
    printed. A Float is the exact binary number that it holds.

    Parameters
    ----------
    exprs : sequence of sympy.Expr
        One an output; Python numbers and Fractions are constants.
    variables : sequence of str or Symbol, optional
        The order of the variables; by default their names in natural order (x2 before x10).
    ignore_deltas : bool
        Whether `DiracDelta` counts as 0: jumps are treated elsewhere.

    Returns
    -------
    program : Program
        One output an expression.
    labels : tuple of str
        The names of the variables. They are labels only and name nothing in the Program.

    Raises
    ------
    UsageError
        The expression isn't a formula in real variables made of supported functions, or a symbol's
        name can't be a label.
    LimitError
        A number is beyond the range of doubles.

    Examples
    --------
    >>> import sympy
    >>> x = sympy.Symbol("x")
    >>> program, labels = from_sympy([x / 50 - 1])
    >>> [line.op for line in program.lines], labels
    (['var', 'const', 'div', 'const', 'sub'], ('x',))
    """
    roots = [_number(expr) for expr in exprs]
    names = _names(roots, ignore_deltas)
    labels = _labels(names, variables)
    position = {label: i for i, label in enumerate(labels)}
    builder = Builder(len(labels))
    # Keyed by identity: hashing or comparing a deep expression would recurse. Every key is a part of
    # a root and so stays alive.
    done: dict[tuple[int, bool], int] = {}
    stack: list[Key] = [(root, False) for root in reversed(roots)]
    while stack:
        expr, negated = stack[-1]
        if (id(expr), negated) in done:
            stack.pop()
            continue
        if id(expr) in names:
            done[id(expr), negated] = builder.var(position[names[id(expr)]])
            continue
        children, emit = _plan(expr, negated, ignore_deltas)
        missing = [key for key in children if (id(key[0]), key[1]) not in done]
        if missing:
            stack.extend(reversed(missing))
            continue
        line = emit(builder, [done[id(child), flag] for child, flag in children])
        done[id(expr), negated] = line
    outputs = [done[id(root), False] for root in roots]
    for output in outputs:
        if _is_condition(builder, output):
            msg = (
                "a condition is not a number; write Piecewise((1, condition), (0, True)) "
                "to make it one"
            )
            raise UsageError(msg)
    return builder.finish(outputs), labels


def _number(value: Any) -> Expr:
    """Return a SymPy object for an input; strings are refused, since SymPy would execute them."""
    if isinstance(value, sympy.Basic):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, Fraction)):
        msg = f"a SymPy expression is expected, {type(value).__name__} was given"
        raise UsageError(msg)
    try:
        exact = Fraction(value)
    except (OverflowError, ValueError):
        msg = f"{value} is not a real number"
        raise UsageError(msg) from None
    return sympy.Rational(exact.numerator, exact.denominator)


def _names(roots: Sequence[Expr], ignore_deltas: bool) -> dict[int, str]:
    """Check every part of the expressions, and return the name of each variable by identity."""
    names: dict[int, str] = {}
    meaning: dict[str, Expr] = {}
    seen: set[int] = set()
    stack = list(reversed(roots))
    while stack:
        expr = stack.pop()
        if id(expr) in seen:
            continue
        seen.add(id(expr))
        if isinstance(expr, (sympy.Symbol, sympy.Indexed)):
            name = _name(expr)
            if meaning.setdefault(name, expr) != expr:
                msg = (
                    f"two different symbols are called {name}; "
                    "make both with the same assumptions"
                )
                raise UsageError(msg)
            names[id(expr)] = name
            continue
        _check(expr)
        if not (ignore_deltas and isinstance(expr, sympy.DiracDelta)):
            stack.extend(reversed(expr.args))
    return names


def _name(expr: Expr) -> str:
    if isinstance(expr, sympy.Symbol):
        return str(expr.name)
    if len(expr.indices) == 1 and expr.indices[0].is_Integer:
        return f"{expr.base.label.name}[{expr.indices[0]}]"
    msg = "an indexed symbol needs one integer as its index, as in x[0]"
    raise UsageError(msg)


def _natural(label: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"([0-9]+)", label)
    return [(1, int(p), "") if p.isascii() and p.isdigit() else (0, 0, p) for p in parts if p]


def _labels(names: dict[int, str], variables: Sequence[Any] | None) -> tuple[str, ...]:
    found = sorted(set(names.values()), key=_natural)
    if variables is None:
        labels = found
    else:
        labels = []
        for variable in variables:
            if isinstance(variable, (sympy.Symbol, sympy.Indexed)):
                labels.append(_name(variable))
            elif isinstance(variable, str):
                labels.append(variable)
            else:
                msg = f"a variable is a name or a Symbol, {type(variable).__name__} was given"
                raise UsageError(msg)
        for label in labels:
            if labels.count(label) > 1:
                msg = f"the variable {_shown(label)} is declared twice"
                raise UsageError(msg)
        missing = [label for label in found if label not in set(labels)]
        if missing:
            msg = (
                f"{_shown(missing[0])} is in the expression but not among the variables "
                f"({', '.join(map(_shown, labels))})"
            )
            raise UsageError(msg)
    for label in labels:
        _check_label(label)
    return tuple(labels)


_LABEL = re.compile(r"[^\W\d]\w*(\[[0-9]{1,9}\])?\Z")


def _check_label(label: str) -> None:
    if len(label) > 100 or not _LABEL.match(label):
        msg = (
            f"the symbol {_shown(label)} can't be a variable's name; rename it to letters, digits "
            "and underscores, for example with expr.subs(old, Symbol('x'))"
        )
        raise UsageError(msg)


def _shown(label: str) -> str:
    text = label if label.isprintable() and label.isidentifier() else ascii(label)
    return text if len(text) <= 60 else f"{text[:56]}..."


_UNFINISHED = (
    sympy.Integral,
    sympy.Derivative,
    sympy.Sum,
    sympy.Product,
    sympy.Limit,
    sympy.Subs,
)


def _check(expr: Expr) -> None:
    """Refuse what has no place in a formula, in words."""
    kind = type(expr).__name__
    if isinstance(expr, _UNFINISHED):
        msg = f"the expression holds a {kind} that is not evaluated; call .doit() on it first"
        raise UsageError(msg)
    if expr in (S.ImaginaryUnit, S.Infinity, S.NegativeInfinity, S.ComplexInfinity, S.NaN):
        msg = f"the expression holds {expr}, which is not a real number"
        raise UsageError(msg)
    if isinstance(expr, AppliedUndef):
        msg = f"{kind} is an undefined function; replace it by a formula"
        raise UsageError(msg)
    if isinstance(expr, (sympy.MatrixBase, sympy.MatrixExpr)) or type(expr) is sympy.Tuple:
        msg = f"one expression is expected, a {kind} was given"
        raise UsageError(msg)
    if not _known(expr):
        msg = f"{kind} is not a function that symnum knows; it knows {', '.join(supported())}"
        raise UsageError(msg)


def _known(expr: Expr) -> bool:
    return isinstance(expr, _STRUCTURE) or type(expr) in _DIRECT or _expansion(expr) is not None


def supported() -> list[str]:
    """Return the names of the SymPy functions that `from_sympy` reads."""
    names = {cls.__name__ for cls in _DIRECT if not issubclass(cls, Head)}
    return sorted(names | {cls.__name__ for cls in _EXPANDED} | set(_BY_NAME), key=str.casefold)


_STRUCTURE = (
    sympy.Add,
    sympy.Mul,
    sympy.Pow,
    sympy.Number,
    sympy.NumberSymbol,
    sympy.Piecewise,
    sympy.functions.elementary.piecewise.ExprCondPair,
    Relational,
    sympy.And,
    sympy.Or,
    sympy.Not,
    sympy.ITE,
    sympy.logic.boolalg.BooleanAtom,
    sympy.DiracDelta,
)

_DIRECT: dict[Any, str] = {
    getattr(sympy, row.sympy): name
    for name, row in OPERATIONS.items()
    if row.sympy and name not in HEADS and name not in {"digamma", "polygamma"}
} | {cls: op for op, cls in HEADS.items()} | {
    sympy.Abs: "abs",
    sympy.sign: "sign",
    sympy.floor: "floor",
    sympy.ceiling: "ceil",
    sympy.atan2: "atan2",
}


def _is_condition(builder: Builder, line: int) -> bool:
    op = builder.lines[line].op
    return op in OPERATIONS and OPERATIONS[op].boolean


def _plan(expr: Expr, negated: bool, ignore_deltas: bool) -> tuple[list[Key], Emit]:
    """Return the parts whose lines are needed first, and how to write the line from theirs."""
    if isinstance(expr, (sympy.Number, sympy.NumberSymbol)):
        return [], _plan_number(expr, negated)
    if isinstance(expr, sympy.Add):
        return _plan_sum(expr)
    if isinstance(expr, sympy.Mul):
        return _plan_product(expr, negated)
    if isinstance(expr, sympy.Pow):
        return _plan_power(expr)
    if isinstance(expr, sympy.Piecewise):
        return _plan_piecewise(expr)
    if isinstance(expr, (Relational, sympy.logic.boolalg.Boolean)):
        return _plan_condition(expr)
    if isinstance(expr, sympy.DiracDelta):
        if ignore_deltas:
            return [], lambda b, _: b.const(0)
        msg = "DiracDelta is no function of a real variable; symnum treats jumps on its own"
        raise UsageError(msg)
    children = [(arg, False) for arg in expr.args]
    if type(expr) in _DIRECT:
        op = _DIRECT[type(expr)]
        if len(children) != OPERATIONS[op].arity:
            msg = f"{type(expr).__name__} with {len(children)} arguments is not supported"
            raise UsageError(msg)
        return children, lambda b, lines: b.op(op, *lines)
    expansion = _expansion(expr)
    assert expansion is not None
    if isinstance(expr, (sympy.polygamma, sympy.zeta)):
        return _plan_polygamma(expr)
    return children, lambda b, lines: expansion(b, *lines)


def _plan_number(expr: Expr, negated: bool) -> Emit:
    if isinstance(expr, sympy.NumberSymbol):
        if expr is S.Pi or expr is S.Exp1:
            name = "pi" if expr is S.Pi else "e"
            return lambda b, _: b.constant(name)
        constant = _CONSTANTS.get(expr)
        if constant is None:
            msg = f"{expr} is not a constant that symnum knows"
            raise UsageError(msg)
        return lambda b, _: constant(b)
    value = _fraction(expr)
    return lambda b, _: b.const(-value if negated else value)


def _fraction(number: Expr) -> Fraction:
    """Return a SymPy number exactly; a Float is the binary number that it holds."""
    if number.is_Float:
        sign, mantissa, exponent, _ = number._mpf_
        if not -20_000 < exponent < 20_000:
            msg = f"{_short(number)} is beyond the range of doubles"
            raise LimitError(msg)
        size = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
        value = -size if sign else size
    else:
        value = Fraction(int(number.p), int(number.q))
    if abs(value) >= 2**1024:
        msg = "a number of the expression is beyond the range of doubles"
        raise LimitError(msg)
    return value


def _is_negative(term: Expr) -> bool:
    if term.is_Mul:
        term = term.args[0]
    return bool(term.is_Number and term < 0)


def _plan_sum(expr: Expr) -> tuple[list[Key], Emit]:
    terms = [(term, _is_negative(term)) for term in expr.args]
    # a + (-b) is a - b to the last bit, so a leading negative term changes places with the next.
    if terms[0][1] and not terms[1][1]:
        terms[0], terms[1] = terms[1], terms[0]

    def emit(b: Builder, lines: list[int]) -> int:
        total = b.op("neg", lines[0]) if terms[0][1] else lines[0]
        for line, (_, negative) in zip(lines[1:], terms[1:], strict=True):
            total = b.op("sub" if negative else "add", total, line)
        return total

    return terms, emit


# A coefficient p/q is written p*x/q where p and q are doubles; larger ones are rounded once.
_SPLIT = 2**53


def _plan_product(expr: Expr, negated: bool) -> tuple[list[Key], Emit]:
    factors = list(expr.args)
    coefficient = Fraction(1)
    if factors[0].is_Number and not factors[0].is_infinite:
        coefficient = _fraction(factors.pop(0))
    negative = coefficient < 0 and not negated
    coefficient = abs(coefficient) if coefficient < 0 else coefficient
    split = max(coefficient.numerator, coefficient.denominator) <= _SPLIT
    if expr.args[0].is_Float:
        split = False
    above, below = (
        (coefficient.numerator, Fraction(coefficient.denominator))
        if split
        else (coefficient, Fraction(1))
    )
    children: list[Key] = []
    powers: list[Fraction | None] = []
    for factor in factors:
        if factor.is_Pow and factor.base is not S.Exp1 and factor.exp.is_Rational:
            children.append((factor.base, False))
            powers.append(_fraction(factor.exp))
        else:
            children.append((factor, False))
            powers.append(None)

    def emit(b: Builder, lines: list[int]) -> int:
        numerator = [b.const(above)] if above != 1 else []
        denominator = [b.const(below)] if below != 1 else []
        for line, power in zip(lines, powers, strict=True):
            if power is None:
                numerator.append(line)
            elif power < 0:
                denominator.append(_power(b, line, -power))
            else:
                numerator.append(_power(b, line, power))
        result = _fold(b, "mul", numerator) if numerator else b.const(1)
        if denominator:
            result = b.op("div", result, _fold(b, "mul", denominator))
        return b.op("neg", result) if negative else result

    return children, emit


def _fold(b: Builder, op: str, lines: Sequence[int]) -> int:
    result = lines[0]
    for line in lines[1:]:
        result = b.op(op, result, line)
    return result


def _power(b: Builder, base: int, exponent: Fraction) -> int:
    """Write base to a positive rational power."""
    if exponent == 1:
        return base
    if exponent == Fraction(1, 2):
        return b.op("sqrt", base)
    return b.op("pow", base, b.const(exponent))


def _plan_power(expr: Expr) -> tuple[list[Key], Emit]:
    base, exponent = expr.args
    if base is S.Exp1:
        return [(exponent, False)], lambda b, lines: b.op("exp", *lines)
    if exponent.is_Rational:
        power = _fraction(exponent)
        if power < 0:
            return [(base, False)], lambda b, lines: b.op(
                "div", b.const(1), _power(b, lines[0], -power)
            )
        return [(base, False)], lambda b, lines: _power(b, lines[0], power)
    return [(base, False), (exponent, False)], lambda b, lines: b.op("pow", *lines)


def _plan_piecewise(expr: Expr) -> tuple[list[Key], Emit]:
    pairs = [pair.args for pair in expr.args]
    if pairs[-1][1] is not S.true:
        # (a, x < 0), (b, x >= 0) leaves nothing out either.
        if sympy.Or(*(condition for _, condition in pairs)) is not S.true:
            msg = (
                "a Piecewise has no value where none of its conditions holds; "
                "end it with (value, True)"
            )
            raise UsageError(msg)
        pairs[-1] = (pairs[-1][0], S.true)
    children = [(part, False) for pair in pairs for part in pair][:-1]

    def emit(b: Builder, lines: list[int]) -> int:
        result = lines[-1]
        for place in range(len(lines) - 3, -1, -2):
            result = b.op("where", lines[place + 1], lines[place], result)
        return result

    return children, emit


def _plan_condition(expr: Expr) -> tuple[list[Key], Emit]:
    children = [(arg, False) for arg in expr.args]
    match expr:
        case sympy.StrictLessThan() | sympy.LessThan() | sympy.Equality() | sympy.Unequality():
            op = _RELATIONS[type(expr)]
        case sympy.StrictGreaterThan() | sympy.GreaterThan():
            op = _RELATIONS[type(expr)]
            children.reverse()
        case sympy.And() | sympy.Or():
            name = "and" if isinstance(expr, sympy.And) else "or"
            return children, lambda b, lines: _fold(b, name, lines)
        case sympy.Not():
            return children, lambda b, lines: b.op("not", *lines)
        case sympy.ITE():
            return children, lambda b, lines: b.op(
                "or",
                b.op("and", lines[0], lines[1]),
                b.op("and", b.op("not", lines[0]), lines[2]),
            )
        case _:
            holds = expr is S.true
            return [], lambda b, _: b.op("le" if holds else "lt", b.const(0), b.const(0))

    def emit(b: Builder, lines: list[int]) -> int:
        if any(_is_condition(b, line) for line in lines):
            msg = "conditions can't be compared with each other; write And, Or, Not"
            raise UsageError(msg)
        return b.op(op, *lines)

    return children, emit


_RELATIONS: dict[Any, str] = {
    sympy.StrictLessThan: "lt",
    sympy.LessThan: "le",
    sympy.StrictGreaterThan: "lt",
    sympy.GreaterThan: "le",
    sympy.Equality: "eq",
    sympy.Unequality: "ne",
}


# --- functions that are written with several operations --------------------------------------------


def _of_reciprocal(op: str) -> Callable[..., int]:
    return lambda b, a: b.op(op, b.op("div", b.const(1), a))


def _reciprocal(op: str) -> Callable[..., int]:
    return lambda b, a: b.op("div", b.const(1), b.op(op, a))


def _nary(op: str) -> Callable[..., int]:
    return lambda b, *args: _fold(b, op, args)


def _modulo(b: Builder, a: int, c: int) -> int:
    return b.op("sub", a, b.op("mul", c, b.op("floor", b.op("div", a, c))))


def _sinc(b: Builder, a: int) -> int:
    ratio = b.op("div", b.op("sin", a), a)
    return b.op("where", b.op("eq", a, b.const(0)), b.const(1), ratio)


_EXPANDED: dict[Any, Callable[..., int]] = {
    sympy.sec: _reciprocal("cos"),
    sympy.csc: _reciprocal("sin"),
    sympy.cot: lambda b, a: b.op("div", b.op("cos", a), b.op("sin", a)),
    sympy.sech: _reciprocal("cosh"),
    sympy.csch: _reciprocal("sinh"),
    sympy.coth: _reciprocal("tanh"),
    sympy.asec: _of_reciprocal("acos"),
    sympy.acsc: _of_reciprocal("asin"),
    sympy.acot: _of_reciprocal("atan"),
    sympy.asech: _of_reciprocal("acosh"),
    sympy.acsch: _of_reciprocal("asinh"),
    sympy.acoth: _of_reciprocal("atanh"),
    sympy.Max: _nary("max"),
    sympy.Min: _nary("min"),
    sympy.Heaviside: lambda b, a, *_: b.op("step", a, b.const(0)),
    sympy.Mod: _modulo,
    sympy.frac: lambda b, a: b.op("sub", a, b.op("floor", a)),
    sympy.sinc: _sinc,
    sympy.factorial: lambda b, a: b.op("gamma", b.op("add", a, b.const(1))),
    sympy.polygamma: lambda b, order, a: b.op("polygamma", order, a),
    sympy.zeta: lambda b, *args: args[0],  # see _plan_polygamma
}

# SymPy keeps these in modules that most programs never load.
_BY_NAME: dict[str, Callable[..., int]] = {
    "log1p": lambda b, a: b.op("log1p", a),
    "expm1": lambda b, a: b.op("expm1", a),
    "log2": lambda b, a: b.op("log2", a),
    "log10": lambda b, a: b.op("log10", a),
    "exp2": lambda b, a: b.op("pow", b.const(2), a),
    "Sqrt": lambda b, a: b.op("sqrt", a),
    "Cbrt": lambda b, a: b.op("cbrt", a),
    "hypot": lambda b, a, c: b.op("hypot", a, c),
    "logaddexp": lambda b, a, c: b.op("logaddexp", a, c),
}


def _expansion(expr: Expr) -> Callable[..., int] | None:
    cls = type(expr)
    if cls.__module__.startswith("sympy.codegen."):
        return _BY_NAME.get(cls.__name__)
    return _EXPANDED.get(cls)


def _plan_polygamma(expr: Expr) -> tuple[list[Key], Emit]:
    order, *rest = expr.args
    if isinstance(expr, sympy.polygamma):
        if order == 0:
            return [(rest[0], False)], lambda b, lines: b.op("digamma", *lines)
        return [(order, False), (rest[0], False)], lambda b, lines: b.op("polygamma", *lines)
    # SymPy writes polygamma at integers with zeta(s, a), which is polygamma(s - 1, a) up to a factor.
    if not order.is_Integer or not 2 <= order <= _MAX_FACTORIAL:
        msg = "zeta is supported for integers from 2 on"
        raise UsageError(msg)
    degree = int(order) - 1
    scale = Fraction((-1) ** (degree + 1), int(sympy.factorial(degree)))

    def emit(b: Builder, lines: list[int]) -> int:
        value = b.op("polygamma", b.const(degree), lines[0] if lines else b.const(1))
        return b.op("mul", b.const(scale), value)

    return [(arg, False) for arg in rest], emit


def _euler_gamma(b: Builder) -> int:
    return b.op("neg", b.op("digamma", b.const(1)))


def _catalan(b: Builder) -> int:
    trigamma = b.op("polygamma", b.const(1), b.const(Fraction(1, 4)))
    square = b.op("pow", b.constant("pi"), b.const(2))
    return b.op("div", b.op("sub", trigamma, square), b.const(8))


def _golden_ratio(b: Builder) -> int:
    return b.op("div", b.op("add", b.const(1), b.op("sqrt", b.const(5))), b.const(2))


_CONSTANTS: dict[Any, Callable[[Builder], int]] = {
    S.EulerGamma: _euler_gamma,
    S.Catalan: _catalan,
    S.GoldenRatio: _golden_ratio,
}
