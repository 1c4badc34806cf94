"""Training: from standard records to a model that is frozen, its blocking rules and thresholds among it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa

from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.port import Engine, LevelWeights, PatternCounts, Workspace
from pipeline.link.blocking_rules import ChosenRules, choose_rules
from pipeline.link.decided_training import DecidedPairs, train_with
from pipeline.link.evidence import DecidedLevels, Evidence
from pipeline.link.more_pairs import weigh
from pipeline.link.redundant import redundant_columns
from pipeline.link.thresholds import derive
from pipeline.link.training import Training, train
from pipeline.link.weights import level_weights, pattern_probability
from schemas.model import Model
from schemas.plan import NOTHING_FIXED, FixedParameters, Plan

FLOOR_BITS = -8.0  # pairs under it are forgotten
RANDOM_PAIRS, SAMPLED_RECORDS, SEED = 1_000_000, 12_000, 2016


def weights_on(workspace: Workspace, model: Model, table: FrequencyTable | None = None) -> LevelWeights:
    """The model's weights on the records at hand, or, where there is a frequency table, with that."""
    if table is not None:
        return level_weights(model, table.frequencies, table.name_pairs, table.pairs_per_record)
    per_record = workspace.n_pairs / max(workspace.n_records, 1)
    return level_weights(model, workspace.frequencies, workspace.name_pairs, per_record)


def train_model(table: pa.Table, plan: Plan, engine: Engine, decided: DecidedPairs | None = None) -> Training:
    """A frozen model from the records themselves: probabilities, prior, and the thresholds of both policies.

    Input: records sorted by their key record_id.
    """
    workspace = engine.load(table, plan.model)
    training, _ = train_on(Loaded(workspace, plan.model, {}), plan.fixed, decided)
    weights = weights_on(workspace, training.model)
    workspace.block(training.model.blocking.rule)
    policy = derive(weigh(weights, workspace.score(weights, FLOOR_BITS)).weight, training.expected_matches)
    return replace(training, model=training.model.model_copy(update={"policy": policy}))


class Loaded(NamedTuple):
    """Records in an engine, and the model to link them with."""

    workspace: Workspace
    model: Model
    redundant: Mapping[str, str]
    """Columns that the model does not compare any more, and the field that tells each"""
    random: PatternCounts | None = None
    """Patterns of random pairs, where they were looked at"""


def of_own_witnesses(table: pa.Table, model: Model, engine: Engine) -> Loaded:
    """The records in the engine, with the untrained model without the columns that another field tells.

    Input: records sorted by their key record_id.
    """
    workspace = engine.load(table, model)
    random = workspace.random_patterns(RANDOM_PAIRS, SEED)
    redundant = redundant_columns(table, model.comparison, random)
    if not redundant:
        return Loaded(workspace, model, redundant, random)
    comparisons = tuple(comparison for comparison in model.comparison if comparison.field not in redundant)
    fields = tuple(field for field in model.blocking.fields if field not in redundant)
    blocking = model.blocking.model_copy(update={"fields": fields})
    model = model.model_copy(update={"comparison": comparisons, "blocking": blocking})
    return Loaded(engine.load(table, model), model, redundant)


def train_on(
    loaded: Loaded, fixed: FixedParameters = NOTHING_FIXED, decided: DecidedPairs | None = None
) -> tuple[Training, ChosenRules]:
    """Estimate the model's probabilities and prior from the records themselves, and choose its blocking rules."""
    workspace, model = loaded.workspace, loaded.model
    random = loaded.random or workspace.random_patterns(RANDOM_PAIRS, SEED)
    sample = workspace.sample(SAMPLED_RECORDS)
    evidence = Evidence(
        workspace.frequencies,
        workspace.name_pairs,
        sample.patterns,
        sample.scale,
        random,
        workspace.n_records,
        workspace.n_pairs,
    )
    if decided is not None and len(decided.left):
        decided_levels = DecidedLevels(workspace.compare(decided.left, decided.right), decided.is_link)
        training = train_with(model, evidence, fixed, decided_levels)
    else:
        training = train(model, evidence, fixed)
    likely = pattern_probability(weights_on(workspace, training.model), sample.patterns.levels)
    chosen = choose_rules(sample, likely, workspace.n_records)
    blocking = training.model.blocking.model_copy(update={"rule": training.model.blocking.rule or chosen.rules})
    return replace(training, model=training.model.model_copy(update={"blocking": blocking})), chosen
