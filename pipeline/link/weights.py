"""Match weights of a model's levels on given data, bits (Fellegi and Sunter 1969)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.patterns import WIDTH, patterns_of
from pipeline.engines.port import LevelWeights, name_lift
from pipeline.link.dependence_bits import bits_together, dependence_bits
from pipeline.link.place_bits import place_bits, place_evidence
from pipeline.link.relatives import NAMESAKES, RELATIVES
from pipeline.link.shares import LEAST, Shares, shares_of
from schemas.model import FREQUENCY_BINS, LEVELS, SPELLING_BINS, SPELLING_BITS, Comparison, Model, Prior

SURE_PAIRS = 20  # of strangers who share both names, to tell from a bin how forenames and surnames go together
NOUGHT = 3e-4  # pull towards 0 bits of a bin that nothing is known of
MOST_OWN = 0.9  # of the pairs that agree on a value, at most so many are put down to persons, not to chance
LEAST_STRANGERS = 0.5  # and at least so many pairs of a bin to chance


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
    rate = model.prior.matches_per_record
    shares = shares_of(model.comparison)
    bits = class_bits(model.comparison, shares, rate, frequencies, together)
    names = name_columns(model.comparison)
    prior = prior_bits(model.prior, pairs_per_record)
    places = None
    if model.places:
        places = place_bits(model.places, model.comparison, shares, bits.match, partners_of(pairs_per_record))
    dependences = dependence_bits(model.dependence, model.comparison)
    return LevelWeights(bits.match, bits.relatives, *prior, names, bits.lift, NAMESAKES, places, dependences)


class ClassBits(NamedTuple):
    """Bits of every level for each class of pairs against strangers."""

    match: np.ndarray
    """(comparisons, WIDTH)"""
    relatives: np.ndarray
    """(classes of relatives, comparisons, WIDTH)"""
    lift: np.ndarray
    """(bins,) as in LevelWeights"""
    chance: tuple[np.ndarray, ...]
    """of each comparison, by bin: how much rarer agreement by chance is than the values' frequency says"""


def class_bits(
    comparisons: Sequence[Comparison],
    shares: Shares,
    matches_per_record: float,
    frequencies: Sequence[Frequencies],
    together: NamePairs,
    relatives_per_record: float = 0.0,
    *,
    is_training: bool = False,
) -> ClassBits:
    """What levels of these shares are worth, while a model is trained and when it is used.

    Args:
        comparisons: of the model.
        shares: of their levels in each class.
        matches_per_record: expected pairs with another record of the person, a record.
        frequencies: of the values of each comparison.
        together: how forenames and surnames go together.
        relatives_per_record: the same with relatives, whose agreement is then no chance either. Training must know: else it
            takes relatives of one address for matches, to explain why so many pairs agree on it. In use they are left
            among the pairs that agree by chance: what a household shares counts for a little less.
        is_training: exact agreements count for what the values' frequency says, which is less than they are worth where few records
            have a value. EM that is told their worth takes namesakes in a large community for persons, who fit it better.
    """
    match = np.zeros((len(comparisons), WIDTH))
    relatives = np.zeros((len(RELATIVES), len(comparisons), WIDTH))
    exact = [len(LEVELS[comparison.kind]) for comparison in comparisons]
    last = np.arange(len(exact)), np.array(exact, int) - 1
    are_shared = np.array([comparison.is_shared for comparison in comparisons], bool)
    agreeing_per_record = matches_per_record * shares.m[last] + relatives_per_record * are_shared * shares.related[last]
    chance = tuple(
        chance_bits(frequency, float(rate)) for frequency, rate in zip(frequencies, agreeing_per_record, strict=True)
    )
    for number, (comparison, frequency) in enumerate(zip(comparisons, frequencies, strict=True)):
        m, u, related = (share[number, : exact[number]] for share in shares)
        if is_training:
            of_values = frequency.rarity_bits + chance[number]
        else:
            of_values = agreement_bits(frequency, float(agreeing_per_record[number]))
        match[number] = spread_bits(comparison, m, u, of_values)
        if comparison.is_shared:
            relatives[:, number] = spread_bits(comparison, related, u, of_values)
        else:
            relatives[[comparison.kind in agreeing_kinds for agreeing_kinds in RELATIVES.values()], number] = match[
                number
            ]
    m_names = [shares.m[number, exact[number] - 1] for number in name_columns(comparisons) or ()]
    return ClassBits(match, relatives, lift_bits(together, matches_per_record * float(np.prod(m_names))), chance)


def name_columns(comparisons: Sequence[Comparison]) -> tuple[int, int] | None:
    """Where forename and surname stand, if both are compared."""
    number = {comparison.kind: nth for nth, comparison in enumerate(comparisons)}
    return (number["forename"], number["surname"]) if {"forename", "surname"} <= set(number) else None


def lift_bits(together: NamePairs, matches_per_occurrence: float) -> np.ndarray:
    """(bins,) bits that an exact forename is worth less beside an exact surname, because communities name alike.

    A Khan is called Mohammed far more often than a Smith is. How much oftener two strangers agree on both names than
    on each by itself is read off the common names, where strangers make a third of the pairs and more; rare names are given what
    the rarest of these have.
    """
    of_one_person = together.occurrences * matches_per_occurrence
    strangers = np.maximum(together.agreeing - of_one_person, 0.0)
    is_most = np.clip(6 * strangers / np.maximum(together.agreeing, 1.0) - 2.0, 0.0, 1.0)
    is_sure = is_most * np.clip(2 * strangers / SURE_PAIRS - 2.0, 0.0, 1.0) * (together.by_chance >= 1)
    bits = np.log2(np.maximum(strangers, 1.0) / np.maximum(together.by_chance, 1.0))
    return _smooth(np.maximum(bits, 0.0), is_sure)


def _smooth(values: np.ndarray, is_sure: np.ndarray) -> np.ndarray:
    """The values where they are sure, led on evenly where they are not (Whittaker 1923); steady in both arguments."""
    weight = is_sure**2 / (1.001 - is_sure)
    steps = np.diff(np.eye(len(values)), axis=0)
    return np.linalg.solve(np.diag(weight + NOUGHT) + steps.T @ steps, weight * values)


def spread_bits(comparison: Comparison, share: np.ndarray, u: np.ndarray, of_values: np.ndarray) -> np.ndarray:
    """(WIDTH,) bits of each level index: log2(share / u), at the exact level by the bits ``of_values`` of its frequency bins.

    Two spellings of one name count by how rare the name is with all of them: strangers have two ways of writing a name as
    often as its share squared, one person who is written in two ways as often as its share.
    """
    exact = len(LEVELS[comparison.kind])
    bins = FREQUENCY_BINS[comparison.kind][0]
    bits = np.zeros(WIDTH)
    bits[1:exact] = np.log2(np.maximum(share[:-1], LEAST) / np.maximum(u[:-1], LEAST))
    if "variant" in LEVELS[comparison.kind]:
        rarer = 0.0 if comparison.usual_rarity is None else np.array(SPELLING_BITS) - comparison.usual_rarity
        bits[exact + bins : exact + bins + SPELLING_BINS] = bits[LEVELS[comparison.kind].index("variant") + 1] + rarer
    if bins:
        bits[exact : exact + bins] = np.log2(max(share[-1], LEAST)) + of_values
    else:
        bits[exact] = np.log2(max(share[-1], LEAST) / max(u[-1], LEAST))
    return np.minimum(bits, comparison.max_bits)


def chance_bits(frequency: Frequencies, matches_per_occurrence: float) -> np.ndarray:
    """(bins,) how much rarer agreement by chance is than the values' frequency says, bits.

    A value that stands eight times because one person has eight records is not a common value. Of the pairs that agree
    on the values of a bin, those that its persons are expected to make by themselves are no chance.
    """
    of_one_person = frequency.occurrences * matches_per_occurrence / np.maximum(frequency.agreeing, 1.0)
    return -np.log2(1.0 - np.minimum(of_one_person, MOST_OWN))


def agreement_bits(frequency: Frequencies, matches_per_occurrence: float) -> np.ndarray:
    """(bins,) how much oftener two records that agree do so on values of the bin if they are of one person than two strangers do, bits.

    A value that two records of ten thousand have is not had by one person in five thousand: one of the two may be chance, or
    both one person's, and values that stand once have no pair at all (Good 1953). So pairs are counted, not values: those that
    persons make by themselves are spread over the values that stand more than once, and what agrees besides is chance.
    """
    has_pairs = frequency.repeated > 0
    share = frequency.repeated / max(float(frequency.repeated.sum()), 1.0)
    of_one_person = share * float(frequency.occurrences.sum()) * matches_per_occurrence
    by_chance = frequency.agreeing - np.minimum(of_one_person, MOST_OWN * frequency.agreeing)
    oftener = share * frequency.pairs / np.maximum(by_chance, LEAST_STRANGERS)
    bits = np.log2(np.where(has_pairs, oftener, 1.0))
    commoner = np.maximum.accumulate(np.where(has_pairs, np.arange(len(bits)), 0))
    return np.where(has_pairs, bits, np.maximum(bits[commoner], frequency.rarity_bits))


def prior_bits(prior: Prior, pairs_per_record: float) -> tuple[float, np.ndarray]:
    """log2 odds that two random records are of one person, and of each class of relatives."""
    partners = partners_of(pairs_per_record)
    rates = np.array([prior.related_per_record, prior.twins_per_record, prior.namesakes_per_record])
    return float(np.log2(prior.matches_per_record / partners)), np.log2(rates / partners)


def partners_of(pairs_per_record: float) -> float:
    """Records that a record may be compared with, at least half of one."""
    return max(pairs_per_record, 0.5)


def probability(bits: np.ndarray) -> np.ndarray:
    """Match weight to match probability."""
    return 1.0 / (1.0 + np.exp2(-np.clip(np.asarray(bits, float), -60, 60)))


def waterfall(weights: LevelWeights, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bits that each comparison adds (pairs, comparisons), and that the classes of relatives take off (pairs,)."""
    patterns = patterns_of(levels)
    parts, related = pattern_waterfall(weights, patterns.levels)
    return parts[patterns.of], related[patterns.of]


def pattern_waterfall(weights: LevelWeights, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As ``waterfall``, of patterns: nothing is looked up twice where none comes twice."""
    classes = class_parts(weights, levels)
    _, parts = next(classes)
    return parts, -against(np.stack([prior + bits.sum(1) for prior, bits in classes]))


def pattern_probability(weights: LevelWeights, levels: np.ndarray) -> np.ndarray:
    """(pairs,) match probability of pairs of these levels."""
    parts, related = waterfall(weights, levels)
    return probability(parts.sum(1) + weights.prior_match + related)


def class_parts(weights: LevelWeights, levels: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Of matches, then of every class of relatives, and of neighbours where the model knows them: what speaks for it against strangers.

    A forename counts for what it says beside the surname, fields of a place for what they say together, and one that hangs
    on another for what it says beside that.

    Yields:
        the prior, and (patterns, comparisons) bits.
    """
    columns, n_related = np.arange(levels.shape[1]), len(weights.prior_relatives)
    told_twice = bits_together(weights.dependences, levels)
    places = place_evidence(weights.places, levels) if weights.places else None

    def once(parts: np.ndarray, relation: int | None) -> np.ndarray:
        for one, bits in zip(weights.dependences, told_twice, strict=True):
            if relation is None or not one.is_like_strangers[relation]:
                parts[:, one.comparison] -= bits
        return parts

    match = once(_beside_surname(weights, levels, weights.match[columns, levels]), None)
    yield weights.prior_match, match + places.match if places else match
    for relation, prior in enumerate(weights.prior_relatives.tolist()):
        parts = weights.relatives[relation][columns, levels]
        if relation == weights.namesakes:
            parts = _beside_surname(weights, levels, parts)
        parts = once(parts, relation)
        yield prior, parts + places.relatives if places else parts
    if weights.places and places:
        yield weights.places.prior_neighbours, once(places.neighbours, n_related)


def _beside_surname(weights: LevelWeights, levels: np.ndarray, bits: np.ndarray) -> np.ndarray:
    if weights.names is not None:
        bits[:, weights.names[0]] -= name_lift(weights, levels)
    return bits


def against(odds: np.ndarray) -> np.ndarray:
    """(pairs,) bits by which relatives outweigh strangers, given (classes, pairs) log2 odds against strangers."""
    return np.log2(1.0 + np.exp2(np.minimum(odds, 60.0)).sum(0))
