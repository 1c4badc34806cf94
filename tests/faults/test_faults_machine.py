"""A machine that gives too little: the night ends, says what is missing, and the next one goes on."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest
from small_london import London, current_run, ended, forked, note_of, plain_night, published_tables

from flows.running import one_run
from pipeline.core.durable import storage_error
from pipeline.core.places import ROOT
from pipeline.engines import kernel_folder

OLD, NEW, DAY = "2026-11-20-1", "2026-11-21-1", "2026-11-21"
NOWHERE = Path("/proc/nowhere")
KERNELS = """
from pathlib import Path
from pipeline.engines import kernel_folder
print(kernel_folder([Path("/proc/nowhere")]))
"""


@pytest.mark.slow
def test_a_night_with_too_little_memory_to_map_fails_in_words_and_the_next_goes_on(
    london: London, home: Path, undisturbed: dict[str, object]
) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3_500_000_000, resource.RLIM_INFINITY))
        plain_night(london.night(home, DAY))

    out = london.place / "out"
    assert ended(forked(limited, out)) == 1
    assert "may map only 3.5 GB of memory here" in out.read_text("utf-8")
    assert current_run(home) == OLD
    assert ended(forked(lambda: plain_night(london.night(home, DAY)), out)) == 0
    assert published_tables(home) == undisturbed


def test_a_pipe_that_is_full_is_no_lack_of_threads_or_processes() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    pipe = os.fdopen(writing, "wb", buffering=4096)
    with pytest.raises(BlockingIOError) as full:
        pipe.writelines(bytes(4096) for _ in range(1_000))
    os.close(reading)
    with suppress(BrokenPipeError):
        pipe.close()
    assert full.value.errno == errno.EAGAIN
    assert storage_error(full.value, Path("/srv/home")) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no more threads or processes"),
        (RuntimeError("can't start new thread"), "no more threads or processes"),
        (pa.ArrowException("Unknown error: Failed to launch worker thread"), "no more threads or processes"),
        (MemoryError(), "memory ran out"),
        (ImportError("libx.so: failed to map segment from shared object"), "memory ran out"),
    ],
)
def test_what_the_machine_refuses_between_the_stages_is_told_and_kept_in_words(
    london: London, home: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    monkeypatch.setattr(one_run, "quiet_prefect", raising(error))
    out = london.place / "out"
    assert ended(forked(lambda: plain_night(london.night(home, DAY)), out)) == 1
    assert f"StorageError this machine: {words}" in out.read_text("utf-8")
    assert words in str(note_of(home, NEW)["reason"])
    assert current_run(home) == OLD


def raising(error: Exception) -> Callable[[Path], None]:
    def work(_home: Path) -> None:
        raise error

    return work


def test_another_error_of_a_thread_is_none_of_the_machine() -> None:
    assert storage_error(RuntimeError("another"), Path()) is None
    assert storage_error(ImportError("no module named x"), Path()) is None


def test_kernels_are_kept_in_the_first_place_that_can_be_written(tmp_path: Path) -> None:
    folder = kernel_folder([NOWHERE, tmp_path / "cache"])
    assert folder.parent == tmp_path / "cache"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_where_no_place_lasts_kernels_are_kept_as_long_as_the_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KERNELS],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert Path(done.stdout.strip()).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_kernels_that_cannot_be_written_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import pipeline.engines"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env={**os.environ, "NUMBA_CACHE_DIR": str(NOWHERE)},
    )
    assert "NUMBA_CACHE_DIR must name a folder that this user may write" in done.stderr
