"""Frequency of values: how much an exact agreement is worth, in one-bit bins (Newcombe 1959; Winkler 1989)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from schemas.model import FREQUENCY_BINS, Kind


class Frequencies(NamedTuple):
    """Rarity of the values of one field."""

    bin: np.ndarray
    """(values,) int8: one-bit bin of -log2(share of the value)"""
    rarity_bits: np.ndarray
    """(bins,) mean -log2(share) of the bin, weighted by the pairs that agree on its values"""
    unseen_bin: int
    """Bin of a value that the field never has, as one that only an alias gives: as rare as a value seen once"""


def frequencies(kind: Kind, codes: np.ndarray, size: int, records: int) -> Frequencies:
    """Bins of the values of one field; codes are all its occurrences in so many records.

    A value's share is among the records that have the field; an identifier's among all, for it is as telling where few have one.
    """
    bins, lowest = FREQUENCY_BINS[kind]
    if not bins:
        return Frequencies(np.zeros(size, np.int8), np.zeros(0), 0)
    count = np.bincount(codes, minlength=size).astype(float)
    total = float(max(records if kind == "identifier" else count.sum(), count.sum(), 1))
    rarity = -np.log2(np.maximum(count, 1) / total)
    own = np.clip(np.floor(rarity - lowest), 0, bins - 1).astype(np.int8)
    weight = count**2
    filled = np.bincount(own, weights=count, minlength=bins)
    mean = np.bincount(own, weights=rarity * weight, minlength=bins) / np.maximum(
        np.bincount(own, weights=weight, minlength=bins), 1e-9
    )
    mean = np.where(filled > 0, mean, lowest + 0.5 + np.arange(bins))
    unseen = int(np.clip(np.floor(np.log2(total) - lowest), 0, bins - 1))
    return Frequencies(own, mean, unseen)
