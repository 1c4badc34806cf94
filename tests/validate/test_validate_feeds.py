"""Expectations, limits, quarantine, and feeds held at their last good export."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from pipeline.core.errors import SettingsError
from pipeline.core.parquet import read_table, write_table
from pipeline.core.places import EXPECTATIONS, ROOT, SOURCES, Home
from pipeline.read.feed import read_feed
from pipeline.standardise.feed import standardise_feed
from pipeline.standardise.reference import Reference
from pipeline.validate.exports import Export, Reader
from pipeline.validate.hold import (
    FeedNight,
    add_missing_checksums,
    promote,
    rejected_rows,
    settle,
    status_table,
    without_copies,
)
from pipeline.validate.last_good import ExportFacts, LastGood, damage_of, last_good
from pipeline.validate.page import render_validation_page
from pipeline.validate.source import validate_source
from pipeline.validate.suites import Suites
from schemas.contract import Contract, load_contract
from schemas.tables import EVENTS_STAGED, QUARANTINE, STD_RECORDS

AS_OF = dt.date(2026, 11, 20)
CUSTODY = load_contract(SOURCES / "custody.yaml")
HEAD = "Custody No,Station,Name,DOB,Sex,PNC,CRO,Address,Postcode,Arrested,Detention Authorised,Charged,Released,Bail,LA Accomm Requested,Secure?,AA Arrived"


LONG = {"forename": 80, "surname": 80, "address": 250}
"""Characters that a value has at most without a warning"""


def row(
    number: int, name: str = "SENTINELSON, Zebedee", born: str = "08/11/1996", arrested: str = "02/11/2026 01:23"
) -> str:
    return f'01RG/{number}/26,RG,"{name}",{born},M,2003/0011985X,,1 High Street,E8 1AA,{arrested},,,,,,,'


@pytest.fixture(scope="module")
def suites() -> Suites:
    return Suites(EXPECTATIONS)


def export_of(folder: Path, rows: list[str], last_good_rows: int | None = None, contract: Contract = CUSTODY) -> Export:
    (folder / "custody").mkdir(exist_ok=True)
    (folder / "custody" / "custody.csv").write_text("\n".join([HEAD, *rows]), "utf-8")
    read = read_feed(contract, next(contract.all_feeds()), str(folder), {})
    standard = standardise_feed(read.records, contract, Reference.load(), AS_OF)
    rejected = len(read.quarantine) + len(standard.quarantine)
    tables = (standard.std_records, standard.events, read.records)
    return Export("custody", *map(reader, tables), read.rows_read, rejected, last_good_rows)


def reader(table: pa.Table) -> Reader:
    return lambda columns=None: table.select(columns) if columns else table


def test_a_good_export_passes_whole(tmp_path: Path, suites: Suites) -> None:
    validated = validate_source(CUSTODY, [export_of(tmp_path, [row(n) for n in range(30)])], suites, AS_OF)[0]
    assert not validated.breaches
    assert [len(table) for table in validated.left()] == [30, 30]
    assert validated.n_records == 30
    assert len(validated.quarantine) == 0
    assert len(validated.findings) > 20


def test_a_failing_row_goes_to_quarantine_with_reason_and_raw_text(tmp_path: Path, suites: Suites) -> None:
    rows = [*(row(n) for n in range(30)), row(99, born="08/11/2024")]
    validated = validate_source(CUSTODY, [export_of(tmp_path, rows)], suites, AS_OF)[0]
    assert [len(table) for table in validated.left()] == [30, 30]
    assert validated.n_records == 30
    rejected = validated.quarantine.to_pylist()
    assert [(r["row_number"], r["stage"], r["column"]) for r in rejected] == [(32, "validate", "age_years")]
    assert rejected[0]["reason_code"] == "expect_column_values_to_be_between"
    assert "criminal responsibility" in rejected[0]["reason"]
    assert json.loads(rejected[0]["raw_row"])["date_of_birth"] == "08/11/2024"


@pytest.mark.parametrize(
    ("rows", "last_good", "code"),
    [
        ([row(n, born="08/11/2024" if n < 8 else "08/11/1996") for n in range(30)], None, "too_many_rejected"),
        ([row(n) for n in range(30)], 100, "shrank"),
        ([row(n, arrested="02/03/2026 01:23") for n in range(30)], None, "stale"),
        ([], 10, "empty"),
        ([row(n).replace("2003/0011985X", "") for n in range(30)], None, "expectation_failed"),
    ],
    ids=["too_many_rejected", "shrank", "stale", "empty", "expectation_failed"],
)
def test_a_feed_that_breaks_its_contract_is_held_and_told_why(
    tmp_path: Path, suites: Suites, rows, last_good, code
) -> None:
    validated = validate_source(CUSTODY, [export_of(tmp_path, rows, last_good)], suites, AS_OF)[0]
    assert code in [breach.code for breach in validated.breaches]
    assert all(breach.reason for breach in validated.breaches)


def test_an_export_without_rows_is_not_said_to_pass_with_another_limit(tmp_path: Path, suites: Suites) -> None:
    for n_rows, is_advised in ((0, False), (4, True)):
        export = export_of(tmp_path, [row(n) for n in range(n_rows)], 10)
        breaches = validate_source(CUSTODY, [export], suites, AS_OF)[0].breaches
        assert any("lower limits.min_rows_share" in breach.reason for breach in breaches) == is_advised


def test_a_feed_with_many_rejected_rows_says_what_most_of_them_do_not_meet(tmp_path: Path, suites: Suites) -> None:
    rows = [row(n, born="08/11/2024" if n < 8 else "08/11/1996") for n in range(30)]
    (breach,) = validate_source(CUSTODY, [export_of(tmp_path, rows)], suites, AS_OF)[0].breaches
    assert "Most often: " in breach.reason
    assert "criminal responsibility" in breach.reason


def test_days_since_the_newest_record_are_counted_in_london(tmp_path: Path, suites: Suites) -> None:
    rows = [row(n, arrested="01/07/2026 00:00") for n in range(30)]  # 23:00 on 30 June in UTC
    for days, n_breaches in ((CUSTODY.limits.max_age_days, 0), (CUSTODY.limits.max_age_days + 1, 1)):
        night = dt.date(2026, 7, 1) + dt.timedelta(days)
        breaches = validate_source(CUSTODY, [export_of(tmp_path, rows)], suites, night)[0].breaches
        assert [breach.code for breach in breaches] == ["stale"] * n_breaches


@pytest.mark.parametrize(
    ("last_good", "n_rows", "is_held"), [(3, 1, False), (4, 1, True), (2, 0, True), (10, 5, False), (10, 4, True)]
)
def test_a_feed_of_a_handful_may_lose_two_rows_while_another_is_left(
    tmp_path: Path, suites: Suites, last_good: int, n_rows: int, is_held: bool
) -> None:
    export = export_of(tmp_path, [row(n) for n in range(n_rows)], last_good)
    breaches = validate_source(CUSTODY, [export], suites, AS_OF)[0].breaches
    assert ("shrank" in [breach.code for breach in breaches]) == is_held


def test_a_handful_of_rows_is_not_held_for_one(tmp_path: Path, suites: Suites) -> None:
    rows = [row(1), row(2), row(3).replace("2003/0011985X", ""), row(4).replace("2003/0011985X", "")]
    assert not validate_source(CUSTODY, [export_of(tmp_path, rows)], suites, AS_OF)[0].breaches


@pytest.mark.parametrize(
    ("n_rows", "n_bad", "is_held"),
    [(3, 1, False), (3, 2, False), (1, 1, True), (2, 2, True), (10, 2, False), (10, 3, True)],
)
def test_one_or_two_bad_rows_hold_no_feed_while_another_is_left(
    tmp_path: Path, suites: Suites, n_rows: int, n_bad: int, is_held: bool
) -> None:
    rows = [row(n, born="08/11/2024" if n < n_bad else "08/11/1996") for n in range(n_rows)]
    validated = validate_source(CUSTODY, [export_of(tmp_path, rows)], suites, AS_OF)[0]
    assert ("too_many_rejected" in [breach.code for breach in validated.breaches]) == is_held
    assert (validated.n_records, len(validated.quarantine)) == (n_rows - n_bad, n_bad)


def test_a_suite_changed_on_disk_changes_what_is_rejected(tmp_path: Path) -> None:
    folder = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, folder)
    said = json.loads((folder / "custody.json").read_text("utf-8"))
    said["expectations"].append(
        {
            "type": "expect_column_values_to_not_be_in_set",
            "kwargs": {"column": "postcode", "value_set": ["E8 1AA"]},
            "meta": {"severity": "row", "about": "No such place."},
        }
    )
    (folder / "custody.json").write_text(json.dumps(said), "utf-8")
    validated = validate_source(CUSTODY, [export_of(tmp_path, [row(n) for n in range(5)])], Suites(folder), AS_OF)[0]
    assert set(validated.quarantine.column("reason").to_pylist()) == {"No such place."}


IN_SET = {
    "type": "expect_column_values_to_be_in_set",
    "kwargs": {"column": "sex", "value_set": ["M"]},
    "meta": {"severity": "row"},
}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not a suite"),
        ('{"expectations": [{"type": "expect_magic", "kwargs": {}}]}', "expectation"),
        (
            '{"expectations": [{"type": "expect_column_values_to_be_unique", "kwargs": {"column": "record_id"}}]}',
            "expectation 1 (expect_column_values_to_be_unique) has no meta.severity",
        ),
        (
            json.dumps({"expectations": [IN_SET, IN_SET]}),
            "expectation 2 (expect_column_values_to_be_in_set) says what expectation 1 says",
        ),
        (
            json.dumps({"expectations": [IN_SET, IN_SET | {"kwargs": {"value_set": ["M"]}}]}),
            "expectation 2 (expect_column_values_to_be_in_set) does not exist or fit: 1 validation error for ExpectColumnValuesToBeInSet column",
        ),
        ('["expectations"]', "is not a suite"),
        ('{"expectations": ["expect_magic"]}', "is not a suite"),
        ('{"expectations": [{"type": "expect_magic", "kwargs": 1}]}', "is not a suite"),
    ],
    ids=["not JSON", "unknown expectation", "no severity", "twice", "no column", "a list", "a word", "no arguments"],
)
def test_a_wrong_suite_is_told_by_file(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "custody.json").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=r"custody\.json") as caught:
        Suites(tmp_path)
    assert told in str(caught.value)


def test_a_suite_may_ask_of_a_column_twice(tmp_path: Path) -> None:
    said = [IN_SET, IN_SET | {"kwargs": {"column": "sex", "value_set": ["M", "F"]}, "meta": {"severity": "warn"}}]
    (tmp_path / "custody.json").write_text(json.dumps({"expectations": said}), "utf-8")
    outcomes = Suites(tmp_path).run("custody", pd.DataFrame({"sex": ["M", "F", "Q"]}), {}, [0, 1])
    assert [(outcome.severity, outcome.failing.tolist()) for outcome in outcomes] == [("row", [1, 2]), ("warn", [2])]


def night_of(folder: Path, reason: str | None = None, rows: int = 1) -> FeedNight:
    paths = {name: folder / f"{name}.parquet" for name in ("std_records", "events")}
    for (name, path), table in zip(paths.items(), (STD_RECORDS, EVENTS_STAGED), strict=True):
        write_table(path, table.arrow_schema().empty_table(), table)
        assert name
    facts = ExportFacts("custody/custody.csv", "0" * 64, "2026-11-20", rows)
    return FeedNight("custody", "custody", None, rows, 0, facts, reason, reason and "Why.", **paths)


def test_a_feed_is_fresh_held_or_missing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert settle(night_of(tmp_path / "a", "stale"), last_good(home, "custody")).state == "missing"
    fresh = settle(night_of(tmp_path / "a", rows=7), last_good(home, "custody"))
    assert fresh.state == "fresh"
    promote(home, [fresh], "2026-11-20-1")
    held = settle(night_of(tmp_path / "b", "stale"), last_good(home, "custody"))
    assert (held.state, held.last_good_rows) == ("held", 7)
    assert held.std_records is not None
    assert held.std_records.is_relative_to(home.last_good)
    told = status_table([fresh, held], [7, 7], [None, None]).to_pylist()
    assert [(r["state"], r["reason_code"]) for r in told] == [("fresh", None), ("held", "stale")]


def test_a_held_feed_is_not_promoted(tmp_path: Path) -> None:
    home = Home(tmp_path)
    promote(home, [settle(night_of(tmp_path / "a", rows=7), None)], "1")
    promote(home, [settle(night_of(tmp_path / "b", "stale", rows=2), last_good(home, "custody"))], "2")
    good = last_good(home, "custody")
    assert good is not None
    assert good.facts.rows == 7


def test_an_export_that_an_older_version_kept_is_guarded_from_the_first_night_that_holds_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    promote(home, [settle(night_of(tmp_path / "a", rows=7), None)], "1")
    facts = home.last_good / "custody" / "1" / "export.json"
    said = json.loads(facts.read_text("utf-8"))
    facts.write_text(json.dumps({name: value for name, value in said.items() if name != "checksums"}), "utf-8")
    add_missing_checksums([settle(night_of(tmp_path / "b", "stale"), last_good(home, "custody"))])
    assert json.loads(facts.read_text("utf-8")) == said
    assert damage_of(home, "custody") is None
    file = facts.with_name("events.parquet")
    file.write_bytes(facts.with_name("std_records.parquet").read_bytes())
    assert damage_of(home, "custody") == "events.parquet has changed"


def test_a_held_feed_tells_the_rejected_rows_of_both_exports_and_what_both_tell_once(tmp_path: Path) -> None:
    home = Home(tmp_path)

    def rejecting(place: str, reason: str | None, *rows: tuple[str, int]) -> FeedNight:
        lineage = {"feed_id": "custody", "source": "custody", "file": "custody.csv", "part": 1, "contract_version": "1"}
        verdict = {"stage": "read", "reason_code": "bad_row", "reason": "It is bad."}
        told = [{**lineage, **verdict, "file_sha256": sha256, "row_number": number} for sha256, number in rows]
        path = tmp_path / place / "quarantine.arrow"
        write_table(path, pa.Table.from_pylist(told, QUARANTINE.arrow_schema()), QUARANTINE)
        return replace(night_of(tmp_path / place, reason), quarantine=(path,))

    promote(home, [settle(rejecting("a", None, ("old", 2), ("same", 3)), None)], "1")
    held = settle(rejecting("b", "stale", ("same", 3), ("new", 2)), last_good(home, "custody"))
    rows = rejected_rows([held]).select(["file_sha256", "row_number"]).to_pylist()
    assert sorted(tuple(row.values()) for row in rows) == [("new", 2), ("old", 2), ("same", 3)]
    (home.last_good / "custody" / "1" / "quarantine.arrow").unlink()
    older = LastGood(home.last_good / "custody" / "1", held.facts)
    assert settle(held.night, older).quarantine == held.night.quarantine, "an older version kept none"


def delivered(borough: str, sha256: str, rows: int = 5, place: str = "", reason: str | None = None) -> FeedNight:
    name, file = f"cris.{borough}", f"cris/{borough}.csv"
    facts = None if reason else ExportFacts(file, sha256, "2026-11-20", rows)
    return FeedNight(name, "cris", borough, rows, 0, facts, reason, reason and "Why.", place=place or file)


def copies(*nights: FeedNight, good: dict[str, str] | None = None) -> list[str]:
    """Boroughs whose export is held as a copy; ``good``: borough to its last good export."""
    facts = {f"cris.{borough}": ExportFacts("f", sha256, "2026-11-19", 5) for borough, sha256 in (good or {}).items()}
    checked = without_copies(nights, facts)
    return [str(night.borough) for night in checked if night.reason_code == "copy_of_another"]


def test_an_export_under_two_names_is_held_but_where_it_was_before() -> None:
    camden, brent, ealing = delivered("camden", "one"), delivered("brent", "one"), delivered("ealing", "other")
    assert copies(camden, brent, ealing) == ["camden", "brent"]
    assert copies(camden, brent, ealing, good={"camden": "one"}) == ["brent"]
    assert copies(camden, brent, good={"camden": "one", "brent": "one"}) == ["camden", "brent"]
    assert copies(delivered("camden", "none", 0), delivered("brent", "none", 0)) == [], "nothing stands in either"
    both = [delivered("camden", "one", place="all.xlsx"), delivered("brent", "one", place="all.xlsx")]
    assert copies(*both) == copies(*both, good={"brent": "one"}) == [], "one file of two boroughs"
    refused = without_copies([camden, replace(brent, reason_code="stale", reason="Old.")], {})
    assert [each.reason_code for each in refused] == ["copy_of_another", "stale"]
    assert "cris/camden.csv is byte by byte cris/brent.csv, the export of cris.brent" in str(refused[0].reason)


def test_an_export_that_was_another_boroughs_last_night_is_held_whatever_that_one_sends_tonight() -> None:
    before = {"harrow": "a", "haringey": "b"}
    harrow, newer = delivered("harrow", "b"), delivered("haringey", "c")
    assert copies(delivered("haringey", "a"), harrow, good=before) == ["haringey", "harrow"], "two files swapped"
    assert copies(harrow, newer, good=before) == ["harrow"]
    assert copies(harrow, delivered("haringey", "", reason="missing_file"), good=before) == ["harrow"]
    assert copies(delivered("harrow", "a"), newer, good=before) == [], "its own, unchanged"
    assert copies(delivered("harrow", "a"), newer, good={"harrow": "a", "haringey": "a"}) == []
    assert copies(harrow, newer, good={"harrow": "a"}) == [], "nobody's last good export"
    assert copies(delivered("harrow", "b", 0), newer, good=before) == [], "nothing stands in it"
    (refused, _) = without_copies([harrow, newer], {"cris.haringey": ExportFacts("f", "b", "2026-11-19", 5)})
    assert "cris/harrow.csv is byte by byte the last good export of cris.haringey: " in str(refused.reason)


def test_a_corrupt_last_good_counts_as_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    promote(home, [settle(night_of(tmp_path / "a"), None)], "1")
    good = last_good(home, "custody")
    assert good is not None
    good.std_records.write_bytes(b"not parquet")
    assert last_good(home, "custody") is None


KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.core import durable
from pipeline.core.places import Home
from pipeline.validate import hold, last_good
from test_support_hold import fresh
written = last_good.write_synced
def write_then_die(path, text):
    if path.name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
    written(path, text)
last_good.write_synced = write_then_die
hold.promote(Home(Path(sys.argv[1])), [fresh(Path(sys.argv[1]) / "b", 9)], sys.argv[3])
"""


@pytest.mark.parametrize("run", ["1", "2"], ids=["the same run, continued", "another run"])
@pytest.mark.parametrize("moment", ["export.json", "good"])
def test_a_kill_while_promoting_leaves_the_old_export_whole(tmp_path: Path, moment: str, run: str) -> None:
    home = Home(tmp_path)
    promote(home, [settle(night_of(tmp_path / "a", rows=7), None)], "1")
    night_of(tmp_path / "b", rows=9)
    support = tmp_path / "test_support_hold.py"
    support.write_text(
        "from pipeline.validate.hold import FeedNight, settle\n"
        "from pipeline.validate.last_good import ExportFacts\n"
        "def fresh(folder, rows):\n"
        "    facts = ExportFacts('f', '0' * 64, '2026-11-20', rows)\n"
        "    night = FeedNight('custody', 'custody', None, rows, 0, facts, None, None, folder / 'std_records.parquet', folder / 'events.parquet')\n"
        "    return settle(night, None)\n",
        "utf-8",
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), moment, run], env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    good = last_good(home, "custody")
    assert good is not None
    assert good.facts.rows == 7
    assert read_table(good.std_records).num_rows == 0
    for rows in (9, 10, 11):
        promote(home, [settle(night_of(tmp_path / "b", rows=rows), None)], "3")
        assert last_good(home, "custody").facts.rows == rows
    assert sorted(path.name for path in (home.last_good / "custody").iterdir()) == ["3", "good"], (
        "leftovers are removed"
    )


def test_a_feed_that_is_held_for_values_that_were_not_understood_says_which_and_where(
    tmp_path: Path, suites: Suites
) -> None:
    rows = [row(n, arrested="02/11/2026 01:23" if n < 10 else "Tuesday") for n in range(30)]
    validated = validate_source(CUSTODY, [export_of(tmp_path, rows)], suites, AS_OF)[0]
    told = next(breach.reason for breach in validated.breaches if breach.code == "expectation_failed")
    assert told.startswith("Custody records have a time of arrest. 67% of the rows fail.")
    assert "In most of them started was not understood (" in told
    assert told.endswith(", as in row 12.")
    missing = [row(n, arrested="") for n in range(30)]
    validated = validate_source(CUSTODY, [export_of(tmp_path, missing)], suites, AS_OF)[0]
    assert all("not understood" not in breach.reason for breach in validated.breaches)


def test_what_reading_says_of_rows_that_it_read_stands_on_the_page(tmp_path: Path, suites: Suites) -> None:
    about = "custody.xlsx, sheet A, rows 2 to 4, column B: surname stands in one merged cell."
    export = replace(export_of(tmp_path, [row(n) for n in range(30)]), notices=[(about, 2)])
    validated = validate_source(CUSTODY, [export], suites, AS_OF)[0]
    assert not validated.breaches
    assert [(finding.failing, finding.rows) for finding in validated.findings if finding.about == about] == [(2, 30)]
    findings = [
        {name: getattr(finding, name) for name in finding.__dataclass_fields__} for finding in validated.findings
    ]
    assert about in render_validation_page("2026-11-20-1", [], findings)


def test_the_page_shows_counts_and_no_value(tmp_path: Path, suites: Suites) -> None:
    rows = [*(row(n) for n in range(30)), row(99, name="<script>alert(1)</script>, X", born="08/11/2024")]
    validated = validate_source(CUSTODY, [export_of(tmp_path, rows)], suites, AS_OF)[0]
    held = settle(night_of(tmp_path / "b", "stale"), None)
    findings = [
        {name: getattr(finding, name) for name in finding.__dataclass_fields__} for finding in validated.findings
    ]
    page = render_validation_page("2026-11-20-1", [held], findings)
    assert "SENTINEL" not in page.upper()
    assert "alert" not in page
    assert "High Street" not in page
    assert "A detainee is at least ten" in page
    assert "OFFICIAL-SENSITIVE" in page


@pytest.mark.parametrize("field", LONG)
@pytest.mark.parametrize("more", [0, 1])
def test_a_value_longer_than_any_of_its_field_is_warned_of_and_stays(
    tmp_path: Path, suites: Suites, field: str, more: int
) -> None:
    value = "x" * (LONG[field] + more)
    export = export_of(tmp_path, [row(1), row(2), row(3)])
    records = export.std_records()
    at, is_list = records.column_names.index(field), field != "address"
    values = pa.array([[value] if is_list else value] * 3, records.schema.field(field).type)
    long = replace(export, std_records=reader(records.set_column(at, records.schema.field(field), values)))
    (result,) = validate_source(CUSTODY, [long], suites, AS_OF)
    told = f"has {LONG[field]} characters at most"
    (finding,) = (finding for finding in result.findings if finding.column == field and told in finding.about)
    assert (finding.severity, finding.failing) == ("warn", 3 * more)
    assert result.n_records == 3


def test_the_page_begins_with_expectations_that_are_not_met_and_says_what_a_severity_does() -> None:
    well = {
        "feed_id": "custody",
        "suite": "a",
        "column": "sex",
        "severity": "row",
        "rows": 30,
        "failing": 0,
        "is_met": True,
    }
    findings = [
        {**well, "about": "All is well."},
        {**well, "about": "Some rows fail.", "suite": "b", "failing": 1},
        {**well, "about": "A feed does not meet it.", "suite": "c", "severity": "feed", "failing": 9, "is_met": False},
    ]
    page = render_validation_page("2026-11-20-1", [], findings)
    assert page.index("A feed does not meet it.") < page.index("Some rows fail.") < page.index("All is well.")
    assert "<em>feed</em>, a feed with too many of them is held" in page
