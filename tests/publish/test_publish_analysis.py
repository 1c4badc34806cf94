"""The questions of docs/analysis.md at their edges: the day itself, what is not known, and a person on both sides."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from one_person import tables

from pipeline.core.clock import LONDON
from pipeline.core.places import ROOT, Home
from pipeline.publish.publication import publish
from pipeline.publish.query import query

NIGHT = dt.date(2026, 11, 20)
PAGE = (ROOT / "docs" / "analysis.md").read_text("utf-8")
SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
SQL = {text.split("\n", 1)[0]: sql for text in SECTIONS for sql in re.findall(r"```sql\n(.*?)```", text, re.DOTALL)[:1]}
MISSING = "Children missing in one borough, and at risk of exploitation in another"
SUSPECTS = "Suspects with children as victims in several boroughs"
CHILD, ADULT = dt.date(2012, 5, 1), dt.date(1980, 5, 1)
Event = dict[str, Any]


def at(day: str, clock: str = "00:00") -> dt.datetime:
    """A moment by London's clock."""
    return dt.datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=LONDON)


def crime(ref: str, role: str, borough: str | None, day: str = "2026-03-02") -> Event:
    return {"event_type": "crime", "event_ref": ref, "role": role, "borough": borough, "started_at": at(day)}


def registered(due: str | None, status: str | None = "managed", day: str = "2025-01-01", **told: str) -> Event:
    attributes = told | ({"next_visit_due_date": due} if due else {})
    return {
        "event_type": "registration",
        "role": "offender",
        "status": status,
        "started_at": at(day),
        "attributes": attributes or None,
    }


def missing(day: str, clock: str = "12:00", borough: str = "Camden") -> Event:
    return {"event_type": "missing_episode", "role": "missing", "borough": borough, "started_at": at(day, clock)}


def concern(borough: str | None) -> Event:
    return {"event_type": "exploitation_concern", "role": "at_risk", "borough": borough, "risk": "low"}


def ask(folder: Path, title: str, births: dict[str, dt.date | None], events: dict[str, list[Event]]) -> list[Any]:
    """The answer on a publication of these persons, with a record each."""
    home, given = Home(folder / "home"), tables()
    for name in ("persons", "person_fields", "records", "events", "identity_ledger", "link_changes"):
        (row,) = given[name].to_pylist()
        rows = []
        for person, birth in births.items():
            record = f"r{person}"
            own = {
                "person_id": person,
                "person_id_after": person,
                "record_id": record,
                "record_ids": [record],
                "date_of_birth": birth,
            }
            told = (
                [event | {"event_id": f"{person}{n}"} for n, event in enumerate(events[person])]
                if name == "events"
                else [{}]
            )
            rows += [row | {key: value for key, value in (own | event).items() if key in row} for event in told]
        given[name] = pa.Table.from_pylist(rows, given[name].schema)
    publish(home, f"{NIGHT}-1", given, {"as_of": f"{NIGHT}"})
    return query(home, SQL[title]).to_pylist()


def test_a_visit_is_overdue_from_the_day_after_it_was_due(tmp_path: Path) -> None:
    births = dict.fromkeys(("P1", "P2", "P3", "P4"), ADULT)
    events = {
        "P1": [registered("2026-11-20")],
        "P2": [registered("2026-11-19")],
        "P3": [registered(None)],
        "P4": [registered("2026-01-01", "in custody")],
    }
    rows = ask(tmp_path, "Registered sex offenders not visited in time", births, events)
    assert [(row["person_id"], row["days_overdue"]) for row in rows] == [("P3", None), ("P2", 1)]


def test_offenders_that_are_overdue_are_those_that_the_table_by_borough_counts(tmp_path: Path) -> None:
    births = dict.fromkeys(("P1", "P2", "P3", "P4"), ADULT)
    events = {
        "P1": [registered("2026-11-10", None)],
        "P2": [registered(None, last_visit_date="2026-11-01", visit_frequency_days="7")],
        "P3": [registered("2026-01-01", day="2025-01-01"), registered("2027-01-01", day="2026-01-01")],
        "P4": [registered("2026-01-01", "Abroad")],
    }
    rows = ask(tmp_path, "Registered sex offenders not visited in time", births, events)
    assert [(row["person_id"], row["days_overdue"]) for row in rows] == [("P2", 12), ("P1", 10)]
    (counted,) = query(
        Home(tmp_path / "home"), "SELECT sum(overdue) AS n, max(longest_overdue_days) AS most FROM rso_borough"
    ).to_pylist()
    assert (counted["n"], counted["most"]) == (2, 12)


def test_the_night_is_that_of_the_publication_also_where_every_feed_is_held(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    given = tables()
    held = pa.array([dt.date(2026, 11, 1)], pa.date32())
    status = given["source_status"]
    place = status.schema.get_field_index("export_date")
    publish(
        home,
        "2026-11-20-1",
        given | {"source_status": status.set_column(place, status.field(place), held)},
        {"as_of": "2026-11-20"},
    )
    assert query(home, "FROM night").to_pylist() == [{"run_id": "2026-11-20-1", "as_of": NIGHT}]
    (elsewhere,) = re.findall(r"`CREATE VIEW (night AS .+?)`", PAGE)
    with duckdb.connect() as base:
        base.execute(f"CREATE VIEW {elsewhere.replace('current/', f'{home.current}/')}")
        assert base.execute("FROM night").fetchall() == [("2026-11-20-1", NIGHT)]


def test_nobody_is_a_victim_of_their_own(tmp_path: Path) -> None:
    events = {
        "P1": [crime("1", "suspect", "Camden"), crime("2", "suspect", "Brent"), crime("2", "victim", "Brent")],
        "P2": [crime("1", "victim", "Camden")],
    }
    assert ask(tmp_path, SUSPECTS, {"P1": ADULT, "P2": CHILD}, events) == []


def test_a_borough_that_is_not_known_is_not_a_second_one(tmp_path: Path) -> None:
    births = {"P1": ADULT, "P2": CHILD, "P3": CHILD}
    events = {
        "P1": [crime("1", "suspect", "Camden"), crime("2", "suspect", None)],
        "P2": [crime("1", "victim", "Camden")],
        "P3": [crime("2", "victim", None)],
    }
    assert ask(tmp_path, SUSPECTS, births, events) == []
    events["P3"] = [crime("2", "victim", "Brent")]
    (row,) = ask(tmp_path / "known", SUSPECTS, births, events)
    assert (row["victims"], row["child_victims"], row["boroughs"]) == (2, 2, ["Brent", "Camden"])


@pytest.mark.parametrize(("birth", "is_child"), [("2008-11-01", False), ("2008-11-02", True), (None, True)])
def test_who_goes_missing_is_a_child_until_the_day_before_the_eighteenth_birthday_and_without_one(
    tmp_path: Path, birth: str | None, is_child: bool
) -> None:
    born = dt.date.fromisoformat(birth) if birth else None
    events = {"P1": [missing("2026-11-01"), concern("Brent")]}
    rows = ask(tmp_path, MISSING, {"P1": born}, events)
    assert len(rows) == is_child


def test_ninety_days_begin_at_midnight_in_london(tmp_path: Path) -> None:
    events = {"P1": [missing("2026-08-23", "00:00"), missing("2026-08-22", "23:59"), concern("Brent")]}
    (row,) = ask(tmp_path, MISSING, {"P1": CHILD}, events)
    assert (row["episodes_365_days"], row["episodes_90_days"], row["missing_in"], row["cse_in"]) == (
        2,
        1,
        ["Camden"],
        ["Brent"],
    )


@pytest.mark.parametrize("concerns", [["Camden"], []])
def test_a_child_missing_where_the_concern_is_or_without_one_is_not_missing_elsewhere(
    tmp_path: Path, concerns: list[str]
) -> None:
    events = {"P1": [missing("2026-11-01"), *map(concern, concerns)]}
    assert ask(tmp_path, MISSING, {"P1": CHILD}, events) == []


def test_a_crime_falls_into_the_month_that_london_had(tmp_path: Path) -> None:
    events = {"P1": [crime("1", "victim", "Camden", "2026-07-01"), crime("1", "suspect", "Camden", "2026-07-01")]}
    rows = ask(tmp_path, "Crimes against children, by month and borough", {"P1": CHILD}, events)
    assert [(row["month"], row["crimes"], row["is_suppressed"]) for row in rows] == [(dt.date(2026, 7, 1), None, True)]


def test_a_child_who_is_both_in_one_crime_is_victim_and_suspect_and_an_adult_is_not(tmp_path: Path) -> None:
    births = {"P1": CHILD, "P2": CHILD, "P3": dt.date(2008, 3, 2)}
    both = [crime("1", "victim", "Camden", "2026-03-01"), crime("1", "suspect", None, "2026-03-01")]
    grown = [crime("2", "victim", "Camden", "2026-03-01"), crime("3", "suspect", "Camden", "2026-03-02")]
    events = {"P1": both, "P2": [crime("1", "victim", "Camden")], "P3": grown}
    (row,) = ask(tmp_path, "Children who are victims and suspects", births, events)
    assert (row["person_id"], row["as_victim"], row["as_suspect"], row["boroughs"]) == ("P1", 1, 1, ["Camden"])
    assert row["victim_since"] == row["suspect_since"] == dt.date(2026, 3, 1)


def test_hours_in_custody_are_those_that_went_by_also_when_the_clocks_go_back(tmp_path: Path) -> None:
    start, end = at("2026-10-24", "22:00"), at("2026-10-25", "04:00")
    kept = {"event_type": "custody", "role": "detainee", "event_ref": "1", "started_at": start, "ended_at": end}
    events = {
        "P1": [kept | {"attributes": {"charged_at": "2026-10-25T01:00:00+00:00"}}],
        "P2": [kept | {"event_ref": "2", "ended_at": None, "attributes": None}],
        "P3": [kept],
    }
    births = {"P1": dt.date(2008, 10, 25), "P2": CHILD, "P3": dt.date(2008, 10, 24)}
    rows = ask(tmp_path, "Children in custody", births, events)
    told = [(row["person_id"], row["age"], row["hours"], row["is_overnight"], row["is_charged"]) for row in rows]
    assert told == [("P2", 14, None, True, False), ("P1", 17, 7.0, True, True)]
