"""What could not be read of any table of people is counted."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.not_understood import not_understood
from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse

REFERENCE = Reference.load()
LATEST = dt.date(2026, 11, 20)
COLUMNS = {
    "born": ["2009-03-14", "Spring 2010", "unknown", "", None, "Spring 2010"],
    "old": ["15", "-3", "n/k", "abt 12", "250", None],
    "mail": ["a@example.org", "none", "no at sign", None, "b@example.org", ""],
    "name": ["Khan", "***", "Ali", None, "Li", "?"],
}
KINDS = {"born": "date_of_birth", "old": "age", "mail": "email", "name": "surname"}


def counted(uses: list[ColumnUse], kind: pa.DataType) -> dict[str, int]:
    raw = pa.table({name: pa.array(texts).cast(kind) for name, texts in COLUMNS.items()})
    return not_understood(raw, uses, standardise_any(raw, uses, REFERENCE, LATEST), REFERENCE)


def test_rows_are_counted_in_which_something_stands_that_is_no_value() -> None:
    uses = [ColumnUse(name, kind, kind) for name, kind in KINDS.items()]  # type: ignore[arg-type]
    for kind in (pa.string(), pa.dictionary(pa.int32(), pa.string())):
        lost = counted(uses, kind)
        assert (lost["born"], lost["old"]) == (2, 3)
        assert "name" not in lost, "names are read whatever they say"


def test_of_a_field_that_two_columns_fill_nothing_is_told() -> None:
    uses = [ColumnUse(name, "date_of_birth", "date_of_birth") for name in ("born", "old")]
    assert counted(uses, pa.string()) == {}
