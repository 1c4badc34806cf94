"""The stage that builds persons: it takes over from the current publication whom nothing happened to, where it may."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from flows.built import PERSONS, RECORD_PERSONS, fields_files, fields_of, write_built, write_identified
from flows.checkpoints import as_marked
from flows.decided import changed_since
from flows.kept import read_facts, read_kept_table, write_tables
from flows.linking import LINK
from flows.night import Night
from flows.reading import records_anew
from flows.resume import code_stamp
from flows.validating import VALIDATE
from pipeline.core.log import log
from pipeline.core.metrics import Metric
from pipeline.core.parquet import AT_ONCE, read_parts, read_table
from pipeline.persons.again import OF_A_PERSON, PersonsBefore
from pipeline.persons.doubts import Doubts
from pipeline.persons.questions import doubted_records, links_between
from pipeline.persons.queue import Queue
from pipeline.persons.stage import OF_A_RECORD, OF_AN_EVENT, Identified, Linked, Previous, build_persons, identify
from pipeline.persons.survivorship import Survivorship, load_survivorship
from pipeline.publish.publication import Publication, read_current
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
        queue = pool.submit(_queue_before, before) if before else None
        first = {name: pool.submit(read_table, night.folder.table(LINK, name)) for name in READ_FIRST}
        going_on = pool.submit(_previous, night, before) if before else None
        rest = {
            name: pool.submit(read_table, night.folder.table(LINK, name), columns) for name, columns in READ.items()
        }
        asked = queue.result() if queue else None
        tables = {name: table.result() for name, table in first.items()}
        doubted = pool.submit(_doubts, night, tables, asked)
        previous = going_on.result() if going_on else None
        linked = _linked(night, before, {**tables, **{name: table.result() for name, table in rest.items()}})
        found = identify(linked, previous, night.run_id)
        written = [pool.submit(write_identified, night.folder, found), pool.submit(_keep, night, found)]
        doubts = doubted.result()
        built = build_persons(found, doubts, _survivorship(night), previous.tables if previous else None, asked)
        write_built(night.folder, built)
        for writing in written:
            writing.result()
    log("persons built", persons=len(doubts.clusters), anew=built.n_rebuilt, questions=len(built.review_queue))
    return [Metric("night", "persons_rebuilt", built.n_rebuilt, "count")]


def _keep(night: Night, found: Identified) -> None:
    """Keep what the next night goes on from."""
    contents = {RECORD_CONTENTS: found.record_contents}
    write_tables(night.home.kept / night.run_id / PERSONS, contents, {"rules": _rules(night)})


def _doubts(night: Night, tables: Mapping[str, pa.Table], asked: Queue | None) -> Doubts:
    """What questions are made of. The links are gone through in parts: few are between records that a question may name."""
    review_bits = load_model(night.folder.file("model.toml")).policy[night.settings.policy].review_bits
    pairs, clusters, standing = (tables[name] for name in ("review_pairs", "clusters", "standing_decisions"))
    doubts = Doubts(pairs, clusters, NO_LINKS, standing, review_bits, night.settings.most_records)
    named = doubted_records(doubts, tables["cluster_members"], asked.open if asked else None)
    parts = read_parts(night.folder.table(LINK, "links"), OF_A_LINK)
    return replace(doubts, links=pa.concat_tables([NO_LINKS, *links_between(parts, named)]).combine_chunks())


def _linked(night: Night, before: Publication | None, tables: Mapping[str, pa.Table]) -> Linked:
    """What linking handed on."""
    then = night.home.run(before.run_id).table(LINK, "decided_pairs") if before else None
    decided = changed_since(read_table(then) if then and then.is_file() else None, tables["decided_pairs"])
    records, events, members = (tables[name] for name in ("std_records", "events", "cluster_members"))
    anew = _anew(night, before, records) if before else None
    return Linked(records, events, members, load_model(night.settings.model).stamp, decided, anew)


def _anew(night: Night, before: Publication, std_records: pa.Table) -> pa.Array:
    """Records that may say something else than what the publication has of them: of feeds that are or were not fresh, all."""
    tonight = read_table(night.folder.table(VALIDATE, SOURCE_STATUS.name))
    fresh = set.intersection(*(_fresh_feeds(status) for status in (tonight, before.table(SOURCE_STATUS.name))))
    is_other = pc.invert(pc.is_in(std_records.column("feed_id"), pa.array(sorted(fresh), pa.string())))
    others = std_records.column("record_id").filter(is_other).combine_chunks()
    return pa.concat_arrays([others, *(records_anew(night, feed_id) for feed_id in sorted(fresh))])


def _fresh_feeds(source_status: pa.Table) -> set[str]:
    """Feeds whose export of that night counts."""
    return set(source_status.column("feed_id").filter(pc.equal(source_status.column("state"), "fresh")).to_pylist())


def _previous(night: Night, before: Publication) -> Previous:
    """The publication that tonight goes on from."""
    tables = _persons_before(night, before)
    return Previous(
        before.table("identity_ledger"), before.folder / RECORDS.name, str(before.manifest["model"]), tables
    )


def _queue_before(before: Publication) -> Queue:
    """Its questions."""
    return Queue(before.table("review_queue"), _closed_before(before))


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
    contents = read_kept_table(kept, RECORD_CONTENTS, facts)
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
    """Closed questions of the last publication; none in one of an older version, which did not keep them."""
    is_there = (before.folder / REVIEW_CLOSED.name).is_dir()
    return before.table(REVIEW_CLOSED.name) if is_there else REVIEW_CLOSED.arrow_schema().empty_table()
