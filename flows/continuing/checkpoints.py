"""Finished stages are not repeated: a marker beside a stage's files tells its inputs, and each file's size and checksum.

``<run>/<stage>/done.json`` is written last, after everything else is on disk. A run that is continued believes a marker
only where it was made from the same inputs and every file still has its size and checksum; else the stage runs again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from flows.night.plan import Night
from pipeline.core.durable import checksum_of, make_folder, sync_file, sync_folder, write_synced
from pipeline.core.log import log
from pipeline.core.parquet import AT_ONCE
from pipeline.core.places import Home
from pipeline.core.run_note import read_note

MARKER = "done.json"
NOTE = "note.json"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of a run, or the part of it that one feed or source is."""

    night: Night
    name: str
    """Its folder in the run's: ``link``, ``read/custody``"""
    after: tuple[str, ...] = ()
    """Names of the steps whose outputs it reads"""
    outputs: tuple[Path, ...] = ()
    """Files and folders that it writes, all in the home"""

    @property
    def marker(self) -> Path:
        """The file that says that the step is done."""
        return self.night.folder.root / self.name / MARKER

    def inputs(self) -> str:
        """Hash of all that its outputs depend on."""
        note = read_note(self.night.folder.root)
        stamps = [dict(note.stamps), note.base] if note else []
        return _digest([self.name, stamps, [_outcome_of(self.night.folder.root / name) for name in self.after]])

    def files(self) -> dict[str, tuple[int, str]]:
        """Size and checksum of every file that it wrote, by path in the home."""
        root, paths = self.night.home.root, sorted(_files(self.outputs))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return {
                str(path.relative_to(root)): facts
                for path, facts in zip(paths, pool.map(_size_and_checksum, paths), strict=True)
            }


def once(step: Step, kind: type[T], work: Callable[[], T], is_current: Callable[[], bool] = lambda: True) -> T:
    """The step's result: from its marker where the step is done, else by doing it.

    Args:
        step: what is done, and where its marker lies.
        kind: type of the result, which the marker keeps; ids, counts and paths, never rows.
        work: does the step.
        is_current: whether what the step read outside the home is still as it was; asked only where all else stands.
    """
    codec: TypeAdapter[T] = TypeAdapter(kind)
    marker = _valid_marker(step)
    if marker is not None and is_current():
        try:
            result = codec.validate_python(marker["result"])
        except ValidationError:
            log("checkpoint not understood", stage=step.name)
        else:
            log("stage stands", stage=step.name)
            return result
    _clear(step)
    result = work()
    _mark(step, codec.dump_python(result, mode="json"))
    return result


def as_marked(home: Home, folder: Path, paths: Iterable[Path]) -> bool:
    """Whether the files of a finished step are byte by byte those that the marker in its folder tells of."""
    try:
        outputs = json.loads((folder / MARKER).read_text("utf-8"))["outputs"]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            are_same = list(
                pool.map(
                    lambda path: tuple(outputs[str(path.relative_to(home.root))]) == _size_and_checksum(path), paths
                )
            )
        return all(are_same)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _clear(step: Step) -> None:
    """Remove what an earlier try left in the run's folder; what is published is left alone."""
    step.marker.unlink(missing_ok=True)
    for path in step.outputs:
        if path.is_relative_to(step.night.folder.root):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _mark(step: Step, result: object) -> None:
    files = step.files()
    paths = [step.night.home.root / path for path in files]
    for path in paths:
        sync_file(path)
    for folder in {path.parent for path in paths}:
        sync_folder(folder)
    make_folder(step.marker.parent)
    marker = {"stage": step.name, "inputs": step.inputs(), "outputs": files, "result": result}
    write_synced(step.marker, json.dumps(marker, indent=1, sort_keys=True))


def _valid_marker(step: Step) -> dict[str, Any] | None:
    """The marker's content; None where there is none, or it does not go with the inputs and files of today."""
    try:
        marker = json.loads(step.marker.read_text("utf-8"))
        is_same = marker["inputs"] == step.inputs()
        outputs = {path: tuple(facts) for path, facts in marker["outputs"].items()}
        marker["result"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        log("checkpoint damaged", stage=step.name)
        return None
    if not is_same:
        log("checkpoint of other inputs", stage=step.name)
        return None
    if outputs != step.files():
        log("checkpoint does not go with its files", stage=step.name)
        return None
    return marker


def _outcome_of(folder: Path) -> str:
    """Hash of what a finished step wrote; of a step without a marker, as of a feed that failed, the hash of its note."""
    try:
        return _digest(json.loads((folder / MARKER).read_text("utf-8"))["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        note = folder / NOTE
        return hashlib.sha256(note.read_bytes()).hexdigest() if note.exists() else ""


def _files(places: Iterable[Path]) -> Iterable[Path]:
    """The files that count: no marker, no hidden leftover of a write that was cut off."""
    for place in places:
        for path in place.rglob("*") if place.is_dir() else (place,):
            if path.is_file() and path.name != MARKER and not path.name.startswith("."):
                yield path


def _size_and_checksum(path: Path) -> tuple[int, str]:
    return path.stat().st_size, checksum_of(path)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
