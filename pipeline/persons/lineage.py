"""What became of a person_id: old ids resolve for ever, across merges and splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.run_ids import run_order


@dataclass(frozen=True, slots=True)
class Span:
    """One row of the ledger."""

    person_id: str
    valid_from: str
    valid_to: str | None
    merged_into: str | None
    split_from: str | None
    cause: str
    ended_by: str | None
    record_ids: tuple[str, ...]
    records_given_away: tuple[str, ...] | None = None


def spans_of(ledger: pa.Table) -> list[Span]:
    """The rows of a ledger, by person and time."""
    columns = [field.name for field in fields(Span) if field.name in ledger.column_names]
    spans = [
        Span(
            **{
                **row,
                "record_ids": tuple(row["record_ids"]),
                "records_given_away": tuple(row["records_given_away"]) if row.get("records_given_away") else None,
            }
        )
        for row in ledger.select(columns).to_pylist()
    ]
    return sorted(spans, key=lambda span: (span.person_id, run_order(span.valid_from)))


def spans_where(ledger: pa.Table, column: str, person_id: str) -> list[Span]:
    """The rows that name the person in one column, by person and time."""
    return spans_of(ledger.filter(pc.equal(ledger.column(column), person_id)))


def resolve(ledger: pa.Table, person_id: str) -> tuple[str, ...]:
    """The present person or persons that the id stands for; itself first, then the one with most of its records.

    An id that stands is itself, and every part that was split from it and holds a record it had. An id that ended is
    whoever holds its last records now; where they are all withdrawn, whoever stands at the end of its merges and
    splits. Nobody where that person is withdrawn too, and for an id that the ledger does not know. A record whose key the
    source gave to somebody else since leads nowhere.
    """
    spans = spans_where(ledger, "person_id", person_id)
    if not spans:
        return ()
    given_away = _given_away(ledger)
    if spans[-1].valid_to is None:
        records_ever = {record for span in spans for record in _kept(span, given_away)}
        reached = _reached(ledger, person_id)
        shared = {person: len(records_ever.intersection(records)) for person, records in reached.items()}
    else:
        last = next((span for span in reversed(spans) if span.record_ids), spans[-1])
        shared = _holders(ledger, _kept(last, given_away)) or dict.fromkeys(_reached(ledger, person_id), 1)
    persons = [person for person, n_records in shared.items() if n_records]
    return tuple(sorted(persons, key=lambda person: (person != person_id, -shared[person], person)))


def kept_records(ledger: pa.Table, span: Span) -> set[str]:
    """Records of a span that speak still of whom they spoke then."""
    return _kept(span, _given_away(ledger))


def _given_away(ledger: pa.Table) -> dict[str, tuple[str, int]]:
    """Records that came to speak of somebody else, to the last run until which they spoke of another."""
    if "records_given_away" not in ledger.column_names:  # of a version that did not look
        return {}
    ended = ledger.filter(pc.is_valid(ledger.column("records_given_away"))).select(["valid_to", "records_given_away"])
    last: dict[str, tuple[str, int]] = {}
    for span in ended.to_pylist():
        until = run_order(span["valid_to"])
        last.update((record, max(until, last.get(record, until))) for record in span["records_given_away"])
    return last


def _kept(span: Span, given_away: Mapping[str, tuple[str, int]]) -> set[str]:
    """Records of a span that speak still of whom they spoke then."""
    begun = run_order(span.valid_from)
    return {record for record in span.record_ids if given_away.get(record, begun) <= begun}


def _holders(ledger: pa.Table, record_ids: Collection[str]) -> dict[str, int]:
    """Persons who hold any of the records today, and how many."""
    standing = ledger.filter(pc.is_null(ledger.column("valid_to")))
    held = standing.column("record_ids").combine_chunks()
    is_wanted = pc.is_in(held.flatten(), pa.array(sorted(record_ids), pa.string()))
    return Counter(standing.column("person_id").take(pc.list_parent_indices(held).filter(is_wanted)).to_pylist())


def _reached(ledger: pa.Table, person_id: str) -> dict[str, tuple[str, ...]]:
    """Persons standing today that merges and splits lead to, forward in time, and their records.

    An id is looked at again only for an earlier time than before, so the walk ends.
    """
    records_of: dict[str, tuple[str, ...]] = {}
    earliest_visit: dict[str, tuple[str, int]] = {}
    to_visit = [(person_id, ("", 0))]
    while to_visit:
        person, since = to_visit.pop()
        if person in earliest_visit and earliest_visit[person] <= since:
            continue
        earliest_visit[person] = since
        spans = spans_where(ledger, "person_id", person)
        if not spans:
            continue
        last = spans[-1]
        if last.valid_to is None:
            records_of[person] = last.record_ids
        elif last.merged_into:
            to_visit.append((last.merged_into, run_order(last.valid_to)))
        parts = [(part.person_id, run_order(part.valid_from)) for part in spans_where(ledger, "split_from", person)]
        to_visit += [part for part in parts if part[1] >= since]
    return records_of
