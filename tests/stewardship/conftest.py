"""Both databases, really started: every test that asks for ``url`` or ``store`` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import Server, installed, running_server

from pipeline.stewardship.store import Store, open_store

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with running_server(installed()) as server:
        yield server


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").database()
    return f"sqlite:///{tmp_path}/state/decisions.sqlite3"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url, patience_s=20) as opened:
        yield opened
