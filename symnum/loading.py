"""Loading a user's function that is named as MODULE:CALLABLE. Importing a module runs it."""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import inspect
import io
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, TextIO

from symnum.arguments import listed
from symnum.errors import UsageError, described, printable

_EXAMPLE = "write one such as grad:gradient or ./grad.py:gradient"
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


_FILE = ".py"
_LONGEST = 60  # characters of a name that a sentence shows
_SOON = 0.2  # seconds in which a thread whose work is done has ended


def names_code(text: str) -> bool:
    """Say whether a text has the form MODULE:CALLABLE, which no formula has: none has a colon.

    Parameters
    ----------
    text : str
        What was typed: a formula, or `package.module:name`, or `./file.py:name`.

    Examples
    --------
    >>> from symnum.loading import names_code
    >>> [names_code(text) for text in ["grad:f", "./grad.py:A.f", "x**2", "x[0:2]"]]
    [True, True, False, False]
    """
    place, _, name = text.rpartition(":")
    is_place = _DOTTED.fullmatch(place) or place.endswith(_FILE)
    return bool(is_place and _DOTTED.fullmatch(name))


def load(text: str) -> Callable[..., Any]:
    """Import the callable that a text names: `package.module:name` or `./file.py:name`.

    While the module is imported the current directory comes first on the import path. Afterwards
    it stays there as the last entry, for imports inside the user's functions.

    Parameters
    ----------
    text : str
        What was typed. A name may have dots, such as `models:Line.gradient`.

    Raises
    ------
    UsageError
        The text is of another form, the module does not import (its traceback is then written to
        stderr, from the user's first line on), or there is no such callable in it.

    Examples
    --------
    >>> from symnum.loading import load
    >>> load("math:sqrt")(4.0)
    2.0
    """
    return load_all([text])[0]


def load_all(texts: Sequence[str]) -> list[Callable[..., Any]]:
    """Import several callables as `load` does; a file that several of them name is run once.

    Parameters
    ----------
    texts : sequence of str
        What was typed.

    Raises
    ------
    UsageError
        As `load`.

    Examples
    --------
    >>> from symnum.loading import load_all
    >>> [function(4.0) for function in load_all(["math:sqrt", "math:floor"])]
    [2.0, 4]
    """
    for text in texts:  # before any of them runs
        place, colon, name = text.rpartition(":")
        if not colon or not place or not _DOTTED.fullmatch(name):
            msg = f"{_quoted(text)} is not of the form MODULE:CALLABLE; {_meant(text) or _EXAMPLE}"
            raise UsageError(msg)
    modules: dict[str, ModuleType] = {}
    found = []
    for text in texts:
        place = text.rpartition(":")[0]
        key = str(Path(place).resolve()) if place.endswith(_FILE) and "\0" not in place else place
        if key not in modules:
            modules[key] = _module(text)
        found.append(_callable_of(modules[key], text))
    return found


def variable_names(function: Callable[..., Any], n: int) -> list[tuple[str, ...]]:
    """Return what the n variables of code without a formula are called, the likeliest first.

    They are called as `trace` calls them: like the parameters where there are n of them, else
    `x0`, `x1`, ... for an array x, and `theta[0]`, ... for an array with another name.

    Parameters
    ----------
    function : callable
        The code of f.
    n : int
        How many variables it has.

    Raises
    ------
    UsageError
        It has several parameters without a default, and not n.

    Examples
    --------
    >>> from symnum.loading import variable_names
    >>> variable_names(lambda x: x[0] * x[1], 2), variable_names(lambda a, b: a * b, 2)
    ([('x0', 'x1')], [('a', 'b')])
    """
    names = parameters(function)
    if len(names) > 1:
        if len(names) != n:
            msg = (
                f"the function has {len(names)} parameters without a default, {listed(names)}; "
                f"with --n {n} it must have one, or {n}"
            )
            raise UsageError(msg)
        return [tuple(names)]
    name = names[0] if names else "x"
    array = tuple(f"x{i}" if name == "x" else f"{name}[{i}]" for i in range(n))
    # One variable may be a number or an array of one; both names say the same.
    return [(name,), array] if n == 1 else [array]


def parameters(function: Callable[..., Any]) -> list[str]:
    """Return a function's positional parameters without a default, or else its first one.

    Examples
    --------
    >>> from symnum.loading import parameters
    >>> parameters(lambda x, y, scale=1.0: scale * x * y)
    ['x', 'y']
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some compiled functions have none
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [p for p in signature.parameters.values() if p.kind in kinds]
    required = [p.name for p in positional if p.default is inspect.Parameter.empty]
    return required or [p.name for p in positional[:1]]


@contextmanager
def quiet_stdout() -> Iterator[TextIO]:
    """Send to stderr what the user's code prints meanwhile, and yield the real stdout.

    Our answer is written to what is yielded, so that it stands alone on stdout. What the code
    prints later goes to stderr too: while Python ends, or in a thread that it has left behind.
    The code gets streams of its own: those that it closes or takes away aren't ours.
    """
    threads = set(threading.enumerate())
    printed, told = _Ours(sys.stdout, 1), _Ours(sys.stderr, 2)
    answers = printed.twin(io.TextIOWrapper)
    with suppress(OSError):  # no such descriptors: then nothing can be written to them either
        os.dup2(2, 1)  # what is written below Python, by a compiled library or a child
    sys.stdout, sys.stderr = told.twin(_Lent), told.twin(_Lent)
    restore = True
    try:
        yield answers
        answers.flush()
        restore = not _left_behind(threads)
    finally:
        atexit.unregister(_only_stderr)
        atexit.register(_only_stderr)  # it runs before what the user's module has registered
        if answers is not printed.stream:
            with suppress(OSError):
                answers.close()
        sys.stderr = told.back()
        sys.stdout = printed.back() if restore else sys.stderr


class _Lent(io.TextIOWrapper):
    """A stream that somebody's code may close as often as it likes: it stays open.

    It stays open to the end of the process too, for what the code prints while Python ends.
    """

    def close(self) -> None:
        with suppress(OSError, ValueError):
            self.flush()


class _Ours:
    """A stream of the process, out of reach of somebody's code.

    Parameters
    ----------
    stream : text file
        The stream.
    number : int
        The descriptor that it has in a process; what is in memory has none, and is left alone.
    """

    def __init__(self, stream: TextIO, number: int) -> None:
        with suppress(OSError, ValueError):
            stream.flush()
        self.stream = stream
        self._number = number
        self._saved: int | None = None
        with suppress(OSError):
            self._saved = os.dup(number)
        self._is_on_it = self._saved is not None and _descriptor(stream) == number

    def twin(self, kind: type[io.TextIOWrapper]) -> TextIO:
        """Return another stream on the same file; itself where it is no file of the process."""
        if not self._is_on_it:
            return self.stream
        file = os.fdopen(os.dup(self._number), "wb", closefd=kind is not _Lent)
        encoding, errors = self.stream.encoding, self.stream.errors
        return kind(file, encoding=encoding, errors=errors, line_buffering=kind is _Lent)

    def back(self) -> TextIO:
        """Return the stream, on the file that it was on."""
        if self._saved is not None:
            os.dup2(self._saved, self._number)
            os.close(self._saved)
        if not (self._is_on_it and self.stream.closed):
            return self.stream
        encoding, errors = self.stream.encoding, self.stream.errors
        return os.fdopen(self._number, "w", encoding=encoding, errors=errors, closefd=False)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # a stream in memory has none
        return None


def _only_stderr() -> None:
    """Let everything that is printed from here on go to stderr."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        os.dup2(2, 1)
    sys.stdout = sys.stderr


def _left_behind(before: set[threading.Thread]) -> bool:
    """Say whether a thread of the user's still runs, and may print."""
    for thread in set(threading.enumerate()) - before:
        thread.join(_SOON)
        if thread.is_alive():
            return True
    return False


def _callable_of(module: ModuleType, text: str) -> Callable[..., Any]:
    place, _, name = text.rpartition(":")
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            close = get_close_matches(part, [n for n in dir(value) if n[:1] != "_"], n=1)
            meant = _hidden(module, text) or "".join(close)
            hint = f"; did you mean {meant}?" if meant else ""
            msg = f"{_quoted(place)} has no {_quoted(name)}{hint}"
            raise UsageError(msg)
        value = getattr(value, part)
    if not callable(value):
        msg = f"{_quoted(text)} is {described(value)}; a function is expected"
        raise UsageError(msg)
    return value  # type: ignore[no-any-return]


def _quoted(text: str) -> str:
    """Return a name in quotes, in its own letters, and not a page long."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _hidden(module: ModuleType, text: str) -> str:
    """Name the file of the current directory that a module of the same name hides, if any."""
    place, _, name = text.rpartition(":")
    file = Path(place + _FILE)
    if place.endswith(_FILE) or not file.is_file():
        return ""
    if getattr(module, "__file__", None) == str(file.resolve()):
        return ""
    return f"./{file}:{name}"


def _meant(text: str) -> str:
    """Say what a text may have meant: a file without its ending, or a dot for the colon."""
    place, colon, name = text.rpartition(":")
    if colon and name and "\0" not in place and Path(place + _FILE).is_file():
        return f"did you mean {printable(place + _FILE)}:{name}?"
    place, dot, name = text.rpartition(".")
    if dot and not colon and _DOTTED.fullmatch(place) and _DOTTED.fullmatch(name):
        return f"did you mean {place}:{name}?"
    return ""


def _module(text: str) -> ModuleType:
    place = text.rpartition(":")[0]
    is_file = place.endswith(_FILE)
    if not is_file and not _DOTTED.fullmatch(place):
        meant = _meant(text) or _EXAMPLE
        msg = f"{_quoted(place)} is neither a module's name nor a .py file; {meant}"
        raise UsageError(msg)
    try:
        here = str(Path.cwd())
    except OSError:
        msg = "the current directory no longer exists"
        raise UsageError(msg) from None
    sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        return _run_file(Path(place)) if is_file else importlib.import_module(place)
    except UsageError:
        raise
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (place == error.name or place.startswith(error.name + ".")):
            also = "; for a file write its name with .py" if "/" in place else ""
            msg = (
                f"there is no module {_quoted(error.name)} in the current directory, nor among the "
                f"installed ones{also}"
            )
            raise UsageError(msg) from None
        raise _failed(place, error) from None
    except BaseException as error:  # sys.exit() while importing is a failure too
        raise _failed(place, error) from None
    finally:
        sys.path.remove(here)
        sys.path.append(here)


def _run_file(path: Path) -> ModuleType:
    if not path.is_file():
        msg = f"there is no file {_quoted(str(path))}"
        raise UsageError(msg)
    name = path.stem if path.stem not in sys.modules else f"_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look themselves up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _failed(place: str, error: BaseException) -> UsageError:
    """Show the user's traceback without our frames, and say which module it was."""
    shown_from = _users(error.__traceback__)
    lines = traceback.format_exception(type(error), error, shown_from)
    sys.stderr.write(printable("".join(lines)))
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return UsageError(f"the module {_quoted(place)} does not import: {text.splitlines()[0]}")


def _users(frames: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame on that is neither ours nor the import system's."""
    while frames is not None:
        name = frames.tb_frame.f_code.co_filename
        if name not in {__file__, importlib.__file__} and not name.startswith("<frozen importlib"):
            return frames
        frames = frames.tb_next
    return None
