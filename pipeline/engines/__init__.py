"""Engines: each carries out a model on a table of records.

Compiled kernels are kept in a folder named by the code they come from, so that an upgraded program never reads those
of an older one (numba's own index is read before it is checked).
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numba

from pipeline.core.errors import StorageError


@functools.cache
def _name() -> str:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    return f"kernels-{digest.hexdigest()[:12]}"


def _places() -> list[Path]:
    """Beside the code, and in the user's cache. Kernels are code: no other user may put files there."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111  (never raises)
    return [Path(__file__).parent / "__pycache__", Path(cache) / "boroughlink"]


def kernel_folder(places: Iterable[Path]) -> Path:
    """In the first of these places that can be written; where none can, a folder that ends with this process.

    Raises:
        StorageError: If no folder can be written at all.
    """
    for folder in places:
        if _can_be_written(folder / _name()):
            return folder / _name()
    return _folder_of_this_process()


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _folder_of_this_process() -> Path:
    try:
        folder = Path(tempfile.mkdtemp(prefix="boroughlink-kernels-"))
    except OSError:
        what_to_do = "Let the user that runs boroughlink write its home folder or /tmp, or name a folder in TMPDIR."
        raise StorageError("compiled kernels", "no folder can be written to keep them in.", what_to_do) from None
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # and not in one that was forked from it
        shutil.rmtree(folder, ignore_errors=True)


if not (named := os.environ.get("NUMBA_CACHE_DIR")):
    numba.config.CACHE_DIR = str(kernel_folder(_places()))  # type: ignore[attr-defined]
elif not _can_be_written(Path(named)):
    raise StorageError(named, "cannot be written.", "NUMBA_CACHE_DIR must name a folder that this user may write.")
