"""Publications: staged, checked, renamed, and pointed at by ``current``; a reader never sees half a run."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.durable import MAY_NOT_READ, make_folder, sync_folder, unreadable, write_synced
from pipeline.core.errors import LinkageError, PublishRefusedError, SettingsError, StateError
from pipeline.core.parquet import (
    AT_ONCE,
    ROW_GROUP_ROWS,
    conform,
    count_rows,
    has_each_once,
    in_groups,
    in_order,
    write_parquet,
)
from pipeline.core.places import Home
from pipeline.core.run_ids import publication_folders
from pipeline.marts.build import build_marts
from pipeline.publish.checks import Checks
from pipeline.publish.rows import InParts, Rows, n_rows
from schemas.marts import READABLE
from schemas.settings import AnalysisSettings
from schemas.tables import MARKING, PUBLISHED, Table

STAGING = ".staging-"
PART_GROUPS = 16  # of rows, in a file
TableFacts: TypeAlias = dict[str, object]
"""What the manifest says of a table: rows, sha256 of each file, columns"""
LIBRARIES = ("duckdb", "numpy", "pandas", "pyarrow", "great-expectations", "jellyfish", "recordlinkage", "numba")


@dataclass(frozen=True, slots=True)
class Publication:
    """One published set of tables."""

    run_id: str
    folder: Path
    manifest: dict[str, object]

    def table(self, name: str, columns: Sequence[str] | None = None, where: pc.Expression | None = None) -> pa.Table:
        """The rows of one table: all, or those that an expression holds of, with all columns or some.

        Raises:
            StateError: If its files cannot be read.
        """
        try:
            return pq.read_table(self.folder / name, columns=list(columns) if columns else None, filters=where)
        except (OSError, pa.ArrowException):
            problem = "is damaged or gone."
        raise StateError(str(self.folder / name), problem, how_to_restore(self.folder))

    @property
    def as_of(self) -> dt.date:
        """The day of its night, after which runs are called."""
        return dt.date.fromisoformat(self.run_id[:10])

    @property
    def n_decisions(self) -> int:
        """Stewards' decisions that it was made with."""
        facts = self.manifest.get("decisions")
        return int(facts.get("count", 0)) if isinstance(facts, dict) else 0

    def n_rows(self, name: str) -> int:
        """How many rows one table has."""
        return sum(count_rows(path) for path in (self.folder / name).glob("*.parquet"))


def publish(home: Home, run_id: str, tables: Mapping[str, Rows], facts: Mapping[str, object]) -> Path:
    """Write the tables to staging, check them, and switch to them; returns the publication's folder.

    Args:
        home: where publications lie.
        run_id: names the publication.
        tables: every published table, by name.
        facts: what the manifest tells besides: model, contracts, inputs, settings; no personal data, no machine's
            paths.

    Raises:
        PublishRefusedError: If a check fails; the last publication stays.
    """
    make_folder(home.published)
    remove_staged(home)
    final = home.publication(run_id)
    if home.is_published(
        run_id
    ):  # the run died after its tables had got their name, before readers were pointed at them
        point_at(home, run_id)
        return final
    staging = home.published / f"{STAGING}{run_id}"
    write_whole(staging, run_id, tables, facts)
    staging.replace(final)
    sync_folder(home.published)
    point_at(home, run_id)
    return final


def write_whole(folder: Path, run_id: str, tables: Mapping[str, Rows], facts: Mapping[str, object]) -> None:
    """Write the tables and their manifest into a new folder, checking rows on the way; all is on disk when this returns.

    Raises:
        PublishRefusedError: If a check fails; nothing stays of the folder then.
    """
    rows = {table.name: _ready_to_write(tables[table.name], table) for table in PUBLISHED}
    checks = Checks(rows)
    with ThreadPoolExecutor(AT_ONCE) as pool:  # the largest first: else the others wait for it
        longest, next_one, *shorter = sorted(PUBLISHED, key=lambda table: -n_rows(rows[table.name]))
        writes = {table.name: pool.submit(_write, folder, rows, checks, table) for table in (longest, next_one)}
        between = pool.submit(checks.between)  # by now the first has looked up whose the records are
        writes |= {table.name: pool.submit(_write, folder, rows, checks, table) for table in shorter}
        table_facts = {name: write.result() for name, write in writes.items()}
        problems = [*checks.within(), *between.result()]
    problems += _write_marts(folder, run_id, facts, table_facts) if not problems else []
    if problems:
        shutil.rmtree(folder)
        raise PublishRefusedError(tuple(problems))
    manifest = {
        "run_id": run_id,
        "marking": MARKING,
        **facts,
        "versions": {name: version(name) for name in LIBRARIES},
        "tables": table_facts,
    }
    write_synced(folder / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
    for folder_to_sync in (*(folder / table.name for table in READABLE), folder, folder.parent):
        sync_folder(folder_to_sync)


def read_current(home: Home) -> Publication | None:
    """The publication that readers see; None before the first.

    Raises:
        StateError: If what tells which it is, or of what it is, is damaged or gone.
    """
    folder = home.current.resolve()
    if home.current.is_symlink() and not folder.is_dir():
        raise StateError(str(home.current), f"points at {folder.name}, which is gone.", how_to_restore(folder))
    if home.current.exists() and not home.current.is_symlink():
        problem = "is no link to a publication: was it copied without its links?"
        newest = next((path.name for path in reversed(publication_folders(home))), "RUN")
        raise StateError(
            str(home.current), problem, f"Remove it, and point at a publication: ln -s {newest} {home.current}"
        )
    return publication_in(home.current) if home.current.exists() else None


def need_current(home: Home) -> Publication:
    """The publication that readers see.

    Raises:
        SettingsError: If nothing is published yet.
        StateError: As ``read_current``.
    """
    publication = read_current(home)
    if publication is None:
        raise SettingsError(str(home.root), "has no publication yet.", "Make one with `boroughlink run`.")
    return publication


def current_run_id(home: Home) -> str | None:
    """The run that ``current`` points at, even if its publication is damaged or gone; None if it points at nothing."""
    return home.current.readlink().name if home.current.is_symlink() else None


def list_publications(home: Home) -> list[Publication]:
    """All publications that can be read, oldest first."""
    return [
        publication
        for folder in publication_folders(home)
        if isinstance(publication := _read_or_why(folder), Publication)
    ]


def damaged_publications(home: Home) -> list[StateError]:
    """The errors of publications that cannot be read, oldest first."""
    return [error for folder in publication_folders(home) if isinstance(error := _read_or_why(folder), StateError)]


def how_to_restore(folder: Path) -> str:
    """What to do about a publication that is damaged or gone."""
    go_back = f"boroughlink runs rollback RUN --home {folder.parent.parent} --by NAME --reason TEXT"
    return f"Restore {folder} from a backup, or go back to an older publication (runs list shows them): {go_back}"


def how_to_point_again(newest: Publication, home: Home) -> str:
    """What to do where ``current`` is gone."""
    return f"Point at the newest publication again: ln -sfn {newest.run_id} {home.current}"


def remove_staged(home: Home) -> None:
    """Remove what a crashed run left in staging; nothing that readers see."""
    remove_all(home.published.glob(f"{STAGING}*"))


def remove_all(paths: Iterable[Path]) -> None:
    """Remove files, links and folders; one of them may go with its folder."""
    for path in list(paths):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def publication_in(folder: Path) -> Publication:
    """The publication of a folder.

    Raises:
        StateError: If it cannot be read.
    """
    publication = _read_or_why(folder)
    if isinstance(publication, StateError):
        raise publication
    return publication


def _read_or_why(folder: Path) -> Publication | StateError:
    place = folder.resolve()
    try:
        manifest = json.loads((place / "manifest.json").read_text("utf-8"))
        return Publication(str(manifest["run_id"]), place, manifest)
    except PermissionError as error:
        return StateError(str(unreadable(error) or place), *MAY_NOT_READ)
    except (OSError, ValueError, KeyError, TypeError):
        return StateError(str(place / "manifest.json"), "is damaged or gone.", how_to_restore(place))


def _ready_to_write(rows: Rows, table: Table) -> Rows:
    """The rows as they are written: in contract form and in order. Those of a file are so already."""
    if isinstance(rows, InParts):
        return rows
    data = conform(rows, table)
    return data if has_each_once(data, table.key) else in_order(data, table.key)


def _write(place: Path, tables: Mapping[str, Rows], checks: Checks, table: Table) -> TableFacts:
    """Write a table's parts, checking its rows on the way; returns what the manifest says of it."""
    return _write_parts(place, table, checks.watch(table.name), n_rows(tables[table.name]))


def _write_marts(
    place: Path, run_id: str, facts: Mapping[str, object], table_facts: dict[str, TableFacts]
) -> list[str]:
    """Write the analysts' tables of a folder that has all others, and tell the facts of each; returns what is wrong."""
    problems, spill = [], place.with_name(f"{STAGING}spill-{run_id}")
    try:
        for mart, rows in build_marts(place, run_id, AnalysisSettings.model_validate(facts.get("analysis", {})), spill):
            if not has_each_once(rows, mart.key):
                problems.append(f"{mart.name} has a key ({', '.join(mart.key)}) twice")
            table_facts[mart.name] = _write_parts(place, mart, in_groups([rows]), len(rows))
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    return problems


def _write_parts(place: Path, table: Table, groups: Iterator[pa.Table], total: int) -> TableFacts:
    """Write so many rows of a table, in groups; returns what the manifest says of it."""
    folder = place / table.name
    folder.mkdir(parents=True)
    schema, parts = table.arrow_schema(), {}
    groups = (conform(group, table) for group in groups)
    for number in range(max(math.ceil(total / ROW_GROUP_ROWS / PART_GROUPS), 1)):
        path = folder / f"part-{number}.parquet"
        write_parquet(path, islice(groups, PART_GROUPS), schema, table.key[0])
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
            parts[path.name] = hashlib.file_digest(handle, "sha256").hexdigest()
    return {
        "rows": total,
        "is_repeatable": table.is_repeatable,
        "sha256": parts,
        "columns": {field.name: str(field.type) for field in schema},
    }


def point_at(home: Home, run_id: str) -> None:
    """Make ``current`` a link to the run: a new link, renamed over the old one."""
    new = home.published / f"{STAGING}current"
    new.unlink(missing_ok=True)
    try:
        new.symlink_to(run_id)
    except OSError as error:
        raise LinkageError(
            f"{home.published} cannot hold links ({type(error).__name__}); use a file system that can."
        ) from None
    new.replace(home.current)
    sync_folder(home.published)
