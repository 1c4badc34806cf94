"""Expunged records: gone from publications, kept runs and last good exports, and kept out of every later night.

Every step may be done twice, so an expunge that was killed is finished by giving the same order again. A publication is
written anew beside the old one and takes its place by one exchange of names; readers see the old one or the new one.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.durable import make_folder, sync_folder, write_synced
from pipeline.core.errors import StateError
from pipeline.core.parquet import ARROW, read_table, replace_rows
from pipeline.core.places import Home
from pipeline.publish.held_back import HELD
from pipeline.publish.publication import STAGING, list_publications, write_whole
from schemas.tables import PUBLISHED

Tables = dict[str, pa.Table]
Rebuild = Callable[[Tables, Collection[str], str], Tables]
"""Published tables, records to leave out, and the run's id, to the tables without them."""
ENDS = ("record_id", "record_id_l", "record_id_r")
CLUSTERS = ("cluster_id", "cluster_id_l", "cluster_id_r")
LINEAGE = ("feed_id", "file", "sheet", "row_number", "part")
EMPTIED = {"quarantine": ("record_id", "raw_row"), "review_closed": ("record_id_l", "record_id_r")}
"""Tables whose rows stay, and the columns that are emptied in them."""
OWN_FACTS = {"run_id", "marking", "versions", "tables"}
TABLES = (ARROW, ".parquet")
OWNERS = ("records", "record_persons")  # what tells the person of a record; the first in runs of an older version
LAST = ("std_records", *OWNERS, "cluster_members")  # what tells the record's rows elsewhere goes last
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def digest(record_id: str) -> str:
    """What the list of expunged records keeps of one."""
    return hashlib.sha256(record_id.encode()).hexdigest()


def expunged(home: Home) -> frozenset[str]:
    """Digests of every record that was expunged.

    Raises:
        StateError: If the list cannot be read: without it expunged records would come back.
    """
    return frozenset(own for order in orders(home) for own in order["digests"])


def orders(home: Home) -> list[dict[str, Any]]:
    """Every order that was carried out or begun, oldest first; none names a record or its content."""
    path = _list(home)
    if not path.exists():
        return []
    try:
        found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
        return [{**order, "digests": list(order["digests"])} for order in found]
    except (OSError, ValueError, KeyError, TypeError):
        what_to_do = "Bring it back from a backup: expunged records would come back without it."
        raise StateError(str(path), "cannot be read.", what_to_do) from None


def keep_out(home: Home, order: Mapping[str, Any]) -> None:
    """Note an order: from now on its records are kept out of every night."""
    path = _list(home)
    make_folder(path.parent)
    write_synced(path, json.dumps([*orders(home), order], indent=1))


def is_expunged(record_ids: pa.ChunkedArray, digests: Collection[str]) -> pa.Array:
    """Which of the records were expunged."""
    return pa.array([digest(record) in digests for record in record_ids.to_pylist()], pa.bool_())


def known_records(home: Home, record_ids: Collection[str]) -> set[str]:
    """Those of the records that a publication, or a last good export, holds."""
    wanted = pa.array(sorted(record_ids), pa.string())
    places = [found.folder / "records" for found in list_publications(home)]
    found = [pq.read_table(place, columns=["record_id"]) for place in places]
    found += [read_table(path, ["record_id"]) for path in home.last_good.glob("*/*/std_records.*")]
    return {
        record
        for table in found
        for record in table.filter(pc.is_in(table.column("record_id"), wanted)).column("record_id").to_pylist()
    }


def expunge_publications(home: Home, record_ids: Collection[str], rebuild: Rebuild) -> int:
    """Write every publication that holds one of the records anew, those that the gate held back too; returns how many."""
    folders = [found.folder for found in list_publications(home)] + sorted(home.runs.glob(f"*/{HELD}"))
    touched = [folder for folder in folders if (folder / "manifest.json").is_file() and _holds_any(folder, record_ids)]
    for folder in touched:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        run_id = str(manifest["run_id"])
        tables = {table.name: _read(folder, table.name) for table in PUBLISHED}
        names = _cluster_names(tables, record_ids)
        kept = {
            name: scrubbed(table, name, record_ids, names, set()) for name, table in rebuild(tables, record_ids, run_id).items()
        }  # fmt: skip
        new = folder.parent / f"{STAGING}expunged-{run_id}"
        shutil.rmtree(new, ignore_errors=True)
        write_whole(new, run_id, kept, {name: fact for name, fact in manifest.items() if name not in OWN_FACTS})
        exchange(new, folder)
    for folder in {folder.parent for folder in folders}:
        for old in folder.glob(f"{STAGING}expunged-*"):
            shutil.rmtree(old)
    return len(touched)


def expunge_runs(home: Home, record_ids: Collection[str]) -> int:
    """Take the records out of the tables of every kept run and last good export; returns how many files were written anew.

    Persons of a run's own folder who had one of the records are left out of it: the publication has them, made anew.
    """
    folders = [*home.runs.glob("*"), *home.last_good.glob("*/*")]
    return sum(_expunge_folder(folder, record_ids) for folder in folders if folder.is_dir())


def _expunge_folder(folder: Path, record_ids: Collection[str]) -> int:
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in TABLES and HELD not in path.relative_to(folder).parts]  # fmt: skip
    files.sort(key=lambda path: path.stem in LAST)
    known = {path: read_table(path) for path in files if path.stem in LAST}
    rows = {key for path, table in known.items() if path.stem == "std_records" for key in _lineage(table, record_ids)}
    owners = {own for path, table in known.items() if path.stem in OWNERS for own in _persons(table, record_ids)}
    members = next((table for path, table in known.items() if path.stem == "cluster_members"), None)
    names = _cluster_names({} if members is None else {"cluster_members": members}, record_ids)
    changed = 0
    for path in files:
        table = known.get(path)
        table = read_table(path) if table is None else table
        new = scrubbed(table, path.stem, record_ids, names, rows)
        if path.stem in ("persons", "person_fields", "person_fields_since") and owners:
            new = new.filter(pc.invert(pc.is_in(new.column("person_id"), pa.array(sorted(owners), pa.string()))))
        if new is not table:
            replace_rows(path, new)
            sync_folder(path.parent)
            changed += 1
    return changed


def scrubbed(
    table: pa.Table,
    name: str,
    record_ids: Collection[str],
    clusters: Mapping[str, str],
    rows: Collection[tuple[Any, ...]],
) -> pa.Table:
    """A table without the records; itself where it holds none.

    Args:
        table: any table of ``schemas/tables.py``.
        name: its name.
        record_ids: records to leave out.
        clusters: new name of each cluster that was named by one of them.
        rows: rows of exports that told of them, by feed, file, sheet, row and part.
    """
    ids = pa.array(sorted(record_ids), pa.string())
    for column in (column for column in CLUSTERS if column in table.column_names):
        if pc.any(pc.is_in(table.column(column), ids)).as_py():
            renamed = [clusters.get(value, value) for value in table.column(column).to_pylist()]
            table = _set(table, column, pa.array(renamed, pa.string()))
    hits = [pc.fill_null(pc.is_in(table.column(end), ids), False) for end in ENDS + CLUSTERS if end in table.column_names]  # fmt: skip
    if rows and name in ("raw_records", "quarantine"):
        keys = zip(*(table.column(part).to_pylist() for part in LINEAGE), strict=True)
        hits.append(pa.chunked_array([pa.array([key in rows for key in keys], pa.bool_())]))
    hit = hits[0] if hits else None
    for other in hits[1:]:
        hit = pc.or_(hit, other)
    if hit is not None and pc.any(hit).as_py():
        table = _emptied(table, EMPTIED[name], hit) if name in EMPTIED else table.filter(pc.invert(hit))
    for field in table.schema:
        if field.type == pa.list_(pa.string()) and "record" in field.name:
            values = table.column(field.name).to_pylist()
            if any(own and not record_ids.isdisjoint(own) for own in values):  # type: ignore[attr-defined]
                kept = [None if own is None else [record for record in own if record not in record_ids] for own in values]  # fmt: skip
                table = _set(table, field.name, pa.array(kept, field.type))
    return table


def exchange(new: Path, old: Path) -> None:
    """Exchange the names of two folders of one file system in one step, and wait until that is on disk.

    Raises:
        StateError: If the system cannot do so.
    """
    try:
        done = ctypes.CDLL(None, use_errno=True).renameat2(
            AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(old), RENAME_EXCHANGE
        )
    except AttributeError:
        done = -1
    if done != 0:
        raise StateError(str(old), "cannot change places with its new form here.", "Use Linux and a file system of its own, such as ext4 or xfs.")  # fmt: skip
    sync_folder(old.parent)


def _emptied(table: pa.Table, columns: tuple[str, ...], hit: pa.ChunkedArray) -> pa.Table:
    for column in columns:
        own = table.column(column)
        table = _set(table, column, pc.if_else(hit, pa.scalar(None, own.type), own))
    return table


def _set(table: pa.Table, column: str, values: Any) -> pa.Table:  # noqa: ANN401
    at = table.schema.get_field_index(column)
    return table.set_column(at, table.schema.field(at), values)


def _cluster_names(tables: Mapping[str, pa.Table], record_ids: Collection[str]) -> dict[str, str]:
    """Clusters named by one of the records: the smallest of their other records."""
    if "cluster_members" not in tables:
        return {}
    ids = pa.array(sorted(record_ids), pa.string())
    members = tables["cluster_members"].filter(pc.is_in(tables["cluster_members"].column("cluster_id"), ids))
    found: dict[str, str] = {}
    for row in members.sort_by("record_id").to_pylist():
        if row["record_id"] not in record_ids:
            found.setdefault(row["cluster_id"], row["record_id"])
    return found


def _lineage(table: pa.Table, record_ids: Collection[str]) -> Iterator[tuple[Any, ...]]:
    own = table.filter(pc.is_in(table.column("record_id"), pa.array(sorted(record_ids), pa.string())))
    return zip(*(own.column(part).to_pylist() for part in LINEAGE), strict=True)


def _persons(table: pa.Table, record_ids: Collection[str]) -> list[str]:
    own = table.filter(pc.is_in(table.column("record_id"), pa.array(sorted(record_ids), pa.string())))
    found: list[str] = own.column("person_id").to_pylist()
    return found


def _holds_any(folder: Path, record_ids: Collection[str]) -> bool:
    """Whether any column of any published table names one of the records."""
    return any(
        scrubbed(table, path.parent.name, record_ids, {}, set()) is not table
        for path in sorted(folder.glob("*/*.parquet"))
        for table in (read_table(path),)
    )


def _read(folder: Path, name: str) -> pa.Table:
    table = next(table for table in PUBLISHED if table.name == name)
    return pq.read_table(folder / name) if (folder / name).is_dir() else table.arrow_schema().empty_table()


def _list(home: Home) -> Path:
    return home.root / "state" / "expunged.json"
