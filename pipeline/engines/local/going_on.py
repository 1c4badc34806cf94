"""A table that follows an earlier one: only pairs of which the earlier one does not tell are found and weighed.

Of the records that stand as they did only the tokens are looked at; values are encoded of those that an open pair may have.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numba import njit

from pipeline.core.numbers import distinct
from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.groups import comparable_pairs, group_codes, group_texts, text_codes
from pipeline.engines.local.blocks import FIRST, Blocks, owners
from pipeline.engines.local.encode import columns_read, read_values, tokens_of
from pipeline.engines.local.keys import KeyPlan, plan_keys
from pipeline.engines.local.moved import GONE, mark_moved
from pipeline.engines.local.plan import make_scratch
from pipeline.engines.local.remembered import RECORDS, Union, in_rows, recalled, remembered, then_and_now, union_of
from pipeline.engines.local.scan import count_open
from pipeline.engines.local.some_blocks import blocks_of_some
from pipeline.engines.local.values import Tokens
from pipeline.engines.local.workspace import LocalWorkspace
from pipeline.engines.port import (
    MOVED,
    NEW,
    STANDS,
    Before,
    CandidateSample,
    LevelWeights,
    PatternCounts,
    Remembered,
    ScoredPairs,
)
from pipeline.engines.tokens import MOST_BLOCK, Groups, token_kinds
from schemas.model import BlockingRule, Model

MOST_PART = 0.25  # of the records, that are encoded for some pairs; for more all are, once


class GoingOn:
    """What an engine needs of a table that follows another; whatever else is asked of it, it encodes the whole table for."""

    def __init__(
        self, table: pa.Table, model: Model, groups: Groups, threads: int, frequencies: FrequencyTable, before: Before
    ) -> None:
        self._table = table.select(columns_read(table, model))
        self._model, self._groups, self._threads, self._frequencies = model, groups, threads, frequencies
        self._before, self._candidates = before, 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="link")
        self._union: Union | None = None
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
        return self._whole.frequencies

    @property
    def name_pairs(self) -> NamePairs:
        """How often forenames and surnames go together."""
        return self._whole.name_pairs

    def random_patterns(self, pairs: int, seed: int) -> PatternCounts:
        """Levels of pairs drawn at random."""
        return self._whole.random_patterns(pairs, seed)

    def sample(self, records: int) -> CandidateSample:
        """Candidate pairs of about so many records, under every rule there can be."""
        return self._whole.sample(records)

    def compare(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Levels of the given pairs."""
        rows = distinct(np.concatenate([left, right]).astype(np.int64))
        if len(rows) > MOST_PART * self.n_records:
            return self._whole.compare(left, right)
        own = self._loaded(self._table.take(rows))
        return own.compare(*(np.searchsorted(rows, side).astype(np.int32) for side in (left, right)))

    def block(self, rules: Sequence[BlockingRule]) -> None:
        """Find the records that moved, and the blocks of open pairs."""
        before = self._before
        then = recalled(before.remembered, token_kinds(self._model))
        union = union_of(then, before, self._fresh_tokens())
        now = len(union.row)
        tokens = then_and_now(union)
        plans = plan_keys(tokens[0], rules), plan_keys(tokens[1], rules)
        state = np.repeat(np.array([NEW, STANDS, GONE], np.uint8), [union.new, now - union.new, union.tokens.n - now])
        mark_moved(union.tokens, state, *plans, self._pool, self._threads)
        was_open = self._count(self._open_blocks(tokens[0], plans[0], state[union.new :]), union, state[union.new :])
        self._candidates = before.candidates - was_open
        self._open = self._open_blocks(tokens[1], plans[1], state[:now]), state[:now]
        self._state = np.empty(now, np.uint8)
        self._state[union.row] = state[:now]
        self._union = union

    @property
    def state(self) -> np.ndarray:
        """(records,) which are new, or in a block that came or went."""
        return self._state

    @property
    def remembered(self) -> Remembered:
        """The tokens of all records."""
        return remembered(in_rows(self._blocked), group_texts(self._table, self._model))

    def score(self, weights: LevelWeights, floor: float) -> ScoredPairs:
        """Every open pair whose weight reaches the floor."""
        (member, state), row = self._open, self._blocked.row
        own = distinct((member[:-1] & (FIRST - 1)).astype(np.int64))
        own = own[np.argsort(row[own])]
        place = np.zeros(len(row), np.int32)
        place[own] = np.arange(len(own))
        renamed = np.append(place[member[:-1] & (FIRST - 1)] | (member[:-1] & FIRST), FIRST).astype(np.int32)
        blocks = Blocks(renamed, *owners(len(own), renamed, self._pool, self._threads))
        found = self._loaded(self._table.take(row[own])).score_blocks(blocks, state[own], weights, floor)
        left, right = (row[own][side].astype(np.int32) for side in (found.left, found.right))
        return replace(found, left=left, right=right, candidates=self._candidates + found.compared)

    @cached_property
    def _whole(self) -> LocalWorkspace:
        return self._loaded(self._table)

    def _loaded(self, table: pa.Table) -> LocalWorkspace:
        return LocalWorkspace(table, self._model, self._groups, self._threads, self._frequencies)

    @property
    def _blocked(self) -> Union:
        if self._union is None:
            raise RuntimeError("blocks have yet to be found")
        return self._union

    def _fresh_tokens(self) -> Tokens:
        fresh = self._table.filter(pa.array(self._before.is_new))
        return tokens_of(read_values(fresh, self._model), len(fresh), self._model, self._groups, None)

    def _open_blocks(self, tokens: Tokens, plan: KeyPlan, state: np.ndarray) -> np.ndarray:
        """Members, as in ``Blocks``, of the blocks that hold an open pair."""
        wanted = np.flatnonzero(state != STANDS)
        return _with_open_pairs(blocks_of_some(wanted, tokens, plan, self._pool, self._threads), state)

    def _count(self, member: np.ndarray, union: Union, state: np.ndarray) -> int:
        """Open pairs of the earlier table."""
        n = len(state)
        blocks = Blocks(member, *owners(n, member, self._pool, self._threads))
        texts = self._before.remembered[RECORDS].column("group")
        group = text_codes(texts.take(pa.array(union.source[union.new :])))
        room = min(int(np.diff(blocks.own_start).max(initial=0)) * MOST_BLOCK, n) + 1
        return int(count_open(n, blocks, group, np.where(state == GONE, NEW, state), make_scratch(n, room)))


@njit(cache=True, nogil=True)
def _with_open_pairs(member, state):
    """The blocks of which one record is new, or gone, or two have moved."""
    out = np.empty_like(member)
    size, begin = 0, 0
    for end in range(1, member.shape[0]):
        if member[end] < FIRST:
            continue
        told = 0
        for at in range(begin, end):
            own = state[member[at] & (FIRST - 1)]
            told += 1 if own == MOVED else 2 * (own != STANDS)
        if told > 1:
            out[size : size + end - begin] = member[begin:end]
            size += end - begin
        begin = end
    out[size] = FIRST
    return out[: size + 1].copy()
