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
    """Each pair as its records are called tonight.

    A record that is there keeps its id. One that is gone is the one record with its fingerprint, and detached where there is
    none, where there are several, or where that is the pair's other record.

    Input: pairs with record_id_l, record_id_r, fingerprint_l and fingerprint_r; records as the contract ``fingerprints``.
    Output: one entry a pair, in the order given. Cost: O(pairs + records).
    """
    here = _here(pairs, records)
    called = _called(pairs, records, here)
    columns = [pairs.column(f"{name}_{end}").to_pylist() for end in ENDS for name in ("record_id", "fingerprint")]
    return [
        _attached((left, print_l), (right, print_r), here, called)
        for left, print_l, right, print_r in zip(*columns, strict=True)
    ]


def _attached(
    left: tuple[str, str | None], right: tuple[str, str | None], here: set[str], called: Mapping[str | None, str]
) -> Attached:
    now = [record if record in here else called.get(fingerprint) for record, fingerprint in (left, right)]
    if now[0] is None or now[1] is None or now[0] == now[1]:
        return Attached(left[0], right[0], "detached")
    is_same = (now[0], now[1]) == (left[0], right[0])
    return Attached(min(now[0], now[1]), max(now[0], now[1]), "as_decided" if is_same else "reattached")


def _here(pairs: pa.Table, records: pa.Table) -> set[str]:
    ids = _both(pairs, "record_id")
    return set(ids.filter(pc.is_in(ids, records.column("record_id"))).to_pylist())


def _called(pairs: pa.Table, records: pa.Table, here: set[str]) -> dict[str | None, str]:
    """Fingerprint to the one record that has it, for the fingerprints of records that are gone."""
    gone = pc.invert(pc.is_in(_both(pairs, "record_id"), pa.array(sorted(here), pa.string())))
    sought = _both(pairs, "fingerprint").filter(gone).drop_null()
    found = records.filter(pc.is_in(records.column("fingerprint"), sought))
    found = found.filter(pc.is_valid(found.column("fingerprint")))
    called: dict[str | None, str] = {}
    several: set[str] = set()
    for record, fingerprint in zip(
        found.column("record_id").to_pylist(), found.column("fingerprint").to_pylist(), strict=True
    ):
        if fingerprint in called:
            several.add(fingerprint)
        called[fingerprint] = record
    return {fingerprint: record for fingerprint, record in called.items() if fingerprint not in several}


def _both(pairs: pa.Table, name: str) -> pa.ChunkedArray:
    chunks = [chunk for end in ENDS for chunk in pairs.column(f"{name}_{end}").chunks]
    return pa.chunked_array(chunks, pa.string())
