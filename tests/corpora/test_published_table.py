"""The published table: it has every problem, and says what measuring again says."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from symnum import zoo

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "explanation-fpbench.md"


def section(title: str) -> list[list[str]]:
    """Return the rows of the table under a heading, as cells."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {title}")[2]
    rows = re.findall(r"^\| (.*) \|$", text.partition("\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows[1:]]


@pytest.fixture(scope="module")
def script():
    """Load the script that measures."""
    spec = importlib.util.spec_from_file_location(
        "fpbench_table", ROOT / "benchmarks" / "fpbench_table.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_table_has_every_problem_once():
    """Each FPBench problem has one row, in the order of the zoo."""
    names = [row[0] for row in section("All of them") if row[0]]
    assert names == zoo.names("fpbench")


def test_named_partials_are_of_the_zoo():
    """Each partial derivative that is named as inaccurate exists, and is named once."""
    named = [(row[0], row[1]) for row in section("Where plain lambdify is off")]
    assert len(named) == len(set(named)) > 0
    assert all(variable in zoo.get(name).variables for name, variable in named)


@pytest.mark.parametrize(
    "name", ["NMSE problem 3.4.1", "NMSE example 3.9", "NMSE p42, positive", "hypot", "cav10"]
)
def test_measuring_again_names_the_same_partials(script, name):
    """The script finds the same inaccurate partial derivatives again, and the same worst errors."""
    row = script.measure(name)
    found = [variable for variable, _ in script.wrong(row, script.LAMBDIFY)]
    published = [row[1] for row in section("Where plain lambdify is off") if row[0] == name]
    assert found == published
    cells = next(row for row in section("All of them") if row[0] == name)
    assert cells[1] == str(len(row.variables))
    assert (cells[6] == "–") is (row.branching == row.variables)
