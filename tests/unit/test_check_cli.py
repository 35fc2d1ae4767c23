"""`symnum check` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import symnum
from symnum.cli import main
from symnum.errors import UsageError
from symnum.loading import load

ROOT = Path(symnum.__file__).parents[1]

GRADIENTS = """
import os, sys
print("printed while importing")
os.write(1, b"written below Python\\n")

def right(x):
    print("printed while called")
    return 2.0 * x

def array(x):
    return [2.0 * x[0]]

def wrong(x):
    return -2.0 * x

def f(x):
    return x * x

def nowhere(x):
    return 0.0

def pair(x, y):
    return y, x

def hessian(x, y):
    return [[0.0, 1.0], [1.0, 0.0]]

def jacobian(x, y):
    return [[y, x], [1.0, 1.0]]

class Model:
    @staticmethod
    def gradient(x):
        from lazily import two
        return two * x

number = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with modules of a user, which is the current one."""
    (tmp_path / "their_gradients.py").write_text(GRADIENTS)
    (tmp_path / "lazily.py").write_text("two = 2.0\n")
    (tmp_path / "broken.py").write_text("def inner():\n    raise RuntimeError('nope')\n\ninner()\n")
    (tmp_path / "unfinished.py").write_text("def f(x:\n")
    (tmp_path / "exits.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "needs.py").write_text("import there_is_no_such_module\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def run(capfd, folder):
    """Run `symnum check` in this process and return (status, stdout, stderr)."""

    def command(*arguments):
        with pytest.raises(SystemExit) as done:
            main(["check", *arguments])
        out, err = capfd.readouterr()
        return done.value.code, out, err

    return command


@pytest.mark.parametrize(
    ("arguments", "status", "starts"),
    [
        (["x**2", "their_gradients:f"], 1, "wrong: component x\n"),
        (["x**2", "their_gradients:wrong"], 1, "wrong: component x\n  cause: sign"),
        (["x**2", "their_gradients:right"], 0, ""),
        (["x**2", "./their_gradients.py:right"], 0, ""),
        (["x**2", "their_gradients:Model.gradient"], 0, ""),
        (["x**2", "their_gradients:array", "--at", "x=1"], 0, ""),
        (["x**2", "their_gradients:right", "--at", "x=1", "--at", "x=2:3:5"], 0, ""),
        (["x**2", "their_gradients:right", "--function", "their_gradients:f"], 0, ""),
        (["x**3", "their_gradients:right", "--function", "their_gradients:f"], 1, "wrong"),
        (["x*y", "their_gradients:pair", "--domain", "x=-2:2", "--domain", "y=0:1"], 0, ""),
        (["x*y", "their_gradients:pair", "--domain", "x=-2:2,y=0:1", "--seed", "7"], 0, ""),
        (["x*y", "their_gradients:pair", "--variables", "y,x"], 0, ""),
        (["x*y", "their_gradients:hessian", "--derivative-order", "2"], 0, ""),
        (["x*y", "x + y", "their_gradients:jacobian"], 0, ""),
        (["a*x**2", "their_gradients:right", "--bind", "a=1"], 0, ""),
        (["-x**2", "their_gradients:wrong"], 0, ""),
        (["log(-1-x**2)", "their_gradients:nowhere"], 3, "undecided: "),
    ],
)
def test_statuses(run, arguments, status, starts):
    """0 for right, 1 for wrong, 3 for undecided; stdout holds the verdict alone."""
    code, out, _ = run(*arguments)
    assert code == status, out
    assert out.startswith(starts or ("ok\n", "proved\n"))
    assert "printed" not in out
    assert "written" not in out


def test_json_is_alone_on_stdout(run):
    """With --json stdout is one document, whatever the user's code prints, at any level."""
    code, out, err = run("x**2", "their_gradients:right", "--json", "--seed", "5")
    document = json.loads(out)
    assert (code, document["kind"], document["seed"]) == (0, "verdict", 5)
    assert "printed while importing" in err
    assert "printed while called" in err
    assert "written below Python" in err


BAD = [
    (["x**2"], "EXPR MODULE:CALLABLE"),
    (["x**2", "their_gradients"], "not of the form MODULE:CALLABLE"),
    (["x**2", "their_gradients:"], "not of the form MODULE:CALLABLE"),
    (["x**2", "their_gradients:rihgt"], "did you mean right?"),
    (["x**2", "their_gradients:number"], "is a int, which can't be called"),
    (["x**2", "no_such_module:f"], "there is no module 'no_such_module'"),
    (["x**2", "./no_such_file.py:f"], "there is no file"),
    (["x**2", "bad name:f"], "neither a module's name nor a .py file"),
    (["x +", "their_gradients:f"], "\n"),
    (["x**2", "their_gradients:f", "--at", "y=1"], "there is no variable 'y'"),
    (["x**2", "their_gradients:f", "--domain", "x=1:0"], "is empty"),
    (["x**2", "their_gradients:f", "--domain", "x=1"], "an interval is LOW:HIGH"),
    (["x**2", "their_gradients:f", "--domain", "y=0:1"], "there is no variable 'y'"),
    (["x**2", "their_gradients:f", "--domain", "x=0:1,x=0:2"], "twice"),
    (["x**2", "their_gradients:f", "--domain", "x=0:inf"], "not a finite number"),
    (["x**2", "their_gradients:f", "--at", "x=5", "--domain", "x=0:1"], "outside its domain"),
    (["x**2", "their_gradients:f", "--seed", "-1"], "--seed is a whole number"),
    (["x**2", "their_gradients:f", "--derivative-order", "3"], "1 and 2 can be checked"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD)
def test_bad_requests(run, arguments, says):
    """A request that can't be understood ends with 2 and a sentence."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("module", "says", "shows"),
    [
        ("broken", "RuntimeError: nope", "in inner"),
        ("./broken.py", "RuntimeError: nope", "in inner"),
        ("unfinished", "SyntaxError", "def f(x:"),
        ("exits", "SystemExit", "exits.py"),
        ("needs", "there_is_no_such_module", "needs.py"),
    ],
)
def test_a_module_that_does_not_import(run, module, says, shows):
    """The user's traceback is shown, from their first line on, and then a sentence."""
    code, out, err = run("x**2", f"{module}:f")
    assert (code, out) == (2, "")
    assert says in err.splitlines()[-1]
    assert shows in err
    assert "loading.py" not in err
    assert "importlib" not in err


def test_a_module_that_does_not_import_with_json(run):
    """With --json the sentence is a document, and the traceback is still on stderr."""
    code, out, err = run("x**2", "broken:f", "--json")
    assert (code, json.loads(out)["kind"]) == (2, "error")
    assert "in inner" in err


def test_the_import_path_gets_the_current_directory_alone(folder):
    """After loading, the path holds one entry more, the current directory, at its end."""
    before = list(sys.path)
    assert load("./their_gradients.py:right")(1.0) == 2.0
    assert sys.path == [*before, str(folder)]


def test_a_file_may_be_called_as_a_module_that_is_loaded(folder):
    """A file json.py is run, and the module json stays what it is."""
    (folder / "json.py").write_text("def f(x):\n    return 7.0\n")
    assert load("json.py:f")(0.0) == 7.0
    assert sys.modules["json"] is json


def test_only_callables_are_returned(folder):
    """A name that is a number is refused."""
    with pytest.raises(UsageError, match="can't be called"):
        load("their_gradients:number")


def test_in_a_process_of_its_own(folder):
    """The same as a process where warnings are errors, and help says that importing runs code."""

    def process(*arguments):
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "symnum", "check", *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=folder,
            check=False,
            timeout=120,
        )

    done = process("x**2", "their_gradients:wrong", "--json")
    assert (done.returncode, json.loads(done.stdout)["cause"]) == (1, "sign")
    help_text = " ".join(process("--help").stdout.split())
    assert "Importing MODULE runs its code, as pytest does" in help_text
