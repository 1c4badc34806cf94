"""Why pairs are not linked: what waits for a steward and by which rule, and what was never kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.evaluate.estimate import expected_matches
from pipeline.evaluate.linkage import Linkage
from pipeline.evaluate.quality import count_pairs, together

BY_WEIGHT, UNSEEN = "weight", "not_kept"


def waiting(linkage: Linkage, entity: np.ndarray | None) -> list[dict[str, Any]]:
    """One row a reason: pairs, how many matches are expected among them, and how many there are, by the truth.

    A pair counts once, for the gravest rule that it meets. ``weight``: no rule, but too little evidence to link.
    ``not_kept``: pairs that no key brought together, or that weigh too little to be looked at.
    """
    pairs = linkage.pairs
    is_waiting = ~pairs.is_link
    is_match = entity[pairs.left] == entity[pairs.right] if entity is not None else None
    about = {rule.name: rule.about for rule in linkage.model.rule} if linkage.model else {}
    rows = []
    for number, name in [*enumerate(pairs.rules), (-1, BY_WEIGHT)]:
        of_rule = is_waiting & (pairs.rule == number)
        if of_rule.any():
            true = None if is_match is None else int(is_match[of_rule].sum())
            rows.append(
                _row(name, about.get(name, ""), int(of_rule.sum()), float(pairs.probability[of_rule].sum()), true)
            )
    unseen = expected_matches(linkage) - float(pairs.probability.sum())
    return [*rows, _row(UNSEEN, "", None, unseen, _true_unseen(linkage, entity, is_match))]


def _true_unseen(linkage: Linkage, entity: np.ndarray | None, is_match: np.ndarray | None) -> int | None:
    if entity is None or is_match is None:
        return None
    inside = count_pairs(together(linkage.cluster, entity), linkage.source)
    return count_pairs(entity, linkage.source) - inside - int((is_match & ~linkage.pairs.is_link).sum())


def _row(reason: str, about: str, pairs: int | None, expected: float, true: int | None) -> dict[str, Any]:
    return {
        "reason": reason,
        "about": about,
        "pairs": pairs,
        "expected_matches": round(expected, 1),
        "true_matches": true,
    }
