"""SymPy -> Program: an expression that a user passes, as it stands.

Nothing here recurses, evaluates or simplifies; what is no formula in real variables is refused in
words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy import S
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import Boolean, BooleanAtom

from symnum.errors import LimitError, UsageError
from symnum.formula.heads import HEADS, HeadBase
from symnum.formula.operations import OPERATIONS
from symnum.formula.parse import check_labels, natural_order
from symnum.formula.program import Builder, Program

Expr = Any  # sympy.Basic: SymPy ships no type information

# Gamma and zeta functions of larger integers are not multiplied out.
_MAX_FACTORIAL = 200

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
    names = variable_names(roots, ignore_deltas)
    labels = _labels(names, variables)
    position = {label: i for i, label in enumerate(labels)}
    builder = Builder(len(labels))
    # Keyed by identity: hashing or comparing a deep expression would recurse. Every key is a part
    # of a root and so stays alive.
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


def variable_names(
    roots: Sequence[Expr], ignore_deltas: bool = False, allow_undefined: bool = False
) -> dict[int, str]:
    """Return the name of each variable by its identity; refuse in words what is no formula.

    Raises
    ------
    UsageError
        Some part of an expression has no place in a formula in real variables.

    Examples
    --------
    >>> import sympy
    >>> list(variable_names([sympy.sin(sympy.Symbol("x"))]).values())
    ['x']
    """
    names: dict[int, str] = {}
    meaning: dict[str, Expr] = {}
    seen: set[int] = set()
    stack = list(reversed(roots))
    while stack:
        expr = stack.pop()
        if id(expr) in seen:
            continue
        seen.add(id(expr))
        if isinstance(expr, _VARIABLES):
            name = _name(expr)
            if meaning.setdefault(name, expr) != expr:
                msg = (
                    f"two different symbols are called {name}; make both with the same assumptions"
                )
                raise UsageError(msg)
            names[id(expr)] = name
            continue
        if allow_undefined and _is_undefined(expr):
            continue
        _check(expr)
        if ignore_deltas and isinstance(expr, sympy.DiracDelta):
            continue
        # A branch without a value is how a Piecewise says where it is undefined.
        branches = isinstance(expr, (ExprCondPair, HEADS["where"]))
        stack.extend(a for a in reversed(expr.args) if not (branches and a is S.NaN))
    return names


def _name(expr: Expr) -> str:
    if isinstance(expr, sympy.Symbol):
        return str(expr.name)
    if len(expr.indices) == 1 and expr.indices[0].is_Integer:
        return f"{expr.base.label.name}[{expr.indices[0]}]"
    msg = "an indexed symbol needs one integer as its index, as in x[0]"
    raise UsageError(msg)


def _labels(names: dict[int, str], variables: Sequence[Any] | None) -> tuple[str, ...]:
    found = sorted(set(names.values()), key=natural_order)
    if variables is None:
        labels = found
    else:
        labels = [
            _name(variable) if isinstance(variable, _VARIABLES) else variable
            for variable in variables
        ]
    try:
        checked = check_labels(labels)
    except UsageError as error:
        if variables is not None and not any(isinstance(v, _VARIABLES) for v in variables):
            raise
        raise UsageError(f"{error}{_RENAME}") from None
    declared = set(checked)
    missing = [label for label in found if label not in declared]
    if missing:
        shown = missing[0] if missing[0].isidentifier() else ascii(missing[0])
        msg = f"{shown[:60]} is in the expression but not among the variables {list(checked)}"
        raise UsageError(msg)
    return checked


_VARIABLES = (sympy.Symbol, sympy.Indexed)
_RENAME = "; rename the symbol, for example with expr.subs(old, Symbol('x'))"

_UNDEFINED = (S.NaN, S.ComplexInfinity, S.Infinity, S.NegativeInfinity)


def _is_undefined(expr: Expr) -> bool:
    # By identity: comparing deep expressions takes long, and these exist once each.
    return any(expr is one for one in _UNDEFINED)


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
        msg = f"the expression holds an unevaluated {kind}; call .doit() on it first"
        raise UsageError(msg)
    if expr is S.ImaginaryUnit or _is_undefined(expr):
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
    names = {cls.__name__ for cls in _DIRECT if not issubclass(cls, HeadBase)}
    return sorted(names | {cls.__name__ for cls in _EXPANDED} | set(_BY_NAME), key=str.casefold)


_STRUCTURE = (
    sympy.Add,
    sympy.Mul,
    sympy.Pow,
    sympy.Number,
    sympy.NumberSymbol,
    sympy.Piecewise,
    ExprCondPair,
    Relational,
    sympy.And,
    sympy.Or,
    sympy.Not,
    sympy.ITE,
    BooleanAtom,
    sympy.DiracDelta,
)

_DIRECT: dict[Any, str] = (
    {
        getattr(sympy, row.sympy): name
        for name, row in OPERATIONS.items()
        if row.sympy and name not in HEADS and name not in {"digamma", "polygamma"}
    }
    | {cls: op for op, cls in HEADS.items()}
    | {
        sympy.Abs: "abs",
        sympy.sign: "sign",
        sympy.floor: "floor",
        sympy.ceiling: "ceil",
        sympy.atan2: "atan2",
    }
)


def _is_condition(builder: Builder, line: int) -> bool:
    op = builder.lines[line].op
    return op in OPERATIONS and OPERATIONS[op].boolean


def _plan(expr: Expr, negated: bool, ignore_deltas: bool) -> tuple[list[Key], Emit]:
    """Return the parts whose lines are needed first, and how to write the line from theirs."""
    if expr is S.NaN:
        return [], lambda b, _: b.op("div", b.const(0), b.const(0))
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
    if isinstance(expr, (Relational, Boolean)):
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


# Without the number: printing one of a billion digits would take forever.
_TOO_LARGE = "a number of the expression is beyond the range of doubles"


def _fraction(number: Expr) -> Fraction:
    """Return a SymPy number exactly; a Float is the binary number that it holds."""
    if number.is_Float:
        sign, mantissa, exponent, _ = number._mpf_
        if not -20_000 < exponent < 20_000:
            raise LimitError(_TOO_LARGE)
        size = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
        value = -size if sign else size
    else:
        value = Fraction(int(number.p), int(number.q))
    if abs(value) >= 2**1024:
        raise LimitError(_TOO_LARGE)
    return value


def _is_negative(term: Expr) -> bool:
    if term.is_Mul:
        term = term.args[0]
    return bool(term.is_Number and term < 0)


def _plan_sum(expr: Expr) -> tuple[list[Key], Emit]:
    terms = [(term, _is_negative(term)) for term in expr.args]
    # a + (-b) is a - b to the last bit, so a leading negative term changes places with the next.
    if terms[0][1] and len(terms) > 1 and not terms[1][1]:
        terms[0], terms[1] = terms[1], terms[0]
    terms[0] = (terms[0][0], False)

    def emit(b: Builder, lines: list[int]) -> int:
        total = lines[0]
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
        numerator = []
        if above != 1:
            numerator.append(b.const(-above if negative else above))
        denominator = [b.const(below)] if below != 1 else []
        for line, power in zip(lines, powers, strict=True):
            if power is not None and power < 0:
                denominator.append(_power(b, line, -power))
                continue
            factor = line if power is None else _power(b, line, power)
            # The sign goes to the first factor, as it is read: (-x)*y/3.
            numerator.append(b.op("neg", factor) if negative and not numerator else factor)
        result = _fold(b, "mul", numerator) if numerator else b.const(-1 if negative else 1)
        return b.op("div", result, _fold(b, "mul", denominator)) if denominator else result

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
    otherwise = S.NaN
    # (a, x < 0), (b, x >= 0) leaves nothing out either.
    if pairs[-1][1] is S.true or sympy.Or(*(condition for _, condition in pairs)) is S.true:
        otherwise = pairs.pop()[0]
    children = [(part, False) for pair in pairs for part in pair] + [(otherwise, False)]

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


# --- functions that are written with several operations ------------------------------------------


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
    sympy.zeta: lambda _, *args: args[0],  # see _plan_polygamma
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
    # SymPy writes polygamma at integers with zeta(s, a): polygamma(s - 1, a) up to a factor.
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
