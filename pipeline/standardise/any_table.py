"""Any table of people made comparable, column by column, each distinct text once.

Lenient where exports of the boroughs are strict: postcodes of any country, identifiers of any form, birthdays of any
century, also such as the calendar does not have; a mistyped value is still evidence.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from stdnum.gb import nhs as stdnum_nhs
from stdnum.gb import upn as stdnum_upn

from pipeline.standardise.addresses import POSTCODE
from pipeline.standardise.days import NotADayError, read_day
from pipeline.standardise.identifiers import cro, pnc
from pipeline.standardise.names import read_names
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import latin
from schemas.contract import Dates
from schemas.fields import AGE, ColumnUse

TEXT, TEXTS = pa.string(), pa.list_(pa.string())
LATEST = dt.date(2100, 1, 1)  # a table says nothing of when it was made, and no clock is asked
ISO = re.compile(r"^\d{4}-\d{2}-\d{2}(?=$|[T ])")
DIGITS = re.compile(r"^\d{8}$")
BRITISH = "^[A-Z][A-HJ-Y]?[0-9][A-Z0-9]? [0-9][A-Z]{2}$"
YEAR = re.compile(r"^(1[5-9]|20)\d{2}$")
PARTS = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ]\d{2,4}$")
Standard = Callable[[str], object]


class Plain(NamedTuple):
    """Which upper-case texts of a column are their own standard values, so that most need not be looked at one by one."""

    pattern: str
    """RE2, matches the whole text"""
    besides: frozenset[str]
    """texts that match and stand for something else"""


def standardise_any(raw: pa.Table, uses: Sequence[ColumnUse], reference: Reference) -> pa.Table:
    """The linkage table: record_id, source where there is one, and a column a compared field, in the order of the rows.

    Input: the columns of ``uses`` as text or lists of text. Several columns of one field become lists of its values.
    """
    columns: dict[str, pa.Array] = {}
    for use in uses:
        array = raw.column(use.column).combine_chunks()
        for field, values in _standard(use, array, reference).items():
            columns[field] = _beside(columns[field], values) if field in columns else values
    return pa.table({field: values for field, values in columns.items() if field not in AGE} | _ages(columns))


def _standard(use: ColumnUse, array: pa.Array, reference: Reference) -> dict[str, pa.Array]:
    match use.kind:
        case "record_id" | "source":
            return {use.kind: pc.utf8_trim_whitespace(array)}
        case "carried":
            return {use.field: array}
        case "full_name" | "alias" | "forename" | "surname":
            return _names(use, array, reference)
        case "date_of_birth":
            never = frozenset(day.isoformat() for day in reference.default_birthdays)
            plain = Plain("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", never)
            return {use.field: _distinct(array, _date(_is_day_first(array), never, reference), plain=plain)}
        case "postcode":
            plain = Plain(BRITISH, reference.placeholders_of("postcode"))
            return {use.field: _distinct(array, _value(use, reference), plain=plain)}
        case _:
            return {use.field: _distinct(array, _value(use, reference))}


def _names(use: ColumnUse, array: pa.Array, reference: Reference) -> dict[str, pa.Array]:
    match use.kind:
        case "full_name":
            read = functools.cache(lambda text: read_names(text, None, None, None, None, "forename_first", reference))
            return {
                "forename": _distinct(array, lambda text: list(read(text).forename), TEXTS),
                "surname": _distinct(array, lambda text: list(read(text).surname), TEXTS),
            }
        case "alias":
            return {
                "alias": _distinct(
                    array,
                    lambda t: list(read_names(None, None, None, None, t, "forename_first", reference).alias),
                    TEXTS,
                )
            }
        case _:
            plain = Plain("^[A-Z]+$", _said_of_names(reference))
            return {use.field: _distinct(array, _name(use.kind, reference), TEXTS, plain)}


def _said_of_names(reference: Reference) -> frozenset[str]:
    """Words that stand among names and are none, or only part of one."""
    lists = (reference.titles, reference.suffixes, reference.joined_particles, reference.joined_surname_particles)
    others = {"NEE", "AKA", "ALIAS", "BABY", "UNBORN", "INFANT", "UNKNOWN", "UNNAMED"}
    return frozenset().union(*lists) | others | reference.placeholders_of("name")


def _value(use: ColumnUse, reference: Reference) -> Standard:
    """How one text of a column becomes its standard value; None where it stands for nothing."""
    field = use.kind if use.kind not in ("identifier", "category", "ethnicity") else use.field
    standard: Mapping[str, Standard] = {
        "postcode": postcode,
        "phone": phone,
        "email": lambda text: text.strip().lower() or None,
        "address": lambda text: address(text, reference.address_words),
        "pnc_id": lambda text: pnc(_compact(text, "/"), LATEST.year),
        "cro_number": lambda text: cro(_compact(text, "/")),
        "nhs_number": lambda text: _valid(stdnum_nhs, text),
        "upn": lambda text: _valid(stdnum_upn, text),
    }
    make = standard.get(field, _compact if use.kind == "identifier" else _category(field, reference))
    return lambda text: None if reference.stands_for_nothing(field, text) else make(text)


def _category(field: str, reference: Reference) -> Standard:
    codes = reference.codes.get(field, {})

    def read(text: str) -> str | None:
        written = " ".join(re.sub(r"[^A-Z0-9]+", " ", latin(text)).split())
        return codes.get(written, written) or None

    return read


def _name(kind: str, reference: Reference) -> Callable[[str], list[str]]:
    """Names as the nightly run reads them."""

    def read(text: str) -> list[str]:
        forename, surname = (text, None) if kind == "forename" else (None, text)
        names = read_names(None, surname, forename, None, None, "forename_first", reference)
        return list(names.forename if kind == "forename" else names.surname)

    return read


def _is_day_first(array: pa.Array) -> bool:
    """Whether the column's own dates begin with the day: more of them cannot begin with the month than with the day."""
    texts = _texts(array).dictionary_encode().dictionary
    written = texts.filter(pc.match_substring_regex(texts, "^[0-9]{1,2}[-/. ]"))
    parts = [PARTS.match(text) for text in written.to_pylist()]
    days, months = (sum(int(found[at]) > 12 for found in parts if found) for at in (1, 2))
    return days >= months


def _date(day_first: bool, never: frozenset[str], reference: Reference) -> Standard:
    """YYYY-MM-DD; eight digits stay what they are even where the calendar has no such day."""
    dates = Dates(day_first=day_first)

    def read(text: str) -> str | None:
        text = text.strip()
        if ISO.match(text):
            found: str | None = text[:10]
        elif DIGITS.match(text) and YEAR.match(text[:4]):
            found = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        elif reference.stands_for_nothing("date_of_birth", text):
            return None
        else:
            try:
                day = read_day(latin(text), dates, LATEST)
            except NotADayError:
                day = None
            found = day.day.isoformat() if day else f"{text}-00-00" if YEAR.match(text) else None
        return None if found in never else found

    return read


def postcode(text: str) -> str | None:
    """Outward and inward part where it is British; of another country letters and digits only, a ZIP's first five."""
    compact = _compact(text)
    if compact is None:
        return None
    if british := POSTCODE.match(compact):
        outward, digit, letters = (part for part in british.groups() if part)
        return f"{outward} {digit}{letters}"
    return compact[:5] if compact.isdigit() and len(compact) == 9 else compact


def phone(text: str) -> str | None:
    """The national number's digits, without country code and leading zeros; None where they are too few or all one."""
    digits = re.sub(r"\D", "", text.replace("(0)", ""))
    digits = digits.removeprefix("00")
    digits = (digits.removeprefix("44") if len(digits) > 10 else digits).lstrip("0")
    return digits if len(digits) > 5 and len(set(digits)) > 1 else None


def address(text: str, words: Mapping[str, str]) -> str | None:
    """Upper-case words, abbreviations such as RD written out."""
    plain = re.sub(r"[^A-Z0-9]+", " ", latin(text.replace("'", "")))
    return " ".join([words.get(word, word) for word in plain.split()]) or None


def _compact(text: str, keep: str = "") -> str:
    return re.sub(rf"[^A-Z0-9{keep}]", "", latin(text))


def _valid(number: object, text: str) -> str | None:
    compact = _compact(text)
    return compact if number.is_valid(compact) else None  # type: ignore[attr-defined]


def _texts(array: pa.Array) -> pa.Array:
    return pc.list_flatten(array) if pa.types.is_list(array.type) else array


def _distinct(array: pa.Array, standard: Standard, kind: pa.DataType = TEXT, plain: Plain | None = None) -> pa.Array:
    """The column with each distinct text standardised once; lists give lists, a list of one value is that value."""
    encoded = _texts(array).dictionary_encode()
    codes, upper, rest = encoded.indices, *_split(encoded.dictionary, plain)
    read = [standard(text) for text in encoded.dictionary.take(rest).to_pylist()]
    lists = [value if isinstance(value, list) else [] if value is None else [value] for value in read]
    if pa.types.is_list(array.type):
        return _gathered(array, codes, _all_lists(upper, rest, lists))
    if kind == TEXTS and any(len(own) > 1 for own in lists):
        return pa.array(_all_lists(upper, rest, lists), TEXTS).take(codes)
    single = pc.replace_with_mask(
        upper, _is_in(rest, len(upper)), pa.array([own[0] if own else "" for own in lists], TEXT)
    )
    return pa.DictionaryArray.from_arrays(codes, single)


def _split(texts: pa.Array, plain: Plain | None) -> tuple[pa.Array, np.ndarray]:
    """The texts in upper case, and the rows of those that are not plain."""
    if plain is None:
        return texts, np.arange(len(texts))
    upper = pc.utf8_upper(pc.utf8_trim_whitespace(texts))
    besides = pa.array(sorted(plain.besides), TEXT)
    is_plain = pc.and_not(pc.match_substring_regex(upper, plain.pattern), pc.is_in(upper, besides))
    return upper, np.flatnonzero(~is_plain.to_numpy(zero_copy_only=False))


def _is_in(rows: np.ndarray, size: int) -> pa.Array:
    mask = np.zeros(size, np.bool_)
    mask[rows] = True
    return pa.array(mask)


def _all_lists(upper: pa.Array, rest: np.ndarray, lists: Sequence[list[Any]]) -> list[list[Any]]:
    """Standard values of every distinct text: its own upper case where it is plain."""
    every = [[text] for text in upper.to_pylist()]
    for row, own in zip(rest.tolist(), lists, strict=True):
        every[row] = own
    return every


def _gathered(array: pa.Array, codes: pa.Array, lists: Sequence[list[Any]]) -> pa.Array:
    """Lists of the distinct standard values of each row's list."""
    owner = pc.list_parent_indices(array).to_numpy(zero_copy_only=False)
    gathered: list[list[str]] = [[] for _ in range(len(array))]
    for at, code in zip(owner.tolist(), codes.to_pylist(), strict=True):
        if code is not None:
            gathered[at] += [value for value in lists[code] if value not in gathered[at]]
    return pa.array(gathered, TEXTS)


def _beside(first: pa.Array, second: pa.Array) -> pa.Array:
    """Two columns of one field as lists of distinct values."""
    sides = [array if pa.types.is_list(array.type) else _as_list(array) for array in (first, second)]
    both = zip(*(side.to_pylist() for side in sides), strict=True)
    return pa.array([list(dict.fromkeys([*(a or ()), *(b or ())])) for a, b in both], TEXTS)


def _as_list(array: pa.Array) -> pa.Array:
    ends = np.cumsum(np.concatenate([[0], array.is_valid().to_numpy(zero_copy_only=False).astype(np.int32)]))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), array.drop_null())


def _ages(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    if not set(AGE) <= set(columns):
        return {}
    low, high = (pc.cast(columns[name], pa.int16(), safe=False) for name in AGE[:2])
    return {AGE[0]: low, AGE[1]: high, AGE[2]: pc.cast(columns[AGE[2]], pa.timestamp("us"))}
