"""What the fields of a place are worth together: more or less than one by one, for they hang together.

Who is found in two places differs in all of them, neighbours agree in all (``places.py`` finds how many do). Weights of single
fields stay as they are in the model file; what they count together for is shared out evenly among those that a pair has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.engines.patterns import WIDTH, level_table
from pipeline.engines.port import PlaceBits
from pipeline.link.shares import LEAST, MOST_LEVELS, Shares
from schemas.model import Comparison, PlaceShares


class PlaceEvidence(NamedTuple):
    """Of pairs of these levels, bits."""

    match: np.ndarray
    """(pairs, comparisons) what the fields of a place say for a match together, beyond what they say one by one"""
    relatives: np.ndarray
    """(pairs, comparisons) the same for relatives"""
    neighbours: np.ndarray
    """(pairs, comparisons) what each says for neighbours against other strangers"""


def two_parts(whole: np.ndarray, moved: np.ndarray, moved_share: float) -> np.ndarray:
    """(2, comparisons, MOST_LEVELS) level shares of a class in one place, and in two."""
    return np.stack([np.maximum(whole - moved_share * moved, LEAST) / (1.0 - moved_share), moved])


def against(part: np.ndarray, whole: np.ndarray, comparisons: Sequence[Comparison], is_place: np.ndarray) -> np.ndarray:
    """(.., comparisons, WIDTH) bits of each level of a place in a part of a class against the class as a whole."""
    level = np.maximum(level_table(comparisons).astype(int) - 1, 0)
    ratio = np.log2(np.maximum(part, LEAST) / np.maximum(whole, LEAST))
    bits = np.take_along_axis(ratio, np.broadcast_to(level, (*ratio.shape[:-1], WIDTH)), axis=-1)
    bits[..., 0] = 0.0
    return np.where(is_place[:, None], bits, 0.0)


def place_bits(
    places: PlaceShares, comparisons: Sequence[Comparison], shares: Shares, match: np.ndarray, partners: float
) -> PlaceBits:
    """The bits of a trained model.

    Args:
        places: of the model.
        comparisons: of the model.
        shares: of their levels.
        match: (comparisons, WIDTH) bits of each level for a match.
        partners: records that a record may be compared with.
    """
    number = {comparison.field: nth for nth, comparison in enumerate(comparisons)}
    moved, neighbours = (np.zeros((len(comparisons), MOST_LEVELS)) for _ in "mn")
    for field in places.field:
        moved[number[field.field], : len(field.moved)] = field.moved
        neighbours[number[field.field], : len(field.neighbours)] = field.neighbours
    is_place = moved.sum(1) > 0
    of_match, of_relatives = (
        against(two_parts(whole, moved, share), whole, comparisons, is_place)
        for whole, share in ((shares.m, places.matches_moved), (shares.related, places.relatives_moved))
    )
    near = np.where(is_place[:, None], match + against(neighbours, shares.m, comparisons, is_place), 0.0)
    moved_shares = np.array([places.matches_moved, places.relatives_moved])
    prior = float(np.log2(places.neighbours_per_record / partners))
    return PlaceBits(is_place, moved_shares, of_match, of_relatives, near, prior)


def place_evidence(places: PlaceBits, levels: np.ndarray) -> PlaceEvidence:
    """What pairs of these levels are worth; of fields together, shared out evenly among those that a pair has.

    Input: (pairs, comparisons) level indexes.
    """
    columns = np.arange(levels.shape[1])
    has_place = (levels > 0) & places.is_place
    share = has_place / np.maximum(has_place.sum(1, keepdims=True), 1)
    parts = (bits[:, columns, levels].sum(2) for bits in (places.match, places.relatives))
    match, relatives = (
        np.log2(((1.0 - moved_share) * np.exp2(stayed)) + moved_share * np.exp2(moved))
        for moved_share, (stayed, moved) in zip(places.moved_share, parts, strict=True)
    )
    return PlaceEvidence(match[:, None] * share, relatives[:, None] * share, places.neighbours[columns, levels])
