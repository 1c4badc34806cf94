"""Stewards' decisions in clustering: pairs of records that are one person, and pairs that no person may hold both of.

The machine forms its clusters first, and keeps to every unlink in them. Then each link joins the two clusters whole, whatever
rule would keep them apart: a steward who links two records has two persons in view, and a rule is why a person was asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.numbers import distinct
from pipeline.engines.average_link import components
from pipeline.engines.patterns import Patterns, join_patterns, patterns_of
from pipeline.engines.port import ScoredPairs
from pipeline.link.more_pairs import keys_of
from schemas.tables import ENDS

NEVER = -1e6  # bits of a pair that a steward parted, for those that look at weights alone


@dataclass(frozen=True, slots=True)
class Decisions:
    """Pairs of row numbers, (pairs, 2) each."""

    must: np.ndarray
    cannot: np.ndarray
    group: np.ndarray
    """(records,) smallest record of those that links join to each record, itself included"""

    @property
    def all_pairs(self) -> np.ndarray:
        """Both kinds."""
        return np.concatenate([self.must, self.cannot])

    def parted_pairs(self) -> np.ndarray:
        """(pairs, 2) every two records that may not be together, because one unlink and any links say so."""
        if not len(self.must) or not len(self.cannot):
            return self.cannot
        members = defaultdict(list)
        for record in np.unique(self.must).tolist():
            members[int(self.group[record])].append(record)
        pairs: set[tuple[int, int]] = set()
        for left, right in self.group[self.cannot].tolist():
            pairs.update(product(members.get(left, [left]), members.get(right, [right])))
        return np.array(sorted(pairs), np.int32).reshape(-1, 2)


def decided_rows(decided: pa.Table | None, ids: pa.Array) -> Decisions:
    """Decisions as row numbers.

    Links whose records an unlink parts bind nothing, all links of the chain; the unlink binds.

    Args:
        decided: the contract ``decided_pairs``; None: no decisions. A pair of a record that is not here says nothing.
        ids: record ids of the table.
    """
    must, cannot = (_rows(decided, constraint, ids) for constraint in ("must_link", "cannot_link"))
    group = _components(must, len(ids))
    is_broken = np.zeros(len(ids), bool)
    is_broken[_groups_with_unlinks(group, cannot)] = True
    if is_broken.any():
        must = must[~is_broken[group[must[:, 0]]]]
        group = _components(must, len(ids))
    return Decisions(must, cannot, group)


def _groups_with_unlinks(group: np.ndarray, cannot: np.ndarray) -> np.ndarray:
    """Groups, named by their smallest record, that hold two records which an unlink parts; one may come several times."""
    left, right = group[cannot[:, 0]], group[cannot[:, 1]]
    return left[left == right]


def with_parted(
    pairs: ScoredPairs, is_apart: np.ndarray, is_neutral: np.ndarray, parted: np.ndarray
) -> tuple[ScoredPairs, np.ndarray, np.ndarray]:
    """The pairs, what rules say of them, and behind them the parted pairs: the last entry of a pair is the one that counts."""
    if not len(parted):
        return pairs, is_apart, is_neutral
    left, right = (
        np.concatenate([rows, parted[:, side].astype(rows.dtype)])
        for side, rows in enumerate((pairs.left, pairs.right))
    )
    without_levels = patterns_of(np.zeros((len(parted), pairs.patterns.levels.shape[1]), np.uint8))
    of_pairs, of_parted = join_patterns(pairs.patterns, without_levels)
    patterns = Patterns(of_pairs.levels, np.concatenate([of_pairs.of, of_parted.of]))
    weight = np.concatenate([pairs.weight, np.full(len(parted), NEVER)])
    more = np.ones(len(parted), bool)
    return (
        ScoredPairs(left, right, patterns, weight, pairs.candidates),
        np.concatenate([is_apart, more]),
        np.concatenate([is_neutral, ~more]),
    )


def parted_clusters(cluster_of: np.ndarray, decisions: Decisions) -> np.ndarray:
    """Keys of pairs of clusters that an unlink keeps apart, as ``pair_keys`` of their names."""
    return distinct(keys_of(cluster_of[decisions.cannot], len(cluster_of)))


def join_decided(cluster_of: np.ndarray, pairs: ScoredPairs, decisions: Decisions) -> np.ndarray:
    """Clusters after the links of stewards, each named by its smallest record.

    A link joins the clusters of its two records whole. Where these hold records that an unlink parts, they come together only as
    far as that allows: linked records first, then by the strongest pair of records that were in one cluster.
    """
    if not len(decisions.must):
        return cluster_of
    records = np.arange(len(cluster_of))
    ties = np.concatenate([np.stack([records, cluster_of], axis=1), decisions.must])
    group = _components(ties, len(cluster_of))
    for smallest in np.unique(_groups_with_unlinks(group, decisions.cannot)).tolist():
        rows = np.flatnonzero(group == smallest)
        group[rows] = _as_far_as_allowed(rows, cluster_of, pairs, decisions)
    return group


def _as_far_as_allowed(rows: np.ndarray, cluster_of: np.ndarray, pairs: ScoredPairs, decisions: Decisions) -> list[int]:
    """Smallest record of the group that each of these rows comes to be in."""
    group_of = {row: int(decisions.group[row]) for row in rows.tolist()}
    members = defaultdict(list)
    for row, group in group_of.items():
        members[group].append(row)
    opponents: dict[int, set[int]] = defaultdict(set)
    for left, right in decisions.cannot.tolist():
        if left in group_of and right in group_of:
            opponents[group_of[left]].add(group_of[right])
            opponents[group_of[right]].add(group_of[left])
    for left, right in _ties(rows, cluster_of, pairs):
        keep, absorbed = sorted((group_of[left], group_of[right]))
        if keep != absorbed and absorbed not in opponents[keep]:
            members[keep] += members.pop(absorbed)
            group_of |= dict.fromkeys(members[keep], keep)
            for opponent in opponents.pop(absorbed, set()):
                opponents[opponent] = (opponents[opponent] - {absorbed}) | {keep}
                opponents[keep].add(opponent)
    smallest = {group: min(rows_of_group) for group, rows_of_group in members.items()}
    return [smallest[group_of[row]] for row in rows.tolist()]


def _ties(rows: np.ndarray, cluster_of: np.ndarray, pairs: ScoredPairs) -> Iterator[tuple[int, int]]:
    """Pairs of records of one cluster, strongest first; at the end whatever else holds each cluster together."""
    inside = np.isin(pairs.left, rows) & (cluster_of[pairs.left] == cluster_of[pairs.right])
    left, right, weight = pairs.left[inside], pairs.right[inside], pairs.weight[inside]
    order = np.lexsort((right, left, -weight))
    yield from zip(left[order].tolist(), right[order].tolist(), strict=True)
    for cluster in np.unique(cluster_of[rows]):
        yield from pairwise(rows[cluster_of[rows] == cluster].tolist())


def _rows(decided: pa.Table | None, constraint: str, ids: pa.Array) -> np.ndarray:
    if decided is None or not len(decided):
        return np.zeros((0, 2), np.int32)
    wanted = decided.filter(pc.equal(decided.column("constraint"), constraint))
    if not len(wanted):
        return np.zeros((0, 2), np.int32)
    places = [_places(wanted.column(end).combine_chunks(), ids) for end in ENDS]
    rows = np.stack(places, axis=1)
    return np.unique(np.sort(rows[(rows >= 0).all(axis=1)], axis=1), axis=0).astype(np.int32)


def _places(wanted: pa.Array, ids: pa.Array) -> np.ndarray:
    """(wanted,) row number of each id, -1 of one that is not there. Of few among many: only the few are hashed."""
    distinct_ids = wanted.dictionary_encode()
    position = pc.index_in(ids, distinct_ids.dictionary).fill_null(-1).to_numpy(zero_copy_only=False)
    row_of = np.full(len(distinct_ids.dictionary), -1)
    row_of[position[position >= 0]] = np.flatnonzero(position >= 0)
    rows: np.ndarray = row_of[distinct_ids.indices.to_numpy(zero_copy_only=False)]
    return rows


def _components(ties: np.ndarray, records: int) -> np.ndarray:
    left, right = ties[:, 0].astype(np.int32), ties[:, 1].astype(np.int32)
    return components(records, left, right, np.zeros(len(ties)), 0.0)
