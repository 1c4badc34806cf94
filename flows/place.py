"""Where a command works: the home and the settings that it is given, else those that the environment names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.places import DEFAULT_HOME, Home

if TYPE_CHECKING:
    from schemas.settings import RunSettings

RUN_FILE, HOME = "BOROUGHLINK_RUN_FILE", "BOROUGHLINK_HOME"


def home_of(home: Path | None) -> Home:
    """The home of a command that needs nothing else of a run file."""
    path = home or os.environ.get(HOME)
    if path is None and RUN_FILE in os.environ:
        return settings_of(None, None)[1]
    return Home(Path(path or DEFAULT_HOME))


def settings_of(run_file: Path | None, home: Path | None) -> tuple[RunSettings, Home]:
    """Settings and home of a command that works on what a night left."""
    from schemas.settings import RunSettings  # noqa: PLC0415  (slow to import, and help does without)

    path = run_file or os.environ.get(RUN_FILE)
    settings = RunSettings.load(Path(path)) if path else RunSettings()
    return settings, Home(home or Path(os.environ.get(HOME, settings.home)))
