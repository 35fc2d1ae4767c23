"""The demo as JSON and as lines on a terminal."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from symnum.demo.facts import Demo, Number, System, Table, Value
from symnum.demo.page import shown
from symnum.report.json import SCHEMA
from symnum.report.numbers import to_json_number
from symnum.report.text import WIDTH


def _exact(number: Number) -> str:
    return number.exactly or shown(number.exact, number.exact_digits)


def demo_to_json(demo: Demo, page: Path) -> str:
    """Return all numbers as a JSON document; the keys are in docs/reference-json.md.

    Parameters
    ----------
    demo : Demo
        The seven systems.
    page : Path
        The page that was written.
    """
    document = {
        "kind": "demo",
        "schema": SCHEMA,
        "environment": dict(demo.environment),
        "page": str(page),
        "systems": [_system(n, system) for n, system in enumerate(demo.systems, start=1)],
    }
    return json.dumps(document, allow_nan=False, ensure_ascii=True)


def demo_lines(demo: Demo, width: int = WIDTH) -> list[str]:
    """Return a few lines on each system: its title and the table that says most.

    Parameters
    ----------
    demo : Demo
        The seven systems.
    width : int
        Characters of a line; what doesn't fit stands on lines of its own.
    """
    lines = []
    for n, system in enumerate(demo.systems, start=1):
        lines.append(f"{n}. {system.title}")
        table = system.tables[system.headline]
        if system.headline:
            lines += _wrapped(f"{table.title}:", width, 3)
        lines += _table_lines(table, width)
        lines.append("")
    return lines


def _table_lines(table: Table, width: int) -> list[str]:
    """Return a line for each number, or lines below each other where one would be too long."""
    rows = [
        (number.name, shown(number.plain, number.digits), _exact(number))
        for number in table.numbers
    ]
    lines = [
        f"   {name}: {table.plain} {plain}, {table.exact} {exact}" for name, plain, exact in rows
    ]
    if max(map(len, lines)) <= width:
        return lines
    lines = []
    for name, plain, exact in rows:
        lines += _wrapped(name, width, 3)
        lines += _wrapped(f"{table.plain}: {plain}", width, 6)
        lines += _wrapped(f"{table.exact}: {exact}", width, 6)
    return lines


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, indent + 24),
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _system(n: int, system: System) -> dict[str, Any]:
    return {
        "system": n,
        "key": system.key,
        "title": system.title,
        "case": system.case,
        "sentences": list(system.sentences),
        "tables": [
            {
                "title": table.title,
                "heads": {"plain": table.plain, "exact": table.exact},
                "numbers": [_number(number) for number in table.numbers],
            }
            for table in system.tables
        ],
        "pictures": [
            {"file": picture.file, "alt": picture.alt, "caption": picture.caption}
            for picture in system.pictures
        ],
        "listings": [{"title": item.title, "text": item.text} for item in system.listings],
    }


def _number(number: Number) -> dict[str, Any]:
    return {
        "name": number.name,
        "plain": _value(number.plain),
        "exact": _value(number.exact),
        "exactly": number.exactly or None,
        "why": number.why,
    }


def _value(value: Value) -> Any:
    if isinstance(value, tuple):
        return [to_json_number(item) for item in value]
    if value is None or isinstance(value, str):
        return value
    return to_json_number(value)
