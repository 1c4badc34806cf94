"""What the form of an export tells: sheets that are gone, and a last line that is not ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from pipeline.core.parquet import write_table
from pipeline.core.places import SOURCES, Home
from pipeline.read.feed import read_feed
from pipeline.validate.form import form_breaches, form_notices, named_sheets, unread_sheets
from pipeline.validate.hold import FeedNight, promote, settle
from pipeline.validate.last_good import ExportFacts, good_facts
from schemas.contract import Contract, load_contract
from schemas.tables import EVENTS_STAGED, STD_RECORDS

GOOD = ExportFacts("cse/camden.xlsx", "0" * 64, "2026-11-19", 70, ("Wards", "A&E"), None)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("Wards|A&E", {"Wards", "A&E"}),
        ("(?:Wards|A&E)", {"Wards", "A&E"}),
        ("Wards|[A-Z][a-z]{2} .*", {"Wards"}),
        (".*", set()),
        ("[A-Z][a-z]{2} \\d{4}", set()),
    ],
)
def test_the_sheets_that_a_pattern_names_are_those_that_it_spells_out(pattern: str, names: set[str]) -> None:
    assert named_sheets(pattern) == names


def test_a_named_sheet_that_the_last_good_export_had_and_tonights_has_not_holds_the_feed() -> None:
    tonight = replace(GOOD, sheets=("A&E",))
    ((code, reason),) = form_breaches(tonight, GOOD, "Wards|A&E")
    assert code == "no_sheet"
    assert "cse/camden.xlsx has no sheet 'Wards', which `sheets` of the contract names" in reason
    assert not form_notices(tonight, GOOD, "Wards|A&E")
    for pattern in ("Wards 2026|A&E", "A&E"):
        assert not form_breaches(tonight, GOOD, pattern), "the contract names it no longer"
        assert not form_notices(tonight, GOOD, pattern)
    assert not form_breaches(tonight, replace(GOOD, sheets=()), "Wards|A&E"), "an older version kept no sheets"


def test_a_sheet_that_is_gone_and_was_not_named_is_told() -> None:
    good = replace(GOOD, sheets=("Oct 2026", "Nov 2026"))
    tonight, monthly = replace(GOOD, sheets=("Nov 2026", "Dec 2026")), "[A-Z][a-z]{2} \\d{4}"
    assert not form_breaches(tonight, good, monthly)
    ((about, _),) = form_notices(tonight, good, monthly)
    assert "no longer has the sheet 'Oct 2026' of the last good export" in about


MONTHLY = "[A-Z][a-z]{2} \\d{4}"


def test_a_sheet_that_was_not_read_is_told_with_the_pattern_and_the_nearest_name() -> None:
    good, tonight = replace(GOOD, sheets=("Jul 2026", "Nov 2026")), replace(GOOD, sheets=("Nov 2026",))
    told = unread_sheets(tonight, ["July 2026"], good, MONTHLY)
    assert told is not None
    assert told.startswith(
        "cse/camden.xlsx: not read: sheet 'July 2026' (the last good export had 'Jul 2026'), "
        "which `sheets` of the contract ('[A-Z][a-z]{2} \\d{4}') does not match."
    )
    assert "sheet 'Nov 2026 (2)' (read was 'Nov 2026')" in str(unread_sheets(tonight, ["Nov 2026 (2)"], None, MONTHLY))
    assert "sheet 'Guidance', which" in str(unread_sheets(tonight, ["Guidance"], good, MONTHLY))
    assert unread_sheets(tonight, [], good, MONTHLY) is None


def test_names_of_sheets_that_were_not_read_are_shown_safely_and_not_at_any_length() -> None:
    names = ["Dec\xa02026", "a\x1b[2Jb\u202e", "x" * 5000, *(f"Odd {number}" for number in range(400))]
    told = str(unread_sheets(GOOD, names, None, MONTHLY))
    assert told.isprintable()
    assert r"'Dec\xa02026'" in told
    assert "and 397 more" in told
    assert len(told) < 600


@pytest.mark.parametrize(
    ("before", "now", "is_held"),
    [(True, False, True), (True, True, False), (False, False, False), (None, False, False), (True, None, False)],
)
def test_a_last_line_that_is_not_ended_holds_the_feed_where_the_last_good_export_ended_it(
    before: bool | None, now: bool | None, is_held: bool
) -> None:
    found = form_breaches(replace(GOOD, has_line_end=now), replace(GOOD, has_line_end=before), ".*")
    assert [code for code, _ in found] == ["truncated_file"] * is_held


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_reading_tells_whether_the_last_line_is_ended(tmp_path: Path, encoding: str, end: str) -> None:
    contract = load_contract(SOURCES / "custody.yaml").model_copy(
        update={"encoding": encoding, "location": "custody.csv"}
    )
    (tmp_path / "custody.csv").write_bytes(f"Custody No,Name,Arrested\n1,Ali,02/11/2026{end}".encode(encoding))
    assert read_feed(contract, next(contract.all_feeds()), str(tmp_path), {}).has_line_end == bool(end)


def test_reading_tells_the_sheets_of_a_workbook_and_they_are_kept_with_a_good_export(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("Wards", "A&E", "Notes"):
        book.create_sheet(name).append(["Ref", "Surname"])
    book.save(tmp_path / "trial.xlsx")
    contract = Contract(
        source="trial", title="Trial", location="trial.xlsx", format="xlsx", sheets="Wards|A&E", event_type="referral",
        person={"source_key": ("Ref",), "surname": ("Surname",)}, constants={"role": "subject"},
    )  # fmt: skip
    read = read_feed(contract, next(contract.all_feeds()), str(tmp_path), {})
    assert (read.sheets, read.has_line_end) == (("Wards", "A&E"), None)
    paths = {name: tmp_path / f"{name}.arrow" for name in ("std_records", "events")}
    for path, table in zip(paths.values(), (STD_RECORDS, EVENTS_STAGED), strict=True):
        write_table(path, table.arrow_schema().empty_table(), table)
    home = Home(tmp_path / "home")
    night = FeedNight("trial", "trial", None, 1, 0, replace(GOOD, sheets=read.sheets), **paths)
    promote(home, [settle(night, None)], "1")
    kept = good_facts(home, "trial")
    assert kept is not None
    assert list(kept.sheets) == ["Wards", "A&E"]
