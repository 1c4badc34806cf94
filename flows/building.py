"""The stage that builds persons: it takes over from the current publication whom nothing happened to, where it may."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from flows.decided import changed_since
from flows.kept import read_facts, write_tables
from flows.linking import LINK
from flows.night import Night
from flows.resume import code_stamp
from pipeline.core.log import log
from pipeline.core.metrics import Metric
from pipeline.core.parquet import read_table, write_table
from pipeline.persons.again import PersonsBefore
from pipeline.persons.questions import Doubts
from pipeline.persons.queue import QueueBefore
from pipeline.persons.stage import Clustered, Previous, build_persons
from pipeline.persons.survivorship import Survivorship, load_survivorship
from pipeline.publish.publication import Publication, read_current
from pipeline.publish.verify import damaged_files
from schemas.model import load_model
from schemas.tables import (
    EVENTS,
    IDENTITY_LEDGER,
    LINK_CHANGES,
    PERSON_FIELDS,
    RECORDS,
    REVIEW_CLOSED,
    REVIEW_QUEUE,
)
from schemas.tables import (
    PERSONS as PERSONS_TABLE,
)

PERSON_TABLES = (
    PERSONS_TABLE,
    PERSON_FIELDS,
    RECORDS,
    EVENTS,
    IDENTITY_LEDGER,
    LINK_CHANGES,
    REVIEW_QUEUE,
    REVIEW_CLOSED,
)
PERSONS = "persons"
PERSONS_TAKEN = (RECORDS.name, EVENTS.name, PERSONS_TABLE.name, PERSON_FIELDS.name)


def persons(night: Night) -> list[Metric]:
    """Golden records, identities and questions; writes the tables of persons."""
    before = read_current(night.home)
    previous, decided_before = None, None
    if before:
        decided_before = night.home.run(before.run_id).table(LINK, "decided_pairs")
        previous = Previous(
            before.table("identity_ledger"),
            QueueBefore(before.table("review_queue"), _closed_before(before)),
            before.folder / RECORDS.name,
            str(before.manifest["model"]),
            _persons_before(night, before),
        )
    members, review_pairs, clusters, links, standing = (
        read_table(night.folder.table(LINK, name))
        for name in ("cluster_members", "review_pairs", "clusters", "links", "standing_decisions")
    )
    review_bits = load_model(night.folder.file("model.toml")).policy[night.settings.policy].review_bits
    doubts = Doubts(review_pairs, clusters, links, standing, review_bits, night.settings.most_records)
    decided = changed_since(
        read_table(decided_before) if decided_before and decided_before.is_file() else None,
        read_table(night.folder.table(LINK, "decided_pairs")),
    )
    clustered = Clustered(members, doubts, load_model(night.settings.model).stamp, decided)
    built = build_persons(
        read_table(night.folder.table(LINK, "std_records")),
        read_table(night.folder.table(LINK, "events")),
        clustered,
        _survivorship(night),
        previous,
        night.run_id,
    )
    for table in PERSON_TABLES:
        write_table(night.folder.table(PERSONS, table.name), getattr(built, table.name), table)
    write_tables(night.home.kept / night.run_id / PERSONS, {}, {"rules": _rules(night)})
    log("persons built", persons=len(built.persons), anew=built.n_rebuilt, questions=len(built.review_queue))
    return [Metric("night", "persons_rebuilt", built.n_rebuilt, "count")]


def _survivorship(night: Night) -> Survivorship:
    return load_survivorship(
        night.settings.survivorship, {contract.source: contract.trust for contract in night.contracts}
    )


def _rules(night: Night) -> str:
    """Hash of what a golden record hangs on besides its records."""
    return hashlib.sha256(f"{_survivorship(night)} {code_stamp()}".encode()).hexdigest()


def _persons_before(night: Night, before: Publication) -> PersonsBefore | None:
    """The last publication's persons; None where they were made by other rules, a byte changed, or all is to be rebuilt."""
    facts = read_facts(night.home.kept / before.run_id / PERSONS)
    if night.is_full or facts is None or facts.get("rules") != _rules(night):
        return None
    if damaged_files(before.folder, is_deep=True, tables=PERSONS_TAKEN):
        return None
    return PersonsBefore(*(before.table(name) for name in PERSONS_TAKEN))


def _closed_before(before: Publication) -> pa.Table:
    """Closed questions of the last publication; none in one of an older version, which did not keep them."""
    is_there = (before.folder / REVIEW_CLOSED.name).is_dir()
    return before.table(REVIEW_CLOSED.name) if is_there else REVIEW_CLOSED.arrow_schema().empty_table()
