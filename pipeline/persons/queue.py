"""The review queue from night to night: a question keeps its id while its persons live on, and is closed with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import conform
from pipeline.persons.lineage import run_order
from pipeline.persons.questions import Doubts, Question, questions, reason_of
from schemas.tables import REVIEW_CLOSED, REVIEW_QUEUE

Persons = tuple[str, ...]
SETTLED = {"broken_cluster": "holds_together", "over_large_cluster": "person_shrank"}
OF_DECISIONS = ("decision_contradicted", "second_person", "evidence_changed")


@dataclass(frozen=True, slots=True)
class Queue:
    """The contracts ``review_queue`` and ``review_closed``."""

    open: pa.Table
    closed: pa.Table


@dataclass(frozen=True, slots=True)
class QueueBefore:
    """The queue that tonight goes on from."""

    open: pa.Table
    closed: pa.Table


def review_queue(doubts: Doubts, records: pa.Table, ledger: pa.Table, before: QueueBefore | None, run_id: str) -> Queue:
    """Open questions, and all that were ever closed.

    One question stands for a person or a pair of persons. It goes on as long as there is something to ask about these persons;
    where they merged or split, about the persons whom its two records belong to now, else those that its persons became. Of two
    questions that come together the older goes on.

    Args:
        doubts: what questions are made of tonight.
        records: tonight's, with person_id.
        ledger: tonight's identity ledger.
        before: the queue of the last publication.
        run_id: tonight's run.
    """
    asked = questions(doubts, records)
    rows = before.open.to_pylist() if before else []
    rows.sort(key=lambda row: (run_order(row["opened_in"]), row["review_id"]))
    person_of = _person_of(records, rows)
    heirs = _heirs(ledger)
    kept: dict[Persons, dict[str, Any]] = {}
    closed: list[dict[str, Any]] = []
    for row in rows:
        persons = next((p for p in _ways(row, person_of, heirs) if p in asked), None)
        if persons is not None and persons not in kept:
            kept[persons] = row
        else:
            reason = "joined_another" if persons else _reason(row, person_of, doubts)
            closed.append({**{name: row[name] for name in REVIEW_CLOSED.names if name in row}, "closed_in": run_id, "reason_code": reason})  # fmt: skip
    found = [_row(question, kept.get(persons), run_id) for persons, question in sorted(asked.items())]
    earlier = before.closed if before else REVIEW_CLOSED.arrow_schema().empty_table()
    more = conform(pa.Table.from_pylist(closed, REVIEW_CLOSED.arrow_schema()), REVIEW_CLOSED)
    return Queue(
        conform(pa.Table.from_pylist(found, REVIEW_QUEUE.arrow_schema()), REVIEW_QUEUE),
        pa.concat_tables([conform(earlier, REVIEW_CLOSED), more]),
    )


def _person_of(records: pa.Table, rows: list[dict[str, Any]]) -> dict[str, str]:
    wanted = pa.array(sorted({row[end] for row in rows for end in ("record_id_l", "record_id_r")}), pa.string())
    own = records.filter(pc.is_in(records.column("record_id"), wanted))
    return dict(zip(own.column("record_id").to_pylist(), own.column("person_id").to_pylist(), strict=True))


def _heirs(ledger: pa.Table) -> dict[str, str]:
    """Each person who was merged away, and into whom."""
    rows = ledger.filter(pc.is_valid(ledger.column("merged_into"))).select(["person_id", "valid_to", "merged_into"])
    last = sorted(rows.to_pylist(), key=lambda row: run_order(row["valid_to"] or ""))
    return {row["person_id"]: row["merged_into"] for row in last}


def _ways(row: Mapping[str, Any], person_of: Mapping[str, str], heirs: Mapping[str, str]) -> Iterator[Persons]:
    """Persons whom a question of last night may be about tonight, best first."""
    was = tuple(row["person_ids"])
    yield was
    ends = [person_of.get(row[end]) for end in ("record_id_l", "record_id_r")]
    by_records = tuple(sorted({person for person in ends if person}))
    if None not in ends and len(by_records) == len(was):
        yield by_records
    by_heirs = tuple(sorted({_heir(person, heirs) for person in was}))
    if len(by_heirs) == len(was):
        yield by_heirs


def _heir(person: str, heirs: Mapping[str, str]) -> str:
    seen = {person}
    while person in heirs and heirs[person] not in seen:
        person = heirs[person]
        seen.add(person)
    return person


def _reason(row: Mapping[str, Any], person_of: Mapping[str, str], doubts: Doubts) -> str:
    """Why a question is asked no more."""
    ends = (row["record_id_l"], row["record_id_r"])
    here = [end in person_of for end in ends]
    if not any(here):
        return "record_withdrawn"
    if len(row["person_ids"]) == 1:
        return SETTLED.get(row["review_type"], "decision_settled")
    if not all(here):
        return "record_withdrawn"
    decided = _fate(doubts.links, ends)
    if person_of[ends[0]] == person_of[ends[1]]:
        return "decided_link" if decided == ("link", "steward") else "linked"
    if decided == ("unlink", "steward"):
        return "decided_unlink"
    return "decision_settled" if row["review_type"] in OF_DECISIONS else "weight_fell"


def _fate(links: pa.Table, ends: tuple[str, str]) -> tuple[str, str] | None:
    is_own = pc.and_(pc.equal(links.column("record_id_l"), ends[0]), pc.equal(links.column("record_id_r"), ends[1]))
    rows = links.filter(is_own).select(["decision", "decided_by"]).to_pylist()
    return (rows[0]["decision"], rows[0]["decided_by"]) if rows else None


def _row(asked: Question, before: Mapping[str, Any] | None, run_id: str) -> dict[str, Any]:
    return {
        "review_id": before["review_id"] if before else _new_id(asked.person_ids, run_id),
        "opened_in": before["opened_in"] if before else run_id,
        "reason": reason_of(asked.review_type), "person_ids": list(asked.person_ids), "boroughs": list(asked.boroughs),
        "decision_ids": sorted(asked.decision_ids) or None,
        **{
            name: getattr(asked, name)
            for name in ("review_type", "record_id_l", "record_id_r", "match_weight", "match_probability", "n_pairs", "harm", "priority")
        },
    }  # fmt: skip


def _new_id(persons: Persons, run_id: str) -> str:
    """Never used before: a question on the same persons that was closed and is asked anew has another run."""
    return "Q" + hashlib.blake2b("|".join([run_id, *persons]).encode(), digest_size=8).hexdigest()
