"""The pytest plugin: a fixture and a marker for checks of derivatives, and a report of a run.

It is loaded by every pytest run of an environment that symnum is installed in, so that it must cost
nothing there: only the hooks stand here, and what they need they import when a test asks for it.

A test's verdicts wait in the test's own stash until pytest makes the report of its phase, and
travel on with that report: under pytest-xdist from the worker to the one process that writes files.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

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
    if hasattr(config, "workerinput"):
        return
    path = None
    if config.getoption("symnum_report") is not None:
        from symnum.testing.runs import report_file

        path = report_file(config)
    config.pluginmanager.register(_Run(path), "symnum-run")


@pytest.fixture
def check_derivative(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Check a derivative as `symnum.assert_derivative` does, and put the verdict in the report.

    Takes the same arguments; `@pytest.mark.derivative(...)` sets options for a test, a class or a
    module. In a `unittest.TestCase` with `@pytest.mark.usefixtures("check_derivative")` it is
    `self.check_derivative`.
    """
    from symnum.testing.runs import checker

    return checker(request, request.node.stash.setdefault(_PENDING, []))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failed check as its verdict, an error of ours without our lines; hand verdicts on."""
    errors = sys.modules.get("symnum.errors")
    raised = None if call.excinfo is None else call.excinfo.value
    if errors is not None and isinstance(raised, errors.SymnumError):
        from symnum.testing.runs import hide_our_frames

        hide_our_frames(raised)
    report = yield
    if "symnum.checking.verdict" not in sys.modules:
        return report  # nothing was checked in this process
    from symnum.testing.runs import failed_verdict

    pending = item.stash.setdefault(_PENDING, [])
    verdict = failed_verdict(call.excinfo)
    if verdict is not None:
        if report.failed:
            report.longrepr = str(verdict)
        if not any(verdict is known for known in pending):
            pending.append(verdict)  # from assert_derivative, without the fixture
    if pending:
        setattr(report, _CARRIED, [verdict.to_json() for verdict in pending])
        pending.clear()  # the fixture goes on with this very list
    return report


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
        if self.path is not None and not session.config.option.collectonly:
            from symnum.testing.runs import write

            self.problem = write(self.checks, self.path)
            if self.problem:
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Say how many derivatives were checked, and how many are wrong."""
        if (self.checks or self.path) and not config.option.collectonly:
            from symnum.testing.runs import finished

            line = f"symnum: {finished(self.checks).summary()}"
            if self.path is not None:
                line += "; " + (self.problem or f"report in {config.getoption('symnum_report')}")
            terminalreporter.write_line(line)
