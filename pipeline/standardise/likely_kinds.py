"""What a column of any table probably holds, by its heading and its values: advice for who has not said it."""

from __future__ import annotations

import itertools
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


NUMBERING = frozenset(["id", "num", "number", "no", "nr", "ref", "reference", "key", "uid", "uuid", "guid"])
"""Words of headings under which every record has a text of its own"""


def likely_kinds(columns: Mapping[str, Sequence[str]], *, is_numbered: bool = False) -> dict[str, str]:
    """The kind that each column probably has, for those that can be told.

    Args:
        columns: headings, and some texts of each.
        is_numbered: whether another column names the records already.
    """
    by_heading = usual_kinds(columns)
    kinds = {
        heading: by_heading.get(heading) or kind_by_values(texts) or kind_by_words(heading)
        for heading, texts in columns.items()
    }
    if not is_numbered and "record_id" not in kinds.values():
        names_records = (
            heading for heading in columns if not kinds[heading] and _are_numbers(heading, columns[heading])
        )
        kinds |= dict.fromkeys(itertools.islice(names_records, 1), "record_id")
    return {heading: kind for heading, kind in kinds.items() if kind}


def _are_numbers(heading: str, texts: Sequence[str]) -> bool:
    """Whether a column numbers its records: its heading says so, and no text is empty or comes twice."""
    is_called_so = not NUMBERING.isdisjoint(re.findall("[a-z0-9]+", heading.lower()))
    return is_called_so and FEWEST <= len(texts) == len({text.strip() for text in texts} - {""})


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
