"""Engines: each carries out a model on a table of records.

Compiled kernels are kept in a folder named by the code they come from, so that an upgraded program never reads those
of an older one (numba's own index is read before it is checked).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numba


def _kernel_folder() -> Path:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    return Path(__file__).parent / "__pycache__" / f"kernels-{digest.hexdigest()[:12]}"


if not os.environ.get("NUMBA_CACHE_DIR") and os.access(Path(__file__).parent, os.W_OK):
    numba.config.CACHE_DIR = str(_kernel_folder())  # type: ignore[attr-defined]  # elsewhere numba finds a place of its own
