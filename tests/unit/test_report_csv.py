"""CSV and data frames: one row a step."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import replace

import numpy as np
import pytest

from symnum.errors import UsageError
from symnum.report.csv import sweep_to_csv, sweep_to_dataframe
from tests.unit.report_samples import cubic_sweep, kink_sweep, many_sweep, several_sweep


def rows_of(text):
    """Return the rows as dictionaries."""
    return list(csv.DictReader(io.StringIO(text)))


def test_one_row_a_step():
    """There is a row for each point, component, scheme and step, and doubles read back."""
    sweep = several_sweep()
    rows = rows_of(sweep_to_csv(sweep))
    assert len(rows) == 3 * 61
    errors = np.array([float(row["error"]) for row in rows]).reshape(3, 61)
    for run, column in zip(sweep.runs, errors, strict=True):
        assert np.array_equal(run.error[0, 0], column)
    assert [row["scheme"] for row in rows[::61]] == ["central:2", "forward:1", "complex"]


def test_components_and_points_are_columns():
    """Each row says which output, at which point, with respect to what."""
    rows = rows_of(sweep_to_csv(many_sweep()))
    assert len(rows) == 3 * 4 * 13
    assert (rows[-1]["output"], rows[-1]["component"], rows[-1]["y"]) == ("1", "y", "1e-300")


def test_what_has_no_number_is_a_word():
    """NaN is the word nan."""
    rows = rows_of(sweep_to_csv(kink_sweep()))
    assert {row["error"] for row in rows} == {"nan"}
    assert {row["status"] for row in rows} == {"kink"}


def test_the_file_holds_the_text(tmp_path):
    """What is returned is what is written, with plain line ends."""
    text = sweep_to_csv(cubic_sweep(), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == text.encode()
    assert "\r" not in text


@pytest.mark.parametrize("name", ["no/such/folder/a.csv", "a\0.csv", "."])
def test_a_file_that_cannot_be_written(name):
    """A bad file name is a UsageError."""
    with pytest.raises(UsageError, match="can't write the CSV file"):
        sweep_to_csv(cubic_sweep(), name)


def test_a_spreadsheet_runs_nothing():
    """A text that a spreadsheet would run as a formula is quoted."""
    sweep = replace(cubic_sweep(), variables=("=1+1",))
    assert sweep_to_csv(sweep).splitlines()[0].split(",")[1] == "'=1+1"


def test_a_data_frame_has_the_same_rows():
    """The data frame holds the same columns as the CSV, as numbers."""
    frame = sweep_to_dataframe(many_sweep())
    assert list(frame.columns) == sweep_to_csv(many_sweep()).splitlines()[0].split(",")
    assert len(frame) == 3 * 4 * 13
    assert frame["error"].dtype == np.float64
    assert frame["output"].dtype.kind == "i"


def test_a_variable_may_bear_a_columns_name():
    """A variable called h or error doesn't replace that column."""
    frame = sweep_to_dataframe(replace(cubic_sweep(), variables=("h",)))
    assert list(frame.columns).count("h") == 2


def test_a_sweep_without_runs_is_an_empty_frame():
    """No runs, no rows, the same columns."""
    frame = sweep_to_dataframe(replace(cubic_sweep(), runs=()))
    assert frame.shape == (0, 14)


def test_without_pandas_the_message_says_what_to_do(monkeypatch):
    """Where pandas is missing the error says how to get it."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="pip install pandas"):
        sweep_to_dataframe(cubic_sweep())
