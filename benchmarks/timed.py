"""Run one command to its end and print as JSON what it took. Usage: ``timed.py LIMIT_SECONDS LOG COMMAND...``.

A script of its own, started afresh each time: the kernel lets a process's peak memory begin with that of the process it
was forked from, so whoever starts the command must be small. Imports nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
RSS_UNIT = 1024 * 1024 if sys.platform == "darwin" else 1024  # getrusage counts bytes there, kibibytes on Linux


def run(limit_seconds: float, log: Path, command: list[str]) -> dict[str, float | int | bool | None]:
    """Wall and CPU seconds (all threads, user and system), peak memory (MB), and how it ended."""
    with log.open("wb") as output:
        busy, began = _busy_seconds(), time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        is_late = False

        def give_up(*_: object) -> None:
            nonlocal is_late
            is_late = True
            child.kill()

        signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, limit_seconds)
        try:
            _, status, used = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            raise
        wall, busy_now = time.perf_counter() - began, _busy_seconds()
        signal.setitimer(signal.ITIMER_REAL, 0)
    cpu = used.ru_utime + used.ru_stime
    others_cpu = None if busy is None or busy_now is None else max(busy_now - busy - cpu, 0.0)
    return {
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "peak_mb": used.ru_maxrss / RSS_UNIT,
        "others_cpu_seconds": others_cpu,
        "code": os.waitstatus_to_exitcode(status),
        "is_late": is_late,
    }


def _busy_seconds() -> float | None:
    """CPU seconds that the whole machine has spent since it started; None where the kernel does not say."""
    try:
        words = Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *more = (int(word) for word in words[1:9])  # guests are counted in user
    return (user + nice + system + sum(more)) / TICKS


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])))
