"""One person as their page shows them: golden record and where each value comes from, history, events in time, records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.core.errors import DeskRefusedError
from pipeline.explain.kept import linked_by_stewards
from pipeline.review.admission.access import Viewer, shown_all
from pipeline.review.cases.all_records import RecordsRow, records_rows
from pipeline.review.cases.graph import GraphPicture, graph_picture
from pipeline.review.decisions.preview import FIELDS
from pipeline.review.frame.pages import value_words
from pipeline.review.persons.timeline import Timeline, timeline_of
from pipeline.review.records.group import Group, group_of
from pipeline.review.records.shelf import Row, Shelf


@dataclass(frozen=True, slots=True)
class Golden:
    """One field of the golden record."""

    field: str
    chosen: Row | None
    """None: nothing of the field is published, as the record that its group was taken from has none"""
    other_rows: list[Row]
    """Other values, and other records that give the chosen one"""

    @property
    def value(self) -> str | None:
        """The value that was chosen; None where there is none, or it is masked."""
        return self.chosen["value"] if self.chosen else None


@dataclass(frozen=True, slots=True)
class PersonPage:
    """Everything that the page needs; every row as its viewer may see it."""

    person_id: str
    group: Group
    golden: list[Golden]
    records: list[Row]
    labels: dict[str, str]
    graph: GraphPicture
    events: list[Row]
    timeline: Timeline | None
    ledger: list[Row]
    changes: list[Row]
    questions: list[Row]
    boroughs: list[str]
    roles: list[str]
    confidence: float | None

    @property
    def records_rows(self) -> list[RecordsRow]:
        """All records, field by field, with what differs marked."""
        return records_rows(self.records)


def history_of(shelf: Shelf, person_id: str) -> list[Row]:
    """The spans of an identity, also of one that ended.

    Raises:
        DeskRefusedError: 404, if nobody ever had this id.
    """
    spans = shelf.ledger(person_id)
    if not spans:
        raise not_found()
    return spans


def not_found() -> DeskRefusedError:
    """Told alike where there is no such person, and where the viewer may not know of them."""
    return DeskRefusedError(
        404, "There is no such person, or no record of yours belongs to them.", "Search for them instead."
    )


def person_page(shelf: Shelf, viewer: Viewer, person_id: str) -> PersonPage:
    """Put the page together.

    Raises:
        DeskRefusedError: 404, if the person is not there, or the viewer has no record of them.
    """
    group = group_for(shelf, viewer, person_id)
    row = group.persons[person_id]
    records = shown_all(viewer, group.records.values())
    labels = {record: str(number) for number, record in enumerate(group.records, start=1)}
    events = shown_all(viewer, shelf.events(person_id))
    changes = shelf.rows(
        "SELECT kind, cause, count(*) AS n FROM link_changes WHERE person_id_before = ? OR person_id_after = ?"
        " GROUP BY ALL ORDER BY ALL",
        [person_id, person_id],
    )
    return PersonPage(
        person_id,
        group,
        golden_of(shelf, viewer, person_id),
        records,
        labels,
        graph_picture(
            [(person_id, records)], group.inner_links(), labels, None, linked_by_stewards(shelf.kept, group.records)
        ),
        events,
        timeline_of(events),
        shelf.ledger(person_id),
        changes,
        shelf.questions_of(person_id) if viewer.sees_all else [],
        list(row["boroughs"]),
        list(row["roles"]) if viewer.sees_all else sorted({record["role"] for record in records if record["role"]}),
        row["cluster_confidence"] if viewer.sees_all else None,
    )


def group_for(shelf: Shelf, viewer: Viewer, person_id: str) -> Group:
    """The person with records and pairs.

    Raises:
        DeskRefusedError: 404, if the person is not there, or the viewer has no record of them.
    """
    group = group_of(shelf, [person_id])
    if not any(viewer.sees(record) for record in group.records.values()):
        raise not_found()
    return group


def golden_of(shelf: Shelf, viewer: Viewer, person_id: str) -> list[Golden]:
    """The golden record with where each value comes from, of the values that the viewer may see.

    A field of which only others hold a value is left out: that somebody has a CRO number is told by the field alone.
    """
    by_field: dict[str, list[Row]] = {name: [] for name in FIELDS}
    for row in shown_all(viewer, shelf.fields(person_id)):
        if not row["is_masked"] and row["field"] in by_field:
            by_field[row["field"]].append(row)
    golden = []
    for name, rows in by_field.items():
        if rows:
            chosen = _published(rows) if viewer.sees_all else _own(rows)
            golden.append(
                Golden(name, chosen, [row for row in rows if not chosen or row["record_id"] != chosen["record_id"]])
            )
    return golden


def _published(rows: Sequence[Row]) -> Row | None:
    return next((row for row in rows if row["is_chosen"]), None)


def _own(rows: Sequence[Row]) -> Row:
    """The value of a viewer's own borough: how many others agree, and whether another's was chosen, is theirs to tell."""
    row = _published(rows) or rows[0]
    return row | {"n_agree": sum(other["value"] == row["value"] for other in rows), "rule": "what your borough holds"}


def short_of(golden: Sequence[Golden]) -> dict[str, str]:
    """The golden record in a few words; masked values are left out."""
    return {row.field: value_words(row.value, row.field) for row in golden if row.value is not None}
