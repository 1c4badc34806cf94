"""What all tests share: a night on the sample, run once a session as a user would run it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from command_line import NightOnSample, boroughlink

from pipeline.core.places import SAMPLE

# Tests send these to their processes; who is begun by nohup, or behind & in a script, has them ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sample_night(tmp_path_factory: pytest.TempPathFactory) -> NightOnSample:
    """One night on the committed sample, through Prefect, in a home of its own."""
    home = tmp_path_factory.mktemp("home")
    finished = boroughlink("run", "--home", str(home), "--json")
    assert finished.code == 0, finished.err
    return NightOnSample(home, finished)


@pytest.fixture(scope="session")
def sample_truth() -> Path:
    return SAMPLE / "truth"


@pytest.fixture(scope="session")
def published_sample(request: pytest.FixtureRequest) -> Path:
    """The publications of a night on the sample; BOROUGHLINK_SAMPLE_HOME names a home where that night was run already."""
    own = os.environ.get("BOROUGHLINK_SAMPLE_HOME")
    home = Path(own) if own else request.getfixturevalue("sample_night").home
    return home / "published"
