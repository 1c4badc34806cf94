"""Link: from standard records to clusters, links and the pairs that wait for a steward."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.memory import give_back
from pipeline.core.metrics import Metric
from pipeline.core.parquet import AT_ONCE, in_order
from pipeline.engines.groups import group_codes
from pipeline.engines.port import Engine, IncrementalEngine, IncrementalWorkspace, LevelWeights, ScoredPairs, Workspace
from pipeline.engines.tokens import rules_of
from pipeline.link.asked import Asked, asked
from pipeline.link.blocking_rules import ChosenRules
from pipeline.link.clusters import shape
from pipeline.link.decided import decided_rows, join_decided
from pipeline.link.drift import frozen_metrics
from pipeline.link.fates import Fates, fates_of
from pipeline.link.kept import (
    Baseline,
    KeptAnswers,
    LinkKept,
    baseline_of,
    difference_metrics,
    earlier_answers,
    prior_knowledge,
    with_earlier_pairs,
)
from pipeline.link.more_pairs import weigh
from pipeline.link.passes import Grounds, first_pass, second_pass, source_codes, with_decided
from pipeline.link.prolific import prolific_pairs, with_prolific
from pipeline.link.review import review_pairs
from pipeline.link.rules import RuleHits, identifier_codes
from pipeline.link.shared import with_shared_identifiers
from pipeline.link.tables import clusters_table, links_table, members_table
from pipeline.link.thresholds import derive
from pipeline.link.training import Training, training_metrics
from pipeline.link.training_stage import FLOOR_BITS, Loaded, of_own_witnesses, train_on, weights_on
from schemas.model import Model, PolicyName


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
    redundant: Mapping[str, str]
    """Columns that an untrained model was to compare and does not, and the field that tells each"""
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
    going_on = _going_on(engine, table, model, kept) if kept else None
    loaded = Loaded(going_on.workspace, model, {}) if going_on else _load(engine, table, model)
    workspace, baseline = loaded.workspace, going_on.baseline if going_on else None
    clock.lap("encode")

    training, chosen = (None, None) if model.is_trained else train_on(loaded)
    model = training.model if training else model
    clock.lap("train")

    weights = weights_on(workspace, model, kept.frequencies if kept else None)
    with ThreadPoolExecutor(1) as pool:  # what needs no blocks is found beside them
        finding_prolific = pool.submit(prolific_pairs, model, table)
        workspace.block(rules_of(model, len(table)))
        prolific = finding_prolific.result()
    clock.lap("block")

    scored = _score(workspace, weights, going_on)
    identifiers = identifier_codes(model, table).values()
    pairs = with_shared_identifiers(workspace, weights, scored, identifiers, group_codes(table, model))
    pairs = with_prolific(workspace, weights, pairs, prolific, FLOOR_BITS)
    clock.lap("score")

    model = _with_thresholds(model, workspace, pairs)
    decisions = decided_rows(decided, table.column("record_id").combine_chunks())
    solo = source_codes(table) if is_one_per_source else np.full(len(table), -1, np.int32)
    grounds = Grounds(model, table, policy, solo, decisions)
    hits = grounds.rule_hits(pairs)
    first = first_pass(grounds, pairs, hits)
    clock.lap("cluster")

    earlier = earlier_answers(baseline, policy, first)
    machine, answered = second_pass(grounds, workspace, weights, pairs, first, earlier)
    cluster_of = join_decided(machine, pairs, decisions)
    clock.lap("second_pass")

    pairs, hits = with_decided(grounds, workspace, weights, pairs, hits)
    doubts = asked(grounds, workspace, weights, pairs, cluster_of)
    fates = fates_of(pairs, machine, cluster_of, decisions, doubts.is_worth_asking)
    result = _Result(pairs, hits, cluster_of, fates, doubts)
    clock.lap("questions")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        model_metrics = pool.submit(_model_metrics, grounds, training, engine, pairs.weight)
        tables = _make_tables(grounds, weights, result, pool)
        trained = model_metrics.result()
    clock.lap("tables")

    metrics = [*clock.metrics, *_counts(result, tables, chosen), *trained, *difference_metrics(baseline)]
    handed_on = _handed_on(going_on, scored, KeptAnswers(policy, first, answered)) if going_on else None
    return Linked(
        tables.links,
        tables.members,
        tables.clusters,
        tables.review,
        model,
        metrics,
        chosen,
        loaded.redundant,
        handed_on,
    )


@dataclass(frozen=True, slots=True)
class _GoingOn:
    """A linking that goes on from the one before."""

    baseline: Baseline
    workspace: IncrementalWorkspace


@dataclass(frozen=True, slots=True)
class _Result:
    """What linking came to."""

    pairs: ScoredPairs
    hits: RuleHits
    cluster_of: np.ndarray
    """(records,) named by its smallest record"""
    fates: Fates
    doubts: Asked


@dataclass(frozen=True, slots=True)
class _Tables:
    """The same as tables."""

    links: pa.Table
    members: pa.Table
    clusters: pa.Table
    review: pa.Table
    largest_cluster: int


def _load(engine: Engine, table: pa.Table, model: Model) -> Loaded:
    """The records in the engine, and the model; of an untrained one what it must compare."""
    return Loaded(engine.load(table, model), model, {}) if model.is_trained else of_own_witnesses(table, model, engine)


def _going_on(engine: Engine, table: pa.Table, model: Model, kept: LinkKept) -> _GoingOn:
    """The records in the engine, which goes on from what was kept.

    Raises:
        ValueError: If the engine cannot go on, or the model has yet to be trained.
    """
    baseline = baseline_of(kept, table, model)
    if not isinstance(engine, IncrementalEngine) or not (model.is_trained and model.blocking.rule):
        raise ValueError("only a trained model and an engine that keeps what it knows can go on")
    return _GoingOn(baseline, engine.load_incremental(table, model, prior_knowledge(baseline)))


def _score(workspace: Workspace, weights: LevelWeights, going_on: _GoingOn | None) -> ScoredPairs:
    """All weighed pairs at or above the floor: scored now, or taken from the baseline."""
    scored = weigh(weights, workspace.score(weights, FLOOR_BITS))
    return with_earlier_pairs(scored, going_on.baseline, going_on.workspace.state) if going_on else scored


def _with_thresholds(model: Model, workspace: Workspace, pairs: ScoredPairs) -> Model:
    """The model with the thresholds that follow from the weights, where it has none."""
    if model.policy:
        return model
    expected_matches = model.prior.matches_per_record * workspace.n_records if model.prior else 0.0
    return model.model_copy(update={"policy": derive(pairs.weight, expected_matches)})


def _make_tables(grounds: Grounds, weights: LevelWeights, result: _Result, pool: ThreadPoolExecutor) -> _Tables:
    """The tables; the links, by far the largest, are made beside the others."""
    ids = grounds.table.column("record_id").combine_chunks()
    pairs, hits, cluster_of, fates = result.pairs, result.hits, result.cluster_of, result.fates
    links = pool.submit(links_table, grounds.model, weights, pairs, hits, ids, fates)
    formed = shape(cluster_of, pairs, fates.is_must)
    review = review_pairs(ids, cluster_of, pairs, hits, fates.waits, result.doubts, grounds.thresholds)
    members, clusters = members_table(ids, cluster_of), clusters_table(ids, formed)
    return _Tables(links.result(), members, clusters, review, int(formed.size.max(initial=0)))


def _model_metrics(grounds: Grounds, training: Training | None, engine: Engine, weight: np.ndarray) -> list[Metric]:
    """How training went; of a frozen model, how the records have drifted from those it was trained on."""
    if training:
        return training_metrics(training)
    return frozen_metrics(grounds.model, engine, grounds.table, weight)


def _handed_on(going_on: _GoingOn, scored: ScoredPairs, answers: KeptAnswers) -> LinkKept:
    """What the next linking may go on from."""
    baseline = going_on.baseline
    return LinkKept(baseline.kept.frequencies, baseline.compared, going_on.workspace.memory, scored, answers)


def _counts(result: _Result, tables: _Tables, chosen: ChosenRules | None) -> list[Metric]:
    pairs, fates, links = result.pairs, result.fates, tables.links
    is_machine = pc.not_equal(links.column("decided_by"), "steward")
    is_own_link = pc.and_(pc.equal(links.column("decision"), "link"), is_machine)
    expected_precision = pc.mean(links.column("match_probability").filter(is_own_link)).as_py()
    counts = [
        Metric("link", "candidate_pairs", pairs.candidates, "count"),
        Metric("link", "compared_pairs", pairs.compared, "count"),
        Metric("link", "scored_pairs", len(pairs.left), "count"),
        Metric("link", "linked_pairs", int(fates.inside.sum()), "count"),
        Metric("link", "pairs_linked_by_stewards", int((fates.inside & fates.by_steward).sum()), "count"),
        Metric("link", "pairs_parted_by_stewards", int(fates.is_parted.sum()), "count"),
        Metric("link", "pairs_to_review", int(fates.waits.sum()), "count"),
        Metric("link", "questions", len(tables.review), "count"),
        Metric("link", "clusters", len(tables.clusters), "count"),
        Metric("link", "largest_cluster", tables.largest_cluster, "count"),
        Metric("link", "expected_pair_precision", 1.0 if expected_precision is None else expected_precision, "share"),
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
        """End a step; memory that it leaves goes back to the system."""
        give_back()
        now = time.perf_counter()
        self.metrics.append(Metric("link", f"{step}_seconds", now - self._last, "s"))
        self._last = now
