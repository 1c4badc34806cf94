"""Who each record truly is, where somebody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SettingsError
from pipeline.core.text_hash import UNIT_SEPARATOR
from pipeline.evaluate.quality import codes

RECORD = ("record_id",)
PERSON_COLUMNS = ("true_person_id", "entity", "entity_id", "true_person", "person_id")


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The person of each record."""

    entity: np.ndarray
    """(records,) code of the person; -1 where it is not told"""
    untold: int
    """records of which the truth says nothing"""
    unmatched: int
    """rows of the truth that no record has: of rows in quarantine, or of other files"""

    @property
    def is_told(self) -> np.ndarray:
        """(records,) whether the person is told."""
        is_told: np.ndarray = self.entity >= 0
        return is_told


def truth_of(records: pa.Table, truth: pa.Table, key: Sequence[str], where: str) -> Truth:
    """The truth of each record.

    Args:
        records: with the columns of ``key``.
        truth: rows with the columns of ``key`` and ``entity``, all text.
        key: columns that name a record.
        where: names the truth in an error.

    Raises:
        SettingsError: If a row stands twice, or no row is of these records.
    """
    known = truth.filter(pc.is_valid(truth.column("entity")))
    ours, theirs = _keys(records, key), _keys(known, key)
    if (several := len(theirs) - len(theirs.unique())) > 0:
        raise SettingsError(
            where, f"names {several:,} records more than once.", f"Leave one row for each {', '.join(key)}."
        )
    place = pc.index_in(ours, theirs)
    entity = known.column("entity").combine_chunks().take(place)
    if entity.null_count == len(entity):
        raise SettingsError(where, "is about none of these records.", f"Records are found by {', '.join(key)}.")
    code = np.where(entity.is_valid().to_numpy(zero_copy_only=False), codes(entity), -1)
    return Truth(code, entity.null_count, len(theirs) - (len(entity) - entity.null_count))


def _keys(table: pa.Table, key: Sequence[str]) -> pa.Array:
    parts = [pc.fill_null(table.column(name).combine_chunks().cast(pa.string()), "") for name in key]
    return pc.binary_join_element_wise(*parts, UNIT_SEPARATOR)
