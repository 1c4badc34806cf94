"""What of the log stands tonight: pure functions from the tables of decisions, records and evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import conform
from pipeline.core.run_ids import run_order
from pipeline.core.same_person import is_somebody_else
from pipeline.stewardship.contradictions import Edge, knots
from pipeline.stewardship.decision import Decision, Pair, PairState, by_pair, pair_state
from pipeline.stewardship.evidence import moved_fields, was_one_person
from pipeline.stewardship.reattach import Attached, reattach
from schemas.decisions import StewardPolicy
from schemas.tables import DECIDED_PAIRS, ENDS, STANDING_DECISIONS

SaidOf = Callable[[Sequence[str]], Mapping[str, Mapping[str, Any]]]
"""Record ids to the columns ``same_person.TOLD_BY`` of those that are there"""
MUST_LINK, CANNOT_LINK = "must_link", "cannot_link"
UNUSED = ["reason", "entered_by", "roles_l", "roles_r", "rules", "n_records"]
"""Columns that say nothing about what stands; the reason, which may name people, stays where it is."""
RECORD_GONE, RECORD_RETURNED, RECORDS_DIFFER = "record_gone", "record_returned", "records_differ"
DETACHED_WORDS: Mapping[str, str] = {
    RECORD_GONE: "a record is not there, and no one record can be told to be it",
    RECORD_RETURNED: "a record was withdrawn since, and returned as somebody else",
    RECORDS_DIFFER: "the two records told of one person then, and tell of two now",
}
"""Why a decision is detached"""
CONSTRAINTS = {"link": MUST_LINK, "unlink": CANNOT_LINK}


@dataclass(frozen=True, slots=True)
class _Standing:
    decision: Decision
    confirmed_by: tuple[str, ...]
    state: str
    attached: Attached
    detached_because: str | None = None
    moved: tuple[str, ...] = ()
    contradicts: frozenset[str] = frozenset()


def standing_decisions(
    decisions: pa.Table,
    policy: StewardPolicy,
    records: pa.Table | None = None,
    evidence: pa.Table | None = None,
    said: SaidOf | None = None,
) -> pa.Table:
    """The contract ``standing_decisions``: every decision that is in force, waits, is contradicted or has lost a record.

    In force is the latest verdict on a pair that was not taken back and, where that is asked for, has its second person.

    A decision whose evidence moved since it was made (``look_again``) stays in force. A person judged with papers that the
    machine does not have; to drop the decision by itself would join two people, or part one, at night and with nobody asked.
    So it holds, whether link or unlink, until a steward has looked. But a link of two records whose names and birthday agreed,
    and are those of two people tonight, is detached: a key was given to somebody else, on whom nobody has decided. So is a link
    on a record that was withdrawn since, and returned as somebody else. An unlink stays with the keys: it joins nobody.

    Decisions that the data set against each other (a source joined two records, an id changed) are frozen: links of the chain
    give no must-link any more, and the pairs are as the model sees them. The unlink keeps its cannot-link: two people taken
    for one is the mistake that does harm at once and is hard to undo, and what is parted can be joined tomorrow.

    Args:
        decisions: the log, contract ``decisions``.
        policy: which levels disagree.
        records: tonight's records, contract ``fingerprints``; none: every record is taken to be there.
        evidence: what would be seen of the pairs tonight, contract ``pair_evidence``; a pair without a row is not judged.
        said: gives what some records say tonight, by record id; none: every record is taken to speak of whom it spoke.
    """
    states = map(pair_state, by_pair(_decisions_in(decisions)).values())
    standing = [entry for state in states for entry in _entries_of(state)]
    if records is not None:
        standing = _without_returned_as_others(_with_tonights_ids(standing, records), records)
    if said is not None:
        standing = _without_given_keys(standing, said, policy)
    standing = _with_contradictions(standing)
    if evidence is not None:
        standing = _with_moved_fields(standing, evidence, policy)
    rows = [_row(entry) for entry in sorted(standing, key=lambda entry: entry.decision.seq)]
    return conform(pa.Table.from_pylist(rows, STANDING_DECISIONS.arrow_schema()), STANDING_DECISIONS)


def decided_pairs(standing: pa.Table) -> pa.Table:
    """The contract ``decided_pairs``: what clusters must keep to."""
    bound = standing.filter(pc.is_valid(standing.column("constraint")))
    pairs: dict[tuple[str, str, str], list[str]] = {}
    for row in bound.select([*ENDS, "constraint", "decision_id"]).to_pylist():
        pairs.setdefault((row["record_id_l"], row["record_id_r"], row["constraint"]), []).append(row["decision_id"])
    rows = [dict(zip(DECIDED_PAIRS.names, (*key, ids), strict=True)) for key, ids in sorted(pairs.items())]
    return conform(pa.Table.from_pylist(rows, DECIDED_PAIRS.arrow_schema()), DECIDED_PAIRS)


def in_state(standing: pa.Table, state: str) -> pa.Table:
    """Standing decisions that are in_force, waiting, contradicted or detached."""
    return standing.filter(pc.equal(standing.column("state"), state))


def to_look_at_again(standing: pa.Table) -> pa.Table:
    """Standing decisions whose evidence moved since."""
    return standing.filter(standing.column("look_again"))


def _decisions_in(decisions: pa.Table) -> Iterable[Decision]:
    return (Decision(**row) for row in decisions.drop_columns(UNUSED).to_pylist())


def _entries_of(state: PairState) -> list[_Standing]:
    waiting = [_standing(decision, state, "waiting") for decision in state.waiting]
    return [_standing(state.in_force, state, "in_force"), *waiting] if state.in_force else waiting


def _standing(decision: Decision, state: PairState, state_name: str) -> _Standing:
    confirmed_by = tuple(second.decided_by for second in state.confirmed_by.get(decision.decision_id, ()))
    return _Standing(decision, confirmed_by, state_name, Attached(*decision.pair, "as_decided"))


def _with_tonights_ids(standing: Sequence[_Standing], records: pa.Table) -> list[_Standing]:
    names = (*ENDS, "fingerprint_l", "fingerprint_r")
    columns = {name: pa.array([getattr(entry.decision, name) for entry in standing], pa.string()) for name in names}
    attachments = reattach(pa.table(columns), records)
    return [
        _detached(entry, RECORD_GONE) if attached.attachment == "detached" else replace(entry, attached=attached)
        for entry, attached in zip(standing, attachments, strict=True)
    ]


def _without_returned_as_others(standing: Sequence[_Standing], records: pa.Table) -> list[_Standing]:
    """Links are detached of which a record was withdrawn since, and is somebody else tonight."""
    others = records.filter(pc.is_valid(records.column("another_until")))
    names = ("record_id", "fingerprint", "another_until")
    until = {
        record: (fingerprint, run_id)
        for record, fingerprint, run_id in zip(*(others.column(name).to_pylist() for name in names), strict=True)
    }
    return [_detached(entry, RECORD_RETURNED) if _is_on_another(entry, until) else entry for entry in standing]


def _detached(entry: _Standing, because: str) -> _Standing:
    return replace(entry, state="detached", detached_because=because)


def _is_on_another(entry: _Standing, until: Mapping[str, tuple[str | None, str]]) -> bool:
    decision = entry.decision
    if entry.state == "detached" or decision.verdict != "link":
        return False
    decided_on = zip(decision.pair, (decision.fingerprint_l, decision.fingerprint_r), strict=True)
    for record, fingerprint in decided_on:
        if record not in until or record not in entry.attached[:2]:
            continue
        now, run_id = until[record]
        is_as_decided = fingerprint is not None and fingerprint == now
        if not is_as_decided and run_order(decision.run_id or "") < run_order(run_id):
            return True
    return False


def _without_given_keys(standing: Sequence[_Standing], said: SaidOf, policy: StewardPolicy) -> list[_Standing]:
    """Links are detached that a steward made of one person, and whose records tell of two tonight."""
    doubtful = [
        entry.decision.decision_id
        for entry in standing
        if entry.state != "detached"
        and entry.decision.verdict == "link"
        and entry.decision.evidence
        and was_one_person(entry.decision.evidence, policy)
    ]
    ends = {entry.decision.decision_id: entry.attached[:2] for entry in standing}
    records = said(sorted({record for decision in doubtful for record in ends[decision]}))
    lost = {
        decision
        for decision in doubtful
        if all(record in records for record in ends[decision])
        and is_somebody_else(*(records[record] for record in ends[decision]))
    }
    return [_detached(entry, RECORDS_DIFFER) if entry.decision.decision_id in lost else entry for entry in standing]


def _with_contradictions(standing: Sequence[_Standing]) -> list[_Standing]:
    edges: dict[str, list[Edge]] = {"link": [], "unlink": []}
    for entry in standing:
        if entry.state == "in_force" and entry.decision.verdict in edges:
            edges[entry.decision.verdict].append(
                Edge(entry.attached.record_id_l, entry.attached.record_id_r, entry.decision.decision_id)
            )
    contradictions = knots(edges["link"], edges["unlink"])
    return [
        replace(entry, state="contradicted", contradicts=contradictions[entry.decision.decision_id])
        if entry.decision.decision_id in contradictions
        else entry
        for entry in standing
    ]


def _with_moved_fields(standing: Sequence[_Standing], evidence: pa.Table, policy: StewardPolicy) -> list[_Standing]:
    evidence_by_pair = {(row["record_id_l"], row["record_id_r"]): row for row in evidence.to_pylist()}
    return [
        replace(entry, moved=moved) if (moved := _moved(entry, evidence_by_pair, policy)) else entry
        for entry in standing
    ]


def _moved(
    entry: _Standing, evidence_by_pair: Mapping[Pair, Mapping[str, str]], policy: StewardPolicy
) -> tuple[str, ...]:
    tonight = evidence_by_pair.get((entry.attached.record_id_l, entry.attached.record_id_r))
    evidence_then = entry.decision.evidence
    if tonight is None or evidence_then is None or tonight["evidence_hash"] == entry.decision.evidence_hash:
        return ()
    return moved_fields(evidence_then, tonight["evidence"], policy)


def _row(entry: _Standing) -> dict[str, Any]:
    decision = entry.decision
    constraint = CONSTRAINTS.get(decision.verdict) if entry.state == "in_force" else None
    if entry.state == "contradicted" and decision.verdict == "unlink":
        constraint = CANNOT_LINK
    return {
        "record_id_l": entry.attached.record_id_l,
        "record_id_r": entry.attached.record_id_r,
        "state": entry.state,
        "constraint": constraint,
        "is_reattached": entry.attached.attachment == "reattached",
        "look_again": bool(entry.moved),
        "moved_fields": list(entry.moved) or None,
        "contradicts": sorted(entry.contradicts) or None,
        "confirmed_by": list(entry.confirmed_by) or None,
        "detached_because": entry.detached_because,
        **{
            name: getattr(decision, name)
            for name in (
                "seq",
                "decision_id",
                "verdict",
                "decided_by",
                "decided_at",
                "second_because",
                "run_id",
                "model",
            )
        },
    }
