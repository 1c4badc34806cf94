"""What workers do with some of the records, keys or pairs.

What belongs together meets in one bucket: all records that have a key, then all fellows of a record. What travels between the steps
is one array a part and bucket: Spark moves some thousand of them, and not some hundred million keys and pairs.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np
from numba import njit

from pipeline.engines.local.blocks import FIRST, Blocks, group_heaps
from pipeline.engines.local.keys import RULE_BITS, KeyPlan, every_key
from pipeline.engines.local.plan import Plan, Weights, make_cache
from pipeline.engines.local.record_tokens import TokenSources, tokens_of_rows
from pipeline.engines.local.scan import Scan, scan_blocks
from pipeline.engines.local.some_blocks import deal_into_heaps
from pipeline.engines.local.values import Records, Values

ODD = np.uint64(0x9E3779B97F4A7C15)  # times an odd number, different numbers stay different and their bits spread
BUCKET_SHIFT = np.uint64(40)  # bits of a key above those that may be cut off
NO_STATE = np.empty(0, np.uint8)
P = ParamSpec("P")
R = TypeVar("R")


class WorkerError(Exception):
    """What failed in a worker and where, without the error's own text, which Spark would show and which may quote a value."""


def _without_values(job: Callable[P, Iterator[R]]) -> Callable[P, Iterator[R]]:
    @functools.wraps(job)
    def told(*args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        try:
            yield from job(*args, **kwargs)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(last.filename).name} line {last.lineno}"
            raise WorkerError(f"{type(error).__name__}, {place}") from None

    return told


@dataclass(frozen=True, slots=True)
class Shared:
    """What every worker process holds of the table."""

    n: int
    parts: int
    """So many, of about as many records each, are worked on one by one; and there are as many buckets"""
    sources: TokenSources
    inputs: tuple[Plan, Values, Records]

    def rows(self, part: int) -> tuple[int, int]:
        """First and last record of a part."""
        return self.n * part // self.parts, self.n * (part + 1) // self.parts


class Keys(NamedTuple):
    """Keys of some records."""

    key: np.ndarray
    """uint64, its last bits the rule"""
    row: np.ndarray
    """int32 record that has it"""


class Keying(NamedTuple):
    """What makes a key."""

    plan: KeyPlan
    """Of the tokens of no record"""
    mask: np.uint64
    """Bits by which keys of two tokens are told apart"""


@_without_values
def count_tokens(shared: Shared, part: int) -> Iterator[tuple[int, np.ndarray]]:
    """How often the records of a part have each token: for each bucket of tokens its number and the counts."""
    is_useful = np.ones(len(shared.sources.kind), np.bool_)
    count = tokens_of_rows(*shared.rows(part), shared.sources, is_useful).token_count
    yield from enumerate(np.array_split(count, shared.parts))


@_without_values
def make_keys(shared: Shared, keying: Keying, part: int) -> Iterator[tuple[int, Keys]]:
    """The keys of the records of a part, by bucket."""
    first, last = shared.rows(part)
    tokens = tokens_of_rows(first, last, shared.sources, keying.plan.alone | keying.plan.joins)
    plan = keying.plan._replace(start=tokens.token_start, token=tokens.token, field=tokens.token_field)
    single, double = _single_keys(plan), Keys(*every_key(last - first, plan))
    key = np.concatenate([single.key, double.key & keying.mask])
    row = np.concatenate([single.row, double.row]) + np.int32(first)
    bucket = ((key >> BUCKET_SHIFT) % np.uint64(shared.parts)).astype(np.min_scalar_type(shared.parts))
    order = np.argsort(bucket, kind="stable")
    start = np.searchsorted(bucket[order], np.arange(shared.parts + 1))
    for number, places in _filled(start):
        yield number, Keys(key[order[places]], row[order[places]])


@_without_values
def find_fellows(parts: int, largest: np.ndarray, found: Iterable[Keys]) -> Iterator[tuple[int, np.ndarray]]:
    """All keys of a bucket to blocks, and these to each of their records with the later ones behind it, by bucket of the record."""
    key, row = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.argsort(row, kind="stable")  # parts come in any order, but the records of a block ascend
    members, _ = group_heaps(*deal_into_heaps(key[order], row[order]), largest, RULE_BITS)
    start, fellows = _fellows_by_bucket(members, parts)
    for number, places in _filled(start):
        yield number, fellows[places]


@_without_values
def score_fellows(shared: Shared, weights: Weights, fellows: Iterable[np.ndarray]) -> Iterator[Scan]:
    """Score the records of a bucket with all their fellows."""
    member = np.concatenate([*fellows, np.array([FIRST])], dtype=np.int32)
    blocks, room = _blocks_of(member, shared.n), min(len(member), shared.n) + 1
    yield scan_blocks((0, 1, shared.n), blocks, NO_STATE, room, make_cache(), shared.inputs, weights)


def _filled(start: np.ndarray) -> Iterator[tuple[int, slice]]:
    """The buckets that have something, and its places: bucket b has start[b] .. start[b + 1]."""
    for bucket in np.flatnonzero(np.diff(start)).tolist():
        yield bucket, slice(start[bucket], start[bucket + 1])


def _single_keys(plan: KeyPlan) -> Keys:
    """Tokens that are keys by themselves, and who has each: a number and the rule, as in keys of two tokens."""
    is_alone = plan.alone[plan.token]
    token, row = plan.token[is_alone], np.repeat(np.arange(len(plan.start) - 1), np.diff(plan.start))[is_alone]
    number, rule = token.astype(np.uint64) * ODD, plan.alone_rule[plan.kind[token]].astype(np.uint64)
    return Keys((number << np.uint64(RULE_BITS)) | rule, row.astype(np.int32))


def _blocks_of(member: np.ndarray, n: int) -> Blocks:
    """Records with their fellows behind them as blocks: only who stands first is compared with those that follow."""
    place = np.flatnonzero(member[:-1] >= FIRST)
    record = member[place] & (FIRST - 1)
    start = np.concatenate([[0], np.cumsum(np.bincount(record, minlength=n))])
    return Blocks(member, start, place[np.argsort(record, kind="stable")].astype(np.uint32))


@njit(cache=True, nogil=True)
def _fellows_by_bucket(member, buckets):
    """Each record of a block, with FIRST set, and the later ones of the block behind it; and where each bucket begins."""
    start = np.zeros(buckets + 1, np.int64)
    end = member.shape[0]
    for place in range(member.shape[0] - 1, -1, -1):
        if end - place > 1:
            start[(member[place] & (FIRST - 1)) % buckets + 1] += end - place
        if member[place] >= FIRST:
            end = place
    for bucket in range(buckets):
        start[bucket + 1] += start[bucket]
    filled, fellows = start[:-1].copy(), np.empty(start[buckets], np.int32)
    end = member.shape[0]
    for place in range(member.shape[0] - 1, -1, -1):
        bucket = (member[place] & (FIRST - 1)) % buckets
        if end - place > 1:
            fellows[filled[bucket]] = member[place] | FIRST
            for later in range(1, end - place):
                fellows[filled[bucket] + later] = member[place + later]
            filled[bucket] += end - place
        if member[place] >= FIRST:
            end = place
    return start, fellows
