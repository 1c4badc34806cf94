"""Decisions on records whose ids have changed: found again by their fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

Attachment = Literal["as_decided", "reattached", "detached"]
ENDS = ("l", "r")


class Attached(NamedTuple):
    """Where a decision's pair is tonight, smaller record id first."""

    record_id_l: str
    record_id_r: str
    attachment: Attachment


def reattach(pairs: pa.Table, records: pa.Table) -> list[Attached]:
    """Each pair under the ids that its records have tonight.

    A record that is there keeps its id. One that is gone is the one record with its fingerprint, and detached where there is
    none, where there are several, or where that is the pair's other record.

    Input: pairs with record_id_l, record_id_r, fingerprint_l and fingerprint_r; records as the contract ``fingerprints``.
    Output: one entry a pair, in the order given. Cost: O(pairs + records).
    """
    present = _present_ids(pairs, records)
    ids_by_fingerprint = _ids_by_fingerprint(pairs, records, present)
    columns = [pairs.column(f"{name}_{end}").to_pylist() for end in ENDS for name in ("record_id", "fingerprint")]
    return [
        _attached((left, print_l), (right, print_r), present, ids_by_fingerprint)
        for left, print_l, right, print_r in zip(*columns, strict=True)
    ]


def _attached(
    left: tuple[str, str | None],
    right: tuple[str, str | None],
    present: set[str],
    ids_by_fingerprint: Mapping[str | None, str],
) -> Attached:
    tonight = [
        record if record in present else ids_by_fingerprint.get(fingerprint) for record, fingerprint in (left, right)
    ]
    if tonight[0] is None or tonight[1] is None or tonight[0] == tonight[1]:
        return Attached(left[0], right[0], "detached")
    is_same = (tonight[0], tonight[1]) == (left[0], right[0])
    return Attached(min(tonight[0], tonight[1]), max(tonight[0], tonight[1]), "as_decided" if is_same else "reattached")


def _present_ids(pairs: pa.Table, records: pa.Table) -> set[str]:
    record_ids = records.column("record_id")
    return set(record_ids.filter(pc.is_in(record_ids, _both_ends(pairs, "record_id"))).to_pylist())


def _ids_by_fingerprint(pairs: pa.Table, records: pa.Table, present: set[str]) -> dict[str | None, str]:
    """Fingerprint to the one record that has it, for the fingerprints of records that are gone."""
    is_gone = pc.invert(pc.is_in(_both_ends(pairs, "record_id"), pa.array(sorted(present), pa.string())))
    fingerprints = _both_ends(pairs, "fingerprint").filter(is_gone).drop_null()
    candidates = records.filter(pc.is_in(records.column("fingerprint"), fingerprints))
    candidates = candidates.filter(pc.is_valid(candidates.column("fingerprint")))
    record_ids: dict[str | None, str] = {}
    ambiguous: set[str] = set()
    for record, fingerprint in zip(
        candidates.column("record_id").to_pylist(), candidates.column("fingerprint").to_pylist(), strict=True
    ):
        if fingerprint in record_ids:
            ambiguous.add(fingerprint)
        record_ids[fingerprint] = record
    return {fingerprint: record for fingerprint, record in record_ids.items() if fingerprint not in ambiguous}


def _both_ends(pairs: pa.Table, name: str) -> pa.ChunkedArray:
    chunks = [chunk for end in ENDS for chunk in pairs.column(f"{name}_{end}").chunks]
    return pa.chunked_array(chunks, pa.string())
