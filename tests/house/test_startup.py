"""Starting up: `import symnum` loads no other package, and the command runs as a module."""

from __future__ import annotations

import subprocess
import sys

import pytest

import symnum

HEAVY = [
    "flint",
    "lark",
    "matplotlib",
    "mpmath",
    "numpy",
    "pandas",
    "rich",
    "scipy",
    "sympy",
    "typer",
]


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with nothing on its standard input."""
    return subprocess.run(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def loaded_by(code: str) -> set[str]:
    """Return which heavy packages a fresh Python has loaded after running the code."""
    done = python("-c", f"{code}\nimport sys; print(*set({HEAVY!r}) & set(sys.modules))")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_import_loads_nothing_heavy():
    """`import symnum` costs the standard library alone."""
    assert loaded_by("import symnum; symnum.__version__; dir(symnum)") == set()


def test_heavy_packages_are_seen_when_loaded():
    """Planted: the check sees a package that was loaded."""
    assert loaded_by("import symnum, numpy") >= {"numpy"}


@pytest.mark.parametrize("name", ["Scheme", "ParseError", "central", "Status"])
def test_small_names_stay_small(name):
    """Schemes, statuses and errors load none of the heavy packages."""
    assert loaded_by(f"import symnum; symnum.{name}") == set()


def test_formula_draws_nothing():
    """Making and differentiating a formula loads neither Matplotlib nor rich nor pandas."""
    code = "import symnum; symnum.Formula('x**2').gradient().exact([1.0])"
    assert not loaded_by(code) & {"matplotlib", "rich", "pandas", "typer"}


def test_help_loads_no_mathematics():
    """`symnum --help` loads neither SymPy nor SciPy nor Matplotlib."""
    code = (
        "import contextlib, io, sys\n"
        "sys.argv = ['symnum', '--help']\n"
        "from symnum.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main()"
    )
    assert not loaded_by(code) & {"flint", "lark", "matplotlib", "numpy", "scipy", "sympy"}


def test_module_runs_as_the_command():
    """`python -m symnum --help` names the verbs and succeeds."""
    done = python("-m", "symnum", "--help")
    assert done.returncode == 0, done.stderr
    for verb in ("diff", "sweep"):
        assert verb in done.stdout


def test_version_of_the_command():
    """`symnum --version` prints the version."""
    done = python("-m", "symnum", "--version")
    assert done.returncode == 0, done.stderr
    assert symnum.__version__ in done.stdout
    assert done.stderr == ""


def test_a_check_loads_what_it_needs():
    """Masked arrays, which take long to load, stay out of a right derivative's check."""
    done = python(
        "-c",
        "import sys, symnum\n"
        "assert symnum.check('x**2*y', lambda x, y: (2 * x * y, x * x))\n"
        "print('numpy.ma' in sys.modules)\n",
    )
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
