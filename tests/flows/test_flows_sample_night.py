"""One night on the committed sample: what a new user sees, held against the truth."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from anyascii import anyascii
from command_line import NightOnSample, boroughlink

from pipeline.core.parquet import conform
from pipeline.core.places import ROOT, SAMPLE, Home
from pipeline.publish.query import query
from schemas.marts import READABLE, VICTIM_AND_SUSPECT_CHILD
from schemas.tables import REVIEW_CLOSED

pytestmark = pytest.mark.flow
EMPTY_AT_FIRST = (REVIEW_CLOSED, VICTIM_AND_SUSPECT_CHILD)
"""No question is closed in the first night, and only a steward joins a victim and a suspect"""
OFFENDERS, VICTIMS = ("suspect", "accused", "detainee", "offender"), ("victim", "at_risk")


@pytest.fixture(scope="module")
def base(sample_night: NightOnSample, sample_truth: Path):
    """The publication's tables, and ``known``: every record with the person it truly is of."""
    with duckdb.connect() as connection:
        for table in READABLE:
            connection.execute(f"CREATE VIEW {table.name} AS FROM '{sample_night.current / table.name}/*.parquet'")
        for name in ("records", "relations", "persons"):
            connection.execute(f"CREATE VIEW true_{name} AS FROM '{sample_truth / name}.parquet'")
        connection.execute("""CREATE TABLE known AS SELECT r.*, t.true_person_id FROM records r JOIN true_records t
            ON t.feed_id = r.feed_id AND t.file = r.file AND t.sheet IS NOT DISTINCT FROM r.sheet
            AND t.row_number = r.row_number AND t.part = r.part""")
        yield connection


def one(base: duckdb.DuckDBPyConnection, sql: str) -> float:
    return base.execute(sql).fetchall()[0][0]


def test_every_feed_is_fresh_and_every_format_was_read(base) -> None:
    states = base.execute("SELECT state, count(*) FROM source_status GROUP BY state").fetchall()
    assert states == [("fresh", 105)]
    endings = {re.sub(r".*\.", "", file) for (file,) in base.execute("SELECT DISTINCT file FROM records").fetchall()}
    assert endings == {"csv", "jsonl", "sqlite", "xlsx", "xls", "ods"}
    assert one(base, "SELECT count(*) FROM records WHERE feed_id = 'borough_cse.merton'") > 0, "the encrypted workbook"


def test_all_33_boroughs_are_there(base) -> None:
    assert one(base, "SELECT count(DISTINCT borough) FROM events") == 33


@pytest.mark.parametrize("table", READABLE, ids=lambda table: table.name)
def test_published_tables_keep_their_contract(sample_night: NightOnSample, table) -> None:
    data = pq.read_table(sample_night.current / table.name)
    assert data.schema.metadata[b"marking"] == b"OFFICIAL-SENSITIVE"
    assert data.schema.field(0).metadata[b"description"]
    assert conform(data, table).equals(data)
    assert len(data) > 0 or table in EMPTY_AT_FIRST


def test_every_figure_for_analysts_leads_to_events_and_records_of_its_people(base) -> None:
    for mart in READABLE:
        events = next((name for name in mart.names if name.endswith("event_ids")), None)
        if events and "person_id" in mart.names:
            lost = f"""SELECT count(*) FROM (SELECT person_id AS counted, unnest({events}) AS event_id FROM {mart.name})
                LEFT JOIN events USING (event_id) LEFT JOIN records USING (record_id) WHERE events.person_id IS DISTINCT FROM counted OR file IS NULL"""
            assert one(base, lost) == 0, mart.name
    overdue = "SELECT count(*) FROM (SELECT unnest(overdue_event_ids) AS event_id FROM rso_borough) JOIN events USING (event_id) WHERE event_type = 'registration'"
    assert one(base, overdue) == one(base, "SELECT sum(overdue) FROM rso_borough") > 0


def test_an_address_that_a_missing_child_and_an_offender_share_is_truly_of_that_child_and_that_offender(base) -> None:
    base.execute(
        """CREATE TEMP TABLE shared AS SELECT child_id, offender_id, child_place, record_ids, postcodes FROM rso_near_missing_child"""
    )
    ends = {"offender_id": "source = 'visor'", "child_id": "source = 'merlin_mis'"}
    assert one(base, "SELECT count(*) FROM shared") > 0
    for person, source in ends.items():
        true_ones = f"SELECT true_person_id FROM known o WHERE o.person_id = {person} AND o.{source}"
        told = f"FROM known k WHERE k.person_id = {person} AND list_contains(record_ids, k.record_id) AND k.true_person_id IN ({true_ones})"
        assert one(base, f"SELECT count(*) FROM shared WHERE NOT EXISTS ({told})") == 0, person
    lived = "FROM known k WHERE k.person_id = offender_id AND list_contains(record_ids, k.record_id) AND list_contains(postcodes, k.postcode)"
    assert one(base, f"SELECT count(*) FROM shared WHERE NOT EXISTS ({lived})") == 0


def test_the_truth_knows_every_record(base) -> None:
    assert one(base, "SELECT count(*) FROM records") == one(base, "SELECT count(*) FROM known")


def test_automatic_links_are_right_and_find_most(base) -> None:
    def pairs(by: str) -> float:
        return one(base, f"SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM known GROUP BY {by})")

    right = pairs("person_id, true_person_id")
    assert right / pairs("person_id") >= 0.995
    assert right / pairs("true_person_id") >= 0.90


def test_no_twins_are_linked_by_the_machine(base) -> None:
    twins = "SELECT person_a AS a, person_b AS b FROM true_relations WHERE kind = 'twin'"
    assert one(base, f"SELECT count(*) FROM ({twins})") > 0
    together = f"""SELECT count(*) FROM ({twins}) t JOIN known x ON x.true_person_id = t.a
        JOIN known y ON y.true_person_id = t.b AND x.person_id = y.person_id"""
    assert one(base, together) == 0


def test_no_victim_is_linked_with_an_offender_without_a_steward(base) -> None:
    together = f"SELECT count(*) FROM known x JOIN known y USING (person_id) WHERE x.role IN {VICTIMS} AND y.role IN {OFFENDERS}"
    assert one(base, together) == 0
    asked = one(base, "SELECT count(*) FROM review_queue WHERE review_type = 'victim_offender'")
    assert asked > 0


def test_conflicting_identifiers_never_share_a_person(base) -> None:
    for field in ("pnc_id", "cro_number", "nhs_number", "upn"):
        assert (
            one(
                base,
                f"SELECT count(*) FROM (SELECT person_id FROM records GROUP BY 1 HAVING count(DISTINCT {field}) > 1)",
            )
            == 0
        )


def test_a_persons_value_can_be_followed_to_the_row_it_stands_on(base) -> None:
    found = base.execute("""SELECT p.person_id, f.value, r.file, r.row_number FROM persons p
        JOIN person_fields f ON f.person_id = p.person_id AND f.field = 'surname' AND f.is_chosen AND f.value = p.surname
        JOIN records r USING (record_id) WHERE r.source = 'custody' ORDER BY p.person_id LIMIT 20""").fetchall()
    assert len(found) == 20
    with (SAMPLE / "exports" / "custody" / "custody.csv").open(encoding="utf-8", newline="") as handle:
        lines = list(csv.reader(handle))
    for _, surname, file, row in found:
        assert file == "custody/custody.csv"
        written = re.sub(r"[^A-Z]", "", anyascii(lines[row - 1][2]).upper())
        assert re.sub(r"[^A-Z]", "", surname) in written


def test_duckdb_pandas_and_the_query_command_give_the_same_rows(sample_night: NightOnSample) -> None:
    sql = "SELECT person_id, surname, n_records FROM persons ORDER BY person_id"
    finished = boroughlink("query", sql, "--home", str(sample_night.home), "--json")
    by_command = json.loads(finished.out)
    frame = pd.read_parquet(sample_night.current / "persons").sort_values("person_id")
    by_pandas = frame[["person_id", "surname", "n_records"]].to_dict("records")
    glob = f"{sample_night.current}/persons/**/*.parquet"
    by_duckdb = duckdb.sql(sql.replace("FROM persons", f"FROM '{glob}'")).fetchall()
    assert [tuple(row.values()) for row in by_command] == by_duckdb
    assert [tuple(None if pd.isna(v) else v for v in row.values()) for row in by_pandas] == by_duckdb


ANALYSIS = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "analysis.md").read_text("utf-8"), re.DOTALL)
NOT_YET = {"FROM identity_ledger": "no id has ended", "as_victim": "no steward has joined a victim and a suspect"}


@pytest.mark.parametrize("sql", ANALYSIS, ids=lambda sql: " ".join(sql.split())[:40])
def test_the_questions_of_the_analysis_page_have_answers_on_the_sample(sample_night: NightOnSample, sql: str) -> None:
    rows = query(Home(sample_night.home), sql)
    assert len(rows) or any(part in sql for part in NOT_YET)


def test_visits_overdue_are_those_that_the_register_says(sample_night: NightOnSample) -> None:
    (sql,) = (sql for sql in ANALYSIS if "days_overdue" in sql)
    register = sqlite3.connect(SAMPLE / "exports" / "visor" / "visor.sqlite")
    overdue = "SELECT next_visit_due FROM offender WHERE next_visit_due < '2026-11-20' AND status = 'Managed'"
    due = sorted(day for (day,) in register.execute(overdue))
    register.close()
    assert sorted(str(day) for day in query(Home(sample_night.home), sql).column("due").to_pylist()) == due


def test_intelligence_falls_on_the_days_that_the_export_says(sample_night: NightOnSample) -> None:
    sql = "SELECT row_number, CAST(started_at AS DATE) AS day FROM events JOIN records USING (record_id) WHERE file = "
    rows = query(Home(sample_night.home), f"{sql} 'crimint/crimint.jsonl'").to_pylist()
    lines = (SAMPLE / "exports" / "crimint" / "crimint.jsonl").read_text("utf-8").splitlines()
    assert rows
    for row in rows:
        assert json.loads(lines[row["row_number"] - 1])["Date"] == row["day"].isoformat()


def test_the_report_and_the_validation_page_stand_alone(sample_night: NightOnSample) -> None:
    for name in ("report.html", "validation.html"):
        page = (sample_night.run / name).read_text("utf-8")
        outside = [link for link in re.findall(r'(?:src|href)="([^"#]+)"', page) if "://" in link]
        assert not outside
        assert "<script" not in page
        assert page.count("OFFICIAL-SENSITIVE") >= 2
    assert "More records than rows (borough_cse)" in (sample_night.run / "report.html").read_text("utf-8")


class Wanted:
    """Texts that are looked for as whole words, in either case: by the word that they begin with, for they are many."""

    def __init__(self, texts: set[str]) -> None:
        self.by_word: dict[str, list[str]] = {}
        for text in texts:
            words = re.findall(r"\w+(?:.*\w)?", text.lower())[0]
            self.by_word.setdefault(re.findall(r"\w+", words)[0], []).append(words)

    def found_in(self, content: str) -> str | None:
        lower = content.lower()
        for word in re.finditer(r"\w+", lower):
            for text in self.by_word.get(word.group(), ()):
                end = word.start() + len(text)
                if lower.startswith(text, word.start()) and not re.match(r"\w", lower[end : end + 1]):
                    return text
        return None


def test_nothing_personal_is_in_logs_pages_artifacts_and_metrics(
    sample_night: NightOnSample, sample_truth: Path
) -> None:
    people = pd.read_parquet(sample_truth / "persons.parquet")
    rare = people.surname.value_counts()
    surnames = {name for name in people.surname.unique() if len(name) > 5 and rare[name] < 4}
    births = {day.strftime(form) for day in people.date_of_birth for form in ("%d/%m/%Y", "%Y-%m-%d")}
    births -= {f"2026-11-{day:02d}" for day in range(1, 31)}
    places = {*people.address, *people.postcode}
    for texts in (surnames, births, places):
        assert Wanted(texts).found_in((SAMPLE / "exports" / "custody" / "custody.csv").read_text("utf-8"))
    wanted = Wanted(surnames | births | places)
    files = [sample_night.run / name for name in ("run.log", "metrics.json", "report.html", "validation.html")]
    files += [
        sample_night.current / "manifest.json",
        *(p for p in (sample_night.home / "prefect").rglob("*") if p.is_file()),
    ]
    files += list(sample_night.run.rglob("note.json"))
    assert len(files) > 200
    assert any(path.suffix == ".db" for path in files), "Prefect's database, with the artifact"
    for path in files:
        found = wanted.found_in(path.read_bytes().decode("latin1"))
        assert found is None, f"{path.name} holds {found!r}"
    assert wanted.found_in(sample_night.finished.err) is None


def test_prefect_keeps_its_state_in_the_home(sample_night: NightOnSample) -> None:
    assert (sample_night.home / "prefect").is_dir()


def test_the_run_says_what_happened(sample_night: NightOnSample) -> None:
    events = [json.loads(line) for line in (sample_night.run / "run.log").read_text("utf-8").splitlines()]
    said = {event["event"] for event in events}
    assert {"run begins", "feed read", "feed validated", "linked", "persons built", "published", "run ended"} <= said
    assert sum(event["event"] == "feed read" for event in events) == 105
