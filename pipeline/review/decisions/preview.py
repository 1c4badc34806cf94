"""What a decision would do: golden records of the persons now and after it, and the tables that change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.persons.survivorship import Survivorship
from pipeline.review.decisions.choosing import golden_of
from pipeline.review.records.group import Group
from pipeline.review.records.shelf import Row, Shelf
from schemas.tables import BESIDE_BIRTHDAY, NAME_FIELDS

FIELDS = (*NAME_FIELDS, "date_of_birth", *BESIDE_BIRTHDAY)
CLOSING = ("links", "persons", "review_queue", "review_closed")
"""Published tables that change by any answer that counts: the pair is a steward's, and its question is asked no more"""
MOVING = (*CLOSING, "records", "person_fields", "events", "identity_ledger", "link_changes")
"""Those that change where records move from person to person"""
MOST_RECORDS = 2_000


@dataclass(frozen=True, slots=True)
class Side:
    """One person before or after."""

    title: str
    record_ids: tuple[str, ...]
    values: Mapping[str, str]
    n_since: int = 0
    """Of the records, those of other people than the page's, whom decisions have joined since the night"""


@dataclass(frozen=True, slots=True)
class Preview:
    """Before and after."""

    before: tuple[Side, ...]
    after: tuple[Side, ...]
    rows: tuple[tuple[str, tuple[str, ...], tuple[str, ...], bool], ...]
    """Field, values before, values after, and whether a value is lost or comes"""
    n_events: int
    since: Mapping[str, tuple[str, ...]]
    """Other people than the page's whom decisions have joined since the night, each with their records"""
    moves: bool
    """Whether any record changes its person"""
    tables: tuple[str, ...]
    """Published tables that change"""
    named_in: tuple[str, ...]
    """Analysts' tables that have a row about one of the persons now"""

    @property
    def n_records(self) -> int:
        """Records that it is about."""
        return sum(len(side.record_ids) for side in self.after)


def preview(shelf: Shelf, group: Group, parts: Sequence[Collection[str]]) -> Preview | None:
    """What comes out if the records of the group are dealt into these parts; None where there are too many.

    Args:
        shelf: the publication.
        group: the persons as they are.
        parts: record ids of each person after the decision, every record of the group once, and beside them records of other
            people whom decisions have joined since the night.
    """
    if sum(map(len, parts)) > MOST_RECORDS:
        return None
    since = _since(shelf, group, parts)
    more = {record for records in since.values() for record in records}
    fields = [row for person_id in (*group.persons, *since) for row in shelf.fields(person_id)]
    n_events = sum(shelf.n_events(person_id) for person_id in group.persons)
    n_events += sum(event["record_id"] in more for person_id in since for event in shelf.events(person_id))
    in_order = [[record for record in (*group.records, *sorted(more)) if record in part] for part in map(set, parts)]
    before = tuple(
        Side(person_id, tuple(row["record_id"] for row in group.of(person_id)), _golden(row))
        for person_id, row in group.persons.items()
    )
    is_same = {frozenset(side.record_ids) for side in before} == {frozenset(ids) for ids in parts}
    after = (
        tuple(replace(side, title="As now") for side in before)
        if is_same
        else _dealt(in_order, more, fields, shelf.reference.survivorship)
    )
    rows = []
    for field in FIELDS:
        then, later = (tuple(side.values.get(field, "") for side in sides) for sides in (before, after))
        if any((*then, *later)):
            rows.append((field, then, later, set(filter(None, then)) != set(filter(None, later))))
    named_in = shelf.named_in([*group.persons, *since])
    return Preview(before, after, tuple(rows), n_events, since, not is_same, CLOSING if is_same else MOVING, named_in)


def _golden(person: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(person[name]) for name in FIELDS if person[name] is not None}


def _since(shelf: Shelf, group: Group, parts: Sequence[Collection[str]]) -> dict[str, tuple[str, ...]]:
    """People who are not of the group, and those of their records that are dealt with it."""
    records_of: dict[str, list[str]] = {}
    for record in sorted({record for part in parts for record in part} - group.records.keys()):
        if owner := shelf.owner(record):
            records_of.setdefault(owner, []).append(record)
    return {owner: tuple(records) for owner, records in sorted(records_of.items())}


def _dealt(
    parts: Sequence[Sequence[str]], more: Collection[str], fields: Iterable[Row], survivorship: Survivorship
) -> tuple[Side, ...]:
    """Golden records of the parts, chosen as the night chooses them."""
    titles = [f"After {number}" if len(parts) > 1 else "Together" for number in range(1, len(parts) + 1)]
    owner = {record: title for title, ids in zip(titles, parts, strict=True) for record in ids}
    golden = golden_of(fields, owner, survivorship)
    return tuple(
        Side(title, tuple(ids), golden.get(title, {}), sum(record in more for record in ids))
        for title, ids in zip(titles, parts, strict=True)
    )
