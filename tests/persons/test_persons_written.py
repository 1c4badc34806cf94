"""How the longest table of persons lies in a run's folder."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from flows.stages.person_tables import fields_files, fields_of, write_fields
from pipeline.core.parquet import count_rows
from pipeline.core.places import RunFolder
from schemas.tables import PERSON_FIELDS


def fields(persons: range, rule: str) -> pa.Table:
    rows = [
        {
            "person_id": f"P{person:03d}",
            "field": "surname",
            "value": "KHAN",
            "record_id": f"r{person}",
            "source": "custody",
            "basis": "fact",
            "is_chosen": True,
            "rule": rule,
            "n_agree": 1,
        }
        for person in persons
    ]
    return pa.Table.from_pylist(rows, PERSON_FIELDS.arrow_schema())


@pytest.mark.parametrize(("n_made", "is_handed_on"), [(10, True), (60, False)])
def test_the_file_goes_on_while_few_rows_were_replaced_and_reads_the_same_when_it_is_written_anew(
    tmp_path: Path, n_made: int, is_handed_on: bool
) -> None:
    first, second = RunFolder(tmp_path / "one"), RunFolder(tmp_path / "two")
    write_fields(first, fields(range(100), "recent"))
    made = fields(range(n_made), "trusted")
    write_fields(second, fields_of(first).next_night(made.column("person_id").combine_chunks(), made))
    whole, since, _ = fields_files(second)
    assert whole.samefile(fields_files(first)[0]) == is_handed_on
    assert count_rows(since) == (n_made if is_handed_on else 0)
    found = pa.concat_tables(fields_of(second).parts())
    assert found.equals(pa.concat_tables([made, fields(range(n_made, 100), "recent")]))
    assert fields_of(second).n_rows == 100
