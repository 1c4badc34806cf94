from __future__ import annotations

from itertools import combinations, product
from typing import Any

import pytest
from desk_client import Client
from web_desk import World

from flows.stewards.decision_facts import facts_within, pair_facts
from pipeline.explain.kept import open_folder
from pipeline.review.questions.question import question_of
from pipeline.review.records.group import group_of, published_facts
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
    assert list(facts_within(publication, owner, inner)) == published_facts(shelf, group_of(shelf, [owner]), inner)
