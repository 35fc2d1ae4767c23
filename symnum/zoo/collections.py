"""The zoo's collections, read from the JSON files beside this module when they are first used."""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from symnum.errors import UsageError
from symnum.zoo.problem import Point, Problem

COLLECTIONS = ("classics", "fpbench", "nist", "mgh")


def names(collection: str | None = None) -> list[str]:
    """Return the problems' names, in the order of their collections.

    Parameters
    ----------
    collection : str, optional
        One of `COLLECTIONS`; all of them without it.

    Raises
    ------
    UsageError
        There is no such collection.

    Examples
    --------
    >>> import symnum as sn
    >>> sn.zoo.names("nist")[:3]
    ['Bennett5', 'BoxBOD', 'Chwirut1']
    """
    return [name for name, (home, _) in _records().items() if _wanted(home, collection)]


def get(name: str) -> Problem:
    """Return the problem of that name.

    Parameters
    ----------
    name : str
        As `names()` lists it.

    Raises
    ------
    UsageError
        There is none; the message names those that are spelled alike.

    Examples
    --------
    >>> import symnum as sn
    >>> sn.zoo.get("NMSE problem 3.4.1").text
    '(1 - cos(x))/(x*x)'
    """
    found = _records().get(name) if isinstance(name, str) else None
    if found is None:
        raise UsageError(_unknown(name))
    return _problem(name, *found)


def problems(collection: str | None = None) -> list[Problem]:
    """Return the problems themselves, in the order of `names()`.

    Parameters
    ----------
    collection : str, optional
        One of `COLLECTIONS`; all of them without it.

    Raises
    ------
    UsageError
        There is no such collection.

    Examples
    --------
    >>> import symnum as sn
    >>> len(sn.zoo.problems("fpbench"))
    115
    """
    return [get(name) for name in names(collection)]


def _wanted(home: str, collection: str | None) -> bool:
    if collection is not None and collection not in COLLECTIONS:
        msg = f"there is no collection {collection!r}; there are {', '.join(COLLECTIONS)}"
        raise UsageError(msg)
    return collection is None or home == collection


def _unknown(name: object) -> str:
    shown = ascii(name if len(str(name)) <= 60 else f"{str(name)[:57]}...")
    by_lower = {known.lower(): known for known in _records()}
    close = get_close_matches(str(name)[:60].lower(), by_lower, n=3, cutoff=0.5)
    hint = ", ".join(repr(by_lower[found]) for found in close)
    return f"the zoo has no problem {shown}; " + (
        f"did you mean {hint}?" if hint else "symnum.zoo.names() lists them"
    )


@cache
def _collection(name: str) -> dict[str, Any]:
    text = resources.files("symnum.zoo").joinpath(f"{name}.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def _records() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return name -> (collection, record), in order."""
    return {
        record["name"]: (home, record)
        for home in COLLECTIONS
        for record in _collection(home)["problems"]
    }


def _problem(name: str, home: str, record: dict[str, Any]) -> Problem:
    """Build a problem of its own from a record, so that nobody shares a dict with the next."""
    document = _collection(home)
    text = record["formula"]
    box = record.get("box")
    return Problem(
        name=name,
        collection=home,
        text=text if isinstance(text, str) else tuple(text),
        variables=tuple(record["variables"]),
        box=None if box is None else {v: (side[0], side[1]) for v, side in box.items()},
        precondition=record.get("precondition"),
        points=tuple(
            Point(
                {v: float(x) for v, x in point["at"].items()},
                point["why"],
                tuple(point.get("status", ())),
            )
            for point in record.get("points", ())
        ),
        parameters={v: float(x) for v, x in record.get("parameters", {}).items()},
        source=record.get("source", document["source"]),
        licence=document["licence"],
        note=record.get("note", ""),
    )
