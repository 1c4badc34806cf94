"""Records that were withdrawn: what each said of whom it spoke when it left, and which returned as somebody else.

A spreadsheet keyed by the number of the row has fewer rows one night and more in a later one: its last keys are gone, and
then they are other people's. The span that a record leaves keeps a hash of whom it spoke of (``records_withdrawn``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.run_ids import run_order
from pipeline.core.same_person import WHO, who_hash


@dataclass(frozen=True, slots=True)
class Departure:
    """How a record was last withdrawn."""

    row: int
    """Of the ledger: the span that it left"""
    run_id: str
    """The run without it"""
    who: str | None
    """``who_hash`` of the record until then"""


def departures(ledger: pa.Table, record_ids: pa.Array) -> dict[str, Departure]:
    """Those of the records that are withdrawn as the ledger stands, each with its last departure.

    Not those that left under a version that did not keep whom they spoke of.

    Cost: whole columns of the ledger, and a step for each departure of a record that is found.
    """
    rows = np.flatnonzero(pc.is_valid(ledger.column("records_withdrawn")).to_numpy(zero_copy_only=False))
    if not len(rows) or not len(record_ids):
        return {}
    held = pc.list_flatten(ledger.column("record_ids").filter(pc.is_null(ledger.column("valid_to"))))
    standing = held.filter(pc.is_in(held, record_ids)).combine_chunks()
    spans = ledger.select(["valid_to", "records_withdrawn"]).take(pa.array(rows))
    left = spans.column("records_withdrawn").combine_chunks()
    told = left.flatten()
    ids = pc.struct_field(told, "record_id")
    is_wanted = pc.and_(pc.is_in(ids, record_ids), pc.invert(pc.is_in(ids, standing)))
    told, spans_left = told.filter(is_wanted), pc.list_parent_indices(left).filter(is_wanted)
    runs = spans.column("valid_to").take(spans_left).to_pylist()
    found: dict[str, Departure] = {}
    for fact, row, run_id in zip(told.to_pylist(), rows[spans_left.to_numpy()].tolist(), runs, strict=True):
        earlier = found.get(fact["record_id"])
        if earlier is None or run_order(earlier.run_id) < run_order(run_id):
            found[fact["record_id"]] = Departure(row, run_id, fact["who"])
    return found


def returned_as_others(ledger: pa.Table, records: pa.Table) -> dict[str, str]:
    """Those of tonight's records that were withdrawn and do not say the same as then, to the run that they were gone in.

    Where a side tells too little of whom it speaks, it counts as somebody else: an id is not given on thin evidence.

    Args:
        ledger: of the publication that tonight goes on from.
        records: some of tonight's records; record_id and ``same_person.WHO`` are read.
    """
    ids = records.column("record_id")
    left = departures(ledger, ids.combine_chunks())
    if not left:
        return {}
    back = records.select(["record_id", *WHO]).filter(pc.is_in(ids, pa.array(left, pa.string())))
    now = {record["record_id"]: who_hash(record) for record in back.to_pylist()}
    return {record: left[record].run_id for record, who in now.items() if who is None or who != left[record].who}


def others_until(ledger: pa.Table, records: pa.Table) -> dict[str, str]:
    """Those of the records that returned as somebody else, tonight or before, to the run before which they were the other's.

    Input: as above.
    """
    told = [ledger.column(name) for name in ("records_given_away", "records_withdrawn")]
    marked = ledger.select(["valid_to", "records_given_away", "records_withdrawn"]).filter(
        pc.and_(*map(pc.is_valid, told))
    )
    wanted = set(records.column("record_id").to_pylist()) if len(marked) else set()
    until: dict[str, str] = {}
    for span in marked.to_pylist():
        left = {fact["record_id"] for fact in span["records_withdrawn"]}
        for record in left.intersection(span["records_given_away"]) & wanted:
            until[record] = max(span["valid_to"], until.get(record, ""), key=run_order)
    return until | returned_as_others(ledger, records)
