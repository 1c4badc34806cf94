from __future__ import annotations

import datetime as dt
import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from desk_client import Client
from web_desk import PASSWORD, World

from pipeline.review.frame.kept_form import KeptForm, kept_form_in
from pipeline.stewardship.columns import DESK_SESSIONS

pytestmark = pytest.mark.flow
OWN = {"origin": "http://127.0.0.1"}


@pytest.fixture
def case(desk: Any) -> str:
    return str(
        desk.desk.shelves.current().rows(
            "SELECT review_id FROM queue WHERE review_type = 'grey_pair' AND n_pairs = 1 ORDER BY review_id LIMIT 1"
        )[0]["review_id"]
    )


@pytest.fixture
def case_form(desk: Any, world: World, case: str) -> tuple[Client, str, dict[str, str]]:
    """A steward's browser with the form of a case filled in."""
    browser = desk.client("asha")
    form = browser.form_of(browser.open_case(case), f"/cases/{case}/decide")
    return browser, f"/cases/{case}/decide", {**form, "verdict": "unsure", "code": "thin", "text": "Only a name <b>"}


def end_all_sessions(desk: Any) -> None:
    long_ago = desk.desk.clock() - dt.timedelta(hours=1)
    desk.desk.write(lambda connection: connection.execute(sa.update(DESK_SESSIONS).values(seen_at=long_ago)))


def hidden(text: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', text)
    assert found, name
    return html.unescape(found[1])


def signed_in_from(browser: Client, lost: Any, password: str) -> Any:
    """What the first page of signing in answers that a form led to whose session was over."""
    kept = {name: hidden(lost.text, name) for name in ("csrf", "kept")}
    return browser.http.post("/sign-in", data={**kept, "name": "Asha Steward", "password": password})


def n_decisions(desk: Any) -> int:
    return len(desk.desk.store.log())


def test_a_form_sent_after_the_session_is_over_is_offered_again_after_signing_in(
    desk: Any, world: World, case_form: Any
) -> None:
    browser, path, form = case_form
    before = n_decisions(desk)
    end_all_sessions(desk)
    lost = browser.http.post(path, data=form, headers=OWN)
    assert lost.status_code == 401
    assert "What you entered is kept" in lost.text
    assert "Only a name &lt;b&gt;" in lost.text

    world.forget_codes()
    asked = signed_in_from(browser, lost, PASSWORD)
    offered = browser.http.post(
        "/sign-in/code",
        data={
            "csrf": hidden(asked.text, "csrf"),
            "kept": hidden(asked.text, "kept"),
            "code": world.people["asha"].code(),
        },
    )
    assert "Send what you entered?" in offered.text
    assert n_decisions(desk) == before, "nothing is saved before the steward says so"

    again = {name: html.unescape(value) for name, value in browser.form_of(offered.text, path).items()}
    assert browser.http.post(path, data=again, headers=OWN).status_code == 303
    assert n_decisions(desk) == before + 1
    browser.post(f"/cases/{path.split('/')[2]}/undo")


def test_a_wrong_password_on_the_way_does_not_lose_it(desk: Any, case_form: Any) -> None:
    browser, path, form = case_form
    end_all_sessions(desk)
    lost = browser.http.post(path, data=form, headers=OWN)
    asked = signed_in_from(browser, lost, "wrong")
    assert asked.status_code == 401
    assert json.loads(hidden(asked.text, "kept"))["to"] == path


def test_a_form_of_an_earlier_session_is_offered_again_and_not_carried_out(
    desk: Any, world: World, case_form: Any
) -> None:
    browser, path, form = case_form
    before = n_decisions(desk)
    browser.http.cookies.clear()
    browser.sign_in(world, "asha")
    answer = browser.http.post(path, data=form, headers=OWN)
    assert answer.status_code == 403
    assert "Send what you entered?" in answer.text
    assert n_decisions(desk) == before


def test_a_form_without_any_cookie_is_kept_too(desk: Any, case_form: Any) -> None:
    browser, path, form = case_form
    browser.http.cookies.clear()
    answer = browser.http.post(path, data=form, headers=OWN)
    assert answer.status_code == 401
    assert "What you entered is kept" in answer.text
    assert "desk=" in answer.headers["set-cookie"]


def test_undoing_after_the_session_is_over_is_offered_again(desk: Any, case_form: Any) -> None:
    browser, path, _ = case_form
    end_all_sessions(desk)
    for address, words in (
        (path.replace("/decide", "/undo"), "Undo your latest answer to this question"),
        ("/persons/P1/undo", "Undo your latest unmerge of this person"),
    ):
        answer = browser.http.post(address, data={}, headers=OWN)
        assert answer.status_code == 401
        assert words in answer.text
        assert json.loads(hidden(answer.text, "kept")) == {"to": address, "fields": []}


@contextmanager
def away(world: World) -> Iterator[None]:
    """The store of decisions is somewhere else for a moment."""
    elsewhere = world.home.decisions.with_suffix(".away")
    world.home.decisions.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(world.home.decisions)


def test_a_form_that_meets_a_store_that_is_away_is_offered_again_and_counts_once_however_often_it_is_sent(
    desk: Any, world: World, case_form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.review.frame.desk.PATIENCE_S", 0.1)
    browser, path, form = case_form
    before = n_decisions(desk)
    with away(world):
        lost = browser.http.post(path, data=form, headers=OWN)
        assert lost.status_code == 503
        assert "Only a name &lt;b&gt;" in lost.text
        again = {name: html.unescape(value) for name, value in browser.form_of(lost.text, path).items()}
        assert {name: again[name] for name in form} == form, "with the token of the same session"
        assert "Send what you entered?" in browser.http.post(path, data=again, headers=OWN).text
    assert n_decisions(desk) == before
    for _ in range(2):
        assert browser.http.post(path, data=again, headers=OWN).status_code == 303
    assert n_decisions(desk) == before + 1
    browser.post(path.replace("/decide", "/undo"))


def test_what_could_do_more_when_sent_twice_is_not_offered_again_nor_a_form_without_the_sessions_token(
    desk: Any, world: World, case_form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.review.frame.desk.PATIENCE_S", 0.1)
    browser, path, form = case_form
    undo = path.replace("/decide", "/undo")
    with away(world):
        lost = browser.http.post(undo, data={"csrf": form["csrf"]}, headers=OWN)
        assert lost.status_code == 503
        assert "look whether it was done" in lost.text
        assert undo not in lost.text
        foreign = browser.http.post(path, data={**form, "csrf": "0" * 64})
        assert foreign.status_code == 403
        assert "Only a name" not in foreign.text


@pytest.mark.parametrize("headers", [{"origin": "https://elsewhere.example"}, {"origin": "null"}, {}])
def test_a_form_that_no_page_of_the_desk_sent_is_not_offered(
    desk: Any, world: World, case_form: Any, headers: dict[str, str]
) -> None:
    browser, path, form = case_form
    answer = browser.http.post(path, data={**form, "csrf": "0" * 64}, headers=headers)
    assert answer.status_code == 403
    assert "Only a name" not in answer.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"to": "https://elsewhere.example/cases/Q/decide", "fields": []}',
        '{"to": "/accounts", "fields": []}',
        '{"to": "/cases/Q1/decide", "fields": [["onload=", "x"]]}',
    ],
)
def test_what_a_browser_makes_up_as_kept_is_left_out(text: str) -> None:
    assert kept_form_in(text) is None


def test_what_is_kept_is_told_in_words_without_ids() -> None:
    kept = KeptForm(
        to="/cases/Q1/split",
        fields=(("records", "a" * 32), ("records", "b" * 32), ("code", "relatives"), ("batch", "x"), ("text", "Twins")),
    )
    assert kept.entered == [
        ("Reason", "Relatives or twins with shared details"),
        ("In your words", "Twins"),
        ("Ticked records", "2"),
    ]
    assert kept.page == "/cases/Q1"


def test_a_page_asks_how_long_its_session_lasts_without_making_it_longer(desk: Any) -> None:
    browser = desk.client("asha")
    soon = desk.desk.clock() - dt.timedelta(minutes=desk.desk.settings.idle_minutes) + dt.timedelta(seconds=60)
    desk.desk.write(lambda connection: connection.execute(sa.update(DESK_SESSIONS).values(seen_at=soon)))
    assert 0 < browser.get("/session").json()["left"] <= 60
    assert 0 < browser.get("/session").json()["left"] <= 60
    stayed = browser.http.post("/session", headers={"x-csrf-token": browser.get("/session").json()["csrf"]})
    assert stayed.json()["left"] > 60 * (desk.desk.settings.idle_minutes - 1)


def test_a_script_of_a_page_is_told_the_bare_status_when_the_session_is_over(desk: Any) -> None:
    browser = desk.client("asha")
    end_all_sessions(desk)
    answer = browser.get("/session", headers={"hx-request": "true"})
    assert answer.status_code == 401
    assert "hx-redirect" not in answer.headers
