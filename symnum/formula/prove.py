"""Proofs by SymPy that an expression is 0, in a process of its own under a wall clock.

SymPy's simplification can run for hours and cannot be interrupted from inside, so it works in a
subprocess (`proofs.py`) that is killed when its time is up. Only a proof counts, never a numerical
coincidence.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import IO, Any, Protocol

from symnum.formula.program import Builder, Line, Program

# Seconds for one question, and for all questions to one prover.
_PATIENCE = 3.0
_BUDGET = 9.0
# Starting Python and importing SymPy is not SymPy's fault.
_START = 20.0
# Nobody proves anything about a longer expression in time.
_LONGEST = 300


# The worker sees the modules that we see, not those that happen to lie where the user works.
_WORKER = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from symnum.formula.proofs import main; main(float(sys.argv[2]))"
)


class Clock(Protocol):
    """Knows how many seconds are left for all of the work."""

    def left(self) -> float:
        """Return the seconds that are left; 0 or less when the time is over."""


class Prover:
    """Asks SymPy for proofs; starts its process at the first question, ends it with the block.

    Parameters
    ----------
    patience : float
        Seconds that SymPy may think about one question.
    budget : float
        Seconds for all questions together, the start of the process left out.
    clock : Clock, optional
        No question, and nothing else that asks `is_late`, goes on when its time is over.

    Examples
    --------
    >>> from symnum.formula.parse import parse
    >>> from symnum.formula.prove import Prover
    >>> program, _ = parse(["sin(x)**2 + cos(x)**2 - 1"])
    >>> with Prover() as prover:
    ...     prover.is_zero(program)
    True
    """

    def __init__(
        self,
        patience: float = _PATIENCE,
        budget: float = _BUDGET,
        clock: Clock | None = None,
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._left = budget
        self._process: subprocess.Popen[str] | None = None
        self._answers: Queue[str] = Queue()
        self._known: dict[Program, bool] = {}

    def __enter__(self) -> Prover:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def is_late(self) -> bool:
        """Say whether the time for all of the work is over."""
        return self._clock is not None and self._clock.left() <= 0.0

    def is_zero(self, program: Program, at: Sequence[Fraction] | None = None) -> bool:
        """Say whether the program's first output is proven to be 0 wherever it is defined.

        Parameters
        ----------
        program : Program
            What may be 0.
        at : sequence of Fraction, optional
            Put these numbers in place of the variables first.

        Returns
        -------
        bool
            True: proven. False: not proven, which says nothing.
        """
        if at is not None:
            program = substitute(program, at)
        if program in self._known:
            return self._known[program]
        if len(program.live(program.outputs[:1])) > _LONGEST or self._left <= 0.0:
            return False
        if self.is_late():
            return False
        answer = self._ask(serialise(program.with_outputs(program.outputs[:1])))
        self._known[program] = answer
        return answer

    def _ask(self, question: str) -> bool:
        try:
            if self._process is None:
                self._start()
            process = self._process
            assert process is not None
            assert process.stdin is not None
            started = time.monotonic()
            try:
                process.stdin.write(question + "\n")
                process.stdin.flush()
                return (
                    self._answers.get(timeout=self._at_most(self._patience, self._left)) == "zero"
                )
            finally:
                self._left -= time.monotonic() - started
        except (Empty, OSError, ValueError):
            self._stop()
            return False

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _WORKER, json.dumps(sys.path), str(self._patience)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._answers = Queue()
        assert self._process.stdout is not None
        Thread(target=_forward, args=(self._process.stdout, self._answers.put), daemon=True).start()
        if self._answers.get(timeout=self._at_most(_START)) != "ready":
            raise ValueError

    def _at_most(self, *seconds: float) -> float:
        """Return the least of some times and of what the clock leaves."""
        left = () if self._clock is None else (max(0.0, self._clock.left()),)
        return min(*seconds, *left) if left else min(seconds)

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # unsent text to a process that is gone
                    stream.close()
        self._process = None


def _forward(stream: IO[str], put: Callable[[str], Any]) -> None:
    """Hand on the worker's lines; an end of the stream is an empty answer."""
    try:
        for line in stream:
            put(line.strip())
    except ValueError:  # closed while reading
        pass
    put("")


def serialise(program: Program) -> str:
    """Return a program's live lines as one line of JSON."""
    live = program.live()
    number = {index: k for k, index in enumerate(live)}
    lines = [
        [
            program.lines[i].op,
            [number[arg] for arg in program.lines[i].args],
            None if program.lines[i].value is None else str(program.lines[i].value),
        ]
        for i in live
    ]
    outputs = [number[output] for output in program.outputs]
    return json.dumps({"lines": lines, "outputs": outputs, "n": program.n_variables})


def restore(text: str) -> Program:
    """Return the program that `serialise` wrote."""
    found = json.loads(text)
    lines = []
    for op, args, value in found["lines"]:
        exact: Fraction | int | None = None
        if value is not None:
            exact = int(value) if op == "var" else Fraction(value)
        lines.append(Line(op, tuple(args), exact))
    return Program(tuple(lines), tuple(found["outputs"]), found["n"])


def substitute(program: Program, at: Sequence[Fraction]) -> Program:
    """Return the program with exact rationals in place of its variables."""
    builder = Builder(0)
    return builder.finish(builder.inline(program, [builder.const(value) for value in at]))
