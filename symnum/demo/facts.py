"""The demo's nouns: a script's number beside the exact one, and what is shown of a system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = float | int | str | tuple[float, ...] | None
"""A number, a point or list of numbers, a text, or None where a script says nothing."""


@dataclass(frozen=True)
class Number:
    """What a plain script gives, the exact value beside it, and why they differ.

    Parameters
    ----------
    name : str
        What it is.
    plain, exact : Value
        What the script gives, and the truth.
    why : str
        symnum's reason, as a sentence.
    exactly : str
        The exact value in closed form, such as 1/5, where it has one.
    digits : int or None
        Significant digits to show of what the script gives; all of them without it.
    exact_digits : int or None
        The same of the other number, where that is a measurement and no exact value.
    """

    name: str
    plain: Value
    exact: Value
    why: str
    exactly: str = ""
    digits: int | None = None
    exact_digits: int | None = None


@dataclass(frozen=True)
class Table:
    """Numbers that belong together.

    Parameters
    ----------
    title : str
        What they are.
    numbers : tuple of Number
        One a row.
    plain, exact : str
        Heads of the two columns.
    """

    title: str
    numbers: tuple[Number, ...]
    plain: str = "the script"
    exact: str = "exact"


@dataclass(frozen=True)
class Picture:
    """A picture beside the page.

    Parameters
    ----------
    file : str
        Its name in the demo's folder.
    alt : str
        What is to be seen, for those who can't see it.
    caption : str
        The text below it.
    """

    file: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Listing:
    """Text that is shown as it is, such as code.

    Parameters
    ----------
    title : str
        What it is.
    text : str
        The text.
    """

    title: str
    text: str


@dataclass(frozen=True)
class System:
    """One of the seven systems.

    Parameters
    ----------
    key : str
        Its short name, also in links: letters and hyphens.
    title : str
        What it is.
    case : str
        The case that is shown.
    sentences : (str, str)
        What there is to see.
    tables : tuple of Table
        Its numbers.
    pictures : tuple of Picture
        Its pictures.
    listings : tuple of Listing
        Code and formulas.
    headline : int
        Which table says most: the one that a terminal shows.
    """

    key: str
    title: str
    case: str
    sentences: tuple[str, str]
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...]
    listings: tuple[Listing, ...] = ()
    headline: int = 0


@dataclass(frozen=True)
class Demo:
    """All seven systems, with where and how they were made.

    Parameters
    ----------
    systems : tuple of System
        In order.
    environment : tuple of (str, str)
        Versions of what computed them.
    """

    systems: tuple[System, ...]
    environment: tuple[tuple[str, str], ...]
