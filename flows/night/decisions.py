"""Stewards' decisions in a night: where they are kept, which stand tonight, and which changed since last night."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.night.place import can_be_read, need_home
from flows.night.plan import Night
from flows.night.waiting import told_while_waiting
from pipeline.core.errors import SettingsError
from pipeline.core.lookup import rows_with
from pipeline.core.metrics import Metric
from pipeline.core.places import Home
from pipeline.core.same_person import TOLD_BY
from pipeline.explain.levels import levels_of
from pipeline.persons.departures import others_until
from pipeline.persons.ledger import ledger_of
from pipeline.publish.publication import read_current
from pipeline.stewardship.evidence import (
    FINGERPRINT_COLUMNS,
    VALUES_SEEN,
    fingerprint_of_each,
    fingerprints,
    pair_evidence,
)
from pipeline.stewardship.policy import load_policy
from pipeline.stewardship.standing import SaidOf, decided_pairs, in_state, standing_decisions, to_look_at_again
from pipeline.stewardship.store import Store, open_store
from schemas.decisions import StewardPolicy
from schemas.model import Model, load_model
from schemas.settings import SQLITE, RunSettings
from schemas.tables import DECISIONS, ENDS, IDENTITY_LEDGER

DECISIONS_URL = "BOROUGHLINK_DECISIONS_URL"
STATES = ("in_force", "waiting", "contradicted", "detached")


def decisions_url(settings: RunSettings, home: Home, environment: Mapping[str, str]) -> str:
    """The environment's URL, else the run file's, else a SQLite file in the home."""
    configured = environment.get(DECISIONS_URL) or settings.decisions_url
    return configured or f"sqlite:///{home.decisions.resolve()}"


def policy_of(settings: RunSettings) -> StewardPolicy:
    """The policy file of the settings, the rules that it names checked against those of the model.

    Raises:
        SettingsError: If it cannot be read, or says something that a policy cannot say.
    """
    path = settings.steward_policy
    if not can_be_read(path):
        what_to_do = "Correct `steward_policy` in the run file, or bring the file back."
        raise SettingsError("steward_policy", f"{path} is no file that this user can read.", what_to_do)
    rules = None
    with suppress(SettingsError):  # told where the model is needed
        rules = [rule.name for rule in load_model(settings.model).rule]
    return load_policy(path, rules)


@contextmanager
def open_decisions(settings: RunSettings, home: Home, environment: Mapping[str, str]) -> Iterator[Store]:
    """The store under the policy file of the settings, closed after the block; one in a home is made where there is none.

    Raises:
        SettingsError: If the home that it lies in is not there.
        StoreUnavailableError: If it does not answer.
    """
    if not (environment.get(DECISIONS_URL) or settings.decisions_url):
        need_home(home)
    with told_while_waiting(), open_store(decisions_url(settings, home, environment), policy_of(settings)) as store:
        yield store


def has_decisions(settings: RunSettings, home: Home, environment: Mapping[str, str]) -> bool:
    """Whether there is a store; False only for a SQLite file that nobody has made yet."""
    url = decisions_url(settings, home, environment)
    return not url.startswith(SQLITE) or Path(url.removeprefix(SQLITE)).exists()


@dataclass(frozen=True, slots=True)
class DecidedTonight:
    """What stewards decided until tonight."""

    log: pa.Table
    """Contract ``decisions``, without the reasons: the night needs none of them, and text about people is not copied"""
    standing: pa.Table
    pairs: pa.Table
    """Contract ``decided_pairs``: what clusters keep to"""
    records: pa.Table
    """Contract ``fingerprints``: tonight's records that a decision may be about"""
    said: SaidOf
    """What tonight's records say of whom they are"""


def decided_tonight(night: Night, std_records: pa.Table) -> DecidedTonight:
    """The decisions that stand, on tonight's records.

    Raises:
        StoreUnavailableError: If there is a store and it does not answer: without it people would be joined whom
            stewards parted.
    """
    log = DECISIONS.arrow_schema().empty_table()
    if has_decisions(night.settings, night.home, os.environ):
        with open_decisions(night.settings, night.home, os.environ) as store:
            log = _without_reasons(store.log())
    records = _with_others(night, log, _decided_records(log, std_records), std_records)
    said = partial(_said, std_records)
    standing = standing_decisions(log, policy_of(night.settings), records, said=said)
    return DecidedTonight(log, standing, decided_pairs(standing), records, said)


def with_evidence(
    night: Night, decided: DecidedTonight, links: pa.Table, model: Model, std_records: pa.Table
) -> DecidedTonight:
    """The decisions, each with whether its evidence has changed since it was made."""
    if not len(decided.log):
        return decided
    decided_ids = _records_of(decided.standing)
    pairs = set(zip(*(decided.standing.column(end).to_pylist() for end in ENDS), strict=True))
    rows = rows_with(rows_with(links, decided_ids, ENDS[0]), decided_ids, ENDS[1]).to_pylist()
    levels = {
        pair: levels_of(row, model) for row in rows if (pair := (row["record_id_l"], row["record_id_r"])) in pairs
    }
    columns = ["record_id", *(name for name in VALUES_SEEN if name in std_records.column_names)]
    values = rows_with(std_records.select(columns), decided_ids).to_pylist()
    evidence = pair_evidence(levels, {row["record_id"]: row for row in values})
    policy = policy_of(night.settings)
    return replace(decided, standing=standing_decisions(decided.log, policy, decided.records, evidence, decided.said))


def decision_metrics(standing: pa.Table) -> list[Metric]:
    """How many decisions are in force, wait, are contradicted, have lost a record, or are to be looked at again."""
    counts = {state: len(in_state(standing, state)) for state in STATES}
    counts["to_look_at_again"] = len(to_look_at_again(standing))
    return [Metric("decisions", name, count, "count") for name, count in counts.items()]


def detached_among(metrics: Iterable[Metric]) -> int:
    """How many decisions ``decision_metrics`` told as detached."""
    return sum(int(one.value) for one in metrics if (one.stage, one.metric) == ("decisions", "detached"))


def stamp_of(log: pa.Table) -> dict[str, object]:
    """The manifest's entry on decisions: how many there are, and a hash of their content without reasons."""
    digest = hashlib.sha256()
    for row in log.drop_columns(["reason"]).to_pylist():
        digest.update(json.dumps(row, sort_keys=True, default=str).encode())
    return {"count": len(log), "sha256": digest.hexdigest()}


def changed_since(before: pa.Table | None, pairs: pa.Table) -> dict[str, list[str]]:
    """Record to its decisions, sorted, that bind tonight and did not last night, or the other way round."""
    before_by_pair, now_by_pair = (_by_pair(table) for table in (before, pairs))
    decision_ids: dict[str, set[str]] = defaultdict(set)
    for pair in before_by_pair.keys() | now_by_pair.keys():
        if before_by_pair.get(pair) != now_by_pair.get(pair):
            for record in pair[:2]:
                decision_ids[record] |= {*before_by_pair.get(pair, ()), *now_by_pair.get(pair, ())}
    return {record: sorted(changed) for record, changed in sorted(decision_ids.items())}


def _by_pair(pairs: pa.Table | None) -> dict[tuple[str, str, str], tuple[str, ...]]:
    rows = pairs.to_pylist() if pairs is not None else []
    return {(row["record_id_l"], row["record_id_r"], row["constraint"]): tuple(row["decision_ids"]) for row in rows}


def _without_reasons(log: pa.Table) -> pa.Table:
    position = log.schema.get_field_index("reason")
    return log.set_column(position, log.schema.field(position), pa.nulls(len(log), pa.string()))


def _records_of(table: pa.Table) -> set[str]:
    return {record for end in ENDS for record in table.column(end).to_pylist() if record is not None}


def _decided_records(log: pa.Table, std_records: pa.Table) -> pa.Table:
    """Those of tonight's records that are decided on, and those that may be one of them under another id.

    These are all, once a decided one is gone, and else those of feeds where one has another fingerprint than it had.
    """
    records = std_records.select(list(FINGERPRINT_COLUMNS))
    decided_ids = _records_of(log)
    decided = rows_with(records, decided_ids)
    if len(decided) < len(decided_ids):
        return fingerprints(records)
    own = fingerprints(decided)
    tonight = fingerprint_of_each(own)
    other = [record for record, then in _fingerprints_of(log) if then and then != tonight[record]]
    if not other:
        return own
    feeds = pc.unique(rows_with(decided, other).column("feed_id"))
    is_decided = pc.is_in(records.column("record_id"), decided.column("record_id").combine_chunks())
    return fingerprints(records.filter(pc.or_(pc.is_in(records.column("feed_id"), feeds), is_decided)))


def _with_others(night: Night, log: pa.Table, records: pa.Table, std_records: pa.Table) -> pa.Table:
    """The records, of which those are told that returned as somebody else; only of one that is not as decided can that be."""
    own = fingerprint_of_each(rows_with(records, _records_of(log)))
    other = {
        record for record, then in _fingerprints_of(log) if record in own and (then is None or then != own[record])
    }
    before = read_current(night.home) if other else None
    if before is None:
        return records
    until = others_until(ledger_of(before.table(IDENTITY_LEDGER.name)), rows_with(std_records, other))
    others = pc.index_in(records.column("record_id"), pa.array(until, pa.string()))
    runs = pa.array(until.values(), pa.string()).take(others.combine_chunks())
    position = records.schema.get_field_index("another_until")
    return records.set_column(position, records.schema.field(position), runs)


def _fingerprints_of(log: pa.Table) -> Iterator[tuple[str, str | None]]:
    """Each record that is decided on, and its fingerprint when it was."""
    for record_name, print_name in zip(ENDS, ("fingerprint_l", "fingerprint_r"), strict=True):
        pairs = zip(log.column(record_name).to_pylist(), log.column(print_name).to_pylist(), strict=True)
        yield from ((record, fingerprint) for record, fingerprint in pairs if record is not None)


def _said(std_records: pa.Table, record_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What some records say of whom they are, by record id."""
    if not record_ids:
        return {}
    rows = rows_with(std_records.select(["record_id", *TOLD_BY]), record_ids).to_pylist()
    return {row["record_id"]: row for row in rows}
