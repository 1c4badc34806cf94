"""Bring the bytes of an export, from a folder or any URL that fsspec knows."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipeline.core.errors import SourceError
from pipeline.core.spreadsheet import name_shown
from pipeline.read.sheets import Fetched

MOST_BYTES = 2 << 30
CHAIN = "::"
"""Stands between a member of an archive and the archive"""
ARCHIVES = ("zip", "tar", "libarchive")
PORT = re.compile(r"\d*")
NO_FILE = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def locate(root: str, location: str) -> str:
    """Where an export lies: an absolute location as it is, a relative one below the root, also where it is the archive of a member."""
    *members, outermost = location.split(CHAIN)
    if "://" not in outermost and not outermost.startswith("/"):
        outermost = f"{root.rstrip('/')}/{outermost}"
    return CHAIN.join((*members, outermost))


def published_name(root: str, location: str) -> str:
    """An export as tables and messages name it: a path that leads to it, without user, password and what a URL asks for.

    A relative location is told as it is; an absolute path below the root by its way from there; of a member of an archive the archive,
    and then the member.
    """
    if "://" not in location:
        return _below(root, location) if location.startswith("/") else location
    *members, outermost = location.split(CHAIN)
    inner = [
        _path_of(member) for member in reversed(members) if "://" in member
    ]  # a protocol alone, such as a cache, has no path
    return "/".join((_below(root, _path_of(outermost)), *inner))


def _path_of(url: str) -> str:
    """Path, or host and path."""
    protocol, sign, rest = url.partition("://")
    if not sign or protocol in ("file", "local"):
        return rest or url
    if protocol in ARCHIVES:
        return rest.lstrip("/")
    host = rest.partition("/")[0]
    if "@" in host or not PORT.fullmatch(host.partition(":")[2]):
        rest = rest.rpartition("@")[2]  # a user stood before it, perhaps with a password that holds a slash
    return re.split(r"[?#]", rest, maxsplit=1)[0]


def _below(root: str, path: str) -> str:
    """An absolute path below the root by its way from there; any other as it is."""
    try:
        return str(PurePosixPath(path).relative_to(root))
    except ValueError:
        return path


def fetch(root: str, location: str) -> Fetched:
    """The whole file, with its SHA-256.

    Raises:
        SourceError: missing_file, not_a_file, empty_file, too_large, no_package, or unreachable (which a later try may mend).
    """
    file = published_name(root, location)
    try:
        filesystem, path = fsspec.core.url_to_fs(locate(root, location))
        if isinstance(filesystem, LocalFileSystem):
            check_is_file(Path(path), file)
        size = filesystem.size(path)
        if size is not None and size > MOST_BYTES:
            raise SourceError(
                "too_large", file, f"has {size:,} bytes, at most {MOST_BYTES:,} are read.", "Split the export."
            )
        data = filesystem.cat_file(path)
    except FileNotFoundError:
        raise SourceError("missing_file", file, "is not there.", "Ask the borough for tonight's export.") from None
    except ImportError as error:
        raise no_package(file, str(error)) from None
    except PermissionError:
        what_to_do = "Let that user read the file, and enter each folder that leads to it."
        raise SourceError(
            "unreachable", file, "may not be read by the user of the night.", what_to_do, is_retryable=True
        ) from None
    except (OSError, ValueError) as error:
        raise SourceError(
            "unreachable",
            file,
            f"cannot be reached ({_why(error)}).",
            "Check the location and the connection.",
            is_retryable=True,
        ) from None
    if not data.strip(b"\x00 \r\n\t"):
        raise SourceError("empty_file", file, "is empty.", "Ask the borough to export it again.")
    return Fetched(file, data, hashlib.sha256(data).hexdigest())


def _why(error: OSError | ValueError) -> str:
    """The system's own words, where it has some: a link that leads to itself, a network drive that went away."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else type(error).__name__


def missing_with_nearest(missing: SourceError, root: str, location: str, expected: Iterable[str]) -> SourceError:
    """The error that an export is not there, with what tells why; itself where nothing does.

    That is a folder that is gone or empty, such as a share that is not mounted, or the file in it whose name is most like its own.

    Args:
        missing: the error, missing_file.
        root: of the exports.
        location: of the export that is missing.
        expected: locations of all exports of its contract; their files are not meant.
    """
    path = locate(root, location)
    if "://" in path:
        return missing
    taken = {locate(root, other) for other in expected}
    try:
        beside = {
            found.name.casefold(): found for found in sorted(Path(path).parent.iterdir()) if str(found) not in taken
        }
        if not any(Path(path).parent.iterdir()):
            return _without_folder(missing, "is empty")
    except FileNotFoundError:
        return _without_folder(missing, "is not there either")
    except OSError:
        return missing
    likest = difflib.get_close_matches(Path(path).name.casefold(), beside, n=1)
    if not likest or not beside[likest[0]].is_file():
        return missing
    name = name_shown(beside[likest[0]].name)
    problem = f"is not there; not read: {name} beside it, which no feed of the contract has as `location`."
    what_to_do = f"If that is tonight's export, rename it, or correct `location`. {missing.what_to_do}"
    return SourceError(missing.code, missing.place, problem, what_to_do)


def _without_folder(missing: SourceError, what_of_it: str) -> SourceError:
    folder = PurePosixPath(missing.place).parent.name
    problem = f"is not there: its folder{' ' + name_shown(folder) if folder else ''} {what_of_it}."
    what_to_do = f"Is it a share that is not mounted? Mount it; else: {missing.what_to_do}"
    return SourceError(missing.code, missing.place, problem, what_to_do)


def no_package(place: str, wanted: str) -> SourceError:
    """That a location needs a package which is not installed; ``wanted``: what the library that misses it says."""
    problem = f"cannot be reached, for a package is missing: {wanted.rstrip('.')}."
    return SourceError("no_package", place, problem, "Install it beside boroughlink: `.boot/bin/uv pip install NAME`.")


def no_file(path: Path) -> str | None:
    """What lies there in a file's place, in words; None where it is a file.

    A device may never end, and who opens a pipe waits until somebody writes into it.

    Raises:
        FileNotFoundError: If nothing lies there.
    """
    mode = path.stat().st_mode
    return None if stat.S_ISREG(mode) else NO_FILE.get(stat.S_IFMT(mode), "a device")


def check_is_file(path: Path, file: str) -> None:
    """That no folder, device, pipe or socket lies in the file's place.

    Raises:
        SourceError: not_a_file.
        FileNotFoundError: If nothing lies there.
    """
    if kind := no_file(path):
        raise SourceError(
            "not_a_file", file, f"is {kind}, and a file belongs there.", "Move it away, and put tonight's export there."
        )


def check_unchanged(root: str, location: str, fetched: Fetched) -> None:
    """That the export is still what was read: a file on this machine by its hash, another one by its size.

    Raises:
        SourceError: changing, which a later try may mend: somebody writes to it.
    """
    try:
        filesystem, path = fsspec.core.url_to_fs(locate(root, location))
        if isinstance(filesystem, LocalFileSystem):
            is_same = hashlib.sha256(filesystem.cat_file(path)).hexdigest() == fetched.sha256
        else:
            size = filesystem.size(path)
            is_same = size is None or size == len(fetched.data)
    except (OSError, ImportError, ValueError):
        is_same = False
    if not is_same:
        raise SourceError(
            "changing",
            fetched.file,
            "changed while it was read.",
            "Ask the borough to write it under another name and to rename it when it is whole.",
            is_retryable=True,
        )
