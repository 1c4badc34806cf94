"""A small London for the module, and a home with one night published in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_london import London, ended, forked, plain_night, published_tables


@pytest.fixture
def london(warm: London, tmp_path: Path) -> London:
    """A London that the test may spoil."""
    for name in ("exports", "contracts", "expectations"):
        shutil.copytree(warm.place / name, tmp_path / name)
    shutil.copy(warm.run_file, tmp_path / "run.yaml")
    return London(tmp_path)


@pytest.fixture
def home(warm: London, london: London) -> Path:
    """A home in which the night of 20 November is published."""
    return Path(shutil.copytree(warm.place / "home", london.place / "home", symlinks=True))


@pytest.fixture(scope="session")
def undisturbed(warm: London, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Tables of the night of 21 November where nothing happens."""
    place = tmp_path_factory.mktemp("undisturbed")
    home = Path(shutil.copytree(warm.place / "home", place / "home", symlinks=True))
    assert ended(forked(lambda: plain_night(warm.night(home, "2026-11-21")), place / "out")) == 0
    return published_tables(home)
