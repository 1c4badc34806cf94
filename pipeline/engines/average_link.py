"""Average-link clusters inside connected components: a cluster must hold together by its own pairs.

The two clusters with the highest average weight merge while that average is above 0; a pair that was never scored
counts as ``missing``; a forbidden pair keeps its clusters apart for good.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from pipeline.core.cores import usable_cores

FORBIDDEN = -1e9
SHARES = 64  # of the records: enough that all threads end at about the same time


class Exclusions(NamedTuple):
    """Records that never share a cluster."""

    side: np.ndarray
    """(records,) 0 none, 1 or 2: no record of side 1 with one of side 2"""
    identifiers: np.ndarray
    """(records, kinds) int32 code of a valid identifier, -1 none: no two records with different ones of a kind"""
    solo: np.ndarray
    """(records,) int32: no two records of one code; -1 is free"""


@njit(inline="always")
def _root(parent, record):
    """Root of a record's tree, halving the way to it (Tarjan and van Leeuwen 1984)."""
    while parent[record] != record:
        parent[record] = parent[parent[record]]
        record = parent[record]
    return record


@njit(cache=True)
def components(n, left, right, weight, least):
    """Root of each record's component over pairs at or above ``least``: the component's smallest record."""
    parent = np.arange(n)
    for pair in range(left.shape[0]):
        if weight[pair] >= least:
            root_l, root_r = _root(parent, left[pair]), _root(parent, right[pair])
            if root_l < root_r:
                parent[root_r] = root_l
            elif root_r < root_l:
                parent[root_l] = root_r
    for record in range(n):
        parent[record] = _root(parent, record)
    return parent


def average_link(
    n: int,
    left: np.ndarray,
    right: np.ndarray,
    weight: np.ndarray,
    is_forbidden: np.ndarray,
    root: np.ndarray,
    exclusions: Exclusions,
    missing: float,
) -> np.ndarray:
    """Cluster of each record: the smallest record of its cluster. Components are shared out among threads.

    Args:
        n: records.
        left: pairs, with ``right``.
        right: pairs.
        weight: clipped weight above the link threshold, of each pair.
        is_forbidden: pairs that no cluster may hold.
        root: component of each record.
        exclusions: records that never share a cluster.
        missing: weight of a pair that was not scored.
    """
    members, pairs_inside = _members_of(n, root), _pairs_inside(n, left, right, root)
    pairs = left, right, weight, is_forbidden
    cluster = np.arange(n)
    bounds = np.linspace(0, n, SHARES + 1).astype(np.int64)
    with ThreadPoolExecutor(usable_cores()) as pool:
        shares = [
            pool.submit(
                _merge_components, int(begin), int(end), members, pairs_inside, pairs, exclusions, missing, cluster
            )
            for begin, end in pairwise(bounds)
        ]
        for share in shares:
            share.result()
    return cluster


@njit(cache=True, nogil=True)
def _merge_components(begin, end, members, pairs_inside, pairs, exclusions, missing, cluster):
    """Write the cluster of every record of the components that are named by begin .. end."""
    first, member, place = members
    pair_first, pair_of = pairs_inside
    left, right, weight, is_forbidden = pairs
    for component in range(begin, end):
        size = first[component + 1] - first[component]
        if size < 2:
            continue
        records = member[first[component] : first[component + 1]]
        mean = np.full((size, size), missing)
        for position in range(pair_first[component], pair_first[component + 1]):
            pair = pair_of[position]
            x, y = place[left[pair]], place[right[pair]]
            mean[x, y] = FORBIDDEN if is_forbidden[pair] else weight[pair]
            mean[y, x] = mean[x, y]
        _forbid(records, exclusions, mean)
        label = _merge(size, mean)
        for x in range(size):
            cluster[records[x]] = records[label[x]]


@njit(cache=True)
def _members_of(n, root):
    """Records by component: member[first[c]:first[c + 1]] are those of component c; and the place of each among them."""
    first, place = np.zeros(n + 1, np.int64), np.zeros(n, np.int64)
    for record in range(n):
        first[root[record] + 1] += 1
    for component in range(n):
        first[component + 1] += first[component]
    filled, member = first[:-1].copy(), np.empty(n, np.int64)
    for record in range(n):
        component = root[record]
        place[record] = filled[component] - first[component]
        member[filled[component]] = record
        filled[component] += 1
    return first, member, place


@njit(cache=True)
def _pairs_inside(n, left, right, root):
    """Numbers of the pairs inside components: pair_of[first[c]:first[c + 1]] are those of component c."""
    first = np.zeros(n + 1, np.int64)
    for pair in range(left.shape[0]):
        if root[left[pair]] == root[right[pair]]:
            first[root[left[pair]] + 1] += 1
    for component in range(n):
        first[component + 1] += first[component]
    filled, pair_of = first[:-1].copy(), np.empty(first[n], np.int64)
    for pair in range(left.shape[0]):
        component = root[left[pair]]
        if component == root[right[pair]]:
            pair_of[filled[component]] = pair
            filled[component] += 1
    return first, pair_of


@njit(cache=True)
def _forbid(records, exclusions, mean):
    """Mark every two records of a component that no cluster may hold; x and y are places in the component."""
    side, identifiers, solo = exclusions.side, exclusions.identifiers, exclusions.solo
    for x in range(records.shape[0]):
        for y in range(x):
            record, other = records[x], records[y]
            clash = side[record] + side[other] == 3 or (solo[record] >= 0 and solo[record] == solo[other])
            for kind in range(identifiers.shape[1]):
                code, other_code = identifiers[record, kind], identifiers[other, kind]
                clash = clash or (code >= 0 and other_code >= 0 and code != other_code)
            if clash:
                mean[x, y] = FORBIDDEN
                mean[y, x] = FORBIDDEN


@njit(cache=True)
def _merge(size, mean):
    """Greedy agglomeration; the label is the cluster's smallest place.

    A cluster goes by the place x of its first record; ``best`` is the highest average weight it has with another one,
    ``near``.
    """
    count, label = np.ones(size, np.int64), np.arange(size)
    near, best = np.zeros(size, np.int64), np.full(size, FORBIDDEN)
    for x in range(size):
        _find_nearest(x, size, count, mean, near, best)
    while True:
        x, top = -1, 0.0
        for z in range(size):
            if count[z] > 0 and best[z] > top:
                x, top = z, best[z]
        if x < 0:
            return label
        y = near[x]
        if y < x:
            x, y = y, x
        _join(x, y, size, count, label, mean)
        _find_nearest(x, size, count, mean, near, best)
        for z in range(size):
            if count[z] > 0 and z != x:
                if near[z] in (x, y):
                    _find_nearest(z, size, count, mean, near, best)
                elif mean[z, x] > best[z]:
                    best[z], near[z] = mean[z, x], x


@njit(cache=True)
def _join(x, y, size, count, label, mean):
    """Make cluster y part of cluster x, and average x's weights with the others, z."""
    count_x, count_y = count[x], count[y]
    count[x], count[y] = count_x + count_y, 0
    for z in range(size):
        if label[z] == y:
            label[z] = x
        if count[z] > 0 and z != x:
            if mean[x, z] <= FORBIDDEN / 2 or mean[y, z] <= FORBIDDEN / 2:
                mean[x, z] = FORBIDDEN
            else:
                mean[x, z] = (mean[x, z] * count_x + mean[y, z] * count_y) / (count_x + count_y)
            mean[z, x] = mean[x, z]


@njit(cache=True)
def _find_nearest(x, size, count, mean, near, best):
    """Set ``near`` and ``best`` of cluster x."""
    best[x] = FORBIDDEN
    for y in range(size):
        if y != x and count[y] > 0 and mean[x, y] > best[x]:
            best[x], near[x] = mean[x, y], y


@njit(cache=True)
def bottleneck(n, left, right, weight, cluster):
    """Weakest pair on the strongest tree of each cluster, at the place of its first record; nan for a single record.

    Input: the pairs inside clusters, strongest first (Kruskal's maximum spanning tree).
    """
    parent, weakest = np.arange(n), np.full(n, np.nan)
    for pair in range(left.shape[0]):
        root_l, root_r = _root(parent, left[pair]), _root(parent, right[pair])
        if root_l != root_r:
            parent[max(root_l, root_r)] = min(root_l, root_r)
            weakest[cluster[left[pair]]] = weight[pair]
    return weakest
