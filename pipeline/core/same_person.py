"""Whether a record still speaks of the person it spoke of: sources give a key to somebody else, or number everybody anew.

Rules on names, birthday and official numbers, for the same record at two times: no weights, so that whom an id means never
depends on a model.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import jellyfish

from pipeline.core.text_hash import RECORD_SEPARATOR, UNIT_SEPARATOR, text_hash
from schemas.tables import OFFICIAL

WHO = ("feed_id", "forename", "surname", "date_of_birth")
"""Columns of a record by which a source's person is known again under another key"""
NAMES = ("forename", "surname", "alias")
TOLD_BY = (*WHO, "alias", "date_of_birth_alt", *OFFICIAL)
"""Columns that the rules read"""
ALIKE = 0.85  # Jaro-Winkler similarity of two spellings of a name
TOLD_AT_LEAST = 2  # of forename, surname and birthday, or many others could be meant


def who(record: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Feed, names and birthday; None where one is missing: it could be said of others too."""
    feed, forename, surname, born = (record[name] for name in WHO)
    return None if born is None or not (forename and surname) else (feed, tuple(forename), tuple(surname), born)


def who_hash(record: Mapping[str, Any]) -> str | None:
    """A hash of feed, names and birthday; None where two of forename, surname and birthday are missing.

    It is kept of a record that is gone, to tell whether the same person returns: then all is as it was, to the letter.
    """
    feed, forename, surname, born = (record[name] for name in WHO)
    if sum(map(bool, (forename, surname, born))) < TOLD_AT_LEAST:
        return None
    names = (UNIT_SEPARATOR.join(name or ()) for name in (forename, surname))
    return text_hash((feed, *names, born.isoformat() if born else ""), RECORD_SEPARATOR)


def fingerprint(record: Mapping[str, Any]) -> str | None:
    """A hash of feed, names and birthday that decisions keep, to find the record again under another id; None where ``who`` is."""
    told = who(record)
    if told is None:
        return None
    feed, forename, surname, born = told
    parts = (feed, *forename, RECORD_SEPARATOR, *surname, RECORD_SEPARATOR, born.isoformat())
    return text_hash(parts, RECORD_SEPARATOR)


def is_corrected(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether nothing speaks against one person: each name and the birthday are alike, or one side does not tell them."""
    return not (
        _differs(before, now, "forename") or _differs(before, now, "surname") or _is_born_otherwise(before, now)
    )


def is_somebody_else(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the birthday and a name are another's, or, where a side tells no birthday, both names are.

    A new surname, a mended birthday or a forename in another spelling is no other person, nor is whoever has an official
    number that was there before.
    """
    if any(before[name] is not None and before[name] == now[name] for name in OFFICIAL):
        return False
    other_names = (_differs(before, now, "forename"), _differs(before, now, "surname"))
    if before["date_of_birth"] is None or now["date_of_birth"] is None:
        return all(other_names)
    return any(other_names) and _is_born_otherwise(before, now)


def _differs(before: Mapping[str, Any], now: Mapping[str, Any], name: str) -> bool:
    """Whether both sides tell such a name, and no word of either is like one that the other is called by."""
    if not (before[name] and now[name]):
        return False
    return not (_is_among(before[name], now) or _is_among(now[name], before))


def _is_among(words: Sequence[str], record: Mapping[str, Any]) -> bool:
    called = [word for name in NAMES for word in record[name] or ()]
    return any(jellyfish.jaro_winkler_similarity(word, other) >= ALIKE for word in words for other in called)


def _is_born_otherwise(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether both sides tell a birthday, and they differ by more than a slip of the pen, or day and month in another order."""
    dates, others = ([side[name] for name in ("date_of_birth", "date_of_birth_alt")] for side in (before, now))
    if dates[0] is None or others[0] is None:
        return False
    return not any(_is_slip(one, other) for one in dates if one for other in others if other)


def _is_slip(one: dt.date, other: dt.date) -> bool:
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return True
    return bool(jellyfish.damerau_levenshtein_distance(one.isoformat(), other.isoformat()) <= 1)
