"""Whom the records of tonight speak of, beside those of last night: a key may be another's now, or a person have another key.

An id must not go on to somebody else because a source gave its key away, and must not be lost because the source numbered
everybody anew. A key may also be gone for some nights before it is another's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from pipeline.core.lookup import NOWHERE, places_among
from pipeline.core.parquet import in_order
from pipeline.core.same_person import TOLD_BY, WHO, is_corrected, is_somebody_else, who, who_hash
from pipeline.core.text_hash import RECORD_SEPARATOR, UNIT_SEPARATOR
from pipeline.persons.departures import returned_as_others

COLUMNS = ("record_id", *TOLD_BY)


@dataclass(frozen=True, slots=True)
class Successors:
    """What records of tonight have to do with those of last night, where it is not just their id."""

    replaced: frozenset[str] = frozenset()
    """Records whose id was there last night, or was withdrawn in an earlier one, and spoke of somebody else then"""
    continues: Mapping[str, str] = field(default_factory=dict)
    """Record of tonight to the record of last night, of another id, that spoke of the same person"""
    left: Mapping[str, str | None] = field(default_factory=dict)
    """Records of last night that are gone, to the ``who_hash`` of each"""


NOTHING_NEW = Successors()


def successors(
    ledger: pa.Table, published: Path, std_records: pa.Table, is_renewed: NDArray[np.bool_] | None = None
) -> Successors:
    """Compare tonight's records with those of the last publication, and with those that were withdrawn before it.

    A person of one feed whose names and birthday only one record has that is gone or says something else, and only one that
    is new or says something else, has that other id now. Of the other records that say something else, those are
    replaced that tell of somebody else by the rules of ``same_person``. Of those that return, all are that do not say the
    same as when they left (``departures``).

    Args:
        ledger: of the last publication.
        published: folder of its ``records``.
        std_records: tonight's, in the order of their ids.
        is_renewed: (std_records,) whether each may say something else than last night; None where any may.

    Cost: whole columns of all records, and a step for each that is new, gone, or says something else of names or birthday.
    """
    before = in_order(ds.dataset(published, format="parquet").to_table(list(COLUMNS)), ("record_id",))
    places = places_among(std_records.column("record_id"), before.column("record_id"))
    is_known = places != NOWHERE
    is_other = np.zeros(len(places), np.bool_)
    is_compared = is_known if is_renewed is None else is_known & is_renewed
    told_before = _told(before.select(WHO).take(pa.array(places[is_compared])))
    told_now = _told(std_records.select(WHO).filter(pa.array(is_compared)))
    is_other[is_compared] = pc.not_equal(told_before, told_now).to_numpy(zero_copy_only=False)
    is_gone = np.ones(len(before), np.bool_)
    is_gone[places[is_known & ~is_other]] = False
    now = std_records.select(list(COLUMNS)).filter(pa.array(~is_known | is_other))
    found = _successors(before.filter(pa.array(is_gone)).to_pylist(), now.to_pylist())
    arrived = std_records.filter(pa.array(~is_known))
    return replace(found, replaced=found.replaced.union(returned_as_others(ledger, arrived)))


def _successors(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> Successors:
    """Input: records that are gone, that are new, and on both sides those that say something else now."""
    then = {record["record_id"]: record for record in before}
    changed = {record["record_id"]: record for record in now if record["record_id"] in then}
    corrected = {name for name, record in changed.items() if is_corrected(then[name], record)}
    ids_then, ids_now = (
        _id_by_person(record for record in side if record["record_id"] not in corrected) for side in (before, now)
    )
    continues = {
        ids_now[person]: record for person, record in ids_then.items() if ids_now.get(person, record) != record
    }
    moved = {*continues, *continues.values()}
    replaced = {
        name
        for name, record in changed.items()
        if name not in corrected and (name in moved or is_somebody_else(then[name], record))
    }
    left = {name: who_hash(record) for name, record in then.items() if name not in changed}
    return Successors(frozenset(replaced), continues, left)


def _id_by_person(records: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, ...], str]:
    """Feed, names and birthday to the one record that has them."""
    by_person = [(person, record["record_id"]) for record in records if (person := who(record))]
    counts = Counter(person for person, _ in by_person)
    return {person: record for person, record in by_person if counts[person] == 1}


def _told(records: pa.Table) -> pa.ChunkedArray:
    """(records,) names and birthday as one text."""
    texts = [_as_text(records.column(name)) for name in WHO]
    return pc.binary_join_element_wise(*texts, RECORD_SEPARATOR, null_handling="replace")


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join(column, UNIT_SEPARATOR) if pa.types.is_list(column.type) else column.cast(pa.string())
