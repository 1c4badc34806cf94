from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from desk_client import Client, in_process
from web_desk import World, make_world

from pipeline.stewardship.audit import verify
from pipeline.stewardship.database import reading
from schemas.settings import RunSettings

pytestmark = pytest.mark.flow
HOSTILE = "=CMD|'<script>alert(1)</script>'; DROP TABLE records; --"


@pytest.fixture(scope="module")
def hostile_world(published_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, str]]:
    """The sample night, in which the persons of the first question have a surname that is an attack."""
    world = make_world(published_sample, tmp_path_factory.mktemp("hostile"))
    folder = world.home.current.resolve()
    case = duckdb.sql(
        f"SELECT review_id, person_ids FROM '{folder}/review_queue/*.parquet' WHERE len(person_ids) = 2 ORDER BY priority DESC LIMIT 1"
    ).fetchall()[0]
    assert case
    for name in ("records", "person_fields"):
        path = next((folder / name).glob("*.parquet"))
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            if row["person_id"] in case[1]:
                if name == "records":
                    row["surname"] = [HOSTILE]
                elif row["field"] == "surname":
                    row["value"] = HOSTILE
        pq.write_table(pa.Table.from_pylist(rows, table.schema), path)
    return world, {"case": case[0], "person": case[1][0]}


@pytest.fixture(scope="module")
def hostile(hostile_world: tuple[World, dict[str, str]]) -> Iterator[Any]:
    with in_process(hostile_world[0]) as opened:
        yield opened


@pytest.fixture(scope="module")
def people_of(desk: Any) -> dict[str, str]:
    """Persons by where their records lie: in Croydon alone, elsewhere alone, and in both."""
    shelf = desk.desk.shelves.current()
    sql = "SELECT person_id FROM records GROUP BY person_id HAVING {} ORDER BY count(*) DESC, person_id LIMIT 1"
    own, other = "bool_or(borough = 'Croydon')", "bool_or(borough IS DISTINCT FROM 'Croydon')"
    ways = {"both": f"{own} AND {other}", "elsewhere": f"NOT coalesce({own}, false)"}
    return {name: shelf.rows(sql.format(having))[0]["person_id"] for name, having in ways.items()}


def first_case(desk: Any) -> dict[str, Any]:
    return desk.desk.shelves.current().rows(
        "SELECT * FROM queue WHERE review_type = 'grey_pair' ORDER BY review_id LIMIT 1"
    )[0]


def decision_form(browser: Client, review_id: str) -> dict[str, str]:
    page = browser.open_case(review_id)
    return {**browser.form_of(page, f"/cases/{review_id}/decide"), "code": "history", "verdict": "unlink"}


def n_decisions(desk: Any) -> int:
    return len(desk.desk.store.log())


@pytest.mark.parametrize("token", ["", "0" * 64, "foreign"])
def test_a_form_without_the_sessions_own_token_is_refused(desk: Any, world: World, token: str) -> None:
    browser = desk.client("asha")
    case = first_case(desk)["review_id"]
    form = decision_form(browser, case)
    given = desk.client("ben").token() if token == "foreign" else token
    before = n_decisions(desk)
    assert browser.http.post(f"/cases/{case}/decide", data={**form, "csrf": given}).status_code == 403
    assert n_decisions(desk) == before


def test_a_form_from_another_site_is_refused_even_with_the_token(desk: Any) -> None:
    browser = desk.client("asha")
    answer = browser.post("/next", headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert browser.post("/next", headers={"origin": "null"}).status_code == 403


def test_a_token_that_an_attacker_set_before_is_worth_nothing_after_signing_in(desk: Any, world: World) -> None:
    victim = desk.client()
    victim.http.cookies.set("desk", "planted-by-an-attacker")
    victim.sign_in(world, "sue")
    attacker = desk.client()
    attacker.http.cookies.set("desk", "planted-by-an-attacker")
    assert attacker.get("/queue").headers["location"] == "/sign-in"
    assert victim.get("/queue").status_code == 200


def test_no_steward_confirms_their_own_decision(desk: Any, world: World) -> None:
    shelf = desk.desk.shelves.current()
    case = shelf.rows("SELECT review_id FROM queue WHERE review_type = 'victim_offender' ORDER BY review_id LIMIT 1")[
        0
    ]["review_id"]
    asha = desk.client("asha")
    asha.post(f"/cases/{case}/decide", {**decision_form(asha, case), "verdict": "link"})
    decision = desk.desk.store.log().to_pylist()[-1]
    assert decision["needs_second"]
    own = asha.post(
        f"/cases/{case}/second", {"decision_id": decision["decision_id"], "agrees": "yes", "text": "I am sure"}
    )
    assert own.status_code == 403
    assert "Nobody confirms their own decision" in own.text
    ben = desk.client("ben")
    assert "A second steward is asked" in ben.open_case(case)
    other = ben.post(
        f"/cases/{case}/second", {"decision_id": decision["decision_id"], "agrees": "yes", "text": "Seen both files"}
    )
    assert other.headers["location"].endswith("done=second")
    assert desk.desk.store.log().to_pylist()[-1]["confirms"] == decision["decision_id"]


def test_a_borough_user_finds_nothing_of_others_by_id(desk: Any, people_of: dict[str, str]) -> None:
    browser = desk.client("col")
    for path in (
        f"/persons/{people_of['elsewhere']}",
        "/persons/PNOBODY",
        f"/cases/{first_case(desk)['review_id']}",
        "/queue",
        "/audit",
        "/supervisor",
        "/accounts",
    ):
        assert browser.get(path).status_code in (403, 404), path
    told = [browser.get(f"/persons/{person}").text for person in (people_of["elsewhere"], "PNOBODY")]
    assert told[0].split("<main")[1] == told[1].split("<main")[1]


def values_of_others(desk: Any, person: str) -> set[str]:
    rows = desk.desk.shelves.current().records(person)
    own = {text for row in rows if row["borough"] == "Croydon" for text in texts_of(row)}
    return {text for row in rows if row["borough"] != "Croydon" for text in texts_of(row)} - own


def texts_of(row: dict[str, Any]) -> set[str]:
    names = (
        "forename",
        "surname",
        "alias",
        "address",
        "postcode",
        "phone",
        "email",
        "pnc_id",
        "cro_number",
        "nhs_number",
        "upn",
        "file",
    )
    found = [value for name in names for value in (row[name] if isinstance(row[name], list) else [row[name]])]
    return {value for value in found if value and len(value) > 3}


def test_a_borough_user_sees_other_boroughs_records_masked_in_table_graph_and_export(
    desk: Any, people_of: dict[str, str]
) -> None:
    browser, person = desk.client("col"), people_of["both"]
    secrets = values_of_others(desk, person)
    assert secrets
    browser.post(f"/persons/{person}/why", {"why": "enquiry"})
    page = browser.get(f"/persons/{person}").text
    export = browser.post(f"/persons/{person}/export").text
    assert "masked" in page
    assert "node--masked" in page
    assert "masked" in export
    for text in secrets:
        assert text not in page
        assert text not in export


def test_a_borough_users_search_does_not_find_by_what_others_hold(desk: Any, people_of: dict[str, str]) -> None:
    browser = desk.client("col")
    shelf = desk.desk.shelves.current()
    row = shelf.rows(
        "SELECT * FROM records WHERE person_id = ? AND surname IS NOT NULL LIMIT 1", [people_of["elsewhere"]]
    )[0]
    asked = {"surname": row["surname"][0], "forename": (row["forename"] or [""])[0], "why": "enquiry"}
    assert people_of["elsewhere"] not in browser.post("/search", asked, "/search").text
    assert people_of["elsewhere"] in desk.client("asha").post("/search", asked, "/search").text


def test_an_auditor_and_an_administrator_see_no_record_and_decide_nothing(desk: Any, people_of: dict[str, str]) -> None:
    for who in ("aud", "ada"):
        browser = desk.client(who)
        for path in ("/queue", f"/cases/{first_case(desk)['review_id']}", "/search", f"/persons/{people_of['both']}"):
            assert browser.get(path).status_code == 403, path
        assert browser.post(f"/cases/{first_case(desk)['review_id']}/decide", {"verdict": "link"}).status_code == 403


def test_a_name_that_is_markup_sql_or_a_formula_stays_text(
    hostile: Any, hostile_world: tuple[World, dict[str, str]]
) -> None:
    browser, known = hostile.client("asha"), hostile_world[1]
    page = browser.open_case(known["case"])
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    browser.post(f"/persons/{known['person']}/why", {"why": "quality"})
    assert "<script>alert" not in browser.get(f"/persons/{known['person']}").text
    export = browser.post(f"/persons/{known['person']}/export").text
    assert "'=CMD" in export
    assert not re.search(r'(^|,)"?=', export, re.MULTILINE)
    for text in (HOSTILE, "' OR 1=1 --", "%'; DELETE FROM audit_log; --", "\\x00"):
        answer = browser.post("/search", {"surname": text[:80], "identifier": text[:80], "why": "quality"}, "/search")
        assert answer.status_code in (200, 422)
        assert "<script>alert" not in answer.text
    assert hostile.desk.read(verify).is_whole


@pytest.mark.parametrize(
    "path",
    [
        "/static/../web.py",
        "/static/..%2fweb.py",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/cases/../../etc/passwd",
        "/cases/..%2f..%2fetc%2fpasswd",
        "/persons/P%00",
        "/persons/%3Cscript%3E",
        "/static/desk.css%00.png",
    ],
)
def test_tricks_with_paths_lead_nowhere(desk: Any, path: str) -> None:
    answer = desk.client("asha").get(path)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text
    assert "requires-python" not in answer.text


def test_bodies_that_are_too_large_or_malformed_are_refused(desk: Any) -> None:
    browser = desk.client("asha")
    assert browser.post("/search", {"surname": "A" * 200_000}, "/search").status_code == 413
    long = browser.http.post(
        "/search",
        content=iter([b"a" * 40_000, b"b" * 40_000]),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert long.status_code == 413
    for kind, body in (
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("application/json", b"{"),
        ("text/plain", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"%ff%fe&&&=="),
    ):
        assert browser.http.post("/search", content=body, headers={"content-type": kind}).status_code in (
            400,
            403,
            422,
        ), kind
    token = browser.token()
    assert browser.http.post("/search", data={"csrf": token, "surname": "x" * 500}).status_code == 422
    assert browser.http.post("/cases/Q1/decide", data={"csrf": token, "verdict": ["a", "b"]}).status_code < 500


def test_a_decision_sent_again_counts_once_also_after_it_was_undone(desk: Any) -> None:
    rows = desk.desk.shelves.current().rows(
        "SELECT review_id FROM queue WHERE review_type = 'grey_pair' ORDER BY review_id DESC LIMIT 1"
    )
    case, browser = rows[0]["review_id"], desk.client("asha")
    form = decision_form(browser, case)
    before = n_decisions(desk)
    for _ in range(3):
        assert browser.post(f"/cases/{case}/decide", form).status_code == 303
    assert n_decisions(desk) == before + 1
    assert browser.post(f"/cases/{case}/undo").headers["location"].endswith("done=undone")
    browser.post(f"/cases/{case}/decide", form)
    log = desk.desk.store.log().to_pylist()
    assert [row["verdict"] for row in log[before:]] == ["unlink", "retract"]


def test_a_decision_on_evidence_that_is_not_there_any_more_is_refused_with_the_new_evidence(desk: Any) -> None:
    rows = desk.desk.shelves.current().rows(
        "SELECT review_id FROM queue WHERE review_type = 'name_only' ORDER BY review_id LIMIT 1"
    )
    case, browser = rows[0]["review_id"], desk.client("asha")
    form = {**decision_form(browser, case), "evidence_hash": "0" * 32, "evidence": "forename=exact;sex=else"}
    before = n_decisions(desk)
    answer = browser.post(f"/cases/{case}/decide", form)
    assert answer.status_code == 409
    assert "The evidence has changed since you opened the case" in answer.text
    assert "Side by side" in answer.text
    assert n_decisions(desk) == before


def test_a_case_claimed_by_another_steward_is_not_decided(desk: Any) -> None:
    rows = desk.desk.shelves.current().rows(
        "SELECT review_id FROM queue WHERE review_type = 'name_only' ORDER BY review_id DESC LIMIT 1"
    )
    case, ben = rows[0]["review_id"], desk.client("ben")
    form = decision_form(ben, case)
    asha = desk.client("asha")
    asha.open_case(case)
    assert asha.post(f"/cases/{case}/claim").status_code == 303
    assert ben.post(f"/cases/{case}/claim").status_code == 409
    assert ben.post(f"/cases/{case}/decide", form).status_code == 409
    asha.post(f"/cases/{case}/release")
    assert ben.post(f"/cases/{case}/claim").status_code == 303


def test_guessing_passwords_from_one_address_is_slowed_down(world: World) -> None:
    with in_process(world, RunSettings()) as strict:
        tries = [
            strict.client().http.post("/sign-in", data={"name": "Nobody", "password": str(uuid4())}) for _ in range(30)
        ]
    assert 429 in {answer.status_code for answer in tries}


def test_the_database_refuses_to_change_or_remove_decisions_and_entries_of_the_log(desk: Any) -> None:
    engine = desk.desk.store.engine
    for sql in (
        "UPDATE audit_log SET actor = 'somebody else' WHERE seq = 1",
        "DELETE FROM audit_log WHERE seq = 1",
        "INSERT INTO audit_log SELECT seq + 1000, at, actor, role, action, subject, why, prev_hash, hash, erasure_id FROM audit_log LIMIT 1",
        "UPDATE decisions SET verdict = 'link'",
        "DELETE FROM decisions",
        "INSERT OR REPLACE INTO decisions SELECT * FROM decisions LIMIT 1",
    ):
        with pytest.raises(sa.exc.DBAPIError), engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(sql)


def test_a_tampered_entry_of_the_log_is_found(hostile: Any, hostile_world: tuple[World, dict[str, str]]) -> None:
    browser = hostile.client("aud")
    assert "The chain is whole" in browser.post("/audit/verify", page="/audit").text
    engine = hostile.desk.store.engine
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("DROP TRIGGER audit_log_update")
        connection.exec_driver_sql("UPDATE audit_log SET why = 'made up later' WHERE seq = 3")
    with reading(engine) as connection:
        proof = verify(connection)
    assert (proof.is_whole, proof.broken_at) == (False, 3)
    assert "The chain is broken" in browser.post("/audit/verify", page="/audit").text


def test_a_log_that_was_cut_at_its_end_is_found_by_the_head_kept_elsewhere(desk: Any) -> None:
    with reading(desk.desk.store.engine) as connection:
        proof = verify(connection)
        assert verify(connection, (proof.n_entries, proof.head)).is_whole
        assert not verify(connection, (proof.n_entries, "0" * 64)).is_whole
        assert not verify(connection, (proof.n_entries + 5, proof.head)).is_whole


def test_no_address_and_no_log_line_holds_a_name(desk: Any, world: World, people_of: dict[str, str]) -> None:
    browser = desk.client("asha")
    shelf = desk.desk.shelves.current()
    row = shelf.rows(
        "SELECT surname FROM records WHERE person_id = ? AND surname IS NOT NULL LIMIT 1", [people_of["both"]]
    )[0]
    browser.post("/search", {"surname": row["surname"][0], "why": "enquiry"}, "/search")
    with reading(desk.desk.store.engine) as connection:
        told = connection.exec_driver_sql("SELECT subject || why FROM audit_log").scalars().all()
    assert not any(row["surname"][0] in text for text in told)


def test_a_host_name_that_is_not_the_desks_own_is_refused(desk: Any) -> None:
    assert desk.client().get("/sign-in", headers={"host": "evil.example"}).status_code == 421


def test_the_wrong_password_of_a_disabled_account_and_its_right_one_let_nobody_in(desk: Any, world: World) -> None:
    ada = desk.client("ada")
    page = ada.post("/accounts", {"name": "Tem Porary", "role": "steward"}, "/accounts").text
    found = re.search(r'id="first-password">([^<]+)<', page)
    assert found
    account = re.search(r"/accounts/([0-9a-f-]+)/disable\">Disable<[^>]*> Tem Porary<", page)
    assert account
    ada.post(f"/accounts/{account[1]}/disable", page="/accounts")
    assert desk.client().post("/sign-in", {"name": "Tem Porary", "password": found[1]}, "/sign-in").status_code == 401
