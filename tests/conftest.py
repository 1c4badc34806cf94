"""What all tests share: a night on the sample, run once a session as a user would run it, Prefect's database, a warm process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from command_line import Finished, NightOnSample, boroughlink
from filelock import FileLock
from hypothesis import settings
from small_london import London, plain_night, small_london
from web_desk import World, make_world

from pipeline.core.places import ROOT, SAMPLE
from pipeline.review.records.index import index_of

# Tests send these to their processes; who is begun by nohup, or behind & in a script, has them ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


# How long an example takes says how busy the machine is.
settings.register_profile("boroughlink", deadline=None)
settings.load_profile("boroughlink")

LONG = ("slow", "flow")
PREFECT_BEGINS = """
import sys
from pathlib import Path
from flows.running.local_server import begin_prefect
from flows.running.quiet import quiet_prefect
quiet_prefect(Path(sys.argv[1]))
sys.exit(not begin_prefect()())
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first: then no worker is left alone with one of them at the end.

    Of these those on PostgreSQL: stewards' decisions need no kernels, so one worker compiles them, and not both at once.
    """
    long = {item.path for item in items if any(map(item.get_closest_marker, LONG))}
    on_postgres = {item.path for item in items if item.get_closest_marker("postgres")}
    items.sort(key=lambda item: (item.path not in long, item.path not in on_postgres))


@pytest.fixture(scope="session")
def sample_night(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[NightOnSample]:
    """One night on the committed sample, through Prefect, in a home that all workers read and none changes."""
    place = _of_all_workers(tmp_path_factory, worker_id) / "sample_night"
    home, said = place / "home", place / "finished.json"
    with FileLock(f"{place}.lock"):
        if not said.exists():
            finished = boroughlink("run", "--home", str(home), "--json")
            assert finished.code == 0, finished.err
            said.write_text(json.dumps(asdict(finished)), "utf-8")
        before = _files_of(home)
    yield NightOnSample(home, Finished(**json.loads(said.read_text("utf-8"))))
    assert _files_of(home) == before, "a test that changes a home copies it"


@pytest.fixture(scope="session")
def prefects_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A home in which Prefect's server has begun once, and made its database: it takes longer for that than for a small night."""
    home = _of_all_workers(tmp_path_factory, worker_id) / "prefects_home"
    with FileLock(f"{home}.lock"):
        if not home.exists():
            unfinished = home.with_suffix(".unfinished")
            subprocess.run([sys.executable, "-c", PREFECT_BEGINS, str(unfinished)], cwd=ROOT, check=True)
            unfinished.rename(home)
    return home


@pytest.fixture
def begun_home(prefects_home: Path, tmp_path: Path) -> Path:
    """A home without a night, but with Prefect's database: for a first night that need not wait for it."""
    return Path(shutil.copytree(prefects_home, tmp_path / "home"))


def _of_all_workers(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


def _files_of(home: Path) -> dict[Path, int]:
    """Every file and folder with the time of its last change."""
    return {path: path.lstat().st_mtime_ns for path in home.rglob("*")}


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> London:
    """A London whose first night ran in this process: what a night loads is loaded, and forks have it."""
    place = tmp_path_factory.mktemp("warm")
    london = small_london(place)
    plain_night(london.night(place / "home"))
    return london


@pytest.fixture(scope="session")
def sample_truth() -> Path:
    return SAMPLE / "truth"


@pytest.fixture(scope="session")
def published_sample(request: pytest.FixtureRequest) -> Path:
    """The publications of a night on the sample; BOROUGHLINK_SAMPLE_HOME names a home where that night was run already."""
    own = os.environ.get("BOROUGHLINK_SAMPLE_HOME")
    home = Path(own) if own else request.getfixturevalue("sample_night").home
    return home / "published"


@pytest.fixture(scope="session")
def ready_world(published_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A desk on the sample night with its accounts and its index, which nobody uses: to be copied."""
    world = make_world(published_sample, tmp_path_factory.mktemp("ready"))
    index_of(world.home, world.home.current.resolve())
    return world
