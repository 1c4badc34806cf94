"""What a publication shows of two records: the facts and the evidence that a decision on them keeps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.errors import SettingsError
from pipeline.core.parquet import duckdb_files
from pipeline.explain.kept import Kept, person_of, records_of, rows_between, values_of
from pipeline.explain.levels import levels_of
from pipeline.stewardship.evidence import FINGERPRINT_COLUMNS, evidence_hash, evidence_text, fingerprints
from schemas.decisions import listed
from schemas.tables import RECORDS

PRINTED = pa.schema([RECORDS.arrow_schema().field(name) for name in FINGERPRINT_COLUMNS])


def seen_of(kept: Kept, left: str, right: str) -> dict[str, Any]:
    """Fields of ``NewDecision`` that the publication fills for two records, in the order given.

    Roles and number of records are those of the two persons; the evidence is there for a pair that was scored and kept.

    Raises:
        SettingsError: If a record is not in the publication.
    """
    persons = person_of(kept, (left, right))
    for record in (left, right):
        if record not in persons:
            raise SettingsError(f"record {record}", f"is not in {kept.folder}.", "Is it written right?")
    roles = _roles(kept, persons.values())
    values = values_of(kept, (left, right))
    prints = _fingerprints(kept, values.values())
    row = next((row for row in rows_between(kept, [left]) if right in (row["record_id_l"], row["record_id_r"])), None)
    facts: dict[str, Any] = {
        "record_id_l": left,
        "record_id_r": right,
        "roles_l": listed(roles[persons[left]]),
        "roles_r": listed(roles[persons[right]]),
        "rules": listed((row["rules"] if row else None) or ()),
        "n_records": len(records_of(kept, set(persons.values()))),
        "fingerprint_l": prints.get(left),
        "fingerprint_r": prints.get(right),
        "run_id": _run_id(kept),
        "model": kept.stamp,
    }
    if row:
        facts["evidence"] = evidence_text(levels_of(row, kept.model))
        facts["evidence_hash"] = evidence_hash(facts["evidence"], *(values[record] for record in sorted((left, right))))
    return facts


def seen_within(kept: Kept, person_id: str, pairs: Sequence[tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    """The same of pairs of records of one person, read once for all of them."""
    members = sorted({record for pair in pairs for record in pair})
    values = values_of(kept, members)
    roles = listed(_roles(kept, [person_id])[person_id])
    size = len(records_of(kept, [person_id]))
    rows = {(row["record_id_l"], row["record_id_r"]): row for row in rows_between(kept, members)}
    prints = _fingerprints(kept, values.values())
    run_id = _run_id(kept)
    for left, right in pairs:
        row = rows.get((left, right))
        facts: dict[str, Any] = {
            "record_id_l": left,
            "record_id_r": right,
            "roles_l": roles,
            "roles_r": roles,
            "n_records": size,
            "run_id": run_id,
            "rules": listed((row["rules"] if row else None) or ()),
            "model": kept.stamp,
            "fingerprint_l": prints.get(left),
            "fingerprint_r": prints.get(right),
        }
        if row:
            facts["evidence"] = evidence_text(levels_of(row, kept.model))
            facts["evidence_hash"] = evidence_hash(facts["evidence"], values[left], values[right])
        yield facts


def pairs_of(kept: Kept, first: str, second: str) -> list[tuple[str, str]]:
    """The pairs of records that two ids may stand for, a person's id being that of any of its records; strongest pair first.

    Raises:
        SettingsError: If an id is not in the publication, or both are of one person and not two records.
    """
    known = person_of(kept, (first, second))
    left, right = ([given] if given in known else _records(kept, given) for given in (first, second))
    if left == right:
        raise SettingsError(f"{first} and {second}", "are one and the same.", "Give two records, or two persons.")
    if len(left) == len(right) == 1:
        return [(left[0], right[0])]
    ends = (set(left), set(right))
    scored = [
        (-row["match_weight"], pair)
        for row in rows_between(kept, left)
        if _is_across(pair := (row["record_id_l"], row["record_id_r"]), ends)
    ]
    if scored:
        return [pair for _, pair in sorted(scored)]
    return [(one, other) for one in left for other in right if one != other]


def _is_across(pair: tuple[str, str], ends: tuple[set[str], set[str]]) -> bool:
    return any(one in ends[0] and other in ends[1] for one, other in (pair, pair[::-1]))


def _records(kept: Kept, given: str) -> list[str]:
    """The records of a person.

    Raises:
        SettingsError: If there is no such person.
    """
    if members := records_of(kept, [given]):
        return sorted(members)
    raise SettingsError(given, f"is no record and no person of {kept.folder}.", "Is it written right?")


def _roles(kept: Kept, person_ids: Iterable[str]) -> dict[str, list[str]]:
    wanted = pc.is_in(pc.field("person_id"), pa.array(sorted(set(person_ids)), pa.string()))
    persons = pq.read_table(kept.folder / "persons", columns=["person_id", "roles"], filters=wanted)
    return {row["person_id"]: row["roles"] for row in persons.to_pylist()}


def _fingerprints(kept: Kept, records: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    """Fingerprints of records, looked for only among those that could have the same: of their feeds and birthdays."""
    own = [record for record in records if record["date_of_birth"] is not None]
    alike = f"SELECT {', '.join(FINGERPRINT_COLUMNS)} FROM read_parquet(?) WHERE date_of_birth IN (SELECT unnest(?::DATE[])) AND feed_id IN (SELECT unnest(?::VARCHAR[]))"  # noqa: S608  (names of our own, values bound)
    born, feeds = (sorted({record[name] for record in own}) for name in ("date_of_birth", "feed_id"))
    with duckdb.connect() as base:
        rows = base.execute(alike, [duckdb_files(kept.folder / "records"), born, feeds]).fetchall()
    table = pa.Table.from_pylist([dict(zip(FINGERPRINT_COLUMNS, row, strict=True)) for row in rows], PRINTED)
    found = fingerprints(table)
    return dict(zip(found.column("record_id").to_pylist(), found.column("fingerprint").to_pylist(), strict=True))


def _run_id(kept: Kept) -> str | None:
    manifest = kept.folder / "manifest.json"
    return json.loads(manifest.read_text("utf-8")).get("run_id") if manifest.is_file() else None
