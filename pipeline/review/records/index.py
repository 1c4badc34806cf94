"""The desk's index of a publication: its tables once more, in one DuckDB file, sorted by how the desk looks things up.

The published tables are sorted for whoever reads them whole. A steward asks for one person, one pair, one name, so here records,
links, values and events lie by person, questions by rank, and each record has keys to search by. It is made once a publication,
read only, kept beside the home's state for its owner only, and made anew when the publication is another one.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipeline.core.duckdb_files import sql_files, sql_text
from pipeline.core.durable import make_folder
from pipeline.core.errors import SettingsError
from pipeline.core.places import Home
from schemas.marts import MARTS, PERSONS_OF

LOCK, LOG = ".lock", "desk.log"
VERSION = 4
"""Raised when what is in the file changes"""
COPIED = {
    "persons": "person_id",
    "person_fields": "person_id, field, value, record_id",
    "records": "person_id, record_id",
    "events": "person_id, started_at NULLS LAST, event_id",
    "identity_ledger": "person_id, valid_from",
    "link_changes": "person_id_after",
    "review_closed": "review_id",
}
SELECT_ALL = "SELECT *{more} FROM read_parquet([{files}])"
ALONE = (
    ", len(forename) > 0 AND len(surname) > 0 AND date_of_birth IS NOT NULL"
    " AND count(*) OVER (PARTITION BY hash(feed_id, forename, surname, date_of_birth)) = 1 AS is_alone"
)
"""Whether no other record of the feed has the same names and birthday, so that these may tell it again"""
ROW_GROUP = 16_384
"""Rows that DuckDB looks through for one person: few, as every question here is about one"""
OWNERS = "CREATE TABLE owners AS SELECT record_id, person_id FROM records ORDER BY record_id"
LINKS = """
CREATE TABLE links AS
    WITH ends AS (
        SELECT l.*, a.person_id AS person_l, b.person_id AS person_r
        FROM read_parquet([{files}]) l
        JOIN owners a ON a.record_id = l.record_id_l JOIN owners b ON b.record_id = l.record_id_r)
    SELECT person_l AS person_id, * FROM ends
    UNION ALL SELECT person_r AS person_id, * FROM ends WHERE person_l <> person_r
    ORDER BY person_id, record_id_l, record_id_r
"""
QUEUE = """
CREATE TABLE queue AS
    SELECT q.*, CAST(left(q.opened_in, 10) AS DATE) AS opened_on, list_sort(list_distinct([a.source, b.source])) AS sources,
           a.person_id AS person_l, b.person_id AS person_r
    FROM read_parquet([{files}]) q
    LEFT JOIN records a ON a.record_id = q.record_id_l LEFT JOIN records b ON b.record_id = q.record_id_r
    ORDER BY q.priority DESC, q.review_id
"""
RARITY = """
CREATE TABLE rarity AS
    SELECT field, value, count(*) AS n FROM (
        SELECT 'surname' AS field, unnest(surname) AS value FROM records
        UNION ALL SELECT 'forename', unnest(forename) FROM records
        UNION ALL SELECT 'postcode', postcode FROM records WHERE postcode IS NOT NULL
        UNION ALL SELECT 'phone', phone FROM records WHERE phone IS NOT NULL)
    GROUP BY field, value ORDER BY field, value
"""
KEYS = """
CREATE TABLE search_keys AS
    WITH sounds AS (
        SELECT person_id, borough, date_of_birth AS born, date_of_birth_alt AS born_alt,
               coalesce(surname_phonetic, []) AS s, coalesce(forename_phonetic, []) AS f,
               coalesce(surname, []) AS surnames, coalesce(forename, []) AS forenames,
               [x FOR x IN [pnc_id, cro_number, nhs_number, upn, phone, email] IF x IS NOT NULL] AS ids, postcode
        FROM records),
    keys AS (
        SELECT person_id, borough, unnest(list_distinct(flatten([
            flatten([[hash('sf' || x || '|' || y) FOR y IN f] FOR x IN s]),
            flatten([[hash('sf' || y || '|' || x) FOR y IN f] FOR x IN s]),
            flatten([[hash('s1' || x[1] || '|' || y) FOR y IN f] FOR x IN s]),
            flatten([[hash('f1' || x || '|' || y[1]) FOR y IN f] FOR x IN s]),
            CASE WHEN born IS NULL THEN [] ELSE [hash('sd' || x || '|' || born) FOR x IN s] END,
            CASE WHEN born IS NULL THEN [] ELSE [hash('fd' || x || '|' || born) FOR x IN f] END,
            CASE WHEN born IS NULL THEN [] ELSE [hash('sy' || x || '|' || year(born)) FOR x IN s] END,
            CASE WHEN born IS NULL THEN [] ELSE [hash('fy' || x || '|' || year(born)) FOR x IN f] END,
            [hash('s' || x) FOR x IN s],
            [hash('f' || x) FOR x IN f],
            [hash('S' || x) FOR x IN surnames],
            [hash('F' || x) FOR x IN forenames],
            CASE WHEN born IS NULL THEN [] ELSE [hash('d' || born)] END,
            CASE WHEN born_alt IS NULL THEN [] ELSE [hash('d' || born_alt)] END,
            CASE WHEN postcode IS NULL THEN [] ELSE [hash('p' || postcode)] END,
            [hash('i' || x) FOR x IN ids]]))) AS key
        FROM sounds)
    SELECT key, person_id, borough FROM keys ORDER BY key, person_id
"""
NAMED_IN = "SELECT DISTINCT {person} AS person_id, '{mart}' AS mart FROM read_parquet([{files}])"
FACTS = "CREATE TABLE facts AS SELECT (SELECT count(*) FROM records) AS n_records, (SELECT count(*) FROM persons) AS n_persons"


def stamp_of(folder: Path) -> str:
    """What tells two publications apart, also where one was expunged: a hash of the manifest, and of this index's form."""
    form = f"{VERSION}:{duckdb.__version__}".encode()
    return hashlib.sha256((folder / "manifest.json").read_bytes() + form).hexdigest()[:16]


def index_of(home: Home, folder: Path) -> Path:
    """The index of a publication, made where it is not there; those of other publications are removed.

    Args:
        home: where it is kept.
        folder: the publication's own folder, not ``current``.

    Raises:
        SettingsError: If the home's path has a question mark, before which DuckDB would end the name of its log.
    """
    if "?" in str(home.desk.resolve()):
        problem = "has a ? in its path, under which DuckDB cannot write the desk's index."
        raise SettingsError(str(home.root), problem, "Rename that folder while no run is at work.")
    make_folder(home.desk)
    home.desk.chmod(0o700)
    path = home.desk / f"{folder.name}-{stamp_of(folder)}.duckdb"
    with _one_at_a_time(home.desk):
        if not path.is_file():
            _build(folder, path)
        for old_index in home.desk.glob("*.duckdb*"):
            if old_index != path:
                old_index.unlink(missing_ok=True)
    return path


def forget_indexes(home: Home) -> None:
    """Remove every index; the desk makes its own anew. One that is being made is waited for."""
    if home.desk.is_dir():
        with _one_at_a_time(home.desk):
            for path in home.desk.iterdir():
                if path.name not in (LOCK, LOG) and path.is_file():
                    path.unlink(missing_ok=True)


def _build(folder: Path, path: Path) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}) as base:
        base.execute(f"ATTACH {sql_text(str(new))} AS desk (ROW_GROUP_SIZE {ROW_GROUP})")
        new.chmod(0o600)
        base.execute("USE desk")
        base.execute("SET preserve_insertion_order = false")
        base.execute("SET enable_progress_bar = false")
        for table, order in COPIED.items():
            select = SELECT_ALL.format(files=sql_files(folder / table), more=ALONE if table == "records" else "")
            base.execute(f"CREATE TABLE {table} AS {select} ORDER BY {order}")
        base.execute(OWNERS)
        base.execute(LINKS.format(files=sql_files(folder / "links")))
        base.execute(QUEUE.format(files=sql_files(folder / "review_queue")))
        for sql in (RARITY, KEYS, FACTS):
            base.execute(sql)
        base.execute(f"CREATE TABLE named_in AS {_named_in(folder)} ORDER BY person_id, mart")
        base.execute("CHECKPOINT desk")
        base.execute("USE memory")
        base.execute("DETACH desk")
    new.replace(path)


def _named_in(folder: Path) -> str:
    """SELECT of whom each analysts' table names; publications of an earlier version may have none of these tables."""
    selects = [
        NAMED_IN.format(person=column, mart=mart.name, files=sql_files(folder / mart.name))
        for mart in MARTS
        if (folder / mart.name).is_dir()
        for column in PERSONS_OF
        if column in mart.names
    ]
    return f"FROM ({' UNION '.join(selects)})" if selects else "SELECT '' AS person_id, '' AS mart LIMIT 0"


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
