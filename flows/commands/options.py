"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.core.places import Home

if TYPE_CHECKING:
    from schemas.settings import RunSettings

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of runs, publications and state; default data/home, or BOROUGHLINK_HOME.",
        show_default=False,
    ),
]
RunFileOption = Annotated[
    Path | None,
    typer.Option(
        "--run-file", help="Run file (YAML); default: the bundled sample, data/sample/run.yaml.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def settled(run_file: Path | None, home: Path | None) -> tuple[RunSettings, Home]:
    """Settings and home of a command that works on what a night left: as given, else as the environment says."""
    from schemas.settings import RunSettings

    said = run_file or os.environ.get("BOROUGHLINK_RUN_FILE")
    settings = RunSettings.load(Path(said)) if said else RunSettings()
    return settings, Home(home or Path(os.environ.get("BOROUGHLINK_HOME", settings.home)))
