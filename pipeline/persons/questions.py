"""What a steward is asked tonight: one question a person or pair of persons, in words, ranked by harm and uncertainty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

CHILD_YEARS = 18
UNSURE_SHARE = 0.5  # of its priority keeps a question that a steward could not answer
OPEN_ANYWAY = 0.5  # uncertainty of a question that no weight settles
HARM = {
    "decision_contradicted": 5, "second_person": 4, "evidence_changed": 4, "adopted": 5, "victim_offender": 5,
    "identifier_conflict": 4, "twin_suspicion": 4, "broken_cluster": 4, "over_large_cluster": 4, "name_only": 3,
    "doubtful_birthday": 3, "no_forename": 3, "unborn": 3, "grey_pair": 2,
}  # fmt: skip
"""What a wrong answer could do, 1 to 5. The order tells which type a question has where several fit."""
OWN_RULE_HARM = 3  # of a rule that only the user's own model has
GRAVITY = {name: place for place, name in enumerate(HARM)}
OF_LAW = ("decision_contradicted", "second_person", "evidence_changed", "victim_offender", "identifier_conflict", "adopted", "broken_cluster", "over_large_cluster")  # fmt: skip
REASONS = {
    "decision_contradicted": "Decisions of stewards contradict each other on tonight's data; the links among them bind nothing until one is taken back.",
    "second_person": "A steward has decided, and another one must confirm it before it counts.",
    "evidence_changed": "A steward has decided, and what was seen then is not what is there now; the decision holds meanwhile.",
    "adopted": "One record is of an adopted child, whose old identity is sealed.",
    "victim_offender": "One record is of a victim, the other of a suspect or offender; a link needs two stewards.",
    "identifier_conflict": "Both records carry a valid identifier of one kind, and they differ.",
    "twin_suspicion": "Birthday and surname agree, forenames do not, and no identifier is shared: perhaps twins.",
    "name_only": "No birthday, address, identifier, phone or e-mail agrees: the link would rest on a name alone.",
    "no_forename": "One record has no forename and fits any child of the household born that day.",
    "doubtful_birthday": "The birthday agrees but for a slip, or is a 1 January, and nothing else places both at one address, phone or identifier.",
    "unborn": "One record is of a child before birth.",
    "broken_cluster": "Two records fit, but with the others of their persons they do not hold together.",
    "over_large_cluster": "The person has more records than one person should.",
    "grey_pair": "The evidence is neither strong enough to link nor weak enough to part.",
}  # fmt: skip


def reason_of(review_type: str) -> str:
    """Why the machine does not decide, in words."""
    return REASONS.get(review_type) or f"The model's rule {review_type} leaves it to a steward."


@dataclass(frozen=True, slots=True)
class Doubts:
    """What questions are made of."""

    review_pairs: pa.Table
    clusters: pa.Table
    links: pa.Table
    standing: pa.Table
    """Contract ``standing_decisions``"""
    review_bits: float
    """A person whose weakest point lies under it does not hold together"""
    most_records: int
    """A person of more is asked about"""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, before it is known whether it was asked before."""

    review_type: str
    person_ids: tuple[str, ...]
    record_id_l: str
    record_id_r: str
    match_weight: float | None
    match_probability: float | None
    n_pairs: int = 0
    decision_ids: frozenset[str] = frozenset()
    harm: int = 0
    priority: float = 0.0
    boroughs: tuple[str, ...] = ()


def questions(doubts: Doubts, records: pa.Table) -> dict[tuple[str, ...], Question]:
    """Tonight's questions by the person or the two persons that each is about; records with their person_id."""
    facts = _facts(doubts, records)
    found: dict[tuple[str, ...], Question] = {}
    for asked in (*_between(doubts, facts), *_within(doubts, records, facts), *_decided(doubts, facts)):
        known = found.get(asked.person_ids)
        found[asked.person_ids] = _together(known, asked) if known else asked
    unsure = _unsure(doubts, facts)
    return {persons: _ranked(asked, facts, unsure.get(persons, frozenset())) for persons, asked in found.items()}


def _facts(doubts: Doubts, records: pa.Table) -> dict[str, dict[str, Any]]:
    wanted = {
        record
        for table in (doubts.review_pairs, doubts.standing)
        for end in ("record_id_l", "record_id_r")
        for record in table.column(end).to_pylist()
    }
    wanted |= set(_strange(doubts).column("cluster_id").to_pylist())
    columns = ["record_id", "person_id", "borough", "date_of_birth", "recorded_at"]
    own = records.select(columns).filter(pc.is_in(records.column("record_id"), pa.array(sorted(wanted), pa.string())))
    return {row["record_id"]: row for row in own.to_pylist()}


def _strange(doubts: Doubts) -> pa.Table:
    weakest, size = (doubts.clusters.column(name) for name in ("weakest_bits", "n_records"))
    is_weak = pc.fill_null(pc.less(weakest, doubts.review_bits), False)
    return doubts.clusters.filter(pc.or_(is_weak, pc.greater(size, doubts.most_records)))


def _between(doubts: Doubts, facts: Mapping[str, Mapping[str, Any]]) -> Iterator[Question]:
    """Pairs of persons with pairs of records that wait."""
    for pair in doubts.review_pairs.to_pylist():
        ends = (pair["record_id_l"], pair["record_id_r"])
        weight, chance = pair["match_weight"], pair["match_probability"]
        yield Question(pair["review_type"], _persons(ends, facts), *ends, weight, chance, pair["n_pairs"])


def _within(doubts: Doubts, records: pa.Table, facts: Mapping[str, Mapping[str, Any]]) -> Iterator[Question]:
    """Persons that are too large, or do not hold together."""
    for row in _strange(doubts).to_pylist():
        person = facts[row["cluster_id"]]["person_id"]
        own = sorted(records.filter(pc.equal(records.column("person_id"), person)).column("record_id").to_pylist())
        if row["n_records"] > doubts.most_records:
            yield Question("over_large_cluster", (person,), own[0], own[-1], None, None)
        if row["weakest_bits"] is not None and row["weakest_bits"] < doubts.review_bits:
            weak = _weakest(doubts.links, own, row["weakest_bits"])
            yield Question("broken_cluster", (person,), *weak, n_pairs=row["n_pairs"])


def _weakest(links: pa.Table, own: list[str], bits: float) -> tuple[str, str, float, float]:
    inside = [pc.is_in(links.column(end), pa.array(own)) for end in ("record_id_l", "record_id_r")]
    rows = links.filter(pc.and_(*inside)).to_pylist()
    best = min(rows, key=lambda row: (abs(row["match_weight"] - bits), row["record_id_l"], row["record_id_r"]))
    return best["record_id_l"], best["record_id_r"], best["match_weight"], best["match_probability"]


def _decided(doubts: Doubts, facts: Mapping[str, Mapping[str, Any]]) -> Iterator[Question]:
    """Decisions that contradict others, wait for a second person, or rest on what has changed."""
    for row in doubts.standing.to_pylist():
        kind = _kind(row)
        ends = (row["record_id_l"], row["record_id_r"])
        if kind and all(end in facts for end in ends):
            weight, chance = _weight(doubts.links, ends)
            ids = frozenset({row["decision_id"], *(row["contradicts"] or ())})
            yield Question(kind, _persons(ends, facts), *ends, weight, chance, 1, ids)


def _kind(row: Mapping[str, Any]) -> str | None:
    if row["state"] == "contradicted":
        return "decision_contradicted"
    if row["state"] == "waiting":
        return "second_person"
    return "evidence_changed" if row["state"] == "in_force" and row["look_again"] else None


def _weight(links: pa.Table, ends: tuple[str, str]) -> tuple[float | None, float | None]:
    is_own = [pc.equal(links.column(name), end) for name, end in zip(("record_id_l", "record_id_r"), ends, strict=True)]
    rows = links.filter(pc.and_(*is_own)).to_pylist()
    return (rows[0]["match_weight"], rows[0]["match_probability"]) if rows else (None, None)


def _unsure(doubts: Doubts, facts: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, ...], frozenset[str]]:
    """Persons of whom a steward could not tell, with those decisions."""
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for row in doubts.standing.to_pylist():
        ends = (row["record_id_l"], row["record_id_r"])
        if row["verdict"] == "unsure" and row["state"] == "in_force" and all(end in facts for end in ends):
            persons = _persons(ends, facts)
            found[persons] = found.get(persons, frozenset()) | {row["decision_id"]}
    return found


def _persons(ends: Iterable[str], facts: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({facts[end]["person_id"] for end in ends}))


def _together(one: Question, other: Question) -> Question:
    """One question of two on the same persons: the graver names it; the pair is that which has waited for its weight."""
    first, second = sorted(
        (one, other), key=lambda own: (GRAVITY.get(own.review_type, len(GRAVITY)), own.record_id_l, own.record_id_r)
    )
    shown = first if first.match_weight is not None else second
    return replace(
        shown, review_type=first.review_type, n_pairs=max(one.n_pairs, other.n_pairs), decision_ids=one.decision_ids | other.decision_ids,
        harm=max(_harm(one), _harm(other)),
    )  # fmt: skip


def _harm(asked: Question) -> int:
    return max(asked.harm, HARM.get(asked.review_type, OWN_RULE_HARM))


def _ranked(asked: Question, facts: Mapping[str, Mapping[str, Any]], unsure: frozenset[str]) -> Question:
    own = [facts[record] for record in (asked.record_id_l, asked.record_id_r) if record in facts]
    harm = min(5, _harm(asked) + (1 if any(map(_is_child, own)) else 0))
    priority = harm * _uncertainty(asked) * (UNSURE_SHARE if unsure else 1.0)
    boroughs = tuple(sorted({row["borough"] for row in own if row["borough"]}))
    ids = asked.decision_ids | unsure
    return replace(asked, harm=harm, priority=round(priority, 6), boroughs=boroughs, decision_ids=ids)


def _uncertainty(asked: Question) -> float:
    """1 at even odds, 0 where the weight leaves no doubt; a question of law stays open however clear the weight is."""
    chance = asked.match_probability
    least = OPEN_ANYWAY if asked.review_type in OF_LAW else 0.1
    return least if chance is None else max(4 * chance * (1 - chance), least)


def _is_child(record: Mapping[str, Any]) -> bool:
    born, seen = record["date_of_birth"], record["recorded_at"]
    return born is not None and seen is not None and (seen.date() - born).days < CHILD_YEARS * 365.25
