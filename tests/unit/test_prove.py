"""Proofs that an expression is 0: only proofs, in time, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from fractions import Fraction as F
from pathlib import Path

import pytest

import symnum.formula.prove as module
from symnum.formula.parse import parse
from symnum.formula.program import Builder
from symnum.formula.proofs import prove
from symnum.formula.prove import Prover, restore, serialise, substitute

ZERO = [
    "x - x",
    "sin(x)**2 + cos(x)**2 - 1",
    "(x + 1)**2 - x**2 - 2*x - 1",
    "sqrt(5 + 2*sqrt(6)) - sqrt(2) - sqrt(3)",
    "cos(pi/7) - cos(2*pi/7) + cos(3*pi/7) - 1/2",
    "log(6) - log(2) - log(3)",
    "tanh(x) - (exp(x) - exp(-x))/(exp(x) + exp(-x))",
    "gamma(x + 1) - x*gamma(x)",
    "digamma(x + 1) - digamma(x) - 1/x",
    "asin(x) + acos(x) - pi/2",
    "acosh(2) - log(2 + sqrt(3))",
    "erf(x) + erfc(x) - 1",
    "max(x, y) + min(x, y) - x - y",
    "expit(x) + expit(-x) - 1",
    "sqrt(x**2) - abs(x)",
    "hypot(3, 4) - 5",
]
NOT_ZERO = [
    "x",
    "1",
    "sin(x)**2 + cos(x)**2",
    "sqrt(x**2) - x",
    "cos(pi/7) - cos(2*pi/7) + cos(3*pi/7) - 0.5000000000000001",
    # SymPy's own evaluation calls these 0 to any digits that one cares to print.
    "sqrt(2) - 1.41421356237309504880168872420969807856967187537694",
    "exp(pi*sqrt(163)) - 262537412640768743.99999999999925",
    "10**-300*x",
    "erf(30) - 1",
    "where(x > 0, 0, x)",
]


@pytest.mark.parametrize("formula", ZERO)
def test_identities_are_proven(formula):
    """SymPy turns each of these into the number 0."""
    assert prove(parse([formula])[0])


@pytest.mark.parametrize("formula", NOT_ZERO)
def test_nothing_else_is_proven(formula):
    """Not even what is 0 to three hundred digits."""
    assert not prove(parse([formula])[0])


def test_a_prover_answers_from_its_own_process():
    """One process answers all the questions of a block and is gone after it."""
    with Prover() as prover:
        assert prover._process is None
        assert prover.is_zero(parse(["sin(x)**2 + cos(x)**2 - 1"])[0])
        process = prover._process
        assert process is not None
        assert not prover.is_zero(parse(["sin(x)**2 + cos(x)**2 - 2"])[0])
        assert prover._process is process
    assert process.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_variables_may_be_replaced_by_numbers():
    """x² - y is no identity, but 0 at x = 1/2 and y = 1/4."""
    program, _ = parse(["abs(x)**2 - y"], ["x", "y"])
    with Prover() as prover:
        assert not prover.is_zero(program)
        assert prover.is_zero(program, [F(1, 2), F(1, 4)])
        assert not prover.is_zero(program, [F(1, 2), F(1, 3)])


def slow():
    """Return a program that SymPy simplifies for minutes."""
    b = Builder(3)
    line = b.var(0)
    for k in range(40):
        other = b.op("sin", b.op("mul", b.const(k + 2), b.var(k % 3)))
        line = b.op("div", b.op("add", b.op("mul", line, other), b.const(1)), b.op("exp", other))
    return b.finish([line])


def test_the_clock_is_kept():
    """What takes too long is not proven, its process is killed, and the next is asked."""
    with Prover(patience=0.5) as prover:
        assert prover.is_zero(parse(["x - x"])[0])
        first = prover._process
        start = time.monotonic()
        assert not prover.is_zero(slow())
        assert time.monotonic() - start < 3
        assert prover._process is None
        assert first is not None
        assert first.returncode is not None
        assert prover.is_zero(parse(["y - y"])[0])


def test_the_budget_is_kept():
    """When the time for all questions is used up no more are asked."""
    with Prover(patience=0.3, budget=0.3) as prover:
        assert not prover.is_zero(slow())
        start = time.monotonic()
        assert not prover.is_zero(parse(["x - x"])[0])
        assert time.monotonic() - start < 0.1


def test_a_process_that_dies_is_no_proof(monkeypatch):
    """A worker that can't start, or breaks off, means: not proven."""
    monkeypatch.setattr(module, "_WORKER", "raise SystemExit(3)")
    with Prover() as prover:
        assert not prover.is_zero(parse(["x - x"])[0])
    monkeypatch.setattr(module, "_WORKER", "print('ready', flush=True); input(); raise SystemExit")
    with Prover() as prover:
        assert not prover.is_zero(parse(["x - x"])[0])


def test_the_same_question_is_asked_once(monkeypatch):
    """Answers are remembered."""
    asked = []
    with Prover() as prover:
        monkeypatch.setattr(prover, "_ask", lambda question: not asked.append(question))
        program = parse(["x - x"])[0]
        assert [prover.is_zero(program) for _ in range(3)] == [True] * 3
    assert len(asked) == 1


def test_long_programs_are_not_asked_about():
    """Nobody would prove anything about ten thousand lines in time."""
    b = Builder(1)
    line = b.var(0)
    for _ in range(10_000):
        line = b.op("sin", line)
    with Prover() as prover:
        assert not prover.is_zero(b.finish([line]))
        assert prover._process is None


def test_files_where_the_user_works_are_not_imported(tmp_path):
    """The process doesn't run a json.py or sympy.py that lies in the current folder."""
    for name in ("json", "sympy", "fractions"):
        (tmp_path / f"{name}.py").write_text("open('trap', 'w').close()\nraise SystemExit\n")
    script = (
        "import sys; sys.path[:] = [p for p in sys.path if p]; "
        "from symnum.formula.prove import Prover\n"
        "from symnum.formula.parse import parse\n"
        "with Prover() as p: print(p.is_zero(parse(['x - x'])[0]))"
    )
    root = str(Path(module.__file__).parents[2])
    found = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == ["True"]
    assert not (tmp_path / "trap").exists()


def test_programs_are_sent_as_data():
    """What is sent is JSON of operations and rationals, and comes back as the same program."""
    program, _ = parse(["where(x > 1/3, sin(x)*pi, x**2) - 0.1"])
    again = restore(serialise(program))
    assert again == substitute_nothing(program)
    with pytest.raises(ValueError, match="literal"):
        restore('{"lines": [["const", [], "__import__(\'os\')"]], "outputs": [0], "n": 0}')


def substitute_nothing(program):
    """Return the program without lines that nobody reads."""
    return restore(serialise(program))


def test_substitution_is_exact():
    """A rational in place of a variable is a constant line."""
    program = substitute(parse(["x + y"])[0], [F(1, 3), F(-2)])
    assert program.n_variables == 0
    assert [line.value for line in program.lines if line.op == "const"] == [F(1, 3), F(-2)]


def test_importing_the_prover_imports_no_sympy():
    """Certified values need SymPy only where something is to be proven."""
    code = "import sys, symnum.formula.prove; print('sympy' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(module.__file__).parents[2],
    )  # fmt: skip
    assert found.stdout.strip() == "False"
