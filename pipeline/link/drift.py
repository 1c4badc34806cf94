"""Whether tonight's data still look like those a frozen model was trained on.

The population stability index of two lists of shares p and q is the sum of (p - q) ln(p / q) (Lewis 1994; Siddiqi 2006);
by their rule of thumb 0.1 is a change worth a look and 0.25 one that calls for a new model. Links are not affected.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pipeline.core.metrics import Metric
from pipeline.engines.frequency import Frequencies
from pipeline.engines.port import Engine
from pipeline.link.reference import level_shares, null_share
from pipeline.link.weights import probability
from schemas.model import LEVELS, Comparison, Model
from schemas.reference import FieldReference

LOOK, RETRAIN = 0.1, 0.25
FEWEST_RECORDS = 2_000  # of fewer, shares move by chance alone
FEWEST_VALUES = 50  # times that a value stands, to be told from rarer ones: fewer may be one family
LEAST_SHARE = 0.01  # smaller shares count as so large: a share of none would be a change without end
FEWEST_PAIRS = 1_000  # random pairs that have a field, to tell how often they agree
MATCHES = (1.25, 1.5)  # times as many matches a record, or as few: worth a look, and a new model
DRIFT_PAIRS, SEED = 200_000, 2016
MOST_RECORDS = 50_000  # that are looked at


def frozen_metrics(model: Model, engine: Engine, table: pa.Table, weight: np.ndarray) -> list[Metric]:
    """What a frozen model says of its training, and how tonight's table has drifted from it.

    Args:
        model: frozen.
        engine: takes in some of the records.
        table: tonight's records.
        weight: match weights of the scored pairs, bits.
    """
    converged = [Metric("train", "has_converged", float(model.trained.has_converged), "count")] if model.trained else []
    return [*converged, *drift_metrics(engine, table, model, float(probability(weight).sum()))]


def drift_metrics(engine: Engine, table: pa.Table, model: Model, matches: float) -> list[Metric]:
    """Rows of run_metrics that tell how far the table is from the one the model was trained on; none if it has no reference.

    Of a large table, records evenly spread over it are looked at: they tell shares as well as all of them.

    Args:
        engine: takes in these records.
        table: tonight's records.
        model: frozen.
        matches: expected among tonight's scored pairs.
    """
    reference = model.reference
    if reference is None:
        return []
    n_records, step = len(table), -(-len(table) // MOST_RECORDS)
    workspace = engine.load(table.take(np.arange(0, n_records, step)) if step > 1 else table, model)
    n_measured = workspace.n_records
    is_measured = min(n_measured, reference.records) >= FEWEST_RECORDS
    metrics = [Metric("drift", "is_measured", float(is_measured), "count")]
    if not is_measured:
        return metrics
    random = workspace.random_patterns(DRIFT_PAIRS, SEED)
    fields = {field.field: field for field in reference.field}
    for number, (comparison, frequency) in enumerate(zip(model.comparison, workspace.frequencies, strict=True)):
        if trained := fields.get(comparison.field):
            metrics += _of_field(trained, comparison, level_shares(comparison, number, random))
            metrics += _of_values(trained, reference.records, comparison, frequency, n_measured)
    metrics.append(Metric("drift", "matches_per_record", matches / n_records, "count"))
    return [*metrics, Metric("drift", "matches_per_record_trained", reference.matches_per_record, "count")]


def drift_told(metrics: Sequence[Metric]) -> list[str]:
    """What has drifted, a sentence each; empty where nothing has, or nothing could be measured."""
    values = {metric.metric: metric.value for metric in metrics if metric.stage == "drift"}
    sentences = []
    for name, index in values.items():
        part, _, field = name.removeprefix("psi_").partition("_")
        if not name.startswith("psi_") or index < LOOK:
            continue
        sentence = SENTENCES[part]
        if part == "nulls":
            sentence = sentence.format(values[f"null_share_{field}"], values[f"null_share_trained_{field}"])
        sentences.append(f"{field}: {sentence} (stability index {index:.2f}: {_advice(index, RETRAIN)}).")
    now, then = (max(values.get(f"matches_per_record{end}", 1.0), 1e-6) for end in ("", "_trained"))
    if (times := max(now / then, then / now)) >= MATCHES[0]:
        sentences.append(
            f"{now:.2f} matches are expected for a record, {then:.2f} when the model was trained "
            f"({_advice(times, MATCHES[1])})."
        )
    return sentences


SENTENCES = {
    "nulls": "missing in {:.0%} of the records, in {:.0%} when the model was trained",
    "levels": "two records chosen at random agree more or less often than when the model was trained",
    "values": "its values are commoner or rarer than when the model was trained",
}


def stability_index(now: np.ndarray, then: np.ndarray) -> float:
    """Population stability index of two lists of shares; 0 where they are the same."""
    p, q = (np.maximum(shares / float(shares.sum()), LEAST_SHARE) for shares in (now, then))
    return float(((p - q) * np.log(p / q)).sum())


def _advice(measure: float, limit: float) -> str:
    return "train the model anew" if measure >= limit else "worth a look"


def _of_field(reference: FieldReference, comparison: Comparison, now: np.ndarray) -> list[Metric]:
    """Nulls, and the levels of random pairs that have the field on both sides."""
    field, random_share = reference.field, {level.name: level.random for level in reference.levels}
    before = np.array([random_share.get(name, 0.0) for name in ("null", *LEVELS[comparison.kind])])
    nulls = null_share(now)
    nulls_now, nulls_then = (np.array([share, 1.0 - share]) for share in (nulls, reference.null_share))
    metrics = [
        Metric("drift", f"psi_nulls_{field}", stability_index(nulls_now, nulls_then), "index"),
        Metric("drift", f"null_share_{field}", nulls, "share"),
        Metric("drift", f"null_share_trained_{field}", reference.null_share, "share"),
    ]
    if min(now[1:].sum(), before[1:].sum()) * DRIFT_PAIRS >= FEWEST_PAIRS:
        metrics.append(Metric("drift", f"psi_levels_{field}", stability_index(now[1:], before[1:]), "index"))
    return metrics


def _of_values(
    reference: FieldReference, records_then: int, comparison: Comparison, frequency: Frequencies, records: int
) -> list[Metric]:
    """Shares of the occurrences by how rare their values are.

    Rarities that the smaller of both tables cannot tell apart are one: a value that is unique is the rarer, the more
    records there are.
    """
    if not reference.bins or not frequency.occurrences.sum():
        return []
    totals = [reference.occurrences, int(frequency.occurrences.sum())]
    if comparison.kind == "identifier":
        totals = [
            max(trained, all_records) for trained, all_records in zip(totals, (records_then, records), strict=True)
        ]
    tellable = int(np.log2(max(min(totals) / FEWEST_VALUES, 1.0)))
    before = np.array([(trained.bits, trained.occurrences) for trained in reference.bins])
    old = _cells(before[:, 0], before[:, 1], tellable)
    now = _cells(frequency.rarity_bits, frequency.occurrences, tellable)
    return [Metric("drift", f"psi_values_{reference.field}", stability_index(now, old), "index")]


def _cells(bits: np.ndarray, occurrences: np.ndarray, tellable: int) -> np.ndarray:
    """(tellable + 1,) occurrences by rarity, a cell a bit, the last for all that are rarer.

    Those of a bin lie in both cells nearest to its mean, so that a value near the edge of a bin makes no jump.
    """
    position = np.clip(bits - 0.5, 0.0, tellable)
    below = np.floor(position).astype(int)
    part = position - below
    above = np.minimum(below + 1, tellable)
    size = tellable + 1
    return np.bincount(below, occurrences * (1 - part), size) + np.bincount(above, occurrences * part, size)
