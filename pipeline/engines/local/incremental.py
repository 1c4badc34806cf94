"""A table that follows an earlier one: only pairs whose weight the earlier one does not tell are found and weighed.

Of unchanged records only the tokens are looked at; values are encoded of the records that an open pair may have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numba import njit

from pipeline.core.numbers import distinct
from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.groups import comparable_pairs, group_codes, group_texts, text_codes
from pipeline.engines.local.blocks import FIRST, Blocks, record_places
from pipeline.engines.local.coded import columns_read, read_values
from pipeline.engines.local.keys import KeyPlan, plan_keys
from pipeline.engines.local.moved import REMOVED, mark_moved
from pipeline.engines.local.plan import make_scratch
from pipeline.engines.local.record_tokens import record_tokens
from pipeline.engines.local.scan import count_open
from pipeline.engines.local.some_blocks import blocks_of_some
from pipeline.engines.local.token_tables import (
    RECORDS,
    BothTables,
    both_tables,
    current_tokens,
    earlier_and_current,
    token_tables,
    tokens_of_tables,
)
from pipeline.engines.local.values import Tokens
from pipeline.engines.local.workers import Workers
from pipeline.engines.local.workspace import LocalWorkspace
from pipeline.engines.port import (
    MOVED,
    NEW,
    UNCHANGED,
    CandidateSample,
    EarlierTable,
    EngineMemory,
    LevelWeights,
    PatternCounts,
    ScoredPairs,
)
from pipeline.engines.tokens import MOST_BLOCK, Groups, token_kinds
from schemas.model import BlockingRule, Model

MOST_PART = 0.25  # of the records are encoded to compare some pairs; for more than that all are, once


class LocalIncrementalWorkspace:
    """A table that follows another; for anything but blocking and scoring it encodes the whole table."""

    def __init__(
        self,
        table: pa.Table,
        model: Model,
        groups: Groups,
        threads: int,
        frequencies: FrequencyTable,
        earlier: EarlierTable,
    ) -> None:
        self._table = table.select(columns_read(table, model))
        self._model, self._groups, self._threads, self._frequencies = model, groups, threads, frequencies
        self._earlier, self._candidates = earlier, 0
        self._workers = Workers(threads)
        self._tables: BothTables | None = None
        self._open: tuple[np.ndarray, np.ndarray] = np.empty(0, np.int32), np.empty(0, np.uint8)
        self._state = np.empty(0, np.uint8)

    @property
    def n_records(self) -> int:
        """Rows of the table."""
        return len(self._table)

    @property
    def n_pairs(self) -> int:
        """Pairs of records that may be compared."""
        return comparable_pairs(group_codes(self._table, self._model))

    @property
    def frequencies(self) -> tuple[Frequencies, ...]:
        """Rarity of the values of each comparison."""
        return self._full_workspace.frequencies

    @property
    def name_pairs(self) -> NamePairs:
        """How often forenames and surnames go together."""
        return self._full_workspace.name_pairs

    def random_patterns(self, pairs: int, seed: int) -> PatternCounts:
        """Levels of pairs drawn at random."""
        return self._full_workspace.random_patterns(pairs, seed)

    def sample(self, records: int) -> CandidateSample:
        """Candidate pairs of about so many records, under every rule there can be."""
        return self._full_workspace.sample(records)

    def compare(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Levels of the given pairs."""
        rows = distinct(np.concatenate([left, right]).astype(np.int64))
        if len(rows) > MOST_PART * self.n_records:
            return self._full_workspace.compare(left, right)
        workspace = self._load(self._table.take(rows))
        return workspace.compare(*(np.searchsorted(rows, side).astype(np.int32) for side in (left, right)))

    def block(self, rules: Sequence[BlockingRule]) -> None:
        """Find the records that moved, and the blocks that hold an open pair."""
        earlier_tokens = tokens_of_tables(self._earlier.memory, token_kinds(self._model))
        both = both_tables(earlier_tokens, self._earlier, self._fresh_tokens())
        n_current, n_all = len(both.row), both.tokens.n
        then, now = earlier_and_current(both)
        plan_then, plan_now = plan_keys(then, rules), plan_keys(now, rules)
        sizes = [both.n_new, n_current - both.n_new, n_all - n_current]
        state = np.repeat(np.array([NEW, UNCHANGED, REMOVED], np.uint8), sizes)
        mark_moved(both.tokens, state, plan_then, plan_now, self._workers)
        state_then, state_now = state[both.n_new :], state[:n_current]
        was_open = self._count_open(self._open_blocks(then, plan_then, state_then), both, state_then)
        self._candidates = self._earlier.candidates - was_open
        self._open = self._open_blocks(now, plan_now, state_now), state_now
        self._state = np.empty(n_current, np.uint8)
        self._state[both.row] = state_now
        self._tables = both

    @property
    def state(self) -> np.ndarray:
        """(records,) NEW, MOVED or UNCHANGED."""
        return self._state

    @property
    def memory(self) -> EngineMemory:
        """The tokens of all records."""
        return token_tables(current_tokens(self._both_tables), group_texts(self._table, self._model))

    def score(self, weights: LevelWeights, floor: float) -> ScoredPairs:
        """Every open pair whose weight reaches the floor."""
        (member, state), row = self._open, self._both_tables.row
        members = distinct((member[:-1] & (FIRST - 1)).astype(np.int64))
        members = members[np.argsort(row[members])]
        new_row = np.zeros(len(row), np.int32)
        new_row[members] = np.arange(len(members))
        renamed = np.append(new_row[member[:-1] & (FIRST - 1)] | (member[:-1] & FIRST), FIRST).astype(np.int32)
        blocks = Blocks(renamed, *record_places(len(members), renamed, self._workers))
        scored = self._load(self._table.take(row[members])).score_blocks(blocks, state[members], weights, floor)
        left, right = (row[members][side].astype(np.int32) for side in (scored.left, scored.right))
        return replace(scored, left=left, right=right, candidates=self._candidates + scored.compared)

    @cached_property
    def _full_workspace(self) -> LocalWorkspace:
        return self._load(self._table)

    def _load(self, table: pa.Table) -> LocalWorkspace:
        return LocalWorkspace(table, self._model, self._groups, self._threads, self._frequencies)

    @property
    def _both_tables(self) -> BothTables:
        if self._tables is None:
            raise RuntimeError("blocks have yet to be found")
        return self._tables

    def _fresh_tokens(self) -> Tokens:
        fresh = self._table.filter(pa.array(self._earlier.is_new))
        return record_tokens(read_values(fresh, self._model), len(fresh), self._model, self._groups, None)

    def _open_blocks(self, tokens: Tokens, plan: KeyPlan, state: np.ndarray) -> np.ndarray:
        """Members, as in ``Blocks``, of the blocks that hold an open pair."""
        wanted = np.flatnonzero(state != UNCHANGED)
        return _with_open_pairs(blocks_of_some(wanted, tokens, plan, self._workers), state)

    def _count_open(self, member: np.ndarray, both: BothTables, state: np.ndarray) -> int:
        """Open pairs of the earlier table."""
        n = len(state)
        blocks = Blocks(member, *record_places(n, member, self._workers))
        texts = self._earlier.memory[RECORDS].column("group")
        group = text_codes(texts.take(pa.array(both.source[both.n_new :])))
        room = min(int(np.diff(blocks.place_start).max(initial=0)) * MOST_BLOCK, n) + 1
        return int(count_open(n, blocks, group, np.where(state == REMOVED, NEW, state), make_scratch(n, room)))


@njit(cache=True, nogil=True)
def _with_open_pairs(member, state):
    """The blocks with a record that is new or removed, or with two that have moved."""
    open_members = np.empty_like(member)
    size, begin = 0, 0
    for end in range(1, member.shape[0]):
        if member[end] < FIRST:
            continue
        openness = 0
        for place in range(begin, end):
            state_here = state[member[place] & (FIRST - 1)]
            openness += 1 if state_here == MOVED else 2 * (state_here != UNCHANGED)
        if openness > 1:
            open_members[size : size + end - begin] = member[begin:end]
            size += end - begin
        begin = end
    open_members[size] = FIRST
    return open_members[: size + 1].copy()
