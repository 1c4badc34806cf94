"""Link: from standard records to clusters, links and the pairs that wait for a steward."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.memory import give_back
from pipeline.core.metrics import Metric
from pipeline.core.parquet import AT_ONCE, in_order
from pipeline.engines.port import Engine, KnowingEngine, LevelWeights, ScoredPairs, Workspace
from pipeline.engines.tokens import rules_of
from pipeline.link.blocking_rules import ChosenRules
from pipeline.link.clusters import ClusterShape, cluster, shape
from pipeline.link.decided import decided_rows, join_decided, with_parted
from pipeline.link.drift import frozen_metrics
from pipeline.link.fates import Fates, fates_of
from pipeline.link.kept import (
    Difference,
    KeptAnswers,
    LinkKept,
    answers_that_stand,
    as_compared,
    difference,
    difference_metrics,
    known_of,
    with_known,
)
from pipeline.link.more_pairs import weighed, with_pairs
from pipeline.link.review import review_pairs
from pipeline.link.rules import RuleHits, apply_rules, identifier_codes, share_identifier, sides, unique_identifiers
from pipeline.link.second_pass import Judge, join_clusters
from pipeline.link.shared import with_shared_identifiers
from pipeline.link.tables import clusters_table, links_table, members_table
from pipeline.link.thresholds import derive
from pipeline.link.training import training_metrics
from pipeline.link.training_stage import FLOOR_BITS, train_on, weights_on
from schemas.model import Model, PolicyName

SECOND_PASS_BITS = 3.0  # two clusters join where their weight together is so much above the link threshold


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
    kept: LinkKept | None = None
    """What the next linking may go on from, where this one was given a frequency table"""


def link_records(
    table: pa.Table,
    model: Model,
    policy: PolicyName,
    engine: Engine,
    *,
    is_one_per_source: bool = False,
    decided: pa.Table | None = None,
    kept: LinkKept | None = None,
) -> Linked:
    """Link the records of one person.

    Input: std_records or a table like it, sorted by its key record_id; ``decided``: pairs that stewards joined or parted, contract
        ``decided_pairs``; ``kept``: a frequency table, for a trained model, and what the linking before handed on: with it pairs
        are scored only where a record is new or changed, and the result is the same.
    Output: links, one row a linked pair or one that waits; cluster_members, one row a record; clusters; review_pairs.
        An untrained model is trained on the records first, and gets the thresholds that follow from their weights.
    """
    clock = _Clock()
    table = in_order(table, ("record_id",))
    compared = as_compared(table, model) if kept else None
    differs = difference(kept.records, compared) if kept and compared and kept.records is not None else None
    workspace = _loaded(engine, table, model, kept, differs)
    clock.lap("encode")
    training, chosen = (None, None) if model.is_trained else train_on(workspace, model)
    model = training.model if training else model
    clock.lap("train")
    weights = weights_on(workspace, model, kept.frequencies if kept else None)
    workspace.block(rules_of(model, len(table)))
    clock.lap("block")
    scored = _scored(workspace, weights, kept, differs)
    identifiers = identifier_codes(model, table)
    pairs = with_shared_identifiers(workspace, weights, scored, identifiers.values())
    clock.lap("score")
    if not model.policy:
        model = model.model_copy(update={"policy": derive(pairs.weight, _expected_matches(model, workspace))})
    bits = model.policy[policy]
    hits = apply_rules(model, table, pairs, policy)
    solo = _source_codes(table) if is_one_per_source else np.full(len(table), -1, np.int32)
    ids = table.column("record_id").combine_chunks()
    said = decided_rows(decided, ids)
    parted = said.parted()
    own = sides(model, table), unique_identifiers(model, identifiers, len(table)), solo
    first_pass = _first_pass(pairs, bits.link_bits, hits, parted, own)
    clock.lap("cluster")
    known = answers_that_stand(kept.answers if kept else None, policy, differs, first_pass)
    judge, joins_at = _judge(model, table, policy, solo), bits.link_bits + SECOND_PASS_BITS
    machine, asked = join_clusters(workspace, weights, pairs, first_pass, joins_at, judge, parted, known)
    cluster_of = join_decided(machine, pairs, said)
    clock.lap("second_pass")
    if len(said.all_pairs):
        pairs = with_pairs(workspace, weights, pairs, said.all_pairs)
        hits = apply_rules(model, table, pairs, policy)
    is_worth_asking = (pairs.weight >= bits.review_bits) | share_identifier(model, pairs)
    fates = fates_of(pairs, machine, cluster_of, said, is_worth_asking)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = pool.submit(links_table, model, weights, pairs, hits, ids, fates)
        formed = shape(cluster_of, pairs, fates.is_must)
        review = review_pairs(ids, cluster_of, pairs, hits, fates.waits, bits.link_bits)
        told = training_metrics(training) if training else frozen_metrics(model, engine, table, pairs.weight)
        links = made.result()
    clock.lap("tables")
    metrics = [*clock.metrics, *_counts(pairs, formed, fates, links, review, chosen), *told]
    hands_on = _handed_on(kept, compared, workspace, scored, KeptAnswers(policy, first_pass, asked))
    if kept and differs and compared and kept.records is not None:
        metrics += difference_metrics(kept.records, compared, differs)
    found = links, members_table(ids, cluster_of), clusters_table(ids, formed), review
    return Linked(*found, model, metrics, chosen, hands_on)


def _first_pass(
    pairs: ScoredPairs,
    link_bits: float,
    hits: RuleHits,
    parted: np.ndarray,
    own: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> np.ndarray:
    """(records,) cluster of each; ``own``: side, unique identifiers and source of each record, as ``cluster`` takes them."""
    held, is_apart, is_ask = with_parted(pairs, hits.is_apart, hits.is_ask, parted)
    return cluster(len(own[0]), held, link_bits, is_apart, is_ask, *own)


def _handed_on(
    kept: LinkKept | None, compared: pa.Table | None, workspace: Workspace, scored: ScoredPairs, answers: KeptAnswers
) -> LinkKept | None:
    """What the next linking may go on from."""
    if kept is None or compared is None:
        return None
    return LinkKept(kept.frequencies, compared, workspace.remembered, scored, answers)  # type: ignore[attr-defined]


def _judge(model: Model, table: pa.Table, policy: PolicyName, solo: np.ndarray) -> Judge:
    """Tells of pairs of records that clusters compare which of the model's rules hold them apart, or let them link nothing."""

    def judge(crossed: ScoredPairs) -> tuple[np.ndarray, np.ndarray]:
        met = apply_rules(model, table, crossed, policy)
        is_solo = (solo[crossed.left] >= 0) & (solo[crossed.left] == solo[crossed.right])
        return met.is_apart | is_solo, met.is_ask

    return judge


def _loaded(
    engine: Engine, table: pa.Table, model: Model, kept: LinkKept | None, differs: Difference | None
) -> Workspace:
    """The engine's workspace, which knows what was kept.

    Raises:
        ValueError: If something was, and the engine cannot go on from it, or the model has yet to be trained.
    """
    if kept is None:
        return engine.load(table, model)
    if not isinstance(engine, KnowingEngine) or not (model.is_trained and model.blocking.rule):
        raise ValueError("only a trained model and an engine that keeps what it knows can go on")
    return engine.load_knowing(table, model, known_of(kept, differs))


def _scored(
    workspace: Workspace, weights: LevelWeights, kept: LinkKept | None, differs: Difference | None
) -> ScoredPairs:
    """All weighed pairs at or above the floor: scored now, or known."""
    scored = weighed(weights, workspace.score(weights, FLOOR_BITS))
    if differs and kept and kept.pairs is not None:
        return with_known(scored, kept.pairs, differs, workspace.state)  # type: ignore[attr-defined]
    return scored


def _source_codes(table: pa.Table) -> np.ndarray:
    codes = table.column("source").combine_chunks().dictionary_encode().indices
    return codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)


def _expected_matches(model: Model, workspace: Workspace) -> float:
    return model.prior.matches_per_record * workspace.n_records if model.prior else 0.0


def _counts(
    pairs: ScoredPairs,
    formed: ClusterShape,
    fates: Fates,
    links: pa.Table,
    review: pa.Table,
    chosen: ChosenRules | None,
) -> list[Metric]:
    is_own = pc.and_(pc.equal(links.column("decision"), "link"), pc.not_equal(links.column("decided_by"), "steward"))
    expected = pc.mean(links.column("match_probability").filter(is_own)).as_py()
    counts = [
        Metric("link", "candidate_pairs", pairs.candidates, "count"),
        Metric("link", "compared_pairs", pairs.compared, "count"),
        Metric("link", "scored_pairs", len(pairs.left), "count"),
        Metric("link", "linked_pairs", int(fates.inside.sum()), "count"),
        Metric("link", "pairs_linked_by_stewards", int((fates.inside & fates.by_steward).sum()), "count"),
        Metric("link", "pairs_parted_by_stewards", int(fates.is_parted.sum()), "count"),
        Metric("link", "pairs_to_review", int(fates.waits.sum()), "count"),
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
