from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.commands.query_output import write_csv
from pipeline.core.spreadsheet import guarded, unguarded


@settings(deadline=None)
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
