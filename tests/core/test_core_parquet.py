"""Arrow files of a run: written whole, in parts or at once, and read back the same."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from pipeline.core.parquet import read_parts, read_table, replace_parts


def test_parts_are_written_into_a_folder_that_is_not_there_yet_and_read_back(tmp_path: Path) -> None:
    whole = pa.table({"a": list(range(5)), "b": [["x"], None, [], ["y", "z"], None]})
    path = tmp_path / "stage" / "some.arrow"
    assert replace_parts(path, [whole.slice(0, 2), whole.slice(2, 0), whole.slice(2)], whole.schema) == 5
    assert read_table(path).equals(whole)
    assert pa.concat_tables(read_parts(path)).equals(whole)
    assert path.stat().st_mode & 0o777 == 0o600
