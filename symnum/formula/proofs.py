"""The process that `prove.py` starts: SymPy's attempts to turn an expression into 0."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import sympy

from symnum.formula.program import Program
from symnum.formula.prove import restore
from symnum.formula.symbolic import to_sympy

Expr = Any  # sympy.Basic: SymPy ships no type information

# The process ends itself so many seconds after its parent should have ended it, should the parent
# be gone; and it may not take the machine's memory.
_GRACE = 5.0
_MEMORY = 4 * 2**30


def prove(program: Program) -> bool:
    """Say whether SymPy turns the program's first output into 0; may take for ever.

    Only the number 0 itself counts: SymPy's `is_zero` and `equals` may rest on evaluation.
    """
    expression = to_sympy(program, public=True)[0]
    return any(found == 0 for found in _rewritten(expression))


def _rewritten(expression: Expr) -> Iterator[Expr]:
    """Yield expressions equal to the given one, the quickly found ones first."""
    yield expression
    if not expression.free_symbols and expression.is_algebraic:
        # The minimal polynomial of 0, and of no other number, is x itself.
        with suppress(NotImplementedError):
            root = sympy.Dummy("root")
            if sympy.minimal_polynomial(expression, root) == root:
                yield sympy.S.Zero
    simplified = expression
    for step in (sympy.expand, sympy.trigsimp, sympy.radsimp, sympy.simplify):
        simplified = step(simplified)
        yield simplified
    for rewrite in _REWRITES:
        found = rewrite(expression)
        if found != expression:
            yield found
            yield sympy.expand(found)
            yield sympy.simplify(found)


_REWRITES: tuple[Callable[[Expr], Expr], ...] = (
    lambda e: sympy.expand_func(e),
    lambda e: sympy.expand_trig(e),
    lambda e: e.rewrite(sympy.exp),
    lambda e: e.rewrite(sympy.erfc, sympy.erf),
    lambda e: e.rewrite(sympy.acos, sympy.asin),
    lambda e: e.rewrite((sympy.asinh, sympy.acosh, sympy.atanh), sympy.log),
    lambda e: e.rewrite((sympy.Max, sympy.Min), sympy.Abs),
)


def main(patience: float) -> None:
    """Answer questions from standard input until it ends."""
    with suppress(ImportError, ValueError, OSError):  # where the system has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        _die_after(patience + _GRACE)
        try:
            answer = "zero" if prove(restore(line)) else "unknown"
        except Exception:  # whatever SymPy trips over, it is no proof
            answer = "unknown"
        _die_after(0.0)
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


def _die_after(seconds: float) -> None:
    with suppress(AttributeError):  # where the system has no timers
        signal.setitimer(signal.ITIMER_REAL, seconds)
