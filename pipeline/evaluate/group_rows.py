"""Groups as rows to be shown, and in words who is linked worse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from pipeline.evaluate.by_group import Compared, Counted, GroupQuality, estimated_by_group, measured_by_group
from pipeline.evaluate.groups import OF_RECORD, OTHER, UNKNOWN, groupings
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
    made = groupings(linkage.records, linkage.cluster if entity is None else entity, linkage.as_of_year, also)
    estimated = list(estimated_by_group(linkage, made))
    if entity is None:
        told, beside, words = estimated, {}, ESTIMATED
    else:
        told, words = list(measured_by_group(linkage, entity, made)), SHARES
        beside = {(own.grouping, own.group): own.own for own in estimated}
    rows = [
        _row(own, beside.get((own.grouping, own.group)), words, entity is not None or _is_sure(own)) for own in told
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


def _is_sure(own: GroupQuality) -> bool:
    """Whether a group may be judged without the truth: not if it is those of whom a lone record says nothing."""
    return own.grouping in OF_RECORD or own.group not in (OTHER, UNKNOWN)


def _row(own: GroupQuality, beside: Counted | None, words: dict[str, str], is_judged: bool) -> dict[str, Any]:
    parts = {} if own.is_too_small else {"recall": own.recall(), "precision": own.precision()}
    estimate = None if own.is_too_small else beside
    return {
        "grouping": own.grouping,
        "group": own.group.strip(),
        "persons": None if own.is_too_small else own.persons,
        "is_too_small": own.is_too_small,
        "recall": _shares(parts.get("recall")),
        "precision": _shares(parts.get("precision")),
        "estimated_recall": _rounded(estimate.recall if estimate else None),
        "estimated_precision": _rounded(estimate.precision if estimate else None),
        "worse": [_sentence(own, c, words[name]) for name, c in parts.items() if c and c.is_worse and is_judged],
    }


def _shares(compared: Compared | None) -> dict[str, float] | None:
    if compared is None:
        return None
    named = asdict(compared.own) | {f"rest_{name}": value for name, value in asdict(compared.rest).items()}
    return {name: round(value, 6) for name, value in named.items()} | {"is_worse": compared.is_worse}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _sentence(own: GroupQuality, compared: Compared, words: str) -> str:
    share, rest = compared.own, compared.rest
    return (
        f"{own.grouping} {own.group.strip()}: {share.value:.1%} {words} ({share.low:.1%} to {share.high:.1%}), "
        f"against {rest.value:.1%} of everybody else's ({rest.low:.1%} to {rest.high:.1%})."
    )
