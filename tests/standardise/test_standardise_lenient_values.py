"""Values of any table as people and spreadsheets write them: what says the same is the same, and no part stands for a whole."""

import datetime as dt

import pyarrow as pa
import pytest

from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse

REFERENCE = Reference.load()
LATEST = dt.date(2026, 11, 20)


def value_of(kind: str, text: str) -> str | None:
    use = ColumnUse("column", kind, kind)  # type: ignore[arg-type]
    [value] = standardise_any(pa.table({"column": [text]}), [use], REFERENCE, LATEST).column(kind).to_pylist()
    return value


@pytest.mark.parametrize("kind", ["postcode", "phone", "address", "identifier", "category"])
def test_signs_that_leave_no_letter_or_digit_are_no_value(kind: str) -> None:
    assert value_of(kind, "\u30fc") is None


@pytest.mark.parametrize(
    "text",
    [
        "07700 900001",
        "+44 (0)7700 900001",
        "0044 7700 900001",
        "7700900001",
        "007700900001",
        "7700900001.0",
        "7.700900001E+09",
        "(07700) 900-001",
        "tel: 07700 900001",
        "07700 900001 ext 5",
        "07700900001 / 07700900002",
        "\u0660\u0667\u0667\u0660\u0660\u0669\u0660\u0660\u0660\u0660\u0661",
        "\u202d07700900001\u202c",
    ],
)
def test_a_phone_number_is_its_national_digits_however_it_is_written(text: str) -> None:
    assert value_of("phone", text) == "7700900001"


@pytest.mark.parametrize(
    "texts",
    [
        ("818-892-2818", "18188922818", "+1 (818) 892-2818", "001 818 892 2818"),
        ("0352 6553537", "+39 0352 6553537", "0039 0352 6553537"),
        ("0151 12345678", "+49 151 12345678", "0049 (0)151 12345678"),
        ("020 8356 3000", "+44 20 8356 3000", "44 20 8356 3000"),
        ("353 1 234 5678", "+353 353 1 234 5678"),  # digits that are a country's code too, but stand behind one
    ],
)
def test_a_phone_number_of_any_country_is_the_same_with_and_without_its_code(texts: tuple[str, ...]) -> None:
    assert len({value_of("phone", text) for text in texts}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "14/03/2009",
        "14/03/2009 00:00",
        "14/03/2009 00:00:00",
        "DOB: 14/03/2009",
        "'14/03/2009",
        "14/03/2009 (12 yrs)",
        "39886",
        "39886.0",
        "2009-03-14\u200b",
        "14th of March 2009",
        "\u0661\u0664/\u0660\u0663/\u0662\u0660\u0660\u0669",
    ],
)
def test_a_birthday_is_read_with_what_stands_beside_it(text: str) -> None:
    assert value_of("date_of_birth", text) == "2009-03-14"


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("24/7/2010?", "2010-07-24"),
        ("c. 24/7/2010", "2010-07-24"),
        ("c. 2010", "2010-00-00"),
        ("circa 1862", "1862-00-00"),
        ("2010 (approx)", "2010-00-00"),
        ("March 2010", "2010-03-00"),
        ("03/2010", "2010-03-00"),
        ("2010-03", "2010-03-00"),
        ("2010-03-00", "2010-03-00"),
        ("??/03/2010", "2010-03-00"),
        ("00/00/2010", "2010-00-00"),
    ],
)
def test_a_birthday_that_is_doubtful_or_known_in_part_is_what_is_known_of_it(text: str, date: str) -> None:
    assert value_of("date_of_birth", text) == date


@pytest.mark.parametrize("text", ["aged 12", "12", "31/02/2009", "3988", "398861"])
def test_what_is_no_birthday_is_none(text: str) -> None:
    assert value_of("date_of_birth", text) is None


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("nhs_number", "9434765919.0", "9434765919"),
        ("nhs_number", "943\u200b4765919", "9434765919"),
        ("nhs_number", "9.434765919E+09", "9434765919"),
        ("identifier", "123456.0", "123456"),
        ("identifier", "1.5E", "15E"),
        ("email", "mailto:A@B.org", "a@b.org"),
        ("email", "a@b.org\u200b; c@d.org", "a@b.org"),
        ("address", "2 Ko\u00c5\u203acielna Rd", "2 KOSCIELNA ROAD"),
        ("category", "Hackney\u200b &amp; Barnet", "HACKNEY BARNET"),
    ],
)
def test_what_files_and_screens_leave_in_a_value_goes(kind: str, text: str, value: str) -> None:
    assert value_of(kind, text) == value


@pytest.mark.parametrize("kind", ["phone", "nhs_number", "identifier"])
def test_a_number_of_which_a_spreadsheet_kept_a_part_is_no_value(kind: str) -> None:
    assert value_of(kind, "9.43477E+09") is None


@pytest.mark.parametrize("text", ["Same as mother", "as above", "c/o mum's", "not known - see file"])
def test_a_cell_that_points_at_another_one_is_no_address(text: str) -> None:
    assert value_of("address", text) is None
