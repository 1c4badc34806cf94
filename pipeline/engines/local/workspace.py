"""A table of records that the local engine has taken in whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.groups import comparable_pairs, group_texts
from pipeline.engines.local.blocks import Blocks, find_blocks
from pipeline.engines.local.coded import read_values
from pipeline.engines.local.encode import encode
from pipeline.engines.local.pair_levels import patterns_of
from pipeline.engines.local.plan import Plan, make_cache, make_plan, make_weights, unpack
from pipeline.engines.local.record_tokens import record_tokens
from pipeline.engines.local.sample import sample_finds
from pipeline.engines.local.scan import Scan, scan_blocks
from pipeline.engines.local.token_tables import token_tables
from pipeline.engines.local.values import Records, Tokens, Values
from pipeline.engines.local.workers import Workers
from pipeline.engines.patterns import Patterns
from pipeline.engines.port import CandidateSample, EngineMemory, LevelWeights, PatternCounts, ScoredPairs
from pipeline.engines.random_pairs import random_pairs
from pipeline.engines.tokens import MOST_BLOCK, SMALL_BLOCK, Groups, rules_of, rules_to_try
from schemas.model import BlockingRule, Model

NO_STATE = np.empty(0, np.uint8)


class LocalWorkspace:
    """Encoded records, and from ``block`` to ``score`` their blocks."""

    def __init__(
        self,
        table: pa.Table,
        model: Model,
        groups: Groups,
        threads: int,
        frequencies: FrequencyTable | None = None,
        *,
        keeps_tokens: bool = False,
    ) -> None:
        coded = read_values(table, model)
        self._encoded = encode(table, coded, model, groups, frequencies)
        self._rules = None if keeps_tokens else model.blocking.rule or rules_to_try(model, len(table))
        self._coded, self._groups = coded, groups
        self._model, self._group = model, group_texts(table, model)
        self._workers = Workers(threads)
        self._plan = make_plan(model)
        self._memory: EngineMemory = {}
        self._blocks: Blocks | None = None
        self._caches = [make_cache() for _ in range(threads)]

    @property
    def n_records(self) -> int:
        """Rows of the table."""
        return self._encoded.n

    @property
    def n_pairs(self) -> int:
        """Pairs of records that may be compared."""
        return comparable_pairs(self._encoded.records.group)

    @property
    def frequencies(self) -> tuple[Frequencies, ...]:
        """Rarity of the values of each comparison."""
        return self._encoded.frequencies

    @property
    def name_pairs(self) -> NamePairs:
        """How often forenames and surnames go together."""
        return self._encoded.name_pairs

    def random_patterns(self, pairs: int, seed: int) -> PatternCounts:
        """Levels of pairs drawn at random."""
        return self._count(self._patterns(*random_pairs(self._encoded.counted, pairs, seed)))

    def compare(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Levels of the given pairs."""
        return unpack(self._patterns(left, right), self._plan)

    def sample(self, records: int) -> CandidateSample:
        """Candidate pairs of about so many records, under every rule there can be."""
        rules = rules_to_try(self._model, self.n_records)
        group = self._encoded.records.group
        finds = sample_finds(self._make_tokens(), rules, group, records, SMALL_BLOCK, self._workers)
        distinct, pattern, count = np.unique(
            self._patterns(finds.left, finds.right), return_inverse=True, return_counts=True
        )
        scale = self.n_records / max(2 * finds.sampled, 1)
        return CandidateSample(
            PatternCounts(unpack(distinct, self._plan), count.astype(np.int64)),
            scale,
            rules,
            pattern.astype(np.int32),
            finds.pair,
            finds.rule,
            finds.size,
            finds.keys,
        )

    def block(self, rules: Sequence[BlockingRule]) -> None:
        """Find the blocks of these rules."""
        tokens = self._make_tokens()
        self._blocks = find_blocks(tokens, rules, self._workers)
        if self._rules is None:
            self._memory = token_tables(tokens, self._group)

    @property
    def state(self) -> np.ndarray:
        """Empty: the weight of no pair is known."""
        return NO_STATE

    @property
    def memory(self) -> EngineMemory:
        """The tokens of all records; empty before ``block``, and of a workspace that was not told to keep them."""
        return self._memory

    def _make_tokens(self) -> Tokens:
        return record_tokens(self._coded, self.n_records, self._model, self._groups, self._rules)

    def _found_blocks(self) -> Blocks:
        if self._blocks is None:
            self.block(rules_of(self._model, self.n_records))
        return self._blocks  # type: ignore[return-value]  # set just now

    def score(self, weights: LevelWeights, floor: float) -> ScoredPairs:
        """Every candidate pair whose weight reaches the floor; the blocks are forgotten then."""
        blocks, self._blocks = self._found_blocks(), None
        return self.score_blocks(blocks, NO_STATE, weights, floor)

    def score_blocks(self, blocks: Blocks, state: np.ndarray, weights: LevelWeights, floor: float) -> ScoredPairs:
        """Every pair of these blocks whose weight reaches the floor; where there is a state of the records, every open pair."""
        packed = make_weights(weights, floor, self._model, self._plan)
        room = min(int(np.diff(blocks.place_start).max(initial=0)) * MOST_BLOCK, self.n_records) + 1

        def score_part(thread: int) -> Scan:
            rows, cache = (thread, self._workers.count, self.n_records), self._caches[thread]
            return scan_blocks(rows, blocks, state, room, cache, self._kernel_inputs(), packed)

        return self._scored(self._workers.each(score_part))

    def _scored(self, scans: Sequence[Scan]) -> ScoredPairs:
        """The pairs of all scans, in their order."""
        columns = (np.concatenate(column) for column in zip(*(scan.kept for scan in scans), strict=True))
        left, right, pattern, weight = columns
        left, right = np.minimum(left, right), np.maximum(left, right)
        order = np.lexsort((right, left))
        code = pa.array(pattern[order]).dictionary_encode()
        patterns = Patterns(unpack(code.dictionary.to_numpy(), self._plan), code.indices.to_numpy())
        n_met, n_compared = (sum(counts) for counts in zip(*((scan.met, scan.compared) for scan in scans), strict=True))
        return ScoredPairs(left[order], right[order], patterns, weight[order], n_met, n_compared)

    def _patterns(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        patterns = np.empty(len(left), np.int64)
        bounds = np.linspace(0, len(left), self._workers.count + 1).astype(int)

        def compare_part(thread: int) -> None:
            part = slice(bounds[thread], bounds[thread + 1])
            patterns_of(left[part], right[part], *self._kernel_inputs(), self._caches[thread], patterns[part])

        self._workers.each(compare_part)
        return patterns

    def _kernel_inputs(self) -> tuple[Plan, Values, Records]:
        return self._plan, self._encoded.values, self._encoded.records

    def _count(self, patterns: np.ndarray) -> PatternCounts:
        distinct, count = np.unique(patterns, return_counts=True)
        return PatternCounts(unpack(distinct, self._plan), count.astype(np.int64))
