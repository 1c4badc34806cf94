"""What a decision would do: golden records of the persons now and after it, and the tables that change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.persons.survivorship import Survivorship
from pipeline.review.decisions.choosing import golden_of
from pipeline.review.records.group import Group
from pipeline.review.records.shelf import Row

FIELDS = (
    "forename",
    "middle_names",
    "surname",
    "date_of_birth",
    "sex",
    "ethnicity",
    "address",
    "postcode",
    "phone",
    "email",
    "pnc_id",
    "cro_number",
    "nhs_number",
    "upn",
)
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


@dataclass(frozen=True, slots=True)
class Preview:
    """Before and after."""

    before: tuple[Side, ...]
    after: tuple[Side, ...]
    rows: tuple[tuple[str, tuple[str, ...], tuple[str, ...], bool], ...]
    """Field, values before, values after, and whether a value is lost or comes"""
    n_events: int
    moves: bool
    """Whether any record changes its person"""
    tables: tuple[str, ...]
    """Published tables that change"""


def preview(
    group: Group, parts: Sequence[Sequence[str]], fields: Iterable[Row], n_events: int, survivorship: Survivorship
) -> Preview | None:
    """What comes out if the records of the group are dealt into these parts; None where there are too many.

    Args:
        group: the persons as they are.
        parts: record ids of each person after the decision, every record once.
        fields: every value of those persons, rows of ``person_fields``.
        n_events: events of those persons, which follow their records.
        survivorship: rules by which a golden record is chosen.
    """
    if len(group.records) > MOST_RECORDS:
        return None
    before = tuple(
        Side(person_id, tuple(row["record_id"] for row in group.of(person_id)), _golden(row))
        for person_id, row in group.persons.items()
    )
    is_same = {frozenset(side.record_ids) for side in before} == {frozenset(ids) for ids in parts}
    after = tuple(replace(side, title="As now") for side in before) if is_same else _dealt(parts, fields, survivorship)
    rows = []
    for field in FIELDS:
        then, later = (tuple(side.values.get(field, "") for side in sides) for sides in (before, after))
        if any((*then, *later)):
            rows.append((field, then, later, set(filter(None, then)) != set(filter(None, later))))
    return Preview(before, after, tuple(rows), n_events, not is_same, CLOSING if is_same else MOVING)


def _golden(person: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(person[name]) for name in FIELDS if person[name] is not None}


def _dealt(parts: Sequence[Sequence[str]], fields: Iterable[Row], survivorship: Survivorship) -> tuple[Side, ...]:
    """Golden records of the parts, chosen as the night chooses them."""
    titles = [f"After {number}" if len(parts) > 1 else "Together" for number in range(1, len(parts) + 1)]
    owner = {record: title for title, ids in zip(titles, parts, strict=True) for record in ids}
    golden = golden_of(fields, owner, survivorship)
    return tuple(Side(title, tuple(ids), golden.get(title, {})) for title, ids in zip(titles, parts, strict=True))
