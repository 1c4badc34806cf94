"""What a run was made on, and from: no path and no name of the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.core.cores import usable_cores
from pipeline.core.places import ROOT

PACKAGES = ("splink", "recordlinkage", "duckdb", "numba", "numpy", "pyarrow", "pandas")


def about_machine() -> dict[str, str | int | float]:
    """Cores, memory, processor, system, versions, and the commit that ran."""
    about: dict[str, str | int | float] = {
        "cores": usable_cores(),
        "memory_gb": round(_memory_gb(), 1),
        "processor": _processor(),
    }
    about |= {"system": platform.system(), "python": platform.python_version(), "commit": _commit()}
    return about | {name: _version(name) for name in PACKAGES}


def _memory_gb() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """Short hash of the commit, with a plus when the linkage's own files differ from it; empty outside a checkout."""
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", "pipeline", "flows", "schemas")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit + ("+" if changed else "")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
