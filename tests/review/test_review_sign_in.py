from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from desk_client import TOKEN
from web_desk import PASSWORD, World

from pipeline.stewardship.columns import DESK_SESSIONS
from pipeline.stewardship.database import reading

pytestmark = pytest.mark.flow
WRONG = "Name or password is wrong"


def test_nobody_sees_a_page_without_signing_in(desk: Any) -> None:
    for page in ("/", "/queue", "/cases/Q1", "/search", "/persons/P1", "/audit", "/supervisor", "/accounts", "/help"):
        answer = desk.client().get(page)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/sign-in"), page


def test_a_steward_signs_in_with_password_and_code_and_lands_on_the_queue(desk: Any, world: World) -> None:
    browser = desk.client("asha")
    assert browser.get("/").headers["location"] == "/queue"
    assert "Asha Steward" in browser.get("/queue").text


def test_the_password_alone_lets_nobody_in(desk: Any, world: World) -> None:
    browser = desk.client()
    browser.post("/sign-in", {"name": "Asha Steward", "password": PASSWORD}, "/sign-in")
    assert browser.get("/queue").headers["location"] == "/sign-in"


def test_a_code_counts_once(desk: Any, world: World) -> None:
    code = world.people["ben"].code()
    for status in (303, 401):
        browser = desk.client()
        browser.post("/sign-in", {"name": "Ben Steward", "password": PASSWORD}, "/sign-in")
        assert browser.post("/sign-in/code", {"code": code}, "/sign-in/code").status_code == status


def test_a_wrong_name_and_a_wrong_password_are_told_alike(desk: Any) -> None:
    answers = [
        desk.client().post("/sign-in", {"name": name, "password": "wrong"}, "/sign-in")
        for name in ("Asha Steward", "Nobody Here")
    ]
    assert all(answer.status_code == 401 and WRONG in answer.text for answer in answers)


def test_the_session_has_another_token_after_each_factor(desk: Any, world: World) -> None:
    browser = desk.client()
    tokens = []
    browser.get("/sign-in")
    tokens.append(browser.http.cookies["desk"])
    browser.post("/sign-in", {"name": "Sue Visor", "password": PASSWORD}, "/sign-in")
    tokens.append(browser.http.cookies["desk"])
    browser.post("/sign-in/code", {"code": world.people["sue"].code()}, "/sign-in/code")
    tokens.append(browser.http.cookies["desk"])
    assert len(set(tokens)) == 3
    for old in tokens[:2]:
        other = desk.client()
        other.http.cookies.set("desk", old)
        assert other.get("/queue").headers["location"] == "/sign-in"


def test_a_session_ends_by_signing_out_by_idling_and_after_a_working_day(desk: Any, world: World) -> None:
    browser = desk.client("asha")
    token = browser.http.cookies["desk"]
    real = desk.desk.clock
    try:
        desk.desk.clock = lambda: real() + dt.timedelta(minutes=16)
        assert browser.get("/queue").headers["location"] == "/sign-in"
        desk.desk.clock = lambda: real() + dt.timedelta(hours=9)
        assert browser.get("/queue").headers["location"] == "/sign-in"
    finally:
        desk.desk.clock = real
    assert browser.get("/queue").status_code == 200
    browser.post("/sign-out")
    browser.http.cookies.set("desk", token)
    assert browser.get("/queue").headers["location"] == "/sign-in"


def test_an_account_is_locked_after_five_wrong_tries_and_open_again_later(desk: Any, world: World) -> None:
    for _ in range(5):
        desk.client().post("/sign-in", {"name": "Aud Itor", "password": "guess"}, "/sign-in")
    right = desk.client().post("/sign-in", {"name": "Aud Itor", "password": PASSWORD}, "/sign-in")
    assert right.status_code == 401
    real = desk.desk.clock
    try:
        desk.desk.clock = lambda: real() + dt.timedelta(minutes=16)
        later = desk.client().post("/sign-in", {"name": "Aud Itor", "password": PASSWORD}, "/sign-in")
        assert later.status_code == 303
    finally:
        desk.desk.clock = real


def test_the_store_keeps_no_token_that_a_thief_could_use(desk: Any, world: World) -> None:
    token = desk.client("ada").http.cookies["desk"]
    with reading(desk.desk.store.engine) as connection:
        kept = {row.token_hash for row in connection.execute(DESK_SESSIONS.select())}
    assert kept
    assert token not in kept


def test_every_answer_has_a_policy_that_lets_nothing_in_from_elsewhere(desk: Any) -> None:
    answer = desk.client().get("/sign-in")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN.search(answer.text)
