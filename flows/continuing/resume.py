"""Which run tonight is: one that died or failed and is continued, or a new one. Call it under the run lock."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version

from flows.night.finishing import finish_publication, is_finished
from flows.night.plan import SAMPLE_RUN, Night, next_run_id
from flows.night.ready import check_exports, check_run_file, check_settings, count_decisions
from pipeline.core.clock import utc_now
from pipeline.core.errors import SettingsError, StateError
from pipeline.core.log import log
from pipeline.core.places import REFERENCE, ROOT, Home
from pipeline.core.run_note import RunNote, change_note, note_published, open_run, unfinished_runs
from pipeline.publish.publication import (
    LIBRARIES,
    Publication,
    how_to_point_again,
    how_to_restore,
    list_publications,
    point_at,
    read_current,
)
from pipeline.publish.register import rolled_back
from pipeline.publish.verify import damaged_files

OPERATIONAL = {
    "home",
    "as_of",
    "passwords",
    "workers",
    "source_retries",
    "stage_retries",
    "feed_seconds",
    "stage_seconds",
    "notify",
    "publish_limits",
}
"""Settings that change how a run goes, not what it gives."""
READ_FROM_BASE = ("identity_ledger", "records", "review_queue")
MEASURED_FROM_BASE = ("persons", "source_status")
"""What the publish gate counts in it"""


def begin(night: Night, *, fresh: bool = False) -> Night:
    """The night with the run it is: an unfinished run of the same date and stamps, else a new one.

    Every other unfinished run is abandoned; its publication counts where it had got as far as that, and is finished.
    ``fresh`` abandons all.

    Raises:
        StateError: If the publication that the night builds on is damaged.
        SettingsError: If the home is another run file's, the night is before the date of the publication it would build on, or a file that the run file
            names cannot be used.
        StoreUnavailableError: If the store of decisions does not answer.
    """
    home = night.home
    check_run_file(night)
    unfinished = unfinished_runs(home)
    for note in unfinished:
        _switch_to_whole(home, note)
    current = _publication_to_build_on(home, night)
    _check_decisions(night, current)
    base = current.run_id if current else None
    stamps = stamps_of(night)
    taken_back = rolled_back(home)
    resumed = None
    for note in () if fresh else unfinished:
        is_same = (note.as_of, note.stamps) == (night.as_of.isoformat(), stamps) and base in (note.base, note.run_id)
        if is_same and note.run_id not in taken_back:
            resumed = note  # the last one
    if current and not (resumed and resumed.run_id == base) and not is_finished(home, current.run_id):
        finish_publication(home, current.run_id)
    for note in unfinished:
        if note is not resumed:
            _abandon(home, note)
    if resumed is not None:
        folder = home.run(resumed.run_id).root
        change_note(
            folder,
            state="unfinished",
            ended_at=None,
            n_resumed=resumed.n_resumed + 1,
            stage=None,
            error=None,
            reason=None,
            run_file=_run_file_kept(night),
        )
        return replace(night, run_id=resumed.run_id)
    run_id = next_run_id(home, night.as_of)
    note = RunNote(run_id, "unfinished", night.as_of.isoformat(), stamps, base, utc_now())
    open_run(home, replace(note, run_file=_run_file_kept(night)))
    return replace(night, run_id=run_id)


def stamps_of(night: Night) -> dict[str, str]:
    """Hash of each thing that tonight's tables depend on besides the exports.

    Raises:
        SettingsError: If exports, a model, a policy, rules or expectations that the run file names cannot be used.
    """
    settings = night.settings
    check_exports(settings.exports)
    check_settings(settings, night.run_file)
    settings_facts = settings.model_dump(mode="json", exclude=OPERATIONAL)
    rules = (settings.survivorship, settings.steward_policy, *sorted(settings.expectations.rglob("*.json")))
    return {
        "home": str(night.home.root.resolve()),
        "settings": _hash([json.dumps(settings_facts, sort_keys=True).encode()]),
        "model": night.model.stamp,
        "contracts": _hash(f"{contract.source} {contract.stamp}".encode() for contract in night.contracts),
        "rules": _hash(path.name.encode() + path.read_bytes() for path in rules),
        "code": code_stamp(),
    }


@functools.cache
def code_stamp() -> str:
    """Hash of the code, of its reference lists, and of the libraries whose version shows in what is written."""
    folders = (ROOT / "pipeline", ROOT / "flows", ROOT / "schemas", REFERENCE)
    kinds = {".py", ".toml", ".csv", ".j2", ".sql"}
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in kinds]
    versions = [f"{name} {version(name)}" for name in LIBRARIES]
    version_lines = [" ".join((platform.python_version(), *versions)).encode()]
    return _hash((*version_lines, *(str(path.relative_to(ROOT)).encode() + path.read_bytes() for path in paths)))


def _run_file_kept(night: Night) -> str | None:
    """The run file as its run's note has it."""
    is_sample = night.run_file is None or night.run_file.resolve() == SAMPLE_RUN
    return None if is_sample else str(night.run_file)


def _switch_to_whole(home: Home, note: RunNote) -> None:
    """Point readers at a publication that has its name, and so is whole, though its run died before it could."""
    if not home.is_published(note.run_id) or note.run_id in rolled_back(home):
        return
    current = read_current(home)
    if current is None or current.run_id == note.base:
        point_at(home, note.run_id)
        log("publication completed", run=note.run_id)


def _publication_to_build_on(home: Home, night: Night) -> Publication | None:
    """The publication that tonight builds on; None before the first."""
    current = read_current(home)
    if current is None:
        if published := list_publications(home):
            raise StateError(str(home.current), "is gone.", how_to_point_again(published[-1], home))
        return None
    shallow = damaged_files(current.folder, is_deep=False, tables=MEASURED_FROM_BASE)
    if damaged := shallow or damaged_files(current.folder, is_deep=True, tables=READ_FROM_BASE):
        problem = f"is damaged ({damaged[0]}), and tonight's persons would lose their identity."
        raise StateError(str(current.folder), problem, how_to_restore(current.folder))
    last = str(current.manifest.get("as_of", ""))
    if last > night.as_of.isoformat():
        problem = f"the night of {night.as_of} is before {last}, the date of the publication it would build on."
        what_to_do = (
            "Was the clock set back? Set it right, or give --as-of that date or later. If that date was a slip, go back to "
            "the publication before it: boroughlink runs rollback RUN --by NAME --reason TEXT"
        )
        raise SettingsError("--as-of", problem, what_to_do)
    return current


def _check_decisions(night: Night, current: Publication | None) -> None:
    """Check that the store answers and has all decisions that the publication was made with, for it only ever grows.

    Raises:
        SettingsError: If the store's URL cannot be one.
        StateError: If it has fewer: people would be joined whom stewards parted.
        StoreUnavailableError: If it does not answer.
    """
    count, n_known = count_decisions(night), current.n_decisions if current else 0
    if current and count < n_known:
        problem = f"has {count:,} stewards' decisions, but the publication was made with {n_known:,}."
        remedy = (
            "Restore it from a backup, correct decisions_url, or bring an export back (boroughlink decide "
            f"--import FILE --by NAME). If they are lost for good, remove `decisions` from {current.folder / 'manifest.json'}."
        )
        raise StateError("the store of decisions", problem, remedy)


def _abandon(home: Home, note: RunNote) -> None:
    folder = home.run(note.run_id).root
    if home.is_published(note.run_id):
        note_published(folder)
    elif note.state == "unfinished":
        change_note(folder, state="abandoned", ended_at=utc_now())
    log("run not continued", run=note.run_id)


def _hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
