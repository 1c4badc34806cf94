"""How the command line begins, whatever it is asked."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "library", ["duckdb", "great_expectations", "numba", "pandas", "prefect", "pyarrow", "pydantic"]
)
def test_help_comes_at_once_because_no_command_loads_what_it_does_not_need(library: str) -> None:
    loaded = f"import sys; import flows.cli; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0
