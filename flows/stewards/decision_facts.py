"""What a publication shows of two records: the facts and the evidence that a decision on them keeps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.duckdb_files import duckdb_files
from pipeline.core.errors import SettingsError
from pipeline.explain.kept import LinkedTables, person_of, records_of, rows_between, values_of
from pipeline.explain.levels import levels_of
from pipeline.stewardship.evidence import FINGERPRINT_COLUMNS, fingerprint_of_each, fingerprints
from pipeline.stewardship.exchange import Shown
from pipeline.stewardship.groups import Published, PublishedPerson
from pipeline.stewardship.pair_facts import PRINTED, PairEnd, PairScore, Seen, facts_of_pair
from schemas.decisions import listed
from schemas.tables import IDENTITY_LEDGER, PERSONS


def pair_facts(publication: LinkedTables, left: str, right: str) -> dict[str, Any]:
    """As ``facts_of_pairs``, of one pair."""
    return next(facts_of_pairs(publication, [(left, right)]))


def facts_of_pairs(publication: LinkedTables, pairs: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Fields of ``NewDecision`` that the publication fills for pairs of records, each in the order given.

    Roles and number of records are those of the two persons; the evidence is there for a pair that was scored and kept.
    Cost: what the publication has of the records is read once, however many pairs there are.

    Raises:
        SettingsError: If a record is not in the publication.
    """
    records = list(dict.fromkeys(record for pair in pairs for record in pair))
    owners = person_of(publication, records)
    if missing := [record for record in records if record not in owners]:
        raise SettingsError(f"record {missing[0]}", f"is not in {publication.folder}.", "Is it written right?")
    roles, sizes = _roles(publication, owners.values()), _sizes(publication, owners.values())
    values = values_of(publication, records)
    prints = _fingerprints(publication, values.values())
    ends = {record: PairEnd(values[record], roles[owners[record]], prints.get(record)) for record in records}
    rows = {(row["record_id_l"], row["record_id_r"]): row for row in rows_between(publication, records)}
    seen = _seen(publication)
    for left, right in pairs:
        score = _score(publication, rows.get((min(left, right), max(left, right))))
        n_records = sum(sizes[person] for person in {owners[left], owners[right]})
        yield facts_of_pair(ends[left], ends[right], score, n_records, seen)


def published_persons(publication: LinkedTables) -> Published:
    """Gives the published person of each of some records."""

    def look(record_ids: Collection[str]) -> dict[str, PublishedPerson]:
        owners = person_of(publication, record_ids)
        if not owners:
            return {}
        roles = _roles(publication, owners.values())
        members: dict[str, set[str]] = {owner: set() for owner in owners.values()}
        for record, owner in records_of(publication, members).items():
            members[owner].add(record)
        persons = {
            owner: PublishedPerson(owner, frozenset(own), frozenset(roles[owner])) for owner, own in members.items()
        }
        return {record: persons[owner] for record, owner in owners.items()}

    return look


def shown_of(publication: LinkedTables, pairs: Collection[tuple[str, str]]) -> Shown:
    """What the publication shows of the ids that a file of decisions names, each pair's smaller one first."""
    ids = {end for pair in pairs for end in pair}
    owners = person_of(publication, ids)
    roles = _roles(publication, owners.values())
    sizes = _sizes(publication, owners.values())
    known = [pair for pair in pairs if owners.keys() >= {*pair}]
    rules = {
        (row["record_id_l"], row["record_id_r"]): row["rules"]
        for row in (rows_between(publication, {left for left, _ in known}) if known else ())
    }
    facts = {
        (left, right): {
            "roles_l": listed(roles[owners[left]]),
            "roles_r": listed(roles[owners[right]]),
            "rules": listed(rules.get((left, right)) or ()),
            "n_records": sum(sizes[person] for person in {owners[left], owners[right]}),
        }
        for left, right in known
    }
    return Shown(owners.keys(), _persons_among(publication, ids - owners.keys()), facts)


def _persons_among(publication: LinkedTables, ids: Collection[str]) -> set[str]:
    """Those of the ids that are of a person, or were."""
    wanted = pc.is_in(pc.field("person_id"), pa.array(sorted(ids), pa.string()))
    tables = [publication.folder / name for name in (PERSONS.name, IDENTITY_LEDGER.name)]
    return {
        person
        for table in tables
        if ids and table.exists()
        for person in pq.read_table(table, columns=["person_id"], filters=wanted).column("person_id").to_pylist()
    }


def pairs_of(publication: LinkedTables, first: str, second: str) -> list[tuple[str, str]]:
    """The pairs of records that two ids may stand for, strongest first; a person's id stands for any of its records.

    Raises:
        SettingsError: If an id is not in the publication, or both are of one person and not two records.
    """
    owners = person_of(publication, (first, second))
    left, right = (
        [identifier] if identifier in owners else _records(publication, identifier) for identifier in (first, second)
    )
    if left == right:
        raise SettingsError(f"{first} and {second}", "are one and the same.", "Give two records, or two persons.")
    if len(left) == len(right) == 1:
        return [(left[0], right[0])]
    ends = (set(left), set(right))
    scored = [
        (-row["match_weight"], pair)
        for row in rows_between(publication, left)
        if _is_across(pair := (row["record_id_l"], row["record_id_r"]), ends)
    ]
    if scored:
        return [pair for _, pair in sorted(scored)]
    return [
        (left_record, right_record) for left_record in left for right_record in right if left_record != right_record
    ]


def _is_across(pair: tuple[str, str], ends: tuple[set[str], set[str]]) -> bool:
    return any(first in ends[0] and second in ends[1] for first, second in (pair, pair[::-1]))


def _records(publication: LinkedTables, person_id: str) -> list[str]:
    """The records of a person.

    Raises:
        SettingsError: If there is no such person.
    """
    if members := records_of(publication, [person_id]):
        return sorted(members)
    raise SettingsError(
        person_id,
        f"is no record and no person of {publication.folder}.",
        "Is it written right? boroughlink history tells what became of an id.",
    )


def _sizes(publication: LinkedTables, person_ids: Iterable[str]) -> Counter[str]:
    """How many records each of these persons has."""
    return Counter(records_of(publication, set(person_ids)).values())


def _roles(publication: LinkedTables, person_ids: Iterable[str]) -> dict[str, list[str]]:
    wanted = pc.is_in(pc.field("person_id"), pa.array(sorted(set(person_ids)), pa.string()))
    persons = pq.read_table(publication.folder / "persons", columns=["person_id", "roles"], filters=wanted)
    return {row["person_id"]: row["roles"] for row in persons.to_pylist()}


def _fingerprints(publication: LinkedTables, records: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    """Fingerprints of records; others that could have the same one are only those of their feeds and birthdays."""
    dated = [record for record in records if record["date_of_birth"] is not None]
    query = (
        f"SELECT {', '.join(FINGERPRINT_COLUMNS)} FROM read_parquet(?) "  # noqa: S608  (names of our own, values bound)
        "WHERE date_of_birth IN (SELECT unnest(?::DATE[])) AND feed_id IN (SELECT unnest(?::VARCHAR[]))"
    )
    born, feeds = (sorted({record[name] for record in dated}) for name in ("date_of_birth", "feed_id"))
    with duckdb.connect() as base:
        rows = base.execute(query, [duckdb_files(publication.folder / "records"), born, feeds]).fetchall()
    table = pa.Table.from_pylist([dict(zip(FINGERPRINT_COLUMNS, row, strict=True)) for row in rows], PRINTED)
    return fingerprint_of_each(fingerprints(table))


def _score(publication: LinkedTables, row: Mapping[str, Any] | None) -> PairScore | None:
    return PairScore(row["rules"], levels_of(row, publication.model)) if row else None


def _seen(publication: LinkedTables) -> Seen:
    manifest = publication.folder / "manifest.json"
    run_id = json.loads(manifest.read_text("utf-8")).get("run_id") if manifest.is_file() else None
    return Seen(run_id, publication.stamp)
