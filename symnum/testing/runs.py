"""What the pytest plugin does once it is used: check in a test, and report on a run."""

from __future__ import annotations

import os
import unittest
from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import pytest

from symnum.checking.theirs import is_ours
from symnum.checking.verdict import Verdict
from symnum.report.report import Checked, Report
from symnum.report.verdicts import verdict_from_json
from symnum.version import environment


def report_file(config: pytest.Config) -> Path:
    """Return where the report goes, or say at once why it can't go there."""
    given = config.getoption("symnum_report")
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


def checker(request: pytest.FixtureRequest, verdicts: list[Verdict]) -> Callable[..., None]:
    """Return `assert_derivative` with a test's options, which appends each verdict to a list."""
    from symnum.checking.check import check, passes

    defaults = _defaults(request.node)

    def check_derivative(f: Any, derivative: Any, **options: Any) -> None:
        __tracebackhide__ = True
        options = {**defaults, **options}
        allow_undecided = options.pop("allow_undecided", False)
        verdict = check(f, derivative, **options)
        verdicts.append(verdict)
        if not passes(verdict, allow_undecided):
            raise AssertionError(verdict)

    if isinstance(request.instance, unittest.TestCase):
        request.instance.check_derivative = check_derivative  # type: ignore[attr-defined]
    return check_derivative


def _defaults(item: pytest.Item) -> dict[str, Any]:
    """Merge the markers of a test, its class and its module, the nearest last."""
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


def hide_our_frames(error: BaseException) -> None:
    """Leave the user's lines alone in the traceback of an error that is about their call."""
    entry = error.__traceback__
    while entry is not None:
        following = entry.tb_next
        while following is not None and is_ours(following.tb_frame.f_code.co_filename):
            following = following.tb_next
        entry.tb_next = following
        entry = following


def failed_verdict(excinfo: pytest.ExceptionInfo[BaseException] | None) -> Verdict | None:
    """Return the verdict that a test failed with, if that is why it failed."""
    if excinfo is None or not isinstance(excinfo.value, AssertionError):
        return None
    first = next(iter(excinfo.value.args), None)
    return first if isinstance(first, Verdict) else None


def finished(checks: Sequence[tuple[str, str]]) -> Report:
    """Return the Report of (test, JSON of a verdict) pairs."""
    # Workers finish in any order; sorting is stable, so a test's own checks keep theirs.
    ordered = sorted(checks, key=lambda check: check[0])
    found = tuple(Checked(test, verdict_from_json(text)) for test, text in ordered)
    return Report(found, environment())


def write(checks: Sequence[tuple[str, str]], path: Path) -> str:
    """Write a report as JSON, and as text beside it; return what went wrong, or ""."""
    report = finished(checks)
    try:
        path.write_text(report.to_json() + "\n", encoding="utf-8")
        text = path.with_suffix(".txt")
        # A name may hold what is no character: half of a surrogate pair.
        text.write_text(f"{report}\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        return f"the report can't be written to {path}: {error.strerror}"
    return ""
