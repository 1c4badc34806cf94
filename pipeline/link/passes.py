"""Both passes over the clusters: records by their pairs first, then clusters by all that their records say together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.core.numbers import distinct
from pipeline.engines.average_link import Exclusions
from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.clusters import cluster
from pipeline.link.decided import Decisions, with_parted
from pipeline.link.more_pairs import keys_of, merge, missing_pairs, places
from pipeline.link.rules import RuleHits, apply_rules, identifier_codes, sides, unique_identifiers
from pipeline.link.second_pass import JoinTerms, Questions, join_clusters
from schemas.model import Model, Policy, PolicyName

SECOND_PASS_BITS = 3.0  # two clusters join where their weight together is so much above the link threshold


@dataclass(frozen=True, slots=True)
class Grounds:
    """What clusters are formed by beside the weights of their pairs: thresholds, rules, sources and decisions."""

    model: Model
    table: pa.Table
    policy: PolicyName
    solo: np.ndarray
    """(records,) code of a source that holds nobody twice; -1 where every source may"""
    decisions: Decisions
    """of stewards"""

    @property
    def thresholds(self) -> Policy:
        """Those of the policy."""
        return self.model.policy[self.policy]

    def rule_hits(self, pairs: ScoredPairs) -> RuleHits:
        """Which of the policy's rules hold for which pair."""
        return apply_rules(self.model, self.table, pairs, self.policy)

    def judge(self, pairs: ScoredPairs) -> tuple[np.ndarray, np.ndarray]:
        """(pairs,) which no cluster may hold, and which link nothing by themselves."""
        hits = self.rule_hits(pairs)
        is_solo = (self.solo[pairs.left] >= 0) & (self.solo[pairs.left] == self.solo[pairs.right])
        return hits.is_apart | is_solo, hits.is_neutral


def with_decided(
    grounds: Grounds, workspace: Workspace, weights: LevelWeights, pairs: ScoredPairs, hits: RuleHits
) -> tuple[ScoredPairs, RuleHits]:
    """The pairs and what rules say of them, and with them those pairs that stewards decided and nothing brought together."""
    decided = distinct(keys_of(grounds.decisions.all_pairs, workspace.n_records))
    more = missing_pairs(workspace, weights, pairs, decided)
    if more is None:
        return pairs, hits
    place = places(pairs, more, workspace.n_records)
    return merge(pairs, more, place), hits.merged(grounds.rule_hits(more), place)


def source_codes(table: pa.Table) -> np.ndarray:
    """(records,) int32 code of each record's source, -1 without one."""
    codes = table.column("source").combine_chunks().dictionary_encode().indices
    return codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)


def first_pass(grounds: Grounds, pairs: ScoredPairs, hits: RuleHits) -> np.ndarray:
    """(records,) cluster of each record, named by its smallest record."""
    model, table = grounds.model, grounds.table
    pairs, is_apart, is_neutral = with_parted(pairs, hits.is_apart, hits.is_neutral, grounds.decisions.parted_pairs())
    identifiers = unique_identifiers(model, identifier_codes(model, table), len(table), grounds.policy)
    exclusions = Exclusions(sides(model, table), identifiers, grounds.solo)
    return cluster(len(table), pairs, grounds.thresholds.link_bits, is_apart, is_neutral, exclusions)


def second_pass(
    grounds: Grounds,
    workspace: Workspace,
    weights: LevelWeights,
    pairs: ScoredPairs,
    cluster_of: np.ndarray,
    earlier: Questions,
) -> tuple[np.ndarray, Questions]:
    """Clusters after clusters were compared with clusters, and the questions that were answered, now or ``earlier``."""
    joins_at = grounds.thresholds.link_bits + SECOND_PASS_BITS
    terms = JoinTerms(joins_at, grounds.judge, grounds.decisions.parted_pairs())
    return join_clusters(workspace, weights, pairs, cluster_of, terms, earlier)
