"""Link: from standard records to clusters, links and the pairs that wait for a steward."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.memory import give_back
from pipeline.core.metrics import Metric
from pipeline.core.parquet import conform
from pipeline.engines.port import Engine, LevelWeights, ScoredPairs, Workspace
from pipeline.engines.tokens import rules_of
from pipeline.link.blocking_rules import ChosenRules, choose_rules
from pipeline.link.clusters import ClusterShape, cluster, shape
from pipeline.link.review import review_pairs
from pipeline.link.rules import RuleHits, apply_rules, at_levels, identifier_codes, sides, unique_identifiers
from pipeline.link.second_pass import join_clusters
from pipeline.link.shared import with_shared_identifiers
from pipeline.link.thresholds import derive
from pipeline.link.training import Training, train
from pipeline.link.weights import level_weights, probability, waterfall
from schemas.model import Model, PolicyName
from schemas.tables import CLUSTER_MEMBERS, CLUSTERS, LINKS

FLOOR_BITS = -8.0  # pairs under it are forgotten
SECOND_PASS_BITS = 3.0  # two clusters join where their weight together is so much above the link threshold
RANDOM_PAIRS, SAMPLED_RECORDS, SEED = 1_000_000, 16_000, 2016


@dataclass(frozen=True, slots=True)
class Linked:
    """What linking hands on."""

    links: pa.Table
    cluster_members: pa.Table
    clusters: pa.Table
    review_pairs: pa.Table
    model: Model
    metrics: list[Metric]
    chosen_rules: ChosenRules | None
    """Blocking rules and what each brings, where they were chosen on these records"""


def link_records(
    table: pa.Table, model: Model, policy: PolicyName, engine: Engine, *, is_one_per_source: bool = False
) -> Linked:
    """Link the records of one person.

    Input: std_records or a table like it, sorted by its key record_id.
    Output: links, one row a linked pair or one that waits; cluster_members, one row a record; clusters; review_pairs.
        An untrained model is trained on the records first, and gets the thresholds that follow from their weights.
    """
    clock = _Clock()
    table = _in_order(table)
    workspace = engine.load(table, model)
    clock.lap("encode")
    training, chosen = (None, None) if model.is_trained else train_on(workspace, model)
    model = training.model if training else model
    clock.lap("train")
    weights = weights_on(workspace, model)
    workspace.block(rules_of(model, len(table)))
    clock.lap("block")
    identifiers = identifier_codes(model, table)
    pairs = with_shared_identifiers(workspace, weights, workspace.score(weights, FLOOR_BITS), identifiers)
    clock.lap("score")
    if not model.policy:
        model = model.model_copy(update={"policy": derive(pairs.weight, _expected_matches(model, workspace))})
    bits = model.policy[policy]
    hits = apply_rules(model, table, pairs, policy)
    solo = _source_codes(table) if is_one_per_source else np.full(len(table), -1, np.int32)
    cluster_of = cluster(
        len(table),
        pairs,
        bits.link_bits,
        hits.is_apart,
        hits.is_ask,
        sides(model, table),
        unique_identifiers(model, table),
        solo,
    )
    clock.lap("cluster")

    def judge(crossed: ScoredPairs) -> tuple[np.ndarray, np.ndarray]:
        met = apply_rules(model, table, crossed, policy)
        is_solo = (solo[crossed.left] >= 0) & (solo[crossed.left] == solo[crossed.right])
        return met.is_apart | is_solo, met.is_ask

    cluster_of = join_clusters(workspace, weights, pairs, cluster_of, bits.link_bits + SECOND_PASS_BITS, judge)
    clock.lap("second_pass")
    ids = table.column("record_id").combine_chunks()
    inside = cluster_of[pairs.left] == cluster_of[pairs.right]
    waits = ~inside & ((pairs.weight >= bits.review_bits) | _share_identifier(model, pairs))
    links = _links(model, weights, pairs, hits, ids, inside, waits)
    formed = shape(cluster_of, pairs)
    review = review_pairs(ids, cluster_of, pairs, hits, waits)
    clock.lap("tables")
    metrics = [*clock.metrics, *_counts(pairs, formed, inside, waits, links, review, training, chosen)]
    return Linked(links, _members(ids, cluster_of), _clusters(ids, formed), review, model, metrics, chosen)


def _source_codes(table: pa.Table) -> np.ndarray:
    codes = table.column("source").combine_chunks().dictionary_encode().indices
    return codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)


def weights_on(workspace: Workspace, model: Model) -> LevelWeights:
    """The model's weights on the records at hand."""
    per_record = workspace.n_pairs / max(workspace.n_records, 1)
    return level_weights(model, workspace.frequencies, workspace.name_pairs, per_record)


def _in_order(table: pa.Table) -> pa.Table:
    ids = table.column("record_id")
    is_sorted = len(table) < 2 or pc.all(pc.less(ids.slice(0, len(ids) - 1), ids.slice(1))).as_py()
    return table if is_sorted else table.sort_by("record_id")


def trained(table: pa.Table, model: Model, engine: Engine) -> Training:
    """A frozen model from the records themselves: probabilities, prior, and the thresholds of both policies."""
    workspace = engine.load(table, model)
    training, _ = train_on(workspace, model)
    weights = weights_on(workspace, training.model)
    workspace.block(training.model.blocking.rule)
    policy = derive(workspace.score(weights, FLOOR_BITS).weight, training.expected_matches)
    return replace(training, model=training.model.model_copy(update={"policy": policy}))


def train_on(workspace: Workspace, model: Model) -> tuple[Training, ChosenRules]:
    """Estimate the model's probabilities and prior from the records themselves, and choose its blocking rules."""
    random = workspace.random_patterns(RANDOM_PAIRS, SEED)
    sample = workspace.sample(SAMPLED_RECORDS)
    training = train(
        model,
        workspace.frequencies,
        workspace.name_pairs,
        sample.patterns,
        sample.scale,
        random,
        workspace.n_records,
        workspace.n_pairs,
    )
    likely = pattern_probability(weights_on(workspace, training.model), sample.patterns.levels)
    chosen = choose_rules(sample, likely, workspace.n_records)
    blocking = training.model.blocking.model_copy(update={"rule": training.model.blocking.rule or chosen.rules})
    return replace(training, model=training.model.model_copy(update={"blocking": blocking})), chosen


def pattern_probability(weights: LevelWeights, levels: np.ndarray) -> np.ndarray:
    """(patterns,) match probability of combinations of levels."""
    parts, related = waterfall(weights, levels)
    return probability(parts.sum(1) + weights.prior_match + related)


def _expected_matches(model: Model, workspace: Workspace) -> float:
    return model.prior.matches_per_record * workspace.n_records if model.prior else 0.0


def _share_identifier(model: Model, pairs: ScoredPairs) -> np.ndarray:
    found = np.zeros(len(pairs.left), bool)
    for comparison in model.comparison:
        if comparison.kind == "identifier":
            found |= at_levels(model, comparison.field, ("exact",), pairs)
    return found


def _links(
    model: Model,
    weights: LevelWeights,
    pairs: ScoredPairs,
    hits: RuleHits,
    ids: pa.Array,
    inside: np.ndarray,
    waits: np.ndarray,
) -> pa.Table:
    keep = inside | waits
    parts, related = waterfall(weights, pairs.levels[keep])
    weight = parts.sum(1) + weights.prior_match + related
    by_identifier = _share_identifier(model, pairs)[keep]
    columns: dict[str, pa.Array] = {
        "record_id_l": ids.take(pa.array(pairs.left[keep])),
        "record_id_r": ids.take(pa.array(pairs.right[keep])),
        "match_weight": pa.array(np.round(weight, 6)),
        "match_probability": pa.array(np.round(probability(weight), 9)),
        "mw_prior": pa.array(np.full(len(weight), round(weights.prior_match, 6))),
        "mw_related": pa.array(np.round(related, 6)),
        "decision": pa.array(np.where(inside[keep], "link", "review"), pa.string()),
        "decided_by": pa.array(np.where(by_identifier, "identifier", "model"), pa.string()),
        "rules": _rules_met(hits, keep),
    }
    columns |= {f"mw_{c.field}": pa.array(np.round(parts[:, k], 6)) for k, c in enumerate(model.comparison)}
    table = pa.table(columns)
    return conform(table, LINKS) if set(table.column_names) <= set(LINKS.names) else table


def _rules_met(hits: RuleHits, keep: np.ndarray) -> pa.Array:
    """Names of the rules that each kept pair met; null where none."""
    holds = hits.holds[keep]
    many = holds.sum(1)
    ends = np.concatenate([[0], np.cumsum(many)]).astype(np.int32)
    names = pa.array(hits.names, pa.string()).take(pa.array(np.nonzero(holds)[1]))
    return pa.ListArray.from_arrays(pa.array(ends), names, mask=pa.array(many == 0))


def _members(ids: pa.Array, cluster_of: np.ndarray) -> pa.Table:
    return conform(pa.table({"record_id": ids, "cluster_id": ids.take(pa.array(cluster_of))}), CLUSTER_MEMBERS)


def _clusters(ids: pa.Array, formed: ClusterShape) -> pa.Table:
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


def _counts(
    pairs: ScoredPairs,
    formed: ClusterShape,
    inside: np.ndarray,
    waits: np.ndarray,
    links: pa.Table,
    review: pa.Table,
    training: Training | None,
    chosen: ChosenRules | None,
) -> list[Metric]:
    linked = links.filter(pc.equal(links.column("decision"), "link"))
    expected = pc.mean(linked.column("match_probability")).as_py()
    counts = [
        Metric("link", "candidate_pairs", pairs.candidates, "count"),
        Metric("link", "scored_pairs", len(pairs.left), "count"),
        Metric("link", "linked_pairs", int(inside.sum()), "count"),
        Metric("link", "pairs_to_review", int(waits.sum()), "count"),
        Metric("link", "questions", len(review), "count"),
        Metric("link", "clusters", len(formed.first), "count"),
        Metric("link", "largest_cluster", int(formed.size.max(initial=0)), "count"),
        Metric("link", "expected_pair_precision", 1.0 if expected is None else expected, "share"),
    ]
    if chosen:
        counts += [
            Metric("link", "blocking_rules", len(chosen.gains), "count"),
            Metric("link", "expected_candidate_recall", chosen.expected_recall, "share"),
        ]
    if training:
        counts += [
            Metric("train", "rounds", training.rounds, "count"),
            Metric("train", "has_converged", float(training.has_converged), "count"),
            Metric("train", "expected_matches", float(training.expected_matches), "count"),
            Metric("train", "expected_related", float(training.expected_related), "count"),
        ]
    return counts


class _Clock:
    """Seconds of each step, as metrics."""

    def __init__(self) -> None:
        self.metrics: list[Metric] = []
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        give_back()
        now = time.perf_counter()
        self.metrics.append(Metric("link", f"{step}_seconds", now - self._last, "s"))
        self._last = now
