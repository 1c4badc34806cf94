"""Parting records from a person: the decisions that it takes, and how many of them were needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from sqlalchemy import Connection

from flows.stewards.decision_facts import facts_of_pairs, published_persons
from pipeline.core.errors import SettingsError
from pipeline.explain.kept import LinkedTables, person_of, records_of, rows_between
from pipeline.review.questions.machine import MachineLink, keep_machine_pairs, made_by_machine
from pipeline.stewardship.decision import Pair, links_to_lift, pair_state
from pipeline.stewardship.entering import Recorded
from pipeline.stewardship.groups import Published
from pipeline.stewardship.store import Store
from schemas.decisions import NewDecision

MOST_DECISIONS = 10_000
"""Pairs that one unmerge may decide: records named, times those that stay."""


@dataclass(frozen=True, slots=True)
class Unmerged:
    """What an unmerge wrote."""

    person_id: str
    parted: tuple[str, ...]
    stay: tuple[str, ...]
    retracted: int
    """Links of stewards that were taken back"""
    entered: int
    confirmed: int
    """Unlinks of another steward that waited for a second person"""
    already: int
    """Unlinks that stood, or wait, already"""
    waiting: int
    """Of those entered: wait for a second person, and bind nothing until then"""


def unmerge(
    publication: LinkedTables, store: Store, person_id: str, record_ids: Sequence[str], by_and_reason: dict[str, str]
) -> Unmerged:
    """Part records from the rest of their person, from the next night on.

    Each named record is decided to be another person than each record that stays: fewer decisions would not do, for any
    record that stays could draw a named one back. Named records may stay with each other. Links of stewards across the
    cut are taken back first. It may be called again: what stands is not decided twice, and what another steward entered
    is confirmed.

    Args:
        publication: what the steward sees.
        store: of decisions.
        person_id: the person.
        record_ids: records to part from it.
        by_and_reason: decided_by and reason of each decision.

    Raises:
        SettingsError: If a record is not one of the person, none stays, or too many pairs would be decided.
        DecisionConflictError: If links of stewards over a record of somebody else join the two sides; nothing is
            entered.
    """
    parted, stay = _sides(publication, person_id, record_ids)
    pairs: list[Pair] = [(min(pair), max(pair)) for pair in product(parted, stay)]
    decided = store.about(parted)
    states = {pair: pair_state(decided[pair]) for pair in pairs if pair in decided}
    links = [decision for pair, state in states.items() for decision in links_to_lift(decided[pair], state)]
    parted_already = {pair: state for pair, state in states.items() if state.head and state.head.verdict == "unlink"}
    steward = by_and_reason["decided_by"]
    to_confirm = [unlink for state in parted_already.values() if (unlink := state.to_confirm_by(steward))]
    facts = {(row["record_id_l"], row["record_id_r"]): row for row in facts_of_pairs(publication, pairs)}
    size = {"n_records": len(parted) + len(stay)}
    new = [
        *(NewDecision(verdict="retract", retracts=link.decision_id, **by_and_reason, **size) for link in links),
        *(NewDecision(confirms=unlink.decision_id, **by_and_reason) for unlink in to_confirm),
        *(
            NewDecision(verdict="unlink", **by_and_reason, **facts[pair])
            for pair in pairs
            if pair not in parted_already
        ),
    ]
    machine_view = made_by_machine([*parted, *stay], rows_between(publication, [*parted, *stay]), pairs)
    entered = entered_with(store, new, machine_view, published_persons(publication))[len(links) + len(to_confirm) :]
    return Unmerged(
        person_id,
        parted,
        stay,
        retracted=len(links),
        entered=len(entered),
        confirmed=len(to_confirm),
        already=len(parted_already) - len(to_confirm),
        waiting=sum(recorded.decision.needs_second for recorded in entered),
    )


def entered_with(
    store: Store,
    new: Sequence[NewDecision],
    machine_view: Mapping[Pair, MachineLink],
    published: Published | None,
) -> list[Recorded]:
    """Enter all of these decisions or none, each with what the machine had made of its pair; as ``Store.enter_within``."""

    def work(connection: Connection) -> list[Recorded]:
        recorded = store.enter_within(connection, new, published)
        keep_machine_pairs(connection, recorded, machine_view)
        return recorded

    return store.write(work)


def _sides(
    publication: LinkedTables, person_id: str, record_ids: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    members = set(records_of(publication, [person_id]))
    parted = tuple(sorted(set(record_ids)))
    if not members:
        raise SettingsError(
            person_id,
            f"is no person of {publication.folder}.",
            "Is it written right, or did it merge? boroughlink history tells.",
        )
    if strange := [record for record in parted if record not in members]:
        owner = person_of(publication, strange[:1]).get(strange[0], "nobody")
        raise SettingsError(strange[0], f"is a record of {owner}, not of {person_id}.")
    stay = tuple(sorted(members - set(parted)))
    if not stay:
        raise SettingsError(person_id, "would keep no record.", "Name only the records that are somebody else's.")
    if len(parted) * len(stay) > MOST_DECISIONS:
        problem = f"{len(parted):,} records from {len(stay):,} would be {len(parted) * len(stay):,} decisions."
        raise SettingsError(person_id, problem, f"At most {MOST_DECISIONS:,} at once: part fewer records.")
    return parted, stay
