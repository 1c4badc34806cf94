"""What one linking hands to the next, so that a pair of unchanged records is not scored again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.duckdb_files import sql_name
from pipeline.core.lookup import places_among
from pipeline.core.metrics import Metric
from pipeline.engines.birth import birth_days
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.port import EarlierTable, EngineMemory, PriorKnowledge, ScoredPairs, is_open
from pipeline.link.more_pairs import merge, places
from pipeline.link.second_pass import NONE_ASKED, Questions
from schemas.model import Model

HASH = "row_hash"
ASKED_BY_RULES = ("role", "flags", "middle_names")  # of records, beside what is compared
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
    memory: EngineMemory | None = None
    """What the engine keeps of these records"""
    pairs: ScoredPairs | None = None
    """Weighed pairs at or above the floor, by row numbers of ``records``"""
    answers: KeptAnswers | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was kept of the linking before, and how the table at hand differs from the one it linked."""

    kept: LinkKept
    compared: pa.Table
    """The table at hand, as ``as_compared`` gives it"""
    difference: Difference | None
    """None where no pairs were kept"""


@dataclass(frozen=True, slots=True)
class Difference:
    """How a table of records differs from the one before."""

    is_new: np.ndarray
    """(records,) not there before, or with other values"""
    row_of: np.ndarray
    """(records before,) row number now, -1 of one that left"""


def as_compared(table: pa.Table, model: Model) -> pa.Table:
    """Record ids, sources, and a hash of everything that a key, the weight of a pair, or a rule of the model depends on.

    Of a stated age it is the span of birthdays that it leaves open: some exports give every row a new date each night.
    """
    fields = [comparison.field for comparison in model.comparison]
    alternatives = (f"{field}_alt" for field in fields)
    wanted = ("record_id", "source", *ASKED_BY_RULES, *fields, *alternatives, "alias", model.blocking.across)
    columns = table.select([name for name in dict.fromkeys(wanted) if name in table.column_names])
    for name, days in zip(("born_from", "born_to"), birth_days(table), strict=True):
        columns = columns.append_column(name, pa.array(days))
    hashes = _hashes(columns)
    return columns.select([name for name in ("record_id", "source") if name in columns.column_names]).append_column(
        HASH, hashes
    )


def difference(before: pa.Table, now: pa.Table) -> Difference:
    """Input: both as ``as_compared`` gives them, sorted by record id.

    Records are compared by hash: that a changed one is taken for the old one has a chance of 2^-64.
    """
    place = places_among(now.column("record_id"), before.column("record_id"))
    hash_then, hash_now = (table.column(HASH).to_numpy() for table in (before, now))
    is_new = (place < 0) | (hash_then[place] != hash_now) if len(hash_then) else np.ones(len(hash_now), np.bool_)
    row_of = np.full(len(hash_then), -1)
    row_of[place[place >= 0]] = np.flatnonzero(place >= 0)
    return Difference(is_new, row_of)


def baseline_of(kept: LinkKept, table: pa.Table, model: Model) -> Baseline:
    """Input: a table sorted by record id."""
    compared = as_compared(table, model)
    return Baseline(kept, compared, None if kept.records is None else difference(kept.records, compared))


def _hashes(table: pa.Table) -> pa.ChunkedArray:
    """(records,) uint64 of all that a row says; to it nothing, an empty list and a list of nothing are one."""
    import duckdb  # noqa: PLC0415  (linking of files does without it)

    # each column by itself: the hash of several lists is the same in whatever order they come
    columns = ", ".join(f"hash({sql_name(name)})" for name in table.column_names)
    with duckdb.connect() as base:
        base.register("rows", pa.Table.from_batches(table.to_batches(HASHED_AT_ONCE), table.schema))
        return base.sql(f"SELECT hash({columns}) AS own FROM rows").to_arrow_table().column(0)  # noqa: S608  (names of our own columns)


def difference_metrics(baseline: Baseline | None) -> list[Metric]:
    """Records new, changed, withdrawn and unchanged, of each source; none of tables that do not name their sources."""
    if baseline is None or baseline.difference is None or baseline.kept.records is None:
        return []
    before, now, differs = baseline.kept.records, baseline.compared, baseline.difference
    if "source" not in now.column_names:
        return []
    is_known = np.zeros(len(now), np.bool_)
    is_known[differs.row_of[differs.row_of >= 0]] = True
    sources_then, sources_now = (table.column("source") for table in (before, now))
    parts = {
        "new": (sources_now, ~is_known),
        "changed": (sources_now, is_known & differs.is_new),
        "withdrawn": (sources_then, differs.row_of < 0),
        "unchanged": (sources_now, ~differs.is_new),
    }
    counts = {
        name: {row["values"]: row["counts"] for row in pc.value_counts(sources.filter(pa.array(mask))).to_pylist()}
        for name, (sources, mask) in parts.items()
    }
    names = sorted({source for sources in (sources_then, sources_now) for source in pc.unique(sources).to_pylist()})
    return [
        Metric("night", f"records_{part}_{source}", by_source.get(source, 0), "count")
        for source in names
        for part, by_source in counts.items()
    ]


def prior_knowledge(baseline: Baseline) -> PriorKnowledge:
    """What an engine knows of the table before it scores its pairs."""
    kept, differs = baseline.kept, baseline.difference
    if differs is None or kept.memory is None or kept.pairs is None:
        return PriorKnowledge(kept.frequencies)
    earlier = EarlierTable(kept.memory, kept.pairs.candidates, differs.is_new, differs.row_of)
    return PriorKnowledge(kept.frequencies, earlier)


def earlier_answers(baseline: Baseline | None, policy: str, cluster_of: np.ndarray) -> Questions:
    """Answers on two clusters that are the same, of the same records with the same values, by row numbers of tonight."""
    if baseline is None or baseline.difference is None or baseline.kept.answers is None:
        return NONE_ASKED
    answers, differs = baseline.kept.answers, baseline.difference
    if answers.policy != policy:
        return NONE_ASKED
    row_of, n = differs.row_of, len(cluster_of)
    cluster_then = np.full(
        n, -1
    )  # tonight's row number of the name that the cluster had; -1 of new and changed records
    cluster_then[row_of[row_of >= 0]] = row_of[answers.cluster_of[row_of >= 0]]
    cluster_then[differs.is_new] = -1
    is_same = np.bincount(cluster_of, cluster_then != cluster_of, n) == 0
    size_then = np.zeros(n, np.int64)
    sizes = np.bincount(answers.cluster_of, minlength=len(row_of))
    size_then[row_of[row_of >= 0]] = sizes[row_of >= 0]
    is_same &= np.bincount(cluster_of, minlength=n) == size_then
    questions = answers.questions
    low, high = row_of[questions.low], row_of[questions.high]
    is_valid = (low >= 0) & (high >= 0)
    is_valid[is_valid] = is_same[low[is_valid]] & is_same[high[is_valid]]
    return Questions(low[is_valid], high[is_valid], questions.together[is_valid])


def with_earlier_pairs(scored: ScoredPairs, baseline: Baseline, state: np.ndarray) -> ScoredPairs:
    """Tonight's scored pairs and the kept ones that have not been opened again, ordered by left and right.

    Args:
        scored: weighed; all pairs where none were kept, else all open ones.
        baseline: what was kept.
        state: (records,) as the workspace tells.
    """
    if baseline.difference is None or baseline.kept.pairs is None:
        return scored
    earlier, row_of = baseline.kept.pairs, baseline.difference.row_of
    left, right = row_of[earlier.left].astype(np.int32), row_of[earlier.right].astype(np.int32)
    is_valid = (left >= 0) & (right >= 0) & ~is_open(state, left, right)
    known = replace(
        scored,
        left=left[is_valid],
        right=right[is_valid],
        patterns=earlier.patterns.only(is_valid).used(),
        weight=earlier.weight[is_valid],
    )
    return merge(known, scored, places(known, scored, len(state)))
