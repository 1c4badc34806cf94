"""Records that were expunged by order stay out of every later export."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import conform
from pipeline.core.places import Home
from pipeline.publish.holding import is_expunged
from pipeline.publish.orders import expunged
from schemas.tables import QUARANTINE, ROW

REASON_CODE, REASON = "expunged", "The record was expunged by order; its content is not kept."


def withheld(
    home: Home, raw: pa.Table, std_records: pa.Table, events: pa.Table, quarantine: pa.Table
) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """One feed's tables without expunged records, whose rows in quarantine tell their place and nothing else."""
    digests = expunged(home)
    if not digests or not pc.any(is_withheld := is_expunged(std_records.column("record_id"), digests)).as_py():
        return raw, std_records, events, quarantine
    expunged_records = std_records.filter(is_withheld)
    keys = set(zip(*(expunged_records.column(name).to_pylist() for name in ROW), strict=True))
    raw_keys = zip(*(raw.column(name).to_pylist() for name in ROW), strict=True)
    raw = raw.filter(pa.array([key not in keys for key in raw_keys], pa.bool_()))
    events = events.filter(
        pc.invert(pc.is_in(events.column("record_id"), expunged_records.column("record_id").combine_chunks()))
    )
    lineage = [name for name in QUARANTINE.names if name in expunged_records.column_names and name != "record_id"]
    verdict = {"stage": "standardise", "reason_code": REASON_CODE, "reason": REASON}
    rows = [{**row, **verdict} for row in expunged_records.select(lineage).to_pylist()]
    in_place = conform(pa.Table.from_pylist(rows, QUARANTINE.arrow_schema()), QUARANTINE)
    return (
        raw,
        std_records.filter(pc.invert(is_withheld)),
        events,
        pa.concat_tables([conform(quarantine, QUARANTINE), in_place]),
    )
