"""``boroughlink link`` reads each list's birthdays in the order in which that list writes them, and says so."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from command_line import boroughlink

from flows.any_table.date_words import dates_told

FORENAMES = ("Amina", "Tariq", "Grace", "Yusuf", "Ella", "Kofi")
SURNAMES = ("Khan", "Smith", "Okafor", "Brown", "Patel", "Nowak", "Ali")
BORN = [dt.date(1970, 1, 1) + dt.timedelta(days=97 * person) for person in range(160)]


def write_list(path: Path, form: str, born: list[dt.date] = BORN) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["forename", "surname", "date_of_birth", "person"])
        for person, day in enumerate(born):
            name = (FORENAMES[person % 6], SURNAMES[person % 7] + SURNAMES[person // 7 % 7].lower())
            writer.writerow([*name, day.strftime(form), person])
    return path


def link(tmp_path: Path, *files: Path) -> dict[str, Any]:
    done = boroughlink(
        "link", *map(str, files), "--link-only", "--truth", "person", "--out", str(tmp_path / "out"), "--json"
    )
    assert done.code == 0, done.err
    facts: dict[str, Any] = done.said
    return facts


def test_a_list_with_the_day_first_is_linked_with_one_with_the_month_first(tmp_path: Path) -> None:
    ours, theirs = write_list(tmp_path / "ours.csv", "%d/%m/%Y"), write_list(tmp_path / "theirs.csv", "%m/%d/%Y")
    facts = link(tmp_path, ours, theirs)
    assert facts["quality"]["pairs"]["f1"] > 0.99
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "date_of_birth of ours is read day first: " in report
    assert "date_of_birth of theirs is read month first: " in report
    assert {(each["list"], each["order"], each["told_by"]) for each in facts["date_orders"]} == {
        ("ours", "day first", "own"),
        ("theirs", "month first", "own"),
    }


@pytest.mark.parametrize(("four", "two"), [("%Y-%m-%d", "%d/%m/%y"), ("%d %B %Y", "%d-%b-%y")])
def test_a_list_with_two_digits_of_the_year_is_linked_with_one_with_four(tmp_path: Path, four: str, two: str) -> None:
    facts = link(tmp_path, write_list(tmp_path / "ours.csv", four), write_list(tmp_path / "theirs.csv", two))
    assert facts["quality"]["pairs"]["f1"] > 0.99


@pytest.mark.parametrize(("other", "order"), [("%m/%d/%Y", "month first"), ("%Y-%m-%d", "day first")])
def test_a_list_that_does_not_tell_is_read_as_the_others_or_else_the_day_first(
    tmp_path: Path, other: str, order: str
) -> None:
    open_days = [day.replace(day=day.month % 12 + 1) for day in BORN]
    small = write_list(tmp_path / "small.csv", "%m/%d/%Y", open_days)
    told = {
        each["list"]: each for each in link(tmp_path, write_list(tmp_path / "large.csv", other), small)["date_orders"]
    }
    assert told["small"]["order"] == order
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert ("as in all lists together" if order == "month first" else "If it is not so, write them as") in report


def test_one_date_that_tells_the_order_is_told_in_the_singular() -> None:
    facts = {"column": "dob", "list": "", "order": "day first", "only_month_first": 0, "either": 0}
    own = dates_told([{**facts, "told_by": "own", "only_day_first": 1}])
    assert own == ["dob is read day first: one date can only be read so."]
    [usual] = dates_told([{**facts, "told_by": "usual", "only_day_first": 0, "either": 1}])
    assert "its one date does not tell" in usual
