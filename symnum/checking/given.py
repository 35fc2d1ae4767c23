"""What was given as a function, and as its derivative: neither code nor a formula is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from symnum.errors import UsageError, described
from symnum.formula.formula import Formula, is_source


def refuse_what_is_neither(
    f: Any, derivative: Any, function: Callable[..., Any] | None = None
) -> None:
    """Refuse a request whose function or derivative can neither be called nor read as a formula.

    Parameters
    ----------
    f, derivative, function
        As for `check`.

    Raises
    ------
    UsageError
        What was given, what is expected, and an example.

    Examples
    --------
    >>> from symnum.checking.given import refuse_what_is_neither
    >>> refuse_what_is_neither("x**2", lambda x: 2 * x)
    """
    if not _is_code(f) and not _is_mathematics(f):
        msg = (
            f"f is {described(f)}; a formula, such as 'x**2', or code, such as lambda x: x**2, is "
            "expected"
        )
        raise UsageError(msg)
    if not _is_code(derivative) and not _is_mathematics(derivative):
        msg = (
            f"the derivative is {described(derivative)}; a function that returns it, such as "
            "lambda x: 2 * x, or a formula, such as '2*x', is expected"
        )
        raise UsageError(msg)
    if function is not None and not _is_code(function):
        msg = f"function is {described(function)}; the code of f is expected, or None"
        raise UsageError(msg)
    for what, code in (("f", f), ("the derivative", derivative), ("function", function)):
        if _is_coroutine(code):
            msg = (
                f"{what} is a coroutine (async def), which returns no numbers when it is called: "
                "give a plain function, such as lambda x: asyncio.run(gradient(x))"
            )
            raise UsageError(msg)


def _is_code(given: Any) -> bool:
    return callable(given) and not isinstance(given, Formula)


def _is_mathematics(given: Any) -> bool:
    return isinstance(given, Formula) or is_source(given)


def _is_coroutine(code: Any) -> bool:
    """Say whether calling it only makes something that has to be awaited."""
    return callable(code) and any(
        inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called)
        for called in (code, type(code).__call__)
    )
