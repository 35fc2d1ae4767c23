"""Report: the finished checks of a run, with what computed them, as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from symnum.checking.verdict import Verdict
from symnum.errors import UsageError, printable
from symnum.report.verdicts import read_document, read_verdict, verdict_text

_SCHEMA = 1
# What a reader of a summary wants to hear about, worst first.
_BAD = ("wrong", "inaccurate", "undecided")


@dataclass(frozen=True)
class Checked:
    """One check of a run: which test made it, and what came out.

    Parameters
    ----------
    test : str
        The name that the test has in its run, such as `tests/test_model.py::test_gradient`.
    verdict : Verdict
        The answer.

    Examples
    --------
    >>> import symnum as sn
    >>> checked = sn.Checked("test_slope", sn.check("x**2", lambda x: 3 * x))
    >>> checked.test, str(checked.verdict.status)
    ('test_slope', 'wrong')
    """

    test: str
    verdict: Verdict


@dataclass(frozen=True)
class Report:
    """All derivatives checked in a run; its `str` is the text that a person reads.

    `pytest --symnum-report=FILE` writes one.

    Parameters
    ----------
    checks : tuple of Checked
        Ordered by test; the checks of one test in the order in which it made them.
    environment : dict
        Versions of what computed them.

    Examples
    --------
    >>> import symnum as sn
    >>> report = sn.Report((sn.Checked("test_slope", sn.check("x**2", lambda x: 3 * x)),))
    >>> report.summary()
    '1 derivative checked, 1 wrong'
    >>> sn.Report.from_json(report.to_json()) == report
    True
    """

    checks: tuple[Checked, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [self.summary()]
        if self.environment:
            parts.append(", ".join(f"{name} {value}" for name, value in self.environment.items()))
        parts += [
            f"\n{printable(checked.test)}\n{verdict_text(checked.verdict)}"
            for checked in self.checks
        ]
        return "\n".join(parts)

    def summary(self) -> str:
        """Return one line: how many derivatives were checked, and how many are wrong."""
        count = Counter(str(checked.verdict.status) for checked in self.checks)
        noun = "derivative" if len(self.checks) == 1 else "derivatives"
        bad = [f"{count[status]} {status}" for status in _BAD if count[status]]
        return ", ".join([f"{len(self.checks)} {noun} checked", *(bad or ["0 wrong"])])

    def to_json(self) -> str:
        """Return the report as a JSON document that `from_json` reads back."""
        return json.dumps(
            {
                "kind": "report",
                "schema": _SCHEMA,
                "environment": dict(self.environment),
                "checks": [
                    {"test": checked.test, "verdict": json.loads(checked.verdict.to_json())}
                    for checked in self.checks
                ],
            },
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Return the Report that a JSON document holds."""
        document = read_document(text, "report")
        environment, checks = document.get("environment"), document.get("checks")
        if not isinstance(environment, dict) or not isinstance(checks, list):
            msg = 'a report has "environment", an object, and "checks", a list'
            raise UsageError(msg)
        found = []
        for i, entry in enumerate(checks):
            if not isinstance(entry, dict) or not isinstance(entry.get("test"), str):
                msg = f'checks[{i}] has no "test" that is a text'
                raise UsageError(msg)
            verdict = read_verdict(entry.get("verdict"), f"checks[{i}].verdict")
            found.append(Checked(entry["test"], verdict))
        return cls(tuple(found), {str(k): str(v) for k, v in environment.items()})
