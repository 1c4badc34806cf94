"""What a command takes, measured from outside by the kernel's own counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.places import ROOT

TIMED = Path(__file__).with_name("timed.py")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took, from its start to its end."""

    wall_seconds: float
    cpu_seconds: float
    """user and system, of all its threads"""
    peak_mb: float
    """largest resident memory"""
    others_cpu_seconds: float | None
    """what everything else on the machine spent meanwhile: a measurement that was disturbed shows"""
    code: int
    is_late: bool
    """it was stopped, having run longer than it may"""

    @property
    def problem(self) -> str:
        """Why there is no result; empty when it ended well."""
        if self.is_late:
            return f"stopped after {self.wall_seconds:.0f} s"
        return f"ended with exit code {self.code}" if self.code else ""


def run_measured(
    command: Sequence[str], log: Path, limit_seconds: float, environment: Mapping[str, str] | None = None
) -> Cost:
    """Run a command to its end, alone, from the project's folder; what it says goes to the log.

    It may keep compiled modules, as where it is installed: else each of its runs would compile them anew.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.run(
        [sys.executable, "-I", "-S", str(TIMED), str(limit_seconds), str(log), *command],
        env={**inherited, **(environment or {})},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return Cost(**json.loads(process.stdout))
