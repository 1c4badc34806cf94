"""Engines are found by the names that the run file and the command line know."""

from __future__ import annotations

from typing import get_args

import pytest

from pipeline.core.errors import SettingsError
from pipeline.engines.by_name import engine_of
from pipeline.engines.spark.session import find_java
from schemas.settings import RunSettings

NAMES = get_args(RunSettings.model_fields["engine"].annotation)


@pytest.mark.parametrize("name", NAMES)
def test_every_engine_that_a_run_file_may_name_is_there(name: str) -> None:
    if name == "spark" and not find_java():
        pytest.skip("this machine has no Java")
    assert engine_of(name).name == name


def test_a_name_that_no_engine_has_is_refused() -> None:
    with pytest.raises(SettingsError, match="'duckdb' is none"):
        engine_of("duckdb")
