"""How many cores this process may use: those of the machine that it may run on, and no more than its container's share."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def usable_cores(cgroups: Path = CGROUPS, own_cgroup: Path = OWN_CGROUP) -> int:
    """Cores that this process may use, at least 1: its affinity, and the cgroup v2 limits above it (``docker run --cpus 2``).

    A limit of one core and a half counts as two: threads of one core would leave the half unused.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _cgroup_share(cgroups, own_cgroup)
    return affinity if share is None else max(1, min(affinity, math.ceil(share)))


def _cgroup_share(cgroups: Path, own_cgroup: Path) -> float | None:
    """The least limit of the process's cgroup and of those that it lies in, in cores; None where nothing limits it."""
    try:
        lines = own_cgroup.read_text("utf-8").splitlines()
    except OSError:
        return None
    name = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), None)  # the one of version 2
    if name is None:
        return None
    folder = cgroups / name.strip("/")
    folders = [folder, *folder.parents] if folder.is_relative_to(cgroups) else []
    shares = [_quota(each / "cpu.max") for each in folders if each.is_relative_to(cgroups)]
    return min((share for share in shares if share is not None), default=None)


def _quota(path: Path) -> float | None:
    """What a ``cpu.max`` allows, in cores: ``200000 100000`` is two; None for ``max``, and where it cannot be read."""
    try:
        quota, period = path.read_text("utf-8").split()
        return int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
