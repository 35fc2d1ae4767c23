"""The exceptions that symnum raises on purpose.

Every one of them derives from `SymnumError`, carries a sentence that a person can act on,
and a `kind`: the one word that the command line prints in its JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def printable(text: str) -> str:
    r"""Return a text without characters that steer a terminal or turn the reading direction.

    What somebody's code raises, or what its lines say, may hold anything. Lines stay lines.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same, with such characters written as `\x1b`.

    Examples
    --------
    >>> from symnum.errors import printable
    >>> print(printable("red \x1b[31m"))
    red \x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii")
        for c in text.expandtabs()
    )


def one_line(text: str, most: int = 200) -> str:
    r"""Return somebody's text as it stands within a sentence of ours: one line, not too long.

    Parameters
    ----------
    text : str
        Any text.
    most : int
        How many characters it may have; the middle of a longer one is left out.

    Returns
    -------
    str
        The text, with `printable` characters alone.

    Examples
    --------
    >>> from symnum.errors import one_line
    >>> one_line("no root:\n  2 steps")
    'no root: 2 steps'
    """
    shown = printable(" ".join(text.split()))
    if len(shown) <= most:
        return shown
    return f"{shown[: most - most // 4 - 3]}...{shown[-(most // 4) :]}"


def described(value: object, most: int = 60) -> str:
    """Return somebody's value as Python writes it, with its type, for a sentence of ours.

    Parameters
    ----------
    value : object
        Anything that is not what was expected.
    most : int
        How many characters of it are shown.

    Returns
    -------
    str
        Such as `5 (int)`; None says all by itself.

    Examples
    --------
    >>> from symnum.errors import described
    >>> described([1, 2]), described(None)
    ('[1, 2] (list)', 'None')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    try:
        text = one_line(repr(value), most)
    except Exception:  # its __repr__ is theirs
        return f"of type {name}"
    return f"{text} ({name})"


class SymnumError(Exception):
    """Base of every exception that symnum raises on purpose.

    Parameters
    ----------
    message : str
        What was given, where, what is expected, and what to try.

    Examples
    --------
    >>> import symnum
    >>> issubclass(symnum.ParseError, symnum.SymnumError)
    True
    """

    kind = "usage"

    def __str__(self) -> str:
        # Whatever it quotes of somebody's, it is printed in many places.
        return printable(super().__str__())


def without_insides(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Let a function's own errors show the caller's line, and none of ours.

    Parameters
    ----------
    function : callable
        A public function.

    Returns
    -------
    callable
        The same, whose SymnumErrors start here.
    """

    @wraps(function)
    def call(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> _Result:
        __tracebackhide__ = True  # pytest then leaves this frame out too
        try:
            return function(*arguments, **named)
        except SymnumError as error:
            problem = error.with_traceback(None)
        raise problem

    return call


class ParseError(SymnumError):
    """A formula's text can't be read.

    Parameters
    ----------
    message : str
        The sentence, without the caret.
    text : str
        The whole text as given.
    column : int
        Where the trouble starts, counted from 0.
    hint : str, optional
        What to write instead.

    Examples
    --------
    >>> import symnum
    >>> try:
    ...     symnum.Formula("2 + * x")
    ... except symnum.ParseError as error:
    ...     print(error.column)
    4
    """

    kind = "parse"
    _window = 72

    def __init__(self, message: str, text: str = "", column: int = 0, hint: str = "") -> None:
        self.message = message
        self.text = text
        self.column = column
        self.hint = hint
        super().__init__(self._render())

    def _render(self) -> str:
        sentence = f"{self.message}; {self.hint}" if self.hint else self.message
        if not self.text:
            return sentence
        # A long text is cut to a window round the place, so that the caret stays on the screen.
        start = max(0, self.column - self._window // 2)
        end = min(len(self.text), start + self._window)
        visible = "".join(c if c.isprintable() else "·" for c in self.text[start:end])
        before, after = "…" if start else "", "…" if end < len(self.text) else ""
        caret = " " * (len(before) + self.column - start) + "^"
        return f"{sentence}\n  {before}{visible}{after}\n  {caret}"


class LimitError(ParseError):
    """A formula is larger than symnum is willing to build (see the limits in the reference)."""

    kind = "limit"


class DomainError(SymnumError):
    """A point is not one that the formula can be asked about: not finite, or of the wrong shape."""

    kind = "domain"


class UsageError(SymnumError):
    """A call or a command can't be understood: an unknown name, a missing value, a wrong type."""

    kind = "usage"


class TraceError(SymnumError):
    """A function can't be traced: which line of it, and why.

    Parameters
    ----------
    reason : str
        What can't be traced, and what to write instead.
    filename : str, optional
        The file of the user's line.
    line : int
        Its number, counted from 1.
    source : str, optional
        Its text.

    Examples
    --------
    >>> import symnum
    >>> try:
    ...     symnum.trace(lambda x: int(x), n=1)
    ... except symnum.TraceError as error:
    ...     print(error.kind)
    usage
    """

    kind = "usage"

    def __init__(self, reason: str, filename: str = "", line: int = 0, source: str = "") -> None:
        self.reason = reason
        self.filename = filename
        self.line = line
        self.source = source
        super().__init__(self.sentence + (f"\n  {source}" if source else ""))

    @property
    def sentence(self) -> str:
        """The place and the reason, without the line's text."""
        return f"{self.filename}:{self.line}: {self.reason}" if self.filename else self.reason
