"""What an engine must do: find candidate pairs of a table of records, and tell their comparison levels.

Engines agree pair by pair: one suite in ``tests/engines`` runs on all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.patterns import Patterns
from schemas.model import FREQUENCY_BINS, LEVELS, BlockingRule, Model


@dataclass(frozen=True, slots=True)
class PatternCounts:
    """How often each combination of levels was seen."""

    levels: np.ndarray
    """(patterns, comparisons) uint8 level indexes: 0 null, 1 the lowest level, ..; above the exact level, bins (``level_numbers``)"""
    count: np.ndarray
    """(patterns,) int64"""


@dataclass(frozen=True, slots=True)
class CandidateSample:
    """Candidate pairs of some of the records under every blocking rule that was tried."""

    patterns: PatternCounts
    scale: float
    """candidate pairs that one pair of the sample stands for"""
    rules: tuple[BlockingRule, ...]
    """those tried, with the largest blocks that were looked at"""
    pattern: np.ndarray
    """(pairs,) row of ``patterns`` of each pair"""
    pair: np.ndarray
    rule: np.ndarray
    size: np.ndarray
    """(finds,) pair, rule that brings it, and records of the block; a rule may bring a pair more than once"""
    keys: np.ndarray
    """(rules,) keys that all records have of each rule"""


@dataclass(frozen=True, slots=True)
class PlaceBits:
    """What the fields that say where somebody lives are worth together."""

    is_place: np.ndarray
    """(comparisons,) bool: which they are"""
    moved_share: np.ndarray
    """(2,) of matches, and of relatives, how many are found in two places"""
    match: np.ndarray
    """(2, comparisons, 32) log2(share / m) of those found in one place, and in two"""
    relatives: np.ndarray
    """(2, comparisons, 32) the same of relatives"""
    neighbours: np.ndarray
    """(comparisons, 32) log2(share / u) of neighbours"""
    prior_neighbours: float


@dataclass(frozen=True, slots=True)
class DependenceBits:
    """How much oftener strangers have levels of two comparisons together than if these were independent."""

    beside: int
    """A third one, whose level tells which bits hold; ``on`` where none does"""
    on: int
    comparison: int
    """The one that hangs on the other"""
    bits: np.ndarray
    """(32, 32, 32) log2 of how many times as often, by the levels of ``beside`` and of both; 0 where one of both is null"""
    is_like_strangers: np.ndarray
    """(classes of relatives and neighbours,) bool: for which of them it holds, too"""


@dataclass(frozen=True, slots=True)
class LevelWeights:
    """Bits of every level of every comparison, frequency bins included; level 0 (null) is 0."""

    match: np.ndarray
    """(comparisons, 32) log2(m / u)"""
    relatives: np.ndarray
    """(classes, comparisons, 32) log2(share / u) in each class of relatives; 0 where a field is like that of strangers"""
    prior_match: float
    prior_relatives: np.ndarray
    """(classes,)"""
    names: tuple[int, int] | None = None
    """Which comparisons are forename and surname, where the model has both"""
    name_lift: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """(bins,) bits that two exact names are worth less together, by the sum of their frequency bins"""
    namesakes: int = 0
    """Which class of relatives agrees on the forename as one person does"""
    places: PlaceBits | None = None
    """Where the model knows that fields of a place hang together: not in the score of an engine, which counts them one by one"""
    dependences: tuple[DependenceBits, ...] = ()
    """What strangers agree on together; not in the score of an engine either"""


def name_lift(weights: LevelWeights, levels: np.ndarray) -> np.ndarray:
    """(pairs,) bits that forename and surname are worth less because such surnames go with such forenames."""
    if weights.names is None:
        return np.zeros(len(levels))
    forename, surname = (levels[:, c].astype(int) - e for c, e in zip(weights.names, EXACT_NAMES, strict=True))
    has_both = (np.minimum(forename, surname) >= 0) & (np.maximum(forename, surname) < NAME_BINS)
    return np.where(has_both, weights.name_lift[np.where(has_both, forename + surname, 0)], 0.0)


EXACT_NAMES, NAME_BINS = (len(LEVELS["forename"]), len(LEVELS["surname"])), FREQUENCY_BINS["forename"][0]


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """Candidate pairs at or above a floor, ordered by left and right."""

    left: np.ndarray
    right: np.ndarray
    """int32 row numbers in the table, left < right"""
    patterns: Patterns
    weight: np.ndarray
    """float32 bits: match against random or related"""
    candidates: int
    """Candidate pairs in all, those under the floor included"""
    compared: int = 0
    """How many of them were compared, because no earlier table knew their weight"""


EngineMemory = Mapping[str, pa.Table]
"""What an engine needs of a table to go on from it with the next one; what is in it is the engine's own business"""


@dataclass(frozen=True, slots=True)
class EarlierTable:
    """An earlier table, whose scored pairs are known, and how the one at hand differs from it."""

    memory: EngineMemory
    """What the engine kept of the earlier table"""
    candidates: int
    """Candidate pairs of the earlier table"""
    is_new: np.ndarray
    """(records,) bool: not there before, or with other values"""
    row_of: np.ndarray
    """(records before,) row number now, ascending; -1 of one that left"""


@dataclass(frozen=True, slots=True)
class PriorKnowledge:
    """What is known of a table before its pairs are scored."""

    frequencies: FrequencyTable
    """How common values are"""
    earlier: EarlierTable | None = None
    """None where no pairs are known"""


UNCHANGED, MOVED, NEW = 0, 1, 2


def is_open(state: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(pairs,) whether a pair is to be scored: one of it is new, or a block of both may have come or gone."""
    a, b = state[left], state[right]
    return (a == NEW) | (b == NEW) | ((a == MOVED) & (b == MOVED))


class Workspace(Protocol):
    """A table of records that an engine has taken in."""

    @property
    def n_records(self) -> int:
        """Rows of the table."""

    @property
    def n_pairs(self) -> int:
        """Pairs of records that may be compared: all, or those across the values of ``blocking.across``."""

    @property
    def frequencies(self) -> tuple[Frequencies, ...]:
        """Rarity of the values of each comparison, in the model's order."""

    @property
    def name_pairs(self) -> NamePairs:
        """How often forenames and surnames go together."""

    def random_patterns(self, pairs: int, seed: int) -> PatternCounts:
        """Levels of about so many pairs drawn at random, to estimate u."""

    def sample(self, records: int) -> CandidateSample:
        """The candidate pairs of about so many records, under every blocking rule there can be; to be called before ``block``."""

    def block(self, rules: Sequence[BlockingRule]) -> None:
        """Find the candidate pairs of these rules; once, and before ``score``."""

    def compare(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Levels of the given pairs of row numbers: (pairs, comparisons) uint8 as in PatternCounts."""

    def score(self, weights: LevelWeights, floor: float) -> ScoredPairs:
        """Every candidate pair whose weight reaches the floor, bits."""


class Engine(Protocol):
    """Carries out a model."""

    name: str

    def load(self, table: pa.Table, model: Model) -> Workspace:
        """Take in records sorted by record id: a column a field of the model (text, list of text, or date)."""


class IncrementalWorkspace(Workspace, Protocol):
    """A workspace that scores no pair again whose weight is known."""

    @property
    def state(self) -> np.ndarray:
        """(records,) uint8: NEW; MOVED, in a block that came or went since the earlier table; or UNCHANGED. After ``block``.

        ``score`` gives only pairs that are open by ``is_open``; it counts all candidate pairs.
        """

    @property
    def memory(self) -> EngineMemory:
        """What the engine needs of this table to go on from it."""


@runtime_checkable
class IncrementalEngine(Engine, Protocol):
    """An engine that need not score again the pairs of an earlier table."""

    def frequency_table(self, table: pa.Table, model: Model) -> FrequencyTable:
        """How common the table's values are, to be kept."""

    def load_incremental(self, table: pa.Table, model: Model, knowledge: PriorKnowledge) -> IncrementalWorkspace:
        """As ``load``, with what is known of the table."""
