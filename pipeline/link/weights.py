"""Match weights of a model's levels on given data, bits (Fellegi and Sunter 1969)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.engines.frequency import Frequencies
from pipeline.engines.port import LevelWeights
from schemas.model import FREQUENCY_BINS, LEVELS, Comparison, Model, Prior

WIDTH = 32
LEAST = 1e-9


def level_weights(model: Model, frequencies: Sequence[Frequencies], records: int) -> LevelWeights:
    """Weights of a trained model on a table of so many records whose values have these frequencies."""
    if model.prior is None:
        raise ValueError(f"model {model.name} is not trained")
    match = np.zeros((len(model.comparison), WIDTH))
    related = np.zeros((len(model.comparison), WIDTH))
    for c, (comparison, frequency) in enumerate(zip(model.comparison, frequencies, strict=True)):
        m, u, r = (np.array([getattr(level, name) for level in comparison.levels]) for name in ("m", "u", "related"))
        match[c] = spread_bits(comparison, m, u, frequency)
        if comparison.is_shared:
            related[c] = spread_bits(comparison, r, u, frequency)
    return LevelWeights(match, related, *prior_bits(model.prior, records))


def spread_bits(comparison: Comparison, share: np.ndarray, u: np.ndarray, frequency: Frequencies) -> np.ndarray:
    """(WIDTH,) bits of each level index: log2(share / u), and at the exact level by how rare the value is."""
    exact = len(LEVELS[comparison.kind])
    bins = FREQUENCY_BINS[comparison.kind][0]
    bits = np.zeros(WIDTH)
    bits[1:exact] = np.log2(np.maximum(share[:-1], LEAST) / np.maximum(u[:-1], LEAST))
    if bins:
        bits[exact : exact + bins] = np.log2(max(share[-1], LEAST)) + frequency.rarity_bits
    else:
        bits[exact] = np.log2(max(share[-1], LEAST) / max(u[-1], LEAST))
    return np.minimum(bits, comparison.max_bits)


def prior_bits(prior: Prior, records: int) -> tuple[float, float]:
    """log2 odds that two random records are of one person, and of relatives."""
    partners = max(records - 1, 1) / 2
    return float(np.log2(prior.matches_per_record / partners)), float(np.log2(prior.related_per_record / partners))


def probability(bits: np.ndarray) -> np.ndarray:
    """Match weight to match probability."""
    return 1.0 / (1.0 + np.exp2(-np.clip(np.asarray(bits, float), -60, 60)))


def waterfall(weights: LevelWeights, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bits that each comparison adds (pairs, comparisons), and that the related class takes off (pairs,)."""
    columns = np.arange(levels.shape[1])
    parts = weights.match[columns, levels]
    related = weights.prior_related + weights.related[columns, levels].sum(1)
    return parts, -np.log2(1.0 + np.exp2(np.minimum(related, 60.0)))
