"""Writes that survive a power cut: whole or not at all, and synced; errors of the disk in plain words."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xxhash

from pipeline.core.errors import MOVE_AWAY, StorageError
from pipeline.core.places import IS_FILE, IS_FOLDER

AGAIN = "Run again with the same settings: stages that were finished are not repeated."
LOOK_AT_DISK = "Look at the system's log for the disk, then run boroughlink doctor."
IN_WORDS = {
    errno.ENOSPC: ("the disk is full.", f"Free some space, or prune old runs. {AGAIN}"),
    errno.EDQUOT: ("the disk quota is used up.", f"Free some space, or raise the quota. {AGAIN}"),
    errno.EFBIG: ("a file would be larger than this process may write.", f"Raise the limit (ulimit -f). {AGAIN}"),
    errno.EROFS: ("the file system is read-only.", f"Mount it for writing. {AGAIN}"),
    errno.EACCES: ("this user may not write there.", f"Give the folder to the user that runs boroughlink. {AGAIN}"),
    errno.EPERM: ("this user may not write there.", f"Give the folder to the user that runs boroughlink. {AGAIN}"),
    errno.EIO: ("the disk does not answer.", LOOK_AT_DISK),
    errno.EMFILE: ("this process may not open more files.", f"Raise the limit (ulimit -n). {AGAIN}"),
    errno.ENFILE: ("the system may not open more files.", f"Raise its limit (sysctl fs.file-max). {AGAIN}"),
}
NOT_PERMITTED = (errno.EACCES, errno.EPERM)
MAY_NOT_READ = (
    "this user may not read it.",
    "Give it to the user that runs boroughlink, or give the command as the user whose it is.",
)
MORE_PROCESSES = (
    "no more threads or processes may be started.",
    f"Raise the limit: ulimit -u, TasksMax of the service, or the container's limit of pids. {AGAIN}",
)
MORE_MEMORY = (
    "memory ran out.",
    f"Give it more memory, raise the limit (ulimit -v, or the container's), or set fewer `workers` in the run file. {AGAIN}",
)
THIS_MACHINE = "this machine"
NO_THREAD = ("can't start new thread", "Failed to launch worker thread")
"""What Python and Arrow say, in errors that have no number"""
DUCKDB_FULL = "OutOfMemoryException"

OTHER_HOME = "Name another place for the home: `home` in the run file, --home or BOROUGHLINK_HOME."
MISPLACED = {
    errno.EISDIR: IS_FOLDER,
    errno.EEXIST: IS_FILE,
    errno.ENOTDIR: "lies in a file, and a folder belongs there.",
}

SMALL = 65_536  # bytes; to read that again costs less than to remember it
_CHECKSUMS: dict[tuple[int, int, int, int], str] = {}


def write_synced(path: Path, text: str) -> None:
    """Write the text whole or not at all, and wait until it is on disk under its name."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        handle.write(text)
    sync_folder(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to write to; when the block ends well it is synced and takes the name by one rename.

    A crash leaves the old file, or none, and a hidden leftover that the next write of the name removes: never writes to,
    for it may be a second name of a finished file (``hand_on``). The folder is not synced: whoever needs the new name on
    disk calls ``sync_folder``.
    """
    with _taking_name(path) as temporary:
        yield temporary
        sync_file(temporary)


@contextmanager
def _taking_name(path: Path) -> Iterator[Path]:
    """As ``replacing``, of a file that the block itself syncs where it is not on disk yet."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        temporary.replace(path)
        temporary.unlink(missing_ok=True)  # where both were names of one file, the rename did nothing
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def replacing_own(path: Path) -> Iterator[Path]:
    """As ``replacing``, of a file that its owner only may read; its folder is made where it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        yield temporary


def hand_on(path: Path, target: Path) -> None:
    """Give a finished file a second name, whole or not at all; where the file system has no such links, a copy of it.

    Files are only ever replaced, never changed, so neither name sees what becomes of the other. A finished file is on disk, and
    only a copy has to be synced: to sync a name more waits for the disk as long as to sync what is new.
    """
    with _taking_name(target) as temporary:
        try:
            temporary.hardlink_to(path)
        except OSError:
            shutil.copyfile(path, temporary)
            sync_file(temporary)
        temporary.chmod(0o600)


def sync_file(path: Path) -> None:
    """Wait until the file's bytes are on disk."""
    with path.open("rb") as written:
        os.fsync(written.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on disk: a rename counts only then."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def checksum_of(path: Path) -> str:
    """XXH3 of a file's bytes, 128 bits: shows damage at a fifth of the cost of SHA-256, which would show forgery too.

    A large one is read once, whatever names it has: files are only ever replaced, never changed, and one that is changed nevertheless
    has another time. ``forget_checksums`` makes the next look read the disk again.
    """
    with path.open("rb") as handle:
        facts = os.fstat(handle.fileno())
        file = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
        if file not in _CHECKSUMS:
            checksum = hashlib.file_digest(handle, xxhash.xxh3_128).hexdigest()
            if facts.st_size < SMALL:
                return checksum
            _CHECKSUMS[file] = checksum
        return _CHECKSUMS[file]


def forget_checksums() -> None:
    """What was read of files is read again."""
    _CHECKSUMS.clear()


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make the folder and what it lies in, each on disk before the next.

    Raises:
        StorageError: If the file system there takes no folders, as /proc.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(mode=mode, exist_ok=True)
    except FileNotFoundError:  # though what it lies in is there
        raise StorageError(str(folder), "no folder can be made there.", OTHER_HOME) from None
    sync_folder(folder.parent)


def storage_error(error: BaseException, place: Path) -> StorageError | None:
    """The same error in plain words where it is one of the disk, of permissions or of what the system allows; else None.

    The error of a library often wraps that of the system, so its causes are looked at too.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and (unread := unreadable(cause)):
            return StorageError(str(unread), *MAY_NOT_READ)
        if isinstance(cause, OSError) and cause.errno in IN_WORDS:
            return StorageError(str(place), *IN_WORDS[cause.errno])
        if isinstance(cause, OSError) and cause.errno in MISPLACED:
            return StorageError(str(cause.filename2 or cause.filename or place), MISPLACED[cause.errno], MOVE_AWAY)
        if words := _of_the_machine(cause):
            return StorageError(THIS_MACHINE, *words)
        cause = cause.__cause__ or cause.__context__
    return None


def unreadable(error: OSError) -> Path | None:
    """The file or folder that this user may not read, where that is why the system refused; None where it is writing that it refused."""
    if error.errno not in NOT_PERMITTED or not isinstance(error.filename, str):
        return None
    path = Path(error.filename).absolute()
    for folder in reversed(path.parents):
        if not os.access(folder, os.X_OK):
            return folder if os.access(folder, os.F_OK) else None
    needed = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    return path if os.access(path, os.F_OK) and not os.access(path, needed) else None


def cannot_read(path: Path, error: OSError) -> StorageError:
    """The system's error at reading a file of the home, in words; it says nothing of what stands in the file."""
    if error.errno in NOT_PERMITTED:
        return StorageError(str(unreadable(error) or path), *MAY_NOT_READ)
    known_error = storage_error(error, path)
    return known_error or StorageError(str(path), f"cannot be read ({error.strerror}).", LOOK_AT_DISK)


def _of_the_machine(error: BaseException) -> tuple[str, str] | None:
    number = error.errno if isinstance(error, OSError) else None
    is_unloaded = isinstance(error, ImportError) and "failed to map segment" in str(error)
    if number == errno.ENOMEM or isinstance(error, MemoryError) or is_unloaded or type(error).__name__ == DUCKDB_FULL:
        return MORE_MEMORY
    is_pipe = hasattr(error, "characters_written")  # one that is full: whoever reads it is slow
    if (number == errno.EAGAIN and not is_pipe) or any(words in str(error) for words in NO_THREAD):
        return MORE_PROCESSES
    return None
