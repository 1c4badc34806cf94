"""The stage that builds persons: it takes over from the current publication whom nothing happened to, where it may."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from flows.built import PERSONS, fields_files, fields_of, write_built
from flows.checkpoints import as_marked
from flows.decided import changed_since
from flows.kept import read_facts, read_kept_table, write_tables
from flows.linking import LINK
from flows.night import Night
from flows.resume import code_stamp
from pipeline.core.log import log
from pipeline.core.metrics import Metric
from pipeline.core.parquet import read_table
from pipeline.persons.again import PersonsBefore
from pipeline.persons.doubts import Doubts
from pipeline.persons.queue import QueueBefore
from pipeline.persons.stage import OF_A_RECORD, OF_AN_EVENT, Clustered, Previous, build_persons
from pipeline.persons.survivorship import Survivorship, load_survivorship
from pipeline.publish.publication import Publication, read_current
from schemas.model import load_model
from schemas.tables import PERSONS as PERSONS_TABLE
from schemas.tables import RECORDS, REVIEW_CLOSED

RECORD_CONTENTS, PERSON_CONTENTS = "record_contents.arrow", "person_contents.arrow"
OF_A_LINK = ("record_id_l", "record_id_r", "match_weight", "match_probability", "decision", "decided_by")


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
    members, review_pairs, clusters, standing = (
        read_table(night.folder.table(LINK, name))
        for name in ("cluster_members", "review_pairs", "clusters", "standing_decisions")
    )
    links = read_table(night.folder.table(LINK, "links"), OF_A_LINK)
    review_bits = load_model(night.folder.file("model.toml")).policy[night.settings.policy].review_bits
    doubts = Doubts(review_pairs, clusters, links, standing, review_bits, night.settings.most_records)
    decided = changed_since(
        read_table(decided_before) if decided_before and decided_before.is_file() else None,
        read_table(night.folder.table(LINK, "decided_pairs")),
    )
    clustered = Clustered(members, doubts, load_model(night.settings.model).stamp, decided)
    built = build_persons(
        read_table(night.folder.table(LINK, "std_records"), OF_A_RECORD),
        read_table(night.folder.table(LINK, "events"), OF_AN_EVENT),
        clustered,
        _survivorship(night),
        previous,
        night.run_id,
    )
    write_built(night.folder, built)
    contents = {RECORD_CONTENTS: built.record_contents, PERSON_CONTENTS: built.person_contents}
    write_tables(night.home.kept / night.run_id / PERSONS, contents, {"rules": _rules(night)})
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
    """The last publication's persons, from its run; None where other rules made them, a byte changed, or all is to be rebuilt."""
    kept, run = night.home.kept / before.run_id / PERSONS, night.home.run(before.run_id)
    facts = read_facts(kept)
    if night.is_full or facts is None or facts.get("rules") != _rules(night):
        return None
    of_records, of_persons = (read_kept_table(kept, name, facts) for name in (RECORD_CONTENTS, PERSON_CONTENTS))
    files = [run.table(PERSONS, PERSONS_TABLE.name), *fields_files(run)]
    if of_records is None or of_persons is None or not as_marked(night.home, run.root / PERSONS, files):
        return None
    return PersonsBefore(of_records, of_persons, read_table(files[0]), fields_of(run))


def _closed_before(before: Publication) -> pa.Table:
    """Closed questions of the last publication; none in one of an older version, which did not keep them."""
    is_there = (before.folder / REVIEW_CLOSED.name).is_dir()
    return before.table(REVIEW_CLOSED.name) if is_there else REVIEW_CLOSED.arrow_schema().empty_table()
