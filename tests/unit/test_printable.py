"""Text of somebody's code never steers the terminal that it is printed on."""

import os
import subprocess
import sys
from decimal import Decimal

import pytest

import symnum as sn
from symnum.errors import printable

STEERING = "\x1b[2J\r\x07\u202e\x9b31m"


def test_lines_stay_lines_and_everything_else_that_steers_is_spelled():
    """Escapes, carriage returns, bells, reading direction."""
    assert printable("a\nb") == "a\nb"
    assert printable("é π ± ²") == "é π ± ²"
    assert printable(f"x{STEERING}y") == r"x\x1b[2J\r\x07\u202e\x9b31my"


def test_a_verdict_shows_what_an_exception_says_without_steering():
    """The derivative's own exception is quoted in the verdict."""

    def derivative(x):
        raise ValueError(STEERING)

    text = str(sn.check("x**2", derivative, at=1.0))
    assert "raises" in text
    assert not any(c in text for c in "\x1b\r\x07\u202e\x9b")


def test_the_command_line_shows_tracebacks_without_steering(tmp_path):
    """Both of a derivative that raises, and of a module that does not import."""
    (tmp_path / "raising.py").write_text("def g(x):\n    raise ValueError('\\x1b[2J')\n")
    (tmp_path / "broken.py").write_text("raise ValueError('\\x1b[2J')\n")
    for name in ("raising", "broken"):
        command = [sys.executable, "-m", "symnum", "check", "x**2", f"{name}:g", "--at", "x=1"]
        path = {"PYTHONPATH": os.getcwd()}
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, **path}
        )
        assert done.returncode in {1, 2}
        assert "ValueError" in done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        assert r"\x1b[2J" in done.stderr


def test_why_nothing_is_known_is_said_in_lines_of_their_own():
    """Each way to a derivative has its own reason; long sources are cut."""
    verdict = sn.check(lambda _: Decimal("nan"), lambda x: 2 * x, at=1.0)
    first, *ways = str(verdict).splitlines()
    assert first == (
        "undecided: no derivative of f is known at any of the 41 points that were tried"
    )
    assert ways[0].startswith("  it can't be traced: ")
    assert ways[1].startswith("  it can't be run on balls: ")
    assert ways[2].startswith("  differences: ")
    assert all(len(line) < 300 for line in ways)


def test_a_request_that_makes_no_sense_shows_one_line_of_ours():
    """A test that misuses `assert_derivative` is not answered with our insides."""
    with pytest.raises(sn.UsageError) as caught:
        sn.assert_derivative("x**2", 3)
    files = [entry.path for entry in caught.traceback]
    assert len(files) == 2  # this file, and a frame that pytest hides


FORGED = f"one\n\nproved\n{STEERING}" + "z" * 500


def test_an_exception_of_f_is_quoted_in_one_short_line_without_steering():
    """It can't forge lines of ours, nor drown them."""

    def f(x):
        raise ValueError(FORGED)

    with pytest.raises(sn.UsageError) as caught:
        sn.check(f, lambda x: 2 * x, at=1.0)
    text = str(caught.value)
    assert "ValueError: one proved" in text
    assert len(text) < 350
    assert not any(c in text for c in "\n\x1b\r\x07\u202e\x9b")


def test_an_exception_of_the_derivative_is_quoted_in_one_short_line():
    """The verdict keeps its own lines."""

    def derivative(x):
        raise ValueError(FORGED)

    cause = str(sn.check("x**2", derivative, at=1.0)).splitlines()[1]
    assert "ValueError: one proved" in cause
    assert cause.endswith("at x = 1")
    assert len(cause) < 350


def test_keys_of_a_dict_are_quoted_in_one_short_line():
    """Whatever their `str` returns."""
    verdict = sn.check("x**2", lambda x: {FORGED: x}, at=1.0)
    assert "\n" not in verdict.cause_detail
    assert len(verdict.cause_detail) < 350


def test_an_exception_that_can_not_be_shown_is_named():
    """Its `__str__` may raise itself."""

    class Silent(Exception):
        def __str__(self):
            raise RuntimeError

    def derivative(x):
        raise Silent

    assert "it raises Silent" in sn.check("x**2", derivative, at=1.0).cause_detail


def test_every_error_of_ours_is_printable():
    """Names and values that an error quotes are somebody's text."""
    assert str(sn.UsageError(f"no {STEERING} here")) == r"no \x1b[2J\r\x07\u202e\x9b31m here"
    assert str(sn.UsageError()) == ""
