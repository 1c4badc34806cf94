"""What holds for any text whatever."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.standardise.addresses import INSIDE, read_address, read_postcode
from pipeline.standardise.birthdays import OLDEST_YEARS, read_age, read_birthday
from pipeline.standardise.codes import read_borough, read_code, read_ethnicity, read_observed
from pipeline.standardise.contacts import read_email, read_phone, read_uprn
from pipeline.standardise.identifiers import CHECK_LETTERS, asn, cro, pnc, read_nhs_number, read_police, read_upn
from pipeline.standardise.names import NameCells, read_names
from pipeline.standardise.reference import Reference
from pipeline.standardise.times import read_time
from schemas.contract import Dates

AS_OF = dt.date(2026, 11, 20)
REFERENCE = Reference.load()
ORDERS = ("forename_first", "surname_first", "comma")
OPEN = Dates(is_order_certain=False, excel_serial=True, formats=("%d-%b-%y", "%d/%m/%y %H:%M"))

NAME_PARTS = """
    Mr Dr Smith SMITH O Mc Van der de la Abdul Abd ul Rahman John Baby of Unborn née nee AKA a.k.a. alias (Johnny) Jr
    II , ; / - ' ( ) " "Tiny" Unknown N/K or Łukasz MÃ¼ller <b> 1 = Singh Twin girl adopted (deceased) 李
"""
ADDRESS_PARTS = "Flat 2a 12 High St. Rd NFA London SW9 8QH UK No , / - St John's E5 0AA GIR 0AA 12-14 unknown"
words = st.sampled_from(NAME_PARTS.split())
namelike = st.lists(words, max_size=6).map(" ".join)
anything = st.one_of(st.text(max_size=40), namelike)
numberlike = st.text(alphabet="0123456789/ -.+()ABKXZSFO", max_size=24)
addresslike = st.lists(st.sampled_from(ADDRESS_PARTS.split()), max_size=8).map(" ".join)
datelike = st.text(alphabet="0123456789/-.: ()TZagemoyrs", max_size=24)


@settings(max_examples=300)
@given(anything, anything, anything, anything, anything, st.sampled_from(ORDERS))
def test_standard_names_stay_as_they_are(full: str, last: str, first: str, middle: str, alias: str, order: str) -> None:
    once = read_names(NameCells(full, last, first, middle, alias), order, REFERENCE)
    standard = NameCells(
        surname=" / ".join(once.surname) or None,
        forename=" / ".join(once.forename) or None,
        middle_names=once.middle_names,
        alias="; ".join(once.alias) or None,
    )
    again = read_names(standard, order, REFERENCE)
    assert (again.forename, again.middle_names, again.surname, again.alias) == once[:4]
    assert not {note.reason for note in again.notes}


@given(anything, st.sampled_from(ORDERS))
def test_names_hold_nothing_but_capital_letters(text: str, order: str) -> None:
    names = read_names(NameCells(full_name=text, alias=text), order, REFERENCE)
    for name in (*names.forename, *names.surname, *names.alias, names.middle_names or "A"):
        assert all("A" <= character <= "Z" or character == " " for character in name)
        assert name == " ".join(name.split()) != ""


@given(st.one_of(anything, numberlike, addresslike))
def test_standard_postcodes_stay_as_they_are(text: str) -> None:
    once = read_postcode(text, REFERENCE)
    if once.postcode:
        assert read_postcode(once.postcode, REFERENCE) == once._replace(reason=None)


@given(st.one_of(anything, addresslike))
def test_no_postcode_is_left_in_an_address(text: str) -> None:
    found = read_address(text, None, REFERENCE)
    assert not INSIDE.search(found.address or "")
    assert found.is_no_fixed_abode or found.address or found.postcode.postcode or found.notes or not text.strip()


@given(st.one_of(anything, numberlike))
def test_standard_contacts_and_numbers_stay_as_they_are(text: str) -> None:
    for read in (read_phone, read_email, read_uprn, read_nhs_number, read_upn):
        once = read(text, REFERENCE)
        if once.value:
            assert read(once.value, REFERENCE) == (once.value, ())
        elif text.strip():
            assert once.notes


@given(st.integers(0, 99), st.integers(1, 999999), st.booleans())
def test_a_check_letter_is_found_and_any_other_is_refused(year: int, serial: int, is_long: bool) -> None:
    letter = CHECK_LETTERS[int(f"{year:02}{serial:07}") % 23]
    written = f"{1900 + year if is_long else f'{year:02}'}/{serial}{letter}"
    canonical = pnc(written, 2026)
    assert canonical
    assert pnc(canonical, 2026) == canonical
    for other in set(CHECK_LETTERS) - {letter}:
        assert pnc(written[:-1] + other, 2026) is None
    number = cro(f"{serial}/{year:02}{CHECK_LETTERS[int(f'{year:02}{serial:06}') % 23]}")
    assert number
    assert cro(number) == number


@given(st.one_of(anything, numberlike, datelike, addresslike))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    for dates in (Dates(), OPEN):
        born = read_birthday(text, dates, REFERENCE, AS_OF)
        for day in (born.date_of_birth, born.swapped):
            assert day is None or AS_OF.year - OLDEST_YEARS <= day.year <= AS_OF.year
        moment = read_time("started", text, dates, REFERENCE, AS_OF)
        assert moment.value is not None or moment.notes
    read_age(text)
    read_police(text, text, text, reference=REFERENCE, this_year=2026)
    asn(text)
    read_borough(text)
    read_ethnicity(text, REFERENCE)
    read_observed(text, REFERENCE)
    for field in ("sex", "role", "risk"):
        read_code(field, text, REFERENCE)


@given(
    st.dates(dt.date(1950, 1, 1), AS_OF), st.sampled_from(("%d/%m/%Y", "%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d.%m.%Y"))
)
def test_a_day_is_the_same_however_it_is_written(day: dt.date, form: str) -> None:
    born = read_birthday(day.strftime(form), Dates(), REFERENCE, AS_OF)
    assert born.date_of_birth == (None if day in REFERENCE.default_birthdays else day)


@given(st.dates(dt.date(1950, 1, 1), AS_OF))
def test_an_open_order_keeps_both_days_and_no_more(day: dt.date) -> None:
    born = read_birthday(day.strftime("%d/%m/%Y"), OPEN, REFERENCE, AS_OF)
    if born.swapped:
        assert (born.swapped.day, born.swapped.month) == (day.month, day.day)
        assert born.date_of_birth == day
    else:
        assert born.date_of_birth in (day, None)
