"""Two records side by side: which fields agree, come close or conflict, and where their letters differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from pipeline.explain.levels import levels_of, words_of
from pipeline.review.pages import said
from schemas.model import Model

Status = Literal["agrees", "close", "conflicts", "one_empty", "masked"]
STATUS_WORDS: Mapping[Status, str] = {
    "agrees": "Agrees", "close": "Close", "conflicts": "Conflicts", "one_empty": "One side is empty", "masked": "Masked",
}  # fmt: skip
SIGNS: Mapping[Status, str] = {"agrees": "\N{CHECK MARK}", "close": "\N{ALMOST EQUAL TO}", "conflicts": "\N{MULTIPLICATION X}", "one_empty": "\N{WHITE CIRCLE}", "masked": "\N{BLACK SQUARE}"}  # fmt: skip
FIELDS = (
    "forename", "middle_names", "surname", "alias", "date_of_birth", "age", "sex", "ethnicity", "address", "postcode", "phone", "email",
    "pnc_id", "cro_number", "nhs_number", "upn",
)  # fmt: skip
DIFFED = frozenset(FIELDS) - {"age", "sex"}
Part = tuple[str, bool]
"""Some letters, and whether they differ from the other side"""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of two records."""

    field: str
    left: tuple[Part, ...]
    right: tuple[Part, ...]
    status: Status
    words: str
    """How it was compared, where that is known"""
    bits: float | None
    known: tuple[str, ...] = ("", "")
    """Where a record's field is empty: what its person has from other records"""

    @property
    def sign(self) -> str:
        """The status as a sign, for those who do not see its colour."""
        return SIGNS[self.status]

    @property
    def status_words(self) -> str:
        """The status in words."""
        return STATUS_WORDS[self.status]


def field_rows(left: Mapping[str, Any], right: Mapping[str, Any], link: Mapping[str, Any] | None, model: Model | None, disagreeing: Collection[str], golden: Sequence[Mapping[str, Any]] = ({}, {})) -> list[FieldRow]:  # fmt: skip
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
    kinds = {comparison.field: comparison.kind for comparison in model.comparison} if model else {}
    rows = []
    for field in FIELDS:
        texts = text_of(left, field), text_of(right, field)
        is_masked = bool(left["is_masked"] or right["is_masked"])
        if not any(texts):
            continue
        level = None if is_masked else levels.get(field)
        status: Status = "masked" if is_masked else _status(texts, level, disagreeing)
        words = words_of(kinds[field], level) if level and field in kinds else ""
        marked = (
            marked_parts(*texts)
            if status in ("close", "conflicts") and field in DIFFED
            else tuple(((t, False),) for t in texts)
        )
        bits = None if is_masked or not link else link.get(f"mw_{field}")
        known = tuple(
            "" if text or is_masked else text_of(person, field) for text, person in zip(texts, golden, strict=True)
        )
        rows.append(
            FieldRow(field, marked[0], marked[1], status, words or _by_persons(texts, known), bits or None, known)
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
    text = said(value)
    other = record.get("date_of_birth_alt") if field == "date_of_birth" else None
    return f"{text} or {said(other)}" if other else text


def marked_parts(left: str, right: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Both texts in parts, with those that the other one has not marked."""
    if not (left and right):
        return ((left, False),), ((right, False),)
    ways = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return (
        tuple((left[a:b], kind != "equal") for kind, a, b, _, _ in ways if a < b),
        tuple((right[c:d], kind != "equal") for kind, _, _, c, d in ways if c < d),
    )


def _by_persons(texts: Sequence[str], known: Sequence[str]) -> str:
    """Whether the persons' values agree where a record has none."""
    both = [text or other for text, other in zip(texts, known, strict=True)]
    if not any(known) or not all(both):
        return ""
    return "what the two people have agrees" if both[0] == both[1] else "what the two people have differs"


def _status(texts: Sequence[str], level: str | None, disagreeing: Collection[str]) -> Status:
    if not all(texts) and not level:  # an age is compared with a birthday too
        return "one_empty"
    if level in disagreeing:
        return "conflicts"
    if level in ("exact", "agrees") or texts[0] == texts[1]:
        return "agrees"
    return "close" if level else "conflicts"
