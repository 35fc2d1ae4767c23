"""run(): all seven systems into a folder, with the page that shows them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from symnum.demo.facts import Demo
from symnum.demo.networks import networks
from symnum.demo.page import GENERATOR, page
from symnum.demo.systems import derivative, descent, field, partials, symbolic, tangent
from symnum.errors import UsageError
from symnum.version import environment

PAGE = "index.html"
"""The page's name in its folder."""

SYSTEMS = (derivative, tangent, partials, symbolic, field, descent, networks)
"""What makes each system, in order."""

_HEAD = 2000  # characters of a page within which it says what made it


def run(
    folder: str | PathLike[str], progress: Callable[[int], object] | None = None
) -> tuple[Demo, Path]:
    """Compute, draw and write all seven systems.

    Parameters
    ----------
    folder : str or path
        Where to; it is made if it isn't there. Files of an earlier demo are replaced.
    progress : callable, optional
        Called with 1 after each system.

    Returns
    -------
    Demo
        The numbers.
    Path
        The page.

    Raises
    ------
    UsageError
        The folder is a file, can't be written, or holds a page that is not the demo's.
    """
    home = prepare(folder)
    made = []
    for system in SYSTEMS:
        made.append(system(home))
        if progress is not None:
            progress(1)
    demo = Demo(tuple(made), tuple(environment().items()))
    try:
        (home / PAGE).write_text(page(demo), encoding="utf-8")
    except OSError as error:
        raise UsageError(_cant_write(home / PAGE, error.strerror or str(error))) from None
    return demo, home / PAGE


def prepare(folder: str | PathLike[str]) -> Path:
    """Return the folder, made and tried, before any work is done.

    Parameters
    ----------
    folder : str or path
        Where the demo shall go.

    Raises
    ------
    UsageError
        It can't be, or something else is there.
    """
    home = Path(folder)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
        there = home / PAGE
        known = not there.exists() or GENERATOR in there.read_text("utf-8", "replace")[:_HEAD]
    except FileExistsError:
        msg = f"{str(home)!a} is a file; the demo writes several files into a folder"
        raise UsageError(msg) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(_cant_write(home, reason)) from None
    if not known:
        msg = (
            f"{str(there)!a} is there and was not made by symnum demo: name another folder "
            "with --out"
        )
        raise UsageError(msg)
    return home


def _cant_write(path: Path, reason: str) -> str:
    return f"can't write {str(path)!a}: {reason}"
