"""Pairs that stewards' decisions bind, each kind for itself."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.stewardship.standing import CANNOT_LINK, MUST_LINK, decided_pairs


def must_link(standing: pa.Table) -> pa.Table:
    return _bound(standing, MUST_LINK)


def cannot_link(standing: pa.Table) -> pa.Table:
    return _bound(standing, CANNOT_LINK)


def _bound(standing: pa.Table, constraint: str) -> pa.Table:
    pairs = decided_pairs(standing)
    return pairs.filter(pc.equal(pairs.column("constraint"), constraint))
