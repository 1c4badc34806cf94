"""The recordlinkage package as its own guides use it: ``python -m benchmarks.run_recordlinkage FAMILY RECORDS OUT WAY``.

Block on one key (way ``one``) or on several (``several``), compare, add up the agreements, link from a sum on. It has no step
that makes clusters of deduplicated pairs: connected components stand for it. Writes what run_splink.py writes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import recordlinkage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

SIMILAR = 0.85  # Jaro-Winkler, as in the guides


@dataclass(frozen=True, slots=True)
class Plan:
    """What a user of the package writes down."""

    keys: Sequence[str]
    """columns to block on; the first one alone in the guides' way"""
    exact: Sequence[str]
    similar: Sequence[str]
    link_above: float
    """agreements; a pair with more is linked"""


_FEBRL = Plan(
    keys=("given_name", "surname", "date_of_birth", "postcode", "soc_sec_id"),
    exact=("given_name", "date_of_birth", "suburb", "state"),
    similar=("surname", "address_1"),
    link_above=3,
)  # Guides "Data deduplication" and "Link two datasets"
_PLAIN = Plan(
    ("first_name", "surname", "dob", "postcode"), ("first_name", "dob", "postcode", "gender"), ("surname",), 2
)
_CENSUS = Plan(("last_name", "first_name", "address"), ("first_name", "middle_initial", "address"), ("last_name",), 2)
PLANS = {
    "census_acs": _CENSUS,
    "census_w2": _CENSUS,
    "febrl3": _FEBRL,
    "febrl4": _FEBRL,
    "fake": Plan(("first_name", "surname", "dob", "email"), ("first_name", "dob", "city"), ("surname", "email"), 2),
    "plain": _PLAIN,
}


def link(plan: Plan, records: Path, out: Path, keys: str) -> None:
    """Block, compare, classify, and write the answer."""
    table = pd.read_parquet(records).set_index("unique_id")
    lists = [table]
    if "source_dataset" in table.columns:
        lists = [part for _, part in table.groupby("source_dataset")]
    indexer = recordlinkage.Index()
    for key in plan.keys[: 1 if keys == "one" else None]:
        indexer.block(key)
    candidates = indexer.index(*lists)
    compare = recordlinkage.Compare()
    for column in plan.exact:
        compare.exact(column, column, label=column)
    for column in plan.similar:
        compare.string(column, column, method="jarowinkler", threshold=SIMILAR, label=column)
    agreements = compare.compute(candidates, *lists).sum(axis=1)
    pairs = pd.DataFrame(
        {
            "record_id_l": candidates.get_level_values(0),
            "record_id_r": candidates.get_level_values(1),
            "match_weight": agreements.to_numpy(),
        }
    )
    linked = pairs[pairs.match_weight > plan.link_above]
    pairs.to_parquet(out / "pairs.parquet")
    _clusters(table.index.to_numpy(), linked).to_parquet(out / "clusters.parquet")
    facts = {"link_above": plan.link_above, "candidate_pairs": len(pairs)}
    (out / "facts.json").write_text(json.dumps(facts), "utf-8")


def _clusters(ids: np.ndarray, linked: pd.DataFrame) -> pd.DataFrame:
    position = pd.Series(np.arange(len(ids)), index=ids)
    left, right = position[linked.record_id_l].to_numpy(), position[linked.record_id_r].to_numpy()
    edges = coo_matrix((np.ones(len(left)), (left, right)), shape=(len(ids), len(ids)))
    return pd.DataFrame({"record_id": ids, "person_id": connected_components(edges, directed=False)[1]})


def main(arguments: Sequence[str]) -> None:
    family, records, out, keys = arguments
    Path(out).mkdir(parents=True, exist_ok=True)
    link(PLANS[family], Path(records), Path(out), keys)


if __name__ == "__main__":
    main(sys.argv[1:])
