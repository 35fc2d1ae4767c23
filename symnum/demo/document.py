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
        for number in table.numbers:
            lines += _number_lines(table, number, width)
        lines.append("")
    return lines


def _number_lines(table: Table, number: Number, width: int) -> list[str]:
    plain, exact = shown(number, number.plain), shown(number, number.exact)
    exact = number.exactly or exact
    line = f"   {number.name}: {table.plain} {plain}, {table.exact} {exact}"
    if len(line) <= width:
        return [line]
    below = [f"{head}: {value}" for head, value in ((table.plain, plain), (table.exact, exact))]
    return [
        *_wrapped(number.name, width, 3),
        *(line for text in below for line in _wrapped(text, width, 6)),
    ]


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
