"""What one night is: its settings, its number, and where its stages put their tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flows.night.place import check_name, named_in
from pipeline.core.clock import london_day
from pipeline.core.errors import SourceError
from pipeline.core.places import SAMPLE, Home, RunFolder
from pipeline.core.run_ids import RUN_ID
from pipeline.publish import journal
from schemas.contract import Contract, Feed, load_contracts
from schemas.model import Model, load_model
from schemas.settings import RunSettings

SAMPLE_RUN = SAMPLE / "run.yaml"


@dataclass(frozen=True)
class Night:
    """One run of the nightly flow."""

    run_id: str
    as_of: dt.date
    settings: RunSettings
    is_full: bool = False
    """Everything is rebuilt, with the frequency table that is kept"""
    is_refresh: bool = False
    """The frequency table is made anew, and everything with it"""
    run_file: Path | None = None
    """The run file that was named; None where none was, and the night is the bundled sample's"""

    @property
    def home(self) -> Home:
        """Where it writes."""
        return Home(self.settings.home)

    @property
    def folder(self) -> RunFolder:
        """Where its stages put their tables."""
        return self.home.run(self.run_id)

    @cached_property
    def contracts(self) -> tuple[Contract, ...]:
        """All contracts, by source."""
        return load_contracts(self.settings.contracts)

    @cached_property
    def model(self) -> Model:
        """The model that tonight's records are linked by, or that is trained on them first."""
        return load_model(self.settings.model)

    @cached_property
    def feeds(self) -> dict[str, tuple[Contract, Feed]]:
        """Every feed expected tonight, by id."""
        return {feed.feed_id: (contract, feed) for contract in self.contracts for feed in contract.all_feeds()}

    def feeds_of(self, contract: Contract) -> list[Feed]:
        """The feeds of one source."""
        return [feed for owner, feed in self.feeds.values() if owner.source == contract.source]


def plan_night(
    run_file: Path | None, home: Path | None, as_of: dt.date | None, engine: str | None, environment: Mapping[str, str]
) -> Night:
    """The night that the run file and the command line ask for; the bundled sample where no file is given.

    Raises:
        SettingsError: If the run file cannot be used.
    """
    named = named_in(run_file, home, environment)
    settings = RunSettings.load(named.run_file or SAMPLE_RUN)
    overrides: dict[str, object] = {}
    if named.home:
        overrides["home"] = named.home.resolve()
    if engine:
        overrides["engine"] = engine
    settings = RunSettings.model_validate(settings.model_dump() | overrides)
    for place in (settings.home, Path(settings.exports), settings.contracts):
        check_name(place)
    day = as_of or settings.as_of or london_day(dt.datetime.now(tz=dt.UTC))  # as the schedule has its hours
    run_id = next_run_id(Home(settings.home), day)
    return Night(run_id, day, settings, run_file=named.run_file.absolute() if named.run_file else None)


def passwords(settings: RunSettings, environment: Mapping[str, str], variable: str | None) -> dict[str, str]:
    """The password of a feed's workbooks by its variable: from the environment, else from the file in the run file.

    Raises:
        SourceError: If that file cannot be read: the feed is held, and the others go on.
    """
    if variable is None:
        return {}
    if given := environment.get(variable):
        return {variable: given}
    path = settings.passwords.get(variable)
    try:
        return {variable: path.read_text("utf-8").strip()} if path else {}
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read ({type(error).__name__}), though it should hold {variable}."
        raise SourceError(
            "encrypted", str(path), problem, "Correct `passwords` in the run file, or put the file there."
        ) from None


def next_run_id(home: Home, day: dt.date) -> str:
    """The date and a count: the n-th run of that date in this home, counting those that were pruned."""
    names = [path.name for folder in (home.runs, home.published) if folder.is_dir() for path in folder.iterdir()]
    names += [run_id for act in journal.read(home) for run_id in act.runs]
    numbers = [int(name.rpartition("-")[2]) for name in names if RUN_ID.fullmatch(name) and name.startswith(f"{day}-")]
    return f"{day.isoformat()}-{max(numbers, default=0) + 1}"
