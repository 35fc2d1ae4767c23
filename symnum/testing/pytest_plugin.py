"""The pytest plugin: a fixture and a marker for checks of derivatives, and a report of a run.

It is loaded by every pytest run of an environment that symnum is installed in, so that it must cost
nothing there: whatever it needs it imports in the test that asks for it.

A test's verdicts wait in the test's own stash until pytest makes the report of its phase, and
travel on with that report: under pytest-xdist from the worker to the one process that writes files.
"""

from __future__ import annotations

import os
import sys
import unittest
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from symnum.checking.verdict import Verdict

# What a test has checked, and pytest has not reported yet.
_PENDING = pytest.StashKey[list["Verdict"]]()
# The attribute that a report of pytest's carries verdicts in, as JSON: xdist sends it along.
_CARRIED = "symnum_verdicts"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--symnum-report`."""
    parser.getgroup("symnum", "derivatives (symnum)").addoption(
        "--symnum-report",
        metavar="FILE",
        help="write every derivative checked by check_derivative to FILE as JSON, and as text "
        "beside it (suffix .txt)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and collect verdicts in the one process that reports."""
    config.addinivalue_line(
        "markers",
        "derivative(at=, domain=, seed=, timeout=, allow_undecided=, ...): options of "
        "check_derivative in this test; those of symnum.assert_derivative",
    )
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Run(_report_file(config)), "symnum-run")


def _report_file(config: pytest.Config) -> Path | None:
    """Return where the report goes, or say at once why it can't go there."""
    given = config.getoption("symnum_report")
    if given is None:
        return None
    path = Path(config.invocation_params.dir, given)
    problem = ""
    if not given:
        problem = "the name of a file is missing"
    elif path.is_dir() or path.with_suffix(".txt").is_dir():
        problem = "that is a folder, or there is one where the text goes (suffix .txt)"
    elif path.suffix == ".txt":
        problem = "that is where the text goes, and FILE is the JSON beside it: use .json"
    elif not path.parent.is_dir():
        problem = f"there is no folder {str(path.parent)!r}; make it first"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = "it can't be written to"
    if problem:
        msg = f"--symnum-report={given}: {problem}"
        raise pytest.UsageError(msg)
    return path


@pytest.fixture
def check_derivative(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Check a derivative as `symnum.assert_derivative` does, and put the verdict in the report.

    Takes the same arguments; `@pytest.mark.derivative(...)` sets options for a test, a class or a
    module. In a `unittest.TestCase` with `@pytest.mark.usefixtures("check_derivative")` it is
    `self.check_derivative`.
    """
    from symnum.checking.check import check, passes
    from symnum.errors import SymnumError

    defaults = _defaults(request.node)
    pending = request.node.stash.setdefault(_PENDING, [])

    def check_derivative(f: Any, derivative: Any, **options: Any) -> None:
        __tracebackhide__ = True
        options = {**defaults, **options}
        allow_undecided = options.pop("allow_undecided", False)
        problem: SymnumError | None = None
        try:
            verdict = check(f, derivative, **options)
        except SymnumError as error:
            problem = error.with_traceback(None)
        if problem is not None:
            raise problem  # from here: the sentence is for the test's line, not for ours
        pending.append(verdict)
        if not passes(verdict, allow_undecided):
            raise AssertionError(verdict)

    if isinstance(request.instance, unittest.TestCase):
        request.instance.check_derivative = check_derivative  # type: ignore[attr-defined]
    return check_derivative


def _defaults(item: pytest.Item) -> dict[str, Any]:
    """Merge the markers of a test, its class and its module, the nearest last."""
    from inspect import Parameter, signature

    from symnum.checking.check import assert_derivative, check

    known = {
        name
        for function in (check, assert_derivative)
        for name, parameter in signature(function).parameters.items()
        if parameter.kind is Parameter.KEYWORD_ONLY
    }
    defaults: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("derivative"))):
        unknown = [repr(a) for a in marker.args] + [k for k in marker.kwargs if k not in known]
        if unknown:
            pytest.fail(
                f"@pytest.mark.derivative got {', '.join(unknown)}; it takes options by name: "
                f"{', '.join(sorted(known))}",
                pytrace=False,
            )
        defaults.update(marker.kwargs)
    return defaults


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failed check as its verdict and nothing else, and hand the test's verdicts on."""
    report = yield
    verdict = _failed(call)
    if verdict is not None and report.failed:
        report.longrepr = str(verdict)
    pending = item.stash.setdefault(_PENDING, [])
    if verdict is not None and not any(verdict is known for known in pending):
        pending.append(verdict)  # from assert_derivative, without the fixture
    if pending:
        setattr(report, _CARRIED, [verdict.to_json() for verdict in pending])
        pending.clear()  # the fixture goes on with this very list
    return report


def _failed(call: pytest.CallInfo[None]) -> Verdict | None:
    """Return the verdict that a test failed with, if that is why it failed."""
    module = sys.modules.get("symnum.checking.verdict")
    if module is None or call.excinfo is None:
        return None
    error = call.excinfo.value
    if isinstance(error, AssertionError) and error.args:
        verdict = error.args[0]
        return verdict if isinstance(verdict, module.Verdict) else None
    return None


class _Run:
    """Collects the verdicts of a run, writes them, and says so in one line."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.checks: list[tuple[str, str]] = []
        self.problem = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdicts that a report carries."""
        self.checks += [(report.nodeid, text) for text in getattr(report, _CARRIED, ())]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report, with or without checks in it."""
        if self.path is None or session.config.option.collectonly:
            return
        report = self._report()
        try:
            self.path.write_text(report.to_json() + "\n", encoding="utf-8")
            self.path.with_suffix(".txt").write_text(f"{report}\n", encoding="utf-8")
        except OSError as error:
            self.problem = f"the report can't be written to {self.path}: {error.strerror}"
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Say how many derivatives were checked, and how many are wrong."""
        if not self.checks and self.path is None:
            return
        line = f"symnum: {self._report().summary()}"
        if self.problem:
            line += f"; {self.problem}"
        elif self.path is not None and not config.option.collectonly:
            line += f"; report in {config.getoption('symnum_report')}"
        terminalreporter.write_line(line)

    def _report(self) -> Any:
        from symnum.report.report import Checked, Report
        from symnum.report.verdicts import verdict_from_json
        from symnum.version import environment

        # Workers finish in any order; sorting is stable, so a test's own checks keep theirs.
        checks = sorted(self.checks, key=lambda check: check[0])
        return Report(
            tuple(Checked(test, verdict_from_json(text)) for test, text in checks), environment()
        )
