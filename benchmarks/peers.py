"""What other ways to a derivative reach, with their defaults, against the certified truth.

    python benchmarks/peers.py              prints the tables
    python benchmarks/peers.py --write      also writes them into docs/explanation-peers.md

None of the peers is a dependency: one that isn't installed is left out, and the table says so.
Each gets the function in the form that it asks for, a point, and no advice.
"""

from __future__ import annotations

import argparse
import math
import platform
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parent.parent / "docs" / "explanation-peers.md"
START, END = "<!-- table -->", "<!-- end of table -->"

Function = Callable[[Any, Any], Any]
Derivative = Callable[[Function, float], float]


@dataclass(frozen=True)
class Case:
    """A function, once as text and once as code over a module of functions, and a point."""

    text: str
    function: Function
    x: float
    why: str


# ruff: noqa: ARG005 - every function takes the module, whether it needs one or not
CASES = (
    Case("0.01*x**2 + 0.1*x", lambda x, m: 0.01 * x**2 + 0.1 * x, 5.0, "a quadratic"),
    Case("sin(x)", lambda x, m: m.sin(x), 1.0, "smooth, everything near 1"),
    Case("sin(10000*x)", lambda x, m: m.sin(10000 * x), 1.0, "oscillates within a short step"),
    Case("1e10 + sin(x)", lambda x, m: 1e10 + m.sin(x), 1.0, "a large constant hides the change"),
    Case("sqrt(x)", lambda x, m: m.sqrt(x), 1e-8, "close to the edge of the domain"),
    Case("log(x)", lambda x, m: m.log(x), 1e-3, "close to a pole"),
    Case("tan(x)", lambda x, m: m.tan(x), 1.57, "close to a pole"),
    Case("exp(x)", lambda x, m: m.exp(x), -40.0, "a tiny value at a large x"),
    Case("abs(x)", lambda x, m: abs(x), 1e-3, "a kink within reach"),
    Case("1/(1 + exp(-x))", lambda x, m: 1 / (1 + m.exp(-x)), 40.0, "saturated"),
    Case("log(1 + exp(x))", lambda x, m: m.log(1 + m.exp(x)), 800.0, "overflows as it is written"),
    Case("(1 - cos(x))/x**2", lambda x, m: (1 - m.cos(x)) / x**2, 1e-4, "cancellation"),
    Case("(1 - cos(x))/x**2", lambda x, m: (1 - m.cos(x)) / x**2, 1e-9, "more of it"),
    Case("x/(1e-16 + x**2)", lambda x, m: x / (1e-16 + x**2), 1e-9, "a scale far from 1"),
)


# --- the peers: each a distribution, and how its documentation says to call it --------------------


def use_lambdify(function: Function, x: float) -> float:
    """Return SymPy's derivative, lambdified to NumPy."""
    import sympy

    symbol = sympy.Symbol("x", real=True)
    derivative = sympy.diff(function(symbol, sympy), symbol)
    return float(sympy.lambdify(symbol, derivative, "numpy")(x))


def use_mpmath(function: Function, x: float) -> float:
    """Return mpmath.diff at mpmath's default precision of 15 digits."""
    import mpmath

    return float(mpmath.diff(lambda t: function(t, mpmath), x))


def use_numdifftools(function: Function, x: float) -> float:
    """Return numdifftools.Derivative."""
    import numdifftools
    import numpy as np

    return float(numdifftools.Derivative(lambda t: function(t, np))(x))


def use_scipy(function: Function, x: float) -> float:
    """Return scipy.differentiate.derivative."""
    import numpy as np

    derivative = import_module("scipy.differentiate").derivative
    return float(derivative(lambda t: function(t, np), x).df)


def use_fdm(function: Function, x: float) -> float:
    """Return fdm.central_fdm with the five points of its README."""
    import numpy as np

    central = import_module("fdm").central_fdm
    return float(central(order=5, deriv=1)(lambda t: function(t, np), x))


def use_autograd(function: Function, x: float) -> float:
    """Return autograd.grad."""
    numpy = import_module("autograd.numpy")
    return float(import_module("autograd").grad(lambda t: function(t, numpy))(x))


def use_jax(function: Function, x: float) -> float:
    """Return jax.grad in float64."""
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    numpy = import_module("jax.numpy")
    return float(jax.grad(lambda t: function(t, numpy))(x))


def use_torch(function: Function, x: float) -> float:
    """Return the gradient by torch.autograd in float64."""
    torch = import_module("torch")
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    function(leaf, torch).backward()
    return float(leaf.grad)


PEERS: dict[str, tuple[str, Derivative]] = {
    "SymPy, lambdified": ("sympy", use_lambdify),
    "autograd": ("autograd", use_autograd),
    "JAX": ("jax", use_jax),
    "PyTorch": ("torch", use_torch),
    "mpmath.diff": ("mpmath", use_mpmath),
    "numdifftools": ("numdifftools", use_numdifftools),
    "scipy.differentiate": ("scipy", use_scipy),
    "fdm": ("fdm", use_fdm),
}


# --- the table ------------------------------------------------------------------------------------


def installed(distribution: str) -> str | None:
    """Return a distribution's version, None where it isn't installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


@dataclass(frozen=True)
class Truth:
    """A certified value: it lies within `radius` of `value`."""

    hi: float
    value: Fraction
    radius: Fraction


def truth_of(case: Case) -> Truth:
    """Certify a case's derivative, after seeing that its text and its code are one function."""
    import numpy as np

    from symnum import Formula, Status

    formula = Formula(case.text)
    with np.errstate(all="ignore"):
        same = np.allclose(formula(case.x), case.function(case.x, np), equal_nan=True)
    assert same, f"{case.text}: text and code disagree"
    exact = formula.derivative().exact(case.x)
    assert exact.status is Status.CERTIFIED, f"{case.text}: {exact.status}"
    hi, lo, radius = (Fraction(float(part)) for part in (exact.hi, exact.lo, exact.radius))
    return Truth(float(exact.hi), hi + lo, radius)


def relative_error(value: float, truth: Truth) -> str:
    """Return |value - exact|/|exact| with two digits."""
    if not math.isfinite(value):
        return str(value)
    error = abs(Fraction(value) - truth.value)
    return "0" if error <= truth.radius else two_digits(error / abs(truth.value))


def two_digits(number: Fraction | float) -> str:
    """Return a number as a table shows it."""
    return "0" if number == 0 else f"{float(number):.1e}"


def measure(derivative: Derivative, case: Case, truth: Truth) -> str:
    """Return one cell: a relative error, or what the peer raised."""
    import numpy as np

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return relative_error(derivative(case.function, case.x), truth)
        except Exception as error:  # a peer may raise whatever it likes: that is the result
            return type(error).__name__


def errors_table(peers: dict[str, tuple[str, Derivative]]) -> list[str]:
    """Return the table of relative errors."""
    heads = ["f(x)", "x", "what is awkward", "certified derivative", *peers]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for case in CASES:
        truth = truth_of(case)
        cells = [measure(derivative, case, truth) for _, derivative in peers.values()]
        start = f"| `{case.text}` | {case.x:g} | {case.why} | {truth.hi!r} | "
        lines.append(start + " | ".join(cells) + " |")
    return lines


def estimates_table() -> list[str]:
    """Return the table of the errors that numdifftools and SciPy say they made."""
    import numdifftools
    import numpy as np

    derivative = import_module("scipy.differentiate").derivative
    lines = [
        "| f(x) | x | numdifftools: error | its estimate | SciPy: error | its estimate "
        "| its success |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in CASES:
        truth = truth_of(case)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            first = numdifftools.Derivative(lambda t, f=case.function: f(t, np), full_output=True)
            found = first(case.x)
            second = derivative(lambda t, f=case.function: f(t, np), case.x)
        cells = [
            absolute_error(float(found.estimate), truth),
            two_digits(float(found.error_estimate)),
            absolute_error(float(second.df), truth),
            two_digits(float(second.error)),
            "yes" if second.success else "no",
        ]
        lines.append(f"| `{case.text}` | {case.x:g} | " + " | ".join(cells) + " |")
    return lines


def absolute_error(value: float, truth: Truth) -> str:
    """Return |value - exact| with two digits."""
    if not math.isfinite(value):
        return str(value)
    error = abs(Fraction(value) - truth.value)
    return "0" if error <= truth.radius else two_digits(error)


def report() -> str:
    """Measure everything and return the document's tables."""
    there = {name: peer for name, peer in PEERS.items() if installed(peer[0])}
    names = dict.fromkeys([*(peer[0] for peer in there.values()), "numpy", "python-flint"])
    versions = ", ".join(f"{name} {installed(name)}" for name in names)
    missing = [name for name in PEERS if name not in there]
    words = [f"Measured with {versions}; Python {platform.python_version()}, {platform.machine()}."]
    if missing:
        words.append(f"Not measured, because not installed here: {', '.join(missing)}.")
    lines = [
        "Relative error, |value − exact| / |exact|:",
        "",
        *errors_table(there),
    ]
    if "numdifftools" in there:
        lines += [
            "",
            "Absolute error, beside what the peer itself says about it:",
            "",
            *estimates_table(),
        ]
    return "\n".join([*lines, "", *words])


def write(text: str) -> None:
    """Put the tables between the document's markers."""
    document = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = document.partition(START)
    _, _, after = rest.partition(END)
    new = f"{before}{START}\n\n{text}\n\n{END}{after}"
    DOCUMENT.write_text(new, encoding="utf-8")


def main() -> None:
    """Print the tables; write them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the tables into the document")
    arguments = parser.parse_args()
    text = report()
    print(text)
    if arguments.write:
        write(text)


if __name__ == "__main__":
    main()
