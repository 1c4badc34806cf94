"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help=(
            "Folder of runs, publications and state; default data/home, or BOROUGHLINK_HOME, or that of "
            "BOROUGHLINK_RUN_FILE."
        ),
        show_default=False,
    ),
]
RunFileOption = Annotated[
    Path | None,
    typer.Option(
        "--run-file",
        help="Run file (YAML); default: that of BOROUGHLINK_RUN_FILE, else none: every setting as it is without one.",
        show_default=False,
    ),
]
HomeRunFileOption = Annotated[
    Path | None,
    typer.Option(
        "--run-file",
        help="Run file (YAML) whose home it is, where --home names none; default: that of BOROUGHLINK_RUN_FILE.",
        show_default=False,
    ),
]
NightRunFileOption = Annotated[
    Path | None,
    typer.Option(
        "--run-file",
        help="Run file (YAML); default: that of BOROUGHLINK_RUN_FILE, else the bundled sample, data/sample/run.yaml.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
