"""A table of records whose candidate pairs are found and scored by Spark."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from pipeline.engines.local.blocks import key_mask
from pipeline.engines.local.keys import plan_keys
from pipeline.engines.local.plan import Weights, make_weights
from pipeline.engines.local.record_tokens import TokenSources, token_sources
from pipeline.engines.local.scan import Scan, make_columns
from pipeline.engines.local.values import Tokens
from pipeline.engines.local.workspace import LocalWorkspace
from pipeline.engines.port import LevelWeights, ScoredPairs
from pipeline.engines.spark import jobs
from pipeline.engines.spark.session import spark_session
from pipeline.engines.tokens import Groups, check_rules, rules_of, token_kinds
from schemas.model import BlockingRule, Model

if TYPE_CHECKING:
    from pyspark import RDD, Broadcast, SparkContext

RECORDS_A_PART = 20_000  # a bucket of their keys, or of their pairs, takes some hundred MB of a worker process
TASKS_A_CORE = 4
Value = TypeVar("Value")
NOTHING = Scan(make_columns(0), 0, 0)


class SparkWorkspace(LocalWorkspace):
    """Encoded records on the driver, for what is as large as the records: samples, and pairs that are named. Candidate pairs are Spark's."""

    def __init__(
        self, table: pa.Table, model: Model, groups: Groups, threads: int, records_a_part: int | None = None
    ) -> None:
        super().__init__(table, model, groups, threads)
        self._records_a_part = records_a_part or RECORDS_A_PART
        self._wanted_rules: Sequence[BlockingRule] | None = None

    def block(self, rules: Sequence[BlockingRule]) -> None:
        """Remember these rules: blocks are found, and forgotten, bucket by bucket while pairs are scored."""
        check_rules(rules, token_kinds(self._model))
        self._wanted_rules = rules

    def score(self, weights: LevelWeights, floor: float) -> ScoredPairs:
        """Every candidate pair whose weight reaches the floor."""
        rules = rules_of(self._model, self.n_records) if self._wanted_rules is None else self._wanted_rules
        packed = make_weights(weights, floor, self._model, self._plan)
        with spark_session() as spark:
            cores = spark.sparkContext.defaultParallelism
            parts = min(max(-(-self.n_records // self._records_a_part), cores), max(self.n_records, 1))
            sources = token_sources(self._coded, self._model, self._groups)
            shared = jobs.Shared(self.n_records, parts, sources, self._kernel_inputs())
            with closing(_Run(spark.sparkContext, shared)) as run:
                tokens = _tokens_of_none(sources, run.token_counts())
                keying = jobs.Keying(plan_keys(tokens, rules), key_mask(self.n_records, len(rules)))
                return self._scored([NOTHING, *run.scans(keying, packed)])


class _Run:
    """The steps, and what the workers share for them."""

    def __init__(self, context: SparkContext, shared: jobs.Shared) -> None:
        self._context, self._parts = context, shared.parts
        self._tasks = min(shared.parts, TASKS_A_CORE * context.defaultParallelism)
        self._sent: list[Broadcast[Any]] = []
        self._shared = self._send(shared)

    def _send(self, value: Value) -> Broadcast[Value]:
        self._sent.append(self._context.broadcast(value))
        return self._sent[-1]

    def close(self) -> None:
        """Let the workers forget the records."""
        for broadcast in self._sent:
            broadcast.destroy()

    def token_counts(self) -> np.ndarray:
        """(tokens,) how often each stands in all records."""
        shared = self._shared
        counts = self._numbers().flatMap(lambda part: jobs.count_tokens(shared.value, part))
        summed = dict(counts.reduceByKey(np.add, self._tasks).collect())
        return np.concatenate([summed[bucket] for bucket in range(self._parts)])

    def scans(self, keying: jobs.Keying, weights: Weights) -> list[Scan]:
        """What scoring gave, bucket by bucket."""
        parts, largest, shared = self._parts, keying.plan.largest, self._shared
        sent = self._send(keying)
        keys = self._numbers().flatMap(lambda part: jobs.make_keys(shared.value, sent.value, part))
        fellows = keys.groupByKey(self._tasks).values().flatMap(lambda found: jobs.find_fellows(parts, largest, found))
        scored = (
            fellows.groupByKey(self._tasks).values().flatMap(lambda of: jobs.score_fellows(shared.value, weights, of))
        )
        return scored.collect()

    def _numbers(self) -> RDD[int]:
        """The numbers of the parts."""
        return self._context.parallelize(range(self._parts), self._tasks)


def _tokens_of_none(sources: TokenSources, count: np.ndarray) -> Tokens:
    """The tokens of no record, with how often all records have each."""
    none = np.empty(0, np.int32)
    what = sources.kinds, sources.kind, sources.key
    return Tokens(0, np.zeros(1, np.int64), none, none.astype(np.uint8), count, *what)
