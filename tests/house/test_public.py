"""The public names: importable, typed, documented with a running example, and in the reference."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from enum import Enum
from pathlib import Path

import pytest

import symnum

ROOT = Path(__file__).parents[2]
NAMES = [name for name in symnum.__all__ if name != "__version__"]
MODULES = {"nets", "zoo"}
CALLABLES = [name for name in NAMES if name not in MODULES]


def test_all_is_sorted_and_without_repeats():
    """`__all__` is in order, so that a name is easy to find and stands there once."""
    assert symnum.__all__ == sorted(set(symnum.__all__))


@pytest.mark.parametrize("name", symnum.__all__)
def test_public_name_exists(name):
    """Every public name can be got, and is listed by dir()."""
    assert getattr(symnum, name) is not None
    assert name in dir(symnum)


def test_unknown_name_is_an_attribute_error():
    """A name that isn't there is refused the way Python refuses it."""
    with pytest.raises(AttributeError, match="module 'symnum' has no attribute 'Formla'"):
        _ = symnum.Formla
    assert not hasattr(symnum, "__wrapped__")


def test_type_checkers_see_what_python_sees():
    """The imports under TYPE_CHECKING are those that are made lazily, and make up `__all__`."""
    tree = ast.parse(Path(symnum.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {seen.pop(name) for name in MODULES} == {"symnum"}
    assert seen == symnum._HOME
    assert set(seen) | MODULES | {"__version__"} == set(symnum.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_public_name_has_a_docstring_that_starts_with_a_sentence(name):
    """A public name says in one sentence what it is."""
    text = inspect.getdoc(getattr(symnum, name)) or ""
    summary = text.partition("\n\n")[0]
    assert summary, f"{name} has no docstring"
    assert not text.startswith(f"{name}("), f"{name} has only the docstring that dataclass makes"
    assert summary[0].isupper()
    assert summary.rstrip().endswith((".", "?", ":"))


def is_error(value: object) -> bool:
    """Tell an error without anything of its own: it needs no example."""
    is_exception = isinstance(value, type) and issubclass(value, Exception)
    return is_exception and "__init__" not in vars(value)


@pytest.mark.parametrize("name", CALLABLES)
def test_public_name_has_an_example_that_runs(name):
    """A public name's docstring has an Examples section in NumPy's style, which Sybil runs."""
    value = getattr(symnum, name)
    text = inspect.getdoc(value) or ""
    if is_error(value):
        return
    assert re.search(r"^Examples\n-{8}$", text, re.MULTILINE), f"{name} has no Examples section"
    assert ">>> " in text.partition("Examples\n")[2]


@pytest.mark.parametrize("name", CALLABLES)
def test_every_parameter_is_documented(name):
    """A public name's docstring names every parameter, or every field."""
    value = getattr(symnum, name)
    if is_error(value) or (isinstance(value, type) and issubclass(value, Enum | Exception)):
        return
    text = inspect.getdoc(value) or ""
    heads = re.findall(r"^([*\w][*\w, ]*?)(?: : .*)?$", text, re.MULTILINE)
    documented = {word.strip(" *") for head in heads for word in head.split(",")}
    parameters = [p for p in inspect.signature(value).parameters if not p.startswith("_")]
    assert [p for p in parameters if p not in documented] == []


def reference() -> str:
    """Return the reference's text."""
    return "\n".join(p.read_text(encoding="utf-8") for p in sorted(ROOT.glob("docs/reference*.md")))


@pytest.mark.parametrize("name", NAMES)
def test_public_name_is_in_the_reference(name):
    """Every public name stands in docs/reference.md, as code."""
    assert re.search(rf"`(?:symnum\.|sn\.)?{name}\b", reference()), (
        f"docs/reference.md doesn't mention `{name}`"
    )


def test_version_is_stated_once():
    """The package's version is the one in version.py, and the distribution is built from it."""
    from symnum.version import __version__

    assert symnum.__version__ == __version__
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in text
    assert __version__ not in re.findall(r'^version = "(.*)"', text, re.MULTILINE)


def test_changelog_knows_the_version():
    """The changelog has a section for the version, or for what is not released yet."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[(Unreleased|{re.escape(symnum.__version__)})\]", text, re.MULTILINE)


def test_annotations_are_shipped():
    """The package is marked as typed."""
    assert (Path(symnum.__file__).parent / "py.typed").exists()


def test_public_modules_have_no_stray_output():
    """Importing every public name prints nothing and warns of nothing."""
    code = "import symnum\nfor name in symnum.__all__: getattr(symnum, name)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
