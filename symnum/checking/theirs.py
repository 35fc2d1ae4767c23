"""The traceback of somebody's code, without ours."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

_OURS = str(Path(__file__).resolve().parent.parent) + os.sep


def is_ours(filename: str) -> bool:
    """Tell our own files from somebody's."""
    return filename.startswith(_OURS)


def their_traceback(error: BaseException | None) -> str:
    """Return an exception's traceback from the first line of their code on.

    Parameters
    ----------
    error : exception or None
        What their code raised.

    Returns
    -------
    str
        Lines as Python prints them, the last with its end; empty where none of their lines ran, as
        where a call has too many arguments.
    """
    if error is None:
        return ""
    found = traceback.TracebackException(type(error), error, error.__traceback__)
    lines = [line for line in found.stack if not is_ours(line.filename)]
    if not lines:
        return ""
    found.stack = traceback.StackSummary.from_list(lines)
    return "".join(found.format())
