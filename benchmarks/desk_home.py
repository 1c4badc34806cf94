"""A synthetic publication of any size for the load test of the review desk, made by SQL: no night is run, no data are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.core.phonetic import metaphone
from pipeline.core.places import REFERENCE, Home
from pipeline.core.reference import rows
from schemas.boroughs import CODES
from schemas.tables import PUBLISHED, Table

RUN_ID = "2026-11-20-1"
SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.list_(pa.string()): "VARCHAR[]",
    pa.date32(): "DATE",
    pa.bool_(): "BOOLEAN",
    pa.int64(): "BIGINT",
    pa.int32(): "INTEGER",
    pa.int16(): "SMALLINT",
    pa.float64(): "DOUBLE",
}
KINDS = (
    "grey_pair",
    "name_only",
    "victim_offender",
    "twin_suspicion",
    "no_forename",
    "doubtful_birthday",
    "identifier_conflict",
)
"""A person i has i % 2 + 1 records; question i is between persons 2i and 2i + 1, who share their surname."""


def make_home(folder: Path, n_persons: int, n_questions: int) -> Home:
    """A home with one publication: 1.5 records a person, links within persons, questions between neighbours."""
    home = Home(folder)
    publication = home.published / RUN_ID
    publication.mkdir(parents=True)
    with duckdb.connect() as base:
        _base(base, n_persons)
        selects = _selects(n_questions)
        for table in PUBLISHED:
            out = publication / table.name
            out.mkdir()
            select = selects.get(table.name)
            columns = ", ".join(_column(table, name, select or {}) for name in table.names)
            source = (select or {}).get("FROM", "people WHERE false")
            order = ", ".join(f'"{name}"' for name in table.key)
            base.execute(
                f"COPY (SELECT {columns} FROM {source} ORDER BY {order}) TO "
                f"'{out}/part-0.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)"
            )
    manifest = {"run_id": RUN_ID, "model": "person-1:none", "policy": "strict", "decisions": {"count": 0}}
    (publication / "manifest.json").write_text(json.dumps(manifest))
    (home.published / "current").symlink_to(RUN_ID)
    return home


def _base(base: duckdb.DuckDBPyConnection, n_persons: int) -> None:
    names = {
        kind: sorted({row["name"] for row in rows(REFERENCE / "common_names.csv") if row["kind"] == kind})
        for kind in ("forename", "surname")
    }
    for kind, pool in names.items():
        wide = list(_many(pool, 8_000 if kind == "surname" else 1_000))
        base.register(
            f"{kind}s", pa.table({"at": range(len(wide)), "name": wide, "sound": [metaphone(name) for name in wide]})
        )
    base.register("boroughs", pa.table({"at": range(len(CODES)), "name": sorted(CODES)}))
    sizes = {
        name: base.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0]
        for name in ("forenames", "surnames", "boroughs")
    }
    base.execute(f"""
        CREATE TABLE people AS
        SELECT i, 'P' || upper(substr(md5('p' || i), 1, 12)) AS person_id, f.name AS forename, f.sound AS f_sound, s.name AS surname, s.sound AS s_sound,
               DATE '1950-01-01' + CAST(hash(i, 1) % 25000 AS INTEGER) AS born, CASE WHEN hash(i, 2) % 2 = 0 THEN 'M' ELSE 'F' END AS sex,
               (hash(i // 2, 3) % 180 + 1) || ' HIGH STREET' AS address, 'E' || (hash(i // 2, 4) % 17 + 1) || ' ' || (hash(i // 2, 5) % 9 + 1) || 'AB' AS postcode,
               '+4477' || lpad(CAST(hash(i, 6) % 100000000 AS VARCHAR), 8, '0') AS phone, b.name AS borough,
               CASE WHEN i % 3 = 0 THEN 'victim' WHEN i % 3 = 1 THEN 'suspect' ELSE 'subject' END AS role
        FROM range({n_persons}) t(i)
        JOIN forenames f ON f.at = hash(i, 7) % {sizes["forenames"]}
        JOIN surnames s ON s.at = hash(i // 2, 8) % {sizes["surnames"]}
        JOIN boroughs b ON b.at = hash(i, 9) % {sizes["boroughs"]}""")
    base.execute("""
        CREATE TABLE rec AS
        SELECT p.*, k, md5('r' || p.i || '-' || k) AS record_id, CASE WHEN k = 0 THEN 'cris' ELSE 'merlin_pac' END AS source,
               TIMESTAMPTZ '2025-01-01 00:00:00+00' + INTERVAL (CAST(hash(p.i, k, 10) % 600 AS INTEGER)) DAY AS recorded_at
        FROM people p, range(2) t(k) WHERE k <= p.i % 2""")


def _many(pool: list[str], n: int) -> Iterator[str]:
    """As many names as asked for: those known, then with an ending."""
    endings = ("", "SON", "MAN", "LEY", "TON", "FIELD", "WELL", "STEIN", "OVA", "ESCU", "AYE", "ANDE", "IAN", "SKI")
    yield from sorted({name.replace(" ", "") + ending for ending in endings for name in pool})[:n]


def _column(table: Table, name: str, select: Mapping[str, str]) -> str:
    kind = SQL_TYPES.get(table.arrow_schema().field(name).type)
    if name in select:
        return f'CAST({select[name]} AS {kind}) AS "{name}"' if kind else f'{select[name]} AS "{name}"'
    if kind is None:
        return (
            f"NULL AS {name}"
            if "nulled" not in name
            else f"CAST(NULL AS STRUCT(field VARCHAR, raw VARCHAR, reason VARCHAR)[]) AS {name}"
        )
    return f'CAST(NULL AS {kind}) AS "{name}"'


def _selects(n_questions: int) -> dict[str, dict[str, str]]:
    lineage = {
        "feed_id": "source",
        "source": "source",
        "borough": "borough",
        "file": "source || '.csv'",
        "file_sha256": "'0'",
        "row_number": "CAST(i + 2 AS INTEGER)",
        "part": "CAST(1 AS SMALLINT)",
        "contract_version": "'1:0'",
    }
    pair = (
        "(SELECT a.record_id AS ra, b.record_id AS rb, a.i AS i, a.person_id AS pa, "
        "b.person_id AS pb, a.borough AS ba, b.borough AS bb FROM rec a JOIN rec b ON b.i = "
        f"a.i + 1 AND a.k = 0 AND b.k = 0 WHERE a.i % 2 = 0 AND a.i < {2 * n_questions})"
    )
    inside = "(SELECT a.record_id AS ra, b.record_id AS rb FROM rec a JOIN rec b ON a.i = b.i AND a.k = 0 AND b.k = 1)"
    links = (
        "(SELECT least(ra, rb) AS l, greatest(ra, rb) AS r, 'link' AS decision, 14.0 AS w "
        f"FROM {inside} UNION ALL SELECT least(ra, rb), greatest(ra, rb), 'review', (hash(i, "
        f"11) % 900) / 100.0 - 2 FROM {pair})"
    )
    values = (
        "UNNEST([{'f': 'forename', 'v': forename}, {'f': 'surname', 'v': surname}, {'f': "
        "'date_of_birth', 'v': CAST(born AS VARCHAR)}, {'f': 'sex', 'v': sex}, {'f': "
        "'address', 'v': address}, {'f': 'postcode', 'v': postcode}, {'f': 'phone', 'v': "
        "phone}])"
    )
    kind = "['" + "','".join(KINDS) + f"'][CAST(hash(i, 12) % {len(KINDS)} + 1 AS INTEGER)]"
    return {
        "persons": {
            "FROM": "people",
            "person_id": "person_id",
            "forename": "forename",
            "surname": "surname",
            "date_of_birth": "born",
            "sex": "sex",
            "address": "address",
            "postcode": "postcode",
            "postcode_district": "split_part(postcode, ' ', 1)",
            "phone": "phone",
            "roles": "[role]",
            "boroughs": "[borough]",
            "sources": "['cris']",
            "n_records": "CAST(i % 2 + 1 AS BIGINT)",
            "cluster_confidence": "0.999",
            "n_open_questions": "CAST(0 AS BIGINT)",
            "alias": "CAST(NULL AS VARCHAR[])",
            "first_seen_at": "TIMESTAMPTZ '2025-01-01 00:00:00+00'",
            "last_seen_at": "TIMESTAMPTZ '2026-01-01 00:00:00+00'",
        },
        "person_fields": {
            "FROM": f"(SELECT *, {values} AS u FROM rec)",
            "person_id": "person_id",
            "field": "u.f",
            "value": "u.v",
            "record_id": "record_id",
            "source": "source",
            "borough": "borough",
            "recorded_at": "recorded_at",
            "basis": "'fact'",
            "is_chosen": "k = 0",
            "rule": "'fact > recent'",
            "n_agree": "CAST(i % 2 + 1 AS BIGINT)",
        },
        "records": {
            "FROM": "rec",
            **lineage,
            "record_id": "record_id",
            "person_id": "person_id",
            "role": "role",
            "basis": "'fact'",
            "forename": "[forename]",
            "surname": "[surname]",
            "alias": "CAST(NULL AS VARCHAR[])",
            "date_of_birth": "born",
            "sex": "sex",
            "address": "address",
            "postcode": "postcode",
            "phone": "phone",
            "forename_phonetic": "[f_sound]",
            "surname_phonetic": "[s_sound]",
            "recorded_at": "recorded_at",
        },
        "links": {
            "FROM": links,
            "record_id_l": "l",
            "record_id_r": "r",
            "match_weight": "w",
            "match_probability": "1 / (1 + power(2, -w))",
            "mw_forename": "3.1",
            "mw_surname": "8.2",
            "mw_date_of_birth": "-4.0",
            "mw_postcode": "9.3",
            "mw_address": "9.4",
            "mw_prior": "-11.0",
            "mw_related": "w - 15.0",
            "decision": "decision",
            "decided_by": "'model'",
        },
        "identity_ledger": {
            "FROM": "(SELECT person_id, list_sort(list(record_id)) AS ids FROM rec GROUP BY person_id)",
            "person_id": "person_id",
            "valid_from": f"'{RUN_ID}'",
            "cause": "'new_data'",
            "record_ids": "ids",
        },
        "events": {
            "FROM": "rec",
            "event_id": "md5('e' || record_id)",
            "person_id": "person_id",
            "record_id": "record_id",
            "source": "source",
            "event_type": "'crime'",
            "role": "role",
            "basis": "'fact'",
            "borough": "borough",
            "started_at": "recorded_at",
            "ended_at": "CAST(NULL AS TIMESTAMPTZ)",
            "attributes": "CAST(NULL AS MAP(VARCHAR, VARCHAR))",
        },
        "review_queue": {
            "FROM": pair,
            "review_id": "'Q' || substr(md5('q' || i), 1, 16)",
            "review_type": kind,
            "reason": "'The evidence is neither strong enough to link nor weak enough to part.'",
            "person_ids": "list_sort([pa, pb])",
            "record_id_l": "least(ra, rb)",
            "record_id_r": "greatest(ra, rb)",
            "match_weight": "(hash(i, 11) % 900) / 100.0 - 2",
            "match_probability": "1 / (1 + power(2, -((hash(i, 11) % 900) / 100.0 - 2)))",
            "n_pairs": "CAST(1 AS BIGINT)",
            "harm": "CAST(hash(i, 13) % 4 + 2 AS SMALLINT)",
            "priority": "(hash(i, 14) % 5000000) / 1000000.0",
            "boroughs": "list_sort(list_distinct([ba, bb]))",
            "opened_in": "CAST(DATE '2026-11-20' - CAST(hash(i, 15) % 60 AS INTEGER) AS VARCHAR) || '-1'",
        },
    }
