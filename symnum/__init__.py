"""Know the error of every finite difference, and prove it.

The public names are loaded when they are first used: `import symnum` itself loads no other package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symnum.version import __version__

__all__ = [
    "Cause",
    "Checked",
    "Comparison",
    "Component",
    "Course",
    "Derivative",
    "DerivativeStatus",
    "Derivatives",
    "Descent",
    "DomainError",
    "Exact",
    "Formula",
    "LimitError",
    "Outcome",
    "ParseError",
    "Parting",
    "Report",
    "Run",
    "Scheme",
    "Status",
    "StepStatus",
    "Sweep",
    "SymnumError",
    "TraceError",
    "UsageError",
    "Verdict",
    "Worst",
    "__version__",
    "assert_derivative",
    "backward",
    "central",
    "check",
    "compare",
    "complex_step",
    "descend",
    "differentiate",
    "forward",
    "gradient",
    "hessian",
    "jacobian",
    "nets",
    "parse_scheme",
    "richardson",
    "sweep",
    "trace",
    "zoo",
]

if TYPE_CHECKING:
    from symnum import nets, zoo
    from symnum.checking.check import assert_derivative, check
    from symnum.checking.verdict import Cause, Outcome, Verdict, Worst
    from symnum.descending.compare import Comparison, compare
    from symnum.descending.descent import Descent, descend
    from symnum.descending.judge import Course
    from symnum.descending.parting import Parting
    from symnum.differences.differentiate import Derivative, differentiate
    from symnum.differences.estimate import DerivativeStatus
    from symnum.differences.multivariate import Derivatives, gradient, hessian, jacobian
    from symnum.differences.schemes import (
        Scheme,
        backward,
        central,
        complex_step,
        forward,
        parse_scheme,
        richardson,
    )
    from symnum.differences.sweep import Component, Run, StepStatus, Sweep, sweep
    from symnum.errors import (
        DomainError,
        LimitError,
        ParseError,
        SymnumError,
        TraceError,
        UsageError,
    )
    from symnum.formula.exact import Exact
    from symnum.formula.formula import Formula
    from symnum.formula.status import Status
    from symnum.formula.trace import trace
    from symnum.report.report import Checked, Report
else:
    # The same again for Python: which module each name lives in. A test compares the two.
    _HOMES = {
        "symnum.checking.check": ("assert_derivative", "check"),
        "symnum.checking.verdict": ("Cause", "Outcome", "Verdict", "Worst"),
        "symnum.differences.differentiate": ("Derivative", "differentiate"),
        "symnum.differences.estimate": ("DerivativeStatus",),
        "symnum.differences.multivariate": ("Derivatives", "gradient", "hessian", "jacobian"),
        "symnum.descending.compare": ("Comparison", "compare"),
        "symnum.descending.descent": ("Descent", "descend"),
        "symnum.descending.judge": ("Course",),
        "symnum.descending.parting": ("Parting",),
        "symnum.differences.schemes": (
            "Scheme",
            "backward",
            "central",
            "complex_step",
            "forward",
            "parse_scheme",
            "richardson",
        ),
        "symnum.differences.sweep": ("Component", "Run", "StepStatus", "Sweep", "sweep"),
        "symnum.errors": (
            "DomainError",
            "LimitError",
            "ParseError",
            "SymnumError",
            "TraceError",
            "UsageError",
        ),
        "symnum.formula.exact": ("Exact",),
        "symnum.formula.formula": ("Formula",),
        "symnum.formula.status": ("Status",),
        "symnum.formula.trace": ("trace",),
        "symnum.report.report": ("Checked", "Report"),
    }
    _HOME = {name: module for module, names in _HOMES.items() for name in names}

    def __getattr__(name):
        from importlib import import_module

        if name in {"nets", "zoo"}:
            value = import_module(f"symnum.{name}")
        elif name in _HOME:
            value = getattr(import_module(_HOME[name]), name)
        else:
            msg = f"module 'symnum' has no attribute {name!r}"
            raise AttributeError(msg)
        globals()[name] = value
        return value

    def __dir__():
        return sorted(set(globals()) | set(__all__))
