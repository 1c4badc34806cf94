"""What the system allows this process: threads and processes, open files, memory. Looked at before work begins.

Where the system refuses a thread in the middle of the work, libraries that run on threads wait for ever for what nobody does.
"""

from __future__ import annotations

import resource
import threading

from pipeline.core.cores import usable_cores
from pipeline.core.errors import StorageError

FILES = 1024
"""Open files that a night of many feeds may need"""
THREADS, THREADS_A_CORE = 48, 16
"""Threads and processes of a night with Prefect's server: about 50 were counted on two cores"""
COMMAND_THREADS, COMMAND_THREADS_A_CORE = 12, 2
"""Threads of any other command: 12 were counted on two cores, most of them Arrow's, which ends the process where one does not start"""
ADDRESS_SPACE = 4_000_000_000
"""Bytes that a night maps, most of which it never uses: stacks of threads, code of libraries; with less it may crash"""


def allow_open_files() -> None:
    """Raise this process's limit of open files as far as it may itself, and is of use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def threads_needed() -> int:
    """As many threads as a night may have at a time, those of its other processes counted."""
    return THREADS + THREADS_A_CORE * usable_cores()


def threads_that_start(most: int) -> int:
    """How many more threads this process can have at a time, up to ``most``; they end before this returns."""
    threads: list[threading.Thread] = []
    may_end = threading.Event()
    try:
        for _ in range(most):
            thread = threading.Thread(target=may_end.wait, daemon=True)
            thread.start()
            threads.append(thread)
    except (RuntimeError, MemoryError):  # that is what was asked
        pass
    finally:
        may_end.set()
    for thread in threads:
        thread.join()
    return len(threads)


def check_limits() -> None:
    """Check that all threads and processes of a night can start, and that its libraries have room in memory.

    Raises:
        StorageError: If the system does not allow as much.
    """
    if (mapped := _address_space()) is not None and mapped < ADDRESS_SPACE:
        needed_gb = ADDRESS_SPACE / 1e9
        problem = f"may map only {mapped / 1e9:.1f} GB of memory here, and a night needs {needed_gb:.1f} GB or more."
        what_to_do = "Lift that limit (ulimit -v); a limit of the service or container counts what is really used."
        raise StorageError("a process", problem, what_to_do)
    _check_threads(threads_needed(), "a night")


def check_command_threads() -> None:
    """Check that all threads of a command can start.

    Raises:
        StorageError: If the system does not allow as many.
    """
    _check_threads(COMMAND_THREADS + COMMAND_THREADS_A_CORE * usable_cores(), "this command")


def _check_threads(needed: int, by: str) -> None:
    if (count := threads_that_start(needed)) < needed:
        problem = f"this user may start only {count} more threads and processes here, and {by} may need {needed}."
        what_to_do = "Raise the limit: ulimit -u, TasksMax of the service, or the container's limit of pids."
        raise StorageError("this machine", problem, what_to_do)


def _address_space() -> int | None:
    """Bytes of memory that a process may map, used or not; None where that is not limited."""
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if soft == resource.RLIM_INFINITY else soft
