"""What the data looked like on which a model was trained: counts and shares, never a value of a person."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Proportion = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReferenceLevel(_Strict):
    """How often a level occurs; ``null`` where one record or both lack the field."""

    name: str
    random: Proportion
    """Share of random pairs."""
    candidates: Proportion
    """Share of candidate pairs."""


class ReferenceBin(_Strict):
    """Values of about one rarity, a bin a bit."""

    bits: float
    """Their rarity: -log2 of the share of all occurrences that one value has, as a mean over the pairs that agree on one."""
    values: Proportion
    """Share of the distinct values."""
    occurrences: Proportion
    """Share of all occurrences."""


class FieldReference(_Strict):
    """What one compared field looked like."""

    field: str
    null_share: Proportion
    """Share of the records that lack it."""
    occurrences: Annotated[int, Field(ge=0)] = 0
    """Values in all records together; 0 where a kind has no frequencies."""
    levels: tuple[ReferenceLevel, ...]
    bins: tuple[ReferenceBin, ...] = ()
    """From the commonest values to the rarest; those without a value are left out."""


class Reference(_Strict):
    """What the table looked like."""

    records: Annotated[int, Field(ge=0)]
    matches_per_record: Annotated[float, Field(ge=0)]
    """Matches expected among the scored pairs, for each record."""
    field: tuple[FieldReference, ...]
