"""Processes that read exports beside the night's own, because Python uses one core a process.

An export that hangs, or takes all memory there is, ends the process that reads it and not the night.
"""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, forkserver, get_context, parent_process, resource_tracker, util
from pathlib import Path
from typing import ParamSpec, Self, TypeVar

from pebble import ProcessPool

from flows.stages.socket_folder import SOCKET_FOLDER
from pipeline.core.cores import usable_cores
from pipeline.core.log import log, log_to
from pipeline.core.memory import few_cycles, memory_of_the_system

P = ParamSpec("P")
R = TypeVar("R")
LOCKS = 16
"""More than a pool has; where there is room for them, there is for it"""
LOOK_SECONDS = 1.0
"""How often it is looked whether there still are processes that may do what is waited for"""
ASKED_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CONTEXT = get_context("forkserver")  # workers are forked from a process that has no threads, and all imports


class Workers:
    """A pool of reading processes, or the night's own process where one is enough; use as a context manager."""

    def __init__(self, most: int, log_file: Path) -> None:
        processes = _processes(most) if has_locks() else 1
        self.processes = processes if processes > 1 and _start_forkserver() else 1
        arguments = dict(os.environ), log_file
        self._pool = ProcessPool(self.processes, 0, _begin, arguments, CONTEXT) if self.processes > 1 else None

    def do(self, seconds: float, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work in a process and return its result; may be called from several threads, each of which waits.

        Raises:
            TimeoutError: If it takes longer; its process is ended. The night's own process never is.
            pebble.ProcessExpired: If its process died.
            BrokenProcessPool: If no process can be started, or each dies before it begins.
        """
        if self._pool is None:
            return work(*args, **kwargs)
        if not self._pool.active:
            raise BrokenProcessPool
        future = self._pool.schedule(_do_work, (work, *args), kwargs, seconds)
        while not wait([future], LOOK_SECONDS).done:
            if not self._pool.active:  # a task that comes as the pool breaks is never answered
                raise BrokenProcessPool
        result: R = future.result()
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._pool is None:
            return
        if not self._pool.active:
            self._pool.stop()  # type: ignore[no-untyped-call]  # its threads may wait for ever, and end with the night
            return
        (self._pool.stop if kind else self._pool.close)()  # type: ignore[no-untyped-call]
        self._pool.join()


def has_locks() -> bool:
    """Processes may have locks in common; where /dev/shm is read-only or full, they may not."""
    try:
        [CONTEXT.Lock() for _ in range(LOCKS)]
    except OSError as error:
        log("no locks between processes", error=type(error).__name__)
        return False
    return True


def warm_up(most: int) -> None:
    """Begin to import what workers need, while this process goes on."""
    if _processes(most) > 1:
        _start_forkserver()


def _start_forkserver() -> bool:
    """Start the process that workers are forked from, where it is not there yet, with what asks to stop blocked in it and in them.

    Returns False where TMPDIR is too long for a socket's path, so that there can be none.

    A terminal and a service send it to them too, and it would end without having removed what it made. This process gets it
    as soon as the block is over.
    """
    CONTEXT.set_forkserver_preload(["flows.stages.socket_folder", "flows.stages.reading"])
    resource_tracker.ensure_running()  # first, for it unblocks signals when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKED_TO_STOP)
    os.environ[SOCKET_FOLDER] = util.get_temp_dir()
    try:
        forkserver.ensure_running()
    except OSError as error:
        if error.errno is not None:  # which the system has set: for want of processes, say
            raise
        log("no socket for processes", folder_characters=len(os.environ[SOCKET_FOLDER]))
        return False
    finally:
        del os.environ[SOCKET_FOLDER]
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return True


def _processes(most: int) -> int:
    return min(most, usable_cores())


def _do_work(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    with few_cycles(), memory_of_the_system():
        try:
            return work(*args, **kwargs)
        except Exception:
            if os.environ.get("BOROUGHLINK_DEBUG"):
                traceback.print_exc()  # here, where it happened
            raise


def _begin(environment: dict[str, str], log_file: Path) -> None:
    """Prepare a new worker: it writes to the run's log, and ends with the night."""
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the night's own process, which gets it too, ends its workers
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKED_TO_STOP)
    log_to(log_file)
    threading.Thread(target=_end_with_the_night, daemon=True).start()


def _end_with_the_night() -> None:
    night = parent_process()
    if night is not None:
        connection.wait([night.sentinel])
        os._exit(1)
