"""A disk that is full, read-only or limited: the night says so and what to do, readers keep what they have, the next one goes on."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import boroughlink
from home_bytes import traces
from small_london import London, current_run, ended, forked, note_of, plain_night, published_tables
from stewards_say import said
from webhook import webhook

from pipeline.core.errors import StoreUnavailableError
from pipeline.core.parquet import read_table
from pipeline.core.places import Home
from pipeline.stewardship.store import Store, open_store

pytestmark = pytest.mark.slow
OLD, NEW = "2026-11-20-1", "2026-11-21-1"


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this user may not mount: {done.stderr.strip()}")


@pytest.fixture
def small_disk(warm: London, tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB with the home of a first night on it."""
    if os.geteuid():
        pytest.skip("only root may mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk))
    try:
        shutil.copytree(warm.place / "home", disk / "home", symlinks=True)
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def night_two(london: London, home: Path, out: Path) -> int:
    out.write_text("", "utf-8")
    return ended(forked(lambda: plain_night(london.night(home, "2026-11-21")), out))


@pytest.mark.parametrize("free_kb", [0, 16, 100, 300, 450, 600])
def test_a_full_disk_is_told_and_the_next_run_goes_on(
    warm: London, undisturbed: dict[str, object], small_disk: Path, tmp_path: Path, free_kb: int
) -> None:
    home, out, ballast = small_disk / "home", tmp_path / "out", small_disk / "ballast"
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    ballast.write_bytes(b"\0" * max(0, free - free_kb * 1024))
    assert night_two(warm, home, out) == 1, out.read_text("utf-8")
    output = out.read_text("utf-8")
    assert "the disk is full" in output
    assert "Run again" in output
    assert current_run(home) == OLD
    ballast.unlink()
    assert night_two(warm, home, out) == 0, out.read_text("utf-8")
    assert current_run(home) == NEW
    assert published_tables(home) == undisturbed


@pytest.mark.parametrize("most", [2_000, 20_000])
def test_a_limit_on_the_size_of_files_is_told(warm: London, tmp_path: Path, most: int) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    shutil.copytree(warm.place / "home", home, symlinks=True)

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        plain_night(warm.night(home, "2026-11-21"))

    reader = tmp_path / "told"
    os.mkfifo(reader)
    with subprocess.Popen(["cat", str(reader)], stdout=subprocess.PIPE, text=True) as cat:
        assert ended(forked(work, reader)) == 1
        output = cat.communicate()[0]
    assert "a file would be larger than this process may write" in output
    assert current_run(home) == OLD
    assert night_two(warm, home, out) == 0, out.read_text("utf-8")
    assert current_run(home) == NEW


def test_a_read_only_home_is_told_and_left_alone(warm: London, small_disk: Path, tmp_path: Path) -> None:
    home, out = small_disk / "home", tmp_path / "out"
    mount("-o", "remount,ro", str(small_disk))
    assert night_two(warm, home, out) == 1
    assert "the file system is read-only" in out.read_text("utf-8")
    assert current_run(home) == OLD
    mount("-o", "remount,rw", str(small_disk))
    assert night_two(warm, home, out) == 0, out.read_text("utf-8")
    assert note_of(home, NEW)["state"] == "published"


@pytest.mark.parametrize("is_full", [True, False], ids=["full", "read-only"])
def test_a_disk_on_which_no_run_can_begin_is_told_to_operators(
    london: London, small_disk: Path, tmp_path: Path, *, is_full: bool
) -> None:
    if is_full:
        left(small_disk, 0)
    else:
        mount("-o", "remount,ro", str(small_disk))
    with webhook() as taken:
        london.say(notify={"webhook": {"url": taken.url}})
        assert night_two(london, small_disk / "home", tmp_path / "out") == 1
    assert [(told["state"], told["stage"], told["error"]) for told in taken.bodies] == [
        ("failed", "begin", "StorageError")
    ]
    assert ("the disk is full" if is_full else "the file system is read-only") in taken.bodies[0]["reason"]


def test_another_users_home_is_told(warm: London, tmp_path: Path) -> None:
    """As a user that may neither read its lock nor write there."""
    if os.geteuid():
        pytest.skip("only root may become another user")
    home, out = tmp_path / "home", tmp_path / "out"
    shutil.copytree(warm.place / "home", home, symlinks=True)
    for folder in (*tmp_path.parents, tmp_path):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    for folder in (warm.place, *warm.place.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    home.chmod(0o755)
    out.touch()
    out.chmod(0o666)

    def work() -> None:
        os.setuid(65534)
        plain_night(warm.night(home, "2026-11-21"))

    assert ended(forked(work, out)) == 1, out.read_text("utf-8")
    assert "run.lock: this user may not read it. Give it to the user that runs boroughlink" in out.read_text("utf-8")
    assert current_run(home) == OLD


def left(disk: Path, free_kb: int) -> Path:
    """Fill the disk but for so much; the file that does."""
    ballast = disk / "ballast"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast.write_bytes(b"\0" * max(0, free - free_kb * 1024))
    return ballast


@pytest.mark.parametrize("free_kb", [0, 32, 64])
def test_an_expunge_on_a_full_disk_is_told_and_the_same_order_finishes_it(
    warm: London, small_disk: Path, tmp_path: Path, free_kb: int
) -> None:
    home = small_disk / "home"
    record = read_table(home / "published" / "current" / "records" / "part-0.parquet").column("record_id")[0].as_py()
    words = ("expunge", record, "--order", "1", "--by", "dpo", "--home", str(home), "--run-file", str(warm.run_file))
    ballast = left(small_disk, free_kb)
    done = boroughlink(*words)
    assert (done.code, "the disk is full" in done.err) == (1, True), done.err
    assert current_run(home) == OLD
    ballast.unlink()
    assert boroughlink(*words).code == 0
    assert current_run(home) == OLD
    assert traces(Home(home), {record}) == []


def test_a_decision_on_a_full_disk_is_not_acknowledged_and_is_told(small_disk: Path) -> None:
    url = f"sqlite:///{Home(small_disk / 'home').decisions}"

    def decide_on(store: Store) -> None:
        for number in range(50):
            store.decide(said(f"a{number}", f"b{number}", reason="r" * 3_000))
            acknowledged.append(number)

    acknowledged: list[int] = []
    with open_store(url, patience_s=1.0) as store:
        ballast = left(small_disk, 0)
        with pytest.raises(StoreUnavailableError, match="disk is full"):
            decide_on(store)
    ballast.unlink()
    with open_store(url) as store:
        assert len(store.log()) == len(acknowledged)
