"""`symnum check` as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import symnum
from symnum.cli import main
from symnum.errors import UsageError
from symnum.loading import load, names_code, variable_names

ROOT = Path(symnum.__file__).parents[1]

GRADIENTS = """
import os, sys, time
import numpy as np
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

def first(x):
    return x[0] ** 2

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

    def method(self, x):
        return 2.0 * x

number = 3

def squares(x):
    return np.sum(x**2)

def squares_gradient(x):
    return 2 * x

def squares_wrong(x):
    return 2 * x * np.array([1.0, 1.0, -1.0])

def product(a, b):
    return a * b

def product_gradient(a, b):
    return b, a

def turned(theta):
    return theta[0] * theta[1]

def turned_gradient(theta):
    return theta[::-1].copy()

def outputs(x):
    return np.stack([x[0] * x[1], x[0] + x[1]])

def outputs_jacobian(x):
    return [[x[1], x[0]], [1.0, 1.0]]

def branching(x):
    return x[0] if x[1] > 1 else x[1]

def leaves(x):
    sys.exit(0)

def never(x):
    while True:
        print("printed for ever")
        time.sleep(0.001)

def dies(x):
    return np.exp(x) if x < 50 else np.inf

def returns_none(x):
    return None

def raises(x):
    raise ValueError("no such thing")

def raises_late(x):
    if x > 2:
        raises(x)
    return 2 * x

def raises_at_kinks(x):
    if x == 0:
        raises(x)
    return np.sign(x)

def takes_two(x, /, y):
    return x

def scaled(x, *, scale):
    return scale * x

class Unheard(BaseException):
    pass

def unheard(x):
    raise Unheard("no luck")
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
    for name in ("with-dash", "random", "statistics"):
        (tmp_path / f"{name}.py").write_text("def gradient(x):\n    return 2.0 * x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def in_shell(command, folder):
    """Run a command in a shell, where an installed symnum or this checkout is found."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        check=False,
        timeout=120,
    )


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
        (
            ["x**2", "their_gradients:right", "--function", "their_gradients:first", "--at", "x=2"],
            0,
            "",
        ),
        (["x**3", "their_gradients:right", "--function", "their_gradients:f"], 1, "wrong"),
        (["x*y", "their_gradients:pair", "--domain", "x=-2:2", "--domain", "y=0:1"], 0, ""),
        (["x*y", "their_gradients:pair", "--domain", "x=-2:2,y=0:1", "--seed", "7"], 0, ""),
        (["x*y", "their_gradients:pair", "--variables", "x,y"], 0, ""),
        (["x*y", "their_gradients:hessian", "--derivative-order", "2"], 0, ""),
        (["x*y", "x + y", "their_gradients:jacobian"], 0, ""),
        (["a*x**2", "their_gradients:right", "--bind", "a=1"], 0, ""),
        (["-x**2", "their_gradients:wrong"], 0, ""),
        (["log(-1-x**2)", "their_gradients:nowhere"], 3, "undecided: "),
        (["x**2", "their_gradients:right", "--timeout", "60"], 0, ""),
        (["x**2", "their_gradients:raises"], 1, "wrong: the derivative raises an exception"),
    ],
)
def test_statuses(run, arguments, status, starts):
    """0 for right, 1 for wrong, 3 for undecided; stdout holds the verdict alone."""
    code, out, _ = run(*arguments)
    assert code == status, out
    assert out.startswith(starts or ("ok\n", "proved\n"))
    assert "printed" not in out
    assert "written" not in out


def code(f, gradient, *arguments):
    """Return arguments that name two functions of the user's module."""
    return [f"their_gradients:{f}", f"their_gradients:{gradient}", *arguments]


@pytest.mark.parametrize(
    ("arguments", "status", "starts"),
    [
        (code("squares", "squares_gradient", "--n", "3"), 0, ""),
        (code("squares", "squares_wrong", "--n", "3"), 1, "wrong: component x2\n  cause: sign"),
        (code("squares", "squares_gradient", "--n", "3", "--seed", "7"), 0, ""),
        (code("squares", "squares_gradient", "--n", "3", "--domain", "x1=-1:4"), 0, ""),
        (code("squares", "squares_gradient", "--at", "x0=1,x1=2"), 0, ""),
        (code("squares", "squares_gradient", "--n", "2", "--at", "x0=1,x1=0:2:3"), 0, ""),
        (code("product", "product_gradient", "--n", "2", "--domain", "a=-2:2,b=0:1"), 0, ""),
        (code("product", "product_gradient", "--at", "b=3,a=2", "--domain", "b=0:9"), 0, ""),
        (code("turned", "turned_gradient", "--n", "2", "--at", "theta[1]=3,theta[0]=2"), 0, ""),
        (code("turned", "turned_gradient", "--n", "2", "--domain", "theta[0]=0:3"), 0, ""),
        (code("outputs", "outputs_jacobian", "--n", "2"), 0, ""),
        (code("f", "right", "--n", "1"), 0, ""),
        (code("f", "wrong", "--n", "1"), 1, "wrong: component x\n"),
        (code("f", "right", "--at", "x=2"), 0, ""),
        (code("f", "array", "--at", "x0=2"), 0, ""),
        (code("first", "right", "--at", "x0=2"), 0, ""),
        (code("product", "hessian", "--n", "2", "--derivative-order", "2"), 0, ""),
        (code("branching", "right", "--n", "2"), None, ""),
        (code("squares", "returns_none", "--n", "2"), 1, "wrong: the derivative breaks a rule"),
        (["./their_gradients.py:squares", "their_gradients.py:squares_wrong", "--n", "3"], 1, ""),
    ],
)
def test_code_in_place_of_a_formula(run, arguments, status, starts):
    """MODULE:F is checked like a formula, with variables that are called like its parameters."""
    done, out, err = run(*arguments)
    if status is None:  # wrong with a reference, undecided without one
        assert done in {1, 3}
        return
    assert done == status, out + err
    assert out.startswith(starts or ("ok\n", "proved\n", "wrong"))
    assert "printed" not in out


def test_a_domain_of_code_is_looked_at(run):
    """A bug outside the default box is found where --domain reaches it."""
    arguments = code("number_exp", "dies", "--n", "1")
    Path("their_gradients.py").write_text(
        GRADIENTS + "\ndef number_exp(x):\n    return np.exp(x)\n"
    )
    assert run(*arguments)[0] == 0
    done, out, _ = run(*arguments, "--domain", "x=0:100")
    assert done == 1
    assert "not finite" in out or "wrong" in out


def test_stress(run):
    """With --stress the text says where the derivative dies while the function lives."""
    done, out, _ = run("exp(x)", "their_gradients:dies", "--stress")
    assert done == 0
    assert "times as wide it goes wrong at x = " in out
    assert "it dies" not in run("exp(x)", "their_gradients:dies")[1]


def test_a_file_that_is_named_twice_runs_once(run, folder):
    """Two functions of one file share what the file holds."""
    (folder / "counted.py").write_text(
        "print('the file runs')\ndef f(x):\n    return x * x\ndef g(x):\n    return 2 * x\n"
    )
    done, _, err = run("./counted.py:f", "counted.py:g", "--n", "1")
    assert done == 0
    assert err.count("the file runs") == 1


@pytest.mark.parametrize(
    ("text", "is_code"),
    [
        ("grad:f", True),
        ("a.b_c:D.f", True),
        ("./my file.py:f", True),
        ("x", False),
        ("x[0:2]", False),
        ("lambda x: x", False),
        ("x:=2", False),
        ("x < 0 ? 1 : y", False),
        ("grad:", False),
        (":f", False),
        ("grad:f()", False),
        ("grad:1", False),
        ("", False),
    ],
)
def test_formulas_and_code_are_told_apart(text, is_code):
    """Code is dotted names or a .py file, a colon and dotted names; all else is a formula."""
    assert names_code(text) is is_code


def test_no_formula_looks_like_code():
    """A text that names code is refused as a formula, so nothing has two meanings."""
    for text in ("grad:f", "x:y", "a.b:c.d"):
        with pytest.raises(symnum.ParseError):
            symnum.Formula(text)


def test_what_variables_of_code_are_called():
    """They are called as the trace calls them."""

    def of_two(x, y, scale=1.0):
        return scale * x * y

    def of_theta(theta):
        return theta[0] * theta[1]

    assert variable_names(of_two, 2) == [symnum.trace(of_two, n=2).variables]
    assert variable_names(of_theta, 2) == [symnum.trace(of_theta, n=2).variables]
    assert variable_names(lambda x: x, 1) == [("x",), ("x0",)]
    assert variable_names(lambda *x: x[0], 2) == [("x0", "x1")]
    assert variable_names(iter, 1)  # no signature that can be read
    with pytest.raises(UsageError, match="must have one, or 3"):
        variable_names(of_two, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        ["x**2", "their_gradients:raises"],
        ["x**2", "their_gradients:raises_late"],
        ["x**2", "their_gradients:raises", "--timeout", "60"],
        ["x**2", "their_gradients:right", "--function", "their_gradients:raises"],
        code("right", "raises", "--n", "30"),
    ],
)
def test_the_traceback_of_code_that_raises(run, arguments):
    """Where an exception decides, its traceback follows the verdict: theirs, and none of ours."""
    status, out, err = run(*arguments)
    assert (status, "Traceback" in out) == (1, False)
    assert "raises" in out
    assert err.count("Traceback (most recent call last)") == 1
    shown = err[err.index("Traceback") :]
    files = [line.split('"')[1] for line in shown.splitlines() if line.startswith("  File ")]
    assert {Path(name).name for name in files} == {"their_gradients.py"}
    assert shown.endswith("ValueError: no such thing\n")
    status, out, err = run(*arguments, "--json")
    assert (status, json.loads(out)["kind"]) == (1, "verdict")
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["raises_at_kinks", "takes_two"])
def test_no_traceback_where_none_of_their_lines_decided(run, name):
    """An exception at a kink decides nothing, and a call that can't be made is no request."""
    status, _, err = run("abs(x)", f"their_gradients:{name}")
    assert status == (0 if name == "raises_at_kinks" else 2)
    assert "Traceback" not in err
    if status:
        assert "the derivative takes (x, /, y), and is called with one number (x)" in err


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
    (["x**2", "their_gradients:number"], "is 3 (int); a function is expected"),
    (["x**2", "their_gradients.right"], "did you mean their_gradients:right?"),
    (["x**2", "./their_gradients:right"], "did you mean ./their_gradients.py:right?"),
    (["x**2", "with-dash:right"], "did you mean with-dash.py:right?"),
    (["x**2", "random:gradient"], "has no 'gradient'; did you mean ./random.py:gradient?"),
    (["x**2", "größer:right"], "there is no module 'größer'"),
    (["x**2", "their_gradients:Model.method"], "method of a class: name that of an object"),
    (["x**2", "their_gradients:scaled"], "scale must be given: give it a default"),
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
    (["x**2", "their_gradients:f", "--timeout", "0"], "--timeout is a number of seconds above 0"),
    (["x**2", "their_gradients:f", "--timeout", "soon"], "'soon' is not a number"),
    (["x**2", "their_gradients:f", "--timeout", "inf"], "not a finite number"),
    (["x**2", "their_gradients:f", "--n", "1"], "--n is for code without a formula"),
    (["x**2", "their_gradients:f", "--at", "x=nan"], "not a finite number"),
    (["x**2", "their_gradients:f", "--at", "7"], "write x=7"),
    (["x**2", "their_gradients:f", "--at", "1", "2"], "2 stands alone"),
    (code("product", "product_gradient", "--at", "a=1", "-2.5"), "-2.5 stands alone"),
    (["x**2", "their_gradients:f", "--stres"], "did you mean --stress?"),
    (["x[0:2]", "their_gradients:f"], "\n"),
    (code("squares", "squares_gradient"), "write --n 3, or --at POINT"),
    (code("product", "product_gradient"), "write --n 2, or --at POINT"),
    (code("product", "product_gradient", "--n", "3"), "with --n 3 it must have one, or 3"),
    (code("squares", "squares_gradient", "--n", "0"), "--n, how many variables, is a whole"),
    (code("squares", "squares_gradient", "--n", "-1"), "--n, how many variables, is a whole"),
    (code("squares", "squares_gradient", "--n", "three"), "'three' was given"),
    (code("squares", "squares_gradient", "--n", "2.0"), "'2.0' was given"),
    (code("squares", "squares_gradient", "--n", "1000001"), "more than one command takes"),
    (code("squares", "squares_gradient", "--n", "9" * 50), "is a whole number from 1 on"),
    (code("squares", "squares_gradient", "--n", "2", "--at", "x0=1"), "says nothing about x1"),
    (code("squares", "squares_gradient", "--n", "2", "--at", "y=1"), "the function has x0, x1"),
    (code("squares", "squares_gradient", "--n", "2", "--at", "x0=inf,x1=1"), "not a finite"),
    (code("squares", "squares_gradient", "--n", "2", "--domain", "x0=1:0"), "is empty"),
    (code("squares", "squares_gradient", "--n", "2", "--domain", "y=0:1"), "no variable 'y'"),
    (
        code("squares", "squares_gradient", "--at", "x0=5", "--domain", "x0=0:1"),
        "outside its domain",
    ),
    (code("squares", "squares_gradient", "--n", "2", "--variables", "x,y"), "is for formulas"),
    (code("squares", "squares_gradient", "--n", "2", "--bind", "x=1"), "is for formulas"),
    (code("squares", "right", "--n", "2", "--function", "their_gradients:f"), "is for formulas"),
    (code("squares", "right", "their_gradients:f", "--n", "2"), "one MODULE:F is expected"),
    (["x", *code("squares", "right", "--n", "2")], "one MODULE:F is expected"),
    (["their_gradients:squares", "2*x", "--n", "2"], "'2*x' is not of the form"),
    (["their_gradients:right", "x**2"], "the derivative comes last"),
    (code("number", "right", "--n", "2"), "is 3 (int); a function is expected"),
    (code("leaves", "right", "--n", "2"), "ends the program"),
]


def test_help_names_the_orders_that_can_be_checked(run):
    """Only derivative orders 1 and 2 can be checked, and --help says so."""
    _, out, _ = run("--help")
    words = " ".join(out.split())
    assert "1, or 2 for a Hessian" in words
    assert "1, 2, ..." not in words
    assert "dies" not in words


@pytest.mark.parametrize("arguments", [arguments for arguments, _ in BAD])
def test_bad_requests_with_json(run, arguments):
    """With --json stdout is one document of kind error, for every bad request."""
    done, out, _ = run(*arguments, "--json")
    assert (done, json.loads(out)["kind"]) == (2, "error")


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
    with pytest.raises(UsageError, match="a function is expected"):
        load("their_gradients:number")


@pytest.fixture
def process(folder):
    """Run `symnum check` in a process of its own, where warnings are errors."""
    with (folder / "their_gradients.py").open("a") as file:
        file.write("import atexit\natexit.register(print, 'printed at the end')\n")

    def command(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "symnum", "check", *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            cwd=folder,
            check=False,
            timeout=120,
        )

    return command


def test_in_a_process_of_its_own(process):
    """The same as a process, and help says that importing runs code, on any width."""
    done = process("x**2", "their_gradients:wrong", "--json")
    assert (done.returncode, json.loads(done.stdout)["cause"]) == (1, "sign")
    for columns in ("20", "80"):
        done = process("--help", COLUMNS=columns)
        assert done.returncode == 0
    help_text = " ".join(done.stdout.split())
    assert "Importing MODULE runs its code, as pytest does" in help_text
    assert "Exit status: 0 right, 1 wrong or inaccurate" in help_text


@pytest.mark.parametrize(
    ("arguments", "status", "kind"),
    [
        (code("f", "never", "--n", "1", "--timeout", "0.2"), 3, "verdict"),
        (["x**2", "their_gradients:never", "--at", "x=2", "--timeout", "0.2"], 3, "verdict"),
        (code("squares", "squares_gradient"), 2, "error"),
        (["x**2", "their_gradients:rihgt"], 2, "error"),
    ],
)
def test_json_is_alone_on_stdout_to_the_end(process, arguments, status, kind):
    """Nothing follows the document: not from a thread left behind, nor while Python ends."""
    done = process(*arguments, "--json")
    assert (done.returncode, json.loads(done.stdout)["kind"]) == (status, kind)
    assert "printed at the end" in done.stderr


def test_ten_thousand_variables(process):
    """They are checked, or the answer says why not: one document, and no traceback."""
    done = process(*code("squares", "squares_gradient", "--n", "10000", "--json"))
    assert (done.returncode, json.loads(done.stdout)["kind"]) == (0, "verdict")
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves(folder):
    """A closed pipe ends the command without a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "symnum", "check", "x**2", "their_gradients:right"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=folder,
            check=False,
            timeout=120,
        )
    assert done.returncode == 141
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="the streams are closed by a shell")
@pytest.mark.parametrize(
    ("ending", "status", "says"),
    [(">&-", 0, ""), ("2>&-", 0, "ok"), (">/dev/full", 2, "can't write the answer")],
)
def test_streams_that_are_closed_or_full(folder, ending, status, says):
    """Where the answer can't be written, nothing but a sentence is said, and never status 1."""
    if "/dev/full" in ending and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    command = f"'{sys.executable}' -m symnum check 'x**2' their_gradients:right --stress {ending}"
    done = in_shell(command, folder)
    assert done.returncode == status, done.stderr
    assert says in done.stdout + done.stderr or "proved" in done.stdout
    assert "Traceback" not in done.stderr


STREAMS = {
    "stdout closed": "sys.stdout.close()",
    "stderr closed": "sys.stderr.close()",
    "the process's stdout closed": "sys.__stdout__.close()",
    "the process's stderr closed": "sys.__stderr__.close()",
    "no stdout": "sys.stdout = None",
    "no stderr": "sys.stderr = None",
    "another stdout": "sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='latin-1')",
    "descriptor 1 closed": "os.close(1)",
    "descriptor 2 closed": "os.close(2)",
    "in a with statement": "with sys.stdout: print('last words')",
    "taken apart": "sys.stdout.detach()",
}


@pytest.mark.parametrize("what", STREAMS)
def test_code_that_closes_the_streams(process, folder, what):
    """The answer comes all the same, with its status: never a traceback, never status 1."""
    (folder / "closes.py").write_text(
        f"import io, os, sys\n{STREAMS[what]}\ndef gradient(x):\n    return 2.0 * x\n"
    )
    found = process("x**2", "closes:gradient", "--json")
    assert (found.returncode, json.loads(found.stdout)["kind"]) == (0, "verdict"), found.stderr
    assert found.stderr in {"", "last words\n"}


@pytest.mark.parametrize("what", ["stdout closed", "the process's stdout closed", "taken apart"])
def test_code_that_closes_the_streams_when_it_is_called(process, folder, what):
    """The same, and the traceback of what their code raises is still shown."""
    (folder / "closes.py").write_text(
        f"import sys\ndef raises(x):\n    {STREAMS[what]}\n    raise ValueError('why')\n"
    )
    found = process("x**2", "closes:raises")
    assert found.returncode == 1, found.stderr
    assert found.stdout.startswith("wrong: ")
    assert "in raises" in found.stderr


def test_an_error_after_the_streams_were_closed(process, folder):
    """The document of an error is written too."""
    (folder / "closes.py").write_text("import sys\nsys.stdout.close()\nsys.__stdout__.close()\n")
    found = process("x**2", "closes:gradient", "--json")
    assert (found.returncode, json.loads(found.stdout)["kind"]) == (2, "error"), found.stderr


def test_a_module_that_is_called_as_one_of_pythons(process):
    """It takes nothing away from what we need; where it can't be meant, a sentence says so."""
    done = process("x**2", "./statistics.py:gradient")
    assert (done.returncode, done.stderr) == (0, "")
    done = process("x**2", "statistics:gradient")
    assert done.returncode == 0 or "did you mean ./statistics.py:gradient?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps the current directory")
def test_a_current_directory_that_is_gone(folder):
    """There is nothing to import from."""
    gone = folder / "gone"
    gone.mkdir()
    command = f"cd gone && rmdir ../gone && '{sys.executable}' -m symnum check 'x**2' grad:f"
    done = in_shell(command, folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "symnum: the current directory no longer exists\n"


def _hears_ctrl_c():
    """Undo what a process that a shell starts in the background inherits: SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
def test_an_interruption(folder):
    """Ctrl-C ends the command with one line and the status that shells give it."""
    (folder / "slow.py").write_text(
        "import time\ndef gradient(x):\n    print('called')\n    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "symnum", "check", "x**2", "slow:gradient"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        preexec_fn=_hears_ctrl_c,  # no threads here
    ) as started:
        assert started.stderr.readline() == "called\n"
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=60)
    assert (started.returncode, out, err) == (130, "", "symnum: interrupted\n")


def test_what_hardly_anybody_catches(run):
    """What is no Exception ends their code, not ours: their lines are shown, and a sentence."""
    status, out, err = run("x**2", "their_gradients:unheard")
    assert (status, out) == (2, "")
    assert "in unheard" in err
    assert "cli.py" not in err
    assert err.splitlines()[-1] == (
        "symnum: the code breaks off (Unheard: no luck) instead of returning a number"
    )


def test_what_breaks_off_says_nothing_about_the_derivative(run, monkeypatch):
    """Status 1 would mean that it is wrong."""

    def broken(*_arguments, **_options):
        raise RuntimeError("no luck")

    monkeypatch.setattr("symnum.checking.check.check", broken)
    status, out, err = run("x**2", "their_gradients:right")
    assert (status, out) == (2, "")
    assert "line" in err
    assert err.splitlines()[-1].startswith("symnum: broke off (RuntimeError: no luck)")


SLOW = """
import math, time
import numpy as np
def f(x):
    time.sleep(0.01)
    return sum(math.sin(float.fromhex(float(v).hex())) for v in x)
def slope(x):
    return np.cos(x)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is opened the Unix way")
@pytest.mark.parametrize("is_terminal", [True, False])
def test_many_parameters_show_a_bar_on_a_terminal(tmp_path, is_terminal):
    """With about how many calls there will be; nothing is shown in a pipe."""
    import pty

    (tmp_path / "slow_ones.py").write_text(SLOW)
    ours, theirs = pty.openpty() if is_terminal else os.pipe()  # in both, the first one is read
    command = [sys.executable, "-m", "symnum", "check", "slow_ones:f", "slow_ones:slope"]
    with subprocess.Popen(
        [*command, "--n", "30"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                read = os.read(ours, 65536)
            except OSError:  # a terminal is closed so
                break
            if not read:
                break
            shown += read
        said = running.stdout.read()
    os.close(ours)
    assert said.startswith(b"ok"), said
    if is_terminal:
        assert b"of about 200 calls" in shown
    else:
        assert shown == b""
