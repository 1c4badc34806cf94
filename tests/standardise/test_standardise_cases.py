"""The cases that stewards keep in tests/cases."""

import csv
import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from pipeline.core.places import SOURCES
from pipeline.read.feed import read_feed
from pipeline.standardise.addresses import read_address
from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.birthdays import read_birthday
from pipeline.standardise.contacts import read_email, read_phone, read_uprn
from pipeline.standardise.feed import standardise_feed
from pipeline.standardise.identifiers import asn, read_nhs_number, read_police, read_upn
from pipeline.standardise.names import NameCells, read_names
from pipeline.standardise.reference import Reference
from schemas.contract import Dates, load_contract
from schemas.fields import ColumnUse

CASES = Path(__file__).parents[1] / "cases"
AS_OF = dt.date(2026, 11, 20)
REFERENCE = Reference.load()
SINGLE = {"nhs_number": read_nhs_number, "upn": read_upn, "phone": read_phone, "email": read_email, "uprn": read_uprn}


def cases(name: str) -> list[object]:
    listed = yaml.safe_load((CASES / f"{name}.yaml").read_text("utf-8"))
    return [pytest.param(case, id=f"{case['from']}"[:60]) for case in listed]


def is_plain_day(case: dict) -> bool:
    """Whether a case gives a day by its text alone, without what a contract says."""
    return "day" in case["gives"] and set(case.get("dates", {})) <= {"excel_serial"}


def is_one_pnc_id(case: dict) -> bool:
    """Whether a case's text is a PNC ID and nothing else."""
    return "pnc_id" in case and "cro_number" not in case and ":" not in case["from"]


@pytest.mark.parametrize("case", cases("names"))
def test_names_are_read_as_the_case_says(case: dict) -> None:
    cells = dict(case["from"])
    order = cells.pop("order", "forename_first")
    names = read_names(NameCells(**cells), order, REFERENCE)
    found = {
        name: list(value) if isinstance(value, tuple) else value
        for name in ("forename", "middle_names", "surname", "alias", "flags")
        if (value := getattr(names, name))
    }
    assert found == case["gives"]
    assert [note.reason for note in names.notes] == case.get("reasons", [])


@pytest.mark.parametrize("case", cases("dates"))
def test_birthdays_and_ages_are_read_as_the_case_says(case: dict) -> None:
    birthday = read_birthday(str(case["from"]), Dates(**case.get("dates", {})), REFERENCE, AS_OF)
    gives = case["gives"]
    assert birthday.date_of_birth == gives.get("day")
    assert birthday.swapped == gives.get("alt")
    assert list(birthday.ages) == gives.get("age", [None, None])
    assert birthday.year == gives.get("year")
    assert [note.reason for note in birthday.notes] == ([case["reason"]] if "reason" in case else [])


@pytest.mark.parametrize("case", cases("identifiers"))
def test_identifiers_and_contacts_are_read_as_the_case_says(case: dict) -> None:
    kind, text = case["kind"], case["from"]
    if kind == "asn":
        assert asn(text) == case.get("asn")
        return
    if kind in SINGLE:
        found = SINGLE[kind](text, REFERENCE)
        assert found.value == case.get(kind)
    else:
        cells = [text if kind == name else None for name in ("pnc_id", "cro_number", "police_id")]
        found = read_police(*cells, reference=REFERENCE, this_year=AS_OF.year)
        assert (found.pnc_id, found.cro_number) == (case.get("pnc_id"), case.get("cro_number"))
    assert [note.reason for note in found.notes] == ([case["reason"]] if "reason" in case else [])


def of_any_table(use: ColumnUse, text: str) -> object:
    """What the desk's search and ``link`` make of a text."""
    return standardise_any(pa.table({use.column: [text]}), [use], REFERENCE, AS_OF).column(use.field)[0].as_py()


@pytest.mark.parametrize("case", [each for each in cases("dates") if is_plain_day(each.values[0])])
def test_a_birthday_is_that_of_the_case_in_any_table_too(case: dict) -> None:
    use = ColumnUse("born", "date_of_birth", "date_of_birth")
    assert of_any_table(use, str(case["from"])) == case["gives"]["day"].isoformat()


@pytest.mark.parametrize("case", [each for each in cases("identifiers") if is_one_pnc_id(each.values[0])])
def test_a_pnc_id_is_that_of_the_case_in_any_table_too(case: dict) -> None:
    assert of_any_table(ColumnUse("pnc_id", "identifier", "pnc_id"), case["from"]) == case["pnc_id"]


@pytest.mark.parametrize("case", cases("postcodes"))
def test_addresses_and_postcodes_are_read_as_the_case_says(case: dict) -> None:
    cells = case["from"]
    postcode = cells.get("postcode")
    found = read_address(cells.get("address"), str(postcode) if postcode else None, REFERENCE)
    gives = case["gives"]
    assert found.address == gives.get("address")
    assert found.postcode.postcode == gives.get("postcode")
    assert found.postcode.sector == gives.get("sector")
    assert found.postcode.district == gives.get("district")
    assert bool(found.is_no_fixed_abode) == gives.get("is_no_fixed_abode", False)
    assert [note.reason for note in found.notes] == ([case["reason"]] if "reason" in case else [])


@pytest.mark.parametrize("case", cases("calls"))
def test_calls_about_absent_children_tell_who_they_are_about_as_the_case_says(case: dict, tmp_path: Path) -> None:
    headings = ["CAD No/Date", "Received", "Closed", "BOCU", "Location", "Informant", "Free Text"]
    rows = [headings, ["1/19NOV26", "19/11/2026 22:51", "", "RY", "", "Mother", case["from"]]]
    (tmp_path / "cad").mkdir()
    with (tmp_path / "cad" / "cad.csv").open("w", encoding="cp1252", newline="") as out:
        csv.writer(out).writerows(rows)
    contract = load_contract(SOURCES / "cad.yaml")
    raw = read_feed(contract, next(contract.all_feeds()), str(tmp_path), {}).records
    records = standardise_feed(raw, contract, REFERENCE, AS_OF).std_records.to_pylist()
    fields = [
        "forename",
        "middle_names",
        "surname",
        "sex",
        "date_of_birth",
        "age_low",
        "age_high",
        "address",
        "postcode",
    ]
    found = [{field: record[field] for field in fields if record[field] is not None} for record in records]
    assert found == case["gives"]
    assert [record["part"] for record in records] == [*range(1, len(found) + 1)]
