"""Survivorship rules: which record's value becomes the person's, read from TOML."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.core.errors import SettingsError
from schemas.written import read_toml, wrongs

Criterion = Literal["fact", "trusted", "frequent", "recent", "complete"]
# What each criterion prefers, as a sort key over the columns of ``candidates``; larger first.
ORDER: dict[Criterion, str] = {
    "fact": "is_fact DESC",
    "trusted": "trust DESC",
    "frequent": "n_agree DESC",
    "recent": "recorded_at DESC NULLS LAST",
    "complete": "length(value) DESC",
}


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    fields: tuple[str, ...]
    rules: tuple[Criterion, ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    fields: dict[str, tuple[Criterion, ...]]
    groups: dict[str, _Group] = {}


@dataclass(frozen=True, slots=True)
class Survivorship:
    """Rules of every field, and fields that one record gives together."""

    fields: dict[str, tuple[Criterion, ...]]
    groups: dict[str, tuple[tuple[str, ...], tuple[Criterion, ...]]]
    trust: dict[str, int]
    """Source to how far it is trusted, from its contract"""


def load_survivorship(path: Path, trust: dict[str, int]) -> Survivorship:
    """The checked rules of a TOML file.

    Raises:
        SettingsError: If it cannot be read or names an unknown rule.
    """
    try:
        file = _File.model_validate(read_toml(path))
    except ValidationError as error:
        raise SettingsError(path.name, wrongs(error, _File), f"Rules are {', '.join(ORDER)}.") from None
    return Survivorship(file.fields, {name: (group.fields, group.rules) for name, group in file.groups.items()}, trust)
