"""Year, month and day of birth in columns of their own, made one column of birthdays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.standardise.days import full_year
from schemas.fields import ColumnUse
from schemas.usual_headings import BIRTH_PARTS

WHOLE_BIRTHDAY = "birthday of its parts"  # no column of a file is called so
TEXT = pa.string()


def with_whole_birthdays(
    raw: pa.Table, uses: Sequence[ColumnUse], latest: dt.date
) -> tuple[pa.Table, Sequence[ColumnUse]]:
    """The table with a column of whole birthdays, YYYY-MM-DD, and the uses with it in place of its parts.

    An unknown month or day is 00; a year of two digits is the last one whose day is not after ``latest``.
    """
    column_of = {use.kind: use.column for use in uses if use.kind in BIRTH_PARTS}
    if not column_of:
        return raw, uses
    parts = [
        _number_texts(raw.column(column_of[kind]).combine_chunks().cast(TEXT))
        if kind in column_of
        else pa.nulls(len(raw), TEXT)
        for kind in BIRTH_PARTS
    ]
    month, day = (pc.utf8_lpad(part.fill_null(""), 2, "0") for part in parts[1:])
    birthday = pc.binary_join_element_wise(_with_century(parts[0], month, day, latest), month, day, "-")
    whole = ColumnUse(WHOLE_BIRTHDAY, "date_of_birth", "date_of_birth")
    others = [use for use in uses if use.kind not in BIRTH_PARTS]
    return raw.append_column(whole.column, birthday), [*others, whole]


def _number_texts(column: pa.Array) -> pa.Array:
    """Without blanks around and the ".0" that whole numbers get where other cells are empty; null where nothing is left."""
    trimmed = pc.replace_substring_regex(pc.utf8_trim_whitespace(column), r"\.0$", "")
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _with_century(year: pa.Array, month: pa.Array, day: pa.Array, latest: dt.date) -> pa.Array:
    is_short = pc.match_substring_regex(year, "^[0-9]{2}$").fill_null(False)
    short = zip(*(part.filter(is_short).to_pylist() for part in (year, month, day)), strict=True)
    full = [str(full_year(y, _number(m), _number(d), latest)) for y, m, d in short]
    return pc.replace_with_mask(year, is_short, pa.array(full, TEXT)) if full else year


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
