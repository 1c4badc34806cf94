"""Parting records from a person: the decisions that it takes, and how many of them were needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from flows.seen import seen_within
from pipeline.core.errors import DecisionConflictError, SettingsError
from pipeline.explain.kept import Kept, person_of, records_of
from pipeline.stewardship.decision import is_same_person
from pipeline.stewardship.standing import standing_decisions
from pipeline.stewardship.store import REFUSALS, Recorded, Store
from schemas.decisions import NewDecision

MOST_DECISIONS = 5_000
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


def unmerge(kept: Kept, store: Store, person_id: str, record_ids: Sequence[str], said: dict[str, str]) -> Unmerged:
    """Part records from the rest of their person, from the next night on.

    Each named record is decided to be another person than each record that stays: fewer decisions would not do, for any record
    that stays could draw a named one back. Named records may stay with each other. Links of stewards across the cut are taken
    back first. It may be called again: what stands is not decided twice, and what another steward entered is confirmed.

    Args:
        kept: the publication that the steward sees.
        store: of decisions.
        person_id: the person.
        record_ids: records to part from it.
        said: decided_by and reason.

    Raises:
        SettingsError: If a record is not one of the person, none stays, or too many pairs would be decided.
        DecisionConflictError: If links of stewards over a record of somebody else join the two sides; the rest is entered.
    """
    parted, stay = _sides(kept, person_id, record_ids)
    pairs = [tuple(sorted(pair)) for pair in product(parted, stay)]
    standing = {(row["record_id_l"], row["record_id_r"]): row for row in _standing(store, pairs)}
    links = [row for row in standing.values() if row["verdict"] == "link" and row["state"] != "waiting"]
    facts = {(seen["record_id_l"], seen["record_id_r"]): seen for seen in seen_within(kept, person_id, pairs)}
    size = {"n_records": len(parted) + len(stay)}
    _checked(store.decide_all([NewDecision(verdict="retract", retracts=row["decision_id"], **said, **size) for row in links]))  # fmt: skip
    waiting = {pair: row for pair, row in standing.items() if row["verdict"] == "unlink" and row["state"] == "waiting"}
    seconded = [row for row in waiting.values() if not is_same_person(row["decided_by"], said["decided_by"])]
    known = {pair for pair, row in standing.items() if row["verdict"] == "unlink"}
    new = [NewDecision(verdict="unlink", **said, **facts[pair]) for pair in pairs if pair not in known]  # type: ignore[index]
    _checked(store.decide_all([NewDecision(confirms=row["decision_id"], **said) for row in seconded]))
    entered = _checked(store.decide_all(new))
    return Unmerged(
        person_id, parted, stay, len(links), len(entered), len(seconded), len(known) - len(seconded),
        sum(one.decision.needs_second for one in entered),
    )  # fmt: skip


def _sides(kept: Kept, person_id: str, record_ids: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    members = set(records_of(kept, [person_id]))
    parted = tuple(sorted(set(record_ids)))
    if not members:
        raise SettingsError(person_id, f"is no person of {kept.folder}.", "Is it written right, or did it merge?")
    if strange := [record for record in parted if record not in members]:
        owner = person_of(kept, strange[:1]).get(strange[0], "nobody")
        raise SettingsError(strange[0], f"is a record of {owner}, not of {person_id}.")
    stay = tuple(sorted(members - set(parted)))
    if not stay:
        raise SettingsError(person_id, "would keep no record.", "Name only the records that are somebody else's.")
    if len(parted) * len(stay) > MOST_DECISIONS:
        problem = f"{len(parted):,} records from {len(stay):,} would be {len(parted) * len(stay):,} decisions."
        raise SettingsError(person_id, problem, f"At most {MOST_DECISIONS:,} at once: part fewer records.")
    return parted, stay


def _standing(store: Store, pairs: Sequence[tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    wanted = set(pairs)
    for row in standing_decisions(store.log(), store.policy).to_pylist():
        if (row["record_id_l"], row["record_id_r"]) in wanted and row["verdict"] in ("link", "unlink"):
            yield row


def _checked(outcomes: Sequence[Recorded | Exception]) -> list[Recorded]:
    refused = [outcome for outcome in outcomes if isinstance(outcome, REFUSALS)]
    if refused:
        conflict = next((error for error in refused if isinstance(error, DecisionConflictError)), refused[0])
        raise conflict
    return [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
