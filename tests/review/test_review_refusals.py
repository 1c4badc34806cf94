"""Whatever is refused is in the audit log, once: who, which page, which ids."""

from __future__ import annotations

import json
from typing import Any

import pytest
from desk_client import Client

from pipeline.review.web import ROUTERS
from pipeline.stewardship.columns import AUDIT_LOG
from pipeline.stewardship.database import reading

pytestmark = pytest.mark.flow
NAMES = {"asha": "Asha Steward", "col": "Col Borough", "aud": "Aud Itor", "ada": "Ada Min", None: "nobody"}
OPEN = {"/", "/help", "/health", "/static/{name}", "/sign-in", "/sign-in/code", "/set-up", "/oidc/start", "/session"}
"""Pages that are refused to nobody: they ask to sign in, or show nothing of a person"""
ROLES = {
    "/cases": "col",
    "/queue": "col",
    "/next": "col",
    "/search": "aud",
    "/persons": "aud",
    "/audit": "asha",
    "/supervisor": "asha",
    "/accounts": "asha",
}
"""Beginnings of addresses, and somebody whose role does not allow them"""
FORMS_OF_ALL = ("/help/shortcuts", "/sign-out", "/sign-in", "/sign-in/code", "/set-up")


def refusals(desk: Any, after: int) -> list[dict[str, Any]]:
    with reading(desk.desk.store.engine) as connection:
        rows = connection.execute(AUDIT_LOG.select().where(AUDIT_LOG.c.seq > after).order_by(AUDIT_LOG.c.seq))
        return [{**row._asdict(), **json.loads(row.subject)} for row in rows if "refused" in row.action]


def last(desk: Any) -> int:
    with reading(desk.desk.store.engine) as connection:
        return int(connection.execute(AUDIT_LOG.select().order_by(AUDIT_LOG.c.seq.desc())).first().seq)


def ids_of(desk: Any) -> dict[str, str]:
    shelf = desk.desk.shelves.current()
    case = shelf.rows("SELECT review_id FROM queue WHERE review_type = 'grey_pair' ORDER BY review_id LIMIT 1")[0]
    far = shelf.rows(
        "SELECT person_id FROM records GROUP BY 1 HAVING NOT coalesce(bool_or(borough = 'Croydon'), false) ORDER BY count(*) DESC, 1 LIMIT 1"
    )[0]
    return {
        "review_id": case["review_id"],
        "person_id": far["person_id"],
        "account_id": "no-such-account",
        "view_id": "v1",
    }


def routes() -> list[tuple[str, str]]:
    every = (route for router in ROUTERS for route in router.routes)
    return sorted({(method, route.path) for route in every for method in route.methods - {"HEAD"}})


def test_every_page_and_form_that_a_role_does_not_allow_is_on_the_record_once(desk: Any) -> None:
    ids = ids_of(desk)
    clients: dict[str, Client] = {who: desk.client(who) for who in set(ROLES.values())}
    tokens = {who: browser.token() for who, browser in clients.items()}
    n = 0
    for method, path in routes():
        who = next((who for start, who in ROLES.items() if path.startswith(start)), None)
        if who is None:
            assert path in OPEN | {*FORMS_OF_ALL, "/oidc/back"}, f"{path}: say to whom it is refused"
            continue
        before = last(desk)
        answer = clients[who].http.request(
            method, path.format(**ids), data={"csrf": tokens[who]} if method == "POST" else None
        )
        assert answer.status_code == 403, (method, path)
        found = refusals(desk, before)
        assert len(found) == 1, (method, path)
        assert (found[0]["actor"], found[0]["page"], found[0]["method"]) == (NAMES[who], path, method)
        for name, value in ids.items():
            assert f"{{{name}}}" not in path or found[0][name] == value
        n += 1
    assert n > 25


@pytest.mark.parametrize("path", FORMS_OF_ALL)
@pytest.mark.parametrize("who", ["asha", None])
def test_a_foreign_form_is_on_the_record_with_whose_session_it_was_sent_in(
    desk: Any, path: str, who: str | None
) -> None:
    browser = desk.client(who)
    before = last(desk)
    assert browser.http.post(path, data={"csrf": "0" * 64}).status_code == 403
    found = refusals(desk, before)
    is_kept = who or path.startswith("/sign-in")  # nobody's other forms are not: they could make the log grow
    assert [row["actor"] for row in found] == ([NAMES[who]] if is_kept else [])
    assert all(row["page"] == path and row["code"] == 403 for row in found)


def test_a_sign_in_from_a_provider_that_was_not_begun_here_is_on_the_record(desk: Any) -> None:
    before = last(desk)
    desk.client().get("/oidc/back?code=x&state=y")
    assert [(row["actor"], row["action"]) for row in refusals(desk, before)] == [("nobody", "sign_in.refused")]


def test_a_borough_user_who_asks_for_anothers_person_is_on_the_record_with_the_id(desk: Any) -> None:
    person, browser = ids_of(desk)["person_id"], desk.client("col")
    token = browser.token()
    for method, path, status in (
        ("GET", "/persons/{}", 404),
        ("POST", "/persons/{}/why", 404),
        ("POST", "/persons/{}/export", 404),
        ("POST", "/persons/{}/unmerge", 403),
        ("POST", "/persons/{}/undo", 403),
        ("GET", "/persons/PNOBODY", 404),
    ):
        before = last(desk)
        asked = path.format(person)
        answer = browser.http.request(
            method, asked, data={"csrf": token, "records": "R1"} if method == "POST" else None
        )
        assert answer.status_code == status, path
        (found,) = refusals(desk, before)
        assert (found["actor"], found["person_id"], found["code"]) == ("Col Borough", asked.split("/")[2], status)


def test_whatever_a_steward_may_not_decide_is_on_the_record_once(desk: Any) -> None:
    case, browser = ids_of(desk)["review_id"], desk.client("asha")
    token = browser.token()

    def sent(path: str, status: int, **form: Any) -> dict[str, Any]:
        before = last(desk)
        answer = browser.http.post(path, data={"csrf": token, **form})
        assert answer.status_code == status, (path, form)
        (found,) = refusals(desk, before)
        assert found["actor"] == "Asha Steward"
        assert found.get("review_id") in (case, None, "QNONE")
        return found

    here = f"/cases/{case}"
    assert sent(f"{here}/decide", 403, verdict="link")["page"] == "/cases/{review_id}/decide"
    assert sent(f"{here}/split", 403, records="R1")["review_id"] == case
    sent(f"{here}/why", 422, why="curious")
    browser.open_case(case)
    assert sent(f"{here}/decide", 422, verdict="maybe")["action"] == "case.decide.refused"
    assert sent(f"{here}/decide", 404, verdict="link", l="R1", r="R2", code="history")["records"] == ["R1", "R2"]
    assert sent(f"{here}/decide", 409, verdict="link", code="history", evidence_hash="0" * 32)["code"] == 409
    assert sent(f"{here}/split", 422, records="R1", do="split", code="history")["action"] == "case.split.refused"
    assert sent(f"{here}/split", 422, records="R1", do="preview")["action"] == "case.split.preview.refused"
    assert sent(f"{here}/second", 422, decision_id="D")["action"] == "case.sent_back.refused"
    assert sent(f"{here}/second", 404, decision_id="D", agrees="yes", text="Yes")["action"] == "case.second.refused"
    assert sent(f"{here}/undo", 409)["action"] == "case.undone.refused"
    assert sent("/cases/QNONE/claim", 404)["review_id"] == "QNONE"
    assert sent(f"{here}/split", 422, joined="everybody")["page"] == "/cases/{review_id}/split"
    assert sent("/search", 422, surname="Smith")["action"] == "search.refused"
    assert sent("/queue/views", 422, name=" ")["action"] == "queue.save_view.refused"
    before = last(desk)  # a body whose length is told is turned away at the door, unread
    body = iter([b"surname=", b"A" * 100_000])
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.http.post("/search", content=body, headers=kind).status_code == 413
    assert [row["code"] for row in refusals(desk, before)] == [413]
    assert "Smith" not in json.dumps(refusals(desk, 0), default=str)
    before = last(desk)
    assert browser.get(f"{here}?l=R1&r=R2").status_code == 404
    (found,) = refusals(desk, before)
    assert (found["l"], found["r"], found["review_id"]) == ("R1", "R2", case)


def test_a_question_that_another_steward_has_is_refused_on_the_record_to_everybody_else(desk: Any) -> None:
    case = ids_of(desk)["review_id"]
    asha, ben = desk.client("asha"), desk.client("ben")
    ben.open_case(case)
    assert ben.post(f"/cases/{case}/claim").status_code == 303
    before = last(desk)
    assert asha.post(f"/cases/{case}/claim").status_code == 409
    assert [(row["action"], row["review_id"]) for row in refusals(desk, before)] == [("case.claim.refused", case)]
    ben.post(f"/cases/{case}/release")


def test_whatever_an_administrator_may_not_do_is_on_the_record_once(desk: Any) -> None:
    ada = desk.client("ada")
    with reading(desk.desk.store.engine) as connection:
        own = connection.exec_driver_sql(
            "SELECT account_id FROM desk_accounts WHERE role = 'administrator'"
        ).scalar_one()
    for path, form, status in (
        (f"/accounts/{own}/disable", {}, 409),
        ("/accounts/none/reset", {}, 404),
        ("/accounts", {"name": "Ada  MIN", "role": "steward"}, 409),
    ):
        before = last(desk)
        assert ada.post(path, form, page="/accounts").status_code == status
        assert [row["actor"] for row in refusals(desk, before)] == ["Ada Min"], path
