"""The pytest plugin: what a run shows, what it writes, and what it costs."""

from __future__ import annotations

import json
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import symnum
import symnum.testing
from symnum.errors import UsageError
from symnum.report.report import Report
from symnum.report.verdicts import verdict_from_json

MODULE = "symnum.testing.pytest_plugin"
ROOT = Path(__file__).parents[2]

WRONG = str(symnum.check("x**2", lambda x: 3 * x, at=2.0))

SUITE = """
import threading
import unittest

import pytest
import symnum

def slope(x):
    return 1 / x if x < 50 else 1.01 / x

def wrong(x):
    return 3 * x

def test_right(check_derivative):
    check_derivative("x**2", lambda x: 2 * x)
    check_derivative("x**3", lambda x: 3 * x * x)

def test_wrong(check_derivative):
    check_derivative("x**2", wrong, at=2.0)

def test_plain():
    symnum.assert_derivative("x**2", wrong, at=2.0)

@pytest.mark.xfail(raises=AssertionError, strict=True)
def test_expected(check_derivative):
    check_derivative("x**2", wrong, at=2.0)

def test_threads(check_derivative):
    def work():
        check_derivative("sin(x)", "cos(x)")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

@pytest.mark.derivative(domain={"x": (1, 10)}, seed=3)
class TestMarked:
    def test_class(self, check_derivative):
        check_derivative("log(x)", slope)

    @pytest.mark.derivative(seed=4)
    def test_nearest_wins(self, check_derivative):
        check_derivative("log(x)", slope)

    def test_call_wins(self, check_derivative):
        check_derivative("log(x)", slope, domain={"x": (1, 100)})

@pytest.mark.derivative(allow_undecided=True)
def test_undecided(check_derivative):
    check_derivative("log(x)", slope, domain=[(-2, -1)])

@pytest.mark.derivative(at=2.0)
@pytest.mark.usefixtures("check_derivative")
class TestUnittest(unittest.TestCase):
    def test_fixture(self):
        self.check_derivative("x**2", wrong)

    def test_plain(self):
        symnum.assert_derivative("x**2", wrong, at=2.0)

    def test_right(self):
        self.check_derivative("x**2", lambda x: 2 * x)
"""
CHECKS = [
    ("TestMarked::test_call_wins", "wrong"),
    ("TestMarked::test_class", "ok"),
    ("TestMarked::test_nearest_wins", "ok"),
    ("TestUnittest::test_fixture", "wrong"),
    ("TestUnittest::test_plain", "wrong"),
    ("TestUnittest::test_right", "proved"),
    ("test_expected", "wrong"),
    ("test_plain", "wrong"),
    ("test_right", "proved"),
    ("test_right", "proved"),
    *[("test_threads", "proved")] * 4,
    ("test_undecided", "undecided"),
    ("test_wrong", "wrong"),
]


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest in a process of its own, with symnum's plugin and those that are named."""
    monkeypatch.setenv("PYTHONPATH", str(Path(symnum.__file__).parents[1]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str, plugins: tuple[str, ...] = (MODULE,)) -> pytest.RunResult:
        named = [word for plugin in plugins for word in ("-p", plugin)]
        return pytester.runpytest_subprocess(*named, "--strict-markers", *arguments)

    return run


def shown(result: pytest.RunResult, test: str) -> str:
    """Return what stands below the heading of a failed test."""
    lines = iter(result.outlines)
    for line in lines:
        if line.strip("_ ") == test and line.startswith("_"):
            break
    found = []
    for line in lines:
        if line.startswith(("___", "===", "symnum:")):
            break
        if not line.startswith("[gw"):  # where the test ran: xdist's line
            found.append(line)
    return "\n".join(found)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_shows_verdicts_and_reports_all_checks(run, pytester, workers):
    """Failures are verdicts and nothing else; JSON and text hold every check, in workers too."""
    pytester.makepyfile(test_suite=SUITE)
    xdist = ["-n", str(workers)] if workers else []
    plugins = (MODULE, "xdist.plugin") if workers else (MODULE,)
    result = run("--symnum-report=report.json", *xdist, plugins=plugins)
    result.assert_outcomes(failed=5, passed=6, xfailed=1)
    for test in (
        "test_wrong",
        "test_plain",
        "TestUnittest.test_fixture",
        "TestUnittest.test_plain",
    ):
        assert shown(result, test) == WRONG
    assert "test_suite.py::test_wrong - wrong: component x" in result.stdout.str()
    line = "symnum: 16 derivatives checked, 6 wrong, 1 undecided; report in report.json"
    assert line in result.outlines

    document = (pytester.path / "report.json").read_text(encoding="utf-8")
    report = Report.from_json(document)
    found = [(c.test.removeprefix("test_suite.py::"), str(c.verdict.status)) for c in report.checks]
    assert found == CHECKS
    assert [c.verdict.seed for c in report.checks[:3]] == [3, 3, 4]
    assert json.loads(document)["kind"] == "report"
    assert set(report.environment) >= {"python", "numpy", "sympy"}
    text = (pytester.path / "report.txt").read_text(encoding="utf-8")
    assert text == f"{report}\n"
    assert f"test_suite.py::test_wrong\n{WRONG}\n" in text


def test_a_run_without_checks_loads_and_says_nothing(run, pytester):
    """Unused, the plugin loads neither SymPy nor NumPy nor Hypothesis, and prints nothing."""
    pytester.makepyfile(
        """
        import sys

        def test_modules():
            heavy = {"flint", "hypothesis", "lark", "numpy", "rich", "scipy", "sympy", "typer"}
            assert heavy.isdisjoint(sys.modules)
            assert {name for name in sys.modules if name.startswith("symnum")} == {
                "symnum", "symnum.version", "symnum.testing", "symnum.testing.pytest_plugin",
            }
        """
    )
    result = run()
    result.assert_outcomes(passed=1)
    assert "derivatives" not in result.stdout.str()


def test_a_report_without_checks_is_written(run, pytester):
    """With the option, a run without checks still writes a report, which holds none."""
    pytester.makepyfile("def test_nothing(): pass")
    result = run("--symnum-report=report.json")
    assert "symnum: 0 derivatives checked, 0 wrong; report in report.json" in result.outlines
    text = (pytester.path / "report.json").read_text(encoding="utf-8")
    assert Report.from_json(text).checks == ()


def test_collecting_leaves_an_old_report_alone(run, pytester):
    """`--collect-only` runs no test, and so writes no report."""
    pytester.makepyfile("def test_nothing(): pass")
    old = pytester.path / "report.json"
    old.write_text("old", encoding="utf-8")
    assert run("--symnum-report=report.json", "--collect-only").ret == 0
    assert old.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("", "the name of a file is missing"),
        (".", "that is a folder"),
        ("folder.json", "there is one where the text goes"),
        ("report.txt", "use .json"),
        ("no/such/report.json", "there is no folder"),
    ],
)
def test_a_bad_file_is_refused_before_any_test_runs(run, pytester, file, says):
    """A report that can't be written is a usage error in one line, at once."""
    pytester.makepyfile("def test_nothing(): pass")
    pytester.mkdir("folder.txt")
    result = run(f"--symnum-report={file}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: --symnum-report={file}: " in result.stderr.str()
    assert says in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_a_report_that_fails_at_the_end_is_said(run, pytester):
    """A folder that vanishes during the run is named, and the run doesn't succeed."""
    pytester.makepyfile(
        """
        import shutil

        def test_vanish():
            shutil.rmtree("place")
        """
    )
    pytester.mkdir("place")
    result = run("--symnum-report=place/report.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "the report can't be written to" in result.stdout.str()
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_a_bad_request_shows_the_line_of_the_test(run, pytester):
    """An unreadable formula shows the test's line and the sentence, and no code of symnum's."""
    pytester.makepyfile(
        """
        import pytest

        def test_request(check_derivative):
            check_derivative("x**", lambda x: 2 * x)

        @pytest.mark.derivative("x**2", tolerance=1)
        def test_marker(check_derivative):
            check_derivative("x**2", lambda x: 2 * x)
        """
    )
    result = run()
    result.assert_outcomes(failed=1, errors=1)
    assert '>       check_derivative("x**", lambda x: 2 * x)' in result.outlines
    assert "ParseError" in shown(result, "test_request")
    assert "symnum/" not in result.stdout.str()
    assert "'x**2', tolerance; it takes options by name: allow_undecided, at" in result.stdout.str()


def test_a_bad_call_of_anything_shows_the_line_of_the_test_and_the_message(run, pytester):
    """Our own lines say nothing about what to write instead."""
    pytester.makepyfile(
        """
        import symnum

        def test_formula():
            symnum.Formula("x +* 2")

        def test_differentiate():
            symnum.differentiate(lambda x: x, at="q")
        """
    )
    result = run()
    result.assert_outcomes(failed=2)
    assert '>       symnum.Formula("x +* 2")' in result.outlines
    assert '>       symnum.differentiate(lambda x: x, at="q")' in result.outlines
    assert "can't stand after" in shown(result, "test_formula")
    assert "in _read" not in result.stdout.str()
    assert "/symnum/formula/" not in result.stdout.str()
    assert "/symnum/differences/" not in result.stdout.str()


def test_without_the_plugin_the_verdict_is_still_what_is_shown(run, pytester):
    """`assert_derivative` hides its own frames, whether the plugin is there or not."""
    pytester.makepyfile(
        """
        import symnum

        def test_plain():
            symnum.assert_derivative("x**2", lambda x: 3 * x, at=2.0)
        """
    )
    result = run(plugins=("no:symnum",))
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "symnum/" not in text
    for line in WRONG.splitlines():
        assert line in text


def test_an_unknown_name_of_testing_is_an_attribute_error():
    """`symnum.testing` refuses a name that isn't there the way Python refuses it."""
    with pytest.raises(AttributeError, match=r"'symnum\.testing' has no attribute 'formulae'"):
        _ = symnum.testing.formulae


def test_the_entry_point_is_the_plugin():
    """The distribution announces the plugin to pytest under the name `symnum`."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["entry-points"]["pytest11"] == {"symnum": MODULE}


def test_an_installed_plugin_needs_no_option(run, pytester, monkeypatch):
    """Installed, the plugin is there by itself, and `-p no:symnum` leaves it out."""
    if not any(e.value == MODULE for e in entry_points(group="pytest11")):
        pytest.skip("symnum is not installed with its entry points here")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    assert "--symnum-report" in run("--help", plugins=()).stdout.str()
    assert "--symnum-report" not in run("--help", plugins=("no:symnum",)).stdout.str()


def test_every_verdict_reads_back():
    """A Verdict of any kind is equal to what its JSON holds."""
    for f, derivative in [
        ("x**2", lambda x: 2 * x),
        ("x**2", lambda x: x * float("nan")),
        ("x**2*y", lambda x, y: (2 * x, y)),
        ("x**2", lambda x: x // 0),
    ]:
        verdict = symnum.check(f, derivative)
        back = verdict_from_json(verdict.to_json())
        assert repr(back) == repr(verdict)  # equal, but for NaN


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "this is not JSON"),
        ("[1]", 'a report has "kind": "report"'),
        ('{"kind": "sweep"}', "this document has 'sweep'"),
        ('{"kind": "report", "schema": 2}', 'reads "schema" 1; this document has 2'),
        ('{"kind": "report", "schema": 1}', "environment"),
        ('{"kind": "report", "schema": 1, "environment": {}, "checks": [1]}', "checks[0]"),
        (
            '{"kind": "report", "schema": 1, "environment": {}, "checks": [{"test": "t"}]}',
            "checks[0].verdict is None",
        ),
        (
            '{"kind": "report", "schema": 1, "environment": {}, '
            '"checks": [{"test": "t", "verdict": {}}]}',
            "checks[0].verdict has no 'worst'",
        ),
        (NotImplemented, "this is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"kind": NaN}', "NaN is not JSON"),
    ],
)
def test_what_is_no_report_is_refused(text, says):
    """A document that is no report is refused with a sentence that says why."""
    with pytest.raises(UsageError) as caught:
        Report.from_json(text)
    assert says in str(caught.value)
