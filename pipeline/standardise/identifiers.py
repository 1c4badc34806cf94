"""National identifiers: form, check letter, canonical writing. An identifier that fails its check is never kept."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from stdnum.gb import nhs as stdnum_nhs
from stdnum.gb import upn as stdnum_upn

from pipeline.standardise.days import full_year
from pipeline.standardise.distinct import Note, Reading, no_value
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import SAME_DIGIT, latin, repair, without_float_tail

CHECK_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"
PNC_SLASHED = re.compile(r"^(\d{4}|\d{2})/(\d{1,7})([A-Z])$")
PNC_PLAIN = (re.compile(r"^(\d{4})(\d{1,7})([A-Z])$"), re.compile(r"^(\d{2})(\d{1,7})([A-Z])$"))
CRO = re.compile(r"^(\d{1,6})/(\d{2})([A-Z])$")
CRO_FILE = re.compile(r"^SF(\d{2})/(\d{1,6})([A-Z])$")
ASN = re.compile(r"^(\d{2})/?(\d{2})([A-Z0-9]{2})/?(\d{2})/?(\d{1,11})([A-Z])$")
UPN = re.compile(r"^[A-HJ-NP-RT-Z]\d{11}[A-HJ-NP-RT-Z0-9]$")
BETWEEN = re.compile(r"[,;&|\s]+|\s+/\s+|\bAND\b")


class Police(NamedTuple):
    """What the cells for police identifiers say together."""

    pnc_id: str | None
    cro_number: str | None
    notes: tuple[Note, ...]


def check_letter(number: str) -> str:
    """The letter that PNC, CRO and ASN end in."""
    return CHECK_LETTERS[int(number) % 23]


def pnc(text: str, this_year: int) -> str | None:
    """``YYYY/NNNNNNNC``; None if the form or the check letter is wrong, or it names a year to come.

    With a slash the form is certain. Without it the long and the short form are both tried, and one must fail.
    """
    if slashed := PNC_SLASHED.match(text):
        return _pnc_of(*slashed.groups(), this_year=this_year)
    plain = (form.match(text) for form in PNC_PLAIN)
    canonical_ids = {
        canonical for form in plain if form and (canonical := _pnc_of(*form.groups(), this_year=this_year))
    }
    return canonical_ids.pop() if len(canonical_ids) == 1 else None


def _pnc_of(year: str, serial: str, letter: str, *, this_year: int) -> str | None:
    if int(serial) == 0 or check_letter(year[-2:] + serial.zfill(7)) != letter:
        return None
    if len(year) == 2:
        year = str(full_year(year, 1, 1, dt.date(this_year, 12, 31)))
    if not 1900 <= int(year) <= this_year:
        return None
    return f"{year}/{serial.zfill(7)}{letter}"


def cro(text: str) -> str | None:
    """``NNNNNN/YYC`` or ``SFYY/NC``; None if the form or the check letter is wrong."""
    if standard := CRO.match(text):
        serial, year, letter = standard.groups()
        is_good = int(serial) > 0 and check_letter(year + serial.zfill(6)) == letter
        return f"{serial.zfill(6)}/{year}{letter}" if is_good else None
    if file := CRO_FILE.match(text):
        year, serial, letter = file[1], file[2].lstrip("0"), file[3]
        return f"SF{year}/{serial}{letter}" if serial and check_letter(year + serial) == letter else None
    return None


def asn(text: str) -> str | None:
    """Arrest summons number ``YY/FFUU/SS/NC``; None if the form or the check letter is wrong."""
    parts = ASN.match(re.sub(r"\s", "", text.upper()))
    if not parts:
        return None
    year, force, unit, system, serial, letter = parts.groups()
    if check_letter(force + system + year + serial.zfill(11)) != letter:
        return None
    return f"{year}/{force}{unit}/{system}/{serial.lstrip('0') or '0'}{letter}"


def read_police(
    pnc_id: str | None, cro_number: str | None, police_id: str | None, reference: Reference, this_year: int
) -> Police:
    """The PNC ID and CRO number that three cells give; each text goes where its form and check letter send it."""
    identifiers: dict[str, str] = {}
    notes: list[Note] = []
    for column, cell in (("pnc_id", pnc_id), ("cro_number", cro_number), ("police_id", police_id)):
        for token in _tokens(cell, column, reference, notes):
            _route(token, column, this_year, identifiers, notes)
    return Police(identifiers.get("pnc_id"), identifiers.get("cro_number"), tuple(dict.fromkeys(notes)))


def _tokens(cell: str | None, column: str, reference: Reference, notes: list[Note]) -> list[str]:
    if cell is None or not cell.strip():
        return []
    if reference.stands_for_nothing(column, cell):
        notes.append(Note(column, column, "placeholder"))
        return []
    text = re.sub(r"\b(PNC|CRO)(\s?(ID|NO|NUMBER))?\b[.:]?", " ", latin(repair(cell)))
    text = re.sub(r"(?<=\d)\s+(?=[A-Z]\b)", "", text)
    text = re.sub(r"(?<=\d)\s*/\s*(?=\d+[A-Z]\b)", "/", text)
    return [part for part in BETWEEN.split(text) if part.strip("/")]


def _route(token: str, column: str, this_year: int, identifiers: dict[str, str], notes: list[Note]) -> None:
    readings: dict[str, str | None] = {"pnc_id": pnc(token, this_year), "cro_number": cro(token)}
    kinds = [kind for kind, value in readings.items() if value]
    if len(kinds) == 2:
        kinds = [column] if column in kinds else []
        if not kinds:
            notes.append(Note(column, column, "pnc_or_cro"))
            return
    if not kinds:
        empty = re.fullmatch(r"(SF)?0+/?\d*[A-Z]", token) or re.fullmatch(r"\d{2,4}/?0+[A-Z]", token)
        notes.append(Note(column, column, "placeholder" if empty else "invalid_check"))
        return
    kind = kinds[0]
    value = str(readings[kind])
    if identifiers.setdefault(kind, value) != value:
        notes.append(Note(column, kind, "further_value"))


def read_nhs_number(text: str, reference: Reference) -> Reading[str]:
    """Ten digits whose check digit is right."""
    number = re.sub(r"[\s\-.]", "", without_float_tail(latin(repair(text))))
    if (
        reference.stands_for_nothing("nhs_number", text)
        or number in reference.placeholders["nhs_number"]
        or SAME_DIGIT.match(number)
    ):
        return no_value("nhs_number", "placeholder")
    if stdnum_nhs.is_valid(number):
        return Reading(number)
    return no_value("nhs_number", "invalid_check")


def read_upn(text: str, reference: Reference) -> Reading[str]:
    """A permanent unique pupil number; any authority's code is taken, only the check letter must be right."""
    number = re.sub(r"[\s\-/]", "", latin(repair(text)))
    if reference.stands_for_nothing("upn", text):
        reason = "placeholder"
    elif not UPN.match(number) or stdnum_upn.calc_check_digit(number[1:]) != number[0]:
        reason = "invalid_check"
    elif number[-1].isalpha():
        reason = "temporary"
    else:
        return Reading(number)
    return no_value("upn", reason)
