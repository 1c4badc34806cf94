"""What the doctor looks at besides the home's own files: libraries, permissions, disk, Prefect."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from flows.doctor.finding import Finding, State
from pipeline.core.durable import unreadable
from pipeline.core.errors import StorageError
from pipeline.core.limits import check_limits
from pipeline.core.places import ROOT, Home, size_of
from pipeline.publish.publication import Publication

PYTHONS = ("3.11", "3.12")


def versions() -> Iterator[Finding]:
    """Python, and the libraries against the lock file."""
    python = platform.python_version()
    is_known = python.rpartition(".")[0] in PYTHONS
    yield Finding(
        "python", "ok" if is_known else "problem", python, "" if is_known else f"Use Python {' or '.join(PYTHONS)}."
    )
    lock = ROOT / "uv.lock"
    if not lock.is_file():
        return
    locked: dict[str, set[str | None]] = {}
    for row in tomllib.loads(lock.read_text("utf-8"))["package"]:  # one entry a version: some differ by Python
        locked.setdefault(row["name"], set()).add(row.get("version"))
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = [re.split(r"[^A-Za-z0-9_-]", requirement)[0].lower() for requirement in wanted]
    differing = [f"{name} {_installed(name)}" for name in names if _installed(name) not in locked.get(name, set())]
    if differing:
        yield Finding("libraries", "warning", f"not as in the lock: {', '.join(differing)}.", "Run: uv sync --frozen")
    else:
        yield Finding("libraries", "ok", f"{len(names)} as in the lock.")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def not_to_be_read(home: Home) -> list[Finding]:
    """The lock, and folders of the home and in those, that this user may not look into: without them nothing can be said of it."""
    above = (home.root, home.runs, home.published, home.kept, home.last_good.parent, home.last_good)
    unread = dict.fromkeys(path for folder in above for path in _unread_in(folder))
    if os.access(home.lock, os.F_OK) and not os.access(home.lock, os.R_OK):
        unread[home.lock] = None
    if not unread:
        return []
    others = f", nor {len(unread) - 1:,} others of the home" if len(unread) > 1 else ""
    found = f"this user may not read {next(iter(unread))}{others}."
    return [Finding("home", "problem", found, f"Run as the user whose it is, or: chown -R $(id -u) {home.root}")]


def _unread_in(folder: Path) -> Iterator[Path]:
    """What this user may not look into, of a folder and the folders in it; nothing where there is none."""
    try:
        parts = list(os.scandir(folder))
    except PermissionError as error:
        yield unreadable(error) or folder
    except OSError:
        return  # not there, or no folder: told elsewhere
    else:
        yield from (Path(part) for part in parts if part.is_dir() and not os.access(part, os.R_OK | os.X_OK))


def home_to_be(home: Home) -> Finding:
    """A home that the first night will make, and whether it may."""
    above = next(folder for folder in home.root.absolute().parents if folder.is_dir())
    if not os.access(above, os.W_OK | os.X_OK):
        found = f"{home.root} is not there, and this user may not make it in {above}."
        return Finding(
            "home", "problem", found, "Make it and give it to the user that runs boroughlink, or correct `home`."
        )
    return Finding("home", "warning", f"{home.root} is not there.", "The first boroughlink run makes it.")


def home_of(home: Home) -> Iterator[Finding]:
    """Who may read and write the home."""
    status = home.root.stat()
    if not os.access(home.root, os.W_OK | os.X_OK):
        yield Finding(
            "home",
            "problem",
            f"{home.root} cannot be written.",
            "Mount it for writing, or give it to the user that runs boroughlink.",
        )
    elif status.st_uid not in (os.geteuid(), 0):
        yield Finding(
            "home", "warning", "belongs to another user.", f"Run as that user, or: chown -R $(id -u) {home.root}"
        )
    elif status.st_mode & 0o007:
        yield Finding("home", "warning", "every user of this machine can read it.", f"chmod o-rwx {home.root}")
    else:
        yield Finding("home", "ok", f"{home.root}, mode {status.st_mode & 0o777:o}.")


def desk_key(home: Home) -> Iterator[Finding]:
    """Who may read the key of the review desk's second factors; nothing where there is no key file."""
    try:
        mode = home.desk_key.stat().st_mode
    except FileNotFoundError:
        return
    if mode & 0o077:
        yield Finding(
            "desk key",
            "problem",
            f"{home.desk_key} can be read by others than its owner, and the desk does not start.",
            f"chmod 600 {home.desk_key}",
        )
    else:
        yield Finding("desk key", "ok", "only its owner can read it. Keep a copy apart from the database's backup.")


def disk(home: Home, current: Publication | None) -> Iterator[Finding]:
    """Free space against what the last run took."""
    free = shutil.disk_usage(home.root).free
    last = size_of(home.run(current.run_id).root) + size_of(current.folder) if current else 0
    state: State = "problem" if free < last else "warning" if free < 3 * last else "ok"
    space = f"{free / 1e9:,.1f} GB free, the last run took {last / 1e9:,.3f} GB."
    yield Finding("disk", state, space, "" if state == "ok" else "Free some space, or prune old runs.")


def limits() -> Finding:
    """Whether a night can have the threads, processes and memory that it needs, where this command runs."""
    try:
        check_limits()
    except StorageError as error:
        return Finding("limits", "problem", f"{error.place} {error.problem}", error.what_to_do)
    return Finding("limits", "ok", "threads, processes and memory are there for a night.")


def prefect() -> Finding:
    """Which Prefect server runs are reported to."""
    if url := os.environ.get("PREFECT_API_URL"):
        return Finding(
            "prefect",
            "ok",
            f"runs are told to {url.partition('?')[0].rpartition('@')[2]}; telemetry is off in every run.",
        )
    return Finding("prefect", "ok", "a server of its own on this machine; telemetry is off in every run.")
