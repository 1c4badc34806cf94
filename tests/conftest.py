"""What all tests share: a night on the sample, run once a session as a user would run it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import NightOnSample, boroughlink

from pipeline.core.places import SAMPLE


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
