"""One value of any table of people, read leniently: a mistyped value is still evidence.

Postcodes of any country, identifiers of any form, birthdays of any century, also such as the calendar does not have.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

from stdnum.gb import nhs as stdnum_nhs
from stdnum.gb import upn as stdnum_upn

from pipeline.standardise.addresses import POSTCODE
from pipeline.standardise.date_order import DateOrder
from pipeline.standardise.days import NotADayError, read_day
from pipeline.standardise.identifiers import cro, pnc
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import latin
from schemas.contract import Dates
from schemas.fields import ColumnUse

LATEST = dt.date(2100, 1, 1)  # a table says nothing of when it was made, and no clock is asked
ISO = re.compile(r"^\d{4}-\d{2}-\d{2}(?=$|[T ])")
DIGITS = re.compile(r"^\d{8}$")
YEAR = re.compile(r"^(1[5-9]|20)\d{2}$")
Standard = Callable[[str], object]
"""From a text to its standard value; None where it stands for nothing"""


def value_reader(use: ColumnUse, reference: Reference) -> Standard:
    """How a text of this column becomes its standard value."""
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


def date_reader(order: DateOrder, default_birthdays: frozenset[str], reference: Reference) -> Standard:
    """How a text becomes YYYY-MM-DD; eight digits from the year on stay so even where the calendar has no such day."""
    dates = Dates(day_first=order.is_day_first)

    def read(text: str) -> str | None:
        text = text.strip()
        if ISO.match(text):
            date: str | None = text[:10]
        elif DIGITS.match(text) and YEAR.match(text[:4]) and not order.is_year_last:
            date = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        elif reference.stands_for_nothing("date_of_birth", text):
            return None
        else:
            try:
                day = read_day(latin(text), dates, LATEST)
            except NotADayError:
                day = None
            date = day.day.isoformat() if day else f"{text}-00-00" if YEAR.match(text) else None
        return None if date in default_birthdays else date

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
