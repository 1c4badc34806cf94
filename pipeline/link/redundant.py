"""Columns that are no witnesses of their own: what they say another field has said, so that it would count twice.

A year beside a birthday, a district beside a postcode, initials beside names, a title beside a sex. People leave such columns in
their tables; weights that take fields for independent (Fellegi and Sunter 1969) would be far too sure of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from pipeline.engines.port import PatternCounts
from pipeline.link.strangers import is_telling_of, strangers_of, without_bins
from schemas.model import LEVELS, Comparison

TOLD = 0.7  # of whether strangers agree on a column: where another field tells so much of it, it has nothing to add
FEWEST_AGREEING = 50  # strangers who agree on a column, for it to be judged
SPELLED = 0.9  # of the records: where their other field spells so many, a column is a part of it
BY_CHANCE = 0.5  # of the records, which another record's field may spell at most
SAMPLE, FEWEST_RECORDS = 2_000, 100


def redundant_columns(table: pa.Table, comparisons: Sequence[Comparison], random: PatternCounts) -> dict[str, str]:
    """Columns of kind category that another field tells, and which; of two that tell each other the later one.

    Args:
        table: of records, a column a field.
        comparisons: one a field.
        random: patterns of random pairs of records.
    """
    told: dict[str, str] = {}
    sizes = np.array([len(LEVELS[comparison.kind]) for comparison in comparisons])
    random, texts = without_bins(random, comparisons), _sampled_texts(table, comparisons)
    is_telling = is_telling_of(comparisons, _exact_shares(random, sizes))

    def tells(other: int, number: int) -> bool:
        strangers = strangers_of(comparisons, is_telling, random, but_for=[other, number])
        return _share_told(strangers, other, number, sizes[number]) > TOLD

    for number, comparison in enumerate(comparisons):
        if comparison.kind != "category":
            continue
        others = (
            other
            for other, by in enumerate(comparisons)
            if other != number and by.field not in told and (by.kind != "category" or other < number)
        )
        by_levels = (comparisons[other].field for other in others if tells(other, number))
        if teller := _speller(texts, comparison.field, comparisons) or next(by_levels, None):
            told[comparison.field] = teller
    return told


def _exact_shares(random: PatternCounts, sizes: np.ndarray) -> np.ndarray:
    """(comparisons,) share of the random pairs that have a comparison and agree exactly on it."""
    has_value = np.where(random.levels > 0, random.count[:, None], 0).sum(0)
    return np.where(random.levels == sizes, random.count[:, None], 0).sum(0) / np.maximum(has_value, 1)


def _share_told(strangers: PatternCounts, parent: int, child: int, exact: int) -> float:
    """How much of whether strangers agree exactly on the child the parent's levels tell: mutual information by entropy."""
    has_both = (strangers.levels[:, [parent, child]] > 0).all(1)
    is_exact = (strangers.levels[has_both, child] == exact).astype(int)
    cell = strangers.levels[has_both, parent].astype(int) * 2 + is_exact
    together = np.bincount(cell, strangers.count[has_both], cell.max(initial=0) // 2 * 2 + 2).reshape(-1, 2)
    if together[:, 1].sum() < FEWEST_AGREEING:
        return 0.0
    entropy = _entropy(together.sum(0))
    return (entropy + _entropy(together.sum(1)) - _entropy(together.ravel())) / max(entropy, 1e-9)


def _entropy(counts: np.ndarray) -> float:
    """Nats."""
    share = counts[counts > 0] / counts.sum()
    return -float((share * np.log(share)).sum())


def _sampled_texts(table: pa.Table, comparisons: Sequence[Comparison]) -> dict[str, list[str]]:
    """Of records spread evenly over the table, the text of each field."""
    rows = pa.array(np.linspace(0, len(table) - 1, min(len(table), SAMPLE)).astype(int))
    return {c.field: _texts(table.column(c.field).take(rows)) for c in comparisons if c.field in table.column_names}


def _speller(texts: Mapping[str, list[str]], child: str, comparisons: Sequence[Comparison]) -> str | None:
    """The field of which the child's text is a part, in nearly all records and not by chance."""
    parts = texts[child]
    for field, wholes in _wholes(texts, comparisons):
        both = [(part, whole) for part, whole in zip(parts, wholes, strict=True) if part and whole]
        if len(both) < FEWEST_RECORDS:
            continue
        spelled = sum(_is_part(part, whole) for part, whole in both)
        others = sum(_is_part(part, whole) for (part, _), (_, whole) in zip(both, both[1:] + both[:1], strict=True))
        if spelled >= SPELLED * len(both) and others <= BY_CHANCE * len(both):
            return field
    return None


def _wholes(texts: Mapping[str, list[str]], comparisons: Sequence[Comparison]) -> Iterator[tuple[str, list[str]]]:
    """Fields with a meaning, and the initials of both names."""
    field_of = {comparison.kind: comparison.field for comparison in comparisons}
    for comparison in comparisons:
        if comparison.kind != "category" and comparison.field in texts:
            yield comparison.field, texts[comparison.field]
    if {"forename", "surname"} <= set(field_of):
        names = (texts[field_of[kind]] for kind in ("forename", "surname"))
        yield "forename and surname", [a[:1] + b[:1] if a and b else "" for a, b in zip(*names, strict=True)]


def _is_part(part: str, whole: str) -> bool:
    """Contained; of initials the first and the last must fit, whatever middle names stand between."""
    return part in whole or (len(whole) == 2 and 2 < len(part) <= 4 and part[0] + part[-1] == whole)


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Letters and digits of each record's first value, in upper case; empty without one."""
    values = column.to_pylist()
    first = [value[0] if isinstance(value, list) and value else value for value in values]
    return [re.sub("[^A-Z0-9]", "", str(value).upper()) if value else "" for value in first]
