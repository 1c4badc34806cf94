"""What a check is given, and what it found."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline.core.errors import PlacedError, StateError

State = Literal["ok", "warning", "problem"]


class Finding(NamedTuple):
    """What one check found."""

    check: str
    state: State
    found: str
    what_to_do: str = ""


def problem_of(check: str, error: PlacedError) -> Finding:
    """What the night would raise, as a finding."""
    separator = " " if isinstance(error, StateError) else ": "
    return Finding(check, "problem", f"{error.place}{separator}{error.problem}", error.what_to_do)


class Given(NamedTuple):
    """Options that the doctor was given; a command that it advises has them too, to be typed as it stands."""

    run_file: Path | None = None
    home: Path | None = None

    def run_command(self) -> str:
        """How a night is run with them."""
        options = (("--run-file", self.run_file), ("--home", self.home))
        return shlex.join(["boroughlink", "run", *(str(word) for pair in options if pair[1] for word in pair)])


NOTHING_GIVEN = Given()
