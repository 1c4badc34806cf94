from __future__ import annotations

import re
from itertools import combinations, product
from typing import Any

import pytest
from desk_client import Client
from web_desk import World

from flows.stewards.decision_facts import facts_of_pairs, pair_facts
from flows.stewards.decision_facts import published_persons as published_by_command_line
from pipeline.explain.kept import open_folder
from pipeline.review.questions.question import question_of
from pipeline.review.records.group import group_of, published_facts, published_persons
from schemas.decisions import NewDecision

pytestmark = pytest.mark.flow


def a_case(desk: Any, at_least: int = 3) -> tuple[str, list[str], list[str]]:
    """A question between two persons, and the records of each; the second has several."""
    shelf = desk.desk.shelves.current()
    for row in shelf.rows(
        "SELECT * FROM queue WHERE len(person_ids) = 2 AND review_type = 'name_only' ORDER BY review_id DESC"
    ):
        sides = sorted(([own["record_id"] for own in shelf.records(person)] for person in row["person_ids"]), key=len)
        taken = {
            record for decisions in desk.desk.store.about([r for side in sides for r in side]) for record in decisions
        }
        if len(sides[1]) >= at_least and sum(map(len, sides)) <= 15 and not taken:
            return row["review_id"], sides[0], sides[1]
    raise AssertionError("the sample has no such question")


def form_of(browser: Client, case: str, left: str, right: str) -> tuple[str, dict[str, str]]:
    browser.open_case(case)
    page = browser.get(f"/cases/{case}?l={left}&r={right}").text
    return page, {**browser.form_of(page, f"/cases/{case}/decide"), "code": "history"}


def test_what_contradicts_decisions_that_stand_is_explained_before_and_refused_after(desk: Any) -> None:
    case, first, second = a_case(desk, 2)
    for left, right in ((first[0], second[0]), (second[0], second[1])):
        desk.desk.store.decide(
            NewDecision(
                verdict="link", decided_by="Cara", reason="Seen", record_id_l=left, record_id_r=right, n_records=3
            )
        )
    browser = desk.client("asha")
    page, form = form_of(browser, case, first[0], second[1])
    assert "This would be refused." in page
    assert "Cara" in page
    before = len(desk.desk.store.log())
    answer = browser.post(f"/cases/{case}/decide", {**form, "verdict": "unlink"})
    assert answer.status_code == 409
    assert "cannot be two persons" in answer.text
    assert len(desk.desk.store.log()) == before


def linked(desk: Any, left: str, right: str, verdict: str = "link", by: str = "Cara") -> str:
    """A decision in the store, by somebody who is not at the desk."""
    new = NewDecision(
        verdict=verdict, decided_by=by, reason="Seen", record_id_l=left, record_id_r=right, n_records=3, roles_l=""
    )
    return desk.desk.store.decide(new).decision.decision_id


def witnesses(desk: Any, at_least: int) -> list[tuple[str, list[str]]]:
    """Persons with a few records, on whom nothing was decided, and of no role that a policy sets against another."""
    shelf, store = desk.desk.shelves.current(), desk.desk.store
    opposed = ["victim", "at_risk", "suspect", "accused", "detainee", "offender"]
    rows = shelf.rows(
        "SELECT person_id FROM persons WHERE NOT list_has_any(roles, ?) AND n_records BETWEEN ? AND 5 ORDER BY 1",
        [opposed, at_least],
    )
    found = [(row["person_id"], [own["record_id"] for own in shelf.records(row["person_id"])]) for row in rows[:40]]
    return [(person, records) for person, records in found if not store.about(records)]


def somebody(desk: Any, roles: list[str], but_not: list[str]) -> tuple[str, str]:
    """A person of one record with one of some roles and none of others, on whom nothing was decided; and the record."""
    shelf, store = desk.desk.shelves.current(), desk.desk.store
    rows = shelf.rows(
        "SELECT person_id FROM persons WHERE list_has_any(roles, ?) AND NOT list_has_any(roles, ?) AND n_records = 1 ORDER BY 1",
        [roles, but_not],
    )
    for row in rows:
        (record,) = (own["record_id"] for own in shelf.records(row["person_id"]))
        if not store.about([record]):
            return row["person_id"], record
    raise AssertionError("the sample has no such person")


VICTIMS, SUSPECTS = ["victim", "at_risk"], ["suspect", "accused", "detainee", "offender"]


def test_a_victim_and_a_suspect_wait_for_a_second_steward_also_where_a_third_person_lies_between(desk: Any) -> None:
    (witness, records), (victim, first), (suspect, second) = (
        witnesses(desk, 1)[0],
        somebody(desk, VICTIMS, SUSPECTS),
        somebody(desk, SUSPECTS, VICTIMS),
    )
    browser = desk.client("asha")
    case = f"pair-{'-'.join(sorted((witness, victim)))}"
    page, form = form_of(browser, case, records[0], first)
    assert browser.post(f"/cases/{case}/decide", {**form, "verdict": "link"}).headers["location"].endswith("done=saved")
    case = f"pair-{'-'.join(sorted((witness, suspect)))}"
    page, form = form_of(browser, case, records[0], second)
    assert "A second steward must confirm it: a victim or child at risk and a suspect or offender" in page
    preview = browser.get(f"/cases/{case}?l={records[0]}&r={second}&preview=link").text
    n = len(records) + 2
    assert f"If you say same person, {n} records" in preview
    assert re.search(
        rf"Of them, 1 record of <a[^>]*>{victim}</a> comes with them by decisions since the night", preview
    )
    answer = browser.post(f"/cases/{case}/decide", {**form, "verdict": "link"})
    assert answer.headers["location"].endswith("done=waits")
    row = desk.desk.store.log().to_pylist()[-1]
    assert (row["needs_second"], row["second_because"], row["n_records"]) == (True, "victim_offender", n)


def test_two_who_are_not_one_are_not_joined_by_two_records_of_a_third_and_the_chain_leads_on(desk: Any) -> None:
    (third, own), (one, first), (other, second) = witnesses(desk, 2)[:3]
    apart = linked(desk, first[0], second[0], "unlink")
    linked(desk, first[0], own[0])
    browser = desk.client("asha")
    case = f"pair-{'-'.join(sorted((third, other)))}"
    page, form = form_of(browser, case, own[1], second[0])
    answer = browser.post(f"/cases/{case}/decide", {**form, "verdict": "link"})
    assert answer.status_code == 409
    for text in (page, answer.text):
        assert f"one person in the publication, {third}" in text
        assert f'href="/persons/{third}"' in text
        assert re.search(rf"Record \d and a record of {one}, [^:<]* 20\d\d: the same person, Cara on", text)
        left, right = sorted((one, third))
        assert re.search(rf'href="/cases/(pair-{left}-{right}|Q[0-9a-f]+)\?l=', text)
        left, right = sorted((one, other))
        assert re.search(rf'href="/cases/(pair-{left}-{right}|Q[0-9a-f]+)\?l=', text)
        chain = text.index("one person in the publication")
        assert text.index("Part the records on that person&#39;s page first") > chain
    retraction = NewDecision(verdict="retract", retracts=apart, decided_by="Cara", reason="Wrong", n_records=3)
    desk.desk.store.decide(retraction)
    assert browser.post(f"/cases/{case}/decide", {**form, "verdict": "link"}).status_code == 303


def test_another_stewards_decision_is_replaced_only_by_saying_so(desk: Any) -> None:
    case, first, second = a_case(desk)
    left, right = sorted((first[0], second[0]))
    desk.desk.store.decide(
        NewDecision(
            verdict="unlink", decided_by="Cara", reason="Seen", record_id_l=left, record_id_r=right, n_records=3
        )
    )
    browser = desk.client("asha")
    page, form = form_of(browser, case, left, right)
    assert "Replace what Cara decided" in page
    assert "This would be refused." not in page, "the box below is all that it takes"
    answer = browser.post(f"/cases/{case}/decide", {**form, "verdict": "link"})
    assert answer.status_code == 422
    assert "Cara has decided on these two records (different people). Tick that this is replaced" in answer.text
    assert 'id="replaces-error"' in answer.text
    _, form = form_of(browser, case, left, right)
    done = browser.post(f"/cases/{case}/decide", {**form, "verdict": "link", "replaces": "yes"})
    assert done.status_code == 303
    assert desk.desk.store.log().to_pylist()[-1]["supersedes"]


def test_a_case_tells_what_a_decision_rested_on_and_is_not_so_any_more(desk: Any) -> None:
    case, first, second = a_case(desk)
    left, right = sorted((first[0], second[0]))
    browser = desk.client("asha")
    page, form = form_of(browser, case, left, right)
    assert "Since Cara said" not in page
    now = dict(part.split("=") for part in form["evidence"].split(";"))
    field = next(name for name in ("surname", "forename") if now.get(name) == "exact")
    desk.desk.store.decide(
        NewDecision(
            verdict="unlink",
            decided_by="Cara",
            reason="Seen",
            record_id_l=left,
            record_id_r=right,
            n_records=3,
            evidence=form["evidence"].replace(f"{field}=exact", f"{field}=else"),
            evidence_hash="0" * 16,
        )
    )
    page, _ = form_of(browser, case, left, right)
    assert "Since Cara said different people on" in page
    assert f"<strong>{field}</strong> was different, now the same." in page


def test_a_decision_made_meanwhile_is_shown_before_one_decides(desk: Any) -> None:
    case, first, second = a_case(desk)
    left, right = sorted((first[0], second[0]))
    browser = desk.client("asha")
    _, form = form_of(browser, case, left, right)
    desk.desk.store.decide(
        NewDecision(
            verdict="unsure", decided_by="Cara", reason="Thin", record_id_l=left, record_id_r=right, n_records=3
        )
    )
    answer = browser.post(f"/cases/{case}/decide", {**form, "verdict": "link"})
    assert answer.status_code == 409
    assert "entered meanwhile" in answer.text
    assert "Thin" in answer.text


def test_a_split_parts_every_chosen_record_from_every_other_and_is_undone_at_once(desk: Any) -> None:
    case, first, second = a_case(desk)
    browser = desk.client("asha")
    page = browser.open_case(case)
    form = browser.form_of(page, f"/cases/{case}/split")
    chosen = [second[0]]
    before = len(desk.desk.store.log())
    sent = {**form, "records": chosen, "code": "relatives", "do": "split"}
    for _ in range(2):  # sent twice, it counts once
        answer = browser.post(f"/cases/{case}/split", sent)
        assert answer.headers["location"].endswith("done=split")
    log = desk.desk.store.log().to_pylist()[before:]
    unlinks = {(row["record_id_l"], row["record_id_r"]) for row in log if row["verdict"] == "unlink"}
    assert unlinks == {tuple(sorted((second[0], other))) for other in [*first, *second[1:]]}
    assert {row["verdict"] for row in log} == {"unlink"}  # the others are of two persons, and stay two
    assert browser.post(f"/cases/{case}/undo").headers["location"].endswith("done=undone")
    taken_back = {row["retracts"] for row in desk.desk.store.log().to_pylist()[before:] if row["verdict"] == "retract"}
    assert taken_back == {row["decision_id"] for row in log}


@pytest.mark.parametrize("chosen", [[], ["not-a-record"]])
def test_a_split_of_nothing_or_of_strange_records_is_refused(desk: Any, world: World, chosen: list[str]) -> None:
    case, _, _ = a_case(desk)
    browser = desk.client("asha")
    form = browser.form_of(browser.open_case(case), f"/cases/{case}/split")
    answer = browser.post(f"/cases/{case}/split", {**form, "records": chosen, "code": "relatives", "do": "split"})
    assert answer.status_code == 422


def test_nobody_decides_on_a_case_without_having_said_why_they_look(desk: Any) -> None:
    case, first, second = a_case(desk)
    answer = desk.client("sue").post(
        f"/cases/{case}/decide", {"verdict": "link", "l": first[0], "r": second[0], "code": "history"}
    )
    assert answer.status_code == 403
    assert "Say first why you look at this case" in answer.text


def test_every_step_of_a_case_is_in_the_audit_log_with_its_reason(desk: Any) -> None:
    case, _, _ = a_case(desk)
    browser = desk.client("ben")
    form = browser.form_of(browser.open_case(case), f"/cases/{case}/decide")
    browser.post(f"/cases/{case}/decide", {**form, "verdict": "unsure", "code": "thin"})
    page = desk.client("aud").get(f"/audit?subject={case}").text
    for action in ("case.why", "case.view", "case.decide"):
        assert f">{action}<" in page
    assert "It is next in the review queue" in page


def test_the_desk_and_the_command_line_keep_the_same_facts_of_a_pair(desk: Any) -> None:
    case, first, second = a_case(desk)
    shelf = desk.desk.shelves.current()
    persons = question_of(shelf, case)[0]["person_ids"]
    scored = {
        record
        for person in persons
        for row in shelf.links(person)
        for record in (row["record_id_l"], row["record_id_r"])
    }
    others = shelf.rows("SELECT person_ids FROM queue ORDER BY review_id")
    stranger, unknown = next(
        (person, record)
        for row in others
        for person in row["person_ids"]
        for record in (own["record_id"] for own in shelf.records(person))
        if record not in scored
    )
    group = group_of(shelf, [*persons, stranger])
    pairs = [tuple(sorted(pair)) for pair in (*product(first, second), (first[0], unknown), (second[0], unknown))]
    publication = open_folder(shelf.kept.folder)
    by_desk = published_facts(shelf, group, pairs)
    assert by_desk == [pair_facts(publication, *pair) for pair in pairs]
    assert any("evidence" in facts for facts in by_desk)
    assert any("evidence" not in facts for facts in by_desk)
    assert any(facts["fingerprint_l"] for facts in by_desk)
    owner = group.records[second[0]]["person_id"]
    inner = list(combinations(sorted(second), 2))
    assert list(facts_of_pairs(publication, inner)) == published_facts(shelf, group_of(shelf, [owner]), inner)
    records = [*first, *second, unknown, "nobody's"]
    by_records = published_persons(shelf)(records)
    assert by_records == published_by_command_line(publication)(records)
    assert by_records.keys() == {*records[:-1]}
    assert by_records[second[0]].records == {*second}
