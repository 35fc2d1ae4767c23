"""The documents: every code block is run, and every link within the project leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^(```+|~~~+)([^\n`]*)\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)

RUN = {"python", "console"}  # conftest.py runs these
NOT_CODE = {"text", "json", "csv", "latex", "math", "mermaid"}


def ids(path: Path) -> str:
    """Name a document by its path."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_every_code_block_is_run(path):
    """A code block is Python or a console session; only the README's two lines are for a shell."""
    allowed = RUN | NOT_CODE | ({"bash"} if path.name == "README.md" else set())
    languages = {fence[1].strip() for fence in FENCE.findall(path.read_text(encoding="utf-8"))}
    assert languages <= allowed


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_nothing_is_skipped(path):
    """No block is hidden from the run, unless it shows a library that may be missing."""
    skips = re.findall(r"<!---?\s*skip:\s*(.*?)\s*-->", path.read_text(encoding="utf-8"))
    allowed = re.compile(r'end|start if\(missing\("(torch|jax)"\), reason="[^"]+"\)')
    assert [skip for skip in skips if not allowed.fullmatch(skip)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_links_within_the_project_lead_somewhere(path):
    """Every relative link and picture is a file of the project."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_readme_starts_with_two_commands():
    """The README's only shell block is two lines: set up and run the main job; test."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = (fence[2] for fence in FENCE.findall(text) if fence[1].strip() == "bash")
    lines = block.strip().splitlines()
    assert len(lines) == 2
    assert "venv" in lines[0]
    assert lines[0].endswith("/symnum demo")
    assert ".[test]" in lines[1]
    assert "pytest" in lines[1]
