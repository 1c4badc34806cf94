"""What the night's report tells of values that nothing understands."""

from __future__ import annotations

import pyarrow as pa

from pipeline.report.not_understood import not_understood
from schemas.tables import RECORDS


def test_values_that_nothing_understands_are_counted_by_source_field_and_reason() -> None:
    schema = RECORDS.arrow_schema()
    kinds = pa.schema([schema.field("source"), schema.field("nulled")])
    unknown = [{"field": "risk", "raw": "5", "reason": "unknown_code"}]
    not_stated = [{"field": "sex", "raw": "U", "reason": "not_stated"}]
    rows = [
        {"source": "cris", "nulled": None},
        {"source": "gangs", "nulled": unknown},
        {"source": "gangs", "nulled": unknown + not_stated},
        {"source": "cris", "nulled": [{"field": "police_id", "raw": "1/1A", "reason": "invalid_check"}]},
        {"source": "cris", "nulled": []},
    ]
    told = not_understood(pa.Table.from_pylist(rows, kinds))
    assert [(row.source, row.field, row.n_values, row.n_records) for row in told] == [
        ("gangs", "risk", 2, 2),
        ("cris", "police_id", 1, 3),
    ]
    assert "values of the contract" in told[0].reason


def test_a_night_whose_values_were_all_understood_tells_none() -> None:
    schema = RECORDS.arrow_schema()
    kinds = pa.schema([schema.field("source"), schema.field("nulled")])
    assert not_understood(pa.Table.from_pylist([{"source": "cris", "nulled": None}], kinds)) == []
    assert not_understood(kinds.empty_table()) == []
