"""What the texts of one feed are read by."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pipeline.standardise.reference import Reference
from schemas.contract import Contract


@dataclass(frozen=True, slots=True)
class Rules:
    """The same for every cell of a feed; with the same rules the same text has the same standard value."""

    contract: Contract
    reference: Reference
    as_of: dt.date
    """Date of the night"""
