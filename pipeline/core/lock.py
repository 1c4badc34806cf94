"""One run a home at a time."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.clock import utc_now
from pipeline.core.durable import make_folder
from pipeline.core.errors import MOVE_AWAY, RunLockedError, StateError
from pipeline.core.places import Home, misplaced

LOOKS_S = 1.0
HOME_MODE = 0o750
"""Of a home that is made here: personal data, for its owner and group."""


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Hold the lock while the block runs. The system frees it when the process dies, however it dies.

    Raises:
        RunLockedError: If another process holds it; says which.
        StateError: If a file lies where the home has a folder, or the other way round.
    """
    for wrong, problem in misplaced(Home(path.parent)):
        raise StateError(str(wrong), problem, MOVE_AWAY)
    make_folder(path.parent, HOME_MODE)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _take(handle):
            raise RunLockedError(str(path.parent), _holder(handle))
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": utc_now(),
        }
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    """Take the lock; whoever only looks who holds it (``lock_holder``) has it for a moment, so try for a second."""
    until = time.monotonic() + LOOKS_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(LOOKS_S / 20)
        else:
            return True


def _holder(handle: int) -> str:
    try:
        holder = json.loads(os.pread(handle, 1000, 0) or b"{}")
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError):
        return "another process"


def lock_holder(path: Path) -> str | None:
    """Who holds the lock now; None where it is free, whatever the file says of earlier runs."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(handle)
    finally:
        os.close(handle)
    return None
