"""Documents made of sentences and grids, rendered as plain text or with rich."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

UNKNOWN = 96
"""Columns that a text is made for where its reader's screen is unknown; it gets whole tables."""

_GAP = "  "
_ALARMS = frozenset(("kink", "jump", "pole", "edge", "undefined", "undecided", "nonanalytic"))


@dataclass(frozen=True)
class Grid:
    """Rows of cells under headings.

    Parameters
    ----------
    headings : tuple of str
        One a column; a line break in a heading starts a second line.
    rows : tuple of tuple of str
        The cells.
    left : frozenset of int
        Columns that are aligned to the left; numbers go to the right.
    strong : frozenset of int
        Rows that rich prints in bold.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[int] = frozenset()
    strong: frozenset[int] = frozenset()

    @property
    def widths(self) -> tuple[int, ...]:
        """Return the widths of the columns."""
        heads = (max(map(len, heading.split("\n"))) for heading in self.headings)
        cells = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.headings)
        return tuple(
            max([head, *map(len, column)]) for head, column in zip(heads, cells, strict=True)
        )

    @property
    def width(self) -> int:
        """Return the width of the whole grid as plain text."""
        return sum(self.widths) + len(_GAP) * (len(self.headings) - 1)

    def lines(self) -> list[str]:
        """Return the grid as lines of plain text."""
        widths = self.widths

        def line(cells: Sequence[str]) -> str:
            placed = (
                cell.ljust(width) if i in self.left else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            return _GAP.join(placed).rstrip()

        heads = [heading.split("\n") for heading in self.headings]
        depth = max(map(len, heads), default=0)
        heads = [[""] * (depth - len(head)) + head for head in heads]
        above = [line([head[i] for head in heads]) for i in range(depth)]
        return [*above, line(["-" * width for width in widths]), *map(line, self.rows)]

    def stacked(self, width: int) -> list[str]:
        """Return each row as lines below each other, heading and cell, none of them cut."""
        heads = [heading.replace("\n", " ") for heading in self.headings]
        column = max(map(len, heads), default=0)
        lines: list[str] = []
        for row in self.rows:
            lines += [""] if lines else []
            for head, cell in zip(heads, row, strict=True):
                line = f"{head.ljust(column)}{_GAP}{cell}" if head else cell
                if len(line) <= width:
                    lines.append(line)
                else:
                    lines += [head, *_wrap(f"{_GAP}{cell}", width).split("\n")]
        return lines

    def fitted(self, width: int) -> list[str]:
        """Return the grid as it fits a reader's screen; one of `UNKNOWN` width gets a grid."""
        is_narrow = self.width > width and width < UNKNOWN
        return self.stacked(width) if is_narrow else self.lines()


@dataclass(frozen=True)
class Heading:
    """A line that starts a part of a document."""

    text: str


Block = Heading | str | Grid


def plain(blocks: Iterable[Block], width: int) -> str:
    """Return a document as plain text; grids that a narrow screen can't hold are stacked."""
    parts = []
    for block in blocks:
        if isinstance(block, Grid):
            parts.append("\n".join(block.fitted(width)))
        elif isinstance(block, Heading):
            parts.append(_wrap(block.text, width))
        else:
            parts.append("\n".join(_wrap(line, width) for line in block.split("\n")))
    return "\n\n".join(parts)


def render(blocks: Iterable[Block], console: Console) -> None:
    """Print a document on a rich console: plain text unless it is a terminal."""
    if not console.is_terminal:
        text = plain(blocks, console.width)
        console.print(text, markup=False, highlight=False, soft_wrap=True, emoji=False)
        return
    from rich.text import Text

    for i, block in enumerate(blocks):
        if i:
            console.print()
        if isinstance(block, Grid) and block.width > console.width:
            console.print(Text("\n".join(block.stacked(console.width))))
        elif isinstance(block, Grid):
            console.print(_rich_grid(block))
        elif isinstance(block, Heading):
            console.print(Text(block.text, style="bold cyan"))
        else:
            console.print(Text(block))


def _rich_grid(grid: Grid) -> object:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for i, heading in enumerate(grid.headings):
        justify = "left" if i in grid.left else "right"
        table.add_column(Text(heading), justify=justify, vertical="bottom")  # type: ignore[arg-type]
    for i, row in enumerate(grid.rows):
        cells = [_rich_cell(cell) for cell in row]
        table.add_row(*cells, style="bold" if i in grid.strong else None)
    return table


def _rich_cell(cell: str) -> Text:
    from rich.text import Text

    style = "bold magenta" if cell.startswith("*") else "yellow" if cell in _ALARMS else ""
    return Text(cell, style=style)


def wrapped(text: str, width: int) -> str:
    """Return lines that fit a narrow screen, those after the first indented; others as they are."""
    if width >= UNKNOWN or len(text) <= width:
        return text
    return _wrap(text, width, _GAP)


def _wrap(line: str, width: int, more: str = "") -> str:
    indent = line[: len(line) - len(line.lstrip())]
    wrapped = textwrap.wrap(
        line.strip(),
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent + more,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(wrapped)
