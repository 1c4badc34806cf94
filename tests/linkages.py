"""Small linkages, made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pipeline.evaluate.linkage import Linkage
from pipeline.evaluate.pairs import Pairs
from schemas.model import Model

Pair = tuple[int, int, float, bool]
"""row, row, match weight in bits, linked or not"""


def pairs_of(pairs: Sequence[Pair], rule: Sequence[int] = (), rules: tuple[str, ...] = ()) -> Pairs:
    columns = list(zip(*pairs, strict=True)) or [(), (), (), ()]
    weight = np.array(columns[2], float)
    return Pairs(
        left=np.array(columns[0], int),
        right=np.array(columns[1], int),
        weight=weight,
        probability=1 / (1 + np.exp2(-weight)),
        is_link=np.array(columns[3], bool),
        by_steward=np.zeros(len(weight), bool),
        rule=np.array(rule or [-1] * len(weight), int),
        rules=rules,
    )


def linkage_of(
    cluster: np.ndarray,
    records: pa.Table | None = None,
    *,
    pairs: Sequence[Pair] | Pairs = (),
    model: Model | None = None,
    source: np.ndarray | None = None,
    is_published: bool = False,
) -> Linkage:
    """A linkage whose records were linked as the codes say."""
    ids = pa.array([f"r{row:03}" for row in range(len(cluster))], pa.string())
    table = (records or pa.table({"record_id": ids})).slice(0, len(cluster))
    return Linkage(
        title="by hand",
        records=table if "record_id" in table.column_names else table.append_column("record_id", ids),
        cluster=cluster,
        pairs=pairs if isinstance(pairs, Pairs) else pairs_of(pairs),
        policy="strict",
        stamp="by-hand-1:0",
        link_bits=2.0,
        review_bits=0.0,
        model=model,
        as_of_year=2026 if is_published else None,
        source=source,
    )
