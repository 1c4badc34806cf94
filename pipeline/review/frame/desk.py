"""The desk as one object: store of decisions, index of the publication, settings and clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from pipeline.review.admission.sealing import Seal
from pipeline.review.records.shelf import Shelves
from pipeline.stewardship.store import Store
from schemas.desk import DeskSettings

T = TypeVar("T")
PATIENCE_S = 15.0
"""How long a page waits for a database that is busy"""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(slots=True)
class Desk:
    """What every page works on."""

    store: Store
    shelves: Shelves
    settings: DeskSettings
    seal: Seal
    clock: Callable[[], dt.datetime] = field(default=_now)

    def draws(self, review_id: str, account_id: str) -> bool:
        """Whether this account's answer to a question is in the sample that is asked again: the same however often it answers."""
        return self.seal.lot(f"{review_id}|{account_id}") < self.settings.second_look_share

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do the work in one transaction, beside which nobody else writes."""
        return self.store.write(work, PATIENCE_S)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do the work on one state of the store."""
        return self.store.read(work, PATIENCE_S)
