"""What is committed: no paths of anybody's machine, no index addresses, nothing that runs text."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

import symnum

ROOT = Path(__file__).parents[2]
PACKAGE = Path(symnum.__file__).parent

# Split, so that this file doesn't match itself.
FORBIDDEN = {
    "an absolute home path": re.compile(
        r"/(?:home|Users)/[A-Za-z0-9_.-]+/|/" + r"root/|C:\\Users\\"
    ),
    "a package index's address": re.compile(
        r"https?://[^\s\"'>)]*/(?:simple|packages)/|pypi\." + r"org/simple|files\.python" + "hosted"
    ),
    "a path of a build machine": re.compile(r"/work" + r"/(?:main|shared)|/tmp" + "/venv"),
}

# What runs text as code. SymPy's own `S`, `sympify` and the parsers do, and so does a symbol's
# name when it is lambdified.
CODE_RUNNERS = {"S", "eval", "exec", "parse_expr", "sympify", "__import__"}


def committed() -> list[Path]:
    """Return the files that git knows of."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: what is committed is read from git")
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = filter(None, done.stdout.decode().split("\0"))
    return [path for path in map(ROOT.joinpath, names) if path.is_file()]


def findings(text: str) -> list[str]:
    """Return what the text holds that must not be committed."""
    return [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]


def test_committed_files_name_no_machine():
    """No committed file holds an absolute home path or the address of a package index."""
    found = {}
    for path in committed():
        bad = findings(path.read_bytes().decode("utf-8", errors="replace"))
        if bad:
            found[str(path.relative_to(ROOT))] = bad
    assert found == {}


@pytest.mark.parametrize(
    "text",
    ["/home/" + "ada/x.py", "https://host.example/" + "simple/numpy", "cd /work" + "/main"],
)
def test_planted_text_is_found(text):
    """Planted: each kind of text that must not be committed is found."""
    assert len(findings(text)) == 1


def runners(source: str) -> list[tuple[int, str]]:
    """Return (line, name) of every call that can run text as code."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else None
            name = function.id if isinstance(function, ast.Name) else name
            if name in CODE_RUNNERS:
                found.append((node.lineno, name))
    return found


def test_nothing_runs_text_as_code():
    """No module of symnum calls eval, exec, sympify, parse_expr or S."""
    found = {
        str(path.relative_to(PACKAGE)): runners(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }
    assert {name: calls for name, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "source",
    ["eval('1')", "sympy.sympify(t)", "S(t)", "f(exec('x'))", "sp.parsing.x.parse_expr(t)"],
)
def test_planted_runner_is_found(source):
    """Planted: a call that runs text as code is found wherever it stands."""
    assert len(runners(source)) == 1
