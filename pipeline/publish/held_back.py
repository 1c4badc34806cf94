"""A night that the gate refused: its tables lie whole in the run's folder, until they are released or pruned."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.core.durable import cannot_read, make_folder, sync_folder, write_synced
from pipeline.core.errors import StateError
from pipeline.core.known_fields import from_known
from pipeline.core.places import Home
from pipeline.publish.gate import Measure
from pipeline.publish.publication import point_at, remove_staged, write_whole
from pipeline.publish.rows import Rows
from pipeline.publish.verify import damaged_files

VERDICT, HELD = "gate.json", "held_back"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's verdict on a run."""

    run_id: str
    base: str | None
    """Publication that it was measured against"""
    measures: tuple[Measure, ...]
    fresh_feeds: tuple[Mapping[str, Any], ...] = ()
    """Feeds whose exports of that night become the last good ones with its publication"""

    @property
    def broken(self) -> tuple[Measure, ...]:
        """Limits that the run broke."""
        return tuple(measure for measure in self.measures if measure.is_broken)


def write_verdict(home: Home, verdict: Verdict) -> None:
    """Keep what the gate said in the run's folder."""
    facts = {"state": "refused" if verdict.broken else "passed", **asdict(verdict)}
    write_synced(home.run(verdict.run_id).file(VERDICT), json.dumps(facts, indent=1))


def read_verdict(home: Home, run_id: str) -> Verdict | None:
    """What the gate said of a run; None where it never got so far.

    Raises:
        StateError: If the file is damaged.
        StorageError: If the system does not let it be read.
    """
    path = home.run(run_id).file(VERDICT)
    try:
        facts = json.loads(path.read_text("utf-8"))
        measures = tuple(from_known(Measure, measure) for measure in facts["measures"])
        return Verdict(facts["run_id"], facts["base"], measures, tuple(facts["fresh_feeds"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot_read(path, error) from None
    except (ValueError, TypeError, KeyError):
        raise StateError(str(path), "is damaged.", "Run the night again.") from None


def held_folder(home: Home, run_id: str) -> Path:
    """Where the tables of a refused run wait."""
    return home.run(run_id).file(HELD)


def hold_back(home: Home, run_id: str, tables: Mapping[str, Rows], facts: Mapping[str, object]) -> Path:
    """Write the tables as they would have been published into the run's folder, whole or not at all.

    Raises:
        PublishRefusedError: If the tables contradict each other; then there is nothing to release.
    """
    folder = held_folder(home, run_id)
    new = folder.with_name(f".{HELD}.new")
    for leftover in (new, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    write_whole(new, run_id, tables, facts)
    new.replace(folder)
    sync_folder(folder.parent)
    return folder


def publish_held(home: Home, run_id: str, by: str, broken: Sequence[Measure]) -> Path:
    """Publish exactly the tables that were held back; the manifest tells who released them, and which limits they broke.

    Raises:
        StateError: If the tables are gone or not those that were held back.
    """
    final, held = home.publication(run_id), held_folder(home, run_id)
    if not home.is_published(run_id):  # else: the power went between the rename and the switch
        if damaged := damaged_files(held, is_deep=True):
            raise StateError(str(held), f"is damaged ({damaged[0]}).", "Run the night again.")
        manifest = json.loads((held / "manifest.json").read_text("utf-8"))
        manifest |= {"released_by": by, "limits_passed": [measure.sentence for measure in broken]}
        write_synced(held / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
        make_folder(home.published)
        remove_staged(home)
        held.replace(final)
        sync_folder(held.parent)
        sync_folder(home.published)
    point_at(home, run_id)
    return final
