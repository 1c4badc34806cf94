"""A source that numbers its people anew: ids and decisions go with the people, not with the keys."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from command_line import boroughlink
from home_bytes import all_texts
from small_london import London, night_aside, published_tables, small_london

from pipeline.core.places import Home
from pipeline.core.same_person import who_hash

CONTRACT = """
source: youth_offending
title: Youth offending teams
location: youth/{borough}.csv
format: csv
delimiter: ";"
boroughs: [Hackney, Islington]
event_type: referral
person: { source_key: [Ref], surname: [Last name], forename: [First name], date_of_birth: [Birthday], postcode: [Postcode] }
event: { started: [Seen on] }
key: [source_key]
constants: { role: subject }
"""
PEOPLE = {
    "Amina": "Khan;Amina;04/03/2009;E8 1AA;01/11/2026",
    "Thomas": "Brown;Thomas;16/05/2010;N16 5BB;01/11/2026",
    "Lena": "Fox;Lena;23/08/2011;E9 7CC;01/11/2026",
    "Grace": "Okafor;Grace;30/09/2012;SE1 2DD;01/11/2026",
    "Omar": "Said;Omar;02/12/2007;W2 7XY;20/11/2026",
    "Nina": "Petrova;Nina;09/06/2006;N1 4EE;01/11/2026",
    "Yusuf": "Demir;Yusuf;21/10/2008;EC1V 9FF;20/11/2026",
    "Joel": "Adeyemi;Joel;17/07/2013;SW9 3DD;20/11/2026",
}
ADEYEMI = {
    "feed_id": "youth_offending.hackney",
    "forename": ["JOEL"],
    "surname": ["ADEYEMI"],
    "date_of_birth": dt.date(2013, 7, 17),
}


@pytest.fixture
def london(tmp_path: Path) -> London:
    london = small_london(tmp_path)
    (london.exports / "youth").mkdir()
    (tmp_path / "contracts" / "youth_offending.yaml").write_text(CONTRACT, "utf-8")
    export(london, "islington", ["Amina", "Thomas"])
    return london


def export(london: London, borough: str, people: list[str]) -> None:
    rows = [f"{borough[0].upper()}{number};{PEOPLE[name]}" for number, name in enumerate(people, 1)]
    text = "\n".join(["Ref;Last name;First name;Birthday;Postcode;Seen on", *rows, ""])
    (london.exports / "youth" / f"{borough}.csv").write_text(text, "utf-8")


def full_night(london: London, home: Path, day: str) -> dict[str, set[str]]:
    """Rebuild everything as users do; persons of each forename, of its publication."""
    done = boroughlink("run", "--run-file", str(london.run_file), "--home", str(home), "--as-of", day, "--full")
    assert done.code == 0, done.err
    return persons(home)


def quick_night(london: London, home: Path, day: str, *, is_full: bool = False) -> dict[str, set[str]]:
    """A night without Prefect, in a process that has everything loaded."""
    night_aside(replace(london.night(home, day), is_full=is_full), london.place / "out", fresh=is_full)
    return persons(home)


def persons(home: Path) -> dict[str, set[str]]:
    of_youth = f"FROM '{home}/published/current/records/*.parquet' WHERE source = 'youth_offending'"
    found = duckdb.sql(f"SELECT forename[1], person_id {of_youth}").fetchall()
    return {name: {person for own, person in found if own == name} for name, _ in found}


def record(home: Path, name: str, feed: str) -> str:
    told = f"FROM '{home}/published/current/records/*.parquet' WHERE forename[1] = '{name}'"
    [(found,)] = duckdb.sql(f"SELECT record_id {told} AND feed_id = 'youth_offending.{feed}'").fetchall()
    return str(found)


@pytest.mark.usefixtures("warm")
def test_ids_and_decisions_go_with_people_whom_a_borough_numbers_anew(
    london: London, begun_home: Path, tmp_path: Path
) -> None:
    home, twin = begun_home, tmp_path / "twin"
    export(london, "hackney", ["Amina", "Thomas", "Lena", "Grace"])
    before = quick_night(london, home, "2026-11-25")
    ends = (record(home, "THOMAS", "hackney"), record(home, "THOMAS", "islington"))
    said = ("--by", "ann", "--reason", "one boy", "--run-file", str(london.run_file), "--home", str(home))
    decided = boroughlink("decide", *ends, "--link", *said)
    assert decided.code == 0, decided.err

    export(london, "hackney", ["Grace", "Amina", "Omar", "Lena", "Thomas"])
    shutil.copytree(home, twin, symlinks=True)
    after = quick_night(london, home, "2026-11-26")
    assert {name: after[name] for name in before} == before
    assert len(set.union(*after.values())) == 5
    assert after["OMAR"].isdisjoint(set.union(*before.values()))
    assert full_night(london, twin, "2026-11-26") == after
    assert published_tables(home) == published_tables(twin)


@pytest.mark.usefixtures("warm")
def test_a_key_that_was_gone_for_a_night_means_whoever_has_it_then(london: London, tmp_path: Path) -> None:
    home, twin = tmp_path / "home", tmp_path / "twin"
    export(london, "hackney", ["Amina", "Grace", "Joel", "Lena"])
    export(london, "islington", ["Amina", "Thomas", "Nina"])
    before = quick_night(london, home, "2026-11-25")
    gone = record(home, "JOEL", "hackney")
    ends = (record(home, "GRACE", "hackney"), record(home, "NINA", "islington"))
    said = ("--by", "ann", "--reason", "one girl", "--run-file", str(london.run_file), "--home", str(home))
    assert boroughlink("decide", *ends, "--link", *said).code == 0
    export(london, "hackney", ["Amina", "Grace"])
    export(london, "islington", ["Amina", "Thomas"])
    assert quick_night(london, home, "2026-11-26").keys() == {"AMINA", "GRACE", "THOMAS"}

    shutil.copytree(home, twin, symlinks=True)
    export(london, "hackney", ["Amina", "Grace", "Omar", "Lena"])
    export(london, "islington", ["Amina", "Thomas", "Yusuf"])
    after = quick_night(london, home, "2026-11-27")
    stays = {"AMINA", "GRACE", "THOMAS", "LENA"}
    assert {name: after[name] for name in stays} == {name: before[name] for name in stays}, "Lena has her id again"
    assert len(set.union(*after.values())) == 6, "nobody decided that Yusuf is Grace"
    assert (after["OMAR"] | after["YUSUF"]).isdisjoint(set.union(*before.values()))
    [joel] = before["JOEL"]
    story = json.loads(boroughlink("history", joel, "--home", str(home), "--json").out)
    assert (story["state"], story["present"]) == ("withdrawn", [])
    assert quick_night(london, twin, "2026-11-27", is_full=True) == after
    assert published_tables(home) == published_tables(twin)

    order = ("--by", "dpo", "--order", "ICO 2026/118", "--yes", "--run-file", str(london.run_file), "--home", str(home))
    expunged = boroughlink("expunge", gone, *order)
    assert expunged.code == 0, expunged.err
    for path, text in all_texts(Home(home)).items():
        assert gone not in text, path
        assert who_hash(ADEYEMI) not in text, path


@pytest.mark.usefixtures("warm")
def test_a_link_does_not_bind_the_child_who_has_the_key_now(london: London, tmp_path: Path) -> None:
    home = tmp_path / "home"
    export(london, "hackney", ["Amina", "Thomas"])
    before = quick_night(london, home, "2026-11-25")
    ends = (record(home, "THOMAS", "hackney"), record(home, "THOMAS", "islington"))
    said = ("--by", "ann", "--reason", "one boy", "--run-file", str(london.run_file), "--home", str(home))
    assert boroughlink("decide", *ends, "--link", *said).code == 0
    export(london, "hackney", ["Amina", "Omar"])
    for day in ("2026-11-26", "2026-11-27"):
        after = quick_night(london, home, day)
        assert {name: after[name] for name in before} == before
        assert after["OMAR"].isdisjoint(before["THOMAS"])
    own = ("--run-file", str(london.run_file), "--home", str(home))
    done = boroughlink("run", *own, "--as-of", "2026-11-28")
    assert "1 decision is detached: a record is gone or speaks of somebody else." in done.out + done.err
    assert "1 decision is detached." in (home / "runs" / "2026-11-28-1" / "report.html").read_text("utf-8")
    [listed] = json.loads(boroughlink("decide", "--list", "--json", *own).out)
    assert (listed["state"], listed["detached_because"]) == ("detached", "records_differ")
