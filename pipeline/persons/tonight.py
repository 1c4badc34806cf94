"""Tonight's tables of linking beside the records of last night: all that persons are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.lookup import NOWHERE, places_among
from pipeline.persons.again import PersonsBefore
from pipeline.persons.content import CONTENT, MADE_OF, contents_with, record_contents
from pipeline.persons.handed_on import rows_of
from schemas.tables import EVENTS, RECORDS

OF_A_RECORD = tuple(dict.fromkeys((*MADE_OF, *CONTENT, "contract_version", "feed_id")))
OF_AN_EVENT = ("event_id", "record_id", "role", "borough")
"""Columns of std_records and of events that persons are made of"""


@dataclass(frozen=True, slots=True)
class Linked:
    """The tables of linking, and what changed since the last publication."""

    std_records: pa.Table
    events: pa.Table
    """Of both, in the order of their keys, the columns ``OF_A_RECORD`` and ``OF_AN_EVENT``"""
    cluster_members: pa.Table
    model: str
    decided: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Record to the stewards' decisions on it that were entered, taken back or lapsed since the last publication"""
    changed_records: pa.Array | None = None
    """Records that may say something else than what the publication has of them; None where any may"""


@dataclass(frozen=True, slots=True)
class Tonight:
    """What persons are made of; everything about records is in the order of their ids."""

    std_records: pa.Table
    events: pa.Table
    cluster_members: pa.Table
    contents: pa.Table
    """As ``content`` gives them"""
    places: NDArray[np.int64]
    """Row of each record last night; NOWHERE of a new one, and of all where persons are made anew"""
    is_renewed: NDArray[np.bool_]
    """Whether each record is new or may say something else than last night"""


def tonight_of(linked: Linked, before: PersonsBefore | None) -> Tonight:
    """Tonight's tables, the contents of each record, and its row of last night; no ``before``: all persons are made anew."""
    cluster_members, ids = linked.cluster_members, linked.std_records.column("record_id").combine_chunks()
    std_records = linked.std_records.set_column(0, "record_id", ids)
    if not std_records.column("record_id").equals(cluster_members.column("record_id")):
        cluster_members = cluster_members.take(pa.array(rows_of(ids, cluster_members, RECORDS)))
    places = np.full(len(ids), NOWHERE) if before is None else places_among(ids, before.records.column("record_id"))
    is_renewed = np.ones(len(ids), bool)
    if before and linked.changed_records is not None:
        is_renewed = (places == NOWHERE) | pc.is_in(ids, linked.changed_records).to_numpy(zero_copy_only=False)
    contents = record_contents(*with_events(std_records, linked.events, is_renewed))
    if before and not is_renewed.all():
        contents = contents_with(contents, is_renewed, before.records, places)
    return Tonight(std_records, linked.events, cluster_members, contents, places, is_renewed)


def with_events(
    records: pa.Table, events: pa.Table, is_wanted: NDArray[np.bool_]
) -> tuple[pa.Table, pa.Table, NDArray[np.int64]]:
    """The wanted records in the order of their ids, their events, and the row of each event's record."""
    if not is_wanted.all():
        records = records.filter(pa.array(is_wanted)).combine_chunks()
        events = events.filter(pc.is_in(events.column("record_id"), records.column("record_id").combine_chunks()))
    return records, events, rows_of(events.column("record_id"), records, EVENTS)
