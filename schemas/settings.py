"""The run file: the settings of a night. Paths in it are relative to the file itself."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.core.errors import SettingsError
from pipeline.core.places import DEFAULT_HOME, EXPECTATIONS, PERSON_MODEL, ROOT, SAMPLE, SOURCES
from schemas.desk import DeskSettings
from schemas.notify import Notify
from schemas.path_words import WrittenPath, WrittenPlace
from schemas.written import line_numbers, read_yaml, wrongs

SQLITE = "sqlite:///"


class PublishLimits(BaseModel):
    """When a night is held back until an operator releases it. null: that limit is not asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    merged_share: Annotated[float, Field(ge=0, le=1)] | None = 0.02
    """Of last night's persons, those that were merged into another"""
    split_share: Annotated[float, Field(ge=0, le=1)] | None = 0.02
    """Of last night's persons, those that were parted"""
    source_rows_kept: Annotated[float, Field(ge=0, le=1)] | None = 0.5
    """Of a source's records last night, as many at least must be there"""
    few: Annotated[int, Field(ge=0)] = 25
    """So few persons or records may always change, and so few rows be rejected: 2 % of a small home is nothing"""
    person_records: Annotated[int, Field(ge=1)] | None = 200
    """Records of one person"""
    expected_precision: Annotated[float, Field(ge=0, le=1)] | None = 0.99
    """Of the persons of several records, those that are expected to hold no stranger: their mean ``cluster_confidence``"""
    rejected_share: Annotated[float, Field(ge=0, le=1)] | None = 0.1
    """Of the rows read, those that went to quarantine"""


class AnalysisSettings(BaseModel):
    """What the analysts' tables count, where a force may decide."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repeat_missing_episodes: Annotated[int, Field(ge=2)] = 3
    """So many missing episodes of a child"""
    repeat_missing_days: Annotated[int, Field(ge=1, le=365)] = 90
    """within so many days are repeated ones"""
    exploitation_code: Annotated[str, Field(min_length=1)] = "588"
    """Offences that begin so are reports of child exploitation"""
    exploitation_words: tuple[Annotated[str, Field(min_length=1)], ...] = ("exploitation", "CSE")
    """Coming-to-notice reports whose concern has one of them, in any case, are of exploitation"""
    merlin_days: Annotated[int, Field(ge=0)] = 7
    """A coming-to-notice report up to so many days after a child's arrest belongs to it"""
    suppress_under: Annotated[int, Field(ge=1)] = 5
    """Counts by month and borough that are smaller are left out"""


class RunSettings(BaseModel):
    """Settings of a night; every one has a default, so an empty file is one night on the bundled sample."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: WrittenPath = DEFAULT_HOME
    exports: WrittenPlace = str(SAMPLE / "exports")
    """Folder or fsspec URL that relative locations of the contracts start from."""
    contracts: WrittenPath = SOURCES
    model: WrittenPath = PERSON_MODEL
    survivorship: WrittenPath = ROOT / "pipeline" / "persons" / "survivorship.toml"
    expectations: WrittenPath = EXPECTATIONS
    steward_policy: WrittenPath = ROOT / "pipeline" / "stewardship" / "policy.toml"
    """When a steward's decision needs a second person."""
    decisions_url: str | None = None
    """Database of stewards' decisions, ``sqlite:///file`` or ``postgresql://...``; default: a file in the home's state folder.
    BOROUGHLINK_DECISIONS_URL goes before it: a URL with a password belongs there."""
    most_records: Annotated[int, Field(ge=2)] = 50
    """A person of more records is a question for a steward."""
    policy: Literal["balanced", "strict"] = "strict"
    engine: Literal["local", "spark", "recordlinkage"] = "local"
    """``local`` alone goes on from the last night; ``spark`` needs Java and the extra of its name"""
    publish_limits: PublishLimits = PublishLimits()
    analysis: AnalysisSettings = AnalysisSettings()
    as_of: dt.date | None = None
    """Date of the night; today where it is not given."""
    passwords: dict[str, WrittenPath] = {}
    """Environment variable of a password to a file that holds it, for machines where a file is safer."""
    source_retries: Annotated[int, Field(ge=0, le=10)] = 2
    stage_retries: Annotated[int, Field(ge=0, le=10)] = 1
    """Further tries of a stage whose database did not answer"""
    feed_seconds: Annotated[float, Field(gt=0)] = 1_800
    """Time limit of one feed's reading, where other processes than the night's own read; the process of one that is over it is ended"""
    stage_seconds: Annotated[float, Field(gt=0)] = 14_400
    """Time limit of every other stage, where Prefect runs the night"""
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    """Feeds read at a time, each by a process of its own while there are cores for them; with 1 the night's own process reads"""
    notify: Notify | None = None
    """Whom to tell how the run ended; nobody where it is not given"""
    review: DeskSettings = DeskSettings()
    """The stewards' review desk"""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Settings of a YAML run file.

        Raises:
            SettingsError: If the file is missing, is not YAML, or says something unknown.
        """
        written = read_yaml(path)
        written = {} if written is None else written
        try:
            settings = cls.model_validate(written)
        except ValidationError as error:
            raise SettingsError(
                str(path), wrongs(error, cls, line_numbers(path)), "data/sample/run.yaml is an example."
            ) from None
        return settings.relative_to(path.resolve().parent, written)

    def relative_to(self, folder: Path, written: dict[str, object]) -> Self:
        """The settings with the paths that the file gave taken from its folder."""
        paths = ("home", "contracts", "model", "survivorship", "expectations", "steward_policy")
        changes: dict[str, object] = {name: folder / getattr(self, name) for name in paths if name in written}
        changes["passwords"] = {name: folder / path for name, path in self.passwords.items()}
        if self.notify and self.notify.email and self.notify.email.password_file:
            email = self.notify.email.model_copy(update={"password_file": folder / self.notify.email.password_file})
            changes["notify"] = self.notify.model_copy(update={"email": email})
        if self.review.tls_certificate and self.review.tls_key:
            tls = {name: folder / getattr(self.review, name) for name in ("tls_certificate", "tls_key")}
            changes["review"] = self.review.model_copy(update=tls)
        if "exports" in written and "://" not in self.exports:
            changes["exports"] = str(folder / self.exports)
        if self.decisions_url and self.decisions_url.startswith(SQLITE):
            changes["decisions_url"] = SQLITE + str(folder / self.decisions_url.removeprefix(SQLITE))
        return self.model_copy(update=changes)
