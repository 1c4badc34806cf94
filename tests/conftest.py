"""What all tests share: a night on the sample, run once a session as a user would run it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from command_line import Finished, NightOnSample, boroughlink
from filelock import FileLock
from hypothesis import settings

from pipeline.core.places import SAMPLE

# Tests send these to their processes; who is begun by nohup, or behind & in a script, has them ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


# How long an example takes says how busy the machine is.
settings.register_profile("boroughlink", deadline=None)
settings.load_profile("boroughlink")

LONG = ("slow", "flow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first: then no worker is left alone with one of them at the end."""
    long = {item.path for item in items if any(map(item.get_closest_marker, LONG))}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def sample_night(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[NightOnSample]:
    """One night on the committed sample, through Prefect, in a home that all workers read and none changes."""
    own = tmp_path_factory.getbasetemp()
    place = (own if worker_id == "master" else own.parent) / "sample_night"
    home, said = place / "home", place / "finished.json"
    with FileLock(f"{place}.lock"):
        if not said.exists():
            finished = boroughlink("run", "--home", str(home), "--json")
            assert finished.code == 0, finished.err
            said.write_text(json.dumps(asdict(finished)), "utf-8")
        before = _files_of(home)
    yield NightOnSample(home, Finished(**json.loads(said.read_text("utf-8"))))
    assert _files_of(home) == before, "a test that changes a home copies it"


def _files_of(home: Path) -> dict[Path, int]:
    """Every file and folder with the time of its last change."""
    return {path: path.lstat().st_mtime_ns for path in home.rglob("*")}


@pytest.fixture(scope="session")
def sample_truth() -> Path:
    return SAMPLE / "truth"


@pytest.fixture(scope="session")
def published_sample(request: pytest.FixtureRequest) -> Path:
    """The publications of a night on the sample; BOROUGHLINK_SAMPLE_HOME names a home where that night was run already."""
    own = os.environ.get("BOROUGHLINK_SAMPLE_HOME")
    home = Path(own) if own else request.getfixturevalue("sample_night").home
    return home / "published"
