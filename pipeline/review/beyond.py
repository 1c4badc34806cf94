"""What the other records of two persons say beside the pair that is shown: how their pairs weigh, and what speaks against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.review.compare import FIELDS, text_of
from pipeline.review.seen import Group, Pair
from pipeline.review.shelf import Row
from pipeline.review.weigh import LEAST, odds_words, times_words
from pipeline.review.words import FIELD_WORDS

MOST_VALUES = 3
"""Values of a person that are told of a field"""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A field that the pair does not tell of, and in which the persons' other records differ."""

    field: str
    title: str
    told: str


@dataclass(frozen=True, slots=True)
class Beyond:
    """All scored pairs between the two persons."""

    n_pairs: int
    low: float
    """Match weight of the weakest, bits"""
    high: float
    against: tuple[Contradiction, ...]

    @property
    def low_odds(self) -> str:
        """The weakest in words."""
        return odds_words(self.low)

    @property
    def high_odds(self) -> str:
        """The strongest in words."""
        return odds_words(self.high)


def beyond(group: Group, pair: Pair) -> Beyond | None:
    """What the persons' other pairs and records say; None where there is one person, or no other record.

    Args:
        group: the persons of the question.
        pair: the one that is shown.
    """
    owners = [group.records[record]["person_id"] for record in pair]
    if owners[0] == owners[1] or len(group.records) < 3:
        return None
    sides = [group.of(own) for own in owners]
    across = _across(group, owners)
    link = group.links.get(pair) or {}
    silent = [name for name in FIELDS if not link.get(f"mw_{name}") and not _both(group, pair, name)]
    found = (told for name in silent if (told := _contradiction(name, across, sides)))
    weights = [row["match_weight"] for row in across]
    return Beyond(len(across), min(weights, default=0.0), max(weights, default=0.0), tuple(found))


def _across(group: Group, owners: list[str]) -> list[Row]:
    """Scored pairs of which each person has one end."""
    found = []
    for ends, row in group.links.items():
        if all(end in group.records for end in ends) and {group.records[end]["person_id"] for end in ends} == set(owners):  # fmt: skip
            found.append(row)
    return found


def _both(group: Group, pair: Pair, name: str) -> bool:
    """Whether both records of the pair have the field, so that the comparison above tells of it."""
    return all(text_of(group.records[record], name) for record in pair)


def _contradiction(name: str, across: Iterable[Row], sides: Iterable[list[Row]]) -> Contradiction | None:
    """What the linkage found where it compared the field in other pairs; else whether the persons share no value of it."""
    title = FIELD_WORDS.get(name, name)
    values = [_values(side, name) for side in sides]
    bits = [row[f"mw_{name}"] for row in across if row.get(f"mw_{name}")]
    if bits and max(bits) <= -LEAST:
        n = len(bits)
        told = f"{times_words(max(bits))} at best, in {'the other pair that compares' if n == 1 else f'the {n} other pairs that compare'} it"
        return Contradiction(name, title, told)
    if not bits and all(values) and not set(values[0]) & set(values[1]):
        return Contradiction(name, title, f"{_few(values[0])} against {_few(values[1])}")
    return None


def _values(records: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    """What a person's records give of a field."""
    return sorted({text for record in records if (text := text_of(record, name))})


def _few(values: list[str]) -> str:
    more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
    return ", ".join(values[:MOST_VALUES]) + more
