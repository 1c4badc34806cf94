"""Records that were expunged by order stay out of every later export."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from pipeline.core.lookup import rows_with
from pipeline.core.parquet import conform
from pipeline.core.places import Home
from pipeline.publish.orders import digest, expunged
from pipeline.publish.scrub import scrubbed, told_in
from schemas.tables import QUARANTINE

REASON_CODE, REASON = "expunged", "The record was expunged by order; its content is not kept."


def withheld(
    home: Home, raw: pa.Table, std_records: pa.Table, events: pa.Table, quarantine: pa.Table
) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """One feed's tables without expunged records, whose rows in quarantine tell their place and nothing else.

    So do rows that only repeat one of theirs, or are rejected before they are a record.
    """
    lost = _expunged_among(std_records, quarantine, digests=expunged(home))
    if not lost:
        return raw, std_records, events, quarantine
    rows = {*told_in(std_records, lost), *told_in(quarantine, lost)}
    expunged_records = rows_with(std_records, lost)
    lineage = [name for name in QUARANTINE.names if name in expunged_records.column_names and name != "record_id"]
    verdict = {"stage": "standardise", "reason_code": REASON_CODE, "reason": REASON}
    in_place = [{**row, **verdict} for row in expunged_records.select(lineage).to_pylist()]
    rejected = scrubbed(conform(quarantine, QUARANTINE), QUARANTINE.name, lost, {}, rows)
    return (
        scrubbed(raw, "raw_records", lost, {}, rows),
        scrubbed(std_records, "std_records", lost, {}, ()),
        scrubbed(events, "events", lost, {}, ()),
        pa.concat_tables([rejected, conform(pa.Table.from_pylist(in_place, QUARANTINE.arrow_schema()), QUARANTINE)]),
    )


def _expunged_among(*tables: pa.Table, digests: Collection[str]) -> set[str]:
    """Records of these tables that were expunged."""
    if not digests:
        return set()
    columns = (table.column("record_id").drop_null().to_pylist() for table in tables)
    return {record for column in columns for record in column if digest(record) in digests}
