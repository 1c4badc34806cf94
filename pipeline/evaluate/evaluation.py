"""Everything that is told of a linkage, as counts and shares that JSON, the terminal and the page read: nothing of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline.evaluate.curves import by_threshold, calibration, calibration_error
from pipeline.evaluate.estimate import expected_matches, expected_pairs, left_out
from pipeline.evaluate.group_rows import group_rows, why_untold
from pipeline.evaluate.linkage import Linkage
from pipeline.evaluate.load import review_load
from pipeline.evaluate.measured import measured
from pipeline.evaluate.quality import Score, count_pairs
from pipeline.evaluate.truth import Truth
from pipeline.evaluate.waiting import waiting

BY_GROUP = (
    "By group, a person whose records were not linked counts as several persons, each in the group that its own records "
    "tell. Those of whom a record says nothing look worse than they are, and are not judged."
)
DOUBT = (0.05, 0.95)
BEYOND = 8
"""Bits over the highest threshold that are still shown."""


def evaluate(linkage: Linkage, truth: Truth | None, also: tuple[str, ...] = ()) -> dict[str, Any]:
    """What can be told of a linkage, with or without the truth.

    Args:
        linkage: what was linked.
        truth: who the records truly are; figures by the truth are over those of which it tells.
        also: further columns of its records that group persons.
    """
    judged = linkage if truth is None else linkage.only(truth.is_told)
    entity = None if truth is None else truth.entity[truth.is_told]
    estimated = expected_pairs(linkage)
    facts: dict[str, Any] = {
        "linkage": _about(linkage, truth),
        "estimated": {**estimated.as_dict(), "expected_matches": round(expected_matches(linkage), 1)},
        "left_out": [*left_out(linkage), *([] if truth else [BY_GROUP])],
        "true": None,
        "gap": None,
        "calibration": None,
    }
    if entity is not None:
        facts["true"] = measured(judged, entity)
        facts["gap"] = _gap(estimated, facts["true"]["pairs"])
        facts["calibration"] = _calibration(judged, entity)
    facts["waiting"] = waiting(judged, entity)
    facts["thresholds"] = _thresholds(judged, entity)
    facts["groups"] = group_rows(judged, entity, also)
    facts["groups_untold"] = why_untold(facts["groups"])
    facts["worse"] = [sentence for row in facts["groups"] for sentence in row["worse"]]
    return facts


def _about(linkage: Linkage, truth: Truth | None) -> dict[str, Any]:
    pairs = linkage.pairs
    return {
        "title": linkage.title,
        "is_published": linkage.as_of_year is not None,
        "model": linkage.stamp,
        "policy": linkage.policy,
        "link_bits": None if linkage.link_bits is None else linkage.link_bits + 0.0,
        "review_bits": linkage.review_bits + 0.0,
        "records": len(linkage.records),
        "persons": len(np.unique(linkage.cluster)),
        "linked_pairs": int(pairs.is_link.sum()),
        "linked_by_stewards": int((pairs.is_link & pairs.by_steward).sum()),
        "pairs_to_review": int((~pairs.is_link).sum()),
        "records_without_truth": truth.untold if truth else None,
        "truth_without_record": truth.unmatched if truth else None,
    }


def _gap(estimated: Score, true: dict[str, float]) -> dict[str, float]:
    """Estimated less true: above 0 the model thinks too well of itself."""
    return {name: round(value - true[name], 6) for name, value in estimated.as_dict().items()}


def _calibration(linkage: Linkage, entity: np.ndarray) -> dict[str, Any]:
    """Of pairs from the review threshold on: under it only those are kept whose clusters hold together, a biased few."""
    pairs = linkage.pairs.only(linkage.pairs.weight >= linkage.review_bits)
    is_match = entity[pairs.left] == entity[pairs.right]
    bins = calibration(pairs.probability, is_match)
    doubtful = (pairs.probability > DOUBT[0]) & (pairs.probability < DOUBT[1])
    doubtful_error = calibration_error(calibration(pairs.probability[doubtful], is_match[doubtful]))
    return {
        "error": round(calibration_error(bins), 6),
        "pairs": len(is_match),
        "doubtful_error": round(doubtful_error, 6),
        "doubtful_pairs": int(doubtful.sum()),
        "bins": [{name: round(value, 6) for name, value in asdict(one_bin).items()} for one_bin in bins],
    }


def _thresholds(linkage: Linkage, entity: np.ndarray | None) -> list[dict[str, Any]]:
    pairs, marks = linkage.pairs, _marks(linkage)
    top = max(marks)
    bits = np.unique([*marks, *np.arange(np.ceil(min(marks)), np.ceil(top) + BEYOND + 1)])
    is_held = pairs.rule >= 0
    expected = by_threshold(pairs.weight, pairs.probability, is_held, expected_matches(linkage), bits)
    load = review_load(len(linkage.records), pairs, bits, linkage.review_bits)
    true: Sequence[Any] = [None] * len(bits)
    if entity is not None:
        is_match = entity[pairs.left] == entity[pairs.right]
        true = by_threshold(pairs.weight, is_match, is_held, count_pairs(entity, linkage.source), bits)
    return [
        {
            "bits": point.bits + 0.0,
            "marks": marks.get(point.bits, []),
            "pairs": point.pairs,
            "to_review": reviewed,
            "estimated": point.score.as_dict(),
            "true": true_point.score.as_dict() if true_point else None,
        }
        for point, reviewed, true_point in zip(expected, load, true, strict=True)
    ]


def _marks(linkage: Linkage) -> dict[float, list[str]]:
    """Thresholds that mean something: of this linkage, and of the model's policies."""
    marks: dict[float, list[str]] = {}
    marks.setdefault(linkage.review_bits, []).append("review")
    if linkage.link_bits is not None:
        marks.setdefault(linkage.link_bits, []).append("link")
    for name, policy in linkage.model.policy.items() if linkage.model else ():
        if name != linkage.policy:
            marks.setdefault(policy.link_bits, []).append(f"{name} policy")
    return marks
