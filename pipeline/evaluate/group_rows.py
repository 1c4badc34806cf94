"""Groups as rows to be shown, and in words who is linked worse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from pipeline.evaluate.by_group import (
    LEAST_PERSONS,
    Contrast,
    GroupQuality,
    PairCounts,
    estimated_by_group,
    measured_by_group,
)
from pipeline.evaluate.groups import OF_RECORD, OTHER_ORIGIN, UNKNOWN, groupings
from pipeline.evaluate.linkage import Linkage

SMALL = "smaller groups"
SHARES = {"recall": "of their true pairs are found", "precision": "of their linked pairs are right"}
ESTIMATED = {
    "recall": "of the matches expected among their kept pairs are linked",
    "precision": "of their linked pairs are expected to be right",
}


def group_rows(linkage: Linkage, entity: np.ndarray | None, also: tuple[str, ...]) -> list[dict[str, Any]]:
    """One row a group; by the truth, with the estimate beside it, or by the estimate alone.

    A group of too few persons has no figures; if its name is a file's own word, it has no name either.
    """
    parted = groupings(linkage.records, linkage.cluster if entity is None else entity, linkage.as_of_year, also)
    estimated = list(estimated_by_group(linkage, parted))
    if entity is None:
        qualities, estimates, words = estimated, {}, ESTIMATED
    else:
        qualities, words = list(measured_by_group(linkage, entity, parted)), SHARES
        estimates = {(quality.grouping, quality.group): quality.counts for quality in estimated}
    rows = [
        _row(
            quality,
            estimates.get((quality.grouping, quality.group)),
            words,
            is_judged=entity is not None or _is_sure(quality),
        )
        for quality in qualities
    ]
    return rows if linkage.as_of_year is not None else list(_without_rare_words(rows))


def _without_rare_words(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The groups of enough persons; the others of one grouping as one row, so that their words are not told."""
    for _, groups in groupby(rows, key=itemgetter("grouping")):
        few: list[dict[str, Any]] = []
        for row in groups:
            if row["is_too_small"]:
                few.append(row)
            else:
                yield row
        if few:
            yield {**few[0], "group": SMALL}


def why_untold(rows: Sequence[Mapping[str, Any]]) -> str:
    """That nothing can be told of who is linked worse, and why; empty where some group has figures."""
    if any(row["recall"] or row["precision"] for row in rows):
        return ""
    return (
        f"Whether a group is linked worse cannot be told: none that has {LEAST_PERSONS} persons in pairs can be set "
        "beside everybody else."
    )


def _is_sure(quality: GroupQuality) -> bool:
    """Whether a group may be judged without the truth: not if it is those of whom a lone record says nothing."""
    return quality.grouping in OF_RECORD or quality.group not in (OTHER_ORIGIN, UNKNOWN)


def _row(
    quality: GroupQuality, estimated: PairCounts | None, words: dict[str, str], *, is_judged: bool
) -> dict[str, Any]:
    contrasts = {} if quality.is_too_small else {"recall": quality.recall(), "precision": quality.precision()}
    estimate = None if quality.is_too_small else estimated
    return {
        "grouping": quality.grouping,
        "group": quality.group.strip(),
        "persons": None if quality.is_too_small else quality.persons,
        "is_too_small": quality.is_too_small,
        "recall": _shares(contrasts.get("recall")),
        "precision": _shares(contrasts.get("precision")),
        "estimated_recall": _rounded(estimate.recall if estimate else None),
        "estimated_precision": _rounded(estimate.precision if estimate else None),
        "worse": [
            _sentence(quality, contrast, words[name])
            for name, contrast in contrasts.items()
            if contrast and contrast.is_worse and is_judged
        ],
    }


def _shares(contrast: Contrast | None) -> dict[str, float] | None:
    if contrast is None:
        return None
    shares = asdict(contrast.group) | {f"rest_{name}": value for name, value in asdict(contrast.others).items()}
    return {name: round(value, 6) for name, value in shares.items()} | {"is_worse": contrast.is_worse}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _sentence(quality: GroupQuality, contrast: Contrast, words: str) -> str:
    share, others = contrast.group, contrast.others
    return (
        f"{quality.grouping} {quality.group.strip()}: {share.value:.1%} {words} ({share.low:.1%} to {share.high:.1%}), "
        f"against {others.value:.1%} of everybody else's ({others.low:.1%} to {others.high:.1%})."
    )
