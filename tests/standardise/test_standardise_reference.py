"""The reference lists are as their readers expect them."""

import csv
import re

import pytest

from pipeline.core.places import REFERENCE
from pipeline.core.reference import NAME_LISTS, name_groups, rows
from pipeline.standardise.reference import Reference

LISTS = sorted(path.name for path in REFERENCE.glob("*.csv"))
CODES = {
    "sex": "M F I",
    "risk": "very_high high medium low none",
    "role": "victim witness suspect accused detainee offender missing at_risk subject nominal",
    "ethnicity": "W1 W2 W3 W9 M1 M2 M3 M9 A1 A2 A3 A4 A9 B1 B2 B9 O2 O9",
    "ethnicity_observed": "IC1 IC2 IC3 IC4 IC5 IC6",
    "flag": "Y N",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_sorted_and_repeats_nothing(name: str) -> None:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as lines:
        _, *listed = list(csv.reader(lines))
    assert listed == sorted(listed)
    assert len({tuple(row) for row in listed}) == len(listed)


@pytest.mark.parametrize("name", [*NAME_LISTS, "common_names", "weak_surnames"])
def test_names_are_listed_as_standard_records_write_them(name: str) -> None:
    for row in rows(REFERENCE / f"{name}.csv"):
        assert re.fullmatch(r"[A-Z]+", row["name"])
        assert row.get("kind", "surname") in ("forename", "surname")


def test_nicknames_and_variants_share_groups() -> None:
    groups = name_groups()
    for one, other in [
        ("BILL", "WILLIAM"),
        ("PEGGY", "MARGARET"),
        ("MOHAMMED", "MD"),
        ("YUSUF", "YOUSEF"),
        ("AYESHA", "AISHA"),
        ("KOWALSKI", "KOWALSKA"),
        ("PETRAUSKAS", "PETRAUSKIENE"),
        ("CHOWDHURY", "CHAUDHRY"),
        ("PIOTR", "PETER"),
    ]:
        assert set(groups[one]) & set(groups[other]), (one, other)
    assert not set(groups["BILL"]) & set(groups["MARGARET"])


def test_every_code_is_one_that_the_tables_know() -> None:
    for field, codes in Reference.load().codes.items():
        assert set(codes.values()) - {""} == set(CODES[field].split())
