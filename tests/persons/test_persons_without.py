"""What is left of the published tables when records are expunged."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from one_person import tables

from pipeline.persons.survivorship import load_survivorship
from pipeline.persons.without import without_records
from schemas.settings import RunSettings

BEFORE, RUN = "2026-11-20-1", "2026-11-21-1"


def rows_like(table: pa.Table, *rows: dict[str, Any]) -> pa.Table:
    """The table's one row, once for each of these, with what they say."""
    (row,) = table.to_pylist()
    return pa.Table.from_pylist([row | given for given in rows], table.schema)


def test_changes_of_the_run_count_the_records_that_are_left() -> None:
    """Of P1's three records the run gave one to P2; then one of the other two is expunged."""
    given = tables()
    owners = {"r1": "P1", "r2": "P1", "r3": "P2"}
    ids = [{"record_id": record, "person_id": person} for record, person in owners.items()]
    for name in ("records", "events", "person_fields"):
        given[name] = rows_like(given[name], *(row | {"event_id": row["record_id"]} for row in ids))
    given["persons"] = rows_like(given["persons"], {"person_id": "P1", "n_records": 2}, {"person_id": "P2"})
    spans = (("P1", BEFORE, RUN, ["r1", "r2", "r3"]), ("P1", RUN, None, ["r1", "r2"]), ("P2", RUN, None, ["r3"]))
    names = ("person_id", "valid_from", "valid_to", "record_ids")
    given["identity_ledger"] = rows_like(
        given["identity_ledger"], *(dict(zip(names, span, strict=True)) for span in spans)
    )
    split = {"run_id": RUN, "kind": "split", "person_id_before": "P1", "person_id_after": "P2", "record_id": None}
    changed = split | {"kind": "changed", "person_id_after": "P1"}
    counts = {"n_records_before": 3, "n_records_after": 1}
    given["link_changes"] = rows_like(given["link_changes"], changed | counts | {"n_records_after": 2}, split | counts)
    left = without_records(given, {"r1"}, load_survivorship(RunSettings().survivorship, {"custody": 1}), RUN)
    told = [(row["kind"], row["n_records_before"], row["n_records_after"]) for row in left["link_changes"].to_pylist()]
    assert told == [("changed", 2, 1), ("split", 2, 1)]
    assert left["persons"].select(["person_id", "n_records"]).to_pylist() == [
        {"person_id": "P2", "n_records": 1},
        {"person_id": "P1", "n_records": 1},
    ]


def test_a_feed_counts_the_records_that_are_left_of_it() -> None:
    given = tables()
    (record,) = given["records"].to_pylist()
    ids = [record["record_id"], "r2", "r3"]
    feeds = [record["feed_id"], record["feed_id"], "cris.camden"]
    named = [{"record_id": one, "feed_id": feed} for one, feed in zip(ids, feeds, strict=True)]
    given["records"] = rows_like(given["records"], *named)
    held = {"feed_id": "cris.camden", "state": "held", "rows_read": 4, "rows_used": 1, "rows_last_good": 1}
    fresh = {"feed_id": record["feed_id"], "state": "fresh", "rows_read": 3, "rows_used": 2, "rows_last_good": None}
    given["source_status"] = rows_like(given["source_status"], fresh, held)
    survivorship = load_survivorship(RunSettings().survivorship, {"custody": 1})
    left = without_records(given, {"r2", "r3"}, survivorship, RUN)["source_status"]
    assert left.select(["feed_id", "rows_read", "rows_used", "rows_last_good"]).to_pylist() == [
        {"feed_id": record["feed_id"], "rows_read": 3, "rows_used": 1, "rows_last_good": None},
        {"feed_id": "cris.camden", "rows_read": 4, "rows_used": 0, "rows_last_good": 1},
    ]
