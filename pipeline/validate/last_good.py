"""The last good export of each feed, as it lies in a home: its tables, where it came from, and checksums that show damage."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.durable import checksum_of, hand_on, make_folder, write_synced
from pipeline.core.known_fields import from_known
from pipeline.core.parquet import ARROW, concat, count_rows, write_table
from pipeline.core.places import Home
from schemas.tables import QUARANTINE

POINTER = "good"
FACTS = "export.json"
AGAIN = ".again"
"""Ends the folder of an export that its run keeps a second time"""


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """Where an export came from."""

    file: str
    file_sha256: str
    export_date: str
    rows: int
    sheets: Sequence[str] = ()
    """Of a workbook, those that the contract reads; none where an older version kept it"""
    has_line_end: bool | None = None
    """Of a text, whether its last line is ended"""


@dataclass(frozen=True, slots=True)
class LastGood:
    """The last export of a feed that kept its contract."""

    folder: Path
    facts: ExportFacts

    @property
    def std_records(self) -> Path:
        """Its standard records."""
        return self._file("std_records")

    @property
    def events(self) -> Path:
        """Its events."""
        return self._file("events")

    @property
    def quarantine(self) -> Path | None:
        """Its rejected rows; None where an older version kept none."""
        path = self._file("quarantine")
        return path if path.exists() else None

    def _file(self, name: str) -> Path:
        """Arrow; Parquet in a folder of an older version."""
        old = self.folder / f"{name}.parquet"
        return old if old.exists() else self.folder / f"{name}{ARROW}"


def last_good(home: Home, feed_id: str) -> LastGood | None:
    """The feed's last good export; None where there is none, or where it can no longer be read."""
    folder = home.last_good / feed_id
    has_one = (folder / POINTER).exists() and not damage_of(home, feed_id)
    return _last_good(folder) if has_one else None


def good_facts(home: Home, feed_id: str) -> ExportFacts | None:
    """Where the feed's last good export came from, by what is written beside it; None where nothing is."""
    try:
        return _last_good(home.last_good / feed_id).facts
    except (OSError, ValueError, TypeError, KeyError):
        return None


def damage_of(home: Home, feed_id: str) -> str | None:
    """What is wrong with the feed's last good export; None where all is well, or where it never had one."""
    folder = home.last_good / feed_id
    if not (folder / POINTER).exists():
        return None
    try:
        good = _last_good(folder)
        checksums = json.loads((good.folder / FACTS).read_text("utf-8")).get("checksums", {})
        wrong = [name for name, checksum in checksums.items() if checksum_of(good.folder / name) != checksum]
        if wrong:
            return f"{wrong[0]} has changed"
        for path in (good.std_records, good.events):
            count_rows(path)
    except (OSError, ValueError, TypeError, AttributeError, pa.ArrowException) as error:
        return f"it cannot be read ({type(error).__name__})"
    return None


@contextmanager
def rewritten(folder: Path) -> Iterator[Callable[[Path], None]]:
    """Files of a kept export are about to be written anew; each is first named to the function that this gives.

    Afterwards the checksums beside them are those of the new files. Killed in between, a named file has none until this is done again.
    """
    facts = _written_facts(folder)

    def rewriting(path: Path) -> None:
        if facts is not None and facts.get("checksums", {}).pop(path.name, None):
            write_synced(folder / FACTS, json.dumps(facts, indent=1))

    yield rewriting
    add_checksums(folder)


def add_checksums(folder: Path) -> None:
    """Write down the checksums of a kept export's tables that have none yet."""
    facts = _written_facts(folder)
    if facts is None:  # it is damaged or half made, and a good export of its feed takes its place
        return
    checksums = facts.get("checksums", {})
    without_checksum = [
        path for path in sorted(folder.iterdir()) if path.suffix in (ARROW, ".parquet") and path.name not in checksums
    ]
    if without_checksum:
        facts["checksums"] = {**checksums, **{path.name: checksum_of(path) for path in without_checksum}}
        write_synced(folder / FACTS, json.dumps(facts, indent=1))


def _written_facts(folder: Path) -> dict[str, Any] | None:
    """What stands beside a kept export; None where it cannot be read."""
    try:
        facts = json.loads((folder / FACTS).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def _last_good(folder: Path) -> LastGood:
    version = _pointed_at(folder)
    if version is None or Path(version).name != version:
        raise ValueError("the pointer names no folder beside it")
    facts = json.loads((folder / version / FACTS).read_text("utf-8"))
    return LastGood(folder / version, from_known(ExportFacts, facts))


def _pointed_at(folder: Path) -> str | None:
    """The folder that holds a feed's last good export; None where there is none yet."""
    pointer = folder / POINTER
    return pointer.read_text("utf-8", "replace").strip() if pointer.exists() else None


def keep_export(
    folder: Path, version: str, facts: ExportFacts, std_records: Path, events: Path, quarantine: Sequence[Path]
) -> None:
    """Make an export the last good one of its feed: first whole in a folder of its own, then by one rename of the pointer.

    A run that is continued may keep a feed a second time: never in the folder that the pointer names, so that a crash leaves
    that one whole.
    """
    own = f"{version}{AGAIN}" if _pointed_at(folder) == version else version
    new = folder / own
    shutil.rmtree(new, ignore_errors=True)
    make_folder(new)  # its name is on disk before the pointer names it
    for path, name in ((std_records, "std_records"), (events, "events")):
        hand_on(path, new / f"{name}{path.suffix}")
    write_table(new / f"quarantine{ARROW}", concat(quarantine, QUARANTINE), QUARANTINE)
    checksums = {path.name: checksum_of(path) for path in sorted(new.iterdir())}
    write_synced(new / FACTS, json.dumps({**asdict(facts), "checksums": checksums}, indent=1))
    write_synced(folder / POINTER, own)
    for earlier in folder.iterdir():
        if earlier.is_dir() and earlier.name != own:
            shutil.rmtree(earlier, ignore_errors=True)
