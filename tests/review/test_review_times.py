"""Days, times and codes as people in London read them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipeline.review.frame.csv_file import plain_cell
from pipeline.review.frame.pages import day, moment, second_words, value_words
from pipeline.review.frame.words import within
from pipeline.review.questions.tasks import done_today
from pipeline.review.records.earlier_decisions import earlier_decisions
from pipeline.stewardship.columns import DESK_ANSWERS
from pipeline.stewardship.database import reading, writing
from pipeline.stewardship.decision import Decision
from pipeline.stewardship.store import open_store
from schemas.decisions import NewDecision

MIDNIGHT = dt.datetime(2025, 5, 18, 23, 0, tzinfo=dt.UTC)


def test_a_midnight_in_london_is_told_as_the_day_that_it_begins() -> None:
    assert day(MIDNIGHT) == "19 May 2025"
    assert moment(MIDNIGHT) == "19 May 2025, 00:00"
    assert plain_cell(MIDNIGHT) == "2025-05-19T00:00:00+01:00"


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        ("2012-10-31", "date_of_birth", "31 October 2012"),
        ("2012-00-00", "date_of_birth", "2012-00-00"),
        ("B2", "ethnicity", "Black African (B2)"),
        ("F", "sex", "Female"),
        ("M", "surname", "M"),
        (None, "surname", "\N{EN DASH}"),
    ],
)
def test_values_of_golden_records_are_told_in_words(value: str | None, field: str, words: str) -> None:
    assert value_words(value, field) == words


def test_abbreviations_stay_large_within_a_sentence() -> None:
    assert [within(words) for words in ("PNC ID", "NHS number", "Date of birth", "E-mail")] == [
        "PNC ID",
        "NHS number",
        "date of birth",
        "e-mail",
    ]


def test_why_two_people_are_needed_is_a_reason_and_not_a_code() -> None:
    assert (
        second_words("name_only;many_records")
        == "the link would rest on a name alone and it moves many records at once"
    )
    assert second_words("own_rule") == "own rule"


def test_what_was_answered_today_counts_from_midnight_in_london(tmp_path: Path) -> None:
    row = {
        "review_id": "Q1",
        "review_type": "grey_pair",
        "verdict": "link",
        "decided_by": "Ann",
        "decision_ids": "[]",
        "last_seq": 1,
        "was_linked": False,
        "is_undone": False,
    }
    half_past_eleven = dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC)
    times = [half_past_eleven, half_past_eleven + dt.timedelta(hours=1)]
    rows = [{**row, "answer_id": str(at), "decided_at": at} for at in times]
    with open_store(f"sqlite:///{tmp_path}/state/decisions.sqlite3") as store:
        with writing(store.engine) as connection:
            connection.execute(sa.insert(DESK_ANSWERS), rows)
        with reading(store.engine) as connection:
            assert done_today(connection, dt.datetime(2026, 7, 2, 8, 0, tzinfo=dt.UTC)) == {"Ann": 1}


def test_to_confirm_another_stewards_answer_counts_as_no_answer_today(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    facts: dict[str, Any] = {"reason": "Seen", "n_records": 30}  # so many wait for a second steward
    with open_store(f"sqlite:///{tmp_path}/state/decisions.sqlite3") as store:
        pair = {"record_id_l": "a", "record_id_r": "b"}
        given = store.decide(NewDecision(verdict="link", decided_by="Ann", **pair, **facts)).decision
        confirmed = store.decide(NewDecision(decided_by="Ben", confirms=given.decision_id, **facts)).decision
        rows = [
            {
                "answer_id": decision.decision_id,
                "review_id": "Q1",
                "review_type": "grey_pair",
                "verdict": "link",
                "decided_by": decision.decided_by,
                "decided_at": now,
                "decision_ids": json.dumps([decision.decision_id]),
                "last_seq": decision.seq,
                "was_linked": False,
                "is_undone": False,
            }
            for decision in (given, confirmed)
        ]
        with writing(store.engine) as connection:
            connection.execute(sa.insert(DESK_ANSWERS), rows)
            assert done_today(connection, now) == {"Ann": 1}


def test_an_answer_that_was_taken_back_on_the_command_line_is_not_counted_today(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    signature: dict[str, Any] = {"decided_by": "Ann", "reason": "Seen", "n_records": 2}
    with open_store(f"sqlite:///{tmp_path}/state/decisions.sqlite3") as store:
        answer = store.decide(NewDecision(verdict="unlink", record_id_l="a", record_id_r="b", **signature)).decision
        row = {
            "answer_id": "1",
            "review_id": "Q1",
            "review_type": "grey_pair",
            "verdict": "unlink",
            "decided_by": "Ann",
            "decided_at": now,
            "decision_ids": json.dumps([answer.decision_id]),
            "last_seq": answer.seq,
            "was_linked": False,
            "is_undone": False,
        }
        with writing(store.engine) as connection:
            connection.execute(sa.insert(DESK_ANSWERS), row)
            assert done_today(connection, now) == {"Ann": 1}
        store.decide(NewDecision(verdict="retract", retracts=answer.decision_id, **signature))
        with reading(store.engine) as connection:
            assert done_today(connection, now) == {}


@pytest.mark.flow
def test_the_export_of_a_person_begins_with_its_header_and_every_row_is_marked(desk: Any) -> None:
    person = desk.desk.shelves.current().rows(
        "SELECT person_id FROM persons ORDER BY n_records DESC, person_id LIMIT 1"
    )[0]["person_id"]
    for who in ("asha",):
        browser = desk.client(who)
        browser.post(f"/persons/{person}/why", {"why": "enquiry"})
        rows = list(csv.DictReader(io.StringIO(browser.post(f"/persons/{person}/export").text)))
        assert rows
        assert {row["person_id"] for row in rows} == {person}
        assert {row["marking"] for row in rows} == {"OFFICIAL-SENSITIVE"}
        assert None not in rows[0]


@pytest.mark.flow
def test_no_page_shows_a_birthday_or_a_night_as_a_code(desk: Any) -> None:
    shelf, asha = desk.desk.shelves.current(), desk.client("asha")
    row = shelf.rows(
        "SELECT p.person_id, p.date_of_birth, p.surname, q.review_id FROM persons p JOIN queue q ON list_contains(q.person_ids, p.person_id) WHERE p.date_of_birth IS NOT NULL AND p.surname IS NOT NULL AND len(q.person_ids) = 2 ORDER BY 1 LIMIT 1"
    )[0]
    asha.post(f"/persons/{row['person_id']}/why", {"why": "enquiry"})
    asha.open_case(row["review_id"])
    pages = [
        asha.get(f"/persons/{row['person_id']}").text,
        asha.get(f"/cases/{row['review_id']}?preview=link").text,
        asha.post(
            "/search",
            {"surname": row["surname"], "date_of_birth": day(row["date_of_birth"]), "why": "enquiry"},
            "/search",
        ).text,
        asha.get("/queue").text,
    ]
    for page in pages[:3]:
        assert day(row["date_of_birth"]) in page
        assert row["date_of_birth"].isoformat() not in page
    assert not any(f">{shelf.run_id}<" in page or f" {shelf.run_id}" in page for page in pages)


def test_the_records_of_a_decision_are_told_in_the_order_of_their_numbers() -> None:
    decided = Decision(
        seq=1,
        decision_id="D",
        record_id_l="a",
        record_id_r="b",
        verdict="link",
        decided_by="A",
        decided_at=MIDNIGHT,
        recorded_at=MIDNIGHT,
        reason="Seen",
        needs_second=False,
    )
    assert earlier_decisions({("a", "b"): [decided]}, {"a": "10", "b": "9"})[0].labels == ("9", "10")
