"""Average-link clusters inside connected components: a cluster must hold together by its own pairs.

The two clusters with the highest average weight merge while that average is above 0; a pair that was never scored
counts as ``missing``; a forbidden pair keeps its clusters apart for good.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FORBIDDEN = -1e9


@njit(inline="always")
def _root(parent, a):
    """Root of a record's tree, halving the way to it (Tarjan and van Leeuwen 1984)."""
    while parent[a] != a:
        parent[a] = parent[parent[a]]
        a = parent[a]
    return a


@njit(cache=True)
def components(n, left, right, weight, least):
    """Root of each record's component over pairs at or above ``least``: the component's smallest record."""
    parent = np.arange(n)
    for q in range(left.shape[0]):
        if weight[q] >= least:
            a, b = _root(parent, left[q]), _root(parent, right[q])
            if a < b:
                parent[b] = a
            elif b < a:
                parent[a] = b
    for i in range(n):
        parent[i] = _root(parent, i)
    return parent


@njit(cache=True)
def average_link(n, left, right, weight, is_forbidden, root, side, identifiers, solo, missing):
    """Cluster of each record: the smallest record of its cluster.

    Args:
        n: records.
        left: pairs, with ``right``.
        right: pairs.
        weight: clipped weight above the link threshold, of each pair.
        is_forbidden: pairs that no cluster may hold.
        root: component of each record.
        side: (n,) 0 none, 1 or 2; records of side 1 and side 2 never share a cluster.
        identifiers: (n, kinds) int32 code of a valid identifier, -1 none; two different ones never share a cluster.
        solo: (n,) int32; two records of one code never share a cluster; -1 is free.
        missing: weight of a pair that was not scored.
    """
    size = np.zeros(n, np.int64)
    for i in range(n):
        size[root[i]] += 1
    first, place = np.zeros(n + 1, np.int64), np.zeros(n, np.int64)
    for i in range(n):
        first[i + 1] = first[i] + size[i]
    filled, member = first[:-1].copy(), np.empty(n, np.int64)
    for i in range(n):
        a = root[i]
        place[i] = filled[a] - first[a]
        member[filled[a]] = i
        filled[a] += 1
    pair_first = np.zeros(n + 1, np.int64)
    for q in range(left.shape[0]):
        if root[left[q]] == root[right[q]]:
            pair_first[root[left[q]] + 1] += 1
    for i in range(n):
        pair_first[i + 1] += pair_first[i]
    filled, pair = pair_first[:-1].copy(), np.empty(pair_first[n], np.int64)
    for q in range(left.shape[0]):
        a = root[left[q]]
        if a == root[right[q]]:
            pair[filled[a]] = q
            filled[a] += 1
    cluster = np.arange(n)
    for a in range(n):
        k = size[a]
        if k < 2:
            continue
        own = member[first[a] : first[a + 1]]
        mean = np.full((k, k), missing)
        for z in range(pair_first[a], pair_first[a + 1]):
            q = pair[z]
            x, y = place[left[q]], place[right[q]]
            mean[x, y] = FORBIDDEN if is_forbidden[q] else weight[q]
            mean[y, x] = mean[x, y]
        _forbid(own, side, identifiers, solo, mean)
        label = _merge(k, mean)
        for x in range(k):
            cluster[own[x]] = own[label[x]]
    return cluster


@njit(cache=True)
def _forbid(own, side, identifiers, solo, mean):
    for x in range(own.shape[0]):
        for y in range(x):
            i, j = own[x], own[y]
            clash = side[i] + side[j] == 3 or (solo[i] >= 0 and solo[i] == solo[j])
            for kind in range(identifiers.shape[1]):
                a, b = identifiers[i, kind], identifiers[j, kind]
                clash = clash or (a >= 0 and b >= 0 and a != b)
            if clash:
                mean[x, y] = FORBIDDEN
                mean[y, x] = FORBIDDEN


@njit(cache=True)
def _merge(k, mean):
    """Greedy agglomeration with each cluster's nearest neighbour kept; the label is the cluster's smallest place."""
    count, label = np.ones(k, np.int64), np.arange(k)
    near, best = np.zeros(k, np.int64), np.full(k, FORBIDDEN)
    for x in range(k):
        _nearest(x, k, count, mean, near, best)
    while True:
        x, top = -1, 0.0
        for z in range(k):
            if count[z] > 0 and best[z] > top:
                x, top = z, best[z]
        if x < 0:
            return label
        y = near[x]
        if y < x:
            x, y = y, x
        sx, sy = count[x], count[y]
        count[x], count[y] = sx + sy, 0
        for z in range(k):
            if label[z] == y:
                label[z] = x
            if count[z] > 0 and z != x:
                if mean[x, z] <= FORBIDDEN / 2 or mean[y, z] <= FORBIDDEN / 2:
                    mean[x, z] = FORBIDDEN
                else:
                    mean[x, z] = (mean[x, z] * sx + mean[y, z] * sy) / (sx + sy)
                mean[z, x] = mean[x, z]
        _nearest(x, k, count, mean, near, best)
        for z in range(k):
            if count[z] > 0 and z != x:
                if near[z] in (x, y):
                    _nearest(z, k, count, mean, near, best)
                elif mean[z, x] > best[z]:
                    best[z], near[z] = mean[z, x], x


@njit(cache=True)
def _nearest(x, k, count, mean, near, best):
    best[x] = FORBIDDEN
    for y in range(k):
        if y != x and count[y] > 0 and mean[x, y] > best[x]:
            best[x], near[x] = mean[x, y], y


@njit(cache=True)
def bottleneck(n, left, right, weight, cluster):
    """Weakest pair on the strongest tree of each cluster, at the place of its first record; nan for a single record.

    Input: the pairs inside clusters, strongest first (Kruskal's maximum spanning tree).
    """
    parent, weakest = np.arange(n), np.full(n, np.nan)
    for q in range(left.shape[0]):
        a, b = _root(parent, left[q]), _root(parent, right[q])
        if a != b:
            parent[max(a, b)] = min(a, b)
            weakest[cluster[left[q]]] = weight[q]
    return weakest
