"""The content of records and persons as hashes of 64 bits, by which a change since last night is seen.

A record that says what it said has the same hash; that one which says something else has too happens once in 10^19
changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from pipeline.core.duckdb_files import sql_name
from pipeline.core.lookup import NOWHERE, places_among
from pipeline.persons.causes import CONTRACT, CORRECTED
from schemas.tables import PERSON_COLUMNS, RECORDS

PERSON_VALUES = tuple(column.name for column in PERSON_COLUMNS)
CONTENT = ("role", "basis", "flags", *PERSON_VALUES)
"""What a record says of its person. recorded_at is not in it: some exports stamp every row anew each night."""
MADE_OF = ("record_id", "source", "borough", "basis", "recorded_at", *PERSON_VALUES)
"""What a golden record is made of."""
LISTS = frozenset(column.name for column in RECORDS.columns if pa.types.is_list(column.type))


def record_contents(std_records: pa.Table, events: pa.Table, record_of_event: NDArray[np.int64]) -> pa.Table:
    """One row a record, in the order of their ids: feed_id, contract_version, and two hashes.

    ``content`` is of what the record says of its person, ``made_of`` of all that a golden record takes from it, its
    events included.

    Args:
        std_records: in the order of their ids.
        events: of these records.
        record_of_event: row of each event's record.
    """
    hashed = _hashed(std_records, {"content": CONTENT, "made_of": MADE_OF})
    made_of = hashed.column("made_of").to_numpy().copy()
    np.bitwise_xor.at(made_of, record_of_event, _hashed_events(events))
    lineage = {
        name: std_records.column(name).combine_chunks().dictionary_encode() for name in ("feed_id", "contract_version")
    }
    return pa.table({**lineage, "content": hashed.column("content"), "made_of": made_of})


def contents_with(
    renewed: pa.Table, is_renewed: NDArray[np.bool_], before: pa.Table, places: NDArray[np.int64]
) -> pa.Table:
    """Contents of all records: those that were made anew, and of the others those of last night.

    Args:
        renewed: contents of some records.
        is_renewed: (records,) which ones those are.
        before: contents of last night.
        places: (records,) row of each in ``before``.
    """
    rows = places.copy()
    rows[is_renewed] = len(before) + np.arange(len(renewed))
    before_and_renewed = pa.concat_tables([before.select(renewed.column_names), renewed]).unify_dictionaries()
    return before_and_renewed.combine_chunks().take(pa.array(rows))


def rows_of_other(name: str, before: pa.Table, now: pa.Table, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of tonight whose hash changed. Input: ``places``, the row of each in ``before``; NOWHERE for a new one."""
    hash_now, hash_before = (table.column(name).to_numpy() for table in (now, before))
    if not len(hash_before):
        return np.empty(0, np.int64)
    return np.flatnonzero((places != NOWHERE) & (hash_now != hash_before[places]))


def persons_of_other_questions(persons: pa.Table, queue: pa.Table) -> pa.Array:
    """Last night's persons whose number of open questions changed, in the order of their ids."""
    persons_asked_about = places_among(
        queue.column("person_ids").combine_chunks().flatten(), persons.column("person_id")
    )
    n_questions = np.bincount(persons_asked_about[persons_asked_about != NOWHERE], minlength=len(persons))
    return (
        persons.column("person_id")
        .filter(pa.array(n_questions != persons.column("n_open_questions").to_numpy()))
        .combine_chunks()
    )


def persons_of_other_confidence(persons: pa.Table, confidence: pa.Table) -> pa.Array:
    """Last night's persons whose cluster confidence changed, in the order of their ids. Input: person_id and confidence."""
    place = places_among(confidence.column("person_id"), persons.column("person_id"))
    confidence_now, confidence_before = (
        confidence.column("confidence").to_numpy(),
        persons.column("cluster_confidence").to_numpy(),
    )
    is_other = (place != NOWHERE) & (confidence_now != confidence_before[place])
    return confidence.column("person_id").filter(pa.array(is_other)).combine_chunks()


def corrected(before: pa.Table, now: pa.Table) -> dict[str, str]:
    """Records whose content changed: by the source, or by another contract version that read it.

    Input: the same records in the same order before and now, each with record_id, contract_version and ``content``.
    """
    is_other = pc.not_equal(before.column("content"), now.column("content"))
    ids = now.column("record_id").filter(is_other).to_pylist()
    versions = (table.column("contract_version").filter(is_other).to_pylist() for table in (now, before))
    return {
        record: CORRECTED if version_now == version_before else CONTRACT
        for record, version_now, version_before in zip(ids, *versions, strict=True)
    }


def corrected_since(published: Path, std_records: pa.Table, record_ids: pa.Array) -> dict[str, str]:
    """As ``corrected``, from a folder of published records; columns that an older version lacks are not compared."""
    if not len(record_ids):
        return {}
    records = ds.dataset(published, format="parquet")
    names = [name for name in CONTENT if name in records.schema.names]
    columns = ["record_id", "contract_version", *names]
    before = records.to_table(columns, filter=ds.field("record_id").isin(record_ids))
    now = std_records.filter(pc.is_in(std_records.column("record_id"), record_ids))
    now, before = (_hashed(table.sort_by("record_id"), {"content": names}) for table in (now, before))
    in_both = pc.is_in(now.column("record_id"), before.column("record_id").combine_chunks())
    was_in_both = pc.is_in(before.column("record_id"), now.column("record_id").combine_chunks())
    return corrected(before.filter(was_in_both), now.filter(in_both))


def _hashed(records: pa.Table, hashes: dict[str, Sequence[str]]) -> pa.Table:
    columns = ", ".join(f"hash({', '.join(map(_hash_sql, names))}) AS {name}" for name, names in hashes.items())
    with duckdb.connect() as base:
        base.register("records", records)
        return base.sql(f"SELECT record_id, contract_version, {columns} FROM records").to_arrow_table()  # noqa: S608  (names of our own columns)


def _hashed_events(events: pa.Table) -> np.ndarray:
    """The hash of each event; hashed twice, so that two events that swap a value do not cancel out."""
    with duckdb.connect() as base:
        base.register("events", events)
        hashed = base.sql(
            "SELECT hash(hash(event_id, role, borough), 'event') AS event_hash FROM events"
        ).to_arrow_table()
    return hashed.column("event_hash").to_numpy()


def _hash_sql(name: str) -> str:
    """SQL that hashes one column by itself, with its length for a list: hashed together, lists could change places unseen."""
    column = sql_name(name)
    return f"hash({column}), len({column})" if name in LISTS else f"hash({column})"
