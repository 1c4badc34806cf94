"""Tonight's questions to stewards: one a person or pair of persons, ranked by harm and uncertainty.

Pairs that wait are many, and handled as whole columns; other doubts are few, and handled one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.persons.cluster_questions import cluster_questions, doubtful_clusters
from pipeline.persons.decision_questions import decision_questions, unsure_decisions
from pipeline.persons.doubts import GRAVITY, HARM, OWN_RULE_HARM, Doubts
from pipeline.persons.question import Persons, Question
from pipeline.persons.ranking import as_sorted_lists, rank_questions
from schemas.tables import ENDS, REVIEW_QUEUE

WEIGHTS = ("match_weight", "match_probability", "together_weight", "rivals_weight")
PAIR = (*ENDS, *WEIGHTS, "n_pairs", "review_type")
FACTS = ("record_id", "person_id", "borough", "date_of_birth", "recorded_at")
KEY = "key"
TYPES = {column.name: column.type for column in REVIEW_QUEUE.columns}
NAMES = (*PAIR, "person_ids", "decision_ids", "harm")
QUESTION_SCHEMA = pa.schema([*((name, TYPES[name]) for name in NAMES), ("is_unsure", pa.bool_()), (KEY, pa.string())])
"""Questions before they are ranked; harm without that a child is concerned"""


def key_of(person_ids: Iterable[str]) -> str:
    """The key of a question: the person or the two persons that it is about."""
    return "|".join(person_ids)


def questions(doubts: Doubts, records: pa.Table) -> pa.Table:
    """Tonight's questions, by their persons: columns of ``review_queue`` but its id and run, and ``key``.

    Input: records with their person_id.
    """
    doubtful = doubtful_clusters(doubts)
    facts = _facts(doubts, doubtful, records)
    rows = {row["record_id"]: row for row in _of_records(facts, _records_named(doubts.standing, doubtful)).to_pylist()}
    by_persons: dict[Persons, Question] = {}
    unsure = unsure_decisions(doubts, rows)
    pairs = _waiting_pairs(doubts.review_pairs, facts)
    other_questions = [*cluster_questions(doubts, doubtful, records, rows), *decision_questions(doubts, rows)]
    keys = {key_of(persons) for persons in (*unsure, *(question.person_ids for question in other_questions))}
    is_met = pc.or_(
        pc.is_in(pairs.column(KEY), pa.array(sorted(keys), pa.string())),
        pc.equal(pc.list_value_length(pairs.column("person_ids")), 1),
    )
    for question in (*_questions_of(pairs.filter(is_met)), *other_questions):
        earlier = by_persons.get(question.person_ids)
        by_persons[question.person_ids] = _merged(earlier, question) if earlier else question
    questions_met = pa.Table.from_pylist(
        [_row(question, unsure.get(question.person_ids, frozenset())) for question in by_persons.values()],
        QUESTION_SCHEMA,
    )
    return rank_questions(pa.concat_tables([pairs.filter(pc.invert(is_met)), questions_met]).sort_by(KEY), facts)


def doubted_records(doubts: Doubts, cluster_members: pa.Table, open_before: pa.Table | None) -> pa.Array:
    """Records whose links may matter to a question, in order: of doubtful clusters, decisions and last night's questions."""
    doubtful = doubtful_clusters(doubts).column("cluster_id").combine_chunks()
    members = cluster_members.filter(pc.is_in(cluster_members.column("cluster_id"), doubtful)).column("record_id")
    ends = [table.column(end) for table in (doubts.standing, open_before) if table is not None for end in ENDS]
    records = pa.concat_arrays([column.combine_chunks().cast(pa.string()) for column in (members, *ends)]).drop_null()
    return pc.unique(records.sort())


def _facts(doubts: Doubts, doubtful: pa.Table, records: pa.Table) -> pa.Table:
    """The columns ``FACTS`` of the records that any doubt names."""
    named = pa.concat_arrays(
        [*(doubts.review_pairs.column(end).combine_chunks() for end in ENDS), _records_named(doubts.standing, doubtful)]
    )
    return _of_records(records.select(list(FACTS)), named).combine_chunks()


def _records_named(standing: pa.Table, doubtful: pa.Table) -> pa.Array:
    """Records of decisions and of doubtful clusters."""
    columns = (*(standing.column(end) for end in ENDS), doubtful.column("cluster_id"))
    return pa.concat_arrays([column.combine_chunks().cast(pa.string()) for column in columns])


def _of_records(table: pa.Table, record_ids: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table.column("record_id"), record_ids.drop_null()))


def _waiting_pairs(review_pairs: pa.Table, facts: pa.Table) -> pa.Table:
    """Questions on pairs of persons with pairs of records that wait for review."""
    ids, persons = facts.column("record_id").combine_chunks(), facts.column("person_id").combine_chunks()
    person_l, person_r = (persons.take(pc.index_in(review_pairs.column(end).combine_chunks(), ids)) for end in ENDS)
    person_ids = as_sorted_lists(person_l, person_r)
    kinds = review_pairs.column("review_type").combine_chunks().dictionary_encode()
    harm = pa.array([HARM.get(kind, OWN_RULE_HARM) for kind in kinds.dictionary.to_pylist()], TYPES["harm"])
    size = len(review_pairs)
    columns = {
        **{name: review_pairs.column(name).cast(TYPES[name]) for name in PAIR},
        "person_ids": person_ids,
        "decision_ids": pa.nulls(size, TYPES["decision_ids"]),
        "harm": harm.take(kinds.indices),
        "is_unsure": pa.array([False]).take(pa.array([0] * size, pa.int32())),
        KEY: pc.binary_join(person_ids, "|"),
    }
    return pa.table(columns).select(QUESTION_SCHEMA.names).cast(QUESTION_SCHEMA)


def _questions_of(pairs: pa.Table) -> Iterator[Question]:
    for row in pairs.to_pylist():
        yield Question(person_ids=tuple(row["person_ids"]), **{name: row[name] for name in PAIR})


def _merged(left: Question, right: Question) -> Question:
    """Two questions on the same persons as one: the graver gives its type, the one with a weight its pair, that of the persons its weights."""
    graver, lesser = sorted(
        (left, right),
        key=lambda question: (
            GRAVITY.get(question.review_type, len(GRAVITY)),
            question.record_id_l,
            question.record_id_r,
        ),
    )
    shown = graver if graver.match_weight is not None else lesser
    weighed = next((question for question in (shown, lesser) if question.together_weight is not None), shown)
    return replace(
        shown,
        **{name: getattr(weighed, name) for name in WEIGHTS},
        review_type=graver.review_type,
        n_pairs=max(left.n_pairs, right.n_pairs),
        decision_ids=left.decision_ids | right.decision_ids,
        harm=max(_harm(left), _harm(right)),
    )


def _harm(question: Question) -> int:
    return max(question.harm, HARM.get(question.review_type, OWN_RULE_HARM))


def _row(question: Question, unsure: frozenset[str]) -> dict[str, Any]:
    return {
        **{name: getattr(question, name) for name in PAIR},
        "person_ids": list(question.person_ids),
        "decision_ids": sorted(question.decision_ids | unsure) or None,
        "harm": _harm(question),
        "is_unsure": bool(unsure),
        KEY: key_of(question.person_ids),
    }
