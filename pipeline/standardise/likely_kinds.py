"""What a column of any table probably holds, by its heading and its values: advice for who has not said it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from schemas.usual_headings import kind_by_words, usual_kinds

MOST = 0.8
"""Share of values that must look so"""
FEWEST = 20
"""Values from which a column can be told by them"""
REPEATS = 20
"""How often each value of a category comes, on average"""
LOOKS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"),
    "postcode": re.compile(r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}"),
    "phone": re.compile(r"[+(]?[0+(][0-9][0-9 ()./-]{7,16}"),
}


def likely_kinds(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The kind that each column probably has, for those that can be told; ``columns``: headings, and some texts of each."""
    by_heading = usual_kinds(columns)
    kinds = {
        heading: by_heading.get(heading) or kind_by_values(texts) or kind_by_words(heading)
        for heading, texts in columns.items()
    }
    return {heading: kind for heading, kind in kinds.items() if kind}


def kind_by_values(texts: Iterable[str]) -> str | None:
    """Email, postcode or phone where most texts look so; category where few different words come again and again."""
    values = [text.strip() for text in texts if text and text.strip()]
    if len(values) < FEWEST:
        return None
    for kind, look in LOOKS.items():
        if sum(look.fullmatch(value) is not None for value in values) >= MOST * len(values):
            return kind
    words = {value.casefold() for value in values}
    has_letters = sum(any(map(str.isalpha, word)) for word in words) >= MOST * len(words)
    return "category" if has_letters and 1 < len(words) <= len(values) / REPEATS else None
