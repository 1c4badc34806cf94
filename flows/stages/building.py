"""The stage that builds persons; whoever did not change is taken over from the current publication where that is allowed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from flows.continuing.checkpoints import as_marked
from flows.continuing.kept import read_facts, read_kept_table, write_tables
from flows.continuing.resume import code_stamp
from flows.night.decisions import changed_since
from flows.night.plan import Night
from flows.stages.linking import LINK
from flows.stages.person_tables import PERSONS, RECORD_PERSONS, fields_files, fields_of, write_built, write_identified
from flows.stages.reading import records_anew
from flows.stages.validating import VALIDATE
from pipeline.core.log import log
from pipeline.core.metrics import Metric
from pipeline.core.parquet import AT_ONCE, read_parts, read_table
from pipeline.persons.again import OF_A_PERSON, PersonsBefore
from pipeline.persons.doubts import Doubts
from pipeline.persons.links_among import links_between
from pipeline.persons.questions import doubted_records
from pipeline.persons.queue import Queue
from pipeline.persons.stage import Identified, Previous, build_persons, identify
from pipeline.persons.survivorship import Survivorship, load_survivorship
from pipeline.persons.tonight import OF_A_RECORD, OF_AN_EVENT, Linked
from pipeline.publish.publication import Publication, read_current
from pipeline.stewardship.joined_by_one import joined_by_one
from pipeline.stewardship.policy import load_policy
from schemas.model import load_model
from schemas.tables import LINKS, RECORDS, REVIEW_CLOSED, SOURCE_STATUS
from schemas.tables import PERSONS as PERSONS_TABLE

RECORD_CONTENTS = "record_contents.arrow"
OF_A_LINK = ("record_id_l", "record_id_r", "match_weight", "match_probability", "decision", "decided_by")
NO_LINKS = pa.schema([LINKS.arrow_schema().field(name) for name in OF_A_LINK]).empty_table()
READ_FIRST = ("cluster_members", "clusters", "review_pairs", "standing_decisions", "decided_pairs")
READ = {"std_records": OF_A_RECORD, "events": OF_AN_EVENT}
"""Tables of linking, whole and by columns"""


def persons(night: Night) -> list[Metric]:
    """Golden records, identities and questions; writes the tables of persons."""
    before = read_current(night.home)
    with ThreadPoolExecutor(AT_ONCE) as pool:  # what is not needed yet is read and written beside the work
        reading_queue = pool.submit(_queue_before, before) if before else None
        reading_first = _start_reading(pool, night, dict.fromkeys(READ_FIRST))
        reading_previous = pool.submit(_previous, night, before) if before else None
        reading_rows = _start_reading(pool, night, READ)
        queue_before = reading_queue.result() if reading_queue else None
        tables = {name: table.result() for name, table in reading_first.items()}
        collecting_doubts = pool.submit(_doubts, night, tables, queue_before)
        previous = reading_previous.result() if reading_previous else None
        tables |= {name: table.result() for name, table in reading_rows.items()}
        identified = identify(_linked(night, before, tables), previous, night.run_id)
        writing = [pool.submit(write_identified, night.folder, identified), pool.submit(_keep, night, identified)]
        doubts = replace(collecting_doubts.result(), joined_by_one=_joined_by_one(night, tables))
        persons_before = previous.tables if previous else None
        built = build_persons(identified, doubts, _survivorship(night), persons_before, queue_before)
        write_built(night.folder, built)
        for written in writing:
            written.result()
    log("persons built", persons=len(doubts.clusters), anew=built.n_rebuilt, questions=len(built.review_queue))
    return [Metric("night", "persons_rebuilt", built.n_rebuilt, "count")]


def _start_reading(
    pool: ThreadPoolExecutor, night: Night, columns: Mapping[str, Sequence[str] | None]
) -> dict[str, Future[pa.Table]]:
    """Tables of linking by name, each with these columns, or all of them."""
    return {name: pool.submit(read_table, night.folder.table(LINK, name), columns[name]) for name in columns}


def _keep(night: Night, identified: Identified) -> None:
    """Keep what the next night goes on from."""
    contents = {RECORD_CONTENTS: identified.record_contents}
    write_tables(night.home.kept / night.run_id / PERSONS, contents, {"rules": _rules(night)})


def _doubts(night: Night, tables: Mapping[str, pa.Table], questions_before: Queue | None) -> Doubts:
    """What questions are made of; links are read in parts, for few of them join records that a question may name."""
    review_bits = load_model(night.folder.file("model.toml")).policy[night.settings.policy].review_bits
    pairs, clusters, standing = (tables[name] for name in ("review_pairs", "clusters", "standing_decisions"))
    doubts = Doubts(pairs, clusters, NO_LINKS, standing, review_bits, night.settings.most_records)
    doubted = doubted_records(doubts, tables["cluster_members"], questions_before.open if questions_before else None)
    parts = read_parts(night.folder.table(LINK, "links"), OF_A_LINK)
    return replace(doubts, links=pa.concat_tables([NO_LINKS, *links_between(parts, doubted)]).combine_chunks())


def _joined_by_one(night: Night, tables: Mapping[str, pa.Table]) -> frozenset[str]:
    policy = load_policy(night.settings.steward_policy)
    return joined_by_one(tables["standing_decisions"], tables["cluster_members"], tables["events"], policy)


def _linked(night: Night, before: Publication | None, tables: Mapping[str, pa.Table]) -> Linked:
    """The tables of linking, with the decisions and records that changed since the last publication."""
    path = night.home.run(before.run_id).table(LINK, "decided_pairs") if before else None
    decided = changed_since(read_table(path) if path and path.is_file() else None, tables["decided_pairs"])
    records, events, members = (tables[name] for name in ("std_records", "events", "cluster_members"))
    renewed = _renewed_records(night, before, records) if before else None
    return Linked(records, events, members, night.model.stamp, decided, renewed)


def _renewed_records(night: Night, before: Publication, std_records: pa.Table) -> pa.Array:
    """Records whose content may differ from the publication's: all of them where a feed was not fresh tonight or then."""
    tonight = read_table(night.folder.table(VALIDATE, SOURCE_STATUS.name))
    fresh = set.intersection(*(_fresh_feeds(status) for status in (tonight, before.table(SOURCE_STATUS.name))))
    is_other = pc.invert(pc.is_in(std_records.column("feed_id"), pa.array(sorted(fresh), pa.string())))
    of_stale_feeds = std_records.column("record_id").filter(is_other).combine_chunks()
    return pa.concat_arrays([of_stale_feeds, *(records_anew(night, feed_id) for feed_id in sorted(fresh))])


def _fresh_feeds(source_status: pa.Table) -> set[str]:
    """Feeds whose export of that night was used."""
    return set(source_status.column("feed_id").filter(pc.equal(source_status.column("state"), "fresh")).to_pylist())


def _previous(night: Night, before: Publication) -> Previous:
    """The publication that tonight goes on from."""
    tables = _persons_before(night, before)
    return Previous(
        before.table("identity_ledger"), before.folder / RECORDS.name, str(before.manifest["model"]), tables
    )


def _queue_before(before: Publication) -> Queue:
    """The questions of the last publication, open and closed."""
    return Queue(before.table("review_queue"), _closed_before(before))


def _survivorship(night: Night) -> Survivorship:
    return load_survivorship(
        night.settings.survivorship, {contract.source: contract.trust for contract in night.contracts}
    )


def _rules(night: Night) -> str:
    """Hash of everything but its records that a golden record depends on."""
    return hashlib.sha256(f"{_survivorship(night)} {code_stamp()}".encode()).hexdigest()


def _persons_before(night: Night, before: Publication) -> PersonsBefore | None:
    """The persons of the last publication; None if other rules made them, a byte changed, or all is to be rebuilt."""
    folder, run = night.home.kept / before.run_id / PERSONS, night.home.run(before.run_id)
    facts = read_facts(folder)
    if night.is_full or facts is None or facts.get("rules") != _rules(night):
        return None
    contents = read_kept_table(folder, RECORD_CONTENTS, facts)
    members, record_persons = run.table(LINK, "cluster_members"), run.table(PERSONS, RECORD_PERSONS)
    golden = run.table(PERSONS, PERSONS_TABLE.name)
    stages = {LINK: [members], PERSONS: [record_persons, golden, *fields_files(run)]}
    if contents is None or not all(as_marked(night.home, run.root / stage, files) for stage, files in stages.items()):
        return None
    records = read_table(members)
    for table in (read_table(record_persons, ["person_id"]), contents):
        for name in table.column_names:
            records = records.append_column(name, table.column(name))
    return PersonsBefore(records, read_table(golden, OF_A_PERSON), golden, fields_of(run))


def _closed_before(before: Publication) -> pa.Table:
    """Closed questions of the last publication; none if an older version made it, which did not keep them."""
    is_there = (before.folder / REVIEW_CLOSED.name).is_dir()
    return before.table(REVIEW_CLOSED.name) if is_there else REVIEW_CLOSED.arrow_schema().empty_table()
