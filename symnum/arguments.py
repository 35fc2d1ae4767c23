"""What the command line's texts mean: points, ranges, tables of points, steps and parameters.

Every text is data: it is matched, split and converted to doubles, and never looked up or run.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from symnum.errors import DomainError, UsageError

if TYPE_CHECKING:
    import numpy as np

MOST_POINTS = 1_000_000
"""Points that one command takes."""

MOST_STEPS = 100_000
"""Steps that one command takes."""

MOST_VARIABLES = 1_000_000
"""Variables that one command takes of code without a formula."""

MOST_PARAMETERS = 200_000
"""Parameters of a network on the command line: their exact gradient takes seconds."""

MOST_SAMPLES = 1_000
"""Samples of a batch on the command line."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_LONGEST_NUMBER = 1_000
_LARGEST_EXPONENT = 400
_LARGEST_TABLE = 200_000_000
_MOST_COORDINATES = 20_000_000


def read_points(
    at: Sequence[str],
    table: Path | None,
    variables: Sequence[str],
    owner: str = "the formula",
    what: str = "--at",
) -> np.ndarray | None:
    """Return the points of all `--at` and `--points`, shape (P, n); None where none was given.

    Parameters
    ----------
    at : sequence of str
        Such as `x=5,y=1`; a value may be a range, `x=0:10:101`. Ranges together make a grid, whose
        last range runs fastest.
    table : Path, optional
        A CSV file whose header names the variables.
    variables : sequence of str
        The formula's variables, in order.
    owner : str
        Whose variables they are, for messages.
    what : str
        The option that gave them, for messages.

    Raises
    ------
    UsageError
        A text can't be understood, a variable is unknown or missing, or there are too many points.
    DomainError
        A value is not finite.
    """
    import numpy as np

    if not at and table is None:
        return None
    blocks = [_read_at(text, variables, owner, what) for text in at]
    if table is not None:
        blocks.append(_read_table(table, variables))
    _check_count(sum(len(block) for block in blocks), len(variables))
    return np.concatenate(blocks)


def read_steps(text: str) -> np.ndarray:
    """Return the steps of `--h`: `1e-4`, `1e-2,1e-4`, or `1e-15:1:61`, which is logarithmic.

    Raises
    ------
    UsageError
        The text can't be understood.
    DomainError
        A step is not finite and positive.
    """
    import numpy as np

    where = f"--h {shown(text)}"
    if ":" in text:
        first, last, count = _range(text, where, "1e-15:1:61")
        for value in (first, last):
            _check_step(value, where)
        if count > MOST_STEPS:
            msg = f"{where}: {count:,} steps are more than one command takes ({MOST_STEPS:,})"
            raise UsageError(msg)
        # geomspace keeps both ends as they were written
        return np.geomspace(first, last, count)
    steps = [read_number(piece, where) for piece in text.split(",")]
    for step in steps:
        _check_step(step, where)
    return np.array(steps)


def read_domain(
    texts: Sequence[str], variables: Sequence[str], owner: str = "the formula"
) -> dict[str, tuple[float, float]] | None:
    """Return the bounds of `--domain x=-2:2,y=0:1`; None where none was given.

    Parameters
    ----------
    texts : sequence of str
        What was typed.
    variables : sequence of str
        The variables there are.
    owner : str
        Whose variables they are, for messages.

    Raises
    ------
    UsageError
        A text can't be understood, or a variable is unknown or given twice.
    DomainError
        A bound is not finite, or an interval is empty.
    """
    found: dict[str, tuple[float, float]] = {}
    for text in texts:
        where = f"--domain {shown(text)}"
        for name, value in _assignments(text, where, "x=-2:2"):
            if name not in variables:
                msg = (
                    f"{where}: there is no variable {shown(name)}; {owner} has {listed(variables)}"
                )
                raise UsageError(msg)
            if name in found:
                msg = f"--domain gives {shown(name)} twice"
                raise UsageError(msg)
            low, colon, high = value.partition(":")
            if not colon or ":" in high:
                msg = f"{where}: an interval is LOW:HIGH, such as {name}=-2:2"
                raise UsageError(msg)
            found[name] = read_number(low, where), read_number(high, where)
            if found[name][0] > found[name][1]:
                msg = f"{where}: {name} from {low.strip()} to {high.strip()} is empty"
                raise DomainError(msg)
    return found or None


def read_ranges(texts: Sequence[str], variables: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Return the ranges of `--range x=0:20` or `x=0:20:101,y=-1:1`, by name.

    Parameters
    ----------
    texts : sequence of str
        FIRST:LAST or FIRST:LAST:COUNT for each name.
    variables : sequence of str
        The formula's variables, in order.

    Raises
    ------
    UsageError
        A text can't be understood, or a variable is unknown or given twice.
    DomainError
        An end is not finite.
    """
    ranges: dict[str, tuple[float, ...]] = {}
    for text in texts:
        where = f"--range {shown(text)}"
        example = f"{variables[0]}=0:20" if variables else "x=0:20"
        for name, value in _assignments(text, where, example):
            if name not in variables:
                msg = f"{where}: there is no variable {shown(name)}; {_has(variables)}"
                raise UsageError(msg)
            if name in ranges:
                msg = f"{where}: {name} is given twice"
                raise UsageError(msg)
            pieces = [piece.strip() for piece in value.split(":")]
            if len(pieces) == 3 and not _WHOLE.fullmatch(pieces[2]):
                msg = f"{where}: the count {shown(pieces[2])} is not a whole number"
                raise UsageError(msg)
            if len(pieces) not in {2, 3}:
                msg = (
                    f"{where}: a range is FIRST:LAST or FIRST:LAST:COUNT, such as {name}=0:20 or "
                    f"{name}=0:20:101"
                )
                raise UsageError(msg)
            ends = tuple(read_number(piece, where) for piece in pieces[:2])
            ranges[name] = (*ends, *(int(count) for count in pieces[2:]))
    return ranges


def read_secants(texts: Sequence[str], variables: Sequence[str]) -> list[tuple[float, float]]:
    """Return the (x, h) of every `--secant x=5@1`.

    Raises
    ------
    UsageError
        A text can't be understood, or the variable is unknown.
    DomainError
        A number is not finite.
    """
    secants = []
    for text in texts:
        where = f"--secant {shown(text)}"
        example = f"{variables[0]}=5@1" if variables else "x=5@1"
        for name, value in _assignments(text, where, example):
            if name not in variables:
                msg = f"{where}: there is no variable {shown(name)}; {_has(variables)}"
                raise UsageError(msg)
            x, sign, h = value.partition("@")
            if not sign:
                msg = f"{where}: the step is missing; write NAME=X@H, such as {example}"
                raise UsageError(msg)
            secants.append((read_number(x, where), read_number(h, where)))
    return secants


def read_tangents(
    texts: Sequence[str], variables: Sequence[str], option: str = "--tangent"
) -> np.ndarray | None:
    """Return the points of `--tangent x=5`, shape (P, n); None where none was given.

    Raises
    ------
    UsageError
        A text can't be understood, or a variable is unknown or missing.
    DomainError
        A value is not finite.
    """
    import numpy as np

    if not texts:
        return None
    blocks = [_read_at(text, variables, "the formula", option) for text in texts]
    return np.concatenate(blocks)


def read_parameters(texts: Sequence[str]) -> dict[str, Fraction]:
    """Return the values of `--bind a=2,b=0.1`, each the exact rational that it spells.

    Raises
    ------
    UsageError
        A text can't be understood, or binds a name twice.
    DomainError
        A value is not finite.
    """
    values: dict[str, Fraction] = {}
    for text in texts:
        for name, value in _assignments(text, f"--bind {shown(text)}", "a=2"):
            if name in values:
                msg = f"--bind gives {shown(name)} twice"
                raise UsageError(msg)
            values[name] = _exact_number(value, f"--bind {shown(name)}")
    return values


def read_names(text: str) -> list[str]:
    """Return the names of `--variables x,y`.

    Raises
    ------
    UsageError
        A name is empty.
    """
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        msg = f"--variables {shown(text)} holds an empty name; write names such as x,y"
        raise UsageError(msg)
    return names


def read_order(text: str) -> int:
    """Return the derivative order of `--derivative-order 2`.

    Raises
    ------
    UsageError
        It is not a whole number from 1 on.
    """
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        msg = f"--derivative-order is a whole number from 1 on; {shown(text)} was given"
        raise UsageError(msg)
    return int(text)


def read_seed(text: str) -> int:
    """Return the seed of `--seed 7`.

    Raises
    ------
    UsageError
        It is not a whole number from 0 on.
    """
    if not _WHOLE.fullmatch(text):
        msg = f"--seed is a whole number from 0 on, of up to 9 digits; {shown(text)} was given"
        raise UsageError(msg)
    return int(text)


def read_count(text: str) -> int:
    """Return the number of variables of `--n 3`.

    Raises
    ------
    UsageError
        It is not a whole number from 1 on, or too large.
    """
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        msg = f"--n, how many variables, is a whole number from 1 on; {shown(text)} was given"
        raise UsageError(msg)
    if int(text) > MOST_VARIABLES:
        msg = f"--n: {int(text):,} variables are more than one command takes ({MOST_VARIABLES:,})"
        raise UsageError(msg)
    return int(text)


def read_layers(text: str) -> list[int]:
    """Return the units of `784,50,10`.

    Raises
    ------
    UsageError
        It is not a list of two or more whole numbers from 1 on, or too many parameters.
    """
    pieces = [piece.strip() for piece in text.split(",")]
    if len(pieces) < 2 or not all(_WHOLE.fullmatch(piece) and int(piece) for piece in pieces):
        msg = f"a network is its layers' units, such as 784,50,10; {shown(text)} was given"
        raise UsageError(msg)
    units = [int(piece) for piece in pieces]
    count = sum((n + 1) * m for n, m in pairwise(units))
    if count > MOST_PARAMETERS:
        msg = f"{count:,} parameters are more than one command takes ({MOST_PARAMETERS:,})"
        raise UsageError(msg)
    return units


def read_samples(text: str) -> int:
    """Return the number of samples of `--batch 3`.

    Raises
    ------
    UsageError
        It is not a whole number from 1 on, or too large.
    """
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MOST_SAMPLES:
        msg = (
            f"--batch, how many samples, is a whole number from 1 to {MOST_SAMPLES:,}; "
            f"{shown(text)} was given"
        )
        raise UsageError(msg)
    return int(text)


def read_steps_taken(text: str) -> int:
    """Return the number of steps of `--steps 100`.

    Raises
    ------
    UsageError
        It is not a whole number from 1 on.
    """
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        msg = f"--steps is a whole number from 1 on, of up to 9 digits; {shown(text)} was given"
        raise UsageError(msg)
    return int(text)


def read_timeout(text: str) -> float:
    """Return the seconds of `--timeout 10`.

    Raises
    ------
    UsageError
        It is not a number above 0.
    DomainError
        It is not finite.
    """
    seconds = read_number(text, "--timeout")
    if not seconds > 0:
        msg = f"--timeout is a number of seconds above 0; {shown(text)} was given"
        raise UsageError(msg)
    return seconds


def names_in(text: str) -> list[str]:
    """Return the names to the left of the signs of equality in `x=5,y=1`, whatever they are."""
    return [piece.partition("=")[0].strip() for piece in _pieces(text)]


def read_choice(text: str, option: str, choices: Sequence[str]) -> str:
    """Return a text that is one of several words.

    Raises
    ------
    UsageError
        It is none of them.
    """
    if text not in choices:
        msg = f"{option} is one of {', '.join(choices)}; {shown(text)} was given"
        raise UsageError(msg)
    return text


def read_number(text: str, where: str) -> float:
    """Return the double nearest the number that a text spells.

    Raises
    ------
    UsageError
        It is not a number.
    DomainError
        It is not finite, or beyond the doubles.
    """
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    if _NOT_FINITE.fullmatch(text):
        msg = f"{where}: {text} is not a finite number"
        raise DomainError(msg)
    if not is_number(text):
        msg = f"{where}: {shown(text)} is not a number; write one such as 5, -0.25 or 1e-4"
        raise UsageError(msg)
    value = float(text)
    if not math.isfinite(value):
        msg = f"{where}: {shown(text)} is beyond the largest double, 1.8e308"
        raise DomainError(msg)
    return value


def is_number(text: str) -> bool:
    """Say whether a text spells a finite number."""
    return len(text) <= _LONGEST_NUMBER and bool(_NUMBER.fullmatch(text))


def shown(text: str) -> str:
    """Return a text in quotes, without characters that steer a terminal, and not a page long."""
    return ascii(text if len(text) <= 60 else text[:60] + "...")


def listed(names: Sequence[str]) -> str:
    """Return names as people list them, the first dozen."""
    if not names:
        return "none"
    more = f", ... ({len(names)} in all)" if len(names) > 12 else ""
    return ", ".join(names[:12]) + more


def _has(variables: Sequence[str]) -> str:
    return f"the formula has {listed(variables)}"


def _read_at(text: str, variables: Sequence[str], owner: str, what: str) -> np.ndarray:
    import numpy as np

    where = f"{what} {shown(text)}"
    example = _example(text, variables)
    axes: dict[str, np.ndarray] = {}
    for name, value in _assignments(text, where, example):
        if name not in variables:
            msg = f"{where}: there is no variable {shown(name)}; {owner} has {listed(variables)}"
            raise UsageError(msg)
        if name in axes:
            msg = f"{where}: {name} is given twice"
            raise UsageError(msg)
        if ":" in value:
            first, last, count = _range(value, where, f"{name}=0:10:101")
            _check_count(count, 1)
            axes[name] = np.linspace(first, last, count)
        else:
            axes[name] = np.array([read_number(value, where)])
    if missing := [name for name in variables if name not in axes]:
        msg = f"{where} says nothing about {listed(missing)}; write {what} {example}"
        raise UsageError(msg)
    _check_count(math.prod(len(axis) for axis in axes.values()), len(variables))
    grid = dict(zip(axes, np.meshgrid(*axes.values(), indexing="ij"), strict=True))
    return np.column_stack([grid[name].ravel() for name in variables])


def _example(text: str, variables: Sequence[str]) -> str:
    """Return how a point is written: with the values typed, where only names are missing."""
    values = [piece.strip() for piece in _pieces(text)]
    if len(values) == len(variables) and all(is_number(value) for value in values):
        return ",".join(f"{name}={value}" for name, value in zip(variables, values, strict=True))
    return ",".join(f"{name}=1" for name in variables[:3]) or "x=5"


def _assignments(text: str, where: str, example: str) -> Iterator[tuple[str, str]]:
    for piece in _pieces(text):
        name, sign, value = (part.strip() for part in piece.partition("="))
        if not sign or not name or not value:
            msg = f"{where} is not of the form NAME=VALUE; write {example}"
            raise UsageError(msg)
        yield name, value


def _pieces(text: str) -> list[str]:
    """Split at the commas, but not at those inside a name such as W[1,2]."""
    return re.split(r",(?![^\[\]]*\])", text)


def _range(text: str, where: str, example: str) -> tuple[float, float, int]:
    pieces = [piece.strip() for piece in text.split(":")]
    if len(pieces) != 3:
        msg = f"{where}: a range is FIRST:LAST:COUNT, such as {example}"
        raise UsageError(msg)
    if not _WHOLE.fullmatch(pieces[2]) or int(pieces[2]) < 2:
        msg = (
            f"{where}: the count {shown(pieces[2])} is not a whole number from 2 on; a range is "
            f"FIRST:LAST:COUNT, such as {example}"
        )
        raise UsageError(msg)
    return read_number(pieces[0], where), read_number(pieces[1], where), int(pieces[2])


def _check_step(value: float, where: str) -> None:
    if not value > 0:
        msg = f"{where}: a step is above 0; {value:g} is not"
        raise DomainError(msg)


def _check_count(points: int, variables: int) -> None:
    if points > MOST_POINTS:
        msg = f"{points:,} points are more than one command takes ({MOST_POINTS:,})"
        raise UsageError(msg)
    if points * variables > _MOST_COORDINATES:
        msg = f"{points:,} points of {variables:,} variables are more than one command takes"
        raise UsageError(msg)


def _exact_number(text: str, where: str) -> Fraction:
    read_number(text, where)
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    exponent = re.search(r"[eE]([+-]?[0-9]+)$", text)
    if exponent and (len(exponent[1]) > 5 or abs(int(exponent[1])) > _LARGEST_EXPONENT):
        msg = f"{where}: the exponent of {shown(text)} is not within ±{_LARGEST_EXPONENT}"
        raise UsageError(msg)
    return Fraction(text)


def _read_table(path: Path, variables: Sequence[str]) -> np.ndarray:
    import numpy as np

    rows = _rows(path)
    name = shown(str(path))
    line, header = next(rows, (1, []))
    header = [cell.strip() for cell in header]
    if not any(header):
        msg = f"{name} is empty: its first line must name the variables, {listed(variables)}"
        raise UsageError(msg)
    for variable in variables:
        if header.count(variable) != 1:
            found = "is no column" if variable not in header else "are two columns"
            hint = "; separate columns by commas" if len(header) == 1 and variables[1:] else ""
            msg = (
                f"{name}, line {line}: there {found} named {variable}; "
                f"the header has {listed([shown(cell) for cell in header])}{hint}"
            )
            raise UsageError(msg)
    columns = [header.index(variable) for variable in variables]
    points = []
    for line, row in rows:
        if len(row) != len(header):
            msg = f"{name}, line {line}: {len(row)} cells where the header has {len(header)}"
            raise UsageError(msg)
        cells = zip(columns, variables, strict=True)
        points.append([read_number(row[i], f"{name}, line {line}, column {v}") for i, v in cells])
        _check_count(len(points), len(variables))
    if not points:
        msg = f"{name} has a header and no points"
        raise UsageError(msg)
    return np.array(points, dtype=np.float64)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of every line that isn't blank."""
    name = shown(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_TABLE + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "not a file name"
        msg = f"can't read the table {name}: {reason}"
        raise UsageError(msg) from None
    if len(data) > _LARGEST_TABLE:
        msg = f"{name} is larger than {_LARGEST_TABLE:,} bytes"
        raise UsageError(msg)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = f"{name}, line {line}: not UTF-8; save the table as UTF-8"
        raise UsageError(msg) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        msg = f"{name}, line {reader.line_num}: {error}"
        raise UsageError(msg) from None
