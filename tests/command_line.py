"""The command line as tests use it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.places import ROOT

COMMAND = (sys.executable, "-c", "from flows.cli import main; main()")


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> dict[str, object]:
        return json.loads(self.out)


def boroughlink(*arguments: str, before: Sequence[str] = (), **environment: str) -> Finished:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        [*before, *COMMAND, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
        check=False,
        env={**os.environ, **environment},
    )
    return Finished(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class NightOnSample:
    home: Path
    finished: Finished

    @property
    def current(self) -> Path:
        return self.home / "published" / "current"

    @property
    def run(self) -> Path:
        return self.home / "runs" / str(self.finished.said["run_id"])
