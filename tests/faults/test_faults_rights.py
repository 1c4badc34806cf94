"""A home of another user: what may not be read is told as that, and not as what may not be written or is damaged."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_london import ended, forked

from flows.cli import main
from flows.doctor.examination import examine
from pipeline.core.errors import LinkageError
from pipeline.core.places import Home
from schemas.settings import RunSettings

NOBODY = 65534
RUN = "2026-11-20-1"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of root that others may look at, with a publication that has no tables."""
    with tempfile.TemporaryDirectory(prefix="boroughlink-rights-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        place = Path(folder) / "home"
        published = place / "published" / RUN
        published.mkdir(parents=True)
        (published / "manifest.json").write_text(json.dumps({"run_id": RUN, "tables": {}}), "utf-8")
        (place / "published" / "current").symlink_to(RUN)
        yield place


def as_nobody(work: Callable[[], None], out: Path) -> tuple[int, str]:
    """What another user does, as its exit code and all that it says.

    Root does it once before, unheard: Python's own modules, which load at first use, may lie in a folder of root.
    """

    def both() -> None:
        said, sys.stdout = sys.stdout, io.StringIO()
        sys.stderr = sys.stdout
        with contextlib.suppress(SystemExit, LinkageError):
            work()
        sys.stdout = sys.stderr = said
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            work()
        except SystemExit as end:
            said.flush()
            os._exit(int(end.code or 0))

    code = ended(forked(both, out))
    return code, out.read_text("utf-8")


def told_nobody(home: Path, *words: str) -> tuple[int, str]:
    """A command that another user gives."""

    def work() -> None:
        os.environ["BOROUGHLINK_HOME"] = str(home)
        sys.argv = ["boroughlink", *words]
        main()

    return as_nobody(work, home.parent / "told")


def found_by_nobody(home: Path, *checks: str) -> list[list[str]]:
    """What the doctor of another user finds, of some checks."""

    def work() -> None:
        findings = examine(RunSettings(), Home(home), is_deep=False)
        sys.stdout.write(json.dumps([finding for finding in findings if finding.check in checks]))

    with tempfile.TemporaryDirectory() as folder:
        code, told = as_nobody(work, Path(folder) / "found")
    assert code == 0, told
    return json.loads(told)


@pytest.mark.parametrize(
    "words", [("runs", "list"), ("query", "SELECT 1"), ("history", "P1"), ("runs", "prune", "--keep", "1", "--dry-run")]
)
def test_a_home_that_may_not_be_read_is_told_as_that(home: Path, words: tuple[str, ...]) -> None:
    home.chmod(0o750)
    code, told = told_nobody(home, *words)
    assert (code, "may not write" in told) == (1, False), told
    assert f"{home}: this user may not read it. Give it to the user that runs boroughlink" in told.replace("\n", " ")


def test_what_a_run_of_root_left_is_named_and_is_not_told_as_damaged(home: Path) -> None:
    (home / "published" / RUN).chmod(0o700)
    code, told = told_nobody(home, "query", "SELECT 1")
    assert (code, "damaged" in told) == (1, False), told
    assert f"{home / 'published' / RUN}: this user may not read it." in told


def test_what_may_be_read_and_not_written_is_planned_all_the_same(home: Path) -> None:
    code, told = told_nobody(home, "runs", "prune", "--keep", "1", "--dry-run")
    assert (code, told) == (0, "0 publications and 0 run folders would go, 0 MB.\n")
    assert not (home / "run.lock").exists()


@pytest.mark.parametrize(
    ("closed", "found"),
    [
        (".", "this user may not read {home}."),
        (f"published/{RUN}", "this user may not read {home}/published/" + RUN + ", nor 1 others of the home."),
        ("run.lock", "this user may not read {home}/run.lock."),
    ],
)
def test_the_doctor_says_what_it_may_not_read_and_how_to_mend_it(home: Path, closed: str, found: str) -> None:
    (home / "run.lock").touch()
    (home / closed).chmod(0o600)
    ((_, state, told, what_to_do),) = found_by_nobody(home, "home")
    assert (state, told) == ("problem", found.format(home=home))
    assert f"chown -R $(id -u) {home}" in what_to_do


def test_the_doctor_tells_before_the_first_night_that_the_home_cannot_be_made(home: Path) -> None:
    first, second = found_by_nobody(home / "another" / "home", "home", "decisions")
    assert first[1:3] == ["problem", f"{home}/another/home is not there, and this user may not make it in {home}."]
    assert second[1:3] == ["ok", "no store yet."]
