from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import boroughlink
from small_london import plain_night

from flows.night.plan import plan_night
from pipeline.review.decisions.preview import CLOSING, MOVING
from schemas.marts import MARTS

OF_THE_RUN = {"run_metrics"}
"""Tables that tell of the night and not of persons"""


def naming(folder: Path, person_ids: list[str]) -> set[str]:
    """The analysts' tables with one of the ids anywhere in a row's columns of persons."""
    found = set()
    for mart in MARTS:
        columns = [name for name in mart.names if name in ("person_id", "child_id", "offender_id")]
        rows = duckdb.sql(f"FROM '{folder / mart.name}/*.parquet'").to_arrow_table().select(columns).to_pylist()
        found |= {mart.name for row in rows if set(row.values()) & set(person_ids)}
    return found


@pytest.mark.flow
def test_a_preview_says_which_published_tables_change_and_names_none_that_is_not_there(desk: Any) -> None:
    folder = desk.desk.shelves.current().kept.folder
    assert all((folder / table).is_dir() for table in MOVING)
    row = desk.desk.shelves.current().rows(
        "SELECT * FROM queue WHERE review_type = 'grey_pair' AND len(person_ids) = 2 ORDER BY review_id LIMIT 1"
    )[0]
    browser = desk.client("asha")
    browser.open_case(row["review_id"])
    for verdict, tables in (("link", MOVING), ("unlink", CLOSING)):
        page = browser.get(f"/cases/{row['review_id']}?preview={verdict}").text
        assert f"Published tables that change with the next night: {', '.join(tables)}." in page
        assert ("stay as they are" in page) is (verdict == "unlink")
        named = re.search(r"these people are now in ([a-z_, ]+)\.", page)
        assert (named is None or "none has a row" not in page) if verdict == "link" else named is None
        assert set(named[1].split(", ") if named else ()) == (
            naming(folder, row["person_ids"]) if verdict == "link" else set()
        )


@pytest.fixture(scope="module")
def nights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same night twice: without decisions, and after a link and an unlink; with the persons of both."""
    own = os.environ.get("BOROUGHLINK_SAMPLE_HOME")
    source = Path(own) if own else request.getfixturevalue("sample_night").home
    homes = [tmp_path_factory.mktemp(name) / "home" for name in ("without", "with")]
    for home in homes:
        shutil.copytree(source, home, symlinks=True, ignore=shutil.ignore_patterns("desk", "decisions.sqlite3*"))
        (home / "published" / "current").unlink()
        (home / "published" / "current").symlink_to((source / "published" / "current").resolve().name)
    queue = homes[1] / "published" / "current" / "review_queue"
    cases = duckdb.sql(
        f"SELECT record_id_l, record_id_r, person_ids FROM '{queue}/*.parquet' WHERE review_type = 'grey_pair' AND len(person_ids) = 2 ORDER BY n_pairs, review_id LIMIT 2"
    ).fetchall()
    for (left, right, _), verdict in zip(cases, ("--link", "--unlink"), strict=True):
        said = boroughlink("decide", left, right, verdict, "--by", "Ann", "--reason", "Seen", "--home", str(homes[1]))
        assert said.code == 0, said.err
    for home in homes:
        assert plain_night(plan_night(None, home, None, None, {})).exit_code == 0
    return [home / "published" / "current" for home in homes], [people for _, _, people in cases]


@pytest.mark.slow
@pytest.mark.flow
def test_the_tables_that_a_preview_names_are_those_that_the_next_night_changes(nights: Any) -> None:
    (without, with_decisions), (_, parted) = nights
    people = f"[{', '.join(repr(person) for person in parted)}]"

    def changed(table: str, where: str = "true") -> bool:
        rows = [f"(SELECT * FROM '{folder}/{table}/*.parquet' WHERE {where})" for folder in (without, with_decisions)]
        return bool(duckdb.sql(f"({rows[0]} EXCEPT {rows[1]}) UNION ALL ({rows[1]} EXCEPT {rows[0]})").fetchall())

    tables = (
        {path.name for path in with_decisions.iterdir() if path.is_dir()} - OF_THE_RUN - {mart.name for mart in MARTS}
    )
    assert {table for table in tables if changed(table)} == set(MOVING)
    own = dict.fromkeys(
        ("persons", "records", "person_fields", "events", "identity_ledger"), f"list_contains({people}, person_id)"
    )
    assert {table for table, where in own.items() if changed(table, where)} == {"persons"}
