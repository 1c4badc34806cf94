"""How common names are with all their spellings: how much it is worth that two records have two spellings of one name.

Mohammed and Muhammad say little where every twentieth man is called one or the other; two spellings of a rare name say
nearly as much as the rare name itself. As for values that are equal (Newcombe 1959), by groups of nicknames and variants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.engines.tokens import Groups
from schemas.model import SPELLING_BINS, SPELLING_BITS, SPELLING_LOWEST, SPELLING_WIDTH

GROUPS = 4  # nickname and variant groups of a name that comparisons look at


class NameGroups(NamedTuple):
    """The groups of some names."""

    names: tuple[str, ...]
    """of the groups"""
    of: np.ndarray
    """(values, GROUPS) int32 groups of each value, -1 none"""


def name_groups(values: Sequence[str], groups: Groups) -> NameGroups:
    """The nickname and variant groups of these names."""
    number_of: dict[str, int] = {}
    of = np.full((len(values), GROUPS), -1, np.int32)
    for row, value in enumerate(values):
        for slot, name in enumerate(groups.get(value, ())[:GROUPS]):
            of[row, slot] = number_of.setdefault(name, len(number_of))
    return NameGroups(tuple(number_of), of)


NO_GROUPS = name_groups((), {})


class Spellings(NamedTuple):
    """Rarity of names with all their spellings, among the values of one field."""

    bin: np.ndarray
    """(groups,) int8 bin of each group, 0 the commonest"""
    usual_rarity: float | None
    """Bits: of a name so rare, two spellings tell what they do on the whole. None where no group has two in the field"""
    unseen_bin: int
    """Bin of a group that the field never has: as rare as one seen once"""


def spellings(groups: NameGroups, codes: np.ndarray) -> Spellings:
    """How common the groups are in one field; a name of several groups counts in each.

    Which two ways of a name somebody is written in says nothing: a pair is taken to be as likely by chance as any other
    two of the group are.

    Args:
        groups: of the values.
        codes: of all values that occur.
    """
    count = np.bincount(codes, minlength=len(groups.of)).astype(float)
    value, slot = np.nonzero(groups.of >= 0)
    group, occurrences = groups.of[value, slot], count[value]
    size = np.bincount(group, weights=occurrences, minlength=len(groups.names))
    differing = (size**2 - np.bincount(group, weights=occurrences**2, minlength=len(groups.names))) / 2
    of_group, unseen = (_bin(np.maximum(n, 1.0) / max(count.sum(), 1.0)) for n in (size, np.ones(1)))
    usual = None
    if pairs := differing.sum():
        usual = float(np.log2((differing * np.exp2(SPELLING_BITS)[of_group]).sum() / pairs))
    return Spellings(of_group, usual, int(unseen[0]))


def _bin(share: np.ndarray) -> np.ndarray:
    """int8 bin of names that make such a share."""
    return np.clip((-np.log2(share) - SPELLING_LOWEST) // SPELLING_WIDTH, 0, SPELLING_BINS - 1).astype(np.int8)
