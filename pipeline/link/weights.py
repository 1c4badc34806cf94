"""Match weights of a model's levels on given data, bits (Fellegi and Sunter 1969)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.port import LevelWeights, name_lift
from schemas.model import FREQUENCY_BINS, LEVELS, Comparison, Kind, Model, Prior

WIDTH = 32
LEAST = 1e-9
RELATIVES: Mapping[str, tuple[Kind, ...]] = {
    "related": (),
    "twins": ("date", "age"),
    "namesakes": ("forename", "category"),
}
"""Classes of relatives, and the kinds on which they agree as often as records of one person."""
NAMESAKES = list(RELATIVES).index("namesakes")
SURE_PAIRS = 20  # of strangers who share both names, to tell from a bin how forenames and surnames go together
MOST_OWN = 0.9  # of the pairs that agree on a value, at most so many are put down to persons, not to chance


def level_weights(
    model: Model, frequencies: Sequence[Frequencies], together: NamePairs, pairs_per_record: float
) -> LevelWeights:
    """Weights of a trained model on a table with so many comparable pairs a record.

    Args:
        model: trained.
        frequencies: of the table's values, for each comparison.
        together: how its forenames and surnames go together.
        pairs_per_record: pairs of its records that may be compared, a record.
    """
    if model.prior is None:
        raise ValueError(f"model {model.name} is not trained")
    match = np.zeros((len(model.comparison), WIDTH))
    relatives = np.zeros((len(RELATIVES), len(model.comparison), WIDTH))
    for c, (comparison, frequency) in enumerate(zip(model.comparison, frequencies, strict=True)):
        m, u, r = (np.array([getattr(level, name) for level in comparison.levels]) for name in ("m", "u", "related"))
        chance = chance_bits(frequency, model.prior.matches_per_record * m[-1])
        match[c] = spread_bits(comparison, m, u, frequency, chance)
        for k, share in enumerate(relative_shares(comparison, m, u, r)):
            relatives[k, c] = spread_bits(comparison, share, u, frequency, chance) if share is not u else 0.0
    names = name_columns(model.comparison)
    rate = model.prior.matches_per_record
    m_names = [model.comparison[c].levels[-1].m for c in names or ()]
    lift = lift_bits(together, rate * float(np.prod(m_names)))
    return LevelWeights(match, relatives, *prior_bits(model.prior, pairs_per_record), names, lift, NAMESAKES)


def name_columns(comparisons: Sequence[Comparison]) -> tuple[int, int] | None:
    """Where forename and surname stand, if both are compared."""
    at = {comparison.kind: c for c, comparison in enumerate(comparisons)}
    return (at["forename"], at["surname"]) if {"forename", "surname"} <= set(at) else None


def lift_bits(together: NamePairs, matches_per_occurrence: float) -> np.ndarray:
    """(bins,) bits that an exact forename is worth less beside an exact surname, because communities name alike.

    A Khan is called Mohammed far more often than a Smith is. How much oftener two strangers agree on both names than
    on each by itself is read off the common names, where strangers make most of the pairs; rare names are given what
    the rarest of these have.
    """
    own = together.occurrences * matches_per_occurrence
    strangers = together.agreeing - own
    is_sure = (strangers > together.agreeing / 2) & (strangers >= SURE_PAIRS) & (together.by_chance >= 1)
    if not is_sure.any():
        return np.zeros(len(own))
    bits = np.log2(np.maximum(strangers[is_sure] / together.by_chance[is_sure], 1.0))
    return np.interp(np.arange(len(own)), np.flatnonzero(is_sure), bits)


def relative_shares(
    comparison: Comparison, m: np.ndarray, u: np.ndarray, related: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Level shares of one comparison in each class of relatives; ``u`` itself where they are like strangers.

    All share what a household shares; twins also the birthday, namesakes also the forename and, as a rule, the sex.
    """
    if comparison.is_shared:
        return (related,) * len(RELATIVES)
    return tuple(m if comparison.kind in also else u for also in RELATIVES.values())


def spread_bits(
    comparison: Comparison, share: np.ndarray, u: np.ndarray, frequency: Frequencies, chance: np.ndarray
) -> np.ndarray:
    """(WIDTH,) bits of each level index: log2(share / u), and at the exact level by how rare the value is."""
    exact = len(LEVELS[comparison.kind])
    bins = FREQUENCY_BINS[comparison.kind][0]
    bits = np.zeros(WIDTH)
    bits[1:exact] = np.log2(np.maximum(share[:-1], LEAST) / np.maximum(u[:-1], LEAST))
    if bins:
        bits[exact : exact + bins] = np.log2(max(share[-1], LEAST)) + frequency.rarity_bits + chance
    else:
        bits[exact] = np.log2(max(share[-1], LEAST) / max(u[-1], LEAST))
    return np.minimum(bits, comparison.max_bits)


def chance_bits(frequency: Frequencies, matches_per_occurrence: float) -> np.ndarray:
    """(bins,) how much rarer agreement by chance is than the values' frequency says, bits.

    A value that stands eight times because one person has eight records is not a common value. Of the pairs that agree
    on the values of a bin, those that its persons are expected to make by themselves are no chance.
    """
    own = frequency.occurrences * matches_per_occurrence / np.maximum(frequency.agreeing, 1.0)
    return -np.log2(1.0 - np.minimum(own, MOST_OWN))


def prior_bits(prior: Prior, pairs_per_record: float) -> tuple[float, np.ndarray]:
    """log2 odds that two random records are of one person, and of each class of relatives."""
    partners = max(pairs_per_record, 0.5)
    rates = np.array([prior.related_per_record, prior.twins_per_record, prior.namesakes_per_record])
    return float(np.log2(prior.matches_per_record / partners)), np.log2(rates / partners)


def probability(bits: np.ndarray) -> np.ndarray:
    """Match weight to match probability."""
    return 1.0 / (1.0 + np.exp2(-np.clip(np.asarray(bits, float), -60, 60)))


def waterfall(weights: LevelWeights, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bits that each comparison adds (pairs, comparisons), and that the classes of relatives take off (pairs,)."""
    parts = match_bits(weights, levels)
    odds = [prior + relative_bits(weights, levels, k).sum(1) for k, prior in enumerate(weights.prior_relatives)]
    return parts, -against(np.stack(odds))


def match_bits(weights: LevelWeights, levels: np.ndarray) -> np.ndarray:
    """(pairs, comparisons) bits for a match against strangers; a forename's are those that it has beside the surname."""
    return _beside_surname(weights, levels, weights.match[np.arange(levels.shape[1]), levels])


def relative_bits(weights: LevelWeights, levels: np.ndarray, k: int) -> np.ndarray:
    """(pairs, comparisons) bits for the k-th class of relatives against strangers."""
    bits = weights.relatives[k][np.arange(levels.shape[1]), levels]
    return _beside_surname(weights, levels, bits) if k == weights.namesakes else bits


def _beside_surname(weights: LevelWeights, levels: np.ndarray, bits: np.ndarray) -> np.ndarray:
    if weights.names is not None:
        bits[:, weights.names[0]] -= name_lift(weights, levels)
    return bits


def against(odds: np.ndarray) -> np.ndarray:
    """(pairs,) bits by which relatives outweigh strangers, given (classes, pairs) log2 odds against strangers."""
    return np.log2(1.0 + np.exp2(np.minimum(odds, 60.0)).sum(0))
