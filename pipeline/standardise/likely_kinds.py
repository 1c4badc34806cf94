"""What a column of any table probably holds, by its heading and its values: advice for who has not said it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from pipeline.standardise.fitting_kinds import MOST, REPEATS, SHAPES, fitting_kinds, most, values_of, words_of
from schemas.usual_headings import kind_by_words, kind_to_take, usual_kinds

FEWEST = 20
"""Values from which a column can be told by them"""
YEARS_OF_BIRTH = 25
"""Years over which the middle four fifths of birthdays are spread at least; visits and deliveries are of fewer"""
LOOKS = {
    "email": SHAPES["email"],
    "postcode": re.compile(r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}"),
    "phone": re.compile(r"[+(]?[0+(][0-9][0-9 ()./-]{7,16}"),
}
ISO_DAY = re.compile(r"([12][0-9]{3})-[0-9]{2}-[0-9]{2}")


NUMBERING = frozenset(
    [
        "id",
        "num",
        "number",
        "no",
        "nr",
        "ref",
        "reference",
        "key",
        "uid",
        "uuid",
        "guid",
        "reg",
        "registration",
        "voter",
    ]
)
"""Words of headings under which every record has a text of its own"""
NAMES_THE_PERSON = frozenset(["cluster", "clusters", "entity", "truth", "true", "label"])
"""Words of headings under which a table says who is who: what linking is measured against, and never what it compares"""


def likely_kinds(columns: Mapping[str, Sequence[str]], filled: Collection[str] = ()) -> dict[str, str]:
    """The kind that each column probably has, for those that can be told.

    Args:
        columns: headings, and some texts of each.
        filled: fields that other columns fill already.
    """
    by_heading = usual_kinds([heading for heading in columns if not _repeats_ids(heading, columns[heading])])
    by_heading |= {heading: kind for heading, kind in fitting_kinds(columns).items() if kind != "record_id"}
    kinds = {heading: by_heading.get(heading) or _told(heading, texts) for heading, texts in columns.items()}
    if "record_id" not in {*filled, *kinds.values()}:
        names_records = (
            heading for heading in columns if not kinds[heading] and _are_numbers(heading, columns[heading])
        )
        kinds |= dict.fromkeys(itertools.islice(names_records, 1), "record_id")
    if "date_of_birth" not in {*filled, *kinds.values()}:
        days = [heading for heading, texts in columns.items() if _most_days(texts)]
        if len(days) == 1 and not kinds[days[0]]:
            kinds[days[0]] = "date_of_birth" if _are_of_many_years(columns[days[0]]) else None
    return {heading: kind for heading, kind in kinds.items() if kind}


def _repeats_ids(heading: str, texts: Sequence[str]) -> bool:
    """Whether a heading says that a column names the records, and its values do not: they may name the persons."""
    return kind_to_take(heading) == "record_id" and _has_repeats(texts)


def _told(heading: str, texts: Sequence[str]) -> str | None:
    """By the values, or by a word of the heading."""
    words = frozenset(_words(heading))
    if words & NAMES_THE_PERSON:
        return None
    kind = kind_by_values(texts)
    if kind == "phone" and (words & NUMBERING or not (_has_repeats(texts) or _have_signs(texts))):
        kind = None
    return kind or kind_by_words(heading)


def _words(heading: str) -> list[str]:
    return re.findall("[a-z0-9]+", heading.lower())


def _are_numbers(heading: str, texts: Sequence[str]) -> bool:
    """Whether a column numbers its records: its heading says so, and no text is empty or comes twice."""
    is_called_so = not NUMBERING.isdisjoint(_words(heading))
    return is_called_so and FEWEST <= len(texts) == len({text.strip() for text in texts} - {""})


def _has_repeats(texts: Iterable[str]) -> bool:
    values = values_of(texts)
    return len(set(values)) < len(values)


def _have_signs(texts: Iterable[str]) -> bool:
    """Whether most numbers are written as people write those to call: with blanks, brackets or a plus."""
    return most(values_of(texts), lambda value: not value.isdecimal())


def _most_days(texts: Iterable[str]) -> bool:
    values = values_of(texts)
    return len(values) >= FEWEST and len(_years(values)) >= MOST * len(values)


def _are_of_many_years(texts: Iterable[str]) -> bool:
    years = _years(values_of(texts))
    return years[len(years) * 9 // 10] - years[len(years) // 10] >= YEARS_OF_BIRTH


def _years(values: Iterable[str]) -> list[int]:
    """The years of those that are days of the calendar as ISO writes them, in order."""
    return sorted(int(day[1]) for day in map(ISO_DAY.fullmatch, values) if day)


def kind_by_values(texts: Iterable[str]) -> str | None:
    """Email, postcode or phone where most texts look so; category where few different words come again and again."""
    values = values_of(texts)
    if len(values) < FEWEST:
        return None
    for kind, look in LOOKS.items():
        if most(values, look.fullmatch):
            return kind
    words = words_of(values)
    has_letters = most(words, lambda word: any(map(str.isalpha, word)))
    return "category" if has_letters and 1 < len(words) <= len(values) / REPEATS else None
