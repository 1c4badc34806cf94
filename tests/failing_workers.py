"""Spark's workers that fail where they score pairs: by a module that Python loads at their start."""

from __future__ import annotations

import os
from pathlib import Path

QUOTED = "SMITH, Mary, 2010-01-01"
HOOK = f"""
import os, signal, sys
from pathlib import Path

if "pyspark.daemon" in sys.orig_argv:
    from pipeline.engines.spark import jobs

    def fail(*_):
        if os.environ["WORKERS_FAIL"] == "raise":
            raise ValueError({QUOTED!r})
        daemon = Path("/proc", str(os.getppid()), "status").read_text()
        java = int(daemon.partition("PPid:")[2].split()[0])
        os.kill(java if os.environ["WORKERS_FAIL"] == "java" else os.getpid(), signal.SIGKILL)
        signal.pause()

    jobs.scan_blocks = fail
"""


def failing_workers(folder: Path, how: str) -> dict[str, str]:
    """Environment of a command whose workers ``raise`` an error that quotes a person, ``die``, or kill ``java``."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    return {"PYTHONPATH": path, "WORKERS_FAIL": how}
