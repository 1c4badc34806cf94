"""What ``boroughlink link`` tells of a linkage: metrics.json and the report. A figure that would mean nothing is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.any_table.date_words import dates_told
from flows.any_table.intake import People
from pipeline.core.metrics import Metric
from pipeline.evaluate.curves import Bin, calibration, calibration_error
from pipeline.evaluate.quality import Score, codes, count_pairs, quality
from pipeline.link.drift import drift_told
from pipeline.link.stage import Linked
from pipeline.report.link_page import LinkStory
from pipeline.report.model_charts import CalibrationBin
from schemas.model import PolicyName

NONE_COMPARED = (
    "No pair of records was compared: no value is shared by a few records only, so nothing tells records apart."
)
ONE_RECORD = "There is one record, and so no pair."
NONE_SCORED = "compared, and none weighs enough to be kept: no two records look like one person, or what is compared is alike in all."


def link_facts(people: People, linked: Linked, policy: PolicyName, metrics: Sequence[Metric]) -> dict[str, Any]:
    """Counts, thresholds, what the model expects of its links, and the seconds of each step."""
    measured = {metric.metric: metric.value for metric in metrics if metric.unit != "s"}
    no_pairs = _no_pairs(len(people.table), int(measured["candidate_pairs"]), int(measured["scored_pairs"]))
    return {
        "records": len(people.table),
        "persons": int(measured["clusters"]),
        "candidate_pairs": int(measured["candidate_pairs"]),
        "linked_pairs": int(measured["linked_pairs"]),
        "pairs_to_review": int(measured["pairs_to_review"]),
        "no_pairs": no_pairs,
        "policy": policy,
        **_thresholds(linked, policy, is_meant=no_pairs is None),
        "expected_precision": round(measured["expected_pair_precision"], 6) if measured["linked_pairs"] else None,
        "expected_recall": None if no_pairs else _expected_recall(linked, len(people.table)),
        "model": linked.model.stamp,
        "has_converged": bool(measured.get("has_converged", 1.0)),
        "training": {metric.metric: round(metric.value, 6) for metric in metrics if metric.stage == "train"},
        "drift": drift_told(linked.metrics),
        "blocking_rules": _rules(linked),
        "expected_candidate_recall": None if no_pairs else _expected_candidate_recall(linked),
        "seconds": {
            metric.metric.removesuffix("_seconds"): round(metric.value, 3) for metric in metrics if metric.unit == "s"
        },
    }


def _no_pairs(records: int, candidates: int, scored: int) -> str | None:
    """Why there is nothing to tell of pairs, as a sentence; None where there is."""
    if records == 1:
        return ONE_RECORD
    if not candidates:
        return NONE_COMPARED
    compared = "1 pair of records was" if candidates == 1 else f"{candidates:,} pairs of records were"
    return None if scored else f"{compared} {NONE_SCORED}"


def _thresholds(linked: Linked, policy: PolicyName, *, is_meant: bool) -> dict[str, float | None]:
    """Those of the policy, bits; None where they were derived from the weights of no pairs at all."""
    if not is_meant and linked.chosen_rules is not None:
        return {"link_bits": None, "review_bits": None}
    bits = linked.model.policy[policy]
    return {"link_bits": bits.link_bits + 0.0, "review_bits": bits.review_bits + 0.0}  # a zero has no sign


def _expected_candidate_recall(linked: Linked) -> float | None:
    return round(linked.chosen_rules.expected_recall, 6) if linked.chosen_rules else None


def _expected_recall(linked: Linked, records: int) -> float | None:
    """Expected matches among the linked pairs, out of all that the model's prior expects; None without a prior."""
    prior = linked.model.prior
    if prior is None:
        return None
    probability = linked.links.column("match_probability")
    expected_links = pc.sum(probability.filter(pc.equal(linked.links.column("decision"), "link"))).as_py() or 0.0
    matches = max(prior.matches_per_record * records, pc.sum(probability).as_py() or 0.0)
    return round(expected_links / matches, 6) if matches else None


def _rules(linked: Linked) -> list[dict[str, Any]]:
    """Blocking rules in the order of their choice, with what each brings; of a given model the rules alone."""
    if linked.chosen_rules is None:
        return [rule.model_dump() for rule in linked.model.blocking.rule]
    return [
        gain.rule.model_dump()
        | {"pairs_per_record": round(gain.pairs_per_record, 4)}
        | {"expected_matches": round(gain.matches, 1), "expected_new_matches": round(gain.new_matches, 1)}
        for gain in linked.chosen_rules.gains
    ]


def true_calibration(people: People, truth: pa.Array, linked: Linked, review_bits: float | None) -> list[Bin]:
    """How many match of the pairs that have about one probability, from the review threshold on.

    Under the threshold only pairs are kept whose clusters hold together: they are no fair sample of their weight.
    """
    if review_bits is None:
        return []
    entity = codes(truth)
    links = linked.links.filter(pc.greater_equal(linked.links.column("match_weight"), review_bits))
    left, right = _rows(people, links)
    return calibration(links.column("match_probability").to_numpy(), entity[left] == entity[right])


def true_quality(people: People, truth: pa.Array, linked: Linked, bins: list[Bin]) -> dict[str, Any]:
    """How good the linkage is, measured against the truth that a column tells."""
    links = linked.links.filter(pc.equal(linked.links.column("decision"), "link"))
    left, right = _rows(people, links)
    source = codes(people.table.column("source")) if people.model.blocking.across else None
    cluster = codes(linked.cluster_members.column("cluster_id"))
    scores = quality(cluster, codes(truth), left, right, source)
    return {
        "pairs": _shares(scores.pairs, len(links), scores.true_pairs),
        "clusters": _shares(scores.clusters, count_pairs(cluster, source), scores.true_pairs),
        "b_cubed": scores.b_cubed.as_dict(),
        "exact_persons": round(scores.exact_persons, 6),
        "true_pairs": scores.true_pairs,
        "calibration_error": round(calibration_error(bins), 6) if bins else None,
    }


def _shares(score: Score, linked: int, true: int) -> dict[str, float | None]:
    """The score of so many linked and so many true pairs: no precision without the ones, no recall without the others."""
    shares = score.as_dict()
    return {
        "precision": shares["precision"] if linked else None,
        "recall": shares["recall"] if true else None,
        "f1": shares["f1"] if linked or true else None,
    }


def _rows(people: People, links: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of both records of each link."""
    ids = people.table.column("record_id").combine_chunks()
    left, right = (pc.index_in(links.column(f"record_id_{side}"), ids).to_numpy() for side in "lr")
    return left, right


def link_story(facts: Mapping[str, Any], linked: Linked, bins: Sequence[Bin]) -> LinkStory:
    """What the report draws: it holds copies, so that the tables may go before it is drawn."""
    return LinkStory(
        facts,
        linked.model,
        linked.links.column("match_weight").to_numpy().copy(),
        pc.equal(linked.links.column("decision"), "link").to_numpy(),
        linked.clusters.column("n_records").to_numpy().copy(),
        drift=facts["drift"],
        dates=dates_told(facts["date_orders"]),
        keys=_keys(facts, linked),
        expected_recall=facts["expected_candidate_recall"],
        estimated_recall=facts["expected_recall"],
        calibration=[CalibrationBin(each.predicted, each.observed, each.pairs, each.low, each.high) for each in bins],
    )


def _keys(facts: Mapping[str, Any], linked: Linked) -> list[tuple[str, int, float]]:
    """Each chosen blocking rule in words, the pairs that it brings, and the matches that no rule before it brought."""
    if linked.chosen_rules is None:
        return []
    return [
        (" and ".join(gain.rule.keys), round(gain.pairs_per_record * facts["records"]), gain.new_matches)
        for gain in linked.chosen_rules.gains
    ]
