"""Arrow files of a run: written whole, in parts or at once, and read back the same."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.core.parquet import read_parts, read_table, replace_parts, replace_rows


def test_parts_are_written_into_a_folder_that_is_not_there_yet_and_read_back(tmp_path: Path) -> None:
    whole = pa.table({"a": list(range(5)), "b": [["x"], None, [], ["y", "z"], None]})
    path = tmp_path / "stage" / "some.arrow"
    assert replace_parts(path, [whole.slice(0, 2), whole.slice(2, 0), whole.slice(2)], whole.schema) == 5
    assert read_table(path).equals(whole)
    assert pa.concat_tables(read_parts(path)).equals(whole)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["some.arrow", "some.parquet"])
def test_the_bytes_of_a_table_do_not_hang_on_the_pieces_it_was_put_together_from(tmp_path: Path, name: str) -> None:
    whole = pa.table({"a": ["x", "y", None, "x"] * 50, "b": [["p"], None, [], ["q", "r"]] * 50})
    pieces = pa.concat_tables([whole.slice(0, 7), whole.slice(7, 100), whole.slice(107)])
    assert pieces.column("a").num_chunks == 3
    written = []
    for table in (whole, pieces):
        replace_rows(tmp_path / name, table)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert read_table(tmp_path / name).equals(whole)
