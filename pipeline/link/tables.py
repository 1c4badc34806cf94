"""What linking hands on, as tables: pairs, clusters and their records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import AT_ONCE, conform
from pipeline.engines.port import LevelWeights, ScoredPairs
from pipeline.link.clusters import ClusterShape
from pipeline.link.fates import Fates
from pipeline.link.rules import RuleHits, share_identifier
from pipeline.link.weights import pattern_waterfall, probability
from schemas.model import Model
from schemas.tables import CLUSTER_MEMBERS, CLUSTERS, LINKS


def links_table(
    model: Model, weights: LevelWeights, pairs: ScoredPairs, hits: RuleHits, ids: pa.Array, fates: Fates
) -> pa.Table:
    """The contract ``links``: pairs in one person, pairs that wait, and pairs that a steward parted.

    A model of other fields than those of persons gives columns of those fields.
    """
    of_patterns = _pattern_columns(model, weights, pairs.patterns.levels)
    told = np.array_split(np.flatnonzero(fates.inside | fates.waits | fates.is_parted), AT_ONCE)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = pool.map(lambda rows: _links_rows(of_patterns, pairs, hits, ids, fates, rows), told)
        table = pa.concat_tables(parts)
    return conform(table, LINKS) if set(table.column_names) <= set(LINKS.names) else table


def _pattern_columns(model: Model, weights: LevelWeights, levels: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of ``links`` that agreement patterns tell, (patterns,) each, and whether they share an identifier."""
    parts, related = pattern_waterfall(weights, levels)
    weight = parts.sum(1) + weights.prior_match + related
    return {
        "match_weight": np.round(weight, 6),
        "match_probability": np.round(probability(weight), 9),
        "mw_prior": np.full(len(levels), round(weights.prior_match, 6)),
        "mw_related": np.round(related, 6),
        "by_identifier": share_identifier(model, levels),
        **{f"mw_{comparison.field}": np.round(parts[:, nth], 6) for nth, comparison in enumerate(model.comparison)},
    }


def _links_rows(
    of_patterns: Mapping[str, np.ndarray],
    pairs: ScoredPairs,
    hits: RuleHits,
    ids: pa.Array,
    fates: Fates,
    rows: np.ndarray,
) -> pa.Table:
    """Some rows of ``links``."""
    of_rows = {name: column[pairs.patterns.of[rows]] for name, column in of_patterns.items()}
    decided_by = {"steward": fates.by_steward[rows], "identifier": of_rows.pop("by_identifier")}
    columns = {
        "record_id_l": ids.take(pa.array(pairs.left[rows])),
        "record_id_r": ids.take(pa.array(pairs.right[rows])),
        "decision": _first_that_holds({"link": fates.inside[rows], "unlink": fates.is_parted[rows]}, "review"),
        "decided_by": _first_that_holds(decided_by, "model"),
        "rules": rules_met(hits.names, hits.holds[rows]),
    }
    return pa.table(columns | {name: pa.array(column) for name, column in of_rows.items()})


def _first_that_holds(words: Mapping[str, np.ndarray], otherwise: str) -> pa.Array:
    """The first word that holds of each row."""
    code = np.select(list(words.values()), list(range(len(words))), len(words))
    return pa.array([*words, otherwise]).take(pa.array(code))


def rules_met(names: Sequence[str], holds: np.ndarray) -> pa.Array:
    """(rows,) lists of the names of the rules that hold, (rows, rules), of each row; null where none does."""
    n_met = holds.sum(1)
    ends = np.concatenate([[0], np.cumsum(n_met)]).astype(np.int32)
    met = pa.array(names, pa.string()).take(pa.array(np.nonzero(holds)[1]))
    return pa.ListArray.from_arrays(pa.array(ends), met, mask=pa.array(n_met == 0))


def members_table(ids: pa.Array, cluster_of: np.ndarray) -> pa.Table:
    """The contract ``cluster_members``."""
    return conform(pa.table({"record_id": ids, "cluster_id": ids.take(pa.array(cluster_of))}), CLUSTER_MEMBERS)


def clusters_table(ids: pa.Array, formed: ClusterShape) -> pa.Table:
    """The contract ``clusters``."""
    possible = np.maximum(formed.size * (formed.size - 1) / 2, 1)
    weakest = pa.array(np.round(formed.weakest_bits.astype(float), 6), from_pandas=True)
    columns = {
        "cluster_id": ids.take(pa.array(formed.first)),
        "n_records": pa.array(formed.size),
        "n_pairs": pa.array(formed.pairs),
        "density": pa.array(np.where(formed.size > 1, formed.pairs / possible, 1.0)),
        "weakest_bits": weakest,
        "confidence": pc.round(pc.fill_null(pa.array(probability(formed.weakest_bits), from_pandas=True), 1.0), 9),
    }
    return conform(pa.table(columns), CLUSTERS)
