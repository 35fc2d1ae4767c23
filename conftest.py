"""What every test run shares: quiet plots, Hypothesis profiles, and documents as tests.

README.md, docs/ and the docstrings are run by Sybil. In the documents, `python` blocks are run, as
scripts or as sessions, and so are the commands after `$` in `console` blocks, whose output must be
what is printed. A `python` block that starts with a comment like `# test_model.py` is saved under
that name, for the commands below it. Each document runs from top to bottom in an empty folder of
its own.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

pytest_plugins = ["pytester"]  # tests of the plugin run pytest; only this file may name plugins

os.environ.setdefault("MPLBACKEND", "Agg")

# A busy machine is slow now and then: time is measured in benchmarks/, not by Hypothesis.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

DOCTEST_FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE
FILE_NAME = re.compile(r"# (\w+\.py)\n")


def missing(package: str) -> bool:
    """Tell whether a library of somebody else, which a document shows, is not installed."""
    return find_spec(package) is None


def enter_empty_folder(namespace: dict[str, Any]) -> None:
    """Run a document where it can write its pictures and tables."""
    folder = tempfile.TemporaryDirectory()
    namespace["_document"] = (folder, Path.cwd())
    namespace["missing"] = missing
    os.chdir(folder.name)


def leave_empty_folder(namespace: dict[str, Any]) -> None:
    """Come back, and leave nothing behind."""
    folder, home = namespace.pop("_document")
    os.chdir(home)
    folder.cleanup()


def commands_of(block: str) -> list[tuple[str, str]]:
    """Split a console block into (command, expected output) pairs."""
    pairs: list[tuple[str, str]] = []
    for line in block.replace("\\\n", " ").splitlines(keepends=True):
        if line.startswith("$ "):
            pairs.append((line[2:].strip(), ""))
        elif pairs:
            command, output = pairs[-1]
            pairs[-1] = (command, output + line)
    return pairs


def run_console(example: Example) -> str | None:
    """Run a console block's commands and return the first difference from what it prints."""
    import symnum

    package = str(Path(symnum.__file__).parents[1])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    checker = OutputChecker()
    for command, expected in commands_of(example.parsed):
        words = shlex.split(command)
        if words[0] not in {"symnum", "pytest"}:
            return f"a console block runs the commands symnum and pytest, not {words[0]}"
        done = subprocess.run(
            [sys.executable, "-m", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
            # Documents show what a screen of unknown width gets; xdist says that it has 80 columns.
            # Of pytest's plugins they show symnum's, whether it is installed or on the path.
            env={
                **os.environ,
                "PYTHONPATH": path,
                "COLUMNS": "96",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTEST_ADDOPTS": "-p symnum.testing.pytest_plugin",
            },
        )
        if not checker.check_output(expected, done.stdout, DOCTEST_FLAGS):
            return f"$ {command}\nexpected:\n{expected}\nprinted:\n{done.stdout}"
    return None


def save(example: Example) -> None:
    """Save a block under the name in its first line."""
    name = FILE_NAME.match(example.parsed)
    assert name is not None
    Path(name[1]).write_text(example.parsed, encoding="utf-8")


def python_blocks(document: Document) -> Iterable[Region]:
    """Find the Python blocks: to be run, or to be saved where they start with a file's name."""
    for region in PythonCodeBlockParser(doctest_optionflags=DOCTEST_FLAGS)(document):
        if isinstance(region.parsed, str) and FILE_NAME.match(region.parsed):
            region.evaluator = save
        yield region


documents = Sybil(
    parsers=[
        python_blocks,
        CodeBlockParser("console", run_console),
        SkipParser(),
    ],
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    setup=enter_empty_folder,
    teardown=leave_empty_folder,
)
docstrings = Sybil(
    parsers=[DocTestParser(DOCTEST_FLAGS)],
    path="symnum",
    pattern="*.py",
    setup=enter_empty_folder,
    teardown=leave_empty_folder,
)
pytest_collect_file = (documents + docstrings).pytest()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let `-n` spread tests one by one, but keep the examples of a document together, in order."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith("tests/") else nodeid.partition("::")[0]

    return Scheduling(config, log) if config.getvalue("dist") == "load" else None
