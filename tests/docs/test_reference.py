"""The reference is complete: every command, option, function and module stands in it."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

import symnum
from symnum.formula import constants, tokens
from symnum.formula.functions import CONSTANTS, FUNCTIONS, KEYWORDS, PREFIXES

ROOT = Path(__file__).parents[2]
PACKAGE = Path(symnum.__file__).parent
GRAMMAR = "reference-grammar.md"
FINISHED = {"symnum", "formula", "demo", "differences", "report", "zoo"}


def document(name: str) -> str:
    """Return a document's text."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def commands() -> dict[str, set[str]]:
    """Return the options of each command, read from the source of the command line."""
    tree = ast.parse((PACKAGE / "cli.py").read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(d, ast.Call) and ast.unparse(d.func) == "app.command"
            for d in node.decorator_list
        ):
            names = [a.arg for a in node.args.kwonlyargs]
            found[node.name] = {"--" + name.replace("_", "-") for name in names}
    return found


def section(text: str, heading: str) -> str:
    """Return what stands under a heading of the second level."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_commands_are_found():
    """The list of commands is the one that the command line has."""
    assert {"diff", "sweep"} <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_every_option_is_documented(command):
    """Each command has a section of the reference, and each of its options a row there."""
    text = section(document("reference-cli.md"), f"symnum {command}")
    assert [o for o in sorted(commands()[command]) if f"| `{o}" not in text] == []


@pytest.mark.parametrize("command", commands())
def test_no_option_is_documented_that_is_not_there(command):
    """A row of the reference names an option that the command has."""
    text = section(document("reference-cli.md"), f"symnum {command}")
    rows = set(re.findall(r"^\| `(--[a-z-]+)", text, re.MULTILINE))
    assert rows - commands()[command] == {"--help"}


@pytest.mark.parametrize("words", [FUNCTIONS, CONSTANTS, KEYWORDS, PREFIXES], ids=len)
def test_every_word_of_the_grammar_is_documented(words):
    """Each function, alias, constant, keyword and prefix stands in the grammar's reference."""
    text = re.sub(r"^```.*?^```$", "", document(GRAMMAR), flags=re.MULTILINE | re.DOTALL)
    written = set(re.findall(r"[\w.]+", " ".join(re.findall(r"`[^`]+`", text))))
    written |= {word.rstrip(".") for word in written}
    assert [word for word in words if word not in written] == []


@pytest.mark.parametrize(
    "limit",
    [
        tokens.MAX_CHARACTERS,
        tokens.MAX_DEPTH,
        tokens.MAX_DIGITS,
        tokens.MAX_DECIMAL_EXPONENT,
        constants.MAX_EXPONENT,
    ],
)
def test_every_limit_is_documented(limit):
    """The limits of the grammar's reference are those of the code."""
    assert f"{limit:,}" in section(document(GRAMMAR), "Limits")


REFUSED = re.findall(
    r"^\| `([^`]+)` \| (.+) \|$", section(document(GRAMMAR), "What is refused"), re.MULTILINE
)


@pytest.mark.parametrize(("text", "says"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_is_refused_says_what_the_reference_says(text, says):
    """A refused text raises the message that the reference shows."""
    with pytest.raises(symnum.SymnumError) as caught:
        symnum.Formula(text)
    message = str(caught.value).splitlines()[0]
    assert message == re.sub(r"\\([*|])", r"\1", says)


def test_every_module_is_in_the_architecture():
    """Each committed module of a finished floor stands in docs/architecture.md."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: what is committed is read from git")
    done = subprocess.run(
        ["git", "ls-files", "symnum"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [Path(name) for name in done.stdout.split() if name.endswith((".py", ".lark"))]
    finished = {path.name for path in names if path.parent.name in FINISHED}
    text = document("architecture.md")
    missing = [n for n in sorted(finished) if not n.startswith("__") and f"{n}`" not in text]
    assert missing == [], "say in docs/architecture.md what these modules are"


def test_every_document_is_in_the_index():
    """Each document is linked from docs/index.md."""
    text = document("index.md")
    names = {p.name for p in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert [name for name in sorted(names) if f"]({name})" not in text] == []


def test_every_document_is_in_the_readme():
    """Each document is linked from README.md."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = {p.name for p in (ROOT / "docs").glob("*.md")}
    assert [name for name in sorted(names) if f"](docs/{name})" not in text] == []
