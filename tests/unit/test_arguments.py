"""The command line's texts: points, tables, steps and parameters."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from symnum.arguments import read_names, read_number, read_parameters, read_points, read_steps
from symnum.errors import DomainError, SymnumError, UsageError

X, XY = ("x",), ("x", "y")


@pytest.mark.parametrize(
    ("at", "variables", "expected"),
    [
        (["x=5"], X, [[5.0]]),
        (["y=1,x=-2.5e-3"], XY, [[-2.5e-3, 1.0]]),
        ([" x = .5 , y = 1. "], XY, [[0.5, 1.0]]),
        (["x=5", "x=10"], X, [[5.0], [10.0]]),
        (["x=0:1:3"], X, [[0.0], [0.5], [1.0]]),
        (["x=0:1:2,y=1:2:2"], XY, [[0, 1], [0, 2], [1, 1], [1, 2]]),
        (["y=1:2:2,x=0:1:2"], XY, [[0, 1], [1, 1], [0, 2], [1, 2]]),
        (["x=1:0:2,y=3"], XY, [[1, 3], [0, 3]]),
        (["x[0]=1"], ("x[0]",), [[1.0]]),
        (["x=\N{MINUS SIGN}1"], X, [[-1.0]]),
    ],
)
def test_points_are_read(at, variables, expected):
    """Points come from NAME=VALUE pairs; ranges make a grid whose last range runs fastest."""
    assert read_points(at, None, variables).tolist() == expected


def test_no_points():
    """Without --at and --points there are no points."""
    assert read_points([], None, X) is None


@pytest.mark.parametrize(
    ("at", "error", "message"),
    [
        ("5", UsageError, "--at '5' is not of the form NAME=VALUE; write x=1,y=1"),
        ("5,-2e3", UsageError, "is not of the form NAME=VALUE; write x=5,y=-2e3"),
        ("5,", UsageError, "is not of the form NAME=VALUE; write x=1,y=1"),
        ("", UsageError, "is not of the form NAME=VALUE"),
        ("x=1,,y=2", UsageError, "is not of the form NAME=VALUE"),
        ("x=1,y=", UsageError, "is not of the form NAME=VALUE"),
        ("x=1", UsageError, "says nothing about y; write --at x=1,y=1"),
        ("x=1,z=2", UsageError, "there is no variable 'z'; the formula has x, y"),
        ("x=1,x=2,y=1", UsageError, "x is given twice"),
        ("x=1,y=two", UsageError, "'two' is not a number; write one such as 5, -0.25 or 1e-4"),
        ("x=1,y=1_0", UsageError, "'1_0' is not a number"),
        ("x=1,y=0x10", UsageError, "'0x10' is not a number"),
        ("x=1,y=\N{ARABIC-INDIC DIGIT ONE}", UsageError, r"'\\u0661' is not a number"),
        ("x=1,y=nan", DomainError, "nan is not a finite number"),
        ("x=1,y=-Infinity", DomainError, "-Infinity is not a finite number"),
        ("x=1,y=1e999", DomainError, "'1e999' is beyond the largest double"),
        ("x=1,y=0:1", UsageError, "a range is FIRST:LAST:COUNT, such as y=0:10:101"),
        ("x=1,y=0:1:1", UsageError, "the count '1' is not a whole number from 2 on"),
        ("x=1,y=0:1:2.5", UsageError, "the count '2.5' is not a whole number from 2 on"),
        ("x=1,y=0:inf:3", DomainError, "inf is not a finite number"),
        ("x=1,y=0:1:99999999", UsageError, "99,999,999 points are more than one command takes"),
        ("x=0:1:2000,y=0:1:2000", UsageError, "4,000,000 points are more than"),
        ("x=1,__import__('os')=2", UsageError, "there is no variable"),
        ("x=1,y=__import__('os').system('echo')", UsageError, "is not a number"),
    ],
)
def test_bad_points_are_refused(at, error, message):
    """What is wrong with a point is said, and what to write instead."""
    with pytest.raises(error, match=message):
        read_points([at], None, XY)


def test_a_megabyte_is_not_echoed():
    """A huge or hostile text is shortened and stripped of control characters in the message."""
    with pytest.raises(UsageError) as caught:
        read_points(["x=\x1b[31m" + "9" * 10**6], None, X)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


def table(tmp_path, data):
    """Write a table of points."""
    path = tmp_path / "points.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    "data",
    [
        "x,y\n1,2\n3,4\n",
        "\ufeffx,y\n1,2\n3,4",
        "y,x\r\n2,1\r\n4,3\r\n",
        ' x , name , y \n1,=cmd(),2\n\n ,,\n3,"a,b",4\n',
    ],
)
def test_tables_are_read(tmp_path, data):
    """Columns are found by name; a byte-order mark, blank lines and other columns do no harm."""
    assert read_points([], table(tmp_path, data), XY).tolist() == [[1, 2], [3, 4]]


def test_points_and_table_add_up(tmp_path):
    """--at and --points may be used together."""
    assert len(read_points(["x=0,y=0"], table(tmp_path, "x,y\n1,2\n"), XY)) == 2


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ("", UsageError, "is empty: its first line must name the variables, x, y"),
        ("\n\n", UsageError, "is empty"),
        ("x,y\n", UsageError, "has a header and no points"),
        ("x,z\n1,2\n", UsageError, "line 1: there is no column named y; the header has 'x', 'z'"),
        ("x;y\n1;2\n", UsageError, "there is no column named x.*separate columns by commas"),
        ("x,y,x\n1,2,3\n", UsageError, "there are two columns named x"),
        ("x,y\n1,2\n\n3\n", UsageError, "line 4: 1 cells where the header has 2"),
        ("x,y\n1,2\n3,four\n", UsageError, "line 3, column y: 'four' is not a number"),
        ("x,y\n1,\n", UsageError, "line 2, column y: '' is not a number"),
        ("x,y\n1,nan\n", DomainError, "line 2, column y: nan is not a finite number"),
        (b"x,y\n1,2\n\xff,3\n", UsageError, "line 3: not UTF-8"),
        ('x,y\n"1,2\n', UsageError, "line 2: unexpected end of data"),
        ("x,y\n1," + "1" * 200_000, UsageError, "field larger than field limit"),
        ("__import__('os').system('x'),y\n1,2\n", UsageError, "there is no column named x"),
    ],
)
def test_bad_tables_are_refused(tmp_path, data, error, message):
    """What is wrong with a table is named by line and column."""
    with pytest.raises(error, match=message):
        read_points([], table(tmp_path, data), XY)


def test_a_table_that_cannot_be_read(tmp_path):
    """A missing file, a folder and a name with a NUL are refused."""
    for path in (tmp_path / "no.csv", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(UsageError, match="can't read the table"):
            read_points([], path, XY)


def test_steps_are_read():
    """Steps are one number, a list, or a logarithmic range with exact ends."""
    assert read_steps("1e-4").tolist() == [1e-4]
    assert read_steps("1e-2, 1e-4").tolist() == [1e-2, 1e-4]
    steps = read_steps("1e-15:1:61")
    assert (len(steps), steps[0], steps[-1]) == (61, 1e-15, 1.0)
    assert np.allclose(np.diff(np.log10(steps)), 0.25)
    assert read_steps("1:1e-3:4").tolist() == pytest.approx([1, 1e-1, 1e-2, 1e-3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "a step is above 0; 0 is not"),
        ("-1", "a step is above 0"),
        ("1e-400", "a step is above 0"),
        ("0:1:5", "a step is above 0"),
        ("", "'' is not a number"),
        ("1e-4,", "'' is not a number"),
        ("inf", "not a finite number"),
        ("1:2", "FIRST:LAST:COUNT"),
        ("1e-15:1:999999999", "999,999,999 steps are more than one command takes"),
        ("auto", "'auto' is not a number"),
    ],
)
def test_bad_steps_are_refused(text, message):
    """A step is a finite number above 0."""
    with pytest.raises(SymnumError, match=message):
        read_steps(text)


def test_parameters_are_exact():
    """A parameter is the rational that it spells, not the double nearest it."""
    assert read_parameters(["a=0.1,b=-2", "c=1e-3"]) == {
        "a": Fraction(1, 10),
        "b": Fraction(-2),
        "c": Fraction(1, 1000),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "is not of the form NAME=VALUE; write a=2"),
        ("a=1,a=2", "gives 'a' twice"),
        ("a=nan", "not a finite number"),
        ("a=1e-999999999", "the exponent of '1e-999999999' is not within ±400"),
        ("a=b", "'b' is not a number"),
    ],
)
def test_bad_parameters_are_refused(text, message):
    """A parameter is a finite number of a reasonable size."""
    with pytest.raises(SymnumError, match=message):
        read_parameters([text])


def test_names_are_read():
    """Names are separated by commas."""
    assert read_names("x, y") == ["x", "y"]
    with pytest.raises(UsageError, match="an empty name"):
        read_names("x,,y")


def test_numbers_are_doubles():
    """A number is the double nearest what it spells."""
    assert read_number("0.1", "here") == 0.1
    assert read_number("1" * 309, "here") == float("1" * 309)
    with pytest.raises(UsageError, match="is not a number"):
        read_number("1" * 2000, "here")
