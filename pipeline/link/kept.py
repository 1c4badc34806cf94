"""What one linking hands to the next, so that a pair whose records stand as they did is not scored again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.lookup import places_among
from pipeline.core.metrics import Metric
from pipeline.engines.birth import birth_days
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.port import Before, Known, Remembered, ScoredPairs, is_open
from pipeline.link.more_pairs import merged
from pipeline.link.second_pass import NONE_ASKED, Questions
from schemas.model import Model

HASH = "row_hash"
HASHED_AT_ONCE = 65_536  # rows; enough parts for all threads


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """What the second pass found, under one policy."""

    policy: str
    cluster_of: np.ndarray
    """(records,) cluster before the pass, named by its smallest row number"""
    questions: Questions


@dataclass(frozen=True, slots=True)
class LinkKept:
    """The frequency table, and the records, pairs and answers that were found with it."""

    frequencies: FrequencyTable
    records: pa.Table | None = None
    """As ``as_compared`` gives them; None where no pairs are known"""
    remembered: Remembered | None = None
    """By the engine, of these records"""
    pairs: ScoredPairs | None = None
    """Weighed pairs at or above the floor, by row numbers of ``records``"""
    answers: KeptAnswers | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """How a table of records differs from the one before."""

    is_new: np.ndarray
    """(records,) not there before, or with other values"""
    row_of: np.ndarray
    """(records before,) row number now, -1 of one that left"""


def as_compared(table: pa.Table, model: Model) -> pa.Table:
    """Record ids, sources, and a hash of all that the weight of a pair, a key, or a rule of the model, is told from.

    Of a stated age it is the span of birthdays that it leaves open: some exports give every row a new date each night.
    """
    fields = [comparison.field for comparison in model.comparison]
    other = (f"{field}_alt" for field in fields)
    wanted = ("record_id", "source", "role", "flags", *fields, *other, "alias", model.blocking.across)
    found = table.select([name for name in dict.fromkeys(wanted) if name in table.column_names])
    for name, days in zip(("born_from", "born_to"), birth_days(table), strict=True):
        found = found.append_column(name, pa.array(days))
    hashes = _hashes(found)
    return found.select([name for name in ("record_id", "source") if name in found.column_names]).append_column(
        HASH, hashes
    )


def difference(before: pa.Table, now: pa.Table) -> Difference:
    """Input: both as ``as_compared`` gives them, sorted by record id.

    Records are compared by hash: that a changed one is taken for the old one has a chance of 2^-64.
    """
    place = places_among(now.column("record_id"), before.column("record_id"))
    then, own = (table.column(HASH).to_numpy() for table in (before, now))
    is_new = (place < 0) | (then[place] != own) if len(then) else np.ones(len(own), np.bool_)
    row_of = np.full(len(then), -1)
    row_of[place[place >= 0]] = np.flatnonzero(place >= 0)
    return Difference(is_new, row_of)


def _hashes(table: pa.Table) -> pa.ChunkedArray:
    """(records,) uint64 of all that a row says; to it nothing, an empty list and a list of nothing are one."""
    import duckdb  # noqa: PLC0415  (linking of files does without it)

    # each column by itself: the hash of several lists is the same in whatever order they come
    named = ", ".join(f'hash("{name}")' for name in table.column_names)
    with duckdb.connect() as base:
        base.register("rows", pa.Table.from_batches(table.to_batches(HASHED_AT_ONCE), table.schema))
        return base.sql(f"SELECT hash({named}) AS own FROM rows").to_arrow_table().column(0)  # noqa: S608  (names of our own columns)


def difference_metrics(before: pa.Table, now: pa.Table, differs: Difference) -> list[Metric]:
    """Records new, changed, withdrawn and unchanged, of each source; none of tables that do not tell their sources."""
    if "source" not in now.column_names:
        return []
    is_known = np.zeros(len(now), np.bool_)
    is_known[differs.row_of[differs.row_of >= 0]] = True
    then, own = (table.column("source") for table in (before, now))
    parts = {
        "new": (own, ~is_known),
        "changed": (own, is_known & differs.is_new),
        "withdrawn": (then, differs.row_of < 0),
        "unchanged": (own, ~differs.is_new),
    }
    counts = {
        name: {row["values"]: row["counts"] for row in pc.value_counts(sources.filter(pa.array(mask))).to_pylist()}
        for name, (sources, mask) in parts.items()
    }
    sources = sorted({source for of in (then, own) for source in pc.unique(of).to_pylist()})
    return [
        Metric("night", f"records_{name}_{source}", of.get(source, 0), "count")
        for source in sources
        for name, of in counts.items()
    ]


def known_of(kept: LinkKept, differs: Difference | None) -> Known:
    """What an engine is told."""
    if differs is None or kept.remembered is None or kept.pairs is None:
        return Known(kept.frequencies)
    return Known(kept.frequencies, Before(kept.remembered, kept.pairs.candidates, differs.is_new, differs.row_of))


def answers_that_stand(
    answers: KeptAnswers | None, policy: str, differs: Difference | None, cluster_of: np.ndarray
) -> Questions:
    """Answers on two clusters that are the same, of the same records with the same values, by row numbers of tonight."""
    if answers is None or differs is None or answers.policy != policy:
        return NONE_ASKED
    row_of, n = differs.row_of, len(cluster_of)
    before = np.full(n, -1)  # tonight's row number of the cluster's name of the night before, of records that stand
    before[row_of[row_of >= 0]] = row_of[answers.cluster_of[row_of >= 0]]
    before[differs.is_new] = -1
    is_same = np.bincount(cluster_of, before != cluster_of, n) == 0
    size_then = np.zeros(n, np.int64)
    then = np.bincount(answers.cluster_of, minlength=len(row_of))
    size_then[row_of[row_of >= 0]] = then[row_of >= 0]
    is_same &= np.bincount(cluster_of, minlength=n) == size_then
    asked = answers.questions
    low, high = row_of[asked.low], row_of[asked.high]
    stands = (low >= 0) & (high >= 0)
    stands[stands] = is_same[low[stands]] & is_same[high[stands]]
    return Questions(low[stands], high[stands], asked.together[stands])


def with_known(scored: ScoredPairs, before: ScoredPairs, differs: Difference, state: np.ndarray) -> ScoredPairs:
    """Tonight's scored pairs and those of before that still stand, ordered by left and right.

    Args:
        scored: weighed; all open pairs.
        before: weighed, by row numbers of the table before.
        differs: how tonight's records differ.
        state: (records,) as the workspace tells.
    """
    left, right = differs.row_of[before.left].astype(np.int32), differs.row_of[before.right].astype(np.int32)
    stands = (left >= 0) & (right >= 0) & ~is_open(state, left, right)
    known = replace(
        scored,
        left=left[stands],
        right=right[stands],
        patterns=before.patterns.only(stands).used(),
        weight=before.weight[stands],
    )
    return merged(known, scored, len(state))
