"""The house: a module imports from its own floor and those below it, never upward."""

from __future__ import annotations

from pathlib import Path

import pytest

import symnum
from tests.house.floors import EXEMPT, imports_of, violations

PACKAGE = Path(symnum.__file__).parent


def house(root: Path, files: dict[str, str]) -> Path:
    """Build a small package of the given files."""
    for name, text in {"__init__.py": "", **files}.items():
        path = root / "symnum" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root / "symnum"


def test_no_import_goes_upward():
    """Every import in symnum stays on its floor or goes down."""
    assert violations(PACKAGE) == []


def test_every_exemption_is_needed():
    """What is exempt is really imported there, so that the list can't grow stale."""
    found = {
        (item.module, ".".join(item.target.split(".")[:2]))
        for path in PACKAGE.rglob("*.py")
        for item in imports_of(PACKAGE, path)
    }
    assert found >= EXEMPT


@pytest.mark.parametrize(
    "text",
    [
        "from symnum.report.text import sweep_text",
        "import symnum.report.text",
        "import symnum.report.text as text",
        "from symnum import report",
        "from ..report import text",
        "from .. import report",
        "def f():\n    from symnum.report.text import sweep_text",
        "class C:\n    def f(self):\n        import symnum.cli",
        "if TYPE_CHECKING:\n    from symnum.differences.sweep import Sweep",
        "from symnum import Formula",
        "from symnum import __version__",
    ],
)
def test_planted_upward_import_is_found(tmp_path, text):
    """Planted: an upward import in any of its spellings is found, inside functions too."""
    package = house(tmp_path, {"formula/parse.py": text})
    assert len(violations(package)) == 1
    assert "symnum.formula.parse:" in violations(package)[0]


def test_downward_imports_are_free(tmp_path):
    """Planted: imports downward and on the same floor, and of other packages, are not reported."""
    text = (
        "import numpy\n"
        "import symnumerics\n"
        "from symnum.formula.program import Program\n"
        "from symnum.errors import SymnumError\n"
        "from .schemes import Scheme\n"
        "from ..version import __version__\n"
    )
    assert violations(house(tmp_path, {"differences/sweep.py": text})) == []


def test_exemption_holds_inside_functions_only(tmp_path):
    """Planted: the exempt module must not import report/ at its top."""
    inside = "def f():\n    from symnum.report.text import sweep_text"
    outside = "from symnum.report.text import sweep_text"
    assert violations(house(tmp_path, {"differences/sweep.py": inside})) == []
    assert len(violations(house(tmp_path, {"differences/sweep.py": outside}))) == 1


def test_new_room_needs_a_floor(tmp_path):
    """Planted: a module that stands on no floor is reported."""
    package = house(tmp_path, {"helpers.py": ""})
    assert violations(package) == ["symnum.helpers stands on no floor: give it one in FLOORS"]
