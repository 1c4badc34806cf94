"""The review queue from night to night: a question keeps its id while its persons live on, and is closed with a reason."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import conform
from pipeline.core.run_ids import run_order
from pipeline.persons.doubts import Doubts
from pipeline.persons.links_among import links_among
from pipeline.persons.question import Persons
from pipeline.persons.questions import KEY, key_of, questions
from schemas.tables import ENDS, REVIEW_CLOSED, REVIEW_QUEUE

SETTLED = {"broken_cluster": "holds_together", "over_large_cluster": "person_shrank"}
OF_DECISIONS = ("decision_contradicted", "second_person", "evidence_changed")
BY_STEWARD_APART = ("unlink", "steward")
NOBODY = -1
Said = Mapping[frozenset[str], frozenset[str]]
"""One or two persons of last night to the verdicts of decisions in force on two records of theirs"""


@dataclass(frozen=True, slots=True)
class Queue:
    """The contracts ``review_queue`` and ``review_closed``."""

    open: pa.Table
    closed: pa.Table


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose records are tonight, and whose they were."""

    records: pa.Table
    """Tonight's, with person_id"""
    moved: Mapping[str, str]
    """Records that are of another person than last night: whose they were"""

    def tonight(self, record_ids: Iterable[str]) -> dict[str, str]:
        """The person of each of these records that is there."""
        wanted = pa.array(sorted(set(record_ids)), pa.string())
        rows = self.records.select(["record_id", "person_id"]).filter(
            pc.is_in(self.records.column("record_id"), wanted)
        )
        return dict(zip(*(column.to_pylist() for column in rows.columns), strict=True))

    def before(self, record_ids: Iterable[str]) -> dict[str, str]:
        """The same, as it was last night; of a record that is new, tonight's person."""
        return {record: self.moved.get(record, person) for record, person in self.tonight(record_ids).items()}


def review_queue(doubts: Doubts, owners: Owners, ledger: pa.Table, before: Queue | None, run_id: str) -> Queue:
    """Open questions, and all that were ever closed.

    One question stands for a person or a pair of persons. It goes on as long as there is something to ask about these
    persons; where they merged or split, about the persons whom its two records belong to now, else those that its
    persons became. Of two questions that come together the older goes on.

    Args:
        doubts: what questions are made of tonight.
        owners: tonight's records and their persons.
        ledger: tonight's identity ledger; spans that did not end in another person may be missing.
        before: the queue of the last publication.
        run_id: tonight's run.
    """
    tonight = questions(doubts, owners.records)
    earlier = _oldest_first(conform(before.open, REVIEW_QUEUE)) if before else REVIEW_QUEUE.arrow_schema().empty_table()
    places = _places(tonight, earlier)
    moved = earlier.filter(pa.array(places == NOBODY)).to_pylist()
    person_of = owners.tonight(row[end] for row in moved for end in ENDS)
    places[places == NOBODY] = _moved_to(tonight, moved, person_of, _heirs(ledger))
    continues = np.full(len(tonight), NOBODY)
    rows, first_rows = np.unique(places, return_index=True)
    continues[rows[rows != NOBODY]] = first_rows[rows != NOBODY]
    is_over = np.ones(len(earlier), bool)
    is_over[continues[continues != NOBODY]] = False
    closed_now = _closed_questions(
        earlier.filter(pa.array(is_over)).to_pylist(), places[is_over], person_of, owners, doubts, run_id
    )
    closed = before.closed if before else REVIEW_CLOSED.arrow_schema().empty_table()
    return Queue(
        _with_ids(tonight, earlier, continues, run_id), pa.concat_tables([conform(closed, REVIEW_CLOSED), closed_now])
    )


def _oldest_first(rows: pa.Table) -> pa.Table:
    runs = rows.column("opened_in").combine_chunks().dictionary_encode()
    names = runs.dictionary.to_pylist()
    rank = {name: place for place, name in enumerate(sorted(names, key=run_order))}
    age = pa.array([rank[name] for name in names], pa.int64()).take(runs.indices)
    keys = pa.table({"age": age, "review_id": rows.column("review_id")})
    return rows.take(pc.sort_indices(keys, [("age", "ascending"), ("review_id", "ascending")]))


def _places(tonight: pa.Table, earlier: pa.Table) -> np.ndarray:
    """For each question of last night, tonight's row on the same persons."""
    keys = pc.binary_join(earlier.column("person_ids").combine_chunks(), "|")
    return (
        pc.fill_null(pc.index_in(keys, tonight.column(KEY).combine_chunks()), NOBODY)
        .to_numpy(zero_copy_only=False)
        .astype(np.int64)
    )


def _moved_to(
    tonight: pa.Table, moved: list[dict[str, Any]], person_of: Mapping[str, str], heirs: Mapping[str, str]
) -> list[int]:
    """As ``_places``, for questions whose persons have none tonight: the row on the persons that they became."""
    if not moved:
        return []
    rows = {key: row for row, key in enumerate(tonight.column(KEY).to_pylist())}
    successors = ((key_of(persons) for persons in _successors(row, person_of, heirs)) for row in moved)
    return [next((rows[key] for key in keys if key in rows), NOBODY) for keys in successors]


def _heirs(ledger: pa.Table) -> dict[str, str]:
    """Each person that was merged away, and into whom."""
    rows = ledger.select(["person_id", "valid_to", "merged_into"]).filter(pc.is_valid(ledger.column("merged_into")))
    last = sorted(rows.to_pylist(), key=lambda row: run_order(row["valid_to"] or ""))
    return {row["person_id"]: row["merged_into"] for row in last}


def _successors(row: Mapping[str, Any], person_of: Mapping[str, str], heirs: Mapping[str, str]) -> Iterator[Persons]:
    """Persons that a question of last night may be about tonight instead of its own; best first."""
    persons_before = tuple(row["person_ids"])
    ends = [person_of.get(row[end]) for end in ENDS]
    by_records = tuple(sorted({person for person in ends if person}))
    if None not in ends and len(by_records) == len(persons_before):
        yield by_records
    by_heirs = tuple(sorted({_heir(person, heirs) for person in persons_before}))
    if len(by_heirs) == len(persons_before):
        yield by_heirs


def _heir(person: str, heirs: Mapping[str, str]) -> str:
    visited = {person}
    while person in heirs and heirs[person] not in visited:
        person = heirs[person]
        visited.add(person)
    return person


def _closed_questions(
    rows: list[dict[str, Any]],
    places: np.ndarray,
    person_of: Mapping[str, str],
    owners: Owners,
    doubts: Doubts,
    run_id: str,
) -> pa.Table:
    """Questions that are closed tonight, and why; one with a place was joined with an older question."""
    ids = pa.array({row[end] for row in rows for end in ENDS}, pa.string())
    links = links_among(doubts.links, ids).select(["record_id_l", "record_id_r", "decision", "decided_by"]).to_pylist()
    fates = {(row["record_id_l"], row["record_id_r"]): (row["decision"], row["decided_by"]) for row in links}
    standing = _standing(owners.records, rows)
    said = _said(doubts.standing, owners) if rows else {}
    closed = [
        {
            **{name: row[name] for name in REVIEW_CLOSED.names if name in row},
            "closed_in": run_id,
            "reason_code": "joined_another" if place != NOBODY else _reason(row, person_of, fates, standing, said),
        }
        for row, place in zip(rows, places.tolist(), strict=True)
    ]
    return conform(pa.Table.from_pylist(closed, REVIEW_CLOSED.arrow_schema()), REVIEW_CLOSED)


def _standing(records: pa.Table, rows: list[dict[str, Any]]) -> frozenset[str]:
    """Those of the questions' persons that stand tonight."""
    persons = pa.array(sorted({person for row in rows for person in row["person_ids"]}), pa.string())
    owners = records.column("person_id")
    return frozenset(pc.unique(owners.filter(pc.is_in(owners, persons))).to_pylist())


def _said(standing: pa.Table, owners: Owners) -> Said:
    """What stewards say of last night's persons. What they said until then was carried out, so this is all since."""
    rows = standing.filter(pc.equal(standing.column("state"), "in_force")).select([*ENDS, "verdict"]).to_pylist()
    person_of = owners.before(row[end] for row in rows for end in ENDS)
    verdicts: dict[frozenset[str], set[str]] = defaultdict(set)
    for row in rows:
        if all(row[end] in person_of for end in ENDS):
            verdicts[frozenset(person_of[row[end]] for end in ENDS)].add(row["verdict"])
    return {persons: frozenset(said) for persons, said in verdicts.items()}


def _reason(
    row: Mapping[str, Any],
    person_of: Mapping[str, str],
    fates: Mapping[tuple[str, str], tuple[str, str]],
    standing: frozenset[str],
    said: Said,
) -> str:
    """Why a question is closed.

    Args:
        row: the question.
        person_of: tonight's person of its records.
        fates: the decision on each link and who decided.
        standing: those of all questions' persons that stand tonight.
        said: what stewards said of its persons.
    """
    ends = (row["record_id_l"], row["record_id_r"])
    is_present = [end in person_of for end in ends]
    if not any(is_present):
        return "record_withdrawn"
    if len(row["person_ids"]) == 1:
        return SETTLED.get(row["review_type"], "decision_settled")
    if not all(is_present):
        return "record_withdrawn"
    if person_of[ends[0]] == person_of[ends[1]]:
        if fates.get(ends) != ("link", "steward"):
            return "linked"
        return _as_far_as_joined(row["person_ids"], said) if standing.issuperset(row["person_ids"]) else "decided_link"
    return _why_apart(row, fates.get(ends) == BY_STEWARD_APART, said)


def _as_far_as_joined(persons: Sequence[str], said: Said) -> str:
    """Why a question is closed of whose persons stewards joined records, and both stand: what they said, or what came of it."""
    within = {verdict for one in persons for verdict in said.get(frozenset([one]), ())}
    across = said.get(frozenset(persons), frozenset())
    return "link_in_part" if "link" in across and "unlink" not in across | within else "decided_split"


def _why_apart(row: Mapping[str, Any], is_by_steward: bool, said: Said) -> str:
    """Why a question is closed whose two records are of two persons; ``is_by_steward``: some decision keeps these apart."""
    across = said.get(frozenset(row["person_ids"]), frozenset())
    if "link" in across:
        return _as_far_as_joined(row["person_ids"], said)
    if "unlink" in across:
        return "decided_unlink"
    if is_by_steward:
        return "kept_apart"
    return "decision_settled" if row["review_type"] in OF_DECISIONS else "weight_fell"


def _with_ids(tonight: pa.Table, earlier: pa.Table, continues: np.ndarray, run_id: str) -> pa.Table:
    """The questions with their ids: those that go on, by their row of ``earlier``, keep theirs."""
    is_new = continues == NOBODY
    ids = [_new_id(persons, run_id) for persons in tonight.column("person_ids").filter(pa.array(is_new)).to_pylist()]
    rows = pa.array(continues, mask=is_new)
    continued = earlier.select(["review_id", "opened_in"]).take(rows)
    review_ids = pc.replace_with_mask(
        continued.column("review_id").combine_chunks(), pa.array(is_new), pa.array(ids, pa.string())
    )
    opened = pc.fill_null(continued.column("opened_in"), run_id)
    return conform(
        tonight.drop_columns([KEY]).append_column("review_id", review_ids).append_column("opened_in", opened),
        REVIEW_QUEUE,
    )


def _new_id(persons: Persons, run_id: str) -> str:
    """An id that was never used: where a closed question on the same persons is asked anew, the run differs."""
    return "Q" + hashlib.blake2b("|".join([run_id, *persons]).encode(), digest_size=8).hexdigest()
