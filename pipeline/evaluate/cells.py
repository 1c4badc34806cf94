"""Pairs of records that touch a group, counted a person and never listed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Records by owner and block: pairs are those of one block, and each belongs to the owners of its two records."""

    of_record: np.ndarray
    owner: np.ndarray
    block: np.ndarray
    owners: int

    @classmethod
    def of(cls, owner: np.ndarray, block: np.ndarray) -> Cells:
        """Cells of records with these codes, from 0."""
        width = int(block.max(initial=0)) + 1
        cells, of_record = np.unique(owner.astype(np.int64) * width + block, return_inverse=True)
        blocks = np.unique(cells % width, return_inverse=True)[1]
        return cls(of_record, cells // width, blocks, int(owner.max(initial=-1)) + 1)

    def pairs(self, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(owners,) pairs of one owner, and pairs of two owners, half each; of those with a record inside the group.

        Args:
            inside: (records,) whether the record is of the group.
        """
        size = np.bincount(self.of_record, minlength=len(self.owner))
        outside = size - np.bincount(self.of_record, weights=inside, minlength=len(self.owner)).astype(np.int64)
        within = _pairs(size) - _pairs(outside)
        cross = (self._fellows(size) - self._fellows(outside)) / 2
        return self._by_owner(within), self._by_owner(cross)

    def _fellows(self, size: np.ndarray) -> np.ndarray:
        """Pairs of a cell's records with other owners' records of its block."""
        in_block = np.bincount(self.block, weights=size)[self.block] if len(size) else np.zeros(0)
        return size * (in_block - size)

    def _by_owner(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.owner, weights=values, minlength=self.owners)


def _pairs(size: np.ndarray) -> np.ndarray:
    return size * (size - 1) / 2
