"""Two records side by side: which fields agree, come close or conflict, and where their letters differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.explain.levels import levels_of, words_of
from pipeline.review.cases.marks import Parts, marked_parts
from pipeline.review.frame.pages import code_words, value_text
from schemas.decisions import StewardPolicy
from schemas.model import Model
from schemas.tables import BESIDE_BIRTHDAY, NAME_FIELDS, OFFICIAL

Status = Literal["agrees", "close", "conflicts", "elsewhere", "one_empty", "masked"]
STATUS_WORDS: Mapping[Status, str] = {
    "agrees": "Agrees",
    "close": "Close",
    "conflicts": "Conflicts",
    "elsewhere": "Their other records differ",
    "one_empty": "One side is empty",
    "masked": "Masked",
}
SIGNS: Mapping[Status, str] = {
    "agrees": "\N{CHECK MARK}",
    "close": "\N{ALMOST EQUAL TO}",
    "conflicts": "\N{MULTIPLICATION X}",
    "elsewhere": "\N{MULTIPLICATION X}",
    "one_empty": "\N{WHITE CIRCLE}",
    "masked": "\N{BLACK SQUARE}",
}
FIELDS = (*NAME_FIELDS, "alias", "date_of_birth", "age", *BESIDE_BIRTHDAY)
MOST_DAYS = 45
"""Birthdays that are not further apart are told in days"""
MONTHS_A_YEAR = 12
UNMARKED = frozenset({"age", "role"})
"""Fields whose values may differ in the records of one person"""
ONE_EACH = frozenset({"date_of_birth", "sex", *OFFICIAL})
"""Fields of which a person has one value: two that differ speak against one person, in whichever records they stand"""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of two records."""

    field: str
    left: Parts
    right: Parts
    status: Status
    words: str
    """How it was compared, where that is known"""
    bits: float | None
    from_person: tuple[Parts, Parts] = ((), ())
    """Where a record's field is empty: what its person has from other records"""

    @property
    def sign(self) -> str:
        """The status as a sign, for those who do not see its colour."""
        return SIGNS[self.status]

    @property
    def status_words(self) -> str:
        """The status in words."""
        return STATUS_WORDS[self.status]


def field_rows(
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    link: Mapping[str, Any] | None,
    model: Model | None,
    disagreeing: Collection[str],
    golden: Sequence[Mapping[str, Any]] = ({}, {}),
) -> list[FieldRow]:
    """Every field that a side has, in the order in which people read.

    Args:
        left: a record as its viewer may see it.
        right: the other one.
        link: their row of ``links``, where the pair was scored.
        model: the model that scored it, where it is at hand.
        disagreeing: comparison levels that speak against one person.
        golden: the golden records of both, told beside what is empty.
    """
    levels = levels_of(link, model) if link else {}
    comparisons = model.comparison if model else ()
    kinds = {comparison.field: comparison.kind for comparison in comparisons}
    best_levels = {comparison.field: comparison.levels[-1].name for comparison in comparisons if comparison.levels}
    rows = []
    for field in FIELDS:
        texts = text_of(left, field), text_of(right, field)
        is_masked = bool(left["is_masked"] or right["is_masked"])
        if not any(texts):
            continue
        level = None if is_masked else levels.get(field)
        bits = None if is_masked or not link else link.get(f"mw_{field}")
        is_best = level is not None and level == best_levels.get(field)
        status: Status = "masked" if is_masked else _status(texts, level, disagreeing, is_best, bits)
        words = words_of(kinds[field], level) if level and field in kinds else ""
        from_person = [
            "" if text or is_masked else text_of(person, field) for text, person in zip(texts, golden, strict=True)
        ]
        sides = [text or fallback for text, fallback in zip(texts, from_person, strict=True)]
        if status == "one_empty" and field in ONE_EACH and all(sides) and sides[0] != sides[1]:
            status = "elsewhere"
        is_marked = status in ("close", "conflicts", "elsewhere") and field not in UNMARKED
        marked = (
            marked_parts(sides[0], sides[1], field, status == "conflicts")
            if is_marked
            else tuple(marked_parts(side, side)[0] for side in sides)
        )
        if status == "one_empty":
            words = words or _by_persons(sides, from_person)
        elif status == "conflicts" and field == "date_of_birth":
            words = _apart(left.get(field), right.get(field)) or words
        rows.append(
            FieldRow(
                field,
                marked[0] if texts[0] else (),
                marked[1] if texts[1] else (),
                status,
                words,
                bits or None,
                (() if texts[0] else marked[0], () if texts[1] else marked[1]),
            )
        )
    return rows


def text_of(record: Mapping[str, Any], field: str) -> str:
    """A field of a record as people read it; empty where it has none."""
    if field == "age":
        low, high = record.get("age_low"), record.get("age_high")
        if low is None and high is None:
            return ""
        return str(low) if low == high else f"{low} to {high}"
    value = record.get(field)
    if value is None or value == []:
        return ""
    text = value_text(value).replace("_", " ") if field == "role" else code_words(value_text(value), field)
    alternative = record.get("date_of_birth_alt") if field == "date_of_birth" else None
    return f"{text} or {value_text(alternative)}" if alternative else text


def are_opposed(left: Mapping[str, Any], right: Mapping[str, Any], policy: StewardPolicy) -> bool:
    """Whether a policy's rule sets the roles of two records against each other, as those of a victim and an offender."""
    roles = left["role"], right["role"]
    sides = [rule.roles for rule in policy.two_person if rule.roles]
    return any((a in one and b in other) for one, other in sides for a, b in (roles, roles[::-1]))


def _by_persons(sides: Sequence[str], from_person: Sequence[str]) -> str:
    """Whether the persons' values agree where a record has none."""
    if not any(from_person) or not all(sides):
        return ""
    return "what the two people have agrees" if sides[0] == sides[1] else "what the two people have differs"


def _apart(left: dt.date | None, right: dt.date | None) -> str:
    """How far two birthdays are from each other, in words."""
    if not left or not right or left == right:
        return ""
    days = abs((left - right).days)
    months, years = round(days / 30.44), round(days / 365.25)
    n, unit = (days, "day") if days <= MOST_DAYS else (months, "month") if months < MONTHS_A_YEAR else (years, "year")
    about = "" if unit == "day" else "about "
    return f"{about}{n} {unit}{'' if n == 1 else 's'} apart"


def _status(
    texts: Sequence[str], level: str | None, disagreeing: Collection[str], is_best: bool, bits: float | None
) -> Status:
    """What the reader is told; what weighs against one person is never called close."""
    if not all(texts) and not level:  # an age is compared with a birthday too
        return "one_empty"
    if level in disagreeing or (bits is not None and bits < 0):
        return "conflicts"
    if is_best or level in ("exact", "agrees") or texts[0] == texts[1]:
        return "agrees"
    return "close" if level else "conflicts"
