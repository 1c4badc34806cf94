from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from flows.commands.query_output import show, write_csv
from pipeline.core.spreadsheet import guarded, unguarded


@given(text=st.text(alphabet=st.sampled_from(" ='+-@a\t\n\uff1d")))
def test_any_text_survives_being_made_safe_for_a_spreadsheet(text: str) -> None:
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "\uff1d1+1", "\t=1", "|cmd", "%0A"])
def test_a_text_that_a_spreadsheet_might_run_stands_behind_an_apostrophe(text: str) -> None:
    assert guarded(text) == f"'{text}"


def test_a_csv_of_a_query_guards_text_and_leaves_numbers_numbers(tmp_path: Path) -> None:
    rows = pa.table({"bits": [-3.25, None], "name": [" =HYPERLINK(1)", "LEE"], "roles": [["victim"], []]})
    write_csv(rows, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="") as lines:
        assert list(csv.reader(lines)) == [
            ["bits", "name", "roles"],
            ["-3.25", "' =HYPERLINK(1)", '["victim"]'],
            ["", "LEE", "[]"],
        ]


def test_a_query_that_goes_into_a_file_breaks_no_value_over_lines_and_a_terminal_no_id() -> None:
    rows = pa.table({"person_id": ["P" + "A" * 12], "surname": ["a surname of many words " * 9], "file": ["x" * 200]})
    written, seen = io.StringIO(), io.StringIO()
    show(Console(file=written), rows)
    assert all(value in written.getvalue() for value in rows.to_pylist()[0].values())
    show(Console(file=seen, force_terminal=True, width=60), rows)
    assert rows["person_id"][0].as_py() in seen.getvalue()
    assert len(seen.getvalue().splitlines()[0]) <= 60


def test_rows_of_more_columns_than_a_terminal_is_wide_stand_each_by_itself() -> None:
    rows = pa.table({f"a_column_called_{number}": [f"first {number}", f"second {number}"] for number in range(12)})
    seen, written = io.StringIO(), io.StringIO()
    show(Console(file=seen, force_terminal=True, width=80, color_system=None), rows)
    show(Console(file=written), rows)
    lines = seen.getvalue().splitlines()
    assert [line.split()[:3] for line in lines if "of 2" in line] == [["1", "of", "2"], ["2", "of", "2"]]
    assert any("a_column_called_11" in line and "second 11" in line for line in lines)
    assert "first 11" in next(line for line in written.getvalue().splitlines() if "first 0" in line)


def test_a_csv_of_a_query_guards_the_names_of_columns_too(tmp_path: Path) -> None:
    write_csv(pa.table({"=1+1": ["a"], "n": [-1]}), tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text("utf-8").splitlines()[0] == '"\'=1+1","n"'


@pytest.mark.parametrize("is_terminal", [True, False])
def test_only_a_terminal_cuts_a_value_of_thousands_of_characters_and_says_so(is_terminal: bool) -> None:
    out = io.StringIO()
    rows = pa.table({"record_id": ["0039d416bd21399b858ca04f95bc017c"], "surname": ["x" * 5000]})
    show(Console(file=out, force_terminal=is_terminal, width=100), rows)
    assert "0039d416bd21399b858ca04f95bc017c" in out.getvalue()
    assert (out.getvalue().count("x") == 5000) is not is_terminal
    assert ("Values are cut after 500 characters" in out.getvalue()) is is_terminal
