"""Decisions that the last night left without effect, as a record of theirs is gone or speaks of somebody else, and how to look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from pipeline.review.questions.found import case_on
from pipeline.review.questions.refusals import origin_words
from pipeline.review.records.shelf import Shelf
from pipeline.stewardship.decision import Decision
from pipeline.stewardship.entering import decisions_named, states_of
from pipeline.stewardship.last_night import standing_of_night
from pipeline.stewardship.standing import DETACHED_WORDS
from schemas.tables import ENDS

DETACHED = "detached"


@dataclass(frozen=True, slots=True)
class End:
    """One of the two records of a decision."""

    record_id: str
    owner: str | None
    """Its person; None of one that is not published"""
    told: str
    """Source, borough and date of one that is published"""
    last: Mapping[str, str] | None
    """Of one that is not: whose it was (``person_id``) and since which run it is not there (``until``); None where nobody knows"""


@dataclass(frozen=True, slots=True)
class DetachedDecision:
    """A decision that binds nothing."""

    decision: Decision
    why: str
    """In words"""
    ends: tuple[End, ...]
    """Its two records"""
    address: str
    """Of the page on which what is there of the two can be looked at; empty where neither is"""
    retraction_waits: bool
    """It is taken back, and a second steward is asked"""


def detached_decisions(connection: Connection, shelf: Shelf) -> list[DetachedDecision]:
    """Those that the night of the publication left detached and nobody has taken back or replaced since, latest first."""
    rows = _left_detached(shelf)
    named = decisions_named(connection, [row["decision_id"] for row in rows])
    decisions = {key: decision for key, decision in named.items() if not decision.erasure_id}
    pairs = {decision.pair for decision in decisions.values()}
    states = states_of(connection, pairs)
    ends = sorted({end for pair in pairs for end in pair})
    last = shelf.last_owners([end for end in ends if shelf.owner(end) is None])
    standing = []
    for row in sorted(rows, key=lambda row: -row["seq"]):
        decision = decisions.get(row["decision_id"])
        state = states.get(decision.pair) if decision else None
        if decision and state and decision in (state.in_force, *state.waiting):
            is_waiting = any(other.retracts == decision.decision_id for other in state.waiting)
            standing.append(_told(shelf, row, decision, last, is_waiting))
    return standing


def why_detached(shelf: Shelf) -> dict[str, str]:
    """Ids of the decisions that the night of the publication left detached, and why, in words."""
    return {row["decision_id"]: _why(row) for row in _left_detached(shelf)}


def _why(row: dict[str, Any]) -> str:
    return DETACHED_WORDS.get(row["detached_because"], "a record is gone, or speaks of somebody else")


def _left_detached(shelf: Shelf) -> Sequence[dict[str, Any]]:
    def read() -> list[dict[str, Any]]:
        night = standing_of_night(shelf.kept.folder)
        return [row for row in night.to_pylist() if row["state"] == DETACHED] if night is not None else []

    rows: list[dict[str, Any]] = shelf.once(DETACHED, read)
    return rows


def _told(
    shelf: Shelf, row: dict[str, Any], decision: Decision, last: Mapping[str, Mapping[str, str]], is_waiting: bool
) -> DetachedDecision:
    ends = tuple(_end(shelf, row[end], last) for end in ENDS)
    owners = sorted({end.owner for end in ends if end.owner})
    address = f"/persons/{owners[0]}" if owners else ""
    if len(owners) == 2:
        address = f"/cases/{case_on(shelf, *owners)}?l={ends[0].record_id}&r={ends[1].record_id}"
    return DetachedDecision(decision, _why(row), ends, address, is_waiting)


def _end(shelf: Shelf, record: str, last: Mapping[str, Mapping[str, str]]) -> End:
    owner = shelf.owner(record)
    rows = shelf.records(owner) if owner else ()
    told = next((origin_words(shelf, row) for row in rows if row["record_id"] == record), "")
    return End(record, owner, told, last.get(record))
