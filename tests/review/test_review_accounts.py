from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = pytest.mark.flow


def account_of(text: str, name: str) -> str:
    found = re.search(rf'/accounts/([0-9a-f-]+)/reset">[^<]*<span class="govuk-visually-hidden"> {name}</span>', text)
    assert found, name
    return found[1]


def password_of(text: str) -> str:
    found = re.search(r'id="first-password">([^<]+)<', text)
    assert found
    return found[1]


def test_resetting_and_disabling_an_account_asks_first_and_says_what_it_does(desk: Any) -> None:
    ada = desk.client("ada")
    made = ada.post("/accounts", {"name": "Tam Porary", "role": "steward"}, "/accounts").text
    account = account_of(made, "Tam Porary")

    asked = ada.get(f"/accounts/{account}/disable").text
    assert "Disable the account of Tam Porary?" in asked
    disabled = ada.post(f"/accounts/{account}/disable").text
    assert "Tam Porary is let in no more" in disabled
    assert "Let in again" in disabled

    asked = ada.get(f"/accounts/{account}/reset").text
    assert "Let Tam Porary in again?" in asked
    assert "This makes it active again" in asked
    again = ada.post(f"/accounts/{account}/reset").text
    assert password_of(again) != password_of(made)


def test_nobody_resets_or_disables_their_own_account(desk: Any) -> None:
    ada = desk.client("ada")
    own = ada.get("/session").json()["account"]
    page = ada.get("/accounts").text
    assert f"/accounts/{own}/" not in page, "there is no link to it"
    for act in ("reset", "disable"):
        assert ada.get(f"/accounts/{own}/{act}").status_code == 409
        assert ada.post(f"/accounts/{own}/{act}").status_code == 409
    assert ada.get("/accounts").status_code == 200


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "", "role": "steward"}, "name"),
        ({"name": "Bo Rough", "role": "borough"}, "borough"),
        ({"name": "Ro Le", "role": "king"}, "role"),
        ({"name": "Stew Ard", "role": "steward", "borough": "Croydon"}, "borough"),
    ],
)
def test_what_is_wrong_with_a_new_account_stands_beside_its_field_and_the_rest_is_kept(
    desk: Any, form: dict[str, str], field: str
) -> None:
    answer = desk.client("ada").post("/accounts", form, "/accounts")
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert f'value="{form["name"]}"' in answer.text


@pytest.mark.parametrize(
    ("who", "path", "told"),
    [
        ("ada", "/queue", "administrator, does not allow this: it is for stewards and supervisors."),
        ("ada", "/audit", "administrator, does not allow this: it is for auditors."),
        ("aud", "/search", "auditor, does not allow this: it is for stewards, supervisors and borough users."),
        ("asha", "/accounts", "steward, does not allow this: it is for administrators."),
    ],
)
def test_who_may_not_is_told_who_may_and_only_others_than_administrators_to_ask_one(
    desk: Any, who: str, path: str, told: str
) -> None:
    answer = desk.client(who).get(path)
    assert answer.status_code == 403
    assert told in answer.text
    assert ("Ask an administrator" in answer.text) == (who != "ada")


@pytest.mark.parametrize("path", ["/cases/R1", "/queue"])
def test_a_borough_user_whom_a_case_address_reaches_is_told_whose_it_is_and_where_to_go(desk: Any, path: str) -> None:
    answer = desk.client("col").get(path)
    assert answer.status_code == 403
    assert "borough user, does not allow this: it is for stewards and supervisors." in answer.text
    assert "People of your borough you find under Search." in answer.text
    assert 'href="/search"' in answer.text


def test_the_log_tells_in_words_what_was_done_and_a_proof_keeps_the_filters(desk: Any) -> None:
    browser = desk.client("asha")
    case = desk.desk.shelves.current().rows("SELECT review_id FROM queue WHERE n_pairs = 1 ORDER BY review_id LIMIT 1")[
        0
    ]["review_id"]
    browser.get("/queue?kind=no_forename&harm=4")
    form = browser.form_of(browser.open_case(case), f"/cases/{case}/decide")
    browser.post(f"/cases/{case}/decide", {**form, "verdict": "unsure", "code": "thin"})
    browser.post(f"/cases/{case}/undo")
    browser.post(f"/cases/{case}/release")
    auditor = desk.client("aud")
    text = auditor.get("/audit?actor=Asha+Steward").text
    for told in (
        "Decided a pair",
        "Cannot tell",
        "type No forename, harm at least 4",
        "Answer undone",
        "Case looked at",
    ):
        assert told in text, told
    proved = auditor.post("/audit/verify", {"actor": "Asha Steward", "action": "case.decide"}, "/audit").text
    assert "The chain is whole" in proved
    assert '<option value="Asha Steward" selected>' in proved
    assert "whatever the filters show" in proved
    table = proved[proved.index("<tbody>") :]
    assert "Decided a pair" in table
    assert "Case looked at" not in table
    assert "whole yes" in " ".join(re.sub(r"<[^>]+>", " ", auditor.get("/audit?action=audit.verify").text).split())


def test_a_split_is_on_the_record_with_its_decisions(desk: Any) -> None:
    from sqlalchemy import select  # noqa: PLC0415

    from pipeline.stewardship.columns import AUDIT_LOG  # noqa: PLC0415

    browser = desk.client("ben")
    person = desk.desk.shelves.current().rows("SELECT person_id FROM persons WHERE n_records = 3 ORDER BY 1 LIMIT 1")[
        0
    ]["person_id"]
    browser.post(f"/persons/{person}/why", {"why": "quality"})
    record = re.findall(r'name="records" id="pick-\d+" value="(\w+)"', browser.get(f"/persons/{person}").text)[0]
    browser.post(f"/persons/{person}/unmerge", {"do": "split", "records": record, "code": "relatives"})
    sql = select(AUDIT_LOG.c.subject).where(AUDIT_LOG.c.action == "person.unmerge").order_by(AUDIT_LOG.c.seq.desc())
    subject = desk.desk.read(lambda connection: connection.execute(sql).scalars().first())
    entered = [own["decision_id"] for own in desk.desk.store.log().to_pylist() if own["decided_by"] == "Ben Steward"][
        -2:
    ]
    assert all(own in subject for own in entered)
    assert '"decision_numbers"' in subject
    browser.post(f"/persons/{person}/undo")
