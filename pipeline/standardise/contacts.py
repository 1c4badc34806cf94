"""Telephone numbers, e-mail addresses and property references."""

from __future__ import annotations

import functools
import re

import phonenumbers

from pipeline.standardise.distinct import Note, Reading, no_value
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import SAME_DIGIT, latin, repair, without_float_tail

# The ranges that Ofcom keeps for drama and tests are numbers like others to us: synthetic exports use them.
DRAMA = re.compile(
    r"^\+44(?=\d{10}$)(?:7700900|2079460|2890180|2920180|1632960|8081570|9098790|3069990|1914980"
    r"|1(?:13|14|15|16|17|18|21|31|41|51|61)496)\d+$"
)
REMARK = re.compile(r"\([^()\d]*\)|(?<=\d)[\s:-]+[a-z ]+$", re.IGNORECASE)
"""Whose number it is, or where it rings: (work), mum"""
LETTER_FOR_ZERO = re.compile(r"(?:(?<=\d)|^)O+(?=[\s-]?\d)", re.IGNORECASE)
BETWEEN = re.compile(r"[;,|\n]|\s+/\s+|(?<=\d{5})/(?=\d)|\b(?:or|and)\b", re.IGNORECASE)
BETWEEN_EMAILS = re.compile(r"[\s;,<>]+")
EMAIL = re.compile(r"^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}$")


def read_phone(text: str, reference: Reference) -> Reading[str]:
    """The first valid number of a cell as E.164, British where no country is given."""
    if reference.stands_for_nothing("phone", text):
        return no_value("phone", "placeholder")
    written = LETTER_FOR_ZERO.sub(lambda letters: "0" * len(letters[0]), repair(text))
    parts = [part for part in BETWEEN.split(written) if any(c.isdigit() for c in part)]
    numbers = [_e164(part) or _e164(REMARK.sub(" ", part)) for part in parts]
    good = list(dict.fromkeys(number for number in numbers if number))
    notes = [Note("phone", "phone", "invalid_number")] if None in numbers or not numbers else []
    notes += [Note("phone", "phone", "further_value")] if len(good) > 1 else []
    return Reading(good[0] if good else None, tuple(notes))


def _e164(text: str) -> str | None:
    plain = re.sub(r"[\s()\-.]", "", without_float_tail(text.strip()))
    if SAME_DIGIT.match(plain.removeprefix("0")):
        return None
    if plain.startswith("07") and _mobiles().match(plain[1:]):
        return f"+44{plain[1:]}"
    try:
        number = phonenumbers.parse(without_float_tail(text.strip())[:60], "GB")
    except phonenumbers.NumberParseException:
        return None
    if str(number.national_number) not in "".join(str(int(c)) for c in text if c.isdecimal()):
        return None  # the library takes letters for the keys of a telephone, which gives somebody else's number
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written if DRAMA.match(written) or phonenumbers.is_valid_number(number) else None


@functools.cache
def _mobiles() -> re.Pattern[str]:
    """British mobile numbers by the library's own pattern: most cells hold one, and parsing costs ten times as much."""
    country = phonenumbers.PhoneMetadata.metadata_for_region("GB")
    pattern = country.mobile.national_number_pattern if country and country.mobile else None
    return re.compile(f"^(?:{pattern or '(?!)'})$")


def read_email(text: str, reference: Reference) -> Reading[str]:
    """The first address of a cell in lower case; null where it only fills the cell."""
    plain = repair(text).lower()
    readings = [_address(part, reference) for part in BETWEEN_EMAILS.split(plain) if "@" in part]
    good = list(dict.fromkeys(reading.value for reading in readings if reading.value))
    if not good:
        return readings[0] if readings else _address(plain, reference)
    return Reading(good[0], (Note("email", "email", "further_value"),) if len(good) > 1 else ())


def _address(written: str, reference: Reference) -> Reading[str]:
    address = written.removeprefix("mailto:").strip(" <>;,.")
    name = address.partition("@")[0].upper()
    if reference.stands_for_nothing("email", address) or name in reference.placeholders["email_name"]:
        return no_value("email", "placeholder")
    if EMAIL.match(address) and ".." not in address:
        return Reading(address)
    return no_value("email", "invalid_address")


def read_uprn(text: str, reference: Reference) -> Reading[str]:
    """One to twelve digits, without leading zeros."""
    if reference.stands_for_nothing("uprn", text):
        return no_value("uprn", "placeholder")
    number = without_float_tail(re.sub(r"[\s,]", "", latin(repair(text)))).lstrip("0")
    if re.fullmatch(r"\d{1,12}", number):
        return Reading(number)
    return no_value("uprn", "placeholder" if not number else "invalid_number")
