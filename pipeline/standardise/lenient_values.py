"""One value of any table of people, read leniently: a mistyped value is still evidence.

Postcodes of any country, identifiers of any form, birthdays of any century, also such as the calendar does not have.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from stdnum.gb import nhs as stdnum_nhs
from stdnum.gb import upn as stdnum_upn

from pipeline.standardise.addresses import POSTCODE
from pipeline.standardise.birthdays import THEN_AGE, plain_birthday, without_doubt, year_and_month
from pipeline.standardise.contacts import BETWEEN
from pipeline.standardise.date_order import DateOrder
from pipeline.standardise.days import NotADayError, read_day
from pipeline.standardise.identifiers import cro, pnc
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import latin, repair, written_out
from schemas.contract import Dates
from schemas.fields import ColumnUse

ISO = re.compile(r"^\d{4}-\d{2}-\d{2}(?=$|[T ])")
DIGITS = re.compile(r"^\d{8}$")
YEAR = re.compile(r"^(1[5-9]|20)\d{2}$")
EXTENSION = re.compile(r"\b(?:EXT|EXTN|EXTENSION|X)\b[. ]*\d+\s*$")
Standard = Callable[[str], object]
"""From a text to its standard value; None where it stands for nothing"""


def value_reader(use: ColumnUse, reference: Reference, latest: dt.date) -> Standard:
    """How a text of this column becomes its standard value; a PNC ID is of no year after that of ``latest``."""
    field = use.kind if use.kind not in ("identifier", "category", "ethnicity") else use.field
    standard: Mapping[str, Standard] = {
        "postcode": postcode,
        "phone": phone,
        "email": email,
        "address": lambda text: address(text, reference.address_words),
        "pnc_id": lambda text: pnc_id(text, latest.year),
        "cro_number": lambda text: cro(_compact(text, "/")),
        "nhs_number": lambda text: _valid(stdnum_nhs, text),
        "upn": lambda text: _valid(stdnum_upn, text),
    }
    make = standard.get(field, identifier if use.kind == "identifier" else _category(field, reference))

    def read(text: str) -> object:
        return None if reference.stands_for_nothing(field, text) else make(repair(text))

    return read


def _category(field: str, reference: Reference) -> Standard:
    codes = reference.codes.get(field, {})

    def read(text: str) -> str | None:
        written = " ".join(re.sub(r"[^A-Z0-9]+", " ", latin(text)).split())
        return codes.get(written, written) or None

    return read


def date_reader(order: DateOrder, default_birthdays: frozenset[str], reference: Reference, latest: dt.date) -> Standard:
    """How a text becomes YYYY-MM-DD; eight digits from the year on stay so even where the calendar has no such day.

    A year of two digits is the last one whose day is not after ``latest``; a month or day that the text does not say is 00.
    """
    dates = Dates(day_first=order.is_day_first, excel_serial=True)

    def read(text: str) -> str | None:
        text = text.strip()
        if ISO.match(text):
            date: str | None = text[:10]
        elif DIGITS.match(text) and YEAR.match(text[:4]) and not order.is_year_last:
            date = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        elif reference.stands_for_nothing("date_of_birth", text):
            return None
        else:
            plain = plain_birthday(text)
            date = _date(plain, dates, latest) or _date(without_doubt(plain), dates, latest)
        return None if date in default_birthdays else date

    return read


def _date(plain: str, dates: Dates, latest: dt.date) -> str | None:
    """The date of a plain text; what it does not say is 00."""
    if day := _day(plain, dates, latest):
        return day.isoformat()
    known = year_and_month(plain)
    return f"{known.year}-{known.month:02}-00" if known else None


def _day(plain: str, dates: Dates, latest: dt.date) -> dt.date | None:
    """The day that is written there, alone or before an age."""
    before_age = THEN_AGE.match(plain)
    try:
        day = read_day(plain, dates, latest) or (before_age and read_day(before_age["date"].strip(), dates, latest))
    except NotADayError:
        return None
    return day.day if day else None


def postcode(text: str) -> str | None:
    """Outward and inward part where it is British; of another country letters and digits only, a ZIP's first five."""
    compact = _compact(text)
    if british := POSTCODE.match(compact):
        outward, digit, letters = (part for part in british.groups() if part)
        return f"{outward} {digit}{letters}"
    return (compact[:5] if compact.isdigit() and len(compact) == 9 else compact) or None


def phone(text: str) -> str | None:
    """The first number's national digits, without country code and leading zeros; None where they are too few or all one."""
    return next((number for part in BETWEEN.split(latin(text)) if (number := _national_digits(part))), None)


def _national_digits(text: str) -> str | None:
    text = EXTENSION.sub("", written_out(text.strip()) or "").replace("(0)", "")
    digits = re.sub(r"\D", "", text)
    if text.lstrip(" (").startswith("+") or (digits.startswith("00") and len(digits) > 12):
        digits = _without_country(digits.removeprefix("00"))
    elif len(digits) > 10:
        digits = digits.removeprefix("44")
    digits = digits.lstrip("0")
    digits = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits  # North America's, as dialled there
    return digits if len(digits) > 5 and len(set(digits)) > 1 else None


def _without_country(digits: str) -> str:
    """The digits behind the country code; no code is the beginning of another (ITU-T E.164)."""
    return next((digits[n:] for n in (1, 2, 3) if int(digits[:n] or 0) in COUNTRY_CODE_TO_REGION_CODE), digits)


def pnc_id(text: str, last_year: int) -> str | None:
    """As ``pnc`` has it, whatever stands between its parts; None where it names a year after ``last_year``."""
    return pnc(_compact(text, "/"), last_year)


def email(text: str) -> str | None:
    """The first address, in lower case."""
    return next((part for part in re.split(r"[\s;,<>]+", text.lower().replace("mailto:", "")) if part), None)


def identifier(text: str) -> str | None:
    """Letters and digits; None of a number of which a spreadsheet has left a part."""
    return _compact(written_out(latin(text)) or "") or None


def address(text: str, words: Mapping[str, str]) -> str | None:
    """Upper-case words, abbreviations such as RD written out."""
    plain = re.sub(r"[^A-Z0-9]+", " ", latin(text.replace("'", "")))
    return " ".join([words.get(word, word) for word in plain.split()]) or None


def _compact(text: str, keep: str = "") -> str:
    return re.sub(rf"[^A-Z0-9{keep}]", "", latin(text))


def _valid(number: object, text: str) -> str | None:
    compact = identifier(text)
    return compact if compact and number.is_valid(compact) else None  # type: ignore[attr-defined]
