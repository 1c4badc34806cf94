"""Frequency of values: how much an exact agreement is worth, in one-bit bins (Newcombe 1959; Winkler 1989)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.engines.spellings import NO_GROUPS, NameGroups, Spellings, spellings
from schemas.model import FREQUENCY_BINS, Kind


class Frequencies(NamedTuple):
    """Rarity of the values of one field."""

    bin: np.ndarray
    """(values,) int8: one-bit bin of -log2(share of the value)"""
    rarity_bits: np.ndarray
    """(bins,) mean -log2(share) of the bin, weighted by the pairs that agree on its values"""
    unseen_bin: int
    """Bin of a value that the field never has, as one that only an alias gives: as rare as a value seen once"""
    occurrences: np.ndarray
    """(bins,) how often a value of the bin stands in a record"""
    agreeing: np.ndarray
    """(bins,) pairs of these occurrences that agree, those of one person included"""
    repeated: np.ndarray
    """(bins,) of the occurrences, those of values that stand more than once"""
    pairs: float
    """Pairs of occurrences, or with records that lack an identifier, that might agree"""
    spellings: Spellings
    """How common its values are with all their spellings; of fields that are no names there are none"""


def frequencies(kind: Kind, codes: np.ndarray, size: int, records: int, groups: NameGroups = NO_GROUPS) -> Frequencies:
    """Bins of the values of one field; codes are all its occurrences in so many records.

    A value's share is among the records that have the field; an identifier's among all, for it is as telling where few have one.
    """
    bins, lowest = FREQUENCY_BINS[kind]
    if not bins:
        none = np.zeros(0)
        return Frequencies(np.zeros(size, np.int8), none, 0, none, none, none, 0.0, spellings(groups, codes))
    count = np.bincount(codes, minlength=size).astype(float)
    total = float(max(records if kind == "identifier" else count.sum(), count.sum(), 1))
    rarity = -np.log2(np.maximum(count, 1) / total)
    value_bin = np.clip(np.floor(rarity - lowest), 0, bins - 1).astype(np.int8)
    weight = count**2
    filled = np.bincount(value_bin, weights=count, minlength=bins)
    mean = np.bincount(value_bin, weights=rarity * weight, minlength=bins) / np.maximum(
        np.bincount(value_bin, weights=weight, minlength=bins), 1e-9
    )
    mean = np.where(filled > 0, mean, lowest + 0.5 + np.arange(bins))
    unseen_bin = int(np.clip(np.floor(np.log2(total) - lowest), 0, bins - 1))
    agreeing = np.bincount(value_bin, weights=count * (count - 1) / 2, minlength=bins)
    repeated = np.bincount(value_bin, weights=np.where(count > 1, count, 0.0), minlength=bins)
    pairs = total * count.sum() / 2
    return Frequencies(value_bin, mean, unseen_bin, filled, agreeing, repeated, pairs, spellings(groups, codes))


class NamePairs(NamedTuple):
    """How often forename and surname go together, by the sum of their frequency bins."""

    occurrences: np.ndarray
    """(bins,) records so named"""
    agreeing: np.ndarray
    """(bins,) pairs of records that agree on both, those of one person included"""
    by_chance: np.ndarray
    """(bins,) pairs that would agree if surnames told nothing of forenames"""


def name_pairs(forename: np.ndarray, surname: np.ndarray, bins: tuple[np.ndarray, np.ndarray]) -> NamePairs:
    """Counts over records that have both names.

    Args:
        forename: (records,) code of the forename, -1 none.
        surname: (records,) code of the surname, -1 none.
        bins: frequency bin of each forename code, and of each surname code.
    """
    n_bins = 2 * FREQUENCY_BINS["forename"][0] - 1
    has_both = (forename >= 0) & (surname >= 0)
    forenames, surnames = forename[has_both].astype(np.int64), surname[has_both].astype(np.int64)
    if not len(forenames):
        return NamePairs(*(np.zeros(n_bins) for _ in range(3)))
    distinct, count = np.unique(forenames * (surnames.max() + 1) + surnames, return_counts=True)
    name_bin = bins[0][distinct // (surnames.max() + 1)].astype(int) + bins[1][distinct % (surnames.max() + 1)]
    forename_share, surname_share = (
        np.bincount(code_bin[: counts.size], weights=(counts / len(forenames)) ** 2, minlength=n_bins // 2 + 1)
        for code_bin, counts in ((bins[0], np.bincount(forenames)), (bins[1], np.bincount(surnames)))
    )
    by_chance = np.convolve(forename_share, surname_share) * len(forenames) * (len(forenames) - 1) / 2
    return NamePairs(
        np.bincount(name_bin, weights=count, minlength=n_bins),
        np.bincount(name_bin, weights=count * (count - 1) / 2, minlength=n_bins),
        by_chance,
    )
