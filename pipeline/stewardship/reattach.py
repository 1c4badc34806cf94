"""Decisions on records whose ids have changed: found again by their fingerprints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.stewardship.evidence import fingerprint_of_each

Attachment = Literal["as_decided", "reattached", "detached"]
SIDES = ("l", "r")


class Attached(NamedTuple):
    """Where a decision's pair is tonight, smaller record id first."""

    record_id_l: str
    record_id_r: str
    attachment: Attachment


def reattach(pairs: pa.Table, records: pa.Table) -> list[Attached]:
    """Each pair under the ids that its records have tonight.

    A record that is there keeps its id, unless it has another fingerprint now and just one other record has the one that was
    decided on: the source gave its key to somebody else. One that is gone is the one record with its fingerprint, and detached
    where there is none, where there are several, or where that is the pair's other record.

    Input: pairs with record_id_l, record_id_r, fingerprint_l and fingerprint_r; records as the contract ``fingerprints``.
    Output: one entry a pair, in the order given. Cost: O(pairs + records).
    """
    own = fingerprint_of_each(records.filter(pc.is_in(records.column("record_id"), _both_ends(pairs, "record_id"))))
    ids_by_fingerprint = _ids_by_fingerprint(pairs, records)
    columns = [pairs.column(f"{name}_{end}").to_pylist() for end in SIDES for name in ("record_id", "fingerprint")]
    return [
        _attached((left, print_l), (right, print_r), own, ids_by_fingerprint)
        for left, print_l, right, print_r in zip(*columns, strict=True)
    ]


def _attached(
    left: tuple[str, str | None],
    right: tuple[str, str | None],
    own: Mapping[str, str | None],
    ids_by_fingerprint: Mapping[str | None, str],
) -> Attached:
    tonight = [
        record
        if record in own and own[record] == fingerprint
        else ids_by_fingerprint.get(fingerprint, record if record in own else None)
        for record, fingerprint in (left, right)
    ]
    if tonight[0] is None or tonight[1] is None or tonight[0] == tonight[1]:
        return Attached(left[0], right[0], "detached")
    is_same = (tonight[0], tonight[1]) == (left[0], right[0])
    return Attached(min(tonight[0], tonight[1]), max(tonight[0], tonight[1]), "as_decided" if is_same else "reattached")


def _ids_by_fingerprint(pairs: pa.Table, records: pa.Table) -> dict[str | None, str]:
    """Fingerprint to the one record that has it, for those of decided records."""
    decided = _both_ends(pairs, "fingerprint").drop_null()
    candidates = records.filter(pc.is_in(records.column("fingerprint"), decided, skip_nulls=True))
    prints, ids = (candidates.column(name).to_pylist() for name in ("fingerprint", "record_id"))
    counts = Counter(prints)
    return {fingerprint: record for fingerprint, record in zip(prints, ids, strict=True) if counts[fingerprint] == 1}


def _both_ends(pairs: pa.Table, name: str) -> pa.ChunkedArray:
    chunks = [chunk for end in SIDES for chunk in pairs.column(f"{name}_{end}").chunks]
    return pa.chunked_array(chunks, pa.string())
