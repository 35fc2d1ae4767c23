"""Which lines of a Program are finite at every point."""

from __future__ import annotations

from collections.abc import Iterable

from symnum.formula.program import Builder, Line

# These are finite wherever their arguments are.
_TOTAL = frozenset({
    "const", "var", "pi", "e", "add", "sub", "mul", "neg", "abs", "sign", "floor", "ceil", "min",
    "max", "where", "exp", "expm1", "sin", "cos", "tanh", "sinh", "cosh", "atan", "asinh", "cbrt",
    "erf", "erfc", "expit", "softplus", "logaddexp", "hypot",
    "lt", "le", "eq", "ne", "and", "or", "not",
})  # fmt: skip


def may_fail(builder: Builder, lines: Iterable[int]) -> str:
    """Return an operation that isn't finite everywhere, on which the lines depend; or nothing."""
    seen: set[int] = set()
    waiting = list(lines)
    while waiting:
        index = waiting.pop()
        if index in seen:
            continue
        seen.add(index)
        line = builder.lines[index]
        if line.op not in _TOTAL and not _is_harmless(builder, line):
            return line.op
        waiting.extend(line.args)
    return ""


def _is_harmless(builder: Builder, line: Line) -> bool:
    """Tell division by a constant, and whole powers from 0 on."""
    if line.op == "div":
        return builder.value_of(line.args[1]) not in (None, 0)
    if line.op != "pow":
        return False
    exponent = builder.value_of(line.args[1])
    return exponent is not None and exponent >= 0 and exponent.denominator == 1
