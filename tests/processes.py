"""Processes that a test looks at from outside, any of which may end meanwhile."""

from __future__ import annotations

import psutil


def is_gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody has asked for its exit code yet has, too."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def descendants(pid: int) -> list[int]:
    """All processes that a process has begun, and those that these have."""
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def command_of(pid: int) -> list[str]:
    """The words of the command it was started by; none where it has ended."""
    try:
        return psutil.Process(pid).cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
