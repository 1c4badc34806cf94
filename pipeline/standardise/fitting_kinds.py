"""Whether what stands in a column fits the kind that its heading usually has: only then it is taken for it unasked."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from schemas.usual_headings import kind_to_take, names_surnames

MOST = 0.8
"""Share of values that must look so"""
MANY_WORDS = 0.6
"""Share of full names that must be of two words or more, for a column of such"""
MOST_FIRMS = 0.03
"""Share of names that may hold a word of firms"""
REPEATS = 20
"""How often each value of a category comes, on average"""
FEW_WORDS = 20
"""Different names in a large table at least: fewer are codes or answers"""
NAME = re.compile(r"[^\W\d_][^\d_@/\\:;<>=+*#!?]*")
FIRM = re.compile(
    r"\b(ltd|limited|inc|llc|llp|plc|gmbh|corp|corporation|company|holdings|bros|group|services|council|school|hospital|nhs|trust|university|bank)\b",
    re.IGNORECASE,
)
SHAPES: Mapping[str, re.Pattern[str]] = {
    "date_of_birth": re.compile(
        r"([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/. ]([0-9]{1,2}|[A-Za-z]{3,9})[-/. ][0-9]{2,4}|(18|19|20)[0-9]{6})"
        r"([T ][0-9:.]+Z?)?"
    ),
    "year_of_birth": re.compile(r"((18|19|20)[0-9]{2}|[0-9]{2})(\.0)?"),
    "month_of_birth": re.compile(r"(0?[1-9]|1[0-2])(\.0)?"),
    "day_of_birth": re.compile(r"(0?[1-9]|[12][0-9]|3[01])(\.0)?"),
    "postcode": re.compile(r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9 -]{2,9}(\.0)?"),
    "address": re.compile(r"(?!.*@)(?=.*[^\W_]).{1,200}", re.DOTALL),
    "phone": re.compile(r"[+(]?[0-9][0-9 ()/.+-]{5,18}"),
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"),
    "identifier": re.compile(r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9 /.-]{4,24}"),
}
OTHERWISE = {"date_of_birth": "day_of_birth", "day_of_birth": "date_of_birth"}
"""Headings that say either: ``bday``, ``birth_day``"""


def fitting_kinds(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The kind that each heading usually has, for those columns whose values fit it.

    A ``name`` of one word is a forename, if there is a surname beside it; a ``Name`` beside a ``Vorname`` is a surname.

    Args:
        columns: headings, and some texts of each, empty ones too.
    """
    kinds = {heading: "surname" if names_surnames(heading, columns) else kind_to_take(heading) for heading in columns}
    found = ((heading, _fitting_kind(kinds[heading], texts)) for heading, texts in columns.items())
    return {heading: kind for heading, kind in found if kind}


def _fitting_kind(kind: str | None, texts: Sequence[str]) -> str | None:
    values = values_of(texts)
    if not kind or not values:
        return None
    if kind == "record_id":
        return kind if len(set(values)) == len(texts) else None
    if kind == "category":
        return kind if 1 < len(words_of(values)) <= len(values) / 2 else None
    if kind == "full_name":
        return _kind_of_names(values)
    if _fits(kind, values):
        return kind
    other = OTHERWISE.get(kind)
    return other if other and _fits(other, values) else None


def _fits(kind: str, values: Sequence[str]) -> bool:
    if kind in SHAPES:
        is_told_apart = kind not in ("phone", "email", "identifier", "address") or _are_many(values)
        return is_told_apart and most(values, SHAPES[kind].fullmatch)
    return _are_names(values)


def _kind_of_names(values: Sequence[str]) -> str | None:
    if not _are_names(values) or sum(FIRM.search(value) is not None for value in values) > MOST_FIRMS * len(values):
        return None
    n_whole = sum(len(value.replace(",", " ").split()) > 1 for value in values)
    if n_whole >= MANY_WORDS * len(values):
        return "full_name"
    return "forename" if n_whole <= (1 - MOST) * len(values) else None


def _are_names(values: Sequence[str]) -> bool:
    """Texts of letters, and of many different ones: neither codes nor a yes and no."""
    return _are_many(values) and most(values, lambda value: NAME.fullmatch(value) is not None and len(value) < 60)


def _are_many(values: Sequence[str]) -> bool:
    return len(words_of(values)) > min(len(values) / REPEATS, FEW_WORDS)


def values_of(texts: Iterable[str]) -> list[str]:
    """The texts in which anything stands, without blanks around."""
    return [text.strip() for text in texts if text and text.strip()]


def words_of(values: Iterable[str]) -> set[str]:
    """The different values, whatever their capitals."""
    return {value.casefold() for value in values}


def most(values: Collection[str], is_so: Callable[[str], object]) -> bool:
    """Whether most of the values are so."""
    return sum(bool(is_so(value)) for value in values) >= MOST * len(values)
