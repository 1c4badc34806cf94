"""A desk in this process for each test module, on the sample night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_client import in_process
from web_desk import World, make_world


@pytest.fixture(scope="module")
def world(published_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(published_sample, tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def desk(world: World) -> Iterator[Any]:
    with in_process(world) as opened:
        yield opened
