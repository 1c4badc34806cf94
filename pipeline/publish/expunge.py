"""Expunged records: gone from publications, kept runs and last good exports, and kept out of every later night.

Every step may be done twice, so an expunge that was killed is finished by giving the same order again. A publication is
written anew beside the old one and takes its place by one exchange of names; readers see the old one or the new one.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.durable import sync_folder
from pipeline.core.errors import StateError
from pipeline.core.lookup import rows_with
from pipeline.core.parquet import replace_rows
from pipeline.core.places import Home
from pipeline.publish.held_back import HELD
from pipeline.publish.holding import DAMAGED, TABLES, WAY_OUT, rows_of
from pipeline.publish.publication import (
    STAGING,
    damaged_publications,
    list_publications,
    remove_all,
    remove_staged,
    write_whole,
)
from pipeline.publish.scrub import scrubbed, told_in
from schemas.tables import PUBLISHED

Tables = dict[str, pa.Table]
Rebuild = Callable[[Tables, Collection[str], str], Tables]
"""Published tables, records to leave out, and the run's id, to the tables without them."""
Note = Callable[[str], object]
FACTS_MADE_ANEW = {"run_id", "marking", "versions", "tables"}
PERSON_OF_RECORD = (
    "records",
    "record_persons",
)  # what tells the person of a record; the first in runs of an older version
TOLD_OF_RECORDS = ("std_records", "quarantine")  # which row of an export is of which record
REWRITTEN_LAST = (
    *TOLD_OF_RECORDS,
    *PERSON_OF_RECORD,
    "cluster_members",
)  # what tells the record's rows elsewhere goes last
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def remove_leftovers(home: Home) -> None:
    """Remove what writers that died have left: half a publication, half a run, half a table. Call it under the run lock."""
    remove_staged(home)
    remove_all([*home.runs.rglob(".*"), *home.last_good.rglob(".*"), *home.old_ids.glob(".*")])


def expunge_publications(home: Home, record_ids: Collection[str], rebuild: Rebuild, note: Note) -> None:
    """Write every publication that holds one of the records anew, those that the gate held back too.

    Args:
        home: where they lie.
        record_ids: records to leave out.
        rebuild: makes tables without them.
        note: is told the run of each, before it changes.

    Raises:
        StateError: If a publication cannot be read, so that nothing can be taken out of it.
    """
    for error in damaged_publications(home):
        raise StateError(error.place, DAMAGED, WAY_OUT)
    folders = [publication.folder for publication in list_publications(home)] + sorted(home.runs.glob(f"*/{HELD}"))
    for folder in folders:
        if not (folder / "manifest.json").is_file() or not _holds_any(folder, record_ids):
            continue
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        run_id = str(manifest["run_id"])
        note(run_id)
        tables = {table.name: _read(folder, table.name) for table in PUBLISHED}
        names = _cluster_names(tables, record_ids)
        new_tables = {
            name: scrubbed(table, name, record_ids, names, set())
            for name, table in rebuild(tables, record_ids, run_id).items()
        }
        staging = folder.parent / f"{STAGING}expunged-{run_id}"
        shutil.rmtree(staging, ignore_errors=True)
        write_whole(
            staging, run_id, new_tables, {name: fact for name, fact in manifest.items() if name not in FACTS_MADE_ANEW}
        )
        exchange(staging, folder)
        shutil.rmtree(staging)


def expunge_folder(folder: Path, record_ids: Collection[str], note: Callable[[Path], object]) -> None:
    """Take the records out of the tables of a kept run or last good export.

    Persons of a run's own folder who had one of the records are left out of it: the publication has them, made anew.

    Args:
        folder: of the run, or of the export.
        record_ids: records to leave out.
        note: is told of each table before it changes.
    """
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in TABLES and HELD not in path.relative_to(folder).parts
    ]
    files.sort(key=lambda path: path.stem in REWRITTEN_LAST)
    tables_read = {path: rows_of(path) for path in files if path.stem in REWRITTEN_LAST}
    rows = {
        row for path, table in tables_read.items() if path.stem in TOLD_OF_RECORDS for row in told_in(table, record_ids)
    }
    owners = {
        person
        for path, table in tables_read.items()
        if path.stem in PERSON_OF_RECORD
        for person in _persons(table, record_ids)
    }
    members = next((table for path, table in tables_read.items() if path.stem == "cluster_members"), None)
    names = _cluster_names({} if members is None else {"cluster_members": members}, record_ids)
    for path in files:
        table = tables_read.get(path)
        table = rows_of(path) if table is None else table
        new = scrubbed(table, path.stem, record_ids, names, rows)
        if path.stem in ("persons", "person_fields", "person_fields_since") and owners:
            new = new.filter(pc.invert(pc.is_in(new.column("person_id"), pa.array(sorted(owners), pa.string()))))
        if new is not table:
            note(path)
            replace_rows(path, new)
            sync_folder(path.parent)


def exchange(replacement: Path, current: Path) -> None:
    """Exchange the names of two folders of one file system in one step, and wait until that is on disk.

    Raises:
        StateError: If the system cannot do so.
    """
    try:
        result = ctypes.CDLL(None, use_errno=True).renameat2(
            AT_FDCWD, os.fsencode(replacement), AT_FDCWD, os.fsencode(current), RENAME_EXCHANGE
        )
    except AttributeError:
        result = -1
    if result != 0:
        raise StateError(
            str(current),
            "cannot change places with its new form here.",
            "Use Linux and a file system of its own, such as ext4 or xfs.",
        )
    sync_folder(current.parent)


def _cluster_names(tables: Mapping[str, pa.Table], record_ids: Collection[str]) -> dict[str, str]:
    """Clusters named by one of the records: the smallest of their other records."""
    if "cluster_members" not in tables:
        return {}
    members = rows_with(tables["cluster_members"], record_ids, "cluster_id")
    new_names: dict[str, str] = {}
    for row in members.sort_by("record_id").to_pylist():
        if row["record_id"] not in record_ids:
            new_names.setdefault(row["cluster_id"], row["record_id"])
    return new_names


def _persons(table: pa.Table, record_ids: Collection[str]) -> list[str]:
    lost = rows_with(table, record_ids)
    persons: list[str] = lost.column("person_id").to_pylist()
    return persons


def _holds_any(folder: Path, record_ids: Collection[str]) -> bool:
    """Whether any column of any published table names one of the records."""
    return any(
        scrubbed(table, path.parent.name, record_ids, {}, set()) is not table
        for path in sorted(folder.glob("*/*.parquet"))
        for table in (rows_of(path),)
    )


def _read(folder: Path, name: str) -> pa.Table:
    table = next(table for table in PUBLISHED if table.name == name)
    parts = sorted((folder / name).glob("*.parquet"))
    return pa.concat_tables(map(rows_of, parts)) if parts else table.arrow_schema().empty_table()
