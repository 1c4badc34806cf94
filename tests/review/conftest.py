"""A desk in this process for each test module, on the sample night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from desk_client import in_process
from web_desk import World


@pytest.fixture(scope="module")
def world(ready_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return ready_world.copied(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def desk(world: World) -> Iterator[Any]:
    with in_process(world) as opened:
        yield opened
