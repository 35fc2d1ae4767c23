"""Loading a user's function that is named as MODULE:CALLABLE. Importing a module runs it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from symnum.arguments import shown
from symnum.errors import UsageError

_EXAMPLE = "write one such as grad:gradient or ./grad.py:gradient"
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


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
    place, colon, name = text.rpartition(":")
    if not colon or not place or not _DOTTED.fullmatch(name):
        msg = f"{shown(text)} is not of the form MODULE:CALLABLE; {_EXAMPLE}"
        raise UsageError(msg)
    value: Any = _module(place)
    for part in name.split("."):
        if not hasattr(value, part):
            close = get_close_matches(part, [n for n in dir(value) if n[:1] != "_"], n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            msg = f"{shown(place)} has no {shown(name)}{hint}"
            raise UsageError(msg)
        value = getattr(value, part)
    if not callable(value):
        msg = f"{shown(text)} is a {type(value).__name__}, which can't be called"
        raise UsageError(msg)
    return value  # type: ignore[no-any-return]


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Send to stderr what the user's code prints meanwhile: stdout holds our answer alone."""
    sys.stdout.flush()
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    saved = None
    with suppress(OSError):  # no such descriptors: then nothing can be written to them either
        saved = os.dup(1)
        os.dup2(2, 1)  # what is written below Python, by a compiled library or a child
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if saved is not None:
            os.dup2(saved, 1)
            os.close(saved)


def _module(place: str) -> ModuleType:
    is_file = place.endswith(".py")
    if not is_file and not _DOTTED.fullmatch(place):
        msg = f"{shown(place)} is neither a module's name nor a .py file; {_EXAMPLE}"
        raise UsageError(msg)
    here = str(Path.cwd())
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
                f"there is no module {shown(error.name)} in the current directory, nor among the "
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
        msg = f"there is no file {shown(str(path))}"
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
    traceback.print_exception(type(error), error, shown_from, file=sys.stderr)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return UsageError(f"the module {shown(place)} does not import: {text.splitlines()[0]}")


def _users(frames: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame on that is neither ours nor the import system's."""
    while frames is not None:
        name = frames.tb_frame.f_code.co_filename
        if name not in {__file__, importlib.__file__} and not name.startswith("<frozen importlib"):
            return frames
        frames = frames.tb_next
    return None
