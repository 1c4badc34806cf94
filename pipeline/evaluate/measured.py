"""Quality by the truth, with and without what the law keeps from a machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipeline.evaluate.kept_apart import KeptApart, kept_apart
from pipeline.evaluate.linkage import Linkage
from pipeline.evaluate.quality import Score, b_cubed, cluster_score, count_pairs, exact_persons, pair_score, together


def measured(linkage: Linkage, entity: np.ndarray) -> dict[str, Any]:
    """Precision, recall and F1 of links, clusters and records.

    Args:
        linkage: of records whose person is told.
        entity: (records,) code of that person.

    ``pairs`` are those that the machine linked directly. ``kept_apart`` says the same of clusters without the pairs that
    a rule keeps from the machine whatever their evidence, and without the persons whom such a rule parts: a person who
    is victim and offender cannot be one cluster until a steward says so. ``with_stewards`` is what clusters would be
    once every waiting pair of one person were linked.
    """
    pairs = linkage.pairs
    machine = pairs.by_machine
    apart = kept_apart(linkage.model, linkage.policy, linkage.records)
    return {
        "pairs": pair_score(pairs.left[machine], pairs.right[machine], entity, linkage.source).as_dict(),
        "clusters": cluster_score(linkage.cluster, entity, linkage.source).as_dict(),
        "b_cubed": b_cubed(linkage.cluster, entity).as_dict(),
        "exact_persons": round(exact_persons(linkage.cluster, entity), 6),
        "persons": len(np.unique(entity)),
        "true_pairs": count_pairs(entity, linkage.source),
        "kept_apart": _without(linkage, entity, apart) if apart.rules else None,
        "with_stewards": _with_stewards(linkage, entity).as_dict(),
    }


def _without(linkage: Linkage, entity: np.ndarray, apart: KeptApart) -> dict[str, Any]:
    """Clusters without the pairs that rules keep apart, and without the persons whom they part."""
    cluster_and_entity = together(linkage.cluster, entity)

    def free(block: np.ndarray) -> int:
        """Pairs of one block that no rule keeps apart."""
        return count_pairs(block, linkage.source) - _across(linkage, block, lambda part: int(apart.pairs(part).sum()))

    linked, true, right = free(linkage.cluster), free(entity), free(cluster_and_entity)
    parted = apart.pairs(entity)[entity] > 0
    unparted = linkage.only(~parted)
    return {
        "rules": list(apart.rules),
        "pairs": count_pairs(entity, linkage.source) - true,
        "persons": len(np.unique(entity[parted])),
        "clusters": Score(right / linked if linked else 1.0, right / true if true else 1.0).as_dict(),
        "other_persons": cluster_score(unparted.cluster, entity[~parted], unparted.source).as_dict(),
    }


def _across(linkage: Linkage, block: np.ndarray, count: Callable[[np.ndarray], int]) -> int:
    """A count of pairs of one block; with sources only of those of different ones."""
    dense = np.unique(block, return_inverse=True)[1]
    if linkage.source is None:
        return count(dense)
    return count(dense) - count(np.unique(together(block, linkage.source), return_inverse=True)[1])


def _with_stewards(linkage: Linkage, entity: np.ndarray) -> Score:
    """Clusters once stewards linked every waiting pair of one person; what is wrong inside clusters stays."""
    pairs = linkage.pairs
    part = np.unique(together(linkage.cluster, entity), return_inverse=True)[1]
    is_confirmed = ~pairs.is_link & (entity[pairs.left] == entity[pairs.right])
    ends = (part[pairs.left[is_confirmed]], part[pairs.right[is_confirmed]])
    parts = int(part.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(ends[0]), bool), ends), shape=(parts, parts))
    joined = connected_components(graph, directed=False)[1][part] if parts else part
    correct, before = count_pairs(joined, linkage.source), count_pairs(part, linkage.source)
    linked, true = count_pairs(linkage.cluster, linkage.source) + correct - before, count_pairs(entity, linkage.source)
    return Score(correct / linked if linked else 1.0, correct / true if true else 1.0)
