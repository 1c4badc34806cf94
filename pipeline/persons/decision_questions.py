"""Questions on what stewards decided: it contradicts, waits, rests on what has changed, or was not sure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipeline.persons.doubts import Doubts
from pipeline.persons.links_among import links_among
from pipeline.persons.question import Persons, Question
from schemas.tables import ENDS


def decision_questions(doubts: Doubts, facts: Mapping[str, Mapping[str, Any]]) -> Iterator[Question]:
    """Questions on decisions that contradict others, wait for a second person or lack one, or rest on what has changed."""
    rows = [(kind, row) for row in doubts.standing.to_pylist() if (kind := _kind(row, doubts))]
    ids = pa.array({row[end] for _, row in rows for end in ENDS}, pa.string())
    links = {(row["record_id_l"], row["record_id_r"]): row for row in links_among(doubts.links, ids).to_pylist()}
    for kind, row in rows:
        ends = (row["record_id_l"], row["record_id_r"])
        if all(end in facts for end in ends):
            link = links.get(ends, {})
            evidence = link.get("match_weight"), link.get("match_probability")
            decisions = frozenset({row["decision_id"], *(row["contradicts"] or ())})
            yield Question(kind, _persons(ends, facts), *ends, *evidence, 1, decisions)


def _kind(row: Mapping[str, Any], doubts: Doubts) -> str | None:
    if row["state"] == "contradicted":
        return "decision_contradicted"
    if row["state"] == "waiting":
        return "second_person"
    if row["decision_id"] in doubts.joined_by_one:
        return "victim_offender"
    return "evidence_changed" if row["state"] == "in_force" and row["look_again"] else None


def unsure_decisions(doubts: Doubts, facts: Mapping[str, Mapping[str, Any]]) -> dict[Persons, frozenset[str]]:
    """Persons on whom a steward decided ``unsure``, with these decisions."""
    decisions: dict[Persons, frozenset[str]] = {}
    for row in doubts.standing.to_pylist():
        ends = (row["record_id_l"], row["record_id_r"])
        if row["verdict"] == "unsure" and row["state"] == "in_force" and all(end in facts for end in ends):
            persons = _persons(ends, facts)
            decisions[persons] = decisions.get(persons, frozenset()) | {row["decision_id"]}
    return decisions


def _persons(ends: Iterable[str], facts: Mapping[str, Mapping[str, Any]]) -> Persons:
    return tuple(sorted({facts[end]["person_id"] for end in ends}))
